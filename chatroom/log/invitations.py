"""Invitations: links and codes that let somebody in, as they are kept.

Of a code, its hash is kept. An invitation is used in one transaction that looks whether it still holds and counts the
use: of two who come with the last one, one is let in, whichever server, or thread, they come by.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

from chatroom.log.interface import NoAnswer
from chatroom.log.tables import Tables
from chatroom.model.errors import InvitationRefused, TooManyInvitations

MAX_USES = 100_000
"""Uses of one invitation."""

MAX_OPEN, MAX_ALL = 100, 100_000
"""Invitations by one account that may still be used, and those that are kept altogether."""

KEPT_FOR = 30 * 24 * 60 * 60
"""Seconds for which an invitation that lets nobody in any more is still listed."""

_COLUMNS = "id, room, uses, used, ends, made, maker"
_HOLDS = "used < uses AND ends > ?"


class Invitation(NamedTuple):
    """An invitation."""

    id: int
    """The number that it is listed and revoked by; 0 while it is not kept yet."""
    room: str
    """The room that it leads to; empty for the default room."""
    uses: int
    """How many people it lets in."""
    used: int
    """How many of them have come."""
    ends: float
    """When it lets nobody in any more, in seconds since 1970, UTC."""
    made: float
    maker: str
    """The account that has made it; empty where it was made on the command line."""

    def holds(self, now: float) -> bool:
        """Whether it lets somebody in."""
        return self.used < self.uses and now < self.ends


class Invitations:
    """The invitations of a server."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def add(self, digest: str, invitation: Invitation, answer: Callable[[Invitation], None], failed: NoAnswer) -> None:
        """Keep a new one; ``answer`` is told it with its number.

        It fails with :class:`~chatroom.model.errors.TooManyInvitations`.

        :param digest: the hash of its code.
        """
        self._tables.change(partial(_add, digest, invitation), answer, failed)

    def find(self, digest: str, now: float, answer: Callable[[Invitation], None], failed: NoAnswer) -> None:
        """Ask for the one whose code has this hash, and which still lets somebody in.

        It fails with :class:`~chatroom.model.errors.InvitationRefused`.
        """
        self._tables.ask(partial(_find, digest, now), answer, failed)

    def use(self, id_: int, now: float, answer: Callable[[], None], failed: NoAnswer) -> None:
        """Count one use, if the invitation still holds.

        It fails with :class:`~chatroom.model.errors.InvitationRefused`.
        """
        self._tables.change(partial(_use, id_, now), lambda _: answer(), failed)

    def give_back(self, id_: int) -> None:
        """Count one use less: whoever used it has not come in after all."""
        self._tables.change(partial(_give_back, id_), lambda _: None, lambda error: None)

    def all(self, answer: Callable[[Sequence[Invitation]], None], failed: NoAnswer) -> None:
        """Ask for all of them, oldest first."""
        self._tables.ask(_all, answer, failed)

    def revoke(self, id_: int, answer: Callable[[bool], None], failed: NoAnswer) -> None:
        """Have one let nobody in any more; ``answer`` is told whether there was one of that number."""
        self._tables.change(partial(_revoke, id_), answer, failed)


def _add(digest: str, invitation: Invitation, connection: sqlite3.Connection) -> Invitation:
    now, maker = invitation.made, invitation.maker
    connection.execute("DELETE FROM invitation WHERE (used >= uses OR ends <= ?) AND made < ?", (now, now - KEPT_FOR))
    (count,) = connection.execute("SELECT count(*) FROM invitation").fetchone()
    if count >= MAX_ALL:
        raise TooManyInvitations(why="There are as many invitations as there may be: ask whoever runs the server")
    if maker:
        (count,) = connection.execute(
            f"SELECT count(*) FROM invitation WHERE maker = ? AND {_HOLDS}", (maker, now)
        ).fetchone()
        if count >= MAX_OPEN:
            raise TooManyInvitations(why=f"{MAX_OPEN} invitations of yours are open: wait until some were used")
    added = connection.execute(
        "INSERT INTO invitation (digest, room, uses, used, ends, made, maker) VALUES (?,?,?,?,?,?,?)",
        (digest, *invitation[1:]),
    )
    return invitation._replace(id=added.lastrowid or 0)


def _find(digest: str, now: float, connection: sqlite3.Connection) -> Invitation:
    row = connection.execute(
        f"SELECT {_COLUMNS} FROM invitation WHERE digest = ? AND {_HOLDS}", (digest, now)
    ).fetchone()
    if row is None:
        raise InvitationRefused()
    return Invitation(*row)


def _use(id_: int, now: float, connection: sqlite3.Connection) -> None:
    used = connection.execute(f"UPDATE invitation SET used = used + 1 WHERE id = ? AND {_HOLDS}", (id_, now))
    if not used.rowcount:
        raise InvitationRefused()


def _give_back(id_: int, connection: sqlite3.Connection) -> None:
    connection.execute("UPDATE invitation SET used = used - 1 WHERE id = ? AND used > 0", (id_,))


def _all(connection: sqlite3.Connection) -> Sequence[Invitation]:
    return [Invitation(*row) for row in connection.execute(f"SELECT {_COLUMNS} FROM invitation ORDER BY id")]


def _revoke(id_: int, connection: sqlite3.Connection) -> bool:
    return connection.execute("DELETE FROM invitation WHERE id = ?", (id_,)).rowcount > 0
