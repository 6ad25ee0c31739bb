"""Proxies: the peers that are believed when they say for whom they connect. No I/O.

A proxy says so in a PROXY header (:mod:`chatroom.wire.proxy_header`) or over HTTP (:mod:`chatroom.wire.forwarded`).
Anybody can write such a header, so it counts when it comes from a named proxy, and from nobody else.
"""

from __future__ import annotations

from chatroom.core.admission import is_in, networks_of
from chatroom.model.settings import UNIX


class Proxies:
    """The named proxies of one server."""

    def __init__(self, named: str) -> None:
        """:param named: addresses, networks and the word ``unix``, with commas between them."""
        words = named.split(",")
        self._unix = UNIX in words
        self.networks = networks_of(",".join(word for word in words if word != UNIX))
        """The addresses of the proxies."""

    def __bool__(self) -> bool:
        """Whether there are any."""
        return self._unix or bool(self.networks)

    def has(self, host: str) -> bool:
        """Whether the peer at ``host`` is one.

        :param host: an address; empty for the peer of a Unix socket.
        """
        return is_in(host, self.networks) if host else self._unix
