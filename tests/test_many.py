"""Many clients that talk at random over real sockets: nothing is lost or repeated, and all agree on the order.

The server is a process of its own; the clients share one loop here. Everybody is in the lobby all the time and
goes in and out of a second room, so each one's transcript can be checked line by line: the lobby against the one
order in which all heard it, the second room against the stretches for which they were in it.
"""

from __future__ import annotations

import asyncio
import json
import random
import resource
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from support import Stage

from chatroom.model.constants import HOST_NAME

LOBBY, GARDEN = "lobby", "garden"
PATIENCE = 300.0
"""Seconds for the whole of a run to end once the talking has; what only a failure reaches."""
OPEN_LINES = 20
"""Lines of one client that may be under way at once."""
DONE = " is done"

Lines = dict[bytes, dict[str, Any]]
"""What each line means: it is the same bytes for all, so it is read once."""


class Talker:
    """One client: it talks, goes in and out of the garden, and keeps all that it hears."""

    def __init__(self, nickname: str, seed: int, lines: Lines) -> None:
        self.nickname = nickname
        self.events: list[dict[str, Any]] = []
        """What it heard, from its own joining on."""
        self.said: dict[str, list[str]] = {LOBBY: [], GARDEN: []}
        """What it said in each room, in order."""
        self.errors: list[dict[str, Any]] = []
        self._random = random.Random(seed)
        self._rooms = [LOBBY]
        self._lines = lines
        self._done = 0
        self._changed = asyncio.Condition()
        self._open = 0
        self._entered = asyncio.Event()

    async def connect(self, port: int) -> None:
        """Enter, and start to listen."""
        self._reader, self._writer = await asyncio.open_connection(HOST_NAME, port)
        assert await self._reader.readline() == b"NICK\r\n"
        self._send(f"{self.nickname} format=json")
        self._listening = asyncio.create_task(self._listen())
        await self._entered.wait()

    async def talk(self, lines: int | None, until: float, pause: float) -> None:
        """Do this and that.

        :param lines: how often; None for as often as there is time.
        :param until: the loop's time at which to stop.
        :param pause: seconds between two of them, on average.
        """
        loop = asyncio.get_running_loop()
        number = 0
        while loop.time() < until and (lines is None or number < lines):
            await asyncio.sleep(self._random.uniform(0, 2 * pause))
            for _ in range(self._random.choice((1, 1, 1, 5))):
                number += 1
                await self._do_something(f"{self.nickname} {number}")

    async def finish(self, clients: int) -> None:
        """Say that we are done, and hear everybody say so."""
        if GARDEN in self._rooms:
            self._rooms.remove(GARDEN)
            await self._under_way(f"/leave {GARDEN}")
        self.said[LOBBY].append(self.nickname + DONE)
        await self._under_way(self.nickname + DONE)
        async with self._changed:
            await self._changed.wait_for(lambda: self._done == clients)

    async def leave(self) -> None:
        """Go, and hear everything until the server closes the connection."""
        self._send("/quit")
        await self._listening
        self._writer.close()

    async def _do_something(self, text: str) -> None:
        if self._random.random() < 0.05:
            if GARDEN in self._rooms:
                self._rooms.remove(GARDEN)
                await self._under_way(f"/leave {GARDEN}")
            else:
                self._rooms.append(GARDEN)
                await self._under_way(f"/join {GARDEN}")
            return
        self.said[self._rooms[-1]].append(text)
        await self._under_way(text)

    async def _under_way(self, line: str) -> None:
        async with self._changed:
            await self._changed.wait_for(lambda: self._open < OPEN_LINES)
            self._open += 1
        self._send(line)
        await self._writer.drain()

    def _send(self, line: str) -> None:
        self._writer.write(line.encode() + b"\r\n")

    async def _listen(self) -> None:
        rest = b""
        while data := await self._reader.read(256 * 1024):
            *lines, rest = (rest + data).split(b"\r\n")
            for line in lines:
                thing = self._lines.get(line)
                if thing is None:
                    thing = self._lines[line] = json.loads(line)
                self._hear(thing)
            async with self._changed:
                self._changed.notify_all()

    def _hear(self, thing: dict[str, Any]) -> None:
        if thing["kind"] == "error":
            self.errors.append(thing)
        if "id" not in thing:
            return
        ours = thing["nick"] == self.nickname
        if self._entered.is_set():
            self._open -= ours
            self._done += thing["text"].endswith(DONE)
        elif ours:
            self._entered.set()
        self.events.append(thing)

    def heard(self, room: str) -> list[int]:
        """The ids of what it heard of ``room``, in the order in which it did."""
        return [event["id"] for event in self.events if event["room"] == room]


async def run(port: int, clients: int, lines: int | None, seconds: float, pause: float) -> list[Talker]:
    """Have ``clients`` of them talk; they, when all have heard everything and gone."""
    known: Lines = {}
    talkers = [Talker(f"talker{number}", number, known) for number in range(clients)]
    for start in range(0, clients, 50):
        await asyncio.gather(*(talker.connect(port) for talker in talkers[start : start + 50]))
    until = asyncio.get_running_loop().time() + seconds
    await asyncio.gather(*(talker.talk(lines, until, pause) for talker in talkers))
    await asyncio.gather(*(talker.finish(clients) for talker in talkers))
    for talker in talkers:
        await talker.leave()
    return talkers


def stays(talker: Talker, order: Sequence[dict[str, Any]]) -> list[int]:
    """The ids of what happened in the garden while ``talker`` was there, by what everybody heard together.

    :param order: everything that happened in the garden.
    """
    ids, inside = [], False
    for event in order:
        own = event["nick"] == talker.nickname
        if own and event["kind"] == "joined":
            inside = True
        if inside:
            ids.append(event["id"])
        if own and event["kind"] == "left":
            inside = False
    return ids


def check(talkers: Sequence[Talker]) -> int:
    """Check every transcript; the number of lines that were said."""
    everything: dict[int, dict[str, Any]] = {}
    for talker in talkers:
        assert talker.errors == []
        for event in talker.events:
            assert everything.setdefault(event["id"], event) is event, "an id stands for one event"
    order = [everything[id_] for id_ in sorted(everything)]
    lobby = [event for event in order if event["room"] == LOBBY]
    garden = [event for event in order if event["room"] == GARDEN]

    # Nothing is lost, repeated or put in another's mouth: what each said stands in the order once, and in turn.
    for room, happened in ((LOBBY, lobby), (GARDEN, garden)):
        said: dict[str, list[str]] = {talker.nickname: [] for talker in talkers}
        for event in happened:
            if event["kind"] == "said":
                said[event["nick"]].append(event["text"])
        for talker in talkers:
            assert said[talker.nickname] == talker.said[room]

    # Each heard all of the lobby from joining it to leaving it, and all of the garden while there.
    for talker in talkers:
        heard = talker.heard(LOBBY)
        first = next(at for at, event in enumerate(lobby) if event["nick"] == talker.nickname)
        assert heard == [event["id"] for event in lobby[first : first + len(heard)]]
        assert (talker.events[-1]["kind"], talker.events[-1]["nick"]) == ("left", talker.nickname)
        assert talker.heard(GARDEN) == stays(talker, garden)
        ids = [event["id"] for event in talker.events]
        assert ids == sorted(ids), "the rooms, too, are heard in one order"
    return Counter(event["kind"] for event in order)["said"]


def talk(stage: Stage, clients: int, lines: int | None, seconds: float, pause: float) -> int:
    server = stage.serve("--replay", "0")
    talkers = asyncio.run(asyncio.wait_for(run(server.port, clients, lines, seconds, pause), seconds + PATIENCE))
    said = check(talkers)
    assert server.stop() == 0
    assert "Traceback" not in server.to_the_end() + server.errors()
    return said


def test_sixty_clients_lose_and_repeat_nothing_and_agree_on_the_order(stage: Stage) -> None:
    assert talk(stage, clients=60, lines=60, seconds=PATIENCE, pause=0.01) > 3000


@pytest.mark.soak
def test_five_hundred_clients_do_for_a_minute(stage: Stage) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
    try:
        assert talk(stage, clients=500, lines=None, seconds=60, pause=5.0) > 5000
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
