"""Bytes to lines, in whatever pieces the bytes come.

This is the first step of the way of a line, at doors whose protocols have lines. No I/O: bytes go in, lines come out,
and any chunking of the same bytes gives the same lines.
"""

from __future__ import annotations

from chatroom.model.errors import LineTooLong


class LineSplitter:
    """Splits at LF, takes a CR before it away, and throws away lines that are longer than ``limit`` bytes."""

    __slots__ = ("_discarding", "_rest", "limit")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._rest = b""
        self._discarding = False

    def feed(self, data: bytes) -> list[bytes | LineTooLong]:
        """The lines that end in ``data``, in order; a line that is too long is an error in its place."""
        whole = self._rest + data
        # One pass over the whole read: Twisted's LineReceiver copies its buffer once for each line.
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
        """The text behind the last LF: a line that the end of the stream ends."""
        rest, self._rest = self._rest, b""
        return rest.removesuffix(b"\r")
