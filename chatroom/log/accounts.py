"""What a store of accounts promises: names, hashes of passwords, and the nicknames that belong to each.

Accounts are kept beside the events, never among them: no question to a log has a hash in its answer. As at the log,
each question and each change is answered once, by ``answer`` or by ``failed``, perhaps before the call returns; so an
engine that several servers share may answer after a round trip.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, Protocol

from chatroom.log.interface import NoAnswer
from chatroom.model.errors import NicknameRegistered, TooManyNicknames
from chatroom.model.names import nickname_key, nickname_look


def key_of(name: str) -> str:
    """The form in which names of accounts are compared; empty for one that nobody can have as a nickname.

    A checker of passwords may know accounts by other names, such as addresses. Nothing is kept of them.
    """
    try:
        return nickname_key(name)
    except ValueError:
        return ""


class OwnedNickname(NamedTuple):
    """A nickname that belongs to an account."""

    nickname: str
    """As its owner wrote it."""
    account: str
    """The name of the account."""
    used: float
    """When its owner last used it, in seconds since 1970, UTC."""

    @property
    def key(self) -> str:
        """The form in which it is compared."""
        return nickname_key(self.nickname)

    @property
    def is_name(self) -> bool:
        """Whether it is also the name of the account, which lasts as long as the account does."""
        return key_of(self.account) == self.key


class Account(NamedTuple):
    """An account."""

    name: str
    """The nickname that it was made under."""
    password: str
    """The hash of its password; empty where that is kept elsewhere."""
    made: float
    """When it was made, in seconds since 1970, UTC."""
    used: float
    """When somebody last logged in to it."""
    nicknames: Sequence[OwnedNickname] = ()
    """Those that belong to it, the longest there first."""
    also: bool = False
    """Whether all clients that log in to it are there at once, as one member."""

    def __repr__(self) -> str:
        return f"Account({self.name!r})"


class Terms(NamedTuple):
    """The terms on which a nickname may be registered."""

    lapsed_before: float
    """A nickname of another account that was last used before this time is free."""
    max_accounts: int
    max_nicknames: int
    """The number that may belong to one account."""


Done = Callable[[], None]
"""Told that a change is kept."""


class AccountStore(Protocol):
    """Keeps accounts. Names are compared as nicknames are; two that look alike are not both kept.

    A nickname is *free* when it belongs to no other account, and neither does one that could be taken for it, or when
    all of those have lapsed. Registering it then takes it from these accounts; one whose own name is taken is removed.
    """

    def watch(self, call: Callable[[], None]) -> None:
        """Have ``call`` called whenever another program has changed something, a few seconds later at most."""

    def owners(self, nickname: str, answer: Callable[[Sequence[OwnedNickname]], None], failed: NoAnswer) -> None:
        """Ask for the registered nicknames that are the same as ``nickname``, or could be taken for it."""

    def find(self, name: str, answer: Callable[[Account | None], None], failed: NoAnswer) -> None:
        """Ask for an account by its name."""

    def add(self, account: Account, answer: Done, failed: NoAnswer, *, terms: Terms) -> None:
        """Keep a new account, whose name is its first nickname.

        It fails with :class:`~chatroom.model.errors.NicknameRegistered` where the name is not free, and with
        :class:`~chatroom.model.errors.TooManyAccounts`.
        """

    def add_nickname(
        self, account: str, nickname: str, at: float, answer: Done, failed: NoAnswer, *, terms: Terms
    ) -> None:
        """Have one more nickname belong to an account.

        It fails with :class:`~chatroom.model.errors.NicknameRegistered` where it is not free, and with
        :class:`~chatroom.model.errors.TooManyNicknames`.
        """

    def drop_nickname(self, account: str, nickname: str, answer: Done, failed: NoAnswer) -> None:
        """Have a nickname, which is not its name, belong to an account no more."""

    def set_password(self, account: str, password: str, answer: Done, failed: NoAnswer) -> None:
        """Keep another hash of a password."""

    def set_also(self, account: str, also: bool, answer: Done, failed: NoAnswer) -> None:
        """Keep whether all clients that log in to an account are there at once."""

    def remove(self, account: str, answer: Done, failed: NoAnswer) -> None:
        """Remove an account, and all that belongs to it."""

    def used(self, account: str, nickname: str, at: float) -> None:
        """Note that somebody uses an account, and perhaps one of its nicknames; it may be lost in a crash."""


class Owners:
    """An index of the registered nicknames, by both forms in which names are compared."""

    def __init__(self) -> None:
        self._by_key: dict[str, OwnedNickname] = {}
        # The keys of those whose look is another than their key.
        self._by_look: dict[str, tuple[str, ...]] = {}

    def __len__(self) -> int:
        return len(self._by_key)

    def follow(self, owned: Iterable[OwnedNickname]) -> None:
        """Have ``owned`` be all that there are; what has not changed costs little."""
        before = {one.nickname: one.account for one in self._by_key.values()}
        after = {one.nickname: one for one in owned}
        for nickname in before:
            if nickname not in after:
                self.drop(nickname)
        for nickname, one in after.items():
            if before.get(nickname) != one.account:
                self.put(one)

    def like(self, nickname: str) -> list[OwnedNickname]:
        """Those that are the same as ``nickname``, or could be taken for it."""
        if not self._by_key:
            return []
        forms = dict.fromkeys((nickname_key(nickname), nickname_look(nickname)))
        keys = dict.fromkeys(key for form in forms for key in (form, *self._by_look.get(form, ())))
        return [self._by_key[key] for key in keys if key in self._by_key]

    def get(self, nickname: str) -> OwnedNickname | None:
        """The one that is the same as ``nickname``."""
        return self._by_key.get(key_of(nickname))

    def used_with(self, account: str, nickname: str) -> list[OwnedNickname]:
        """Those that are used by who uses ``account`` as ``nickname``: that one, and the account's own name."""
        found = {owned.key: owned for owned in map(self.get, (account, nickname)) if owned is not None}
        return [owned for owned in found.values() if owned.account == account]

    def put(self, owned: OwnedNickname) -> None:
        """Note a nickname, or that it was used."""
        key, look = owned.key, nickname_look(owned.nickname)
        if key not in self._by_key and look != key:
            self._by_look[look] = (*self._by_look.get(look, ()), key)
        self._by_key[key] = owned

    def drop(self, nickname: str) -> None:
        """Note that it belongs to nobody any more."""
        owned = self._by_key.pop(key_of(nickname), None)
        if owned is None:
            return
        look = nickname_look(owned.nickname)
        left = tuple(key for key in self._by_look.get(look, ()) if key != owned.key)
        if left:
            self._by_look[look] = left
        else:
            self._by_look.pop(look, None)


def to_take_over(account: str, nickname: str, like: Iterable[OwnedNickname], terms: Terms) -> list[OwnedNickname]:
    """The nicknames that other accounts give up when ``account`` registers ``nickname``.

    :param like: those that are the same, or could be taken for it.
    :raises NicknameRegistered: one of them has not lapsed.
    """
    others = [owned for owned in like if owned.account != account]
    if any(owned.used >= terms.lapsed_before for owned in others):
        raise NicknameRegistered(nickname=nickname)
    return others


def check_count(count: int, terms: Terms) -> None:
    """:raises TooManyNicknames: an account with ``count`` nicknames may have no more."""
    if count >= terms.max_nicknames:
        raise TooManyNicknames(limit=terms.max_nicknames)
