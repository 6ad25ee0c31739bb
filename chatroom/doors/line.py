"""The door for lines: ``nc``, telnet, the bundled client, and bots.

What goes over the wire (docs/protocol.rst has the whole of it)::

    server  NICK                          give a nickname
    client  alice [key=value ...]         RFC 8266, no spaces
    server  ! ...                         refused; NICK comes again, five times in all
    server  * welcome to lobby, alice ... the welcome, then what was said before, then what is said
    client  hello                         talk
    server  alice: hello                  to everybody, the speaker too
    client  /who                          a command; // says a line that starts with /

It turns bytes into lines for a session, and knows nothing of rooms.
"""

from __future__ import annotations

import socket
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, cast

from twisted.internet import error
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress, IDelayedCall, IHalfCloseableProtocol, IReactorTime, ITCPTransport
from twisted.internet.protocol import Factory, connectionDone
from twisted.protocols.basic import LineReceiver
from twisted.python.failure import Failure
from zope.interface import implementer

from chatroom import handshake
from chatroom.assembly import open_chat
from chatroom.constants import ENCODING, MAGIC
from chatroom.errors import ChatError, HandshakeTimeout, LineTooLong, NotUTF8, PeerError, TooManyTries
from chatroom.events import Event, Notice
from chatroom.formats import NEWLINE
from chatroom.lines import LineSplitter, TelnetFilter
from chatroom.outbox import Outbox, outbox_for
from chatroom.pace import Pace
from chatroom.room import Chat
from chatroom.session import Session
from chatroom.settings import Settings
from chatroom.text import clean

CLOSE_TIMEOUT = 5
"""Seconds that a connection may take to read what it was sent before it is closed on it."""

ABORT_EVERY = 0.005
"""Seconds between two connections that are aborted for reading too slowly."""

GOODBYE = "the server is stopping"

# A peer whose machine or network is gone is noticed after IDLE + INTERVAL * COUNT = 110 seconds when nothing
# is under way (tcp(7)), and after USER_TIMEOUT when something is (RFC 5482); Linux has all four.
_KEEPALIVE = {"TCP_KEEPIDLE": 60, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 5, "TCP_USER_TIMEOUT": 110_000}


@implementer(IHalfCloseableProtocol)
class ChatProtocol(LineReceiver):
    """One connection: answers go out by :meth:`write`, and what comes in is handed to its session."""

    factory: ChatFactory
    transport: ITCPTransport
    outbox: Outbox
    delimiter = NEWLINE.encode()

    def __init__(self) -> None:
        self._tries = 0
        # Lines that came while they could not be taken. A list: an empty deque takes half a kilobyte.
        self._waiting: list[bytes | LineTooLong] = []
        self._at_end = False
        self._closing = False
        self._timer: IDelayedCall | None = None
        self._pace: Pace | None = None
        self._pause: IDelayedCall | None = None

    def connectionMade(self) -> None:
        """Ask for a nickname."""
        settings = self.factory.settings
        self.MAX_LENGTH = settings.max_line
        self._splitter = LineSplitter(settings.max_line)
        self._telnet = TelnetFilter()
        self.outbox = outbox_for(self.transport, settings.sendq, self._too_slow)
        self.session = Session(self.factory.chat, self)
        _notice_dead_peers(self.transport)
        try:
            self.factory.connected(self)
        except PeerError as refusal:
            self._say_goodbye(refusal)
            return
        self._pace = Pace(settings.rate, settings.burst, self.factory.clock.seconds()) if settings.rate else None
        self._timer = self.factory.clock.callLater(settings.handshake_timeout, self._too_late)
        self._ask_for_nickname()

    def _ask_for_nickname(self) -> None:
        self.outbox.write(MAGIC.encode(ENCODING) + self.delimiter)

    def _too_late(self) -> None:
        self._timer = None
        self._say_goodbye(HandshakeTimeout(seconds=self.factory.settings.handshake_timeout))

    def _say_goodbye(self, error: ChatError) -> None:
        self.session.refuse(error)
        self.close()

    def _too_slow(self) -> None:
        # The others are told now; the connection is closed when there is time for it.
        self._closing = True
        self._stop_timer()
        self.session.lost("reading too slowly")
        self.factory.abort_soon(self)

    # Bytes to lines.

    def dataReceived(self, data: bytes) -> None:
        """Take bytes in whatever pieces they come; :meth:`lineReceived` gets each line."""
        data, answers = self._telnet.feed(data)
        if answers:
            self.outbox.write(answers)
        lines = self._splitter.feed(data)
        self._waiting = self._waiting + lines if self._waiting else lines
        if self._pause is None:
            self._go_through()

    def _go_through(self) -> None:
        """Take the lines that wait, as long as the session does, and no faster than may be."""
        lines, self._waiting = self._waiting, []
        session, pace = self.session, self._pace
        now = self.factory.clock.seconds() if pace else 0
        taken = 0
        for line in lines:
            if self._closing:
                return
            if session.busy:
                break
            if pace and (seconds := pace.take(now)):
                self._pause = self.factory.clock.callLater(seconds, self._pause_over)
                break
            taken += 1
            if isinstance(line, bytes):
                self.lineReceived(line)
            else:
                session.refuse(line)
        if taken < len(lines):
            self._waiting = lines[taken:]
            if not self.paused:
                self.pauseProducing()

    def _pause_over(self) -> None:
        self._pause = None
        self._resume()

    def lineReceived(self, line: bytes) -> None:
        """Hand a line to the session, or, before they are in, take it as their nickname.

        :param line: no delimiter, at most ``max_line`` bytes.
        """
        try:
            text = line.decode(ENCODING)
        except UnicodeDecodeError:
            self.session.refuse(NotUTF8())
            return
        if self.session.entered:
            self.session.line(text)
        else:
            self._enter(text)

    def _enter(self, text: str) -> None:
        try:
            wanted = handshake.parse(text)
            self.session.format = wanted.format
            self.session.enter(wanted.nickname, wanted.rooms, wanted.since)
        except PeerError as refusal:
            self.session.refuse(refusal)
            self._ask_again()

    def _ask_again(self) -> None:
        self._tries += 1
        if self._tries < handshake.MAX_TRIES:
            self._ask_for_nickname()
        else:
            self._say_goodbye(TooManyTries(tries=self._tries))

    # What the session asks of its door.

    def go_on(self) -> None:
        """Take what was sent while the session was busy, and what comes next."""
        if self._closing:
            return
        if self.session.entered:
            self._stop_timer()
        else:
            self._ask_again()
        if self._pause is None:
            self._resume()

    def _resume(self) -> None:
        self._go_through()
        if self._waiting or self.session.busy or self._closing:
            return
        if self._at_end:
            self.session.quit("connection closed")
        elif self.paused:
            self.resumeProducing()

    def close(self) -> None:
        """Close the connection once the peer has read everything, :data:`CLOSE_TIMEOUT` from now at the latest."""
        if self._closing:
            return
        self._closing = True
        self._stop_timer()
        self.outbox.close()
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
        if rest := self._splitter.end():
            # What nothing follows is a line, too: printf hello | nc -N says it.
            self.dataReceived(rest + b"\n")
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
        self._waiting = []
        self.outbox.forget()
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


class ChatFactory(Factory):
    """A room to hand to ``endpoint.listen``; it needs nothing else.

    Two factories know nothing of each other, unless they are given the same ``chat``.
    """

    protocol: Callable[..., ChatProtocol] | None = ChatProtocol  # type: ignore[assignment]
    noisy = False

    def __init__(
        self,
        *,
        hook: Callable[[Event], None] | None = None,
        reactor: IReactorTime | None = None,
        chat: Chat | None = None,
        **options: Any,
    ) -> None:
        """
        :param hook: called with every event, once everybody was shown it.
        :param reactor: for timers; without it, that of the first connection's transport.
        :param chat: the rooms that this door leads to, made by :func:`chatroom.assembly.open_chat`; without it,
            ones of its own.
        :param options: the fields of :class:`chatroom.settings.Settings`, when there is no ``chat``.
        :raises OSError: the file with the message of the day cannot be read.
        """
        if chat is not None and (hook is not None or options):
            raise TypeError("a chat that is handed in has its hook and its settings already")
        self._reactor = reactor
        self.chat = chat or open_chat(Settings(**options), lambda: self.clock, hook, lambda error: self._broken())
        self.settings = self.chat.settings
        self._connections: dict[ChatProtocol, str] = {}
        self._to_abort: deque[ChatProtocol] = deque()
        self._when_all_gone: list[Deferred[None]] = []

    @property
    def clock(self) -> IReactorTime:
        """What timers are set by: there is one as soon as there is a connection."""
        assert self._reactor is not None, "nobody has connected yet, and the factory was given no reactor"
        return self._reactor

    @property
    def clients(self) -> Mapping[str, ChatProtocol]:
        """Everybody who is in by this door: their nickname, and their protocol."""
        sessions = {connection.session: connection for connection in self._connections}
        # Whoever has left holds no nickname, though their connection may take a while to close.
        return {
            session.nickname: connection
            for session, connection in sessions.items()
            if session.entered and self.chat.members.get(session.key) is session
        }

    @property
    def nicknames(self) -> list[str]:
        """Of everybody who is in by this door, in the order in which they came."""
        return list(self.clients)

    def broadcast(self, text: str) -> None:
        """Tell everybody in all rooms, each line of ``text`` as a notice; it is not kept."""
        for line in text.splitlines():
            self.chat.broadcast(clean(line))

    def buildProtocol(self, addr: IAddress | None) -> Any:
        """Make the protocol of a new connection; None, which closes it, when the server is stopping."""
        return None if self.chat.stopping else super().buildProtocol(addr)

    def connected(self, connection: ChatProtocol) -> None:
        """A protocol of ours has a transport.

        :raises PeerError: there are too many; it is to be closed.
        """
        if self._reactor is None:
            self._reactor = cast(Any, connection.transport).reactor
        host = getattr(connection.transport.getPeer(), "host", "")
        self.chat.admission.admit(host)
        self._connections[connection] = host

    def disconnected(self, connection: ChatProtocol) -> None:
        """And has it no more."""
        if connection in self._connections:
            self.chat.admission.release(self._connections.pop(connection))
        if not self._connections:
            self._tell_all_gone()

    def _broken(self) -> None:
        self.close_all()

    def abort_soon(self, connection: ChatProtocol) -> None:
        """Abort a connection that is stuck, in its turn.

        Where one is stuck many are, and for each the system has megabytes to throw away: all at once, that takes
        long enough for the others to notice.
        """
        self._to_abort.append(connection)
        if len(self._to_abort) == 1:
            self.clock.callLater(0, self._abort_next)

    def _abort_next(self) -> None:
        self._to_abort[0].transport.abortConnection()
        self._to_abort.popleft()
        if self._to_abort:
            self.clock.callLater(ABORT_EVERY, self._abort_next)

    def stop(self) -> Deferred[None]:
        """Have what was said shown, tell everybody that the server is stopping, and close every connection.

        :returns: fires when the last one is closed, :data:`CLOSE_TIMEOUT` seconds from now at the latest.
        """
        stopped: Deferred[None] = Deferred()
        self.chat.stop(lambda: stopped.callback(None))
        return stopped.addCallback(lambda _: self.close_all())

    def close_all(self) -> Deferred[None]:
        """Say goodbye to everybody at this door; fires when the last connection is closed."""
        gone: Deferred[None] = Deferred()
        self._when_all_gone.append(gone)
        for connection in list(self._connections):
            connection.session.tell(Notice(GOODBYE))
            connection.close()
        if not self._connections:
            self._tell_all_gone()
        return gone

    def _tell_all_gone(self) -> None:
        waiting, self._when_all_gone = self._when_all_gone, []
        for gone in waiting:
            gone.callback(None)
