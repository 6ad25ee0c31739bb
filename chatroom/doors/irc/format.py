"""How events look to IRC clients: one format for all who have asked for the same capabilities.

One rendering does for all of them, so nothing in it depends on who is shown it. A message that is longer than a line of
IRC's, or has several lines, is sent as a batch to clients that know such (draft/multiline), and as several lines to the
others.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import lru_cache
from hashlib import blake2b
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

from chatroom.core.members import Member
from chatroom.doors.irc.batches import LINE_END, batch_ends, new_name
from chatroom.doors.irc.message import CONCAT, CTCP, MAX_LINE, NO_TAGS, encode, pieces, word, written_tags
from chatroom.doors.irc.numerics import Numeric
from chatroom.model.answers import (
    Answer,
    AuditLog,
    Gone,
    Invited,
    LoggedIn,
    Notice,
    Private,
    Refused,
    Reported,
    ReportList,
)
from chatroom.model.constants import ENCODING, MAX_TOPIC
from chatroom.model.events import (
    ACCOUNT,
    AccessChanged,
    Acted,
    Away,
    Event,
    Joined,
    Kicked,
    Left,
    ModeSet,
    Noticed,
    Quit,
    RankChanged,
    Removal,
    Removed,
    Renamed,
    RoleChanged,
    Said,
    TopicChanged,
)
from chatroom.model.graphemes import cut
from chatroom.wire.formats import Format
from chatroom.wire.plain import PLAIN, mark_in_words, removal_in_words

MULTILINE = "draft/multiline"
"""The capability of clients that know messages of several lines, and the type of the batch that such a message is."""

REDACTION = "draft/message-redaction"
"""The capability of clients that are told which messages were removed, and the extension that says how."""

MAX_REASON = 200
"""Bytes of a reason in a REDACT."""

SHAPING = frozenset(
    {"account-tag", "away-notify", "draft/multiline", REDACTION, "extended-join", "message-tags", "server-time"}
)
"""The capabilities on which it depends how events look."""

TAGS = "tags"
"""The name of the client-only tags of a message among the extras of its event."""

BOT = "bot"
"""The name, among the extras of a message, of the mark of those whose author has told that they are a bot; and the name
of its tag (https://ircv3.net/specs/extensions/bot-mode)."""

NO_EXTRAS: Mapping[str, Any] = MappingProxyType({})

_ACTION = f"{CTCP}ACTION "


def milliseconds(at: float) -> int:
    """``at`` as it is shown: a time that a float does not hold exactly is still that time."""
    return int(at * 1000 + 0.001)


@lru_cache(maxsize=1024)
def _second(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))


def time_of(at: float) -> str:
    """A moment as server-time has it: ``2026-11-22T12:34:56.789Z``.

    :param at: seconds since 1970, UTC.
    """
    seconds, rest = divmod(milliseconds(at), 1000)
    return f"{_second(seconds)}.{rest:03}Z"


class Rendering(NamedTuple):
    """How a kind of event looks."""

    command: Callable[[Event], str]
    """The command and its parameters but for the last words; empty where it has no equal in IRC."""
    text: Callable[[Event], str | None] = lambda event: None
    """The last words; None for none."""
    is_message: bool = False
    """Whether the last words may take several lines."""
    by_server: bool = False
    """Whether it is the server that says so, and not the author of the event."""
    capability: str = ""
    """The capability, one of :data:`SHAPING`, of the clients that are shown it; empty for all clients."""


ROLE_LETTERS = {"owner": "o", "operator": "o", "voice": "v"}
"""The letter of each role; an owner is an operator here."""

MODE_LETTERS = {
    **{"moderated": "m", "invite-only": "i", "key": "k", "hidden": "s", "topic-locked": "t", "limit": "l"},
    **{"members-only": "r", "quiet": "u"},
}
"""The letter of each mode of a room that has one."""

LIST_LETTERS = {"ban": "b", "exception": "e", "invited": "I", "mute": "q"}
"""The letter of each list of a room."""


def _kick(event: Event) -> str:
    assert isinstance(event, Kicked)
    return f"KICK #{event.room} {event.victim_nickname}"


def _role(event: Event) -> str:
    assert isinstance(event, RoleChanged)
    sign, role = ("+", event.text) if event.text else ("-", event.was)
    return f"MODE #{event.room} {sign}{ROLE_LETTERS.get(role, 'v')} {event.holder}"


def _mode(event: Event) -> str:
    letter = MODE_LETTERS.get(event.subject)
    if letter is None:
        return ""
    value = f" {event.text}" if event.text and letter in "kl" else ""
    return f"MODE #{event.room} {'+' if event.text else '-'}{letter}{value}"


IRC_EVENTS: dict[type[Event], Rendering] = {
    Said: Rendering(lambda event: f"PRIVMSG #{event.room}", lambda event: event.text, is_message=True),
    Noticed: Rendering(lambda event: f"NOTICE #{event.room}", lambda event: event.text, is_message=True),
    Acted: Rendering(
        lambda event: f"PRIVMSG #{event.room}", lambda event: f"{_ACTION}{event.text}{CTCP}", is_message=True
    ),
    Joined: Rendering(lambda event: f"JOIN #{event.room}"),
    Left: Rendering(lambda event: f"PART #{event.room}", lambda event: event.text or None),
    Quit: Rendering(lambda event: "QUIT", lambda event: event.text or "left"),
    Renamed: Rendering(lambda event: f"NICK {event.text}"),
    Away: Rendering(lambda event: "AWAY", lambda event: event.text or None, capability="away-notify"),
    TopicChanged: Rendering(lambda event: f"TOPIC #{event.room}", lambda event: cut(event.text, MAX_TOPIC)),
    # To clients that know REDACT, that is sent instead.
    Removal: Rendering(
        lambda event: f"NOTICE #{event.room}",
        lambda event: f"{event.nickname} {removal_in_words(event)}",
        is_message=True,
        by_server=True,
    ),
    Removed: Rendering(
        lambda event: f"NOTICE #{event.room}",
        lambda event: " ".join(mark_in_words(event)),
        is_message=True,
        by_server=True,
    ),
    Kicked: Rendering(_kick, lambda event: event.text or event.nickname),
    RoleChanged: Rendering(_role),
    RankChanged: Rendering(_role),
    ModeSet: Rendering(_mode),
    # Those whom it concerns are told in other words.
    AccessChanged: Rendering(lambda event: ""),
}
"""The rendering of each kind of event; a kind without one is not shown to IRC clients."""


class Author(NamedTuple):
    """The author of a line, as far as it tells of them."""

    source: str
    """``alice!ally@chat.example.org``."""
    account: str = ""
    """The account that they were logged in to at that moment; empty for none."""
    is_bot: bool = False


class Tagging(NamedTuple):
    """Client-only tags that somebody sends alone."""

    at: float
    nickname: str
    target: str
    """A room with its #, or a nickname."""
    tags: Mapping[str, str]


class People(Protocol):
    """The people whom events name, as far as a format asks about them."""

    def prefix(self, nickname: str) -> str:
        """The source of a line that comes of somebody: ``alice!ally@chat.example.org``."""

    def realname(self, nickname: str) -> str:
        """The realname of somebody who is here."""

    def account(self, nickname: str) -> str:
        """The account that somebody who is here is logged in to; empty for none."""

    def is_bot(self, nickname: str) -> bool:
        """Whether somebody who is here has told that they are a bot."""

    def author(self, event: Event) -> Member | None:
        """The member who did it; None once they are gone, or are called something else."""


class IRCFormat(Format):
    """Lines of IRC."""

    name = "irc"
    marks_elsewhere = False
    once_for_all_rooms = True

    def __init__(self, server: str, history: str, people: People, capabilities: frozenset[str]) -> None:
        """
        :param server: what the server calls itself.
        :param history: the identity of the history that ids are of.
        :param capabilities: those of :data:`SHAPING` that its readers have asked for.
        """
        self._server = server
        self._history = history
        self._people = people
        self._server_time = "server-time" in capabilities
        self._message_tags = "message-tags" in capabilities
        self._account_tag = "account-tag" in capabilities
        self._extended_join = "extended-join" in capabilities
        self._away_notify = "away-notify" in capabilities
        self._multiline = MULTILINE in capabilities
        self._redaction = REDACTION in capabilities
        self._capabilities = capabilities

    def event(self, event: Event, elsewhere: bool) -> bytes:
        lines = self.own_event(event)
        if self._away_notify and type(event) is Joined:
            lines += self._away_line(event)
        return lines

    def past_event(self, event: Event, elsewhere: bool, day: str, ref: str = "") -> bytes:
        return self.own_event(event)

    def own_event(self, event: Event) -> bytes:
        """Whole lines for ``event`` alone, as its author is shown it; none for a kind that clients are not shown."""
        row = IRC_EVENTS.get(type(event))
        if row is None or (row.capability and row.capability not in self._capabilities):
            return b""
        if isinstance(event, Removal):
            if self._redaction and self._message_tags:
                return self._redactions(event)
            if not removal_in_words(event):
                return b""
        command, text = row.command(event), row.text(event)
        if not command:
            return b""
        extras = event.extras or NO_EXTRAS
        # Of a role, that is the account that has it.
        account = "" if event.is_rule or row.by_server else str(extras.get(ACCOUNT, ""))
        if self._extended_join and type(event) is Joined:
            command, text = f"{command} {word(account)}", self._people.realname(event.nickname)
        source = self._server if row.by_server else self._people.prefix(event.nickname)
        # An event that is in no log has no id of its own.
        id_ = msgid_of(self._history, event.id) if event.kept and event.id else ""
        if row.is_message:
            author = Author(source, account, BOT in extras)
            tags = self._tags(event.at, id_, author, extras.get(TAGS) or NO_TAGS)
            return self._message(author, command, text or "", tags, event.at)
        return self._tags(event.at, id_, Author(source, account)) + encode(
            f":{source} {command}" + (f" :{text}" if text is not None else "")
        )

    def entry(self, event: AccessChanged) -> bytes:
        """The line by which whoever has changed a list is told so; others are told in other words, if they are."""
        extras = event.extras or {}
        letter = LIST_LETTERS[str(extras.get("list", ""))]
        sign = "-" if event.clears else "+"
        source = self._people.prefix(event.nickname)
        return encode(f":{source} MODE #{event.room} {sign}{letter} {extras.get('mask', '')}")

    def _redactions(self, removal: Removal) -> bytes:
        """Whole lines that say which messages were removed."""
        reason = f" :{cut(removal.text, MAX_REASON)}" if removal.text else ""
        source = self._people.prefix(removal.nickname)
        start = f":{source} REDACT #{removal.room} "
        tags = self._tags(removal.at, "", Author(source))
        return b"".join([tags + encode(f"{start}{msgid_of(self._history, id_)}{reason}") for id_ in removal.ids])

    def _away_line(self, event: Event) -> bytes:
        """Whole lines that tell a room that the member who joins is away; none where they are not."""
        member = self._people.author(event)
        if member is None or member.away is None:
            return b""
        return self.aside(event.nickname, f"AWAY :{member.away}")

    def _message(self, author: Author, command: str, text: str, tags: bytes, at: float) -> bytes:
        """Whole lines for a message, perhaps of several lines.

        :param command: and to whom.
        :param tags: those of the message, from their ``@`` to the space behind them; empty for none.
        """
        head = f":{author.source} {command} :"
        whole = (head + text).encode(ENCODING)
        if len(whole) <= MAX_LINE and "\n" not in text and "\r" not in text:
            return tags + whole + LINE_END
        if self._multiline and not text.startswith(CTCP):
            return self._message_batch(author.source, command, text, tags)
        first, *more = said_in_lines(head, text) or [head]
        # "Servers MUST only include a message ID on the first message of a batch when sending a fallback to
        # non-supporting clients" (draft/multiline); the tags of its author are about the whole message, too.
        other_tags = self._tags(at, "", author)
        return tags + encode(first) + b"".join(other_tags + encode(line) for line in more)

    def _message_batch(self, source: str, command: str, text: str, tags: bytes) -> bytes:
        name = new_name()
        kind = f"{MULTILINE} {command.split(' ')[1]}"
        opening, ending = batch_ends(name, kind, self._server, source, tags.decode(ENCODING))
        head = f":{source} {command} :"
        room = MAX_LINE - len(head.encode(ENCODING))
        lines = [
            f"@batch={name}{';' + CONCAT if number else ''} ".encode(ENCODING) + encode(head + piece)
            for line in text.split("\n")
            for number, piece in enumerate(pieces(line, room, keep_spaces=True))
        ]
        return b"".join([opening, *lines, ending])

    def _tags(self, at: float, id_: str, author: Author, client_tags: Mapping[str, str] = NO_TAGS) -> bytes:
        tags = []
        if self._server_time:
            tags.append(f"time={time_of(at)}")
        if self._account_tag and author.account:
            tags += written_tags({ACCOUNT: author.account})
        if self._message_tags:
            if id_:
                tags.append(f"msgid={id_}")
            if author.is_bot:
                tags.append(BOT)
            if client_tags:
                tags += written_tags(client_tags)
        return f"@{';'.join(tags)} ".encode(ENCODING) if tags else b""

    def answer(self, answer: Answer, ref: str = "") -> bytes:
        return self.answer_to("*", answer)

    def answer_to(self, nickname: str, answer: Answer) -> bytes:
        """Whole lines for ``answer`` to somebody; none for what IRC has numerics for.

        :param nickname: what they are called.
        """
        render = IRC_ANSWERS.get(type(answer))
        return b"" if render is None else render(self, nickname, answer)

    def private(self, message: Private) -> bytes:
        """Whole lines for a message of one person to one other."""
        command = f"{'NOTICE' if message.notice else 'PRIVMSG'} {message.to}"
        author = self._author(message.nickname)
        tags = self._tags(message.at, _id_of(message), author, message.tags or NO_TAGS)
        return self._message(author, command, message.text, tags, message.at)

    def tagging(self, tagging: Tagging) -> bytes:
        """A whole line for tags that somebody sends alone; none for clients that know no tags."""
        if not self._message_tags:
            return b""
        author = self._author(tagging.nickname)
        tags = self._tags(tagging.at, _id_of(tagging), author, tagging.tags)
        return tags + encode(f":{author.source} TAGMSG {tagging.target}")

    def aside(self, nickname: str, what: str) -> bytes:
        """A whole line for something that somebody who is here does, and that is no event.

        :param what: the line, without its source.
        """
        account = self._people.account(nickname) if self._account_tag else ""
        tags = f"@{written_tags({ACCOUNT: account})[0]} ".encode(ENCODING) if account else b""
        return tags + encode(f":{self._people.prefix(nickname)} {what}")

    def _author(self, nickname: str) -> Author:
        """Somebody who is here, as they are at this moment."""
        people = self._people
        return Author(people.prefix(nickname), people.account(nickname), people.is_bot(nickname))

    def notice(self, nickname: str, text: str) -> bytes:
        """Whole lines for a notice of the server's."""
        return b"".join(map(encode, said_in_lines(f":{self._server} NOTICE {nickname} :", text)))

    def plainly(self, nickname: str, answer: Answer) -> bytes:
        """Whole lines of notices that say what people at other doors are told."""
        return b"".join(self.notice(nickname, line.removeprefix("* ")) for line in PLAIN.lines(answer))

    def gone(self, gone: Gone) -> bytes:
        """A whole line for somebody who has left, though that is no event."""
        why = f" :{gone.text}" if gone.text else ""
        return encode(f":{self._people.prefix(gone.nickname)} PART #{gone.room}{why}")

    def invitation(self, nickname: str, invited: Invited) -> bytes:
        """A whole line for an invitation."""
        return self.aside(invited.nickname, f"INVITE {nickname} #{invited.room}")

    def logged_in(self, nickname: str, account: str) -> bytes:
        """A whole line that tells somebody that they are logged in to an account, or, where it is empty, to none."""
        whom = f"{nickname} {self._people.prefix(nickname)}"
        if not account:
            return encode(f":{self._server} 901 {whom} :{Numeric.RPL_LOGGEDOUT.text}")
        return encode(
            f":{self._server} 900 {whom} {word(account)} :{Numeric.RPL_LOGGEDIN.text.format(account=account)}"
        )


IRC_ANSWERS: Mapping[type[Answer], Callable[[IRCFormat, str, Any], bytes]] = {
    Notice: lambda format_, nickname, answer: format_.notice(nickname, answer.text),
    Refused: lambda format_, nickname, answer: format_.notice(nickname, answer.text),
    Gone: lambda format_, nickname, answer: format_.gone(answer),
    Private: lambda format_, nickname, answer: format_.private(answer),
    Invited: lambda format_, nickname, answer: format_.invitation(nickname, answer),
    Reported: lambda format_, nickname, answer: format_.plainly(nickname, answer),
    ReportList: lambda format_, nickname, answer: format_.plainly(nickname, answer),
    AuditLog: lambda format_, nickname, answer: format_.plainly(nickname, answer),
    LoggedIn: lambda format_, nickname, answer: format_.logged_in(nickname, answer.account),
}
"""The rendering of each kind of answer that is no numeric."""


def msgid_of(history: str, id_: int) -> str:
    """The ``msgid`` of an event: its id, in the history that it is of."""
    return f"{history}-{id_}"


def _id_of(message: Private | Tagging) -> str:
    """A ``msgid`` for a message that no log keeps: the same for all who are shown it."""
    return "p" + blake2b(repr(message).encode(ENCODING), digest_size=8).hexdigest()


def said_in_lines(head: str, text: str) -> list[str]:
    """``text`` behind ``head``, in as many lines as it needs; lines with nothing in them are left out."""
    start, end = "", ""
    if text.startswith(_ACTION) and text.endswith(CTCP):
        text = text.removeprefix(_ACTION).removesuffix(CTCP)
        start, end = _ACTION, CTCP
    room = MAX_LINE - len((head + start + end).encode(ENCODING))
    return [
        f"{head}{start}{piece}{end}"
        for line in text.split("\n")
        if line and not line.isspace()
        for piece in pieces(line, room)
    ]
