"""The settings of a server: each with its name, default, unit and explanation, in one place.

They are the keyword arguments of :class:`chatroom.ChatFactory` and the options of ``twistd chatroom``. The help of the
command line and docs/options.rst are made from this table. Adding a setting is adding a field.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import Field, dataclass, field, fields
from ipaddress import ip_network
from typing import Any

from chatroom.model.constants import LOBBY


def whole(text: str) -> int:
    """A whole number that is not negative."""
    number = int(text)
    if number < 0:
        raise ValueError("it is negative")
    return number


def above_zero(text: str) -> int:
    """A whole number of at least one."""
    number = int(text)
    if number < 1:
        raise ValueError("it is less than 1")
    return number


def number(text: str) -> float:
    """A number that is not negative."""
    found = float(text)
    if not 0 <= found < float("inf"):
        raise ValueError("it is negative" if found < 0 else "it is no number")
    return found


def whole_or_nothing(text: str) -> str:
    """A whole number that is not negative, or nothing."""
    return str(whole(text)) if text else ""


def durability(text: str) -> str:
    """The word power or the word process."""
    if text not in ("power", "process"):
        raise ValueError("it is another word")
    return text


def flag(text: str) -> bool:
    """The word True or the word False."""
    if text not in ("True", "False"):
        raise ValueError("it is another word")
    return text == "True"


def room_makers(text: str) -> str:
    """The word owners, operators or nobody."""
    if text not in ("owners", "operators", "nobody"):
        raise ValueError("it is another word")
    return text


def registration(text: str) -> str:
    """The word open, inside or closed."""
    if text not in ("open", "inside", "closed"):
        raise ValueError("it is another word")
    return text


def networks(text: str) -> str:
    """A list of networks with commas between them, such as 10.0.0.0/8,::1."""
    for network in text.split(","):
        if network:
            ip_network(network)
    return text


UNIX = "unix"
"""The word in ``proxies`` for those who connect to a Unix socket."""


def proxies(text: str) -> str:
    """A list of addresses and networks with commas between them, such as 192.0.2.7,fd00:1::/64, or the word unix."""
    networks(",".join(word for word in text.split(",") if word != UNIX))
    return text


_LABEL = re.compile("[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?")
"""A label of a host name; names of machines in a local network may have underscores."""


def host_name(text: str) -> str:
    """A host name with a dot in it, such as chat.example.org."""
    labels = text.split(".")
    if (
        len(labels) < 2
        or len(text) > 63
        or not all(re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?", label) for label in labels)
    ):
        raise ValueError("it is none")
    return text


def origins(text: str) -> str:
    """A list of origins with commas between them, such as https://example.org."""
    for origin in text.split(","):
        if origin and not re.fullmatch(r"https?://[^/\s]+", origin):
            raise ValueError(f"{origin} is none")
    return text


def url(text: str) -> str:
    """The address of a page, such as https://chat.example.org/."""
    if text and not re.fullmatch(r"https?://[^\s#]+", text):
        raise ValueError("it is none")
    return text


def hosts(text: str) -> str:
    """A list of host names with commas between them, such as chat.example.org."""
    for host in text.split(","):
        try:
            name = host.encode("idna").decode()
        except UnicodeError:
            name = ""
        if host and not all(_LABEL.fullmatch(label) for label in name.split(".")):
            raise ValueError(f"{host} is none: leave out http:// and the port")
    return text


NO_HISTORY = "none"
"""The value of ``history`` that keeps it in memory alone."""

PRIVATE_NETWORKS = "127.0.0.0/8,::1,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,169.254.0.0/16,fc00::/7,fe80::/10"
"""Loopback, private and link-local addresses (RFC 1918, 3927, 4193 and 4291)."""


def _setting(default: Any, parse: Callable[[str], Any], unit: str, explanation: str) -> Any:
    """:param unit: empty for an option that takes no value."""
    return field(default=default, metadata={"parse": parse, "unit": unit, "explanation": explanation})


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one server."""

    replay: int = _setting(20, whole, "LINES", "lines of earlier talk that a newcomer is shown")
    max_line: int = _setting(4096, above_zero, "BYTES", "bytes in a line, its end not counted; a longer one is refused")
    max_lines: int = _setting(100, above_zero, "LINES", "lines in one message; one with more is refused")
    motd: str = _setting("", str, "FILE", "a file with a message of the day for each newcomer")
    room: str = _setting(LOBBY, str, "NAME", "the room that newcomers enter")
    max_rooms: int = _setting(10_000, above_zero, "ROOMS", "rooms that there may be at once")
    room_makers: str = _setting(
        "owners",
        room_makers,
        "WHAT",
        "what somebody becomes who makes a room by joining it: owners (of the room, if they have an account; else its "
        "operators while they are there), operators (while they are there) or nobody",
    )
    max_joined: int = _setting(50, above_zero, "ROOMS", "rooms that one person may be in at once")
    max_ignored: int = _setting(200, above_zero, "NAMES", "nicknames that one person may ignore at once")
    history: str = _setting(NO_HISTORY, str, "FILE", "the file of the history; none: in memory, until the server ends")
    durability: str = _setting(
        "power",
        durability,
        "WHAT",
        "what the history survives with every line that was shown: "
        "power (a power cut) or process (a crash of the server)",
    )
    keep: float = _setting(0, number, "DAYS", "how long events stay in the file; 0: for ever")
    keep_events: int = _setting(0, whole, "EVENTS", "how many events are kept; 0: all, or 100000 in memory")
    sendq: int = _setting(
        4 * 1024 * 1024,
        above_zero,
        "BYTES",
        "how much may wait for a client before its connection is closed; "
        "a quarter of it where the client reads nothing for 20 seconds",
    )
    memory: int = _setting(
        0, whole, "MIB", "mebibytes that may wait for all clients together; 0: a quarter of the machine's memory"
    )
    rate: float = _setting(
        10, number, "LINES", "lines a second that are taken from one client; more have to wait; 0: any number"
    )
    burst: int = _setting(100, above_zero, "LINES", "lines that one client may send at once before that rate applies")
    max_clients: int = _setting(20_000, whole, "CLIENTS", "connections at once; 0: any number")
    max_clients_per_host: int = _setting(100, whole, "CLIENTS", "connections at once from one address; 0: any number")
    exempt: str = _setting(
        PRIVATE_NETWORKS, networks, "NETWORKS", "networks whose addresses may have any number of connections"
    )
    proxies: str = _setting(
        "",
        proxies,
        "NETWORKS",
        "proxies that say for whom they connect: their addresses or networks, with commas between them; unix: whoever "
        "connects to a Unix socket",
    )
    server_name: str = _setting(
        "chatroom.localhost", host_name, "NAME", "the name of the server for IRC clients: a host name"
    )
    password: str = _setting(
        "", str, "FILE", "a file whose first line is the password that everybody has to give, at all doors, to come in"
    )
    members_only: bool = _setting(
        False, flag, "", "let nobody in but those who log in to an account, or bring an invitation"
    )
    irc_password: str = _setting("", str, "FILE", "a file with the password that IRC clients have to give (PASS)")
    operators: str = _setting(
        "", str, "FILE", "a file with the people who may become operators (/oper): a name and a password in each line"
    )
    clear_passwords: str = _setting(
        "",
        networks,
        "NETWORKS",
        "networks whose passwords (/login, /oper, OPER, PASS) are taken though the connection is not encrypted; "
        "those from this machine are taken in any case",
    )
    irc_sts: str = _setting(
        "",
        whole_or_nothing,
        "SECONDS",
        "how long IRC clients remember to come by --irc-tls alone (STS); 0: they forget it; without it, they are not "
        "told",
    )
    hsts: int = _setting(
        365 * 24 * 60 * 60,
        whole,
        "SECONDS",
        "how long browsers remember to open the page by https alone, once they have (Strict-Transport-Security); "
        "0: they forget it",
    )
    registration: str = _setting(
        "open",
        registration,
        "WHO",
        "who may make an account for themselves (/register): open: everybody, IRC clients before they are in, too; "
        "inside: those who are in; closed: nobody",
    )
    max_accounts: int = _setting(100_000, above_zero, "ACCOUNTS", "accounts that people may make for themselves")
    max_nicknames: int = _setting(5, above_zero, "NAMES", "nicknames that may belong to one account")
    keep_nicknames: float = _setting(
        365,
        number,
        "DAYS",
        "how long a nickname belongs to its account though nobody uses it: after that another may register it; "
        "0: for ever",
    )
    enforce: int = _setting(
        0,
        whole,
        "SECONDS",
        "how long somebody who is not logged in may be called by a registered nickname before they are given a guest's "
        "name; 0: nobody may be called so",
    )
    web_url: str = _setting(
        "",
        url,
        "URL",
        "the address of the page, for the links that /invite-link makes, such as https://chat.example.org/",
    )
    web_origins: str = _setting(
        "",
        origins,
        "ORIGINS",
        "other sites whose pages may connect, such as https://example.org, with commas between them",
    )
    web_hosts: str = _setting(
        "",
        hosts,
        "HOSTS",
        "names by which browsers know the server, beside its addresses, the machine's name and --server-name, such as "
        "chat.example.org, with commas between them",
    )
    handshake_timeout: int = _setting(30, above_zero, "SECONDS", "how long a newcomer may take to give a nickname")


def settings_table() -> tuple[Field[Any], ...]:
    """Every setting: its ``name``, its ``default``, and ``metadata`` with ``parse``, ``unit`` and ``explanation``."""
    return fields(Settings)
