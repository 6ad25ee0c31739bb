"""The plain terminal: lines in, lines out, no escape sequence; for pipes, and where there is nothing better.

Standard input and output are a connection of the reactor. Standard input is read only while there is a connection to
the server and no line waits to be sent. So lines that are typed or piped in the meantime wait in the pipe or the
terminal, and none is lost.

On a pipe, each line is said, and none is a command unless that was asked for: no person has looked at it. A line that
is too long for the server is said in pieces.

A person's lines are commands where they start with ``/``. The terminal does not say which lines are pasted, so lines
that come in one :mod:`~chatroom.client.burst` are taken for a paste. Several of them are said without a question only
if they are few and none looks like a command. The lines of a paste go out a few at a time, so that Ctrl-C stops them.
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

from chatroom.client.bell import Bell
from chatroom.client.burst import FEW, Burst
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

AHEAD = 5
"""A person's lines that may be unanswered while others of theirs wait; Ctrl-C cannot call those back."""


@implementer(IHalfCloseableProtocol, IPushProducer)
class PlainTerminal(Protocol):
    """Standard input and output; a producer of lines for the connection to the server."""

    transport: StandardIO

    def __init__(self, hint: str = "", *, commands: bool = False, past: bool = False, bell: bool = True) -> None:
        """
        :param hint: a line to show first.
        :param commands: whether lines of a pipe may be commands.
        :param past: whether a pipe is shown what was said before it came.
        """
        self.can_ask = os.isatty(0) and os.isatty(1)
        # Whether a person types.
        self._typed = os.isatty(0)
        self._commands = commands
        self._past = past or self.can_ask
        self._hint = hint
        self._bell = Bell(self._ring) if bell and self.can_ask else None
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
        # Lines of a paste that the person is asked about, and their number with those that were too many.
        self._asked_about: Sequence[str] = ()
        self._asked_number = 0
        # A descriptor of standard input that stays open when the reactor closes its own.
        self._input = -1
        # The date of the last event of the past that was shown, on this connection.
        self._day = ""

    def start(self, speaker: Speaker, reactor: Any) -> None:
        self._speaker = speaker
        self._burst = Burst(reactor, self._burst_is_over)
        if os.name == "posix":
            self._input = os.dup(0)
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
        if self._bell is not None:
            self._bell.heard(thing, context)
        for line in self._rendered(thing, context):
            self._show_line(line)

    def _rendered(self, thing: Event | Answer, context: RenderContext) -> list[str]:
        if isinstance(thing, Done) and thing.event:
            return []  # The event itself is shown, among those that were missed.
        if not isinstance(thing, Event):
            return PLAIN.lines(thing)
        if not context.past:
            return PLAIN.lines(thing, thing.room != context.room)
        if not (self._past or context.back):
            return []
        day, self._day = self._day or day_of(time()), day_of(thing.at)
        return PLAIN.past_event(thing, thing.room != context.room, day).decode(ENCODING).splitlines()

    def looked_up(self, answer: Event | Answer) -> None:
        """Take notice of nothing: this terminal asks for nothing by itself."""

    def complain(self, line: str) -> None:
        if sys.stderr is not None:
            print(f"! {clean(line)}", file=sys.stderr, flush=True)

    def _show_line(self, line: str) -> None:
        # Nothing that a terminal would act on may pass.
        self._write(clean(line) + "\n")

    def _ring(self) -> None:
        self.transport.write(b"\a")

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

    def left_unread(self) -> bool:
        if self._typed or self._input < 0:
            return False
        if self._lines.end():
            return True
        try:
            return not self._ended and bool(os.read(self._input, 1))
        except OSError:
            return False

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
        self._burst.end()
        if self._asked_about:
            # Nobody can answer any more.
            self._drop_paste()
        if why := self._why_it_ended():
            self._cannot_be_said("the input", why)
        self._hand_on()

    def _why_it_ended(self) -> str:
        """The error that ended the input; empty for a true end. The reactor takes both for the same."""
        try:
            if not self._typed and self._input >= 0:
                os.read(self._input, 1)
        except BlockingIOError:
            pass
        except OSError as error:
            return f"it cannot be read: {os.strerror(error.errno or 0)}"
        return ""

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
        elif self._typed:
            self._burst.add(text)
        else:
            self._take_text(text, commands=self._commands)

    def _take_text(self, text: str, commands: bool) -> None:
        """Have one line wait to be handed on; ``commands`` says whether it may be one, and ``//`` stands for ``/``."""
        if commands and is_command(text):
            self._waiting.append((text, True))
            return
        said = spoken(text) if commands else text
        self._waiting.extend((piece, False) for piece in pieces(said, self._max_message) if clean(piece).strip())

    def _burst_is_over(self, lines: Sequence[str], dropped: int) -> None:
        """Take in a person's lines that came at once; a single one was typed."""
        filled = [line for line in lines if clean(line).strip()]
        if self._asked_about and len(lines) == 1:
            self._answered(lines[0].strip().lower())
        elif self._asked_about:
            self._ask_about([*self._asked_about, *filled], self._asked_number + len(filled) + dropped)
        elif len(filled) <= 1:
            for line in filled:
                self._take_text(line, commands=True)
        elif self.can_ask and (len(filled) > FEW or any(map(is_command, filled))):
            self._ask_about(filled, len(filled) + dropped)
        else:
            for line in filled:
                self._take_text(line, commands=False)
        self._hand_on()

    def _ask_about(self, lines: Sequence[str], number: int) -> None:
        self._asked_about, self._asked_number = lines, number
        first = f"the first {len(lines)} of {number}" if len(lines) < number else f"{number}"
        commands = ", c does those that start with / as commands" if any(map(is_command, lines)) else ""
        # A line of its own: others may speak before the answer.
        self._show_line(f"* {first} lines came at once. Say them? y says them{commands}, n drops them")

    def _answered(self, answer: str) -> None:
        """Do with the paste as the person has answered."""
        if answer in ("y", "yes") or (answer == "c" and any(map(is_command, self._asked_about))):
            lines, self._asked_about = self._asked_about, ()
            for line in lines:
                self._take_text(line, commands=answer == "c")
        elif answer in ("n", "no"):
            self._drop_paste()
        else:
            self._ask_about(self._asked_about, self._asked_number)

    def _drop_paste(self) -> None:
        self._show_line(f"* {self._asked_number} lines were not said")
        self._asked_about = ()

    def _cannot_be_said(self, line: str, why: str) -> None:
        if self.can_ask:
            self._show_line(f"! not sent: {why}")
        self._speaker.not_said(line, why)

    def _hand_on(self) -> None:
        """Hand on waiting lines as far as the connection takes them; then read on, or leave after the last."""
        while self._waiting and self._consumer is not None and not self._full:
            if self._typed and self._speaker.unacknowledged >= AHEAD:
                break
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
