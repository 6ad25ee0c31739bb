"""The tools that measure: what they write, and that they find what they are to find. No figure is looked at."""

from __future__ import annotations

import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from threading import Thread
from xml.etree import ElementTree

import pytest
from support import Stage, missing

from benchmarks import __main__ as bench
from benchmarks import chart, history, measuring, report, results
from benchmarks.processes import HOST, NotMeasured, running, wait_until_it_listens
from benchmarks.scenarios import (
    CHATROOM,
    DOOR_ROWS,
    DOORS,
    EVERYBODY,
    INSPIRCD,
    LIMIT,
    NGIRCD,
    ROWS,
    SCENARIOS,
    WEBSOCKET,
    Row,
    Scenario,
)
from benchmarks.servers import SERVERS, Server

TOP = Path(__file__).parent.parent
BROKEN = [sys.executable, "-c", "raise SystemExit('out of order')"]


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The C programs, built where the measuring looks for them."""
    compiler = shutil.which("cc")
    if compiler is None:
        missing("no C compiler is installed")
    for name in ("chatload", "climit"):
        source = TOP / "benchmarks" / f"{name}.c"
        subprocess.run([str(compiler), "-O1", "-o", tmp_path / name, source], check=True)
    monkeypatch.setattr(measuring, "CHATLOAD", tmp_path / "chatload")
    return tmp_path


def made_up(figures: Mapping[str, Mapping[str, float]], scenario: str = "small") -> results.Results:
    """Results of one scenario: each server's figures."""
    servers: dict[str, results.Runs] = {
        name: {"runs": [dict(figures)], "failures": []} for name, figures in figures.items()
    }
    measured: results.Measured = {"when": "2026-11-22", "load": "", "servers": servers}
    return {"machine": {"processor": "one"}, "scenarios": {scenario: measured}, "history": None, "hostile": None}


def verdicts(found: results.Results, work: str, rows: Sequence[Row] = ROWS) -> list[tuple[str, str]]:
    (row,) = (row for row in rows if row.work.startswith(work))
    return list(report.verdicts(found, row))


# Measuring.


@pytest.mark.process
@pytest.mark.parametrize("name", [*DOORS, LIMIT])
def test_a_scenario_is_run_on_a_real_server_and_nothing_is_lost(name: str, tools: Path) -> None:
    limit = Server("line", lambda port, folder: [str(tools / "climit"), str(port)], lambda: "climit.c")
    scenario = Scenario("--clients 4 --senders 3 --window 2 --messages 30")
    figures = measuring.run(limit if name == LIMIT else SERVERS[name], scenario, tools)
    assert list(figures) == list(scenario.figures)
    assert figures["deliveries_per_s"] > 0


@contextmanager
def passing_on(to: int, size: int) -> Iterator[int]:
    """A port from which everything is passed on to the port ``to``; of what comes back, ``size`` bytes at a time."""

    def copy(source: socket.socket, target: socket.socket, size: int) -> None:
        target.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with suppress(OSError):
            while data := source.recv(size):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)

    def accept() -> None:
        with suppress(OSError):
            while True:
                outside, _ = listening.accept()
                inside = socket.create_connection((HOST, to))
                open_sockets.extend((outside, inside))
                for arguments in ((outside, inside, 65536), (inside, outside, size)):
                    threads.append(Thread(target=copy, args=arguments))
                    threads[-1].start()

    listening = socket.create_server((HOST, 0))
    open_sockets = [listening]
    threads = [Thread(target=accept)]
    threads[0].start()
    try:
        yield listening.getsockname()[1]
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        threads[0].join()
        for one in open_sockets:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join()
        for one in open_sockets:
            one.close()


@pytest.mark.parametrize("size", [1, 7, 4096])
@pytest.mark.parametrize("text", [64, 4000])
def test_the_generator_takes_websocket_messages_in_whatever_pieces_they_come(
    size: int, text: int, tools: Path, stage: Stage
) -> None:
    # A server for each: who is generated next has the same nicknames, and those before may not have left yet.
    server, port = SERVERS[WEBSOCKET], stage.port()
    with running(server.command(port, tools), tools) as process:
        wait_until_it_listens(process, port, tools)
        with passing_on(port, size) as through:
            load = f"--proto ws --port {through} --clients 3 --senders 2 --messages 6 --size {text} --timeout 30"
            generated = subprocess.run([measuring.CHATLOAD, *load.split()], capture_output=True, check=False)
            assert generated.returncode == 0, generated


def test_a_websocket_that_is_refused_is_said_to_be_so(tools: Path, stage: Stage) -> None:
    server, port = SERVERS[WEBSOCKET], stage.port()
    command = [*server.command(port, tools), "--max-clients", "1", "--exempt", ""]
    with running(command, tools) as process:
        wait_until_it_listens(process, port, tools)
        load = f"--proto ws --port {port} --clients 3 --idle --timeout 30"
        generated = subprocess.run([measuring.CHATLOAD, *load.split()], capture_output=True, check=False)
    assert generated.returncode == 1
    assert b"503 Service Unavailable" in generated.stderr
    assert b"server refused a WebSocket" in generated.stdout


@pytest.mark.process
def test_a_server_that_does_not_come_up_is_noted_and_the_others_are_measured(
    tools: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = Server("irc", lambda port, folder: BROKEN, lambda: "1.0")
    monkeypatch.setattr(measuring, "SERVERS", {CHATROOM: SERVERS[CHATROOM], NGIRCD: broken})
    scenario = Scenario("--clients 2 --senders 1 --messages 3")
    said: list[str] = []
    measured = measuring.measure(scenario, 2, [CHATROOM, NGIRCD], tools, said.append)
    assert len(measured["servers"][CHATROOM]["runs"]) == 2
    assert measured["servers"][NGIRCD]["runs"] == []
    # It is not tried a second time.
    (failure,) = measured["servers"][NGIRCD]["failures"]
    assert "out of order" in failure
    assert len(said) == 3


@pytest.mark.process
def test_a_run_in_which_something_was_lost_does_not_count(tools: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    generator = tools / "chatload"
    generator.write_text('#!/bin/sh\necho \'{"lost": 3, "disorder": 1}\'\n')
    with pytest.raises(NotMeasured, match="3 deliveries lost, 1 out of order"):
        measuring.run(SERVERS[CHATROOM], Scenario(""), tools)


def test_a_process_and_its_children_are_gone_when_they_are_not_needed(tmp_path: Path, stage: Stage) -> None:
    port = stage.port()
    listen = f"import socket, time; s = socket.create_server(('127.0.0.1', {port})); print('x'); time.sleep(60)"
    with running(["sh", "-c", f'{sys.executable} -c "{listen}" & wait'], tmp_path) as process:
        wait_until_it_listens(process, port, tmp_path)
    assert process.returncode == -signal.SIGKILL
    # The child had the port.
    with running([sys.executable, "-c", listen], tmp_path) as process:
        wait_until_it_listens(process, port, tmp_path)


def test_every_row_is_of_a_scenario_that_keeps_its_figure_and_runs_what_it_is_held_against() -> None:
    rows = (*ROWS, *DOOR_ROWS)
    for row in rows:
        assert row.figure in SCENARIOS[row.scenario].figures
        assert row.server in SCENARIOS[row.scenario].servers
        for target in row.targets:
            scenario = SCENARIOS[target.scenario or row.scenario]
            assert row.figure in scenario.figures
            assert not target.server or target.server in scenario.servers
    assert {row.scenario for row in rows} | {"reading"} == set(SCENARIOS)


def test_one_name_stands_for_all_that_is_measured_by_door() -> None:
    assert bench.parse(["--only", "doors,history"]).only == ["doors-one", "doors-talk", bench.HISTORY]
    assert bench.parse([]).only == [*SCENARIOS, bench.HISTORY]


# What is made of the figures.


def test_a_target_is_met_or_missed_by_its_ratio() -> None:
    found = made_up({CHATROOM: {"deliveries_per_s": 3e6}, INSPIRCD: {"deliveries_per_s": 2e6}})
    assert verdicts(found, "19 speak") == [("at least 1.0 of inspircd's", "yes (1.50)")]
    found = made_up({CHATROOM: {"deliveries_per_s": 1e6}, INSPIRCD: {"deliveries_per_s": 2e6}})
    assert verdicts(found, "19 speak") == [("at least 1.0 of inspircd's", "**no** (0.50)")]


def test_a_target_may_be_a_distance_or_a_figure_of_its_own() -> None:
    found = made_up({CHATROOM: {"p99_ms": 22.5}, INSPIRCD: {"p99_ms": 1.5}}, "pingpong")
    assert verdicts(found, "the same: p99") == [("at most 20 ms above inspircd's", "**no** (21.00 ms)")]
    found = made_up({CHATROOM: {"rss_per_client_kib": 3.0}}, "login")
    assert verdicts(found, "memory") == [("at most 4 KiB", "yes (3.00 KiB)")]


def test_a_door_is_held_against_the_line_door_of_the_same_run() -> None:
    figures = {name: {"deliveries_per_s": 1e6 * rate} for name, rate in zip(DOORS, (4, 3, 1), strict=True)}
    found = made_up({**figures, INSPIRCD: {"deliveries_per_s": 2e6}}, "doors-one")
    assert verdicts(found, "1 speaks to 500", DOOR_ROWS) == [("at least 0.5 of the line door's", "yes (0.75)")]
    shown = [line.strip(" -*") for line in report.page(found).splitlines()]
    start = shown.index("1 speaks to 500")
    assert shown[start + 2 : start + 6] == ["4.00", "3.00 (0.75)", "1.00 (0.25)", "2.00 (0.50)"]


def test_what_was_not_measured_is_said_to_be_so() -> None:
    found = made_up({CHATROOM: {"deliveries_per_s": 3e6}})
    assert verdicts(found, "19 speak") == [("at least 1.0 of inspircd's", "not measured")]
    assert verdicts(found, "10 speak") == [("at least 2.0 of inspircd's", "not measured")]
    assert verdicts(found, "10 speak", DOOR_ROWS) == [("at least 0.5 of the line door's", "not measured")]


def test_the_median_counts() -> None:
    found = made_up({CHATROOM: {"p50_ms": 1.0}})
    found["scenarios"]["small"]["servers"][CHATROOM]["runs"] += [{"p50_ms": 9.0}, {"p50_ms": 2.0}]
    assert results.median(found, "small", CHATROOM, "p50_ms") == 2.0


def test_measuring_a_part_again_replaces_its_figures_and_no_others(tmp_path: Path) -> None:
    files = bench.Files(tmp_path)
    here = {"processor": "one", "system": "Linux"}
    found = files.read(here, {CHATROOM: "1.0"})
    both = made_up({CHATROOM: {"p50_ms": 1.0}})["scenarios"] | made_up({CHATROOM: {"p50_ms": 2.0}}, "talk")["scenarios"]
    found["scenarios"] = both
    files.write(found)
    again = files.read(here, {CHATROOM: "1.1"})
    assert again["scenarios"] == both
    assert again["machine"] == {**here, CHATROOM: "1.1"}
    assert files.read({"processor": "another", "system": "Linux"}, {})["scenarios"] == {}


def test_the_page_and_the_chart_are_those_of_the_results() -> None:
    """Both are made; who edits them by hand loses it."""
    files = bench.Files(None)
    found = results.read(files.results)
    assert files.page.read_text(encoding="utf-8") == report.page(found)
    assert files.chart.read_text(encoding="utf-8") == chart.chart(found)


def test_the_chart_has_a_bar_for_each_server_that_can_be_compared() -> None:
    found = made_up({name: {"deliveries_per_s": 1e6 * rank} for rank, name in enumerate(EVERYBODY, 1)})
    drawn = ElementTree.fromstring(chart.chart(found))
    bars = [bar.get("class") for bar in drawn.iter("{http://www.w3.org/2000/svg}rect") if float(bar.get("y", "0")) > 60]
    assert bars == ["chatroom", "ngircd", "bare"]


def test_the_chart_of_nothing_can_be_drawn() -> None:
    assert ElementTree.fromstring(chart.chart(results.nothing({}))).tag == "{http://www.w3.org/2000/svg}svg"


# The long history.


@pytest.mark.process
def test_a_history_is_written_indexed_and_asked(tmp_path: Path) -> None:
    said: list[str] = []
    measured = history.measure(tmp_path, 30_000, said.append, starts=2)
    assert measured["messages"] == 30_000
    assert all(0 < row["median_ms"] <= row["worst_ms"] for row in measured["rows"])
    with closing(sqlite3.connect(tmp_path / "long.sqlite")) as log:
        count, rare = log.execute(
            "SELECT count(*), sum(text LIKE ?) FROM event WHERE kind = 'said'", (f"%{history.RARE_WORD}",)
        ).fetchone()
    assert (count, rare) == (30_000, history.RARE_TIMES)
