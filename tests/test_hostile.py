"""``make hostile``: what it makes of its figures, and that it attacks a real server and looks at the clock."""

from __future__ import annotations

import math
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import TypeAlias

import pytest
from support import Stage, missing, port_of

from benchmarks.hostile import __main__ as hostile
from benchmarks.hostile import figures, honest, script, trial
from benchmarks.hostile.attacker import Crowd
from benchmarks.hostile.attacks import ATTACKS
from benchmarks.hostile.script import DEAF, READY, RESET, Attack, Connect, Door, Expect, Pause, Script, Send
from benchmarks.hostile.trial import Times
from benchmarks.report import list_table

MANY_TURNS = 2000
"""Turns that a crowd may take for what it does in a test: a turn takes 50 ms at most."""


Making: TypeAlias = Callable[[Callable[[int], Script]], tuple[Crowd, socket.socket]]


def made_up() -> figures.Figures:
    """The figures of an attack that harmed nobody."""
    return {
        "name": "ws-pings",
        "sentence": "100 WebSockets send pings.",
        "p50_ms": 2.0,
        "p99_ms": 20.0,
        "worst_ms": 30.0,
        "lines": 50,
        "missing": 0,
        "lost": [],
        "newcomer_s": 0.01,
        "answer_s": 0.02,
        "before_mib": 50.0,
        "peak_mib": 100.0,
        "after_mib": 60.0,
        "stop_s": 0.5,
        "died": False,
        "busy": 0.1,
        "effort": {"connections": 100, "closed": 0, "refused": 0, "sent": 1000, "received": 0, "ready": 100},
    }


# What is made of the figures.


@pytest.mark.parametrize(("percent", "expected"), [(0, 1), (50, 50), (99, 99), (99.5, 100), (100, 100)])
def test_a_percentile_is_one_of_the_values(percent: float, expected: float) -> None:
    values = [float(one) for one in range(100, 0, -1)]
    assert figures.percentile(values, percent) == expected


def test_nothing_has_no_percentile() -> None:
    assert math.isnan(figures.percentile([], 99))


def test_each_target_that_is_missed_is_named() -> None:
    assert figures.missed(made_up()) == []
    slow = made_up()
    slow["p99_ms"], slow["lost"], slow["after_mib"], slow["stop_s"] = 1234.5, ["honest3"], 151.0, 30.0
    assert figures.missed(slow) == [
        "p99 of a line: 1,234.5 ms (at most 100)",
        "honest members lost: 1 (at most 0)",
        "memory kept afterwards: 101.0 MiB (at most 100)",
        "SIGTERM to the end: 30.0 s (at most 10)",
    ]


def test_what_was_not_seen_is_missed_and_what_was_not_tried_is_not() -> None:
    found = made_up()
    found["newcomer_s"], found["stop_s"] = math.nan, None
    assert figures.missed(found) == ["the slowest newcomer: nan s (at most 1)"]


def test_the_table_has_a_row_for_each_attack() -> None:
    row = figures.cells(made_up())
    assert len(row) == len(figures.HEADS)
    table = list_table(figures.HEADS, [row])
    assert "   * - ``ws-pings``: 100 WebSockets send pings." in table
    assert "     - 50, 100, 60" in table
    assert table.endswith("- yes")
    harmful = made_up()
    harmful["missing"] = 1
    assert figures.cells(harmful)[-1] == "**no**"


# The attacks.


@pytest.mark.parametrize("attack", list(ATTACKS.values()), ids=lambda attack: attack.name)
def test_each_attack_says_what_it_is_and_all_its_clients_connect(attack: Attack) -> None:
    assert attack.sentence.endswith(".")
    for number in {0, attack.clients // 2, attack.clients - 1} if attack.clients else ():
        steps = list(islice(attack.script(number), 30))
        assert READY in steps
        assert isinstance(next(step for step in steps if step is not READY), Connect)


def test_two_attacks_have_no_name_in_common() -> None:
    with pytest.raises(ValueError, match="two attacks named quiet"):
        script.attack("quiet", 1)(lambda number: iter(()))


def test_a_frame_has_the_length_that_its_payload_takes() -> None:
    assert script.frame(b"hi") == b"\x81\x82\0\0\0\0hi"
    assert script.frame(b"", script.PING) == b"\x89\x80\0\0\0\0"
    assert script.frame(b"x" * 126)[:4] == b"\x81\xfe\0\x7e"
    assert script.frame(b"x" * 65536, first=0)[:10] == b"\x01\xff\0\0\0\0\0\1\0\0"


# The attacker.


@pytest.fixture
def crowd(stage: Stage) -> Iterator[Making]:
    """Makes a crowd of one client with a script, and gives the place where a test plays its server."""
    if sys.platform != "linux":
        missing("loopback has one address alone")
    with ExitStack() as stack:

        def make(client: Callable[[int], Script]) -> tuple[Crowd, socket.socket]:
            listening = stage.listen()
            listening.settimeout(0)
            made = Crowd(Attack("one", 1, client, "One."), dict.fromkeys(Door, port_of(listening)))
            stack.callback(made.close)
            return made, listening

        yield make


def turn_until(crowd: Crowd, found: Callable[[], bool]) -> None:
    for _ in range(MANY_TURNS):
        if found():
            return
        crowd.turn()
    pytest.fail(f"it did not come to that: {crowd.effort}")


def test_a_client_waits_for_its_marker_and_for_all_others(crowd: Making) -> None:
    def client(number: int) -> Script:
        yield Connect(Door.LINE)
        yield Expect(b"NICK")
        yield Send(b"me\n", until=b"welcome")
        yield READY
        yield Pause(0.01)
        yield Send(b"attack")

    attackers, listening = crowd(client)
    turn_until(attackers, lambda: attackers.effort["connections"] == 1)
    server, address = listening.accept()
    assert address[0] == "127.1.0.1"
    with server:
        server.settimeout(10)
        server.sendall(b"NI")
        turn_until(attackers, lambda: attackers.effort["received"] == 2)
        assert attackers.effort["sent"] == 0
        server.sendall(b"CK\r\n")
        turn_until(attackers, lambda: attackers.effort["sent"] == 3)
        assert not attackers.prepared
        server.sendall(b"welcome, me")
        turn_until(attackers, lambda: attackers.prepared)
        assert attackers.effort["sent"] == 3
        attackers.begin()
        turn_until(attackers, lambda: attackers.effort["sent"] == 9)
        assert server.recv(100) == b"me\nattack"


def test_a_client_whose_connection_is_closed_begins_again(crowd: Making) -> None:
    def client(number: int) -> Script:
        yield Connect(Door.IRC)
        yield READY
        yield from script.repeat(b"x")

    attackers, listening = crowd(client)
    attackers.begin()
    turn_until(attackers, lambda: attackers.effort["sent"] > 0)
    listening.accept()[0].close()
    turn_until(attackers, lambda: attackers.effort["connections"] == 2)
    assert attackers.effort["closed"] == 1


def test_a_client_resets_its_connection_and_may_be_deaf(crowd: Making) -> None:
    def client(number: int) -> Script:
        yield Connect(Door.WEB, script.SMALL_BUFFER)
        yield DEAF
        yield Send(b"x")
        yield Pause(0.05)
        yield RESET

    attackers, listening = crowd(client)
    turn_until(attackers, lambda: attackers.effort["sent"] == 1)
    server, _ = listening.accept()
    with server:
        server.settimeout(10)
        assert server.recv(1) == b"x"
        server.sendall(b"nobody reads this")
        turn_until(attackers, lambda: attackers.prepared)
        with pytest.raises(ConnectionResetError):
            server.recv(1)
    assert attackers.effort["received"] == 0


# The honest members.


def test_an_honest_member_knows_when_it_is_in_and_when_it_is_let_go(stage: Stage) -> None:
    listening = stage.listen()
    member = honest.Member(honest.PLAIN, "honest0", "127.0.0.1", {Door.LINE: port_of(listening)})
    server, _ = listening.accept()
    with server:
        server.settimeout(10)
        while member.waits_to_send:
            member.flush()
        assert server.recv(100) == b"honest0\n"
        member.socket.settimeout(10)
        server.sendall(b"NICK\r\n* wel")
        member.read()
        assert member.entered is None
        server.sendall(b"come to lobby, honest0.\r\n! Too much waits for you.\r\n")
        member.read()
        assert member.entered is not None
    while not member.end:
        member.read()
    assert member.end == "honest0 (line): closed; last shown: ! Too much waits for you."
    member.close()


# All of it.


@pytest.mark.process
def test_an_attack_is_run_on_a_real_server_and_measured(tmp_path: Path) -> None:
    found = trial.run(ATTACKS["telnet-nop"], Times(1.0, 0.0), [], tmp_path)
    assert found["effort"]["ready"] == found["effort"]["connections"] == 100
    assert found["effort"]["sent"] > 0
    assert found["lines"] >= 3
    assert 0 < found["p50_ms"] <= found["p99_ms"] <= found["worst_ms"]
    assert found["newcomer_s"] > 0
    assert found["answer_s"] > 0
    assert 0 < found["before_mib"] <= found["peak_mib"]
    assert 0 < found["busy"] < 1
    assert not found["died"]


@pytest.mark.process
def test_a_server_is_told_to_stop_in_the_middle_of_an_attack(tmp_path: Path) -> None:
    assert 0 < trial.stop(ATTACKS["ws-pings-one"], Times(1.0, 0.0), [], tmp_path) < trial.STOP_LIMIT


@pytest.mark.process
def test_a_server_that_does_not_start_is_a_failure(capsys: pytest.CaptureFixture[str]) -> None:
    assert hostile.main(["--only", "quiet", "--", "--no-such-option"]) == 1
    assert "NOT MEASURED: the server did not start" in capsys.readouterr().out


def test_the_attacks_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert hostile.main(["--list"]) == 0
    listed = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in listed] == list(ATTACKS)
    assert listed[0].split()[0] == "quiet"


def test_an_attack_that_does_not_exist_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        hostile.parse(["--only", "quiet,ws-pigs"])
    assert "no such attack: ws-pigs" in capsys.readouterr().err
