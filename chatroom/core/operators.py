"""Operators: their passwords, how often a password may be guessed, and where one may come from. No I/O, no clock.

An operator's powers are in :mod:`chatroom.core.chat` (``expel``).
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping

from chatroom.core.admission import Network, is_in
from chatroom.model.constants import ENCODING

MAX_WRONG, WRONG_FOR = 30, 60
"""Wrong passwords from one address in so many seconds, after which none is taken from there until those are over.

A client that reconnects with a wrong one every few seconds does not shut out those who share its address.
"""

MAX_GUESSERS = 10_000
"""Addresses whose wrong passwords are counted."""


class Guesses:
    """Counts wrong passwords by address: whoever guesses does so from connection to connection."""

    def __init__(self, most: int, seconds: float, most_hosts: int) -> None:
        """
        :param most: wrong ones from one address before no more are taken from there.
        :param seconds: how long that lasts, from the first of them on.
        :param most_hosts: addresses that are remembered; the oldest is forgotten first.
        """
        self._most = most
        self._seconds = seconds
        self._most_hosts = most_hosts
        # By address, how many there were and when the first was; in the order of these moments.
        self._wrong: dict[str, tuple[int, float]] = {}

    def too_many(self, host: str, now: float) -> bool:
        """True when no password is taken from ``host`` now, right or wrong."""
        count, first = self._wrong.get(host, (0, now))
        if now - first >= self._seconds:
            del self._wrong[host]
            return False
        return count >= self._most

    def wrong(self, host: str, now: float) -> None:
        """Count one from ``host``."""
        count, first = self._wrong.get(host, (0, now))
        if not count and len(self._wrong) >= self._most_hosts:
            del self._wrong[next(iter(self._wrong))]
        self._wrong[host] = (count + 1, first)


class Passwords:
    """Compares passwords, and lets nobody try them by the thousand: what may be guessed so is found."""

    def __init__(self) -> None:
        self._guesses = Guesses(MAX_WRONG, WRONG_FOR, MAX_GUESSERS)

    def too_many(self, host: str, now: float) -> bool:
        """True when no password is taken from ``host`` now, right or wrong."""
        return self._guesses.too_many(host, now)

    def is_right(self, host: str, given: str, known: str, now: float) -> bool:
        """True when the two are the same and not empty; the time that this takes tells nothing of either.

        After too many wrong ones even the right one is none.

        :param now: seconds, by a clock that only goes forward.
        """
        if self.too_many(host, now):
            return False
        same = hmac.compare_digest(given.encode(ENCODING, "replace"), known.encode(ENCODING, "replace"))
        if same and known:
            return True
        self._guesses.wrong(host, now)
        return False


class ClearPasswords:
    """The networks from which passwords are taken, though others on the way can read them."""

    def __init__(self, networks: Iterable[Network]) -> None:
        self._networks = tuple(networks)

    def may_come_from(self, host: str) -> bool:
        """True when a password may come from ``host`` without encryption."""
        return is_in(host, self._networks)


class Operators:
    """Those who may become operators."""

    def __init__(self, passwords: Mapping[str, str]) -> None:
        """:param passwords: by name."""
        self._known = passwords
        self.passwords = Passwords()

    def __bool__(self) -> bool:
        """True when there is an operator."""
        return bool(self._known)

    def is_one(self, host: str, name: str, password: str, now: float) -> bool:
        """True when ``password`` makes somebody from ``host`` an operator."""
        return self.passwords.is_right(host, password, self._known.get(name, ""), now)
