"""Listening: how to join where the program listens, and why it cannot listen."""

from __future__ import annotations

import contextlib
import errno
import socket
from collections.abc import Callable
from typing import Any

from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IAddress

from chatroom.doors.factory import DoorFactory, host_and_port
from chatroom.model.constants import HOST_NAME
from chatroom.server.options import Options


def raise_file_limit() -> None:
    """Allow as many open files, and so connections, as the system permits."""
    try:
        import resource  # noqa: PLC0415 - not on Windows
    except ImportError:
        return
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def why_not(error: BaseException, option: str, options: Options) -> str:
    """The reason why the server cannot listen, with the option to change."""
    cause = error.socketError if isinstance(error, CannotListenError) else error
    number = getattr(cause, "errno", None)
    port, host = options[option], options["host"]
    if number == errno.EADDRINUSE:
        return f"--{option} {port}: something else is listening there already; choose another port"
    if port.isdigit() and (isinstance(cause, socket.gaierror) or number == errno.EADDRNOTAVAIL):
        return f"--host {host}: there is no such address on this machine; try {HOST_NAME} or 0.0.0.0"
    if number in (errno.EACCES, errno.EPERM):
        return f"--{option} {port}: not allowed to listen there; choose a port above 1023"
    return f"--{option} {port}: cannot listen there: {getattr(cause, 'strerror', None) or cause}"


def how_to_join(
    door: DoorFactory[Any], address: IAddress, tls: bool = False, name_for: Callable[[str], str] = lambda host: host
) -> list[str]:
    """The lines about ``door`` for the person who starts the server.

    :param address: the address on which the door listens.
    :param tls: whether connections there are encrypted.
    :param name_for: the name by which a host is reached.
    """
    host, port = getattr(address, "host", None), getattr(address, "port", None)
    if host is None or port is None:
        path = getattr(address, "name", address)
        path = path.decode(errors="replace") if isinstance(path, bytes) else str(path)
        where, ways, comes_from = path, door.ways_in_by_socket(path), ""
    else:
        where = host_and_port(host, port)
        # Who connects on this machine comes from the address to which they connect.
        comes_from = {"0.0.0.0": HOST_NAME, "::": "::1"}.get(host, host)
        ways = door.ways_in(name_for(comes_from), port, tls)
    if door.needs_proxy_header and door.chat.proxies.has(comes_from):
        ways = ["by the proxy in front of it"]
    starts = ["join it", *["     or"] * (len(ways) - 1)]
    return [f"chatroom listens on {where}", *(f"{start}: {way}" for start, way in zip(starts, ways, strict=False))]
