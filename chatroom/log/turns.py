"""Turns: long work of many askers, done in pieces and in a fair order.

A search, a page of the past or a long list takes longer than others should wait for. Such work is a generator that
yields every few milliseconds, and its pieces are done in turns: in the event loop (:class:`LoopTurns`), a few
milliseconds in each turn of the loop, or in a thread of its own (:class:`ThreadTurns`). This module knows no rooms, no
files and no protocol.

Theory of operation. It is fair queuing by measured time. An *account* is the seconds of work that were done for one
asker. The next piece is done for the asker whose account is lowest, and the *level* is that lowest account. An asker
who comes new, or comes back, begins :data:`HEAD_START` below the level at most. So cheap work passes dear work, at the
price of one piece, and nobody can save up for later. When no work is left, all accounts are closed.

Each asker has one piece of work at a time; more of them wait behind it. Work ends early when its asker has gone, when
the server stops, and at its bounds in time, of which its asker is told.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Hashable
from heapq import heappop, heappush
from typing import Any, Protocol, TypeVar

from chatroom.log.worker import Worker
from chatroom.model.errors import ChatError, TakesTooLong, Unforeseen

T = TypeVar("T")

Work = Generator[None, None, T]
"""Yields between its pieces, each of which takes a few milliseconds; returns the answer."""

HEAD_START = 0.02
"""Seconds: about what ordinary work takes as a whole, so that it need not wait for a second turn."""

LONGEST_WORK = 2.0
"""Seconds of work for one question."""

LONGEST_WAIT = 30.0
"""Seconds from a question to the end of its work."""

PART_OF_A_TURN = 0.002
"""Seconds of work in one turn of the event loop, more or less."""


class Asker(Hashable, Protocol):
    """The one for whom work is done."""

    def charge(self, seconds: float) -> None:
        """Pay for so much work. Called in the event loop."""


FromThread = Callable[[Callable[[], None]], object]
"""Calls a function in a later turn of the event loop; may be called from any thread."""


class _Job:
    """One piece of work, and who is told what comes of it."""

    __slots__ = ("answer", "asked_at", "charge", "failed", "seconds", "work")

    def __init__(
        self,
        work: Work[Any],
        answer: Callable[[Any], None],
        failed: Callable[[ChatError], None],
        charge: Callable[[float], None],
        asked_at: float,
    ) -> None:
        self.work = work
        self.answer = answer
        self.failed = failed
        self.charge = charge
        self.asked_at = asked_at
        # Seconds of work that were done.
        self.seconds = 0.0


class _Account:
    """An asker's account, and the jobs that wait for the asker's turn."""

    __slots__ = ("jobs", "seconds")

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.jobs: deque[_Job] = deque()


Outcome = Callable[[], None]
"""Tells the asker what came of a piece; called in the event loop."""


class Turns:
    """The work that waits, in the order in which it is done. Any thread may call it; one thread does the work."""

    def __init__(self, clock: Callable[[], float] | None = None) -> None:
        """:param clock: seconds of time and of work; by default, those of the system and of the thread."""
        self._clock = clock or time.perf_counter
        # A busy machine makes work take longer, and not dearer.
        self._work_clock = clock or time.thread_time
        self._lock = threading.Lock()
        self._accounts: dict[Hashable, _Account] = {}
        # The accounts with jobs that wait: (seconds, number, asker, account).
        self._heap: list[tuple[float, int, Hashable, _Account]] = []
        self._numbers = 0
        self._level = 0.0
        # The job that is being worked on, its asker, and when this piece of it began.
        self._current: _Job | None = None
        self._current_asker: Hashable = None
        self._began = self._work_began = 0.0
        self._current_dropped = False
        self._closed = False

    def add(
        self,
        asker: Asker | None,
        work: Work[T],
        answer: Callable[[T], None],
        failed: Callable[[ChatError], None],
    ) -> None:
        """Have work done, behind all other work for the same asker.

        :param asker: None for work that nobody pays for, and that is never dropped.
        :param failed: told why the work was given up; a :class:`~chatroom.model.errors.ChatError` that it raises, too.
            Another exception that it raises goes on to the event loop, behind that.
        """
        job = _Job(work, answer, failed, _for_free if asker is None else asker.charge, self._clock())
        key: Hashable = job if asker is None else asker
        with self._lock:
            if self._closed:
                return
            account = self._accounts.get(key)
            if account is None:
                account = self._accounts[key] = _Account(self._level - HEAD_START)
            account.jobs.append(job)
            if len(account.jobs) == 1 and self._current_asker is not key:
                account.seconds = max(account.seconds, self._level - HEAD_START)
                self._push(key, account)

    def _push(self, asker: Hashable, account: _Account) -> None:
        self._numbers += 1
        heappush(self._heap, (account.seconds, self._numbers, asker, account))

    def drop(self, asker: Hashable) -> None:
        """Give up all work for ``asker``, who is told nothing."""
        with self._lock:
            account = self._accounts.pop(asker, None)
            if account is not None:
                account.jobs.clear()
            if self._current is not None and self._current_asker == asker:
                self._current_dropped = True

    def close(self) -> None:
        """Give up all work, now and from now on; nobody is told anything."""
        with self._lock:
            self._closed = True
            self._accounts.clear()
            self._heap.clear()

    @property
    def waiting(self) -> bool:
        """Whether there may be work to do."""
        return bool(self._heap)

    def given_up(self) -> bool:
        """Whether the work that is being done should end within its piece. In the thread that does it."""
        job = self._current
        return (
            self._closed
            or self._current_dropped
            or (job is not None and job.seconds + self._work_clock() - self._work_began > LONGEST_WORK)
        )

    def do_piece(self) -> Outcome | None:
        """Do the next piece of work.

        :returns: what there is to tell of it; None when there was no work.
        """
        job = self._take()
        if job is None:
            return None
        outcome: Outcome | None = None
        if self._began - job.asked_at > LONGEST_WAIT:
            outcome = self._failure(job, TakesTooLong())
        else:
            try:
                next(job.work)
            except StopIteration as end:
                found = end.value
                outcome = lambda: job.answer(found)  # noqa: E731 - it is told later, in another thread
            except ChatError as error:
                outcome = self._failure(job, error)
            except Exception as error:
                outcome = self._fault(job, error)
        seconds = self._work_clock() - self._work_began
        job.seconds += seconds
        if outcome is None and job.seconds > LONGEST_WORK:
            outcome = self._failure(job, TakesTooLong())
        dropped = self._put_back(job, over=outcome is not None, seconds=seconds)

        def tell() -> None:
            job.charge(seconds)
            if outcome is not None:
                outcome()

        return _nothing if dropped else tell

    @staticmethod
    def _failure(job: _Job, error: ChatError) -> Outcome:
        return lambda: job.failed(error)

    @staticmethod
    def _fault(job: _Job, error: Exception) -> Outcome:
        def tell() -> None:
            job.failed(Unforeseen())
            # For the log of the event loop.
            raise error

        return tell

    def _take(self) -> _Job | None:
        with self._lock:
            while self._heap:
                seconds, _, asker, account = heappop(self._heap)
                # An account whose asker has gone has no jobs.
                if account.jobs:
                    self._level = max(self._level, seconds)
                    self._current, self._current_asker = account.jobs[0], asker
                    self._current_dropped = False
                    self._began, self._work_began = self._clock(), self._work_clock()
                    return self._current
            return None

    def _put_back(self, job: _Job, over: bool, seconds: float = 0.0) -> bool:
        """Take notice that a piece was done; whether its asker has gone in the meantime."""
        with self._lock:
            asker, self._current, self._current_asker = self._current_asker, None, None
            account = self._accounts.get(asker)
            dropped = self._closed or self._current_dropped
            if account is not None:
                account.seconds += seconds
                if over and not dropped and account.jobs:
                    account.jobs.popleft()
                if account.jobs:
                    self._push(asker, account)
                elif account.seconds <= self._level - HEAD_START or isinstance(asker, _Job):
                    del self._accounts[asker]
            if not self._heap:
                self._accounts.clear()
                self._level = 0.0
        if dropped:
            job.work.close()
        return dropped


def _for_free(seconds: float) -> None:
    """Nobody pays for it."""


def _nothing() -> None:
    """There is nobody to tell."""


class LoopTurns:
    """Turns in the event loop: :data:`PART_OF_A_TURN` of each of its turns, while there is work."""

    def __init__(
        self, soon: Callable[[Callable[[], None]], object] | None, clock: Callable[[], float] | None = None
    ) -> None:
        """:param soon: calls a function in a later turn of the event loop; None: all work is done at once."""
        self._soon = soon
        self._clock = clock or time.perf_counter
        self._turns = Turns(clock)
        self._scheduled = False

    def add(
        self, asker: Asker | None, work: Work[T], answer: Callable[[T], None], failed: Callable[[ChatError], None]
    ) -> None:
        """As :meth:`Turns.add`."""
        self._turns.add(asker, work, answer, failed)
        self._schedule()

    def drop(self, asker: Hashable) -> None:
        """As :meth:`Turns.drop`."""
        self._turns.drop(asker)

    def close(self) -> None:
        """As :meth:`Turns.close`."""
        self._turns.close()

    def _schedule(self) -> None:
        if not self._scheduled:
            self._scheduled = True
            if self._soon is None:
                self._do_all()
            else:
                self._soon(self._do_part)

    def _do_all(self) -> None:
        try:
            while (tell := self._turns.do_piece()) is not None:
                tell()
        finally:
            self._scheduled = False

    def _do_part(self) -> None:
        self._scheduled = False
        end = self._clock() + PART_OF_A_TURN
        try:
            while (tell := self._turns.do_piece()) is not None:
                tell()
                if self._clock() >= end:
                    self._schedule()
                    break
        except BaseException:
            # The work of others goes on.
            self._schedule()
            raise


class ThreadTurns:
    """Turns in a thread of their own, for work that waits for a disk or runs outside Python."""

    def __init__(self, name: str, from_thread: FromThread, died: Callable[[BaseException], None]) -> None:
        """:param died: called in the thread with an exception that is none of the work's; the thread ends with it."""
        self._from_thread = from_thread
        self._turns = Turns()
        self._worker = Worker(name, died)
        # Whether the thread is at work, or about to be.
        self._working = False
        # What was done and not told, oldest first; and whether the event loop is about to tell some of it.
        self._untold: deque[Outcome] = deque()
        self._telling = False
        self.given_up = self._turns.given_up

    def start(self) -> None:
        self._worker.start()

    def add(
        self, asker: Asker | None, work: Work[T], answer: Callable[[T], None], failed: Callable[[ChatError], None]
    ) -> None:
        """As :meth:`Turns.add`; may be called from any thread."""
        self._turns.add(asker, work, answer, failed)
        if not self._working:
            self._working = True
            self._worker.submit(self._do_pieces)

    def drop(self, asker: Hashable) -> None:
        """As :meth:`Turns.drop`."""
        self._turns.drop(asker)

    def close(self) -> None:
        """Give up all work, and end the thread behind the piece that is being done."""
        self._turns.close()
        self._worker.stop()

    def join(self) -> None:
        """Wait for the end of the thread."""
        self._worker.join()

    def _do_pieces(self) -> None:
        """Do all the work that there is."""
        while True:
            while (tell := self._turns.do_piece()) is not None:
                self._untold.append(tell)
                if not self._telling:
                    self._telling = True
                    self._from_thread(self._tell_some)
            self._working = False
            # Work that was added a moment before found the thread at work.
            if not self._turns.waiting:
                return

    def _tell_some(self) -> None:
        """In the event loop: tell as much as one of its turns has time for.

        Whoever is told makes more of it, and sends that: a hundred in one turn would keep all others waiting.
        """
        end = time.perf_counter() + PART_OF_A_TURN
        try:
            while self._untold:
                self._untold.popleft()()
                if time.perf_counter() >= end:
                    break
        finally:
            # The flag first: what the thread adds behind the look at the queue has it call for another turn.
            self._telling = False
            if self._untold:
                self._telling = True
                self._from_thread(self._tell_some)
