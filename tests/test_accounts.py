"""Accounts in the core: who is logged in, whose nicknames are whose, how often one may guess. No Twisted, no argon2."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from stepped import House, Visitor

from chatroom.core.accounts import MAX_DELAYED, MAX_REGISTRATIONS, WRONG, Accounts, Guess, Login, Origin
from chatroom.core.members import Member, Standing
from chatroom.log.accounts import Account
from chatroom.log.interface import NoAnswer
from chatroom.log.memory_accounts import MemoryAccounts
from chatroom.model.errors import (
    ChatError,
    LoginsBusy,
    NicknameRegistered,
    NoAccounts,
    NotLoggedIn,
    PasswordElsewhere,
    PasswordRefused,
    RegistrationClosed,
    TooManyAccounts,
    WrongPassword,
)
from chatroom.model.passwords import Secret
from chatroom.model.settings import Settings

RIGHT = Secret("correct horse")
HOME, ELSEWHERE = "203.0.113.1", "203.0.113.2"
DAY = 24 * 60 * 60.0


class Doorman:
    """An authority that answers when a test says so. A hash is the password with a mark."""

    def __init__(self, store: MemoryAccounts) -> None:
        self.store = store
        self.registers = True
        self.elsewhere = {"ops@example.org": "a password", "carol": "a password"}
        """Passwords that the store does not keep."""
        self.guesses: list[Guess] = []
        self.waiting: list[Callable[[], None]] = []
        self.ended: list[str] = []
        self.busy = False

    def check(self, guess: Guess, right: Callable[[Login], None], wrong: NoAnswer) -> None:
        self.guesses.append(guess)
        self.waiting.append(lambda: self._check(guess, right, wrong))

    def _check(self, guess: Guess, right: Callable[[Login], None], wrong: NoAnswer) -> None:
        def found(account: Account | None) -> None:
            known = account is not None and account.password == f"hash of {guess.password}"
            if self.busy:
                wrong(LoginsBusy())
            elif known or self.elsewhere.get(guess.name) == guess.password:
                right(Login(guess.name, lambda: self.ended.append(guess.name)))
            else:
                wrong(WrongPassword(why=WRONG))

        self.store.find(guess.name, found, wrong)

    def hash(self, password: Secret, answer: Callable[[str], None], failed: NoAnswer) -> None:
        self.waiting.append(lambda: answer(f"hash of {password}"))

    def answer(self) -> None:
        while self.waiting:
            self.waiting.pop(0)()


class Bureau:
    """The accounts of a house, and what comes of requests about them."""

    def __init__(self, **settings: Any) -> None:
        self.store = MemoryAccounts()
        self.doorman = Doorman(self.store)
        self.at = 1000 * DAY
        """The time on the wall."""
        self.now = 0.0
        """The time that only goes forward."""
        self.later: list[tuple[float, Callable[[], None]]] = []
        self.accounts = Accounts(
            Settings(**settings),
            now=lambda: self.at,
            store=self.store,
            authority=self.doorman,
            later=lambda seconds, call: self.later.append((seconds, call)),
        )
        self.errors: list[ChatError] = []
        self.done = 0

    def origin(self, host: str = HOME) -> Origin:
        return Origin(host, self.now)

    def member(self, nickname: str) -> Member:
        """Somebody who is here."""
        member = Member()
        member.take_nickname(nickname)
        member.standing = Standing.HERE
        return member

    def note(self, *_: object) -> None:
        self.done += 1

    def outcome(self) -> ChatError | None:
        """What came of the last request, which has come: an error, or None."""
        self.doorman.answer()
        assert self.done + len(self.errors) == 1, "one outcome"
        self.done = 0
        return self.errors.pop() if self.errors else None

    def register(self, member: Member, password: str = RIGHT, host: str = HOME) -> ChatError | None:
        self.accounts.register(member, password, self.note, self.errors.append, origin=self.origin(host))
        return self.outcome()

    def log_in(self, member: Member, name: str, password: str = RIGHT, host: str = HOME) -> ChatError | None:
        self.begin_login(member, name, password, host)
        return self.outcome()

    def begin_login(self, member: Member, name: str, password: str = RIGHT, host: str = HOME) -> None:
        origin = self.origin(host)
        self.accounts.log_in(member, name, Secret(password), self.note, self.errors.append, origin=origin)

    def may_have(self, member: Member, nickname: str) -> tuple[type[ChatError] | None, bool]:
        """Why ``member`` may not be called that; and whether it is their own."""
        answers: list[tuple[type[ChatError] | None, bool]] = []
        self.accounts.claim(
            member, nickname, lambda error, own: answers.append((None if error is None else type(error), own))
        )
        (answer,) = answers
        return answer


@pytest.fixture
def bureau() -> Bureau:
    return Bureau()


# Registering.


def test_who_registers_is_logged_in_and_the_nickname_is_theirs(bureau: Bureau) -> None:
    alice, bob = bureau.member("Alice"), bureau.member("bob")
    assert bureau.may_have(bob, "alice") == (None, False)
    assert bureau.register(alice) is None

    assert alice.account == "Alice"
    assert list(bureau.accounts.logged_in("Alice")) == [alice]
    assert bureau.may_have(alice, "alice") == (None, True)
    for like in ("Alice", "alice", "\uff21lice", "AIice"):
        assert bureau.may_have(bob, like) == (NicknameRegistered, False)
    # One that only looks like it is not theirs until they register it.
    assert bureau.may_have(alice, "AIice") == (None, False)


def test_a_password_that_will_not_do_makes_no_account(bureau: Bureau) -> None:
    alice = bureau.member("alice")

    assert isinstance(bureau.register(alice, "short"), PasswordRefused)
    assert not alice.account
    assert not bureau.doorman.waiting
    assert bureau.may_have(bureau.member("bob"), "alice") == (None, False)


def test_nobody_registers_what_is_registered(bureau: Bureau) -> None:
    alice, again = bureau.member("alice"), bureau.member("alice")
    assert bureau.register(alice) is None

    assert isinstance(bureau.register(again, "another horse"), NicknameRegistered)
    assert not again.account
    assert bureau.log_in(again, "alice") is None


@pytest.mark.parametrize("change", [lambda member: member.take_nickname("al"), None])
def test_nothing_is_registered_for_who_has_left_or_is_called_something_else_by_then(
    bureau: Bureau, change: Callable[[Member], None] | None
) -> None:
    alice = bureau.member("alice")
    bureau.accounts.register(alice, RIGHT, bureau.note, bureau.errors.append, origin=bureau.origin())
    if change is None:
        alice.standing = Standing.GONE
    else:
        change(alice)

    assert isinstance(bureau.outcome(), NicknameRegistered)
    assert bureau.may_have(bureau.member("bob"), "alice") == (None, False)


def test_the_accounts_from_one_address_are_counted(bureau: Bureau) -> None:
    for number in range(MAX_REGISTRATIONS):
        assert bureau.register(bureau.member(f"guest{number}")) is None
    refusal = bureau.register(bureau.member("alice"))
    assert isinstance(refusal, TooManyAccounts)
    assert str(refusal) == "Too many accounts were made from your address: wait a second, then try again."
    assert bureau.register(bureau.member("bob"), host=ELSEWHERE) is None
    bureau.now = 1.0
    assert bureau.register(bureau.member("alice")) is None
    assert isinstance(bureau.register(bureau.member("carol")), TooManyAccounts)


def test_nobody_registers_where_that_is_closed_or_passwords_are_kept_elsewhere() -> None:
    assert isinstance(Bureau(registration="closed").register(Member()), RegistrationClosed)
    bureau = Bureau()
    bureau.doorman.registers = False
    assert isinstance(bureau.register(bureau.member("alice")), RegistrationClosed)
    with pytest.raises(NoAccounts, match="There are no accounts here: nobody has set them up"):
        Accounts(Settings(), now=lambda: 0.0).check_registration(Member())


# Logging in.


def test_who_knows_the_password_is_logged_in_by_any_nickname_of_the_account(bureau: Bureau) -> None:
    alice = bureau.member("alice")
    assert bureau.register(alice) is None
    alice.take_nickname("al")
    bureau.accounts.add_nickname(alice, bureau.note, bureau.errors.append)
    assert bureau.outcome() is None
    for name in ("alice", "ALICE", "al", "Al"):
        somebody = bureau.member("somebody")
        assert bureau.log_in(somebody, name) is None
        assert somebody.account == "alice"
    assert len(list(bureau.accounts.logged_in("alice"))) == 5


def test_a_wrong_password_and_no_account_are_answered_alike_and_both_are_looked_at(bureau: Bureau) -> None:
    bureau.register(bureau.member("alice"))
    somebody = bureau.member("somebody")
    refusals = [
        bureau.log_in(somebody, name, password)
        for name, password in (("alice", "wrong horse"), ("nobody", "wrong horse"), ("no name at all", "\x07"))
    ]

    assert {str(refusal) for refusal in refusals} == {f"{WRONG}."}
    assert len(bureau.doorman.guesses) == 3
    assert not somebody.account


def test_who_logs_out_or_goes_is_logged_in_no_more_and_the_portal_is_told(bureau: Bureau) -> None:
    bureau.register(bureau.member("alice"))
    for leave in (bureau.accounts.log_out, bureau.accounts.gone):
        somebody = bureau.member("somebody")
        assert bureau.log_in(somebody, "alice") is None
        leave(somebody)
        leave(somebody)
        assert somebody not in bureau.accounts.logged_in("alice")
        assert bureau.doorman.ended.pop() == "alice"
        assert not bureau.doorman.ended


def test_who_has_left_before_the_answer_comes_is_not_logged_in(bureau: Bureau) -> None:
    bureau.register(bureau.member("alice"))
    somebody = bureau.member("somebody")
    bureau.begin_login(somebody, "alice")
    somebody.standing = Standing.GONE
    bureau.doorman.answer()

    assert not somebody.account
    assert bureau.doorman.ended == ["alice"]


def test_an_account_whose_password_is_kept_elsewhere_has_its_nickname_from_its_first_login_on(bureau: Bureau) -> None:
    carol, ops = bureau.member("carol"), bureau.member("ops")
    assert bureau.log_in(carol, "carol", "a password") is None
    assert bureau.log_in(ops, "ops@example.org", "a password") is None

    assert (carol.account, ops.account) == ("carol", "ops@example.org")
    assert bureau.may_have(bureau.member("bob"), "carol") == (NicknameRegistered, False)
    assert bureau.may_have(carol, "carol") == (None, True)
    bureau.accounts.change_password(
        carol, Secret("a password"), Secret("another one"), bureau.note, bureau.errors.append, origin=bureau.origin()
    )
    assert isinstance(bureau.outcome(), PasswordElsewhere)


# Guesses.


def test_who_guesses_waits_longer_and_longer_and_the_owner_elsewhere_does_not(bureau: Bureau) -> None:
    bureau.register(bureau.member("alice"))
    somebody = bureau.member("somebody")
    for _ in range(3):
        refusal = bureau.log_in(somebody, "alice", "wrong horse")
        assert str(refusal) == f"{WRONG}."
    waits = []
    for pause in (1.0, 2.0, 4.0):
        refusal = bureau.log_in(somebody, "alice")
        assert isinstance(refusal, WrongPassword)
        waits.append(str(refusal))
        assert not somebody.account
        bureau.now += pause
        assert str(bureau.log_in(somebody, "alice", "wrong horse")) == f"{WRONG}."
    assert waits == [
        f"Too many wrong passwords: wait {wait}, then try again." for wait in ("a second", "2 seconds", "4 seconds")
    ]

    # Even in the same moment.
    assert bureau.log_in(bureau.member("alice"), "alice", host=ELSEWHERE) is None


def test_a_thousand_guesses_at_once_are_no_way_around_the_pauses(bureau: Bureau) -> None:
    bureau.register(bureau.member("alice"))
    for _ in range(1000):
        bureau.begin_login(bureau.member("somebody"), "alice", "wrong horse")

    assert len(bureau.doorman.guesses) == 3
    assert len(bureau.errors) == 997


def test_who_guesses_for_one_account_after_the_other_waits_as_well(bureau: Bureau) -> None:
    for number in range(1000):
        bureau.begin_login(bureau.member("somebody"), f"alice{number}", "wrong horse")
    bureau.doorman.answer()

    assert len(bureau.doorman.guesses) == 10
    assert [guess.rank for guess in bureau.doorman.guesses] == list(range(10))


def test_addresses_of_one_site_count_as_one(bureau: Bureau) -> None:
    for number in range(100):
        bureau.begin_login(bureau.member("somebody"), "alice", "wrong horse", f"2001:db8::{number:x}")

    assert len(bureau.doorman.guesses) == 3


def test_right_passwords_are_no_guesses(bureau: Bureau) -> None:
    bureau.register(bureau.member("alice"))
    somebody = bureau.member("somebody")
    for _ in range(100):
        assert bureau.log_in(somebody, "alice") is None
    for _ in range(2):
        assert bureau.log_in(somebody, "alice", "wrong horse") is not None
    assert bureau.log_in(somebody, "alice") is None
    for _ in range(3):
        assert str(bureau.log_in(somebody, "alice", "wrong horse")) == f"{WRONG}."


def test_an_address_that_has_logged_in_before_goes_first(bureau: Bureau) -> None:
    bureau.register(bureau.member("alice"))
    for host in (HOME, HOME, ELSEWHERE):
        assert bureau.log_in(bureau.member("somebody"), "alice", host=host) is None

    assert [guess.rank for guess in bureau.doorman.guesses] == [0, -1, 0]


def test_what_nobody_has_looked_at_is_no_guess(bureau: Bureau) -> None:
    bureau.register(bureau.member("alice"))
    bureau.doorman.busy = True
    for _ in range(100):
        assert isinstance(bureau.log_in(bureau.member("somebody"), "alice", "wrong horse"), LoginsBusy)
    bureau.doorman.busy = False

    assert bureau.log_in(bureau.member("somebody"), "alice") is None


def test_where_many_addresses_guess_for_an_account_a_new_one_waits_a_little_and_a_known_one_does_not(
    bureau: Bureau,
) -> None:
    bureau.register(bureau.member("alice"))
    assert bureau.log_in(bureau.member("alice"), "alice", host=HOME) is None
    for number in range(40):
        bureau.begin_login(bureau.member("somebody"), "alice", "wrong horse", f"198.51.100.{number}")
    bureau.doorman.answer()
    bureau.errors.clear()
    guessed = len(bureau.doorman.guesses)
    assert guessed < 30
    assert bureau.log_in(bureau.member("alice"), "alice", host=HOME) is None

    # At an address that the account does not know, the owner is answered, a few seconds later.
    alice = bureau.member("alice")
    bureau.begin_login(alice, "alice", host=ELSEWHERE)
    bureau.doorman.answer()
    assert bureau.done == 0
    seconds, call = bureau.later[-1]
    assert 0 < seconds <= 5
    call()
    assert bureau.outcome() is None
    assert alice.account == "alice"


def test_no_more_logins_are_kept_waiting_than_may_be(bureau: Bureau) -> None:
    for number in range(MAX_DELAYED + 200):
        bureau.begin_login(bureau.member("somebody"), "alice", "wrong", f"10.{number // 250}.{number % 250}.1")
    bureau.doorman.answer()

    assert len(bureau.later) == MAX_DELAYED
    assert any(isinstance(error, LoginsBusy) for error in bureau.errors)


# Nicknames over time.


def test_a_nickname_that_nobody_has_used_for_long_is_free_and_one_that_is_used_is_not() -> None:
    bureau = Bureau(keep_nicknames=30)
    alice, bob, carol = bureau.member("alice"), bureau.member("bob"), bureau.member("carol")
    assert bureau.register(alice) is None
    assert bureau.register(bob) is None
    bureau.at += 20 * DAY
    bureau.accounts.used(alice)
    bureau.at += 20 * DAY

    assert bureau.may_have(carol, "alice") == (NicknameRegistered, False)
    assert bureau.may_have(carol, "bob") == (None, False)
    # Free for others, and still the owner's until somebody else registers it.
    assert bureau.log_in(bureau.member("somebody"), "bob") is None
    carol.take_nickname("bob")
    assert isinstance(bureau.register(carol), NicknameRegistered)


def test_a_nickname_that_lapsed_may_be_registered_anew() -> None:
    bureau = Bureau(keep_nicknames=30)
    alice, again = bureau.member("alice"), bureau.member("Alice")
    assert bureau.register(alice) is None
    bureau.accounts.log_out(alice)
    bureau.at += 31 * DAY
    assert bureau.register(again, "another horse") is None

    assert again.account == "Alice"
    assert isinstance(bureau.log_in(alice, "alice"), WrongPassword)
    assert bureau.log_in(alice, "alice", "another horse") is None


def test_nicknames_are_kept_for_ever_where_it_is_set_so() -> None:
    bureau = Bureau(keep_nicknames=0)
    assert bureau.register(bureau.member("alice")) is None
    bureau.at += 100 * 365 * DAY

    assert bureau.may_have(bureau.member("bob"), "alice") == (NicknameRegistered, False)


# Changes.


def test_the_owner_has_another_password_once_they_have_given_the_old_one(bureau: Bureau) -> None:
    alice = bureau.member("alice")
    assert bureau.register(alice) is None

    def change(old: str, new: str) -> ChatError | None:
        bureau.accounts.change_password(
            alice, Secret(old), Secret(new), bureau.note, bureau.errors.append, origin=bureau.origin()
        )
        return bureau.outcome()

    assert isinstance(change("wrong horse", "another horse"), WrongPassword)
    assert isinstance(change(RIGHT, "short"), PasswordRefused)
    assert bureau.log_in(alice, "alice") is None
    assert change(RIGHT, "another horse") is None
    assert isinstance(bureau.log_in(bureau.member("somebody"), "alice"), WrongPassword)
    assert bureau.log_in(bureau.member("somebody"), "alice", "another horse") is None
    bureau.accounts.log_out(alice)
    assert isinstance(change("another horse", RIGHT), NotLoggedIn)


def test_an_account_that_is_given_up_is_nobody_s_and_whoever_was_logged_in_is_not(bureau: Bureau) -> None:
    alice, phone = bureau.member("alice"), bureau.member("phone")
    assert bureau.register(alice) is None
    assert bureau.log_in(phone, "alice") is None
    told: list[Member] = []

    def unregister(password: str) -> ChatError | None:
        def done(members: list[Member]) -> None:
            told.extend(members)
            bureau.note()

        bureau.accounts.unregister(alice, Secret(password), done, bureau.errors.append, origin=bureau.origin())
        return bureau.outcome()

    assert isinstance(unregister("wrong horse"), WrongPassword)
    assert told == []
    assert unregister(RIGHT) is None
    assert told == [alice, phone]
    assert [member.account for member in told] == ["", ""]
    assert bureau.may_have(bureau.member("bob"), "alice") == (None, False)
    assert isinstance(bureau.log_in(alice, "alice"), WrongPassword)


# With a session, where answers come late.


def visit(bureau: Bureau) -> House:
    return House(accounts=bureau.accounts)


def test_lines_wait_while_a_password_is_looked_at(bureau: Bureau) -> None:
    house = visit(bureau)
    alice = house.enter("alice")
    alice.type("/register correct horse", "hello")
    assert alice.session.busy
    assert not house.log.drafts
    bureau.doorman.answer()
    house.log.settle()

    assert alice.lines()[-2:] == ["* alice is yours now: /login with your password when you come back.", "alice: hello"]


@pytest.mark.parametrize("right", [True, False])
def test_who_goes_while_their_password_is_looked_at_has_gone(bureau: Bureau, right: bool) -> None:
    house = visit(bureau)
    alice = house.enter("alice")
    bob = bureau.member("bob")
    bureau.register(bob)
    alice.type(f"/login bob {RIGHT if right else 'wrong horse'}", "hello")
    alice.lose()
    bureau.doorman.answer()
    house.log.settle()

    assert not alice.session.member.account
    assert not house.chat.members
    assert list(bureau.accounts.logged_in("bob")) == [bob]


def test_a_newcomer_who_goes_while_their_password_is_looked_at_is_not_let_in(bureau: Bureau) -> None:
    house = visit(bureau)
    bureau.register(bureau.member("alice"))
    alice = Visitor(house.chat)
    alice.session.enter("alice", account="alice")
    alice.session.take_password(RIGHT)
    alice.lose()
    bureau.doorman.answer()
    house.log.settle()

    assert not house.chat.members
    assert not house.happened


def test_the_owner_takes_their_nickname_from_whoever_has_it_once_that_one_has_gone(bureau: Bureau) -> None:
    house = visit(bureau)
    alice, bob = house.enter("alice"), house.enter("bob")
    alice.type("/register correct horse")
    bureau.doorman.answer()
    # In the middle of another request, whose outcome the quit has to wait for.
    alice.type("/join garden")
    again = Visitor(house.chat)
    again.session.enter("alice", account="alice")
    again.session.take_password(RIGHT)
    bureau.doorman.answer()
    assert not again.session.entered
    house.log.settle()

    assert again.session.entered
    assert alice.closed
    assert bob.lines() == ["* alice left (came back by another connection)", "* alice joined"]
    assert again.session.member.account == "alice"
    assert [member.nickname for member in house.chat.directory.everybody()] == ["bob", "alice"]
