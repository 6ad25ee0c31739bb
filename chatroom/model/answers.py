"""Answers: messages from the server to one person alone. No answer is kept, or has an id."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from chatroom.model.events import Event


class Notice(NamedTuple):
    """The server says something."""

    text: str


class Refused(NamedTuple):
    """A request cannot be done."""

    code: str
    text: str


class Gone(NamedTuple):
    """Somebody has left a room, though that could not be kept: it is no event, and is not told again."""

    room: str
    nickname: str
    text: str
    """The reason; perhaps empty."""


class Private(NamedTuple):
    """A private message from one person to one other; both are told."""

    at: float
    nickname: str
    to: str
    text: str
    notice: bool = False
    """Whether no program may answer it: an IRC NOTICE."""
    tags: Mapping[str, str] | None = None
    """What one client says to the other with it, by name: the client-only tags of IRC; None for nothing."""


class Invited(NamedTuple):
    """Somebody asks one other person to come into a room."""

    nickname: str
    """The person who asks."""
    room: str


class Limits(NamedTuple):
    """Bounds of the input from a client."""

    line: int
    """Bytes in a line of text, its end not counted."""
    message: int
    """Bytes in the text of a message, with its line ends."""
    lines: int
    """Lines in a message."""
    nickname: int
    """Characters in a nickname, or in the name of a room."""


class CommandHelp(NamedTuple):
    """One command, as people are told how to use it."""

    name: str
    arguments: str
    """As a person reads them; those in brackets may be left out."""
    help: str
    in_room: bool = False
    """Whether the command is about the room where it is given, unless it names another."""


class Welcome(NamedTuple):
    """Somebody has entered."""

    nickname: str
    room: str
    topic: str
    people: Sequence[str]
    """The nicknames of the people in the room, the newcomer's among them; perhaps only the first few of many."""
    size: int
    """The number of people in the room."""
    member: str = ""
    """The id of the newcomer."""
    history: str = ""
    """The identity of the history that ids are from; it goes with an id in ``since=``."""
    limits: Limits | None = None
    commands: Sequence[CommandHelp] = ()


class People(NamedTuple):
    """The people in a room."""

    room: str
    topic: str
    people: Sequence[str]
    """Their nicknames, in the order in which they came; perhaps only a few of many."""
    size: int
    """The number of people in the room."""
    after: str = ""
    """The one behind whom the list begins; empty when it begins with the first."""
    more: bool = False
    """Whether there are others behind the last who is named."""


class RoomSummary(NamedTuple):
    room: str
    size: int
    """The number of people in it."""
    topic: str


class RoomList(NamedTuple):
    """Rooms, in the order of their names."""

    rooms: Sequence[RoomSummary]
    words: str = ""
    """The words that they were searched by; empty for none."""
    after: str = ""
    """The room behind which the list begins; empty when it begins with the first."""
    more: bool = False
    """Whether there are others behind the last."""


class History(NamedTuple):
    """Earlier talk in a room; a long one comes in several parts."""

    room: str
    events: Sequence[Event]
    """Oldest first."""
    after: str = ""
    """The date of the part before; empty for the first."""
    more: bool = False
    """Whether another follows."""
    ids: bool = False
    """Whether people are shown the ids, too."""


class Past(NamedTuple):
    """The events that follow, up to :class:`Live`, happened before."""

    room: str
    """The room that the person comes into."""


class Reset(NamedTuple):
    """The person comes back, and cannot be shown all that they missed; a newcomer's past follows."""

    code: str
    text: str


class Done(NamedTuple):
    """The request was done before: one with the same ``ref``."""

    event: int
    """The id of the event that came of it; 0 where none is kept."""


class Live(NamedTuple):
    """The events that follow are new."""


class Speaking(NamedTuple):
    """The person speaks in another room from now on."""

    room: str
    """Empty when they are in none."""


class Pong(NamedTuple):
    """The connection works."""

    text: str
    """The text of the question."""


class PasswordWanted(NamedTuple):
    """The next line of the person is a password, whatever it begins with; an empty one says that they give none."""

    what: str = ""
    """Which password, where it is not simply theirs: ``again``, for example."""


class LoggedIn(NamedTuple):
    """The person is logged in to an account from now on, or to none."""

    account: str
    """Empty when they are logged out."""


class Reported(NamedTuple):
    """Somebody has reported a message, or a person, to those who moderate."""

    number: int
    """The number of the report, by which it is closed."""
    at: float
    """Seconds since 1970, UTC."""
    room: str
    nickname: str
    """Of the person who reports."""
    target: str
    """The nickname of the person who is reported."""
    text: str
    """The reason that they give."""
    about: int = 0
    """The id of the message; 0 where a person is reported."""
    message: str = ""
    """The text of the message; empty where there is none, or it is in the list of reports."""


class ReportList(NamedTuple):
    """The reports that are open."""

    reports: Sequence[Reported]
    """Oldest first."""
    more: bool = False
    """Whether there are others behind the last."""


class AuditEntry(NamedTuple):
    """One thing that somebody has done."""

    id: int
    at: float
    """Seconds since 1970, UTC."""
    nickname: str
    """Of the person who did it; empty for somebody who had none."""
    action: str
    target: str
    """The person, or the address, that it was done to; empty for none."""
    room: str
    """Empty where it is about no room."""
    text: str
    """The reason."""
    account: str = ""
    """The account of the person who did it; empty for none."""
    about: int = 0
    """The id of the event, or the number of the report, that it is about; 0 for none."""


class AuditLog(NamedTuple):
    """The last entries of the audit log."""

    entries: Sequence[AuditEntry]
    """Oldest first."""
    more: bool = False
    """Whether there may be older ones."""


class Found(NamedTuple):
    """Earlier talk in a room that has certain words."""

    room: str
    words: str
    events: Sequence[Event]
    """Oldest first."""


Answer = (
    Notice
    | Refused
    | Gone
    | Private
    | Invited
    | Welcome
    | People
    | RoomList
    | History
    | Past
    | Reset
    | Done
    | Live
    | Speaking
    | Pong
    | PasswordWanted
    | LoggedIn
    | Reported
    | ReportList
    | AuditLog
    | Found
)
