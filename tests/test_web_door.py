"""The door for browsers, from the frames of one person to the frames of another: serve, join, talk, stop.

Both ends of each connection are in memory, and time passes when a test says so. What goes over HTTP before is in
test_web_site.py.
"""

from __future__ import annotations

import json
import struct
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pages import Page, enter, frame, head, upgrade
from stepped import House, SteppedLog
from wsproto.connection import Connection, ConnectionType
from wsproto.events import TextMessage
from wsproto.frame_protocol import Opcode

from chatroom.doors.connection import CLOSE_TIMEOUT
from chatroom.doors.web import WebFactory
from chatroom.doors.web import websocket as door_side
from chatroom.doors.web.websocket import PING_EVERY
from chatroom.model.events import Said
from chatroom.testing import MemoryRoom
from chatroom.wire.formats import JsonLines
from chatroom.wire.handshake import MAX_TRIES

NORMAL, GOING_AWAY, PROTOCOL_ERROR, UNSUPPORTED, BAD_TEXT = 1000, 1001, 1002, 1003, 1007
"""RFC 6455 section 7.4.1."""


@pytest.fixture
def room() -> MemoryRoom:
    return MemoryRoom()


@pytest.fixture
def door(room: MemoryRoom) -> WebFactory:
    return WebFactory(chat=room.chat, reactor=room.clock)


def opened(**options: Any) -> tuple[MemoryRoom, WebFactory]:
    """Rooms with other settings, and the door to them."""
    room = MemoryRoom(**options)
    return room, WebFactory(chat=room.chat, reactor=room.clock)


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


@pytest.mark.parametrize("size", [1, 125, 126, 127, 65535, 65536, 65537])
def test_messages_of_every_length_go_both_ways(size: int) -> None:
    room, door = opened(max_line=100_000, sendq=10**7)
    alice, bob = enter(room, door, "alice"), room.enter("bob")
    alice.texts()
    alice.type("x" * size)
    assert bob.lines() == [f"alice: {'x' * size}"]
    assert alice.talk() == [f"alice: {'x' * size}"]


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65535, 65536, 65537])
def test_a_frame_says_how_long_it_is_in_the_shortest_way(size: int) -> None:
    browser = Connection(ConnectionType.CLIENT)
    browser.receive_data(door_side.frame(b"x" * size))
    # wsproto refuses a length that is written in more bytes than it needs.
    assert list(browser.events()) == [TextMessage(data="x" * size)]


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


# Messages that are too long, or never end.


@pytest.mark.parametrize("parts", [1, 2, 3, 1000])
def test_a_message_that_is_too_long_is_refused_and_the_connection_stays(parts: int) -> None:
    room, door = opened(max_line=3000, rate=0)
    alice, bob = enter(room, door, "alice"), room.enter("bob")
    alice.things()
    for size, refused in ((3000, False), (3001, True), (6000, True)):
        text = "x" * size
        step = -(-size // parts)
        pieces = [text[start : start + step] for start in range(0, size, step)]
        for number, piece in enumerate(pieces):
            opcode = Opcode.CONTINUATION if number else Opcode.TEXT
            alice.send(frame(piece, opcode, fin=number == len(pieces) - 1))
        assert bob.lines() == ([] if refused else [f"alice: {text}"])
        assert [one.get("code") for one in alice.things()] == (["line-too-long"] if refused else [None])
    alice.type("still here")
    assert bob.lines() == ["alice: still here"]


def grows_by(room: MemoryRoom, send: Callable[[], None], times: int) -> int:
    """The bytes of memory that are taken at the most while ``send`` is called so often."""
    tracemalloc.start()
    try:
        for _ in range(times):
            send()
            room.settle()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("size", [1 << 32, 1 << 62])
def test_a_frame_without_end_is_thrown_away_as_it_comes(room: MemoryRoom, door: WebFactory, size: int) -> None:
    alice = enter(room, door, "alice")
    alice.send(head(size) + b"\0\0\0\0")
    piece = b"x" * 65536
    assert grows_by(room, lambda: alice.send(piece), 200) < 20 * len(piece)
    assert not alice.closed
    assert alice.things() == []


@pytest.mark.parametrize("text", ["", "x" * 50, "é" * 25])
def test_fragments_without_end_are_thrown_away_as_they_come(room: MemoryRoom, door: WebFactory, text: str) -> None:
    alice = enter(room, door, "alice")
    alice.send(frame("x", fin=False))
    pieces = frame(text, Opcode.CONTINUATION, fin=False) * 500
    assert grows_by(room, lambda: alice.send(pieces), 100) < 300_000
    alice.send(frame("", Opcode.CONTINUATION))
    alice.type("end")
    said = alice.things()
    assert said[-1]["text"] == "end"
    assert said[0].get("code") == ("line-too-long" if text else None)


@settings(deadline=None, max_examples=50)
@given(cuts=st.lists(st.integers(1, 400), max_size=30))
def test_it_makes_no_difference_where_the_bytes_are_cut(cuts: list[int]) -> None:
    room, door = opened(max_line=60, rate=0)
    alice, bob = enter(room, door, "alice"), room.enter("bob")
    data = b"".join(
        (
            frame("one"),
            frame("tw", fin=False) + frame("ping", Opcode.PING) + frame("o 👋\nthr".encode()[:6], 0, fin=False),
            frame("👋\nthr".encode()[4:], 0, fin=False) + frame("ee", 0),
            frame("x" * 61),
            frame("y" * 40, fin=False) + frame("y" * 40, 0),
            frame(""),
            frame("z" * 60),
            frame("end"),
            frame(b"\0", Opcode.BINARY),
            frame("not taken"),
        )
    )
    ends = [*sorted(cut for cut in set(cuts) if cut < len(data)), len(data)]
    for start, end in zip([0, *ends], ends, strict=False):
        alice.send(data[start:end])
        room.settle()
    heard = bob.lines()
    assert heard[0] == "alice: one"
    assert heard[-3:] == [f"alice: {'z' * 60}", "alice: end", "* alice left (connection closed)"]
    assert len(heard) == 6
    assert [one["code"] for one in alice.things() if one["kind"] == "error"] == ["line-too-long"] * 2
    assert (alice.pongs, alice.code) == ([b"ping"], UNSUPPORTED)


# What breaks the rules.


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (frame(b"\xff\xfe"), BAD_TEXT),
        (frame("é".encode()[:1]), BAD_TEXT),
        (frame("é".encode()[:1], fin=False) + frame("x", Opcode.CONTINUATION), BAD_TEXT),
        (frame(b"\xed\xa0\x80"), BAD_TEXT),
        (frame("x" * 5000, fin=False) + frame(b"\xff", Opcode.CONTINUATION), BAD_TEXT),
        (frame(struct.pack("!H", NORMAL) + b"\xff", Opcode.CLOSE), BAD_TEXT),
        (frame("hello", Opcode.BINARY), UNSUPPORTED),
        (frame("", Opcode.BINARY, fin=False), UNSUPPORTED),
        (b"\x81\x05hello", PROTOCOL_ERROR),
        (frame("hello", reserved=4), PROTOCOL_ERROR),
        (frame("hello", reserved=1), PROTOCOL_ERROR),
        (frame("hello", 3), PROTOCOL_ERROR),
        (frame("hello", 15), PROTOCOL_ERROR),
        (frame("hello", Opcode.CONTINUATION), PROTOCOL_ERROR),
        (frame("one", fin=False) + frame("two"), PROTOCOL_ERROR),
        (frame("x" * 126, Opcode.PING), PROTOCOL_ERROR),
        (frame("x", Opcode.PING, fin=False), PROTOCOL_ERROR),
        (frame("x", Opcode.CLOSE), PROTOCOL_ERROR),
        (frame(struct.pack("!H", 999), Opcode.CLOSE), PROTOCOL_ERROR),
        (frame(struct.pack("!H", 1005), Opcode.CLOSE), PROTOCOL_ERROR),
        (frame(struct.pack("!H", 5000), Opcode.CLOSE), PROTOCOL_ERROR),
        (b"\x81\xfe\x00\x05\0\0\0\0hello", PROTOCOL_ERROR),
        (b"\x81\xff" + struct.pack("!Q", 1 << 63) + b"\0\0\0\0", PROTOCOL_ERROR),
        (b"GET / HTTP/1.1\r\n\r\n", PROTOCOL_ERROR),
    ],
)
@pytest.mark.parametrize("in_", [True, False])
def test_who_breaks_the_rules_is_told_which_and_let_go(
    room: MemoryRoom, door: WebFactory, data: bytes, code: int, in_: bool
) -> None:
    bob = room.enter("bob")
    alice = enter(room, door, "alice") if in_ else Page(room, door)
    # What was whole before it is taken, and what comes after is not.
    alice.send(frame("alice two" if not in_ else "before") + data + frame("after"))
    alice.type("after")
    heard = bob.lines()
    assert heard == (["* alice joined", "alice: before", "* alice left (connection closed)"] if in_ else [])
    alice.texts()
    assert (alice.closed, alice.code) == (True, code)
    bob.close()
    room.settle()
    assert not room.clock.getDelayedCalls()


def test_what_is_sent_before_the_frame_that_closes_is_said_though_it_waits_behind_an_answer() -> None:
    room = MemoryRoom(rate=1, burst=2)
    bob = room.enter("bob")
    alice = enter(room, WebFactory(chat=room.chat, reactor=room.clock), "alice")
    alice.send(b"".join(frame(line) for line in ("/help", "/history", "one", "two")) + frame(b"", opcode=8))
    room.settle()
    for _ in range(5):
        room.advance(2)

    assert [line for line in bob.lines() if line.startswith("alice: ")] == ["alice: one", "alice: two"]


def test_nothing_follows_the_frame_that_closes(room: MemoryRoom, door: WebFactory) -> None:
    alice, bob = enter(room, door, "alice"), room.enter("bob")
    alice.person.stop_reading()
    bob.type(*["x" * 4000] * 20)
    room.settle()
    alice.send(frame("", Opcode.BINARY))
    room.settle()
    bob.type("more")
    assert bob.lines()[-2:] == ["* alice left (connection closed)", "bob: more"]
    alice.person.read_on()
    assert alice.person.data().endswith(door_side.frame(struct.pack("!H", UNSUPPORTED), Opcode.CLOSE))
    assert alice.closed


def test_a_ping_is_answered_with_what_it_carried(room: MemoryRoom, door: WebFactory) -> None:
    alice = enter(room, door, "alice")
    alice.send(frame("one", Opcode.PING) + frame("", Opcode.PING) + frame("unasked", Opcode.PONG))
    alice.type("x")
    assert alice.talk() == ["alice: x"]
    assert alice.pongs == [b"one", b""]


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
    room, door = opened(sendq=50_000)
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
