"""Spans of time as people write them: ``10m``, ``12h``, ``3d``."""

from __future__ import annotations

import re

UNITS = {"s": 1, "m": 60, "h": 60 * 60, "d": 24 * 60 * 60, "w": 7 * 24 * 60 * 60}
"""Seconds in each unit, by its letter."""

_SPAN = re.compile("([0-9]{1,9})([smhdw])")


def seconds_of(text: str) -> int:
    """The seconds in a span such as ``3d``.

    :raises ValueError: it is none.
    """
    found = _SPAN.fullmatch(text)
    if found is None or not int(found[1]):
        raise ValueError("it is no span of time such as 10m, 12h or 3d")
    return int(found[1]) * UNITS[found[2]]


def is_span(text: str) -> bool:
    """Whether ``text`` is a span of time."""
    try:
        seconds_of(text)
    except ValueError:
        return False
    return True
