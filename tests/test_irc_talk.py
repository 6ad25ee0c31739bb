"""What is said at the IRC door, and to it: messages, notices, actions, being away."""

from __future__ import annotations

import pytest
from ircroom import SERVER, IRCRoom, ask, bare, tags_of, texts

from chatroom.testing import Person


@pytest.fixture
def room() -> IRCRoom:
    return IRCRoom()


@pytest.fixture
def alice(room: IRCRoom) -> Person:
    return room.irc("alice", rooms="#lobby")


@pytest.fixture
def bob(room: IRCRoom, alice: Person) -> Person:
    person = room.irc("bob", rooms="#lobby")
    alice.lines()
    return person


def test_what_is_said_reaches_everybody_at_both_doors_but_not_its_speaker(
    room: IRCRoom, alice: Person, bob: Person
) -> None:
    carol = room.enter("carol")
    alice.lines()
    bob.lines()

    assert ask(alice, "PRIVMSG #lobby :hello there") == []
    assert bob.lines() == [f":alice!alice@{SERVER} PRIVMSG #lobby :hello there"]
    assert carol.lines() == ["alice: hello there"]
    carol.type("hi alice", "/me waves", "/topic tea", "/nick caro", "/leave lobby")
    heard = [
        "carol PRIVMSG #lobby :hi alice",
        "carol PRIVMSG #lobby :\x01ACTION waves\x01",
        "carol TOPIC #lobby :tea",
        "carol NICK caro",
        "caro PART #lobby",
    ]
    assert bare(alice.lines()) == heard
    assert bare(bob.lines()) == heard


def test_a_notice_is_a_notice(room: IRCRoom, alice: Person, bob: Person) -> None:
    carol = room.enter("carol")
    bob.lines()

    ask(alice, "NOTICE #lobby :beep", "NOTICE bob :boop")
    assert bare(bob.lines()) == ["alice NOTICE #lobby :beep", "alice NOTICE bob :boop"]
    assert carol.lines() == ["alice: beep"]


def test_an_action_is_an_action(room: IRCRoom, alice: Person, bob: Person) -> None:
    carol = room.enter("carol")
    bob.lines()

    ask(alice, "PRIVMSG #lobby :\x01ACTION waves\x01", "PRIVMSG #lobby :\x01action bows")
    assert bare(bob.lines()) == [
        "alice PRIVMSG #lobby :\x01ACTION waves\x01",
        "alice PRIVMSG #lobby :\x01ACTION bows\x01",
    ]
    assert carol.lines() == ["* alice waves", "* alice bows"]


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("PRIVMSG", "411 alice :No recipient given (PRIVMSG)"),
        ("PRIVMSG :", "411 alice :No recipient given (PRIVMSG)"),
        ("PRIVMSG bob", "412 alice :No text to send"),
        ("PRIVMSG bob :", "412 alice :No text to send"),
        ("PRIVMSG #lobby :   ", "412 alice :No text to send"),
        ("PRIVMSG nobody :hi", "401 alice nobody :No such nick/channel"),
        ("PRIVMSG #none :hi", "404 alice #none :Cannot send to channel"),
        ("PRIVMSG #garden :hi", "404 alice #garden :Cannot send to channel"),
        ("PRIVMSG #a:b :hi", "404 alice #a:b :Cannot send to channel"),
        ("PRIVMSG a,b,c,d,e :hi", "407 alice e :Too many targets: none was sent it"),
        ("PRIVMSG #lobby :\x01VERSION\x01", "404 alice #lobby :Rooms take no CTCP but ACTION"),
        ("PRIVMSG #lobby :\x01ACTION \x01", "404 alice #lobby :Rooms take no CTCP but ACTION"),
        (
            "PRIVMSG #lobby :\x01ACTION joined\x01",
            "404 alice #lobby :Others could take that for something that the server says: put it in other words.",
        ),
        (
            "PRIVMSG carol :\x01VERSION\x01",
            "400 alice PRIVMSG carol :carol is not at an IRC client, and takes no CTCP but ACTION",
        ),
        ("PRIVMSG bob :\x01VERSION " + "x" * 470 + "\x01", "417 alice :Input line was too long"),
        ("WALLOPS", "461 alice WALLOPS :Not enough parameters"),
    ],
)
def test_what_cannot_be_said_is_answered(room: IRCRoom, bob: Person, alice: Person, said: str, answer: str) -> None:
    room.irc("dave", rooms="#garden")
    room.enter("carol", "room=garden")
    bob.lines()

    assert ask(alice, said) == [answer]
    assert bob.lines() == []


@pytest.mark.parametrize(
    "said",
    [
        *("NOTICE", "NOTICE bob", "NOTICE bob :", "NOTICE nobody :hi", "NOTICE #none :hi", "NOTICE #lobby :\x01A\x01"),
        *("NOTICE carol :\x01VERSION x\x01", "NOTICE bob :\x01A " + "x" * 480),
    ],
)
def test_a_notice_is_never_answered(room: IRCRoom, bob: Person, alice: Person, said: str) -> None:
    room.enter("carol", "room=garden")

    assert ask(alice, said) == []
    assert bob.lines() == []


def test_a_person_is_told_alone(room: IRCRoom, alice: Person, bob: Person) -> None:
    carol = room.enter("carol", "room=garden")

    assert ask(alice, "PRIVMSG bob,carol,bob :psst") == []
    assert bare(bob.lines()) == ["alice PRIVMSG bob :psst"]
    assert carol.lines() == ["alice (privately to carol): psst"]
    carol.type("/msg alice yes?")
    assert bare(alice.lines()) == ["carol PRIVMSG alice :yes?"]
    assert carol.lines() == ["carol (privately to alice): yes?"]


def test_what_one_says_to_oneself_is_heard_once(alice: Person) -> None:
    assert ask(alice, "PRIVMSG alice :note") == ["alice PRIVMSG alice :note"]


def test_clients_ask_each_other_what_they_are(room: IRCRoom, alice: Person, bob: Person) -> None:
    carol = room.enter("carol", "room=garden")
    ask(alice, "PRIVMSG bob :\x01VERSION\x01", "PRIVMSG bob :\x01ACTION nods\x01", "PRIVMSG carol :\x01ACTION nods\x01")

    assert bare(bob.lines()) == ["alice PRIVMSG bob :\x01VERSION\x01", "alice PRIVMSG bob :\x01ACTION nods\x01"]
    assert carol.lines() == ["alice (privately to carol): * alice nods"]
    ask(bob, "NOTICE alice :\x01VERSION irssi\x01\x01")
    assert bare(alice.lines()) == ["bob NOTICE alice :\x01VERSION irssi\x01"]


def test_nobody_hears_whom_they_ignore(room: IRCRoom, alice: Person) -> None:
    carol = room.enter("carol", "room=garden")
    carol.type("/ignore alice")
    carol.lines()

    assert ask(alice, "PRIVMSG carol :psst") == []
    assert carol.lines() == []


def test_the_speaker_hears_it_where_they_have_asked_to(room: IRCRoom, bob: Person) -> None:
    carol = room.irc("carol", "echo-message", "#lobby")
    bob.lines()

    assert ask(carol, "PRIVMSG #lobby :one", "NOTICE #lobby :two", "PRIVMSG bob :three", "NOTICE bob :four") == [
        "carol PRIVMSG #lobby :one",
        "carol NOTICE #lobby :two",
        "carol PRIVMSG bob :three",
        "carol NOTICE bob :four",
    ]
    assert ask(carol, "PRIVMSG carol :five") == ["carol PRIVMSG carol :five"] * 2
    dave = room.enter("dave", "room=garden")
    assert ask(carol, "PRIVMSG dave :six") == ["carol PRIVMSG dave :six"]
    assert dave.lines() == ["carol (privately to dave): six"]


def test_talk_has_its_time_and_its_id_in_its_history(room: IRCRoom, alice: Person) -> None:
    carol = room.irc("carol", "server-time message-tags", "#lobby")
    ask(alice, "PRIVMSG #lobby :one", "PRIVMSG #lobby :two", "PRIVMSG carol :three", "PRIVMSG carol :three")
    one, two, private, again = [tags_of(line) for line in carol.lines()]

    history, _, id_ = one["msgid"].partition("-")
    assert history == room.chat.log.identity
    assert two["msgid"] == f"{history}-{int(id_) + 1}"
    assert one["time"].endswith("Z")
    assert len(one["time"]) == len("2026-11-22T12:34:56.789Z")
    assert private.keys() == {"time", "msgid"}
    assert len({line["msgid"] for line in (one, two, private, again)}) == 4


def test_both_sides_of_a_private_message_have_one_id(room: IRCRoom) -> None:
    wants = "message-tags echo-message"
    alice, carol = room.irc("alice", wants), room.irc("carol", wants)
    alice.type("PRIVMSG carol :psst")

    (sent,), (got,) = alice.lines(), carol.lines()
    assert tags_of(sent) == tags_of(got) != {}


@pytest.mark.parametrize("text", ["x" * 1500, "word " * 300, "ü" * 700, "/me " + "wave " * 300])
def test_what_is_longer_than_a_line_comes_in_several_the_first_with_its_id(
    room: IRCRoom, alice: Person, text: str
) -> None:
    bob, carol = room.irc("bob", "message-tags server-time", "#lobby"), room.enter("carol")
    alice.lines()
    bob.lines()
    carol.type(text)
    lines = bob.lines()
    said = [line.removeprefix("\x01ACTION ").rstrip("\x01") for line in texts(lines)]

    assert len(lines) > 2
    assert all(len(line.encode()) <= 510 for line in alice.lines())
    assert "".join(said).replace(" ", "") == text.removeprefix("/me ").replace(" ", "")
    # "Servers MUST only include a message ID on the first message of a batch" (draft/multiline).
    assert [set(tags_of(line)) for line in lines] == [{"msgid", "time"}, *[{"time"}] * (len(lines) - 1)]


def test_a_line_to_one_person_that_is_too_long_with_its_source_comes_in_two(alice: Person, bob: Person) -> None:
    assert ask(alice, "PRIVMSG bob :" + "x" * 490, "PRIVMSG bob :\x01ACTION " + "y" * 480 + "\x01") == []
    lines = bob.lines()

    assert len(lines) == 4
    assert all(len(line.encode()) <= 510 for line in lines)
    assert "".join(texts(lines)[:2]) == "x" * 490
    assert all(text.startswith("\x01ACTION y") and text.endswith("y\x01") for text in texts(lines)[2:])


def test_colours_and_escapes_do_not_pass(room: IRCRoom, alice: Person, bob: Person) -> None:
    carol = room.enter("carol")
    bob.lines()
    ask(alice, "PRIVMSG #lobby :\x0304red\x03 \x02bold\x02 \x1b[31mhot\x1b[0m a\x01b")

    assert bare(bob.lines()) == ["alice PRIVMSG #lobby :red bold hot ab"]
    assert carol.lines() == ["alice: red bold hot ab"]


# Being away, and called something else.


def test_who_is_away_says_so_to_whoever_speaks_to_them(room: IRCRoom, alice: Person, bob: Person) -> None:
    assert ask(bob, "AWAY :lunch") == ["306 bob :You have been marked as being away"]
    assert ask(alice, "PRIVMSG bob :hi", "NOTICE bob :hi") == ["301 alice bob :lunch"]
    assert ask(bob, "AWAY")[-1] == "305 bob :You are no longer marked as being away"
    assert ask(alice, "PRIVMSG bob :hi") == []


def test_neighbours_who_have_asked_for_it_are_told(room: IRCRoom, alice: Person, bob: Person) -> None:
    carol = room.irc("carol", "away-notify setname", "#lobby")
    room.irc("dave", "away-notify setname", "#garden")
    bob.lines()
    alice.lines()

    ask(bob, "AWAY :lunch", "AWAY :lunch", "AWAY", "SETNAME :Robert")
    assert bare(carol.lines()) == ["bob AWAY :lunch", "bob AWAY", "bob SETNAME :Robert"]
    assert alice.lines() == []
    assert ask(carol, "SETNAME :Caroline", "SETNAME :") == [
        "carol SETNAME :Caroline",
        "FAIL SETNAME INVALID_REALNAME :Give a realname that is not empty",
    ]
    assert "311 alice carol carol chatroom.localhost * :Caroline" in ask(alice, "WHOIS carol")


def test_neighbours_are_told_that_one_who_joins_is_away(room: IRCRoom, alice: Person) -> None:
    carol = room.irc("carol", "away-notify", "#lobby")
    bob = room.irc("bob")
    ask(bob, "AWAY :lunch", "JOIN #lobby")

    assert bare(carol.lines()) == ["bob JOIN #lobby", "bob AWAY :lunch"]
