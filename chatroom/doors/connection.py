"""Connections: what they have in common at all doors.

A door derives from :class:`Connection`, and says how bytes become pieces (lines, messages) and what it does with one.
It also derives from :class:`chatroom.doors.factory.DoorFactory`, which keeps the connections. Input waits in an
:class:`~chatroom.doors.intake.Intake` and output in a :class:`~chatroom.wire.send_queue.SendQueue`; between them stands
a :class:`~chatroom.core.session.Session`. This module knows no protocol and no rooms.

A connection is OPEN until it is told to close. It is CLOSING until the peer has read everything, or
:data:`CLOSE_TIMEOUT` is over. It is CLOSED when the transport says so.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable, Sequence
from enum import Enum, auto
from typing import Any, ClassVar
from typing import Protocol as Interface

from twisted.internet import error
from twisted.internet.interfaces import IHalfCloseableProtocol, IReactorTime, ISSLTransport
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from chatroom.core.admission import Address
from chatroom.core.chat import Chat
from chatroom.core.rate_limits import RateLimit
from chatroom.core.session import NO_ADDRESS, Session
from chatroom.core.session import Phase as SessionPhase
from chatroom.doors.deadlines import Deadlines
from chatroom.doors.intake import Intake, Piece
from chatroom.doors.pacing import Paced
from chatroom.doors.sources import Source, host_behind
from chatroom.model.errors import ChatError, HandshakeTimeout, OtherProtocol, PeerError, ProxyHeader
from chatroom.model.settings import Settings
from chatroom.wire.other_protocols import MAX_START, PROXY, other_protocol
from chatroom.wire.send_queue import SendQueue, send_queue_for

CLOSE_TIMEOUT = 5
"""Seconds that a peer may take to read its last output before the connection is aborted."""

# A peer whose machine or network is gone is noticed after IDLE + INTERVAL * COUNT = 110 seconds when no data is under
# way (tcp(7)), and after USER_TIMEOUT when some is (RFC 5482). Linux has all four.
_KEEPALIVE = {"TCP_KEEPIDLE": 60, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 5, "TCP_USER_TIMEOUT": 110_000}


class Phase(Enum):
    """The state of a connection."""

    OPEN = auto()
    CLOSING = auto()
    """Nothing more is taken, and the peer reads its last output."""
    CLOSED = auto()


class Keeper(Interface):
    """The part of a factory that its connections need."""

    chat: Chat
    settings: Settings

    @property
    def clock(self) -> IReactorTime:
        """The clock for timers; there is one once the factory was told of a connection."""

    @property
    def seconds(self) -> Callable[[], float]:
        """The clock for limits: seconds that only go forward."""

    @property
    def handshakes(self) -> Deadlines[Any]:
        """The deadlines of those who have not come in yet."""

    @property
    def closings(self) -> Deadlines[Any]:
        """The deadlines of those who read their last output."""

    def connected(self, connection: Any) -> Address:
        """Keep a connection that has a transport.

        :returns: where it comes from.
        :raises PeerError: there are too many; the connection is to be closed.
        """

    def disconnected(self, connection: Any) -> None:
        """Keep a connection no more."""

    def abort_soon(self, connection: Any) -> None:
        """Abort a connection that is stuck, in its turn."""


@implementer(IHalfCloseableProtocol)
class Connection(Paced, Protocol):
    """One connection, which takes its input a piece at a time and writes its output into its send queue."""

    factory: Keeper
    transport: Any
    send_queue: SendQueue
    session: Session
    intake: Intake
    # What most connections leave as it is belongs to the class: an attribute takes 8 bytes of each connection.
    source: Source | None = None
    """The word of a proxy about where the connection comes from."""
    phase = Phase.OPEN
    encrypted = False
    """Whether the connection is encrypted (TLS): to this server, or to a named proxy."""
    chunk: ClassVar[int] = 4096
    """Bytes of input that are decoded at once: what takes a millisecond at most."""

    def __init__(self) -> None:
        self.host = ""
        """The address of the peer, or of the person behind a named proxy; empty where it has none."""
        # The first bytes, until they tell which protocol the peer speaks.
        self._start: bytes | None = b""

    # For doors to override.

    def new_send_queue(self) -> SendQueue:
        """The send queue that everything is written to."""
        return send_queue_for(self.transport, self.factory.settings.sendq, self)

    def new_session(self) -> Session:
        """The session behind the connection."""
        raise NotImplementedError

    def greet(self) -> None:
        """Send what comes first."""

    def decode(self, data: bytes) -> Sequence[Piece]:
        """The pieces that ``data``, at most :attr:`chunk` bytes behind all earlier input, completes."""
        raise NotImplementedError

    def lineReceived(self, line: bytes) -> None:
        """Do the request in one piece; the session is not busy."""
        raise NotImplementedError

    def not_entered(self) -> None:
        """Go on with a newcomer who is still outside after a piece was done or refused."""

    def last_piece(self) -> bytes:
        """The input behind the last whole piece when the peer has sent everything: a piece, too, unless empty."""
        return b""

    def goodbye(self, error: ChatError) -> None:
        """Say why the connection is closed."""
        self.session.refuse(error)

    # The beginning.

    def connectionMade(self) -> None:
        """Admit the connection, or say why not."""
        # One string for all who come from there.
        self.host = sys.intern(host_behind(self.transport, self.source))
        if (self.source is not None and self.source.encrypted) or ISSLTransport.providedBy(self.transport):
            self.encrypted = True
        self.send_queue = self.new_send_queue()
        self.session = self.new_session()
        self.intake = Intake(self, self.session, self.factory.chat.scheduler)
        try:
            self._address = self.factory.connected(self)
        except PeerError as refusal:
            self.say_goodbye(refusal)
            return
        settings = self.factory.settings
        if settings.rate:
            own = RateLimit(settings.rate, settings.burst, self.factory.seconds())
            self.intake.limit(own, self._address.limit)
        self.factory.handshakes.add(self)
        self.greet()

    @property
    def is_in(self) -> bool:
        """Whether somebody has come in by it."""
        return self.session.entered

    @property
    def closing(self) -> bool:
        """Whether nothing more is taken."""
        return self.phase is not Phase.OPEN

    def too_late(self) -> None:
        """Give up a peer that has not said who they are."""
        self.say_goodbye(HandshakeTimeout(seconds=self.factory.settings.handshake_timeout))

    def say_goodbye(self, error: ChatError) -> None:
        """Say why, and close."""
        self.factory.chat.journal(f"{self.host or NO_ADDRESS} was turned away: {error}")
        self.goodbye(error)
        self.close()

    def too_slow(self) -> None:
        """Give up a peer that has not read what was sent to it."""
        self._let_go("reading too slowly")

    def give_up(self) -> None:
        """Give up the peer that most waits for, since more waits for all than the server may keep."""
        self.send_queue.forget()
        self._let_go("the server is short of memory")

    def _let_go(self, reason: str) -> None:
        # The others are told now; the connection is closed when there is time for it.
        self._take_no_more()
        self.session.lost(reason)
        self.factory.abort_soon(self)

    def _take_no_more(self) -> None:
        self.phase = Phase.CLOSING
        self.close_intake()
        self.factory.handshakes.discard(self)

    # What comes in.

    def dataReceived(self, data: bytes) -> None:
        """Take bytes in whatever pieces they come; a peer that speaks HTTP or TLS is told so, and let go."""
        if self._start is not None:
            self._start = (self._start + data[:MAX_START]).lstrip(b"\r\n")
            found = other_protocol(self._start)
            if found is not None:
                self._start = None
            if found and not self.closing:
                unnamed = ProxyHeader(why="its address is not in --proxies")
                self.say_goodbye(unnamed if found == PROXY else OtherProtocol(protocol=found))
                return
        self.intake.receive(data)

    def refuse(self, error: ChatError) -> None:
        """Say why a piece was thrown away."""
        # What was asked for before has nothing to do with it.
        self.session.ref = ""
        self.session.refuse(error)

    def at_end(self) -> None:
        """Close, after the peer has sent everything and is shown what comes of it."""
        if self.session.phase is SessionPhase.OUTSIDE:
            self.close()
        else:
            self.session.quit("connection closed")

    # For the session.

    def seconds(self) -> float:
        """The time by the clock of limits."""
        return self.factory.seconds()

    def spend(self, lines: float) -> None:
        """Count as many more lines as taken, so that later input waits longer."""
        self.intake.spend(lines)

    def hide_typing(self, hidden: bool) -> None:
        """Do nothing: the peer's own terminal, or page, decides what it shows."""

    def come_in(self) -> None:
        """Cancel the handshake deadline: they are in, though they may have much to read first."""
        self.factory.handshakes.discard(self)
        # Until now the deadline was enough, and those who come and go have cost no more than they must.
        _notice_dead_peers(self.transport)

    def go_on(self) -> None:
        """Take the input that has waited for the session, and further input."""
        if self.phase is Phase.OPEN:
            if self.session.phase is SessionPhase.OUTSIDE:
                self.not_entered()
            self.intake.go_on()

    def close(self) -> None:
        """Close the connection once the peer has read everything, :data:`CLOSE_TIMEOUT` from now at the latest."""
        if self.phase is not Phase.OPEN:
            return
        self._take_no_more()
        # A peer that is stuck never reads everything.
        self.factory.closings.add(self)
        self.send_queue.close()

    # The end.

    def readConnectionLost(self) -> None:
        """Do everything that the peer has sent, show it what comes of that, and close: it will send no more."""
        self.intake.end()

    def writeConnectionLost(self) -> None:
        """Do nothing: the end of the connection comes next."""

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Have the member leave, and the others told why."""
        self._take_no_more()
        self.phase = Phase.CLOSED
        self.factory.closings.discard(self)
        self.send_queue.forget()
        if self.encrypted:
            note_failed_handshake(self.factory.chat, self.host, reason)
        self.session.lost("connection closed" if reason.check(error.ConnectionDone) else "connection lost")
        self.factory.disconnected(self)


def note_failed_handshake(chat: Chat, host: str, reason: Failure) -> None:
    """Have the log say that somebody could not agree on TLS with this server, if that is why they are gone.

    :param reason: why the connection is lost.
    """
    # By its name: without TLS, there may be no OpenSSL.
    if reason.check("OpenSSL.SSL.Error"):
        errors = getattr(reason.value, "args", ((),))[0]
        why = ", ".join(str(error[-1]) for error in errors) if isinstance(errors, (list, tuple)) else str(errors)
        chat.journal(f"{host or NO_ADDRESS} was turned away: TLS has failed ({why or 'for no reason given'})")


def _notice_dead_peers(transport: Any) -> None:
    # Over TLS, the transport of the transport has the socket.
    transport = getattr(transport, "transport", transport)
    handle = getattr(transport, "getHandle", lambda: None)()
    # A Unix socket's transport says that it is a TCP transport, but has none of this.
    if not isinstance(handle, socket.socket) or handle.family not in (socket.AF_INET, socket.AF_INET6):
        return
    transport.setTcpNoDelay(True)
    transport.setTcpKeepAlive(True)
    for name, value in _KEEPALIVE.items():
        if hasattr(socket, name):
            handle.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
