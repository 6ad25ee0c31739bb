"""Scheduling: whose input is taken next, and for how long.

Theory of operation. Input is taken in slices: whoever has more than fits into one waits behind the others. While there
is little to do, a slice is run at once, as its bytes are read. Once slices have taken more than their share of the
reactor's time, input waits in a queue instead, which is served for a few milliseconds in each turn of the reactor. So a
turn is short, whatever is sent, and everything else that the reactor has to do gets its time between.

The queue is the one of fq_codel (RFC 8290 section 4), with measured time in place of bytes: deficit round robin among
flows, where those that come anew with little to do are served first, once and for a short slice. So somebody who says a
line now and then does not stand behind those who send all they can, however many they are. Of those that come anew,
people who are in come first. Those at the door may be a flood, and have every other turn. A flow is an address; where
an address may have any number of connections, each of them is a flow of its own.

While more has been taken than can be delivered in a moment, the queue is held: what waits in it can be served in a fair
order, and what is on its way through the log cannot. People who are in and come anew have a reserve: their line does
not wait until what others have filled the log with is delivered, to stand behind as much again.

No reactor and no clock of its own: both are handed in.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable
from typing import Protocol

SLICE = 0.002
"""Seconds of one flow's work before others have their turn."""

FIRST_SLICE = 0.0005
"""The same for a flow that comes anew: time for a few lines."""

SERVICE = 0.003
"""Seconds that the queue is served for in one turn of the reactor."""

AT_ONCE = 0.010
"""Seconds of work that may be done as it is read, before work has to wait in the queue."""

AT_ONCE_SHARE = 0.5
"""The share of time by which that fills up again."""

RESERVE = 2.0
"""Times what may be on its way through the log, for people who are in and come anew."""

LOOK_EVERY = 0.001
"""Seconds between two looks at the clock of work."""

MAX_MEASURED = 0.1
"""Seconds that one run counts as at most: the machine may have been suspended meanwhile."""


class Work(Protocol):
    """The input of one connection, which waits to be taken."""

    def run(self, now: float, until: float) -> bool:
        """Take input from the time ``now`` until the time ``until``, or one piece longer.

        :returns: whether there is more that could be taken at once.
        """

    @property
    def is_little(self) -> bool:
        """Whether no more waits than a person types in a while."""

    @property
    def is_in(self) -> bool:
        """Whether it is of somebody who has come in."""

    def flow(self) -> Hashable:
        """The address that it shares a flow with; the work itself where it has a flow of its own."""


class _Flow:
    """The waiting work of one flow."""

    __slots__ = ("credit", "key", "waiting")

    def __init__(self, key: Hashable) -> None:
        self.key = key
        self.credit = FIRST_SLICE
        """Seconds that it may still take before the others have their turn: the deficit of deficit round robin."""
        self.waiting: deque[Work] = deque()


class Scheduler:
    """The work that waits, and the time that work has taken of late."""

    def __init__(self, is_full: Callable[[float], bool] = lambda times: False) -> None:
        """
        :param is_full: whether so many times what may be on its way through the log is; :meth:`release` is called when
            less is.
        """
        self._is_full = is_full
        self.clock: Callable[[], float] = _no_clock
        """The clock of all work: seconds that only go forward."""
        self.cpu_clock: Callable[[], float] = _no_clock
        """The clock of what work costs: seconds that the reactor's thread has worked."""
        self.measures_work = True
        """Whether it can be told what work costs: in a test whose time goes by hand it takes none."""
        self._cpu = self._cpu_at = 0.0
        self._soon: Callable[[Callable[[], None]], object] = _no_clock
        # Seconds of work that may still be done at once, and when that was so.
        self._left = AT_ONCE
        self._left_at = 0.0
        self._flows: dict[Hashable, _Flow] = {}
        # Each flow stands in one of the three. The first is served before the others, which take turns: a flood at the
        # door comes anew each time, and all who have said something stand among the old for a while.
        self._new_in: deque[_Flow] = deque()
        self._new: deque[_Flow] = deque()
        self._old: deque[_Flow] = deque()
        self._new_was_last = False
        self._waiting: set[Work] = set()
        self._serving = False
        self.held = False
        """Whether no work but that of people who come anew is done until :meth:`release` is called."""

    def __len__(self) -> int:
        """How many connections have work that waits."""
        return len(self._waiting)

    def begin(
        self,
        clock: Callable[[], float],
        soon: Callable[[Callable[[], None]], object],
        cpu_clock: Callable[[], float] | None = None,
    ) -> None:
        """Go by a clock, from before the first work is offered.

        :param soon: has what it is handed called in the next turn of the reactor.
        :param cpu_clock: seconds that the thread has worked; without it, all time is work.
        """
        self.clock, self._soon, self.cpu_clock = clock, soon, cpu_clock or clock
        self.measures_work = cpu_clock is not None

    def note_cpu(self, now: float) -> None:
        """Look at the clock of work now and then, for :meth:`worked_since`: each time would be dear."""
        if now - self._cpu_at >= LOOK_EVERY:
            self._cpu, self._cpu_at = self.cpu_clock(), now

    def worked_since(self, began: float, now: float) -> float:
        """The seconds of work from ``began`` to ``now``, of which some may be those of others just before.

        The machine may have had other things to do meanwhile: that is nobody's cost.
        """
        return min(now - began, self.cpu_clock() - self._cpu)

    def offer(self, work: Work) -> None:
        """Have ``work`` run, now or in its turn. Nothing more is done about work that waits already."""
        if not self._flows and not self.held:
            now = self.clock()
            left = self._left + (now - self._left_at) * AT_ONCE_SHARE
            self._left, self._left_at = (left if left < AT_ONCE else AT_ONCE), now
            if left > 0:
                more = work.run(now, now + SLICE)
                self.held = self._is_full(1.0)
                self._left -= min(MAX_MEASURED, self.clock() - now)
                if not more:
                    return
        self._add(work)

    def release(self) -> None:
        """Go on with work."""
        self.held = False
        if self._flows:
            self._serve_soon()

    def withdraw(self, work: Work) -> None:
        """Forget work that waits, if it does."""
        # Its place in the queue is skipped when it is reached.
        self._waiting.discard(work)

    def _add(self, work: Work) -> None:
        if work in self._waiting:
            return
        self._waiting.add(work)
        key = work.flow()
        flow = self._flows.get(key)
        if flow is None:
            flow = self._flows[key] = _Flow(key)
            queue = self._old if not work.is_little else self._new_in if work.is_in else self._new
            queue.append(flow)
        flow.waiting.append(work)
        self._serve_soon()

    def has_enough_of(self, work: Work) -> bool:
        """Whether ``work`` should take no more for now, since the log has enough."""
        return self._is_full(RESERVE if work.is_in else 1.0)

    def _next(self) -> deque[_Flow] | None:
        """The queue whose first flow is served next; None where none is, for now."""
        if not self.held:
            first, second = (self._old, self._new) if self._new_was_last else (self._new, self._old)
            return self._new_in or first or second or None
        return self._new_in if self._new_in and not self._is_full(RESERVE) else None

    def _serve_soon(self) -> None:
        if not self._serving and self._next() is not None:
            self._serving = True
            self._soon(self._serve)

    def _serve(self) -> None:
        """Serve the queue for a while."""
        self._serving = False
        now = self.clock()
        until = now + SERVICE
        try:
            while now < until and (flows := self._next()) is not None:
                flow = flows.popleft()
                self._new_was_last = flows is self._new
                if not flow.waiting:
                    del self._flows[flow.key]
                    continue
                now = self._serve_flow(flow, flows, now, until)
        finally:
            # Others are served though one piece of work raises an exception.
            if self._flows:
                self._serve_soon()

    def _serve_flow(self, flow: _Flow, flows: deque[_Flow], now: float, until: float) -> float:
        """Serve a flow that was taken out of ``flows`` until its credit is used up; the time when that was so."""
        if flow.credit <= 0:
            flow.credit += SLICE
        try:
            going = True
            while going and flow.waiting and flow.credit > 0 and now < until:
                now = self._run_first(flow, now)
                going = not self.held
        finally:
            if flow.credit > 0 and flow.waiting:
                flows.appendleft(flow)
            else:
                # Even one with nothing more to do waits for its turn, lest it comes back as a new one at once.
                self._old.append(flow)
        return now

    def _run_first(self, flow: _Flow, now: float) -> float:
        """Run the first work of a flow; the time when that was over."""
        work = flow.waiting.popleft()
        if work not in self._waiting:
            return now
        self._waiting.discard(work)
        more = work.run(now, now + flow.credit)
        self.held = self._is_full(1.0)
        end = self.clock()
        flow.credit -= min(MAX_MEASURED, end - now)
        if more and work not in self._waiting:
            self._waiting.add(work)
            flow.waiting.append(work)
        return end


def _no_clock(*args: object) -> float:
    raise AssertionError("Scheduler.begin was not called")
