"""Detection of dead connections: after a silence the server is asked, and the connection dropped if it does not answer.

A connection can be dead for hours with neither end being told: a laptop that slept, a router that forgot. The class
here is no protocol: it is told when something came, and has one call to ask by and one to give up.

The timers of a machine stand still while it is suspended. So the server is asked soon after the machine has woken up,
however short the silence seems.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from chatroom.model.clock import suspended
from chatroom.wire.requests import Do

ANSWER_WITHIN = 20.0
"""Seconds that a server has to answer when it was asked."""

LOOK_EVERY = 10.0
"""Seconds, at most, between two looks whether the machine was suspended."""

QUESTION = Do("/ping", ref="ping")
"""The request that the server is asked by. All of them may have one ref: the server remembers none of a question."""


class Liveness:
    """Watches one connection."""

    def __init__(
        self,
        reactor: IReactorTime,
        every: float,
        ask: Callable[[], None],
        give_up: Callable[[], None],
        suspended: Callable[[], float] = suspended,
    ) -> None:
        """
        :param reactor: measures by a clock that never goes back.
        :param every: seconds of silence after which the server is asked.
        :param ask: sends :data:`QUESTION`, if the server would take it for one.
        :param give_up: drops the connection.
        :param suspended: seconds that the machine has been suspended for so far.
        """
        self._reactor = reactor
        self._every = every
        self._ask = ask
        self._give_up = give_up
        self._suspended = suspended
        self._suspended_before = suspended()
        self._heard_at = reactor.seconds()
        self._call: IDelayedCall | None = None
        self._look_after(every)

    def heard(self) -> None:
        """Take notice that bytes came."""
        # The call is not scheduled anew for each piece of data: the next look comes early, and looks again.
        self._heard_at = self._reactor.seconds()

    def stop(self) -> None:
        """Watch no more."""
        if self._call is not None:
            self._call.cancel()
            self._call = None

    def _look(self) -> None:
        silent = self._reactor.seconds() - self._heard_at
        before, self._suspended_before = self._suspended_before, self._suspended()
        # Two clocks are not read in the same moment: less than a second tells nothing.
        if silent < self._every and self._suspended_before - before < 1:
            self._look_after(self._every - silent)
            return
        self._asked_at = self._reactor.seconds()
        self._ask()
        self._call = self._reactor.callLater(ANSWER_WITHIN, self._look_for_an_answer)

    def _look_after(self, seconds: float) -> None:
        self._call = self._reactor.callLater(min(seconds, LOOK_EVERY), self._look)

    def _look_for_an_answer(self) -> None:
        if self._heard_at < self._asked_at:
            self._call = None
            self._give_up()
        else:
            self._look()
