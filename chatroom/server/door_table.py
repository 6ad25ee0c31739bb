"""The table of the doors that the program can open, and of the ports of each; adding a door is adding a row."""

from __future__ import annotations

from enum import Enum, auto
from typing import Any, NamedTuple

from twisted.python.reflect import namedAny

from chatroom.doors.factory import DoorFactory
from chatroom.model.constants import PORT


class Encryption(Enum):
    """Whether the connections at a port are encrypted, where its endpoint description does not say so itself."""

    NEVER = auto()
    WITH_CERTIFICATE = auto()
    """They are at a port number, once there is a certificate. A description is taken as it stands: that of the socket
    of a proxy, say."""
    ALWAYS = auto()
    """They are, so that the port needs a certificate."""


class PortRow(NamedTuple):
    """One port, or another place to listen at."""

    option: str
    """The option that says where the door listens."""
    default: str
    """The default of that option; when it is empty, the port stays shut unless the option is given."""
    help: str
    encryption: Encryption = Encryption.NEVER
    settings: tuple[str, ...] = ()
    """Settings that are empty unless they are given, and mean nothing while the port is shut."""


class DoorRow(NamedTuple):
    """One way in."""

    factory: str
    """The whole name of the :class:`~chatroom.doors.factory.DoorFactory`, whose module is imported when it is used."""
    ports: tuple[PortRow, ...]
    """The ports, in the order in which they are listed; one factory listens at all of them."""
    extra: str = ""
    """The extra that has to be installed for the door; empty when a plain install will do."""

    def load(self) -> type[DoorFactory[Any]]:
        """:raises ImportError: a package that the door needs is not installed."""
        found: type[DoorFactory[Any]] = namedAny(self.factory)
        return found


DOORS = (
    DoorRow(
        "chatroom.doors.line.ChatFactory",
        (
            PortRow("port", str(PORT), "the TCP port to listen on"),
            PortRow("tls-port", "", "the TCP port to listen on for encrypted connections (TLS)", Encryption.ALWAYS),
        ),
    ),
    DoorRow(
        "chatroom.doors.web.WebFactory",
        (
            PortRow(
                "web",
                "",
                "the TCP port to serve the page on, by https if there is a --tls-cert",
                Encryption.WITH_CERTIFICATE,
            ),
        ),
        "web",
    ),
    DoorRow(
        "chatroom.doors.irc.IRCFactory",
        (
            PortRow("irc", "", "the TCP port to listen on for IRC clients"),
            PortRow(
                "irc-tls",
                "",
                "the TCP port to listen on for encrypted connections of IRC clients (TLS)",
                Encryption.ALWAYS,
                ("irc_sts",),
            ),
        ),
    ),
)
"""All doors; adding one is adding a row."""

PORTS = tuple(port for door in DOORS for port in door.ports)
"""The ports of all doors."""

ENCRYPTS_ITSELF = ("ssl:", "tls:")
"""The beginnings of endpoint descriptions that have a certificate of their own."""
