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
from chatroom.errors import ChatError, HandshakeTimeout, NotUTF8, PeerError, TooManyTries
from chatroom.events import Event, Notice
from chatroom.formats import NEWLINE
from chatroom.lines import LineSplitter, TelnetFilter
from chatroom.room import Chat
from chatroom.session import Session
from chatroom.settings import Settings
from chatroom.text import clean

CLOSE_TIMEOUT = 5
"""Seconds that a connection may take to read what it was sent before it is closed on it."""

GOODBYE = "the server is stopping"

# A peer whose machine or network is gone is noticed after IDLE + INTERVAL * COUNT = 110 seconds when nothing
# is under way (tcp(7)), and after USER_TIMEOUT when something is (RFC 5482); Linux has all four.
_KEEPALIVE = {"TCP_KEEPIDLE": 60, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 5, "TCP_USER_TIMEOUT": 110_000}


@implementer(IHalfCloseableProtocol)
class ChatProtocol(LineReceiver):
    """One connection: answers go out by :meth:`write`, and what comes in is handed to its session."""

    factory: ChatFactory
    transport: ITCPTransport
    delimiter = NEWLINE.encode()

    def __init__(self) -> None:
        self._tries = 0
        self._waiting: deque[bytes | PeerError] = deque()
        self._at_end = False
        self._closing = False
        self._timer: IDelayedCall | None = None

    def connectionMade(self) -> None:
        """Ask for a nickname."""
        self.factory.connected(self)
        self.MAX_LENGTH = self.factory.settings.max_line
        self.session = Session(self.factory.chat, self)
        self._splitter = LineSplitter(self.factory.settings.max_line)
        self._telnet = TelnetFilter()
        _notice_dead_peers(self.transport)
        self._timer = self.factory.clock.callLater(self.factory.settings.handshake_timeout, self._too_late)
        self.sendLine(MAGIC.encode(ENCODING))

    def _too_late(self) -> None:
        self._timer = None
        self._say_goodbye(HandshakeTimeout(seconds=self.factory.settings.handshake_timeout))

    def _say_goodbye(self, error: ChatError) -> None:
        self.session.refuse(error)
        self.close()

    # Bytes to lines.

    def dataReceived(self, data: bytes) -> None:
        """Take bytes in whatever pieces they come; :meth:`lineReceived` gets each line."""
        data, answers = self._telnet.feed(data)
        if answers:
            self.write(answers)
        lines = self._splitter.feed(data)
        if self._closing:
            return
        if self._waiting:
            self._waiting.extend(lines)
            return
        for index, line in enumerate(lines):
            if self._closing:
                return
            if self.session.busy:
                self._waiting.extend(lines[index:])
                self.pauseProducing()
                return
            self._take(line)

    def _take(self, line: bytes | PeerError) -> None:
        if isinstance(line, PeerError):
            self.session.refuse(line)
        else:
            self.lineReceived(line)

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
            self.session.enter(wanted.nickname, wanted.rooms)
        except PeerError as refusal:
            self.session.refuse(refusal)
            self._ask_again()

    def _ask_again(self) -> None:
        self._tries += 1
        if self._tries < handshake.MAX_TRIES:
            self.sendLine(MAGIC.encode(ENCODING))
        else:
            self._say_goodbye(TooManyTries(tries=self._tries))

    # What the session asks of its door.

    def write(self, data: bytes) -> None:
        """Send ``data``, which is whole lines."""
        self.transport.write(data)

    def go_on(self) -> None:
        """Take what was sent while the session was busy, and what comes next."""
        if self._closing:
            return
        if self.session.entered:
            self._stop_timer()
        else:
            self._ask_again()
        while self._waiting and not self.session.busy and not self._closing:
            self._take(self._waiting.popleft())
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
        self.transport.loseConnection()
        # loseConnection() waits for the peer to read everything, which one that is stuck never does.
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
        if not self.session.entered and not self.session.busy:
            self.close()
        elif not self._waiting and not self.session.busy:
            self.session.quit("connection closed")

    def writeConnectionLost(self) -> None:
        """Nothing can be sent any more; the end of the connection comes next."""

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Leave, and have the others told why."""
        self._stop_timer()
        self._waiting.clear()
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
        self._reactor = reactor
        self.chat = chat or open_chat(Settings(**options), lambda: self.clock, hook)
        self.settings = self.chat.settings
        self._connections: dict[ChatProtocol, None] = {}
        self._all_gone: Deferred[None] | None = None

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
        """A protocol of ours has a transport."""
        if self._reactor is None:
            self._reactor = cast(Any, connection.transport).reactor
        self._connections[connection] = None

    def disconnected(self, connection: ChatProtocol) -> None:
        """And has it no more."""
        self._connections.pop(connection, None)
        if self._all_gone is not None and not self._connections:
            gone, self._all_gone = self._all_gone, None
            gone.callback(None)

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
        self._all_gone = gone
        for connection in list(self._connections):
            connection.session.tell(Notice(GOODBYE))
            connection.close()
        if not self._connections:
            gone.callback(None)
        return gone
