"""From events to bytes, to many at once.

The last part of the way of a line. Members who hear the same things in the same form share a :class:`View`; a
batch of events is rendered once for each view and written once to each member. The last events stay in the
*tail*, so that somebody who enters, or changes what they hear, is brought up to date from there and misses
nothing and sees nothing twice. It knows no rooms' rules and no protocol: a receiver is whatever can be written to.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from chatroom.events import Acted, Event, Left, Renamed, Said
from chatroom.formats import Format
from chatroom.nicknames import key

TAIL = 2048
"""Events that stay in the tail, unless set otherwise."""


class View(NamedTuple):
    """What somebody hears, and in what form."""

    format: Format
    rooms: frozenset[str]
    active: str
    """The room that they speak in; talk of others is marked as such."""
    ignored: frozenset[str]
    """The keys of the nicknames that they do not want to hear."""

    def shows(self, event: Event) -> bool:
        """Whether ``event`` is heard in this view."""
        if event.room not in self.rooms:
            return False
        return not (self.ignored and isinstance(event, (Said, Acted)) and key(event.nickname) in self.ignored)


class Receiver(Protocol):
    """Whom delivery writes to."""

    def write(self, data: bytes) -> None: ...


class _Group:
    """Everybody with the same view."""

    __slots__ = ("receivers", "view")

    def __init__(self, view: View) -> None:
        self.view = view
        self.receivers: dict[Receiver, None] = {}


class _Rendered:
    """An event, and what it looks like in each form that somebody has needed."""

    __slots__ = ("event", "forms")

    def __init__(self, event: Event) -> None:
        self.event = event
        self.forms: dict[tuple[Format, bool], bytes] = {}


class Delivery:
    """Who hears what, and the end of what they have heard."""

    def __init__(self, tail: int = TAIL) -> None:
        self.published = 0
        """The id of the last event that was published."""
        self._groups: dict[View, _Group] = {}
        self._groups_of_room: dict[str, dict[_Group, None]] = {}
        self._group_of: dict[Receiver, _Group] = {}
        self._tail: deque[_Rendered] = deque()
        self._length_of_tail = tail
        # Events up to this id may be gone from the tail.
        self._forgotten = 0

    def attach(self, receiver: Receiver, view: View, after: int) -> bool:
        """Have ``receiver`` hear everything in ``view`` with an id above ``after``, and from now on.

        Whoever was attached before hears the new view instead.

        :returns: False, with nothing changed, when the tail does not reach back to ``after``.
        """
        if after < self._forgotten:
            return False
        self.detach(receiver)
        if missed := self._render(view, self._after(after)):
            receiver.write(missed)
        group = self._groups.get(view)
        if group is None:
            group = self._groups[view] = _Group(view)
            for room in view.rooms:
                self._groups_of_room.setdefault(room, {})[group] = None
        group.receivers[receiver] = None
        self._group_of[receiver] = group
        return True

    def detach(self, receiver: Receiver) -> None:
        """Have ``receiver`` hear no more, if they were attached."""
        group = self._group_of.pop(receiver, None)
        if group is None:
            return
        del group.receivers[receiver]
        if not group.receivers:
            del self._groups[group.view]
            for room in group.view.rooms:
                groups = self._groups_of_room[room]
                del groups[group]
                if not groups:
                    del self._groups_of_room[room]

    def publish(self, batch: Sequence[Event], turned: Mapping[Any, int]) -> None:
        """Write ``batch`` to everybody who hears it.

        :param turned: the receivers whose view changes within the batch, each with the id of the event at which
            it does: they are shown the batch up to there, and detached; whoever attaches them says what follows.
        """
        rendered = [_Rendered(event) for event in batch]
        for receiver, last in turned.items():
            group = self._group_of.get(receiver)
            if group is not None:
                self.detach(receiver)
                if heard := self._render(group.view, (one for one in rendered if one.event.id <= last)):
                    receiver.write(heard)
        self.published = batch[-1].id
        self._tail.extend(rendered)
        for group in self._groups_that_hear(batch):
            if data := self._render(group.view, rendered):
                # A receiver that is written to may be let go for it, so go through a copy.
                for receiver in list(group.receivers):
                    receiver.write(data)
        while len(self._tail) > self._length_of_tail:
            self._forgotten = self._tail.popleft().event.id

    def _groups_that_hear(self, batch: Sequence[Event]) -> Iterable[_Group]:
        rooms = {event.room for event in batch}
        return list(dict.fromkeys(group for room in rooms for group in self._groups_of_room.get(room, ())))

    def _after(self, id_: int) -> Iterator[_Rendered]:
        found = []
        for one in reversed(self._tail):
            if one.event.id <= id_:
                break
            found.append(one)
        return reversed(found)

    def _render(self, view: View, events: Iterable[_Rendered]) -> bytes:
        """What ``view`` shows of ``events``, in one buffer; empty when that is nothing."""
        format_, active, rooms = view.format, view.active, view.rooms
        simple = not view.ignored and (len(rooms) == 1 or not format_.once_for_all_rooms)
        shown: list[bytes] = []
        before = None
        for one in events:
            event = one.event
            if event.room not in rooms:
                continue
            if not simple:
                if not view.shows(event):
                    continue
                if format_.once_for_all_rooms and _same(before, event):
                    # Where they speak themselves is what they want to know of.
                    if event.room != active:
                        continue
                    shown.pop()
            before = event
            form = (format_, event.room != active)
            data = one.forms.get(form)
            if data is None:
                data = one.forms[form] = format_.event(event, form[1])
            shown.append(data)
        return b"".join(shown)


def _same(before: Event | None, event: Event) -> bool:
    """Whether ``event`` is for another room what ``before`` was for one: somebody left them all, or was renamed."""
    return isinstance(before, (Left, Renamed)) and type(before) is type(event) and before[3:] == event[3:]
