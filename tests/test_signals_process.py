"""Signals: none ends the server without a goodbye."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import pytest
from support import TIMEOUT, TWISTD, Stage

pytestmark = pytest.mark.process

MODULE = (sys.executable, "-m", "chatroom")
STARTS = pytest.mark.parametrize("by", [(TWISTD, "-n", "chatroom"), MODULE], ids=["twistd", "module"])
IGNORED = (signal.SIGUSR1, signal.SIGUSR2, signal.SIGALRM, signal.SIGVTALRM, signal.SIGPROF, signal.SIGPOLL)


@STARTS
def test_signals_that_ask_for_nothing_change_nothing(stage: Stage, by: tuple[str, ...]) -> None:
    server = stage.serve(by=by)
    alice = stage.enter(server.port, "alice")
    for number in (*IGNORED, signal.SIGHUP, signal.SIGHUP):
        server.signal(number)
        alice.send(f"after {number.name}")
        alice.expect(f"alice: after {number.name}\r\n")
    for _ in range(2):
        server.expect("SIGHUP has come and changes nothing: restart the server to have its files read again")
    assert server.stop() == 0


@STARTS
def test_sigquit_ends_it_in_good_order(stage: Stage, by: tuple[str, ...]) -> None:
    server = stage.serve(by=by)
    alice = stage.enter(server.port, "alice")

    assert server.stop(signal.SIGQUIT) == 0
    assert alice.to_the_end() == "* the server is stopping\r\n"


def test_a_signal_that_twistd_has_a_use_for_stays_twistds(stage: Stage) -> None:
    log = stage.folder / "twistd.log"
    port = stage.port()
    server = stage.start(TWISTD, "-n", "--pidfile=", f"--logfile={log}", "chatroom", "--port", str(port))
    deadline = time.monotonic() + TIMEOUT
    while not log.exists() or "listens on" not in log.read_text():
        assert server.process.poll() is None
        assert time.monotonic() < deadline
    alice = stage.enter(port, "alice")
    server.signal(signal.SIGUSR1)
    alice.send("rotated")
    alice.expect("alice: rotated")
    assert Path(f"{log}.1").exists()


def test_who_closes_the_window_ends_the_server_in_it(stage: Stage) -> None:
    port = stage.port()
    server = stage.start(*MODULE, "--port", str(port), terminal=True)
    server.expect("chatroom listens on ")
    alice = stage.enter(port, "alice")
    server.close_window()

    assert alice.to_the_end() == "* the server is stopping\r\n"
    assert server.process.wait(TIMEOUT) >= 0


@STARTS
def test_who_serves_as_root_is_told_once_what_to_do_instead(stage: Stage, by: tuple[str, ...]) -> None:
    warning = "chatroom runs as root, which it never needs: start it as a user of its own, or with twistd --uid"
    server = stage.serve(by=by)
    stage.enter(server.port, "alice")
    server.stop()

    server.to_the_end()
    assert server.heard.decode().count(warning) == (1 if os.geteuid() == 0 else 0)


def test_who_gives_up_the_rights_of_root_is_not_warned(stage: Stage) -> None:
    if os.geteuid():
        pytest.skip("only root can give them up")
    server = stage.serve("--history", "none", by=(TWISTD, "-n", "--pidfile=", "--uid", "65534", "chatroom"))
    stage.enter(server.port, "alice")
    server.stop()

    server.to_the_end()
    assert "runs as root" not in server.heard.decode()
