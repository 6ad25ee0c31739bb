"""What somebody sends is taken in order: each piece once, at its pace, and only when its session is ready."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatroom.core.rate_limits import LINE_BYTES, LINE_SECONDS, RateLimit
from chatroom.core.scheduling import SLICE, Scheduler
from chatroom.doors.intake import Intake
from chatroom.model.errors import ChatError, LineTooLong

ERROR = b"!"
"""What is fed in place of an error."""


class End:
    """Both ends of an intake: the connection that it works for, and the session that may be busy."""

    def __init__(self, rate: float = 0, burst: int = 1, is_full: Callable[[float], bool] = lambda times: False) -> None:
        self.now = 0.0
        self.busy = False
        self.taken: list[bytes | ChatError] = []
        self.times: list[float] = []
        """When each piece was taken."""
        self.calls: list[str] = []
        """What the intake asked of the transport, and told of the end."""
        self.pause_until: float | None = None
        self.then: Callable[[bytes], None] = lambda line: None
        """Called with each piece that is taken."""
        self.soon: list[Callable[[], None]] = []
        """What is to be done in the next turn of the reactor."""
        self._errors: list[ChatError] = []
        self._rest = b""
        self.held = 0
        self.scheduler = scheduler = Scheduler(is_full)
        scheduler.begin(lambda: self.now, self.soon.append)
        self.intake = Intake(self, self, scheduler)
        if rate:
            self.intake.limit(RateLimit(rate, burst, self.now))

    # What a test does.

    def feed(self, *pieces: bytes | ChatError) -> None:
        self._errors += [piece for piece in pieces if isinstance(piece, ChatError)]
        self.intake.receive(b"".join((piece if isinstance(piece, bytes) else ERROR) + b"\n" for piece in pieces))

    def end(self) -> None:
        self.intake.end()

    def go_on(self) -> None:
        self.busy = False
        self.intake.go_on()

    def advance(self, seconds: float) -> None:
        """Let time pass; a pause that is over then is told to be."""
        until = self.now + seconds
        while self.pause_until is not None and self.pause_until <= until:
            self.now, self.pause_until = self.pause_until, None
            self.intake.pause_over()
        self.now = until

    # What an intake asks for.

    chunk = 4

    is_in = True

    def flow(self) -> None:
        """It has one of its own."""

    def decode(self, data: bytes) -> list[bytes | ChatError]:
        assert len(data) <= self.chunk
        *lines, self._rest = (self._rest + data).split(b"\n")
        return [self._errors.pop(0) if line == ERROR else line for line in lines]

    def last_piece(self) -> bytes:
        rest, self._rest = self._rest, b""
        return rest

    def lineReceived(self, line: bytes) -> None:
        assert not self.busy, "handed a line to a session that is busy"
        self.taken.append(line)
        self.times.append(self.now)
        self.then(line)

    def refuse(self, error: ChatError) -> None:
        assert not self.busy, "refused something in the middle of something else"
        self.taken.append(error)
        self.times.append(self.now)

    def pause(self, seconds: float) -> None:
        assert self.pause_until is None, "two pauses at once"
        assert seconds > 0
        self.pause_until = self.now + seconds

    def stop_reading(self) -> None:
        # Again is harmless.
        if self.calls[-1:] != ["stop reading"]:
            self.calls.append("stop reading")

    def read_on(self) -> None:
        self.calls.append("read on")

    def holds(self, more: int) -> None:
        self.held += more

    def abort(self) -> None:
        self.calls.append("abort")

    def at_end(self) -> None:
        self.calls.append("at end")


def test_pieces_are_taken_at_once_and_in_order() -> None:
    end = End()
    error = LineTooLong(limit=5)
    end.feed(b"one", error, b"two")
    end.feed()
    end.feed(b"three")

    assert end.taken == [b"one", error, b"two", b"three"]
    assert end.calls == []


def test_what_comes_while_the_session_is_busy_waits_and_nothing_more_is_read() -> None:
    end = End()
    end.busy = True
    end.feed(b"one", b"two")
    end.feed(b"three")
    assert end.taken == []
    assert end.calls == ["stop reading"]
    end.go_on()

    assert end.taken == [b"one", b"two", b"three"]
    assert end.calls == ["stop reading", "read on"]


def test_a_session_that_becomes_busy_by_a_piece_is_handed_no_other() -> None:
    end = End()

    def become_busy(line: bytes) -> None:
        end.busy = True

    end.then = become_busy
    end.feed(b"one", b"two", b"three")
    assert end.taken == [b"one"]
    assert not end.intake.reading
    end.go_on()
    assert end.taken == [b"one", b"two"]
    end.go_on()
    assert end.taken == [b"one", b"two", b"three"]
    assert end.calls == ["stop reading"], "nothing is read in advance for one that is slow"
    end.go_on()

    assert end.calls == ["stop reading", "read on"]


def test_what_comes_while_the_last_piece_is_being_done_waits() -> None:
    end = End()

    def become_busy(line: bytes) -> None:
        end.busy = True

    end.then = become_busy
    end.feed(b"one")
    assert end.calls == []
    end.feed(b"two")
    assert end.taken == [b"one"]
    assert end.calls == ["stop reading"]
    end.go_on()

    assert end.taken == [b"one", b"two"]


def test_an_answer_that_comes_within_a_piece_lets_the_next_be_taken_once() -> None:
    end = End()

    def answered_at_once(line: bytes) -> None:
        end.busy = True
        end.go_on()

    end.then = answered_at_once
    end.feed(b"one", b"two", b"three")

    assert end.taken == [b"one", b"two", b"three"]
    assert end.calls == []


def test_what_comes_in_the_middle_of_a_piece_stands_behind_what_came_with_it() -> None:
    end = End()

    def more(line: bytes) -> None:
        if line == b"one":
            end.feed(b"three")

    end.then = more
    end.feed(b"one", b"two")

    assert end.taken == [b"one", b"two", b"three"]


def test_pieces_are_taken_no_faster_than_the_limit() -> None:
    end = End(rate=2, burst=3)
    end.feed(*(b"%d" % number for number in range(6)))
    assert len(end.taken) == 3
    assert end.calls == ["stop reading"]
    end.feed(b"6")
    assert len(end.taken) == 3
    end.advance(10)

    assert end.taken == [b"%d" % number for number in range(7)]
    assert end.times == [0, 0, 0, 0.5, 1, 1.5, 2]
    assert end.calls == ["stop reading", "read on"]


def test_what_is_spent_is_waited_for() -> None:
    end = End(rate=1, burst=5)
    end.intake.spend(7)
    end.feed(b"one")
    end.advance(10)

    assert end.times == [3]


def test_where_there_is_no_limit_nothing_is_spent() -> None:
    end = End()
    end.intake.spend(1000)
    end.feed(b"one")

    assert end.taken == [b"one"]


def test_a_session_that_is_ready_does_not_end_a_pause() -> None:
    end = End(rate=1, burst=1)
    end.feed(b"one", b"two")
    end.go_on()
    assert end.taken == [b"one"]
    end.busy = True
    end.advance(1)
    assert end.taken == [b"one"]
    end.go_on()

    assert end.taken == [b"one", b"two"]


def test_a_pause_that_nobody_has_asked_for_is_not_over() -> None:
    end = End(rate=1, burst=1)
    end.intake.pause_over()
    end.busy = True
    end.feed(b"one")
    end.intake.pause_over()

    assert end.taken == []
    assert end.calls == ["stop reading"]


@pytest.mark.parametrize("why", ["ready", "busy", "paced"])
def test_the_end_is_told_once_all_was_taken(why: str) -> None:
    end = End(*((1, 1) if why == "paced" else ()))
    end.busy = why == "busy"
    end.feed(b"one", b"two")
    end.end()
    if why != "ready":
        assert "at end" not in end.calls
        end.go_on()
    end.advance(10)

    assert end.taken == [b"one", b"two"]
    assert end.calls.count("at end") == 1
    assert end.calls[-1] == "at end"


def test_the_end_waits_for_what_is_still_being_done() -> None:
    end = End()

    def become_busy(line: bytes) -> None:
        end.busy = True

    end.then = become_busy
    end.feed(b"one")
    end.end()
    assert end.calls == []
    end.go_on()

    assert end.calls == ["at end"]


def test_the_end_that_comes_within_the_last_piece_is_told() -> None:
    end = End()
    end.then = lambda line: end.end()
    end.feed(b"one", b"two")

    assert end.taken == [b"one", b"two"]
    assert end.calls == ["at end"]


def test_nothing_is_taken_once_it_is_closed() -> None:
    end = End()
    end.then = lambda line: end.intake.close()
    end.feed(b"one", b"two")
    end.feed(b"three")
    end.end()
    end.go_on()
    end.intake.pause_over()

    assert end.taken == [b"one"]
    assert end.calls == []


def test_nothing_is_kept_for_one_that_is_closed() -> None:
    end = End()
    end.busy = True
    end.feed(b"one", b"two")
    assert end.intake.held > 0
    end.intake.close()
    end.feed(b"three")

    assert end.intake.held == 0


def test_input_that_no_piece_comes_of_is_paid_for() -> None:
    end = End(rate=1, burst=5)
    end.chunk = 2 * LINE_BYTES
    end.intake.receive(b"x" * (7 * LINE_BYTES))
    assert end.calls == ["stop reading"]
    assert end.pause_until == 2
    end.intake.receive(b"x\n")
    end.advance(2)
    assert end.taken == []
    end.advance(1)
    assert len(end.taken) == 1


def test_a_piece_that_takes_long_costs_more_than_one() -> None:
    end = End(rate=1, burst=5)

    def work(line: bytes) -> None:
        end.now += 10 * LINE_SECONDS

    end.then = work
    end.feed(b"one")
    end.then = lambda line: None
    end.feed(b"two")
    assert end.taken == [b"one"]
    end.advance(5)
    assert end.taken == [b"one"]
    end.advance(1)

    assert end.taken == [b"one", b"two"]


def test_the_time_that_the_machine_slept_is_nobodys_cost() -> None:
    end = End(rate=10, burst=5)

    def sleep(line: bytes) -> None:
        end.now += 3600

    end.then = sleep
    end.feed(b"one")
    end.then = lambda line: None
    end.feed(b"two")
    assert not end.soon, "others do not wait for it either"

    assert end.taken == [b"one", b"two"]


def test_a_piece_that_raises_an_exception_ends_the_connection() -> None:
    end = End()

    def fail(line: bytes) -> None:
        raise ValueError("a fault of the program")

    end.then = fail
    with pytest.raises(ValueError, match="fault"):
        end.feed(b"one", b"two")
    end.then = lambda line: None
    end.feed(b"three")

    assert end.taken == [b"one"]
    assert end.calls == ["abort"]


def test_the_limit_of_an_address_is_shared_by_its_connections() -> None:
    one, two = End(rate=100, burst=100), End(rate=100, burst=100)
    address = RateLimit(1, 5, 0)
    for end in (one, two):
        end.intake.limit(RateLimit(100, 100, 0), address)

    def work(line: bytes) -> None:
        one.now += 10 * LINE_SECONDS

    one.then = work
    one.feed(b"one")
    two.now = one.now
    two.feed(b"one", b"two")

    assert two.taken == []
    two.advance(6)
    assert two.taken == [b"one", b"two"]


def test_who_has_more_than_fits_into_a_slice_lets_others_in_between() -> None:
    end = End()

    def work(line: bytes) -> None:
        end.now += SLICE / 2

    end.then = work
    end.feed(*(b"%d" % number for number in range(10)))
    assert 2 <= len(end.taken) <= 3
    assert len(end.soon) == 1
    assert end.intake.reading, "what waits for its turn alone does not keep others' input from being read"
    while end.soon:
        end.soon.pop()()

    assert end.taken == [b"%d" % number for number in range(10)]


def test_no_more_is_read_than_may_wait() -> None:
    end = End()
    end.then = lambda line: setattr(end, "now", end.now + SLICE)
    for _ in range(3):
        end.feed(*[b"x" * 1000] * 50)
    assert not end.intake.reading
    assert end.calls == ["stop reading"]
    while end.soon:
        end.soon.pop()()

    assert len(end.taken) == 150
    assert end.calls == ["stop reading", "read on"]


STEPS = st.one_of(
    st.tuples(st.just("feed"), st.integers(0, 4)),
    st.tuples(st.just("advance"), st.floats(0, 2)),
    st.tuples(st.just("go on"), st.none()),
    st.tuples(st.just("end"), st.none()),
    st.tuples(st.just("close"), st.none()),
)


@given(
    st.lists(STEPS, max_size=40),
    st.sampled_from([0, 0.5, 3]),
    st.integers(1, 5),
    st.lists(st.sampled_from(["", "busy", "at once", "feed"]), max_size=40),
)
def test_whatever_comes_is_taken_once_in_order_when_it_may_be(
    steps: list[tuple[str, float | None]], rate: float, burst: int, answers: list[str]
) -> None:
    end = End(rate, burst)
    fed = 0
    closed = ended = False

    def feed(count: int) -> None:
        nonlocal fed
        pieces = [b"%d" % number for number in range(fed, fed + count)]
        fed += count
        end.feed(*pieces)

    def answer(line: bytes) -> None:
        kind = answers.pop() if answers else ""
        if kind in ("busy", "at once"):
            end.busy = True
        if kind == "at once":
            end.go_on()
        if kind == "feed" and not ended:
            feed(1)

    end.then = answer
    for name, argument in [*steps, ("over", None)]:
        taken = len(end.taken)
        if name == "feed" and not (ended or closed):
            assert argument is not None
            feed(int(argument))
        elif name == "advance":
            assert argument is not None
            end.advance(argument)
        elif name == "go on":
            end.go_on()
        elif name == "end" and not ended:
            ended = True
            end.end()
        elif name == "close":
            closed = True
            end.intake.close()
        elif name == "over":
            answers.clear()
            end.go_on()
            end.advance(1000)
        assert end.taken == [b"%d" % number for number in range(len(end.taken))], "out of order, twice, or lost"
        assert len(end.taken) == taken or not closed, "taken after it was closed"
        waits = len(end.taken) < fed
        if not closed:
            assert not (waits and end.intake.reading), "read on though something waits"
            held = end.busy or end.pause_until is not None
            assert held or not waits, "what waits does not wait for anything"
            assert held or ended or end.intake.reading, "not read though nothing is in the way"
            assert ("at end" in end.calls) <= (ended and not waits)

    if not closed:
        assert len(end.taken) == fed
        assert ("at end" in end.calls) is ended
    if rate:
        for start in range(len(end.times)):
            for stop in range(start, len(end.times)):
                assert stop - start + 1 <= burst + rate * (end.times[stop] - end.times[start]) + 1e-6


def test_no_more_is_taken_once_the_log_has_enough() -> None:
    end = End(is_full=lambda times: len(end.taken) >= 8)
    end.feed(*[b"line"] * 20)
    assert 8 <= len(end.taken) < 20
    end.taken.clear()
    end.scheduler.release()
    end.soon.pop()()
    assert 8 <= len(end.taken) < 20
