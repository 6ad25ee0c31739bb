"""The server behind proxies as people run them: real sockets, HAProxy and nginx, configured as is shown."""

from __future__ import annotations

import re
import socket
import textwrap
from pathlib import Path

import pytest
from pages import frame, request, upgrade
from support import Server, Stage, program

from chatroom.model.constants import HOST_NAME
from chatroom.wire.proxy_header import SIGNATURE

DOCS = Path(__file__).parent.parent / "docs"
ALICE = "203.0.113.9"
TEXT = f"PROXY TCP4 {ALICE} 192.0.2.1 56324 443\r\n".encode()
BINARY = SIGNATURE + b"\x21\x11\x00\x0c" + bytes([203, 0, 113, 9, 192, 0, 2, 1, 220, 4, 1, 187])


def behind(stage: Stage, *options: str) -> Server:
    """A server behind a proxy on this machine."""
    return stage.serve("--history", "none", "--irc", "0", "--web", "0", "--proxies", HOST_NAME, *options)


def test_nobody_is_told_to_come_by_a_way_that_needs_a_header(stage: Stage) -> None:
    server = behind(stage)
    # The door for IRC clients is the last.
    server.expect("join it: by the proxy in front of it\n")
    said = "\n".join(server.lines_so_far())
    assert said.count("join it: by the proxy in front of it") == 2
    assert f"join it: open http://{HOST_NAME}:{server.web}/ in a browser\n" in said
    assert "nc " not in said
    assert "/connect" not in said
    server.stop()
    elsewhere = stage.serve("--history", "none", "--proxies", "192.0.2.1")
    elsewhere.expect(f"nc {HOST_NAME} {elsewhere.port}\n")


@pytest.mark.parametrize("header", [TEXT, BINARY], ids=["text", "binary"])
def test_people_behind_a_proxy_talk_and_are_known_by_their_own_addresses(stage: Stage, header: bytes) -> None:
    server = behind(stage)
    line, irc, page = stage.connect(server.port), stage.connect(server.irc), stage.connect(server.web)
    for byte in header:
        line.socket.sendall(bytes((byte,)))
    line.send("alice")
    line.expect("* alice joined\r\n")
    server.expect(f"alice ({ALICE}) came in\n")
    irc.socket.sendall(header + b"NICK bob\r\nUSER b 0 * :Bob\r\nJOIN #lobby\r\n")
    irc.expect(" 366 ")
    server.expect(f"bob ({ALICE}) came in\n")
    page.socket.sendall(header + upgrade() + frame("carol"))
    page.expect('"kind":"joined","room":"lobby","nick":"carol"')
    server.expect(f"carol ({ALICE}) came in\n")
    line.send("hello")
    irc.expect("PRIVMSG #lobby :hello\r\n")
    page.expect('"text":"hello"')
    page.socket.sendall(frame("hello there"))
    line.expect("carol: hello there\r\n")


def test_somebody_who_sends_no_more_is_shown_what_comes_of_it(stage: Stage) -> None:
    server = behind(stage)
    person = stage.connect(server.port)
    person.socket.sendall(TEXT + b"alice\nhello\n")
    person.socket.shutdown(socket.SHUT_WR)
    assert "* alice joined\r\nalice: hello\r\n* alice left (connection closed)\r\n" in person.to_the_end()
    browser = stage.connect(server.web)
    browser.socket.sendall(TEXT + request("/healthz"))
    browser.socket.shutdown(socket.SHUT_WR)
    assert browser.to_the_end().endswith("\r\n\r\nok\n")


def test_a_request_for_somebody_is_theirs(stage: Stage) -> None:
    server = behind(stage)
    page = stage.connect(server.web)
    page.socket.sendall(request("/healthz", Forwarded="for=198.51.100.7"))
    page.expect("\r\n\r\nok\n")
    page.socket.sendall(upgrade(Forwarded=f'for=8.8.8.8, for="{ALICE}:4711"') + frame("alice"))
    page.expect('"kind":"joined","room":"lobby","nick":"alice"')
    server.expect(f"alice ({ALICE}) came in\n")


def test_a_proxy_without_its_header_is_told_so_in_the_log_as_well(stage: Stage) -> None:
    server = behind(stage, "--handshake-timeout", "1")
    why = "You came by a proxy that is not set up for this server: "
    person = stage.connect(server.port)
    person.send("alice")
    assert person.to_the_end().startswith(f"! {why}it begins with no PROXY header")
    server.expect(f"{HOST_NAME} was turned away: {why}it begins with no PROXY header")
    assert (
        stage.connect(server.irc).to_the_end().startswith(f"ERROR :Closing link: ({why}no PROXY header came within 1 s")
    )
    server.expect(f"{HOST_NAME} was turned away: {why}no PROXY header came within 1 seconds")


def test_an_address_of_this_machine_that_is_not_named_is_not_believed(stage: Stage) -> None:
    server = behind(stage, "--host", "0.0.0.0")
    stranger = stage.connect_from("127.0.0.2", server.port)
    stranger.socket.sendall(TEXT)
    assert "its address is not in --proxies" in stranger.to_the_end()
    page = stage.connect_from("127.0.0.2", server.web)
    page.socket.sendall(upgrade(Forwarded=f"for={ALICE}") + frame("alice"))
    server.expect("alice (127.0.0.2) came in\n")


def test_the_peer_of_a_unix_socket_is_a_proxy_where_it_is_named(stage: Stage) -> None:
    path = str(stage.folder / "socket")
    server = stage.serve("--history", "none", "--proxies", "unix", port=f"unix:{path}")
    person = stage.connect(path)
    person.socket.sendall(TEXT)
    person.enter("alice")
    server.expect(f"alice ({ALICE}) came in\n")
    person.send("hello")
    person.expect("alice: hello\r\n")


def shown(title: str) -> str:
    """The first block below ``title`` in the page about proxies."""
    section = re.split(rf"(?m)^{title}\n-+\n", (DOCS / "proxies.rst").read_text(encoding="utf-8"))[1]
    block = section.partition(".. code-block:: text\n\n")[2]
    return textwrap.dedent(re.split(r"\n(?=\S)", block)[0])


def test_haproxy_as_it_is_shown(stage: Stage) -> None:
    haproxy = program("haproxy")
    server = behind(stage, "--max-clients-per-host", "1", "--exempt", "")
    ports = {"55555": stage.port(), "6697": stage.port(), "443": stage.port()}
    block = re.sub(r" ssl crt \S+", "", shown("HAProxy"))
    for inside, real in {"55556": server.port, "6667": server.irc, "8080": server.web}.items():
        assert f"server chatroom 127.0.0.1:{inside} " in block
        block = block.replace(f"server chatroom 127.0.0.1:{inside} ", f"server chatroom 127.0.0.1:{real} ")
    for outside, port in ports.items():
        assert f"bind :{outside}\n" in block
        block = block.replace(f"bind :{outside}\n", f"bind {HOST_NAME}:{port}\n")
    (stage.folder / "haproxy.cfg").write_text(f"global\n    log stderr local0\n{block}\n")
    stage.start(haproxy, "-f", str(stage.folder / "haproxy.cfg"), "-db", "-q")

    line = stage.connect_from("127.0.0.2", ports["55555"])
    line.enter("alice")
    server.expect("alice (127.0.0.2) came in\n")
    irc = stage.connect_from("127.0.0.3", ports["6697"])
    irc.socket.sendall(b"NICK bob\r\nUSER b 0 * :Bob\r\nJOIN #lobby\r\n")
    irc.expect(" 366 ")
    server.expect("bob (127.0.0.3) came in\n")
    page = stage.connect_from("127.0.0.4", ports["443"])
    # The page is known by the name of the proxy's certificate, and what a client claims is replaced.
    claims = {"Forwarded": f"for={ALICE}", "X_Forwarded_For": ALICE, "X_Forwarded_Host": "evil.example"}
    page.socket.sendall(upgrade(Host="chat.example.org", Origin="https://chat.example.org", **claims) + frame("carol"))
    page.expect('"kind":"joined","room":"lobby","nick":"carol"')
    server.expect("carol (127.0.0.4) came in\n")
    # Everybody has one connection, and no more.
    late = stage.connect_from("127.0.0.2", ports["55555"])
    assert (
        late.to_the_end() == "! There are 1 connections from your address already: close one, or try again later.\r\n"
    )
    late = stage.connect_from("127.0.0.4", ports["443"])
    late.socket.sendall(upgrade(Host="chat.example.org", Origin="https://chat.example.org") + frame("late"))
    late.expect('"code":"too-many-from-host"')
    line.send("hello")
    irc.expect("PRIVMSG #lobby :hello\r\n")
    page.expect('"text":"hello"')
    # Health checks leave nothing in the log.
    assert [text for text in server.lines_so_far() if f"{HOST_NAME} was" in text] == []


def test_haproxy_with_headers_of_text_and_whole_connections(stage: Stage) -> None:
    haproxy = program("haproxy")
    server = behind(stage)
    line, web = stage.port(), stage.port()
    sections = [
        "defaults\n mode tcp\n timeout connect 5s\n timeout client 1m\n timeout server 1m",
        f"listen lines\n bind {HOST_NAME}:{line}\n server chatroom {HOST_NAME}:{server.port} send-proxy",
        f"listen page\n bind {HOST_NAME}:{web}\n server chatroom {HOST_NAME}:{server.web} send-proxy-v2",
    ]
    (stage.folder / "haproxy.cfg").write_text("\n".join([*sections, ""]))
    stage.start(haproxy, "-f", str(stage.folder / "haproxy.cfg"), "-db", "-q")

    stage.connect_from("127.0.0.2", line).enter("alice")
    server.expect("alice (127.0.0.2) came in\n")
    page = stage.connect_from("127.0.0.3", web)
    # This is a person's word, and no proxy's.
    page.socket.sendall(upgrade(Forwarded=f"for={ALICE}", X_Forwarded_For=ALICE) + frame("bob"))
    server.expect("bob (127.0.0.3) came in\n")


def test_nginx_as_it_is_shown(stage: Stage) -> None:
    nginx = program("nginx")
    server = behind(stage, "--max-clients-per-host", "1", "--exempt", "")
    port, folder = stage.port(), stage.folder
    block = (DOCS / "web.rst").read_text(encoding="utf-8").partition("code-block:: nginx")[2]
    block = re.split(r"\n(?=\S)", block)[0].replace("http://127.0.0.1:8080/", f"http://{HOST_NAME}:{server.web}/")
    for needed in shown("nginx").splitlines():
        assert needed in block
    block = re.sub(r"ssl_certificate.*", "", block).replace("listen 443 ssl", f"listen {HOST_NAME}:{port}")
    paths = [f"{name}_temp_path {folder}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")]
    process = f"daemon off; master_process off; pid {folder}/nginx.pid; error_log stderr; events {{}}"
    (folder / "nginx.conf").write_text(f"{process} http {{ access_log off; {' '.join(paths)} {block} }}")
    stage.start(nginx, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", "stderr")

    for number in (2, 3):
        page = stage.connect_from(f"127.0.0.{number}", port)
        claims = {"Forwarded": f"for={ALICE};proto=https", "X_Forwarded_For": ALICE, "X_Forwarded_Host": "evil.example"}
        page.socket.sendall(upgrade("/room/chat", **claims) + frame(f"guest{number}"))
        page.expect(f'"kind":"joined","room":"lobby","nick":"guest{number}"')
        server.expect(f"guest{number} (127.0.0.{number}) came in\n")
    late = stage.connect_from("127.0.0.3", port)
    late.socket.sendall(upgrade("/room/chat") + frame("late"))
    late.expect('"code":"too-many-from-host"')
