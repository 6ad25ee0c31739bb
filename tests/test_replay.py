"""People who come back are shown everything that they missed, or told why that cannot be."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stepped import House, SteppedLog, Visitor, come, shape

from chatroom.core.catching_up import PAGE
from chatroom.core.delivery import REPLAY_BUFFER
from chatroom.core.session import Phase
from chatroom.model.answers import Reset
from chatroom.model.events import Event, Joined, Left, Said
from chatroom.model.names import room_name
from chatroom.wire.handshake import Place
from chatroom.wire.jsonlines import JSON

ROOMS = ("lobby", "garden", "Kitchen")


SECRET = "a-secret-of-alice's-client"


# Coming back.


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
    alice.session.enter("alice", ["garden", "lobby"], Place(first))
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

    assert shape(alice.things()) == ["Welcome", "Reset", "Past", "two", "Live", "Joined"]


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
    house = House(SteppedLog(prompt=False), replay_buffer=2, replay=2)
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


@pytest.mark.parametrize("more", [-1, 0, 1])
@pytest.mark.parametrize("pages", [1, 2])
@pytest.mark.parametrize("prompt", [True, False])
def test_the_last_page_of_what_was_missed_may_be_full(pages: int, more: int, prompt: bool) -> None:
    house = House(SteppedLog(prompt))
    bob = house.enter("bob")
    bob.type(*map(str, range(pages * PAGE + more)))
    house.log.settle()
    alice = come(house, "alice", since=house.happened[0].id)
    house.log.commit()
    bob.type("meanwhile")
    house.log.settle()

    assert [event.text for event in alice.heard()] == [*map(str, range(pages * PAGE + more)), "", "meanwhile"]


def test_a_page_of_what_was_missed_is_asked_for_when_the_one_before_was_read() -> None:
    house = House(SteppedLog(prompt=False))
    bob = house.enter("bob")
    bob.type(*map(str, range(3 * PAGE)))
    house.log.settle()
    alice = come(house, "alice", since=0)
    house.log.commit()
    alice.stop_reading()
    assert house.log.answer()
    assert not house.log.answer()
    alice.read_on()
    assert house.log.answer()
    house.log.settle()

    assert [event.id for event in alice.heard()] == [event.id for event in house.happened]


# A place in another history, or in none any more.


@pytest.mark.parametrize(
    ("place", "reset"),
    [
        (Place(2), ""),
        (Place(2, "stepped"), ""),
        (Place(0, "stepped"), ""),
        (Place(2, "another"), "other-history"),
        (Place(0, "another"), "other-history"),
        (Place(10**18), "other-history"),
        (Place(10**18, "stepped"), "other-history"),
    ],
)
def test_whoever_comes_back_to_another_history_is_told_so_and_shown_the_last_of_it(place: Place, reset: str) -> None:
    house = House(replay=1)
    bob = house.enter("bob")
    bob.type("one", "two", "three")
    house.log.settle()
    alice = come(house, "alice", since=place)
    house.log.settle()
    things = alice.things()

    if reset:
        assert shape(things) == ["Welcome", "Reset", "Past", "three", "Live", "Joined"]
        assert [thing.code for thing in things if isinstance(thing, Reset)] == [reset]
    else:
        missed = [event for event in house.happened[:-1] if event.id > place.id]
        assert shape(things) == ["Welcome", "Past", *shape(missed), "Live", "Joined"]


@pytest.mark.parametrize(("since", "trimmed"), [(0, False), (1, True), (4, True), (5, False), (6, False)])
def test_whoever_comes_back_behind_what_was_trimmed_is_told_so(since: int, trimmed: bool) -> None:
    house = House(replay=1)
    bob = house.enter("bob")
    bob.type(*map(str, range(10)))
    house.log.settle()
    house.log.forgotten = 5
    house.log.events = [event for event in house.log.events if event.id > 5]
    alice = come(house, "alice", since=since)
    house.log.settle()
    things = alice.things()

    if trimmed:
        assert shape(things) == ["Welcome", "Reset", "Past", "9", "Live", "Joined"]
        assert [thing.code for thing in things if isinstance(thing, Reset)] == ["trimmed"]
    else:
        missed = [event for event in house.log.events[:-1] if event.id > since]
        assert shape(things) == ["Welcome", "Past", *shape(missed), "Live", "Joined"]


def test_the_last_event_that_there_is_is_a_place_and_the_own_joined_is_none() -> None:
    house = House(replay=1)
    bob = house.enter("bob")
    bob.type("one")
    house.log.settle()
    last = house.happened[-1].id
    there = come(house, "alice", since=last)
    house.log.settle()
    ahead = come(house, "carol", since=house.log.last_committed + 1)
    house.log.settle()

    assert shape(there.things())[:4] == ["Welcome", "Past", "Live", "Joined"]
    assert shape(ahead.things())[:3] == ["Welcome", "Reset", "Past"]


# Whose refs are shown.


def test_what_one_missed_carries_the_refs_of_ones_own_alone() -> None:
    house = House(SteppedLog(), replay=5)
    alice, bob = come(house, "alice", client=SECRET), house.enter("bob")
    house.log.settle()
    for one, text in ((alice, "mine"), (bob, "yours")):
        one.session.ref = "7"
        one.session.say("lobby", text)
    house.log.settle()
    alice.lose()
    house.log.settle()
    for since in (0, None):
        again = come(house, "alice", since=since, client=SECRET)
        house.log.settle()
        refs = {event.text: event.ref for event in again.heard() if isinstance(event, Said)}
        assert refs == {"mine": "7", "yours": ""}
        again.lose()
        house.log.settle()
    stranger = come(house, "alice", since=0)
    house.log.settle()

    assert {event.ref for event in stranger.heard()} == {""}


@settings(max_examples=200, deadline=None)
@given(
    rooms=st.lists(st.sampled_from(ROOMS), min_size=1, max_size=3, unique=True),
    prompt=st.booleans(),
    tail=st.sampled_from([0, 1, 4, REPLAY_BUFFER]),
    steps=st.lists(
        st.one_of(
            st.tuples(st.just("talk"), st.integers(0, 2), st.integers(1, PAGE)),
            st.tuples(st.just("talk"), st.integers(0, 2), st.integers(1, 3)),
            st.tuples(st.just("come and go"), st.integers(0, 2)),
            st.tuples(st.just("away"), st.integers(0, 2)),
            st.tuples(st.just("fail"), st.integers(1, 5)),
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
        # What is not kept is shown to whoever is there, and to nobody who comes back.
        heard.extend(event for event in alice.heard() if event.kept)

    def come_back() -> None:
        nonlocal alice
        if not alice.closed and alice.session.phase is Phase.OUTSIDE:
            # The log could not keep that they come in.
            alice.lose()
        if alice.closed:
            alice = come(house, "alice", *rooms, since=heard[-1].id if heard else start)

    for name, *arguments in [*steps, ("read on",), ("come back",)]:
        if name == "talk":
            who, count = arguments
            talkers[who].type(*map(str, range(count)))
        elif name == "come and go":
            guests += 1
            come(house, f"guest{guests}", ROOMS[arguments[0]]).lose()
        elif name == "away":
            talkers[arguments[0]].type("/away lunch")
        elif name == "fail":
            house.log.fail(arguments[0])
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
    expected = [event for event in house.happened if event.kept and event.room in names and event.id > start]
    assert heard == expected
    assert alice.session.entered
    assert not alice.session.busy
