"""Door factories: what all doors have in common. A factory keeps its connections, admits them, and says goodbye.

:mod:`chatroom.doors.connection` is the other half, one connection. This module knows no protocol.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, Generic, TypeVar

from twisted.cred.checkers import ICredentialsChecker
from twisted.cred.portal import Portal
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress, IReactorTime
from twisted.internet.protocol import Factory
from twisted.internet.task import Clock

from chatroom.core.admission import Address
from chatroom.core.chat import Chat
from chatroom.doors.assembly import open_chat
from chatroom.doors.connection import CLOSE_TIMEOUT, Connection, Phase
from chatroom.doors.deadlines import Deadlines
from chatroom.doors.proxied import ProxiedConnection, proxied
from chatroom.doors.sources import Source
from chatroom.model.answers import Notice
from chatroom.model.clock import steady
from chatroom.model.errors import ChatError
from chatroom.model.events import Event
from chatroom.model.settings import Settings
from chatroom.model.text import clean

ABORT_EVERY = 0.005
"""Seconds between two connections that are aborted for reading too slowly."""

GOODBYE = "the server is stopping"

MAX_ACCEPTS = 60
"""Connections that are accepted in one turn of the reactor, more or less: a few hundredths of a second.

Fewer would make more batches of those who enter, and each batch is a write to everybody.
"""

C = TypeVar("C", bound=Connection)


def host_and_port(host: str, port: int) -> str:
    """Both in one word, as they stand in a URL: an IPv6 address in brackets (RFC 3986 section 3.2.2)."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class DoorFactory(Factory, Generic[C]):
    """One way in, to hand to ``endpoint.listen``. A door derives from it and names its ``protocol``.

    Two doors are separate, unless they are given the same ``chat``.
    """

    protocol: Callable[..., C] | None  # type: ignore[assignment]  # Twisted's takes no arguments
    noisy = False
    needs_proxy_header = True
    """Whether each connection of a named proxy begins with a PROXY header."""

    def __init__(
        self,
        *,
        hook: Callable[[Event], None] | None = None,
        reactor: IReactorTime | None = None,
        chat: Chat | None = None,
        checkers: Sequence[ICredentialsChecker | str] = (),
        portal: Portal | None = None,
        **options: Any,
    ) -> None:
        """
        :param hook: called with every event, once everybody was shown it.
        :param reactor: for timers; without it, that of the first connection's transport.
        :param chat: the rooms that this door leads to, made by :func:`chatroom.doors.assembly.open_chat`; without it,
            the door has rooms of its own.
        :param checkers: of passwords (``ICredentialsChecker`` for ``IUsernamePassword``), in place of the built-in one;
            ``"accounts"`` among them stands for that.
        :param portal: through which people log in, in place of one for ``checkers``; its realm has an avatar for
            :class:`chatroom.doors.credentials.IAccount`.
        :param options: the fields of :class:`chatroom.model.settings.Settings`, when there is no ``chat``.
        :raises OSError: a file that the options name cannot be read.
        """
        if chat is not None and (hook is not None or checkers or portal is not None or options):
            raise TypeError("a chat that is handed in has its hook, its checkers and its settings already")
        self._clock: IReactorTime | None = None if reactor is None else steady(reactor)
        self.chat = chat or open_chat(Settings(**options), lambda: self._clock, hook, checkers=checkers, portal=portal)
        self.chat.when_broken.append(self._broken)
        self.settings = self.chat.settings
        self._connections: dict[C, None] = {}
        self.waiting: set[ProxiedConnection] = set()
        """The connections of named proxies that have not said for whom they are."""
        self._to_abort: deque[C | ProxiedConnection] = deque()
        self._aborting = False
        self._when_all_gone: list[Deferred[None]] = []
        if self._clock is not None:
            self._begin_scheduling()

    # For doors to override.

    @classmethod
    def check(cls, settings: Settings) -> None:
        """:raises ValueError: a setting of this door has a wrong value; it says which, and why."""

    def ways_in(self, host: str, port: int, tls: bool = False) -> list[str]:
        """Ways to join when the door listens at ``host`` and ``port``: commands to type, or an address to open.

        :param tls: whether connections there are encrypted.
        """
        return []

    def ways_in_by_socket(self, path: str) -> list[str]:
        """Ways to join when the door listens at a Unix socket."""
        return [f"nc -U {path}"]

    def listens_at(self, address: IAddress, encrypted: bool) -> None:
        """Take notice that the door listens at ``address``.

        :param encrypted: whether connections there are.
        """

    def farewell(self, error: ChatError) -> bytes:
        """The last bytes to a peer that gets no further than that, and has no session."""
        return f"! {error}\r\n".encode()

    @property
    def clock(self) -> IReactorTime:
        """The clock for limits and timers, which never goes back; there is one as soon as there is a connection."""
        assert self._clock is not None, "nobody has connected yet, and the factory was given no reactor"
        return self._clock

    @cached_property
    def handshakes(self) -> Deadlines[Any]:
        """The deadlines of those who have not come in yet."""
        return Deadlines(self.clock, self.settings.handshake_timeout, lambda connection: connection.too_late())

    @cached_property
    def closings(self) -> Deadlines[Any]:
        """The deadlines of those who read their last output."""
        return Deadlines(self.clock, CLOSE_TIMEOUT, self.abort_soon)

    @property
    def clients(self) -> Mapping[str, C]:
        """The people who are in by this door: the protocol of each, by nickname."""
        sessions = {connection.session: connection for connection in self._connections}
        # Somebody who has left holds no nickname, though the connection may take a while to close.
        return {
            session.nickname: connection
            for session, connection in sessions.items()
            if session.entered and self.chat.members.get(session.member.key) is session.member
        }

    @property
    def nicknames(self) -> list[str]:
        """The nicknames of the people who are in by this door, in the order in which they came."""
        return list(self.clients)

    def broadcast(self, text: str) -> None:
        """Tell everybody in all rooms each line of ``text`` as a notice, which is not kept."""
        for line in text.splitlines():
            self.chat.broadcast(clean(line))

    def buildProtocol(self, addr: IAddress | None) -> Any:
        """The protocol of a new connection; None, which closes the connection, when the server is stopping.

        :param addr: where it comes from: of a named proxy, its own address until a :class:`Source` takes its place.
        """
        if self.chat.stopping:
            return None
        waiting = proxied(self, addr, self.buildProtocol)
        if waiting is not None:
            return waiting
        protocol: Any = super().buildProtocol(addr)
        if isinstance(addr, Source):
            protocol.source = addr
        return protocol

    @cached_property
    def seconds(self) -> Callable[[], float]:
        """The clock for limits: seconds that only go forward."""
        return self.clock.seconds

    def connected(self, connection: C) -> Address:
        """Keep a connection that has a transport.

        :returns: where it comes from.
        :raises PeerError: there are too many; the connection is to be closed.
        """
        address = self.admit(connection.transport, connection.host)
        self._connections[connection] = None
        return address

    def _begin_scheduling(self) -> None:
        # The time of a test goes by hand, and so does its work.
        cpu_clock = None if isinstance(self.clock, Clock) else time.thread_time
        self.chat.scheduler.begin(self.seconds, lambda call: self.clock.callLater(0, call), cpu_clock)

    def admit(self, transport: Any, host: str) -> Address:
        """Count a connection that has just been made.

        :raises PeerError: there are too many; the connection is to be closed.
        """
        if self._clock is None:
            self._clock = steady(transport.reactor)
            self._begin_scheduling()
        _accept_few(transport)
        return self.chat.admission.admit(host, self.seconds())

    def disconnected(self, connection: C) -> None:
        """Keep a connection no more."""
        if connection in self._connections:
            del self._connections[connection]
            self.chat.admission.release(connection.host, self.seconds())
        if not self._connections:
            self._tell_all_gone()

    def _broken(self, error: ChatError) -> None:
        self.close_all()

    def abort_soon(self, connection: C | ProxiedConnection) -> None:
        """Abort a connection that is stuck, in its turn.

        When one connection is stuck, many are, and for each the system has megabytes to throw away. All at once, that
        would take long enough for the others to notice.
        """
        self._to_abort.append(connection)
        if not self._aborting:
            self._aborting = True
            self.clock.callLater(0, self._abort_next)

    def _abort_next(self) -> None:
        connection = self._to_abort.popleft()
        try:
            # A transport that is gone may not take it.
            if connection.phase is not Phase.CLOSED:
                connection.transport.abortConnection()
        finally:
            self._aborting = bool(self._to_abort)
            if self._aborting:
                self.clock.callLater(ABORT_EVERY, self._abort_next)

    def stop(self) -> Deferred[None]:
        """Keep and show the messages that have come, tell everybody that the server stops, and close all connections.

        :returns: fires when the last one is closed, :data:`~chatroom.doors.connection.CLOSE_TIMEOUT` seconds
            from now at the latest.
        """
        stopped: Deferred[None] = Deferred()
        self.chat.stop(lambda: stopped.callback(None))
        return stopped.addCallback(lambda _: self.close_all())

    def close_all(self) -> Deferred[None]:
        """Say goodbye to everybody at this door; fires when the last connection is closed."""
        gone: Deferred[None] = Deferred()
        self._when_all_gone.append(gone)
        for waiting in list(self.waiting):
            waiting.close()
        for connection in list(self._connections):
            if not connection.closing:
                connection.session.tell(Notice(GOODBYE))
                connection.close()
        if not self._connections:
            self._tell_all_gone()
        return gone

    def _tell_all_gone(self) -> None:
        waiting, self._when_all_gone = self._when_all_gone, []
        for gone in waiting:
            gone.callback(None)


def _accept_few(transport: Any) -> None:
    """Keep the port that accepted a connection from accepting ever more of them in a turn of the reactor."""
    port: Any = getattr(transport, "server", None)
    # Twisted raises this by 20 each time that it does not reach.
    if getattr(port, "numberAccepts", 0) > MAX_ACCEPTS:
        port.numberAccepts = MAX_ACCEPTS
