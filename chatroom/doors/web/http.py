"""HTTP at the door for browsers: requests without bodies, bounded in time, and a connection that may be upgraded.

It does not know the addresses: :mod:`chatroom.doors.web.site` does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from io import BytesIO
from math import ceil
from typing import Any, NamedTuple, Protocol

from twisted.internet.interfaces import IHandshakeListener, IPushProducer, IReactorTime
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure
from twisted.web.http import BAD_REQUEST, NOT_MODIFIED, OK, HTTPChannel, Request, datetimeToString
from zope.interface import implementer

from chatroom.core.admission import Address
from chatroom.core.chat import Chat
from chatroom.core.rate_limits import RateLimit, worth
from chatroom.core.session import NO_ADDRESS
from chatroom.doors.connection import CLOSE_TIMEOUT, note_failed_handshake
from chatroom.doors.intake import Intake, Piece
from chatroom.doors.pacing import Paced
from chatroom.doors.sources import Source, host_behind
from chatroom.doors.web.websocket import WebSocketConnection
from chatroom.model.errors import ChatError, PeerError
from chatroom.model.settings import Settings
from chatroom.wire.forwarded import BrokenForwarded, Lines, Visitor, visitor

PEOPLE = 10
"""People whose limits a connection over HTTP has: it may be a proxy's."""

IDLE = 60
"""Seconds that a connection may take for each request over HTTP."""

TEXT = b"text/plain; charset=utf-8"

HEADERS: Mapping[bytes, bytes] = {
    b"Content-Security-Policy": b"; ".join(
        (
            b"default-src 'none'",
            b"script-src 'self'",
            b"style-src 'self'",
            b"img-src 'self'",
            b"connect-src 'self'",
            b"manifest-src 'self'",
            b"base-uri 'none'",
            b"form-action 'none'",
            b"frame-ancestors 'none'",
            b"require-trusted-types-for 'script'",
            b"trusted-types 'none'",
        )
    ),
    b"Cross-Origin-Opener-Policy": b"same-origin",
    b"Cross-Origin-Resource-Policy": b"same-origin",
    b"Permissions-Policy": b"camera=(), geolocation=(), microphone=()",
    b"Referrer-Policy": b"no-referrer",
    b"X-Content-Type-Options": b"nosniff",
    b"X-Frame-Options": b"DENY",
}
"""The headers of every answer: the page runs nothing, and talks to nobody, but what this server serves."""


class Reply(NamedTuple):
    """An answer over HTTP."""

    body: bytes
    type: bytes = TEXT
    status: int = OK
    headers: tuple[tuple[bytes, bytes], ...] = ()
    """Headers beside :data:`HEADERS`."""


def text_reply(status: int, text: str, *headers: tuple[bytes, bytes]) -> Reply:
    return Reply(f"{text}\n".encode(errors="replace"), TEXT, status, headers)


def closing_reply(status: bytes, why: bytes, headers: Mapping[bytes, bytes] = HEADERS) -> bytes:
    """An answer, as it goes over the wire, behind which the connection is closed."""
    headers = {**headers, b"Connection": b"close", b"Content-Type": TEXT, b"Content-Length": b"%d" % len(why)}
    lines = [b"HTTP/1.1 " + status, *(name + b": " + value for name, value in headers.items()), b"", why]
    return b"\r\n".join(lines)


class Site(Protocol):
    """The part of the factory that its connections need."""

    chat: Chat
    settings: Settings
    channels: set[Any]
    """The connections that are not upgraded."""

    @property
    def clock(self) -> IReactorTime:
        """The clock for timers."""

    @property
    def seconds(self) -> Callable[[], float]:
        """The clock for limits: seconds that only go forward."""

    def admit(self, transport: Any, host: str) -> Address:
        """Count a connection that has just been made.

        :raises PeerError: there are too many; the connection is to be closed.
        """

    def reply(self, request: PageRequest) -> Reply | None:
        """The answer to a request; None when the connection was upgraded."""


class PageRequest(Request):
    """A request. Nothing here takes a body, so none is kept."""

    channel: Channel
    visitor: Visitor
    """The person whom it is from."""

    def find_visitor(self) -> None:
        """Find out whom it is from: on one connection of a proxy, each request may be another person's.

        :raises BrokenForwarded: the proxy says so in a way that cannot be read.
        """
        channel, headers = self.channel, self.requestHeaders
        self.visitor = Visitor(channel.host, channel.source is not None and channel.source.encrypted)
        proxies = channel.factory.chat.proxies
        if channel.is_proxy:
            names = (b"Forwarded", b"X-Forwarded-For", b"X-Forwarded-Proto", b"X-Forwarded-Host")
            lines = Lines(*(headers.getRawHeaders(name, []) for name in names))
            self.visitor = visitor(self.visitor, lines, proxies.has)

    @property
    def size(self) -> int:
        """Bytes of its target and its headers."""
        return len(self.uri) + sum(
            len(name) + sum(map(len, values)) for name, values in self.requestHeaders.getAllRawHeaders()
        )

    def gotLength(self, length: int | None) -> None:
        """:param length: of the body, in bytes; None when it is not said."""
        self.content = BytesIO()
        # No client is told to go on and send a body.
        self.requestHeaders.removeHeader(b"Expect")
        if length != 0:
            self.channel.turn_away(b"413 Content Too Large", b"nothing here takes a body\n")

    def handleContentChunk(self, data: bytes) -> None:
        """Throw it away."""

    def process(self) -> None:
        """Answer."""
        if self.channel.behind:
            # The answers to a client that keeps asking and reads nothing would all be kept.
            self.channel.loseConnection()
            return
        reply = self.channel.reply(self)
        self.channel.has_answered = True
        if reply is None:
            return
        self.setResponseCode(reply.status, HTTPStatus(reply.status).phrase.encode())
        for name, value in (
            *self.channel.headers.items(),
            (b"Date", datetimeToString()),
            (b"Content-Type", reply.type),
            *reply.headers,
        ):
            self.setHeader(name, value)
        if reply.status != NOT_MODIFIED:
            self.setHeader(b"Content-Length", b"%d" % len(reply.body))
        self.write(reply.body)
        self.finish()


@implementer(IHandshakeListener)
class Channel(Paced, HTTPChannel):
    """One connection, until it is upgraded."""

    factory: Site
    transport: Any
    requestFactory = PageRequest
    source: Source | None = None
    """The word of a proxy about where the connection comes from."""
    chunk = 256
    """Bytes of input that are decoded at once: a dozen of the shortest requests."""
    busy = False

    def __init__(self) -> None:
        super().__init__()
        self.behind = False
        """Whether many bytes of earlier answers are not sent yet."""
        self.has_answered = False
        """Whether there was a request before."""
        self.host = ""
        """The address of the peer, or of the person behind a named proxy; empty where it has none."""
        self.is_proxy = False
        """Whether it is that of a named proxy, which says in each request whom it is from."""
        self.headers: Mapping[bytes, bytes] = HEADERS
        """The headers of every answer here."""
        self._is_admitted = False
        # Whether it was registered with the transport here, and not by Twisted.
        self._is_producer = False
        self._upgraded: WebSocketConnection | None = None

    def connectionMade(self) -> None:
        super().connectionMade()
        if not IPushProducer.providedBy(self.transport):
            # Twisted's transport for TLS does not say that it is one, and HTTPChannel would not be told when to pause.
            self.transport.registerProducer(self, True)
            self._is_producer = True
        self.intake = Intake(self, self, self.factory.chat.scheduler)
        self.host = host_behind(self.transport, self.source)
        self.is_proxy = self.factory.chat.proxies.has(self.host)
        if self.isSecure():
            # RFC 6797 section 7.2: a host "MUST NOT include the STS header field" in answers without encryption.
            self.headers = {**HEADERS, b"Strict-Transport-Security": b"max-age=%d" % self.factory.settings.hsts}
            self.setTimeout(min(IDLE, self.factory.settings.handshake_timeout))
        self.factory.channels.add(self)
        try:
            self._address = self.factory.admit(self.transport, self.host)
        except PeerError as refusal:
            self.factory.chat.journal(f"{self.host or NO_ADDRESS} was turned away: {refusal}")
            self.turn_away(b"503 Service Unavailable", f"{refusal}\n".encode())
            return
        self._is_admitted = True
        rate, burst = self.factory.settings.rate, self.factory.settings.burst
        # The people behind a proxy are limited, each by their own address.
        if rate and not self.is_proxy:
            own = RateLimit(rate * PEOPLE, burst * PEOPLE, self.factory.seconds())
            self.intake.limit(own, self._address.limit)

    @property
    def is_in(self) -> bool:
        """False: who has come in has a WebSocket."""
        return False

    def turn_away(self, status: bytes, why: bytes) -> None:
        """Answer with an error, and close."""
        self.transport.write(closing_reply(status, why, self.headers))
        self.loseConnection()

    def reply(self, request: PageRequest) -> Reply | None:
        """The answer to a request; None when the connection was upgraded.

        A proxy's connection is many people's, so each request is paid for out of the limit of its person's address.
        """
        site = self.factory
        try:
            request.find_visitor()
        except BrokenForwarded as broken:
            why = f"The proxy in front of this server does not say who asks: {broken}."
            site.chat.journal(f"{self.host or NO_ADDRESS} was refused a request ({BAD_REQUEST}): {why}")
            return text_reply(BAD_REQUEST, why)
        began = site.seconds()
        limit = site.chat.admission.visit(request.visitor.host, began).limit if self.is_proxy else None
        if limit is None:
            return site.reply(request)
        if wait := ceil(limit.debt(began)):
            why = f"That is too much from your address: try again in {wait} s."
            return text_reply(HTTPStatus.TOO_MANY_REQUESTS, why, (b"Retry-After", b"%d" % wait))
        try:
            return site.reply(request)
        finally:
            limit.spend(max(1, worth(site.seconds() - began, request.size)))

    def upgrade(self, connection: WebSocketConnection) -> None:
        """Hand all later input to ``connection``."""
        self.setTimeout(None)
        self.requests.clear()
        self._is_producer = False
        self.transport.unregisterProducer()
        # The new connection is counted by its own factory.
        self._release()
        self._upgraded = connection
        connection.makeConnection(self.transport)

    # What comes in.

    def handshakeCompleted(self) -> None:
        """Take requests from here on: the connection is encrypted."""
        if not self.transport.disconnecting:
            self.setTimeout(IDLE)

    def dataReceived(self, data: bytes) -> None:
        if self._upgraded is not None:
            self._upgraded.dataReceived(data)
        else:
            self.intake.receive(data)

    def decode(self, data: bytes) -> Sequence[Piece]:
        """Answer the requests that ``data`` completes; none of it is a piece."""
        # Some transports hand over input after they were told to close.
        if self._upgraded is None and not self.transport.disconnecting:
            try:
                super().dataReceived(data)
            except ValueError:
                # Python refuses a Content-Length of thousands of digits.
                self.transport.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                self.loseConnection()
            if self._upgraded is not None:
                if unread := self.intake.hand_over():
                    self._upgraded.dataReceived(unread)
            elif not self.intake.reading:
                # Twisted reads on behind each answer.
                self.transport.pauseProducing()
        return ()

    def rawDataReceived(self, data: bytes) -> None:
        # This is input that came together with the request for the upgrade; bodies were refused already.
        if self._upgraded is not None:
            self._upgraded.dataReceived(data)

    def resetTimeout(self) -> None:
        """Do nothing: a request that trickles in wins no time. All of it has :data:`IDLE`."""

    def timeoutConnection(self) -> None:
        if self.transport.disconnecting:
            self.transport.abortConnection()
        else:
            self.loseConnection()

    # For the intake.

    def last_piece(self) -> bytes:
        """Nothing: there are no pieces."""
        return b""

    def refuse(self, error: ChatError) -> None:
        """Do nothing: there are no pieces."""

    def at_end(self) -> None:
        """Do nothing: the transport sees to it."""

    def give_up(self) -> None:
        """Close: more waits than the server may keep."""
        self.close_intake()
        self.transport.abortConnection()

    # What goes out.

    def pauseProducing(self) -> None:
        self.behind = True
        super().pauseProducing()

    def resumeProducing(self) -> None:
        self.behind = False
        super().resumeProducing()
        if not self.intake.reading:
            self.transport.pauseProducing()

    # The end.

    def loseConnection(self) -> None:
        """Close once the peer has read all answers, :data:`CLOSE_TIMEOUT` from now at the latest."""
        self.setTimeout(CLOSE_TIMEOUT)
        if self._is_producer:
            # A transport does not close while it has a producer.
            self._is_producer = False
            self.transport.unregisterProducer()
        super().loseConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._release()
        self.close_intake()
        if self._upgraded is not None:
            self._upgraded.connectionLost(reason)
        else:
            if self.isSecure():
                note_failed_handshake(self.factory.chat, self.host, reason)
            super().connectionLost(reason)

    def _release(self) -> None:
        self.factory.channels.discard(self)
        if self._is_admitted:
            self._is_admitted = False
            self.factory.chat.admission.release(self.host, self.factory.seconds())
