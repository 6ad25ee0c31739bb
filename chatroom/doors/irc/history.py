"""The history of a room: CHATHISTORY for clients that know it, HISTORY for people whose clients do not.

https://ircv3.net/specs/extensions/chathistory. Everybody who is in a room may ask for its history.
"""

from __future__ import annotations

import re
from calendar import timegm
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from math import isnan, nan
from typing import NamedTuple

from chatroom.core.session import SHOWN_AT_ONCE, Question
from chatroom.doors.irc.batches import batch_ends, in_batch, new_name, within
from chatroom.doors.irc.channels import joined_room
from chatroom.doors.irc.format import IRC_EVENTS, milliseconds, time_of
from chatroom.doors.irc.information import MAX_HISTORY
from chatroom.doors.irc.message import MAX_NUMBER, encode
from chatroom.doors.irc.numerics import Numeric
from chatroom.doors.irc.session import IRCSession
from chatroom.model.errors import RoomNameRefused
from chatroom.model.events import MAX_ID, Event, Nature
from chatroom.model.names import room_name
from chatroom.model.text import whole_number

PAGE = 200
"""Events that are asked of the log at once."""

MAX_PAGES = 25
"""Pages that are looked through for one question."""

_MOMENT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,3})\d*)?Z", re.ASCII)
_MSGID = re.compile(r"([a-z0-9]+)-([0-9]+)")

Then = Callable[[Sequence["_Mark"]], None]


class _Bounds(NamedTuple):
    """The place of a reference among the events.

    In a history that an older version has begun, times may go back where ids grow. So a moment is not one place among
    the ids, and events in between are told apart by their own times.
    """

    before: int
    """Nothing with this id or one above is before it."""
    since: int
    """Nothing with an id below is at it or after it."""
    after: int
    """Nothing with this id or one below is after it."""
    start: float = nan
    """When it begins; not a number for one that is no moment."""
    end: float = nan
    """When it is over."""

    @property
    def is_time(self) -> bool:
        return not isnan(self.start)

    def is_before(self, mark: _Mark) -> bool:
        return mark.id < self.before and not mark.at >= self.start

    def is_since(self, mark: _Mark) -> bool:
        return mark.id >= self.since and not mark.at < self.start

    def is_after(self, mark: _Mark) -> bool:
        return mark.id > self.after and not mark.at < self.end


class _Invalid(Exception):
    """A question that cannot be answered."""

    def __init__(self, code: str, *context: str, text: str) -> None:
        super().__init__(code)
        self.code, self.context, self.text = code, context, text


def chathistory(session: IRCSession, parameters: Sequence[str]) -> None:
    """CHATHISTORY subcommand target reference [reference] limit: for clients that load what was said before."""
    try:
        _chathistory(session, parameters)
    except _Invalid as why:
        session.fail(why.code, *why.context, text=why.text)


def _chathistory(session: IRCSession, parameters: Sequence[str]) -> None:
    subcommand = parameters[0].upper() if parameters else "*"
    if subcommand not in _PARAMETERS:
        code = "INVALID_PARAMS" if parameters else "NEED_MORE_PARAMS"
        raise _Invalid(code, subcommand, text="Unknown command" if parameters else "Missing parameters")
    if len(parameters) < _PARAMETERS[subcommand]:
        raise _Invalid("NEED_MORE_PARAMS", subcommand, text="Missing parameters")
    limit = _limit(subcommand, parameters[_PARAMETERS[subcommand] - 1])
    if subcommand == "TARGETS":
        _targets(session, parameters[1], parameters[2], limit)
        return
    room, references = _room(session, subcommand, parameters[1]), parameters[2:-1]
    if subcommand == "LATEST" and references[0] == "*":
        _Reader(session, room).back(limit, None, 0, lambda marks: _answer(session, room, marks))
        return
    history = session.chat.log.identity
    _resolve(
        session,
        [_reference(subcommand, parameters[1], text, history) for text in references],
        [],
        lambda bounds: _find(session, subcommand, room, bounds, limit),
    )


_PARAMETERS = {"LATEST": 4, "BEFORE": 4, "AFTER": 4, "AROUND": 4, "BETWEEN": 5, "TARGETS": 4}
"""How many parameters each subcommand has, itself included."""


def _find(session: IRCSession, subcommand: str, room: str, bounds: list[_Bounds], limit: int) -> None:
    """Read the events that are asked for, and answer with them."""

    def answer(marks: Sequence[_Mark]) -> None:
        _answer(session, room, marks)

    reader, at = _Reader(session, room), bounds[0]
    if subcommand == "LATEST":
        reader.back(limit, None, at.after, answer, at.is_after)
    elif subcommand == "BEFORE":
        reader.back(limit, at.before, 0, answer, at.is_before)
    elif subcommand == "AFTER":
        reader.on(limit, at.after, MAX_ID, answer, at.is_after)
    elif subcommand == "AROUND":
        # Half before it, then itself and half after it: of one, it alone.
        half = limit // 2
        reader.back(
            half,
            at.before,
            0,
            lambda older: reader.on(
                limit - half, at.since - 1, MAX_ID, lambda newer: answer([*older, *newer]), at.is_since
            ),
            at.is_before,
        )
    else:
        to = bounds[1]
        if at.start <= to.start if at.is_time and to.is_time else at.since <= to.since:
            reader.on(limit, at.after, to.before, answer, lambda mark: at.is_after(mark) and to.is_before(mark))
        else:
            reader.back(limit, at.before, to.after, answer, lambda mark: at.is_before(mark) and to.is_after(mark))


def _limit(subcommand: str, text: str) -> int:
    limit = whole_number(text, MAX_NUMBER)
    if not limit:
        raise _Invalid("INVALID_PARAMS", subcommand, text, text="Invalid limit")
    return min(limit, MAX_HISTORY)


def _room(session: IRCSession, subcommand: str, target: str) -> str:
    """The room that is asked about.

    :raises _Invalid: it is none that they are in.
    """
    try:
        room = room_name(target) if target.startswith("#") else ""
    except RoomNameRefused:
        room = ""
    if room not in session.rooms:
        raise _Invalid("INVALID_TARGET", subcommand, target, text="Messages could not be retrieved: you are not there")
    return room


class _Reference(NamedTuple):
    """A message or a moment that somebody asks from or up to."""

    is_time: bool
    value: int
    """An id, or milliseconds since 1970."""


def _reference(subcommand: str, target: str, text: str, history: str) -> _Reference:
    """Read a reference.

    :param history: the identity of the history that is asked.
    :raises _Invalid: it is none, or is to a message of another history, whose ids say nothing here.
    """
    kind, _, value = text.partition("=")
    if kind == "msgid":
        found = _MSGID.fullmatch(value)
        id_ = whole_number(found[2], MAX_ID) if found is not None else None
        if found is None or id_ is None:
            raise _Invalid("INVALID_PARAMS", subcommand, text, text="Invalid msgid")
        if found[1] != history:
            why = "Messages could not be retrieved: that message is of another history than this server's"
            raise _Invalid("MESSAGE_ERROR", subcommand, target, text, text=why)
        return _Reference(False, id_)
    if kind == "timestamp":
        moment = _moment(value)
        if moment is None:
            raise _Invalid("INVALID_PARAMS", subcommand, text, text="Invalid timestamp")
        return _Reference(True, moment)
    raise _Invalid("INVALID_MSGREFTYPE", subcommand, target, text, text="Refer by msgid or timestamp")


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
    """Have the log find the places of ``references``."""
    if not references:
        then(found)
        return
    (is_time, value), *rest = references
    if not is_time:
        _resolve(session, rest, [*found, _Bounds(value, value, value)], then)
        return
    # An event that is shown with that time may be up to a millisecond later; and as :func:`milliseconds` has it, a
    # float may hold the time itself as a little less.
    start, end = value / 1000 - 1e-6, (value + 1) / 1000 - 1e-6
    log = session.chat.log

    def places(found_here: list[int]) -> None:
        last_before, since, first_after = found_here
        bounds = _Bounds(last_before + 1, since, first_after - 1, start, end)
        _resolve(session, rest, [*found, bounds], then)

    _ask_ids(
        session,
        [partial(log.last_before, start), partial(log.first_since, start), partial(log.first_since, end)],
        [],
        places,
    )


def _ask_ids(
    session: IRCSession, questions: Sequence[Question[int]], found: list[int], then: Callable[[list[int]], None]
) -> None:
    """Ask the log one question after the other, each of which is answered with an id."""
    if not questions:
        then(found)
        return
    session.ask_log(questions[0], lambda id_: _ask_ids(session, questions[1:], [*found, id_], then))


class _Mark(NamedTuple):
    """The place and the time of an event, without its text."""

    id: int
    at: float
    room: str


class _Reader:
    """Finds the talk of one room, as far as one client may be shown it."""

    def __init__(self, session: IRCSession, room: str) -> None:
        self._session = session
        self._room = room
        self._log = session.chat.log
        # A topic is no message: it is played back to clients that have asked for more than messages.
        self._natures = {Nature.TALK}
        if session.has("draft/event-playback"):
            self._natures.add(Nature.STATE)

    def _shown(self, events: Sequence[Event]) -> list[_Mark]:
        shown = [
            event
            for event in events
            if event.nature in self._natures and type(event) in IRC_EVENTS and self._session.sees(event)
        ]
        return [_Mark(event.id, event.at, event.room) for event in shown]

    def back(
        self, count: int, before: int | None, floor: int, then: Then, fits: Callable[[_Mark], bool] = lambda mark: True
    ) -> None:
        """Find the last ``count`` that fit, with an id below ``before`` and above ``floor``."""
        gathered: list[_Mark] = []

        def read(before: int | None, size: int, pages: int) -> None:
            def take(events: Sequence[Event]) -> None:
                gathered[:0] = [mark for mark in self._shown(events) if mark.id > floor and fits(mark)]
                if len(gathered) >= count or len(events) < size or events[0].id <= floor or pages == 1:
                    then(gathered[-count:])
                else:
                    # Who was shown less than was read may have much to read.
                    read(events[0].id, max(count, PAGE), pages - 1)

            self._session.ask_log(partial(self._log.recent, self._room, size, before), take)

        if count:
            read(before, count, MAX_PAGES)
        else:
            then([])

    def on(
        self, count: int, after: int, ceiling: int, then: Then, fits: Callable[[_Mark], bool] = lambda mark: True
    ) -> None:
        """Find the first ``count`` that fit, with an id above ``after`` and below ``ceiling``."""
        gathered: list[_Mark] = []

        def read(after: int, pages: int) -> None:
            def take(events: Sequence[Event]) -> None:
                gathered.extend(mark for mark in self._shown(events) if mark.id < ceiling and fits(mark))
                if len(gathered) >= count or len(events) < PAGE or events[-1].id >= ceiling or pages == 1:
                    then(gathered[:count])
                else:
                    read(events[-1].id, pages - 1)

            rooms = frozenset({self._room})
            self._session.ask_log(partial(self._log.since, rooms, after, PAGE), take)

        read(after, MAX_PAGES)


def _answer(session: IRCSession, room: str, marks: Sequence[_Mark]) -> None:
    _show(session, f"chathistory #{room}", marks, session.format.own_event)


def _show(session: IRCSession, kind: str, marks: Sequence[_Mark], render: Callable[[Event], bytes]) -> None:
    """Answer with the events at ``marks``, as a batch where the client knows such, page by page as they are read."""
    name, ending = "", b""
    if session.has("batch"):
        name = new_name()
        opening, ending = batch_ends(name, kind, session.server.name)
        session.respond(opening)

    def show(rest: Sequence[_Mark]) -> None:
        if rest:
            page = [mark.id for mark in rest[:SHOWN_AT_ONCE]]

            def take(events: Sequence[Event]) -> None:
                found = {event.id: event for event in events if session.sees(event)}
                # Each is as it is when it is shown: it may have been removed while the page was on its way.
                current = session.chat.removals.current_event
                lines = (render(current(found[id_])) for id_ in page if id_ in found)
                tagged = (within(some, name) for some in lines) if name else lines
                session.show_all(tagged, lambda: show(rest[SHOWN_AT_ONCE:]))

            # Where times have gone back, the marks around a moment are not in the order of their ids.
            session.ask_log(partial(session.chat.log.with_ids, sorted(page)), take, lambda: show(()))
        elif ending:
            session.respond(ending)

    show(marks)


def _targets(session: IRCSession, first: str, last: str, limit: int) -> None:
    """Name those of their rooms whose last message was said between two times, and when."""
    if not all(text.startswith("timestamp=") for text in (first, last)):
        raise _Invalid("INVALID_PARAMS", "TARGETS", first, last, text="Give two timestamps")
    ends = [_reference("TARGETS", "*", text, session.chat.log.identity) for text in (first, last)]
    low, high = sorted(end.value for end in ends)
    found: list[_Mark] = []

    def read(rooms: list[str]) -> None:
        if not rooms:
            _answer_targets(session, sorted(found, key=lambda mark: mark.at)[:limit])
            return

        def take(marks: Sequence[_Mark]) -> None:
            found.extend(mark for mark in marks[-1:] if low < milliseconds(mark.at) < high)
            read(rooms[1:])

        # More than one is read at once, since some of them are not shown.
        _Reader(session, rooms[0]).back(10, None, 0, take)

    read(list(session.rooms))


def _answer_targets(session: IRCSession, marks: Sequence[_Mark]) -> None:
    start = f":{session.server.name} CHATHISTORY TARGETS "
    lines = [encode(f"{start}#{one.room} {time_of(one.at)}") for one in marks]
    kind = "draft/chathistory-targets"
    session.respond_all(in_batch(lines, kind, session.server.name) if session.has("batch") else lines)


def history(session: IRCSession, parameters: Sequence[str]) -> None:
    """HISTORY #room [n]: show the last n lines that were said there."""
    room = joined_room(session, parameters[0])
    if room is None:
        return
    count = whole_number(parameters[1], MAX_NUMBER) if len(parameters) > 1 else session.chat.settings.replay
    if count is None:
        why = f"HISTORY #room [n]: n is a number up to {MAX_HISTORY}"
        session.numeric(Numeric.ERR_UNKNOWNERROR, "HISTORY", text=why)
        return
    name = room.name

    def answer(marks: Sequence[_Mark]) -> None:
        if session.has("batch") or session.has("server-time"):
            _answer(session, name, marks)
        else:
            _show(session, "", marks, lambda event: session.format.own_event(_dated(event)))

    _Reader(session, name).back(min(count, MAX_HISTORY), None, 0, answer)


def _dated(event: Event) -> Event:
    """The same with its time in front of each line, for a client that has no other way to show it."""
    time = f"[{datetime.fromtimestamp(event.at):%Y-%m-%d %H:%M}]"
    return event._replace(text="\n".join(f"{time} {line}" for line in event.text.split("\n") if line))
