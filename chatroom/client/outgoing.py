"""Outgoing text: what a person has pasted, cut into messages that the server takes. It knows no terminal.

The messages are said one by one, the next when the one before is answered. So the person can stop the rest at any time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from chatroom.client.limits import pieces
from chatroom.model.answers import Limits
from chatroom.model.constants import ENCODING
from chatroom.model.text import clean_lines


def messages(text: str, limits: Limits | None) -> Iterator[str]:
    """``text`` in messages within ``limits``: cut between lines, and within a line only where it is too long alone."""
    if limits is None:
        yield text
        return
    together: list[str] = []
    size = -1
    for line in text.split("\n"):
        for piece in pieces(line, limits.message):
            more = len(piece.encode(ENCODING)) + 1
            if together and (len(together) >= limits.lines or size + more > limits.message):
                yield "\n".join(together)
                together, size = [], -1
            together.append(piece)
            size += more
    yield "\n".join(together)


class Outgoing:
    """The messages that are still to be said."""

    def __init__(self) -> None:
        self._messages: deque[str] = deque()
        self.room = ""
        """The room to say them in."""

    def __len__(self) -> int:
        return len(self._messages)

    @property
    def lines(self) -> int:
        """The number of lines in them."""
        return sum(message.count("\n") + 1 for message in self._messages)

    def start(self, text: str, room: str, limits: Limits | None) -> None:
        """Have ``text`` said, behind what is outgoing already."""
        self._messages.extend(message for message in messages(text, limits) if clean_lines(message))
        self.room = room

    @property
    def first(self) -> str:
        """The next message to say, which stays here until :meth:`said`."""
        return self._messages[0]

    def __iter__(self) -> Iterator[str]:
        return iter(self._messages)

    def said(self) -> None:
        """Take notice that the first one is on its way, or cannot be said."""
        self._messages.popleft()

    def stop(self) -> int:
        """Forget them; the number of their lines."""
        lines = self.lines
        self._messages.clear()
        return lines
