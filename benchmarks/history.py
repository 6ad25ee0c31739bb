"""How long a server with a long history takes to start, and to answer what is asked of the past.

A log of :data:`MESSAGES` lines of talk is written in the words of a made-up language whose words are as unequally
frequent as those of any other (Zipf's law: the second half as frequent as the first, the third a third). A real
server makes its search index from it, is started again, and is asked through a socket.
"""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import sqlite3
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import accumulate, chain, product
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.processes import HOST, OUTPUT, START_TIMEOUT, NotMeasured, running
from benchmarks.results import History, HistoryRow
from chatroom.log.schema import open_log

MESSAGES = 5_000_000
"""Lines of talk in the log, unless told otherwise."""

ROOMS = {"lobby": 70, "garden": 20, "kitchen": 9, "attic": 1}
"""Where they were said: in a hundred, so many in each."""

LOBBY = 3
"""The place of talk in the first of them."""

VOCABULARY = 50_000
MOST_WORDS = 15
RARE_WORD = "zymurgy"
RARE_TIMES = 5
"""How often it was said, in the whole of the log, and in the lobby."""

EVENTS_TO_A_COMING = 25
"""Every so many events somebody joins or leaves."""

AT_ONCE = 100_000
"""Messages to a transaction while the log is written."""

STARTS = 4
QUESTIONS = 20
"""How many times each question is asked."""

INDEX_TIMEOUT = 1800.0
"""Seconds that the index may take to catch up."""

MISSED = 10_000
"""Events behind the one from which ``since=`` comes back."""


def measure(
    folder: Path, messages: int = MESSAGES, say: Callable[[str], None] = print, starts: int = STARTS
) -> History:
    """Write the log, have it indexed, and ask.

    :param folder: empty; there must be 400 bytes of room in it for a message.
    :param starts: how often a server is started on it, to see how long that takes: twice or more.
    :raises NotMeasured: the server did not answer.
    """
    path = folder / "long.sqlite"
    began = time.monotonic()
    words = write_log(path, messages)
    built = time.monotonic() - began
    say(f"  {messages:,} messages were written in {built:.0f} s")
    indexed = have_it_indexed(path, folder)
    say(f"  the search index had caught up {indexed:.0f} s later")
    rows = [_empty_start(folder, starts), *_ask_everything(path, folder, words, starts)]
    for row in rows:
        say(f"  {row['name']}: {row['median_ms']:.1f} ms (worst {row['worst_ms']:.1f}, first {row['first_ms']:.1f})")
    return {
        "when": time.strftime("%Y-%m-%d"),
        "messages": messages,
        "index_s": indexed,
        "log_mib": path.stat().st_size / 2**20,
        "index_mib": Path(f"{path}-search").stat().st_size / 2**20,
        "rows": rows,
    }


# Writing the log.


def write_log(path: Path, messages: int) -> list[str]:
    """Write a log of so many lines of talk; the words of its language, the most frequent first."""
    words = vocabulary(VOCABULARY)
    connection = open_log(str(path), "process")
    with closing(connection):
        # Nobody leans on this file yet.
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA wal_autocheckpoint = 10000")
        for number, room in enumerate(ROOMS, 1):
            connection.execute("INSERT INTO room (id, name) VALUES (?, ?)", (number, room))
        rows = _events(words, messages)
        written = 0
        while written < messages:
            connection.execute("BEGIN")
            count = min(AT_ONCE, messages - written)
            connection.executemany(
                "INSERT INTO event (id, at, place, kind, nickname, text) VALUES (?, ?, ?, ?, ?, ?)", _take(rows, count)
            )
            connection.execute("COMMIT")
            written += count
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return words


def vocabulary(size: int) -> list[str]:
    """Words of a made-up language, the shortest first."""
    syllables = ["".join(pair) for pair in product("bdfghklmnprstvz", "aeiou")]
    found = ("".join(word) for word in chain(product(syllables, repeat=2), product(syllables, repeat=3)))
    return [next(found) for _ in range(size)]


Row = tuple[int, float, int, str, str, str]


def _events(words: Sequence[str], messages: int) -> Iterator[Row]:
    """Without end: what happened, a tenth of a second between one event and the next, up to now."""
    chance = random.Random(1)
    weights = list(accumulate(1 / rank for rank in range(1, len(words) + 1)))
    rooms, shares = range(1, len(ROOMS) + 1), list(ROOMS.values())
    began = time.time() - messages / 10
    rare_every = messages // RARE_TIMES
    id_ = said = 0
    while True:
        lengths = chance.choices(range(1, MOST_WORDS + 1), k=AT_ONCE)
        text = iter(chance.choices(words, cum_weights=weights, k=sum(lengths)))
        for room, length in zip(chance.choices(rooms, shares, k=AT_ONCE), lengths, strict=True):
            id_ += 1
            nickname = f"user{id_ % 997}"
            if id_ % EVENTS_TO_A_COMING == 0:
                yield id_, began + id_ / 10, room * 2, "joined", nickname, ""
                continue
            said += 1
            spoken = [next(text) for _ in range(length)]
            place = room * 2 + 1
            if said % rare_every == rare_every // 2:
                spoken.append(RARE_WORD)
                place = LOBBY
            yield id_, began + id_ / 10, place, "said", nickname, " ".join(spoken)


def _take(rows: Iterator[Row], messages: int) -> Iterator[Row]:
    """The next of ``rows``, up to so many messages."""
    while messages:
        row = next(rows)
        yield row
        messages -= row[3] == "said"


# The server.


@contextmanager
def _serving(path: Path, folder: Path) -> Iterator[tuple[int, float]]:
    """A server with that history: its port, and the seconds until it listened."""
    output = folder / OUTPUT
    output.unlink(missing_ok=True)
    command = [sys.executable, "-m", "chatroom", "--port", "0", "--history", str(path), "--rate", "0"]
    began = time.monotonic()
    with running(command, folder) as process:
        port = _port_of(process, output)
        took = time.monotonic() - began
        yield port, took
        # In good order, so that the next start finds a log that was closed.
        process.send_signal(signal.SIGTERM)
        process.wait(START_TIMEOUT)


def _port_of(process: subprocess.Popen[bytes], output: Path) -> int:
    end = time.monotonic() + START_TIMEOUT
    while time.monotonic() < end and process.poll() is None:
        _, found, rest = output.read_text(errors="replace").partition("chatroom listens on ")
        if found and "\n" in rest:
            return int(rest.splitlines()[0].rpartition(":")[2])
        time.sleep(0.002)
    raise NotMeasured(f"the server did not start: {output.read_text(errors='replace')}")


def have_it_indexed(path: Path, folder: Path) -> float:
    """Run a server until the search index has the whole log; the seconds that it took."""
    with closing(sqlite3.connect(path)) as log:
        last = log.execute("SELECT max(id) FROM event").fetchone()[0]
    began = time.monotonic()
    with _serving(path, folder), closing(sqlite3.connect(f"file:{path}-search?mode=ro", uri=True)) as index:
        while index.execute("SELECT indexed FROM position").fetchone()[0] < last:
            if time.monotonic() - began > INDEX_TIMEOUT:
                raise NotMeasured(f"the search index did not catch up within {INDEX_TIMEOUT:g} s")
            time.sleep(0.2)
    return time.monotonic() - began


# Asking.


class Visitor:
    """Somebody at a socket who reads JSON, and looks at the clock."""

    def __init__(self, port: int, nickname: str, options: str = "") -> None:
        self._socket = socket.create_connection((HOST, port), START_TIMEOUT)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._lines = self._socket.makefile("rb")
        self._lines.readline()
        self.shown = 0
        """Events of the past that they were shown on entering."""
        began = time.perf_counter()
        self._send(f"{nickname} format=json {options}")
        while (line := self._read())["kind"] != "live":
            self.shown += "id" in line
        self.entering = time.perf_counter() - began
        """Seconds from giving a nickname to the end of the past."""

    def ask(self, question: str, answer: str) -> tuple[float, list[dict[str, Any]]]:
        """Type ``question``; the seconds until the ``answer`` of that kind had come, and the events in it."""
        events: list[dict[str, Any]] = []
        began = time.perf_counter()
        self._send(question)
        while True:
            line = self._read()
            if line["kind"] == answer:
                events += line["events"]
                # A long answer comes in parts.
                if not line.get("more"):
                    return time.perf_counter() - began, events
            if line["kind"] == "error":
                raise NotMeasured(f"{question} was answered with: {line['text']}")

    def _send(self, line: str) -> None:
        self._socket.sendall(line.encode() + b"\r\n")

    def _read(self) -> dict[str, Any]:
        line = self._lines.readline()
        if not line:
            raise NotMeasured("the server closed the connection")
        found: dict[str, Any] = json.loads(line)
        return found

    def close(self) -> None:
        self._lines.close()
        self._socket.close()


def _row(name: str, seconds: Sequence[float], target_ms: float | None = None) -> HistoryRow:
    """:param seconds: how long it took each time; the first may have had to wait for the disk."""
    later = [1000 * one for one in seconds[1:]]
    return {
        "name": name,
        "target_ms": target_ms,
        "first_ms": seconds[0] * 1000,
        "median_ms": statistics.median(later),
        "worst_ms": max(later),
    }


def _empty_start(folder: Path, starts: int) -> HistoryRow:
    """What of the time until a server listens is that of Python and Twisted."""
    taken = []
    for number in range(starts):
        with _serving(folder / f"empty{number}.sqlite", folder) as (_, took):
            taken.append(took)
    return _row("to start with an empty history", taken)


def _ask_everything(path: Path, folder: Path, words: Sequence[str], starts: int) -> list[HistoryRow]:
    seconds: list[float] = []
    _forget(path)
    for _ in range(starts):
        with _serving(path, folder) as (_, took):
            seconds.append(took)
    questions = _questions(path, words)
    _forget(path)
    with _serving(path, folder) as (port, _):
        rows = [_row("to start", seconds, 1000)]
        for number, question in enumerate(questions):
            with closing(Visitor(port, f"visitor{number}", f"room={question.room}")) as visitor:
                taken = [_time_of(question, wording, visitor) for wording in question.wordings]
            rows.append(_row(question.name, taken, question.target_ms))
        rows.append(_come_back(path, port))
    return rows


class Question(NamedTuple):
    """What is asked."""

    name: str
    room: str
    wordings: list[str]
    """In turn."""
    answer: str
    """The kind of its answer."""
    expected: range
    """How many events the answer may have."""
    target_ms: float


def _questions(path: Path, words: Sequence[str]) -> list[Question]:
    with closing(sqlite3.connect(path)) as log:
        last: int = log.execute("SELECT max(id) FROM event").fetchone()[0]
    chance = random.Random(2)
    common, seldom = words[:QUESTIONS], words[2000 : 2000 + QUESTIONS]
    middle = [f"/history 100 before {chance.randrange(last // 4, last)}" for _ in common]
    pairs = [f"/search {one} {other}" for one, other in zip(common, words[1:], strict=False)]
    nowhere = [f"/search {word} {RARE_WORD}s" for word in common]
    full, some = range(20, 21), range(21)
    return [
        Question("/history 100", "lobby", ["/history 100"] * QUESTIONS, "history", range(100, 101), 20),
        Question("/history 100 before ID, in the middle", "lobby", middle, "history", range(100, 101), 20),
        Question(
            "/search, a rare word",
            "lobby",
            [f"/search {RARE_WORD}"] * QUESTIONS,
            "found",
            range(RARE_TIMES, RARE_TIMES + 1),
            200,
        ),
        Question("/search, the most common words", "lobby", [f"/search {word}" for word in common], "found", full, 200),
        Question("/search, two common words together", "lobby", pairs, "found", full, 200),
        Question("/search, a common word and one that nobody said", "lobby", nowhere, "found", range(1), 200),
        Question(
            "/search, common words in a quiet room", "attic", [f"/search {word}" for word in common], "found", some, 200
        ),
        Question(
            "/search, seldom words in a quiet room", "attic", [f"/search {word}" for word in seldom], "found", some, 200
        ),
    ]


def _time_of(question: Question, wording: str, visitor: Visitor) -> float:
    seconds, events = visitor.ask(wording, question.answer)
    if len(events) not in question.expected:
        raise NotMeasured(f"{wording}: {len(events)} events instead of {question.expected}")
    return seconds


def _come_back(path: Path, port: int) -> HistoryRow:
    with closing(sqlite3.connect(path)) as log:
        last: int = log.execute("SELECT max(id) FROM event").fetchone()[0]
        after = log.execute(
            "SELECT id FROM event WHERE id <= ? AND place IN (?, ?) ORDER BY id DESC LIMIT 1 OFFSET ?",
            (last, LOBBY - 1, LOBBY, MISSED),
        ).fetchone()[0]
    taken = []
    for number in range(5):
        with closing(Visitor(port, f"back{number}", f"since={after}")) as back:
            if back.shown < MISSED:
                raise NotMeasured(f"since={after} showed {back.shown} events instead of {MISSED}")
            taken.append(back.entering)
    return _row(f"to come back with since=, {MISSED:,} events missed", taken)


def _forget(path: Path) -> None:
    """Have the system drop what it holds of the files in memory, as if they were read for the first time."""
    for name in (str(path), f"{path}-search"):
        descriptor = os.open(name, os.O_RDONLY)
        try:
            os.fsync(descriptor)
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(descriptor)
