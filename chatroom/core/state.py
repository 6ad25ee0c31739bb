"""What each room is about: kept for rooms with nobody in them, too, since they may be entered again. No I/O."""

from __future__ import annotations

from collections.abc import Iterable

from chatroom.model.events import Event


class Topics:
    """The last change of each room's topic; at most ``limit``, since anybody may make a room."""

    def __init__(self, limit: int, changes: Iterable[Event]) -> None:
        """:param changes: those of before, oldest first."""
        self._limit = limit
        self._changes: dict[str, Event] = {}
        for event in changes:
            self.note(event)

    def note(self, event: Event) -> None:
        """Somebody has set a topic, or taken it away."""
        self._changes.pop(event.room, None)
        if event.text:
            self._changes[event.room] = event
            if len(self._changes) > self._limit:
                del self._changes[next(iter(self._changes))]

    def of(self, room: str) -> Event | None:
        """The change that set the topic of ``room``; None when it has none."""
        return self._changes.get(room)
