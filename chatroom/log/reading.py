"""How events are read from the file of a log on disk, for all who do."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any, TypeVar

from chatroom.log.interface import NoAnswer
from chatroom.log.schema import explain
from chatroom.model.errors import ChatError, NoHistory
from chatroom.model.events import KINDS, Event

T = TypeVar("T")
"""What a question asks for."""

EVENT = "SELECT event.id, at, room.name, nickname, text, kind FROM event JOIN room ON room.id = place / 2"
"""Begins a question whose rows :func:`as_event` reads."""


def answer_from_thread(
    from_thread: Callable[[Callable[[], None]], object],
    question: Callable[[], T],
    answer: Callable[[T], None],
    failed: NoAnswer,
) -> None:
    """Ask ``question`` here and now, and have its answer told in the event loop."""
    try:
        found = question()
    except ChatError as error:
        refusal = error
        from_thread(lambda: failed(refusal))
    except sqlite3.Error as error:
        failure = NoHistory(why=explain(error))
        from_thread(lambda: failed(failure))
    else:
        from_thread(lambda: answer(found))


def as_event(row: tuple[Any, ...]) -> Event:
    """A row of :data:`EVENT`."""
    return KINDS[row[5]](*row[:5])


def place_of(connection: sqlite3.Connection, room: str, talk: bool) -> int | None:
    """The ``place`` of talk, or of the rest, in ``room``; None when nothing ever happened there."""
    found = connection.execute("SELECT id FROM room WHERE name = ?", (room,)).fetchone()
    return found[0] * 2 + talk if found else None


def topics(connection: sqlite3.Connection) -> list[Event]:
    """The last change of each room's topic."""
    rows = connection.execute(
        f"{EVENT} WHERE event.id IN (SELECT max(id) FROM event WHERE kind = 'topic' GROUP BY place)"
    )
    return [as_event(row) for row in rows]


def first_since(connection: sqlite3.Connection, at: float) -> int:
    """The id of the first event at or after ``at``; ids and times grow together, so it is found by halving."""
    low, high = connection.execute("SELECT coalesce(min(id), 1), coalesce(max(id), 0) + 1 FROM event").fetchone()
    while low < high:
        middle = (low + high) // 2
        found = connection.execute("SELECT id, at FROM event WHERE id >= ? ORDER BY id LIMIT 1", (middle,)).fetchone()
        if found is not None and found[1] < at:
            low = int(found[0]) + 1
        else:
            high = middle
    return int(low)
