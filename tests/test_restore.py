"""Restoring a backup: what is there afterwards, that it is another history, and what is refused in one line."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import pytest
from logs import Subject, draft, opened, said, talk
from spoilt import REFUSED, a_log, contents
from support import TIMEOUT, no_file_longer_than, without_rights

from chatroom.log.restore import main, restore
from chatroom.log.schema import STEPS
from chatroom.model.errors import HistoryUnusable
from chatroom.model.events import Event, TopicChanged


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Where the log is that a backup is made of, and where the backup is restored."""
    (tmp_path / "old").mkdir()
    (tmp_path / "new").mkdir()
    return tmp_path / "old", tmp_path / "new"


def vacuumed(path: Path, backup: Path) -> None:
    with closing(sqlite3.connect(path)) as file:
        file.execute("VACUUM INTO ?", (str(backup),))


def backed_up(path: Path, backup: Path) -> None:
    """As the shell's .backup does."""
    with closing(sqlite3.connect(path)) as file, closing(sqlite3.connect(backup)) as copy:
        file.backup(copy)


def copied(path: Path, backup: Path) -> None:
    """As somebody does whose server was killed."""
    for ending in ("", "-wal"):
        shutil.copy(f"{path}{ending}", f"{backup}{ending}")


MAKE = {"VACUUM INTO": vacuumed, ".backup": backed_up, "cp": copied}


def say_something(subject: Subject) -> list[Event]:
    return subject.say(draft(TopicChanged, "lobby", "alice", "tea"), said("before the backup", ref="1"))


@pytest.mark.parametrize("make", MAKE.values(), ids=MAKE.keys())
def test_a_restored_history_is_what_the_backup_was_under_another_name(
    folders: tuple[Path, Path], make: Callable[[Path, Path], None]
) -> None:
    old, new = folders
    subject = opened(old)
    events = say_something(subject)
    make(old / "history", old / "backup")
    subject.say(said("after the backup"))
    subject.stop()
    backup = (old / "backup").read_bytes()
    restore(str(old / "backup"), str(new / "history"))
    assert {path.name for path in new.iterdir()} == {"history", "history-lock"}
    restored = opened(new)

    assert restored.since({"lobby"}, 0) == events
    assert list(restored.log.state) == events[:1]
    assert restored.search_until("backup", bool) == events[1:]
    assert restored.log.identity != subject.log.identity
    token = restored.append(said("before the backup", ref="1"))
    restored.settle()
    assert token in restored.refusals
    identity = restored.log.identity
    restored.stop()
    assert (old / "backup").read_bytes() == backup
    again = opened(new)
    assert again.log.identity == identity
    again.stop()


def test_each_time_it_is_another_history(folders: tuple[Path, Path]) -> None:
    old, new = folders
    a_log(old / "history")
    identities = set()
    for _ in range(3):
        restore(str(old / "history"), str(new / "history"), replace=True)
        subject = opened(new)
        identities.add(subject.log.identity)
        subject.stop()

    assert len(identities) == 3


def test_what_belonged_to_the_history_that_is_replaced_goes_with_it(folders: tuple[Path, Path]) -> None:
    old, new = folders
    subject = opened(old)
    (event,) = subject.say(said("tea"))
    subject.stop()
    replaced = opened(new / "..")
    talk(replaced, 500)
    replaced.indexed()
    # As a server leaves it that is killed.
    for path in (new / "..").glob("history*"):
        shutil.copy(path, new / path.name)
    replaced.stop()
    assert {path.name for path in new.iterdir()} > {"history-wal", "history-shm", "history-search"}
    (new / "history").chmod(0o640)
    (new / "history-of-tea").touch()

    restore(str(old / "history"), str(new / "history"), replace=True)
    assert {path.name for path in new.iterdir()} == {"history", "history-lock", "history-of-tea"}
    assert (new / "history").stat().st_mode & 0o777 == 0o640
    restored = opened(new)
    assert restored.since({"lobby"}, 0) == [event]
    assert restored.search_until("tea", bool) == [event]
    assert restored.search("xxx") == []
    restored.stop()


def test_a_history_that_was_put_in_place_by_hand_gets_another_identity_there(tmp_path: Path) -> None:
    subject = opened(tmp_path)
    events = say_something(subject)
    subject.stop()
    restore(str(tmp_path / "history"), str(tmp_path / "history"), replace=True)
    again = opened(tmp_path)

    assert again.log.identity != subject.log.identity
    assert again.since({"lobby"}, 0) == events
    again.stop()


def test_a_history_that_a_link_leads_to_is_replaced_where_it_is(folders: tuple[Path, Path]) -> None:
    old, new = folders
    a_log(old / "history")
    (new / "elsewhere").mkdir()
    (new / "history").symlink_to(new / "elsewhere" / "real")
    restore(str(old / "history"), str(new / "history"))
    assert (new / "history").is_symlink()
    assert {path.name for path in (new / "elsewhere").iterdir()} == {"real", "real-lock"}
    subject = opened(new)

    assert len(subject.since({"lobby"}, 0)) == 1000
    subject.stop()


@pytest.mark.parametrize("version", range(1, len(STEPS)))
def test_a_backup_of_an_older_schema_moves_on(folders: tuple[Path, Path], version: int) -> None:
    old, new = folders
    with closing(sqlite3.connect(old / "backup", isolation_level=None)) as file:
        for step in STEPS[:version]:
            step(file)
        file.execute("PRAGMA application_id = 0x43484154")
        file.execute(f"PRAGMA user_version = {version}")
        file.execute("INSERT INTO room VALUES (1, 'lobby')")
        file.execute(
            "INSERT INTO event (id, at, place, kind, nickname, text) VALUES (3, 0.5, 3, 'said', 'alice', 'old tea')"
        )
    restore(str(old / "backup"), str(new / "history"))
    subject = opened(new)

    assert [event.text for event in subject.since({"lobby"}, 0)] == ["old tea"]
    subject.stop()


# What is refused, with the history left as it was.


def refusal(backup: Path, history: Path, replace: bool = True) -> str:
    with pytest.raises(HistoryUnusable) as refusal:
        restore(str(backup), str(history), replace)
    return str(refusal.value)


def nothing(path: Path) -> None:
    """Leave it out."""


def empty(path: Path) -> None:
    path.touch()


def a_folder(path: Path) -> None:
    path.mkdir()


def a_pipe(path: Path) -> None:
    os.mkfifo(path)


NO_BACKUP: dict[Callable[[Path], None], str] = {
    nothing: "it is not there: check the name",
    empty: "it is not a chatroom's history: name another file",
    a_folder: "it is no file: name another",
    a_pipe: "it is no file: name another",
    **REFUSED,
}


@pytest.mark.parametrize(("make", "why"), NO_BACKUP.items(), ids=[make.__name__ for make in NO_BACKUP])
def test_what_is_no_backup_is_refused_and_the_history_is_as_it_was(
    folders: tuple[Path, Path], make: Callable[[Path], None], why: str
) -> None:
    old, new = folders
    make(old / "history")
    a_log(new / "history")
    before = contents(new)

    assert refusal(old / "history", new / "history") == f"{old / 'history'}: {why}."
    assert contents(new) == before


def test_a_history_that_is_there_is_replaced_only_on_demand(folders: tuple[Path, Path]) -> None:
    old, new = folders
    a_log(old / "history")
    a_log(new / "history")
    before = contents(new)

    assert refusal(old / "history", new / "history", replace=False) == (
        f"{new / 'history'}: it is there already: have it replaced with --replace."
    )
    assert contents(new) == before


@pytest.mark.parametrize("replace", [False, True])
def test_a_history_that_a_server_uses_is_not_replaced(folders: tuple[Path, Path], replace: bool) -> None:
    old, new = folders
    a_log(old / "history")
    subject = opened(new)
    kept = talk(subject, 10)
    if replace:
        assert refusal(old / "history", new / "history") == (
            f"{new / 'history'}: another server is using it: stop that one, or name another file."
        )
    else:
        assert "it is there already" in refusal(old / "history", new / "history", replace=False)
    kept += talk(subject, 10)
    assert subject.since({"lobby"}, 0) == kept
    subject.stop()


def test_the_file_of_a_server_that_runs_is_no_backup(folders: tuple[Path, Path]) -> None:
    old, new = folders
    subject = opened(old)
    talk(subject, 10)

    assert refusal(old / "history", new / "history") == (
        f"{old / 'history'}: a server is using it: make a backup of it, and restore that."
    )
    subject.stop()
    restore(str(old / "history"), str(new / "history"))


def test_a_history_goes_into_a_folder_that_is_there(folders: tuple[Path, Path]) -> None:
    old, new = folders
    a_log(old / "history")

    assert refusal(old / "history", new / "nowhere" / "history").endswith(
        "it cannot be opened or made there: check the folder and its permissions."
    )
    assert refusal(old / "history", new) == f"{new}: it is no file: name another."
    assert list(new.iterdir()) == []


@pytest.mark.parametrize("room", [0, 10_000, 100_000])
def test_on_a_full_disk_the_history_is_as_it_was(folders: tuple[Path, Path], room: int) -> None:
    old, new = folders
    subject = opened(old)
    talk(subject, 2000)
    vacuumed(old / "history", old / "backup")
    subject.stop()
    a_log(new / "history")
    before = contents(new)

    with no_file_longer_than(room):
        why = refusal(old / "backup", new / "history")
    assert why.startswith(f"{new / 'history'}: the disk ")
    assert contents(new) == before


def test_there_has_to_be_room_to_bring_a_backup_to_the_newest_schema(folders: tuple[Path, Path]) -> None:
    old, new = folders
    with closing(sqlite3.connect(old / "backup", isolation_level=None)) as file:
        STEPS[0](file)
        file.execute("PRAGMA application_id = 0x43484154")
        file.execute("PRAGMA user_version = 1")
        file.execute("INSERT INTO room VALUES (1, 'lobby')")
        rows = "WITH RECURSIVE row (id) AS (VALUES (1) UNION ALL SELECT id + 1 FROM row LIMIT 5000)"
        file.execute(f"{rows} INSERT INTO event SELECT id, 1.0, 3, 'said', 'alice', 'tea' FROM row")
    with no_file_longer_than((old / "backup").stat().st_size + 4096):
        why = refusal(old / "backup", new / "history")

    assert why.startswith(f"{new / 'history'}: the disk ")
    assert {path.name for path in new.iterdir()} == {"history-lock"}
    restore(str(old / "backup"), str(new / "history"))


# The same as a whole program.


def run(*arguments: object, by: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
    command = [*by, sys.executable, "-m", "chatroom.log.restore", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, check=False, timeout=TIMEOUT, text=True)


@pytest.mark.process
def test_it_is_run_as_a_module(folders: tuple[Path, Path]) -> None:
    old, new = folders
    a_log(old / "history")
    done = run(old / "history", new / "history")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("The backup is restored.")

    done = run(old / "history", new / "history")
    assert done.returncode == 1
    assert done.stderr == (
        f"chatroom.log.restore: {new / 'history'}: it is there already: have it replaced with --replace.\n"
    )
    assert run(old / "history", new / "history", "--replace").returncode == 0


@pytest.mark.process
def test_without_rights_it_says_so_in_one_line(folders: tuple[Path, Path]) -> None:
    old, new = folders
    a_log(old / "history")
    (old / "history").chmod(0)
    done = run(old / "history", new / "history", by=without_rights())
    assert (done.returncode, done.stderr) == (
        1,
        f"chatroom.log.restore: {old / 'history'}: it may not be read or written:"
        " check its permissions and its folder's.\n",
    )
    (old / "history").chmod(0o600)
    new.chmod(0o500)
    done = run(old / "history", new / "history", by=without_rights())
    assert (done.returncode, done.stderr) == (
        1,
        f"chatroom.log.restore: {new / 'history'}: it cannot be opened or made there:"
        " check the folder and its permissions.\n",
    )
    new.chmod(0o700)
    assert list(new.iterdir()) == []


def test_the_command_line_returns_the_status(folders: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    old, new = folders
    assert main([str(old / "nothing"), str(new / "history")]) == 1
    assert capsys.readouterr().err == f"chatroom.log.restore: {old / 'nothing'}: it is not there: check the name.\n"
