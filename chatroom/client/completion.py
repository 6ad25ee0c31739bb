"""What the Tab key completes: commands, nicknames and rooms. It knows no terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

ARGUMENTS: Mapping[str, str] = {
    "help": "command",
    "who": "room",
    "me": "text",
    "msg": "nickname",
    "nick": "",
    "join": "room",
    "leave": "room",
    "rooms": "",
    "topic": "text",
    "history": "",
    "search": "text",
    "ignore": "nickname",
    "unignore": "nickname",
    "ping": "",
    "quit": "text",
}
"""The commands, and what their first argument is, as :data:`chatroom.core.commands.COMMANDS` has them; anything in a
text may be a nickname."""


def complete(line: str, nicknames: Sequence[str], rooms: Sequence[str]) -> list[tuple[str, int]]:
    """What the last word of ``line`` may become: each with how many characters of the line it takes the place of.

    :param nicknames: in the order in which they are offered.
    """
    before, _, word = line.rpartition(" ")
    command = line.startswith("/") and not line.startswith("//")
    if command and not before:
        return _matching(word, [f"/{name}" for name in ARGUMENTS], " ")
    if command:
        name, *arguments = before.split()
        wanted = ARGUMENTS.get(name.removeprefix("/").lower(), "text")
        if wanted == "text" or (wanted == "nickname" and arguments):
            return _matching(word.removeprefix("@"), nicknames, " ")
        if arguments:
            return []
        if wanted == "room":
            return _matching(word.removeprefix("#"), rooms, " ")
        return _matching(word, {"nickname": nicknames, "command": list(ARGUMENTS)}.get(wanted, []), " ")
    # Whom one speaks to is named at the beginning.
    return _matching(word.removeprefix("@"), nicknames, " " if before else ": ")


def _matching(word: str, names: Sequence[str], end: str) -> list[tuple[str, int]]:
    return [(name + end, len(word)) for name in names if name.casefold().startswith(word.casefold())]
