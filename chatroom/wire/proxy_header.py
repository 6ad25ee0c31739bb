"""PROXY headers: the address of the person for whom a proxy connects, before everything else on the connection.

The protocol is HAProxy's (https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt), in both of its versions::

    PROXY TCP4 203.0.113.9 192.0.2.1 56324 443\\r\\n        version 1: one line of text
    \\r\\n\\r\\n\\0\\r\\nQUIT\\n, 4 bytes, the addresses, extensions   version 2: binary, with its length

This module reads the header and believes it; :class:`chatroom.core.proxies.Proxies` knows from whom. One extension of
version 2 is read, which says whether the person came over TLS. All others are passed over, the checksum among them: it
guards against faults of a network that TCP guards against as well. No I/O.
"""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import NamedTuple

from chatroom.model.addresses import parse_address

MAX_TEXT = 107
"""Bytes of a header of version 1, with its end: "a 108-byte buffer is always enough to store all the line and a
trailing zero" (section 2.1)."""

MAX_EXTRA = 1024
"""Bytes behind the first 16 of a header of version 2. The addresses take at most 216; the rest are extensions."""

_TEXT = b"PROXY "
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
"""The beginning of a header of version 2 (section 2.2)."""

_FIXED = 16
"""Bytes of a header of version 2 before the addresses."""

_LOCAL, _PROXY = 0x20, 0x21
"""Version and command, in the 13th byte."""

# Section 2.2.6: the type of the extension, and the bit that says "the client connected over SSL/TLS".
_TYPE_SSL, _CLIENT_SSL = 0x20, 0x01

# Family and transport, in the 14th byte: the length of an address there, and 0 where none is taken.
_ADDRESS_BYTES = {0x00: 0, 0x11: 4, 0x12: 0, 0x21: 16, 0x22: 0, 0x31: 0, 0x32: 0}

_FAMILIES = {
    b"TCP4": re.compile(rb"[0-9.]+"),
    # An IPv6 address has a colon, and may end in an IPv4 address (RFC 4291 section 2.2).
    b"TCP6": re.compile(rb"(?=[^:]*:)[0-9a-fA-F:.]+"),
}
# "in the range [0..65535] inclusive. Heading zeroes are not permitted" (section 2.1).
_PORT = re.compile(rb"0|[1-9][0-9]{0,4}")
_MAX_PORT = 65535


class NoHeader(Exception):
    """The connection begins with something else."""


class BrokenHeader(Exception):
    """The connection begins with a PROXY header that cannot be read; the text says why."""


class Header(NamedTuple):
    """A header that was read."""

    host: str
    """The address of the person; empty where the connection is the proxy's own, or the proxy does not know."""
    size: int
    """Bytes of the header."""
    over_tls: bool = False
    """Whether the person is connected to the proxy over TLS, as far as the proxy says."""


def read_header(start: bytes) -> Header | None:
    """The header with which a connection begins.

    :param start: everything that has come.
    :returns: None while more has to come.
    :raises NoHeader: it begins with none.
    :raises BrokenHeader: the header cannot be read.
    """
    if start[: len(_TEXT)] == _TEXT:
        return _read_text(start)
    if start[: len(SIGNATURE)] == SIGNATURE:
        return _read_binary(start)
    if _TEXT.startswith(start) or SIGNATURE.startswith(start):
        return None
    raise NoHeader


def _read_text(start: bytes) -> Header | None:
    end = start.find(b"\r\n", 0, MAX_TEXT)
    if end < 0:
        if len(start) >= MAX_TEXT:
            raise BrokenHeader(f"it does not end within {MAX_TEXT} bytes")
        return None
    size = end + len(b"\r\n")
    family, *words = start[len(_TEXT) : end].split(b" ")
    if family == b"UNKNOWN":
        # "the receiver must ignore anything presented before the CRLF is found" (section 2.1).
        return Header("", size)
    if family not in _FAMILIES:
        raise BrokenHeader("it is of another family than TCP4, TCP6 and UNKNOWN")
    if len(words) != 4:
        raise BrokenHeader("it has not two addresses and two ports")
    source, target, *ports = words
    host = _address(source, family)
    _address(target, family)
    if not all(_PORT.fullmatch(port) and int(port) <= _MAX_PORT for port in ports):
        raise BrokenHeader("one of its ports is none")
    return Header(host, size)


def _address(text: bytes, family: bytes) -> str:
    found = parse_address(text.decode()) if _FAMILIES[family].fullmatch(text) else None
    if found is None:
        raise BrokenHeader(f"one of its addresses is none of {family.decode()}")
    return str(found)


def _read_binary(start: bytes) -> Header | None:
    command = start[12:13]
    # It is looked at as soon as it has come: the rest may never come.
    if command and command[0] not in (_LOCAL, _PROXY):
        raise BrokenHeader("it is of an unknown version or command")
    if len(start) < _FIXED:
        return None
    length = int.from_bytes(start[14:16], "big")
    if length > MAX_EXTRA:
        raise BrokenHeader(f"it has more than {MAX_EXTRA} bytes of addresses and extensions")
    size = _FIXED + length
    wanted = _ADDRESS_BYTES.get(start[13])
    if command[0] == _LOCAL:
        # "the receiver must accept this connection as valid and must use the real connection endpoints and discard the
        # protocol block including the family which is ignored" (section 2.2).
        wanted = 0
    if wanted is None:
        raise BrokenHeader("it is of an unknown family")
    if wanted and length < 2 * wanted + 4:
        raise BrokenHeader("it is too short for its addresses")
    if len(start) < size:
        return None
    if not wanted:
        return Header("", size)
    packed = start[_FIXED : _FIXED + wanted]
    # Two addresses, and a port of each.
    extensions = start[_FIXED + 2 * wanted + 4 : size]
    return Header(str(parse_address(str(ip_address(packed)))), size, _came_over_tls(extensions))


def _came_over_tls(extensions: bytes) -> bool:
    place = 0
    while place + 3 < len(extensions):
        length = int.from_bytes(extensions[place + 1 : place + 3], "big")
        if extensions[place] == _TYPE_SSL:
            return length > 0 and bool(extensions[place + 3] & _CLIENT_SSL)
        place += 3 + length
    return False
