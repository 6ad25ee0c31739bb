"""How a batch becomes rows: put in order, refused or kept. All of it happens in the writer's thread.

Theory of operation. The writer goes through the requests of a batch in order. A request that repeats a ``ref`` is
refused, and has no part in what follows; so is one that the rules are against (:mod:`chatroom.model.rules`), which
every event of the batch before it may have changed. Each other draft of a kind that is kept gets the next id; a draft
of a kind that is not kept shares the id of the last event that is. A removal writes marks over the rows of the messages
that it is about, in the same transaction; one that is about no message is refused. All rows are inserted in one
transaction. Only its commit makes the ids count: after a failure they are given again, since nobody has seen them.

Statements are few, because Python's lock changes hands at each, and the writer would wait there for the reactor. So
many rows are inserted at a time, and the refs of a batch are looked up together.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from functools import cache, lru_cache
from typing import NamedTuple

from chatroom.log.batches import Batch
from chatroom.log.removing import Erased, about_these, not_there
from chatroom.log.rows import EVENT, as_json, events_of, place_of
from chatroom.log.schema import explain
from chatroom.log.state import forget_rules, write_state
from chatroom.model.errors import AlreadyKept, ChatError, NotKept
from chatroom.model.events import KINDS, Draft, Event, Nature, Removal, mark_of, may_be_removed, removed_ids
from chatroom.model.roles import SERVER
from chatroom.model.rules import Rules, first_refusal

NARROW = ("kind", "id", "at", "place", "member", "nickname", "text")
"""The columns that are filled for a batch of plain drafts."""

WIDE = (*NARROW, "about", "extras", "ref")
"""The columns that are filled where any draft of the batch has more."""

MAX_ROWS = 1024
"""Rows to a statement at most; SQLite takes 32766 values."""

KNOWN_PLACES = 10_000
"""Pairs of a room and a kind whose place is remembered."""

Ref = tuple[str, str]
"""A member, and the ``ref`` of one of their requests."""

Place = tuple[int, str, bool, bool]
"""Of events of one kind in one room: their ``place``, 0 when the kind is not kept; the kind; whether it is a state that
is kept; whether the rules are asked about each, whatever holds in the room.
"""


class Written(NamedTuple):
    """The outcomes of a batch."""

    events: Sequence[Event] = ()
    tokens: Sequence[int] = ()
    """Of the draft that each event was."""
    refused: Sequence[tuple[int, ChatError]] = ()
    """The token of each request that is refused, and why."""
    failed: Sequence[int] = ()
    """The tokens of the requests that could not be kept."""
    error: ChatError | None = None
    """Why they could not; None when all could."""
    erased: Sequence[Erased] = ()
    """The messages that were removed from the file."""


class Writer:
    """Writes one batch after the other."""

    def __init__(self, connection: sqlite3.Connection, last_id: int, state_limit: int, rules: Rules) -> None:
        """
        :param connection: used in the writer's thread alone, once that has begun.
        :param last_id: the id of the last event in the file.
        :param state_limit: rows of each kind in the state table.
        :param rules: what drafts are held against, which can undo.
        """
        self._connection = connection
        self._rules = rules
        self._last_id = last_id
        self._state_limit = state_limit
        self._places: dict[tuple[str, type[Event]], Place] = {}

    @property
    def last_id(self) -> int:
        """The id of the last event that was committed."""
        return self._last_id

    def write(self, batch: Batch) -> Written:
        """Keep ``batch``, as far as that goes."""
        try:
            return self._commit(batch)
        except sqlite3.Error as error:
            self._places.clear()
            self._rules.undo()
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            return self.fail(batch, NotKept(why=explain(error)))

    def _ids_of_refs(self, batch: Batch) -> dict[Ref, int]:
        """The id of the first event in the file with each ref that stands in ``batch``."""
        refs = [(draft.member, draft.ref) for drafts, _ in batch for draft in drafts if draft.ref]
        found: dict[Ref, int] = {}
        for start, end in _parts(len(refs)):
            values = [value for ref in refs[start:end] for value in ref]
            for member, ref, id_ in self._connection.execute(_look_up(end - start), values):
                found[member, ref] = id_
        return found

    def _commit(  # noqa: PLR0912, PLR0915 - one loop, which each draft goes through
        self, batch: Batch, known: dict[Ref, int] | None = None
    ) -> Written:
        """
        :param known: the ids of the refs in ``batch`` that are kept. It is left out until a draft turns up that has
            more than the narrow columns.
        """
        events: list[Event] = []
        tokens: list[int] = []
        refused: list[tuple[int, ChatError]] = []
        values: list[object] = []
        states: list[tuple[int, Event]] = []
        removals: list[tuple[Event, Sequence[int]]] = []
        removed: set[int] = set()
        places = self._places
        # Makes an event in a third of the time that its class takes.
        new = tuple.__new__
        id_ = self._last_id
        # Rooms whose rules have ended within the batch.
        lapsed: list[str] = []
        rules = self._rules
        judged = rules.judged
        noted = False
        for request, at in batch:
            drafts = request
            targets: Sequence[int] = ()
            if known and (original := _original(drafts, known)):
                refused.append((drafts[0].token, AlreadyKept(id=original)))
                continue
            # A request of one draft is judged below, without a call for each message.
            if drafts[1:] and (against := first_refusal(rules, drafts, at)) is not None:
                refused.append((drafts[0].token, against))
                continue
            if known is not None and drafts[0].kind is Removal:
                targets = self._targets(drafts[0], events, removed)
                if not targets:
                    refused.append((drafts[0].token, not_there(drafts[0])))
                    continue
                drafts = (about_these(drafts[0], targets),)
            for draft in drafts:
                kind, room, member, nickname, text, about, extras, ref, token, _ = draft
                if (about or ref or extras is not None) and known is None:
                    rules.undo()
                    return self._commit(batch, self._ids_of_refs(batch))
                place, name, is_state, is_watched = places.get((room, kind)) or self._place_of(room, kind)
                is_judged = is_watched or (judged and (room in judged or SERVER in judged))
                if is_judged and len(drafts) == 1 and (against := rules.refusal(draft, at)) is not None:
                    refused.append((token, against))
                    break
                if place:
                    id_ += 1
                    values += (name, id_, at, place, member, nickname, text)
                event = new(kind, (id_, at, room, member, nickname, text, about, extras, ref))
                events.append(event)
                tokens.append(token)
                if is_judged:
                    noted = True
                    rules.note(event)
                    if rules.lapsed:
                        states = [one for one in states if not (one[1].is_rule and one[1].room in rules.lapsed)]
                        lapsed += rules.lapsed
                        rules.lapsed.clear()
                if place and known is not None:
                    values += (about, as_json(extras), ref)
                    known.setdefault((member, ref), id_)
                if is_state:
                    states.append((place // 2, event))
            else:
                if targets:
                    removed.update(targets)
                    removals.append((events[-1], targets))
                    _mark(events, events[-1], targets, self._last_id)
        erased = self._insert(NARROW if known is None else WIDE, values, states, removals, lapsed)
        self._last_id = id_
        if noted:
            # It is kept, and is not undone any more.
            rules.begin()
        return Written(events, tokens, refused, erased=erased)

    def _targets(self, draft: Draft, events: Sequence[Event], removed: Collection[int]) -> Sequence[int]:
        """The ids of those messages that a removal is about which are there.

        :param events: those of the same batch before it.
        :param removed: the ids of messages that the batch has removed already.
        """
        wanted = [id_ for id_ in removed_ids(draft.about, draft.extras) if id_ not in removed]
        place = place_of(self._connection, draft.room, True)
        found = [
            event.id
            for event in events
            if event.id in wanted and event.room == draft.room and may_be_removed(type(event))
        ]
        for start, end in _parts(len(wanted)):
            rows = self._connection.execute(
                f"SELECT id, kind FROM event WHERE id IN ({','.join('?' * (end - start))}) AND place = ?",
                (*wanted[start:end], place),
            )
            found += [id_ for id_, name in rows if name in KINDS and may_be_removed(KINDS[name])]
        return sorted(found)

    def _insert(
        self,
        columns: tuple[str, ...],
        values: list[object],
        states: Sequence[tuple[int, Event]],
        removals: Sequence[tuple[Event, Sequence[int]]] = (),
        lapsed: Sequence[str] = (),
    ) -> Sequence[Erased]:
        """Insert the rows that ``values`` are of, and what holds after them, in one transaction.

        :param removals: each with the ids of the messages that it removes.
        :param lapsed: rooms whose earlier rules hold no more.
        :returns: those messages.
        """
        execute = self._connection.execute
        width = len(columns)
        kinds = values[::width]
        parts = _parts(len(kinds))
        # In most batches all events are of one kind. Then it stands in the statement, since SQLite makes a copy of each
        # text that it is handed beside that.
        kind = str(kinds[0]) if kinds and kinds.count(kinds[0]) == len(kinds) else ""
        if kind:
            del values[::width]
            width -= 1
        if states or removals or lapsed or len(parts) > 1:
            self._begin()
        for start, end in parts:
            execute(_insert(columns, end - start, kind), values[start * width : end * width])
        if lapsed:
            forget_rules(self._connection, lapsed)
        if states:
            write_state(self._connection, states, self._state_limit)
        if removals:
            return self._erase(removals)
        if self._connection.in_transaction:
            execute("COMMIT")
        return ()

    def _erase(self, removals: Sequence[tuple[Event, Sequence[int]]]) -> Sequence[Erased]:
        """Write marks over the rows of messages, and commit."""
        execute = self._connection.execute
        erased: list[Erased] = []
        # The places of the longer rows are written over with zeros.
        execute("PRAGMA secure_delete = ON")
        try:
            for removal, ids in removals:
                for id_ in ids:
                    row = execute(f"{EVENT} WHERE event.id = ?", (id_,))
                    (event,) = events_of(row)
                    (room_id,) = execute("SELECT place / 2 FROM event WHERE id = ?", (id_,)).fetchone()
                    erased.append(Erased(id_, room_id, event.text))
                    mark = mark_of(event, removal)
                    execute(
                        "UPDATE event SET kind = ?, text = ?, about = ?, extras = ? WHERE id = ?",
                        (mark.kind, mark.text, mark.about, as_json(mark.extras), id_),
                    )
            execute("UPDATE history SET removals = removals + ?", (len(erased),))
            execute("COMMIT")
        finally:
            execute("PRAGMA secure_delete = OFF")
        return erased

    def _begin(self) -> None:
        if not self._connection.in_transaction:
            self._connection.execute("BEGIN IMMEDIATE")

    def _place_of(self, room: str, kind: type[Event]) -> Place:
        """Where such an event stands, in a room that may be new."""
        if KINDS.get(kind.kind) is not kind:
            raise TypeError(f"{kind.__name__} is no kind of event that could be read back")
        if len(self._places) >= KNOWN_PLACES:
            self._places.clear()
        place = 0
        if kind.kept:
            self._begin()
            self._connection.execute("INSERT OR IGNORE INTO room (name) VALUES (?)", (room,))
            place = place_of(self._connection, room, kind.counted) or 0
        is_state, is_watched = kind.nature is Nature.STATE, kind.nature is not Nature.TALK
        found = self._places[room, kind] = place, kind.kind, kind.kept and is_state, is_watched
        return found

    def fail(self, batch: Batch, error: ChatError) -> Written:
        """The outcomes of a batch that cannot be kept: requests that need no keeping are handed back."""
        kept: dict[Ref, int] = {}
        # The file may be readable all the same.
        with suppress(sqlite3.Error):
            kept = self._ids_of_refs(batch)
        self._rules.begin()
        events: list[Event] = []
        tokens: list[int] = []
        refused: list[tuple[int, ChatError]] = []
        failed: list[int] = []
        for drafts, at in batch:
            token = drafts[0].token
            if original := _original(drafts, kept):
                refused.append((token, AlreadyKept(id=original)))
            elif any(draft.kind.kept for draft in drafts):
                failed.append(token)
            elif (against := first_refusal(self._rules, drafts, at)) is not None:
                refused.append((token, against))
            else:
                events += [draft.event(self._last_id, at) for draft in drafts]
                tokens += [token] * len(drafts)
                for event in events[-len(drafts) :]:
                    self._rules.note(event)
        return Written(events, tokens, refused, failed, error)


def _mark(events: list[Event], removal: Event, targets: Sequence[int], last_id: int) -> None:
    """Put marks in the place of messages that were said in the same batch as they are removed.

    :param last_id: the id of the last event before the batch.
    """
    if targets[-1] > last_id:
        for index, event in enumerate(events):
            if event.id in targets and event is not removal:
                events[index] = mark_of(event, removal)


def _original(drafts: Sequence[Draft], known: Mapping[Ref, int]) -> int:
    """The id of the event that one of ``drafts`` repeats; 0 when none does."""
    for draft in drafts:
        if draft.ref and draft.kind.kept and (id_ := known.get((draft.member, draft.ref))):
            return id_
    return 0


@lru_cache(MAX_ROWS)
def _parts(count: int) -> tuple[tuple[int, int], ...]:
    """The share of each statement in ``count`` rows: (begin, end) of each.

    Each has as many rows as a power of two, so that there are few statements and each is prepared once.
    """
    parts = [(start, start + MAX_ROWS) for start in range(0, count - MAX_ROWS + 1, MAX_ROWS)]
    start = len(parts) * MAX_ROWS
    for bit in reversed(range(MAX_ROWS.bit_length() - 1)):
        if count - start >= 1 << bit:
            parts.append((start, start + (1 << bit)))
            start += 1 << bit
    return tuple(parts)


@cache
def _insert(columns: tuple[str, ...], rows: int, kind: str) -> str:
    """The statement for so many rows.

    :param kind: of all of them; empty when each has its own.
    """
    values = ["?"] * len(columns)
    if kind:
        quoted = kind.replace("'", "''")
        values[0] = f"'{quoted}'"
    row = f"({','.join(values)})"
    return f"INSERT INTO event ({', '.join(columns)}) VALUES {','.join([row] * rows)}"


@cache
def _look_up(refs: int) -> str:
    # CROSS JOIN has SQLite go through the refs that are asked for, and not through all that there are.
    return (
        f"WITH asked (member, ref) AS (VALUES {','.join(['(?,?)'] * refs)})"
        " SELECT asked.member, asked.ref, min(event.id) FROM asked CROSS JOIN event"
        " ON event.member = asked.member AND event.ref = asked.ref AND event.ref <> '' GROUP BY 1, 2"
    )
