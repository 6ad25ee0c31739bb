"""Connections are let in address by address: who comes behind a flood does not wait for all of it."""

from __future__ import annotations

import selectors
import signal
import socket
import struct
from collections.abc import Iterator
from contextlib import ExitStack
from types import SimpleNamespace
from typing import Any, cast

import pytest
from support import TIMEOUT, Stage

from chatroom.core.proxies import Proxies
from chatroom.model.constants import HOST_NAME
from chatroom.server.accepting import MOST_WAITING, FairQueue, Waiting


def waiting(address: str, number: int = 0) -> Waiting:
    return Waiting(cast("socket.socket", SimpleNamespace()), (address, 1), number)


def order(queue: FairQueue) -> list[tuple[str, int]]:
    return [(one.address[0], one.number) for one in queue.take_all()]


def test_each_address_has_its_turn_and_those_of_one_keep_their_order() -> None:
    queue = FairQueue()
    for number in range(3):
        queue.add(waiting("192.0.2.1", number))
    queue.add(waiting("192.0.2.2", 3))
    queue.add(waiting("192.0.2.3", 4))

    assert len(queue) == 5
    assert order(queue) == [
        ("192.0.2.1", 0),
        ("192.0.2.2", 3),
        ("192.0.2.3", 4),
        ("192.0.2.1", 1),
        ("192.0.2.1", 2),
    ]
    assert len(queue) == 0


def test_the_machines_of_one_site_share_a_turn() -> None:
    queue = FairQueue()
    for number in range(3):
        queue.add(waiting(f"2001:db8::{number + 1}", number))
    queue.add(waiting("2001:db8:1::1", 3))

    assert [number for _, number in order(queue)] == [0, 3, 1, 2]


def test_each_connection_of_a_proxy_has_a_turn_since_it_is_another_persons() -> None:
    queue = FairQueue(Proxies("192.0.2.9"))
    for number in range(3):
        queue.add(waiting("192.0.2.1", number))
    for number in range(3, 6):
        queue.add(waiting("192.0.2.9", number))

    assert [number for _, number in order(queue)] == [0, 3, 4, 5, 1, 2]


def test_where_there_is_no_room_the_newest_of_the_address_with_the_most_goes() -> None:
    queue = FairQueue()
    for number in range(MOST_WAITING - 1):
        assert queue.add(waiting("192.0.2.1", number)) is None
    assert queue.add(waiting("192.0.2.2", 1)) is None

    too_many = queue.add(waiting("192.0.2.3", 1))

    assert too_many is not None
    assert (too_many.address[0], too_many.number) == ("192.0.2.1", MOST_WAITING - 2)
    assert len(queue) == MOST_WAITING


def test_one_that_is_the_first_of_too_many_leaves_the_others_their_turns() -> None:
    queue = FairQueue()
    for number in range(MOST_WAITING):
        queue.add(waiting(f"10.0.{number // 250}.{number % 250}"))

    assert queue.add(waiting("192.0.2.1")) is not None
    assert len(order(queue)) == MOST_WAITING


@pytest.fixture
def sockets() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def connect(port: int, address: str, stack: ExitStack) -> socket.socket:
    found = stack.enter_context(socket.socket())
    found.bind((address, 0))
    found.settimeout(TIMEOUT)
    found.connect((HOST_NAME, port))
    return found


def test_who_comes_behind_a_flood_of_one_address_is_let_in_among_the_first(stage: Stage, sockets: ExitStack) -> None:
    server = stage.serve("--max-clients-per-host", "0")
    stage.enter(server.port, "alice")
    # Connections are made without the server, which finds them all at once.
    server.signal(signal.SIGSTOP)
    flood = [connect(server.port, "127.1.0.1", sockets) for _ in range(600)]
    newcomer = connect(server.port, "127.2.0.1", sockets)
    greeted: list[socket.socket] = []
    with selectors.DefaultSelector() as selector:
        for one in (*flood, newcomer):
            selector.register(one, selectors.EVENT_READ)
        server.signal(signal.SIGCONT)
        while newcomer not in greeted:
            ready: list[Any] = [key.fileobj for key, _ in selector.select(TIMEOUT)]
            assert ready, "nobody is let in"
            for one in ready:
                selector.unregister(one)
            greeted += ready

    assert len(greeted) < 300
    assert newcomer.recv(100) == b"NICK\r\n"


def test_who_has_gone_before_they_were_let_in_keeps_nobody_waiting(stage: Stage, sockets: ExitStack) -> None:
    server = stage.serve("--max-clients-per-host", "0")
    alice = stage.enter(server.port, "alice")
    server.signal(signal.SIGSTOP)
    for _ in range(300):
        one = connect(server.port, "127.1.0.1", sockets)
        # Closing resets the connection.
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        one.close()
    server.signal(signal.SIGCONT)

    bob = stage.enter(server.port, "bob")
    bob.send("hello")
    alice.expect("bob: hello\r\n")


def test_who_has_sent_their_requests_and_gone_does_not_come_in(stage: Stage, sockets: ExitStack) -> None:
    server = stage.serve()
    alice = stage.enter(server.port, "alice")
    server.signal(signal.SIGSTOP)
    for _ in range(10):
        one = connect(server.port, "127.1.0.1", sockets)
        one.sendall(b"bob\n/who\n")
        one.close()
    server.signal(signal.SIGCONT)

    carol = stage.enter(server.port, "carol")
    carol.send("hello")
    assert alice.expect("carol: hello\r\n") == "* carol joined\r\ncarol: hello\r\n"


def test_a_stop_with_connections_that_wait_ends_the_server(stage: Stage, sockets: ExitStack) -> None:
    server = stage.serve("--max-clients-per-host", "0")
    # Then it runs, and has taken over its signals.
    stage.enter(server.port, "alice")
    server.signal(signal.SIGSTOP)
    for _ in range(600):
        connect(server.port, "127.1.0.1", sockets)
    server.signal(signal.SIGTERM)
    server.signal(signal.SIGCONT)
    assert server.status() == 0
