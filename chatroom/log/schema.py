"""The file of a log on disk: how it is opened, what stands in it, how it moves on from older versions.

One row an event. ``place`` is twice the number of the room, plus one where the event is talk, so that one index
answers both what was said last in a room and what happened in it since. Adding a version is adding a step to
:data:`STEPS`; a step, once released, never changes.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
from collections.abc import Callable
from typing import IO

from chatroom.model.errors import HistoryUnusable

APPLICATION_ID = 0x43484154  # "CHAT", where SQLite has a place for it.

QUICK_CHECK_BELOW = 64 * 1024 * 1024
"""Bytes up to which a file is read through for damage at start; a larger one would keep people waiting."""


def _first(connection: sqlite3.Connection) -> None:
    connection.execute(
        "CREATE TABLE event (id INTEGER PRIMARY KEY, at REAL NOT NULL, place INTEGER NOT NULL,"
        " kind TEXT NOT NULL, nickname TEXT NOT NULL, text TEXT NOT NULL)"
    )
    connection.execute("CREATE TABLE room (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE)")


def _by_place(connection: sqlite3.Connection) -> None:
    connection.execute("CREATE INDEX event_by_place ON event (place)")


def _more_kinds(connection: sqlite3.Connection) -> None:
    """The kinds ``noticed`` and ``quit``, which a chatroom of before cannot read."""


def _topics(connection: sqlite3.Connection) -> None:
    connection.execute("CREATE INDEX event_topic ON event (place) WHERE kind = 'topic'")


STEPS: tuple[Callable[[sqlite3.Connection], None], ...] = (_first, _by_place, _more_kinds, _topics)
"""What leads from each version of the schema to the next; the first makes an empty file one of version 1."""


def open_log(path: str, durability: str) -> sqlite3.Connection:
    """Open the file, making it or moving it on where that is needed.

    :param durability: ``power`` or ``process``: what a commit that has returned survives.
    :raises HistoryUnusable: it cannot be used, and was left as it is.
    """
    try:
        connection = connect(path)
        with contextlib.ExitStack() as undo:
            undo.callback(connection.close)
            _check(connection, path)
            if connection.execute("PRAGMA journal_mode = WAL").fetchone()[0] != "wal":
                raise HistoryUnusable(path=path, why="its file system cannot hold it: choose a local one")
            connection.execute(f"PRAGMA synchronous = {'FULL' if durability == 'power' else 'NORMAL'}")
            # A checkpoint is the keeper's work, not a commit's: it would show as a pause of 100 ms.
            connection.execute("PRAGMA wal_autocheckpoint = 0")
            _move_on(connection)
            undo.pop_all()
            return connection
    except (sqlite3.Error, OSError) as error:
        raise HistoryUnusable(path=path, why=explain(error, path)) from error


def connect(path: str, read_only: bool = False) -> sqlite3.Connection:
    """A connection that begins its own transactions; one thread may use it at a time, whichever it is."""
    # mode=rwc: where a file is made for the others, this one makes it.
    uri = f"file:{quoted(path)}?mode={'ro' if read_only else 'rwc'}"
    return sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False, timeout=5)


def quoted(path: str) -> str:
    """``path`` as it stands in a URI."""
    return os.path.abspath(path).replace("%", "%25").replace("?", "%3f").replace("#", "%23")


def _check(connection: sqlite3.Connection, path: str) -> None:
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    application: int = connection.execute("PRAGMA application_id").fetchone()[0]
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if application != APPLICATION_ID and (tables or version):
        raise HistoryUnusable(path=path, why="it is the database of another program: name another file")
    if version > len(STEPS):
        raise HistoryUnusable(path=path, why=f"a newer chatroom made it (schema {version}): install that one")
    if os.path.getsize(path) < QUICK_CHECK_BELOW:
        found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            raise HistoryUnusable(path=path, why="it is damaged: restore a backup, or name another file")
    elif version:
        connection.execute("SELECT * FROM event ORDER BY id DESC LIMIT 100").fetchall()
    # A file that cannot be written shows that only here, before anything in it has changed.
    connection.execute("BEGIN IMMEDIATE")
    connection.execute(f"PRAGMA user_version = {version}")
    connection.execute("ROLLBACK")


def _move_on(connection: sqlite3.Connection) -> None:
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    for number, step in enumerate(STEPS[version:], version + 1):
        connection.execute("BEGIN IMMEDIATE")
        step(connection)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {number}")
        connection.execute("COMMIT")


def explain(error: Exception, path: str = "") -> str:
    """What is wrong, and what to do about it, for a person.

    :param path: the file that it is about.
    """
    if isinstance(error, OSError):
        return (error.strerror or str(error)).lower()
    what = str(error)
    if what == "disk I/O error" and path and _is_full(path):
        what = "database or disk is full"
    reasons = {
        "unable to open database file": "it cannot be opened or made there: check the folder and its permissions",
        "attempt to write a readonly database": "it may not be written: check its permissions and its folder's",
        "file is not a database": "it is not a chatroom's history: name another file",
        "database disk image is malformed": "it is damaged: restore a backup, or name another file",
        "database is locked": "another program is using it: stop that one, or name another file",
        "database or disk is full": "the disk is full: make room",
        "disk I/O error": "the disk does not read or write it: check the disk",
    }
    return reasons.get(what, what)


def _is_full(path: str) -> bool:
    """Whether there is no room left beside the file for what SQLite shares between processes: 32 KiB of it at once."""
    try:
        return shutil.disk_usage(os.path.dirname(os.path.abspath(path))).free < 64 * 1024
    except OSError:
        return False


class FileLock:
    """Keeps a second server from using the same file, by a lock on one beside it.

    A lock on the file itself would not do: SQLite has its own there, and closing any handle of a file drops them.
    """

    def __init__(self, path: str) -> None:
        self._path = f"{path}-lock"
        self._file: IO[bytes] | None = None

    def take(self, path: str) -> None:
        """:raises HistoryUnusable: another server has it, or there can be none."""
        try:
            self._file = open(self._path, "ab")  # noqa: SIM115 - it is locked as long as it is open
            _lock(self._file)
        except BlockingIOError:
            self.release()
            raise HistoryUnusable(
                path=path, why="another server is using it: stop that one, or name another file"
            ) from None
        except OSError as error:
            self.release()
            raise HistoryUnusable(
                path=path, why=explain(sqlite3.OperationalError("unable to open database file"))
            ) from error

    def release(self) -> None:
        """Let others have it."""
        if self._file is not None:
            self._file.close()
            self._file = None


def _lock(file: IO[bytes]) -> None:
    try:
        import fcntl  # noqa: PLC0415 - not on Windows
    except ImportError:
        import msvcrt  # noqa: PLC0415

        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        except OSError as error:
            raise BlockingIOError from error
    else:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
