"""How much of the server somebody may use: a limit that is counted in lines. No I/O, no clock.

A line of ordinary talk costs one. What is dearer costs as many lines as it is worth: by the time that it takes on the
reactor's thread, and by its bytes.
"""

from __future__ import annotations

LINE_SECONDS = 0.0005
"""Seconds of the reactor's thread that a line pays for: an ordinary one takes a tenth of it."""

LINE_BYTES = 512
"""Bytes of input that a line pays for."""

MAX_WORTH = 200
"""Lines that are paid at most for what was measured once: the machine may have been suspended meanwhile."""


def worth(seconds: float, size: int) -> float:
    """The lines that are to be paid for input of ``size`` bytes that took so long."""
    return min(MAX_WORTH, max(seconds / LINE_SECONDS, size / LINE_BYTES))


class RateLimit:
    """A token bucket: ``burst`` lines at once, then ``rate`` a second."""

    __slots__ = ("_at", "_burst", "_left", "_rate")

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self._rate = rate
        self._burst = max(burst, 1.0)
        self._left = self._burst
        self._at = now

    def take(self, now: float) -> float:
        """Take one line.

        :param now: seconds, by a clock that only goes forward.
        :returns: 0 when it was there to be taken; else the seconds until there is one.
        """
        self._fill(now)
        wait = (1 - self._left) / self._rate
        # A wait that rounding has left over may be too short for the clock to count: nobody would see its end.
        if now + wait > now:
            return wait
        self._left -= 1
        return 0

    def spend(self, lines: float) -> None:
        """Take ``lines`` that may not be there yet: the next waits for them as well."""
        self._left -= lines

    def debt(self, now: float) -> float:
        """The seconds until all that was spent is paid for; 0 when it is."""
        self._fill(now)
        wait = -self._left / self._rate
        return wait if now + wait > now else 0

    def is_full(self, now: float) -> bool:
        """Whether nothing is missing that was spent."""
        self._fill(now)
        return self._left >= self._burst

    def _fill(self, now: float) -> None:
        self._left = min(self._burst, self._left + (now - self._at) * self._rate)
        self._at = now
