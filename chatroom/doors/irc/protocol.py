"""The door for IRC clients: a connection that hands its session one line after the other, and sees whether it lives.

The way in: bytes are split into lines, a line is taken apart (:mod:`chatroom.doors.irc.message`), and the table of
commands (:mod:`chatroom.doors.irc.commands`) says what it asks for.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.interfaces import IDelayedCall
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure

from chatroom.doors.connection import Connection
from chatroom.doors.factory import DoorFactory
from chatroom.doors.irc import commands
from chatroom.doors.irc.message import MAX_LINE, MAX_TAGS, encode, parse
from chatroom.doors.irc.server import IRCServer, check
from chatroom.doors.irc.session import IRCSession
from chatroom.model.errors import ChatError, LineTooLong
from chatroom.model.settings import Settings
from chatroom.wire.lines import LineSplitter

PING_AFTER = 90
"""Seconds without a line after which a client is asked whether it lives."""

PING_TIMEOUT = 60
"""Seconds that it may take to answer."""


class IRCConnection(Connection):
    """One connection."""

    factory: IRCFactory
    session: IRCSession

    def __init__(self) -> None:
        super().__init__()
        self._splitter = LineSplitter(MAX_TAGS + MAX_LINE)
        self._heard_at = 0.0
        self._asked = False
        self._ping: IDelayedCall | None = None

    def new_session(self) -> IRCSession:
        """The session of whoever has connected."""
        session = IRCSession(self.factory.chat, self, self.factory.server)
        self.factory.server.connected[session] = session
        return session

    def dataReceived(self, data: bytes) -> None:
        """Take bytes in whatever pieces they come."""
        self._heard_at = self.factory.clock.seconds()
        self._asked = False
        self.take(self._splitter.feed(data))

    def lineReceived(self, line: bytes) -> None:
        """Do what a line asks for.

        :param line: no end, at most what the splitter lets through.
        """
        try:
            message = parse(line)
        except LineTooLong as error:
            self.session.refuse(error)
            return
        commands.run(self.session, message)

    def last_piece(self) -> bytes:
        """What nothing follows is a line, too."""
        return self._splitter.end()

    def come_in(self) -> None:
        """They are in: from now on they are asked whether they live."""
        super().come_in()
        if self._ping is None and not self.closing:
            self._look_again(PING_AFTER)

    def _look_again(self, seconds: float) -> None:
        self._ping = self.factory.clock.callLater(seconds, self._is_alive)

    def _is_alive(self) -> None:
        self._ping = None
        if self.closing:
            return
        silent = self.factory.clock.seconds() - self._heard_at
        if self.paused:
            # Somebody who is not read may have answered long ago.
            self._look_again(PING_AFTER)
        elif self._asked:
            self.session.quit(f"ping timeout: {PING_AFTER + PING_TIMEOUT} seconds")
        elif silent < PING_AFTER:
            self._look_again(PING_AFTER - silent)
        else:
            self._asked = True
            self.session.send_aside(f"PING :{self.factory.server.name}")
            self._look_again(PING_TIMEOUT)

    def goodbye(self, error: ChatError) -> None:
        """Say why the connection is closed, where it is said: with its ERROR."""
        self.session.parting = str(error)

    def close(self) -> None:
        """Say that it is over, and close."""
        if not self.closing:
            self.send_queue.write(encode(f"ERROR :Closing link: ({self.session.parting})"))
        super().close()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Leave."""
        if self._ping is not None:
            self._ping.cancel()
            self._ping = None
        self.factory.server.left(self.session)
        super().connectionLost(reason)


class IRCFactory(DoorFactory[IRCConnection]):
    """The IRC door, to hand to ``endpoint.listen``."""

    protocol = IRCConnection

    def __init__(self, **options: Any) -> None:
        """
        :param options: what any door takes.
        :raises OSError, ValueError: a file of the settings will not do; :meth:`check` says so in a sentence.
        """
        super().__init__(**options)
        self.server = IRCServer(self.chat, lambda: self.clock)

    @classmethod
    def check(cls, settings: Settings) -> None:
        """:raises ValueError: a setting of this door will not do; it says which, and why."""
        check(settings)

    def ways_in(self, host: str, port: int, tls: bool = False) -> list[str]:
        """What to type to come in."""
        option = "-tls " if tls else ""
        return [f"/connect {option}{host} {port} in an IRC client, then /join #{self.chat.default_room}"]

    def ways_in_by_socket(self, path: str) -> list[str]:
        """Nothing: IRC clients know no such sockets."""
        return []
