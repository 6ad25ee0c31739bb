"""Sizes of requests, by the limits that the server tells in its welcome. No I/O."""

from __future__ import annotations

from chatroom.client.errors import MessageTooLong, TooManyLines
from chatroom.model.answers import Limits
from chatroom.model.constants import ENCODING
from chatroom.wire.requests import Do, Say, lines_in


def check_size(request: Say | Do, limits: Limits) -> None:
    """:raises NotSent: the server would refuse ``request`` for its length."""
    text = request.text if isinstance(request, Say) else request.command
    size = len(text.encode(ENCODING))
    if size > limits.message:
        raise MessageTooLong(size=size, limit=limits.message)
    lines = lines_in(text)
    if lines > limits.lines:
        raise TooManyLines(lines=lines, limit=limits.lines)


def pieces(line: str, limit: int) -> list[str]:
    """``line`` cut into pieces of at most ``limit`` bytes: behind a space where there is one, in no character."""
    found = []
    rest = line.encode(ENCODING)
    while len(rest) > limit:
        end = rest.rfind(b" ", limit // 2, limit) + 1 or limit
        # A byte of the form 10xxxxxx is within a character (RFC 3629).
        while end > 1 and rest[end] & 0xC0 == 0x80:
            end -= 1
        found.append(rest[:end].decode(ENCODING, "replace"))
        rest = rest[end:]
    return [*found, rest.decode(ENCODING, "replace")]
