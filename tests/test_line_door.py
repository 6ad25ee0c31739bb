"""The door for lines, from the bytes of one person to the bytes of another: serve, join, talk, stop.

Both ends of each connection are in memory, and time passes when a test says so.
"""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stepped import NOT_SENT, House, SteppedLog
from twisted.internet.tcp import Server
from twisted.internet.testing import MemoryReactorClock

from chatroom import ChatClientFactory, ChatClientProtocol, ChatFactory
from chatroom.core.commands import COMMANDS
from chatroom.doors.assembly import open_chat
from chatroom.doors.connection import CLOSE_TIMEOUT
from chatroom.model.constants import HOST_NAME, LOBBY
from chatroom.model.events import Event, Joined, Quit, Renamed, Said
from chatroom.model.settings import Settings
from chatroom.testing import MemoryRoom, Person
from chatroom.wire.handshake import MAX_TRIES

WELCOME = "* welcome to lobby, {0}. In the room: {1}. /help lists the commands."


@pytest.fixture
def room() -> MemoryRoom:
    return MemoryRoom()


def two(room: MemoryRoom) -> tuple[Person, Person]:
    """Alice and Bob, with nothing unread."""
    alice, bob = room.enter("alice"), room.enter("bob")
    alice.lines()
    return alice, bob


@pytest.fixture
def house() -> House:
    """Rooms on a log that keeps things when it is told to."""
    return House(SteppedLog(prompt=False))


def entered(house: House, room: MemoryRoom, nickname: str) -> Person:
    person = room.connect()
    person.type(nickname)
    room.settle()
    house.log.settle()
    assert person.lines()[-1] == f"* {nickname} joined"
    return person


# The handshake.


def test_a_newcomer_is_asked_for_a_nickname_and_welcomed(room: MemoryRoom) -> None:
    alice = room.connect()
    assert alice.lines() == ["NICK"]
    alice.type("alice")

    assert alice.lines() == [WELCOME.format("alice", "alice"), "* alice joined"]


def test_the_lobby_is_the_room_one_enters() -> None:
    assert list(MemoryRoom(room="Hall").enter("alice").protocol.session.rooms) == ["hall"]
    assert list(MemoryRoom().enter("alice").protocol.session.rooms) == [LOBBY]


def test_everybody_sees_who_comes(room: MemoryRoom) -> None:
    alice = room.enter("alice")
    bob = room.connect()
    bob.type("Bob")

    assert alice.lines() == ["* Bob joined"]
    assert bob.lines() == ["NICK", WELCOME.format("Bob", "alice, Bob"), "* Bob joined"]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ("", "! That is an empty line: answer with a nickname, and options as key=value if you want any."),
        ("/who", "! That nickname will not do: it starts with /."),
        ("server", "! That nickname will not do: it could be mistaken for the server."),
        (
            "al ice",
            "! A nickname has no spaces in it: answer with a nickname, and options as key=value if you want any.",
        ),
        ("ALICE", "! The nickname ALICE is taken: choose another."),
        ("x" * 33, "! That nickname will not do: it has more than 32 characters."),
        ("bob room=a]b", "! That name will not do for a room: it has ] in it."),
    ],
)
def test_a_nickname_that_will_not_do_is_refused_and_asked_for_again(room: MemoryRoom, answer: str, error: str) -> None:
    room.enter("alice")
    bob = room.connect()
    bob.type(answer)
    assert bob.lines() == ["NICK", error, "NICK"]
    bob.type("bob")

    assert "* bob joined" in bob.lines()


def test_after_five_refused_nicknames_goodbye_is_said(room: MemoryRoom) -> None:
    alice = room.enter("alice")
    bob = room.connect()
    bob.type(*["alice"] * MAX_TRIES, "bob")
    shown = bob.lines()

    assert bob.closed
    assert shown.count("NICK") == MAX_TRIES == 5
    assert shown[-1] == "! None of 5 nicknames would do: goodbye. Connect again to try others."
    assert alice.lines() == [], "what came after the goodbye was taken"


def test_a_newcomer_who_gives_no_nickname_in_time_is_let_go(room: MemoryRoom) -> None:
    silent, late = room.connect(), room.connect()
    room.advance(29)
    late.type("late")
    assert not silent.closed
    room.advance(1)

    assert silent.lines() == ["NICK", "! No nickname within 30 seconds: goodbye. Connect again when you have one."]
    assert silent.closed
    room.advance(1000)
    assert not late.closed


def test_lines_that_are_not_names_do_not_stop_the_time(room: MemoryRoom) -> None:
    silent = room.connect()
    for _ in range(4):
        silent.type("a b")
        room.advance(7.5)

    assert silent.closed


def test_the_time_for_a_nickname_can_be_set() -> None:
    room = MemoryRoom(handshake_timeout=2)
    silent = room.connect()
    room.advance(2)

    assert silent.lines()[-1] == "! No nickname within 2 seconds: goodbye. Connect again when you have one."


def test_who_has_given_a_nickname_may_take_their_time_to_read_what_they_missed() -> None:
    room = MemoryRoom(handshake_timeout=30, rate=0)
    bob = room.enter("bob")
    for _ in range(50):
        bob.type("x" * 4000)
        bob.lines()
    alice = room.connect()
    alice.lines()
    alice.stop_reading()
    alice.type("alice since=0")
    room.advance(60)
    alice.read_on()
    shown = alice.lines()

    assert len([line for line in shown if line.endswith("x" * 4000)]) == 50
    assert shown[-1] == "* alice joined"
    assert not alice.closed


def test_json_and_rooms_can_be_asked_for_in_the_handshake(room: MemoryRoom) -> None:
    alice = room.connect()
    alice.type("alice format=json room=garden,#Kitchen")
    asked, *shown = alice.lines()

    assert asked == "NICK"
    welcome, people, past, live, *joined = map(json.loads, shown)
    assert past == {"kind": "past", "room": "kitchen"}
    assert live == {"kind": "live"}
    assert (welcome["kind"], welcome["nick"], welcome["room"]) == ("welcome", "alice", "kitchen")
    assert (people["kind"], people["room"]) == ("people", "garden")
    assert [(line["kind"], line["room"], line["nick"]) for line in joined] == [
        ("joined", "garden", "alice"),
        ("joined", "kitchen", "alice"),
    ]


def test_errors_before_the_entrance_come_in_the_form_that_was_asked_for(room: MemoryRoom) -> None:
    alice = room.connect()
    alice.type("server format=json")
    _, error, again = alice.lines()

    assert json.loads(error)["code"] == "nickname-refused"
    assert again == "NICK"


def test_a_newcomer_is_shown_the_message_of_the_day(tmp_path: Path) -> None:
    (tmp_path / "motd").write_text("Tea at \x1b[31mfive\x1b[0m.\nBring cake.\n", encoding="utf-8")
    alice = MemoryRoom(motd=str(tmp_path / "motd")).connect()
    alice.type("alice")

    assert alice.lines()[2:4] == ["* Tea at five.", "* Bring cake."]


def test_a_message_of_the_day_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="motd"):
        ChatFactory(motd=str(tmp_path / "motd"))


def test_a_newcomer_is_shown_the_last_of_what_was_said() -> None:
    room = MemoryRoom(replay=2)
    alice = room.enter("alice")
    alice.type("one", "two", "/me waves")
    bob = room.connect()
    bob.type("bob")
    shown = bob.lines()

    assert [re.sub(r"^\[\d\d:\d\d\] ", "[..:..] ", line) for line in shown[2:]] == [
        "[..:..] alice: two",
        "[..:..] * alice waves",
        "* bob joined",
    ]


def test_who_came_and_went_before_is_not_shown_to_a_newcomer(room: MemoryRoom) -> None:
    room.enter("alice").type("/nick al", "/quit")
    room.settle()
    bob = room.connect()
    bob.type("bob")

    assert bob.lines() == ["NICK", WELCOME.format("bob", "bob"), "* bob joined"]


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


# RateLimit.


def test_over_their_rate_somebody_is_read_more_slowly_and_nothing_is_lost() -> None:
    room = MemoryRoom(rate=2, burst=5)
    alice = room.enter("alice")  # Their nickname was a line.
    bob = room.enter("bob")
    alice.lines()
    room.advance(10)
    alice.type(*map(str, range(10)))
    assert alice.lines() == [f"alice: {number}" for number in range(5)]
    assert alice.protocol.paused
    for number in range(5, 10):
        room.advance(0.4)
        assert alice.lines() == []
        room.advance(0.1)
        assert alice.lines() == [f"alice: {number}"]

    assert not alice.protocol.paused
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
    assert alice.protocol.paused
    room.advance(0.1)
    house.log.settle()

    assert alice.lines()[-1] == "alice: held back"


# Who may come.


def test_when_the_server_is_full_a_newcomer_is_told_so_until_somebody_goes() -> None:
    room = MemoryRoom(max_clients=2)
    alice = room.enter("alice")
    stranger = room.connect()
    late = room.connect()
    assert late.lines() == ["! The server is full (2 connections): try again later."]
    assert late.closed
    stranger.drop()
    room.settle()
    assert room.enter("bob").protocol.session.entered
    assert room.connect().closed
    alice.type("/quit")
    room.settle()
    assert room.enter("carol").protocol.session.entered


def test_those_from_one_address_are_limited_where_it_is_not_exempt() -> None:
    room = MemoryRoom(max_clients_per_host=1, exempt="")
    room.enter("alice")
    late = room.connect()
    assert late.lines() == [
        "! There are 1 connections from your address already: close one, or try again later.",
    ]
    assert late.closed
    # A test's people come from a private address.
    classroom = MemoryRoom(max_clients_per_host=1)
    assert [classroom.enter(f"pupil{number}").closed for number in range(5)] == [False] * 5


def test_what_somebody_who_was_refused_sends_is_taken_by_nobody() -> None:
    room = MemoryRoom(max_clients=1)
    alice = room.enter("alice")
    late = room.connect()
    late.type("bob", "hello")
    room.advance(100)

    assert late.closed
    assert alice.lines() == []
    assert room.factory.nicknames == ["alice"]


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


# Coming back.


def test_whoever_comes_back_gets_what_they_missed_once_in_the_order_in_which_it_was() -> None:
    room = MemoryRoom(rate=0)
    alice = room.enter("alice", "room=garden,lobby format=json")
    bob = room.enter("bob")
    bob.type("one", "/join garden", "two")
    heard = [json.loads(line) for line in alice.lines()]
    last = [line["id"] for line in heard if "id" in line][-1]
    alice.drop()
    bob.type("three", "/join lobby", "four")
    room.settle()
    alice = room.connect()
    alice.type(f"alice room=garden,lobby format=json since={last}")
    bob.type("five")
    heard += [json.loads(line) for line in alice.lines()[1:]]
    ids = [line["id"] for line in heard if "id" in line]

    assert [line["text"] for line in heard if line["kind"] == "said"] == ["one", "two", "three", "four", "five"]
    assert ids == sorted(set(ids))


def test_history_goes_back_page_by_page(room: MemoryRoom) -> None:
    alice = room.enter("alice", "format=json")
    alice.type(*map(str, range(9)))
    alice.lines()
    alice.type("/history 3")
    pages, before = [], 0
    while events := json.loads(alice.lines()[-1])["events"]:
        pages.append([event["text"] for event in events])
        before = events[0]["id"]
        alice.type(f"/history 3 before {before}")

    assert pages == [["6", "7", "8"], ["3", "4", "5"], ["0", "1", "2"]]


def test_what_was_said_is_found(room: MemoryRoom) -> None:
    alice = room.enter("alice", "format=json")
    alice.type("tea and cake", "coffee")
    alice.lines()
    alice.type("/search cake TEA", "/search water", "/search !")
    found, nothing, error = (json.loads(line) for line in alice.lines())

    assert (found["kind"], found["words"]) == ("found", "cake TEA")
    assert [event["text"] for event in found["events"]] == ["tea and cake"]
    assert (nothing["kind"], nothing["events"]) == ("found", [])
    assert (error["kind"], error["code"]) == ("error", "nothing-to-search")


# Talk.


def test_every_message_goes_to_everybody_in_the_room_the_speaker_too(room: MemoryRoom) -> None:
    people = [room.enter(nickname) for nickname in ("alice", "bob", "carol")]
    for person in people:
        person.lines()
    for person in people:
        person.type("hello")

    for person in people:
        assert person.lines() == ["alice: hello", "bob: hello", "carol: hello"]


def test_talk_of_a_room_is_heard_in_that_room(room: MemoryRoom) -> None:
    alice, bob = two(room)
    carol = room.enter("carol", "room=garden")
    alice.type("/join garden")
    alice.lines()
    bob.type("in the lobby")
    carol.type("in the garden")

    assert alice.lines() == ["[lobby] bob: in the lobby", "carol: in the garden"]
    assert carol.lines() == ["* alice joined", "carol: in the garden"]
    assert bob.lines() == ["bob: in the lobby"]


def test_whoever_shares_several_rooms_is_told_of_a_renaming_and_a_leaving_once(room: MemoryRoom) -> None:
    alice, bob = room.enter("alice", "room=lobby,garden"), room.enter("bob", "room=lobby,garden")
    alice.type("/nick al")
    assert bob.lines() == ["* alice is now al"]
    bob.type("/join lobby")
    assert bob.lines() == ["* you now speak in lobby"]
    alice.type("/quit tea")

    assert bob.lines() == ["* al left (tea)"]


@pytest.mark.parametrize(
    ("leave", "why"),
    [
        (Person.close, "connection closed"),
        (Person.finish, "connection closed"),
        (Person.drop, "connection lost"),
        (lambda person: person.type("/quit"), ""),
        (lambda person: person.type("/quit tea"), "tea"),
    ],
)
def test_whoever_goes_is_out_at_once_and_the_room_is_told_why(
    room: MemoryRoom, leave: Callable[[Person], None], why: str
) -> None:
    alice, bob = two(room)
    leave(alice)

    assert bob.lines() == [f"* alice left ({why})" if why else "* alice left"]
    assert alice.closed
    assert room.factory.nicknames == ["bob"]
    assert room.enter("alice").protocol.session.entered


def test_somebody_who_goes_before_the_handshake_is_noticed_by_nobody(room: MemoryRoom) -> None:
    bob = room.enter("bob")
    for leave in (Person.close, Person.finish, Person.drop):
        stranger = room.connect()
        room.settle()
        leave(stranger)
        assert stranger.closed

    assert bob.lines() == []
    assert not room.clock.getDelayedCalls()


def test_a_name_is_free_in_the_same_moment_in_which_its_connection_is_lost(room: MemoryRoom) -> None:
    alice, bob = two(room)
    again = room.connect()
    room.settle()
    alice.drop()
    again.type("alice")

    assert "* alice joined" in again.lines()
    assert bob.lines() == ["* alice left (connection lost)", "* alice joined"]


def test_whoever_has_sent_all_gets_what_comes_of_it_and_is_then_let_go(room: MemoryRoom) -> None:
    bob = room.enter("bob")
    alice = room.connect()
    alice.type("alice", "one", "/join garden", "two", "/history")
    alice.finish()
    shown = alice.lines()

    assert [line for line in shown if line.startswith("alice: ")] == ["alice: one", "alice: two"]
    assert shown[-1] == "* alice left (connection closed)"
    assert alice.closed
    assert bob.lines() == ["* alice joined", "alice: one", "* alice left (connection closed)"]


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("\x1b[2J\x1b[31mred\x07", "alice: red"),
        ("one\x1b]0;title\x07two", "alice: onetwo"),
        ("abc\u202ecba", "alice: abccba"),
        ("a\u2028* bob left", "alice: a* bob left"),
        ("a\rbob: b", "alice: abob: b"),
        ("* bob left", "alice: * bob left"),
        ("! No.", "alice: ! No."),
        ("/me \x1b[31mwaves\u2066", "* alice waves"),
        ("/topic \x1b[31mtea\x9b0m", "* alice set the topic: tea"),
        ("/nick \x1b[31mal\u202e", "* alice is now al"),
        ("/quit \x1b[31mtea\u202e", "* alice left (tea)"),
        ("/msg bob \x1b[31mpsst\u202e", "alice (privately to bob): psst"),
    ],
)
def test_nobody_can_corrupt_or_forge_what_another_is_shown(room: MemoryRoom, line: str, shown: str) -> None:
    alice, bob = two(room)
    alice.type(line)

    assert bob.lines() == [shown]


def test_a_command_is_done_and_an_unknown_one_answered(room: MemoryRoom) -> None:
    alice, bob = two(room)
    alice.type("/help", "/whoo", "//who")

    *help_, unknown, said = alice.lines()
    assert help_ == [f"* {row.usage} - {row.help}" for row in COMMANDS.values()]
    assert "/who?" in unknown
    assert said == "alice: /who"
    assert bob.lines() == ["alice: /who"]


def test_what_is_ignored_is_not_heard(room: MemoryRoom) -> None:
    alice, bob = two(room)
    alice.type("/ignore BOB")
    alice.lines()
    bob.type("hello", "/msg alice hello")
    assert alice.lines() == []
    alice.type("/unignore bob")
    alice.lines()
    bob.type("hello")

    assert alice.lines() == ["bob: hello"]


# Programs.


def test_a_program_gets_one_object_for_each_line_of_every_kind(room: MemoryRoom) -> None:
    alice = room.enter("alice", "format=json")
    bob = room.enter("bob")
    bob.type("hi", "/me waves", "/topic tea", "/msg alice psst", "/nick rob", "/join garden", "/quit bye")
    alice.type("/who", "/rooms", "/history 1", "/help who", "/nosuch")
    found = [json.loads(line) for line in alice.lines()]
    kinds = [line["kind"] for line in found]

    assert sorted(kinds) == sorted(
        [
            *("joined", "said", "acted", "topic", "private", "renamed", "left"),
            *("people", "rooms", "history", "notice", "error"),
        ]
    )
    events = {line["kind"]: line for line in found if "id" in line}
    assert all(set(event) == {"id", "at", "kind", "room", "nick", "text"} for event in events.values())
    assert {(kind, event["nick"], event["text"]) for kind, event in events.items()} == {
        ("joined", "bob", ""),
        ("said", "bob", "hi"),
        ("acted", "bob", "waves"),
        ("topic", "bob", "tea"),
        ("renamed", "bob", "rob"),
        ("left", "rob", "bye"),
    }
    assert [line["code"] for line in found if line["kind"] == "error"] == ["unknown-command"]


def test_what_goes_to_the_server_is_the_same_in_every_format(room: MemoryRoom) -> None:
    alice, bob = room.enter("alice", "format=json"), room.enter("bob")
    alice.type('{"kind": "said"}')

    assert bob.lines() == ['alice: {"kind": "said"}']


class Parrot(ChatClientProtocol):
    """Says again what others say."""

    def said(self, nickname: str, text: str) -> None:
        if nickname != self.nickname:
            self.say(text)


def test_a_bot_can_be_joined_to_a_room_in_memory(room: MemoryRoom) -> None:
    alice = room.enter("alice")
    bot = room.bot(ChatClientFactory("polly", Parrot))
    assert bot.live
    alice.type("hello")

    assert alice.lines() == ["* polly joined", "alice: hello", "polly: hello"]
    bot.transport.loseConnection()
    assert alice.lines() == ["* polly left (connection closed)"]


def test_a_bot_whose_nickname_is_refused_goes(room: MemoryRoom) -> None:
    room.enter("polly")
    bot = room.bot(ChatClientFactory("polly", Parrot))

    assert not bot.live
    assert room.factory.nicknames == ["polly"]


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
    assert alice.protocol.paused
    # A transport may have read more already when it is told to read no more.
    alice.protocol.dataReceived(b"and a half\n")
    house.log.settle()
    room.settle()
    house.log.settle()

    assert not alice.protocol.paused
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


# Embedding.


def test_the_factory_knows_who_is_in(room: MemoryRoom) -> None:
    alice, bob = two(room)
    room.connect()
    room.settle()

    assert room.factory.nicknames == ["alice", "bob"]
    assert room.factory.clients == {"alice": alice.protocol, "bob": bob.protocol}
    bob.type("/nick rob")
    room.settle()
    assert room.factory.nicknames == ["alice", "rob"]


def test_whoever_has_quit_is_not_in_though_the_connection_is_still_open(room: MemoryRoom) -> None:
    alice, _ = two(room)
    alice.stop_reading()
    alice.type("/quit")
    room.settle()

    assert not alice.closed
    assert room.factory.nicknames == ["bob"]
    room.advance(CLOSE_TIMEOUT)
    assert alice.closed


def test_a_broadcast_is_a_notice_to_everybody_in_all_rooms(room: MemoryRoom) -> None:
    alice, bob = room.enter("alice"), room.enter("bob", "room=garden format=json")
    stranger = room.connect()
    room.factory.broadcast("tea \x1b[31mis ready\nand cake")

    assert alice.lines() == ["* tea is ready", "* and cake"]
    assert [json.loads(line) for line in bob.lines()] == [
        {"kind": "notice", "text": "tea is ready"},
        {"kind": "notice", "text": "and cake"},
    ]
    assert stranger.lines() == ["NICK"]


def test_a_hook_hears_every_event() -> None:
    heard: list[Event] = []
    room = MemoryRoom(hook=heard.append)
    room.enter("alice").type("hello", "/nick al", "/quit bye")
    room.settle()

    assert [(type(event), event.nickname, event.text) for event in heard] == [
        (Joined, "alice", ""),
        (Said, "alice", "hello"),
        (Renamed, "alice", "al"),
        (Quit, "al", "bye"),
    ]


def test_a_hook_that_fails_harms_nobody() -> None:
    def fail(event: Event) -> None:
        raise RuntimeError("a fault in the hook")

    alice = MemoryRoom(hook=fail).enter("alice")
    alice.type("hello")

    assert alice.lines() == ["alice: hello"]


def test_two_factories_do_not_know_each_other() -> None:
    one, other = MemoryRoom(), MemoryRoom()
    alice, also_alice = one.enter("alice"), other.enter("alice")
    alice.type("hello")
    one.factory.broadcast("one")

    assert alice.lines() == ["* one", "alice: hello"]
    assert also_alice.lines() == []


def test_two_factories_may_lead_to_the_same_rooms() -> None:
    one = MemoryRoom()
    other = MemoryRoom(chat=one.factory.chat)
    alice = one.enter("alice")
    bob = other.connect()
    bob.type("bob")
    other.settle()
    one.settle()
    bob.lines()
    alice.type("hello")

    assert alice.lines() == ["* bob joined", "alice: hello"]
    assert bob.lines() == ["alice: hello"]
    assert (one.factory.nicknames, other.factory.nicknames) == (["alice"], ["bob"])


def test_the_factory_takes_its_clock_from_the_first_connection() -> None:
    reactor = MemoryReactorClock()
    factory = ChatFactory()
    with pytest.raises(AssertionError, match="nobody has connected yet"):
        _ = factory.clock
    with accepted(factory, reactor):
        assert factory.clock is reactor


def test_options_are_the_settings() -> None:
    with pytest.raises(TypeError):
        ChatFactory(no_such_setting=1)
    assert ChatFactory(replay=3).settings == Settings(replay=3)
    assert open_chat(Settings(replay=3), MemoryReactorClock).settings == ChatFactory(replay=3).settings


# Stopping, and connections that are dead.


def test_stopping_delivers_what_was_said_tells_everybody_and_closes(room: MemoryRoom) -> None:
    alice, bob = two(room)
    stranger = room.connect()
    room.settle()
    stranger.lines()
    alice.protocol.dataReceived(b"last words\r\n")
    stopped: list[None] = []
    room.factory.stop().addCallback(stopped.append)

    assert alice.lines() == bob.lines() == ["alice: last words", "* the server is stopping"]
    assert stranger.lines() == ["* the server is stopping"]
    assert alice.closed
    assert bob.closed
    assert stranger.closed
    assert stopped == [None]
    assert not room.clock.getDelayedCalls()


def test_stopping_a_server_with_nobody_there_is_done_at_once() -> None:
    stopped: list[None] = []
    ChatFactory().stop().addCallback(stopped.append)

    assert stopped == [None]


def test_stopping_does_not_wait_for_a_connection_that_is_stuck(room: MemoryRoom) -> None:
    alice, bob = two(room)
    bob.stop_reading()
    stopped: list[None] = []
    room.factory.stop().addCallback(stopped.append)
    room.advance(CLOSE_TIMEOUT - 0.1)
    assert alice.closed
    assert not bob.closed
    assert stopped == []
    room.advance(0.1)

    assert bob.closed
    assert stopped == [None]


def test_a_server_that_is_stopping_lets_nobody_in(room: MemoryRoom) -> None:
    alice = room.enter("alice")
    alice.stop_reading()
    room.factory.stop()

    with pytest.raises(ConnectionRefusedError):
        room.connect()


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="this system cannot be told when to give up")
def test_half_open_connections_are_noticed_within_two_minutes() -> None:
    with accepted(ChatFactory(), MemoryReactorClock()) as handle:
        assert handle.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert handle.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        idle, interval, count, user_timeout = (
            handle.getsockopt(socket.IPPROTO_TCP, option)
            for option in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT, socket.TCP_USER_TIMEOUT)
        )
        assert idle + interval * count == 110
        assert user_timeout == 110_000


@contextmanager
def accepted(factory: ChatFactory, reactor: Any) -> Iterator[socket.socket]:
    """The server's socket of a connection to ``factory`` over the loopback."""
    with (
        closing(socket.create_server((HOST_NAME, 0))) as listening,
        closing(socket.create_connection(listening.getsockname())),
    ):
        found, address = listening.accept()
        with closing(found):
            port: Any = None
            protocol = factory.buildProtocol(None)
            protocol.makeConnection(Server(found, protocol, address, port, 1, reactor))
            yield found
