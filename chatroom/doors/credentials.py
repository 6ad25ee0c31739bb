"""Passwords are checked by twisted.cred: a portal, and checkers behind it.

The built-in store is one checker (:class:`StoreChecker`). Whoever embeds the factory hands in others, or a portal of
their own; its realm is asked for :class:`IAccount`. The core knows none of this: it asks a
:class:`chatroom.core.accounts.Authority`, which is :class:`PortalAuthority` here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from twisted.cred.checkers import ANONYMOUS, ICredentialsChecker
from twisted.cred.credentials import IUsernamePassword, UsernamePassword
from twisted.cred.error import LoginFailed, UnauthorizedLogin, UnhandledCredentials
from twisted.cred.portal import IRealm, Portal
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import Attribute, Interface, implementer

from chatroom.core.accounts import WRONG, Guess, Login
from chatroom.doors.hashing import MISSING, Hasher
from chatroom.log.accounts import Account, AccountStore
from chatroom.log.interface import NoAnswer
from chatroom.model.constants import ENCODING
from chatroom.model.errors import ChatError, NoAccounts, Unforeseen, WrongPassword
from chatroom.model.passwords import Secret

_log = Logger()

AvatarId = bytes | tuple[()]
"""The name of an account, as checkers tell it; the empty tuple stands for nobody."""


class IAccount(Interface):
    """The avatar of somebody who has logged in."""

    name: str = Attribute("The name of the account.")


@implementer(IAccount)
class Avatar:
    """An account, by its name."""

    def __init__(self, name: str) -> None:
        self.name = name


@implementer(IRealm)
class Realm:
    """Has an avatar for each account that a checker knows."""

    def requestAvatar(self, avatarId: bytes | tuple[()], mind: object, *interfaces: object) -> Any:  # noqa: N803
        """The avatar for the id that a checker gives: the name of the account."""
        if IAccount not in interfaces:
            raise NotImplementedError("this realm has accounts alone")
        if avatarId == ANONYMOUS:
            raise UnauthorizedLogin()
        # Some checkers have text.
        name = avatarId.decode(ENCODING) if isinstance(avatarId, bytes) else str(avatarId)
        return IAccount, Avatar(name), lambda: None


class Password(UsernamePassword):
    """A name and a password, and how long others have to go first."""

    def __init__(self, guess: Guess) -> None:
        super().__init__(guess.name.encode(ENCODING, "replace"), guess.password.encode(ENCODING, "replace"))
        self.guess = guess


class KnownHere(UnauthorizedLogin):
    """The password is wrong, and no other checker is to be asked: the account's password is kept here."""


@implementer(ICredentialsChecker)
class StoreChecker:
    """Checks the passwords that the store of accounts keeps."""

    credentialInterfaces = (IUsernamePassword,)

    def __init__(self, store: AccountStore, hasher: Hasher) -> None:
        self._store = store
        self._hasher = hasher

    def requestAvatarId(self, credentials: Any) -> Deferred[AvatarId]:
        """The name of the account whose password it is.

        An account that there is not takes as long as one that there is.
        """
        checked: Deferred[AvatarId] = Deferred()
        guess = credentials.guess if isinstance(credentials, Password) else _guess_of(credentials)

        def found(account: Account | None) -> None:
            hash_ = account.password if account is not None else ""
            self._hasher.verify(hash_, guess.password, guess.rank, lambda same: told(account, same), failed)

        def told(account: Account | None, same: bool) -> None:
            if account is not None and same and account.password:
                checked.callback(account.name.encode(ENCODING))
            elif account is not None and account.password:
                checked.errback(KnownHere())
            else:
                checked.errback(UnauthorizedLogin())

        def failed(error: ChatError) -> None:
            checked.errback(error)

        self._store.find(guess.name, found, failed)
        return checked


def _guess_of(credentials: Any) -> Guess:
    name, password = (
        part.decode(ENCODING, "replace") if isinstance(part, bytes) else part
        for part in (credentials.username, credentials.password)
    )
    return Guess(name, Secret(password))


@implementer(ICredentialsChecker)
class Checkers:
    """Asks several checkers, one after the other, until one knows the name and the password."""

    credentialInterfaces = (IUsernamePassword,)

    def __init__(self, checkers: Sequence[ICredentialsChecker]) -> None:
        self._checkers = tuple(checkers)

    def requestAvatarId(self, credentials: Any) -> Deferred[AvatarId]:
        """The avatar id that the first of them has."""
        return self._ask(credentials, self._checkers)

    def _ask(self, credentials: Any, checkers: Sequence[ICredentialsChecker]) -> Deferred[Any]:
        asked: Deferred[Any] = maybeDeferred(checkers[0].requestAvatarId, credentials)
        if len(checkers) > 1:
            asked.addErrback(lambda failure: self._ask_next(failure, credentials, checkers[1:]))
        return asked

    def _ask_next(self, failure: Failure, credentials: Any, rest: Sequence[ICredentialsChecker]) -> Any:
        if failure.check(KnownHere) or not failure.check(LoginFailed):
            return failure
        return self._ask(credentials, rest)


class PortalAuthority:
    """Knows passwords by a portal: a :class:`chatroom.core.accounts.Authority`."""

    def __init__(self, portal: Portal, hasher: Hasher | None, registers: bool) -> None:
        """
        :param hasher: hashes new passwords; None where people cannot have one here.
        :param registers: whether the built-in store is among the checkers.
        """
        self._portal = portal
        self._hasher = hasher
        self.registers = registers

    def check(self, guess: Guess, right: Callable[[Login], None], wrong: NoAnswer) -> None:
        """Ask whether a password is right."""

        def logged_in(found: Any) -> None:
            _, avatar, logout = found
            right(Login(avatar.name, logout))

        def refused(failure: Failure) -> None:
            if failure.check(LoginFailed, UnhandledCredentials):
                wrong(WrongPassword(why=WRONG))
            elif isinstance(failure.value, ChatError):
                wrong(failure.value)
            else:
                # The text of the error is a stranger's, and may have the password in it.
                _log.error("a checker of passwords has failed: {kind}", kind=type(failure.value).__name__)
                wrong(Unforeseen())

        asked = maybeDeferred(self._portal.login, Password(guess), None, IAccount)
        asked.addCallbacks(logged_in, refused)
        asked.addErrback(lambda failure: _log.failure("what follows a login has failed", failure))

    def hash(self, password: Secret, answer: Callable[[str], None], failed: NoAnswer) -> None:
        """Ask for the hash of a password."""
        if self._hasher is None:
            failed(NoAccounts(why=MISSING))
        else:
            self._hasher.hash(password, answer, failed)
