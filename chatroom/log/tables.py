"""Tables beside the events, for what is small, is asked for now and then, and has to last: invitations and tokens.

Those who keep something there write a function that is given a connection of SQLite. The store calls it where, and
when, that is safe: beside a log on disk in the threads that read and write its file, and beside a log in memory at
once, on tables that are as short-lived.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Protocol, TypeVar

from chatroom.log.interface import NoAnswer
from chatroom.log.schema import explain, make_keys
from chatroom.model.errors import AccountNotKept, ChatError

T = TypeVar("T")


class Tables(Protocol):
    """Tables of SQLite. Each call is answered once, by ``answer`` or by ``failed``, perhaps before it returns."""

    def ask(self, question: Callable[[sqlite3.Connection], T], answer: Callable[[T], None], failed: NoAnswer) -> None:
        """Have something looked up."""

    def change(self, change: Callable[[sqlite3.Connection], T], answer: Callable[[T], None], failed: NoAnswer) -> None:
        """Have something changed, in a transaction that is kept once ``answer`` is told what came of it.

        :param change: a :class:`~chatroom.model.errors.ChatError` of it undoes all of it, and is told to ``failed``.
        """


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """A transaction that writes; an exception undoes it."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


class TablesAtOnce:
    """Tables that one thread has to itself, so that every call is answered before it returns."""

    def __init__(self, connect: Callable[[], sqlite3.Connection], note: str = "") -> None:
        """
        :param connect: called when the tables are first needed.
        :param note: a statement of SQL that notes each change; empty for none.
        """
        self._connect = connect
        self._note = note

    @cached_property
    def connection(self) -> sqlite3.Connection:
        """The connection to them."""
        return self._connect()

    def ask(self, question: Callable[[sqlite3.Connection], T], answer: Callable[[T], None], failed: NoAnswer) -> None:
        _tell(lambda: question(self.connection), answer, failed)

    def change(self, change: Callable[[sqlite3.Connection], T], answer: Callable[[T], None], failed: NoAnswer) -> None:
        def work() -> T:
            with transaction(self.connection):
                found = change(self.connection)
                if self._note:
                    self.connection.execute(self._note)
                return found

        _tell(work, answer, failed)


def _tell(work: Callable[[], T], answer: Callable[[T], None], failed: NoAnswer) -> None:
    try:
        found = work()
    except sqlite3.Error as error:
        failed(AccountNotKept(why=explain(error)))
    except ChatError as error:
        failed(error)
    else:
        answer(found)


def in_memory() -> sqlite3.Connection:
    """A connection to tables that end with it."""
    connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    make_keys(connection)
    return connection
