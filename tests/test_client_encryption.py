"""The client's encrypted connections, with both ends joined in memory: who is trusted, and what is said otherwise."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bots import Bot
from client_certificates import NAMES, Authority, Certified, self_signed
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import load_pem_x509_certificate
from OpenSSL import SSL
from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.internet.error import ConnectionDone, NoProtocol
from twisted.internet.interfaces import (
    IOpenSSLServerConnectionCreator,
    IProtocolFactory,
    IStreamClientEndpoint,
    ITransport,
)
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.task import Clock
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.python.failure import Failure
from twisted.test.iosim import IOPump, connect, makeFakeClient, makeFakeServer
from zope.interface import implementer

from chatroom import ChatClientFactory, ChatFactory
from chatroom.client.encryption import HANDSHAKE_WITHIN, Authorities, EncryptedEndpoint, authorities_in
from chatroom.client.errors import (
    AuthoritiesUnread,
    CertificateRefused,
    Expired,
    NameRefused,
    NotEncrypted,
    NotYetValid,
    PlainText,
    SelfSigned,
    TLSFailed,
    TLSTimeout,
    TLSTooOld,
    UnknownAuthority,
    WrongHost,
)
from chatroom.client.liveness import ANSWER_WITHIN


class Recorder(Protocol):
    """Writes down what it is told."""

    transport: ITransport

    def connectionMade(self) -> None:
        self.heard = b""
        self.lost: Failure | None = None

    def dataReceived(self, data: bytes) -> None:
        self.heard += data

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.lost = reason


class Greeting(Recorder):
    """A server that speaks first."""

    greeting = b"NICK\r\n"

    def connectionMade(self) -> None:
        super().connectionMade()
        self.transport.write(self.greeting)


@implementer(IOpenSSLServerConnectionCreator)
class ServerSide:
    """The server's side of TLS, with one certificate."""

    def __init__(self, certified: Certified, configure: Callable[[SSL.Context], None] = lambda context: None) -> None:
        self._context = SSL.Context(SSL.TLS_METHOD)
        self._context.use_certificate(load_pem_x509_certificate(certified.certificate))
        self._context.use_privatekey(load_pem_private_key(certified.key, None))  # type: ignore[arg-type]
        self.names: list[bytes | None] = []
        """The host name that each client has asked for (SNI)."""
        self._context.set_tlsext_servername_callback(lambda connection: self.names.append(connection.get_servername()))
        configure(self._context)

    def serverConnectionForTLS(self, protocol: Any) -> SSL.Connection:
        return SSL.Connection(self._context)


@implementer(IStreamClientEndpoint)
class MemoryServer:
    """A server in memory, and the way to it."""

    def __init__(self, clock: Clock, factory: IProtocolFactory) -> None:
        self._clock = clock
        self._factory = factory
        self.protocol: Any = None
        """The server's protocol of the last connection."""
        self.pump: IOPump | None = None

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[Any]:  # noqa: N803 - the interface's name
        client: Any = protocolFactory.buildProtocol(None)  # type: ignore[arg-type]
        server: Any = self._factory.buildProtocol(None)  # type: ignore[arg-type]
        ends = makeFakeServer(server), makeFakeClient(client)
        self.pump = connect(server, ends[0], client, ends[1], greet=False, clock=self._clock)
        self.protocol = getattr(server, "wrappedProtocol", server)
        return succeed(client)

    def flush(self) -> None:
        """Have everything arrive that was sent."""
        assert self.pump is not None
        self.pump.flush()


class Attempt:
    """One connection that was tried."""

    def __init__(self, endpoint: EncryptedEndpoint, server: MemoryServer) -> None:
        self.server = server
        self.made: list[Recorder] = []
        """The protocols that were made for a verified server."""
        self.error: BaseException | None = None
        self.connecting = endpoint.connect(_Into(self.made))
        self.connecting.addErrback(self._failed)
        server.flush()

    def _failed(self, failure: Failure) -> None:
        self.error = failure.value


class _Into(Factory):
    def __init__(self, made: list[Recorder]) -> None:
        self._made = made

    def buildProtocol(self, addr: object) -> Recorder:
        self._made.append(Recorder())
        return self._made[-1]


AUTHORITY = Authority()


@pytest.fixture
def trusted(tmp_path: Path) -> Authorities:
    return authorities_in(str(AUTHORITY.save(tmp_path)))


def served(
    certified: Certified, clock: Clock, factory: IProtocolFactory, configure: Callable[[SSL.Context], None]
) -> tuple[MemoryServer, ServerSide]:
    side = ServerSide(certified, configure)
    return MemoryServer(clock, TLSMemoryBIOFactory(side, False, factory, clock)), side


def attempt(
    certified: Certified,
    trusted: Authorities,
    host: str = "localhost",
    configure: Callable[[SSL.Context], None] = lambda context: None,
) -> tuple[Attempt, ServerSide]:
    """Try to connect to a server with that certificate."""
    clock = Clock()
    server, side = served(certified, clock, Factory.forProtocol(Greeting), configure)
    return Attempt(EncryptedEndpoint(clock, host, 55555, trusted, server), server), side


# Who is trusted.


@pytest.mark.parametrize(
    ("named", "host"),
    [
        ("localhost", "localhost"),
        ("localhost", "LOCALHOST"),
        ("chat.example.org", "chat.example.org."),
        ("*.example.org", "chat.example.org"),
        ("xn--bcher-kva.example", "bücher.example"),
        ("127.0.0.1", "127.0.0.1"),
        ("::1", "::1"),
        ("::1", "0:0:0:0:0:0:0:1"),
        ("fe80::1", "fe80::1%eth0"),
    ],
)
def test_a_certificate_of_a_trusted_authority_for_the_host_is_accepted(
    trusted: Authorities, named: str, host: str
) -> None:
    tried, _ = attempt(AUTHORITY.certify("other.example", named), trusted, host)
    assert tried.error is None
    [protocol] = tried.made
    assert protocol.heard == b"NICK\r\n"
    protocol.transport.write(b"alice\n")
    tried.server.flush()
    assert tried.server.protocol.heard == b"alice\n"


@pytest.mark.parametrize(
    ("host", "asked_for"),
    [("chat.example.org.", b"chat.example.org"), ("bücher.example", b"xn--bcher-kva.example"), ("127.0.0.1", None)],
)
def test_the_server_is_told_which_of_its_names_is_wanted(
    trusted: Authorities, host: str, asked_for: bytes | None
) -> None:
    # RFC 6066 section 3: an address is no name.
    _, side = attempt(AUTHORITY.certify("example.org"), trusted, host)
    assert side.names == [asked_for]


def test_a_certificate_that_signs_itself_is_trusted_where_it_is_given(tmp_path: Path) -> None:
    certified = self_signed(*NAMES)
    certificate, _ = certified.save(tmp_path)
    tried, _ = attempt(certified, authorities_in(str(certificate)))
    assert tried.error is None
    assert tried.made[0].heard == b"NICK\r\n"


def test_each_authority_in_a_file_is_trusted(tmp_path: Path) -> None:
    other = Authority("another authority")
    path = tmp_path / "several.pem"
    path.write_bytes(b"The authorities of two networks:\n" + AUTHORITY.pem + b"\nand\n" + other.pem)
    for authority in (AUTHORITY, other):
        tried, _ = attempt(authority.certify(*NAMES), authorities_in(str(path)))
        assert tried.error is None


WRONG: list[tuple[Certified, type[CertificateRefused], str]] = [
    (Authority("unknown").certify(*NAMES), UnknownAuthority, "the authority that signed its certificate is not in "),
    (Authority(AUTHORITY.name).certify(*NAMES), UnknownAuthority, "the authority that signed its certificate is not "),
    (self_signed(*NAMES), SelfSigned, "its certificate is signed by nobody else, and is not in "),
    (AUTHORITY.certify(*NAMES, days=(-3, -1)), Expired, "its certificate has expired (until 2"),
    (AUTHORITY.certify(*NAMES, days=(1, 3)), NotYetValid, "its certificate is not valid yet (from 2"),
    (AUTHORITY.certify("a.example"), WrongHost, "its certificate is for a.example, not for localhost. "),
    (AUTHORITY.certify("*"), WrongHost, "its certificate is for *, not for localhost. "),
    (AUTHORITY.certify("127.0.0.1"), WrongHost, "its certificate is for 127.0.0.1, not for localhost. "),
    (AUTHORITY.certify(), WrongHost, "its certificate is for no host, not for localhost. "),
    (
        AUTHORITY.certify("a.example", "b.example", "c.example", "d.example", "::1"),
        WrongHost,
        "its certificate is for a.example, b.example, c.example and 2 more, not for localhost. ",
    ),
]


@pytest.mark.parametrize("version", [SSL.TLS1_2_VERSION, SSL.TLS1_3_VERSION], ids=["TLS 1.2", "TLS 1.3"])
@pytest.mark.parametrize(("certified", "kind", "why"), WRONG, ids=range(len(WRONG)))
def test_a_wrong_certificate_is_refused_before_anything_is_said(
    trusted: Authorities, certified: Certified, kind: type[CertificateRefused], why: str, version: int
) -> None:
    def in_that_version(context: SSL.Context) -> None:
        context.set_min_proto_version(version)
        context.set_max_proto_version(version)

    tried, _ = attempt(certified, trusted, configure=in_that_version)
    assert type(tried.error) is kind
    assert str(tried.error).startswith(f"localhost:55555 cannot be trusted: {why}")
    assert kind.final
    assert tried.made == []
    assert tried.server.protocol.heard == b""
    assert tried.server.protocol.lost is not None


def test_a_certificate_for_a_name_is_not_for_the_address_that_it_has(trusted: Authorities) -> None:
    tried, _ = attempt(AUTHORITY.certify("localhost"), trusted, "127.0.0.1")
    assert isinstance(tried.error, WrongHost)
    assert "its certificate is for localhost, not for 127.0.0.1." in str(tried.error)


def test_an_authority_that_has_expired_vouches_for_nobody(tmp_path: Path) -> None:
    old = Authority(days=(-3, -1))
    tried, _ = attempt(old.certify(*NAMES), authorities_in(str(old.save(tmp_path))))
    assert isinstance(tried.error, Expired)
    assert "the certificate of its authority has expired (until 2" in str(tried.error)


def test_the_names_in_a_certificate_are_shown_as_text_and_not_at_any_length(trusted: Authorities) -> None:
    tried, _ = attempt(AUTHORITY.certify("\x1b[31mred", "x" * 10_000), trusted)
    assert isinstance(tried.error, WrongHost)
    assert "\x1b" not in str(tried.error)
    assert len(str(tried.error)) < 500


@pytest.mark.parametrize("host", ["a..b", "a_b", "2130706433", "[::1]", "-", "x" * 64])
def test_a_name_that_no_certificate_can_have_is_said(trusted: Authorities, host: str) -> None:
    clock = Clock()
    server, _ = served(AUTHORITY.certify(*NAMES), clock, Factory.forProtocol(Greeting), lambda context: None)
    errors: list[Failure] = []
    EncryptedEndpoint(clock, host, 55555, trusted, server).connect(_Into([])).addErrback(errors.append)
    assert [type(failure.value) for failure in errors] == [NameRefused]
    assert server.pump is None


# Servers that do not speak TLS, or not well.


def at_plain_server(trusted: Authorities, greeting: bytes) -> tuple[Attempt, Clock]:
    clock = Clock()
    kind = type("Plain", (Greeting,), {"greeting": greeting})
    server = MemoryServer(clock, Factory.forProtocol(kind))
    return Attempt(EncryptedEndpoint(clock, "localhost", 55555, trusted, server), server), clock


@pytest.mark.parametrize(
    "greeting",
    [b"NICK\r\n", b"HTTP/1.1 400 Bad Request\r\n\r\n", b":irc.example NOTICE * :*** Looking up\r\n", b"\r\n" * 10],
)
def test_a_server_that_answers_in_plain_text_is_said_nothing_to(trusted: Authorities, greeting: bytes) -> None:
    tried, _ = at_plain_server(trusted, greeting)
    assert type(tried.error) is PlainText
    assert tried.error.final
    assert str(tried.error).startswith("localhost:55555 answers without encryption (TLS). ")
    assert tried.made == []


def test_a_server_that_says_nothing_is_given_up(trusted: Authorities) -> None:
    tried, clock = at_plain_server(trusted, b"")
    clock.advance(HANDSHAKE_WITHIN - 1)
    assert tried.server.protocol.lost is None
    clock.advance(1)
    tried.server.flush()
    assert type(tried.error) is TLSTimeout
    assert not tried.error.final
    assert str(tried.error).startswith("localhost:55555 did not answer within 20 seconds to begin encryption (TLS). ")
    assert tried.server.protocol.lost is not None


def test_a_server_that_closes_the_connection_can_be_tried_again(trusted: Authorities) -> None:
    tried, clock = at_plain_server(trusted, b"")
    tried.server.protocol.transport.loseConnection()
    tried.server.flush()
    assert type(tried.error) is TLSFailed
    assert not tried.error.final
    assert "it closed the connection" in str(tried.error)
    assert clock.getDelayedCalls() == []


def test_a_server_that_has_only_older_versions_is_refused(trusted: Authorities) -> None:
    def old(context: SSL.Context) -> None:
        context.set_cipher_list(b"ALL:@SECLEVEL=0")
        context.set_min_proto_version(SSL.TLS1_VERSION)
        context.set_max_proto_version(SSL.TLS1_1_VERSION)

    tried, _ = attempt(AUTHORITY.certify(*NAMES), trusted, configure=old)
    assert type(tried.error) is TLSTooOld
    assert tried.error.final
    assert tried.made == []


def test_what_else_openssl_says_is_told(trusted: Authorities) -> None:
    def with_a_cipher_that_nobody_has(context: SSL.Context) -> None:
        context.set_max_proto_version(SSL.TLS1_2_VERSION)
        context.set_cipher_list(b"AES128-SHA")

    tried, _ = attempt(AUTHORITY.certify(*NAMES), trusted, configure=with_a_cipher_that_nobody_has)
    assert type(tried.error) is TLSFailed
    assert "handshake failure" in str(tried.error)


def test_a_connection_that_is_not_wanted_any_more_is_closed(trusted: Authorities) -> None:
    tried, clock = at_plain_server(trusted, b"")
    tried.connecting.cancel()
    tried.server.flush()
    assert isinstance(tried.error, CancelledError)
    assert tried.server.protocol.lost is not None
    assert clock.getDelayedCalls() == []


def test_the_end_of_a_connection_is_told_to_the_protocol_that_has_it(trusted: Authorities) -> None:
    tried, _ = attempt(AUTHORITY.certify(*NAMES), trusted)
    tried.server.protocol.transport.loseConnection()
    tried.server.flush()
    [protocol] = tried.made
    assert protocol.lost is not None
    assert protocol.lost.check(ConnectionDone)


class Refusing(Factory):
    """A factory that wants no connection, or cannot make a protocol for it."""

    def __init__(self, error: Exception | None) -> None:
        self._error = error

    def buildProtocol(self, addr: object) -> None:
        if self._error is not None:
            raise self._error


@pytest.mark.parametrize(("error", "failure"), [(None, NoProtocol), (ZeroDivisionError(), ZeroDivisionError)])
def test_a_factory_without_a_protocol_fails_the_connection(
    trusted: Authorities, error: Exception | None, failure: type[Exception]
) -> None:
    clock = Clock()
    server, _ = served(AUTHORITY.certify(*NAMES), clock, Factory.forProtocol(Greeting), lambda context: None)
    errors: list[Failure] = []
    connecting = EncryptedEndpoint(clock, "localhost", 55555, trusted, server).connect(Refusing(error))
    connecting.addErrback(errors.append)
    server.flush()
    assert [found.type for found in errors] == [failure]
    assert server.protocol.lost is not None
    assert clock.getDelayedCalls() == []


# Files of authorities.


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(AuthoritiesUnread, match=r"nowhere\.pem: it cannot be read: No such file or directory\.$"):
        authorities_in(str(tmp_path / "nowhere.pem"))
    with pytest.raises(AuthoritiesUnread, match="it cannot be read: Is a directory"):
        authorities_in(str(tmp_path))


@pytest.mark.parametrize(
    "content",
    [b"", b"no certificate", b"\xff\x00", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"],
)
def test_a_file_without_a_certificate_is_said(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "ca.pem"
    path.write_bytes(content)
    with pytest.raises(AuthoritiesUnread, match="there is no certificate in it"):
        authorities_in(str(path))


def test_a_key_is_no_certificate(tmp_path: Path) -> None:
    _, key = AUTHORITY.certify(*NAMES).save(tmp_path)
    with pytest.raises(AuthoritiesUnread, match="there is no certificate in it"):
        authorities_in(str(key))


# Bots.


def bot_at(factory: ChatClientFactory, room: ChatFactory, clock: Clock, trusted: Authorities) -> Bot:
    """A bot that is in an encrypted room; what is sent from then on does not arrive."""
    server, _ = served(AUTHORITY.certify(*NAMES), clock, room, lambda context: None)
    made: list[object] = []
    EncryptedEndpoint(clock, "localhost", 55555, trusted, server).connect(factory).addBoth(made.append)
    server.flush()
    [bot] = made
    assert isinstance(bot, Bot)
    assert bot.live
    return bot


def test_a_bot_gives_up_a_dead_encrypted_connection_and_says_again_what_was_not_sent(trusted: Authorities) -> None:
    clock = Clock()
    room = ChatFactory(reactor=clock)
    factory = ChatClientFactory("bot", Bot, ping_every=30, reactor=clock)
    bot = bot_at(factory, room, clock, trusted)
    refs = [bot.say(str(number)) for number in range(3)]
    # The server is asked whether it is there.
    for _ in range(4):
        clock.advance(10)
    transport: Any = bot.transport
    assert not transport.disconnecting
    clock.advance(ANSWER_WITHIN)
    assert transport.disconnecting
    again = bot_at(factory, room, clock, trusted)
    assert list(again.outcomes) == refs
    assert len(factory.unacknowledged) == 0


def test_every_error_of_encryption_says_whether_another_try_is_of_use() -> None:
    final = {PlainText, TLSTooOld, NameRefused, CertificateRefused, *CertificateRefused.__subclasses__()}
    assert {kind for kind in [*NotEncrypted.__subclasses__(), *CertificateRefused.__subclasses__()] if kind.final} == (
        final
    )
