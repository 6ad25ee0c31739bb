"""Send queues: the bytes that one connection has yet to send.

A send queue stands between delivery and a transport. Twisted's ``transport.write`` takes everything and does not tell
how much of it waits. A send queue sends at once when nothing waits, keeps the rest, and counts it. It keeps the very
bytes that delivery wrote to everybody, so a thousand people who do not read share one copy. It knows no rooms and no
protocol.

A connection is given up when more than ``limit`` bytes wait for it. From a quarter of that on it is given up, too, when
the peer has read nothing for a while, or would take too long to read what waits at the speed at which it reads. So
somebody with a slow line who reads steadily stays, and somebody who does not read is not kept for long.

Every write to a transport goes through its send queue; nothing else may write to the transport.
"""

from __future__ import annotations

import socket
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from enum import Enum, auto
from typing import Any, Protocol

PIECE = 64 * 1024
"""Bytes that are handed to a transport at once: as many are copied for each connection that is behind."""

MUCH = 1 / 4
"""The share of the limit from which on it counts how fast a peer reads."""

MAX_STANDSTILL = 20
"""Seconds in which a peer that much waits for has to read a piece."""

MAX_BACKLOG = 60
"""Seconds that a peer may take to read what waits, at the speed at which it has read."""

MEASURED = 8 * PIECE
"""Bytes that were sent before it is told how fast a peer reads."""


class Flow(Enum):
    """The state of a send queue."""

    OPEN = auto()
    """Nothing waits: a write is sent at once."""
    BLOCKED = auto()
    """A write waits behind earlier ones."""
    CLOSING = auto()
    """Nothing more is taken. The connection is closed when everything is sent."""
    GONE = auto()
    """Nothing is kept or sent."""


class Owner(Protocol):
    """The connection that a send queue sends for."""

    def seconds(self) -> float:
        """The time, in seconds, by a clock that only goes forward."""

    def too_slow(self) -> None:
        """Give the connection up: more waits than may. Nothing is kept or sent from then on."""

    def holds(self, more: int) -> None:
        """Count so many bytes more, or less, as waiting for the connection."""


class _Nobody:
    """Stands in for the owner of a queue that is gone, which so refers to nothing that refers to it."""

    def seconds(self) -> float:
        return 0.0

    def too_slow(self) -> None:
        """Nobody can be given up."""

    def holds(self, more: int) -> None:
        """Nothing waits."""


_NOBODY = _Nobody()


class _Backlog:
    """The bytes that wait for one connection, and how fast they get fewer."""

    __slots__ = ("began_at", "moved", "moved_at", "offset", "pieces", "size")

    def __init__(self, now: float) -> None:
        self.pieces: deque[bytes] = deque()
        self.offset = 0
        """How many bytes of the first piece are sent."""
        self.size = 0
        """Bytes that wait."""
        self.began_at = now
        """The time when something began to wait."""
        self.moved = 0
        """Bytes that were sent since."""
        self.moved_at = now
        """The time when the last of them were."""

    def take(self, now: float) -> bytes:
        """The next piece to send."""
        first, start = self.pieces[0], self.offset
        piece = first[start : start + PIECE]
        self.offset += len(piece)
        if self.offset == len(first):
            self.pieces.popleft()
            self.offset = 0
        self.size -= len(piece)
        self.moved += len(piece)
        self.moved_at = now
        return piece

    def is_stuck(self, now: float) -> bool:
        """Whether the peer reads nothing, or so slowly that it falls too far behind."""
        if now - self.moved_at > MAX_STANDSTILL:
            return True
        # The first pieces may only have filled the buffers of both systems.
        return self.moved > MEASURED and self.size * (now - self.began_at) > MAX_BACKLOG * self.moved


class SendQueue(ABC):
    """Sends what it can and keeps the rest, in order.

    OPEN and BLOCKED take turns. ``close`` leads to CLOSING and, once everything is sent, to GONE. ``forget``, and too
    many bytes that wait, lead to GONE from each state. Twisted calls the methods in camel case on a producer.
    """

    __slots__ = ("_backlog", "_drained", "_flow", "_limit", "_owner", "_transport")

    def __init__(self, transport: Any, limit: int, owner: Owner) -> None:
        """
        :param transport: that of a connection that has just been made.
        :param limit: bytes that may wait when something is written.
        :param owner: told once, when more wait.
        """
        self._transport = transport
        self._limit = limit
        self._owner: Owner = owner
        self._flow = Flow.OPEN
        # Made when something has to wait: most connections are idle.
        self._backlog: _Backlog | None = None
        self._drained: Callable[[], None] | None = None

    @property
    def waiting(self) -> int:
        """Bytes that wait here to be sent."""
        return 0 if self._backlog is None else self._backlog.size

    @abstractmethod
    def write(self, data: bytes) -> None:
        """Send ``data`` behind all earlier writes, now or when that is possible."""

    def peer_has_gone(self) -> bool:
        """Whether the system knows that the peer has reset the connection, which is then given up."""
        return False

    def when_drained(self, call: Callable[[], None]) -> None:
        """Call ``call`` once nothing waits: at once if that is so now, never if the connection is closing.

        There is one such call at a time.
        """
        if self._flow is Flow.OPEN:
            call()
        elif self._flow is Flow.BLOCKED:
            assert self._drained is None, "somebody waits for that already"
            self._drained = call

    def close(self) -> None:
        """Close the connection once nothing waits. Later writes are not sent."""
        if self._flow is Flow.OPEN:
            self._close_now()
        elif self._flow is Flow.BLOCKED:
            self._flow = Flow.CLOSING
            self._drained = None

    def forget(self) -> None:
        """Keep nothing, now and from now on: the connection is gone."""
        held, self._backlog = self.waiting, None
        self._drained = None
        self._flow = Flow.GONE
        owner, self._owner = self._owner, _NOBODY
        if held:
            owner.holds(-held)

    def _keep(self, data: bytes, sent: int = 0) -> None:
        """Have ``data`` wait, of which the first ``sent`` bytes are sent already."""
        # A transport does not ask for more behind an empty write.
        if self._flow is Flow.GONE or self._flow is Flow.CLOSING or not data:
            return
        backlog = self._backlog
        if backlog is None:
            backlog = self._backlog = _Backlog(self._owner.seconds())
            backlog.offset = sent
        # The limit applies to the backlog before this write; one write may exceed it.
        elif backlog.size > self._limit * MUCH and (
            backlog.size > self._limit or backlog.is_stuck(self._owner.seconds())
        ):
            owner = self._owner
            self.forget()
            owner.too_slow()
            return
        backlog.pieces.append(data)
        backlog.size += len(data) - sent
        self._owner.holds(len(data) - sent)

    def _next_piece(self, backlog: _Backlog) -> bytes:
        piece = backlog.take(self._owner.seconds())
        if not backlog.pieces:
            self._backlog = None
        self._owner.holds(-len(piece))
        return piece

    def _nothing_waits(self) -> None:
        if self._flow is Flow.CLOSING:
            self._close_now()
        elif self._flow is Flow.BLOCKED:
            self._flow = Flow.OPEN
            drained, self._drained = self._drained, None
            if drained is not None:
                drained()

    def _close_now(self) -> None:
        self._flow = Flow.GONE
        self._lose_connection()

    @abstractmethod
    def _lose_connection(self) -> None: ...

    @abstractmethod
    def resumeProducing(self) -> None: ...

    def stopProducing(self) -> None:
        self.forget()


class SocketSendQueue(SendQueue):
    """Sends straight into the socket.

    ``transport.write`` waits for the next turn of the reactor and costs three system calls; a send costs one. The
    transport gets only the rest, a piece at a time. It asks for each piece, since the queue is its pull producer.
    """

    __slots__ = ("_socket",)

    def __init__(self, transport: Any, limit: int, owner: Owner) -> None:
        super().__init__(transport, limit, owner)
        self._socket = transport.getHandle()

    def write(self, data: bytes) -> None:
        if self._flow is not _OPEN:
            self._keep(data)
            return
        try:
            sent = self._socket.send(data)
        except BlockingIOError:
            sent = 0
        except OSError:
            # The peer is gone. The transport would find out by reading, but it may be paused.
            self.forget()
            self._transport.abortConnection()
            return
        if sent < len(data):
            self._flow = Flow.BLOCKED
            self._keep(data, sent)
            if self._flow is Flow.BLOCKED:
                self._transport.registerProducer(self, False)

    def peer_has_gone(self) -> bool:
        if self._flow is not Flow.GONE and not self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            return False
        self.forget()
        self._transport.abortConnection()
        return True

    def resumeProducing(self) -> None:
        if self._backlog is not None:
            self._transport.write(self._next_piece(self._backlog))
            return
        self._transport.unregisterProducer()
        self._nothing_waits()

    def _lose_connection(self) -> None:
        self._transport.loseConnection()


# A global name, because it is looked up for each write.
_OPEN = Flow.OPEN


class TransportSendQueue(SendQueue):
    """Sends through any transport: TLS, one in memory, that of a proxy.

    The transport says when to pause, at most one piece too late.
    """

    __slots__ = ("_paused",)

    def __init__(self, transport: Any, limit: int, owner: Owner) -> None:
        super().__init__(transport, limit, owner)
        # Whether the transport has asked to pause.
        self._paused = False
        transport.registerProducer(self, True)

    def write(self, data: bytes) -> None:
        self._keep(data)
        self._send_what_goes()

    def pauseProducing(self) -> None:
        """Hand the transport no more for now."""
        self._paused = True
        if self._flow is Flow.OPEN:
            self._flow = Flow.BLOCKED

    def resumeProducing(self) -> None:
        self._paused = False
        self._send_what_goes()

    def _send_what_goes(self) -> None:
        while self._backlog is not None and not self._paused:
            self._transport.write(self._next_piece(self._backlog))
        if self._backlog is None and not self._paused:
            self._nothing_waits()

    def _lose_connection(self) -> None:
        # A transport does not close while it has a producer.
        self._transport.unregisterProducer()
        self._transport.loseConnection()


def send_queue_for(transport: Any, limit: int, owner: Owner) -> SendQueue:
    """The send queue that suits ``transport``."""
    handle = getattr(transport, "getHandle", lambda: None)()
    kind = SocketSendQueue if isinstance(handle, socket.socket) else TransportSendQueue
    return kind(transport, limit, owner)
