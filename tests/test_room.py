"""Who is here and what may be said, by plain calls: requests, what is refused, and what comes of the rest."""

from __future__ import annotations

import pytest
from stepped import House, Visitor

from chatroom.errors import (
    InNoRoom,
    LooksLikeEvent,
    NicknameRefused,
    NicknameTaken,
    NoSuchNickname,
    NoSuchRoom,
    NotInRoom,
    PeerError,
    Stopping,
    TooManyRooms,
)
from chatroom.events import Joined, Left, Said
from chatroom.room import Member
from chatroom.text import clean


def test_rooms_appear_when_joined_and_vanish_with_their_topic_when_empty() -> None:
    house = House()
    alice = house.enter("alice", "lobby", "garden")
    alice.type("/topic roses")
    house.log.settle()
    assert house.chat.room("garden").topic == "roses"
    alice.type("/leave garden")
    house.log.settle()

    assert list(house.chat.rooms) == ["lobby"]
    with pytest.raises(NoSuchRoom):
        house.chat.room("garden")
    alice.type("/join garden")
    house.log.settle()
    assert house.chat.room("garden").topic == ""


def test_a_topic_that_comes_after_its_room_has_vanished_brings_nothing_back() -> None:
    house = House()
    alice = house.enter("alice")
    alice.type("/topic tea")
    alice.lose()
    house.log.settle()

    assert house.chat.rooms == {}


def test_nothing_happens_before_the_log_has_kept_it() -> None:
    house = House()
    alice = Visitor(house.chat)
    alice.session.enter("alice")

    assert house.chat.rooms == {}
    assert not alice.session.entered
    assert alice.lines() == []
    house.log.commit()
    assert house.chat.rooms["lobby"].nicknames == ["alice"]


def test_people_are_listed_in_the_order_in_which_they_came() -> None:
    house = House()
    alice, bob, carol = (house.enter(nickname) for nickname in ("alice", "bob", "carol"))
    bob.type("/leave", "/join lobby")
    alice.type("/nick zoe")
    house.log.settle()

    assert house.chat.room("lobby").nicknames == ["zoe", "carol", "bob"]
    assert {id(member) for member in house.chat.everybody()} == {id(one.session) for one in (alice, bob, carol)}


def test_talk_is_refused_where_one_is_not() -> None:
    house = House()
    alice = house.enter("alice")
    house.enter("bob", "garden")
    chat = house.chat
    with pytest.raises(NotInRoom, match="You are not in garden: /join garden first"):
        chat.say(alice.session, "garden", "hi")
    with pytest.raises(NotInRoom):
        chat.act(alice.session, "garden", "waves")
    with pytest.raises(NotInRoom):
        chat.set_topic(alice.session, "garden", "tea")
    with pytest.raises(NotInRoom):
        chat.leave(alice.session, "garden", "")
    with pytest.raises(InNoRoom):
        chat.say(alice.session, "", "hi")
    assert not house.log.drafts


@pytest.mark.parametrize(
    "text",
    [
        *("joined", "left", "left (bye)", "is now bob", "set the topic: tea", "took away the topic"),
        *("in lobby: bob", "(3 here)", "Joined", "ＪＯＩＮＥＤ", "jo\u200bined", "\u2060left", "is  now bob"),
    ],
)
def test_an_action_that_looks_like_an_event_is_refused(text: str) -> None:
    house = House()
    alice = house.enter("alice")

    with pytest.raises(LooksLikeEvent):
        house.chat.act(alice.session, "lobby", clean(text))


@pytest.mark.parametrize("text", ["waves", "is happy", "has left", "in tears", "(quietly) hums", "sets the table"])
def test_other_actions_are_not(text: str) -> None:
    house = House()
    alice = house.enter("alice")
    alice.type(f"/me {text}")
    house.log.settle()

    assert alice.lines() == [f"* alice {text}"]


def test_a_nickname_is_one_persons() -> None:
    house = House()
    alice = house.enter("alice")
    bob = house.enter("bob")
    with pytest.raises(NicknameTaken, match="The nickname ALICE is taken: choose another"):
        house.chat.rename(bob.session, "ALICE")
    with pytest.raises(NicknameRefused):
        house.chat.rename(bob.session, "a b")
    assert house.chat.find("Alice") is alice.session
    assert house.chat.find("bob") is bob.session


@pytest.mark.parametrize("nickname", ["bob", "", "a b", "\x00"])
def test_nobody_is_found_by_a_name_that_nobody_has(nickname: str) -> None:
    house = House()
    house.enter("alice")

    with pytest.raises(NoSuchNickname):
        house.chat.find(nickname)


def test_one_person_is_in_a_limited_number_of_rooms() -> None:
    house = House(max_joined=2)
    alice = house.enter("alice", "lobby", "garden")

    with pytest.raises(TooManyRooms, match="One person may be in at most 2 rooms: /leave one first"):
        house.chat.join(alice.session, ["kitchen"])


def test_there_is_a_limited_number_of_rooms_and_those_that_there_are_can_be_joined() -> None:
    house = House(max_rooms=2)
    alice, _ = house.enter("alice"), house.enter("bob", "garden")

    with pytest.raises(TooManyRooms, match="There may be at most 2 rooms"):
        house.chat.join(alice.session, ["kitchen"])
    house.chat.join(alice.session, ["garden"])
    house.log.settle()
    assert house.chat.room("garden").nicknames == ["bob", "alice"]


def test_a_private_word_is_shown_to_both_and_to_nobody_else_and_is_not_kept() -> None:
    house = House()
    alice, bob, carol = (house.enter(nickname) for nickname in ("alice", "bob", "carol"))
    for one in (alice, bob, carol):
        one.lines()
    house.chat.private(alice.session, "BOB", "psst")

    assert alice.lines() == bob.lines() == ["alice (privately to bob): psst"]
    assert carol.lines() == []
    assert not house.log.drafts


def test_a_private_word_to_oneself_is_shown_once() -> None:
    house = House()
    alice = house.enter("alice")
    house.chat.private(alice.session, "alice", "note")

    assert alice.lines() == ["alice (privately to alice): note"]


def test_everybody_is_told_a_broadcast_once_whatever_rooms_they_are_in() -> None:
    house = House()
    alice, bob = house.enter("alice", "lobby", "garden"), house.enter("bob", "kitchen")
    house.chat.broadcast("tea is ready")

    assert alice.lines() == bob.lines() == ["* tea is ready"]


def test_a_stopping_chat_shows_what_was_said_and_takes_nothing_more() -> None:
    house = House()
    alice, bob = house.enter("alice"), house.enter("bob")
    alice.lines()
    alice.type("last words")
    stopped: list[bool] = []
    house.chat.stop(lambda: stopped.append(True))

    assert stopped == [True]
    assert bob.lines() == ["alice: last words"]
    alice.type("too late", "/me waves", "/join garden", "/nick al", "/topic tea", "/leave")
    assert alice.lines() == ["alice: last words", *["! The server is stopping: come back in a moment."] * 6]
    with pytest.raises(Stopping):
        Visitor(house.chat).session.enter("carol")
    assert not house.log.drafts


def test_whoever_goes_while_the_chat_is_stopping_is_gone_at_once() -> None:
    house = House()
    alice, bob = house.enter("alice"), house.enter("bob")
    house.chat.stop(lambda: None)
    alice.lose()
    bob.type("/quit")

    assert house.chat.rooms == {}
    assert house.chat.members == {}
    assert bob.closed


def test_the_hook_hears_of_an_event_once_it_was_shown() -> None:
    house = House()
    alice = house.enter("alice")
    seen: list[tuple[str, list[str]]] = []
    house.hook = lambda event: seen.append((event.text, alice.lines()))
    alice.type("hi")
    house.log.settle()

    assert seen == [("hi", ["alice: hi"])]


def test_what_happened_is_what_the_log_keeps() -> None:
    house = House()
    alice = house.enter("alice")
    alice.type("hi", "/quit tea")
    house.log.settle()

    assert house.log.events == house.happened
    assert [(type(event), event.text) for event in house.happened] == [(Joined, ""), (Said, "hi"), (Left, "tea")]


def test_somebody_must_say_what_becomes_of_what_a_member_asks_for() -> None:
    member, answer = Member(), PeerError()
    for call in (lambda: member.settled(Joined(1, 0.0, "", "", ""), 1), lambda: member.not_done(answer)):
        with pytest.raises(NotImplementedError):
            call()
