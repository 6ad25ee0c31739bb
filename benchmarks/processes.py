"""Programs that run for a while: on a processor of their own, and gone for certain when they are not needed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

HOST = "127.0.0.1"

START_TIMEOUT = 30.0
"""Seconds that a server may take until it listens."""

OUTPUT = "output.txt"


class NotMeasured(Exception):
    """A server did not do what was to be measured; says why."""


def processors() -> tuple[int, int]:
    """One for the servers and one for the load generator; the same where there is only one."""
    allowed = sorted(os.sched_getaffinity(0))
    return allowed[0], allowed[-1]


@contextmanager
def running(command: Sequence[str], folder: Path, processor: int | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """Run ``command`` in ``folder`` until the block is left, and kill it and its children then.

    What it prints goes to the file :data:`OUTPUT` there.
    """
    # All of them inherit the end of a pipe: it is read to its end when the last of them is gone.
    gone, held = os.pipe()
    with open(folder / OUTPUT, "ab") as output, open(gone, "rb") as all_gone:
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=[held],
        )
        os.close(held)
        try:
            pin(process, processor)
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            all_gone.read()


def pin(process: subprocess.Popen[Any], processor: int | None) -> None:
    """Keep a process, and the threads that it is going to have, on one processor."""
    if processor is not None:
        with suppress(ProcessLookupError):
            os.sched_setaffinity(process.pid, {processor})


def wait_until_it_listens(process: subprocess.Popen[bytes], port: int, folder: Path) -> None:
    """:raises NotMeasured: it ended instead, or takes too long."""
    end = time.monotonic() + START_TIMEOUT
    while time.monotonic() < end:
        if process.poll() is not None:
            said = (folder / OUTPUT).read_text(errors="replace").strip().splitlines()
            raise NotMeasured(f"ended with status {process.returncode} before it listened: {' '.join(said[-1:])}")
        with socket.socket() as probe:
            if probe.connect_ex((HOST, port)) == 0:
                return
        time.sleep(0.02)
    raise NotMeasured(f"did not listen within {START_TIMEOUT:g} s")


def free_port() -> int:
    """A port on which nothing listens."""
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        port: int = taken.getsockname()[1]
        return port
