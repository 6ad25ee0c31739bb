"""PROXY headers are read as HAProxy's description has them, in whatever pieces they come, and nothing else passes."""

from __future__ import annotations

import struct
from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chatroom.wire.proxy_header import (
    MAX_EXTRA,
    MAX_TEXT,
    SIGNATURE,
    BrokenHeader,
    Header,
    NoHeader,
    read_header,
)

LOCAL, PROXY = b"\x20", b"\x21"
TCP4, UDP4, TCP6, UDP6, STREAM, DATAGRAM = b"\x11", b"\x12", b"\x21", b"\x22", b"\x31", b"\x32"


def binary(command: bytes, family: bytes, body: bytes) -> bytes:
    return SIGNATURE + command + family + struct.pack("!H", len(body)) + body


def tcp4(source: str = "203.0.113.9", extensions: bytes = b"") -> bytes:
    both = IPv4Address(source).packed + IPv4Address("192.0.2.1").packed
    return binary(PROXY, TCP4, both + struct.pack("!HH", 56324, 443) + extensions)


def tcp6(source: str, extensions: bytes = b"") -> bytes:
    both = IPv6Address(source).packed + IPv6Address("2001:db8::1").packed
    return binary(PROXY, TCP6, both + struct.pack("!HH", 56324, 443) + extensions)


GOOD = [
    (b"PROXY TCP4 203.0.113.9 192.0.2.1 56324 443\r\n", "203.0.113.9"),
    (b"PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n", "255.255.255.255"),
    (b"PROXY TCP4 203.0.113.9 192.0.2.1 0 0\r\n", "203.0.113.9"),
    (b"PROXY TCP6 2001:DB8::9 2001:db8::1 56324 443\r\n", "2001:db8::9"),
    (b"PROXY TCP6 ::ffff:203.0.113.9 ::1 1 2\r\n", "203.0.113.9"),
    (b"PROXY TCP6 " + b"ffff:" * 7 + b"ffff " + b"ffff:" * 7 + b"ffff 65535 65535\r\n", "ffff:" * 7 + "ffff"),
    (b"PROXY UNKNOWN\r\n", ""),
    (b"PROXY UNKNOWN ffff::1 whatever \xff\0 65535 65535\r\n", ""),
    (tcp4(), "203.0.113.9"),
    (tcp4(extensions=b"\x03\x00\x04abcd" + b"\x20\x00\x05\x00\x00\x00\x00\x00"), "203.0.113.9"),
    (tcp4(extensions=b"an extension that is none"), "203.0.113.9"),
    (tcp4(extensions=b"x" * (MAX_EXTRA - 12)), "203.0.113.9"),
    (tcp6("2001:db8::9"), "2001:db8::9"),
    (tcp6("::ffff:203.0.113.9"), "203.0.113.9"),
    (binary(LOCAL, b"\0", b""), ""),
    # "discard the protocol block including the family which is ignored" (section 2.2).
    (binary(LOCAL, TCP4, b""), ""),
    (binary(LOCAL, b"\xff", b"garbage"), ""),
    (binary(PROXY, b"\0", b""), ""),
    (binary(PROXY, b"\0", b"some more"), ""),
    (binary(PROXY, STREAM, b"/run/a".ljust(108, b"\0") + b"/run/b".ljust(108, b"\0")), ""),
    *((binary(PROXY, family, bytes(40)), "") for family in (UDP4, UDP6, DATAGRAM)),
]
"""Headers, and the address that each has."""

BROKEN = [
    b"PROXY \r\n",
    b"PROXY TCP5 203.0.113.9 192.0.2.1 1 2\r\n",
    b"PROXY tcp4 203.0.113.9 192.0.2.1 1 2\r\n",
    b"PROXY UNKNOWNX\r\n",
    b"PROXY TCP4\r\n",
    b"PROXY TCP4 203.0.113.9 192.0.2.1 1\r\n",
    b"PROXY TCP4 203.0.113.9 192.0.2.1 1 2 3\r\n",
    b"PROXY TCP4  203.0.113.9 192.0.2.1 1 2\r\n",
    b"PROXY TCP4 203.0.113.9 192.0.2.1 1 2 \r\n",
    b"PROXY TCP4 203.0.113.256 192.0.2.1 1 2\r\n",
    b"PROXY TCP4 203.0.113.09 192.0.2.1 1 2\r\n",
    b"PROXY TCP4 203.0.113 192.0.2.1 1 2\r\n",
    b"PROXY TCP4 2001:db8::9 2001:db8::1 1 2\r\n",
    b"PROXY TCP4 203.0.113.9 chat.example.org 1 2\r\n",
    "PROXY TCP4 203.0.113.٩ 192.0.2.1 1 2\r\n".encode(),
    b"PROXY TCP6 203.0.113.9 192.0.2.1 1 2\r\n",
    b"PROXY TCP6 2001:db8::9::1 ::1 1 2\r\n",
    b"PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n",
    b"PROXY TCP6 [2001:db8::9] ::1 1 2\r\n",
    b"PROXY TCP4 203.0.113.9 192.0.2.1 65536 2\r\n",
    b"PROXY TCP4 203.0.113.9 192.0.2.1 01 2\r\n",
    b"PROXY TCP4 203.0.113.9 192.0.2.1 -1 2\r\n",
    b"PROXY TCP4 203.0.113.9 192.0.2.1 1 \r\n",
    b"PROXY TCP4 203.0.113.9 192.0.2.1 1 2\n" + b"x" * MAX_TEXT,
    b"PROXY UNKNOWN ".ljust(MAX_TEXT - 1, b"x") + b"\r\n",
    binary(b"\x11", TCP4, bytes(12)),
    binary(b"\x22", TCP4, bytes(12)),
    binary(PROXY, b"\x10", bytes(12)),
    binary(PROXY, b"\x41", bytes(12)),
    binary(PROXY, b"\x13", bytes(12)),
    binary(PROXY, TCP4, bytes(11)),
    binary(PROXY, TCP6, bytes(35)),
    binary(LOCAL, b"\0", bytes(MAX_EXTRA + 1)),
    SIGNATURE + PROXY + TCP4 + b"\xff\xff",
]

NONE = [
    b"alice\r\n",
    b"NICK alice\r\n",
    b"GET / HTTP/1.1\r\n",
    b"\x16\x03\x01",
    b"\r\n\r\nalice",
    b"PROXX",
    b"PROXY\r\n",
]


def read_in_pieces(data: bytes, size: int) -> Header | None:
    """The header of what comes in pieces of ``size`` bytes, each as soon as it is there."""
    for end in range(size, len(data) + size, size):
        found = read_header(data[:end])
        if found is not None:
            return found
    return None


@pytest.mark.parametrize("size", [1, 2, 5, 13, 10_000])
@pytest.mark.parametrize(("data", "host"), GOOD)
def test_a_header_is_read_and_nothing_behind_it(data: bytes, host: str, size: int) -> None:
    assert read_in_pieces(data + b"alice\r\nPROXY TCP4", size) == Header(host, len(data))


@pytest.mark.parametrize(("data", "host"), GOOD)
def test_a_header_that_is_not_whole_is_waited_for(data: bytes, host: str) -> None:
    assert [read_header(data[:end]) for end in range(len(data))] == [None] * len(data)


def extension(kind: int, value: bytes) -> bytes:
    return struct.pack("!BH", kind, len(value)) + value


@pytest.mark.parametrize(
    ("extensions", "over_tls"),
    [
        (extension(0x20, b"\x01\0\0\0\0"), True),
        (extension(0x03, b"abcd") + extension(0x02, b"chat") + extension(0x20, b"\x07\0\0\0\0more"), True),
        (extension(0x20, b"\x00\0\0\0\0"), False),
        (extension(0x20, b"\x06\0\0\0\0"), False),
        (extension(0x21, b"\x01\0\0\0\0"), False),
        (extension(0x04, extension(0x20, b"\x01\0\0\0\0")), False),
        (b"\x20\x00\x05", False),
        (extension(0x20, b"") + b"\x01", False),
        (b"\x03\xff\xff" + extension(0x20, b"\x01\0\0\0\0"), False),
    ],
)
def test_the_proxy_says_whether_the_person_came_over_tls(extensions: bytes, over_tls: bool) -> None:
    for header in (tcp4(extensions=extensions), tcp6("2001:db8::9", extensions)):
        found = read_header(header)
        assert found is not None
        assert found.over_tls is over_tls


@pytest.mark.parametrize("size", [1, 2, 5, 13, 10_000])
@pytest.mark.parametrize("data", BROKEN)
def test_a_broken_header_is_refused(data: bytes, size: int) -> None:
    with pytest.raises(BrokenHeader):
        read_in_pieces(data, size)


@pytest.mark.parametrize("size", [1, 2, 5, 13, 10_000])
@pytest.mark.parametrize("data", NONE)
def test_something_else_is_told_from_a_header_at_its_first_other_byte(data: bytes, size: int) -> None:
    with pytest.raises(NoHeader):
        read_in_pieces(data, size)


addresses = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6))


def text(address: IPv4Address | IPv6Address, port: int) -> bytes:
    return f"PROXY TCP{address.version} {address} {address} {port} {port}\r\n".encode()


def packed(address: IPv4Address | IPv6Address, port: int, extensions: bytes) -> bytes:
    both = address.packed * 2 + struct.pack("!HH", port, port)
    return binary(PROXY, TCP4 if address.version == 4 else TCP6, both + extensions)


@given(addresses, st.integers(0, 65535), st.one_of(st.none(), st.binary(max_size=300)), st.binary(max_size=50))
def test_every_address_is_read_in_both_versions(
    address: IPv4Address | IPv6Address, port: int, extensions: bytes | None, rest: bytes
) -> None:
    header = text(address, port) if extensions is None else packed(address, port, extensions)
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    whole = header + rest
    ends = range(len(whole) + 1)

    found = [read_header(whole[:end]) for end in ends]

    whole_ones = [end >= len(header) for end in ends]
    assert [header_found is not None for header_found in found] == whole_ones
    assert {one[:2] for one in found if one is not None} == {(str(mapped or address), len(header))}


starts = st.sampled_from([b"", b"PROXY ", b"PROXY TCP4 ", b"PROXY TCP6 ", SIGNATURE, SIGNATURE + PROXY + TCP4])


@given(starts, st.binary(max_size=MAX_EXTRA + 40))
@example(SIGNATURE + PROXY + TCP4, struct.pack("!H", 12) + bytes(12))
def test_whatever_comes_is_read_or_refused_and_never_waited_for_without_end(start: bytes, more: bytes) -> None:
    outcomes: list[object] = []
    for end in range(len(start + more) + 1):
        try:
            outcomes.append(read_header((start + more)[:end]))
        except (NoHeader, BrokenHeader) as refusal:
            outcomes.append(type(refusal))
    decided = [outcome for outcome in outcomes if outcome is not None]

    # What is decided once stays so, whatever comes behind it.
    assert len(set(decided)) <= 1
    assert outcomes == [None] * (len(outcomes) - len(decided)) + decided
    assert len(outcomes) - len(decided) <= 16 + MAX_EXTRA
    if decided and isinstance(decided[0], Header):
        assert decided[0].host == "" or ip_address(decided[0].host)
