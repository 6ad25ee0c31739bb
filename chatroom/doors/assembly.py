"""Assembly: a log, a delivery, and the rooms between them.

:func:`open_chat` makes the chat that doors are given; several doors may lead to the same one.
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from twisted.cred.checkers import ICredentialsChecker
from twisted.cred.portal import Portal
from twisted.internet.task import Clock
from twisted.logger import Logger

from chatroom.core.accounts import Accounts
from chatroom.core.chat import Chat
from chatroom.core.delivery import Delivery
from chatroom.core.gate import Gate
from chatroom.core.memory import Memory
from chatroom.core.moderation import rules_of
from chatroom.core.nicknames import Nicknames
from chatroom.doors.credentials import Checkers, PortalAuthority, Realm, StoreChecker
from chatroom.doors.hashing import MISSING, Hasher
from chatroom.doors.journal import Journal
from chatroom.doors.password_file import PasswordFile
from chatroom.log.accounts import AccountStore
from chatroom.log.invitations import Invitations
from chatroom.log.memory import CAPACITY, MemoryLog
from chatroom.log.sqlite import SQLiteLog
from chatroom.log.tokens import Tokens
from chatroom.model.constants import FILE_ENCODING
from chatroom.model.errors import ChatError
from chatroom.model.events import Event
from chatroom.model.settings import NO_HISTORY, Settings
from chatroom.model.text import clean

_log = Logger()

BUILT_IN = "accounts"
"""Stands for the checker of the built-in store among other checkers (``--auth accounts``)."""

Checker = ICredentialsChecker | str
"""A checker of passwords, or :data:`BUILT_IN`."""


def open_chat(
    settings: Settings,
    clock: Callable[[], Any],
    hook: Callable[[Event], None] | None = None,
    on_broken: Callable[[ChatError], None] = lambda error: None,
    nicknames: Nicknames | None = None,
    *,
    checkers: Sequence[Checker] = (),
    portal: Portal | None = None,
) -> Chat:
    """The rooms of one server, with nobody in them.

    :param clock: returns the reactor; None before somebody has come, where it is not known until then.
    :param hook: called with every event; its exceptions are logged.
    :param on_broken: called when the history cannot be kept any more.
    :param nicknames: the seam of nicknames; that of one process unless given.
    :param checkers: of passwords, in the order in which they are asked; that of the built-in store unless given.
    :param portal: through which people log in, in place of one for ``checkers``.
    :raises OSError, ValueError: a file that the settings name cannot be read.
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
            remedy = f": {error.details['remedy']}" if "remedy" in error.details else ""
            _log.error(
                "--history {path}: {why}{remedy}; nothing can be said until then",
                path=settings.history,
                why=why,
                remedy=remedy,
            )

    motd = read_motd(settings.motd)
    operators = read_operators(settings.operators)
    password = PasswordFile(settings.password)
    log = _open_log(settings, clock)
    journal = Journal(lambda seconds, call: clock().callLater(seconds, call))
    delivery = Delivery()
    delivery.start(log.last_committed)
    return Chat(
        log,
        delivery,
        now=time.time,
        settings=settings,
        memory=Memory(
            (settings.memory or _memory_of_the_machine() // 4) * 1024 * 1024, lambda call: clock().callLater(0, call)
        ),
        motd=motd,
        operators=operators,
        nicknames=nicknames,
        audit=log.audit,
        accounts=open_accounts(log.accounts, settings, clock, checkers, portal, tokens=Tokens(log.tables)),
        gate=Gate(settings, now=time.time, password=password, invitations=Invitations(log.tables)),
        soon=lambda call: clock().callLater(0, call),
        hook=hook and _guarded(hook),
        on_not_kept=not_kept,
        on_broken=broken,
        journal=journal.note,
    )


def open_accounts(
    store: AccountStore,
    settings: Settings,
    clock: Callable[[], Any],
    checkers: Sequence[Checker] = (),
    portal: Portal | None = None,
    *,
    tokens: Tokens | None = None,
) -> Accounts:
    """The accounts of one server, with nobody logged in.

    :param clock: returns the reactor.
    :param checkers: as :func:`open_chat` has them, and ``portal`` as well.
    :param tokens: those that programs log in by.
    """

    def from_thread(call: Callable[[], None]) -> None:
        reactor = clock()
        if isinstance(reactor, Clock):
            reactor.callLater(0, call)
        else:
            reactor.callFromThread(call)

    def start(work: Callable[[], None]) -> None:
        reactor = clock()
        # The time of a test goes by hand, and so does its work.
        if isinstance(reactor, Clock):
            reactor.callLater(0, work)
        else:
            threading.Thread(target=work, name="chatroom-hasher", daemon=True).start()

    def later(seconds: float, call: Callable[[], None]) -> None:
        clock().callLater(seconds, call)

    hasher = None
    with suppress(ImportError):
        hasher = Hasher(start, from_thread)
    checkers = tuple(checkers) or (BUILT_IN,)
    registers = portal is None and BUILT_IN in checkers and hasher is not None
    if portal is None:
        own = StoreChecker(store, hasher) if hasher is not None else None
        asked = [own if checker == BUILT_IN else checker for checker in checkers]
        found: list[ICredentialsChecker] = [
            checker for checker in asked if checker is not None and not isinstance(checker, str)
        ]
        portal = Portal(Realm(), [Checkers(found)]) if found else None
    authority = PortalAuthority(portal, hasher, registers) if portal is not None else None
    return Accounts(settings, now=time.time, store=store, authority=authority, tokens=tokens, later=later, off=MISSING)


def _memory_of_the_machine() -> int:
    """Mebibytes that the machine, or the container, has; 0 when that cannot be told."""
    found = []
    with suppress(OSError, ValueError, AttributeError):
        found.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    # The limit of the container, in both versions of control groups; a word where there is none.
    for path in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        with suppress(OSError, ValueError), open(path, encoding="ascii") as file:
            found.append(int(file.read()))
    return min(found, default=0) // (1024 * 1024)


def _open_log(settings: Settings, clock: Callable[[], Any]) -> SQLiteLog | MemoryLog:
    # Calls from threads that have come before there was a reactor.
    waiting: deque[Callable[[], None]] = deque()

    def soon(call: Callable[[], None]) -> None:
        reactor = clock()
        while waiting:
            reactor.callFromThread(waiting.popleft())
        reactor.callLater(0, call)

    def later(seconds: float, call: Callable[[], None]) -> None:
        reactor = clock()
        # What delivery takes is no time where a test's time goes by hand.
        reactor.callLater(0 if isinstance(reactor, Clock) else seconds, call)

    def from_thread(call: Callable[[], None]) -> None:
        reactor = clock()
        if reactor is None:
            waiting.append(call)
        else:
            reactor.callFromThread(call)

    if settings.history == NO_HISTORY:
        return MemoryLog(soon, time.time, settings.keep_events or CAPACITY, later=later, rules=rules_of(settings))
    return SQLiteLog(
        settings.history,
        soon=soon,
        later=later,
        from_thread=from_thread,
        now=time.time,
        durability=settings.durability,
        state_limit=settings.max_rooms,
        rules=rules_of(settings, can_undo=True),
        keep_seconds=settings.keep * 24 * 60 * 60,
        keep_events=settings.keep_events,
        say=lambda what: _log.warn("--history {path}: {what}", path=settings.history, what=what),
    )


def read_motd(path: str) -> list[str]:
    """The lines of the message of the day; none when ``path`` is empty.

    :raises OSError: the file cannot be read.
    :raises UnicodeDecodeError: it is not UTF-8.
    """
    if not path:
        return []
    with open(path, encoding=FILE_ENCODING) as file:
        return [clean(line.rstrip("\n")) for line in file]


def read_operators(path: str) -> dict[str, str]:
    """The passwords of those who may become operators, by name: in each line a name, a space and a password.

    :raises OSError: the file cannot be read.
    :raises ValueError: a line has another form, or there is none.
    """
    found: dict[str, str] = {}
    if not path:
        return found
    with open(path, encoding=FILE_ENCODING) as file:
        for number, line in enumerate(file, 1):
            if not line.strip() or line.startswith("#"):
                continue
            name, _, password = line.strip().partition(" ")
            if not password.strip():
                raise ValueError(f"line {number}: write a name, a space and a password")
            if name in found:
                raise ValueError(f"line {number}: {name} is there already: leave one of the two")
            found[name] = password.strip()
    if not found:
        raise ValueError("nobody is in it: write a name, a space and a password in a line")
    return found


def _guarded(hook: Callable[[Event], None]) -> Callable[[Event], None]:
    def call(event: Event) -> None:
        try:
            hook(event)
        except Exception:
            _log.failure("the hook failed on {event}", event=event)

    return call
