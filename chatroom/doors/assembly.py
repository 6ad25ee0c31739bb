"""Putting the pieces together: a log, a delivery and the rooms between them.

Doors are given what :func:`open_chat` makes, and several may lead to the same.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from twisted.logger import Logger

from chatroom.core.chat import Chat
from chatroom.core.delivery import Delivery
from chatroom.log.memory import CAPACITY, MemoryLog
from chatroom.log.sqlite import SQLiteLog
from chatroom.model.constants import ENCODING
from chatroom.model.errors import ChatError
from chatroom.model.events import Event
from chatroom.model.settings import NO_HISTORY, Settings
from chatroom.model.text import clean

_log = Logger()


def open_chat(
    settings: Settings,
    clock: Callable[[], Any],
    hook: Callable[[Event], None] | None = None,
    on_broken: Callable[[ChatError], None] = lambda error: None,
) -> Chat:
    """The rooms of one server, with nobody in them.

    :param clock: the reactor, asked for only once somebody has come.
    :param hook: called with every event; what it raises is logged.
    :param on_broken: called when the history can be kept no more.
    :raises OSError: the file with the message of the day cannot be read.
    :raises HistoryUnusable: the file of the history cannot be used.
    """

    def broken(error: ChatError) -> None:
        _log.critical("{error}", error=error)
        on_broken(error)

    def not_kept(error: ChatError | None) -> None:
        if error is None:
            _log.info("--history {path}: what is said is kept again", path=settings.history)
        else:
            why = error.details.get("why", error)
            _log.error("--history {path}: {why}; nothing can be said until then", path=settings.history, why=why)

    motd = read_motd(settings.motd)
    log = _open_log(settings, clock)
    delivery = Delivery()
    delivery.start(log.last_committed)
    return Chat(
        log,
        delivery,
        now=time.time,
        settings=settings,
        motd=motd,
        hook=hook and _guarded(hook),
        on_not_kept=not_kept,
        on_broken=broken,
    )


def _open_log(settings: Settings, clock: Callable[[], Any]) -> SQLiteLog | MemoryLog:
    def soon(call: Callable[[], None]) -> None:
        clock().callLater(0, call)

    if settings.history == NO_HISTORY:
        return MemoryLog(soon, time.time, settings.keep_events or CAPACITY)
    return SQLiteLog(
        settings.history,
        soon=soon,
        later=lambda seconds, call: clock().callLater(seconds, call),
        from_thread=lambda call: clock().callFromThread(call),
        now=time.time,
        durability=settings.durability,
        keep_seconds=settings.keep * 24 * 60 * 60,
        keep_events=settings.keep_events,
    )


def read_motd(path: str) -> list[str]:
    """The lines of the message of the day; none when there is no ``path``.

    :raises OSError: the file cannot be read.
    :raises UnicodeDecodeError: it is not UTF-8.
    """
    if not path:
        return []
    with open(path, encoding=ENCODING) as file:
        return [clean(line.rstrip("\n")) for line in file]


def _guarded(hook: Callable[[Event], None]) -> Callable[[Event], None]:
    def call(event: Event) -> None:
        try:
            hook(event)
        except Exception:
            _log.failure("the hook failed on {event}", event=event)

    return call
