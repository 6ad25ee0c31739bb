"""Deadlines of many connections, with one timer.

A timer of the reactor for each connection takes more memory than the connection's own state, and stays in the reactor
for a while after it was cancelled. All connections have as long, so the deadlines end in the order in which they begin.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from twisted.internet.interfaces import IDelayedCall, IReactorTime

T = TypeVar("T", bound=Hashable)


class Deadlines(Generic[T]):
    """Everybody who has ``seconds`` left from when they were added, and ``missed``, which is told who missed theirs."""

    def __init__(self, clock: IReactorTime, seconds: float, missed: Callable[[T], None]) -> None:
        self._clock = clock
        self._seconds = seconds
        self._missed = missed
        self._ends: dict[T, float] = {}
        self._timer: IDelayedCall | None = None

    def add(self, item: T) -> None:
        """Begin the deadline of ``item``, which has none."""
        self._ends[item] = self._clock.seconds() + self._seconds
        if self._timer is None:
            self._timer = self._clock.callLater(self._seconds, self._first_is_due)

    def discard(self, item: T) -> None:
        """End the deadline of ``item``, if it has one."""
        self._ends.pop(item, None)
        if not self._ends and self._timer is not None:
            # A reactor of somebody else's should find nothing left behind.
            self._timer.cancel()
            self._timer = None

    def _first_is_due(self) -> None:
        self._timer = None
        now = self._clock.seconds()
        try:
            for item, end in list(self._ends.items()):
                if end > now:
                    break
                if self._ends.pop(item, None) is not None:
                    self._missed(item)
        finally:
            # The deadlines of others end though one exception was raised.
            if self._ends and self._timer is None:
                first = next(iter(self._ends.values()))
                self._timer = self._clock.callLater(max(0.0, first - now), self._first_is_due)
