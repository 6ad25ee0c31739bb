"""Frames at the door for browsers: of every length, cut anywhere, without an end, and against the rules.

Both ends of each connection are in memory.
"""

from __future__ import annotations

import struct
import tracemalloc
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pages import BAD_TEXT, NORMAL, PROTOCOL_ERROR, UNSUPPORTED, Page, enter, frame, head, opened
from wsproto.connection import Connection, ConnectionType
from wsproto.events import TextMessage
from wsproto.frame_protocol import Opcode

from chatroom.doors.web import WebFactory
from chatroom.doors.web import websocket as door_side
from chatroom.testing import MemoryRoom


@pytest.fixture
def room() -> MemoryRoom:
    return MemoryRoom()


@pytest.fixture
def door(room: MemoryRoom) -> WebFactory:
    return WebFactory(chat=room.chat, reactor=room.clock)


# Lengths.


@pytest.mark.parametrize("size", [1, 125, 126, 127, 65535, 65536, 65537])
def test_messages_of_every_length_go_both_ways(size: int) -> None:
    room, door = opened(max_line=100_000, sendq=10**7, rate=0)
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
def test_fragments_without_end_are_thrown_away_as_they_come(text: str) -> None:
    room, door = opened(rate=0)
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


def test_nothing_follows_the_frame_that_closes() -> None:
    room, door = opened(rate=0)
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
