"""HTTP and TLS at doors that speak neither: a page of another site gets nothing done by its reader's browser."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ircroom import IRCRoom

from chatroom.doors.connection import CLOSE_TIMEOUT
from chatroom.testing import Person
from chatroom.wire.other_protocols import MAX_START, PROXY, other_protocol
from chatroom.wire.proxy_header import SIGNATURE

TALK = b"page\nNICK page\r\nUSER u 0 * :r\r\nJOIN #lobby\r\nPRIVMSG #lobby :from a page\r\nfrom a page\r\n"
"""Lines that would have somebody come in at one door or another, and speak."""

HEAD = b" HTTP/1.1\r\nHost: 127.0.0.1:6667\r\nOrigin: http://other.example\r\n\r\n"

REQUESTS = [
    b"POST /" + HEAD + TALK,
    b"GET /?" + b"a" * 10_000 + HEAD + TALK,
    b"OPTIONS *" + HEAD + TALK,
    b"PUT http://127.0.0.1:6667/" + HEAD + TALK,
    b"CONNECT irc.example:6667" + HEAD + TALK,
    b"BREW pot" + HEAD + TALK,
    b"\r\n\r\nPOST /" + HEAD + TALK,
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + TALK,
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n" + TALK,
]
"""What browsers send, at the wish of a page, to any port."""

Knock = Callable[[IRCRoom], Person]

DOORS = pytest.mark.parametrize(
    "knock", [lambda room: room.connect(), lambda room: room.connect(room.door)], ids=["line", "irc"]
)


@DOORS
@pytest.mark.parametrize("size", [1, 7, MAX_START])
@pytest.mark.parametrize("request_", REQUESTS)
def test_a_browser_is_let_go_before_anything_is_done(knock: Knock, request_: bytes, size: int) -> None:
    room = IRCRoom()
    alice = room.enter("alice")
    page = knock(room)
    head, body = request_[:MAX_START], request_[MAX_START:]
    for start in range(0, MAX_START, size):
        page.send(head[start : start + size])
    page.send(body)
    told = page.data().decode()

    assert alice.lines() == []
    assert list(room.chat.members) == ["alice"]
    assert "is not spoken at this door: use a chat client, or open the server's page in your browser." in told
    assert page.closed


@DOORS
def test_a_browser_that_reads_nothing_is_let_go(knock: Knock) -> None:
    room = IRCRoom()
    page = knock(room)
    page.stop_reading()
    page.send(b"POST / HTTP/1.1\r\n")
    room.advance(CLOSE_TIMEOUT)

    assert page.closed


def test_words_of_http_are_talk_and_names_once_lines_have_come() -> None:
    room = IRCRoom()
    alice, bob = room.enter("alice"), room.irc("bob", rooms="#lobby")
    alice.type("GET / HTTP/1.1", "\x16\x03 is nothing")
    bob.type("PRIVMSG #lobby :POST / HTTP/1.1", "GET / HTTP/1.1")

    assert [line for line in alice.lines() if not line.startswith("*")] == [
        "alice: GET / HTTP/1.1",
        "alice:  is nothing",
        "bob: POST / HTTP/1.1",
    ]
    assert not bob.closed


@pytest.mark.parametrize(
    "answer", ["GET", "POST since=0", "PATCH room=http", "HTTP/1.1", "OPTIONS", "HEAD format=json"]
)
def test_somebody_may_be_called_like_a_method(answer: str) -> None:
    room = IRCRoom()
    person = room.connect()
    person.type(answer)
    room.settle()

    assert [member.nickname for member in room.chat.members.values()] == [answer.partition(" ")[0]]


@given(st.binary(max_size=2 * MAX_START))
def test_the_first_line_decides(start: bytes) -> None:
    found = other_protocol(start)

    assert found in (None, "", "HTTP", "TLS", PROXY)
    # A binary PROXY header begins with an end of a line.
    if (b"\n" in start or len(start) >= MAX_START) and not SIGNATURE.lstrip(b"\r\n").startswith(start):
        assert found is not None
    if found is not None:
        assert other_protocol(start + b"\n") == found or found == ""
