"""The last counted events of each busy room, in memory, so that entering a room asks nothing of a disk.

All of it happens in the reactor's thread. A room is loaded from the file when it is first asked for, and from then on
gets what is committed; events that are committed while it is loaded stand behind what comes from the file.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Sequence

from chatroom.log.interface import Events, NoAnswer
from chatroom.model.errors import ChatError
from chatroom.model.events import Event

KEPT = 100
"""Events that are kept for each room."""
MAX_ROOMS = 1000
"""Rooms that they are kept for: those that were asked for last."""

Load = Callable[[str, int, "int | None", Events, NoAnswer], None]


class _Room:
    """The last counted events of one room; while they are loaded, those who wait for them."""

    __slots__ = ("events", "loading", "waiting")

    def __init__(self) -> None:
        self.events: deque[Event] = deque(maxlen=KEPT)
        self.loading = True
        self.waiting: list[tuple[Callable[[], None], NoAnswer]] = []


class RecentEvents:
    """Answers from memory where it can, and loads the rest."""

    def __init__(self, load: Load) -> None:
        """:param load: asks the file; it takes the arguments of :meth:`ask`."""
        self._load = load
        self._rooms: OrderedDict[str, _Room] = OrderedDict()
        self._forgotten = 0

    def committed(self, events: Iterable[Event]) -> None:
        """Take notice of events that were handed back."""
        rooms = self._rooms
        for event in events:
            room = rooms.get(event.room)
            if room is not None and event.counted and event.kept:
                room.events.append(event)

    def forget(self, last: int) -> None:
        """Let go of the events up to the id ``last``, which are trimmed from the file."""
        self._forgotten = last
        for room in self._rooms.values():
            while room.events and room.events[0].id <= last:
                room.events.popleft()

    def ask(self, name: str, count: int, before: int | None, answer: Events, failed: NoAnswer) -> None:
        """Answer as :meth:`~chatroom.log.interface.ILog.recent` does."""
        room = self._rooms.get(name) or self._start_to_load(name)
        self._rooms.move_to_end(name)

        def tell() -> None:
            found = [event for event in room.events if before is None or event.id < before]
            # A full deque may have let go of some that are asked for.
            if len(found) < count and len(room.events) == KEPT:
                self._load(name, count, before, answer, failed)
            else:
                answer(found[max(0, len(found) - count) :])

        if room.loading:
            room.waiting.append((tell, failed))
        else:
            tell()

    def _start_to_load(self, name: str) -> _Room:
        oldest = next(iter(self._rooms), None)
        if oldest is not None and len(self._rooms) >= MAX_ROOMS and not self._rooms[oldest].loading:
            del self._rooms[oldest]
        room = self._rooms[name] = _Room()
        self._load(name, KEPT, None, lambda events: self._loaded(room, events), lambda error: self._lost(name, error))
        return room

    def _loaded(self, room: _Room, events: Sequence[Event]) -> None:
        # The file may have been read before it was trimmed.
        loaded = [event for event in events if event.id > self._forgotten]
        room.events = deque([*loaded, *room.events], maxlen=KEPT)
        room.loading = False
        waiting, room.waiting = room.waiting, []
        for tell, _ in waiting:
            tell()

    def _lost(self, name: str, error: ChatError) -> None:
        for _, failed in self._rooms.pop(name).waiting:
            failed(error)
