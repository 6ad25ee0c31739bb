"""The clock beside a reactor that goes by the clock on the wall."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from twisted.internet.base import ReactorBase
from twisted.internet.task import Clock

from chatroom.model.clock import SteadyClock, go_steadily, steady, suspended


class Wall:
    """A reactor whose clock on the wall can be set, the steady clock beside it, and what was called."""

    def __init__(self) -> None:
        self.reactor = Clock()
        self.now = 100.0
        self.clock = SteadyClock(self.reactor, lambda: self.now)
        self.called: list[object] = []

    def call(self, name: object) -> Callable[[], None]:
        return lambda: self.called.append(name)

    def pass_(self, seconds: float) -> None:
        """Let time pass, by both clocks."""
        self.now += seconds
        self.reactor.advance(seconds)

    def set(self, seconds: float) -> None:
        """Set the clock on the wall forward, or back."""
        self.reactor.rightNow += seconds


def test_calls_are_made_in_their_order_when_they_are_due() -> None:
    wall = Wall()
    for seconds in (3, 1, 2, 1):
        wall.clock.callLater(seconds, wall.called.append, seconds)
    wall.pass_(0.5)
    assert wall.called == []
    for _ in range(3):
        wall.pass_(1)
    assert wall.called == [1, 1, 2, 3]
    assert wall.reactor.getDelayedCalls() == []


def test_a_clock_that_is_set_back_delays_nothing_once_anything_happens() -> None:
    wall = Wall()
    wall.clock.callLater(5, wall.call("limit"))
    wall.set(-7200)
    before = wall.clock.seconds()
    wall.pass_(5)

    assert wall.called == ["limit"]
    assert wall.clock.seconds() == before + 5


def test_a_clock_that_is_set_forward_makes_no_call_early() -> None:
    wall = Wall()
    wall.clock.callLater(5, wall.call("limit"))
    wall.set(7200)
    wall.reactor.advance(0)
    assert wall.called == []
    wall.pass_(4.5)
    assert wall.called == []
    wall.pass_(0.5)
    assert wall.called == ["limit"]


def test_what_was_cancelled_is_not_called_and_leaves_nothing_behind() -> None:
    wall = Wall()
    first, second = wall.clock.callLater(1, wall.call(1)), wall.clock.callLater(2, wall.call(2))
    first.cancel()
    assert not first.active()
    assert wall.clock.getDelayedCalls() == [second]
    with pytest.raises(ValueError, match="already"):
        first.cancel()
    second.cancel()
    assert wall.reactor.getDelayedCalls() == []
    wall.pass_(3)
    assert wall.called == []


def test_thousands_that_were_cancelled_are_forgotten() -> None:
    wall = Wall()
    wall.clock.callLater(1, wall.call("kept"))
    for _ in range(10_000):
        wall.clock.callLater(3600, wall.call("cancelled")).cancel()
    wall.clock.callLater(2, wall.call("later"))
    for _ in range(2):
        wall.pass_(1)
    assert wall.called == ["kept", "later"]
    assert wall.reactor.getDelayedCalls() == []


def test_a_call_that_is_moved_is_made_at_its_new_time() -> None:
    wall = Wall()
    later, sooner = wall.clock.callLater(1, wall.call("later")), wall.clock.callLater(9, wall.call("sooner"))
    later.delay(4)
    sooner.reset(2)
    for expected in ([], ["sooner"], ["sooner"], ["sooner"], ["sooner", "later"]):
        wall.pass_(1)
        assert wall.called == expected


def test_an_exception_is_the_reactors_and_the_other_calls_are_made() -> None:
    wall = Wall()

    def fail() -> None:
        raise RuntimeError("of the call")

    wall.clock.callLater(1, fail)
    wall.clock.callLater(1, wall.call("other"))
    with pytest.raises(RuntimeError, match="of the call"):
        wall.pass_(1)
    wall.pass_(0)
    assert wall.called == ["other"]


def test_calls_that_are_added_by_a_call_have_their_turn() -> None:
    wall = Wall()
    wall.clock.callLater(1, lambda: wall.clock.callLater(1, wall.call("second")))
    wall.pass_(1)
    assert wall.called == []
    wall.pass_(1)
    assert wall.called == ["second"]


class BareReactor(ReactorBase):
    """One of Twisted's, which never runs."""

    def installWaker(self) -> None:
        """Open no descriptors."""


def test_a_reactor_of_ours_is_mended_and_one_of_somebody_elses_has_a_clock_beside_it() -> None:
    reactor: Any = BareReactor()
    beside = steady(reactor)
    assert isinstance(beside, SteadyClock)
    assert abs(beside.seconds() - time.monotonic()) < 60
    assert reactor.seconds is time.time

    go_steadily(reactor)
    assert steady(reactor) is reactor
    call = reactor.callLater(5, lambda: None)
    assert abs(call.getTime() - time.monotonic()) < 60
    assert reactor.timeout() <= 5


def test_a_clock_of_a_test_is_taken_as_it_is() -> None:
    clock = Clock()
    go_steadily(clock)

    assert steady(clock) is clock
    assert clock.seconds() == 0


def test_a_machine_was_not_suspended_for_a_negative_time() -> None:
    assert suspended() > -1
