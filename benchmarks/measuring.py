"""One scenario after the other: each server in turn, run after run, so that a noisy minute is noisy for all."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from benchmarks.processes import NotMeasured, free_port, pin, processors, running, wait_until_it_listens
from benchmarks.results import Measured, Runs
from benchmarks.scenarios import Scenario
from benchmarks.servers import BUILD, SERVERS, Server

TIME_LIMIT = 100
"""Seconds that a server may take to let everybody in, and again for what is said."""

SETTLE = 0.5
"""Seconds that a server is given for what it has to do at the start, which is nobody's memory or time."""

CHATLOAD = BUILD / "chatload"


def raise_file_limit() -> None:
    """Allow this process and its children as many connections as the system does."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def measure(
    scenario: Scenario, runs: int, servers: Sequence[str], scratch: Path, say: Callable[[str], None] = print
) -> Measured:
    """Run ``scenario`` so many times on each of ``servers`` that has a part in it."""
    found: dict[str, Runs] = {}
    for number in range(1, runs + 1):
        for name in (name for name in scenario.servers if name in servers):
            taken = found.setdefault(name, {"runs": [], "failures": []})
            if number > 1 and not taken["runs"]:
                # It did not finish the first time, and would only take that long again.
                continue
            try:
                figures = run(SERVERS[name], scenario, scratch)
            except NotMeasured as failure:
                taken["failures"].append(str(failure))
                say(f"  {number}. {name}: {failure}")
            else:
                taken["runs"].append(figures)
                shown = ", ".join(f"{figure} {value:g}" for figure, value in figures.items())
                say(f"  {number}. {name}: {shown}")
    return {"when": time.strftime("%Y-%m-%d"), "load": scenario.load, "servers": found}


def run(server: Server, scenario: Scenario, scratch: Path) -> dict[str, float]:
    """One run on a server of its own, which has nothing behind it.

    :raises NotMeasured: it did not do all of what it was to do, or not in order.
    """
    servers_processor, generators_processor = processors()
    with tempfile.TemporaryDirectory(dir=scratch) as name:
        folder, port = Path(name), free_port()
        # ngircd gives up its rights, and goes on to read its folder.
        folder.chmod(0o755)
        with running(server.command(port, folder), folder, servers_processor) as process:
            wait_until_it_listens(process, port, folder)
            time.sleep(SETTLE)
            options = f"--proto {server.protocol} --port {port} --pid {process.pid} --timeout {TIME_LIMIT}"
            found = _generate([*options.split(), *scenario.load.split()], generators_processor)
    if found.get("lost") or found.get("disorder"):
        raise NotMeasured(f"{found['lost']:g} deliveries lost, {found['disorder']:g} out of order")
    return {figure: found[figure] for figure in scenario.figures}


def _generate(arguments: list[str], processor: int) -> dict[str, float]:
    with subprocess.Popen(
        [CHATLOAD, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as generator:
        pin(generator, processor)
        try:
            printed, complaints = generator.communicate(timeout=2 * TIME_LIMIT + 20)
        except subprocess.TimeoutExpired:
            raise NotMeasured("the load generator did not come to an end") from None
        finally:
            with suppress(ProcessLookupError):
                generator.kill()
    try:
        found = json.loads(printed)
    except ValueError:
        raise NotMeasured(f"the load generator failed: {complaints.strip() or printed.strip()}") from None
    if "error" in found:
        raise NotMeasured(found["error"])
    return {name: float(value) for name, value in found.items()}


def installed(wanted: Sequence[str]) -> dict[str, str]:
    """The version of each of the servers that is here."""
    return {name: version for name in wanted if (version := SERVERS[name].version()) is not None}


def scratch_folder() -> Path:
    """Where the histories are written: on the disk of the checkout, since what a system has in /tmp is often none."""
    folder = BUILD / "scratch"
    os.makedirs(folder, exist_ok=True)
    return folder
