"""Catching up: what a newcomer is shown of the past, then, without a gap or a repeat, what happens now.

A newcomer is shown the last talk of each room; somebody who comes back (``since=``) is shown all that they missed, or,
where the log has trimmed it, the last talk again (``_place`` in :mod:`chatroom.core.dialogue` decides).

Theory of operation. Whoever enters a room enters at their own Joined event, whose id is ``first``: what has a smaller
id is the past, and comes from the log; from ``first`` on they hear everything. Delivery detached them at ``first``, so
nothing is written to them in the meantime, however long the past takes to read. When they have read it, delivery is
asked to attach them at ``first - 1``: it writes what its replay buffer has behind that, and from then on all that is
published. Where more has happened than the buffer holds, the log has it: it is asked for what comes next, a page at a
time, and each page is shown no faster than it is read, until the buffer reaches back far enough.

Each piece has a bound in bytes; the next is asked of the log when the one before was read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from chatroom.core.delivery import rendered
from chatroom.core.session import Session
from chatroom.model.answers import Live
from chatroom.model.events import Event
from chatroom.wire.formats import day_of
from chatroom.wire.send_queue import PIECE

PAGE = 200
"""Events that are asked of the log at once."""


def go_live(session: Session, after: int, then: Callable[[], None] = lambda: None) -> None:
    """Have ``session`` hear everything with an id above ``after``, and go on from there.

    :param then: called once they have heard what there was.
    """
    if session.hear(after):
        then()
        return
    # More has happened since than delivery has by it: the log has it all.
    subscription = session.subscription()
    asked_at = session.chat.delivery.published

    def show(events: Sequence[Event]) -> None:
        session.write(rendered(events, subscription))
        # The answer goes as far as what was published when it was asked for, perhaps no further.
        last = events[-1].id if events else asked_at
        session.when_read(lambda: go_live(session, last, then))

    log, rooms = session.chat.log, subscription.rooms
    # A session that cannot be shown the past is shown nothing after it, and closed: the client can come back.
    session.ask(lambda answer, failed: log.since(rooms, after, PAGE, answer, failed), show, session.door.close)


class CatchingUp:
    """Shows one session the past of the rooms that it has come into, and has it go live."""

    def __init__(self, session: Session, first: int, own: bytes, then: Callable[[], None]) -> None:
        """
        :param first: the id of the event from which on the session hears everything.
        :param own: how that event is shown to them, where they have a form of their own for it; else empty.
        :param then: called once they are live.
        """
        self._session = session
        self._first = first
        self._own = own
        self._then = then
        self._day = day_of(session.chat.now())

    def show_recent(self, rooms: Iterable[str]) -> None:
        """Show the last talk of each of ``rooms``, then go live."""
        self._show_recent(list(rooms))

    def _show_recent(self, rooms: list[str]) -> None:
        if not rooms:
            self._go_live()
            return
        room, *rest = rooms
        log, count = self._session.chat.log, self._session.chat.settings.replay
        # Each room begins with the date of today again.
        self._day = day_of(self._session.chat.now())
        self._session.ask(
            lambda answer, failed: log.recent(room, count, self._first, answer, failed),
            lambda events: self._show(events, lambda: self._show_recent(rest)),
            lambda: self._show_recent(rest),
        )

    def show_missed(self, after: int) -> None:
        """Show everything of all their rooms with an id above ``after``, then go live."""
        rooms = frozenset(self._session.rooms)
        log = self._session.chat.log

        def show(events: Sequence[Event]) -> None:
            missed = [event for event in events if event.id < self._first]
            if missed:
                self._show(missed, lambda: self.show_missed(missed[-1].id))
            else:
                self._go_live()

        self._session.ask(
            lambda answer, failed: log.since(rooms, after, PAGE, answer, failed),
            show,
            self._session.door.close,
        )

    def _show(self, events: Sequence[Event], then: Callable[[], None]) -> None:
        """Show ``events`` as past, no faster than they are read."""
        session = self._session
        subscription, member_id = session.subscription(), session.member.member_id
        # One write must not by itself exceed the limit of the send queue.
        piece = min(PIECE, session.chat.settings.sendq // 2)
        shown, size, count = [], 0, 0
        for event in events:
            count += 1
            if subscription.shows(event):
                ref = event.ref if event.member == member_id else ""
                shown.append(session.format.past_event(event, event.room != subscription.active, self._day, ref))
                size += len(shown[-1])
                self._day = day_of(event.at)
                if size >= piece:
                    break
        if shown:
            session.write(b"".join(shown))
        rest = events[count:]
        session.when_read(lambda: self._show(rest, then) if rest else then())

    def _go_live(self) -> None:
        session = self._session
        session.reply(Live())
        if self._own:
            session.write(self._own)
            go_live(session, self._first, self._then)
        else:
            go_live(session, self._first - 1, self._then)
