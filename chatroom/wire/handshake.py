"""The line in which a newcomer answers MAGIC: ``nickname``, or ``nickname key=value ...``.

Shared by the doors whose clients answer it. No I/O. Adding an option is adding a row to :data:`OPTIONS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from chatroom.model.errors import BadHandshake
from chatroom.model.text import clean, whole_number
from chatroom.wire.formats import FORMATS, PLAIN, Format

MAX_TRIES = 5
"""How many nicknames may be refused before goodbye is said."""

MAX_SINCE = 10**19 - 1
"""More than any id: one that the log has not given yet is no mistake, but another log's."""


class Handshake(NamedTuple):
    """What a newcomer wants."""

    nickname: str
    format: Format = PLAIN
    rooms: tuple[str, ...] = ()
    """The rooms to join, the one to speak in last; the server's own when there are none."""
    since: int | None = None
    """The id of the last event that they know of, when they come back."""


def _format(value: str) -> Format:
    if value not in FORMATS:
        raise BadHandshake(what=f"There is no format {value} ({', '.join(FORMATS)})")
    return FORMATS[value]


def _rooms(value: str) -> tuple[str, ...]:
    return tuple(room for room in value.split(",") if room)


def _since(value: str) -> int:
    since = whole_number(value, MAX_SINCE)
    if since is None:
        raise BadHandshake(what=f"since={value} is not the id of an event")
    return since


OPTIONS: Mapping[str, tuple[str, Callable[[str], Any]]] = {
    "format": ("format", _format),
    "room": ("rooms", _rooms),
    "since": ("since", _since),
}
"""What may stand before a ``=``: the field of :class:`Handshake` that it sets, and how its value is read."""


def parse(line: str) -> Handshake:
    """Read the line.

    :raises BadHandshake: it is not of that form.
    """
    words = clean(line).split()
    if not words:
        raise BadHandshake(what="That is an empty line")
    found: dict[str, Any] = {}
    for word in words[1:]:
        key, equals, value = word.partition("=")
        if not equals:
            raise BadHandshake(what=f"{word} is no key=value" if found else "A nickname has no spaces in it")
        if key not in OPTIONS:
            raise BadHandshake(what=f"There is no option {key} ({', '.join(OPTIONS)})")
        field, read = OPTIONS[key]
        found[field] = read(value)
    return Handshake(words[0], **found)
