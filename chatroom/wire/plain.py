"""Plain lines, the format for people at nc, telnet and the plain client.

It is made of two tables, with a row for each kind of event and of answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from chatroom.model.answers import (
    Answer,
    AuditEntry,
    AuditLog,
    Done,
    Found,
    Gone,
    History,
    Invited,
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
    Speaking,
    Welcome,
)
from chatroom.model.constants import ENCODING
from chatroom.model.events import (
    AccessChanged,
    Acted,
    Away,
    Event,
    Joined,
    Kicked,
    Left,
    ModeSet,
    Noticed,
    Quit,
    RankChanged,
    Removal,
    Removed,
    Renamed,
    RoleChanged,
    Said,
    TopicChanged,
)
from chatroom.wire.formats import NEWLINE, Format, day_of

NAMES_IN_A_LINE = 50


def _said(event: Event) -> str | list[str]:
    # Each line of a message begins with its speaker's nickname, so that none can pass for a line from the server.
    if "\n" in event.text:
        return [f"{event.nickname}: {line}" for line in event.text.split("\n")]
    return f"{event.nickname}: {event.text}"


def _left(event: Event | Gone) -> str:
    return f"* {event.nickname} left ({event.text})" if event.text else f"* {event.nickname} left"


def _topic(event: Event) -> str:
    if event.text:
        return f"* {event.nickname} set the topic: {event.text}"
    return f"* {event.nickname} took away the topic"


def _because(text: str) -> str:
    return f" ({text})" if text else ""


def removal_in_words(event: Event) -> str:
    """What a removal did, behind the nickname of the person who did it; empty for a further part of a purge."""
    extras = event.extras or {}
    if extras.get("more"):
        return ""
    nickname = extras.get("nick", "")
    whose = f"{nickname}'s" if nickname != event.nickname else "their own"
    count = extras.get("count") or len(extras.get("ids", ())) or 1
    what = "a message" if count == 1 else f"{count} messages"
    return f"removed {what} of {whose}{_because(event.text)}"


def mark_in_words(event: Event) -> tuple[str, str]:
    """The nickname of the person who removed a message, and what the mark in its place says behind that."""
    by = (event.extras or {}).get("by") or "somebody"
    whose = f"{event.nickname}'s" if event.nickname != by else "their own"
    return str(by), f"removed this message of {whose}{_because(event.text)}"


def _removal(event: Event) -> str | list[str]:
    words = removal_in_words(event)
    return f"* {event.nickname} {words}" if words else []


def deed_of(event: Event) -> str:
    """The words behind the nickname of somebody who keeps order.

    :param event: of a kind that is shown; names in it are as they are in the event.
    """
    if isinstance(event, Kicked):
        return f"put {event.victim_nickname} out of {event.room}" + (f" ({event.text})" if event.text else "")
    if isinstance(event, RoleChanged):
        if event.text == "owner" and event.holder == event.nickname:
            return f"owns {event.room} now"
        if event.text == "voice":
            return f"gave {event.holder} a voice in {event.room}"
        if event.text:
            return f"made {event.holder} an {event.text} of {event.room}"
        return f"took the role {event.was or 'they had'} from {event.holder}"
    value = "" if event.text in ("on", "") else f": {event.text}"
    return f"set the mode {event.subject}{value}" if event.text else f"took away the mode {event.subject}"


def _deed(event: Event) -> str:
    return f"* {event.nickname} {deed_of(event)}"


PLAIN_EVENTS: dict[type[Event], Callable[[Event], str | list[str]]] = {
    Said: _said,
    Noticed: _said,
    Acted: lambda event: f"* {event.nickname} {event.text}",
    Joined: lambda event: f"* {event.nickname} joined",
    Left: _left,
    Quit: _left,
    Renamed: lambda event: f"* {event.nickname} is now {event.text}",
    # People are told that somebody is away when they write to them.
    Away: lambda event: [],
    TopicChanged: _topic,
    Removal: _removal,
    Removed: lambda event: "* {} {}".format(*mark_in_words(event)),
    Kicked: _deed,
    RoleChanged: _deed,
    RankChanged: _deed,
    ModeSet: _deed,
    # Those whom it concerns are told in other words.
    AccessChanged: lambda event: [],
}
"""The rendering of each kind of event: one line, or several."""


def _lines_of(event: Event) -> list[str]:
    found = PLAIN_EVENTS[type(event)](event)
    return [found] if isinstance(found, str) else found


def _people(answer: People) -> list[str]:
    names = answer.people
    rows = [", ".join(names[start : start + NAMES_IN_A_LINE]) for start in range(0, len(names), NAMES_IN_A_LINE)]
    if answer.after:
        lines = [f"* and {row}" for row in rows] or [f"* nobody came into {answer.room} after {answer.after}"]
    else:
        lines = [f"* {answer.size} in {answer.room}: {row}" for row in rows[:1]] + [f"* and {row}" for row in rows[1:]]
    unnamed = "more" if answer.after else f"{answer.size - len(names)} more"
    if answer.more:
        lines.append(f"* and {unnamed}: /who {answer.room} after {names[-1]} names the next")
    return lines if answer.after else lines + _topic_line(answer.topic)


def _welcome(answer: Welcome) -> list[str]:
    here = ", ".join(answer.people)
    lines = [f"* welcome to {answer.room}, {answer.nickname}. In the room: {here}. /help lists the commands."]
    return lines + _more(answer) + _topic_line(answer.topic)


def _more(answer: Welcome) -> list[str]:
    unnamed = answer.size - len(answer.people)
    return [f"* and {unnamed} more: /who names them all"] if unnamed else []


def _topic_line(topic: str) -> list[str]:
    return [f"* the topic is: {topic}"] if topic else []


def _rooms(answer: RoomList) -> list[str]:
    if not answer.rooms:
        if answer.words:
            return [f"* there is no room with: {answer.words}"]
        return [
            f"* there are no rooms after {answer.after}" if answer.after else "* there are no rooms: /join makes one"
        ]
    lines = [
        f"* {summary.room} ({summary.size} here)" + (f": {summary.topic}" if summary.topic else "")
        for summary in answer.rooms
    ]
    if answer.more:
        asked = f"/rooms {answer.words}".rstrip()
        lines.append(f"* and more: {asked} after {answer.rooms[-1].room} goes on, /rooms and some words finds others")
    return lines


def _history(answer: History) -> list[str]:
    if not answer.events:
        return [] if answer.after else [f"* nothing was said in {answer.room}"]
    title = [] if answer.after else [f"* what was said in {answer.room}:"]
    return _told(title, answer.events, answer.after, answer.ids)


def _found(answer: Found) -> list[str]:
    if not answer.events:
        return [f"* nothing was found in {answer.room} for: {answer.words}"]
    return _told([f"* what was found in {answer.room} for: {answer.words}"], answer.events, "")


def _told(title: list[str], events: Sequence[Event], day: str, ids: bool = False) -> list[str]:
    lines = list(title)
    for event in events:
        lines.extend(_past_lines(event, False, day, ids))
        day = day_of(event.at)
    return lines


def _past_lines(event: Event, elsewhere: bool, day: str, ids: bool = False) -> list[str]:
    lines = [] if day_of(event.at) == day else [f"* {day_of(event.at)}:"]
    prefix = f"[{event.room}] " if elsewhere else ""
    time = datetime.fromtimestamp(event.at).strftime("%H:%M")
    number = f" {event.id}" if ids else ""
    return [*lines, *(f"[{time}{number}] {prefix}{line}" for line in _lines_of(event))]


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at).strftime("%Y-%m-%d %H:%M")


def report_in_words(report: Reported) -> str:
    """A report as a line."""
    what = f"message {report.about} of {report.target}'s" if report.about else report.target
    where = f" in {report.room}" if report.room else ""
    line = f"report {report.number}: {report.nickname} reports {what}{where}: {report.text}"
    return f"{line} - the message: {report.message}" if report.message else line


def _reported(report: Reported) -> list[str]:
    return [f"* {report_in_words(report)}".replace("\n", " / "), f"* /reports done {report.number} closes it"]


def _reports(answer: ReportList) -> list[str]:
    if not answer.reports:
        return ["* no report is open"]
    lines = [f"* {_moment(report.at)} {report_in_words(report)}" for report in answer.reports]
    return [*lines, "* and more, which are shown once some of these are done"] if answer.more else lines


def entry_in_words(entry: AuditEntry) -> str:
    """An entry of the audit log as a line."""
    who = entry.nickname or "somebody"
    if entry.account and entry.account != entry.nickname:
        who = f"{who} ({entry.account})"
    about = f" {entry.about}" if entry.about else ""
    where = f" in {entry.room}" if entry.room else ""
    reason = f": {entry.text}" if entry.text else ""
    return f"{entry.id} {_moment(entry.at)} {who}: {entry.action}{about} {entry.target}".rstrip() + where + reason


def _audit(answer: AuditLog) -> list[str]:
    if not answer.entries:
        return ["* the audit log has nothing more"]
    lines = [f"* {entry_in_words(entry)}" for entry in answer.entries]
    first = answer.entries[0].id
    return [*lines, f"* /audit {len(answer.entries)} before {first} shows what was before"] if answer.more else lines


PLAIN_ANSWERS: Mapping[type[Answer], Callable[[Any], list[str]]] = {
    Notice: lambda answer: [f"* {answer.text}"],
    Refused: lambda answer: [f"! {answer.text}"],
    Gone: lambda answer: [_left(answer)],
    Private: lambda answer: [
        f"{answer.nickname} (privately to {answer.to}): {line}" for line in answer.text.split("\n")
    ],
    Welcome: _welcome,
    People: _people,
    RoomList: _rooms,
    History: _history,
    Found: _found,
    Speaking: lambda answer: [
        f"* you now speak in {answer.room}" if answer.room else "* you are in no room: /join one"
    ],
    Pong: lambda answer: [f"* pong {answer.text}".rstrip()],
    PasswordWanted: lambda answer: [f"* password ({answer.what}):" if answer.what else "* password:"],
    LoggedIn: lambda answer: [
        f"* you are logged in to the account {answer.account}" if answer.account else "* you are logged out"
    ],
    Reported: _reported,
    ReportList: _reports,
    AuditLog: _audit,
    Invited: lambda answer: [f"* {answer.nickname} invites you to {answer.room}: /join {answer.room}"],
    Reset: lambda answer: [f"* {answer.text}"],
    Done: lambda answer: ["* that was done before"],
    # The times before past lines tell a person the same.
    Past: lambda answer: [],
    Live: lambda answer: [],
}


class Plain(Format):
    """The format for people.

    ``nickname: text`` is talk, ``* ...`` an event or an answer, ``! ...`` an error. No nickname starts with ``*``,
    ``!`` or ``[``, so no line can pass for one of another sort.
    """

    name = "plain"
    for_people = True
    marks_elsewhere = True
    once_for_all_rooms = True

    def event(self, event: Event, elsewhere: bool) -> bytes:
        line = PLAIN_EVENTS[type(event)](event)
        if not isinstance(line, str):
            return _encode([f"[{event.room}] {one}" for one in line] if elsewhere else line)
        if elsewhere:
            line = f"[{event.room}] {line}"
        return (line + NEWLINE).encode(ENCODING)

    def events(self, events: Sequence[Event], elsewhere: bool) -> bytes:
        lines = [PLAIN_EVENTS[type(event)](event) for event in events]
        # Encoded at once, in a fraction of the time, where each is one line; which is the common case.
        if elsewhere or set(map(type, lines)) != {str}:
            return super().events(events, elsewhere)
        return "".join([f"{line}{NEWLINE}" for line in lines]).encode()

    def past_event(self, event: Event, elsewhere: bool, day: str, ref: str = "") -> bytes:
        return _encode(_past_lines(event, elsewhere, day))

    def answer(self, answer: Answer, ref: str = "") -> bytes:
        return _encode(PLAIN_ANSWERS[type(answer)](answer))

    def lines(self, thing: Event | Answer, elsewhere: bool = False) -> list[str]:
        """The same as text without line ends, for clients to print."""
        whole = self.event(thing, elsewhere) if isinstance(thing, Event) else self.answer(thing)
        return whole.decode(ENCODING).splitlines()


def _encode(lines: list[str]) -> bytes:
    return "".join([line + NEWLINE for line in lines]).encode(ENCODING)


PLAIN = Plain()
