"""The plain terminal: lines in, lines out, no escape sequence; for pipes, and where there is nothing better.

Standard input and output are a connection of the reactor. While there is no server to send to, standard input
is not read, so what is typed or piped waits where it is and nothing is lost.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from time import time
from typing import TYPE_CHECKING, Any

from twisted.internet.interfaces import IConsumer, IHalfCloseableProtocol, IPushProducer
from twisted.internet.protocol import Protocol, connectionDone
from twisted.internet.stdio import StandardIO
from twisted.python.failure import Failure
from zope.interface import implementer

from chatroom.client.render_context import RenderContext
from chatroom.model.constants import ENCODING
from chatroom.model.errors import ChatError
from chatroom.model.events import Answer, Event
from chatroom.model.text import clean
from chatroom.wire.formats import PLAIN, day_of
from chatroom.wire.lines import LineSplitter

if TYPE_CHECKING:
    from chatroom.client.terminal import Client

MAX_LINE = 1024 * 1024
"""Bytes in a line of input; what a server takes is less."""


@implementer(IHalfCloseableProtocol, IPushProducer)
class PlainTerminal(Protocol):
    """Standard input and output; what is typed is produced for the connection to the server."""

    transport: StandardIO

    def __init__(self, hint: str = "") -> None:
        """:param hint: a line to begin with."""
        self.can_ask = os.isatty(0) and os.isatty(1)
        self._hint = hint
        self._lines = LineSplitter(MAX_LINE)
        self._answer: Callable[[str], None] | None = None
        self._ended = False
        self._consumer: Any = None
        # The date of what was last shown of the past, on this connection.
        self._day = ""

    def start(self, client: Client, reactor: Any) -> None:
        self._client = client
        if os.name == "posix":
            _leave_as_they_are(reactor)
        StandardIO(self, reactor=reactor)

    def connectionMade(self) -> None:
        self._pause()
        if self._hint:
            self._show_line(self._hint)

    # Output.

    def show(self, thing: Event | Answer, context: RenderContext) -> None:
        for line in self._looks_like(thing, context):
            self._show_line(line)

    def _looks_like(self, thing: Event | Answer, context: RenderContext) -> list[str]:
        if not isinstance(thing, Event):
            return PLAIN.lines(thing)
        if not context.past:
            return PLAIN.lines(thing, thing.room != context.room)
        day, self._day = self._day or day_of(time()), day_of(thing.at)
        return PLAIN.past_event(thing, thing.room != context.room, day).decode(ENCODING).splitlines()

    def complain(self, line: str) -> None:
        if sys.stderr is not None:
            print(f"! {clean(line)}", file=sys.stderr, flush=True)

    def _show_line(self, line: str) -> None:
        # Whatever a terminal would act on is taken out.
        self._write(clean(line) + "\n")

    def _write(self, text: str) -> None:
        self.transport.write(text.encode(sys.stdout.encoding if sys.stdout else ENCODING, "replace"))

    # The connection to the server.

    def connecting(self) -> None:
        self._day = ""

    def trying_again(self, where: str, pause: float) -> None:
        self._show_line(f"* no connection to {where}: trying again in {pause:.0f} s")

    def entered(self, transport: Any) -> None:
        # What is read from a pipe faster than the server takes it waits in the pipe.
        self._consumer = IConsumer(transport)
        self._consumer.registerProducer(self, True)
        self._take()

    def lost(self) -> None:
        if self._consumer is not None:
            self._consumer.unregisterProducer()
            self._consumer = None
        self._pause()

    # Input.

    def ask(self, question: str, answer: Callable[[str], None]) -> None:
        self._answer = answer
        self._write(question)
        self._take()

    def _pause(self) -> None:
        self.transport.pauseProducing()

    def _take(self) -> None:
        if self._ended:
            self._client.no_more()
        else:
            self.transport.resumeProducing()

    def pauseProducing(self) -> None:
        self._pause()

    def resumeProducing(self) -> None:
        if not self._ended:
            self.transport.resumeProducing()

    def stopProducing(self) -> None:
        """The connection has gone; there may be another."""
        self._pause()

    def dataReceived(self, data: bytes) -> None:
        for line in self._lines.feed(data):
            self._typed(line)

    def _typed(self, line: bytes | ChatError) -> None:
        if isinstance(line, ChatError):
            self.complain(str(line))
        elif self._answer is not None:
            answer, self._answer = self._answer, None
            self._pause()
            answer(line.decode(ENCODING, "replace"))
        else:
            self._client.typed(line)

    def readConnectionLost(self) -> None:
        """The end of the input."""
        self._ended = True
        if rest := self._lines.end():
            self._typed(rest)
        self._client.no_more()

    # The end.

    def close(self) -> None:
        self.transport.loseConnection()

    def writeConnectionLost(self) -> None:
        """Nobody reads what we print."""
        self._client.ended()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._client.ended()


def _leave_as_they_are(reactor: Any) -> None:
    """Have standard input and output be at the end what they are now."""
    blocking = {descriptor: os.get_blocking(descriptor) for descriptor in (0, 1)}

    def restore() -> None:
        # Standard input is shared with the shell that started us, which may want it as it was.
        for descriptor, was in blocking.items():
            os.set_blocking(descriptor, was)

    reactor.addSystemEventTrigger("after", "shutdown", restore)


def open_closed_descriptors() -> None:
    """Put the null device where standard input or output was closed, before something else is opened there."""
    for descriptor in (0, 1):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
