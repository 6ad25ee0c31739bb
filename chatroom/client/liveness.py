"""Notices a connection on which nothing comes any more: it asks the server, and gives up when no answer comes.

A connection can be dead for hours with neither end being told: a laptop that slept, a router that forgot. It is
no protocol: it is told what came, and has a call to ask by and one to give up.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from chatroom.model.events import Answer, Event, Pong, Refused

ANSWER_WITHIN = 20.0
"""Seconds that a server has to answer when it was asked."""

_MARK = "are you there?"


class Liveness:
    """Watches one connection."""

    def __init__(
        self, reactor: IReactorTime, every: float, ask: Callable[[str], None], give_up: Callable[[], None]
    ) -> None:
        """
        :param every: seconds of silence after which the server is asked.
        :param ask: sends a line to the server.
        :param give_up: drops the connection.
        """
        self._reactor = reactor
        self._every = every
        self._ask = ask
        self._give_up = give_up
        self._heard_at = reactor.seconds()
        # Asked and not answered.
        self._asked = 0
        self._call: IDelayedCall | None = reactor.callLater(every, self._look)

    def heard(self) -> None:
        """Something came."""
        # Nothing is scheduled anew for each piece of what comes: the next look is early, and looks again.
        self._heard_at = self._reactor.seconds()

    def stop(self) -> None:
        """Watch no more."""
        if self._call is not None:
            self._call.cancel()
            self._call = None

    def is_answer(self, thing: Event | Answer) -> bool:
        """Whether the server says ``thing`` because it was asked here, and not by whoever uses the connection."""
        if not self._asked:
            return False
        # A server that has no such command says so, and so it is there.
        unknown = isinstance(thing, Refused) and "/ping" in thing.text
        if unknown or (isinstance(thing, Pong) and thing.text == _MARK):
            self._asked -= 1
            return True
        return False

    def _look(self) -> None:
        silent = self._reactor.seconds() - self._heard_at
        if silent < self._every:
            self._call = self._reactor.callLater(self._every - silent, self._look)
            return
        self._asked += 1
        self._asked_at = self._reactor.seconds()
        self._ask(f"/ping {_MARK}")
        self._call = self._reactor.callLater(ANSWER_WITHIN, self._look_for_an_answer)

    def _look_for_an_answer(self) -> None:
        if self._heard_at < self._asked_at:
            self._call = None
            self._give_up()
        else:
            self._look()
