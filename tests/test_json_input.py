"""Programs that speak JSON as well as hear it: requests with a ref, messages of several lines, coming back."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chatroom.core.commands import COMMANDS
from chatroom.testing import MemoryRoom, Person

SECRET = "a-secret-of-alice's-client"


@pytest.fixture
def room() -> MemoryRoom:
    return MemoryRoom(replay=0)


def ask(person: Person, **request: Any) -> None:
    """Send one request."""
    person.type(json.dumps(request))


def heard(person: Person) -> list[dict[str, Any]]:
    """What a program was sent since the last call."""
    return [json.loads(line) for line in person.lines()]


def program(room: MemoryRoom, nickname: str, options: str = "") -> Person:
    return room.enter(nickname, f"format=json input=json {options}".rstrip())


def come(room: MemoryRoom, nickname: str, options: str = "") -> tuple[Person, list[dict[str, Any]]]:
    """A program that comes in, and what it is shown until it is live."""
    person = room.connect()
    person.type(f"{nickname} format=json input=json {options}".rstrip())
    return person, [json.loads(line) for line in person.lines() if line != "NICK"]


def kinds(things: list[dict[str, Any]]) -> list[str]:
    return [thing["kind"] for thing in things]


# Requests.


def test_a_program_says_things_and_only_it_is_shown_its_ref(room: MemoryRoom) -> None:
    alice, bob, carol = program(room, "alice"), program(room, "bob"), room.enter("carol")
    for person in (alice, bob):
        person.lines()
    ask(alice, say="hello", ref="7")

    (own,), (others,) = heard(alice), heard(bob)
    assert (own["kind"], own["text"], own["ref"]) == ("said", "hello", "7")
    assert others == {key: value for key, value in own.items() if key != "ref"}
    assert carol.lines()[-1] == "alice: hello"


def test_what_is_said_is_never_a_command(room: MemoryRoom) -> None:
    alice, bob = program(room, "alice"), room.enter("bob")
    ask(alice, say="/quit")

    assert bob.lines() == ["alice: /quit"]
    assert not alice.closed


@pytest.mark.parametrize(
    ("command", "kind"),
    [
        ("/who", "people"),
        ("/rooms", "rooms"),
        ("/history 5", "history"),
        ("/search tea", "found"),
        ("/ping x", "pong"),
        ("/help who", "notice"),
        ("/nosuch", "error"),
        ("/leave nowhere", "error"),
        ("/me waves", "acted"),
        ("/topic tea", "topic"),
        ("/topic", "notice"),
        ("/msg alice psst", "private"),
        ("/nick al", "renamed"),
        ("/leave", "left"),
        ("/away lunch", "away"),
        ("/ignore bob", "notice"),
    ],
)
def test_all_that_comes_of_a_command_carries_its_ref(room: MemoryRoom, command: str, kind: str) -> None:
    alice, bob = program(room, "alice"), program(room, "bob")
    alice.lines()
    bob.lines()
    ask(alice, do=command, ref="r-1")

    answers = heard(alice)
    assert kind in kinds(answers)
    assert {answer.get("ref") for answer in answers} == {"r-1"}
    assert not [thing for thing in heard(bob) if "ref" in thing]
    ask(bob, say="afterwards")
    assert not [thing for thing in heard(alice) if "ref" in thing]


def test_what_others_do_while_an_answer_is_on_its_way_carries_no_ref(room: MemoryRoom) -> None:
    alice, bob = program(room, "alice"), room.enter("bob")
    alice.lines()
    bob.type("/msg alice psst", "hi")
    ask(alice, do="/history 5", ref="h")

    things = {thing["kind"]: thing.get("ref") for thing in heard(alice)}
    assert things == {"private": None, "said": None, "history": "h"}


def test_joining_a_room_carries_the_ref_from_its_first_answer_to_the_own_joined(room: MemoryRoom) -> None:
    alice = program(room, "alice")
    ask(alice, do="/join garden", ref="j")

    answers = heard(alice)
    assert kinds(answers) == ["people", "past", "live", "joined"]
    assert {answer["ref"] for answer in answers} == {"j"}


def test_a_request_may_name_its_room(room: MemoryRoom) -> None:
    alice, bob = program(room, "alice", "room=garden,lobby"), room.enter("bob", "room=garden")
    ask(alice, say="over here", room="garden")
    ask(alice, do="/topic herbs", room="#Garden")
    ask(alice, say="over there", room="kitchen", ref="no")

    assert bob.lines() == ["alice: over here", "* alice set the topic: herbs"]
    (error,) = [thing for thing in heard(alice) if "ref" in thing]
    assert (error["kind"], error["code"], error["ref"]) == ("error", "not-in-room", "no")


def test_a_message_may_be_about_another(room: MemoryRoom) -> None:
    alice, bob = program(room, "alice"), program(room, "bob")
    bob.lines()
    ask(alice, say="tea?")
    (question,) = heard(bob)
    ask(bob, say="yes", about=question["id"])

    assert heard(bob)[-1]["about"] == question["id"]


# Messages of several lines.


def test_a_message_of_several_lines_is_one_message_and_each_line_names_its_speaker(room: MemoryRoom) -> None:
    alice, bob, carol = program(room, "alice"), program(room, "bob"), room.enter("carol")
    bob.lines()
    ask(alice, say="one\r\n* two joined\n\n\x1b[31mthree\n\n")

    assert [thing["text"] for thing in heard(bob)] == ["one\n* two joined\n\nthree"]
    assert carol.lines() == ["alice: one", "alice: * two joined", "alice: ", "alice: three"]


def test_a_message_costs_as_much_as_its_lines() -> None:
    room = MemoryRoom(replay=0, rate=1, burst=10)
    alice, bob = program(room, "alice"), room.enter("bob")
    ask(alice, say="\n".join("12345678"))
    ask(alice, say="one more")
    ask(alice, say="too many")
    assert bob.lines()[-1] == "alice: one more"
    room.advance(1)
    assert bob.lines() == ["alice: too many"]


def test_a_message_has_as_many_bytes_as_a_line_however_it_is_escaped() -> None:
    room = MemoryRoom(replay=0, max_line=100, max_lines=3)
    alice, bob = program(room, "alice"), room.enter("bob")
    alice.lines()
    alice.type('{"say": "' + "\\u0041" * 100 + '"}')
    ask(alice, say="A" * 101, ref="long")
    ask(alice, say="1\n2\n3\n4", ref="many")
    ask(alice, say="1\n2\n3")
    alice.type('{"say": "' + "B" * 5000 + '"}')

    assert bob.lines() == ["alice: " + "A" * 100, "alice: 1", "alice: 2", "alice: 3"]
    errors = [(thing["code"], thing.get("ref")) for thing in heard(alice) if thing["kind"] == "error"]
    assert errors == [("line-too-long", "long"), ("too-many-lines", "many"), ("line-too-long", None)]


def test_a_line_that_is_thrown_away_has_not_the_ref_of_the_request_before_it(room: MemoryRoom) -> None:
    alice = program(room, "alice")
    alice.lines()
    ask(alice, say="hello", ref="7")
    assert [thing.get("ref") for thing in heard(alice)] == ["7"]
    alice.type("x" * 50_000)

    assert [(thing["kind"], thing.get("ref")) for thing in heard(alice)] == [("error", None)]


# What is no request.


@pytest.mark.parametrize(
    ("line", "ref"),
    [
        ("hello", None),
        ("[]", None),
        ("{}", None),
        ('{"say": 1}', None),
        ('{"say": "x", "ref": 7}', None),
        ('{"say": "x", "ref": ""}', None),
        ('{"say": "x", "ref": "' + "r" * 65 + '"}', None),
        ('{"say": "x", "colour": "red", "ref": "a"}', "a"),
        ('{"say": "\\ud800", "ref": "a"}', "a"),
        ('{"say": "x", "about": -1, "ref": "a"}', "a"),
        ('{"say": "x", "about": true, "ref": "a"}', "a"),
        ('{"do": "/me waves\\n/quit", "ref": "a"}', "a"),
        ("[" * 4000, None),
        ('{"say": 1' + "0" * 4000 + "}", None),
    ],
)
def test_what_is_no_request_is_answered_and_nothing_is_said(room: MemoryRoom, line: str, ref: str | None) -> None:
    alice, bob = program(room, "alice"), room.enter("bob")
    alice.lines()
    alice.type(line)

    (error,) = heard(alice)
    assert (error["kind"], error["code"], error.get("ref")) == ("error", "bad-request", ref)
    assert bob.lines() == []


def test_an_empty_message_is_answered(room: MemoryRoom) -> None:
    alice = program(room, "alice")
    alice.lines()
    ask(alice, say=" \n\x07", ref="e")

    assert [(thing["code"], thing["ref"]) for thing in heard(alice)] == [("nothing-said", "e")]


def test_without_input_json_a_line_is_a_line(room: MemoryRoom) -> None:
    alice, bob = room.enter("alice", "format=json"), room.enter("bob")
    alice.type('{"say": "x"}')

    assert bob.lines() == ['alice: {"say": "x"}']


# The welcome.


def test_the_welcome_tells_what_a_client_has_to_know(room: MemoryRoom) -> None:
    _, (welcome, *_) = come(room, "alice")

    assert welcome["history"] == room.chat.log.identity
    assert welcome["limits"] == {"line": 4096, "message": 4096, "lines": 100, "nickname": 32}
    assert [command["name"] for command in welcome["commands"]] == list(COMMANDS)
    assert all(command["help"] for command in welcome["commands"])
    about_rooms = [command["name"] for command in welcome["commands"] if command["in_room"]]
    assert about_rooms == [command.name for command in COMMANDS.values() if command.in_room]
    assert {"who", "me", "leave", "topic", "invite"} <= set(about_rooms)
    assert not {"rooms", "join", "msg", "nick"} & set(about_rooms)
    assert welcome["member"]


# Coming back.


def test_what_is_sent_again_with_its_ref_is_done_once(room: MemoryRoom) -> None:
    alice, bob = program(room, "alice", f"client={SECRET}"), room.enter("bob")
    ask(alice, say="hello", ref="7")
    (first,) = [thing for thing in heard(alice) if thing.get("ref") == "7"]
    alice.drop()
    again, _ = come(room, "alice", f"client={SECRET}")
    ask(again, say="hello", ref="7")
    ask(again, say="hello", ref="8")

    room.settle()
    again.lines()
    assert [line for line in bob.lines() if line == "alice: hello"] == ["alice: hello"] * 2
    ask(again, say="hello", ref="7")
    assert heard(again) == [{"kind": "done", "event": first["id"], "ref": "7"}]


def test_a_ref_is_of_one_member(room: MemoryRoom) -> None:
    alice, bob = program(room, "alice", f"client={SECRET}"), program(room, "bob", f"client={SECRET[::-1]}")
    ask(alice, say="hello", ref="7")
    ask(bob, say="hello", ref="7")

    said = [thing["nick"] for thing in heard(bob) if thing["kind"] == "said"]
    assert said == ["alice", "bob"]


def test_a_private_word_that_is_sent_again_with_its_ref_is_told_once(room: MemoryRoom) -> None:
    alice, bob = program(room, "alice", f"client={SECRET}"), room.enter("bob")
    ask(alice, do="/msg bob psst", ref="p")
    alice.drop()
    again, _ = come(room, "alice", f"client={SECRET}")
    ask(again, do="/msg bob psst", ref="p")

    assert [line for line in bob.lines() if "psst" in line] == ["alice (privately to bob): psst"]
    assert heard(again)[-1] == {"kind": "done", "ref": "p"}


def test_a_private_word_to_nobody_may_be_sent_again(room: MemoryRoom) -> None:
    alice = program(room, "alice")
    ask(alice, do="/msg bob psst", ref="p")
    assert heard(alice)[-1]["code"] == "no-such-nickname"
    bob = room.enter("bob")
    ask(alice, do="/msg bob psst", ref="p")

    assert bob.lines() == ["alice (privately to bob): psst"]


def test_whoever_comes_back_takes_the_place_of_their_own_dead_connection(room: MemoryRoom) -> None:
    alice, bob = program(room, "alice", f"client={SECRET}"), room.enter("bob")
    bob.lines()
    again, shown = come(room, "alice", f"client={SECRET}")

    assert kinds(shown)[0] == "welcome"
    assert alice.closed
    assert bob.lines() == ["* alice left (came back by another connection)", "* alice joined"]
    assert room.factory.nicknames == ["bob", "alice"]
    assert not again.closed


def test_nobody_else_takes_the_place_of_somebody(room: MemoryRoom) -> None:
    alice = program(room, "alice", f"client={SECRET}")
    member = room.chat.find("alice").member_id
    for options in ("", f"client={SECRET[::-1]}", f"client={member * 2}"):
        _, shown = come(room, "alice", options)
        assert [thing.get("code") for thing in shown][:1] == ["nickname-taken"]
    assert not alice.closed


def test_a_member_is_the_same_when_their_client_comes_back(room: MemoryRoom) -> None:
    alice, (welcome, *_) = come(room, "alice", f"client={SECRET}")
    alice.close()
    _, (again, *_) = come(room, "al", f"client={SECRET}")
    _, (other, *_) = come(room, "alice")

    assert again["member"] == welcome["member"] != other["member"]
    assert SECRET not in json.dumps([welcome, again])


def test_what_was_missed_carries_the_refs_of_ones_own(room: MemoryRoom) -> None:
    alice, (welcome, *_) = come(room, "alice", f"client={SECRET}")
    bob = program(room, "bob")
    alice.lines()
    ask(alice, say="mine", ref="7")
    ask(bob, say="yours", ref="7")
    room.settle()
    alice.drop()
    room.settle()
    _, shown = come(room, "alice", f"client={SECRET} since=1@{welcome['history']}")

    said = {thing["text"]: thing.get("ref") for thing in shown if thing["kind"] == "said"}
    assert said == {"mine": "7", "yours": None}


@pytest.mark.parametrize("place", ["1@0123456789", "99999", "99999@{history}"])
def test_whoever_comes_back_to_another_history_is_told_so(place: str) -> None:
    room = MemoryRoom(replay=1)
    bob = room.enter("bob")
    bob.type("one", "two")
    _, shown = come(room, "alice", f"since={place.format(history=room.chat.log.identity)}")

    assert kinds(shown) == ["welcome", "reset", "past", "said", "live", "joined"]
    assert shown[1]["code"] == "other-history"
    assert shown[3]["text"] == "two"


def test_whoever_comes_back_behind_what_was_trimmed_is_told_so() -> None:
    room = MemoryRoom(replay=1, keep_events=5)
    bob = room.enter("bob")
    bob.type(*map(str, range(20)))
    room.settle()
    _, shown = come(room, "alice", f"since=2@{room.chat.log.identity}")

    assert kinds(shown) == ["welcome", "reset", "past", "said", "live", "joined"]
    assert shown[1]["code"] == "trimmed"


def test_all_that_there_is_is_no_reset() -> None:
    room = MemoryRoom(replay=1, keep_events=5)
    room.enter("bob").type(*map(str, range(20)))
    room.settle()
    _, shown = come(room, "alice", "since=0")

    assert "reset" not in kinds(shown)
    assert [thing["text"] for thing in shown if thing["kind"] == "said"] == ["16", "17", "18", "19"]


def test_a_person_reads_that_they_may_have_missed_something() -> None:
    room = MemoryRoom(replay=1)
    room.enter("bob").type("one")
    alice = room.connect()
    alice.type("alice since=99999")
    lines = alice.lines()

    assert [line for line in lines if "may have missed" in line]
