"""A store of accounts that lives as long as its process, beside a log in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from chatroom.log.accounts import Account, Done, OwnedNickname, Owners, Terms, check_count, key_of, to_take_over
from chatroom.log.interface import NoAnswer
from chatroom.model.errors import ChatError, TooManyAccounts


class MemoryAccounts:
    """Keeps accounts in a dictionary, and answers at once."""

    def __init__(self, removed: Callable[[str], None] = lambda account: None) -> None:
        """:param removed: told the name of each account that is removed."""
        self._removed = removed
        self._owners = Owners()
        # By the keys of their names; the nicknames are in the index.
        self._accounts: dict[str, Account] = {}
        # The keys of the nicknames of each account, by its name.
        self._keys: dict[str, list[str]] = {}

    def watch(self, call: Callable[[], None]) -> None:
        """Do nothing: no other program can change these."""

    def owners(self, nickname: str, answer: Callable[[Sequence[OwnedNickname]], None], failed: NoAnswer) -> None:
        answer(self._owners.like(nickname))

    def find(self, name: str, answer: Callable[[Account | None], None], failed: NoAnswer) -> None:
        found = self._accounts.get(key_of(name))
        if found is not None:
            nicknames = map(self._owners.get, self._keys[found.name])
            found = found._replace(nicknames=tuple(owned for owned in nicknames if owned is not None))
        answer(found)

    def add(self, account: Account, answer: Done, failed: NoAnswer, *, terms: Terms) -> None:
        def change() -> None:
            if len(self._accounts) >= terms.max_accounts:
                raise TooManyAccounts(why="There are as many accounts as there may be: ask whoever runs the server")
            self._take_over("", account.name, terms)
            self._accounts[key_of(account.name)] = account._replace(nicknames=())
            self._keys[account.name] = []
            self._put(account.name, account.name, account.made)

        _answer(change, answer, failed)

    def add_nickname(
        self, account: str, nickname: str, at: float, answer: Done, failed: NoAnswer, *, terms: Terms
    ) -> None:
        def change() -> None:
            if key_of(nickname) in self._keys.get(account, ()):
                return
            check_count(len(self._keys.get(account, ())), terms)
            self._take_over(account, nickname, terms)
            if account in self._keys:
                self._put(account, nickname, at)

        _answer(change, answer, failed)

    def _take_over(self, account: str, nickname: str, terms: Terms) -> None:
        for owned in to_take_over(account, nickname, self._owners.like(nickname), terms):
            if owned.is_name:
                self._remove(owned.account)
            else:
                self._drop(owned)

    def _put(self, account: str, nickname: str, at: float) -> None:
        self._owners.put(OwnedNickname(nickname, account, at))
        self._keys[account].append(key_of(nickname))

    def _drop(self, owned: OwnedNickname) -> None:
        self._owners.drop(owned.nickname)
        if owned.account in self._keys:
            self._keys[owned.account].remove(owned.key)

    def _remove(self, account: str) -> None:
        self._accounts.pop(key_of(account), None)
        for key in self._keys.pop(account, ()):
            self._owners.drop(key)
        self._removed(account)

    def drop_nickname(self, account: str, nickname: str, answer: Done, failed: NoAnswer) -> None:
        owned = self._owners.get(nickname)
        if owned is not None and owned.account == account and not owned.is_name:
            self._drop(owned)
        answer()

    def set_password(self, account: str, password: str, answer: Done, failed: NoAnswer) -> None:
        key = key_of(account)
        if key in self._accounts:
            self._accounts[key] = self._accounts[key]._replace(password=password)
        answer()

    def set_also(self, account: str, also: bool, answer: Done, failed: NoAnswer) -> None:
        key = key_of(account)
        if key in self._accounts:
            self._accounts[key] = self._accounts[key]._replace(also=also)
        answer()

    def remove(self, account: str, answer: Done, failed: NoAnswer) -> None:
        self._remove(account)
        answer()

    def used(self, account: str, nickname: str, at: float) -> None:
        key = key_of(account)
        if key in self._accounts:
            self._accounts[key] = self._accounts[key]._replace(used=at)
        for owned in self._owners.used_with(account, nickname):
            self._owners.put(owned._replace(used=at))


def _answer(change: Callable[[], None], answer: Done, failed: NoAnswer) -> None:
    try:
        change()
    except ChatError as error:
        failed(error)
    else:
        answer()
