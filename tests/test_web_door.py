"""The door for browsers, from the frames of one person to the frames of another: serve, join, talk, stop.

Both ends of each connection are in memory, and time passes when a test says so. What goes over HTTP before is in
test_web_site.py, and the frames themselves are in test_web_frames.py.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from typing import Any

import pytest
from pages import GOING_AWAY, NORMAL, Page, enter, frame, opened, upgrade
from stepped import House, SteppedLog
from wsproto.frame_protocol import Opcode

from chatroom.doors.connection import CLOSE_TIMEOUT
from chatroom.doors.web import WebFactory
from chatroom.doors.web import websocket as door_side
from chatroom.doors.web.websocket import PING_EVERY
from chatroom.model.events import Said
from chatroom.testing import MemoryRoom
from chatroom.wire.handshake import MAX_TRIES
from chatroom.wire.jsonlines import JsonLines


@pytest.fixture
def room() -> MemoryRoom:
    return MemoryRoom()


@pytest.fixture
def door(room: MemoryRoom) -> WebFactory:
    return WebFactory(chat=room.chat, reactor=room.clock)


# The handshake.


def test_a_newcomer_is_asked_for_a_nickname_and_welcomed(room: MemoryRoom, door: WebFactory) -> None:
    room.enter("bob").type("before")
    alice = Page(room, door)
    assert alice.texts() == ["NICK"]
    alice.type("alice")
    shown = alice.things()
    assert [one["kind"] for one in shown] == ["welcome", "past", "said", "live", "joined"]
    assert shown[0]["people"] == ["bob", "alice"]
    assert door.nicknames == ["alice"]


@pytest.mark.parametrize("options", ["", "format=json", "format=plain"])
def test_a_message_is_json_whatever_is_asked_for(room: MemoryRoom, door: WebFactory, options: str) -> None:
    alice = enter(room, door, "alice", options)
    alice.type("hello", "/who", "/nosuch")
    assert sorted(one["kind"] for one in alice.things()) == ["error", "people", "said"]


def test_a_nickname_that_will_not_do_is_refused_and_asked_for_again(room: MemoryRoom, door: WebFactory) -> None:
    room.enter("alice")
    page = Page(room, door)
    assert page.texts() == ["NICK"]
    page.type("ALICE")
    error, again = page.texts()
    assert (json.loads(error)["code"], again) == ("nickname-taken", "NICK")
    page.type("al")
    assert page.things()[0]["kind"] == "welcome"


def test_after_five_refused_nicknames_goodbye_is_said(room: MemoryRoom, door: WebFactory) -> None:
    alice = room.enter("alice")
    page = Page(room, door)
    page.type(*["alice"] * MAX_TRIES, "bob")
    shown = page.texts()
    assert shown.count("NICK") == MAX_TRIES
    assert json.loads(shown[-1])["code"] == "too-many-tries"
    assert (page.closed, page.code) == (True, NORMAL)
    assert alice.lines() == [], "what came after the goodbye was taken"


def test_a_newcomer_who_gives_no_nickname_in_time_is_let_go(room: MemoryRoom, door: WebFactory) -> None:
    silent, late = Page(room, door), Page(room, door)
    room.advance(29)
    late.type("late")
    assert not silent.closed
    room.advance(1)
    assert [one["code"] for one in silent.things()] == ["handshake-timeout"]
    assert (silent.closed, silent.code) == (True, NORMAL)
    assert not late.closed


def test_rooms_can_be_chosen(room: MemoryRoom, door: WebFactory) -> None:
    alice, bob = enter(room, door, "alice", "room=lobby,garden"), room.enter("bob", "room=garden")
    alice.type("in the garden")
    assert bob.lines() == ["alice: in the garden"]


def test_whoever_comes_back_gets_what_they_missed_once(room: MemoryRoom, door: WebFactory) -> None:
    alice, bob = enter(room, door, "alice"), room.enter("bob")
    bob.type("one")
    last = alice.things()[-1]["id"]
    alice.person.drop()
    room.settle()
    bob.type(*map(str, range(300)))
    for _ in range(100):
        room.advance(1)
    alice = Page(room, door)
    alice.type(f"alice since={last}")
    shown: list[str] = []
    for _ in range(100):
        shown += alice.talk()
        room.advance(0.1)
    assert shown == [f"bob: {number}" for number in range(300)]


# Talk.


def test_both_doors_lead_to_the_same_room(room: MemoryRoom, door: WebFactory) -> None:
    alice, bob = enter(room, door, "alice"), room.enter("bob")
    assert [one["kind"] for one in alice.things()] == ["joined"]
    alice.type("hello <b>bob</b>", "/me waves")
    bob.type("hello alice")
    assert bob.lines() == ["alice: hello <b>bob</b>", "* alice waves", "bob: hello alice"]
    assert alice.talk() == ["alice: hello <b>bob</b>", "alice: waves", "bob: hello alice"]
    bob.type("/msg alice psst")
    assert [(one["kind"], one["text"]) for one in alice.things()] == [("private", "psst")]


@pytest.mark.parametrize(
    ("message", "lines"),
    [
        ("one", ["one"]),
        ("one\ntwo\r\nthree", ["one", "two", "three"]),
        ("one\n", ["one"]),
        ("one\n\ntwo\n\n", ["one", "two"]),
        ("", []),
        ("\n", []),
        ("a\rb", ["ab"]),
        ("\x1b[31mred\u202e\0", ["red"]),
        ("//who", ["/who"]),
        ("grüß dich 👋", ["grüß dich 👋"]),
    ],
)
def test_each_line_of_a_message_is_said_in_order(
    room: MemoryRoom, door: WebFactory, message: str, lines: list[str]
) -> None:
    alice, bob = enter(room, door, "alice"), room.enter("bob")
    alice.type(message)
    alice.type("end")
    assert bob.lines() == [f"alice: {line}" for line in [*lines, "end"]]


class Counting(JsonLines):
    """Counts how often an event is rendered."""

    def __init__(self) -> None:
        self.rendered = 0

    def event(self, event: Any, elsewhere: bool) -> bytes:
        self.rendered += 1
        return super().event(event, elsewhere)


def test_a_frame_is_made_once_and_shared(room: MemoryRoom, door: WebFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    pages = [enter(room, door, f"page{number}") for number in range(20)]
    counting = Counting()
    monkeypatch.setattr(door_side, "JSON", counting)
    came: list[bytes] = []
    for page in pages:
        page.texts()

        def note(data: bytes, read: Callable[[bytes], None] = page.person.dataReceived) -> None:
            came.append(data)
            read(data)

        monkeypatch.setattr(page.person, "dataReceived", note)
    pages[0].type("hello")
    room.settle()
    assert counting.rendered == 1
    assert len(came) == 20
    assert len({id(data) for data in came}) == 1
    for page in pages:
        assert page.talk() == ["page0: hello"]


def test_over_its_rate_a_page_is_read_more_slowly_and_nothing_is_lost() -> None:
    room, door = opened(rate=10, burst=5)
    alice, bob = enter(room, door, "alice"), room.enter("bob")
    alice.type(*map(str, range(20)))
    alice.type("20\n21")
    assert bob.lines() == [f"alice: {number}" for number in range(4)]
    room.advance(0.1)
    assert bob.lines() == ["alice: 4"]
    for _ in range(20):
        room.advance(0.1)
    assert bob.lines() == [f"alice: {number}" for number in range(5, 22)]


# Pings.


def test_who_answers_pings_stays_and_who_does_not_is_let_go(room: MemoryRoom, door: WebFactory) -> None:
    alive, dead, bob = enter(room, door, "alive"), enter(room, door, "dead"), room.enter("bob")
    for number in range(1, 4):
        room.advance(PING_EVERY - 1)
        alive.texts()
        assert alive.pings == number - 1
        room.advance(1)
        alive.texts()
        assert alive.pings == number
        alive.send(frame("", Opcode.PONG))
        assert dead.closed == (number > 1)
    assert bob.lines() == ["* dead left (connection lost)"]
    alive.person.drop()
    room.settle()
    bob.close()
    room.settle()
    assert not room.clock.getDelayedCalls()


def test_who_talks_need_not_answer_pings(room: MemoryRoom, door: WebFactory) -> None:
    alice = enter(room, door, "alice")
    for _ in range(10):
        room.advance(PING_EVERY / 2)
        alice.type("hello")
    assert not alice.closed


def test_who_is_read_slowly_is_not_taken_for_dead() -> None:
    room, door = opened(rate=0.01, burst=1)
    alice, bob = enter(room, door, "alice"), room.enter("bob")
    alice.type("one", "two")
    for said in ("one", "two"):
        for _ in range(3):
            room.advance(PING_EVERY)
            alice.send(frame("", Opcode.PONG))
        room.advance(10)
        assert bob.lines() == [f"alice: {said}"]
    assert not alice.closed


def test_who_was_not_read_until_now_has_until_the_next_ping() -> None:
    # The rate lets one line pass just before the second ping is due.
    room, door = opened(rate=1 / (2 * PING_EVERY - 0.001), burst=1)
    alice = enter(room, door, "alice")
    alice.type("one")
    room.advance(PING_EVERY)
    room.advance(PING_EVERY)
    assert alice.talk() == ["alice: one"]
    assert not alice.closed


# The end.


@pytest.mark.parametrize(
    ("leave", "why"),
    [
        (lambda page: page.send(frame("", Opcode.CLOSE)), "connection closed"),
        (lambda page: page.send(frame(struct.pack("!H", GOING_AWAY) + b"bye", Opcode.CLOSE)), "connection closed"),
        (lambda page: page.person.close(), "connection closed"),
        (lambda page: page.person.finish(), "connection closed"),
        (lambda page: (page.send(frame("half")[:7]), page.person.finish()), "connection closed"),
        (lambda page: (page.send(frame("half", fin=False)), page.person.close()), "connection closed"),
        (lambda page: page.person.drop(), "connection lost"),
        (lambda page: page.type("/quit"), ""),
        (lambda page: page.type("/quit tea"), "tea"),
    ],
)
def test_whoever_goes_is_out_at_once_and_the_room_is_told_why(
    room: MemoryRoom, door: WebFactory, leave: Callable[[Page], object], why: str
) -> None:
    alice, bob = enter(room, door, "alice"), room.enter("bob")
    leave(alice)
    assert bob.lines() == [f"* alice left ({why})" if why else "* alice left"]
    assert alice.closed
    assert not door.nicknames
    assert enter(room, door, "alice")


@pytest.mark.parametrize(
    ("sent", "answered"),
    [
        (b"", NORMAL),
        (struct.pack("!H", NORMAL), NORMAL),
        (struct.pack("!H", GOING_AWAY) + b"bye", GOING_AWAY),
        (struct.pack("!H", 4999), 4999),
    ],
)
def test_a_close_is_answered_with_a_close_and_what_comes_behind_it_is_not_read(
    room: MemoryRoom, door: WebFactory, sent: bytes, answered: int
) -> None:
    alice, bob = enter(room, door, "alice"), room.enter("bob")
    alice.send(frame("last words") + frame(sent, Opcode.CLOSE) + frame("behind"))
    alice.type("behind")
    alice.texts()
    assert (alice.closed, alice.code) == (True, answered)
    assert bob.lines() == ["alice: last words", "* alice left (connection closed)"]


def test_a_close_before_the_nickname_is_answered(room: MemoryRoom, door: WebFactory) -> None:
    page = Page(room, door)
    page.send(frame("", Opcode.CLOSE))
    page.texts()
    assert (page.closed, page.code) == (True, NORMAL)
    assert not room.clock.getDelayedCalls()


def test_a_close_while_the_entry_is_on_its_way_is_followed_once_it_is_there() -> None:
    house = House(SteppedLog(prompt=False))
    room = MemoryRoom(chat=house.chat)
    door = WebFactory(chat=house.chat, reactor=room.clock)
    alice = Page(room, door)
    alice.send(frame("alice") + frame("hello") + frame("", Opcode.CLOSE))
    room.settle()
    assert not alice.closed
    for _ in range(5):
        house.log.settle()
        room.settle()
    assert alice.closed
    assert [event.text for event in house.happened if isinstance(event, Said)] == ["hello"]


def test_half_an_upgrade_and_then_the_end_leaves_nothing(room: MemoryRoom, door: WebFactory) -> None:
    for cut in range(1, len(upgrade()), 7):
        browser = room.connect(door)
        browser.send(upgrade()[:cut])
        browser.close()
    room.settle()
    assert not room.clock.getDelayedCalls()


def test_stopping_says_goodbye_to_everybody_with_a_close(room: MemoryRoom, door: WebFactory) -> None:
    alice, stranger = enter(room, door, "alice"), Page(room, door)
    stranger.texts()
    stopped: list[None] = []
    door.stop().addCallback(stopped.append)
    for page in (alice, stranger):
        assert page.things() == [{"kind": "notice", "text": "the server is stopping"}]
        assert (page.closed, page.code) == (True, GOING_AWAY)
    assert stopped == [None]
    assert not room.clock.getDelayedCalls()


def test_who_does_not_answer_the_close_is_closed_all_the_same(room: MemoryRoom, door: WebFactory) -> None:
    alice = enter(room, door, "alice")
    alice.person.stop_reading()
    alice.type("/quit")
    room.advance(CLOSE_TIMEOUT - 1)
    assert not alice.closed
    room.advance(1)
    assert alice.closed
    assert not room.clock.getDelayedCalls()


# Who does not read.


def test_a_page_that_does_not_read_is_let_go_and_holds_nobody_up() -> None:
    room, door = opened(sendq=100_000, rate=0)
    alice, slow, bob = enter(room, door, "alice"), enter(room, door, "slow"), room.enter("bob")
    slow.person.stop_reading()
    alice.texts()
    left: list[str] = []
    for _ in range(100):
        alice.type("x" * 4000)
        shown, *more = bob.lines()
        assert shown == f"alice: {'x' * 4000}"
        assert alice.talk() == [shown]
        left += more
    room.advance(1)
    assert left == ["* slow left (reading too slowly)"]
    assert slow.closed


def test_pings_that_are_not_read_count_as_well() -> None:
    room, door = opened(sendq=50_000, rate=0)
    alice = enter(room, door, "alice")
    alice.person.stop_reading()
    for _ in range(100):
        alice.send(frame("x" * 125, Opcode.PING) * 20)
        room.settle()
    room.advance(1)
    assert alice.closed
    assert door.nicknames == []


def test_a_page_that_reads_a_long_history_slowly_gets_all_of_it() -> None:
    room, door = opened(rate=0, replay=1000, sendq=20_000)
    bob = room.enter("bob")
    bob.type(*(f"{number} {'x' * 500}" for number in range(200)))
    bob.lines()
    alice = Page(room, door)
    alice.type("alice")
    shown = []
    for _ in range(200):
        alice.person.stop_reading()
        room.settle()
        alice.person.read_on()
        shown += alice.talk()
    assert [line.split()[1] for line in shown] == [str(number) for number in range(200)]
    assert not alice.closed


def test_json_in_frames_is_json_in_lines(room: MemoryRoom, door: WebFactory) -> None:
    page, line = enter(room, door, "page"), room.enter("line", "format=json")
    page.texts()
    page.type("hello", "/me waves", "/topic tea \U0001f375", "/nick other", "/join garden")
    line.type("hi", "/msg other psst", "/nick another")
    heard = page.texts()
    both = [text for text in line.lines() if json.loads(text)["kind"] != "private"]
    assert [json.loads(text)["kind"] for text in both] == ["said", "acted", "topic", "renamed", "said", "renamed"]
    assert set(both) <= set(heard)
