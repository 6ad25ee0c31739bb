"""Unacknowledged requests: those that a client has made, and that the server has not answered.

Theory of operation. A client may write a request into a connection that is dead already. So it keeps each request until
an answer with the same ``ref`` comes: the event that came of it, an error, or the word that it was done before. After a
reconnect, the remaining requests are sent again, in the same order and with the same refs. The server does nothing
twice for one ref, so each request is done exactly once.

A request that names no room is about the room that the client speaks in. It gets the name of that room before it is
sent, so that it means the same room when it is sent again. A command may lead to another room. While one is unanswered,
the requests behind it that name no room wait.

This module knows no connection: the protocol asks it for requests to send, and tells it of everything that comes.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterator

from chatroom.client.errors import TooManyUnacknowledged
from chatroom.model.answers import Answer, Live, Past, People, Refused
from chatroom.model.constants import ENCODING
from chatroom.model.errors import Stopping
from chatroom.model.events import Event
from chatroom.wire.requests import Do, Say

MAX_REQUESTS = 10_000
"""The number of requests that may be unacknowledged."""

MAX_BYTES = 4 * 1024 * 1024
"""Bytes of text that all of them may have together."""

UNANSWERED = frozenset(("quit",))
"""Commands without an answer: the connection ends instead."""

NOT_SENT_AGAIN = frozenset(("kill",))
"""Commands that could do something else the second time: another person may have the nickname by then."""

Request = Say | Do


class Unacknowledged:
    """The unacknowledged requests of one client, oldest first."""

    def __init__(self, max_requests: int = MAX_REQUESTS, max_bytes: int = MAX_BYTES) -> None:
        self._max_requests = max_requests
        self._max_bytes = max_bytes
        self._bytes = 0
        self._requests: OrderedDict[str, Request] = OrderedDict()
        # Refs of requests that were not sent over this connection. Some may be answered already.
        self._unsent: deque[str] = deque()
        # Refs of commands that were sent over this connection and are not answered.
        self._commands: set[str] = set()

    def __len__(self) -> int:
        return len(self._requests)

    def __iter__(self) -> Iterator[Request]:
        return iter(self._requests.values())

    def get(self, ref: str) -> Request | None:
        """The request with that ref; None when it is answered, or none of ours."""
        return self._requests.get(ref)

    def add(self, request: Request) -> None:
        """Take in a request with a new ref.

        :raises TooManyUnacknowledged: there are too many already.
        """
        size = _size(request)
        if len(self._requests) >= self._max_requests or (self._requests and self._bytes + size > self._max_bytes):
            raise TooManyUnacknowledged(count=len(self._requests))
        self._requests[request.ref] = request
        self._bytes += size
        self._unsent.append(request.ref)

    def next_to_send(self, room: str) -> Iterator[Request]:
        """The requests that may be sent now; each counts as sent once it is yielded.

        :param room: the room that the client speaks in; empty when it is in none.
        """
        while self._unsent:
            ref = self._unsent[0]
            request = self._requests.get(ref)
            if request is not None:
                if not request.room:
                    if self._commands:
                        return
                    request = request._replace(room=room)
                if isinstance(request, Do) and command_name(request.command) in UNANSWERED:
                    self.forget(ref)
                else:
                    self._requests[ref] = request
                    if isinstance(request, Do):
                        self._commands.add(ref)
            self._unsent.popleft()
            if request is not None:
                yield request

    def answered(self, thing: Event | Answer, ref: str) -> bool:
        """Take notice of a thing with a ref that came; whether it settles a request, which is forgotten then."""
        request = self._requests.get(ref)
        if request is None or not _settles(thing, request):
            return False
        self.forget(ref)
        return True

    def forget(self, ref: str) -> None:
        """Forget the request with that ref, if there is one."""
        request = self._requests.pop(ref, None)
        if request is not None:
            self._bytes -= _size(request)
        self._commands.discard(ref)

    def connected(self) -> list[Do]:
        """Take notice of a new connection, over which no request was sent yet.

        :returns: commands that were sent before and are not sent again; they are forgotten.
        """
        lost = [
            request
            for request in self
            if isinstance(request, Do)
            and request.ref in self._commands
            and command_name(request.command) in NOT_SENT_AGAIN
        ]
        for request in lost:
            self.forget(request.ref)
        self._commands.clear()
        self._unsent = deque(self._requests)
        return lost


def command_name(command: str) -> str:
    """The name of a command in a line that gives it: ``topic`` for ``/topic tea``."""
    words = command.split(maxsplit=1)
    return words[0].removeprefix("/").lower() if words else ""


def _size(request: Request) -> int:
    return len((request.text if isinstance(request, Say) else request.command).encode(ENCODING))


def _settles(thing: Event | Answer, request: Request) -> bool:
    """Whether the effect of ``request`` is known once ``thing`` has come of it."""
    if isinstance(thing, Refused):
        # A server that is stopping does not refuse the request: the next one is asked again.
        return thing.code != Stopping.code
    if isinstance(thing, People) and isinstance(request, Do):
        # The people in a room are the answer to /who, and the first of several answers to /join.
        return command_name(request.command) != "join"
    return not isinstance(thing, Past | Live)
