"""The index of words beside a log on disk, in a file of its own.

The index is SQLite's FTS5 without the text, which the log has. It is given words in the form in which they are compared
(:mod:`chatroom.model.words`), with spaces between them, so its own tokenizer parts them at the spaces and changes
nothing. The index may be deleted at any time: it is made again from the log.

Theory of operation. The index follows behind the log, so that no commit waits for it. The reactor's thread sets the
*target*, the id up to which events may be indexed, and starts a *run* unless there is one. A run belongs to the
indexer's thread: it indexes step by step, with a rest behind each, until a step finds nothing to do; then the reactor's
thread is told, and starts another if the target has moved. So only the reactor's thread decides whether there is a
run, and there is never more than one. A search waits for one more step, for which it ends a rest, and is then answered
in the searcher's thread.

A search is done in pieces, from the newest events to the oldest (:mod:`chatroom.log.turns`). The index cannot be
stopped in the middle of a question, and a question that nothing matches goes through the whole list of each word. So
it has a *block* beside the room of each event, a word like ``r7b12``, which stands for :data:`BLOCK` ids. A piece asks
for one block and ends with it. Blocks in which the room has no event are passed over.

The words of a message that was removed are found no more at once, since its row in the log says what it is. They are
deleted from the index with the text that it had, and that only marks them. So a cleaning follows: all segments of the
index are merged, step by step, the file is written anew, and its write-ahead log is emptied. The index then knows of as
many removals as the log. One that knows of fewer at the start was not cleaned, and is made again.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from itertools import islice

from chatroom.log.interface import Events, NoAnswer
from chatroom.log.questions import reading_errors, stop_when_given_up
from chatroom.log.removing import Erased
from chatroom.log.rows import COLUMNS, events_of
from chatroom.log.schema import connect, explain, quoted
from chatroom.log.turns import Asker, FromThread, ThreadTurns, Work
from chatroom.log.worker import Worker
from chatroom.model.errors import HistoryUnusable
from chatroom.model.events import KINDS, Event
from chatroom.model.words import query_of, spaced_words

VERSION = 4
"""Version of the index's content; an index of another version is made again."""

BLOCK = 8192
"""Ids in a block. The dearest search that is allowed takes about 20 ms for one, an ordinary one a tenth of 1 ms."""

INDEXED_AT_ONCE = 1000
"""Events in a step."""

BEGIN_AGAIN_AFTER = 100_000
"""Events that the log must have trimmed before the index is made again for that."""

REST = 19
"""Length of the rest behind a step, in lengths of the step, while the log grows: talk comes first."""

REST_WHEN_LEVEL = 0.5
"""Seconds of rest, at least, behind a step that reached the target: with a step for each line of talk the disk would be
busy, and commits would wait for it."""

LONGEST_REST = 5.0
"""Seconds of rest at most."""

CLEANED_EVERY = 60.0
"""Seconds between two cleanings after removals, which go through the whole index."""

CLEANED_AT_ONCE = 64
"""Pages of the index in a step of a cleaning."""


def match_expression(room_id: int, block: int, words: str) -> str:
    """The query for FTS5: all of ``words``, in events of that room and block.

    :raises NothingToSearch: there is no word among them.
    :raises SearchTooLong: they are too many.
    """
    # A word has no quote in it, which would end the phrase.
    wanted = [f'"{phrase}"' for phrase in query_of(words).phrases]
    return f"{{room}} : r{room_id}b{block} AND {{text}} : ({' AND '.join(wanted)})"


class SearchIndex:
    """The index of the log in the file ``path``."""

    def __init__(self, path: str, from_thread: FromThread) -> None:
        """Open the index, or make it again.

        :raises HistoryUnusable: there can be no file for it beside the log's.
        """
        self._from_thread = from_thread
        self._path = f"{path}-search"
        self._log_path = path
        try:
            self._writing = self._open()
        except (sqlite3.Error, OSError):
            # Whatever is wrong with it, it can be made again from the log.
            try:
                self._delete()
                self._writing = self._open()
            except (sqlite3.Error, OSError) as error:
                raise HistoryUnusable(path=self._path, why=explain(error, self._path)) from error
        self._reading = self._with_log(connect(self._path))
        # Set in the reactor's thread, read in the indexer's.
        self._target = 0
        # Whether there is a run: the reactor's thread alone knows.
        self._running = False
        self._stopping = threading.Event()
        # Ends the indexer's rest.
        self._wake = threading.Event()
        # Searches that wait for a step of the indexer, each with its asker; the lock is for both threads.
        self._before_search: list[tuple[Asker | None, Callable[[], None]]] = []
        self._lock = threading.Lock()
        # Removals since the last cleaning, and when that was; in the indexer's thread.
        self._removals = 0
        self._cleaned_at = -CLEANED_EVERY

    def _open(self) -> sqlite3.Connection:
        connection = connect(self._path)
        try:
            if connection.execute("PRAGMA user_version").fetchone()[0] != VERSION:
                connection.close()
                self._delete()
                connection = connect(self._path)
            connection.execute("PRAGMA journal_mode = WAL")
            # A power cut may take the end of the index, which the log has; at OFF it could leave the index damaged.
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.executescript(
                "CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5"
                " (room, text, content = '', tokenize = 'ascii');"
                "CREATE TABLE IF NOT EXISTS position (begin INTEGER NOT NULL, indexed INTEGER NOT NULL,"
                " removals INTEGER NOT NULL);"
                f"PRAGMA user_version = {VERSION};"
            )
            connection.create_function("words", 1, spaced_words, deterministic=True)
            self._with_log(connection)
            (removals,) = connection.execute("SELECT removals FROM log.history").fetchone()
            known = connection.execute("SELECT removals FROM position").fetchone()
            if known is None:
                connection.execute("INSERT INTO position VALUES (1, 0, ?)", (removals,))
            elif known[0] != removals:
                raise sqlite3.DatabaseError("it may have words of messages that were removed")
            return connection
        except sqlite3.Error:
            connection.close()
            raise

    def _with_log(self, connection: sqlite3.Connection) -> sqlite3.Connection:
        connection.execute("ATTACH ? AS log", (f"file:{quoted(self._log_path)}?mode=ro",))
        return connection

    def _delete(self) -> None:
        for suffix in ("", "-wal", "-shm"):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self._path + suffix)

    def start(self, died: Callable[[BaseException], None]) -> None:
        self._indexer = Worker("chatroom-indexer", died)
        self._searcher = ThreadTurns("chatroom-searcher", self._from_thread, died)
        stop_when_given_up(self._reading, self._searcher.given_up)
        self._indexer.start()
        self._searcher.start()

    def stop(self) -> None:
        """Give up all searches, and index no more behind the next step; the index goes on from there another time."""
        self._stopping.set()
        self._wake.set()
        self._searcher.close()
        self._indexer.stop()

    def close(self) -> None:
        """Wait for the end of the threads, after :meth:`stop`, and close the file."""
        self._searcher.join()
        self._indexer.join()
        self._reading.close()
        self._writing.close()

    def drop(self, asker: Asker) -> None:
        """Give up all searches of ``asker``."""
        with self._lock:
            self._before_search[:] = [one for one in self._before_search if one[0] is not asker]
        self._searcher.drop(asker)

    # Indexing: begun in the reactor's thread, done in the indexer's.

    def catch_up(self, last: int) -> None:
        """Have everything up to the event ``last`` indexed, when there is time."""
        self._target = last
        if not self._running and not self._stopping.is_set():
            self._running = True
            self._indexer.submit(self._run)

    def _run(self) -> None:
        """Make a step, and go on with the run or end it."""
        target, began = self._target, time.monotonic()
        try:
            last = self._step(target)
        except sqlite3.Error:
            last = 0  # The disk is full, most likely: the next event that is kept starts another run.
        if last and not self._stopping.is_set():
            rest = REST * (time.monotonic() - began) if self._target != target else 0
            self._wake.wait(min(LONGEST_REST, rest if last < target else max(rest, REST_WHEN_LEVEL)))
            self._indexer.submit(self._run)
        else:
            self._from_thread(lambda: self._ended(target))

    def _ended(self, target: int) -> None:
        """Take notice, in the reactor's thread, that a run to ``target`` is over."""
        self._running = False
        if self._target != target and not self._stopping.is_set():
            self.catch_up(self._target)

    # Removals: told in the writer's thread, done in the indexer's.

    def erase(self, erased: Sequence[Erased]) -> None:
        """Have the words of messages that were removed deleted, and nothing of them left in the file."""
        self._indexer.submit(lambda: self._erase(erased))
        self._indexer.submit(self._clean)

    def _erase(self, erased: Sequence[Erased]) -> None:
        execute = self._writing.execute
        self._removals += len(erased)
        try:
            execute("BEGIN IMMEDIATE")
            for id_, room_id, text in erased:
                # A message that was removed before its turn had come is not in the index.
                if execute("SELECT 1 FROM words_docsize WHERE id = ?", (id_,)).fetchone():
                    execute(
                        "INSERT INTO words (words, rowid, room, text) VALUES ('delete', ?, ?, ?)",
                        (id_, f"r{room_id}b{id_ // BLOCK}", spaced_words(text) if _needs_words(text) else text),
                    )
            execute("COMMIT")
        except sqlite3.Error:
            if self._writing.in_transaction:
                execute("ROLLBACK")
            # The index knows of fewer removals than the log, and is made again at the next start.
            self._removals = -1

    def _clean(self) -> None:
        """Begin a cleaning, unless there was one a moment ago: then later."""
        if self._removals and not self._stopping.is_set():
            wait = self._cleaned_at + CLEANED_EVERY - time.monotonic()
            if wait > 0:
                self._wake.wait(min(LONGEST_REST, wait))
                self._indexer.submit(self._clean)
            else:
                self._clean_on()

    def _clean_on(self, begin: bool = True) -> None:
        """Make a step of a cleaning, and go on with it or end it."""
        execute = self._writing.execute
        if self._stopping.is_set() or self._removals < 0:
            return
        try:
            before = self._writing.total_changes
            # Below zero, segments of all levels are merged into one.
            pages = -CLEANED_AT_ONCE if begin else CLEANED_AT_ONCE
            execute("INSERT INTO words (words, rank) VALUES ('merge', ?)", (pages,))
            # So says the manual of FTS5: no work was left when fewer than two rows have changed.
            if self._writing.total_changes - before >= 2:
                self._indexer.submit(lambda: self._clean_on(begin=False))
                return
            execute("VACUUM main")
            (busy, _, _) = execute("PRAGMA main.wal_checkpoint(TRUNCATE)").fetchone()
            if busy:
                return  # A search was in the way for seconds: the same holds.
            execute("UPDATE position SET removals = removals + ?", (self._removals,))
        except sqlite3.Error:
            return  # The disk is full, most likely: the next removal begins another, or the next start makes it again.
        self._removals = 0
        self._cleaned_at = time.monotonic()

    def _step(self, target: int) -> int:
        """Index a few more events; the id of the last of them, 0 when there are none."""
        execute = self._writing.execute
        begin, indexed = execute("SELECT begin, indexed FROM position").fetchone()
        first = execute("SELECT coalesce(min(id), 1) FROM log.event").fetchone()[0]
        if indexed > target or first - begin > max(target - first, BEGIN_AGAIN_AFTER):
            # The log has lost its end, or most events in the index were trimmed: an index without the text cannot
            # let go of single ones.
            indexed = 0
            execute("INSERT INTO words (words) VALUES ('delete-all')")
            execute("UPDATE position SET begin = ?, indexed = 0", (first,))
        last = execute(
            "SELECT max(id) FROM (SELECT id FROM log.event WHERE id > ? AND id <= ? ORDER BY id LIMIT ?)",
            (indexed, target, INDEXED_AT_ONCE),
        ).fetchone()[0]
        if last is None:
            return 0
        execute("BEGIN IMMEDIATE")
        try:
            # One statement, so that Python's lock is free while it runs. Unknown kinds are indexed for the newer
            # program that knows them; a search passes over them.
            unsearched = [name for name, kind in KINDS.items() if not kind.searched]
            execute(
                f"INSERT INTO words (rowid, room, text) SELECT id, 'r' || (place / 2) || 'b' || (id / {BLOCK}),"
                " CASE WHEN text GLOB '*[^ -~]*' THEN words(text) ELSE text END"
                f" FROM log.event WHERE id > ? AND id <= ? AND kind NOT IN ({','.join('?' * len(unsearched))})",
                (indexed, last, *unsearched),
            )
            execute("UPDATE position SET indexed = ?", (last,))
            execute("COMMIT")
        except sqlite3.Error:
            execute("ROLLBACK")
            raise
        return int(last)

    # Searching: asked in the reactor's thread, done in the searcher's.

    def ask(self, room: str, words: str, count: int, answer: Events, failed: NoAnswer, *, asker: Asker | None) -> None:
        """Answer as :meth:`~chatroom.log.interface.ILog.search` does."""

        # One more step comes first, so that words of a moment ago are found: one for all that wait for it.
        def begin() -> None:
            self._searcher.add(asker, self._find(room, words, count), answer, failed)

        with self._lock:
            self._before_search.append((asker, begin))
        self._indexer.submit(self._step_before)
        self._wake.set()

    def _step_before(self) -> None:
        self._wake.clear()
        if not self._before_search or self._stopping.is_set():
            return
        with contextlib.suppress(sqlite3.Error):
            self._step(self._target)
        with self._lock:
            for _, begin in self._before_search:
                begin()
            self._before_search.clear()

    def _find(self, room: str, words: str, count: int) -> Work[list[Event]]:
        """Find the last ``count`` events, a block in each piece."""
        match_expression(0, 0, words)
        found: list[Event] = []
        # The indexer may find more in the meantime: the search goes back from here.
        before = self._target + 1
        with reading_errors(self._searcher.given_up):
            row = self._reading.execute("SELECT id FROM log.room WHERE name = ?", (room,)).fetchone()
        while row is not None and len(found) < count:
            with reading_errors(self._searcher.given_up):
                last = self._last_before(row[0], before)
                if last is None:
                    break
                block = last // BLOCK
                found[:0] = self._find_in_block(match_expression(row[0], block, words), count - len(found))
            before = block * BLOCK
            yield
        return found

    def _last_before(self, room_id: int, before: int) -> int | None:
        """The id of the last event in the room with an id below ``before``; None when there is none."""
        found: int | None = self._reading.execute(
            "SELECT max(id) FROM (SELECT max(id) AS id FROM log.event WHERE place = ? AND id < ?"
            " UNION ALL SELECT max(id) FROM log.event WHERE place = ? AND id < ?)",
            (room_id * 2, before, room_id * 2 + 1, before),
        ).fetchone()[0]
        return found

    def _find_in_block(self, wanted: str, count: int) -> list[Event]:
        # No LIMIT, since events that were trimmed, or are of an unknown kind, do not count: the cursor is read only as
        # far as needed.
        with closing(
            self._reading.execute(
                f"SELECT {COLUMNS} FROM words CROSS JOIN log.event ON event.id = words.rowid"
                " JOIN log.room ON room.id = place / 2 WHERE words MATCH ? ORDER BY words.rowid DESC",
                (wanted,),
            )
        ) as rows:
            searched = (event for event in events_of(rows) if event.searched)
            return list(islice(searched, count))[::-1]


def _needs_words(text: str) -> bool:
    """Whether the words of ``text`` are not what the tokenizer of the index finds by itself."""
    return not all(" " <= character <= "~" for character in text)
