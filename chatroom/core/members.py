"""Somebody who is here, as the rooms see them: a nickname, rooms, and what they wait for; and one room.

The room tells a member what came of what they asked for; how that is shown is for
:class:`chatroom.core.session.Session`, which is the one kind of member. It knows no door.
"""

from __future__ import annotations

from itertools import islice

from chatroom.model.errors import ChatError
from chatroom.model.events import Answer, Event, People


class Member:
    """Somebody who holds a nickname, or is about to."""

    __slots__ = ("apart", "awaited", "echo", "first_answer", "key", "next_nickname", "nickname", "rooms", "unsettled")

    nickname: str
    key: str
    """What their nickname is compared by; empty while they hold none."""
    next_nickname: str
    """What they have asked to be called; empty while they have not."""
    rooms: dict[str, None]
    """The rooms that they are in or have asked to join, and have not asked to leave; oldest first."""
    echo: bool
    """Whether they hear what they say themselves; not where their client shows it by itself."""
    apart: bool
    """Whether what comes of what they ask for now is shown to them by :meth:`own` alone."""
    awaited: int
    """How many events of their own they wait for."""
    first_answer: int
    """The id of the first of those that have come; 0 while none has."""
    unsettled: bool
    """Whether something that they said may not have happened yet."""

    def __init__(self) -> None:
        self.nickname = self.key = self.next_nickname = ""
        self.rooms = {}
        self.echo = True
        self.apart = False
        self.awaited = self.first_answer = 0
        self.unsettled = False

    def settled(self, event: Event, first: int) -> None:
        """What this member asked for has happened: ``event`` is the last of it, ``first`` the id of the first."""
        raise NotImplementedError

    def not_done(self, error: ChatError, apart: bool = False) -> None:
        """What this member asked for could not be kept.

        :param apart: whether it was said, and :meth:`own` was to show it; it will not be asked to.
        """
        raise NotImplementedError

    def own(self, event: Event) -> bytes:
        """What they are shown of their own doing, where they do not hear it as all do: nothing."""
        return b""

    def tell(self, answer: Answer) -> None:
        """Tell this member alone."""
        raise NotImplementedError

    def ignores(self, nickname: str) -> bool:
        raise NotImplementedError


class Room:
    """One room: it is there as long as somebody is in it."""

    __slots__ = ("created", "members", "name", "topic", "topic_at", "topic_by")

    def __init__(self, name: str, created: float, topic: Event | None = None) -> None:
        """
        :param created: seconds since 1970, UTC.
        :param topic: what set the topic that it has already.
        """
        self.name = name
        self.created = created
        self.topic = self.topic_by = ""
        self.topic_at = 0.0
        if topic is not None:
            self.take_topic(topic)
        self.members: dict[Member, None] = {}

    def people(self, at_most: int | None = None) -> People:
        """Who is here.

        :param at_most: how many to name; None for all.
        """
        named = [member.nickname for member in islice(self.members, at_most)]
        return People(self.name, self.topic, named, len(self.members))

    def take_topic(self, event: Event) -> None:
        """Somebody has set the topic."""
        self.topic, self.topic_by, self.topic_at = event.text, event.nickname, event.at
