"""What every test may ask for, and what they all are kept from depending on."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from browser import PLAYWRIGHT, Neighbourhood, running_browser
from hypothesis import HealthCheck, settings
from logs import LOGS, Subject
from screen import Desk
from support import Stage, missing
from twisted.logger import ILogObserver, LogEvent, formatEvent, globalLogPublisher
from zope.interface import provider


class _PatientSys:
    """The module ``sys`` as :mod:`threading` uses it, where it installs the trace function of coverage in a new thread.

    CPython 3.11 raises an exception there while another thread installs its own: the thread would end.
    """

    def __getattr__(self, name: str) -> Any:
        return getattr(sys, name)

    def settrace(self, function: Any) -> None:
        while True:
            try:
                sys.settrace(function)
            except RuntimeError:
                continue
            return


if sys.version_info[:2] == (3, 11):
    setattr(threading, "_sys", _PatientSys())  # noqa: B010 - no type checker knows it

if PLAYWRIGHT:
    from playwright.sync_api import Browser

# It is about noon where the tests run, and all that they start: no day ends in the middle of one. A browser knows no
# zone but by name; where the system has no names, which it needs tzdata for, the others know it by its hours.
WEST = f"{time.gmtime().tm_hour - 12:+}"
os.environ["TZ"] = f"Etc/GMT{WEST}" if Path(f"/usr/share/zoneinfo/Etc/GMT{WEST}").exists() else f"<noon>{WEST}"
time.tzset()

# Where the tests were started in the background, or to go on without a terminal, these are ignored, and all that they
# start would do as they do.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

# How long an example takes, or takes to be made, is up to the machine.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

MARKS_OF_FIXTURES = {"stage": "process", "browser": "browser"}
"""Fixtures, and the mark of each test that asks for one, itself or by way of another fixture."""

STARTING = frozenset(("subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.system"))
"""The audit events of a program that is started (docs.python.org/3/library/audit_events.html)."""


class ProgramGuard:
    """Fails a test that starts a program and has no mark that says so: ``make quick`` would run it."""

    on = False

    @classmethod
    def hook(cls, event: str, arguments: tuple[object, ...]) -> None:
        if event in STARTING and cls.on:
            what = f" ({arguments[0]})" if arguments else ""
            pytest.fail(f"This test starts a program{what}. Mark it: @pytest.mark.process")


sys.addaudithook(ProgramGuard.hook)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for fixture, mark in MARKS_OF_FIXTURES.items():
            if isinstance(item, pytest.Function) and fixture in item.fixturenames:
                item.add_marker(mark)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    ProgramGuard.on = not any(item.get_closest_marker(mark) for mark in MARKS_OF_FIXTURES.values())
    try:
        return (yield)
    finally:
        ProgramGuard.on = False


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """Programs and people, all gone when the test is over."""
    folder = tmp_path / "stage"
    folder.mkdir()
    with Stage(folder) as found:
        yield found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser with no window."""
    with running_browser() as found:
        yield found


@pytest.fixture
def here(browser: Browser, stage: Stage) -> Iterator[Neighbourhood]:
    """A server with a page, and everybody who looks at it."""
    made = Neighbourhood(browser, stage)
    yield made
    made.leave()


@pytest.fixture
def desk(stage: Stage) -> Iterator[Desk]:
    """Terminals with the bundled client on them."""
    if find_spec("prompt_toolkit") is None:
        missing("prompt_toolkit is not installed")
    with closing(Desk(stage.folder)) as found:
        yield found


@pytest.fixture
def journal() -> Iterator[Callable[[], list[str]]]:
    """Returns the lines about people that were written to the server's log since it was last called."""
    written: list[str] = []

    @provider(ILogObserver)
    def observe(event: LogEvent) -> None:
        if event["log_namespace"] == "chatroom.doors.journal.Journal":
            written.extend(formatEvent(event).split("\n"))

    def take() -> list[str]:
        taken = written.copy()
        written.clear()
        return taken

    globalLogPublisher.addObserver(observe)
    yield take
    globalLogPublisher.removeObserver(observe)


@pytest.fixture(params=LOGS)
def subject(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Subject]:
    """Each log that there is, in turn."""
    found = Subject(lambda subject: LOGS[request.param](subject, tmp_path))
    yield found
    found.stop()
    assert not found.breakdowns
