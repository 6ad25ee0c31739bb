"""What the Tab key completes."""

from __future__ import annotations

import pytest

from chatroom.client.completion import TEXTS, complete, explanation, wanted
from chatroom.core.commands import COMMANDS
from chatroom.model.answers import CommandHelp

PEOPLE = ["Zoe", "alice", "alan", "田中"]
ROOMS = ["lobby", "garden"]
HELP = COMMANDS.help()


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("al", ["alice: ", "alan: "]),
        ("AL", ["alice: ", "alan: "]),
        ("@zo", ["Zoe: "]),
        ("hello z", ["Zoe "]),
        ("hello @z", ["Zoe "]),
        ("田", ["田中: "]),
        ("//al", []),
        ("// al", ["alice ", "alan "]),
        ("", ["Zoe: ", "alice: ", "alan: ", "田中: "]),
        ("/unig", ["/unignore "]),
        ("/UNIG", ["/unignore "]),
        ("/h", ["/help ", "/history "]),
        ("/help m", ["me ", "msg ", "mute "]),
        ("/msg al", ["alice ", "alan "]),
        ("/msg alice ask z", ["Zoe "]),
        ("/me greets z", ["Zoe "]),
        ("/ignore z", ["Zoe "]),
        ("/join g", ["garden "]),
        ("/join #g", ["garden "]),
        ("/join garden l", []),
        ("/who ", ["lobby ", "garden "]),
        ("/nick al", []),
        ("/invite al", ["alice ", "alan "]),
        ("/invite alice g", ["garden "]),
        ("/invite alice garden l", []),
        ("/kill alice because z", ["Zoe "]),
        ("/quit to meet z", ["Zoe "]),
        ("/history 5 b", []),
        ("/rooms l", []),
        ("/unheard-of al", ["alice ", "alan "]),
    ],
)
def test_the_last_word_is_completed(line: str, found: list[str]) -> None:
    assert [text for text, _ in complete(line, PEOPLE, ROOMS, HELP)] == found


@pytest.mark.parametrize(("line", "length"), [("al", 2), ("hello @al", 2), ("/jo", 3), ("/join #gar", 3)])
def test_what_is_completed_takes_the_place_of_what_was_typed_of_it(line: str, length: int) -> None:
    assert {taken for _, taken in complete(line, PEOPLE, ROOMS, HELP)} == {length}


def test_the_commands_are_those_that_the_server_has_told_of() -> None:
    commands = [CommandHelp("brew", "[room] text", "make tea")]
    for line, found in (
        ("/", ["/brew "]),
        ("/brew g", ["garden "]),
        ("/brew garden for al", ["alice ", "alan "]),
        ("/help b", []),
    ):
        assert [text for text, _ in complete(line, ["alice", "alan"], ROOMS, commands)] == found
    assert complete("/h", PEOPLE, ROOMS, ()) == []


@pytest.mark.parametrize("name", COMMANDS)
def test_the_first_argument_of_a_command_is_completed_as_its_help_says(name: str) -> None:
    first = COMMANDS[name].arguments.split(maxsplit=1)[:1]
    kind = first[0].strip("[]") if first else ""
    names = {"room": ROOMS, "command": list(COMMANDS), "nickname": PEOPLE, **dict.fromkeys(TEXTS, PEOPLE)}
    assert [text.strip() for text, _ in complete(f"/{name} ", PEOPLE, ROOMS, HELP)] == names.get(kind, [])


def test_a_completed_command_is_explained_with_its_arguments() -> None:
    assert explanation("/join ", HELP).startswith("room [key]  enter a room")
    assert explanation("/rooms ", HELP).startswith(("list", "["))
    assert explanation("alice: ", HELP) == ""
    assert explanation("/nosuch ", HELP) == ""


@pytest.mark.parametrize(
    ("line", "what"),
    [("/join ", "room"), ("/join t", "room"), ("/leave x", "room"), ("/msg ", "nickname"), ("/jo", ""), ("join t", ""),
     ("//join t", ""), ("/join t ", "key"), ("/", ""), ("", "")],
)  # fmt: skip
def test_it_is_known_what_a_command_wants_next(line: str, what: str) -> None:
    assert wanted(line, HELP) == what
