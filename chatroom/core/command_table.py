"""A table of commands: what each is called, takes and does, and how a line is looked up in it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Generic, Protocol, TypeVar

from chatroom.model.answers import CommandHelp
from chatroom.model.errors import BadArgument, UnknownCommand

LONGEST_COMPARED = 40
"""Characters of an unknown command that are compared with the known ones."""


class Speaker(Protocol):
    """The giver of commands."""

    def in_order(self, do: Callable[[], None]) -> None:
        """Do something once all that they have said before has happened."""


S = TypeVar("S", bound=Speaker)


@dataclass(frozen=True, slots=True)
class Command(Generic[S]):
    """One row of the table."""

    name: str
    arguments: str
    """As a person reads them; those in brackets may be left out."""
    help: str
    handler: Callable[[S, str], None]
    waits: bool = False
    """Run after the speaker's earlier messages are committed; this command does not pass through the log."""
    in_room: bool = False
    """True when the command is about the room where it is given, unless it names another."""

    @property
    def usage(self) -> str:
        return f"/{self.name} {self.arguments}".rstrip()

    @property
    def required(self) -> int:
        """How many arguments must be there."""
        return len(re.sub(r"\[[^]]*\]", "", self.arguments).split())


class CommandTable(dict[str, Command[S]], Generic[S]):
    """Commands by their names, in the order in which help lists them."""

    def __init__(self) -> None:
        super().__init__()
        # Every newcomer is told these.
        self._help: tuple[CommandHelp, ...] = ()

    def command(
        self, name: str, arguments: str, help_: str, *, waits: bool = False, in_room: bool = False
    ) -> Callable[[Callable[[S, str], None]], Callable[[S, str], None]]:
        """Put the decorated handler into the table."""

        def add(handler: Callable[[S, str], None]) -> Callable[[S, str], None]:
            self[name] = Command(name, arguments, help_, handler, waits, in_room)
            self._help += (CommandHelp(name, arguments, help_, in_room),)
            return handler

        return add

    def help(self) -> tuple[CommandHelp, ...]:
        """The commands, as a client is told them."""
        return self._help

    def run(self, speaker: S, line: str) -> None:
        """Do what ``line`` asks for.

        :param line: the command's name, without its slash, and its arguments.
        :raises PeerError: it cannot be done.
        """
        name, _, argument = line.partition(" ")
        argument = argument.strip()
        found = self.get(name.lower())
        if found is None:
            near = get_close_matches(name.lower()[:LONGEST_COMPARED], self, 1)
            raise UnknownCommand(name=name, hint=f" (did you mean /{near[0]}?)" if near else "")
        if len(argument.split()) < found.required:
            raise BadArgument(what=f"/{found.name} needs more than that", usage=found.usage)
        if found.waits:
            speaker.in_order(lambda: found.handler(speaker, argument))
        else:
            found.handler(speaker, argument)
