"""The journal: lines of the server's log about people, for the person who runs it.

It says who came in and from which address, who went and why, and whom a door turned away. The lines of one turn of the
reactor are written together, and equal ones are counted: when a thousand people come in at once, writing it down costs
little more than one of them does.

The log may go to a terminal that somebody has stopped (Ctrl-S), or into a pipe that nobody reads. A write there would
stop the server for everybody. So the journal looks whether standard output takes more, keeps its lines until it does,
and leaves out what is more than it may keep.
"""

from __future__ import annotations

import select
from collections.abc import Callable

from twisted.logger import Logger

from chatroom.model.constants import ENCODING
from chatroom.model.text import clean

MAX_LINE = 500
"""Characters of a line; some have text in them that a client chose."""

MAX_LINES = 1000
"""Lines that wait to be written at most."""

MAX_ENTRY = 2048
"""Bytes of an entry, or one line more: a pipe that takes anything takes as many as these (PIPE_BUF, pipe(7))."""

TRY_AGAIN_AFTER = 1.0
"""Seconds until the journal looks again whether standard output takes more."""

_STDOUT = 1


class Journal:
    """Gathers lines, and writes them in the next turn."""

    _log = Logger()

    def __init__(self, later: Callable[[float, Callable[[], None]], object]) -> None:
        """:param later: has something called after so many seconds."""
        self._later = later
        self._scheduled = False
        # How often each line is to be written, and how many were left out.
        self._lines: dict[str, int] = {}
        self._left_out = 0

    def note(self, line: str) -> None:
        """Write ``line`` soon; characters that a terminal would act on are taken out."""
        line = line[:MAX_LINE]
        if not line.isprintable():
            line = clean(line)
        if len(self._lines) >= MAX_LINES:
            self.flush()
        if len(self._lines) >= MAX_LINES:
            self._left_out += 1
            return
        self._lines[line] = self._lines.get(line, 0) + 1
        self._schedule(0)

    def flush(self) -> None:
        """Write the lines that wait, as far as standard output takes them."""
        while self._lines:
            if not _takes_more():
                self._schedule(TRY_AGAIN_AFTER)
                return
            self._write_some()

    def _schedule(self, seconds: float) -> None:
        if not self._scheduled:
            self._scheduled = True
            self._later(seconds, self._is_due)

    def _is_due(self) -> None:
        self._scheduled = False
        self.flush()

    def _write_some(self) -> None:
        entry, size = [], 0
        if self._left_out:
            entry.append(f"{self._left_out} lines were left out here: nobody has read the log")
            self._left_out = 0
        while self._lines and size < MAX_ENTRY:
            line = next(iter(self._lines))
            times = self._lines.pop(line)
            entry.append(line if times == 1 else f"{line} ({times} times)")
            size += len(line.encode(ENCODING, "replace"))
        self._log.info("{lines}", lines="\n".join(entry))


def _takes_more() -> bool:
    """Whether a write to standard output would not wait."""
    try:
        return bool(select.select((), (_STDOUT,), (), 0)[1])
    except (OSError, ValueError):
        # It is closed, or a file on a system that selects sockets alone.
        return True
