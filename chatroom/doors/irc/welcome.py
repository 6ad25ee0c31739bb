"""The way in: PASS, NICK and USER, and the welcome that follows them. NICK also renames those who are in.

:mod:`chatroom.doors.irc.registration` draws the phases; CAP, which may hold them up, stands in
:mod:`chatroom.doors.irc.capabilities`.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from hmac import compare_digest

from chatroom.core.session import NO_ADDRESS, Phase
from chatroom.doors.irc import information
from chatroom.doors.irc.accounts import log_in
from chatroom.doors.irc.message import user_of
from chatroom.doors.irc.numerics import Numeric
from chatroom.doors.irc.server import NETWORK, why_wrong
from chatroom.doors.irc.session import IRCSession
from chatroom.model.codes import code_of
from chatroom.model.constants import ENCODING
from chatroom.model.errors import ChatError, NicknameTaken, NotEncrypted, PeerError
from chatroom.model.names import check_nickname
from chatroom.model.passwords import Secret
from chatroom.version import __version__


def pass_(session: IRCSession, parameters: Sequence[str]) -> None:
    """PASS password, PASS account:password, PASS invite=CODE: give the password of the server or of an account, or an
    invitation, before all else."""
    given, registration = Secret(parameters[0]), session.registration
    if session.entered:
        session.numeric(Numeric.ERR_ALREADYREGISTERED)
    elif ":" in given and session.chat.accounts.on and not code_of(given) and not _is_the_servers(session, given):
        registration.login = given
        # That of a closed server may have a colon in it, too.
        if session.chat.gate.closed:
            registration.password = given
    else:
        registration.password = given


def _is_the_servers(session: IRCSession, password: str) -> bool:
    """Whether it is the server's own password that has a colon in it, which is found out once they come in."""
    return compare_digest(password.encode(ENCODING), session.server.password.encode(ENCODING))


def user(session: IRCSession, parameters: Sequence[str]) -> None:
    """USER username 0 * realname: tell of oneself, before one is in."""
    if session.entered:
        session.numeric(Numeric.ERR_ALREADYREGISTERED)
        return
    username, realname = parameters[0], parameters[3].strip()
    if not username or not realname:
        session.numeric(Numeric.ERR_NEEDMOREPARAMS, "USER")
        return
    session.registration.take_user(user_of(username), realname)
    proceed(session)


def nick(session: IRCSession, parameters: Sequence[str]) -> None:
    """NICK nickname: choose the nickname that one wants to have."""
    nickname = parameters[0] if parameters else ""
    if not nickname:
        session.numeric(Numeric.ERR_NONICKNAMEGIVEN)
    elif session.entered:
        _rename(session, nickname)
    else:
        try:
            key = check_nickname(nickname, session.chat.settings.server_name)
            # A stranger is told nothing of who is here.
            is_known = session.chat.gate.lets_in(session.member)
            if is_known and key in session.chat.members and not _may_be_theirs(session):
                # It is claimed once the rest has come; until then somebody else may still be faster.
                raise NicknameTaken(nickname=nickname)
        except PeerError as error:
            session.registration.taken = nickname if isinstance(error, NicknameTaken) else ""
            session.refuse(error, nickname)
        else:
            session.registration.take_nickname(nickname)
            proceed(session)


def _may_be_theirs(session: IRCSession) -> bool:
    """Whether a newcomer may turn out to be the owner of a nickname, whose holder makes way: then the claim tells."""
    registration = session.registration
    return bool(session.member.account or registration.login) or (session.chat.accounts.on and registration.negotiates)


def _rename(session: IRCSession, nickname: str) -> None:
    if nickname != session.nickname:
        session.several(len(session.rooms))
        session.request_of_line(session.chat.rename, nickname, about=nickname, last=True)


def proceed(session: IRCSession) -> None:
    """Claim the nickname, if nothing is missing."""
    registration = session.registration
    if session.phase is not Phase.OUTSIDE or not registration.complete or not session.is_there():
        return
    login, registration.login = registration.login, Secret()
    if login and not session.member.account:
        # The server's own password comes first: without it, nobody learns whether one of an account is right.
        if _knows_password(session):
            _log_in(session, login)
        return
    if _knocks(session):
        return
    if not session.chat.gate.is_invited(session.member) and not _knows_password(session):
        return
    session.user.username, session.user.realname = registration.username, registration.realname
    room = session.chat.gate.room_of(session.member)
    session.claim(registration.nickname, lambda: _greet(session, room))


def _knows_password(session: IRCSession) -> bool:
    """Whether PASS has given the server's password, if it has one; who does not know it is turned away."""
    server, host = session.server, session.door.host
    if server.password and not _is_encrypted(session):
        return False
    if server.is_right_password(host, session.registration.password, session.door.seconds()):
        return True
    why = why_wrong(server.passwords, host, session.door.seconds())
    session.chat.journal(f"{host or NO_ADDRESS} was turned away: {why}")
    session.numeric(Numeric.ERR_PASSWDMISMATCH, text=why)
    session.quit(why)
    return False


def _is_encrypted(session: IRCSession) -> bool:
    """Whether a password may be taken; who sends one that others can read is turned away."""
    try:
        session.check_encrypted()
    except NotEncrypted as error:
        session.chat.journal(f"{session.door.host or NO_ADDRESS} was turned away: {error}")
        session.refuse(error)
        session.quit("no encryption")
        return False
    return True


def _knocks(session: IRCSession) -> bool:
    """Show the gate what PASS has brought, if it has to be shown something; whether that is under way, or was wrong."""
    gate, registration = session.chat.gate, session.registration
    given = registration.password
    let_in = gate.has_let_in(session.member) or (gate.closed and gate.lets_in(session.member))
    if let_in or not (gate.closed or code_of(given)):
        return False

    def turn_away(error: ChatError) -> None:
        if not gate.closed:
            # Nobody needs an invitation here.
            go_on()
            return
        session.refuse(error)
        session.quit(str(error))

    def go_on() -> None:
        registration.password = Secret()
        proceed(session)
        session.go_on()

    if not given:
        turn_away(gate.refusal())
        return True
    try:
        session.offer(given, go_on, turn_away)
    except NotEncrypted as error:
        session.refuse(error)
        session.quit("no encryption")
    return True


def _log_in(session: IRCSession, login: Secret) -> None:
    """Log in to the account that PASS has named."""

    def wrong(error: ChatError) -> None:
        if session.registration.password:
            # It may be the one of the closed server.
            proceed(session)
        else:
            _turn_away(session, error)

    if not _is_encrypted(session):
        return
    name, _, password = login.partition(":")
    log_in(session, name, Secret(password), lambda: proceed(session), wrong)


def _turn_away(session: IRCSession, error: ChatError) -> None:
    """Close the connection of a newcomer whose password for an account was not taken."""
    session.numeric(Numeric.ERR_PASSWDMISMATCH, text=str(error))
    session.quit("not logged in")


def _greet(session: IRCSession, room: str) -> None:
    """The welcome of somebody who is in: the numerics from 001 to the message of the day.

    :param room: the one that their invitation leads to; empty for none.
    """
    server = session.server
    started = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(server.started))
    session.numeric(Numeric.RPL_WELCOME, network=NETWORK, nickname=session.nickname)
    session.numeric(Numeric.RPL_YOURHOST, server=server.name, version=__version__)
    session.numeric(Numeric.RPL_CREATED, started=started)
    session.numeric(
        Numeric.RPL_MYINFO, server.name, f"chatroom-{__version__}", information.USER_MODES, information.ROOM_MODES
    )
    information.features(session)
    information.lusers(session, ())
    information.motd(session, ())
    if room:
        session.send(f":{server.name} INVITE {session.nickname} #{room}")
