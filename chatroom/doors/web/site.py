"""The site of the door for browsers: the page, its files, the health of the server, and the upgrade.

All files that are served stand in the package and are read once (:mod:`chatroom.doors.web.assets`). No answer depends
on anything that a client sends, except the upgrade at ``/chat``, and that nothing but ``/healthz`` is for hosts that
are not ours (:mod:`chatroom.doors.web.hosts`). After the upgrade, the connection is a
:class:`~chatroom.doors.web.websocket.WebSocketConnection`.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from functools import partial
from importlib.resources import files
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IProtocolNegotiationFactory, IReactorTime
from twisted.web.http import BAD_REQUEST, NOT_ALLOWED, NOT_FOUND, OK, SERVICE_UNAVAILABLE, HTTPFactory
from zope.interface import implementer

from chatroom.core.chat import Chat
from chatroom.core.session import NO_ADDRESS
from chatroom.doors.factory import DoorFactory, host_and_port
from chatroom.doors.sources import Source
from chatroom.doors.web import upgrade
from chatroom.doors.web.assets import page_answers
from chatroom.doors.web.hosts import Hosts, came_over_tls, parse_authority, parse_origin, split_target
from chatroom.doors.web.http import IDLE, Channel, PageRequest, Reply, closing_reply, text_reply
from chatroom.doors.web.upgrade import only
from chatroom.doors.web.websocket import WebSocketConnection
from chatroom.model.clock import steady
from chatroom.model.errors import ChatError

UPGRADE, HEALTH = b"/chat", b"/healthz"
"""The paths of the WebSocket, and of the state of the server, which programs ask for by whatever name."""

MISDIRECTED_REQUEST = 421
"""RFC 9110 section 15.5.20."""

OTHER_HOST = "This server is not known by that name. If it is yours, start the server with --web-hosts and the name."

GET_ALONE = (b"Allow", b"GET, HEAD")

MAX_SHOWN = 100
"""Bytes of a header that the log shows."""


def _health(chat: Chat, request: PageRequest) -> Reply:
    """For load balancers: 200 when people can talk, else 503 with the reason."""
    fault = "stopping" if chat.stopping else chat.fault
    return text_reply(SERVICE_UNAVAILABLE if fault else OK, fault or "ok", (b"Cache-Control", b"no-store"))


@implementer(IProtocolNegotiationFactory)
class WebFactory(DoorFactory[WebSocketConnection], HTTPFactory):
    """The door for browsers, to hand to ``endpoint.listen``."""

    protocol = Channel  # type: ignore[assignment]  # it becomes a WebSocketConnection when it is upgraded
    # A proxy that speaks HTTP says in each request for whom it asks.
    needs_proxy_header = False

    def __init__(self, *, reactor: IReactorTime | None = None, **options: Any) -> None:
        """As :class:`~chatroom.doors.factory.DoorFactory`; without a ``reactor``, HTTP goes by the global one."""
        DoorFactory.__init__(self, reactor=reactor, **options)
        HTTPFactory.__init__(self, timeout=IDLE, reactor=reactor)
        self.reactor: IReactorTime = steady(self.reactor)
        self.channels: set[Channel] = set()
        """The connections that are not upgraded."""
        listed = map(parse_origin, self.settings.web_origins.encode().split(b","))
        self._origins = frozenset(origin for origin in listed if origin is not None)
        named, machine = self.settings.web_hosts.split(","), socket.gethostname()
        self._hosts = Hosts([*named, self.settings.server_name, machine, f"{machine}.local"])
        self._answers: dict[bytes, Callable[[PageRequest], Reply]] = {
            HEALTH: partial(_health, self.chat),
        }
        page = files("chatroom.doors.web").joinpath("page").iterdir()
        self._answers.update(page_answers((file.name, file.read_bytes()) for file in page if file.is_file()))

    def reply(self, request: PageRequest) -> Reply | None:
        """The answer to a request; None when the connection was upgraded."""
        path, authority = split_target(request.uri)
        host = only(request.requestHeaders, b"Host") if authority is None else authority
        # A proxy may ask by a name of its own, and say what it was asked for.
        host = request.visitor.authority or host
        if path == UPGRADE:
            return self._upgrade(request, host)
        answer = self._answers.get(path)
        if answer is None:
            return text_reply(NOT_FOUND, "There is nothing here.")
        if path != HEALTH and not self._is_ours(request, host):
            return self._refuse(request, host, MISDIRECTED_REQUEST, OTHER_HOST)
        if request.method not in (b"GET", b"HEAD"):
            return text_reply(NOT_ALLOWED, "Nothing is taken here.", GET_ALONE)
        return answer(request)

    def _is_ours(self, request: PageRequest, host: bytes) -> bool:
        """Whether the page may be shown by the name ``host``."""
        # No browser leaves the host out.
        is_named = bool(host) or request.requestHeaders.hasHeader(b"Host")
        # Over TLS, a browser has been shown a certificate of that name.
        over_tls = request.isSecure() or request.visitor.over_tls or came_over_tls(request.requestHeaders)
        return not is_named or over_tls or self._hosts.has(parse_authority(host))

    def _upgrade(self, request: PageRequest, host: bytes) -> Reply | None:
        if request.method not in (b"GET", b"HEAD"):
            return self._refuse(request, host, NOT_ALLOWED, "Nothing is taken here.", GET_ALONE)
        if request.method != b"GET" or request.clientproto != b"HTTP/1.1":
            return self._refuse(request, host, BAD_REQUEST, "A WebSocket begins with GET and HTTP/1.1.")
        try:
            response = upgrade.accept(request.requestHeaders, host, partial(self._may_come, request.isSecure()))
        except upgrade.Refused as refusal:
            return self._refuse(request, host, refusal.status, str(refusal), *refusal.headers)
        if self.chat.stopping:
            why = "The server is stopping: come back in a moment."
            return self._refuse(request, host, SERVICE_UNAVAILABLE, why)
        connection = WebSocketConnection(response, request.channel.has_answered)
        connection.factory = self
        connection.source = Source(request.visitor.host, request.visitor.over_tls)
        request.channel.upgrade(connection)
        return None

    def _may_come(self, is_encrypted: bool, origin: bytes, host: bytes) -> bool:
        return self._hosts.may_come(origin, host, self._origins, is_encrypted)

    def _refuse(self, request: PageRequest, host: bytes, status: int, why: str, *headers: tuple[bytes, bytes]) -> Reply:
        """Refuse a page or a WebSocket, and say so in the log: the person at the browser often sees no reason."""
        asked = [("Host", host), ("Origin", b", ".join(request.requestHeaders.getRawHeaders(b"Origin", [])))]
        shown = "".join(f", {name} {value[:MAX_SHOWN].decode('latin-1')}" for name, value in asked if value)
        what = "the page" if status == MISDIRECTED_REQUEST else "a WebSocket"
        self.chat.journal(f"{request.visitor.host or NO_ADDRESS} was refused {what} ({status}{shown}): {why}")
        return text_reply(status, why, *headers)

    def close_all(self) -> Deferred[None]:
        """Close as every door does. Connections that only read the page are closed, too, but nobody waits for them."""
        for channel in list(self.channels):
            channel.loseConnection()
        return super().close_all()

    def acceptableProtocols(self) -> list[bytes]:
        """The protocols that are spoken over TLS (RFC 7301)."""
        return [b"http/1.1"]

    def farewell(self, error: ChatError) -> bytes:
        return closing_reply(b"400 Bad Request", f"{error}\n".encode())

    def startFactory(self) -> None:
        """Do nothing: Twisted would start a clock for the access log, and there is none."""

    def log(self, request: object) -> None:
        """Keep no access log."""

    def ways_in(self, host: str, port: int, tls: bool = False) -> list[str]:
        scheme = "https" if tls else "http"
        return [f"open {scheme}://{host_and_port(host, port)}/ in a browser"]

    def ways_in_by_socket(self, path: str) -> list[str]:
        return ["by the proxy that is connected to it"]
