"""Encryption: a certificate that is read again when its file changes, and the TLS of a door's encrypted ports.

An endpoint is handed :func:`encrypted` of a door in place of the door. The door itself knows of TLS only that its
transport is encrypted. It needs pyOpenSSL (extra ``tls``).

Theory of operation. A certificate and its key are one :class:`Credentials`, which never changes. A
:class:`Certificate` has the credentials that new connections are given, and the state of the two files when these were
read: device, inode, size and time of each. It looks at the files when a connection comes, at most each
:data:`LOOK_EVERY` seconds, and whenever :meth:`Certificate.look` is called. In another state, the files are read:

- credentials that will do take the place of the old ones. Connections that there are keep theirs;
- credentials that will not do leave the old ones in place. Whoever renews a certificate writes two files, and for a
  moment they do not fit each other. So the log has a line only when the next look finds the files in the same state,
  and it has one line for each such state.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from ipaddress import ip_address
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from cryptography.x509.oid import NameOID
from OpenSSL import SSL
from twisted.internet.interfaces import (
    IAddress,
    IOpenSSLServerConnectionCreator,
    IProtocolFactory,
    IProtocolNegotiationFactory,
    IReactorTime,
)
from twisted.internet.ssl import CertificateOptions
from twisted.logger import Logger
from twisted.protocols.tls import TLSMemoryBIOFactory, TLSMemoryBIOProtocol
from zope.interface import implementer

from chatroom.model.errors import CertificateUnusable

LOOK_EVERY = 1.0
"""Seconds between two looks at the files that connections cause."""

MAX_FILE = 1024 * 1024
"""Bytes of a file that are read: a certificate with its chain and key has a few thousand."""

_DAY = "%Y-%m-%d"


@dataclass(frozen=True, slots=True)
class Credentials:
    """A certificate, the certificates that lead to its authority, and its key."""

    options: CertificateOptions
    """TLS with them: what each new connection is made from."""
    names: tuple[str, ...]
    """The hosts that the certificate is for: names, perhaps with a ``*`` for the first label, and addresses."""
    begins: datetime
    ends: datetime
    self_signed: bool
    """Whether no authority has signed it, so that clients cannot verify it unless they have the file."""

    @property
    def fault(self) -> str:
        """The reason why clients refuse it today; empty for none."""
        now = datetime.now(timezone.utc)
        if now > self.ends:
            return f"it has expired on {self.ends:{_DAY}}"
        return f"it is not valid before {self.begins:{_DAY}}" if now < self.begins else ""


@implementer(IOpenSSLServerConnectionCreator)
class Certificate:
    """The certificate of a server, which gives each new connection the newest that will do."""

    _log = Logger()

    def __init__(self, path: str, key_path: str = "", seconds: Callable[[], float] = time.monotonic) -> None:
        """
        :param path: a file in PEM: the server's own certificate, and behind it those that lead to its authority.
        :param key_path: the file of the key; empty where that stands in the file of the certificate.
        :param seconds: a clock that only goes forward.
        :raises CertificateUnusable: they will not do; it says why.
        """
        self.path = path
        self.key_path = key_path or path
        self._seconds = seconds
        self._looked_at = seconds()
        self._state = self._tried = self._told = self._state_of_files()
        self.current = read_credentials(self.path, self.key_path)
        """The credentials that new connections are given."""
        # The credentials whose fault the log has told.
        self._faulty: Credentials | None = None

    def serverConnectionForTLS(self, protocol: TLSMemoryBIOProtocol) -> SSL.Connection:
        """The TLS of a new connection."""
        now = self._seconds()
        if now - self._looked_at >= LOOK_EVERY:
            self._looked_at = now
            self.look()
        connection: SSL.Connection = self.current.options.serverConnectionForTLS(protocol)
        return connection

    def look(self) -> None:
        """Read the files again if they have changed, and have the log say what comes of it."""
        state = self._state_of_files()
        if state not in (self._state, self._told):
            self._read(state, at_once=False)
        self._tell_fault()

    def read_again(self) -> None:
        """Read the files again, changed or not, and have the log say what comes of it."""
        self._read(self._state_of_files(), at_once=True)
        self._tell_fault()

    def _read(self, state: object, at_once: bool) -> None:
        try:
            found = read_credentials(self.path, self.key_path)
        except CertificateUnusable as error:
            if at_once or state == self._tried:
                self._told = state
                self._log.error(
                    "the certificate was not read again: {error} The old one, which ends on {ends}, stays in use",
                    error=error,
                    ends=f"{self.current.ends:{_DAY}}",
                )
            self._tried = state
            return
        self._state = self._tried = self._told = state
        self.current = found
        self._log.info(
            "the certificate in {path} was read again: it is for {names}, and ends on {ends}",
            path=self.path,
            names=", ".join(found.names) or "no host",
            ends=f"{found.ends:{_DAY}}",
        )

    def _tell_fault(self) -> None:
        """Warn, once, that clients refuse the certificate."""
        if self._faulty is not self.current and (fault := self.current.fault):
            self._faulty = self.current
            self._log.warn(
                "{path}: clients refuse the certificate: {fault}. Renew it; the file is read again by itself",
                path=self.path,
                fault=fault,
            )

    def _state_of_files(self) -> object:
        return tuple(_state_of(path) for path in dict.fromkeys((self.path, self.key_path)))

    def name_for(self, host: str) -> str:
        """The name or address by which clients that verify the certificate reach ``host``; it, if there is no other."""
        names = self.current.names
        if host in names:
            return host
        return next((name for name in names if not name.startswith("*") and not _is_address(name)), host)


def _state_of(path: str) -> object:
    try:
        found = os.stat(path)
    except OSError as error:
        return error.errno
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


# Reading.


def read_credentials(path: str, key_path: str) -> Credentials:
    """The certificate in one file, and the key in another, or in the same.

    :raises CertificateUnusable: they will not do; it says which, and why.
    """
    chain = _certificates(path)
    key = _key(key_path, is_alone=key_path != path)
    try:
        is_of_key = _bytes_of(key.public_key()) == _bytes_of(chain[0].public_key())
        if is_of_key:
            return _credentials(chain, key)
    except (SSL.Error, UnsupportedAlgorithm, TypeError, ValueError) as error:
        raise CertificateUnusable(path=path, why=f"TLS cannot use it ({_reason(error)})") from None
    where = "in it" if key_path == path else f"in {path}"
    raise CertificateUnusable(
        path=key_path, why=f"the key is not that of the first certificate {where}, which is the server's own"
    )


def _credentials(chain: Sequence[x509.Certificate], key: PrivateKeyTypes) -> Credentials:
    own = chain[0]
    # Twisted hands these to OpenSSL as they are, and pyOpenSSL takes them so, whatever the types of Twisted's say.
    make_options: Any = CertificateOptions
    options = make_options(key, own, extraCertChain=list(chain[1:]))
    # Twisted has TLS 1.2 at least, ciphers with forward secrecy alone, and no compression.
    context = options.getContext()
    context.set_options(SSL.OP_NO_RENEGOTIATION)
    context.set_alpn_select_callback(_select_protocol)
    self_signed = own.issuer == own.subject
    return Credentials(options, _names(own), own.not_valid_before_utc, own.not_valid_after_utc, self_signed)


def _certificates(path: str) -> list[x509.Certificate]:
    data = _contents(path)
    if b"-----BEGIN CERTIFICATE-----" not in data:
        raise CertificateUnusable(path=path, why="there is no certificate in it, which begins BEGIN CERTIFICATE (PEM)")
    try:
        return x509.load_pem_x509_certificates(data)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise CertificateUnusable(path=path, why=f"a certificate in it cannot be read ({_reason(error)})") from None


def _key(path: str, is_alone: bool) -> PrivateKeyTypes:
    """
    :param is_alone: whether the file is that of a key.
    """
    data = _contents(path)
    if b"PRIVATE KEY-----" not in data:
        remedy = "" if is_alone else ": name the file that has it (--tls-key)"
        raise CertificateUnusable(path=path, why=f"there is no private key in it{remedy}")
    try:
        return load_pem_private_key(data, None)
    except TypeError:
        why = "its key has a passphrase, for which nobody is there to be asked: take it off with openssl pkey"
        raise CertificateUnusable(path=path, why=why) from None
    except (ValueError, UnsupportedAlgorithm) as error:
        raise CertificateUnusable(path=path, why=f"its key cannot be read ({_reason(error)})") from None


def _contents(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(MAX_FILE)
    except OSError as error:
        raise CertificateUnusable(path=path, why=error.strerror or str(error)) from None


def _reason(error: Exception) -> str:
    """An exception of OpenSSL's or of cryptography's in few words."""
    found = error.args[0] if error.args else ""
    if isinstance(found, list):
        found = ", ".join(str(entry[-1]) for entry in found)
    return str(found).partition("\n")[0].rstrip(".")[:200] or type(error).__name__


def _bytes_of(key: Any) -> bytes:
    found: bytes = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return found


def _names(certificate: x509.Certificate) -> tuple[str, ...]:
    with suppress(x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        hosts = names.get_values_for_type(x509.DNSName)
        return (*hosts, *map(str, names.get_values_for_type(x509.IPAddress)))
    return tuple(str(name.value) for name in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME))


# Speaking TLS.


def _select_protocol(connection: SSL.Connection, offered: list[bytes]) -> Any:
    """What is spoken over TLS (RFC 7301), of what the client offers.

    Twisted's own answers a client that offers nothing that is spoken here with the empty protocol, which none takes.
    """
    factory = connection.get_app_data().factory.wrappedFactory
    spoken = factory.acceptableProtocols() if IProtocolNegotiationFactory.providedBy(factory) else []
    return next((name for name in spoken if name in offered), SSL.NO_OVERLAPPING_PROTOCOLS)


class _EncryptedFactory(TLSMemoryBIOFactory):
    """TLS around the connections of a door."""

    def buildProtocol(self, addr: IAddress | None) -> TLSMemoryBIOProtocol | None:  # type: ignore[override]
        """The protocol of a new connection; None, which closes the connection, when the door takes none."""
        wrapped = self.wrappedFactory.buildProtocol(addr)
        return None if wrapped is None else self.protocol(self, wrapped)


def encrypted(door: IProtocolFactory, certificate: Certificate, reactor: IReactorTime) -> IProtocolFactory:
    """``door``, by encrypted connections alone: the factory to hand to ``endpoint.listen``."""
    factory: IProtocolFactory = _EncryptedFactory(certificate, False, door, reactor)
    return factory
