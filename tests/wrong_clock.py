"""The clock on the wall of one program, set at will (libfaketime); clocks that never go back stay as they are."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from support import missing


class WallClock:
    """What programs that are started with its ``environment`` take for the time."""

    def __init__(self, folder: Path) -> None:
        found = [*Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), *Path("/usr/lib/faketime").glob("*MT.so.1")]
        if not found:
            missing("libfaketime is not installed")
        self._file = folder / "clock"
        self.set("+0")
        self.environment: Mapping[str, str] = {
            "LD_PRELOAD": str(found[0]),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }

    def set(self, offset: str) -> None:
        """Put it so far from the time: ``-2h``, ``+10y``."""
        # At once, so that nobody reads half of it.
        new = self._file.with_suffix(".new")
        new.write_text(f"{offset}\n")
        new.replace(self._file)
