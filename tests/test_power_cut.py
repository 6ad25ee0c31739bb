"""The power is cut while everybody talks: with ``--durability power`` nothing that was seen is lost.

The cut is simulated: powercut.c, loaded into the server, keeps a second folder as a disk would, with what was
fsynced and no more, or with some of the rest as well. The server is killed at a random moment, and the next one
finds that folder alone. With ``--durability process`` the same cut does take back what was shown, so the
simulation would find it.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from crowd import BY, Crowd, Heard, Talker, check, kept, new_seed
from support import TIMEOUT, Person, Server, Stage, program

ROOMS = ("lobby", "garden")
MEMBERS = 6
LONGEST_TALK = 6000
"""Events that all of them together hear of a server until the cut, at most."""
ENOUGH_SAID, ENOUGH_INDEXED = 10_000, 5 * 1024 * 1024
"""Lines, and bytes in the search index, from which on there is something in it to damage."""
LEAKS = (0, 0, 20, 50)
"""Percentages of the writes that reach the disk though nothing was fsynced."""


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What cuts the power, compiled."""
    compiled = tmp_path_factory.mktemp("powercut") / "powercut.so"
    source = Path(__file__).with_name("powercut.c")
    command = [program("cc"), "-O2", "-shared", "-fPIC", "-o", str(compiled), str(source), "-ldl", "-lpthread"]
    subprocess.run(command, check=True, timeout=TIMEOUT)
    return compiled


class Machine:
    """A server whose power can be cut, and the disk that is left."""

    def __init__(self, stage: Stage, library: Path, chance: random.Random, durability: str) -> None:
        self._stage = stage
        self._library = library
        self._chance = chance
        self._durability = durability
        self._cuts = 0
        self.port = stage.port()
        self._disk = stage.folder / "disk0"
        self._disk.mkdir()
        self.path = self._disk / "history.sqlite"

    def start(self, *, leaks: int = 0) -> Server:
        """Start the server on what the last cut has left; its next disk begins with the same."""
        self._cuts += 1
        folder = self._disk
        files, self._disk = (self._stage.folder / f"{name}{self._cuts}" for name in ("files", "disk"))
        shutil.copytree(folder, files)
        self._disk.mkdir()
        for file in files.iterdir():
            os.link(file, self._disk / file.name)
        self.path = folder / "history.sqlite"
        environment = {
            "LD_PRELOAD": str(self._library),
            "POWERCUT_FOLDER": str(folder.resolve()),
            "POWERCUT_FILES": str(files),
            "POWERCUT_DISK": str(self._disk),
            "POWERCUT_LEAKS": str(leaks),
            "POWERCUT_SEED": str(self._chance.randrange(2**31)),
        }
        return serve(self._stage, self.path, self.port, self._durability, environment)

    def cut(self, server: Server) -> list[Heard]:
        """Cut its power; the log as it stands on the disk."""
        server.stop(signal.SIGKILL)
        server.close()
        shutil.rmtree(self.path.parent)
        self.path = self._disk / "history.sqlite"
        return kept(self.path, self._stage.folder / "copy") if self.path.exists() else []


def serve(stage: Stage, path: Path, port: int, durability: str, environment: Mapping[str, str]) -> Server:
    options = ("--history", str(path), "--rate", "0", "--durability", durability)
    by = ("env", *(f"{name}={value}" for name, value in environment.items()), *BY)
    return stage.serve(*options, port=port, by=by)


def members_of(chance: random.Random) -> list[Talker]:
    return [Talker(f"member{number}", chance.sample(ROOMS, chance.choice((1, 2, 2)))) for number in range(MEMBERS)]


def cut_the_power(stage: Stage, library: Path, rounds: int, seed: int) -> None:
    """Cut it ``rounds`` times on the same disk."""
    chance = random.Random(seed)
    machine = Machine(stage, library, chance, "power")
    members = members_of(chance)
    log: list[Heard] = []
    with Crowd(members) as crowd:
        for _ in range(rounds):
            server = machine.start(leaks=chance.choice(LEAKS))
            crowd.connect(machine.port)
            crowd.go_on_for_a_while(chance.randrange(LONGEST_TALK))
            before, log = log, machine.cut(server)
            crowd.until_the_end()
            assert log[: len(before)] == before, "what was kept has changed"
            check(members, log)

        server = machine.start()
        crowd.connect(machine.port)
        crowd.go_on_until(lambda: all(member.live for member in members))
        # Each line is heard by all of them at most.
        crowd.go_on_until(lambda: lines_heard(members) > 100 * rounds * MEMBERS)
        crowd.until_all_have_heard_all()
        log = machine.cut(server)
        check(members, log)
        assert "Traceback" not in server.heard.decode()


def lines_heard(members: list[Talker]) -> int:
    return sum(event.kind == "said" for member in members for event in member.heard)


def test_what_anyone_saw_survives_every_power_cut(stage: Stage, library: Path) -> None:
    cut_the_power(stage, library, 5, new_seed())


@pytest.mark.soak
@pytest.mark.parametrize("run", range(20))
def test_it_does_ten_times_in_a_row(stage: Stage, library: Path, run: int) -> None:
    cut_the_power(stage, library, 10, new_seed())


def test_search_finds_what_was_said_before_the_power_cut(stage: Stage, library: Path) -> None:
    machine = Machine(stage, library, random.Random(new_seed()), "power")
    member = Talker("member0", ("lobby",), longer=" ".join(f"word{number}" for number in range(400)))
    with Crowd([member]) as crowd:
        server = machine.start(leaks=LEAKS[-1])
        index = machine.path.with_name(f"{machine.path.name}-search")
        crowd.connect(machine.port)
        crowd.go_on_until(lambda: member.said > ENOUGH_SAID)
        member.talks = False
        # What is indexed stands beside the index at first, and is moved into it a few MB at a time.
        crowd.go_on_until(lambda: index.stat().st_size > ENOUGH_INDEXED)
        log = machine.cut(server)
        crowd.until_the_end()
    machine.start()
    alice = stage.enter(machine.port, "alice")
    said = [event.text for event in log if event.kind == "said"]
    for text in (said[-1], said[0], said[len(said) // 2]):
        # The index follows behind.
        end = time.monotonic() + TIMEOUT
        while f"member0: {text}\r\n" not in (found := search(alice, f"{text.split()[0]} word7")):
            assert not found.startswith("! ")
            assert time.monotonic() < end, f"{text} was not found"


def search(person: Person, words: str) -> str:
    """What they are shown when they search for ``words``."""
    person.send(f"/search {words}")
    # The answer to the next line comes behind it.
    person.send("/msg alice searched")
    return person.expect("alice (privately to alice): searched\r\n")


def test_durability_process_loses_what_was_seen_and_keeps_what_was_before_that(stage: Stage, library: Path) -> None:
    machine = Machine(stage, library, random.Random(new_seed()), "process")
    assert sum(lost_by_a_cut(machine) for _ in range(3)), "a power cut that takes nothing shows nothing"


def lost_by_a_cut(machine: Machine) -> int:
    """Have people talk until the power is cut; how many of the events that they saw are not on the disk."""
    members = [Talker(f"member{number}", ROOMS) for number in range(MEMBERS)]
    with Crowd(members) as crowd:
        server = machine.start()
        crowd.connect(machine.port)
        crowd.go_on_until(lambda: all(len(member.heard) > 1000 for member in members))
        log = machine.cut(server)
        crowd.until_the_end()
    heard = max((member.heard for member in members), key=len)
    there = [event for event in log if event.id >= heard[0].id]
    assert heard[: len(there)] == there[: len(heard)], "it has a hole"
    return max(0, len(heard) - len(there))
