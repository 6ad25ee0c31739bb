"""``--enforce``: who holds a registered nickname and does not log in is renamed to a guest's name, at every door."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest
from ircroom import IRCRoom, bare
from stepped import House, Visitor
from test_accounts import Bureau

from chatroom.core.enforcement import GRACE_EVERY, TRY_AGAIN
from chatroom.core.session import OWNER_HAS_COME
from chatroom.log.accounts import Account, Terms
from chatroom.model.names import check_nickname
from chatroom.testing import Person

SECRET = "correct horse"
WARNING = (
    "The nickname {} is registered: log in within 30 seconds if it is yours, or choose another. After that you are "
    "given a guest's name."
)
RENAMED = "You did not log in to the account that {} belongs to, so you're called {} now."
TAKEN = "The owner of your nickname has logged in, so you're called {} now."
REGISTERED = "! The nickname {} is registered: log in if it is yours, or choose another."


@pytest.fixture
def room() -> IRCRoom:
    return IRCRoom(replay=0, enforce=30)


def register(room: IRCRoom, nickname: str) -> Person:
    """Somebody who has registered their nickname, with nothing unread."""
    person = room.enter(nickname)
    person.type("/register", SECRET, SECRET)
    assert f"* you are logged in to the account {nickname}" in person.lines()
    return person


def own(room: IRCRoom, nickname: str) -> None:
    """Have a nickname be somebody's who is not here."""
    register(room, nickname).type("/quit")


def guest(person: Person) -> str:
    """What they are called, which is a guest's name that they may have."""
    nickname: str = person.protocol.session.nickname
    assert re.fullmatch("guest-[a-z2-9]{4,12}", nickname)
    check_nickname(nickname)
    return nickname


# The ways to a registered nickname.


def test_who_does_not_log_in_is_renamed_in_time_before_everybody(room: IRCRoom) -> None:
    own(room, "alice")
    bob, stranger = room.enter("bob"), room.connect()
    stranger.type("Alice")
    shown = stranger.lines()
    assert shown[1].startswith("* welcome to lobby, Alice.")
    assert shown[-1] == f"* {WARNING.format('Alice')}"
    room.advance(29)
    assert stranger.lines() == []
    room.advance(1)
    name = guest(stranger)
    assert stranger.lines() == [f"* Alice is now {name}", f"* {RENAMED.format('Alice', name)}"]
    assert bob.lines() == ["* Alice joined", f"* Alice is now {name}"]
    stranger.type("still here")
    assert bob.lines() == [f"{name}: still here"]


def test_who_logs_in_in_time_keeps_it(room: IRCRoom) -> None:
    own(room, "alice")
    alice = room.connect()
    alice.type("alice", "/login", SECRET)
    room.advance(60)
    assert alice.protocol.session.nickname == "alice"
    assert alice.lines()[-1] == "* you are logged in to the account alice"


def test_a_rename_leads_to_the_same_and_another_nickname_to_the_end_of_it(room: IRCRoom) -> None:
    own(room, "alice")
    bob, carol = room.enter("bob"), room.enter("carol")
    bob.type("/nick AIice")
    assert bob.lines()[1:] == ["* bob is now AIice", f"* {WARNING.format('AIice')}"]
    bob.type("/nick bob")
    room.advance(60)
    assert bob.protocol.session.nickname == "bob"
    assert carol.lines() == ["* bob is now AIice", "* AIice is now bob"]


def test_who_logs_out_is_told_as_well(room: IRCRoom) -> None:
    alice = register(room, "alice")
    alice.type("/logout")
    assert alice.lines() == ["* you are logged out", f"* {WARNING.format('alice')}"]
    room.advance(30)
    name = guest(alice)
    assert alice.lines() == [f"* alice is now {name}", f"* {RENAMED.format('alice', name)}"]


def test_the_holder_of_a_nickname_that_is_registered_by_another_from_then_on_is_told(room: IRCRoom) -> None:
    bob = room.enter("AIice")
    store = room.chat.log.accounts  # type: ignore[attr-defined]
    # As when the password is kept elsewhere: the account has its nickname from the first login on.
    store.add(Account("alice", "", time.time(), time.time()), lambda: None, pytest.fail, terms=Terms(0.0, 10, 5))
    room.chat.enforcement.look_at_holders("alice")
    assert bob.lines() == [f"* {WARNING.format('AIice')}"]
    room.advance(30)
    guest(bob)


def test_a_nickname_that_its_owner_gives_up_meanwhile_stays(room: IRCRoom) -> None:
    own(room, "alice")
    stranger, owner = room.enter("alice"), room.enter("owner")
    stranger.lines()
    owner.type("/login alice", SECRET, "/unregister", SECRET)
    assert owner.lines()[-1] == "* The account alice is gone, and anybody may have its nicknames."
    room.advance(60)
    assert stranger.protocol.session.nickname == "alice"
    assert stranger.lines() == []


def test_without_enforcement_it_is_refused_at_once() -> None:
    room = IRCRoom(replay=0)
    own(room, "alice")
    bob, stranger = room.enter("bob"), room.connect()
    bob.type("/nick alice")
    assert bob.lines() == [REGISTERED.format("alice")]
    stranger.type("alice")
    assert stranger.lines()[1] == REGISTERED.format("alice")


# Every door.


def test_an_irc_client_gets_nick_in_rooms_and_in_none(room: IRCRoom) -> None:
    own(room, "alice")
    own(room, "carol")
    bob = room.irc("bob", rooms="#lobby")
    alice, carol = room.knock("NICK alice", "USER alice 0 * :Alice"), room.irc("dave", rooms="#lobby")
    assert bare(alice.lines())[-1] == f"NOTICE alice :{WARNING.format('alice')}"
    bob.lines()
    carol.type("NICK carol")
    assert bare(carol.lines())[-2:] == ["dave NICK carol", f"NOTICE carol :{WARNING.format('carol')}"]
    room.advance(30)
    first, second = guest(alice), guest(carol)
    assert bare(alice.lines()) == [f"alice NICK {first}", f"NOTICE {first} :{RENAMED.format('alice', first)}"]
    assert bare(carol.lines()) == [f"carol NICK {second}", f"NOTICE {second} :{RENAMED.format('carol', second)}"]
    assert bare(bob.lines()) == ["dave NICK carol", f"carol NICK {second}"]
    alice.type(f"PRIVMSG {first} :am I that?")
    assert bare(alice.lines()) == [f"{first} PRIVMSG {first} :am I that?"]


def test_a_program_is_shown_the_rename_and_why(room: IRCRoom) -> None:
    own(room, "alice")
    robot = room.enter("alice", "format=json input=json")
    room.advance(30)
    name = guest(robot)
    renamed, notice = robot.lines()
    assert f'"kind":"renamed","room":"lobby","nick":"alice","text":"{name}"' in renamed
    assert RENAMED.format("alice", name) in notice


def test_somebody_in_no_room_is_told_what_they_are_called(room: IRCRoom) -> None:
    own(room, "alice")
    stranger = room.enter("alice")
    stranger.type("/leave")
    stranger.lines()
    room.advance(30)
    name = guest(stranger)
    assert stranger.lines() == [f"* you are now called {name}", f"* {RENAMED.format('alice', name)}"]


# The owner comes.


@pytest.mark.parametrize("way", ["handshake", "rename", "irc"])
def test_the_owner_takes_it_at_once_and_the_holder_stays_as_a_guest(room: IRCRoom, way: str) -> None:
    own(room, "alice")
    stranger = room.enter("alice")
    bob = room.enter("bob")
    stranger.lines()
    if way == "handshake":
        owner = room.connect()
        owner.type("alice format=json account=alice", SECRET)
    elif way == "rename":
        owner = room.enter("owner")
        owner.type("/login alice", SECRET, "/nick alice")
    else:
        owner = room.irc("owner")
        owner.protocol.session.member.account = "alice"
        owner.type("NICK alice")
    owner.lines()
    assert owner.protocol.session.nickname == "alice"
    name = guest(stranger)
    assert not stranger.closed
    shown = stranger.lines()
    assert f"* alice is now {name}" in shown
    assert f"* {TAKEN.format(name)}" in shown
    assert f"* alice is now {name}" in bob.lines()
    room.advance(60)
    assert stranger.protocol.session.nickname == name


def test_an_irc_client_that_has_logged_in_takes_it_as_it_registers(room: IRCRoom) -> None:
    own(room, "alice")
    stranger = room.enter("alice")
    owner = room.knock()
    owner.protocol.session.member.account = "alice"
    owner.type("NICK alice", "USER alice 0 * :Alice")
    owner.lines()
    assert owner.protocol.session.nickname == "alice"
    assert owner.protocol.session.entered
    guest(stranger)


# Squatters.


def test_who_leaves_and_comes_back_is_refused_until_some_time_has_passed(room: IRCRoom) -> None:
    own(room, "alice")
    room.enter("alice").type("/quit")
    again, other, elsewhere = room.connect(), room.enter("other"), room.connect(address="203.0.113.5")
    again.type("alice")
    assert again.lines()[1] == REGISTERED.format("alice")
    other.type("/nick alice")
    assert other.lines()[-1] == REGISTERED.format("alice")
    elsewhere.type("alice")
    elsewhere.lines()
    assert elsewhere.protocol.session.nickname == "alice"
    elsewhere.type("/quit")
    room.advance(GRACE_EVERY)
    other.type("/nick alice")
    assert "* other is now alice" in other.lines()


def test_another_registered_nickname_does_not_begin_the_time_anew(room: IRCRoom) -> None:
    own(room, "alice")
    own(room, "carol")
    stranger = room.enter("alice")
    room.advance(20)
    stranger.type("/nick carol")
    room.advance(10)
    guest(stranger)


def test_who_goes_leaves_no_deadline_behind(room: IRCRoom) -> None:
    own(room, "alice")
    room.enter("alice").type("/quit")
    nobody = room.connect(address="203.0.113.5")
    nobody.type("alice", "/quit")
    owner = room.connect()
    owner.type("alice", SECRET)
    room.advance(60)
    assert owner.protocol.session.nickname == "alice"


# In steps.


class Office(Bureau):
    """Accounts with enforcement, whose timers a test runs."""

    def __init__(self) -> None:
        super().__init__(enforce=30)
        self.house = House(accounts=self.accounts, enforce=30)
        self.register(self.member("alice"))
        self.squatter = Visitor(self.house.chat)
        self.squatter.session.enter("alice")
        self.house.log.settle()
        assert self.squatter.lines()[-1] == f"* {WARNING.format('alice')}"

    def run_timer(self) -> float:
        """Let the first timer run; how many seconds it took."""
        seconds, call = self.later.pop(0)
        call()
        return seconds


def test_a_rename_that_cannot_be_kept_is_tried_again() -> None:
    office = Office()
    assert office.run_timer() == 30
    office.house.log.fail()
    assert office.squatter.session.nickname == "alice"
    assert office.run_timer() == TRY_AGAIN
    office.house.log.settle()
    assert office.squatter.session.nickname.startswith("guest-")
    assert not office.later


@pytest.mark.parametrize("outcome", [lambda office: office.house.log.commit(), lambda office: office.house.log.fail()])
def test_a_request_that_is_on_its_way_is_answered_first(outcome: Callable[[Office], None]) -> None:
    office = Office()
    office.squatter.type("/join garden")
    office.run_timer()
    outcome(office)
    office.house.log.settle()
    assert office.squatter.session.nickname.startswith("guest-")
    office.squatter.type("/who")
    assert office.squatter.lines()[-1].endswith(office.squatter.session.nickname)


def test_lines_that_are_typed_while_one_is_renamed_are_done_behind_it() -> None:
    office = Office()
    office.run_timer()
    office.squatter.type("who am I?", "/join garden", "hello")
    office.house.log.settle()
    shown = office.squatter.lines()
    name = office.squatter.session.nickname
    assert f"{name}: who am I?" in shown
    assert shown[-1] == f"{name}: hello"
    assert not [line for line in shown if line.startswith("!")]


def test_lines_of_an_irc_client_wait_for_it_as_well() -> None:
    room = IRCRoom(replay=0, enforce=30)
    own(room, "alice")
    stranger = room.knock("NICK alice", "USER alice 0 * :Alice", "JOIN #lobby")
    stranger.lines()
    room.clock.advance(30)
    stranger.type("JOIN #garden,#kitchen", "PART #lobby", "AWAY :lunch", "NICK bob")
    shown = bare(stranger.lines())
    name = shown[0].removeprefix("alice NICK ")
    asked = [f"{name} JOIN #garden", f"{name} JOIN #kitchen", f"{name} PART #lobby", f"{name} NICK bob"]
    assert [line for line in shown if line in asked] == asked


def test_where_the_rename_cannot_be_kept_the_owner_takes_it_and_the_holder_goes() -> None:
    office = Office()
    owner = Visitor(office.house.chat)
    owner.session.enter("alice", account="alice")
    owner.session.take_password(SECRET)
    office.doorman.answer()
    office.house.log.fail()
    assert f"* {OWNER_HAS_COME}" in office.squatter.lines()
    office.house.log.settle()
    assert office.squatter.closed
    assert owner.session.entered
    assert owner.session.nickname == "alice"


def test_a_squatter_who_goes_before_they_are_renamed_makes_way_for_the_owner() -> None:
    office = Office()
    owner = Visitor(office.house.chat)
    owner.session.enter("alice", account="alice")
    owner.session.take_password(SECRET)
    office.doorman.answer()
    office.squatter.lose()
    office.house.log.settle()
    assert owner.session.entered
    assert owner.session.nickname == "alice"
