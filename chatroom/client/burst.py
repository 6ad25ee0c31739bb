"""Bursts: lines that come faster than anybody types, and so were pasted.

A terminal with bracketed paste marks what is pasted. Another one sends it like typing, so only its speed gives it away:
a terminal writes a paste at once, and people need longer than :data:`QUIET` for a line. Typing that had to wait for a
slow network or a stopped client comes as a burst, too, and cannot be told apart.

:class:`Burst` gathers lines until none has come for that long. It knows no terminal, and decides nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from twisted.internet.interfaces import IDelayedCall

FEW = 5
"""Lines that come at once and are said without a question."""

QUIET = 0.1
"""Seconds without a line after which a burst is over."""

MAX_CHARACTERS = 4 * 1024 * 1024
"""Characters in the lines of one burst; lines beyond that are counted, and not kept."""


class Burst:
    """Gathers lines."""

    def __init__(self, reactor: Any, over: Callable[[Sequence[str], int], None]) -> None:
        """:param over: called when no more lines come, with the lines and the number of those that were too many."""
        self._reactor = reactor
        self._over = over
        self._lines: list[str] = []
        self._characters = 0
        self._dropped = 0
        self._call: IDelayedCall | None = None

    def __len__(self) -> int:
        return len(self._lines)

    def add(self, line: str) -> None:
        """Take in one more line."""
        self._characters += len(line) + 1
        if self._characters > MAX_CHARACTERS:
            self._dropped += 1
        else:
            self._lines.append(line)
        if self._call is None:
            self._call = self._reactor.callLater(QUIET, self._quiet)
        else:
            self._call.reset(QUIET)

    def take(self) -> Sequence[str]:
        """The lines so far, which are forgotten here."""
        lines, self._lines = self._lines, []
        self._characters = self._dropped = 0
        if self._call is not None:
            self._call.cancel()
            self._call = None
        return lines

    def end(self) -> None:
        """Hand the lines over now, if there are any: no more can come."""
        if self._call is not None:
            self._call.cancel()
            self._quiet()

    def _quiet(self) -> None:
        self._call = None
        dropped = self._dropped
        self._over(self.take(), dropped)
