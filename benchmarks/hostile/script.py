"""The words in which attacks are written.

An attack is a function with a docstring of one sentence. It is called once for each of its clients, with the client's
number, and yields steps: connect, send, wait for something, pause. attacker.py takes them. A client whose connection is
closed begins again. What stands before :data:`READY` is preparation: the clock starts when all clients are there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

CLIENTS_PER_ADDRESS = 100
"""How many connections one address may have by default (``--max-clients-per-host``)."""

SMALL_BUFFER = 4096
"""Bytes that the system may hold for a client who does not read: the fewest that it allows."""


class Door(Enum):
    """Where a client comes in."""

    LINE = "line"
    WEB = "web"
    IRC = "irc"


@dataclass(frozen=True, slots=True)
class Connect:
    """Open a connection, and forget the one before it."""

    door: Door
    buffer: int = 0
    """Bytes that the system may hold of what was not read; 0: as many as it wants to."""


@dataclass(frozen=True, slots=True)
class Send:
    """Send all of it, as fast as the server takes it."""

    data: bytes
    until: bytes = b""
    """Go on once these bytes have come back."""


@dataclass(frozen=True, slots=True)
class Expect:
    """Read until these bytes have come."""

    marker: bytes


@dataclass(frozen=True, slots=True)
class Pause:
    """Do nothing for so many seconds."""

    seconds: float


class Do(Enum):
    """Steps that need no more said."""

    READY = "wait until all clients have come this far"
    DEAF = "read nothing from now on"
    RESET = "end the connection with a reset, not in good order"
    CLOSE = "end the connection"
    FINISH = "send no more, and leave the connection open (shutdown(2))"


READY, DEAF, RESET, CLOSE, FINISH = Do.READY, Do.DEAF, Do.RESET, Do.CLOSE, Do.FINISH

Step: TypeAlias = Connect | Send | Expect | Pause | Do
Script: TypeAlias = Iterator[Step]


@dataclass(frozen=True, slots=True)
class Attack:
    """One row of the table."""

    name: str
    clients: int
    script: Callable[[int], Script]
    """What the client with a number does."""
    sentence: str
    """What the attack is."""
    options: tuple[str, ...] = ()
    """Settings of the server that are not the default."""
    history: int = 0
    """How many lines were said before, on disk: in the kitchen long ones, in the garden some of ideographs."""
    slow: tuple[float, ...] = ()
    """Honest members beside the others, who read slowly: so many Mbit/s each."""
    start_rate: int = 500
    """Clients that come each second while the attack is prepared."""


ATTACKS: dict[str, Attack] = {
    "quiet": Attack("quiet", 0, lambda number: iter(()), "Nobody attacks."),
}
"""All of them, by name. The first shows what the others are to be compared with."""

ScriptFunction: TypeAlias = Callable[[int], Script]


def attack(
    name: str,
    clients: int,
    *,
    options: tuple[str, ...] = (),
    history: int = 0,
    slow: tuple[float, ...] = (),
    start_rate: int = 500,
) -> Callable[[ScriptFunction], ScriptFunction]:
    """Make a function an attack; its docstring says what it is."""

    def register(script: ScriptFunction) -> ScriptFunction:
        if name in ATTACKS:
            raise ValueError(f"there are two attacks named {name}")
        sentence = " ".join((script.__doc__ or "").split())
        ATTACKS[name] = Attack(name, clients, script, sentence, options, history, slow, start_rate)
        return script

    return register


def repeat(data: bytes, size: int = 1 << 16) -> Iterator[Send]:
    """Send it without end, many to a segment.

    :param size: bytes to hand to the system at once.
    """
    many = Send(data * max(1, size // len(data)))
    while True:
        yield many


# Coming in.


def named(number: int, time: int = 0) -> str:
    """The nickname of the client with a number, when it comes for so many times: its last one may be held still."""
    return f"z{number}x{time}q"


def enter(number: int, options: str = "", buffer: int = 0, time: int = 0) -> Script:
    """Come in by the line door, reading JSON; for the first time, or for so many times."""
    yield Connect(Door.LINE, buffer)
    yield Send(f"{named(number, time)} format=json {options}\n".encode(), until=b'"kind":"live"')


def upgrade(buffer: int = 0) -> Script:
    """Open a WebSocket, and give no nickname."""
    yield Connect(Door.WEB, buffer)
    yield Send(UPGRADE, until=b"NICK")


def enter_by_web(number: int, options: str = "", buffer: int = 0) -> Script:
    """Come in by a WebSocket."""
    yield from upgrade(buffer)
    yield Send(frame(f"{named(number)} {options}".strip().encode()), until=b'"kind":"live"')


def register(number: int, *capabilities: str, buffer: int = 0) -> Script:
    """Come in by the IRC door, and be in no room."""
    asked = f"CAP REQ :{' '.join(capabilities)}\r\nCAP END\r\n" if capabilities else ""
    yield Connect(Door.IRC, buffer)
    yield Send(f"{asked}NICK {named(number)}\r\nUSER u 0 * :r\r\n".encode(), until=b" 422 ")


def join(room: str = "lobby") -> Script:
    """Enter a room by the IRC door."""
    yield Send(f"JOIN #{room}\r\n".encode(), until=b" 366 ")


# Bytes of the web door.

UPGRADE = (
    b"GET /chat HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)

CONTINUATION, TEXT, BINARY, CLOSING, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
"""Opcodes of frames (RFC 6455 section 5.2)."""

FINAL = 0x80


def frame(payload: bytes, opcode: int = TEXT, first: int = FINAL) -> bytes:
    """A frame of a client, with a mask that changes nothing.

    :param first: the bits beside the opcode; 0 for a fragment that others follow.
    """
    size = len(payload)
    if size < 126:
        length = bytes((0x80 | size,))
    elif size < 1 << 16:
        length = b"\xfe" + size.to_bytes(2, "big")
    else:
        length = b"\xff" + size.to_bytes(8, "big")
    return bytes((first | opcode,)) + length + bytes(4) + payload
