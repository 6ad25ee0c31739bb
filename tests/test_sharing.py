"""One member with several connections: the phone and the desk."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ircroom import IRCRoom, bare, numbers

from chatroom.core.dialogue import ALONE, BESIDE
from chatroom.core.sharing import MAX_SESSIONS
from chatroom.testing import Person

SECRET = "correct horse"
FULL = f"! You're here as alice with {MAX_SESSIONS} clients already: close one of them first."


def house(**options: Any) -> IRCRoom:
    """A server where Alice has an account, and is not here."""
    room = IRCRoom(**options)
    alice = room.enter("alice")
    alice.type("/register", SECRET, SECRET, "/quit")
    alice.lines()
    assert alice.closed
    return room


@pytest.fixture
def room() -> IRCRoom:
    return house(replay=0)


def come(room: IRCRoom, options: str = "", secret: str = SECRET) -> Person:
    """One more client of Alice's, which is in."""
    person = room.connect()
    person.type(f"alice account=alice also=yes {options}".rstrip(), secret)
    shown = person.lines()
    assert person.protocol.session.entered, shown
    return person


def knock(room: IRCRoom) -> Person:
    """A client at the IRC door that has logged in before it gives its nickname; its first lines are unread."""
    person = room.knock()
    room.chat.accounts.log_in_as(person.protocol.session.member, "alice", 0.0)
    person.type("NICK alice", "USER al 0 * :Alice")
    return person


def irc(room: IRCRoom) -> Person:
    """The same where the account has chosen that its clients are there at once."""
    done: list[None] = []
    member = next(iter(room.chat.accounts.logged_in("alice")))
    room.chat.accounts.set_also(member, True, lambda: done.append(None), lambda error: pytest.fail(str(error)))
    assert done
    return knock(room)


def things(person: Person) -> list[dict[str, Any]]:
    return [json.loads(line) for line in person.lines() if line.startswith("{")]


def kinds(person: Person) -> list[str]:
    return [thing["kind"] for thing in things(person)]


# Coming in.


def test_several_clients_are_one_member_and_others_see_one(room: IRCRoom) -> None:
    bob = room.enter("bob")
    desk, phone = come(room), room.connect()
    phone.type("alice account=alice also=yes format=json", SECRET)
    shown = things(phone)
    assert [thing["kind"] for thing in shown] == ["password", "account", "welcome", "past", "live", "joined"]
    assert shown[2]["people"] == ["bob", "alice"]
    assert "id" not in shown[-1]
    assert shown[-1]["member"] == shown[2]["member"]
    assert bob.lines() == ["* alice joined"]
    assert desk.protocol.session.member is phone.protocol.session.member
    assert room.factory.nicknames == ["bob", "alice"]
    assert set(room.factory.clients) == {"bob", "alice"}
    bob.type("/who")
    assert bob.lines() == ["* 2 in lobby: bob, alice"]


def test_a_person_is_told_that_they_are_here_already(room: IRCRoom) -> None:
    come(room)
    phone = room.connect()
    phone.type("alice account=alice also=yes", SECRET)
    assert f"* {BESIDE}" in phone.lines()


def test_who_has_not_asked_for_it_takes_the_place_of_the_others(room: IRCRoom) -> None:
    desk, phone = come(room), come(room)
    other = room.connect()
    other.type("alice", SECRET)
    other.lines()
    assert other.protocol.session.entered
    assert desk.closed
    assert phone.closed
    late = come(room)
    assert other.closed
    assert not late.closed


def test_who_is_not_logged_in_is_told_that_it_is_for_those_who_are(room: IRCRoom) -> None:
    carol = room.connect()
    carol.type("carol also=yes")
    assert carol.lines()[-1] == f"* {ALONE}"
    other = room.connect()
    other.type("carol also=yes")
    assert other.lines()[1].startswith("! The nickname carol is taken")


def test_there_are_not_more_clients_than_may_be(room: IRCRoom) -> None:
    people = [come(room) for _ in range(MAX_SESSIONS)]
    late = room.connect()
    late.type("alice account=alice also=yes", SECRET)
    assert FULL in late.lines()
    people[0].type("/quit")
    come(room)


def test_a_client_that_comes_back_takes_the_place_of_its_own_dead_connection_alone(room: IRCRoom) -> None:
    bob, desk = room.enter("bob"), come(room, "client=desk-0123456789abcdef")
    phone = come(room, "client=phone-0123456789abcdef")
    bob.lines()
    again = room.connect()
    again.type("alice also=yes client=phone-0123456789abcdef format=json")
    assert kinds(again)[0] == "account"
    assert phone.closed
    assert not desk.closed
    assert again.protocol.session.member is desk.protocol.session.member
    assert bob.lines() == []


def test_a_client_of_several_comes_back_to_its_account_without_a_password(room: IRCRoom) -> None:
    desk, phone = come(room), come(room, "client=phone-0123456789abcdef")
    phone.close()
    desk.close()
    room.settle()
    again = room.connect()
    again.type("alice also=yes client=phone-0123456789abcdef format=json")
    assert kinds(again)[0] == "account"
    assert again.protocol.session.nickname == "alice"


# What all see.


def test_all_see_what_is_said_to_the_room_by_others_and_by_one_of_them(room: IRCRoom) -> None:
    desk, phone, bob = come(room), come(room, "format=json"), room.enter("bob")
    tablet = irc(room)
    tablet.lines()
    desk.lines()
    phone.lines()
    bob.type("hi")
    desk.type("hello")
    phone.type("from the phone")
    tablet.type("PRIVMSG #lobby :from the tablet")
    assert desk.lines() == ["bob: hi", "alice: hello", "alice: from the phone", "alice: from the tablet"]
    assert [thing["text"] for thing in things(phone)] == ["hi", "hello", "from the phone", "from the tablet"]
    assert bare(tablet.lines()) == [
        "bob PRIVMSG #lobby :hi",
        "alice PRIVMSG #lobby :hello",
        "alice PRIVMSG #lobby :from the phone",
    ]


def test_all_see_private_messages_those_too_that_one_of_them_sent(room: IRCRoom) -> None:
    desk, phone, bob = come(room), come(room, "format=json"), room.enter("bob")
    tablet = irc(room)
    for person in (desk, phone, tablet):
        person.lines()
    bob.type("/msg alice psst")
    desk.type("/msg bob what?")
    desk.type("/msg alice note")
    assert (
        desk.lines()
        == [
            "* bob (privately to alice): psst",
            "* alice (privately to bob): what?",
            "* alice (privately to alice): note",
        ]
        or desk.lines() == []
    )
    assert [(thing["nick"], thing["text"]) for thing in things(phone)] == [
        ("bob", "psst"),
        ("alice", "what?"),
        ("alice", "note"),
    ]
    assert bare(tablet.lines()) == [
        "bob PRIVMSG alice :psst",
        "alice PRIVMSG bob :what?",
        "alice PRIVMSG alice :note",
    ]


def test_each_ignores_whom_it_likes(room: IRCRoom) -> None:
    desk, phone, bob = come(room), come(room), room.enter("bob")
    desk.type("/ignore bob")
    desk.lines()
    phone.lines()
    bob.type("hi", "/msg alice psst")
    assert desk.lines() == []
    assert len(phone.lines()) == 2


def test_a_ref_is_shown_to_the_client_that_asked_and_two_may_have_the_same(room: IRCRoom) -> None:
    desk = come(room, "format=json input=json client=desk-0123456789abcdef")
    phone = come(room, "format=json input=json client=phone-0123456789abcdef")
    desk.lines()
    phone.lines()
    desk.type('{"say": "one", "ref": "1"}')
    phone.type('{"say": "two", "ref": "1"}')
    assert [(thing["text"], thing.get("ref")) for thing in things(desk)] == [("one", "1"), ("two", None)]
    assert [(thing["text"], thing.get("ref")) for thing in things(phone)] == [("one", None), ("two", "1")]


def test_a_request_that_is_sent_again_by_the_same_client_is_done_once_whoever_is_here(room: IRCRoom) -> None:
    desk, bob = come(room), room.enter("bob")
    options = "format=json input=json client=phone-0123456789abcdef"
    phone = come(room, options)
    phone.type('{"say": "once", "ref": "1"}')
    phone.lines()
    desk.close()
    phone.close()
    room.settle()
    again = come(room, options)
    again.type(
        '{"say": "once", "ref": "1"}', '{"do": "/msg bob psst", "ref": "2"}', '{"do": "/msg bob psst", "ref": "2"}'
    )
    shown = things(again)
    assert [(thing["kind"], thing.get("ref")) for thing in shown] == [("done", "1"), ("private", "2"), ("done", "2")]
    assert [line for line in bob.lines() if "once" in line] == ["alice: once"]


# What one does, and the others follow.


def test_what_one_joins_and_leaves_the_others_are_in_and_out_of(room: IRCRoom) -> None:
    desk, phone, bob = come(room), come(room, "format=json"), room.enter("bob", "room=lobby,garden")
    tablet = irc(room)
    for person in (desk, phone, tablet, bob):
        person.lines()
    desk.type("/join garden")
    shown = things(phone)
    assert [(thing["kind"], thing["room"]) for thing in shown] == [
        ("joined", "garden"),
        ("people", "garden"),
        ("speaking", "lobby"),
    ]
    assert shown[1]["people"] == ["bob", "alice"]
    assert bob.lines() == ["* alice joined"]
    seen = tablet.lines()
    assert bare(seen)[0] == "alice JOIN #garden"
    assert numbers(seen)[1:] == ["353", "366"]
    bob.type("roses")
    phone.type("tulips")
    assert bob.lines() == ["bob: roses", "[lobby] alice: tulips"]
    assert bare(tablet.lines()) == ["bob PRIVMSG #garden :roses", "alice PRIVMSG #lobby :tulips"]
    desk.lines()
    phone.lines()
    tablet.type("PART #garden,#lobby :bye")
    assert bare(tablet.lines()) == ["alice PART #garden :bye", "alice PART #lobby :bye"]
    assert [line for line in desk.lines() if "left" in line] == ["* alice left (bye)", "[lobby] * alice left (bye)"]
    assert [(thing["kind"], thing["room"]) for thing in things(phone)][-1] == ("speaking", "")
    bob.type("anybody?")
    assert desk.lines() == phone.lines() == tablet.lines() == []


def test_all_are_called_by_the_new_name_in_rooms_and_in_none(room: IRCRoom) -> None:
    desk, phone, bob = come(room), come(room, "format=json"), room.enter("bob")
    tablet = irc(room)
    for person in (desk, phone, tablet):
        person.lines()
    desk.type("/nick al")
    assert bob.lines()[-1] == "* alice is now al"
    assert kinds(phone) == ["renamed"]
    assert bare(tablet.lines()) == ["alice NICK al"]
    desk.type("/leave", "/nick lissie")
    assert things(phone)[-1] == {"kind": "notice", "text": "you are now called lissie"}
    assert bare(tablet.lines())[-1] == "al NICK lissie"


def test_all_are_away_when_one_says_so(room: IRCRoom) -> None:
    desk, phone = come(room), come(room, "format=json")
    tablet = irc(room)
    for person in (desk, phone, tablet):
        person.lines()
    phone.type("/away lunch")
    assert desk.lines() == ["* You're away: lunch"]
    assert numbers(tablet.lines()) == ["306"]
    tablet.type("AWAY")
    assert desk.lines() == ["* You're back."]
    desk.type("/leave")
    tablet.lines()
    phone.lines()
    desk.type("/away tea")
    assert kinds(phone) == ["notice"]
    assert numbers(tablet.lines()) == ["306"]


def test_one_that_goes_is_missed_by_nobody_and_the_last_one_is(room: IRCRoom) -> None:
    desk, phone, bob = come(room), come(room), room.enter("bob")
    tablet = irc(room)
    tablet.lines()
    desk.type("/quit bye")
    assert desk.closed
    tablet.close()
    room.settle()
    assert bob.lines() == []
    phone.type("still here")
    assert bob.lines() == ["alice: still here"]
    assert room.chat.members["alice"].sessions == (phone.protocol.session,)
    phone.type("/quit bye")
    assert bob.lines() == ["* alice left (bye)"]
    assert "alice" not in room.chat.members


def test_all_are_told_who_is_logged_in_and_no_other_account_may_be_while_there_are_several(room: IRCRoom) -> None:
    carol = room.enter("carol")
    carol.type("/register", SECRET, SECRET, "/quit")
    desk, phone = come(room), come(room, "format=json")
    desk.type("/login carol")
    assert desk.lines()[-1].startswith("! You're here with several clients, which would all be logged in")
    desk.type("/logout")
    assert things(phone)[-1] == {"kind": "account", "account": ""}


def test_who_is_expelled_is_so_with_all_clients() -> None:
    room = house(replay=0)
    desk, phone, bob = come(room), come(room), room.enter("bob")
    bob.protocol.session.member.operator = True
    bob.type("/kill alice enough")
    assert "* alice left (Killed (bob (enough)))" in bob.lines()
    assert desk.closed
    assert phone.closed
    again = room.connect()
    again.type("alice account=alice also=yes", SECRET)
    assert any("expelled" in line or "An operator has closed" in line for line in again.lines())


# Rooms and the past of one that comes.


def test_a_client_is_in_the_rooms_of_the_others_and_in_those_that_it_asks_for(room: IRCRoom) -> None:
    desk, bob = come(room, "room=garden"), room.enter("bob", "room=lobby,garden,kitchen")
    bob.type("/join garden", "roses", "/join kitchen", "pans")
    phone = room.connect()
    phone.type("alice account=alice also=yes room=kitchen format=json", SECRET)
    shown = things(phone)
    assert [(thing["kind"], thing.get("room")) for thing in shown[2:]] == [
        ("welcome", "kitchen"),
        ("people", "garden"),
        ("past", "kitchen"),
        ("live", None),
        ("joined", "garden"),
        ("joined", "kitchen"),
    ]
    assert "id" in shown[-1]
    assert desk.lines()[-2:] == ["[kitchen] * alice joined", "* 2 in kitchen: bob, alice"]
    bob.type("knives")
    assert [thing["text"] for thing in things(phone)] == ["knives"]


def test_a_client_that_comes_back_is_shown_what_it_missed_and_nothing_twice() -> None:
    room = house(replay=20)
    desk, bob = come(room), room.enter("bob")
    bob.type("one")
    phone = come(room, "format=json client=phone-0123456789abcdef")
    bob.type("two")
    seen = [thing for thing in things(phone) if thing["kind"] == "said"]
    assert [thing["text"] for thing in seen] == ["two"]
    phone.close()
    bob.type("three")
    desk.type("four", "/join garden", "roses")
    desk.lines()
    again = room.connect()
    again.type(f"alice also=yes format=json client=phone-0123456789abcdef since={seen[0]['id']}")
    bob.type("five")
    shown = [thing for thing in things(again) if thing["kind"] in ("said", "live")]
    assert [thing.get("text") for thing in shown] == ["three", "four", "roses", None, "five"]


# IRC.


def test_an_irc_client_is_shown_the_rooms_that_the_member_is_in(room: IRCRoom) -> None:
    desk, bob = come(room, "room=garden,lobby"), room.enter("bob")
    desk.type("/topic tea")
    bob.lines()
    tablet = irc(room)
    shown = tablet.lines()
    assert "001" in numbers(shown)
    assert [line for line in bare(shown) if line.startswith("alice JOIN")] == [
        "alice JOIN #garden",
        "alice JOIN #lobby",
    ]
    assert numbers(shown)[-6:] == ["353", "366", "332", "333", "353", "366"]
    assert bob.lines() == []


def test_irc_clients_share_where_their_account_has_chosen_so(room: IRCRoom) -> None:
    first = knock(room)
    first.type("JOIN #lobby")
    first.lines()
    second = knock(room)
    second.lines()
    assert first.closed
    owner = come(room)
    assert second.closed
    owner.type("/account also maybe", "/account also on")
    assert owner.lines()[-2:] == [
        "! It is on or off, not maybe. Use it like this: /account also on",
        "* Clients that log in to your account are here at once from now on, as you.",
    ]
    third, fourth = knock(room), knock(room)
    assert "001" in numbers(third.lines())
    assert "001" in numbers(fourth.lines())
    assert len(room.chat.members["alice"].sessions) == 3
    third.type("NICK al")
    assert bare(third.lines()) == bare(fourth.lines()) == ["alice NICK al"]
