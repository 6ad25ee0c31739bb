"""What rooms look like to those who come in or ask: their topics, and who is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatroom.core.members import Room
from chatroom.doors.irc.format import MAX_TOPIC
from chatroom.doors.irc.message import cut
from chatroom.doors.irc.numerics import Numeric

if TYPE_CHECKING:
    from chatroom.doors.irc.session import IRCSession


def topic_lines(session: IRCSession, room: Room) -> list[str]:
    """The topic of a room, and who set it; none where there is none."""
    if not room.topic:
        return []
    return [
        session.line_of(Numeric.RPL_TOPIC, f"#{room.name}", text=cut(room.topic, MAX_TOPIC)),
        session.line_of(Numeric.RPL_TOPICWHOTIME, f"#{room.name}", room.topic_by, int(room.topic_at)),
    ]


def names_lines(session: IRCSession, room: Room) -> list[str]:
    """Who is in a room."""
    names = [member.nickname for member in session.seen_in(room)]
    if session.has("userhost-in-names"):
        names = [session.server.prefix(nickname) for nickname in names]
    lines = session.words_in_lines(Numeric.RPL_NAMREPLY, "=", f"#{room.name}", words=names)
    return [*lines, session.line_of(Numeric.RPL_ENDOFNAMES, f"#{room.name}")]
