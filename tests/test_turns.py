"""Long work of many askers is done in pieces, in a fair order, and ends when it should."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue
from typing import NoReturn

import pytest
from support import TIMEOUT

from chatroom.log.turns import (
    HEAD_START,
    LONGEST_WAIT,
    LONGEST_WORK,
    PART_OF_A_TURN,
    LoopTurns,
    ThreadTurns,
    Turns,
    Work,
)
from chatroom.model.errors import ChatError, NothingToSearch, TakesTooLong


class Member:
    """Somebody who asks."""

    def __init__(self, name: str = "") -> None:
        self.name = name
        self.paid = 0.0

    def charge(self, seconds: float) -> None:
        self.paid += seconds


def never(error: ChatError) -> None:
    """Nothing fails here."""
    pytest.fail(str(error))


class Stage:
    """Turns whose work takes the time that it says, and what has come of it."""

    def __init__(self) -> None:
        self.now = 100.0
        self.turns = Turns(lambda: self.now)
        self.told: list[str] = []
        self.errors: list[ChatError] = []
        self.pieces: list[str] = []

    def work(self, name: str, pieces: int, seconds: float) -> Work[str]:
        for piece in range(pieces):
            self.pieces.append(name)
            self.now += seconds
            if piece < pieces - 1:
                yield
        return name

    def ask(self, asker: Member | None, pieces: int = 1, seconds: float = 0.001, name: str = "") -> None:
        work = self.work(name or (asker.name if asker else ""), pieces, seconds)
        self.turns.add(asker, work, self.told.append, self.errors.append)

    def do(self, pieces: int = 1_000_000) -> None:
        for _ in range(pieces):
            tell = self.turns.do_piece()
            if tell is None:
                break
            tell()


def test_cheap_work_passes_dear_work_that_came_first() -> None:
    stage = Stage()
    for number in range(30):
        stage.ask(Member(f"dear{number}"), pieces=100, seconds=0.01)
    stage.do(300)
    stage.ask(Member("cheap"), seconds=0.005)
    stage.do(2)

    assert stage.told == ["cheap"]


def test_askers_of_the_same_work_take_turns_and_get_the_same() -> None:
    stage = Stage()
    askers = [Member(name) for name in "abc"]
    for asker in askers:
        stage.ask(asker, pieces=50, seconds=0.01)
    stage.do(60)

    assert {name: stage.pieces.count(name) for name in "abc"} == {"a": 20, "b": 20, "c": 20}


def test_nobody_gets_more_by_asking_again_and_again() -> None:
    stage = Stage()
    greedy, modest = Member("greedy"), Member("modest")
    stage.ask(modest, pieces=1000, seconds=0.01)
    stage.do(10)
    for _ in range(100):
        stage.ask(greedy, seconds=0.01)
    stage.do(100)

    got = stage.pieces[10:]
    assert abs(got.count("greedy") - got.count("modest")) <= HEAD_START / 0.01 + 1


def test_questions_of_one_asker_are_answered_in_order_and_one_at_a_time() -> None:
    stage = Stage()
    asker = Member()
    for name in ("first", "second", "third"):
        stage.ask(asker, pieces=3, name=name)
    stage.do()

    assert stage.told == ["first", "second", "third"]
    assert stage.pieces == [name for name in stage.told for _ in range(3)]


def test_each_pays_for_the_time_of_their_own_work() -> None:
    stage = Stage()
    dear, cheap = Member("dear"), Member("cheap")
    stage.ask(dear, pieces=20, seconds=0.02)
    stage.ask(cheap, seconds=0.001)
    stage.ask(None, seconds=0.5)
    stage.do()

    assert dear.paid == pytest.approx(0.4)
    assert cheap.paid == pytest.approx(0.001)


def test_work_ends_when_its_asker_has_gone() -> None:
    stage = Stage()
    gone, stays = Member("gone"), Member("stays")
    for asker in (gone, gone, stays):
        stage.ask(asker, pieces=10)
    stage.do(4)
    stage.turns.drop(gone)
    done = stage.pieces.count("gone")
    stage.do()

    assert stage.told == ["stays"]
    assert stage.pieces.count("gone") == done


def test_a_piece_that_is_being_done_is_told_that_its_asker_has_gone() -> None:
    stage = Stage()
    asker = Member()
    seen: list[bool] = []

    def work() -> Work[str]:
        seen.append(stage.turns.given_up())
        stage.turns.drop(asker)
        seen.append(stage.turns.given_up())
        return "found"
        yield

    stage.turns.add(asker, work(), stage.told.append, stage.errors.append)
    stage.do()

    assert (seen, stage.told, stage.errors) == ([False, True], [], [])


def test_work_that_takes_too_long_is_given_up_and_its_asker_is_told() -> None:
    stage = Stage()
    stage.ask(Member("long"), pieces=1000, seconds=LONGEST_WORK / 10)
    stage.do()

    assert [type(error) for error in stage.errors] == [TakesTooLong]
    assert len(stage.pieces) in (10, 11)


def test_work_that_has_waited_too_long_is_given_up() -> None:
    stage = Stage()
    stage.ask(Member("waits"))
    stage.now += LONGEST_WAIT + 1
    stage.do()

    assert ([type(error) for error in stage.errors], stage.pieces) == ([TakesTooLong], [])


def test_an_error_is_told_and_the_next_question_is_answered() -> None:
    stage = Stage()
    asker = Member()

    def work() -> Work[str]:
        raise NothingToSearch()
        yield

    stage.turns.add(asker, work(), stage.told.append, stage.errors.append)
    stage.ask(asker, name="next")
    stage.do()

    assert ([type(error) for error in stage.errors], stage.told) == ([NothingToSearch], ["next"])


def test_after_the_end_nothing_is_done_and_nobody_is_told() -> None:
    stage = Stage()
    stage.ask(Member("before"), pieces=5)
    stage.do(1)
    stage.turns.close()
    stage.ask(Member("after"))
    stage.do()

    assert (stage.told, stage.errors, stage.pieces) == ([], [], ["before"])


def test_the_loop_turns_between_parts_of_long_work() -> None:
    calls: deque[Callable[[], None]] = deque()
    now = 0.0
    turns = LoopTurns(calls.append, lambda: now)
    longest = 0.0
    told: list[str] = []

    def work() -> Work[str]:
        nonlocal now
        for _ in range(100):
            now += PART_OF_A_TURN / 4
            yield
        return "found"

    for _ in range(20):
        turns.add(Member(), work(), told.append, never)
    while calls:
        began = now
        calls.popleft()()
        longest = max(longest, now - began)

    assert told == ["found"] * 20
    assert longest <= PART_OF_A_TURN * 1.25


def test_a_thread_misses_nothing_that_is_added_while_it_works_and_while_it_rests() -> None:
    loop: SimpleQueue[Callable[[], None]] = SimpleQueue()
    turns = ThreadTurns("turns", loop.put, lambda error: None)
    turns.start()
    told: list[int] = []

    def work(number: int) -> Work[int]:
        return number
        yield

    for number in range(2000):
        turns.add(Member(), work(number), told.append, never)
        if number % 7 == 0:
            while len(told) <= number:
                loop.get(timeout=TIMEOUT)()
    while len(told) < 2000:
        loop.get(timeout=TIMEOUT)()
    turns.close()
    turns.join()

    assert told == list(range(2000))


def faulty() -> Work[str]:
    raise ZeroDivisionError
    yield


def sound() -> Work[str]:
    yield
    return "found"


def test_a_fault_in_the_work_of_one_does_not_end_that_of_others() -> None:
    calls: deque[Callable[[], None]] = deque()
    turns = LoopTurns(calls.append)
    told: list[str] = []
    errors: list[str] = []

    turns.add(Member(), faulty(), told.append, lambda error: errors.append(error.code))
    turns.add(Member(), sound(), told.append, never)
    with pytest.raises(ZeroDivisionError):
        calls.popleft()()
    while calls:
        calls.popleft()()

    assert (told, errors) == (["found"], ["unforeseen"])


def test_a_thread_works_on_behind_a_fault_which_goes_to_the_loop() -> None:
    loop: SimpleQueue[Callable[[], None]] = SimpleQueue()
    deaths: list[BaseException] = []
    turns = ThreadTurns("turns", loop.put, deaths.append)
    turns.start()
    told: list[str] = []

    turns.add(Member(), faulty(), told.append, lambda error: told.append(error.code))

    def turn_until_it_raises() -> NoReturn:
        while True:
            loop.get(timeout=TIMEOUT)()

    with pytest.raises(ZeroDivisionError):
        turn_until_it_raises()
    turns.add(Member(), sound(), told.append, never)
    while len(told) < 2:
        loop.get(timeout=TIMEOUT)()
    turns.close()
    turns.join()

    assert (told, deaths) == (["unforeseen", "found"], [])


def test_a_thread_answers_in_the_loop_and_ends_in_the_middle_of_work() -> None:
    loop: SimpleQueue[Callable[[], None]] = SimpleQueue()
    deaths: list[BaseException] = []
    turns = ThreadTurns("turns", loop.put, deaths.append)
    turns.start()
    asker, begun = Member(), threading.Event()
    told: list[str] = []
    threads: set[str] = set()

    def work(endless: bool) -> Work[str]:
        threads.add(threading.current_thread().name)
        while endless:
            begun.set()
            yield
        return "found"

    turns.add(asker, work(False), told.append, never)
    while not told:
        loop.get(timeout=TIMEOUT)()
    turns.add(asker, work(True), told.append, never)
    assert begun.wait(TIMEOUT)
    turns.close()
    turns.join()
    while not loop.empty():
        loop.get()()

    assert (told, threads, deaths) == (["found"], {"turns"}, [])
    assert asker.paid > 0


def test_a_thread_has_no_more_told_in_one_turn_of_the_loop_than_there_is_time_for() -> None:
    loop: SimpleQueue[Callable[[], None]] = SimpleQueue()
    turns = ThreadTurns("turns", loop.put, lambda error: None)
    told: list[int] = []
    done = [threading.Event() for _ in range(10)]

    def work(number: int) -> Work[int]:
        done[number].set()
        return number
        yield

    def show(number: int) -> None:
        told.append(number)
        end = time.perf_counter() + PART_OF_A_TURN
        while time.perf_counter() < end:
            pass

    for number in range(10):
        turns.add(Member(), work(number), show, never)
    turns.start()
    for one in done:
        assert one.wait(TIMEOUT)
    in_a_turn: list[int] = []
    while len(told) < 10:
        before = len(told)
        calls = [loop.get(timeout=TIMEOUT)]
        calls += [loop.get() for _ in range(loop.qsize())]
        for call in calls:
            call()
        in_a_turn.append(len(told) - before)
    assert told == list(range(10))
    assert in_a_turn == [1] * 10
    turns.close()
    turns.join()
