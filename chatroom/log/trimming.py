"""Trimming: how events that are too old, or too many, go from the file.

Theory of operation. Trimming is looked at when something was committed, but once a minute at most. The keeper's
thread finds the id up to which events go; the writer's thread deletes them, a step at a time between batches, each
step in a transaction that also notes up to where events are forgotten. The event loop is told of a step before it is
made, so an answer that lacks events comes behind the news that they are forgotten. An event that is not too old keeps
all that came after it, whatever their times say: they are younger.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import suppress

from chatroom.log.ages import TrustedTime
from chatroom.log.rows import first_since
from chatroom.log.worker import Worker

TRIM_EVERY = 60
"""Seconds between two looks for events to trim."""

TRIMMED_AT_ONCE = 500
"""Events that one step deletes."""


class Trimming:
    """Trims the file, once in a while."""

    def __init__(
        self,
        writer: Worker,
        writing: sqlite3.Connection,
        keeper: Worker,
        keeping: sqlite3.Connection,
        *,
        keep_seconds: float,
        keep_events: int,
        trusted: TrustedTime,
        clock: Callable[[], float],
        forget: Callable[[int], None],
    ) -> None:
        """
        :param writing: the connection that is used in the thread of ``writer``.
        :param keeping: the connection that is used in the thread of ``keeper``.
        :param keep_seconds: how old an event may become; 0: as old as it likes.
        :param keep_events: how many events may be kept; 0: all.
        :param trusted: tells by which time events are too old.
        :param clock: seconds that never go back.
        :param forget: told, in the writer's thread, up to which id events are about to go.
        """
        self._writer = writer
        self._writing = writing
        self._keeper = keeper
        self._keeping = keeping
        self._keep_seconds = keep_seconds
        self._keep_events = keep_events
        self._trusted = trusted
        self._clock = clock
        self._forget = forget
        self._next_look = clock()

    def committed(self) -> None:
        """Look, when it is time for that. In the reactor's thread."""
        if (self._keep_seconds or self._keep_events) and self._clock() >= self._next_look:
            self._next_look = self._clock() + TRIM_EVERY
            oldest = self._trusted.look() - self._keep_seconds
            if self._keep_seconds:
                self._note_trusted()
            self._keeper.submit(lambda: self._look(oldest))

    def stop(self) -> None:
        """Note in the file what time it is. In the reactor's thread."""
        if self._keep_seconds:
            self._trusted.look()
            self._note_trusted()

    def _note_trusted(self) -> None:
        state = self._trusted.state

        def note() -> None:
            with suppress(sqlite3.Error):
                self._writing.execute("UPDATE ages SET trusted = ?, waited = ?, wall = ?", state)

        self._writer.submit(note)

    def _look(self, oldest: float) -> None:
        """Find the first event that stays, and have those before it trimmed. In the keeper's thread.

        :param oldest: the time of the oldest event that may stay, where there is a limit to that.
        """
        execute = self._keeping.execute
        first = 0
        try:
            if self._keep_seconds:
                first = first_since(self._keeping, oldest)
            if self._keep_events:
                row = execute(
                    "SELECT id FROM event ORDER BY id DESC LIMIT 1 OFFSET ?", (self._keep_events - 1,)
                ).fetchone()
                first = max(first, row[0] if row else 0)
            # The last event stays, since the next id is counted from it.
            first = min(first, execute("SELECT coalesce(max(id), 0) FROM event").fetchone()[0])
        except sqlite3.Error:
            return  # The next look comes in a while.
        if first:
            self._writer.submit(lambda: self._trim(first))

    def _trim(self, first: int) -> None:
        """Delete some of the events before the id ``first``, and go on behind the next batch."""
        execute = self._writing.execute
        try:
            last = execute(
                "SELECT max(id) FROM (SELECT id FROM event WHERE id < ? ORDER BY id LIMIT ?)", (first, TRIMMED_AT_ONCE)
            ).fetchone()[0]
            if last is None:
                return
            self._forget(last)
            execute("BEGIN IMMEDIATE")
            execute("DELETE FROM event WHERE id <= ?", (last,))
            execute("UPDATE history SET forgotten = ?", (last,))
            execute("COMMIT")
        except sqlite3.Error:
            if self._writing.in_transaction:
                execute("ROLLBACK")
            return  # The next look comes in a while.
        self._writer.submit(lambda: self._trim(first))
