"""What a browser sends and reads, without a browser: requests over HTTP, and the page's end of a WebSocket."""

from __future__ import annotations

import json
import struct
from base64 import b64encode
from typing import Any, NamedTuple

from wsproto.connection import Connection, ConnectionType
from wsproto.events import CloseConnection, Ping, Pong, TextMessage
from wsproto.frame_protocol import Opcode

from chatroom.doors.web import WebFactory
from chatroom.testing import MemoryRoom, Person

NORMAL, GOING_AWAY, PROTOCOL_ERROR, UNSUPPORTED, BAD_TEXT = 1000, 1001, 1002, 1003, 1007
"""RFC 6455 section 7.4.1."""

HOST = "chat.localhost:8080"
KEY = b64encode(b"sixteen bytes, 1").decode()

UPGRADE = {
    "Connection": "keep-alive, Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": KEY,
}
"""What a browser asks for a WebSocket with, bar its origin."""


def request(path: str = "/", method: str = "GET", version: str = "1.1", **headers: str | None) -> bytes:
    """A request; ``If_None_Match="x"`` is the header If-None-Match, and one that is None is left out."""
    named = {"Host": HOST, **{name.replace("_", "-"): value for name, value in headers.items()}}
    lines = [f"{name}: {value}" for name, value in named.items() if value is not None]
    return "\r\n".join([f"{method} {path} HTTP/{version}", *lines, "", ""]).encode("latin-1")


def upgrade(path: str = "/chat", method: str = "GET", version: str = "1.1", **headers: str | None) -> bytes:
    """A request for a WebSocket; ``headers`` are more than it needs, or others."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return request(path, method, version, **{**UPGRADE, **given})


def frame(payload: bytes | str, opcode: int = Opcode.TEXT, fin: bool = True, reserved: int = 0) -> bytes:
    """A frame as a client sends it."""
    data = payload.encode() if isinstance(payload, str) else payload
    mask = b"\x12\x34\x56\x78"
    masked = bytes(byte ^ mask[place % 4] for place, byte in enumerate(data))
    return head(len(data), opcode, fin, reserved) + mask + masked


def head(size: int, opcode: int = Opcode.TEXT, fin: bool = True, reserved: int = 0) -> bytes:
    """What stands before the mask in a frame of ``size`` bytes."""
    first = fin << 7 | reserved << 4 | opcode
    if size < 126:
        return bytes((first, 0x80 | size))
    if size < 1 << 16:
        return struct.pack("!BBH", first, 0x80 | 126, size)
    return struct.pack("!BBQ", first, 0x80 | 127, size)


class Answer(NamedTuple):
    """What a server answers to a request."""

    status: int
    headers: dict[str, str]
    """By their names in lower case."""
    body: bytes


def read_answer(data: bytes, bodiless: bool = False) -> tuple[Answer, bytes]:
    """The first answer in ``data``, and what stands behind it.

    :param bodiless: it answers HEAD, and has no body whatever its headers say.
    """
    top, _, rest = data.partition(b"\r\n\r\n")
    status, *lines = top.decode().split("\r\n")
    version, number, _ = status.split(" ", 2)
    assert version in ("HTTP/1.0", "HTTP/1.1")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    size = 0 if bodiless else int(headers.get("content-length", 0))
    return Answer(int(number), headers, rest[:size]), rest[size:]


class Page:
    """Somebody at a page, joined in memory to the door for browsers."""

    def __init__(self, room: MemoryRoom, door: WebFactory) -> None:
        self.person: Person = room.connect(door)
        self._wire: Connection | None = None
        self.code: int | None = None
        """The status that the server closed with."""
        self.pings = 0
        self.pongs: list[bytes] = []
        self._texts: list[str] = []
        self.person.send(upgrade())
        answer, rest = read_answer(self.person.data())
        assert answer.status == 101, answer
        self._wire = Connection(ConnectionType.CLIENT)
        self._read(rest)

    @property
    def closed(self) -> bool:
        """Whether the connection has ended."""
        return self.person.closed

    def type(self, *texts: str) -> None:
        """Send messages, in one segment."""
        self.send(b"".join(frame(text) for text in texts))

    def send(self, data: bytes) -> None:
        """Send one segment of whatever bytes."""
        self.person.send(data)

    def texts(self) -> list[str]:
        """Settle the room; what messages have come since the last call."""
        self._read(self.person.data())
        texts, self._texts = self._texts, []
        return texts

    def things(self) -> list[dict[str, Any]]:
        """The same, of which each must be an object, but for ``NICK``."""
        return [json.loads(text) for text in self.texts() if text != "NICK"]

    def talk(self) -> list[str]:
        """The same, as who says what, of what was said or acted, and no more."""
        return [f"{one['nick']}: {one['text']}" for one in self.things() if one["kind"] in ("said", "acted")]

    def _read(self, data: bytes) -> None:
        assert self._wire is not None
        self._wire.receive_data(data)
        for event in self._wire.events():
            if isinstance(event, TextMessage):
                assert event.message_finished
                assert event.frame_finished
                self._texts.append(event.data)
            elif isinstance(event, Ping):
                self.pings += 1
            elif isinstance(event, Pong):
                self.pongs.append(bytes(event.payload))
            elif isinstance(event, CloseConnection):
                self.code = event.code


def opened(**options: Any) -> tuple[MemoryRoom, WebFactory]:
    """Rooms with other settings, and the door to them."""
    room = MemoryRoom(**options)
    return room, WebFactory(chat=room.chat, reactor=room.clock)


def enter(room: MemoryRoom, door: WebFactory, nickname: str, options: str = "") -> Page:
    """Somebody at a page who is in, and has taken notice of what newcomers are shown."""
    page = Page(room, door)
    page.type(f"{nickname} {options}".rstrip())
    shown = page.things()
    assert shown[0]["kind"] == "welcome", shown
    return page
