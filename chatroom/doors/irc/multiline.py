"""A message of several lines, as a client sends it: a batch of PRIVMSG or NOTICE that is put together here.

https://ircv3.net/specs/extensions/multiline. No I/O, and nothing of rooms. A message is OPEN from the line that opens
its batch; once a line of it will not do it is SPOILT: its sender is told so once, and the rest of its lines, up to the
end of the batch, is thrown away.
"""

from __future__ import annotations

from enum import Enum, auto

from chatroom.doors.irc.labels import LineAnswer
from chatroom.doors.irc.message import CTCP, Message
from chatroom.model.constants import ENCODING
from chatroom.model.text import clean_lines

COMMANDS = frozenset({"PRIVMSG", "NOTICE"})
"""The commands that a message may be made of; all of its lines have one of them."""


class Invalid(Exception):
    """A message of several lines will not do."""

    def __init__(self, text: str, code: str = "MULTILINE_INVALID", *context: str) -> None:
        """
        :param code: of the FAIL.
        :param context: what stands behind the code.
        """
        super().__init__(text)
        self.text = text
        self.code = code
        self.context = context


class State(Enum):
    OPEN = auto()
    SPOILT = auto()


class Incoming:
    """A message that is being sent."""

    __slots__ = ("_left", "_lines", "_max_bytes", "_max_lines", "_text", "answer", "command", "name", "state", "target")

    def __init__(self, name: str, target: str, answer: LineAnswer, max_bytes: int, max_lines: int) -> None:
        """
        :param name: of the batch, as the client calls it.
        :param target: a room with its #, or a nickname.
        :param answer: to the line that opened the batch, and with it to all of them.
        :param max_bytes: in the message, a line end counted as one.
        :param max_lines: that its sender may send.
        """
        self.name = name
        self.target = target
        self.answer = answer
        self.command = ""
        """PRIVMSG or NOTICE; empty until the first line has come."""
        self.state = State.OPEN
        self._max_bytes = max_bytes
        self._max_lines = max_lines
        self._text: list[str] = []
        self._lines = 0
        # Bytes that may still come.
        self._left = max_bytes

    def add(self, message: Message) -> None:
        """Take the next line.

        :raises Invalid: the message will not do.
        """
        if message.command not in COMMANDS:
            raise Invalid("Only PRIVMSG or NOTICE may stand in that batch")
        if not message.valid:
            raise Invalid("A line of the message is not UTF-8: set your client to UTF-8")
        if self.command and message.command != self.command:
            raise Invalid("PRIVMSG and NOTICE do not go into one message")
        if len(message.parameters) < 2:
            raise Invalid("A line of the message has no text, or nobody whom it is for")
        target, text = message.parameters[:2]
        if target.lower() != self.target.lower():
            why = "A line of the message is for somebody else than the batch"
            raise Invalid(why, "MULTILINE_INVALID_TARGET", self.target, target)
        if CTCP in text:
            raise Invalid("A message of several lines takes no CTCP")
        if message.concat and not text:
            raise Invalid("A line with nothing in it cannot go on where the one before it ends")
        self.command = message.command
        self._append(text, message.concat)

    def _append(self, text: str, concat: bool) -> None:
        if self._lines >= self._max_lines:
            why = f"The message has more than {self._max_lines} lines: send it in pieces"
            raise Invalid(why, "MULTILINE_MAX_LINES", str(self._max_lines))
        if self._text and not concat:
            text = f"\n{text}"
        self._left -= len(text.encode(ENCODING))
        if self._left < 0:
            why = f"The message is longer than {self._max_bytes} bytes: send it in pieces"
            raise Invalid(why, "MULTILINE_MAX_BYTES", str(self._max_bytes))
        self._lines += 1
        self._text.append(text)

    def text(self) -> str:
        """The whole message.

        :raises Invalid: there is nothing in it.
        """
        text = clean_lines("".join(self._text))
        if not text:
            raise Invalid("There is nothing in the message")
        return text

    def spoil(self) -> None:
        """Throw it away, and whatever else of it comes."""
        self.state = State.SPOILT
        self._text.clear()


def limits_of(max_bytes: int, max_lines: int) -> str:
    """The value of the capability: what a client may send."""
    return f"max-bytes={max_bytes},max-lines={max_lines}"
