"""What one says: PRIVMSG and NOTICE, to rooms and to persons; and AWAY and SETNAME, which say something of oneself."""

from __future__ import annotations

from collections.abc import Sequence

from chatroom.doors.irc.information import MAX_AWAY, MAX_TARGETS
from chatroom.doors.irc.message import CTCP, MAX_LINE, cut
from chatroom.doors.irc.numerics import Numeric
from chatroom.doors.irc.peers import tell_peers
from chatroom.doors.irc.session import IRCSession
from chatroom.model.constants import ENCODING
from chatroom.model.errors import ChatError, NotInRoom, PeerError, RoomNameRefused
from chatroom.model.events import Noticed, Private, Said
from chatroom.model.names import room_name

MAX_REALNAME = 150
"""Bytes."""


def privmsg(session: IRCSession, parameters: Sequence[str]) -> None:
    """PRIVMSG #room|nickname[,...] text: say something."""
    targets = _targets(parameters[0]) if parameters else []
    text = parameters[1] if len(parameters) > 1 else ""
    if not targets:
        session.reply(Numeric.ERR_NORECIPIENT, command="PRIVMSG")
    elif not text or text.isspace():
        session.reply(Numeric.ERR_NOTEXTTOSEND)
    elif len(targets) > MAX_TARGETS:
        session.reply(Numeric.ERR_TOOMANYTARGETS, targets[MAX_TARGETS])
    else:
        session.several(len(targets))
        for target in targets:
            try:
                _say(session, target, text, False)
            except PeerError as error:
                _refuse(session, error, target)


def notice(session: IRCSession, parameters: Sequence[str]) -> None:
    """NOTICE #room|nickname[,...] text: say something that nobody's program answers."""
    if len(parameters) < 2 or not parameters[1] or parameters[1].isspace():
        return
    targets = _targets(parameters[0])
    session.several(len(targets[:MAX_TARGETS]))
    for target in targets[:MAX_TARGETS]:
        try:
            _say(session, target, parameters[1], True)
        except PeerError:
            # RFC 2812 section 3.3.2: "automatic replies MUST NEVER be sent in response to a NOTICE message".
            continue


def is_for_rooms(parameters: Sequence[str]) -> bool:
    """Whether what is said is for rooms alone, where the log keeps it behind what was said before."""
    return bool(parameters) and all(target.startswith("#") for target in _targets(parameters[0]))


def _targets(parameter: str) -> list[str]:
    if "," in parameter:
        return list(dict.fromkeys(target for target in parameter.split(",") if target))
    return [parameter] if parameter else []


def _refuse(session: IRCSession, error: ChatError, target: str) -> None:
    if isinstance(error, (NotInRoom, RoomNameRefused)):
        session.reply(Numeric.ERR_CANNOTSENDTOCHAN, target)
    else:
        session.refuse(error, target)


def _say(session: IRCSession, target: str, text: str, is_notice: bool) -> None:
    if target[0] == "#":
        _say_in_room(session, target, text, is_notice)
    else:
        _say_to_person(session, target, text, is_notice)
    session.seen_at = session.chat.now()


def _say_in_room(session: IRCSession, target: str, text: str, is_notice: bool) -> None:
    room = target[1:]
    if room not in session.rooms:
        room = room_name(target)
    if text[0] == CTCP:
        action = _action(text)
        if action is None:
            if not is_notice:
                session.reply(Numeric.ERR_CANNOTSENDTOCHAN, target, text="Rooms take no CTCP but ACTION")
            return
        session.speak(session.echo, session.chat.act, room, action)
        return
    session.speak(session.echo, session.chat.say, room, text.replace(CTCP, ""), Noticed if is_notice else Said)


def _action(text: str) -> str | None:
    """What an ACTION says that they do; None for any other CTCP, and for one without words."""
    command, _, action = text.strip(CTCP).partition(" ")
    action = action.replace(CTCP, "")
    return action if command.upper() == "ACTION" and action and not action.isspace() else None


def _say_to_person(session: IRCSession, target: str, text: str, is_notice: bool) -> None:
    person = session.chat.find(target)
    if isinstance(person, IRCSession):
        _relay(session, person, text, is_notice)
        if person.away is not None and not is_notice:
            session.reply(Numeric.RPL_AWAY, person.nickname, text=person.away)
        return
    if text[0] == CTCP:
        action = _action(text)
        if action is None:
            if not is_notice:
                why = f"{person.nickname} is not at an IRC client, and takes no CTCP but ACTION"
                session.reply(Numeric.ERR_UNKNOWNERROR, session.command, person.nickname, text=why)
            return
        text = f"* {session.nickname} {action}"
    session.chat.private(session, target, text.replace(CTCP, ""), is_notice)


def _relay(session: IRCSession, person: IRCSession, text: str, is_notice: bool) -> None:
    """Hand ``text`` to somebody at this door, CTCP and all."""
    bare = text.replace(CTCP, "")
    text = f"{CTCP}{bare}{CTCP}" if text[0] == CTCP else bare
    message = Private(session.chat.now(), session.nickname, person.nickname, text, is_notice)
    head = f":{session.server.prefix(session.nickname)} PRIVMSG {person.nickname} :"
    if len((head + text).encode(ENCODING)) > MAX_LINE:
        if not is_notice:
            session.reply(Numeric.ERR_INPUTTOOLONG)
        return
    if person is session and session.echo:
        # One is what they hear, the other what answers their line.
        session.tell_aside(message)
    elif not person.ignores(session.nickname):
        person.tell(message)
    if session.echo:
        session.tell(message)


def tagmsg(session: IRCSession, parameters: Sequence[str]) -> None:
    """TAGMSG target: tags alone; none are handed on here (CLIENTTAGDENY=*)."""


def away(session: IRCSession, parameters: Sequence[str]) -> None:
    """AWAY [text]: say that one is away, or, without a text, that one is back."""
    text = cut(parameters[0], MAX_AWAY) if parameters else ""
    before, session.away = session.away, text or None
    session.reply(Numeric.RPL_NOWAWAY if text else Numeric.RPL_UNAWAY)
    if before != session.away:
        tell_peers(session, "away-notify", f"AWAY :{text}" if text else "AWAY")


def setname(session: IRCSession, parameters: Sequence[str]) -> None:
    """SETNAME realname: be shown with another realname."""
    realname = cut(parameters[0].strip(), MAX_REALNAME)
    if not realname:
        session.fail("INVALID_REALNAME", text="Give a realname that is not empty")
        return
    session.realname = realname
    tell_peers(session, "setname", f"SETNAME :{realname}")
    if session.has("setname"):
        session.send(f":{session.server.prefix(session.nickname)} SETNAME :{realname}")
