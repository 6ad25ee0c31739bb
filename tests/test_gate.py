"""The gate of a closed server: what it takes, what it remembers, and when an invitation counts as used."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from twisted.internet.task import Clock

from chatroom.core.accounts import COMING_BACK, Origin
from chatroom.core.chat import Chat
from chatroom.core.delivery import Delivery
from chatroom.core.gate import Gate
from chatroom.core.members import Member, Standing
from chatroom.core.session import Session
from chatroom.log.invitations import Invitation, Invitations
from chatroom.log.memory import MemoryLog
from chatroom.log.tables import TablesAtOnce, in_memory
from chatroom.model.codes import code_of, digest_of, new_code
from chatroom.model.errors import ChatError, InvitationRefused, ServerClosed, WrongPassword
from chatroom.model.passwords import Secret
from chatroom.model.settings import Settings
from chatroom.testing import MemoryRoom


class Post:
    """A gate, the invitations that it knows, and newcomers before it."""

    def __init__(self, password: str = "", **settings: bool | str) -> None:
        self.now = 1000.0
        self.password = password
        self.invitations = Invitations(TablesAtOnce(in_memory))
        options = Settings(**{"members_only": True, **settings})  # type: ignore[arg-type]
        self.gate = Gate(options, now=lambda: self.now, password=lambda: self.password, invitations=self.invitations)
        self.room = MemoryRoom()

    def newcomer(self, client: str = "") -> Member:
        session: Session = self.room.connect().protocol.session
        member = session.member
        if client:
            member.member_id, member.lasting = client, True
        return member

    def code(self, uses: int = 1) -> Secret:
        code = new_code()
        invitation = Invitation(0, "", uses, 0, self.now + 60, self.now, "")
        self.invitations.add(digest_of(code_of(code)), invitation, lambda one: None, self.fail)
        return code

    def used(self) -> list[int]:
        found: list[int] = []
        self.invitations.all(lambda all_: found.extend(one.used for one in all_), self.fail)
        return found

    def offer(self, member: Member, given: str, now: float = 0.0, host: str = "192.0.2.1") -> ChatError | None:
        """What is said against it; None for nothing."""
        answers: list[ChatError | None] = []
        origin = Origin(host, now)
        self.gate.offer(member, Secret(given), lambda: answers.append(None), answers.append, origin=origin)
        (answer,) = answers
        return answer

    def enter(self, member: Member) -> ChatError | None:
        answers: list[ChatError | None] = []
        self.gate.enter(member, lambda: answers.append(None), answers.append)
        (answer,) = answers
        return answer

    @staticmethod
    def fail(error: ChatError) -> None:
        raise error


def test_an_open_server_lets_in_everybody() -> None:
    post = Post(members_only=False)
    post.gate.check(post.newcomer())
    assert not post.gate.closed


def test_a_closed_one_lets_in_members_and_programs_in_its_own_process_and_nobody_else() -> None:
    post = Post()
    stranger, member = post.newcomer(), post.newcomer()
    member.account = "alice"
    with pytest.raises(ServerClosed):
        post.gate.check(stranger)
    for one in (member, Member()):
        post.gate.check(one)


def test_a_use_counts_once_they_have_a_nickname_and_is_given_back_if_they_go_before_they_are_in() -> None:
    post = Post()
    alice = post.newcomer()
    assert post.offer(alice, post.code()) is None
    assert post.used() == [0]
    assert post.enter(alice) is None
    assert post.used() == [1]
    # The nickname could not be kept, and is claimed once more.
    assert post.enter(alice) is None
    assert post.used() == [1]
    post.gate.gone(alice)
    assert post.used() == [0]


def test_a_use_stays_counted_once_they_are_in() -> None:
    post = Post()
    alice = post.newcomer()
    post.offer(alice, post.code())
    post.enter(alice)
    post.gate.came_in(alice)
    post.gate.gone(alice)
    assert post.used() == [1]


def test_of_two_with_the_last_use_one_is_let_in_and_the_other_is_a_stranger_again() -> None:
    post = Post()
    code, first, second = post.code(), post.newcomer(), post.newcomer()
    assert [post.offer(one, code) for one in (first, second)] == [None, None]
    assert post.enter(first) is None
    assert isinstance(post.enter(second), InvitationRefused)
    assert not post.gate.lets_in(second)


def test_an_invitation_for_several_lets_in_so_many() -> None:
    post = Post()
    code = post.code(uses=2)
    for _ in range(2):
        member = post.newcomer()
        assert post.offer(member, code) is None
        assert post.enter(member) is None
    assert isinstance(post.offer(post.newcomer(), code), InvitationRefused)


def test_who_comes_back_by_a_dead_connection_s_place_does_not_give_the_use_back() -> None:
    post = Post()
    ghost, back = post.newcomer("id"), post.newcomer("id")
    post.offer(ghost, post.code())
    post.enter(ghost)
    post.gate.come_back(back, ghost, 0.0)
    assert post.gate.lets_in(back)
    post.gate.gone(back)
    assert post.used() == [1]


def test_who_has_been_in_is_let_in_for_a_day() -> None:
    post = Post()
    alice = post.newcomer("id")
    post.offer(alice, post.code())
    post.enter(alice)
    post.gate.came_in(alice)
    post.gate.gone(alice)
    for later, lets_in in ((COMING_BACK, True), (2 * COMING_BACK + 1, False)):
        back = post.newcomer("id")
        post.gate.come_back(back, None, later)
        assert post.gate.lets_in(back) is lets_in
        if lets_in:
            # By the clock of the member's own connection, which stands at 0.
            post.gate.gone(back)


def test_a_password_lets_in_for_as_long_as_it_is_that() -> None:
    post = Post("open sesame")
    alice = post.newcomer()
    assert isinstance(post.offer(alice, "open sesame!"), WrongPassword)
    assert post.offer(alice, "open sesame") is None
    assert post.gate.lets_in(alice)
    post.password = "another one"
    assert not post.gate.lets_in(alice)


def test_an_empty_password_is_none() -> None:
    post = Post(members_only=False, password="a-file")
    assert isinstance(post.offer(post.newcomer(), ""), WrongPassword)


def test_an_answer_that_comes_too_late_leaves_nothing_behind() -> None:
    post = Post()
    alice = post.newcomer()
    alice.standing = Standing.GONE
    post.offer(alice, post.code())
    assert not post.gate.has_let_in(alice)


def test_guesses_from_one_address_have_to_wait_and_those_from_others_do_not() -> None:
    post = Post("open sesame")
    for _ in range(11):
        assert isinstance(post.offer(post.newcomer(), "no idea"), WrongPassword)
    refused = post.offer(post.newcomer(), "open sesame")
    assert str(refused).startswith("Too many wrong passwords: wait ")
    assert post.offer(post.newcomer(), "open sesame", host="192.0.2.2") is None
    assert post.offer(post.newcomer(), "open sesame", now=120.0) is None


def test_codes_that_are_guessed_count_as_wrong_passwords() -> None:
    post = Post()
    answers = [post.offer(post.newcomer(), new_code()) for _ in range(12)]
    assert isinstance(answers[0], InvitationRefused)
    assert str(answers[-1]).startswith("Too many wrong passwords: wait ")


class LateTables(TablesAtOnce):
    """Tables whose answers come when a test says so."""

    def __init__(self) -> None:
        super().__init__(in_memory)
        self.waiting: list[Callable[[], None]] = []

    def ask(self, *what: Any) -> None:
        self.waiting.append(partial(super().ask, *what))

    def change(self, *what: Any) -> None:
        self.waiting.append(partial(super().change, *what))

    def answer(self) -> None:
        """Answer the question, or make the change, that waits."""
        (work,) = self.waiting
        self.waiting.clear()
        work()


def test_who_goes_while_their_invitation_is_counted_holds_no_nickname_and_has_used_nothing_up() -> None:
    tables, clock = LateTables(), Clock()
    invitations = Invitations(tables)
    log = MemoryLog(lambda call: clock.callLater(0, call), lambda: 0.0)
    settings = Settings(members_only=True, replay=0, clear_passwords="0.0.0.0/0")
    gate = Gate(settings, now=lambda: 0.0, invitations=invitations)
    room = MemoryRoom(chat=Chat(log, Delivery(), now=lambda: 0.0, settings=settings, gate=gate))
    code = new_code()
    kept: list[Invitation] = []
    invitations.add(digest_of(code_of(code)), Invitation(0, "", 1, 0, 60.0, 0.0, ""), kept.append, Post.fail)
    tables.answer()
    alice = room.connect()
    alice.type(f"alice invite={code}")
    assert alice.lines() == ["NICK"]
    tables.answer()
    # The nickname is granted, and the use is about to be counted.
    alice.drop()
    room.settle()
    tables.answer()
    assert not room.chat.members
    # It is given back.
    tables.answer()
    invitations.find(digest_of(code_of(code)), 0.0, kept.append, Post.fail)
    tables.answer()
    assert [one.used for one in kept] == [0, 0]
