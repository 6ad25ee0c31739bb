"""A store of accounts in the file of a log on disk, in tables of their own.

A change is a transaction of its own in the writer's thread, between two batches of events. A question about an account
is answered in the reader's thread. Who owns a nickname is asked for each newcomer: that is answered from an index in
memory, which is read at the start and follows each change once it is kept.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol, TypeVar

from chatroom.log.accounts import Account, Done, OwnedNickname, Owners, Terms, check_count, key_of, to_take_over
from chatroom.log.interface import NoAnswer
from chatroom.log.questions import reading_errors
from chatroom.log.schema import explain
from chatroom.log.turns import Work
from chatroom.model.errors import AccountNotKept, ChatError, TooManyAccounts
from chatroom.model.names import nickname_key, nickname_look

T = TypeVar("T")

USED_EVERY = 60 * 60
"""Seconds between two notes in the file that a nickname is used."""

_OWNED = "SELECT account_nickname.nickname, account.name, account_nickname.used FROM account_nickname"
_OWNER = " JOIN account ON account.key = account_nickname.account"


class Reader(Protocol):
    """The reader's thread."""

    def __call__(self, work: Work[T], answer: Callable[[T], None], failed: NoAnswer) -> None: ...


class SQLiteAccounts:
    """Keeps accounts as :class:`chatroom.log.accounts.AccountStore` promises."""

    def __init__(
        self,
        reading: sqlite3.Connection,
        writing: sqlite3.Connection,
        *,
        submit: Callable[[Callable[[], None]], None],
        ask: Reader,
        look_at_files: Callable[[], ChatError | None],
        from_thread: Callable[[Callable[[], None]], object],
    ) -> None:
        """
        :param reading: used in the reader's thread, once that has begun; here before that.
        :param writing: used in the writer's thread.
        :param submit: has a function called in the writer's thread.
        :param ask: has work done in the reader's thread.
        :param look_at_files: looks, in the writer's thread, whether the files are those that were opened.
        :param from_thread: calls a function in the thread of the event loop.
        """
        self._reading = reading
        self._writing = writing
        self._submit = submit
        self._ask = ask
        self._look_at_files = look_at_files
        self._from_thread = from_thread
        self._owners = Owners()
        for row in reading.execute(_OWNED + _OWNER):
            self._owners.put(OwnedNickname(*row))
        (self.changes,) = reading.execute("SELECT account_changes FROM history").fetchone()
        """How many changes are kept; in the writer's thread, once that has begun."""
        self._watchers: list[Callable[[], None]] = []

    # Changes by another program.

    def watch(self, call: Callable[[], None]) -> None:
        self._watchers.append(call)

    def look(self) -> None:
        """In the writer's thread: take notice of what another program has changed, if it has."""
        try:
            (changes,) = self._writing.execute("SELECT account_changes FROM history").fetchone()
            if changes == self.changes:
                return
            owned = [OwnedNickname(*row) for row in self._writing.execute(_OWNED + _OWNER)]
        except sqlite3.Error:
            # The watch over the files says what is wrong with them.
            return
        self.changes = changes
        self._from_thread(lambda: self._changed(owned))

    def _changed(self, owned: Sequence[OwnedNickname]) -> None:
        self._owners.follow(owned)
        for call in self._watchers:
            call()

    # Questions.

    def owners(self, nickname: str, answer: Callable[[Sequence[OwnedNickname]], None], failed: NoAnswer) -> None:
        answer(self._owners.like(nickname))

    def find(self, name: str, answer: Callable[[Account | None], None], failed: NoAnswer) -> None:
        self._ask(self._find(key_of(name)), answer, failed)

    def _find(self, key: str) -> Work[Account | None]:
        """In the reader's thread."""
        with reading_errors(lambda: False):
            row = self._reading.execute(
                "SELECT name, password, made, used, also FROM account WHERE key = ?", (key,)
            ).fetchone()
            nicknames = self._reading.execute(
                f"{_OWNED}{_OWNER} WHERE account_nickname.account = ? ORDER BY account_nickname.id", (key,)
            )
            if row is None:
                return None
            name, password, made, used, also = row
            return Account(name, password, made, used, tuple(OwnedNickname(*one) for one in nicknames), bool(also))
        yield

    # Other tables in the same file (chatroom.log.tables).

    def ask(self, question: Callable[[sqlite3.Connection], T], answer: Callable[[T], None], failed: NoAnswer) -> None:
        self._ask(self._answer(question), answer, failed)

    def _answer(self, question: Callable[[sqlite3.Connection], T]) -> Work[T]:
        """In the reader's thread."""
        with reading_errors(lambda: False):
            return question(self._reading)
        yield

    def change(self, change: Callable[[sqlite3.Connection], T], answer: Callable[[T], None], failed: NoAnswer) -> None:
        self._change(lambda: change(self._writing), answer, failed)

    # Changes, each of which is made in the writer's thread, and in the index once it is kept.

    def add(self, account: Account, answer: Done, failed: NoAnswer, *, terms: Terms) -> None:
        def change() -> list[OwnedNickname]:
            given_up = self._take_over("", account.name, terms)
            (count,) = self._writing.execute("SELECT count(*) FROM account").fetchone()
            if count >= terms.max_accounts:
                raise TooManyAccounts(why="There are as many accounts as there may be: ask whoever runs the server")
            key = key_of(account.name)
            self._writing.execute(
                "INSERT INTO account (key, name, password, made, used) VALUES (?,?,?,?,?)", (key, *account[:4])
            )
            self._insert_nickname(key, account.name, account.made)
            return given_up

        def kept(given_up: list[OwnedNickname]) -> None:
            self._drop(given_up)
            self._owners.put(OwnedNickname(account.name, account.name, account.made))
            answer()

        self._change(change, kept, failed)

    def add_nickname(
        self, account: str, nickname: str, at: float, answer: Done, failed: NoAnswer, *, terms: Terms
    ) -> None:
        key = key_of(account)

        def change() -> list[OwnedNickname] | None:
            execute = self._writing.execute
            if execute(
                "SELECT 1 FROM account_nickname WHERE key = ? AND account = ?", (nickname_key(nickname), key)
            ).fetchone():
                return None
            (count,) = execute("SELECT count(*) FROM account_nickname WHERE account = ?", (key,)).fetchone()
            check_count(count, terms)
            given_up = self._take_over(account, nickname, terms)
            self._insert_nickname(key, nickname, at)
            return given_up

        def kept(given_up: list[OwnedNickname] | None) -> None:
            if given_up is not None:
                self._drop(given_up)
                self._owners.put(OwnedNickname(nickname, account, at))
            answer()

        self._change(change, kept, failed)

    def _insert_nickname(self, account: str, nickname: str, at: float) -> None:
        self._writing.execute(
            "INSERT INTO account_nickname (key, look, nickname, account, used) VALUES (?,?,?,?,?)",
            (nickname_key(nickname), nickname_look(nickname), nickname, account, at),
        )

    def _take_over(self, account: str, nickname: str, terms: Terms) -> list[OwnedNickname]:
        """Have other accounts give a nickname up; all that they lose by that."""
        forms = (nickname_key(nickname), nickname_look(nickname))
        like = self._writing.execute(
            f"{_OWNED}{_OWNER} WHERE account_nickname.key IN (?,?) OR account_nickname.look IN (?,?)", forms * 2
        )
        given_up: list[OwnedNickname] = []
        for owned in to_take_over(account, nickname, [OwnedNickname(*row) for row in like], terms):
            if owned.is_name:
                given_up += self._remove(key_of(owned.account))
            else:
                self._writing.execute("DELETE FROM account_nickname WHERE key = ?", (owned.key,))
                given_up.append(owned)
        return given_up

    def _remove(self, key: str) -> list[OwnedNickname]:
        """Remove the account with this key; its nicknames."""
        nicknames = self._writing.execute(f"{_OWNED}{_OWNER} WHERE account_nickname.account = ?", (key,)).fetchall()
        self._writing.execute("DELETE FROM account_nickname WHERE account = ?", (key,))
        self._writing.execute("DELETE FROM account WHERE key = ?", (key,))
        return [OwnedNickname(*row) for row in nicknames]

    def _drop(self, nicknames: Sequence[OwnedNickname]) -> None:
        for owned in nicknames:
            self._owners.drop(owned.nickname)

    def drop_nickname(self, account: str, nickname: str, answer: Done, failed: NoAnswer) -> None:
        def change() -> bool:
            key, owner = nickname_key(nickname), key_of(account)
            found = self._writing.execute(
                "DELETE FROM account_nickname WHERE key = ? AND account = ? AND key <> account", (key, owner)
            )
            return found.rowcount > 0

        def kept(dropped: bool) -> None:
            if dropped:
                self._owners.drop(nickname)
            answer()

        self._change(change, kept, failed)

    def set_password(self, account: str, password: str, answer: Done, failed: NoAnswer) -> None:
        def change() -> None:
            self._writing.execute("UPDATE account SET password = ? WHERE key = ?", (password, key_of(account)))

        self._change(change, lambda _: answer(), failed)

    def set_also(self, account: str, also: bool, answer: Done, failed: NoAnswer) -> None:
        def change() -> None:
            self._writing.execute("UPDATE account SET also = ? WHERE key = ?", (also, key_of(account)))

        self._change(change, lambda _: answer(), failed)

    def remove(self, account: str, answer: Done, failed: NoAnswer) -> None:
        def kept(nicknames: list[OwnedNickname]) -> None:
            self._drop(nicknames)
            answer()

        self._change(lambda: self._remove(key_of(account)), kept, failed)

    def used(self, account: str, nickname: str, at: float) -> None:
        found = self._owners.used_with(account, nickname)
        due = any(at - owned.used >= USED_EVERY for owned in found)
        keys = [owned.key for owned in found]
        if not due:
            return
        for owned in found:
            self._owners.put(owned._replace(used=at))

        def change() -> None:
            self._writing.execute("UPDATE account SET used = ? WHERE key = ?", (at, key_of(account)))
            for key in keys:
                self._writing.execute("UPDATE account_nickname SET used = ? WHERE key = ?", (at, key))

        self._change(change, lambda _: None, lambda error: None)

    def _change(self, change: Callable[[], T], kept: Callable[[T], None], failed: NoAnswer) -> None:
        """Make a change in the writer's thread, and tell what comes of it."""

        def work() -> None:
            try:
                lost = self._look_at_files()
                if lost is not None:
                    raise AccountNotKept(why=lost.details.get("why", lost))
                with self._transaction():
                    found = change()
                self.changes += 1
            except sqlite3.Error as error:
                failure = AccountNotKept(why=explain(error))
                self._from_thread(lambda: failed(failure))
            except ChatError as error:
                refusal = error
                self._from_thread(lambda: failed(refusal))
            else:
                self._from_thread(lambda: kept(found))

        self._submit(work)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        execute = self._writing.execute
        # Hashes and names that are removed are not left in the free pages of the file.
        execute("PRAGMA secure_delete = ON")
        execute("BEGIN IMMEDIATE")
        try:
            yield
            execute("UPDATE history SET account_changes = account_changes + 1")
            execute("COMMIT")
        except BaseException:
            if self._writing.in_transaction:
                execute("ROLLBACK")
            raise
        finally:
            execute("PRAGMA secure_delete = OFF")
