"""The clock on the wall is set while people talk: nobody notices, at the program as in somebody else's."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from support import TIMEOUT, TWISTD, Server, Stage
from wrong_clock import WallClock

pytestmark = pytest.mark.process

EMBEDDED = """
import sys
from twisted.internet import reactor
from twisted.internet.endpoints import serverFromString
from chatroom import ChatFactory

factory = ChatFactory(**eval(sys.argv[1]))
listening = serverFromString(reactor, "tcp:0:interface=127.0.0.1").listen(factory)
listening.addCallback(lambda port: print(f"chatroom listens on 127.0.0.1:{port.getHost().port}", flush=True))
reactor.run()
"""
"""A program with a reactor of its own."""

SLOW = {"rate": 5.0, "burst": 2.0}
"""Who says more than two lines at once has to wait."""


def program(stage: Stage, clock: WallClock, kind: str) -> int:
    """The port of a server with limits, which goes by ``clock``."""
    if kind == "embedded":
        started = stage.start(sys.executable, "-c", EMBEDDED, repr(SLOW), environment=clock.environment)
        started.expect("chatroom listens on 127.0.0.1:")
        return int(started.expect("\n"))
    command = (sys.executable, "-m", "chatroom") if kind == "module" else (TWISTD, "-n", "--pidfile=", "chatroom")
    options = [word for name, value in SLOW.items() for word in (f"--{name}", f"{value:g}")]
    return serve(stage, clock, *options, by=command).port


def serve(
    stage: Stage, clock: WallClock, *options: str, by: tuple[str, ...] = (sys.executable, "-m", "chatroom")
) -> Server:
    environment = [f"{name}={value}" for name, value in clock.environment.items()]
    return stage.serve(*options, by=("/usr/bin/env", *environment, *by))


@pytest.mark.parametrize("kind", ["module", "twistd", "embedded"])
@pytest.mark.parametrize("step", ["-2h", "+2h"])
def test_who_is_in_is_heard_at_once_after_the_clock_was_set(stage: Stage, tmp_path: Path, kind: str, step: str) -> None:
    clock = WallClock(tmp_path)
    port = program(stage, clock, kind)
    olga, linda = stage.enter(port, "olga"), stage.enter(port, "linda")
    # She has to wait for her turn when the clock is set, and again behind that.
    for number in range(6):
        linda.send(f"before {number}")
    olga.expect("linda: before 1\r\n")
    clock.set(step)
    linda.send("after")

    olga.send("anything")
    olga.expect("linda: after\r\n", timeout=TIMEOUT / 4)
    assert stage.enter(port, "late")


def test_times_that_are_kept_never_go_back(stage: Stage, tmp_path: Path) -> None:
    clock = WallClock(tmp_path)
    server = serve(stage, clock)
    reader = stage.connect(server.port)
    reader.expect("NICK\r\n")
    reader.send("reader format=json")
    reader.expect('"live"')
    alice = stage.enter(server.port, "alice")
    for offset in ("+0", "-2h", "+2h", "-10y"):
        clock.set(offset)
        alice.send(f"at {offset}")
        reader.expect(f'"at {offset}"')
    times = [json.loads(line)["at"] for line in reader.lines_so_far() if '"text":"at ' in line]

    assert len(times) == 4
    assert times == sorted(times)
