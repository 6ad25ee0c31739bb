"""The files of the log are removed, replaced or written over while it is open: what is said is refused, not lost."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from logs import Subject, opened, said, talk
from pages import request
from support import TIMEOUT, Stage, program

from chatroom.log.watch import FileWatch


def removed(path: Path) -> None:
    path.unlink()


def moved_away(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))


def replaced(path: Path) -> None:
    shutil.copy(path, path.with_name("copy"))
    path.with_name("copy").replace(path)


def truncated(path: Path) -> None:
    path.open("wb").close()


def truncated_in_part(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def written_over(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(os.urandom(64 * 1024))


def copied_over(path: Path) -> None:
    """``cp`` of a backup of some time ago keeps the file and changes what is in it."""
    shutil.copyfile(path.with_name("backup"), path)


def another_copied_over(path: Path) -> None:
    shutil.copyfile(path.with_name("other") / "history", path)


def wal_removed(path: Path) -> None:
    Path(f"{path}-wal").unlink()


def wal_replaced(path: Path) -> None:
    replaced(Path(f"{path}-wal"))


def wal_truncated(path: Path) -> None:
    truncated(Path(f"{path}-wal"))


def shm_removed(path: Path) -> None:
    Path(f"{path}-shm").unlink()


REMOVED = "the file of the history was removed"
REPLACED = "the file of the history was replaced by another"
OVERWRITTEN = "the file of the history was truncated or written over"
BESIDE_REMOVED = "the -wal or -shm of the history was removed"
BESIDE_REPLACED = "the -wal or -shm of the history was replaced by another"

ACCIDENTS: dict[Callable[[Path], None], str] = {
    removed: REMOVED,
    moved_away: REMOVED,
    replaced: REPLACED,
    truncated: OVERWRITTEN,
    truncated_in_part: OVERWRITTEN,
    written_over: OVERWRITTEN,
    copied_over: OVERWRITTEN,
    another_copied_over: OVERWRITTEN,
    wal_removed: BESIDE_REMOVED,
    wal_replaced: BESIDE_REPLACED,
    wal_truncated: OVERWRITTEN,
    shm_removed: BESIDE_REMOVED,
}

EVERY = pytest.mark.parametrize(("accident", "why"), ACCIDENTS.items(), ids=[made.__name__ for made in ACCIDENTS])


def wal_sequence(folder: Path) -> bytes:
    """The number of times that the write-ahead log was begun anew (sqlite.org/fileformat2.html, section 4.1)."""
    with (folder / "history-wal").open("rb") as file:
        return file.read(16)[12:]


def a_long_history(folder: Path, **options: float) -> Subject:
    """One that is in the file, a little in the write-ahead log alone, with a backup and another history beside it."""
    (folder / "other").mkdir()
    for place, count in ((folder / "other", 500), (folder, 1000)):
        subject = opened(place)
        talk(subject, count)
        subject.stop()
    shutil.copyfile(folder / "history", folder / "backup")
    subject = opened(folder, **options)
    subject.say(said("first"))
    first = wal_sequence(folder)
    talk(subject, 1000)
    # While the log makes a checkpoint, which it does at the start, it takes changes of the file for its own. A commit
    # begins the write-ahead log anew once that is over.
    subject.say(said("before"))
    while wal_sequence(folder) == first:
        time.sleep(0.02)
        subject.say(said("before"))
    # What SQLite itself does when a write-ahead log is long.
    with closing(sqlite3.connect(folder / "history")) as connection:
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
    subject.say(said("last"))
    return subject


@EVERY
def test_what_is_said_after_it_is_refused(tmp_path: Path, accident: Callable[[Path], None], why: str) -> None:
    subject = a_long_history(tmp_path)
    accident(tmp_path / "history")
    for _ in range(2):
        token = subject.append(said("after"))
        subject.settle()
        assert subject.failures.pop() == token
        assert str(subject.errors.pop()) == f"not sent: {why}. Try again when that is mended."
    assert subject.events[-1].text == "last"
    subject.stop()


def test_a_file_that_gets_smaller_during_a_checkpoint_is_no_change_of_the_log_s_own(tmp_path: Path) -> None:
    subject = a_long_history(tmp_path)
    path = tmp_path / "history"
    with closing(sqlite3.connect(path)) as connection:
        (identity,) = connection.execute("SELECT identity FROM history").fetchone()
    watch = FileWatch(str(path), identity, lambda: subject.log.last_committed)
    assert watch.look(True) is None
    truncated_in_part(path)
    assert watch.look(True) is not None
    watch.checkpointed()
    found = watch.look(False)
    assert found is not None
    assert OVERWRITTEN in str(found)
    subject.stop()


@EVERY
def test_it_is_noticed_while_nothing_is_said(tmp_path: Path, accident: Callable[[Path], None], why: str) -> None:
    subject = a_long_history(tmp_path, watch_every=0.05)
    accident(tmp_path / "history")
    subject.pump_until(lambda: bool(subject.errors))
    assert (str(subject.errors[0]), subject.failures) == (f"not sent: {why}. Try again when that is mended.", [])
    subject.stop()
    assert len(subject.errors) == 1


def test_a_file_that_is_put_back_is_used_again(tmp_path: Path) -> None:
    subject = a_long_history(tmp_path, watch_every=0.05)
    moved_away(tmp_path / "history")
    subject.pump_until(lambda: bool(subject.errors))
    subject.append(said("refused"))
    subject.settle()
    (tmp_path / "elsewhere").rename(tmp_path / "history")
    subject.pump_until(lambda: subject.mendings == 1)
    subject.say(said("kept"))
    subject.stop()

    again = opened(tmp_path)
    assert [event.text for event in again.recent("lobby", 2)] == ["last", "kept"]
    again.stop()


@pytest.mark.parametrize("accident", [wal_removed, wal_replaced, shm_removed])
def test_what_was_said_before_the_files_beside_it_went_is_there_after_a_stop_in_good_order(
    tmp_path: Path, accident: Callable[[Path], None]
) -> None:
    subject = a_long_history(tmp_path)
    accident(tmp_path / "history")
    subject.append(said("refused"))
    subject.settle()
    subject.stop()

    again = opened(tmp_path)
    assert [event.text for event in again.recent("lobby", 2)] == ["before", "last"]
    again.stop()


@pytest.mark.process
def test_what_people_may_do_with_a_history_in_use_is_no_accident(tmp_path: Path) -> None:
    subject = a_long_history(tmp_path)
    shell = program("sqlite3")
    backup = tmp_path / "new"
    for number, statement in enumerate(
        (
            f"VACUUM INTO '{backup}'",
            "PRAGMA wal_checkpoint(PASSIVE)",
            "PRAGMA wal_checkpoint(TRUNCATE)",
            "DELETE FROM event WHERE id < 500",
            "VACUUM",
            "PRAGMA wal_checkpoint(TRUNCATE)",
            "PRAGMA integrity_check",
        )
    ):
        subprocess.run([shell, tmp_path / "history", statement], check=True, capture_output=True, timeout=TIMEOUT)
        assert [event.text for event in subject.say(said(f"after {number}"))] == [f"after {number}"]
    # Its own checkpoints are none either.
    talk(subject, 3000, size=2000)
    assert not subject.errors
    subject.stop()


@pytest.mark.process
@pytest.mark.parametrize("accident", [removed, truncated])
def test_a_server_is_unhealthy_and_says_what_to_do_and_nobody_is_told_that_something_is_kept(
    stage: Stage, tmp_path: Path, accident: Callable[[Path], None]
) -> None:
    path = tmp_path / "history"
    server = stage.serve("--history", str(path), "--web", "0")
    alice, bob = stage.enter(server.port, "alice"), stage.enter(server.port, "bob")
    alice.send("before")
    bob.expect("alice: before\r\n")
    accident(path)
    alice.send("after")
    alice.expect(f"! not sent: {ACCIDENTS[accident]}. Try again when that is mended.\r\n")
    browser = stage.connect(server.web)
    browser.socket.sendall(request("/healthz"))

    assert " 503 " in browser.expect(ACCIDENTS[accident])
    server.expect(f"--history {path}: {ACCIDENTS[accident]}: ")
    assert "stop the server, restore a backup, and start it again" in server.expect("nothing can be said until then")
    assert "after" not in bob.heard.decode()
    assert server.stop() == 0


EMBEDDED = """
import sys, time
from chatroom import ChatFactory

factory = ChatFactory(history=sys.argv[1])
while not any(open(sys.argv[1] + name, "rb").read().count(b"tea") for name in ("-search", "-search-wal")):
    time.sleep(0.01)
print("indexed", flush=True)
from twisted.internet import reactor
from twisted.internet.endpoints import serverFromString
listening = serverFromString(reactor, "tcp:0:interface=127.0.0.1").listen(factory)
listening.addCallback(lambda port: print(f"at {port.getHost().port}", flush=True))
reactor.run()
"""


@pytest.mark.process
def test_threads_of_a_log_that_have_news_before_there_is_a_reactor_wait_for_it(stage: Stage, tmp_path: Path) -> None:
    subject = opened(tmp_path)
    subject.say(said("tea"))
    subject.stop()
    (tmp_path / "history-search").unlink()

    server = stage.start(sys.executable, "-c", EMBEDDED, str(tmp_path / "history"))
    server.expect("indexed\n")
    server.expect("at ")
    alice = stage.enter(int(server.expect("\n")), "alice")
    alice.send("more tea")
    alice.expect("alice: more tea")
    alice.send("/search more tea")
    alice.expect("more tea")
    assert server.errors() == ""
