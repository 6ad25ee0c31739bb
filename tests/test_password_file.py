"""The file with the password of a closed server: what is read of it, and when it is read again."""

from __future__ import annotations

from pathlib import Path

import pytest
from twisted.logger import capturedLogs, formatEvent
from twisted.python import usage

from chatroom.doors.password_file import PasswordFile, read_first_line
from chatroom.server.options import Options


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "password"
    path.write_text("open sesame\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "data",
    [b"caf\xc3\xa9", b"\xef\xbb\xbfcaf\xc3\xa9", b"caf\xc3\xa9\r\nmore", b"caf\xc3\xa9\n\xff", b"cafe\xcc\x81\n"],
)
def test_the_first_line_is_the_password_in_its_one_form(file: Path, data: bytes) -> None:
    file.write_bytes(data)
    assert read_first_line(str(file)) == "caf\u00e9"


def test_no_file_is_no_password() -> None:
    assert PasswordFile("")() == ""


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (None, "No such file or directory"),
        (b"", "its first line is empty: write the password there"),
        (b"\r\nopen sesame", "its first line is empty: write the password there"),
        (b"\xff", "it is not UTF-8"),
        (b"a\x01b", "its first line will not do: it has characters that passwords cannot have"),
        (b"x" * 600, "its first line will not do: it has more than 512 bytes"),
    ],
)
def test_a_file_that_will_not_do_keeps_the_server_from_starting(file: Path, data: bytes | None, why: str) -> None:
    file.unlink() if data is None else file.write_bytes(data)
    with pytest.raises(usage.UsageError) as refused:
        Options().parseOptions(["--password", str(file)])
    assert str(refused.value) == f"--password {file}: {why}"


def test_irc_clients_give_one_password(file: Path) -> None:
    with pytest.raises(usage.UsageError, match="IRC clients give one password, that of --password: leave this one out"):
        Options().parseOptions(["--password", str(file), "--irc-password", str(file), "--irc", "0"])


def test_it_is_read_again_when_it_changes_and_stays_where_it_will_not_do(file: Path) -> None:
    password = PasswordFile(str(file))
    with capturedLogs() as events:
        assert password() == "open sesame"
        file.write_bytes(b"another one")
        assert [password(), password()] == ["another one"] * 2
        file.write_bytes(b"\xffhidden")
        assert [password(), password()] == ["another one"] * 2
        file.unlink()
        assert password() == "another one"
        file.write_bytes(b"the last one")
        assert password() == "the last one"
    told = [line for event in events if (line := formatEvent(event)).startswith("--password ")]
    assert told == [
        f"--password {file}: the password is another one now",
        f"--password {file}: it is not UTF-8; the password stays as it was",
        f"--password {file}: the password is another one now",
    ]
