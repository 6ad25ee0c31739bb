"""Forwarded requests: the person for whom a proxy asks over HTTP, and how that person reached the first proxy.

``Forwarded`` (RFC 7239) has an element for each proxy on the way, the nearest last: ``for`` is the peer of that proxy.
``X-Forwarded-For``, older and written down nowhere, lists the same addresses; ``X-Forwarded-Proto`` and
``X-Forwarded-Host`` go with it. An element is believed when all proxies behind it are named ones: the last was written
by the peer of the connection, the one before by the peer that this one names, and so on. So the person is at the last
address that is no named proxy's, and everything before that may be of the person's own making.

A proxy that sets one of the two may pass on the other as a client has sent it. So where both are there, they have to
say the same. No I/O.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from chatroom.model.addresses import parse_address

# RFC 9110 sections 5.6.2 and 5.6.4. Brackets and colons, which are no token's, stand in values of some proxies.
_TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_PAIR = re.compile(
    rb"[ \t]*(?:(" + _TOKEN + rb")=(?:([\[\]:!#$%&'*+.^_`|~0-9A-Za-z-]+)|\"((?:[^\"\\]|\\.)*)\"))?[ \t]*"
)
_ESCAPED = re.compile(rb"\\(.)")

_PORT = rb"(?::(?:[0-9]{1,5}|_[A-Za-z0-9._-]+))?"
# RFC 7239 section 6; beside it, an IPv6 address without the brackets, and one with a zone (RFC 4007 section 11).
_IPV6 = rb"[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*"
_ZONE = rb"(?:%[A-Za-z0-9._~-]+)?"
_NODE = re.compile(
    rb"\[(?P<bracketed>" + _IPV6 + rb")" + _ZONE + rb"\]" + _PORT
    + rb"|(?P<ipv4>[0-9.]+)" + _PORT
    + rb"|(?P<ipv6>" + _IPV6 + rb")" + _ZONE
    + rb"|(?P<hidden>[Uu][Nn][Kk][Nn][Oo][Ww][Nn]|_[A-Za-z0-9._-]+)" + _PORT
)  # fmt: skip

HTTPS = b"https"


class BrokenForwarded(Exception):
    """The headers cannot be read, or contradict each other; the text says which, and why."""


class Hop(NamedTuple):
    """The peer of one proxy on the way."""

    address: str
    """Empty where the proxy does not know it, or hides it."""
    scheme: bytes = b""
    """The scheme by which the proxy was reached, in lower case; empty where it is not said."""
    authority: bytes = b""
    """The host and port by which it was; empty where it is not said."""


class Visitor(NamedTuple):
    """The person whom a request is from."""

    host: str
    """The address; empty for the peer of a Unix socket."""
    over_tls: bool = False
    """Whether the person has sent the request over TLS, as far as the proxy says."""
    authority: bytes = b""
    """The host and port that the person has asked for; empty where the proxy does not say."""


class Lines(NamedTuple):
    """The lines of the headers, in their order."""

    forwarded: Sequence[bytes] = ()
    addresses: Sequence[bytes] = ()
    """``X-Forwarded-For``"""
    schemes: Sequence[bytes] = ()
    """``X-Forwarded-Proto``"""
    hosts: Sequence[bytes] = ()
    """``X-Forwarded-Host``"""


def visitor(own: Visitor, lines: Lines, is_proxy: Callable[[str], bool]) -> Visitor:
    """The person for whom a named proxy asks.

    :param own: the proxy itself, which asks for itself where it says nothing, and whose address stands for that of a
        person whom it does not know.
    :param is_proxy: whether an address is that of a named proxy.
    :raises BrokenForwarded: the headers cannot be read, or contradict each other.
    """
    standard = _person(own.host, _forwarded(lines.forwarded), is_proxy) if any(lines.forwarded) else None
    older = _person(own.host, _x_forwarded(lines), is_proxy) if any(map(any, lines[1:])) else None
    if standard is None:
        return older or own
    if older is None or not any(lines.addresses):
        return standard
    if standard.host != older.host:
        names = f"Forwarded names {standard.host or 'nobody'}, and X-Forwarded-For {older.host or 'nobody'}"
        raise BrokenForwarded(f"{names}: have the proxy remove the one that it does not set")
    over_tls = standard.over_tls and (older.over_tls or not any(lines.schemes))
    return Visitor(standard.host, over_tls, standard.authority or older.authority)


def _person(own: str, hops: Iterator[Hop], is_proxy: Callable[[str], bool]) -> Visitor:
    """
    :param own: the address of the proxy that asks.
    :param hops: the nearest first.
    """
    known = own
    found = Hop("")
    for hop in hops:
        found = hop
        known = hop.address or known
        # Nobody knows who has written what stands before an address that is not known.
        if not hop.address or not is_proxy(hop.address):
            break
    return Visitor(known, found.scheme == HTTPS, found.authority)


def _forwarded(lines: Sequence[bytes]) -> Iterator[Hop]:
    """The elements of ``Forwarded``, the nearest first."""
    for line in reversed(lines):
        # A line is read as it is needed: those before it may be a client's.
        yield from reversed(_elements(line))


def _elements(line: bytes) -> list[Hop]:
    elements: list[Hop] = []
    pairs: dict[bytes, bytes] = {}
    place = 0
    while True:
        found = _PAIR.match(line, place)
        # It matches nothing at all, too.
        assert found is not None
        place = found.end()
        if found[1] is not None:
            name = found[1].lower()
            if name in pairs:
                raise BrokenForwarded(f"Forwarded has {name.decode()} twice in an element")
            pairs[name] = found[2] if found[2] is not None else _ESCAPED.sub(rb"\1", found[3])
        separator = line[place : place + 1]
        place += 1
        if separator == b";":
            continue
        if separator not in (b",", b""):
            raise BrokenForwarded("Forwarded is no list of elements (RFC 7239)")
        if pairs:
            address = _node(pairs[b"for"], "Forwarded") if b"for" in pairs else ""
            elements.append(Hop(address, pairs.get(b"proto", b"").lower(), pairs.get(b"host", b"")))
            pairs = {}
        if not separator:
            return elements


def _x_forwarded(lines: Lines) -> Iterator[Hop]:
    """The same of the older headers."""
    addresses, schemes, hosts = map(_words, lines[1:])
    if not addresses:
        addresses = [b"unknown"]
    for place in reversed(range(len(addresses))):
        address = _node(addresses[place], "X-Forwarded-For")
        yield Hop(address, _beside(schemes, place, len(addresses)).lower(), _beside(hosts, place, len(addresses)))


def _words(lines: Sequence[bytes]) -> list[bytes]:
    return [word for line in lines for word in map(bytes.strip, line.split(b",")) if word]


def _beside(words: Sequence[bytes], place: int, count: int) -> bytes:
    """The word for the address at ``place`` of ``count``: most proxies write one word for all."""
    if len(words) == count:
        return words[place]
    return words[-1] if words else b""


def _node(text: bytes, header: str) -> str:
    """The address of a node; empty where it is not known, or hidden.

    :raises BrokenForwarded: it is none.
    """
    found = _NODE.fullmatch(text)
    if found is not None and found["hidden"] is not None:
        return ""
    address = parse_address((found["bracketed"] or found["ipv4"] or found["ipv6"]).decode()) if found else None
    if address is None:
        raise BrokenForwarded(f"{header} has something else than an address in it")
    return str(address)
