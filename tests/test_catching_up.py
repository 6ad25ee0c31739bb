"""Whoever comes in is shown the past, then what happens now, with no gap and no repeat, no faster than they read."""

from __future__ import annotations

import re

import pytest
from stepped import House, SteppedLog, Visitor, come, shape

from chatroom.core.catching_up import PAGE
from chatroom.core.chat import PAGES
from chatroom.core.delivery import MAX_MISSED, REPLAY_BUFFER
from chatroom.core.session import Phase
from chatroom.model.answers import Welcome
from chatroom.model.events import Away, Event, Joined, Said
from chatroom.wire.formats import day_of
from chatroom.wire.handshake import Place
from chatroom.wire.jsonlines import JSON
from chatroom.wire.send_queue import PIECE

DAY = 24 * 60 * 60
"""Seconds."""


# Coming in.


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
    assert [(type(event), event.nickname, event.text) for event in heard if isinstance(event, Event)] == [
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


def test_somebody_who_waits_longer_than_the_replay_buffer_reaches_misses_nothing() -> None:
    house = House(SteppedLog(prompt=False), replay_buffer=10)
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
    house = House(SteppedLog(prompt=False), replay_buffer=2)
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


def test_whoever_is_in_a_quiet_room_is_live_though_much_happens_in_others() -> None:
    house = House(SteppedLog(prompt=False), replay_buffer=2)
    bob = house.enter("bob")
    alice = come(house, "alice", "garden")
    house.log.commit()
    bob.type(*map(str, range(10)))
    house.log.commit()
    questions = 0
    while house.log.answer():
        questions += 1
        assert questions < 5, "it asks again and again for what is not there"

    assert not alice.session.busy
    assert shape(alice.things()) == ["Welcome", "Past", "Live", "Joined"]


def test_what_comes_from_the_log_is_shown_as_what_comes_at_once_is() -> None:
    house = House(replay_buffer=1)
    alice, bob = house.enter("alice", "lobby", "garden"), house.enter("bob", "lobby", "garden")
    alice.lines()
    alice.type("/join cellar")
    bob.type("/quit tea")
    house.log.settle()

    left = [line for line in alice.lines() if "left" in line]
    assert left == ["[lobby] * bob left (tea)"]


def test_whoever_leaves_a_room_in_a_batch_longer_than_the_replay_buffer_misses_nothing_of_the_others() -> None:
    house = House(replay_buffer=2)
    alice, bob = house.enter("alice", format_=JSON), house.enter("bob", "garden", "lobby", format_=JSON)
    bob.type("/leave garden")
    alice.type(*map(str, range(10)))
    house.log.settle()
    alice.type("last")
    house.log.settle()

    assert [event.text for event in bob.heard() if isinstance(event, Said)] == [*map(str, range(10)), "last"]


def test_the_past_of_each_room_is_shown_in_the_order_of_the_rooms_and_begins_with_the_date_of_today() -> None:
    house = House(replay=2)
    bob = house.enter("bob", "garden", "lobby")
    # The chat's own clock stands at the beginning of 1970.
    past = [("lobby", 0.0, "one"), ("lobby", 1.0, "two"), ("lobby", 2.0, "three"), ("garden", 3 * DAY, "four")]
    member = bob.session.member.member_id
    for id_, (room, at, text) in enumerate(past, 20):
        house.log.happen(Said(id_, at, room, member, "bob", text))
    alice = Visitor(house.chat)
    alice.session.enter("alice", ["garden", "lobby"])
    house.log.settle()

    assert [re.sub(r"^\[\d\d:\d\d\]", "[time]", line) for line in alice.lines()[2:]] == [
        *(f"* {day_of(3 * DAY)}:", "[time] [garden] bob: four", "[time] bob: two", "[time] bob: three"),
        *("[garden] * alice joined", "* alice joined"),
    ]


@pytest.mark.parametrize("count", [0, 1, 3, 20])
def test_a_newcomer_is_shown_as_much_of_the_past_as_is_set(count: int) -> None:
    house = House(replay=count)
    bob = house.enter("bob")
    bob.type(*map(str, range(10)))
    house.log.settle()
    alice = come(house, "alice")
    house.log.settle()

    shown = [str(number) for number in range(10)][max(10 - count, 0) :]
    assert shape(alice.things()) == ["Welcome", "Past", *shown, "Live", "Joined"]


def test_the_past_is_rendered_a_piece_at_a_time_and_the_next_when_it_was_read() -> None:
    house = House(replay=100)
    bob = house.enter("bob")
    bob.type(*(f"{number} {'x' * 4000}" for number in range(100)))
    house.log.settle()
    alice = come(house, "alice")
    alice.stop_reading()
    house.log.settle()
    assert PIECE < alice.send_queue.waiting < PIECE + 10_000
    assert alice.session.busy
    alice.read_on()

    assert [text.split()[0] for text in shape(alice.things())[2:-2]] == [str(number) for number in range(100)]
    assert not alice.session.busy


def test_what_happens_meanwhile_and_is_more_than_one_is_sent_at_once_comes_from_the_log() -> None:
    house = House(SteppedLog(prompt=False), replay=1)
    bob = house.enter("bob")
    bob.type("before")
    house.log.settle()
    alice = come(house, "alice")
    house.log.commit()
    bob.type(*(f"{number} {'x' * 4000}" for number in range(2 * MAX_MISSED // 4000)))
    house.log.commit()
    house.log.settle()

    heard = alice.heard()
    assert [event.id for event in heard[1:]] == [event.id for event in house.happened if event.id >= heard[1].id]
    assert not alice.session.busy


@pytest.mark.parametrize("buffer", [1, REPLAY_BUFFER])
def test_what_is_not_kept_is_shown_to_whoever_is_live_and_to_nobody_who_catches_up(buffer: int) -> None:
    house = House(SteppedLog(prompt=False), buffer, replay=5)
    bob, carol = house.enter("bob"), house.enter("carol", format_=JSON)
    alice = come(house, "alice")
    house.log.commit()
    carol.lines()
    bob.type("/away lunch", "one", "/away", "two")
    while house.log.requests:
        house.log.commit()
    house.log.settle()

    assert [(type(event), event.text) for event in carol.heard()] == [
        *((Away, "lunch"), (Said, "one"), (Away, ""), (Said, "two")),
    ]
    assert shape(alice.things()) == ["Welcome", "Past", "Live", "Joined", "one", "two"]
    bob.type("/away supper")
    house.log.settle()
    assert [event.text for event in alice.heard()] == ["supper"]


def test_whoever_joins_another_room_hears_on_in_those_that_they_are_in() -> None:
    house = House(SteppedLog(prompt=False), replay=1)
    bob = house.enter("bob", "garden", "lobby")
    bob.type("/join garden", "roses", "/join lobby")
    house.log.settle()
    alice = house.enter("alice", format_=JSON)
    bob.type("one")
    alice.type("/join garden")
    bob.type("two")
    house.log.commit()
    bob.type("three", "/join garden", "four")
    house.log.settle()

    assert shape(alice.things()) == ["one", "People", "Past", "roses", "Live", "Joined", "two", "three", "four"]


@pytest.mark.parametrize("answered", [0, 1])
def test_whoever_quits_while_they_catch_up_is_shown_no_more_of_it(answered: int) -> None:
    house = House(SteppedLog(prompt=False), replay=5)
    bob = house.enter("bob", "lobby", "garden")
    alice = come(house, "alice", "garden", "lobby")
    house.log.commit()
    for _ in range(answered):
        assert house.log.answer()
    bob.lines()
    alice.session.quit("told to go")
    house.log.settle()

    assert alice.closed
    assert alice.session.phase is Phase.GONE
    assert shape(alice.things()) == ["Welcome", "People", "Past"]
    assert [line.removeprefix("[lobby] ") for line in bob.lines()] == ["* alice left (told to go)"]


def test_the_own_joined_carries_the_ref_of_its_request_and_is_shown_once() -> None:
    house = House(SteppedLog(prompt=False), replay=5, replay_buffer=1)
    alice, bob = house.enter("alice", format_=JSON), house.enter("bob", "garden")
    alice.session.ref = "7"
    alice.session.join("garden")
    bob.type("one")
    house.log.commit()
    bob.type("two")
    house.log.settle()
    things = alice.things()

    assert shape(things) == ["People", "Past", "Live", "Joined", "one", "two"]
    assert [thing.ref for thing in things if isinstance(thing, Event)] == ["7", "", ""]


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
    house = House(SteppedLog(prompt=False), replay_buffer=2)
    bob = house.enter("bob")
    alice = come(house, "alice")
    house.log.commit()
    bob.type(*map(str, range(10)))
    house.log.commit()
    assert house.log.answer()
    house.log.refuse()

    assert shape(alice.things())[-2:] == ["Live", "Refused"]
    assert alice.closed


def test_a_newcomer_is_shown_the_past_of_the_next_room_where_that_of_one_cannot_be_read() -> None:
    house = House(SteppedLog(prompt=False), replay=5)
    bob = house.enter("bob", "garden", "lobby")
    bob.type("lobby talk", "/join garden", "garden talk")
    house.log.settle()
    alice = come(house, "alice", "garden", "lobby")
    house.log.commit()
    house.log.refuse()
    house.log.settle()

    assert shape(alice.things()) == [
        *("Welcome", "People", "Past", "Refused", "lobby talk", "Live", "Joined", "Joined"),
    ]


def test_few_have_a_page_of_what_they_missed_in_hand_at_once_and_all_are_shown_it() -> None:
    house = House(SteppedLog(prompt=False))
    alice = house.enter("alice")
    alice.type(*(f"line {number}" for number in range(PAGE)))
    house.log.settle()
    visitors = [Visitor(house.chat) for _ in range(PAGES + 10)]
    for number, visitor in enumerate(visitors):
        visitor.session.format = JSON
        visitor.session.enter(f"guest{number}", since=Place(0, house.log.identity))
        house.log.commit()

    assert house.log.asked.count("since") == PAGES
    visitors[0].lose()
    house.log.settle()
    for visitor in visitors[1:]:
        assert [event.text for event in visitor.heard() if type(event) is Said] == [
            f"line {number}" for number in range(PAGE)
        ]
