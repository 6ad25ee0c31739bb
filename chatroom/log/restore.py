"""Restoring a backup, with a new identity: ``python -m chatroom.log.restore BACKUP HISTORY``.

A restored history gives ids a second time that it gave after the backup was made. So it is another history than the
one that the backup was made of, and clients that come back have to find that out.

The backup is copied beside the history, checked there, and given its identity. The copy takes the place of the history
once it is whole and on the disk; until then the history is as it was.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import os
import shutil
import sqlite3
import stat
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager

from chatroom.log.identity import new_identity
from chatroom.log.schema import FileLock, check, connect, explain, move_on
from chatroom.model.errors import HistoryUnusable

BESIDE = ("-wal", "-shm", "-journal")
"""Endings of the files that SQLite has beside its own."""

REASONS = {
    errno.ENOENT: "it is not there: check the name",
    errno.EACCES: "it may not be read or written: check its permissions and its folder's",
    errno.EPERM: "it may not be read or written: check its permissions and its folder's",
    errno.EROFS: "its file system is read-only: name a file elsewhere",
    errno.ENOSPC: "the disk is full: make room",
    errno.EDQUOT: "the disk is full: make room",
    errno.EFBIG: "the disk is full: make room",
    errno.EIO: "the disk does not read or write it: check the disk",
}
"""Reasons for errors of the system, each with its remedy."""


def restore(backup: str, history: str, replace: bool = False) -> None:
    """Put a copy of the file ``backup`` in the place of the file ``history``, with a new identity.

    :param replace: whether ``history`` may be there already.
    :raises HistoryUnusable: it cannot be done, and ``history`` is as it was.
    """
    with _about(backup):
        if not stat.S_ISREG(os.stat(backup).st_mode):
            raise HistoryUnusable(path=backup, why="it is no file: name another")
        # Opened before anything is done, to see whether it may be read.
        open(backup, "rb").close()
    # SQLite has its own files beside the one that a link leads to.
    target = os.path.realpath(history)
    there = os.path.exists(target)
    if there and not os.path.isfile(target):
        raise HistoryUnusable(path=history, why="it is no file: name another")
    if there and not replace:
        raise HistoryUnusable(path=history, why="it is there already: have it replaced with --replace")
    lock = FileLock(history)
    lock.take(history)
    try:
        if not (there and os.path.samefile(backup, target)) and FileLock(backup).is_taken:
            raise HistoryUnusable(path=backup, why="a server is using it: make a backup of it, and restore that")
        with _copied(backup, history, target) as copy:
            _renew(copy, backup, history)
            _put_in_place(copy, history, target)
    finally:
        lock.release()


@contextmanager
def _about(path: str) -> Iterator[None]:
    """Errors of the system in the block are about the file ``path``."""
    try:
        yield
    except OSError as error:
        why = REASONS.get(error.errno or 0) or explain(error)
        raise HistoryUnusable(path=path, why=why) from error


@contextmanager
def _copied(backup: str, history: str, target: str) -> Iterator[str]:
    """The path of a copy of ``backup`` beside ``target``, which is gone after the block."""
    with _about(history):
        descriptor, copy = tempfile.mkstemp(prefix=f"{os.path.basename(target)}-", dir=os.path.dirname(target))
        os.close(descriptor)
    try:
        with _about(history):
            shutil.copyfile(backup, copy)
            # A server that was killed has left a part of its history in the write-ahead log.
            with contextlib.suppress(FileNotFoundError):
                shutil.copyfile(f"{backup}-wal", f"{copy}-wal")
        yield copy
    finally:
        _remove(copy, *(copy + ending for ending in BESIDE))


def _renew(copy: str, backup: str, history: str) -> None:
    """Check the copy, bring it to the newest schema, and give it an identity."""
    try:
        with closing(connect(copy)) as connection:
            check(connection, backup, quick_check_below=float("inf"))
            # A server may start with an empty file; a backup is none.
            if connection.execute("PRAGMA user_version").fetchone()[0] == 0:
                raise HistoryUnusable(path=backup, why="it is not a chatroom's history: name another file")
            # The write-ahead log is moved into the file, and goes.
            connection.execute("PRAGMA journal_mode = DELETE")
            move_on(connection)
            connection.execute("UPDATE history SET identity = ?", (new_identity(),))
    except sqlite3.OperationalError as error:
        raise HistoryUnusable(path=history, why=explain(error, copy)) from error
    except sqlite3.DatabaseError as error:
        raise HistoryUnusable(path=backup, why=explain(error)) from error


def _put_in_place(copy: str, history: str, target: str) -> None:
    with _about(history):
        _like(copy, target)
        with open(copy, "rb+") as file:
            os.fsync(file.fileno())
        # SQLite would take a write-ahead log that is left here for a part of the copy.
        _remove(*(target + ending for ending in BESIDE))
        _remove(*(f"{target}-search{ending}" for ending in ("", *BESIDE)))
        os.replace(copy, target)
        _sync_folder(os.path.dirname(target))


def _like(copy: str, target: str) -> None:
    """Give the copy the permissions and the owner of the file that it replaces."""
    try:
        replaced = os.stat(target)
    except FileNotFoundError:
        # The copy is its user's alone, as a history that is made is.
        return
    os.chmod(copy, replaced.st_mode & 0o777)
    if hasattr(os, "chown"):
        # Only root may give files away.
        with contextlib.suppress(PermissionError):
            os.chown(copy, replaced.st_uid, replaced.st_gid)


def _sync_folder(folder: str) -> None:
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _remove(*paths: str) -> None:
    for path in paths:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m chatroom.log.restore",
        description="Put a backup in the place of a history. Stop the server first.",
    )
    parser.add_argument("backup", metavar="BACKUP", help="the backup; it stays as it is")
    parser.add_argument("history", metavar="HISTORY", help="the file that the server is to use (--history)")
    parser.add_argument("--replace", action="store_true", help="replace HISTORY where it is there already")
    options = parser.parse_args(arguments)
    try:
        restore(options.backup, options.history, options.replace)
    except HistoryUnusable as error:
        print(f"chatroom.log.restore: {error}", file=sys.stderr)
        return 1
    print("The backup is restored. Clients that come back are told that they may have missed something.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
