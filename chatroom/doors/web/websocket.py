"""A connection that speaks in WebSocket messages (RFC 6455): a message here is a line at the line door.

The wire has the dialogue of the line door in JSON, one object a message::

    server  NICK                          give a nickname
    client  alice [key=value ...]
    server  {"kind":"welcome", ...}       the welcome, then earlier talk, then live events
    client  hello                         talk, or a command: /who

Messages from a server carry no mask, so a message looks the same to everybody (RFC 6455 section 5.1). It is made once,
by a :class:`~chatroom.wire.formats.Format`, and shared. Input is taken apart by wsproto.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import ClassVar

from twisted.internet.interfaces import IDelayedCall
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure
from wsproto import connection as wire
from wsproto.events import BytesMessage, CloseConnection, Ping, TextMessage
from wsproto.frame_protocol import CloseReason, Opcode

from chatroom.doors.dialogue import DialogueConnection
from chatroom.doors.intake import Piece
from chatroom.model.answers import Answer
from chatroom.model.constants import ENCODING, MAGIC
from chatroom.model.errors import ChatError, LineTooLong
from chatroom.model.events import Event
from chatroom.wire.formats import NEWLINE, Format
from chatroom.wire.jsonlines import JSON
from chatroom.wire.send_queue import SendQueue, TransportSendQueue

PING_EVERY = 30
"""Seconds between two pings. A client that sends nothing in between, not even the answer, is disconnected."""

_FIN = 0x80
# RFC 6455 section 5.2: a length of 126 or 127 stands for one in the next two or eight bytes.
_SHORT, _TWO_BYTES, _EIGHT_BYTES = 125, 126, 127


def frame(payload: bytes, opcode: Opcode = Opcode.TEXT) -> bytes:
    """A complete message, as a server sends it."""
    length = len(payload)
    if length <= _SHORT:
        return bytes((_FIN | opcode, length)) + payload
    if length < 1 << 16:
        return struct.pack("!BBH", _FIN | opcode, _TWO_BYTES, length) + payload
    return struct.pack("!BBQ", _FIN | opcode, _EIGHT_BYTES, length) + payload


class Framed(Format):
    """Lines of JSON, each in a message of its own."""

    name = JSON.name
    marks_elsewhere = JSON.marks_elsewhere
    once_for_all_rooms = JSON.once_for_all_rooms
    _line_end = len(NEWLINE)

    def event(self, event: Event, elsewhere: bool) -> bytes:
        return frame(JSON.event(event, elsewhere)[: -self._line_end])

    def past_event(self, event: Event, elsewhere: bool, day: str, ref: str = "") -> bytes:
        return frame(JSON.past_event(event, elsewhere, day, ref)[: -self._line_end])

    def event_with_ref(self, event: Event, ref: str, elsewhere: bool) -> bytes:
        return frame(JSON.event_with_ref(event, ref, elsewhere)[: -self._line_end])

    def answer(self, answer: Answer, ref: str = "") -> bytes:
        return frame(JSON.answer(answer, ref)[: -self._line_end])


FRAMED = Framed()


class _BadFrame(ChatError):
    """The peer breaks the protocol: the connection is closed with a code."""

    def __init__(self, close_code: int) -> None:
        super().__init__()
        self.close_code = close_code


class WebSocketConnection(DialogueConnection):
    """One WebSocket, from its upgrade on."""

    first_format = FRAMED
    # Of the smallest frames, each an event of wsproto, this many bytes have two hundred.
    chunk = 1024
    nickname_prompt: ClassVar[bytes] = frame(MAGIC.encode(ENCODING))

    def __init__(self, response: bytes, in_turn: bool) -> None:
        """
        :param response: the response that accepts the upgrade, to be sent first.
        :param in_turn: whether the transport may still hold earlier answers.
        """
        super().__init__()
        self._response = response
        self._in_turn = in_turn
        self._wire = wire.Connection(wire.ConnectionType.SERVER)
        # The parts of a message that is not complete yet.
        self._parts: list[str] = []
        self._size = 0
        self._limit = 0
        self._heard = True
        self._next_ping: IDelayedCall | None = None
        self._close_code = 0

    def new_send_queue(self) -> SendQueue:
        if self._in_turn:
            # The send queue for sockets would overtake bytes that the transport still holds.
            send_queue: SendQueue = TransportSendQueue(self.transport, self.factory.settings.sendq, self)
        else:
            send_queue = super().new_send_queue()
        send_queue.write(self._response)
        return send_queue

    def format_for(self, wanted: Format) -> Format:
        """JSON in messages, whichever format is asked for."""
        return FRAMED

    def connectionMade(self) -> None:
        super().connectionMade()
        if not self.closing:
            self._next_ping = self.factory.clock.callLater(PING_EVERY, self._ping)

    # What comes in.

    def dataReceived(self, data: bytes) -> None:
        """Take bytes in whatever pieces they come; :meth:`lineReceived` gets each line of each message."""
        self._heard = True
        # It has begun as HTTP.
        self.intake.receive(data)

    def decode(self, data: bytes) -> Sequence[Piece]:
        """The lines of the messages that ``data`` completes; pings are answered."""
        pieces: list[Piece] = []
        self._wire.receive_data(data)
        for event in self._wire.events():
            if isinstance(event, TextMessage):
                pieces += self._text(event)
            elif isinstance(event, BytesMessage):
                pieces.append(_BadFrame(CloseReason.UNSUPPORTED_DATA))
                break
            elif isinstance(event, Ping):
                self.send_queue.write(frame(bytes(event.payload), Opcode.PONG))
            elif isinstance(event, CloseConnection):
                # wsproto also has this event when the peer breaks the protocol.
                if self._wire.state is not wire.ConnectionState.REMOTE_CLOSING:
                    pieces.append(_BadFrame(event.code))
                    break
                if event.code != CloseReason.NO_STATUS_RCVD:
                    self._close_code = event.code
                self.intake.end()
        return pieces

    def refuse(self, error: ChatError) -> None:
        """Say that a message was thrown away, or that the peer breaks the protocol."""
        if isinstance(error, _BadFrame):
            self._fail(error.close_code)
        else:
            super().refuse(error)

    def _text(self, part: TextMessage) -> list[bytes | ChatError]:
        """The lines of the message that ``part`` ends; none when the message goes on."""
        limit = self._limit
        self._size += len(part.data.encode(ENCODING))
        # Nothing is kept of a message that is too long, nor of empty parts.
        if self._size > limit:
            self._parts.clear()
        elif part.data:
            self._parts.append(part.data)
        if not part.message_finished:
            return []
        text, size = "".join(self._parts), self._size
        self._parts.clear()
        self._size = 0
        if size > limit:
            return [LineTooLong(limit=limit)]
        return [line.removesuffix("\r").encode(ENCODING) for line in text.removesuffix("\n").split("\n")]

    def limit_lines(self, limit: int) -> None:
        """Throw away what comes in longer lines, with an error."""
        self._limit = limit

    def _fail(self, code: int) -> None:
        """Say that the peer breaks the protocol, and close."""
        self._close_code = code
        # Nothing may follow the close frame (RFC 6455 section 5.5.1).
        self.session.lost("connection closed")
        self.close()

    # Output beside that of the session.

    def read_on(self) -> None:
        # Input that came in the meantime has yet to be read.
        self._heard = True
        super().read_on()

    def _ping(self) -> None:
        # Silence means nothing while the connection is not read.
        if not self._heard and self.intake.reading:
            self._next_ping = None
            self.transport.abortConnection()
            return
        self._heard = False
        self.send_queue.write(frame(b"", Opcode.PING))
        self._next_ping = self.factory.clock.callLater(PING_EVERY, self._ping)

    def close(self) -> None:
        """Close in good order, with a close frame first (RFC 6455 section 5.5.1)."""
        if not self.closing:
            usual = CloseReason.GOING_AWAY if self.factory.chat.stopping else CloseReason.NORMAL_CLOSURE
            self.send_queue.write(frame(struct.pack("!H", self._close_code or usual), Opcode.CLOSE))
        super().close()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if self._next_ping is not None:
            self._next_ping.cancel()
            self._next_ping = None
        super().connectionLost(reason)
