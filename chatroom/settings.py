"""The settings of a server: each with its name, default, unit and explanation, once.

They are the keyword arguments of :class:`chatroom.ChatFactory` and the options of ``twistd chatroom``; the
command line's help and docs/options.rst are made from this table. Adding a setting is adding a field.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import Field, dataclass, field, fields
from typing import Any

from chatroom.constants import LOBBY


def whole(text: str) -> int:
    """A whole number that is not negative."""
    number = int(text)
    if number < 0:
        raise ValueError("it is negative")
    return number


def above_zero(text: str) -> int:
    """A whole number of at least one."""
    number = int(text)
    if number < 1:
        raise ValueError("it is less than 1")
    return number


def _setting(default: Any, parse: Callable[[str], Any], unit: str, explanation: str) -> Any:
    return field(default=default, metadata={"parse": parse, "unit": unit, "explanation": explanation})


@dataclass(frozen=True, slots=True)
class Settings:
    """What can be set for one server."""

    replay: int = _setting(20, whole, "LINES", "lines of what was said before that a newcomer is shown")
    max_line: int = _setting(4096, above_zero, "BYTES", "bytes in a line, its end not counted; a longer one is refused")
    motd: str = _setting("", str, "FILE", "a file with a message of the day for each newcomer")
    room: str = _setting(LOBBY, str, "NAME", "the room that one enters")
    max_rooms: int = _setting(10_000, above_zero, "ROOMS", "rooms that there may be at once")
    max_joined: int = _setting(50, above_zero, "ROOMS", "rooms that one person may be in at once")
    max_ignored: int = _setting(200, above_zero, "NAMES", "nicknames that one person may ignore at once")
    handshake_timeout: int = _setting(30, above_zero, "SECONDS", "how long a newcomer may take to give a nickname")


def settings_table() -> tuple[Field[Any], ...]:
    """Every setting: its ``name``, its ``default``, and ``metadata`` with ``parse``, ``unit`` and ``explanation``."""
    return fields(Settings)
