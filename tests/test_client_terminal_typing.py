"""The input line of the bundled client on a terminal: editing, pasting, completion."""

from __future__ import annotations

import pytest
from screen import Desk, without_times
from support import Server, Stage


@pytest.fixture
def server(stage: Stage) -> Server:
    return stage.serve("--rate", "0", port=stage.port())


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


def test_alt_and_enter_begins_another_line_of_the_same_message(stage: Stage, server: Server, desk: Desk) -> None:
    alice = stage.enter(server.port, "alice")
    bob = desk.enter("bob", server.port)
    bob.type("one\x1b\rtwo")
    bob.until(lambda rows: rows[-3:-1] == ["> one", "two"])
    bob.type("\r")
    assert alice.expect("two\r\n") == "* bob joined\r\nbob: one\r\nbob: two\r\n"
    rows = without_times(bob.shows("bob: one", "| connected"))
    assert rows[-4:-1] == ["HH:MM bob: one", "        two", ">"]


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


def test_what_is_pasted_is_one_message_that_waits_for_enter(stage: Stage, server: Server, desk: Desk) -> None:
    alice = stage.enter(server.port, "alice")
    bob = desk.enter("bob", server.port)
    bob.type("I say: \x1b[200~one\r\n\ttwo\rthree\n\n\x1b[201~")
    bob.shows("> I say: one", "three")
    bob.type(" times\r")
    assert alice.expect("times\r\n") == "* bob joined\r\nbob: I say: one\r\nbob:  two\r\nbob: three times\r\n"
    rows = without_times(bob.shows("three times", "| connected"))
    assert rows[-5:-1] == ["HH:MM bob: I say: one", "         two", "        three times", ">"]


def test_nothing_that_is_pasted_in_several_lines_is_a_command(stage: Stage, server: Server, desk: Desk) -> None:
    alice = stage.enter(server.port, "alice")
    bob = desk.enter("bob", server.port)
    bob.type("\x1b[200~/me waves\n/quit\n\x1b[201~\r")
    assert alice.expect("/quit\r\n") == "* bob joined\r\nbob: /me waves\r\nbob: /quit\r\n"
    bob.type("//etc\r/me waves\r")
    assert alice.expect("waves\r\n") == "bob: /etc\r\n* bob waves\r\n"


def test_what_is_too_long_for_the_server_stays_in_the_input_line(stage: Stage, desk: Desk) -> None:
    server = stage.serve("--rate", "0", "--max-line", "150", "--max-lines", "3")
    alice = stage.enter(server.port, "alice")
    bob = desk.enter("bob", server.port)
    bob.type("x" * 151 + "\r")
    bob.shows("! not sent: that is 151 bytes long, and the server takes 150.", "> xxx")
    bob.type("\x7f\r")
    alice.expect("bob: " + "x" * 150 + "\r\n")
    bob.type("\x1b[200~1\n2\n3\n4\x1b[201~\r")
    bob.shows("! not sent: that has 4 lines, and the server takes 3 in a message.", "> 1")
    bob.type("\x7f\x7f\r")
    assert alice.expect("3\r\n") == "bob: 1\r\nbob: 2\r\nbob: 3\r\n"


@pytest.mark.parametrize("line", ["/quit", "//etc", "/nick other", "\u202e/quit", "/me waves\n"])
def test_one_pasted_line_is_said_as_well(stage: Stage, server: Server, desk: Desk, line: str) -> None:
    alice = stage.enter(server.port, "alice")
    bob = desk.enter("bob", server.port)
    bob.type(f"\x1b[200~{line}\x1b[201~\r")
    said = line.strip().removeprefix("\u202e")
    assert alice.expect(f"{said}\r\n") == f"* bob joined\r\nbob: {said}\r\n"
    # Likewise when it is brought back.
    bob.shows(f"bob: {said}")
    bob.type("\x1b[A")
    bob.shows(f"> /{said}")
    bob.type("\r")
    alice.expect(f"bob: {said}\r\n")


def test_the_second_slash_can_be_taken_away(stage: Stage, server: Server, desk: Desk) -> None:
    alice = stage.enter(server.port, "alice")
    bob = desk.enter("bob", server.port)
    bob.type("\x1b[200~/me waves\x1b[201~")
    bob.shows("> //me waves")
    bob.type("\x01\x04\r")
    alice.expect("* bob waves\r\n")


def test_the_argument_of_a_typed_command_may_be_pasted(stage: Stage, server: Server, desk: Desk) -> None:
    alice = stage.enter(server.port, "alice")
    bob = desk.enter("bob", server.port)
    bob.type("/me \x1b[200~/waves\x1b[201~\r")
    alice.expect("* bob /waves\r\n")


LINES = [f"line {number}" for number in range(300)]
MARKED = "\x1b[200~" + "\r".join(LINES) + "\r\x1b[201~\r"
UNMARKED = "".join(f"{line}\r" for line in LINES)


@pytest.mark.parametrize("pasted", [MARKED, UNMARKED], ids=["marked", "unmarked"])
def test_many_pasted_lines_are_asked_about_and_said(stage: Stage, server: Server, desk: Desk, pasted: str) -> None:
    alice = stage.enter(server.port, "alice")
    bob = desk.enter("bob", server.port)
    bob.type(pasted)
    bob.shows("Say 300 lines? y or n:")
    # What comes behind a line at once would be taken for a part of the paste.
    bob.type("perhaps")
    bob.shows("y or n: perhaps")
    bob.type("\r")
    bob.until(lambda rows: rows[-2].endswith("y or n:"))
    bob.type("y\r")
    alice.expect("bob: line 299\r\n")
    assert [line for line in alice.lines_so_far() if line.startswith("bob: ")] == [f"bob: {line}" for line in LINES]
    bob.until(lambda rows: rows[-2:] == [">", "lobby | 2 here | connected"])


@pytest.mark.parametrize("pasted", [MARKED, UNMARKED], ids=["marked", "unmarked"])
def test_many_pasted_lines_that_are_not_to_be_said_go_back_to_the_input_line(
    stage: Stage, server: Server, desk: Desk, pasted: str
) -> None:
    alice = stage.enter(server.port, "alice")
    bob = desk.enter("bob", server.port)
    bob.type(pasted)
    bob.shows("Say 300 lines? y or n:")
    bob.type("n\r")
    bob.shows("line 299")
    bob.type("\x03")
    bob.until(lambda rows: rows[-2] == ">")
    bob.type("hello\r")
    assert alice.expect("hello\r\n") == "* bob joined\r\nbob: hello\r\n"


@pytest.mark.parametrize("pasted", [MARKED, UNMARKED], ids=["marked", "unmarked"])
def test_ctrl_c_drops_many_pasted_lines(stage: Stage, server: Server, desk: Desk, pasted: str) -> None:
    alice = stage.enter(server.port, "alice")
    bob = desk.enter("bob", server.port)
    bob.type(f"{pasted}\x03")
    bob.shows("* 300 lines were not said")
    bob.type("hello\r")
    assert alice.expect("hello\r\n") == "* bob joined\r\nbob: hello\r\n"


def test_ctrl_c_stops_pasted_lines_that_are_being_said(stage: Stage, desk: Desk) -> None:
    server = stage.serve("--rate", "1", "--burst", "1", "--max-lines", "10")
    alice = stage.enter(server.port, "alice")
    bob = desk.enter("bob", server.port)
    bob.type(MARKED)
    bob.shows("Say 300 lines? y or n:")
    bob.type("y\r")
    alice.expect("bob: line 9\r\n")
    bob.shows("pasted lines to say, Ctrl-C stops them")
    bob.type("half\x03")
    bob.shows("lines were not said", "> half")
    bob.type("\x15the end\r")
    alice.expect("bob: the end\r\n")
    said = [line for line in alice.lines_so_far() if line.startswith("bob: line ")]
    # One message may have been on its way.
    assert len(said) in (10, 20, 30)


def test_pasted_lines_are_said_in_the_room_that_they_were_pasted_in(stage: Stage, desk: Desk) -> None:
    server = stage.serve("--rate", "4", "--burst", "1", "--max-lines", "2")
    alice = stage.enter(server.port, "alice")
    bob = desk.enter("bob", server.port)
    bob.type("\x1b[200~" + "\n".join(LINES[:8]) + "\x1b[201~\r")
    bob.shows("Say 8 lines? y or n:")
    bob.type("y\r")
    bob.shows("pasted lines to say")
    bob.type("/join kitchen\r")
    bob.shows("kitchen +1 |")
    alice.expect("bob: line 7\r\n")


def test_lines_that_come_at_once_are_typed_when_they_are_few(stage: Stage, server: Server, desk: Desk) -> None:
    alice = stage.enter(server.port, "alice")
    bob = desk.enter("bob", server.port)
    bob.type("one\r/me waves\r//etc\rhalf")
    assert alice.expect("/etc\r\n") == "* bob joined\r\nbob: one\r\n* bob waves\r\nbob: /etc\r\n"
    bob.shows("bob: /etc", "> half")


# Completion.


def test_tab_completes_commands_and_says_what_they_do(server: Server, desk: Desk) -> None:
    bob = desk.enter("bob", server.port)
    bob.type("/sea\t")
    bob.shows("> /search")
    bob.type("\x15/h\t")
    rows = bob.shows("/help", "/history", "| connected")
    assert rows[-4].startswith("> /h")
    assert rows[-3].split(maxsplit=2) == ["/help", "[command]", "list the commands, or explain one"]
    assert rows[-2].split()[0] == "/history"
    bob.type("\t\t")
    bob.until(lambda rows: rows[-4].startswith("> /history"))


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
    # Nobody has told of this one yet.
    bob.type("/join #ki\t")
    bob.shows("> /join #kitchen")
    bob.type("\r")
    bob.shows("kitchen +1 | 2 here | connected")


def test_a_room_that_was_made_since_is_completed_and_nothing_is_shown_of_the_question(
    stage: Stage, server: Server, desk: Desk
) -> None:
    stage.connect(server.port).enter("alice room=tea")
    stage.connect(server.port).enter("carol room=talk")
    bob = desk.enter("bob", server.port)
    bob.type("/join t\t")
    rows = bob.shows("talk tea", "| connected")
    assert without_times(rows)[-4:-2] == ["HH:MM * bob joined", "> /join t"]
    bob.type("e\t")
    bob.shows("> /join tea")
    bob.type("\r")
    bob.shows("tea +1 | 2 here | connected")
    assert not any("here)" in row for row in bob.everything())
