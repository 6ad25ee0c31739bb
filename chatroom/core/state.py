"""What holds in each room, folded from events: the last of each room, kind and subject. No I/O.

It is kept for rooms with nobody in them, too, since these may be entered again.
"""

from __future__ import annotations

from collections.abc import Iterable

from chatroom.model.events import Event


class State:
    """The last event of each room, kind and subject; at most ``limit`` of each kind, since anybody may make a room."""

    def __init__(self, limit: int, events: Iterable[Event]) -> None:
        """:param events: those of before, oldest first."""
        self._limit = limit
        self._events: dict[type[Event], dict[tuple[str, str], Event]] = {}
        for event in events:
            self.note(event)

    def note(self, event: Event) -> None:
        """Take notice of an event whose nature is a state."""
        events = self._events.setdefault(type(event), {})
        key = event.room, event.subject
        events.pop(key, None)
        if not event.clears:
            events[key] = event
            if len(events) > self._limit:
                del events[next(iter(events))]

    def of(self, room: str, kind: type[Event], subject: str = "") -> Event | None:
        """The event that holds for ``subject`` in ``room``; None when nothing does."""
        return self._events.get(kind, {}).get((room, subject))
