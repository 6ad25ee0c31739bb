"""The first owner of a server is made in a file that no server has open."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from queue import Queue

import pytest

from chatroom.log.accounts import Account, Terms
from chatroom.log.owners import give_server_role
from chatroom.log.schema import connect, read_history
from chatroom.log.sqlite import SQLiteLog
from chatroom.log.state import read_state
from chatroom.model.errors import ChatError, HistoryUnusable
from chatroom.model.events import RoleChanged
from chatroom.model.masks import Author
from chatroom.model.roles import SERVER, Role
from chatroom.model.rules import Rules

TIMEOUT = 60.0


class Nobody:
    """Takes notice of nothing that a log tells."""

    def committed(self, events: object, tokens: object) -> None: ...

    def refused(self, token: int, error: ChatError) -> None: ...

    def failed(self, tokens: object, error: ChatError) -> None: ...

    def mended(self) -> None: ...

    def broken(self, error: ChatError) -> None: ...


def _fail(error: ChatError) -> None:
    pytest.fail(str(error))


class Server:
    """A log that a server has open, and its event loop."""

    def __init__(self, path: Path) -> None:
        self._calls: Queue[Callable[[], None]] = Queue()
        self.log = SQLiteLog(
            str(path), soon=self._calls.put, from_thread=self._calls.put, now=lambda: 1000.0, durability="process"
        )
        self.log.start(Nobody())

    def wait_for(self, done: list[bool]) -> None:
        while not done:
            self._calls.get(timeout=TIMEOUT)()

    def register(self, name: str) -> None:
        done: list[bool] = []
        account = Account(name, "hash", 900.0, 900.0)
        terms = Terms(float("-inf"), 10, 5)
        self.log.accounts.add(account, lambda: done.append(True), _fail, terms=terms)
        self.wait_for(done)

    def stop(self) -> None:
        done: list[bool] = []
        self.log.stop(lambda: done.append(True))
        self.wait_for(done)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A history with the account of Alice in it."""
    path = tmp_path / "history.db"
    server = Server(path)
    server.register("Alice")
    server.stop()
    return path


def role_of(path: Path, account: str, since: float = 0.0) -> Role:
    with closing(connect(str(path), read_only=True)) as connection:
        rules = Rules()
        rules.start(read_state(connection))
    return rules.role(SERVER, "", Author(account, since=since))


def test_the_first_owner_is_made_and_unmade_in_the_file(path: Path) -> None:
    assert role_of(path, "alice") is Role.MEMBER
    give_server_role(str(path), "alice", Role.OWNER)
    assert role_of(path, "alice", since=900.0) is Role.OWNER
    server = Server(path)
    server.stop()
    assert [(type(event), event.text, event.extras) for event in server.log.state] == [
        (RoleChanged, "owner", {"account": "Alice"})
    ]
    give_server_role(str(path), "ALICE", Role.MEMBER)
    assert role_of(path, "alice") is Role.MEMBER


def test_times_do_not_go_back_though_the_clock_has(path: Path) -> None:
    give_server_role(str(path), "alice", Role.OPERATOR, now=lambda: 5000.0)
    give_server_role(str(path), "alice", Role.OWNER, now=lambda: 10.0)
    with closing(connect(str(path), read_only=True)) as connection:
        assert read_history(connection).last_at == 5000.0


def test_a_file_that_a_server_uses_is_left_alone(path: Path) -> None:
    server = Server(path)
    with pytest.raises(HistoryUnusable, match="using it"):
        give_server_role(str(path), "alice", Role.OWNER)
    server.stop()
    assert role_of(path, "alice") is Role.MEMBER


@pytest.mark.parametrize(
    ("name", "account", "why"), [("history.db", "bob", "no account"), ("other.db", "alice", "not there")]
)
def test_an_account_or_a_file_that_is_not_there_is_named(path: Path, name: str, account: str, why: str) -> None:
    with pytest.raises(HistoryUnusable, match=why):
        give_server_role(str(path.parent / name), account, Role.OWNER)
    assert not (path.parent / "other.db").exists()
    # And it may be done again: nothing is left locked.
    give_server_role(str(path), "alice", Role.OWNER)
