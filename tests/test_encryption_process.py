"""Encrypted doors of a real server: its options, what is wrong with them, and a certificate that is renewed."""

from __future__ import annotations

import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from certificates import DAY, Authority, new_key, pem_of, self_signed
from cryptography import x509
from OpenSSL import SSL
from pages import frame, read_answer, request, upgrade
from support import TIMEOUT, TWISTD, EncryptedPerson, Server, Stage

from chatroom.model.constants import HOST_NAME

pytestmark = pytest.mark.process

MODULE = (sys.executable, "-m", "chatroom")
STARTS = pytest.mark.parametrize("by", [(TWISTD, "-n", "chatroom"), MODULE], ids=["twistd", "module"])
NO_HISTORY = ("--history", "none")
DOORS = ("tls_port", "web", "irc_tls")
"""The encrypted ports of a server that :func:`serve` starts."""

Serve = Callable[..., Server]


@pytest.fixture
def authority(stage: Stage) -> Authority:
    return Authority(stage.folder)


@pytest.fixture
def serve(stage: Stage, authority: Authority) -> Serve:
    """Starts a server with all doors, and their encrypted ports."""

    def start(*options: str, by: tuple[str, ...] = (TWISTD, "-n", "chatroom"), issued: bool = False) -> Server:
        if not issued:
            authority.issue()
        doors = ("--tls-port", "0", "--web", "0", "--irc", "0", "--irc-tls", "0")
        return stage.serve(*NO_HISTORY, *doors, "--tls-cert", "server.pem", "--tls-key", "server.key", *options, by=by)

    return start


def names_shown(stage: Stage, authority: Authority, port: int) -> list[str]:
    """The names in the certificate that somebody is shown who connects now."""
    # Those whose name it is may be others than those that are asked for.
    context = authority.client()
    context.check_hostname = False
    person = stage.connect_encrypted(port, context)
    shown = person.socket.getpeercert(binary_form=True)
    person.close()
    assert shown is not None
    names = x509.load_der_x509_certificate(shown).extensions.get_extension_for_class(x509.SubjectAlternativeName)
    return names.value.get_values_for_type(x509.DNSName)


def traces(server: Server) -> bool:
    """Whether the server has written of an exception."""
    return "Traceback" in server.heard.decode(errors="replace") + server.errors()


# Open.


@STARTS
def test_every_door_is_joined_by_an_encrypted_connection(
    stage: Stage, authority: Authority, serve: Serve, by: tuple[str, ...]
) -> None:
    server = serve(by=by)
    alice = stage.connect_encrypted(server.tls_port, authority.client())
    alice.enter("alice")
    bob = stage.connect_encrypted(server.web, authority.client("h2", "http/1.1"))
    assert bob.socket.selected_alpn_protocol() == "http/1.1"
    bob.socket.sendall(upgrade(Host="chat.example.org", Origin="https://chat.example.org") + frame("bob"))
    bob.expect('"kind":"joined","room":"lobby","nick":"bob"')
    carol = stage.connect_encrypted(server.irc_tls, authority.client("irc"))
    carol.send("NICK carol\r\nUSER carol 0 * :Carol\r\nJOIN #lobby\r")
    carol.expect(" 366 ")
    # The port in the clear is there beside the encrypted one, and leads to the same room.
    dave = stage.enter(server.port, "dave")
    for encrypted in (alice, bob, carol):
        encrypted.expect("dave")
    carol.send("PRIVMSG #lobby :from IRC\r")
    for person in (alice, bob, dave):
        person.expect("from IRC")
    carol.send("WHOIS alice\r\nWHOIS dave\r\nWHOIS carol\r")
    shown = carol.expect("318 carol carol")
    assert [line.split()[3] for line in shown.splitlines() if line.split()[1:2] == ["671"]] == ["alice", "carol"]
    alice.send("/whois alice")
    alice.expect("* alice comes from 127.0.0.1, encrypted\r\n")
    assert server.stop() == 0
    assert alice.to_the_end().endswith("* the server is stopping\r\n")
    server.to_the_end()
    assert not traces(server)


def test_it_says_how_to_join_by_the_name_in_the_certificate(stage: Stage, serve: Serve, authority: Authority) -> None:
    server = serve()
    server.expect("in an IRC client, then /join #lobby\n")
    said = server.heard.decode()
    # It is for 127.0.0.1, too.
    assert f" -m chatroom.client NICKNAME --tls --port {server.tls_port}\n" in said
    assert f"openssl s_client -quiet -connect 127.0.0.1:{server.tls_port}\n" in said
    assert f"open https://127.0.0.1:{server.web}/ in a browser\n" in said
    assert f"/connect 127.0.0.1 {server.irc} in" in said
    assert f"/connect -tls 127.0.0.1 {server.irc_tls} in" in said
    server.stop()
    authority.issue(hosts=("*.example.org", "chat.example.org"))
    server = serve(issued=True)
    server.expect(f"/connect -tls chat.example.org {server.irc_tls} in")
    said = server.heard.decode()
    assert f"NICKNAME --tls --host chat.example.org --port {server.tls_port}\n" in said
    assert f"open https://chat.example.org:{server.web}/ in a browser\n" in said
    assert f"/connect 127.0.0.1 {server.irc} in" in said


def test_a_self_signed_certificate_is_one_that_clients_need_the_file_of(stage: Stage) -> None:
    certificate, key = self_signed(stage.folder)
    server = stage.serve(
        *NO_HISTORY, "--irc-tls", "0", "--irc-sts", "60", "--tls-cert", "own.pem", "--tls-key", "own.key"
    )
    server.expect("the certificate in own.pem is self-signed: clients that have the file verify it (--ca own.pem)\n")
    server.expect("--irc-sts: IRC clients that cannot verify the certificate are locked out by it\n")
    context = ssl.create_default_context(cafile=str(certificate))
    context.verify_flags &= ~getattr(ssl, "VERIFY_X509_STRICT", 0)
    person = stage.connect_encrypted(server.irc_tls, context)
    person.send("CAP LS 302\r")
    person.expect("sts=duration=60")
    assert key.exists()


def test_the_key_may_stand_in_the_file_of_the_certificate(stage: Stage, authority: Authority) -> None:
    certificate, key = authority.issue()
    certificate.write_bytes(certificate.read_bytes() + key.read_bytes())
    server = stage.serve(*NO_HISTORY, "--tls-port", "0", "--tls-cert", "server.pem", port="")
    stage.connect_encrypted(server.tls_port, authority.client()).enter("alice")


def test_encrypted_ports_take_endpoint_descriptions(stage: Stage, authority: Authority) -> None:
    authority.issue()
    own = "ssl:0:interface=127.0.0.1:privateKey=server.key:certKey=server.pem"
    # One that has a certificate of its own needs no other, and is told of as an encrypted port all the same.
    server = stage.serve(*NO_HISTORY, "--irc", "0", "--irc-tls", own, "--irc-sts", "60")
    stage.connect_encrypted(server.irc_tls, authority.client()).send("PING x\r")
    plain = stage.connect(server.irc)
    plain.send("CAP LS 302\r")
    plain.expect(f" sts=port={server.irc_tls}\r\n")
    server.stop()
    certificate = ("--tls-cert", "server.pem", "--tls-key", "server.key")
    server = stage.serve(*NO_HISTORY, "--tls-port", "tcp:0:interface=127.0.0.1", "--web", "unix:page", *certificate)
    stage.connect_encrypted(server.tls_port, authority.client()).enter("alice")
    # The socket of a proxy is not encrypted, since a description is taken as it stands.
    page = stage.connect(str(stage.folder / "page"))
    page.socket.sendall(request("/healthz", Connection="close"))
    page.to_the_end()
    assert read_answer(page.heard)[0].status == 200


# What is wrong.

CERTIFICATE = ["--tls-cert", "server.pem", "--tls-key", "server.key"]


@STARTS
@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--tls-port", "0"], "--tls-port 0 needs --tls-cert FILE: a certificate"),
        (["--irc-tls", "0"], "--irc-tls 0 needs --tls-cert FILE: a certificate"),
        (["--tls-key", "server.key"], "--tls-key server.key needs --tls-cert FILE: the certificate that it is of"),
        (
            CERTIFICATE,
            "--tls-cert server.pem: no port is encrypted with it: give one of --tls-port PORT, --web PORT, "
            "--irc-tls PORT",
        ),
        ([*CERTIFICATE, "--web", "unix:page"], "--tls-cert server.pem: no port is encrypted with it: give one of"),
        ([*CERTIFICATE, "--tls-port", "0", "--irc-sts", "60"], "--irc-sts 60 needs --irc-tls PORT"),
        (["--irc-sts", "soon"], "--irc-sts soon: it takes a whole number that is not negative, or nothing"),
        (["--clear-passwords", "10.0.0.1/8"], "--clear-passwords 10.0.0.1/8: it takes a list of networks"),
        (["--tls-cert", "none.pem", "--tls-port", "0"], "--tls-cert none.pem: No such file or directory"),
        (
            ["--tls-cert", "server.pem", "--tls-key", "none.key", "--tls-port", "0"],
            "--tls-key none.key: No such file or directory",
        ),
        (
            ["--tls-cert", "server.pem", "--tls-port", "0"],
            "--tls-cert server.pem: there is no private key in it: name the file that has it (--tls-key)",
        ),
        (
            ["--tls-cert", "server.pem", "--tls-key", "other.key", "--tls-port", "0"],
            "--tls-key other.key: the key is not that of the first certificate in server.pem, which is the server's",
        ),
        (
            ["--tls-cert", "server.pem", "--tls-key", "hidden.key", "--tls-port", "0"],
            "--tls-key hidden.key: its key has a passphrase, for which nobody is there to be asked: take it off with "
            "openssl pkey",
        ),
        (
            ["--tls-cert", "server.key", "--tls-key", "server.key", "--tls-port", "0"],
            "--tls-cert server.key: there is no certificate in it, which begins BEGIN CERTIFICATE (PEM)",
        ),
    ],
)
def test_what_is_wrong_is_said_in_one_line_at_the_start(
    stage: Stage, authority: Authority, by: tuple[str, ...], options: list[str], says: str
) -> None:
    authority.issue()
    authority.issue("other")
    (stage.folder / "hidden.key").write_bytes(pem_of(new_key(), b"secret"))
    server = stage.start(*by, "--port", "0", *NO_HISTORY, *options, stdin=subprocess.DEVNULL)
    said = server.to_the_end() + server.errors()
    assert server.status() == 1
    assert "Traceback" not in said
    assert [line for line in said.splitlines() if line.startswith(f"chatroom: {says}")], said


@STARTS
@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--tls-cert", "server.pem", "--tls-port", "0"], "--tls-cert needs pyOpenSSL: pip install 'chatroom[tls]'"),
        (
            ["--irc", "ssl:0:privateKey=server.key:certKey=server.pem"],
            "--irc ssl:0:privateKey=server.key:certKey=server.pem: it needs pyOpenSSL: pip install 'chatroom[tls]'",
        ),
    ],
)
def test_what_encryption_needs_is_named_when_it_is_not_there(
    stage: Stage, tmp_path: Path, by: tuple[str, ...], options: list[str], says: str
) -> None:
    hidden = tmp_path / "hidden"
    (hidden / "OpenSSL").mkdir(parents=True)
    (hidden / "OpenSSL" / "__init__.py").write_text(
        "raise ModuleNotFoundError(\"No module named 'OpenSSL'\", name='OpenSSL')\n"
    )
    path = {"PYTHONPATH": f"{hidden}:{Path(__file__).parent.parent}"}
    Authority(stage.folder).issue()
    server = stage.start(*by, "--port", "0", *NO_HISTORY, *options, environment=path)
    said = server.to_the_end() + server.errors()
    assert server.status() == 1
    assert f"chatroom: {says}\n" in said
    assert "Traceback" not in said
    plain = stage.start(*by, "--port", "0", *NO_HISTORY, environment=path)
    plain.expect("chatroom listens on 127.0.0.1:")
    stage.enter(int(plain.expect("\n")), "alice")


def test_a_certificate_that_has_expired_is_warned_of_and_used(stage: Stage, authority: Authority, serve: Serve) -> None:
    authority.issue(ends_in=-1 * DAY)
    server = serve(issued=True)
    server.expect("server.pem: clients refuse the certificate: it has expired on ")
    server.expect(". Renew it; the file is read again by itself\n")
    context = authority.client()
    with pytest.raises(ssl.SSLCertVerificationError):
        stage.connect_encrypted(server.tls_port, context)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    stage.connect_encrypted(server.tls_port, context).enter("alice")


# Read again.


def test_a_renewed_certificate_is_for_those_who_come_and_drops_nobody(
    stage: Stage, authority: Authority, serve: Serve
) -> None:
    server = serve()
    alice = stage.connect_encrypted(server.tls_port, authority.client())
    alice.enter("alice")
    authority.issue(hosts=("new.example.org",))
    # By itself: nobody connects meanwhile, and nobody says anything to the server.
    server.expect("the certificate in server.pem was read again: it is for new.example.org, and ends on ")
    for port in DOORS:
        assert names_shown(stage, authority, getattr(server, port)) == ["new.example.org"]
    alice.send("still here")
    alice.expect("alice: still here\r\n")
    bob = stage.connect_encrypted(server.tls_port, authority.client(), "new.example.org")
    bob.enter("bob")
    alice.expect("* bob joined\r\n")


def test_a_bad_certificate_leaves_the_old_one_in_place_with_one_line_in_the_log(
    stage: Stage, authority: Authority, serve: Serve
) -> None:
    server = serve()
    authority.write("server", b"spoilt", b"spoilt")
    server.expect("the certificate was not read again: server.pem: there is no certificate in it")
    for port in DOORS:
        assert names_shown(stage, authority, getattr(server, port)) == ["chat.example.org", "localhost"]
    authority.issue(hosts=("new.example.org",))
    server.signal(signal.SIGHUP)
    server.expect("the certificate in server.pem was read again: it is for new.example.org")
    assert names_shown(stage, authority, server.irc_tls) == ["new.example.org"]
    assert server.heard.decode().count("was not read again") == 1


def test_sighup_has_it_read_at_once(stage: Stage, authority: Authority, serve: Serve) -> None:
    server = serve()
    server.signal(signal.SIGHUP)
    server.expect("SIGHUP has come: the certificate is read again; for other files, restart the server\n")
    server.expect("the certificate in server.pem was read again: it is for chat.example.org, localhost, 127.0.0.1,")
    authority.issue(hosts=("new.example.org",))
    server.signal(signal.SIGHUP)
    server.expect("the certificate in server.pem was read again: it is for new.example.org")
    (stage.folder / "server.key").unlink()
    server.signal(signal.SIGHUP)
    server.expect("the certificate was not read again: server.key: No such file or directory. The old one, which ends")
    assert names_shown(stage, authority, server.web) == ["new.example.org"]


# TLS.


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("port", DOORS)
def test_tls_before_1_2_is_refused(stage: Stage, authority: Authority, serve: Serve, port: str) -> None:
    server = serve()
    old = authority.client()
    old.minimum_version = ssl.TLSVersion.TLSv1
    old.maximum_version = ssl.TLSVersion.TLSv1_1
    old.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.raises(ssl.SSLError):
        stage.connect_encrypted(getattr(server, port), old)
    server.expect("127.0.0.1 was turned away: TLS has failed (unsupported protocol)\n")
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        new = authority.client()
        new.minimum_version = new.maximum_version = version
        person = stage.connect_encrypted(getattr(server, port), new)
        name, _, bits = person.socket.cipher() or ("", "", 0)
        # Each has forward secrecy, and encrypts and authenticates in one.
        assert name.startswith(("ECDHE", "TLS_"))
        assert "GCM" in name or "POLY1305" in name
        assert bits >= 128
        assert person.socket.compression() is None
    assert not traces(server)


def test_a_client_that_negotiates_again_is_refused_that(stage: Stage, authority: Authority, serve: Serve) -> None:
    server = serve()
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_max_proto_version(SSL.TLS1_2_VERSION)
    with socket.create_connection((HOST_NAME, server.tls_port), TIMEOUT) as connection:
        # With a timeout, Python has a socket that OpenSSL cannot wait for.
        connection.setblocking(True)
        client = SSL.Connection(context, connection)
        client.set_connect_state()
        client.do_handshake()
        assert client.recv(100) == b"NICK\r\n"
        assert client.renegotiate()
        with pytest.raises(SSL.Error, match="no renegotiation"):
            client.do_handshake()
    alice = stage.connect_encrypted(server.tls_port, authority.client())
    alice.enter("alice")
    assert not traces(server)


@pytest.mark.parametrize("port", DOORS)
@pytest.mark.parametrize(
    "said", [b"alice\r\nhello\r\n", b"GET / HTTP/1.1\r\nHost: chat\r\n\r\n", b"NICK a\r\n", b"\0" * 99]
)
def test_plain_text_at_an_encrypted_port_is_closed_quietly(
    stage: Stage, authority: Authority, serve: Serve, port: str, said: bytes
) -> None:
    server = serve()
    person = stage.connect(getattr(server, port))
    person.socket.sendall(said)
    # An alert, and nothing of the room.
    assert len(person.to_the_end().encode()) < 16
    server.expect("127.0.0.1 was turned away: TLS has failed (")
    alice = stage.connect_encrypted(server.tls_port, authority.client())
    alice.enter("alice")
    server.stop()
    server.to_the_end()
    assert not traces(server)


@pytest.mark.parametrize("port", DOORS)
@pytest.mark.parametrize("said", [b"", b"\x16\x03\x01\x02\x00\x01"], ids=["nothing", "a beginning"])
def test_whoever_does_not_get_to_the_end_of_the_handshake_is_let_go(
    stage: Stage, serve: Serve, port: str, said: bytes
) -> None:
    server = serve("--handshake-timeout", "1")
    person = stage.connect(getattr(server, port))
    person.socket.sendall(said)
    person.to_the_end(timeout=20)
    assert not traces(server)


def test_at_a_plain_port_a_client_that_speaks_tls_is_let_go(stage: Stage, authority: Authority, serve: Serve) -> None:
    server = serve()
    for port in (server.port, server.irc):
        with pytest.raises((ssl.SSLError, ConnectionError)):
            stage.connect_encrypted(port, authority.client())
        server.expect("127.0.0.1 was turned away: TLS is not spoken at this door")


def test_a_client_that_does_not_trust_the_certificate_is_named_in_the_log(
    stage: Stage, serve: Serve, authority: Authority
) -> None:
    server = serve()
    with pytest.raises(ssl.SSLCertVerificationError):
        stage.connect_encrypted(server.tls_port, ssl.create_default_context())
    server.expect("127.0.0.1 was turned away: TLS has failed (")
    assert "unknown ca" in server.expect("\n")


# What goes over it.


def https(person: EncryptedPerson, data: bytes) -> None:
    person.socket.sendall(data)


def test_the_page_over_https_has_browsers_come_back_by_it_alone(
    stage: Stage, authority: Authority, serve: Serve
) -> None:
    server = serve("--hsts", "86400")
    person = stage.connect_encrypted(server.web, authority.client())
    https(person, request("/", Host="chat.example.org:8443", Connection="close"))
    person.to_the_end()
    answer = read_answer(person.heard)[0]
    assert (answer.status, answer.headers["strict-transport-security"]) == (200, "max-age=86400")
    assert "set-cookie" not in answer.headers
    for host, origin, status in (
        ("chat.example.org", "http://chat.example.org", 403),
        ("chat.example.org", "https://evil.example", 403),
        ("chat.example.org", "https://chat.example.org", 101),
    ):
        person = stage.connect_encrypted(server.web, authority.client())
        https(person, upgrade(Host=host, Origin=origin))
        person.expect(f"HTTP/1.1 {status} ")


def test_who_asks_for_ever_more_over_https_and_reads_nothing_is_let_go(
    stage: Stage, authority: Authority, serve: Serve
) -> None:
    server = serve("--rate", "0")
    person = stage.connect_encrypted(server.web, authority.client())
    asked = request("/style.css", Host="chat.example.org") * 100
    person.socket.settimeout(0.2)
    # Until the server has read enough of it: it does not answer it all.
    with suppress(TimeoutError, ConnectionError, ssl.SSLError):
        for _ in range(2000):
            person.socket.sendall(asked)
    person.socket.settimeout(TIMEOUT)
    read = 0
    with suppress(ConnectionError, ssl.SSLError):
        while data := person.socket.recv(65536):
            read += len(data)
    # The buffers of both systems, and not what was asked for.
    assert read < 40_000_000


def test_irc_clients_are_told_of_the_encrypted_port(stage: Stage, authority: Authority, serve: Serve) -> None:
    server = serve("--irc-sts", "604800")
    plain = stage.connect(server.irc)
    plain.send("CAP LS 302\r")
    assert f" sts=port={server.irc_tls}\r\n" in plain.expect("\n")
    encrypted = stage.connect_encrypted(server.irc_tls, authority.client())
    encrypted.send("CAP LS 302\r")
    assert " sts=duration=604800\r\n" in encrypted.expect("\n")


def test_a_password_from_beyond_this_machine_is_taken_encrypted_or_where_that_is_allowed(
    stage: Stage, authority: Authority, serve: Serve
) -> None:
    address = own_address()
    (stage.folder / "operators").write_text("root open sesame\n", encoding="utf-8")
    options = ("--operators", "operators", "--host", "0.0.0.0")
    for further, taken in (([], False), (["--clear-passwords", f"{address}/32"], True)):
        server = serve(*options, *further)
        with socket.create_connection((address, server.port), TIMEOUT, (address, 0)) as connection:
            connection.sendall(b"alice\n/oper root open sesame\n")
            answers = connection.makefile("rb")
            said = b"* You're an operator now.\r\n" if taken else b"! Your connection is not encrypted, so no password "
            assert any(line.startswith(said) for line in answers)
        with socket.create_connection((address, server.tls_port), TIMEOUT, (address, 0)) as connection:
            encrypted = authority.client().wrap_socket(connection, server_hostname="localhost")
            encrypted.sendall(b"bob\n/oper root open sesame\n")
            assert any(line == b"* You're an operator now.\r\n" for line in encrypted.makefile("rb"))
            encrypted.close()
        server.stop()


def own_address() -> str:
    """An address of this machine that is not loopback's; without one, the test is skipped."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        try:
            # Nothing is sent: the system chooses the address that it would be sent from.
            asking.connect(("192.0.2.1", 9))
        except OSError:
            pytest.skip("this machine has no address but loopback's")
        found = str(asking.getsockname()[0])
    if found.startswith("127."):
        pytest.skip("this machine has no address but loopback's")
    return found
