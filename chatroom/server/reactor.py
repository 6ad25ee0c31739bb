"""The global reactor, which only the program uses, and whose timers go by a clock that never goes back."""

from __future__ import annotations

from typing import Any

from chatroom.model.clock import go_steadily


def global_reactor() -> Any:
    """The reactor of the program, which the first call installs."""
    from twisted.internet import reactor  # noqa: PLC0415 - importing it installs it

    go_steadily(reactor)
    return reactor
