"""What one may ask about people: WHO, WHOIS, WHOWAS, USERHOST and ISON.

Of somebody at this door everybody sees what they told of themselves; of others, that they are at another door. Nobody
is shown an address: whose host is asked for is told the server's name.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from chatroom.core.members import Member
from chatroom.doors.irc.message import MAX_NUMBER, matches
from chatroom.doors.irc.numerics import Numeric
from chatroom.doors.irc.server import at_another_door
from chatroom.doors.irc.session import IRCSession
from chatroom.model.errors import NoSuchNickname, RoomNameRefused
from chatroom.model.names import room_name
from chatroom.model.text import whole_number

MAX_ASKED = 5
"""Nicknames that USERHOST tells of at once."""

SERVER_INFO = "one room, many doors"

_NOWHERE = "255.255.255.255"


class UserInfo(NamedTuple):
    """Somebody, as all who ask are shown them."""

    nickname: str
    username: str
    realname: str
    away: str | None
    modes: str
    idle: int
    """Seconds since they last said something; 0 where nobody knows."""

    @property
    def flags(self) -> str:
        """H for here or G for gone, and * for an operator."""
        return ("H" if self.away is None else "G") + ("*" if "o" in self.modes else "")


def user_info(member: Member, now: float) -> UserInfo:
    """What ``member`` looks like."""
    nickname = member.nickname
    if not isinstance(member, IRCSession):
        return UserInfo(nickname, *at_another_door(nickname), None, "", 0)
    idle = max(0, int(now - member.seen_at))
    return UserInfo(nickname, member.username, member.realname, member.away, member.modes, idle)


def called(session: IRCSession, nickname: str) -> Member | None:
    """Whoever is called ``nickname``; None when nobody is, and they were told."""
    try:
        return session.chat.find(nickname)
    except NoSuchNickname as error:
        session.refuse(error, nickname)
        return None


def who(session: IRCSession, parameters: Sequence[str]) -> None:
    """WHO [#room|mask] [o|%fields]: list people."""
    mask = parameters[0] if parameters else "*"
    options = parameters[1] if len(parameters) > 1 else ""
    channel, members = _asked_for(session, mask)
    now = session.chat.now()
    infos = [user_info(member, now) for member in members]
    if options == "o":
        infos = [one for one in infos if "o" in one.modes]
    fields, _, token = options.removeprefix("%").partition(",")
    if options.startswith("%"):
        lines = [_whox_line(session, one, channel, fields, token) for one in infos]
    else:
        lines = [_who_line(session, one, channel) for one in infos]
    session.send_all([*lines, session.line_of(Numeric.RPL_ENDOFWHO, mask)])


def _asked_for(session: IRCSession, mask: str) -> tuple[str, Iterable[Member]]:
    """What WHO shows as their channel, and who they are."""
    chat = session.chat
    if mask.startswith("#"):
        try:
            room = chat.rooms.get(room_name(mask))
        except RoomNameRefused:
            room = None
        return (f"#{room.name}", list(session.seen_in(room))) if room is not None else ("*", [])
    try:
        return "*", [chat.find(mask)]
    except NoSuchNickname:
        mask = "*" if mask == "0" else mask.lower()
        session.looked_through(len(chat.members))
        everybody = filter(session.can_see, chat.everybody())
        return "*", [member for member in everybody if matches(mask, member.nickname.lower())]


def _who_line(session: IRCSession, one: UserInfo, channel: str) -> str:
    server = session.server.name
    place = (channel, one.username, server, server, one.nickname, one.flags)
    return session.line_of(Numeric.RPL_WHOREPLY, *place, text=f"0 {one.realname}")


# What the fields of WHOX stand for, in the order in which they are answered:
# https://ircv3.net/specs/extensions/whox
_WHOX = "tcuihsnfdlaor"


def _whox_line(session: IRCSession, one: UserInfo, channel: str, fields: str, token: str) -> str:
    server = session.server.name
    found: dict[str, object] = {
        "t": token[:3] or "0",
        "c": channel,
        "u": one.username,
        "i": _NOWHERE,
        "h": server,
        "s": server,
        "n": one.nickname,
        "f": one.flags,
        "d": 0,
        "l": one.idle,
        "a": 0,
        "o": "n/a",
    }
    asked = [found[field] for field in _WHOX if field in fields and field in found]
    return session.line_of(Numeric.RPL_WHOSPCRPL, *asked, text=one.realname if "r" in fields else None)


def whois(session: IRCSession, parameters: Sequence[str]) -> None:
    """WHOIS nickname: say who somebody is."""
    if not parameters or not parameters[-1]:
        session.reply(Numeric.ERR_NONICKNAMEGIVEN)
        return
    if len(parameters) > 1 and not session.server.is_here(parameters[0]):
        session.reply(Numeric.ERR_NOSUCHSERVER, parameters[0])
        return
    asked = parameters[-1 if len(parameters) == 1 else 1].partition(",")[0]
    member = called(session, asked)
    if member is not None:
        _show(session, member)
    session.reply(Numeric.RPL_ENDOFWHOIS, asked if member is None else member.nickname)


def _show(session: IRCSession, member: Member) -> None:
    server = session.server.name
    one = user_info(member, session.chat.now())
    session.reply(Numeric.RPL_WHOISUSER, one.nickname, one.username, server, "*", text=one.realname)
    rooms = sorted(member.rooms)
    if "i" in one.modes and member is not session:
        rooms = [room for room in rooms if room in session.rooms]
    for line in session.words_in_lines(Numeric.RPL_WHOISCHANNELS, one.nickname, words=[f"#{room}" for room in rooms]):
        session.send(line)
    session.reply(Numeric.RPL_WHOISSERVER, one.nickname, server, text=SERVER_INFO)
    if "o" in one.modes:
        session.reply(Numeric.RPL_WHOISOPERATOR, one.nickname)
    if one.away is not None:
        session.reply(Numeric.RPL_AWAY, one.nickname, text=one.away)
    if isinstance(member, IRCSession):
        session.reply(Numeric.RPL_WHOISIDLE, one.nickname, one.idle, int(member.signed_on))


def whowas(session: IRCSession, parameters: Sequence[str]) -> None:
    """WHOWAS nickname [count]: say who somebody was who is gone, or called something else now."""
    if not parameters or not parameters[0]:
        session.reply(Numeric.ERR_NONICKNAMEGIVEN)
        return
    asked = parameters[0]
    count = parameters[1] if len(parameters) > 1 else ""
    most = whole_number(count, MAX_NUMBER)
    mask = asked.lower()
    session.looked_through(len(session.server.was))
    found = [was for was in reversed(session.server.was) if matches(mask, was.nickname.lower())]
    for was in found[: most or None]:
        session.reply(Numeric.RPL_WHOWASUSER, was.nickname, was.username, session.server.name, "*", text=was.realname)
        until = time.strftime("%a %b %d %Y %H:%M:%S UTC", time.gmtime(was.until))
        session.reply(Numeric.RPL_WHOISSERVER, was.nickname, session.server.name, text=until)
    if not found:
        session.reply(Numeric.ERR_WASNOSUCHNICK, asked)
    session.reply(Numeric.RPL_ENDOFWHOWAS, asked)


def userhost(session: IRCSession, parameters: Sequence[str]) -> None:
    """USERHOST nickname [...]: say in short who they are, up to five."""
    found = []
    for name in " ".join(parameters).split()[:MAX_ASKED]:
        try:
            one = user_info(session.chat.find(name), session.chat.now())
        except NoSuchNickname:
            continue
        operator, here = "*" if "o" in one.modes else "", "+" if one.away is None else "-"
        found.append(f"{one.nickname}{operator}={here}{one.username}@{session.server.name}")
    session.reply(Numeric.RPL_USERHOST, text=" ".join(found))


def ison(session: IRCSession, parameters: Sequence[str]) -> None:
    """ISON nickname [...]: say who of them is here."""
    found = []
    for name in " ".join(parameters).split():
        try:
            found.append(session.chat.find(name).nickname)
        except NoSuchNickname:
            continue
    session.reply(Numeric.RPL_ISON, text=" ".join(found))
