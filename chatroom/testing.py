"""A room in memory, for tests of chatroom and of programs that embed it or talk to it.

There are no sockets and no waiting: both ends of each connection are joined in memory, and time passes when the test
says so::

    def test_what_alice_says_reaches_bob() -> None:
        room = MemoryRoom(replay=0)
        alice, bob = room.enter("alice"), room.enter("bob")
        alice.type("hello")
        assert bob.lines() == ["alice: hello"]

The server's ends are the protocols of a real :class:`~chatroom.ChatFactory`. :meth:`MemoryRoom.bot` is for tests of
bots.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Any

from twisted.internet import error
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.interfaces import IHalfCloseableProtocol, IProtocolFactory, ISSLTransport
from twisted.internet.protocol import Protocol, connectionDone
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from zope.interface import alsoProvides

from chatroom.client.protocol import ChatClientFactory, ChatClientProtocol
from chatroom.core.chat import Chat
from chatroom.doors.line import ChatFactory
from chatroom.model.constants import ENCODING, HOST_NAME, PORT
from chatroom.wire.formats import NEWLINE

ADDRESS = "192.168.1.1"
"""The address that people come from unless told otherwise."""


class MemoryRoom:
    """A server in memory, and its clock."""

    def __init__(self, **options: Any) -> None:
        """
        :param options: the arguments of :class:`~chatroom.ChatFactory`, except ``reactor``. Passwords are taken from
            :data:`ADDRESS` unless they say otherwise.
        """
        self.clock = Clock()
        if "chat" not in options:
            options = {"clear_passwords": ADDRESS, **options}
        self.factory = ChatFactory(reactor=self.clock, **options)
        self._connected = 0

    @property
    def chat(self) -> Chat:
        """The rooms, for more doors to them: ``WebFactory(chat=room.chat, reactor=room.clock)``."""
        return self.factory.chat

    def connect(self, door: IProtocolFactory | None = None, address: str = ADDRESS, encrypted: bool = False) -> Person:
        """Somebody who has connected, and has not answered the nickname prompt yet.

        :param door: another door than the one for lines; its protocol decides what they send and read.
        :param address: the address that they come from.
        :param encrypted: whether the server takes the connection for one over TLS.
        """
        person = Person(self)
        person.protocol = self._join(person, door or self.factory, address, encrypted)
        return person

    def enter(self, nickname: str, options: str = "") -> Person:
        """Somebody who is in, and has read everything that a newcomer is shown.

        :param options: the options behind the nickname in the handshake: ``format=json room=garden``.
        :raises AssertionError: they were not let in.
        """
        person = self.connect()
        person.type(f"{nickname} {options}".rstrip())
        shown = person.lines()
        assert person.protocol.session.entered, f"{nickname} was not let in: {shown}"
        return person

    def bot(self, factory: ChatClientFactory) -> ChatClientProtocol:
        """The protocol that ``factory`` makes, connected, and in if the server lets it in."""
        address = IPv4Address("TCP", HOST_NAME, PORT)
        protocol = factory.buildProtocol(address)
        assert isinstance(protocol, ChatClientProtocol), f"the factory made {protocol!r}"
        self._join(protocol, self.factory)
        self.settle()
        return protocol

    def _join(self, client: Protocol, door: IProtocolFactory, address: str = ADDRESS, encrypted: bool = False) -> Any:
        self._connected += 1
        server = door.buildProtocol(_address(address, self._connected))
        if server is None:
            raise ConnectionRefusedError("the factory takes no more connections")
        far, near = _End(self.clock, client), _End(self.clock, server, address)
        far.other, near.other = near, far
        if encrypted:
            alsoProvides(near, ISSLTransport)
        client.makeConnection(far)
        server.makeConnection(near)
        return server

    def settle(self) -> None:
        """Turn the clock until nothing is due now: everything that was sent has arrived, and has had its effect."""
        while any(call.getTime() <= self.clock.seconds() for call in self.clock.getDelayedCalls()):
            self.clock.advance(0)

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.settle()
        self.clock.advance(seconds)
        self.settle()


class Person(Protocol):
    """Somebody at a connection, who reads everything that comes unless told otherwise."""

    transport: _End
    protocol: Any
    """The server's end."""

    def __init__(self, room: MemoryRoom) -> None:
        self._room = room
        self._unread = b""
        self._closed = False

    @property
    def closed(self) -> bool:
        """Whether the connection has ended."""
        self._room.settle()
        return self._closed

    def type(self, *lines: str) -> None:
        """Send ``lines``, with their ends, in one segment."""
        self.send("".join(line + NEWLINE for line in lines).encode(ENCODING))

    def send(self, data: bytes) -> None:
        """Send one segment; it arrives when the room is next settled."""
        self.transport.write(data)

    def lines(self) -> list[str]:
        """Settle the room; the lines that have arrived since the last call, without their ends."""
        self._room.settle()
        *lines, rest = self._unread.split(NEWLINE.encode())
        self._unread = rest
        return [line.decode(ENCODING) for line in lines]

    def data(self) -> bytes:
        """Settle the room; the bytes that have arrived since the last call."""
        self._room.settle()
        data, self._unread = self._unread, b""
        return data

    @property
    def unread(self) -> int:
        """Bytes that have been sent and not read, while somebody reads nothing; ``send_queue.waiting`` has more."""
        return self.transport.unread_bytes

    def stop_reading(self) -> None:
        """Read nothing, so that output waits at the server."""
        self.transport.pauseProducing()

    def read_on(self) -> None:
        """Read again, beginning with what waits."""
        self.transport.resumeProducing()

    def finish(self) -> None:
        """Send no more and go on reading, as ``nc -N`` does at the end of its input."""
        self.transport.send_no_more()

    def close(self) -> None:
        """Close the connection in good order."""
        self.transport.loseConnection()

    def drop(self) -> None:
        """Lose the connection, as when the network fails: bytes that were not read yet are lost."""
        self.transport.abortConnection()

    # For the transport.

    def dataReceived(self, data: bytes) -> None:
        self._unread += data

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._closed = True


BUFFER = 64 * 1024
"""Unsent bytes above which a transport pauses its producer, as Twisted's do."""


def _address(host: str, port: int) -> IPv4Address | IPv6Address:
    return (IPv6Address if ":" in host else IPv4Address)("TCP", host, port)


class _End(StringTransport):
    """One end of a connection: pieces that are written here are read at the ``other`` as they were written.

    Nothing is buffered in between, so bytes that the other end has not read count as not sent. A producer is paused,
    and asked for more, as the producer of a socket would be.
    """

    other: _End

    def __init__(self, clock: Clock, protocol: Any, peer: str = HOST_NAME) -> None:
        super().__init__(peerAddress=_address(peer, PORT), lenient=True)
        self._clock = clock
        self._protocol = protocol
        # None stands for the end of the input from the other end.
        self._unread: deque[bytes | None] = deque()
        self.unread_bytes = 0
        """Bytes that have been written at the other end and not read at this one."""
        self._at_end = False
        self._finished = False
        self._producer_paused = False

    def write(self, data: bytes) -> None:
        if self.connected and not self._finished and data:
            self.other._arrives(bytes(data))
            if self.producer is not None and self.streaming and self.other.unread_bytes > BUFFER:
                self._producer_paused = True
                self.producer.pauseProducing()

    def writeSequence(self, data: Iterable[bytes]) -> None:
        for piece in data:
            self.write(piece)

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        if not self.connected:
            producer.stopProducing()
            return
        super().registerProducer(producer, streaming)
        self._producer_paused = False
        if not streaming:
            producer.resumeProducing()

    def _sent(self) -> None:
        """The other end has read everything."""
        producer = self.producer
        if producer is not None and self.connected and (self._producer_paused or not self.streaming):
            self._producer_paused = False
            producer.resumeProducing()

    def send_no_more(self) -> None:
        if not self._finished:
            self._finished = True
            self.other._arrives(None)

    def loseConnection(self) -> None:
        if not self.disconnecting:
            self.disconnecting = True
            # The end of our output may have been read already; if not, this end is closed once it is.
            if self._finished and self.other._at_end:
                self._clock.callLater(0, self._lost, error.ConnectionDone())
            self.send_no_more()

    def setTcpNoDelay(self, enabled: bool) -> None:
        """Do nothing: each piece arrives by itself. Twisted sets it where a transport is encrypted."""

    def abortConnection(self) -> None:
        self._clock.callLater(0, self._lost, error.ConnectionAborted())
        self._clock.callLater(0, self.other._lost, error.ConnectionLost())

    def resumeProducing(self) -> None:
        super().resumeProducing()
        self._clock.callLater(0, self._read)

    def _arrives(self, piece: bytes | None) -> None:
        self._unread.append(piece)
        self.unread_bytes += len(piece or b"")
        self._clock.callLater(0, self._read)

    def _read(self) -> None:
        while self._unread and (self.producerState == "producing" or not self.connected):
            piece = self._unread.popleft()
            self.unread_bytes -= len(piece or b"")
            if piece is None:
                self._end()
            elif self.connected:
                self._protocol.dataReceived(piece)
                if not self.unread_bytes:
                    self.other._sent()

    def _end(self) -> None:
        self._at_end = True
        if self.other.disconnecting:
            self.other._lost(error.ConnectionDone())
        if IHalfCloseableProtocol.providedBy(self._protocol) and not self.disconnecting:
            if self.connected:
                self._protocol.readConnectionLost()
        else:
            self.send_no_more()
            self._lost(error.ConnectionDone())

    def _lost(self, reason: Exception) -> None:
        if self.connected:
            self.connected = False
            producer, self.producer = self.producer, None
            if producer is not None:
                producer.stopProducing()
            self._protocol.connectionLost(Failure(reason))
            self._read()
