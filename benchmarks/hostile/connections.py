"""Attacks by connections, and by bytes that are no lines yet, at every door."""

from __future__ import annotations

from itertools import count

from benchmarks.hostile.script import (
    DEAF,
    PING,
    READY,
    RESET,
    SMALL_BUFFER,
    Connect,
    Door,
    Expect,
    Pause,
    Script,
    Send,
    attack,
    enter,
    frame,
    register,
    repeat,
    upgrade,
)

IAC, NOP, SB, DO, WILL = b"\xff", b"\xf1", b"\xfa", b"\xfd", b"\xfb"
"""Bytes of telnet (RFC 854)."""


@attack("resets", 1000)
def resets(number: int) -> Script:
    """1,000 clients open connections at the three doors in turn, and reset them at once."""
    yield READY
    while True:
        yield Connect(_door(number))
        yield RESET


@attack("line-ends", 1000)
def line_ends(number: int) -> Script:
    """1,000 members send 64 KiB of line ends each."""
    yield from enter(number)
    yield READY
    yield Send(b"\n" * 65536)


@attack("telnet-nop", 100)
def telnet_nop(number: int) -> Script:
    """100 connections send IAC NOP of telnet, before any nickname."""
    yield Connect(Door.LINE)
    yield Expect(b"NICK")
    yield READY
    yield from repeat(IAC + NOP)


@attack("telnet-subnegotiation", 100)
def telnet_subnegotiation(number: int) -> Script:
    """100 connections begin a subnegotiation of telnet that never ends, before any nickname."""
    yield Connect(Door.LINE)
    yield READY
    yield Send(IAC + SB)
    yield from repeat(b"x" * 100 + IAC + IAC)


@attack("telnet-options", 100)
def telnet_options(number: int) -> Script:
    """100 connections ask for options of telnet, without end, and read nothing."""
    yield Connect(Door.LINE, SMALL_BUFFER)
    yield READY
    yield DEAF
    yield from repeat(IAC + DO + b"\x01" + IAC + WILL + b"\x1f")


@attack("telnet-in-lines", 100)
def telnet_in_lines(number: int) -> Script:
    """100 members put commands of telnet between all letters of their lines."""
    yield from enter(number)
    yield READY
    yield from repeat((b"x" + IAC + NOP) * 1000 + b"\n")


@attack("one-byte-segments", 300)
def one_byte_segments(number: int) -> Script:
    """300 connections send a line that never ends, a byte to a segment, at the three doors in turn."""
    yield Connect(_door(number))
    yield READY
    while True:
        yield Send(b"x")


@attack("endless-line", 300)
def endless_line(number: int) -> Script:
    """300 connections send a line that never ends, at the three doors in turn."""
    yield Connect(_door(number))
    yield READY
    yield from repeat(b"x" * 1000)


@attack("zeros", 300)
def zeros(number: int) -> Script:
    """300 connections send null bytes, at the three doors in turn."""
    yield Connect(_door(number))
    yield READY
    yield from repeat(bytes(1000))


@attack("almost-lines", 3000)
def almost_lines(number: int) -> Script:
    """3,000 connections send 4,000 bytes that are no line yet, at the three doors in turn, and stay."""
    yield READY
    yield Connect(_door(number))
    yield Send(b"x" * 4000)


@attack("connects", 1000)
def connects(number: int) -> Script:
    """1,000 clients connect at the three doors in turn, wait for a moment, and come back."""
    yield READY
    while True:
        yield Connect(_door(number))
        yield Pause(0.05)


@attack("connects-stay", 3000, start_rate=3000)
def connects_stay(number: int) -> Script:
    """3,000 connections come at once at the three doors, and stay silent."""
    yield READY
    yield Connect(_door(number))


@attack("resets-of-members", 300)
def resets_of_members(number: int) -> Script:
    """300 clients come into the lobby, reset their connection, and come back."""
    yield READY
    for time in count():
        yield from enter(number, time=time)
        yield RESET


@attack("all-at-once", 300, history=200_000)
def all_at_once(number: int) -> Script:
    """300 clients do different things together: pings, searches, long lines, telnet, WHO, the past, logins."""
    match number % 6:
        case 0:
            yield from upgrade()
            yield READY
            yield from repeat(frame(b"", PING))
        case 1:
            yield from enter(number, "room=garden")
            yield READY
            yield from repeat(("/search " + "日" * 1300 + "\n").encode(), 4096)
        case 2:
            yield from enter(number, "room=kitchen", SMALL_BUFFER)
            yield READY
            yield DEAF
            yield from repeat(b"/history 100\n/rooms\n", 4096)
        case 3:
            yield Connect(Door.LINE)
            yield READY
            yield from repeat(IAC + NOP)
        case 4:
            yield from register(number)
            yield READY
            yield from repeat(b"WHO #lobby\r\nLIST\r\nISON a b c\r\n", 4096)
        case _:
            yield READY
            for time in count():
                yield from enter(number, time=time)
                yield RESET


def _door(number: int) -> Door:
    """Each door in turn."""
    return list(Door)[number % len(Door)]
