"""No more is taken in than can be delivered in a moment, so that a line does not wait for everything said before it."""

from __future__ import annotations

from chatroom.log.backlog import FIRST, LEAST, MOMENT, MOST, Backlog
from chatroom.testing import MemoryRoom


def test_what_is_appended_counts_until_it_is_delivered() -> None:
    backlog = Backlog()
    backlog.pending += FIRST
    assert not backlog.is_full()
    backlog.hand_over()
    backlog.pending += 1
    assert backlog.is_full()
    backlog.came_back()

    assert not backlog.is_full()


def delivered(size: int, seconds: float) -> Backlog:
    """A backlog of which a batch has been delivered."""
    backlog = Backlog()
    deliver(backlog, size, seconds)
    return backlog


def deliver(backlog: Backlog, size: int, seconds: float) -> None:
    backlog.pending += size
    backlog.hand_over()
    backlog.came_back()
    backlog.delivered(seconds)


def test_how_much_may_be_in_it_is_what_can_be_delivered_in_a_moment() -> None:
    backlog = delivered(1_000_000, 10 * MOMENT)
    backlog.pending += 100_000
    assert not backlog.is_full()
    backlog.pending += 1
    assert backlog.is_full()


def test_it_has_bounds_and_gets_over_a_moment_that_was_long_for_another_reason() -> None:
    backlog = delivered(100, 3600)
    backlog.pending = LEAST
    assert not backlog.is_full()
    backlog.pending += 1
    assert backlog.is_full()
    backlog.pending = 0
    deliver(backlog, LEAST // 8, 0.001)
    backlog.pending = LEAST + 1
    assert backlog.is_full(), "a small batch says nothing about a large one"
    backlog.pending = 0
    deliver(backlog, LEAST, 0.001)

    backlog.pending = LEAST + 1
    assert not backlog.is_full()


def test_input_waits_outside_while_the_backlog_is_full_and_none_of_it_is_lost() -> None:
    room = MemoryRoom(rate=0, max_line=500_000)
    people = [room.enter(f"speaker{number}") for number in range(8)]
    hears = room.enter("hears")
    for person in people:
        # Each is more than may be in the backlog for three of them.
        person.type("x" * 400_000)
    shown = hears.lines()

    assert sorted(line.partition(":")[0] for line in shown) == [f"speaker{number}" for number in range(8)]


def test_the_bound_grows_with_batches_that_use_it() -> None:
    backlog = Backlog()
    for _ in range(10):
        deliver(backlog, FIRST, 0.001)
        backlog.pending = 0
    backlog.pending = 2 * FIRST
    assert not backlog.is_full()
    for _ in range(10):
        deliver(backlog, MOST, 0.001)
        backlog.pending = 0
    backlog.pending = MOST
    assert not backlog.is_full()
    backlog.pending += 1
    assert backlog.is_full()
