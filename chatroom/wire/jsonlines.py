"""Lines of JSON, the format for programs: one object a line, each with its ``kind``. docs/protocol.rst lists them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
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
from chatroom.model.events import Audience, Event
from chatroom.wire.formats import NEWLINE, Format


def _json_event(event: Event) -> dict[str, object]:
    id_, at, room, member, nickname, text, about, extras, _ = event
    found: dict[str, object] = {"id": id_} if event.kept and id_ else {}
    found |= {"at": round(at, 3), "kind": event.shown_as, "room": room, "nick": nickname, "text": text}
    if member:
        found["member"] = member
    if about:
        found["about"] = about
    if extras:
        found["extras"] = extras
    return found


def _report(report: Reported) -> dict[str, object]:
    return {
        "number": report.number,
        "at": round(report.at, 3),
        "room": report.room,
        "nick": report.nickname,
        "target": report.target,
        "text": report.text,
        **({"about": report.about} if report.about else {}),
        **({"message": report.message} if report.message else {}),
    }


def _entry(entry: AuditEntry) -> dict[str, object]:
    return {
        "number": entry.id,
        "at": round(entry.at, 3),
        "nick": entry.nickname,
        "action": entry.action,
        "target": entry.target,
        "room": entry.room,
        "text": entry.text,
        **({"account": entry.account} if entry.account else {}),
        **({"about": entry.about} if entry.about else {}),
    }


JSON_ANSWERS: Mapping[type[Answer], Callable[[Any], dict[str, object]]] = {
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
        "member": answer.member,
        "history": answer.history,
        "limits": answer.limits and answer.limits._asdict(),
        "commands": [command._asdict() for command in answer.commands],
    },
    Invited: lambda answer: {"kind": "invited", "nick": answer.nickname, "room": answer.room},
    People: lambda answer: {
        "kind": "people",
        "room": answer.room,
        "topic": answer.topic,
        "people": answer.people,
        "size": answer.size,
        **({"after": answer.after} if answer.after else {}),
        **({"more": True} if answer.more else {}),
    },
    RoomList: lambda answer: {
        "kind": "rooms",
        "rooms": [summary._asdict() for summary in answer.rooms],
        **({"words": answer.words} if answer.words else {}),
        **({"after": answer.after} if answer.after else {}),
        **({"more": True} if answer.more else {}),
    },
    History: lambda answer: {
        "kind": "history",
        "room": answer.room,
        "events": [_json_event(event) for event in answer.events],
        "more": answer.more,
        **({"ids": True} if answer.ids else {}),
    },
    Reported: lambda answer: {"kind": "report", **_report(answer)},
    ReportList: lambda answer: {
        "kind": "reports",
        "reports": [_report(report) for report in answer.reports],
        **({"more": True} if answer.more else {}),
    },
    AuditLog: lambda answer: {
        "kind": "audit",
        "entries": [_entry(entry) for entry in answer.entries],
        **({"more": True} if answer.more else {}),
    },
    Found: lambda answer: {
        "kind": "found",
        "room": answer.room,
        "words": answer.words,
        "events": [_json_event(event) for event in answer.events],
    },
    Past: lambda answer: {"kind": "past", "room": answer.room},
    Reset: lambda answer: {"kind": "reset", "code": answer.code, "text": answer.text},
    Done: lambda answer: {"kind": "done", **({"event": answer.event} if answer.event else {})},
    Live: lambda answer: {"kind": "live"},
    Speaking: lambda answer: {"kind": "speaking", "room": answer.room},
    Pong: lambda answer: {"kind": "pong", "text": answer.text},
    PasswordWanted: lambda answer: {"kind": "password", **({"what": answer.what} if answer.what else {})},
    LoggedIn: lambda answer: {"kind": "account", "account": answer.account},
}


class JsonLines(Format):
    """The format for programs."""

    name = "json"
    marks_elsewhere = False
    once_for_all_rooms = False

    def event(self, event: Event, elsewhere: bool) -> bytes:
        return _dump(_json_event(event)) if event.audience is not Audience.NOBODY else b""

    def past_event(self, event: Event, elsewhere: bool, day: str, ref: str = "") -> bytes:
        return self.event_with_ref(event, ref, elsewhere)

    def event_with_ref(self, event: Event, ref: str, elsewhere: bool) -> bytes:
        return _dump(_with_ref(_json_event(event), ref)) if event.audience is not Audience.NOBODY else b""

    def answer(self, answer: Answer, ref: str = "") -> bytes:
        return _dump(_with_ref(JSON_ANSWERS[type(answer)](answer), ref))


def _with_ref(thing: dict[str, object], ref: str) -> dict[str, object]:
    return {**thing, "ref": ref} if ref else thing


_encoder = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def _dump(thing: dict[str, object]) -> bytes:
    return (_encoder.encode(thing) + NEWLINE).encode(ENCODING)


JSON = JsonLines()
