"""How things look on the wire: plain lines for people, JSON lines for programs.

A format turns an event or an answer into lines of text; delivery turns those into bytes, once for all who
share a format. Each format is two tables, one row for each kind. It knows nothing of who is listening.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from chatroom.model.constants import ENCODING
from chatroom.model.events import (
    KIND_NAMES,
    KINDS,
    Acted,
    Answer,
    Event,
    Found,
    Gone,
    History,
    Joined,
    Left,
    Live,
    Notice,
    Noticed,
    Past,
    People,
    Pong,
    Private,
    Quit,
    Refused,
    Renamed,
    RoomList,
    RoomSummary,
    Said,
    Speaking,
    TopicChanged,
    Welcome,
)

NEWLINE = "\r\n"

NAMES_IN_A_LINE = 50


class Format(ABC):
    """One way for things to look."""

    name: ClassVar[str]
    """What a client calls it in its handshake."""
    marks_elsewhere: ClassVar[bool]
    """Whether what happens in another room than the one that the person speaks in looks different."""
    once_for_all_rooms: ClassVar[bool]
    """Whether somebody who shares several rooms with the one who left or was renamed is shown that once."""

    @abstractmethod
    def event(self, event: Event, elsewhere: bool) -> bytes:
        """Whole lines for ``event``.

        :param elsewhere: it is in another room than the one that the person speaks in.
        """

    @abstractmethod
    def past_event(self, event: Event, elsewhere: bool, day: str) -> bytes:
        """The same for something that happened before; ``day`` is that of the line before it, or empty."""

    @abstractmethod
    def answer(self, answer: Answer) -> bytes:
        """Whole lines for ``answer``."""


def day_of(at: float) -> str:
    """The local date: ``2026-11-22``.

    :param at: seconds since 1970, UTC.
    """
    return datetime.fromtimestamp(at).date().isoformat()


def _left(event: Event) -> str:
    return f"* {event.nickname} left ({event.text})" if event.text else f"* {event.nickname} left"


def _topic(event: Event) -> str:
    if event.text:
        return f"* {event.nickname} set the topic: {event.text}"
    return f"* {event.nickname} took away the topic"


_PLAIN_EVENTS: Mapping[type[Event], Callable[[Event], str]] = {
    Said: lambda event: f"{event.nickname}: {event.text}",
    Noticed: lambda event: f"{event.nickname}: {event.text}",
    Acted: lambda event: f"* {event.nickname} {event.text}",
    Joined: lambda event: f"* {event.nickname} joined",
    Left: _left,
    Quit: _left,
    Renamed: lambda event: f"* {event.nickname} is now {event.text}",
    TopicChanged: _topic,
}


def _people(answer: People) -> list[str]:
    names = answer.people
    rows = [", ".join(names[start : start + NAMES_IN_A_LINE]) for start in range(0, len(names), NAMES_IN_A_LINE)]
    lines = [f"* {answer.size} in {answer.room}: {row}" for row in rows[:1]] + [f"* and {row}" for row in rows[1:]]
    return lines + _more(answer) + _topic_line(answer.topic)


def _welcome(answer: Welcome) -> list[str]:
    here = ", ".join(answer.people)
    lines = [f"* welcome to {answer.room}, {answer.nickname}. In the room: {here}. /help lists the commands."]
    return lines + _more(answer) + _topic_line(answer.topic)


def _more(answer: People | Welcome) -> list[str]:
    unnamed = answer.size - len(answer.people)
    return [f"* and {unnamed} more: /who names them all"] if unnamed else []


def _topic_line(topic: str) -> list[str]:
    return [f"* the topic is: {topic}"] if topic else []


def _rooms(answer: RoomList) -> list[str]:
    if not answer.rooms:
        return ["* there are no rooms: /join makes one"]
    return [
        f"* {summary.room} ({summary.size} here)" + (f": {summary.topic}" if summary.topic else "")
        for summary in answer.rooms
    ]


def _history(answer: History) -> list[str]:
    if not answer.events:
        return [f"* nothing was said in {answer.room}"]
    title = [] if answer.after else [f"* what was said in {answer.room}:"]
    return _told(title, answer.events, answer.after)


def _found(answer: Found) -> list[str]:
    if not answer.events:
        return [f"* nothing was found in {answer.room} for: {answer.words}"]
    return _told([f"* what was found in {answer.room} for: {answer.words}"], answer.events, "")


def _told(title: list[str], events: Sequence[Event], day: str) -> list[str]:
    lines = list(title)
    for event in events:
        lines.extend(_past_lines(event, False, day))
        day = day_of(event.at)
    return lines


def _past_lines(event: Event, elsewhere: bool, day: str) -> list[str]:
    lines = [] if day_of(event.at) == day else [f"* {day_of(event.at)}:"]
    prefix = f"[{event.room}] " if elsewhere else ""
    time = datetime.fromtimestamp(event.at).strftime("%H:%M")
    return [*lines, f"[{time}] {prefix}{_PLAIN_EVENTS[type(event)](event)}"]


_PLAIN_ANSWERS: Mapping[type[Answer], Callable[[Any], list[str]]] = {
    Notice: lambda answer: [f"* {answer.text}"],
    Refused: lambda answer: [f"! {answer.text}"],
    Gone: lambda answer: [_PLAIN_EVENTS[Left](answer)],
    Private: lambda answer: [f"{answer.nickname} (privately to {answer.to}): {answer.text}"],
    Welcome: _welcome,
    People: _people,
    RoomList: _rooms,
    History: _history,
    Found: _found,
    Speaking: lambda answer: [
        f"* you now speak in {answer.room}" if answer.room else "* you are in no room: /join one"
    ],
    Pong: lambda answer: [f"* pong {answer.text}".rstrip()],
    # That past lines have their times says the same to a person.
    Past: lambda answer: [],
    Live: lambda answer: [],
}


class Plain(Format):
    """Lines that a person reads.

    ``nickname: text`` is talk, ``* ...`` an event, ``! ...`` an error. No nickname starts with ``*``, ``!`` or
    ``[``, so that no line can pass for one of another sort.
    """

    name = "plain"
    marks_elsewhere = True
    once_for_all_rooms = True

    def event(self, event: Event, elsewhere: bool) -> bytes:
        line = _PLAIN_EVENTS[type(event)](event)
        if elsewhere:
            line = f"[{event.room}] {line}"
        return (line + NEWLINE).encode(ENCODING)

    def past_event(self, event: Event, elsewhere: bool, day: str) -> bytes:
        return _encode(_past_lines(event, elsewhere, day))

    def answer(self, answer: Answer) -> bytes:
        return _encode(_PLAIN_ANSWERS[type(answer)](answer))

    def lines(self, thing: Event | Answer, elsewhere: bool = False) -> list[str]:
        """The same as text, with no line ends: what a client prints."""
        whole = self.event(thing, elsewhere) if isinstance(thing, Event) else self.answer(thing)
        return whole.decode(ENCODING).splitlines()


def _encode(lines: list[str]) -> bytes:
    return "".join([line + NEWLINE for line in lines]).encode(ENCODING)


# That somebody left one room or all of them makes no difference to those who stay in it.
_JSON_KINDS: Mapping[type[Event], str] = {**KIND_NAMES, Quit: Left.kind}


def _json_event(event: Event) -> dict[str, object]:
    return {
        "id": event.id,
        "at": round(event.at, 3),
        "kind": _JSON_KINDS[type(event)],
        "room": event.room,
        "nick": event.nickname,
        "text": event.text,
    }


_JSON_ANSWERS: Mapping[type[Answer], Callable[[Any], dict[str, object]]] = {
    Notice: lambda answer: {"kind": "notice", "text": answer.text},
    Refused: lambda answer: {"kind": "error", "code": answer.code, "text": answer.text},
    Gone: lambda answer: {"kind": "gone", "room": answer.room, "nick": answer.nickname, "text": answer.text},
    Private: lambda answer: {
        "kind": "private",
        "at": round(answer.at, 3),
        "nick": answer.nickname,
        "to": answer.to,
        "text": answer.text,
        **({"notice": True} if answer.notice else {}),
    },
    Welcome: lambda answer: {
        "kind": "welcome",
        "nick": answer.nickname,
        "room": answer.room,
        "topic": answer.topic,
        "people": answer.people,
        "size": answer.size,
    },
    People: lambda answer: {"kind": "people", **answer._asdict()},
    RoomList: lambda answer: {"kind": "rooms", "rooms": [summary._asdict() for summary in answer.rooms]},
    History: lambda answer: {
        "kind": "history",
        "room": answer.room,
        "events": [_json_event(event) for event in answer.events],
        "more": answer.more,
    },
    Found: lambda answer: {
        "kind": "found",
        "room": answer.room,
        "words": answer.words,
        "events": [_json_event(event) for event in answer.events],
    },
    Past: lambda answer: {"kind": "past", "room": answer.room},
    Live: lambda answer: {"kind": "live"},
    Speaking: lambda answer: {"kind": "speaking", "room": answer.room},
    Pong: lambda answer: {"kind": "pong", "text": answer.text},
}


class JsonLines(Format):
    """One JSON object a line, each with its ``kind``; docs/protocol.rst lists them."""

    name = "json"
    marks_elsewhere = False
    once_for_all_rooms = False

    def event(self, event: Event, elsewhere: bool) -> bytes:
        return _dump(_json_event(event))

    def past_event(self, event: Event, elsewhere: bool, day: str) -> bytes:
        return _dump(_json_event(event))

    def answer(self, answer: Answer) -> bytes:
        return _dump(_JSON_ANSWERS[type(answer)](answer))


_encoder = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def _dump(thing: dict[str, object]) -> bytes:
    return (_encoder.encode(thing) + NEWLINE).encode(ENCODING)


def read_json(line: bytes | str) -> Event | Answer | None:
    """What a line of JSON from a server says; None for a kind that is not known here.

    :raises ValueError: the line is not such an object.
    """
    try:
        found = json.loads(line)
        kind = _text(found["kind"])
        if kind in KINDS:
            return _read_event(found)
        return _JSON_READERS[kind](found) if kind in _JSON_READERS else None
    except (TypeError, KeyError, OverflowError, OSError, RecursionError) as error:
        raise ValueError(f"not an object that a server sends: {error}") from error


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    # JSON can name half of a surrogate pair, which no text that is to be written anywhere may hold.
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
    day_of(value)  # Refuses what is too long ago, or too far ahead, to have a date.
    return value


def _read_event(found: dict[str, Any]) -> Event:
    kind = KINDS[found["kind"]]
    return kind(
        _number(found["id"]),
        _time(found["at"]),
        _text(found["room"]),
        _text(found["nick"]),
        _text(found["text"]),
    )


_JSON_READERS: Mapping[str, Callable[[dict[str, Any]], Answer]] = {
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
    ),
    "people": lambda found: People(
        _text(found["room"]), _text(found["topic"]), _texts(found["people"]), _number(found["size"])
    ),
    "rooms": lambda found: RoomList(
        [RoomSummary(_text(one["room"]), _number(one["size"]), _text(one["topic"])) for one in _list(found["rooms"])]
    ),
    "history": lambda found: History(
        _text(found["room"]), [_read_event(one) for one in _list(found["events"])], more=found["more"] is True
    ),
    "found": lambda found: Found(
        _text(found["room"]), _text(found["words"]), [_read_event(one) for one in _list(found["events"])]
    ),
    "past": lambda found: Past(_text(found["room"])),
    "live": lambda found: Live(),
    "speaking": lambda found: Speaking(_text(found["room"])),
    "pong": lambda found: Pong(_text(found["text"])),
}


PLAIN = Plain()
JSON = JsonLines()
FORMATS: Mapping[str, Format] = {format_.name: format_ for format_ in (PLAIN, JSON)}
"""The formats that a client may ask for, by name."""
