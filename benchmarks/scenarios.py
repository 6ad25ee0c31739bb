"""What is done, and what is asked of it: a table of scenarios, and two of rows.

A scenario is one run of the load generator; a row is one figure of it, and what chatroom's is held against: beside
other servers, and by door.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

CHATROOM, INSPIRCD, NGIRCD, LIMIT = "chatroom", "inspircd", "ngircd", "bare C fan-out"
EVERYBODY = (CHATROOM, INSPIRCD, NGIRCD, LIMIT)
"""Beside each other, and chatroom by its line door."""

WEBSOCKET, IRC = "chatroom, WebSocket", "chatroom, IRC"
DOORS = (CHATROOM, WEBSOCKET, IRC)
"""chatroom by each of its doors, the line door first."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One run of the load generator against one server after the other."""

    load: str
    """The arguments of chatload."""
    servers: tuple[str, ...] = EVERYBODY
    figures: tuple[str, ...] = ("deliveries_per_s", "server_us_per_delivery", "p50_ms", "p99_ms")
    """What is kept of what chatload prints."""


# 4.4 MB for each: more than the system holds for one who does not read (2.8 MB) and --sendq on top, so that they are
# let go before the end.
_STUCK = "--senders 1 --rate 40 --messages 1100 --size 4000"

SCENARIOS = {
    "one": Scenario("--clients 1000 --senders 1 --rate 50 --messages 200"),
    "pingpong": Scenario("--clients 100 --senders 1 --window 1 --messages 1000"),
    "talk": Scenario("--clients 500 --senders 10 --window 8 --messages 3000"),
    "burst": Scenario("--clients 1000 --senders 50 --window 20 --messages 5000"),
    "small": Scenario("--clients 20 --senders 19 --window 8 --messages 20000"),
    # With ngircd, 3000 take more than a minute to come in.
    "login": Scenario(
        "--clients 3000 --idle", (CHATROOM, INSPIRCD, LIMIT), ("login_s", "login_cpu_s", "rss_per_client_kib")
    ),
    "members": Scenario("--clients 10000 --senders 1 --rate 5 --messages 100", (CHATROOM, LIMIT)),
    "reading": Scenario(f"--clients 900 {_STUCK}", (CHATROOM,), ("p50_ms", "p99_ms", "rss_peak_kib")),
    "slow": Scenario(f"--clients 900 --slow 100 {_STUCK}", (CHATROOM,), ("p50_ms", "p99_ms", "rss_peak_kib")),
    "doors-one": Scenario("--clients 500 --senders 1 --window 8 --messages 3000", (*DOORS, INSPIRCD)),
    "doors-talk": Scenario("--clients 500 --senders 10 --window 8 --messages 6000", (*DOORS, INSPIRCD)),
}

TOGETHER: Mapping[str, tuple[str, ...]] = {"doors": ("doors-one", "doors-talk")}
"""Names for several of them."""


@dataclass(frozen=True, slots=True)
class Target:
    """What chatroom's figure is held against: another server's figure times ``times`` and ``more`` on top.

    With no server, it is ``more`` alone.
    """

    times: float = 0.0
    server: str = ""
    more: float = 0.0
    scenario: str = ""
    """Where the other figure is from, unless it is from the same scenario."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table."""

    work: str
    scenario: str
    figure: str
    unit: str
    targets: tuple[Target, ...]
    scale: float = 1.0
    """What chatload's figure is multiplied by to be in that unit."""
    digits: int = 2
    more_is_better: bool = False
    in_chart: bool = True
    server: str = CHATROOM
    """Whose figure is held against the targets."""


ROWS = (
    Row(
        "1 speaks to 1000, 50 lines a second: the server's CPU time for a delivery",
        "one",
        "server_us_per_delivery",
        "µs",
        (Target(1.0, INSPIRCD), Target(1.5, LIMIT)),
    ),
    Row(
        "1 speaks to 100, one line in flight: median latency",
        "pingpong",
        "p50_ms",
        "ms",
        (Target(2.0, INSPIRCD),),
    ),
    Row(
        "the same: p99 latency",
        "pingpong",
        "p99_ms",
        "ms",
        (Target(1.0, INSPIRCD, more=20),),
        in_chart=False,
    ),
    Row(
        "10 speak among 500",
        "talk",
        "deliveries_per_s",
        "million deliveries/s",
        (Target(2.0, INSPIRCD),),
        scale=1e-6,
        more_is_better=True,
    ),
    Row(
        "50 speak among 1000",
        "burst",
        "deliveries_per_s",
        "million deliveries/s",
        (Target(4.0, INSPIRCD), Target(0.9, LIMIT)),
        scale=1e-6,
        more_is_better=True,
    ),
    Row(
        "19 speak among 20",
        "small",
        "deliveries_per_s",
        "million deliveries/s",
        (Target(1.0, INSPIRCD),),
        scale=1e-6,
        more_is_better=True,
    ),
    Row(
        "3000 enter at once: until all are in",
        "login",
        "login_s",
        "s",
        (Target(0.1, INSPIRCD),),
    ),
    Row(
        "memory for an idle member",
        "login",
        "rss_per_client_kib",
        "KiB",
        (Target(more=4.0),),
        digits=1,
    ),
    Row(
        "10,000 members, 1 speaks 5 lines a second: p99 latency",
        "members",
        "p99_ms",
        "ms",
        (Target(more=1000),),
        digits=0,
    ),
    Row(
        "100 of 1000 do not read: p99 latency of the others",
        "slow",
        "p99_ms",
        "ms",
        (Target(1.2, CHATROOM, scenario="reading"),),
    ),
    Row(
        "the same: the most memory that the server had",
        "slow",
        "rss_peak_kib",
        "MiB",
        (Target(more=100),),
        scale=1 / 1024,
        digits=0,
    ),
)

_CPU_TIME = "the same: the server's CPU time for a delivery"

DOOR_ROWS = (
    Row(
        "1 speaks to 500",
        "doors-one",
        "deliveries_per_s",
        "million deliveries/s",
        (Target(0.5, CHATROOM),),
        scale=1e-6,
        more_is_better=True,
        server=WEBSOCKET,
    ),
    Row(_CPU_TIME, "doors-one", "server_us_per_delivery", "µs", ()),
    Row(
        "10 speak among 500",
        "doors-talk",
        "deliveries_per_s",
        "million deliveries/s",
        (Target(0.5, CHATROOM),),
        scale=1e-6,
        more_is_better=True,
        server=WEBSOCKET,
    ),
    Row(_CPU_TIME, "doors-talk", "server_us_per_delivery", "µs", ()),
)
