"""Rooms: who is in each, and what holds for it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator
from itertools import dropwhile, islice

from chatroom.core.members import Member
from chatroom.model.answers import People
from chatroom.model.errors import NotThere
from chatroom.model.events import Event
from chatroom.model.names import nickname_look


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

    def people(self, at_most: int | None = None, after: Member | None = None) -> People:
        """The people in the room, in the order in which they came.

        :param at_most: how many to name; None for all.
        :param after: name those who came behind this one.
        :raises NotThere: the one who is named is not in the room.
        """
        members: Iterator[Member] = iter(self.members)
        if after is not None:
            if after not in self.members:
                raise NotThere(nickname=after.nickname, room=self.name)
            members = islice(dropwhile(lambda member: member is not after, members), 1, None)
        named = [member.nickname for member in islice(members, at_most)]
        more = next(members, None) is not None
        return People(self.name, self.topic, named, len(self.members), after.nickname if after else "", more)

    def take_topic(self, event: Event) -> None:
        """Take notice that somebody has set the topic."""
        self.topic, self.topic_by, self.topic_at = event.text, event.nickname, event.at


class Rooms(dict[str, Room]):
    """Every room that somebody is in, by its name."""

    def __init__(self) -> None:
        super().__init__()
        # Kept sorted, so that nobody who lists rooms has to sort them.
        self._names: list[str] = []
        # The rooms that look alike.
        self._looks: dict[str, dict[str, None]] = {}

    def like(self, name: str) -> str:
        """A room that ``name``, of no room that is there, could be taken for; empty when there is none.

        Names in ASCII have been told apart by everybody who types them, as ``modern`` and ``modem`` are.
        """
        others = self._looks.get(nickname_look(name), ())
        return next((other for other in others if not (name.isascii() and other.isascii())), "")

    def by_name(self, after: str = "") -> Iterator[Room]:
        """The rooms in the order of their names; rooms may come and go between two of them.

        :param after: a name; only the rooms behind it.
        """
        while (index := bisect_right(self._names, after)) < len(self._names):
            after = self._names[index]
            yield self[after]

    def enter(self, member: Member, name: str, at: float, topic: Event | None) -> None:
        """Put ``member`` into the room, which is made at ``at`` with ``topic`` when there is none."""
        if name not in self:
            self[name] = Room(name, at, topic)
            insort(self._names, name)
            self._looks.setdefault(nickname_look(name), {})[name] = None
        self[name].members[member] = None

    def leave(self, member: Member, name: str) -> None:
        """Take ``member`` out of the room, which goes with its last."""
        room = self.get(name)
        if room is not None:
            room.members.pop(member, None)
            if not room.members:
                del self[name]
                del self._names[bisect_left(self._names, name)]
                look = nickname_look(name)
                del self._looks[look][name]
                if not self._looks[look]:
                    del self._looks[look]

    def sharing(self, member: Member) -> Iterator[Member]:
        """Everybody else who is in a room with ``member``, each once."""
        rooms = (self[name] for name in member.rooms if name in self)
        others = dict.fromkeys(other for room in rooms for other in room.members)
        others.pop(member, None)
        return iter(others)
