"""Members: the people, and programs, who are here.

A member is known by an id, which outlives renames and, where its client can prove that it is the same, reconnects. What
a connection adds is a session; a member without one (a bot, a person at another server) is a member like any other, and
one may have several (:mod:`chatroom.core.sharing`).
"""

from __future__ import annotations

import secrets
from base64 import urlsafe_b64encode
from enum import Enum, auto
from functools import lru_cache
from hashlib import blake2b
from typing import Protocol

from chatroom.core.delivery import Subscription
from chatroom.core.sharing import Shared, Turn, View
from chatroom.model.answers import Answer
from chatroom.model.errors import ChatError
from chatroom.model.events import Event
from chatroom.model.masks import NOBODY, Author, Person, account_key
from chatroom.model.names import nickname_key
from chatroom.model.scopes import Scopes

_ID_BYTES = 9
"""Bytes of an id: 12 characters of base64."""


def new_id() -> str:
    """An id that nobody has had."""
    return secrets.token_urlsafe(_ID_BYTES)


def id_of_client(secret: str, history: str) -> str:
    """The id of the member whose client knows ``secret``: the same each time, in one history.

    Everybody sees the id, and nobody can tell the secret from it.
    """
    digest = blake2b(secret.encode(), digest_size=_ID_BYTES, key=history.encode()).digest()
    return urlsafe_b64encode(digest).decode()


class Connection(Protocol):
    """A member's session, as far as the core knows it."""

    @property
    def address(self) -> str:
        """The address that the member comes from; empty where there is none."""

    @property
    def encrypted(self) -> bool:
        """True when the connection is encrypted."""

    @property
    def secure(self) -> bool:
        """True when nobody on the way can read what is sent: it is encrypted, or does not leave this machine."""

    def seconds(self) -> float:
        """How late it is, by a clock that only goes forward."""

    def tell(self, answer: Answer) -> None:
        """Show what is no answer to something that the member asked for."""

    def ignores(self, nickname: str) -> bool:
        """True when the member ignores ``nickname``."""

    def with_ref(self, event: Event) -> bytes:
        """The lines of an event of the member's, with its ``ref``."""

    def take_turn(self, turn: Turn) -> Subscription | None:
        """Hear other rooms from ``turn`` on, since another connection of the member has asked for them.

        :returns: what is heard then; None for one that is catching up, and takes the turn when it has come to it.
        """

    def show_turn(self, turn: Turn) -> None:
        """Show where the member is now; the events of it were shown."""

    def own_ref(self, event: Event) -> str:
        """The ``ref`` of an event of the member's as this connection gave it; empty where another did."""

    def affected(self, event: Event) -> None:
        """Take notice that something has happened to the member that this session has not asked for.

        :param event: the last of it; everybody in the rooms was shown it.
        """

    def expel(self, by: str, reason: str) -> None:
        """Say that ``by`` closes the connection, and close it."""

    def put_out(self, event: Event, shown: bool | None) -> None:
        """Take notice that the member was put out of a room.

        :param shown: whether they were shown the event, and are to hear what happens behind it; None: they do.
        """

    def dismiss(self, error: ChatError) -> None:
        """Say why the connection is closed, and close it."""

    def replace(self, owner: bool = False) -> None:
        """Close the connection: the member has come back by another.

        :param owner: whether it is the owner of the nickname who comes, to whom this member is nobody.
        """


class Standing(Enum):
    """The stage of a member on the way in and out."""

    OUTSIDE = auto()
    """They hold no nickname."""
    CLAIMING = auto()
    """They have claimed their first nickname and wait for the answer."""
    HERE = auto()
    """They hold a nickname."""
    LEAVING = auto()
    """They have quit, or will once what they asked for before has been answered."""
    GONE = auto()


class Member:
    """Somebody who is here, or about to be."""

    __slots__ = (
        *("_account", "_made", "_operator", "_session", "author", "away", "host", "key", "lasting", "member_id"),
        *("next_nickname", "nickname", "pending", "rooms", "scopes", "standing", "user"),
    )

    def __init__(self, member_id: str = "", session: Connection | None = None) -> None:
        """:param member_id: empty for a new one."""
        self.member_id = member_id or new_id()
        self.lasting = False
        """True when the id outlives the connection: the client has proved by a secret that it is theirs."""
        self._account = ""
        self.scopes: Scopes | None = None
        """The bounds of the token that they have logged in by, which stay when they log out; None for none."""
        self._made = 0.0
        self._operator = False
        self.user = ""
        """The user name that they gave (IRC); empty for none."""
        self.host = ""
        """The host that others are shown (IRC), where that is not their address; empty for none."""
        self.author = NOBODY
        """Facts about them that rules ask for, kept ready since each message has them."""
        self.nickname = ""
        """The nickname as they wrote it; empty while they hold none."""
        self.key = ""
        """The form in which their nickname is compared."""
        self.next_nickname = ""
        """The nickname that they have asked for; empty for none."""
        self.rooms: dict[str, None] = {}
        """The rooms that they are in or have asked to join, and have not asked to leave; oldest first."""
        self.away: str | None = None
        """Why they are away; None while they are here."""
        self.standing = Standing.OUTSIDE
        # One place for both: most of a crowd has one connection.
        self._session: Connection | Shared | None = session
        self.pending = False
        """True while a request of theirs to join, leave, be renamed, be away or quit is on its way: one at a time."""

    @property
    def account(self) -> str:
        """The account that they are logged in to; empty for none."""
        return self._account

    @account.setter
    def account(self, account: str) -> None:
        self.log_in(account, 0.0)

    def log_in(self, account: str, made: float) -> None:
        """Be logged in to ``account``.

        :param made: when it was made, in seconds since 1970, UTC; 0 where only its owner can ever have had its name.
        """
        self._account, self._made = account, made
        self.renew()

    @property
    def account_made(self) -> float:
        """When the account that they are logged in to was made; 0 where that does not matter."""
        return self._made

    @property
    def operator(self) -> bool:
        """True when they are an operator of the server by its password file (``/oper``)."""
        return self._operator

    @operator.setter
    def operator(self, operator: bool) -> None:
        self._operator = operator
        self.renew()

    def renew(self) -> None:
        """Have :attr:`author` say what is so now."""
        address = self.session.address if self.session is not None else ""
        account = account_key(self._account) if self._account else ""
        self.author = _shared(Author(account, address, self._operator, self.user, self.host, since=self._made))

    @property
    def person(self) -> Person:
        """Whom entries of lists may be about."""
        return Person(self.member_id, self.nickname, self.author)

    def take_nickname(self, nickname: str) -> None:
        """Be called ``nickname`` from now on."""
        self.nickname, self.key, self.next_nickname = nickname, nickname_key(nickname), ""

    def go(self) -> None:
        """Be gone."""
        self.standing = Standing.GONE
        self._session = None

    @property
    def shared(self) -> Shared | None:
        """Their connections, where they may have several; None for one, or none."""
        found = self._session
        return found if isinstance(found, Shared) else None

    @property
    def sessions(self) -> tuple[Connection, ...]:
        """Their connections, the oldest first."""
        found = self._session
        if found is None:
            return ()
        return tuple(found.views) if isinstance(found, Shared) else (found,)

    @property
    def session(self) -> Connection | None:
        """The oldest of their connections; None for a member without one."""
        return next(iter(self.sessions), None)

    def view_of(self, session: Connection) -> View | None:
        """What one of several connections has been shown; None for the only one."""
        shared = self.shared
        return shared.views.get(session) if shared is not None else None

    def share(self, session: Connection, member_id: str) -> None:
        """Have ``session``, their only one, be the first of several.

        :param member_id: the id of whoever is logged in to their account: the same, whichever client is first.
        """
        view = View(self.member_id, self.lasting)
        self.member_id, self.lasting = member_id, True
        self._session = Shared()
        self._session.views[session] = view

    def tell(self, answer: Answer, but: Connection | None = None, by: str = "") -> None:
        """Tell this member alone, if there is anybody to tell.

        :param but: the connection that is not told.
        :param by: the nickname of who says it: connections that ignore that are not told.
        """
        for session in self.sessions:
            if session is not but and not (by and session.ignores(by)):
                session.tell(answer)


@lru_cache(maxsize=4096)
def _shared(author: Author) -> Author:
    """One and the same for all who have no more to tell them apart than that."""
    return author
