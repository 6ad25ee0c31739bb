"""The answer to one line of a client, and, where the line has a label, how the client knows the answer by it.

https://ircv3.net/specs/extensions/labeled-response. Everything that is said about answers as such is decided here.

Theory of operation. Each line that is done has an answer, which is the *context* of the requests that the line makes
(:class:`chatroom.core.requests.Request`): so the outcome of a request finds the answer that it is part of, whatever has
been done in the meantime. The session hands three things to it:

- *lines* that answer the line and nothing else (:meth:`LineAnswer.take`);
- *events* that the line has asked for, which stand among what others do (:meth:`LineAnswer.take_event`);
- that a request is on its way (:meth:`LineAnswer.expect`), has its outcome (:meth:`LineAnswer.settle`), and that the
  line itself is done (:meth:`LineAnswer.finish`).

The answer is over once the line is done and each of its requests has its outcome. It is sent in one of three forms,
none of which can be told from its first line: that one line with the label, a batch of several, or an ACK. So a first
line is held until there is a second, which opens the batch, or until the answer is over. An event is not held: it opens
the batch unless it is certain to be all of the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from chatroom.doors.irc.batches import batch_ends, is_one_message, new_name, tagged, within
from chatroom.doors.irc.message import NO_TAGS
from chatroom.model.constants import ENCODING
from chatroom.wire.formats import NEWLINE


class LineAnswer:
    """The answer to a line without a label: each line of it is sent as it comes.

    Each method returns the whole lines that are to be sent now; perhaps none.
    """

    __slots__ = ("client_tags", "command", "next")

    labelled = False
    """Whether events that are part of it have another form than for all."""

    def __init__(self, command: str = "") -> None:
        """:param command: of the line that is answered, in capitals; empty for none."""
        self.command = command
        self.client_tags: Mapping[str, str] = NO_TAGS
        """The client-only tags of the line, which go with what it says."""
        self.next: Callable[[], None] | None = None
        """Does the rest of the line, once the request that it waits for has its outcome; None where there is none."""

    def take(self, lines: bytes) -> bytes:
        """Take whole lines that are part of the answer."""
        return lines

    def take_event(self, lines: bytes, last: bool) -> bytes:
        """Take whole lines of an event that a request of the line has asked for.

        :param last: whether no more events of that request will come.
        """
        return lines

    def expect(self) -> None:
        """Take notice that a request of the line is on its way."""

    def settle(self) -> bytes:
        """Take notice that a request of the line has its outcome, and that all of it was taken."""
        return b""

    def finish(self) -> bytes:
        """Take notice that the line is done, but for requests that are on their way."""
        return b""


class Labelled(LineAnswer):
    """The answer to a line with a label."""

    __slots__ = ("_batch", "_ending", "_expected", "_finished", "_held", "_over", "_server", "_tag")

    labelled = True

    def __init__(self, command: str, label: str, server: str) -> None:
        """
        :param label: as it stands in a tag, escaped.
        :param server: what the server calls itself.
        """
        super().__init__(command)
        self._tag = f"label={label}"
        self._server = server
        # Requests on their way.
        self._expected = 0
        self._finished = False
        # The first line, until it is known whether it stands alone.
        self._held = b""
        # The name of the batch, once there is one, and the line that ends it.
        self._batch = ""
        self._ending = b""
        # Whether nothing is left to be sent.
        self._over = False

    def take(self, lines: bytes) -> bytes:
        if self._over:
            return lines
        if not (self._held or self._batch) and is_one_message(lines):
            self._held = lines
            return b""
        return self._open() + within(lines, self._batch)

    def take_event(self, lines: bytes, last: bool) -> bytes:
        if not lines:
            return b""
        is_all = last and self._finished and self._expected == 1 and not (self._held or self._batch)
        if is_all and is_one_message(lines):
            self._over = True
            return tagged(lines, self._tag)
        return self._open() + within(lines, self._batch)

    def _open(self) -> bytes:
        """Open the batch, unless it is open: the answer has more than one line."""
        if self._batch:
            return b""
        self._batch = new_name()
        opening, self._ending = batch_ends(self._batch, "labeled-response", self._server, tags=f"@{self._tag} ")
        held, self._held = self._held, b""
        return opening + within(held, self._batch)

    def expect(self) -> None:
        self._expected += 1

    def settle(self) -> bytes:
        self._expected -= 1
        return self._end_if_over()

    def finish(self) -> bytes:
        self._finished = True
        return self._end_if_over()

    def _end_if_over(self) -> bytes:
        if self._over or self._expected or not self._finished:
            return b""
        self._over = True
        if self._batch:
            return self._ending
        if self._held:
            return tagged(self._held, self._tag)
        return f"@{self._tag} :{self._server} ACK{NEWLINE}".encode(ENCODING)
