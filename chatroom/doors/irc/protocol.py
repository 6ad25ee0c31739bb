"""The connection of an IRC client, which hands its session one line after the other, and sees whether it lives.

The way in: bytes are split into lines, a line is taken apart (:mod:`chatroom.doors.irc.message`), and the table of
commands (:mod:`chatroom.doors.irc.commands`) says what it asks for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twisted.internet.interfaces import IAddress, IDelayedCall
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure

from chatroom.doors.connection import Connection
from chatroom.doors.factory import DoorFactory
from chatroom.doors.intake import Piece
from chatroom.doors.irc import commands
from chatroom.doors.irc.message import MAX_LINE, MAX_TAGS, parse
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
        # Whether a PING is not answered yet.
        self._pinged = False
        self._liveness_check: IDelayedCall | None = None

    def new_session(self) -> IRCSession:
        """The session of somebody who has connected."""
        session = IRCSession(self.factory.chat, self, self.factory.server)
        self.factory.server.connected(session)
        return session

    def dataReceived(self, data: bytes) -> None:
        """Take bytes in whatever pieces they come."""
        self._heard_at = self.factory.seconds()
        self._pinged = False
        super().dataReceived(data)

    def decode(self, data: bytes) -> Sequence[Piece]:
        """The lines that end in ``data``."""
        return self._splitter.feed(data)

    def refuse(self, error: ChatError) -> None:
        """Refuse a line that was thrown away as it came in."""
        commands.refuse_line(self.session, error)

    def lineReceived(self, line: bytes) -> None:
        """Do one line.

        :param line: no end, at most as long as the splitter lets through.
        """
        try:
            message = parse(line)
        except LineTooLong as error:
            self.refuse(error)
        else:
            commands.run(self.session, message)

    def last_piece(self) -> bytes:
        """The bytes behind the last line end are a line, too."""
        return self._splitter.end()

    def come_in(self) -> None:
        """Registered clients are asked whether they live."""
        super().come_in()
        if self._liveness_check is None and not self.closing:
            self._check_again(PING_AFTER)

    def _check_again(self, seconds: float) -> None:
        self._liveness_check = self.factory.clock.callLater(seconds, self._check_liveness)

    def _check_liveness(self) -> None:
        self._liveness_check = None
        if self.closing:
            return
        silent = self.factory.seconds() - self._heard_at
        if not self.intake.reading:
            # A client that is not read for now may have answered long ago.
            self._check_again(PING_AFTER)
        elif self._pinged:
            self.session.quit(f"ping timeout: {PING_AFTER + PING_TIMEOUT} seconds")
        elif silent < PING_AFTER:
            self._check_again(PING_AFTER - silent)
        else:
            self._pinged = True
            self.session.send_aside(f"PING :{self.factory.server.name}")
            self._check_again(PING_TIMEOUT)

    def goodbye(self, error: ChatError) -> None:
        """Why the connection is closed is said with its ERROR."""
        self.session.parting = str(error)

    def close(self) -> None:
        """Say that it is over, and close."""
        if not self.closing:
            self.session.send_last(f"ERROR :Closing link: ({self.session.parting})")
        super().close()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Leave."""
        if self._liveness_check is not None:
            self._liveness_check.cancel()
            self._liveness_check = None
        self.factory.server.lost(self.session)
        super().connectionLost(reason)


class IRCFactory(DoorFactory[IRCConnection]):
    """The IRC door, to hand to ``endpoint.listen``."""

    protocol = IRCConnection

    def __init__(self, **options: Any) -> None:
        """
        :param options: what any door takes.
        :raises OSError, ValueError: the file with the password will not do; :meth:`check` says so in a sentence.
        """
        super().__init__(**options)
        self.server = IRCServer(self.chat)

    @classmethod
    def check(cls, settings: Settings) -> None:
        """:raises ValueError: a setting of this door will not do; it says which, and why."""
        check(settings)

    def listens_at(self, address: IAddress, encrypted: bool) -> None:
        """Clients may be sent to a port that is encrypted (STS)."""
        if encrypted:
            self.server.encrypted_port = getattr(address, "port", 0)

    def farewell(self, error: ChatError) -> bytes:
        return f"ERROR :Closing link: ({error})\r\n".encode()

    def ways_in(self, host: str, port: int, tls: bool = False) -> list[str]:
        """The commands to type to come in."""
        option = "-tls " if tls else ""
        return [f"/connect {option}{host} {port} in an IRC client, then /join #{self.chat.default_room}"]

    def ways_in_by_socket(self, path: str) -> list[str]:
        """Nothing: IRC clients know no such sockets."""
        return []
