"""The handshake that turns HTTP into a WebSocket (RFC 6455 section 4.2), and the check which pages may ask for it.

No I/O: headers go in, and a response comes out, or :class:`Refused` with the answer to send instead.
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Callable

from twisted.web.http import BAD_REQUEST, FORBIDDEN
from twisted.web.http_headers import Headers
from wsproto.utilities import generate_accept_token

UPGRADE_REQUIRED = 426

VERSION = b"13"
_KEY_BYTES = 16


class Refused(Exception):
    """The request does not become a WebSocket."""

    def __init__(self, status: int, why: str, *headers: tuple[bytes, bytes]) -> None:
        """:param headers: further headers of the answer."""
        super().__init__(why)
        self.status = status
        self.headers = headers


def accept(headers: Headers, host: bytes, may_come: Callable[[bytes, bytes], bool]) -> bytes:
    """The response that accepts the upgrade.

    :param headers: those of a GET request by HTTP/1.1.
    :param host: the host that the request is for.
    :param may_come: whether a page of an origin may connect at that host.
    :raises Refused: the request is no WebSocket handshake, or is from a page of another site.
    """
    if b"websocket" not in _words(headers, b"Upgrade") or b"upgrade" not in _words(headers, b"Connection"):
        raise Refused(
            UPGRADE_REQUIRED,
            "The request has no Upgrade to a WebSocket: if the page sent it, have the proxy in front pass that on.",
            (b"Upgrade", b"websocket"),
            (b"Connection", b"Upgrade"),
        )
    if not host:
        raise Refused(BAD_REQUEST, "That is no WebSocket handshake: it has no Host.")
    # No browser leaves the origin out, and other clients are not held to it (RFC 6455 section 10.2).
    if headers.hasHeader(b"Origin") and not may_come(only(headers, b"Origin"), host):
        raise Refused(FORBIDDEN, "A page of another site may not connect here: see --web-hosts and --web-origins.")
    if only(headers, b"Sec-WebSocket-Version") != VERSION:
        raise Refused(
            UPGRADE_REQUIRED, "Only version 13 of WebSocket is spoken here.", (b"Sec-WebSocket-Version", VERSION)
        )
    key = only(headers, b"Sec-WebSocket-Key")
    if not _is_key(key):
        raise Refused(BAD_REQUEST, "That is no WebSocket handshake: its Sec-WebSocket-Key will not do.")
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + generate_accept_token(key) + b"\r\n\r\n"
    )


def _words(headers: Headers, name: bytes) -> set[bytes]:
    """The words of a header that is a list, in lower case."""
    return {word.strip().lower() for line in headers.getRawHeaders(name, []) for word in line.split(b",")}


def only(headers: Headers, name: bytes) -> bytes:
    """The value of a header that may stand there once; empty when it is missing or stands there more often."""
    found = headers.getRawHeaders(name, [])
    return found[0] if len(found) == 1 else b""


def _is_key(key: bytes) -> bool:
    try:
        return len(b64decode(key, validate=True)) == _KEY_BYTES
    except binascii.Error:
        return False
