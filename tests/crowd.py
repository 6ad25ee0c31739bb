"""A crowd on sockets: members who talk as fast as they are heard, keep all that they hear, and come back.

What the tests share that have many members and check every one's transcript, line by line, against the log: one
loop, no threads, no Twisted, so that everything that arrived before a server was killed is still taken in.
"""

from __future__ import annotations

import json
import os
import random
import selectors
import shutil
import socket
import sqlite3
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest
from support import TIMEOUT, TWISTD

from chatroom.model.constants import HOST_NAME

BY = (TWISTD, "-n", "--pidfile=", "chatroom")
"""How a server is started that may be killed and started again: a pid file that is left behind would stop it."""

WINDOW = 64
"""Lines that a talker has under way at once."""

PATIENCE = 300.0
"""Seconds that a crowd, which may have MB to say first, is waited for before a test fails."""


class Heard(NamedTuple):
    """An event as it was heard, or as it stands in the log."""

    id: int
    kind: str
    room: str
    nickname: str
    text: str


def new_seed() -> int:
    """A seed for what a test does at random; it is printed, and ``CHATROOM_TEST_SEED`` gives it again."""
    seed = int(os.environ.get("CHATROOM_TEST_SEED") or random.randrange(2**32))
    print(f"CHATROOM_TEST_SEED={seed}")
    return seed


class Talker:
    """A member who hears everything, and talks in the last of their rooms."""

    def __init__(
        self, nickname: str, rooms: Sequence[str], *, talks: bool = True, longer: str = "", hears_all: bool = False
    ) -> None:
        """
        :param longer: stands at the end of each line that they say.
        :param hears_all: ask for everything that was before they came as well.
        """
        self.nickname = nickname
        self.rooms = tuple(rooms)
        self.talks = talks
        self.heard: list[Heard] = []
        """What they heard, over all their connections."""
        self.starts: list[int] = []
        """The number of the first line that they said on each connection."""
        self.said = 0
        """How many lines they have said on all of them."""
        self.errors: list[str] = []
        self.live = False
        """Whether they have come in, and have been shown what they missed."""
        self.socket: socket.socket | None = None
        self._longer = f" {longer}" if longer else ""
        self.hears_all = hears_all
        self._echoed = 0
        self._rest = b""
        self._skips = False
        self._caught_up = False
        self._joined: set[str] = set()

    def connect(self, port: int, receive_buffer: int = 0) -> None:
        """Come in, or come back after what was heard last."""
        self.socket = socket.socket()
        self.socket.settimeout(TIMEOUT)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.connect((HOST_NAME, port))
        self.live = self._caught_up = False
        self._rest = b""
        self._joined.clear()
        self.starts.append(self.said)
        self._echoed = self.said
        since = self.heard[-1].id if self.heard else 0 if self.hears_all else None
        self._skips = since is None
        self._send(
            f"{self.nickname} format=json room={','.join(self.rooms)}"
            + (f" since={since}" if since is not None else "")
        )

    def talk(self) -> None:
        """Say as much as may be under way."""
        if self.live and self.talks and self.said - self._echoed <= WINDOW // 2:
            count = WINDOW - (self.said - self._echoed)
            self._send("\r\n".join(f"{number}{self._longer}" for number in range(self.said, self.said + count)))
            self.said += count

    def say(self, text: str) -> None:
        """Say something that is no number."""
        self._send(text)

    def close(self) -> None:
        """Close the connection, if there is one."""
        self.live = False
        if self.socket is not None:
            self.socket.close()
            self.socket = None

    def _send(self, lines: str) -> None:
        assert self.socket is not None
        # The server may be gone already; that is found out by reading.
        try:
            self.socket.sendall(lines.encode() + b"\r\n")
        except (BrokenPipeError, ConnectionResetError):
            self.live = False

    def read(self, known: dict[bytes, Heard | str], at_once: int = 256 * 1024) -> bool:
        """Take in what has come; False when that was the end.

        :param known: what each line means: it is the same bytes for all, so it is read once.
        """
        assert self.socket is not None
        try:
            data = self.socket.recv(at_once)
        except ConnectionResetError:
            data = b""
        if not data:
            self.close()
            return False
        *lines, self._rest = (self._rest + data).split(b"\r\n")
        for line in lines:
            thing = known.get(line)
            if thing is None:
                thing = known[line] = _meaning(line)
            if isinstance(thing, Heard):
                self._hear(thing)
            elif thing == "live":
                self._skips = False
                self._caught_up = True
            elif thing.startswith("error"):
                self.errors.append(thing)
        return True

    def _hear(self, event: Heard) -> None:
        if self._skips:
            return
        self.heard.append(event)
        if event.nickname == self.nickname:
            # What they missed may have their last coming in, which the crash kept from them.
            if event.kind == "joined" and self._caught_up:
                self._joined.add(event.room)
                self.live = len(self._joined) == len(self.rooms)
            elif event.kind == "said" and (number := _number(event.text)) is not None:
                self._echoed = max(self._echoed, number + 1)


def _meaning(line: bytes) -> Heard | str:
    """An event, or the kind of what is none; for an error, all of it."""
    if line == b"NICK":
        return "nick"
    found = json.loads(line)
    if "id" in found:
        return Heard(found["id"], found["kind"], found["room"], found["nick"], found["text"])
    return f"error {found}" if found["kind"] == "error" else str(found["kind"])


def _number(text: str) -> int | None:
    first = text.partition(" ")[0]
    return int(first) if first.isdigit() else None


class Crowd:
    """Talkers, and the loop that they share."""

    def __init__(self, talkers: Iterable[Talker]) -> None:
        self.talkers = list(talkers)
        self._selector = selectors.DefaultSelector()
        self._known: dict[bytes, Heard | str] = {}

    def __enter__(self) -> Crowd:
        return self

    def __exit__(self, *_: object) -> None:
        for talker in self.talkers:
            talker.close()
        self._selector.close()

    def connect(self, port: int, talkers: Iterable[Talker] | None = None) -> None:
        """Have all of them come, or come back."""
        for talker in self.talkers if talkers is None else talkers:
            talker.connect(port)
            assert talker.socket is not None
            self._selector.register(talker.socket, selectors.EVENT_READ, talker)

    def bring(self, port: int, talkers: Sequence[Talker]) -> None:
        """Have more of them come, and wait until they are in."""
        self.talkers.extend(talkers)
        self.connect(port, talkers)
        self.go_on_until(lambda: all(talker.live for talker in talkers))

    def go_on_for_a_while(self, events: int) -> None:
        """Hear and talk until so many more events have been heard, all that each heard taken together."""
        enough = events + self._heard()
        self.go_on_until(lambda: self._heard() >= enough)

    def _heard(self) -> int:
        return sum(len(talker.heard) for talker in self.talkers)

    def go_on_until(self, reached: Callable[[], bool], timeout: float = PATIENCE) -> None:
        """Hear and talk until ``reached``."""
        end = time.monotonic() + timeout
        while not reached():
            left = end - time.monotonic()
            if left < 0:
                pytest.fail(f"not reached in {timeout:g} seconds: {[str(talker) for talker in self.talkers]}")
            # What is waited for may happen elsewhere, with nothing to be heard of it.
            self._turn(min(left, 0.1))

    def until_the_end(self) -> None:
        """Hear all that has come, when the server is gone."""
        self.go_on_until(lambda: all(talker.socket is None for talker in self.talkers))

    def until_all_have_heard_all(self) -> None:
        """Stop to talk, and wait until everybody has heard the last words of everybody in their rooms."""
        for talker in self.talkers:
            talker.talks = False
            talker.say(f"{talker.nickname} is done")
        spoken: dict[str, set[str]] = {}
        for talker in self.talkers:
            spoken.setdefault(talker.rooms[-1], set()).add(f"{talker.nickname} is done")
        waiting = {
            talker: set[str]().union(*(spoken.get(room, ()) for room in talker.rooms)) for talker in self.talkers
        }
        places = {talker: len(talker.heard) for talker in self.talkers}

        def heard() -> bool:
            for talker, texts in list(waiting.items()):
                texts -= {event.text for event in talker.heard[places[talker] :]}
                places[talker] = len(talker.heard)
                if not texts:
                    del waiting[talker]
            return not waiting

        self.go_on_until(heard)

    def _turn(self, seconds: float) -> None:
        for key, _ in self._selector.select(seconds):
            talker: Talker = key.data
            assert talker.socket is not None
            connection = talker.socket
            if not talker.read(self._known):
                self._selector.unregister(connection)
            talker.talk()


def kept(path: Path, copy: Path) -> list[Heard]:
    """What stands in the log, read from a copy, so that the server finds its files as the last one left them.

    :param copy: a folder that is not there yet.
    """
    copy.mkdir()
    for suffix in ("", "-wal"):
        if (found := path.with_name(path.name + suffix)).exists():
            shutil.copy(found, copy / found.name)
    with closing(sqlite3.connect(copy / path.name)) as connection:
        rows = connection.execute(
            # On the wire, leaving is leaving, be it one room or all.
            "SELECT event.id, replace(kind, 'quit', 'left'), room.name, nickname, text"
            " FROM event JOIN room ON room.id = place / 2"
            " ORDER BY event.id"
        ).fetchall()
    shutil.rmtree(copy)
    return [Heard(*row) for row in rows]


def check(talkers: Iterable[Talker], log: Sequence[Heard]) -> None:
    """Each heard all of their rooms, from the first event to the last that they heard, once and in order."""
    for talker in talkers:
        assert talker.errors == []
        if talker.heard:
            first, last = talker.heard[0].id, talker.heard[-1].id
            if not talker.hears_all:
                assert talker.heard[0][1:4:2] == ("joined", talker.nickname), "whoever comes, first sees that they did"
            there = [event for event in log if first <= event.id <= last and event.room in talker.rooms]
            _check_same(f"{talker.nickname} in {talker.rooms}", talker.heard, there)
        numbers = [_number(event.text) for event in log if event[1:4:2] == ("said", talker.nickname)]
        _check_spoken(talker, [number for number in numbers if number is not None])


def _check_same(who: str, heard: Sequence[Heard], log: Sequence[Heard]) -> None:
    for at, (one, other) in enumerate(zip(heard, log, strict=False)):
        if one != other:
            before = heard[max(0, at - 3) : at]
            pytest.fail(f"{who} heard {heard[at : at + 3]}, the log has {log[at : at + 3]}, after {before}")
    if len(heard) != len(log):
        pytest.fail(
            f"{who} heard {len(heard)}, the log has {len(log)}: {heard[len(log) :][:3] or log[len(heard) :][:3]}"
        )


def _check_spoken(talker: Talker, numbers: Sequence[int]) -> None:
    """What was kept of each connection is how it began, each line once and in turn."""
    ends = [*talker.starts[1:], talker.said]
    expected: list[int] = []
    for start, end in zip(talker.starts, ends, strict=True):
        expected += range(start, start + sum(start <= number < end for number in numbers))
    assert numbers == expected
