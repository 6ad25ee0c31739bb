"""The server as IRC clients see it: its name and password, who is connected at this door, and who watches for whom.

It is told of everybody who takes a nickname or gives one up, or goes away, at whatever door. No I/O but for one file at
the start.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol

from chatroom.core.chat import Chat
from chatroom.core.members import Member, Standing
from chatroom.core.operators import Passwords
from chatroom.doors.irc.format import MULTILINE, SHAPING, IRCFormat, Tagging
from chatroom.doors.irc.message import word
from chatroom.doors.irc.numerics import Numeric
from chatroom.doors.irc.users import User, Users
from chatroom.model.constants import FILE_ENCODING
from chatroom.model.errors import NoSuchNickname
from chatroom.model.masks import matches
from chatroom.model.names import nickname_key
from chatroom.model.settings import Settings

NETWORK = "chatroom"


class Client(Protocol):
    """A session at this door, as far as the server knows it."""

    member: Member
    user: User
    monitored: dict[str, str]
    """The nicknames that they watch for, by their keys."""
    format: IRCFormat
    write: Callable[[bytes], None]

    def has(self, capability: str) -> bool:
        """Whether they have asked for ``capability``."""

    def line_of(self, numeric: Numeric, *parameters: object, text: str | None = None, **details: object) -> str:
        """A numeric as a line."""

    def send_aside(self, line: str) -> None:
        """Send a line that answers nothing."""


class IRCServer:
    """The state that all sessions at this door share."""

    def __init__(self, chat: Chat) -> None:
        """:raises OSError, ValueError: the file with the password will not do."""
        self.chat = chat
        self.name = chat.settings.server_name
        self.started = chat.now()
        self.password = _read_password(chat.settings)
        """The password that PASS has to give; empty where none is wanted."""
        self.passwords = Passwords()
        self.encrypted_port = 0
        """The port for encrypted connections; 0 where there is none."""
        self.users = Users(chat, self.name)
        self.clients: dict[Client, None] = {}
        """Everybody at this door, registered or not; a member may be here by several."""
        self.unregistered: set[Client] = set()
        """Those of them who are not registered."""
        self.invisible = 0
        """How many of the clients have mode i; counted as that changes, since each newcomer is told."""
        self.most = 0
        """The most people that there were at once, at all doors."""
        self.watchers: dict[str, dict[Client, None]] = {}
        """The clients that watch for a nickname (MONITOR), by its key."""
        self._formats: dict[frozenset[str], IRCFormat] = {}
        chat.directory.watchers.append(self)
        chat.accounts.watch(self.account_changed, lambda nickname: None)

    def connected(self, client: Client) -> None:
        """Know a session that has just begun."""
        self.clients[client] = None
        self.unregistered.add(client)
        self.users.add(client.member, client.user)

    def lost(self, client: Client) -> None:
        """Know it no more: its connection is lost."""
        del self.clients[client]
        if not self.clients_of(client.member, but=client):
            self.users.remove(client.member)
        self.unregistered.discard(client)
        self.invisible -= "i" in client.user.modes
        for key in client.monitored:
            self.unwatch(key, client)

    def clients_of(self, member: Member, but: Client | None = None) -> list[Client]:
        """The clients of ``member`` at this door."""
        sessions: tuple[Any, ...] = member.sessions
        return [session for session in sessions if session is not but and session in self.clients]

    def is_another_of(self, client: Client, apart: Member) -> None:
        """Take notice that a client, which was a member apart, is one more of a member who is here."""
        self.users.forget(apart)
        if self.users.at_this_door(client.member) is not None:
            # They are known as the first of their clients has told.
            first = self.users.at_this_door(client.member)
            assert first is not None
            client.user.username, client.user.realname = first.username, first.realname

    def format_for(self, capabilities: frozenset[str]) -> IRCFormat:
        """The one format of all who have asked for the same."""
        shaping = capabilities & SHAPING
        if "batch" not in capabilities:
            shaping -= {MULTILINE}
        found = self._formats.get(shaping)
        if found is None:
            found = self._formats[shaping] = IRCFormat(self.name, self.chat.log.identity, self.users, shaping)
        return found

    def is_here(self, mask: str) -> bool:
        """Whether a client that asks a server means this one: by its name, or by somebody who is here."""
        try:
            self.chat.find(mask)
        except NoSuchNickname:
            return matches(mask.lower(), self.name.lower())
        return True

    def is_right_password(self, host: str, password: str, now: float) -> bool:
        """Whether a newcomer from ``host`` may come in with ``password``."""
        return not self.password or self.passwords.is_right(host, password, self.password, now)

    # News of people, and the clients that are told them.

    def named(self, nickname: str, here: bool) -> None:
        """Take notice that somebody holds ``nickname`` from now on, or that nobody does, and tell its watchers."""
        self.most = max(self.most, len(self.chat.members))
        self.users.named(nickname, here)
        for watcher in list(self.watchers.get(nickname_key(nickname), ())):
            numeric = Numeric.RPL_MONONLINE if here else Numeric.RPL_MONOFFLINE
            watcher.send_aside(watcher.line_of(numeric, text=self.users.prefix(nickname) if here else nickname))

    def went_away(self, member: Member) -> None:
        """Tell those who watch for ``member`` and share no room with them; peers are shown the event."""
        watchers = [watcher for watcher in self._extended_watchers(member) if watcher.has("away-notify")]
        if watchers:
            what = "AWAY" if member.away is None else f"AWAY :{member.away}"
            told = {member, *self.chat.rooms.sharing(member)}
            for watcher in watchers:
                if watcher.member not in told:
                    watcher.write(watcher.format.aside(member.nickname, what))

    def account_changed(self, member: Member) -> None:
        """Tell those who see ``member`` that they have logged in or out, at whatever door."""
        if member.standing is Standing.HERE:
            self.tell_peers(member, "account-notify", f"ACCOUNT {word(member.account)}")

    def watch(self, key: str, client: Client) -> None:
        """Have ``client`` told when the nickname with that key comes and goes."""
        self.watchers.setdefault(key, {})[client] = None

    def unwatch(self, key: str, client: Client) -> None:
        """Have ``client`` told no more."""
        watchers = self.watchers.get(key, {})
        watchers.pop(client, None)
        if not watchers:
            self.watchers.pop(key, None)

    def tell_peers(self, member: Member, capability: str, what: str) -> None:
        """Tell those who share a room with ``member``, or watch for them, and have asked for ``capability``.

        :param what: the line, without its source.
        """
        peers = [client for other in self.chat.rooms.sharing(member) for client in self.clients_of(other)]
        for client in dict.fromkeys([*peers, *self._extended_watchers(member)]):
            if client.member is not member and client.has(capability):
                client.write(client.format.aside(member.nickname, what))

    def tell_tags(self, member: Member, tagging: Tagging, told: Iterable[Member]) -> None:
        """Hand on tags that ``member`` sends alone, to those of ``told`` who are at this door and know tags."""
        # Once for all clients with the same capabilities.
        forms: dict[IRCFormat, bytes] = {}
        for client in [client for other in told if other is not member for client in self.clients_of(other)]:
            line = forms.get(client.format)
            if line is None:
                line = forms[client.format] = client.format.tagging(tagging)
            if line:
                client.write(line)

    def _extended_watchers(self, member: Member) -> list[Client]:
        """The clients that watch for ``member`` and have asked to hear more of them (extended-monitor)."""
        watchers = self.watchers.get(member.key, ())
        return [one for one in watchers if one.has("extended-monitor") or one.has("draft/extended-monitor")]


def why_wrong(passwords: Passwords, host: str, now: float) -> str:
    """The sentence for somebody from ``host`` whose password was not taken."""
    if passwords.too_many(host, now):
        return "Too many wrong passwords came from your address: wait a minute"
    return Numeric.ERR_PASSWDMISMATCH.text


def _read_password(settings: Settings) -> str:
    """The password of the server, the first line of a file; empty where there is no file.

    :raises OSError: the file cannot be read.
    :raises ValueError: there is no password in it.
    """
    if not settings.irc_password:
        return ""
    with open(settings.irc_password, encoding=FILE_ENCODING) as file:
        password = file.readline().rstrip("\r\n")
    if not password:
        raise ValueError("its first line is empty: write the password there")
    return password


def check(settings: Settings) -> None:
    """:raises ValueError: the file with the password will not do; it says which, and why."""
    path = settings.irc_password
    try:
        _read_password(settings)
    except OSError as error:
        raise ValueError(f"--irc-password {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ValueError(f"--irc-password {path}: it is not UTF-8") from None
    except ValueError as error:
        raise ValueError(f"--irc-password {path}: {error}") from None
