"""The certificate of encrypted doors: what will do, and how it is read again when its files change."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from certificates import DAY, HOSTS, Authority, new_key, pem_of, self_signed
from cryptography.hazmat.primitives.asymmetric import rsa
from twisted.internet.address import IPv4Address
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.logger import ILogObserver, LogEvent, formatEvent, globalLogPublisher
from zope.interface import provider

from chatroom.doors import encryption
from chatroom.model.errors import CertificateUnusable

Lines = Callable[[], list[str]]


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def logged() -> Iterator[Lines]:
    """Returns the lines about certificates that were written to the log since it was last called."""
    written: list[str] = []

    @provider(ILogObserver)
    def observe(event: LogEvent) -> None:
        if event["log_namespace"] == "chatroom.doors.encryption.Certificate":
            written.append(f"{event['log_level'].name} {formatEvent(event)}")

    def take() -> list[str]:
        taken = written.copy()
        written.clear()
        return taken

    globalLogPublisher.addObserver(observe)
    yield take
    globalLogPublisher.removeObserver(observe)


def certificate_of(files: tuple[Path, Path]) -> encryption.Certificate:
    return encryption.Certificate(str(files[0]), str(files[1]))


def why_unusable(certificate: Path, key: Path | str = "") -> tuple[str, str]:
    """The name of the file that will not do, and why."""
    with pytest.raises(CertificateUnusable) as raised:
        encryption.Certificate(str(certificate), str(key))
    return Path(str(raised.value.details["path"])).name, str(raised.value.details["why"])


# Reading.


def test_it_knows_the_hosts_that_it_is_for_and_when_it_ends(authority: Authority) -> None:
    files = authority.issue(hosts=("chat.example.org", "*.example.org", "192.0.2.7", "::1"))
    found = certificate_of(files)

    assert found.current.names == ("chat.example.org", "*.example.org", "192.0.2.7", "::1")
    assert found.current.ends - found.current.begins == 100 * DAY
    assert not found.current.self_signed
    assert not found.current.fault
    assert found.name_for("192.0.2.7") == "192.0.2.7"
    assert found.name_for("127.0.0.1") == "chat.example.org"


def test_for_addresses_alone_there_is_no_better_name_than_the_address_that_is_listened_at(authority: Authority) -> None:
    found = certificate_of(authority.issue(hosts=("192.0.2.7",)))

    assert found.name_for("127.0.0.1") == "127.0.0.1"


@pytest.mark.parametrize("key_first", [False, True])
def test_the_key_may_stand_in_the_file_of_the_certificate(authority: Authority, key_first: bool) -> None:
    certificate, key = authority.issue()
    parts = [certificate.read_bytes(), authority.file.read_bytes(), key.read_bytes()]
    certificate.write_bytes(b"".join(reversed(parts) if key_first else parts))
    if key_first:
        # The certificate of the server stands before that of its authority.
        certificate.write_bytes(b"".join([parts[2], parts[0], parts[1]]))

    assert encryption.Certificate(str(certificate)).current.names == HOSTS


def test_a_key_of_rsa_will_do(authority: Authority) -> None:
    files = authority.issue(key=rsa.generate_private_key(public_exponent=65537, key_size=2048))

    assert certificate_of(files).current.names == HOSTS


def test_a_certificate_that_is_its_own_authority_is_known_for_it(tmp_path: Path) -> None:
    assert certificate_of(self_signed(tmp_path)).current.self_signed


def test_what_cannot_be_used_is_named_with_the_reason(authority: Authority, tmp_path: Path) -> None:
    certificate, key = authority.issue()
    other = authority.issue("other")[1]
    empty, broken, half = tmp_path / "empty", tmp_path / "broken", tmp_path / "half"
    empty.write_bytes(b"")
    broken.write_bytes(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    half.write_bytes(key.read_bytes()[:100])
    hidden = tmp_path / "hidden"
    hidden.write_bytes(pem_of(new_key(), b"secret"))
    no_key, no_certificate = "there is no private key in it", "there is no certificate in it"

    for files, name, why in (
        ((certificate, tmp_path / "none"), "none", "No such file or directory"),
        ((tmp_path / "none", key), "none", "No such file or directory"),
        ((tmp_path, key), tmp_path.name, "Is a directory"),
        ((empty, key), "empty", f"{no_certificate}, which begins BEGIN CERTIFICATE (PEM)"),
        ((key, key), "server.key", no_certificate),
        ((broken, key), "broken", "a certificate in it cannot be read ("),
        ((certificate, empty), "empty", no_key),
        ((certificate, certificate), "server.pem", f"{no_key}: name the file that has it (--tls-key)"),
        ((certificate,), "server.pem", f"{no_key}: name the file that has it (--tls-key)"),
        ((certificate, half), "half", "its key cannot be read ("),
        (
            (certificate, hidden),
            "hidden",
            "its key has a passphrase, for which nobody is there to be asked: take it off",
        ),
        ((certificate, other), "other.key", f"the key is not that of the first certificate in {certificate}, which is"),
    ):
        found = why_unusable(*files)
        assert found[0] == name, found
        assert found[1].startswith(why), found


def test_a_key_that_openssl_thinks_too_weak_is_refused_with_its_reason(authority: Authority) -> None:
    weak = authority.issue(key=rsa.generate_private_key(public_exponent=65537, key_size=1024))

    assert why_unusable(*weak) == ("server.pem", "TLS cannot use it (ee key too small)")


# Reading again.


class Steps:
    """A clock that goes by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_it_is_read_again_when_its_files_change(authority: Authority, logged: Lines) -> None:
    certificate = certificate_of(authority.issue())
    before = certificate.current
    certificate.look()
    assert certificate.current is before

    authority.issue(hosts=("new.example.org",))
    certificate.look()
    certificate.look()
    assert certificate.current.names == ("new.example.org",)
    ends = f"{certificate.current.ends:%Y-%m-%d}"
    path = authority.folder / "server.pem"
    assert logged() == [f"info the certificate in {path} was read again: it is for new.example.org, and ends on {ends}"]


def test_it_is_read_again_when_links_to_its_files_are_turned_to_others(authority: Authority, tmp_path: Path) -> None:
    live = tmp_path / "live"
    live.mkdir()

    def turn(name: str) -> None:
        for found, link in zip(authority.issue(name, hosts=(f"{name}.example.org",)), ("cert", "key"), strict=True):
            (live / "new").symlink_to(found)
            (live / "new").replace(live / link)

    turn("old")
    certificate = encryption.Certificate(str(live / "cert"), str(live / "key"))
    turn("new")
    certificate.look()

    assert certificate.current.names == ("new.example.org",)


def test_between_the_two_files_of_a_renewal_nothing_is_said(authority: Authority, logged: Lines) -> None:
    certificate = certificate_of(authority.issue())
    new = authority.issue("new", hosts=("new.example.org",))
    os.replace(new[0], certificate.path)
    certificate.look()
    assert logged() == []
    assert list(certificate.current.names) == [*HOSTS]

    os.replace(new[1], certificate.key_path)
    certificate.look()
    assert certificate.current.names == ("new.example.org",)
    assert [line.partition(":")[0] for line in logged()] == [
        f"info the certificate in {certificate.path} was read again"
    ]


def test_a_bad_one_leaves_the_old_one_in_place_and_is_told_once(authority: Authority, logged: Lines) -> None:
    certificate = certificate_of(authority.issue())
    old = certificate.current
    Path(certificate.path).write_bytes(b"spoilt")
    for _ in range(5):
        certificate.look()

    assert certificate.current is old
    (line,) = logged()
    assert line == (
        f"error the certificate was not read again: {certificate.path}: there is no certificate in it, which begins "
        f"BEGIN CERTIFICATE (PEM). The old one, which ends on {old.ends:%Y-%m-%d}, stays in use"
    )
    # Another bad one is another line, and a good one ends it.
    Path(certificate.path).unlink()
    for _ in range(5):
        certificate.look()
    assert len(logged()) == 1
    authority.issue(hosts=("new.example.org",))
    certificate.look()
    assert certificate.current.names == ("new.example.org",)


def test_the_old_files_put_back_are_the_old_certificate(authority: Authority, logged: Lines, tmp_path: Path) -> None:
    certificate = certificate_of(authority.issue())
    old = certificate.current
    os.rename(certificate.path, tmp_path / "aside")
    certificate.look()
    certificate.look()
    os.rename(tmp_path / "aside", certificate.path)
    certificate.look()

    assert certificate.current is old
    assert len(logged()) == 1


def test_whoever_asks_for_it_has_it_read_at_once_changed_or_not(authority: Authority, logged: Lines) -> None:
    certificate = certificate_of(authority.issue())
    certificate.read_again()
    assert logged()[0].startswith(f"info the certificate in {certificate.path} was read again: it is for chat.")
    Path(certificate.key_path).write_bytes(b"spoilt")
    certificate.read_again()
    assert "there is no private key in it" in logged()[0]
    certificate.look()
    certificate.look()

    assert logged() == []


def test_it_looks_when_somebody_connects_but_not_more_often_than_each_second(authority: Authority) -> None:
    now = Steps()
    path, key = authority.issue()
    certificate = encryption.Certificate(str(path), str(key), now)
    door = encryption.encrypted(Factory.forProtocol(Protocol), certificate, Clock())

    def connect() -> None:
        connection = door.buildProtocol(IPv4Address("TCP", "127.0.0.1", 1))
        assert connection is not None
        connection.makeConnection(StringTransport())

    authority.issue(hosts=("new.example.org",))
    connect()
    assert list(certificate.current.names) == [*HOSTS]
    now.now = encryption.LOOK_EVERY
    connect()
    assert certificate.current.names == ("new.example.org",)


@pytest.mark.parametrize(
    ("ends_in", "says"), [(-1 * DAY, "it has expired on "), (101 * DAY, "it is not valid before ")]
)
def test_one_that_clients_refuse_today_is_used_and_warned_of_once(
    authority: Authority, logged: Lines, ends_in: object, says: str
) -> None:
    certificate = certificate_of(authority.issue(ends_in=ends_in))  # type: ignore[arg-type]
    assert certificate.current.fault.startswith(says)
    for _ in range(3):
        certificate.look()

    (line,) = logged()
    assert line.startswith(f"warn {certificate.path}: clients refuse the certificate: {says}")
