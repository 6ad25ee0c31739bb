"""Random bytes at every door raise nothing, leave nothing behind, and never reach anybody unescaped.

``make fuzz`` throws ten times as many. Each door is tried before one is in and after, with bytes of every kind, with
such as its protocol is made of, and with both in the frames that it expects.
"""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Callable
from typing import NamedTuple

import pages
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from twisted.internet.interfaces import IProtocolFactory

from chatroom.doors.irc import IRCFactory
from chatroom.doors.web import WebFactory
from chatroom.testing import MemoryRoom, Person

STRINGS = int(os.environ.get("CHATROOM_FUZZ", "10000"))
"""Byte strings for each door."""

IN_ONE_EXAMPLE = 25

# What may not reach a terminal, a page or a client: control characters, bar line ends, and bidi overrides.
_UNSAFE = re.compile("[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]|\r(?!\n)|(?<!\r)\n")
# IRC's sign of an action is a control character.
_ACTION = re.compile(" :\x01ACTION [^\x01\r\n]*\x01\r\n")

_UPGRADE = (
    b"GET /chat HTTP/1.1\r\nHost: here\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + base64.b64encode(b"0123456789abcdef") + b"\r\n\r\n"
)


def _line(data: bytes) -> bytes:
    return data + b"\r\n"


def _message(data: bytes) -> bytes:
    """A whole text message of a browser's, with a mask that changes nothing."""
    length = bytes((0x80 | len(data),)) if len(data) < 126 else b"\xfe" + len(data).to_bytes(2, "big")
    return b"\x81" + length + b"\0\0\0\0" + data


class Target(NamedTuple):
    """A door, and how far in one is when the bytes begin."""

    door: str
    prelude: Callable[[bytes], bytes]
    """What a nickname sends first."""
    whole: Callable[[bytes], bytes]
    """Makes one line, message or request of bytes."""
    words: tuple[bytes, ...]
    """What its protocol is made of."""


_COMMANDS = (
    *(b"/me ", b"/nick ", b"/join ", b"/leave", b"/msg alice ", b"/topic ", b"/who ", b"/history 5", b"/search a"),
    *(b"/ignore alice", b"/unignore alice", b"/ping ", b"/help ", b"/rooms", b"/quit", b"//", b"\xff\xfa", b"\x1b[31m"),
)
_HANDSHAKE = (b"mallory", b" format=json", b" since=", b" room=", b"999", b"\xff\xfb\x01", b",", b"=")
_HTTP = (
    *(b"GET / HTTP/1.1\r\n", b"GET /chat HTTP/1.1\r\n", b"POST / HTTP/1.1\r\n", b"Host: here\r\n", b"\r\n"),
    *(b"Content-Length: 9999999999\r\n", b"Transfer-Encoding: chunked\r\n", b"Upgrade: websocket\r\n", _UPGRADE),
)
_IRC = (
    *(b"JOIN #", b"PART #lobby", b"PRIVMSG #lobby :", b"PRIVMSG alice :", b"NOTICE #lobby :", b"TOPIC #lobby :"),
    *(b"NICK ", b"USER a b c :d", b"CAP REQ :", b"CAP LS 302", b"CAP END", b"MODE #lobby ", b"WHO ", b"WHOIS alice"),
    *(b"CHATHISTORY LATEST #lobby * 10", b"MONITOR + ", b"NAMES #lobby", b"KICK #lobby alice", b"OPER a b", b"@a=b;c "),
    *(b":x ", b"PING ", b"LIST ", b"AWAY :", b"INVITE alice #lobby", b"\x01ACTION ", b"\x01", b"USERHOST ", b"WHOWAS "),
)

TARGETS = {
    "line, outside": Target("line", lambda name: b"", _line, _HANDSHAKE),
    "line, inside": Target("line", _line, _line, _COMMANDS),
    "page, outside": Target("page", lambda name: b"", _line, _HTTP),
    "page, upgraded": Target("page", lambda name: _UPGRADE, _message, _HANDSHAKE),
    "page, inside": Target("page", lambda name: _UPGRADE + _message(name), _message, _COMMANDS),
    "irc, outside": Target("irc", lambda name: b"", _line, _IRC),
    "irc, inside": Target("irc", lambda name: b"NICK %s\r\nUSER a 0 * :b\r\nJOIN #lobby\r\n" % name, _line, _IRC),
}


class Place:
    """A room with every door, and somebody at each who only listens."""

    def __init__(self) -> None:
        self.room = MemoryRoom(replay=3, rate=0)
        web = WebFactory(chat=self.room.chat, reactor=self.room.clock)
        self.doors: dict[str, IProtocolFactory] = {
            "line": self.room.factory,
            "page": web,
            "irc": IRCFactory(chat=self.room.chat, reactor=self.room.clock),
        }
        self.alice = self.room.enter("alice")
        self.browser = pages.enter(self.room, web, "browser")
        self.irssi = self.room.connect(self.doors["irc"])
        self.irssi.send(b"NICK irssi\r\nUSER i 0 * :i\r\nJOIN #lobby\r\n")
        self.irssi.data()
        assert set(self.room.chat.members) == {"alice", "browser", "irssi"}
        self.timers = len(self.room.clock.getDelayedCalls())

    def heard_unsafely(self) -> list[str]:
        """What has reached the listeners since the last call, and should not have."""
        texts = {
            "alice": self.alice.data().decode(),
            "irssi": _ACTION.sub("\r\n", self.irssi.data().decode()),
            "browser": "".join(self.browser.texts()),
        }
        return [f"{name} heard {text!r}" for name, text in texts.items() if _UNSAFE.search(text)]


def strings_for(target: Target) -> st.SearchStrategy[bytes]:
    pieces = st.one_of(st.binary(max_size=24), st.sampled_from(target.words), st.text(max_size=12).map(str.encode))
    joined = st.lists(pieces, min_size=1, max_size=4).map(b"".join)
    return st.one_of(joined, joined.map(target.whole))


@pytest.mark.parametrize("name", TARGETS)
def test_random_bytes_raise_nothing_leave_nothing_and_reach_nobody_unescaped(name: str) -> None:
    target = TARGETS[name]
    place = Place()
    strings = STRINGS // sum(other.door == target.door for other in TARGETS.values())

    @settings(
        max_examples=-(-strings // IN_ONE_EXAMPLE),
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    @example([b"\xc3\x81#{\r\n"])
    @given(st.lists(strings_for(target), min_size=IN_ONE_EXAMPLE, max_size=IN_ONE_EXAMPLE))
    def attack(strings: list[bytes]) -> None:
        attackers: list[Person] = []
        for string in strings:
            if not attackers or attackers[-1].closed:
                attackers.append(place.room.connect(place.doors[target.door]))
                attackers[-1].send(target.prelude(b"mallory%d" % len(attackers)))
            attackers[-1].send(string)
            place.room.settle()
        for attacker in attackers:
            attacker.drop()
        place.room.settle()

        assert not place.heard_unsafely()
        assert set(place.room.chat.members) == {"alice", "browser", "irssi"}
        assert len(place.room.clock.getDelayedCalls()) == place.timers

    attack()
