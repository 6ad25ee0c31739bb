"""Detection of encrypted ports: whether a server that says nothing waits for the beginning of TLS.

A server of chatroom speaks first. One with TLS waits for the client, and a client without TLS waits for the server, so
neither would say why nothing happens. Another connection, by which the client offers TLS, tells: only a server that
speaks TLS answers with a record of it. Nothing is said over that connection, and it proves nothing about the server.

This needs no package beyond Python's own.
"""

from __future__ import annotations

import ssl
from contextlib import suppress
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime, IStreamClientEndpoint, ITCPTransport
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure

ANSWER_WITHIN = 5.0
"""Seconds that the server has to answer."""

# RFC 8446 section 5.1: the type of a record (alert, handshake), and the greater part of its version.
_RECORDS = (b"\x15\x03", b"\x16\x03")


def speaks_tls(endpoint: IStreamClientEndpoint, reactor: IReactorTime) -> Deferred[bool]:
    """Whether the server behind ``endpoint`` speaks TLS; False where that cannot be told."""
    connecting: Deferred[Any] = endpoint.connect(Factory.forProtocol(_Offer))
    told: Deferred[bool] = connecting.addCallback(lambda offer: offer.told)
    told.addTimeout(ANSWER_WITHIN, reactor)
    return told.addErrback(lambda _: False)


class _Offer(Protocol):
    """A connection that offers TLS, and ends with the first bytes of the answer."""

    transport: ITCPTransport

    def __init__(self) -> None:
        self.told: Deferred[bool] = Deferred(lambda _: self.transport.abortConnection())
        self._answer = b""

    def connectionMade(self) -> None:
        self.transport.write(_client_hello())

    def dataReceived(self, data: bytes) -> None:
        self._answer += data[:2]
        if len(self._answer) >= 2 and not self.told.called:
            self.transport.abortConnection()
            self.told.callback(self._answer.startswith(_RECORDS))

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if not self.told.called:
            self.told.callback(False)


def _client_hello() -> bytes:
    """The first bytes of a client that speaks TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # There is nobody to be verified: the handshake ends here.
    context.check_hostname = False
    outgoing = ssl.MemoryBIO()
    with suppress(ssl.SSLWantReadError):
        context.wrap_bio(ssl.MemoryBIO(), outgoing).do_handshake()
    return outgoing.read()
