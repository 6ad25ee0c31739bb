"""Tests that start programs or need a browser are marked, so that the other tests can be run alone."""

from __future__ import annotations

import subprocess
import sys

import pytest
from support import Stage


def test_a_test_without_a_mark_cannot_start_a_program() -> None:
    with pytest.raises(pytest.fail.Exception, match=r"starts a program \(.*\)\. Mark it: @pytest\.mark\.process"):
        subprocess.run([sys.executable, "-c", ""], check=True)


def test_a_test_that_asks_for_the_stage_is_marked_and_may(request: pytest.FixtureRequest, stage: Stage) -> None:
    assert request.node.get_closest_marker("process") is not None
    assert stage.start(sys.executable, "-c", "").status() == 0
