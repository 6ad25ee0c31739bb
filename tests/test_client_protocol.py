"""The client for programs, against a real server with both ends in memory, and against servers that are none."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport

from chatroom import ChatClientFactory, ChatClientProtocol
from chatroom.model.events import Answer, Event, History, Joined, Pong, Private, Said
from chatroom.testing import MemoryRoom
from chatroom.wire.formats import PLAIN


class Bot(ChatClientProtocol):
    """Writes down what it is called with."""

    def connectionMade(self) -> None:
        super().connectionMade()
        self.calls: list[tuple[str, ...]] = []
        self.things: list[Event | Answer] = []

    def news(self) -> list[tuple[str, ...]]:
        """The calls since the last time."""
        news, self.calls = self.calls, []
        return news

    def entered(self) -> None:
        self.calls.append(("entered",))

    def said(self, nickname: str, text: str) -> None:
        self.calls.append(("said", nickname, text))

    def acted(self, nickname: str, text: str) -> None:
        self.calls.append(("acted", nickname, text))

    def told(self, nickname: str, text: str) -> None:
        self.calls.append(("told", nickname, text))

    def joined(self, nickname: str) -> None:
        self.calls.append(("joined", nickname))

    def left(self, nickname: str, reason: str) -> None:
        self.calls.append(("left", nickname, reason))

    def renamed(self, nickname: str, new: str) -> None:
        self.calls.append(("renamed", nickname, new))

    def topic_changed(self, nickname: str, topic: str) -> None:
        self.calls.append(("topic_changed", nickname, topic))

    def noticed(self, text: str) -> None:
        self.calls.append(("noticed", text))

    def refused(self, code: str, text: str) -> None:
        self.calls.append(("refused", code, text))

    def received(self, thing: Event | Answer) -> None:
        self.things.append(thing)
        super().received(thing)


def bot_in(room: MemoryRoom, nickname: str = "bot", rooms: Sequence[str] = ()) -> Bot:
    """One that is in, or was refused."""
    protocol = room.bot(ChatClientFactory(nickname, Bot, rooms))
    assert isinstance(protocol, Bot)
    return protocol


def news_of(room: MemoryRoom, bot: Bot) -> list[tuple[str, ...]]:
    room.settle()
    return bot.news()


# Against the server.


def test_it_answers_magic_with_its_nickname_and_is_in() -> None:
    room = MemoryRoom()
    bot = bot_in(room)
    assert bot.news() == [("entered",), ("joined", "bot")]
    assert bot.nickname == "bot"
    assert bot.live
    assert room.factory.nicknames == ["bot"]


def test_it_hears_who_says_what() -> None:
    room = MemoryRoom()
    bot = bot_in(room)
    alice = room.enter("alice")
    alice.type("hello", "/me waves", "/topic tea", "/topic -", "/nick al", "/quit tea is ready")
    assert news_of(room, bot)[2:] == [
        ("joined", "alice"),
        ("said", "alice", "hello"),
        ("acted", "alice", "waves"),
        ("topic_changed", "alice", "tea"),
        ("topic_changed", "alice", ""),
        ("renamed", "alice", "al"),
        ("left", "al", "tea is ready"),
    ]


def test_it_hears_what_it_is_told_alone() -> None:
    room = MemoryRoom()
    alice = room.enter("alice")
    bot = bot_in(room)
    bot.news()
    alice.type("/msg bot psst")
    assert news_of(room, bot) == [("told", "alice", "psst")]


def test_what_it_says_comes_back_and_reaches_the_others() -> None:
    room = MemoryRoom()
    alice = room.enter("alice")
    bot = bot_in(room)
    alice.lines()
    bot.news()
    bot.say("one\ntwo\r\nthree")
    assert news_of(room, bot) == [("said", "bot", "one"), ("said", "bot", "two"), ("said", "bot", "three")]
    assert alice.lines() == ["bot: one", "bot: two", "bot: three"]


def test_it_says_nothing_for_no_text() -> None:
    room = MemoryRoom()
    alice = room.enter("alice")
    bot = bot_in(room)
    bot.say("")
    room.settle()
    assert alice.lines() == ["* bot joined"]


def test_it_hears_what_the_server_says() -> None:
    room = MemoryRoom()
    bot = bot_in(room)
    bot.news()
    room.factory.broadcast("tea is ready")
    assert news_of(room, bot) == [("noticed", "tea is ready")]


def test_it_hears_what_cannot_be_done() -> None:
    room = MemoryRoom()
    bot = bot_in(room)
    bot.news()
    bot.say("/dance")
    [(call, code, text)] = news_of(room, bot)
    assert (call, code) == ("refused", "unknown-command")
    assert text.startswith("There is no /dance")


def test_the_past_is_only_received() -> None:
    room = MemoryRoom()
    alice = room.enter("alice")
    alice.type("before", "/me waves", "/topic tea")
    alice.lines()
    bot = bot_in(room)
    alice.type("after")
    assert news_of(room, bot) == [("entered",), ("joined", "bot"), ("said", "alice", "after")]
    assert [thing.text for thing in bot.things if isinstance(thing, Event)] == ["before", "waves", "tea", "", "after"]
    assert [bot.is_new(thing) for thing in bot.things if isinstance(thing, Said)] == [True, True]


def test_the_past_of_a_room_that_is_joined_later_is_only_received() -> None:
    room = MemoryRoom()
    alice = room.enter("alice", "room=garden")
    alice.type("before")
    alice.lines()
    bot = bot_in(room)
    bot.news()
    bot.say("/join garden")
    assert news_of(room, bot) == [("joined", "bot")]
    alice.type("after")
    assert news_of(room, bot) == [("said", "alice", "after")]
    assert [thing.text for thing in bot.things if isinstance(thing, Said)] == ["before", "after"]


def test_it_hears_itself_leave_and_come_back_to_a_room() -> None:
    room = MemoryRoom()
    bot = bot_in(room, rooms=["garden", "lobby"])
    assert bot.news() == [("entered",), ("joined", "bot"), ("joined", "bot")]
    assert list(bot.rooms) == ["garden", "lobby"]
    bot.say("/leave garden")
    assert news_of(room, bot) == [("left", "bot", "")]
    assert list(bot.rooms) == ["lobby"]
    bot.say("/join garden")
    assert news_of(room, bot) == [("joined", "bot")]


def test_it_is_in_the_rooms_that_it_wants_and_speaks_in_the_last() -> None:
    room = MemoryRoom()
    lobby, garden = room.enter("alice"), room.enter("bob", "room=garden")
    bot = bot_in(room, rooms=["lobby", "garden"])
    bot.say("hello")
    assert lobby.lines() == ["* bot joined"]
    assert garden.lines() == ["* bot joined", "bot: hello"]


def test_it_knows_what_it_is_called_after_it_was_renamed() -> None:
    room = MemoryRoom()
    bot = bot_in(room, rooms=["garden", "lobby"])
    bot.news()
    bot.say("/nick robot")
    assert news_of(room, bot) == [("renamed", "bot", "robot")] * 2
    assert bot.nickname == "robot"


def test_another_of_its_former_name_is_not_itself() -> None:
    room = MemoryRoom()
    bot = bot_in(room)
    bot.say("/nick robot")
    room.settle()
    other = room.enter("bot")
    other.type("/nick nobot", "/quit")
    room.settle()
    assert bot.nickname == "robot"
    assert list(bot.rooms) == ["lobby"]


def test_a_nickname_that_is_taken_is_refused_and_it_gives_up() -> None:
    room = MemoryRoom()
    room.enter("bot")
    bot = bot_in(room)
    [(call, code, _)] = news_of(room, bot)
    assert (call, code) == ("refused", "nickname-taken")
    assert not bot.live
    assert bot.nickname == ""
    assert len(room.factory.nicknames) == 1


def test_it_may_try_another_nickname() -> None:
    class Stubborn(Bot):
        def nickname_wanted(self, again: bool) -> None:
            if again:
                self.give_nickname("bot2")
            else:
                super().nickname_wanted(again)

    room = MemoryRoom()
    room.enter("bot")
    bot = room.bot(ChatClientFactory("bot", Stubborn))
    assert isinstance(bot, Stubborn)
    assert [call[0] for call in bot.news()] == ["refused", "entered", "joined"]
    assert bot.nickname == "bot2"
    assert room.factory.nicknames == ["bot", "bot2"]


def test_talk_that_is_magic_is_talk() -> None:
    room = MemoryRoom()
    bot = bot_in(room)
    bot.news()
    bot.say("NICK")
    assert news_of(room, bot) == [("said", "bot", "NICK")]


def test_a_long_answer_is_received_whole() -> None:
    room = MemoryRoom(rate=0)
    bot = bot_in(room)
    for number in range(1000):
        bot.say(f"{number} {'x' * 4000}")
        room.settle()
    room.settle()
    bot.things.clear()
    bot.say("/history 1000")
    room.settle()
    parts = [thing for thing in bot.things if isinstance(thing, History)]
    assert [event.text.split()[0] for part in parts for event in part.events] == [str(number) for number in range(1000)]
    assert [part.more for part in parts] == [True] * (len(parts) - 1) + [False]
    assert bot.live


def test_a_bot_that_comes_back_receives_what_it_missed_and_hears_only_what_is_new() -> None:
    room = MemoryRoom()
    alice = room.enter("alice")
    factory = ChatClientFactory("bot", Bot, ["garden", "lobby"])
    bot = room.bot(factory)
    assert isinstance(bot, Bot)
    alice.type("one", "/msg bot psst")
    room.settle()
    assert factory.last_id == [thing.id for thing in bot.things if isinstance(thing, Event)][-1]
    bot.transport.abortConnection()
    alice.type("two", "/join garden", "three")
    room.settle()
    again = room.bot(factory)
    assert isinstance(again, Bot)
    assert again.news() == [("entered",), ("joined", "bot"), ("joined", "bot")]
    alice.type("four")
    assert news_of(room, again) == [("said", "alice", "four")]
    assert [thing.text for thing in again.things if isinstance(thing, Said)] == ["two", "three", "four"]
    assert list(again.rooms) == ["garden", "lobby"]
    ids = [thing.id for thing in [*bot.things, *again.things] if isinstance(thing, Event)]
    assert ids == sorted(set(ids))


def test_a_bot_hears_none_of_the_past_of_an_entrance_whatever_it_is() -> None:
    room = MemoryRoom()
    alice = room.enter("alice")
    alice.type("/me waves", "/topic tea", "/nick al", "/join garden", "/leave garden")
    room.settle()
    factory = ChatClientFactory("bot", Bot)
    factory.last_id = 1
    bot = room.bot(factory)
    assert isinstance(bot, Bot)
    assert bot.news() == [("entered",), ("joined", "bot")]
    assert len([thing for thing in bot.things if isinstance(thing, Event)]) == 4


def test_a_notice_that_no_program_may_answer_is_only_received() -> None:
    bot, _ = alone()
    bot.dataReceived(b'{"kind":"private","at":0,"nick":"a","to":"bot","text":"psst","notice":true}\r\n')
    assert bot.news() == []
    assert bot.things == [Private(0, "a", "bot", "psst", True)]


# Whether the server is there.


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
    assert transport.value() == b"/ping are you there?\n"
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
    assert transport.value() == b"/ping are you there?\n"
    clock.advance(19)
    bot.dataReceived(b'{"kind":"notice","text":"late"}\r\n')
    clock.advance(29)
    assert not transport.disconnected


def test_an_answer_to_somebody_elses_question_is_received() -> None:
    bot, _, clock = watchful()
    bot.dataReceived(LET_IN)
    bot.things.clear()
    bot.dataReceived(b'{"kind":"pong","text":"are you there?"}\r\n')
    clock.advance(30)
    bot.dataReceived(b'{"kind":"pong","text":"hello"}\r\n')
    bot.dataReceived(b'{"kind":"pong","text":"are you there?"}\r\n{"kind":"pong","text":"are you there?"}\r\n')
    assert bot.things == [Pong("are you there?"), Pong("hello"), Pong("are you there?")]


def test_a_server_that_knows_no_ping_is_there_all_the_same() -> None:
    bot, transport, clock = watchful()
    bot.dataReceived(LET_IN)
    bot.news()
    refusal = {"kind": "error", "code": "unknown-command", "text": "There is no /ping. /help lists the commands."}
    for _ in range(3):
        clock.advance(30)
        bot.dataReceived(json.dumps(refusal).encode() + b"\r\n")
    assert bot.news() == []
    assert not transport.disconnected


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


# Against anything else.


class Line(StringTransport):
    """A connection that can be dropped, and says so."""

    disconnected = False
    protocol: Bot

    def abortConnection(self) -> None:
        self.disconnected = True
        self.protocol.connectionLost()


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


def alone() -> tuple[Bot, StringTransport]:
    """A bot, and the transport that it writes to."""
    bot = ChatClientFactory("bot", Bot).buildProtocol(None)
    assert isinstance(bot, Bot)
    transport = StringTransport()
    bot.makeConnection(transport)
    return bot, transport


def test_a_server_that_speaks_only_plain_text_is_understood_as_notices() -> None:
    bot, transport = alone()
    bot.dataReceived("NICK\r\n* welcome, bot\r\nalice: grüß dich\r\n! not so fast\r\nNICK".encode())
    assert transport.value() == b"bot format=json\n"
    assert bot.news() == [
        ("noticed", "welcome, bot"),
        ("noticed", "alice: grüß dich"),
        ("refused", "error", "not so fast"),
    ]
    bot.dataReceived(b"\n")
    assert transport.disconnecting


WRONG = [
    "",
    "{",
    "[]",
    "null",
    "5",
    '"said"',
    "{}",
    '{"kind":5}',
    '{"kind":[]}',
    '{"kind":null}',
    '{"kind":"said"}',
    '{"kind":"said","id":"1","at":0,"room":"lobby","nick":"a","text":"b"}',
    '{"kind":"said","id":1,"at":"now","room":"lobby","nick":"a","text":"b"}',
    '{"kind":"said","id":1,"at":1e999,"room":"lobby","nick":"a","text":"b"}',
    '{"kind":"said","id":1,"at":NaN,"room":"lobby","nick":"a","text":"b"}',
    '{"kind":"said","id":1,"at":1e17,"room":"lobby","nick":"a","text":"b"}',
    '{"kind":"said","id":1,"at":0,"room":["lobby"],"nick":"a","text":"b"}',
    '{"kind":"said","id":1,"at":0,"room":"lobby","nick":null,"text":"b"}',
    '{"kind":"said","id":1,"at":0,"room":"lobby","nick":"a","text":{}}',
    '{"kind":"said","id":1,"at":0,"room":"lobby","nick":"a","text":"\\ud800"}',
    '{"kind":"said","id":true,"at":0,"room":"lobby","nick":"a","text":"b"}',
    '{"kind":"joined","id":1,"at":0,"room":{},"nick":"bot","text":""}',
    '{"kind":"notice","text":5}',
    '{"kind":"notice","text":"\\udfff"}',
    '{"kind":"error","code":[],"text":"x"}',
    '{"kind":"private","at":0,"nick":"a","to":5,"text":"b"}',
    '{"kind":"welcome","nick":{},"room":"lobby","topic":"","people":["a"],"size":1}',
    '{"kind":"welcome","nick":"bot","room":"lobby","topic":"","people":5,"size":1}',
    '{"kind":"welcome","nick":"bot","room":"lobby","topic":"","people":[5],"size":1}',
    '{"kind":"welcome","nick":"bot","room":"lobby","topic":"","people":"abc","size":1}',
    '{"kind":"welcome","nick":"bot","room":"lobby","topic":"","people":["a"],"size":"many"}',
    '{"kind":"people","room":"lobby","topic":5,"people":["a"],"size":1}',
    '{"kind":"rooms","rooms":5}',
    '{"kind":"rooms","rooms":[5]}',
    '{"kind":"rooms","rooms":[{"room":"a"}]}',
    '{"kind":"rooms","rooms":[{"room":"a","size":"b","topic":"c"}]}',
    '{"kind":"rooms","rooms":[{"room":"a","size":1,"topic":5}]}',
    '{"kind":"history","room":"lobby","events":5}',
    '{"kind":"history","room":"lobby","events":[5]}',
    '{"kind":"history","room":"lobby","events":[{"kind":"notice","text":"a"}]}',
    '{"kind":"history","room":"lobby","events":[{"kind":"said","id":1,"at":1e99,"room":"a","nick":"a","text":"b"}]}',
    "[" * 100_000,
    "1" * 10_000,
    '{"kind":"notice","text":"' + "\x00" + '"}',
]


@pytest.mark.parametrize("line", WRONG, ids=range(len(WRONG)))
def test_a_line_that_is_no_object_of_a_server_is_taken_as_a_notice(line: str) -> None:
    bot, _ = alone()
    bot.dataReceived(line.encode() + b"\r\n")
    assert bot.news() == [("noticed", line)]


def test_a_kind_that_is_not_known_is_passed_over() -> None:
    bot, _ = alone()
    bot.dataReceived(b'{"kind":"weather","text":"rain"}\r\n{"kind":"notice","text":"dry","more":"rain"}\r\n')
    assert bot.news() == [("noticed", "dry")]


def test_a_line_that_is_not_utf_8_is_taken_as_a_notice() -> None:
    bot, _ = alone()
    bot.dataReceived(b'\xff\xfe\r\n{"kind":"notice","text":"\xff"}\r\n')
    assert bot.news() == [("noticed", "\ufffd\ufffd"), ("noticed", '{"kind":"notice","text":"\ufffd"}')]


def test_somebody_elses_joining_does_not_bring_it_in() -> None:
    bot, _ = alone()
    bot.dataReceived(b'{"kind":"joined","id":1,"at":0,"room":"lobby","nick":"eve","text":""}\r\n')
    assert not bot.live
    assert ("entered",) not in bot.news()
    assert [type(thing) for thing in bot.things] == [Joined]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just("bot"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
KIND_NAMES = (
    "said",
    "joined",
    "left",
    "renamed",
    "welcome",
    "people",
    "rooms",
    "history",
    "notice",
    "error",
    "private",
)
FIELDS = ("id", "at", "room", "nick", "text", "to", "code", "topic", "people", "size", "rooms", "events")


@given(
    objects=st.lists(
        st.builds(
            lambda kind, fields: {"kind": kind, **fields},
            st.sampled_from(KIND_NAMES) | VALUES,
            st.dictionaries(st.sampled_from(FIELDS), VALUES) | st.fixed_dictionaries(dict.fromkeys(FIELDS, VALUES)),
        ),
        max_size=5,
    )
)
def test_whatever_a_server_sends_nothing_raises_and_everything_can_be_shown(objects: list[dict[str, Any]]) -> None:
    bot, _ = alone()
    for thing in objects:
        bot.dataReceived(json.dumps(thing).encode() + b"\r\n")
    for received in bot.things:
        PLAIN.lines(received)
        if isinstance(received, Event):
            PLAIN.past_event(received, True, "")
