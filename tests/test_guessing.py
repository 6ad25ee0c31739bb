"""Pauses that grow with each wrong guess, by plain calls."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chatroom.core.guessing import Pauses


def test_the_first_few_are_free_and_then_the_pauses_double_up_to_the_longest() -> None:
    pauses = Pauses(3, 10, 600, 100)
    now, waited = 0.0, []
    for _ in range(9):
        waited.append(pauses.wait("alice", now))
        now += waited[-1]
        pauses.wrong("alice", now)
    assert waited == [0, 0, 0, 1, 2, 4, 8, 10, 10]


def test_a_pause_passes_and_another_key_has_none() -> None:
    pauses = Pauses(1, 10, 600, 100)
    pauses.wrong("alice", 5.0)
    pauses.wrong("alice", 5.0)
    assert pauses.wait("alice", 6.5) == 0.5
    assert pauses.wait("alice", 7.0) == 0
    assert pauses.wait("bob", 5.0) == 0


def test_all_is_forgotten_after_a_while_without_a_guess() -> None:
    pauses = Pauses(1, 10, 60, 100)
    for _ in range(3):
        pauses.wrong("alice", 0.0)
    assert pauses.count("alice", 63.9) == 3
    assert pauses.count("alice", 64.0) == 0
    assert pauses.wait("alice", 64.0) == 0


def test_one_that_was_right_is_taken_back_and_all_may_be_forgiven() -> None:
    pauses = Pauses(1, 10, 60, 100)
    for _ in range(2):
        pauses.wrong("alice", 0.0)
    pauses.take_back("alice")
    assert pauses.count("alice", 0.0) == 1
    pauses.take_back("alice")
    pauses.take_back("alice")
    assert pauses.count("alice", 0.0) == 0
    pauses.wrong("alice", 0.0)
    pauses.forgive("alice")
    assert pauses.wait("alice", 0.0) == 0


def test_no_more_keys_are_remembered_than_may_be_and_the_silent_ones_go_first() -> None:
    pauses = Pauses(0, 10, 600, 2)
    for name in ("alice", "bob", "alice", "carol"):
        pauses.wrong(name, 0.0)
    assert [pauses.count(name, 0.0) for name in ("alice", "bob", "carol")] == [2, 0, 1]


@given(st.integers(0, 5000))
def test_a_pause_has_a_bound_whatever_was_guessed(count: int) -> None:
    pauses = Pauses(3, 300, 600, 10)
    for _ in range(min(count, 200)):
        pauses.wrong("alice", 0.0)
    assert 0 <= pauses.wait("alice", 0.0) <= 300
