"""All attacks: importing this module imports the modules that they stand in, in the order of the table."""

from __future__ import annotations

from benchmarks.hostile import connections, irc, line, web
from benchmarks.hostile.script import ATTACKS

__all__ = ["ATTACKS", "connections", "irc", "line", "web"]
