"""Batches of requests: the unit that a log writes at once, and delivery shows at once. It runs in the reactor's thread.

Theory of operation. A request is *pending* from its append until its batch is handed to the writer. One batch is *on
its way* at a time, so batches come back in order, and the next one grows meanwhile. When no batch is on its way, the
pending requests are handed over in a later turn of the event loop: all requests of one turn share a batch.

Delivery of a batch is one write to each member, however much is in it, and people who talk to each other all answer at
once. So when delivery takes long, the next batch *gathers*: it waits for a part of the time that delivery took, up to a
limit. A batch of nothing but requests to come and go gathers for longer: nobody waits for an answer in a talk, and a
crowd that comes in would else be a thousand batches.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from chatroom.log.backlog import OVERHEAD, Backlog
from chatroom.model.events import Draft, Nature, Quit

Batch = list[tuple[Sequence[Draft], float]]
"""Requests, in order: the drafts of each, and its time."""

WORTH_GATHERING = 0.001
"""Seconds of delivery from which fewer batches are better: about the time that a commit takes."""

PART_TO_GATHER = 0.25
"""Of the time that delivery of a batch took: the next one gathers for so long."""

LONGEST_GATHER = 0.002
"""Seconds."""

CROWD_GATHERS = 2
"""Times the time that delivery of a batch took: the next one gathers for so long while people only come and go."""

CROWD_LONGEST_GATHER = 0.1
"""Seconds."""

# Looked up for each batch.
_MEMBERSHIP = Nature.MEMBERSHIP


class Batches:
    """The pending requests, and whether a batch is on its way."""

    def __init__(
        self,
        soon: Callable[[Callable[[], None]], object],
        later: Callable[[float, Callable[[], None]], object],
        now: Callable[[], float],
        last_at: float,
        write: Callable[[Batch, bool], None],
    ) -> None:
        """
        :param soon: calls a function in a later turn of the event loop.
        :param later: the same, after so many seconds.
        :param now: the time, in seconds since 1970, UTC.
        :param last_at: the time of the last event in the log.
        :param write: hands a batch to the writer, and whether all of it was asked for before anybody was shown what is
            in the batch before.
        """
        self._soon = soon
        self._later = later
        self._now = now
        self.last_at = last_at
        """The time of the last event that was appended, which no later one is before."""
        self._write = write
        self._pending: Batch = []
        self._gather = 0.0
        self._crowd_gather = 0.0
        self._scheduled = False
        # Whether the same is so for later, unless somebody says something before.
        self._scheduled_for_crowd = False
        self._on_its_way = False
        # How much is appended and not delivered; and how many of the pending requests are in it.
        self._backlog = Backlog()
        self._counted = 0

    @property
    def idle(self) -> bool:
        """Whether nothing is pending or on its way."""
        return not self._pending and not self._on_its_way

    def is_full(self, times: float = 1.0) -> bool:
        """Whether nothing more should be taken in for now, as :class:`~chatroom.log.interface.ILog` has it."""
        self._count()
        return self._backlog.is_full(times)

    def append(self, drafts: Sequence[Draft]) -> None:
        """Add a request to the next batch."""
        self.last_at = now if (now := self._now()) > self.last_at else self.last_at
        self._pending.append((drafts, self.last_at))
        if not self._scheduled:
            self._schedule(drafts)

    def hand_over(self, at_once: bool = False) -> None:
        """Hand the pending requests to the writer, unless a batch is on its way.

        :param at_once: whether the batch before it has just come back, and nobody was shown it yet.
        """
        if self._pending and not self._on_its_way:
            self._count()
            batch, self._pending, self._counted = self._pending, [], 0
            self._backlog.hand_over()
            self._on_its_way = True
            self._write(batch, at_once)

    def came_back(self) -> None:
        """Take notice that the batch on its way was written; its delivery follows."""
        self._on_its_way = False
        self._backlog.came_back()
        if not self._gather:
            # The next batch is written while this one is delivered.
            self.hand_over(at_once=True)

    def delivered(self, seconds: float) -> None:
        """Take notice that delivery of the last batch is over.

        :param seconds: that it took.
        """
        self._backlog.delivered(seconds)
        is_long = seconds > WORTH_GATHERING
        self._gather = min(LONGEST_GATHER, seconds * PART_TO_GATHER) if is_long else 0.0
        self._crowd_gather = min(CROWD_LONGEST_GATHER, seconds * CROWD_GATHERS) if is_long else 0.0
        for drafts, _ in self._pending:
            if self._scheduled:
                break
            self._schedule(drafts)

    def drop(self) -> None:
        """Forget the pending requests, and the batch that is on its way: the writer is gone."""
        self._pending.clear()
        self._counted = 0
        self._on_its_way = False
        self._backlog.hand_over()
        self._backlog.came_back()

    def _schedule(self, drafts: Sequence[Draft]) -> None:
        """Have the pending requests handed over, of which ``drafts`` is one, as soon as that one asks for."""
        if self._crowd_gather and drafts[0].kind.nature is _MEMBERSHIP:
            if not self._scheduled_for_crowd:
                self._scheduled_for_crowd = True
                self._later(self._crowd_gather, self._crowd_is_due)
            return
        self._scheduled = True
        if self._gather:
            self._later(self._gather, self._scheduled_is_due)
        else:
            self._soon(self._scheduled_is_due)

    def _scheduled_is_due(self) -> None:
        self._scheduled = False
        self.hand_over()

    def _crowd_is_due(self) -> None:
        self._scheduled_for_crowd = False
        self.hand_over()

    def _count(self) -> None:
        """Count what was appended since this was done last: at each append, it would cost more.

        That somebody has gone is not counted: nobody could ask for less of it by taking in less.
        """
        pending = len(self._pending)
        if pending == self._counted:
            return
        new = self._pending[self._counted :]
        self._counted = pending
        self._backlog.pending += sum(
            [len(draft[4]) + OVERHEAD for drafts, _ in new for draft in drafts if draft[0] is not Quit]
        )
