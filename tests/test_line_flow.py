"""Flow control at the door for lines: the rate limit, a log that takes its time, people who do not read.

Both ends of each connection are in memory, and time passes when a test says so.
"""

from __future__ import annotations

import json

import pytest
from lineroom import entered, two
from stepped import NOT_SENT, House, SteppedLog

from chatroom.doors.connection import CLOSE_TIMEOUT
from chatroom.model.events import Said
from chatroom.model.settings import Settings
from chatroom.testing import MemoryRoom


@pytest.fixture
def room() -> MemoryRoom:
    return MemoryRoom()


@pytest.fixture
def house() -> House:
    """Rooms on a log that keeps things when it is told to."""
    return House(SteppedLog(prompt=False))


# RateLimit.


def test_over_their_rate_somebody_is_read_more_slowly_and_nothing_is_lost() -> None:
    room = MemoryRoom(rate=2, burst=5)
    alice = room.enter("alice")  # Their nickname was a line.
    bob = room.enter("bob")
    alice.lines()
    room.advance(10)
    alice.type(*map(str, range(10)))
    assert alice.lines() == [f"alice: {number}" for number in range(5)]
    assert not alice.protocol.intake.reading
    for number in range(5, 10):
        room.advance(0.4)
        assert alice.lines() == []
        room.advance(0.1)
        assert alice.lines() == [f"alice: {number}"]

    assert alice.protocol.intake.reading
    assert bob.lines() == [f"alice: {number}" for number in range(10)]
    assert not room.clock.getDelayedCalls()


def test_ones_own_pace_is_nobody_elses() -> None:
    room = MemoryRoom(rate=1, burst=2)
    alice, bob = two(room)
    room.advance(10)
    alice.type(*map(str, range(10)))
    bob.type("hello")

    assert bob.lines() == ["alice: 0", "alice: 1", "bob: hello"]


def test_what_was_sent_in_several_segments_over_the_rate_keeps_its_order() -> None:
    room = MemoryRoom(rate=10, burst=1)
    alice, bob = two(room)
    for number in range(0, 20, 2):
        alice.type(str(number), str(number + 1))
    for _ in range(300):
        room.advance(0.01)

    assert bob.lines() == [f"alice: {number}" for number in range(20)]


def test_without_a_rate_everything_is_read_at_once() -> None:
    room = MemoryRoom(rate=0, burst=1)
    alice, bob = two(room)
    alice.type(*map(str, range(1000)))

    assert bob.lines() == [f"alice: {number}" for number in range(1000)]


def test_whoever_has_sent_all_over_their_rate_leaves_once_it_was_said() -> None:
    room = MemoryRoom(rate=1, burst=2)
    alice, bob = two(room)
    room.advance(10)
    alice.type(*map(str, range(4)))
    alice.finish()
    assert bob.lines() == ["alice: 0", "alice: 1"]
    room.advance(1)
    room.advance(1)

    assert bob.lines() == ["alice: 2", "alice: 3", "* alice left (connection closed)"]
    assert alice.closed


def test_whoever_goes_over_their_rate_has_gone_at_once() -> None:
    room = MemoryRoom(rate=1, burst=2)
    alice, bob = two(room)
    room.advance(10)
    alice.type(*map(str, range(4)))
    alice.drop()
    room.advance(10)

    assert bob.lines() == ["alice: 0", "alice: 1", "* alice left (connection lost)"]
    assert not room.clock.getDelayedCalls()


def test_what_the_transport_had_read_already_when_somebody_is_held_back_waits_with_the_rest() -> None:
    room = MemoryRoom(rate=1, burst=2)
    alice, bob = two(room)
    room.advance(10)
    alice.type(*map(str, range(4)))
    room.settle()
    alice.protocol.dataReceived(b"4\n5\n")
    assert len(room.clock.getDelayedCalls()) == 1
    for _ in range(4):
        room.advance(1)

    assert bob.lines() == [f"alice: {number}" for number in range(6)]
    assert not room.clock.getDelayedCalls()


def test_an_answer_that_comes_while_somebody_is_held_back_does_not_let_them_through(house: House) -> None:
    room = MemoryRoom(chat=house.chat)
    alice = entered(house, room, "alice")
    alice.type(*[str(number) for number in range(98)], "/join garden", "held back")
    room.settle()
    house.log.settle()
    room.settle()
    assert not house.log.drafts
    assert not alice.protocol.intake.reading
    room.advance(0.1)
    house.log.settle()

    assert alice.lines()[-1] == "alice: held back"


# Those who do not read.


LONG = "x" * 4000


def test_one_who_does_not_read_is_let_go_and_the_others_see_why() -> None:
    room = MemoryRoom(rate=0)
    alice, bob = two(room)
    bob.stop_reading()
    sent = 0
    while "bob" in room.factory.nicknames:
        alice.type(LONG)
        room.settle()
        sent += len(LONG)
        assert sent < 3 * Settings().sendq, "they are never let go"
    shown = alice.lines()

    assert sent > Settings().sendq
    assert shown[-1] == "* bob left (reading too slowly)" or shown[-2] == "* bob left (reading too slowly)"
    assert shown.count("alice: " + LONG) == sent // len(LONG)
    assert bob.closed
    assert bob.protocol.send_queue.waiting == 0


def test_how_far_one_may_be_behind_can_be_set() -> None:
    room = MemoryRoom(rate=0, sendq=10_000)
    alice, bob = two(room)
    bob.stop_reading()
    for _ in range(30):
        alice.type(LONG)
        room.settle()

    assert bob.closed
    assert room.factory.nicknames == ["alice"]


def test_one_who_reads_again_in_time_has_missed_nothing() -> None:
    room = MemoryRoom(rate=0)
    alice, bob = two(room)
    bob.stop_reading()
    lines = [f"{number} {LONG}" for number in range(200)]
    for line in lines:
        alice.type(line)
        room.settle()
    bob.read_on()

    assert bob.lines() == [f"alice: {line}" for line in lines]
    assert not bob.closed
    assert bob.protocol.send_queue.waiting == 0


def test_a_batch_that_is_longer_than_one_may_be_behind_lets_nobody_go_who_reads() -> None:
    room = MemoryRoom(rate=0, sendq=10_000)
    alice, bob = two(room)
    alice.type(*[LONG] * 100)

    assert bob.lines() == ["alice: " + LONG] * 100
    assert not alice.closed


def test_a_long_replay_waits_for_its_reader_who_is_not_let_go_for_it() -> None:
    room = MemoryRoom(rate=0, sendq=200_000)
    alice = room.enter("alice")
    lines = [f"{number} {LONG}" for number in range(500)]
    for line in lines:
        alice.type(line)
        room.settle()
    bob = room.connect()
    bob.type("bob format=json since=0")
    bob.stop_reading()
    for _ in range(100):
        alice.type(f"meanwhile {LONG}")
        room.settle()
    assert bob.protocol.send_queue.waiting < 400_000
    assert not bob.closed
    bob.read_on()
    found = [json.loads(line) for line in bob.lines()[1:]]

    assert [event["text"] for event in found if event["kind"] == "said"] == [*lines, *[f"meanwhile {LONG}"] * 100]
    ids = [event["id"] for event in found if "id" in event]
    assert ids == sorted(set(ids))
    assert [event["kind"] for event in found if event["kind"] in ("past", "live")] == ["past", "live"]


def test_whoever_quits_and_does_not_read_is_gone_in_a_while() -> None:
    room = MemoryRoom(rate=0)
    alice, bob = two(room)
    bob.stop_reading()
    for _ in range(100):
        alice.type(LONG)
        room.settle()
    bob.type("/quit")
    room.settle()
    assert room.factory.nicknames == ["alice"]
    assert not bob.closed
    room.advance(CLOSE_TIMEOUT)

    assert bob.closed
    assert not room.clock.getDelayedCalls()


# A log that takes its time.


def test_nobody_is_welcomed_before_their_entry_is_kept(house: House) -> None:
    room = MemoryRoom(chat=house.chat)
    alice = room.connect()
    alice.type("alice", "hello")
    assert alice.lines() == ["NICK"]
    assert room.factory.nicknames == []
    house.log.settle()

    assert alice.lines()[1:] == ["* alice joined", "alice: hello"]


def test_an_entry_that_cannot_be_kept_is_refused_and_the_nickname_asked_for_again(house: House) -> None:
    room = MemoryRoom(chat=house.chat)
    alice = room.connect()
    alice.type("alice")
    alice.lines()
    house.log.fail()
    assert alice.lines() == [NOT_SENT, "NICK"]
    alice.type("alice")
    room.settle()
    house.log.settle()

    assert alice.lines()[-1] == "* alice joined"


def test_whoever_sends_much_while_a_request_is_on_its_way_is_not_read(house: House) -> None:
    room = MemoryRoom(chat=house.chat)
    alice = entered(house, room, "alice")
    alice.type("/join garden", "one")
    alice.type("two")
    room.settle()
    assert not alice.protocol.intake.reading
    # A transport may have read more already when it is told to read no more.
    alice.protocol.dataReceived(b"and a half\n")
    house.log.settle()
    room.settle()
    house.log.settle()

    assert alice.protocol.intake.reading
    assert alice.lines()[-3:] == ["alice: one", "alice: and a half", "alice: two"]


def test_a_stuck_connection_is_closed_though_an_answer_for_it_comes_late(house: House) -> None:
    room = MemoryRoom(chat=house.chat)
    alice = entered(house, room, "alice")
    alice.type("/history", "and more")
    alice.stop_reading()
    room.settle()
    gone: list[None] = []
    room.factory.close_all().addCallback(gone.append)
    alice.type("too late")
    room.settle()
    house.log.settle()
    room.advance(CLOSE_TIMEOUT)

    assert alice.closed
    assert gone == [None]
    assert not [event for event in house.happened if isinstance(event, Said)]
