"""Questions to the file of a log on disk: asked in the reactor's thread, answered in the reader's.

The reader has a connection of its own, which write-ahead logging never makes wait for the writer. The file may hold
events that nobody was told of yet, so each question has the id of the last that was. The reader answers its askers in
turns (:mod:`chatroom.log.turns`).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import islice
from typing import TypeVar

from chatroom.log.interface import Events, Id, Ids, NoAnswer
from chatroom.log.rows import EVENT, events_of, first_since, last_before, place_of
from chatroom.log.schema import explain
from chatroom.log.turns import Asker, ThreadTurns, Work
from chatroom.model.errors import NoHistory, TakesTooLong
from chatroom.model.events import Event

T = TypeVar("T")
"""The answer to a question."""

STEPS_BETWEEN_LOOKS = 10_000
"""Steps of SQLite's virtual machine, about a millisecond, between two looks whether a question was given up."""


@contextmanager
def reading_errors(given_up: Callable[[], bool]) -> Iterator[None]:
    """Turn errors of SQLite into those that an asker is told."""
    try:
        yield
    except sqlite3.Error as error:
        if given_up():
            raise TakesTooLong() from error
        raise NoHistory(why=explain(error)) from error


def stop_when_given_up(connection: sqlite3.Connection, given_up: Callable[[], bool]) -> None:
    """Have each statement on ``connection`` end with an error once it is ``given_up``."""
    connection.set_progress_handler(given_up, STEPS_BETWEEN_LOOKS)


class Questions:
    """Answers as :class:`~chatroom.log.interface.ILog` promises, up to the event ``last`` of each question."""

    def __init__(self, turns: ThreadTurns, reading: sqlite3.Connection) -> None:
        """:param reading: the connection that is used in the thread of ``turns``."""
        self._turns = turns
        self._reading = reading
        stop_when_given_up(reading, turns.given_up)

    def recent(
        self,
        room: str,
        count: int,
        before: int | None,
        answer: Events,
        failed: NoAnswer,
        *,
        asker: Asker | None,
        last: int,
    ) -> None:
        end = last + 1 if before is None else min(before, last + 1)
        self._ask(lambda: self._select_recent(room, count, end), answer, failed, asker=asker)

    def recent_ids(
        self,
        room: str,
        count: int,
        before: int | None,
        answer: Ids,
        failed: NoAnswer,
        *,
        asker: Asker | None,
        last: int,
    ) -> None:
        end = last + 1 if before is None else min(before, last + 1)
        self._ask(lambda: self._select_recent_ids(room, count, end), answer, failed, asker=asker)

    def with_ids(self, ids: Sequence[int], answer: Events, failed: NoAnswer, *, asker: Asker | None, last: int) -> None:
        self._ask(lambda: self._select_events([id_ for id_ in ids if id_ <= last]), answer, failed, asker=asker)

    def since(
        self,
        rooms: Iterable[str],
        after: int,
        limit: int,
        answer: Events,
        failed: NoAnswer,
        *,
        asker: Asker | None,
        last: int,
    ) -> None:
        self._ask(lambda: self._select_since(rooms, after, last, limit), answer, failed, asker=asker)

    def first_since(self, at: float, answer: Id, failed: NoAnswer, *, asker: Asker | None, last: int) -> None:
        self._ask(lambda: min(first_since(self._reading, at), last + 1), answer, failed, asker=asker)

    def last_before(self, at: float, answer: Id, failed: NoAnswer, *, asker: Asker | None, last: int) -> None:
        # Times have gone on growing since the start, so events that nobody was told of are the last ones.
        self._ask(lambda: min(last_before(self._reading, at), last), answer, failed, asker=asker)

    def _ask(
        self, question: Callable[[], T], answer: Callable[[T], None], failed: NoAnswer, *, asker: Asker | None
    ) -> None:
        self._turns.add(asker, self._answer(question), answer, failed)

    def _answer(self, question: Callable[[], T]) -> Work[T]:
        """Answer a question to which an index leads, which is one piece."""
        with reading_errors(self._turns.given_up):
            return question()
        yield

    def _select_recent(self, room: str, count: int, end: int) -> list[Event]:
        place = place_of(self._reading, room, True)
        # No LIMIT, since rows of an unknown kind do not count: the cursor is read only as far as needed.
        with closing(
            self._reading.execute(f"{EVENT} WHERE place = ? AND event.id < ? ORDER BY event.id DESC", (place, end))
        ) as rows:
            return list(islice(events_of(rows), count))[::-1]

    def _select_recent_ids(self, room: str, count: int, end: int) -> list[int]:
        found = self._reading.execute(
            "SELECT id FROM event WHERE place = ? AND id < ? ORDER BY id DESC LIMIT ?",
            (place_of(self._reading, room, True), end, count),
        )
        return [row[0] for row in found][::-1]

    def _select_events(self, ids: Sequence[int]) -> list[Event]:
        found = self._reading.execute(
            f"{EVENT} WHERE event.id IN ({','.join('?' * len(ids))}) ORDER BY event.id", tuple(ids)
        )
        return list(events_of(found))

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
