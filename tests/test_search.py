"""The index of what was said: what it finds, and that it is made again whenever it is not what it should be."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from collections import defaultdict
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from queue import SimpleQueue

import pytest
from hypothesis import given
from hypothesis import strategies as st
from logs import Subject, draft, said, sqlite
from support import TIMEOUT

from chatroom.log import search
from chatroom.log.search import VERSION, SearchIndex, match_expression
from chatroom.log.trimming import TRIM_EVERY
from chatroom.model.errors import NothingToSearch, SearchTooLong
from chatroom.model.events import Event, Said, TopicChanged


def opened(folder: Path, keep_events: int = 0) -> Subject:
    return Subject(lambda subject: sqlite(subject, folder, keep_events=keep_events))


def closed_log(folder: Path) -> Path:
    """A log that says tea and cake, fully indexed and stopped; the file of its index."""
    subject = opened(folder)
    subject.say(said("tea"), said("cake"))
    subject.indexed()
    subject.stop()
    return folder / "history-search"


# What is asked for.


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        ("tea", '"tea"'),
        ("tea  cake", '"tea" AND "cake"'),
        ('"tea" OR', '"tea" AND "or"'),
        ("Tea TEA café", '"tea" AND "cafe"'),
        ("don't", '"don t"'),
        ("tea - cake", '"tea" AND "cake"'),
        ("日本", '"日 本"'),
        ("x日y", '"x 日 y"'),
    ],
)
def test_all_of_the_words_are_asked_for_as_phrases(words: str, asked: str) -> None:
    assert match_expression(7, 3, words) == f"{{room}} : r7b3 AND {{text}} : ({asked})"


@given(st.text())
def test_whatever_is_asked_for_the_index_understands_it(words: str) -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE VIRTUAL TABLE words USING fts5 (room, text)")
        try:
            asked = match_expression(1, 2, words)
        except (NothingToSearch, SearchTooLong):
            return
        assert connection.execute("SELECT * FROM words WHERE words MATCH ?", (asked,)).fetchall() == []


def test_a_word_is_found_with_and_without_its_accents(tmp_path: Path) -> None:
    subject = opened(tmp_path)
    with_accents, without = subject.say(said("Crème brûlée"), said("creme brulee", nickname="bob"))
    subject.indexed()

    for words in ("crème", "CREME", "brulee crème"):
        assert subject.search(words) == [with_accents, without]
    subject.stop()


def test_what_was_said_a_moment_ago_is_found(tmp_path: Path) -> None:
    subject = opened(tmp_path)
    for word in ("tea", "cake", "milk", "sugar", "lemon"):
        assert subject.say(said(word)) == subject.search(word)
    subject.stop()


def test_a_part_of_a_word_is_not_the_word(tmp_path: Path) -> None:
    subject = opened(tmp_path)
    subject.say(said("steal the teapot"))
    subject.indexed()

    assert subject.search("tea") == []
    subject.stop()


def test_topics_are_found_and_what_was_found_is_whole(tmp_path: Path) -> None:
    subject = opened(tmp_path)
    events = subject.say(draft(TopicChanged, "lobby", "alice", "tea at five"), said("Tea! \U0001f375", nickname="bob"))
    subject.indexed()
    found = subject.search("tea")

    assert found == events
    assert [type(event) for event in found] == [TopicChanged, Said]
    subject.stop()


def test_a_search_goes_back_block_by_block_until_it_has_found_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "BLOCK", 7)
    subject = opened(tmp_path)
    events = subject.say(
        *[
            said(f"{'tea' if number % 3 else 'cake'} {number}", room="lobby" if number % 40 else "attic")
            for number in range(200)
        ]
    )
    subject.indexed()

    for room in ("lobby", "attic"):
        for word in ("tea", "cake", "milk"):
            there = [event for event in events if event.room == room and word in event.text]
            for count in (1, 5, 1000):
                assert subject.search(word, room, count) == there[-count:]
    subject.stop()


def test_a_dear_search_keeps_a_cheap_one_waiting_for_a_piece_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "BLOCK", 2)
    subject = opened(tmp_path)
    subject.say(*[said(f"tea {number} {'日本' * 50}") for number in range(1000)], said("honest"))
    subject.indexed()
    told: list[str] = []

    def answered(name: str) -> Callable[[object], None]:
        return lambda found: told.append(name)

    for number in range(10):
        name = f"dear {number}"
        subject.log.search("lobby", "日" * 100, 20, answered(name), answered(name), asker=Payer())
    subject.log.search("lobby", "honest", 1, answered("honest"), answered("honest"), asker=Payer())
    subject.pump_until(lambda: len(told) == 11)

    assert told[0] == "honest"
    subject.stop()


class Payer:
    """Somebody who asks."""

    def charge(self, seconds: float) -> None:
        """It is of no interest here."""


# The index follows, and is made again.


def gone(path: Path) -> None:
    path.unlink()


def no_database(path: Path) -> None:
    path.write_bytes(b"Dear diary, " * 1000)


def damaged(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[100:] = b"\xa5" * (len(content) - 100)
    path.write_bytes(content)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def of_a_newer_version(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        file.execute(f"PRAGMA user_version = {VERSION + 1}")
        file.execute("DROP TABLE position")


def of_an_older_version(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        file.execute(f"PRAGMA user_version = {VERSION - 1}")
        file.execute("INSERT INTO words (words) VALUES ('delete-all')")


@pytest.mark.parametrize("harm", [gone, no_database, damaged, empty, of_a_newer_version, of_an_older_version])
def test_an_index_that_is_not_right_is_made_again(tmp_path: Path, harm: Callable[[Path], None]) -> None:
    harm(closed_log(tmp_path))
    subject = opened(tmp_path)

    assert [event.text for event in subject.search_until("tea", bool)] == ["tea"]
    (event,) = subject.say(said("more tea"))
    assert subject.search_until("tea", lambda found: len(found) == 2)[-1] == event
    subject.stop()


def test_an_index_that_is_behind_catches_up(tmp_path: Path) -> None:
    index = closed_log(tmp_path)
    shutil.copy(index, tmp_path / "behind")
    subject = opened(tmp_path)
    subject.say(*[said(f"tea {number}") for number in range(3000)])
    subject.stop()
    index.unlink()
    (tmp_path / "behind").rename(index)
    again = opened(tmp_path)

    again.search_until("2999", bool)
    assert len(again.search("tea", count=5000)) == 3001
    again.stop()


def test_an_index_that_is_ahead_of_its_log_is_made_again(tmp_path: Path) -> None:
    index = closed_log(tmp_path)
    shutil.copy(tmp_path / "history", tmp_path / "backup")
    subject = opened(tmp_path)
    subject.say(said("coffee"), said("coffee again"))
    subject.search_until("coffee", lambda found: len(found) == 2)
    subject.stop()
    (tmp_path / "backup").rename(tmp_path / "history")
    again = opened(tmp_path)
    (event,) = again.say(said("water"))

    assert index.exists()
    assert again.search_until("water", bool) == [event]
    assert again.search("coffee") == []
    assert [event.text for event in again.search("tea")] == ["tea"]
    again.stop()


def test_what_was_trimmed_is_not_found_before_and_after_the_index_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "BEGIN_AGAIN_AFTER", 1000)
    subject = opened(tmp_path, keep_events=100)
    subject.say(*[said(f"tea {number}") for number in range(500)])
    subject.indexed()
    subject.now += TRIM_EVERY
    subject.say(said("tea at last"))
    subject.search_until("tea", lambda found: len(found) < 100)
    assert subject.search("250") == []
    for _ in range(4):
        subject.now += TRIM_EVERY
        subject.say(*[said(f"coffee {number}") for number in range(500)])
        subject.search_until("coffee 499", bool)
    subject.now += TRIM_EVERY
    subject.indexed()
    kept = [event for event in subject.events[-100:] if event.text.startswith("coffee")]
    subject.search_until("coffee", lambda found: found == kept)

    assert subject.search("tea") == []
    subject.stop()
    with closing(sqlite3.connect(tmp_path / "history-search")) as file:
        begin, _ = file.execute("SELECT begin, indexed FROM position").fetchone()
        assert begin > 1, "it was not made again"


class Watched(SearchIndex):
    """Notes which threads set each of its attributes."""

    threads: dict[str, set[str]] = defaultdict(set)

    def __setattr__(self, name: str, value: object) -> None:
        self.threads[name].add(threading.current_thread().name)
        super().__setattr__(name, value)


def test_each_attribute_of_the_index_is_one_thread_s_alone(tmp_path: Path) -> None:
    """Two threads that both decide whether the index is being worked on may both begin."""
    closed_log(tmp_path).unlink()
    loop: SimpleQueue[Callable[[], None]] = SimpleQueue()
    index = Watched(str(tmp_path / "history"), loop.put)
    deaths: list[BaseException] = []
    index.start(deaths.append)
    answers: list[list[Event]] = []
    for last in range(1, 4):
        index.catch_up(last)
        index.ask("lobby", "tea", 1, lambda events: answers.append(list(events)), lambda error: None, asker=None)
        while len(answers) < last:
            loop.get(timeout=TIMEOUT)()
    index.stop()
    index.close()

    assert not deaths
    assert [event.text for event in answers[-1]] == ["tea"]
    assert {name for name, threads in Watched.threads.items() if len(threads) > 1} == set()


def test_stopping_does_not_wait_for_the_index_which_goes_on_from_there(tmp_path: Path) -> None:
    subject = opened(tmp_path)
    subject.say(*[said(f"tea {number}") for number in range(20_000)])
    subject.stop()
    again = opened(tmp_path)

    assert again.search_until("19999", bool)
    again.stop()
