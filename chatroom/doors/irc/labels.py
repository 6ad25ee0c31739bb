"""An answer with a label: what one command is answered, put together so that the client knows it for that.

IRCv3's labeled-response and batch. No I/O.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count

from chatroom.model.constants import ENCODING
from chatroom.wire.formats import NEWLINE

_END = NEWLINE.encode()
_batches = count(1)


def in_batch(lines: Iterable[bytes], kind: str, server: str) -> list[bytes]:
    """Whole lines, each of which says which batch it is in, between the beginning of that batch and its end."""
    name = _new_batch()
    start, end = _batch_ends(name, kind, server)
    return [start, *(_within(some, name) for some in lines), end]


def _new_batch() -> str:
    """A name for a batch that no other has."""
    return f"b{next(_batches)}"


def _batch_ends(name: str, kind: str, server: str, tags: str = "") -> tuple[bytes, bytes]:
    """The lines that stand before and behind those of a batch."""
    start = f"{tags}:{server} BATCH +{name} {kind}{NEWLINE}"
    return start.encode(ENCODING), f":{server} BATCH -{name}{NEWLINE}".encode(ENCODING)


def _within(lines: bytes, batch: str) -> bytes:
    # What is in a batch inside this one says so by that one's name.
    return b"".join(
        line if line.startswith(b"@batch=") else tagged(line, f"batch={batch}")
        for line in lines.splitlines(keepends=True)
    )


class Labelled:
    """What one line is answered: a line with its label, a batch of several, or an ACK where there is nothing to say."""

    def __init__(self, label: str, server: str) -> None:
        """
        :param label: as it stands in a tag, escaped.
        :param server: what the server calls itself.
        """
        self.awaited = 0
        """How many events are to come that are part of it."""
        self._tag = f"label={label}"
        self._server = server
        # What is not sent yet: whether a line stands alone shows when the next has come, or the end.
        self._held: list[bytes] = []
        self._batch = ""
        self._end = b""
        self._is_whole = False

    def take(self, lines: bytes) -> bytes:
        """Take whole lines that are part of it.

        :returns: what is to be sent now.
        """
        if self._batch:
            return _within(lines, self._batch)
        self._held.append(lines)
        return b""

    def take_event(self, lines: bytes, last: bool) -> bytes:
        """The same for what happens, which is sent where it stands among what others do.

        :param last: whether nothing more is to come.
        """
        if last and not self._held and not self._batch and lines.count(_END) == 1:
            self._is_whole = True
            return tagged(lines, self._tag)
        return self.open() + _within(lines, self._batch)

    def open(self) -> bytes:
        """Have it be a batch: it has more than one line, and none need wait for the next."""
        if self._batch:
            return b""
        self._batch = _new_batch()
        start, self._end = _batch_ends(self._batch, "labeled-response", self._server, f"@{self._tag} ")
        held, self._held = self._held, []
        return start + _within(b"".join(held), self._batch)

    def end(self) -> bytes:
        """It is all there: what is left of it to be sent."""
        held = b"".join(self._held)
        if self._is_whole:
            return held
        if not self._batch:
            if not held:
                return f"@{self._tag} :{self._server} ACK{NEWLINE}".encode(ENCODING)
            if held.count(_END) == 1:
                return tagged(held, self._tag)
        return self.open() + self._end


def tagged(line: bytes, tag: str) -> bytes:
    """A line with one more tag."""
    start = f"@{tag}".encode(ENCODING)
    return start + b";" + line[1:] if line.startswith(b"@") else start + b" " + line
