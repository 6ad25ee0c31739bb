"""What was said before: CHATHISTORY for clients that know it, HISTORY for people whose clients do not.

https://ircv3.net/specs/extensions/chathistory. Whoever is in a room may ask what was said there.
"""

from __future__ import annotations

import re
from calendar import timegm
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple

from chatroom.doors.irc.channels import entered
from chatroom.doors.irc.format import milliseconds, time_of
from chatroom.doors.irc.information import MAX_HISTORY
from chatroom.doors.irc.labels import in_batch
from chatroom.doors.irc.message import MAX_NUMBER, encode
from chatroom.doors.irc.numerics import Numeric
from chatroom.doors.irc.session import IRCSession
from chatroom.log.interface import Events, NoAnswer
from chatroom.model.errors import RoomNameRefused
from chatroom.model.events import MAX_ID, TALK, Event, TopicChanged
from chatroom.model.names import room_name
from chatroom.model.text import whole_number

PAGE = 200
"""Events that are asked of the log at once."""

MAX_PAGES = 25
"""Pages that are looked through for one question."""

_MOMENT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,3})\d*)?Z", re.ASCII)

Then = Callable[[Sequence[Event]], None]


class _Bounds(NamedTuple):
    """Where what is referred to stands among the events."""

    first: int
    """Everything with an id below is before it."""
    last: int
    """Everything with an id above is after it."""


class _Wrong(Exception):
    """What is asked for will not do."""

    def __init__(self, code: str, *context: str, text: str) -> None:
        super().__init__(code)
        self.code, self.context, self.text = code, context, text


def chathistory(session: IRCSession, parameters: Sequence[str]) -> None:
    """CHATHISTORY subcommand target reference [reference] limit: for clients that load what was said before."""
    try:
        _chathistory(session, parameters)
    except _Wrong as wrong:
        session.fail(wrong.code, *wrong.context, text=wrong.text)


def _chathistory(session: IRCSession, parameters: Sequence[str]) -> None:
    subcommand = parameters[0].upper() if parameters else "*"
    if subcommand not in _PARAMETERS:
        code = "INVALID_PARAMS" if parameters else "NEED_MORE_PARAMS"
        raise _Wrong(code, subcommand, text="Unknown command" if parameters else "Missing parameters")
    if len(parameters) < _PARAMETERS[subcommand]:
        raise _Wrong("NEED_MORE_PARAMS", subcommand, text="Missing parameters")
    limit = _limit(subcommand, parameters[_PARAMETERS[subcommand] - 1])
    if subcommand == "TARGETS":
        _targets(session, parameters[1], parameters[2], limit)
        return
    room, references = _room(session, subcommand, parameters[1]), parameters[2:-1]
    if subcommand == "LATEST" and references[0] == "*":
        _Reader(session, room).back(limit, None, 0, lambda events: _answer(session, room, events))
        return
    _resolve(
        session,
        [_reference(subcommand, parameters[1], text) for text in references],
        [],
        lambda bounds: _find(session, subcommand, room, bounds, limit),
    )


_PARAMETERS = {"LATEST": 4, "BEFORE": 4, "AFTER": 4, "AROUND": 4, "BETWEEN": 5, "TARGETS": 4}
"""How many parameters each subcommand has, itself included."""


def _find(session: IRCSession, subcommand: str, room: str, bounds: list[_Bounds], limit: int) -> None:
    """Find what is asked for, and answer it."""

    def answer(events: Sequence[Event]) -> None:
        _answer(session, room, events)

    reader, at = _Reader(session, room), bounds[0]
    if subcommand == "LATEST":
        reader.back(limit, None, at.last, answer)
    elif subcommand == "BEFORE":
        reader.back(limit, at.first, 0, answer)
    elif subcommand == "AFTER":
        reader.on(limit, at.last, MAX_ID, answer)
    elif subcommand == "AROUND":
        # Half before it, then itself and half after it: of one, it alone.
        half = limit // 2
        reader.back(
            half,
            at.first,
            0,
            lambda older: reader.on(limit - half, at.first - 1, MAX_ID, lambda newer: answer([*older, *newer])),
        )
    elif at.first <= bounds[1].first:
        reader.on(limit, at.last, bounds[1].first, answer)
    else:
        reader.back(limit, at.first, bounds[1].last, answer)


def _limit(subcommand: str, text: str) -> int:
    limit = whole_number(text, MAX_NUMBER)
    if not limit:
        raise _Wrong("INVALID_PARAMS", subcommand, text, text="Invalid limit")
    return min(limit, MAX_HISTORY)


def _room(session: IRCSession, subcommand: str, target: str) -> str:
    """The room that is asked about.

    :raises _Wrong: it is none that they are in.
    """
    try:
        room = room_name(target) if target.startswith("#") else ""
    except RoomNameRefused:
        room = ""
    if room not in session.rooms:
        raise _Wrong("INVALID_TARGET", subcommand, target, text="Messages could not be retrieved: you are not there")
    return room


class _Reference(NamedTuple):
    """What somebody asks from or up to."""

    is_time: bool
    value: int
    """An id, or milliseconds since 1970."""


def _reference(subcommand: str, target: str, text: str) -> _Reference:
    kind, _, value = text.partition("=")
    # What came in several lines is referred to by any of them.
    if kind == "msgid" and (id_ := whole_number(value.partition("-")[0], MAX_ID)) is not None:
        return _Reference(False, id_)
    if kind == "timestamp" and (moment := _moment(value)) is not None:
        return _Reference(True, moment)
    if kind not in ("msgid", "timestamp"):
        raise _Wrong("INVALID_MSGREFTYPE", subcommand, target, text, text="Refer by msgid or timestamp")
    raise _Wrong("INVALID_PARAMS", subcommand, text, text=f"Invalid {kind}")


def _moment(text: str) -> int | None:
    """Milliseconds since 1970."""
    found = _MOMENT.fullmatch(text)
    if found is None:
        return None
    try:
        second = timegm(datetime.fromisoformat(found[1]).timetuple())
    except ValueError:
        return None
    return second * 1000 + int((found[2] or "0").ljust(3, "0"))


def _resolve(
    session: IRCSession, references: Sequence[_Reference], found: list[_Bounds], then: Callable[[list[_Bounds]], None]
) -> None:
    """Ask the log where each of ``references`` is."""
    if not references:
        then(found)
        return
    (is_time, value), *rest = references
    if not is_time:
        _resolve(session, rest, [*found, _Bounds(value, value)], then)
        return
    # What is shown with that time is up to a millisecond later; and as :func:`milliseconds` has it, a float may hold
    # the time itself as a little less.
    start, end = value / 1000 - 1e-6, (value + 1) / 1000 - 1e-6
    _first_since(
        session,
        start,
        lambda first: _first_since(
            session, end, lambda after: _resolve(session, rest, [*found, _Bounds(first, after - 1)], then)
        ),
    )


def _first_since(session: IRCSession, at: float, then: Callable[[int], None]) -> None:
    found: list[int] = []

    def question(answer: Events, failed: NoAnswer) -> None:
        def told(id_: int) -> None:
            found.append(id_)
            answer(())

        session.chat.log.first_since(at, told, failed)

    session.ask(question, lambda events: then(found[0]))


class _Reader:
    """Finds what may be shown to somebody of what was said in a room."""

    def __init__(self, session: IRCSession, room: str) -> None:
        self._session = session
        self._room = room
        self._log = session.chat.log
        # Topics are no messages, and shown to those who have asked for more than these.
        self._topics = session.has("draft/event-playback")

    def _shown(self, events: Sequence[Event]) -> list[Event]:
        return [
            event for event in events if isinstance(event, TALK) and (self._topics or type(event) is not TopicChanged)
        ]

    def back(self, count: int, before: int | None, floor: int, then: Then) -> None:
        """Find the last ``count`` with an id below ``before`` and above ``floor``."""
        gathered: list[Event] = []

        def ask(before: int | None, pages: int) -> None:
            def told(events: Sequence[Event]) -> None:
                gathered[:0] = [event for event in self._shown(events) if event.id > floor]
                if len(gathered) >= count or len(events) < count or events[0].id <= floor or pages == 1:
                    then(gathered[-count:])
                else:
                    ask(events[0].id, pages - 1)

            self._session.ask(lambda answer, failed: self._log.recent(self._room, count, before, answer, failed), told)

        if count:
            ask(before, MAX_PAGES)
        else:
            then([])

    def on(self, count: int, after: int, ceiling: int, then: Then) -> None:
        """Find the first ``count`` with an id above ``after`` and below ``ceiling``."""
        gathered: list[Event] = []

        def ask(after: int, pages: int) -> None:
            def told(events: Sequence[Event]) -> None:
                gathered.extend(event for event in self._shown(events) if event.id < ceiling)
                if len(gathered) >= count or len(events) < PAGE or events[-1].id >= ceiling or pages == 1:
                    then(gathered[:count])
                else:
                    ask(events[-1].id, pages - 1)

            rooms = frozenset({self._room})
            self._session.ask(lambda answer, failed: self._log.since(rooms, after, PAGE, answer, failed), told)

        ask(after, MAX_PAGES)


def _answer(session: IRCSession, room: str, events: Sequence[Event]) -> None:
    _send(session, f"chathistory #{room}", [session.format.event(event, False) for event in events])


def _send(session: IRCSession, kind: str, lines: list[bytes]) -> None:
    """Answer with whole lines, as a batch where they know such."""
    session.write_all(in_batch(lines, kind, session.server.name) if session.has("batch") else lines)


def _targets(session: IRCSession, first: str, last: str, limit: int) -> None:
    """Say in which of their rooms the last that was said was so between two times, and when."""
    ends = [_reference("TARGETS", "*", text) for text in (first, last)]
    if not all(end.is_time for end in ends):
        raise _Wrong("INVALID_PARAMS", "TARGETS", first, last, text="Give two timestamps")
    low, high = sorted(end.value for end in ends)
    found: list[Event] = []

    def ask(rooms: list[str]) -> None:
        if not rooms:
            _answer_targets(session, sorted(found, key=lambda event: event.at)[:limit])
            return

        def told(events: Sequence[Event]) -> None:
            found.extend(event for event in events[-1:] if low < milliseconds(event.at) < high)
            ask(rooms[1:])

        # More than one is asked for at once, since some of them are not shown.
        _Reader(session, rooms[0]).back(10, None, 0, told)

    ask(list(session.rooms))


def _answer_targets(session: IRCSession, events: Sequence[Event]) -> None:
    start = f":{session.server.name} CHATHISTORY TARGETS "
    _send(session, "draft/chathistory-targets", [encode(f"{start}#{one.room} {time_of(one.at)}") for one in events])


def history(session: IRCSession, parameters: Sequence[str]) -> None:
    """HISTORY #room [n]: show the last n lines that were said there."""
    room = entered(session, parameters[0])
    if room is None:
        return
    count = whole_number(parameters[1], MAX_NUMBER) if len(parameters) > 1 else session.chat.settings.replay
    if count is None:
        session.reply(Numeric.ERR_UNKNOWNERROR, "HISTORY", text=f"HISTORY #room [n]: n is a number up to {MAX_HISTORY}")
        return
    name = room.name

    def show(events: Sequence[Event]) -> None:
        if session.has("batch") or session.has("server-time"):
            _answer(session, name, events)
        else:
            session.write_all([session.format.event(_dated(event), False) for event in events])

    _Reader(session, name).back(min(count, MAX_HISTORY), None, 0, show)


def _dated(event: Event) -> Event:
    """The same with its time, for a client that has no other way to show it."""
    return event._replace(text=f"[{datetime.fromtimestamp(event.at):%Y-%m-%d %H:%M}] {event.text}")
