"""Checkpoints: how the write-ahead log is moved into the file, where doing so keeps nobody waiting.

Theory of operation. A checkpoint by the writer would show as a pause of 100 ms, so a thread of its own, the keeper,
makes it while commits go on. Only a checkpoint that reaches the end of the write-ahead log lets the next commit begin
it anew, and the keeper does not get there as long as commits go on. So the writer makes a second one behind it: what
was committed in the meantime is little, and while the writer is at it there is no more. The write-ahead log then grows
over blocks that the disk has already.

Text that was removed from the file is still in the write-ahead log. After a removal, the second checkpoint also cuts
the log to nothing; while a reader is in the middle of a question it cannot, and is tried again.

The state of it is the writer's thread's; the keeper only submits to that thread that it is through.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from chatroom.log.worker import Worker

CHECKPOINT_AFTER = 2 * 1024 * 1024
"""Bytes in the write-ahead log, more or less, from which it is moved into the file."""

BYTES_OF_A_COMMIT, BYTES_OF_AN_EVENT = 12 * 1024, 200
"""Bytes that a commit and an event take in the write-ahead log, more or less."""


class Checkpoints:
    """Makes a checkpoint whenever the write-ahead log has become long."""

    def __init__(
        self,
        writer: Worker,
        writing: sqlite3.Connection,
        keeper: Worker,
        keeping: sqlite3.Connection,
        made: Callable[[], None],
        *,
        emptied: Callable[[], None] = lambda: None,
    ) -> None:
        """
        :param writing: the connection that is used in the thread of ``writer``.
        :param keeping: the connection that is used in the thread of ``keeper``.
        :param made: told, in the thread of ``writer``, that a checkpoint has changed the file.
        :param emptied: told, in the same thread, that the write-ahead log was cut to nothing.
        """
        self._writer = writer
        self._writing = writing
        self._keeper = keeper
        self._keeping = keeping
        # The last server may have left a long write-ahead log.
        self._uncheckpointed = CHECKPOINT_AFTER
        self._made = made
        self._emptied = emptied
        # Whether there is text in the write-ahead log that was removed.
        self._to_empty = False
        self.under_way = False
        """Whether a checkpoint is being made; in the writer's thread."""

    def committed(self, events: int) -> None:
        """Take notice of a commit of so many events. In the writer's thread."""
        self._uncheckpointed += BYTES_OF_A_COMMIT + BYTES_OF_AN_EVENT * events
        if self._uncheckpointed > CHECKPOINT_AFTER:
            self._begin_unless_under_way()

    def empty(self) -> None:
        """Have the write-ahead log emptied: text in it was removed. In the writer's thread."""
        self._to_empty = True
        self._begin_unless_under_way()

    def try_again(self) -> None:
        """Go on with what a reader was in the way of. In the writer's thread."""
        if self._to_empty:
            self._begin_unless_under_way()

    def _begin_unless_under_way(self) -> None:
        if not self.under_way:
            self._uncheckpointed = 0
            self.under_way = True
            self._keeper.submit(self._begin)

    def _begin(self) -> None:
        reached = _checkpoint(self._keeping)
        self._writer.submit(lambda: self._finish(reached))

    def _finish(self, reached: bool) -> None:
        # Where the keeper could not, the disk is full, most likely: the writer meets the same, and reports it.
        if reached:
            if self._to_empty and _empty(self._writing):
                self._to_empty = False
                self._emptied()
            else:
                _checkpoint(self._writing)
        self.under_way = False
        self._made()


def _checkpoint(connection: sqlite3.Connection) -> bool:
    """Move the write-ahead log into the file, but for pages that a reader still needs; whether that could be done."""
    try:
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    except sqlite3.Error:
        return False
    return True


def _empty(connection: sqlite3.Connection) -> bool:
    """Move the write-ahead log into the file and cut it to nothing; False when a reader is in the way."""
    try:
        (timeout,) = connection.execute("PRAGMA busy_timeout").fetchone()
        # The writer waits for nobody.
        connection.execute("PRAGMA busy_timeout = 0")
        try:
            busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        finally:
            connection.execute(f"PRAGMA busy_timeout = {timeout}")
    except sqlite3.Error:
        return False
    return not busy
