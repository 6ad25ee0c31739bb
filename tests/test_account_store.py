"""What a store of accounts promises, held against each that there is; and the one on disk, which lasts."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from logs import LOGS, Subject, opened, said

from chatroom.log.accounts import Account, AccountStore, OwnedNickname, Terms
from chatroom.log.restore import restore
from chatroom.model.errors import (
    AccountNotKept,
    NicknameRegistered,
    TooManyAccounts,
    TooManyNicknames,
)

TERMS = Terms(lapsed_before=0.0, max_accounts=3, max_nicknames=3)


class Store:
    """A store of accounts whose answers are waited for."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.accounts: AccountStore = subject.log.accounts  # type: ignore[attr-defined]

    def do(self, method: Callable[..., None], *what: Any, **more: Any) -> None:
        """Have something changed; what the store says instead is raised."""
        done: list[bool] = self.subject.ask(
            lambda answer, failed: method(*what, lambda: answer([True]), failed, **more)
        )
        assert done == [True]

    def add(self, name: str, password: str = "hash", at: float = 1.0, terms: Terms = TERMS) -> None:
        self.do(self.accounts.add, Account(name, password, at, at), terms=terms)

    def add_nickname(self, account: str, nickname: str, at: float = 1.0, terms: Terms = TERMS) -> None:
        self.do(self.accounts.add_nickname, account, nickname, at, terms=terms)

    def find(self, name: str) -> Account | None:
        found: Account | None = self.subject.ask(partial(self.accounts.find, name))
        return found

    def owners(self, nickname: str) -> list[OwnedNickname]:
        return list(self.subject.ask(partial(self.accounts.owners, nickname)))

    def nicknames(self, account: str) -> list[str]:
        found = self.find(account)
        assert found is not None
        return [owned.nickname for owned in found.nicknames]


@pytest.fixture(params=LOGS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    subject = Subject(lambda subject: LOGS[request.param](subject, tmp_path))
    yield Store(subject)
    subject.stop()


def test_an_account_is_found_by_its_name_however_it_is_written(store: Store) -> None:
    store.add("Alice", at=5.0)

    for name in ("Alice", "alice", "\uff21LICE"):
        found = store.find(name)
        assert found == Account("Alice", "hash", 5.0, 5.0, (OwnedNickname("Alice", "Alice", 5.0),))
    assert store.find("bob") is None
    assert store.find("no nickname at all") is None
    assert store.find("") is None


def test_its_name_is_its_first_nickname_and_nobody_else_may_have_one_that_looks_like_it(store: Store) -> None:
    store.add("Alice")

    for like in ("alice", "AIice"):
        assert store.owners(like) == [OwnedNickname("Alice", "Alice", 1.0)]
        with pytest.raises(NicknameRegistered):
            store.add(like)
    assert store.owners("bob") == []


def test_several_nicknames_belong_to_an_account_up_to_the_bound(store: Store) -> None:
    store.add("alice")
    store.add("bob")
    for nickname in ("al", "al", "AL", "lissie"):
        store.add_nickname("alice", nickname)
    assert store.nicknames("alice") == ["alice", "al", "lissie"]
    with pytest.raises(TooManyNicknames):
        store.add_nickname("alice", "more")
    with pytest.raises(NicknameRegistered):
        store.add_nickname("bob", "al")
    with pytest.raises(NicknameRegistered):
        store.add("lissie")

    assert store.owners("al") == [OwnedNickname("al", "alice", 1.0)]
    assert store.owners("more") == []


def test_an_account_may_have_nicknames_that_look_alike(store: Store) -> None:
    store.add("Alice")
    store.add_nickname("Alice", "AIice")
    assert store.nicknames("Alice") == ["Alice", "AIice"]
    store.do(store.accounts.drop_nickname, "Alice", "AIice")

    assert store.nicknames("Alice") == ["Alice"]
    assert [owned.nickname for owned in store.owners("AIice")] == ["Alice"]


def test_a_nickname_is_given_up_alone_but_not_the_name_nor_another_s(store: Store) -> None:
    store.add("alice")
    store.add("bob")
    store.add_nickname("alice", "al")
    for account, nickname in (("alice", "AL"), ("alice", "alice"), ("alice", "bob"), ("alice", "carol")):
        store.do(store.accounts.drop_nickname, account, nickname)

    assert (store.nicknames("alice"), store.nicknames("bob")) == (["alice"], ["bob"])
    assert store.owners("al") == []
    store.add_nickname("bob", "al")


def test_there_are_as_many_accounts_as_there_may_be(store: Store) -> None:
    for name in ("alice", "bob", "carol"):
        store.add(name)
    with pytest.raises(TooManyAccounts):
        store.add("dave")

    assert store.find("dave") is None
    assert store.owners("dave") == []
    store.do(store.accounts.remove, "alice")
    store.add("dave")


def test_an_account_that_is_removed_leaves_nothing(store: Store) -> None:
    store.add("alice")
    store.add_nickname("alice", "al")
    store.do(store.accounts.remove, "alice")

    assert store.find("alice") is None
    assert store.owners("alice") == store.owners("al") == []
    store.add("al", "another")


def test_another_password_is_kept(store: Store) -> None:
    store.add("alice")
    store.do(store.accounts.set_password, "alice", "another")
    found = store.find("alice")

    assert found is not None
    assert found.password == "another"


def test_a_nickname_that_lapsed_is_free_and_an_account_goes_with_its_name(store: Store) -> None:
    store.add("alice", at=10.0)
    store.add_nickname("alice", "al", at=20.0)
    store.add("bob", at=10.0)
    store.accounts.used("bob", "bob", 1_000_000.0)
    later = Terms(lapsed_before=15.0, max_accounts=3, max_nicknames=3)
    with pytest.raises(NicknameRegistered):
        store.add("bob", terms=later)
    with pytest.raises(NicknameRegistered):
        store.add_nickname("bob", "al", terms=later)
    store.add("Alice", "another", at=30.0, terms=later)

    found = store.find("alice")
    assert found == Account("Alice", "another", 30.0, 30.0, (OwnedNickname("Alice", "Alice", 30.0),))
    assert store.owners("al") == []


def test_who_uses_a_nickname_uses_the_name_of_the_account_as_well(store: Store) -> None:
    store.add("alice")
    store.add_nickname("alice", "al")
    store.add_nickname("alice", "lissie")
    store.accounts.used("alice", "al", 1_000_000.0)
    # Another's nickname, one that is nobody's, none, and an account that is none.
    store.accounts.used("alice", "bob", 1_000_001.0)
    for account, nickname in (("alice", ""), ("bob", "alice"), ("ops@example.org", "alice")):
        store.accounts.used(account, nickname, 1_000_002.0)
    # One change is made after the other.
    store.do(store.accounts.set_password, "alice", "another")
    found = store.find("alice")

    assert found is not None
    used = {owned.nickname: owned.used for owned in found.nicknames}
    assert used["al"] == 1_000_000.0
    assert used["alice"] >= 1_000_000.0
    assert used["lissie"] == 1.0
    assert found.used >= 1_000_000.0


def test_no_hash_is_in_what_stands_for_an_account_in_logs() -> None:
    assert "secret" not in repr(Account("alice", "secret", 0.0, 0.0))


# On disk.


def test_accounts_are_there_when_the_log_is_opened_again(tmp_path: Path) -> None:
    first = Store(opened(tmp_path))
    first.add("Alice")
    first.add_nickname("Alice", "al", at=2.0)
    first.subject.say(said("hello"))
    first.subject.stop()
    again = Store(opened(tmp_path))

    assert again.nicknames("alice") == ["Alice", "al"]
    assert again.owners("AIice") == [OwnedNickname("Alice", "Alice", 1.0)]
    with pytest.raises(NicknameRegistered):
        again.add("al")
    again.subject.stop()


def test_no_question_about_events_has_an_account_in_its_answer_and_trimming_leaves_them_alone(tmp_path: Path) -> None:
    subject = opened(tmp_path, keep_events=1)
    store = Store(subject)
    store.add("alice", "a-secret-hash")
    for number in range(50):
        subject.say(said(f"tea {number}"))
    # It is looked for once a minute.
    subject.now += 120
    subject.say(said("more tea"))
    subject.wait_until(lambda: subject.log.forgotten > 0)
    subject.indexed()

    shown = [
        subject.since({"lobby"}, 0),
        subject.recent("lobby", 100),
        subject.search("secret hash"),
        subject.log.state,
    ]
    assert "a-secret-hash" not in str(shown)
    assert store.nicknames("alice") == ["alice"]
    subject.stop()
    assert b"a-secret-hash" not in (tmp_path / "history-search").read_bytes()


@pytest.mark.skipif(os.name != "posix", reason="permissions are another matter there")
def test_a_new_history_is_its_user_s_alone_and_an_old_one_stays_as_it_was(tmp_path: Path) -> None:
    subject = opened(tmp_path)
    files = [tmp_path / f"history{ending}" for ending in ("", "-wal", "-shm")]
    assert [file.stat().st_mode & 0o777 for file in files] == [0o600] * 3
    subject.stop()
    (tmp_path / "history").chmod(0o640)
    subject = opened(tmp_path)
    assert (tmp_path / "history").stat().st_mode & 0o777 == 0o640
    subject.stop()
    (tmp_path / "again").mkdir()
    restore(str(tmp_path / "history"), str(tmp_path / "again" / "history"))
    assert (tmp_path / "again" / "history").stat().st_mode & 0o777 == 0o600


def test_a_hash_that_was_replaced_is_not_left_in_the_file(tmp_path: Path) -> None:
    store = Store(opened(tmp_path))
    for name in ("alice", "bob"):
        store.add(name, "an-old-hash-of-it")
    store.do(store.accounts.set_password, "alice", "a-new-one")
    store.do(store.accounts.remove, "bob")
    store.subject.stop()

    # Stopped in good order, the write-ahead log is gone.
    assert b"an-old-hash-of-it" not in (tmp_path / "history").read_bytes()


def test_a_change_that_cannot_be_kept_is_refused_and_nothing_of_it_holds(tmp_path: Path) -> None:
    store = Store(opened(tmp_path))
    store.add("alice")
    (tmp_path / "history").rename(tmp_path / "elsewhere")

    for change in (
        lambda: store.add("bob"),
        lambda: store.add_nickname("alice", "al"),
        lambda: store.do(store.accounts.remove, "alice"),
    ):
        with pytest.raises(AccountNotKept, match="the file of the history was removed"):
            change()
    assert store.owners("bob") == store.owners("al") == []
    assert store.nicknames("alice") == ["alice"]
    (tmp_path / "elsewhere").rename(tmp_path / "history")
    store.add("bob")
    store.subject.stop()


def test_a_copy_from_before_an_account_was_made_is_known_for_one(tmp_path: Path) -> None:
    first = opened(tmp_path)
    first.say(said("hello"))
    first.stop()
    before = (tmp_path / "history").read_bytes()
    second = Store(opened(tmp_path))
    second.add("alice")
    second.subject.stop()
    third = opened(tmp_path)
    # Nothing else differs: the identity and the last event are the same.
    (tmp_path / "history").write_bytes(before)
    third.append(said("more"))
    third.settle()

    assert [str(error) for error in third.errors if "written over" in str(error)]
    third.stop()


def test_a_backup_that_is_restored_has_its_accounts(tmp_path: Path) -> None:
    store = Store(opened(tmp_path))
    store.add("alice")
    store.subject.stop()
    (tmp_path / "again").mkdir()
    restore(str(tmp_path / "history"), str(tmp_path / "again" / "history"))
    again = Store(opened(tmp_path / "again"))

    assert again.nicknames("alice") == ["alice"]
    again.subject.stop()


def test_each_use_is_in_the_file_at_most_once_an_hour(tmp_path: Path) -> None:
    store = Store(opened(tmp_path))
    store.add("alice", at=0.0)
    for at in (3600.0, 3601.0, 7199.0, 7200.0):
        store.accounts.used("alice", "alice", at)
    store.add("bob")
    with closing(sqlite3.connect(tmp_path / "history")) as file:
        changes, used = file.execute("SELECT account_changes, (SELECT max(used) FROM account) FROM history").fetchone()

    # Two accounts were made, and two uses noted.
    assert (changes, used) == (4, 7200.0)
    store.subject.stop()
