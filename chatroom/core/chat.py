"""Who is here, and what may be said.

The middle of the way of a line. A request (imperative: :meth:`Chat.say`, :meth:`Chat.join`) is checked and
drafted into the log; what the log hands back (:meth:`Chat.committed`) changes who is here and goes on to
delivery. It knows no sockets, no files, no clock and no Twisted: the log and the delivery are handed to it.

Two rules hold it together:

- Only :meth:`Chat.committed` changes who is in a room, so everybody sees the same order.
- A member has one request to join, leave or be renamed on its way at a time; until it is answered
  (:meth:`chatroom.core.members.Member.settled`) nothing more is heard from that member.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from ipaddress import ip_network

from chatroom.core.delivery import Delivery
from chatroom.core.members import Member, Room
from chatroom.core.rate_limits import Admission
from chatroom.core.state import Topics
from chatroom.log.interface import ILog
from chatroom.model.errors import (
    ChatError,
    InNoRoom,
    LooksLikeEvent,
    NicknameTaken,
    NoSuchNickname,
    NoSuchRoom,
    NotInRoom,
    Stopping,
    TooManyRooms,
)
from chatroom.model.events import (
    Acted,
    Event,
    EventType,
    Gone,
    Joined,
    Left,
    Notice,
    Noticed,
    Private,
    Quit,
    Renamed,
    Said,
    TopicChanged,
)
from chatroom.model.names import check_nickname, nickname_key, room_name
from chatroom.model.settings import Settings
from chatroom.model.text import looks_like_event


class Chat:
    """All the rooms of one server, and everybody who is there."""

    def __init__(
        self,
        log: ILog,
        delivery: Delivery,
        *,
        now: Callable[[], float],
        settings: Settings,
        motd: Sequence[str] = (),
        hook: Callable[[Event], None] | None = None,
        on_not_kept: Callable[[ChatError | None], None] = lambda error: None,
        on_broken: Callable[[ChatError], None] = lambda error: None,
    ) -> None:
        """
        :param now: the time, in seconds since 1970, UTC.
        :param motd: lines that each newcomer is shown.
        :param hook: called with every event, after everybody was shown it. It must not raise.
        :param on_not_kept: called when the log begins to fail, and, with None, when it keeps something again.
        :param on_broken: called when the log can keep nothing any more, after everybody was told.
        """
        self.settings = settings
        self.log = log
        self.members: dict[str, Member] = {}
        """Who holds a nickname, by its key."""
        self.rooms: dict[str, Room] = {}
        self.stopping = False
        self.default_room = room_name(settings.room)
        self.delivery = delivery
        self.now = now
        self.motd = motd
        self._hook = hook
        self._on_not_kept = on_not_kept
        self.when_broken: list[Callable[[ChatError], None]] = [on_broken]
        """Each is called when the log can keep nothing any more, after everybody was told."""
        self.fault = ""
        """Why nothing can be kept, and so said, for the moment; else empty."""
        self.admission = Admission(
            settings.max_clients,
            settings.max_clients_per_host,
            [ip_network(network) for network in settings.exempt.split(",") if network],
        )
        """How many connections there are, at all doors."""
        # Whose request each Joined, Left and Renamed in the log is: it hands them back in the order of the
        # appends, and a nickname would not tell, since it may have changed hands in between.
        self._asked: deque[Member] = deque()
        # Whose is what is in the log already and Member.own shows them, by how much had been appended with it.
        self._apart: deque[tuple[int, Member]] = deque()
        self._appended = self._returned = 0
        self._waiting: deque[tuple[int, Callable[[], None]]] = deque()  # Each for so many to have returned.
        self.watchers: list[Callable[[str, bool], None]] = []
        """Each is called with a nickname, and whether somebody holds it from now on or nobody does."""
        self._topics = Topics(settings.max_rooms, log.topics)
        log.start(self.committed, self.failed, self.broken)

    # Requests: each either raises a PeerError or has an event drafted.

    def claim(self, member: Member, nickname: str) -> None:
        """Have ``member`` hold ``nickname`` from now on.

        :raises NicknameRefused: nobody may be called that.
        :raises NicknameTaken: somebody is.
        """
        key = self._free_key(member, nickname)
        self.members[key] = member
        member.nickname, member.key = nickname, key
        self._tell_watchers(nickname, True)

    def _free_key(self, member: Member, nickname: str) -> str:
        if self.stopping:
            raise Stopping()
        key = check_nickname(nickname, self.settings.server_name)
        if self.members.get(key, member) is not member:
            raise NicknameTaken(nickname=nickname)
        return key

    def rename(self, member: Member, nickname: str) -> None:
        """Have ``member`` called ``nickname``; until that has happened both names are theirs.

        :raises NicknameRefused: nobody may be called that.
        :raises NicknameTaken: somebody is.
        """
        key = self._free_key(member, nickname)
        self.members[key] = member
        if not member.rooms:
            self._rename(member, nickname)
            return
        self._ask(member, Renamed, member.rooms, nickname)
        member.next_nickname = nickname

    def join(self, member: Member, rooms: Sequence[str]) -> None:
        """Have ``member`` come into ``rooms``, each named as :func:`~chatroom.model.names.room_name` does.

        :raises TooManyRooms: for that member, or altogether.
        """
        if self.stopping:
            raise Stopping()
        if len(member.rooms) + len(rooms) > self.settings.max_joined:
            raise TooManyRooms(who="One person may be in", limit=self.settings.max_joined)
        new = sum(room not in self.rooms for room in rooms)
        if new and len(self.rooms) + new > self.settings.max_rooms:
            raise TooManyRooms(who="There may be", limit=self.settings.max_rooms)
        member.rooms.update(dict.fromkeys(rooms))
        self._ask(member, Joined, rooms, "")

    def leave(self, member: Member, room: str, reason: str) -> None:
        """:raises NotInRoom: they are not in it."""
        self._must_be_in(member, room)
        del member.rooms[room]
        self._ask(member, Left, (room,), reason)

    def quit(self, member: Member, reason: str) -> None:
        """Have ``member`` leave everything. Their nickname is free at once."""
        self._release(member, member.nickname)
        self._release(member, member.next_nickname)
        if self.stopping:
            for room in list(member.rooms):
                self._remove(member, room)
            return
        self._ask(member, Quit, member.rooms, reason)

    def say(self, member: Member, room: str, text: str, kind: EventType = Said) -> None:
        """:raises NotInRoom: they are not in it."""
        if self.stopping or room not in member.rooms:
            self._must_be_in(member, room)
        self._appended += 1
        member.unsettled = True
        if member.apart or not (member.echo or kind is TopicChanged):
            self._apart.append((self._appended, member))
        self.log.append(kind, room, member.nickname, text)

    def act(self, member: Member, room: str, text: str) -> None:
        """:raises LooksLikeEvent: others could take it for a line of the server's."""
        if looks_like_event(text):
            raise LooksLikeEvent()
        self.say(member, room, text, Acted)

    def set_topic(self, member: Member, room: str, text: str) -> None:
        """:param text: the topic; empty takes it away."""
        self.say(member, room, text, TopicChanged)

    def _must_be_in(self, member: Member, room: str) -> None:
        if self.stopping:
            raise Stopping()
        if not room:
            raise InNoRoom()
        if room not in member.rooms:
            raise NotInRoom(room=room)

    def _ask(self, member: Member, kind: EventType, rooms: Iterable[str], text: str) -> None:
        for room in rooms:
            member.awaited += 1
            self._appended += 1
            self._asked.append(member)
            if member.apart:
                self._apart.append((self._appended, member))
            self.log.append(kind, room, member.next_nickname or member.nickname, text)

    # What is not kept, and so happens at once.

    def private(self, member: Member, nickname: str, text: str, notice: bool = False) -> None:
        """Tell one other person; both are told it was said.

        :raises NoSuchNickname: nobody is called that.
        """
        to = self.find(nickname)
        message = Private(self.now(), member.nickname, to.nickname, text, notice)
        if to is not member and not to.ignores(member.nickname):
            to.tell(message)
        if member.echo or to is member:
            member.tell(message)

    def broadcast(self, text: str) -> None:
        """Tell everybody."""
        for member in self.everybody():
            member.tell(Notice(text))

    def stop(self, done: Callable[[], None]) -> None:
        """Take no more requests, have what was said kept and shown, then call ``done``."""
        self.stopping = True
        self.log.stop(done)

    # Questions.

    def when_done(self, call: Callable[[], None]) -> None:
        """Call ``call`` once all that was asked for until now has happened or failed: at once, if it has."""
        if self._appended == self._returned:
            call()
        else:
            self._waiting.append((self._appended, call))

    def _came_back(self, count: int) -> None:
        self._returned += count
        while self._waiting and self._waiting[0][0] <= self._returned:
            self._waiting.popleft()[1]()

    def find(self, nickname: str) -> Member:
        """:raises NoSuchNickname: nobody is called that."""
        try:
            return self.members[nickname_key(nickname)]
        except (KeyError, ValueError):
            raise NoSuchNickname(nickname=nickname) from None

    def room(self, name: str) -> Room:
        """:raises NoSuchRoom: there is none of that name."""
        if name not in self.rooms:
            raise NoSuchRoom(room=name)
        return self.rooms[name]

    def everybody(self) -> list[Member]:
        """Each once, in the order in which they came."""
        return list(dict.fromkeys(self.members.values()))

    # What has happened.

    def committed(self, batch: Sequence[Event]) -> None:
        """What the log has kept: change who is here, show it, answer those who asked for it."""
        if self.fault:
            self.fault = ""
            self._on_not_kept(None)
        settled: list[tuple[Member, Event, int]] = []
        turned: dict[Member, int] = {}
        own: dict[Member, dict[int, bytes]] = {}
        for number, event in enumerate(batch, self._returned + 1):
            kind = type(event)
            if self._apart and (speaker := self._apart_for(number)) is not None:
                own.setdefault(speaker, {})[event.id] = speaker.own(event)
            if kind is Said or kind is Acted or kind is Noticed:
                continue
            if kind is TopicChanged:
                self._topics.note(event)
                if event.room in self.rooms:
                    self.rooms[event.room].take_topic(event)
                continue
            member = self._asked.popleft()
            member.first_answer = member.first_answer or event.id
            member.awaited -= 1
            self._happened(member, event, turned)
            if not member.awaited:
                settled.append((member, event, member.first_answer))
                member.first_answer = 0
        self.delivery.publish(batch, turned, own)
        for member, event, first in settled:
            member.settled(event, first)
        if self._hook is not None:
            for event in batch:
                self._hook(event)
        self._came_back(len(batch))

    def _happened(self, member: Member, event: Event, turned: dict[Member, int]) -> None:
        """Change who is here, and note in ``turned`` from where on ``member`` hears something else."""
        if isinstance(event, Renamed):
            self._rename(member, event.text)
        elif isinstance(event, Joined):
            turned.setdefault(member, event.id)
            if event.room not in self.rooms:
                self.rooms[event.room] = Room(event.room, event.at, self._topics.of(event.room))
            self.rooms[event.room].members[member] = None
        else:
            # Whoever leaves several rooms is shown that of each.
            if not member.awaited:
                turned[member] = event.id
            self._remove(member, event.room)

    def failed(self, drafts: Sequence[tuple[EventType, str, str, str]], error: ChatError) -> None:
        """What the log could not keep: all is as it was, and those who asked for it are told."""
        if not self.fault:
            self._on_not_kept(error)
        self.fault = str(error)
        for number, (kind, room, nickname, text) in enumerate(drafts, self._returned + 1):
            apart = self._apart_for(number)
            if kind in (Joined, Left, Quit, Renamed):
                self._undo(self._asked.popleft(), kind, room, text, error)
            else:
                speaker = apart or self.members.get(nickname_key(nickname))
                if speaker is not None:
                    speaker.not_done(error, apart is not None)
        self._came_back(len(drafts))

    def broken(self, error: ChatError) -> None:
        """The log can keep nothing any more, so nothing more can be said."""
        self.stopping = True
        self.fault = str(error)
        # Those too who are on their way out, and hold no nickname any more.
        for member in dict.fromkeys([*self.everybody(), *self._asked]):
            member.awaited = 0
            member.not_done(error)
        self._asked.clear()
        self._apart.clear()
        self._came_back(self._appended - self._returned)
        for call in self.when_broken:
            call(error)

    def _apart_for(self, number: int) -> Member | None:
        """Whose it is that was appended as the ``number``-th, if :meth:`Member.own` shows it to them."""
        if self._apart and self._apart[0][0] == number:
            return self._apart.popleft()[1]
        return None

    def _undo(self, member: Member, kind: EventType, room: str, text: str, error: ChatError) -> None:
        if kind is Joined or kind is Quit or (kind is Left and self.members.get(member.key) is not member):
            self._remove(member, room)
            if kind is not Joined and room in self.rooms:
                for other in list(self.rooms[room].members):
                    other.tell(Gone(room, member.nickname, text))
        elif kind is Left:
            member.rooms[room] = None
        elif kind is Renamed and member.next_nickname:
            self._release(member, member.next_nickname, but=member.key)
            member.next_nickname = ""
        member.awaited -= 1
        if not member.awaited:
            member.first_answer = 0
            member.not_done(error)

    def _remove(self, member: Member, name: str) -> None:
        member.rooms.pop(name, None)
        room = self.rooms.get(name)
        if room is not None:
            room.members.pop(member, None)
            if not room.members:
                del self.rooms[name]

    def _rename(self, member: Member, nickname: str) -> None:
        if self.members.get(member.key) is not member:
            return  # They have gone in the meantime and hold no name any more.
        old = member.nickname
        del self.members[member.key]
        member.nickname, member.key, member.next_nickname = nickname, nickname_key(nickname), ""
        self.members[member.key] = member
        if nickname_key(old) != member.key:
            self._tell_watchers(old, False)
            self._tell_watchers(nickname, True)

    def _release(self, member: Member, nickname: str, but: str = "") -> None:
        key = nickname_key(nickname) if nickname else ""
        if key != but and self.members.get(key) is member:
            del self.members[key]
            if key == member.key:
                self._tell_watchers(nickname, False)

    def _tell_watchers(self, nickname: str, here: bool) -> None:
        for tell in self.watchers:
            tell(nickname, here)
