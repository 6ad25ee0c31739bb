"""Masks: whom an entry of a ban or mute list is about. No I/O.

A mask is text in one of five forms, and is kept and compared in the form that :func:`parse_mask` makes of it::

    account:alice        everybody who is logged in to the account
    address:192.0.2.7    everybody who comes from the address; of IPv6, from its site of 64 bits
    network:192.0.2.0/24 everybody who comes from the network
    alice!*@*            everybody whose nickname, user name and host fit; * is any characters, ? is one
    id:k3Wq0VbXz8Ta      the member with this id

A host in a mask is compared with the address and with the host that others are shown. Masks are bounded in length and
in their stars, so no mask costs more than a few microseconds.
"""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_network
from typing import NamedTuple

from chatroom.model.addresses import parse_address
from chatroom.model.names import nickname_key

MAX_MASK = 120
"""Characters in a mask."""

MAX_STARS = 10
"""Stars in a mask."""

SITE = 64
"""Bits of an IPv6 address that belong to the place: a machine there changes the others by itself (RFC 8981)."""

ACCOUNT, ADDRESS, NETWORK, ID = "account:", "address:", "network:", "id:"


class Author(NamedTuple):
    """The person behind a draft, as far as rules ask about them. A member keeps theirs ready."""

    account: str = ""
    """The account that they are logged in to, as :func:`account_key` has it; empty for none."""
    address: str = ""
    """The address that they come from; empty where there is none."""
    operator: bool = False
    """Whether they are an operator of the server by its password file."""
    user: str = ""
    """The user name that they gave (IRC)."""
    host: str = ""
    """The host that others are shown, where that is not the address (IRC)."""
    is_server: bool = False
    """Whether it is the server itself, which may do everything."""
    invited: bool = False
    """Of somebody who joins: whether they were invited by somebody who may let them in."""
    key: str = ""
    """Of somebody who joins: the key that they gave."""
    since: float = 0.0
    """When the account was made, in seconds since 1970, UTC; 0 where that is not known. A role that was given to an
    account of that name before is another's."""
    target: Author | None = None
    """Of somebody who puts somebody out of a room: the one who is put out."""


class Person(NamedTuple):
    """Somebody whom an entry may be about."""

    member: str
    """Their id."""
    nickname: str
    author: Author


NOBODY = Author()
"""Somebody of whom nothing is known."""

THE_SERVER = Author(is_server=True)
"""The server itself."""


def account_key(account: str) -> str:
    """The form in which names of accounts are compared."""
    try:
        return nickname_key(account)
    except ValueError:
        # A checker of passwords may know accounts by other names.
        return account.casefold()


class Mask(NamedTuple):
    """A mask that was understood."""

    text: str
    """The one form in which it is kept."""
    account: str = ""
    network: IPv4Network | IPv6Network | None = None
    member: str = ""
    """The id of a member."""
    parts: tuple[str, str, str] | None = None
    """Nickname, user name and host, in lower case."""

    @property
    def is_of_address(self) -> bool:
        """Whether it tells something about an address."""
        return self.network is not None or (self.parts is not None and bool(self.parts[2].strip("*")))

    def fits(self, person: Person) -> bool:
        """Whether it describes somebody."""
        member, nickname, author = person
        if self.account:
            return self.account == author.account
        if self.network is not None:
            address = parse_address(author.address)
            return address is not None and address in self.network
        if self.member:
            return self.member == member
        assert self.parts is not None
        name, user, host = self.parts
        return (
            matches(name, _lower(nickname))
            and (not user.strip("*") or matches(user, author.user.lower()))
            and (
                not host.strip("*")
                or matches(host, author.address.lower())
                or (bool(author.host) and matches(host, author.host.lower()))
            )
        )


def _lower(nickname: str) -> str:
    try:
        return nickname_key(nickname)
    except ValueError:
        return nickname.lower()


@lru_cache(maxsize=4096)
def parse_mask(text: str) -> Mask:
    """Understand a mask.

    :param text: in one of the five forms; an address or a network may stand without its word, and a mask without the
        parts behind the nickname.
    :raises ValueError: it is none, with the reason.
    """
    if not text:
        raise ValueError("it is empty")
    if len(text) > MAX_MASK:
        raise ValueError(f"it has more than {MAX_MASK} characters")
    if text.startswith(ACCOUNT):
        account = account_key(text.removeprefix(ACCOUNT))
        if not account or any(character.isspace() for character in account):
            raise ValueError("it names no account")
        return Mask(f"{ACCOUNT}{account}", account=account)
    if text.startswith(ID):
        if not (member := text.removeprefix(ID)):
            raise ValueError("it names nobody")
        return Mask(text, member=member)
    if (found := _network(text)) is not None:
        return found
    if text.count("*") > MAX_STARS:
        raise ValueError(f"it has more than {MAX_STARS} stars")
    if any(character.isspace() for character in text):
        raise ValueError("it has a space in it")
    name, _, rest = text.partition("!")
    user, _, host = rest.rpartition("@") if "@" in rest else (rest, "", "")
    if "!" not in text and "@" in text:
        name, (user, _, host) = "", text.rpartition("@")
    name, user, host = (part.lower() or "*" for part in (name, user, host))
    if "*" not in name and "?" not in name:
        name = _lower(name)
    return Mask(f"{name}!{user}@{host}", parts=(name, user, host))


def _network(text: str) -> Mask | None:
    """The mask for an address or a network; None where ``text`` is none."""
    bare = text.removeprefix(ADDRESS).removeprefix(NETWORK)
    if (address := parse_address(bare)) is not None:
        if isinstance(address, IPv6Address):
            site = ip_network((int(address) >> SITE << SITE, SITE))
            return Mask(f"{ADDRESS}{site.network_address}", network=site)
        return Mask(f"{ADDRESS}{address}", network=ip_network(str(address)))
    if "/" in bare:
        try:
            network = ip_network(bare, strict=False)
        except ValueError:
            network = None
        if network is not None:
            return Mask(f"{NETWORK}{network}", network=network)
    if bare != text:
        raise ValueError("it is no address and no network")
    return None


def matches(mask: str, text: str) -> bool:
    """Whether ``mask`` describes ``text``, where * is any characters and ? is one.

    No mask takes more steps than it has characters for each of the text.
    """
    # Each character of a mask but * is one of the text: a mask of more is not even compiled.
    return len(mask) - mask.count("*") <= len(text) and _pattern(mask).fullmatch(text) is not None


@lru_cache(maxsize=2048)
def _pattern(mask: str) -> re.Pattern[str]:
    parts = ["".join("." if one == "?" else re.escape(one) for one in part) for part in re.split(r"\*+", mask)]
    if len(parts) == 1:
        return re.compile(parts[0], re.DOTALL)
    first, *between, last = parts
    # Atomic groups, which Python 3.10 cannot write otherwise: the text of a star is not looked through again.
    groups = "".join(f"(?=(?P<g{number}>.*?{part}))(?P=g{number})" for number, part in enumerate(between))
    return re.compile(f"{first}{groups}.*{last}", re.DOTALL)
