"""Names of the server: whether the host that a browser asked for is one of them, and where a request came from.

By DNS rebinding a page of any site becomes a page of this server in the eyes of its reader's browser: the page is
loaded from a name of its author's, which then stands for an address in the reader's network. The browser goes on to say
that name, in ``Host`` and in ``Origin``. So these names are the server's, and no others:

- addresses, since a browser that says an address was told no name that could change its meaning;
- ``localhost`` and names that end in it, which browsers look up by themselves (RFC 6761 section 6.3);
- the name of this machine, ``--server-name`` and ``--web-hosts``;
- each name that a page was loaded from over TLS, since whoever answers there has the certificate of that name: the
  server itself, or a proxy in front of it that has passed the request on.

A named proxy may say itself by which name, and whether over TLS (:mod:`chatroom.wire.forwarded`).

No I/O.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from ipaddress import ip_address
from typing import NamedTuple

from twisted.web.http_headers import Headers

# RFC 9110 section 7.2 and RFC 3986 section 3.2.2, as browsers write them.
_AUTHORITY = re.compile(rb"(\[[0-9a-f:.]+\]|[^\s:/?#@\[\]]+)(?::([0-9]{0,5}))?")
_URL = re.compile(rb"(https?)://([^/?#]*)", re.IGNORECASE)

PORTS = {b"http": 80, b"https": 443}
"""The ports that are left out (RFC 9110 section 4.2), by scheme."""


class Authority(NamedTuple):
    """A host and a port, as they stand in ``Host``, in ``Origin`` and in a URL."""

    host: bytes
    """In lower case; an IPv6 address stands in brackets."""
    port: int | None
    """None where it is left out."""

    def on(self, scheme: bytes) -> tuple[bytes, int]:
        """The host, and the port that ``scheme`` has where none is given."""
        return self.host, PORTS[scheme] if self.port is None else self.port


class Origin(NamedTuple):
    """The origin of a page (RFC 6454)."""

    scheme: bytes
    """``http`` or ``https``."""
    host: bytes
    port: int

    def is_of(self, authority: Authority) -> bool:
        """Whether the page comes from ``authority``, if that is reached as the page was."""
        return authority.on(self.scheme) == (self.host, self.port)


def parse_authority(text: bytes) -> Authority | None:
    """A host with or without its port; None when ``text`` is something else."""
    found = _AUTHORITY.fullmatch(text.strip().lower())
    if found is None:
        return None
    # A name that ends in a dot is the same name (RFC 1034 section 3.1).
    return Authority(found[1].removesuffix(b"."), int(found[2]) if found[2] else None)


def parse_origin(text: bytes) -> Origin | None:
    """The origin that ``text`` names; None when it names none that is reached over HTTP."""
    found = _URL.fullmatch(text)
    authority = parse_authority(found[2]) if found is not None else None
    if found is None or authority is None:
        return None
    scheme = found[1].lower()
    return Origin(scheme, *authority.on(scheme))


def split_target(target: bytes) -> tuple[bytes, bytes | None]:
    """The path of a request's target and, where the target is a whole URL, the host and port in it.

    RFC 9112 section 3.2.2: "a server MUST accept the absolute-form in requests", and "MUST ignore the received Host
    header field (if any) and instead use the host information of the request-target".
    """
    url = _URL.match(target)
    if url is None:
        return target.partition(b"?")[0], None
    return target[url.end() :].partition(b"?")[0] or b"/", url[2]


class Hosts:
    """The names of one server."""

    def __init__(self, names: Iterable[str]) -> None:
        """:param names: beside addresses and ``localhost``."""
        self._names = frozenset(map(_as_asked_for, filter(None, names)))

    def has(self, authority: Authority | None) -> bool:
        """Whether the server is known by ``authority``, at whatever port."""
        if authority is None:
            return False
        host = authority.host
        return host in self._names or host == b"localhost" or host.endswith(b".localhost") or _is_address(host)

    def may_come(self, origin: bytes, host: bytes, origins: Collection[Origin], is_encrypted: bool = False) -> bool:
        """Whether a page of ``origin`` may open a WebSocket at ``host``.

        :param origins: those of other sites whose pages may.
        :param is_encrypted: whether the connection is; then a page of this server has come over TLS, too, and somebody
            on the way may have written one that has not.
        """
        page, authority = parse_origin(origin), parse_authority(host)
        if page is None or authority is None:
            return False
        if page in origins:
            return True
        if page.scheme == b"https":
            return page.is_of(authority)
        return not is_encrypted and page.is_of(authority) and self.has(authority)


def came_over_tls(headers: Headers) -> bool:
    """Whether a browser has sent the request over TLS.

    Browsers send ``Sec-Fetch-Site`` to addresses that they trust and to no others: those over TLS, and their own
    machine (https://www.w3.org/TR/fetch-metadata/). No script can add it.
    """
    return headers.hasHeader(b"Sec-Fetch-Site")


def _as_asked_for(name: str) -> bytes:
    """``name`` as it stands in ``Host``."""
    try:
        return name.encode("idna").lower().removesuffix(b".")
    except UnicodeError:
        # The name of a machine may be none of a host: no browser asks for it.
        return name.encode()


def _is_address(host: bytes) -> bool:
    text = host.decode("latin-1")
    try:
        # An IPv6 address has brackets around it, and no other host has any.
        return ip_address(text.strip("[]")).version == (6 if text.startswith("[") else 4)
    except ValueError:
        return False
