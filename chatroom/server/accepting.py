"""Accepting: connections are taken from the system at once, and let in address by address, a few in each turn.

Theory of operation. The system hands connections over in the order in which they were made, so whoever comes behind a
flood of them waits for all, and is dropped when its queue is full. A :class:`FairPort` takes them out of that queue at
the price of a system call each. They wait in a :class:`FairQueue` instead, where each address has its turn. Only who is
let in costs what a connection costs: a transport, a protocol and its greeting. Who has gone meanwhile costs nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from socket import SO_ERROR, SOL_SOCKET, socket
from typing import Any, NamedTuple

from twisted.internet import tcp
from twisted.internet.defer import Deferred, execute
from twisted.internet.interfaces import IAddress, IListeningPort, ILoggingContext, IReactorTime, IStreamServerEndpoint
from twisted.internet.protocol import Factory
from zope.interface import implementer

from chatroom.core.admission import place_of
from chatroom.core.proxies import Proxies

TAKEN_AT_ONCE = 100
"""Connections that are taken from the system in one turn of the reactor: a millisecond's work."""

LET_IN_FOR = 0.0005
"""Seconds in which connections are let in, in one turn of the reactor; one at least is."""

NO_PROXIES = Proxies("")

MOST_WAITING = 4096
"""Connections that wait to be let in, at one port; of more, the newest of the address that has the most is closed."""


class Waiting(NamedTuple):
    """A connection that was taken from the system."""

    socket: socket
    address: Any
    """That of the peer, as :meth:`socket.socket.accept` has it."""
    number: int
    """Of the connection at its port."""


class FairQueue:
    """The connections that wait, by the place that they come from; each place has its turn."""

    def __init__(self, proxies: Proxies = NO_PROXIES) -> None:
        """:param proxies: those whose connections are many people's, and have a turn each."""
        self._proxies = proxies
        self._places: dict[str, deque[Waiting]] = {}
        # The places with somebody who waits, in the order of their turns.
        self._turns: deque[str] = deque()
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def add(self, one: Waiting) -> Waiting | None:
        """Add a connection.

        :returns: the one that there is no room for, if there is none for all.
        """
        host = str(one.address[0])
        place = f"{host} {one.number}" if self._proxies.has(host) else place_of(host)
        waiting = self._places.get(place)
        if waiting is None:
            waiting = self._places[place] = deque()
            self._turns.append(place)
        waiting.append(one)
        self._size += 1
        if self._size <= MOST_WAITING:
            return None
        self._size -= 1
        # Somebody has waited, so no queue is empty.
        return max(self._places.values(), key=len).pop()

    def take(self) -> Waiting:
        """The next one, of whom there must be one."""
        while True:
            place = self._turns.popleft()
            waiting = self._places[place]
            if waiting:
                break
            # Its last one was too many.
            del self._places[place]
        one = waiting.popleft()
        self._size -= 1
        if waiting:
            self._turns.append(place)
        else:
            del self._places[place]
        return one

    def take_all(self) -> Iterator[Waiting]:
        """Everybody."""
        while self._size:
            yield self.take()


@implementer(ILoggingContext)
class _Taker:
    """Stands in for the factory and the protocols of a port while it takes connections."""

    def __init__(self, factory: Factory) -> None:
        self.taken: list[Waiting] = []
        self.doStart = factory.doStart
        self.doStop = factory.doStop
        self._name = type(factory).__name__

    def logPrefix(self) -> str:
        return self._name

    def buildProtocol(self, address: IAddress) -> _Taker:
        return self

    def makeConnection(self, one: Waiting) -> None:
        self.taken.append(one)


def _waiting(taken: socket, protocol: object, address: object, *more: Any) -> Waiting:
    """Stands in for the transport of a connection that was taken."""
    _port, number, _reactor = more
    return Waiting(taken, address, number)


class FairPort(tcp.Port):
    """A TCP port, which lets connections in as this module has it."""

    transport = staticmethod(_waiting)  # type: ignore[assignment]

    def __init__(  # noqa: PLR0917 - those of the port that it derives from come first
        self, port: int, factory: Factory, backlog: int, interface: str, reactor: Any, proxies: Proxies = NO_PROXIES
    ) -> None:
        self._taker = _Taker(factory)
        self._let_into = factory
        self._queue = FairQueue(proxies)
        self._scheduled = False
        self._clock: IReactorTime = reactor
        taker: Any = self._taker
        super().__init__(port, taker, backlog, interface, reactor)

    def doRead(self) -> None:
        """Take connections from the system."""
        # Twisted takes as many as it took last, and a few more.
        self.numberAccepts = TAKEN_AT_ONCE
        super().doRead()
        taken, self._taker.taken = self._taker.taken, []
        for one in taken:
            if (too_many := self._queue.add(one)) is not None:
                too_many.socket.close()
        if not self._scheduled:
            self._let_in()

    def _let_in(self) -> None:
        self._scheduled = False
        end = self._clock.seconds() + LET_IN_FOR
        try:
            while self._queue:
                self._let_one_in(self._queue.take())
                if self._clock.seconds() >= end:
                    break
        finally:
            # Others are let in though one has raised an exception.
            if self._queue:
                self._scheduled = True
                self._clock.callLater(0, self._let_in)

    def _let_one_in(self, one: Waiting) -> None:
        # Nobody is let in where the port was closed meanwhile, and nobody who has gone.
        is_there = self.connected and not one.socket.getsockopt(SOL_SOCKET, SO_ERROR)
        protocol = self._let_into.buildProtocol(self._buildAddr(one.address)) if is_there else None
        if protocol is None:
            one.socket.close()
        else:
            protocol.makeConnection(tcp.Server(one.socket, protocol, one.address, self, one.number, self.reactor))

    def connectionLost(self, reason: Any) -> None:
        """Close those who have waited in vain, too."""
        for one in self._queue.take_all():
            one.socket.close()
        super().connectionLost(reason)


@implementer(IStreamServerEndpoint)
class FairEndpoint:
    """Listens at a TCP port that lets connections in as this module has it."""

    def __init__(self, reactor: Any, port: int, backlog: int, interface: str, proxies: Proxies = NO_PROXIES) -> None:
        """
        :param port: 0: one that the system chooses.
        :param backlog: connections that the system holds until they are taken.
        :param interface: the address to listen on.
        :param proxies: those whose connections are many people's.
        """
        self._reactor = reactor
        self._port = port
        self._backlog = backlog
        self._interface = interface
        self._proxies = proxies

    def listen(self, factory: Any) -> Deferred[IListeningPort]:
        """Begin to listen."""

        def listen() -> IListeningPort:
            port = FairPort(self._port, factory, self._backlog, self._interface, self._reactor, self._proxies)
            port.startListening()
            return port

        return execute(listen)
