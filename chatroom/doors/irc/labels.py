"""An answer with a label: what one command is answered, put together so that the client knows it for that.

IRCv3's labeled-response and batch. No I/O.
"""

from __future__ import annotations

from itertools import count

from chatroom.constants import ENCODING
from chatroom.formats import NEWLINE

_END = NEWLINE.encode()
_batches = count(1)


def new_batch() -> str:
    """A name for a batch that no other has."""
    return f"b{next(_batches)}"


def in_batch(lines: list[bytes], name: str, kind: str, server: str, tags: str = "") -> bytes:
    """``lines``, which say which batch they are in, between its beginning and its end."""
    start, end = batch_ends(name, kind, server, tags)
    return b"".join([start, *lines, end])


def batch_ends(name: str, kind: str, server: str, tags: str = "") -> tuple[bytes, bytes]:
    """The lines that stand before and behind those of a batch."""
    start = f"{tags}:{server} BATCH +{name} {kind}{NEWLINE}"
    return start.encode(ENCODING), f":{server} BATCH -{name}{NEWLINE}".encode(ENCODING)


class Labelled:
    """What was answered so far."""

    def __init__(self, label: str) -> None:
        """:param label: as it stands in a tag, escaped."""
        self._label = label
        self.lines: list[bytes] = []
        """Whole lines, one or more in each."""

    def answer(self, server: str) -> bytes:
        """Whole lines, the label on the first."""
        lines = [line + _END for line in b"".join(self.lines).split(_END) if line]
        label = f"label={self._label}"
        if not lines:
            return f"@{label} :{server} ACK{NEWLINE}".encode(ENCODING)
        if len(lines) == 1:
            return tagged(lines[0], label)
        name = new_batch()
        within = [line if b"batch=" in line.partition(b" ")[0] else tagged(line, f"batch={name}") for line in lines]
        return in_batch(within, name, "labeled-response", server, f"@{label} ")


def tagged(line: bytes, tag: str) -> bytes:
    """A line with one more tag."""
    start = f"@{tag}".encode(ENCODING)
    return start + b";" + line[1:] if line.startswith(b"@") else start + b" " + line
