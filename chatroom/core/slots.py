"""Slots: how many may do something that takes memory at the same time; the others wait for one, in order."""

from __future__ import annotations

from collections.abc import Callable, Hashable


class Slots:
    """A semaphore whose holders are known, so that each can be dropped."""

    def __init__(self, most: int) -> None:
        """:param most: slots that there are."""
        self._most = most
        self._holders: set[Hashable] = set()
        # What those who wait are going to do.
        self._waiting: dict[Hashable, Callable[[], None]] = {}
        self._beginning = False

    def take(self, holder: Hashable, begin: Callable[[], None]) -> None:
        """Call ``begin`` once ``holder`` has a slot: at once if there is one. Who has one already goes to the end."""
        if holder in self._holders:
            if not self._waiting:
                begin()
                return
            self._waiting[holder] = begin
            self.give_back(holder)
        elif len(self._holders) < self._most:
            self._holders.add(holder)
            begin()
        else:
            self._waiting[holder] = begin

    def give_back(self, holder: Hashable) -> None:
        """Let another have the slot of ``holder``, if they have one."""
        if holder not in self._holders:
            return
        self._holders.remove(holder)
        # Whoever begins may have ended, and so be back here, before the loop goes on.
        if self._beginning:
            return
        self._beginning = True
        try:
            while self._waiting and len(self._holders) < self._most:
                following = next(iter(self._waiting))
                begin = self._waiting.pop(following)
                self._holders.add(following)
                begin()
        finally:
            self._beginning = False

    def drop(self, holder: Hashable) -> None:
        """Begin nothing for ``holder``, who has gone."""
        self._waiting.pop(holder, None)
        self.give_back(holder)
