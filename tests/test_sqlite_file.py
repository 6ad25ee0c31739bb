"""The file of the log on disk: how older ones move on, and which are refused, with the line that says why."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from logs import draft, opened, said
from spoilt import REFUSED, a_log, contents
from support import TIMEOUT, TWISTD, Stage, without_rights

from chatroom.log.schema import APPLICATION_ID, STEPS
from chatroom.model.errors import HistoryUnusable
from chatroom.model.events import Joined, Quit, Said, TopicChanged

# Older schemas.


@pytest.mark.parametrize("version", range(len(STEPS)))
def test_a_file_of_an_older_schema_moves_on(tmp_path: Path, version: int) -> None:
    path = tmp_path / "history"
    with closing(sqlite3.connect(path, isolation_level=None)) as old:
        for step in STEPS[:version]:
            step(old)
        if version:
            old.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            old.execute(f"PRAGMA user_version = {version}")
            old.execute("INSERT INTO room VALUES (1, 'lobby'), (2, 'garden')")
            old.execute(
                "INSERT INTO event (id, at, place, kind, nickname, text)"
                " VALUES (3, 0.5, 3, 'said', 'alice', 'old tea'), (7, 1.5, 4, 'joined', 'bob', '')"
            )
    subject = opened(tmp_path)

    if version:
        assert subject.since({"lobby", "garden"}, 0) == [
            Said(3, 0.5, "lobby", "", "alice", "old tea"),
            Joined(7, 1.5, "garden", "", "bob", ""),
        ]
        assert subject.search_until("tea", bool) == [Said(3, 0.5, "lobby", "", "alice", "old tea")]
    (event, *_) = new = subject.say(said("new"), draft(Quit, "lobby", "alice", "tea"))
    assert event.id == (8 if version else 1)
    found = subject.since({"lobby"}, event.id - 1)
    assert [(type(event), event) for event in found] == [(type(event), event) for event in new]
    subject.stop()
    with closing(sqlite3.connect(path)) as file:
        assert file.execute("PRAGMA user_version").fetchone() == (len(STEPS),)
        assert file.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)


SCHEMA_4 = """
CREATE TABLE event (id INTEGER PRIMARY KEY, at REAL NOT NULL, place INTEGER NOT NULL, kind TEXT NOT NULL,
    nickname TEXT NOT NULL, text TEXT NOT NULL);
CREATE TABLE room (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE INDEX event_by_place ON event (place);
CREATE INDEX event_topic ON event (place) WHERE kind = 'topic';
INSERT INTO room VALUES (1, 'lobby'), (2, 'garden'), (3, 'kitchen'), (4, 'attic');
INSERT INTO event VALUES
    (5, 1.5, 3, 'topic', 'alice', 'old tea'),
    (6, 2.5, 5, 'topic', 'alice', 'roses'),
    (7, 3.5, 7, 'topic', 'alice', 'soup'),
    (8, 4.5, 3, 'topic', 'bob', 'new tea'),
    (9, 5.5, 7, 'topic', 'bob', ''),
    (10, 6.5, 9, 'said', 'alice', 'dust'),
    (11, 6.0, 3, 'said', 'alice', 'no topic');
PRAGMA application_id = 0x43484154;
PRAGMA user_version = 4;
"""
"""A file as it was before members, refs and state, in the words of that time."""


def test_the_topics_of_a_file_of_before_hold_and_what_it_has_trimmed_is_forgotten(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "history", isolation_level=None)) as old:
        old.executescript(SCHEMA_4)
    identities = set()
    for _ in range(2):
        subject = opened(tmp_path)
        assert list(subject.log.state) == [
            TopicChanged(6, 2.5, "garden", "", "alice", "roses"),
            TopicChanged(8, 4.5, "lobby", "", "bob", "new tea"),
        ]
        assert (subject.log.forgotten, subject.log.last_committed) == (4, 11)
        assert len(subject.since({"lobby", "garden", "kitchen", "attic"}, 0)) == 7
        identities.add(subject.log.identity)
        subject.stop()
    assert len(identities) == 1

    subject = opened(tmp_path)
    subject.now = 1.0
    (event,) = subject.say(said("new", ref="7"))
    subject.stop()
    assert (event.id, event.at) == (12, 6.0)


def test_an_empty_file_is_as_good_as_none(tmp_path: Path) -> None:
    (tmp_path / "history").touch()
    subject = opened(tmp_path)

    assert subject.say(said("hi"))
    subject.stop()


# What is refused, with the file left as it was.


@pytest.mark.parametrize(("make", "why"), REFUSED.items(), ids=[make.__name__ for make in REFUSED])
def test_what_is_no_history_of_ours_is_refused_and_left_as_it_was(
    tmp_path: Path, make: Callable[[Path], None], why: str
) -> None:
    path = tmp_path / "history"
    make(path)
    before = contents(tmp_path)

    for _ in range(2):
        with pytest.raises(HistoryUnusable) as refusal:
            opened(tmp_path)
        assert str(refusal.value) == f"{path}: {why}."
    assert contents(tmp_path) == before


def test_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "history").mkdir()

    with pytest.raises(HistoryUnusable, match="history: it cannot be opened or made there: check the folder"):
        opened(tmp_path)
    assert list((tmp_path / "history").iterdir()) == []


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(HistoryUnusable, match="it cannot be opened or made there: check the folder"):
        opened(tmp_path / "nowhere")


def test_a_file_that_another_log_of_this_process_uses_is_refused_until_it_has_stopped(tmp_path: Path) -> None:
    first = opened(tmp_path)
    with pytest.raises(HistoryUnusable, match="history: another server is using it: stop that one, or name another"):
        opened(tmp_path)
    assert first.say(said("undisturbed"))
    first.stop()

    opened(tmp_path).stop()


@pytest.mark.process
@pytest.mark.parametrize("there", [True, False])
@pytest.mark.parametrize("link", [os.symlink, os.link])
def test_a_history_is_one_history_by_whatever_name(
    tmp_path: Path, link: Callable[[Path, Path], None], there: bool
) -> None:
    (tmp_path / "names").mkdir()
    if there or link is os.link:
        opened(tmp_path).stop()
    if link is os.symlink:
        os.symlink(tmp_path / "history", tmp_path / "names" / "history")
    first = opened(tmp_path)
    if link is os.link:
        os.link(tmp_path / "history", tmp_path / "names" / "history")
    for _ in range(2):
        with pytest.raises(HistoryUnusable, match="names/history: another server is using it: stop that one"):
            opened(tmp_path / "names")
    assert first.say(said("undisturbed"))
    # The locks that SQLite has are there still: nobody can have the file for themselves.
    code = "import sqlite3, sys; sqlite3.connect(sys.argv[1], timeout=0).executescript('PRAGMA journal_mode = DELETE')"
    command = [sys.executable, "-c", code, str(tmp_path / "history")]
    busy = subprocess.run(command, capture_output=True, check=False, text=True, timeout=TIMEOUT)
    assert "database is locked" in busy.stderr
    first.stop()

    again = opened(tmp_path / "names")
    assert [event.text for event in again.recent("lobby", 1)] == ["undisturbed"]
    with pytest.raises(HistoryUnusable, match="another server is using it"):
        opened(tmp_path)
    again.stop()
    # A link that leads there is no second place for an index.
    assert (tmp_path / "names" / "history-search").exists() == (link is os.link)


def test_where_the_index_cannot_be_the_log_is_refused_and_may_be_opened_once_it_can(tmp_path: Path) -> None:
    (tmp_path / "history-search").mkdir()
    (tmp_path / "history-search" / "keep").touch()
    with pytest.raises(HistoryUnusable, match="history-search: is a directory"):
        opened(tmp_path)
    shutil.rmtree(tmp_path / "history-search")

    subject = opened(tmp_path)
    assert subject.say(said("hi"))
    subject.stop()


# The same as a whole server.


def serve_in_vain(stage: Stage, path: Path, *by: str) -> str:
    """Why a server does not start with the history in ``path``, which it says in one line."""
    server = stage.start(*by, TWISTD, "-n", "--pidfile", "vain.pid", "chatroom", "--port", "0", "--history", str(path))
    said = server.to_the_end() + server.errors()
    assert server.status() == 1
    assert "Traceback" not in said
    [line] = server.errors().splitlines()
    beginning = f"chatroom: --history {path}: "
    assert line.startswith(beginning)
    assert not (stage.folder / "vain.pid").exists()
    return line.removeprefix(beginning)


@pytest.mark.parametrize(("make", "why"), REFUSED.items(), ids=[make.__name__ for make in REFUSED])
def test_a_server_says_in_one_line_why_it_does_not_use_a_file(
    stage: Stage, tmp_path: Path, make: Callable[[Path], None], why: str
) -> None:
    path = tmp_path / "history"
    make(path)
    before = path.read_bytes()

    assert serve_in_vain(stage, path) == f"{why}."
    assert path.read_bytes() == before
    assert list(stage.folder.iterdir()) == []


def test_a_server_does_not_use_a_folder_nor_what_another_server_uses(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    assert serve_in_vain(stage, tmp_path / "folder").startswith("it cannot be opened or made there")
    path = tmp_path / "history"
    stage.serve("--history", str(path))

    assert serve_in_vain(stage, path) == "another server is using it: stop that one, or name another file."


def mounted_again(path: Path, name: Path) -> None:
    command = ["mount", "--bind", str(path.parent), str(name.parent)]
    if os.geteuid() or subprocess.run(command, capture_output=True, check=False, timeout=TIMEOUT).returncode:
        pytest.skip("only root, and not everywhere, may mount a folder a second time")


@pytest.mark.parametrize("other_name", [os.symlink, os.link, mounted_again])
def test_a_server_does_not_use_what_another_server_uses_by_another_name(
    stage: Stage, tmp_path: Path, other_name: Callable[[Path, Path], None]
) -> None:
    path, name = tmp_path / "one" / "history", tmp_path / "two" / "history"
    path.parent.mkdir()
    name.parent.mkdir()
    server = stage.serve("--history", str(path))
    alice = stage.enter(server.port, "alice")
    other_name(path, name)
    try:
        assert serve_in_vain(stage, name) == "another server is using it: stop that one, or name another file."
        backup = [sys.executable, "-m", "chatroom.log.restore", str(name), str(tmp_path / "new")]
        refused = subprocess.run(backup, capture_output=True, check=False, text=True, timeout=TIMEOUT)
        assert "a server is using it: make a backup of it" in refused.stderr
        alice.send("undisturbed")
        alice.expect("alice: undisturbed")
    finally:
        if other_name is mounted_again:
            subprocess.run(["umount", "--lazy", name.parent], check=False, timeout=TIMEOUT)


@contextmanager
def mode_of(path: Path, mode: int) -> Iterator[None]:
    before = path.stat().st_mode
    path.chmod(mode)
    yield
    path.chmod(before)


def test_a_server_does_not_use_what_it_may_not_write(stage: Stage, tmp_path: Path) -> None:
    path = tmp_path / "history"
    a_log(path)
    before = path.read_bytes()
    with mode_of(path, 0o400):
        assert serve_in_vain(stage, path, *without_rights()) == (
            "it may not be written: check its permissions and its folder's."
        )
    assert path.read_bytes() == before
    with mode_of(path, 0):
        assert serve_in_vain(stage, path, *without_rights()).startswith("it cannot be opened or made there")
    assert path.read_bytes() == before


@pytest.mark.parametrize("there", [True, False])
def test_a_server_does_not_use_a_folder_that_it_may_not_write(stage: Stage, tmp_path: Path, there: bool) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    path = folder / "history"
    if there:
        a_log(path)
        (folder / "history-lock").unlink()
    before = contents(folder)
    with mode_of(folder, 0o500):
        why = serve_in_vain(stage, path, *without_rights())
    assert why == "it cannot be opened or made there: check the folder and its permissions."
    assert contents(folder) == before
