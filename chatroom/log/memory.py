"""A log that lives as long as its process: bounded, ordered, kept nowhere."""

from __future__ import annotations

import time
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Sequence

from zope.interface import implementer

from chatroom.log.batches import Batch, Batches
from chatroom.log.identity import new_identity
from chatroom.log.interface import Events, Id, Ids, ILog, NoAnswer, Outcomes
from chatroom.log.memory_accounts import MemoryAccounts
from chatroom.log.memory_audit import MemoryAudit
from chatroom.log.removing import about_these, not_there
from chatroom.log.tables import Tables, TablesAtOnce, in_memory
from chatroom.log.tokens import Tokens
from chatroom.log.turns import Asker, LoopTurns, Work
from chatroom.model.errors import AlreadyKept, ChatError
from chatroom.model.events import Draft, Event, Nature, Removal, mark_of, may_be_removed, removed_ids
from chatroom.model.roles import SERVER
from chatroom.model.rules import Rules, first_refusal
from chatroom.model.words import query_of

CAPACITY = 100_000
"""Events that are kept, unless set otherwise."""

PIECE = 100
"""Events that are looked at in one piece of work: of ordinary ones, about a millisecond's."""

SEARCHED_IN_A_PIECE = 8192
"""Characters that are searched in one piece of work, where lines are long."""

_NOTHING: Sequence[Event] = ()

# Looked up for each event.
_TALK = Nature.TALK


def _id_of(event: Event) -> int:
    return event.id


@implementer(ILog)
class MemoryLog:
    """Keeps the last ``capacity`` events.

    :param soon: calls a function in a later turn of the event loop. Requests that are appended until then are one
        batch.
    :param now: the time, in seconds since 1970, UTC.
    :param later: as ``soon``, after so many seconds; without it, that is ``soon``.
    :param rules: what drafts are held against; those of a server where nothing is set unless given.
    """

    state: Sequence[Event] = ()
    """Empty: nothing holds at the start of a log that begins with no events."""

    def __init__(
        self,
        soon: Callable[[Callable[[], None]], object],
        now: Callable[[], float],
        capacity: int = CAPACITY,
        *,
        later: Callable[[float, Callable[[], None]], object] | None = None,
        rules: Rules | None = None,
    ) -> None:
        self._rules = rules or Rules()
        self._turns = LoopTurns(soon)
        self._batches = Batches(soon, later or (lambda seconds, call: soon(call)), now, 0.0, self._commit)
        self.is_full = self._batches.is_full
        self.append = self._batches.append
        self._capacity = capacity
        self._events: list[Event] = []
        # The events of each room that are counted.
        self._counted: defaultdict[str, list[Event]] = defaultdict(list)
        # The ids of the events that have a ref, by (member, ref), oldest first.
        self._ids_by_ref: defaultdict[tuple[str, str], deque[int]] = defaultdict(deque)
        self.identity = new_identity()
        self.tables: Tables = TablesAtOnce(in_memory)
        """Other tables that last as long."""
        self.accounts = MemoryAccounts(Tokens(self.tables).forget)
        """The store of accounts that lasts as long."""
        self.audit = MemoryAudit()
        """The audit log that lasts as long."""
        self.last_committed = 0
        self.forgotten = 0

    def start(self, outcomes: Outcomes) -> None:
        self._outcomes = outcomes

    def _commit(self, batch: Batch, at_once: bool) -> None:  # noqa: PLR0912, PLR0915 - one loop
        self._batches.came_back()
        events: list[Event] = []
        tokens: list[int] = []
        refusals: list[tuple[int, ChatError]] = []
        last = self.last_committed
        # Makes an event in a third of the time that its class takes.
        new = tuple.__new__
        rules = self._rules
        judged = rules.judged
        for request, at in batch:
            drafts = request
            original = 0
            for draft in drafts:
                if draft.ref:
                    original = original or self._original(draft)
            if original:
                refusals.append((drafts[0].token, AlreadyKept(id=original)))
                continue
            # A request of one draft is judged below, without a call for each message.
            if drafts[1:] and (against := first_refusal(rules, drafts, at)) is not None:
                refusals.append((drafts[0].token, against))
                continue
            targets: Sequence[int] = ()
            if drafts[0].kind is Removal:
                targets = self._targets(drafts[0], events)
                if not targets:
                    refusals.append((drafts[0].token, not_there(drafts[0])))
                    continue
                drafts = (about_these(drafts[0], targets),)
            for draft in drafts:
                kind, room, member, nickname, text, about, extras, ref, token, _ = draft
                is_judged = kind.nature is not _TALK or (judged and (room in judged or SERVER in judged))
                if is_judged and len(drafts) == 1 and (against := rules.refusal(draft, at)) is not None:
                    refusals.append((token, against))
                    break
                if kind.kept:
                    last += 1
                event = new(kind, (last, at, room, member, nickname, text, about, extras, ref))
                events.append(event)
                tokens.append(token)
                if is_judged:
                    rules.note(event)
                    rules.lapsed.clear()
                if kind.kept and kind.counted:
                    self._counted[room].append(event)
                if kind.kept and ref:
                    self._ids_by_ref[member, ref].append(last)
            else:
                if targets:
                    self._remove(targets, events[-1], events)
        self._events += [event for event in events if event.kept]
        if len(self._events) > self._capacity:
            self._forget(len(self._events) - self._capacity)
        self.last_committed = last
        began = time.perf_counter()
        self._tell(events, tokens, refusals)
        self._batches.delivered(time.perf_counter() - began)

    def _targets(self, draft: Draft, batch: Sequence[Event]) -> Sequence[int]:
        """The ids of those messages that a removal is about which are there.

        :param batch: the events of the same batch before it.
        """
        found = []
        for id_ in sorted(set(removed_ids(draft.about, draft.extras))):
            for events in (self._events, batch):
                index = bisect_left(events, id_, key=_id_of)
                event = events[index] if index < len(events) else None
                if event is not None and event.id == id_ and event.room == draft.room and may_be_removed(type(event)):
                    found.append(id_)
        return found

    def _remove(self, ids: Sequence[int], removal: Event, batch: list[Event]) -> None:
        """Put marks in the place of messages.

        :param batch: the events of the same batch.
        """
        for events in (self._events, self._counted[removal.room], batch):
            for id_ in ids:
                index = bisect_left(events, id_, key=_id_of)
                if index < len(events) and events[index].id == id_ and may_be_removed(type(events[index])):
                    events[index] = mark_of(events[index], removal)

    def _tell(self, events: list[Event], tokens: list[int], refusals: list[tuple[int, ChatError]]) -> None:
        if events:
            self._outcomes.committed(events, tokens)
        for token, error in refusals:
            if token:
                self._outcomes.refused(token, error)

    def _original(self, draft: Draft) -> int:
        """The id of the event that ``draft`` repeats; 0: of none."""
        ids = self._ids_by_ref.get((draft.member, draft.ref)) if draft.kind.kept else None
        return ids[0] if ids else 0

    def _forget(self, count: int) -> None:
        """Let go of the oldest events."""
        forgotten = self._events[:count]
        del self._events[:count]
        self.forgotten = forgotten[-1].id
        for room, in_room in Counter(event.room for event in forgotten if event.counted).items():
            del self._counted[room][:in_room]
            if not self._counted[room]:
                del self._counted[room]
        for event in forgotten:
            if event.ref:
                ids = self._ids_by_ref[event.member, event.ref]
                ids.popleft()
                if not ids:
                    del self._ids_by_ref[event.member, event.ref]

    def recent(
        self,
        room: str,
        count: int,
        before: int | None,
        answer: Events,
        failed: NoAnswer,
        *,
        asker: Asker | None = None,
    ) -> None:
        answer(self._last_counted(room, count, before))

    def recent_ids(
        self, room: str, count: int, before: int | None, answer: Ids, failed: NoAnswer, *, asker: Asker | None = None
    ) -> None:
        answer([event.id for event in self._last_counted(room, count, before)])

    def _last_counted(self, room: str, count: int, before: int | None) -> list[Event]:
        counted = self._counted.get(room, _NOTHING)
        end = len(counted) if before is None else bisect_left(counted, before, key=_id_of)
        return list(counted[max(0, end - count) : end])

    def with_ids(self, ids: Sequence[int], answer: Events, failed: NoAnswer, *, asker: Asker | None = None) -> None:
        found = []
        for id_ in ids:
            index = bisect_left(self._events, id_, key=_id_of)
            if index < len(self._events) and self._events[index].id == id_:
                found.append(self._events[index])
        answer(found)

    def since(
        self,
        rooms: frozenset[str],
        after: int,
        limit: int,
        answer: Events,
        failed: NoAnswer,
        *,
        asker: Asker | None = None,
    ) -> None:
        self._turns.add(asker, self._read_since(rooms, after, limit), answer, failed)

    def _read_since(self, rooms: frozenset[str], after: int, limit: int) -> Work[list[Event]]:
        found: list[Event] = []
        while len(found) < limit:
            start = bisect_right(self._events, after, key=_id_of)
            piece = self._events[start : start + PIECE]
            if not piece:
                break
            found += [event for event in piece if event.room in rooms]
            after = piece[-1].id
            yield
        return found[:limit]

    def first_since(self, at: float, answer: Id, failed: NoAnswer, *, asker: Asker | None = None) -> None:
        found = bisect_left(self._events, at, key=lambda event: event.at)
        answer(self._events[found].id if found < len(self._events) else self.last_committed + 1)

    def last_before(self, at: float, answer: Id, failed: NoAnswer, *, asker: Asker | None = None) -> None:
        found = bisect_left(self._events, at, key=lambda event: event.at)
        answer(self._events[found - 1].id if found else 0)

    def search(
        self, room: str, words: str, count: int, answer: Events, failed: NoAnswer, *, asker: Asker | None = None
    ) -> None:
        self._turns.add(asker, self._find(room, words, count), answer, failed)

    def _find(self, room: str, words: str, count: int) -> Work[list[Event]]:
        query = query_of(words)
        found: list[Event] = []
        before, characters = self.last_committed + 1, 0
        while len(found) < count:
            # Events may be forgotten between two pieces.
            end = bisect_left(self._events, before, key=_id_of)
            piece = self._events[max(0, end - PIECE) : end]
            if not piece:
                break
            for event in reversed(piece):
                if event.room != room or not event.searched or len(found) == count:
                    continue
                if query.matches(event.text):
                    found.append(event)
                characters += len(event.text)
                if characters > SEARCHED_IN_A_PIECE:
                    characters = 0
                    yield
            before = piece[0].id
            yield
        return found[::-1]

    def drop(self, asker: Asker) -> None:
        self._turns.drop(asker)

    def stop(self, done: Callable[[], None]) -> None:
        self._turns.close()
        self._batches.hand_over()
        done()
