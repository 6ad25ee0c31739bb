"""Admission: how many connections there are, altogether and by address, and what each address has cost."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_network

from chatroom.core.rate_limits import LINE_SECONDS, RateLimit
from chatroom.model.addresses import parse_address
from chatroom.model.errors import TooManyClients, TooManyFromHost

Network = IPv4Network | IPv6Network

ADDRESS_SHARE = 0.2
"""The share of the reactor's time that the connections of one address may take together, in the long run."""

ADDRESS_BURST = 1.0
"""Seconds of the reactor's time that they may take at once."""

REMEMBERED = 4096
"""Addresses without a connection that have used some of their share, and are remembered for that."""


# RFC 1122 section 3.2.1.3, RFC 4291 section 2.5.3.
_LOOPBACK = (IPv4Network("127.0.0.0/8"), IPv6Network("::1"))

_SITE = 64
"""Bits of an IPv6 address that belong to the place: a machine there changes the others by itself (RFC 8981)."""


@lru_cache(4096)
def place_of(host: str) -> str:
    """The place that an address belongs to: the address itself, or the site of an IPv6 address."""
    found = parse_address(host)
    if found is None:
        return host
    return f"{int(found) >> (found.max_prefixlen - _SITE):x}" if isinstance(found, IPv6Address) else str(found)


def networks_of(text: str) -> list[Network]:
    """The networks in a list with commas between them, as a setting has it."""
    return [ip_network(network) for network in text.split(",") if network]


def is_in(host: str, networks: Iterable[Network]) -> bool:
    """True when ``host`` is an address in one of ``networks``."""
    address = parse_address(host)
    return address is not None and any(address in network for network in networks)


def is_this_machine(host: str) -> bool:
    """True when what comes from ``host`` has not left this machine.

    :param host: empty for a Unix socket.
    """
    return not host or is_in(host, _LOOPBACK)


class Address:
    """An address, and the connections from it."""

    __slots__ = ("connections", "exempt", "host", "limit")

    def __init__(self, host: str, exempt: bool, limit: RateLimit | None) -> None:
        self.host = host
        """Its place (:func:`place_of`), or a single address that is exempt; empty for a Unix socket."""
        self.exempt = exempt
        """Whether any number of connections may come from there: they are many people's."""
        self.limit = limit
        """The limit of what its connections may cost together; None for none."""
        self.connections = 0


class Admission:
    """Counts connections, and keeps the addresses that they come from."""

    def __init__(self, most: int, most_from_host: int, exempt: Iterable[Network], limited: bool = True) -> None:
        """
        :param most: connections at once; 0: as many as there are.
        :param most_from_host: the same, from one address.
        :param exempt: networks from which any number may come: a classroom behind one router, a test.
        :param limited: whether other addresses have a limit of what they may cost.
        """
        self._most = most
        self._most_from_host = most_from_host
        self._exempt = tuple(exempt)
        # Exempt are some addresses of a site, and not the others there.
        self._parts_of_sites = [one for one in self._exempt if one.version == 6 and one.prefixlen > _SITE]
        self._limited = limited
        self._total = 0
        self._addresses: dict[str, Address] = {}
        # Addresses without a connection whose limit is not whole again; oldest first.
        self._used: OrderedDict[str, Address] = OrderedDict()

    def admit(self, host: str, now: float = 0.0) -> Address:
        """Count a connection.

        :param host: the address that it comes from; empty where there is none.
        :param now: the time, in seconds, by a clock that only goes forward.
        :raises TooManyClients: there are as many as there may be.
        :raises TooManyFromHost: there are from there.
        """
        if self._most and self._total >= self._most:
            raise TooManyClients(limit=self._most)
        place = self._place(host)
        address = self._addresses.get(place) or self._used.pop(place, None) or self._new(place, host, now)
        if self._most_from_host and address.connections >= self._most_from_host and not address.exempt:
            raise TooManyFromHost(limit=self._most_from_host)
        self._addresses[place] = address
        self._total += 1
        address.connections += 1
        return address

    def release(self, host: str, now: float = 0.0) -> None:
        """A connection that was admitted has gone."""
        self._total -= 1
        place = self._place(host)
        address = self._addresses[place]
        address.connections -= 1
        if address.connections:
            return
        del self._addresses[place]
        if address.limit is not None and not address.limit.is_full(now):
            self._remember(place, address)

    def visit(self, host: str, now: float = 0.0) -> Address:
        """The address of somebody who uses the server by the connection of a proxy."""
        place = self._place(host)
        address = self._addresses.get(place)
        if address is None:
            address = self._used.pop(place, None) or self._new(place, host, now)
            if address.limit is not None:
                self._remember(place, address)
        return address

    def _place(self, host: str) -> str:
        """The place by which connections from ``host`` are counted."""
        return host if ":" in host and is_in(host, self._parts_of_sites) else place_of(host)

    def _remember(self, place: str, address: Address) -> None:
        self._used[place] = address
        if len(self._used) > REMEMBERED:
            self._used.popitem(last=False)

    def _new(self, place: str, host: str, now: float) -> Address:
        exempt = self._is_exempt(host)
        limited = self._limited and not exempt
        share, burst = ADDRESS_SHARE / LINE_SECONDS, ADDRESS_BURST / LINE_SECONDS
        return Address(place, exempt, RateLimit(share, burst, now) if limited else None)

    def _is_exempt(self, host: str) -> bool:
        # A Unix socket: whoever may open it may come.
        return not host or is_in(host, self._exempt)
