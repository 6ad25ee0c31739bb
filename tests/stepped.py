"""A log that commits, fails and answers when a test says so; and somebody to stand at a session's door."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from zope.interface import implementer

from chatroom.delivery import TAIL, Delivery
from chatroom.errors import ServerFault
from chatroom.events import TALK, Answer, Event, EventType, Notice
from chatroom.formats import read_json
from chatroom.log.interface import Committed, Events, Failed, ILog
from chatroom.room import Chat
from chatroom.session import Session
from chatroom.settings import Settings


class NotKept(ServerFault):
    code = "not-kept"
    sentence = "Not sent: the disk is full."


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
        self._answers: deque[tuple[Events, Sequence[Event]]] = deque()
        self._last_id = 0
        self._done: Callable[[], None] | None = None

    def start(self, committed: Committed, failed: Failed) -> None:
        self._committed = committed
        self._failed = failed

    def append(self, kind: EventType, room: str, nickname: str, text: str) -> None:
        self.drafts.append((kind, room, nickname, text))

    def commit(self, count: int | None = None) -> None:
        """Keep the first ``count`` of what waits, all without a ``count``, in one batch."""
        batch: list[Event] = []
        for kind, *fields in self._take(count):
            # There may be gaps between ids.
            self._last_id += 1 + len(batch) % 3
            batch.append(kind(self._last_id, float(self._last_id), *fields))
        self.events.extend(batch)
        if batch:
            self._committed(batch)

    def fail(self, count: int | None = None) -> None:
        """Fail to keep them."""
        drafts = self._take(count)
        if drafts:
            self._failed(drafts, NotKept())

    def _take(self, count: int | None) -> list[tuple[EventType, str, str, str]]:
        count = len(self.drafts) if count is None else min(count, len(self.drafts))
        return [self.drafts.popleft() for _ in range(count)]

    def recent(self, room: str, count: int, before: int | None, answer: Events) -> None:
        talk = [event for event in self.events if event.room == room and isinstance(event, TALK)]
        older = [event for event in talk if before is None or event.id < before]
        self._asked(answer, older[max(len(older) - count, 0) :])

    def since(self, rooms: frozenset[str], after: int, limit: int, answer: Events) -> None:
        self._asked(answer, [event for event in self.events if event.id > after and event.room in rooms][:limit])

    def _asked(self, answer: Events, events: Sequence[Event]) -> None:
        self._answers.append((answer, events))
        if self.prompt:
            self.answer()

    def answer(self) -> bool:
        """Answer the oldest question; False when there is none."""
        if not self._answers:
            return False
        answer, events = self._answers.popleft()
        answer(events)
        return True

    def stop(self, done: Callable[[], None]) -> None:
        self.commit()
        while self.answer():
            pass
        done()

    def settle(self) -> None:
        """Commit and answer until nothing waits."""
        while self.drafts or self._answers:
            self.commit()
            while self.answer():
                pass


class Visitor:
    """The door of one session: hands in lines when the session is not busy, and keeps what it is shown."""

    def __init__(self, chat: Chat) -> None:
        self.session = Session(chat, self)
        self.closed = False
        self.refused = 0
        """How often they were sent back to the entrance."""
        self._waiting: deque[str] = deque()
        self._shown = b""

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
            self.session.lost("connection lost")

    def lines(self) -> list[str]:
        """What was shown since the last call."""
        shown, self._shown = self._shown, b""
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

    def write(self, data: bytes) -> None:
        assert not self.closed, "written to somebody who has gone"
        self._shown += data

    def go_on(self) -> None:
        assert not self.session.busy
        if not self.session.entered:
            self.refused += 1
        self._hand_in()

    def close(self) -> None:
        """As a real door does: the end comes back as a lost connection."""
        if not self.closed:
            self.lose()


class House:
    """A chat on a stepped log, and all that has happened in it."""

    def __init__(self, log: SteppedLog | None = None, tail: int = TAIL, **settings: object) -> None:
        self.log = log or SteppedLog()
        self.happened: list[Event] = []
        self.hook: Callable[[Event], object] = self.happened.append
        self.delivery = Delivery(tail)
        self.chat = Chat(
            self.log,
            self.delivery,
            now=lambda: 0.0,
            settings=Settings(**{"replay": 0, **settings}),  # type: ignore[arg-type]
            hook=self._happens,
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
