"""People come, talk, change rooms and names and go, in any order, and the promises to them hold.

*Order*, *once*, and that nobody hears a room that they are not in, nor themselves where they do not want to;
whenever the log commits and answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stepped import NOT_SENT, House, SteppedLog, Visitor

from chatroom.core.delivery import TAIL
from chatroom.core.session import PAGE
from chatroom.model.errors import HistoryBroken, PeerError
from chatroom.model.events import (
    Acted,
    Answer,
    Event,
    Gone,
    Joined,
    Left,
    Notice,
    Quit,
    Refused,
    Renamed,
    Said,
    TopicChanged,
    Welcome,
)
from chatroom.model.names import nickname_key, room_name
from chatroom.wire.formats import JSON, JsonLines

NICKNAMES = ("alice", "Alice", "bob", "carol", "ＢＯＢ")
ROOMS = ("lobby", "garden", "Kitchen")

LINES = st.one_of(
    st.just("say"),
    st.sampled_from([f"/join {room}" for room in ROOMS]),
    st.sampled_from(["/leave", *[f"/leave {room}" for room in ROOMS]]),
    st.sampled_from([f"/nick {nickname}" for nickname in NICKNAMES]),
    st.sampled_from(["/topic tea", "/topic -", "/me waves", "/who", "/history", "/quit", "/quit tea"]),
)
STEPS = st.one_of(
    st.tuples(
        st.just("enter"),
        st.integers(0, 5),
        st.sampled_from(NICKNAMES),
        st.lists(st.sampled_from(ROOMS), max_size=3),
    ),
    st.tuples(st.just("type"), st.integers(0, 5), LINES),
    st.tuples(st.just("type"), st.integers(0, 5), LINES),
    st.tuples(st.just("lose"), st.integers(0, 5)),
    st.tuples(st.just("commit"), st.integers(1, 4)),
    st.tuples(st.just("commit"), st.none()),
    st.tuples(st.just("answer")),
)

# So that much comes of a few steps.
BEGINNING: list[tuple[object, ...]] = [
    ("enter", 0, "alice", ["garden", "lobby"]),
    ("enter", 1, "bob", ["lobby"]),
    ("enter", 2, "carol", ["lobby", "garden"]),
]


class Play:
    """What comes of a list of steps; every second of the people is not to be echoed what they say."""

    def __init__(self, prompt: bool, tail: int) -> None:
        self.house = House(SteppedLog(prompt), tail, max_joined=2)
        self.people: list[Visitor] = []
        self.things: dict[Visitor, list[Event | Answer]] = {}
        self.spoken: dict[str, Visitor] = {}
        """Who said what; no two say the same."""
        self._watched: set[str] = set()
        self.house.chat.watchers.append(self._watch)
        self._here: dict[int, Visitor] = {}
        self._said = 0

    def take(self, step: tuple[object, ...]) -> None:
        """Do one step, and look whether all is in order."""
        name, *arguments = step
        getattr(self, f"_{name}")(*arguments)
        self._check_names()

    def _enter(self, number: int, nickname: str, rooms: Sequence[str]) -> None:
        here = self._here.get(number)
        if here is not None and not here.closed:
            return
        visitor = self._here[number] = Visitor(self.house.chat)
        self.people.append(visitor)
        self.things[visitor] = []
        visitor.session.format = JSON
        visitor.session.echo = number % 2 == 0
        try:
            visitor.session.enter(nickname, rooms)
        except PeerError:
            visitor.lose()

    def _type(self, number: int, line: str) -> None:
        if number in self._here and not self._here[number].closed:
            if line in ("say", "/me waves"):
                self._said += 1
                line = f"{line} {self._said}"
                self.spoken[line.removeprefix("/me ")] = self._here[number]
            self._here[number].type(line)

    def _watch(self, nickname: str, here: bool) -> None:
        key = nickname_key(nickname)
        assert (key in self._watched) is not here, "told what was known"
        (self._watched.add if here else self._watched.remove)(key)

    def hears(self, visitor: Visitor, event: Event) -> bool:
        """Whether ``visitor`` is to be shown ``event`` where they are in its room."""
        return visitor.session.echo or self.spoken.get(event.text) is not visitor

    def _lose(self, number: int) -> None:
        if number in self._here:
            self._here[number].lose()

    def _commit(self, count: int | None) -> None:
        self.house.log.commit(count)

    def _answer(self) -> None:
        self.house.log.answer()

    def _check_names(self) -> None:
        members = self.house.chat.members
        assert self._watched == {member.key for member in members.values()}
        for key, member in members.items():
            assert key in (member.key, nickname_key(member.next_nickname) if member.next_nickname else "")
        for visitor in self.people:
            if not visitor.closed and visitor.session.entered and not visitor.session.busy:
                assert members[nickname_key(visitor.session.nickname)] is visitor.session
        for room in self.house.chat.rooms.values():
            keys = [member.key for member in room.members]
            assert keys, "an empty room has not vanished"
            assert len(set(keys)) == len(keys), "two have one name"

    def end(self) -> None:
        self.house.log.settle()
        for visitor in self.people:
            assert visitor.closed or not visitor.waiting
            self.things[visitor] = visitor.things()


def here_after(events: Sequence[Event]) -> dict[str, list[str]]:
    """Who is in which room, for somebody who knows only what was shown."""
    rooms: dict[str, list[str]] = {}
    for event in events:
        here = rooms.setdefault(event.room, [])
        if isinstance(event, Joined):
            assert nickname_key(event.nickname) not in {nickname_key(name) for name in here}
            here.append(event.nickname)
        else:
            assert event.nickname in here, f"{event} is of nobody who is here"
            if isinstance(event, Left):
                here.remove(event.nickname)
            elif isinstance(event, Renamed):
                here[here.index(event.nickname)] = event.text
    return {room: here for room, here in rooms.items() if here}


def runs_of(things: Sequence[Event | Answer]) -> list[tuple[str, list[Event]]]:
    """What somebody heard of each room, from each own Joined on to the own Left."""
    own = ""
    open_runs: dict[str, list[Event]] = {}
    runs: list[tuple[str, list[Event]]] = []
    for thing in things:
        if isinstance(thing, Welcome):
            own = thing.nickname
        elif isinstance(thing, Notice) and thing.text.startswith("you are now called "):
            own = thing.text.removeprefix("you are now called ")
        elif isinstance(thing, Event):
            mine = thing.nickname == own
            if mine and isinstance(thing, Joined):
                assert thing.room not in open_runs
                open_runs[thing.room] = []
                runs.append((thing.room, open_runs[thing.room]))
            assert thing.room in open_runs, f"{own} heard {thing} of a room that they are not in"
            open_runs[thing.room].append(thing)
            if mine and isinstance(thing, Left):
                del open_runs[thing.room]
            # There is a renaming in each room; the others may still be to come.
            elif isinstance(thing, Renamed) and all(run[-1][3:] == thing[3:] for run in open_runs.values()):
                own = thing.text if mine else own
    return runs


@settings(max_examples=300, deadline=None)
@given(st.lists(STEPS, min_size=20, max_size=60), st.booleans(), st.sampled_from([0, 1, 4, TAIL]))
def test_whatever_people_do_the_promises_to_them_hold(steps: list[tuple[object, ...]], prompt: bool, tail: int) -> None:
    play = Play(prompt, tail)
    for step in BEGINNING:
        play.take(step)
    for step in steps:
        play.take(step)
    play.end()
    happened, chat = play.house.happened, play.house.chat

    assert [event.id for event in happened] == sorted({event.id for event in happened})
    assert here_after(happened) == {name: room.people().people for name, room in chat.rooms.items()}
    for visitor, things in play.things.items():
        heard = [thing for thing in things if isinstance(thing, Event)]
        ids = [event.id for event in heard]
        assert ids == sorted(set(ids)), "out of order, or twice"
        runs = runs_of(things)
        for number, (room, run) in enumerate(runs):
            of_room = [event for event in happened if event.room == room and play.hears(visitor, event)]
            start = of_room.index(run[0])
            assert run == of_room[start : start + len(run)], "a gap"
            last = number == max(index for index, (name, _) in enumerate(runs) if name == room)
            if last and not visitor.closed:
                assert isinstance(run[-1], Left) or start + len(run) == len(of_room), "not everything has come"
        if not visitor.closed and visitor.session.entered:
            session = visitor.session
            assert chat.members[session.key] is session
            assert {name for name, room in chat.rooms.items() if session in room.members} == set(session.rooms)
            assert (session.active in session.rooms) if session.rooms else not session.active


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3)), max_size=30),
    st.lists(st.integers(1, 5), max_size=10),
)
def test_everybody_hears_every_message_exactly_once_in_one_order(
    spoken: list[tuple[int, int]], commits: list[int]
) -> None:
    house = House()
    people = [house.enter(name, format_=JSON) for name in ("alice", "bob", "carol")]
    for person in people:
        person.lines()
    expected = []
    for number, (speaker, committed) in enumerate(spoken):
        people[speaker].type(f"line {number}")
        expected.append((people[speaker].session.nickname, f"line {number}"))
        house.log.commit(committed)
    for count in commits:
        house.log.commit(count)
    house.log.settle()

    for person in people:
        assert [(event.nickname, event.text) for event in person.heard()] == expected


# Entering.


def test_a_newcomer_is_shown_the_past_then_their_own_entry_then_what_follows() -> None:
    house = House(replay=2)
    alice = house.enter("alice")
    alice.type("one", "two", "three")
    house.log.settle()
    bob = Visitor(house.chat)
    bob.session.format = JSON
    alice.type("before")
    bob.session.enter("bob")
    alice.type("after")
    house.log.commit()

    welcome, *heard = bob.things()
    assert isinstance(welcome, Welcome)
    assert welcome.people == ["alice", "bob"]
    assert [(type(event), event[3], event[4]) for event in heard if isinstance(event, Event)] == [
        (Said, "alice", "three"),
        (Said, "alice", "before"),
        (Joined, "bob", ""),
        (Said, "alice", "after"),
    ]


def test_what_happens_while_the_past_is_read_is_shown_after_it() -> None:
    house = House(SteppedLog(prompt=False), replay=5)
    alice = house.enter("alice")
    alice.type("before")
    house.log.settle()
    bob = Visitor(house.chat)
    bob.session.format = JSON
    bob.session.enter("bob")
    house.log.commit()
    alice.type("meanwhile")
    house.log.commit()
    assert bob.heard() == []
    bob.type("mine")
    assert bob.waiting == ["mine"]
    house.log.settle()

    assert [event.text for event in bob.heard()] == ["before", "", "meanwhile", "mine"]


def test_somebody_who_waits_longer_than_the_tail_reaches_misses_nothing() -> None:
    house = House(SteppedLog(prompt=False), tail=10)
    alice = house.enter("alice")
    bob = Visitor(house.chat)
    bob.session.format = JSON
    bob.session.enter("bob")
    alice.type(*map(str, range(PAGE + 100)))
    house.log.commit()
    while house.log.answer():
        alice.type("more", "and more")
        house.log.commit()

    assert bob.session.entered
    assert not bob.session.busy
    first, *heard = bob.heard()
    assert isinstance(first, Joined)
    assert heard == [event for event in house.happened if isinstance(event, Said)]


def test_what_is_said_while_the_log_is_asked_for_the_rest_of_a_quiet_room_is_not_missed() -> None:
    house = House(SteppedLog(prompt=False), tail=2)
    alice = house.enter("alice", "lobby", "garden")
    bob = Visitor(house.chat)
    bob.session.format = JSON
    bob.session.enter("bob", ["garden"])
    house.log.commit()
    alice.type("/join lobby", "one", "two", "three", "/join garden")
    house.log.commit()
    assert house.log.answer()
    assert house.log.answer()
    alice.type("meanwhile")
    house.log.commit()
    house.log.settle()

    assert [event.text for event in bob.heard()] == ["", "meanwhile"]


def test_what_comes_from_the_log_is_shown_as_what_comes_at_once_is() -> None:
    house = House(tail=1)
    alice, bob = house.enter("alice", "lobby", "garden"), house.enter("bob", "lobby", "garden")
    alice.lines()
    alice.type("/join cellar")
    bob.type("/quit tea")
    house.log.settle()

    left = [line for line in alice.lines() if "left" in line]
    assert left == ["[lobby] * bob left (tea)"]


def test_whoever_leaves_a_room_in_a_batch_longer_than_the_tail_misses_nothing_of_the_others() -> None:
    house = House(tail=2)
    alice, bob = house.enter("alice", format_=JSON), house.enter("bob", "garden", "lobby", format_=JSON)
    bob.type("/leave garden")
    alice.type(*map(str, range(10)))
    house.log.settle()
    alice.type("last")
    house.log.settle()

    assert [event.text for event in bob.heard() if isinstance(event, Said)] == [*map(str, range(10)), "last"]


def test_a_newcomer_to_several_rooms_speaks_in_the_last_and_is_told_of_the_others() -> None:
    house = House()
    visitor = Visitor(house.chat)
    visitor.session.enter("alice", ["garden", "lobby"])
    house.log.settle()

    assert visitor.lines() == [
        "* welcome to lobby, alice. In the room: alice. /help lists the commands.",
        "* 1 in garden: alice",
        "[garden] * alice joined",
        "* alice joined",
    ]


def test_a_newcomer_is_named_some_of_many() -> None:
    house = House()
    for number in range(25):
        house.enter(f"p{number}")
    visitor = Visitor(house.chat)
    visitor.session.enter("alice")
    house.log.settle()

    assert visitor.lines()[:2] == [
        f"* welcome to lobby, alice. In the room: {', '.join(f'p{number}' for number in range(20))}."
        " /help lists the commands.",
        "* and 6 more: /who names them all",
    ]


def test_a_nickname_is_held_from_the_moment_it_is_asked_for() -> None:
    house = House()
    first, second = Visitor(house.chat), Visitor(house.chat)
    first.session.enter("alice")

    with pytest.raises(PeerError, match=r"The nickname ＡＬＩＣＥ is taken"):
        second.session.enter("ＡＬＩＣＥ")


def test_a_nickname_is_free_again_when_there_is_no_room_for_its_holder() -> None:
    house = House(max_rooms=1)
    first, second = Visitor(house.chat), Visitor(house.chat)
    with pytest.raises(PeerError, match="There may be at most 1 rooms"):
        first.session.enter("alice", ["one", "two"])
    second.session.enter("alice", ["one"])
    house.log.settle()

    assert second.session.entered


# Coming back.


def come(house: House, nickname: str, *rooms: str, since: int | None = None) -> Visitor:
    """Somebody who has asked to come in."""
    visitor = Visitor(house.chat)
    visitor.session.format = JSON
    visitor.session.enter(nickname, rooms, since)
    return visitor


def shape(things: Sequence[Event | Answer]) -> list[str]:
    """What was said by its text, everything else by what it is."""
    return [thing.text if isinstance(thing, Said) else type(thing).__name__ for thing in things]


def test_whoever_comes_back_is_shown_all_that_they_missed_then_comes_in() -> None:
    house = House(replay=1)
    alice, bob = house.enter("alice", format_=JSON), house.enter("bob")
    bob.type("one")
    house.log.settle()
    last = alice.heard()[-1].id
    alice.lose()
    bob.type("two", "/me waves", "/nick rob", "/topic tea")
    house.log.settle()
    again = come(house, "alice", since=last)
    house.log.settle()
    bob.type("three")
    house.log.settle()

    assert shape(again.things()) == [
        *("Welcome", "Past", "Left", "two", "Acted", "Renamed", "TopicChanged", "Live", "Joined", "three"),
    ]


def test_what_was_missed_is_of_all_their_rooms_and_of_no_other_in_one_order() -> None:
    house = House()
    talkers = [house.enter(f"talker{number}", room) for number, room in enumerate(("lobby", "garden", "kitchen"))]
    first = house.happened[-1].id
    for number in range(9):
        talkers[number % 3].type(str(number))
    house.log.settle()
    alice = come(house, "alice", "garden", "lobby", since=first)
    house.log.settle()

    assert shape(alice.things()) == [
        *("Welcome", "People", "Past", "0", "1", "3", "4", "6", "7", "Live", "Joined", "Joined"),
    ]


def test_a_person_who_comes_back_reads_of_when_it_was() -> None:
    house = House()
    bob = house.enter("bob", "garden", "lobby")
    first = house.happened[-1].id
    bob.type("one", "/join garden", "two")
    house.log.settle()
    alice = Visitor(house.chat)
    alice.session.enter("alice", ["garden", "lobby"], first)
    house.log.settle()
    _, _, *past = alice.lines()

    assert [line.partition("] ")[2] for line in past if line.startswith("[") and "garden] *" not in line] == [
        "bob: one",
        "[garden] bob: two",
    ]


def test_since_nought_is_everything_that_the_log_has() -> None:
    house = House()
    bob = house.enter("bob")
    bob.type(*map(str, range(3 * PAGE)))
    house.log.settle()
    alice = come(house, "alice", since=0)
    house.log.settle()

    assert [event.id for event in alice.heard()] == [event.id for event in house.happened]


def test_whoever_missed_nothing_is_shown_nothing_of_the_past() -> None:
    house = House()
    bob = house.enter("bob")
    bob.type("one")
    house.log.settle()
    alice = come(house, "alice", since=house.happened[-1].id)
    house.log.settle()

    assert shape(alice.things()) == ["Welcome", "Past", "Live", "Joined"]


def test_whoever_knows_of_what_this_log_does_not_comes_in_like_a_newcomer() -> None:
    house = House(replay=1)
    bob = house.enter("bob")
    bob.type("one", "two")
    house.log.settle()
    alice = come(house, "alice", since=2**63 - 1)
    house.log.settle()

    assert shape(alice.things()) == ["Welcome", "Past", "two", "Live", "Joined"]


def test_since_is_of_the_entrance_and_not_of_what_is_joined_later() -> None:
    house = House(replay=1)
    bob = house.enter("bob", "garden")
    bob.type("one", "two")
    house.log.settle()
    alice = come(house, "alice", since=0)
    house.log.settle()
    alice.things()
    alice.type("/join garden")
    house.log.settle()

    assert shape(alice.things()) == ["People", "Past", "two", "Live", "Joined"]


def test_whoever_joins_and_talks_during_a_replay_is_shown_once_after_it() -> None:
    house = House(SteppedLog(prompt=False))
    bob = house.enter("bob")
    bob.type(*map(str, range(PAGE + 1)))
    house.log.settle()
    alice = come(house, "alice", since=0)
    house.log.commit()
    carol = come(house, "carol")
    bob.type("meanwhile")
    house.log.commit()
    assert house.log.answer()
    carol.lose()
    house.log.settle()
    events = alice.heard()

    assert [event.id for event in events] == [event.id for event in house.happened]
    assert [type(event) for event in events[-4:]] == [Joined, Joined, Said, Left]


def test_a_line_that_was_typed_during_a_replay_is_taken_after_it() -> None:
    house = House(SteppedLog(prompt=False))
    bob = house.enter("bob")
    bob.type("one")
    house.log.settle()
    alice = come(house, "alice", since=0)
    house.log.commit()
    alice.type("hello")
    assert alice.waiting == ["hello"]
    house.log.settle()

    assert shape(alice.things())[-2:] == ["Joined", "hello"]


def test_a_long_replay_waits_for_its_reader_who_is_not_let_go_for_it() -> None:
    house = House(sendq=100_000)
    bob = house.enter("bob")
    lines = [f"{number} {'x' * 1000}" for number in range(10 * PAGE)]
    bob.type(*lines)
    house.log.settle()
    alice = come(house, "alice", since=0)
    alice.stop_reading()
    house.log.settle()
    assert alice.send_queue.waiting < 200_000
    # Nor for what the others say in the meantime.
    for number in range(300):
        bob.type(f"meanwhile {number} {'x' * 1000}")
        house.log.settle()
    assert alice.send_queue.waiting < 200_000
    assert not alice.closed
    alice.read_on()
    house.log.settle()

    assert [event.id for event in alice.heard()] == [event.id for event in house.happened]


def test_somebody_who_goes_in_the_middle_of_a_replay_is_asked_for_no_more() -> None:
    house = House(SteppedLog(prompt=False))
    bob = house.enter("bob")
    bob.type(*map(str, range(3 * PAGE)))
    house.log.settle()
    alice = come(house, "alice", since=0)
    house.log.commit()
    assert house.log.answer()
    alice.lose()
    house.log.settle()

    assert not house.log.answer()
    assert "alice" not in house.chat.members


def test_the_ignored_are_not_heard_where_the_log_is_asked_for_what_happened_meanwhile() -> None:
    house = House(SteppedLog(prompt=False), tail=2, replay=2)
    alice, bob, carol = (house.enter(nickname, format_=JSON) for nickname in ("alice", "bob", "carol"))
    for person in (bob, carol):
        person.type("/join garden", "before")
        house.log.settle()
    alice.type("/ignore bob", "/join garden")
    alice.things()
    house.log.commit()
    for number in range(5):
        bob.type(f"bob {number}")
        carol.type(f"carol {number}")
        house.log.commit()
    house.log.settle()

    assert [event.text for event in alice.heard() if isinstance(event, Said)] == [
        "before",
        *(f"carol {number}" for number in range(5)),
    ]


@settings(max_examples=200, deadline=None)
@given(
    rooms=st.lists(st.sampled_from(ROOMS), min_size=1, max_size=3, unique=True),
    prompt=st.booleans(),
    tail=st.sampled_from([0, 1, 4, TAIL]),
    steps=st.lists(
        st.one_of(
            st.tuples(st.just("talk"), st.integers(0, 2), st.integers(1, PAGE)),
            st.tuples(st.just("talk"), st.integers(0, 2), st.integers(1, 3)),
            st.tuples(st.just("come and go"), st.integers(0, 2)),
            st.tuples(st.just("lose")),
            st.tuples(st.just("come back")),
            st.tuples(st.just("stop reading")),
            st.tuples(st.just("read on")),
            st.tuples(st.just("commit"), st.integers(1, 50)),
            st.tuples(st.just("commit"), st.none()),
            st.tuples(st.just("answer")),
        ),
        max_size=40,
    ),
)
def test_whoever_goes_and_comes_back_hears_everything_of_their_rooms_once(
    rooms: list[str], prompt: bool, tail: int, steps: list[tuple[Any, ...]]
) -> None:
    house = House(SteppedLog(prompt), tail, replay=0)
    talkers = [house.enter(f"talker{number}", room) for number, room in enumerate(ROOMS)]
    alice = house.enter("alice", *rooms, format_=JSON)
    start = house.happened[-1].id
    heard: list[Event] = []
    guests = 0

    def listen() -> None:
        heard.extend(alice.heard())

    def come_back() -> None:
        nonlocal alice
        if alice.closed:
            alice = come(house, "alice", *rooms, since=heard[-1].id if heard else start)

    for name, *arguments in [*steps, ("read on",), ("come back",)]:
        if name == "talk":
            who, count = arguments
            talkers[who].type(*map(str, range(count)))
        elif name == "come and go":
            guests += 1
            come(house, f"guest{guests}", ROOMS[arguments[0]]).lose()
        elif name == "lose":
            listen()
            alice.lose()
        elif name == "come back":
            come_back()
        elif name == "stop reading" and not alice.closed:
            alice.stop_reading()
        elif name == "read on" and not alice.closed:
            alice.read_on()
        elif name == "commit":
            house.log.commit(arguments[0])
        elif name == "answer":
            house.log.answer()
    house.log.settle()
    listen()

    names = [room_name(room) for room in rooms]
    expected = [event for event in house.happened if event.room in names and event.id > start]
    assert heard == expected
    assert alice.session.entered
    assert not alice.session.busy


# What the log cannot answer.


def test_a_newcomer_to_whom_the_past_cannot_be_shown_is_told_and_comes_in() -> None:
    house = House(SteppedLog(prompt=False), replay=5)
    alice = come(house, "alice")
    house.log.commit()
    house.log.refuse()
    house.log.settle()

    assert shape(alice.things()) == ["Welcome", "Past", "Refused", "Live", "Joined"]
    assert not alice.session.busy


def test_whoever_cannot_be_shown_what_they_missed_is_told_and_let_go_so_that_they_come_back() -> None:
    house = House(SteppedLog(prompt=False))
    bob = house.enter("bob")
    bob.type(*map(str, range(PAGE + 1)))
    house.log.settle()
    alice = come(house, "alice", since=0)
    house.log.commit()
    assert house.log.answer()
    house.log.refuse()
    first = alice.things()
    house.log.settle()
    again = come(house, "alice", since=[thing.id for thing in first if isinstance(thing, Event)][-1])
    house.log.settle()
    heard = [thing.id for thing in [*first, *again.things()] if isinstance(thing, Event)]

    assert shape(first)[-1] == "Refused"
    assert alice.closed
    assert heard == [event.id for event in house.happened]


def test_whoever_cannot_be_told_what_happened_meanwhile_is_told_so_and_let_go() -> None:
    house = House(SteppedLog(prompt=False), tail=2)
    bob = house.enter("bob")
    alice = come(house, "alice")
    house.log.commit()
    bob.type(*map(str, range(10)))
    house.log.commit()
    assert house.log.answer()
    house.log.refuse()

    assert shape(alice.things())[-2:] == ["Live", "Refused"]
    assert alice.closed


def test_when_the_log_breaks_everybody_is_told_and_nothing_more_is_taken() -> None:
    house = House()
    alice, bob = house.enter("alice"), house.enter("bob")
    alice.lines()
    alice.type("never kept")
    error = HistoryBroken(path="history", why="the disk is on fire")
    house.log.break_down(error)
    alice.type("too late", "/join garden")

    assert bob.lines() == [f"! {error}"]
    assert alice.lines() == [f"! {error}", *["! The server is stopping: come back in a moment."] * 2]
    assert house.broken == [error]
    with pytest.raises(PeerError):
        come(house, "carol")


@pytest.mark.parametrize("line", ["/join garden", "/nick al", "/leave"])
def test_whoever_waits_for_something_when_the_log_breaks_waits_no_longer(line: str) -> None:
    house = House()
    alice = house.enter("alice")
    alice.type(line, "next")
    house.log.break_down(HistoryBroken(path="history", why="the disk is on fire"))

    assert (
        alice.lines()[0]
        == "! The history in history cannot be kept any more (the disk is on fire): the server is stopping."
    )


# What the log cannot keep.


def test_an_entry_that_cannot_be_kept_is_refused_and_may_be_tried_again() -> None:
    house = House()
    alice = Visitor(house.chat)
    alice.session.enter("alice", ["lobby", "garden"])
    house.log.fail()

    assert alice.lines() == [NOT_SENT]
    assert alice.refused == 1
    assert not house.chat.members
    alice.session.enter("alice")
    house.log.settle()
    assert alice.session.entered
    assert house.chat.rooms["lobby"].people().people == ["alice"]


def test_talk_that_cannot_be_kept_is_answered_and_shown_to_nobody() -> None:
    house = House()
    alice, bob = house.enter("alice"), house.enter("bob")
    alice.lines()
    alice.type("hello")
    house.log.fail()
    bob.type("still here")
    house.log.settle()

    assert alice.lines() == [NOT_SENT, "bob: still here"]
    assert bob.lines() == ["bob: still here"]


def test_a_renaming_that_cannot_be_kept_leaves_the_old_name_and_frees_the_new() -> None:
    house = House()
    alice = house.enter("alice")
    alice.type("/nick bob", "still alice")
    house.log.fail()
    house.log.settle()

    assert alice.lines() == [NOT_SENT, "alice: still alice"]
    assert house.enter("bob").session.nickname == "bob"


def test_a_join_that_cannot_be_kept_leaves_things_as_they_were() -> None:
    house = House()
    alice = house.enter("alice")
    alice.type("/join garden", "where am I?")
    house.log.fail()
    house.log.settle()

    assert alice.lines() == [NOT_SENT, "alice: where am I?"]
    assert list(house.chat.rooms) == list(alice.session.rooms) == ["lobby"]


def test_a_leave_that_cannot_be_kept_leaves_things_as_they_were() -> None:
    house = House()
    alice = house.enter("alice")
    alice.type("/leave", "still here")
    house.log.fail()
    house.log.settle()

    assert alice.lines() == [NOT_SENT, "alice: still here"]


def test_whoever_goes_while_leaving_a_room_is_gone_though_neither_can_be_kept() -> None:
    house = House()
    alice, bob = house.enter("alice", "lobby", "garden"), house.enter("bob", "garden")
    alice.type("/leave garden")
    alice.lose()
    house.log.fail()

    assert {name: room.people().people for name, room in house.chat.rooms.items()} == {"garden": ["bob"]}
    assert bob.lines() == ["* alice left"]


def test_a_program_is_told_who_has_gone_though_it_cannot_be_kept() -> None:
    house = House()
    alice, bob = house.enter("alice", "lobby", "garden"), house.enter("bob", "lobby", "garden", format_=JSON)
    alice.type("/quit tea")
    house.log.fail()

    assert bob.things() == [Gone("lobby", "alice", "tea"), Gone("garden", "alice", "tea")]


def test_whoever_goes_while_they_are_told_that_somebody_has_gone_upsets_nobody() -> None:
    house = House()
    alice, bob, carol = house.enter("alice"), house.enter("bob"), house.enter("carol")
    for person in (bob, carol):
        person.lines()
    alice.lose()
    house.chat.stopping = True
    # As one is let go who does not read.
    bob.session.write = lambda data: bob.lose()
    house.log.fail()

    assert carol.lines() == ["* alice left (connection lost)"]


@pytest.mark.parametrize("quits", [True, False])
def test_whoever_goes_is_gone_though_it_cannot_be_kept(quits: bool) -> None:
    house = House()
    alice = house.enter("alice", "lobby", "garden")
    if quits:
        alice.type("/quit")
    else:
        alice.lose()
    house.log.fail()

    assert alice.closed
    assert not house.chat.rooms
    assert not house.chat.members


# Leaving.


def test_whoever_quits_is_shown_their_leaving_of_each_room() -> None:
    house = House()
    alice = house.enter("alice", "lobby", "garden", format_=JSON)
    alice.type("/quit tea")
    house.log.settle()

    assert [(type(event), event.room, event.text) for event in alice.heard()] == [
        (Left, "lobby", "tea"),
        (Left, "garden", "tea"),
    ]
    assert alice.closed


@pytest.mark.parametrize("count", [1, None])
def test_whoever_quits_is_shown_it_however_the_log_commits(count: int | None) -> None:
    house = House()
    alice = house.enter("alice", "lobby", "garden", format_=JSON)
    alice.type("/quit")
    house.log.commit(count)
    house.log.commit(count)

    assert [event.room for event in alice.heard()] == ["lobby", "garden"]


def test_a_name_is_free_at_once_though_the_leaving_is_still_on_its_way() -> None:
    house = House()
    alice, bob = house.enter("alice"), house.enter("bob", format_=JSON)
    alice.lose()
    again = Visitor(house.chat)
    again.session.enter("alice")
    house.log.settle()

    assert again.session.entered
    assert [type(event) for event in bob.heard()] == [Left, Joined]


def test_whoever_goes_while_being_renamed_frees_both_names_and_leaves_under_the_new() -> None:
    house = House()
    alice, bob = house.enter("alice"), house.enter("bob", format_=JSON)
    alice.type("/nick carol")
    alice.lose()
    assert set(house.chat.members) == {"bob"}
    house.log.settle()

    assert [(type(event), event[3], event[4]) for event in bob.heard()] == [
        (Renamed, "alice", "carol"),
        (Left, "carol", "connection lost"),
    ]
    assert set(house.chat.members) == {"bob"}


def test_whoever_goes_while_entering_joins_and_leaves() -> None:
    house = House()
    bob = house.enter("bob", format_=JSON)
    alice = Visitor(house.chat)
    alice.session.enter("alice")
    alice.lose()
    house.log.settle()

    assert [type(event) for event in bob.heard()] == [Joined, Left]
    assert house.chat.rooms["lobby"].people().people == ["bob"]


def test_whoever_goes_while_leaving_a_room_leaves_it_once() -> None:
    house = House()
    alice, bob = house.enter("alice", "lobby", "garden"), house.enter("bob", "lobby", "garden", format_=JSON)
    alice.type("/leave garden")
    alice.lose()
    house.log.settle()

    assert [(type(event), event.room) for event in bob.heard()] == [(Left, "garden"), (Left, "lobby")]


def test_whoever_is_sent_away_while_a_line_of_theirs_waits_does_no_more() -> None:
    house = House()
    alice, bob = house.enter("alice"), house.enter("bob")
    alice.type("hi", "/msg bob psst")
    alice.session.quit("told to go")
    house.log.commit(1)
    house.log.commit()

    assert bob.lines() == ["alice: hi", "* alice left (told to go)"]


def test_whoever_is_sent_away_while_they_read_does_no_more() -> None:
    house = House()
    alice = house.enter("alice")
    alice.stop_reading()
    alice.session.when_read(lambda: alice.session.join("garden"))
    alice.session.quit("told to go")
    alice.read_on()
    house.log.settle()

    assert not house.chat.rooms


# One request after the other.


def test_lines_wait_while_a_request_is_on_its_way() -> None:
    house = House()
    alice = house.enter("alice", format_=JSON)
    alice.type("one", "/join garden", "two", "/nick al", "three", "/leave", "four")
    assert alice.waiting == ["two", "/nick al", "three", "/leave", "four"]
    house.log.settle()

    assert [(type(event), event.room, event.nickname, event.text) for event in alice.heard()] == [
        (Said, "lobby", "alice", "one"),
        (Joined, "garden", "alice", ""),
        (Said, "garden", "alice", "two"),
        (Renamed, "lobby", "alice", "al"),
        (Renamed, "garden", "alice", "al"),
        (Said, "garden", "al", "three"),
        (Left, "garden", "al", ""),
        (Said, "lobby", "al", "four"),
    ]


def test_both_names_are_taken_while_a_renaming_is_on_its_way() -> None:
    house = House()
    alice = house.enter("alice")
    alice.type("/nick bob")

    for taken in ("alice", "bob"):
        with pytest.raises(PeerError, match="is taken"):
            Visitor(house.chat).session.enter(taken)
    house.log.settle()
    assert house.enter("alice").session.entered


def test_a_change_of_case_is_a_renaming() -> None:
    house = House()
    alice = house.enter("alice")
    alice.type("/nick Alice")
    house.log.settle()

    assert alice.lines() == ["* alice is now Alice"]
    assert house.chat.find("ALICE") is alice.session


def test_an_error_goes_to_whoever_caused_it_alone() -> None:
    house = House()
    alice, bob = house.enter("alice", format_=JSON), house.enter("bob")
    alice.lines()
    alice.type("/nosuch")

    assert [type(thing) for thing in alice.things()] == [Refused]
    assert bob.lines() == []


def test_nothing_is_said_by_an_empty_line() -> None:
    house = House()
    alice = house.enter("alice")
    alice.type("", "   ", "\t", "\x1b[31m", "//", "// ", "hi")
    house.log.settle()

    assert alice.lines() == ["alice: /", "alice: / ", "alice: hi"]


# What goes to several in the same form.


class Counted(JsonLines):
    """JSON lines, and how many were rendered."""

    rendered = 0

    def event(self, event: Event, elsewhere: bool) -> bytes:
        self.rendered += 1
        return super().event(event, elsewhere)


def test_programs_share_one_rendering_whatever_rooms_they_speak_in() -> None:
    house, counted = House(), Counted()
    people = [
        house.enter("alice", "lobby", "garden", format_=counted),
        house.enter("bob", "garden", "lobby", format_=counted),
        house.enter("carol", "lobby", "garden", format_=counted),
    ]
    people[2].type("/join lobby")
    for person in people:
        person.lines()
    counted.rendered = 0
    for person in people:
        person.type(f"{person.session.nickname} in {person.session.active}")
    house.log.commit()

    said = ["alice in garden", "bob in lobby", "carol in lobby"]
    assert [[event.text for event in person.heard()] for person in people] == [said] * 3
    assert counted.rendered == 3


def test_every_kind_of_event_reaches_the_hook_after_it_was_shown() -> None:
    house = House()
    alice = house.enter("alice")
    alice.type("hi", "/me waves", "/topic tea", "/nick al", "/quit")
    house.log.settle()

    assert [type(event) for event in house.happened] == [Joined, Said, Acted, TopicChanged, Renamed, Quit]
