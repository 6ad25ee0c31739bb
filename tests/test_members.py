"""People and programs who are here: their ids, those without a connection, and those who take their old one's place.

A bot here is a member with no session; what becomes of what it asks for is told to its :class:`stepped.Notes`.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stepped import Bot, House, Notes, Visitor, people

from chatroom.core.members import Member, Standing, id_of_client, new_id
from chatroom.core.requests import Request
from chatroom.model.answers import Notice
from chatroom.model.errors import (
    AlreadyHere,
    InNoRoom,
    NicknameRefused,
    NicknameTaken,
    NoSuchNickname,
    NotInRoom,
    NotKept,
    NotOperator,
    PeerError,
    RequestPending,
    Stopping,
    TooManyRooms,
)
from chatroom.model.events import Acted, Away, Joined, Left, Noticed, Quit, Renamed, Said, TopicChanged
from chatroom.wire.jsonlines import JSON

ID = re.compile("[A-Za-z0-9_-]{12}")

SECRET = "a-secret-of-alice's-client"


# Ids.


def test_no_two_members_have_one_id() -> None:
    ids = [new_id() for _ in range(1000)] + [Member().member_id for _ in range(1000)]

    assert len(set(ids)) == 2000
    assert all(map(ID.fullmatch, ids))


def test_a_client_that_knows_its_secret_is_the_same_member_in_one_history_alone() -> None:
    known = id_of_client(SECRET, "0a1b2c")

    assert known == id_of_client(SECRET, "0a1b2c")
    assert len({known, id_of_client(SECRET, "0a1b2d"), id_of_client(SECRET + "x", "0a1b2c")}) == 3


@given(st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=16, max_size=64))
def test_nobody_can_tell_the_secret_from_the_id(secret: str) -> None:
    known = id_of_client(secret, "0a1b2c")

    assert ID.fullmatch(known)
    assert known not in secret
    assert secret not in known


def test_an_id_outlives_a_renaming_and_is_in_every_event() -> None:
    house = House()
    alice = house.enter("alice", format_=JSON)
    alice.type("hi", "/nick al", "/me waves", "/topic tea", "/away lunch", "/quit")
    house.log.settle()

    assert len(house.happened) == 7
    assert {event.member for event in house.happened} == {alice.session.member.member_id}


# A member without a connection.


def test_a_bot_does_what_a_person_does() -> None:
    house = House()
    alice = house.enter("alice")
    bot = Bot(house, "robot", "lobby", "garden")
    assert bot.granted == 1
    assert bot.member.standing is Standing.HERE
    assert people(house) == {"lobby": ["alice"]}
    house.log.settle()
    assert people(house) == {"lobby": ["alice", "robot"], "garden": ["robot"]}
    assert house.chat.find("ROBOT") is bot.member

    chat, member, notes = house.chat, bot.member, bot.notes
    bot.say("lobby", "hello")
    chat.say(member, "lobby", "hums", Acted, Request(member, Acted, ("lobby",), "hums", notes))
    chat.say(member, "lobby", "tea", TopicChanged, about=3, extras={"kettle": True})
    house.log.settle()
    chat.rename(member, "servant", notes)
    house.log.settle()
    chat.set_away(member, "charging", notes)
    house.log.settle()
    chat.leave(member, ["garden"], "too hot", notes)
    house.log.settle()
    chat.quit(member, "done", notes)
    house.log.settle()

    assert notes.errors == []
    assert notes.outcomes == [
        (Joined, "garden", ""),
        (Said, "lobby", "hello"),
        (Acted, "lobby", "hums"),
        (Renamed, "garden", "servant"),
        (Away, "garden", "charging"),
        (Left, "garden", "too hot"),
        (Quit, "lobby", "done"),
    ]
    assert alice.lines() == [
        *("* robot joined", "robot: hello", "* robot hums", "* robot set the topic: tea"),
        *("* robot is now servant", "* servant left (done)"),
    ]
    topic = next(event for event in house.happened if isinstance(event, TopicChanged))
    assert (topic.about, topic.extras) == (3, {"kettle": True})
    assert {event.member for event in house.happened} == {alice.session.member.member_id, member.member_id}
    assert member.standing is Standing.GONE
    assert people(house) == {"lobby": ["alice"]}
    assert set(house.chat.members) == {"alice"}


def test_a_bot_in_no_room_is_renamed_goes_away_and_quits_at_once() -> None:
    house = House()
    bot = Bot(house, "robot")
    chat, member, notes = house.chat, bot.member, bot.notes
    chat.rename(member, "servant", notes)
    chat.set_away(member, "charging", notes)
    chat.quit(member, "done", notes)

    assert notes.outcomes == [(Renamed, "", "servant"), (Away, "", "charging"), (Quit, "", "done")]
    assert not house.log.drafts
    assert not house.chat.members


def test_a_bot_is_told_in_private_invited_and_killed_like_a_person() -> None:
    house = House(operators={"root": "tea and cake"})
    alice, bot = house.enter("alice"), Bot(house, "robot", "garden")
    house.log.settle()
    alice.type("/msg ROBOT psst", "/invite robot", "/oper root tea and cake")
    house.chat.broadcast("supper")
    assert alice.lines() == [
        "alice (privately to robot): psst",
        "* You've invited robot to lobby.",
        "* You're an operator now.",
        "* supper",
    ]
    alice.type("/join garden")
    house.log.settle()
    alice.lines()
    alice.type("/kill robot for humming")
    house.log.settle()

    assert alice.lines() == ["* robot's connection is closed.", "* robot left (Killed (alice (for humming)))"]
    assert bot.member.standing is Standing.GONE
    assert set(house.chat.members) == {"alice"}


def test_a_bot_may_tell_and_invite_and_kill() -> None:
    house = House()
    alice, carol, bot = house.enter("alice"), house.enter("carol", "garden"), Bot(house, "robot", "lobby")
    house.log.settle()
    alice.lines()
    assert house.chat.private(bot.member, "alice", "psst").text == "psst"
    assert house.chat.invite(bot.member, "CAROL", "lobby") is carol.session.member
    assert carol.lines() == ["* robot invites you to lobby: /join lobby"]
    with pytest.raises(AlreadyHere):
        house.chat.invite(bot.member, "alice", "lobby")
    with pytest.raises(NotOperator):
        house.chat.expel(bot.member, "alice", "spam")
    bot.member.operator = True
    assert house.chat.expel(bot.member, "alice", "spam") is alice.session.member
    house.log.settle()

    assert alice.closed
    assert alice.lines() == [
        "robot (privately to alice): psst",
        "* robot closes your connection: spam",
        "* alice left (Killed (robot (spam)))",
    ]
    assert people(house) == {"garden": ["carol"], "lobby": ["robot"]}


def test_what_a_bot_asks_for_and_cannot_be_is_told_to_it() -> None:
    house = House(max_joined=2)
    house.enter("alice")
    taken, bot = Bot(house, "ALICE", "lobby"), Bot(house, "robot", "lobby")
    house.log.settle()
    chat, member = house.chat, bot.member
    assert [type(error) for error in taken.notes.errors] == [NicknameTaken]
    assert taken.member.standing is Standing.OUTSIDE
    requests: list[tuple[type[PeerError], Callable[[], object]]] = [
        (NicknameRefused, lambda: chat.rename(member, "a b", bot.notes)),
        (NicknameRefused, lambda: Bot(house, "server")),
        (NotInRoom, lambda: bot.say("garden", "hi")),
        (InNoRoom, lambda: bot.say("", "hi")),
        (NotInRoom, lambda: chat.leave(member, ["garden"], "", bot.notes)),
        (TooManyRooms, lambda: chat.join(member, ["garden", "kitchen"], bot.notes)),
    ]
    for error, ask in requests:
        with pytest.raises(error):
            ask()
    chat.rename(member, "alice", bot.notes)

    assert [type(error) for error in bot.notes.errors] == [NicknameTaken]
    assert not house.log.drafts
    assert not member.pending
    assert not member.next_nickname


def test_what_a_bot_asks_for_and_cannot_be_kept_is_told_to_it() -> None:
    house = House()
    bot = Bot(house, "robot", "lobby")
    house.log.fail()
    assert [type(error) for error in bot.notes.errors] == [NotKept]
    assert (bot.member.standing, dict(bot.member.rooms), people(house)) == (Standing.HERE, {}, {})
    house.chat.join(bot.member, ["lobby"], bot.notes)
    house.log.settle()
    bot.say("lobby", "hi")
    house.chat.rename(bot.member, "servant", bot.notes)
    house.log.fail()
    house.chat.quit(bot.member, "done", bot.notes)
    house.log.fail()

    assert [type(error) for error in bot.notes.errors] == [NotKept] * 4
    assert bot.notes.outcomes == [(Joined, "lobby", "")]
    assert bot.member.standing is Standing.GONE
    assert not house.chat.members
    assert people(house) == {}


def test_a_member_has_one_request_on_its_way_and_talk_is_none() -> None:
    house = House()
    bot = Bot(house, "robot", "lobby")
    chat, member = house.chat, bot.member
    requests: list[Callable[[], None]] = [
        lambda: chat.join(member, ["garden"], bot.notes),
        lambda: chat.rename(member, "servant", bot.notes),
        lambda: chat.set_away(member, "charging", bot.notes),
        lambda: chat.leave(member, list(member.rooms)[:1], "", bot.notes),
    ]
    for first in [lambda: None, *requests]:
        first()
        for second in requests:
            with pytest.raises(RequestPending, match="last request is not done yet"):
                second()
        house.log.settle()
    chat.join(member, ["lobby"], bot.notes)
    house.log.settle()
    bot.say("lobby", "one")
    chat.set_away(member, "", bot.notes)
    bot.say("lobby", "two")
    house.log.settle()

    assert bot.notes.errors == []
    assert [event.text for event in house.happened if isinstance(event, Said)] == ["one", "two"]


def test_two_bots_at_once_are_told_of_their_own_each() -> None:
    house = House()
    alice = house.enter("alice")
    one, two = Bot(house, "one", "lobby"), Bot(house, "two", "lobby")
    house.log.settle()
    alice.lines()
    one.say("lobby", "hi")
    two.say("lobby", "hi")
    house.chat.rename(one.member, "uno", one.notes)
    house.chat.rename(two.member, "due", two.notes)
    # What one says and the other's renaming cannot be.
    house.log.commit(refusing={0: NotKept(why="it is full"), 3: NicknameTaken(nickname="due")})

    assert alice.lines() == ["two: hi", "* one is now uno"]
    assert one.notes.outcomes[1:] == [(Renamed, "lobby", "uno")]
    assert two.notes.outcomes[1:] == [(Said, "lobby", "hi")]
    assert [type(error) for error in one.notes.errors] == [NotKept]
    assert [type(error) for error in two.notes.errors] == [NicknameTaken]
    assert people(house) == {"lobby": ["alice", "uno", "two"]}


def test_two_members_of_one_asker_are_told_apart() -> None:
    house = House()
    one, two = Bot(house, "one", "lobby"), Bot(house, "two", "garden")
    two.notes = one.notes
    house.log.settle()
    house.chat.quit(one.member, "first", one.notes)
    house.chat.leave(two.member, ["garden"], "second", one.notes)
    house.log.settle()

    assert one.notes.outcomes == [(Joined, "lobby", ""), (Quit, "lobby", "first"), (Left, "garden", "second")]
    assert set(house.chat.members) == {"two"}


def test_whoever_has_quit_says_nothing_more() -> None:
    house = House()
    alice, bot = house.enter("alice"), Bot(house, "robot", "lobby")
    house.log.settle()
    alice.lines()
    house.chat.quit(bot.member, "done", bot.notes)
    for _ in range(2):
        with pytest.raises(NotInRoom):
            bot.say("lobby", "one more thing")
        with pytest.raises(RequestPending):
            house.chat.join(bot.member, ["lobby"], bot.notes)
        with pytest.raises(RequestPending):
            house.chat.rename(bot.member, "servant", bot.notes)
        house.chat.quit(bot.member, "again", bot.notes)
        house.log.settle()

    assert alice.lines() == ["* robot left (done)"]
    assert bot.notes.outcomes == [(Joined, "lobby", ""), (Quit, "lobby", "done")]
    assert set(house.chat.members) == {"alice"}


@pytest.mark.parametrize("kept", [True, False])
def test_whoever_quits_in_the_middle_of_another_request_is_told_of_both_where_they_asked(kept: bool) -> None:
    house = House()
    bot, of_quit = Bot(house, "robot", "lobby"), Notes()
    house.log.settle()
    house.chat.join(bot.member, ["garden"], bot.notes)
    house.chat.quit(bot.member, "done", of_quit)
    assert of_quit.outcomes == []
    assert set(house.chat.members) == {"robot"}, "nobody can say yet where they are"
    if kept:
        house.log.commit(1)
    else:
        house.log.fail(1)
    house.log.settle()

    joined = [(Joined, "garden", "")] if kept else []
    assert bot.notes.outcomes == [(Joined, "lobby", ""), *joined]
    assert [type(error) for error in bot.notes.errors] == ([] if kept else [NotKept])
    assert of_quit.outcomes == [(Quit, "garden" if kept else "lobby", "done")]
    assert of_quit.errors == []
    assert not house.chat.members
    assert people(house) == {}


def test_whoever_quits_before_they_have_come_is_gone_at_once() -> None:
    house = House()
    member, notes = Member(), Notes()
    house.chat.quit(member, "never mind", notes)

    assert notes.outcomes == [(Quit, "", "never mind")]
    assert member.standing is Standing.GONE


def test_nobody_comes_in_where_the_chat_is_stopping() -> None:
    house = House()
    bot = Bot(house, "robot", "lobby")
    house.log.settle()
    house.chat.stop(lambda: None)
    for ask in (
        lambda: Bot(house, "other"),
        lambda: house.chat.join(bot.member, ["garden"], bot.notes),
        lambda: house.chat.rename(bot.member, "servant", bot.notes),
        lambda: house.chat.leave(bot.member, ["lobby"], "", bot.notes),
        lambda: bot.say("lobby", "hi"),
    ):
        with pytest.raises(Stopping):
            ask()
    house.chat.set_away(bot.member, "charging", bot.notes)
    house.chat.quit(bot.member, "done", bot.notes)

    assert bot.notes.outcomes == [(Joined, "lobby", ""), (Away, "", "charging"), (Quit, "", "done")]
    assert not house.chat.members


# A member whose session is gone.


def test_a_member_whose_connection_is_gone_is_told_nothing_more_and_says_nothing_more() -> None:
    house = House()
    alice, bob = house.enter("alice"), house.enter("bob")
    member = bob.session.member
    bob.lose()
    written = bob.lines()
    member.tell(Notice("hello?"))
    bob.session.reply(Notice("hello?"))
    alice.type("/msg bob psst")
    with pytest.raises(NotInRoom):
        house.chat.say(member, "lobby", "hi")
    with pytest.raises(PeerError):
        house.chat.join(member, ["garden"])
    house.log.settle()
    house.chat.broadcast("supper")

    assert bob.lines() == []
    assert written == []
    assert member.standing is Standing.GONE
    assert alice.lines()[-3:] == [
        "! Nobody here is called bob. /who lists the people here.",
        "* bob left (connection lost)",
        "* supper",
    ]
    with pytest.raises(NoSuchNickname):
        house.chat.find("bob")


def test_a_member_whose_connection_is_gone_may_be_lost_and_expelled_again() -> None:
    house = House()
    alice, bob = house.enter("alice"), house.enter("bob")
    bob.lose()
    bob.session.lost("again")
    bob.session.quit("again")
    bob.session.expel("alice", "spam")
    bob.session.replace()
    house.log.settle()

    assert alice.lines() == ["* bob joined", "* bob left (connection lost)"]


# A member who comes back while the old connection has not been noticed to be dead.


@pytest.mark.parametrize("line", ["", "/join garden", "/nick al", "said before"])
def test_whoever_comes_back_takes_the_place_of_their_old_connection(line: str) -> None:
    house = House()
    bob = house.enter("bob")
    old = Visitor(house.chat)
    old.session.enter("alice", client=SECRET)
    house.log.settle()
    bob.lines()
    if line:
        old.type(line)
    new = Visitor(house.chat)
    new.session.enter("alice", client=SECRET)
    house.log.settle()

    assert old.closed
    assert new.session.entered
    assert new.session.member.member_id == old.session.member.member_id
    assert house.chat.find("alice") is new.session.member
    assert people(house)["lobby"] == ["bob", "alice"]
    assert len(bob.lines()) == 2 + (line in ("/nick al", "said before"))


def test_a_bot_is_not_replaced_by_another_with_its_id() -> None:
    house = House()
    bot = Bot(house, "robot", "lobby")
    house.log.settle()
    again = Bot(house, "robot", "lobby", member_id=bot.member.member_id)

    assert [type(error) for error in again.notes.errors] == [NicknameTaken]
    assert bot.member.standing is Standing.HERE


def test_a_notice_of_a_bots_is_one_that_no_program_answers() -> None:
    house = House()
    alice, bot = house.enter("alice", format_=JSON), Bot(house, "robot", "lobby")
    house.log.settle()
    house.chat.say(bot.member, "lobby", "beep", Noticed)
    house.log.settle()

    assert type(alice.heard()[-1]) is Noticed
