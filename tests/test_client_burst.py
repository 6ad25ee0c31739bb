"""Lines that come too fast to be typed."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from twisted.internet.task import Clock

from chatroom.client import burst as burst_module
from chatroom.client.burst import QUIET, Burst


class Gathered:
    """A burst, and what it has handed over."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.over: list[tuple[list[str], int]] = []
        self.burst = Burst(self.clock, self._take)

    def _take(self, lines: Sequence[str], dropped: int) -> None:
        self.over.append((list(lines), dropped))


def test_lines_are_one_burst_until_none_has_come_for_a_while() -> None:
    gathered = Gathered()
    for line in ("one", "two", "three"):
        gathered.burst.add(line)
        gathered.clock.advance(QUIET * 0.9)
    assert gathered.over == []
    gathered.clock.advance(QUIET)
    gathered.burst.add("four")
    gathered.clock.advance(QUIET)
    assert gathered.over == [(["one", "two", "three"], 0), (["four"], 0)]


def test_lines_that_are_taken_are_not_handed_over() -> None:
    gathered = Gathered()
    gathered.burst.add("one")
    assert list(gathered.burst.take()) == ["one"]
    gathered.clock.advance(QUIET)
    gathered.burst.end()
    assert gathered.over == []
    assert not gathered.burst


def test_the_end_hands_them_over_at_once() -> None:
    gathered = Gathered()
    gathered.burst.add("one")
    gathered.burst.end()
    assert gathered.over == [(["one"], 0)]
    assert not gathered.clock.getDelayedCalls()


def test_lines_beyond_the_bound_are_counted_and_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(burst_module, "MAX_CHARACTERS", 10)
    gathered = Gathered()
    for line in ("1234", "5678", "x", "y"):
        gathered.burst.add(line)
    gathered.clock.advance(QUIET)
    # Each counts with its end.
    assert gathered.over == [(["1234", "5678"], 2)]
    gathered.burst.add("z")
    gathered.clock.advance(QUIET)
    assert gathered.over[-1] == (["z"], 0)
