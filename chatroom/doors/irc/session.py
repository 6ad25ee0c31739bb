"""One person at the IRC door: what they told of themselves, what they asked for, and how they are answered.

A session like those at other doors, but that its answers are numerics, and that one is in before one is in a room.
What a command answers is put together here; :mod:`chatroom.doors.irc.commands` says what it is.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from chatroom.core.chat import Chat
from chatroom.core.members import Member, Room
from chatroom.core.session import Door, Session
from chatroom.doors.irc.format import IRCFormat
from chatroom.doors.irc.labels import Labelled
from chatroom.doors.irc.listing import names_lines, topic_lines
from chatroom.doors.irc.message import MAX_LINE, encode, middle
from chatroom.doors.irc.numerics import Numeric
from chatroom.doors.irc.peers import tell_of
from chatroom.doors.irc.server import IRCServer
from chatroom.model.constants import ENCODING
from chatroom.model.errors import (
    ChatError,
    LineTooLong,
    LooksLikeEvent,
    NicknameRefused,
    NicknameTaken,
    NoSuchNickname,
    NoSuchRoom,
    NotInRoom,
    PeerError,
    RoomNameRefused,
    ServerFault,
    TooManyRooms,
)
from chatroom.model.events import Answer, Event, Joined, Notice, Private, Quit, Renamed
from chatroom.wire.send_queue import PIECE

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

    def spend(self, lines: float) -> None:
        """Have as many more lines count as read."""


class IRCSession(Session):
    """Somebody who is registered, or is about to be."""

    __slots__ = (
        *("_connection", "_labelled", "_labels", "away", "capabilities", "command", "host", "join_next"),
        *("modes", "monitored", "negotiating", "parting", "password", "realname", "seen_at", "server", "signed_on"),
        *("username", "wanted"),
    )
    format: IRCFormat

    def __init__(self, chat: Chat, door: IRCDoor, server: IRCServer) -> None:
        super().__init__(chat, door)
        self.server = server
        self.host = door.host
        self._connection = door
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
        self.join_next: Callable[[], None] = _nothing
        """Called when they are in a room, or are not let in: has them join the next that they have asked for."""
        self.command = ""
        """The command that they are answered, or were last."""
        self.parting = "connection closed"
        """Why their connection is closed, when it is."""
        # What they are answered just now, where they have given it a label.
        self._labelled: Labelled | None = None
        # The answers that wait for what they said to be kept; oldest first.
        self._labels: deque[Labelled] = deque()
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

    def can_see(self, member: Member) -> bool:
        """Whether ``member`` is shown to them when they have not named them."""
        if not isinstance(member, IRCSession):
            return True
        if not member.entered:
            return False
        return "i" not in member.modes or member is self or not self.rooms.keys().isdisjoint(member.rooms)

    def seen_in(self, room: Room) -> Iterable[Member]:
        """Who of those in ``room`` is shown to them."""
        return room.members if room.name in self.rooms else filter(self.can_see, room.members)

    # What they are answered.

    def reply(self, numeric: Numeric, *parameters: object, text: str | None = None, **details: object) -> None:
        """Answer with a numeric.

        :param text: the last words, where the numeric has none of its own or others are better.
        :param details: what the numeric's own words name in braces.
        """
        self.respond(encode(self.line_of(numeric, *parameters, text=text, **details)))

    def line_of(self, numeric: Numeric, *parameters: object, text: str | None = None, **details: object) -> str:
        """The same as a line."""
        words = [f":{self.server.name} {numeric.number} {self.nickname or '*'}", *(middle(str(p)) for p in parameters)]
        if text is None:
            text = numeric.text.format(**details) if details else numeric.text
            if not text:
                return " ".join(words)
        return f"{' '.join(words)} :{text}"

    def send(self, line: str) -> None:
        """Answer with a line that is no numeric."""
        self.respond(encode(line))

    def send_all(self, lines: Iterable[str], then: Callable[[], None] = lambda: None) -> None:
        """Answer with many lines, no faster than they are read, and call ``then`` behind them."""
        self.write_all([encode(line) for line in lines], then)

    def write_all(self, lines: Sequence[bytes], then: Callable[[], None] = lambda: None) -> None:
        """The same for whole lines of bytes."""
        if self._labelled is not None and len(lines) > 1:
            self.write(self._labelled.open())
        limit = min(PIECE, self.chat.settings.sendq // 2)
        size = count = 0
        while count < len(lines) and size < limit:
            size += len(lines[count])
            count += 1
        if count:
            self.respond(b"".join(lines[:count]))
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
            self.write(self._notice(answer.text))
        elif isinstance(answer, Private) and answer.nickname == self.nickname:
            self.respond(self.format.private(answer))
        elif lines := self.format.answer(answer):
            self.write(lines)

    def _notice(self, text: str) -> bytes:
        return self.format.notice(text, self.nickname or "*")

    def tell_aside(self, message: Private) -> None:
        """Tell them what is no answer to what they ask just now."""
        self.write(self.format.private(message))

    def send_aside(self, line: str) -> None:
        """The same for a line."""
        self.write(encode(line))

    def refuse(self, error: ChatError, about: str = "") -> None:
        """Tell them what is wrong.

        :param about: what it is wrong with: a nickname, a room with its #.
        """
        if isinstance(error, ServerFault):
            # It may be of something that they said a while ago.
            self.respond(self._notice(str(error)))
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

    def arrived(self, event: Event, first: int) -> None:
        """They have come into a room: show them that, and what they want to know of it."""
        after = event.id - 1
        if self._labelled is not None:
            self.write(self._labelled.take_event(self.format.event(event, False), False))
            after = event.id
        self.catch_up(after, lambda: self._show_room(event.room))

    def _show_room(self, name: str) -> None:
        room = self.chat.rooms.get(name)
        lines: list[str] = []
        if room is not None:
            lines = [*topic_lines(self, room), *names_lines(self, room)]
            if self.away is not None:
                tell_of(self, room.members, "away-notify", f"AWAY :{self.away}")
        self.send_all(lines, self.go_on)

    def speak(self, shown: bool, say: Callable[..., None], *what: object) -> None:
        """Have the room take what they say.

        :param shown: whether they will be shown it, so that it is part of what their line is answered.
        :param say: how the room takes it: from whom, and ``what``.
        """
        say(self, *what)
        if shown and self._labelled is not None:
            self._labelled.awaited += 1

    def own(self, event: Event) -> bytes:
        if self._labels:
            return self._of_oldest(
                lambda labelled: labelled.take_event(self.format.event(event, False), not labelled.awaited)
            )
        # Whoever has left all rooms, or is renamed, is shown that once.
        once = isinstance(event, (Quit, Renamed))
        if self._labelled is None or isinstance(event, Joined) or (once and self.first_answer):
            return b""
        return self._labelled.take_event(self.format.event(event, False), once or self.awaited == 1)

    def not_done(self, error: ChatError, apart: bool = False) -> None:
        if not apart or not self._labels:
            super().not_done(error, apart)
            return
        if shown := self._of_oldest(lambda labelled: labelled.take(self._notice(str(error)))):
            self.write(shown)
        self.go_on()

    def _of_oldest(self, take: Callable[[Labelled], bytes]) -> bytes:
        """What is sent now that something has come that the oldest of the waiting answers has waited for.

        :param take: has that answer take it.
        """
        labelled = self._labels[0]
        labelled.awaited -= 1
        shown = take(labelled)
        if not labelled.awaited:
            self._labels.popleft()
            shown += labelled.end()
        return shown

    def go_on(self) -> None:
        if not self.busy:
            join_next, self.join_next = self.join_next, _nothing
            join_next()
        if not self.busy:
            self._end_answer()
        super().go_on()

    # Answers with a label.

    def answer(self, label: str, do: Callable[[], None]) -> None:
        """Do what a line asks for, and have what that is answered be known by its label.

        :param label: empty where there is none.
        :param do: may raise a PeerError, which they are told.
        """
        if label:
            self._labelled = Labelled(label, self.server.name)
            self.apart = True
        try:
            do()
        except PeerError as error:
            self.refuse(error)
        if not self.busy:
            self._end_answer()

    def respond(self, lines: bytes) -> None:
        """Send whole lines that are part of an answer."""
        if self._labelled is not None:
            lines = self._labelled.take(lines)
        if lines:
            self.write(lines)

    def _end_answer(self) -> None:
        labelled, self._labelled = self._labelled, None
        if labelled is None:
            return
        self.apart = False
        if labelled.awaited:
            self._labels.append(labelled)
            return
        rest = labelled.end()
        self.write(rest)
        if len(rest) > PIECE:
            # The next may be as much again.
            self.when_read(_nothing)

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
        # Nothing can be said behind the ERROR.
        self._end_answer()
        if self.door is not None:
            self.door.close()


def _nothing() -> None:
    """What is done when there is nothing to be done."""
