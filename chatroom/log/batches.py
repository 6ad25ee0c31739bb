"""Batches of requests: the unit that a log on disk writes in one transaction. All of it runs in the reactor's thread.

Theory of operation. A request is *pending* from its append until its batch is handed to the writer. One batch is *on
its way* at a time, so batches come back in order, and the next one grows meanwhile. When no batch is on its way, the
pending requests are handed over in a later turn of the event loop: all requests of one turn share a batch.

Delivery of a batch is one write to each member, however much is in it, and people who talk to each other all answer at
once. So when delivery takes long, the next batch *gathers*: it waits for a part of the time that delivery took, up to a
limit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from chatroom.log.backlog import OVERHEAD, Backlog
from chatroom.model.events import Draft

Batch = list[tuple[Sequence[Draft], float]]
"""Requests, in order: the drafts of each, and its time."""

WORTH_GATHERING = 0.001
"""Seconds of delivery from which fewer batches are better: about the time that a commit takes."""

PART_TO_GATHER = 0.25
"""Of the time that delivery of a batch took: the next one gathers for so long."""

LONGEST_GATHER = 0.002
"""Seconds."""


class Batches:
    """The pending requests, and whether a batch is on its way."""

    def __init__(
        self,
        soon: Callable[[Callable[[], None]], object],
        later: Callable[[float, Callable[[], None]], object],
        now: Callable[[], float],
        last_at: float,
        write: Callable[[Batch], None],
    ) -> None:
        """
        :param soon: calls a function in a later turn of the event loop.
        :param later: the same, after so many seconds.
        :param now: the time, in seconds since 1970, UTC.
        :param last_at: the time of the last event in the log.
        :param write: hands a batch to the writer.
        """
        self._soon = soon
        self._later = later
        self._now = now
        self.last_at = last_at
        """The time of the last event that was appended, which no later one is before."""
        self._write = write
        self._pending: Batch = []
        self._gather = 0.0
        self._scheduled = False
        self._on_its_way = False
        self.backlog = Backlog()
        """What is appended and not delivered."""

    @property
    def idle(self) -> bool:
        """Whether nothing is pending or on its way."""
        return not self._pending and not self._on_its_way

    def append(self, drafts: Sequence[Draft]) -> None:
        """Add a request to the next batch."""
        self.last_at = now if (now := self._now()) > self.last_at else self.last_at
        self._pending.append((drafts, self.last_at))
        # Most requests have one draft.
        self.backlog.pending += len(drafts[0][4]) + OVERHEAD
        if not self._scheduled:
            self._schedule()

    def hand_over(self) -> None:
        """Hand the pending requests to the writer, unless a batch is on its way."""
        if self._pending and not self._on_its_way:
            batch, self._pending = self._pending, []
            self.backlog.hand_over()
            self._on_its_way = True
            self._write(batch)

    def came_back(self) -> None:
        """Take notice that the batch on its way was written; its delivery follows."""
        self._on_its_way = False
        self.backlog.came_back()
        if not self._gather:
            # The next batch is written while this one is delivered.
            self.hand_over()

    def delivered(self, seconds: float) -> None:
        """Take notice that delivery of the last batch is over.

        :param seconds: that it took.
        """
        self.backlog.delivered(seconds)
        self._gather = min(LONGEST_GATHER, seconds * PART_TO_GATHER) if seconds > WORTH_GATHERING else 0.0
        if self._pending and not self._scheduled:
            self._schedule()

    def drop(self) -> None:
        """Forget the pending requests, and the batch that is on its way: the writer is gone."""
        self._pending.clear()
        self._on_its_way = False
        self.backlog.hand_over()
        self.backlog.came_back()

    def _schedule(self) -> None:
        self._scheduled = True
        if self._gather:
            self._later(self._gather, self._scheduled_is_due)
        else:
            self._soon(self._scheduled_is_due)

    def _scheduled_is_due(self) -> None:
        self._scheduled = False
        self.hand_over()
