"""Where something came in: what a terminal has to know of a connection to show it."""

from __future__ import annotations

from typing import NamedTuple


class RenderContext(NamedTuple):
    """What holds for one thing that was received."""

    nickname: str
    """What the person is called."""
    room: str
    """The room that they speak in."""
    past: bool = False
    """Whether it happened before they came into the room."""
    back: bool = False
    """Whether they are coming back, so that what is past is what they missed."""
