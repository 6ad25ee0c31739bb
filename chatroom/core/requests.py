"""Requests that are on their way through the log, and who is told what becomes of each.

A request is known by its token, which its drafts carry into the log and its outcome carries back; never by its place
in a queue, and never by a nickname, which may change hands in between. An event that comes back with no token, or with
one that the ledger does not hold, is nobody's here and is simply an event.

How an outcome is put into words is the asker's: see ``not_said`` in :mod:`chatroom.core.session`. A request that the
log refuses because its ``ref`` was kept before is told as an answer ``Done``, any other as an error.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from chatroom.core.members import Member
from chatroom.model.errors import ChatError
from chatroom.model.events import Event, Nature


class Asker(Protocol):
    """The one who asked and is told the outcome: a session, or an object that acts for a member without one."""

    def own(self, request: Request, event: Event) -> bytes:
        """The own form of an event: the lines that the asker is shown in place of everybody's."""

    def said(self, request: Request) -> None:
        """Take notice that all is shown to everybody that a request of talk or state has stood for until now."""

    def done(self, request: Request, event: Event) -> None:
        """Take notice that a request about where, or who, somebody is has happened.

        :param event: the last of it; everybody was shown it.
        """

    def not_done(self, request: Request, error: ChatError) -> None:
        """Take notice that nothing of the request has happened, or will."""


class Request:
    """Something that a member asked for: its kind, and what is needed to finish it or to undo it.

    Of talk and state nothing is needed but whom to tell, so one request may stand for all that somebody says: more may
    be added to it while it is on its way (:attr:`standing`).
    """

    __slots__ = (
        *("asker", "author", "awaited", "context", "first", "kind", "member", "own_form", "ref", "rooms", "standing"),
        *("text", "token"),
    )

    def __init__(
        self,
        member: Member,
        kind: type[Event],
        rooms: Sequence[str],
        text: str,
        asker: Asker | None,
        *,
        ref: str = "",
        own_form: bool = False,
        context: Any = None,
    ) -> None:
        """
        :param rooms: one event is drafted for each.
        :param ref: the id that the asker's client gave to it; empty for none.
        :param own_form: whether the asker is shown the events by :meth:`Asker.own`.
        :param context: whatever the asker needs to know it by.
        """
        self.member = member
        self.kind = kind
        self.rooms = rooms
        self.text = text
        self.asker = asker
        self.ref = ref
        self.own_form = own_form
        self.context = context
        self.author = member.author
        """Facts about the member, for the rules."""
        self.standing = kind.nature is not Nature.MEMBERSHIP
        """True when it may stand for several appends, each of which has an outcome of its own."""
        self.token = 0
        """Names the request while it is on its way; 0 while it is not."""
        self.awaited = 0
        """How many of its events have yet to come back."""
        self.first = 0
        """The id of the first of its events; 0 until that has come back."""


class Ledger:
    """Every request that is on its way, by its token."""

    __slots__ = ("_last", "_pending", "find")

    def __init__(self) -> None:
        self._last = 0
        self._pending: dict[int, Request] = {}
        self.find: Callable[[int], Request | None] = self._pending.get
        """The request that is on its way with a token; a dictionary's own method, since it is called for each event."""

    def open(self, request: Request, events: int = 1) -> int:
        """Write down that so many more events of a request are on their way.

        :returns: its token.
        """
        request.awaited += events
        if not request.token:
            self._last += 1
            request.token = self._last
            self._pending[request.token] = request
        return request.token

    def close(self, token: int) -> Request | None:
        """An append with this token will not happen: nothing comes back of it; the request that it is of."""
        request = self._pending.get(token)
        if request is not None:
            request.awaited -= 1 if request.standing else request.awaited
            if not request.awaited:
                self.strike_off(request)
        return request

    def close_all(self) -> list[Request]:
        """Nothing comes back of anything that is on its way; each request, oldest first."""
        pending = list(self._pending.values())
        for request in pending:
            request.awaited = 0
            self.strike_off(request)
        return pending

    def strike_off(self, request: Request) -> None:
        """Forget a request, of which nothing is on its way any more."""
        del self._pending[request.token]
        request.token = 0
