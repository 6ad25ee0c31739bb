"""The log on disk, on real files: what it survives, what it holds, and what happens when it cannot keep anything."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from kinds import new_kind
from logs import Subject, draft, opened, said, talk
from support import TIMEOUT, Stage, no_file_longer_than

from chatroom.log.checkpoints import CHECKPOINT_AFTER
from chatroom.log.recent import KEPT
from chatroom.log.schema import connect
from chatroom.log.sqlite import SQLiteLog
from chatroom.log.trimming import TRIM_EVERY
from chatroom.model.errors import AlreadyKept, HistoryBroken, HistoryUnusable, NotKept
from chatroom.model.events import (
    Away,
    Draft,
    Event,
    Joined,
    Left,
    Nature,
    Noticed,
    Quit,
    Renamed,
    Said,
    TopicChanged,
)

# What survives.


def test_everything_is_there_when_it_is_opened_again(tmp_path: Path) -> None:
    first = opened(tmp_path)
    events = first.say(
        draft(Joined, "lobby", "alice"),
        said("grüß dich \U0001f375 \x00 日本"),
        draft(TopicChanged, "garden", "alice", "tea"),
        draft(Renamed, "lobby", "alice", "al"),
        draft(Left, "lobby", "al", "so long"),
        draft(Quit, "garden", "al", "so long"),
        draft(Noticed, "garden", "alice", "cake"),
    )
    first.stop()
    again = opened(tmp_path)

    assert again.log.last_committed == events[-1].id
    found = again.since({"lobby", "garden"}, 0)
    assert found == events
    assert [type(event) for event in found] == [type(event) for event in events]
    assert again.recent("lobby", 10) == [events[1]]
    (later,) = again.say(said("back"))
    assert later.id > events[-1].id
    assert again.search_until("日本", bool) == [events[1]]
    again.stop()


def test_every_field_is_there_when_it_is_opened_again(tmp_path: Path) -> None:
    first = opened(tmp_path)
    events = first.say(
        Draft(Said, "lobby", "m1", "alice", "two\nlines", 7, {"a": [1, None, "ü"], "b": {}}, "ref 1"),
        Draft(Said, "lobby", "m1", "alice", extras={}),
        Draft(Said, "lobby", "m2", "bob", "plain"),
    )
    first.stop()
    again = opened(tmp_path)

    assert again.since({"lobby"}, 0) == events
    token = again.append(Draft(Said, "garden", "m1", "al", "once more", ref="ref 1"))
    again.settle()
    error = again.refusals[token]
    assert isinstance(error, AlreadyKept)
    assert str(events[0].id) in str(error)
    again.stop()


def test_a_history_keeps_its_identity(tmp_path: Path) -> None:
    identities = []
    for _ in range(2):
        subject = opened(tmp_path)
        identities.append(subject.log.identity)
        subject.say(said("tea"))
        subject.stop()

    assert len(set(identities)) == 1


def test_times_do_not_go_back_when_it_is_opened_again(tmp_path: Path) -> None:
    first = opened(tmp_path)
    first.now += 3600
    (last,) = first.say(said("an hour ahead"))
    first.stop()
    again = opened(tmp_path)
    assert again.now < last.at
    (event,) = again.say(said("back in time"))

    assert event.at == last.at
    assert again.first_since(last.at + 1) == event.id + 1
    again.stop()


def test_what_is_not_kept_is_not_there_and_the_last_id_is(tmp_path: Path) -> None:
    first = opened(tmp_path)
    (one, _) = first.say(said("one"), draft(Away, "lobby", "alice", "tea"))
    first.stop()
    again = opened(tmp_path)
    (away,) = again.say(draft(Away, "lobby", "alice"))

    assert away.id == one.id
    assert again.since({"lobby"}, 0) == [one]
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
        subject.say(said("tea"))
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
    for spoken in range(50_000, 5_050_000, 50_000):
        for number in range(500):
            subject.append(said(f"{number} {'x' * 100}"))
        wanted = len(subject.events) + 500
        subject.pump_until(lambda: len(subject.events) == wanted)  # noqa: B023 - done with before the next
        longest = max(longest, (tmp_path / "history-wal").stat().st_size)
        # The keeper has a thread of its own, which may come to its turn late.
        end = time.monotonic() + TIMEOUT
        while spoken - (tmp_path / "history").stat().st_size > CHECKPOINT_AFTER / 2:
            assert time.monotonic() < end, f"of {spoken} bytes that were said, too few have come into the file"
            time.sleep(0.01)
    subject.stop()

    assert (tmp_path / "history").stat().st_size > 5 * CHECKPOINT_AFTER / 2, "too little was said to tell"
    assert longest < 4 * CHECKPOINT_AFTER


# What holds.


def state_of(folder: Path) -> list[Event]:
    """What holds when the log in ``folder`` is opened again."""
    subject = opened(folder)
    subject.stop()
    assert all(event.id <= subject.log.last_committed for event in subject.log.state)
    return list(subject.log.state)


def topic(room: str, text: str, **fields: object) -> Draft:
    return draft(TopicChanged, room, "alice", text, **fields)


def test_the_last_event_of_each_room_holds_oldest_first(tmp_path: Path) -> None:
    subject = opened(tmp_path)
    _, garden, lobby = subject.say(topic("lobby", "tea"), topic("garden", "roses"), topic("lobby", "cake"))
    assert list(subject.log.state) == [], "as of the start"
    subject.stop()
    assert state_of(tmp_path) == [garden, lobby]

    subject = opened(tmp_path)
    (garden,) = subject.say(topic("garden", "tulips"))
    subject.stop()
    assert state_of(tmp_path) == [lobby, garden]


def test_an_event_that_clears_leaves_nothing_that_holds(tmp_path: Path) -> None:
    subject = opened(tmp_path)
    subject.say(topic("lobby", "tea"), topic("garden", "roses"))
    _, _, kitchen, _ = subject.say(
        topic("lobby", ""), topic("garden", ""), topic("kitchen", "soup"), topic("nowhere", "")
    )
    subject.stop()

    assert state_of(tmp_path) == [kitchen]


def test_every_field_of_what_holds_is_kept(tmp_path: Path) -> None:
    subject = opened(tmp_path)
    events = subject.say(
        topic("lobby", "tea", about=3, extras={"by": ["alice"]}, ref="7"), topic("garden", "roses", extras={})
    )
    subject.stop()

    assert state_of(tmp_path) == events


def test_each_kind_and_subject_has_a_state_of_its_own(tmp_path: Path) -> None:
    traits = {"nature": Nature.STATE, "subject": property(lambda event: event.extras["of"])}
    with new_kind("badge", Event, **traits) as role, new_kind("mood", Event, nature=Nature.STATE) as mode:
        subject = opened(tmp_path)
        _, bob, tea, locked, carol, _ = subject.say(
            draft(role, "lobby", "alice", "op", extras={"of": "bob"}),
            draft(role, "lobby", "alice", "voice", extras={"of": "bob"}),
            topic("lobby", "tea"),
            draft(mode, "lobby", "alice", "locked"),
            draft(role, "garden", "alice", "op", extras={"of": "carol"}),
            draft(role, "lobby", "alice", "", extras={"of": "carol"}),
        )
        subject.stop()
        found = state_of(tmp_path)

    assert found == [bob, tea, locked, carol]
    assert [type(event) for event in found] == [role, TopicChanged, mode, role]


def test_what_holds_is_kept_however_much_is_trimmed(tmp_path: Path) -> None:
    subject = opened(tmp_path, keep_events=10)
    (tea,) = subject.say(topic("lobby", "tea"))
    talk(subject, 100)
    subject.now += TRIM_EVERY
    talk(subject, 10)
    subject.wait_until(lambda: tea not in subject.since({"lobby"}, 0))
    subject.stop()

    assert subject.log.forgotten >= tea.id
    assert state_of(tmp_path) == [tea]


def test_the_oldest_state_of_a_kind_is_forgotten_beyond_the_limit(tmp_path: Path) -> None:
    with new_kind("mood", Event, nature=Nature.STATE) as mode:
        subject = opened(tmp_path, state_limit=3)
        locked = subject.say(draft(mode, "room0", "alice", "locked"))
        together = subject.say(*[topic(f"room{number}", "tea") for number in range(5)])
        subject.say(topic("room4", ""))
        one_by_one = [subject.say(topic(f"room{number}", "cake"))[0] for number in (2, 5, 6)]
        subject.stop()
        found = state_of(tmp_path)

    assert len(together) == 5
    assert found == [*locked, *one_by_one]


# Kinds that a newer program knows.


def test_kinds_that_nobody_knows_are_passed_over(tmp_path: Path) -> None:
    """A newer program was here, and has left: what it has written is skipped, and questions go on behind it."""
    traits = {"nature": Nature.STATE}
    with new_kind("hologram", Event, **traits) as hologram, new_kind("shimmered", Event, counted=False) as shimmered:
        subject = opened(tmp_path)
        for number in range(300):
            kinds = (Said, hologram, shimmered, Joined, hologram)
            subject.say(*[draft(kind, "lobby", "alice", f"tea {number}") for kind in kinds])
        subject.stop()
        # The index is made by a program that does not know them.
        (tmp_path / "history-search").unlink()
    known = [event for event in subject.events if type(event) in (Said, Joined)]
    lines = [event for event in known if type(event) is Said]
    again = opened(tmp_path)

    assert list(again.log.state) == []
    assert again.log.last_committed == subject.log.last_committed
    assert again.recent("lobby", 5) == lines[-5:]
    assert again.recent("lobby", 2 * KEPT) == lines[-2 * KEPT :]
    assert again.recent("lobby", 5, lines[100].id) == lines[95:100]
    assert again.since({"lobby", "nowhere"}, 0, 5) == known[:5]
    assert again.since({"lobby"}, known[9].id, 100) == known[10:110]
    assert again.since({"lobby"}, 0, 5000) == known
    assert again.search_until("299", bool) == lines[-1:]
    assert again.search("tea", count=5) == lines[-5:]
    new = again.say(said("new"), topic("lobby", "cake"))
    assert again.since({"lobby"}, known[-1].id) == new
    again.stop()
    assert state_of(tmp_path) == new[1:]


# Trimming.


def test_what_was_trimmed_is_known_to_be_forgotten_when_it_is_opened_again(tmp_path: Path) -> None:
    subject = opened(tmp_path, keep_events=10)
    talk(subject, 2000)
    subject.now += TRIM_EVERY
    talk(subject, 1)
    subject.wait_until(lambda: len(subject.since({"lobby"}, 0)) == 10)
    subject.stop()
    again = opened(tmp_path)
    (first, *_) = again.since({"lobby"}, 0)

    assert again.log.forgotten == subject.log.forgotten == first.id - 1
    again.stop()


def test_what_was_trimmed_is_not_recent_either(tmp_path: Path) -> None:
    subject = opened(tmp_path, keep_events=5)
    assert subject.recent("garden", 5) == []
    subject.say(said("roses", room="garden"))
    assert subject.recent("garden", 5)
    subject.now += TRIM_EVERY
    events = talk(subject, 100)
    subject.wait_until(lambda: not subject.recent("garden", 5))
    subject.now += TRIM_EVERY
    events += talk(subject, 1)
    subject.wait_until(lambda: len(subject.since({"lobby"}, 0)) == 5)

    assert subject.recent("lobby", 100) == events[-5:]
    subject.stop()


# A disk that is full.


def fill(subject: Subject) -> None:
    """Say something until it cannot be kept."""
    while not subject.failures:
        subject.say(said("x" * 10_000))


def test_what_does_not_fit_is_not_kept_and_it_goes_on_once_there_is_room(tmp_path: Path) -> None:
    subject = opened(tmp_path)
    before = subject.say(said("before"), topic("lobby", "before"))
    with no_file_longer_than(500_000):
        fill(subject)
        assert [type(error) for error in subject.errors] == [NotKept]
        assert str(subject.errors[0]).startswith("not sent: the disk ")
        kept = list(subject.events)
        # All of a batch is kept, or nothing.
        tokens = []
        for number in range(50):
            tokens.append(subject.append(said(f"{number} {'x' * 10_000}", nickname="bob")))
            tokens.append(subject.append(topic("lobby", "never"), topic("garden", "never")))
        failed = len(subject.failures)
        subject.settle()
        assert subject.failures[failed:] == tokens, "each is named once"
        assert subject.events == kept
        assert subject.since({"lobby", "garden"}, 0) == kept
        assert subject.log.last_committed == kept[-1].id
    subject.failures.clear()
    after = subject.say(said("after"), draft(Joined, "garden", "bob"))
    subject.stop()
    again = opened(tmp_path)

    assert not subject.breakdowns
    assert again.since({"lobby", "garden"}, 0) == [*kept, *after]
    assert kept[:2] == before
    assert after[0].id > kept[-1].id
    assert list(again.log.state) == before[1:]
    again.stop()


def test_what_needs_no_keeping_is_handed_back_though_the_rest_of_its_batch_fails(tmp_path: Path) -> None:
    subject = opened(tmp_path)
    (original,) = subject.say(said("before", ref="1"))
    away = draft(Away, "lobby", "alice", "tea")
    with no_file_longer_than(500_000):
        fill(subject)
        last = subject.events[-1]
        handed_back = len(subject.events)
        # In rooms of their own: each request makes the batch longer.
        drafts = {"one": said("one " + "x" * 500_000), "two": said("two", ref="2"), "three": said("three", room="new")}
        tokens = {name: subject.append(draft) for name, draft in drafts.items()}
        tokens |= {"away": subject.append(away, away), "both": subject.append(away, said("and gone"))}
        tokens |= {"again": subject.append(said("before", ref="1")), "two again": subject.append(said("two", ref="2"))}
        subject.settle()
    failed = subject.failures[1:]

    assert [event[2:6] for event in subject.events[handed_back:]] == [away[1:5]] * 2
    assert [event.id for event in subject.events[handed_back:]] == [last.id] * 2
    assert failed == [tokens[name] for name in ("one", "two", "three", "both", "two again")]
    error = subject.refusals[tokens["again"]]
    assert isinstance(error, AlreadyKept)
    assert error.details == {"id": original.id}
    # Nothing of it is there, the ref included.
    assert [event.text for event in subject.say(said("two", ref="2"))] == ["two"]
    subject.stop()


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


@pytest.mark.process
@pytest.mark.parametrize("left", [0, 8, 16, 32, 48, 64, 100])
def test_a_disk_on_which_there_is_no_room_to_begin_is_called_full(small_disk: Path, left: int) -> None:
    with (small_disk / "filler").open("wb", buffering=0) as file:
        with pytest.raises(OSError, match="No space left"):
            file.writelines([bytes(4096)] * 1000)
        file.truncate(file.tell() - left * 1024)

    with pytest.raises(HistoryUnusable, match="the disk is full: make room"):
        opened(small_disk)


# A thread that dies.


class NoEvent(Event):
    """Of a kind that no log keeps."""


# It is to die of it.
DEADLY = (draft(NoEvent, "lobby", "alice"), said("no JSON", extras={"key": object()}))


@pytest.mark.parametrize("deadly", DEADLY)
def test_a_writer_that_dies_is_told_and_nothing_more_is_kept(tmp_path: Path, deadly: Draft) -> None:
    subject = opened(tmp_path)
    kept = subject.say(said("before"))
    subject.append(deadly)
    subject.append(said("with it"))
    subject.pump_until(lambda: bool(subject.breakdowns))
    subject.append(said("after"))
    subject.stop()

    [error] = subject.breakdowns
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
    subject.append(DEADLY[0])
    subject.append(said("on its way"))
    subject.stop()

    assert set(threading.enumerate()) <= before


# The server as it is, but for somebody who has it keep what cannot be kept when /topic says so.
SABOTAGE = """
import sys
from chatroom import __main__
from chatroom.server import service
from chatroom.model.events import Draft, Event, Said, TopicChanged

class NoEvent(Event):
    pass

def sabotaged(settings, clock, **rest):
    def hook(event):
        if isinstance(event, TopicChanged) and event.text == "die":
            chat.log.append([Draft(NoEvent, "lobby", "", "nobody")])
            chat.log.append([Draft(Said, "lobby", "", "nobody", "never seen")])
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
