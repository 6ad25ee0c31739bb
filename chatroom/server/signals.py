"""Signals: SIGTERM and Ctrl-C end the program in good order."""

from __future__ import annotations

import signal

from twisted.application.service import Service

from chatroom.server.reactor import global_reactor


class StopSignals(Service):
    """Ends the program with status 0 at SIGTERM and Ctrl-C; twistd by itself would end by the signal."""

    _stopping = False

    def startService(self) -> None:
        super().startService()
        global_reactor().callWhenRunning(self._install)

    def _install(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)

    def _stop(self, number: int, frame: object) -> None:
        # A second signal changes nothing while the first one takes effect.
        if self.running and not self._stopping:
            self._stopping = True
            reactor = global_reactor()
            reactor.callFromThread(reactor.stop)
