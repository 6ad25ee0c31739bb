"""The commands of those who keep order: how their arguments are read, and what their givers are told.

:mod:`chatroom.core.commands` has them in its table; :mod:`chatroom.core.moderation` does what they ask for.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from chatroom.core.dialogue import Dialogue
from chatroom.model.answers import Notice
from chatroom.model.modes import KEY, MODES, seconds_of
from chatroom.model.roles import SERVER, Right, Role
from chatroom.model.rules import BAN, EXCEPTION, INVITED, LISTS, MUTE, Entry, until

EVERYWHERE = "everywhere"
"""The word that stands for the server in place of this room."""

_DONE = {
    BAN: "is banned from {where}{ends}",
    MUTE: "is muted {in_where}{ends}",
    EXCEPTION: "is excepted from bans and mutes {in_where}{ends}",
    INVITED: "may come into {where} without an invitation{ends}",
}
_LIFTED = {
    BAN: "is banned from {where} no more",
    MUTE: "is muted {in_where} no more",
    EXCEPTION: "is excepted from bans and mutes {in_where} no more",
    INVITED: "needs an invitation to {where} again",
}
_HEADINGS = {
    BAN: "banned from {where}",
    MUTE: "muted {in_where}",
    EXCEPTION: "excepted from bans and mutes {in_where}",
    INVITED: "may come into {where} without an invitation",
}


class _Asked(NamedTuple):
    """The arguments of a command about somebody."""

    who: str
    seconds: int
    """For how long; 0: for good."""
    everywhere: bool
    reason: str


def _asked(argument: str) -> _Asked:
    who, *words = argument.split()
    seconds, everywhere = 0, False
    while words:
        if not seconds and (found := seconds_of(words[0])):
            seconds = found
        elif not everywhere and words[0].lower() == EVERYWHERE:
            everywhere = True
        else:
            break
        del words[0]
    return _Asked(who, seconds, everywhere, " ".join(words))


def _words(room: str) -> dict[str, str]:
    if room == SERVER:
        return {"where": "the server", "in_where": "on the server"}
    return {"where": room, "in_where": f"in {room}"}


def kick(session: Dialogue, argument: str) -> None:
    """Put somebody out of the room."""
    nickname, _, reason = argument.partition(" ")
    room = session.active_room

    def ask(**own: Any) -> str:
        session.chat.moderation.kick(session.member, room, nickname, reason.strip(), **own)
        # The event says it.
        return ""

    session.moderate(ask)


def add_entry(session: Dialogue, list_: str, argument: str, room: str | None = None) -> None:
    """Make an entry in a list.

    :param room: None for this room, or, where they say so, the server.
    """
    asked = _asked(argument)
    where = (SERVER if asked.everywhere else session.active_room) if room is None else room

    def ask(**own: Any) -> str:
        moderation = session.chat.moderation
        found = moderation.add(
            session.member, where, list_, asked.who, reason=asked.reason, seconds=asked.seconds, **own
        )
        ends = until(session.chat.now() + asked.seconds) if asked.seconds else ""
        covers = f" (this is about {found.covers})" if found.of else ""
        return f"{found.of or asked.who} {_DONE[list_].format(ends=ends, **_words(where))}{covers}"

    session.moderate(ask)


def lift_entry(session: Dialogue, list_: str, argument: str, room: str | None = None) -> None:
    """Have what was made for somebody in a list hold no more."""
    asked = _asked(argument)
    where = (SERVER if asked.everywhere else session.active_room) if room is None else room

    def ask(**own: Any) -> str:
        session.chat.moderation.lift(session.member, where, list_, asked.who, **own)
        return f"{asked.who} {_LIFTED[list_].format(**_words(where))}"

    session.moderate(ask)


def list_entries(session: Dialogue, argument: str) -> None:
    """List the entries of all lists of a room, or of the server."""
    if argument.lower() == EVERYWHERE:
        room = SERVER
        session.chat.check_right(session.member, Right.SERVER_BAN)
    else:
        room = session.active_room
        session.chat.check_right(session.member, Right.BAN, room)
    session.show_all(
        session.format.answer(Notice(line), session.ref) if line else b"" for line in _entry_lines(session, room)
    )


def _entry_lines(session: Dialogue, room: str) -> Iterator[str]:
    none = True
    for list_ in LISTS:
        for number, entry in enumerate(session.chat.moderation.entries(room, list_)):
            none = False
            if not number:
                yield f"{_HEADINGS[list_].format(**_words(room))}:"
            yield _entry_line(session, entry)
    if none:
        yield "nobody is banned or muted" + ("" if room == SERVER else f" in {room}")


def _entry_line(session: Dialogue, entry: Entry) -> str:
    shown = session.chat.moderation.shown_mask(session.member, entry)
    why = f": {entry.reason}" if entry.reason else ""
    return f"  {shown}, by {entry.by}{until(entry.until)}{why}"


def change_role(session: Dialogue, argument: str, role: Role, *, given: bool) -> None:
    """Give or take a role."""
    asked = _asked(argument)
    room = SERVER if asked.everywhere else session.active_room

    def ask(**own: Any) -> str:
        moderation = session.chat.moderation
        change = moderation.give if given else moderation.take
        name = change(session.member, room, asked.who, role, **own)
        if room in session.rooms:
            # The event says it.
            return ""
        return f"{name} is {role.phrase} of {_words(room)['where']}" + (" now" if given else " no more")

    session.moderate(ask)


def set_mode(session: Dialogue, argument: str) -> None:
    """Set a mode of the room, or list them."""
    room = session.active_room
    name, _, value = argument.partition(" ")
    if not name:
        session.in_order(lambda: show_modes(session, room))
        return

    def ask(**own: Any) -> str:
        session.chat.moderation.set_mode(session.member, room, name.lower(), value.strip(), **own)
        return ""

    session.moderate(ask)


def show_modes(session: Dialogue, room: str) -> None:
    """List every mode, and how it is set."""
    modes = session.chat.rules.modes(room)
    for mode in MODES.values():
        value = modes.get(mode.name, "off")
        session.reply(Notice(f"/set {f'{mode.name} {mode.value}'.rstrip()} - {mode.help}; it is {value}"))


def show_room(session: Dialogue, room: str) -> None:
    """Show what holds in a room.

    :raises NoSuchRoom: there is none that they are told of.
    """
    chat = session.chat
    found = chat.shown_room(session.member, room)
    session.reply(Notice(f"{room}: {len(found.members)} here"))
    if found.topic:
        session.reply(Notice(f"the topic of {room} is: {found.topic}"))
    for role in (Role.OWNER, Role.OPERATOR, Role.VOICE):
        accounts = [account for account, held in chat.rules.holders(room).items() if held is role]
        ranks = chat.rules.ranks(room)
        others = [member.nickname for member in found.members if ranks.get(member.member_id) is role] if ranks else []
        names = [*accounts, *(f"{name} (while here)" for name in others)]
        if names:
            rest = f" and {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else ""
            session.reply(Notice(f"{role.word} of {room}: {', '.join(names[:MAX_NAMED])}{rest}"))
    shown_key = room in session.rooms
    modes = [
        name if value == "on" or (name == KEY and not shown_key) else f"{name} {value}"
        for name, value in chat.rules.modes(room).items()
    ]
    session.reply(Notice(f"modes of {room}: {', '.join(modes)}" if modes else f"{room} has no modes: /set lists them"))
    session.reply(Notice(f"you are {chat.moderation.role(session.member, room).phrase} in {room}"))


MAX_NAMED = 50
"""People with a role whom an answer names."""


def show_rights(session: Dialogue) -> None:
    """List which right needs which role."""
    room = session.active
    for right in Right:
        mine = session.chat.moderation.may(session.member, right, room)
        here = f" (you may{' here' if room and not right.of_server else ''})" if mine else ""
        session.reply(Notice(f"{right.holders} may {right.allows}{here}"))
