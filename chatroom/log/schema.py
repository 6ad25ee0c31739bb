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
``went_back``
    The ids of events whose time is earlier than that of the event before. Only older versions have made such.
``ages``
    One row: the time by which events are trimmed (:mod:`chatroom.log.ages`).
``account``, ``account_nickname``
    Accounts and the nicknames that belong to them (:mod:`chatroom.log.sqlite_accounts`); trimming leaves them alone.
    ``history`` counts how often they have changed, so that an older copy of the file is known for one.
``invitation``, ``token``
    Invitations (:mod:`chatroom.log.invitations`), and the tokens that belong to accounts (:mod:`chatroom.log.tokens`);
    a token goes with its account.
``audit``
    The audit log (:mod:`chatroom.log.audit`). Triggers refuse every change of a row and every deletion.

``history`` also counts the messages that were removed: an index of words that knows of fewer is made again.

Adding a version is adding a step to :data:`STEPS`; a step, once released, never changes.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import stat
import sys
from collections.abc import Callable
from typing import IO, NamedTuple

from chatroom.log.ages import Ages
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


def _times(connection: sqlite3.Connection) -> None:
    connection.execute("CREATE TABLE went_back (id INTEGER PRIMARY KEY)")
    connection.execute(
        "INSERT INTO went_back SELECT id FROM"
        " (SELECT id, at, lag(at) OVER (ORDER BY id) AS before FROM event) WHERE at < before"
    )
    connection.execute("CREATE TABLE ages (trusted REAL NOT NULL, waited REAL NOT NULL, wall REAL NOT NULL)")
    connection.execute("INSERT INTO ages VALUES (0, 0, 0)")


def _accounts(connection: sqlite3.Connection) -> None:
    connection.execute(
        "CREATE TABLE account (key TEXT PRIMARY KEY, name TEXT NOT NULL, password TEXT NOT NULL, made REAL NOT NULL,"
        " used REAL NOT NULL) WITHOUT ROWID"
    )
    connection.execute(
        "CREATE TABLE account_nickname (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, look TEXT NOT NULL,"
        " nickname TEXT NOT NULL, account TEXT NOT NULL, used REAL NOT NULL)"
    )
    connection.execute("CREATE INDEX account_nickname_by_look ON account_nickname (look)")
    connection.execute("CREATE INDEX account_nickname_by_account ON account_nickname (account)")
    connection.execute("ALTER TABLE history ADD COLUMN account_changes INTEGER NOT NULL DEFAULT 0")


def _shared_accounts(connection: sqlite3.Connection) -> None:
    connection.execute("ALTER TABLE account ADD COLUMN also INTEGER NOT NULL DEFAULT 0")


def make_keys(connection: sqlite3.Connection) -> None:
    """Make the tables of invitations and tokens; ids are not given twice, since members and people remember them."""
    connection.execute(
        "CREATE TABLE invitation (id INTEGER PRIMARY KEY AUTOINCREMENT, digest TEXT NOT NULL UNIQUE,"
        " room TEXT NOT NULL, uses INTEGER NOT NULL, used INTEGER NOT NULL, ends REAL NOT NULL, made REAL NOT NULL,"
        " maker TEXT NOT NULL)"
    )
    connection.execute("CREATE INDEX invitation_by_maker ON invitation (maker)")
    connection.execute(
        "CREATE TABLE token (id INTEGER PRIMARY KEY AUTOINCREMENT, digest TEXT NOT NULL UNIQUE, key TEXT NOT NULL,"
        " account TEXT NOT NULL, name TEXT NOT NULL, scopes TEXT NOT NULL, made REAL NOT NULL, used REAL NOT NULL,"
        " UNIQUE (key, name))"
    )


def _keys(connection: sqlite3.Connection) -> None:
    make_keys(connection)
    connection.execute(
        "CREATE TRIGGER token_of_account AFTER DELETE ON account BEGIN DELETE FROM token WHERE key = OLD.key; END"
    )


def _removals_and_audit(connection: sqlite3.Connection) -> None:
    connection.execute("ALTER TABLE history ADD COLUMN removals INTEGER NOT NULL DEFAULT 0")
    connection.execute(
        "CREATE TABLE audit (id INTEGER PRIMARY KEY, at REAL NOT NULL, nickname TEXT NOT NULL, account TEXT NOT NULL,"
        " member TEXT NOT NULL, address TEXT NOT NULL, action TEXT NOT NULL, target TEXT NOT NULL,"
        " target_account TEXT NOT NULL, target_member TEXT NOT NULL, room TEXT NOT NULL, about INTEGER NOT NULL,"
        " reason TEXT NOT NULL)"
    )
    connection.execute("CREATE INDEX audit_reports ON audit (id) WHERE action LIKE 'report%'")
    for name, what in (("update", "UPDATE"), ("delete", "DELETE")):
        connection.execute(
            f"CREATE TRIGGER audit_{name} BEFORE {what} ON audit BEGIN SELECT raise(ABORT, 'the audit log stays'); END"
        )
    # INSERT OR REPLACE would delete without asking the trigger above.
    connection.execute(
        "CREATE TRIGGER audit_replace BEFORE INSERT ON audit WHEN EXISTS (SELECT 1 FROM audit WHERE id = NEW.id)"
        " BEGIN SELECT raise(ABORT, 'the audit log stays'); END"
    )


STEPS: tuple[Callable[[sqlite3.Connection], None], ...] = (
    _first,
    _by_place,
    _more_kinds,
    _topics,
    _members_and_state,
    _times,
    _accounts,
    _shared_accounts,
    _keys,
    _removals_and_audit,
)
"""The steps from each version of the schema to the next; the first makes version 1 of an empty file."""


def open_log(path: str, durability: str) -> sqlite3.Connection:
    """Open the file, making it or moving it on where that is needed.

    :param durability: ``power`` or ``process``: the failure that a commit survives once it has returned.
    :raises HistoryUnusable: the file cannot be used, and was left as it is.
    """
    try:
        _make(path)
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


def _make(path: str) -> None:
    """Make an empty file that its user alone may read, where there is none: there are hashes of passwords in it."""
    # SQLite says better than the system why it cannot be made.
    with contextlib.suppress(OSError):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))


class History(NamedTuple):
    """Facts about a file that a log needs at the start."""

    identity: str
    forgotten: int
    """The id up to which events may have been trimmed."""
    last_id: int
    """The id of the last event; 0 when there is none."""
    last_at: float
    """The time of the last event."""
    ages: Ages
    account_changes: int
    """How often accounts have changed."""


def read_history(connection: sqlite3.Connection) -> History:
    """Those facts, from the file."""
    identity, forgotten, account_changes = connection.execute(
        "SELECT identity, forgotten, account_changes FROM history"
    ).fetchone()
    last = connection.execute("SELECT id, at FROM event ORDER BY id DESC LIMIT 1").fetchone()
    last_id, last_at = last or (0, 0.0)
    trusted, waited, wall = connection.execute("SELECT trusted, waited, wall FROM ages").fetchone()
    return History(identity, forgotten, last_id, last_at, Ages(trusted or last_at, waited, wall), account_changes)


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


_LOCKED: set[tuple[int, int]] = set()
"""The files of histories that logs of this process have a lock on: device and number of each."""


class FileLock:
    """Two locks, which keep a second server away from a history, by whatever name it knows it.

    One is on a file beside that of the history, where its name leads to in the end. Two names may still lead to one
    file, since there are hard links, and folders that are mounted twice. So the other lock is on the file itself, and
    not of the sort that SQLite has there (flock(2), not fcntl(2)). Closing any handle of a file drops SQLite's locks of
    this process. So the handle is closed after SQLite's, and none is opened for a file that this process has locked.
    """

    def __init__(self, path: str) -> None:
        self._history = os.path.realpath(path)
        self._path = f"{self._history}-lock"
        self._file: IO[bytes] | None = None
        # The handle of the history's file, and which file that is.
        self._handle = -1
        self._key = (0, 0)

    def take(self, path: str) -> None:
        """Take the lock: the one on the history's own file if there is that file already.

        :raises HistoryUnusable: another server has it, or it cannot be made.
        """
        try:
            self._file = open(self._path, "ab")  # noqa: SIM115 - the lock lasts as long as the file is open
            _lock(self._file)
        except BlockingIOError:
            self.release()
            raise _in_use(path) from None
        except OSError as error:
            self.release()
            raise HistoryUnusable(
                path=path, why=explain(sqlite3.OperationalError("unable to open database file"))
            ) from error
        self.take_file(path)

    def take_file(self, path: str) -> None:
        """Take the lock on the history's own file, unless it is taken or there is no such file.

        :raises HistoryUnusable: another server has it.
        """
        if self._handle >= 0 or not _locks_apart():
            return
        try:
            found = os.stat(self._history)
            # The right to read is enough to lock. A folder, or a file that may not be read, is refused by SQLite.
            if not stat.S_ISREG(found.st_mode):
                return
            if (found.st_dev, found.st_ino) in _LOCKED:
                raise BlockingIOError
            self._handle = os.open(self._history, os.O_RDONLY | os.O_CLOEXEC)
            _lock_history(self._handle)
        except BlockingIOError:
            self.release()
            raise _in_use(path) from None
        except OSError:
            # The file system has no such locks, or the file may not be opened, which SQLite reports better.
            return
        self._key = (found.st_dev, found.st_ino)
        _LOCKED.add(self._key)

    @property
    def is_taken(self) -> bool:
        """Whether a server has the lock, as far as can be told without making the file."""
        try:
            with open(self._path, "rb") as file:
                _lock(file)
        except BlockingIOError:
            return True
        except OSError:
            pass
        return self._is_file_taken()

    def _is_file_taken(self) -> bool:
        try:
            found = os.stat(self._history)
            if (found.st_dev, found.st_ino) in _LOCKED:
                return True
            with open(self._history, "rb") as file:
                if _locks_apart():
                    _lock_history(file.fileno())
        except BlockingIOError:
            return True
        except OSError:
            pass
        return False

    def release(self) -> None:
        """Give the lock up; SQLite has closed the file."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1
            _LOCKED.discard(self._key)
        if self._file is not None:
            self._file.close()
            self._file = None


def _in_use(path: str) -> HistoryUnusable:
    return HistoryUnusable(path=path, why="another server is using it: stop that one, or name another file")


def _locks_apart() -> bool:
    """Whether the two sorts of locks know nothing of each other; elsewhere, ours would keep SQLite's away."""
    return sys.platform == "linux"


def _lock_history(descriptor: int) -> None:
    import fcntl  # noqa: PLC0415 - not on Windows

    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


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
