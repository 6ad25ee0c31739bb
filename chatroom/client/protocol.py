"""A client for programs: derive from :class:`ChatClientProtocol`, override what you want to hear.

The protocol answers the nickname prompt, and speaks and hears lines of JSON. So it knows for certain who said what, and
which events are new: the methods for bots hear nothing of the past that a server shows to newcomers. It also knows the
outcome of each of its own requests, by their refs; :mod:`chatroom.client.unacknowledged` has the theory of that.

The protocol is one connection. The factory keeps the state that outlives one: the nickname, the rooms, the people that
are ignored, the place in the history up to which everything was received, and the unacknowledged requests.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from typing import Any, ClassVar
from urllib.parse import quote

from twisted.internet.interfaces import IReactorTime, ITCPTransport
from twisted.internet.protocol import Factory, connectionDone
from twisted.protocols.basic import LineReceiver
from twisted.python.failure import Failure

from chatroom.client.errors import NotSent, NotSentAgain
from chatroom.client.ignored import Ignored
from chatroom.client.limits import check_size
from chatroom.client.liveness import QUESTION, Liveness
from chatroom.client.unacknowledged import Request, Unacknowledged
from chatroom.model.answers import (
    Answer,
    CommandHelp,
    Done,
    Gone,
    Invited,
    Limits,
    Live,
    Notice,
    PasswordWanted,
    Past,
    Private,
    Refused,
    Reset,
    Speaking,
    Welcome,
)
from chatroom.model.clock import steady
from chatroom.model.constants import ENCODING, MAGIC
from chatroom.model.errors import Stopping
from chatroom.model.events import Acted, Event, Joined, Kicked, Left, Renamed, Said, TopicChanged
from chatroom.model.passwords import Secret
from chatroom.model.text import clean
from chatroom.wire.jsonlines import JSON
from chatroom.wire.reading import Received, read_received
from chatroom.wire.requests import Do, Say, request_line


class ChatClientProtocol(LineReceiver):
    """One connection to a server; made by a :class:`ChatClientFactory`."""

    factory: ChatClientFactory
    transport: ITCPTransport
    delimiter = b"\n"
    # A line of JSON can hold many times what a server takes in one: /history answers with 50 messages in one.
    MAX_LENGTH = 16 * 1024 * 1024

    nickname = ""
    """Our nickname; empty until we have entered."""
    member = ""
    """The id by which the server knows us, whatever we are called; empty until we have entered."""
    live = False
    """Whether we have entered, and the connection is not lost."""
    limits: Limits | None = None
    """The limits on requests; None until the welcome."""
    commands: Sequence[CommandHelp] = ()
    """The server's table of commands; empty until the welcome."""

    # For bots to override.

    def entered(self) -> None:
        """We are in, and events are new from now on."""

    def said(self, nickname: str, text: str) -> None:
        """Somebody said something, perhaps in several lines; we too, when it comes back."""

    def acted(self, nickname: str, text: str) -> None:
        """Somebody did something: ``/me waves``."""

    def told(self, nickname: str, text: str) -> None:
        """Somebody told us something privately."""

    def joined(self, nickname: str) -> None:
        """Somebody came in; at the beginning we ourselves."""

    def left(self, nickname: str, reason: str) -> None:
        """Somebody went out."""

    def renamed(self, nickname: str, new: str) -> None:
        """Somebody is called ``new`` from now on."""

    def topic_changed(self, nickname: str, topic: str) -> None:
        """Somebody set the topic; it is empty when they took it away."""

    def invited(self, nickname: str, room: str) -> None:
        """Somebody asks us to come into a room."""

    def noticed(self, text: str) -> None:
        """The server said something."""

    def acknowledged(self, id: int, ref: str) -> None:
        """The request of ours with this ref is done.

        :param id: of the event that came of it; 0 where none came of it, or none that is kept.
        """

    def refused(self, code: str, text: str, ref: str) -> None:
        """The request of ours with this ref is not done, and will not be.

        :param code: a word for programs, which stays the same; ``text`` is a sentence for people.
        :param ref: empty where there was no request, as when our nickname is refused.
        """

    def reset(self, code: str, text: str) -> None:
        """We came back, and may have missed something: the past that follows is only the last of it."""

    def nickname_wanted(self, again: bool) -> None:
        """The server asks for our nickname; ``again`` after it refused one.

        This one answers with the factory's, and closes the connection when that was refused.
        """
        if again:
            self.transport.loseConnection()
        else:
            self.give_nickname(self.factory.nickname)

    def received(self, thing: Event | Answer, ref: str) -> None:
        """An event or an answer came: override this to have ids, times, rooms, and the past as well.

        This one calls the methods above, except ``acknowledged``.

        :param ref: of the request of ours that it came of; empty where there was none.
        """
        if self.is_new(thing):
            call = self._calls.get(type(thing))
            if call is not None:
                call(self, thing, ref)

    def is_new(self, thing: Event | Answer) -> bool:
        """Whether ``thing`` has happened just now: it is no event of the past that we are shown on joining a room."""
        return not (isinstance(thing, Event) and self._past)

    # For bots to call.

    def say(self, text: str, room: str = "", about: int = 0) -> str:
        """Say something: one message, perhaps of several lines, and never a command.

        The request is sent at once, or when we have entered, and again after each reconnect until it is answered. In
        the end, :meth:`acknowledged` or :meth:`refused` is called with its ref, perhaps on another connection.

        :param room: one of ours; empty for the one that we speak in.
        :param about: the id of the event that the message is about; 0: of none.
        :returns: the ref of the request.
        :raises NotSent: the message is too long, or there are too many unacknowledged requests.
        """
        return self._request(Say(text, room, about))

    def do(self, command: str, room: str = "") -> str:
        """Give a command: ``do("/topic tea")``. It is sent and answered like a message, except ``/quit``.

        Requests behind a command wait for its answer, unless they name their room: it may lead to another room.

        :param command: one line.
        :param room: the room that the command is about, where it names none; empty for the one that we speak in.
        :returns: the ref of the request.
        :raises NotSent: the command is too long, or there are too many unacknowledged requests.
        """
        if "\n" in command or "\r" in command:
            raise ValueError("a command is one line")
        return self._request(Do(command, room))

    def give_nickname(self, nickname: str) -> None:
        """Answer the nickname prompt."""
        options = "".join(f" {key}={value}" for key, value in self.factory.options().items())
        # With no nickname, the first of the options would be taken for one.
        self._send_line(clean(f"{nickname}{options}").encode(ENCODING) if nickname.strip() else b"")

    # The wire.

    _calls: ClassVar[Mapping[type[Any], Callable[[ChatClientProtocol, Any, str], None]]] = {
        Said: lambda self, event, ref: self.said(event.nickname, event.text),
        Acted: lambda self, event, ref: self.acted(event.nickname, event.text),
        Joined: lambda self, event, ref: self.joined(event.nickname),
        Left: lambda self, event, ref: self.left(event.nickname, event.text),
        Gone: lambda self, answer, ref: self.left(answer.nickname, answer.text),
        Renamed: lambda self, event, ref: self.renamed(event.nickname, event.text),
        TopicChanged: lambda self, event, ref: self.topic_changed(event.nickname, event.text),
        # Bots do not hear notices from one person: no program may answer them.
        Private: lambda self, answer, ref: None if answer.notice else self.told(answer.nickname, answer.text),
        Invited: lambda self, answer, ref: self.invited(answer.nickname, answer.room),
        Notice: lambda self, answer, ref: self.noticed(answer.text),
        Refused: lambda self, answer, ref: self.refused(answer.code, answer.text, ref),
        Reset: lambda self, answer, ref: self.reset(answer.code, answer.text),
    }

    def connectionMade(self) -> None:
        factory = self.factory
        self._liveness: Liveness | None = None
        if factory.reactor is not None and factory.ping_every:
            self._liveness = Liveness(
                steady(factory.reactor), factory.ping_every, self._ping, self.transport.abortConnection
            )
        self._asked_before = self._past = False
        # The room of the last Joined event of our entering; empty once that event has come.
        self._last_to_join = ""
        self._history = ""
        factory.ignored.connected()
        # The ref of the command that has somebody ignored again, until it is answered.
        self._ignoring = ""
        self.rooms: dict[str, None] = {}
        """The rooms that we are in, the one that we joined last at the end."""
        self.speaks_in = ""
        """The room that our messages go to; empty when we are in none."""
        for request in factory.unacknowledged.connected():
            error = NotSentAgain(command=request.command)
            self.received(Refused(error.code, str(error)), request.ref)

    def dataReceived(self, data: bytes) -> None:
        if self._liveness is not None:
            self._liveness.heard()
        super().dataReceived(data)
        self._send_waiting()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.live = False
        if self._liveness is not None:
            self._liveness.stop()

    def _ping(self) -> None:
        # Before we are in, the server would take any line for a nickname.
        if self.live:
            self._send_line(request_line(QUESTION))

    def _send_line(self, line: bytes) -> None:
        self.transport.write(line + b"\n")

    def _request(self, request: Request) -> str:
        if self.limits is not None:
            check_size(request, self.limits)
        ref = self.factory.new_ref()
        self.factory.unacknowledged.add(request._replace(ref=ref))
        self._send_waiting()
        return ref

    def _send_waiting(self) -> None:
        """Send the requests that may be sent now."""
        if not self.live:
            return
        lines: list[bytes] = []
        refused: list[tuple[Refused, str]] = []
        for request in self.factory.unacknowledged.next_to_send(self.speaks_in):
            try:
                if self.limits is not None:
                    check_size(request, self.limits)
            except NotSent as error:
                # The request was made before the limits were known, or by the limits of the server before.
                refused.append((Refused(error.code, str(error)), request.ref))
            else:
                lines.append(request_line(request) + b"\n")
        if lines:
            self.transport.write(b"".join(lines))
        for answer, ref in refused:
            self.factory.unacknowledged.forget(ref)
            self.received(answer, ref)
        if refused:
            # Other requests may have waited for those.
            self._send_waiting()

    def lineReceived(self, line: bytes) -> None:
        line = line.removesuffix(b"\r")
        if not self.nickname and line == MAGIC.encode(ENCODING):
            self.nickname_wanted(self._asked_before)
            self._asked_before = True
            return
        try:
            received = read_received(line)
        except ValueError:
            # The server speaks no JSON, or does not know yet that we do.
            text = line.decode(ENCODING, "replace")
            refused = text.startswith("! ")
            received = Received(Refused("error", text[2:]) if refused else Notice(text.removeprefix("* ")), "")
        if received is not None and received.ref != QUESTION.ref:
            self._note(received.thing, received.ref)

    def _note(self, thing: Event | Answer, ref: str) -> None:
        if isinstance(thing, Refused) and thing.code == Stopping.code:
            # The server is about to go. The request is not refused, and is sent to the next one.
            ref = ""
        if ref and ref == self._ignoring:
            self._ignore_next()
            if not isinstance(thing, Refused):
                return  # Nobody has asked just now.
            ref = ""
        request = self.factory.unacknowledged.get(ref)
        settled = bool(ref) and self.factory.unacknowledged.answered(thing, ref)
        if settled and isinstance(request, Do):
            thing = self.factory.ignored.answered(request.command, thing)
        if isinstance(thing, Event):
            self._note_event(thing, ref)
        else:
            self._note_answer(thing)
            self._hand_on(thing, ref)
        if settled and not isinstance(thing, Refused):
            self.acknowledged(_id_of(thing), ref)

    def _hand_on(self, thing: Event | Answer, ref: str) -> None:
        if not self.factory.ignored.hides(thing):
            self.received(thing, ref)

    def _ignore_next(self) -> None:
        """Have the server ignore the next of those that it is not told of yet."""
        command = self.factory.ignored.next_command(self.factory.unacknowledged)
        self._ignoring = self.factory.new_ref() if command else ""
        if command:
            self._send_line(request_line(Do(command, ref=self._ignoring)))

    def _note_answer(self, answer: Answer) -> None:
        if isinstance(answer, PasswordWanted):
            # Only the handshake asks: later passwords come with their requests.
            if not self.nickname:
                self._send_line(self.factory.password.encode(ENCODING))
        elif isinstance(answer, Welcome):
            self.factory.invitation = Secret()
            self.nickname = answer.nickname
            self.member = answer.member
            self.limits = answer.limits
            self.commands = answer.commands
            self.speaks_in = self._last_to_join = answer.room
            self._history = answer.history if answer.history.isascii() and answer.history.isalnum() else ""
        elif isinstance(answer, Reset):
            self.factory.last_id = 0
        elif isinstance(answer, Past):
            self._past = True
            # Ids are of the new history from here on. A reset comes before this, so that the old one is not mixed in.
            self.factory.history = self._history
        elif isinstance(answer, Live):
            self._past = False
        elif isinstance(answer, Speaking):
            self.speaks_in = answer.room
            self._remember_rooms()

    def _note_event(self, event: Event, ref: str) -> None:
        self.factory.last_id = max(self.factory.last_id, event.id)
        if isinstance(event, Kicked) and event.victim_nickname == self.nickname and not self._past:
            # Somebody else's deed; we do not come back by ourselves.
            self._went_out(event.room)
        if event.nickname != self.nickname or self._past:
            self._hand_on(event, ref)
            return
        first = False
        if isinstance(event, Joined):
            first = not self.live
            self.live = True
            self.rooms[event.room] = None
            if not self._last_to_join:
                self.speaks_in = event.room
            elif event.room == self._last_to_join:
                self._last_to_join = ""
        elif isinstance(event, Renamed):
            self.nickname = self.factory.nickname = event.text
        if first:
            self._ignore_next()
            self._send_waiting()
            self.entered()
        self.received(event, ref)
        if isinstance(event, Left):
            self._went_out(event.room)
        self._remember_rooms()

    def _went_out(self, room: str) -> None:
        self.rooms.pop(room, None)
        if room == self.speaks_in:
            # The server says next which room we speak in instead.
            self.speaks_in = ""
        self._remember_rooms()

    def _remember_rooms(self) -> None:
        if self._last_to_join:
            return  # If the connection is lost now, the next one asks for all of the rooms again.
        # The handshake has the room to speak in last.
        self.factory.rooms = tuple(sorted(self.rooms, key=lambda room: room == self.speaks_in))


def _id_of(thing: Event | Answer) -> int:
    """The id of the event that came of the request that ``thing`` answers; 0 where none is kept."""
    if isinstance(thing, Event):
        return thing.id
    return thing.event if isinstance(thing, Done) else 0


class ChatClientFactory(Factory):
    """Makes the protocol for each connection, and keeps the state that outlives one."""

    protocol: Callable[..., ChatClientProtocol] | None  # type: ignore[assignment]  # Twisted's gives any Protocol
    noisy = False

    def __init__(
        self,
        nickname: str,
        protocol: type[ChatClientProtocol] = ChatClientProtocol,
        rooms: Sequence[str] = (),
        *,
        ping_every: float = 0,
        reactor: IReactorTime | None = None,
        account: str = "",
        password: str = "",
        also: bool = False,
        token: str = "",
        server_password: str = "",
        invitation: str = "",
    ) -> None:
        """
        :param rooms: those to join, the one to speak in last; the server's own when there are none.
        :param ping_every: seconds of silence after which the server is asked whether it is there; one that does
            not answer loses the connection. 0 never asks.
        :param reactor: whose clock that goes by.
        :param account: the account to log in to on each connection; empty for none.
        :param password: that of the account, or one of its tokens; one line.
        :param also: whether to be there beside other clients of the account that ask for it, as one member.
        :param token: a token to log in by, to the account that it belongs to; empty for none.
        :param server_password: the one that a closed server wants of everybody; empty for none.
        :param invitation: the code of an invitation, or the link with it; it is used for the first connection alone.
        """
        if "\n" in password or "\r" in password:
            raise ValueError("a password is one line")
        if ping_every and reactor is None:
            raise ValueError("ping_every needs a reactor")
        self.ping_every = ping_every
        self.reactor = reactor
        self.nickname = nickname
        """The nickname to ask for; after a rename, the new one."""
        self.protocol = protocol
        self.account = account
        self.password = Secret(password)
        self.also = also
        self.token = Secret(token)
        self.server_password = Secret(server_password)
        self.invitation = Secret(invitation)
        """Empty once it has let us in: we come back by :attr:`secret`."""
        self.rooms = tuple(rooms)
        """The rooms to join; once we are in, those that we are in."""
        self.last_id = 0
        """The id of the last event that any connection received; the next one is shown all events after it."""
        self.history = ""
        """The identity of the history that the id is of; empty until the server has told it."""
        self.secret = secrets.token_urlsafe(24)
        """The secret by which the server knows that we are the same member: 16 to 64 characters of ASCII."""
        self.ignored = Ignored()
        """The people that the server is to hide from us, on each connection anew."""
        self.unacknowledged = Unacknowledged()
        """The requests that the server has yet to answer."""
        # The refs of two factories that were given the same secret must differ.
        self._refs = map(f"{secrets.token_hex(4)}-{{}}".format, count(1))

    def new_ref(self) -> str:
        """A ref that no other request has."""
        return next(self._refs)

    def options(self) -> dict[str, str]:
        """The options for the handshake."""
        options = {"format": JSON.name, "input": JSON.name, "client": self.secret}
        if self.account:
            options["account"] = self.account
        if self.also:
            options["also"] = "yes"
        if self.token:
            options["token"] = self.token
        if self.server_password:
            options["password"] = quote(self.server_password, safe="")
        if self.invitation:
            options["invite"] = quote(self.invitation, safe="")
        if self.rooms:
            options["room"] = ",".join(self.rooms)
        if self.last_id:
            options["since"] = f"{self.last_id}@{self.history}" if self.history else str(self.last_id)
        return options
