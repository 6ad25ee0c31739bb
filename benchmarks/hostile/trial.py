"""One attack on a server of its own, and what became of everybody."""

from __future__ import annotations

import multiprocessing
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from benchmarks import history
from benchmarks.hostile import attacker, honest
from benchmarks.hostile.figures import KEPT, Effort, Figures, percentile
from benchmarks.hostile.honest import Report
from benchmarks.hostile.script import Attack, Door
from benchmarks.processes import OUTPUT, START_TIMEOUT, NotMeasured, processors, running

PREPARATION = 60.0
"""Seconds that the attacker's clients may take to come in; it begins without those who are not there by then."""

QUIET = 1.0
"""Seconds without an attack before memory is looked at, and between two looks afterwards."""

STOP_LIMIT = 30.0
"""Seconds after which a server that was told to stop is killed."""

HISTORY = "chat.sqlite"

GRACE = 2 * honest.PATIENCE
"""Seconds that another process may take to answer."""

_SPAWN = multiprocessing.get_context("spawn")


@dataclass(frozen=True, slots=True)
class Times:
    """How long what takes, in seconds."""

    attack: float = 10.0
    after: float = 60.0
    """From the end of the attack until memory is looked at again; less where it is back before."""


class Place:
    """A running server, and the folder in which it has its history."""

    def __init__(self, process: subprocess.Popen[bytes], ports: dict[Door, int], folder: Path) -> None:
        self.process = process
        self.ports = ports
        self.folder = folder

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def memory(self, field: str = "VmRSS") -> float:
        """MiB that the server takes: now, or the most that it ever did (``VmHWM``, proc(5)); 0 when it has ended."""
        with suppress(OSError):
            for line in Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8").splitlines():
                if line.startswith(f"{field}:"):
                    return int(line.split()[1]) / 1024
        return 0.0

    def said(self) -> str:
        """The last lines that the server printed."""
        return "\n".join((self.folder / OUTPUT).read_text(errors="replace").splitlines()[-5:])


class Other:
    """A process that takes part, and the pipe to it."""

    def __init__(self, process: Any, orders: Connection) -> None:
        self._process = process
        self._orders = orders

    def tell(self, order: str) -> None:
        with suppress(OSError):
            self._orders.send(order)

    def answer(self, seconds: float) -> Any:
        """What it says.

        :returns: None when it says nothing in so many seconds.
        :raises NotMeasured: it has ended.
        """
        try:
            return self._orders.recv() if self._orders.poll(seconds) else None
        except EOFError:
            raise NotMeasured("a process that was to measure has ended") from None


@contextmanager
def beside(run: Callable[..., None], *arguments: object) -> Iterator[Other]:
    """Have a process of its own do ``run(*arguments, orders)`` until the block is left."""
    ours, theirs = _SPAWN.Pipe()
    process = _SPAWN.Process(target=run, args=(*arguments, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        yield Other(process, ours)
    finally:
        process.kill()
        process.join()
        ours.close()


@contextmanager
def serving(attack: Attack, options: Sequence[str], scratch: Path) -> Iterator[Place]:
    """A server as it comes, with three doors open, and the history that the attack asks for."""
    with tempfile.TemporaryDirectory(dir=scratch) as name:
        folder = Path(name)
        if attack.history:
            for file in long_history(attack.history, scratch):
                shutil.copy(file, folder)
        doors = {Door.LINE: "--port", Door.WEB: "--web", Door.IRC: "--irc"}
        # What comes last counts.
        command = [sys.executable, "-m", "chatroom", "--history", HISTORY, *attack.options, *options]
        command += [f"{option}=0" for option in doors.values()]
        with running(command, folder) as process:
            # They say where they listen in this order.
            ports = dict(zip(doors, _ports(process, folder / OUTPUT, len(doors)), strict=True))
            yield Place(process, ports, folder)


def _ports(process: subprocess.Popen[bytes], output: Path, count: int) -> list[int]:
    """Wait until the server listens at so many ports that the system chose for it."""
    end = time.monotonic() + START_TIMEOUT
    while time.monotonic() < end and process.poll() is None:
        found = re.findall(r"(?m)^.*chatroom listens on .*:(\d+)$", output.read_text(errors="replace"))
        if len(found) == count:
            return [int(port) for port in found]
        time.sleep(0.02)
    raise NotMeasured(f"the server did not start: {output.read_text(errors='replace').strip()}")


def long_history(lines: int, scratch: Path) -> list[Path]:
    """The files of a history of so many lines, which are made when they are first needed.

    :param scratch: where they stay for the next attack.
    """
    kept = scratch / f"history-{lines}"
    if not kept.exists():
        with tempfile.TemporaryDirectory(dir=scratch) as name:
            folder = Path(name)
            history.write_log(folder / HISTORY, lines)
            _make_dear(folder / HISTORY)
            history.have_it_indexed(folder / HISTORY, folder)
            with suppress(FileExistsError):
                os.rename(name, kept)
            os.makedirs(name, exist_ok=True)
    return [file for file in kept.iterdir() if file.name.startswith(HISTORY)]


def _make_dear(path: Path) -> None:
    """Have lines of 4,000 bytes in the kitchen, and ideographs in the garden, in some lines more than 1,300."""
    kitchen, garden = (2 * (list(history.ROOMS).index(room) + 1) + 1 for room in ("kitchen", "garden"))
    with closing(sqlite3.connect(path)) as log, log:
        log.execute("UPDATE event SET text = ? WHERE place = ? AND id % 2", ("long " * 800, kitchen))
        log.execute("UPDATE event SET text = text || ' 日本語 日日' WHERE place = ?", (garden,))
        log.execute("UPDATE event SET text = ? WHERE place = ? AND id % 10 = 0", ("日" * 1360, garden))


def run(attack: Attack, times: Times, options: Sequence[str], scratch: Path) -> Figures:
    """Attack, and measure.

    :raises NotMeasured: the server or the honest members did not come to begin with.
    """
    with _everybody(attack, options, scratch) as (place, members, crowd):
        before = place.memory()
        _prepare(crowd)
        members.tell("begin")
        crowd.tell("begin")
        _wait(place, times.attack)
        crowd.tell("end")
        members.tell("finish")
        effort: Effort = crowd.answer(GRACE)
        report: Report | None = members.answer(GRACE)
        if effort is None or report is None:
            raise NotMeasured("the attacker or the honest members did not come to their end")
        _wait_for_memory(place, before + KEPT, times.after)
        members.tell("lost")
        lost: list[str] = members.answer(GRACE) or []
        delays = [1000 * delay for delay in report["delays"]]
        died = not place.alive
        return {
            "name": attack.name,
            "sentence": attack.sentence,
            "p50_ms": percentile(delays, 50),
            "p99_ms": percentile(delays, 99),
            "worst_ms": percentile(delays, 100),
            "lines": report["lines"],
            "missing": report["missing"],
            "lost": lost,
            "newcomer_s": percentile(report["newcomers"], 100),
            "answer_s": percentile(report["answers"], 100),
            "before_mib": before,
            "peak_mib": place.memory("VmHWM"),
            "after_mib": place.memory(),
            "stop_s": None,
            "died": died,
            "busy": report["busy"],
            "effort": effort,
        }


def stop(attack: Attack, times: Times, options: Sequence[str], scratch: Path) -> float:
    """Attack, and tell the server to stop in the middle; the seconds that it took, at most :data:`STOP_LIMIT`."""
    with _everybody(attack, options, scratch) as (place, _, crowd):
        _prepare(crowd)
        crowd.tell("begin")
        _wait(place, times.attack / 2)
        began = time.monotonic()
        place.process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            place.process.wait(STOP_LIMIT)
        return time.monotonic() - began


@contextmanager
def _everybody(attack: Attack, options: Sequence[str], scratch: Path) -> Iterator[tuple[Place, Other, Other]]:
    """The server, the honest members, who are in and talk, and the attacker, who is about to prepare."""
    _, processor = processors()
    with serving(attack, options, scratch) as place, beside(honest.run, place.ports, attack.slow) as members:
        if (said := members.answer(GRACE)) != "in":
            raise NotMeasured(f"{said or 'the honest members did not come in'}; the server said: {place.said()}")
        _wait(place, QUIET)
        with beside(attacker.run, attack.name, place.ports, processor) as crowd:
            yield place, members, crowd


def _prepare(crowd: Other) -> None:
    crowd.answer(PREPARATION)


def _wait_for_memory(place: Place, most: float, seconds: float) -> None:
    """Wait until the server takes no more than so many MiB, or has ended, but not longer than ``seconds``."""
    end = time.monotonic() + seconds
    _wait(place, min(QUIET, seconds))
    while place.alive and place.memory() > most and (left := end - time.monotonic()) > 0:
        _wait(place, min(QUIET, left))


def _wait(place: Place, seconds: float) -> None:
    """Wait, unless the server ends meanwhile."""
    with suppress(subprocess.TimeoutExpired):
        place.process.wait(max(0.0, seconds))
