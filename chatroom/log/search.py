"""Finding words in what was said: an index beside the log, in a file of its own.

The index follows behind the log, so that no commit waits for it, and may be deleted at any time: it is made
again from the log. It is SQLite's FTS5 without the text, which the log has. Words are split as Unicode does;
Chinese, Japanese and Korean, which have no spaces, are indexed character by character and searched as phrases.
"""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
import threading
import time
from collections.abc import Callable

from chatroom.log.interface import Events, NoAnswer
from chatroom.log.reading import EVENT, answer_from_thread, as_event
from chatroom.log.schema import connect, explain, quoted
from chatroom.log.worker import Worker
from chatroom.model.errors import HistoryUnusable, NothingToSearch
from chatroom.model.events import Event
from chatroom.model.text import apart

VERSION = 1
"""Of what stands in the index; another makes it begin again."""

INDEXED_AT_ONCE = 1000
"""Events to a step."""

BEGIN_AGAIN_AFTER = 100_000
"""Events that the log must have let go of before the index is made again for it."""

REST = 19
"""How many times as long as a step took the index rests while the log grows, so that talking comes first."""

REST_WHEN_LEVEL = 0.5
"""Seconds."""

LONGEST_REST = 5.0
"""Seconds."""


def match_expression(room_id: int, words: str) -> str:
    """What FTS5 is asked for: all of ``words``, in talk of that room.

    :raises NothingToSearch: there is no word among them.
    """
    # A quote would end a phrase, and a null character the whole.
    phrases = [" ".join(apart(word).split()) for word in re.sub('["\0]', " ", words).split()]
    wanted = [f'"{phrase}"' for phrase in phrases if any(character.isalnum() for character in phrase)]
    if not wanted:
        raise NothingToSearch()
    return f"{{room}} : r{room_id} AND {{text}} : ({' AND '.join(wanted)})"


class SearchIndex:
    """The index of the log in the file ``path``."""

    def __init__(self, path: str, from_thread: Callable[[Callable[[], None]], object]) -> None:
        """:raises HistoryUnusable: there can be no file for it beside the log's."""
        self._from_thread = from_thread
        self._path = f"{path}-search"
        self._log_path = path
        try:
            self._writing = self._open()
        except (sqlite3.Error, OSError):
            # It is made from the log, so what is wrong with it does not matter.
            try:
                self._delete()
                self._writing = self._open()
            except (sqlite3.Error, OSError) as error:
                raise HistoryUnusable(path=self._path, why=explain(error, self._path)) from error
        self._reading = self._with_log(connect(self._path))
        self._target = 0
        self._running = False
        self._stopping = threading.Event()
        # Ends a rest of the indexer's.
        self._wake = threading.Event()

    def _open(self) -> sqlite3.Connection:
        connection = connect(self._path)
        try:
            if connection.execute("PRAGMA user_version").fetchone()[0] != VERSION:
                connection.close()
                self._delete()
                connection = connect(self._path)
            connection.execute("PRAGMA journal_mode = WAL")
            # A power cut may take the end of it, which the log has, but must not leave it damaged, as it can at OFF.
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.executescript(
                "CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5"
                " (room, text, content = '', tokenize = 'unicode61 remove_diacritics 2');"
                "CREATE TABLE IF NOT EXISTS position (begin INTEGER NOT NULL, indexed INTEGER NOT NULL);"
                f"PRAGMA user_version = {VERSION};"
            )
            if connection.execute("SELECT count(*) FROM position").fetchone()[0] == 0:
                connection.execute("INSERT INTO position VALUES (1, 0)")
            connection.create_function("apart", 1, apart, deterministic=True)
            return self._with_log(connection)
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
        self._searcher = Worker("chatroom-searcher", died)
        self._indexer.start()
        self._searcher.start()

    def stop(self) -> None:
        """End at the next step; the index goes on from there another time."""
        self._stopping.set()
        self._wake.set()
        for worker in (self._indexer, self._searcher):
            worker.stop()
            worker.join()
        self._reading.close()
        self._writing.close()

    # Indexing: told of in the reactor's thread, done in the indexer's.

    def catch_up(self, last: int) -> None:
        """Have everything up to the event ``last`` indexed, when there is time."""
        self._target = last
        if not self._running:
            self._running = True
            self._indexer.submit(self._index)

    def _index(self) -> None:
        target, began = self._target, time.monotonic()
        try:
            last = self._step(target)
        except sqlite3.Error:
            last = 0  # The disk is full, most likely: it goes on with the next event that is kept.
        if last and not self._stopping.is_set():
            rest = REST * (time.monotonic() - began) if self._target != target else 0
            # Once it is level it takes a while for more to come: a step for each line of talk would keep the disk
            # busy, and commits would wait for that.
            self._wake.wait(min(LONGEST_REST, rest if last < target else max(rest, REST_WHEN_LEVEL)))
            self._indexer.submit(self._index)
            return
        self._running = False
        # What came between the look and now would wait for the next event.
        if self._target != target and not self._stopping.is_set():
            self.catch_up(self._target)

    def _step(self, target: int) -> int:
        """Index a few more; the id of the last of them, 0 when there are none."""
        execute = self._writing.execute
        begin, indexed = execute("SELECT begin, indexed FROM position").fetchone()
        first = execute("SELECT coalesce(min(id), 1) FROM log.event").fetchone()[0]
        if indexed > target or first - begin > max(target - first, BEGIN_AGAIN_AFTER):
            # The log has lost its end, or most of what is indexed was trimmed: an index without the text cannot let
            # go of single events.
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
            # One statement, so that Python's lock is free while it runs.
            execute(
                "INSERT INTO words (rowid, room, text) SELECT id, 'r' || (place / 2),"
                " CASE WHEN text GLOB '*[^ -~]*' THEN apart(text) ELSE text END"
                " FROM log.event WHERE id > ? AND id <= ? AND place % 2 = 1",
                (indexed, last),
            )
            execute("UPDATE position SET indexed = ?", (last,))
            execute("COMMIT")
        except sqlite3.Error:
            execute("ROLLBACK")
            raise
        return int(last)

    # Searching: asked in the reactor's thread, done in the searcher's.

    def ask(self, room: str, words: str, count: int, answer: Events, failed: NoAnswer) -> None:
        """Answer as :meth:`~chatroom.log.interface.ILog.search` does."""

        def find() -> None:
            answer_from_thread(self._from_thread, lambda: self._find(room, words, count), answer, failed)

        # Behind one more step, so that what was said a moment ago is found.
        self._indexer.submit(lambda: self._step_before(lambda: self._searcher.submit(find)))
        self._wake.set()

    def _step_before(self, call: Callable[[], None]) -> None:
        self._wake.clear()
        with contextlib.suppress(sqlite3.Error):
            self._step(self._target)
        call()

    def _find(self, room: str, words: str, count: int) -> list[Event]:
        found = self._reading.execute("SELECT id FROM log.room WHERE name = ?", (room,)).fetchone()
        if found is None:
            return []
        rows = self._reading.execute(
            f"{EVENT} WHERE event.id IN"
            " (SELECT rowid FROM words WHERE words MATCH ? ORDER BY rowid DESC LIMIT ?) ORDER BY event.id",
            (match_expression(found[0], words), count),
        )
        return [as_event(row) for row in rows]
