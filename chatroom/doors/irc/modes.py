"""Modes of channels in letters: MODE and KICK, which ask the room for what it knows by words.

What a letter stands for is in three tables: modes, roles and lists. A line may change several modes; each change is a
request of its own, and they are done one after the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from chatroom.core.members import Member
from chatroom.core.requests import Asker
from chatroom.core.rooms import Room
from chatroom.doors.irc.channels import existing_room, is_there, joined_room, user_mode
from chatroom.doors.irc.format import LIST_LETTERS, MODE_LETTERS
from chatroom.doors.irc.information import MAX_CHANGES
from chatroom.doors.irc.numerics import Numeric
from chatroom.doors.irc.session import IRCSession
from chatroom.model.modes import KEY
from chatroom.model.roles import Right, Role
from chatroom.model.rules import BAN, EXCEPTION, INVITED, MUTE, Entry

_MODES = {letter: name for name, letter in MODE_LETTERS.items()}
_LISTS = {letter: name for name, letter in LIST_LETTERS.items()}
_ROLES = {"o": Role.OPERATOR, "v": Role.VOICE}
_ENTRIES = {
    BAN: (Numeric.RPL_BANLIST, Numeric.RPL_ENDOFBANLIST),
    EXCEPTION: (Numeric.RPL_EXCEPTLIST, Numeric.RPL_ENDOFEXCEPTLIST),
    INVITED: (Numeric.RPL_INVEXLIST, Numeric.RPL_ENDOFINVEXLIST),
    MUTE: (Numeric.RPL_QUIETLIST, Numeric.RPL_ENDOFQUIETLIST),
}
"""The numerics of an entry, and of the end, of each list."""

MAX_KICKED = 4
"""People that one KICK may put out."""


class _Change(NamedTuple):
    """One letter of a MODE, with what belongs to it."""

    sign: str
    letter: str
    value: str
    """Empty where it has none."""


def mode(session: IRCSession, parameters: Sequence[str]) -> None:
    """MODE #room, or MODE nickname [+|-modes]: show modes, or set some."""
    if parameters[0].startswith("#"):
        _room_mode(session, parameters[0], parameters[1:])
    else:
        user_mode(session, parameters[0], parameters[1:])


def _room_mode(session: IRCSession, channel: str, parameters: Sequence[str]) -> None:
    """MODE #room [modes [values]]: show the modes of a room, a list of it, or change some."""
    room = existing_room(session, channel)
    if room is None:
        return
    if not parameters:
        _show(session, room)
        return
    changes = list(_changes(session, room.name, parameters))[:MAX_CHANGES]
    session.several(len(changes))
    _change(session, room.name, changes)


def _show(session: IRCSession, room: Room) -> None:
    modes = session.chat.rules.modes(room.name)
    letters = sorted((MODE_LETTERS[name], value) for name, value in modes.items() if name in MODE_LETTERS)
    # The key is for those who are in.
    values = [
        "*" if letter == MODE_LETTERS[KEY] and room.name not in session.rooms else value
        for letter, value in letters
        if letter in "kl"
    ]
    shown = "+n" + "".join(letter for letter, _ in letters)
    session.numeric(Numeric.RPL_CHANNELMODEIS, f"#{room.name}", shown, *values)
    session.numeric(Numeric.RPL_CREATIONTIME, f"#{room.name}", int(room.created))


def _changes(session: IRCSession, room: str, parameters: Sequence[str]) -> Iterator[_Change]:
    """The changes that a MODE asks for; who asks is told of letters that mean nothing."""
    letters, *values = parameters
    sign = "+"
    for letter in letters:
        if letter in "+-":
            sign = letter
        elif letter in _LISTS or letter in _ROLES or letter == "k" or (letter == "l" and sign == "+"):
            yield _Change(sign, letter, values.pop(0) if values else "")
        elif letter in _MODES:
            yield _Change(sign, letter, "")
        elif letter != "n":
            session.numeric(Numeric.ERR_UNKNOWNMODE, letter)
        elif not session.chat.moderation.may(session.member, Right.SET, room):
            # Each room has it, and nobody takes it away.
            session.numeric(Numeric.ERR_CHANOPRIVSNEEDED, f"#{room}")


def _change(session: IRCSession, room: str, changes: Sequence[_Change]) -> None:
    """Make one change after the other."""
    rest = list(changes)
    while rest:
        change = rest.pop(0)
        if change.letter in _LISTS and not change.value:
            _list(session, room, _LISTS[change.letter])
            continue
        ask = _request(session, room, change)
        if ask is not None and session.request_of_line(ask, about=f"#{room}"):
            session.answer.next = lambda: _change(session, room, rest)
            return


def _request(session: IRCSession, room: str, change: _Change) -> Callable[..., None] | None:
    """The request that a change is; None where it can be none, and they were told."""
    moderation, (sign, letter, value) = session.chat.moderation, change
    if letter in _MODES:
        name = _MODES[letter]
        if sign == "+" and letter in "kl" and not value:
            session.numeric(Numeric.ERR_NEEDMOREPARAMS, "MODE")
            return None
        wanted = (value or "on") if sign == "+" else "off"
        return lambda member, asker, **own: moderation.set_mode(member, room, name, wanted, asker, **own)
    if letter in _ROLES:
        if not value:
            session.numeric(Numeric.ERR_NEEDMOREPARAMS, "MODE")
            return None
        found = session.chat.rooms.get(room)
        if found is None or not is_there(session, found, value):
            return None
        return _with_role(session, room, sign, _ROLES[letter], value)
    return _with_entry(session, room, sign, _LISTS[letter], value)


def _with_role(session: IRCSession, room: str, sign: str, role: Role, nickname: str) -> Callable[..., None] | None:
    moderation, member = session.chat.moderation, session.chat.find(nickname)
    has = moderation.role(member, room)
    right = Right.VOICE if role is Role.VOICE else Right.OP
    if not moderation.may(session.member, right, room) and not (sign == "-" and member is session.member):
        session.numeric(Numeric.ERR_CHANOPRIVSNEEDED, f"#{room}")
        return None
    # To give what somebody has, or to take what they have not, does nothing, as at other servers.
    if (has >= role) == (sign == "+"):
        return None
    # An owner is shown as an operator.
    taken = Role.OWNER if role is Role.OPERATOR and has is Role.OWNER else role

    def ask(member: Member, asker: Asker, **own: Any) -> None:
        if sign == "+":
            moderation.give(member, room, nickname, role, asker, **own)
        else:
            moderation.take(member, room, nickname, taken, asker, **own)

    return ask


def _with_entry(session: IRCSession, room: str, sign: str, list_: str, text: str) -> Callable[..., None]:
    moderation = session.chat.moderation
    # A word alone is a nickname here, and nothing else.
    mask = text if any(sign in text for sign in "!@:/") else f"{text}!*@*"

    def ask(member: Member, asker: Asker, **own: Any) -> None:
        if sign == "+":
            moderation.add(member, room, list_, mask, asker=asker, **own)
        else:
            moderation.lift(member, room, list_, mask, asker, **own)

    return ask


def _list(session: IRCSession, room: str, list_: str) -> None:
    """Show a list of a room."""
    entry_of, end = _ENTRIES[list_]
    letter = (LIST_LETTERS[MUTE],) if list_ == MUTE else ()
    if list_ in (EXCEPTION, INVITED) and not session.chat.moderation.may(session.member, Right.BAN, room):
        session.numeric(Numeric.ERR_CHANOPRIVSNEEDED, f"#{room}")
        return
    for entry in session.chat.moderation.entries(room, list_):
        session.numeric(entry_of, f"#{room}", *letter, _mask(session, entry), entry.by or "*", int(entry.at))
    session.numeric(end, f"#{room}", *letter)


def _mask(session: IRCSession, entry: Entry) -> str:
    """The mask of an entry; without the address that is in it, for those who may not see any and have not made it."""
    sees = entry.by == session.nickname or session.chat.moderation.may(session.member, Right.SEE_ADDRESSES)
    return entry.mask.text if sees or not entry.mask.is_of_address else "*!*@hidden"


def kick(session: IRCSession, parameters: Sequence[str]) -> None:
    """KICK #room nickname[,nickname] [reason]: put people out."""
    room = joined_room(session, parameters[0].partition(",")[0])
    if room is None:
        return
    reason = parameters[2] if len(parameters) > 2 else ""
    nicknames = list(dict.fromkeys(name for name in parameters[1].split(",") if name))[:MAX_KICKED]
    session.several(len(nicknames))
    _kick(session, room.name, nicknames, reason)


def _kick(session: IRCSession, room: str, nicknames: Sequence[str], reason: str) -> None:
    rest = list(nicknames)
    while rest:
        nickname = rest.pop(0)
        found = session.chat.rooms.get(room)
        if found is None or not is_there(session, found, nickname):
            continue

        def ask(member: Member, asker: Asker, nickname: str = nickname, **own: Any) -> None:
            session.chat.moderation.kick(member, room, nickname, reason, asker, **own)

        if session.request_of_line(ask, about=f"#{room}"):
            session.answer.next = lambda: _kick(session, room, rest, reason)
            return
