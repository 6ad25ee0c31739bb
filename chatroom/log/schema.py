"""The file of a log on disk: how it is opened, which tables it has, how it moves on from older versions.

``event``
    One row for each event. ``place`` is twice the number of the room, plus one where the kind of event is counted, so
    that one index answers both which counted events were the last in a room and which events of any kind came since.
    ``event_by_ref`` has only the events with a ``ref``; all others cost it nothing.
``room``
    The name of each room, by its number.
``state``
    A copy of the last event of each room, kind and subject, for kinds that are a state; trimming leaves it alone.
``history``
    One row: the identity of the history, and the id up to which events may have been trimmed.

Adding a version is adding a step to :data:`STEPS`; a step, once released, never changes.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
from collections.abc import Callable
from typing import IO, NamedTuple

from chatroom.log.identity import new_identity
from chatroom.model.errors import HistoryUnusable

APPLICATION_ID = 0x43484154  # "CHAT", where SQLite has a place for it.

QUICK_CHECK_BELOW = 64 * 1024 * 1024
"""Bytes up to which a file is read through for damage at the start; a larger one would keep people waiting."""


def _first(connection: sqlite3.Connection) -> None:
    connection.execute(
        "CREATE TABLE event (id INTEGER PRIMARY KEY, at REAL NOT NULL, place INTEGER NOT NULL,"
        " kind TEXT NOT NULL, nickname TEXT NOT NULL, text TEXT NOT NULL)"
    )
    connection.execute("CREATE TABLE room (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE)")


def _by_place(connection: sqlite3.Connection) -> None:
    connection.execute("CREATE INDEX event_by_place ON event (place)")


def _more_kinds(connection: sqlite3.Connection) -> None:
    """From here on there are the kinds ``noticed`` and ``quit``, which an older chatroom cannot read."""


def _topics(connection: sqlite3.Connection) -> None:
    connection.execute("CREATE INDEX event_topic ON event (place) WHERE kind = 'topic'")


def _members_and_state(connection: sqlite3.Connection) -> None:
    connection.execute("ALTER TABLE event ADD COLUMN member TEXT NOT NULL DEFAULT ''")
    connection.execute("ALTER TABLE event ADD COLUMN about INTEGER NOT NULL DEFAULT 0")
    connection.execute("ALTER TABLE event ADD COLUMN extras TEXT")
    connection.execute("ALTER TABLE event ADD COLUMN ref TEXT NOT NULL DEFAULT ''")
    connection.execute("CREATE INDEX event_by_ref ON event (member, ref) WHERE ref <> ''")
    connection.execute(
        "CREATE TABLE state (room INTEGER NOT NULL, kind TEXT NOT NULL, subject TEXT NOT NULL, id INTEGER NOT NULL,"
        " at REAL NOT NULL, member TEXT NOT NULL, nickname TEXT NOT NULL, text TEXT NOT NULL, about INTEGER NOT NULL,"
        " extras TEXT, ref TEXT NOT NULL, PRIMARY KEY (room, kind, subject)) WITHOUT ROWID"
    )
    connection.execute("CREATE INDEX state_by_id ON state (kind, id)")
    connection.execute(
        "INSERT INTO state SELECT place / 2, kind, '', id, at, member, nickname, text, about, extras, ref FROM event"
        " WHERE id IN (SELECT max(id) FROM event WHERE kind = 'topic' GROUP BY place) AND text <> ''"
    )
    connection.execute("DROP INDEX event_topic")
    connection.execute("CREATE TABLE history (identity TEXT NOT NULL, forgotten INTEGER NOT NULL)")
    connection.execute("INSERT INTO history SELECT ?, coalesce(min(id) - 1, 0) FROM event", (new_identity(),))


STEPS: tuple[Callable[[sqlite3.Connection], None], ...] = (
    _first,
    _by_place,
    _more_kinds,
    _topics,
    _members_and_state,
)
"""The steps from each version of the schema to the next; the first makes version 1 of an empty file."""


def open_log(path: str, durability: str) -> sqlite3.Connection:
    """Open the file, making it or moving it on where that is needed.

    :param durability: ``power`` or ``process``: the failure that a commit survives once it has returned.
    :raises HistoryUnusable: the file cannot be used, and was left as it is.
    """
    try:
        connection = connect(path)
        with contextlib.ExitStack() as undo:
            undo.callback(connection.close)
            check(connection, path)
            if connection.execute("PRAGMA journal_mode = WAL").fetchone()[0] != "wal":
                raise HistoryUnusable(path=path, why="its file system cannot hold it: choose a local one")
            connection.execute(f"PRAGMA synchronous = {'FULL' if durability == 'power' else 'NORMAL'}")
            # A checkpoint is the keeper's work, not a commit's: it would show as a pause of 100 ms.
            connection.execute("PRAGMA wal_autocheckpoint = 0")
            move_on(connection)
            undo.pop_all()
            return connection
    except (sqlite3.Error, OSError) as error:
        raise HistoryUnusable(path=path, why=explain(error, path)) from error


class History(NamedTuple):
    """Facts about a file that a log needs at the start."""

    identity: str
    forgotten: int
    """The id up to which events may have been trimmed."""
    last_id: int
    """The id of the last event; 0 when there is none."""
    last_at: float
    """The time of the last event."""


def read_history(connection: sqlite3.Connection) -> History:
    """Those facts, from the file."""
    identity, forgotten = connection.execute("SELECT identity, forgotten FROM history").fetchone()
    last = connection.execute("SELECT id, at FROM event ORDER BY id DESC LIMIT 1").fetchone()
    return History(identity, forgotten, *(last or (0, 0.0)))


def connect(path: str, read_only: bool = False) -> sqlite3.Connection:
    """A connection without implicit transactions; any thread may use it, one at a time."""
    # rwc: open for reading and writing, and make the file where there is none.
    uri = f"file:{quoted(path)}?mode={'ro' if read_only else 'rwc'}"
    return sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False, timeout=5)


def quoted(path: str) -> str:
    """``path``, quoted for a URI."""
    return os.path.abspath(path).replace("%", "%25").replace("?", "%3f").replace("#", "%23")


def check(connection: sqlite3.Connection, path: str, quick_check_below: float = QUICK_CHECK_BELOW) -> None:
    """Make sure that the file can be used, and leave it as it is.

    :param path: the name of the file, in an error too.
    :param quick_check_below: bytes up to which the file is read through for damage.
    :raises HistoryUnusable: the file cannot be used.
    """
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    application: int = connection.execute("PRAGMA application_id").fetchone()[0]
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if application != APPLICATION_ID and (tables or version):
        raise HistoryUnusable(path=path, why="it is the database of another program: name another file")
    if version > len(STEPS):
        raise HistoryUnusable(path=path, why=f"a newer chatroom made it (schema {version}): install that one")
    if os.path.getsize(path) < quick_check_below:
        found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            raise HistoryUnusable(path=path, why="it is damaged: restore a backup, or name another file")
    elif version:
        connection.execute("SELECT * FROM event ORDER BY id DESC LIMIT 100").fetchall()
    # The first write shows whether the file can be written at all; nothing in it has changed yet.
    connection.execute("BEGIN IMMEDIATE")
    connection.execute(f"PRAGMA user_version = {version}")
    connection.execute("ROLLBACK")


def move_on(connection: sqlite3.Connection) -> None:
    """Bring the file to the newest version of the schema."""
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    for number, step in enumerate(STEPS[version:], version + 1):
        connection.execute("BEGIN IMMEDIATE")
        step(connection)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {number}")
        connection.execute("COMMIT")


def explain(error: Exception, path: str = "") -> str:
    """The reason for ``error`` and its remedy, for a person.

    :param path: the file in question.
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
    """Whether there is no room beside the file for SQLite's shared memory (-shm), which takes 32 KiB at once."""
    try:
        return shutil.disk_usage(os.path.dirname(os.path.abspath(path))).free < 64 * 1024
    except OSError:
        return False


class FileLock:
    """A lock on a file beside the log's, which keeps a second server away.

    A lock on the log's file itself would not do: SQLite has its own locks there, and closing any handle of a file drops
    all of them.
    """

    def __init__(self, path: str) -> None:
        self._path = f"{path}-lock"
        self._file: IO[bytes] | None = None

    def take(self, path: str) -> None:
        """Take the lock.

        :raises HistoryUnusable: another server has it, or it cannot be made.
        """
        try:
            self._file = open(self._path, "ab")  # noqa: SIM115 - the lock lasts as long as the file is open
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

    @property
    def is_taken(self) -> bool:
        """Whether a server has the lock, as far as can be told without making the file."""
        try:
            with open(self._path, "rb") as file:
                _lock(file)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False

    def release(self) -> None:
        """Give the lock up."""
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
