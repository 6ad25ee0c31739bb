"""What operators may: OPER makes one, KILL closes somebody's connection, WALLOPS speaks to all who want to hear it."""

from __future__ import annotations

from collections.abc import Sequence

from twisted.logger import Logger

from chatroom.core.session import Session
from chatroom.doors.irc.channels import show_modes
from chatroom.doors.irc.numerics import Numeric
from chatroom.doors.irc.people import called
from chatroom.doors.irc.session import IRCSession
from chatroom.model.events import Notice

_log = Logger()


def oper(session: IRCSession, parameters: Sequence[str]) -> None:
    """OPER name password: become an operator."""
    server, (name, password, *_) = session.server, parameters
    if not server.operators:
        session.reply(Numeric.ERR_NOOPERHOST)
    elif server.is_operator(session.host, name, password):
        session.reply(Numeric.RPL_YOUREOPER)
        show_modes(session, session.modes, "".join(sorted({*session.modes, "o"})))
        _log.info("{nickname} has become an IRC operator as {name}", nickname=session.nickname, name=name)
    else:
        _log.warn("{nickname} gave a wrong password for OPER", nickname=session.nickname)
        session.reply(Numeric.ERR_PASSWDMISMATCH, text=server.why_wrong(session.host))


def kill(session: IRCSession, parameters: Sequence[str]) -> None:
    """KILL nickname [reason]: close somebody's connection; for operators."""
    if "o" not in session.modes:
        session.reply(Numeric.ERR_NOPRIVILEGES)
        return
    victim = called(session, parameters[0])
    if victim is None:
        return
    why = parameters[1] if len(parameters) > 1 and parameters[1] else "no reason given"
    reason = f"Killed ({session.nickname} ({why}))"
    if isinstance(victim, IRCSession):
        victim.send_aside(f":{session.server.prefix(session.nickname)} KILL {victim.nickname} :{why}")
    else:
        victim.tell(Notice(f"{session.nickname} closes your connection: {why}"))
    _log.info("{operator} killed {victim}: {why}", operator=session.nickname, victim=victim.nickname, why=why)
    if isinstance(victim, Session):
        victim.quit(reason)


def wallops(session: IRCSession, parameters: Sequence[str]) -> None:
    """WALLOPS text: tell all who have mode w; for operators."""
    if "o" not in session.modes:
        session.reply(Numeric.ERR_NOPRIVILEGES)
        return
    if not parameters[0]:
        session.reply(Numeric.ERR_NEEDMOREPARAMS, "WALLOPS")
        return
    line = f":{session.server.prefix(session.nickname)} WALLOPS :{parameters[0]}"
    for other in list(session.server.connected.values()):
        if other.entered and "w" in other.modes:
            other.send_aside(line)
