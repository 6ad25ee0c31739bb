"""What every test may ask for, and what they all are kept from depending on."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from support import Stage

# It is about noon where the tests run, and all that they start: no day ends in the middle of one. A browser knows no
# zone but by name; where the system has no names, which it needs tzdata for, the others know it by its hours.
WEST = f"{time.gmtime().tm_hour - 12:+}"
os.environ["TZ"] = f"Etc/GMT{WEST}" if Path(f"/usr/share/zoneinfo/Etc/GMT{WEST}").exists() else f"<noon>{WEST}"
time.tzset()

# Where the tests were started in the background, it is ignored, and all that they start would do as they do.
signal.signal(signal.SIGINT, signal.default_int_handler)

# How long an example takes, or takes to be made, is up to the machine.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """Programs and people, all gone when the test is over."""
    folder = tmp_path / "stage"
    folder.mkdir()
    with Stage(folder) as found:
        yield found
