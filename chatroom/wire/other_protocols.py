"""Other protocols: whether the first bytes of a connection are HTTP, TLS or a PROXY header. No I/O.

A page of any site can have its reader's browser connect to this machine, or to one in the reader's network, and send a
request whose body, path or session ticket holds lines of its choice. A browser sends the head of a request first, so
its first bytes tell; a door that does nothing before a line has ended does nothing of such a request.

A PROXY header (:mod:`chatroom.wire.proxy_header`) is another protocol where it comes from a peer that is no named
proxy. The binary one would be lines, one of which is ``QUIT``: a nickname, or a command.
"""

from __future__ import annotations

import re

from chatroom.wire.proxy_header import SIGNATURE

MAX_START = 64
"""Bytes in which another protocol shows at the latest."""

# The methods of RFC 9110, RFC 5789 and the preface of HTTP/2 (RFC 9113 section 3.4), with the beginning of a target
# (RFC 9112 section 3.2), since the rest may be of any length; and any whole line that ends as a request line does.
_HTTP = re.compile(
    rb"(?:GET|HEAD|POST|PUT|DELETE|OPTIONS|TRACE|PATCH|PRI) (?:/|\*|https?:)"
    rb"|CONNECT [^ \r\n]+:[0-9]"
    rb"|[A-Za-z-]+ [^ \r\n]+ HTTP/[0-9]"
)
# RFC 8446 section 5.1: the type of a record (handshake), and the greater part of its version.
_TLS = b"\x16\x03"

PROXY = "PROXY"
_PROXY_TEXT = re.compile(rb"PROXY (?:TCP[46]|UNKNOWN)[ \r\n]")
_PROXY_BINARY = SIGNATURE.lstrip(b"\r\n")


def other_protocol(start: bytes) -> str | None:
    """The protocol of a connection that begins with ``start``.

    :param start: without line ends before it.
    :returns: ``"HTTP"``, ``"TLS"`` or :data:`PROXY`; empty for none of them; None while that cannot be told, which is
        before the first line ends, unless a PROXY header begins with it.
    """
    if start.startswith(_TLS):
        return "TLS"
    if _HTTP.match(start):
        return "HTTP"
    if start.startswith(_PROXY_BINARY) or _PROXY_TEXT.match(start):
        return PROXY
    if _PROXY_BINARY.startswith(start):
        return None
    return "" if len(start) >= MAX_START or b"\n" in start else None
