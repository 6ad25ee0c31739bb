"""What one person has yet to read.

Between delivery and a transport. Twisted's ``transport.write`` takes everything and tells nobody how much of it
waits; a send queue sends at once when nothing waits, keeps what does not go, counts it, and lets a person go who
is more than ``limit`` bytes behind. What it keeps are the very bytes that delivery wrote to everybody: a
thousand who do not read share one copy. It knows no rooms and no protocol.

Every write to a transport goes through its send_queue; nothing else may write to it.
"""

from __future__ import annotations

import socket
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from typing import Any

PIECE = 64 * 1024
"""Bytes that a transport is handed at once of what waits: as many are copied for each one who is behind."""


class SendQueue(ABC):
    """Sends what it can and keeps the rest, in order.

    The methods in camel case are Twisted's, which calls them on a producer.
    """

    __slots__ = ("_blocked", "_drained", "_gone", "_limit", "_offset", "_queue", "_too_slow", "_transport", "waiting")

    def __init__(self, transport: Any, limit: int, too_slow: Callable[[], None]) -> None:
        """
        :param transport: of a connection that has just been made.
        :param limit: bytes that may wait when something is written.
        :param too_slow: called, once, when more do; nothing is kept or sent from then on.
        """
        self._transport = transport
        self._limit = limit
        self._too_slow = too_slow
        # Made when something has to wait: an empty deque takes half a kilobyte.
        self._queue: deque[bytes] | None = None
        # How much of the first in the queue has gone.
        self._offset = 0
        self._drained: Callable[[], None] | None = None
        # Whether what is written now has to wait, be it only for what the transport was handed.
        self._blocked = False
        self._gone = False
        self.waiting = 0
        """Bytes that wait here to be sent."""

    @abstractmethod
    def write(self, data: bytes) -> None:
        """Send ``data`` after everything that was written before, now or when it can be."""

    def when_drained(self, call: Callable[[], None]) -> None:
        """Call ``call`` once nothing waits: at once, if that is now. It replaces one that was given before."""
        if self._blocked:
            self._drained = call
        else:
            call()

    def close(self) -> None:
        """Close the connection once nothing waits."""
        self.when_drained(self._lose_connection)

    def forget(self) -> None:
        """The connection is gone: keep nothing for it, now and from now on."""
        self._queue = None
        self.waiting = 0
        self._drained = None
        self._gone = self._blocked = True

    def _keep(self, data: bytes) -> None:
        if self._gone:
            return
        # What is too much is what was not read before this: whoever reads may be sent more than that at once.
        if self.waiting > self._limit:
            self.forget()
            self._too_slow()
            return
        if self._queue is None:
            self._queue = deque()
        self._queue.append(data)
        self.waiting += len(data)

    def _next_piece(self, queue: deque[bytes]) -> bytes:
        first, start = queue[0], self._offset
        piece = first[start : start + PIECE]
        self._offset += len(piece)
        if self._offset == len(first):
            queue.popleft()
            self._offset = 0
            if not queue:
                self._queue = None
        self.waiting -= len(piece)
        return piece

    def _nothing_waits(self) -> None:
        self._blocked = False
        drained, self._drained = self._drained, None
        if drained is not None:
            drained()

    @abstractmethod
    def _lose_connection(self) -> None: ...

    @abstractmethod
    def resumeProducing(self) -> None: ...

    def stopProducing(self) -> None:
        self.forget()


class SocketSendQueue(SendQueue):
    """Sends straight into the socket.

    ``transport.write`` waits for the next turn of the reactor and costs three system calls; a send costs one.
    The transport gets only what did not go, a piece at a time, and asks for the next as a pull producer is asked.
    """

    __slots__ = ("_send",)

    def __init__(self, transport: Any, limit: int, too_slow: Callable[[], None]) -> None:
        super().__init__(transport, limit, too_slow)
        self._send = transport.getHandle().send

    def write(self, data: bytes) -> None:
        if self._blocked:
            self._keep(data)
            return
        try:
            sent = self._send(data)
        except BlockingIOError:
            sent = 0
        except OSError:
            # The peer is gone. The transport would find out when it reads, which it may not be doing.
            self.forget()
            self._transport.abortConnection()
            return
        if sent < len(data):
            self._blocked = True
            self._keep(data)
            self._offset = sent
            self.waiting -= sent
            self._transport.registerProducer(self, False)

    def resumeProducing(self) -> None:
        if self._queue:
            self._transport.write(self._next_piece(self._queue))
            return
        self._transport.unregisterProducer()
        if not self._gone:
            self._nothing_waits()

    def _lose_connection(self) -> None:
        self._transport.loseConnection()


class TransportSendQueue(SendQueue):
    """Sends by any transport: TLS, one in memory, a proxy's. It says when to pause, a piece too late at most."""

    __slots__ = ()

    def __init__(self, transport: Any, limit: int, too_slow: Callable[[], None]) -> None:
        super().__init__(transport, limit, too_slow)
        transport.registerProducer(self, True)

    def write(self, data: bytes) -> None:
        self._keep(data)
        if not self._blocked:
            self._send_what_goes()

    def pauseProducing(self) -> None:
        """Twisted's transport has more than enough."""
        self._blocked = True

    def resumeProducing(self) -> None:
        if not self._gone:
            self._blocked = False
            self._send_what_goes()

    def _send_what_goes(self) -> None:
        while self._queue and not self._blocked:
            self._transport.write(self._next_piece(self._queue))
        if not self._queue and not self._blocked:
            self._nothing_waits()

    def _lose_connection(self) -> None:
        # A transport does not close before its producer has gone.
        self._transport.unregisterProducer()
        self._transport.loseConnection()


def send_queue_for(transport: Any, limit: int, too_slow: Callable[[], None]) -> SendQueue:
    """The send_queue that suits ``transport``."""
    handle = getattr(transport, "getHandle", lambda: None)()
    kind = SocketSendQueue if isinstance(handle, socket.socket) else TransportSendQueue
    return kind(transport, limit, too_slow)
