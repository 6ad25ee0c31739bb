"""Questions to the file of a log on disk: asked in the reactor's thread, answered by the reader's.

The reader has a connection of its own, which write-ahead logging never makes wait for the writer. The file may hold
events that nobody was told of yet, so each question has the id of the last that was.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing
from itertools import islice
from typing import TypeVar

from chatroom.log.interface import Events, Id, NoAnswer
from chatroom.log.rows import EVENT, events_of, first_since, place_of
from chatroom.log.schema import explain
from chatroom.log.worker import Worker
from chatroom.model.errors import ChatError, NoHistory
from chatroom.model.events import Event

T = TypeVar("T")
"""The answer to a question."""

FromThread = Callable[[Callable[[], None]], object]
"""Calls a function in a later turn of the event loop; may be called from any thread."""


def answer_from_thread(
    from_thread: FromThread, question: Callable[[], T], answer: Callable[[T], None], failed: NoAnswer
) -> None:
    """Answer ``question`` in this thread, and tell the answer in the event loop."""
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


class Questions:
    """Answers as :class:`~chatroom.log.interface.ILog` promises, up to the event ``last`` of each question."""

    def __init__(self, reader: Worker, reading: sqlite3.Connection, from_thread: FromThread) -> None:
        """:param reading: the connection that is used in the thread of ``reader``."""
        self._reader = reader
        self._reading = reading
        self._from_thread = from_thread

    def recent(self, room: str, count: int, before: int | None, answer: Events, failed: NoAnswer, *, last: int) -> None:
        end = last + 1 if before is None else min(before, last + 1)
        self._ask(lambda: self._select_recent(room, count, end), answer, failed)

    def since(
        self, rooms: Iterable[str], after: int, limit: int, answer: Events, failed: NoAnswer, *, last: int
    ) -> None:
        self._ask(lambda: self._select_since(rooms, after, last, limit), answer, failed)

    def first_since(self, at: float, answer: Id, failed: NoAnswer, *, last: int) -> None:
        self._ask(lambda: min(first_since(self._reading, at), last + 1), answer, failed)

    def _ask(self, question: Callable[[], T], answer: Callable[[T], None], failed: NoAnswer) -> None:
        self._reader.submit(lambda: answer_from_thread(self._from_thread, question, answer, failed))

    def _select_recent(self, room: str, count: int, end: int) -> list[Event]:
        place = place_of(self._reading, room, True)
        # No LIMIT, since rows of an unknown kind do not count: the cursor is read only as far as needed.
        with closing(
            self._reading.execute(f"{EVENT} WHERE place = ? AND event.id < ? ORDER BY event.id DESC", (place, end))
        ) as rows:
            return list(islice(events_of(rows), count))[::-1]

    def _select_since(self, rooms: Iterable[str], after: int, last: int, limit: int) -> list[Event]:
        places = [place_of(self._reading, room, counted) for room in rooms for counted in (False, True)]
        found: list[Event] = []
        # One turn, unless there are rows of an unknown kind, which do not count.
        while (wanted := limit - len(found)) > 0:
            ids = self._ids_since(places, after, last, wanted)
            if ids:
                rows = self._reading.execute(
                    f"{EVENT} WHERE place IN ({','.join('?' * len(places))}) AND event.id BETWEEN ? AND ?"
                    " ORDER BY event.id",
                    (*places, ids[0], ids[-1]),
                )
                found += events_of(rows)
                after = ids[-1]
            if len(ids) < wanted:
                break
        return found

    def _ids_since(self, places: Iterable[int | None], after: int, last: int, limit: int) -> list[int]:
        """The first ``limit`` ids in ``places``, behind ``after``, up to ``last``."""
        ids: list[int] = []
        for place in places:
            found = self._reading.execute(
                "SELECT id FROM event WHERE place = ? AND id > ? AND id <= ? ORDER BY id LIMIT ?",
                (place, after, last, limit),
            )
            ids += [row[0] for row in found]
        return sorted(ids)[:limit]
