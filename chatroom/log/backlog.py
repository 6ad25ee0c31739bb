"""The backlog: how much was appended and is not delivered yet, and whether that is enough for now.

What is appended is delivered in that order, so a line waits for everything before it. When many say long lines at once,
that is more than a moment's work, and nobody could be served before them any more. So no more is taken in than can be
delivered in a moment; what waits outside can still be put into a fair order. How much that is, is measured.
"""

from __future__ import annotations

MOMENT = 0.03
"""Seconds that delivery of a batch should take at most."""

LEAST, MOST = 8 * 1024, 1024 * 1024
"""Bounds of what may be in the backlog, in characters."""

FIRST = 32 * 1024
"""The bound before anything was measured."""

OVERHEAD = 100
"""Characters that an event counts for beside its text."""


class Backlog:
    """The characters that are appended and not delivered."""

    def __init__(self) -> None:
        self.pending = 0
        """Characters that no batch has yet."""
        self._on_its_way = 0
        self._came_back = 0
        self._limit = float(FIRST)

    def is_full(self, times: float = 1.0) -> bool:
        """Whether nothing more should be taken in for now, of those for whom it may be so many times as long."""
        return self.pending + self._on_its_way > self._limit * times

    def hand_over(self) -> None:
        """Take notice that all that was pending is a batch, and on its way."""
        self._on_its_way, self.pending = self.pending, 0

    def came_back(self) -> None:
        """Take notice that the batch on its way is about to be delivered, or will not be."""
        self._came_back, self._on_its_way = self._on_its_way, 0

    def delivered(self, seconds: float) -> None:
        """Take notice how long delivery of the batch that came back has taken."""
        if seconds > MOMENT / 2:
            self._limit = min(MOST, max(LEAST, self._came_back * MOMENT / seconds))
        elif self._came_back > self._limit / 4:
            # A small batch says nothing about a large one.
            self._limit = min(MOST, self._limit * 2)
