"""argon2id in a few threads, with a bounded number of passwords that wait for one.

A hash takes tens of milliseconds of a processor, and 19 MiB, on purpose; the event loop never waits for one. Of those
who wait, the ones whose address has guessed wrong least go first, and when too many wait, the ones that have done so
most are sent away: a storm of guesses does not keep an honest login waiting.
"""

from __future__ import annotations

import base64
import heapq
import threading
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from chatroom.model.constants import ENCODING
from chatroom.model.errors import ChatError, LoginsBusy, Unforeseen

THREADS = 2
"""Threads that hash at once."""

MAX_WAITING = 64
"""Passwords that may wait for one: what two threads do in a second or two."""

TIME_COST, MEMORY_COST, PARALLELISM = 2, 19 * 1024, 1
"""Passes, KiB and lanes of argon2id (OWASP's Password Storage Cheat Sheet)."""

MISSING = "whoever runs the server has to install argon2-cffi: pip install 'chatroom[accounts]'"
"""Why nobody can log in where there is no argon2."""


class _Job(NamedTuple):
    """Work that waits for a thread; the first of a heap is done next."""

    rank: int
    number: int
    """Of two with the same rank, the one that came first goes first."""
    work: Callable[[], Any]
    answer: Callable[[Any], None]
    failed: Callable[[ChatError], None]


class Hasher:
    """Hashes and verifies passwords."""

    def __init__(
        self,
        start: Callable[[Callable[[], None]], object],
        from_thread: Callable[[Callable[[], None]], object],
    ) -> None:
        """
        :param start: calls a function in a thread of its own.
        :param from_thread: calls a function in the thread of the event loop.
        :raises ImportError: there is no argon2.
        """
        import argon2  # noqa: PLC0415 - an extra

        self._argon2 = argon2.PasswordHasher(TIME_COST, MEMORY_COST, PARALLELISM, type=argon2.Type.ID)
        self._mismatch = argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError
        # A hash of no password, which takes as long as another.
        salt, digest = (base64.b64encode(bytes(size)).decode().rstrip("=") for size in (16, 32))
        self._dummy = f"$argon2id$v=19$m={MEMORY_COST},t={TIME_COST},p={PARALLELISM}${salt}${digest}"
        self._start = start
        self._from_thread = from_thread
        self._lock = threading.Lock()
        self._waiting: list[_Job] = []
        self._running = 0
        self._number = 0

    def hash(self, password: str, answer: Callable[[str], None], failed: Callable[[ChatError], None]) -> None:
        """Ask for the hash of a password."""
        self._submit(0, lambda: self._argon2.hash(password), answer, failed)

    def verify(
        self,
        hash_: str,
        password: str,
        rank: int,
        answer: Callable[[bool], None],
        failed: Callable[[ChatError], None],
    ) -> None:
        """Ask whether ``hash_`` is that of ``password``.

        :param hash_: empty for that of no password, which takes as long and is never right.
        :param rank: those with a lower one go first.
        """
        self._submit(rank, lambda: self._verify(hash_ or self._dummy, password), answer, failed)

    def _verify(self, hash_: str, password: str) -> bool:
        try:
            return self._argon2.verify(hash_, password.encode(ENCODING))
        except self._mismatch:
            return False

    def _submit(
        self,
        rank: int,
        work: Callable[[], Any],
        answer: Callable[[Any], None],
        failed: Callable[[ChatError], None],
    ) -> None:
        with self._lock:
            self._number += 1
            job = _Job(rank, self._number, work, answer, failed)
            heapq.heappush(self._waiting, job)
            sent_away = None
            if len(self._waiting) > MAX_WAITING:
                sent_away = max(self._waiting)
                self._waiting.remove(sent_away)
                heapq.heapify(self._waiting)
            begins = self._running < THREADS
            self._running += begins
        if begins:
            self._start(self._run)
        if sent_away is not None:
            sent_away.failed(LoginsBusy())

    def _run(self) -> None:
        """In a thread of its own: do what waits, and end when nothing does."""
        while True:
            with self._lock:
                if not self._waiting:
                    self._running -= 1
                    return
                job = heapq.heappop(self._waiting)
            try:
                found = job.work()
            except Exception:
                # Its text, and its arguments, may have the password in them.
                self._from_thread(partial(job.failed, Unforeseen()))
            else:
                self._from_thread(partial(job.answer, found))
