"""Coming in: PASS, NICK, USER and CAP, in any order, and what one is told when all of them are there."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

from chatroom.doors.irc import information
from chatroom.doors.irc.message import MAX_NUMBER, user_of
from chatroom.doors.irc.numerics import Numeric
from chatroom.doors.irc.server import NETWORK
from chatroom.doors.irc.session import IRCSession
from chatroom.model.errors import NicknameTaken, PeerError
from chatroom.model.names import check_nickname
from chatroom.model.text import whole_number
from chatroom.version import __version__

CAPABILITIES = (
    *("away-notify", "batch", "cap-notify", "draft/chathistory", "draft/event-playback", "draft/extended-monitor"),
    *("echo-message", "extended-join", "extended-monitor", "labeled-response", "message-tags", "multi-prefix"),
    *("server-time", "setname", "standard-replies", "userhost-in-names"),
)
"""What a client may ask for (CAP)."""

CAP_VERSION = 302
"""From which on a client is told of new capabilities without asking for that."""

ROOM_MODES = "bnov"


def pass_(session: IRCSession, parameters: Sequence[str]) -> None:
    """PASS password: before all else."""
    if session.entered:
        session.reply(Numeric.ERR_ALREADYREGISTERED)
    else:
        session.password = parameters[0]


def user(session: IRCSession, parameters: Sequence[str]) -> None:
    """USER username 0 * realname: what one tells of oneself, before one is in."""
    if session.entered:
        session.reply(Numeric.ERR_ALREADYREGISTERED)
        return
    username, realname = parameters[0], parameters[3].strip()
    if not username or not realname:
        session.reply(Numeric.ERR_NEEDMOREPARAMS, "USER")
        return
    session.username, session.realname = user_of(username), realname
    come_in(session)


def nick(session: IRCSession, parameters: Sequence[str]) -> None:
    """NICK nickname: the one that one wants to have."""
    nickname = parameters[0] if parameters else ""
    if not nickname:
        session.reply(Numeric.ERR_NONICKNAMEGIVEN)
        return
    try:
        if session.entered:
            _rename(session, nickname)
            return
        if check_nickname(nickname) in session.chat.members:
            raise NicknameTaken(nickname=nickname)
    except PeerError as error:
        session.refuse(error, nickname)
        return
    session.wanted = nickname
    come_in(session)


def _rename(session: IRCSession, nickname: str) -> None:
    old = session.nickname
    if nickname == old:
        return
    session.chat.rename(session, nickname)
    session.several(len(session.rooms))
    if not session.rooms:
        # There is no room in which it could be seen.
        session.send(f":{session.server.prefix(old)} NICK {nickname}")


def come_in(session: IRCSession) -> None:
    """Let them in, if everything is there that has to be."""
    if session.entered or session.negotiating or not session.wanted or not session.username:
        return
    server, chat = session.server, session.chat
    if not server.may_enter(session.host, session.password):
        why = server.why_wrong(session.host)
        session.reply(Numeric.ERR_PASSWDMISMATCH, text=why)
        session.turn_away(why)
        return
    wanted, session.wanted = session.wanted, ""
    session.signed_on = session.seen_at = chat.now()
    try:
        chat.claim(session, wanted)
    except PeerError as error:
        # Somebody was faster, most likely.
        session.refuse(error, wanted)
        return
    session.come_in()
    started = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(server.started))
    session.reply(Numeric.RPL_WELCOME, network=NETWORK, nickname=session.nickname)
    session.reply(Numeric.RPL_YOURHOST, server=server.name, version=__version__)
    session.reply(Numeric.RPL_CREATED, started=started)
    session.reply(Numeric.RPL_MYINFO, server.name, f"chatroom-{__version__}", information.USER_MODES, ROOM_MODES)
    information.features(session)
    information.lusers(session, ())
    information.motd(session, ())


# Capabilities: https://ircv3.net/specs/extensions/capability-negotiation


def cap(session: IRCSession, parameters: Sequence[str]) -> None:
    """CAP LS|LIST|REQ|END: what the client can do, and wants done."""
    subcommand = parameters[0].upper()
    handler = _SUBCOMMANDS.get(subcommand)
    if handler is None:
        session.reply(Numeric.ERR_INVALIDCAPCMD, parameters[0])
        return
    handler(session, parameters[1:])


def _answer(session: IRCSession, subcommand: str, capabilities: str) -> None:
    session.send(f":{session.server.name} CAP {session.nickname or '*'} {subcommand} :{capabilities}")


def _ls(session: IRCSession, parameters: Sequence[str]) -> None:
    session.negotiating = not session.entered
    version = whole_number(parameters[0], MAX_NUMBER) if parameters else None
    if version is not None and version >= CAP_VERSION:
        session.take_capabilities(session.capabilities | {"cap-notify"})
    _answer(session, "LS", " ".join(CAPABILITIES))


def _list(session: IRCSession, parameters: Sequence[str]) -> None:
    _answer(session, "LIST", " ".join(sorted(session.capabilities)))


def _req(session: IRCSession, parameters: Sequence[str]) -> None:
    session.negotiating = not session.entered
    wanted = parameters[0] if parameters else ""
    taken = set(session.capabilities)
    for word in wanted.split():
        name = word.removeprefix("-")
        if name not in CAPABILITIES:
            # All of them, or none.
            _answer(session, "NAK", wanted)
            return
        if word == name:
            taken.add(name)
        else:
            taken.discard(name)
    session.take_capabilities(frozenset(taken))
    _answer(session, "ACK", wanted)


def _end(session: IRCSession, parameters: Sequence[str]) -> None:
    session.negotiating = False
    come_in(session)


_SUBCOMMANDS: Mapping[str, Callable[[IRCSession, Sequence[str]], None]] = {
    "LS": _ls,
    "LIST": _list,
    "REQ": _req,
    "END": _end,
}
