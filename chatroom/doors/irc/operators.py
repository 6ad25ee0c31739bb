"""Operators: OPER makes one, KILL closes somebody's connection, WALLOPS speaks to all who want to hear it."""

from __future__ import annotations

from collections.abc import Sequence

from chatroom.core.accounts import check_moderate
from chatroom.doors.irc.channels import tell_modes
from chatroom.doors.irc.numerics import Numeric
from chatroom.doors.irc.server import why_wrong
from chatroom.doors.irc.session import IRCSession
from chatroom.model.errors import PeerError


def oper(session: IRCSession, parameters: Sequence[str]) -> None:
    """OPER name password: become an operator."""
    check_moderate(session.member)
    session.check_encrypted()
    name, password, *_ = parameters
    operators, host, now = session.chat.operators, session.door.host, session.door.seconds()
    if not operators:
        session.numeric(Numeric.ERR_NOOPERHOST)
    elif operators.is_one(host, name, password, now):
        before = session.modes
        session.member.operator = True
        session.numeric(Numeric.RPL_YOUREOPER)
        tell_modes(session, before)
        session.journal(f"has become an operator as {name}")
        session.chat.audit(session.member, "oper", name)
    else:
        session.journal("gave a wrong password for an operator")
        session.chat.audit_log.note_rarely(session.member, "wrong oper password", host, now)
        session.numeric(Numeric.ERR_PASSWDMISMATCH, text=why_wrong(operators.passwords, host, now))


def kill(session: IRCSession, parameters: Sequence[str]) -> None:
    """KILL nickname [reason]: close somebody's connection; for operators."""
    why = parameters[1] if len(parameters) > 1 and parameters[1] else "no reason given"
    try:
        session.chat.expel(session.member, parameters[0], why)
    except PeerError as error:
        session.refuse(error, parameters[0])


def wallops(session: IRCSession, parameters: Sequence[str]) -> None:
    """WALLOPS text: tell all who have mode w; for operators."""
    if not session.member.operator:
        session.numeric(Numeric.ERR_NOPRIVILEGES)
        return
    if not parameters[0]:
        session.numeric(Numeric.ERR_NEEDMOREPARAMS, "WALLOPS")
        return
    line = f":{session.source} WALLOPS :{parameters[0]}"
    server = session.server
    for client in list(server.clients):
        if client not in server.unregistered and "w" in client.user.modes:
            client.send_aside(line)
