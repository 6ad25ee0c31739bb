"""Several doors at once, as people run them: they lead to one chat, open together, or not at all."""

from __future__ import annotations

import re
import signal
import socket
import sqlite3
import ssl
import struct
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from certificates import Authority
from pages import frame, read_answer, request, upgrade
from support import TIMEOUT, TWISTD, Hearing, Person, Server, Stage, port_of, program

from chatroom.model.constants import HOST_NAME
from chatroom.server.door_table import PORTS
from chatroom.server.options import HISTORY

MODULE = (sys.executable, "-m", "chatroom")
STARTS = pytest.mark.parametrize("by", [(TWISTD, "-n", "chatroom"), MODULE], ids=["twistd", "module"])

HISTORY_FILES = {HISTORY, f"{HISTORY}-lock", f"{HISTORY}-search"}
"""What a server that has ended leaves behind."""

GOING_AWAY = b"\x88\x02" + struct.pack("!H", 1001)


def files(stage: Stage) -> set[str]:
    return {path.name for path in stage.folder.iterdir()}


def at_the_page(stage: Stage, address: int | str, nickname: str) -> Person:
    page = stage.connect(address)
    page.socket.sendall(upgrade() + frame(nickname))
    page.expect(f'"kind":"joined","room":"lobby","nick":"{nickname}","text":"","member":"')
    return page


def by_irc(stage: Stage, address: int, nickname: str) -> Person:
    person = stage.connect(address)
    person.socket.sendall(f"NICK {nickname}\r\nUSER {nickname} 0 * :{nickname}\r\nJOIN #lobby\r\n".encode())
    person.expect(" 366 ")
    return person


# Opening.


@STARTS
def test_every_door_leads_to_the_same_room(stage: Stage, by: tuple[str, ...]) -> None:
    server = stage.serve("--web", "0", "--irc", "0", by=by)
    assert len({server.port, server.web, server.irc}) == 3
    alice = stage.enter(server.port, "alice")
    bob = at_the_page(stage, server.web, "bob")
    carol = by_irc(stage, server.irc, "carol")
    alice.expect("* bob joined\r\n* carol joined\r\n")
    bob.expect('"nick":"carol","text":"","member":"')
    alice.send("from a line")
    bob.expect('"nick":"alice","text":"from a line","member":"')
    carol.expect("PRIVMSG #lobby :from a line\r\n")
    bob.socket.sendall(frame("from a page"))
    alice.expect("bob: from a page\r\n")
    carol.expect("PRIVMSG #lobby :from a page\r\n")
    carol.send("PRIVMSG #lobby :from IRC")
    alice.expect("carol: from IRC\r\n")
    bob.expect('"nick":"carol","text":"from IRC","member":"')


@STARTS
def test_each_door_prints_where_it_listens_and_how_to_come_in(stage: Stage, by: tuple[str, ...]) -> None:
    server = stage.serve("--web", "0", "--irc", "0", by=by)
    after_irc = server.expect("join it: ") + server.expect("\n")
    assert str(server.irc) in after_irc
    said = server.heard.decode()
    for port in (server.port, server.web, server.irc):
        assert f"chatroom listens on 127.0.0.1:{port}\n" in said
    assert f"join it: open http://127.0.0.1:{server.web}/ in a browser\n" in said
    # In this order, each with its ways in behind it.
    assert re.findall(r"listens on 127\.0\.0\.1:(\d+)", said) == [
        str(port) for port in (server.port, server.web, server.irc)
    ]


def test_where_a_page_is_served_to_all_it_is_opened_from_here(stage: Stage) -> None:
    server = stage.serve("--web", "0", "--host", "0.0.0.0")
    assert f"chatroom listens on 0.0.0.0:{server.web}\n" in server.heard.decode()
    server.expect(f"join it: open http://127.0.0.1:{server.web}/ in a browser\n")


def test_the_page_may_be_served_where_an_endpoint_description_says(stage: Stage) -> None:
    server = stage.serve("--web", "tcp:0:interface=127.0.0.2")
    with closing(socket.create_connection(("127.0.0.2", server.web), TIMEOUT)) as browser:
        browser.sendall(request("/healthz", Connection="close"))
        heard = Hearing(browser.fileno())
        heard.to_the_end()
        assert read_answer(heard.heard)[0].status == 200


def test_the_page_may_be_served_on_a_unix_socket(stage: Stage) -> None:
    server = stage.serve("--web", "unix:page")
    assert "chatroom listens on page\n" in server.heard.decode()
    server.expect("join it: by the proxy that is connected to it\n")
    alice = at_the_page(stage, str(stage.folder / "page"), "alice")
    assert server.stop() == 0
    alice.to_the_end()
    assert alice.heard.endswith(GOING_AWAY)
    assert files(stage) == HISTORY_FILES


@STARTS
def test_the_page_may_be_the_only_door(stage: Stage, by: tuple[str, ...]) -> None:
    server = stage.serve("--web", "0", port="", by=by)
    server.expect("in a browser\n")
    assert server.heard.decode().count("chatroom listens on ") == 1
    at_the_page(stage, server.web, "alice")


# Not opening.


@STARTS
def test_a_server_without_a_door_does_not_start(stage: Stage, by: tuple[str, ...]) -> None:
    server = stage.start(*by, "--port", "")
    said = server.to_the_end() + server.errors()
    assert server.status() == 1
    assert "chatroom: no door is open: give one of --port, --tls-port, --web, --irc, --irc-tls\n" in said
    assert "Traceback" not in said
    assert files(stage) == set()


@STARTS
@pytest.mark.parametrize("taken", [port.option for port in PORTS])
def test_a_port_that_is_taken_is_named_with_its_option_and_nothing_is_left(
    stage: Stage, tmp_path: Path, by: tuple[str, ...], taken: str
) -> None:
    certificate, key = map(str, Authority(tmp_path).issue())
    with closing(stage.listen()) as other:
        where = {port.option: "0" for port in PORTS} | {taken: str(port_of(other))}
        where |= {"tls-cert": certificate, "tls-key": key}
        options = [word for option, port in where.items() for word in (f"--{option}", port)]
        server = stage.start(*by, *options)
        said = server.to_the_end()
        assert server.status() == 1
        assert server.errors() == (
            f"chatroom: --{taken} {where[taken]}: something else is listening there already; choose another port\n"
        )
        assert "Traceback" not in said
        assert "join it" not in said
    assert files(stage) <= HISTORY_FILES
    # The history was closed: nothing is left of what was on its way into it.
    with closing(sqlite3.connect(stage.folder / HISTORY)) as history:
        assert history.execute("pragma integrity_check").fetchone() == ("ok",)
    assert stage.serve("--web", "0", by=by).web


@STARTS
def test_a_socket_of_a_door_that_could_open_is_taken_away_when_another_cannot(
    stage: Stage, by: tuple[str, ...]
) -> None:
    with closing(stage.listen()) as other:
        server = stage.start(*by, "--port", "unix:room", "--web", str(port_of(other)))
        assert "--web" in server.to_the_end() + server.errors()
        assert server.status() == 1
    assert files(stage) <= HISTORY_FILES


@STARTS
@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--web", "banana"], "--web banana: neither a port number nor an endpoint description"),
        (["--web", "70000"], "--web 70000: a port is a number from 0 to 65535"),
        (["--web", "unix:no/such/folder/page"], "--web unix:no/such/folder/page: cannot listen there: No such file"),
        (["--web", "0", "--web-origins", "example.org"], "--web-origins example.org: it takes a list of origins"),
        (["--web-origins", "https://example.org/page"], "--web-origins https://example.org/page: it takes a list of"),
        (["--web-origins", "*"], "--web-origins *: it takes a list of origins"),
        (["--web-hosts", "http://chat.lan"], "--web-hosts http://chat.lan: it takes a list of host names"),
        (
            ["--web-hosts", "chat.lan,chat.lan:8080"],
            "--web-hosts chat.lan,chat.lan:8080: it takes a list of host names",
        ),
        (["--web-hosts", "chat..lan"], "--web-hosts chat..lan: it takes a list of host names"),
        (["--web-origins", "null"], "--web-origins null: it takes a list of origins"),
    ],
)
def test_what_is_wrong_is_said_in_one_line_that_names_the_option(
    stage: Stage, by: tuple[str, ...], options: list[str], named: str
) -> None:
    server = stage.start(*by, "--port", "0", *options)
    said = server.to_the_end() + server.errors()
    assert server.status() == 1
    assert "Traceback" not in said
    assert [line for line in said.splitlines() if line.startswith(f"chatroom: {named}")], said
    assert files(stage) <= HISTORY_FILES


@pytest.fixture
def without_wsproto(stage: Stage, tmp_path: Path) -> dict[str, str]:
    """An environment in which wsproto is not installed."""
    hidden = tmp_path / "hidden"
    (hidden / "wsproto").mkdir(parents=True)
    (hidden / "wsproto" / "__init__.py").write_text(
        "raise ModuleNotFoundError(\"No module named 'wsproto'\", name='wsproto')\n"
    )
    return {"PYTHONPATH": str(hidden)}


@STARTS
def test_what_the_page_needs_is_named_when_it_is_not_there(
    stage: Stage, by: tuple[str, ...], without_wsproto: dict[str, str]
) -> None:
    server = stage.start(*by, "--port", "0", "--web", "0", environment=without_wsproto)
    said = server.to_the_end() + server.errors()
    assert server.status() == 1
    assert "chatroom: --web needs wsproto: pip install 'chatroom[web]'\n" in said
    assert "Traceback" not in said
    assert files(stage) == set()


@STARTS
def test_the_other_doors_do_without_what_the_page_needs(
    stage: Stage, by: tuple[str, ...], without_wsproto: dict[str, str]
) -> None:
    server = stage.start(*by, "--port", "0", "--irc", "0", environment=without_wsproto)
    server.expect("chatroom listens on 127.0.0.1:")
    stage.enter(int(server.expect("\n")), "alice")


# Closing.


@STARTS
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_says_goodbye_at_every_door_and_ends_it_with_status_0(
    stage: Stage, by: tuple[str, ...], number: signal.Signals
) -> None:
    server: Server = stage.serve("--web", "0", "--irc", "0", by=by)
    alice = stage.enter(server.port, "alice")
    bob = at_the_page(stage, server.web, "bob")
    carol = by_irc(stage, server.irc, "carol")
    alice.expect("* carol joined\r\n")
    # Connected, and nobody yet.
    strangers = [stage.connect(port) for port in (server.port, server.web, server.irc)]
    strangers[0].expect("NICK\r\n")
    alice.send("last words")
    for person in (alice, bob, carol):
        person.expect("last words")
    assert server.stop(number) == 0
    assert alice.to_the_end().endswith("* the server is stopping\r\n")
    assert '"text":"the server is stopping"}' in bob.to_the_end()
    assert bob.heard.endswith(GOING_AWAY)
    assert "the server is stopping" in carol.to_the_end()
    for stranger in strangers:
        stranger.to_the_end()
    assert "Traceback" not in server.to_the_end() + server.errors()
    assert files(stage) == HISTORY_FILES


@pytest.mark.parametrize(("door", "says"), [("irc", "/connect -tls 127.0.0.1 "), ("web", "open https://127.0.0.1:")])
def test_a_door_with_a_certificate_says_how_to_join_it_and_is_joined_so(door: str, says: str, stage: Stage) -> None:
    making = [program("openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=a"]
    subprocess.run([*making, "-keyout", "key", "-out", "cert"], cwd=stage.folder, check=True, capture_output=True)
    server = stage.serve(f"--{door}", "ssl:0:interface=127.0.0.1:privateKey=key:certKey=cert")
    server.expect(f"join it: {says}")

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with context.wrap_socket(socket.create_connection((HOST_NAME, getattr(server, door)), TIMEOUT)) as connection:
        asks, answer = {"irc": (b"PING x\r\n", b" PONG "), "web": (request("/healthz"), b" 200 ")}[door]
        connection.sendall(asks)
        with connection.makefile("rb") as answers:
            assert answer in answers.readline()
