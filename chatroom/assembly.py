"""Putting the pieces together: a log, a delivery and the rooms between them.

Doors are given what :func:`open_chat` makes, and several may lead to the same.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from chatroom.constants import ENCODING
from chatroom.delivery import Delivery
from chatroom.events import Event
from chatroom.log.memory import MemoryLog
from chatroom.room import Chat
from chatroom.settings import Settings
from chatroom.text import clean

_log = Logger()


def open_chat(
    settings: Settings, clock: Callable[[], IReactorTime], hook: Callable[[Event], None] | None = None
) -> Chat:
    """The rooms of one server, with nobody in them.

    :param clock: the reactor, asked for only once somebody has come.
    :param hook: called with every event; what it raises is logged.
    :raises OSError: the file with the message of the day cannot be read.
    """

    def soon(call: Callable[[], None]) -> None:
        clock().callLater(0, call)

    log = MemoryLog(soon, time.time)
    return Chat(
        log,
        Delivery(),
        now=time.time,
        settings=settings,
        motd=read_motd(settings.motd),
        hook=hook and _guarded(hook),
    )


def read_motd(path: str) -> list[str]:
    """The lines of the message of the day; none when there is no ``path``.

    :raises OSError: the file cannot be read.
    """
    if not path:
        return []
    with open(path, encoding=ENCODING, errors="replace") as file:
        return [clean(line.rstrip("\n")) for line in file]


def _guarded(hook: Callable[[Event], None]) -> Callable[[Event], None]:
    def call(event: Event) -> None:
        try:
            hook(event)
        except Exception:
            _log.failure("the hook failed on {event}", event=event)

    return call
