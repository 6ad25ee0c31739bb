"""The log on disk, on real files: what it survives, what it refuses, and what happens when the disk is full."""

from __future__ import annotations

import os
import resource
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from logs import Subject, sqlite
from support import TIMEOUT, TWISTD, Stage, program

from chatroom import ChatFactory
from chatroom.log.recent import KEPT
from chatroom.log.schema import APPLICATION_ID, STEPS, connect
from chatroom.log.sqlite import CHECKPOINT_AFTER, SQLiteLog
from chatroom.model.errors import HistoryBroken, HistoryUnusable, NotKept
from chatroom.model.events import Event, Joined, Left, Noticed, Quit, Renamed, Said, TopicChanged


def opened(folder: Path) -> Subject:
    """The log in ``folder``."""
    return Subject(lambda subject: sqlite(subject, folder))


def talk(subject: Subject, count: int, size: int = 20) -> list[Event]:
    """Say ``count`` lines, a hundred in a batch."""
    said: list[Event] = []
    for start in range(0, count, 100):
        lines = [f"{number} ".ljust(size, "x") for number in range(start, min(start + 100, count))]
        said += subject.say(*[(Said, "lobby", "alice", line) for line in lines])
    return said


# What survives.


def test_everything_is_there_when_it_is_opened_again(tmp_path: Path) -> None:
    first = opened(tmp_path)
    events = first.say(
        (Joined, "lobby", "alice", ""),
        (Said, "lobby", "alice", "grüß dich \U0001f375 \x00 日本"),
        (TopicChanged, "garden", "alice", "tea"),
        (Renamed, "lobby", "alice", "al"),
        (Left, "lobby", "al", "so long"),
        (Quit, "garden", "al", "so long"),
        (Noticed, "garden", "alice", "cake"),
    )
    first.stop()
    again = opened(tmp_path)

    assert again.log.last_committed == events[-1].id
    found = again.since({"lobby", "garden"}, 0)
    assert found == events
    assert [type(event) for event in found] == [type(event) for event in events]
    assert again.recent("lobby", 10) == [events[1]]
    (later,) = again.say((Said, "lobby", "alice", "back"))
    assert later.id > events[-1].id
    assert again.search_until("日本", bool) == [events[1]]
    again.stop()


def test_what_was_committed_is_there_though_the_log_was_never_stopped(tmp_path: Path) -> None:
    subject = opened(tmp_path)
    events = talk(subject, 300)
    shutil.copytree(tmp_path, tmp_path / "copy")
    subject.stop()
    again = opened(tmp_path / "copy")

    assert again.since({"lobby"}, 0) == events
    again.stop()


def test_only_its_three_files_are_left_when_it_has_stopped(tmp_path: Path) -> None:
    subject = opened(tmp_path)
    talk(subject, 10)
    subject.stop()

    assert {path.name for path in tmp_path.iterdir()} == {"history", "history-lock", "history-search"}


def test_the_file_can_be_called_anything(tmp_path: Path) -> None:
    path = tmp_path / "100% of it? #1 ünïcödé & more.sqlite"
    for number in range(2):
        subject = Subject(
            lambda subject: SQLiteLog(str(path), soon=subject.call, from_thread=subject.call, now=lambda: 0.0)
        )
        subject.say((Said, "lobby", "alice", "tea"))
        assert len(subject.recent("lobby", 10)) == number + 1
        assert subject.search_until("tea", lambda found: len(found) == number + 1)  # noqa: B023 - used at once
        subject.stop()
    assert path.exists()


def test_what_is_recent_is_the_same_from_memory_as_from_the_file(tmp_path: Path) -> None:
    subject = opened(tmp_path)
    assert subject.recent("lobby", 5) == []
    events = talk(subject, 3 * KEPT)
    in_memory = {
        (count, before): subject.recent("lobby", count, before)
        for count in (1, 20, KEPT, KEPT + 1, 10 * KEPT)
        for before in (None, events[-1].id, events[KEPT].id, events[2 * KEPT + 5].id, events[0].id, 10**18)
    }
    subject.stop()
    again = opened(tmp_path)

    for (count, before), found in in_memory.items():
        older = [event for event in events if before is None or event.id < before]
        assert found == older[-count:]
        with closing(connect(str(tmp_path / "history"), read_only=True)) as file:
            rows = file.execute(
                "SELECT event.id FROM event WHERE id < ? AND place % 2 = 1 ORDER BY id DESC LIMIT ?",
                (before or 10**18, count),
            )
            assert [row[0] for row in rows][::-1] == [event.id for event in found]
        assert again.recent("lobby", count, before) == found
    again.stop()


def test_the_write_ahead_log_stays_short_while_much_is_said(tmp_path: Path) -> None:
    subject = opened(tmp_path)
    longest = 0
    for said in range(50_000, 5_050_000, 50_000):
        for number in range(500):
            subject.append(Said, "lobby", "alice", f"{number} {'x' * 100}")
        wanted = len(subject.events) + 500
        subject.pump_until(lambda: len(subject.events) == wanted)  # noqa: B023 - done with before the next
        longest = max(longest, (tmp_path / "history-wal").stat().st_size)
        # The keeper has a thread of its own, which may come to its turn late.
        end = time.monotonic() + TIMEOUT
        while said - (tmp_path / "history").stat().st_size > CHECKPOINT_AFTER / 2:
            assert time.monotonic() < end, f"of {said} bytes that were said, too few have come into the file"
            time.sleep(0.01)
    subject.stop()

    assert (tmp_path / "history").stat().st_size > 5 * CHECKPOINT_AFTER / 2, "too little was said to tell"
    assert longest < 4 * CHECKPOINT_AFTER


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
                "INSERT INTO event VALUES (3, 0.5, 3, 'said', 'alice', 'old tea'), (7, 1.5, 4, 'joined', 'bob', '')"
            )
    subject = opened(tmp_path)

    if version:
        assert subject.since({"lobby", "garden"}, 0) == [
            Said(3, 0.5, "lobby", "alice", "old tea"),
            Joined(7, 1.5, "garden", "bob", ""),
        ]
        assert subject.search_until("tea", bool) == [Said(3, 0.5, "lobby", "alice", "old tea")]
    (event, *_) = new = subject.say((Said, "lobby", "alice", "new"), (Quit, "lobby", "alice", "tea"))
    assert event.id == (8 if version else 1)
    found = subject.since({"lobby"}, event.id - 1)
    assert [(type(event), event) for event in found] == [(type(event), event) for event in new]
    subject.stop()
    with closing(sqlite3.connect(path)) as file:
        assert file.execute("PRAGMA user_version").fetchone() == (len(STEPS),)
        assert file.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)


def test_an_empty_file_is_as_good_as_none(tmp_path: Path) -> None:
    (tmp_path / "history").touch()
    subject = opened(tmp_path)

    assert subject.say((Said, "lobby", "alice", "hi"))
    subject.stop()


# What is refused, with the file left as it was.


def not_a_database(path: Path) -> None:
    path.write_bytes(b"Dear diary, " * 1000)


def too_short_for_a_database(path: Path) -> None:
    path.write_bytes(b"tea")


def of_another_program(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        file.execute("CREATE TABLE recipe (text)")


def of_another_program_that_marks_its_files(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        file.execute("PRAGMA application_id = 1")
        file.execute("PRAGMA user_version = 1")


def of_a_newer_schema(path: Path) -> None:
    a_log(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        file.execute(f"PRAGMA user_version = {len(STEPS) + 1}")


def damaged(path: Path) -> None:
    a_log(path)
    with path.open("r+b") as file:
        for page in range(2, 12):
            file.seek(page * 4096 + 100)
            file.write(b"\xa5" * 3000)


def damaged_at_the_beginning(path: Path) -> None:
    a_log(path)
    with path.open("r+b") as file:
        file.seek(100)
        file.write(b"\xa5" * 3000)


def truncated(path: Path) -> None:
    a_log(path)
    os.truncate(path, path.stat().st_size // 2 // 4096 * 4096)


def truncated_within_a_page(path: Path) -> None:
    a_log(path)
    os.truncate(path, path.stat().st_size - 1000)


def a_log(path: Path) -> None:
    """Make ``path`` the file of a log with something in it."""
    subject = opened(path.parent)
    talk(subject, 1000)
    subject.stop()
    (path.parent / "history-search").unlink()


REFUSED: dict[Callable[[Path], None], str] = {
    not_a_database: "it is not a chatroom's history: name another file",
    too_short_for_a_database: "it is not a chatroom's history: name another file",
    of_another_program: "it is the database of another program: name another file",
    of_another_program_that_marks_its_files: "it is the database of another program: name another file",
    of_a_newer_schema: f"a newer chatroom made it (schema {len(STEPS) + 1}): install that one",
    damaged: "it is damaged: restore a backup, or name another file",
    damaged_at_the_beginning: "it is damaged: restore a backup, or name another file",
    truncated: "it is damaged: restore a backup, or name another file",
    truncated_within_a_page: "it is damaged: restore a backup, or name another file",
}


def contents(folder: Path) -> dict[str, bytes]:
    """Everything in ``folder`` but for what says that somebody has looked."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if not path.name.endswith("-lock")}


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
    assert first.say((Said, "lobby", "alice", "undisturbed"))
    first.stop()

    opened(tmp_path).stop()


def test_where_the_index_cannot_be_the_log_is_refused_and_may_be_opened_once_it_can(tmp_path: Path) -> None:
    (tmp_path / "history-search").mkdir()
    (tmp_path / "history-search" / "keep").touch()
    with pytest.raises(HistoryUnusable, match="history-search: is a directory"):
        opened(tmp_path)
    shutil.rmtree(tmp_path / "history-search")

    subject = opened(tmp_path)
    assert subject.say((Said, "lobby", "alice", "hi"))
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


def without_rights() -> list[str]:
    """What runs a program for which the permissions of files count, though it is root's."""
    if os.geteuid():
        return []
    return [program("setpriv"), "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all"]


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


# A disk that is full.


@contextmanager
def no_file_longer_than(size: int) -> Iterator[None]:
    """What the disk has room for, as far as this process is concerned."""
    before, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, most))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (before, most))


def fill(subject: Subject) -> int:
    """Say something until it cannot be kept; how much was."""
    kept = 0
    while not subject.failures:
        before = len(subject.events)
        subject.append(Said, "lobby", "alice", "x" * 10_000)
        subject.pump_until(lambda: len(subject.events) > before or bool(subject.failures))  # noqa: B023 - used at once
        kept += len(subject.events) - before
    return kept


def test_what_does_not_fit_is_not_kept_and_it_goes_on_once_there_is_room(tmp_path: Path) -> None:
    subject = opened(tmp_path)
    before = subject.say((Said, "lobby", "alice", "before"))
    with no_file_longer_than(500_000):
        fill(subject)
        assert [type(error) for error in subject.errors] == [NotKept]
        assert str(subject.errors[0]).startswith("not sent: the disk ")
        kept = list(subject.events)
        # All of a batch is kept, or nothing.
        for number in range(50):
            subject.append(Said, "lobby", "bob", f"{number} {'x' * 10_000}")
            subject.append(Joined, "garden", "bob", "")
        failed = len(subject.failures)
        subject.pump_until(lambda: len(subject.failures) == failed + 100)
        assert subject.events == kept
        assert subject.since({"lobby", "garden"}, 0) == kept
        assert subject.log.last_committed == kept[-1].id
    subject.failures.clear()
    after = subject.say((Said, "lobby", "alice", "after"), (Joined, "garden", "bob", ""))
    subject.stop()
    again = opened(tmp_path)

    assert not subject.broken
    assert again.since({"lobby", "garden"}, 0) == [*kept, *after]
    assert kept[0] == before[0]
    assert after[0].id > kept[-1].id
    again.stop()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 1 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(command, capture_output=True, check=False, timeout=TIMEOUT).returncode:
        pytest.skip("only root, and not everywhere, may mount a small disk")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True, timeout=TIMEOUT)


def test_on_a_full_disk_the_speaker_is_told_nobody_sees_it_and_the_server_goes_on(
    stage: Stage, small_disk: Path
) -> None:
    path = small_disk / "history"
    server = stage.serve("--history", str(path), "--rate", "0")
    alice, bob = stage.enter(server.port, "alice"), stage.enter(server.port, "bob")
    alice.send("before")
    bob.expect("alice: before\r\n")
    filler = small_disk / "filler"
    with filler.open("wb", buffering=0) as file, pytest.raises(OSError, match="No space left"):
        file.writelines([bytes(4096)] * 1000)
    refusal = "! not sent: the disk is full: make room. Try again when that is mended.\r\n"
    # A little may fit into what the files have already.
    alice.send("\n".join(f"{number} {'x' * 4000}" for number in range(200)))
    alice.expect(refusal)
    alice.send("/who")
    alice.expect("* 2 in lobby: alice, bob\r\n")

    filler.unlink()
    late = stage.enter(server.port, "late")
    alice.send("after")
    for person in (alice, bob, late):
        person.expect("alice: after\r\n")
    shown = [[line for line in person.lines_so_far() if line.startswith("alice: ")] for person in (alice, bob)]
    assert shown[0] == shown[1]
    assert 1 < len(shown[1]) < 200
    assert server.stop() == 0
    assert "Traceback" not in server.to_the_end() + server.errors()
    with closing(sqlite3.connect(path)) as file:
        kept = [f"alice: {text}" for (text,) in file.execute("SELECT text FROM event WHERE kind = 'said' ORDER BY id")]
    assert kept == shown[1]


@pytest.mark.parametrize("left", [0, 8, 16, 32, 48, 64, 100])
def test_a_disk_on_which_there_is_no_room_to_begin_is_called_full(small_disk: Path, left: int) -> None:
    with (small_disk / "filler").open("wb", buffering=0) as file:
        with pytest.raises(OSError, match="No space left"):
            file.writelines([bytes(4096)] * 1000)
        file.truncate(file.tell() - left * 1024)

    with pytest.raises(HistoryUnusable, match="the disk is full: make room"):
        ChatFactory(history=str(small_disk / "history"))


# A thread that dies.


class NoEvent(Event):
    """Of a kind that no log keeps."""


def test_a_writer_that_dies_is_told_and_nothing_more_is_kept(tmp_path: Path) -> None:
    subject = opened(tmp_path)
    kept = subject.say((Said, "lobby", "alice", "before"))
    # It is to die of it.
    subject.append(NoEvent, "lobby", "alice", "")  # type: ignore[arg-type]
    subject.append(Said, "lobby", "alice", "with it")
    subject.pump_until(lambda: bool(subject.broken))
    subject.append(Said, "lobby", "alice", "after")
    subject.stop()

    [error] = subject.broken
    assert isinstance(error, HistoryBroken)
    assert str(tmp_path / "history") in str(error)
    assert str(error).endswith("the server is stopping.")
    assert subject.events == kept
    again = opened(tmp_path)
    assert again.since({"lobby"}, 0) == kept
    again.stop()


def test_stopping_a_log_whose_writer_has_died_ends(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    subject = opened(tmp_path)
    # It is to die of it.
    subject.append(NoEvent, "lobby", "alice", "")  # type: ignore[arg-type]
    subject.append(Said, "lobby", "alice", "on its way")
    subject.stop()

    assert set(threading.enumerate()) <= before


# The server as it is, but for somebody who has it keep what cannot be kept when /topic says so.
SABOTAGE = """
import sys
from chatroom import __main__
from chatroom.server import service
from chatroom.model.events import Event, Said, TopicChanged

class NoEvent(Event):
    pass

def sabotaged(settings, clock, **rest):
    def hook(event):
        if isinstance(event, TopicChanged) and event.text == "die":
            chat.log.append(NoEvent, "lobby", "nobody", "")
            chat.log.append(Said, "lobby", "nobody", "never seen")
    chat = opened(settings, clock, hook, **rest)
    return chat

opened, service.open_chat = service.open_chat, sabotaged
__main__.main()
"""


def test_a_server_whose_writer_dies_tells_everybody_and_ends_with_status_1(stage: Stage) -> None:
    server = stage.serve(by=(sys.executable, "-c", SABOTAGE))
    alice, bob = stage.enter(server.port, "alice"), stage.enter(server.port, "bob")
    alice.expect("* bob joined\r\n")
    alice.send("/topic die")
    for person in (alice, bob):
        shown = person.to_the_end()
        assert "! The history in chatroom.sqlite cannot be kept any more (" in shown
        assert "): the server is stopping.\r\n" in shown
        assert "never seen" not in shown
    assert server.status() == 1
    assert "The history in chatroom.sqlite cannot be kept any more" in server.to_the_end()
