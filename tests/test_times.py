"""The clock on the wall is wrong: what a log tells of times then, and what it trims."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from logs import Subject, opened, said
from support import Stage
from wrong_clock import WallClock

from chatroom.log.ages import BELIEVED_AFTER, Ages, TrustedTime, duration
from chatroom.log.rows import first_since, last_before
from chatroom.log.schema import APPLICATION_ID, STEPS, move_on
from chatroom.log.sqlite import SQLiteLog
from chatroom.log.trimming import TRIM_EVERY

DAY = 24 * 60 * 60.0
BEFORE_TIMES = 5
"""The version of the schema in which times could go back."""


def a_file_of_before(path: Path, times: list[float], gap: int = 1) -> None:
    """A history whose events have ``times``, as an older version has written it."""
    with closing(sqlite3.connect(path, isolation_level=None)) as old:
        for step in STEPS[:BEFORE_TIMES]:
            step(old)
        old.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        old.execute(f"PRAGMA user_version = {BEFORE_TIMES}")
        old.execute("INSERT INTO room VALUES (1, 'lobby')")
        old.executemany(
            "INSERT INTO event (id, at, place, kind, nickname, text) VALUES (?, ?, 3, 'said', 'alice', ?)",
            [(10 + gap * number, at, f"{number} at {at:g}") for number, at in enumerate(times)],
        )


# Questions by time.


@given(
    times=st.lists(st.integers(0, 20).map(float), max_size=30),
    gap=st.integers(1, 5),
    trimmed=st.integers(0, 5),
)
@settings(max_examples=200)
def test_times_that_go_back_are_read_right(times: list[float], gap: int, trimmed: int) -> None:
    events = [(10 + gap * number, at) for number, at in enumerate(times)][trimmed:]
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as file:
        for step in STEPS[:BEFORE_TIMES]:
            step(file)
        file.execute(f"PRAGMA user_version = {BEFORE_TIMES}")
        file.executemany(
            "INSERT INTO event (id, at, place, kind, nickname, text) VALUES (?, ?, 3, 'said', '', '')",
            [(10 + gap * number, at) for number, at in enumerate(times)],
        )
        move_on(file)
        file.execute("DELETE FROM event WHERE id < ?", (10 + gap * trimmed,))
        end = events[-1][0] + 1 if events else 1
        for moment in range(-1, 23):
            at = moment - 0.5
            assert first_since(file, at) == min((id_ for id_, own in events if own >= at), default=end)
            assert last_before(file, at) == max((id_ for id_, own in events if own < at), default=0)


def test_both_logs_know_the_last_event_before_a_moment(subject: Subject) -> None:
    assert subject.last_before(5e9) == 0
    start = subject.now
    ids = []
    for seconds in (0, 10, 10, 20):
        subject.now = start + seconds
        ids += [event.id for event in subject.say(said("x"))]

    assert subject.last_before(start) == 0
    assert subject.last_before(start + 0.5) == subject.last_before(start + 10) == ids[0]
    assert subject.last_before(start + 10.5) == subject.last_before(start + 20) == ids[2]
    assert subject.last_before(start + 21) == ids[3]


def test_a_file_of_before_is_asked_by_time_and_goes_on(tmp_path: Path) -> None:
    a_file_of_before(tmp_path / "history", [100.0, 200.0, 50.0, 60.0, 300.0, 250.0])
    subject = opened(tmp_path)
    assert (subject.first_since(60), subject.last_before(60)) == (10, 12)
    assert (subject.first_since(250), subject.last_before(250)) == (14, 13)
    (event,) = subject.say(said("new"))
    assert (subject.first_since(301), subject.last_before(subject.now)) == (event.id, 15)
    subject.stop()


# Trimming.


def told_by(clock: Callable[[], float]) -> Callable[..., Subject]:
    """Opens logs whose time on the wall is not what their steady clock says."""

    def make(folder: Path, **options: float) -> Subject:
        found: list[Subject] = []

        def log(subject: Subject) -> SQLiteLog:
            found.append(subject)
            return SQLiteLog(
                str(folder / "history"),
                soon=subject.call,
                from_thread=subject.call,
                now=lambda: subject.now,
                clock=clock,
                durability="process",
                **options,  # type: ignore[arg-type]
            )

        return Subject(log)

    return make


class Steady:
    """A steady clock, which a test moves."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def until_looked(subject: Subject, clock: Steady) -> None:
    """Say something when it is time to trim, and wait until that is over."""
    clock.now += TRIM_EVERY
    subject.now += TRIM_EVERY
    subject.say(said("look"))
    # The writer takes this behind the deletion of the first events, if there is any.
    for _ in range(3):
        subject.since({"lobby"}, 0)
        subject.say(said("behind it"))


def test_a_clock_that_leaps_ahead_trims_nothing_before_it_was_so_for_a_day(tmp_path: Path) -> None:
    clock = Steady()
    subject = told_by(clock)(tmp_path, keep_seconds=30 * DAY)
    (first,) = subject.say(said("young"))
    subject.now += 60 * DAY
    for _ in range(3):
        until_looked(subject, clock)
        assert subject.log.forgotten == 0
    # Stopped and started again, it has the same history and the same clock.
    wrong = subject.now
    subject.stop()
    subject = told_by(clock)(tmp_path, keep_seconds=30 * DAY)
    subject.now = wrong
    for hours in (1, 10):
        clock.now += hours * 3600
        subject.now += hours * 3600
        until_looked(subject, clock)
        assert subject.log.forgotten == 0
    clock.now += 14 * 3600
    subject.now += 14 * 3600
    until_looked(subject, clock)
    subject.wait_until(lambda: subject.log.forgotten >= first.id)
    subject.stop()


def test_a_clock_that_is_right_again_trims_nothing(tmp_path: Path) -> None:
    clock = Steady()
    right = 1_000_000_000.0
    for offset, count in ((0, 10), (60 * DAY, 5), (0, 5), (-3650 * DAY, 5), (60 * DAY, 5), (0, 5)):
        subject = told_by(clock)(tmp_path, keep_seconds=30 * DAY)
        subject.now = right + offset
        for number in range(count):
            subject.say(said(f"{offset} {number}"))
            clock.now += TRIM_EVERY
            subject.now += TRIM_EVERY
            right += TRIM_EVERY
        until_looked(subject, clock)
        assert subject.log.forgotten == 0
        subject.stop()


@pytest.mark.parametrize(
    "times",
    [
        # Right, then ten years back, then right again.
        [*[0.0] * 10, *[-3650 * DAY] * 15, *[0.0] * 5],
        # Far ahead for a moment.
        [*[0.0] * 10, 3650 * DAY, *[0.0] * 5],
    ],
)
def test_in_a_file_of_before_nothing_is_trimmed_that_is_not_old(tmp_path: Path, times: list[float]) -> None:
    clock = Steady()
    now = 1_000_000_000.0
    a_file_of_before(tmp_path / "history", [now - 100 + at for at in times])
    subject = told_by(clock)(tmp_path, keep_seconds=30 * DAY)
    subject.now = now
    until_looked(subject, clock)
    until_looked(subject, clock)
    assert subject.log.forgotten == 0
    assert len([event for event in subject.since({"lobby"}, 0) if event.id < 100]) >= len(times)
    subject.stop()


def test_a_server_that_was_stopped_for_a_night_trims_at_once(tmp_path: Path) -> None:
    clock = Steady()
    subject = told_by(clock)(tmp_path, keep_seconds=DAY / 2)
    (first,) = subject.say(said("yesterday"))
    morning = subject.now + 16 * 3600
    subject.stop()
    subject = told_by(clock)(tmp_path, keep_seconds=DAY / 2)
    subject.now = morning
    subject.say(said("today"))
    subject.wait_until(lambda: subject.log.forgotten == first.id)
    subject.stop()


# The trusted time.


def test_what_is_said_of_a_leap_and_of_its_end() -> None:
    wall, steady, told = [1e9], [0.0], list[str]()
    time = TrustedTime(Ages(), lambda: wall[0], lambda: steady[0], told.append)

    def after(seconds: float) -> float:
        wall[0] += seconds
        steady[0] += seconds
        return time.look() - 1e9

    assert after(0) == 0
    assert after(60) == 60
    wall[0] += 3 * DAY
    assert [after(60), after(60)] == [120, 180]
    (leap,) = told
    assert leap == (
        "the clock has leapt ahead by 3 days: no event is trimmed for that until the server has run for a day; "
        "if the clock is wrong, set it right"
    )
    wall[0] -= 3 * DAY
    assert after(60) == 240
    assert told[1:] == ["the clock is right again: events are trimmed by their age as before"]
    wall[0] += 3 * DAY
    assert after(60) == 300
    assert after(BELIEVED_AFTER - 60) == 240 + BELIEVED_AFTER
    assert after(60) == 3 * DAY + 300 + BELIEVED_AFTER
    assert told[3:] == ["the clock has kept to its leap ahead for a day: from now on, events are trimmed by it"]
    # A second leap has its own day.
    wall[0] += 3 * DAY
    after(BELIEVED_AFTER / 2)
    wall[0] += 3 * DAY
    # A leap that is found behind a long silence may have been a moment ago.
    begin = after(2 * BELIEVED_AFTER)
    assert after(60) == begin + 60
    assert after(BELIEVED_AFTER) > begin + 6 * DAY
    # Back is believed at once.
    wall[0] -= 3650 * DAY
    assert after(60) < -3600 * DAY


def test_durations_are_told_in_words() -> None:
    assert [duration(seconds) for seconds in (5, 60, 7200, 2 * DAY + 5)] == [
        "less than a minute",
        "1 minute",
        "2 hours",
        "2 days",
    ]


# The whole server.


@pytest.mark.process
def test_a_wrong_clock_at_any_start_costs_no_message_and_the_log_says_so(stage: Stage, tmp_path: Path) -> None:
    clock = WallClock(tmp_path)
    by = ("/usr/bin/env", *(f"{name}={value}" for name, value in clock.environment.items()))
    serve = partial(stage.serve, "--history", str(tmp_path / "history"), "--rate", "0", "--keep", "30")
    lines: list[str] = []
    for offset in ("+0", "-10y", "+0", "+60d", "+60d", "+0"):
        clock.set(offset)
        server = serve(by=(*by, sys.executable, "-m", "chatroom"))
        ann = stage.enter(server.port, "ann")
        new = [f"{len(lines)} at {offset} {number}" for number in range(20)]
        lines += new
        ann.send("\n".join(new))
        ann.expect(f"ann: {new[-1]}\r\n")
        ann.close()
        assert server.stop() == 0
        server.to_the_end()
        told = server.heard.decode()
        assert ("the clock is 36" in told) == (offset == "-10y")
        assert ("days behind the last message in the history" in told) == (offset == "-10y" or len(lines) == 120)
        # For a server whose last clock was ten years back, the right one is a leap, until a day is over.
        assert ("the clock has leapt ahead by" in told) == (len(lines) > 40)
    with closing(sqlite3.connect(tmp_path / "history")) as file:
        kept = [text for (text,) in file.execute("SELECT text FROM event WHERE kind = 'said' ORDER BY id")]
        times = [at for (at,) in file.execute("SELECT at FROM event ORDER BY id")]

    assert kept == lines
    assert times == sorted(times)
