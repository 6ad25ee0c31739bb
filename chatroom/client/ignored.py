"""Ignored people: those whom the client has the server hide, and asks it to hide again after a reconnect.

The server forgets whom somebody ignores when the connection ends. So the client keeps the names, gives ``/ignore`` for
each once it is in again, and hides by itself what comes before the server does: the events that were missed, above all.
The commands are given one by one, the next when the one before is answered, so that the person's own requests need not
wait for all of them.

This module knows no connection: the protocol tells it of answered commands, and asks it for the next to give.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import TypeGuard

from chatroom.client.unacknowledged import command_name
from chatroom.model.answers import Answer, Invited, Notice, Private, Refused
from chatroom.model.events import Audience, Event
from chatroom.model.names import nickname_key
from chatroom.wire.requests import Do, Say


class Ignored:
    """The people that one client ignores."""

    def __init__(self) -> None:
        # Their nicknames as the person wrote them, by the forms in which nicknames are compared.
        self._names: dict[str, str] = {}
        # Those that the server is still to be told of on this connection.
        self._untold: deque[str] = deque()

    def __contains__(self, nickname: str) -> bool:
        return bool(self._names) and _key(nickname) in self._names

    def answered(self, command: str, answer: Answer | Event) -> Answer | Event:
        """Take notice that the server has answered a command of the client; the answer for the client to show."""
        key = _argument_key(command)
        if command_name(command) == "ignore" and not isinstance(answer, Refused):
            self._names[key] = _argument(command)
        elif command_name(command) == "unignore" and self._names.pop(key, "") and isinstance(answer, Refused):
            # The server was not told of this one again yet.
            return Notice(f"you no longer ignore {_argument(command)}")
        return answer

    def connected(self) -> None:
        """Take notice of a new connection, whose server knows of nobody."""
        self._untold = deque(self._names)

    def next_command(self, unanswered: Iterable[Say | Do]) -> str:
        """The next command to give; empty when the server knows of all.

        :param unanswered: requests of the client; one that ends the ignoring of somebody may be on its way.
        """
        ending = {_argument_key(request.command) for request in unanswered if _is(request, "unignore")}
        while self._untold:
            key = self._untold.popleft()
            if key in self._names and key not in ending:
                return f"/ignore {self._names[key]}"
        return ""

    def hides(self, thing: Event | Answer) -> bool:
        """Whether ``thing`` is not to be shown: the same that the server hides."""
        if not self._names:
            return False
        if isinstance(thing, Event):
            return thing.audience is Audience.WILLING and thing.nickname in self
        return isinstance(thing, Private | Invited) and thing.nickname in self


def _is(request: Say | Do, name: str) -> TypeGuard[Do]:
    return isinstance(request, Do) and command_name(request.command) == name


def _argument(command: str) -> str:
    return command.strip().partition(" ")[2].strip()


def _argument_key(command: str) -> str:
    return _key(_argument(command))


def _key(nickname: str) -> str:
    try:
        return nickname_key(nickname)
    except ValueError:
        return nickname
