"""The client for programs asks whether the server is still there, and gives up a connection that is dead."""

from __future__ import annotations

import pytest
from bots import Bot
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport

from chatroom import ChatClientFactory
from chatroom.client.liveness import Liveness
from chatroom.model.answers import Pong
from chatroom.testing import MemoryRoom


class Line(StringTransport):
    """A connection that can be dropped, and says so."""

    disconnected = False
    protocol: Bot

    def abortConnection(self) -> None:
        self.disconnected = True
        self.protocol.connectionLost()


PING = b'{"do":"/ping","ref":"ping"}\n'

LET_IN = (
    b'NICK\r\n{"kind":"welcome","nick":"bot","room":"lobby","topic":"","people":["bot"],"size":1}\r\n'
    b'{"kind":"joined","id":1,"at":0,"room":"lobby","nick":"bot","text":""}\r\n'
)


def watchful() -> tuple[Bot, Line, Clock]:
    """A bot that asks after half a minute of silence, the transport that it writes to, and its clock."""
    clock = Clock()
    bot = ChatClientFactory("bot", Bot, ping_every=30, reactor=clock).buildProtocol(None)
    assert isinstance(bot, Bot)
    transport = Line()
    transport.protocol = bot
    bot.makeConnection(transport)
    return bot, transport, clock


def watchful_bot_in(room: MemoryRoom) -> Bot:
    """One that asks after half a minute of silence."""
    protocol = room.bot(ChatClientFactory("bot", Bot, ping_every=30, reactor=room.clock))
    assert isinstance(protocol, Bot)
    protocol.news()
    return protocol


def test_a_server_that_answers_is_kept_and_the_bot_hears_nothing_of_it() -> None:
    room = MemoryRoom()
    bot = watchful_bot_in(room)
    bot.things.clear()
    for _ in range(100):
        room.advance(10)
    assert (bot.news(), bot.things) == ([], [])
    assert room.factory.nicknames == ["bot"]


def test_a_server_that_is_silent_loses_the_connection() -> None:
    bot, transport, clock = watchful()
    bot.dataReceived(LET_IN)
    transport.clear()
    clock.advance(29)
    assert transport.value() == b""
    clock.advance(1)
    assert transport.value() == PING
    clock.advance(19)
    assert not transport.disconnected
    clock.advance(1)
    assert transport.disconnected
    assert clock.getDelayedCalls() == []


def test_whatever_comes_is_a_sign_of_life() -> None:
    bot, transport, clock = watchful()
    bot.dataReceived(LET_IN)
    transport.clear()
    for _ in range(10):
        clock.advance(20)
        bot.dataReceived(b'{"kind":"no')
        bot.dataReceived(b'tice","text":"tea"}\r\n')
    clock.advance(29)
    assert transport.value() == b""
    clock.advance(1)
    assert transport.value() == PING
    clock.advance(19)
    bot.dataReceived(b'{"kind":"notice","text":"late"}\r\n')
    clock.advance(29)
    assert not transport.disconnected


def test_only_the_answer_to_that_question_is_not_received() -> None:
    bot, _, clock = watchful()
    bot.dataReceived(LET_IN)
    bot.things.clear()
    clock.advance(30)
    bot.dataReceived(b'{"kind":"pong","text":"hello","ref":"7"}\r\n{"kind":"pong","text":"","ref":"ping"}\r\n')
    assert bot.things == [Pong("hello")]


def test_a_server_that_says_nothing_before_one_is_in_is_not_spoken_to_and_let_go() -> None:
    bot, transport, clock = watchful()
    bot.dataReceived(b"NICK\r\n")
    transport.clear()
    clock.pump([10] * 5)
    assert transport.value() == b""
    assert transport.disconnected


def test_a_connection_that_was_lost_is_asked_nothing() -> None:
    bot, _, clock = watchful()
    bot.dataReceived(LET_IN)
    bot.connectionLost()
    assert clock.getDelayedCalls() == []


def test_without_a_clock_there_is_no_asking() -> None:
    with pytest.raises(ValueError, match="ping_every needs a reactor"):
        ChatClientFactory("bot", ping_every=30)


def test_a_server_is_asked_soon_after_the_machine_has_woken_up() -> None:
    clock = Clock()
    asked: list[float] = []
    suspended = 100.0
    Liveness(clock, 300, lambda: asked.append(clock.seconds()), lambda: None, lambda: suspended)
    clock.pump([10, 10])
    assert asked == []

    # The timers of a machine stand still while it is suspended.
    suspended = 3700.0
    clock.pump([10])
    assert asked == [30]
