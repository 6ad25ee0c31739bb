"""The bundled client on a terminal, as a person sees it: a pseudo-terminal, a real server, what is on the screen."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from clients import let_in
from screen import Desk, without_times
from support import CLIENT, Server, Stage, port_of
from tmux import Screen as TmuxScreen


@pytest.fixture
def server(stage: Stage) -> Server:
    return stage.serve("--rate", "0", port=stage.port())


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


@pytest.mark.parametrize("columns", [30, 55, 120])
def test_a_window_of_another_size_has_no_stale_rows(stage: Stage, server: Server, desk: Desk, columns: int) -> None:
    alice = stage.enter(server.port, "alice")
    bob = desk.enter("bob", server.port)
    for number in range(40):
        alice.send(f"{number} and some more words that make it a line of its length")
    bob.type("half a line of some length that wraps in a narrow window")
    bob.shows("alice: 39 and", "> half a line")
    bob.resize(columns, 12)
    alice.send("the last")
    rows = bob.until(lambda rows: any("alice: the last" in row for row in rows) and "| connected" in rows[-1])
    assert sum("> half" in row for row in rows) == 1
    assert sum("| connected" in row for row in rows) == 1
    drawn = next(number for number, row in enumerate(rows) if row.startswith("> half"))
    assert without_times(rows)[drawn - 1] == "HH:MM alice: the last"
    # Each message stands there once, and wraps by the new width.
    said = [row for row in without_times(rows[: drawn - 1]) if row.startswith("HH:MM")]
    assert said == sorted(set(said), key=said.index)
    assert all(row.startswith(("HH:MM alice: ", "        ")) for row in without_times(rows[1 : drawn - 1]))


def test_a_terminal_that_wraps_anew_by_itself_has_no_stale_rows(stage: Stage, server: Server, tmp_path: Path) -> None:
    alice = stage.enter(server.port, "alice")
    screen = TmuxScreen(tmp_path, *CLIENT, "bob", "--port", str(server.port))
    try:
        screen.expect("| connected")
        for number in range(60):
            alice.send(f"{number} and some more words that make it a line of its length")
        screen.expect("alice: 59 and")
        for width in (70, 40, 33, 90):
            screen.resize(width, 20)
            alice.send(f"now it is {width}")
            screen.expect(f"alice: now it is {width}")
            screen.until(lambda: screen.rows().count("> ".strip()) == 1 and screen.rows()[-1].startswith("lobby | "))
            rows = screen.rows()
            assert sum("lobby | 2 here" in row for row in rows) == 1
            assert sum(f"now it is {width}" in row for row in rows) == 1
    finally:
        screen.close()


def test_what_stood_there_before_the_client_came_is_kept_when_the_window_changes(
    stage: Stage, server: Server, desk: Desk
) -> None:
    client = " ".join([*CLIENT, "bob", "--port", str(server.port)])
    bob = desk.run("bash", "-c", f"echo what the shell has shown; {client}")
    bob.shows("* bob joined", "| connected")
    bob.resize(60, 24)
    bob.until(lambda _: any("what the shell has shown" in row for row in bob.above()))
    rows = bob.shows("* bob joined", "| connected")
    assert not any("what the shell has shown" in row for row in rows)


# Words.


def test_lines_are_cut_between_words_and_what_follows_is_indented(stage: Stage, server: Server, desk: Desk) -> None:
    alice = stage.enter(server.port, "alice")
    bob = desk.client("bob", server.port, columns=40)
    bob.shows("| connected")
    alice.send("the quick brown fox jumps over the lazy dog, and bob sees it")
    bob.shows("bob sees", "        it")
    rows = without_times(bob.rows())
    start = next(number for number, row in enumerate(rows) if row.startswith("HH:MM alice: the quick"))
    assert rows[start : start + 3] == [
        "HH:MM alice: the quick brown fox jumps",
        "        over the lazy dog, and bob sees",
        "        it",
    ]
    assert all(character.reverse for character in bob.look_of("bob sees")[:3])


def test_no_message_can_pass_for_two_by_the_width_of_the_window(stage: Stage, server: Server, desk: Desk) -> None:
    alice = stage.enter(server.port, "alice")
    bob = desk.client("bob", server.port, columns=40)
    bob.shows("| connected")
    # With spaces that do not break, the second part begins where the next row does.
    for space in ("\u00a0", " ", "\u2007"):
        alice.send("x" * (40 - len("HH:MM alice: ")) + f"09:15{space}mallory:{space}hello{space}{'y' * 20}")
        bob.until(lambda rows, space=space: any("yyy" in row for row in rows))  # type: ignore[misc]
        assert not [row for row in bob.rows() if row.startswith("09:15")]


# The bell.


def test_the_bell_rings_once_for_what_is_meant_for_the_person(stage: Stage, server: Server, desk: Desk) -> None:
    alice = stage.enter(server.port, "alice")
    alice.send("where is bob?")
    alice.expect("bob?\r\n")
    bob = desk.enter("bob", server.port)
    alice.send("hello all")
    bob.type("I am bob\r")
    bob.shows("alice: hello all", "bob: I am bob")
    assert b"\x07" not in bob.heard
    for _ in range(20):
        alice.send("hello Bob")
    alice.send("that is all")
    bob.shows("that is all")
    assert bob.heard.count(b"\x07") == 1


def test_a_private_message_rings_the_bell(stage: Stage, server: Server, desk: Desk) -> None:
    alice = stage.enter(server.port, "alice")
    bob = desk.enter("bob", server.port)
    bob.type("/msg alice psst\r")
    bob.shows("privately to alice")
    assert b"\x07" not in bob.heard
    alice.send("/msg bob psst")
    bob.shows("privately to bob")
    assert bob.heard.count(b"\x07") == 1


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


def test_what_cannot_be_sent_is_said_at_plain_lines_and_is_no_failure(stage: Stage, desk: Desk) -> None:
    server = stage.serve("--rate", "0", "--max-line", "150")
    bob = desk.client("bob", server.port, "--plain")
    bob.shows("* bob joined")
    bob.type_bytes(b"tw\xf6\n")
    bob.shows("! not sent: it is not utf-8")
    bob.type(f"/me {'x' * 200}\n")
    bob.shows("! not sent: that is 204 bytes long, and the server takes 150.")
    bob.type("still here\n")
    bob.shows("bob: still here")
    bob.type("/quit\n")
    assert bob.status() == 0


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
    bob = desk.client("bob", port_of(listening), "--no-bell", rows=60)
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
