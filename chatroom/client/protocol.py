"""A client for programs: derive from :class:`ChatClientProtocol`, override what you want to hear.

It answers MAGIC with a nickname and asks for JSON lines, so that it knows for certain who said what, and what
is new: of the past that a server shows to whoever enters, the methods for bots hear nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from twisted.internet.interfaces import IReactorTime, ITCPTransport
from twisted.internet.protocol import Factory, connectionDone
from twisted.protocols.basic import LineReceiver
from twisted.python.failure import Failure

from chatroom.client.liveness import Liveness
from chatroom.model.constants import ENCODING, MAGIC
from chatroom.model.events import (
    Acted,
    Answer,
    Event,
    Gone,
    Joined,
    Left,
    Live,
    Notice,
    Past,
    Private,
    Refused,
    Renamed,
    Said,
    Speaking,
    TopicChanged,
    Welcome,
)
from chatroom.wire.formats import JSON, read_json


class ChatClientProtocol(LineReceiver):
    """One connection to a server; made by a :class:`ChatClientFactory`."""

    factory: ChatClientFactory
    transport: ITCPTransport
    delimiter = b"\n"
    # A line of JSON can hold many times what a server takes in one: /history answers with 1000 events in one.
    MAX_LENGTH = 16 * 1024 * 1024

    nickname = ""
    """What we are called; empty until we have entered."""
    live = False
    """Whether we have entered."""

    # For bots to override.

    def entered(self) -> None:
        """We are in, and what comes from now on is new."""

    def said(self, nickname: str, text: str) -> None:
        """Somebody said something; we too, when it comes back."""

    def acted(self, nickname: str, text: str) -> None:
        """Somebody did something: ``/me waves``."""

    def told(self, nickname: str, text: str) -> None:
        """Somebody told us something privately."""

    def joined(self, nickname: str) -> None:
        """Somebody came in; at the beginning we ourselves."""

    def left(self, nickname: str, reason: str) -> None:
        """Somebody went out."""

    def renamed(self, nickname: str, new: str) -> None:
        """Somebody is called ``new`` from now on."""

    def topic_changed(self, nickname: str, topic: str) -> None:
        """Somebody set the topic; it is empty when they took it away."""

    def noticed(self, text: str) -> None:
        """The server said something."""

    def refused(self, code: str, text: str) -> None:
        """Something that we asked for cannot be done; ``code`` is stable, ``text`` is for people."""

    def nickname_wanted(self, again: bool) -> None:
        """The server wants to know our nickname; ``again`` after it refused one.

        Answers with the factory's, and gives up when that was refused.
        """
        if again:
            self.transport.loseConnection()
        else:
            self.give_nickname(self.factory.nickname)

    def received(self, thing: Event | Answer) -> None:
        """Anything that came: override it to have the id, the time, the room, and the past as well.

        This one calls the methods above.
        """
        if self.is_new(thing):
            call = self._calls.get(type(thing))
            if call is not None:
                call(self, thing)

    def is_new(self, thing: Event | Answer) -> bool:
        """Whether ``thing`` has happened just now, and is not of the past that whoever joins a room is shown."""
        return not (isinstance(thing, Event) and self._past)

    # For bots to call.

    def say(self, text: str) -> None:
        """Say something in the room, or give a command: a line that starts with ``/``.

        Each line of ``text`` is one message.
        """
        for line in text.splitlines():
            self.transport.write(line.encode(ENCODING) + b"\n")

    def give_nickname(self, nickname: str) -> None:
        """Answer MAGIC."""
        options = "".join(f" {key}={value}" for key, value in self.factory.options().items())
        self.say(f"{nickname}{options}")

    # The wire.

    _calls: ClassVar[Mapping[type[Any], Callable[[ChatClientProtocol, Any], None]]] = {
        Said: lambda self, event: self.said(event.nickname, event.text),
        Acted: lambda self, event: self.acted(event.nickname, event.text),
        Joined: lambda self, event: self.joined(event.nickname),
        Left: lambda self, event: self.left(event.nickname, event.text),
        Gone: lambda self, answer: self.left(answer.nickname, answer.text),
        Renamed: lambda self, event: self.renamed(event.nickname, event.text),
        TopicChanged: lambda self, event: self.topic_changed(event.nickname, event.text),
        # What nobody's program may answer, a bot does not hear.
        Private: lambda self, answer: None if answer.notice else self.told(answer.nickname, answer.text),
        Notice: lambda self, answer: self.noticed(answer.text),
        Refused: lambda self, answer: self.refused(answer.code, answer.text),
    }

    def connectionMade(self) -> None:
        factory = self.factory
        self._liveness: Liveness | None = None
        if factory.reactor is not None and factory.ping_every:
            self._liveness = Liveness(factory.reactor, factory.ping_every, self._ping, self.transport.abortConnection)
        self._asked_before = self._past = False
        self._to_join = len(self.factory.rooms)
        self.rooms: dict[str, None] = {}
        """The rooms that we are in, the one that we joined last at the end."""
        self.speaks_in = ""
        """The room that what we say goes to."""

    def dataReceived(self, data: bytes) -> None:
        if self._liveness is not None:
            self._liveness.heard()
        super().dataReceived(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if self._liveness is not None:
            self._liveness.stop()

    def _ping(self, line: str) -> None:
        # Before we are in, whatever we send is taken for a nickname.
        if self.live:
            self.say(line)

    def lineReceived(self, line: bytes) -> None:
        line = line.removesuffix(b"\r")
        if not self.nickname and line == MAGIC.encode(ENCODING):
            self.nickname_wanted(self._asked_before)
            self._asked_before = True
            return
        try:
            thing = read_json(line)
        except ValueError:
            # What a server says that speaks no JSON, or before it knows that we do.
            text = line.decode(ENCODING, "replace")
            thing = Refused("error", text[2:]) if text.startswith("! ") else Notice(text.removeprefix("* "))
        if thing is not None and not (self._liveness is not None and self._liveness.is_answer(thing)):
            self._note(thing)

    def _note(self, thing: Event | Answer) -> None:
        if isinstance(thing, Welcome):
            self.nickname = thing.nickname
        elif isinstance(thing, Past):
            self._past = True
        elif isinstance(thing, Live):
            self._past = False
        elif isinstance(thing, Speaking):
            self.speaks_in = thing.room
            self._remember_rooms()
        elif isinstance(thing, Event):
            self.factory.last_id = max(self.factory.last_id, thing.id)
            if thing.nickname == self.nickname and not self._past:
                self._note_our_own(thing)
                return
        self.received(thing)

    def _note_our_own(self, event: Event) -> None:
        first = False
        if isinstance(event, Joined):
            first = not self.live
            self.live = True
            self.rooms[event.room] = None
            self._to_join -= 1
            self.speaks_in = event.room
        elif isinstance(event, Renamed):
            self.nickname = event.text
        if first:
            self.entered()
        self.received(event)
        if isinstance(event, Left):
            self.rooms.pop(event.room, None)
        self._remember_rooms()

    def _remember_rooms(self) -> None:
        if self._to_join > 0:
            return  # Should the connection be cut now, the next asks for all of them again.
        # The one to speak in last, as the handshake has it.
        self.factory.rooms = tuple(sorted(self.rooms, key=lambda room: room == self.speaks_in))


class ChatClientFactory(Factory):
    """Makes the protocol for each connection, and keeps what outlives one: the nickname and the rooms."""

    protocol: Callable[..., ChatClientProtocol] | None  # type: ignore[assignment]  # Twisted's gives any Protocol
    noisy = False

    def __init__(
        self,
        nickname: str,
        protocol: type[ChatClientProtocol] = ChatClientProtocol,
        rooms: Sequence[str] = (),
        *,
        ping_every: float = 0,
        reactor: IReactorTime | None = None,
    ) -> None:
        """
        :param rooms: those to join, the one to speak in last; the server's own when there are none.
        :param ping_every: seconds of silence after which the server is asked whether it is there; one that does
            not answer loses the connection. 0 never asks.
        :param reactor: whose clock that goes by.
        """
        if ping_every and reactor is None:
            raise ValueError("ping_every needs a reactor")
        self.ping_every = ping_every
        self.reactor = reactor
        self.nickname = nickname
        self.protocol = protocol
        self.rooms = tuple(rooms)
        self.last_id = 0
        """The id of the last event that a connection of ours has seen; the next is shown what came after it."""

    def options(self) -> dict[str, str]:
        """What is asked for in the handshake."""
        options = {"format": JSON.name}
        if self.rooms:
            options["room"] = ",".join(self.rooms)
        if self.last_id:
            options["since"] = str(self.last_id)
        return options
