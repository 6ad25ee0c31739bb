"""The bundled client on a terminal, while its connection comes and goes: leaving, a refused nickname, coming back."""

from __future__ import annotations

import os
import pty
import signal
import termios

import pytest
from clients import asked, let_in
from screen import Desk, without_times
from support import CLIENT, TIMEOUT, Server, Stage, port_of

from chatroom.client.conversation import PING_EVERY
from chatroom.model.constants import HOST_NAME


@pytest.fixture
def server(stage: Stage) -> Server:
    return stage.serve("--rate", "0", port=stage.port())


# Leaving.


def plain_settings() -> list[object]:
    """The settings of a terminal that nothing has touched."""
    outer, inner = pty.openpty()
    try:
        return termios.tcgetattr(inner)
    finally:
        os.close(outer)
        os.close(inner)


@pytest.mark.parametrize("ending", ["\x04", "\x03", "/quit\r"])
def test_the_terminal_is_left_as_it_was(stage: Stage, server: Server, desk: Desk, ending: str) -> None:
    alice = stage.enter(server.port, "alice")
    bob = desk.enter("bob", server.port)
    assert termios.tcgetattr(bob.terminal) != plain_settings()
    bob.type(ending)
    assert bob.status() == 0
    assert termios.tcgetattr(bob.terminal) == plain_settings()
    assert os.get_blocking(bob.terminal)
    alice.expect("* bob left\r\n")
    bob.to_the_end()
    # What was shown stays, and nothing is left of the input line.
    assert without_times(bob.rows())[-1] == "HH:MM * bob joined"
    assert bob.cursor == (len(bob.rows()), 0)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_leaves_the_terminal_as_it_was_too(server: Server, desk: Desk, number: signal.Signals) -> None:
    bob = desk.enter("bob", server.port)
    bob.signal(number)
    bob.status()
    assert termios.tcgetattr(bob.terminal) == plain_settings()


def test_a_terminal_that_goes_away_ends_it(stage: Stage, server: Server, desk: Desk) -> None:
    alice = stage.enter(server.port, "alice")
    bob = desk.enter("bob", server.port)
    bob.hang_up()
    alice.expect("* bob left")
    bob.status()


def test_ctrl_z_stops_it_until_it_is_wanted_again(stage: Stage, server: Server, desk: Desk) -> None:
    alice = stage.enter(server.port, "alice")
    client = " ".join([*CLIENT, "bob", "--port", str(server.port)])
    shell = desk.run("bash", "-c", f"set -m; {client}; echo stopped; read; fg")
    shell.shows("* bob joined", "| connected")
    shell.type("half a line")
    shell.shows("> half a line")
    shell.type("\x1a")
    shell.shows("stopped")
    alice.send("in the meantime")
    shell.type("\r")
    shell.shows("in the meantime", "> half a line")
    shell.type("\r")
    alice.expect("bob: half a line\r\n")
    shell.type("\x04")
    assert shell.status() == 0


def test_a_second_ctrl_c_leaves_a_server_that_does_not_answer(stage: Stage, desk: Desk) -> None:
    listening = stage.listen()
    bob = desk.client("bob", port_of(listening))
    guest = stage.receive(listening)
    let_in(guest, "bob")
    bob.shows("| connected")
    bob.type("\x03")
    bob.shows("| leaving")
    assert asked(guest)["do"] == "/quit"
    bob.type("\x03")
    assert bob.status() == 0


def test_no_server_is_said_once_the_terminal_is_given_back(stage: Stage, desk: Desk) -> None:
    port = stage.port()
    bob = desk.client("bob", port)
    assert bob.status() == 1
    bob.to_the_end()
    assert bob.rows()[0].startswith(f"! no server at {HOST_NAME}:{port}: ")


def test_once_ends_when_the_server_goes_away(server: Server, desk: Desk) -> None:
    bob = desk.client("bob", server.port, "--once")
    bob.shows("| connected")
    server.stop(signal.SIGKILL)
    assert bob.status() == 1
    bob.to_the_end()
    assert bob.rows()[-1] == f"! {HOST_NAME}:{server.port} closed the connection"


# A nickname that is refused.


def test_a_refused_nickname_is_asked_for_again_in_the_same_place(stage: Stage, server: Server, desk: Desk) -> None:
    alice = stage.enter(server.port, "alice")
    screen = desk.client("alice", server.port)
    rows = screen.shows("The nickname alice is taken", "Another nickname?", "not in the room yet")
    assert rows[-2] == "Another nickname?"
    screen.type("/al\r")
    screen.shows("That nickname will not do")
    screen.type("ali\t")
    screen.shows("Another nickname? ali")
    screen.type("cia\r")
    screen.shows("* alicia joined", "| connected")
    screen.type("hello\r")
    alice.expect("alicia: hello\r\n")


def test_ctrl_d_at_the_question_for_a_nickname_leaves(stage: Stage, server: Server, desk: Desk) -> None:
    stage.enter(server.port, "alice")
    screen = desk.client("alice", server.port)
    screen.shows("Another nickname?")
    screen.type("\x04")
    assert screen.status() == 0


# The server goes away.


def test_what_was_missed_is_shown_once_and_set_apart(stage: Stage, server: Server, desk: Desk) -> None:
    alice = stage.enter(server.port, "alice")
    bob = desk.enter("bob", server.port)
    alice.send("before")
    bob.shows("alice: before")
    # Held, so that it comes back after something was said.
    bob.signal(signal.SIGSTOP)
    server.stop(signal.SIGKILL)
    again = stage.serve("--rate", "0", port=server.port)
    alice = stage.enter(again.port, "alice")
    alice.send("in between")
    alice.expect("alice: in between\r\n")
    bob.signal(signal.SIGCONT)
    bob.shows("no connection to", "--- now ---")
    bob.until(lambda rows: rows[-1] == "lobby | 2 here | connected")
    alice.send("after")
    bob.shows("alice: after", "| connected")
    rows = without_times(bob.rows())
    start = rows.index("--- what you missed ---")
    assert rows[start:-2] == [
        "--- what you missed ---",
        "  HH:MM * alice joined",
        "  HH:MM alice: in between",
        "--- now ---",
        "HH:MM * bob joined",
        "HH:MM alice: after",
    ]
    assert [row for row in rows if "before" in row] == ["HH:MM alice: before"]


def test_the_status_line_says_when_it_tries_again(server: Server, desk: Desk) -> None:
    bob = desk.enter("bob", server.port)
    server.stop(signal.SIGKILL)
    bob.until(lambda rows: rows[-1].startswith("lobby | 1 here | no connection: trying again in "))
    bob.shows("trying again in 2 s")
    bob.shows("trying again in 1 s")
    bob.type("\x03")
    assert bob.status() == 0


def test_what_is_typed_without_a_connection_stays_and_is_sent_once(stage: Stage, server: Server, desk: Desk) -> None:
    bob = desk.enter("bob", server.port)
    server.stop(signal.SIGKILL)
    bob.shows("no connection to")
    bob.type("\x1b[200~one\ntwo\x1b[201~\r\r")
    bob.shows("> one", "two", "! not sent: there is no connection.")
    assert sum("not sent" in row for row in bob.rows()) == 1
    again = stage.serve("--rate", "0", port=server.port)
    alice = stage.enter(again.port, "alice")
    bob.shows("| connected")
    assert bob.rows()[-4:-1] == ["> one", "two", ""]
    bob.type("\rthree\r")
    alice.expect("bob: three\r\n")
    assert [line for line in alice.lines_so_far() if line.startswith("bob")] == ["bob: one", "bob: two", "bob: three"]
    bob.until(lambda rows: rows[-2] == ">")


def test_a_command_that_is_typed_without_a_connection_is_one_when_there_is_one(
    stage: Stage, server: Server, desk: Desk
) -> None:
    bob = desk.enter("bob", server.port)
    server.stop(signal.SIGKILL)
    bob.shows("no connection to")
    bob.type("/who\r")
    bob.shows("not sent: there is no connection")
    stage.serve("--rate", "0", port=server.port)
    bob.shows("| connected")
    bob.type("\r")
    bob.shows("* 1 in lobby: bob")


def test_what_went_into_a_dead_connection_is_sent_again(stage: Stage, desk: Desk) -> None:
    listening = stage.listen()
    bob = desk.client("bob", port_of(listening))
    guest = stage.receive(listening)
    let_in(guest, "bob")
    bob.shows("| connected")
    bob.type("arrives\rarrives not\r/me neither\r")
    arrives, arrives_not, neither = asked(guest), asked(guest), asked(guest)
    bob.type("half a line")
    bob.shows("> half a line")
    guest.vanish()
    bob.shows("3 to be sent again")
    guest = stage.receive(listening)
    assert let_in(guest, "bob", [arrives], 2).endswith(" room=lobby since=1\n")
    assert [asked(guest), asked(guest)] == [arrives_not, neither]
    rows = bob.shows("bob: arrives", "| connected")
    assert rows[-2:] == ["> half a line", "lobby | 1 here | connected"]


def test_a_nickname_that_somebody_has_taken_in_the_meantime_is_asked_for_in_its_place(stage: Stage, desk: Desk) -> None:
    listening = stage.listen()
    bob = desk.client("bob", port_of(listening))
    guest = stage.receive(listening)
    let_in(guest, "bob")
    bob.shows("| connected")
    bob.type("half a line")
    bob.shows("> half a line")
    guest.vanish()
    for answer in ("", "robert\r"):
        guest = stage.receive(listening)
        guest.send("NICK")
        guest.expect("\n")
        guest.send('{"kind":"error","code":"nickname-taken","text":"The nickname bob is taken: choose another."}')
        guest.send("NICK")
        bob.until(lambda rows: rows[-2:] == ["Another nickname?", "lobby | 1 here | not in the room yet"])
        bob.type(answer)
        if not answer:
            # It has waited for too long; the next time it is asked for again.
            guest.vanish()
            bob.until(lambda rows: rows[-2] == "> half a line")
    assert guest.expect("\n").startswith("robert format=json ")
    guest.close()
    bob.until(lambda rows: rows[-2] == "> half a line")


@pytest.mark.soak
def test_a_connection_that_has_died_without_a_word_is_made_again(stage: Stage, desk: Desk) -> None:
    listening = stage.listen()
    bob = desk.client("bob", port_of(listening))
    guest = stage.receive(listening)
    let_in(guest, "bob")
    bob.shows("| connected")
    guest.expect('{"do":"/ping","ref":"ping"}\n', PING_EVERY + TIMEOUT)
    guest.send('{"kind":"pong","text":"","ref":"ping"}')
    guest.expect('{"do":"/ping","ref":"ping"}\n', PING_EVERY + TIMEOUT)
    guest = stage.receive(listening)
    let_in(guest, "bob", last_id=2)
    bob.shows("no connection to", "| connected")
    assert not any("pong" in row for row in bob.rows())


def test_what_has_perhaps_not_arrived_is_said_at_the_end(stage: Stage, desk: Desk) -> None:
    listening = stage.listen()
    bob = desk.client("bob", port_of(listening), "--once")
    guest = stage.receive(listening)
    let_in(guest, "bob")
    bob.shows("| connected")
    bob.type("hello\r")
    assert asked(guest)["say"] == "hello"
    guest.vanish()
    assert bob.status() == 1
    bob.to_the_end()
    assert "! this has perhaps not arrived: hello" in bob.rows()
