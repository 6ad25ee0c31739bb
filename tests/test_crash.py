"""The server is killed while everybody talks, and started again, over and over: nothing that was seen is lost.

A real process, SIGKILL at a random moment, members that come back with ``since=``. After each crash the log is
read as the dead process left it, and every transcript is compared with it, event by event.
"""

from __future__ import annotations

import random
import signal

import pytest
from crowd import BY, Crowd, Heard, Talker, check, kept, new_seed
from support import Stage

ROOMS = ("lobby", "garden")
MEMBERS = 6
LONGEST_TALK = 6000
"""Events that all of them together hear of a server until its end, at most."""


def crash(stage: Stage, rounds: int, seed: int) -> None:
    """Have a server crash ``rounds`` times on the same file."""
    chance = random.Random(seed)
    path, port = stage.folder / "history.sqlite", stage.port()
    members = [
        Talker(f"member{number}", chance.sample(ROOMS, chance.choice((1, 2, 2))), hears_all=chance.random() < 0.3)
        for number in range(MEMBERS)
    ]
    log: list[Heard] = []
    with Crowd(members) as crowd:
        for _ in range(rounds):
            server = stage.serve("--history", str(path), "--rate", "0", port=port, by=BY)
            crowd.connect(port)
            crowd.go_on_for_a_while(chance.randrange(LONGEST_TALK))
            server.stop(signal.SIGKILL)
            crowd.until_the_end()
            before, log = log, kept(path, stage.folder / "copy")
            assert log[: len(before)] == before, "what was kept has changed"
            check(members, log)
            server.close()

        server = stage.serve("--history", str(path), "--rate", "0", port=port, by=BY)
        crowd.connect(port)
        crowd.go_on_until(lambda: all(member.live for member in members))
        newcomer = Talker("newcomer", ROOMS, talks=False, hears_all=True)
        crowd.bring(port, [newcomer])
        # They did come back, and what they came back to was no empty room.
        crowd.go_on_until(lambda: sum(event.kind == "said" for event in newcomer.heard) > 100 * rounds)
        crowd.until_all_have_heard_all()
        log = kept(path, stage.folder / "copy")
        check([*members, newcomer], log)
        assert [event.id for event in newcomer.heard] == [event.id for event in log]
        assert all(len(member.starts) == rounds + 1 for member in members)
        assert server.stop() == 0
        assert "Traceback" not in server.to_the_end() + server.errors()


def test_what_anyone_saw_survives_every_crash_and_whoever_comes_back_misses_nothing(stage: Stage) -> None:
    crash(stage, 5, new_seed())


@pytest.mark.soak
@pytest.mark.parametrize("run", range(20))
def test_it_does_ten_times_in_a_row(stage: Stage, run: int) -> None:
    crash(stage, 10, new_seed())
