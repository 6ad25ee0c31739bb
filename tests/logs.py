"""The logs that there are, and one under test: what it hands back, and the loop that its calls are made in."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from support import TIMEOUT

from chatroom.log.interface import ILog, NoAnswer, Outcomes
from chatroom.log.memory import CAPACITY, MemoryLog
from chatroom.log.sqlite import SQLiteLog
from chatroom.model.errors import ChatError
from chatroom.model.events import Draft, Event, Said

T = TypeVar("T")
"""An answer."""


def draft(kind: type[Event], room: str, nickname: str, text: str = "", **fields: Any) -> Draft:
    """A draft of the member who has that nickname."""
    return Draft(kind, room, f"id-of-{nickname}", nickname, text, **fields)


def said(text: str, room: str = "lobby", nickname: str = "alice", **fields: Any) -> Draft:
    return draft(Said, room, nickname, text, **fields)


class Subject(Outcomes):
    """A log, what it has handed back, and the loop that its calls are made in.

    It holds the log to the promises that every test can see: each request has one outcome, and none within the call
    of ``append``; a request is handed back whole; ids and times grow.
    """

    def __init__(self, make: Callable[[Subject], ILog]) -> None:
        self.batches: list[list[Event]] = []
        self.tokens: list[int] = []
        """Of each event that was handed back."""
        self.refusals: dict[int, ChatError] = {}
        """By the token of the request."""
        self.failures: list[int] = []
        """The tokens of the requests that could not be kept."""
        self.errors: list[ChatError] = []
        """Why they could not, once for each batch."""
        self.mendings = 0
        """How often the log said by itself that it can keep things again."""
        self.breakdowns: list[ChatError] = []
        self.then: Callable[[Sequence[Event]], None] = lambda batch: None
        """Called with each batch, once it was written down."""
        self.now = 1_000_000_000.0
        """The time, for the log."""
        self.calls: deque[Callable[[], None]] = deque()
        # The drafts of each request that has no outcome yet, by its token.
        self._waiting: dict[int, Sequence[Draft]] = {}
        self._requests = 0
        self._appending = False
        self._called = threading.Event()
        self._stopped = False
        self.log = make(self)
        # The last event that was kept, and when the last was handed back.
        self._last_id = self.log.last_committed
        self._last_at = 0.0
        self.log.start(self)

    def call(self, call: Callable[[], None]) -> None:
        """Have ``call`` called in the loop; any thread may ask for that."""
        self.calls.append(call)
        self._called.set()

    # What the log tells.

    def committed(self, events: Sequence[Event], tokens: Sequence[int]) -> None:
        assert not self._appending, "handed back within the call of append"
        assert events, "an empty batch"
        assert len(events) == len(tokens)
        for token, count in Counter(tokens).items():
            if token:
                assert count == len(self._waiting.pop(token)), "a request was not handed back whole"
        for event in events:
            self._last_id, before = (event.id, self._last_id) if event.kept else (self._last_id,) * 2
            assert (event.id > before) if event.kept else (event.id == before)
            assert event.at >= self._last_at
            self._last_at = event.at
        assert self.log.last_committed == self._last_id
        self.batches.append(list(events))
        self.tokens += tokens
        self.then(events)

    def refused(self, token: int, error: ChatError) -> None:
        assert not self._appending, "refused within the call of append"
        del self._waiting[token]
        self.refusals[token] = error

    def failed(self, tokens: Sequence[int], error: ChatError) -> None:
        for token in tokens:
            del self._waiting[token]
        self.failures += tokens
        self.errors.append(error)

    def mended(self) -> None:
        self.mendings += 1

    def broken(self, error: ChatError) -> None:
        self._waiting.clear()
        self.breakdowns.append(error)

    @property
    def events(self) -> list[Event]:
        return [event for batch in self.batches for event in batch]

    # What it is told.

    def append(self, *drafts: Draft) -> int:
        """Append one request; its token."""
        self._requests += 1
        token = self._requests
        request = [draft._replace(token=token) for draft in drafts]
        self._waiting[token] = request
        self._appending = True
        self.log.append(request)
        self._appending = False
        return token

    def settle(self) -> None:
        """Wait until every request has an outcome."""
        self.pump_until(lambda: not self._waiting)

    def say(self, *drafts: Draft) -> list[Event]:
        """Append each of ``drafts`` as a request of its own; the events that became of them."""
        before = len(self.events)
        for draft in drafts:
            self.append(draft)
        self.settle()
        return self.events[before:]

    def pump_until(self, done: Callable[[], bool]) -> None:
        """Make the calls of the loop until ``done``."""
        deadline = time.monotonic() + TIMEOUT
        while not done():
            self._called.clear()
            if self.calls:
                self.calls.popleft()()
            else:
                self._called.wait(deadline - time.monotonic())
                assert self.calls or time.monotonic() < deadline, "the log did not answer"

    # What it is asked.

    def recent(self, room: str, count: int, before: int | None = None) -> list[Event]:
        return list(self.ask(partial(self.log.recent, room, count, before)))

    def since(self, rooms: set[str], after: int, limit: int = 1000) -> list[Event]:
        return list(self.ask(partial(self.log.since, frozenset(rooms), after, limit)))

    def search(self, words: str, room: str = "lobby", count: int = 100) -> list[Event]:
        return list(self.ask(partial(self.log.search, room, words, count)))

    def first_since(self, at: float) -> int:
        found: int = self.ask(partial(self.log.first_since, at))
        return found

    def last_before(self, at: float) -> int:
        found: int = self.ask(partial(self.log.last_before, at))
        return found

    def ask(self, question: Callable[[Callable[[T], None], NoAnswer], None]) -> T:
        """The answer; what the log says instead of one is raised."""
        answers: list[T] = []
        errors: list[ChatError] = []
        question(answers.append, errors.append)
        self.pump_until(lambda: bool(answers or errors))
        assert len(answers) + len(errors) == 1
        if errors:
            raise errors[0]
        return answers[0]

    def search_until(self, words: str, done: Callable[[list[Event]], bool], room: str = "lobby") -> list[Event]:
        """Search until what was found is right, since the index may be a moment behind."""
        deadline = time.monotonic() + TIMEOUT
        while not done(found := self.search(words, room)):
            assert time.monotonic() < deadline, f"{words!r}: {found}"
        return found

    def wait_until(self, done: Callable[[], bool]) -> None:
        """Ask again and again whether it is ``done``, while the log goes on by itself."""
        deadline = time.monotonic() + TIMEOUT
        while not done():
            assert time.monotonic() < deadline, "it was in vain"
            while self.calls:
                self.calls.popleft()()

    def texts(self, words: str) -> list[str]:
        return [event.text for event in self.search(words)]

    def indexed(self) -> None:
        """Wait until everything that was said can be found."""
        (marker,) = self.say(said(f"mark{len(self.events)}", nickname="marker"))
        self.search_until(marker.text, bool)

    def stop(self) -> None:
        if not self._stopped:
            self._stopped = True
            done: list[bool] = []
            self.log.stop(lambda: done.append(True))
            self.pump_until(lambda: bool(done))


def memory(subject: Subject, path: Path, keep_seconds: float = 0, keep_events: int = 0) -> ILog:
    return MemoryLog(subject.call, lambda: subject.now, keep_events or CAPACITY)


def sqlite(subject: Subject, path: Path, keep_seconds: float = 0, keep_events: int = 0, **more: Any) -> ILog:
    return SQLiteLog(
        str(path / "history"),
        soon=subject.call,
        from_thread=subject.call,
        now=lambda: subject.now,
        clock=lambda: subject.now,
        durability="process",
        keep_seconds=keep_seconds,
        keep_events=keep_events,
        **more,
    )


LOGS: dict[str, Callable[..., ILog]] = {"memory": memory, "sqlite": sqlite}
"""Every log that there is."""


def opened(folder: Path, **options: Any) -> Subject:
    """The log on disk in ``folder``."""
    return Subject(lambda subject: sqlite(subject, folder, **options))


def talk(subject: Subject, count: int, size: int = 20) -> list[Event]:
    """Say ``count`` lines, a hundred in a batch."""
    events: list[Event] = []
    for start in range(0, count, 100):
        lines = [f"{number} ".ljust(size, "x") for number in range(start, min(start + 100, count))]
        events += subject.say(*map(said, lines))
    return events
