"""How one comes in where there is a line to type: the server says MAGIC, the newcomer answers with a nickname.

Shared by the doors whose clients answer it; :mod:`chatroom.wire.handshake` reads the answer.
"""

from __future__ import annotations

from typing import ClassVar

from chatroom.doors.connection import Connection
from chatroom.model.constants import ENCODING
from chatroom.model.errors import NotUTF8, PeerError, TooManyTries
from chatroom.wire import handshake
from chatroom.wire.formats import Format


class MagicConnection(Connection):
    """A connection that asks for a nickname until it has heard one that will do, and then hands in lines."""

    magic: ClassVar[bytes]
    """What it asks with, as it goes over the wire."""

    def __init__(self) -> None:
        super().__init__()
        self._tries = 0

    def greet(self) -> None:
        """Ask for a nickname."""
        self.send_queue.write(self.magic)

    def lineReceived(self, line: bytes) -> None:
        """Hand a line to the session, or, before they are in, take it as their nickname.

        :param line: no delimiter, at most ``max_line`` bytes.
        """
        try:
            text = line.decode(ENCODING)
        except UnicodeDecodeError:
            self.session.refuse(NotUTF8())
            return
        if self.session.entered:
            self.session.line(text)
        else:
            self._enter(text)

    def format_for(self, wanted: Format) -> Format:
        """The format that somebody has who asks for ``wanted``."""
        return wanted

    def _enter(self, text: str) -> None:
        try:
            wanted = handshake.parse(text)
            self.session.format = self.format_for(wanted.format)
            self.session.enter(wanted.nickname, wanted.rooms, wanted.since)
        except PeerError as refusal:
            self.session.refuse(refusal)
            self.not_entered()

    def not_entered(self) -> None:
        """Ask for another nickname, some times."""
        self._tries += 1
        if self._tries < handshake.MAX_TRIES:
            self.greet()
        else:
            self.say_goodbye(TooManyTries(tries=self._tries))
