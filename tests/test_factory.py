"""The factory in somebody else's program: who is in, hooks, bots, several factories, and how it stops.

Both ends of each connection are in memory, and time passes when a test says so.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
from lineroom import two
from twisted.internet.tcp import Server
from twisted.internet.testing import MemoryReactorClock

from chatroom import ChatClientFactory, ChatClientProtocol, ChatFactory, ChatProtocol
from chatroom.doors.assembly import open_chat
from chatroom.doors.connection import CLOSE_TIMEOUT
from chatroom.model.constants import HOST_NAME
from chatroom.model.events import Event, Joined, Quit, Renamed, Said
from chatroom.model.settings import Settings
from chatroom.testing import MemoryRoom


@pytest.fixture
def room() -> MemoryRoom:
    return MemoryRoom()


# Embedding.


def test_the_factory_knows_who_is_in(room: MemoryRoom) -> None:
    alice, bob = two(room)
    room.connect()
    room.settle()

    assert room.factory.nicknames == ["alice", "bob"]
    assert room.factory.clients == {"alice": alice.protocol, "bob": bob.protocol}
    bob.type("/nick rob")
    room.settle()
    assert room.factory.nicknames == ["alice", "rob"]


def test_whoever_has_quit_is_not_in_though_the_connection_is_still_open(room: MemoryRoom) -> None:
    alice, _ = two(room)
    alice.stop_reading()
    alice.type("/quit")
    room.settle()

    assert not alice.closed
    assert room.factory.nicknames == ["bob"]
    room.advance(CLOSE_TIMEOUT)
    assert alice.closed


def test_a_broadcast_is_a_notice_to_everybody_in_all_rooms(room: MemoryRoom) -> None:
    alice, bob = room.enter("alice"), room.enter("bob", "room=garden format=json")
    stranger = room.connect()
    room.factory.broadcast("tea \x1b[31mis ready\nand cake")

    assert alice.lines() == ["* tea is ready", "* and cake"]
    assert [json.loads(line) for line in bob.lines()] == [
        {"kind": "notice", "text": "tea is ready"},
        {"kind": "notice", "text": "and cake"},
    ]
    assert stranger.lines() == ["NICK"]


def test_a_hook_hears_every_event() -> None:
    heard: list[Event] = []
    room = MemoryRoom(hook=heard.append)
    room.enter("alice").type("hello", "/nick al", "/quit bye")
    room.settle()

    assert [(type(event), event.nickname, event.text) for event in heard] == [
        (Joined, "alice", ""),
        (Said, "alice", "hello"),
        (Renamed, "alice", "al"),
        (Quit, "al", "bye"),
    ]


def test_a_hook_that_fails_harms_nobody() -> None:
    def fail(event: Event) -> None:
        raise RuntimeError("a fault in the hook")

    alice = MemoryRoom(hook=fail).enter("alice")
    alice.type("hello")

    assert alice.lines() == ["alice: hello"]


def test_two_factories_do_not_know_each_other() -> None:
    one, other = MemoryRoom(), MemoryRoom()
    alice, also_alice = one.enter("alice"), other.enter("alice")
    alice.type("hello")
    one.factory.broadcast("one")

    assert alice.lines() == ["* one", "alice: hello"]
    assert also_alice.lines() == []


def test_two_factories_may_lead_to_the_same_rooms() -> None:
    one = MemoryRoom()
    other = MemoryRoom(chat=one.factory.chat)
    alice = one.enter("alice")
    bob = other.connect()
    bob.type("bob")
    other.settle()
    one.settle()
    bob.lines()
    alice.type("hello")

    assert alice.lines() == ["* bob joined", "alice: hello"]
    assert bob.lines() == ["alice: hello"]
    assert (one.factory.nicknames, other.factory.nicknames) == (["alice"], ["bob"])


def test_the_factory_takes_its_clock_from_the_first_connection() -> None:
    reactor = MemoryReactorClock()
    factory = ChatFactory()
    with pytest.raises(AssertionError, match="nobody has connected yet"):
        _ = factory.clock
    with accepted(factory, reactor):
        assert factory.clock is reactor


def test_options_are_the_settings() -> None:
    with pytest.raises(TypeError):
        ChatFactory(no_such_setting=1)
    assert ChatFactory(replay=3).settings == Settings(replay=3)
    assert open_chat(Settings(replay=3), MemoryReactorClock).settings == ChatFactory(replay=3).settings


# Bots.


class Parrot(ChatClientProtocol):
    """Says again what others say."""

    def said(self, nickname: str, text: str) -> None:
        if nickname != self.nickname:
            self.say(text)


def test_a_bot_can_be_joined_to_a_room_in_memory(room: MemoryRoom) -> None:
    alice = room.enter("alice")
    bot = room.bot(ChatClientFactory("polly", Parrot))
    assert bot.live
    alice.type("hello")

    assert alice.lines() == ["* polly joined", "alice: hello", "polly: hello"]
    bot.transport.loseConnection()
    assert alice.lines() == ["* polly left (connection closed)"]


def test_a_bot_whose_nickname_is_refused_goes(room: MemoryRoom) -> None:
    room.enter("polly")
    bot = room.bot(ChatClientFactory("polly", Parrot))

    assert not bot.live
    assert room.factory.nicknames == ["polly"]


# Stopping, and connections that are dead.


def test_stopping_delivers_what_was_said_tells_everybody_and_closes(room: MemoryRoom) -> None:
    alice, bob = two(room)
    stranger = room.connect()
    room.settle()
    stranger.lines()
    alice.protocol.dataReceived(b"last words\r\n")
    stopped: list[None] = []
    room.factory.stop().addCallback(stopped.append)

    assert alice.lines() == bob.lines() == ["alice: last words", "* the server is stopping"]
    assert stranger.lines() == ["* the server is stopping"]
    assert alice.closed
    assert bob.closed
    assert stranger.closed
    assert stopped == [None]
    assert not room.clock.getDelayedCalls()


def test_stopping_a_server_with_nobody_there_is_done_at_once() -> None:
    stopped: list[None] = []
    ChatFactory().stop().addCallback(stopped.append)

    assert stopped == [None]


def test_stopping_does_not_wait_for_a_connection_that_is_stuck(room: MemoryRoom) -> None:
    alice, bob = two(room)
    bob.stop_reading()
    stopped: list[None] = []
    room.factory.stop().addCallback(stopped.append)
    room.advance(CLOSE_TIMEOUT - 0.1)
    assert alice.closed
    assert not bob.closed
    assert stopped == []
    room.advance(0.1)

    assert bob.closed
    assert stopped == [None]


def test_a_server_that_is_stopping_lets_nobody_in(room: MemoryRoom) -> None:
    alice = room.enter("alice")
    alice.stop_reading()
    room.factory.stop()

    with pytest.raises(ConnectionRefusedError):
        room.connect()


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="this system cannot be told when to give up")
def test_half_open_connections_are_noticed_within_two_minutes() -> None:
    clock = MemoryReactorClock()
    with accepted(ChatFactory(), clock) as (handle, protocol):
        # Before they come in, the handshake's deadline is shorter.
        protocol.dataReceived(b"alice\r\n")
        for _ in range(5):
            clock.advance(0)
        assert handle.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert handle.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        idle, interval, count, user_timeout = (
            handle.getsockopt(socket.IPPROTO_TCP, option)
            for option in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT, socket.TCP_USER_TIMEOUT)
        )
        assert idle + interval * count == 110
        assert user_timeout == 110_000


@contextmanager
def accepted(factory: ChatFactory, reactor: Any) -> Iterator[tuple[socket.socket, ChatProtocol]]:
    """The server's socket of a connection to ``factory`` over the loopback, and its protocol."""
    with (
        closing(socket.create_server((HOST_NAME, 0))) as listening,
        closing(socket.create_connection(listening.getsockname())),
    ):
        found, address = listening.accept()
        with closing(found):
            port: Any = None
            protocol = factory.buildProtocol(None)
            protocol.makeConnection(Server(found, protocol, address, port, 1, reactor))
            yield found, protocol
