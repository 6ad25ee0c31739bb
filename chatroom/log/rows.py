"""Rows of the file of a log on disk: the columns, the events that they hold, and how to find some of them.

A file may hold kinds of event that this program does not know, from a newer one. Such rows are passed over: they are
in no answer, and the questions go on behind them.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from chatroom.model.events import KINDS, Event

COLUMNS = (
    "event.id, event.at, room.name, event.member, event.nickname, event.text, event.about, event.extras, event.ref,"
    " event.kind"
)
"""The columns of an event that :func:`events_of` reads."""

EVENT = f"SELECT {COLUMNS} FROM event JOIN room ON room.id = place / 2"
"""Begins a question whose rows :func:`events_of` reads."""


def events_of(rows: Iterable[tuple[Any, ...]]) -> Iterator[Event]:
    """The events that rows of :data:`COLUMNS` hold, without those of an unknown kind."""
    for id_, at, room, member, nickname, text, about, extras, ref, name in rows:
        kind = KINDS.get(name)
        if kind is not None:
            yield kind(id_, at, room, member, nickname, text, about, extras and json.loads(extras), ref)


def as_json(extras: Mapping[str, Any] | None) -> str | None:
    """``extras`` as they stand in a row."""
    return None if extras is None else json.dumps(extras, separators=(",", ":"))


def place_of(connection: sqlite3.Connection, room: str, counted: bool) -> int | None:
    """The ``place`` of counted events, or of the rest, in ``room``; None when nothing ever happened there."""
    found = connection.execute("SELECT id FROM room WHERE name = ?", (room,)).fetchone()
    return found[0] * 2 + counted if found else None


def first_since(connection: sqlite3.Connection, at: float) -> int:
    """The id of the first event at or after ``at``; one above the last where there is none."""
    end = 1
    for first, end in _runs(connection):
        if (found := _halve(connection, first, end, at)) < end:
            since: int = connection.execute("SELECT min(id) FROM event WHERE id >= ?", (found,)).fetchone()[0]
            return since
    return end


def last_before(connection: sqlite3.Connection, at: float) -> int:
    """The id of the last event before ``at``; 0 where there is none."""
    for first, end in reversed(_runs(connection)):
        if (found := _halve(connection, first, end, at)) > first:
            before: int = connection.execute("SELECT max(id) FROM event WHERE id < ?", (found,)).fetchone()[0]
            return before
    return 0


def _runs(connection: sqlite3.Connection) -> list[tuple[int, int]]:
    """The runs of events in which ids and times grow together, oldest first: its first id, and one above its last.

    There is one, unless an older version has written times that go back because the clock was set back.
    """
    execute = connection.execute
    first, last = execute("SELECT min(id), max(id) FROM event").fetchone()
    if first is None:
        return []
    starts = [first, *(id_ for (id_,) in execute("SELECT id FROM went_back WHERE id > ? ORDER BY id", (first,)))]
    ends = [execute("SELECT max(id) + 1 FROM event WHERE id < ?", (start,)).fetchone()[0] for start in starts[1:]]
    return list(zip(starts, [*ends, last + 1], strict=True))


def _halve(connection: sqlite3.Connection, low: int, high: int, at: float) -> int:
    """The id of the first event at or after ``at`` from ``low`` on, in one run; ``high``, its end, where none is."""
    while low < high:
        middle = (low + high) // 2
        found = connection.execute("SELECT id, at FROM event WHERE id >= ? ORDER BY id LIMIT 1", (middle,)).fetchone()
        if found is not None and found[1] < at:
            low = int(found[0]) + 1
        else:
            high = middle
    return low
