"""Who is here, and what may be said.

The middle of the way of a line. A request (imperative: :meth:`Chat.say`, :meth:`Chat.join`) is checked and
drafted into the log; what the log hands back (:meth:`Chat.committed`) changes who is here and goes on to
delivery. It knows no sockets, no files, no clock and no Twisted: the log and the delivery are handed to it.

Two rules hold it together:

- Only :meth:`Chat.committed` changes who is in a room, so everybody sees the same order.
- A member has one request to join, leave or be renamed on its way at a time; until it is answered
  (:meth:`Member.settled`) nothing more is heard from that member.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from ipaddress import ip_network

from chatroom import nicknames
from chatroom.delivery import Delivery
from chatroom.errors import (
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
from chatroom.events import Acted, Answer, Event, EventType, Joined, Left, Notice, Private, Renamed, Said, TopicChanged
from chatroom.log.interface import ILog
from chatroom.pace import Admission
from chatroom.settings import Settings
from chatroom.text import visible

# How an action may not begin: "* alice joined" is what an event looks like, and where somebody is called 3 or lobby,
# "* 3 in lobby: bob" and "* lobby (3 here)" are what the server says.
_LOOKS_LIKE_EVENT = re.compile(r"(joined|left|is now|set the topic|took away the topic|in \S+:|\(\d+ here\))")


class Member:
    """Somebody who holds a nickname; :class:`chatroom.session.Session` is the one kind."""

    __slots__ = ("awaited", "first_answer", "key", "next_nickname", "nickname", "rooms")

    nickname: str
    key: str
    """What their nickname is compared by; empty while they hold none."""
    next_nickname: str
    """What they have asked to be called; empty while they have not."""
    rooms: dict[str, None]
    """The rooms that they are in or have asked to join, and have not asked to leave; oldest first."""
    awaited: int
    """How many events of their own they wait for."""
    first_answer: int
    """The id of the first of those that have come; 0 while none has."""

    def __init__(self) -> None:
        self.nickname = self.key = self.next_nickname = ""
        self.rooms = {}
        self.awaited = self.first_answer = 0

    def settled(self, event: Event, first: int) -> None:
        """What this member asked for has happened: ``event`` is the last of it, ``first`` the id of the first."""
        raise NotImplementedError

    def not_done(self, error: ChatError) -> None:
        """What this member asked for could not be kept."""
        raise NotImplementedError

    def tell(self, answer: Answer) -> None:
        """Tell this member alone."""
        raise NotImplementedError

    def ignores(self, nickname: str) -> bool:
        raise NotImplementedError


class Room:
    """One room: it is there as long as somebody is in it."""

    __slots__ = ("members", "name", "topic")

    def __init__(self, name: str) -> None:
        self.name = name
        self.topic = ""
        self.members: dict[Member, None] = {}

    @property
    def nicknames(self) -> list[str]:
        """In the order in which they came."""
        return [member.nickname for member in self.members]


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
        on_not_kept: Callable[[ChatError], None] = lambda error: None,
        on_broken: Callable[[ChatError], None] = lambda error: None,
    ) -> None:
        """
        :param now: the time, in seconds since 1970, UTC.
        :param motd: lines that each newcomer is shown.
        :param hook: called with every event, after everybody was shown it. It must not raise.
        :param on_not_kept: called when the log begins to fail; once, until it keeps something again.
        :param on_broken: called when the log can keep nothing any more, after everybody was told.
        """
        self.settings = settings
        self.log = log
        self.members: dict[str, Member] = {}
        """Who holds a nickname, by its key."""
        self.rooms: dict[str, Room] = {}
        self.stopping = False
        self.default_room = nicknames.room_name(settings.room)
        self.delivery = delivery
        self.now = now
        self.motd = motd
        self._hook = hook
        self._on_not_kept = on_not_kept
        self._on_broken = on_broken
        self._failing = False
        self.admission = Admission(
            settings.max_clients,
            settings.max_clients_per_host,
            [ip_network(network) for network in settings.exempt.split(",") if network],
        )
        """How many connections there are, at all doors."""
        # Whose request each Joined, Left and Renamed in the log is: it hands them back in the order of the
        # appends, and a nickname would not tell, since it may have changed hands in between.
        self._asked: deque[Member] = deque()
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

    def _free_key(self, member: Member, nickname: str) -> str:
        if self.stopping:
            raise Stopping()
        key = nicknames.check(nickname)
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
        """Have ``member`` come into ``rooms``, each a :func:`chatroom.nicknames.room_name`, none of which they are in.

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
        self._ask(member, Left, member.rooms, reason)

    def say(self, member: Member, room: str, text: str) -> None:
        """:raises NotInRoom: they are not in it."""
        if self.stopping or room not in member.rooms:
            self._must_be_in(member, room)
        self.log.append(Said, room, member.nickname, text)

    def act(self, member: Member, room: str, text: str) -> None:
        """:raises LooksLikeEvent: others could take it for a line of the server's."""
        self._must_be_in(member, room)
        if _LOOKS_LIKE_EVENT.match(visible(text)):
            raise LooksLikeEvent()
        self.log.append(Acted, room, member.nickname, text)

    def set_topic(self, member: Member, room: str, text: str) -> None:
        """:param text: the topic; empty takes it away."""
        self._must_be_in(member, room)
        self.log.append(TopicChanged, room, member.nickname, text)

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
            self._asked.append(member)
            self.log.append(kind, room, member.next_nickname or member.nickname, text)

    # What is not kept, and so happens at once.

    def private(self, member: Member, nickname: str, text: str) -> None:
        """Tell one other person; both are told it was said.

        :raises NoSuchNickname: nobody is called that.
        """
        to = self.find(nickname)
        message = Private(self.now(), member.nickname, to.nickname, text)
        if to is not member and not to.ignores(member.nickname):
            to.tell(message)
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

    def find(self, nickname: str) -> Member:
        """:raises NoSuchNickname: nobody is called that."""
        try:
            return self.members[nicknames.key(nickname)]
        except (KeyError, ValueError):
            raise NoSuchNickname(nickname=nickname) from None

    def room(self, name: str) -> Room:
        """:raises NoSuchRoom: there is none of that name."""
        try:
            return self.rooms[name]
        except KeyError:
            raise NoSuchRoom(room=name) from None

    def everybody(self) -> list[Member]:
        """Each once, in the order in which they came."""
        return list(dict.fromkeys(self.members.values()))

    # What has happened.

    def committed(self, batch: Sequence[Event]) -> None:
        """What the log has kept: change who is here, show it, answer those who asked for it."""
        self._failing = False
        settled: list[tuple[Member, Event, int]] = []
        turned: dict[Member, int] = {}
        for event in batch:
            kind = type(event)
            if kind is Said or kind is Acted:
                continue
            if kind is TopicChanged:
                if event.room in self.rooms:
                    self.rooms[event.room].topic = event.text
                continue
            member = self._asked.popleft()
            member.first_answer = member.first_answer or event.id
            member.awaited -= 1
            if kind is Renamed:
                self._rename(member, event.text)
            elif kind is Joined:
                turned.setdefault(member, event.id)
                self.rooms.setdefault(event.room, Room(event.room)).members[member] = None
            else:
                # Whoever leaves several rooms is shown that of each.
                if not member.awaited:
                    turned[member] = event.id
                self._remove(member, event.room)
            if not member.awaited:
                settled.append((member, event, member.first_answer))
                member.first_answer = 0
        self.delivery.publish(batch, turned)
        for member, event, first in settled:
            member.settled(event, first)
        if self._hook is not None:
            for event in batch:
                self._hook(event)

    def failed(self, drafts: Sequence[tuple[EventType, str, str, str]], error: ChatError) -> None:
        """What the log could not keep: all is as it was, and those who asked for it are told."""
        if not self._failing:
            self._failing = True
            self._on_not_kept(error)
        for kind, room, nickname, text in drafts:
            if kind in (Joined, Left, Renamed):
                self._undo(self._asked.popleft(), kind, room, text, error)
            else:
                speaker = self.members.get(nicknames.key(nickname))
                if speaker is not None:
                    speaker.not_done(error)

    def broken(self, error: ChatError) -> None:
        """The log can keep nothing any more, so nothing more can be said."""
        self.stopping = True
        # Those too who are on their way out, and hold no nickname any more.
        for member in dict.fromkeys([*self.everybody(), *self._asked]):
            member.awaited = 0
            member.not_done(error)
        self._asked.clear()
        self._on_broken(error)

    def _undo(self, member: Member, kind: EventType, room: str, text: str, error: ChatError) -> None:
        gone = self.members.get(member.key) is not member
        if kind is Joined or (kind is Left and gone):
            self._remove(member, room)
            if kind is Left and room in self.rooms:
                # They have gone all the same; this is no event, since it is not kept.
                for other in self.rooms[room].members:
                    other.tell(Notice(f"{member.nickname} left ({text})" if text else f"{member.nickname} left"))
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
        del self.members[member.key]
        member.nickname, member.key, member.next_nickname = nickname, nicknames.key(nickname), ""
        self.members[member.key] = member

    def _release(self, member: Member, nickname: str, but: str = "") -> None:
        key = nicknames.key(nickname) if nickname else ""
        if key != but and self.members.get(key) is member:
            del self.members[key]
