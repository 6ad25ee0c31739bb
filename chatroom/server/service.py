"""The service that ``twistd chatroom`` and ``python -m chatroom`` run."""

from __future__ import annotations

import atexit
import gc
import os
import sys
from typing import Any

from twisted.application.service import MultiService, Service
from twisted.internet.defer import Deferred, DeferredList, maybeDeferred, succeed
from twisted.internet.interfaces import IListeningPort, IProtocolFactory
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from chatroom.core.chat import Chat
from chatroom.doors.assembly import open_chat
from chatroom.doors.factory import DoorFactory
from chatroom.doors.proxied import HeadersFirst
from chatroom.model.errors import ChatError
from chatroom.server.listening import how_to_join, raise_file_limit, why_not
from chatroom.server.options import CannotStart, OpenPort, Options
from chatroom.server.reactor import global_reactor
from chatroom.server.signals import Signals

__all__ = ["ChatService", "Options", "makeService"]


COLLECT_AFTER = (5_000, 10, 20)
"""The thresholds of the garbage collector (:func:`gc.set_threshold`).

Counting references frees nearly all garbage here. Python's own 700 has it look for cycles among thousands of members
every few messages.
"""


SWITCH_EVERY = 0.00005
"""Seconds after which a thread that waits for Python's lock is given it (:func:`sys.setswitchinterval`).

A commit takes the lock several times. A reactor that sends all the time lets it go for each send, and has it back
before the waiting thread is awake, which then waits anew: only one that has waited for so long without a break is given
it. With more time than lies between two sends, a commit took up to a second.
"""


LOOK_AT_CERTIFICATE_EVERY = 10
"""Seconds between two looks whether the certificate was renewed, while nobody connects."""


class ChatService(Service):
    """Listens, says how to join, and stops without losing a message."""

    _log = Logger()

    def __init__(self, options: Options) -> None:
        self._options = options
        self._chat: Chat | None = None
        self._doors: list[DoorFactory[Any]] = []
        self._ports: list[IListeningPort] = []
        self._looks: LoopingCall | None = None

    def privilegedStartService(self) -> None:
        """Open the history and listen, in the process that stays, and before it gives up any rights."""
        raise_file_limit()
        gc.set_threshold(*COLLECT_AFTER)
        sys.setswitchinterval(SWITCH_EVERY)
        try:
            self._chat = open_chat(
                self._options.settings, global_reactor, on_broken=self._end, checkers=self._options.checkers
            )
        except (ChatError, OSError) as error:
            raise CannotStart(f"--history {error}") from None
        lines: list[str] = []
        for factory, ports in self._options.doors:
            door = factory(chat=self._chat, reactor=global_reactor())
            self._doors.append(door)
            for port in ports:
                lines += self._listen(door, port)
        for line in lines:
            self._log.info("{line}", line=line)

    def _listen(self, door: DoorFactory[Any], port: OpenPort) -> list[str]:
        """Listen at one port of ``door``; how to join there."""
        reactor, certificate = global_reactor(), port.certificate
        taken: IProtocolFactory = door
        if certificate is not None:
            from chatroom.doors.encryption import encrypted  # noqa: PLC0415 - it needs an extra

            # A proxy that passes on TLS as it comes writes its header before that.
            taken = HeadersFirst(door, encrypted(door, certificate, reactor))
        failures: list[BaseException] = []
        listening = port.endpoint.listen(taken)
        listening.addCallbacks(self._ports.append, lambda failure: failures.append(failure.value))
        if failures:
            # The history is open already.
            assert self._chat is not None
            self._chat.stop(lambda: None)
            for open_port in self._ports:
                open_port.stopListening()
            # The files of Unix sockets are removed in a turn of the reactor, and there will be no other turn.
            reactor.iterate()
            raise CannotStart(why_not(failures[0], port.row.option, self._options))
        address = self._ports[-1].getHost()
        door.listens_at(address, port.encrypted)
        if certificate is None:
            return how_to_join(door, address, port.encrypted)
        return how_to_join(door, address, port.encrypted, certificate.name_for)

    def startService(self) -> None:
        """Begin what needs the process that has given up what rights it was told to."""
        super().startService()
        certificate, settings = self._options.certificate, self._options.settings
        if certificate is not None:
            self._looks = LoopingCall(certificate.look)
            self._looks.clock = global_reactor()
            self._looks.start(LOOK_AT_CERTIFICATE_EVERY)
            if certificate.current.self_signed:
                self._log.info(
                    "the certificate in {path} is self-signed: clients that have the file verify it (--ca {path})",
                    path=certificate.path,
                )
                if settings.irc_sts.strip("0"):
                    self._log.warn("--irc-sts: IRC clients that cannot verify the certificate are locked out by it")
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            self._log.warn(
                "chatroom runs as root, which it never needs: start it as a user of its own, or with twistd --uid"
            )

    def _end(self, error: ChatError) -> None:
        # This runs behind the exit of twistd, which knows no other status than 0.
        atexit.register(os._exit, 1)
        if global_reactor().running:
            global_reactor().stop()

    def stopService(self) -> Deferred[None]:
        """Show the messages that have come, say goodbye to everybody, and close.

        :returns: fires when that is done.
        """
        super().stopService()
        if self._looks is not None and self._looks.running:
            self._looks.stop()
        ports, self._ports = self._ports, []
        # The file of a Unix socket is removed only when its port has closed.
        closed = DeferredList([maybeDeferred(port.stopListening) for port in ports])
        stopped: Deferred[None] = Deferred()
        if self._chat is not None:
            self._chat.stop(lambda: stopped.callback(None))
        else:
            stopped = succeed(None)
        gone = stopped.addCallback(lambda _: DeferredList([door.close_all() for door in self._doors]))
        return gone.addCallback(lambda _: closed).addCallback(lambda _: None)


def makeService(options: Options) -> MultiService:
    """The services that twistd runs."""
    services = MultiService()
    # Signals first: no moment of the start is without them.
    Signals(None if options.certificate is None else options.certificate.read_again).setServiceParent(services)
    ChatService(options).setServiceParent(services)
    return services
