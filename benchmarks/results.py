"""The figures, as they stand in results.json: from there the page and the chart are made.

Every run is kept; what is shown are medians. Measuring one scenario again replaces its figures and no others.
"""

from __future__ import annotations

import json
import os
import statistics
from pathlib import Path
from typing import TypedDict

from benchmarks.hostile.figures import Hostile


class Runs(TypedDict):
    """What one server did in one scenario."""

    runs: list[dict[str, float]]
    failures: list[str]
    """Why the runs that are missing are missing."""


class Measured(TypedDict):
    """One scenario."""

    when: str
    load: str
    """What chatload was told."""
    servers: dict[str, Runs]


class HistoryRow(TypedDict):
    """One question to a long history."""

    name: str
    target_ms: float | None
    first_ms: float
    """With nothing of the files in memory."""
    median_ms: float
    worst_ms: float


class History(TypedDict):
    """A long history."""

    when: str
    messages: int
    index_s: float
    """Seconds that the search index took to be made."""
    log_mib: float
    index_mib: float
    rows: list[HistoryRow]


class Results(TypedDict):
    """Everything that was measured on one machine."""

    machine: dict[str, str]
    scenarios: dict[str, Measured]
    history: History | None
    hostile: Hostile | None


def nothing(machine: dict[str, str]) -> Results:
    """Before anything was measured."""
    return {"machine": machine, "scenarios": {}, "history": None, "hostile": None}


def read(path: Path) -> Results:
    """What stands in the file."""
    found: Results = json.loads(path.read_text(encoding="utf-8"))
    return found


def write(path: Path, results: Results) -> None:
    """Replace the file as a whole, so that it is never half written."""
    new = path.with_suffix(".new")
    new.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    os.replace(new, path)


def median(results: Results, scenario: str, server: str, figure: str) -> float | None:
    """The median of ``figure`` over a server's runs; None where there is none."""
    measured = results["scenarios"].get(scenario)
    runs = measured["servers"][server]["runs"] if measured and server in measured["servers"] else []
    found = [run[figure] for run in runs if figure in run]
    return statistics.median(found) if found else None
