"""What one does with channels: JOIN, PART, TOPIC, NAMES, LIST, MODE, KICK and INVITE."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from chatroom.core.members import Room
from chatroom.doors.irc.format import MAX_TOPIC
from chatroom.doors.irc.information import USER_MODES
from chatroom.doors.irc.listing import names_lines, topic_lines
from chatroom.doors.irc.message import cut, matches
from chatroom.doors.irc.numerics import Numeric
from chatroom.doors.irc.people import called
from chatroom.doors.irc.session import IRCSession
from chatroom.model.errors import PeerError, RoomNameRefused
from chatroom.model.events import Notice
from chatroom.model.names import room_name

MAX_ROOMS_IN_A_LINE = 50
"""Rooms that one line may name."""

MAX_CONDITIONS = 10
"""Masks and conditions of one LIST: each is held against every room."""

SETTABLE_BY_NOBODY = frozenset("aAbcCdDefFgGhHiIjkKlLmMnNopPqQrRsStTuvz")
"""The modes that channels have at other servers, and n, which all have here."""


def named(session: IRCSession, channel: str) -> str | None:
    """The room that ``channel`` is; None when it is none, and they were told."""
    if channel.startswith("#"):
        if channel[1:] in session.rooms:
            return channel[1:]
        try:
            return room_name(channel)
        except RoomNameRefused as error:
            session.refuse(error, channel)
    else:
        session.reply(Numeric.ERR_NOSUCHCHANNEL, channel)
    return None


def found(session: IRCSession, channel: str) -> Room | None:
    """The room that is there by that name; None when there is none, and they were told."""
    name = named(session, channel)
    if name is None:
        return None
    room = session.chat.rooms.get(name)
    if room is None:
        session.reply(Numeric.ERR_NOSUCHCHANNEL, channel)
    return room


def entered(session: IRCSession, channel: str) -> Room | None:
    """The room of that name, if they are in it; None when they are not, and they were told."""
    room = found(session, channel)
    if room is not None and room.name not in session.rooms:
        session.reply(Numeric.ERR_NOTONCHANNEL, f"#{room.name}")
        return None
    return room


def _channels(parameter: str) -> list[str]:
    return list(dict.fromkeys(channel for channel in parameter.split(",") if channel))[:MAX_ROOMS_IN_A_LINE]


def join(session: IRCSession, parameters: Sequence[str]) -> None:
    """JOIN #room[,#room]: enter rooms; 0 leaves all."""
    if parameters[0] == "0":
        session.several(len(session.rooms))
        for room in list(session.rooms):
            session.chat.leave(session, room, "")
        return
    channels = _channels(parameters[0])
    session.several(len(channels))
    if not channels:
        session.reply(Numeric.ERR_NEEDMOREPARAMS, "JOIN")
    _join(session, channels)


def _join(session: IRCSession, channels: Sequence[str]) -> None:
    """Enter one room after the other: of each they are told all before they hear of the next."""
    rest = list(channels)
    while rest:
        channel = rest.pop(0)
        name = named(session, channel)
        # Who is in a room already is told nothing, as at other servers.
        if name is None or name in session.rooms:
            continue
        try:
            session.chat.join(session, (name,))
        except PeerError as error:
            session.refuse(error, f"#{name}")
        else:
            session.join_next = lambda: _join(session, rest)
            return


def part(session: IRCSession, parameters: Sequence[str]) -> None:
    """PART #room[,#room] [reason]: leave rooms."""
    reason = parameters[1] if len(parameters) > 1 else ""
    channels = _channels(parameters[0])
    session.several(len(channels))
    for channel in channels:
        room = entered(session, channel)
        if room is not None:
            session.chat.leave(session, room.name, reason)


def topic(session: IRCSession, parameters: Sequence[str]) -> None:
    """TOPIC #room [topic]: show the topic, or set it; an empty one takes it away."""
    if len(parameters) < 2:
        room = found(session, parameters[0])
        if room is not None:
            for line in topic_lines(session, room) or [session.line_of(Numeric.RPL_NOTOPIC, f"#{room.name}")]:
                session.send(line)
        return
    room = entered(session, parameters[0])
    if room is not None:
        session.speak(True, session.chat.set_topic, room.name, cut(parameters[1], MAX_TOPIC))


def names(session: IRCSession, parameters: Sequence[str]) -> None:
    """NAMES #room: list who is there."""
    channel = parameters[0].partition(",")[0] if parameters else ""
    try:
        room = session.chat.rooms.get(room_name(channel)) if channel.startswith("#") else None
    except RoomNameRefused:
        room = None
    if room is not None:
        session.send_all(names_lines(session, room))
    else:
        session.reply(Numeric.RPL_ENDOFNAMES, channel or "*")


# LIST, and what ELIST=CMNTU says of it: https://modern.ircdocs.horse/#elist-parameter

_CONDITION = re.compile(r"([CT]?)([<>])([0-9]{1,9})")


def _condition(text: str, now: float) -> Callable[[Room], bool]:
    """What a room has to be like for ``text``."""
    compared = _CONDITION.fullmatch(text)
    if compared is None:
        mask = text.removeprefix("!").lower()
        return lambda room: matches(mask, f"#{room.name}") != text.startswith("!")
    what, more, number = compared[1], compared[2] == ">", int(compared[3])
    if not what:
        return lambda room: len(room.members) > number if more else len(room.members) < number

    def is_of_age(room: Room) -> bool:
        since = room.created if what == "C" else room.topic_at
        minutes = (now - since) / 60
        return since > 0 and (minutes > number if more else minutes < number)

    return is_of_age


def list_(session: IRCSession, parameters: Sequence[str]) -> None:
    """LIST [mask|>n|<n|C>n|C<n|T>n|T<n]: list the rooms: by name, people, minutes since they or their topics began."""
    words = [word for word in parameters[0].split(",") if word][:MAX_CONDITIONS] if parameters else []
    session.looked_through(len(session.chat.rooms) * max(1, len(words)))
    now = session.chat.now()
    lines = [session.line_of(Numeric.RPL_LISTSTART, "Channel")]
    # Several names are any of them, several conditions are all of them.
    named_rooms = [_condition(word, now) for word in words if word.startswith("#")]
    others = [_condition(word, now) for word in words if not word.startswith("#")]
    for room in sorted(session.chat.rooms.values(), key=lambda room: room.name):
        if all(test(room) for test in others) and (not named_rooms or any(test(room) for test in named_rooms)):
            text = cut(room.topic, MAX_TOPIC)
            lines.append(session.line_of(Numeric.RPL_LIST, f"#{room.name}", len(room.members), text=text))
    lines.append(session.line_of(Numeric.RPL_LISTEND))
    session.send_all(lines)


def mode(session: IRCSession, parameters: Sequence[str]) -> None:
    """MODE #room, or MODE nickname [+|-modes]: show modes, or set those of one's own."""
    if parameters[0].startswith("#"):
        _room_mode(session, parameters[0], parameters[1:])
    else:
        _user_mode(session, parameters[0], parameters[1:])


_LISTS = {"b": Numeric.RPL_ENDOFBANLIST, "e": Numeric.RPL_ENDOFEXCEPTLIST, "I": Numeric.RPL_ENDOFINVEXLIST}


def _room_mode(session: IRCSession, channel: str, parameters: Sequence[str]) -> None:
    room = found(session, channel)
    if room is None:
        return
    name = f"#{room.name}"
    if not parameters:
        session.reply(Numeric.RPL_CHANNELMODEIS, name, "+n")
        session.reply(Numeric.RPL_CREATIONTIME, name, int(room.created))
        return
    letters = parameters[0].replace("+", "").replace("-", "")
    if len(parameters) == 1 and letters in _LISTS:
        # Nobody is banned, so there is nothing before the end.
        session.reply(_LISTS[letters], name)
        return
    unknown = [letter for letter in letters if letter not in SETTABLE_BY_NOBODY]
    if unknown:
        session.reply(Numeric.ERR_UNKNOWNMODE, unknown[0])
    elif letters[:1] in ("o", "v") and len(parameters) > 1 and not _is_there(session, room, parameters[1]):
        pass
    elif letters:
        session.reply(Numeric.ERR_CHANOPRIVSNEEDED, name)


def _is_there(session: IRCSession, room: Room, nickname: str) -> bool:
    """Whether ``nickname`` is in ``room``; when they are not, it was said so."""
    person = called(session, nickname)
    if person in room.members:
        return True
    if person is not None:
        session.reply(Numeric.ERR_USERNOTINCHANNEL, nickname, f"#{room.name}")
    return False


def _user_mode(session: IRCSession, nickname: str, parameters: Sequence[str]) -> None:
    person = called(session, nickname)
    if person is not session:
        if person is not None:
            session.reply(Numeric.ERR_USERSDONTMATCH)
        return
    if not parameters:
        session.reply(Numeric.RPL_UMODEIS, f"+{session.modes}")
        return
    before, modes = session.modes, set(session.modes)
    sign, unknown = "+", False
    for letter in parameters[0]:
        if letter in "+-":
            sign = letter
        elif letter not in USER_MODES:
            unknown = True
        elif sign == "-":
            modes.discard(letter)
        elif letter != "o":
            # An operator one becomes by OPER alone.
            modes.add(letter)
    if unknown:
        session.reply(Numeric.ERR_UMODEUNKNOWNFLAG)
    show_modes(session, before, "".join(sorted(modes)))


def show_modes(session: IRCSession, before: str, after: str) -> None:
    """Take other modes, and say which are new."""
    session.take_modes(after)
    added = "".join(mode for mode in after if mode not in before)
    taken = "".join(mode for mode in before if mode not in after)
    if added or taken:
        change = (f"+{added}" if added else "") + (f"-{taken}" if taken else "")
        session.send(f":{session.nickname} MODE {session.nickname} :{change}")


def kick(session: IRCSession, parameters: Sequence[str]) -> None:
    """KICK #room nickname: nobody may, in rooms that nobody owns."""
    room = entered(session, parameters[0].partition(",")[0])
    if room is None:
        return
    if _is_there(session, room, parameters[1].partition(",")[0]):
        session.reply(Numeric.ERR_CHANOPRIVSNEEDED, f"#{room.name}")


def invite(session: IRCSession, parameters: Sequence[str]) -> None:
    """INVITE nickname #room: ask somebody to come in."""
    if not parameters:
        session.reply(Numeric.RPL_ENDOFINVITELIST)
        return
    if len(parameters) < 2:
        session.reply(Numeric.ERR_NEEDMOREPARAMS, "INVITE")
        return
    guest = called(session, parameters[0])
    if guest is None:
        return
    room = entered(session, parameters[1])
    if room is None:
        return
    if guest in room.members:
        session.reply(Numeric.ERR_USERONCHANNEL, guest.nickname, f"#{room.name}")
        return
    session.reply(Numeric.RPL_INVITING, guest.nickname, f"#{room.name}")
    if isinstance(guest, IRCSession):
        guest.send_aside(f":{session.server.prefix(session.nickname)} INVITE {guest.nickname} #{room.name}")
        if guest.away is not None:
            session.reply(Numeric.RPL_AWAY, guest.nickname, text=guest.away)
    elif not guest.ignores(session.nickname):
        guest.tell(Notice(f"{session.nickname} invites you to {room.name}: /join {room.name}"))
