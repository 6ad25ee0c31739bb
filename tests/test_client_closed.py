"""The clients before a closed server: what they bring along, and what they say when it is not enough."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from closedroom import CLOSED, PASSWORD, ClosedRoom, all_of
from support import Stage

from chatroom.client.options import read, server_password
from chatroom.client.protocol import ChatClientFactory, ChatClientProtocol
from chatroom.model.codes import new_code


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "password"
    path.write_bytes(b"\xef\xbb\xbf" + PASSWORD.encode() + b"\r\nmore\r\n")
    return path


# Bots.


def test_a_bot_brings_the_password_each_time(file: Path) -> None:
    room = ClosedRoom(password=str(file))
    factory = ChatClientFactory("bot", ChatClientProtocol, server_password=PASSWORD)
    for _ in range(2):
        assert room.bot(factory).nickname == "bot"
    assert not room.bot(ChatClientFactory("other")).nickname


def test_a_bot_uses_its_invitation_once_and_comes_back_by_its_secret() -> None:
    room = ClosedRoom(members_only=True)
    factory = ChatClientFactory("bot", ChatClientProtocol, invitation=f"https://a.example/#invite={room.code()}")
    bot = room.bot(factory)
    assert bot.nickname == "bot"
    bot.transport.abortConnection()
    room.settle()
    assert room.bot(factory).nickname == "bot"
    assert [one.used for one in all_of(room.chat)] == [1]


def test_a_bot_logs_in_by_its_token() -> None:
    room = ClosedRoom(members_only=True)
    owner = room.member("owner")
    owner.type("/token new ci say")
    token = owner.lines()[-1].rpartition(" ")[2]
    assert room.bot(ChatClientFactory("bot", ChatClientProtocol, token=token)).nickname == "bot"


# The command line of the client for people.


def test_the_password_is_read_from_a_file(file: Path) -> None:
    assert server_password(read(["alice", "--password-file", str(file)])) == PASSWORD
    assert server_password(read(["alice"])) == ""


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (None, "No such file or directory"),
        (b"", "its first line is empty: write the password there"),
        (b"\nx", "its first line is empty: write the password there"),
        (b"\xff", "it is not UTF-8"),
    ],
)
def test_a_file_that_will_not_do_ends_the_program_with_a_sentence(
    file: Path, data: bytes | None, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file.unlink() if data is None else file.write_bytes(data)
    with pytest.raises(SystemExit):
        server_password(read(["alice", "--password-file", str(file)]))
    assert capsys.readouterr().err == f"python -m chatroom.client: error: --password-file {file}: {why}\n"


def test_a_password_is_asked_for_at_a_terminal_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with open("/dev/null", encoding="utf-8") as nothing:
        monkeypatch.setattr(sys, "stdin", nothing)
        with pytest.raises(SystemExit):
            server_password(read(["alice", "--password"]))
    assert "--password asks for it at a terminal: use --password-file" in capsys.readouterr().err


def test_what_is_no_invitation_is_refused_before_anything_is_sent(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        read(["alice", "--invite", "abcd"])
    assert "argument --invite: it is no invitation: give its code or its link as a whole" in capsys.readouterr().err
    code = new_code()
    assert read(["alice", "--invite", f"https://a.example/#invite={code}"]).invite == code.replace("-", "")


# As programs.


@pytest.mark.process
def test_the_client_comes_in_by_what_it_is_given_and_says_what_to_give(stage: Stage, file: Path) -> None:
    server = stage.serve("--password", str(file))
    stranger = stage.client("alice", server.port, "--plain", terminal=True)
    shown = stranger.to_the_end()
    assert f"! {CLOSED}, log in to an account or give its password." in shown
    assert "start again with --invite CODE, or with --password or --password-file FILE" in shown
    assert stranger.status() == 1
    by_file = stage.client("bob", server.port, "--plain", "--password-file", str(file), terminal=True)
    by_file.expect("* bob joined")
    asked = stage.client("carol", server.port, "--plain", "--password", terminal=True)
    asked.expect("password of the server: ")
    asked.send(PASSWORD)
    shown = asked.expect("* carol joined")
    assert PASSWORD not in shown
