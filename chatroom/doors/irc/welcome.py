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
from chatroom.model.constants import ENCODING
from chatroom.model.errors import ChatError, NicknameTaken, NotEncrypted, PeerError
from chatroom.model.names import check_nickname
from chatroom.model.passwords import Secret
from chatroom.version import __version__


def pass_(session: IRCSession, parameters: Sequence[str]) -> None:
    """PASS password, PASS account:password: give the password of the server, or of an account, before all else."""
    password, registration = parameters[0], session.registration
    if session.entered:
        session.numeric(Numeric.ERR_ALREADYREGISTERED)
    elif ":" in password and session.chat.accounts.on and not _is_the_servers(session, password):
        registration.login = Secret(password)
    else:
        registration.password = password


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
            if key in session.chat.members and not _may_be_theirs(session):
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
    registration, server = session.registration, session.server
    if session.phase is not Phase.OUTSIDE or not registration.complete or not session.is_there():
        return
    host, now = session.door.host, session.door.seconds()
    if server.password or registration.login:
        try:
            session.check_encrypted()
        except NotEncrypted as error:
            session.chat.journal(f"{host or NO_ADDRESS} was turned away: {error}")
            session.refuse(error)
            session.quit("no encryption")
            return
    if not server.is_right_password(host, registration.password, now):
        why = why_wrong(server.passwords, host, now)
        session.chat.journal(f"{host or NO_ADDRESS} was turned away: {why}")
        session.numeric(Numeric.ERR_PASSWDMISMATCH, text=why)
        session.quit(why)
        return
    login, registration.login = registration.login, Secret()
    if login and not session.member.account:
        name, _, password = login.partition(":")
        log_in(session, name, Secret(password), lambda: proceed(session), lambda error: _turn_away(session, error))
        return
    session.user.username, session.user.realname = registration.username, registration.realname
    session.claim(registration.nickname, lambda: _greet(session))


def _turn_away(session: IRCSession, error: ChatError) -> None:
    """Close the connection of a newcomer whose password for an account was not taken."""
    session.numeric(Numeric.ERR_PASSWDMISMATCH, text=str(error))
    session.quit("not logged in")


def _greet(session: IRCSession) -> None:
    """The welcome of somebody who is in: the numerics from 001 to the message of the day."""
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
