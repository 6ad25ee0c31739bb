"""The render context: where and when something came in, as a terminal has to know to show it."""

from __future__ import annotations

from typing import NamedTuple


class RenderContext(NamedTuple):
    """The state of the connection when one event or answer came."""

    nickname: str
    """The person's nickname."""
    room: str
    """The room that they speak in."""
    past: bool = False
    """Whether it is an event from before the person came into the room."""
    back: bool = False
    """Whether the person is coming back, so that past events are those that they missed."""
