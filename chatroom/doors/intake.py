"""The intake of a connection: input, taken in its turn, within the limits, and when the session is ready.

Bytes go in as they are read. They are decoded a chunk at a time into pieces (lines, messages), and each piece comes out
again, in order, by :meth:`Owner.lineReceived`. What a run of it costs is measured, and paid for out of the limits, also
where no piece comes of it. While input waits for a limit or for the session, nothing more is read. No I/O.

These are the states. The end stands beside them, since the peer may have sent everything in each::

    READY --the session is busy--> HELD --go_on--> READY
    READY --the limits are used up--> PACED --pause_over--> READY, or HELD while the session is busy
    each --close--> CLOSED

TAKING is READY during a run; it guards against re-entry, since a request may be answered synchronously.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from enum import Enum, auto
from typing import Protocol

from chatroom.core.rate_limits import LINE_BYTES, LINE_SECONDS, RateLimit, worth
from chatroom.core.scheduling import Scheduler
from chatroom.model.errors import ChatError

Piece = bytes | ChatError
"""A line or a message; an error stands in the place of one that was thrown away."""

MAX_UNREAD = 64 * 1024
"""Bytes that may wait to be decoded before nothing more is read; one read may come on top."""

LITTLE = 4096
"""Bytes that a person may have typed in a while: a line, or a short paste."""

LOOK_EVERY = 4
"""Pieces between two looks at the clock."""


class State(Enum):
    """The state of an intake."""

    READY = auto()
    TAKING = auto()
    HELD = auto()
    """The session is busy, and pieces may wait for it."""
    PACED = auto()
    """The limits are used up."""
    CLOSED = auto()
    """Nothing is taken any more."""


# Looked up for each piece.
_CLOSED = State.CLOSED


class Gate(Protocol):
    """The session, which says whether a piece may be handed out."""

    @property
    def busy(self) -> bool:
        """Whether no piece may be handed out."""


class Owner(Protocol):
    """The connection that input comes from and goes to."""

    @property
    def chunk(self) -> int:
        """Bytes that are decoded at once: what takes a millisecond at most."""

    def flow(self) -> Hashable | None:
        """The flow of the scheduler that this connection shares; None for one of its own."""

    @property
    def is_in(self) -> bool:
        """Whether somebody has come in by it."""

    def decode(self, data: bytes) -> Sequence[Piece]:
        """The pieces that ``data``, behind all earlier input, completes."""

    def last_piece(self) -> bytes:
        """What stands behind the last whole piece when the peer has sent everything: a piece, too, unless empty."""

    def lineReceived(self, line: bytes) -> None:
        """Do the request in one piece."""

    def refuse(self, error: ChatError) -> None:
        """Say why a piece was thrown away."""

    def pause(self, seconds: float) -> None:
        """Have :meth:`Intake.pause_over` called after so long."""

    def stop_reading(self) -> None:
        """Read nothing for now."""

    def read_on(self) -> None:
        """Read again."""

    def holds(self, more: int) -> None:
        """Count so many bytes more, or less, as waiting for the connection."""

    def abort(self) -> None:
        """Abort the connection: its input cannot be taken."""

    def at_end(self) -> None:
        """Take notice that all pieces were taken, and no more will come."""


class Intake:
    """The input of one connection, as work for the scheduler."""

    __slots__ = (
        *("_address_limit", "_counted", "_ended", "_gate", "_limit", "_owner", "_pieces", "_scheduler", "_state"),
        *("_unpaid", "_unread", "reading"),
    )

    def __init__(self, owner: Owner, gate: Gate, scheduler: Scheduler) -> None:
        """:param scheduler: the one of all connections."""
        self._scheduler = scheduler
        self._owner = owner
        self._gate = gate
        self._limit: RateLimit | None = None
        self._address_limit: RateLimit | None = None
        self._state = State.READY
        # Input that is not decoded yet, and what has come of the chunk before it and was not handed out.
        self._unread = b""
        self._pieces: Sequence[Piece] = ()
        # The part of a line that is still to be paid for.
        self._unpaid = 0.0
        # Bytes that are counted as waiting.
        self._counted = 0
        self._ended = False
        self.reading = True
        """Whether input from the peer is read for now."""

    def limit(self, own: RateLimit | None, address: RateLimit | None = None) -> None:
        """Take no more than the limits allow: that of the connection, and that of all from its address."""
        self._limit = own
        self._address_limit = address

    def spend(self, lines: float) -> None:
        """Count so many more lines as taken, so that later ones wait longer."""
        if self._limit is not None:
            self._limit.spend(lines)

    @property
    def held(self) -> int:
        """Bytes that wait here."""
        return len(self._unread) + sum(len(piece) for piece in self._pieces if isinstance(piece, bytes))

    # What happens to it.

    def receive(self, data: bytes) -> None:
        """Take bytes that have come, now or when that may be."""
        if self._state is _CLOSED:
            return
        self._unread = self._unread + data if self._unread else data
        if self._state is State.PACED or len(self._unread) > MAX_UNREAD:
            self._stop_reading()
        if self._state is State.READY:
            self._scheduler.offer(self)
        else:
            self._offer()

    def end(self) -> None:
        """Take notice that the peer has sent everything."""
        self._ended = True
        self._offer()

    def go_on(self) -> None:
        """Go on: the session is ready, perhaps again."""
        self._offer()

    def pause_over(self) -> None:
        """Go on: the limits allow the next piece."""
        if self._state is State.PACED:
            self._state = State.READY
            self._offer()

    def close(self) -> None:
        """Take nothing any more, and forget what waits."""
        if self._state is not _CLOSED:
            self._state = _CLOSED
            self._unread = b""
            self._pieces = ()
            self._count(0)
            self._scheduler.withdraw(self)
            # Nobody needs them now, and a connection that refers to nothing that refers to it is gone without garbage
            # collection, which takes long when thousands come and go.
            del self._owner, self._gate

    def hand_over(self) -> bytes:
        """Take nothing any more; the bytes that were not decoded, for whoever goes on with the connection."""
        unread = self._unread
        self.close()
        return unread

    # For the scheduler.

    @property
    def is_little(self) -> bool:
        """Whether no more waits than a person types in a while."""
        return len(self._unread) <= LITTLE

    @property
    def is_in(self) -> bool:
        """Whether it is of somebody who has come in."""
        return self._owner.is_in

    def flow(self) -> Hashable:
        """What shares its flow: the address, or only this."""
        return self._owner.flow() or self

    def run(self, now: float, until: float) -> bool:
        """Hand out pieces from the time ``now`` until the time ``until``.

        :returns: whether there is more that could be handed out at once.
        """
        if self._state not in (State.READY, State.HELD):
            return False
        if self._address_limit is not None and (wait := self._address_limit.debt(now)):
            self._pace(wait)
            return False
        owner = self._owner
        try:
            return self._run(now, until)
        except BaseException:
            # Nobody knows what was done and what was not: the connection ends, and others go on.
            self.close()
            owner.abort()
            raise

    def _run(self, now: float, until: float) -> bool:  # noqa: PLR0912 - one loop, which each line goes through
        self._state = State.TAKING
        if self._limit is not None:
            self._scheduler.note_cpu(now)
        owner, gate, limit = self._owner, self._gate, self._limit
        clock, has_enough_of = self._scheduler.clock, self._scheduler.has_enough_of
        pieces, self._pieces = self._pieces, ()
        taken = size = index = 0
        wait = 0.0
        after = State.READY
        going = True
        while going:
            if index == len(pieces):
                if not self._unread or (size and clock() >= until) or (taken and has_enough_of(self)):
                    break
                chunk, self._unread = self._unread[: owner.chunk], self._unread[owner.chunk :]
                size += len(chunk)
                pieces, index = owner.decode(chunk), 0
                if self._state is _CLOSED:
                    break
            elif taken and (clock() >= until or has_enough_of(self)):
                break
            # A look at the clock for each piece would be dearer than a short line.
            for piece in pieces[index : index + LOOK_EVERY]:
                if gate.busy:
                    after = State.HELD
                elif limit is None or not (wait := limit.take(now)):
                    index += 1
                    taken += 1
                    if isinstance(piece, bytes):
                        owner.lineReceived(piece)
                    else:
                        owner.refuse(piece)
                    if self._state is not _CLOSED:
                        continue
                going = False
                break
        if limit is not None:
            wait = max(wait, self._pay(limit, taken, size, now))
        if self._state is _CLOSED:
            return False
        # One empty tuple for all who are idle.
        self._pieces = pieces[index:] or ()
        if wait:
            self._pace(wait)
        else:
            self._state = after
            self._after_run()
        return self._state is State.READY and bool(self._pieces or self._unread)

    def _pay(self, limit: RateLimit, taken: int, size: int, began: float) -> float:
        """Pay for a run out of the limits; the seconds until they are not overdrawn."""
        now = self._scheduler.clock()
        seconds = now - began
        wait = 0.0
        if seconds > LINE_SECONDS * taken or size > LINE_BYTES * taken:
            seconds = self._scheduler.worked_since(began, now)
            # Whole lines, so that the pongs of somebody who is silent cost nothing that counts.
            lines, self._unpaid = divmod(self._unpaid + max(0.0, worth(seconds, size) - taken), 1)
            limit.spend(lines)
            wait = limit.debt(now)
        if self._address_limit is not None:
            self._address_limit.spend(worth(seconds, 0))
            wait = max(wait, self._address_limit.debt(now))
        return wait

    def _pace(self, seconds: float) -> None:
        """Take nothing for so long."""
        self._state = State.PACED
        self._owner.pause(seconds)
        self._stop_reading()

    def _offer(self) -> None:
        if self._state not in (State.READY, State.HELD):
            return
        if (self._unread or self._pieces) and not self._gate.busy:
            self._scheduler.offer(self)
        else:
            self._after_run()

    def _after_run(self) -> None:
        if self._gate.busy:
            self._state = State.HELD
            if self._unread or self._pieces:
                self._stop_reading()
        elif self._unread or self._pieces:
            # More in the next turn.
            self._state = State.READY
        elif self._ended:
            self._end()
        else:
            self._state = State.READY
            if not self.reading:
                self.reading = True
                self._count(0)
                self._owner.read_on()

    def _end(self) -> None:
        """Hand out what no line end follows, then tell that this is the end."""
        self._state = State.READY
        if last := self._owner.last_piece():
            self._pieces = (last,)
            self._offer()
        else:
            self._owner.at_end()

    def _stop_reading(self) -> None:
        self._count(self.held)
        self.reading = False
        # Again, if need be: Twisted's HTTP reads on by itself behind each answer.
        self._owner.stop_reading()

    def _count(self, held: int) -> None:
        """Have so many bytes counted as waiting here."""
        if held != self._counted:
            more, self._counted = held - self._counted, held
            self._owner.holds(more)
