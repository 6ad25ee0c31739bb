"""Certificates for tests, made as they are needed: an authority, what it signs, and what signs itself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from chatroom.model.constants import HOST_NAME

NAMES = ("localhost", HOST_NAME)
"""The names of a server on this machine."""

DAY = timedelta(days=1)


class Certified(NamedTuple):
    """A certificate with its private key, both in PEM."""

    certificate: bytes
    key: bytes

    def save(self, folder: Path, name: str = "server") -> tuple[Path, Path]:
        """Write ``name.pem`` and ``name.key``; their paths."""
        paths = folder / f"{name}.pem", folder / f"{name}.key"
        for path, content in zip(paths, self, strict=True):
            path.write_bytes(content)
        return paths


def encrypted(certified: Certified, folder: Path, port: int = 0) -> str:
    """The description of an endpoint on this machine that is encrypted by that certificate, kept in ``folder``."""
    certificate, key = certified.save(folder)
    return f"ssl:{port}:privateKey={key}:certKey={certificate}:interface={HOST_NAME}"


class Authority:
    """Somebody who signs certificates."""

    def __init__(self, name: str = "an authority of the tests", days: tuple[float, float] = (-1, 1)) -> None:
        """:param days: the first and the last day of its own certificate, counted from now."""
        self.name = name
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._certificate = _sign(name, [], self._key, days, signing=self._key, authority=True)

    @property
    def pem(self) -> bytes:
        """Its own certificate."""
        return self._certificate.public_bytes(Encoding.PEM)

    def save(self, folder: Path, name: str = "ca") -> Path:
        """Write ``name.pem``; its path."""
        path = folder / f"{name}.pem"
        path.write_bytes(self.pem)
        return path

    def certify(self, *names: str, days: tuple[float, float] = (-1, 1)) -> Certified:
        """A certificate for a server.

        :param names: host names and IP addresses; without any, it has none at all.
        :param days: its first and its last day, counted from now.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        return _in_pem(_sign("a server", names, key, days, issuer=self._certificate, signing=self._key), key)


def self_signed(*names: str, days: tuple[float, float] = (-1, 1)) -> Certified:
    """A certificate that no authority has signed."""
    key = ec.generate_private_key(ec.SECP256R1())
    return _in_pem(_sign("a server alone", names, key, days, signing=key), key)


def _in_pem(certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> Certified:
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return Certified(certificate.public_bytes(Encoding.PEM), secret)


def _sign(
    name: str,
    names: Sequence[str],
    key: ec.EllipticCurvePrivateKey,
    days: tuple[float, float],
    *,
    issuer: x509.Certificate | None = None,
    signing: ec.EllipticCurvePrivateKey,
    authority: bool = False,
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(timezone.utc)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer is not None else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + days[0] * DAY)
        .not_valid_after(now + days[1] * DAY)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName([*map(_general_name, names)]), critical=False)
    return builder.sign(signing, SHA256())


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)
