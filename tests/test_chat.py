"""Who is here and what may be said, by plain calls: requests, what is refused, and what comes of the rest."""

from __future__ import annotations

import pytest
from stepped import NOT_SENT, House, Visitor

from chatroom.core.members import Member
from chatroom.model.errors import (
    HistoryBroken,
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
from chatroom.model.events import Acted, Joined, Left, Noticed, Private, Quit, Said
from chatroom.model.text import clean
from chatroom.wire.formats import JSON


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
    assert house.chat.room("garden").people().people == ["bob", "alice"]


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


def test_a_private_word_can_be_a_notice() -> None:
    house = House()
    alice, bob = house.enter("alice"), house.enter("bob", format_=JSON)
    house.chat.private(alice.session, "bob", "psst", notice=True)

    assert bob.things() == [Private(0.0, "alice", "bob", "psst", True)]


def test_a_private_word_is_not_shown_to_whoever_said_it_and_is_not_to_be_echoed_but_when_it_is_to_them() -> None:
    house = House()
    alice, bob = house.enter("alice"), house.enter("bob")
    alice.lines()
    alice.session.echo = False
    house.chat.private(alice.session, "bob", "psst")
    assert (alice.lines(), bob.lines()) == ([], ["alice (privately to bob): psst"])
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
    assert [(type(event), event.text) for event in house.happened] == [(Joined, ""), (Said, "hi"), (Quit, "tea")]


def test_what_is_said_in_one_way_or_another_is_kept_as_that() -> None:
    house = House()
    alice = house.enter("alice")
    for kind in (Said, Noticed, Acted):
        house.chat.say(alice.session, "lobby", "tea", kind)
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


# Who says something and is not to be echoed.


def without_echo(house: House, nickname: str, *rooms: str) -> Visitor:
    visitor = house.enter(nickname, *rooms)
    visitor.session.echo = False
    return visitor


def test_who_is_not_to_be_echoed_hears_the_others_and_not_themselves() -> None:
    house = House()
    bob, alice, carol = house.enter("bob"), without_echo(house, "alice"), without_echo(house, "carol")
    for one in (bob, alice):
        one.lines()
    alice.type("one")
    bob.type("two")
    carol.type("three", "/me waves")
    alice.type("four", "/topic tea")
    house.chat.say(alice.session, "lobby", "five", Noticed)
    house.log.commit()

    assert alice.lines() == ["bob: two", "carol: three", "* carol waves", "* alice set the topic: tea"]
    assert carol.lines() == ["alice: one", "bob: two", "alice: four", "* alice set the topic: tea", "alice: five"]
    assert bob.lines() == [
        *("alice: one", "bob: two", "carol: three", "* carol waves"),
        *("alice: four", "* alice set the topic: tea", "alice: five"),
    ]


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize(
    ("line", "shown"), [("/leave", "* alice left"), ("/nick al", "* alice is now al"), ("/quit", "* alice left")]
)
def test_who_is_not_to_be_echoed_is_not_when_they_go_or_are_renamed_behind_it(
    line: str, shown: str, together: bool
) -> None:
    house = House()
    alice, bob = without_echo(house, "alice", "garden", "lobby"), house.enter("bob")
    alice.lines()
    alice.type("said before", line)
    house.log.commit(None if together else 1)
    house.log.settle()
    bob.type("what comes then")
    house.log.settle()

    assert bob.lines() == ["alice: said before", shown, "bob: what comes then"]
    seen = alice.lines()
    assert seen[0] == shown
    assert not [text for text in seen if "said before" in text]


def test_talk_that_is_not_to_be_echoed_and_cannot_be_kept_is_answered_and_the_next_is_not_echoed() -> None:
    house = House()
    bob, alice = house.enter("bob"), without_echo(house, "alice")
    bob.lines()
    alice.type("one", "two")
    house.log.fail(1)
    house.log.commit()
    alice.type("three")
    house.log.settle()

    assert alice.lines() == [NOT_SENT]
    assert bob.lines() == ["alice: two", "alice: three"]


@pytest.mark.parametrize("echoes", [(True, False), (False, True)])
@pytest.mark.parametrize("fails", [0, 1])
def test_what_is_echoed_and_what_is_not_are_told_apart_where_one_says_both(
    echoes: tuple[bool, bool], fails: int
) -> None:
    house = House()
    alice = house.enter("alice")
    for text, echo in zip(("one", "two"), echoes, strict=True):
        alice.session.echo = echo
        alice.type(text)
    house.log.fail(fails)
    house.log.settle()

    said = [f"alice: {text}" for text, echo in zip(("one", "two"), echoes, strict=True) if echo]
    assert alice.lines() == [*[NOT_SENT] * fails, *(line for line in said if not fails or line != "alice: one")]


def test_a_topic_that_cannot_be_kept_changes_nothing_of_what_is_not_echoed() -> None:
    house = House()
    alice = without_echo(house, "alice")
    alice.type("/topic tea", "hi")
    house.log.fail(1)
    house.log.settle()

    assert alice.lines() == [NOT_SENT]
    assert house.happened[-1].text == "hi"


@pytest.mark.parametrize("echoes", [(True, False), (False, True), (False, False)])
@pytest.mark.parametrize("count", [1, 2, None])
def test_who_is_not_to_be_echoed_is_told_from_who_had_their_nickname_before(
    echoes: tuple[bool, bool], count: int | None
) -> None:
    house = House()
    bob, first = house.enter("bob"), house.enter("alice")
    bob.lines()
    first.session.echo = echoes[0]
    first.type("one")
    first.lose()
    second = Visitor(house.chat)
    second.session.echo = echoes[1]
    second.session.enter("alice")
    second.type("two")
    while house.log.drafts:
        house.log.commit(count)

    assert bob.lines() == ["alice: one", "* alice left (connection lost)", "* alice joined", "alice: two"]
    assert second.lines()[1:] == ["* alice joined", *(["alice: two"] if echoes[1] else [])]


def test_what_somebody_said_who_has_gone_and_is_not_kept_is_nobodys() -> None:
    house = House()
    alice = without_echo(house, "alice")
    alice.type("one")
    alice.lose()
    again = Visitor(house.chat)
    again.session.enter("alice")
    house.log.fail(1)
    house.log.settle()

    assert again.lines()[1:] == ["* alice joined"]


# Whoever waits until what was asked for has happened.


def test_whoever_waits_for_what_was_asked_for_waits_for_all_of_it_and_for_nothing_else() -> None:
    house = House()
    alice = house.enter("alice")
    done: list[str] = []
    house.chat.when_done(lambda: done.append("nothing"))
    assert done == ["nothing"]

    alice.type("one", "/topic tea")
    house.chat.when_done(lambda: done.append("both"))
    alice.type("two")
    house.chat.when_done(lambda: done.append("two"))
    house.log.commit(1)
    assert done == ["nothing"]
    house.log.fail(1)
    assert done == ["nothing", "both"]
    house.log.commit()
    assert done == ["nothing", "both", "two"]


def test_whoever_waits_for_what_was_asked_for_when_the_log_breaks_waits_no_longer() -> None:
    house = House()
    alice = house.enter("alice")
    done: list[bool] = []
    alice.type("one", "/join garden")
    house.chat.when_done(lambda: done.append(True))
    house.log.break_down(HistoryBroken(path="history", why="the disk is on fire"))

    assert done == [True]


# Who watches for a nickname.


class Watch:
    """What a watcher was told, and who is here by that."""

    def __init__(self, house: House) -> None:
        self.told: list[tuple[str, bool]] = []
        house.chat.watchers.append(self._hear)

    def _hear(self, nickname: str, here: bool) -> None:
        self.told.append((nickname, here))

    def since_last(self) -> list[tuple[str, bool]]:
        told, self.told = self.told, []
        return told


def test_a_watcher_is_told_of_who_comes_and_goes() -> None:
    house = House()
    watch = Watch(house)
    alice = Visitor(house.chat)
    alice.session.enter("Alice")
    assert watch.since_last() == [("Alice", True)], "the nickname is held from the moment it is asked for"
    house.log.settle()
    alice.type("/leave", "/join garden")
    house.log.settle()
    assert watch.since_last() == []
    alice.type("/quit")
    assert watch.since_last() == [("Alice", False)]
    house.log.settle()
    assert watch.since_last() == []


def test_a_watcher_is_told_of_the_old_and_the_new_name_once_somebody_is_renamed() -> None:
    house = House()
    alice, watch = house.enter("alice"), Watch(house)
    alice.type("/nick al")
    assert watch.since_last() == []
    house.log.settle()
    assert watch.since_last() == [("alice", False), ("al", True)]
    alice.type("/nick AL")
    house.log.settle()
    assert watch.since_last() == [], "it is the same name"
    alice.type("/leave", "/nick zoe")
    house.log.settle()
    assert watch.since_last() == [("AL", False), ("zoe", True)]


def test_a_watcher_is_told_nothing_of_what_is_refused_or_not_kept() -> None:
    house = House()
    alice, bob = house.enter("alice"), house.enter("bob")
    watch = Watch(house)
    for refused in ("ALICE", "server", "a b"):
        with pytest.raises(PeerError):
            Visitor(house.chat).session.enter(refused)
    alice.type("/nick bob")
    bob.type("/nick robert")
    house.log.fail()
    assert watch.since_last() == []


def test_a_watcher_is_told_of_who_is_not_let_in_after_all() -> None:
    house = House(max_rooms=1)
    house.enter("alice")
    watch = Watch(house)
    with pytest.raises(TooManyRooms):
        Visitor(house.chat).session.enter("bob", ["garden"])
    assert watch.since_last() == [("bob", True), ("bob", False)]
    Visitor(house.chat).session.enter("bob")
    house.log.fail()
    assert watch.since_last() == [("bob", True), ("bob", False)]


@pytest.mark.parametrize("nickname", ["carol", "ALICE"])
def test_a_watcher_is_told_once_of_who_goes_while_being_renamed(nickname: str) -> None:
    house = House()
    alice, watch = house.enter("alice"), Watch(house)
    alice.type(f"/nick {nickname}")
    alice.lose()
    house.log.settle()

    assert watch.since_last() == [("alice", False)]


def test_somebody_must_say_what_becomes_of_what_a_member_asks_for() -> None:
    member, answer = Member(), PeerError()
    for call in (lambda: member.settled(Joined(1, 0.0, "", "", ""), 1), lambda: member.not_done(answer)):
        with pytest.raises(NotImplementedError):
            call()


# Whoever waits until all is done.


def test_whoever_waits_for_nothing_does_not_wait() -> None:
    done: list[str] = []
    House().chat.when_done(lambda: done.append("now"))

    assert done == ["now"]


def test_whoever_waits_is_called_when_all_that_was_asked_for_before_has_happened() -> None:
    house = House()
    alice = house.enter("alice")
    done: list[str] = []
    alice.type("one", "/topic tea")
    house.chat.when_done(lambda: done.append("first"))
    alice.type("two", "/leave")
    house.chat.when_done(lambda: done.append("second"))
    house.log.commit(1)
    assert done == []
    house.log.commit(1)
    assert done == ["first"]
    house.log.fail()

    assert done == ["first", "second"]


def test_whoever_waits_is_called_when_the_history_breaks() -> None:
    house = House()
    alice = house.enter("alice")
    done: list[str] = []
    alice.type("one")
    house.chat.when_done(lambda: done.append("over"))
    house.log.break_down(HistoryBroken(path="history", why="gone"))

    assert done == ["over"]
