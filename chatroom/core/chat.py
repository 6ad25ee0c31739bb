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

from collections import OrderedDict, deque
from collections.abc import Callable, Mapping, Sequence
from math import ceil
from typing import Any

from chatroom.core.accounts import Accounts, check_moderate
from chatroom.core.admission import Admission, networks_of
from chatroom.core.audit import Audit, Reports, entry_of
from chatroom.core.changes import NO_CHANGES, Changes
from chatroom.core.delivery import Delivery, Subscription
from chatroom.core.directory import Directory
from chatroom.core.enforcement import Enforcement
from chatroom.core.expelled import Expelled
from chatroom.core.gate import Gate
from chatroom.core.members import Connection, Member, Standing, id_of_client
from chatroom.core.memory import Memory
from chatroom.core.moderation import Moderation, deed, rules_of
from chatroom.core.nicknames import LocalNicknames, Nicknames
from chatroom.core.operators import ClearPasswords, Operators
from chatroom.core.proxies import Proxies
from chatroom.core.removals import RemovalRequest, Removals
from chatroom.core.requests import Asker, Ledger, Request
from chatroom.core.rooms import Room, Rooms
from chatroom.core.scheduling import Scheduler
from chatroom.core.sharing import Turn
from chatroom.core.slots import Slots
from chatroom.core.state import State
from chatroom.log.audit import AuditStore
from chatroom.log.interface import ILog
from chatroom.log.memory_audit import MemoryAudit
from chatroom.log.turns import Asker as Payer
from chatroom.log.turns import LoopTurns
from chatroom.model.answers import Gone, Invited, Notice, Private, Refused
from chatroom.model.constants import ENCODING, MAX_TOPIC
from chatroom.model.errors import (
    AlreadyHere,
    Banned,
    BannedFromServer,
    ChatError,
    ExpelledLately,
    InNoRoom,
    LooksLikeEvent,
    Muted,
    NoSuchRoom,
    NotInRoom,
    NotOperator,
    PeerError,
    PutOut,
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
    Kicked,
    Left,
    Nature,
    Quit,
    Removal,
    Renamed,
    Said,
    TopicChanged,
)
from chatroom.model.masks import THE_SERVER
from chatroom.model.names import check_nickname, room_name
from chatroom.model.roles import SERVER, Right
from chatroom.model.settings import Settings
from chatroom.model.text import looks_like_event

# Looked up for each event.
_TALK = Nature.TALK
_NOBODY: Mapping[Any, tuple[int, Subscription]] = {}

PAGES = 32
"""Pages of the past that are in memory at once for those who catch up: of long lines, a few hundred kilobytes each."""

REMEMBERED_REFS = 10_000
"""Requests with a ``ref`` that are not in the log, and that are known to have been done."""


class Chat:
    """All the rooms of one server, and everybody who is there."""

    def __init__(  # noqa: PLR0915 - the parts of a server, one after the other
        self,
        log: ILog,
        delivery: Delivery,
        *,
        now: Callable[[], float],
        settings: Settings,
        nicknames: Nicknames | None = None,
        accounts: Accounts | None = None,
        gate: Gate | None = None,
        memory: Memory | None = None,
        audit: AuditStore | None = None,
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
        :param gate: who may come in; without one, a closed server lets in nobody but those who are logged in.
        :param memory: the count of what waits for everybody; one with the limit of the settings unless given.
        :param audit: keeps the audit log; in memory unless given.
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
        self.gate = gate or Gate(settings, now=now)
        """Who has shown that they may come in."""
        self.accounts.registrar = self.gate
        self.directory = Directory(nicknames or LocalNicknames())
        self.enforcement = Enforcement(
            settings.enforce,
            self.accounts,
            rename=self.rename,
            when_free=self.when_free,
            like=self.directory.like,
        )
        """The holders of registered nicknames who have yet to log in."""
        if self.enforcement.on:
            self.directory.make_way = self._make_way
        self.removals = Removals()
        """The messages that were removed lately."""
        self.audit_log = Audit(audit or MemoryAudit(), now, journal)
        """Who has done what to whom."""
        self.reports = Reports(self.audit_log.open_reports)
        """What people have reported, and nobody has dealt with."""
        self.rules = rules_of(settings)
        """What holds for what people may do, as of the last event."""
        self.rules.start(log.state)
        self.rules.lapsed.clear()
        self.moderation = Moderation(self)
        self.accounts.watch(self.moderation.logged_in, lambda nickname: None)
        """The requests of those who keep order."""
        self._ledger = Ledger()
        self._state = State(settings.max_rooms, log.state)
        # Quits that wait for an earlier request of their member: the reason, the asker, and whether it is theirs.
        self._quits: dict[Member, tuple[str, Asker | None, bool]] = {}
        # Calls that wait for a request of a member to be answered.
        self._when_free: dict[Member, deque[Callable[[], None]]] = {}
        # Requests with a ref that left no event and were done, by (member id, ref); oldest first.
        self._refs: OrderedDict[tuple[str, str], None] = OrderedDict()
        # The connections that hear other rooms within the batch that is being looked at, and have not asked for that.
        self._turning: list[tuple[Connection, Turn]] = []
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

    # Rights.

    def check_right(self, member: Member, right: Right, room: str = SERVER) -> None:
        """Check that ``member`` has ``right``, as far as can be told before it is put in order.

        :raises NotAllowed: they have not.
        """
        self.rules.check(right, room, member.member_id, member.author)

    def check_is_in(self, member: Member, room: str) -> None:
        """:raises NotInRoom: ``member`` is not in ``room``."""
        self._must_be_in(member, room)

    def check_shown(self, member: Member, room: str) -> None:
        """:raises NoSuchRoom: there is none that ``member`` is told of."""
        if room not in self.rooms or not self.moderation.shows_room(member, room):
            raise NoSuchRoom(room=room)

    def shown_room(self, member: Member, name: str) -> Room:
        """The room of that name.

        :raises NoSuchRoom: there is none that ``member`` is told of.
        """
        self.check_shown(member, name)
        return self.rooms[name]

    def _check_not_shunned(self, member: Member) -> None:
        self.rules.check_shun(member.person, self.now())

    # Nicknames.

    def claim(  # noqa: PLR0915 - its answers, which come one behind the other
        self,
        member: Member,
        nickname: str,
        granted: Callable[[], None],
        refused: Callable[[ChatError], None],
        beside: Callable[[Member], None] | None = None,
        *,
        also: bool = False,
    ) -> None:
        """Have ``member`` hold their first nickname; one of the three is called, perhaps later.

        None is called for a member who has quit in the meantime.

        :param refused: told that it is taken, or registered by another, or that their invitation is used up.
        :param beside: told of the member who holds it already, and whose further connection that of ``member`` is from
            now on; None where it cannot be.
        :param also: whether their client has asked for that; so may their account (:meth:`Accounts.shares`).
        :raises ServerClosed: they have yet to show that they may come in.
        :raises NicknameRefused: nobody may be called that.
        :raises ExpelledLately: an operator has just expelled them under this name.
        :raises BannedFromServer: they may not come in.
        """
        # First: a stranger learns nothing of the nicknames here.
        self.gate.check(member)
        member.renew()
        self._check_nickname(member, nickname)
        self.rules.check_server_ban(member.person._replace(nickname=nickname), self.now())
        member.standing = Standing.CLAIMING

        def taken_along(holder: Member) -> None:
            if member.standing is Standing.LEAVING:
                self._quit(member, *self._quits.pop(member))
                return
            self._go_beside(member, holder)
            assert beside is not None
            beside(holder)

        def go_on(shares: bool) -> None:
            session = member.session
            # Who has logged in by a token may do less than others of the account.
            if shares and session is not None and member.shared is None and member.scopes is None:
                member_id = id_of_client(f"account {member.account}", self.log.identity)
                here = self.directory.by_id(member_id)
                # They may have logged out, and be anybody.
                if here is None or (here.account == member.account and here.shared is not None):
                    member.share(session, member_id)
            can_be = beside is not None and member.shared is not None
            self._claim(member, nickname, answered, taken_along if can_be else None)

        def answered(error: PeerError | None) -> None:
            if error is not None:
                not_granted(error)
            elif member.standing is Standing.LEAVING:
                counted()
            else:
                self.gate.enter(member, counted, not_counted)

        def counted() -> None:
            if member.standing is Standing.LEAVING:
                self.gate.gone(member)
                not_counted(Stopping())
                return
            member.standing = Standing.HERE
            self.directory.enter(member, nickname)
            self.accounts.used(member)
            granted()
            self._look_at_nickname(member)

        def not_counted(error: ChatError) -> None:
            self.directory.give_up(member, nickname)
            not_granted(error)

        def not_granted(error: ChatError) -> None:
            if member.standing is Standing.LEAVING:
                self._quit(member, *self._quits.pop(member))
            else:
                member.standing = Standing.OUTSIDE
                refused(error)

        if beside is None or not member.account:
            go_on(False)
        elif also:
            go_on(True)
        else:
            self.accounts.shares(member.account, go_on)

    def _go_beside(self, member: Member, holder: Member) -> None:
        """Have the connection of ``member``, who is nobody apart any more, be one more of ``holder``'s."""
        session, mine, theirs = member.session, member.shared, holder.shared
        assert session is not None
        assert mine is not None
        assert theirs is not None
        view = mine.views[session]
        before = theirs.of_client(view.scope) if view.lasting else None
        theirs.views[session] = view
        self.accounts.end_login(member)
        self.gate.gone(member)
        member.go()
        self.directory.note_client(view, holder)
        if before is not None:
            before.replace()

    def part(self, member: Member, session: Connection) -> bool:
        """Have ``session`` be no connection of ``member``'s any more, if they have others: nobody else sees that.

        :returns: False where it is the last, and all is as it was.
        """
        shared = member.shared
        if shared is None or (len(shared.views) == 1 and session in shared.views):
            return False
        view = shared.views.pop(session, None)
        if view is not None:
            self.directory.forget_client(view, member)
            if view.lasting:
                self.accounts.may_come_back(view.scope, member.account, member.account_made, session.seconds())
            receiver: Any = session
            self.delivery.detach(receiver)
        return True

    def _claim(
        self,
        member: Member,
        nickname: str,
        answer: Callable[[PeerError | None], None],
        beside: Callable[[Member], None] | None = None,
    ) -> None:
        """Claim a valid nickname, which may belong to an account."""

        def may_have(error: PeerError | None, own: bool) -> None:
            if error is not None and not self.enforcement.lets_in(member, error):
                answer(error)
            else:
                self.directory.claim(member, nickname, answer, own=own, beside=beside)

        self.accounts.claim(member, nickname, may_have)

    def _make_way(self, member: Member) -> None:
        """Have ``member`` be called something else, since the owner of their nickname claims it."""

        def failed() -> None:
            if self.directory.is_waited_for(member):
                for session in member.sessions:
                    session.replace(owner=True)

        self.enforcement.make_guest(member, "The owner of your nickname has logged in", failed)

    def give_up(self, member: Member) -> None:
        """Have ``member``, who is in no room, hold no nickname: they are outside again."""
        if member.standing is Standing.HERE:
            self.enforcement.drop(member)
            self.directory.release(member)
            member.standing = Standing.OUTSIDE

    def rename(self, member: Member, nickname: str, asker: Asker | None = None, ref: str = "", **own: Any) -> None:
        """Have ``member`` called ``nickname``; until that has happened both names are theirs.

        :raises NicknameRefused: nobody may be called that.
        :raises ExpelledLately: an operator has just expelled them under this name.
        """
        self._check_nickname(member, nickname)
        self._check_not_shunned(member)
        self.rules.check_server_ban(member.person._replace(nickname=nickname), self.now())
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
        self._look_at_nickname(member)

    def _look_at_nickname(self, member: Member) -> None:
        """Find out whether ``member`` may be called so, once they have been shown that they are."""
        if self.enforcement.on:
            self.when_free(member, lambda: self.enforcement.look_at(member))

    def _check_nickname(self, member: Member, nickname: str) -> None:
        if self.stopping:
            raise Stopping()
        key = check_nickname(nickname, self.settings.server_name)
        # An operator may have closed the connection of their own that was dead.
        for session in () if member.operator else member.sessions:
            if seconds := self._expelled.wait(session.address, key, session.seconds()):
                minutes = ceil(seconds / 60)
                raise ExpelledLately(nickname=nickname, wait="a minute" if minutes == 1 else f"{minutes} minutes")

    # Requests about where one is: each either raises a PeerError or has its asker told an outcome.

    def join(
        self,
        member: Member,
        rooms: Sequence[str],
        asker: Asker | None = None,
        ref: str = "",
        key: str = "",
        **own: Any,
    ) -> None:
        """Have ``member`` come into ``rooms``, in none of which they are.

        :param key: the key of a room that has one; empty for none.
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
                other = f"{like}, which is another room" if self.moderation.shows_room(member, like) else "another room"
                raise RoomNameRefused(why=f"it looks like {other}")
        if len(member.rooms) + len(rooms) > self.settings.max_joined:
            raise TooManyRooms(who="One person may be in", limit=self.settings.max_joined)
        new = sum(room not in self.rooms for room in rooms)
        if new and len(self.rooms) + new > self.settings.max_rooms:
            raise TooManyRooms(who="There may be", limit=self.settings.max_rooms)
        member.rooms.update(dict.fromkeys(rooms))
        request = Request(member, Joined, rooms, "", asker, ref=ref, **own)
        if key:
            request.author = request.author._replace(key=key)
        self._append_alone(request)

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

    def quit(self, member: Member, reason: str, asker: Asker | None = None, *, own_words: bool = False) -> None:
        """Have ``member`` leave everything; their nickname is free once that is on its way.

        :param own_words: whether the reason is theirs, which nobody is shown who is silenced.
        """
        if member.standing in (Standing.LEAVING, Standing.GONE):
            return
        waits = member.pending or member.standing is Standing.CLAIMING
        member.standing = Standing.LEAVING
        self.enforcement.drop(member)
        author = member.author
        self.accounts.gone(member)
        # Their last words are held against the rules for who they were.
        member.author = author
        self.gate.gone(member)
        if waits:
            self._quits[member] = reason, asker, own_words
        else:
            self._quit(member, reason, asker, own_words)

    def _quit(self, member: Member, reason: str, asker: Asker | None, own_words: bool) -> None:
        request = Request(member, Quit, tuple(member.rooms), reason, asker)
        if not own_words:
            request.author = request.author._replace(is_server=True)
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

    def when_free(self, member: Member, call: Callable[[], None]) -> None:
        """Call ``call`` once no request of ``member`` is on its way of which they may have one at a time."""
        if member.pending:
            self._when_free.setdefault(member, deque()).append(call)
        else:
            call()

    def _append_alone(self, request: Request) -> None:
        request.member.pending = True
        self._append(request)

    def _append(self, request: Request) -> None:
        member = request.member
        token = self._ledger.open(request, len(request.rooms))
        author, invited = request.author, self.moderation.is_invited if request.kind is Joined else None
        extras = _with_account(member) if member.account else None
        # Its ref stays out of the log: to do it again, after a reconnect, is what somebody wants who asks again.
        self.log.append(
            [
                Draft(
                    *(request.kind, room, member.member_id, member.nickname, request.text),
                    extras=extras,
                    token=token,
                    author=author._replace(invited=True) if invited and invited(member, room) else author,
                )
                for room in request.rooms
            ]
        )

    def ask(self, request: Request, drafts: Sequence[Draft]) -> None:
        """Have several things happen at a member's request, all of them or none; they wait for its outcome.

        :raises RequestPending: they wait for another.
        """
        if self.stopping:
            raise Stopping()
        self._one_at_a_time(request.member)
        request.standing = False
        request.member.pending = True
        token = self._ledger.open(request, len(drafts))
        self.log.append([draft._replace(token=token) for draft in drafts])

    def append_for_server(self, draft: Draft) -> None:
        """Have something happen that nobody may refuse, and nobody waits for."""
        if not self.stopping:
            author = (draft.author or THE_SERVER)._replace(is_server=True)
            self.log.append([draft._replace(author=author)])

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
        if member.scopes is not None:
            member.scopes.check_say(room)
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
        if member.author.account:
            extras = _with_account(member, extras)
        draft = (kind, room, member.member_id, member.nickname, text, about, extras, ref, token, member.author)
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

    def check_say(self, member: Member, room: str) -> None:
        """Check that ``member`` may say something in ``room``, or to one person where it is empty.

        :raises ScopeMissing: they have logged in by a token that does not allow it.
        """
        if member.scopes is not None:
            member.scopes.check_say(room)

    # Messages to one person, which happen at once.

    def private(
        self,
        member: Member,
        nickname: str,
        text: str,
        notice: bool = False,
        tags: Mapping[str, str] | None = None,
        *,
        asker: Connection | None = None,
    ) -> Private:
        """Tell one other person.

        :param asker: the connection of ``member``'s that says it; their others are told.
        :param tags: what a client has to say to another client with it; None for nothing.
        :returns: what they are told, for the one who says it.
        :raises NoSuchNickname: nobody is called that.
        """
        self.check_say(member, "")
        to = self.find(nickname)
        self._check_not_shunned(member)
        message = Private(self.now(), member.nickname, to.nickname, text, notice, tags)
        if to is not member:
            to.tell(message, by=member.nickname)
        if member.shared is not None:
            member.tell(message, but=asker)
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
        self.check_say(member, room)
        self._check_not_shunned(member)
        self.check_right(member, Right.INVITE, room)
        if room in guest.rooms:
            raise AlreadyHere(nickname=guest.nickname, room=room)
        self.moderation.invite(member, guest, room)
        guest.tell(Invited(member.nickname, room), by=member.nickname)
        return guest

    def expel(self, member: Member, nickname: str, reason: str) -> Member:
        """Close somebody's connections, as operators may; they may not come back at once under the same name.

        :returns: whose.
        :raises NotOperator: the one who asks is none.
        :raises Outranked: the other has a higher role.
        :raises NoSuchNickname: nobody is called that.
        """
        check_moderate(member)
        if not self.moderation.may(member, Right.SERVER_KICK):
            raise NotOperator()
        victim = self.find(nickname)
        self.moderation.check_outranks(member, victim, SERVER)
        self.audit(member, "kill", victim.nickname, reason=reason)
        for session in victim.sessions:
            self._expelled.note(session.address, victim.key, session.seconds())
        for session in victim.sessions:
            session.expel(member.nickname, reason)
        if victim.standing is Standing.HERE:
            self.quit(victim, f"Killed ({member.nickname} ({reason}))")
        return victim

    def remove(self, request: RemovalRequest, ids: Sequence[int], extras: Mapping[str, Any]) -> None:
        """Have messages removed, which :mod:`chatroom.core.removing` has found that the member may remove.

        :param ids: of the messages; of several, the extras have them.
        """
        about = 0 if "ids" in extras else ids[0]
        token, member = self._ledger.open(request), request.member
        fields = (Removal, request.rooms[0], member.member_id, member.nickname, request.text)
        self.log.append((Draft(*fields, about, extras, request.ref, token),))

    def may_moderate(self, member: Member, room: str) -> bool:
        """Whether ``member`` may deal with what others have said in ``room``; empty for all rooms."""
        return self.moderation.may(member, Right.REMOVE, room or SERVER)

    def audit(
        self, member: Member, action: str, target: str, room: str = "", reason: str = "", *, about: int = 0
    ) -> None:
        """Note in the audit log that ``member`` has done something that takes a right.

        :param target: the nickname, the account or the address that it was done to; empty for none.
        :param about: the id of the event that it is about; 0 for none.
        """
        self.audit_log.note(
            entry_of(member, action, target, self._called(target), room=room, reason=reason, about=about)
        )

    def _called(self, nickname: str) -> Member | None:
        try:
            return self.find(nickname) if nickname else None
        except PeerError:
            return None

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

    def committed(  # noqa: PLR0912 - each look saves a call for each batch
        self, events: Sequence[Event], tokens: Sequence[int]
    ) -> None:
        """Change who is here, show what has happened, answer those who asked for it."""
        if self.scheduler.held:
            self._release_if_roomy()
        if self.fault and any(event.kept for event in events):
            self.mended()
        find = self._ledger.find
        done: list[tuple[Request, Event]] = []
        # Own forms, by session and index in the batch.
        own: dict[Any, dict[int, bytes]] = {}
        changes = NO_CHANGES
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
                if changes is NO_CHANGES:
                    changes = Changes(own)
                self._happened(event, request, changes)
                if self.moderation.is_unseen(event):
                    self._hide(event, index, request, changes)
        switched = self._switch() if self._turning else _NOBODY
        self.delivery.publish(events, changes.turned, own, switched, changes.hidden)
        if self._turning:
            self._show_turns()
        # First those who hear nothing until then; of the others, each is told where they are by what they wait for.
        if changes.put_out:
            changes.tell_put_out(shown=True)
        for request, event in done:
            self._tell_done(request, event)
        if changes.put_out:
            changes.tell_put_out(shown=False)
        if changes.rules:
            self.moderation.happened(changes.rules)
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
        asker: Any = request.asker if request is not None else None
        for session in author.sessions if author is not None else ():
            if session is not asker and session.own_ref(event):
                own.setdefault(session, {})[index] = session.with_ref(event)

    @staticmethod
    def _hide(event: Event, index: int, request: Request | None, changes: Changes) -> None:
        """Have nobody be shown an event but its author."""
        changes.hidden.add(event.id)
        # Whoever has come in is shown it by what they wait for.
        if request is None or type(event) is Joined:
            return
        for session in request.member.sessions:
            if index not in changes.own.get(session, ()):
                changes.own.setdefault(session, {})[index] = session.with_ref(event)

    def _happened(self, event: Event, request: Request | None, changes: Changes) -> None:
        """Change who is here, or what holds, as ``event`` says."""
        self.rules.note(event)
        self.rules.lapsed.clear()
        # A request of several, such as a ban by name, account and address, is one deed.
        if request is not None and not request.awaited and (event.is_rule or isinstance(event, Kicked)):
            action, target, reason = deed(event)
            self.audit(request.member, action, target, event.room, reason)
        if event.nature is Nature.STATE:
            self._holds(event, changes)
        elif isinstance(event, Kicked):
            self._put_out(event, changes)
        elif isinstance(event, Removal):
            self._removed(event, request)
        elif request is not None:
            self._moved(event, request, changes)

    def _removed(self, event: Removal, request: Request | None) -> None:
        """Take notice that messages were removed."""
        self.removals.note(event)
        self.delivery.remove(event, event.ids)
        if isinstance(request, RemovalRequest) and request.audited:
            nickname = (event.extras or {}).get("nick", "")
            self.audit(request.member, request.audited, nickname, event.room, event.text, about=event.about or event.id)

    def _holds(self, event: Event, changes: Changes) -> None:
        """Take notice of an event of state."""
        if event.is_rule:
            changes.rules.append(event)
        else:
            self._state.note(event)
        if type(event) is TopicChanged and event.room in self.rooms:
            self.rooms[event.room].take_topic(event)

    def _moved(self, event: Event, request: Request, changes: Changes) -> None:
        """Take notice that somebody has come, gone, or has another name."""
        turned = changes.turned
        request.first = request.first or event.id
        member = request.member
        if isinstance(event, Renamed):
            self._renamed(member, event.text)
        elif isinstance(event, Away):
            self._went_away(member, event.text)
        elif isinstance(event, Joined):
            if member.session is not None:
                self._turn_in(member, request, turned)
            self.rooms.enter(member, event.room, event.at, self._state.of(event.room, TopicChanged))
            self.moderation.joined(event, member)
        elif isinstance(event, Left):
            # A member who leaves several rooms is shown the event of each.
            if not request.awaited and member.session is not None and not changes.is_put_out(member):
                self._turn_out(member, request, event.id, turned)
            self._remove(member, event.room)

    def _turn_in(self, member: Member, request: Request, turned: dict[Any, int]) -> None:
        """Have those who are shown what ``member`` is shown hear the rooms of a request to join."""
        if member.shared is None:
            turned.setdefault(member.session, request.first)
        elif not request.awaited:
            self._turn(member, request, Turn(request.first - 1, joined=request.rooms), turned)

    def _turn_out(self, member: Member, request: Request, last: int, turned: dict[Any, int]) -> None:
        """Have them hear the rooms no more that ``member`` has left by now.

        :param last: the id of the last event that they hear there.
        """
        if member.shared is None:
            turned[member.session] = last
        else:
            self._turn(member, request, Turn(last, left=request.rooms), turned)

    def _turn(self, member: Member, request: Request, turn: Turn, turned: dict[Any, int]) -> None:
        """Have each of several connections of ``member`` hear other rooms, from ``turn`` on."""
        assert member.shared is not None
        asker: Any = request.asker
        for session, view in member.shared.views.items():
            if session is asker or request.kind is Quit:
                # Those who have asked are shown the past first; or there is nothing more to be shown.
                turned[session] = request.first if turn.joined else turn.after
                view.take(turn)
            elif view.begun:
                self._turning.append((session, turn))

    def _switch(self) -> dict[Any, tuple[int, Subscription]]:
        """The connections that hear other rooms within the batch, though they have not asked for that, and which."""
        switched: dict[Any, tuple[int, Subscription]] = {}
        for session, turn in self._turning:
            subscription = session.take_turn(turn)
            if subscription is not None:
                switched[session] = turn.after, subscription
        # Those who catch up are shown it when they have come there.
        self._turning = [one for one in self._turning if one[0] in switched]
        return switched

    def _show_turns(self) -> None:
        turning, self._turning = self._turning, []
        for session, turn in turning:
            session.show_turn(turn)

    def _put_out(self, event: Kicked, changes: Changes) -> None:
        """Have somebody be out of a room."""
        room = self.rooms.get(event.room)
        if room is None:
            return
        victim = next((one for one in room.members if one.member_id == event.victim), None)
        if victim is None:
            return
        self._remove(victim, event.room)
        if victim.shared is not None:
            turn = Turn(event.id, left=(event.room,))
            self._turning += [(one, turn) for one, view in victim.shared.views.items() if view.begun]
        changes.put_out_of_room(victim, event)

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
        if member.shared is not None:
            asker: Any = request.asker
            for session in member.sessions:
                if session is not asker:
                    session.affected(event)
        self._go_on_with(request.member)

    def _not_done(self, request: Request, error: ChatError) -> None:
        if isinstance(error, PeerError) and not self.stopping and self._ask_again(request, error):
            return
        if request.kind.nature is Nature.MEMBERSHIP:
            self._undo(request)
        elif not request.standing:
            request.member.pending = False
        if request.asker is not None:
            request.asker.not_done(request, error)
        self._go_on_with(request.member)

    def _ask_again(self, request: Request, error: PeerError) -> bool:
        """Ask again for what is left of a request that an operator has come before.

        Somebody was put out of one of several rooms that they were about to leave; or they were silenced, and may leave
        without a word.

        :returns: False when there is nothing to be asked for again.
        """
        member, kind = request.member, request.kind
        if not issubclass(kind, Left | Renamed | Away):
            return False
        rooms, text = request.rooms, request.text
        if isinstance(error, PutOut):
            rooms = tuple(room for room in rooms if room in self.rooms and member in self.rooms[room].members)
        elif isinstance(error, Muted | Banned | BannedFromServer) and issubclass(kind, Left):
            text = ""
        if (rooms, text) == (request.rooms, request.text):
            return False
        request.rooms, request.text = rooms, text
        if rooms:
            self._append(request)
            return True
        if kind is Left:
            return False
        # It is seen in no room.
        event = self._unseen(request)
        if kind is Renamed:
            self._renamed(member, text)
        elif kind is Away:
            self._went_away(member, text)
        self._done(request, event)
        return True

    def _go_on_with(self, member: Member) -> None:
        """Have whoever quit in the middle of another request quit now, and do what waits for its end."""
        if member in self._quits and not member.pending:
            self._quit(member, *self._quits.pop(member))
        while not member.pending and (waiting := self._when_free.get(member)):
            call = waiting.popleft()
            if not waiting:
                del self._when_free[member]
            call()

    def _undo(self, request: Request) -> None:
        member = request.member
        member.pending = False
        if request.kind is Renamed:
            self.directory.give_up_claim(member)
        elif request.kind is Left:
            # They may have been put out in the meantime.
            member.rooms.update(
                dict.fromkeys(one for one in request.rooms if one in self.rooms and member in self.rooms[one].members)
            )
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
