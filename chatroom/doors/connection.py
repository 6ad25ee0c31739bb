"""What is common to connections at all doors: a session behind each, and nothing taken before its time.

A door derives from :class:`Connection` and says how bytes become the pieces that it takes one at a time (lines,
messages), and what it does with one; and from :class:`chatroom.doors.factory.DoorFactory`, which keeps the connections.
Pieces that come while the session is busy, or faster than may be, wait here, and nothing more is read until they
are taken. It knows no protocol and no rooms.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from twisted.internet import error
from twisted.internet.interfaces import IDelayedCall, IHalfCloseableProtocol
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from chatroom.core.rate_limits import RateLimit
from chatroom.core.session import Session
from chatroom.model.errors import ChatError, HandshakeTimeout, PeerError
from chatroom.wire.send_queue import SendQueue, send_queue_for

if TYPE_CHECKING:
    from chatroom.doors.factory import DoorFactory

CLOSE_TIMEOUT = 5
"""Seconds that a connection may take to read what it was sent before it is closed on it."""

# A peer whose machine or network is gone is noticed after IDLE + INTERVAL * COUNT = 110 seconds when nothing
# is under way (tcp(7)), and after USER_TIMEOUT when something is (RFC 5482); Linux has all four.
_KEEPALIVE = {"TCP_KEEPIDLE": 60, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 5, "TCP_USER_TIMEOUT": 110_000}


@implementer(IHalfCloseableProtocol)
class Connection(Protocol):
    """One connection: what comes in is taken a piece at a time, and what is to be seen goes into its send_queue."""

    factory: DoorFactory[Any]
    transport: Any
    send_queue: SendQueue

    def __init__(self) -> None:
        # Pieces that came while they could not be taken.
        self._waiting: Sequence[bytes | ChatError] = ()
        self._at_end = False
        # Whether what waits is being gone through: an answer may come at once, in the middle of it.
        self._going = False
        self.host = ""
        """The address of the peer; empty where it has none."""
        self.closing = False
        """Whether nothing more is taken."""
        self.paused = False
        """Whether nothing more is read for now."""
        self._timer: IDelayedCall | None = None
        self._rate_limit: RateLimit | None = None
        self._pause: IDelayedCall | None = None

    # What a door says of its own.

    def new_send_queue(self) -> SendQueue:
        """What everything is written to."""
        return send_queue_for(self.transport, self.factory.settings.sendq, self._too_slow)

    def new_session(self) -> Session:
        """The session of whoever has connected."""
        return Session(self.factory.chat, self)

    def greet(self) -> None:
        """Say what is said first."""

    def lineReceived(self, line: bytes) -> None:
        """Do what one piece asks for; the session is not busy."""
        raise NotImplementedError

    def not_entered(self) -> None:
        """What they asked for was done, or refused, and they are still outside."""

    def last_piece(self) -> bytes:
        """What stood behind the last whole piece when the peer had sent everything: a piece, too, unless empty."""
        return b""

    def goodbye(self, error: ChatError) -> None:
        """Say why the connection is closed."""
        self.session.refuse(error)

    # The beginning.

    def connectionMade(self) -> None:
        """Let them in, or say why not."""
        settings = self.factory.settings
        self.host = getattr(self.transport.getPeer(), "host", "")
        self.send_queue = self.new_send_queue()
        self.session = self.new_session()
        _notice_dead_peers(self.transport)
        try:
            self.factory.connected(self)
        except PeerError as refusal:
            self.say_goodbye(refusal)
            return
        self._rate_limit = (
            RateLimit(settings.rate, settings.burst, self.factory.clock.seconds()) if settings.rate else None
        )
        self._timer = self.factory.clock.callLater(settings.handshake_timeout, self._too_late)
        self.greet()

    def _too_late(self) -> None:
        self._timer = None
        self.say_goodbye(HandshakeTimeout(seconds=self.factory.settings.handshake_timeout))

    def say_goodbye(self, error: ChatError) -> None:
        """Say why, and close."""
        self.goodbye(error)
        self.close()

    def _too_slow(self) -> None:
        # The others are told now; the connection is closed when there is time for it.
        self.closing = True
        self._stop_timer()
        self.session.lost("reading too slowly")
        self.factory.abort_soon(self)

    # What comes in.

    def take(self, pieces: Sequence[bytes | ChatError]) -> None:
        """Take what has come, now or when it can be; an error stands in the place of a piece that is none."""
        self._waiting = [*self._waiting, *pieces] if self._waiting else pieces
        if self._pause is None:
            self._go_through()

    def _go_through(self) -> None:
        """Go through what waits, as long as the session does, and no faster than may be."""
        pieces, self._waiting = self._waiting, ()
        session, limit = self.session, self._rate_limit
        now = self.factory.clock.seconds() if limit else 0
        taken = 0
        self._going = True
        for piece in pieces:
            if self.closing:
                return
            if session.busy:
                break
            if limit and (seconds := limit.take(now)):
                self._pause = self.factory.clock.callLater(seconds, self._pause_over)
                break
            taken += 1
            if isinstance(piece, bytes):
                self.lineReceived(piece)
            else:
                session.refuse(piece)
        self._going = False
        if taken < len(pieces):
            self._waiting = pieces[taken:]
            if not self.paused:
                self.pauseProducing()

    def spend(self, lines: float) -> None:
        """Have as many more lines count as taken: what comes next waits the longer."""
        if self._rate_limit:
            self._rate_limit.spend(lines)

    def _pause_over(self) -> None:
        self._pause = None
        self._resume()

    def pauseProducing(self) -> None:
        """Read nothing for now."""
        self.paused = True
        self.transport.pauseProducing()

    def resumeProducing(self) -> None:
        """Read on."""
        self.paused = False
        self.transport.resumeProducing()

    # What the session asks of its door.

    def come_in(self) -> None:
        """They are in, and need not hurry any more, though there may be much for them to read first."""
        if not self.closing:
            self._stop_timer()

    def go_on(self) -> None:
        """Take what was sent while the session was busy, and what comes next."""
        if self.closing:
            return
        if not self.session.entered:
            self.not_entered()
        if self._pause is None and not self._going:
            self._resume()

    def _resume(self) -> None:
        self._go_through()
        if self._waiting or self.session.busy or self.closing:
            return
        if self._at_end:
            self.session.quit("connection closed")
        elif self.paused:
            self.resumeProducing()

    def close(self) -> None:
        """Close the connection once the peer has read everything, :data:`CLOSE_TIMEOUT` from now at the latest."""
        if self.closing:
            return
        self.closing = True
        self._stop_timer()
        self.send_queue.close()
        # One that is stuck never reads everything.
        self._timer = self.factory.clock.callLater(CLOSE_TIMEOUT, self._abort)

    def _abort(self) -> None:
        self._timer = None
        self.transport.abortConnection()

    def _stop_timer(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()

    # The end.

    def readConnectionLost(self) -> None:
        """The peer will send no more: do what it sent, show it what comes of that, and close."""
        self._at_end = True
        if rest := self.last_piece():
            self.take([rest])
        if not self.session.entered and not self.session.busy:
            self.close()
        elif not self._waiting and not self.session.busy and self._pause is None:
            self.session.quit("connection closed")

    def writeConnectionLost(self) -> None:
        """Nothing can be sent any more; the end of the connection comes next."""

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Leave, and have the others told why."""
        self._stop_timer()
        if self._pause is not None:
            self._pause.cancel()
        self._waiting = ()
        self.send_queue.forget()
        self.session.lost("connection closed" if reason.check(error.ConnectionDone) else "connection lost")
        self.factory.disconnected(self)


def _notice_dead_peers(transport: Any) -> None:
    handle = getattr(transport, "getHandle", lambda: None)()
    # A Unix socket's transport says that it is a TCP transport, but has none of this.
    if not isinstance(handle, socket.socket) or handle.family not in (socket.AF_INET, socket.AF_INET6):
        return
    transport.setTcpNoDelay(True)
    transport.setTcpKeepAlive(True)
    for name, value in _KEEPALIVE.items():
        if hasattr(socket, name):
            handle.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
