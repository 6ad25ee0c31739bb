"""What one person has yet to read, over real sockets: sent at once, kept in order, shared, and limited.

Each way is tried with a connection over the loopback, whose buffers are small, and a reactor of its own that turns
when a test says so: straight into the socket, by a transport that says when to pause, and by one for TLS.
"""

from __future__ import annotations

import random
import socket
import ssl
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from functools import cache
from typing import Any

import pytest
from support import TIMEOUT, program
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.selectreactor import SelectReactor
from twisted.internet.tcp import Server
from twisted.python.failure import Failure

from chatroom.model.constants import HOST_NAME
from chatroom.wire.send_queue import (
    MAX_STANDSTILL,
    MEASURED,
    PIECE,
    SendQueue,
    SocketSendQueue,
    TransportSendQueue,
    send_queue_for,
)

# Of what Twisted asks of pyOpenSSL.
pytestmark = pytest.mark.filterwarnings("ignore:.*(OpenSSL|cryptography):DeprecationWarning")

BUFFER = 16 * 1024
"""What the system is asked to buffer at each end, in bytes; it takes more."""
BIG = bytes(range(256)) * 4096
"""A mebibyte: more than the system buffers."""
LIMIT = 10 * len(BIG)


class Near(Protocol):
    """The end that is written to."""

    send_queue: SendQueue

    def __init__(self, limit: int, make: Callable[..., SendQueue]) -> None:
        self.broken = 0
        self.now = 0.0
        self.held = 0
        self.lost = False
        self._limit = limit
        self._make = make

    def connectionMade(self) -> None:
        self.send_queue = self._make(self.transport, self._limit, self)

    def seconds(self) -> float:
        return self.now

    def holds(self, more: int) -> None:
        self.held += more

    def too_slow(self) -> None:
        self.broken += 1

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.lost = True
        self.send_queue.forget()


class Wire:
    """A connection, and the reactor of its near end."""

    def __init__(self, reactor: Any, near: Near, far: socket.socket) -> None:
        self.near = near
        self.send_queue = near.send_queue
        self.far = far
        self._reactor = reactor

    def turn(self) -> None:
        """Do what is to be done now."""
        self._reactor.iterate(0)

    def turn_until(self, done: Callable[[], bool]) -> None:
        deadline = time.monotonic() + TIMEOUT
        while not done():
            assert time.monotonic() < deadline, "it did not come to pass"
            self._reactor.iterate(0.01)

    def read(self, size: int = PIECE) -> bytes:
        """What has come, at most ``size`` bytes of it."""
        with suppress(BlockingIOError, ssl.SSLWantReadError):
            return self.far.recv(size)
        return b""

    def read_until(self, size: int) -> bytes:
        """Read, and let it be sent, until ``size`` bytes have come."""
        found = bytearray()

        def read() -> bool:
            found.extend(self.read(size - len(found)))
            return len(found) == size

        self.turn_until(read)
        return bytes(found)

    def read_some(self) -> None:
        """Read until fewer bytes wait."""
        before = self.send_queue.waiting

        def read() -> bool:
            self.read()
            return self.send_queue.waiting < before

        self.turn_until(read)

    def at_end(self) -> bool:
        """Whether the near end has closed the connection, and all was read."""
        self.turn()
        try:
            return self.far.recv(1) == b""
        except (BlockingIOError, ssl.SSLWantReadError):
            return False
        except (ConnectionResetError, ssl.SSLEOFError):
            return True


class Station:
    """Makes wires, all of one kind."""

    def __init__(self, reactor: Any, make: Callable[..., SendQueue], tls: bool) -> None:
        self.kind = make
        self._reactor = reactor
        self._tls = tls
        self._stack = ExitStack()

    def wire(self, limit: int = LIMIT) -> Wire:
        listening = self._stack.enter_context(closing(socket.socket()))
        listening.bind((HOST_NAME, 0))
        listening.listen()
        far = self._stack.enter_context(closing(socket.socket()))
        far.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
        far.connect(listening.getsockname())
        found, address = listening.accept()
        found.setblocking(False)
        found.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER)
        near = Near(limit, self.kind)
        protocol = wrapped_in_tls(near, self._reactor) if self._tls else near
        port: Any = None
        transport = Server(found, protocol, address, port, 1, self._reactor)
        protocol.makeConnection(transport)
        self._stack.callback(self._close, transport, found)
        far.setblocking(False)
        wire = Wire(self._reactor, near, far)
        if self._tls:
            self._shake_hands(wire)
        return wire

    def _close(self, transport: Any, handle: socket.socket) -> None:
        if transport.connected:
            transport.abortConnection()
            self._reactor.iterate(0)
        handle.close()

    def _shake_hands(self, wire: Wire) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        far = context.wrap_socket(wire.far, do_handshake_on_connect=False)
        self._stack.enter_context(closing(far))

        def shaken() -> bool:
            with suppress(ssl.SSLWantReadError):
                far.do_handshake()
                return True
            return False

        wire.turn_until(shaken)
        wire.far = far

    def close(self) -> None:
        self._stack.close()


@cache
def certificate() -> bytes:
    """A certificate that nobody trusts, and its key."""
    command = [program("openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "-", "-subj", "/CN=a"]
    return subprocess.run(command, capture_output=True, check=True, timeout=TIMEOUT).stdout


def wrapped_in_tls(near: Near, reactor: Any) -> Protocol:
    from twisted.internet.ssl import PrivateCertificate  # noqa: PLC0415 - it may not be installed
    from twisted.protocols.tls import TLSMemoryBIOFactory  # noqa: PLC0415

    options = PrivateCertificate.loadPEM(certificate()).options()
    factory = TLSMemoryBIOFactory(options, False, Factory.forProtocol(lambda: near), reactor)
    protocol: Protocol = factory.buildProtocol(None)
    return protocol


@pytest.fixture(scope="module")
def reactor() -> Any:
    return SelectReactor()


@pytest.fixture(params=["socket", "transport", pytest.param("tls", marks=pytest.mark.process)])
def station(request: pytest.FixtureRequest, reactor: Any) -> Iterator[Station]:
    if request.param == "tls":
        pytest.importorskip("OpenSSL", reason="Twisted's TLS needs pyOpenSSL")
    kind: Callable[..., SendQueue] = TransportSendQueue if request.param == "transport" else send_queue_for
    found = Station(reactor, kind, request.param == "tls")
    yield found
    found.close()


@pytest.fixture
def plain(reactor: Any) -> Iterator[Station]:
    """Straight into the socket."""
    found = Station(reactor, send_queue_for, False)
    yield found
    found.close()


def test_the_send_queue_suits_the_transport(station: Station) -> None:
    wire = station.wire()
    direct = station.kind is send_queue_for and not isinstance(wire.far, ssl.SSLSocket)

    assert type(wire.send_queue) is (SocketSendQueue if direct else TransportSendQueue)


def test_what_is_written_arrives(station: Station) -> None:
    wire = station.wire()
    wire.send_queue.write(b"one\r\n")
    wire.send_queue.write(b"two\r\n")

    assert wire.read_until(10) == b"one\r\ntwo\r\n"
    assert wire.send_queue.waiting == 0


def test_nothing_waits_for_a_turn_of_the_reactor_when_the_way_is_clear(plain: Station) -> None:
    wire = plain.wire()
    wire.send_queue.write(b"at once\r\n")
    wire.far.settimeout(TIMEOUT)

    assert wire.far.recv(100) == b"at once\r\n"


def test_what_does_not_go_waits_and_goes_when_it_is_read(station: Station) -> None:
    wire = station.wire()
    wire.send_queue.write(BIG)
    wire.turn()
    assert 0 < wire.send_queue.waiting < len(BIG)

    assert wire.read_until(len(BIG)) == BIG
    wire.turn_until(lambda: wire.send_queue.waiting == 0)
    wire.send_queue.write(b"next")
    assert wire.read_until(4) == b"next"
    assert not wire.near.broken


def test_order_is_kept_behind_what_the_transport_was_handed_already(station: Station) -> None:
    wire = station.wire()
    wire.send_queue.write(BIG)
    found = bytearray()
    while wire.send_queue.waiting:
        wire.turn()
        found += wire.read()
    # The last piece is with the transport, which has not sent it all yet.
    wire.send_queue.write(b"the end")
    found += wire.read_until(len(BIG) + 7 - len(found))

    assert bytes(found) == BIG + b"the end"


@pytest.mark.parametrize("seed", range(5))
def test_all_of_it_arrives_in_order_however_it_is_written_and_read(station: Station, seed: int) -> None:
    chance = random.Random(seed)
    wire = station.wire()
    written, found = bytearray(), bytearray()
    for _ in range(400):
        for _ in range(chance.choice((0, 1, 1, 3))):
            data = chance.randbytes(chance.choice((1, 100, 5_000, 100_000)))
            wire.send_queue.write(data)
            written += data
        if chance.random() < 0.7:
            wire.turn()
        if chance.random() < 0.7:
            found += wire.read(chance.choice((1, 1000, 100_000)))
        if wire.send_queue.waiting > LIMIT // 2:
            found += wire.read_until(len(written) - len(found))
    found += wire.read_until(len(written) - len(found))

    assert found == written
    assert wire.send_queue.waiting == 0
    assert not wire.near.broken


def test_those_who_do_not_read_share_the_bytes(station: Station) -> None:
    wires = [station.wire() for _ in range(10)]
    # What the way takes anyhow, and the transport's own copy of a piece.
    for wire in wires:
        wire.send_queue.write(BIG)
        wire.turn()
    tracemalloc.start()
    try:
        shared = [bytes([number]) * 200_000 for number in range(20)]
        before, _ = tracemalloc.get_traced_memory()
        for data in shared:
            for wire in wires:
                wire.send_queue.write(data)
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert all(wire.send_queue.waiting > 20 * 200_000 for wire in wires)
    assert after - before < 200_000
    assert all(sys.getrefcount(data) > len(wires) for data in shared)


def test_whoever_is_too_far_behind_is_told_of_once_and_nothing_is_kept_for_them(station: Station) -> None:
    wire = station.wire(limit=len(BIG))
    for _ in range(10):
        wire.send_queue.write(BIG)
        wire.turn()

    assert wire.near.broken == 1
    assert wire.send_queue.waiting == 0
    wire.send_queue.write(b"more")
    assert (wire.near.broken, wire.send_queue.waiting) == (1, 0)


def test_whoever_reads_nothing_for_a_while_is_given_up_at_a_quarter_of_the_limit(station: Station) -> None:
    wire = station.wire(limit=len(BIG) // 2 * 4)
    wire.send_queue.write(BIG)
    wire.near.now += MAX_STANDSTILL
    wire.send_queue.write(b"one")
    assert not wire.near.broken
    wire.near.now += 1
    wire.send_queue.write(b"two")

    assert (wire.near.broken, wire.send_queue.waiting, wire.near.held) == (1, 0, 0)


def test_whoever_reads_slowly_but_steadily_stays(plain: Station) -> None:
    wire = plain.wire(limit=8 * len(BIG))
    for _ in range(3):
        wire.send_queue.write(BIG)
    for _ in range(30):
        wire.near.now += MAX_STANDSTILL - 1
        wire.read_some()
        # What waits would take them less than a minute more at that speed only if time went by faster.
        wire.near.now -= MAX_STANDSTILL - 2
        wire.send_queue.write(b"more")

    assert not wire.near.broken
    assert wire.near.held == wire.send_queue.waiting > 0


def test_whoever_reads_too_slowly_ever_to_catch_up_is_given_up(plain: Station) -> None:
    wire = plain.wire(limit=8 * len(BIG))
    for _ in range(4):
        wire.send_queue.write(BIG)
    reads = 0
    while not wire.near.broken:
        wire.near.now += MAX_STANDSTILL - 1
        wire.read_some()
        wire.send_queue.write(b"more")
        reads += 1

    assert MEASURED / PIECE <= reads < 20


def test_whoever_reads_may_be_sent_more_than_the_limit_at_once(station: Station) -> None:
    wire = station.wire(limit=1000)
    for _ in range(3):
        wire.send_queue.write(BIG)
        assert wire.read_until(len(BIG)) == BIG
        wire.turn_until(lambda: wire.send_queue.waiting == 0)

    assert not wire.near.broken


def test_when_nothing_waits_it_is_said_at_once(station: Station) -> None:
    wire = station.wire()
    said: list[str] = []
    wire.send_queue.when_drained(lambda: said.append("now"))
    assert said == ["now"]
    wire.send_queue.write(b"x")
    wire.read_until(1)
    wire.turn_until(lambda: not wire.send_queue.waiting)
    wire.send_queue.when_drained(lambda: said.append("again"))

    assert said == ["now", "again"]


def test_when_all_has_gone_that_waited_it_is_said_once(station: Station) -> None:
    wire = station.wire()
    wire.send_queue.write(BIG)
    said: list[int] = []
    wire.send_queue.when_drained(lambda: said.append(wire.send_queue.waiting))
    for _ in range(20):
        wire.turn()
    assert said == []
    wire.read_until(len(BIG))
    wire.turn_until(lambda: bool(said))
    wire.send_queue.write(BIG)
    wire.read_until(len(BIG))
    wire.turn_until(lambda: not wire.send_queue.waiting)

    assert said == [0]


def test_one_at_a_time_waits_until_all_has_gone(station: Station) -> None:
    wire = station.wire()
    wire.send_queue.write(BIG)
    wire.turn()
    said: list[str] = []
    wire.send_queue.when_drained(lambda: said.append("first"))
    with pytest.raises(AssertionError, match="somebody waits for that already"):
        wire.send_queue.when_drained(lambda: said.append("second"))
    wire.read_until(len(BIG))
    wire.turn_until(lambda: bool(said))

    assert said == ["first"]


def test_more_may_be_written_when_it_is_said_that_all_has_gone(station: Station) -> None:
    wire = station.wire()
    pages = [chunk * (len(BIG) // 4) for chunk in (b"one ", b"two ", b"tri ")]
    most = 0

    def next_page() -> None:
        nonlocal most
        if pages:
            wire.send_queue.write(pages.pop(0))
            most = max(most, wire.send_queue.waiting)
            wire.send_queue.when_drained(next_page)

    next_page()
    found = wire.read_until(3 * len(BIG))

    assert found == b"one " * (len(BIG) // 4) + b"two " * (len(BIG) // 4) + b"tri " * (len(BIG) // 4)
    assert most <= len(BIG), "one page began before the other had gone"


def test_closing_waits_until_all_was_sent(station: Station) -> None:
    wire = station.wire()
    wire.send_queue.write(BIG)
    wire.send_queue.close()
    for _ in range(20):
        wire.turn()
    assert not wire.near.lost

    assert wire.read_until(len(BIG)) == BIG
    wire.turn_until(wire.at_end)
    wire.far.close()
    wire.turn_until(lambda: wire.near.lost)


@pytest.mark.parametrize("asked", ["before", "after", "twice"])
def test_closing_happens_though_somebody_waits_until_all_has_gone(station: Station, asked: str) -> None:
    wire = station.wire()
    wire.send_queue.write(BIG)
    wire.turn()
    said: list[str] = []
    if asked != "after":
        wire.send_queue.when_drained(lambda: said.append("before"))
    wire.send_queue.close()
    if asked != "before":
        wire.send_queue.when_drained(lambda: said.append("after"))
    wire.send_queue.write(b"an answer that comes too late")

    assert wire.read_until(len(BIG)) == BIG
    wire.turn_until(wire.at_end)
    wire.far.close()
    wire.turn_until(lambda: wire.near.lost)
    assert said == []


def test_nothing_is_said_to_have_gone_once_the_connection_is_closed(station: Station) -> None:
    wire = station.wire()
    wire.send_queue.close()
    said: list[str] = []
    wire.send_queue.when_drained(lambda: said.append("now"))
    wire.send_queue.write(b"too late")
    wire.turn_until(wire.at_end)

    assert said == []
    assert wire.send_queue.waiting == 0


def test_closing_twice_closes_once(station: Station) -> None:
    wire = station.wire()
    wire.send_queue.write(BIG)
    wire.turn()
    wire.send_queue.close()
    wire.send_queue.close()

    assert wire.read_until(len(BIG)) == BIG
    wire.turn_until(wire.at_end)


def test_closing_with_nothing_waiting_closes(station: Station) -> None:
    wire = station.wire()
    wire.send_queue.write(b"bye")
    wire.send_queue.close()

    assert wire.read_until(3) == b"bye"
    wire.turn_until(wire.at_end)


def test_one_who_is_stuck_can_be_aborted_and_nothing_is_kept_for_them(station: Station) -> None:
    wire = station.wire()
    wire.send_queue.write(BIG)
    said: list[int] = []
    wire.send_queue.when_drained(lambda: said.append(1))
    wire.turn()
    transport: Any = wire.near.transport
    transport.abortConnection()
    wire.turn_until(lambda: wire.near.lost)
    wire.send_queue.write(b"more")

    assert wire.send_queue.waiting == 0
    assert said == []
    assert not wire.near.broken


def test_a_connection_that_the_other_end_has_reset_harms_nobody(station: Station) -> None:
    wire = station.wire()
    wire.far.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    wire.far.close()
    for _ in range(3):
        wire.send_queue.write(BIG)
    wire.turn_until(lambda: wire.near.lost)
    wire.send_queue.write(BIG)

    assert wire.send_queue.waiting == 0
    assert wire.near.broken <= 1
