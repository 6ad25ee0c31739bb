"""Questions to the server itself: LUSERS, MOTD, VERSION, TIME, INFO and their like; and what it can do (005)."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from itertools import islice

from chatroom.doors.irc.message import MAX_USER
from chatroom.doors.irc.numerics import Numeric
from chatroom.doors.irc.server import NETWORK
from chatroom.doors.irc.session import IRCSession
from chatroom.doors.irc.users import BOT_MODE
from chatroom.model.constants import MAX_TOPIC
from chatroom.model.names import MAX_NAME_LENGTH
from chatroom.model.rules import MAX_ENTRIES
from chatroom.version import __version__

USER_MODES = "Biow"
"""The modes that a person may have."""

MAX_CHANGES = 4
"""Modes that one MODE changes at most."""

ROOM_MODES = "Ibeiklmnoqrstuv"
"""The modes of rooms that clients are told of (004, 005): b, o and v are nobody's here, and all rooms have n."""

MAX_TARGETS = 4
"""Rooms and people that one line of talk may be for."""

MAX_NAMES = 4
"""Rooms whose members one may ask for at once."""

MAX_MONITORED = 100
"""Nicknames that one client may watch for."""

MAX_HISTORY = 200
"""Lines of talk that one may ask for at once."""

MAX_AWAY = 200
"""Bytes of the text that one leaves when one goes away."""

# RFC 2812 allows 15 parameters: the nickname is one, the last words are another.
_TOKENS_IN_A_LINE = 13


def _features(session: IRCSession) -> list[str]:
    one = ",".join(f"{command}:1" for command in ("LIST", "KICK", "WHOIS", "WHOWAS"))
    return [
        f"AWAYLEN={MAX_AWAY}",
        f"BOT={BOT_MODE}",
        "CASEMAPPING=ascii",
        f"CHANLIMIT=#:{session.chat.settings.max_joined}",
        "CHANMODES=Ibeq,k,l,imnrstu",
        f"CHANNELLEN={MAX_NAME_LENGTH + 1}",
        "CHANTYPES=#",
        f"CHATHISTORY={MAX_HISTORY}",
        "ELIST=CMNTU",
        "EXCEPTS=e",
        "HOSTLEN=63",
        "INVEX=I",
        f"MAXLIST=Ibeq:{MAX_ENTRIES}",
        f"MODES={MAX_CHANGES}",
        f"MONITOR={MAX_MONITORED}",
        "MSGREFTYPES=msgid,timestamp",
        f"NETWORK={NETWORK}",
        f"NICKLEN={MAX_NAME_LENGTH}",
        "PREFIX=(ov)@+",
        "SAFELIST",
        f"TARGMAX=NAMES:{MAX_NAMES},{one},PRIVMSG:{MAX_TARGETS},NOTICE:{MAX_TARGETS},JOIN:,PART:,MONITOR:",
        f"TOPICLEN={MAX_TOPIC}",
        f"USERLEN={MAX_USER}",
        "UTF8ONLY",
        "WHOX",
    ]


def features(session: IRCSession) -> None:
    """Say what the server can do."""
    tokens: Iterator[str] = iter(_features(session))
    while row := list(islice(tokens, _TOKENS_IN_A_LINE)):
        session.numeric(Numeric.RPL_ISUPPORT, *row)


def _is_elsewhere(session: IRCSession, parameters: Sequence[str]) -> bool:
    """Whether another server is asked; there is none, which they were told."""
    if not parameters or session.server.is_here(parameters[0]):
        return False
    session.numeric(Numeric.ERR_NOSUCHSERVER, parameters[0])
    return True


def lusers(session: IRCSession, parameters: Sequence[str]) -> None:
    """LUSERS: say how many are here."""
    server, chat = session.server, session.chat
    users, invisible = len(chat.members), server.invisible
    # Each newcomer is told: where nobody can be an operator, nobody is looked at.
    operators = sum(member.operator for member in chat.directory.everybody()) if chat.operators else 0
    session.numeric(Numeric.RPL_LUSERCLIENT, visible=users - invisible, invisible=invisible)
    session.numeric(Numeric.RPL_LUSEROP, operators)
    session.numeric(Numeric.RPL_LUSERUNKNOWN, len(server.unregistered))
    session.numeric(Numeric.RPL_LUSERCHANNELS, len(chat.rooms))
    session.numeric(Numeric.RPL_LUSERME, users=users)
    for numeric in (Numeric.RPL_LOCALUSERS, Numeric.RPL_GLOBALUSERS):
        session.numeric(numeric, users, server.most, users=users, most=server.most)


def motd(session: IRCSession, parameters: Sequence[str]) -> None:
    """MOTD: show the message of the day."""
    if _is_elsewhere(session, parameters):
        return
    if not session.chat.motd:
        session.numeric(Numeric.ERR_NOMOTD)
        return
    session.numeric(Numeric.RPL_MOTDSTART, server=session.server.name)
    for line in session.chat.motd:
        session.numeric(Numeric.RPL_MOTD, text=f"- {line}")
    session.numeric(Numeric.RPL_ENDOFMOTD)


def version(session: IRCSession, parameters: Sequence[str]) -> None:
    """VERSION: say what runs here, and what it can do."""
    if not _is_elsewhere(session, parameters):
        session.numeric(Numeric.RPL_VERSION, f"chatroom-{__version__}", session.server.name)
        features(session)


def time_(session: IRCSession, parameters: Sequence[str]) -> None:
    """TIME: say what time it is here."""
    if not _is_elsewhere(session, parameters):
        now = time.strftime("%A %B %d %Y -- %H:%M:%S %z", time.localtime(session.chat.now()))
        session.numeric(Numeric.RPL_TIME, session.server.name, text=now)


def info(session: IRCSession, parameters: Sequence[str]) -> None:
    """INFO: say what this is."""
    if _is_elsewhere(session, parameters):
        return
    for line in (
        f"chatroom {__version__}: one room, many doors",
        "The rooms that you join here as channels are joined by other doors as well.",
        "HISTORY #room shows what was said before; LIST lists the rooms; HELP the commands.",
    ):
        session.numeric(Numeric.RPL_INFO, text=line)
    session.numeric(Numeric.RPL_ENDOFINFO)


def admin(session: IRCSession, parameters: Sequence[str]) -> None:
    """ADMIN: say who runs this."""
    if not _is_elsewhere(session, parameters):
        session.numeric(Numeric.ERR_NOADMININFO, session.server.name)


def links(session: IRCSession, parameters: Sequence[str]) -> None:
    """LINKS: list the servers; there is no other."""
    session.numeric(Numeric.RPL_ENDOFLINKS, "*")


def stats(session: IRCSession, parameters: Sequence[str]) -> None:
    """STATS query: u asks how long the server has run."""
    query = parameters[0][:1] or "*"
    if query == "u":
        up = max(0, int(session.chat.now() - session.server.started))
        days, rest = divmod(up, 24 * 60 * 60)
        clock = f"{rest // 3600}:{rest // 60 % 60:02}:{rest % 60:02}"
        session.numeric(Numeric.RPL_STATSUPTIME, days=days, time=clock)
    session.numeric(Numeric.RPL_ENDOFSTATS, query)


def users(session: IRCSession, parameters: Sequence[str]) -> None:
    """USERS: list who has logged in to the machine, which is nobody's business."""
    session.numeric(Numeric.ERR_USERSDISABLED)


def summon(session: IRCSession, parameters: Sequence[str]) -> None:
    """SUMMON user: call somebody who has logged in to the machine; nobody may."""
    session.numeric(Numeric.ERR_SUMMONDISABLED)


def ping(session: IRCSession, parameters: Sequence[str]) -> None:
    """PING token: be answered, once all that was asked before is done."""
    if parameters[0]:
        session.send(f":{session.server.name} PONG {session.server.name} :{parameters[0]}")
    else:
        session.numeric(Numeric.ERR_NOORIGIN)


def nothing(session: IRCSession, parameters: Sequence[str]) -> None:
    """Says that the client lives."""


def quit_(session: IRCSession, parameters: Sequence[str]) -> None:
    """QUIT [reason]: leave."""
    session.quit(parameters[0] if parameters else "", own_words=True)
