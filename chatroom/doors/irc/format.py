"""How what happens looks to IRC clients: one format for all who have asked for the same tags.

One rendering does for all, so nothing in it depends on who is shown it. What is longer than a line of IRC's goes out in
several.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from hashlib import blake2b
from typing import Any

from chatroom.doors.irc.message import CTCP, MAX_LINE, cut, encode, pieces
from chatroom.model.constants import ENCODING
from chatroom.model.events import (
    Acted,
    Answer,
    Event,
    Gone,
    Joined,
    Left,
    Notice,
    Noticed,
    Private,
    Quit,
    Refused,
    Renamed,
    Said,
    TopicChanged,
)
from chatroom.wire.formats import NEWLINE, Format

MAX_TOPIC = 390
"""Bytes of a topic that are shown."""

_END = NEWLINE.encode()
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


_EVENTS: Mapping[type[Event], Callable[[Event], tuple[str, str | None]]] = {
    Said: lambda event: (f"PRIVMSG #{event.room}", event.text),
    Noticed: lambda event: (f"NOTICE #{event.room}", event.text),
    Acted: lambda event: (f"PRIVMSG #{event.room}", f"{_ACTION}{event.text}{CTCP}"),
    Joined: lambda event: (f"JOIN #{event.room}", None),
    Left: lambda event: (f"PART #{event.room}", event.text or None),
    Quit: lambda event: ("QUIT", event.text or "left"),
    Renamed: lambda event: (f"NICK {event.text}", None),
    TopicChanged: lambda event: (f"TOPIC #{event.room}", cut(event.text, MAX_TOPIC)),
}


def _id_of(message: Private) -> str:
    """An id for what the log does not keep: the same for both who are shown it."""
    return "p" + blake2b(repr(message).encode(ENCODING), digest_size=8).hexdigest()


def said_in_pieces(head: str, text: str) -> list[str]:
    """``text`` behind ``head``, in as many lines as it needs."""
    room = MAX_LINE - len(head.encode(ENCODING))
    if text.startswith(_ACTION) and text.endswith(CTCP):
        text = text.removeprefix(_ACTION).removesuffix(CTCP)
        return [f"{head}{_ACTION}{piece}{CTCP}" for piece in pieces(text, room - len(_ACTION + CTCP))]
    return [head + piece for piece in pieces(text, room)]


class IRCFormat(Format):
    """Lines of IRC."""

    name = "irc"
    marks_elsewhere = False
    once_for_all_rooms = True

    def __init__(
        self,
        server: str,
        prefix_of: Callable[[str], str],
        *,
        server_time: bool,
        message_tags: bool,
        realname_of: Callable[[str], str] | None = None,
    ) -> None:
        """
        :param server: what the server calls itself.
        :param prefix_of: tells who somebody is, by their nickname, as it stands before what they do.
        :param server_time: whether each event has its time.
        :param message_tags: whether each event has its id.
        :param realname_of: tells the realname of whoever comes in, where that is shown.
        """
        self._server = server
        self._prefix_of = prefix_of
        self._server_time = server_time
        self._message_tags = message_tags
        self._realname_of = realname_of

    def event(self, event: Event, elsewhere: bool) -> bytes:
        command, text = _EVENTS[type(event)](event)
        if self._realname_of is not None and type(event) is Joined:
            # Nobody has an account.
            command, text = f"{command} *", self._realname_of(event.nickname)
        head = f":{self._prefix_of(event.nickname)} {command}"
        if text is not None:
            head = f"{head} :"
            whole = (head + text).encode(ENCODING)
            if len(whole) > MAX_LINE and type(event) in (Said, Noticed, Acted):
                return self._in_lines(said_in_pieces(head, text), event.at, str(event.id))
            line = whole + _END if len(whole) <= MAX_LINE else encode(head + text)
        else:
            line = encode(head)
        return self._tags(event.at, event.id) + line

    def _in_lines(self, lines: Iterable[str], at: float, id_: str) -> bytes:
        # No two lines have one id: from the second on, it says which line it is.
        return b"".join(
            self._tags(at, id_ if number == 1 else f"{id_}-{number}") + encode(line)
            for number, line in enumerate(lines, 1)
        )

    def _tags(self, at: float, id_: int | str) -> bytes:
        tags = []
        if self._server_time:
            tags.append(f"time={time_of(at)}")
        if self._message_tags:
            tags.append(f"msgid={id_}")
        return f"@{';'.join(tags)} ".encode(ENCODING) if tags else b""

    def past_event(self, event: Event, elsewhere: bool, day: str) -> bytes:
        return self.event(event, elsewhere)

    def answer(self, answer: Answer) -> bytes:
        """Whole lines for ``answer``; none for what IRC has numerics for."""
        render = _ANSWERS.get(type(answer))
        return b"" if render is None else render(self, answer)

    def private(self, message: Private) -> bytes:
        """Whole lines for what one person said to another."""
        command = "NOTICE" if message.notice else "PRIVMSG"
        head = f":{self._prefix_of(message.nickname)} {command} {message.to} :"
        return self._in_lines(said_in_pieces(head, message.text), message.at, _id_of(message))

    def gone(self, gone: Gone) -> bytes:
        """A whole line for somebody who has left, though that is no event."""
        why = f" :{gone.text}" if gone.text else ""
        return encode(f":{self._prefix_of(gone.nickname)} PART #{gone.room}{why}")

    def notice(self, text: str, to: str = "*") -> bytes:
        """Whole lines for what the server says to ``to``."""
        return b"".join(map(encode, said_in_pieces(f":{self._server} NOTICE {to} :", text)))


_ANSWERS: Mapping[type[Answer], Callable[[IRCFormat, Any], bytes]] = {
    Private: lambda format_, answer: format_.private(answer),
    Notice: lambda format_, answer: format_.notice(answer.text),
    Gone: lambda format_, answer: format_.gone(answer),
    Refused: lambda format_, answer: format_.notice(answer.text),
}
