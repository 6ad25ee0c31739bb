"""The plain terminal: lines in, lines out, no escape sequence; for pipes, and where there is nothing better.

Standard input and output are a connection of the reactor. Standard input is read only while there is a connection to
the server and no line waits to be sent. So lines that are typed or piped in the meantime wait in the pipe or the
terminal, and none is lost.

On a pipe, each line is said, and none is a command: no person has looked at it. A line that is too long for the server
is said in pieces.
"""

from __future__ import annotations

import os
import sys
from collections import deque
from collections.abc import Callable, Sequence
from time import time
from typing import Any

from twisted.internet.interfaces import IConsumer, IHalfCloseableProtocol, IPushProducer
from twisted.internet.protocol import Protocol, connectionDone
from twisted.internet.stdio import StandardIO
from twisted.python.failure import Failure
from zope.interface import implementer

from chatroom.client.errors import TooManyUnacknowledged
from chatroom.client.limits import pieces
from chatroom.client.render_context import RenderContext
from chatroom.client.terminal import Speaker, is_command, spoken
from chatroom.model.answers import Answer, Done, Welcome
from chatroom.model.constants import ENCODING
from chatroom.model.errors import ChatError
from chatroom.model.events import Event
from chatroom.model.text import clean
from chatroom.wire.formats import day_of
from chatroom.wire.lines import LineSplitter
from chatroom.wire.plain import PLAIN

MAX_LINE = 1024 * 1024
"""Bytes in a line of input."""


@implementer(IHalfCloseableProtocol, IPushProducer)
class PlainTerminal(Protocol):
    """Standard input and output; a producer of lines for the connection to the server."""

    transport: StandardIO

    def __init__(self, hint: str = "") -> None:
        """:param hint: a line to show first."""
        self.can_ask = os.isatty(0) and os.isatty(1)
        # Whether a person types, and may give commands.
        self._typed = os.isatty(0)
        self._hint = hint
        self._lines = LineSplitter(MAX_LINE)
        # Input that was read and not handed on: texts, each with whether it is a command.
        self._waiting: deque[tuple[str, bool]] = deque()
        self._answer: Callable[[str], None] | None = None
        self._ended = False
        # The connection by which we are in, and whether its buffer is full.
        self._consumer: Any = None
        self._full = False
        # Bytes in the longest message that the server takes, once it has told.
        self._max_message = MAX_LINE
        # The date of the last event of the past that was shown, on this connection.
        self._day = ""

    def start(self, speaker: Speaker, reactor: Any) -> None:
        self._speaker = speaker
        if os.name == "posix":
            _leave_as_they_are(reactor)
        StandardIO(self, reactor=reactor)

    def connectionMade(self) -> None:
        self._read_or_not()
        if self._hint:
            self._show_line(self._hint)

    # Output.

    def show(self, thing: Event | Answer, context: RenderContext) -> None:
        if isinstance(thing, Welcome) and thing.limits is not None:
            self._max_message = thing.limits.message
        for line in self._rendered(thing, context):
            self._show_line(line)

    def _rendered(self, thing: Event | Answer, context: RenderContext) -> list[str]:
        if isinstance(thing, Done) and thing.event:
            return []  # The event itself is shown, among those that were missed.
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
        # Nothing that a terminal would act on may pass.
        self._write(clean(line) + "\n")

    def _write(self, text: str) -> None:
        self.transport.write(text.encode(sys.stdout.encoding if sys.stdout else ENCODING, "replace"))

    # The connection to the server.

    def connecting(self) -> None:
        self._day = ""

    def trying_again(self, where: str, pause: float) -> None:
        self._show_line(f"* no connection to {where}: trying again in {pause:.0f} s")

    def entered(self, transport: Any) -> None:
        # A pipe is read no faster than the server takes the lines.
        self._full = False
        self._consumer = IConsumer(transport)
        self._consumer.registerProducer(self, True)
        self._hand_on()

    def lost(self) -> None:
        self._answer = None
        if self._consumer is not None:
            self._consumer.unregisterProducer()
            self._consumer = None
        self._read_or_not()

    def answered(self) -> None:
        if self._waiting:
            self._hand_on()

    def pauseProducing(self) -> None:
        self._full = True
        self._read_or_not()

    def resumeProducing(self) -> None:
        self._full = False
        self._hand_on()

    def stopProducing(self) -> None:
        """Wait for another connection: this one is lost."""
        self._full = True
        self._read_or_not()

    # Input.

    def ask(self, question: str, answer: Callable[[str], None]) -> None:
        self._answer = answer
        self._write(question)
        self._read_or_not()

    def unsaid(self) -> Sequence[str]:
        return [text for text, _ in self._waiting]

    def _read_or_not(self) -> None:
        """Read standard input, or leave it unread, as the state is now."""
        wanted = self._answer is not None or (self._consumer is not None and not self._full and not self._waiting)
        if wanted and not self._ended:
            self.transport.resumeProducing()
        else:
            self.transport.pauseProducing()

    def dataReceived(self, data: bytes) -> None:
        for line in self._lines.feed(data):
            self._take(line)
        self._hand_on()

    def readConnectionLost(self) -> None:
        """Take notice of the end of the input."""
        self._ended = True
        if rest := self._lines.end():
            self._take(rest)
        self._hand_on()

    def _take(self, line: bytes | ChatError) -> None:
        """Take in one line of the input, or the error that stands in its place."""
        if isinstance(line, ChatError):
            self._cannot_be_said("a line of the input", str(line))
            return
        encoding = sys.stdin.encoding if sys.stdin else ENCODING
        try:
            text = line.decode(encoding)
        except UnicodeDecodeError:
            self._cannot_be_said(line.decode(encoding, "replace"), f"it is not {encoding}")
            return
        if self._answer is not None:
            answer, self._answer = self._answer, None
            answer(text)
        elif self._typed and is_command(text):
            self._waiting.append((text, True))
        elif clean(text).strip():
            said = spoken(text) if self._typed else text
            self._waiting.extend((piece, False) for piece in pieces(said, self._max_message))

    def _cannot_be_said(self, line: str, why: str) -> None:
        if self.can_ask:
            self._show_line(f"! not sent: {why}")
        self._speaker.not_said(line, why)

    def _hand_on(self) -> None:
        """Hand on waiting lines as far as the connection takes them; then read on, or leave after the last."""
        while self._waiting and self._consumer is not None and not self._full:
            text, is_a_command = self._waiting[0]
            try:
                if is_a_command:
                    self._speaker.do(text)
                else:
                    self._speaker.say(text)
            except TooManyUnacknowledged:
                break
            except ChatError as error:
                self._show_line(f"! {error}")
                self._speaker.not_said(text, str(error))
            self._waiting.popleft()
        self._read_or_not()
        if self._ended and not self._waiting:
            self._speaker.no_more()

    # The end.

    def close(self) -> None:
        self.transport.loseConnection()

    def writeConnectionLost(self) -> None:
        """Take notice that nobody reads our output any more."""
        self._speaker.ended()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._speaker.ended()


def _leave_as_they_are(reactor: Any) -> None:
    """Restore the blocking modes of standard input and output at the end."""
    blocking = {descriptor: os.get_blocking(descriptor) for descriptor in (0, 1)}

    def restore() -> None:
        # Standard input is shared with the shell that started us.
        for descriptor, was in blocking.items():
            os.set_blocking(descriptor, was)

    reactor.addSystemEventTrigger("after", "shutdown", restore)


def open_closed_descriptors() -> None:
    """Open the null device for a closed standard input or output, before another file gets its descriptor."""
    for descriptor in (0, 1):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
