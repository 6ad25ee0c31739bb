"""Catching up: what a newcomer is shown of the past, then, without a gap or a repeat, what happens now.

A newcomer is shown the last talk of each room; somebody who comes back (``since=``) is shown all that they missed, or,
where the log has trimmed it, the last talk again (``_place`` in :mod:`chatroom.core.dialogue` decides).

Theory of operation. Whoever enters a room enters at their own Joined event, whose id is ``first``: what has a smaller
id is the past, and comes from the log; from ``first`` on they hear everything. Delivery detached them at ``first``, so
nothing is written to them in the meantime, however long the past takes to read. When they have read it, delivery is
asked to attach them at ``first - 1``: it writes what its replay buffer has behind that, and from then on all that is
published. Where more has happened than the buffer holds, the log has it: it is asked for what comes next, a page at a
time, and each page is shown no faster than it is read, until the buffer reaches back far enough.

Each piece has a bound in bytes, and is made in turns with the work of others; few have a page in hand at once. Of
somebody who reads slowly nothing is kept but the place that they have reached: the log is asked again when they have
read that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TypeVar, cast

from chatroom.core.delivery import Subscription, rendered
from chatroom.core.session import MADE_IN_A_PIECE, Session
from chatroom.log.turns import Work
from chatroom.model.answers import Live
from chatroom.model.constants import ENCODING
from chatroom.model.events import Event
from chatroom.wire.formats import day_of

T = TypeVar("T")

PAGE, LONGEST_PAGE = 50, 200
"""Events that are asked of the log at once: at first, and where they are short."""

PAGE_CHARACTERS = 64 * 1024
"""Characters in such a page, as far as the page before tells: many may ask at the same time."""

_Made = tuple[bytes, int]
"""Lines, and how many of the events are in them."""


def go_live(session: Session, after: int, then: Callable[[], None] = lambda: None, limit: int = PAGE) -> None:
    """Have ``session`` hear everything with an id above ``after``, and go on from there.

    :param then: called once they have heard what there was.
    :param limit: events to ask the log for, where they are more than delivery has.
    """
    turn = session.next_turn()
    while turn is not None:
        # Another connection of the member has come into a room, or gone out of one, since.
        missed = session.chat.delivery.missed(session.subscription(), after, turn.after)
        if missed is None:
            break
        if missed:
            session.write(missed)
        session.come_to_turn()
        after, turn = max(after, turn.after), session.next_turn()
    if turn is None and session.hear(after):
        then()
        return
    # More has happened since than delivery has by it: the log has it all.
    subscription = session.subscription()
    until = session.chat.delivery.published if turn is None else turn.after
    current = session.chat.removals.current

    def show(events: Sequence[Event]) -> None:
        if turn is not None:
            events = [event for event in events if event.id <= turn.after]
        page = within(events, session.page_size)
        session.in_turn(_rendered(page, subscription, current), partial(shown, page), session.door.close)

    def shown(page: Sequence[Event], lines: bytes) -> None:
        session.write(lines)
        # An empty answer goes as far as what was published when it was asked for, perhaps no further.
        last = page[-1].id if page else max(after, until)
        if turn is not None and last >= turn.after:
            session.come_to_turn()
        session.when_read(lambda: go_live(session, last, then, _next_limit(page)))

    log, rooms = session.chat.log, subscription.rooms
    # A session that cannot be shown the past is shown nothing after it, and closed: the client can come back.
    session.ask_log(partial(log.since, rooms, after, limit), show, session.door.close, in_slot=True)


def _rendered(
    events: Sequence[Event], subscription: Subscription, current: Callable[[Sequence[Event]], Sequence[Event]]
) -> Work[bytes]:
    """The lines for a page of events, made at once: some of them are shown once for several rooms."""
    return rendered(current(events), subscription)
    yield


def _next_limit(events: Sequence[Event]) -> int:
    """Events that the next page may have, if they are like these."""
    if not events:
        return PAGE
    characters = sum(len(event.text) for event in events) // len(events)
    return max(1, min(LONGEST_PAGE, PAGE_CHARACTERS // (characters + 1)))


def _finish(work: Work[T]) -> T:
    """What comes of work that is done in one piece."""
    try:
        next(work)
    except StopIteration as end:
        return cast("T", end.value)
    raise AssertionError("there is more than one piece")


def within(events: Sequence[Event], size: int) -> Sequence[Event]:
    """The first of ``events``, at least one, as far as their texts have about ``size`` bytes."""
    for count, event in enumerate(events):
        size -= len(event.text.encode(ENCODING))
        if size < 0:
            return events[: max(count, 1)]
    return events


class CatchingUp:
    """Shows one session the past of the rooms that it has come into, and has it go live."""

    def __init__(
        self, session: Session, first: int, own: bytes, then: Callable[[], None], present: bytes = b""
    ) -> None:
        """
        :param first: the id of the event from which on the session hears everything.
        :param own: how that event is shown to them, where they have a form of their own for it; else empty.
        :param then: called once they are live.
        :param present: shown between the past and what is new.
        """
        self._session = session
        self._first = first
        self._own = own
        self._present = present
        self._then = then
        self._day = day_of(session.chat.now())
        self._limit = PAGE

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

        def then() -> None:
            self._show_recent(rest)

        if count <= PAGE:
            self._session.ask_log(
                partial(log.recent, room, count, self._first), lambda events: self._show(events, then), then
            )
        else:
            self._session.ask_log(
                partial(log.recent_ids, room, count, self._first), lambda ids: self._show_pages(ids, then), then
            )

    def _show_pages(self, ids: Sequence[int], then: Callable[[], None]) -> None:
        """Show the events with these ids, page by page."""
        if not ids:
            then()
            return
        page, rest = ids[:PAGE], ids[PAGE:]

        def go_on() -> None:
            self._show_pages(rest, then)

        log = self._session.chat.log
        self._session.ask_log(
            partial(log.with_ids, page), lambda events: self._show(events, go_on), go_on, in_slot=True
        )

    def show_missed(self, after: int) -> None:
        """Show everything of all their rooms with an id above ``after``, then go live."""
        rooms = frozenset(self._session.heard_rooms)

        def show(events: Sequence[Event]) -> None:
            missed = [event for event in events if event.id < self._first]
            if missed:
                self._limit = _next_limit(missed)
                self._show(missed, lambda: self.show_missed(missed[-1].id), self.show_missed)
            else:
                self._go_live()

        log = self._session.chat.log
        self._session.ask_log(
            partial(log.since, rooms, after, self._limit), show, self._session.door.close, in_slot=True
        )

    def _show(
        self, events: Sequence[Event], then: Callable[[], None], ask_again: Callable[[int], None] | None = None
    ) -> None:
        """Show ``events`` as past, no faster than they are read.

        :param ask_again: asks for the events behind an id once more, so that they need not be kept for a slow reader.
        """
        session = self._session

        def show(made: _Made) -> None:
            lines, count = made
            rest, last = events[count:], events[count - 1].id if count else 0
            if lines:
                session.write(lines)
            if not rest:
                session.when_read(then)
            elif ask_again is not None and session.door.send_queue.waiting:
                session.when_read(partial(ask_again, last))
            else:
                session.when_read(lambda: self._show(rest, then, ask_again))

        if len(events) <= MADE_IN_A_PIECE:
            # Most newcomers are shown no more than that.
            show(_finish(self._make(events)))
        else:
            # Whoever comes back must miss nothing: they are closed, and come back once more.
            session.in_turn(self._make(events), show, then if ask_again is None else session.door.close)

    def _make(self, events: Sequence[Event]) -> Work[_Made]:
        """The lines for the first of ``events``, as many as one page holds."""
        session = self._session
        subscription, member_id = session.subscription(), session.member.member_id
        current = session.chat.removals.current_event
        shown: list[bytes] = []
        size = count = 0
        for event in events:
            if count and count % MADE_IN_A_PIECE == 0:
                yield
            count += 1
            if subscription.shows(event) and session.sees(event):
                ref = session.own_ref(event) if event.member == member_id else ""
                # It may have been removed while the page was on its way.
                shown.append(
                    session.format.past_event(current(event), event.room != subscription.active, self._day, ref)
                )
                size += len(shown[-1])
                self._day = day_of(event.at)
                if size >= session.page_size:
                    break
        return b"".join(shown), count

    def _go_live(self) -> None:
        session = self._session
        session.reply(Live())
        if self._present:
            session.write(self._present)
        if self._own:
            session.write(self._own)
            go_live(session, self._first, self._then)
        else:
            go_live(session, self._first - 1, self._then)
