"""Lines of IRC: taken apart, and put together within their bounds.

RFC 2812 section 2.3, https://modern.ircdocs.horse, and IRCv3's message-tags. No I/O, and nothing of rooms.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from chatroom.model.constants import ENCODING
from chatroom.model.errors import LineTooLong
from chatroom.model.graphemes import boundary_before, cut
from chatroom.model.text import clean
from chatroom.wire.formats import NEWLINE

MAX_LINE = 510
"""Bytes of a line, its tags and its end not counted."""

MAX_TAGS = 4096
"""Bytes of a line's tags, with the @ before them and the space behind."""

CTCP = "\x01"
"""The mark before and behind a message of one client's program to another's."""

MAX_LABEL = 64
"""Characters of a label (labeled-response)."""

CONCAT = "draft/multiline-concat"
"""The tag of a line that goes on where the one before it in its batch ends (draft/multiline)."""

MAX_NUMBER = 10**9 - 1
"""The greatest number that is read as one."""

MAX_USER = 10
"""Characters of the user in a prefix."""

# Colours: \x03 with two numbers, \x04 with two hexadecimal ones. The other marks are single control characters.
_COLOURS = re.compile("\x03(?:[0-9]{1,2}(?:,[0-9]{1,2})?)?|\x04(?:[0-9a-fA-F]{6}(?:,[0-9a-fA-F]{6})?)?")
_KNOWN_TAGS = frozenset({b"label", b"batch", CONCAT.encode(ENCODING)})
_NOT_IN_A_USER = re.compile(r"[^A-Za-z0-9._-]")


_CLIENT_TAG = re.compile(rb"\+(?:[A-Za-z0-9.-]+/)?[A-Za-z0-9-]+")
_ESCAPES = {":": ";", "s": " ", "r": "\r", "n": "\n"}
_UNESCAPED = str.maketrans({";": "\\:", " ": "\\s", "\\": "\\\\", "\r": "\\r", "\n": "\\n"})

NO_TAGS: Mapping[str, str] = MappingProxyType({})


class Message(NamedTuple):
    """A line of a client."""

    command: str
    """In capitals; empty where there is none."""
    parameters: list[str]
    label: str = ""
    """As it stands in the tags, escaped."""
    batch: str = ""
    """The name of the batch that the line is part of, as it stands in the tags; empty for none."""
    concat: bool = False
    """Whether the tags have :data:`CONCAT` among them."""
    client_tags: Mapping[str, str] = NO_TAGS
    """The client-only tags, by their names with the +."""
    valid: bool = True
    """Whether the line was UTF-8; else its parameters are only good for saying so."""


def parse(line: bytes) -> Message:
    """Take a line apart.

    :param line: no end, of any length.
    :raises LineTooLong: the line, or its tags, have more bytes than may be.
    """
    tags = b""
    if line[:1] == b"@":
        tags, _, line = line.partition(b" ")
        if len(tags) >= MAX_TAGS:
            raise LineTooLong(limit=MAX_TAGS)
    if len(line) > MAX_LINE:
        raise LineTooLong(limit=MAX_LINE)
    try:
        text = line.decode(ENCODING)
        valid = True
    except UnicodeDecodeError:
        text = line.decode(ENCODING, "replace")
        valid = False
    if not text.isprintable():
        text = _cleaned(text)
    if text[:1] in (" ", ":"):
        text = text.lstrip(" ")
        if text.startswith(":"):
            # The source that a client gives is not taken: who it is, is known.
            text = text.partition(" ")[2]
    head, colon, last = text.partition(" :")
    words = head.split(" ")
    if "" in words:
        words = [word for word in words if word]
    if not words:
        return Message("", [], valid=valid)
    command = words.pop(0).upper()
    if colon:
        words.append(last)
    if not tags:
        return Message(command, words, valid=valid)
    found, client_tags = _tags(tags)
    label, batch = found.get("label", "")[:MAX_LABEL], found.get("batch", "")
    return Message(command, words, label, batch, CONCAT in found, client_tags, valid)


def _cleaned(text: str) -> str:
    # The mark of CTCP stays for those who look for it; the text around it is cleaned.
    return CTCP.join(clean(_COLOURS.sub("", piece)) for piece in text.split(CTCP))


def _tags(tags: bytes) -> tuple[dict[str, str], Mapping[str, str]]:
    """The tags that the server knows, as they stand there, and the client-only ones."""
    # Of tags with one name the last counts. A value that is no UTF-8, or has characters in it that do not pass, is left
    # out: the client would not know its label again.
    found: dict[str, str] = {}
    client_tags: dict[str, str] = {}
    for tag in tags[1:].split(b";"):
        name, _, value = tag.partition(b"=")
        if name in _KNOWN_TAGS:
            found[name.decode(ENCODING)] = _value(value)
        elif _CLIENT_TAG.fullmatch(name):
            client_tags[name.decode(ENCODING)] = clean(_unescape(_value(value)))
    return found, client_tags or NO_TAGS


def _value(value: bytes) -> str:
    text = value.decode(ENCODING, "replace")
    return text if clean(text) == text and text.encode(ENCODING) == value else ""


def _unescape(value: str) -> str:
    """The value that stands in a tag as ``value``.

    https://ircv3.net/specs/extensions/message-tags#escaping-values: "If a lone \\ exists at the end of an escaped value
    (with no escape character following it), then there SHOULD be no output character."
    """
    if "\\" not in value:
        return value
    return re.sub(r"\\(.?)", lambda found: _ESCAPES.get(found[1], found[1]), value)


def written_tags(tags: Mapping[str, str]) -> list[str]:
    """Client-only tags as they stand before a line."""
    return [f"{name}={value.translate(_UNESCAPED)}" if value else name for name, value in tags.items()]


def user_of(name: str) -> str:
    """``name`` as it may stand between ! and @; never empty."""
    return _NOT_IN_A_USER.sub("", name)[:MAX_USER] or "chat"


def middle(parameter: str) -> str:
    """``parameter`` as it may stand before others: * where it would be read as something else."""
    return parameter if parameter and not parameter.startswith(":") and " " not in parameter else "*"


def word(name: str) -> str:
    """``name``, which may have spaces in it, as it may stand before others; * for an empty one."""
    return middle(name.replace(" ", "_").lstrip(":"))


def encode(line: str) -> bytes:
    """A line without tags as it goes out: no longer than it may be, with its end."""
    if "\n" in line or "\r" in line:
        # Text of several lines has been split before; no other may begin a line of its own.
        line = line.replace("\r", " ").replace("\n", " ")
    encoded = line.encode(ENCODING)
    if len(encoded) > MAX_LINE:
        encoded = cut(line, MAX_LINE).encode(ENCODING)
    return encoded + NEWLINE.encode()


def pieces(text: str, size: int, keep_spaces: bool = False) -> list[str]:
    """``text`` in pieces of ``size`` bytes of UTF-8 at most: cut at spaces where there are any, else between grapheme
    clusters.

    :param keep_spaces: whether a space at which it is cut stays, at the end of its piece.
    """
    found: list[str] = []
    while len(text.encode(ENCODING)) > size:
        piece = cut(text, size)
        space = piece.rfind(" ", len(piece) // 2)
        # A mark behind a space belongs to it.
        if space > 0 and boundary_before(text, space + 1) == space + 1:
            found.append(piece[: space + keep_spaces])
            text = text[space + 1 :]
        else:
            found.append(piece)
            text = text[len(piece) :]
    return [*found, text] if text or not found else found
