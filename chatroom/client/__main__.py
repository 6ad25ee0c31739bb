"""``python -m chatroom.client alice``: chooses the terminal, and the reactor that goes with it."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import Any

from twisted.internet import asyncioreactor
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import HostnameEndpoint
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.internet.task import react

from chatroom.client.conversation import Conversation
from chatroom.client.errors import AuthoritiesUnread
from chatroom.client.options import read, refuse, server_password
from chatroom.client.plain import PlainTerminal, open_closed_descriptors
from chatroom.client.terminal import Terminal
from chatroom.model.clock import go_steadily

Way = Callable[[Any], IStreamClientEndpoint]
"""Makes the endpoint to connect to, from the reactor."""

HINT = "* pip install 'chatroom[client]' makes a better terminal of this one; --plain keeps it as it is"


def run(arguments: Sequence[str]) -> None:
    """Run the client to its end."""
    open_closed_descriptors()
    options = read(arguments)
    options.server_password = server_password(options)
    way = way_to(options)
    react(main, (options, way, terminal_for(options)))


def main(reactor: Any, options: argparse.Namespace, way: Way, terminal: Terminal) -> Deferred[None]:
    go_steadily(reactor)
    return Conversation(reactor, options, way(reactor), terminal).run()


def way_to(options: argparse.Namespace) -> Way:
    """The way to the server, once there is a reactor; ends the program where there can be none."""
    host, port = options.host, options.port
    if not options.tls:
        return lambda reactor: HostnameEndpoint(reactor, host, port)
    try:
        # What it needs may not be installed.
        from chatroom.client.encryption import EncryptedEndpoint, authorities_in, system_authorities  # noqa: PLC0415
    except ImportError as error:
        refuse(f"{'--ca' if options.ca else '--tls'} needs {error.name}: pip install 'chatroom[tls]'")
    try:
        authorities = authorities_in(options.ca) if options.ca else system_authorities()
    except AuthoritiesUnread as error:
        refuse(f"--ca {error}")
    return lambda reactor: EncryptedEndpoint(reactor, host, port, authorities)


def terminal_for(options: argparse.Namespace) -> Terminal:
    """The best terminal that can be had; call it before anything imports the reactor."""
    bell = not options.no_bell
    if options.plain or not _can_draw():
        return PlainTerminal(commands=options.commands, past=options.past, bell=bell)
    if find_spec("prompt_toolkit") is None:
        return PlainTerminal(HINT, bell=bell)
    # prompt_toolkit reads the keys by asyncio: with a loop of selectors, which Windows does not have by default.
    loop = asyncio.SelectorEventLoop()
    asyncio.set_event_loop(loop)
    asyncioreactor.install(loop)
    from chatroom.client.rich import RichTerminal  # noqa: PLC0415 - what it needs may not be installed

    return RichTerminal(bell=bell, encrypted=options.tls)


def _can_draw() -> bool:
    if not (os.isatty(0) and os.isatty(1)):
        return False
    return os.name != "posix" or os.environ.get("TERM", "dumb") not in ("", "dumb", "unknown")


if __name__ == "__main__":
    run(sys.argv[1:])
