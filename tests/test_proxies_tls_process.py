"""Encrypted doors behind proxies that pass on TLS as it comes, and proxies that take TLS away."""

from __future__ import annotations

import pytest
from certificates import Authority
from pages import frame, upgrade
from support import EncryptedPerson, Server, Stage, program

from chatroom.model.constants import HOST_NAME
from chatroom.wire.proxy_header import SIGNATURE

ALICE = "203.0.113.9"
TEXT = f"PROXY TCP4 {ALICE} 192.0.2.1 56324 443\r\n".encode()
ADDRESSES = bytes([203, 0, 113, 9, 192, 0, 2, 1, 220, 4, 1, 187])


@pytest.fixture
def authority(stage: Stage) -> Authority:
    return Authority(stage.folder)


def serve(stage: Stage, authority: Authority, *options: str) -> Server:
    authority.issue()
    doors = ("--tls-port", "0", "--web", "0", "--irc-tls", "0", "--tls-cert", "server.pem", "--tls-key", "server.key")
    return stage.serve("--history", "none", "--proxies", HOST_NAME, *doors, *options)


def encrypted_behind(stage: Stage, port: int, authority: Authority) -> EncryptedPerson:
    """Somebody whose proxy has sent a header, and then passes on TLS."""
    person = stage.connect(port)
    person.socket.sendall(TEXT)
    return EncryptedPerson(authority.client().wrap_socket(person.socket, server_hostname="localhost"))


def test_a_header_stands_before_tls(stage: Stage, authority: Authority) -> None:
    server = serve(stage, authority)
    line = encrypted_behind(stage, server.tls_port, authority)
    line.enter("alice")
    server.expect(f"alice ({ALICE}) came in\n")
    irc = encrypted_behind(stage, server.irc_tls, authority)
    irc.socket.sendall(b"NICK bob\r\nUSER b 0 * :Bob\r\nJOIN #lobby\r\n")
    irc.expect(" 366 ")
    server.expect(f"bob ({ALICE}) came in\n")
    page = encrypted_behind(stage, server.web, authority)
    page.socket.sendall(upgrade(Host="localhost", Origin="https://localhost") + frame("carol"))
    page.expect('"kind":"joined","room":"lobby","nick":"carol"')
    server.expect(f"carol ({ALICE}) came in\n")
    for person in (line, irc, page):
        person.close()


def test_tls_without_its_header_is_refused_but_at_the_door_for_browsers(stage: Stage, authority: Authority) -> None:
    server = serve(stage, authority)
    person = stage.connect(server.tls_port)
    person.socket.sendall(b"\x16\x03\x01")
    assert "it begins with no PROXY header" in person.to_the_end()
    page = stage.connect_encrypted(server.web, authority.client())
    page.socket.sendall(
        upgrade(Host="localhost", Origin="https://localhost", Forwarded=f"for={ALICE}") + frame("alice")
    )
    page.expect('"kind":"joined","room":"lobby","nick":"alice"')
    server.expect(f"alice ({ALICE}) came in\n")


def test_haproxy_passes_tls_on_as_it_comes(stage: Stage, authority: Authority) -> None:
    haproxy = program("haproxy")
    server = serve(stage, authority)
    port = stage.port()
    (stage.folder / "haproxy.cfg").write_text(
        "defaults\n mode tcp\n timeout connect 5s\n timeout client 1m\n timeout server 1m\n"
        f"listen lines\n bind {HOST_NAME}:{port}\n server chatroom {HOST_NAME}:{server.tls_port} send-proxy-v2\n"
    )
    stage.start(haproxy, "-f", str(stage.folder / "haproxy.cfg"), "-db", "-q")
    person = stage.connect_from("127.0.0.2", port)
    encrypted = EncryptedPerson(authority.client().wrap_socket(person.socket, server_hostname="localhost"))
    encrypted.enter("alice")
    server.expect("alice (127.0.0.2) came in\n")
    encrypted.close()


@pytest.mark.parametrize(("client", "told"), [(1, "You're an operator now"), (0, "Your connection is not encrypted")])
def test_a_password_is_taken_where_the_proxy_says_that_it_came_over_tls(stage: Stage, client: int, told: str) -> None:
    (stage.folder / "operators").write_text("boss secret\n")
    server = stage.serve("--history", "none", "--proxies", HOST_NAME, "--operators", "operators")
    person = stage.connect(server.port)
    extension = bytes([0x20, 0, 5, client, 0, 0, 0, 0])
    person.socket.sendall(SIGNATURE + b"\x21\x11\x00\x14" + ADDRESSES + extension)
    person.enter("boss")
    person.send("/oper boss secret")
    person.expect(told)
