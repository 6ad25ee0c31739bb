"""The bundled client in a process of its own, and a server that a test plays for it."""

from __future__ import annotations

import json
import re
import socket
import termios
from collections.abc import Mapping, Sequence

from support import Person, Program, Stage


def let_in(guest: Person, nickname: str, past: Sequence[Mapping[str, str]] = (), last_id: int = 1) -> str:
    """Play a server that lets a client in; what the client answered.

    :param past: requests of the client that were kept.
    """
    guest.send("NICK")
    answer = guest.expect("\n")
    room = {"room": "lobby", "nick": nickname}
    guest.send(json.dumps({"kind": "welcome", **room, "topic": "", "people": [nickname], "size": 1}))
    guest.send('{"kind":"past","room":"lobby"}')
    for number, request in enumerate(past, last_id):
        said = {"text": request["say"], "ref": request["ref"]}
        guest.send(json.dumps({"id": number, "at": 0, "kind": "said", **said, **room}))
    guest.send('{"kind":"live"}')
    guest.send(json.dumps({"id": last_id + len(past), "at": 0, "kind": "joined", **room, "text": ""}))
    return answer


def play_server(stage: Stage, listening: socket.socket, nickname: str, options: str = "") -> Person:
    """Let the client in, as a server does."""
    guest = stage.receive(listening)
    guest.send("NICK")
    shown = guest.expect("\n")
    assert re.fullmatch(rf"{nickname} format=json input=json client=[\w-]{{16,}}{options}\n", shown), shown
    room = {"room": "lobby", "nick": nickname}
    guest.send(json.dumps({"kind": "welcome", **room, "topic": "", "people": [nickname], "size": 1}))
    guest.send('{"kind":"past","room":"lobby"}\n{"kind":"live"}')
    guest.send(json.dumps({"id": 1, "at": 0, "kind": "joined", "text": "", **room}))
    return guest


def asked(guest: Person) -> dict[str, str]:
    """What the client asks the server for next."""
    request: dict[str, str] = json.loads(guest.expect("\n"))
    return request


def be_silent(client: Program) -> None:
    """Have its terminal show no more what is typed: it could stand in the middle of a line of somebody else's."""
    settings = termios.tcgetattr(client.terminal)
    settings[3] &= ~termios.ECHO
    termios.tcsetattr(client.terminal, termios.TCSANOW, settings)
