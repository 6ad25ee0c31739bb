"""The door for lines: ``nc``, telnet, the bundled client, and bots.

The wire, in short (docs/protocol.rst has all of it)::

    server  NICK                          give a nickname
    client  alice [key=value ...]         RFC 8266, no spaces
    server  ! ...                         refused; NICK comes again, five times in all
    server  * welcome to lobby, alice ... the welcome, then earlier talk, then live events
    client  hello                         talk
    server  alice: hello                  to everybody, the speaker too
    client  /who                          a command; // says a line that starts with /

The door turns bytes into lines for a session, and knows nothing of rooms.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from typing import ClassVar

from twisted.protocols.basic import LineReceiver

from chatroom.doors.dialogue import DialogueConnection
from chatroom.doors.factory import DoorFactory, host_and_port
from chatroom.doors.intake import Piece
from chatroom.model.constants import ENCODING, HOST_NAME, MAGIC, PORT
from chatroom.wire.formats import NEWLINE
from chatroom.wire.lines import LineSplitter
from chatroom.wire.telnet import IAC, TelnetFilter, with_line_ends


class ChatProtocol(DialogueConnection, LineReceiver):
    """One connection, which splits its input into lines and hands each to its session.

    It is a LineReceiver for programs that derive from it or hold one (``sendLine``, ``lineReceived``). It does not
    split input as LineReceiver does, which takes time that grows with the square of the input.
    """

    factory: ChatFactory
    delimiter = NEWLINE.encode()
    nickname_prompt: ClassVar[bytes] = MAGIC.encode(ENCODING) + delimiter
    # Made when the first of telnet's commands comes: most clients send none.
    _telnet: TelnetFilter | None = None
    # Whether the last byte was a CR, which a NUL may follow.
    _after_cr = False

    def connectionMade(self) -> None:
        """Begin with the nickname prompt."""
        self.MAX_LENGTH = self.factory.settings.max_line
        self._splitter = LineSplitter(self.MAX_LENGTH)
        super().connectionMade()

    def decode(self, data: bytes) -> Sequence[Piece]:
        """The lines that end in ``data``, with telnet's commands taken out and answered."""
        if self._telnet is not None or IAC in data:
            self._telnet = self._telnet or TelnetFilter()
            data, answers = self._telnet.feed(data)
            if answers:
                self.send_queue.write(answers)
        if b"\0" in data:
            data = with_line_ends(data, self._after_cr)
        if (after_cr := data[-1:] == b"\r") != self._after_cr:
            self._after_cr = after_cr
        return self._splitter.feed(data)

    def hide_typing(self, hidden: bool) -> None:
        """Have a terminal that has shown that it speaks telnet leave it to the server to show what is typed."""
        if self._telnet is not None:
            self.send_queue.write(self._telnet.hide_typing(hidden))

    def limit_lines(self, limit: int) -> None:
        """Throw away what comes in longer lines, with an error."""
        self._splitter.limit = limit

    def last_piece(self) -> bytes:
        """The text that no line end follows, which is a line, too: ``printf hello | nc -N`` says it."""
        return self._splitter.end()


class ChatFactory(DoorFactory[ChatProtocol]):
    """A room to hand to ``endpoint.listen``; it needs nothing else.

    Two factories are separate, unless they are given the same ``chat``.
    """

    protocol = ChatProtocol

    def ways_in(self, host: str, port: int, tls: bool = False) -> list[str]:
        """The bundled client, and programs that people have already."""
        where = f" --host {host}" if host != HOST_NAME else ""
        if tls:
            return [
                f"{_python()} -m chatroom.client NICKNAME --tls{where} --port {port}",
                f"openssl s_client -quiet -connect {host_and_port(host, port)}",
            ]
        options = where + (f" --port {port}" if port != PORT else "")
        return [f"{_python()} -m chatroom.client NICKNAME{options}", f"nc {host} {port}", f"telnet {host} {port}"]


def _python() -> str:
    """The command for the Python that runs; that of a virtual environment may not be on the path."""
    found = shutil.which("python")
    if found is not None and os.path.dirname(found) == os.path.dirname(sys.executable):
        return "python"
    nearer = os.path.relpath(sys.executable)
    return sys.executable if nearer.startswith(os.pardir) else nearer
