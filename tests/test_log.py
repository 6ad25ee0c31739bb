"""What every log promises, held against each of them.

A log may answer at once or from another thread: :class:`Subject` waits for what a test expects.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from zope.interface.verify import verifyObject

from chatroom.errors import ChatError
from chatroom.events import KINDS, TALK, Event, EventType, Joined, Left, Renamed, Said, TopicChanged
from chatroom.log.interface import ILog
from chatroom.log.memory import MemoryLog

TIMEOUT = 30.0
"""Seconds that only a failure reaches."""

Draft = tuple[EventType, str, str, str]


class Subject:
    """A log, what it has handed back, and the loop that its calls are made in."""

    def __init__(self, make: Callable[[Subject], ILog]) -> None:
        self.batches: list[list[Event]] = []
        self.failures: list[Draft] = []
        self.appending = False
        self.calls: deque[Callable[[], None]] = deque()
        self.log = make(self)
        self.log.start(self.committed, self.failed)

    def committed(self, batch: Sequence[Event]) -> None:
        assert not self.appending, "handed back within the call of append"
        assert batch, "an empty batch"
        self.batches.append(list(batch))

    def failed(self, drafts: Sequence[Draft], error: ChatError) -> None:
        self.failures.extend(drafts)

    @property
    def events(self) -> list[Event]:
        return [event for batch in self.batches for event in batch]

    def append(self, kind: EventType, room: str, nickname: str, text: str) -> None:
        self.appending = True
        self.log.append(kind, room, nickname, text)
        self.appending = False

    def pump_until(self, done: Callable[[], bool]) -> None:
        """Make the calls of the loop until ``done``."""
        deadline = time.monotonic() + TIMEOUT
        while not done():
            assert time.monotonic() < deadline, "the log did not answer"
            if self.calls:
                self.calls.popleft()()
            else:
                time.sleep(0.001)

    def say(self, *drafts: Draft) -> list[Event]:
        """Append ``drafts``; the events that became of them."""
        before = len(self.events)
        for draft in drafts:
            self.append(*draft)
        self.pump_until(lambda: len(self.events) == before + len(drafts))
        return self.events[before:]

    def recent(self, room: str, count: int, before: int | None = None) -> list[Event]:
        answers: list[Sequence[Event]] = []
        self.log.recent(room, count, before, answers.append)
        self.pump_until(lambda: bool(answers))
        return list(answers[0])

    def since(self, rooms: set[str], after: int, limit: int = 1000) -> list[Event]:
        answers: list[Sequence[Event]] = []
        self.log.since(frozenset(rooms), after, limit, answers.append)
        self.pump_until(lambda: bool(answers))
        return list(answers[0])

    def stop(self) -> None:
        done: list[bool] = []
        self.log.stop(lambda: done.append(True))
        self.pump_until(lambda: bool(done))


def memory(subject: Subject) -> ILog:
    return MemoryLog(subject.calls.append, time.time)


LOGS: dict[str, Callable[[Subject], ILog]] = {"memory": memory}
"""Every log that there is."""


@pytest.fixture(params=LOGS)
def subject(request: pytest.FixtureRequest) -> Iterator[Subject]:
    found = Subject(LOGS[request.param])
    yield found
    found.stop()


DRAFTS = st.lists(
    st.tuples(
        st.sampled_from(list(KINDS.values())),
        st.sampled_from(["lobby", "garden", "kitchen"]),
        st.sampled_from(["alice", "bob"]),
        st.text(st.characters(codec="utf-8"), max_size=5),
    ),
    max_size=30,
)


def test_it_is_a_log(subject: Subject) -> None:
    assert verifyObject(ILog, subject.log)


def test_what_is_appended_comes_back_in_order_as_events(subject: Subject) -> None:
    earliest = time.time()
    drafts: list[Draft] = [
        (Joined, "lobby", "alice", ""),
        (Said, "lobby", "alice", "hi"),
        (TopicChanged, "garden", "bob", ""),
        (Renamed, "lobby", "alice", "al"),
        (Left, "lobby", "al", "tea \U0001f375"),
    ]
    events = subject.say(*drafts)

    assert [(type(event), *event[2:]) for event in events] == drafts
    assert all(earliest <= event.at <= time.time() for event in events)


def test_ids_are_above_zero_and_grow(subject: Subject) -> None:
    events = [event for _ in range(3) for event in subject.say((Said, "lobby", "alice", "hi"), (Joined, "x", "b", ""))]
    ids = [event.id for event in events]

    assert ids[0] > 0
    assert ids == sorted(set(ids))


def test_what_is_appended_together_is_one_batch(subject: Subject) -> None:
    subject.say(*[(Said, "lobby", "alice", str(number)) for number in range(10)])

    assert len(subject.batches) == 1


def test_what_is_appended_while_a_batch_is_handed_back_comes_after_it(subject: Subject) -> None:
    committed = subject.committed
    answered: list[str] = []

    def answer(batch: Sequence[Event]) -> None:
        committed(batch)
        for event in batch:
            if event.nickname == "alice":
                answered.append(event.text)
                subject.append(Said, "lobby", "echo", event.text)

    subject.log.start(answer, subject.failed)
    subject.append(Said, "lobby", "alice", "one")
    subject.append(Said, "lobby", "alice", "two")
    subject.pump_until(lambda: len(subject.events) == 4)

    assert [event.text for event in subject.events] == ["one", "two", "one", "two"]
    assert answered == ["one", "two"]


def test_recent_is_the_last_talk_of_one_room_oldest_first(subject: Subject) -> None:
    one, _, _, topic, last = subject.say(
        (Said, "lobby", "alice", "one"),
        (Joined, "lobby", "bob", ""),
        (Said, "garden", "alice", "elsewhere"),
        (TopicChanged, "lobby", "alice", "tea"),
        (Said, "lobby", "bob", "two"),
    )

    assert subject.recent("lobby", 10) == [one, topic, last]
    assert [type(event) for event in subject.recent("lobby", 10)] == [Said, TopicChanged, Said]
    assert subject.recent("lobby", 2) == [topic, last]
    assert subject.recent("lobby", 0) == []
    assert subject.recent("lobby", 10, last.id) == [one, topic]
    assert subject.recent("lobby", 1, topic.id) == [one]
    assert subject.recent("nowhere", 10) == []


def test_since_is_the_first_of_every_kind_in_some_rooms_oldest_first(subject: Subject) -> None:
    one, joined, garden, kitchen = subject.say(
        (Said, "lobby", "alice", "one"),
        (Joined, "lobby", "bob", ""),
        (Said, "garden", "alice", "two"),
        (Said, "kitchen", "alice", "three"),
    )

    assert subject.since({"lobby", "garden"}, 0) == [one, joined, garden]
    assert subject.since({"lobby", "garden"}, one.id) == [joined, garden]
    assert subject.since({"lobby", "garden"}, 0, 2) == [one, joined]
    assert subject.since({"lobby"}, kitchen.id) == []
    assert subject.since(set(), 0) == []


def test_questions_are_answered_in_the_order_in_which_they_were_asked(subject: Subject) -> None:
    subject.say((Said, "lobby", "alice", "hi"))
    answered: list[int] = []
    subject.log.recent("lobby", 1, None, lambda events: answered.append(1))
    subject.log.since(frozenset({"lobby"}), 0, 1, lambda events: answered.append(2))
    subject.log.recent("nowhere", 1, None, lambda events: answered.append(3))
    subject.pump_until(lambda: len(answered) == 3)

    assert answered == [1, 2, 3]


def test_stopping_keeps_and_hands_back_what_was_appended_first(subject: Subject) -> None:
    subject.append(Said, "lobby", "alice", "the last word")
    seen_before_done: list[str] = []
    subject.log.stop(lambda: seen_before_done.extend(event.text for event in subject.events))
    subject.pump_until(lambda: bool(seen_before_done))

    assert seen_before_done == ["the last word"]


@pytest.mark.parametrize("make", LOGS.values(), ids=LOGS.keys())
@given(drafts=DRAFTS, cuts=st.sets(st.integers(0, 30)), count=st.integers(0, 5), data=st.data())
def test_a_log_is_the_list_of_what_was_appended(
    make: Callable[[Subject], ILog], drafts: list[Draft], cuts: set[int], count: int, data: st.DataObject
) -> None:
    subject = Subject(make)
    for number, draft in enumerate(drafts):
        if number in cuts:
            subject.pump_until(lambda: len(subject.events) == number)  # noqa: B023 - it is done with before the next
        subject.append(*draft)
    subject.pump_until(lambda: len(subject.events) == len(drafts))
    events = subject.events
    pivot = data.draw(st.integers(0, events[-1].id + 1 if events else 1))
    talk = [event for event in events if isinstance(event, TALK) and event.room == "lobby"]
    shared = [event for event in events if event.room in ("garden", "lobby")]

    assert [(type(event), *event[2:]) for event in events] == drafts
    assert not subject.failures
    assert subject.recent("lobby", count) == talk[max(len(talk) - count, 0) :]
    older = [event for event in talk if event.id < pivot]
    assert subject.recent("lobby", count, pivot) == older[max(len(older) - count, 0) :]
    newer = [event for event in shared if event.id > pivot]
    assert subject.since({"garden", "lobby"}, pivot, count) == newer[:count]
    subject.stop()


def test_a_log_in_memory_forgets_the_oldest_beyond_its_capacity() -> None:
    subject = Subject(lambda subject: MemoryLog(subject.calls.append, time.time, capacity=3))
    events = subject.say(
        (Said, "garden", "alice", "one"),
        (Joined, "lobby", "alice", ""),
        *[(Said, "lobby", "alice", str(number)) for number in range(3)],
    )

    assert subject.since({"lobby", "garden"}, 0) == events[2:]
    assert subject.recent("lobby", 10) == events[2:]
    assert subject.recent("garden", 10) == []
