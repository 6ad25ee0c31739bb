"""Questions about people: WHO, WHOIS, WHOWAS, USERHOST and ISON.

Everybody is shown what somebody at this door told of themselves, and of others that they are at another door. Nobody is
shown an address but operators, and each person their own: everybody's host is the server's name.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress

from chatroom.core.members import Member
from chatroom.core.session import NO_ADDRESS
from chatroom.doors.irc.message import MAX_NUMBER, word
from chatroom.doors.irc.numerics import Numeric
from chatroom.doors.irc.session import IRCSession
from chatroom.doors.irc.users import MAX_WAS, UserInfo
from chatroom.model.errors import NoSuchNickname, RoomNameRefused
from chatroom.model.masks import matches
from chatroom.model.names import room_name
from chatroom.model.text import whole_number

MAX_ASKED = 5
"""Nicknames that USERHOST tells of at once."""

MAX_ISON = 100
"""Nicknames that ISON tells of at once."""

SERVER_INFO = "one room, many doors"

_NOWHERE = "255.255.255.255"
"""The address of those whose address is not shown (WHOX), or who have none."""


def called(session: IRCSession, nickname: str) -> Member | None:
    """The member who is called ``nickname``; None when nobody is, and they were told."""
    try:
        return session.chat.find(nickname)
    except NoSuchNickname as error:
        session.refuse(error, nickname)
        return None


def who(session: IRCSession, parameters: Sequence[str]) -> None:
    """WHO [#room|mask] [o][%fields[,token]]: list people; o: operators alone."""
    mask = parameters[0] if parameters else "*"
    options = parameters[1] if len(parameters) > 1 else ""
    session.send_all(_who_lines(session, mask, options))


def _who_lines(session: IRCSession, mask: str, options: str) -> Iterator[str]:
    """The lines of WHO; empty ones for people that it does not list."""
    channel, members = _asked_for(session, mask)
    # WHOX: "[flags][%fields[,token]]". Flags beside o ask for matches that there are none of here.
    flags, percent, rest = options.partition("%")
    fields, _, token = rest.partition(",")
    for member, asked_for in members:
        one = session.server.users.info(member) if asked_for else None
        if one is None or ("o" in flags and not one.is_operator):
            yield ""
        elif percent:
            yield _whox_line(session, one, channel, fields, token)
        else:
            yield _who_line(session, one, channel)
    yield session.line_of(Numeric.RPL_ENDOFWHO, mask)


def _asked_for(session: IRCSession, mask: str) -> tuple[str, Iterable[tuple[Member, bool]]]:
    """The channel that WHO shows with them, and people, each with whether WHO asks for them."""
    chat = session.chat
    if mask.startswith("#"):
        try:
            room = session.shown_room(room_name(mask))
        except RoomNameRefused:
            room = None
        return (f"#{room.name}", session.seen_in(room)) if room is not None else ("*", [])
    try:
        return "*", [(chat.find(mask), True)]
    except NoSuchNickname:
        mask = "*" if mask == "0" else mask.lower()
        everybody = list(chat.directory.everybody())
        return "*", (
            (member, session.can_see(member) and matches(mask, member.nickname.lower())) for member in everybody
        )


def _flags(session: IRCSession, one: UserInfo, channel: str) -> str:
    return one.flags + (session.sign_in(channel[1:])(one.member) if channel.startswith("#") else "")


def _who_line(session: IRCSession, one: UserInfo, channel: str) -> str:
    server = session.server.name
    place = (channel, one.username, server, server, one.nickname, _flags(session, one, channel))
    return session.line_of(Numeric.RPL_WHOREPLY, *place, text=f"0 {one.realname}")


# The fields of WHOX, in the order in which they are answered: https://ircv3.net/specs/extensions/whox
_WHOX = "tcuihsnfdlaor"


def _whox_line(session: IRCSession, one: UserInfo, channel: str, fields: str, token: str) -> str:
    server = session.server.name
    found: dict[str, object] = {
        "t": token[:3] or "0",
        "c": channel,
        "u": one.username,
        "i": _shown(_address(session, one.member)) if "i" in fields else "",
        "h": server,
        "s": server,
        "n": one.nickname,
        "f": _flags(session, one, channel),
        "d": 0,
        "l": one.idle(session.chat.now()),
        "a": word(one.account) if one.account else 0,
        "o": "n/a",
    }
    asked = [found[field] for field in _WHOX if field in fields and field in found]
    return session.line_of(Numeric.RPL_WHOSPCRPL, *asked, text=one.realname if "r" in fields else None)


def whois(session: IRCSession, parameters: Sequence[str]) -> None:
    """WHOIS nickname: say who somebody is."""
    if not parameters or not parameters[-1]:
        session.numeric(Numeric.ERR_NONICKNAMEGIVEN)
        return
    if len(parameters) > 1 and not session.server.is_here(parameters[0]):
        session.numeric(Numeric.ERR_NOSUCHSERVER, parameters[0])
        return
    asked = parameters[-1 if len(parameters) == 1 else 1].partition(",")[0]
    member = called(session, asked)
    if member is not None:
        _tell_of(session, member)
    session.numeric(Numeric.RPL_ENDOFWHOIS, asked if member is None else member.nickname)


def _tell_of(session: IRCSession, member: Member) -> None:
    server, one = session.server.name, session.server.users.info(member)
    session.numeric(Numeric.RPL_WHOISUSER, one.nickname, one.username, server, "*", text=one.realname)
    shown = session.chat.moderation.shows_room
    rooms = sorted(room for room in member.rooms if shown(session.member, room))
    if "i" in one.modes and member is not session.member:
        rooms = [room for room in rooms if room in session.rooms]
    words = [f"{session.sign_in(room)(member)}#{room}" for room in rooms]
    for line in session.words_in_lines(Numeric.RPL_WHOISCHANNELS, one.nickname, words=words):
        if line:
            session.send(line)
    session.numeric(Numeric.RPL_WHOISSERVER, one.nickname, server, text=SERVER_INFO)
    if one.is_operator:
        session.numeric(Numeric.RPL_WHOISOPERATOR, one.nickname)
    if one.is_bot:
        session.numeric(Numeric.RPL_WHOISBOT, one.nickname)
    if _address(session, member):
        for connection in member.sessions:
            session.numeric(Numeric.RPL_WHOISHOST, one.nickname, address=connection.address or NO_ADDRESS)
    if member.sessions and all(connection.encrypted for connection in member.sessions):
        session.numeric(Numeric.RPL_WHOISSECURE, one.nickname)
    if one.account:
        session.numeric(Numeric.RPL_WHOISACCOUNT, one.nickname, word(one.account))
    if one.away is not None:
        session.numeric(Numeric.RPL_AWAY, one.nickname, text=one.away)
    if one.user is not None:
        idle, signed_on = one.idle(session.chat.now()), int(one.user.signed_on)
        session.numeric(Numeric.RPL_WHOISIDLE, one.nickname, idle, signed_on)


def _address(session: IRCSession, member: Member) -> str:
    """The address of ``member``, as far as the session may know it; empty where it may not."""
    if member.session is None or not (session.member.operator or member is session.member):
        return ""
    return member.session.address or NO_ADDRESS


def _shown(address: str) -> str:
    """``address`` as it may stand before other parameters: that of IPv6 must not begin with a colon."""
    if not address or address == NO_ADDRESS:
        return _NOWHERE
    return f"0{address}" if address.startswith(":") else address


def whowas(session: IRCSession, parameters: Sequence[str]) -> None:
    """WHOWAS nickname [count]: say who somebody was who is gone, or called something else now."""
    if not parameters or not parameters[0]:
        session.numeric(Numeric.ERR_NONICKNAMEGIVEN)
        return
    asked = parameters[0]
    most = whole_number(parameters[1], MAX_NUMBER) if len(parameters) > 1 else None
    session.send_all(_whowas_lines(session, asked, most or MAX_WAS))


def _whowas_lines(session: IRCSession, asked: str, most: int) -> Iterator[str]:
    """The lines of WHOWAS; empty ones for people that it does not list."""
    mask, server, found = asked.lower(), session.server.name, 0
    for one in reversed(list(session.server.users.was)):
        if found == most:
            break
        if not matches(mask, one.nickname.lower()):
            yield ""
            continue
        found += 1
        until = time.strftime("%a %b %d %Y %H:%M:%S UTC", time.gmtime(one.until))
        yield session.line_of(Numeric.RPL_WHOWASUSER, one.nickname, one.username, server, "*", text=one.realname)
        yield session.line_of(Numeric.RPL_WHOISSERVER, one.nickname, server, text=until)
    if not found:
        yield session.line_of(Numeric.ERR_WASNOSUCHNICK, asked)
    yield session.line_of(Numeric.RPL_ENDOFWHOWAS, asked)


def userhost(session: IRCSession, parameters: Sequence[str]) -> None:
    """USERHOST nickname [...]: say in short who they are, up to five."""
    found = []
    for name in " ".join(parameters).split()[:MAX_ASKED]:
        try:
            one = session.server.users.info(session.chat.find(name))
        except NoSuchNickname:
            continue
        operator, here = "*" if one.is_operator else "", "+" if one.away is None else "-"
        found.append(f"{one.nickname}{operator}={here}{one.username}@{session.server.name}")
    session.numeric(Numeric.RPL_USERHOST, text=" ".join(found))


def ison(session: IRCSession, parameters: Sequence[str]) -> None:
    """ISON nickname [...]: say who of them is here, up to a hundred."""
    session.send_all(_ison_lines(session, " ".join(parameters).split()[:MAX_ISON]))


def _ison_lines(session: IRCSession, names: Sequence[str]) -> Iterator[str]:
    """The line of ISON; empty ones before it, for the names that are looked at."""
    found = []
    for name in names:
        with suppress(NoSuchNickname):
            found.append(session.chat.find(name).nickname)
        yield ""
    yield session.line_of(Numeric.RPL_ISON, text=" ".join(found))
