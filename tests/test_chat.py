"""Who is here and what may be said, by plain calls: requests, what is refused, and what comes of the rest."""

from __future__ import annotations

import pytest
from stepped import House, Notes, SteppedLog, Visitor

from chatroom.model.answers import Private
from chatroom.model.errors import (
    HistoryBroken,
    InNoRoom,
    LooksLikeEvent,
    NicknameRefused,
    NicknameTaken,
    NoSuchNickname,
    NoSuchRoom,
    NotInRoom,
    RoomNameRefused,
    Stopping,
    TooManyRooms,
)
from chatroom.model.events import Acted, Joined, Left, Noticed, Quit, Said, TopicChanged
from chatroom.model.text import clean
from chatroom.wire.jsonlines import JSON


def test_rooms_appear_when_joined_and_vanish_when_empty() -> None:
    house = House()
    alice = house.enter("alice", "lobby", "garden")
    assert list(house.chat.rooms) == ["lobby", "garden"]
    alice.type("/leave garden")
    house.log.settle()

    assert list(house.chat.rooms) == ["lobby"]
    with pytest.raises(NoSuchRoom):
        house.chat.room("garden")


def test_a_topic_that_comes_after_its_room_has_vanished_brings_nothing_back() -> None:
    house = House()
    alice = house.enter("alice")
    alice.type("/topic tea")
    alice.lose()
    house.log.settle()

    assert house.chat.rooms == {}


def test_a_room_knows_since_when_it_is_there_and_who_set_its_topic_when() -> None:
    house = House()
    alice = house.enter("alice")
    bob = house.enter("bob")
    room = house.chat.room("lobby")
    created = house.happened[0].at
    assert (room.created, room.topic_by, room.topic_at) == (created, "", 0.0)
    bob.type("/topic tea", "/nick robert")
    house.log.settle()
    assert (room.created, room.topic_by, room.topic_at) == (created, "bob", house.happened[2].at)
    alice.type("/topic -")
    house.log.settle()
    assert (room.topic, room.topic_by, room.topic_at) == ("", "alice", house.happened[-1].at)


@pytest.mark.parametrize("topic", ["", "cake"])
def test_a_topic_is_still_there_when_an_empty_room_is_entered_again(topic: str) -> None:
    house = House()
    alice = house.enter("alice")
    alice.type("/topic tea", f"/topic {topic or '-'}", "/leave", "/join lobby")
    house.log.settle()

    room = house.chat.room("lobby")
    assert room.topic == topic
    assert room.created == house.happened[-1].at


def test_no_more_topics_are_remembered_than_there_may_be_rooms() -> None:
    house = House(max_rooms=2)
    alice = house.enter("alice")
    alice.type("/topic tea", "/leave")
    for room in ("garden", "kitchen"):
        alice.type(f"/join {room}", f"/topic {room}", "/leave")
    house.log.settle()
    topics = {}
    for room in ("lobby", "garden", "kitchen"):
        alice.type(f"/join {room}")
        house.log.settle()
        topics[room] = house.chat.room(room).topic
        alice.type("/leave")
        house.log.settle()

    assert topics == {"lobby": "", "garden": "garden", "kitchen": "kitchen"}


def test_nothing_happens_before_the_log_has_kept_it() -> None:
    house = House()
    alice = Visitor(house.chat)
    alice.session.enter("alice")

    assert house.chat.rooms == {}
    assert not alice.session.entered
    assert alice.lines() == []
    house.log.commit()
    assert house.chat.rooms["lobby"].people().people == ["alice"]


def test_people_are_listed_in_the_order_in_which_they_came() -> None:
    house = House()
    alice, bob, carol = (house.enter(nickname) for nickname in ("alice", "bob", "carol"))
    bob.type("/leave", "/join lobby")
    alice.type("/nick zoe")
    house.log.settle()

    assert house.chat.room("lobby").people().people == ["zoe", "carol", "bob"]
    assert {id(member) for member in house.chat.directory.everybody()} == {
        id(one.session.member) for one in (alice, bob, carol)
    }


def test_talk_is_refused_where_one_is_not() -> None:
    house = House()
    alice = house.enter("alice")
    house.enter("bob", "garden")
    chat, member = house.chat, alice.session.member
    with pytest.raises(NotInRoom, match="You are not in garden: /join garden first"):
        chat.say(member, "garden", "hi")
    with pytest.raises(NotInRoom):
        chat.say(member, "garden", "waves", Acted)
    with pytest.raises(NotInRoom):
        chat.say(member, "garden", "tea", TopicChanged)
    with pytest.raises(NotInRoom):
        chat.leave(member, ["garden"], "")
    with pytest.raises(NotInRoom):
        chat.leave(member, ["lobby", "garden"], "")
    with pytest.raises(NotInRoom):
        chat.invite(member, "bob", "garden")
    with pytest.raises(InNoRoom):
        chat.say(member, "", "hi")
    assert not house.log.drafts


@pytest.mark.parametrize(
    "text",
    [
        *("joined", "left", "left (bye)", "is now bob", "set the topic: tea", "took away the topic"),
        *("in lobby: bob", "(3 here)", "Joined", "ＪＯＩＮＥＤ", "jo\u200bined", "\u2060left", "is  now bob"),
        *("jo\ufe0fined", "jo\u034fined", "\u0458oined", "le\ufe0fft", "set the\u2800topic: x", "\u3164joined"),
        *("\u2d7fjoined", "іѕ now bob", "jоіnеd", "(10 here)", "took away the toрic", "invites you to tea: /join tea"),
        *("\u200b" * 1000 + "left", "is\u2003now bob", "ⅼeft", "𝐣𝐨𝐢𝐧𝐞𝐝", "JOINED", "\U000e0041left", "joıned"),
    ],
)
def test_an_action_that_looks_like_an_event_is_refused(text: str) -> None:
    house = House()
    alice = house.enter("alice")

    with pytest.raises(LooksLikeEvent):
        house.chat.say(alice.session.member, "lobby", clean(text), Acted)


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
    notes = Notes()
    house.chat.rename(bob.session.member, "ALICE", notes)
    (error,) = notes.errors
    assert isinstance(error, NicknameTaken)
    assert str(error) == "The nickname ALICE is taken: choose another."
    with pytest.raises(NicknameRefused):
        house.chat.rename(bob.session.member, "a b", notes)
    assert notes.outcomes == []
    assert house.chat.find("Alice") is alice.session.member
    assert house.chat.find("bob") is bob.session.member
    assert not house.log.drafts


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
        house.chat.join(alice.session.member, ["kitchen"])


def test_there_is_a_limited_number_of_rooms_and_those_that_there_are_can_be_joined() -> None:
    house = House(max_rooms=2)
    alice, _ = house.enter("alice"), house.enter("bob", "garden")

    with pytest.raises(TooManyRooms, match="There may be at most 2 rooms"):
        house.chat.join(alice.session.member, ["kitchen"])
    house.chat.join(alice.session.member, ["garden"])
    house.log.settle()
    assert house.chat.room("garden").people().people == ["bob", "alice"]


def test_no_room_is_made_that_could_be_taken_for_one_that_is_there() -> None:
    house = House()
    alice, bob = house.enter("alice", "lobby", "modern"), house.enter("bob")

    with pytest.raises(RoomNameRefused, match="it looks like lobby, which is another room"):
        house.chat.join(bob.session.member, ["l\u043ebby"])
    house.chat.join(bob.session.member, ["modem"])
    house.log.settle()
    alice.type("/leave lobby")
    house.log.settle()
    bob.type("/leave lobby")
    house.log.settle()
    house.chat.join(bob.session.member, ["l\u043ebby"])
    house.log.settle()
    assert list(house.chat.rooms) == ["modern", "modem", "l\u043ebby"]


def test_a_private_word_is_shown_to_both_and_to_nobody_else_and_is_not_kept() -> None:
    house = House()
    alice, bob, carol = (house.enter(nickname) for nickname in ("alice", "bob", "carol"))
    for one in (alice, bob, carol):
        one.lines()
    alice.type("/msg BOB psst")

    assert alice.lines() == bob.lines() == ["alice (privately to bob): psst"]
    assert carol.lines() == []
    assert not house.log.drafts


def test_a_private_word_to_oneself_is_shown_once() -> None:
    house = House()
    alice = house.enter("alice")
    alice.type("/msg alice note")

    assert alice.lines() == ["alice (privately to alice): note"]


def test_a_private_word_can_be_a_notice() -> None:
    house = House()
    alice, bob = house.enter("alice"), house.enter("bob", format_=JSON)
    house.chat.private(alice.session.member, "bob", "psst", notice=True)

    assert bob.things() == [Private(0.0, "alice", "bob", "psst", True)]


def test_a_private_word_is_told_to_the_other_and_handed_back_for_whoever_says_it() -> None:
    house = House()
    alice, bob = house.enter("alice"), house.enter("bob")
    alice.lines()
    member = alice.session.member
    assert house.chat.private(member, "BOB", "psst") == Private(0.0, "alice", "bob", "psst")
    assert (alice.lines(), bob.lines()) == ([], ["alice (privately to bob): psst"])
    assert house.chat.private(member, "alice", "note") == Private(0.0, "alice", "alice", "note")
    assert alice.lines() == []


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
    carol = Visitor(house.chat)
    carol.session.enter("carol")
    assert carol.lines() == ["! The server is stopping: come back in a moment."]
    with pytest.raises(Stopping):
        house.chat.invite(alice.session.member, "bob", "lobby")
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
    assert [(type(event), event.text) for event in house.happened] == [(Joined, ""), (Said, "hi"), (Quit, "tea")]


def test_what_is_said_in_one_way_or_another_is_kept_as_that() -> None:
    house = House()
    alice = house.enter("alice")
    for kind in (Said, Noticed, Acted):
        house.chat.say(alice.session.member, "lobby", "tea", kind)
    house.log.settle()

    assert [type(event) for event in house.log.events] == [Joined, Said, Noticed, Acted]
    assert alice.lines() == ["alice: tea", "alice: tea", "* alice tea"]


def test_to_leave_a_room_and_to_quit_are_kept_as_what_they_are() -> None:
    house = House()
    alice, bob = house.enter("alice", "lobby", "garden", "attic"), house.enter("bob", "lobby", "garden")
    alice.type("/leave attic", "/quit tea")
    house.log.settle()
    bob.lose()
    house.log.settle()

    assert [(type(event), event.room, event.nickname) for event in house.log.events if isinstance(event, Left)] == [
        (Left, "attic", "alice"),
        (Quit, "lobby", "alice"),
        (Quit, "garden", "alice"),
        (Quit, "lobby", "bob"),
        (Quit, "garden", "bob"),
    ]


# What does not pass through the log, and comes behind what was said before.


def test_what_is_done_in_order_waits_for_all_that_one_has_said_and_for_nothing_else() -> None:
    house = House()
    alice, bob = house.enter("alice"), house.enter("bob")
    done: list[str] = []
    alice.session.in_order(lambda: done.append("nothing"))
    assert done == ["nothing"]

    bob.type("before")
    alice.type("one", "/topic tea")
    alice.session.in_order(lambda: done.append("both"))
    assert alice.session.busy
    alice.type("two")
    bob.session.in_order(lambda: done.append("bob"))
    assert alice.waiting == ["two"]
    house.log.commit(1)
    assert done == ["nothing", "bob"]
    house.log.commit(1)
    assert done == ["nothing", "bob"]
    house.log.fail(1)
    assert done == ["nothing", "bob", "both"]
    alice.session.in_order(lambda: done.append("two"))
    assert alice.waiting == []
    house.log.commit()
    assert done == ["nothing", "bob", "both", "two"]
    assert not alice.session.busy


def test_what_is_done_in_order_and_cannot_be_is_refused_and_the_next_line_is_taken() -> None:
    house = House()
    alice = house.enter("alice")
    alice.type("one", "/who nowhere", "two")
    house.log.settle()

    assert alice.lines() == [
        "alice: one",
        "! There is no room nowhere. /rooms lists the rooms, and /join nowhere makes this one.",
        "alice: two",
    ]


def test_what_is_done_in_order_is_done_when_the_log_breaks() -> None:
    house = House()
    alice = house.enter("alice")
    done: list[bool] = []
    alice.type("one", "/topic tea")
    alice.session.in_order(lambda: done.append(True))
    house.log.break_down(HistoryBroken(path="history", why="the disk is on fire"))

    assert done == [True]
    assert not alice.session.busy


# What the log cannot keep for a while.


def test_the_chat_knows_why_nothing_can_be_kept_until_something_is_kept_again() -> None:
    house = House()
    alice = house.enter("alice")
    for _ in range(2):
        alice.type("one")
        house.log.fail()
        assert house.chat.fault == "not sent: the disk is full. Try again when that is mended."
    assert [str(error) for error in house.not_kept] == [house.chat.fault]
    alice.type("two")
    house.log.commit()
    assert house.chat.fault == ""
    assert [error is None for error in house.not_kept] == [False, True]


# What holds in a room.


def test_a_room_starts_with_the_topic_that_the_log_knows_of() -> None:
    log = SteppedLog()
    log.state = [TopicChanged(7, 70.0, "garden", "id-1", "bob", "herbs"), TopicChanged(9, 90.0, "attic", "", "al", "x")]
    log.last_committed = 9
    house = House(log)
    alice = house.enter("alice", "lobby", "garden")
    alice.type("/topic")
    house.log.settle()
    room = house.chat.room("garden")

    assert alice.lines() == ["* the topic of garden is: herbs"]
    assert (room.topic_by, room.topic_at) == ("bob", 70.0)
    assert room.created == house.happened[-1].at
    assert house.chat.room("lobby").topic == ""
