"""Memory: how many bytes wait for everybody together, and who has to go when they are too many.

Each connection has a bound of its own (``sendq``). Many connections that are just below it would still take more memory
than the machine has, so what waits is counted altogether as well. Bytes that wait for several people count for each,
though they are kept once.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Protocol

TIGHT = 0.75
"""The share of the limit from which on nothing new is begun that would take more."""


class Holder(Protocol):
    """A connection that bytes wait for."""

    def give_up(self) -> None:
        """Let the connection go, and what waits for it."""


class Memory:
    """The bytes that wait, by connection."""

    def __init__(self, limit: int, soon: Callable[[Callable[[], None]], object] = lambda call: call()) -> None:
        """
        :param limit: bytes; 0: any number.
        :param soon: calls a function in a later turn of the event loop.
        """
        self._limit = limit
        self._soon = soon
        # What is to be begun when there is room.
        self._later: dict[Hashable, Callable[[], None]] = {}
        self._scheduled = False
        self.held = 0
        """Bytes that wait."""
        self._by_holder: dict[Holder, int] = {}

    @property
    def tight(self) -> bool:
        """Whether little is left."""
        return bool(self._limit) and self.held > self._limit * TIGHT

    def when_roomy(self, asker: Hashable, begin: Callable[[], None]) -> None:
        """Call ``begin`` once there is room: at once, unless memory is tight. Each asker waits for one thing."""
        if self.tight:
            self._later[asker] = begin
        else:
            begin()

    def drop(self, asker: Hashable) -> None:
        """Begin nothing for ``asker``, who has gone."""
        self._later.pop(asker, None)

    def _begin_more(self) -> None:
        self._scheduled = False
        while self._later and not self.tight:
            self._later.pop(next(iter(self._later)))()

    def change(self, holder: Holder, by: int) -> None:
        """Count ``by`` bytes more, or less, for ``holder``; let whoever holds the most go where all hold too much."""
        self.held += by
        mine = self._by_holder.get(holder, 0) + by
        if mine:
            self._by_holder[holder] = mine
        else:
            self._by_holder.pop(holder, None)
        if by > 0 and self._limit:
            while self.held > self._limit and self._by_holder:
                most = max(self._by_holder, key=self._by_holder.__getitem__)
                most.give_up()
                # Nothing is left of it, unless it is about to be closed anyway.
                self.held -= self._by_holder.pop(most, 0)
        if self._later and not self._scheduled and not self.tight:
            self._scheduled = True
            # The queue that has just become shorter is in the middle of something.
            self._soon(self._begin_more)
