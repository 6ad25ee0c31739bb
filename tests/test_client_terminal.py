"""The bundled client on a terminal, as a person sees it: a pseudo-terminal, a real server, what is on the screen."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import sys
import termios
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from screen import Screen
from support import CLIENT, TIMEOUT, Person, Server, Stage, missing, port_of

from chatroom.client.terminal import PING_EVERY
from chatroom.model.constants import HOST_NAME


class Desk:
    """Where terminals are opened."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stack = ExitStack()

    def run(
        self, *command: str, columns: int = 80, rows: int = 24, environment: Mapping[str, str] | None = None
    ) -> Screen:
        opened = Screen(command, cwd=self._folder, columns=columns, rows=rows, environment=environment)
        return self._stack.enter_context(closing(opened))

    def client(
        self,
        nickname: str,
        port: int,
        *options: str,
        columns: int = 80,
        rows: int = 24,
        environment: Mapping[str, str] | None = None,
    ) -> Screen:
        command = [*CLIENT, nickname, "--port", str(port), *options]
        return self.run(*command, columns=columns, rows=rows, environment=environment)

    def enter(self, nickname: str, port: int, environment: Mapping[str, str] | None = None) -> Screen:
        """A client that is in."""
        screen = self.client(nickname, port, environment=environment)
        screen.shows(f"* {nickname} joined", "| connected")
        return screen

    def close(self) -> None:
        self._stack.close()


@pytest.fixture
def desk(stage: Stage) -> Iterator[Desk]:
    if find_spec("prompt_toolkit") is None:
        missing("prompt_toolkit is not installed")
    with closing(Desk(stage.folder)) as found:
        yield found


@pytest.fixture
def server(stage: Stage) -> Server:
    return stage.serve("--rate", "0", port=stage.port())


def without_times(rows: list[str]) -> list[str]:
    """The rows with ``HH:MM`` for the time that they begin with."""
    return [re.sub(r"^( *)\d\d:\d\d ", r"\1HH:MM ", row) for row in rows]


# The line that is typed.


def test_a_half_typed_line_stays_as_it_is_while_others_talk(stage: Stage, server: Server, desk: Desk) -> None:
    alice = stage.enter(server.port, "alice")
    bob = desk.enter("bob", server.port)
    bob.type("half a l")
    bob.shows("> half a l")
    alice.send("I interrupt")
    rows = bob.shows("alice: I interrupt", "> half a l", "| connected")
    assert without_times(rows)[-3:] == ["HH:MM alice: I interrupt", "> half a l", "lobby | 2 here | connected"]
    assert bob.cursor == (len(rows) - 2, len("> half a l"))
    bob.type("ine\r")
    alice.expect("bob: half a line\r\n")
    rows = bob.shows("bob: half a line", "| connected")
    assert without_times(rows)[-4:-1] == ["HH:MM alice: I interrupt", "HH:MM bob: half a line", ">"]


def test_a_burst_is_shown_whole_and_in_order_above_the_half_typed_line(
    stage: Stage, server: Server, desk: Desk
) -> None:
    alice = stage.enter(server.port, "alice")
    bob = desk.enter("bob", server.port)
    bob.type("half a line")
    bob.shows("> half a line")
    talk = [f"alice: line {number}" for number in range(1000)]
    alice.socket.sendall("".join(line.removeprefix("alice: ") + "\n" for line in talk).encode())
    bob.shows("line 999", "> half a line")
    assert [row[6:] for row in bob.everything() if "line " in row and ":" in row] == talk
    # Far fewer drawings than lines.
    assert bob.heard.count(b"half a line") < 200


def test_the_arrows_bring_back_what_was_typed(stage: Stage, server: Server, desk: Desk) -> None:
    bob = desk.enter("bob", server.port)
    bob.type("first\rsecond\r")
    bob.shows("bob: first", "bob: second")
    bob.type("draft\x1b[A")
    bob.until(lambda rows: "> second" in rows)
    bob.type("\x1b[A")
    bob.until(lambda rows: "> first" in rows)
    bob.type("\x1b[B\x1b[B")
    bob.until(lambda rows: "> draft" in rows)
    bob.type("\x1b[A\r")
    bob.until(lambda rows: sum("bob: second" in row for row in rows) == 2)


def test_what_was_typed_is_found_by_a_part_of_it(server: Server, desk: Desk) -> None:
    bob = desk.enter("bob", server.port)
    bob.type("first thing\rsecond thing\r")
    bob.shows("bob: second thing")
    bob.type("\x12first")
    bob.shows("> first thing")
    bob.type("\r")
    bob.until(lambda rows: not any("search" in row for row in rows))
    bob.type("\r")
    bob.until(lambda rows: sum("bob: first thing" in row for row in rows) == 2)


def test_ctrl_c_clears_a_half_typed_line_and_then_leaves(stage: Stage, server: Server, desk: Desk) -> None:
    alice = stage.enter(server.port, "alice")
    bob = desk.enter("bob", server.port)
    bob.type("half a line")
    bob.shows("> half a line")
    bob.type("\x03")
    bob.until(lambda rows: rows[-2] == ">")
    bob.type("\x03")
    assert bob.status() == 0
    alice.expect("* bob joined\r\n* bob left\r\n")


def test_escape_and_enter_says_a_line_as_enter_does(server: Server, desk: Desk) -> None:
    bob = desk.enter("bob", server.port)
    bob.type("hello\x1b\r")
    bob.shows("bob: hello")


def test_an_empty_line_is_not_sent(stage: Stage, server: Server, desk: Desk) -> None:
    alice = stage.enter(server.port, "alice")
    bob = desk.enter("bob", server.port)
    bob.type("\r  \rhello\r")
    assert alice.expect("bob: hello\r\n") == "* bob joined\r\nbob: hello\r\n"


def test_keys_that_are_no_text_are_sent_as_none(stage: Stage, server: Server, desk: Desk) -> None:
    alice = stage.enter(server.port, "alice")
    bob = desk.enter("bob", server.port)
    bob.type_bytes(b"caf\xff\r")
    alice.expect("bob: caf?\r\n")
    bob.shows("bob: caf?")


def test_a_long_line_wraps_and_takes_one_row_again_when_it_was_sent(stage: Stage, server: Server, desk: Desk) -> None:
    bob = desk.client("bob", server.port, columns=30)
    bob.shows("| connected")
    bob.type("x" * 100)
    bob.until(lambda rows: sum("xxx" in row for row in rows) == 4)
    bob.type("\r")
    rows = bob.shows("bob: xxx", "| connected")
    assert rows[-2:] == [">", "lobby | 1 here | connected"]


# Pasting.


def test_what_is_pasted_is_said_line_by_line_in_its_order(stage: Stage, server: Server, desk: Desk) -> None:
    alice = stage.enter(server.port, "alice")
    bob = desk.enter("bob", server.port)
    lines = [f"{number}\tx" for number in range(200)]
    bob.type("\x1b[200~" + "\n".join(lines) + "\n\x1b[201~")
    alice.expect("bob: 199 x\r\n")
    heard = [line for line in alice.lines_so_far() if line.startswith("bob: ")]
    assert heard == [f"bob: {number} x" for number in range(200)]


def test_the_last_line_that_is_pasted_waits_for_enter(stage: Stage, server: Server, desk: Desk) -> None:
    alice = stage.enter(server.port, "alice")
    bob = desk.enter("bob", server.port)
    bob.type("I say: \x1b[200~one\r\ntwo\rth\x1b[201~")
    bob.shows("bob: two", "> th")
    bob.type("ree\r")
    assert alice.expect("three\r\n") == "* bob joined\r\nbob: I say: one\r\nbob: two\r\nbob: three\r\n"


def test_a_terminal_that_does_not_tell_what_is_pasted_is_fine(stage: Stage, server: Server, desk: Desk) -> None:
    alice = stage.enter(server.port, "alice")
    bob = desk.enter("bob", server.port)
    bob.type("".join(f"{number}\r" for number in range(50)))
    alice.expect("bob: 49\r\n")
    heard = [line for line in alice.lines_so_far() if line.startswith("bob: ")]
    assert heard == [f"bob: {number}" for number in range(50)]


# Completion.


def test_tab_completes_commands(server: Server, desk: Desk) -> None:
    bob = desk.enter("bob", server.port)
    bob.type("/se\t")
    bob.shows("> /search")
    bob.type("\x15/h\t")
    rows = bob.shows("/help /history", "| connected")
    assert rows[-3].startswith("> /h")
    bob.type("\t\t")
    bob.until(lambda rows: rows[-3].startswith("> /history"))


def test_tab_completes_nicknames_of_those_who_are_here(stage: Stage, server: Server, desk: Desk) -> None:
    alice = stage.enter(server.port, "alice")
    stage.enter(server.port, "Zoe")
    bob = desk.enter("bob", server.port)
    bob.type("ali\t")
    bob.shows("> alice:")
    bob.type("\x15hello zo\t")
    bob.shows("> hello Zoe")
    bob.type("\x15/msg al\t")
    bob.shows("> /msg alice")
    alice.send("/nick anna")
    bob.shows("is now anna")
    bob.type("\x15@an\t")
    bob.shows("> @anna:")
    alice.send("/quit")
    bob.shows("* anna left")
    bob.type("\x15ann\t!")
    bob.shows("> ann!")


def test_tab_completes_rooms(stage: Stage, server: Server, desk: Desk) -> None:
    stage.connect(server.port).enter("alice room=kitchen")
    bob = desk.enter("bob", server.port)
    bob.type("/rooms\r")
    bob.shows("kitchen (1 here)")
    bob.type("/join #ki\t")
    bob.shows("> /join #kitchen")
    bob.type("\r")
    bob.shows("kitchen +1 | 2 here | connected")


# Colours.


def test_nicknames_have_colours_of_their_own(stage: Stage, server: Server, desk: Desk) -> None:
    alice = stage.enter(server.port, "alice")
    dave = stage.enter(server.port, "dave")
    bob = desk.enter("bob", server.port)
    alice.send("one")
    dave.send("two")
    alice.send("three")
    bob.shows("alice: one", "dave: two", "alice: three")
    colours = {text: bob.look_of(text)[0].fg for text in ("alice: one", "dave: two", "alice: three")}
    assert colours["alice: one"] == colours["alice: three"] != colours["dave: two"]
    assert "default" not in colours.values()
    assert {character.fg for character in bob.look_of(" three")} == {"default"}


def test_there_are_no_colours_with_no_color(stage: Stage, server: Server, desk: Desk) -> None:
    alice = stage.enter(server.port, "alice")
    bob = desk.enter("bob", server.port, {"NO_COLOR": "1"})
    alice.send("hello bob")
    alice.send("/nick al")
    bob.type("/dance\r/he\t")
    bob.shows("hello bob", "is now al", "! There is no /dance", "> /help")
    assert bob.colours() == {"default"}
    assert b"\x1b[0;38" not in bob.heard


def test_ones_own_name_stands_out(stage: Stage, server: Server, desk: Desk) -> None:
    alice = stage.enter(server.port, "alice")
    bob = desk.enter("bob", server.port)
    alice.send("ask BOB, not bobby")
    bob.shows("not bobby")
    assert all(character.reverse for character in bob.look_of("BOB"))
    assert not any(character.reverse for character in bob.look_of(" not bobby"))
    bob.type("I am bob\r")
    bob.shows("bob: I am bob")
    assert not any(character.reverse for character in bob.look_of("I am bob"))


# What is shown.


def test_everything_has_its_time(stage: Stage, server: Server, desk: Desk) -> None:
    alice = stage.enter(server.port, "alice")
    bob = desk.enter("bob", server.port)
    for line in ("hello", "/me waves", "/topic tea", "/topic -", "/nick al", "/quit bye"):
        alice.send(line)
    rows = without_times(bob.shows("left (bye)", "| connected"))
    assert rows[rows.index("HH:MM * bob joined") + 1 : -2] == [
        "HH:MM alice: hello",
        "HH:MM * alice waves",
        "HH:MM * alice set the topic: tea",
        "HH:MM * alice took away the topic",
        "HH:MM * alice is now al",
        "HH:MM * al left (bye)",
    ]


def test_answers_have_their_time_too(stage: Stage, server: Server, desk: Desk) -> None:
    alice = stage.enter(server.port, "alice")
    bob = desk.enter("bob", server.port)
    alice.send("/msg bob psst")
    bob.shows("psst")
    bob.type("/leave kitchen\r/who\r")
    rows = without_times(bob.shows("2 in lobby", "! You are not in kitchen", "| connected"))
    assert rows[rows.index("HH:MM * bob joined") + 1 : -2] == [
        "HH:MM alice (privately to bob): psst",
        "HH:MM ! You are not in kitchen: /join kitchen first.",
        "HH:MM * 2 in lobby: alice, bob",
    ]


def test_what_was_looked_for_is_set_apart(stage: Stage, server: Server, desk: Desk) -> None:
    alice = stage.enter(server.port, "alice")
    bob = desk.enter("bob", server.port)
    alice.send("tea?")
    alice.send("coffee?")
    bob.shows("alice: coffee?")
    bob.type("/search tea\r")
    rows = without_times(bob.shows("what was found", "| connected"))
    at = rows.index("HH:MM * what was found in lobby for: tea")
    assert rows[at : at + 2] == ["HH:MM * what was found in lobby for: tea", "  HH:MM alice: tea?"]
    assert all(character.bold for character in bob.look_of("what was found"))
    bob.type("/search milk\r")
    bob.shows("nothing was found in lobby for: milk")


def test_a_long_history_has_one_heading(stage: Stage, server: Server, desk: Desk) -> None:
    alice = stage.enter(server.port, "alice")
    for number in range(120):
        alice.send(f"line {number}")
    alice.expect("line 119\r\n")
    bob = desk.enter("bob", server.port)
    bob.type("/history 120\r")
    # The first time is of what a newcomer is shown.
    bob.until(lambda _: without_times(bob.everything()).count("  HH:MM alice: line 119") == 2)
    rows = without_times(bob.everything())
    assert rows.count("HH:MM * what was said in lobby:") == 1
    start = rows.index("HH:MM * what was said in lobby:") + 1
    assert rows[start : start + 120] == [f"  HH:MM alice: line {number}" for number in range(120)]


def test_a_newcomer_sees_what_was_before_apart_from_what_is_new(stage: Stage, server: Server, desk: Desk) -> None:
    alice = stage.enter(server.port, "alice")
    alice.send("before")
    alice.expect("before\r\n")
    bob = desk.enter("bob", server.port)
    rows = without_times(bob.rows())
    start = rows.index("--- what was said before ---")
    assert rows[start : start + 4] == [
        "--- what was said before ---",
        "  HH:MM alice: before",
        "--- now ---",
        "HH:MM * bob joined",
    ]


def test_the_status_line_has_the_room_the_people_and_the_connection(stage: Stage, server: Server, desk: Desk) -> None:
    bob = desk.enter("bob", server.port)
    assert bob.rows()[-1] == "lobby | 1 here | connected"
    alice = stage.enter(server.port, "alice")
    bob.until(lambda rows: rows[-1] == "lobby | 2 here | connected")
    stage.connect(server.port).enter("carol room=kitchen")
    bob.type("/join kitchen\r")
    bob.until(lambda rows: rows[-1] == "kitchen +1 | 2 here | connected")
    alice.send("anybody?")
    bob.shows("[lobby] alice: anybody?")
    alice.send("/quit")
    bob.type("/leave\r")
    bob.until(lambda rows: rows[-1] == "lobby | 1 here | connected")


def test_somebody_elses_room_does_not_count_as_ones_own(stage: Stage, server: Server, desk: Desk) -> None:
    stage.connect(server.port).enter("carol room=kitchen")
    bob = desk.enter("bob", server.port)
    bob.type("/who kitchen\r")
    rows = bob.shows("1 in kitchen: carol", "| connected")
    assert rows[-1] == "lobby | 1 here | connected"


# Of the family, joined by what has no width, pyte draws the first and forgets the rest.
FAMILY = "👩\u200d👩\u200d👧\u200d👦"
WIDE = ("日本語のテキスト", "한국어 글", "é marks", "שלום לכולם", "مرحبا بالجميع", "ｗｉｄｅ", FAMILY)


def test_wide_and_right_to_left_text_breaks_nothing(stage: Stage, server: Server, desk: Desk) -> None:
    names = ("田中", "דוד", "أحمد", "Zoë")
    people = [stage.enter(server.port, name) for name in names]
    bob = desk.enter("bob", server.port)
    bob.type("漢字 half")
    for name, person in zip(names, people, strict=True):
        for text in WIDE:
            person.send(text)
        # One after the other, so that the last of the last is the last of all.
        rows = bob.shows(f"{name}: 👩", "> 漢字 half", "| connected")
    assert rows[-2:] == ["> 漢字 half", "lobby | 5 here | connected"]
    assert bob.cursor == (len(rows) - 2, len("> ") + 2 * 2 + len(" half"))
    shown = [row[6:] for row in bob.everything()]
    for name in names:
        assert [row for row in shown if row.startswith(f"{name}: ")] == [
            f"{name}: {text}" for text in (*WIDE[:-1], "👩")
        ]
    bob.type("\x15田\t")
    bob.shows("> 田中:")


# The window.


def test_a_tiny_window_will_do(stage: Stage, server: Server, desk: Desk) -> None:
    alice = stage.enter(server.port, "alice")
    bob = desk.client("bob", server.port, columns=20, rows=6)
    bob.shows("lobby | 2 here | con")
    bob.type("hello there, everybody")
    bob.until(lambda rows: rows[-3:] == ["> hello there, every", "body", "lobby | 2 here | con"])
    alice.send("a line of more than twenty columns")
    bob.until(lambda rows: rows[-3:] == ["> hello there, every", "body", "lobby | 2 here | con"] and "mns" in rows[-4])
    bob.type("\x15/h\t")
    bob.shows("/help")
    bob.type("\x03\x03")
    assert bob.status() == 0


def test_the_window_may_change_its_size(stage: Stage, server: Server, desk: Desk) -> None:
    alice = stage.enter(server.port, "alice")
    bob = desk.enter("bob", server.port)
    bob.type("half a line")
    bob.shows("> half a line")
    for columns, rows in ((30, 10), (8, 3), (120, 40)):
        bob.resize(columns, rows)
        alice.send(f"{columns}")
        alice.expect(f"alice: {columns}\r\n")
    drawn = ["> half a line", "lobby | 2 here | connected"]
    bob.until(lambda rows: rows[-2:] == drawn and rows[-3].endswith("alice: 120"))


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
    guest.expect("/quit\n")
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
    bob.shows("> one", "two", "! Not sent: there is no connection.")
    assert sum("Not sent" in row for row in bob.rows()) == 1
    again = stage.serve("--rate", "0", port=server.port)
    alice = stage.enter(again.port, "alice")
    bob.shows("| connected")
    assert bob.rows()[-4:-1] == ["> one", "two", ""]
    bob.type("\rthree\r")
    alice.expect("bob: three\r\n")
    assert [line for line in alice.lines_so_far() if line.startswith("bob")] == ["bob: one", "bob: two", "bob: three"]
    bob.until(lambda rows: rows[-2] == ">")


def let_in(guest: Person, nickname: str, past: tuple[str, ...] = (), last_id: int = 1) -> str:
    """Play a server that lets a client in; what the client answered."""
    guest.send("NICK")
    answer = guest.expect("\n")
    room = {"room": "lobby", "nick": nickname}
    guest.send(json.dumps({"kind": "welcome", **room, "topic": "", "people": [nickname], "size": 1}))
    guest.send('{"kind":"past","room":"lobby"}')
    for number, text in enumerate(past, last_id):
        guest.send(json.dumps({"id": number, "at": 0, "kind": "said", "text": text, **room}))
    guest.send('{"kind":"live"}')
    guest.send(json.dumps({"id": last_id + len(past), "at": 0, "kind": "joined", **room, "text": ""}))
    return answer


def test_what_went_into_a_dead_connection_is_in_the_input_line_again(stage: Stage, desk: Desk) -> None:
    listening = stage.listen()
    bob = desk.client("bob", port_of(listening))
    guest = stage.receive(listening)
    let_in(guest, "bob")
    bob.shows("| connected")
    bob.type("arrives\rarrives not\r/me neither\r/who\r")
    guest.expect("/who\n")
    bob.type("half a line")
    bob.shows("> half a line")
    guest.vanish()
    guest = stage.receive(listening)
    assert let_in(guest, "bob", ("arrives",), 2) == "bob format=json room=lobby since=1\n"
    rows = bob.shows("bob: arrives", "has not arrived", "> arrives not", "| connected")
    assert rows[-4:-1] == ["> arrives not", "/me neither", "half a line"]
    bob.type("\r")
    guest.expect("arrives not\n/me neither\nhalf a line\n")


@pytest.mark.soak
def test_a_connection_that_has_died_without_a_word_is_made_again(stage: Stage, desk: Desk) -> None:
    listening = stage.listen()
    bob = desk.client("bob", port_of(listening))
    guest = stage.receive(listening)
    let_in(guest, "bob")
    bob.shows("| connected")
    guest.expect("/ping are you there?\n", PING_EVERY + TIMEOUT)
    guest.send('{"kind":"pong","text":"are you there?"}')
    guest.expect("/ping are you there?\n", PING_EVERY + TIMEOUT)
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
    guest.expect("hello\n")
    guest.vanish()
    assert bob.status() == 1
    bob.to_the_end()
    assert "! this has perhaps not arrived: hello" in bob.rows()


# Which terminal it is.


@pytest.mark.parametrize(
    ("options", "environment"),
    [(["--plain"], {}), ([], {"TERM": "dumb"}), ([], {"TERM": ""})],
    ids=["asked for", "dumb", "unknown"],
)
def test_a_plain_terminal_sees_no_escape_sequence(
    stage: Stage, server: Server, desk: Desk, options: list[str], environment: Mapping[str, str]
) -> None:
    alice = stage.enter(server.port, "alice")
    bob = desk.client("bob", server.port, *options, environment=environment)
    bob.shows("* bob joined")
    alice.send("hello bob")
    bob.shows("alice: hello bob")
    bob.type("/quit\n")
    assert bob.status() == 0
    bob.to_the_end()
    assert b"\x1b" not in bob.heard
    assert b"pip install" not in bob.heard


def test_a_pipe_sees_no_escape_sequence(stage: Stage, server: Server) -> None:
    bob = stage.start(*CLIENT, "bob", "--port", str(server.port), environment={"TERM": "xterm-256color"})
    bob.send("hello")
    bob.end_input()
    bob.to_the_end()
    assert b"bob: hello\n" in bob.heard
    assert b"\x1b" not in bob.heard
    assert bob.errors() == ""


WITHOUT_THE_EXTRA = (
    "import sys; sys.modules['prompt_toolkit'] = None; from chatroom.client.__main__ import run; run(sys.argv[1:])"
)


def test_without_the_extra_one_line_says_what_to_install(server: Server, desk: Desk) -> None:
    bob = desk.run(sys.executable, "-c", WITHOUT_THE_EXTRA, "bob", "--port", str(server.port))
    rows = bob.shows("* bob joined")
    assert rows[0].startswith("* pip install 'chatroom[client]'")
    assert sum("pip install" in row for row in rows) == 1
    bob.type("/quit\n")
    assert bob.status() == 0
    bob.to_the_end()
    assert b"\x1b" not in bob.heard


def test_without_the_extra_a_pipe_is_told_nothing_of_it(stage: Stage, server: Server) -> None:
    bob = stage.start(sys.executable, "-c", WITHOUT_THE_EXTRA, "bob", "--port", str(server.port))
    bob.end_input()
    assert "pip install" not in bob.to_the_end()
    assert bob.errors() == ""
    assert bob.status() == 0


# What a hostile server sends.


HOSTILE = (
    "\x1b]0;owned\x07",
    "\x1b[31mred",
    "\x1b[2J",
    "\x9b2J",
    "\x1bc",
    "\x1b[?1049h",
    "\x1b[6n",
    "\x07",
    "\x08",
    "\r",
    "\n",
    "\u202e",
    "\u2066",
    "<ansired>",
    "[ZeroWidthEscape]",
)


def test_what_a_hostile_server_sends_does_not_act_on_the_terminal(stage: Stage, desk: Desk) -> None:
    listening = stage.listen()
    bob = desk.client("bob", port_of(listening), rows=60)
    guest = stage.receive(listening)
    let_in(guest, "bob")
    bob.shows("| connected")
    at = 1
    for text in HOSTILE:
        place: dict[str, Any] = {"room": text, "topic": text, "people": [text], "size": 1}
        guest.send(json.dumps({"kind": "welcome", "nick": "bob", **place}))
        for kind in ("said", "acted", "joined", "left", "renamed", "topic"):
            for nick, said in ((text, "x"), ("eve", f"{text} bob {text}")):
                at += 1
                event = {"id": at, "at": 0, "kind": kind, "room": f"r{text}", "nick": nick, "text": said}
                guest.send(json.dumps(event))
        event = {"id": at, "at": 0, "kind": "said", "room": text, "nick": text, "text": text}
        guest.send(json.dumps({"kind": "notice", "text": text}))
        guest.send(json.dumps({"kind": "error", "code": "x", "text": text}))
        guest.send(json.dumps({"kind": "private", "at": 0, "nick": text, "to": text, "text": text}))
        guest.send(json.dumps({"kind": "rooms", "rooms": [{"room": text, "size": 1, "topic": text}]}))
        guest.send(json.dumps({"kind": "people", **place}))
        guest.send(json.dumps({"kind": "history", "room": text, "events": [event], "more": False}))
        guest.send(json.dumps({"kind": "found", "room": text, "words": text, "events": [event]}))
        guest.send(json.dumps({"kind": "speaking", "room": text}))
        guest.send(f"{text} raw")
    guest.send('{"kind":"notice","text":"this is the end"}')
    bob.shows("this is the end")
    bob.type("/join \t")
    bob.shows("> /join")
    shown = bob.heard.decode().replace("\r", "").replace("\n", "")
    # What prompt_toolkit writes to place, to style and to wrap, and nothing else.
    rest = re.sub(r"\x1b\[(\?(1|7|12|25|2004)[lh]|[0-9;]*m|[0-9]*[ABCDJK])", "", shown)
    assert [character for character in rest if not character.isprintable()] == []
    assert "\x1b[31m" not in shown
    assert "\x1b[2J" not in shown
    assert "<ansired>" in rest
