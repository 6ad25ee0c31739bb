"""Sizes of requests, by the limits that the server tells in its welcome. No I/O."""

from __future__ import annotations

from chatroom.client.errors import MessageTooLong, TooManyLines
from chatroom.model.answers import Limits
from chatroom.model.constants import ENCODING
from chatroom.model.graphemes import boundary_before, cut
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
    """``line`` cut into pieces of at most ``limit`` bytes: behind a space where there is one, else between grapheme
    clusters.
    """
    found = []
    start = 0
    # A character has one byte at least, so a piece and the character behind it are in so many.
    while len((rest := line[start : start + limit + 1]).encode(ENCODING)) > limit:
        piece = cut(rest, limit)
        space = piece.rfind(" ", len(piece) // 2) + 1
        # A mark behind a space belongs to it.
        if space and boundary_before(rest, space) == space:
            piece = piece[:space]
        found.append(piece)
        start += len(piece)
    return [*found, rest]
