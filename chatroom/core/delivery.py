"""From events to bytes, to many at once.

The last part of the way of a line. Members who hear the same things in the same form share a :class:`View`; a
batch of events is rendered once for each view and written once to each member. The last events stay in the
*tail*, so that somebody who enters, or changes what they hear, is brought up to date from there and misses
nothing and sees nothing twice. It knows no rooms' rules and no protocol: a receiver is whatever can be written to.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import takewhile
from typing import Any, NamedTuple, Protocol

from chatroom.model.events import Acted, Event, Quit, Renamed, Said
from chatroom.model.names import nickname_key
from chatroom.wire.formats import Format

TAIL = 2048
"""Events that stay in the tail at most, unless set otherwise; whole batches do."""

MAX_MISSED = 256 * 1024
"""Bytes that somebody may have missed to be brought up to date from the tail."""

_AS_ALL: Mapping[int, bytes] = {}
_NOBODY: Mapping[Any, Mapping[int, bytes]] = {}


class View(NamedTuple):
    """What somebody hears, and in what form."""

    format: Format
    rooms: frozenset[str]
    active: str
    """The room that they speak in, where what happens in others is marked as such; else empty."""
    ignored: frozenset[str]
    """The keys of the nicknames that they do not want to hear."""

    def shows(self, event: Event) -> bool:
        """Whether ``event`` is heard in this view."""
        if event.room not in self.rooms:
            return False
        return not (self.ignored and isinstance(event, (Said, Acted)) and nickname_key(event.nickname) in self.ignored)


class Receiver(Protocol):
    """Whom delivery writes to."""

    def write(self, data: bytes) -> None: ...


class _Group:
    """Everybody with the same view."""

    __slots__ = ("receivers", "view")

    def __init__(self, view: View) -> None:
        self.view = view
        # Each with its write, so that writing to a thousand does not look at a thousand receivers first.
        self.receivers: dict[Receiver, Callable[[bytes], None]] = {}


class _Batch:
    """Events that were published together, and what they look like in each form that somebody has needed."""

    __slots__ = ("_forms", "events", "indexes")

    def __init__(self, events: Sequence[Event]) -> None:
        self.events = events
        rooms = {event.room for event in events}
        self.indexes: dict[str, Sequence[int]] = {}
        """Where in the batch the events of each room are."""
        if len(rooms) == 1:
            self.indexes[rooms.pop()] = range(len(events))
        else:
            found: dict[str, list[int]] = {room: [] for room in rooms}
            for index, event in enumerate(events):
                found[event.room].append(index)
            self.indexes.update(found)
        self._forms: dict[tuple[Format, bool], list[bytes]] = {}

    def first_after(self, id_: int) -> int:
        """Where the first event with an id above ``id_`` is."""
        return bisect_right(self.events, id_, key=lambda event: event.id)

    def render(self, view: View, start: int, stop: int, own: Mapping[int, bytes] = _AS_ALL) -> list[bytes]:
        """What ``view`` shows of the events from ``start`` up to before ``stop``; in place of those with an id in
        ``own``, what stands there.
        """
        rooms = view.rooms & self.indexes.keys()
        if len(rooms) == 1 and not view.ignored and not own:
            (room,) = rooms
            indexes = self.indexes[room]
            if len(indexes) == len(self.events):
                return self._whole((view.format, room != view.active))[start:stop]
        else:
            indexes = sorted(index for room in rooms for index in self.indexes[room])
        wanted = [index for index in indexes if start <= index < stop]
        return self._some(view, wanted, own)

    def _whole(self, form: tuple[Format, bool]) -> list[bytes]:
        lines = self._forms.get(form)
        if lines is None or not all(lines):
            format_, elsewhere = form
            lines = self._forms[form] = [format_.event(event, elsewhere) for event in self.events]
        return lines

    def _some(self, view: View, indexes: Iterable[int], own: Mapping[int, bytes]) -> list[bytes]:
        shown: list[bytes] = []
        before = None
        for index in indexes:
            event = self.events[index]
            if event.id in own:
                shown.append(own[event.id])
                continue
            if view.ignored and not view.shows(event):
                continue
            if view.format.once_for_all_rooms and _same(before, event):
                # Where they speak themselves is what they want to know of.
                if event.room != view.active:
                    continue
                shown.pop()
            before = event
            form = (view.format, event.room != view.active)
            lines = self._forms.setdefault(form, [b""] * len(self.events))
            lines[index] = lines[index] or view.format.event(event, form[1])
            shown.append(lines[index])
        return shown


def rendered(events: Sequence[Event], view: View) -> bytes:
    """What ``view`` shows of ``events``, as if they were published together."""
    return b"".join(_Batch(events).render(view, 0, len(events)))


class Delivery:
    """Who hears what, and the end of what they have heard."""

    def __init__(self, tail: int = TAIL) -> None:
        self.published = 0
        """The id of the last event that was published."""
        self._groups: dict[View, _Group] = {}
        self._groups_of_room: dict[str, dict[_Group, None]] = {}
        self._group_of: dict[Receiver, _Group] = {}
        self._tail: deque[_Batch] = deque()
        self._in_tail = 0
        self._length_of_tail = tail
        # Events up to this id may be gone from the tail.
        self._forgotten = 0

    def start(self, last: int) -> None:
        """Begin behind the event ``last``, the newest of a log that was there before."""
        self.published = self._forgotten = last

    def attach(self, receiver: Receiver, view: View, after: int) -> bool:
        """Have ``receiver`` hear everything in ``view`` with an id above ``after``, and from now on.

        Whoever was attached before hears the new view instead.

        :returns: False, with nothing changed, when the tail does not reach back to ``after``, or holds more behind
            it than one should be sent at once.
        """
        if after < self._forgotten:
            return False
        missed = self._missed(view, after)
        if len(missed) > MAX_MISSED:
            return False
        self.detach(receiver)
        if missed:
            receiver.write(missed)
        group = self._groups.get(view)
        if group is None:
            group = self._groups[view] = _Group(view)
            for room in view.rooms:
                self._groups_of_room.setdefault(room, {})[group] = None
        group.receivers[receiver] = receiver.write
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

    def publish(
        self, batch: Sequence[Event], turned: Mapping[Any, int], own: Mapping[Any, Mapping[int, bytes]] = _NOBODY
    ) -> None:
        """Write ``batch`` to everybody who hears it.

        :param turned: the receivers whose view changes within the batch, each with the id of the event at which
            it does: they are shown the batch up to there, and detached; whoever attaches them says what follows.
        :param own: the receivers who are shown what they said in another way than others: by its id, how.
        """
        published = _Batch(batch)
        for receiver, last in turned.items():
            group = self._group_of.get(receiver)
            if group is not None:
                self.detach(receiver)
                stop = published.first_after(last)
                if heard := b"".join(published.render(group.view, 0, stop, own.get(receiver, _AS_ALL))):
                    receiver.write(heard)
        self.published = batch[-1].id
        self._tail.append(published)
        self._in_tail += len(batch)
        for group in self._groups_that_hear(published.indexes):
            if lines := published.render(group.view, 0, len(batch)):
                data = b"".join(lines)
                apart = [receiver for receiver in own if receiver in group.receivers]
                # A receiver that is written to may be let go for it, so go through a copy.
                if apart:
                    writes = [write for receiver, write in group.receivers.items() if receiver not in own]
                else:
                    writes = list(group.receivers.values())
                for write in writes:
                    write(data)
                for receiver in apart:
                    if heard := b"".join(published.render(group.view, 0, len(batch), own[receiver])):
                        receiver.write(heard)
        while self._in_tail > self._length_of_tail:
            forgotten = self._tail.popleft().events
            self._in_tail -= len(forgotten)
            self._forgotten = forgotten[-1].id

    def _groups_that_hear(self, rooms: Iterable[str]) -> Iterable[_Group]:
        return list(dict.fromkeys(group for room in rooms for group in self._groups_of_room.get(room, ())))

    def _missed(self, view: View, after: int) -> bytes:
        """What ``view`` shows of the events in the tail with an id above ``after``."""
        batches = list(takewhile(lambda batch: batch.events[-1].id > after, reversed(self._tail)))
        missed: list[bytes] = []
        for batch in reversed(batches):
            missed += batch.render(view, batch.first_after(after), len(batch.events))
        return b"".join(missed)


def _same(before: Event | None, event: Event) -> bool:
    """Whether ``event`` is for another room what ``before`` was for one: somebody left them all, or was renamed."""
    return isinstance(before, (Quit, Renamed)) and type(before) is type(event) and before[3:] == event[3:]
