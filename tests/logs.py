"""The logs that there are, and one under test: what it hands back, and the loop that its calls are made in."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

from support import TIMEOUT

from chatroom.log.interface import Events, ILog, NoAnswer
from chatroom.log.memory import MemoryLog
from chatroom.log.sqlite import SQLiteLog
from chatroom.model.errors import ChatError
from chatroom.model.events import Event, EventType, Said

Draft = tuple[EventType, str, str, str]
"""What is appended: its kind, room, nickname and text."""


class Subject:
    """A log, what it has handed back, and the loop that its calls are made in."""

    def __init__(self, make: Callable[[Subject], ILog]) -> None:
        self.batches: list[list[Event]] = []
        self.failures: list[Draft] = []
        self.errors: list[ChatError] = []
        self.broken: list[ChatError] = []
        self.then: Callable[[Sequence[Event]], None] = lambda batch: None
        """Called with each batch, once it was written down."""
        self.now = 1_000_000_000.0
        """What the log takes for the time."""
        self.appending = False
        self.calls: deque[Callable[[], None]] = deque()
        self._called = threading.Event()
        self._stopped = False
        self.log = make(self)
        self.log.start(self.committed, self.failed, self.broken.append)

    def call(self, call: Callable[[], None]) -> None:
        """Have ``call`` called in the loop; any thread may ask for that."""
        self.calls.append(call)
        self._called.set()

    def committed(self, batch: Sequence[Event]) -> None:
        assert not self.appending, "handed back within the call of append"
        assert batch, "an empty batch"
        assert self.log.last_committed == batch[-1].id
        self.batches.append(list(batch))
        self.then(batch)

    def failed(self, drafts: Sequence[Draft], error: ChatError) -> None:
        self.failures.extend(drafts)
        self.errors.append(error)

    @property
    def events(self) -> list[Event]:
        return [event for batch in self.batches for event in batch]

    def append(self, kind: EventType, room: str, nickname: str, text: str) -> None:
        self.appending = True
        self.log.append(kind, room, nickname, text)
        self.appending = False

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

    def say(self, *drafts: Draft) -> list[Event]:
        """Append ``drafts``; the events that became of them."""
        before = len(self.events)
        for draft in drafts:
            self.append(*draft)
        self.pump_until(lambda: len(self.events) == before + len(drafts))
        return self.events[before:]

    def recent(self, room: str, count: int, before: int | None = None) -> list[Event]:
        return self.ask(lambda answer, failed: self.log.recent(room, count, before, answer, failed))

    def since(self, rooms: set[str], after: int, limit: int = 1000) -> list[Event]:
        return self.ask(lambda answer, failed: self.log.since(frozenset(rooms), after, limit, answer, failed))

    def search(self, words: str, room: str = "lobby", count: int = 100) -> list[Event]:
        return self.ask(lambda answer, failed: self.log.search(room, words, count, answer, failed))

    def ask(self, question: Callable[[Events, NoAnswer], None]) -> list[Event]:
        """The answer; what the log says instead of one is raised."""
        answers: list[Sequence[Event]] = []
        errors: list[ChatError] = []
        question(answers.append, errors.append)
        self.pump_until(lambda: bool(answers or errors))
        assert len(answers) + len(errors) == 1
        if errors:
            raise errors[0]
        return list(answers[0])

    def search_until(self, words: str, done: Callable[[list[Event]], bool], room: str = "lobby") -> list[Event]:
        """Search until what was found is right, since the index may be a moment behind."""
        deadline = time.monotonic() + TIMEOUT
        while not done(found := self.search(words, room)):
            assert time.monotonic() < deadline, f"{words!r}: {found}"
        return found

    def texts(self, words: str) -> list[str]:
        return [event.text for event in self.search(words)]

    def indexed(self) -> None:
        """Wait until everything that was said can be found."""
        (marker,) = self.say((Said, "lobby", "marker", f"mark{len(self.events)}"))
        self.search_until(marker.text, bool)

    def stop(self) -> None:
        if not self._stopped:
            self._stopped = True
            done: list[bool] = []
            self.log.stop(lambda: done.append(True))
            self.pump_until(lambda: bool(done))


def memory(subject: Subject, path: Path, keep_seconds: float = 0, keep_events: int = 0) -> ILog:
    return MemoryLog(subject.call, lambda: subject.now, **({"capacity": keep_events} if keep_events else {}))


def sqlite(subject: Subject, path: Path, keep_seconds: float = 0, keep_events: int = 0) -> ILog:
    return SQLiteLog(
        str(path / "history"),
        soon=subject.call,
        from_thread=subject.call,
        now=lambda: subject.now,
        durability="process",
        keep_seconds=keep_seconds,
        keep_events=keep_events,
    )


LOGS: dict[str, Callable[..., ILog]] = {"memory": memory, "sqlite": sqlite}
"""Every log that there is."""
