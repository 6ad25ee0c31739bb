"""Encrypted connections to a server (TLS 1.2 or later), which nothing is said over before the server is verified.

Theory of operation. Twisted's TLS is connected as soon as TCP is, and tells later, if ever, that the server was not the
right one. An :class:`EncryptedEndpoint` is connected when the server has proved who it is, and fails with one of
:class:`~chatroom.client.errors.NotEncrypted` otherwise. So a program that comes back by itself counts a refused
certificate like a refused connection, and its protocol never sees a server that is not to be trusted.

OpenSSL checks the chain of certificates during the handshake. After it, service_identity checks that the certificate is
for the host, or for its IP address (RFC 9525). Both checks are made for each connection, and neither can be left out.

This module needs the extra ``tls``, so it is imported only where a connection shall be encrypted. It knows no protocol.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from OpenSSL import SSL
from OpenSSL.crypto import X509
from service_identity import CertificateError, VerificationError
from service_identity.hazmat import DNS_ID
from service_identity.pyopenssl import verify_hostname, verify_ip_address
from twisted.internet.defer import Deferred, fail
from twisted.internet.endpoints import HostnameEndpoint
from twisted.internet.error import NoProtocol
from twisted.internet.interfaces import (
    IDelayedCall,
    IHandshakeListener,
    IOpenSSLClientConnectionCreator,
    IProtocol,
    IProtocolFactory,
    IStreamClientEndpoint,
)
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.ssl import Certificate, optionsForClientTLS, platformTrust, trustRootFromCertificates
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.python.failure import Failure
from zope.interface import implementer

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
from chatroom.model.text import clean

HANDSHAKE_WITHIN = 20.0
"""Seconds that a server has for the handshake, once there is a connection."""

SHOWN_NAMES = 3
"""Names of a certificate that an error lists."""

SHOWN_CHARACTERS = 100
"""Characters that an error shows of each."""

_Codes = SSL.X509VerificationCodes

_UNKNOWN = frozenset(
    (
        _Codes.ERR_UNABLE_TO_GET_ISSUER_CERT,
        _Codes.ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
        _Codes.ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE,
        _Codes.ERR_SELF_SIGNED_CERT_IN_CHAIN,
        _Codes.ERR_CERT_UNTRUSTED,
        # An authority that is trusted has the same name, and another key.
        _Codes.ERR_CERT_SIGNATURE_FAILURE,
    )
)
"""The codes of OpenSSL for a chain of certificates that ends at no trusted one."""

# Reasons of OpenSSL (SSL_R_...), as ERR_reason_error_string gives them. The first bytes of an answer in plain text are
# taken for the head of a record, where the version of TLS is then wrong.
_NOT_TLS = frozenset(("wrong version number", "http request", "https proxy request", "packet length too long"))
_TOO_OLD = frozenset(("unsupported protocol", "tlsv1 alert protocol version", "version too low", "wrong ssl version"))


@dataclass(frozen=True, slots=True)
class Authorities:
    """The authorities whose word is taken for who a server is."""

    root: Any
    """The trust root, as Twisted takes one."""
    name: str
    """What they are, behind "is not": ``in lan.pem``."""


def system_authorities() -> Authorities:
    """Those that the system trusts: OpenSSL's defaults, which ``SSL_CERT_FILE`` and ``SSL_CERT_DIR`` may change."""
    return Authorities(platformTrust(), "one that this system trusts")


def authorities_in(path: str) -> Authorities:
    """Those in a file in PEM, and no others; a certificate of a server that has signed it itself is one as well.

    :raises AuthoritiesUnread: there are none in it, or it cannot be read.
    """
    try:
        found = x509.load_pem_x509_certificates(Path(path).read_bytes())
    except OSError as error:
        raise AuthoritiesUnread(path=path, why=f"it cannot be read: {error.strerror}.") from None
    except ValueError:
        why = 'there is no certificate in it. It must be a file in PEM, with lines "-----BEGIN CERTIFICATE-----".'
        raise AuthoritiesUnread(path=path, why=why) from None
    certificates = [Certificate.loadPEM(certificate.public_bytes(Encoding.PEM)) for certificate in found]
    return Authorities(trustRootFromCertificates(certificates), f"in {path}")


@implementer(IStreamClientEndpoint)
class EncryptedEndpoint:
    """Connects to a host once it has proved by its certificate that it is that host."""

    def __init__(
        self,
        reactor: Any,
        host: str,
        port: int,
        authorities: Authorities | None = None,
        endpoint: IStreamClientEndpoint | None = None,
    ) -> None:
        """
        :param host: the name that the certificate must have, or the IP address.
        :param authorities: those of the system, unless others are given.
        :param endpoint: the way to the server, unless it is TCP to that host and port.
        """
        self._reactor = reactor
        self._endpoint = endpoint or HostnameEndpoint(reactor, host, port)
        self._server = _Server(host, port, authorities or system_authorities())

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[Any]:  # noqa: N803 - the interface's name
        """Connect; the Deferred fires with the protocol once the server is verified.

        :raises NotEncrypted: in the Deferred, as the errors of the other endpoint are.
        """
        try:
            verification = _Verification(self._server)
        except NotEncrypted as error:
            return fail(error)
        handshakes = _Handshakes(self._reactor, verification, protocolFactory)
        encrypting = TLSMemoryBIOFactory(verification, True, handshakes, self._reactor)
        connecting: Deferred[Any] = self._endpoint.connect(encrypting)
        return connecting.addCallback(lambda tls: tls.wrappedProtocol.done)


class _Server:
    """The server that is asked for."""

    def __init__(self, host: str, port: int, authorities: Authorities) -> None:
        self.where = f"{host}:{port}"
        # An address of one link has the link behind it, and a whole domain name may have a dot: no certificate has.
        self.host = host.partition("%")[0].removesuffix(".")
        self.authorities = authorities
        self._options: IOpenSSLClientConnectionCreator | None = None

    def options(self) -> IOpenSSLClientConnectionCreator:
        """:raises NameRefused: no certificate can be for it."""
        if self._options is None:
            try:
                if not _is_address(self.host):
                    DNS_ID(self.host)
                self._options = optionsForClientTLS(self.host, self.authorities.root)
            except ValueError:
                raise NameRefused(host=self.host) from None
        return self._options


@implementer(IOpenSSLClientConnectionCreator)
class _Verification:
    """The verification of a server on one connection."""

    def __init__(self, server: _Server) -> None:
        """:raises NameRefused: no certificate can be for the server's name."""
        self.where = server.where
        self._server = server
        self._options = server.options()
        # The first code of OpenSSL for which a certificate was refused, its depth in the chain, and the certificate.
        self._refused: tuple[int, int, X509] | None = None

    def clientConnectionForTLS(self, tlsProtocol: Any) -> SSL.Connection:  # noqa: N803 - the interface's name
        connection = self._options.clientConnectionForTLS(tlsProtocol)
        # This takes the place of Twisted's, which in 26.10 lets a certificate without any name pass for every host.
        connection.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, self._verified)
        return connection

    def _verified(self, connection: SSL.Connection, certificate: X509, code: int, depth: int, ok: int) -> bool:
        # OpenSSL calls this, so nothing here may raise.
        if not ok and self._refused is None:
            self._refused = code, depth, certificate
        return bool(ok)

    def check_host(self, connection: SSL.Connection) -> None:
        """:raises CertificateRefused: the certificate is not for the host."""
        host = self._server.host
        try:
            if _is_address(host):
                verify_ip_address(connection, host)
            else:
                verify_hostname(connection, host)
        except (VerificationError, CertificateError, ValueError):
            names = _names_in(connection.get_peer_certificate())
            raise WrongHost(where=self.where, names=names, host=host) from None

    def explain(self, reason: Failure) -> Exception:
        """Why there is no connection, from the reason for which it was lost."""
        if self._refused is not None:
            return self._explain_refusal(*self._refused)
        error = reason.value
        if isinstance(error, SSL.Error) and not isinstance(error, SSL.SysCallError):
            reasons = {found[-1] for found in error.args[0]} if error.args else set()
            if reasons & _NOT_TLS:
                return PlainText(where=self.where)
            if reasons & _TOO_OLD:
                return TLSTooOld(where=self.where)
            return TLSFailed(where=self.where, why=", ".join(sorted(filter(None, reasons))) or "it said nothing else")
        return TLSFailed(where=self.where, why="it closed the connection")

    def _explain_refusal(self, code: int, depth: int, refused: X509) -> CertificateRefused:
        certificate = refused.to_cryptography()
        whose = "the certificate of its authority" if depth else "its certificate"
        trusted = self._server.authorities.name
        if code in _UNKNOWN:
            return UnknownAuthority(where=self.where, trusted=trusted)
        if code == _Codes.ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
            return SelfSigned(where=self.where, trusted=trusted)
        if code == _Codes.ERR_CERT_HAS_EXPIRED:
            date = f"{certificate.not_valid_after_utc:until %Y-%m-%d %H:%M} UTC"
            return Expired(where=self.where, whose=whose, date=date)
        if code == _Codes.ERR_CERT_NOT_YET_VALID:
            date = f"{certificate.not_valid_before_utc:from %Y-%m-%d %H:%M} UTC"
            return NotYetValid(where=self.where, whose=whose, date=date)
        known = {number: name for name, number in vars(_Codes).items() if isinstance(number, int)}
        why = known.get(code, f"error {code} of OpenSSL").removeprefix("ERR_").replace("_", " ").lower()
        return CertificateRefused(where=self.where, why=why)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _names_in(certificate: X509 | None) -> str:
    """The hosts and addresses that a certificate is for, as an error lists them."""
    if certificate is None:
        return "no host"
    try:
        listed = certificate.to_cryptography().extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        names = [*listed.get_values_for_type(x509.DNSName), *map(str, listed.get_values_for_type(x509.IPAddress))]
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        names = []
    if not names:
        return "no host"
    names = [clean(name)[:SHOWN_CHARACTERS] for name in names]
    more = len(names) - SHOWN_NAMES
    return ", ".join(names[:SHOWN_NAMES]) + (f" and {more} more" if more > 0 else "")


class _Handshakes(Factory):
    """Makes the one protocol that waits for the end of the handshake."""

    noisy = False

    def __init__(self, reactor: Any, verification: _Verification, factory: IProtocolFactory) -> None:
        self._reactor = reactor
        self._verification = verification
        self._factory = factory

    def buildProtocol(self, addr: Any) -> Protocol:
        return _Handshake(self._reactor, self._verification, lambda: self._factory.buildProtocol(addr))


@implementer(IHandshakeListener)
class _Handshake(Protocol):
    """A connection until its server is verified; then all that comes goes to the protocol that it is handed to."""

    # Twisted's transport for TLS.
    transport: Any

    def __init__(self, reactor: Any, verification: _Verification, build: Callable[[], IProtocol | None]) -> None:
        """:param build: makes the protocol that a verified connection is handed to."""
        self._reactor = reactor
        self._verification = verification
        self._build = build
        self._protocol: IProtocol | None = None
        self._timer: IDelayedCall | None = None
        self.done: Deferred[IProtocol] = Deferred(lambda _: self._abort())
        """Fires once, with the protocol that the connection is handed to."""

    def connectionMade(self) -> None:
        self._timer = self._reactor.callLater(HANDSHAKE_WITHIN, self._too_late)

    def handshakeCompleted(self) -> None:
        if self.done.called:
            return
        try:
            self._verification.check_host(self.transport.getHandle())
        except CertificateRefused as error:
            self._fail(error)
            return
        try:
            protocol = self._build()
        except Exception as error:
            self._fail(error)
            return
        if protocol is None:
            self._fail(NoProtocol())
            return
        self._stop_timer()
        self._protocol = protocol
        protocol.makeConnection(self.transport)
        self.done.callback(protocol)

    def dataReceived(self, data: bytes) -> None:
        if self._protocol is not None:
            self._protocol.dataReceived(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._stop_timer()
        if self._protocol is not None:
            self._protocol.connectionLost(reason)
        elif not self.done.called:
            self.done.errback(self._verification.explain(reason))

    def _too_late(self) -> None:
        self._timer = None
        self._fail(TLSTimeout(where=self._verification.where, seconds=HANDSHAKE_WITHIN))

    def _fail(self, error: Exception) -> None:
        self._abort()
        self.done.errback(error)

    def _abort(self) -> None:
        self._stop_timer()
        self.transport.abortConnection()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
