"""A log on disk: one SQLite file, written by one thread.

How it works. What is appended in one turn of the reactor, or while the writer is busy, is one batch. The writer
commits a batch in one transaction (group commit, write-ahead log, an fsync unless told otherwise) and hands it
back to the reactor; only one batch is on its way, so batches come back in order, and the next grows meanwhile.
Questions go to a reader of their own, which write-ahead logging never makes wait. A third thread, the keeper,
moves the write-ahead log into the file, where doing so keeps nobody waiting.

Ids are given as events are appended; those of a batch that could not be kept are not used again.
"""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Callable, Iterable
from contextlib import ExitStack, closing
from functools import cache
from time import perf_counter

from zope.interface import implementer

from chatroom.log.interface import Broken, Committed, Events, Failed, Id, ILog, NoAnswer
from chatroom.log.reading import EVENT, T, answer_from_thread, as_event, first_since, place_of, topics
from chatroom.log.recent import RecentTalk
from chatroom.log.schema import FileLock, connect, explain, open_log
from chatroom.log.search import SearchIndex
from chatroom.log.worker import Worker
from chatroom.model.errors import ChatError, HistoryBroken, NotKept
from chatroom.model.events import KIND_NAMES, KINDS, TALK, Event, EventType

ROW = "(?,?,?,?,?,?)"
COLUMNS = ROW.count("?")

MAX_ROWS = 1024
"""Rows to a statement at most; SQLite takes 32766 values."""

WORTH_GATHERING = 0.001
"""Seconds that it takes to show a batch, from which it is better to have fewer: about what it takes to commit one."""

PART_TO_GATHER = 0.25
"""Of the time that it took to show a batch: how long the next waits for more."""

LONGEST_GATHER = 0.002
"""Seconds."""

CHECKPOINT_AFTER = 2 * 1024 * 1024
"""Bytes in the write-ahead log, more or less, from which the keeper moves it into the file."""

BYTES_OF_A_COMMIT, BYTES_OF_AN_EVENT = 12 * 1024, 200
"""What a commit and an event take in the write-ahead log, more or less."""

TRIM_EVERY = 60
"""Seconds between two times of trimming; it begins with something that is appended."""

TRIMMED_AT_ONCE = 500
"""Events that trimming takes away in one step, between batches."""

_KNOWN_COLUMNS = 10_000


@cache
def _insert(rows: int) -> str:
    return "INSERT INTO event (id, at, place, kind, nickname, text) VALUES " + ",".join([ROW] * rows)


def _statements(count: int) -> list[int]:
    """How many rows each statement takes for ``count`` of them.

    Powers of two, so that there are few statements and each is prepared once. Few, because a row costs half in a
    statement with others, and because Python's lock changes hands at each: a row at a time, the writer would
    wait for the reactor at every row.
    """
    sizes = [MAX_ROWS] * (count // MAX_ROWS)
    return sizes + [1 << bit for bit in reversed(range(MAX_ROWS.bit_length() - 1)) if count & 1 << bit]


@implementer(ILog)
class SQLiteLog:
    """Keeps everything in the file ``path``."""

    def __init__(
        self,
        path: str,
        *,
        soon: Callable[[Callable[[], None]], object],
        later: Callable[[float, Callable[[], None]], object] | None = None,
        from_thread: Callable[[Callable[[], None]], object],
        now: Callable[[], float],
        durability: str = "power",
        keep_seconds: float = 0,
        keep_events: int = 0,
    ) -> None:
        """
        :param soon: calls a function in a later turn of the event loop.
        :param later: the same, after so many seconds; without it, that is ``soon``.
        :param from_thread: the same, and may be called from any thread.
        :param now: the time, in seconds since 1970, UTC.
        :param durability: ``power``: what was shown survives a power cut; ``process``: a crash of the program.
        :param keep_seconds: how old an event may become before it is trimmed; 0: as old as it likes.
        :param keep_events: how many may be kept; 0: all.
        :raises HistoryUnusable: the file cannot be used, and was left as it is.
        """
        self._path = path
        self._soon = soon
        self._later = later or (lambda seconds, call: soon(call))
        self._from_thread = from_thread
        self._now = now
        self._lock = FileLock(path)
        self._lock.take(path)
        with ExitStack() as undo:
            undo.callback(self._lock.release)
            self._writing = undo.enter_context(closing(open_log(path, durability)))
            self._reading = undo.enter_context(closing(connect(path, read_only=True)))
            self._keeping = undo.enter_context(closing(connect(path)))
            self._search = SearchIndex(path, from_thread)
            undo.pop_all()
        self._last_id: int = self._writing.execute("SELECT coalesce(max(id), 0) FROM event").fetchone()[0]
        self.last_committed = self._last_id
        self.topics = topics(self._reading)
        self._pending: list[Event] = []
        # Seconds that a batch waits for more.
        self._gather = 0.0
        self._scheduled = self._in_flight = self._checkpointing = self._dead = False
        self._uncheckpointed = CHECKPOINT_AFTER
        self._keep_seconds = keep_seconds
        self._keep_events = keep_events
        self._trim_at = 0.0
        self._done: Callable[[], None] | None = None
        self._columns: dict[tuple[str, type[Event]], tuple[int, str]] = {}
        self._recent = RecentTalk(self._load)
        self._writer = Worker("chatroom-writer", self._died)
        self._reader = Worker("chatroom-reader", self._died)
        self._keeper = Worker("chatroom-keeper", self._died)

    def start(self, committed: Committed, failed: Failed, broken: Broken) -> None:
        self._committed = committed
        self._failed = failed
        self._broken = broken
        for worker in (self._writer, self._reader, self._keeper):
            worker.start()
        self._search.start(self._died)
        self._search.catch_up(self.last_committed)

    # Appending, in the reactor's thread.

    def append(self, kind: EventType, room: str, nickname: str, text: str) -> None:
        if self._dead:
            return
        self._last_id += 1
        self._pending.append(kind(self._last_id, self._now(), room, nickname, text))
        if not self._scheduled:
            self._schedule()

    def _schedule(self) -> None:
        """Hand over what is pending in a moment, so that what comes with it goes with it.

        A batch is one write to everybody, however much is in it, and those who talk to each other all answer at
        once. So where many are to be written to, it waits for a part of the time that this took with the one before.
        """
        self._scheduled = True
        if self._gather:
            self._later(self._gather, self._scheduled_is_due)
        else:
            self._soon(self._scheduled_is_due)

    def _scheduled_is_due(self) -> None:
        self._scheduled = False
        self._hand_over()

    def _hand_over(self) -> None:
        if self._in_flight or not self._pending:
            return
        batch, self._pending = self._pending, []
        self._in_flight = True
        self._writer.submit(lambda: self._write(batch))

    def _written(self, batch: list[Event], error: ChatError | None) -> None:
        self._in_flight = False
        if not self._gather:
            # The writer works while this one is shown.
            self._hand_over()
        if error is None:
            self.last_committed = batch[-1].id
            self._recent.committed(batch)
            began = perf_counter()
            self._committed(batch)
            took = perf_counter() - began
            self._gather = min(LONGEST_GATHER, took * PART_TO_GATHER) if took > WORTH_GATHERING else 0.0
            self._search.catch_up(self.last_committed)
            self._trim_now_and_then()
        else:
            self._failed(
                [(KINDS[KIND_NAMES[type(event)]], event.room, event.nickname, event.text) for event in batch], error
            )
        if self._pending and not self._scheduled:
            self._schedule()
        self._end_if_done()

    # Committing, in the writer's thread.

    def _write(self, batch: list[Event]) -> None:
        try:
            self._commit(batch)
        except sqlite3.Error as error:
            self._columns.clear()
            if self._writing.in_transaction:
                self._writing.execute("ROLLBACK")
            failure = NotKept(why=explain(error))
            self._from_thread(lambda: self._written(batch, failure))
        else:
            self._from_thread(lambda: self._written(batch, None))
            self._keep_short(batch)

    def _commit(self, batch: list[Event]) -> None:
        values: list[object] = []
        for event in batch:
            id_, at, room, nickname, text = event
            column = self._columns.get((room, type(event))) or self._columns_of(room, type(event))
            values += (id_, at, *column, nickname, text)
        execute = self._writing.execute
        sizes = _statements(len(batch))
        if len(sizes) > 1:
            execute("BEGIN IMMEDIATE")
        start = 0
        for size in sizes:
            end = start + size * COLUMNS
            execute(_insert(size), values[start:end])
            start = end
        if len(sizes) > 1:
            execute("COMMIT")

    def _columns_of(self, room: str, kind: type[Event]) -> tuple[int, str]:
        """The place and the kind of such an event, for a room that may be new."""
        if len(self._columns) >= _KNOWN_COLUMNS:
            self._columns.clear()
        self._writing.execute("INSERT OR IGNORE INTO room (name) VALUES (?)", (room,))
        place = place_of(self._writing, room, issubclass(kind, TALK))
        assert place is not None
        found = self._columns[room, kind] = place, KIND_NAMES[kind]
        return found

    # The write-ahead log. ``_uncheckpointed`` is the writer's; the keeper only tells that it is through.

    def _keep_short(self, batch: list[Event]) -> None:
        self._uncheckpointed += BYTES_OF_A_COMMIT + BYTES_OF_AN_EVENT * len(batch)
        if self._uncheckpointed > CHECKPOINT_AFTER and not self._checkpointing:
            self._uncheckpointed = 0
            self._checkpointing = True
            self._keeper.submit(self._checkpoint)

    def _checkpoint(self) -> None:
        try:
            self._keeping.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        except sqlite3.Error:
            self._checkpointing = False  # The disk is full, most likely: the writer meets that too, and says so.
        else:
            self._writer.submit(self._finish_checkpoint)

    def _finish_checkpoint(self) -> None:
        # What was committed while the keeper was at it is little, and while the writer is at it there is no more:
        # then the next commit begins the write-ahead log anew, over blocks that the disk has already.
        try:
            self._writing.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        except sqlite3.Error:
            pass
        finally:
            self._checkpointing = False

    # Trimming: the keeper finds out up to where, the writer takes it away between batches.

    def _trim_now_and_then(self) -> None:
        now = self._now()
        if (self._keep_seconds or self._keep_events) and now >= self._trim_at:
            self._trim_at = now + TRIM_EVERY
            self._keeper.submit(lambda: self._find_what_to_trim(now))

    def _find_what_to_trim(self, now: float) -> None:
        bound = 0
        try:
            if self._keep_seconds:
                bound = first_since(self._keeping, now - self._keep_seconds)
            if self._keep_events:
                row = self._keeping.execute(
                    "SELECT id FROM event ORDER BY id DESC LIMIT 1 OFFSET ?", (self._keep_events - 1,)
                ).fetchone()
                bound = max(bound, row[0] if row else 0)
            # The last event stays, since the next id is counted from it.
            last = self._keeping.execute("SELECT max(id) FROM event").fetchone()[0]
        except sqlite3.Error:
            return
        bound = min(bound, last or 0)
        if bound:
            self._writer.submit(lambda: self._trim(bound))

    def _trim(self, bound: int) -> None:
        try:
            trimmed = self._writing.execute(
                "DELETE FROM event WHERE id IN (SELECT id FROM event WHERE id < ? ORDER BY id LIMIT ?)",
                (bound, TRIMMED_AT_ONCE),
            ).rowcount
        except sqlite3.Error:
            return  # It is tried again in a while.
        if trimmed:
            self._writer.submit(lambda: self._trim(bound))

    # Questions, asked in the reactor's thread and answered by the reader's.

    def recent(self, room: str, count: int, before: int | None, answer: Events, failed: NoAnswer) -> None:
        self._recent.ask(room, count, before, answer, failed)

    def _load(self, room: str, count: int, before: int | None, answer: Events, failed: NoAnswer) -> None:
        # The file may hold what the room has not been told of yet.
        bound = min(before or sys.maxsize, self.last_committed + 1)
        self._ask(lambda: self._select_recent(room, count, bound), answer, failed)

    def since(self, rooms: frozenset[str], after: int, limit: int, answer: Events, failed: NoAnswer) -> None:
        last = self.last_committed
        self._ask(lambda: self._select_since(rooms, after, last, limit), answer, failed)

    def first_since(self, at: float, answer: Id, failed: NoAnswer) -> None:
        end = self.last_committed + 1
        self._ask(lambda: min(first_since(self._reading, at), end), answer, failed)

    def search(self, room: str, words: str, count: int, answer: Events, failed: NoAnswer) -> None:
        self._search.ask(room, words, count, answer, failed)

    def _ask(self, question: Callable[[], T], answer: Callable[[T], None], failed: NoAnswer) -> None:
        self._reader.submit(lambda: answer_from_thread(self._from_thread, question, answer, failed))

    def _select_recent(self, room: str, count: int, bound: int) -> list[Event]:
        rows = self._reading.execute(
            f"{EVENT} WHERE place = ? AND event.id < ? ORDER BY event.id DESC LIMIT ?",
            (place_of(self._reading, room, True), bound, count),
        )
        return [as_event(row) for row in rows][::-1]

    def _select_since(self, rooms: Iterable[str], after: int, last: int, limit: int) -> list[Event]:
        places = [place_of(self._reading, room, talk) for room in rooms for talk in (False, True)]
        ids: list[int] = []
        for place in places:
            found = self._reading.execute(
                "SELECT id FROM event WHERE place = ? AND id > ? AND id <= ? ORDER BY id LIMIT ?",
                (place, after, last, limit),
            )
            ids += [row[0] for row in found]
        ids = sorted(ids)[:limit]
        if not ids:
            return []
        rows = self._reading.execute(
            f"{EVENT} WHERE place IN ({','.join('?' * len(places))}) AND event.id BETWEEN ? AND ? ORDER BY event.id",
            (*places, ids[0], ids[-1]),
        )
        return [as_event(row) for row in rows]

    # The end.

    def stop(self, done: Callable[[], None]) -> None:
        self._done = done
        self._hand_over()
        self._end_if_done()

    def _end_if_done(self) -> None:
        if self._done is None or self._in_flight or self._pending:
            return
        done, self._done = self._done, None
        # The writer last: what the others do may come to it.
        for worker in (self._keeper, self._reader, self._writer):
            worker.stop()
            worker.join()
        self._search.stop()
        for connection in (self._reading, self._keeping, self._writing):
            connection.close()
        self._lock.release()
        done()

    def _died(self, error: BaseException) -> None:
        failure = HistoryBroken(path=self._path, why=str(error) or type(error).__name__)
        self._from_thread(lambda: self._end(failure))

    def _end(self, failure: ChatError) -> None:
        # Nothing comes back any more of what is on its way.
        self._dead = True
        self._pending.clear()
        self._in_flight = False
        self._broken(failure)
        self._end_if_done()
