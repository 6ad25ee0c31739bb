"""From events to bytes, to many at once.

The last part of the way of a line. Members who hear the same things in the same form share a :class:`Subscription`; a
batch of events is rendered once for each subscription and written once to each member. The last events stay in the
*replay buffer*, so that somebody who enters, or changes what they hear, is brought up to date from there and misses
nothing and sees nothing twice. It knows no rooms' rules and no protocol: a receiver is whatever can be written to.

Theory of operation. Receivers who ignore people are in the group of those who do not: only a batch with an event of
somebody whom they ignore is rendered for them apart. So a message costs nothing for the length of anybody's list.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from itertools import takewhile
from typing import Any, NamedTuple, Protocol, cast

from chatroom.model.events import MAX_ID, Audience, Event, marked
from chatroom.model.names import nickname_key
from chatroom.wire.formats import Format

REPLAY_BUFFER = 2048
"""Events that stay in the replay buffer at most, unless set otherwise; whole batches do."""

REPLAY_CHARACTERS = 256 * 1024
"""Characters of their texts at most, more or less; their lines are kept in each form that somebody has needed."""

COUNTED_AT_ONCE = 64
"""Events whose characters are counted together, since it would cost each message alone too much."""

MAX_MISSED = 256 * 1024
"""Bytes that somebody may have missed to be brought up to date from the replay buffer."""

_AS_ALL: Mapping[int, bytes] = {}
_NOBODY: Mapping[Any, Mapping[int, bytes]] = {}
_NOT_ANYBODY: frozenset[str] = frozenset()
_NOBODY_SWITCHED: Mapping[Any, tuple[int, Subscription]] = {}
_NOBODY_APART: Mapping[Any, dict[Any, frozenset[str]]] = {}


class Subscription(NamedTuple):
    """The events that a receiver hears, and their form."""

    format: Format
    rooms: frozenset[str]
    active: str
    """The room that they speak in, where what happens in others is marked as such; else empty."""
    ignored: frozenset[str]
    """The keys of the nicknames that they do not want to hear."""

    def shows(self, event: Event) -> bool:
        """True when ``event`` is part of the subscription."""
        if event.room not in self.rooms or event.audience is Audience.NOBODY:
            return False
        return not (
            self.ignored and event.audience is Audience.WILLING and nickname_key(event.nickname) in self.ignored
        )

    def ignoring(self, ignored: frozenset[str]) -> Subscription:
        """The same with other people ignored."""
        return self if ignored == self.ignored else self._replace(ignored=ignored)


class Receiver(Protocol):
    """A session, as delivery knows it."""

    group: Group | None
    """Kept by delivery: the group that they are attached to, None before and after."""

    def write(self, data: bytes) -> None: ...


class Group:
    """Everybody with the same subscription, whomever they ignore; that of the group ignores nobody."""

    __slots__ = ("receivers", "subscription")

    def __init__(self, subscription: Subscription) -> None:
        self.subscription = subscription
        # Each with its write, so that writing to a thousand does not look at a thousand receivers first.
        self.receivers: dict[Receiver, Callable[[bytes], None]] = {}


class _Batch:
    """Events that were published together, and what they look like in each form that somebody has needed."""

    __slots__ = ("_forms", "_whole_forms", "characters", "events", "hidden", "indexes")

    def __init__(self, events: Sequence[Event], hidden: Set[int] = frozenset()) -> None:
        """:param hidden: the ids of those that nobody is shown but as a form of their own."""
        self.events = events
        self.hidden = hidden
        self.characters = 0
        """Characters of the texts; 0 until they are counted."""
        rooms = {event.room for event in events}
        self.indexes: dict[str, Sequence[int]] = {}
        """The indexes of each room's events in the batch."""
        if len(rooms) == 1 and not hidden:
            self.indexes[rooms.pop()] = range(len(events))
        else:
            found: dict[str, list[int]] = {room: [] for room in rooms}
            for index, event in enumerate(events):
                if not (hidden and self._is_hidden(event)):
                    found[event.room].append(index)
            self.indexes.update(found)
        # The lines of each event in each form that it was needed in; and all of them together.
        self._forms: dict[tuple[Format, bool], list[bytes | None]] = {}
        self._whole_forms: dict[tuple[Format, bool], bytes] = {}

    def _is_hidden(self, event: Event) -> bool:
        return event.kept and event.id in self.hidden

    def first_after(self, id_: int) -> int:
        """The index of the first event with an id above ``id_``."""
        return bisect_right(self.events, id_, key=lambda event: event.id)

    def mark(self, removals: Mapping[int, Event]) -> None:
        """Put marks in the place of messages that were removed, and forget what they looked like.

        :param removals: what has removed each, by the id of the message.
        """
        events = marked(self.events, removals)
        if events is not self.events:
            self.events = events
            self._forms.clear()
            self._whole_forms.clear()

    def render(self, subscription: Subscription, start: int, stop: int, own: Mapping[int, bytes] = _AS_ALL) -> bytes:
        """The lines that ``subscription`` shows of the events from ``start`` up to before ``stop``.

        :param own: what stands in place of some of them, by where they are in the batch.
        """
        rooms = subscription.rooms & self.indexes.keys()
        if len(rooms) == 1 and not subscription.ignored and not own:
            (room,) = rooms
            indexes = self.indexes[room]
            if len(indexes) == len(self.events):
                form = (subscription.format, room != subscription.active)
                return self._whole(form) if stop - start == len(self.events) else b"".join(self._each(form)[start:stop])
        else:
            indexes = sorted(index for room in rooms for index in self.indexes[room])
            if self.hidden and own:
                heard = {
                    i for i in own if self._is_hidden(self.events[i]) and self.events[i].room in subscription.rooms
                }
                indexes = sorted({*indexes, *heard})
        wanted = [index for index in indexes if start <= index < stop]
        return b"".join(self._some(subscription, wanted, own))

    def _whole(self, form: tuple[Format, bool]) -> bytes:
        lines = self._whole_forms.get(form)
        if lines is None:
            format_, elsewhere = form
            lines = self._whole_forms[form] = format_.events(self.events, elsewhere)
        return lines

    def _each(self, form: tuple[Format, bool]) -> list[bytes]:
        lines = self._forms.get(form)
        if lines is None or None in lines:
            format_, elsewhere = form
            lines = self._forms[form] = [format_.event(event, elsewhere) for event in self.events]
        return cast("list[bytes]", lines)

    def _some(self, subscription: Subscription, indexes: Iterable[int], own: Mapping[int, bytes]) -> list[bytes]:
        shown: list[bytes] = []
        format_ = subscription.format
        before = None
        for index in indexes:
            event = self.events[index]
            if index in own:
                shown.append(own[index])
                continue
            if subscription.ignored and not subscription.shows(event):
                continue
            if event.once and format_.once_for_all_rooms and _same(before, event):
                # The event in the room that the receiver speaks in is the one to show.
                if event.room != subscription.active:
                    continue
                shown.pop()
            before = event
            form = (format_, event.room != subscription.active)
            lines = self._forms.setdefault(form, [None] * len(self.events))
            line = lines[index]
            if line is None:
                line = lines[index] = format_.event(event, form[1])
            shown.append(line)
        return shown


def rendered(events: Sequence[Event], subscription: Subscription) -> bytes:
    """The lines that ``subscription`` shows of ``events``, as if they were published together."""
    return _Batch(events).render(subscription, 0, len(events))


class Delivery:
    """The receivers by subscription, and the replay buffer."""

    def __init__(self, replay_buffer: int = REPLAY_BUFFER) -> None:
        self.published = 0
        """The id of the last event that was published."""
        self._groups: dict[Subscription, Group] = {}
        self._groups_of_room: dict[str, dict[Group, None]] = {}
        self._buffer: deque[_Batch] = deque()
        self._buffered = self._characters = 0
        self._buffer_limit = replay_buffer
        self._uncounted = 0
        # Whom each receiver ignores, if anybody; and the receivers who ignore somebody, by the key of the nickname.
        self._ignored_by: dict[Receiver, frozenset[str]] = {}
        self._ignorers: dict[str, dict[Receiver, None]] = {}
        # Events up to this id may be gone from the replay buffer.
        self._forgotten = 0

    def start(self, last: int) -> None:
        """Begin behind the event ``last``, the newest of a log that was there before."""
        self.published = self._forgotten = last

    def attach(self, receiver: Receiver, subscription: Subscription, after: int) -> bool:
        """Have ``receiver`` hear everything in ``subscription`` with an id above ``after``, and from now on.

        Whoever was attached before hears the new subscription instead.

        :returns: False, with nothing changed, when the replay buffer does not reach back to ``after``, or holds more
            behind it than one should be sent at once.
        """
        if after < self._forgotten:
            return False
        missed = self._missed(subscription, after)
        if len(missed) > MAX_MISSED:
            return False
        self._leave_group(receiver)
        self._ignore(receiver, subscription.ignored)
        if missed:
            receiver.write(missed)
        self._join_group(receiver, subscription.ignoring(_NOT_ANYBODY))
        return True

    def _join_group(self, receiver: Receiver, subscription: Subscription) -> None:
        group = self._groups.get(subscription)
        if group is None:
            group = self._groups[subscription] = Group(subscription)
            for room in subscription.rooms:
                self._groups_of_room.setdefault(room, {})[group] = None
        group.receivers[receiver] = receiver.write
        receiver.group = group

    def missed(self, subscription: Subscription, after: int, until: int) -> bytes | None:
        """The lines that ``subscription`` shows of the events with an id above ``after``, up to ``until``.

        :returns: None where the replay buffer does not have them all, or they are more than one should be sent at once.
        """
        if after < self._forgotten:
            return None
        missed = self._missed(subscription, after, until)
        return missed if len(missed) <= MAX_MISSED else None

    def detach(self, receiver: Receiver) -> None:
        """Have ``receiver`` hear no more, if they were attached."""
        self._leave_group(receiver)
        self._ignore(receiver, _NOT_ANYBODY)

    def _ignore(self, receiver: Receiver, ignored: frozenset[str]) -> None:
        before = self._ignored_by.get(receiver, _NOT_ANYBODY)
        if ignored is before:
            return
        for key in before - ignored:
            ignorers = self._ignorers[key]
            del ignorers[receiver]
            if not ignorers:
                del self._ignorers[key]
        for key in ignored - before:
            self._ignorers.setdefault(key, {})[receiver] = None
        if ignored:
            self._ignored_by[receiver] = ignored
        else:
            self._ignored_by.pop(receiver, None)

    def _leave_group(self, receiver: Receiver) -> None:
        group = receiver.group
        if group is None:
            return
        receiver.group = None
        del group.receivers[receiver]
        if not group.receivers:
            del self._groups[group.subscription]
            for room in group.subscription.rooms:
                groups = self._groups_of_room[room]
                del groups[group]
                if not groups:
                    del self._groups_of_room[room]

    def publish(
        self,
        batch: Sequence[Event],
        turned: Mapping[Receiver, int],
        own: Mapping[Any, Mapping[int, bytes]] = _NOBODY,
        switched: Mapping[Receiver, tuple[int, Subscription]] = _NOBODY_SWITCHED,
        hidden: Set[int] = frozenset(),
    ) -> None:
        """Write ``batch`` to everybody who hears it.

        :param turned: the receivers whose subscription changes within the batch, each with the id of the event at
            which it does: they are shown the batch up to there, and detached; whoever attaches them says what follows.
        :param own: the receivers who are shown what they said in another way than others: how, by where it is in the
            batch.
        :param switched: the attached receivers who hear another subscription within the batch: the id of the last event
            that they hear as before, and the one that they hear from then on.
        :param hidden: the ids of kept events that nobody else is shown.
        """
        published = _Batch(batch, hidden)
        for receiver, (after, subscription) in switched.items():
            self._switch(receiver, published, after, subscription, own.get(receiver, _AS_ALL))
        for receiver, last in turned.items():
            group = receiver.group
            if group is not None:
                subscription = group.subscription.ignoring(self._ignored_by.get(receiver, _NOT_ANYBODY))
                self.detach(receiver)
                stop = published.first_after(last)
                if heard := published.render(subscription, 0, stop, own.get(receiver, _AS_ALL)):
                    receiver.write(heard)
        self.published = batch[-1].id
        self._remember(published)
        ignoring = self._ignoring(batch) if self._ignorers else _NOBODY_APART
        for group in self._groups_that_hear(published.indexes):
            data = published.render(group.subscription, 0, len(batch))
            apart: dict[Receiver, frozenset[str] | None] = {
                receiver: _NOT_ANYBODY for receiver in own if receiver in group.receivers
            }
            if group in ignoring:
                apart |= ignoring[group]
            if switched:
                # They have heard it.
                apart |= dict.fromkeys(receiver for receiver in switched if receiver in group.receivers)
            # A receiver that is written to may be let go for it, so go through a copy.
            if apart:
                writes = [write for receiver, write in group.receivers.items() if receiver not in apart]
            else:
                writes = list(group.receivers.values())
            if data:
                for write in writes:
                    write(data)
            if apart:
                self._write_apart(published, group.subscription, apart, own)

    def _switch(
        self, receiver: Receiver, published: _Batch, after: int, subscription: Subscription, own: Mapping[int, bytes]
    ) -> None:
        """Write a batch that is not in the replay buffer yet to a receiver who hears another subscription within it."""
        group = receiver.group
        if group is None:
            return
        ignored = self._ignored_by.get(receiver, _NOT_ANYBODY)
        turn, end = published.first_after(after), len(published.events)
        heard = published.render(group.subscription.ignoring(ignored), 0, turn, own)
        heard += published.render(subscription.ignoring(ignored), turn, end, own)
        self._leave_group(receiver)
        self._join_group(receiver, subscription.ignoring(_NOT_ANYBODY))
        if heard:
            receiver.write(heard)

    def _ignoring(self, batch: Sequence[Event]) -> Mapping[Group, dict[Receiver, frozenset[str]]]:
        """The receivers who ignore authors of ``batch``, by their groups, each with the authors whom they ignore."""
        authors = {event.nickname for event in batch if event.audience is Audience.WILLING}
        found: dict[Group, dict[Receiver, frozenset[str]]] = {}
        for key in self._ignorers.keys() & {nickname_key(author) for author in authors}:
            for receiver in self._ignorers[key]:
                if receiver.group is not None:
                    apart = found.setdefault(receiver.group, {})
                    apart[receiver] = apart.get(receiver, _NOT_ANYBODY) | {key}
        return found

    @staticmethod
    def _write_apart(
        published: _Batch,
        subscription: Subscription,
        apart: Mapping[Receiver, frozenset[str] | None],
        own: Mapping[Any, Mapping[int, bytes]],
    ) -> None:
        """Write a batch to receivers who are shown it in another way than all.

        :param apart: those of its authors whom each ignores; None for those who have heard it.
        """
        # Those who ignore the same are shown the same.
        lines: dict[frozenset[str], bytes] = {}
        for receiver, ignored in apart.items():
            if ignored is None:
                continue
            if receiver in own:
                heard = published.render(subscription.ignoring(ignored), 0, len(published.events), own[receiver])
            elif ignored in lines:
                heard = lines[ignored]
            else:
                heard = published.render(subscription.ignoring(ignored), 0, len(published.events))
                lines[ignored] = heard
            if heard:
                receiver.write(heard)

    def _remember(self, published: _Batch) -> None:
        """Put a batch into the replay buffer, but for what is not kept: of that, who was not there hears nothing."""
        kinds = {type(event) for event in published.events}
        if not all(kind.kept for kind in kinds):
            published = _Batch([event for event in published.events if event.kept], published.hidden)
        if not published.events:
            return
        self._buffer.append(published)
        self._buffered += len(published.events)
        self._uncounted += len(published.events)
        if self._uncounted >= COUNTED_AT_ONCE:
            self._count()
        while self._buffered > self._buffer_limit or self._characters > REPLAY_CHARACTERS:
            forgotten = self._buffer.popleft()
            self._buffered -= len(forgotten.events)
            self._characters -= forgotten.characters
            self._forgotten = forgotten.events[-1].id

    def _count(self) -> None:
        """Count the characters in the batches that came last."""
        self._uncounted = 0
        for batch in reversed(self._buffer):
            if batch.characters:
                break
            # No batch counts as nothing, or it would be counted again.
            batch.characters = len("".join([event.text for event in batch.events])) + 1
            self._characters += batch.characters

    def remove(self, removal: Event, ids: Sequence[int]) -> None:
        """Put marks in the place of messages that were removed, for whoever is brought up to date from here."""
        removals = dict.fromkeys(ids, removal)
        for batch in reversed(self._buffer):
            if batch.events[-1].id < min(ids):
                break
            batch.mark(removals)

    def _groups_that_hear(self, rooms: Iterable[str]) -> Iterable[Group]:
        return list(dict.fromkeys(group for room in rooms for group in self._groups_of_room.get(room, ())))

    def _missed(self, subscription: Subscription, after: int, until: int = MAX_ID) -> bytes:
        """The lines that ``subscription`` shows of the events in the replay buffer with ids above ``after``."""
        batches = list(takewhile(lambda batch: batch.events[-1].id > after, reversed(self._buffer)))
        missed = [
            batch.render(subscription, batch.first_after(after), batch.first_after(until))
            for batch in reversed(batches)
        ]
        return b"".join(missed)


def _same(before: Event | None, event: Event) -> bool:
    """True when ``event`` repeats ``before`` in another room: its author left them all, or was renamed."""
    return before is not None and type(before) is type(event) and _deed(before) == _deed(event)


def _deed(event: Event) -> tuple[str, str, str]:
    return event.member, event.nickname, event.text
