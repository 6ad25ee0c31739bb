"""The bundled client on a pseudo-terminal, as plain lines."""

from __future__ import annotations

import json
import os
import signal

import pytest
from clients import asked, be_silent, play_server
from support import Program, Server, Stage, port_of

from chatroom.client.plain import AHEAD


@pytest.fixture
def server(stage: Stage) -> Server:
    return stage.serve("--rate", "0", port=stage.port())


def test_ctrl_c_ends_it_quietly(stage: Stage, server: Server) -> None:
    alice = stage.enter(server.port, "alice")
    bob = stage.client("bob", server.port, "--plain", terminal=True)
    bob.expect("* bob joined\r\n")
    bob.type("\x03")
    alice.expect("* bob left")
    assert bob.to_the_end() in ("", "^C")
    assert bob.status() == 0


def test_ctrl_d_leaves(stage: Stage, server: Server) -> None:
    alice = stage.enter(server.port, "alice")
    bob = stage.client("bob", server.port, "--plain", terminal=True)
    bob.expect("* bob joined\r\n")
    bob.type("\x04")
    assert bob.status() == 0
    alice.expect("* bob left\r\n")


def test_a_person_at_plain_lines_gives_commands(stage: Stage, server: Server) -> None:
    alice = stage.enter(server.port, "alice")
    bob = stage.client("bob", server.port, "--plain", terminal=True)
    bob.expect("* bob joined\r\n")
    be_silent(bob)
    bob.send("/me waves")
    bob.expect("* bob waves\r\n")
    bob.send("//etc is a directory")
    bob.expect("bob: /etc is a directory\r\n")
    bob.send("/nosuch")
    bob.expect("! There is no /nosuch")
    alice.expect("* bob waves\r\nbob: /etc is a directory\r\n")
    bob.send("/quit supper")
    alice.expect("* bob left (supper)\r\n")
    assert bob.status() == 0


@pytest.mark.parametrize("ending", ["\x04", "\x03", "/quit\n"])
def test_the_terminal_is_left_as_it_was(stage: Stage, server: Server, ending: str) -> None:
    bob = stage.client("bob", server.port, "--plain", terminal=True)
    bob.expect("* bob joined\r\n")
    assert not os.get_blocking(bob.terminal)
    bob.type(ending)
    bob.status()
    assert os.get_blocking(bob.terminal)


def test_two_talk_on_terminals_both_at_once(stage: Stage, server: Server) -> None:
    bob = stage.client("bob", server.port, "--plain", terminal=True)
    bob.expect("* bob joined\r\n")
    eve = stage.client("eve", server.port, "--plain", terminal=True)
    eve.expect("* eve joined\r\n")
    for person in (bob, eve):
        be_silent(person)
    for number in range(20):
        bob.send(f"bob's {number}")
        eve.send(f"eve's {number}")
    for person in (bob, eve):
        person.expect("* 20 lines came at once. Say them? y says them, n drops them\r\n")
        person.send("y")
    for person in (bob, eve):
        person.expect("bob's 19\r\n")
    bob.send("done")
    eve.expect("bob: done\r\n")
    # Hers comes behind all that either has said.
    eve.send("done")
    heard = []
    for person in (bob, eve):
        person.expect("eve: done\r\n")
        heard.append([line for line in person.lines_so_far() if line.startswith(("bob: bob's", "eve: eve's"))])
    assert heard[0] == heard[1]
    assert sorted(heard[0]) == sorted(f"{name}: {name}'s {number}" for name in ("bob", "eve") for number in range(20))


def test_half_a_line_is_not_lost_when_others_talk(stage: Stage, server: Server) -> None:
    alice = stage.enter(server.port, "alice")
    bob = stage.client("bob", server.port, "--plain", terminal=True)
    bob.expect("* bob joined\r\n")
    bob.type("half a ")
    bob.expect("half a ")
    alice.send("I interrupt")
    bob.expect("alice: I interrupt\r\n")
    bob.type("line\n")
    alice.expect("bob: half a line\r\n")


def test_a_refused_nickname_asks_for_another(stage: Stage, server: Server) -> None:
    alice = stage.enter(server.port, "alice")
    client = stage.client("alice", server.port, "--plain", terminal=True)
    client.expect("! The nickname alice is taken: choose another.\r\n")
    client.expect("Another nickname? ")
    client.send("/alice")
    client.expect("! That nickname will not do: it starts with /.\r\n")
    client.expect("Another nickname? ")
    client.send("alicia")
    client.expect("* alicia joined\r\n")
    client.send("hello")
    alice.expect("alicia: hello\r\n")


def test_ctrl_d_at_the_question_for_a_nickname_leaves(stage: Stage, server: Server) -> None:
    stage.enter(server.port, "alice")
    client = stage.client("alice", server.port, "--plain", terminal=True)
    client.expect("Another nickname? ")
    client.type("\x04")
    assert client.status() == 0


def test_the_nickname_that_was_given_instead_is_the_one_to_come_back_under(stage: Stage, server: Server) -> None:
    stage.enter(server.port, "alice")
    client = stage.client("alice", server.port, "--plain", terminal=True)
    client.expect("Another nickname? ")
    client.send("alicia")
    client.expect("* alicia joined\r\n")
    server.stop(signal.SIGKILL)
    stage.serve(port=server.port)
    client.expect("* welcome to lobby, alicia. ")


# What is pasted.


@pytest.fixture
def bob(stage: Stage, server: Server) -> Program:
    bob = stage.client("bob", server.port, "--plain", terminal=True)
    bob.expect("* bob joined\r\n")
    be_silent(bob)
    return bob


def test_a_few_pasted_lines_are_said_in_order(stage: Stage, server: Server, bob: Program) -> None:
    alice = stage.enter(server.port, "alice")
    bob.send("one\ntwo\n//three")
    assert alice.expect("three\r\n") == "bob: one\r\nbob: two\r\nbob: //three\r\n"


@pytest.mark.parametrize("answer", ["y", "YES"])
def test_pasted_commands_are_asked_about_and_said(stage: Stage, server: Server, bob: Program, answer: str) -> None:
    alice = stage.enter(server.port, "alice")
    bob.send("/nick other\n/etc/hosts\n/quit\nlast")
    bob.expect(
        "* 4 lines came at once. Say them? y says them, c does those that start with / as commands, n drops them\r\n"
    )
    bob.send(answer)
    assert alice.expect("last\r\n") == "bob: /nick other\r\nbob: /etc/hosts\r\nbob: /quit\r\nbob: last\r\n"


def test_commands_that_had_to_wait_are_done_when_the_person_says_so(stage: Stage, server: Server, bob: Program) -> None:
    alice = stage.enter(server.port, "alice")
    bob.send("/me waves\n//etc\nhello")
    bob.expect("c does those that start with / as commands")
    bob.send("c")
    assert alice.expect("hello\r\n") == "* bob waves\r\nbob: /etc\r\nbob: hello\r\n"


def test_many_pasted_lines_can_be_dropped(stage: Stage, server: Server, bob: Program) -> None:
    alice = stage.enter(server.port, "alice")
    bob.send("\n".join(map(str, range(300))))
    bob.expect("* 300 lines came at once. Say them? y says them, n drops them\r\n")
    bob.send("perhaps")
    bob.expect("* 300 lines came at once. Say them?")
    bob.send("n")
    bob.expect("* 300 lines were not said\r\n")
    bob.send("hello")
    assert alice.expect("hello\r\n") == "bob: hello\r\n"


def test_the_end_of_the_input_drops_a_paste_that_is_asked_about(stage: Stage, server: Server, bob: Program) -> None:
    alice = stage.enter(server.port, "alice")
    bob.send("\n".join(map(str, range(300))))
    bob.expect("* 300 lines came at once.")
    bob.type("\x04")
    bob.expect("* 300 lines were not said\r\n")
    assert bob.status() == 0
    assert alice.expect("left\r\n") == "* bob left\r\n"


def test_ctrl_c_stops_a_paste_that_is_being_said(stage: Stage) -> None:
    listening = stage.listen()
    bob = stage.client("bob", port_of(listening), "--plain", terminal=True)
    guest = play_server(stage, listening, "bob")
    bob.expect("* bob joined\r\n")
    be_silent(bob)
    bob.send("\n".join(map(str, range(300))))
    bob.expect("* 300 lines came at once.")
    bob.send("y")
    for number in range(AHEAD):
        assert asked(guest)["say"] == str(number)
    bob.type("\x03")
    assert bob.status() == 1
    assert guest.to_the_end() == ""
    told = bob.to_the_end().splitlines()
    assert [line for line in told if line.startswith("! this has")] == [
        f"! this has perhaps not arrived: {number}" for number in range(AHEAD)
    ]
    assert told[-1] == f"! not sent: {300 - AHEAD} lines"


def test_a_line_that_is_typed_behind_another_may_be_a_command(stage: Stage, server: Server, bob: Program) -> None:
    bob.send("one")
    bob.expect("bob: one\r\n")
    bob.send("/me waves")
    bob.expect("* bob waves\r\n")


# The bell.


def test_the_bell_rings_for_what_is_meant_for_the_person(stage: Stage, server: Server, bob: Program) -> None:
    alice = stage.enter(server.port, "alice")
    alice.send("hello all")
    assert "\a" not in bob.expect("alice: hello all\r\n")
    alice.send("/msg bob psst")
    assert "\aalice (privately to bob): psst\r\n" in bob.expect("psst\r\n")


def test_there_is_no_bell_where_none_is_wanted(stage: Stage, server: Server) -> None:
    alice = stage.enter(server.port, "alice")
    bob = stage.client("bob", server.port, "--plain", "--no-bell", terminal=True)
    bob.expect("* bob joined\r\n")
    alice.send("hello bob")
    assert "\a" not in bob.expect("alice: hello bob\r\n")


# What a hostile server sends.


HOSTILE = (
    "\x1b]0;owned\x07",
    "\x1b[31mred",
    "\x1b[2J",
    "\x9b2J",
    "\x1bc",
    "\x07",
    "\x08",
    "\r",
    "\u202e",
    "\u2066",
)


def test_what_a_hostile_server_sends_never_reaches_the_terminal(stage: Stage) -> None:
    listening = stage.listen()
    client = stage.client("alice", port_of(listening), "--plain", "--no-bell", terminal=True)
    guest = stage.receive(listening)
    for text in HOSTILE:
        guest.send(f"! {text} raw")
    guest.send("NICK")
    guest.expect("alice format=json input=json client=")
    welcome = {"kind": "welcome", "nick": "alice", "room": "lobby", "topic": "", "people": ["alice"], "size": 1}
    guest.send(json.dumps({**welcome, "people": list(HOSTILE)}))
    for at, kind in enumerate(("said", "acted", "joined", "left", "renamed", "topic")):
        for text in HOSTILE:
            for event in ({"nick": text, "text": "x"}, {"nick": "eve", "text": f"{text} x"}):
                guest.send(json.dumps({"id": at + 1, "at": 0, "kind": kind, "room": f"r{text}", **event}))
    for text in HOSTILE:
        guest.send(json.dumps({"kind": "notice", "text": text}))
        guest.send(json.dumps({"kind": "error", "code": "x", "text": text}))
        guest.send(json.dumps({"kind": "private", "at": 0, "nick": text, "to": text, "text": text}))
        guest.send(json.dumps({"kind": "rooms", "rooms": [{"room": text, "size": 1, "topic": text}]}))
        guest.send(json.dumps({"kind": "people", "room": text, "topic": text, "people": [text], "size": 1}))
    guest.send('{"kind":"notice","text":"this is the end"}')
    client.expect("* this is the end\r\n")
    # The terminal itself ends each line with CRLF.
    shown = client.heard.decode().replace("\r\n", "")
    assert "raw" in shown
    assert [character for character in shown if not character.isprintable()] == []
