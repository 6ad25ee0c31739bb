"""Modes of channels: what operators of a room set by MODE and KICK, and what follows from it for the others."""

from __future__ import annotations

import pytest
from ircroom import IRCRoom, ask, bare

from chatroom.testing import Person

NOT_OPERATOR = "482 bob #den :You're not channel operator"


@pytest.fixture
def room() -> IRCRoom:
    return IRCRoom()


@pytest.fixture
def alice(room: IRCRoom) -> Person:
    """Somebody who has made the room den, and is its operator."""
    return room.irc("alice", rooms="#den")


@pytest.fixture
def bob(room: IRCRoom, alice: Person) -> Person:
    bob = room.irc("bob", rooms="#den")
    alice.lines()
    return bob


def test_a_mode_is_set_shown_to_all_and_taken_away(alice: Person, bob: Person) -> None:
    assert ask(alice, "MODE #den +ml 5") == ["alice MODE #den +m", "alice MODE #den +l 5"]
    assert bare(bob.lines()) == ["alice MODE #den +m", "alice MODE #den +l 5"]
    assert ask(bob, "MODE #den")[0] == "324 bob #den +nlm 5"
    assert ask(alice, "MODE #den -ml") == ["alice MODE #den -m", "alice MODE #den -l"]
    assert bare(bob.lines()) == ["alice MODE #den -m", "alice MODE #den -l"]
    assert ask(bob, "MODE #den")[0] == "324 bob #den +n"


@pytest.mark.parametrize(
    "line", ["MODE #den +m", "MODE #den +b x!*@*", "MODE #den +o bob", "MODE #den -n", "KICK #den alice"]
)
def test_who_is_no_operator_changes_nothing(bob: Person, line: str) -> None:
    assert ask(bob, line) == [NOT_OPERATOR]


def test_in_a_moderated_room_only_voices_are_heard(alice: Person, bob: Person) -> None:
    ask(alice, "MODE #den +m")
    bob.lines()
    assert ask(bob, "PRIVMSG #den :hello") == ["404 bob #den :Cannot send to channel"]
    assert ask(alice, "MODE #den +v bob") == ["alice MODE #den +v bob"]
    assert bare(bob.lines()) == ["alice MODE #den +v bob"]
    assert ask(bob, "PRIVMSG #den :hello", "NAMES #den") == [
        "353 bob = #den :@alice +bob",
        "366 bob #den :End of NAMES list",
    ]
    assert bare(alice.lines()) == ["bob PRIVMSG #den :hello"]


def test_an_operator_makes_another_who_is_shown_as_one(alice: Person, bob: Person) -> None:
    assert ask(alice, "MODE #den +o bob", "MODE #den +o bob") == ["alice MODE #den +o bob"]
    bob.lines()
    assert ask(bob, "MODE #den -o alice") == ["bob MODE #den -o alice"]
    assert "353 bob = #den :alice @bob" in ask(bob, "NAMES #den")
    assert "319 bob bob :@#den" in ask(bob, "WHOIS bob")
    assert [line.split()[7] for line in ask(bob, "WHO #den")[:2]] == ["H", "H@"]


def test_a_key_an_invitation_and_a_limit_keep_people_out(room: IRCRoom, alice: Person) -> None:
    carol = room.irc("carol")
    ask(alice, "MODE #den +k tea")
    assert ask(carol, "JOIN #den") == ["475 carol #den :Cannot join channel (+k)"]
    assert ask(carol, "MODE #den")[0] == "324 carol #den +nk *"
    assert ask(carol, "JOIN #den tea")[0] == "carol JOIN #den"
    ask(carol, "PART #den")
    ask(alice, "MODE #den -k tea", "MODE #den +i")
    assert ask(carol, "JOIN #den") == ["473 carol #den :Cannot join channel (+i)"]
    alice.lines()
    assert ask(alice, "INVITE carol #den") == ["341 alice carol #den"]
    assert bare(carol.lines()) == ["alice INVITE carol #den"]
    assert ask(carol, "JOIN #den")[0] == "carol JOIN #den"
    ask(carol, "PART #den")
    ask(alice, "MODE #den -i", "MODE #den +l 1")
    assert ask(carol, "JOIN #den") == ["471 carol #den :Cannot join channel (+l)"]


def test_who_is_banned_is_put_out_and_kept_out_but_for_an_exception(alice: Person, bob: Person) -> None:
    assert ask(alice, "MODE #den +b bob")[0] == "alice MODE #den +b bob!*@*"
    assert bare(bob.lines())[0] == "alice KICK #den bob :alice"
    assert ask(bob, "JOIN #den") == ["474 bob #den :Cannot join channel (+b)"]
    entry, end = ask(alice, "MODE #den b")
    assert entry.startswith("367 alice #den bob!*@* alice ")
    assert end == "368 alice #den :End of channel ban list"
    assert ask(alice, "MODE #den +e bob!*@*")[0] == "alice MODE #den +e bob!*@*"
    assert ask(bob, "JOIN #den")[0] == "bob JOIN #den"
    alice.lines()
    assert [line.split()[0] for line in ask(alice, "MODE #den e")] == ["348", "349"]
    assert [line.split()[0] for line in ask(alice, "MODE #den I")] == ["347"]
    assert ask(alice, "MODE #den -b bob!*@*") == ["alice MODE #den -b bob!*@*"]
    assert ask(alice, "MODE #den +b") == ["368 alice #den :End of channel ban list"]


def test_an_address_in_a_list_is_shown_to_who_may_see_it(room: IRCRoom, alice: Person, bob: Person) -> None:
    room.chat.find("alice").operator = True
    ask(alice, "MODE #den +b *!*@203.0.113.7")
    assert ask(alice, "MODE #den b")[0].startswith("367 alice #den *!*@203.0.113.7 alice ")
    bob.lines()
    assert ask(bob, "MODE #den b")[0].startswith("367 bob #den *!*@hidden alice ")


def test_who_is_quiet_stays_and_is_not_heard(alice: Person, bob: Person) -> None:
    ask(alice, "MODE #den +q bob")
    bob.lines()
    assert ask(bob, "PRIVMSG #den :hello") == ["404 bob #den :Cannot send to channel"]
    assert ask(alice, "MODE #den q")[0].startswith("728 alice #den q bob!*@* alice ")


def test_several_are_put_out_and_those_who_are_not_there_are_named(room: IRCRoom, alice: Person, bob: Person) -> None:
    carol = room.irc("carol", rooms="#den")
    room.irc("dave")
    alice.lines()
    bob.lines()
    assert ask(alice, "KICK #den bob,dave,carol :shout less") == [
        "alice KICK #den bob :shout less",
        "441 alice dave #den :They aren't on that channel",
        "alice KICK #den carol :shout less",
    ]
    assert bare(bob.lines())[0] == bare(carol.lines())[0] == "alice KICK #den bob :shout less"
    assert ask(bob, "PRIVMSG #den :hello") == ["404 bob #den :Cannot send to channel"]
    assert ask(bob, "JOIN #den")[0] == "bob JOIN #den"


def test_a_hidden_room_is_shown_to_those_who_are_in_it_alone(room: IRCRoom, alice: Person) -> None:
    carol = room.irc("carol")
    ask(alice, "MODE #den +s")
    assert [line for line in ask(carol, "LIST") if "#den" in line] == []
    assert [line for line in ask(alice, "LIST") if "#den" in line] != []
    assert not any("#den" in line for line in ask(carol, "WHOIS alice"))


def test_a_topic_may_be_for_operators(alice: Person, bob: Person) -> None:
    ask(alice, "MODE #den +t")
    bob.lines()
    assert ask(bob, "TOPIC #den :tea") == [NOT_OPERATOR]
    assert ask(alice, "TOPIC #den :tea") == ["alice TOPIC #den :tea"]


def test_what_can_be_changed_is_announced(room: IRCRoom) -> None:
    person = room.knock("NICK alice", "USER a 0 * :A")
    tokens = " ".join(line for line in person.lines() if " 005 " in line).split()
    assert {"CHANMODES=Ibeq,k,l,imnrstu", "PREFIX=(ov)@+", "EXCEPTS=e", "INVEX=I", "MODES=4"} <= set(tokens)
