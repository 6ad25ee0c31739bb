"""Rules: who may do what, folded from events. No I/O, no clock.

They are asked where events are put in order: in the writer of a log, for one draft after the other, so a draft that
stands behind a mute, a kick or a ban is refused. The core has rules of its own, folded from the events that are
committed, for refusals that need not wait, and for what people are shown.

Theory of operation. :meth:`Rules.note` takes in each event that may change something; :meth:`Rules.refusal` says why a
draft must not become an event. Most rooms have no rules at all: talk there is not judged (:attr:`Rules.judged`). A
batch that fails must leave the rules as they were, so each change is written down with the value before it
(:meth:`Rules.begin`, :meth:`Rules.undo`).

A room that nobody has a role in by account keeps its modes and lists only while somebody is in it: else somebody who
has gone would keep everybody out for good. The room that newcomers enter keeps them.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from hmac import compare_digest
from math import ceil, inf
from typing import Any, NamedTuple, TypeVar

from chatroom.model.constants import ENCODING
from chatroom.model.errors import (
    Banned,
    BannedFromServer,
    InviteOnly,
    KeyNeeded,
    ListFull,
    Moderated,
    Muted,
    NotAllowed,
    NotThere,
    Outranked,
    PeerError,
    PutOut,
    RoomForMembers,
    RoomFull,
    TooSoon,
)
from chatroom.model.events import (
    AccessChanged,
    Away,
    Draft,
    Event,
    Joined,
    Kicked,
    Left,
    ModeSet,
    Nature,
    Quit,
    RankChanged,
    Renamed,
    RoleChanged,
    TopicChanged,
)
from chatroom.model.masks import NOBODY, Author, Mask, Person, parse_mask
from chatroom.model.modes import INVITE_ONLY, KEY, LIMIT, MEMBERS_ONLY, MODERATED, SLOW, TOPIC_LOCKED
from chatroom.model.roles import GIVEN, SERVER, TO_GIVE, Right, Role

K = TypeVar("K")
V = TypeVar("V")

BAN, MUTE, EXCEPTION, INVITED = "ban", "mute", "exception", "invited"

LISTS = (BAN, MUTE, EXCEPTION, INVITED)
"""The lists of a room: who may not come in, who is not heard, whom neither of these is about, who needs no invitation.

Those of the server are BAN, and MUTE for those who are shunned.
"""

MAX_ENTRIES = 500
"""Entries of one list of one room."""

MAX_ENTRIES_OF_ROOMS = 50_000
"""Entries of all rooms together; those of the server are beside them."""

MAX_ROLES = 500
"""Accounts with a role in one room."""

MAX_ROLES_OF_ROOMS = 100_000
"""Roles in all rooms together; those for the server are beside them."""

MAX_OWNED = 50
"""Rooms that an account may own for having made them: each is remembered for good."""

MAX_STRICT = 10_000
"""Rooms that somebody was put out of that are remembered; the oldest is forgotten first."""

MAX_VERDICTS = 20_000
"""Answers to whether a list has an entry for somebody that are remembered."""

MAX_SAID = 50_000
"""Moments of the last line in a slow room that are remembered; the oldest is forgotten first."""

OWNERS, OPERATORS, NO_ROLE = "owners", "operators", "nobody"
"""The values of the setting of what somebody becomes who makes a room by joining it."""

_TALK = Nature.TALK
_MISSING: Any = object()


class Entry(NamedTuple):
    """An entry in a list."""

    list: str
    mask: Mask
    reason: str
    until: float
    """Seconds since 1970, UTC; infinite for one that holds for good."""
    rank: int
    """The power of who made it (:meth:`Rules.power`): it counts for nobody who has more."""
    of: str
    """The nickname that it was made for; empty for none."""
    by: str
    """The nickname of who made it."""
    at: float
    """When it was made, in seconds since 1970, UTC."""


class Rules:
    """Everything that holds for what people may do."""

    def __init__(self, default_room: str = "", makers: str = OWNERS, *, can_undo: bool = False) -> None:
        """
        :param default_room: the room that newcomers enter, which is nobody's for having come first.
        :param makers: what somebody becomes who makes a room by joining it: owners, operators or nobody.
        :param can_undo: whether :meth:`undo` is needed.
        """
        self._default_room = default_room
        self._makers = makers
        self._journal: list[tuple[dict[Any, Any], Any, Any]] | None = [] if can_undo else None
        self.judged: set[str] = set()
        """The rooms in which talk is judged; with :data:`~chatroom.model.roles.SERVER` in it, that is all rooms."""
        self.lapsed: list[str] = []
        """Rooms whose rules have ended with the last who was in them; whoever keeps rules forgets these."""
        self._members: dict[str, dict[str, None]] = {}
        self._roles: dict[str, dict[str, Role]] = {}
        # When each account was given its role, by room and account.
        self._given: dict[tuple[str, str], float] = {}
        self._ranks: dict[str, dict[str, Role]] = {}
        self._modes: dict[str, dict[str, str]] = {}
        self._access: dict[str, dict[tuple[str, str], Entry]] = {}
        # The rooms that somebody was put out of; only those who are in may speak there.
        self._strict: dict[str, None] = {}
        # When each member has last said something in a slow room, by room and member.
        self._said: dict[tuple[str, str], float] = {}
        # The entries that were found for somebody in a list; None for none.
        self._verdicts: dict[tuple[str, str, Person], Entry | None] = {}
        # Those whose talk may pass until something changes, by room, member and nickname: this is asked for each line.
        self._heard: dict[tuple[str, str, str], Author] = {}
        self._entries_of_rooms = self._roles_of_rooms = 0
        # How many rooms each account owns.
        self._owned: dict[str, int] = {}

    def start(self, events: Iterable[Event]) -> None:
        """Take in what holds at the start, with nobody in any room.

        :param events: oldest first; those that are no rules are passed over.
        """
        for event in events:
            if event.is_rule:
                self.note(event)
        for room in [*self._modes, *self._access]:
            self._lapse_if_nobodys(room)
        self.begin()

    # Questions.

    def role(self, room: str, member: str, author: Author) -> Role:
        """The role of somebody in ``room``, or for the server.

        :param member: their id.
        """
        if author.is_server:
            return Role.OWNER
        return max(
            Role.MEMBER if author.account else Role.GUEST,
            Role.OPERATOR if author.operator else Role.GUEST,
            self._role_by_account(SERVER, author),
            self._role_by_account(room, author),
            self._ranks.get(room, {}).get(member, Role.GUEST),
        )

    def power(self, room: str, member: str, author: Author) -> int:
        """The number by which two people are compared: nobody acts on somebody who has more.

        It is that of their role, but operators and owners of the server stand above everybody who has none there.
        """
        of_server = self.role(SERVER, member, author)
        return of_server + Role.OWNER if of_server >= Role.OPERATOR else self.role(room, member, author)

    def _role_by_account(self, room: str, author: Author) -> Role:
        held = self._roles.get(room, {}).get(author.account) if author.account else None
        if held is None or self._given.get((room, author.account), 0.0) < author.since:
            return Role.GUEST
        return held

    def may(self, right: Right, room: str, member: str, author: Author) -> bool:
        """True when somebody has ``right`` in ``room``."""
        return self.role(SERVER if right.of_server else room, member, author) >= right.role

    def check(self, right: Right, room: str, member: str, author: Author) -> None:
        """:raises NotAllowed: they have not."""
        if not self.may(right, room, member, author):
            raise _not_allowed(right, room)

    def rank(self, room: str, member: str) -> Role | None:
        """The role that a member has in a room while they are there, whatever their account; None for none."""
        return self._ranks.get(room, {}).get(member)

    def ranks(self, room: str) -> Mapping[str, Role]:
        """The members, by id, who have a role in ``room`` while they are there."""
        return self._ranks.get(room, {})

    def holders(self, room: str) -> Mapping[str, Role]:
        """The accounts that have a role in ``room``, or for the server."""
        return self._roles.get(room, {})

    def may_own_more(self, account: str) -> bool:
        """True when an account may own one more room for having made it.

        :param account: as :func:`~chatroom.model.masks.account_key` has it.
        """
        return self._owned.get(account, 0) < MAX_OWNED and self._roles_of_rooms < MAX_ROLES_OF_ROOMS

    def modes(self, room: str) -> Mapping[str, str]:
        """The modes of ``room`` that are set, and their values."""
        return self._modes.get(room, {})

    def entries(self, room: str, list_: str, at: float) -> Iterator[Entry]:
        """The entries of a list that hold at that time, oldest first."""
        return (entry for entry in self._access.get(room, {}).values() if entry.list == list_ and entry.until > at)

    def is_in(self, room: str, member: str) -> bool:
        """True when the member with this id is in ``room``."""
        return member in self._members.get(room, ())

    def found(self, room: str, list_: str, person: Person, at: float) -> Entry | None:
        """The entry of a list that is about somebody; None when there is none."""
        entries = self._access.get(room)
        if entries is None:
            return None
        key = (room, list_, person)
        known = self._verdicts.get(key, _MISSING)
        # What no entry was about is about none until a list changes; what one was about may have ended.
        if known is None or (known is not _MISSING and known.until > at):
            return known  # type: ignore[no-any-return]
        power = self.power(room, person.member, person.author)
        found = next(
            (
                entry
                for entry in entries.values()
                if entry.list == list_ and entry.until > at and power <= entry.rank and entry.mask.fits(person)
            ),
            None,
        )
        if len(self._verdicts) >= MAX_VERDICTS:
            self._verdicts.clear()
        self._verdicts[key] = found
        return found

    def ban(self, room: str, person: Person, at: float) -> Entry | None:
        """The entry that keeps somebody out of ``room``, or out of the server; None when there is none."""
        entry = self.found(room, BAN, person, at)
        return None if entry is None or self._is_excepted(room, person, at) else entry

    def mute(self, room: str, person: Person, at: float) -> Entry | None:
        """The entry that silences somebody in ``room``, or on the server; None when there is none."""
        entry = self.found(room, MUTE, person, at)
        return None if entry is None or self._is_excepted(room, person, at) else entry

    def _is_excepted(self, room: str, person: Person, at: float) -> bool:
        return self.found(room, EXCEPTION, person, at) is not None

    def check_server_ban(self, person: Person, at: float) -> None:
        """:raises BannedFromServer: they are."""
        if entry := self.ban(SERVER, person, at):
            raise BannedFromServer(until=until(entry.until), why=_why(entry))

    def check_shun(self, person: Person, at: float) -> None:
        """:raises Muted: they are shunned, so nothing of theirs reaches anybody."""
        if entry := self.mute(SERVER, person, at):
            raise Muted(where="on this server", until=until(entry.until), why=_why(entry))

    # Judgement.

    def refusal(self, draft: Draft, at: float) -> PeerError | None:
        """The reason for which ``draft`` must not become an event; None when it may.

        :param at: the time that the event would have.
        """
        kind = draft.kind
        author = draft.author or NOBODY
        try:
            if kind.nature is _TALK:
                if not author.is_server:
                    self._judge_talk(draft, author, at)
            else:
                judge = _JUDGES.get(kind)
                if judge is not None and (not author.is_server or kind in _ABOUT_PRESENCE):
                    judge(self, draft, author, at)
        except PeerError as error:
            # Kept for longer than the call: it refers to nothing that refers to it.
            return error.with_traceback(None)
        return None

    def _judge_presence(self, draft: Draft, author: Author, at: float) -> None:
        if draft.room in self._strict and draft.member not in self._members.get(draft.room, ()):
            raise PutOut(room=draft.room)

    def _judge_voice(self, draft: Draft, author: Author, at: float, nickname: str = "") -> None:
        """:raises PeerError: they are not in, or are banned or silenced."""
        self._judge_presence(draft, author, at)
        person = Person(draft.member, nickname or draft.nickname, author)
        if SERVER in self.judged:
            self.check_server_ban(person, at)
            self.check_shun(person, at)
        if entry := self.ban(draft.room, person, at):
            raise Banned(room=draft.room, until=until(entry.until), why=_why(entry))
        if entry := self.mute(draft.room, person, at):
            raise Muted(where=f"in {draft.room}", until=until(entry.until), why=_why(entry))

    def _judge_talk(self, draft: Draft, author: Author, at: float) -> None:
        room = draft.room
        key = room, draft.member, draft.nickname
        if self._heard.get(key) is author:
            return
        self._judge_voice(draft, author, at)
        modes = self._modes.get(room, {})
        if modes.keys().isdisjoint(_FOR_TALK) or self.may(Right.SPEAK_MODERATED, room, draft.member, author):
            if not (self._has_exceptions(room) or self._has_exceptions(SERVER)):
                if len(self._heard) >= MAX_VERDICTS:
                    self._heard.clear()
                self._heard[key] = author
            return
        if MODERATED in modes:
            raise Moderated(room=room)
        if MEMBERS_ONLY in modes and not author.account:
            raise RoomForMembers(room=room)
        if SLOW in modes:
            pause = int(modes[SLOW])
            wait = self._said.get((room, draft.member), -inf) + pause - at
            if wait > 0:
                raise TooSoon(room=room, seconds=pause, wait=ceil(wait))

    def _has_exceptions(self, room: str) -> bool:
        """True when somebody may be excepted in ``room``, for a time: whoever is may not be tomorrow."""
        return any(list_ == EXCEPTION for list_, _ in self._access.get(room, ()))

    def _judge_topic(self, draft: Draft, author: Author, at: float) -> None:
        self._judge_voice(draft, author, at)
        if TOPIC_LOCKED in self.modes(draft.room):
            self.check(Right.TOPIC_LOCKED, draft.room, draft.member, author)

    def _judge_join(self, draft: Draft, author: Author, at: float) -> None:
        room, member = draft.room, draft.member
        person = Person(member, draft.nickname, author)
        if self._access.get(SERVER):
            self.check_server_ban(person, at)
        modes = self._modes.get(room)
        if (not modes and room not in self._access) or self.may(Right.ENTER_ANYWAY, room, member, author):
            return
        if entry := self.ban(room, person, at):
            raise Banned(room=room, until=until(entry.until), why=_why(entry))
        if not modes:
            return
        if MEMBERS_ONLY in modes and not author.account:
            raise RoomForMembers(room=room)
        if author.invited:
            return
        if INVITE_ONLY in modes and not self.found(room, INVITED, person, at):
            raise InviteOnly(room=room)
        if KEY in modes and not compare_digest(modes[KEY].encode(ENCODING), author.key.encode(ENCODING)):
            raise KeyNeeded(room=room)
        if LIMIT in modes and len(self._members.get(room, ())) >= int(modes[LIMIT]):
            raise RoomFull(room=room, limit=modes[LIMIT])

    def _judge_rename(self, draft: Draft, author: Author, at: float) -> None:
        # Neither may a banned name be taken, nor one that a mask is about be given up.
        self._judge_voice(draft, author, at)
        self._judge_voice(draft, author, at, draft.text)

    def _judge_leaving(self, draft: Draft, author: Author, at: float) -> None:
        # A reason is read by all; nobody is kept in.
        if draft.text and not author.is_server:
            self._judge_voice(draft, author, at)
        else:
            self._judge_presence(draft, author, at)

    def _judge_role(self, draft: Draft, author: Author, at: float) -> None:
        event = draft.event(0, at)
        assert isinstance(event, RoleChanged)
        room, subject = draft.room, event.subject
        of_member = isinstance(event, RankChanged)
        if of_member and not self.is_in(room, subject):
            raise NotThere(nickname=event.holder, room=room)
        roles = self._ranks if of_member else self._roles
        held = roles.get(room, {}).get(subject, Role.GUEST)
        given = GIVEN.get(draft.text, Role.GUEST)
        own = subject == (draft.member if of_member else author.account)
        if own and given <= held:
            # Everybody may have less than they have.
            return
        right = Right.SERVER_ROLES if room == SERVER else TO_GIVE[max(held, given, Role.VOICE)]
        self.check(right, room, draft.member, author)
        if not own and self._power_of_subject(room, subject, of_member) > self.power(room, draft.member, author):
            raise Outranked(nickname=event.holder)
        of_rooms = 0 if of_member or room == SERVER else self._roles_of_rooms
        if given and not held and (len(roles.get(room, ())) >= MAX_ROLES or of_rooms >= MAX_ROLES_OF_ROOMS):
            raise ListFull(limit=MAX_ROLES)

    def _power_of_subject(self, room: str, subject: str, of_member: bool) -> int:
        if of_member:
            return self._ranks.get(room, {}).get(subject, Role.GUEST)
        return self.power(room, "", Author(subject))

    def _judge_mode(self, draft: Draft, author: Author, at: float) -> None:
        self._judge_presence(draft, author, at)
        self.check(Right.SET, draft.room, draft.member, author)

    def _judge_access(self, draft: Draft, author: Author, at: float) -> None:
        event = draft.event(0, at)
        extras = event.extras or {}
        room, list_ = draft.room, str(extras.get("list"))
        right = (_OF_SERVER if room == SERVER else _OF_ROOM)[list_]
        self.check(right, room, draft.member, author)
        if event.clears:
            return
        # It may have been asked for with a role that was taken away since.
        if int(extras.get("rank", 0)) > self.power(room, draft.member, author):
            raise _not_allowed(right, room)
        if (list_, str(extras.get("mask"))) not in self._access.get(room, ()):
            of_rooms = self._entries_of_rooms if room != SERVER else 0
            if of_rooms >= MAX_ENTRIES_OF_ROOMS or sum(1 for _ in self.entries(room, list_, at)) >= MAX_ENTRIES:
                raise ListFull(limit=MAX_ENTRIES)

    def _judge_kick(self, draft: Draft, author: Author, at: float) -> None:
        event = draft.event(0, at)
        assert isinstance(event, Kicked)
        room = draft.room
        if not author.is_server:
            self._judge_presence(draft, author, at)
            self.check(Right.KICK, room, draft.member, author)
        if not self.is_in(room, event.victim):
            raise NotThere(nickname=event.victim_nickname, room=room)
        if self.power(room, event.victim, author.target or NOBODY) > self.power(room, draft.member, author):
            raise Outranked(nickname=event.victim_nickname)

    # Events.

    def note(self, event: Event) -> None:
        """Take notice of an event of membership or state; or of talk, in a room that is judged."""
        kind = type(event)
        if kind is Joined:
            self._enter(event.room, event.member)
        elif isinstance(event, Kicked):
            self._leave(event.room, event.victim)
            self._heard.clear()
            if event.room not in self._strict:
                self._make_strict(event.room)
        elif isinstance(event, Left):
            self._leave(event.room, event.member)
        elif isinstance(event, RoleChanged):
            table = self._ranks if isinstance(event, RankChanged) else self._roles
            role = GIVEN.get(event.text)
            if table is self._roles and event.room != SERVER:
                self._count_role(event.room, event.subject, role)
            self._put_in(table, event.room, event.subject, role)
            if table is self._roles and role is not None:
                self._put(self._given, (event.room, event.subject), event.at)
            elif table is self._roles:
                self._drop(self._given, (event.room, event.subject))
            if table is self._roles and role is Role.OWNER:
                # Whoever owns the room that they have made needs no role for being there.
                self._put_in(self._ranks, event.room, event.member, None)
            self._forget_verdicts()
        elif isinstance(event, ModeSet):
            self._put_in(self._modes, event.room, event.subject, event.text or None)
            self._forget_verdicts()
            self._judge(event.room)
        elif isinstance(event, AccessChanged):
            self._change_list(event)
        elif kind.nature is _TALK and SLOW in self._modes.get(event.room, ()):
            self._note_said(event)

    def _make_strict(self, room: str) -> None:
        if len(self._strict) >= MAX_STRICT:
            oldest = next(iter(self._strict))
            self._drop(self._strict, oldest)
            self._judge(oldest)
        self._put(self._strict, room, None)
        self._judge(room)

    def _count_role(self, room: str, account: str, role: Role | None) -> None:
        """Count a role in a room that is about to be changed."""
        before = self._roles.get(room, {}).get(account)
        self._roles_of_rooms += (role is not None) - (before is not None)
        owned = self._owned.get(account, 0) + (role is Role.OWNER) - (before is Role.OWNER)
        if owned:
            self._put(self._owned, account, owned)
        else:
            self._drop(self._owned, account)

    def _enter(self, room: str, member: str) -> None:
        members = self._members.get(room)
        if members is None:
            members = {}
            self._put(self._members, room, members)
        if (
            not members
            and room != self._default_room
            and self._makers != NO_ROLE
            and Role.OWNER not in self._roles.get(room, {}).values()
        ):
            self._put_in(self._ranks, room, member, Role.OPERATOR)
        self._put(members, member, None)

    def _leave(self, room: str, member: str) -> None:
        members = self._members.get(room)
        if members is None or member not in members:
            return
        self._drop(members, member)
        if room in self._strict:
            self._heard.clear()
        if room in self._ranks:
            self._put_in(self._ranks, room, member, None)
            self._forget_verdicts()
        if not members:
            self._drop(self._members, room)
            self._lapse_if_nobodys(room)

    def _lapse_if_nobodys(self, room: str) -> None:
        """Have the rules of an empty room end, where no account has a role in it."""
        if room in (self._default_room, SERVER) or self._roles.get(room):
            return
        if room not in self._modes and room not in self._access:
            return
        self._drop(self._modes, room)
        entries = self._drop(self._access, room)
        if entries:
            self._entries_of_rooms -= len(entries)
            self._forget_verdicts()
        self.lapsed.append(room)
        self._judge(room)

    def _change_list(self, event: AccessChanged) -> None:
        extras = event.extras or {}
        room, list_ = event.room, str(extras.get("list", ""))
        try:
            mask = parse_mask(str(extras.get("mask", "")))
        except ValueError:
            # Another version has made it.
            return
        key, entry = (list_, mask.text), None
        if not event.clears:
            ends, rank = extras.get("until"), extras.get("rank", 0)
            entry = Entry(
                *(list_, mask, event.text, float(ends) if ends else inf, int(rank)),
                *(str(extras.get("of", "")), event.nickname, event.at),
            )
            for ended in [one for one, other in self._access.get(room, {}).items() if other.until <= event.at]:
                self._put_in(self._access, room, ended, None)
                self._entries_of_rooms -= room != SERVER
        had = key in self._access.get(room, ())
        self._put_in(self._access, room, key, entry)
        if room != SERVER:
            self._entries_of_rooms += (entry is not None) - had
        self._forget_verdicts()
        self._judge(room)

    def _note_said(self, event: Event) -> None:
        key = event.room, event.member
        # At the end, as the last.
        self._drop(self._said, key)
        if len(self._said) >= MAX_SAID:
            self._drop(self._said, next(iter(self._said)))
        self._put(self._said, key, event.at)

    def _judge(self, room: str) -> None:
        """Have talk in ``room`` be judged, or not, as the rules are now."""
        if room in self._strict or room in self._modes or room in self._access:
            self.judged.add(room)
        else:
            self.judged.discard(room)

    def _forget_verdicts(self) -> None:
        """Have everybody be judged anew."""
        self._verdicts.clear()
        self._heard.clear()

    # Changes that can be undone.

    def begin(self) -> None:
        """Begin a batch: what was noted before is not undone any more."""
        if self._journal:
            self._journal.clear()

    def undo(self) -> None:
        """Have everything be as it was at the last :meth:`begin`."""
        if not self._journal:
            return
        while self._journal:
            table, key, before = self._journal.pop()
            if before is _MISSING:
                table.pop(key, None)
            else:
                table[key] = before
        self._forget_verdicts()
        self.lapsed.clear()
        self._entries_of_rooms = sum(len(entries) for room, entries in self._access.items() if room != SERVER)
        self._roles_of_rooms = sum(len(roles) for room, roles in self._roles.items() if room != SERVER)
        self.judged.clear()
        self.judged.update(self._strict, self._modes, self._access)

    def _put(self, table: dict[K, V], key: K, value: V) -> None:
        if self._journal is not None:
            self._journal.append((table, key, table.get(key, _MISSING)))
        table[key] = value

    def _drop(self, table: dict[K, V], key: K) -> V | None:
        if key not in table:
            return None
        if self._journal is not None:
            self._journal.append((table, key, table[key]))
        return table.pop(key)

    def _put_in(self, tables: dict[str, dict[K, V]], room: str, key: K, value: V | None) -> None:
        """Put a value into the table of ``room``, or, without one, drop what is there; no empty table is kept."""
        table = tables.get(room)
        if value is None:
            if table is not None:
                self._drop(table, key)
                if not table:
                    self._drop(tables, room)
            return
        if table is None:
            table = {}
            self._put(tables, room, table)
        # At the end, as what was made last.
        self._drop(table, key)
        self._put(table, key, value)


def first_refusal(rules: Rules, drafts: Iterable[Draft], at: float) -> PeerError | None:
    """Why the drafts of one request must not become events; None where they may.

    All are judged before the first of them happens.
    """
    return next((error for draft in drafts if (error := rules.refusal(draft, at)) is not None), None)


_JUDGES = {
    TopicChanged: Rules._judge_topic,
    Joined: Rules._judge_join,
    Left: Rules._judge_leaving,
    Quit: Rules._judge_leaving,
    Renamed: Rules._judge_rename,
    Away: Rules._judge_leaving,
    RoleChanged: Rules._judge_role,
    RankChanged: Rules._judge_role,
    ModeSet: Rules._judge_mode,
    AccessChanged: Rules._judge_access,
    Kicked: Rules._judge_kick,
}
"""The judgement of each kind that is no talk; a kind without one may always happen."""

_ABOUT_PRESENCE = frozenset({Kicked, Left, Quit})
"""The kinds that nobody, and the server neither, can have happen to somebody who is not there."""

_FOR_TALK = frozenset({MODERATED, MEMBERS_ONLY, SLOW})
"""The modes that say who is heard."""

_OF_ROOM = {BAN: Right.BAN, MUTE: Right.MUTE, EXCEPTION: Right.BAN, INVITED: Right.INVITE_PAST}
_OF_SERVER = {BAN: Right.SERVER_BAN, MUTE: Right.SHUN, EXCEPTION: Right.SERVER_BAN, INVITED: Right.SERVER_BAN}
"""The right that it takes to change each list."""


def _not_allowed(right: Right, room: str) -> NotAllowed:
    where = f" in {room}" if room and not right.of_server else ""
    of = "the server" if right.of_server or not room else room
    others = "" if right.role is Role.OWNER else " or more"
    error = NotAllowed(what=right.allows, where=where, role=f"{right.role.phrase}{others} of {of}")
    error.details.update(right=right.key)
    return error


def not_allowed(right: Right, room: str) -> NotAllowed:
    """The error for somebody who lacks ``right`` in ``room``."""
    return _not_allowed(right, room)


def until(at: float) -> str:
    """When something ends, behind a verb: `` until 22 November 2026, 12:30``; empty for what holds for good.

    :param at: seconds since 1970, UTC; shown in the server's time.
    """
    if at == inf:
        return ""
    return time.strftime(" until %Y-%m-%d %H:%M", time.localtime(at))


def _why(entry: Entry) -> str:
    return f" ({entry.reason})" if entry.reason else ""
