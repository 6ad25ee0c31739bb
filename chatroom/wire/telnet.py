"""Telnet (RFC 854) in a stream of bytes: commands are taken out, every option is refused, and CR NUL ends a line.

No I/O.
"""

from __future__ import annotations

# RFC 854: commands start with IAC; WILL, WONT, DO and DONT have an option behind them; SB runs to IAC SE.
_SE, _SB, _WILL, _WONT, _DO, _DONT, _IAC = 240, 250, 251, 252, 253, 254, 255

IAC = bytes((_IAC,))
"""The byte that each command begins with."""

_ECHO = 1
"""The option of RFC 857: who has it shows what is typed."""


def with_line_ends(data: bytes, after_cr: bool) -> bytes:
    """``data`` with each CR NUL as CR LF.

    Telnet sends a CR that no LF follows as CR NUL (RFC 854), and clients that send single characters send that for the
    Enter key.

    :param after_cr: whether the bytes before ``data`` end with a CR.
    """
    if after_cr and data.startswith(b"\0"):
        data = b"\n" + data[1:]
    return data.replace(b"\r\0", b"\r\n")


class TelnetFilter:
    """Takes the commands of telnet out of a stream, and refuses every option that the peer offers or asks for.

    One option is offered at times: ECHO, with which a terminal leaves it to the server to show what is typed.

    Byte 255 starts each command and never stands in UTF-8, so a stream without telnet passes unchanged.
    """

    __slots__ = ("_command", "_echo_offers", "_in_subnegotiation")

    def __init__(self) -> None:
        self._command = b""
        # Offers of ECHO that the peer has not answered.
        self._echo_offers = 0
        self._in_subnegotiation = False

    def hide_typing(self, hidden: bool) -> bytes:
        """The command that has the peer's terminal not show what is typed, or show it again."""
        self._echo_offers += hidden
        return bytes((_IAC, _WILL if hidden else _WONT, _ECHO))

    def feed(self, data: bytes) -> tuple[bytes, bytes]:
        """``data`` without the commands, and the answers to them."""
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
            # RFC 855: an option that is not wanted is refused, and an answer that refuses one is not refused again.
            self._command = b""
            if byte == _ECHO and command[1] in (_DO, _DONT) and self._echo_offers:
                # An answer to an offer, which is not answered (RFC 1143).
                self._echo_offers -= 1
            elif command[1] == _DO:
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
