"""The person behind proxies over HTTP: the last address that is no named proxy's, whatever a client has made up."""

from __future__ import annotations

from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatroom.core.proxies import Proxies
from chatroom.wire.forwarded import BrokenForwarded, Lines, Visitor, visitor

PROXIES = Proxies("192.0.2.0/24,2001:db8:ffff::/48")
OWN = "192.0.2.1"
"""The address of the proxy that asks."""


def by_forwarded(*lines: bytes) -> Visitor:
    return visitor(Visitor(OWN), Lines(forwarded=lines), PROXIES.has)


def by_x_forwarded(*lines: bytes, schemes: tuple[bytes, ...] = (), hosts: tuple[bytes, ...] = ()) -> Visitor:
    return visitor(Visitor(OWN), Lines((), lines, schemes, hosts), PROXIES.has)


def test_without_any_header_the_proxy_asks_for_itself() -> None:
    own = Visitor(OWN, True, b"chat.example.org")
    assert visitor(own, Lines(), PROXIES.has) == visitor(own, Lines([b""], [b""], [b""]), PROXIES.has) == own


@pytest.mark.parametrize(
    ("line", "host"),
    [
        (b"for=203.0.113.9", "203.0.113.9"),
        (b"For=203.0.113.9;proto=http;by=192.0.2.1", "203.0.113.9"),
        (b'for="203.0.113.9:4711"', "203.0.113.9"),
        (b"for=203.0.113.9:4711", "203.0.113.9"),
        (b'for="203.0.113.9:_port"', "203.0.113.9"),
        (b'for="[2001:db8:cafe::17]"', "2001:db8:cafe::17"),
        (b'for="[2001:DB8:cafe::17]:4711"', "2001:db8:cafe::17"),
        (b'for="2001:db8:cafe::17"', "2001:db8:cafe::17"),
        (b'for="[fe80::1%eth0]:80"', "fe80::1"),
        (b'for="[::ffff:203.0.113.9]"', "203.0.113.9"),
        (b'for="\\2\\03.0.113.9"', "203.0.113.9"),
        (b" \tfor=203.0.113.9 ; proto=http \t", "203.0.113.9"),
        (b"for=203.0.113.9,", "203.0.113.9"),
        (b", ,for=203.0.113.9, ,", "203.0.113.9"),
        (b'secret="a, b; for=198.51.100.1 \\" c";for=203.0.113.9', "203.0.113.9"),
        # Several hops.
        (b"for=198.51.100.1, for=203.0.113.9", "203.0.113.9"),
        (b"for=198.51.100.1, for=203.0.113.9, for=192.0.2.7", "203.0.113.9"),
        (b'for=198.51.100.1, for="[2001:db8:ffff::1]", for=192.0.2.7', "198.51.100.1"),
        (b"for=192.0.2.8, for=192.0.2.7", "192.0.2.8"),
        # Nobody knows who is behind a proxy that does not say it.
        (b"for=unknown", OWN),
        (b'for="UNKNOWN:80"', OWN),
        (b"for=_hidden.one", OWN),
        (b"proto=https", OWN),
        (b"for=198.51.100.1, for=unknown", OWN),
        (b"for=198.51.100.1, for=_SEVKISEK, for=192.0.2.7", "192.0.2.7"),
    ],
)
def test_the_last_address_of_forwarded_that_is_no_proxy_counts(line: bytes, host: str) -> None:
    assert by_forwarded(line).host == host


@pytest.mark.parametrize(
    ("line", "host"),
    [
        (b"203.0.113.9", "203.0.113.9"),
        (b" 203.0.113.9 ", "203.0.113.9"),
        (b"203.0.113.9:4711", "203.0.113.9"),
        (b"2001:db8:cafe::17", "2001:db8:cafe::17"),
        (b"[2001:db8:cafe::17]:4711", "2001:db8:cafe::17"),
        (b"fe80::1%eth0", "fe80::1"),
        (b"::ffff:203.0.113.9", "203.0.113.9"),
        (b"198.51.100.1, 203.0.113.9", "203.0.113.9"),
        (b"198.51.100.1,203.0.113.9,192.0.2.7", "203.0.113.9"),
        (b"garbage, \xff, 203.0.113.9", "203.0.113.9"),
        (b"192.0.2.8, 192.0.2.7", "192.0.2.8"),
        (b"unknown", OWN),
        (b"198.51.100.1, unknown", OWN),
    ],
)
def test_the_last_address_of_x_forwarded_for_that_is_no_proxy_counts(line: bytes, host: str) -> None:
    assert by_x_forwarded(line).host == host


def test_several_lines_are_one_list() -> None:
    assert by_forwarded(b"for=198.51.100.1", b"for=203.0.113.9, for=192.0.2.7").host == "203.0.113.9"
    assert by_forwarded(b"for=198.51.100.1", b"for=192.0.2.7").host == "198.51.100.1"
    assert by_x_forwarded(b"198.51.100.1", b"203.0.113.9", b"192.0.2.7").host == "203.0.113.9"


def test_a_line_of_the_clients_own_is_not_even_read() -> None:
    assert by_forwarded(b'for="', b"for=203.0.113.9").host == "203.0.113.9"
    with pytest.raises(BrokenForwarded):
        by_forwarded(b'for="', b"for=192.0.2.7")


@pytest.mark.parametrize(
    "line",
    [
        b"203.0.113.9",
        b"for",
        b"for=",
        b"for=203.0.113.256",
        b"for=203.0.113.9 proto=http",
        b"for =203.0.113.9",
        b'for="203.0.113.9',
        b'for="203.0.113.9"x',
        b'for=x"203.0.113.9"',
        b"for=chat.example.org",
        b'for="[203.0.113.9]"',
        b'for="[2001:db8::1"',
        b'for="2001:db8::1]"',
        b"for=203.0.113.9;for=198.51.100.1",
        b"for=203.0.113.9;For=203.0.113.9",
        b"for=203.0.113.9:port",
        b'for=""',
        b"=203.0.113.9",
        b"for=203.0.113.9\xff",
        # A client's own quotation mark swallows what the proxy has written behind it.
        b'for=198.51.100.1;x=", for=203.0.113.9',
        b'for=198.51.100.1;x=", for="[2001:db8:cafe::17]"',
    ],
)
def test_a_line_that_is_none_is_refused(line: bytes) -> None:
    with pytest.raises(BrokenForwarded):
        by_forwarded(line)


@pytest.mark.parametrize(
    "line", [b"garbage", b"203.0.113.256", b"for=203.0.113.9", b"203.0.113.9, x", b"\xff", b"_x:y z"]
)
def test_a_list_of_something_else_than_addresses_is_refused(line: bytes) -> None:
    with pytest.raises(BrokenForwarded):
        by_x_forwarded(line)


def test_the_first_proxy_says_how_it_was_reached() -> None:
    said = b'for=203.0.113.9;proto=HTTPS;host="chat.example.org:8443", for=192.0.2.7;proto=http;host=inner'
    assert by_forwarded(b"for=198.51.100.1;proto=http;host=evil.example, " + said) == Visitor(
        "203.0.113.9", True, b"chat.example.org:8443"
    )
    assert by_forwarded(b"for=203.0.113.9;proto=http") == Visitor("203.0.113.9", False, b"")
    # A client's own word in front of what the proxy has written.
    assert by_forwarded(b"for=203.0.113.9;proto=https, for=203.0.113.9") == Visitor("203.0.113.9")


def test_the_older_headers_say_so_for_each_address_or_once() -> None:
    assert by_x_forwarded(b"203.0.113.9", schemes=(b"https",), hosts=(b"chat.example.org",)) == Visitor(
        "203.0.113.9", True, b"chat.example.org"
    )
    assert by_x_forwarded(b"203.0.113.9", schemes=(b"http",)) == Visitor("203.0.113.9")
    assert by_x_forwarded(b"203.0.113.9, 192.0.2.7", schemes=(b"https, http",)).over_tls
    assert not by_x_forwarded(b"203.0.113.9, 192.0.2.7", schemes=(b"http, https",)).over_tls
    assert by_x_forwarded(b"203.0.113.9, 192.0.2.7", schemes=(b"https",)).over_tls
    assert by_x_forwarded(schemes=(b"https",), hosts=(b"chat.example.org",)) == Visitor(OWN, True, b"chat.example.org")


def both(forwarded: bytes, addresses: bytes, schemes: tuple[bytes, ...] = (), hosts: tuple[bytes, ...] = ()) -> Visitor:
    return visitor(Visitor(OWN), Lines([forwarded], [addresses], schemes, hosts), PROXIES.has)


def test_a_proxy_that_sets_one_header_and_passes_on_the_other_is_not_taken_in() -> None:
    for forwarded, addresses in [
        (b"for=198.51.100.1", b"203.0.113.9"),
        (b"for=203.0.113.9", b"198.51.100.1"),
        (b"for=unknown", b"203.0.113.9"),
        (b"for=203.0.113.9", b"unknown"),
        (b"for=192.0.2.7", b"203.0.113.9"),
    ]:
        with pytest.raises(BrokenForwarded, match="have the proxy remove the one that it does not set"):
            both(forwarded, addresses)


def test_both_headers_may_say_the_same() -> None:
    assert both(b"for=198.51.100.1, for=203.0.113.9", b"203.0.113.9, 192.0.2.7") == Visitor("203.0.113.9")
    assert both(b"for=203.0.113.9;proto=https", b"203.0.113.9") == Visitor("203.0.113.9", True)
    assert both(b"for=203.0.113.9;proto=https", b"203.0.113.9", (b"https",)).over_tls
    # One of them may be the client's word.
    assert not both(b"for=203.0.113.9;proto=https", b"203.0.113.9", (b"http",)).over_tls
    assert both(b"for=203.0.113.9;host=a.example", b"203.0.113.9", hosts=(b"b.example",)).authority == b"a.example"
    assert both(b"for=203.0.113.9", b"203.0.113.9", hosts=(b"b.example",)).authority == b"b.example"


def test_forwarded_alone_counts_where_the_older_headers_name_nobody() -> None:
    found = visitor(Visitor(OWN), Lines([b"for=203.0.113.9"], [], [b"https"], [b"evil.example"]), PROXIES.has)
    assert found == Visitor("203.0.113.9")


people = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)).filter(lambda address: not PROXIES.has(str(address)))
ports = st.sampled_from(["", ":80", ":_hidden"])
claims = st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=60).map(
    lambda text: text.encode("latin-1")
)


def plain(address: IPv4Address | IPv6Address) -> str:
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(mapped or address)


@given(claims, people, ports, st.integers(0, 3))
def test_nobody_comes_from_elsewhere_by_what_they_claim(
    claim: bytes, person: IPv4Address | IPv6Address, port: str, hops: int
) -> None:
    node = f'"[{person}]{port}"' if person.version == 6 else f'"{person}{port}"'
    further = "".join(f", for=192.0.2.{number}" for number in range(1, hops + 1))
    written = f"for={node}{further}".encode()

    # The proxy adds a line of its own, or goes on with that of the client: then the whole may be no list any more.
    assert by_forwarded(claim, written).host == plain(person)
    try:
        found = by_forwarded(claim + b", " + written).host
    except BrokenForwarded:
        found = plain(person)
    assert found == plain(person)
    addresses = ", ".join([str(person), *(f"192.0.2.{number}" for number in range(1, hops + 1))]).encode()
    assert by_x_forwarded(claim + b", " + addresses).host == by_x_forwarded(claim, addresses).host == plain(person)


@given(st.lists(claims, max_size=3), st.lists(claims, max_size=3), st.lists(claims, max_size=2))
def test_whatever_a_proxy_writes_names_an_address_or_is_refused(
    forwarded: list[bytes], addresses: list[bytes], schemes: list[bytes]
) -> None:
    found = Visitor(OWN)
    with suppress(BrokenForwarded):
        found = visitor(Visitor(OWN), Lines(forwarded, addresses, schemes, schemes), PROXIES.has)

    assert plain(IPv6Address(found.host) if ":" in found.host else IPv4Address(found.host)) == found.host
