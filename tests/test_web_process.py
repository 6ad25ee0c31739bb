"""The door for browsers as people run it: ``twistd chatroom --web``, over real sockets."""

from __future__ import annotations

import http.client
import re
import socket
import struct
from contextlib import closing
from importlib.resources import files

import pytest
from pages import frame, request, upgrade
from support import TIMEOUT, Person, Server, Stage, memory
from wsproto.frame_protocol import Opcode

from chatroom.model.constants import HOST_NAME

GOODBYE = b'{"kind":"notice","text":"the server is stopping"}'
GOING_AWAY = b"\x88\x02" + struct.pack("!H", 1001)


def connect(stage: Stage, server: Server) -> Person:
    """Somebody at a page, who has yet to give a nickname."""
    page = stage.connect(server.web)
    page.socket.sendall(upgrade())
    page.expect("HTTP/1.1 101 Switching Protocols\r\n")
    page.expect("\x04NICK")
    return page


def enter(stage: Stage, server: Server, nickname: str) -> Person:
    """Somebody at a page who is in."""
    page = connect(stage, server)
    page.socket.sendall(frame(nickname))
    page.expect(f'"kind":"joined","room":"lobby","nick":"{nickname}","text":"","member":"')
    return page


@pytest.fixture
def server(stage: Stage) -> Server:
    return stage.serve("--web", "0")


def test_it_prints_the_address_of_the_page_and_serves_it_there(stage: Stage, server: Server) -> None:
    server.expect(f"open http://127.0.0.1:{server.web}/ in a browser\n")
    with closing(http.client.HTTPConnection(HOST_NAME, server.web, timeout=TIMEOUT)) as browser:
        for file in files("chatroom.doors.web").joinpath("page").iterdir():
            browser.request("GET", "/" if file.name == "index.html" else f"/{file.name}")
            answer = browser.getresponse()
            assert answer.status == 200
            # The page names its files in a folder.
            assert re.sub(rb'"[0-9a-f]{16}/', b'"', answer.read()) == file.read_bytes()
        # All on one connection.
        browser.request("HEAD", "/healthz")
        assert browser.getresponse().status == 200


def test_a_page_and_a_line_talk(stage: Stage, server: Server) -> None:
    alice, bob = enter(stage, server, "alice"), stage.enter(server.port, "bob")
    alice.expect('"nick":"bob","text":"","member":"')
    alice.socket.sendall(frame("grüß dich 👋"))
    bob.expect("alice: grüß dich 👋\r\n")
    bob.send("<b>hello</b>")
    alice.expect('"kind":"said","room":"lobby","nick":"bob","text":"<b>hello</b>","member":"')
    alice.socket.sendall(frame(struct.pack("!H", 1001), Opcode.CLOSE))
    bob.expect("* alice left (connection closed)\r\n")
    alice.to_the_end()
    assert alice.heard.endswith(GOING_AWAY)


def test_a_page_that_is_gone_is_out_at_once(stage: Stage, server: Server) -> None:
    alice, bob = enter(stage, server, "alice"), stage.enter(server.port, "bob")
    alice.vanish()
    bob.expect("* alice left (connection lost)\r\n")


def test_what_was_asked_for_before_the_upgrade_is_answered_before_it(stage: Stage, server: Server) -> None:
    page = stage.connect(server.web)
    page.socket.sendall(request("/style.css") * 3 + request("/healthz") + upgrade() + frame("alice"))
    page.expect('"kind":"joined","room":"lobby","nick":"alice","text":"","member":"')
    heard = page.heard
    assert heard.count(b"HTTP/1.1 200 OK\r\n") == 4
    assert heard.index(b"\r\n\r\nok\n") < heard.index(b"HTTP/1.1 101 ") < heard.index(b"\x81\x04NICK")


def test_a_page_that_does_not_read_holds_nobody_up(stage: Stage) -> None:
    server = stage.serve("--web", "0", "--sendq", "100000", "--rate", "0")
    bob, slow = stage.enter(server.port, "bob"), connect(stage, server)
    slow.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    slow.socket.sendall(frame("slow"))
    bob.expect("* slow joined\r\n")
    for _ in range(10_000):
        bob.send("x" * 4000)
        bob.expect("x\r\n")
        if b"* slow left (reading too slowly)\r\n" in bob.heard[-20_000:]:
            break
    else:
        pytest.fail("what nobody reads is kept without end")
    bob.send("end")
    bob.expect("bob: end\r\n")


def test_a_frame_that_never_ends_takes_no_memory(stage: Stage) -> None:
    server = stage.serve("--web", "0", "--rate", "0")
    alice, bob = enter(stage, server, "alice"), stage.enter(server.port, "bob")
    # A message of four exabytes begins, and goes on for as long as this test likes.
    alice.socket.sendall(b"\x81\xff" + struct.pack("!Q", 1 << 62) + b"\0\0\0\0")
    for _ in range(500):
        alice.socket.sendall(b"x" * 65536)
    assert memory(server.process.pid, "VmHWM") < 200 * 1024
    bob.send("still here")
    bob.expect("bob: still here\r\n")


def test_a_signal_says_goodbye_with_a_close_and_ends_it_with_status_0(stage: Stage, server: Server) -> None:
    alice, newcomer, browser = enter(stage, server, "alice"), connect(stage, server), stage.connect(server.web)
    browser.socket.sendall(request("/healthz"))
    browser.expect("ok\n")
    assert server.stop() == 0
    for page in (alice, newcomer):
        page.to_the_end()
        assert page.heard.endswith(bytes((0x81, len(GOODBYE))) + GOODBYE + GOING_AWAY)
    assert browser.to_the_end() == ""
    assert "Traceback" not in server.to_the_end() + server.errors()


def test_the_log_says_who_came_in_and_not_who_looked_at_the_page(stage: Stage, server: Server) -> None:
    server.expect("in a browser\n")
    for data in (request("/"), request("/", "HEAD"), request("/\xff"), request("/", "BREW")):
        browser = stage.connect(server.web)
        browser.socket.sendall(data)
        browser.expect("\r\n\r\n")
        browser.close()
    page = enter(stage, server, "alice")
    page.socket.sendall(b"no frame")
    page.to_the_end()
    other = stage.connect(server.web)
    other.socket.sendall(upgrade(Host="evil.example", Origin="http://evil.example"))
    other.expect(" 403 ")
    assert server.stop() == 0
    said = [line.partition("] ")[2] for line in server.to_the_end().splitlines() if "127.0.0.1" in line]
    assert said == [
        "alice (127.0.0.1) came in",
        "alice (127.0.0.1) left: connection closed",
        "127.0.0.1 was refused a WebSocket (403, Host evil.example, Origin http://evil.example): "
        "A page of another site may not connect here: see --web-hosts and --web-origins.",
    ]
