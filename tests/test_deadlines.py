"""Deadlines of many with one timer."""

from __future__ import annotations

import pytest
from twisted.internet.task import Clock

from chatroom.doors.deadlines import Deadlines


def deadlines() -> tuple[Clock, Deadlines[str], list[str]]:
    clock, missed = Clock(), list[str]()
    return clock, Deadlines(clock, 10, missed.append), missed


def test_each_has_as_long_as_the_others() -> None:
    clock, found, missed = deadlines()
    found.add("alice")
    clock.advance(4)
    found.add("bob")
    clock.advance(5.9)
    assert missed == []
    clock.advance(0.1)
    assert missed == ["alice"]
    clock.advance(4)
    assert missed == ["alice", "bob"]


def test_who_was_in_time_has_missed_nothing() -> None:
    clock, found, missed = deadlines()
    found.add("alice")
    clock.advance(4)
    found.add("bob")
    found.discard("alice")
    clock.advance(9.9)
    assert missed == []
    clock.advance(0.1)
    assert missed == ["bob"]


def test_nothing_is_left_in_the_reactor_when_nobody_has_a_deadline() -> None:
    clock, found, _ = deadlines()
    found.add("alice")
    found.add("bob")
    for name in ("alice", "bob", "bob"):
        found.discard(name)
    assert clock.getDelayedCalls() == []


def test_a_deadline_may_begin_and_end_while_another_is_missed() -> None:
    clock, missed = Clock(), list[str]()

    def take(name: str) -> None:
        missed.append(name)
        found.discard("bob")
        found.add("carol")

    found = Deadlines(clock, 10, take)
    found.add("alice")
    found.add("bob")
    clock.advance(10)
    assert missed == ["alice"]
    clock.advance(10)
    assert missed == ["alice", "carol"]


def test_an_exception_at_one_deadline_does_not_keep_others_from_ending() -> None:
    clock, missed = Clock(), list[str]()

    def take(name: str) -> None:
        missed.append(name)
        if name == "alice":
            raise ZeroDivisionError

    found = Deadlines(clock, 10, take)
    found.add("alice")
    found.add("bob")
    with pytest.raises(ZeroDivisionError):
        clock.advance(10)
    clock.advance(0)
    assert missed == ["alice", "bob"]
