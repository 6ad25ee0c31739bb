"""People come, talk, change rooms and names and go, in any order, and the promises to them hold.

*Order*, *once*, and that nobody hears a room that they are not in, nor themselves where they do not want to;
whenever the log commits and answers. Dora is there with several clients: what holds for a person holds for each.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from stepped import House, SteppedLog, Visitor

from chatroom.core.accounts import Accounts
from chatroom.core.delivery import REPLAY_BUFFER
from chatroom.core.dialogue import Dialogue
from chatroom.core.members import Member
from chatroom.core.requests import Request
from chatroom.core.session import Phase
from chatroom.log.memory_accounts import MemoryAccounts
from chatroom.model.answers import Answer
from chatroom.model.events import Event, Joined, Left, Nature, Renamed
from chatroom.model.names import nickname_key
from chatroom.model.settings import Settings
from chatroom.wire.jsonlines import JSON

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
    st.tuples(st.just("enter_also"), st.integers(6, 9), st.lists(st.sampled_from(ROOMS), max_size=2)),
    st.tuples(st.just("type"), st.integers(0, 5), LINES),
    st.tuples(st.just("type"), st.integers(0, 9), LINES),
    st.tuples(st.just("lose"), st.integers(0, 9)),
    st.tuples(st.just("commit"), st.integers(1, 4)),
    st.tuples(st.just("commit"), st.none()),
    st.tuples(st.just("fail"), st.integers(1, 4)),
    st.tuples(st.just("answer")),
)

# So that much comes of a few steps.
BEGINNING: list[tuple[object, ...]] = [
    ("enter", 0, "alice", ["garden", "lobby"]),
    ("enter", 1, "bob", ["lobby"]),
    ("enter", 2, "carol", ["lobby", "garden"]),
    ("enter_also", 6, ["garden"]),
    ("enter_also", 7, []),
]


class Echoless(Dialogue):
    """Somebody who is not to be shown what they say themselves."""

    __slots__ = ()

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.talk.own_form = True

    def own(self, request: Request, event: Event) -> bytes:
        return b"" if event.nature is Nature.TALK else super().own(request, event)


class Client(Dialogue):
    """One of several clients, which notes from where on it hears everything."""

    __slots__ = ("began",)

    def begin_view(self) -> None:
        super().begin_view()
        self.began = self.chat.delivery.published

    def joined(self, request: Request, event: Event) -> None:
        if self.phase is Phase.ENTERING:
            self.began = request.first - 1
        super().joined(request, event)


class EcholessClient(Echoless, Client):
    __slots__ = ()


class Play:
    """What comes of a list of steps; every second of the people is not to be echoed what they say."""

    def __init__(self, prompt: bool, tail: int) -> None:
        accounts = Accounts(Settings(), now=lambda: 0.0, store=MemoryAccounts())
        self.house = House(SteppedLog(prompt), tail, accounts=accounts, max_joined=2)
        self.people: list[Visitor] = []
        self.things: dict[Visitor, list[Event | Answer]] = {}
        self.spoken: dict[str, Visitor] = {}
        """Who said what; no two say the same."""
        self._watched: set[str] = set()
        self.house.chat.directory.watchers.append(self)
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
        visitor = self._here[number] = Visitor(self.house.chat, Dialogue if number % 2 == 0 else Echoless)
        self.people.append(visitor)
        self.things[visitor] = []
        visitor.session.format = JSON
        visitor.session.enter(nickname, rooms)
        if visitor.refused:
            visitor.lose()

    def _enter_also(self, number: int, rooms: Sequence[str]) -> None:
        here = self._here.get(number)
        if here is not None and not here.closed:
            return
        visitor = self._here[number] = Visitor(self.house.chat, Client if number % 2 == 0 else EcholessClient)
        self.people.append(visitor)
        self.things[visitor] = []
        visitor.session.format = JSON
        self.house.chat.accounts.log_in_as(visitor.session.member, "dora", 0.0)
        visitor.session.enter("dora", rooms, also=True)
        if visitor.refused:
            visitor.lose()

    def _type(self, number: int, line: str) -> None:
        if number in self._here and not self._here[number].closed:
            if line in ("say", "/me waves"):
                self._said += 1
                line = f"{line} {self._said}"
                self.spoken[line.removeprefix("/me ")] = self._here[number]
            self._here[number].type(line)

    def went_away(self, member: Member) -> None:
        """Nobody here asks for that."""

    def named(self, nickname: str, here: bool) -> None:
        key = nickname_key(nickname)
        assert (key in self._watched) is not here, "told what was known"
        (self._watched.add if here else self._watched.remove)(key)

    def hears(self, visitor: Visitor, event: Event) -> bool:
        """Whether ``visitor`` is to be shown ``event`` where they are in its room."""
        return not isinstance(visitor.session, Echoless) or self.spoken.get(event.text) is not visitor

    def _lose(self, number: int) -> None:
        if number in self._here:
            self._here[number].lose()

    def _commit(self, count: int | None) -> None:
        self.house.log.commit(count)

    def _fail(self, count: int) -> None:
        self.house.log.fail(count)

    def _answer(self) -> None:
        self.house.log.answer()

    def _check_names(self) -> None:
        members = self.house.chat.members
        assert self._watched == {member.key for member in members.values()}
        for key, member in members.items():
            assert key in (member.key, nickname_key(member.next_nickname) if member.next_nickname else "")
        for visitor in self.people:
            if not visitor.closed and visitor.session.entered and not visitor.session.busy:
                assert members[nickname_key(visitor.session.nickname)] is visitor.session.member
        for room in self.house.chat.rooms.values():
            keys = [nickname_key(member.nickname) for member in room.members]
            assert keys, "an empty room has not vanished"
            assert len(set(keys)) == len(keys), "two have one name"

    def end(self) -> None:
        self.house.log.settle()
        for visitor in self.people:
            assert visitor.closed or not visitor.session.entered or not visitor.waiting
            self.things[visitor] = visitor.things()


def here_after(events: Sequence[Event], gone: Collection[tuple[str, int]]) -> dict[str, list[str]]:
    """Who is in which room, for somebody who knows only what was shown.

    :param gone: the ids of those who have gone though that could not be kept, each with the last event before.
    """
    rooms: dict[str, dict[str, str]] = {}
    left = sorted(gone, key=lambda one: one[1])

    def forget(before: float) -> None:
        while left and left[0][1] < before:
            member, _ = left.pop(0)
            for here in rooms.values():
                here.pop(member, None)

    for event in events:
        forget(event.id)
        here = rooms.setdefault(event.room, {})
        if isinstance(event, Joined):
            names = {nickname_key(name) for name in here.values()}
            assert nickname_key(event.nickname) not in names
            assert event.member not in here
            here[event.member] = event.nickname
        else:
            assert here.get(event.member) == event.nickname, f"{event} is of nobody who is here"
            if isinstance(event, Left):
                del here[event.member]
            elif isinstance(event, Renamed):
                here[event.member] = event.text
    forget(float("inf"))
    return {room: list(here.values()) for room, here in rooms.items() if here}


def runs_of(things: Sequence[Event | Answer], own: str) -> list[tuple[str, list[Event]]]:
    """What somebody heard of each room, from each own Joined on to the own Left.

    :param own: their id.
    """
    open_runs: dict[str, list[Event]] = {}
    runs: list[tuple[str, list[Event]]] = []
    for thing in things:
        if isinstance(thing, Event):
            mine = thing.member == own
            if mine and isinstance(thing, Joined):
                assert thing.room not in open_runs
                open_runs[thing.room] = []
                runs.append((thing.room, open_runs[thing.room]))
                if not thing.id:
                    continue  # They are told that they are there already.
            assert thing.room in open_runs, f"{own} heard {thing} of a room that they are not in"
            open_runs[thing.room].append(thing)
            if mine and isinstance(thing, Left):
                del open_runs[thing.room]
    return runs


@settings(max_examples=300, deadline=None)
@given(st.lists(STEPS, min_size=20, max_size=60), st.booleans(), st.sampled_from([0, 1, 4, REPLAY_BUFFER]))
def test_whatever_people_do_the_promises_to_them_hold(steps: list[tuple[object, ...]], prompt: bool, tail: int) -> None:
    play = Play(prompt, tail)
    for step in BEGINNING:
        play.take(step)
    for step in steps:
        play.take(step)
    play.end()
    happened, chat = play.house.happened, play.house.chat

    assert [event.id for event in happened] == sorted({event.id for event in happened})
    assert here_after(happened, play.house.log.failed_quits_at) == {
        name: room.people().people for name, room in chat.rooms.items()
    }
    for visitor, things in play.things.items():
        heard = [thing for thing in things if isinstance(thing, Event)]
        ids = [event.id for event in heard if event.id]
        assert ids == sorted(set(ids)), "out of order, or twice"
        runs = runs_of(things, visitor.session.member.member_id)
        for number, (room, run) in enumerate(runs):
            of_room = [event for event in happened if event.room == room and play.hears(visitor, event)]
            beside = not run or run[0].member != visitor.session.member.member_id or not isinstance(run[0], Joined)
            if beside:
                assert isinstance(visitor.session, Client)
                began = visitor.session.began
                start = next((index for index, event in enumerate(of_room) if event.id > began), len(of_room))
            else:
                start = of_room.index(run[0])
            assert run == of_room[start : start + len(run)], "a gap"
            last = number == max(index for index, (name, _) in enumerate(runs) if name == room)
            if last and not visitor.closed:
                has_left = bool(run) and isinstance(run[-1], Left)
                assert has_left or start + len(run) == len(of_room), "not everything has come"
        if not visitor.closed and visitor.session.entered:
            session = visitor.session
            assert chat.members[session.member.key] is session.member
            assert {name for name, room in chat.rooms.items() if session.member in room.members} == set(session.rooms)
            assert set(session.heard_rooms) == set(session.rooms)
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
