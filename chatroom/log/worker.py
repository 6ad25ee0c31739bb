"""A thread that does one thing after another, for what must not keep the reactor waiting."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue


class Worker:
    """One thread, and what it has yet to do.

    :param died: called in that thread when work raised what it should not have; nothing is done after that.
    """

    def __init__(self, name: str, died: Callable[[BaseException], None]) -> None:
        self._died = died
        self._work: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        # A daemon, so that a process that was not stopped properly still ends.
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def submit(self, work: Callable[[], None]) -> None:
        """Have ``work`` called in the thread, after all that was submitted before."""
        self._work.put(work)

    def stop(self) -> None:
        """End once everything that was submitted is done."""
        self._work.put(None)

    def join(self) -> None:
        """Wait for the end."""
        self._thread.join()

    def _run(self) -> None:
        try:
            while (work := self._work.get()) is not None:
                work()
        except BaseException as error:
            self._died(error)
