"""Completion for the Tab key: commands, nicknames and rooms. This module knows no terminal, and no command by name."""

from __future__ import annotations

from collections.abc import Sequence

from chatroom.client.terminal import is_command
from chatroom.model.answers import CommandHelp

TEXTS = frozenset(("text", "words", "reason"))
"""Arguments that are free text, in which any word may be a nickname; they go on to the end of the line."""


def complete(
    line: str, nicknames: Sequence[str], rooms: Sequence[str], commands: Sequence[CommandHelp]
) -> list[tuple[str, int]]:
    """Completions for the last word of ``line``, each with the number of characters that it replaces.

    :param nicknames: in the order in which they are offered.
    :param commands: the table of commands that came with the welcome.
    """
    before, _, word = line.rpartition(" ")
    if not is_command(line):
        # At the beginning of a message, a nickname says whom it is for.
        return _matching(word.removeprefix("@"), nicknames, " " if before else ": ")
    if not before:
        return _matching(word, [f"/{command.name}" for command in commands], " ")
    argument = wanted(line, commands)
    if argument == "room":
        return _matching(word.removeprefix("#"), rooms, " ")
    if argument == "command":
        return _matching(word, [command.name for command in commands], " ")
    if argument == "nickname" or argument in TEXTS:
        return _matching(word.removeprefix("@"), nicknames, " ")
    return []


def wanted(line: str, commands: Sequence[CommandHelp]) -> str:
    """What the last word of ``line`` is to be, by the help of its command: ``room`` behind ``/join``."""
    name, *arguments = line.rpartition(" ")[0].split() or [""]
    if not is_command(line) or not name:
        return ""
    return _argument(name.removeprefix("/").lower(), len(arguments), commands)


def explanation(completed: str, commands: Sequence[CommandHelp]) -> str:
    """What a completed command does, and the arguments that it takes; empty where it is no command."""
    if not completed.startswith("/"):
        return ""
    name = completed.strip().removeprefix("/")
    for command in commands:
        if command.name == name:
            return f"{command.arguments}  {command.help}".strip()
    return ""


def _argument(name: str, index: int, commands: Sequence[CommandHelp]) -> str:
    """The name that the help of a command gives to its argument with this index; empty where there is none."""
    for command in commands:
        if command.name == name:
            arguments = [argument.strip("[]") for argument in command.arguments.split()]
            if index < len(arguments):
                return arguments[index]
            return arguments[-1] if arguments and arguments[-1] in TEXTS else ""
    return "text"


def _matching(word: str, names: Sequence[str], end: str) -> list[tuple[str, int]]:
    return [(name + end, len(word)) for name in names if name.casefold().startswith(word.casefold())]
