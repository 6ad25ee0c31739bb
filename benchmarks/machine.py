"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
import re
import sqlite3
import tempfile
import time
from pathlib import Path

import twisted

SYNCS = 500


def describe(folder: Path) -> dict[str, str]:
    """The machine, in words.

    :param folder: where histories are written.
    """
    processor = re.search(r"(?m)^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    name = processor[1] if processor else platform.processor() or platform.machine()
    median, p99 = _syncs(folder)
    return {
        "processor": f"{len(os.sched_getaffinity(0))} × {name}",
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "Python": platform.python_version(),
        "Twisted": twisted.__version__,
        "SQLite": sqlite3.sqlite_version,
        "disk": f"{_file_system(folder)}; 4 KiB written and synced in {median:.2f} ms (p99 {p99:.2f} ms)",
    }


def same(one: dict[str, str], other: dict[str, str]) -> bool:
    """Whether figures from both may stand in one table."""
    return all(one.get(name) == other.get(name) for name in ("processor", "system"))


def _syncs(folder: Path) -> tuple[float, float]:
    """The median and the 99th percentile of the milliseconds that the disk takes to keep a page."""
    taken = []
    with tempfile.TemporaryFile(dir=folder) as file:
        for _ in range(SYNCS):
            began = time.perf_counter()
            file.write(bytes(4096))
            file.flush()
            os.fsync(file.fileno())
            taken.append(1000 * (time.perf_counter() - began))
    taken.sort()
    return taken[SYNCS // 2], taken[SYNCS * 99 // 100]


def _file_system(folder: Path) -> str:
    best = ("", "unknown file system")
    for line in Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines():
        _, where, kind, *_ = line.split()
        if folder.resolve().is_relative_to(where) and len(where) >= len(best[0]):
            best = (where, kind)
    return best[1]
