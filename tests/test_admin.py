"""``python -m chatroom.admin``: on a file by itself, and beside a running server."""

from __future__ import annotations

import io
import re
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from logs import LOGS, Subject
from support import Stage

from chatroom.admin.__main__ import main
from chatroom.admin.history import NOT_THERE, OLDER_SERVER
from chatroom.log.schema import STEPS
from chatroom.log.sqlite import CHANGES_EVERY
from chatroom.log.state import read_state
from chatroom.model.codes import code_of, is_token
from chatroom.model.events import RoleChanged
from chatroom.model.roles import SERVER, Role
from chatroom.server.options import HISTORY

CODE = "[0-9a-z]{4}(-[0-9a-z]{4}){3}"

Run = Callable[..., list[str]]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The file of a history that no server is using."""
    subject = Subject(lambda subject: LOGS["sqlite"](subject, tmp_path))
    subject.stop()
    path = tmp_path / "history"
    return path


@pytest.fixture
def run(file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    def run(*arguments: str, status: int = 0, typed: str = "") -> list[str]:
        """The lines that it prints; those of an error where its status is another than 0."""
        monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
        assert main(["--history", str(file), *arguments]) == status
        out, err = capsys.readouterr()
        assert (out if status else err) == ""
        return (err if status else out).splitlines()

    return run


def test_an_invitation_is_made_listed_and_revoked(run: Run) -> None:
    code, link, described = run("invite", "--uses", "3", "--for", "3d", "--room", "#Dev", "--url", "https://a.example/")
    assert re.fullmatch(CODE, code)
    assert link == f"https://a.example/#invite={code}"
    assert re.fullmatch(r"invitation 1 to dev: used 0 of 3, until \d{4}-\d\d-\d\d", described)
    (second, more) = run("invite")
    assert more.startswith("invitation 2: used 0 of 1")
    assert [line.partition(":")[0] for line in run("invitations")] == ["invitation 1 to dev", "invitation 2"]
    assert run("revoke", "1") == ["invitation 1 is revoked"]
    assert run("revoke", second) == ["invitation 2 is revoked"]
    assert run("invitations") == []
    for gone in ("1", second):
        assert run("revoke", gone, status=1)[0].startswith("chatroom.admin: There is no invitation ")


def test_no_code_and_no_token_is_in_the_file(run: Run, file: Path) -> None:
    run("accounts", "add", "alice", typed="correct horse\n")
    secrets = [code_of(run("invite")[0]), run("invite")[0], run("token", "new", "alice", "ci")[0], "correct horse"]
    data = b"".join(path.read_bytes() for path in file.parent.iterdir() if path.is_file())
    assert [secret for secret in secrets if secret.encode() in data] == []


def test_accounts_are_made_changed_and_removed(run: Run, file: Path) -> None:
    assert run("accounts", "add", "Alice", typed="correct horse\n") == ["the account Alice is made"]
    (listed,) = run("accounts", "list")
    assert re.fullmatch(r"Alice: made on (\S+), last used on \1", listed)
    before = hash_in(file)
    assert run("accounts", "password", "alice", typed="another horse") == ["the account Alice has another password"]
    assert hash_in(file) != before
    assert run("accounts", "remove", "ALICE") == ["the account Alice is removed"]
    assert run("accounts", "list") == []


def hash_in(file: Path) -> str:
    with closing(sqlite3.connect(file)) as connection:
        found: str = connection.execute("SELECT password FROM account").fetchone()[0]
    assert found.startswith("$argon2id$")
    return found


@pytest.mark.parametrize(
    ("arguments", "typed", "said"),
    [
        (("accounts", "add", "AIice"), "correct horse", "The nickname AIice is registered: log in if it is yours"),
        (("accounts", "add", "bob"), "short", "That password will not do: it has fewer than 8 bytes."),
        (("accounts", "add", "bob"), "", "That password will not do: it is empty."),
        (("accounts", "add", "server"), "correct horse", "That nickname will not do: "),
        (("accounts", "remove", "bob"), "", "There is no account bob: list them with"),
        (("accounts", "password", "bob"), "", "There is no account bob"),
        (("token", "new", "bob", "ci"), "", "There is no account bob"),
        (("token", "new", "Alice", "c i"), "", "The name of a token has 1 to 32 letters"),
        (("token", "new", "Alice", "ci", "write"), "", "There is no scope write."),
        (("token", "revoke", "Alice", "ci"), "", "There is no token ci."),
        (("invite", "--room", "a b"), "", "That name will not do for a room: "),
        (("revoke", "x"), "", "There is no invitation x"),
    ],
)
def test_an_error_is_one_line_and_a_status(run: Run, arguments: tuple[str, ...], typed: str, said: str) -> None:
    run("accounts", "add", "Alice", typed="correct horse\n")
    (line,) = run(*arguments, typed=typed, status=1)
    assert line.startswith(f"chatroom.admin: {said}")


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("nonsense",),
        ("token",),
        ("invite", "--uses", "0"),
        ("invite", "--for", "3"),
        ("invite", "--for", "9999d"),
        ("invite", "--url", "chat.example.org"),
    ],
)
def test_what_is_no_command_ends_with_the_status_for_that(
    file: Path, arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        main(["--history", str(file), *arguments])
    assert end.value.code == 2
    assert "error: " in capsys.readouterr().err


def test_tokens_are_made_listed_and_revoked(run: Run) -> None:
    run("accounts", "add", "alice", typed="correct horse\n")
    (token,) = run("token", "new", "alice", "ci", "say:dev")
    assert is_token(token)
    (listed,) = run("token", "list")
    assert listed.startswith("alice: token ci: read say:dev, made on ")
    assert run("token", "list", "ALICE") == [listed]
    assert run("token", "list", "bob") == []
    assert run("token", "revoke", "alice", "ci") == ["the token ci of alice is revoked"]
    assert run("token", "list") == []


def test_a_file_that_is_not_there_is_not_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "none.sqlite"
    assert main(["--history", str(path), "invite"]) == 1
    assert capsys.readouterr().err == f"chatroom.admin: {path}: {NOT_THERE}.\n"
    assert not path.exists()


def test_another_program_s_file_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "other.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE t (x)")
    before = path.read_bytes()
    assert main(["--history", str(path), "invite"]) == 1
    assert "it is the database of another program" in capsys.readouterr().err
    assert path.read_bytes() == before


def test_a_file_of_an_older_chatroom_is_brought_up_to_date(run: Run, file: Path) -> None:
    make_older(file)
    assert re.fullmatch(CODE, run("invite")[0])


def make_older(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(
            "DROP TRIGGER token_of_account; DROP TABLE token; DROP TABLE invitation;"
            "DROP TABLE audit; ALTER TABLE history DROP COLUMN removals;"
        )
        connection.execute(f"PRAGMA user_version = {len(STEPS) - 2}")


def test_the_first_owner_of_a_server_is_made(run: Run, file: Path) -> None:
    assert run("owner", "alice", status=1)[0].endswith("there is no account alice in it: have it registered first.")
    run("accounts", "add", "alice", typed="correct horse\n")
    assert run("owner", "Alice") == ["Alice owns the server from its next start on"]
    with closing(sqlite3.connect(file)) as connection:
        (state,) = read_state(connection)
    assert isinstance(state, RoleChanged)
    assert (state.room, state.holder, state.text) == (SERVER, "alice", Role.OWNER.word)


def test_no_owner_is_made_beside_a_running_server(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    subject = Subject(lambda subject: LOGS["sqlite"](subject, tmp_path))
    assert main(["--history", str(tmp_path / "history"), "owner", "alice"]) == 1
    assert "is using it" in capsys.readouterr().err
    subject.stop()


# Beside a log that is in use.


def test_one_that_an_older_server_is_using_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    subject = Subject(lambda subject: LOGS["sqlite"](subject, tmp_path))
    path = tmp_path / "history"
    make_older(path)
    assert main(["--history", str(path), "invite"]) == 1
    assert capsys.readouterr().err == f"chatroom.admin: {path}: {OLDER_SERVER}.\n"
    subject.stop()


# Beside a running server.


def admin(stage: Stage, *arguments: str) -> list[str]:
    program = stage.start(sys.executable, "-m", "chatroom.admin", *arguments)
    lines = program.to_the_end().splitlines()
    assert program.status() == 0, lines
    return lines


@pytest.mark.process
def test_what_it_does_holds_at_a_running_server(stage: Stage) -> None:
    server = stage.serve("--members-only")
    history = stage.folder / HISTORY
    (code, _) = admin(stage, "invite")
    stranger = stage.connect(server.port)
    stranger.send("alice")
    stranger.expect("* password (or an invitation):\r\n")
    # At once.
    stranger.send(code)
    stranger.expect("* alice joined\r\n")
    stranger.send("/register correct horse")
    stranger.expect("* you are logged in to the account alice\r\n")
    (token,) = admin(stage, "token", "new", "alice", "ci", "say")
    bot = stage.connect(server.port)
    bot.send(f"robot token={token}")
    bot.expect("* robot joined\r\n")
    # Within seconds.
    admin(stage, "token", "revoke", "alice", "ci")
    bot.expect("! The token that you have logged in by was revoked: your connection is closed.\r\n")
    stranger.expect("* robot left (put out by the server)\r\n")
    admin(stage, "accounts", "remove", "alice")
    stranger.expect("! This server is closed to strangers")
    assert CHANGES_EVERY <= 5
    assert history.exists()
    assert server.stop() == 0
