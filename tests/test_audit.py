"""What every audit log promises, and that nothing changes it from inside."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from logs import Subject, opened, said

from chatroom.log.audit import REPORT, REPORT_DONE, Entry


def entry(action: str, about: int = 0) -> Entry:
    return Entry(*(0, 1.5, "bob", "rob", "m1", "203.0.113.1", action), *("alice", "al", "m2", "lobby", about, "why"))


def store(subject: Subject) -> Any:
    return subject.log.audit  # type: ignore[attr-defined]


def add(subject: Subject, new: Entry) -> Entry:
    kept: Entry = subject.ask(partial(store(subject).add, new))
    return kept


def last(subject: Subject, count: int, before: int | None = None) -> list[Entry]:
    return list(subject.ask(partial(store(subject).last, count, before)))


def test_entries_come_back_in_their_order_and_in_pages(subject: Subject) -> None:
    kept = [add(subject, entry(action)) for action in ("kick", "ban", "remove")]

    assert [one._replace(id=0) for one in kept] == [entry(action) for action in ("kick", "ban", "remove")]
    assert last(subject, 10) == kept
    assert last(subject, 2) == kept[1:]
    assert last(subject, 2, kept[2].id) == kept[:2]
    assert last(subject, 2, kept[0].id) == []
    assert subject.since({"lobby", ""}, 0) == [], "they are no events"


def test_entries_and_open_reports_outlive_the_server_and_trimming(tmp_path: Path) -> None:
    subject = opened(tmp_path, keep_events=1)
    first, second = add(subject, entry(REPORT)), add(subject, entry(REPORT))
    closed = add(subject, entry(REPORT_DONE, first.id))
    subject.say(*(said(str(number)) for number in range(5)))
    subject.stop()
    again = opened(tmp_path, keep_events=1)
    again.now += 100
    again.say(said("more"))

    assert last(again, 10) == [first, second, closed]
    assert list(store(again).reports) == [second]
    again.stop()


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE audit SET reason = ''",
        "DELETE FROM audit",
        "INSERT OR REPLACE INTO audit SELECT id, at, 'mallory', account, member, address, action, target,"
        " target_account, target_member, room, about, reason FROM audit",
    ],
)
def test_the_database_refuses_to_change_an_entry(tmp_path: Path, change: str) -> None:
    subject = opened(tmp_path)
    kept = add(subject, entry("kick"))
    subject.stop()
    with (
        closing(sqlite3.connect(tmp_path / "history")) as connection,
        pytest.raises(sqlite3.IntegrityError, match="stays"),
    ):
        connection.execute(change)
    again = opened(tmp_path)
    assert last(again, 10) == [kept]
    again.stop()
