"""The client for people: prints what arrives and sends what is typed, both at once.

Standard input and output are a second connection of the same reactor (:class:`Terminal`), beside the one to
the server (:class:`TerminalClient`); each tells the other what came in. While there is no server to send to,
standard input is not read, so what is typed or piped waits where it is and nothing is lost.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from time import time
from typing import Any

from twisted.application.internet import ClientService, backoffPolicy
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import HostnameEndpoint
from twisted.internet.interfaces import IConsumer, IHalfCloseableProtocol, IPushProducer
from twisted.internet.protocol import Protocol, connectionDone
from twisted.internet.stdio import StandardIO
from twisted.python.failure import Failure
from zope.interface import implementer

from chatroom.client.protocol import ChatClientFactory, ChatClientProtocol
from chatroom.constants import ENCODING, HOST_NAME, PORT
from chatroom.errors import ChatError
from chatroom.events import Answer, Event, Left, Renamed
from chatroom.formats import PLAIN, day_of
from chatroom.lines import LineSplitter
from chatroom.text import clean

FIRST_PAUSE = 1.0
"""Seconds until the first try to come back to a server that went away; each pause is longer, with jitter."""
LONGEST_PAUSE = 60.0

MAX_LINE = 1024 * 1024
"""Bytes in a line of input; what a server takes is less."""


def parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m chatroom.client",
        description="Talk in a chatroom. What you type is said; /help lists the commands.",
        epilog="On a pipe, every line of standard input is said, and the end of it leaves.",
    )
    parser.add_argument("nickname", help="what you are called")
    parser.add_argument("--host", default=HOST_NAME, help="where the server is (default: %(default)s)")
    parser.add_argument("--port", default=PORT, type=_port, help="its TCP port (default: %(default)s)")
    parser.add_argument("--room", help="the room to enter (default: the server's)")
    parser.add_argument("--once", action="store_true", help="end when the server goes away, do not try again")
    return parser


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 65536):
        raise argparse.ArgumentTypeError(f"{text} is not a port: they go from 1 to 65535")
    return int(text)


def main(reactor: Any, arguments: Sequence[str]) -> Deferred[None]:
    """Run the client; fires when it has ended, fails with SystemExit when not as one would wish."""
    options = parser().parse_args(arguments)
    return Client(reactor, options).run()


class Client:
    """What holds the two connections together."""

    def __init__(self, reactor: Any, options: argparse.Namespace) -> None:
        self.interactive = os.isatty(0) and os.isatty(1)
        self.terminal = Terminal(self)
        self._where = f"{options.host}:{options.port}"
        self._once = options.once
        self._reactor = reactor
        self._ended: Deferred[None] = Deferred()
        self._exit_status = 0
        self._connection: TerminalClient | None = None
        self._was_in = False
        self._over = False
        factory = TerminalClientFactory(self, options.nickname, [options.room] if options.room else [])
        endpoint = HostnameEndpoint(reactor, options.host, options.port)
        self._backoff = backoffPolicy(FIRST_PAUSE, LONGEST_PAUSE)
        self._service = ClientService(endpoint, factory, retryPolicy=self._pause, clock=reactor)

    def run(self) -> Deferred[None]:
        """Start; fires at the end."""
        blocking = {descriptor: os.get_blocking(descriptor) for descriptor in (0, 1)}

        def restore() -> None:
            # Standard input is shared with the shell that started us, which may want it as it was.
            for descriptor, was in blocking.items():
                os.set_blocking(descriptor, was)

        self._reactor.addSystemEventTrigger("before", "shutdown", self._stop)
        self._reactor.addSystemEventTrigger("after", "shutdown", restore)
        StandardIO(self.terminal, reactor=self._reactor)
        self._service.startService()
        self._service.whenConnected(failAfterFailures=1).addErrback(self._no_server)
        return self._ended

    def _stop(self) -> None:
        # Both connections are closed for us now, and neither is to be taken for a fault.
        self._over = True

    def _no_server(self, failure: Failure) -> None:
        self.end(f"no server at {self._where}: {failure.getErrorMessage()}")

    def _pause(self, attempt: int) -> float:
        pause: float = self._backoff(attempt)
        # In a turn of its own: that the connection was lost because we left is known only then.
        self._reactor.callLater(0, self._say_pause, pause)
        return pause

    def _say_pause(self, pause: float) -> None:
        if self._was_in and not self._over:
            self.terminal.show(f"* no connection to {self._where}: trying again in {pause:.0f} s")

    def entered(self, connection: TerminalClient) -> None:
        """The server has let us in: take what is typed."""
        self._connection = connection
        self._was_in = True
        # What is read from a pipe faster than the server takes it waits in the pipe.
        IConsumer(connection.transport).registerProducer(self.terminal, True)
        self.terminal.resume()

    def nickname_refused(self, connection: TerminalClient) -> None:
        """Ask for another where there is somebody to ask."""
        if self._was_in:
            # We had it before the connection was lost: the server has yet to notice that. Try again in a while.
            connection.transport.loseConnection()
        elif self.interactive:
            self.terminal.ask("Another nickname? ", connection.call_yourself)
        else:
            self.end(status=1)  # Why it was refused stands on the terminal already.

    def lost(self, connection: TerminalClient) -> None:
        """The connection to the server has gone."""
        if self._connection is connection:
            IConsumer(connection.transport).unregisterProducer()
            self._connection = None
        self.terminal.pause()
        if connection.has_left:
            self.end()
        elif connection.leaving:
            self.end(f"{self._where} closed the connection before everything had come back")
        elif self._once or not self._was_in:
            self.end(f"{self._where} closed the connection")

    def typed(self, line: bytes) -> None:
        """A line of standard input."""
        if self._connection is not None:
            self._connection.leaving = self._connection.leaving or line.split()[:1] == [b"/quit"]
            self._connection.sendLine(line)

    def no_more(self) -> None:
        """The end of standard input: leave once everything that was sent has come back."""
        if self._connection is None:
            self.end()
        elif not self._connection.leaving:
            self.typed(b"/quit")

    def end(self, error: str = "", status: int = 0) -> None:
        """Close both connections; with an ``error``, say it, and have the exit status say so too."""
        if self._over:
            return
        self._over = True
        self._exit_status = 1 if error else status
        if error:
            self.terminal.complain(error)
        # In a turn of its own, since the service may be in the middle of telling us something.
        self._reactor.callLater(0, lambda: self._service.stopService().addBoth(lambda _: self.terminal.close()))

    def ended(self) -> None:
        """Everything was printed, or nobody is there to print it for."""
        self.end()
        if self._ended.called:
            return
        if self._exit_status:
            self._ended.errback(SystemExit(self._exit_status))
        else:
            self._ended.callback(None)


class TerminalClient(ChatClientProtocol):
    """The connection to the server."""

    factory: TerminalClientFactory
    leaving = False
    """Whether we have asked to leave."""
    _day = ""
    """The date of what was last shown of the past."""

    @property
    def has_left(self) -> bool:
        """Whether we have left because we had asked to."""
        return self.leaving and self.live and not self.rooms

    def nickname_wanted(self, again: bool) -> None:
        if again:
            self.factory.client.nickname_refused(self)
        else:
            super().nickname_wanted(again)

    def call_yourself(self, nickname: str) -> None:
        """Try another nickname than the one that was refused."""
        self.factory.nickname = nickname
        self.give_nickname(nickname)

    def entered(self) -> None:
        self.factory.client.entered(self)

    def received(self, thing: Event | Answer) -> None:
        if (
            self.leaving
            and isinstance(thing, Left)
            and thing.nickname == self.nickname
            and {*self.rooms} == {thing.room}
        ):
            return
        if self.live and isinstance(thing, Renamed) and thing.text == self.nickname:
            self.factory.nickname = self.nickname
        for line in self._lines(thing):
            self.factory.client.terminal.show(line)

    def _lines(self, thing: Event | Answer) -> list[str]:
        if not isinstance(thing, Event):
            return PLAIN.lines(thing)
        # Before we have entered, what we missed is of the rooms that we come back to.
        here = self.speaks_in or next(reversed(self.factory.rooms), thing.room)
        if self.is_new(thing):
            return PLAIN.lines(thing, thing.room != here)
        day, self._day = self._day or day_of(time()), day_of(thing.at)
        return PLAIN.past_event(thing, thing.room != here, day).decode(ENCODING).splitlines()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.factory.client.lost(self)


class TerminalClientFactory(ChatClientFactory):
    """Makes the connections to the server, one after the other."""

    def __init__(self, client: Client, nickname: str, rooms: Sequence[str]) -> None:
        super().__init__(nickname, TerminalClient, rooms)
        self.client = client


@implementer(IHalfCloseableProtocol, IPushProducer)
class Terminal(Protocol):
    """Standard input and output; what is typed is produced for the connection to the server."""

    transport: StandardIO

    def __init__(self, client: Client) -> None:
        self._client = client
        self._lines = LineSplitter(MAX_LINE)
        self._answer: Callable[[str], None] | None = None
        self._ended = False

    def connectionMade(self) -> None:
        self.pause()

    # Output.

    def show(self, line: str) -> None:
        """Print ``line``, with everything taken out that a terminal would act on."""
        self._write(clean(line) + "\n")

    def complain(self, line: str) -> None:
        """Print ``line`` where errors go."""
        if sys.stderr is not None:
            print(f"! {clean(line)}", file=sys.stderr, flush=True)

    def ask(self, question: str, answer: Callable[[str], None]) -> None:
        """Have ``answer`` called with the next line."""
        self._answer = answer
        self._write(question)
        self.resume()

    def _write(self, text: str) -> None:
        self.transport.write(text.encode(sys.stdout.encoding if sys.stdout else ENCODING, "replace"))

    # Input.

    def pause(self) -> None:
        """Take no more lines for now."""
        self.transport.pauseProducing()

    def resume(self) -> None:
        """Take lines."""
        if self._ended:
            self._client.no_more()
        else:
            self.transport.resumeProducing()

    def pauseProducing(self) -> None:
        self.pause()

    def resumeProducing(self) -> None:
        if not self._ended:
            self.transport.resumeProducing()

    def stopProducing(self) -> None:
        """The connection has gone; there may be another."""
        self.pause()

    def dataReceived(self, data: bytes) -> None:
        for line in self._lines.feed(data):
            self._typed(line)

    def _typed(self, line: bytes | ChatError) -> None:
        if isinstance(line, ChatError):
            self.complain(str(line))
        elif self._answer is not None:
            answer, self._answer = self._answer, None
            self.pause()
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
        """Close once everything was printed."""
        self.transport.loseConnection()

    def writeConnectionLost(self) -> None:
        """Nobody reads what we print."""
        self._client.ended()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._client.ended()


def open_closed_descriptors() -> None:
    """Put the null device where standard input or output was closed, before something else is opened there."""
    for descriptor in (0, 1):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
