"""A thread with a queue of work, for work that the reactor must not wait for."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue


class Worker:
    """One thread and its queue.

    :param died: called in that thread with an exception that work has raised; the thread ends with it.
    """

    def __init__(self, name: str, died: Callable[[BaseException], None]) -> None:
        self._died = died
        self._work: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        # A daemon thread: a process that was not stopped properly still ends.
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def submit(self, work: Callable[[], None]) -> None:
        """Have ``work`` called in the thread, after all work that was submitted before."""
        self._work.put(work)

    def stop(self) -> None:
        """End the thread once all submitted work is done."""
        self._work.put(None)

    def join(self) -> None:
        """Wait for the end of the thread."""
        self._thread.join()

    def _run(self) -> None:
        try:
            while (work := self._work.get()) is not None:
                work()
        except BaseException as error:
            self._died(error)
