"""Accounts: how somebody logs in, out, and makes an account, whichever command asks for it.

The commands are AUTHENTICATE (SASL), PASS, REGISTER and VERIFY here, and NickServ's in
:mod:`chatroom.doors.irc.services`. No password is in a line that the server sends or logs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from chatroom.core.accounts import Newcomer, Origin
from chatroom.core.session import NO_ADDRESS
from chatroom.doors.irc.message import word
from chatroom.doors.irc.numerics import Numeric
from chatroom.doors.irc.plain import ABORT, EMPTY, MECHANISM, Credentials, SaslExchange, TooLong
from chatroom.doors.irc.session import IRCSession
from chatroom.log.accounts import key_of
from chatroom.log.interface import NoAnswer
from chatroom.model.constants import ENCODING
from chatroom.model.errors import (
    ChatError,
    NicknameRegistered,
    NoAccounts,
    PasswordRefused,
    PeerError,
    WrongPassword,
)
from chatroom.model.names import nickname_key
from chatroom.model.passwords import MIN_PASSWORD, Secret

REGISTRATION, BEFORE_CONNECT = "draft/account-registration", "before-connect"
"""The capability of clients that make accounts by REGISTER, and its value where they may do so before they are in."""

SASL = "sasl"
"""The capability of clients that log in by AUTHENTICATE."""


def check_password_may_come(session: IRCSession) -> None:
    """Check that a password may be taken.

    :raises NoAccounts: nobody can log in here.
    :raises NotEncrypted: others on the way could read it.
    """
    if not session.chat.accounts.on:
        raise NoAccounts(why=session.chat.accounts.off)
    session.check_encrypted()


def log_in(
    session: IRCSession, name: str, password: Secret, right: Callable[[], None], wrong: Callable[[ChatError], None]
) -> None:
    """Have the password looked at, and call one of the two, unless they have gone.

    Nothing that they send is done before that.
    """

    def question(answer: Callable[[ChatError | None], None], failed: NoAnswer) -> None:
        session.chat.accounts.log_in(
            session.member, name, password, lambda: answer(None), answer, origin=origin_of(session)
        )

    def answered(error: ChatError | None) -> None:
        if error is None:
            if session.entered:
                session.journal(f"has logged in to the account {session.member.account}")
            tell_logged_in(session)
            right()
        else:
            note_wrong(session, error)
            wrong(error)

    session.ask_accounts(question, answered)


def note_wrong(session: IRCSession, error: ChatError) -> None:
    """Have the log of the server say that they gave a wrong password, if that is the error.

    It names no account: people give their password in the place of its name.
    """
    if isinstance(error, WrongPassword):
        session.chat.journal(f"{session.address or NO_ADDRESS} gave a wrong password for an account")


def origin_of(session: IRCSession) -> Origin:
    """The place and the time of what they ask for now."""
    return Origin(session.door.host, session.door.seconds())


def tell_logged_in(session: IRCSession) -> None:
    """Tell them the account that they are logged in to, or that they are logged in to none."""
    account = session.member.account
    newcomer = f"{session.registration.nickname or '*'}!*@{session.server.name}"
    whom = session.source if session.entered else newcomer
    if account:
        session.numeric(Numeric.RPL_LOGGEDIN, whom, word(account), account=account)
    else:
        session.numeric(Numeric.RPL_LOGGEDOUT, whom)


def may_register(session: IRCSession) -> bool:
    """Whether people may make accounts for themselves."""
    try:
        session.chat.accounts.check_registration(session.member)
    except PeerError:
        return False
    return True


def make_account(
    session: IRCSession, password: Secret, made: Callable[[], None], failed: Callable[[ChatError], None]
) -> None:
    """Make an account of their nickname, and call one of the two, unless they have gone."""
    chat, registration = session.chat, session.registration
    nickname = registration.nickname
    newcomer = None
    if not session.entered:
        key = nickname_key(nickname)
        newcomer = Newcomer(nickname, lambda: registration.nickname == nickname and key not in chat.members)

    def question(answer: Callable[[ChatError | None], None], _: NoAnswer) -> None:
        chat.accounts.register(
            session.member, password, lambda: answer(None), answer, origin=origin_of(session), newcomer=newcomer
        )

    def answered(error: ChatError | None) -> None:
        if error is not None:
            failed(error)
            return
        chat.journal(f"{session.nickname or nickname} ({session.address or NO_ADDRESS}) has registered their nickname")
        made()
        tell_logged_in(session)

    session.ask_accounts(question, answered)


# AUTHENTICATE.


def authenticate(session: IRCSession, parameters: Sequence[str]) -> None:
    """AUTHENTICATE PLAIN|message|+|*: log in by SASL, before or after one is in."""
    parameter = parameters[0]
    exchange = session.sasl
    if parameter == ABORT:
        session.sasl = None
        session.numeric(Numeric.ERR_SASLABORTED)
    elif exchange is None:
        _begin(session, parameter)
    else:
        try:
            found = exchange.take(parameter)
        except TooLong:
            session.sasl = None
            session.numeric(Numeric.ERR_SASLTOOLONG)
        except ValueError:
            session.sasl = None
            session.numeric(Numeric.ERR_SASLFAIL)
        else:
            if found is not None:
                session.sasl = None
                _authenticate(session, found)


def _begin(session: IRCSession, mechanism: str) -> None:
    if not session.has(SASL):
        session.numeric(Numeric.ERR_SASLFAIL, text="Ask for the capability first: CAP REQ :sasl")
        return
    if mechanism.upper() != MECHANISM:
        session.numeric(Numeric.RPL_SASLMECHS, MECHANISM)
        session.numeric(Numeric.ERR_SASLFAIL)
        return
    try:
        # Before it is sent.
        check_password_may_come(session)
    except PeerError as error:
        session.numeric(Numeric.ERR_SASLFAIL, text=str(error))
        return
    session.sasl = SaslExchange()
    session.send(f"AUTHENTICATE {EMPTY}")


def _authenticate(session: IRCSession, found: Credentials) -> None:
    if found.act_as and found.act_as != found.name and key_of(found.act_as) != (key_of(found.name) or None):
        session.numeric(Numeric.ERR_SASLFAIL, text="Nobody may act as another account")
        return
    log_in(
        session,
        found.name,
        found.password,
        lambda: session.numeric(Numeric.RPL_SASLSUCCESS),
        lambda error: session.numeric(Numeric.ERR_SASLFAIL, text=str(error)),
    )


def abandon(session: IRCSession) -> None:
    """Give an exchange up that is not ended: its client comes in without it."""
    if session.sasl is not None:
        session.sasl = None
        session.numeric(Numeric.ERR_SASLABORTED)


# REGISTER and VERIFY: https://ircv3.net/specs/extensions/account-registration


def register(session: IRCSession, parameters: Sequence[str]) -> None:
    """REGISTER *|nickname *|email password: make an account of one's nickname; nothing is done with the address."""
    account, _, password, *_ = parameters
    nickname = session.nickname or session.registration.nickname
    try:
        _check_registration(session, account, nickname)
    except _Refused as refused:
        session.fail(refused.code, refused.about, text=refused.text)
        return

    def made() -> None:
        name = session.member.account
        session.send(f":{session.server.name} REGISTER SUCCESS {word(name)} :{name} is your account from now on")

    def failed(error: ChatError) -> None:
        weak = isinstance(error, PasswordRefused) and len(password.encode(ENCODING)) < MIN_PASSWORD
        code = "WEAK_PASSWORD" if weak else _CODES.get(type(error), "TEMPORARILY_UNAVAILABLE")
        session.fail(code, word(nickname), text=str(error))

    make_account(session, Secret(password), made, failed)


class _Refused(Exception):
    """An account cannot be made."""

    def __init__(self, code: str, about: str, text: str) -> None:
        super().__init__(text)
        self.code, self.about, self.text = code, about or "*", text


_CODES: Mapping[type[ChatError], str] = {
    NicknameRegistered: "ACCOUNT_EXISTS",
    PasswordRefused: "UNACCEPTABLE_PASSWORD",
}
"""The codes of errors, as far as the specification has any that says more than that it was not done."""


def _check_registration(session: IRCSession, account: str, nickname: str) -> None:
    """:raises _Refused: they may not make an account, or not of that name."""
    taken = session.registration.taken
    if session.member.account:
        why = f"You are logged in to the account {session.member.account}"
        raise _Refused("ALREADY_AUTHENTICATED", word(session.member.account), why)
    try:
        session.chat.accounts.check_registration(session.member)
        if not session.entered and session.chat.settings.registration == "inside":
            raise _Refused("COMPLETE_CONNECTION_REQUIRED", word(account), "Come in first, then register")
        session.check_encrypted()
    except PeerError as error:
        raise _Refused("TEMPORARILY_UNAVAILABLE", word(account), str(error)) from None
    if not nickname and taken:
        raise _Refused("USERNAME_EXISTS", word(taken), f"{taken} is somebody's nickname: choose another")
    if not nickname:
        raise _Refused("NEED_NICK", "*", "Choose your nickname first: NICK nickname")
    if account != "*" and (key_of(account) or account) != nickname_key(nickname):
        why = f"An account has the name of its nickname: {nickname}"
        raise _Refused("ACCOUNT_NAME_MUST_BE_NICK", word(account), why)
    if not session.entered and nickname_key(nickname) in session.chat.members:
        raise _Refused("USERNAME_EXISTS", word(nickname), f"{nickname} is somebody's nickname: choose another")


def verify(session: IRCSession, parameters: Sequence[str]) -> None:
    """VERIFY account code: not needed, since accounts are good from the moment that they are made."""
    account = word(parameters[0])
    if session.member.account:
        session.fail("ALREADY_AUTHENTICATED", account, text="You are logged in, and have nothing to verify")
    else:
        session.fail("INVALID_CODE", account, text="No account has to be verified here: log in with your password")
