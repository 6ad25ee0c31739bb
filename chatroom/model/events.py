"""The kinds of event: a class each, which says of itself what the rest of the program has to know.

An :class:`Event` has happened: the log has put it in order, and everybody in its room is shown it. A :class:`Draft` is
an event that somebody has asked for and that the log may still refuse. All kinds have the same fields, which are the
columns of a row in the log and the keys of a line of JSON. The docstring of a kind says what ``text`` means.

A new kind takes one class here, with its traits, and one rendering in each form: a row of
:data:`chatroom.wire.plain.PLAIN_EVENTS`, of :data:`chatroom.doors.irc.format.IRC_EVENTS`, of
:data:`chatroom.client.theme.THEME_EVENTS` and of the page's ``kinds.js``, and its name in docs/chatroom.schema.json. No
other table knows kinds.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any, ClassVar, NamedTuple

MAX_ID = 2**63 - 1
"""The greatest id that a log can give."""


ACCOUNT = "account"
"""The name, among the extras of an event, of the account that its author was logged in to; there is none of others."""


class Nature(Enum):
    """The nature of a kind: what its events are about."""

    TALK = "talk"
    """Somebody said or did something."""
    MEMBERSHIP = "membership"
    """Somebody came, went, or has another nickname."""
    STATE = "state"
    """Something holds for the room until the next event of the same kind and subject."""


class Audience(Enum):
    """The people who are shown an event."""

    ROOM = "room"
    """Everybody in the room."""
    WILLING = "willing"
    """Everybody in the room but those who ignore its author."""


class _Fields(NamedTuple):
    """The fields of every event.

    A named tuple, because one is made for each message: a frozen dataclass takes four times as long.
    """

    id: int
    """Grows with every event that a log keeps, and is never used twice. An event that is not kept has the id of the
    last kept one before it."""
    at: float
    """Seconds since 1970, UTC; never less than that of the event before."""
    room: str
    member: str
    """The id of the member who did it; empty in events that an older version kept."""
    nickname: str
    """The nickname of the member at that moment."""
    text: str
    about: int = 0
    """The id of another event that this one is about; 0 for none."""
    extras: Mapping[str, Any] | None = None
    """Further data of a kind, of types that JSON has."""
    ref: str = ""
    """The id that the member's client gave to the request; shown to that member alone."""


class Event(_Fields):
    """One thing that happened in one room; the class attributes are the traits of its kind."""

    __slots__ = ()

    kind: ClassVar[str] = ""
    """The name of the kind, in the log and on the wire."""
    shown_as: ClassVar[str] = ""
    """The name of the kind that programs are told; ``kind`` unless set."""
    nature: ClassVar[Nature] = Nature.TALK
    kept: ClassVar[bool] = True
    """Whether the log keeps it. Events that are not kept are shown to the people who are there, and have no id on the
    wire."""
    counted: ClassVar[bool] = True
    """Whether it is among the last lines that newcomers and ``/history`` are shown."""
    searched: ClassVar[bool] = True
    """Whether searching finds its text."""
    audience: ClassVar[Audience] = Audience.WILLING
    once: ClassVar[bool] = False
    """Whether somebody who shares several rooms with its author is shown it once, though there is one in each room."""

    def __init_subclass__(cls) -> None:
        if "shown_as" not in cls.__dict__:
            cls.shown_as = cls.kind
        if cls.kind and KINDS.setdefault(cls.kind, cls) is not cls:
            raise TypeError(f"there is a kind {cls.kind!r} already: {KINDS[cls.kind].__name__}")

    @property
    def subject(self) -> str:
        """Of a state: the part of the room that it is about; empty for the room itself."""
        return ""

    @property
    def clears(self) -> bool:
        """Of a state: whether nothing holds any more."""
        return not self.text


KINDS: dict[str, type[Event]] = {}
"""Every kind of event, by its name."""


class Said(Event):
    """``text`` is the message; line feeds separate its lines."""

    __slots__ = ()
    kind = "said"


class Noticed(Said):
    """``text`` is the message, which no program may answer: an IRC NOTICE."""

    __slots__ = ()
    kind = "noticed"


class Acted(Event):
    """``text`` is the action: ``waves`` for ``/me waves``."""

    __slots__ = ()
    kind = "acted"


class Membership(Event):
    """The base of kinds that tell who is in a room; no kind itself."""

    __slots__ = ()
    nature = Nature.MEMBERSHIP
    counted = False
    searched = False
    audience = Audience.ROOM


class Joined(Membership):
    """The member came into the room; ``text`` is empty."""

    __slots__ = ()
    kind = "joined"


class Left(Membership):
    """The member went out of the room; ``text`` is the reason."""

    __slots__ = ()
    kind = "left"


class Quit(Left):
    """The member went out of all rooms, and is gone. There is one in each room that they were in."""

    __slots__ = ()
    kind = "quit"
    # Leaving one room and leaving all of them look the same to the people who stay.
    shown_as = "left"
    once = True


class Renamed(Membership):
    """``nickname`` is the old one, ``text`` the new one. There is one in each room that the member is in."""

    __slots__ = ()
    kind = "renamed"
    once = True


class Away(Membership):
    """The member is away, and ``text`` says why; or is back, and it is empty. There is one in each of their rooms."""

    __slots__ = ()
    kind = "away"
    kept = False
    once = True


class TopicChanged(Event):
    """``text`` is the new topic; empty when it was taken away."""

    __slots__ = ()
    kind = "topic"
    nature = Nature.STATE
    audience = Audience.ROOM


class Draft(NamedTuple):
    """An event that somebody has asked for. The log gives it an id and a time, or refuses it."""

    kind: type[Event]
    room: str
    member: str
    nickname: str
    text: str = ""
    about: int = 0
    extras: Mapping[str, Any] | None = None
    ref: str = ""
    token: int = 0
    """The token of the request that the draft is part of, which its outcome carries; 0 when nobody waits for it."""

    def event(self, id_: int, at: float) -> Event:
        """The event that the draft becomes."""
        # The fields between the kind and the token are those of an event behind its time. The call of a named tuple,
        # which binds its arguments one by one, would take three times as long.
        return tuple.__new__(self[0], (id_, at) + self[1:8])  # noqa: RUF005 - in half the time of unpacking
