"""A log that commits, fails and answers when a test says so; and somebody to stand at a session's door."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from zope.interface import implementer

from chatroom.core.chat import Chat
from chatroom.core.delivery import TAIL, Delivery
from chatroom.core.session import Session
from chatroom.log.interface import Broken, Committed, Events, Failed, Id, ILog, NoAnswer
from chatroom.model.errors import ChatError, NoHistory, NotKept
from chatroom.model.events import TALK, Answer, Event, EventType, Notice
from chatroom.model.settings import Settings
from chatroom.wire.formats import read_json
from chatroom.wire.send_queue import SendQueue, TransportSendQueue

NOT_SENT = "! not sent: the disk is full. Try again when that is mended."
"""What somebody reads when :meth:`SteppedLog.fail` was called."""


@implementer(ILog)
class SteppedLog:
    """Keeps everything.

    What is appended waits for :meth:`commit` or :meth:`fail`. A question is answered at once, or, when not
    ``prompt``, by :meth:`answer`, with what was there when it was asked: the least that a log promises.
    """

    def __init__(self, prompt: bool = True) -> None:
        self.prompt = prompt
        self.drafts: deque[tuple[EventType, str, str, str]] = deque()
        self.events: list[Event] = []
        self.last_committed = 0
        self.topics: list[Event] = []
        self._questions: deque[tuple[Events, NoAnswer, Sequence[Event]]] = deque()

    def start(self, committed: Committed, failed: Failed, broken: Broken) -> None:
        self._committed = committed
        self._failed = failed
        self._broken = broken

    def append(self, kind: EventType, room: str, nickname: str, text: str) -> None:
        self.drafts.append((kind, room, nickname, text))

    def commit(self, count: int | None = None) -> None:
        """Keep the first ``count`` of what waits, all without a ``count``, in one batch."""
        batch: list[Event] = []
        for kind, *fields in self._take(count):
            # There may be gaps between ids.
            self.last_committed += 1 + len(batch) % 3
            batch.append(kind(self.last_committed, float(self.last_committed), *fields))
        self.events.extend(batch)
        if batch:
            self._committed(batch)

    def fail(self, count: int | None = None) -> None:
        """Fail to keep them."""
        drafts = self._take(count)
        if drafts:
            self._failed(drafts, NotKept(why="the disk is full"))

    def break_down(self, error: ChatError) -> None:
        """Keep nothing any more."""
        self.drafts.clear()
        self._broken(error)

    def _take(self, count: int | None) -> list[tuple[EventType, str, str, str]]:
        count = len(self.drafts) if count is None else min(count, len(self.drafts))
        return [self.drafts.popleft() for _ in range(count)]

    def recent(self, room: str, count: int, before: int | None, answer: Events, failed: NoAnswer) -> None:
        older = [event for event in self._talk(room) if before is None or event.id < before]
        self._ask(answer, failed, older[max(len(older) - count, 0) :])

    def since(self, rooms: frozenset[str], after: int, limit: int, answer: Events, failed: NoAnswer) -> None:
        found = [event for event in self.events if event.id > after and event.room in rooms]
        self._ask(answer, failed, found[:limit])

    def search(self, room: str, words: str, count: int, answer: Events, failed: NoAnswer) -> None:
        found = [event for event in self._talk(room) if all(word in event.text.split() for word in words.split())]
        self._ask(answer, failed, found[max(len(found) - count, 0) :])

    def first_since(self, at: float, answer: Id, failed: NoAnswer) -> None:
        found = [event.id for event in self.events if event.at >= at]
        self._ask(lambda _: answer(found[0] if found else self.last_committed + 1), failed, ())

    def _talk(self, room: str) -> list[Event]:
        return [event for event in self.events if event.room == room and isinstance(event, TALK)]

    def _ask(self, answer: Events, failed: NoAnswer, events: Sequence[Event]) -> None:
        self._questions.append((answer, failed, events))
        if self.prompt:
            self.answer()

    def answer(self) -> bool:
        """Answer the oldest question; False when there is none."""
        if not self._questions:
            return False
        answer, _, events = self._questions.popleft()
        answer(events)
        return True

    def refuse(self) -> None:
        """Tell whoever asked the oldest question that it cannot be answered."""
        _, failed, _ = self._questions.popleft()
        failed(NoHistory(why="the disk is on fire"))

    def stop(self, done: Callable[[], None]) -> None:
        self.commit()
        while self.answer():
            pass
        done()

    def settle(self) -> None:
        """Commit and answer until nothing waits."""
        while self.drafts or self._questions:
            self.commit()
            while self.answer():
                pass


class Wire:
    """The transport of a visitor, who reads what is written to it unless told otherwise."""

    def __init__(self, visitor: Visitor) -> None:
        self.written: list[bytes] = []
        self._visitor = visitor

    def registerProducer(self, producer: object, streaming: bool) -> None:
        assert streaming

    def unregisterProducer(self) -> None:
        """There is nothing to be said to it any more."""

    def write(self, data: bytes) -> None:
        assert not self._visitor.closed, "written to somebody who has gone"
        self.written.append(data)

    def loseConnection(self) -> None:
        self._visitor.lose()


class Visitor:
    """The door of one session: hands in lines when the session is not busy, and keeps what it is shown."""

    def __init__(self, chat: Chat) -> None:
        self.closed = False
        self.refused = 0
        """How often they were sent back to the entrance."""
        self._wire = Wire(self)
        self._outbox = TransportSendQueue(self._wire, chat.settings.sendq, self.lose)
        self._waiting: deque[str] = deque()
        self.session = Session(chat, self)

    @property
    def send_queue(self) -> SendQueue:
        return self._outbox

    def type(self, *lines: str) -> None:
        self._waiting.extend(lines)
        self._hand_in()

    def _hand_in(self) -> None:
        while self._waiting and self.session.entered and not self.session.busy:
            self.session.line(self._waiting.popleft())

    @property
    def waiting(self) -> list[str]:
        """The lines that were not handed in yet."""
        return list(self._waiting)

    def lose(self) -> None:
        """Lose the connection."""
        if not self.closed:
            self.closed = True
            self._outbox.forget()
            self.session.lost("connection lost")

    def stop_reading(self) -> None:
        """Leave unread what comes."""
        self._outbox.pauseProducing()

    def read_on(self) -> None:
        """Read what waits, and what comes."""
        self._outbox.resumeProducing()

    def lines(self) -> list[str]:
        """What was shown since the last call."""
        shown = b"".join(self._wire.written)
        self._wire.written.clear()
        assert shown == b"" or shown.endswith(b"\r\n"), "not whole lines"
        return shown.decode().split("\r\n")[:-1]

    def things(self) -> list[Event | Answer]:
        """The same, in JSON, read."""
        read = [read_json(line) for line in self.lines()]
        return [thing for thing in read if thing is not None]

    def heard(self) -> list[Event]:
        return [thing for thing in self.things() if isinstance(thing, Event)]

    def notices(self) -> list[str]:
        return [thing.text for thing in self.things() if isinstance(thing, Notice)]

    # What a session asks of its door.

    def come_in(self) -> None:
        """There is no timer here."""

    def go_on(self) -> None:
        assert not self.session.busy
        if not self.session.entered:
            self.refused += 1
        self._hand_in()

    def close(self) -> None:
        """As a real door does: the end comes back as a lost connection."""
        if not self.closed:
            self._outbox.close()


class House:
    """A chat on a stepped log, and all that has happened in it."""

    def __init__(self, log: SteppedLog | None = None, tail: int = TAIL, **settings: object) -> None:
        self.log = log or SteppedLog()
        self.happened: list[Event] = []
        self.broken: list[ChatError] = []
        self.hook: Callable[[Event], object] = self.happened.append
        self.delivery = Delivery(tail)
        self.chat = Chat(
            self.log,
            self.delivery,
            now=lambda: 0.0,
            settings=Settings(**{"replay": 0, **settings}),  # type: ignore[arg-type]
            hook=self._happens,
            on_broken=self.broken.append,
        )

    def _happens(self, event: Event) -> None:
        self.hook(event)

    def enter(self, nickname: str, *rooms: str, format_: object = None) -> Visitor:
        """Somebody who is in, and has taken notice of what newcomers are shown."""
        visitor = Visitor(self.chat)
        if format_ is not None:
            visitor.session.format = format_  # type: ignore[assignment]
        visitor.session.enter(nickname, rooms)
        self.log.settle()
        assert visitor.session.entered
        visitor.lines()
        return visitor
