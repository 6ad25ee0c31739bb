"""What a log promises.

A log stands in the middle of the way of a line: the room appends what should happen, and hears what has
happened. Nothing is shown to anyone before the log has handed it back. The promises are few, so that a log in
memory, in a file, or in an engine that several servers share can each keep them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from zope.interface import Attribute, Interface

from chatroom.model.errors import ChatError
from chatroom.model.events import Event, EventType

Committed = Callable[[Sequence[Event]], None]
"""Told a batch of events, oldest first, once they are kept."""

Failed = Callable[[Sequence[tuple[EventType, str, str, str]], ChatError], None]
"""Told the (type, room, nickname, text) of each event that could not be kept, and why."""

Broken = Callable[[ChatError], None]
"""Told that the log can keep nothing any more, nor will."""

NoAnswer = Callable[[ChatError], None]
"""Told why a question cannot be answered."""

Events = Callable[[Sequence[Event]], None]
"""Told the answer to a question, oldest first."""

Id = Callable[[int], None]
"""Told the answer to a question."""


class ILog(Interface):
    """Orders and keeps events.

    *Order*: what is appended is handed to ``committed`` (or to ``failed``) in the order of the appends, each
    once, never within the call of ``append``.
    *Ids* are above zero and grow with each event; there may be gaps.
    *Batches*: what is appended together is kept and handed back together, as far as that goes.
    *Questions* see all that ``committed`` was told before they were asked, and nothing that it was not. Each is
    answered once, by ``answer`` or by ``failed``, perhaps before the call returns.
    """

    topics: Sequence[Event] = Attribute("The last TopicChanged of each room that has had one, as of the start.")
    last_committed: int = Attribute("The id of the last event that ``committed`` was told, or that was there at start.")

    def start(committed: Committed, failed: Failed, broken: Broken) -> None:
        """Begin; everything else comes after this."""

    def append(kind: EventType, room: str, nickname: str, text: str) -> None:
        """Have an event of this kind ordered and kept. Returns at once; its time is now."""

    def recent(room: str, count: int, before: int | None, answer: Events, failed: NoAnswer) -> None:
        """Ask for the last ``count`` events of talk in ``room`` with an id below ``before`` (None: all of them)."""

    def since(rooms: frozenset[str], after: int, limit: int, answer: Events, failed: NoAnswer) -> None:
        """Ask for the first ``limit`` events of every kind in ``rooms`` with an id above ``after``."""

    def first_since(at: float, answer: Id, failed: NoAnswer) -> None:
        """Ask for the id of the first event at or after ``at``; one above the last where there is none.

        :param at: seconds since 1970, UTC.
        """

    def search(room: str, words: str, count: int, answer: Events, failed: NoAnswer) -> None:
        """Ask for the last ``count`` events of talk in ``room`` that have all ``words`` in their text.

        What was committed a moment ago may be missing.
        """

    def stop(done: Callable[[], None]) -> None:
        """Keep what was appended, hand it back, then call ``done``. Nothing is appended from here on."""
