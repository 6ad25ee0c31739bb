"""What every log promises, held against each of them.

A log may answer at once or from another thread: :class:`Subject` waits for what a test expects.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from logs import LOGS, Draft, Subject, sqlite
from support import TIMEOUT
from zope.interface.verify import verifyObject

from chatroom.log.interface import ILog
from chatroom.log.memory import MemoryLog
from chatroom.log.sqlite import TRIM_EVERY
from chatroom.model.errors import ChatError, NothingToSearch
from chatroom.model.events import KINDS, TALK, Acted, Event, Joined, Left, Noticed, Quit, Renamed, Said, TopicChanged


@pytest.fixture(params=LOGS)
def subject(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Subject]:
    found = Subject(lambda subject: LOGS[request.param](subject, tmp_path))
    yield found
    found.stop()
    assert not found.broken


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
    drafts: list[Draft] = [
        (Joined, "lobby", "alice", ""),
        (Said, "lobby", "alice", "hi"),
        (TopicChanged, "garden", "bob", ""),
        (Renamed, "lobby", "alice", "al"),
        (Left, "lobby", "al", "tea \U0001f375"),
    ]
    events = subject.say(*drafts)

    assert [(type(event), *event[2:]) for event in events] == drafts
    assert {event.at for event in events} == {subject.now}


def test_what_is_nearly_the_same_comes_back_as_what_it_was(subject: Subject) -> None:
    subject.say(
        (Left, "lobby", "alice", "tea"),
        (Quit, "lobby", "alice", "tea"),
        (Said, "lobby", "alice", "tea"),
        (Noticed, "lobby", "alice", "tea"),
    )

    assert [type(event) for event in subject.since({"lobby"}, 0)] == [Left, Quit, Said, Noticed]
    assert [type(event) for event in subject.recent("lobby", 10)] == [Said, Noticed], "a notice is talk"
    found = subject.search_until("tea", lambda found: len(found) == 2)
    assert [type(event) for event in found] == [Said, Noticed]


def test_ids_are_above_zero_and_grow(subject: Subject) -> None:
    events = [event for _ in range(3) for event in subject.say((Said, "lobby", "alice", "hi"), (Joined, "x", "b", ""))]
    ids = [event.id for event in events]

    assert ids[0] > 0
    assert ids == sorted(set(ids))


def test_what_is_appended_together_is_one_batch(subject: Subject) -> None:
    subject.say(*[(Said, "lobby", "alice", str(number)) for number in range(10)])

    assert len(subject.batches) == 1


def test_what_is_appended_while_a_batch_is_handed_back_comes_after_it(subject: Subject) -> None:
    answered: list[str] = []

    def answer(batch: Sequence[Event]) -> None:
        for event in batch:
            if event.nickname == "alice":
                answered.append(event.text)
                subject.append(Said, "lobby", "echo", event.text)

    subject.then = answer
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


def test_the_first_event_since_a_time_is_found(subject: Subject) -> None:
    def first_since(at: float) -> int:
        answers: list[int] = []
        errors: list[ChatError] = []
        subject.log.first_since(at, answers.append, errors.append)
        subject.pump_until(lambda: bool(answers or errors))
        assert not errors
        return answers[0]

    assert first_since(0) == 1, "the first that there will be"
    start = subject.now
    events: list[Event] = []
    for seconds in (0, 10, 10, 20):
        subject.now = start + seconds
        events += subject.say((Said, "lobby", "alice", f"after {seconds}"))

    assert first_since(0) == first_since(start) == events[0].id
    assert first_since(start + 0.5) == first_since(start + 10) == events[1].id
    assert first_since(start + 10.5) == first_since(start + 20) == events[3].id
    assert first_since(start + 20.5) == events[3].id + 1


def test_a_question_is_answered_once_and_sees_what_was_committed_before_it(subject: Subject) -> None:
    answered: list[tuple[str, int]] = []
    asked: list[int] = []

    def ask(batch: Sequence[Event]) -> None:
        last = batch[-1].id
        asked.append(last)
        subject.log.recent(
            "lobby", 1, None, lambda events: answered.append(("recent", events[-1].id)), lambda error: None
        )
        subject.log.since(
            frozenset({"lobby"}),
            last - 1,
            1,
            lambda events: answered.append(("since", events[-1].id)),
            lambda error: None,
        )

    subject.then = ask
    for number in range(20):
        subject.append(Said, "lobby", "alice", str(number))
        if number % 3 == 0:
            subject.pump_until(lambda: len(subject.events) == number + 1)  # noqa: B023 - done with before the next
    subject.pump_until(lambda: len(subject.events) == 20 and len(answered) == 2 * len(asked))

    for kind in ("recent", "since"):
        found = [id_ for name, id_ in answered if name == kind]
        assert all(seen >= last for seen, last in zip(found, asked, strict=True))


def test_no_question_sees_what_was_not_handed_back_yet(subject: Subject) -> None:
    seen: list[tuple[str, int, int]] = []

    def check(name: str, events: Sequence[Event]) -> None:
        seen.append((name, events[-1].id if events else 0, subject.log.last_committed))

    for number in range(200):
        subject.append(Said, "lobby", "alice", f"tea {number}")
        subject.log.recent("lobby", 1, None, lambda events: check("recent", events), lambda error: None)
        subject.log.since(frozenset({"lobby"}), 0, 1000, lambda events: check("since", events), lambda error: None)
        if subject.calls:
            subject.calls.popleft()()
    subject.pump_until(lambda: len(subject.events) == 200 and len(seen) == 400)

    assert [entry for entry in seen if entry[1] > entry[2]] == []


def test_the_last_that_was_committed_is_known(subject: Subject) -> None:
    assert subject.log.last_committed == 0
    subject.append(Said, "lobby", "alice", "one")
    assert subject.log.last_committed == 0
    subject.pump_until(lambda: bool(subject.events))

    assert subject.log.last_committed == subject.events[-1].id


def test_stopping_keeps_and_hands_back_what_was_appended_first(subject: Subject) -> None:
    subject.append(Said, "lobby", "alice", "first")
    # Some of it is on its way by now.
    subject.calls.popleft()()
    for number in range(100):
        subject.append(Said, "lobby", "alice", str(number))
    seen_before_done: list[str] = []
    subject.log.stop(lambda: seen_before_done.extend(event.text for event in subject.events))
    subject.pump_until(lambda: bool(seen_before_done))

    assert seen_before_done == ["first", *map(str, range(100))]


# Searching.


def test_words_are_found_in_talk_of_one_room_oldest_first(subject: Subject) -> None:
    one, two, *_ = subject.say(
        (Said, "lobby", "alice", "Tea is ready"),
        (Acted, "lobby", "bob", "drinks tea"),
        (Said, "lobby", "alice", "coffee is not"),
        (Said, "garden", "alice", "tea is elsewhere"),
        (Left, "lobby", "alice", "tea"),
        (Joined, "lobby", "tea", ""),
    )
    subject.indexed()

    assert subject.search("tea") == [one, two]
    assert subject.search("tea", count=1) == [two]
    assert subject.search("tea", room="nowhere") == []
    assert subject.search("cake") == []


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("ready tea", ["Tea is ready"]),
        ("TEA READY", ["Tea is ready"]),
        ("ready cake", []),
        ("ÜBER", ["Über den Wolken", "und über"]),
        ("über", ["Über den Wolken", "und über"]),
        ("日本", ["日本語を話す", "ich mag tea日本"]),
        ("本語", ["日本語を話す"]),
        ("語本", []),
        ("聊天", ["我们在聊天室里"]),
        ("ラーメン", ["ラーメンとビール"]),
        ("안녕", ["안녕하세요 여러분"]),
        ("日本 話す", ["日本語を話す"]),
        ("café", ["un café, s'il vous plaît"]),
        ("plaît un", ["un café, s'il vous plaît"]),
        ("42", ["the answer is 42"]),
        ("tea日本", ["ich mag tea日本"]),
    ],
)
def test_words_of_many_scripts_are_found(subject: Subject, words: str, found: list[str]) -> None:
    subject.say(
        *[
            (Said, "lobby", "alice", text)
            for text in (
                "Tea is ready",
                "und über",
                "Über den Wolken",
                "日本語を話す",
                "我们在聊天室里",
                "ラーメンとビール",
                "안녕하세요 여러분",
                "un café, s'il vous plaît",
                "the answer is 42",
                "ich mag tea日本",
            )
        ]
    )
    subject.indexed()

    assert sorted(subject.texts(words)) == sorted(found)


OPERATORS = [
    *("tea AND", "OR tea", "NOT tea", "tea NEAR cake", "tea*", "^tea", "-tea", "tea + cake", "text:tea", "room : tea"),
    *('"tea', 'tea"', '"tea" "cake"', "(tea", "tea)", "{tea}", "tea'; DROP TABLE event; --", "tea,cake", "%tea_", "?1"),
    *("tea \x00 cake", "tea \ud7ff", "'tea'", "\\tea", "r1 tea", "{room} : r2", "NEAR(tea cake, 5)", ":tea", "tea;"),
]


@pytest.mark.parametrize("words", OPERATORS)
def test_what_means_something_to_an_index_is_searched_for_as_words(subject: Subject, words: str) -> None:
    subject.say((Said, "garden", "alice", "tea cake AND OR NOT NEAR 1 5"), (Said, "lobby", "alice", f"oh: {words}"))
    subject.indexed()

    assert f"oh: {words}" in subject.texts(words), "it finds itself"
    assert all(event.room == "lobby" for event in subject.search(words))
    assert subject.say((Said, "lobby", "alice", "still here"))


@pytest.mark.parametrize("words", ["", " ", "!", '""', "* - ( )", "\u3000", "...", "👋"])
def test_where_there_is_no_word_to_search_for_it_says_so(subject: Subject, words: str) -> None:
    subject.say((Said, "lobby", "alice", f"hi {words}"))

    with pytest.raises(NothingToSearch):
        subject.search(words)


@pytest.fixture(params=LOGS, scope="module")
def searched(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Subject]:
    """One log for all examples, since making one takes longer than asking it."""
    folder = tmp_path_factory.mktemp("searched")
    found = Subject(lambda subject: LOGS[request.param](subject, folder))
    found.say((Said, "lobby", "alice", "tea"), (Said, "garden", "alice", "tea"))
    yield found
    found.stop()


@given(words=st.text(max_size=20))
def test_whatever_is_searched_for_is_answered(searched: Subject, words: str) -> None:
    try:
        assert all(event.room == "lobby" for event in searched.search(words))
    except NothingToSearch:
        assert not any(character.isalnum() for character in words)


# Forgetting.


@pytest.mark.parametrize("make", LOGS.values(), ids=LOGS.keys())
def test_no_more_are_kept_than_may_be(make: Callable[..., ILog], tmp_path: Path) -> None:
    subject = Subject(lambda subject: make(subject, tmp_path, keep_events=1000))
    for start in range(0, 3000, 100):
        subject.say(*[(Said, "lobby", "alice", str(number)) for number in range(start, start + 100)])
    subject.now += TRIM_EVERY
    subject.say((Joined, "lobby", "bob", ""))
    deadline = time.monotonic() + TIMEOUT
    while (kept := subject.since({"lobby"}, 0, 5000)) != subject.events[-1000:]:
        assert time.monotonic() < deadline, f"{len(kept)} are kept"
    last = subject.log.last_committed
    (event,) = subject.say((Said, "lobby", "alice", "goes on"))
    subject.stop()

    assert event.id > last


@pytest.mark.parametrize("make", [sqlite])
def test_nothing_is_kept_longer_than_it_may_be(make: Callable[..., ILog], tmp_path: Path) -> None:
    subject = Subject(lambda subject: make(subject, tmp_path, keep_seconds=3600))
    for _ in range(12):
        subject.say(*[(Said, "lobby", "alice", f"at {subject.now} {number}") for number in range(100)])
        subject.now += 600
    subject.say((Said, "lobby", "alice", "now"))
    young = [event for event in subject.events if event.at >= subject.now - 3600]
    deadline = time.monotonic() + TIMEOUT
    while (kept := subject.since({"lobby"}, 0, 5000)) != young:
        assert time.monotonic() < deadline, f"{len(kept)} are kept and not {len(young)}"
    assert len(young) < len(subject.events)
    subject.stop()


@pytest.mark.parametrize("make", [sqlite])
def test_the_last_event_is_kept_however_old_so_that_ids_go_on(make: Callable[..., ILog], tmp_path: Path) -> None:
    subject = Subject(lambda subject: make(subject, tmp_path, keep_seconds=1))
    subject.say(*[(Said, "lobby", "alice", str(number)) for number in range(10)])
    subject.now += 1_000_000
    (last,) = subject.say((Said, "lobby", "alice", "last"))
    deadline = time.monotonic() + TIMEOUT
    while subject.since({"lobby"}, 0) != [last]:
        assert time.monotonic() < deadline
    subject.stop()
    again = Subject(lambda subject: make(subject, tmp_path, keep_seconds=1))
    assert again.log.last_committed == last.id
    (event,) = again.say((Said, "lobby", "alice", "again"))
    again.stop()

    assert event.id > last.id


# As a whole.


@pytest.mark.parametrize("make", LOGS.values(), ids=LOGS.keys())
@settings(deadline=None)
@given(drafts=DRAFTS, cuts=st.sets(st.integers(0, 30)), count=st.integers(0, 5), pivot=st.integers(0, 35))
def test_a_log_is_the_list_of_what_was_appended(
    make: Callable[..., ILog], drafts: list[Draft], cuts: set[int], count: int, pivot: int
) -> None:
    with TemporaryDirectory() as folder:
        subject = Subject(lambda subject: make(subject, Path(folder)))
        for number, draft in enumerate(drafts):
            if number in cuts:
                subject.pump_until(lambda: len(subject.events) == number)  # noqa: B023 - done with before the next
            subject.append(*draft)
        subject.pump_until(lambda: len(subject.events) == len(drafts))
        events = subject.events
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
    subject = Subject(lambda subject: MemoryLog(subject.call, time.time, capacity=3))
    events = subject.say(
        (Said, "garden", "alice", "one"),
        (Joined, "lobby", "alice", ""),
        *[(Said, "lobby", "alice", str(number)) for number in range(3)],
    )

    assert subject.since({"lobby", "garden"}, 0) == events[2:]
    assert subject.recent("lobby", 10) == events[2:]
    assert subject.recent("garden", 10) == []
