"""The intake of a connection: pieces of input, taken within the rate limit and when the session is ready.

Every piece that is read goes in, and comes out again, in order, by :meth:`Owner.lineReceived`. While pieces wait here,
nothing more is read, so no more pieces wait than came with one read. No I/O, no clock: ``now`` is handed in, in seconds
by a clock that only goes forward.

These are the states. ``ended`` stands beside them, since the peer may have sent everything in each::

    READY --a piece is refused by the session--> HELD --go_on--> READY
    READY --a piece is above the rate--> PACED --pause_over--> READY
    each --close--> CLOSED

TAKING is READY while pieces are handed out; it guards against re-entry, since a request may be answered synchronously.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum, auto
from typing import Protocol

from chatroom.core.rate_limits import RateLimit
from chatroom.model.errors import ChatError

Piece = bytes | ChatError
"""A line or a message; an error stands in the place of one that was thrown away."""


class State(Enum):
    """The state of an intake."""

    READY = auto()
    TAKING = auto()
    HELD = auto()
    """The session is busy, and pieces may wait for it."""
    PACED = auto()
    """Pieces wait for the rate limit."""
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
    """The connection that pieces come from and go to."""

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

    def at_end(self) -> None:
        """Take notice that all pieces were taken, and no more will come."""


class Intake:
    """The pieces of one connection."""

    __slots__ = ("_gate", "_limit", "_owner", "_state", "_waiting", "ended", "reading")

    def __init__(self, owner: Owner, gate: Gate) -> None:
        self._owner = owner
        self._gate = gate
        self._limit: RateLimit | None = None
        self._state = State.READY
        self._waiting: Sequence[Piece] = ()
        self.ended = False
        """Whether the peer has sent everything."""
        self.reading = True
        """Whether input from the peer is read for now."""

    def limit(self, limit: RateLimit) -> None:
        """Take pieces no faster than that."""
        self._limit = limit

    def spend(self, pieces: float) -> None:
        """Count so many more pieces as taken, so that later ones wait longer."""
        if self._limit is not None:
            self._limit.spend(pieces)

    def feed(self, pieces: Sequence[Piece], now: float) -> None:
        """Take pieces that have come, now or when they may be."""
        if self._state is State.CLOSED:
            return
        self._waiting = [*self._waiting, *pieces] if self._waiting else pieces
        if self._state in (State.READY, State.HELD):
            self._hand_out(now)

    def end(self, now: float) -> None:
        """Take notice that the peer has sent everything."""
        self.ended = True
        if self._state in (State.READY, State.HELD):
            self._hand_out(now)

    def go_on(self, now: float) -> None:
        """Go on: the session is ready, perhaps again."""
        if self._state in (State.READY, State.HELD):
            self._hand_out(now)

    def pause_over(self, now: float) -> None:
        """Go on: the rate limit allows the next piece."""
        if self._state is State.PACED:
            self._hand_out(now)

    def close(self) -> None:
        """Take nothing any more, and forget the pieces that wait."""
        self._state = State.CLOSED
        self._waiting = ()

    def _hand_out(self, now: float) -> None:
        pieces, self._waiting = self._waiting, ()
        owner, gate, limit = self._owner, self._gate, self._limit
        self._state = State.TAKING
        after = State.READY
        taken = 0
        for piece in pieces:
            if gate.busy:
                after = State.HELD
                break
            if limit is not None and (seconds := limit.take(now)):
                after = State.PACED
                owner.pause(seconds)
                break
            taken += 1
            if isinstance(piece, bytes):
                owner.lineReceived(piece)
            else:
                owner.refuse(piece)
            if self._state is _CLOSED:
                return
        self._state = after
        if taken < len(pieces):
            # Pieces that came while these were handed out stand behind them.
            self._waiting = [*pieces[taken:], *self._waiting]
        if self._waiting and after is State.READY:
            self._hand_out(now)
        else:
            self._after_handing_out()

    def _after_handing_out(self) -> None:
        if self._waiting:
            if self.reading:
                self.reading = False
                self._owner.stop_reading()
        elif self._gate.busy:
            self._state = State.HELD
        elif self.ended:
            self._owner.at_end()
        elif not self.reading:
            self.reading = True
            self._owner.read_on()
