"""Sources: where a connection comes from, which is the peer of its transport unless a named proxy says otherwise.

A :class:`Source` is handed to ``buildProtocol`` in the place of the address of the proxy, through all factories that
stand between (TLS, for one).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from twisted.internet.address import UNIXAddress
from twisted.internet.interfaces import IAddress
from zope.interface import implementer


@implementer(IAddress)
@dataclass(frozen=True, slots=True)
class Source:
    """The address for which a named proxy connects."""

    host: str
    """The address of the person; empty for the peer of a Unix socket."""
    encrypted: bool = False
    """Whether the person is connected to the proxy over TLS, as far as the proxy says."""


def host_of(address: IAddress | None) -> str | None:
    """The host in an address of Twisted's: empty for a Unix socket, None where it is something else."""
    host: str | None = "" if isinstance(address, UNIXAddress) else getattr(address, "host", None)
    return host


def host_behind(transport: Any, source: Source | None) -> str:
    """The address that a connection comes from; empty where there is none.

    :param source: the word of a proxy; without it, the peer of ``transport`` counts.
    """
    return source.host if source is not None else host_of(transport.getPeer()) or ""
