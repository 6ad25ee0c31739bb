"""From bytes to lines, in whatever pieces the bytes come.

The first step of the way of a line, for the doors that speak in lines. No I/O: bytes go in, lines come out,
and any chunking of the same bytes gives the same lines.
"""

from __future__ import annotations

from chatroom.model.errors import LineTooLong


class LineSplitter:
    """Splits at LF, takes a CR before it away, and throws away what is longer than ``limit`` bytes."""

    __slots__ = ("_discarding", "_rest", "limit")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._rest = b""
        self._discarding = False

    def feed(self, data: bytes) -> list[bytes | LineTooLong]:
        """The lines that ``data`` ends, in order; a line that is too long is an error in its place."""
        whole = self._rest + data
        # One pass over the whole read: twisted's LineReceiver copies its buffer once for each line.
        pieces = whole.replace(b"\r\n", b"\n").split(b"\n")
        self._rest = pieces.pop()
        if self._discarding:
            if not pieces:
                self._rest = b""
                return []
            del pieces[0]
            self._discarding = False
        if len(whole) <= self.limit:
            return list(pieces)
        lines = [LineTooLong(limit=self.limit) if len(piece) > self.limit else piece for piece in pieces]
        if len(self._rest.removesuffix(b"\r")) > self.limit:
            lines.append(LineTooLong(limit=self.limit))
            self._discarding = True
            self._rest = b""
        return lines

    def end(self) -> bytes:
        """What stood behind the last LF: the line that the end of the stream ends."""
        rest, self._rest = self._rest, b""
        return rest.removesuffix(b"\r")


# RFC 854: commands start with IAC; WILL, WONT, DO and DONT have an option behind them; SB runs to IAC SE.
_SE, _SB, _WILL, _WONT, _DO, _DONT, _IAC = 240, 250, 251, 252, 253, 254, 255


class TelnetFilter:
    """Takes telnet's commands out of a stream, and refuses every option that the other end offers or asks for.

    Byte 255 starts each of them and never stands in UTF-8, so a stream without telnet passes as it is.
    """

    __slots__ = ("_command", "_in_subnegotiation")

    def __init__(self) -> None:
        self._command = b""
        self._in_subnegotiation = False

    def feed(self, data: bytes) -> tuple[bytes, bytes]:
        """``data`` without the commands, and what to answer them."""
        if b"\xff" not in data and not self._command and not self._in_subnegotiation:
            return data, b""
        text, answers = bytearray(), bytearray()
        for byte in data:
            self._take(byte, text, answers)
        return bytes(text), bytes(answers)

    def _take(self, byte: int, text: bytearray, answers: bytearray) -> None:
        command = self._command
        if not command:
            if byte == _IAC:
                self._command = b"\xff"
            elif not self._in_subnegotiation:
                text.append(byte)
        elif len(command) == 2:
            # RFC 855: what one does not want is refused, what was refused already is not refused again.
            self._command = b""
            if command[1] == _DO:
                answers += bytes((_IAC, _WONT, byte))
            elif command[1] == _WILL:
                answers += bytes((_IAC, _DONT, byte))
        elif byte in (_WILL, _WONT, _DO, _DONT) and not self._in_subnegotiation:
            self._command = command + bytes((byte,))
        else:
            self._command = b""
            if byte == _SB:
                self._in_subnegotiation = True
            elif byte == _SE:
                self._in_subnegotiation = False
            elif byte == _IAC and not self._in_subnegotiation:
                text.append(byte)
