"""Connections with a nickname prompt: the server asks for a nickname, and the newcomer gives one.

The line and web doors share this module. :mod:`chatroom.wire.handshake` reads the answer to the prompt. Each later line
goes to the :class:`~chatroom.core.dialogue.Dialogue` behind the connection.
"""

from __future__ import annotations

from typing import ClassVar

from chatroom.core.commands import COMMANDS
from chatroom.core.dialogue import Dialogue
from chatroom.core.gate import Keys
from chatroom.core.session import Phase
from chatroom.doors.connection import Connection
from chatroom.model.constants import ENCODING
from chatroom.model.errors import ChatError, LineTooLong, NotUTF8, PeerError, TooManyTries
from chatroom.wire import handshake
from chatroom.wire.formats import Format
from chatroom.wire.plain import PLAIN
from chatroom.wire.requests import Refusal, max_line, parse_request

# Looked up for each line.
_OUTSIDE = Phase.OUTSIDE


class DialogueConnection(Connection):
    """A connection that asks for a nickname until one is granted, and then hands lines to its session."""

    session: Dialogue
    nickname_prompt: ClassVar[bytes]
    """The nickname prompt, as it goes over the wire."""
    first_format: ClassVar[Format] = PLAIN
    """The format until the handshake has asked for one."""

    _tries = 0
    _json_input = False

    def new_session(self) -> Dialogue:
        """The dialogue behind the connection."""
        return Dialogue(self.factory.chat, self, self.first_format, COMMANDS)

    def greet(self) -> None:
        """Ask for a nickname."""
        self.limit_lines(max(handshake.MAX_BYTES, self.factory.settings.max_line))
        self.send_queue.write(self.nickname_prompt)

    def lineReceived(self, line: bytes) -> None:
        """Hand a line to the session, or, before they are in, take it as the answer to the prompt.

        :param line: no delimiter, at most as many bytes as :meth:`limit_lines` was told when it was read.
        """
        session = self.session
        outside = session.phase is _OUTSIDE
        if session.wanted is not None:
            self._take_password(line)
            return
        if self._json_input and not outside:
            self._take_request(line)
            return
        try:
            text = line.decode(ENCODING)
        except UnicodeDecodeError:
            session.refuse(NotUTF8())
            return
        if outside:
            self._enter(text)
        elif len(line) > (limit := self.factory.settings.max_line):
            # It was read while a handshake was expected.
            self.refuse(LineTooLong(limit=limit))
        else:
            session.line(text)

    def _take_password(self, line: bytes) -> None:
        try:
            text = line.decode(ENCODING)
        except UnicodeDecodeError:
            # They are still asked for it.
            self.session.refuse(NotUTF8())
            return
        self.session.take_password(text)

    def refuse(self, error: ChatError) -> None:
        """Say that a line was thrown away; its ref, if it had one, was not read."""
        self.session.ref = ""
        super().refuse(error)

    def _take_request(self, line: bytes) -> None:
        if line.isspace() or not line:
            return
        settings = self.factory.settings
        request = parse_request(line, settings.max_line, settings.max_lines)
        if isinstance(request, Refusal):
            self.session.ref = request.ref
            self.session.refuse(request.error)
        else:
            self.session.take(request)

    def limit_lines(self, limit: int) -> None:
        """Read lines of at most ``limit`` bytes from now on."""
        raise NotImplementedError

    def format_for(self, wanted: Format) -> Format:
        """The format of somebody who asks for ``wanted``."""
        return wanted

    def _enter(self, text: str) -> None:
        try:
            wanted = handshake.parse(text)
        except PeerError as refusal:
            self.session.refuse(refusal)
            self.not_entered()
            return
        self.session.format = self.format_for(wanted.format)
        self._json_input = wanted.json_input
        limit = self.factory.settings.max_line
        self.limit_lines(max_line(limit) if wanted.json_input else limit)
        keys = Keys(wanted.password, wanted.invitation, wanted.token)
        self.session.enter(
            *(wanted.nickname, wanted.rooms, wanted.since, wanted.client, wanted.account), also=wanted.also, keys=keys
        )

    def not_entered(self) -> None:
        """Ask for another nickname, at most :data:`~chatroom.wire.handshake.MAX_TRIES` times in all.

        Whoever has given one that is registered is asked for its password first.
        """
        if self.session.wanted is not None:
            self.session.show_wanted()
            return
        self._tries += 1
        if self._tries < handshake.MAX_TRIES:
            self.greet()
        else:
            self.say_goodbye(TooManyTries(tries=self._tries))
