"""What every log promises of removals: a mark stays, the text is in no answer, and on disk in no file."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from logs import Subject, draft, opened, said, talk
from support import TIMEOUT

from chatroom.log.sqlite import SQLiteLog
from chatroom.log.trimming import TRIM_EVERY
from chatroom.model.errors import AlreadyKept, ChatError, NoSuchMessage
from chatroom.model.events import Acted, Draft, Event, Joined, Removal, Removed, Said, TopicChanged

SECRET = "xyzzy-plugh"


def removal(*ids: int, room: str = "lobby", reason: str = "spam", **fields: Any) -> Draft:
    """The draft of bob's removal of alice's messages."""
    if len(ids) == 1:
        return draft(Removal, room, "bob", reason, about=ids[0], extras={"nick": "alice"}, **fields)
    return draft(Removal, room, "bob", reason, extras={"nick": "alice", "ids": list(ids)}, **fields)


def mark(event: Event, removed_by: Event) -> Removed:
    return Removed(
        *(event.id, event.at, event.room, event.member, event.nickname, removed_by.text),
        *(removed_by.id, {"by": removed_by.nickname}, event.ref),
    )


def with_ids(subject: Subject, *ids: int) -> list[Event]:
    found: list[Event] = []
    errors: list[ChatError] = []
    subject.log.with_ids(ids, found.extend, errors.append)
    subject.pump_until(lambda: bool(found or errors))
    return found


def test_a_mark_stays_in_the_place_of_a_message_that_was_removed(subject: Subject) -> None:
    before, message, after = subject.say(
        said("before"), said(SECRET, about=1, extras={"tags": {"+a": SECRET}}), said("after")
    )
    (removed,) = subject.say(removal(message.id))

    stays = mark(message, removed)
    assert isinstance(removed, Removal)
    assert removed.ids == (message.id,)
    assert subject.recent("lobby", 10) == [before, stays, after]
    assert subject.since({"lobby"}, 0) == [before, stays, after, removed]
    assert with_ids(subject, message.id) == [stays]
    assert subject.search(SECRET) == []


def test_a_room_that_was_read_before_has_the_mark_as_well(subject: Subject) -> None:
    (message,) = subject.say(said(SECRET))
    assert subject.recent("lobby", 10) == [message]
    (removed,) = subject.say(removal(message.id))

    assert subject.recent("lobby", 10) == [mark(message, removed)]


def test_a_room_that_is_read_while_a_message_is_removed_has_the_mark(tmp_path: Path) -> None:
    subject = opened(tmp_path)
    (message,) = subject.say(said(SECRET))
    answers: list[list[Event]] = []
    subject.log.recent("lobby", 10, None, lambda events: answers.append(list(events)), lambda error: None)
    # The file has been read, and the answer waits in the loop, when the removal is told.
    deadline = time.monotonic() + TIMEOUT
    while not subject.calls:
        assert time.monotonic() < deadline
    held = subject.calls.popleft()
    (removed,) = subject.say(removal(message.id))
    subject.call(held)
    subject.pump_until(lambda: bool(answers))

    assert answers == [[mark(message, removed)]]
    subject.stop()


def test_several_are_removed_at_once_and_those_that_are_gone_are_passed_over(subject: Subject) -> None:
    messages = subject.say(*(said(f"{SECRET} {number}") for number in range(5)))
    (first,) = subject.say(removal(messages[1].id))
    (second,) = subject.say(removal(*(message.id for message in messages)))

    assert second.extras == {"nick": "alice", "ids": [messages[n].id for n in (0, 2, 3, 4)]}
    assert subject.recent("lobby", 10) == [
        mark(message, first if index == 1 else second) for index, message in enumerate(messages)
    ]


@pytest.mark.parametrize(
    "other",
    [
        draft(Joined, "lobby", "alice"),
        draft(TopicChanged, "lobby", "alice", "tea"),
        said("elsewhere", room="garden"),
    ],
)
def test_a_removal_of_what_is_no_message_of_the_room_is_refused_and_changes_nothing(
    subject: Subject, other: Draft
) -> None:
    (event,) = subject.say(other)
    tokens = [subject.append(removal(id_)) for id_ in (event.id, event.id + 1, 2**62)]
    subject.settle()

    assert [type(subject.refusals[token]) for token in tokens] == [NoSuchMessage] * 3
    assert subject.since({"lobby", "garden"}, 0) == [event]


def test_the_same_message_is_removed_once_though_two_ask_in_one_batch(subject: Subject) -> None:
    (message,) = subject.say(said(SECRET))
    first, second = subject.append(removal(message.id)), subject.append(removal(message.id, reason="me too"))
    subject.settle()

    assert first not in subject.refusals
    assert isinstance(subject.refusals[second], NoSuchMessage)
    assert subject.recent("lobby", 10)[0].text == "spam"


def test_a_message_that_is_removed_in_its_own_batch_is_shown_to_nobody(subject: Subject) -> None:
    subject.say(said("first"))
    id_ = subject.log.last_committed + 1
    subject.append(said(SECRET))
    subject.append(removal(id_))
    subject.append(said("after"))
    subject.settle()

    assert len(subject.batches) == 2
    assert [type(event) for event in subject.batches[-1]] == [Removed, Removal, Said]
    assert SECRET not in repr(subject.batches)
    assert SECRET not in repr(subject.since({"lobby"}, 0))


def test_a_message_that_was_removed_is_not_kept_a_second_time(subject: Subject) -> None:
    (message,) = subject.say(said(SECRET, ref="1"))
    subject.say(removal(message.id, ref="2"))
    again, twice = subject.append(said(SECRET, ref="1")), subject.append(removal(message.id, ref="2"))
    subject.settle()

    assert [type(subject.refusals[token]) for token in (again, twice)] == [AlreadyKept] * 2
    assert SECRET not in repr(subject.recent("lobby", 10))


def test_actions_are_removed_as_well(subject: Subject) -> None:
    (message,) = subject.say(draft(Acted, "lobby", "alice", SECRET))
    (removed,) = subject.say(removal(message.id))
    assert subject.recent("lobby", 1) == [mark(message, removed)]


# On disk.


def text_in(folder: Path, text: str) -> list[str]:
    """The files that have ``text``, or a part of it that is a word."""
    parts = [text.encode(), *(word.encode() for word in text.split("-"))]
    return [file.name for file in sorted(folder.iterdir()) if any(part in file.read_bytes() for part in parts)]


def until(subject: Subject, done: Callable[[], bool]) -> None:
    subject.wait_until(done)


@pytest.mark.parametrize("size", [1, 2000])
def test_no_file_has_the_text_of_a_message_that_was_removed(tmp_path: Path, size: int) -> None:
    subject = opened(tmp_path)
    talk(subject, 300)
    (message,) = subject.say(said(" ".join([SECRET] * size)))
    talk(subject, 300)
    subject.search_until(SECRET, bool)
    assert text_in(tmp_path, SECRET), "it is there before"

    subject.say(removal(message.id))
    until(subject, lambda: not text_in(tmp_path, SECRET))
    subject.stop()
    assert text_in(tmp_path, SECRET) == []
    again = opened(tmp_path)
    assert [event.text for event in again.since({"lobby"}, message.id - 1, 1)] == ["spam"]
    assert again.search("299")
    again.stop()


def test_a_message_that_is_not_indexed_yet_leaves_nothing_in_the_index(tmp_path: Path) -> None:
    subject = opened(tmp_path)
    (message,) = subject.say(said(SECRET))
    subject.say(removal(message.id))
    subject.indexed()
    until(subject, lambda: not text_in(tmp_path, SECRET))
    assert subject.search(SECRET) == []
    subject.stop()


def test_an_index_that_was_not_cleaned_is_made_again(tmp_path: Path) -> None:
    subject = opened(tmp_path)
    (message, _) = subject.say(said(SECRET), said("tea"))
    subject.search_until(SECRET, bool)
    subject.stop()
    copy = {file.name: file.read_bytes() for file in tmp_path.iterdir() if file.name.startswith("history-search")}
    subject = opened(tmp_path)
    subject.say(removal(message.id))
    subject.stop()
    for name, content in copy.items():
        (tmp_path / name).write_bytes(content)

    again = opened(tmp_path)
    again.search_until("tea", bool)
    again.stop()
    assert text_in(tmp_path, SECRET) == []


def test_the_files_are_in_order_after_a_removal(tmp_path: Path) -> None:
    subject = opened(tmp_path, watch_every=0.01)
    (message,) = subject.say(said(SECRET))
    subject.say(removal(message.id))
    until(subject, lambda: not text_in(tmp_path, SECRET))
    subject.say(said("after"))
    assert subject.errors == []
    assert [event.text for event in subject.recent("lobby", 2)] == ["spam", "after"]
    subject.stop()
    with closing(sqlite3.connect(tmp_path / "history")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_a_reader_who_is_in_the_way_only_delays_that_the_text_is_gone(tmp_path: Path) -> None:
    subject = opened(tmp_path, watch_every=0.05)
    (message,) = subject.say(said(SECRET))
    with closing(sqlite3.connect(tmp_path / "history", isolation_level=None)) as reader:
        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM event").fetchone() == (1,)
        subject.say(removal(message.id))
        subject.say(said("after"))
        assert text_in(tmp_path, SECRET), "the reader still sees it"
        reader.execute("COMMIT")
    until(subject, lambda: not text_in(tmp_path, SECRET))
    subject.stop()


def test_a_mark_is_trimmed_as_its_message_would_have_been(tmp_path: Path) -> None:
    subject = opened(tmp_path, keep_seconds=1000)
    (message,) = subject.say(said(SECRET))
    subject.say(removal(message.id))
    subject.now += 2000 + TRIM_EVERY
    subject.say(said("much later"))
    until(subject, lambda: subject.log.forgotten >= message.id)
    assert isinstance(subject.log, SQLiteLog)
    assert [event.text for event in subject.recent("lobby", 10)][-1] == "much later"
    subject.stop()
