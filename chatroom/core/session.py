"""One connection of a member: its phase, the one thing that it waits for, and how it is told each outcome.

A door hands a session what its person sends, and the session turns it into requests; what comes of them, and what
others do, it shows through the door. How a person and the server talk is for those who derive from it:
:class:`chatroom.core.dialogue.Dialogue` at the line, JSON and web doors, and the IRC door's own. It knows no protocol
and no socket; a door is whatever has the few methods of :class:`Door`.

The phases, in their order; docs/architecture.rst draws them::

    OUTSIDE --claims a nickname--> ENTERING --is in--> IN --quits--> LEAVING --connection lost--> GONE

ENTERING goes back to OUTSIDE when the nickname is refused, or the entering cannot be kept; a lost connection leads
from each phase to GONE. While a session waits for something, or is LEAVING, it is ``busy``: the door keeps what the
person sends. So requests of one person are done one after the other, and nothing that they send needs to know what
becomes of the line before. What is said is the exception: nobody waits for that (:attr:`Session.outstanding`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import Enum, auto
from typing import Any, Protocol, TypeVar

from chatroom.core.accounts import Origin
from chatroom.core.admission import is_this_machine
from chatroom.core.chat import Chat
from chatroom.core.delivery import Group, Subscription
from chatroom.core.gate import LogIn
from chatroom.core.members import Member
from chatroom.core.moderation import LEFT_BANNED
from chatroom.core.rate_limits import LINE_SECONDS
from chatroom.core.removals import RemovalRequest
from chatroom.core.requests import Request
from chatroom.core.sharing import Turn
from chatroom.log.interface import NoAnswer
from chatroom.log.turns import Asker, Work
from chatroom.model.answers import Answer, Done, Refused
from chatroom.model.errors import AlreadyKept, BannedFromServer, ChatError, NotEncrypted, PeerError
from chatroom.model.events import Away, Event, Joined, Left, Quit, Renamed, Said
from chatroom.model.passwords import Secret
from chatroom.model.text import clean
from chatroom.wire.formats import Format
from chatroom.wire.send_queue import PIECE, SendQueue

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

SHOWN_AT_ONCE = 50
"""Lines of a long answer that are made and sent at once; the rest is made in turns with others."""

MADE_IN_A_PIECE = 25
"""Lines of a long answer that are made in one piece of work."""

LONGEST_PIECE = 0.001
"""Seconds after which a piece ends with fewer lines."""


class Phase(Enum):
    """How far somebody has come in."""

    OUTSIDE = auto()
    """They have no nickname yet."""
    ENTERING = auto()
    """They have asked to come in."""
    IN = auto()
    LEAVING = auto()
    """They have quit, and are shown that before the connection is closed."""
    GONE = auto()
    """The connection is lost, or closed."""


class Wait(Enum):
    """The thing that a session waits for before it takes another line."""

    NOTHING = auto()
    NICKNAME = auto()
    """The answer to their claim of a nickname."""
    OUTCOME = auto()
    """The outcome of a request to join, leave, be renamed or be away."""
    EARLIER = auto()
    """That all they have said is in the log, before something is done that does not pass through it."""
    LOG = auto()
    """The log's answer to a question."""
    ACCOUNT = auto()
    """That a password is looked at, or something is changed in an account."""
    TURN = auto()
    """Their turn to have a part of a long answer made."""
    READER = auto()
    """That they read what they were shown."""


# Python looks a member of an enum up in a roundabout way, and these are looked up for each line.
_NOTHING, _EARLIER, _LEAVING = Wait.NOTHING, Wait.EARLIER, Phase.LEAVING


class Door(Protocol):
    """A door, as far as a session needs it."""

    @property
    def host(self) -> str:
        """The address that the person comes from; empty where there is none."""

    @property
    def encrypted(self) -> bool:
        """Whether the connection is encrypted."""

    def seconds(self) -> float:
        """How late it is, by a clock that only goes forward."""

    @property
    def send_queue(self) -> SendQueue:
        """The send queue to the person."""

    def come_in(self) -> None:
        """They are in, perhaps for a while already."""

    def go_on(self) -> None:
        """The session is not busy any more."""

    def spend(self, lines: float) -> None:
        """Count the line that was read last as so many more."""

    def hide_typing(self, hidden: bool) -> None:
        """Have what they type not be shown to them, as far as the door can, or have it shown again."""

    def close(self) -> None:
        """Close the connection once everything was sent."""


class _Gone:
    """Stands in for the door of somebody who has gone, whose session so refers to nothing that refers to it."""

    host = ""
    encrypted = False

    @property
    def send_queue(self) -> SendQueue:
        raise AssertionError("nothing is shown to somebody who has gone")

    def seconds(self) -> float:
        return 0.0

    def come_in(self) -> None:
        """They do not come in any more."""

    def hide_typing(self, hidden: bool) -> None:
        """Nobody types."""

    def go_on(self) -> None:
        """There is nothing to go on with."""

    def spend(self, lines: float) -> None:
        """Nobody has to pay."""

    def close(self) -> None:
        """It is closed."""


_GONE = _Gone()

OWNER_HAS_COME = "The owner of your nickname has logged in and takes it: your connection is closed."

NO_ADDRESS = "a Unix socket"
"""The place that somebody comes from whose connection has no address."""


class Question(Protocol[T_co]):
    """A question to the log."""

    def __call__(self, answer: Callable[[T_co], None], failed: NoAnswer, *, asker: Asker | None) -> None: ...


def _nowhere(data: bytes) -> None:
    """Nobody is there to be written to."""


def _page(lines: Iterator[bytes], most: int, size: int) -> tuple[bytes, bool]:
    """Up to ``most`` of ``lines``, of ``size`` bytes or until the time is over; and whether there may be more."""
    page: list[bytes] = []
    end = time.perf_counter() + LONGEST_PIECE
    for line in lines:
        page.append(line)
        size -= len(line)
        if len(page) == most or size <= 0 or time.perf_counter() >= end:
            return b"".join(page), True
    return b"".join(page), False


def reason_for_others(error: ChatError) -> str:
    """The reason for which somebody leaves whose connection the server closes, as others are shown it."""
    return LEFT_BANNED if isinstance(error, BannedFromServer) else "put out by the server"


class Session:
    """One connection of a member."""

    __slots__ = (
        *(
            "_apart",
            "_paid",
            "_talk",
            "_then",
            "chat",
            "door",
            "format",
            "group",
            "member",
            "phase",
            "ref",
            "waits_for",
        ),
        "write",
    )

    def __init__(self, chat: Chat, door: Door, format_: Format) -> None:
        self.chat = chat
        self.door: Door = door
        self.format = format_
        self.member = Member(session=self)
        self.phase = Phase.OUTSIDE
        self.waits_for = Wait.NOTHING
        self.ref = ""
        """The id that their client gave to the request that is being answered; empty for none."""
        self.write: Callable[[bytes], None] = door.send_queue.write
        """Send whole lines in their format. The very method of the send queue, since every delivery calls it."""
        self.group: Group | None = None
        self._then: Callable[[], None] = _nothing
        # Made when they say something: most of a crowd listens.
        self._talk: Request | None = None
        # How many messages with a request of their own are on their way.
        self._apart = 0
        # Lines that they have paid for the work that their line asked for.
        self._paid = 0.0

    @property
    def nickname(self) -> str:
        """Their nickname; empty while they hold none."""
        return self.member.nickname

    @property
    def address(self) -> str:
        """The address that they come from; empty where there is none."""
        return self.door.host

    @property
    def encrypted(self) -> bool:
        """True when the connection is encrypted."""
        return self.door.encrypted

    @property
    def secure(self) -> bool:
        """True when nobody on the way can read what is sent: it is encrypted, or does not leave this machine."""
        return self.encrypted or is_this_machine(self.address)

    def check_encrypted(self) -> None:
        """Check that a password may be taken from them.

        :raises NotEncrypted: it may not: others on the way can read it.
        """
        if not self.secure and not self.chat.clear_passwords.may_come_from(self.address):
            if self.entered:
                self.journal("gave a password without encryption, which was not looked at")
            raise NotEncrypted()

    def seconds(self) -> float:
        """How late it is, by a clock that only goes forward."""
        return self.door.seconds()

    @property
    def rooms(self) -> dict[str, None]:
        """The rooms that they are in or have asked to join, and have not asked to leave; oldest first."""
        return self.member.rooms

    @property
    def heard_rooms(self) -> Mapping[str, None]:
        """The rooms that this connection hears: the same, unless it is one of several and has yet to be told of one."""
        view = self.member.view_of(self)
        return self.member.rooms if view is None else view.rooms

    @property
    def entered(self) -> bool:
        """True when they are in: they have been welcomed, and have not left."""
        return self.phase is Phase.IN

    @property
    def busy(self) -> bool:
        """True when no line may be handed in."""
        return self.waits_for is not _NOTHING or self.phase is _LEAVING

    @property
    def outstanding(self) -> int:
        """How many of their messages are on their way through the log."""
        return self._apart if self._talk is None else self._talk.awaited + self._apart

    @property
    def talk(self) -> Request:
        """Stands for everything that they say that needs no request of its own."""
        if self._talk is None:
            self._talk = Request(self.member, Said, (), "", self)
        return self._talk

    # Requests.

    def ask_to_remove(self, event: Event, reason: str, audited: str) -> None:
        """Have a message removed that they may remove.

        :param audited: what the audit log calls it; empty where it takes no right.
        """
        ref = self.ref
        self.remove_apart(
            RemovalRequest(self.member, event.room, reason, self, audited=audited, ref=ref, own_form=bool(ref)), event
        )

    def remove_apart(self, request: RemovalRequest, event: Event) -> None:
        """The same with a request, which says how they are shown it."""
        self.chat.remove(request, (event.id,), {"nick": event.nickname})
        self._apart += 1

    def say(self, room: str, text: str, kind: type[Event] = Said, about: int = 0) -> None:
        """Have something said in ``room``, or another event of talk or state happen there.

        :param about: the id of the event that it is about; 0: of none.
        """
        if self.member.pending:
            # Behind a request that this session has not made: they may be called something else by it.
            self.alone(lambda: self.say(room, text, kind, about))
        elif self.ref or about:
            own_form = bool(self.ref)
            request = Request(self.member, kind, (room,), text, self, ref=self.ref, own_form=own_form)
            self.say_apart(room, request, about)
        else:
            self.chat.say(self.member, room, text, kind, self._talk or self.talk)

    def say_apart(self, room: str, request: Request, about: int = 0, extras: Mapping[str, Any] | None = None) -> None:
        """The same with a request of its own, which says what, and how they are shown it."""
        text, kind, ref = request.text, request.kind, self.scoped(request.ref)
        self.chat.say(self.member, room, text, kind, request, ref=ref, about=about, extras=extras)
        self._apart += 1

    def request(self, ask: Callable[[], None]) -> None:
        """Ask for something that concerns where, or who, they are, and take no line until the outcome is known.

        :param ask: calls one method of the chat, with this session as the asker.
        :raises PeerError: ``ask`` raised it.
        """
        self.wait(Wait.OUTCOME)
        try:
            ask()
        except PeerError:
            self.waits_for = Wait.NOTHING
            raise

    def alone(self, do: Callable[[], None]) -> None:
        """Do what asks for such a thing, and may raise a PeerError, once no other request of the member is on its way.

        There may be one that this session has not made: somebody is renamed since they have not logged in.
        """
        if not self.member.pending:
            do()
            return

        def free() -> None:
            if self._has_come():
                self._do(do)
                self.go_on()

        self.wait(Wait.OUTCOME)
        self.chat.when_free(self.member, free)

    def is_there(self) -> bool:
        """Whether they are there, as far as the system knows; the connection of those who are not is closed.

        Whoever has sent their requests and gone at once would come in, and leave, before everybody's eyes.
        """
        if self.door.send_queue.peer_has_gone():
            self.door.close()
            return False
        return True

    def offer(self, secret: Secret, then: Callable[[], None], failed: NoAnswer, log_in: LogIn | None = None) -> None:
        """Show the gate what they have given, on the way in; one of the two is called once it has been looked at.

        :param log_in: tries ``secret`` as the password of an account.
        :raises NotEncrypted: others on the way could read it, so it is not looked at.
        """
        self.check_encrypted()
        self.phase = Phase.ENTERING
        self.wait(Wait.ACCOUNT)

        def right() -> None:
            if self._has_come():
                self.phase = Phase.OUTSIDE
                then()

        def wrong(error: ChatError) -> None:
            if not self.chat.stopping:
                self.chat.journal(f"{self.address or NO_ADDRESS} was not let in: {error}")
            if self._has_come():
                self.phase = Phase.OUTSIDE
                failed(error)

        origin = Origin(self.door.host, self.door.seconds())
        self.chat.gate.offer(self.member, secret, right, wrong, origin=origin, log_in=log_in)

    def come_in(self) -> None:
        """Take notice that they are in."""
        self.phase = Phase.IN
        self.door.come_in()
        self.chat.gate.came_in(self.member)
        self.journal("came in")

    def journal(self, what: str) -> None:
        """Have the log of the server say what they have done, and where they come from."""
        if not self.chat.stopping:
            self.chat.journal(f"{self.nickname} ({self.address or NO_ADDRESS}) {what}")

    def quit(self, reason: str, *, own_words: bool = False) -> None:
        """Leave, and close the connection once all have been told.

        :param own_words: whether the reason is theirs, and not the server's.
        """
        if self.phase in (Phase.LEAVING, Phase.GONE):
            return
        told = self.phase is Phase.IN
        self.phase = Phase.LEAVING
        reason = clean(reason)
        if told:
            self.journal(f"left: {reason or 'no reason given'}")
        self.chat.drop_questions(self)
        if self.chat.part(self.member, self):
            self.door.close()
            return
        self.chat.quit(self.member, reason, self, own_words=own_words)
        if not told:
            self.door.close()

    def lost(self, reason: str) -> None:
        """The connection has gone."""
        if self.phase is Phase.GONE:
            return
        if self.phase is Phase.IN:
            self.journal(f"left: {reason}")
        if self.phase is not Phase.OUTSIDE:
            self.chat.drop_questions(self)
            self.chat.delivery.detach(self)
        self.phase = Phase.GONE
        parted = self.chat.part(self.member, self)
        self.write = _nowhere
        self.door = _GONE
        self._talk = None
        if not parted:
            self.chat.quit(self.member, reason, self)

    # Waiting.

    def wait(self, for_: Wait) -> None:
        """Take no line until that has come."""
        assert self.waits_for is Wait.NOTHING, f"waits for {self.waits_for}, and now for {for_}"
        self.waits_for = for_

    def _has_come(self) -> bool:
        """Take notice that the thing waited for has come.

        :returns: whether they are still there for it.
        """
        if self.phase in (Phase.LEAVING, Phase.GONE):
            return False
        self.waits_for = Wait.NOTHING
        return True

    def in_order(self, do: Callable[[], None]) -> None:
        """Do what does not pass through the log, and may raise a PeerError, behind all that they have said before."""
        if self.outstanding:
            self.wait(Wait.EARLIER)
            self._then = do
        else:
            self._do(do)

    def _do(self, do: Callable[[], None]) -> None:
        try:
            do()
        except PeerError as error:
            self.refuse(error)

    def ask_log(
        self,
        question: Question[T],
        answer: Callable[[T], None],
        no_answer: Callable[[], None] = lambda: None,
        in_slot: bool = False,
    ) -> None:
        """Ask the log something; ``answer`` is told what it says, unless they have left.

        :param no_answer: called when it cannot say, after they were told why.
        :param in_slot: whether the answer is a page that takes memory until it has been made ready to be shown, in turn
            with those of others: then this waits until few are.
        """

        def ask() -> None:
            question(self._told(answer), self._not_told(no_answer), asker=self)

        self.wait(Wait.LOG)
        self._when_roomy((lambda: self.chat.slots.take(self, ask)) if in_slot else ask)

    def ask_accounts(
        self, question: Callable[[Callable[[T], None], NoAnswer], None], answer: Callable[[T], None]
    ) -> None:
        """Ask for something about an account; ``answer`` is told what comes of it, unless they have left."""
        self.wait(Wait.ACCOUNT)
        question(self._told(answer), self._not_told(lambda: None))

    def in_turn(self, work: Work[T], answer: Callable[[T], None], no_answer: Callable[[], None] = lambda: None) -> None:
        """Have long work done in turns with others; ``answer`` is told what comes of it, as by :meth:`ask_log`."""
        self.wait(Wait.TURN)
        self._when_roomy(lambda: self.chat.turns.add(self, work, self._told(answer), self._not_told(no_answer)))

    def _when_roomy(self, begin: Callable[[], None]) -> None:
        """Begin what will take memory once there is some."""
        self.chat.memory.when_roomy(self, begin)

    def _told(self, answer: Callable[[T], None]) -> Callable[[T], None]:
        def told(found: T) -> None:
            if self._has_come():
                answer(found)
                self._give_back_slot()
                self.go_on()

        return told

    def _give_back_slot(self) -> None:
        # Who waits for their turn has a page that is to be shown then; who waits for the log has asked for another.
        if self.waits_for is not Wait.TURN and self.waits_for is not Wait.LOG:
            self.chat.slots.give_back(self)

    def _not_told(self, no_answer: Callable[[], None]) -> NoAnswer:
        def failed(error: ChatError) -> None:
            if self._has_come():
                self.refuse(error)
                no_answer()
                self._give_back_slot()
                self.go_on()

        return failed

    def charge(self, seconds: float) -> None:
        """Have them pay for work that their line has asked for, as for lines: at most a ``--burst`` for one line."""
        if not self.chat.scheduler.measures_work:
            return
        lines = min(seconds / LINE_SECONDS, self.chat.settings.burst - self._paid)
        if lines > 0 and self.phase is not Phase.GONE:
            self._paid += lines
            self.door.spend(lines)

    def when_read(self, call: Callable[[], None]) -> None:
        """Call ``call`` once they have read what they were shown, unless they have left."""

        def read() -> None:
            if self._has_come():
                call()
                self.go_on()

        if self.phase is not Phase.GONE:
            self.wait(Wait.READER)
            self.door.send_queue.when_drained(read)

    def show_all(self, lines: Iterable[bytes], then: Callable[[], None] = lambda: None) -> None:
        """Show many whole lines, in turns with others and no faster than they are read, and call ``then`` behind them.

        :param lines: made as they are needed, one or a few at a time, so that nobody holds more than one page of a long
            answer. An empty one stands for something that was looked at and is not shown.
        """
        rest = iter(lines)
        page, more = _page(rest, SHOWN_AT_ONCE, self.page_size)
        if page:
            self.show(page)
        self._show_rest(rest, more, then)

    def _show_rest(self, rest: Iterator[bytes], more: bool, then: Callable[[], None]) -> None:
        if not more:
            then()
            return

        def show(made: tuple[bytes, bool]) -> None:
            page, more = made
            if page:
                self.show(page)
            self._show_rest(rest, more, then)

        self.when_read(lambda: self.in_turn(self._make_page(rest), show, then))

    def _make_page(self, rest: Iterator[bytes]) -> Work[tuple[bytes, bool]]:
        """The next page of a long answer, and whether there is more behind it."""
        parts: list[bytes] = []
        left, more = self.page_size, True
        while more and left > 0:
            part, more = _page(rest, MADE_IN_A_PIECE, left)
            parts.append(part)
            left -= len(part)
            yield
        return b"".join(parts), more

    @property
    def page_size(self) -> int:
        """Bytes of a long answer that are shown at once; one page must not exceed the limit of the send queue."""
        return min(PIECE, self.chat.settings.sendq // 2)

    def show(self, lines: bytes) -> None:
        """Show whole lines that are part of the answer to their request."""
        self.write(lines)

    def go_on(self) -> None:
        """Have the door hand in what it kept, unless there is more to wait for."""
        if not self.busy and self.phase is not Phase.GONE:
            self._paid = 0.0
            if self.member.shared is not None and self._do_chore():
                return
            self.door.go_on()

    # One of several connections of the member.

    def scoped(self, ref: str) -> str:
        """A ref that their client gave as the log, and the chat, have it."""
        view = self.member.view_of(self) if ref else None
        return ref if view is None else view.scoped(ref)

    def own_ref(self, event: Event) -> str:
        """The ref of an event of the member's as their client gave it; empty where it is another client's."""
        view = self.member.view_of(self) if event.ref else None
        return event.ref if view is None else view.own_ref(event.ref)

    def when_idle(self, do: Callable[[], None]) -> None:
        """Do what takes time, and answers nothing, once they wait for nothing; then :meth:`go_on` is to be called."""
        view = self.member.view_of(self)
        if not self.busy and self.entered:
            do()
        elif view is not None:
            view.chores.append(do)

    def _do_chore(self) -> bool:
        view = self.member.view_of(self)
        if view is None or not view.chores or not self.entered:
            return False
        view.chores.popleft()()
        return True

    def take_turn(self, turn: Turn) -> Subscription | None:
        view = self.member.view_of(self)
        if view is None:
            return None
        if self.group is None or view.turns:
            view.turns.append(turn)
            return None
        self.turn(turn)
        return self.subscription()

    def next_turn(self) -> Turn | None:
        """The turn that waits until they have come to its event; None for none."""
        view = self.member.view_of(self)
        return view.turns[0] if view is not None and view.turns else None

    def come_to_turn(self) -> None:
        """Take the turn that waits, whose event they have come to."""
        view = self.member.view_of(self)
        assert view is not None
        turn = view.turns.popleft()
        self.turn(turn)
        self.show_turn(turn)

    def turn(self, turn: Turn) -> None:
        """Hear other rooms, from the next event on that they are shown."""
        view = self.member.view_of(self)
        assert view is not None
        view.take(turn)

    def show_turn(self, turn: Turn) -> None:
        """Show them where they are now; they were shown the events of it."""

    def be(self, member: Member) -> None:
        """Be a connection of ``member`` from now on."""
        self.member = member
        if self._talk is not None:
            self._talk.member = member

    def begin_view(self) -> None:
        """Hear what the member hears, of whom no request is on its way, as soon as they are shown the past."""
        view = self.member.view_of(self)
        if view is not None:
            view.begun = True
            view.rooms = dict(self.member.rooms)

    # Output.

    def tell(self, answer: Answer) -> None:
        """Show what is no answer to what they asked for."""
        self.write(self.format.answer(answer))

    def reply(self, answer: Answer) -> None:
        """Answer the request that is being done."""
        self.write(self.format.answer(answer, self.ref))

    def refuse(self, error: ChatError) -> None:
        """Tell them why what they ask for cannot be done."""
        self.reply(Refused(error.code, str(error)))

    def ignores(self, nickname: str) -> bool:
        """True when they ignore ``nickname``."""
        return False

    def sees(self, event: Event) -> bool:
        """True when they may be shown ``event``, of the past, as far as the modes of its room say."""
        return self.chat.moderation.sees(self.member, event)

    def subscription(self) -> Subscription:
        """What they hear, and in what form."""
        return Subscription(self.format, frozenset(self.heard_rooms), "", frozenset())

    def hear(self, after: int) -> bool:
        """Hear, from now on, everything of their subscription with an id above ``after``.

        :returns: False, with nothing changed, when delivery cannot reach back that far.
        """
        return self.chat.delivery.attach(self, self.subscription(), after)

    def own(self, request: Request, event: Event) -> bytes:
        """An event as they alone are shown it: with the id that they gave to the request."""
        active = self.subscription().active
        if event.once and self.format.once_for_all_rooms:
            # As delivery has it for all: once, and in the room that they speak in where it happens there.
            shown_in = active if active in request.rooms else request.rooms[0]
            if event.room != shown_in:
                return b""
        return self.format.event_with_ref(event, request.ref, event.room != active)

    def with_ref(self, event: Event) -> bytes:
        """The same for an event of theirs that another connection has asked for."""
        return self.format.event_with_ref(event, self.own_ref(event), event.room != self.subscription().active)

    # Outcomes.

    def said(self, request: Request) -> None:
        """Take notice that something that they said has happened; everybody was shown it."""
        if request is not self._talk:
            self._apart -= 1
        if self.waits_for is _EARLIER:
            self._settled()

    def done(self, request: Request, event: Event) -> None:
        """Take notice that another request has happened; everybody was shown it."""
        if request.kind is Quit:
            self.door.close()
        elif self._has_come():
            if request.kind is Joined:
                self.joined(request, event)
            elif request.kind is Left:
                self.left(request, event)
            else:
                if request.kind is Renamed:
                    self.chat.journal(f"{event.nickname} ({self.address or NO_ADDRESS}) is called {event.text} now")
                self.changed(request, event)

    def not_done(self, request: Request, error: ChatError) -> None:
        """Take notice that nothing of a request has happened, or will."""
        if request.standing:
            if request is not self._talk:
                self._apart -= 1
            self.not_said(request, error)
            self._settled()
        elif request.kind is Quit:
            self.not_said(request, error)
            self.door.close()
        elif self._has_come():
            entering = self.phase is Phase.ENTERING
            self.not_said(request, error)
            if entering:
                self.turned_away()
            if isinstance(error, BannedFromServer):
                self.door.close()
            self.go_on()

    def _settled(self) -> None:
        """Do what waits for their earlier messages, once all are settled."""
        if not self.outstanding and self.waits_for is Wait.EARLIER and self._has_come():
            then, self._then = self._then, _nothing
            self._do(then)
            self.go_on()

    def not_said(self, request: Request, error: ChatError) -> None:
        """Tell them that something that they asked for was not kept."""
        if isinstance(error, AlreadyKept):
            answer: Answer = Done(error.id)
        else:
            answer = Refused(error.code, str(error))
        self.write(self.format.answer(answer, request.ref))

    def turned_away(self) -> None:
        """They could not be let in; they are outside again, and may try once more."""
        self.give_up()
        self.phase = Phase.OUTSIDE

    def give_up(self) -> None:
        """Have no nickname any more; where others of several connections are left, this one is nobody's."""
        member = self.member
        account, made = member.account, member.account_made
        if not self.chat.part(member, self):
            self.chat.give_up(member)
            return
        self.chat.drop_questions(self)
        self.be(Member(session=self))
        self.chat.accounts.log_in_as(self.member, account, made)

    def joined(self, request: Request, event: Event) -> None:
        """They have come into rooms; ``event`` is the last of it. Shows them where they are, and goes on."""
        raise NotImplementedError

    def left(self, request: Request, event: Event) -> None:
        """They have gone out of rooms; ``event`` is the last of it. Has them hear what is left, and goes on."""
        raise NotImplementedError

    def affected(self, event: Event) -> None:
        """Take notice that something has happened to the member that this session has not asked for."""
        if isinstance(event, Renamed):
            self.chat.journal(f"{event.nickname} ({self.address or NO_ADDRESS}) is called {event.text} now")
            if not event.room and self.entered:
                self.show_rename(event)
        elif isinstance(event, Away) and self.entered:
            self.show_away(event)

    def show_away(self, event: Event) -> None:
        """Show them that another connection of theirs has said that they are away, or are back."""

    def show_rename(self, event: Event) -> None:
        """Show them that they are called something else, which happened in no room and so was shown to nobody."""
        raise NotImplementedError

    def changed(self, request: Request, event: Event) -> None:
        """They are called something else, or are away, or another such thing."""
        self.go_on()

    def expel(self, by: str, reason: str) -> None:
        """Say that ``by`` closes the connection, and close it."""
        raise NotImplementedError

    def put_out(self, event: Event, shown: bool | None) -> None:
        """Take notice that an operator has put them out of a room.

        :param shown: whether they were shown the event, and are to hear what happens behind it; None: they do.
        """
        if self.phase is not Phase.IN:
            return
        if shown is False:
            self.write(self.format.event(event, event.room != self.subscription().active))
        self.was_put_out(event)
        # Whoever is further behind than delivery reaches back is closed, and can come back.
        if shown and not self.hear(event.id):
            self.door.close()

    def was_put_out(self, event: Event) -> None:
        """Tell them where they are now, and what they may do."""

    def dismiss(self, error: ChatError) -> None:
        """Say why the connection is closed, and close it."""
        if self.phase not in (Phase.LEAVING, Phase.GONE):
            self.tell(Refused(error.code, str(error)))
            self.quit(reason_for_others(error))

    def replace(self, owner: bool = False) -> None:
        """Close the connection: the member has come back by another.

        :param owner: whether it is the owner of the nickname who comes, to whom this member is nobody.
        """
        raise NotImplementedError


def _nothing() -> None:
    """There is nothing to do."""
