"""What the door for browsers answers over HTTP: the page, its files, whether the server is well, and the upgrade.

Everything that is served stands in the package and is read once. No answer depends on anything that a client
sends, bar the upgrade at ``/chat``, from where on the connection is a
:class:`~chatroom.doors.web.websocket.WebSocketConnection`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from functools import partial
from importlib.resources import files
from io import BytesIO
from typing import Any, NamedTuple

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure
from twisted.web.http import (
    BAD_REQUEST,
    NOT_ALLOWED,
    NOT_FOUND,
    NOT_MODIFIED,
    OK,
    SERVICE_UNAVAILABLE,
    HTTPChannel,
    HTTPFactory,
    Request,
    datetimeToString,
)

from chatroom.core.chat import Chat
from chatroom.doors.connection import CLOSE_TIMEOUT
from chatroom.doors.factory import DoorFactory, host_and_port
from chatroom.doors.web import upgrade
from chatroom.doors.web.websocket import WebSocketConnection
from chatroom.model.errors import PeerError

IDLE = 60
"""Seconds that a connection may take to ask for something over HTTP, the first time and each time after."""

TEXT = b"text/plain; charset=utf-8"

TYPES = {
    ".css": b"text/css; charset=utf-8",
    ".html": b"text/html; charset=utf-8",
    ".js": b"text/javascript; charset=utf-8",
    ".png": b"image/png",
    ".svg": b"image/svg+xml",
    ".webmanifest": b"application/manifest+json",
}
"""What the files of the page may be."""

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
"""What stands in every answer: the page runs nothing and talks to nobody but what this server serves."""


class Reply(NamedTuple):
    """What is answered."""

    body: bytes
    type: bytes = TEXT
    status: int = OK
    headers: tuple[tuple[bytes, bytes], ...] = ()
    """More than :data:`HEADERS`."""


def _text(status: int, text: str, *headers: tuple[bytes, bytes]) -> Reply:
    return Reply(f"{text}\n".encode(errors="replace"), TEXT, status, headers)


class Asked(Request):
    """A request; nothing here takes a body, so none is kept."""

    channel: Channel

    def gotLength(self, length: int | None) -> None:
        """:param length: of the body, in bytes; None when it is not said."""
        self.content = BytesIO()
        # Nobody is told to go on with a body.
        self.requestHeaders.removeHeader(b"Expect")
        if length != 0:
            self.channel.turn_away(b"413 Content Too Large", b"nothing here takes a body\n")

    def handleContentChunk(self, data: bytes) -> None:
        """Throw it away."""

    def process(self) -> None:
        """Answer."""
        if self.channel.behind:
            # Whoever asks for ever more, and reads nothing of it, would have all of it kept.
            self.channel.loseConnection()
            return
        reply = self.channel.factory.reply(self)
        self.channel.has_answered = True
        if reply is None:
            return
        self.setResponseCode(reply.status)
        for name, value in (
            *HEADERS.items(),
            (b"Date", datetimeToString()),
            (b"Content-Type", reply.type),
            *reply.headers,
        ):
            self.setHeader(name, value)
        if reply.status != NOT_MODIFIED:
            self.setHeader(b"Content-Length", b"%d" % len(reply.body))
        self.write(reply.body)
        self.finish()


class Channel(HTTPChannel):
    """One connection, until it is upgraded."""

    factory: WebFactory
    transport: Any
    requestFactory = Asked

    def __init__(self) -> None:
        super().__init__()
        self.behind = False
        """Whether much of what was answered is not sent yet."""
        self.has_answered = False
        """Whether something was asked for before."""
        self._host: str | None = None
        self._upgraded: WebSocketConnection | None = None

    def connectionMade(self) -> None:
        super().connectionMade()
        host = getattr(self.transport.getPeer(), "host", "")
        self.factory.channels.add(self)
        try:
            self.factory.chat.admission.admit(host)
        except PeerError as refusal:
            self.turn_away(b"503 Service Unavailable", f"{refusal}\n".encode())
        else:
            self._host = host

    def turn_away(self, status: bytes, why: bytes) -> None:
        """Answer with an error, and close."""
        headers = {**HEADERS, b"Connection": b"close", b"Content-Type": TEXT, b"Content-Length": b"%d" % len(why)}
        lines = [b"HTTP/1.1 " + status, *(name + b": " + value for name, value in headers.items()), b"", why]
        self.transport.write(b"\r\n".join(lines))
        self.loseConnection()

    def upgrade(self, connection: WebSocketConnection) -> None:
        """Hand everything that comes from now on to ``connection``."""
        self.setTimeout(None)
        self.requests.clear()
        self.transport.unregisterProducer()
        # It is counted there from now on.
        self._release()
        self._upgraded = connection
        connection.makeConnection(self.transport)

    # What comes in.

    def dataReceived(self, data: bytes) -> None:
        if self._upgraded is not None:
            self._upgraded.dataReceived(data)
        # Some transports hand over what comes after they were told to close.
        elif not self.transport.disconnecting:
            super().dataReceived(data)

    def rawDataReceived(self, data: bytes) -> None:
        # What came in one piece with the request for the upgrade; bodies were refused already.
        if self._upgraded is not None:
            self._upgraded.dataReceived(data)

    def resetTimeout(self) -> None:
        """What trickles in wins no time: all of a request has :data:`IDLE`."""

    def timeoutConnection(self) -> None:
        if self.transport.disconnecting:
            self.transport.abortConnection()
        else:
            self.loseConnection()

    # What goes out.

    def pauseProducing(self) -> None:
        self.behind = True
        super().pauseProducing()

    def resumeProducing(self) -> None:
        self.behind = False
        super().resumeProducing()

    # The end.

    def loseConnection(self) -> None:
        """Close once the peer has read what was answered, :data:`CLOSE_TIMEOUT` from now at the latest."""
        self.setTimeout(CLOSE_TIMEOUT)
        super().loseConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._release()
        if self._upgraded is not None:
            self._upgraded.connectionLost(reason)
        else:
            super().connectionLost(reason)

    def _release(self) -> None:
        self.factory.channels.discard(self)
        host, self._host = self._host, None
        if host is not None:
            self.factory.chat.admission.release(host)


def _file(content: bytes, type_: bytes) -> Callable[[Asked], Reply]:
    """One file of the page."""
    tag = b'"' + hashlib.sha256(content).hexdigest()[:32].encode() + b'"'
    # Asked for again each time, and sent again only when it has changed: a new version is used at once.
    headers = ((b"ETag", tag), (b"Cache-Control", b"no-cache"))

    def answer(request: Asked) -> Reply:
        if tag in (request.getHeader(b"If-None-Match") or b""):
            return Reply(b"", type_, NOT_MODIFIED, headers)
        return Reply(content, type_, OK, headers)

    return answer


def _health(chat: Chat, request: Asked) -> Reply:
    """For load balancers: 200 when people can talk, else 503 with why not."""
    fault = "stopping" if chat.stopping else chat.fault
    return _text(SERVICE_UNAVAILABLE if fault else OK, fault or "ok", (b"Cache-Control", b"no-store"))


class WebFactory(DoorFactory[WebSocketConnection], HTTPFactory):
    """The door for browsers, to hand to ``endpoint.listen``."""

    protocol = Channel  # type: ignore[assignment]  # it becomes a WebSocketConnection when it is upgraded

    def __init__(self, *, reactor: IReactorTime | None = None, **options: Any) -> None:
        """As :class:`~chatroom.doors.factory.DoorFactory`; without a ``reactor``, HTTP goes by the global one."""
        DoorFactory.__init__(self, reactor=reactor, **options)
        HTTPFactory.__init__(self, timeout=IDLE, reactor=reactor)
        self.channels: set[Channel] = set()
        """The connections that are not upgraded."""
        self._origins = frozenset(origin.encode() for origin in self.settings.web_origins.lower().split(",") if origin)
        self._answers: dict[bytes, Callable[[Asked], Reply | None]] = {
            b"/healthz": partial(_health, self.chat),
            b"/chat": self._upgrade,
        }
        for file in files("chatroom.doors.web").joinpath("page").iterdir():
            suffix = f".{file.name.rpartition('.')[2]}"
            if suffix in TYPES:
                path = "/" if file.name == "index.html" else f"/{file.name}"
                self._answers[path.encode()] = _file(file.read_bytes(), TYPES[suffix])

    def reply(self, request: Asked) -> Reply | None:
        """What to answer; None when the connection was upgraded."""
        answer = self._answers.get(request.path)
        if answer is None:
            return _text(NOT_FOUND, "There is nothing here.")
        if request.method not in (b"GET", b"HEAD"):
            return _text(NOT_ALLOWED, "Nothing is taken here.", (b"Allow", b"GET, HEAD"))
        return answer(request)

    def _upgrade(self, request: Asked) -> Reply | None:
        if request.method != b"GET" or request.clientproto != b"HTTP/1.1":
            return _text(BAD_REQUEST, "A WebSocket begins with GET and HTTP/1.1.")
        try:
            response = upgrade.accept(request.requestHeaders, self._origins)
        except upgrade.Refused as refusal:
            return _text(refusal.status, str(refusal), *refusal.headers)
        if self.chat.stopping:
            return _text(SERVICE_UNAVAILABLE, "The server is stopping: come back in a moment.")
        connection = WebSocketConnection(response, request.channel.has_answered)
        connection.factory = self
        request.channel.upgrade(connection)
        return None

    def close_all(self) -> Deferred[None]:
        """As every door does; whoever only reads the page is closed, too, but nobody waits for them."""
        for channel in list(self.channels):
            channel.loseConnection()
        return super().close_all()

    def startFactory(self) -> None:
        """Keep no record of who asked for what, and so no clock for it."""

    def log(self, request: object) -> None:
        """Keep no record of who asked for what."""

    def ways_in(self, host: str, port: int, tls: bool = False) -> list[str]:
        scheme = "https" if tls else "http"
        return [f"open {scheme}://{host_and_port(host, port)}/ in a browser"]

    def ways_in_by_socket(self, path: str) -> list[str]:
        return ["by the proxy that is connected to it"]
