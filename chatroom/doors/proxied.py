"""Connections from named proxies, which wait for the PROXY header, and then are those of the people behind.

The door's own connection is made when the header has come: nothing of it is there before, and everything that it does,
its admission first, goes by the person's address. It is given the transport itself, so its output takes no other way
than that of anybody's; its input is handed on.

::

                the header has come, or is not needed
        OPEN ------------------------------------------> OPEN, handed over
          |
          |  no header, a broken one, or none in time
          v
        CLOSING -----------------> CLOSED
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from typing import Protocol as Interface

from twisted.internet.interfaces import IAddress, IHalfCloseableProtocol, IProtocol, IProtocolFactory
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from chatroom.core.admission import Address
from chatroom.core.chat import Chat
from chatroom.core.session import NO_ADDRESS
from chatroom.doors.connection import Phase
from chatroom.doors.deadlines import Deadlines
from chatroom.doors.sources import Source, host_of
from chatroom.model.errors import ChatError, PeerError, ProxyHeader
from chatroom.model.settings import Settings
from chatroom.wire.proxy_header import BrokenHeader, NoHeader, read_header

HOW = "in HAProxy: send-proxy"


class Keeper(Interface):
    """The part of a door that its waiting connections need."""

    chat: Chat
    settings: Settings
    waiting: set[Any]
    """The connections that were not handed over."""
    needs_proxy_header: bool
    """Whether a named proxy has to send a header; else it may, and may speak the door's own protocol at once."""

    @property
    def seconds(self) -> Callable[[], float]:
        """The clock for limits: seconds that only go forward."""

    @property
    def handshakes(self) -> Deadlines[Any]:
        """The deadlines of those who have not come in yet."""

    @property
    def closings(self) -> Deadlines[Any]:
        """The deadlines of those who read their last output."""

    def admit(self, transport: Any, host: str) -> Address:
        """Count a connection that has just been made.

        :raises PeerError: there are too many; the connection is to be closed.
        """

    def farewell(self, error: ChatError) -> bytes:
        """The last bytes to a peer that gets no further than that."""


@implementer(IHalfCloseableProtocol)
class ProxiedConnection(Protocol):
    """A connection from a named proxy."""

    transport: Any

    def __init__(self, keeper: Keeper, proxy: str, build: Callable[[IAddress], IProtocol | None]) -> None:
        """
        :param proxy: the address of the proxy; empty for a Unix socket.
        :param build: makes the connection of the person at an address; None when the server is stopping.
        """
        self._keeper = keeper
        self._proxy = proxy
        self._build = build
        self._start = b""
        self._admitted = False
        self._behind: Any = None
        self.phase = Phase.OPEN

    # The header.

    def connectionMade(self) -> None:
        """Count the connection as the proxy's, and wait."""
        try:
            self._keeper.admit(self.transport, self._proxy)
        except PeerError as refusal:
            self._turn_away(refusal)
            return
        self._admitted = True
        self._keeper.waiting.add(self)
        self._keeper.handshakes.add(self)

    def dataReceived(self, data: bytes) -> None:
        """Take bytes in whatever pieces they come, and hand on what stands behind the header."""
        if self._behind is not None:
            self._behind.dataReceived(data)
            return
        if self.phase is not Phase.OPEN:
            return
        self._start += data
        try:
            header = read_header(self._start)
        except NoHeader:
            if self._keeper.needs_proxy_header:
                self._turn_away(ProxyHeader(why=f"it begins with no PROXY header ({HOW})"))
            else:
                self._hand_over(Source(self._proxy), 0)
        except BrokenHeader as broken:
            self._turn_away(ProxyHeader(why=f"its PROXY header is broken: {broken}"))
        else:
            if header is not None:
                self._hand_over(Source(header.host or self._proxy, header.over_tls), header.size)

    def too_late(self) -> None:
        """Give up a peer that has sent no whole header."""
        if self._start or self._keeper.needs_proxy_header:
            seconds = self._keeper.settings.handshake_timeout
            self._turn_away(ProxyHeader(why=f"no PROXY header came within {seconds:g} seconds ({HOW})"))
        else:
            # Somebody who would ask over HTTP has asked nothing.
            self._close()

    def _hand_over(self, source: Source, size: int) -> None:
        """Have the door's connection go on, behind the first ``size`` bytes."""
        self._no_longer_waits()
        rest, self._start = self._start[size:], b""
        behind = self._build(source)
        if behind is None:
            self._close()
            return
        self._behind = behind
        behind.makeConnection(self.transport)
        if rest:
            behind.dataReceived(rest)

    def _no_longer_waits(self) -> None:
        self._keeper.handshakes.discard(self)
        self._keeper.waiting.discard(self)
        if self._admitted:
            self._admitted = False
            self._keeper.chat.admission.release(self._proxy, self._keeper.seconds())

    def _turn_away(self, error: ChatError) -> None:
        self._keeper.chat.journal(f"{self._proxy or NO_ADDRESS} was turned away: {error}")
        self.transport.write(self._keeper.farewell(error))
        self._close()

    def _close(self) -> None:
        self.phase = Phase.CLOSING
        self._start = b""
        self._no_longer_waits()
        # A peer that is stuck never reads its last output.
        self._keeper.closings.add(self)
        self.transport.loseConnection()

    def close(self) -> None:
        """Close, if the header has not come."""
        if self._behind is None and self.phase is Phase.OPEN:
            self._close()

    # The end.

    def readConnectionLost(self) -> None:
        """Hand it on, or close: the peer will send no more."""
        half = None if self._behind is None else IHalfCloseableProtocol(self._behind, None)
        if half is not None:
            half.readConnectionLost()
        else:
            self.transport.loseConnection()

    def writeConnectionLost(self) -> None:
        """Hand it on."""
        half = None if self._behind is None else IHalfCloseableProtocol(self._behind, None)
        if half is not None:
            half.writeConnectionLost()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Hand it on, or forget the connection."""
        self.phase = Phase.CLOSED
        self._keeper.closings.discard(self)
        # A connection that refers to nothing that refers to it is gone without garbage collection.
        behind, self._behind = self._behind, None
        if behind is not None:
            behind.connectionLost(reason)
        else:
            self._no_longer_waits()


def proxied(
    keeper: Keeper, address: IAddress | None, build: Callable[[IAddress | None], IProtocol | None]
) -> ProxiedConnection | None:
    """A connection that waits for its PROXY header; None where none can come.

    :param address: that of the peer, or a :class:`~chatroom.doors.sources.Source` where the header has come already.
    :param build: makes what goes on behind the header.
    """
    proxies = keeper.chat.proxies
    host = host_of(address) if proxies and not isinstance(address, Source) else None
    return ProxiedConnection(keeper, host, build) if host is not None and proxies.has(host) else None


class HeadersFirst(Factory):
    """Reads PROXY headers in front of a factory that stands before a door: one for TLS, say.

    A door reads them itself. But a proxy that passes on TLS as it comes writes its header before that begins, so
    whatever takes TLS away has to be handed what stands behind the header.
    """

    noisy = False

    def __init__(self, door: Keeper, behind: IProtocolFactory) -> None:
        """:param behind: the factory that hands the addresses that it is given to ``door``."""
        self._door = door
        self._behind = behind

    def doStart(self) -> None:
        self._behind.doStart()

    def doStop(self) -> None:
        self._behind.doStop()

    def buildProtocol(self, addr: IAddress | None) -> Any:
        """The protocol of a new connection; None, which closes it, when the server is stopping."""
        if self._door.chat.stopping:
            return None
        build: Any = self._behind.buildProtocol
        return proxied(self._door, addr, build) or build(addr)
