"""The time by which the age of events is told, where the clock on the wall may be wrong.

A clock that leaps ahead makes everything old: by ``--keep``, all would be deleted. So a leap is believed only after the
server has run for a day with it, which leaves somebody the time to set the clock right. Until then the *trusted* time
goes on from where it was. It stands in the file, together with the seconds that the leap has lasted, so that a server
that is started anew goes on with both. Time in which the server did not run is believed up to a day.

A clock that leaps again meanwhile has another day before it. One that is set back is believed at once: it makes nothing
older.

No I/O; the clocks are handed in.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

BELIEVED_AFTER = 24 * 60 * 60.0
"""Seconds that the server has to run with a leap of the clock before events are trimmed by it."""

LEAP = 60 * 60.0
"""Seconds by which the clock on the wall goes ahead of the steady one before that is a leap."""

LEAP_AT_START = 24 * 60 * 60.0
"""The same at the start, when the server may have been stopped for a while."""


class Ages(NamedTuple):
    """The state, as it stands in the file."""

    trusted: float = 0.0
    """Seconds since 1970, UTC; 0 when there is none yet."""
    waited: float = 0.0
    """Seconds that the server has run since the clock leapt ahead; 0 when it did not."""
    wall: float = 0.0
    """The time on the wall at the last look."""


class TrustedTime:
    """Tells the trusted time."""

    def __init__(
        self, state: Ages, now: Callable[[], float], clock: Callable[[], float], say: Callable[[str], object]
    ) -> None:
        """
        :param state: of the end of the last server.
        :param now: the time on the wall, in seconds since 1970, UTC.
        :param clock: seconds that never go back.
        :param say: told, in a sentence, that the clock has leapt, or is believed again.
        """
        self.state = state
        self._now = now
        self._clock = clock
        self._say = say
        self._looked_at = clock()
        self._leap = LEAP_AT_START
        # Whether the leap was told of by this server.
        self._said = False

    def look(self) -> float:
        """The trusted time, as of now."""
        wall, clock = self._now(), self._clock()
        passed, self._looked_at = clock - self._looked_at, clock
        leap, self._leap = self._leap, LEAP
        trusted, waited, before = self.state
        if not trusted or wall <= trusted + passed + leap:
            if waited:
                self._say("the clock is right again: events are trimmed by their age as before")
            self._said = False
            self.state = Ages(wall, 0.0, wall)
        elif wall <= before + passed + leap and waited + passed >= BELIEVED_AFTER:
            self._say("the clock has kept to its leap ahead for a day: from now on, events are trimmed by it")
            self._said = False
            self.state = Ages(wall, 0.0, wall)
        else:
            # Nobody knows when a leap was, so the wait begins now.
            waited = 0.0 if wall > before + passed + leap else waited + passed
            if not self._said:
                self._said = True
                self._say(
                    f"the clock has leapt ahead by {duration(wall - trusted - passed)}: no event is trimmed for that "
                    "until the server has run for a day; if the clock is wrong, set it right"
                )
            # A wait that has begun is not 0.
            self.state = Ages(trusted + passed, max(waited, 1e-9), wall)
        return self.state.trusted


def duration(seconds: float) -> str:
    """``3 days``, ``2 hours``, ``1 minute``: for a person, and rounded down."""
    for unit, length in (("day", 24 * 60 * 60), ("hour", 60 * 60), ("minute", 60)):
        if seconds >= length:
            count = int(seconds // length)
            return f"{count} {unit}{'s' if count > 1 else ''}"
    return "less than a minute"
