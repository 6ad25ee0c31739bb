"""The handshake: the line that answers the nickname prompt, ``nickname`` or ``nickname key=value ...``.

All doors with that prompt share this module. No I/O. Adding an option is adding a row to :data:`OPTIONS` and a field to
:class:`Handshake`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import unquote

from chatroom.model.errors import BadHandshake
from chatroom.model.passwords import Secret
from chatroom.model.text import clean, whole_number
from chatroom.wire.formats import Format
from chatroom.wire.jsonlines import JSON
from chatroom.wire.plain import PLAIN

MAX_BYTES = 4096
"""Bytes in the line, whatever the limit of a line of text is: it may name many rooms."""

MAX_TRIES = 5
"""Answers that may be refused before the connection is closed."""

MAX_SINCE = 10**19 - 1
"""More than any id: an id that the log has not given yet is no mistake, but one from another history."""

FORMATS: Mapping[str, Format] = {format_.name: format_ for format_ in (PLAIN, JSON)}
"""The formats that a client may ask for, by name."""

INPUTS = ("line", "json")
"""The forms of input: lines of text, or one object of JSON a line."""

CLIENT = re.compile(r"[\x21-\x7e]{16,64}")
"""The form of a client's secret, which is long enough not to be guessed."""


class Place(NamedTuple):
    """A place in a history: behind one of its events."""

    id: int
    """The id of that event; 0 for the beginning."""
    history: str = ""
    """The identity of the history; empty when the client did not give it."""


class Handshake(NamedTuple):
    """The wishes of a newcomer."""

    nickname: str
    format: Format = PLAIN
    rooms: tuple[str, ...] = ()
    """The rooms to join, the one to speak in last; empty for the default room."""
    since: Place | None = None
    """The last event that they have seen, when they come back."""
    json_input: bool = False
    """Whether each line that they send is a request in JSON."""
    client: str = ""
    """A secret of their client, by which they are the same member each time; empty for none."""
    account: str = ""
    """The account to log in to before they come in; empty for none."""
    also: bool = False
    """Whether they are there beside other clients of their account."""
    password: Secret = Secret()
    """The password of a closed server; empty for none."""
    invitation: Secret = Secret()
    """The code of an invitation, or the link with it; empty for none."""
    token: Secret = Secret()
    """A token to log in by, to the account that it belongs to; empty for none."""


def _format(value: str) -> Format:
    if value not in FORMATS:
        raise BadHandshake(what=f"There is no format {value} ({', '.join(FORMATS)})")
    return FORMATS[value]


def _rooms(value: str) -> tuple[str, ...]:
    return tuple(room for room in value.split(",") if room)


def _since(value: str) -> Place:
    id_, _, history = value.partition("@")
    number = whole_number(id_, MAX_SINCE)
    if number is None or (history and not (history.isascii() and history.isalnum())):
        raise BadHandshake(what=f"since={value} is not the id of an event")
    return Place(number, history)


def _input(value: str) -> bool:
    if value not in INPUTS:
        raise BadHandshake(what=f"There is no input {value} ({', '.join(INPUTS)})")
    return value == "json"


def _client(value: str) -> str:
    if not CLIENT.fullmatch(value):
        raise BadHandshake(what="client= takes 16 to 64 letters, digits and signs of ASCII")
    return value


def _also(value: str) -> bool:
    if value not in ("yes", "no"):
        raise BadHandshake(what="also= takes yes or no")
    return value == "yes"


def _secret(value: str) -> Secret:
    """A value with its spaces and percent signs escaped, as in a URL (RFC 3986 section 2.1)."""
    return Secret(clean(unquote(value)))


OPTIONS: Mapping[str, tuple[str, Callable[[str], Any]]] = {
    "format": ("format", _format),
    "room": ("rooms", _rooms),
    "since": ("since", _since),
    "input": ("json_input", _input),
    "client": ("client", _client),
    "account": ("account", str),
    "also": ("also", _also),
    "password": ("password", _secret),
    "invite": ("invitation", _secret),
    "token": ("token", Secret),
}
"""The options by name: the field of :class:`Handshake` that each sets, and the function that reads its value."""


def parse(line: str) -> Handshake:
    """Read the line.

    :raises BadHandshake: it has another form.
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
