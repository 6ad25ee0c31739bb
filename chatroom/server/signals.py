"""Signals: SIGTERM, Ctrl-C and SIGQUIT end the program in good order, and no other does.

SIGHUP has the certificate read again, or is noted where there is none.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

from twisted.application.service import Service
from twisted.logger import Logger

from chatroom.server.reactor import global_reactor

STOP = ("SIGTERM", "SIGINT", "SIGQUIT")
"""Signals that end the program in good order."""

IGNORE = ("SIGUSR1", "SIGUSR2", "SIGALRM", "SIGVTALRM", "SIGPROF", "SIGPOLL")
"""Signals that say nothing to this program; by default each would end it at once, and nobody would be told."""


class Signals(Service):
    """Ends the program with status 0 where a signal asks for that; twistd by itself would end by the signal."""

    _log = Logger()
    _stopping = False
    # Whether the program was started from a terminal that it still has.
    _had_terminal = False

    def __init__(self, read_again: Callable[[], None] | None = None) -> None:
        """:param read_again: reads the files again that can be; None where there is none."""
        self._read_again = read_again

    def privilegedStartService(self) -> None:
        """Take the signals from here on: the history may take a while to open."""
        self._had_terminal = _has_terminal()
        # twistd has a use for SIGUSR1 where it writes a file, nohup has SIGHUP ignored: both stay as they are.
        for name in IGNORE:
            _replace_default(name, signal.SIG_IGN)
        _replace_default("SIGHUP", self._hang_up)
        _replace_default("SIGQUIT", self._stop)

    def startService(self) -> None:
        super().startService()
        # Twisted takes the signals that stop it when it begins to run.
        global_reactor().callWhenRunning(self._take_stops)

    def _take_stops(self) -> None:
        for name in STOP:
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), self._stop)

    def _stop(self, number: int, frame: object) -> None:
        # A second signal changes nothing while the first one takes effect.
        if self.running and not self._stopping:
            self._stopping = True
            reactor = global_reactor()
            reactor.callFromThread(reactor.stop)

    def _hang_up(self, number: int, frame: object) -> None:
        if self._had_terminal and not _has_terminal():
            # Somebody has closed the window that it ran in, and would not expect it to go on unseen.
            self._stop(number, frame)
        else:
            global_reactor().callFromThread(self._note_hang_up)

    def _note_hang_up(self) -> None:
        if self._read_again is None:
            self._log.info("SIGHUP has come and changes nothing: restart the server to have its files read again")
        else:
            self._log.info("SIGHUP has come: the certificate is read again; for other files, restart the server")
            self._read_again()


def _replace_default(name: str, handler: signal.Handlers | Callable[[int, object], None]) -> None:
    """Handle the signal of that name, where the system has it, unless somebody else does."""
    number = getattr(signal, name, None)
    if number is not None and signal.getsignal(number) is signal.SIG_DFL:
        signal.signal(number, handler)


def _has_terminal() -> bool:
    try:
        os.close(os.open("/dev/tty", os.O_RDONLY))
    except OSError:
        return False
    return True
