"""The last talk of each busy room, in memory, so that entering one asks nothing of a disk."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Sequence

from chatroom.log.interface import Events, NoAnswer
from chatroom.model.errors import ChatError
from chatroom.model.events import TALK, Event

KEPT = 100
"""Events of talk that are kept for each room."""
MAX_ROOMS = 1000
"""Rooms that they are kept for: those that were asked for last."""

Load = Callable[[str, int, "int | None", Events, NoAnswer], None]


class _Room:
    """The end of one room's talk; while it is loaded, those who wait for it."""

    __slots__ = ("events", "loading", "waiting")

    def __init__(self) -> None:
        self.events: deque[Event] = deque(maxlen=KEPT)
        self.loading = True
        self.waiting: list[tuple[Callable[[], None], NoAnswer]] = []


class RecentTalk:
    """Answers what it can from memory and loads the rest."""

    def __init__(self, load: Load) -> None:
        """:param load: asks the log itself; it takes what :meth:`ask` does."""
        self._load = load
        self._rooms: OrderedDict[str, _Room] = OrderedDict()

    def committed(self, batch: Iterable[Event]) -> None:
        """Take notice of what was kept."""
        rooms = self._rooms
        for event in batch:
            room = rooms.get(event.room)
            if room is not None and isinstance(event, TALK):
                room.events.append(event)

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
        # Before them what was asked for, behind them what was kept in the meantime.
        room.events = deque([*events, *room.events], maxlen=KEPT)
        room.loading = False
        waiting, room.waiting = room.waiting, []
        for tell, _ in waiting:
            tell()

    def _lost(self, name: str, error: ChatError) -> None:
        for _, failed in self._rooms.pop(name).waiting:
            failed(error)
