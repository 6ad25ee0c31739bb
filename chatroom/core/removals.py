"""The messages that were removed lately, and requests to remove some. No I/O, no clock."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chatroom.core.members import Member
from chatroom.core.requests import Asker, Request
from chatroom.model.events import Event, Removal, marked

REMEMBERED = 20_000
"""Messages that were removed lately, and may still be on their way to somebody, page by page."""


class RemovalRequest(Request):
    """A request to remove messages of one room."""

    __slots__ = ("audited",)

    def __init__(
        self, member: Member, room: str, reason: str, asker: Asker | None, *, audited: str = "", **own: Any
    ) -> None:
        """
        :param audited: what the audit log calls it; empty where it takes no right.
        :param own: ``ref``, ``own_form`` and ``context`` of the request.
        """
        super().__init__(member, Removal, (room,), reason, asker, **own)
        self.audited = audited


class Removals:
    """The messages that were removed lately: a page that was read before may still have their text."""

    def __init__(self) -> None:
        # What has removed each, by the id of the message; in the order of the removals.
        self._by_id: dict[int, Event] = {}

    def note(self, removal: Removal) -> None:
        """Take notice of a removal that is kept."""
        self._by_id.update(dict.fromkeys(removal.ids, removal))
        for id_ in list(self._by_id)[: max(0, len(self._by_id) - REMEMBERED)]:
            del self._by_id[id_]

    def current(self, events: Sequence[Event]) -> Sequence[Event]:
        """``events`` as they are now: with marks in the place of those that were removed."""
        return marked(events, self._by_id)

    def current_event(self, event: Event) -> Event:
        """The same for one of them."""
        return marked((event,), self._by_id)[0] if event.id in self._by_id else event
