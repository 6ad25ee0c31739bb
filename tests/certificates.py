"""Certificates for tests: an authority that nobody else knows, and what it signs."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

HOSTS = ("chat.example.org", "localhost", "127.0.0.1")
"""What a certificate is for unless it says otherwise."""

DAY = timedelta(days=1)

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def pem_of(key: Key, passphrase: bytes = b"") -> bytes:
    hidden = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, hidden)


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _certificate(
    name: x509.Name, key: Key, issuer: x509.Name, signer: Key, ends_in: timedelta, *extensions: x509.ExtensionType
) -> x509.Certificate:
    ends = datetime.now(timezone.utc) + ends_in
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(issuer).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    for extension in extensions:
        builder = builder.add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
    builder = builder.add_extension(identifier, critical=False).add_extension(authority, critical=False)
    built = builder.not_valid_before(ends - 100 * DAY).not_valid_after(ends)
    return built.sign(signer, hashes.SHA256())


_OF_AN_AUTHORITY = (
    x509.BasicConstraints(ca=True, path_length=None),
    x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    ),
)


def _for_hosts(hosts: Sequence[str]) -> x509.SubjectAlternativeName:
    return x509.SubjectAlternativeName(
        [
            x509.IPAddress(ip_address(host)) if host.replace(".", "").isdigit() or ":" in host else x509.DNSName(host)
            for host in hosts
        ]
    )


class Authority:
    """An authority, and the files of what it has signed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._key = new_key()
        self._name = _named("An authority of tests")
        own = _certificate(self._name, self._key, self._name, self._key, 50 * DAY, *_OF_AN_AUTHORITY)
        self.file = folder / "authority.pem"
        self.file.write_bytes(own.public_bytes(Encoding.PEM))

    def issue(
        self, name: str = "server", hosts: Sequence[str] = HOSTS, ends_in: timedelta = 50 * DAY, key: Key | None = None
    ) -> tuple[Path, Path]:
        """Write ``name.pem`` and ``name.key``, over what is there: a certificate and its key."""
        key = key or new_key()
        found = _certificate(_named(hosts[0]), key, self._name, self._key, ends_in, _for_hosts(hosts))
        return self.write(name, found.public_bytes(Encoding.PEM), pem_of(key))

    def write(self, name: str, certificate: bytes, key: bytes) -> tuple[Path, Path]:
        files = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        for file, data in zip(files, (certificate, key), strict=True):
            # As certbot does: in one step, as another file.
            (self.folder / "new").write_bytes(data)
            (self.folder / "new").replace(file)
        return files

    def client(self, *protocols: str) -> ssl.SSLContext:
        """The TLS of a client that knows this authority, and no other.

        :param protocols: those that it offers to speak (ALPN).
        """
        context = ssl.create_default_context(cafile=str(self.file))
        if protocols:
            context.set_alpn_protocols(protocols)
        return context


def self_signed(folder: Path, name: str = "own", hosts: Sequence[str] = HOSTS) -> tuple[Path, Path]:
    """Write a certificate that is its own authority, and its key."""
    key = new_key()
    own = _certificate(_named(hosts[0]), key, _named(hosts[0]), key, 50 * DAY, _for_hosts(hosts))
    files = folder / f"{name}.pem", folder / f"{name}.key"
    files[0].write_bytes(own.public_bytes(Encoding.PEM))
    files[1].write_bytes(pem_of(key))
    return files
