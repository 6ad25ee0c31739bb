"""How fast somebody may speak, and how many may come: limits that are counted. No I/O, no clock."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_address

from chatroom.model.errors import TooManyClients, TooManyFromHost

Network = IPv4Network | IPv6Network


class RateLimit:
    """A token bucket: ``burst`` lines at once, then ``rate`` a second."""

    __slots__ = ("_at", "_burst", "_left", "_rate")

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self._rate = rate
        self._burst = max(burst, 1.0)
        self._left = self._burst
        self._at = now

    def take(self, now: float) -> float:
        """Take one line.

        :param now: seconds, by a clock that only goes forward.
        :returns: 0 when it was there to be taken; else the seconds until there is one.
        """
        self._left = min(self._burst, self._left + (now - self._at) * self._rate)
        self._at = now
        wait = (1 - self._left) / self._rate
        # A wait that rounding has left over may be too short for the clock to count: nobody would see its end.
        if now + wait > now:
            return wait
        self._left -= 1
        return 0

    def spend(self, lines: float) -> None:
        """Take ``lines`` that may not be there yet: the next waits for them as well."""
        self._left -= lines


class Admission:
    """Counts connections, altogether and by address."""

    def __init__(self, most: int, most_from_host: int, exempt: Iterable[Network]) -> None:
        """
        :param most: connections at once; 0: as many as there are.
        :param most_from_host: the same, from one address.
        :param exempt: networks from which any number may come: a classroom behind one router, a test.
        """
        self._most = most
        self._most_from_host = most_from_host
        self._exempt = tuple(exempt)
        self._total = 0
        self._by_host: Counter[str] = Counter()

    def admit(self, host: str) -> None:
        """Count a connection from ``host``, an address, or empty where there is none.

        :raises TooManyClients: there are as many as there may be.
        :raises TooManyFromHost: there are from there.
        """
        if self._most and self._total >= self._most:
            raise TooManyClients(limit=self._most)
        if self._most_from_host and self._by_host[host] >= self._most_from_host and not self._is_exempt(host):
            raise TooManyFromHost(limit=self._most_from_host)
        self._total += 1
        self._by_host[host] += 1

    def release(self, host: str) -> None:
        """A connection that was admitted has gone."""
        self._total -= 1
        self._by_host[host] -= 1
        if not self._by_host[host]:
            del self._by_host[host]

    def _is_exempt(self, host: str) -> bool:
        try:
            address = ip_address(host.partition("%")[0])
        except ValueError:
            return True  # A Unix socket: whoever may open it may come.
        mapped = getattr(address, "ipv4_mapped", None)
        return any((mapped or address) in network for network in self._exempt)
