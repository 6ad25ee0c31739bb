"""What a log promises.

A log stands in the middle of the way of a line: the room appends drafts of what should happen, and hears what has
happened. Nothing is shown to anyone before the log has handed it back. The promises are few, so that a log in
memory, in a file, or in an engine that several servers share can each keep them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from zope.interface import Attribute, Interface

from chatroom.log.turns import Asker
from chatroom.model.errors import ChatError
from chatroom.model.events import Draft, Event

NoAnswer = Callable[[ChatError], None]
"""Told why a question cannot be answered."""

Events = Callable[[Sequence[Event]], None]
"""Told the answer to a question, oldest first."""

Id = Callable[[int], None]
"""Told the answer to a question."""

Ids = Callable[[Sequence[int]], None]
"""Told the answer to a question, the lowest first."""


class Outcomes(Protocol):
    """Who is told what becomes of drafts: each call of ``append`` has one outcome, which names its token.

    Several calls may have the same token: then it is named as often.
    """

    def committed(self, events: Sequence[Event], tokens: Sequence[int]) -> None:
        """Take notice of events that are kept, oldest first.

        :param tokens: of the draft that each event was; 0 for one that is nobody's here.
        """

    def refused(self, token: int, error: ChatError) -> None:
        """Take notice that this request alone is not kept; it is told behind the rest of its batch."""

    def failed(self, tokens: Sequence[int], error: ChatError) -> None:
        """Take notice that the log can keep nothing for the moment, these among it; each append is named once.

        A log that finds that out by itself names none.
        """

    def mended(self) -> None:
        """Take notice that the log can keep things again, though nothing was kept since it failed."""

    def broken(self, error: ChatError) -> None:
        """Take notice that the log can keep nothing any more, nor will; no outcome follows."""


class ILog(Interface):
    """Orders and keeps events.

    *Order*: what is appended is handed back in the order of the appends, never within the call of ``append``.
    *Requests*: the drafts of one call of ``append`` are one request: all of them are kept, or none.
    *Once*: a draft with a ``ref`` whose member has an event with that ``ref`` in the log already is refused, with
    :class:`~chatroom.model.errors.AlreadyKept`. A log that forgets an event forgets its ``ref``.
    The drafts of one request may share theirs.
    *Ids* are above zero and grow with each event; there may be gaps. *Times* never go back: an event has the time of
    the one before it, or now, whichever is later.
    *Batches*: what is appended together is kept and handed back together, as far as that goes.
    *Kinds*: an event whose kind is not ``kept`` is put in order and handed back, and is in no answer. Its id is that of
    the last kept event before it. It is handed back even when the rest of its batch fails.
    *Rules*: drafts are held against the rules that hold where they are put in order (:mod:`chatroom.model.rules`), and
    a request that is against them is refused, with the :class:`~chatroom.model.errors.PeerError` that says why. What
    comes of a batch that fails changes no rule.
    *State*: of each room, kind and subject the last event is kept, however much is trimmed, unless it ``clears``; there
    is a bound for each kind, beyond which the oldest is forgotten, but of rules. Those of a room lapse as
    :class:`~chatroom.model.rules.Rules` has it.
    *Removals*: a draft of the kind :class:`~chatroom.model.events.Removal` has the log put marks in the place of the
    messages that it is about (:func:`~chatroom.model.events.mark_of`) where they are in its room and can be removed. It
    is a request of its own. It is refused with :class:`~chatroom.model.errors.NoSuchMessage` where none of them is
    there. The marks are in every answer to what is asked once ``committed`` was told of the removal; text that was
    asked for before may still come. Nothing that the log keeps has the text any more, or soon will not have it.
    *Questions* see all that ``committed`` was told before they were asked, and nothing that it was not. Each is
    answered once, by ``answer`` or by ``failed``, perhaps before the call returns; after ``drop`` of its asker, or
    ``stop``, not any more.
    *Turns*: askers are answered in turns, by the time that their questions take (:mod:`chatroom.log.turns`), and pay
    for it. A question without an asker is nobody's, and nobody pays for it.
    """

    identity: str = Attribute(
        "Names this history: lower-case letters and digits, made with it, changed when it is restored from a backup."
    )
    state: Sequence[Event] = Attribute("What holds, as of the start: the last event of each room, kind and subject.")
    last_committed: int = Attribute(
        "The id of the last event that ``committed`` was told, or of the last at the start; the state holds up to it."
    )
    forgotten: int = Attribute(
        "The id up to which events may have been trimmed; 0: none was. It is told before an answer lacks any of them."
    )

    def start(outcomes: Outcomes) -> None:
        """Begin; everything else comes after this."""

    def append(drafts: Sequence[Draft]) -> None:
        """Have the drafts of one request, which share a token, put in order and kept. Returns at once."""

    def is_full(times: float = 1.0) -> bool:
        """Whether so much was appended and is not delivered yet that no more should be taken in for now.

        :param times: for whom it may be so many times as much as for others.
        """

    def recent(
        room: str, count: int, before: int | None, answer: Events, failed: NoAnswer, *, asker: Asker | None = None
    ) -> None:
        """Ask for the last ``count`` events in ``room`` of kinds that are ``counted``.

        :param before: only those with an id below; None: all of them.
        """

    def recent_ids(
        room: str, count: int, before: int | None, answer: Ids, failed: NoAnswer, *, asker: Asker | None = None
    ) -> None:
        """Ask for the ids of the same events, for somebody who reads them page by page."""

    def with_ids(ids: Sequence[int], answer: Events, failed: NoAnswer, *, asker: Asker | None = None) -> None:
        """Ask for the events with these ids, as far as they are kept.

        :param ids: a page of them, the lowest first.
        """

    def since(
        rooms: frozenset[str], after: int, limit: int, answer: Events, failed: NoAnswer, *, asker: Asker | None = None
    ) -> None:
        """Ask for the first ``limit`` events of every kind in ``rooms`` with an id above ``after``."""

    def first_since(at: float, answer: Id, failed: NoAnswer, *, asker: Asker | None = None) -> None:
        """Ask for the id of the first event at or after ``at``; one above the last where there is none.

        :param at: seconds since 1970, UTC.
        """

    def last_before(at: float, answer: Id, failed: NoAnswer, *, asker: Asker | None = None) -> None:
        """Ask for the id of the last event before ``at``; 0 where there is none.

        It is the one before the answer of ``first_since``, but in a history that an older version has begun: there,
        times may have gone back.

        :param at: seconds since 1970, UTC.
        """

    def search(
        room: str, words: str, count: int, answer: Events, failed: NoAnswer, *, asker: Asker | None = None
    ) -> None:
        """Ask for the last ``count`` events in ``room``, of kinds that are ``searched``, that have all ``words``.

        What was committed a moment ago may be missing. A search that takes too long fails with
        :class:`~chatroom.model.errors.TakesTooLong`.
        """

    def drop(asker: Asker) -> None:
        """Give up all questions of ``asker``, who has gone."""

    def stop(done: Callable[[], None]) -> None:
        """Keep what was appended, hand it back, then call ``done``.

        Nothing is appended or asked from here on, and questions that wait are given up.
        """
