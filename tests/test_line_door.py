"""The door for lines, from the bytes of one person to the bytes of another: come in, talk, come back.

Both ends of each connection are in memory, and time passes when a test says so.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from lineroom import two

from chatroom import ChatFactory
from chatroom.core.commands import COMMANDS
from chatroom.model.constants import LOBBY
from chatroom.testing import MemoryRoom, Person
from chatroom.wire.handshake import MAX_TRIES

WELCOME = "* welcome to lobby, {0}. In the room: {1}. /help lists the commands."


@pytest.fixture
def room() -> MemoryRoom:
    return MemoryRoom()


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
    assert all(set(event) == {"id", "at", "kind", "room", "nick", "member", "text"} for event in events.values())
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
