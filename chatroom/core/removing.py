"""Removing messages: who may, which ones, and in what pieces. No I/O, no clock.

A message is looked up first, since its author may remove it and others need the right to. Between that and the removal
others may remove it, too: the log decides that, in order. It puts a mark in the place of the message, in the
transaction that keeps the :class:`~chatroom.model.events.Removal`; everything here that has the text does the same when
the event comes back (:mod:`chatroom.core.removals`, and the replay buffer of :mod:`chatroom.core.delivery`).

Theory of operation of a purge. The messages of a time are looked for page by page, in turns with the questions of
others. They are removed in pieces, each of which is appended once the one before it is kept, so that the writer does
other work in between. What was said while it looked is behind its last page; so when the first piece is kept, what
stands between the two is looked through as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from chatroom.core.chat import Chat
from chatroom.core.members import Member
from chatroom.core.removals import RemovalRequest
from chatroom.core.requests import Request
from chatroom.core.session import Session
from chatroom.model.answers import Notice, Refused
from chatroom.model.errors import (
    BadArgument,
    ChatError,
    NoSuchMessage,
    NothingToRemove,
    NotInRoom,
    NotYourMessage,
    PeerError,
)
from chatroom.model.events import Event, may_be_removed
from chatroom.model.names import nickname_key
from chatroom.model.text import whole_number

PURGED_AT_ONCE = 200
"""Messages that one event removes: writing their marks takes the writer a few milliseconds."""

MAX_REASON = 300
"""Characters of a reason that are shown."""

MAX_PURGED = 10_000
"""Messages that one purge removes at most."""

MAX_MINUTES = 7 * 24 * 60
"""The longest time that one purge reaches back."""

PURGE_MINUTES = 10
"""Minutes that it reaches back unless it is told."""

LOOKED_FOR_LAST = 200
"""The last messages of a room, among which ``/remove last`` looks for one of somebody's."""

PAGE = 200
"""Events that a purge looks at in one piece of work."""


def remove(session: Session, room: str, id_: int, reason: str) -> None:
    """Have the message ``id_`` removed from ``room``, if they may."""

    def found(events: Sequence[Event]) -> None:
        events = session.chat.removals.current(events)
        event = events[0] if events else None
        if event is None or event.room != room or not may_be_removed(type(event)):
            raise NoSuchMessage(id=id_, room=room)
        _remove(session, event, reason)

    _check_in(session, room)
    session.ask_log(partial(session.chat.log.with_ids, (id_,)), _answered(session, found))


def remove_last(session: Session, room: str, nickname: str, reason: str) -> None:
    """The same for the last message of ``nickname`` there, for those who see no ids."""
    key = _key(nickname)

    def found(events: Sequence[Event]) -> None:
        theirs = [event for event in session.chat.removals.current(events) if _is_by(event, key)]
        if not theirs:
            raise NothingToRemove(nickname=nickname, room=room, when="lately")
        _remove(session, theirs[-1], reason)

    _check_in(session, room)
    session.ask_log(partial(session.chat.log.recent, room, LOOKED_FOR_LAST, None), _answered(session, found))


def _check_in(session: Session, room: str) -> None:
    if room not in session.rooms:
        raise NotInRoom(room=room)


def _answered(session: Session, found: Callable[[Sequence[Event]], None]) -> Callable[[Sequence[Event]], None]:
    """``found``, which may raise a PeerError, as the answer to a question."""

    def answer(events: Sequence[Event]) -> None:
        try:
            found(events)
        except PeerError as error:
            session.refuse(error)

    return answer


def _key(nickname: str) -> str:
    try:
        return nickname_key(nickname)
    except ValueError:
        raise BadArgument(what=f"Nobody can be called {nickname}", usage="/remove last nickname") from None


def _is_by(event: Event, key: str) -> bool:
    return may_be_removed(type(event)) and nickname_key(event.nickname) == key


def _remove(session: Session, event: Event, reason: str) -> None:
    chat, member = session.chat, session.member
    own = is_own(chat, member, event)
    if not own and not chat.may_moderate(member, event.room):
        raise NotYourMessage(nickname=event.nickname, id=event.id, room=event.room)
    session.ask_to_remove(event, reason[:MAX_REASON], audited="" if own else "remove")


def is_own(chat: Chat, member: Member, event: Event) -> bool:
    """Whether ``event`` is of ``member``, or of somebody who is logged in to the same account."""
    if event.member == member.member_id:
        return bool(event.member)
    same = (other.member_id for other in chat.directory.everybody() if other.account == member.account)
    return bool(member.account and event.member) and event.member in same


def purge(session: Session, room: str, nickname: str, minutes: int, reason: str) -> None:
    """Have all messages of ``nickname`` in ``room`` of the last ``minutes`` removed, if they may."""
    chat, member = session.chat, session.member
    _check_in(session, room)
    key = _key(nickname)
    if not chat.may_moderate(member, room) and key != member.key:
        raise NotYourMessage(nickname=nickname, id=0, room=room)
    _Purge(session, room, nickname, minutes, reason[:MAX_REASON]).begin()


def minutes_of(text: str) -> tuple[int, str]:
    """The minutes, and the reason, that stand behind the nickname in a request to purge.

    :raises BadArgument: it begins with a number that is too great.
    """
    first, _, rest = text.partition(" ")
    if not first.isdigit():
        return PURGE_MINUTES, text
    minutes = whole_number(first, MAX_MINUTES)
    if not minutes:
        raise BadArgument(
            what=f"{first} is not a number of minutes from 1 to {MAX_MINUTES}",
            usage="/purge nickname [minutes] [reason]",
        )
    return minutes, rest.strip()


class _Purge:
    """One purge; it goes on when whoever has asked for it leaves."""

    def __init__(self, session: Session, room: str, nickname: str, minutes: int, reason: str) -> None:
        self._chat = session.chat
        self._session = session
        self._member = session.member
        self._room = room
        self._nickname = nickname
        self._key = _key(nickname)
        self._minutes = minutes
        self._reason = reason
        # The ids of the members whose messages go, whatever they were called.
        self._members = self._ids_of_members()
        self._found: list[int] = []
        # The last event that was looked at, and how many messages are removed.
        self._looked_at = 0
        self._removed = 0
        # How many are in the piece that is on its way.
        self._piece = 0
        self._first = True

    def _ids_of_members(self) -> frozenset[str]:
        holder = self._chat.members.get(self._key)
        if holder is None:
            return frozenset()
        same = [
            other.member_id
            for other in self._chat.directory.everybody()
            if holder.account and other.account == holder.account
        ]
        return frozenset([holder.member_id, *same])

    def _take(self, events: Iterable[Event]) -> None:
        for event in events:
            self._looked_at = event.id
            if may_be_removed(type(event)) and len(self._found) < MAX_PURGED:
                # Somebody who has this nickname now is not to blame for what another has said under it.
                theirs = event.member in self._members if self._members else _is_by(event, self._key)
                if theirs:
                    self._found.append(event.id)

    def begin(self) -> None:
        """Look for the messages, then remove them."""
        at = self._chat.now() - self._minutes * 60

        def found(first: int) -> None:
            self._looked_at = first - 1
            self._look()

        self._session.ask_log(partial(self._chat.log.first_since, at), found)

    def _look(self) -> None:
        def take(events: Sequence[Event]) -> None:
            self._take(self._chat.removals.current(events))
            if events and len(self._found) < MAX_PURGED:
                self._look()
            elif self._found:
                self._remove_some()
            else:
                when = f"in the last {self._minutes} minutes"
                self._session.refuse(NothingToRemove(nickname=self._nickname, room=self._room, when=when))

        rooms = frozenset({self._room})
        self._session.ask_log(partial(self._chat.log.since, rooms, self._looked_at, PAGE), take)

    def _remove_some(self) -> None:
        ids, self._found = self._found[:PURGED_AT_ONCE], self._found[PURGED_AT_ONCE:]
        extras: Mapping[str, Any] = {"nick": self._nickname, "ids": ids}
        if not self._first:
            extras = {**extras, "more": True}
        elif self._found:
            extras = {**extras, "count": len(ids) + len(self._found)}
        self._piece = len(ids)
        audited = "purge" if self._first and self._key != self._member.key else ""
        request = RemovalRequest(self._member, self._room, self._reason, self, audited=audited)
        self._chat.remove(request, ids, extras)

    # As the one who has asked for each piece.

    def own(self, request: Request, event: Event) -> bytes:
        raise AssertionError("a purge is shown as everybody is shown it")

    def said(self, request: Request) -> None:
        self._removed += self._piece
        if self._first:
            self._first = False
            rooms = frozenset({self._room})
            last = self._looked_at
            self._chat.log.since(rooms, last, PAGE, self._take_late, lambda error: self._go_on())
        else:
            self._go_on()

    def _take_late(self, events: Sequence[Event]) -> None:
        """Take what was said between the last look and the first piece."""
        self._take(self._chat.removals.current(events))
        self._go_on()

    def _go_on(self) -> None:
        if self._found and not self._chat.stopping:
            self._remove_some()
            return
        what = "message is" if self._removed == 1 else "messages are"
        self._member.tell(Notice(f"{self._removed} {what} removed that {self._nickname} had said in {self._room}."))

    def done(self, request: Request, event: Event) -> None:
        raise AssertionError("a removal is no request about where somebody is")

    def not_done(self, request: Request, error: ChatError) -> None:
        """Tell them that a piece is not kept; one whose messages others have removed meanwhile is passed over."""
        if isinstance(error, NoSuchMessage):
            self._go_on()
        else:
            self._member.tell(Refused(error.code, str(error)))
