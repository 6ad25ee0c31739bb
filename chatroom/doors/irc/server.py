"""What all who come in by the IRC door share: the server's name and passwords, who is watched for, and who was here.

It is told of everybody who takes a nickname or gives one up, at whatever door. No I/O but for two files at the start.
"""

from __future__ import annotations

import hmac
from collections import Counter, deque
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from twisted.internet.interfaces import IReactorTime

from chatroom.core.chat import Chat
from chatroom.core.members import Member
from chatroom.core.rate_limits import Guesses
from chatroom.doors.irc.format import IRCFormat
from chatroom.doors.irc.message import matches, user_of
from chatroom.doors.irc.numerics import Numeric
from chatroom.model.constants import ENCODING
from chatroom.model.errors import NoSuchNickname
from chatroom.model.names import nickname_key
from chatroom.model.settings import Settings

if TYPE_CHECKING:
    from chatroom.doors.irc.session import IRCSession

NETWORK = "chatroom"

MAX_WRONG, WRONG_FOR = 30, 60
"""Wrong passwords from one address in so many seconds, after which none is taken from there until those are over.

A client that reconnects with a wrong one every few seconds does not shut out those who share its address.
"""

MAX_GUESSERS = 10_000
"""Addresses whose wrong passwords are counted."""

MAX_WAS = 1000
"""Nicknames of those who have gone that WHOWAS knows."""


class Was(NamedTuple):
    """Somebody who had a nickname."""

    nickname: str
    username: str
    realname: str
    until: float
    """Seconds since 1970, UTC."""


class IRCServer:
    """The server, as IRC clients see it."""

    def __init__(self, chat: Chat, clock: Callable[[], IReactorTime]) -> None:
        """
        :param clock: returns what says how late it is; there is one when somebody has connected.
        :raises OSError, ValueError: a file of the settings will not do.
        """
        self.chat = chat
        self._clock = clock
        self.name = chat.settings.server_name
        self.started = chat.now()
        self.password = _read_password(chat.settings)
        """What PASS has to say; empty where it need say nothing."""
        self.operators = _read_operators(chat.settings)
        """The passwords of those who may become operators, by their names."""
        self._guesses = Guesses(MAX_WRONG, WRONG_FOR, MAX_GUESSERS)
        self.connected: dict[Member, IRCSession] = {}
        """Everybody at this door, those who have not come in yet as well, as themselves."""
        self.entered = 0
        """How many of them are in."""
        self.modes: Counter[str] = Counter()
        """How many of those have each mode. Counted as they change: each newcomer is told, however many there are."""
        self.most = 0
        """The most people that there were at once, at all doors."""
        self.was: deque[Was] = deque(maxlen=MAX_WAS)
        """Who had a nickname; the last who lost theirs at the end."""
        self.watchers: dict[str, dict[IRCSession, None]] = {}
        """Who watches for a nickname (MONITOR), by its key."""
        self._here: dict[str, IRCSession] = {}
        # Usernames by the keys of nicknames: of who is at this door, and of who has gone, whose going is yet to be
        # shown.
        self._usernames: dict[str, str] = {}
        self._formats: dict[tuple[bool, ...], IRCFormat] = {}
        chat.watchers.append(self._changed)

    def format_for(self, capabilities: frozenset[str]) -> IRCFormat:
        """The one format of all who have asked for the same."""
        wanted = tuple(name in capabilities for name in ("server-time", "message-tags", "extended-join"))
        if wanted not in self._formats:
            server_time, message_tags, extended_join = wanted
            self._formats[wanted] = IRCFormat(
                self.name,
                self.prefix,
                server_time=server_time,
                message_tags=message_tags,
                realname_of=self._realname_of if extended_join else None,
            )
        return self._formats[wanted]

    def _realname_of(self, nickname: str) -> str:
        session = self._here.get(nickname_key(nickname))
        return session.realname if session is not None else at_another_door(nickname)[1]

    def prefix(self, nickname: str) -> str:
        """Who something is from: ``alice!ally@chat.example.org``; of who has long gone, what the nickname tells."""
        try:
            username = self._usernames.get(nickname_key(nickname))
        except ValueError:
            username = None  # The log may be older, or younger, than the letters that are known here.
        return f"{nickname}!{username or user_of(nickname)}@{self.name}"

    def is_here(self, mask: str) -> bool:
        """Whether a client that asks a server means this one: by its name, or by somebody who is here."""
        try:
            self.chat.find(mask)
        except NoSuchNickname:
            return matches(mask.lower(), self.name.lower())
        return True

    def may_enter(self, host: str, password: str) -> bool:
        """Whether whoever comes from ``host`` may come in with this password."""
        return not self.password or self._is_right(host, password, self.password)

    def why_wrong(self, host: str) -> str:
        """What to say to somebody from ``host`` whose password was not taken."""
        if self._guesses.too_many(host, self._clock().seconds()):
            return "Too many wrong passwords came from your address: wait a minute"
        return Numeric.ERR_PASSWDMISMATCH.text

    def is_operator(self, host: str, name: str, password: str) -> bool:
        """Whether ``password`` makes somebody from ``host`` an operator."""
        return self._is_right(host, password, self.operators.get(name, ""))

    def _is_right(self, host: str, given: str, known: str) -> bool:
        """Whether they are the same and not empty, found out in a time that tells nothing of either.

        After too many wrong ones even the right one is none: what may be guessed by the thousand is found.
        """
        now = self._clock().seconds()
        if self._guesses.too_many(host, now):
            return False
        same = hmac.compare_digest(given.encode(ENCODING, "replace"), known.encode(ENCODING, "replace"))
        if same and known:
            return True
        self._guesses.wrong(host, now)
        return False

    def left(self, session: IRCSession) -> None:
        """Somebody's connection is gone."""
        del self.connected[session]
        if session.entered:
            self.entered -= 1
            self.modes.subtract(session.modes)
        for key in session.monitored:
            self.unwatch(key, session)

    def watch(self, nickname: str, session: IRCSession) -> None:
        """Have ``session`` told when ``nickname``, of which it is the key, comes and goes."""
        self.watchers.setdefault(nickname, {})[session] = None

    def unwatch(self, nickname: str, session: IRCSession) -> None:
        """Have it told no more."""
        watchers = self.watchers.get(nickname, {})
        watchers.pop(session, None)
        if not watchers:
            self.watchers.pop(nickname, None)

    def _changed(self, nickname: str, here: bool) -> None:
        """Somebody has a nickname now, or nobody has."""
        key = nickname_key(nickname)
        self.most = max(self.most, len(self.chat.members))
        if here:
            session = self.connected.get(self.chat.members[key])
            if session is not None:
                self._here[key] = session
                self._usernames[key] = session.username
            else:
                self._usernames.pop(key, None)
        else:
            gone = self._here.pop(key, None)
            told = (gone.username, gone.realname) if gone is not None else at_another_door(nickname)
            self.was.append(Was(nickname, *told, self.chat.now()))
            self._forget_usernames()
        for watcher in list(self.watchers.get(key, ())):
            numeric = Numeric.RPL_MONONLINE if here else Numeric.RPL_MONOFFLINE
            watcher.send_aside(watcher.line_of(numeric, text=self.prefix(nickname) if here else nickname))

    def _forget_usernames(self) -> None:
        """Know no more of those who have gone than WHOWAS does, give or take as many again."""
        if len(self._usernames) > len(self._here) + 2 * MAX_WAS:
            gone = {nickname_key(was.nickname): was.username for was in self.was}
            self._usernames = {**gone, **{key: session.username for key, session in self._here.items()}}


def at_another_door(nickname: str) -> tuple[str, str]:
    """The username and the realname of somebody who has told neither."""
    return user_of(nickname), f"{nickname}, at another door"


def _read_password(settings: Settings) -> str:
    """The password of the server, the first line of a file; empty where there is no file.

    :raises OSError: it cannot be read.
    :raises ValueError: there is none in it.
    """
    if not settings.irc_password:
        return ""
    with open(settings.irc_password, encoding=ENCODING) as file:
        password = file.readline().rstrip("\r\n")
    if not password:
        raise ValueError("its first line is empty: write the password there")
    return password


def _read_operators(settings: Settings) -> dict[str, str]:
    """Who may become an operator, and their passwords: a line each, with a space between.

    :raises OSError: it cannot be read.
    :raises ValueError: a line has another shape, or there is none.
    """
    found: dict[str, str] = {}
    if not settings.irc_operators:
        return found
    with open(settings.irc_operators, encoding=ENCODING) as file:
        for number, line in enumerate(file, 1):
            if not line.strip() or line.startswith("#"):
                continue
            name, _, password = line.strip().partition(" ")
            if not password.strip():
                raise ValueError(f"line {number}: write a name, a space and a password")
            if name in found:
                raise ValueError(f"line {number}: {name} is there already: leave one of the two")
            found[name] = password.strip()
    if not found:
        raise ValueError("nobody is in it: write a name, a space and a password in a line")
    return found


def check(settings: Settings) -> None:
    """:raises ValueError: the files of the settings will not do; it says which, and why."""
    for option, path, read in (
        ("irc-password", settings.irc_password, _read_password),
        ("irc-operators", settings.irc_operators, _read_operators),
    ):
        try:
            read(settings)
        except OSError as error:
            raise ValueError(f"--{option} {path}: {error.strerror}") from None
        except UnicodeDecodeError:
            raise ValueError(f"--{option} {path}: it is not UTF-8") from None
        except ValueError as error:
            raise ValueError(f"--{option} {path}: {error}") from None
