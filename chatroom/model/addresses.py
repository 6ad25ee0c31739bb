"""Addresses of the internet, as text. No I/O."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address


def parse_address(host: str) -> IPv4Address | IPv6Address | None:
    """The address that ``host`` is; None when it is none.

    An IPv4 address in an IPv6 one (``::ffff:192.0.2.1``, RFC 4291 section 2.5.5.2) is the IPv4 address. A zone behind
    ``%`` is left out.
    """
    try:
        found = ip_address(host.partition("%")[0])
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return found if mapped is None else mapped
