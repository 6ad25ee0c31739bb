"""The global reactor, which only the program uses: its clock never goes back, and none of its turns is long."""

from __future__ import annotations

from typing import Any

from chatroom.model.clock import go_steadily

MAX_READY = 32
"""Connections that are read from, or written to, in one turn of the reactor: a few milliseconds' work.

Twisted's own reactor takes all that are ready. When thousands send at once, nothing else is done for a fifth of a
second.
"""


class ShortTurns:
    """Stands before the epoll object of a reactor, and tells it of a few ready connections at a time.

    Linux tells of those that have waited longest first (epoll(7)), so all have their turn.
    """

    def __init__(self, poller: Any) -> None:
        self._poll = poller.poll
        self.close = poller.close
        self.fileno = poller.fileno
        self.modify = poller.modify
        self.register = poller.register
        self.unregister = poller.unregister

    def poll(self, timeout: float, most: int) -> Any:
        """The connections that are ready: (file descriptor, events) of each."""
        return self._poll(timeout, min(most, MAX_READY))


def global_reactor() -> Any:
    """The reactor of the program, which the first call installs."""
    from twisted.internet import reactor  # noqa: PLC0415 - importing it installs it

    go_steadily(reactor)
    poller = getattr(reactor, "_poller", None)
    # Other reactors than that of Linux stay as they are.
    if type(poller).__name__ == "epoll":
        reactor._poller = ShortTurns(poller)  # type: ignore[attr-defined]
    return reactor
