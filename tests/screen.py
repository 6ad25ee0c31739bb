"""What a person sees: a program on a pseudo-terminal, its output drawn by a terminal emulator (pyte).

Everything waits for what a test expects to see, as in :mod:`support`.
"""

from __future__ import annotations

import fcntl
import os
import re
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from importlib.util import find_spec
from pathlib import Path

import pytest
from support import CLIENT, TIMEOUT, Program, missing

PYTE = find_spec("pyte") is not None
if PYTE:
    import pyte

TERM = {"TERM": "xterm-256color", "NO_COLOR": ""}


class Screen(Program):
    """A program, and the screen that it draws on."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        cwd: Path,
        columns: int = 80,
        rows: int = 24,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        if not PYTE:
            missing("pyte is not installed")
        self._screen = pyte.HistoryScreen(columns, rows, history=10_000, ratio=0.5)
        self._stream = pyte.ByteStream(self._screen)
        self._drawn = 0
        super().__init__(command, cwd=cwd, terminal=True, environment={**TERM, **(environment or {})})
        self.resize(columns, rows)

    def resize(self, columns: int, rows: int) -> None:
        """Drag the window to another size; the program is told by a signal."""
        self._screen.resize(rows, columns)
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type_bytes(self, data: bytes) -> None:
        """Press keys that stand for no text."""
        os.write(self._input, data)

    def close(self) -> None:
        """End it in good order if it can: what a process that is killed has covered is not counted."""
        if self.process.poll() is None:
            self.signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(5)
        super().close()

    def hang_up(self) -> None:
        """Close the window."""
        os.close(self._input)
        self._input = -1

    def rows(self) -> list[str]:
        """What stands in the rows of the screen, from the top; without spaces at the ends, and empty rows below."""
        self._draw()
        rows = [row.rstrip() for row in self._screen.display]
        while rows and not rows[-1]:
            rows.pop()
        return rows

    def above(self) -> list[str]:
        """The rows that have been scrolled out at the top."""
        self._draw()
        columns = range(self._screen.columns)
        return ["".join(row[column].data for column in columns).rstrip() for row in self._screen.history.top]

    def everything(self) -> list[str]:
        """All that one sees when one scrolls up."""
        return [*self.above(), *self.rows()]

    def look_of(self, text: str) -> list[pyte.screens.Char]:
        """The characters of the lowest row in which ``text`` stands, with their colours and so on."""
        for number, row in reversed(list(enumerate(self._screen.display))):
            if text in row:
                start = row.index(text)
                return [self._screen.buffer[number][column] for column in range(start, start + len(text))]
        pytest.fail(f"{text!r} does not stand on the screen:\n{self}")

    def colours(self) -> set[str]:
        """The colours in which anything on the screen is shown, and those behind it."""
        self._draw()
        characters = [character for row in self._screen.buffer.values() for character in row.values()]
        return {colour for character in characters for colour in (character.fg, character.bg)}

    @property
    def cursor(self) -> tuple[int, int]:
        """The row and the column of the cursor."""
        self._draw()
        return self._screen.cursor.y, self._screen.cursor.x

    def until(self, wanted: Callable[[list[str]], object], timeout: float = TIMEOUT) -> list[str]:
        """Wait until the rows are as ``wanted``, and the cursor is where it is to be; the rows.

        What comes may end anywhere in a drawing: prompt_toolkit hides the cursor from its beginning to its end.
        """
        end = time.monotonic() + timeout
        while not wanted(self.rows()) or self._screen.cursor.hidden:
            if self._over or not self._read(end):
                pytest.fail(f"The screen never came to look like that:\n{self}")
        return self.rows()

    def shows(self, *texts: str, timeout: float = TIMEOUT) -> list[str]:
        """Wait until each of ``texts`` stands in a row; the rows."""
        try:
            return self.until(lambda rows: all(any(text in row for row in rows) for text in texts), timeout)
        except pytest.fail.Exception:
            pytest.fail(f"Not shown: {[text for text in texts if not any(text in row for row in self.rows())]}\n{self}")

    def _draw(self) -> None:
        self._stream.feed(self.heard[self._drawn :])
        self._drawn = len(self.heard)

    def __str__(self) -> str:
        return "\n".join(["-" * self._screen.columns, *self.rows(), "-" * self._screen.columns])


def without_times(rows: list[str]) -> list[str]:
    """The rows with ``HH:MM`` for the time that they begin with."""
    return [re.sub(r"^( *)\d\d:\d\d ", r"\1HH:MM ", row) for row in rows]


class Desk:
    """Where terminals are opened."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stack = ExitStack()

    def run(
        self, *command: str, columns: int = 80, rows: int = 24, environment: Mapping[str, str] | None = None
    ) -> Screen:
        opened = Screen(command, cwd=self._folder, columns=columns, rows=rows, environment=environment)
        return self._stack.enter_context(closing(opened))

    def client(
        self,
        nickname: str,
        port: int,
        *options: str,
        columns: int = 80,
        rows: int = 24,
        environment: Mapping[str, str] | None = None,
    ) -> Screen:
        command = [*CLIENT, nickname, "--port", str(port), *options]
        return self.run(*command, columns=columns, rows=rows, environment=environment)

    def enter(self, nickname: str, port: int, environment: Mapping[str, str] | None = None) -> Screen:
        """A client that is in."""
        screen = self.client(nickname, port, environment=environment)
        screen.shows(f"* {nickname} joined", "| connected")
        return screen

    def close(self) -> None:
        self._stack.close()
