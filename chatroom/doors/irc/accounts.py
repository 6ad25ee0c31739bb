"""Accounts: how somebody logs in, out, and makes an account, whichever command asks for it.

The commands are AUTHENTICATE (SASL), PASS, REGISTER and VERIFY here, and NickServ's in
:mod:`chatroom.doors.irc.services`. No password is in a line that the server sends or logs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from chatroom.core.accounts import Origin
from chatroom.core.session import NO_ADDRESS
from chatroom.doors.irc.numerics import Numeric
from chatroom.doors.irc.plain import ABORT, EMPTY, MECHANISM, Credentials, SaslExchange, TooLong
from chatroom.doors.irc.session import IRCSession
from chatroom.log.accounts import key_of
from chatroom.log.interface import NoAnswer
from chatroom.model.errors import ChatError, NoAccounts, PeerError, WrongPassword
from chatroom.model.passwords import Secret

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
            if isinstance(error, WrongPassword):
                # No account is named: people give their password in the place of its name.
                session.chat.journal(f"{session.address or NO_ADDRESS} gave a wrong password for an account")
            wrong(error)

    session.ask_accounts(question, answered)


def origin_of(session: IRCSession) -> Origin:
    """The place and the time of what they ask for now."""
    return Origin(session.door.host, session.door.seconds())


def tell_logged_in(session: IRCSession) -> None:
    """Tell them the account that they are logged in to, or that they are logged in to none."""
    account = session.member.account
    newcomer = f"{session.registration.nickname or '*'}!*@{session.server.name}"
    whom = session.source if session.entered else newcomer
    if account:
        session.numeric(Numeric.RPL_LOGGEDIN, whom, account, account=account)
    else:
        session.numeric(Numeric.RPL_LOGGEDOUT, whom)


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
