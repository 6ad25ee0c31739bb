"""The global reactor, which only the program uses."""

from __future__ import annotations

from typing import Any


def global_reactor() -> Any:
    """The reactor of the program, which the first call installs."""
    from twisted.internet import reactor  # noqa: PLC0415 - importing it installs it

    return reactor
