"""Bytes that come to the door for lines are cut into lines, and no bytes upset it."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lineroom import two

from chatroom.testing import MemoryRoom


@pytest.fixture
def room() -> MemoryRoom:
    return MemoryRoom()


# Bytes to lines.


@pytest.mark.parametrize(
    "segments",
    [
        [b"hello\n"],
        [b"hello\r\n"],
        [b"hel", b"lo", b"\r", b"\n"],
        [b"h", b"e", b"l", b"l", b"o", b"\n"],
        [b"\n\r\n", b"hello\n\n"],
        [b"\xff\xfd\x01hel\xff", b"\xfb\x1flo\r\n"],
    ],
)
def test_a_line_is_a_line_in_whatever_pieces_it_comes(room: MemoryRoom, segments: list[bytes]) -> None:
    alice, bob = two(room)
    for segment in segments:
        alice.send(segment)

    assert bob.lines() == ["alice: hello"]


def test_several_lines_in_one_segment_are_several_messages(room: MemoryRoom) -> None:
    alice, bob = two(room)
    alice.send(b"one\ntwo\r\nthree\nfo")
    assert bob.lines() == ["alice: one", "alice: two", "alice: three"]
    alice.send(b"ur\n")

    assert bob.lines() == ["alice: four"]


def test_a_character_may_be_split_over_two_segments(room: MemoryRoom) -> None:
    alice, bob = two(room)
    line = "naïve \U0001f469\u200d\U0001f467 日本\n".encode()
    for number in range(len(line)):
        alice.send(line[number : number + 1])

    assert bob.lines() == ["alice: naïve \U0001f469\u200d\U0001f467 日本"]


def test_the_handshake_and_the_first_words_may_come_in_one_segment(room: MemoryRoom) -> None:
    alice = room.connect()
    alice.send(b"alice\nhello\n/join garden\nroses\n/quit bye\nnot said\n")

    assert [line for line in alice.lines() if not line.startswith("* 1 in")][2:] == [
        "* alice joined",
        "alice: hello",
        "* alice joined",
        "alice: roses",
        "* alice left (bye)",
    ]
    assert alice.closed


def test_telnets_negotiation_is_refused_and_does_not_reach_the_room(room: MemoryRoom) -> None:
    alice, bob = two(room)
    alice.send(b"\xff\xfb\x18\xff\xfd\x03hi\r\n")

    assert bob.lines() == ["alice: hi"]
    assert alice.data() == b"\xff\xfe\x18\xff\xfc\x03alice: hi\r\n"


CR_NUL = b"alice\r\0first\r\0\xff\xf1second\r\0th\0ird\r\n"
"""Lines that end as telnet sends the Enter key when it sends single characters (RFC 854), and a NUL that ends none."""


@pytest.mark.parametrize("size", [1, 2, 3, 5, 100])
def test_cr_nul_of_telnet_ends_a_line_however_it_is_cut(room: MemoryRoom, size: int) -> None:
    alice = room.connect()
    for start in range(0, len(CR_NUL), size):
        alice.send(CR_NUL[start : start + size])

    assert alice.lines()[-3:] == ["alice: first", "alice: second", "alice: third"]


def test_a_line_that_is_too_long_is_thrown_away_with_an_error_and_the_connection_stays(room: MemoryRoom) -> None:
    alice, bob = two(room)
    alice.send(b"x" * 5000 + b"\n" + b"y" * 4096 + b"\n")

    assert bob.lines() == ["alice: " + "y" * 4096]
    assert alice.lines() == [
        "! That line is longer than 4096 bytes and was thrown away: send it in pieces.",
        "alice: " + "y" * 4096,
    ]


def test_the_length_of_a_line_can_be_set_and_is_in_bytes() -> None:
    room = MemoryRoom(max_line=8)
    alice = room.enter("alice")
    alice.type("éééé", "ééééé")

    assert alice.lines() == [
        "! That line is longer than 8 bytes and was thrown away: send it in pieces.",
        "alice: éééé",
    ]


def test_a_line_that_is_not_utf8_is_thrown_away_with_an_error_and_the_connection_stays(room: MemoryRoom) -> None:
    alice, bob = two(room)
    alice.send(b"caf\xe9\nhi\n")

    assert alice.lines() == [
        "! That line is not UTF-8 and was thrown away: set your terminal to UTF-8.",
        "alice: hi",
    ]
    assert bob.lines() == ["alice: hi"]


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=200), st.integers(1, 50))
def test_no_bytes_upset_the_server_or_reach_another_unclean(data: bytes, size: int) -> None:
    room = MemoryRoom(handshake_timeout=3600)
    bob = room.enter("bob")
    for prefix in (b"alice\n", b""):
        hostile = room.connect()
        hostile.send(prefix)
        for start in range(0, len(data), size):
            hostile.send(data[start : start + size])
        hostile.send(b"\n")
        heard = "".join(bob.lines())
        assert not re.search(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", heard)
    bob.type("still here")

    assert bob.lines()[-1] == "bob: still here"


@pytest.mark.parametrize("rate", [0, 10])
def test_a_thousand_lines_pasted_around_a_join_keep_their_order(rate: float) -> None:
    room = MemoryRoom(rate=rate)
    alice = room.enter("alice", "format=json")
    lines = [f"line {number}" for number in range(1000)]
    alice.type(*lines[:500], "/join garden", *lines[500:])
    for _ in range(100):
        room.advance(1)
    said = [found for found in map(json.loads, alice.lines()) if found["kind"] == "said"]

    assert [(found["room"], found["text"]) for found in said] == [
        *[("lobby", line) for line in lines[:500]],
        *[("garden", line) for line in lines[500:]],
    ]


def test_what_comes_while_a_request_is_on_its_way_waits_its_turn(room: MemoryRoom) -> None:
    alice = room.enter("alice", "format=json")
    alice.type("one", "/join garden", "two")
    alice.type("three", "/nick al", "four")
    alice.type("five")
    said = [found for found in map(json.loads, alice.lines()) if found["kind"] == "said"]

    assert [found["text"] for found in said] == ["one", "two", "three", "four", "five"]


def test_a_last_line_that_is_not_ended_is_a_line(room: MemoryRoom) -> None:
    alice, bob = two(room)
    alice.send(b"one\ntwo")
    alice.finish()

    assert bob.lines() == ["alice: one", "alice: two", "* alice left (connection closed)"]


def test_the_answer_to_the_prompt_may_be_longer_than_a_line_of_text() -> None:
    room = MemoryRoom(replay=0, max_line=40)
    bob = room.enter("bob")
    alice = room.connect()
    long = "a" * 41
    alice.type(f"alice format=json client={'s' * 64} room=garden,lobby", long, "short")

    shown = [json.loads(line) for line in alice.lines()[1:]]
    assert [thing["code"] for thing in shown if thing["kind"] == "error"] == ["line-too-long"]
    assert bob.lines() == ["* alice joined", "alice: short"]
    alice.type(long)
    assert [json.loads(line)["code"] for line in alice.lines()] == ["line-too-long"]
