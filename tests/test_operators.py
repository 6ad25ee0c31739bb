"""Who may become an operator, and how often somebody may guess, by plain calls."""

from __future__ import annotations

import pytest

from chatroom.core.operators import MAX_GUESSERS, MAX_WRONG, WRONG_FOR, Guesses, Operators, Passwords

HOST = "203.0.113.1"


def test_wrong_passwords_are_counted_by_address_for_a_while() -> None:
    guesses = Guesses(2, 60, 100)
    guesses.wrong("203.0.113.1", 5)
    assert not guesses.too_many("203.0.113.1", 6)
    guesses.wrong("203.0.113.1", 7)
    assert guesses.too_many("203.0.113.1", 64)
    assert not guesses.too_many("203.0.113.2", 64)
    assert not guesses.too_many("203.0.113.1", 65)
    guesses.wrong("203.0.113.1", 65)
    assert not guesses.too_many("203.0.113.1", 66)


def test_no_more_addresses_are_remembered_than_may_be() -> None:
    guesses = Guesses(1, 60, 2)
    for host in ("203.0.113.1", "203.0.113.2", "203.0.113.3"):
        guesses.wrong(host, 0)
    assert [guesses.too_many(f"203.0.113.{number}", 1) for number in (1, 2, 3)] == [False, True, True]


@pytest.mark.parametrize(
    ("given", "known", "right"),
    [
        *(("tea", "tea", True), ("Tea", "tea", False), ("", "tea", False), ("tea ", "tea", False)),
        *(("", "", False), ("tea", "", False), ("th\u00e9", "th\u00e9", True), ("\ud800", "tea", False)),
    ],
)
def test_a_password_is_right_when_it_is_the_same_and_not_empty(given: str, known: str, right: bool) -> None:
    assert Passwords().is_right(HOST, given, known, 0.0) is right


def test_after_too_many_wrong_ones_even_the_right_one_is_none_for_a_while() -> None:
    passwords = Passwords()
    for number in range(MAX_WRONG):
        assert not passwords.too_many(HOST, number / MAX_WRONG)
        assert not passwords.is_right(HOST, "wrong", "tea", number / MAX_WRONG)
    assert passwords.too_many(HOST, 1)
    assert not passwords.is_right(HOST, "tea", "tea", 1)
    assert passwords.is_right("203.0.113.2", "tea", "tea", 1)
    assert passwords.is_right(HOST, "tea", "tea", WRONG_FOR)


def test_a_right_password_is_no_guess() -> None:
    passwords = Passwords()
    for _ in range(2 * MAX_WRONG):
        assert passwords.is_right(HOST, "tea", "tea", 0.0)


def test_passwords_remember_no_more_addresses_than_may_be() -> None:
    passwords = Passwords()
    for _ in range(MAX_WRONG):
        passwords.is_right(HOST, "wrong", "tea", 0.0)
    for number in range(MAX_GUESSERS):
        passwords.is_right(f"2001:db8::{number:x}", "wrong", "tea", 1.0)
    assert not passwords.too_many(HOST, 1.0)


def test_an_operator_has_the_password_that_goes_with_the_name() -> None:
    operators = Operators({"alice": "tea", "bob": "cake", "carol": ""})
    assert operators
    assert operators.is_one(HOST, "alice", "tea", 0.0)
    for name, password in (("alice", "cake"), ("carol", ""), ("dave", ""), ("dave", "tea"), ("ALICE", "tea")):
        assert not operators.is_one(HOST, name, password, 0.0)


def test_where_there_are_no_operators_nobody_is_one() -> None:
    operators = Operators({})
    assert not operators
    assert not operators.is_one(HOST, "", "", 0.0)
