"""A log that lives as long as its process: bounded, ordered, kept nowhere."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from itertools import islice

from zope.interface import implementer

from chatroom.log.identity import new_identity
from chatroom.log.interface import Events, Id, ILog, NoAnswer, Outcomes
from chatroom.model.errors import AlreadyKept, ChatError, PeerError
from chatroom.model.events import Draft, Event
from chatroom.model.words import query_of

CAPACITY = 100_000
"""Events that are kept, unless set otherwise."""


@implementer(ILog)
class MemoryLog:
    """Keeps the last ``capacity`` events.

    :param soon: calls a function in a later turn of the event loop. Requests that are appended until then are one
        batch.
    :param now: the time, in seconds since 1970, UTC.
    """

    state: Sequence[Event] = ()
    """Empty: nothing holds at the start of a log that begins with no events."""

    def __init__(
        self, soon: Callable[[Callable[[], None]], object], now: Callable[[], float], capacity: int = CAPACITY
    ) -> None:
        self._soon = soon
        self._now = now
        self._capacity = capacity
        self._events: deque[Event] = deque()
        # The events of each room that are counted.
        self._counted: defaultdict[str, deque[Event]] = defaultdict(deque)
        # The ids of the events that have a ref, by (member, ref), oldest first.
        self._ids_by_ref: defaultdict[tuple[str, str], deque[int]] = defaultdict(deque)
        # Requests that wait for the next batch: (drafts, time).
        self._pending: list[tuple[Sequence[Draft], float]] = []
        self._last_at = 0.0
        self.identity = new_identity()
        self.last_committed = 0
        self.forgotten = 0

    def start(self, outcomes: Outcomes) -> None:
        self._outcomes = outcomes

    def append(self, drafts: Sequence[Draft]) -> None:
        if not self._pending:
            self._soon(self._commit)
        self._last_at = now if (now := self._now()) > self._last_at else self._last_at
        self._pending.append((drafts, self._last_at))

    def _commit(self) -> None:
        batch, self._pending = self._pending, []
        events: list[Event] = []
        tokens: list[int] = []
        refusals: list[tuple[int, ChatError]] = []
        last = self.last_committed
        # Makes an event in a third of the time that its class takes.
        new = tuple.__new__
        for drafts, at in batch:
            original = 0
            for draft in drafts:
                if draft.ref:
                    original = original or self._original(draft)
            if original:
                refusals.append((drafts[0].token, AlreadyKept(id=original)))
                continue
            for draft in drafts:
                kind, room, member, nickname, text, about, extras, ref, token = draft
                if kind.kept:
                    last += 1
                event = new(kind, (last, at, room, member, nickname, text, about, extras, ref))
                events.append(event)
                tokens.append(token)
                if kind.kept and kind.counted:
                    self._counted[room].append(event)
                if kind.kept and ref:
                    self._ids_by_ref[member, ref].append(last)
        self._events += [event for event in events if event.kept]
        while len(self._events) > self._capacity:
            self._forget(self._events.popleft())
        self.last_committed = last
        self._tell(events, tokens, refusals)

    def _tell(self, events: list[Event], tokens: list[int], refusals: list[tuple[int, ChatError]]) -> None:
        if events:
            self._outcomes.committed(events, tokens)
        for token, error in refusals:
            if token:
                self._outcomes.refused(token, error)

    def _original(self, draft: Draft) -> int:
        """The id of the event that ``draft`` repeats; 0: of none."""
        ids = self._ids_by_ref.get((draft.member, draft.ref)) if draft.kind.kept else None
        return ids[0] if ids else 0

    def _forget(self, event: Event) -> None:
        """Let go of the oldest event."""
        self.forgotten = event.id
        if event.counted:
            counted = self._counted[event.room]
            counted.popleft()
            if not counted:
                del self._counted[event.room]
        if event.ref:
            ids = self._ids_by_ref[event.member, event.ref]
            ids.popleft()
            if not ids:
                del self._ids_by_ref[event.member, event.ref]

    def recent(self, room: str, count: int, before: int | None, answer: Events, failed: NoAnswer) -> None:
        found = (event for event in reversed(self._counted.get(room, ())) if before is None or event.id < before)
        answer(list(islice(found, count))[::-1])

    def since(self, rooms: frozenset[str], after: int, limit: int, answer: Events, failed: NoAnswer) -> None:
        start = bisect_right(self._events, after, key=lambda event: event.id)
        found = (event for event in islice(self._events, start, None) if event.room in rooms)
        page = list(islice(found, limit))
        # In a turn of its own: a caller that asks for one page after the other would call itself for each.
        self._soon(lambda: answer(page))

    def first_since(self, at: float, answer: Id, failed: NoAnswer) -> None:
        found = bisect_left(self._events, at, key=lambda event: event.at)
        answer(self._events[found].id if found < len(self._events) else self.last_committed + 1)

    def search(self, room: str, words: str, count: int, answer: Events, failed: NoAnswer) -> None:
        try:
            query = query_of(words)
        except PeerError as error:
            failed(error)
            return
        searched = (event for event in reversed(self._events) if event.room == room and event.searched)
        found = (event for event in searched if query.matches(event.text))
        answer(list(islice(found, count))[::-1])

    def stop(self, done: Callable[[], None]) -> None:
        self._commit()
        done()
