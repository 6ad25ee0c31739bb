"""The journal: lines of the server's log about people, for the person who runs it.

It says who came in and from which address, who went and why, and whom a door turned away. The lines of one turn of the
reactor make one entry of the log, and equal ones are counted: when a thousand people come in at once, writing it down
costs no more than one of them does.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.logger import Logger

from chatroom.model.text import clean

MAX_LINE = 500
"""Characters of a line; some have text in them that a client chose."""

MAX_LINES = 1000
"""Lines that wait to be written at most."""


class Journal:
    """Gathers lines, and writes them in the next turn."""

    _log = Logger()

    def __init__(self, soon: Callable[[Callable[[], None]], object]) -> None:
        """:param soon: has something called in the next turn of the reactor."""
        self._soon = soon
        # How often each line is to be written.
        self._lines: dict[str, int] = {}

    def note(self, line: str) -> None:
        """Write ``line`` soon; characters that a terminal would act on are taken out."""
        line = line[:MAX_LINE]
        if not line.isprintable():
            line = clean(line)
        if not self._lines:
            self._soon(self.flush)
        elif len(self._lines) >= MAX_LINES:
            self._write()
        self._lines[line] = self._lines.get(line, 0) + 1

    def flush(self) -> None:
        """Write the lines that wait."""
        if self._lines:
            self._write()

    def _write(self) -> None:
        lines, self._lines = self._lines, {}
        self._log.info(
            "{lines}", lines="\n".join(line if n == 1 else f"{line} ({n} times)" for line, n in lines.items())
        )
