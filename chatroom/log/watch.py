"""A watch over the files of a log on disk: whether they are still those that were opened.

A file that is removed while a program has it open goes on to exist for that program alone, and is gone with it. So is
everything that was written to it meanwhile. A file that is written over keeps its name, and has another content.

Theory of operation. SQLite has three files: the history, its write-ahead log, and the shared memory between
connections. A look compares the number of each on its device with that at the start, which takes microseconds, so
there is one before each batch. The history's file changes at checkpoints alone, which the log makes itself, and the
write-ahead log gets shorter only when the log empties it. Where they have changed otherwise, the content is looked at,
through a connection that remembers nothing of it. It may be in order: somebody has made a checkpoint, or a ``VACUUM``.

All of it happens in the writer's thread. Nothing here opens the history's file but through SQLite, whose locks would
be lost when it is closed.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from typing import NamedTuple

from chatroom.log.schema import QUICK_CHECK_BELOW, connect
from chatroom.model.errors import NotKept

PUT_BACK = (
    "put the same file back if it was moved; else stop the server, restore a backup, and start it again: all that was "
    "said since the backup is lost"
)
RESTART = "stop the server in good order and start it again: nothing is lost by that"
RESTORE = "stop the server, restore a backup, and start it again"


HEADER = 100
"""Bytes at the beginning of each database (sqlite.org/fileformat2.html)."""


class _Seen(NamedTuple):
    """The state of a file."""

    number: tuple[int, int]
    size: int
    changed: int


def _see(path: str) -> _Seen:
    found = os.stat(path)
    return _Seen((found.st_dev, found.st_ino), found.st_size, found.st_mtime_ns)


class FileWatch:
    """Knows the files as they were when they were last in order."""

    def __init__(
        self,
        path: str,
        identity: str,
        last_id: Callable[[], int],
        account_changes: Callable[[], int] = lambda: 0,
    ) -> None:
        """
        :param path: of the history, which is open.
        :param identity: of the history.
        :param last_id: the id of the last event that was committed.
        :param account_changes: how many changes of accounts were.
        :raises OSError: the files are gone already.
        """
        # SQLite's other files are beside the one that a link leads to.
        self._path = os.path.realpath(path)
        self._identity = identity
        self._last_id = last_id
        self._account_changes = account_changes
        self._history = _see(self._path)
        self._wal = _see(f"{self._path}-wal")
        self._shm = _see(f"{self._path}-shm")

    def checkpointed(self) -> None:
        """Take notice that the log itself has changed the history's file."""
        try:
            history = _see(self._path)._replace(number=self._history.number)
        except OSError:
            return  # The next look finds out.
        # No checkpoint makes it smaller: the next look reads through what is.
        if history.size >= self._history.size:
            self._history = history

    def emptied(self) -> None:
        """Take notice that the log itself has cut the write-ahead log to nothing."""
        try:
            self._wal = _see(f"{self._path}-wal")._replace(number=self._wal.number)
        except OSError:
            return  # The next look finds out.

    def look(self, checkpoint_under_way: bool) -> NotKept | None:
        """Look at the files.

        :returns: what has happened to them, and what to do; None when they are in order.
        """
        try:
            history = _see(self._path)
        except OSError:
            return _lost("the file of the history was removed", PUT_BACK)
        if history.number != self._history.number:
            return _lost("the file of the history was replaced by another", PUT_BACK)
        try:
            wal, shm = _see(f"{self._path}-wal"), _see(f"{self._path}-shm")
        except OSError:
            return _lost("the -wal or -shm of the history was removed", RESTART)
        if (wal.number, shm.number) != (self._wal.number, self._shm.number):
            return _lost("the -wal or -shm of the history was replaced by another", RESTART)
        is_ours = history == self._history or (checkpoint_under_way and history.size >= self._history.size)
        if not is_ours or wal.size < self._wal.size:
            if fault := self._read_through(history.size, wal.size):
                return fault
            self._history = history
        self._wal = wal
        return None

    def _read_through(self, size: int, wal_size: int) -> NotKept | None:
        """Look at the content of the history.

        :param size: bytes in its file, and ``wal_size`` in its write-ahead log.
        """
        overwritten = _lost("the file of the history was truncated or written over", RESTORE)
        if size < HEADER:
            # SQLite would take it for a new file, and delete the write-ahead log beside it, which holds the last words.
            return overwritten
        try:
            with closing(connect(self._path, read_only=True)) as connection:
                execute = connection.execute
                (pages,), (page,) = execute("PRAGMA page_count").fetchone(), execute("PRAGMA page_size").fetchone()
                if pages * page > size + wal_size:
                    return overwritten
                identity, account_changes = execute("SELECT identity, account_changes FROM history").fetchone()
                if identity != self._identity or account_changes < self._account_changes():
                    return overwritten
                if execute("SELECT coalesce(max(id), 0) FROM event").fetchone()[0] < self._last_id():
                    return overwritten
                if size < QUICK_CHECK_BELOW:
                    if execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
                        return overwritten
                else:
                    execute("SELECT * FROM event ORDER BY id DESC LIMIT 100").fetchall()
        except (sqlite3.Error, TypeError):
            # No table, or no row in it.
            return overwritten
        return None


def _lost(why: str, remedy: str) -> NotKept:
    return NotKept(why=why, remedy=remedy)
