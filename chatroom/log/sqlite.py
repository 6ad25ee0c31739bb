"""A log on disk: one SQLite file, written by one thread.

Theory of operation. Requests are gathered into batches (:mod:`chatroom.log.batches`). The writer's thread commits a
batch in one transaction (:mod:`chatroom.log.writer`; group commit, write-ahead log, an fsync unless told otherwise),
and its outcomes are told in the reactor's thread. Questions go to the reader's thread (:mod:`chatroom.log.questions`),
or are answered from memory (:mod:`chatroom.log.recent`). The keeper's thread moves the write-ahead log into the file
(:mod:`chatroom.log.checkpoints`) and finds what is to be trimmed (:mod:`chatroom.log.trimming`). The index of words
has threads and a file of its own (:mod:`chatroom.log.search`).

This module puts the parts together, and holds what the reactor's thread knows.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from typing import TypeVar

from zope.interface import implementer

from chatroom.log.ages import TrustedTime, duration
from chatroom.log.batches import Batch, Batches
from chatroom.log.checkpoints import Checkpoints
from chatroom.log.interface import Events, Id, Ids, ILog, NoAnswer, Outcomes
from chatroom.log.questions import Questions
from chatroom.log.recent import RecentEvents
from chatroom.log.schema import FileLock, connect, explain, open_log, read_history
from chatroom.log.search import SearchIndex
from chatroom.log.sqlite_accounts import SQLiteAccounts
from chatroom.log.sqlite_audit import SQLiteAudit
from chatroom.log.state import forget_rules, read_state
from chatroom.log.tables import Tables
from chatroom.log.trimming import Trimming
from chatroom.log.turns import Asker, ThreadTurns, Work
from chatroom.log.watch import FileWatch
from chatroom.log.worker import Worker
from chatroom.log.writer import Writer, Written
from chatroom.model.errors import ChatError, HistoryBroken, HistoryUnusable
from chatroom.model.events import Draft, Event, Removal
from chatroom.model.rules import Rules

T = TypeVar("T")

WATCH_EVERY = 20.0
"""Seconds between two looks at the files, unless set otherwise; there is one before each batch as well."""

CHANGES_EVERY = 2.0
"""Seconds between two looks whether another program, such as ``chatroom.admin``, has changed an account."""

LOOK_GOOD_FOR = 0.02
"""Seconds for which a look is good enough for a batch that was asked for before anybody was shown the one before it.

A look lets Python's lock go several times, and has it back only when the reactor does: too much for a thousand small
batches a second.
"""

STATE_LIMIT = 10_000
"""Events of each kind of state that are kept where trimming does not reach them, unless set otherwise."""


@implementer(ILog)
class SQLiteLog:
    """Keeps everything in the file ``path``."""

    def __init__(  # noqa: PLR0915 - the parts of a log, one after the other
        self,
        path: str,
        *,
        soon: Callable[[Callable[[], None]], object],
        later: Callable[[float, Callable[[], None]], object] | None = None,
        from_thread: Callable[[Callable[[], None]], object],
        now: Callable[[], float],
        clock: Callable[[], float] = time.monotonic,
        durability: str = "power",
        keep_seconds: float = 0,
        keep_events: int = 0,
        state_limit: int = STATE_LIMIT,
        rules: Rules | None = None,
        watch_every: float = WATCH_EVERY,
        say: Callable[[str], object] = lambda what: None,
    ) -> None:
        """
        :param soon: calls a function in a later turn of the event loop.
        :param later: the same, after so many seconds; without it, that is ``soon``.
        :param from_thread: the same, and may be called from any thread.
        :param now: the time, in seconds since 1970, UTC.
        :param clock: seconds that never go back.
        :param durability: ``power``: what was shown survives a power cut; ``process``: a crash of the program.
        :param keep_seconds: how old an event may become before it is trimmed; 0: as old as it likes.
        :param keep_events: how many may be kept; 0: all.
        :param state_limit: how many events of each kind of state are kept beside them.
        :param rules: what drafts are held against, which can undo; those of a server where nothing is set unless given.
        :param watch_every: seconds between two looks at the files while nothing is said.
        :param say: told what whoever runs the server should know, in a sentence without an end.
        :raises HistoryUnusable: the file cannot be used, and was left as it is.
        """
        self._path = path
        self._say = say
        self._now = now
        self._from_thread = from_thread
        self._lock = FileLock(path)
        self._lock.take(path)
        with ExitStack() as undo:
            undo.callback(self._lock.release)
            writing = undo.enter_context(closing(open_log(path, durability)))
            # There may have been no such file before.
            self._lock.take_file(path)
            try:
                reading = undo.enter_context(closing(connect(path, read_only=True)))
                keeping = undo.enter_context(closing(connect(path)))
                history = read_history(reading)
                rules = rules or Rules(can_undo=True)
                self.state = self._start_rules(rules, read_state(reading), writing)
                self.accounts = SQLiteAccounts(
                    reading,
                    writing,
                    submit=self._submit,
                    ask=self._ask_reader,
                    look_at_files=self._look_at_files,
                    from_thread=from_thread,
                )
                """The store of accounts in the same file."""
                self.audit = SQLiteAudit(
                    reading,
                    writing,
                    submit=self._submit,
                    ask=self._ask_reader,
                    look_at_files=self._look_at_files,
                    from_thread=from_thread,
                )
                """The audit log in the same file."""
            except sqlite3.Error as error:
                raise HistoryUnusable(path=path, why=explain(error, path)) from error
            # One index, beside the one file, though there may be several names of it.
            self._search = SearchIndex(os.path.realpath(path), from_thread)
            self._writer = Writer(writing, history.last_id, state_limit, rules)
            try:
                self._watch = FileWatch(
                    path, history.identity, lambda: self._writer.last_id, lambda: self.accounts.changes
                )
            except OSError as error:
                raise HistoryUnusable(path=path, why=explain(error)) from error
            undo.pop_all()
        self._connections = (reading, keeping, writing)
        self.identity, self.forgotten = history.identity, history.forgotten
        self.last_committed = history.last_id
        self._worker = Worker("chatroom-writer", self._died)
        self._reader = ThreadTurns("chatroom-reader", from_thread, self._died)
        keeper = Worker("chatroom-keeper", self._died)
        # The writer last: what the keeper does may come to it.
        self._workers = (keeper, self._worker)
        self._checkpoints = Checkpoints(
            self._worker, writing, keeper, keeping, self._watch.checkpointed, emptied=self._watch.emptied
        )
        # What the last look at the files has found, and when it was; in the writer's thread.
        self._lost: ChatError | None = None
        self._looked_at = -LOOK_GOOD_FOR
        self._watch_every = watch_every
        self._stopping = threading.Event()
        self._watchman = threading.Thread(target=self._keep_watch, name="chatroom-watch", daemon=True)
        self._trimming = Trimming(
            self._worker,
            writing,
            keeper,
            keeping,
            keep_seconds=keep_seconds,
            keep_events=keep_events,
            trusted=TrustedTime(history.ages, now, clock, self._say),
            clock=clock,
            forget=self._forget,
        )
        self._questions = Questions(self._reader, reading)
        self._recent = RecentEvents(self._load)
        self._batches = Batches(
            soon, later or (lambda seconds, call: soon(call)), now, history.last_at, self._hand_to_writer
        )
        self.is_full = self._batches.is_full
        # Whether the clock was found to be behind.
        self._behind = False
        self._broken = False
        self._done: Callable[[], None] | None = None

    @staticmethod
    def _start_rules(rules: Rules, state: Sequence[Event], writing: sqlite3.Connection) -> Sequence[Event]:
        """Have ``rules`` begin with what holds; forget those that have ended, since everybody has left the rooms.

        :returns: what holds then.
        """
        rules.start(state)
        lapsed = frozenset(rules.lapsed)
        rules.lapsed.clear()
        if not lapsed:
            return state
        writing.execute("BEGIN IMMEDIATE")
        forget_rules(writing, lapsed)
        writing.execute("COMMIT")
        return [event for event in state if not (event.is_rule and event.room in lapsed)]

    def start(self, outcomes: Outcomes) -> None:
        self._outcomes = outcomes
        for worker in (*self._workers, self._reader):
            worker.start()
        self._watchman.start()
        self._compare_clocks()
        self._search.start(self._died)
        self._search.catch_up(self.last_committed)

    # Requests and their outcomes.

    def append(self, drafts: Sequence[Draft]) -> None:
        if not self._broken:
            self._batches.append(drafts)

    def _hand_to_writer(self, batch: Batch, at_once: bool) -> None:
        self._worker.submit(lambda: self._write(batch, at_once))

    def _write(self, batch: Batch, at_once: bool) -> None:
        """In the writer's thread."""
        if not at_once or time.monotonic() - self._looked_at >= LOOK_GOOD_FOR:
            self._look_at_files()
        lost = self._lost
        written = self._writer.write(batch) if lost is None else self._writer.fail(batch, lost)
        self._from_thread(lambda: self._written(written))
        if written.error is None:
            self._checkpoints.committed(len(written.events))
            if written.erased:
                self._search.erase(written.erased)
                self._checkpoints.empty()

    def _written(self, written: Written) -> None:
        if self._broken:
            return
        self._batches.came_back()
        if written.events:
            self.last_committed = written.events[-1].id
            if written.erased:
                for event in written.events:
                    if isinstance(event, Removal):
                        self._recent.remove(event)
            self._recent.committed(written.events)
        began = time.perf_counter()
        self._tell(written)
        self._batches.delivered(time.perf_counter() - began)
        if written.error is None:
            self._search.catch_up(self.last_committed)
            self._trimming.committed()
            self._compare_clocks()
        self._end_if_done()

    def _tell(self, written: Written) -> None:
        if written.events:
            self._outcomes.committed(written.events, written.tokens)
        if written.error is not None:
            self._outcomes.failed([token for token in written.failed if token], written.error)
        for token, error in written.refused:
            if token:
                self._outcomes.refused(token, error)

    def _forget(self, last: int) -> None:
        """In the writer's thread."""
        self._from_thread(lambda: self._forgotten_up_to(last))

    def _forgotten_up_to(self, last: int) -> None:
        self.forgotten = last
        self._recent.forget(last)

    @property
    def tables(self) -> Tables:
        """Other tables in the same file."""
        return self.accounts

    # Changes of accounts, and questions about them, between the batches and the questions about events.

    def _submit(self, work: Callable[[], None]) -> None:
        def change() -> None:
            work()
            # It is in the write-ahead log, as an event would be.
            self._checkpoints.committed(1)

        self._worker.submit(change)

    def _ask_reader(self, work: Work[T], answer: Callable[[T], None], failed: NoAnswer) -> None:
        self._reader.add(None, work, answer, failed)

    # The watch over the files.

    def _keep_watch(self) -> None:
        """In the watch's thread."""
        pause, waited = min(self._watch_every, CHANGES_EVERY), 0.0
        while not self._stopping.wait(pause):
            self._worker.submit(self.accounts.look)
            waited += pause
            if waited >= self._watch_every:
                waited = 0.0
                self._worker.submit(self._look)

    def _look(self) -> None:
        """In the writer's thread."""
        was_lost = self._lost is not None
        lost = self._look_at_files()
        if lost is None:
            self._checkpoints.try_again()
        if lost is not None and not was_lost:
            self._from_thread(lambda: self._found_lost(lost))
        elif lost is None and was_lost:
            self._from_thread(self._found_mended)

    def _look_at_files(self) -> ChatError | None:
        """In the writer's thread."""
        self._lost = self._watch.look(self._checkpoints.under_way)
        self._looked_at = time.monotonic()
        return self._lost

    def _found_lost(self, error: ChatError) -> None:
        if not self._broken and not self._stopping.is_set():
            self._outcomes.failed((), error)

    def _found_mended(self) -> None:
        if not self._broken and not self._stopping.is_set():
            self._outcomes.mended()

    def _compare_clocks(self) -> None:
        """Say so where the clock is behind the times that are kept."""
        behind = self._batches.last_at - self._now()
        if behind >= 60 and not self._behind:
            self._say(
                f"the clock is {duration(behind)} behind the last message in the history: messages are kept with the "
                "time of that one until the clock has caught up; set the clock right, or see the docs on clocks"
            )
        self._behind = behind >= 60

    # Questions.

    def recent(
        self,
        room: str,
        count: int,
        before: int | None,
        answer: Events,
        failed: NoAnswer,
        *,
        asker: Asker | None = None,
    ) -> None:
        self._recent.ask(room, count, before, answer, failed, asker=asker)

    def _load(
        self, room: str, count: int, before: int | None, answer: Events, failed: NoAnswer, *, asker: Asker | None
    ) -> None:
        self._questions.recent(room, count, before, answer, failed, asker=asker, last=self.last_committed)

    def recent_ids(
        self, room: str, count: int, before: int | None, answer: Ids, failed: NoAnswer, *, asker: Asker | None = None
    ) -> None:
        self._questions.recent_ids(room, count, before, answer, failed, asker=asker, last=self.last_committed)

    def with_ids(self, ids: Sequence[int], answer: Events, failed: NoAnswer, *, asker: Asker | None = None) -> None:
        self._questions.with_ids(ids, answer, failed, asker=asker, last=self.last_committed)

    def since(
        self,
        rooms: frozenset[str],
        after: int,
        limit: int,
        answer: Events,
        failed: NoAnswer,
        *,
        asker: Asker | None = None,
    ) -> None:
        self._questions.since(rooms, after, limit, answer, failed, asker=asker, last=self.last_committed)

    def first_since(self, at: float, answer: Id, failed: NoAnswer, *, asker: Asker | None = None) -> None:
        self._questions.first_since(at, answer, failed, asker=asker, last=self.last_committed)

    def last_before(self, at: float, answer: Id, failed: NoAnswer, *, asker: Asker | None = None) -> None:
        self._questions.last_before(at, answer, failed, asker=asker, last=self.last_committed)

    def search(
        self, room: str, words: str, count: int, answer: Events, failed: NoAnswer, *, asker: Asker | None = None
    ) -> None:
        self._search.ask(room, words, count, answer, failed, asker=asker)

    def drop(self, asker: Asker) -> None:
        self._reader.drop(asker)
        self._search.drop(asker)

    # The end.

    def stop(self, done: Callable[[], None]) -> None:
        self._done = done
        # Nobody waits for an answer any more, and what is left to be kept has the machine for itself.
        self._reader.close()
        self._search.stop()
        self._batches.hand_over()
        self._end_if_done()

    def _end_if_done(self) -> None:
        if self._done is None or not self._batches.idle:
            return
        done, self._done = self._done, None
        self._stopping.set()
        self._watchman.join()
        self._trimming.stop()
        for worker in self._workers:
            worker.stop()
            worker.join()
        self._reader.join()
        self._search.close()
        for connection in self._connections:
            connection.close()
        self._lock.release()
        done()

    def _died(self, error: BaseException) -> None:
        """In the thread that died of ``error``."""
        failure = HistoryBroken(path=self._path, why=str(error) or type(error).__name__)
        self._from_thread(lambda: self._break(failure))

    def _break(self, failure: ChatError) -> None:
        if self._broken:
            return
        self._broken = True
        # Nothing comes back any more of what is on its way.
        self._batches.drop()
        self._outcomes.broken(failure)
        self._end_if_done()
