"""One person at one door: their nickname, their rooms, what they hear and in what form.

The second step of the way of a line: a door hands a session lines of text, and the session turns each into a
request, something said or a command. What comes back, it shows through the door. It knows no protocol and no
socket; a door is whatever has the few methods of :class:`Door`.

While something that a person asked for is on its way (to enter, to join, to be renamed, to see the history),
their session is ``busy``, and the door keeps what they sent in the meantime. So one person's requests are
done one after the other, and nothing that they send needs to know what comes of the line before.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from chatroom.core import commands
from chatroom.core.chat import Chat
from chatroom.core.delivery import View, rendered
from chatroom.core.members import Member
from chatroom.log.interface import Events, NoAnswer
from chatroom.model.errors import BadArgument, ChatError, InNoRoom, PeerError
from chatroom.model.events import Answer, Event, History, Joined, Left, Live, Notice, Past, Refused, Speaking, Welcome
from chatroom.model.names import nickname_key, room_name
from chatroom.model.text import clean
from chatroom.wire.formats import PLAIN, Format, day_of
from chatroom.wire.send_queue import PIECE, SendQueue

NAMED_AT_ONCE = 20
"""How many of those in a room a newcomer is told by name: for all, there is ``/who``."""

PAGE = 200
"""Events that are asked of the log at once for somebody who comes back."""

PART = 50
"""Events of a history that are told at once; of the longest lines, a quarter of what one may be behind."""

_NOBODY: frozenset[str] = frozenset()


class Door(Protocol):
    """What a session needs of the door that it stands at."""

    @property
    def send_queue(self) -> SendQueue:
        """What is written to the person."""

    def come_in(self) -> None:
        """They are in, perhaps for a while already."""

    def go_on(self) -> None:
        """The session is not busy any more."""

    def close(self) -> None:
        """Close the connection once everything was sent."""


class Session(Member):
    """Somebody who has come, or is coming, in."""

    __slots__ = ("_asking", "_door", "_ignored", "_quitting", "_since", "active", "chat", "entered", "format", "write")

    def __init__(self, chat: Chat, door: Door) -> None:
        super().__init__()
        self.chat = chat
        self.format: Format = PLAIN
        self.active = ""
        """The room that they speak in; empty when they are in none."""
        self.entered = False
        """Whether they have come in, and a line of theirs is talk or a command."""
        self._door: Door | None = door
        self._ignored = _NOBODY
        self._asking = False
        self._quitting = False
        self._since: int | None = None
        self.write: Callable[[bytes], None] = door.send_queue.write
        """Send whole lines in their format. The very method of the send_queue, since every delivery calls it."""

    @property
    def busy(self) -> bool:
        """Whether an answer is on its way, and no line may be handed in."""
        return self._asking or self._quitting or self.awaited > 0

    @property
    def door(self) -> Door | None:
        """The door that they stand at; None when they have gone."""
        return self._door

    @property
    def active_room(self) -> str:
        """:raises InNoRoom: they speak in none."""
        if not self.active:
            raise InNoRoom()
        return self.active

    # What the door hands in.

    def enter(self, nickname: str, rooms: Sequence[str] = (), since: int | None = None) -> None:
        """Ask to come in.

        :param rooms: those to join, the one to speak in last; the server's own when there are none.
        :param since: the id of the last event that they know of; then all that they missed is shown to them.
        :raises PeerError: it cannot be; they may try again.
        """
        names = list(dict.fromkeys(room_name(room) for room in rooms)) or [self.chat.default_room]
        # An id that has not been given yet is another log's.
        self._since = since if since is not None and since <= self.chat.delivery.published else None
        self.chat.claim(self, nickname)
        try:
            self.chat.join(self, names)
        except PeerError:
            self.chat.quit(self, "")
            raise

    def line(self, text: str) -> None:
        """Take one line that they typed, as it came in; it must not be ``busy``."""
        try:
            text = clean(text)
            if text.startswith("/"):
                if not text.startswith("//"):
                    commands.run(self, text[1:])
                    return
                text = text[1:]
            if text and not text.isspace():
                self.chat.say(self, self.active, text)
        except PeerError as error:
            self.refuse(error)

    def in_order(self, do: Callable[[], None]) -> None:
        """Do what may raise a PeerError once all that they have said has happened; no line is taken until then."""

        def settled() -> None:
            self.unsettled = False
            try:
                do()
            except PeerError as error:
                self.refuse(error)

        if self.unsettled:
            self.ask(lambda answer, failed: self.chat.when_done(lambda: answer(())), lambda events: settled())
        else:
            settled()

    def lost(self, reason: str) -> None:
        """The connection has gone."""
        self._door = None
        self.write = lambda data: None
        self.chat.delivery.detach(self)
        if not self._quitting:
            self._quitting = True
            self.chat.quit(self, reason)

    # What commands ask for.

    def quit(self, reason: str) -> None:
        """Leave, and close the connection once all have been told."""
        if self._quitting:
            return
        self._quitting = True
        self.chat.quit(self, clean(reason))
        if not self.awaited:
            self._close()

    def join(self, room: str) -> None:
        """Enter ``room``, or speak in it from now on."""
        if room in self.rooms:
            self._speak_in(room)
            self._hear(self.chat.delivery.published)
        else:
            self.chat.join(self, (room,))

    def ignore(self, nickname: str) -> None:
        """Hear no more of ``nickname``, whoever has it."""
        if len(self._ignored) >= self.chat.settings.max_ignored:
            raise BadArgument(what="You ignore as many as one can", usage="/unignore nickname")
        self._ignored |= {_key(nickname)}
        self._hear(self.chat.delivery.published)
        self.tell(Notice(f"you hear no more of {nickname}"))

    def unignore(self, nickname: str) -> None:
        """Hear ``nickname`` again."""
        if _key(nickname) not in self._ignored:
            raise BadArgument(what=f"You do not ignore {nickname}", usage="/ignore nickname")
        self._ignored -= {_key(nickname)}
        self._hear(self.chat.delivery.published)
        self.tell(Notice(f"you hear {nickname} again"))

    def ask(
        self, question: Callable[[Events, NoAnswer], None], answer: Events, no_answer: Callable[[], None] = lambda: None
    ) -> None:
        """Ask the log something, and take no more lines until ``answer`` was told what it says; not if they have left.

        :param no_answer: called when it cannot say, after they were told why.
        """

        def answered(events: Sequence[Event]) -> None:
            self._asking = False
            if not self._quitting:
                answer(events)
                self.go_on()

        def failed(error: ChatError) -> None:
            self._asking = False
            if not self._quitting:
                self.refuse(error)
                no_answer()
                self.go_on()

        self._asking = True
        question(answered, failed)

    def tell_history(self, room: str, events: Sequence[Event], after: str = "") -> None:
        """Tell what was said in ``room``, no faster than it is read.

        :param after: the date of the last that was told already.
        """
        part, rest = events[:PART], events[PART:]
        self.tell(History(room, part, after, bool(rest)))
        if rest:
            self.when_read(lambda: self.tell_history(room, rest, day_of(part[-1].at)))

    def when_read(self, call: Callable[[], None]) -> None:
        """Call ``call``, and take no more lines until then, once they have read what they were shown."""

        def read() -> None:
            self._asking = False
            if not self._quitting:
                call()
                self.go_on()

        if self._door is not None:
            self._asking = True
            self._door.send_queue.when_drained(read)

    # What is shown to them.

    def tell(self, answer: Answer) -> None:
        self.write(self.format.answer(answer))

    def refuse(self, error: ChatError) -> None:
        """Tell them what is wrong."""
        self.tell(Refused(error.code, str(error)))

    def ignores(self, nickname: str) -> bool:
        return bool(self._ignored) and nickname_key(nickname) in self._ignored

    # What comes of what they asked for.

    def settled(self, event: Event, first: int) -> None:
        if self._door is None:
            return
        if self._quitting:
            self._close()
        elif isinstance(event, Joined):
            self.active = event.room
            self._door.come_in()
            self.arrived(event, first)
        elif isinstance(event, Left):
            if event.room == self.active:
                self._speak_in(next(reversed(self.rooms), ""))
            self.catch_up(event.id)
            self.go_on()
        else:
            self.go_on()

    def not_done(self, error: ChatError, apart: bool = False) -> None:
        self.refuse(error)
        if not self.entered:
            self.chat.quit(self, "")
        if self._quitting:
            self._close()
        else:
            self.go_on()

    # Arriving: what was before, from the log, and then, without a gap, what is now, from delivery.

    def arrived(self, event: Event, first: int) -> None:
        """They have come in, or into one more room: show them what they want to know of where they are now.

        :param event: their coming in.
        :param first: the id of the event from which on they hear everything.
        """
        if self.entered:
            rooms = others = [self.active]
        else:
            self.entered = True
            rooms = list(self.rooms)
            others = rooms[:-1]
            here = self.chat.rooms[self.active].people(NAMED_AT_ONCE)
            self.tell(Welcome(self.nickname, here.room, here.topic, here.people, here.size))
            for line in self.chat.motd:
                self.tell(Notice(line))
        for room in others:
            self.tell(self.chat.rooms[room].people(NAMED_AT_ONCE))
        self.tell(Past(self.active))
        since, self._since = self._since, None
        if since is None:
            self._show_past(rooms, first)
        else:
            self._show_missed(since, first, day_of(self.chat.now()))

    def _show_past(self, rooms: list[str], first: int) -> None:
        """Show the last talk before ``first`` in each of ``rooms``."""
        if not rooms:
            self._go_live(first - 1)
            return
        room = rooms.pop(0)

        def show(events: Sequence[Event]) -> None:
            self._show(events, day_of(self.chat.now()), lambda day: self._show_past(rooms, first))

        replay = self.chat.settings.replay
        self.ask(
            lambda answer, failed: self.chat.log.recent(room, replay, first, answer, failed),
            show,
            lambda: self._show_past(rooms, first),
        )

    def _show_missed(self, after: int, first: int, day: str) -> None:
        """Show everything behind ``after`` and before ``first`` in all their rooms, a page at a time."""

        def show(events: Sequence[Event]) -> None:
            missed = [event for event in events if event.id < first]
            if not missed:
                self._go_live(first - 1)
                return
            self._show(missed, day, lambda day: self._show_missed(missed[-1].id, first, day))

        rooms = frozenset(self.rooms)
        self.ask(lambda answer, failed: self.chat.log.since(rooms, after, PAGE, answer, failed), show, self._close)

    def _show(self, events: Sequence[Event], day: str, then: Callable[[str], None]) -> None:
        """Show ``events`` as past, no faster than they are read, and call ``then`` with the last's date."""
        view = self._view()
        # What is written at once must not by itself be more than may wait.
        piece = min(PIECE, self.chat.settings.sendq // 2)
        shown, size, count = [], 0, 0
        for event in events:
            count += 1
            if view.shows(event):
                shown.append(self.format.past_event(event, event.room != self.active, day))
                size += len(shown[-1])
                day = day_of(event.at)
                if size >= piece:
                    break
        if shown:
            self.write(b"".join(shown))
        rest = events[count:]
        self.when_read(lambda: self._show(rest, day, then) if rest else then(day))

    def _go_live(self, after: int) -> None:
        self.tell(Live())
        self.catch_up(after)

    def catch_up(self, after: int, then: Callable[[], None] = lambda: None) -> None:
        """Hear everything with an id above ``after``, and go on from there; ``then`` is called once it was heard."""
        if self._hear(after):
            then()
            return
        # More has happened since than delivery has by it: the log has it all.
        view = self._view()
        asked_at = self.chat.delivery.published

        def show(events: Sequence[Event]) -> None:
            self.write(rendered(events, view))
            # The answer goes as far as what was published when it was asked for, perhaps no further.
            last = events[-1].id if events else asked_at
            self.when_read(lambda: self.catch_up(last, then))

        # Whoever cannot be shown what came before is shown nothing of what comes after: they can come back.
        self.ask(lambda answer, failed: self.chat.log.since(view.rooms, after, PAGE, answer, failed), show, self._close)

    def _view(self) -> View:
        return View(
            self.format, frozenset(self.rooms), self.active if self.format.marks_elsewhere else "", self._ignored
        )

    def _hear(self, after: int) -> bool:
        return self.chat.delivery.attach(self, self._view(), after)

    def _speak_in(self, room: str) -> None:
        self.active = room
        self.tell(Speaking(room))

    def go_on(self) -> None:
        """Have the door hand in what it kept, unless there is more to wait for."""
        if self._door is not None and not self.busy:
            self._door.go_on()

    def _close(self) -> None:
        if self._door is not None:
            self._door.close()


def _key(nickname: str) -> str:
    try:
        return nickname_key(nickname)
    except ValueError:
        raise BadArgument(what=f"Nobody can be called {nickname}", usage="/ignore nickname") from None
