"""Modes of rooms: what each is called, what values it takes, and what it does. No I/O."""

from __future__ import annotations

import re
from collections.abc import Callable
from math import inf
from typing import NamedTuple

from chatroom.model.text import whole_number

MODERATED, INVITE_ONLY, MEMBERS_ONLY, KEY = "moderated", "invite-only", "members-only", "key"
HIDDEN, TOPIC_LOCKED, SLOW, LIMIT, QUIET, HISTORY = "hidden", "topic-locked", "slow", "limit", "quiet", "history"

ON = "on"
"""The value of a mode that has no other."""

MAX_KEY = 50
"""Characters in the key of a room."""

LONGEST = 10 * 365 * 24 * 60 * 60
"""Seconds of the longest time that may be given."""

_UNITS = {"s": 1, "m": 60, "h": 60 * 60, "d": 24 * 60 * 60, "w": 7 * 24 * 60 * 60}

_DURATION = re.compile("([0-9]{1,9})([smhdw])")


def seconds_of(text: str) -> int | None:
    """The seconds in a time such as ``90s``, ``10m``, ``2h``, ``3d`` or ``1w``; None where it is none."""
    found = _DURATION.fullmatch(text.lower())
    if found is None or not found[1].isascii():
        return None
    seconds = int(found[1]) * _UNITS[found[2]]
    return seconds if 0 < seconds <= LONGEST else None


class Mode(NamedTuple):
    """A mode that a room may have."""

    name: str
    value: str
    """The value as people are told to write it; empty for a mode that is on or off."""
    help: str
    parse: Callable[[str], str | None]
    """Makes a value of what somebody has written; None of what is no value."""


def _flag(text: str) -> str | None:
    return ON if text.lower() in ("", ON, "yes", "true") else None


def _number(text: str) -> str | None:
    number = whole_number(text, 1_000_000)
    return str(number) if number else None


def _seconds(text: str) -> str | None:
    seconds = seconds_of(text) or whole_number(text, 24 * 60 * 60)
    return str(seconds) if seconds and seconds <= 24 * 60 * 60 else None


def _key(text: str) -> str | None:
    fits = 0 < len(text) <= MAX_KEY and "," not in text and not text.startswith(":")
    return text if fits and not any(character.isspace() for character in text) else None


def _history(text: str) -> str | None:
    words = text.lower().split()
    if not words or len(words) > 2 or len(set(words)) != len(words):
        return None
    times = [word for word in words if word != "members"]
    if len(times) > 1 or not all(word == "none" or seconds_of(word) for word in times):
        return None
    return " ".join(sorted(words, key=lambda word: word != "members"))


MODES: dict[str, Mode] = {
    mode.name: mode
    for mode in (
        Mode(MODERATED, "", "only those with a voice are heard", _flag),
        Mode(INVITE_ONLY, "", "only those who were invited may come in", _flag),
        Mode(MEMBERS_ONLY, "", "only those who are logged in to an account may come in and speak", _flag),
        Mode(KEY, "KEY", "only those who know the key may come in: /join room KEY", _key),
        Mode(HIDDEN, "", "only those who are in it are told that there is the room", _flag),
        Mode(TOPIC_LOCKED, "", "only operators set the topic", _flag),
        Mode(SLOW, "SECONDS", "everybody may say one line in so many seconds", _seconds),
        Mode(LIMIT, "PEOPLE", "so many people may be in the room", _number),
        Mode(QUIET, "", "nobody is shown who comes and goes", _flag),
        Mode(
            HISTORY,
            "[members] [TIME|none]",
            "how far back newcomers may read, such as 2d, or none; with members, only those who have an account may",
            _history,
        ),
    )
}
"""Every mode, by its name."""


def history_of(value: str) -> tuple[bool, float]:
    """What the mode ``history`` says: whether only those with an account may read it, and seconds that it reaches back.

    :param value: empty where the mode is not set.
    """
    words = value.split()
    back = next((word for word in words if word != "members"), "")
    return "members" in words, inf if not back else float(seconds_of(back) or 0)
