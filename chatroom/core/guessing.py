"""Pauses that grow with each wrong password, for whoever guesses. No I/O, no clock."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable


class Pauses:
    """Counts wrong guesses by a key, and says how long the next one has to wait.

    The first few are free. Each further one doubles the pause, from a second on.
    """

    def __init__(self, free: int, longest: float, forget: float, most: int) -> None:
        """
        :param free: wrong guesses in a row before there is a pause.
        :param longest: seconds that a pause takes at most.
        :param forget: seconds without a guess, behind the pause, after which all is forgotten.
        :param most: keys that are remembered; the one that was longest silent is forgotten first.
        """
        self._free = free
        self._longest = longest
        self._forget = forget
        self._most = most
        # How many there were and when the last was; in the order of these moments.
        self._wrong: OrderedDict[Hashable, tuple[int, float]] = OrderedDict()

    def count(self, key: Hashable, now: float) -> int:
        """How many wrong guesses are remembered."""
        count, last = self._wrong.get(key, (0, now))
        if count and now - last >= self._pause(count) + self._forget:
            del self._wrong[key]
            return 0
        return count

    def wait(self, key: Hashable, now: float) -> float:
        """Seconds until the next guess may be made; 0 when it may be made now."""
        if not (count := self.count(key, now)):
            return 0.0
        return max(0.0, self._wrong[key][1] + self._pause(count) - now)

    def _pause(self, count: int) -> float:
        over = count - self._free
        # Doubled no further than is of use: the count is anybody's.
        return 0.0 if over < 0 else min(self._longest, 2.0 ** min(over, 30))

    def wrong(self, key: Hashable, now: float) -> None:
        """Count one. A guess that is being looked at counts as wrong until it turns out to be right."""
        self._wrong[key] = self.count(key, now) + 1, now
        self._wrong.move_to_end(key)
        if len(self._wrong) > self._most:
            self._wrong.popitem(last=False)

    def take_back(self, key: Hashable) -> None:
        """Count one less: it was right, or nobody looked at it."""
        count, last = self._wrong.get(key, (0, 0.0))
        if count > 1:
            self._wrong[key] = count - 1, last
        elif count:
            del self._wrong[key]

    def forgive(self, key: Hashable) -> None:
        """Forget all of a key."""
        self._wrong.pop(key, None)
