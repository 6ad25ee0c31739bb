"""Channels, as rooms are called here: JOIN, PART, TOPIC, NAMES, LIST, MODE, KICK and INVITE."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import chain, zip_longest
from typing import Any

from chatroom.core.members import Member
from chatroom.core.requests import Asker
from chatroom.core.rooms import Room
from chatroom.doors.irc.information import MAX_NAMES, USER_MODES
from chatroom.doors.irc.numerics import Numeric
from chatroom.doors.irc.people import called
from chatroom.doors.irc.session import IRCSession
from chatroom.doors.irc.users import OPERATOR
from chatroom.model.constants import MAX_TOPIC
from chatroom.model.errors import AlreadyHere, PeerError, RoomNameRefused
from chatroom.model.events import TopicChanged
from chatroom.model.graphemes import cut
from chatroom.model.masks import matches
from chatroom.model.names import room_name

MAX_ROOMS_IN_A_LINE = 50
"""Rooms that one line may name."""

MAX_CONDITIONS = 10
"""Masks and conditions of one LIST: each is held against every room."""


def named_room(session: IRCSession, channel: str) -> str | None:
    """The name of the room that ``channel`` stands for; None when it can be none, and they were told."""
    if channel.startswith("#"):
        if channel[1:] in session.rooms:
            return channel[1:]
        try:
            return room_name(channel)
        except RoomNameRefused as error:
            session.refuse(error, channel)
    else:
        session.numeric(Numeric.ERR_NOSUCHCHANNEL, channel)
    return None


def existing_room(session: IRCSession, channel: str) -> Room | None:
    """The room of that name; None when there is none, and they were told."""
    name = named_room(session, channel)
    if name is None:
        return None
    room = session.shown_room(name)
    if room is None:
        session.numeric(Numeric.ERR_NOSUCHCHANNEL, channel)
    return room


def joined_room(session: IRCSession, channel: str) -> Room | None:
    """The room of that name, if they are in it; None when they are not, and they were told."""
    room = existing_room(session, channel)
    if room is not None and room.name not in session.rooms:
        session.numeric(Numeric.ERR_NOTONCHANNEL, f"#{room.name}")
        return None
    return room


def _channels(parameter: str) -> list[str]:
    return list(dict.fromkeys(channel for channel in parameter.split(",") if channel))[:MAX_ROOMS_IN_A_LINE]


def join(session: IRCSession, parameters: Sequence[str]) -> None:
    """JOIN #room[,#room] [key[,key]]: enter rooms; 0 leaves all."""
    if parameters[0] == "0":
        _leave(session, list(session.rooms), "")
        return
    channels = _channels(parameters[0])
    session.several(len(channels))
    if not channels:
        session.numeric(Numeric.ERR_NEEDMOREPARAMS, "JOIN")
    keys = parameters[1].split(",") if len(parameters) > 1 else []
    _join(session, list(zip_longest(channels, keys[: len(channels)], fillvalue="")))


def _join(session: IRCSession, channels: Sequence[tuple[str, str]]) -> None:
    """Enter one room after the other: they are told all of each before they hear of the next.

    :param channels: each with its key; empty for none.
    """
    rest = list(channels)
    while rest:
        channel, key = rest.pop(0)
        name = named_room(session, channel)
        # To join a room that one is in already does nothing, as at other servers.
        if name is None or name in session.rooms:
            continue
        if session.request_of_line(partial(_enter, session, name, key), about=f"#{name}", own_form=False):
            session.answer.next = lambda: _join(session, rest)
            return


def _enter(session: IRCSession, name: str, key: str, member: Member, asker: Asker, **own: Any) -> None:
    session.chat.join(member, (name,), asker, key=key, **own)


def part(session: IRCSession, parameters: Sequence[str]) -> None:
    """PART #room[,#room] [reason]: leave rooms."""
    reason = parameters[1] if len(parameters) > 1 else ""
    rooms = [joined_room(session, channel) for channel in _channels(parameters[0])]
    _leave(session, list(dict.fromkeys(room.name for room in rooms if room is not None)), reason)


def _leave(session: IRCSession, rooms: Sequence[str], reason: str) -> None:
    """Leave ``rooms`` by one request: all of them, or none."""
    session.several(len(rooms))
    if rooms:
        session.request_of_line(session.chat.leave, tuple(rooms), reason, last=True)


def topic(session: IRCSession, parameters: Sequence[str]) -> None:
    """TOPIC #room [topic]: show the topic, or set it; an empty one takes it away."""
    if len(parameters) > 1:
        room = joined_room(session, parameters[0])
        if room is not None:
            session.say(room.name, cut(parameters[1], MAX_TOPIC), TopicChanged)
        return
    room = existing_room(session, parameters[0])
    if room is None:
        return
    lines = session.topic_lines(room)
    if lines:
        session.send_all(lines)
    else:
        session.numeric(Numeric.RPL_NOTOPIC, f"#{room.name}")


def names(session: IRCSession, parameters: Sequence[str]) -> None:
    """NAMES #room[,...]: list who is there."""
    channels = list(dict.fromkeys(parameters[0].split(",")))[:MAX_NAMES] if parameters else []
    found = [room for room in map(partial(_called, session), channels) if room is not None]
    session.several(len(channels))
    if len(channels) > 1:
        # One end for all of them: https://modern.ircdocs.horse/#names-message
        lines = (line for room in found for line in session.members_lines(room))
        session.send_all(chain(lines, [session.line_of(Numeric.RPL_ENDOFNAMES, ",".join(channels))]))
    elif found:
        session.send_all(session.names_lines(found[0]))
    else:
        session.numeric(Numeric.RPL_ENDOFNAMES, channels[0] if channels else "*")


def _called(session: IRCSession, channel: str) -> Room | None:
    """The room that is called ``channel``; None where there is none."""
    try:
        return session.shown_room(room_name(channel)) if channel.startswith("#") else None
    except RoomNameRefused:
        return None


# LIST, and what ELIST=CMNTU says of it: https://modern.ircdocs.horse/#elist-parameter

_CONDITION = re.compile(r"([CT]?)([<>])([0-9]{1,9})")


def _condition(text: str, now: float) -> Callable[[Room], bool]:
    """A test of rooms that ``text`` describes."""
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
    session.send_all(_listing(session, words))


def _listing(session: IRCSession, words: Sequence[str]) -> Iterator[str]:
    """The lines of LIST; empty ones for rooms that it does not list."""
    now = session.chat.now()
    # Several names are any of them, several conditions are all of them.
    named_rooms = [_condition(word, now) for word in words if word.startswith("#")]
    others = [_condition(word, now) for word in words if not word.startswith("#")]
    yield session.line_of(Numeric.RPL_LISTSTART, "Channel")
    for room in session.chat.rooms.by_name():
        if not session.chat.moderation.shows_room(session.member, room.name):
            yield ""
        elif all(test(room) for test in others) and (not named_rooms or any(test(room) for test in named_rooms)):
            text = cut(room.topic, MAX_TOPIC)
            yield session.line_of(Numeric.RPL_LIST, f"#{room.name}", len(room.members), text=text)
        else:
            yield ""
    yield session.line_of(Numeric.RPL_LISTEND)


def is_there(session: IRCSession, room: Room, nickname: str) -> bool:
    """Whether ``nickname`` is in ``room``; when not, they were told."""
    person = called(session, nickname)
    if person in room.members:
        return True
    if person is not None:
        session.numeric(Numeric.ERR_USERNOTINCHANNEL, nickname, f"#{room.name}")
    return False


def user_mode(session: IRCSession, nickname: str, parameters: Sequence[str]) -> None:
    member = called(session, nickname)
    if member is not session.member:
        if member is not None:
            session.numeric(Numeric.ERR_USERSDONTMATCH)
        return
    if not parameters:
        session.numeric(Numeric.RPL_UMODEIS, f"+{session.modes}")
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
        elif letter != OPERATOR:
            # An operator one becomes by OPER alone.
            modes.add(letter)
    if unknown:
        session.numeric(Numeric.ERR_UMODEUNKNOWNFLAG)
    session.server.invisible += ("i" in modes) - ("i" in before)
    session.member.operator = OPERATOR in modes
    session.user.modes = "".join(sorted(modes - {OPERATOR}))
    tell_modes(session, before)


def tell_modes(session: IRCSession, before: str) -> None:
    """Say which of their modes are other than ``before``."""
    after = session.modes
    added = "".join(mode for mode in after if mode not in before)
    taken = "".join(mode for mode in before if mode not in after)
    if added or taken:
        change = (f"+{added}" if added else "") + (f"-{taken}" if taken else "")
        session.send(f":{session.nickname} MODE {session.nickname} :{change}")


def invite(session: IRCSession, parameters: Sequence[str]) -> None:
    """INVITE nickname #room: ask somebody to come in."""
    if not parameters:
        session.numeric(Numeric.RPL_ENDOFINVITELIST)
        return
    if len(parameters) < 2:
        session.numeric(Numeric.ERR_NEEDMOREPARAMS, "INVITE")
        return
    if called(session, parameters[0]) is None:
        return
    room = joined_room(session, parameters[1])
    if room is None:
        return
    try:
        guest = session.chat.invite(session.member, parameters[0], room.name)
    except AlreadyHere as error:
        session.numeric(Numeric.ERR_USERONCHANNEL, error.details["nickname"], f"#{room.name}")
    except PeerError as error:
        session.refuse(error, parameters[0])
    else:
        session.numeric(Numeric.RPL_INVITING, guest.nickname, f"#{room.name}")
        if guest.away is not None:
            session.numeric(Numeric.RPL_AWAY, guest.nickname, text=guest.away)
