"""Moderation: what those who keep order may ask for, and what follows from it.

Each request is checked, turned into drafts of rules (roles, modes, entries of lists) or of somebody's being put out,
and appended; the log holds it against the rules once more where it is put in order (:mod:`chatroom.model.rules`). All
requests pass through :meth:`Moderation.act`. What follows from an event of theirs, such as that those whom a ban is
about are put out, is done once it has happened (:meth:`Moderation.happened`). It knows no commands and no doors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import inf
from typing import Any, NamedTuple, Protocol

from chatroom.core.accounts import Accounts
from chatroom.core.admission import is_in, is_this_machine, networks_of
from chatroom.core.directory import Directory
from chatroom.core.members import Member, Standing
from chatroom.core.requests import Asker, Request
from chatroom.core.rooms import Rooms
from chatroom.log.turns import LoopTurns, Work
from chatroom.model.answers import Notice
from chatroom.model.errors import (
    BadArgument,
    BannedFromServer,
    NoSuchEntry,
    NotThere,
    Outranked,
    PeerError,
)
from chatroom.model.events import AccessChanged, Draft, Event, Joined, Kicked, Left, ModeSet, RankChanged, RoleChanged
from chatroom.model.masks import ACCOUNT, ADDRESS, ID, NETWORK, Author, Mask, account_key, parse_mask
from chatroom.model.modes import HIDDEN, HISTORY, KEY, MODES, QUIET, history_of
from chatroom.model.names import nickname_key, room_name
from chatroom.model.roles import GIVEN, SERVER, TO_GIVE, Right, Role
from chatroom.model.rules import BAN, EXCEPTION, INVITED, MUTE, OWNERS, Entry, Rules, not_allowed, until
from chatroom.model.settings import Settings
from chatroom.model.text import clean

LEFT_BANNED = "banned"
"""The reason for which those leave who are banned from the server, for the others."""

MAX_REASON = 300
"""Characters of a reason; more of one is cut off."""

LOOKED_AT_IN_A_PIECE = 200
"""People who are held against a new ban in one piece of work."""

MAX_INVITATIONS = 10_000
"""Invitations past the modes of a room that wait to be used; of more, the oldest is forgotten."""


def rules_of(settings: Settings, *, can_undo: bool = False) -> Rules:
    """The rules of a server where nothing is set yet.

    :param can_undo: as :class:`~chatroom.model.rules.Rules` has it.
    """
    return Rules(room_name(settings.room), settings.room_makers, can_undo=can_undo)


class Chat(Protocol):
    """The rooms of the server, as far as moderation knows them."""

    @property
    def settings(self) -> Settings: ...

    @property
    def rules(self) -> Rules: ...

    @property
    def rooms(self) -> Rooms: ...

    @property
    def members(self) -> Mapping[str, Member]: ...

    @property
    def accounts(self) -> Accounts: ...

    @property
    def directory(self) -> Directory: ...

    @property
    def turns(self) -> LoopTurns: ...

    @property
    def now(self) -> Callable[[], float]: ...

    def find(self, nickname: str) -> Member: ...

    def check_right(self, member: Member, right: Right, room: str = SERVER) -> None: ...

    def check_is_in(self, member: Member, room: str) -> None: ...

    def check_shown(self, member: Member, room: str) -> None: ...

    def ask(self, request: Request, drafts: Sequence[Draft]) -> None: ...

    def append_for_server(self, draft: Draft) -> None: ...

    def broadcast(self, text: str) -> None: ...

    def quit(self, member: Member, reason: str) -> None: ...


class Target(NamedTuple):
    """Those whom a request is about."""

    masks: tuple[Mask, ...]
    of: str = ""
    """The nickname that was given; empty where something else was."""
    member: Member | None = None
    """Who is called that; None for nobody."""
    spared: bool = False
    """Whether their address is left out, because it is many people's."""

    @property
    def covers(self) -> str:
        """The masks in words, without the addresses themselves."""
        words = [words_of(mask, with_address=False) for mask in self.masks]
        found = words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
        return f"{found}, but not the address, which others may share" if self.spared else found


def words_of(mask: Mask, with_address: bool) -> str:
    """A mask, for people."""
    if mask.account:
        return f"the account {mask.account}"
    if mask.member:
        return "their client"
    if mask.network is not None:
        return mask.text.removeprefix(ADDRESS).removeprefix(NETWORK) if with_address else "the address"
    nickname, user, host = mask.parts or ("*", "*", "*")
    if (user, host) == ("*", "*") and not set("*?") & set(nickname):
        return f"the nickname {nickname}"
    return mask.text if with_address or not mask.is_of_address else f"{nickname}!{user}@(hidden)"


def deed(event: Event) -> tuple[str, str, str]:
    """What the audit log calls an event of somebody who keeps order, the person that it was done to, and the reason.

    No address and no key stands in it: operators of a room read it, too.
    """
    extras = event.extras or {}
    if isinstance(event, Kicked):
        return "kick", event.victim_nickname, event.text
    if isinstance(event, RoleChanged):
        return f"give {event.text}" if event.text else f"take {event.was}", event.holder, ""
    if isinstance(event, ModeSet):
        value = "" if event.subject == KEY else event.text
        return f"{'set' if event.text else 'take away'} {event.subject}", "", value
    verb = {BAN: "ban", MUTE: "mute", EXCEPTION: "except", INVITED: "admit"}[str(extras.get("list"))]
    target = str(extras.get("of") or "") or words_of(parse_mask(str(extras.get("mask"))), with_address=False)
    return f"un{verb}" if event.clears else verb, target, event.text


class _Holder(NamedTuple):
    """Somebody whose role is about to change."""

    name: str
    account: str
    """Empty for none."""
    member: Member | None
    """None where an account was named."""
    role: Role
    """By account; a guest's for none."""
    rank: Role
    """While they are in the room; a guest's for none."""


class Moderation:
    """The requests of those who keep order."""

    def __init__(self, chat: Chat) -> None:
        self._chat = chat
        self._rules = chat.rules
        self._exempt = networks_of(chat.settings.exempt)
        # Members who were invited past the modes of a room, and have not come yet; oldest first.
        self._invited: dict[tuple[str, str], None] = {}

    # Questions.

    def role(self, member: Member, room: str) -> Role:
        """The role of ``member`` in ``room``, or for the server."""
        return self._rules.role(room, member.member_id, member.author)

    def may(self, member: Member, right: Right, room: str = SERVER) -> bool:
        """True when ``member`` has ``right`` in ``room``."""
        return self._rules.may(right, room, member.member_id, member.author)

    def refusal_to_enter(self, member: Member, room: str, key: str = "") -> PeerError | None:
        """The reason for which ``member`` may not come into ``room``, as far as can be told now; None when they may."""
        author = member.author._replace(invited=self.is_invited(member, room), key=key)
        draft = Draft(Joined, room, member.member_id, member.nickname, author=author)
        return self._rules.refusal(draft, self._chat.now())

    def shows_room(self, member: Member, room: str) -> bool:
        """True when ``member`` is told that there is ``room``: it is not hidden, or they are in it."""
        return HIDDEN not in self._rules.modes(room) or room in member.rooms or self.may(member, Right.SEE_HIDDEN)

    def history_from(self, member: Member, room: str) -> float:
        """The time from which on ``member`` may read what happened in ``room``, in seconds since 1970, UTC."""
        value = self._rules.modes(room).get(HISTORY, "")
        if not value:
            return -inf
        members_only, back = history_of(value)
        if self.may(member, Right.SEE_HISTORY, room):
            return -inf
        hides_all = not back or (members_only and not member.account)
        return inf if hides_all else self._chat.now() - back

    def sees(self, member: Member, event: Event) -> bool:
        """True when ``member`` may be shown an event of the past, as far as the modes of its room say."""
        if not self._rules.modes(event.room):
            return True
        if self.is_unseen(event) and event.member != member.member_id:
            return False
        return event.at >= self.history_from(member, event.room)

    def is_unseen(self, event: Event) -> bool:
        """True when others in its room are not shown an event, since nobody is shown there who comes and goes."""
        return isinstance(event, Joined | Left) and QUIET in self._rules.modes(event.room)

    def entries(self, room: str, list_: str) -> Iterator[Entry]:
        """The entries of a list that hold now, oldest first."""
        return self._rules.entries(room, list_, self._chat.now())

    def shown_mask(self, member: Member, entry: Entry) -> str:
        """The mask of an entry as ``member`` may see it."""
        words = words_of(entry.mask, self.may(member, Right.SEE_ADDRESSES))
        return f"{words} (of {entry.of})" if entry.of and not words.endswith(f" {entry.of}") else words

    # Targets.

    def target(self, member: Member, text: str, room: str, *, makes: bool = True) -> Target:
        """Those whom ``text`` names: a nickname, an account, an address, a network or a mask.

        A nickname of somebody who is here stands for their account, their client and their address, too, so that they
        cannot come back by another name.

        :param makes: whether an entry is made of it, which takes more rights and must be outranked by nobody.
        :raises BadArgument: it is none of these.
        :raises NotAllowed: it is about addresses, which they may not see.
        :raises Outranked: it names somebody of a higher role.
        """
        try:
            key = "" if set(text) & set("*?!@:/") or _is_address(text) else nickname_key(text)
        except ValueError:
            key = ""
        if not key:
            try:
                mask = parse_mask(text)
            except ValueError as error:
                raise BadArgument(
                    what=f"{text[:40]} will not do: {error}",
                    usage="a nickname, account:NAME, an address, a network such as 192.0.2.0/24, or nick!user@host",
                ) from None
            if mask.is_of_address and makes and not self.may(member, Right.SEE_ADDRESSES):
                raise not_allowed(Right.SEE_ADDRESSES, SERVER)
            if makes and mask.account:
                self._check_outranks_account(member, mask.account, room)
            return Target((mask,))
        of_nickname = parse_mask(f"{key}!*@*")
        found = self._chat.members.get(key)
        if found is None:
            return Target((of_nickname,), text)
        if makes:
            self.check_outranks(member, found, room)
        masks = [of_nickname]
        if found.account:
            masks.append(parse_mask(f"{ACCOUNT}{account_key(found.account)}"))
        if found.lasting:
            masks.append(parse_mask(f"{ID}{found.member_id}"))
        address = found.author.address
        spared = bool(address) and (is_this_machine(address) or is_in(address, self._exempt))
        if address and not spared:
            masks.append(parse_mask(f"{ADDRESS}{address}"))
        return Target(tuple(masks), found.nickname, found, spared)

    def _power(self, member: Member, room: str) -> int:
        return self._rules.power(room, member.member_id, member.author)

    def check_outranks(self, member: Member, other: Member, room: str) -> None:
        """Check that ``other`` has no higher role than ``member``.

        :raises Outranked: they have.
        """
        if other is not member and self._power(other, room) > self._power(member, room):
            raise Outranked(nickname=other.nickname)

    def _check_outranks_account(self, member: Member, account: str, room: str) -> None:
        """The same for whoever is logged in to an account."""
        power = self._rules.power(room, "", Author(account))
        if account != member.author.account and power > self._power(member, room):
            raise Outranked(nickname=account)

    # Requests: each either raises a PeerError or has its asker told an outcome.

    def act(self, request: Request, drafts: Sequence[Draft]) -> None:
        """Append the drafts of a request; every request passes through here."""
        self._chat.ask(request, drafts)

    def kick(
        self, member: Member, room: str, nickname: str, reason: str, asker: Asker | None = None, **own: Any
    ) -> Member:
        """Put somebody out of ``room``; they may come back.

        :returns: whom.
        :raises NotThere: they are not in it.
        """
        self._chat.check_is_in(member, room)
        self._chat.check_right(member, Right.KICK, room)
        victim = self._chat.find(nickname)
        if room not in self._chat.rooms or victim not in self._chat.rooms[room].members:
            raise NotThere(nickname=victim.nickname, room=room)
        self.check_outranks(member, victim, room)
        request = Request(member, Kicked, (room,), _reason(reason), asker, **own)
        extras = {"member": victim.member_id, "nick": victim.nickname}
        draft = self._draft(request, Kicked, room, request.text, extras)
        self.act(request, [draft._replace(author=member.author._replace(target=victim.author))])
        return victim

    def add(
        self,
        member: Member,
        room: str,
        list_: str,
        text: str,
        *,
        reason: str = "",
        seconds: float = 0,
        asker: Asker | None = None,
        **own: Any,
    ) -> Target:
        """Make an entry in a list of ``room``, or of the server.

        :param text: whom it is about, as :meth:`target` has it.
        :param seconds: for how long it holds; 0: for good.
        :returns: whom it is about.
        """
        self._check_list(member, room, list_)
        target = self.target(member, text, room)
        reason = _reason(reason)
        extras: dict[str, object] = {"list": list_, "rank": self._power(member, room)}
        if seconds:
            extras["until"] = round(self._chat.now() + seconds, 3)
        if target.of:
            extras["of"] = target.of
        request = Request(member, AccessChanged, (room,), reason, asker, **own)
        self.act(
            request,
            [self._draft(request, AccessChanged, room, reason, {**extras, "mask": mask.text}) for mask in target.masks],
        )
        return target

    def lift(
        self, member: Member, room: str, list_: str, text: str, asker: Asker | None = None, **own: Any
    ) -> list[Entry]:
        """Have the entries of a list that were made for ``text`` hold no more.

        :returns: these.
        :raises NoSuchEntry: there are none.
        """
        self._check_list(member, room, list_)
        target = self.target(member, text, room, makes=False)
        of = target.of and nickname_key(target.of)
        masks = {target.masks[0].text}
        entries = [
            entry
            for entry in self.entries(room, list_)
            if entry.mask.text in masks or (of and entry.of and nickname_key(entry.of) == of)
        ]
        if not entries:
            raise NoSuchEntry(what=list_, target=text[:40])
        request = Request(member, AccessChanged, (room,), "", asker, **own)
        self.act(
            request,
            [self._draft(request, AccessChanged, room, "", _lifted(entry)) for entry in entries],
        )
        return entries

    def _check_list(self, member: Member, room: str, list_: str) -> None:
        if room == SERVER:
            right = Right.SHUN if list_ == MUTE else Right.SERVER_BAN
        else:
            self._chat.check_shown(member, room)
            right = {BAN: Right.BAN, MUTE: Right.MUTE, EXCEPTION: Right.BAN, INVITED: Right.INVITE_PAST}[list_]
        self._chat.check_right(member, right, room)

    def give(self, member: Member, room: str, text: str, role: Role, asker: Asker | None = None, **own: Any) -> str:
        """Have somebody have ``role`` in ``room``, or for the server: for good with an account, else while they are in.

        :param text: a nickname, or ``account:NAME``.
        :returns: who has it, in words.
        """
        holder = self._holder(member, room, text)
        self._chat.check_right(member, _right_to_give(role, room), room)
        has = max(holder.role, holder.rank)
        if has >= role:
            raise BadArgument(what=f"{holder.name} has that role already, or a higher one", usage="/room lists who has")
        request = Request(member, RoleChanged, (room,), role.word, asker, **own)
        if holder.account:
            draft = self._role(request, holder, has)
        elif room != SERVER:
            draft = self._rank(request, holder, has)
        else:
            raise BadArgument(
                what=f"{holder.name} has no account, and roles for the server are kept by account",
                usage="have them /register first",
            )
        self.act(request, [draft])
        return holder.name

    def take(self, member: Member, room: str, text: str, role: Role, asker: Asker | None = None, **own: Any) -> str:
        """Have somebody have ``role`` no more.

        :returns: who had it, in words.
        """
        holder = self._holder(member, room, text)
        if holder.member is not member:
            self._chat.check_right(member, _right_to_give(role, room), room)
        request = Request(member, RoleChanged, (room,), "", asker, **own)
        drafts = [self._role(request, holder, role)] if holder.role is role else []
        if holder.rank is role:
            drafts.append(self._rank(request, holder, role))
        if not drafts:
            raise BadArgument(what=f"{holder.name} is not {role.phrase} here", usage="/room lists who is")
        self.act(request, drafts)
        return holder.name

    def _holder(self, member: Member, room: str, text: str) -> _Holder:
        """Somebody whose role ``member`` wants to change.

        :raises Outranked: they have a higher one.
        """
        if room != SERVER:
            self._chat.check_shown(member, room)
        if text.startswith(ACCOUNT):
            account = text.removeprefix(ACCOUNT)
            self._check_outranks_account(member, account_key(account), room)
            return _Holder(account, account, None, self._role_of(room, account), Role.GUEST)
        other = self._chat.find(text)
        self.check_outranks(member, other, room)
        rank = self._rules.rank(room, other.member_id) or Role.GUEST
        return _Holder(other.nickname, other.account, other, self._role_of(room, other.account), rank)

    def _role_of(self, room: str, account: str) -> Role:
        return self._rules.holders(room).get(account_key(account), Role.GUEST) if account else Role.GUEST

    def _role(self, request: Request, holder: _Holder, was: Role) -> Draft:
        extras = {"account": holder.account, **_was(was)}
        if holder.member is not None:
            extras["nick"] = holder.name
        return self._draft(request, RoleChanged, request.rooms[0], request.text, extras)

    def _rank(self, request: Request, holder: _Holder, was: Role) -> Draft:
        assert holder.member is not None
        extras = {"member": holder.member.member_id, "nick": holder.name, **_was(was)}
        return self._draft(request, RankChanged, request.rooms[0], request.text, extras)

    def set_mode(
        self, member: Member, room: str, name: str, value: str, asker: Asker | None = None, **own: Any
    ) -> None:
        """Set a mode of ``room``.

        :param value: as a person writes it; ``off`` takes the mode away.
        :raises BadArgument: there is no such mode, or it has no such value.
        """
        self._chat.check_shown(member, room)
        self._chat.check_right(member, Right.SET, room)
        mode = MODES.get(name)
        if mode is None:
            raise BadArgument(what=f"There is no mode {name[:40]}", usage=f"/set {'|'.join(MODES)} [value|off]")
        parsed = "" if value.lower() == "off" else mode.parse(value)
        if parsed is None:
            raise BadArgument(
                what=f"{name} has no such value", usage=f"/set {name} {mode.value or 'on'}, or /set {name} off"
            )
        request = Request(member, ModeSet, (room,), parsed, asker, **own)
        self.act(request, [self._draft(request, ModeSet, room, parsed, {"mode": name})])

    def announce(self, member: Member, text: str) -> None:
        """Tell everybody something."""
        self._chat.check_right(member, Right.ANNOUNCE)
        self._chat.broadcast(f"{member.nickname} announces: {text}")

    def _draft(self, request: Request, kind: type[Event], room: str, text: str, extras: Mapping[str, object]) -> Draft:
        member = request.member
        return Draft(kind, room, member.member_id, member.nickname, text, extras=extras, author=member.author)

    # Invitations.

    def invite(self, member: Member, guest: Member, room: str) -> None:
        """Take notice of an invitation; of somebody who may, it lets in once, whatever the modes are."""
        if self.may(member, Right.INVITE_PAST, room):
            self._invited[room, guest.member_id] = None
            if len(self._invited) > MAX_INVITATIONS:
                del self._invited[next(iter(self._invited))]

    def is_invited(self, member: Member, room: str) -> bool:
        """True when an invitation lets ``member`` in."""
        return (room, member.member_id) in self._invited

    # Events.

    def happened(self, events: Sequence[Event]) -> None:
        """Do what follows from changes of rules, which everybody was shown."""
        for event in events:
            if isinstance(event, AccessChanged):
                if not event.clears:
                    self._entry_made(event)
            elif isinstance(event, RoleChanged) and event.room == SERVER:
                self._tell_role(event)

    def _tell_role(self, event: RoleChanged) -> None:
        role = GIVEN.get(event.text)
        said = f"you are {role.phrase} of the server now" if role else "you have no role for the server any more"
        for member in self._chat.accounts.logged_in(str((event.extras or {}).get("account", ""))):
            member.tell(Notice(f"{event.nickname} has changed your role: {said}."))

    def joined(self, event: Event, member: Member) -> None:
        """Take notice that somebody has come into a room: an invitation is used up, and a new room may be theirs."""
        self._invited.pop((event.room, member.member_id), None)
        # Nobody has a role by being there at this moment, unless they have made the room.
        is_maker = self._rules.rank(event.room, member.member_id) is Role.OPERATOR
        makes_owners = self._chat.settings.room_makers == OWNERS
        if is_maker and makes_owners and member.account and self._rules.may_own_more(member.author.account):
            extras = {"account": member.account, "nick": member.nickname}
            who = member.member_id, member.nickname
            self._chat.append_for_server(Draft(RoleChanged, event.room, *who, Role.OWNER.word, extras=extras))

    def _entry_made(self, event: AccessChanged) -> None:
        extras = event.extras or {}
        list_, of = extras.get("list"), str(extras.get("of", ""))
        if list_ == BAN:
            found = self._put_out(event)
            self._chat.turns.add(None, found, lambda _: None, lambda error: None)
        elif list_ == MUTE and of and self._is_first_for(event):
            member = self._chat.members.get(nickname_key(of))
            if member is not None:
                why = f" ({event.text})" if event.text else ""
                where = f"in {event.room}" if event.room else "everywhere"
                ends = until(float(extras.get("until") or inf))
                member.tell(
                    Notice(f"{event.nickname} has muted you {where}{ends}{why}: you may read, and say nothing there.")
                )

    @staticmethod
    def _is_first_for(event: AccessChanged) -> bool:
        """Whether it is the first entry that was made for a nickname at once."""
        return str((event.extras or {}).get("mask", "")).endswith("!*@*")

    def _put_out(self, event: AccessChanged) -> Work[None]:
        """Put out everybody whom a new ban is about."""
        chat, room = self._chat, event.room
        members = list(chat.rooms[room].members) if room in chat.rooms else []
        if room == SERVER:
            members = list(chat.directory.everybody())
        for number, member in enumerate(members, 1):
            self._put_out_if_banned(member, room, event.member)
            if number % LOOKED_AT_IN_A_PIECE == 0:
                yield

    def _put_out_if_banned(self, member: Member, room: str, by: str = "") -> None:
        """Put ``member`` out of ``room``, or of the server, if there is a ban that is about them.

        :param by: the id of who has banned them; empty where that was long ago.
        """
        chat = self._chat
        entry = self._rules.ban(room, member.person, chat.now())
        if entry is None:
            return
        ends = until(entry.until)
        if room == SERVER:
            self._dismiss(member, BannedFromServer(until=ends, why=f" ({entry.reason})" if entry.reason else ""))
        elif room in chat.rooms and member in chat.rooms[room].members:
            extras = {"member": member.member_id, "nick": member.nickname, "banned": ends.strip() or "for good"}
            author = Author(is_server=True, target=member.author)
            chat.append_for_server(Draft(Kicked, room, by, entry.by, entry.reason, extras=extras, author=author))

    def logged_in(self, member: Member) -> None:
        """Take notice that somebody is logged in to an account, which may be banned where they are."""
        if member.standing is Standing.HERE:
            for room in (SERVER, *member.rooms):
                self._put_out_if_banned(member, room)

    def _dismiss(self, member: Member, error: BannedFromServer) -> None:
        if member.session is not None:
            member.session.dismiss(error)
        else:
            self._chat.quit(member, LEFT_BANNED)


def _lifted(entry: Entry) -> dict[str, object]:
    """The extras of an event by which an entry holds no more."""
    extras: dict[str, object] = {"list": entry.list, "mask": entry.mask.text, "lifted": True}
    return {**extras, "of": entry.of} if entry.of else extras


def _right_to_give(role: Role, room: str) -> Right:
    return Right.SERVER_ROLES if room == SERVER else TO_GIVE[role]


def _was(role: Role) -> dict[str, str]:
    """The part of the extras that says which role somebody had."""
    return {"was": role.word} if role.word in GIVEN else {}


def _is_address(text: str) -> bool:
    try:
        return parse_mask(text).network is not None
    except ValueError:
        return False


def _reason(text: str) -> str:
    return clean(text)[:MAX_REASON]
