"""The bundled client as people run it: ``python -m chatroom.client`` on a pipe and on a pseudo-terminal."""

from __future__ import annotations

import json
import os
import signal
import termios

import pytest
from support import CLIENT, NO_WAITING_FOR_NAMES, Program, Server, Stage, port_of

from chatroom.model.constants import HOST_NAME, PORT


@pytest.fixture
def server(stage: Stage) -> Server:
    return stage.serve("--rate", "0", port=stage.port())


def shell(stage: Stage, server: Server, script: str) -> Program:
    """Run a script, in which ``$CLIENT`` stands for the client and its way to the server."""
    client = " ".join([*CLIENT, "--port", str(server.port)])
    return stage.start("bash", "-c", script, environment={"CLIENT": client})


# On a pipe.


def test_each_line_of_a_pipe_is_said_and_comes_back(stage: Stage, server: Server) -> None:
    alice = stage.enter(server.port, "alice")
    bot = shell(stage, server, "printf 'hello\\nbye\\n' | $CLIENT bot")
    shown = bot.to_the_end().splitlines()
    assert bot.status() == 0
    assert bot.errors() == ""
    assert shown[0].startswith("* welcome to lobby, bot. ")
    assert shown[1:] == ["* bot joined", "bot: hello", "bot: bye"]
    alice.expect("* bot joined\r\nbot: hello\r\nbot: bye\r\n* bot left\r\n")


def test_two_thousand_lines_of_a_pipe_all_come_back(stage: Stage, server: Server) -> None:
    alice = stage.enter(server.port, "alice")
    bot = shell(stage, server, "seq 2000 | $CLIENT bot")
    talk = [f"bot: {number}" for number in range(1, 2001)]
    assert bot.to_the_end().splitlines()[2:] == talk
    assert bot.status() == 0
    heard = alice.expect("* bot left\r\n").splitlines()
    assert [line for line in heard if line.startswith("bot: ")] == talk


def test_a_big_file_as_standard_input_all_comes_back(stage: Stage, server: Server) -> None:
    lines = [f"{number} {'x' * 1000}" for number in range(2000)]
    file = stage.folder / "talk"
    file.write_text("\n".join(lines) + "\n")
    bot = shell(stage, server, "$CLIENT bot < talk")
    assert bot.to_the_end().splitlines()[2:] == [f"bot: {line}" for line in lines]
    assert bot.status() == 0


def test_the_last_line_of_a_pipe_needs_no_newline(stage: Stage, server: Server) -> None:
    bot = shell(stage, server, "printf 'hello\\nbye' | $CLIENT bot")
    assert bot.to_the_end().splitlines()[-2:] == ["bot: hello", "bot: bye"]
    assert bot.status() == 0


def test_a_line_that_the_server_refuses_is_said_so_and_the_rest_is_said(stage: Stage, server: Server) -> None:
    bot = shell(stage, server, "{ echo /wave; head -c 5000 /dev/zero | tr '\\0' x; echo; echo bye; } | $CLIENT bot")
    shown = bot.to_the_end().splitlines()
    assert shown[2].startswith("! There is no /wave")
    assert shown[3].startswith("! That line is longer than 4096 bytes")
    assert shown[4:] == ["bot: bye"]
    assert bot.status() == 0


def test_a_quit_of_ones_own_is_not_followed_by_another(stage: Stage, server: Server) -> None:
    alice = stage.enter(server.port, "alice")
    bot = shell(stage, server, "printf 'hello\\n/quit gone fishing\\n' | $CLIENT bot")
    assert bot.to_the_end().splitlines()[2:] == ["bot: hello"]
    assert bot.status() == 0
    alice.expect("* bot left (gone fishing)\r\n")


@pytest.mark.parametrize("nothing", ["</dev/null", "<&-"])
def test_with_no_standard_input_it_ends_cleanly(stage: Stage, server: Server, nothing: str) -> None:
    alice = stage.enter(server.port, "alice")
    watcher = shell(stage, server, f"$CLIENT watcher {nothing}")
    assert watcher.to_the_end().splitlines()[1:] == ["* watcher joined"]
    assert watcher.status() == 0
    assert watcher.errors() == ""
    alice.expect("* watcher joined\r\n* watcher left\r\n")


def test_with_standard_output_closed_it_says_what_it_is_given(stage: Stage, server: Server) -> None:
    alice = stage.enter(server.port, "alice")
    bot = shell(stage, server, "echo hello | $CLIENT bot >&-")
    assert bot.status() == 0
    assert bot.errors() == ""
    alice.expect("* bot joined\r\nbot: hello\r\n* bot left\r\n")


def test_with_all_of_its_descriptors_closed_it_ends_cleanly(stage: Stage, server: Server) -> None:
    alice = stage.enter(server.port, "alice")
    bot = shell(stage, server, "$CLIENT bot <&- >&- 2>&-")
    assert bot.status() == 0
    alice.expect("* bot joined\r\n* bot left\r\n")


def test_it_ends_when_nobody_reads_its_output_any_more(stage: Stage, server: Server) -> None:
    alice = stage.enter(server.port, "alice")
    # What it reads comes from here, and does not end.
    bot = shell(stage, server, '{ $CLIENT bot; echo "status $?" >&2; } | head -1')
    assert bot.expect("\n").startswith("* welcome to lobby, bot. ")
    alice.expect("* bot left")
    assert bot.status() == 0
    assert bot.errors() == "status 0\n"


def test_the_first_line_can_be_cut_off_with_head(stage: Stage, server: Server) -> None:
    bot = shell(stage, server, "set -o pipefail; seq 2000 | $CLIENT bot | head -1")
    shown = bot.to_the_end()
    assert shown.startswith("* welcome to lobby, bot. ")
    assert shown.count("\n") == 1
    # Standard input may be closed before it was all read, which seq is told by a signal.
    assert bot.status() in (0, 128 + signal.SIGPIPE)
    assert bot.errors() == ""


def test_output_is_flushed_line_by_line_and_input_sent_at_once(stage: Stage, server: Server) -> None:
    alice = stage.enter(server.port, "alice")
    bot = stage.client("bot", server.port)
    bot.expect("* bot joined\n")
    for number in range(3):
        alice.send(f"ping {number}")
        bot.expect(f"alice: ping {number}\n")
        bot.send(f"pong {number}")
        alice.expect(f"bot: pong {number}\r\n")


def test_it_enters_the_room_that_it_is_told(stage: Stage, server: Server) -> None:
    bot = shell(stage, server, "echo hello | $CLIENT bot --room Kitchen")
    shown = bot.to_the_end().splitlines()
    assert shown[0].startswith("* welcome to kitchen, bot. ")
    assert shown[1:] == ["* bot joined", "bot: hello"]
    assert bot.status() == 0


def test_talk_of_another_room_is_marked(stage: Stage, server: Server) -> None:
    alice = stage.enter(server.port, "alice")
    bot = stage.client("bot", server.port)
    bot.expect("* bot joined\n")
    bot.send("/join kitchen")
    bot.expect("* bot joined\n")
    alice.send("anybody?")
    bot.expect("[lobby] alice: anybody?\n")
    bot.send("here")
    assert bot.expect("here\n") == "bot: here\n"
    bot.send("/join lobby")
    bot.expect("* you now speak in lobby\n")
    alice.send("and now?")
    assert bot.expect("now?\n") == "alice: and now?\n"
    bot.send("/join kitchen")
    bot.expect("* you now speak in kitchen\n")
    bot.send("/leave")
    bot.expect("* you now speak in lobby\n")
    alice.send("welcome back")
    assert bot.expect("welcome back\n") == "alice: welcome back\n"
    bot.end_input()
    assert bot.status() == 0


def test_the_past_is_shown_with_its_time(stage: Stage, server: Server) -> None:
    alice = stage.enter(server.port, "alice")
    alice.send("before")
    alice.expect("alice: before\r\n")
    bot = shell(stage, server, "$CLIENT bot </dev/null")
    shown = bot.to_the_end().splitlines()
    assert shown[1][0] == "["
    assert shown[1].endswith("] alice: before")
    assert shown[2:] == ["* bot joined"]


# What cannot be.


def test_no_server_is_said_in_one_line(stage: Stage) -> None:
    port = stage.port()
    bot = stage.client("bot", port)
    assert bot.to_the_end() == ""
    assert bot.status() == 1
    assert bot.errors() == f"! no server at {HOST_NAME}:{port}: nothing listens there\n"


def test_an_unknown_host_is_said_in_one_line(stage: Stage) -> None:
    bot = stage.start(*CLIENT, "bot", "--host", "no.such.host.invalid", environment=NO_WAITING_FOR_NAMES)
    assert bot.to_the_end() == ""
    assert bot.status() == 1
    [line] = bot.errors().splitlines()
    assert line.startswith(f"! no server at no.such.host.invalid:{PORT}: ")


@pytest.mark.parametrize(
    ("nickname", "why"),
    [
        ("alice", "! The nickname alice is taken: choose another.\n"),
        ("*bot*", "! That nickname will not do: it starts with *.\n"),
        ("two words", "! A nickname has no spaces in it"),
    ],
)
def test_a_refused_nickname_is_said_on_a_pipe(stage: Stage, server: Server, nickname: str, why: str) -> None:
    stage.enter(server.port, "alice")
    bot = stage.client(nickname, server.port)
    assert bot.to_the_end().startswith(why)
    assert bot.status() == 1


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ([], "the following arguments are required: nickname"),
        (["bot", "--port", "many"], "argument --port: many is not a port: they go from 1 to 65535"),
        (["bot", "--port", "70000"], "argument --port: 70000 is not a port: they go from 1 to 65535"),
        (["bot", "--colour"], "unrecognized arguments: --colour"),
    ],
)
def test_wrong_options_are_said(stage: Stage, options: list[str], why: str) -> None:
    bot = stage.start(*CLIENT, *options)
    assert bot.to_the_end() == ""
    assert bot.status() == 2
    assert bot.errors().splitlines()[-1] == f"python -m chatroom.client: error: {why}"


def test_help_explains_every_option_with_its_default(stage: Stage) -> None:
    shown = stage.start(*CLIENT, "--help")
    text = " ".join(shown.to_the_end().split())
    assert shown.status() == 0
    for said in (
        "nickname what you are called",
        f"(default: {HOST_NAME})",
        f"(default: {PORT})",
        "--room",
        "--once",
        "--plain",
    ):
        assert said in text


# The server goes away.


def test_it_comes_back_under_the_same_nickname_when_there_is_a_server_again(stage: Stage, server: Server) -> None:
    bot = stage.client("bot", server.port)
    bot.expect("* bot joined\n")
    bot.send("/nick robot")
    bot.expect("* bot is now robot\n")
    server.signal(signal.SIGKILL)
    server.status()
    bot.expect(f"* no connection to {HOST_NAME}:{server.port}: trying again in ")
    bot.send("typed while there is no server")
    again = stage.serve(port=server.port)
    bot.expect("* robot joined\n")
    bot.expect("robot: typed while there is no server\n")
    alice = stage.enter(again.port, "alice")
    alice.send("hello again")
    bot.expect("alice: hello again\n")
    bot.end_input()
    assert bot.status() == 0


def test_the_pauses_between_tries_grow(stage: Stage, server: Server) -> None:
    bot = stage.client("bot", server.port)
    bot.expect("* bot joined\n")
    server.stop()
    pauses = []
    for _ in range(3):
        bot.expect("trying again in ")
        pauses.append(int(bot.expect(" s\n").removesuffix(" s\n")))
    assert pauses[-1] > pauses[0]


def test_a_pipe_that_ends_while_there_is_no_server_is_said_when_there_is_one(stage: Stage, server: Server) -> None:
    bot = stage.client("bot", server.port)
    bot.expect("* bot joined\n")
    server.stop()
    bot.expect("trying again in ")
    bot.send("last words")
    bot.end_input()
    again = stage.serve(port=server.port)
    assert bot.status() == 0
    assert bot.to_the_end().splitlines()[-2:] == ["* bot joined", "bot: last words"]
    alice = stage.enter(again.port, "alice")
    assert "bot: last words" in alice.heard.decode()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_once_ends_when_the_server_goes_away(stage: Stage, server: Server, number: signal.Signals) -> None:
    bot = stage.client("bot", server.port, "--once")
    bot.expect("* bot joined\n")
    server.stop(number)
    assert bot.to_the_end() in ("", "* the server is stopping\n")
    assert bot.status() == 1
    assert bot.errors() == f"! {HOST_NAME}:{server.port} closed the connection\n"


def test_a_server_that_goes_before_everything_came_back_is_said(stage: Stage) -> None:
    listening = stage.listen()
    bot = stage.client("bot", port_of(listening))
    bot.send("hello")
    bot.end_input()
    guest = stage.receive(listening)
    guest.send("NICK")
    guest.expect("bot format=json\n")
    guest.send('{"kind":"welcome","nick":"bot","room":"lobby","topic":"","people":["bot"],"size":1}')
    guest.send('{"id":1,"at":0,"kind":"joined","room":"lobby","nick":"bot","text":""}')
    guest.expect("hello\n/quit\n")
    guest.close()
    assert bot.status() == 1
    assert bot.errors() == (
        f"! {HOST_NAME}:{port_of(listening)} closed the connection before everything had come back\n"
    )


# On a terminal, as plain lines.


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


@pytest.mark.parametrize("ending", ["\x04", "\x03", "/quit\n"])
def test_the_terminal_is_left_as_it_was(stage: Stage, server: Server, ending: str) -> None:
    bob = stage.client("bob", server.port, "--plain", terminal=True)
    bob.expect("* bob joined\r\n")
    assert not os.get_blocking(bob.terminal)
    bob.type(ending)
    bob.status()
    assert os.get_blocking(bob.terminal)


def be_silent(client: Program) -> None:
    """Have its terminal show no more what is typed: it could stand in the middle of a line of somebody else's."""
    settings = termios.tcgetattr(client.terminal)
    settings[3] &= ~termios.ECHO
    termios.tcsetattr(client.terminal, termios.TCSANOW, settings)


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
    client = stage.client("alice", port_of(listening), "--plain", terminal=True)
    guest = stage.receive(listening)
    for text in HOSTILE:
        guest.send(f"! {text} raw")
    guest.send("NICK")
    guest.expect("alice format=json\n")
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
