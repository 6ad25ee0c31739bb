"""Telling those who have somebody in sight what has changed with them, where their client has asked for such."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from chatroom.core.members import Member

if TYPE_CHECKING:
    from chatroom.doors.irc.session import IRCSession


def tell_peers(session: IRCSession, capability: str, what: str) -> None:
    """Tell those who are in a room with this person, or watch for them (MONITOR), and have asked for ``capability``."""
    rooms = [session.chat.rooms[name] for name in session.rooms if name in session.chat.rooms]
    session.looked_through(sum(len(room.members) for room in rooms))
    watching = session.server.watchers.get(session.key, {})
    watchers = [one for one in watching if one.has("extended-monitor") or one.has("draft/extended-monitor")]
    tell_of(session, [*(member for room in rooms for member in room.members), *watchers], capability, what)


def tell_of(session: IRCSession, members: Iterable[Member], capability: str, what: str) -> None:
    """Tell ``members`` what this person does.

    :param what: the line, without who it is from.
    """
    line = f":{session.server.prefix(session.nickname)} {what}"
    everybody = session.server.connected
    for member in dict.fromkeys(members):
        other = everybody.get(member)
        if other is not None and other is not session and other.has(capability):
            other.send_aside(line)
