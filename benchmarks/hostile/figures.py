"""What was measured, what is asked of it, and the table of both."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypedDict


class Effort(TypedDict):
    """What the attacker did."""

    connections: int
    closed: int
    """How many of them the server closed."""
    refused: int
    """How many connections the system or the server would not open."""
    sent: int
    """Bytes."""
    received: int
    """Bytes."""
    ready: int
    """How many clients had come as far as the attack."""


class Figures(TypedDict):
    """One attack, as it went."""

    name: str
    sentence: str
    p50_ms: float
    p99_ms: float
    """From saying a line to its showing, among honest members."""
    worst_ms: float
    lines: int
    """How many they said."""
    missing: int
    """Showings of them that had not come at the end."""
    lost: list[str]
    """Honest members who were let go, and why."""
    newcomer_s: float
    """From connecting to the welcome: the worst."""
    answer_s: float
    """From a question (/who, /history, /search, /rooms) to its answer: the worst."""
    before_mib: float
    peak_mib: float
    after_mib: float
    """Memory of the server: resident."""
    stop_s: float | None
    """From SIGTERM in the middle of the attack to the end of the server; None where it was not tried."""
    died: bool
    """Whether the server ended by itself."""
    busy: float
    """The share of the time that the process of the honest members had work to do: near to 1, it is what was slow."""
    effort: Effort


class Hostile(TypedDict):
    """All attacks that were measured."""

    machine: str
    when: str
    """The last day on which one was measured."""
    seconds: float
    """How long each attack went on."""
    after: float
    """Seconds from its end until memory was looked at, at most."""
    attacks: list[Figures]


@dataclass(frozen=True, slots=True)
class Target:
    """One of the things that are asked of the server."""

    what: str
    unit: str
    most: float
    value: Callable[[Figures], float | None]

    def describe(self) -> str:
        """What is asked for, in words."""
        return f"{self.what}: at most {self.most:g} {self.unit}".strip() if self.most else f"{self.what}: none"


KEPT = 100
"""MiB that the server may take more than before once the attack is over."""

TARGETS = (
    Target("p99 of a line", "ms", 100, lambda one: one["p99_ms"]),
    Target("lines not shown", "", 0, lambda one: one["missing"]),
    Target("honest members lost", "", 0, lambda one: len(one["lost"])),
    Target("the slowest newcomer", "s", 1, lambda one: one["newcomer_s"]),
    Target("the slowest answer", "s", 1, lambda one: one["answer_s"]),
    Target("memory at its peak", "MiB", 300, lambda one: one["peak_mib"]),
    Target("memory kept afterwards", "MiB", KEPT, lambda one: one["after_mib"] - one["before_mib"]),
    Target("SIGTERM to the end", "s", 10, lambda one: one["stop_s"]),
    Target("sudden ends of the server", "", 0, lambda one: int(one["died"])),
)


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest of ``values`` that is no less than so many percent of them; not a number where there are none."""
    if not values:
        return math.nan
    return sorted(values)[max(0, math.ceil(len(values) * percent / 100) - 1)]


def missed(figures: Figures) -> list[str]:
    """Each target that is missed, in words."""
    found = []
    for target in TARGETS:
        value = target.value(figures)
        # What is not a number was not measured, which will not do.
        if value is not None and not value <= target.most:
            unit = f" {target.unit}" if target.unit else ""
            found.append(f"{target.what}: {round(value, 2):,}{unit} (at most {target.most:g})")
    return found


def line(figures: Figures) -> str:
    """The figures in a line for people."""
    stop = "" if figures["stop_s"] is None else f", SIGTERM {figures['stop_s']:.1f} s"
    return (
        f"p50 {figures['p50_ms']:.1f}, p99 {figures['p99_ms']:,.0f}, worst {figures['worst_ms']:,.0f} ms"
        f", newcomer {figures['newcomer_s']:.2f} s, answer {figures['answer_s']:.2f} s, lost {len(figures['lost'])}"
        f", {figures['before_mib']:.0f} > {figures['peak_mib']:.0f} > {figures['after_mib']:.0f} MiB{stop}"
    )


HEADS = ("Attack", "p99, ms", "Worst, ms", "Newcomer, s", "Answer, s", "Lost", "Memory, MiB", "SIGTERM, s", "Met")


def cells(figures: Figures) -> list[str]:
    """A row of the table in the documentation."""
    return [
        f"``{figures['name']}``: {figures['sentence']}",
        _cell(figures["p99_ms"], ",.0f"),
        _cell(figures["worst_ms"], ",.0f"),
        _cell(figures["newcomer_s"], ".2f"),
        _cell(figures["answer_s"], ".2f"),
        f"{len(figures['lost'])}",
        f"{figures['before_mib']:.0f}, {figures['peak_mib']:.0f}, {figures['after_mib']:.0f}",
        _cell(figures["stop_s"], ".1f"),
        "**no**" if missed(figures) else "yes",
    ]


def _cell(value: float | None, form: str) -> str:
    return "–" if value is None or math.isnan(value) else format(value, form)
