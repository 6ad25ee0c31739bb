"""The table of the doors that the program can open; adding a door is adding a row."""

from __future__ import annotations

from typing import Any, NamedTuple

from twisted.python.reflect import namedAny

from chatroom.doors.factory import DoorFactory
from chatroom.model.constants import PORT


class DoorRow(NamedTuple):
    """One way in."""

    option: str
    """The option that says where the door listens."""
    default: str
    """The default of that option; when it is empty, the door stays shut unless the option is given."""
    help: str
    factory: str
    """The whole name of the :class:`~chatroom.doors.factory.DoorFactory`, whose module is imported when it is used."""
    extra: str = ""
    """The extra that has to be installed for the door; empty when a plain install will do."""

    def load(self) -> type[DoorFactory[Any]]:
        """:raises ImportError: a package that the door needs is not installed."""
        found: type[DoorFactory[Any]] = namedAny(self.factory)
        return found


DOORS = (
    DoorRow("port", str(PORT), "the TCP port to listen on", "chatroom.doors.line.ChatFactory"),
    DoorRow("web", "", "the TCP port to serve the page on", "chatroom.doors.web.WebFactory", "web"),
    DoorRow("irc", "", "the TCP port to listen on for IRC clients", "chatroom.doors.irc.IRCFactory"),
)
"""All doors; adding one is adding a row."""
