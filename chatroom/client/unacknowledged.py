"""What was sent and has not come back: after a connection was lost, it tells what has not arrived.

A line goes into a connection before anybody knows that it is dead. What was said comes back once it is kept, if not
by this connection then with what was missed; so what has not come back by then was not said, and may be sent again.
"""

from __future__ import annotations

from collections import deque

from chatroom.client.render_context import RenderContext
from chatroom.model.events import Acted, Answer, Event, Refused, Said
from chatroom.model.text import clean

MAX_LINES = 10_000
"""Lines that are remembered; of more, the oldest are forgotten."""

_REFUSALS = frozenset(("in-no-room", "not-kept"))
"""The errors that answer a line of talk, in the order in which the lines were sent."""


class Unacknowledged:
    """The lines of talk that are on their way."""

    def __init__(self) -> None:
        self._lines: deque[tuple[type[Event], str, str]] = deque(maxlen=MAX_LINES)

    def sent(self, line: str) -> None:
        """Remember ``line``, if it will come back when it arrives: commands other than ``/me`` do not."""
        command, _, text = line.partition(" ")
        if line.startswith("//") or not line.startswith("/"):
            self._lines.append((Said, clean(line.removeprefix("/")), line))
        elif command == "/me":
            self._lines.append((Acted, clean(text).strip(), line))

    def note(self, thing: Event | Answer, context: RenderContext) -> None:
        """Take off what has come back, and what was answered."""
        if isinstance(thing, Refused):
            if self._lines and thing.code in _REFUSALS:
                self._lines.popleft()
            elif self._lines and thing.code == "line-too-long":
                self._lines.remove(max(self._lines, key=lambda line: len(line[1])))
        elif isinstance(thing, Said | Acted) and thing.nickname == context.nickname:
            self._came_back(type(thing), thing.text)

    def _came_back(self, kind: type[Event], text: str) -> None:
        # What stands before it was sent before it, and would have come back by now.
        for count, (sent_kind, sent_text, _) in enumerate(self._lines, 1):
            if (kind, text) == (sent_kind, sent_text):
                for _ in range(count):
                    self._lines.popleft()
                return

    def take(self) -> list[str]:
        """The lines that have not arrived; they are forgotten."""
        lines = [line for _, _, line in self._lines]
        self._lines.clear()
        return lines
