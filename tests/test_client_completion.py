"""What the Tab key completes."""

from __future__ import annotations

import pytest

from chatroom.client.completion import ARGUMENTS, complete
from chatroom.core.commands import COMMANDS

PEOPLE = ["Zoe", "alice", "alan", "田中"]
ROOMS = ["lobby", "garden"]


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
        ("/help m", ["me ", "msg "]),
        ("/msg al", ["alice ", "alan "]),
        ("/msg alice ask z", ["Zoe "]),
        ("/me greets z", ["Zoe "]),
        ("/ignore z", ["Zoe "]),
        ("/join g", ["garden "]),
        ("/join #g", ["garden "]),
        ("/join garden l", []),
        ("/who ", ["lobby ", "garden "]),
        ("/nick al", []),
        ("/unheard-of al", ["alice ", "alan "]),
    ],
)
def test_the_last_word_is_completed(line: str, found: list[str]) -> None:
    assert [text for text, _ in complete(line, PEOPLE, ROOMS)] == found


@pytest.mark.parametrize(("line", "length"), [("al", 2), ("hello @al", 2), ("/jo", 3), ("/join #gar", 3)])
def test_what_is_completed_takes_the_place_of_what_was_typed_of_it(line: str, length: int) -> None:
    assert {taken for _, taken in complete(line, PEOPLE, ROOMS)} == {length}


def test_the_commands_are_those_that_there_are() -> None:
    assert list(ARGUMENTS) == list(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_what_a_command_takes_is_what_its_help_says(name: str) -> None:
    first = COMMANDS[name].arguments.split(maxsplit=1)[:1]
    said = first[0].strip("[]") if first else ""
    completed = ARGUMENTS[name]
    assert completed in (said, "", "text")
    if said in ("nickname", "room", "command"):
        assert completed == said
