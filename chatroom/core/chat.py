"""The rooms of one server: what may happen in them, and what has.

The middle of the way of a line. A request (imperative: :meth:`Chat.say`, :meth:`Chat.join`) is checked and drafted into
the log; what the log hands back (:class:`chatroom.log.interface.Outcomes`) changes who is here and goes on to delivery.
It knows no sockets, no files, no clock and no Twisted: the log, the delivery and the nicknames are handed to it.

Three rules hold it together:

- Only an event that the log hands back changes who is in a room, so everybody sees the same order.
- Each request has a token (:mod:`chatroom.core.requests`), and its asker is told one outcome: done or not done.
- A member has one request to join, leave, be renamed or quit on its way at a time. Who quits, or is lost, in the middle
  of one quits once it has been answered: until then nobody can say what they are called, and where they are.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from math import ceil
from typing import Any

from chatroom.core.accounts import Accounts
from chatroom.core.admission import Admission, networks_of
from chatroom.core.delivery import Delivery
from chatroom.core.directory import Directory
from chatroom.core.expelled import Expelled
from chatroom.core.members import Member, Standing
from chatroom.core.memory import Memory
from chatroom.core.nicknames import LocalNicknames, Nicknames
from chatroom.core.operators import ClearPasswords, Operators
from chatroom.core.proxies import Proxies
from chatroom.core.requests import Asker, Ledger, Request
from chatroom.core.rooms import Room, Rooms
from chatroom.core.scheduling import Scheduler
from chatroom.core.slots import Slots
from chatroom.core.state import State
from chatroom.log.interface import ILog
from chatroom.log.turns import Asker as Payer
from chatroom.log.turns import LoopTurns
from chatroom.model.answers import Gone, Invited, Notice, Private, Refused
from chatroom.model.constants import ENCODING, MAX_TOPIC
from chatroom.model.errors import (
    AlreadyHere,
    ChatError,
    ExpelledLately,
    InNoRoom,
    LooksLikeEvent,
    NoSuchRoom,
    NotInRoom,
    NotOperator,
    PeerError,
    RequestPending,
    RoomNameRefused,
    Stopping,
    TooManyRooms,
    TopicTooLong,
)
from chatroom.model.events import (
    ACCOUNT,
    Acted,
    Away,
    Draft,
    Event,
    Joined,
    Left,
    Nature,
    Quit,
    Renamed,
    Said,
    TopicChanged,
)
from chatroom.model.names import check_nickname, room_name
from chatroom.model.settings import Settings
from chatroom.model.text import looks_like_event

# Looked up for each event.
_TALK = Nature.TALK

PAGES = 32
"""Pages of the past that are in memory at once for those who catch up: of long lines, a few hundred kilobytes each."""

REMEMBERED_REFS = 10_000
"""Requests with a ``ref`` that are not in the log, and that are known to have been done."""


class Chat:
    """All the rooms of one server, and everybody who is there."""

    def __init__(
        self,
        log: ILog,
        delivery: Delivery,
        *,
        now: Callable[[], float],
        settings: Settings,
        nicknames: Nicknames | None = None,
        accounts: Accounts | None = None,
        memory: Memory | None = None,
        motd: Sequence[str] = (),
        operators: Mapping[str, str] | None = None,
        soon: Callable[[Callable[[], None]], object] | None = None,
        hook: Callable[[Event], None] | None = None,
        on_not_kept: Callable[[ChatError | None], None] = lambda error: None,
        on_broken: Callable[[ChatError], None] = lambda error: None,
        journal: Callable[[str], None] = lambda line: None,
    ) -> None:
        """
        :param now: the time, in seconds since 1970, UTC.
        :param nicknames: who is called what; those of one process unless given.
        :param accounts: who is logged in; nobody can be unless given.
        :param memory: the count of what waits for everybody; one with the limit of the settings unless given.
        :param motd: lines that each newcomer is shown.
        :param operators: the passwords of those who may become operators, by their names.
        :param soon: calls a function in a later turn of the event loop; without it, long answers are made at once.
        :param hook: called with every event, after everybody was shown it. It must not raise.
        :param on_not_kept: called when the log begins to fail, and, with None, when it keeps something again.
        :param on_broken: called when the log can keep nothing any more, after everybody was told.
        :param journal: called with each line about who came and went, for the person who runs the server.
        """
        self.settings = settings
        self.log = log
        self.delivery = delivery
        self.now = now
        self.journal = journal
        self.motd = motd
        self.turns = LoopTurns(soon)
        """The making of long answers, in turns."""
        self.slots = Slots(PAGES)
        """The slots of those who catch up, each with a page of the past."""
        self.rooms = Rooms()
        self.default_room = room_name(settings.room)
        self.stopping = False
        self.fault = ""
        """Why nothing can be kept, and so said, for the moment; empty while all is well."""
        self.when_broken: list[Callable[[ChatError], None]] = [on_broken]
        """Each is called when the log can keep nothing any more, after everybody was told."""
        self.proxies = Proxies(settings.proxies)
        """The proxies that are believed, at all doors."""
        # A proxy may have any number of connections: those behind it are limited.
        self.admission = Admission(
            settings.max_clients,
            settings.max_clients_per_host,
            [*networks_of(settings.exempt), *self.proxies.networks],
            limited=bool(settings.rate),
        )
        """How many connections there are, at all doors."""
        self.memory = memory or Memory(settings.memory * 1024 * 1024)
        """The bytes that wait, at all doors."""
        self.scheduler = Scheduler(log.is_full)
        """Whose input is taken next, at all doors."""
        self.operators = Operators(operators or {})
        self.clear_passwords = ClearPasswords(networks_of(settings.clear_passwords))
        self.accounts = accounts or Accounts(settings, now=now)
        """Who is logged in to what, and whose nicknames are whose."""
        self.directory = Directory(nicknames or LocalNicknames())
        self._ledger = Ledger()
        self._state = State(settings.max_rooms, log.state)
        # Quits that wait for an earlier request of their member: the reason, and the asker.
        self._quits: dict[Member, tuple[str, Asker | None]] = {}
        # Requests with a ref that left no event and were done, by (member id, ref); oldest first.
        self._refs: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._expelled = Expelled()
        self._hook = hook
        self._on_not_kept = on_not_kept
        log.start(self)

    # Questions.

    @property
    def members(self) -> Mapping[str, Member]:
        """The holders of nicknames, by key."""
        return self.directory.holders

    def find(self, nickname: str) -> Member:
        """:raises NoSuchNickname: nobody is called that."""
        return self.directory.find(nickname)

    def room(self, name: str) -> Room:
        """:raises NoSuchRoom: there is none of that name."""
        if name not in self.rooms:
            raise NoSuchRoom(room=name)
        return self.rooms[name]

    # Nicknames.

    def claim(
        self, member: Member, nickname: str, granted: Callable[[], None], refused: Callable[[PeerError], None]
    ) -> None:
        """Have ``member`` hold their first nickname; one of the two is called, perhaps later.

        Neither is called for a member who has quit in the meantime.

        :param refused: told that it is taken, or registered by another.
        :raises NicknameRefused: nobody may be called that.
        :raises ExpelledLately: an operator has just expelled them under this name.
        """
        self._check_nickname(member, nickname)
        member.standing = Standing.CLAIMING

        def answered(error: PeerError | None) -> None:
            if member.standing is Standing.LEAVING:
                if error is None:
                    self.directory.give_up(member, nickname)
                self._quit(member, *self._quits.pop(member))
            elif error is not None:
                member.standing = Standing.OUTSIDE
                refused(error)
            else:
                member.standing = Standing.HERE
                self.directory.enter(member, nickname)
                self.accounts.used(member)
                granted()

        self._claim(member, nickname, answered)

    def _claim(self, member: Member, nickname: str, answer: Callable[[PeerError | None], None]) -> None:
        """Claim a valid nickname, which may belong to an account."""

        def may_have(error: PeerError | None, own: bool) -> None:
            if error is not None:
                answer(error)
            else:
                self.directory.claim(member, nickname, answer, own=own)

        self.accounts.claim(member, nickname, may_have)

    def give_up(self, member: Member) -> None:
        """Have ``member``, who is in no room, hold no nickname: they are outside again."""
        if member.standing is Standing.HERE:
            self.directory.release(member)
            member.standing = Standing.OUTSIDE

    def rename(self, member: Member, nickname: str, asker: Asker | None = None, ref: str = "", **own: Any) -> None:
        """Have ``member`` called ``nickname``; until that has happened both names are theirs.

        :raises NicknameRefused: nobody may be called that.
        :raises ExpelledLately: an operator has just expelled them under this name.
        """
        self._check_nickname(member, nickname)
        self._one_at_a_time(member)
        request = Request(member, Renamed, tuple(member.rooms), nickname, asker, ref=ref, **own)
        member.pending = True
        member.next_nickname = nickname

        def answered(error: PeerError | None) -> None:
            if error is not None:
                member.next_nickname = ""
                self._not_done(request, error)
            elif member.rooms:
                self._append(request)
            else:
                # There is no room in which it could be seen.
                event = self._unseen(request)
                self._renamed(member, nickname)
                self._done(request, event)

        self._claim(member, nickname, answered)

    def _renamed(self, member: Member, nickname: str) -> None:
        self.directory.rename(member, nickname)
        self.accounts.used(member)

    def _check_nickname(self, member: Member, nickname: str) -> None:
        if self.stopping:
            raise Stopping()
        key = check_nickname(nickname, self.settings.server_name)
        session = member.session
        # An operator may have closed the connection of their own that was dead.
        if (
            session is not None
            and not member.operator
            and (seconds := self._expelled.wait(session.address, key, session.seconds()))
        ):
            minutes = ceil(seconds / 60)
            raise ExpelledLately(nickname=nickname, wait="a minute" if minutes == 1 else f"{minutes} minutes")

    # Requests about where one is: each either raises a PeerError or has its asker told an outcome.

    def join(self, member: Member, rooms: Sequence[str], asker: Asker | None = None, ref: str = "", **own: Any) -> None:
        """Have ``member`` come into ``rooms``, in none of which they are.

        :param rooms: each as :func:`~chatroom.model.names.room_name` has it.
        :param own: ``own_form`` and ``context`` of the :class:`~chatroom.core.requests.Request`.
        :raises TooManyRooms: for that member, or altogether.
        :raises RoomNameRefused: a room that is there could be taken for one of them.
        """
        if self.stopping:
            raise Stopping()
        self._one_at_a_time(member)
        for room in rooms:
            if room not in self.rooms and (like := self.rooms.like(room)):
                raise RoomNameRefused(why=f"it looks like {like}, which is another room")
        if len(member.rooms) + len(rooms) > self.settings.max_joined:
            raise TooManyRooms(who="One person may be in", limit=self.settings.max_joined)
        new = sum(room not in self.rooms for room in rooms)
        if new and len(self.rooms) + new > self.settings.max_rooms:
            raise TooManyRooms(who="There may be", limit=self.settings.max_rooms)
        member.rooms.update(dict.fromkeys(rooms))
        self._append_alone(Request(member, Joined, rooms, "", asker, ref=ref, **own))

    def leave(
        self, member: Member, rooms: Sequence[str], reason: str, asker: Asker | None = None, ref: str = "", **own: Any
    ) -> None:
        """Have ``member`` go out of ``rooms``.

        :raises NotInRoom: they are not in one of them.
        """
        for room in rooms:
            self._must_be_in(member, room)
        self._one_at_a_time(member)
        for room in rooms:
            del member.rooms[room]
        self._append_alone(Request(member, Left, rooms, reason, asker, ref=ref, **own))

    def quit(self, member: Member, reason: str, asker: Asker | None = None) -> None:
        """Have ``member`` leave everything; their nickname is free once that is on its way."""
        if member.standing in (Standing.LEAVING, Standing.GONE):
            return
        waits = member.pending or member.standing is Standing.CLAIMING
        member.standing = Standing.LEAVING
        self.accounts.gone(member)
        if waits:
            self._quits[member] = reason, asker
        else:
            self._quit(member, reason, asker)

    def _quit(self, member: Member, reason: str, asker: Asker | None) -> None:
        request = Request(member, Quit, tuple(member.rooms), reason, asker)
        # Nothing more can be said there.
        member.rooms.clear()
        if self.stopping or not request.rooms:
            self.directory.release(member)
            for room in request.rooms:
                self._remove(member, room)
            member.go()
            if asker is not None:
                asker.done(request, self._unseen(request))
            return
        self._append_alone(request)
        # Behind the append: whoever takes the nickname comes in after its holder has gone.
        self.directory.release(member)

    def _unseen(self, request: Request) -> Event:
        """An event for the outcome of a request that happens in no room, and so in no log."""
        member = request.member
        return request.kind(0, self.now(), "", member.member_id, member.nickname, request.text)

    def _must_be_in(self, member: Member, room: str) -> None:
        if self.stopping:
            raise Stopping()
        if not room:
            raise InNoRoom()
        if room not in member.rooms:
            raise NotInRoom(room=room)

    def _one_at_a_time(self, member: Member) -> None:
        if member.pending or member.standing is not Standing.HERE:
            raise RequestPending()

    def _append_alone(self, request: Request) -> None:
        request.member.pending = True
        self._append(request)

    def _append(self, request: Request) -> None:
        member = request.member
        token = self._ledger.open(request, len(request.rooms))
        extras = _with_account(member) if member.account else None
        # Its ref stays out of the log: to do it again, after a reconnect, is what somebody wants who asks again.
        self.log.append(
            [
                Draft(request.kind, room, member.member_id, member.nickname, request.text, extras=extras, token=token)
                for room in request.rooms
            ]
        )

    # Requests to have something shown.

    def say(
        self,
        member: Member,
        room: str,
        text: str,
        kind: type[Event] = Said,
        request: Request | None = None,
        *,
        ref: str = "",
        about: int = 0,
        extras: Mapping[str, Any] | None = None,
    ) -> None:
        """Have something said in ``room``, or another event of talk or state happen there.

        :param request: who is told what becomes of it; one may stand for many.
        :param ref: the id that the member's client gave to the request, which is not done twice; empty for none.
        :param about: the id of the event that it is about; 0: of none.
        :raises NotInRoom: they are not in it.
        :raises LooksLikeEvent: others could take it for a line of the server's.
        :raises TopicTooLong: it is a topic of more bytes than a topic may have.
        """
        if self.stopping or room not in member.rooms:
            self._must_be_in(member, room)
        if kind is Acted and looks_like_event(text):
            raise LooksLikeEvent()
        if kind is TopicChanged and len(text.encode(ENCODING)) > MAX_TOPIC:
            raise TopicTooLong(limit=MAX_TOPIC)
        if request is None:
            token = 0
        elif request.token:
            # As the ledger does it.
            token = request.token
            request.awaited += 1
        else:
            token = self._ledger.open(request)
        if member.account:
            extras = _with_account(member, extras)
        draft = (kind, room, member.member_id, member.nickname, text, about, extras, ref, token)
        # As in Draft.event: this is done for each message.
        self.log.append((tuple.__new__(Draft, draft),))

    def set_away(self, member: Member, text: str, asker: Asker | None = None, ref: str = "", **own: Any) -> None:
        """Have ``member`` away from now on.

        :param text: why; empty when they are back.
        """
        self._one_at_a_time(member)
        request = Request(member, Away, tuple(member.rooms), text, asker, ref=ref, **own)
        if member.rooms and member.away != (text or None) and not self.stopping:
            self._append_alone(request)
        else:
            self._went_away(member, text)
            self._done(request, self._unseen(request))

    # Messages to one person, which happen at once.

    def private(
        self,
        member: Member,
        nickname: str,
        text: str,
        notice: bool = False,
        tags: Mapping[str, str] | None = None,
    ) -> Private:
        """Tell one other person.

        :param tags: what a client has to say to another client with it; None for nothing.
        :returns: what they are told, for the one who says it.
        :raises NoSuchNickname: nobody is called that.
        """
        to = self.find(nickname)
        message = Private(self.now(), member.nickname, to.nickname, text, notice, tags)
        if to is not member and not to.ignores(member.nickname):
            to.tell(message)
        return message

    def invite(self, member: Member, nickname: str, room: str) -> Member:
        """Ask somebody to come into a room.

        :returns: whom.
        :raises NoSuchNickname: nobody is called that.
        :raises NotInRoom: the one who asks is not in it.
        :raises AlreadyHere: the one who is asked is.
        """
        guest = self.find(nickname)
        self._must_be_in(member, room)
        if room in guest.rooms:
            raise AlreadyHere(nickname=guest.nickname, room=room)
        if not guest.ignores(member.nickname):
            guest.tell(Invited(member.nickname, room))
        return guest

    def expel(self, member: Member, nickname: str, reason: str) -> Member:
        """Close somebody's connection, as operators may; they may not come back at once under the same name.

        :returns: whose.
        :raises NotOperator: the one who asks is none.
        :raises NoSuchNickname: nobody is called that.
        """
        if not member.operator:
            raise NotOperator()
        victim = self.find(nickname)
        if victim.session is not None:
            self._expelled.note(victim.session.address, victim.key, victim.session.seconds())
            victim.session.expel(member.nickname, reason)
        else:
            self.quit(victim, f"Killed ({member.nickname} ({reason}))")
        return victim

    def broadcast(self, text: str) -> None:
        """Tell everybody."""
        for member in self.directory.everybody():
            member.tell(Notice(text))

    def was_done(self, member: Member, ref: str) -> bool:
        """True when a request that left no event was done for this member and ``ref`` before."""
        return (member.member_id, ref) in self._refs

    def note_done(self, member: Member, ref: str) -> None:
        """Remember that a request that is in no log was done; of too many, the oldest is forgotten."""
        self._refs[member.member_id, ref] = None
        if len(self._refs) > REMEMBERED_REFS:
            self._refs.popitem(last=False)

    def stop(self, done: Callable[[], None]) -> None:
        """Take no more requests, have what was said kept and shown, then call ``done``."""
        self.stopping = True
        self.turns.close()
        self.log.stop(done)

    def drop_questions(self, asker: Payer) -> None:
        """Give up everything that ``asker``, who has gone, waits for."""
        self.memory.drop(asker)
        self.slots.drop(asker)
        self.turns.drop(asker)
        self.log.drop(asker)

    # Outcomes, as the log tells them.

    def _release_if_roomy(self) -> None:
        if not self.log.is_full():
            self.scheduler.release()

    def committed(self, events: Sequence[Event], tokens: Sequence[int]) -> None:
        """Change who is here, show what has happened, answer those who asked for it."""
        if self.scheduler.held:
            self._release_if_roomy()
        if self.fault and any(event.kept for event in events):
            self.mended()
        find = self._ledger.find
        done: list[tuple[Request, Event]] = []
        # Ids of the events at which a session's subscription changes; and own forms, by session and index in the batch.
        turned: dict[Any, int] = {}
        own: dict[Any, dict[int, bytes]] = {}
        for index, event in enumerate(events):
            request = find(tokens[index])
            if request is not None:
                request.awaited -= 1
                if not request.awaited:
                    self._ledger.strike_off(request)
                    done.append((request, event))
                if request.own_form and request.asker is not None:
                    own.setdefault(request.asker, {})[index] = request.asker.own(request, event)
            if event.ref:
                self._show_ref(event, index, request, own)
            if event.nature is not _TALK:
                self._happened(event, request, turned)
        self.delivery.publish(events, turned, own)
        for request, event in done:
            self._tell_done(request, event)
        if self._hook is not None:
            for event in events:
                self._hook(event)

    def _tell_done(self, request: Request, event: Event) -> None:
        """Tell whoever asked for a request that it has happened."""
        if not request.standing:
            self._done(request, event)
        elif request.asker is not None:
            request.asker.said(request)

    def _show_ref(self, event: Event, index: int, request: Request | None, own: dict[Any, dict[int, bytes]]) -> None:
        """Have the author of an event, who may have come back by another connection, be shown its ``ref``."""
        author = self.directory.by_id(event.member)
        session: Any = author.session if author is not None else None
        if session is not None and (request is None or request.asker is not session):
            own.setdefault(session, {})[index] = session.with_ref(event)

    def _happened(self, event: Event, request: Request | None, turned: dict[Any, int]) -> None:
        """Change who is here, or what holds, as ``event`` says."""
        if event.nature is Nature.STATE:
            self._state.note(event)
            if type(event) is TopicChanged and event.room in self.rooms:
                self.rooms[event.room].take_topic(event)
            return
        if request is None:
            return
        request.first = request.first or event.id
        member = request.member
        if isinstance(event, Renamed):
            self._renamed(member, event.text)
        elif isinstance(event, Away):
            self._went_away(member, event.text)
        elif isinstance(event, Joined):
            if member.session is not None:
                turned.setdefault(member.session, event.id)
            self.rooms.enter(member, event.room, event.at, self._state.of(event.room, TopicChanged))
        elif isinstance(event, Left):
            # A member who leaves several rooms is shown the event of each.
            if not request.awaited and member.session is not None:
                turned[member.session] = event.id
            self._remove(member, event.room)

    def refused(self, token: int, error: ChatError) -> None:
        """Tell the asker of a request that this one alone will not happen."""
        if self.scheduler.held:
            self._release_if_roomy()
        request = self._ledger.close(token)
        if request is not None:
            self._not_done(request, error)

    def failed(self, tokens: Sequence[int], error: ChatError) -> None:
        """All is as it was before these requests; tell those who asked."""
        if not self.fault:
            self._on_not_kept(error)
        self.fault = str(error)
        if self.scheduler.held:
            self._release_if_roomy()
        for token in tokens:
            self.refused(token, error)

    def mended(self) -> None:
        """Take notice that things can be kept, and so said, again."""
        if self.fault:
            self.fault = ""
            self._on_not_kept(None)

    def broken(self, error: ChatError) -> None:
        """Nothing can be kept any more, so nothing more can be said; tell everybody."""
        self.stopping = True
        self.fault = str(error)
        self.scheduler.release()
        pending = self._ledger.close_all()
        told = {request.member for request in pending if request.asker is not None}
        for request in pending:
            self._not_done(request, error)
        for member in list(self.directory.everybody()):
            if member not in told:
                member.tell(Refused(error.code, str(error)))
        for call in self.when_broken:
            call(error)

    def _done(self, request: Request, event: Event) -> None:
        """A request about where, or who, somebody is has happened."""
        member = request.member
        member.pending = False
        if request.kind is Quit:
            member.go()
        if request.asker is not None:
            request.asker.done(request, event)
        self._quit_if_due(request.member)

    def _not_done(self, request: Request, error: ChatError) -> None:
        if request.kind.nature is Nature.MEMBERSHIP:
            self._undo(request)
        if request.asker is not None:
            request.asker.not_done(request, error)
        self._quit_if_due(request.member)

    def _quit_if_due(self, member: Member) -> None:
        """Have whoever quit in the middle of another request quit now."""
        if member in self._quits and not member.pending:
            self._quit(member, *self._quits.pop(member))

    def _undo(self, request: Request) -> None:
        member = request.member
        member.pending = False
        if request.kind is Renamed:
            self.directory.give_up_claim(member)
        elif request.kind is Left:
            member.rooms.update(dict.fromkeys(request.rooms))
        elif request.kind is Joined:
            for name in request.rooms:
                member.rooms.pop(name, None)
        elif request.kind is Quit:
            member.go()
            for name in request.rooms:
                self._remove(member, name)
                if name in self.rooms:
                    for other in list(self.rooms[name].members):
                        other.tell(Gone(name, member.nickname, request.text))

    def _remove(self, member: Member, name: str) -> None:
        member.rooms.pop(name, None)
        self.rooms.leave(member, name)

    def _went_away(self, member: Member, text: str) -> None:
        if member.away != (text or None):
            member.away = text or None
            for watcher in self.directory.watchers:
                watcher.went_away(member)


def _with_account(member: Member, extras: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
    """``extras``, and the account of ``member``, who is logged in: the one of the moment at which they ask.

    It is kept with the event, since by the time that the event is shown, or shown again, they may have logged out.
    """
    return {ACCOUNT: member.account} if extras is None else {**extras, ACCOUNT: member.account}
