"""The file of a history, opened beside the server that uses it.

SQLite lets several programs write one file in turns (WAL mode): a change here makes a running server wait for a
moment. A file that an older chatroom has made is brought to the newest schema, unless a server is using it.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import cached_property
from typing import TypeVar

from chatroom.log.interface import NoAnswer
from chatroom.log.invitations import Invitations
from chatroom.log.schema import STEPS, FileLock, check, connect, explain, move_on
from chatroom.log.sqlite_accounts import SQLiteAccounts
from chatroom.log.tables import TablesAtOnce
from chatroom.log.tokens import Tokens
from chatroom.log.turns import Work
from chatroom.model.errors import ChatError, HistoryUnusable

T = TypeVar("T")

NOT_THERE = "it is not there: check the name, or start the server once"
OLDER_SERVER = "an older chatroom is using it: stop that one, and start this one"


class HistoryFile:
    """The accounts, invitations and tokens in one file. Each call is done before it returns."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        # A running server sees by the count that something has changed.
        tables = TablesAtOnce(lambda: connection, "UPDATE history SET account_changes = account_changes + 1")
        self.invitations = Invitations(tables)
        self.tokens = Tokens(tables)

    @cached_property
    def accounts(self) -> SQLiteAccounts:
        """The accounts; an index of all nicknames is made first."""
        return SQLiteAccounts(
            self._connection,
            self._connection,
            submit=lambda work: work(),
            ask=_ask,
            look_at_files=lambda: None,
            from_thread=lambda call: call(),
        )

    def names(self) -> list[tuple[str, float, float]]:
        """The name of each account, when it was made, and when it was last used."""
        return self._connection.execute("SELECT name, made, used FROM account ORDER BY key").fetchall()


def answer_of(question: Callable[[Callable[[T], None], NoAnswer], None]) -> T:
    """The answer to a question; an error is raised."""
    answers: list[T] = []
    errors: list[ChatError] = []
    question(answers.append, errors.append)
    if errors:
        raise errors[0]
    return answers[0]


def done(change: Callable[[Callable[[], None], NoAnswer], None]) -> None:
    """Have a change made that is answered with nothing; an error is raised."""

    def question(answer: Callable[[bool], None], failed: NoAnswer) -> None:
        change(lambda: answer(True), failed)

    answer_of(question)


def _ask(work: Work[T], answer: Callable[[T], None], failed: NoAnswer) -> None:
    try:
        while True:
            next(work)
    except StopIteration as end:
        answer(end.value)
    except ChatError as error:
        failed(error)


@contextmanager
def opened(path: str) -> Iterator[HistoryFile]:
    """The file ``path``, for as long as the block takes.

    :raises HistoryUnusable: it cannot be used.
    """
    if not os.path.isfile(path):
        raise HistoryUnusable(path=path, why=NOT_THERE)
    try:
        in_use = FileLock(path).is_taken
        with closing(connect(path)) as connection:
            check(connection, path)
            _bring_up_to_date(connection, path, in_use)
            connection.execute("PRAGMA synchronous = FULL")
            if in_use:
                # Checkpoints are the server's work.
                connection.execute("PRAGMA wal_autocheckpoint = 0")
            yield HistoryFile(connection)
    except sqlite3.Error as error:
        raise HistoryUnusable(path=path, why=explain(error, path)) from error


def _bring_up_to_date(connection: sqlite3.Connection, path: str, in_use: bool) -> None:
    if connection.execute("PRAGMA user_version").fetchone()[0] == len(STEPS):
        return
    if in_use:
        raise HistoryUnusable(path=path, why=OLDER_SERVER)
    move_on(connection)
