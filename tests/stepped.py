"""A log that commits, fails and answers when a test says so; and somebody to stand at a session's door."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from zope.interface import implementer

from chatroom.core.accounts import Accounts
from chatroom.core.chat import Chat
from chatroom.core.commands import COMMANDS
from chatroom.core.delivery import REPLAY_BUFFER, Delivery
from chatroom.core.dialogue import Dialogue
from chatroom.core.members import Member
from chatroom.core.nicknames import Nicknames
from chatroom.core.requests import Request
from chatroom.core.session import Phase
from chatroom.log.interface import Events, Id, Ids, ILog, NoAnswer, Outcomes
from chatroom.log.turns import Asker
from chatroom.model.answers import Answer, Notice
from chatroom.model.constants import LOBBY
from chatroom.model.errors import AlreadyKept, ChatError, NoHistory, NotKept
from chatroom.model.events import Draft, Event, Quit, Removal, Said, marked
from chatroom.model.rules import Rules, first_refusal
from chatroom.model.settings import Settings
from chatroom.wire.handshake import Place
from chatroom.wire.jsonlines import JSON
from chatroom.wire.plain import PLAIN
from chatroom.wire.reading import read_json
from chatroom.wire.send_queue import SendQueue, TransportSendQueue

NOT_SENT = "! not sent: the disk is full. Try again when that is mended."
"""What somebody reads when :meth:`SteppedLog.fail` was called."""


@implementer(ILog)
class SteppedLog:
    """Keeps everything.

    What is appended waits for :meth:`commit` or :meth:`fail`. A question is answered at once, or, when not ``prompt``,
    by :meth:`answer`, with what was there when it was asked: the least that a log promises.
    """

    def __init__(self, prompt: bool = True, identity: str = "stepped", rules: Rules | None = None) -> None:
        self.rules = rules or Rules(LOBBY)
        self.prompt = prompt
        self.identity = identity
        self.requests: deque[Sequence[Draft]] = deque()
        self.events: list[Event] = []
        self.failed_quits: set[str] = set()
        """The ids of members who have quit, though that could not be kept."""
        self.failed_quits_at: list[tuple[str, int]] = []
        """The same, each with the id of the last event before."""
        self.last_committed = self.forgotten = 0
        self.state: list[Event] = []
        self.asked: list[str] = []
        """The names of the questions to it."""
        self.dropped: list[Asker] = []
        """Those whose questions were dropped."""
        self._questions: deque[tuple[Events, NoAnswer, Sequence[Event]]] = deque()

    def start(self, outcomes: Outcomes) -> None:
        self._outcomes = outcomes

    def is_full(self, times: float = 1.0) -> bool:
        return False

    def append(self, drafts: Sequence[Draft]) -> None:
        assert len({draft.token for draft in drafts}) == 1, "one request has one token"
        self.requests.append(drafts)

    @property
    def drafts(self) -> list[Draft]:
        """What waits."""
        return [draft for request in self.requests for draft in request]

    def commit(self, count: int | None = None, refusing: Mapping[int, ChatError] | None = None) -> None:
        """Keep the first ``count`` requests that wait, all without a ``count``, in one batch.

        :param refusing: which of them are refused, and why.
        """
        batch: list[Event] = []
        tokens: list[int] = []
        refused: list[tuple[int, ChatError]] = []
        for number, request in enumerate(self._take(count)):
            known = next((event for draft in request for event in self.events + batch if _is_same(event, draft)), None)
            if known is not None:
                refused.append((request[0].token, AlreadyKept(id=known.id)))
                continue
            if refusing is not None and number in refusing:
                refused.append((request[0].token, refusing[number]))
                continue
            if (against := first_refusal(self.rules, request, float(self.last_committed))) is not None:
                refused.append((request[0].token, against))
                continue
            for draft in request:
                if draft.kind.kept:
                    # There may be gaps between ids.
                    self.last_committed += 1 + len(batch) % 3
                batch.append(draft.event(self.last_committed, float(self.last_committed)))
                self.rules.note(batch[-1])
                tokens.append(draft.token)
        self.events.extend(event for event in batch if event.kept)
        for event in batch:
            if isinstance(event, Removal):
                self.events = list(marked(self.events, dict.fromkeys(event.ids, event)))
        if batch:
            self._outcomes.committed(batch, tokens)
        for token, error in refused:
            self._outcomes.refused(token, error)

    def fail(self, count: int | None = None) -> None:
        """Fail to keep them."""
        requests = self._take(count)
        passing = [draft for request in requests for draft in request if not draft.kind.kept]
        if passing:
            events = [draft.event(self.last_committed, float(self.last_committed)) for draft in passing]
            self._outcomes.committed(events, [draft.token for draft in passing])
        failed = [request[0].token for request in requests if request[0].kind.kept]
        quits = [request[0].member for request in requests if request[0].kind is Quit]
        self.failed_quits |= set(quits)
        self.failed_quits_at += [(member, self.last_committed) for member in quits]
        if failed:
            self._outcomes.failed(failed, NotKept(why="the disk is full"))

    def break_down(self, error: ChatError) -> None:
        """Keep nothing any more."""
        self.requests.clear()
        self._outcomes.broken(error)

    def happen(self, *events: Event) -> None:
        """Hand back what nobody here has asked for, as of another server."""
        self.events.extend(events)
        self.last_committed = events[-1].id
        for event in events:
            self.rules.note(event)
        self._outcomes.committed(events, [0] * len(events))

    def _take(self, count: int | None) -> list[Sequence[Draft]]:
        count = len(self.requests) if count is None else min(count, len(self.requests))
        return [self.requests.popleft() for _ in range(count)]

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
        self.asked.append("recent")
        self._ask(answer, failed, self._last_talk(room, count, before))

    def recent_ids(
        self, room: str, count: int, before: int | None, answer: Ids, failed: NoAnswer, *, asker: Asker | None = None
    ) -> None:
        self.asked.append("recent_ids")
        found = self._last_talk(room, count, before)
        self._ask(lambda events: answer([event.id for event in events]), failed, found)

    def with_ids(self, ids: Sequence[int], answer: Events, failed: NoAnswer, *, asker: Asker | None = None) -> None:
        self.asked.append("with_ids")
        self._ask(answer, failed, [event for event in self.events if event.id in ids])

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
        self.asked.append("since")
        found = [event for event in self.events if event.id > after and event.room in rooms]
        self._ask(answer, failed, found[:limit])

    def search(
        self, room: str, words: str, count: int, answer: Events, failed: NoAnswer, *, asker: Asker | None = None
    ) -> None:
        found = [event for event in self._talk(room) if all(word in event.text.split() for word in words.split())]
        self._ask(answer, failed, found[max(len(found) - count, 0) :])

    def first_since(self, at: float, answer: Id, failed: NoAnswer, *, asker: Asker | None = None) -> None:
        found = [event.id for event in self.events if event.at >= at]
        self._ask(lambda _: answer(found[0] if found else self.last_committed + 1), failed, ())

    def last_before(self, at: float, answer: Id, failed: NoAnswer, *, asker: Asker | None = None) -> None:
        found = [event.id for event in self.events if event.at < at]
        self._ask(lambda _: answer(found[-1] if found else 0), failed, ())

    def drop(self, asker: Asker) -> None:
        self.dropped.append(asker)

    def _last_talk(self, room: str, count: int, before: int | None) -> list[Event]:
        older = [event for event in self._talk(room) if before is None or event.id < before]
        return older[max(len(older) - count, 0) :]

    def _talk(self, room: str) -> list[Event]:
        return [event for event in self.events if event.room == room and event.counted]

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
        while self.requests or self._questions:
            self.commit()
            while self.answer():
                pass


def _is_same(event: Event, draft: Draft) -> bool:
    return bool(draft.ref) and (event.member, event.ref) == (draft.member, draft.ref)


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

    host = ""
    encrypted = False

    def __init__(self, chat: Chat, kind: type[Dialogue] = Dialogue) -> None:
        self.closed = False
        self.refused = 0
        """How often they were sent back to the entrance."""
        self._wire = Wire(self)
        self._send_queue = TransportSendQueue(self._wire, chat.settings.sendq, self)
        self._waiting: deque[str] = deque()
        self.session = kind(chat, self, PLAIN, COMMANDS)
        self.spent = 0.0
        """How many lines more than they sent counted as read."""

    @property
    def send_queue(self) -> SendQueue:
        return self._send_queue

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

    def holds(self, more: int) -> None:
        """It has as much memory as it likes."""

    def too_slow(self) -> None:
        """Lose the connection, which is too far behind."""
        self.lose()

    def lose(self) -> None:
        """Lose the connection."""
        if not self.closed:
            self.closed = True
            self._send_queue.forget()
            self.session.lost("connection lost")

    def stop_reading(self) -> None:
        """Leave unread what comes."""
        self._send_queue.pauseProducing()

    def read_on(self) -> None:
        """Read what waits, and what comes."""
        self._send_queue.resumeProducing()

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

    def seconds(self) -> float:
        return 0.0

    def spend(self, lines: float) -> None:
        self.spent += lines

    def hide_typing(self, hidden: bool) -> None:
        """There is no terminal here."""

    def come_in(self) -> None:
        """There is no timer here."""

    def go_on(self) -> None:
        assert not self.session.busy
        if self.session.phase is Phase.OUTSIDE:
            self.refused += 1
        self._hand_in()

    def close(self) -> None:
        """As a real door does: the end comes back as a lost connection."""
        if not self.closed:
            self._send_queue.close()


class Notes:
    """Asks for things where there is no connection, and notes what becomes of them."""

    def __init__(self) -> None:
        self.outcomes: list[tuple[type[Event], str, str]] = []
        """The last event of each request that has happened: its kind, room and text."""
        self.errors: list[ChatError] = []

    def own(self, request: Request, event: Event) -> bytes:
        raise AssertionError("there is nobody to be shown anything")

    def said(self, request: Request) -> None:
        self.outcomes.append((request.kind, request.rooms[0], request.text))

    def done(self, request: Request, event: Event) -> None:
        self.outcomes.append((type(event), event.room, event.text))

    def not_done(self, request: Request, error: ChatError) -> None:
        self.errors.append(error)


class House:
    """A chat on a stepped log, and all that has happened in it."""

    def __init__(
        self,
        log: SteppedLog | None = None,
        replay_buffer: int = REPLAY_BUFFER,
        *,
        nicknames: Nicknames | None = None,
        accounts: Accounts | None = None,
        operators: Mapping[str, str] | None = None,
        **settings: object,
    ) -> None:
        self.log = log or SteppedLog()
        self.happened: list[Event] = []
        self.not_kept: list[ChatError | None] = []
        """Why the log began to fail; None when it kept something again."""
        self.broken: list[ChatError] = []
        self.hook: Callable[[Event], object] = self.happened.append
        self.delivery = Delivery(replay_buffer)
        self.chat = Chat(
            self.log,
            self.delivery,
            now=lambda: 0.0,
            settings=Settings(**{"replay": 0, **settings}),  # type: ignore[arg-type]
            nicknames=nicknames,
            accounts=accounts,
            operators=operators,
            hook=self._happens,
            on_not_kept=self.not_kept.append,
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


class Bot:
    """A member without a connection, and what it was told."""

    def __init__(self, house: House, nickname: str, *rooms: str, member_id: str = "") -> None:
        self.chat = house.chat
        self.member = Member(member_id)
        self.notes = Notes()
        self.granted = 0
        self.chat.claim(self.member, nickname, partial(self._granted, rooms), self.notes.errors.append)

    def _granted(self, rooms: tuple[str, ...]) -> None:
        self.granted += 1
        if rooms:
            self.chat.join(self.member, rooms, self.notes)

    def say(self, room: str, text: str) -> None:
        self.chat.say(self.member, room, text, request=Request(self.member, Said, (room,), text, self.notes))


def people(house: House) -> dict[str, list[str]]:
    """Who is in each room."""
    return {name: list(room.people().people) for name, room in house.chat.rooms.items()}


def come(house: House, nickname: str, *rooms: str, since: int | Place | None = None, client: str = "") -> Visitor:
    """Somebody who reads JSON and has asked to come in."""
    visitor = Visitor(house.chat)
    visitor.session.format = JSON
    visitor.session.enter(nickname, rooms, Place(since) if isinstance(since, int) else since, client)
    return visitor


def shape(things: Sequence[Event | Answer]) -> list[str]:
    """What was said by its text, everything else by what it is."""
    return [thing.text if isinstance(thing, Said) else type(thing).__name__ for thing in things]
