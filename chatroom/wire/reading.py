"""Reading lines of JSON from a server, for clients."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from chatroom.model.answers import (
    Answer,
    AuditEntry,
    AuditLog,
    CommandHelp,
    Done,
    Found,
    Gone,
    History,
    Invited,
    Limits,
    Live,
    LoggedIn,
    Notice,
    PasswordWanted,
    Past,
    People,
    Pong,
    Private,
    Refused,
    Reported,
    ReportList,
    Reset,
    RoomList,
    RoomSummary,
    Speaking,
    Welcome,
)
from chatroom.model.constants import ENCODING
from chatroom.model.events import KINDS, Event, Joined
from chatroom.wire.formats import day_of


class Received(NamedTuple):
    """A line of JSON from a server."""

    thing: Event | Answer
    ref: str
    """The id that the client gave to the request that the thing came of; empty for none."""


def read_received(line: bytes | str) -> Received | None:
    """The event or answer in a line of JSON from a server; None for a kind that this version does not know.

    :raises ValueError: the line is not an object that a server sends.
    """
    try:
        found = json.loads(line)
        kind = _text(found["kind"])
        if kind in KINDS:
            event = _read_event(found)
            return Received(event, event.ref)
        return Received(JSON_READERS[kind](found), _text(found.get("ref", ""))) if kind in JSON_READERS else None
    except (TypeError, KeyError, OverflowError, OSError, RecursionError) as error:
        raise ValueError(f"not an object that a server sends: {error}") from error


def read_json(line: bytes | str) -> Event | Answer | None:
    """The same without the ref; an event has its own."""
    received = read_received(line)
    return received and received.thing


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    # JSON can name half of a surrogate pair, and text with one cannot be encoded.
    value.encode(ENCODING)
    return value


def _texts(value: object) -> list[str]:
    return [_text(one) for one in _list(value)]


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError(f"{value!r} is no list")
    return value


def _number(value: object) -> int:
    if type(value) is not int:
        raise TypeError(f"{value!r} is no whole number")
    return value


def _time(value: object) -> float:
    if type(value) is not float and type(value) is not int:
        raise TypeError(f"{value!r} is no time")
    day_of(value)  # Refuses a time that is too long ago, or too far ahead, to have a date.
    return value


def _read_event(found: dict[str, Any]) -> Event:
    kind = KINDS[found["kind"]]
    return kind(
        # One of several connections is told of the rooms that its member is in by events that are none of the log.
        _number(found["id"]) if kind.kept and (kind is not Joined or "id" in found) else 0,
        _time(found["at"]),
        _text(found["room"]),
        _text(found.get("member", "")),
        _text(found["nick"]),
        _text(found["text"]),
        _number(found.get("about", 0)),
        _extras(found.get("extras")),
        _text(found.get("ref", "")),
    )


def _extras(value: object) -> dict[str, Any] | None:
    if value is not None and not isinstance(value, dict):
        raise TypeError(f"{value!r} are no extras")
    return value


def _limits(value: object) -> Limits | None:
    if not isinstance(value, dict):
        return None
    return Limits(*map(_number, (value["line"], value["message"], value["lines"], value["nickname"])))


def _commands(value: object) -> list[CommandHelp]:
    return [
        CommandHelp(_text(one["name"]), _text(one["arguments"]), _text(one["help"]), one.get("in_room") is True)
        for one in _list(value)
    ]


def _report(found: dict[str, Any]) -> Reported:
    return Reported(
        _number(found["number"]),
        _time(found["at"]),
        _text(found["room"]),
        _text(found["nick"]),
        _text(found["target"]),
        _text(found["text"]),
        _number(found.get("about", 0)),
        _text(found.get("message", "")),
    )


def _entry(found: dict[str, Any]) -> AuditEntry:
    return AuditEntry(
        _number(found["number"]),
        _time(found["at"]),
        _text(found["nick"]),
        _text(found["action"]),
        _text(found["target"]),
        _text(found["room"]),
        _text(found["text"]),
        _text(found.get("account", "")),
        _number(found.get("about", 0)),
    )


JSON_READERS: Mapping[str, Callable[[dict[str, Any]], Answer]] = {
    "notice": lambda found: Notice(_text(found["text"])),
    "error": lambda found: Refused(_text(found["code"]), _text(found["text"])),
    "gone": lambda found: Gone(_text(found["room"]), _text(found["nick"]), _text(found["text"])),
    "private": lambda found: Private(
        _time(found["at"]),
        _text(found["nick"]),
        _text(found["to"]),
        _text(found["text"]),
        found.get("notice") is True,
    ),
    "welcome": lambda found: Welcome(
        _text(found["nick"]),
        _text(found["room"]),
        _text(found["topic"]),
        _texts(found["people"]),
        _number(found["size"]),
        _text(found.get("member", "")),
        _text(found.get("history", "")),
        _limits(found.get("limits")),
        _commands(found.get("commands", [])),
    ),
    "invited": lambda found: Invited(_text(found["nick"]), _text(found["room"])),
    "people": lambda found: People(
        _text(found["room"]),
        _text(found["topic"]),
        _texts(found["people"]),
        _number(found["size"]),
        _text(found.get("after", "")),
        found.get("more") is True,
    ),
    "rooms": lambda found: RoomList(
        [RoomSummary(_text(one["room"]), _number(one["size"]), _text(one["topic"])) for one in _list(found["rooms"])],
        _text(found.get("words", "")),
        _text(found.get("after", "")),
        found.get("more") is True,
    ),
    "history": lambda found: History(
        _text(found["room"]),
        [_read_event(one) for one in _list(found["events"])],
        more=found["more"] is True,
        ids=found.get("ids") is True,
    ),
    "report": _report,
    "reports": lambda found: ReportList([_report(one) for one in _list(found["reports"])], found.get("more") is True),
    "audit": lambda found: AuditLog([_entry(one) for one in _list(found["entries"])], found.get("more") is True),
    "found": lambda found: Found(
        _text(found["room"]), _text(found["words"]), [_read_event(one) for one in _list(found["events"])]
    ),
    "past": lambda found: Past(_text(found["room"])),
    "reset": lambda found: Reset(_text(found["code"]), _text(found["text"])),
    "done": lambda found: Done(_number(found.get("event", 0))),
    "live": lambda found: Live(),
    "speaking": lambda found: Speaking(_text(found["room"])),
    "pong": lambda found: Pong(_text(found["text"])),
    "password": lambda found: PasswordWanted(_text(found.get("what", ""))),
    "account": lambda found: LoggedIn(_text(found["account"])),
}
