"""irssi, WeeChat and a Python library talk to people at the other doors, with nothing set but where the server is."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import NamedTuple

import irc.client
import pytest
from guests import Guest, LineGuest, WebGuest
from support import TIMEOUT, Server, Stage, program
from tmux import Screen

from chatroom.model.constants import HOST_NAME


@pytest.fixture
def server(stage: Stage) -> Server:
    return stage.serve("--web", "0", "--irc", "0")


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


class Roster(NamedTuple):
    """Those who are there already, at the other doors."""

    lina: Guest
    """At the door for lines; she was there first, and said something."""
    paige: Guest
    """At the page."""


@pytest.fixture
def company(server: Server, stack: ExitStack) -> Roster:
    lina, paige = (
        stack.enter_context(closing(kind(server, name))) for kind, name in ((LineGuest, "lina"), (WebGuest, "paige"))
    )
    lina.enter()
    lina.say("said before")
    lina.expect("said", lina.nickname, "said before")
    paige.enter()
    return Roster(lina, paige)


class Client(NamedTuple):
    """A client, as far as it differs from others."""

    start: Callable[[Server, Path], Screen]
    """Start it, told where the server is and no more; it calls itself irma."""
    look_at: str
    """The command that shows the talk with somebody, or in a room."""


def irssi(server: Server, folder: Path) -> Screen:
    return Screen(
        folder, program("irssi"), f"--home={folder}/irssi", "-c", HOST_NAME, "-p", str(server.irc), "-n", "irma"
    )


def weechat(server: Server, folder: Path) -> Screen:
    setting = (f"/server add room {HOST_NAME}/{server.irc} -notls", "/set irc.server.room.nicks irma", "/connect room")
    run = [word for line in setting for word in ("-r", line)]
    return Screen(folder, program("weechat"), "-d", f"{folder}/weechat", *run)


CLIENTS = {
    "irssi": Client(irssi, "/window goto"),
    "weechat": Client(weechat, "/buffer"),
}


@pytest.mark.parametrize("name", CLIENTS)
def test_a_client_talks_with_people_at_the_other_doors(
    name: str, server: Server, company: Roster, stack: ExitStack, tmp_path: Path
) -> None:
    lina, paige = company
    client = CLIENTS[name]
    screen = stack.enter_context(closing(client.start(server, tmp_path)))
    screen.expect("Welcome to")
    screen.type("/join #lobby")
    for guest in company:
        guest.expect("joined", "irma")
    screen.expect("lina")
    screen.expect("paige")

    screen.type("hello from afar")
    screen.type("/me waves")
    for guest in company:
        guest.expect("said", "irma", "hello from afar")
        guest.expect("acted", "irma", "waves")
    lina.say("a line for irma")
    screen.expect("a line for irma")
    paige.act("bows")
    screen.expect("paige bows")
    lina.set_topic("tea at five")
    screen.expect("tea at five")
    screen.type("/msg lina between us")
    lina.expect_sometime("private", "irma", "between us")
    paige.tell("irma", "psst")
    # What is told comes before what is said: there is a window for it by then.
    paige.say("in the open")
    screen.expect("in the open")
    screen.type(f"{client.look_at} paige")
    screen.expect("psst")

    screen.type(f"{client.look_at} #lobby")
    screen.type("/quote HISTORY #lobby 50")
    screen.expect("said before")

    screen.type("/nick irmgard")
    for guest in company:
        guest.expect("renamed", "irma", "irmgard")
    screen.type("/quit supper")
    for guest in company:
        guest.expect("left", "irmgard", "supper")


class Robot:
    """A bot on the library ``irc``, which does what the protocol's documents say and no more."""

    def __init__(self, server: Server, nickname: str) -> None:
        self._reactor = irc.client.Reactor()
        self.events: list[tuple[str, str, str, str]] = []
        """The type, the source's nickname, the target and the text of all that came."""
        self._reactor.add_global_handler("all_events", self._take)
        self.connection = self._reactor.server().connect(HOST_NAME, server.irc, nickname)

    def _take(self, connection: object, event: irc.client.Event) -> None:
        source = str(event.source or "").partition("!")[0]
        self.events.append((event.type, source, str(event.target), event.arguments[-1] if event.arguments else ""))

    def expect(self, *event: str) -> None:
        """Wait for one of that type, source, target and text."""
        end = time.monotonic() + TIMEOUT
        while event not in self.events:
            assert time.monotonic() < end, f"{event} never came: {self.events}"
            self._reactor.process_once(0.1)

    def close(self) -> None:
        self.connection.close()


def test_a_bot_on_a_library_talks_with_people_at_the_other_doors(
    server: Server, company: Roster, stack: ExitStack
) -> None:
    lina, paige = company
    robot = stack.enter_context(closing(Robot(server, "robot")))
    robot.connection.join("#lobby")
    robot.expect("join", "robot", "#lobby", "")
    for guest in company:
        guest.expect("joined", "robot")

    robot.connection.privmsg("#lobby", "beep")
    robot.connection.action("#lobby", "blinks")
    robot.connection.privmsg("lina", "for you alone")
    for guest in company:
        guest.expect("said", "robot", "beep")
        guest.expect("acted", "robot", "blinks")
    lina.expect_sometime("private", "robot", "for you alone")
    lina.say("robot: stop")
    robot.expect("pubmsg", "lina", "#lobby", "robot: stop")
    paige.act("laughs")
    robot.expect("action", "paige", "#lobby", "laughs")
    paige.tell("robot", "well done")
    robot.expect("privmsg", "paige", "robot", "well done")

    robot.connection.quit("out of oil")
    for guest in company:
        guest.expect("left", "robot", "out of oil")
