"""The client for programs, against a real server with both ends in memory: what it hears, and what it asks for."""

from __future__ import annotations

import pytest
from bots import Bot, alone, bot_in, news_of
from twisted.internet.testing import StringTransport

from chatroom import ChatClientFactory
from chatroom.client.errors import NotSent
from chatroom.client.unacknowledged import Unacknowledged
from chatroom.model.answers import History, Limits, Private
from chatroom.model.events import Event, Said
from chatroom.testing import MemoryRoom

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
    bot.say("one\r\ntwo")
    bot.say("three")
    assert news_of(room, bot) == [("said", "bot", "one\ntwo"), ("said", "bot", "three")]
    assert alice.lines() == ["bot: one", "bot: two", "bot: three"]


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
    bot.do("/dance")
    [(call, code, text)] = news_of(room, bot)
    assert (call, code) == ("refused", "unknown-command")
    assert text.startswith("There is no /dance")


def test_it_hears_that_it_is_invited() -> None:
    room = MemoryRoom()
    alice, bot = room.enter("alice", "room=garden"), bot_in(room)
    bot.news()
    alice.type("/invite bot")
    assert news_of(room, bot) == [("invited", "alice", "garden")]


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
    bot.do("/join garden")
    assert news_of(room, bot) == [("joined", "bot")]
    alice.type("after")
    assert news_of(room, bot) == [("said", "alice", "after")]
    assert [thing.text for thing in bot.things if isinstance(thing, Said)] == ["before", "after"]


def test_it_hears_itself_leave_and_come_back_to_a_room() -> None:
    room = MemoryRoom()
    bot = bot_in(room, rooms=["garden", "lobby"])
    assert bot.news() == [("entered",), ("joined", "bot"), ("joined", "bot")]
    assert list(bot.rooms) == ["garden", "lobby"]
    bot.do("/leave garden")
    assert news_of(room, bot) == [("left", "bot", "")]
    assert list(bot.rooms) == ["lobby"]
    bot.do("/join garden")
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
    bot.do("/nick robot")
    assert news_of(room, bot) == [("renamed", "bot", "robot")] * 2
    assert bot.nickname == "robot"


def test_another_of_its_former_name_is_not_itself() -> None:
    room = MemoryRoom()
    bot = bot_in(room)
    bot.do("/nick robot")
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
    bot.do("/history 1000")
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


# What comes of its requests.


def test_it_is_told_what_came_of_each_of_its_requests() -> None:
    room = MemoryRoom()
    alice, bot = room.enter("alice"), bot_in(room)
    said, acted, told, asked = bot.say("tea?"), bot.do("/me waits"), bot.do("/msg alice psst"), bot.do("/who")
    nothing, nobody = bot.say(" "), bot.do("/msg eve psst")
    room.settle()
    ids = {thing.text: thing.id for thing in bot.things if isinstance(thing, Event)}
    assert bot.outcomes == {
        said: ids["tea?"],
        acted: ids["waits"],
        told: 0,
        asked: 0,
        nothing: "nothing-said",
        nobody: "no-such-nickname",
    }
    assert len(bot.factory.unacknowledged) == 0
    assert "bot (privately to alice): psst" in alice.lines()


def test_what_it_says_is_never_a_command() -> None:
    room = MemoryRoom()
    alice, bot = room.enter("alice"), bot_in(room)
    alice.lines()
    for text in ("/quit", "//etc", "/me waves\n/quit"):
        bot.say(text)
    assert alice.lines() == ["bot: /quit", "bot: //etc", "bot: /me waves", "bot: /quit"]


def test_a_command_is_one_line() -> None:
    bot = bot_in(MemoryRoom())
    for command in ("/me waves\n/quit", "/me waves\r/quit"):
        with pytest.raises(ValueError, match="one line"):
            bot.do(command)


def test_it_may_say_where_and_about_what() -> None:
    room = MemoryRoom()
    garden, bot = room.enter("alice", "room=garden"), bot_in(room, rooms=["garden", "lobby"])
    garden.lines()
    bot.say("over here", "garden")
    bot.do("/topic herbs", "garden")
    outside = bot.say("over there", "kitchen")
    room.settle()
    (first,) = [thing for thing in bot.things if isinstance(thing, Said)]
    bot.say("I mean it", "garden", about=first.id)
    assert garden.lines() == ["bot: over here", "* bot set the topic: herbs", "bot: I mean it"]
    assert bot.outcomes[outside] == "not-in-room"
    assert [thing.about for thing in bot.things if isinstance(thing, Said)] == [0, first.id]


def test_what_it_says_behind_a_command_is_said_where_that_has_led_it() -> None:
    room = MemoryRoom()
    lobby, garden = room.enter("alice"), room.enter("carol", "room=garden")
    bot = bot_in(room)
    for person in (lobby, garden):
        person.lines()
    bot.say("one")
    bot.do("/join garden")
    bot.say("two")
    bot.do("/leave")
    bot.say("three")
    assert lobby.lines() == ["bot: one", "bot: three"]
    assert garden.lines() == ["* bot joined", "bot: two", "* bot left"]


def test_what_it_says_on_entering_several_rooms_is_said_in_the_last() -> None:
    class Greeter(Bot):
        def entered(self) -> None:
            super().entered()
            self.say("hello")

    room = MemoryRoom()
    alice = room.enter("alice", "room=lobby,garden")
    alice.lines()
    bot = room.bot(ChatClientFactory("bot", Greeter, ["lobby", "#Garden"]))
    assert bot.speaks_in == "garden"
    assert alice.lines() == ["[lobby] * bot joined", "* bot joined", "bot: hello"]


def test_what_it_says_before_it_is_in_is_said_once_it_is() -> None:
    class Eager(Bot):
        def nickname_wanted(self, again: bool) -> None:
            self.say("here I come")
            super().nickname_wanted(again)

    room = MemoryRoom()
    alice = room.enter("alice")
    bot = room.bot(ChatClientFactory("bot", Eager))
    assert alice.lines() == ["* bot joined", "bot: here I come"]
    assert isinstance(bot, Eager)
    assert list(bot.outcomes.values()) == [bot.factory.last_id]


@pytest.mark.parametrize(("text", "why"), [("x" * 101, "101 bytes"), ("x\n" * 5, "5 lines")])
def test_what_is_too_long_for_the_server_is_not_sent(text: str, why: str) -> None:
    room = MemoryRoom(max_line=100, max_lines=4)
    bot = bot_in(room)
    with pytest.raises(NotSent, match=why):
        bot.say(text)
    with pytest.raises(NotSent, match=why) if "\n" not in text else pytest.raises(ValueError, match="one line"):
        bot.do(text)
    assert len(bot.factory.unacknowledged) == 0
    assert bot.limits == Limits(100, 100, 4, 32)


def test_what_turns_out_to_be_too_long_is_refused() -> None:
    room = MemoryRoom(max_line=100)
    bot = ChatClientFactory("bot", Bot).buildProtocol(None)
    assert isinstance(bot, Bot)
    transport = StringTransport()
    bot.makeConnection(transport)
    # Nobody has told it yet how long it may be.
    long, short = bot.say("x" * 101), bot.say("x")
    again = room.bot(bot.factory)
    assert isinstance(again, Bot)
    assert again.outcomes == {long: "line-too-long", short: again.factory.last_id}


def test_what_is_unanswered_has_a_bound() -> None:
    room = MemoryRoom()
    factory = ChatClientFactory("bot", Bot)
    factory.unacknowledged = Unacknowledged(max_requests=2)
    bot = room.bot(factory)
    bot.say("one")
    bot.say("two")
    with pytest.raises(NotSent, match="has yet to answer 2 requests"):
        bot.say("three")
    room.settle()
    bot.say("four")


@pytest.mark.parametrize("nickname", ["", " ", "\n"])
def test_no_nickname_is_refused_by_the_server(nickname: str) -> None:
    [(call, _, text)] = bot_in(MemoryRoom(), nickname).news()
    assert (call, text.partition(":")[0]) == ("refused", "That is an empty line")


def test_a_nickname_is_never_more_than_one_line() -> None:
    room = MemoryRoom()
    bot = bot_in(room, "bo\nt\r\x1b[2J")
    assert bot.nickname == "bot"
