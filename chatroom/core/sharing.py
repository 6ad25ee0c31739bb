"""Sharing: a member with several connections, such as a phone and a desk, and what each of them has been shown.

Most members have one connection, and what concerns them concerns that. A member who is logged in, and whose client has
asked for it, may have several. They have one nickname, one set of rooms, and one request to join, leave, be renamed or
be away at a time; everything else is each one's own: its form, the room that it speaks in, whom it ignores, its limits.

Theory of operation. What a connection hears is a subscription to rooms (:mod:`chatroom.core.delivery`), and must change
at the very event by which the member comes into a room or goes out of it, whichever connection has asked for that. The
one that has asked is taken care of by its own request: it hears nothing from that event on until it has been shown the
past. Of the others, one that is live is moved to its new subscription within the batch (``switched``). One that is
catching up is not there yet: a :class:`Turn` waits for it, and it takes that when it has come to the event.

The refs of one connection are not those of another: each has a scope, which follows from the secret of its client, and
goes into the log with the ref. So two clients that count their requests do not take each other's for their own.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

MAX_SESSIONS = 5
"""Connections that one member may have: a few devices, and one or two that are dead and not noticed yet."""

_BETWEEN = "@"
"""Stands between a ref and its scope, which has none."""


class Turn(NamedTuple):
    """The member comes into rooms, or goes out of them."""

    after: int
    """The id of the last event that is heard as before."""
    joined: Sequence[str] = ()
    left: Sequence[str] = ()


class View:
    """What one connection of several has been shown."""

    __slots__ = ("begun", "chores", "lasting", "rooms", "scope", "turns")

    def __init__(self, scope: str, lasting: bool) -> None:
        """
        :param scope: of its refs: the id that follows from the secret of its client, or one of its own.
        :param lasting: whether the client has such a secret.
        """
        self.scope = scope
        self.lasting = lasting
        self.begun = False
        """Whether it has been told which rooms it is in."""
        self.rooms: dict[str, None] = {}
        """The rooms that it hears, or will once it is live."""
        self.turns: deque[Turn] = deque()
        """The turns behind the place that it has come to."""
        self.chores: deque[Callable[[], None]] = deque()
        """What it is to be shown once it waits for nothing."""

    def take(self, turn: Turn) -> None:
        """Hear what the member hears from ``turn`` on."""
        self.rooms.update(dict.fromkeys(turn.joined))
        for room in turn.left:
            self.rooms.pop(room, None)

    def scoped(self, ref: str) -> str:
        """A ref of the connection's as the log has it."""
        return f"{ref}{_BETWEEN}{self.scope}" if ref else ""

    def own_ref(self, ref: str) -> str:
        """The ref as its client gave it; empty for that of another connection."""
        own, _, scope = ref.rpartition(_BETWEEN)
        return own if scope == self.scope else ""


class Shared:
    """The connections of a member who may have several."""

    __slots__ = ("views",)

    def __init__(self) -> None:
        self.views: dict[Any, View] = {}
        """What each has been shown; oldest first."""

    def of_client(self, scope: str) -> Any:
        """The connection of the client with this scope, if it has a secret; None where it has none here."""
        return next((one for one, view in self.views.items() if view.lasting and view.scope == scope), None)
