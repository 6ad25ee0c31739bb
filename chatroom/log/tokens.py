"""Tokens of programs, as they are kept: each belongs to an account, and has a name there.

Of a token, its hash is kept. It goes with its account: on disk by a trigger of SQLite, whoever removes that.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import NamedTuple

from chatroom.log.accounts import key_of
from chatroom.log.interface import NoAnswer
from chatroom.log.tables import Tables
from chatroom.model.errors import NoSuchToken, TokenNameTaken, TooManyTokens

MAX_TOKENS = 20
"""Tokens of one account."""

_COLUMNS = "id, account, name, scopes, made, used"


class Token(NamedTuple):
    """A token, without itself."""

    id: int
    """A number that no other token is given; 0 while it is not kept yet."""
    account: str
    """The name of the account that it belongs to."""
    name: str
    scopes: str
    """Its scopes, as :func:`chatroom.model.scopes.scopes_of` reads them."""
    made: float
    """When it was made, in seconds since 1970, UTC."""
    used: float = 0.0
    """When somebody last logged in by it; 0 for never."""


class Tokens:
    """The tokens of all accounts."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def add(self, digest: str, token: Token, answer: Callable[[Token], None], failed: NoAnswer) -> None:
        """Keep a new one; ``answer`` is told it with its id.

        It fails with :class:`~chatroom.model.errors.TokenNameTaken` and
        :class:`~chatroom.model.errors.TooManyTokens`.

        :param digest: its hash.
        """
        self._tables.change(partial(_add, digest, token), answer, failed)

    def find(self, digest: str, answer: Callable[[Token | None], None], failed: NoAnswer) -> None:
        """Ask for the one with this hash."""
        self._tables.ask(partial(_find, digest), answer, failed)

    def of(self, account: str, answer: Callable[[Sequence[Token]], None], failed: NoAnswer) -> None:
        """Ask for those of an account, oldest first."""
        self._tables.ask(partial(_of, _key(account)), answer, failed)

    def all(self, answer: Callable[[Sequence[Token]], None], failed: NoAnswer) -> None:
        """Ask for those of all accounts."""
        self._tables.ask(_all, answer, failed)

    def revoke(self, account: str, name: str, answer: Callable[[int], None], failed: NoAnswer) -> None:
        """Have nobody log in by a token any more; ``answer`` is told its id.

        It fails with :class:`~chatroom.model.errors.NoSuchToken`.
        """
        self._tables.change(partial(_revoke, _key(account), name), answer, failed)

    def forget(self, account: str) -> None:
        """Take notice that an account is gone, and its tokens with it."""
        self._tables.change(partial(_forget, _key(account)), lambda _: None, lambda error: None)

    def used(self, id_: int, at: float) -> None:
        """Note that somebody has logged in by a token."""
        self._tables.change(partial(_used, id_, at), lambda _: None, lambda error: None)

    def revoked(self, ids: Collection[int], answer: Callable[[Sequence[int]], None], failed: NoAnswer) -> None:
        """Ask which of the tokens with these ids are there no more."""
        self._tables.ask(partial(_revoked, tuple(ids)), answer, failed)


def _key(account: str) -> str:
    """The form in which the name of an account is compared; some checkers know names that no nickname could be."""
    return key_of(account) or f"={account}"


def _add(digest: str, token: Token, connection: sqlite3.Connection) -> Token:
    key = _key(token.account)
    (count,) = connection.execute("SELECT count(*) FROM token WHERE key = ?", (key,)).fetchone()
    if connection.execute("SELECT 1 FROM token WHERE key = ? AND name = ?", (key, token.name)).fetchone():
        raise TokenNameTaken(name=token.name)
    if count >= MAX_TOKENS:
        raise TooManyTokens(limit=MAX_TOKENS)
    added = connection.execute(
        "INSERT INTO token (digest, key, account, name, scopes, made, used) VALUES (?,?,?,?,?,?,?)",
        (digest, key, *token[1:]),
    )
    return token._replace(id=added.lastrowid or 0)


def _find(digest: str, connection: sqlite3.Connection) -> Token | None:
    row = connection.execute(f"SELECT {_COLUMNS} FROM token WHERE digest = ?", (digest,)).fetchone()
    return None if row is None else Token(*row)


def _of(key: str, connection: sqlite3.Connection) -> Sequence[Token]:
    rows = connection.execute(f"SELECT {_COLUMNS} FROM token WHERE key = ? ORDER BY id", (key,))
    return [Token(*row) for row in rows]


def _all(connection: sqlite3.Connection) -> Sequence[Token]:
    return [Token(*row) for row in connection.execute(f"SELECT {_COLUMNS} FROM token ORDER BY key, id")]


def _revoke(key: str, name: str, connection: sqlite3.Connection) -> int:
    row = connection.execute("SELECT id FROM token WHERE key = ? AND name = ?", (key, name)).fetchone()
    if row is None:
        raise NoSuchToken(name=name)
    connection.execute("DELETE FROM token WHERE id = ?", row)
    id_: int = row[0]
    return id_


def _forget(key: str, connection: sqlite3.Connection) -> None:
    connection.execute("DELETE FROM token WHERE key = ?", (key,))


def _used(id_: int, at: float, connection: sqlite3.Connection) -> None:
    connection.execute("UPDATE token SET used = ? WHERE id = ?", (at, id_))


def _revoked(ids: Sequence[int], connection: sqlite3.Connection) -> Sequence[int]:
    return [id_ for id_ in ids if connection.execute("SELECT 1 FROM token WHERE id = ?", (id_,)).fetchone() is None]
