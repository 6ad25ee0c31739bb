"""What happens in a room, and what one person is told.

An :class:`Event` has happened: the log has ordered and kept it, and everybody in its room is shown it. All
kinds have the same five fields, which is the shape of a row in the log and of a line of JSON; what
``text`` means is said by each kind. An :class:`Answer` is for one person alone and is never kept.

Adding a kind of event is adding a class here, and a row in each table of :mod:`chatroom.wire.formats`;
docs/architecture.rst says what else knows of kinds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, NamedTuple

MAX_ID = 2**63 - 1
"""The greatest id that a log can give."""


class Event(NamedTuple):
    """One thing that happened in one room.

    A named tuple, because one is made for each message: a frozen dataclass takes four times as long.
    """

    id: int
    """Grows with every event of a log; never used twice."""
    at: float
    """Seconds since 1970, UTC."""
    room: str
    nickname: str
    """Whose doing it was, as they wrote it."""
    text: str


class Said(Event):
    """``text`` is what they said."""

    __slots__ = ()
    kind: ClassVar[str] = "said"


class Noticed(Said):
    """``text`` is what they said, and nobody's program may answer it: IRC's NOTICE."""

    __slots__ = ()
    kind: ClassVar[str] = "noticed"


class Acted(Event):
    """``text`` is what they did: ``/me waves``."""

    __slots__ = ()
    kind: ClassVar[str] = "acted"


class Joined(Event):
    """They came into the room; ``text`` is empty."""

    __slots__ = ()
    kind: ClassVar[str] = "joined"


class Left(Event):
    """They went out of the room; ``text`` is why."""

    __slots__ = ()
    kind: ClassVar[str] = "left"


class Quit(Left):
    """They went out of the room as of every other, and are gone."""

    __slots__ = ()
    kind: ClassVar[str] = "quit"


class Renamed(Event):
    """``nickname`` is the old one, ``text`` the new. There is one in each room that they are in."""

    __slots__ = ()
    kind: ClassVar[str] = "renamed"


class TopicChanged(Event):
    """``text`` is the new topic, empty when it was taken away."""

    __slots__ = ()
    kind: ClassVar[str] = "topic"


EventType = type[Said] | type[Acted] | type[Joined] | type[Left] | type[Renamed] | type[TopicChanged]

_ALL: tuple[EventType, ...] = (Said, Noticed, Acted, Joined, Left, Quit, Renamed, TopicChanged)

KINDS: dict[str, EventType] = {kind.kind: kind for kind in _ALL}
"""The kinds that a log keeps, by the name they have in it."""

KIND_NAMES: dict[type[Event], str] = {type_: name for name, type_ in KINDS.items()}
"""The same the other way round."""

TALK: tuple[EventType, ...] = (Said, Acted, TopicChanged)
"""What a newcomer is shown of the past: who came and went before is noise."""


class Notice(NamedTuple):
    """The server speaks."""

    text: str


class Refused(NamedTuple):
    """What somebody asked for cannot be done."""

    code: str
    text: str


class Gone(NamedTuple):
    """Somebody has left a room, though that could not be kept: it is no event, and will not be told again."""

    room: str
    nickname: str
    text: str
    """Why; perhaps empty."""


class Private(NamedTuple):
    """One person to one other; both are told."""

    at: float
    nickname: str
    to: str
    text: str
    notice: bool = False
    """Whether nobody's program may answer it: IRC's NOTICE."""


class Welcome(NamedTuple):
    """Somebody has entered."""

    nickname: str
    room: str
    topic: str
    people: Sequence[str]
    """Who is in the room, the newcomer among them; perhaps only the first few of many."""
    size: int
    """How many are in the room."""


class People(NamedTuple):
    """Who is in a room."""

    room: str
    topic: str
    people: Sequence[str]
    """In the order in which they came; perhaps only the first few of many."""
    size: int
    """How many are in the room."""


class RoomSummary(NamedTuple):
    room: str
    size: int
    """How many are in it."""
    topic: str


class RoomList(NamedTuple):
    """The rooms that there are."""

    rooms: Sequence[RoomSummary]


class History(NamedTuple):
    """What was said in a room before, in parts that are not too long."""

    room: str
    events: Sequence[Event]
    """Oldest first."""
    after: str = ""
    """The date of the part before; empty for the first."""
    more: bool = False
    """Whether another follows."""


class Past(NamedTuple):
    """What comes next has happened before, up to :class:`Live`."""

    room: str
    """The room that they come into."""


class Live(NamedTuple):
    """What comes next is new."""


class Speaking(NamedTuple):
    """They speak in another room from now on."""

    room: str
    """Empty when they are in none."""


class Pong(NamedTuple):
    """The connection lives."""

    text: str
    """What stood in the question."""


class Found(NamedTuple):
    """What was said with certain words in it."""

    room: str
    words: str
    events: Sequence[Event]
    """Oldest first."""


Answer = (
    Notice | Refused | Gone | Private | Welcome | People | RoomList | History | Past | Live | Speaking | Pong | Found
)
