"""Programs that want a whole terminal, driven in tmux: keys go in, and the screen is read back."""

from __future__ import annotations

import os
import shlex
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from support import TIMEOUT, program

WIDTH, HEIGHT = 110, 40


class Screen:
    """One program in one tmux server of its own."""

    def __init__(self, folder: Path, *command: str, environment: Mapping[str, str] | None = None) -> None:
        """:param folder: for the socket of tmux; the home of what runs."""
        self._tmux = program("tmux")
        self._socket = str(folder / "tmux")
        self._environment = {
            **os.environ, "HOME": str(folder), "TERM": "screen-256color", "LC_ALL": "C.UTF-8", **(environment or {})
        }  # fmt: skip
        self._run("-f", "/dev/null", "new-session", "-d", "-x", str(WIDTH), "-y", str(HEIGHT), shlex.join(command))

    def _run(self, *arguments: str) -> str:
        done = subprocess.run(
            [self._tmux, "-S", self._socket, *arguments],
            env=self._environment,
            capture_output=True,
            check=False,
            text=True,
            timeout=TIMEOUT,
        )
        return done.stdout

    def type(self, line: str) -> None:
        """Type a line, and the end of it."""
        self._run("send-keys", "-l", line)
        self._run("send-keys", "Enter")

    def resize(self, width: int, height: int) -> None:
        """Drag the window to another size."""
        self._run("resize-window", "-x", str(width), "-y", str(height))

    def rows(self) -> list[str]:
        """The rows that can be seen, without empty ones at the end."""
        return self._run("capture-pane", "-p").rstrip().split("\n")

    def text(self) -> str:
        """What the screen shows, and what has gone off it at the top."""
        return self._run("capture-pane", "-p", "-J", "-S", "-500")

    def expect(self, text: str) -> None:
        """Wait until the screen shows ``text``."""
        self.until(lambda: text in self.text(), f"showed {text!r}")

    def until(self, wanted: Callable[[], bool], what: str = "looked like that") -> None:
        """Wait until the screen is as ``wanted``."""
        end = time.monotonic() + TIMEOUT
        while not wanted():
            if time.monotonic() > end:
                pytest.fail(f"the screen never {what}:\n{self.text()}")
            # What tmux shows can be asked for, and not waited for.
            time.sleep(0.05)

    def close(self) -> None:
        """End the program, and tmux."""
        self._run("kill-server")
