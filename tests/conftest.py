"""What every test may ask for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support import Stage


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """Programs and people, all gone when the test is over."""
    folder = tmp_path / "stage"
    folder.mkdir()
    with Stage(folder) as found:
        yield found
