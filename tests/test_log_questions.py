"""What every log promises of questions: what they are answered with, and when. Held against each log that there is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kinds import new_kind
from logs import LOGS, Subject, draft, said

from chatroom.model.errors import ChatError, NothingToSearch, SearchTooLong
from chatroom.model.events import Acted, Event, Joined, Left, Said, TopicChanged
from chatroom.model.words import query_of, words_in


def test_recent_are_the_last_counted_events_of_one_room_oldest_first(subject: Subject) -> None:
    one, _, _, topic, last = subject.say(
        said("one"),
        draft(Joined, "lobby", "bob"),
        said("elsewhere", room="garden"),
        draft(TopicChanged, "lobby", "alice", "tea"),
        said("two", nickname="bob"),
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
        said("one"),
        draft(Joined, "lobby", "bob"),
        said("two", room="garden"),
        said("three", room="kitchen"),
    )

    assert subject.since({"lobby", "garden"}, 0) == [one, joined, garden]
    assert subject.since({"lobby", "garden"}, one.id) == [joined, garden]
    assert subject.since({"lobby", "garden"}, 0, 2) == [one, joined]
    assert subject.since({"lobby"}, kitchen.id) == []
    assert subject.since(set(), 0) == []


def test_the_first_event_since_a_time_is_found(subject: Subject) -> None:
    first_since = subject.first_since
    assert first_since(0) == 1, "the first that there will be"
    start = subject.now
    events: list[Event] = []
    for seconds in (0, 10, 10, 20):
        subject.now = start + seconds
        events += subject.say(said(f"after {seconds}"))

    assert first_since(0) == first_since(start) == events[0].id
    assert first_since(start + 0.5) == first_since(start + 10) == events[1].id
    assert first_since(start + 10.5) == first_since(start + 20) == events[3].id
    assert first_since(start + 20.5) == events[3].id + 1


def test_a_question_is_answered_once_and_sees_what_was_committed_before_it(subject: Subject) -> None:
    # The question, the last event when it was asked, and the last that its answer saw. Questions of nobody in
    # particular are answered in any order.
    answered: list[tuple[str, int, int]] = []
    asked: list[int] = []

    def ask(batch: Sequence[Event]) -> None:
        last = batch[-1].id
        asked.append(last)
        subject.log.recent(
            "lobby", 1, None, lambda events: answered.append(("recent", last, events[-1].id)), lambda error: None
        )
        subject.log.since(
            frozenset({"lobby"}),
            last - 1,
            1,
            lambda events: answered.append(("since", last, events[-1].id)),
            lambda error: None,
        )

    subject.then = ask
    for number in range(20):
        subject.append(said(str(number)))
        if number % 3 == 0:
            subject.pump_until(lambda: len(subject.events) == number + 1)  # noqa: B023 - done with before the next
    subject.pump_until(lambda: len(subject.events) == 20 and len(answered) == 2 * len(asked))

    assert sorted((kind, last) for kind, last, _ in answered) == sorted(
        (kind, last) for last in asked for kind in ("recent", "since")
    )
    assert all(seen >= last for _, last, seen in answered)


def test_no_question_sees_what_was_not_handed_back_yet(subject: Subject) -> None:
    seen: list[tuple[str, int, int]] = []

    def check(name: str, events: Sequence[Event]) -> None:
        seen.append((name, events[-1].id if events else 0, subject.log.last_committed))

    for number in range(200):
        subject.append(said(f"tea {number}"))
        subject.log.recent("lobby", 1, None, lambda events: check("recent", events), lambda error: None)
        subject.log.since(frozenset({"lobby"}), 0, 1000, lambda events: check("since", events), lambda error: None)
        if subject.calls:
            subject.calls.popleft()()
    subject.pump_until(lambda: len(subject.events) == 200 and len(seen) == 400)

    assert [entry for entry in seen if entry[1] > entry[2]] == []


def test_an_event_that_is_not_searched_may_be_counted_and_the_other_way_round(subject: Subject) -> None:
    with new_kind("waved", Event, searched=False) as waved, new_kind("muttered", Event, counted=False) as muttered:
        one, hello, aside = subject.say(
            said("tea"), draft(waved, "lobby", "alice", "tea"), draft(muttered, "lobby", "alice", "tea")
        )
        assert subject.recent("lobby", 10) == [one, hello]
        subject.indexed()
        assert subject.search("tea") == [one, aside]
        assert subject.since({"lobby"}, 0, 3) == [one, hello, aside]


# Searching.


def test_words_are_found_in_one_room_oldest_first(subject: Subject) -> None:
    one, two, *_ = subject.say(
        said("Tea is ready"),
        draft(Acted, "lobby", "bob", "drinks tea"),
        said("coffee is not"),
        said("tea is elsewhere", room="garden"),
        draft(Left, "lobby", "alice", "tea"),
        draft(Joined, "lobby", "tea"),
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
        ("ежик", ["ЁЖИК и ёлка"]),
        ("ЁЛКА", ["ЁЖИК и ёлка"]),
        ("محمد", ["مُحَمَّد رَسُول"]),
        ("की", []),
        ("के", ["यह के है"]),
        ("lodz", ["Łódź"]),
        ("สวัสดี", ["สวัสดีครับ"]),
        ("カ", []),
    ],
)
def test_words_of_many_scripts_are_found(subject: Subject, words: str, found: list[str]) -> None:
    subject.say(
        *[
            said(text)
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
                *("ЁЖИК и ёлка", "مُحَمَّد رَسُول", "यह का है", "यह के है", "किताब", "कामिल", "Łódź", "สวัสดีครับ", "ガス"),
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
def test_operators_of_an_index_are_searched_for_as_words(subject: Subject, words: str) -> None:
    subject.say(said("tea cake AND OR NOT NEAR 1 5", room="garden"), said(f"oh: {words}"))
    subject.indexed()

    assert f"oh: {words}" in subject.texts(words), "it finds itself"
    assert all(event.room == "lobby" for event in subject.search(words))
    assert subject.say(said("still here"))


@pytest.mark.parametrize("words", ["", " ", "!", '""', "* - ( )", "\u3000", "...", "👋"])
def test_where_there_is_no_word_to_search_for_it_says_so(subject: Subject, words: str) -> None:
    subject.say(said(f"hi {words}"))

    for room in ("lobby", "nowhere"):
        with pytest.raises(NothingToSearch):
            subject.search(words, room)


@pytest.fixture(params=LOGS, scope="module")
def searched(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Subject]:
    """One log for all examples, since making one takes longer than asking it."""
    folder = tmp_path_factory.mktemp("searched")
    found = Subject(lambda subject: LOGS[request.param](subject, folder))
    found.say(said("tea"), said("tea", room="garden"))
    yield found
    found.stop()


@given(words=st.text(max_size=20))
def test_whatever_is_searched_for_is_answered(searched: Subject, words: str) -> None:
    try:
        assert all(event.room == "lobby" for event in searched.search(words))
    except NothingToSearch:
        assert not words_in(words)


SAID = (
    "tea",
    "té日本語",
    "e x é",
    "가나 다",
    "e\u0301x1 e",
    "が日か",
    "ه مُه",
    "е ё\u0301",
    "की क ि",
    "ดี ด",
    "a_b'c",
    "日 本",
    "ａ1 ½",
)


@pytest.fixture(params=LOGS, scope="module")
def of_many_scripts(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Subject]:
    folder = tmp_path_factory.mktemp("scripts")
    found = Subject(lambda subject: LOGS[request.param](subject, folder))
    found.say(*map(said, SAID))
    found.indexed()
    yield found
    found.stop()


@given(words=st.text(sorted({*"".join(SAID), " "}), min_size=1, max_size=6))
def test_every_log_finds_the_same(of_many_scripts: Subject, words: str) -> None:
    if words_in(words):
        assert of_many_scripts.texts(words) == [text for text in SAID if query_of(words).matches(text)]


@pytest.mark.parametrize("words", ["日" * 1300, "tea " * 100])
def test_what_is_too_much_to_search_for_is_refused(subject: Subject, words: str) -> None:
    with pytest.raises(SearchTooLong):
        subject.search(words)


# Pages, turns, and the end of questions.


def never(error: ChatError) -> None:
    """Nothing fails here."""
    raise AssertionError(str(error))


class Member:
    """Somebody who asks, and pays for it."""

    def __init__(self) -> None:
        self.paid = 0.0

    def charge(self, seconds: float) -> None:
        self.paid += seconds


def test_a_history_is_read_page_by_page_by_ids(subject: Subject) -> None:
    events = subject.say(*[said(str(number)) for number in range(20)], draft(Joined, "lobby", "bob"), said("last"))
    counted = [event for event in events if event.counted]
    log = subject.log
    ids = subject.ask(partial(log.recent_ids, "lobby", 5, None))

    assert ids == [event.id for event in counted[-5:]]
    assert subject.ask(partial(log.recent_ids, "lobby", 3, counted[5].id)) == [event.id for event in counted[2:5]]
    assert subject.ask(partial(log.recent_ids, "nowhere", 3, None)) == []
    assert subject.ask(partial(log.with_ids, ids)) == counted[-5:]
    assert subject.ask(partial(log.with_ids, [events[0].id, events[-1].id + 7])) == [events[0]]
    assert subject.ask(partial(log.with_ids, [])) == []


@pytest.mark.parametrize("question", ["search", "since"])
def test_who_asks_pays_and_is_answered_no_more_when_they_have_gone(subject: Subject, question: str) -> None:
    subject.say(*[said(f"tea {number}") for number in range(500)])
    subject.indexed()
    gone, stays = Member(), Member()
    answered: list[str] = []

    def ask(asker: Member, name: str) -> None:
        def answer(events: Sequence[Event]) -> None:
            answered.append(name)

        if question == "search":
            subject.log.search("lobby", "tea", 20, answer, never, asker=asker)
        else:
            subject.log.since(frozenset({"lobby"}), 0, 200, answer, never, asker=asker)

    ask(gone, "gone")
    subject.log.drop(gone)
    ask(stays, "stays")
    subject.pump_until(lambda: "stays" in answered)

    assert answered == ["stays"]
    assert stays.paid > 0


def test_a_log_stops_in_the_middle_of_questions(subject: Subject) -> None:
    subject.say(*[said(f"tea {number}") for number in range(500)])
    asked: list[str] = []
    for _ in range(200):
        subject.log.search("lobby", "tea cake", 20, lambda events: asked.append("search"), never, asker=Member())
        subject.log.since(frozenset({"lobby"}), 0, 200, lambda events: asked.append("since"), never)
    subject.stop()

    assert len(asked) < 400
