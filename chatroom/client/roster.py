"""The roster: the people in each room, and the rooms that there are, as far as the client has been told.

The roster follows events and answers, and asks for nothing. So of a big room it has the nicknames that were told, and
those of people who have come or spoken since. The number of people in each room is exact.
"""

from __future__ import annotations

from chatroom.client.render_context import RenderContext
from chatroom.model.answers import Answer, Gone, People, RoomList, Speaking, Welcome
from chatroom.model.events import Acted, Event, Joined, Kicked, Left, Renamed, Said
from chatroom.model.text import clean

MAX_NAMES = 20_000
"""Rooms that are remembered, and people in each; of more, the oldest are forgotten."""


class Roster:
    """The people and the rooms that are known."""

    def __init__(self, max_names: int = MAX_NAMES) -> None:
        self._max_names = max_names
        self._names: dict[str, dict[str, None]] = {}
        self._sizes: dict[str, int] = {}
        # The rooms that we are in. For other rooms there is only the answer to /who, which goes stale.
        self._joined: set[str] = set()
        # Nicknames of speakers, the latest at the end; and the names of all known rooms.
        self._speakers: dict[str, None] = {}
        self._rooms: dict[str, None] = {}

    def size(self, room: str) -> int:
        """The number of people in ``room``; 0 when that is not known."""
        return self._sizes.get(clean(room), 0)

    def others(self, room: str) -> int:
        """The number of our rooms beside ``room``."""
        return len(self._joined - {clean(room)})

    def nicknames(self) -> list[str]:
        """The nicknames of everybody who is known to be here; the latest speaker comes first."""
        here = {name for room in self._joined for name in self._names[room]}
        return list(dict.fromkeys([*(name for name in reversed(self._speakers) if name in here), *sorted(here)]))

    def rooms(self) -> list[str]:
        """The names of the rooms that are known."""
        return sorted(self._rooms)

    def note(self, thing: Event | Answer, context: RenderContext) -> None:
        """Take in an event or an answer."""
        if isinstance(thing, Welcome):
            # This is a new connection: everything may have changed in the meantime.
            self._names.clear()
            self._sizes.clear()
            self._joined.clear()
        if isinstance(thing, Welcome | People):
            room = clean(thing.room)
            self._put(self._rooms, room)
            named = dict.fromkeys(clean(name) for name in thing.people[: self._max_names])
            if isinstance(thing, People) and thing.after:
                # One more page of the same list.
                for name in named:
                    self._put(self._names.setdefault(room, {}), name)
            else:
                self._names[room] = named
            self._sizes[room] = thing.size
            self._forget_others()
        elif isinstance(thing, RoomList):
            listed = [clean(summary.room) for summary in thing.rooms[: self._max_names]]
            if not (thing.words or thing.after or thing.more):
                # These are all: others are gone.
                self._rooms.clear()
            for room in listed:
                self._put(self._rooms, room)
        elif isinstance(thing, Speaking):
            self._put(self._rooms, clean(thing.room))
        elif isinstance(thing, Gone):
            self._left(clean(thing.room), clean(thing.nickname))
        elif isinstance(thing, Event) and not context.past:
            self._happened(thing, clean(thing.room), clean(thing.nickname), context)

    def learn(self, rooms: RoomList) -> None:
        """Take in some rooms that there are, beside those that are known."""
        for summary in rooms.rooms[: self._max_names]:
            self._put(self._rooms, clean(summary.room))

    def _happened(self, event: Event, room: str, nickname: str, context: RenderContext) -> None:
        if isinstance(event, Joined) and nickname == context.nickname and len(self._joined) < self._max_names:
            # The number of people, ourselves included, came before.
            self._joined.add(room)
            self._put(self._names.setdefault(room, {}), nickname)
            self._sizes.setdefault(room, 1)
        names = self._names.get(room)
        if names is None or room not in self._joined:
            return
        if isinstance(event, Joined):
            self._sizes[room] += nickname not in names
            self._put(names, nickname)
        elif isinstance(event, Left | Kicked):
            gone = clean(event.victim_nickname) if isinstance(event, Kicked) else nickname
            self._left(room, gone)
            if gone == context.nickname:
                self._joined.remove(room)
        elif isinstance(event, Renamed):
            names.pop(nickname, None)
            self._put(names, clean(event.text))
        elif isinstance(event, Said | Acted):
            self._put(names, nickname)
            self._speakers.pop(nickname, None)
            self._put(self._speakers, nickname)

    def _left(self, room: str, nickname: str) -> None:
        names = self._names.get(room)
        if names is not None and room in self._joined:
            names.pop(nickname, None)
            self._sizes[room] = max(len(names), self._sizes[room] - 1)

    def _forget_others(self) -> None:
        """Forget rooms above the limit, those that we are not in first."""
        others = [room for room in self._names if room not in self._joined]
        for room in others[: max(0, len(self._names) - self._max_names)]:
            del self._names[room], self._sizes[room]

    def _put(self, names: dict[str, None], name: str) -> None:
        """Add ``name``; one too many pushes out the oldest."""
        names[name] = None
        if len(names) > self._max_names:
            del names[next(iter(names))]
