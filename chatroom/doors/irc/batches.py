"""BATCH: lines that belong together, between a line that opens their batch and a line that ends it.

https://ircv3.net/specs/extensions/batch. A batch may stand inside another. No I/O, and nothing of rooms.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import count

from chatroom.model.constants import ENCODING
from chatroom.wire.formats import NEWLINE

LINE_END = NEWLINE.encode()

_OPENING = re.compile(rb"(?:@\S+ )?:\S+ BATCH \+(\S+) ")

_numbers = count(1)


def new_name() -> str:
    """A name that no other batch has."""
    return f"b{next(_numbers)}"


def batch_ends(name: str, kind: str, server: str, source: str = "", tags: str = "") -> tuple[bytes, bytes]:
    """The line that opens a batch, and the line that ends it.

    :param kind: the type of the batch and its parameters.
    :param source: the author of the batch; empty for the server.
    :param tags: those of the batch, from their ``@`` to the space behind them; empty for none.
    """
    opening = f"{tags}:{source or server} BATCH +{name} {kind}{NEWLINE}"
    return opening.encode(ENCODING), f":{server} BATCH -{name}{NEWLINE}".encode(ENCODING)


def in_batch(lines: Iterable[bytes], kind: str, server: str) -> list[bytes]:
    """Whole lines, each of which names its batch, between the two ends of that batch."""
    name = new_name()
    opening, ending = batch_ends(name, kind, server)
    return [opening, *(within(some, name) for some in lines), ending]


def within(lines: bytes, name: str) -> bytes:
    """Whole lines as lines of the batch ``name``."""
    # The lines of a batch inside this one name that batch; only its ends name this one.
    return b"".join(
        line if line.startswith(b"@batch=") else tagged(line, f"batch={name}")
        for line in lines.splitlines(keepends=True)
    )


def tagged(lines: bytes, tag: str) -> bytes:
    """Whole lines, the first of them with one more tag."""
    start = f"@{tag}".encode(ENCODING)
    return start + b";" + lines[1:] if lines.startswith(b"@") else start + b" " + lines


def is_one_message(lines: bytes) -> bool:
    """Whether whole lines are one line, or one batch: either can carry a tag that is for all of it."""
    if lines.count(LINE_END) == 1:
        return True
    opening = _OPENING.match(lines)
    return opening is not None and lines.endswith(b" BATCH -" + opening[1] + LINE_END)
