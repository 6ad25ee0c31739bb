"""Accounts: who is logged in, whose nicknames are whose, and how often a password may be guessed.

The way of a login::

    door -> session -> Accounts.log_in -> Authority.check -> a checker -> a thread that hashes
                            |                                                    |
                            +--- pauses for who guesses      session <- answer <-+

An :class:`Authority` knows passwords and answers later; so does the store (:mod:`chatroom.log.accounts`). This module
knows neither of them nearer: it decides who may ask, and what follows from the answer. It knows no sockets, no threads
and no Twisted.

Rules about guesses:

- Each one counts as wrong from the moment that it is made until it turns out to be right, so a thousand at once are no
  way around the pauses.
- Who guesses from one address waits longer and longer, for one account sooner than for all. The owner, at another
  address, does not.
- Where many addresses guess for one account, an address that has never logged in to it is kept waiting for a few
  seconds, and is answered then. So nobody is locked out.
- What is told of an account that does not exist is told of a wrong password, too, and takes as long.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from math import ceil
from typing import NamedTuple, Protocol

from chatroom.core.admission import place_of
from chatroom.core.guessing import Pauses
from chatroom.core.members import Member, Standing
from chatroom.log.accounts import Account, AccountStore, OwnedNickname, Terms, key_of
from chatroom.log.interface import NoAnswer
from chatroom.log.tokens import Token, Tokens
from chatroom.model.answers import LoggedIn
from chatroom.model.codes import digest_of, is_token, new_token
from chatroom.model.errors import (
    ChatError,
    LoginsBusy,
    NicknameRegistered,
    NoAccounts,
    NotLoggedIn,
    PasswordElsewhere,
    PasswordRefused,
    PeerError,
    RegistrationClosed,
    TokenRevoked,
    TooManyAccounts,
    WrongPassword,
)
from chatroom.model.names import check_nickname
from chatroom.model.passwords import MIN_PASSWORD, Secret, prepared
from chatroom.model.scopes import Scopes, scopes_of
from chatroom.model.settings import Settings
from chatroom.model.text import clean

DAY = 24 * 60 * 60

REMEMBERED = 10_000
"""Addresses, accounts, and pairs of them, whose wrong passwords are remembered."""

COMING_BACK = DAY
"""Seconds within which a member may come back to their account by the secret of their client, without a password."""

MAX_DELAYED = 1000
"""Logins that may be kept waiting at once."""

MAX_REGISTRATIONS, REGISTRATIONS_FOR = 30, 60 * 60
"""Accounts that may be made from one address before there are pauses, and seconds until these are forgotten.

A class may come from one address.
"""

MAX_ACCOUNT_NAME = 100
"""Characters of the name of an account."""

WRONG = "There is no account of that name with that password: check both"


class Login(NamedTuple):
    """Somebody has proved that an account is theirs."""

    account: str
    """The name of the account."""
    end: Callable[[], None] = lambda: None
    """Called when they are logged out, or have gone."""
    scopes: Scopes | None = None
    """What they may do; None for all."""
    token: int = 0
    """The id of the token that it was proved by; 0 for none."""
    stored: bool = False
    """Whether the store has the account."""


class Guess(NamedTuple):
    """A name and a password that somebody has given."""

    name: str
    password: Secret
    """In the form in which passwords are compared."""
    rank: int = 0
    """How many wrong ones came from the same address lately, or -1 where it has logged in to the account before.

    Those with a lower one go first.
    """


class Origin(NamedTuple):
    """The place and the time of a guess."""

    host: str
    """The address that it comes from; empty where there is none."""
    now: float
    """Seconds, by a clock that only goes forward."""

    @property
    def place(self) -> str:
        """The place that the address belongs to."""
        return place_of(self.host)


class Newcomer(NamedTuple):
    """The nickname of somebody who makes an account of it before they are in."""

    nickname: str
    """A valid one."""
    is_free: Callable[[], bool]
    """Whether it is nobody's at this moment, and they still want to come in under it."""


class Authority(Protocol):
    """Whoever knows passwords. Each question has one answer, in a later turn of the event loop."""

    @property
    def registers(self) -> bool:
        """Whether it knows the passwords that the store keeps, so that people may make accounts for themselves."""

    def check(self, guess: Guess, right: Callable[[Login], None], wrong: NoAnswer) -> None:
        """Ask whether a password is right.

        :param wrong: told :class:`~chatroom.model.errors.WrongPassword`, or why it could not be looked at.
        """

    def hash(self, password: Secret, answer: Callable[[str], None], failed: NoAnswer) -> None:
        """Ask for the hash of a password, as the store keeps it."""


class Registrar(Protocol):
    """Whoever has a say in who may make an account."""

    def may_register(self, member: Member) -> bool:
        """Whether ``member`` may."""

    def is_invited(self, member: Member) -> bool:
        """Whether ``member`` may though accounts are not made by everybody."""

    def registered(self, member: Member) -> None:
        """Take notice that ``member`` has made one."""

    def logged_out(self, member: Member) -> None:
        """Take notice that the account that ``member`` was logged in to is gone."""


class Accounts:
    """The accounts of one server."""

    def __init__(
        self,
        settings: Settings,
        *,
        now: Callable[[], float],
        store: AccountStore | None = None,
        authority: Authority | None = None,
        tokens: Tokens | None = None,
        later: Callable[[float, Callable[[], None]], object] = lambda seconds, call: call(),
        off: str = "nobody has set them up",
    ) -> None:
        """
        :param now: the time, in seconds since 1970, UTC.
        :param store: where accounts are kept; without one, no nickname is registered.
        :param authority: without one, nobody can log in; registered nicknames are their owners' all the same.
        :param tokens: those that programs log in by; without them, by passwords alone.
        :param later: calls a function after so many seconds.
        :param off: why there is no authority.
        """
        self._settings = settings
        self._now = now
        self._store = store
        self._authority = authority
        self.tokens = tokens
        self.later = later
        """Calls a function after so many seconds."""
        self.off = off
        self.registrar: Registrar | None = None
        """Has a say in who may make an account."""
        self._login_watchers: list[Callable[[Member], None]] = []
        self._nickname_watchers: list[Callable[[str], None]] = []
        # Those who are logged in, by the account.
        self._logins: dict[str, dict[Member, Login]] = {}
        self._by_address = Pauses(10, 60, 10 * 60, REMEMBERED)
        self._by_both = Pauses(3, 5 * 60, 10 * 60, REMEMBERED)
        self._by_account = Pauses(20, 5, 10 * 60, REMEMBERED)
        self._registrations = Pauses(MAX_REGISTRATIONS, REGISTRATIONS_FOR, REGISTRATIONS_FOR, REMEMBERED)
        # Pairs of an account and an address that has logged in to it; oldest first.
        self._known: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._delayed = 0
        # The account of each member who has gone and may come back to it, when it was made, and when they went; by id,
        # oldest first.
        self._left: OrderedDict[str, tuple[str, float, float]] = OrderedDict()
        if store is not None:
            store.watch(self._changed_elsewhere)

    @property
    def on(self) -> bool:
        """Whether people can log in."""
        return self._authority is not None

    def watch(self, login: Callable[[Member], None], nickname: Callable[[str], None]) -> None:
        """
        :param login: called with each member who is logged in to another account from now on, or to none.
        :param nickname: called with each nickname that belongs to an account from now on, or that its owner uses again.
        """
        self._login_watchers.append(login)
        self._nickname_watchers.append(nickname)

    def _login_changed(self, member: Member) -> None:
        for watcher in self._login_watchers:
            watcher(member)

    def _belongs(self, nickname: str) -> None:
        for watcher in self._nickname_watchers:
            watcher(nickname)

    # Nicknames.

    def claim(self, member: Member, nickname: str, answer: Callable[[PeerError | None, bool], None]) -> None:
        """Ask whether ``member`` may be called ``nickname``, a valid one.

        :param answer: told why not, or None; and whether it belongs to the account that they are logged in to.
        """
        if self._store is None:
            answer(None, False)
            return

        def found(owned: Sequence[OwnedNickname]) -> None:
            mine = [one for one in owned if member.account and one.account == member.account]
            others = [one for one in owned if one.account != member.account and not self._has_lapsed(one)]
            if others:
                answer(NicknameRegistered(nickname=nickname, account=others[0].account), False)
            else:
                answer(None, any(one.key == key_of(nickname) for one in mine))

        self._store.owners(nickname, found, lambda error: answer(NoAccounts(why=_why(error)), False))

    def _has_lapsed(self, owned: OwnedNickname) -> bool:
        return owned.used < self._terms.lapsed_before

    @property
    def _terms(self) -> Terms:
        settings = self._settings
        lapsed = self._now() - settings.keep_nicknames * DAY if settings.keep_nicknames else float("-inf")
        return Terms(lapsed, settings.max_accounts, settings.max_nicknames)

    def used(self, member: Member) -> None:
        """Note that ``member`` uses their nickname, if it belongs to the account that they are logged in to."""
        if member.account and self._store is not None:
            self._store.used(member.account, member.nickname, self._now())

    # Logging in and out.

    def log_in(
        self, member: Member, name: str, password: Secret, right: Callable[[], None], wrong: NoAnswer, *, origin: Origin
    ) -> None:
        """Log ``member`` in to an account. One of the two is called, unless they have gone; perhaps later.

        :param name: of the account, or a nickname that belongs to it.
        :param password: that of the account, or one of its tokens.
        """

        def checked(login: Login) -> None:
            self._know(member, login, right, wrong)

        def named(account: str) -> None:
            self._check(account, password, checked, wrong, origin=origin, by_token=True)

        self._with_name(name, named, wrong)

    def log_in_by_token(
        self, member: Member, token: Secret, right: Callable[[], None], wrong: NoAnswer, *, origin: Origin
    ) -> None:
        """Log ``member`` in to the account that ``token`` belongs to, as :meth:`log_in` does."""

        def found(one: Token | None) -> None:
            self.log_in(member, one.account if one is not None else "", token, right, wrong, origin=origin)

        if self.tokens is None:
            found(None)
        else:
            self.tokens.find(digest_of(token), found, wrong)

    def _with_name(self, name: str, then: Callable[[str], None], failed: NoAnswer) -> None:
        """The account that ``name`` is a nickname of, or else the account of that name."""
        if self._store is None:
            then(name)
            return
        key = key_of(name)
        if not key:
            then(name)
            return
        self._store.owners(name, lambda like: then(next((one.account for one in like if one.key == key), name)), failed)

    def _check(
        self,
        name: str,
        password: str,
        right: Callable[[Login], None],
        wrong: NoAnswer,
        *,
        origin: Origin,
        by_token: bool = False,
    ) -> None:
        """Have a password looked at, once its asker has waited for as long as they must.

        :param by_token: whether it may be a token.
        """
        if self._authority is None:
            wrong(NoAccounts(why=self.off))
            return
        place, now, account = origin.place, origin.now, key_of(name)
        wait = max(self._by_address.wait(place, now), self._by_both.wait((account, place), now))
        if wait:
            wrong(WrongPassword(why=f"Too many wrong passwords: wait {_seconds(wait)}, then try again"))
            return
        known = (account, place) in self._known
        delay = 0.0 if known else self._by_account.wait(account, now)
        guess = Guess(name, _or_none(password), -1 if known else self._by_address.count(place, now))
        self._by_address.wrong(place, now)
        self._by_both.wrong((account, place), now)
        self._by_account.wrong(account, now)

        def take_back() -> None:
            self._by_address.take_back(place)
            self._by_both.take_back((account, place))
            self._by_account.take_back(account)

        def is_right(login: Login) -> None:
            take_back()
            self._by_both.forgive((account, place))
            self._known[account, place] = None
            self._known.move_to_end((account, place))
            if len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
            right(login)

        def is_wrong(error: ChatError) -> None:
            if not isinstance(error, WrongPassword):
                take_back()
            wrong(error)

        authority = self._authority

        def look() -> None:
            if by_token and self.tokens is not None and is_token(password):
                self.tokens.find(digest_of(password), found, is_wrong)
            else:
                authority.check(guess, is_right, is_wrong)

        def found(token: Token | None) -> None:
            if token is not None and (token.account == name or key_of(token.account) == account != ""):
                is_right(Login(token.account, scopes=scopes_of(token.scopes.split()), token=token.id))
            else:
                # It takes as long as another wrong password.
                authority.check(guess, is_right, is_wrong)

        if not delay:
            look()
        elif self._delayed >= MAX_DELAYED:
            is_wrong(LoginsBusy())
        else:
            self._delayed += 1

            def go_on() -> None:
                self._delayed -= 1
                look()

            self.later(delay, go_on)

    def _know(self, member: Member, login: Login, right: Callable[[], None], wrong: NoAnswer) -> None:
        """Have ``member`` be logged in to an account that is theirs."""

        def found(account: Account | None) -> None:
            if member.standing in (Standing.LEAVING, Standing.GONE):
                login.end()
                return
            # A checker may know accounts by names that are anything.
            name = account.name if account is not None else clean(login.account)[:MAX_ACCOUNT_NAME]
            # The name of one that is kept elsewhere is never given to another.
            made = account.made if account is not None and account.password else 0.0
            changed = self._log_in(member, name, login._replace(stored=account is not None), made)
            self.used(member)
            if login.token and self.tokens is not None:
                self.tokens.used(login.token, self._now())
            if account is None:
                self._adopt(name)
            right()
            if changed:
                self._login_changed(member)
            if account is not None:
                # It may have lapsed.
                self._belongs(name)

        def failed(error: ChatError) -> None:
            login.end()
            wrong(error)

        if self._store is None:
            found(None)
        else:
            self._store.find(login.account, found, failed)

    def _adopt(self, name: str) -> None:
        """Have the nickname of an account whose password is kept elsewhere belong to it, where it is free."""
        if self._store is None:
            return
        try:
            check_nickname(name, self._settings.server_name)
        except PeerError:
            return
        now = self._now()
        self._store.add(Account(name, "", now, now), lambda: self._belongs(name), lambda error: None, terms=self._terms)

    def _log_in(self, member: Member, name: str, login: Login, made: float) -> bool:
        """Have ``member`` be logged in.

        :param made: when the account was made, in seconds since 1970, UTC.
        :returns: whether it is another account than before.
        """
        before = member.account
        self.end_login(member)
        self._logins.setdefault(name, {})[member] = login
        member.log_in(name, made)
        member.scopes = login.scopes
        return name != before

    def log_out(self, member: Member) -> None:
        """Have ``member`` be logged in to no account, if they are to one."""
        was = member.account
        self.end_login(member)
        if was:
            self._login_changed(member)

    def end_login(self, member: Member) -> None:
        """The same, and nobody is told: they are somebody else from now on, or have gone."""
        self._left.pop(member.member_id, None)
        name, member.account = member.account, ""
        logins = self._logins.get(name, {})
        login = logins.pop(member, None)
        if not logins:
            self._logins.pop(name, None)
        if login is not None:
            login.end()

    def gone(self, member: Member) -> None:
        """Take notice that ``member`` leaves; they may come back to their account for a while.

        What they have asked for until then, and their leaving, is still the account's.
        """
        account = member.account
        if member not in self._logins.get(account, ()):
            return
        self.used(member)
        account, made = member.account, member.account_made
        by_token = member.scopes is not None
        self.end_login(member)
        # What they have asked for until now, and their leaving, is still the account's.
        member.log_in(account, made)
        if by_token:
            # A token may be revoked in the meantime: who logs in by one does so each time.
            return
        if member.shared is not None:
            for session, view in member.shared.views.items():
                if view.lasting:
                    self.may_come_back(view.scope, account, made, session.seconds())
        elif member.lasting and member.session is not None:
            self.may_come_back(member.member_id, account, made, member.session.seconds())

    def may_come_back(self, member_id: str, account: str, made: float, now: float) -> None:
        """Let the client that a member has this id by come back to an account for a while.

        :param account: empty for none.
        :param made: when it was made, in seconds since 1970, UTC.
        :param now: seconds, by a clock that only goes forward.
        """
        if not account:
            return
        self._left.pop(member_id, None)
        self._left[member_id] = account, made, now
        if len(self._left) > REMEMBERED:
            self._left.popitem(last=False)

    def come_back(self, member: Member, ghost: Member | None, now: float) -> bool:
        """Have ``member``, whose client has proved by its secret that it is the same, be logged in as it was.

        Only to an account whose password is kept here: others may have been closed where theirs is.

        :param ghost: the same member by a connection that may be dead; None where there is none.
        :param now: seconds, by a clock that only goes forward.
        :returns: whether they are logged in now.
        """
        account, made, left_at = self._left.pop(member.member_id, ("", 0.0, now))
        if now - left_at > COMING_BACK:
            account = ""
        if ghost is not None and ghost is not member and ghost.standing is not Standing.LEAVING:
            account, made = (ghost.account, ghost.account_made) if ghost.scopes is None else ("", 0.0)
        if not account or self._authority is None or not self._authority.registers:
            return False
        self.log_in_as(member, account, made)
        return True

    def log_in_as(self, member: Member, account: str, made: float) -> None:
        """Have ``member``, who has proved before that it is theirs, be logged in to an account; empty for none.

        :param made: when the account was made, in seconds since 1970, UTC.
        """
        if account:
            member.log_in(account, made)
            self._logins.setdefault(account, {})[member] = Login(account, stored=True)

    def shares(self, account: str, answer: Callable[[bool], None]) -> None:
        """Ask whether all clients that log in to an account are to be there at once, as one member."""
        if self._store is None:
            answer(False)
            return
        self._store.find(account, lambda found: answer(found is not None and found.also), lambda error: answer(False))

    def set_also(self, member: Member, also: bool, done: Callable[[], None], failed: NoAnswer) -> None:
        """Have all clients that log in to ``member``'s account be there at once, as one member, or no more."""
        if not member.account or self._store is None:
            failed(NotLoggedIn())
            return
        self._store.set_also(member.account, also, done, failed)

    def _let_nobody_come_back(self, account: str) -> None:
        for member_id in [one for one, (left, _, _) in self._left.items() if left == account]:
            del self._left[member_id]

    def _changed_elsewhere(self) -> None:
        """Take notice that another program has changed accounts or tokens."""
        self._left.clear()
        logins = [login for members in self._logins.values() for login in members.values()]
        if self.tokens is not None and (in_use := {login.token for login in logins if login.token}):
            self.tokens.revoked(in_use, self._end_tokens, lambda error: None)
        for name in {login.account for login in logins if login.stored}:
            self._log_out_if_gone(name)

    def _log_out_if_gone(self, name: str) -> None:
        def found(account: Account | None) -> None:
            if account is None:
                for member in self.logged_in(name):
                    self.log_out(member)
                    member.tell(LoggedIn(""))
                    if self.registrar is not None:
                        self.registrar.logged_out(member)

        if self._store is not None:
            self._store.find(name, found, lambda error: None)

    def _end_tokens(self, ids: Iterable[int]) -> None:
        """Close the connections of those who have logged in by tokens that were revoked."""
        revoked = set(ids)
        ended = [
            member
            for members in self._logins.values()
            for member, login in members.items()
            if login.token in revoked and login.token
        ]
        for member in ended:
            if member.session is not None:
                member.session.dismiss(TokenRevoked())

    def logged_in(self, account: str) -> Iterator[Member]:
        """The members who are logged in to an account."""
        return iter(tuple(self._logins.get(account, ())))

    # Making, changing and removing accounts.

    def check_registration(self, member: Member) -> None:
        """:raises PeerError: ``member`` may not make an account for themselves."""
        if self._authority is None or self._store is None:
            raise NoAccounts(why=self.off)
        check_whole(member)
        registrar = self.registrar
        is_open = self._settings.registration != "closed" or (registrar is not None and registrar.is_invited(member))
        if not self._authority.registers or not is_open or not (registrar is None or registrar.may_register(member)):
            raise RegistrationClosed()

    def register(
        self,
        member: Member,
        password: str,
        made: Callable[[], None],
        failed: NoAnswer,
        *,
        origin: Origin,
        newcomer: Newcomer | None = None,
    ) -> None:
        """Make an account of ``member``'s nickname, and have them be logged in to it.

        :param newcomer: the nickname that they want to come in under; None for those who hold one.
        """
        authority, store = self._authority, self._store
        nickname = member.nickname if newcomer is None else newcomer.nickname
        place, now = origin.place, origin.now
        try:
            self.check_registration(member)
            secret = prepared(password, MIN_PASSWORD)
            if wait := self._registrations.wait(place, now):
                raise TooManyAccounts(
                    why=f"Too many accounts were made from your address: wait {_seconds(wait)}, then try again"
                )
        except PeerError as error:
            failed(error)
            return
        assert authority is not None
        assert store is not None
        # Counted before it is made: a thousand at once are no way around the limit.
        self._registrations.wrong(place, now)

        def not_made(error: ChatError) -> None:
            self._registrations.take_back(place)
            failed(error)

        def may_have_it() -> bool:
            if newcomer is not None:
                return newcomer.is_free()
            return member.standing is Standing.HERE and member.nickname == nickname

        def hashed(hash_: str) -> None:
            if not may_have_it():
                # Somebody else may be called that by now.
                not_made(NicknameRegistered(nickname=nickname))
                return
            at = self._now()
            store.add(Account(nickname, hash_, at, at), lambda: kept(at), not_made, terms=self._terms)

        def kept(at: float) -> None:
            here = member.standing is Standing.HERE
            if member.standing not in (Standing.LEAVING, Standing.GONE):
                self._log_in(member, nickname, Login(nickname, stored=True), at)
            if self.registrar is not None:
                self.registrar.registered(member)
            made()
            if here:
                self._login_changed(member)
            self._belongs(nickname)

        def free(error: PeerError | None, own: bool) -> None:
            if error is not None:
                not_made(error)
            else:
                authority.hash(secret, hashed, not_made)

        self.claim(member, nickname, free)

    def add_nickname(self, member: Member, made: Callable[[], None], failed: NoAnswer) -> None:
        """Have ``member``'s nickname belong to the account that they are logged in to."""
        if not self._is_owner(member, failed) or self._store is None:
            return
        nickname = member.nickname

        def kept() -> None:
            made()
            self._belongs(nickname)

        self._store.add_nickname(member.account, nickname, self._now(), kept, failed, terms=self._terms)

    def drop_nickname(self, member: Member, nickname: str, done: Callable[[], None], failed: NoAnswer) -> None:
        """Have a nickname belong to ``member``'s account no more."""
        if not self._is_owner(member, failed) or self._store is None:
            return
        self._store.drop_nickname(member.account, nickname, done, failed)

    def _is_owner(self, member: Member, failed: NoAnswer) -> bool:
        """Whether ``member`` may change the account that they are logged in to; ``failed`` is told why not."""
        try:
            if self._store is None:
                raise NotLoggedIn()
            check_owner(member)
        except PeerError as error:
            failed(error)
            return False
        return True

    # Tokens of programs.

    def add_token(
        self, member: Member, name: str, scopes: Scopes, answer: Callable[[Secret], None], failed: NoAnswer
    ) -> None:
        """Make a token of ``member``'s account; ``answer`` is told it, which nobody can be told again."""
        if not self._is_owner(member, failed) or self.tokens is None:
            return
        secret = new_token()
        token = Token(0, member.account, name, str(scopes), self._now())
        self.tokens.add(digest_of(secret), token, lambda _: answer(secret), failed)

    def revoke_token(self, member: Member, name: str, done: Callable[[], None], failed: NoAnswer) -> None:
        """Have nobody log in by a token of ``member``'s account any more, and close the connections of who has."""
        if not self._is_owner(member, failed) or self.tokens is None:
            return

        def revoked(id_: int) -> None:
            self._end_tokens([id_])
            done()

        self.tokens.revoke(member.account, name, revoked, failed)

    def tokens_of(self, member: Member, answer: Callable[[Sequence[Token]], None], failed: NoAnswer) -> None:
        """Ask for the tokens of ``member``'s account."""
        if self._is_owner(member, failed) and self.tokens is not None:
            self.tokens.of(member.account, answer, failed)

    def find(self, name: str, answer: Callable[[Account | None], None], failed: NoAnswer) -> None:
        """Ask for the account that ``name`` is the name of, or a nickname of."""
        store = self._store
        if store is None:
            answer(None)
            return
        self._with_name(name, lambda account: store.find(account, answer, failed), failed)

    def change_password(
        self, member: Member, old: Secret, new: Secret, done: Callable[[], None], failed: NoAnswer, *, origin: Origin
    ) -> None:
        """Have another password be that of ``member``'s account."""
        authority, store = self._authority, self._store
        try:
            secret = prepared(new, MIN_PASSWORD)
        except PasswordRefused as error:
            failed(error)
            return

        def proved(account: Account) -> None:
            assert authority is not None
            assert store is not None
            authority.hash(
                secret,
                lambda hash_: store.set_password(account.name, hash_, lambda: changed(account.name), failed),
                failed,
            )

        def changed(name: str) -> None:
            self._let_nobody_come_back(name)
            done()

        self._prove(member, old, proved, failed, origin=origin)

    def unregister(
        self,
        member: Member,
        password: Secret,
        done: Callable[[list[Member]], None],
        failed: NoAnswer,
        *,
        origin: Origin,
    ) -> None:
        """Remove ``member``'s account.

        :param done: told who was logged in to it, and is no more.
        """
        store = self._store

        def proved(account: Account) -> None:
            assert store is not None
            store.remove(account.name, lambda: removed(account.name), failed)

        def removed(name: str) -> None:
            self._let_nobody_come_back(name)
            members = list(self.logged_in(name))
            for one in members:
                self.log_out(one)
                # Their token is gone as well.
                if one.scopes is not None and one.session is not None:
                    one.session.dismiss(TokenRevoked())
            done([one for one in members if one.scopes is None])

        self._prove(member, password, proved, failed, origin=origin)

    def _prove(
        self,
        member: Member,
        password: Secret,
        proved: Callable[[Account], None],
        failed: NoAnswer,
        *,
        origin: Origin,
    ) -> None:
        """Make sure that it is the owner who asks, and that the password is kept here."""
        if not self._is_owner(member, failed) or self._store is None:
            return
        store, name = self._store, member.account

        def right(login: Login) -> None:
            login.end()
            store.find(name, found, failed)

        def found(account: Account | None) -> None:
            if account is None or not account.password:
                failed(PasswordElsewhere(account=name))
            else:
                proved(account)

        self._check(name, password, right, failed, origin=origin)


def check_whole(member: Member) -> None:
    """:raises ScopeMissing: ``member`` has logged in by a token, which must not lead to more than it allows."""
    if member.scopes is not None:
        member.scopes.check_account()


def check_moderate(member: Member) -> None:
    """:raises ScopeMissing: ``member`` has logged in by a token that does not allow to deal with others."""
    if member.scopes is not None:
        member.scopes.check_moderate()


def check_owner(member: Member) -> None:
    """Check that ``member`` may change the account that they are logged in to, and make things in its name.

    :raises NotLoggedIn: they are to none.
    :raises ScopeMissing: they have logged in by a token.
    """
    if not member.account:
        raise NotLoggedIn()
    check_whole(member)


def _or_none(password: str) -> Secret:
    """``password`` as it is compared; one that no account has, where no password may be like that."""
    try:
        return prepared(password)
    except PasswordRefused:
        return Secret()


def _seconds(wait: float) -> str:
    count = ceil(wait)
    if count > 90:
        return f"{ceil(wait / 60)} minutes"
    return "a second" if count == 1 else f"{count} seconds"


def _why(error: ChatError) -> str:
    return str(error.details.get("why", "they cannot be read at this moment"))
