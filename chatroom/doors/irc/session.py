"""One person at the IRC door: what they told of themselves, what they asked for, and how they are answered.

A session like those at other doors, but that its answers are numerics, and that one is in before one is in a room.
What a command answers is put together here; :mod:`chatroom.doors.irc.commands` says what it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from chatroom.constants import ENCODING
from chatroom.doors.irc.format import IRCFormat
from chatroom.doors.irc.labels import Labelled
from chatroom.doors.irc.listing import names_lines, topic_lines
from chatroom.doors.irc.message import MAX_LINE, encode, middle
from chatroom.doors.irc.numerics import Numeric
from chatroom.doors.irc.server import IRCServer
from chatroom.errors import (
    ChatError,
    LineTooLong,
    LooksLikeEvent,
    NicknameRefused,
    NicknameTaken,
    NoSuchNickname,
    NoSuchRoom,
    NotInRoom,
    RoomNameRefused,
    ServerFault,
    TooManyRooms,
)
from chatroom.events import Answer, Event, Notice, Private
from chatroom.member import Member
from chatroom.outbox import PIECE
from chatroom.room import Chat
from chatroom.session import Door, Session

NUMERICS: dict[type[ChatError], Numeric] = {
    LineTooLong: Numeric.ERR_INPUTTOOLONG,
    LooksLikeEvent: Numeric.ERR_CANNOTSENDTOCHAN,
    NicknameRefused: Numeric.ERR_ERRONEUSNICKNAME,
    NicknameTaken: Numeric.ERR_NICKNAMEINUSE,
    NoSuchNickname: Numeric.ERR_NOSUCHNICK,
    NoSuchRoom: Numeric.ERR_NOSUCHCHANNEL,
    NotInRoom: Numeric.ERR_NOTONCHANNEL,
    RoomNameRefused: Numeric.ERR_NOSUCHCHANNEL,
    TooManyRooms: Numeric.ERR_TOOMANYCHANNELS,
}
"""What an error is in IRC; any other is an ERR_UNKNOWNERROR for the command that it came of."""

_EXPLAINED = frozenset({LooksLikeEvent, NicknameRefused, RoomNameRefused})
"""Those that say more than their numeric; what the others say is of other doors' commands."""


LOOKED_THROUGH_IN_A_LINE = 1000
"""People or rooms that may be looked through at the price of one more line."""


class IRCDoor(Door, Protocol):
    """What their session needs of the connection, beside what any does."""

    @property
    def host(self) -> str:
        """The address that they come from; empty where there is none."""

    def come_in(self) -> None:
        """They are in."""

    def spend(self, lines: float) -> None:
        """Have as many more lines count as read."""


class IRCSession(Session):
    """Somebody who is registered, or is about to be."""

    __slots__ = (
        *("_connection", "_labels", "_write", "away", "capabilities", "command", "host", "joining", "labelled"),
        *("modes", "monitored", "negotiating", "parting", "password", "realname", "seen_at", "server", "signed_on"),
        *("username", "wanted"),
    )
    format: IRCFormat

    def __init__(self, chat: Chat, door: IRCDoor, server: IRCServer) -> None:
        super().__init__(chat, door)
        self.server = server
        self.host = door.host
        self._connection = door
        self._write = self.write
        self.wanted = self.username = self.realname = self.password = ""
        self.negotiating = False
        """Whether they are at it with CAP, and come in only when they have ended that."""
        self.capabilities: frozenset[str] = frozenset()
        self.modes = ""
        """i, o and w, as far as they have them."""
        self.away: str | None = None
        """What they said when they went away; None while they are here."""
        self.signed_on = self.seen_at = chat.now()
        self.monitored: dict[str, str] = {}
        """The nicknames that they watch for, by their keys."""
        self.joining: list[str] = []
        """The rooms that they are about to enter."""
        self.command = ""
        """The command that they are answered, or were last."""
        self.parting = "connection closed"
        """Why their connection is closed, when it is."""
        self.labelled: Labelled | None = None
        """What gathers the answer, where they have given it a label."""
        # Of what they said that they will hear with its label; oldest first.
        self._labels: list[Labelled] = []
        self.take_capabilities(self.capabilities)

    def take_capabilities(self, capabilities: frozenset[str]) -> None:
        """Speak with them as they have asked for."""
        self.capabilities = capabilities
        self.format = self.server.format_for(capabilities)
        self.echo = "echo-message" in capabilities
        if self.rooms and self.entered:
            self.catch_up(self.chat.delivery.published)

    def has(self, capability: str) -> bool:
        return capability in self.capabilities

    def come_in(self) -> None:
        """They are registered."""
        self.entered = True
        self.server.entered += 1
        self._connection.come_in()

    def several(self, count: int) -> None:
        """Their line asks for ``count`` things that others are shown: it counts as so many lines."""
        self._connection.spend(max(0, count - 1))

    def looked_through(self, count: int) -> None:
        """What they asked for takes a look at ``count`` people or rooms: they are read the more slowly for it."""
        self._connection.spend(count / LOOKED_THROUGH_IN_A_LINE)

    def take_modes(self, modes: str) -> None:
        """Have other modes than before."""
        self.server.modes.subtract(self.modes)
        self.server.modes.update(modes)
        self.modes = modes

    # What they are answered.

    def reply(self, numeric: Numeric, *parameters: object, text: str | None = None, **details: object) -> None:
        """Answer with a numeric.

        :param text: the last words, where the numeric has none of its own or others are better.
        :param details: what the numeric's own words name in braces.
        """
        self.write(encode(self.line_of(numeric, *parameters, text=text, **details)))

    def line_of(self, numeric: Numeric, *parameters: object, text: str | None = None, **details: object) -> str:
        """The same as a line."""
        words = [f":{self.server.name} {numeric.number} {self.nickname or '*'}", *(middle(str(p)) for p in parameters)]
        if text is None:
            text = numeric.text.format(**details) if details else numeric.text
            if not text:
                return " ".join(words)
        return f"{' '.join(words)} :{text}"

    def send(self, line: str) -> None:
        """Send a line that is no numeric."""
        self.write(encode(line))

    def send_all(self, lines: Iterable[str], then: Callable[[], None] = lambda: None) -> None:
        """Send many lines, no faster than they are read, and call ``then`` behind them."""
        self.write_all([encode(line) for line in lines], then)

    def write_all(self, lines: Sequence[bytes], then: Callable[[], None] = lambda: None) -> None:
        """The same for whole lines of bytes."""
        if self.labelled is not None:
            # An answer with a label is gathered whole, with all else that is said until it ends: it ends at once.
            self.write(b"".join(lines))
            then()
            return
        limit = min(PIECE, self.chat.settings.sendq // 2)
        size = count = 0
        while count < len(lines) and size < limit:
            size += len(lines[count])
            count += 1
        if count:
            self.write(b"".join(lines[:count]))
        if count < len(lines):
            self.when_read(lambda: self.write_all(lines[count:], then))
        else:
            then()

    def words_in_lines(
        self, numeric: Numeric, *parameters: object, words: Iterable[str], between: str = " "
    ) -> list[str]:
        """Lines of a numeric with as many of ``words`` in each as it holds; none for none."""
        room = MAX_LINE - len(self.line_of(numeric, *parameters, text="").encode(ENCODING))
        rows: list[list[str]] = []
        left = 0
        for word in words:
            size = len(word.encode(ENCODING)) + 1
            if not rows or size > left:
                rows.append([])
                # The last in a line has nothing behind it.
                left = room + 1
            rows[-1].append(word)
            left -= size
        return [self.line_of(numeric, *parameters, text=between.join(row)) for row in rows]

    def tell(self, answer: Answer) -> None:
        """Tell them what is not for a command: what somebody says to them alone, and what the server says."""
        if isinstance(answer, Notice):
            self.write(self.format.notice(answer.text, self.nickname or "*"))
        elif isinstance(answer, Private) and answer.nickname != self.nickname:
            self.tell_aside(answer)
        elif lines := self.format.answer(answer):
            self.write(lines)

    def tell_aside(self, message: Private) -> None:
        """Tell them what is no answer to what they ask just now."""
        self._write(self.format.private(message))

    def send_aside(self, line: str) -> None:
        """The same for a line."""
        self._write(encode(line))

    def refuse(self, error: ChatError, about: str = "") -> None:
        """Tell them what is wrong.

        :param about: what it is wrong with: a nickname, a room with its #.
        """
        if isinstance(error, ServerFault):
            # It may be of something that they said a while ago.
            self.tell(Notice(str(error)))
            return
        numeric = NUMERICS.get(type(error), Numeric.ERR_UNKNOWNERROR)
        if numeric is Numeric.ERR_INPUTTOOLONG:
            self.reply(numeric)
        elif numeric is Numeric.ERR_UNKNOWNERROR:
            self.reply(numeric, self.command or "*", text=str(error))
        else:
            self.reply(numeric, about or "*", text=str(error) if type(error) in _EXPLAINED else None)

    def fail(self, code: str, *context: str, text: str) -> None:
        """Tell them what is wrong, by IRCv3's standard-replies."""
        command = middle(self.command)
        self.send(" ".join([f":{self.server.name} FAIL {command} {code}", *map(middle, context), f":{text}"]))

    # What comes of what they asked for.

    def arrived(self, first: int) -> None:
        """They have come into rooms: show them that, and what they want to know of each."""
        rooms, self.joining = self.joining, []
        self.catch_up(first - 1, lambda: self._show_rooms(rooms))

    def _show_rooms(self, names: list[str]) -> None:
        lines: list[str] = []
        for name in names:
            room = self.chat.rooms.get(name)
            if room is not None:
                lines += [*topic_lines(self, room), *names_lines(self, room)]
                if self.away is not None:
                    self._tell_of_me(room.members, "away-notify", f"AWAY :{self.away}")
        self.send_all(lines, self.go_on)

    def speak(self, alone: bool, say: Callable[..., None], *what: object) -> None:
        """Have the room take what they say.

        :param alone: it is all that their line says, and its echo answers that.
        :param say: how the room takes it: from whom, and ``what``.
        """
        labelled = self.labelled if alone and self.echo else None
        if labelled is None:
            say(self, *what)
            return
        # Nobody else hears the label.
        self.echo = False
        try:
            say(self, *what)
        finally:
            self.echo = True
        self.labelled = None
        self.write = self._write
        self._labels.append(labelled)

    def own(self, event: Event) -> bytes:
        if not self._labels:
            return b""
        labelled = self._labels.pop(0)
        labelled.lines.append(self.format.event(event, False))
        return labelled.answer(self.server.name)

    def not_done(self, error: ChatError) -> None:
        if self._labels:
            self.write(self._labels.pop(0).answer(self.server.name))
        super().not_done(error)

    def go_on(self) -> None:
        if not self.busy and self.labelled is not None:
            self.end_label()
        super().go_on()

    def tell_neighbours(self, capability: str, what: str) -> None:
        """Tell those at this door who are in a room with this person, or watch for them, and have asked for such."""
        rooms = [self.chat.rooms[name] for name in self.rooms if name in self.chat.rooms]
        self.looked_through(sum(len(room.members) for room in rooms))
        watchers = self.server.watchers.get(self.key, {})
        self._tell_of_me(
            [
                *(member for room in rooms for member in room.members),
                *(
                    watcher
                    for watcher in watchers
                    if watcher.has("extended-monitor") or watcher.has("draft/extended-monitor")
                ),
            ],
            capability,
            what,
        )

    def _tell_of_me(self, members: Iterable[Member], capability: str, what: str) -> None:
        line = f":{self.server.prefix(self.nickname)} {what}"
        for member in dict.fromkeys(members):
            if isinstance(member, IRCSession) and member is not self and member.has(capability):
                member.send_aside(line)

    # Answers with a label.

    def begin_label(self, label: str) -> None:
        """Gather what is answered from now on."""
        self.labelled = Labelled(label)
        self.write = self.labelled.lines.append

    def end_label(self) -> None:
        """Send what was gathered, as one answer."""
        labelled, self.labelled = self.labelled, None
        if labelled is None or self.door is None:
            return
        self.write = self._write
        answer = labelled.answer(self.server.name)
        self.write(answer)
        if self.rooms:
            # Delivery may have been given what gathered.
            self.catch_up(self.chat.delivery.published)
        if len(answer) > PIECE:
            # The next may be as much again.
            self.when_read(lambda: None)

    # The end.

    def quit(self, reason: str) -> None:
        self.parting = reason or "quit"
        if self.entered:
            super().quit(reason)
        else:
            self.turn_away(self.parting)

    def turn_away(self, reason: str) -> None:
        """Close the connection, for a reason that they are told."""
        self.parting = reason
        if self.door is not None:
            self.door.close()
