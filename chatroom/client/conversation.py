"""The client for people: shows events and sends typed messages, both at once.

A :class:`Conversation` stands between the two ends: the connection to the server (:class:`PersonalProtocol`), and a
terminal, which it knows by :mod:`~chatroom.client.terminal` alone.

The conversation ends when the person has left. When the connection is lost, another is made, unless the person has
never been in or wants only one (``--once``). Requests that are unanswered at the end are listed on standard error. On a
pipe, where no person reads that, the exit status counts: 0 means that the server has kept every line.
"""

from __future__ import annotations

import signal
from argparse import Namespace
from collections.abc import Sequence
from typing import Any

from twisted.application.internet import ClientService, backoffPolicy
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionRefusedError, DNSLookupError
from twisted.internet.interfaces import IDelayedCall, IStreamClientEndpoint
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure

from chatroom.client.burst import FEW
from chatroom.client.encrypted_port import speaks_tls
from chatroom.client.errors import IsEncrypted, NotConnected, NotEncrypted, NotSent
from chatroom.client.protocol import ChatClientFactory, ChatClientProtocol
from chatroom.client.render_context import RenderContext
from chatroom.client.terminal import Terminal
from chatroom.client.unacknowledged import command_name
from chatroom.model.answers import Answer, Refused
from chatroom.model.errors import InvitationRefused, ServerClosed
from chatroom.model.events import Event, Left
from chatroom.model.passwords import Secret
from chatroom.wire.requests import Say

FIRST_PAUSE = 1.0
"""Seconds until the first try to come back to a server that went away; each pause is longer, with jitter."""
LONGEST_PAUSE = 60.0

PING_EVERY = 30.0
"""Seconds of silence after which the server is asked whether it is there."""

GREETED_WITHIN = 2.0
"""Seconds of silence at the beginning of a connection after which the port is perhaps an encrypted one."""

CLOSED_WITHIN = 2.0
"""Seconds that the last connection has to close: the rest of what was sent goes first, and TLS waits for an answer."""


class Conversation:
    """Holds the connection to the server and the terminal together."""

    def __init__(self, reactor: Any, options: Namespace, endpoint: IStreamClientEndpoint, terminal: Terminal) -> None:
        """:param endpoint: the server, where each connection is made to."""
        self.terminal = terminal
        self._where = f"{options.host}:{options.port}"
        self._once = options.once
        self._endpoint = endpoint
        self._encrypted = options.tls
        self._reactor = reactor
        self._ended: Deferred[None] = Deferred()
        self._exit_status = 0
        # The connection that there is, and that by which we are in.
        self._made: PersonalProtocol | None = None
        self._connection: PersonalProtocol | None = None
        # What is done when a new connection stays silent.
        self._silence: IDelayedCall | None = None
        self._was_in = False
        # Whether to leave once every request is answered.
        self._leaving = False
        self._over = False
        # Unanswered messages and commands, by their refs, each with what the server has yet to do with it.
        self._requests: dict[str, tuple[str, str]] = {}
        # The refs of commands that the terminal has given by itself, and that are not answered.
        self._looked_up: set[str] = set()
        rooms = [options.room] if options.room else []
        self._factory = PersonalFactory(self, options.nickname, rooms, reactor, options.also)
        self._factory.server_password, self._factory.invitation = options.server_password, options.invite or Secret()
        self._backoff = backoffPolicy(FIRST_PAUSE, LONGEST_PAUSE)
        self._service = ClientService(self._endpoint, self._factory, retryPolicy=self._pause, clock=reactor)

    def run(self) -> Deferred[None]:
        """Start; the Deferred fires at the end, and fails with SystemExit where the exit status is not 0."""
        self._reactor.addSystemEventTrigger("before", "shutdown", self._stop)
        self.terminal.start(self, self._reactor)
        self._service.startService()
        self._watch_for_failure()
        return self._ended

    def _watch_for_failure(self) -> None:
        """Have :meth:`_no_server` called if the next connection cannot be made."""
        self._service.whenConnected(failAfterFailures=1).addErrback(self._no_server)

    def _no_server(self, failure: Failure) -> None:
        error = failure.value
        if self._was_in and not (isinstance(error, NotEncrypted) and error.final):
            return  # Another is tried in a while.
        if isinstance(error, NotEncrypted):
            self.end(str(error))
            return
        if failure.check(ConnectionRefusedError):
            why = "nothing listens there"
        elif failure.check(DNSLookupError):
            why = "there is no such host"
        else:
            why = failure.getErrorMessage()
        self.end(f"no server at {self._where}: {why}")

    def _pause(self, attempt: int) -> float:
        pause: float = self._backoff(attempt)
        # In a turn of its own: only then is it known whether the connection was lost because we left.
        self._reactor.callLater(0, self._say_pause, pause)
        return pause

    def _say_pause(self, pause: float) -> None:
        if self._was_in and not self._over:
            self.terminal.trying_again(self._where, pause)
            self._watch_for_failure()

    # What the connection to the server tells.

    def connecting(self, connection: PersonalProtocol) -> None:
        """Take notice of a new connection, and ask about the first if it stays silent."""
        self._made = connection
        self.terminal.connecting()
        # After a restart, a busy server may be slow to greet, and must not be asked twice as much.
        if not self._encrypted and not self._was_in:
            self._silence = self._reactor.callLater(GREETED_WITHIN, self._look_for_encryption)

    def greeted(self) -> None:
        """Take notice that the server has said something."""
        self._end_silence()

    def _end_silence(self) -> None:
        if self._silence is not None:
            self._silence.cancel()
            self._silence = None

    def _look_for_encryption(self) -> None:
        self._silence = None
        silent = self._made

        def look(encrypted: bool) -> None:
            # It may have been slow, and have spoken since.
            if encrypted and silent is not None and not silent.greeted:
                self.end(str(IsEncrypted(where=self._where)))

        speaks_tls(self._endpoint, self._reactor).addCallback(look)

    def entered(self, connection: PersonalProtocol) -> None:
        """Let the terminal take input: the server has let us in."""
        self._connection = connection
        self._was_in = True
        self.terminal.entered(connection.transport)
        self._leave_if_all_is_answered()

    def nickname_refused(self, connection: PersonalProtocol) -> None:
        """Ask for another nickname where a person could answer."""
        if connection.why_refused in (ServerClosed.code, InvitationRefused.code):
            # No other nickname would do.
            self.end("start again with --invite CODE, or with --password or --password-file FILE", status=1)
        elif self.terminal.can_ask:
            self.terminal.ask("Another nickname? ", connection.call_yourself)
        elif self._was_in:
            # Somebody took the nickname while we had no connection. Try again in a while: lines wait to be said.
            connection.transport.loseConnection()
        else:
            self.end(status=1)  # Why it was refused stands on the terminal already.

    def answered(self, ref: str, why_not: str = "") -> None:
        """Take notice that a request was answered.

        :param why_not: why it is not done; empty when it is.
        """
        self._looked_up.discard(ref)
        text, outcome = self._requests.pop(ref, ("", ""))
        if text and why_not:
            self._fail(text, why_not, outcome)
        self.terminal.answered()
        self._leave_if_all_is_answered()

    def lost(self, connection: PersonalProtocol) -> None:
        """Wait for another connection, or end: this one is lost."""
        self._end_silence()
        self._made = self._connection = None
        self.terminal.lost()
        if connection.has_left or (connection.leaving and not self.unacknowledged):
            self.end()
        elif not self._was_in:
            self.end(f"{self._where} closed the connection")
        elif self._once:
            everything = " before everything had come back" if self._leaving else ""
            self.end(f"{self._where} closed the connection{everything}")

    # What the terminal tells.

    @property
    def unacknowledged(self) -> int:
        return len(self._factory.unacknowledged)

    def say(self, text: str, room: str = "") -> None:
        if self._connection is None:
            raise NotConnected()
        self._requests[self._connection.say(text, room)] = text, "kept"

    def do(self, command: str) -> None:
        if self._connection is None:
            raise NotConnected()
        self._requests[self._connection.do(command)] = command, "done"
        if command_name(command) == "quit":
            self._leaving = self._connection.leaving = True

    def look_up(self, command: str) -> bool:
        try:
            if self._connection is not None:
                self._looked_up.add(self._connection.do(command))
                return True
        except NotSent:
            pass
        return False

    def answers_terminal(self, answer: Event | Answer, ref: str) -> bool:
        """Whether ``answer`` is to the terminal alone, which is told of it then."""
        if ref not in self._looked_up:
            return False
        self.terminal.looked_up(answer)
        return True

    def not_said(self, line: str, why: str) -> None:
        self._fail(line, why, "kept")

    def _fail(self, line: str, why: str, outcome: str) -> None:
        # A person has seen the refusal. On a pipe, nobody has.
        if not self.terminal.can_ask:
            self._exit_status = 1
            self.terminal.complain(f"not {outcome}: {line} ({why})")

    def no_more(self) -> None:
        self._leaving = True
        self._leave_if_all_is_answered()

    def _leave_if_all_is_answered(self) -> None:
        if not self._leaving or self.unacknowledged or self.terminal.unsaid():
            return
        if self._connection is None:
            self.end()
        elif not self._connection.leaving:
            self.do("/quit")

    # The end.

    def end(self, error: str = "", status: int = 0) -> None:
        """Close both ends; with an ``error``, write it to standard error, and have an exit status of 1."""
        if self._over:
            return
        self._over = True
        self._exit_status = 1 if error else status or self._exit_status
        if error:
            self.terminal.complain(error)
        self._say_what_was_not_kept()
        # In a turn of its own, since the service may be in the middle of telling us something.
        self._reactor.callLater(0, lambda: self._close().addBoth(lambda _: self.terminal.close()))

    def _close(self) -> Deferred[None]:
        """Close the connection if there is one, and make no other; the Deferred fires when that is done."""
        if self._connection is not None:
            # TLS does not close while somebody may still write.
            self.terminal.lost()
        hurry = self._reactor.callLater(CLOSED_WITHIN, self._abort)

        def closed(_: object) -> None:
            if hurry.active():
                hurry.cancel()

        stopping: Deferred[None] = self._service.stopService()
        return stopping.addBoth(closed)

    def _abort(self) -> None:
        if self._made is not None:
            self._made.transport.abortConnection()

    def _say_what_was_not_kept(self) -> None:
        for request in self._factory.unacknowledged:
            if request.ref in self._looked_up:
                continue
            text = request.text if isinstance(request, Say) else request.command
            self.terminal.complain(f"this has perhaps not arrived: {text}")
            self._exit_status = 1
        unsaid = self.terminal.unsaid()
        # A person has the text that they pasted. On a pipe, these may be the only copies.
        listed = [f"{len(unsaid)} lines"] if self.terminal.can_ask and len(unsaid) > FEW else unsaid
        for line in listed:
            self.terminal.complain(f"not sent: {line}")
            self._exit_status = 1
        if self._was_in and self.terminal.left_unread():
            self.terminal.complain("not sent: the rest of the input")
            self._exit_status = 1

    def _stop(self) -> Deferred[None]:
        """Close the connection before the reactor stops: after a signal, perhaps, and that is no fault."""
        for number in (signal.SIGINT, signal.SIGTERM):
            # The second does not wait. The reactor would take it for an error.
            signal.signal(number, lambda *_: self._reactor.callFromThread(self._abort))
        if not self._over:
            self._over = True
            self._say_what_was_not_kept()
        if self._exit_status and not self._ended.called:
            self._ended.errback(SystemExit(self._exit_status))
        # The reactor would only close the sockets. Over TLS, that looks to the server like a lost connection.
        return self._close()

    def ended(self) -> None:
        self.end()
        if self._ended.called:
            return
        if self._exit_status:
            self._ended.errback(SystemExit(self._exit_status))
        else:
            self._ended.callback(None)


class PersonalProtocol(ChatClientProtocol):
    """The connection to the server."""

    factory: PersonalFactory
    greeted = False
    """Whether the server has said anything."""
    leaving = False
    """Whether we have asked to leave."""
    has_left = False
    """Whether we have left because we had asked to."""
    why_refused = ""
    """The code of the error that answered the handshake."""

    def connectionMade(self) -> None:
        super().connectionMade()
        self._coming_back = self.factory.last_id > 0
        self.factory.conversation.connecting(self)

    def dataReceived(self, data: bytes) -> None:
        if not self.greeted:
            self.greeted = True
            self.factory.conversation.greeted()
        super().dataReceived(data)

    def nickname_wanted(self, again: bool) -> None:
        if again:
            self.factory.conversation.nickname_refused(self)
        else:
            super().nickname_wanted(again)

    def call_yourself(self, nickname: str) -> None:
        """Try another nickname than the one that was refused."""
        self.factory.nickname = nickname
        self.give_nickname(nickname)

    def entered(self) -> None:
        self.factory.conversation.entered(self)

    def received(self, thing: Event | Answer, ref: str) -> None:
        if self.factory.conversation.answers_terminal(thing, ref):
            if isinstance(thing, Refused):
                self.factory.conversation.answered(ref)
            return
        if self.leaving and isinstance(thing, Left) and thing.nickname == self.nickname:
            # The person has asked to leave, and need not be shown that they do.
            self.has_left = {*self.rooms} == {thing.room}
            return
        # While we are entering, the past is of the rooms that we come back to.
        here = self.speaks_in or next(reversed(self.factory.rooms), getattr(thing, "room", ""))
        context = RenderContext(self.nickname, here, not self.is_new(thing), self._coming_back and not self.live)
        self.factory.conversation.terminal.show(thing, context)
        super().received(thing, ref)

    def acknowledged(self, id: int, ref: str) -> None:
        self.factory.conversation.answered(ref)

    def refused(self, code: str, text: str, ref: str) -> None:
        if not self.nickname:
            self.why_refused = code
        if ref:
            self.factory.conversation.answered(ref, text)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        super().connectionLost(reason)
        self.factory.conversation.lost(self)


class PersonalFactory(ChatClientFactory):
    """Makes the connections to the server, one after the other."""

    def __init__(
        self, conversation: Conversation, nickname: str, rooms: Sequence[str], reactor: Any, also: bool = False
    ) -> None:
        super().__init__(nickname, PersonalProtocol, rooms, ping_every=PING_EVERY, reactor=reactor, also=also)
        self.conversation = conversation
