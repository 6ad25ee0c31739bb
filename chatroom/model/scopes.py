"""Scopes of tokens: what a program that has logged in by one may do.

Every token reads: it may be in rooms, and be shown what everybody there is shown. Beyond that it may do what its scopes
name, and nothing that changes the account itself, whatever they are.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from chatroom.model.errors import BadArgument, ScopeMissing
from chatroom.model.names import room_name

MAX_ROOMS = 20
"""Rooms that one token may name."""

USAGE = "/token new NAME read, say, say:ROOM or moderate"


class Scopes(NamedTuple):
    """What a token allows beyond reading."""

    everywhere: bool = False
    """Whether it may say something in each room, and to one person."""
    rooms: frozenset[str] = frozenset()
    """The rooms where it may say something, if not in all."""
    moderate: bool = False
    """Whether it may do what its account may do to others."""

    def __str__(self) -> str:
        words = ["read"]
        if self.everywhere:
            words.append("say")
        words += [f"say:{room}" for room in sorted(self.rooms)]
        if self.moderate:
            words.append("moderate")
        return " ".join(words)

    def check_say(self, room: str) -> None:
        """Check that something may be said in ``room``, or to one person where it is empty.

        :raises ScopeMissing: it may not.
        """
        if not self.everywhere and room not in self.rooms:
            raise ScopeMissing(why=f"it lacks the scope say:{room}" if room else "it lacks the scope say")

    def check_moderate(self) -> None:
        """:raises ScopeMissing: others may not be dealt with."""
        if not self.moderate:
            raise ScopeMissing(why="it lacks the scope moderate")

    def check_account(self) -> None:
        """:raises ScopeMissing: in any case: who has a token must not get more than it allows."""
        raise ScopeMissing(why="log in by the password of your account for that")


def scopes_of(words: Iterable[str]) -> Scopes:
    """The scopes that ``words`` name.

    :raises BadArgument: one of them is none.
    """
    everywhere, moderate = False, False
    rooms: set[str] = set()
    for word in words:
        kind, colon, names = word.partition(":")
        if kind == "say" and colon:
            rooms.update(room_name(name) for name in names.split(",") if name)
        elif word == "say":
            everywhere = True
        elif word == "moderate":
            moderate = True
        elif word != "read":
            raise BadArgument(what=f"There is no scope {word}", usage=USAGE)
    if len(rooms) > MAX_ROOMS:
        raise BadArgument(what=f"A token names at most {MAX_ROOMS} rooms", usage=USAGE)
    return Scopes(everywhere, frozenset(() if everywhere else rooms), moderate)
