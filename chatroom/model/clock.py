"""Clocks that never go back: timers, limits and pauses go by them. The clock on the wall is for times that people see.

A reactor of Twisted measures by the clock on the wall (``reactor.seconds`` is :func:`time.time`). When that is set
back, every timer waits for as long as the step was. :func:`go_steadily` mends a reactor of our own. A reactor of
somebody else's stays as it is: :func:`steady` gives a :class:`SteadyClock` beside it.

Time that a machine is suspended for does not count: nobody is let go because the server's machine slept.
:func:`suspended` tells how long that was, for a client that wants to know whether its connection has survived.

No I/O and no Twisted: reactors are handed in.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable
from typing import Any

STEP = 0.1
"""Seconds by which the clock on the wall must have moved against the steady one before timers are set anew."""


def go_steadily(reactor: Any) -> None:
    """Have all timers of ``reactor`` go by a clock that never goes back; call it before anything is scheduled."""
    if _goes_by_the_wall(reactor):
        reactor.seconds = time.monotonic


def steady(reactor: Any) -> Any:
    """The clock for limits and timers in ``reactor``: itself, unless it goes by the clock on the wall."""
    return SteadyClock(reactor) if _goes_by_the_wall(reactor) else reactor


def _goes_by_the_wall(reactor: Any) -> bool:
    return reactor.seconds is time.time


def suspended() -> float:
    """Seconds that this machine has been suspended for since it was started; 0 where the system does not say."""
    boottime = getattr(time, "CLOCK_BOOTTIME", None)
    return 0.0 if boottime is None else time.clock_gettime(boottime) - time.clock_gettime(time.CLOCK_MONOTONIC)


class SteadyCall:
    """A call that a :class:`SteadyClock` will make; it has the methods of Twisted's ``IDelayedCall``."""

    __slots__ = ("_call", "_clock", "_time")

    def __init__(self, clock: SteadyClock, at: float, call: Callable[[], object]) -> None:
        self._clock = clock
        self._time = at
        # None once it was made or cancelled.
        self._call: Callable[[], object] | None = call

    def getTime(self) -> float:
        return self._time

    def active(self) -> bool:
        return self._call is not None

    def cancel(self) -> None:
        """:raises ValueError: it was made or cancelled already."""
        if self._call is None:
            raise ValueError("that call was made or cancelled already")
        self._call = None
        self._clock.cancelled()

    def reset(self, seconds: float) -> None:
        """Make the call so many seconds from now."""
        self._move(self._clock.seconds() + seconds)

    def delay(self, seconds: float) -> None:
        """Make the call so many seconds later than it would be."""
        self._move(self._time + seconds)

    def make(self) -> None:
        """Make the call, once."""
        call, self._call = self._call, None
        if call is not None:
            call()

    def _move(self, at: float) -> None:
        if self._call is None:
            raise ValueError("that call was made or cancelled already")
        self._time = at
        self._clock.moved(self)


class SteadyClock:
    """Seconds and timers for a reactor that goes by the clock on the wall.

    All timers share one of the reactor's, for the first that is due. It fires too early when the clock on the wall is
    set forward, and too late when it is set back. The one is found out when it fires, and the other at the next thing
    that happens, since each thing asks for the time here.
    """

    def __init__(self, reactor: Any, now: Callable[[], float] = time.monotonic) -> None:
        """:param now: seconds that never go back."""
        self._reactor = reactor
        self._now = now
        # The calls to come, with those that were cancelled or moved in the meantime: (time, number, call).
        self._calls: list[tuple[float, int, SteadyCall]] = []
        self._numbers = 0
        self._active = 0
        # The reactor's call, when it is due, and the distance between the two clocks when it was made.
        self._alarm: Any = None
        self._alarm_at = 0.0
        self._distance = 0.0
        # Whether calls are being made.
        self._ringing = False

    def seconds(self) -> float:
        """The time, in seconds since some moment."""
        now = self._now()
        if self._alarm is not None and abs(self._reactor.seconds() - now - self._distance) > STEP:
            self._set_alarm()
        return now

    def callLater(self, delay: float, call: Callable[..., object], *args: Any, **kwargs: Any) -> SteadyCall:
        """Have ``call`` made ``delay`` seconds from now."""
        made = SteadyCall(self, self.seconds() + delay, (lambda: call(*args, **kwargs)) if args or kwargs else call)
        self._active += 1
        self.moved(made)
        return made

    def callFromThread(self, call: Callable[..., object], *args: Any, **kwargs: Any) -> None:
        """Have ``call`` made in the reactor's thread."""
        self._reactor.callFromThread(call, *args, **kwargs)

    def getDelayedCalls(self) -> list[SteadyCall]:
        """The calls to come."""
        return [call for at, _, call in self._calls if call.active() and call.getTime() == at]

    # For calls.

    def moved(self, call: SteadyCall) -> None:
        """Take notice that ``call`` has a time, perhaps another than before."""
        self._numbers += 1
        heapq.heappush(self._calls, (call.getTime(), self._numbers, call))
        if self._alarm is None or call.getTime() < self._alarm_at:
            self._set_alarm()

    def cancelled(self) -> None:
        """Take notice that a call will not be made."""
        self._active -= 1
        if not self._active:
            # The reactor is somebody else's, who finds nothing left behind.
            self._calls.clear()
            self._set_alarm()
        elif len(self._calls) > 2 * self._active + 50:
            self._calls = [entry for entry in self._calls if _is_due_then(entry)]
            heapq.heapify(self._calls)

    def _set_alarm(self) -> None:
        if self._ringing:
            return
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        while self._calls and not _is_due_then(self._calls[0]):
            heapq.heappop(self._calls)
        if self._calls:
            now = self._now()
            self._alarm_at = self._calls[0][0]
            self._distance = self._reactor.seconds() - now
            self._alarm = self._reactor.callLater(max(0.0, self._alarm_at - now), self._ring)

    def _ring(self) -> None:
        """Make the calls that are due."""
        self._alarm = None
        self._ringing = True
        now = self._now()
        try:
            while self._calls and self._calls[0][0] <= now:
                entry = heapq.heappop(self._calls)
                if _is_due_then(entry):
                    self._active -= 1
                    entry[2].make()
        finally:
            # An exception goes to the reactor, which reports it; the rest is made in its next turn.
            self._ringing = False
            self._set_alarm()


def _is_due_then(entry: tuple[float, int, SteadyCall]) -> bool:
    """Whether the call is still to be made at the time of the entry."""
    return entry[2].active() and entry[2].getTime() == entry[0]
