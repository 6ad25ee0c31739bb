"""The bell: rings when a message is for the person. It knows no terminal."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

from chatroom.client.mentions import mentions
from chatroom.client.render_context import RenderContext
from chatroom.model.answers import Answer, Invited, Private
from chatroom.model.events import Acted, Event, Said

PAUSE = 2.0
"""Seconds from one ring to the next, at least: nobody can make a terminal ring without end."""


class Bell:
    """Rings for private messages, invitations, and messages with the person's nickname in them."""

    def __init__(self, ring: Callable[[], None], seconds: Callable[[], float] = monotonic) -> None:
        """:param seconds: the time, by a clock that is never set."""
        self._ring = ring
        self._seconds = seconds
        self._rang_at = seconds() - PAUSE

    def heard(self, thing: Event | Answer, context: RenderContext) -> None:
        """Ring if ``thing`` is for the person; what was said before they came rings no bell."""
        if not _is_for(context.nickname, thing) or (context.past and not context.back):
            return
        now = self._seconds()
        if now - self._rang_at >= PAUSE:
            self._rang_at = now
            self._ring()


def _is_for(nickname: str, thing: Event | Answer) -> bool:
    if isinstance(thing, Private | Invited):
        return thing.nickname != nickname
    return isinstance(thing, Said | Acted) and thing.nickname != nickname and bool(mentions(thing.text, nickname))
