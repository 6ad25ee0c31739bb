"""Named proxies at the doors: limits, bans and the log go by the people behind them, and nobody else is believed.

Both ends of each connection are in memory, and time passes when a test says so.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable
from contextlib import closing
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from ircroom import IRCRoom
from pages import Answer, frame, read_answer, request, upgrade
from twisted.internet.address import IPv4Address, UNIXAddress
from twisted.internet.testing import StringTransport
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory

from chatroom.core.proxies import Proxies
from chatroom.doors.connection import CLOSE_TIMEOUT
from chatroom.doors.factory import DoorFactory
from chatroom.doors.line import ChatFactory
from chatroom.doors.proxied import HeadersFirst
from chatroom.doors.sources import Source
from chatroom.doors.web import WebFactory
from chatroom.doors.web.http import HEADERS as PAGE_HEADERS
from chatroom.testing import Person
from chatroom.wire.proxy_header import MAX_TEXT, SIGNATURE
from chatroom.wire.send_queue import SocketSendQueue

NAMED = "192.0.2.0/24,2001:db8:ffff::/48"
PROXY, OTHER_PROXY = "192.0.2.1", "2001:db8:ffff::1"
ALICE, BOB = "203.0.113.9", "198.51.100.7"
SWITCHING = 101
STRANGER = "203.0.113.200"


def text_header(host: str) -> bytes:
    return f"PROXY TCP{ip_address(host).version} {host} {host} 56324 443\r\n".encode()


def binary_header(host: str, extensions: bytes = b"\x03\x00\x04abcd") -> bytes:
    address = ip_address(host)
    family = b"\x11" if address.version == 4 else b"\x21"
    body = address.packed * 2 + struct.pack("!HH", 56324, 443) + extensions
    return SIGNATURE + b"\x21" + family + struct.pack("!H", len(body)) + body


OWN = [b"PROXY UNKNOWN\r\n", SIGNATURE + b"\x20\x00\x00\x00"]
"""Headers of connections that are the proxy's own."""

BROKEN = [
    (b"PROXY TCP4 203.0.113.999 192.0.2.1 1 2\r\n", "one of its addresses is none of TCP4"),
    (b"PROXY UNKNOWN ".ljust(MAX_TEXT, b"x"), "it does not end within 107 bytes"),
    (SIGNATURE + b"\x31\x11\x00\x0c" + bytes(12), "it is of an unknown version or command"),
    (SIGNATURE + b"\x21\x11\x00\x0b" + bytes(11), "it is too short for its addresses"),
]

SPEECH: dict[str, Callable[[str], bytes]] = {
    "line": lambda nickname: f"{nickname}\r\n".encode(),
    "irc": lambda nickname: f"NICK {nickname}\r\nUSER u 0 * :{nickname}\r\n".encode(),
    "web": lambda nickname: upgrade() + frame(nickname),
}
"""What somebody says to come in, by door."""

HEADERS = pytest.mark.parametrize("header", [text_header, binary_header], ids=["text", "binary"])
DOORS = pytest.mark.parametrize("door", SPEECH)
Header = Callable[[str], bytes]


class House(IRCRoom):
    """A server with three doors behind proxies, whose journal is kept."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"proxies": NAMED, "replay": 0, **options})
        self.doors: dict[str, DoorFactory[Any]] = {
            "line": self.factory,
            "irc": self.door,
            "web": WebFactory(chat=self.chat, reactor=self.clock),
        }
        self.journal: list[str] = []
        self.chat.journal = self.journal.append

    def come(self, door: str, address: str = PROXY) -> Person:
        """Somebody who has connected."""
        return self.connect(self.doors[door], address)

    def come_in(self, door: str, nickname: str, header: bytes, address: str = PROXY, size: int = 10_000) -> Person:
        """Somebody who has sent a header and all that it takes to come in, in pieces of ``size`` bytes."""
        person = self.come(door, address)
        data = header + SPEECH[door](nickname)
        for start in range(0, len(data), size):
            person.send(data[start : start + size])
        self.settle()
        return person

    def ask(self, *requests: bytes, address: str = PROXY) -> list[Answer]:
        """The answers to requests over one new connection."""
        browser = self.come("web", address)
        browser.send(b"".join(requests))
        rest = browser.data()
        answers: list[Answer] = []
        # Behind an upgrade stands a WebSocket.
        while rest and (not answers or answers[-1].status != SWITCHING):
            answer, rest = read_answer(rest)
            answers.append(answer)
        return answers

    def addresses(self) -> dict[str, str]:
        """The address of each person who is in."""
        sessions = {name: member.session for name, member in self.chat.members.items()}
        return {name: session.address for name, session in sessions.items() if session is not None}


@pytest.fixture
def house() -> House:
    return House()


# The header.


@DOORS
@HEADERS
@pytest.mark.parametrize("host", [ALICE, "2001:db8::9"])
@pytest.mark.parametrize("proxy", [PROXY, OTHER_PROXY])
def test_somebody_behind_a_proxy_comes_from_their_own_address(
    house: House, door: str, header: Header, host: str, proxy: str
) -> None:
    house.come_in(door, "alice", header(host), proxy)

    assert house.addresses() == {"alice": host}
    assert house.journal == [f"alice ({host}) came in"]


@DOORS
@HEADERS
@pytest.mark.parametrize("size", [1, 3, 17])
def test_the_header_may_come_in_any_pieces(house: House, door: str, header: Header, size: int) -> None:
    house.come_in(door, "alice", header(ALICE), size=size)

    assert house.addresses() == {"alice": ALICE}


@DOORS
@pytest.mark.parametrize("header", OWN)
def test_a_connection_of_the_proxys_own_has_its_address(house: House, door: str, header: bytes) -> None:
    house.come_in(door, "checker", header)

    assert house.addresses() == {"checker": PROXY}


@DOORS
def test_a_header_may_name_an_address_among_the_proxies(house: House, door: str) -> None:
    house.come_in(door, "alice", text_header("192.0.2.77"))

    assert house.addresses() == {"alice": "192.0.2.77"}


@pytest.mark.parametrize(("door", "told"), [("line", "! {}\r\n"), ("irc", "ERROR :Closing link: ({})\r\n")])
def test_a_proxy_that_sends_no_header_is_told_so(house: House, door: str, told: str) -> None:
    person = house.come_in(door, "alice", b"")
    why = (
        "You came by a proxy that is not set up for this server: it begins with no PROXY header (in HAProxy: "
        "send-proxy). Tell whoever runs it."
    )

    assert person.data().decode() == told.format(why)
    assert person.closed
    assert house.addresses() == {}
    assert house.journal == [f"{PROXY} was turned away: {why}"]


@DOORS
@pytest.mark.parametrize(("header", "why"), BROKEN)
@pytest.mark.parametrize("size", [1, 10_000])
def test_a_proxy_that_sends_a_broken_header_is_told_so(
    house: House, door: str, header: bytes, why: str, size: int
) -> None:
    person = house.come_in(door, "alice", header, size=size)
    told = person.data().decode()

    assert f"its PROXY header is broken: {why}. Tell whoever runs it." in told
    assert told.startswith("HTTP/1.1 400 Bad Request\r\n") == (door == "web")
    assert person.closed
    assert house.addresses() == {}
    assert [line.partition(":")[0] for line in house.journal] == [f"{PROXY} was turned away"]


@DOORS
def test_a_header_has_to_come_in_time(door: str) -> None:
    house = House(handshake_timeout=7)
    person = house.come(door)
    person.send(b"PROXY TCP4 203")
    house.advance(6.9)
    assert person.data() == b""
    house.advance(0.2)

    assert b"no PROXY header came within 7 seconds (in HAProxy: send-proxy)" in person.data()
    assert person.closed
    assert len(house.journal) == 1


def test_a_proxy_that_asks_nothing_is_let_go_without_a_word(house: House) -> None:
    person = house.come("web")
    house.advance(30)

    assert person.data() == b""
    assert person.closed
    assert house.journal == []


def test_the_time_to_give_a_nickname_begins_behind_the_header() -> None:
    house = House(handshake_timeout=10)
    person = house.come("line")
    house.advance(9)
    person.send(text_header(ALICE))
    house.advance(9)
    assert person.lines() == ["NICK"]
    house.advance(1)

    assert person.lines() == ["! No nickname within 10 seconds: goodbye. Connect again when you have one."]
    assert person.closed


@DOORS
def test_a_proxy_that_reads_nothing_is_let_go(house: House, door: str) -> None:
    person = house.come(door)
    person.stop_reading()
    person.send(b"PROXY nothing\r\n")
    house.advance(CLOSE_TIMEOUT + 1)

    assert person.closed


@DOORS
def test_connections_that_wait_for_their_header_do_not_hold_up_the_end(house: House, door: str) -> None:
    waiting = house.come(door)
    gone: list[None] = []
    house.doors[door].stop().addCallback(gone.append)
    house.settle()

    assert waiting.closed
    assert gone == [None]


@DOORS
def test_a_header_that_comes_when_the_server_stops_leads_to_nobody(house: House, door: str) -> None:
    person = house.come(door)
    house.chat.stopping = True
    person.send(text_header(ALICE) + SPEECH[door]("alice"))
    house.settle()

    assert person.closed
    assert house.addresses() == {}


def test_somebody_who_sends_everything_at_once_and_no_more_is_heard(house: House) -> None:
    bob = house.connect(address=BOB)
    bob.type("bob")
    house.settle()
    person = house.come("line")
    person.send(text_header(ALICE) + b"alice\nhello")
    person.finish()
    house.settle()

    assert bob.lines()[-3:] == ["* alice joined", "alice: hello", "* alice left (connection closed)"]
    assert person.closed


@DOORS
def test_a_connection_that_is_lost_before_its_header_leaves_nothing(door: str) -> None:
    house = House(max_clients=1)
    for end in (Person.drop, Person.close, Person.finish):
        person = house.come(door)
        person.send(b"PROXY")
        house.settle()
        end(person)
        house.settle()
        assert person.closed
    house.come_in(door, "alice", text_header(ALICE))

    assert house.addresses() == {"alice": ALICE}
    assert house.journal == [f"alice ({ALICE}) came in"]
    house.advance(60)


def test_output_goes_straight_into_the_socket_behind_a_header() -> None:
    class Transport(StringTransport):
        def getHandle(self) -> socket.socket:
            return near

    door = ChatFactory(reactor=House().clock, proxies=PROXY)
    near, far = socket.socketpair()
    with closing(near), closing(far):
        waiting = door.buildProtocol(IPv4Address("TCP", PROXY, 1))
        waiting.makeConnection(Transport(peerAddress=IPv4Address("TCP", PROXY, 1)))
        waiting.dataReceived(text_header(ALICE) + b"alice\r\n")
        door.clock.advance(0)  # type: ignore[attr-defined]
        [connection] = door.clients.values()

        assert isinstance(connection.send_queue, SocketSendQueue)
        assert far.recv(6) == b"NICK\r\n"


class Inverted(ProtocolWrapper):
    """A connection on which capitals are small letters."""

    def dataReceived(self, data: bytes) -> None:
        super().dataReceived(data.swapcase())

    def write(self, data: bytes) -> None:
        super().write(data.swapcase())


class Inverting(WrappingFactory):
    """Stands before a door and understands the connection, as TLS does."""

    protocol = Inverted


@pytest.mark.parametrize("door", ["line", "irc"])
@HEADERS
def test_the_header_may_stand_before_what_stands_before_the_door(house: House, door: str, header: Header) -> None:
    first = HeadersFirst(house.doors[door], Inverting(house.doors[door]))
    first.doStart()
    person = house.connect(first, PROXY)
    person.send(header(ALICE) + SPEECH[door]("alice").swapcase())
    house.settle()
    assert house.addresses() == {"alice": ALICE}
    assert b"ALICE" in person.data()
    direct = house.connect(first, BOB)
    direct.send(SPEECH[door]("bob").swapcase())
    house.settle()
    assert house.addresses() == {"alice": ALICE, "bob": BOB}
    without = house.connect(first, PROXY)
    without.send(SPEECH[door]("carol").swapcase())
    assert b"it begins with no PROXY header" in without.data()
    house.chat.stopping = True
    with pytest.raises(ConnectionRefusedError):
        house.connect(first, PROXY)
    person.close()
    direct.close()
    house.settle()
    first.doStop()

    assert house.chat.members == {}


# Nobody else is believed.


@DOORS
@HEADERS
@pytest.mark.parametrize("size", [1, 5, 10_000])
def test_a_header_of_a_stranger_is_not_believed(house: House, door: str, header: Header, size: int) -> None:
    person = house.come_in(door, "alice", header(ALICE), STRANGER, size=size)

    assert house.addresses() == {}
    assert person.data() != b""
    assert person.closed
    assert ALICE not in " ".join(house.journal)


@pytest.mark.parametrize("door", ["line", "irc"])
@pytest.mark.parametrize("header", [text_header(ALICE), binary_header(ALICE), *OWN])
def test_a_proxy_that_is_not_named_is_told_so(house: House, door: str, header: bytes) -> None:
    person = house.come_in(door, "alice", header, STRANGER)
    why = "You came by a proxy that is not set up for this server: its address is not in --proxies."

    assert why in person.data().decode()
    assert [line.partition(" Tell")[0] for line in house.journal] == [f"{STRANGER} was turned away: {why}"]


def test_somebody_may_be_called_proxy(house: House) -> None:
    house.come_in("line", "PROXY", b"", STRANGER)
    house.come_in("irc", "proxy1", b"", STRANGER)

    assert house.addresses() == {"proxy": STRANGER, "proxy1": STRANGER}


FORWARDED = [{"Forwarded": f"for={ALICE}"}, {"X_Forwarded_For": ALICE}]


@pytest.mark.parametrize("headers", FORWARDED)
def test_a_request_of_a_stranger_is_not_believed(house: House, headers: dict[str, str]) -> None:
    person = house.come("web", STRANGER)
    person.send(upgrade(**headers) + frame("alice"))
    house.settle()

    assert house.addresses() == {"alice": STRANGER}


@HEADERS
@pytest.mark.parametrize("headers", FORWARDED)
def test_somebody_behind_a_header_is_a_stranger(house: House, header: Header, headers: dict[str, str]) -> None:
    person = house.come("web")
    person.send(header(BOB) + upgrade(**headers) + frame("alice"))
    house.settle()

    assert house.addresses() == {"alice": BOB}


def test_without_named_proxies_nobody_is_believed() -> None:
    house = House(proxies="")
    house.come_in("line", "alice", text_header(ALICE))
    house.come("web").send(upgrade(Forwarded=f"for={ALICE}") + frame("bob"))
    house.settle()

    assert house.addresses() == {"bob": PROXY}


def test_the_peer_of_a_unix_socket_is_a_proxy_where_that_is_said() -> None:
    for proxies, believed in [("unix", True), (f"unix,{NAMED}", True), (NAMED, False)]:
        house = House(proxies=proxies)
        transport = StringTransport(peerAddress=UNIXAddress(None))
        connection: Any = house.factory.buildProtocol(UNIXAddress(None))
        connection.makeConnection(transport)
        connection.dataReceived(text_header(ALICE) + b"alice\r\n")
        house.settle()

        assert house.addresses() == ({"alice": ALICE} if believed else {})


def test_the_named_are_networks_of_both_kinds_and_addresses() -> None:
    proxies = Proxies("192.0.2.1,198.51.100.0/24,2001:db8::/32")
    assert all(
        map(proxies.has, ["192.0.2.1", "::ffff:192.0.2.1", "198.51.100.200", "2001:db8:1::2", "2001:db8::1%eth0"])
    )
    assert not any(map(proxies.has, ["192.0.2.2", "2001:db9::1", "", "unix", "localhost"]))
    assert proxies
    assert Proxies("unix").has("")
    assert Proxies("unix")
    assert not Proxies("")


# Limits, bans and who is who.


@DOORS
def test_the_people_behind_a_proxy_are_limited_each_by_their_own_address(door: str) -> None:
    house = House(max_clients_per_host=2, exempt="")
    people = [
        house.come_in(door, f"guest{number}", text_header(host))
        for number, host in enumerate([ALICE, BOB, ALICE, BOB, "2001:db8::1", "2001:db8::2"])
    ]
    assert not any(person.closed for person in people)
    for host in (ALICE, BOB, "2001:db8::ffff:1"):
        refused = house.come_in(door, "late", text_header(host))
        assert b"There are 2 connections from your address already" in refused.data()
        assert refused.closed
    people[0].drop()
    house.come_in(door, "alice", text_header(ALICE))

    assert house.addresses()["alice"] == ALICE


@DOORS
def test_a_proxy_may_have_any_number_of_connections(door: str) -> None:
    house = House(max_clients_per_host=1, exempt="")
    waiting = [house.come(door) for _ in range(5)]
    own = [house.come_in(door, f"own{number}", OWN[number % 2]) for number in range(5)]

    assert not any(person.closed for person in waiting + own)
    assert set(house.addresses().values()) == {PROXY}


@DOORS
def test_connections_that_wait_for_their_header_count_altogether(door: str) -> None:
    house = House(max_clients=2)
    waiting = [house.come(door), house.come(door)]
    late = house.come(door)

    assert b"The server is full (2 connections): try again later." in late.data()
    assert late.closed
    waiting[0].send(text_header(ALICE) + SPEECH[door]("alice"))
    waiting[1].drop()
    house.settle()
    house.come_in(door, "bob", text_header(BOB))

    assert house.addresses() == {"alice": ALICE, "bob": BOB}


@DOORS
def test_somebody_who_was_put_out_does_not_come_back_by_another_proxy(door: str, tmp_path: Path) -> None:
    (tmp_path / "operators").write_text("boss secret\n")
    house = House(operators=str(tmp_path / "operators"), clear_passwords=STRANGER)
    house.come_in(door, "alice", text_header(ALICE))
    boss = house.connect(address=STRANGER)
    boss.type("boss", "/oper boss secret", "/whois alice", "/kill alice spam")
    shown = boss.lines()
    back = house.come_in(door, "alice", binary_header(ALICE), OTHER_PROXY)
    assert f"comes from {ALICE}" in " ".join(shown)
    assert b"An operator has closed your connection as alice" in back.data()
    house.come_in(door, "alice", text_header(BOB))

    assert house.addresses() == {"boss": STRANGER, "alice": BOB}


def test_an_irc_client_is_known_by_its_own_address(house: House) -> None:
    told = house.come_in("irc", "alice", text_header(ALICE)).data().decode()
    direct = house.come_in("irc", "bob", b"", ALICE).data().decode()
    assert "376" in told or "422" in told
    assert told.replace("alice", "bob").splitlines()[0] == direct.splitlines()[0]


# Requests over HTTP.


@pytest.mark.parametrize(
    "headers",
    [
        *FORWARDED,
        {"Forwarded": f'for=8.8.8.8, for={ALICE};proto=https, for="[{OTHER_PROXY}]"'},
        {"X_Forwarded_For": f"8.8.8.8, {ALICE}, {OTHER_PROXY}"},
        {"Forwarded": f"for={ALICE}", "X_Forwarded_For": ALICE},
    ],
)
def test_a_websocket_comes_from_the_person_whom_the_proxy_names(house: House, headers: dict[str, str]) -> None:
    person = house.come("web")
    person.send(upgrade(**headers) + frame("alice"))
    house.settle()

    assert house.addresses() == {"alice": ALICE}
    assert house.journal == [f"alice ({ALICE}) came in"]


def test_a_proxy_that_names_nobody_asks_for_itself(house: House) -> None:
    house.come("web").send(upgrade() + frame("alice"))
    house.come("web").send(upgrade(Forwarded="for=unknown") + frame("bob"))
    house.settle()

    assert house.addresses() == {"alice": PROXY, "bob": PROXY}


def test_a_header_of_a_proxy_behind_a_proxy_leads_on_to_the_person(house: House) -> None:
    house.come("web").send(text_header(OTHER_PROXY) + upgrade(X_Forwarded_For=ALICE) + frame("alice"))
    house.settle()

    assert house.addresses() == {"alice": ALICE}


def test_requests_on_one_connection_may_be_of_different_people(house: House) -> None:
    other = {"Origin": "http://evil.example"}
    answers = house.ask(
        request("/style.css", Forwarded=f"for={BOB}"),
        upgrade(Forwarded=f"for={BOB}", **other),
        upgrade(Forwarded=f"for={STRANGER}", **other),
        upgrade(**other),
    )
    assert [answer.status for answer in answers] == [200, 403, 403, 403]
    assert [line.split()[0] for line in house.journal] == [BOB, STRANGER, PROXY]
    browser = house.come("web")
    browser.send(request("/", Forwarded=f"for={BOB}") + upgrade(Forwarded=f"for={ALICE}") + frame("alice"))
    house.settle()

    assert house.addresses() == {"alice": ALICE}


def test_websockets_are_limited_by_the_address_of_the_person() -> None:
    house = House(max_clients_per_host=1, exempt="")
    pages = []
    for number, host in enumerate([ALICE, BOB, ALICE]):
        pages.append(house.come("web"))
        pages[-1].send(upgrade(X_Forwarded_For=host) + frame(f"guest{number}"))
    house.settle()

    assert house.addresses() == {"guest0": ALICE, "guest1": BOB}
    assert b"There are 1 connections from your address already" in pages[2].data()


@pytest.mark.parametrize(
    ("headers", "why"),
    [
        ({"Forwarded": "for=nobody"}, "Forwarded has something else than an address in it"),
        ({"Forwarded": 'for="203.0.113.9'}, "Forwarded is no list of elements (RFC 7239)"),
        ({"X_Forwarded_For": "nobody"}, "X-Forwarded-For has something else than an address in it"),
        (
            {"Forwarded": f"for={BOB}", "X_Forwarded_For": ALICE},
            f"Forwarded names {BOB}, and X-Forwarded-For {ALICE}: have the proxy remove the one that it does not set",
        ),
    ],
)
@pytest.mark.parametrize("path", ["/", "/chat", "/healthz"])
def test_a_proxy_that_names_nobody_who_can_be_read_is_told_so(
    house: House, path: str, headers: dict[str, str], why: str
) -> None:
    [answer] = house.ask(upgrade(path, **headers))
    said = f"The proxy in front of this server does not say who asks: {why}."

    assert (answer.status, answer.body.decode()) == (400, f"{said}\n")
    assert {name.decode().lower() for name in PAGE_HEADERS} <= set(answer.headers)
    assert house.journal == [f"{PROXY} was refused a request (400): {said}"]


def test_somebody_who_asks_too_much_is_refused_and_nobody_else_behind_the_proxy(house: House) -> None:
    flood = request("/healthz", Forwarded=f"for={ALICE}")
    browser = house.come("web")
    limit = house.chat.admission.visit(ALICE, house.clock.seconds()).limit
    assert limit is not None
    # Of the 2000 that cost a second of the server's time, most were asked for before.
    limit.spend(1990)
    browser.send(flood * 15)
    rest, statuses = browser.data(), []
    while rest:
        answer, rest = read_answer(rest)
        statuses.append(answer.status)
    assert statuses in ([200] * 10 + [429] * 5, [200] * 11 + [429] * 4)
    browser.send(request("/", Forwarded=f"for={BOB}") + flood)
    of_bob, rest = read_answer(browser.data())
    of_alice, rest = read_answer(rest)
    assert (of_bob.status, of_alice.status, rest) == (200, 429, b"")
    assert of_alice.body.decode() == "That is too much from your address: try again in 1 s.\n"
    assert [answer.status for answer in house.ask(upgrade(Forwarded=f"for={ALICE}"))] == [429]
    house.advance(float(of_alice.headers["retry-after"]))

    assert [answer.status for answer in house.ask(request("/", Forwarded=f"for={ALICE}"))] == [200]


BACKEND = {"Host": "backend:8080"}
NAME = "chat.example.org"


@pytest.mark.parametrize(
    "headers",
    [
        {"Forwarded": f"for={ALICE};proto=https;host={NAME}", **BACKEND},
        {"Forwarded": f"for={ALICE};proto=https", "Host": NAME},
        {"X_Forwarded_For": ALICE, "X_Forwarded_Proto": "https", "X_Forwarded_Host": NAME, **BACKEND},
        {"X_Forwarded_For": ALICE, "X_Forwarded_Proto": "https", "Host": NAME},
    ],
)
def test_a_page_that_came_over_tls_may_have_any_name(house: House, headers: dict[str, str]) -> None:
    assert [answer.status for answer in house.ask(request("/", **headers))] == [200]
    assert [answer.status for answer in house.ask(upgrade("/chat", **headers, Origin=f"https://{NAME}"))] == [101]
    assert [answer.status for answer in house.ask(upgrade("/chat", **headers, Origin="https://evil.example"))] == [403]
    # A stranger's own word about that counts for nothing.
    assert [answer.status for answer in house.ask(request("/", **headers), address=STRANGER)] == [421]


@pytest.mark.parametrize(("client", "status"), [(1, 200), (0, 421)])
def test_a_header_may_say_that_a_page_came_over_tls(house: House, client: int, status: int) -> None:
    header = binary_header(ALICE, struct.pack("!BHBI", 0x20, 5, client, 0))
    assert [answer.status for answer in house.ask(header + request("/", Host=NAME))] == [status]


def test_a_page_without_tls_has_the_names_of_the_server_alone(house: House) -> None:
    told = f"for={ALICE};proto=http;host={NAME}"
    assert [answer.status for answer in house.ask(request("/", Forwarded=told, **BACKEND))] == [421]
    assert [answer.status for answer in house.ask(upgrade(Forwarded=told, Origin=f"http://{NAME}", **BACKEND))] == [403]
    named = House(web_hosts=NAME)
    assert [answer.status for answer in named.ask(request("/", Forwarded=told, **BACKEND))] == [200]
    assert [answer.status for answer in named.ask(upgrade(Forwarded=told, Origin=f"http://{NAME}", **BACKEND))] == [101]


def test_a_source_takes_the_place_of_the_transports_peer(house: House) -> None:
    for name, door in house.doors.items():
        connection: Any = door.buildProtocol(Source(ALICE))
        connection.makeConnection(StringTransport(peerAddress=IPv4Address("TCP", PROXY, 1)))
        connection.dataReceived(SPEECH[name](name))
        house.settle()

    assert house.addresses() == dict.fromkeys(SPEECH, ALICE)
