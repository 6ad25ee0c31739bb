"""Attacks by the web door: on WebSockets, and on what serves the page."""

from __future__ import annotations

from itertools import count

from benchmarks.hostile.script import (
    BINARY,
    CLOSING,
    CONTINUATION,
    DEAF,
    FINAL,
    PING,
    PONG,
    READY,
    RESET,
    SMALL_BUFFER,
    TEXT,
    UPGRADE,
    Connect,
    Door,
    Pause,
    Script,
    Send,
    attack,
    enter_by_web,
    frame,
    named,
    repeat,
    upgrade,
)


@attack("ws-pings", 100)
def ws_pings(number: int) -> Script:
    """100 WebSockets send empty pings before any nickname."""
    yield from upgrade()
    yield READY
    yield from repeat(frame(b"", PING))


@attack("ws-pings-one", 1)
def ws_pings_one(number: int) -> Script:
    """1 WebSocket sends empty pings before any nickname."""
    yield from upgrade()
    yield READY
    yield from repeat(frame(b"", PING))


@attack("ws-fragments", 100)
def ws_fragments(number: int) -> Script:
    """100 WebSockets send a message in fragments of one byte, before any nickname, and come back."""
    yield from upgrade()
    yield READY
    yield Send(frame(b"x", TEXT, first=0))
    yield from repeat(frame(b"x", CONTINUATION, first=0))


@attack("ws-fragments-empty", 100)
def ws_fragments_empty(number: int) -> Script:
    """100 WebSockets send a message in fragments of no byte, which never ends, before any nickname."""
    yield from upgrade()
    yield READY
    yield Send(frame(b"x", TEXT, first=0))
    yield from repeat(frame(b"", CONTINUATION, first=0))


def _flood(data: bytes) -> Script:
    """Send it over a WebSocket before any nickname, without end."""
    yield from upgrade()
    yield READY
    yield from repeat(data)


@attack("ws-pings-full", 100)
def ws_pings_full(number: int) -> Script:
    """100 WebSockets send pings of 125 bytes before any nickname, and read no pong."""
    yield from upgrade(SMALL_BUFFER)
    yield READY
    yield DEAF
    yield from repeat(frame(b"p" * 125, PING))


@attack("ws-pongs", 100)
def ws_pongs(number: int) -> Script:
    """100 WebSockets send pongs that nobody asked for, before any nickname."""
    yield from _flood(frame(b"", PONG))


@attack("ws-closes", 100)
def ws_closes(number: int) -> Script:
    """100 WebSockets close in good order, go on to send, and come back."""
    yield from _flood(frame(b"\x03\xe8" + b"r" * 123, CLOSING))


@attack("ws-binary", 100)
def ws_binary(number: int) -> Script:
    """100 WebSockets send binary frames before any nickname, and come back."""
    yield from _flood(frame(b"b" * 100, BINARY))


@attack("ws-junk", 100)
def ws_junk(number: int) -> Script:
    """100 WebSockets send bytes that are no frames, masked or not, and come back."""
    yield from _flood(bytes(range(256)) * 16)


@attack("ws-huge", 100)
def ws_huge(number: int) -> Script:
    """100 WebSockets announce a frame of 2 to the 62 bytes, send some of it, and come back."""
    yield from upgrade()
    yield READY
    yield Send(bytes((FINAL | TEXT, 0xFF)) + (1 << 62).to_bytes(8, "big") + bytes(4))
    yield from repeat(b"x" * 4096)


@attack("ws-empty", 100)
def ws_empty(number: int) -> Script:
    """100 WebSockets send empty messages before any nickname."""
    yield from _flood(frame(b""))


@attack("ws-pings-between", 100)
def ws_pings_between(number: int) -> Script:
    """100 WebSockets send a message in fragments of no byte with pings between them, which never ends."""
    yield from upgrade()
    yield READY
    yield Send(frame(b"x", TEXT, first=0))
    yield from repeat(frame(b"", CONTINUATION, first=0) + frame(b"", PING))


@attack("ws-talk", 100)
def ws_talk(number: int) -> Script:
    """100 members say one line to a message by WebSocket, as fast as they are taken."""
    yield from enter_by_web(number)
    yield READY
    yield from repeat(frame(b"x" * 40))


@attack("ws-talk-long", 100)
def ws_talk_long(number: int) -> Script:
    """100 members say 4,000 bytes to a message by WebSocket, as fast as they are taken."""
    yield from enter_by_web(number)
    yield READY
    yield from repeat(frame(b"x" * 4000))


@attack("ws-lines", 100)
def ws_lines(number: int) -> Script:
    """100 members send messages of 4,000 line ends by WebSocket."""
    yield from enter_by_web(number)
    yield READY
    yield from repeat(frame(b"\n" * 4000))


@attack("ws-fragmented-talk", 100)
def ws_fragmented_talk(number: int) -> Script:
    """100 members say messages of 2,000 fragments of one byte by WebSocket."""
    yield from enter_by_web(number)
    yield READY
    middle = frame(b"x", CONTINUATION, first=0) * 1998
    yield from repeat(frame(b"x", TEXT, first=0) + middle + frame(b"x", CONTINUATION))


@attack("ws-deaf", 120)
def ws_deaf(number: int) -> Script:
    """100 members by WebSocket read nothing in the lobby, where 20 others say 4,000 bytes at a time."""
    if number >= 100:
        yield from enter_by_web(number)
        yield READY
        yield from repeat(frame(b"x" * 4000))
    yield from enter_by_web(number, buffer=SMALL_BUFFER)
    yield READY
    yield DEAF


@attack("ws-logins", 100)
def ws_logins(number: int) -> Script:
    """100 clients come in by WebSocket under new names and leave, without end."""
    yield READY
    for time in count():
        yield from upgrade()
        yield Send(frame(named(number, time).encode()), until=b'"kind":"live"')


# What serves the page.

_PAGE = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


def _ask(data: bytes) -> Script:
    """Send it to the web door, without end."""
    yield Connect(Door.WEB)
    yield READY
    yield from repeat(data)


@attack("http-pipelined", 100)
def http_pipelined(number: int) -> Script:
    """100 connections ask for the page, one request behind the other, without end."""
    yield from _ask(_PAGE)


@attack("http-unread", 100)
def http_unread(number: int) -> Script:
    """100 connections ask for the page, without end, and read nothing."""
    yield Connect(Door.WEB, SMALL_BUFFER)
    yield READY
    yield DEAF
    yield from repeat(_PAGE)


@attack("http-health", 100)
def http_health(number: int) -> Script:
    """100 connections ask for /healthz, without end."""
    yield from _ask(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")


@attack("http-nothing-there", 100)
def http_nothing_there(number: int) -> Script:
    """100 connections ask for what is not there, by names of 3,000 bytes, without end."""
    yield from _ask(b"GET /" + b"%2e%2e/" * 430 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")


@attack("http-many-headers", 100)
def http_many_headers(number: int) -> Script:
    """100 connections send headers without end, and come back."""
    yield Connect(Door.WEB)
    yield READY
    yield Send(b"GET / HTTP/1.1\r\nHost: localhost\r\n")
    yield from repeat(b"A: b\r\n")


@attack("http-long-header", 100)
def http_long_header(number: int) -> Script:
    """100 connections send one header without end, and come back."""
    yield Connect(Door.WEB)
    yield READY
    yield Send(b"GET / HTTP/1.1\r\nHost: localhost\r\nA: ")
    yield from repeat(b"a" * 1000)


@attack("http-slow-headers", 1000)
def http_slow_headers(number: int) -> Script:
    """1,000 connections send a byte of a header now and then."""
    yield Connect(Door.WEB)
    yield Send(b"GET / HTTP/1.1\r\nHost: localhost\r\nA: ")
    yield READY
    while True:
        yield Send(b"a")
        yield Pause(0.2)


@attack("http-half", 1000)
def http_half(number: int) -> Script:
    """1,000 connections send half a request, reset the connection, and come back."""
    yield READY
    while True:
        yield Connect(Door.WEB)
        yield Send(_PAGE[: len(_PAGE) // 2])
        yield RESET


@attack("http-idle", 2000)
def http_idle(number: int) -> Script:
    """2,000 connections ask for /healthz once, and stay."""
    yield READY
    yield Connect(Door.WEB)
    yield Send(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")


@attack("http-bodies", 100)
def http_bodies(number: int) -> Script:
    """100 connections post bodies of a gigabyte, and come back."""
    yield Connect(Door.WEB)
    yield READY
    yield Send(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1073741824\r\n\r\n")
    yield from repeat(b"b" * 1000)


@attack("http-chunks", 100)
def http_chunks(number: int) -> Script:
    """100 connections post a body in chunks of one byte, which never ends, and come back."""
    yield Connect(Door.WEB)
    yield READY
    yield Send(b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
    yield from repeat(b"1\r\nb\r\n")


@attack("http-upgrades-refused", 100)
def http_upgrades_refused(number: int) -> Script:
    """100 connections ask for a WebSocket in a way that is refused, and come back."""
    yield READY
    while True:
        yield Connect(Door.WEB)
        yield Send(UPGRADE.replace(b"Version: 13", b"Version: 12"), until=b"HTTP/1.1 4")


@attack("http-upgrades", 200)
def http_upgrades(number: int) -> Script:
    """200 connections open a WebSocket, reset the connection, and come back."""
    yield READY
    while True:
        yield from upgrade()
        yield RESET
