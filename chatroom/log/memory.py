"""A log that lives as long as its process: bounded, ordered, kept nowhere."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict, deque
from collections.abc import Callable
from itertools import islice

from zope.interface import implementer

from chatroom.log.interface import Broken, Committed, Events, Failed, Id, ILog, NoAnswer
from chatroom.model.errors import NothingToSearch
from chatroom.model.events import TALK, Event, EventType
from chatroom.model.text import words_of

CAPACITY = 100_000
"""Events that are kept, unless set otherwise."""


@implementer(ILog)
class MemoryLog:
    """Keeps the last ``capacity`` events.

    :param soon: calls a function in a later turn of the event loop. What is appended until then is one batch.
    :param now: the time, in seconds since 1970, UTC.
    """

    def __init__(
        self, soon: Callable[[Callable[[], None]], object], now: Callable[[], float], capacity: int = CAPACITY
    ) -> None:
        self._soon = soon
        self._now = now
        self._capacity = capacity
        self._events: deque[Event] = deque()
        self._talk: defaultdict[str, deque[Event]] = defaultdict(deque)
        self._pending: list[Event] = []
        self._last_id = self.last_committed = 0
        self.topics: list[Event] = []

    def start(self, committed: Committed, failed: Failed, broken: Broken) -> None:
        self._committed = committed

    def append(self, kind: EventType, room: str, nickname: str, text: str) -> None:
        self._last_id += 1
        if not self._pending:
            self._soon(self._commit)
        self._pending.append(kind(self._last_id, self._now(), room, nickname, text))

    def _commit(self) -> None:
        batch, self._pending = self._pending, []
        for event in batch:
            self._events.append(event)
            if isinstance(event, TALK):
                self._talk[event.room].append(event)
        while len(self._events) > self._capacity:
            self._forget(self._events.popleft())
        if batch:
            self.last_committed = batch[-1].id
            self._committed(batch)

    def _forget(self, event: Event) -> None:
        if isinstance(event, TALK):
            talk = self._talk[event.room]
            talk.popleft()
            if not talk:
                del self._talk[event.room]

    def recent(self, room: str, count: int, before: int | None, answer: Events, failed: NoAnswer) -> None:
        found = (event for event in reversed(self._talk.get(room, ())) if before is None or event.id < before)
        answer(list(islice(found, count))[::-1])

    def since(self, rooms: frozenset[str], after: int, limit: int, answer: Events, failed: NoAnswer) -> None:
        start = bisect_right(self._events, after, key=lambda event: event.id)
        found = (event for event in islice(self._events, start, None) if event.room in rooms)
        page = list(islice(found, limit))
        # In a turn of its own: whoever asks for one page after the other would call itself for each.
        self._soon(lambda: answer(page))

    def first_since(self, at: float, answer: Id, failed: NoAnswer) -> None:
        found = bisect_left(self._events, at, key=lambda event: event.at)
        answer(self._events[found].id if found < len(self._events) else self.last_committed + 1)

    def search(self, room: str, words: str, count: int, answer: Events, failed: NoAnswer) -> None:
        wanted = [word for word in map(words_of, words.split()) if word.strip()]
        if not wanted:
            failed(NothingToSearch())
            return
        told = ((event, words_of(event.text)) for event in reversed(self._talk.get(room, ())))
        found = (event for event, said in told if all(word in said for word in wanted))
        answer(list(islice(found, count))[::-1])

    def stop(self, done: Callable[[], None]) -> None:
        self._commit()
        done()
