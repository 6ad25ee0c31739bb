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

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any, ClassVar, NamedTuple

from chatroom.model.masks import Author, account_key

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
    MODERATION = "moderation"
    """Something was done about what others have said."""


class Audience(Enum):
    """The people who are shown an event."""

    ROOM = "room"
    """Everybody in the room."""
    WILLING = "willing"
    """Everybody in the room but those who ignore its author."""
    NOBODY = "nobody"
    """Nobody as it is: those whom it concerns are told in other words."""


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
    is_rule: ClassVar[bool] = False
    """Of a state: whether it is a rule for others. A log forgets none: their number is bounded where they are made."""

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


class Removal(Event):
    """Somebody has removed messages, of which marks stay (:class:`Removed`); ``text`` is the reason.

    ``about`` is the id of the message; of several, the extras have the ``ids``, and it is 0. The extras also have
    ``nick``, the nickname of their author. A purge in several parts has ``count``, the number of all messages, in its
    first part, and ``more`` in each other part, which people are not shown.
    """

    __slots__ = ()
    kind = "removal"
    nature = Nature.MODERATION
    counted = False
    searched = False
    audience = Audience.ROOM

    @property
    def ids(self) -> Sequence[int]:
        """The ids of the messages that are removed."""
        return removed_ids(self.about, self.extras)


class Removed(Event):
    """The mark of a message that was removed, in its place; ``text`` is the reason.

    Its id, its time and its author are those of the message, ``about`` is the id of the :class:`Removal`, and the
    extras have ``by``, the nickname of the person who removed it.
    """

    __slots__ = ()
    kind = "removed"
    searched = False


def removed_ids(about: int, extras: Mapping[str, Any] | None) -> Sequence[int]:
    """The ids of the messages that a removal, or the draft of one, is about."""
    several = (extras or {}).get("ids")
    return several if isinstance(several, list) else (about,) if about else ()


def may_be_removed(kind: type[Event]) -> bool:
    """Whether events of ``kind`` are messages that can be removed."""
    return kind.kept and kind.counted and kind.nature is Nature.TALK and kind is not Removed


def mark_of(event: Event, removal: Event) -> Event:
    """The mark of ``event`` that stays when ``removal`` has removed it.

    The ``ref`` stays, so that a client that sends the message again is told that it was done before.
    """
    extras = {"by": removal.nickname}
    id_, at, room, member, nickname, *_ = event
    return Removed(id_, at, room, member, nickname, removal.text, removal.id, extras, event.ref)


def marked(events: Sequence[Event], removals: Mapping[int, Event]) -> Sequence[Event]:
    """``events`` with marks in the place of those that were removed.

    :param removals: what has removed each, by the id of the message.
    """
    if not removals or not any(event.id in removals for event in events):
        return events
    return [
        mark_of(event, removals[event.id]) if event.id in removals and may_be_removed(type(event)) else event
        for event in events
    ]


class Kicked(Membership):
    """The member has put somebody out of the room; ``text`` is the reason. The extras have the ``member``, who is put
    out, and their ``nick``."""

    __slots__ = ()
    kind = "kicked"

    @property
    def victim(self) -> str:
        """The id of the member who is put out."""
        return str((self.extras or {}).get("member", ""))

    @property
    def victim_nickname(self) -> str:
        return str((self.extras or {}).get("nick", ""))


class Rule(Event):
    """The base of kinds that are rules for others; no kind itself."""

    __slots__ = ()
    nature = Nature.STATE
    audience = Audience.ROOM
    counted = False
    searched = False
    is_rule = True


class RoleChanged(Rule):
    """``text`` is the role that an account has from now on; empty when one is taken away. The extras have the
    ``account``; the ``nick`` of the member whom the giver has named; and the role that it ``was``."""

    __slots__ = ()
    kind = "role"

    @property
    def subject(self) -> str:
        """The account, in the form in which it is compared."""
        return account_key(str((self.extras or {}).get("account", "")))

    @property
    def holder(self) -> str:
        """The name by which people know who has the role."""
        extras = self.extras or {}
        return str(extras.get("nick") or extras.get("account", ""))

    @property
    def was(self) -> str:
        """The role that they had before; empty for none."""
        return str((self.extras or {}).get("was", ""))


class RankChanged(RoleChanged):
    """``text`` is the role that a member without an account has while they are in the room; empty when it is taken
    away. The extras have the ``member``, their ``nick``, and the role that it ``was``."""

    __slots__ = ()
    kind = "rank"
    kept = False

    @property
    def subject(self) -> str:
        """The id of the member."""
        return str((self.extras or {}).get("member", ""))


class ModeSet(Rule):
    """``text`` is the value of a mode of the room, ``on`` where it has no other; empty when it does not hold any more.
    The extras have the ``mode``."""

    __slots__ = ()
    kind = "mode"

    @property
    def subject(self) -> str:
        """The name of the mode."""
        return str((self.extras or {}).get("mode", ""))


class AccessChanged(Rule):
    """``text`` is the reason of an entry in a list of the room: who is banned, for example. The extras have the
    ``list`` and the ``mask``; ``until``, seconds since 1970, where it ends by itself; ``of``, the nickname that it was
    made for; ``rank``, the role of who made it, above which it counts for nobody; ``lifted`` where it holds no more."""

    __slots__ = ()
    kind = "access"
    # There may be an address in it.
    audience = Audience.NOBODY

    @property
    def subject(self) -> str:
        """The list and the mask."""
        extras = self.extras or {}
        return f"{extras.get('list', '')} {extras.get('mask', '')}"

    @property
    def clears(self) -> bool:
        return bool((self.extras or {}).get("lifted"))


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
    author: Author | None = None
    """Facts about the person behind it, for the rules that it is held against; they do not become part of the event."""

    def event(self, id_: int, at: float) -> Event:
        """The event that the draft becomes."""
        # The fields between the kind and the token are those of an event behind its time. The call of a named tuple,
        # which binds its arguments one by one, would take three times as long.
        return tuple.__new__(self[0], (id_, at) + self[1:8])  # noqa: RUF005 - in half the time of unpacking
