"""The last counted events of each busy room, in memory, so that entering a room asks nothing of a disk.

All of it happens in the reactor's thread. A room is loaded from the file when it is first asked for, and from then on
gets what is committed; events that are committed while it is loaded stand behind what comes from the file.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Protocol

from chatroom.log.interface import Events, NoAnswer
from chatroom.log.turns import Asker
from chatroom.model.errors import ChatError
from chatroom.model.events import Event, Removal, marked

KEPT = 100
"""Events that are kept for each room."""
MAX_ROOMS = 1000
"""Rooms that they are kept for: those that were asked for last."""
MAX_BYTES = 16 * 1024 * 1024
"""Bytes of memory that all of them take at most, more or less."""
_BYTES_OF_AN_EVENT = 300
"""Bytes of an event but for its text, more or less."""


class Load(Protocol):
    """Asks the file, as :meth:`~chatroom.log.interface.ILog.recent` has it."""

    def __call__(
        self, room: str, count: int, before: int | None, answer: Events, failed: NoAnswer, *, asker: Asker | None
    ) -> None: ...


_room_of = attrgetter("room")


def _size(events: Iterable[Event]) -> int:
    texts = [event.text for event in events]
    text = "".join(texts)
    # A character takes up to four bytes.
    return _BYTES_OF_AN_EVENT * len(texts) + len(text) * (1 if text.isascii() else 4)


class _Room:
    """The last counted events of one room; while they are loaded, those who wait for them."""

    __slots__ = ("_found", "events", "loading", "removals", "size", "waiting")

    def __init__(self) -> None:
        self.events: deque[Event] = deque(maxlen=KEPT)
        self.size = 0
        """Bytes that they take at most, and half of which they take at least, more or less."""
        # The same when they were counted last: to count those that go, one by one, would cost each message too much.
        self._found = 0
        self.loading = True
        # What was removed while they are loaded, by the id of the message: the file may have been read before.
        self.removals: dict[int, Event] = {}
        self.waiting: list[tuple[Callable[[], None], NoAnswer]] = []

    def add(self, events: Sequence[Event]) -> None:
        self.events.extend(events)
        self.size += _size(events)
        if self.size > 2 * self._found:
            self._count()

    def remove(self, removal: Removal) -> None:
        removals = dict.fromkeys(removal.ids, removal)
        if self.loading:
            self.removals.update(removals)
        self.events = deque(marked(self.events, removals), maxlen=KEPT)
        self._count()

    def forget(self, last: int) -> None:
        events = self.events
        if events and events[0].id <= last:
            while events and events[0].id <= last:
                events.popleft()
            self._count()

    def _count(self) -> None:
        self.size = self._found = _size(self.events)


class RecentEvents:
    """Answers from memory where it can, and loads the rest."""

    def __init__(self, load: Load) -> None:
        """:param load: asks the file."""
        self._load = load
        self._rooms: OrderedDict[str, _Room] = OrderedDict()
        self._forgotten = 0
        self._size = 0

    def committed(self, events: Iterable[Event]) -> None:
        """Take notice of events that were handed back."""
        for name, in_room in groupby(events, _room_of):
            room = self._rooms.get(name)
            if room is not None:
                before = room.size
                room.add([event for event in in_room if event.counted and event.kept])
                self._size += room.size - before
        if self._size > MAX_BYTES:
            self._shrink()

    def remove(self, removal: Removal) -> None:
        """Put marks in the place of messages that were removed. Before :meth:`committed` is told of the removal."""
        room = self._rooms.get(removal.room)
        if room is not None:
            before = room.size
            room.remove(removal)
            self._size += room.size - before

    def _shrink(self) -> None:
        """Let go of the rooms that were asked for first, as far as too much is kept."""
        for name, room in list(self._rooms.items()):
            if self._size <= MAX_BYTES:
                break
            if not room.loading:
                self._size -= room.size
                del self._rooms[name]

    def forget(self, last: int) -> None:
        """Let go of the events up to the id ``last``, which are trimmed from the file."""
        self._forgotten = last
        for room in self._rooms.values():
            before = room.size
            room.forget(last)
            self._size += room.size - before

    def ask(
        self, name: str, count: int, before: int | None, answer: Events, failed: NoAnswer, *, asker: Asker | None
    ) -> None:
        """Answer as :meth:`~chatroom.log.interface.ILog.recent` does."""
        room = self._rooms.get(name) or self._start_to_load(name)
        self._rooms.move_to_end(name)

        def tell() -> None:
            found = [event for event in room.events if before is None or event.id < before]
            # A full room may have let go of some that are asked for.
            if len(found) < count and len(room.events) == KEPT:
                self._load(name, count, before, answer, failed, asker=asker)
            else:
                answer(found[max(0, len(found) - count) :])

        if room.loading:
            room.waiting.append((tell, failed))
        else:
            tell()

    def _start_to_load(self, name: str) -> _Room:
        oldest = next(iter(self._rooms), None)
        if oldest is not None and len(self._rooms) >= MAX_ROOMS and not self._rooms[oldest].loading:
            self._size -= self._rooms.pop(oldest).size
        room = self._rooms[name] = _Room()
        # For everybody who waits, so that it goes on when the first of them has gone.
        self._load(
            name,
            KEPT,
            None,
            lambda events: self._loaded(room, events),
            lambda error: self._lost(name, error),
            asker=None,
        )
        return room

    def _loaded(self, room: _Room, events: Sequence[Event]) -> None:
        # The file may have been read before it was trimmed.
        loaded = [event for event in events if event.id > self._forgotten]
        newer, before = list(room.events), room.size
        room.events.clear()
        room.size = 0
        room.add([*marked(loaded, room.removals), *newer])
        room.removals.clear()
        self._size += room.size - before
        room.loading = False
        waiting, room.waiting = room.waiting, []
        for tell, _ in waiting:
            tell()
        if self._size > MAX_BYTES:
            self._shrink()

    def _lost(self, name: str, error: ChatError) -> None:
        room = self._rooms.pop(name)
        self._size -= room.size
        for _, failed in room.waiting:
            failed(error)
