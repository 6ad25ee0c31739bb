"""The client for programs comes back: what it missed, what it sends again, and what it does not."""

from __future__ import annotations

import json
from typing import Any

from bots import Bot
from twisted.internet.testing import StringTransport

from chatroom import ChatClientFactory, ChatClientProtocol
from chatroom.model.answers import Notice, Private, Refused
from chatroom.model.events import Event, Said
from chatroom.testing import MemoryRoom
from chatroom.wire.handshake import parse as parse_handshake


def stop_reading(bot: ChatClientProtocol) -> None:
    """Leave unread what the server says, as when the network has failed without a word."""
    transport: Any = bot.transport
    transport.pauseProducing()


def test_what_was_on_its_way_when_the_connection_was_lost_is_sent_again_and_kept_once() -> None:
    room = MemoryRoom()
    alice = room.enter("alice")
    factory = ChatClientFactory("bot", Bot, ["garden", "lobby"])
    bot = room.bot(factory)
    assert isinstance(bot, Bot)
    alice.lines()
    # What it is answered it does not read any more; the last two do not arrive.
    stop_reading(bot)
    refs = [bot.say("one"), bot.say("two", "lobby"), bot.do("/me waves"), bot.do("/msg alice psst", "lobby")]
    assert alice.lines() == ["bot: one", "bot: two", "* bot waves", "bot (privately to alice): psst"]
    refs += [bot.say("three"), bot.do("/topic tea", "lobby")]
    bot.transport.abortConnection()
    # Said between two connections.
    room.settle()
    refs.append(bot.say("four"))
    assert bot.outcomes == {}

    again = room.bot(factory)
    assert isinstance(again, Bot)
    shown = alice.lines()
    assert shown == [
        "* bot left (connection lost)",
        "* bot joined",
        "bot: three",
        "* bot set the topic: tea",
        "bot: four",
    ]
    ids = {thing.text: thing.id for thing in again.things if isinstance(thing, Event)}
    assert again.outcomes == dict(
        zip(refs, [ids["one"], ids["two"], ids["waves"], 0, ids["three"], ids["tea"], ids["four"]], strict=True)
    )
    assert [thing.text for thing in again.things if isinstance(thing, Said)] == ["one", "two", "three", "four"]


def test_it_takes_the_place_of_its_own_connection_that_nobody_has_noticed_to_be_dead() -> None:
    room = MemoryRoom()
    alice = room.enter("alice")
    factory = ChatClientFactory("bot", Bot)
    bot = room.bot(factory)
    assert isinstance(bot, Bot)
    alice.lines()
    stop_reading(bot)
    ref = bot.say("one")
    room.settle()
    again = room.bot(factory)
    assert isinstance(again, Bot)
    assert again.live
    assert alice.lines() == ["bot: one", "* bot left (came back by another connection)", "* bot joined"]
    assert again.member == bot.member
    assert list(again.outcomes) == [ref]


def test_it_ignores_the_same_people_when_it_comes_back() -> None:
    room = MemoryRoom()
    eve, mallory, alice = room.enter("eve"), room.enter("mallory"), room.enter("alice")
    factory = ChatClientFactory("bot", Bot)
    bot = room.bot(factory)
    for command in ("/ignore Eve", "/ignore mallory", "/ignore carol", "/unignore carol"):
        bot.do(command)
    room.settle()
    bot.transport.abortConnection()
    room.settle()
    # What was missed is hidden as well.
    eve.type("while you were gone")
    alice.type("where is the bot?")
    room.settle()
    again = room.bot(factory)
    assert isinstance(again, Bot)
    for person in (eve, mallory, alice):
        person.type("hello again", "/msg bot psst")
    room.settle()
    heard = [thing for thing in again.things if isinstance(thing, Said | Private)]
    assert [(thing.nickname, thing.text) for thing in heard] == [
        ("alice", "where is the bot?"),
        ("alice", "hello again"),
        ("alice", "psst"),
    ]
    # The server knows of them, and that nobody has asked just now is not told.
    assert "bot ignores you" not in "".join(eve.lines())
    assert [thing for thing in again.things if isinstance(thing, Notice | Refused)] == []
    again.do("/unignore eve")
    again.do("/unignore mallory")
    room.settle()
    eve.type("and now?")
    room.settle()
    assert isinstance(again.things[-1], Said)
    assert [thing.text for thing in again.things if isinstance(thing, Notice)] == [
        "you no longer ignore eve",
        "you no longer ignore mallory",
    ]


def test_a_command_to_ignore_is_not_given_again_once_it_is_undone_on_the_next_connection() -> None:
    room = MemoryRoom()
    eve = room.enter("eve")
    factory = ChatClientFactory("bot", Bot)
    bot = room.bot(factory)
    bot.do("/ignore mallory")
    bot.do("/ignore eve")
    room.settle()
    stop_reading(bot)
    bot.transport.abortConnection()
    bot.do("/unignore eve")
    room.settle()
    again = room.bot(factory)
    assert isinstance(again, Bot)
    room.settle()
    eve.type("hello")
    room.settle()
    assert isinstance(again.things[-1], Said)
    assert [thing for thing in again.things if isinstance(thing, Refused)] == []
    assert "eve" not in factory.ignored
    assert "Mallory" in factory.ignored


def test_it_comes_back_by_the_nickname_that_it_has_taken() -> None:
    room = MemoryRoom()
    factory = ChatClientFactory("bot", Bot)
    bot = room.bot(factory)
    bot.do("/nick robot")
    room.settle()
    bot.transport.abortConnection()
    room.settle()
    assert room.bot(factory).nickname == "robot"


def test_a_rename_that_was_not_answered_is_asked_for_again() -> None:
    room = MemoryRoom()
    factory = ChatClientFactory("bot", Bot)
    bot = room.bot(factory)
    stop_reading(bot)
    bot.do("/nick robot")
    room.settle()
    bot.transport.abortConnection()
    room.settle()
    again = room.bot(factory)
    assert again.nickname == "robot"
    assert room.factory.nicknames == ["robot"]


def test_a_command_that_would_hit_another_is_not_sent_again_and_it_is_told_so() -> None:
    room = MemoryRoom()
    factory = ChatClientFactory("bot", Bot)
    bot = room.bot(factory)
    stop_reading(bot)
    ref = bot.do("/kill alice")
    room.settle()
    bot.transport.abortConnection()
    room.settle()
    again = room.bot(factory)
    assert isinstance(again, Bot)
    assert again.outcomes == {ref: "not-sent-again"}
    assert [call[:2] for call in again.news()] == [
        ("refused", "not-sent-again"),
        ("entered",),
        ("joined", "bot"),
    ]


def test_it_does_not_quit_again_when_it_comes_back() -> None:
    room = MemoryRoom()
    factory = ChatClientFactory("bot", Bot)
    bot = room.bot(factory)
    bot.do("/quit supper")
    room.settle()
    assert room.factory.nicknames == []
    again = room.bot(factory)
    room.settle()
    assert again.live


def test_what_a_server_that_stops_does_not_do_is_sent_to_the_next() -> None:
    room = MemoryRoom()
    factory = ChatClientFactory("bot", Bot)
    bot = room.bot(factory)
    assert isinstance(bot, Bot)
    ref = bot.say("hello")
    bot.transport.abortConnection()
    error = {"kind": "error", "code": "stopping", "text": "The server is stopping: come back in a moment.", "ref": ref}
    bot.dataReceived(json.dumps(error).encode() + b"\r\n")
    room.settle()
    assert ("refused", "stopping") in [call[:2] for call in bot.news()]
    assert bot.outcomes == {}
    another = MemoryRoom()
    alice = another.enter("alice")
    again = another.bot(factory)
    assert isinstance(again, Bot)
    assert alice.lines() == ["* bot joined", "bot: hello"]
    assert list(again.outcomes) == [ref]


def test_it_is_told_that_it_came_back_to_another_history_and_forgets_its_place_in_the_first() -> None:
    room = MemoryRoom()
    alice = room.enter("alice")
    alice.type(*map(str, range(50)))
    factory = ChatClientFactory("bot", Bot)
    room.bot(factory)
    assert factory.last_id > 50
    another = MemoryRoom()
    bob = another.enter("bob")
    bob.type("here it is different")
    bob.lines()
    again = another.bot(factory)
    assert isinstance(again, Bot)
    assert [call[:2] for call in again.news()] == [("reset", "other-history"), ("entered",), ("joined", "bot")]
    ids = [thing.id for thing in again.things if isinstance(thing, Event)]
    assert factory.options()["since"] == f"{ids[-1]}@{another.chat.log.identity}"
    assert ids[-1] < 50
    # From here on it is a place like any other.
    again.transport.abortConnection()
    bob.type("missed")
    another.settle()
    third = another.bot(factory)
    assert isinstance(third, Bot)
    assert [thing.text for thing in third.things if isinstance(thing, Said)] == ["missed"]
    assert "reset" not in [call[0] for call in third.news()]


def test_a_connection_that_is_lost_before_the_reset_has_come_changes_nothing() -> None:
    factory = ChatClientFactory("bot", Bot)
    factory.last_id, factory.history = 7, "first"
    for _ in range(2):
        bot = factory.buildProtocol(None)
        assert isinstance(bot, Bot)
        transport = StringTransport()
        bot.makeConnection(transport)
        bot.dataReceived(b"NICK\r\n")
        assert transport.value().endswith(b" since=7@first\n")
        welcome = {"nick": "bot", "room": "lobby", "topic": "", "people": ["bot"], "size": 1, "history": "second"}
        bot.dataReceived(json.dumps({"kind": "welcome", **welcome}).encode() + b"\r\n")
        bot.connectionLost()


def test_the_secret_is_the_same_for_each_connection_and_another_for_each_client() -> None:
    factory = ChatClientFactory("bot")
    assert factory.options() == {"format": "json", "input": "json", "client": factory.secret}
    assert factory.secret != ChatClientFactory("bot").secret
    assert parse_handshake(f"bot client={factory.secret}").client == factory.secret
