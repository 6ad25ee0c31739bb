"""The client for people: prints what arrives and sends what is typed, both at once.

Two ends of one reactor, and :class:`Client` between them: the connection to the server
(:class:`TerminalClient`) and a terminal. There are two of those, which this module does not know:
:mod:`~chatroom.client.plain` for pipes and :mod:`~chatroom.client.rich` for people.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from twisted.application.internet import ClientService, backoffPolicy
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import HostnameEndpoint
from twisted.internet.error import ConnectionRefusedError, DNSLookupError
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure

from chatroom.client.protocol import ChatClientFactory, ChatClientProtocol
from chatroom.client.render_context import RenderContext
from chatroom.model.constants import HOST_NAME, PORT
from chatroom.model.events import Answer, Event, Left, Renamed
from chatroom.model.text import whole_number

FIRST_PAUSE = 1.0
"""Seconds until the first try to come back to a server that went away; each pause is longer, with jitter."""
LONGEST_PAUSE = 60.0

PING_EVERY = 30.0
"""Seconds of silence after which the server is asked whether it is there."""


class Terminal(Protocol):
    """Where somebody reads and types: all that :class:`Client` knows of it."""

    can_ask: bool
    """Whether there is somebody who could answer a question."""

    def start(self, client: Client, reactor: Any) -> None:
        """Begin to show things, and to tell ``client`` what is typed once there is a connection to send it to."""

    def show(self, thing: Event | Answer, context: RenderContext) -> None:
        """Show what was received, with everything taken out that a terminal would act on."""

    def complain(self, line: str) -> None:
        """Say what went wrong, where errors go."""

    def connecting(self) -> None:
        """A connection was made, and nobody is in yet."""

    def trying_again(self, where: str, pause: float) -> None:
        """There is no connection, and will be none for ``pause`` seconds."""

    def entered(self, transport: Any) -> None:
        """The server has let us in by this connection: take what is typed."""

    def lost(self) -> None:
        """The connection has gone: take nothing for now."""

    def ask(self, question: str, answer: Callable[[str], None]) -> None:
        """Have ``answer`` called with the next line."""

    def close(self) -> None:
        """Give the terminal back once everything was shown, and tell the client that it has ended."""


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
    parser.add_argument("--plain", action="store_true", help="plain lines on a terminal, too, as on a pipe")
    return parser


def _port(text: str) -> int:
    port = whole_number(text, 65535)
    if not port:
        raise argparse.ArgumentTypeError(f"{text} is not a port: they go from 1 to 65535")
    return port


class Client:
    """What holds the two ends together."""

    def __init__(self, reactor: Any, options: argparse.Namespace, terminal: Terminal) -> None:
        self.terminal = terminal
        self._where = f"{options.host}:{options.port}"
        self._once = options.once
        self._reactor = reactor
        self._ended: Deferred[None] = Deferred()
        self._exit_status = 0
        self._connection: TerminalClient | None = None
        self._was_in = False
        self._over = False
        rooms = [options.room] if options.room else []
        factory = TerminalClientFactory(self, options.nickname, rooms, reactor)
        endpoint = HostnameEndpoint(reactor, options.host, options.port)
        self._backoff = backoffPolicy(FIRST_PAUSE, LONGEST_PAUSE)
        self._service = ClientService(endpoint, factory, retryPolicy=self._pause, clock=reactor)

    def run(self) -> Deferred[None]:
        """Start; fires at the end, and fails with SystemExit when that is not as one would wish."""
        self._reactor.addSystemEventTrigger("before", "shutdown", self._stop)
        self.terminal.start(self, self._reactor)
        self._service.startService()
        self._service.whenConnected(failAfterFailures=1).addErrback(self._no_server)
        return self._ended

    def _stop(self) -> None:
        # Both ends are closed for us now, and neither is to be taken for a fault.
        self._over = True

    def _no_server(self, failure: Failure) -> None:
        if failure.check(ConnectionRefusedError):
            why = "nothing listens there"
        elif failure.check(DNSLookupError):
            why = "there is no such host"
        else:
            why = failure.getErrorMessage()
        self.end(f"no server at {self._where}: {why}")

    def _pause(self, attempt: int) -> float:
        pause: float = self._backoff(attempt)
        # In a turn of its own: that the connection was lost because we left is known only then.
        self._reactor.callLater(0, self._say_pause, pause)
        return pause

    def _say_pause(self, pause: float) -> None:
        if self._was_in and not self._over:
            self.terminal.trying_again(self._where, pause)

    # What the connection to the server tells.

    def entered(self, connection: TerminalClient) -> None:
        """The server has let us in: take what is typed."""
        self._connection = connection
        self._was_in = True
        self.terminal.entered(connection.transport)

    def nickname_refused(self, connection: TerminalClient) -> None:
        """Ask for another where there is somebody to ask."""
        if self._was_in:
            # We had it before the connection was lost: the server has yet to notice that. Try again in a while.
            connection.transport.loseConnection()
        elif self.terminal.can_ask:
            self.terminal.ask("Another nickname? ", connection.call_yourself)
        else:
            self.end(status=1)  # Why it was refused stands on the terminal already.

    def lost(self, connection: TerminalClient) -> None:
        """The connection to the server has gone."""
        self._connection = None
        self.terminal.lost()
        if connection.has_left:
            self.end()
        elif connection.leaving:
            self.end(f"{self._where} closed the connection before everything had come back")
        elif self._once or not self._was_in:
            self.end(f"{self._where} closed the connection")

    # What the terminal tells.

    def typed(self, line: bytes) -> None:
        """A line that was typed, without its end."""
        if self._connection is not None:
            self._connection.leaving = self._connection.leaving or line.split()[:1] == [b"/quit"]
            self._connection.sendLine(line)

    def no_more(self) -> None:
        """Nothing will be typed any more: leave once everything that was sent has come back."""
        if self._connection is None:
            self.end()
        elif not self._connection.leaving:
            self.typed(b"/quit")

    def end(self, error: str = "", status: int = 0) -> None:
        """Close both ends; with an ``error``, say it, and have the exit status say so too."""
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

    @property
    def has_left(self) -> bool:
        """Whether we have left because we had asked to."""
        return self.leaving and self.live and not self.rooms

    def connectionMade(self) -> None:
        super().connectionMade()
        self._coming_back = self.factory.last_id > 0
        self.factory.client.terminal.connecting()

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
        # Before we have entered, what we missed is of the rooms that we come back to.
        here = self.speaks_in or next(reversed(self.factory.rooms), getattr(thing, "room", ""))
        context = RenderContext(self.nickname, here, not self.is_new(thing), self._coming_back and not self.live)
        self.factory.client.terminal.show(thing, context)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        super().connectionLost(reason)
        self.factory.client.lost(self)


class TerminalClientFactory(ChatClientFactory):
    """Makes the connections to the server, one after the other."""

    def __init__(self, client: Client, nickname: str, rooms: Sequence[str], reactor: Any) -> None:
        super().__init__(nickname, TerminalClient, rooms, ping_every=PING_EVERY, reactor=reactor)
        self.client = client
