"""Usernames, realnames and modes of those who are here, and of those who have gone (WHOWAS).

A client at this door gives a username and a realname; those of a member at another door are made of the nickname.
The host in a prefix is the server's name, and never an address.
"""

from __future__ import annotations

from collections import deque
from functools import lru_cache
from typing import NamedTuple

from chatroom.core.chat import Chat
from chatroom.core.members import Member
from chatroom.doors.irc.message import user_of
from chatroom.model.events import Event
from chatroom.model.names import nickname_key

MAX_WAS = 1000
"""Nicknames of those who have gone that WHOWAS knows."""

OPERATOR = "o"
"""The mode of operators, which is the member's at every door."""

BOT_MODE = "B"
"""The mode of bots, as they tell of themselves."""


class User:
    """Somebody at this door, as they told of themselves."""

    __slots__ = ("modes", "realname", "seen_at", "signed_on", "username")

    def __init__(self, now: float) -> None:
        """:param now: seconds since 1970, UTC."""
        self.username = self.realname = ""
        self.modes = ""
        """B, i and w, as far as they have set them."""
        self.signed_on = self.seen_at = now
        """When they came in, and when they last said something: seconds since 1970, UTC."""


class UserInfo(NamedTuple):
    """Somebody at any door, as everybody who asks is shown them."""

    member: Member
    nickname: str
    username: str
    realname: str
    account: str
    """Empty for none."""
    away: str | None
    """Why they are away; None while they are here."""
    modes: str
    user: User | None
    """None for a member at another door."""

    @property
    def flags(self) -> str:
        """H for here or G for gone, * for an operator, and B for a bot."""
        here = "H" if self.away is None else "G"
        return here + ("*" if self.is_operator else "") + (BOT_MODE if self.is_bot else "")

    @property
    def is_bot(self) -> bool:
        return BOT_MODE in self.modes

    @property
    def is_operator(self) -> bool:
        return OPERATOR in self.modes

    def idle(self, now: float) -> int:
        """Seconds since they last said something; 0 where nobody knows."""
        return 0 if self.user is None else max(0, int(now - self.user.seen_at))


class Was(NamedTuple):
    """Somebody who had a nickname."""

    nickname: str
    username: str
    realname: str
    until: float
    """Seconds since 1970, UTC."""


class Users:
    """Everybody whom IRC clients may be told of."""

    def __init__(self, chat: Chat, host: str) -> None:
        """:param host: stands in everybody's prefix."""
        self._chat = chat
        self._host = host
        self._users: dict[Member, User] = {}
        # Members at this door by the keys of their nicknames.
        self._holders: dict[str, Member] = {}
        # Members whose connection is lost, and who hold a nickname until what they asked for last is answered.
        self._lost: set[Member] = set()
        # Usernames by the keys of nicknames: of the users at this door, and of those who have gone, since that is
        # shown a moment later.
        self._usernames: dict[str, str] = {}
        self.was: deque[Was] = deque(maxlen=MAX_WAS)
        """Those who had a nickname; the last who lost theirs at the end."""

    def add(self, member: Member, user: User) -> None:
        """Know ``member``, who has connected at this door."""
        self._users[member] = user

    def remove(self, member: Member) -> None:
        """Know ``member``, whose connection is lost, no more once they hold no nickname."""
        if member not in self._users:
            return  # They came by another door first.
        if member.key:
            self._lost.add(member)
        else:
            del self._users[member]

    def forget(self, member: Member) -> None:
        """Know ``member``, who holds no nickname, no more."""
        self._users.pop(member, None)

    def at_this_door(self, member: Member) -> User | None:
        """The user that ``member`` is; None for a member at another door."""
        return self._users.get(member)

    def info(self, member: Member) -> UserInfo:
        """Everything that everybody is told of ``member``."""
        user = self._users.get(member)
        username, realname = _elsewhere(member.nickname) if user is None else (user.username, user.realname)
        modes = modes_of(member, user)
        return UserInfo(member, member.nickname, username, realname, member.account, member.away, modes, user)

    def named(self, nickname: str, here: bool) -> None:
        """Take notice that somebody holds ``nickname`` from now on, or that nobody does."""
        key = nickname_key(nickname)
        if here:
            holder = self._chat.members[key]
            if holder in self._users:
                self._holders[key] = holder
                self._usernames[key] = self._users[holder].username
            else:
                self._usernames.pop(key, None)
        else:
            self._had(nickname, self._holders.pop(key, None))

    def _had(self, nickname: str, holder: Member | None) -> None:
        """Remember who had ``nickname``, and forget members who are lost.

        :param holder: None for a member at another door.
        """
        if holder is None:
            told = _elsewhere(nickname)
        else:
            user = self._users[holder]
            told = user.username, user.realname
            if holder in self._lost and not holder.key:
                self._lost.discard(holder)
                del self._users[holder]
        self.was.append(Was(nickname, *told, self._chat.now()))
        if len(self._usernames) > len(self._holders) + 2 * MAX_WAS:
            self._forget_usernames()

    def _forget_usernames(self) -> None:
        """Know no more of those who have gone than WHOWAS does."""
        gone = {nickname_key(was.nickname): was.username for was in self.was}
        here = {key: self._users[holder].username for key, holder in self._holders.items()}
        self._usernames = {**gone, **here}

    # Questions of the format about the people whom events name.

    def prefix(self, nickname: str) -> str:
        """The source of a line: ``alice!ally@chat.example.org``; of somebody long gone, as the nickname tells it."""
        try:
            username = self._usernames.get(nickname_key(nickname))
        except ValueError:
            username = None  # The log may be older, or younger, than the letters that are known here.
        return f"{nickname}!{username or _user_of_nickname(nickname)}@{self._host}"

    def realname(self, nickname: str) -> str:
        """The realname of the user who is called ``nickname``."""
        holder = self._holders.get(nickname_key(nickname))
        return _elsewhere(nickname)[1] if holder is None else self._users[holder].realname

    def account(self, nickname: str) -> str:
        """The account that somebody who is here is logged in to; empty for none."""
        member = self._chat.members.get(nickname_key(nickname))
        return "" if member is None else member.account

    def is_bot(self, nickname: str) -> bool:
        """Whether somebody who is here has told that they are a bot."""
        holder = self._holders.get(nickname_key(nickname))
        return holder is not None and BOT_MODE in self._users[holder].modes

    def author(self, event: Event) -> Member | None:
        """The member who did what ``event`` tells; None once they are gone, or are called something else."""
        member = self._chat.members.get(nickname_key(event.nickname))
        return member if member is not None and member.member_id == event.member else None


def modes_of(member: Member, user: User | None) -> str:
    """The modes of a member, in alphabetical order."""
    return "".join(sorted((user.modes if user is not None else "") + (OPERATOR if member.operator else "")))


def _elsewhere(nickname: str) -> tuple[str, str]:
    """The username and the realname of a member who has told neither."""
    return _user_of_nickname(nickname), f"{nickname}, at another door"


@lru_cache(maxsize=4096)
def _user_of_nickname(nickname: str) -> str:
    # Nicknames are short; a username that a client tells may be as long as a line, and no cache keeps it.
    return user_of(nickname)
