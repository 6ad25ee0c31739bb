"""Formats: ways for events and answers to look, in bytes.

A format turns an event or an answer into whole lines, once for everybody who shares it; delivery writes these. It knows
nothing of who is listening. :mod:`chatroom.wire.plain` is the format for people, :mod:`chatroom.wire.jsonlines` the one
for programs. A door with a protocol of its own brings its own format.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

from chatroom.model.answers import Answer
from chatroom.model.events import Event

NEWLINE = "\r\n"


class Format(ABC):
    """One way for events and answers to look."""

    name: ClassVar[str]
    """Its name in the handshake."""
    for_people: ClassVar[bool] = False
    """Whether people read it as it is, and so can be asked for things that a program might take no notice of."""
    marks_elsewhere: ClassVar[bool]
    """Whether events look different in rooms that the person does not speak in."""
    once_for_all_rooms: ClassVar[bool]
    """Whether people who share several rooms with the author of an event are shown it once, if its kind is ``once``."""

    @abstractmethod
    def event(self, event: Event, elsewhere: bool) -> bytes:
        """Whole lines for ``event``; empty when the format does not show its kind.

        :param elsewhere: whether the event is in another room than the one that the person speaks in.
        """

    def events(self, events: Sequence[Event], elsewhere: bool) -> bytes:
        """Whole lines for all of ``events``, as :meth:`event` has them for each."""
        return b"".join([self.event(event, elsewhere) for event in events])

    @abstractmethod
    def past_event(self, event: Event, elsewhere: bool, day: str, ref: str = "") -> bytes:
        """Whole lines for an event of the past.

        :param day: the date of the line before it; empty for none.
        :param ref: the id that the person gave to the request that the event came of; empty for none.
        """

    @abstractmethod
    def answer(self, answer: Answer, ref: str = "") -> bytes:
        """Whole lines for ``answer``.

        :param ref: the id that the person gave to the request that it answers; empty for none.
        """

    def event_with_ref(self, event: Event, ref: str, elsewhere: bool) -> bytes:
        """Whole lines for an event as its author alone is shown it. A format without refs shows everybody the same."""
        return self.event(event, elsewhere)


def day_of(at: float) -> str:
    """The local date: ``2026-11-22``.

    :param at: seconds since 1970, UTC.
    """
    return datetime.fromtimestamp(at).date().isoformat()
