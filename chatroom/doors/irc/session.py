"""One person at the IRC door: their lines and the answers to these, their requests and the outcomes of these.

A session like those at other doors, with answers of its own: numerics, and events that are part of an answer
(:mod:`chatroom.doors.irc.labels`). Its person is in once they are registered, and in a room only when they have joined
one. What each command does stands in the modules that :mod:`chatroom.doors.irc.commands` names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

from chatroom.core.catching_up import go_live
from chatroom.core.chat import Chat
from chatroom.core.members import Member
from chatroom.core.removals import RemovalRequest
from chatroom.core.requests import Request
from chatroom.core.rooms import Room
from chatroom.core.session import OWNER_HAS_COME, Door, Phase, Session, Wait, reason_for_others
from chatroom.core.sharing import Turn
from chatroom.doors.irc.format import BOT, MULTILINE, REDACTION, TAGS, IRCFormat, msgid_of
from chatroom.doors.irc.labels import Labelled, LineAnswer
from chatroom.doors.irc.message import MAX_LINE, encode, middle
from chatroom.doors.irc.multiline import Incoming
from chatroom.doors.irc.numerics import Numeric
from chatroom.doors.irc.plain import SaslExchange
from chatroom.doors.irc.registration import Registration
from chatroom.doors.irc.server import IRCServer
from chatroom.doors.irc.users import BOT_MODE, User, modes_of
from chatroom.model.answers import Answer
from chatroom.model.constants import ENCODING, MAX_TOPIC
from chatroom.model.errors import (
    Banned,
    BannedFromServer,
    ChatError,
    ExpelledLately,
    InvitationRefused,
    InviteOnly,
    KeyNeeded,
    LineTooLong,
    ListFull,
    LooksLikeEvent,
    Moderated,
    Muted,
    NicknameRefused,
    NicknameRegistered,
    NicknameTaken,
    NoSuchMessage,
    NoSuchNickname,
    NoSuchRoom,
    NotAllowed,
    NotEncrypted,
    NotInRoom,
    NotOperator,
    NotThere,
    NotYourMessage,
    Outranked,
    PeerError,
    PutOut,
    RoomForMembers,
    RoomFull,
    RoomNameRefused,
    ServerClosed,
    ServerFault,
    TooManyRooms,
    TooManySessions,
    TooSoon,
    WrongPassword,
)
from chatroom.model.events import AccessChanged, Away, Event, Joined, Nature, Removal, Renamed, Said
from chatroom.model.graphemes import cut
from chatroom.model.roles import Role

NUMERICS: dict[type[ChatError], Numeric] = {
    Banned: Numeric.ERR_BANNEDFROMCHAN,
    InviteOnly: Numeric.ERR_INVITEONLYCHAN,
    KeyNeeded: Numeric.ERR_BADCHANNELKEY,
    ListFull: Numeric.ERR_BANLISTFULL,
    Moderated: Numeric.ERR_CANNOTSENDTOCHAN,
    Muted: Numeric.ERR_CANNOTSENDTOCHAN,
    NotAllowed: Numeric.ERR_CHANOPRIVSNEEDED,
    NotThere: Numeric.ERR_USERNOTINCHANNEL,
    Outranked: Numeric.ERR_CHANOPRIVSNEEDED,
    PutOut: Numeric.ERR_CANNOTSENDTOCHAN,
    RoomForMembers: Numeric.ERR_NEEDREGGEDNICK,
    RoomFull: Numeric.ERR_CHANNELISFULL,
    TooSoon: Numeric.ERR_CANNOTSENDTOCHAN,
    BannedFromServer: Numeric.ERR_YOUREBANNEDCREEP,
    ExpelledLately: Numeric.ERR_UNAVAILRESOURCE,
    LineTooLong: Numeric.ERR_INPUTTOOLONG,
    LooksLikeEvent: Numeric.ERR_CANNOTSENDTOCHAN,
    NicknameRefused: Numeric.ERR_ERRONEUSNICKNAME,
    NicknameRegistered: Numeric.ERR_NICKNAMEINUSE,
    NicknameTaken: Numeric.ERR_NICKNAMEINUSE,
    NotEncrypted: Numeric.ERR_PASSWDMISMATCH,
    TooManySessions: Numeric.ERR_NICKNAMEINUSE,
    InvitationRefused: Numeric.ERR_PASSWDMISMATCH,
    ServerClosed: Numeric.ERR_PASSWDMISMATCH,
    WrongPassword: Numeric.ERR_PASSWDMISMATCH,
    NoSuchNickname: Numeric.ERR_NOSUCHNICK,
    NoSuchRoom: Numeric.ERR_NOSUCHCHANNEL,
    NotInRoom: Numeric.ERR_NOTONCHANNEL,
    NotOperator: Numeric.ERR_NOPRIVILEGES,
    RoomNameRefused: Numeric.ERR_NOSUCHCHANNEL,
    TooManyRooms: Numeric.ERR_TOOMANYCHANNELS,
}
"""The numeric of an error; any other error is an ERR_UNKNOWNERROR for the command that it came of."""

REDACT_CODES: dict[type[ChatError], str] = {NoSuchMessage: "UNKNOWN_MSGID", NotYourMessage: "REDACT_FORBIDDEN"}
"""The codes of errors of REDACT (ircv3.net/specs/extensions/message-redaction)."""

_WITHOUT_SUBJECT = frozenset(
    {
        Numeric.ERR_INPUTTOOLONG,
        Numeric.ERR_NOPRIVILEGES,
        Numeric.ERR_PASSWDMISMATCH,
        Numeric.ERR_YOUREBANNEDCREEP,
    }
)
"""Those that name nothing that the error is about."""

_EXPLAINED = frozenset(
    {
        *(BannedFromServer, ExpelledLately, InvitationRefused, LooksLikeEvent, NicknameRefused, NicknameRegistered),
        *(NotEncrypted, RoomNameRefused, ServerClosed, TooManySessions, WrongPassword),
    }
)
"""Errors whose own sentence says more than their numeric; the sentences of the others name commands of other doors."""

SCANNED_IN_A_LINE = 1000
"""People that may be looked at for the price of one more line."""

WORDS_BETWEEN_STOPS = 10
"""Words of a list between two places where it may stop: a tenth of a millisecond."""

_IDLE = LineAnswer()
"""The answer to no line."""


class IRCSession(Session):
    """Somebody who is registered, or is about to be."""

    __slots__ = (
        *("answer", "capabilities", "echo", "incoming", "monitored"),
        *("parting", "registration", "sasl", "server", "user"),
    )
    format: IRCFormat

    def __init__(self, chat: Chat, door: Door, server: IRCServer) -> None:
        super().__init__(chat, door, server.format_for(frozenset()))
        self.server = server
        self.registration = Registration()
        self.user = User(chat.now())
        self.capabilities: frozenset[str] = frozenset()
        self.echo = False
        """Whether they are shown what they say."""
        self.monitored: dict[str, str] = {}
        """The nicknames that they watch for, by their keys."""
        self.sasl: SaslExchange | None = None
        """The SASL exchange that they have begun; None while there is none."""
        self.incoming: Incoming | None = None
        """The message of several lines that they are sending; None while they are not."""
        self.answer = _IDLE
        """The answer to the line that is being done."""
        self.parting = "connection closed"
        """Why their connection is closed, when it is."""

    def take_capabilities(self, capabilities: frozenset[str]) -> None:
        """Speak with them as they have asked for."""
        self.capabilities = capabilities
        self.format = self.server.format_for(capabilities)
        self.echo = "echo-message" in capabilities
        if not self.has_multiline:
            self.incoming = None
        if self.entered and self.rooms:
            self.hear(self.chat.delivery.published)

    def has(self, capability: str) -> bool:
        """Whether they have asked for ``capability``."""
        return capability in self.capabilities

    @property
    def has_multiline(self) -> bool:
        """Whether they may send messages of several lines, and are sent such."""
        return self.has(MULTILINE) and self.has("batch")

    @property
    def source(self) -> str:
        """The source of the lines that come of them."""
        return self.server.users.prefix(self.nickname)

    @property
    def modes(self) -> str:
        """Their modes, in alphabetical order."""
        return modes_of(self.member, self.user)

    # The price of a line.

    def several(self, count: int) -> None:
        """Have their line count as ``count`` lines, since it asks for so many things that others are shown."""
        self.door.spend(max(0, count - 1))

    def scanned(self, count: int) -> None:
        """Have their line count for more, since ``count`` people were looked at for it at once."""
        self.door.spend(count / SCANNED_IN_A_LINE)

    # The rooms and the people whom they can see.

    def shown_room(self, name: str) -> Room | None:
        """The room of that name; None when there is none that they are told of."""
        room = self.chat.rooms.get(name)
        return room if room is not None and self.chat.moderation.shows_room(self.member, name) else None

    def can_see(self, member: Member) -> bool:
        """Whether ``member`` is shown to them when they have not named them."""
        user = self.server.users.at_this_door(member)
        if user is None or "i" not in user.modes or member is self.member:
            return True
        return not self.rooms.keys().isdisjoint(member.rooms)

    def seen_in(self, room: Room) -> Iterator[tuple[Member, bool]]:
        """The members in ``room``, as of now, and whether each is shown to them."""
        members = list(room.members)
        all_ = room.name in self.rooms
        return ((member, all_ or self.can_see(member)) for member in members)

    def topic_lines(self, room: Room) -> list[str]:
        """The topic of a room, and who set it; none where there is none."""
        if not room.topic:
            return []
        return [
            self.line_of(Numeric.RPL_TOPIC, f"#{room.name}", text=cut(room.topic, MAX_TOPIC)),
            self.line_of(Numeric.RPL_TOPICWHOTIME, f"#{room.name}", room.topic_by, int(room.topic_at)),
        ]

    def names_lines(self, room: Room) -> Iterator[str]:
        """The members in a room, and the end of their list; empty lines where one of them is not shown."""
        yield from self.members_lines(room)
        yield self.line_of(Numeric.RPL_ENDOFNAMES, f"#{room.name}")

    def sign_in(self, room: str) -> Callable[[Member], str]:
        """What stands before somebody's nickname in a room: @ for an operator of it, and + for a voice."""
        ranks, holders = self.chat.rules.ranks(room), self.chat.rules.holders(room)

        def sign_of(member: Member) -> str:
            account = member.author.account
            by_account = holders.get(account, Role.GUEST) if account else Role.GUEST
            role = max(ranks.get(member.member_id, Role.GUEST), by_account)
            return "@" if role >= Role.OPERATOR else "+" if role is Role.VOICE else ""

        return sign_of

    def members_lines(self, room: Room) -> Iterator[str]:
        """The members in a room; empty lines where one of them is not shown."""
        users = self.server.users if self.has("userhost-in-names") else None
        sign_of = self.sign_in(room.name)
        names = (
            sign_of(member) + (member.nickname if users is None else users.prefix(member.nickname)) if seen else ""
            for member, seen in self.seen_in(room)
        )
        return self.words_in_lines(Numeric.RPL_NAMREPLY, "=", f"#{room.name}", words=names)

    # Their lines, and the answers to these.

    def new_answer(self, command: str, label: str) -> LineAnswer:
        """The answer to a line.

        :param label: empty where there is none.
        """
        return Labelled(command, label, self.server.name) if label else LineAnswer(command)

    def do_line(self, answer: LineAnswer, do: Callable[[], None]) -> None:
        """Do a line, and answer it.

        :param do: may raise a PeerError, which they are told.
        """
        self.end_answer()
        self.answer = answer
        self._do(do)
        self._go_on_with_line()

    def postpone_answer(self) -> LineAnswer:
        """Take the answer from the line that is being done, for another line to go on with."""
        answer, self.answer = self.answer, _IDLE
        return answer

    def _go_on_with_line(self) -> None:
        """Do the rest of the line, as far as it need not wait; the answer ends with it."""
        while not self.busy and self.answer.next is not None:
            if self.member.pending:
                # It asks for something that only one request at a time may.
                self.alone(lambda: None)
                return
            next_, self.answer.next = self.answer.next, None
            next_()
        if not self.busy:
            self.end_answer()

    def end_answer(self) -> None:
        """Send the rest of the answer to the line: the line is done, or will not be."""
        answer, self.answer = self.answer, _IDLE
        self._send_on(answer.finish())

    def go_on(self) -> None:
        self._go_on_with_line()
        super().go_on()

    def numeric(self, numeric: Numeric, *parameters: object, text: str | None = None, **details: object) -> None:
        """Answer with a numeric.

        :param text: the last words, where the numeric has none of its own or others are better.
        :param details: what the numeric's own words name in braces.
        """
        self.send(self.line_of(numeric, *parameters, text=text, **details))

    def line_of(self, numeric: Numeric, *parameters: object, text: str | None = None, **details: object) -> str:
        """The same as a line."""
        words = [f":{self.server.name} {numeric.number} {self.nickname or '*'}", *(middle(str(p)) for p in parameters)]
        if text is None:
            text = numeric.text.format(**details) if details else numeric.text
            if not text:
                return " ".join(words)
        return f"{' '.join(words)} :{text}"

    def words_in_lines(
        self, numeric: Numeric, *parameters: object, words: Iterable[str], between: str = " "
    ) -> Iterator[str]:
        """Lines of a numeric with as many of ``words`` in each as it holds; none for none.

        Behind every few words comes an empty line, a place to stop at while a line is made.
        """
        room = MAX_LINE - len(self.line_of(numeric, *parameters, text="").encode(ENCODING))
        row: list[str] = []
        left = room + 1
        for number, word in enumerate(words, 1):
            size = len(word.encode(ENCODING)) + 1
            if word and size > left and row:
                yield self.line_of(numeric, *parameters, text=between.join(row))
                row, left = [], room + 1
            if word:
                row.append(word)
                # The last in a line has nothing behind it.
                left -= size
            if number % WORDS_BETWEEN_STOPS == 0:
                yield ""
        if row:
            yield self.line_of(numeric, *parameters, text=between.join(row))

    def send(self, line: str) -> None:
        """Answer with a line."""
        self.respond(encode(line))

    def send_all(self, lines: Iterable[str], then: Callable[[], None] = lambda: None) -> None:
        """Answer with many lines, as :meth:`show_all` does; empty ones stand for what is not shown."""
        self.show_all((encode(line) if line else b"" for line in lines), then)

    def respond(self, lines: bytes) -> None:
        """Answer with whole lines."""
        self._send_on(self.answer.take(lines))

    def show(self, lines: bytes) -> None:
        self.respond(lines)

    def respond_all(self, lines: Sequence[bytes]) -> None:
        """Answer with many whole lines, no faster than they are read."""
        self.show_all(lines)

    def reply(self, answer: Answer) -> None:
        self.respond(self.format.answer_to(self.nickname or "*", answer))

    def refuse(self, error: ChatError, about: str = "") -> None:
        """Tell them why what they ask for cannot be done.

        :param about: the nickname, or the room with its #, that the error is about.
        """
        self.respond(self._refusal(error, self.answer.command, about))

    def _refusal(self, error: ChatError, command: str, about: str) -> bytes:
        if isinstance(error, ServerFault):
            return self.format.notice(self.nickname or "*", str(error))
        if command == "REDACT" and (code := REDACT_CODES.get(type(error))):
            id_ = msgid_of(self.chat.log.identity, int(str(error.details["id"])))
            return encode(f":{self.server.name} FAIL REDACT {code} #{error.details['room']} {id_} :{error}")
        numeric = NUMERICS.get(type(error), Numeric.ERR_UNKNOWNERROR)
        if isinstance(error, NicknameRegistered) and self.chat.accounts.on:
            line = self.line_of(numeric, about, text=str(error))
            return encode(line) + self.format.notice(self.nickname or "*", self._how_to_log_in(about))
        if numeric is Numeric.ERR_UNKNOWNERROR:
            return encode(self.line_of(numeric, command or "*", text=str(error)))
        subject = () if numeric in _WITHOUT_SUBJECT else (about or "*",)
        return encode(self.line_of(numeric, *subject, text=str(error) if type(error) in _EXPLAINED else None))

    def _how_to_log_in(self, nickname: str) -> str:
        """The ways in for the owner of a nickname that is registered."""
        if self.entered:
            return f"If {nickname} is yours: /msg NickServ IDENTIFY {nickname} PASSWORD, then /nick {nickname}"
        return (
            f"If {nickname} is yours, have your client log in: by SASL (PLAIN), or with {nickname}:PASSWORD as the "
            f"password of the server. Or come in as somebody else, and /msg NickServ IDENTIFY {nickname} PASSWORD"
        )

    def fail(self, code: str, *context: str, text: str) -> None:
        """Tell them what is wrong, by IRCv3's standard-replies."""
        words = [f":{self.server.name} FAIL {middle(self.answer.command)} {code}", *map(middle, context)]
        self.send(f"{' '.join(words)} :{text}")

    # Lines that answer nothing.

    def tell(self, answer: Answer) -> None:
        self._send_on(self.format.answer_to(self.nickname or "*", answer))

    def send_aside(self, line: str) -> None:
        """Send a line that answers nothing."""
        self.write(encode(line))

    def _send_on(self, lines: bytes) -> None:
        if lines:
            self.write(lines)

    # Their requests, and the outcomes of these.

    def claim(self, nickname: str, then: Callable[[], None]) -> None:
        """Claim their first nickname; they are in once it is granted.

        :param then: called when they are in; without their nickname, they are outside again.
        """
        self.phase = Phase.ENTERING
        self.wait(Wait.NICKNAME)

        def granted() -> None:
            self.waits_for = Wait.NOTHING
            self.server.unregistered.discard(self)
            self.come_in()
            then()
            self.begin_view()
            if self.member.shared is not None:
                self.hear(self.chat.delivery.published)
            self.go_on()

        def beside(member: Member) -> None:
            apart = self.member
            self.be(member)
            self.server.is_another_of(self, apart)
            self.server.unregistered.discard(self)
            self.come_in()
            then()
            self.waits_for = Wait.OUTCOME
            self.chat.when_free(member, self._begin_beside)

        def refused(error: ChatError) -> None:
            self.waits_for = Wait.NOTHING
            self.phase = Phase.OUTSIDE
            self.registration.nickname_refused()
            self.refuse(error, nickname)
            if isinstance(error, BannedFromServer):
                self.door.close()
            self.go_on()

        self.user.signed_on = self.user.seen_at = self.chat.now()
        try:
            self.chat.claim(self.member, nickname, granted, refused, beside)
        except PeerError as error:
            refused(error)

    def request_of_line(
        self, ask: Callable[..., None], *what: object, about: str = "", last: bool = False, own_form: bool = True
    ) -> bool:
        """Ask for something that concerns where, or who, they are, as a part of their line.

        :param ask: a method of the chat, which takes the member, ``what``, and who asks.
        :param about: the nickname, or the room with its #, that an error would be about.
        :param last: whether the line asks for nothing behind it, so that the event may be all of the answer.
        :param own_form: whether the event, as they are shown it, is part of the answer where it stands.
        :returns: False when it was refused at once, which they were told.
        """
        answer = self.answer
        answer.expect()
        if last:
            answer.finish()
        try:
            self.request(lambda: ask(self.member, *what, self, own_form=own_form, context=answer))
        except PeerError as error:
            self.refuse(error, about)
            self._send_on(answer.settle())
            return False
        return True

    def say(self, room: str, text: str, kind: type[Event] = Said, about: int = 0) -> None:
        answer = self.answer
        hidden = kind.nature is Nature.TALK and not self.echo
        own_form = hidden or answer.labelled
        request = Request(self.member, kind, (room,), text, self, own_form=own_form, context=answer)
        extras: dict[str, Any] = {}
        if kind.nature is Nature.TALK:
            if answer.client_tags:
                extras[TAGS] = dict(answer.client_tags)
            if BOT_MODE in self.user.modes:
                extras[BOT] = True
        self.say_apart(room, request, about, extras or None)
        answer.expect()

    def ask_to_remove(self, event: Event, reason: str, audited: str) -> None:
        answer = self.answer
        own_form = answer.labelled or (self.has(REDACTION) and not self.echo)
        request = RemovalRequest(
            self.member, event.room, reason, self, audited=audited, own_form=own_form, context=answer
        )
        self.remove_apart(request, event)
        answer.expect()

    def own(self, request: Request, event: Event) -> bytes:
        """The event of a request as a part of the answer to its line; empty where they are not shown it there."""
        answer: LineAnswer = request.context
        is_last = not request.awaited
        if isinstance(event, AccessChanged):
            return answer.take_event(self.format.entry(event), is_last)
        if event.nature is Nature.TALK or (request.kind is Removal and self.has(REDACTION)):
            shown = self.echo
        elif isinstance(event, Away):
            # They are told by a numeric.
            shown = False
        else:
            shown = is_last or not event.once
        return answer.take_event(self.format.own_event(event) if shown else b"", is_last)

    def said(self, request: Request) -> None:
        self._send_on(request.context.settle())
        super().said(request)

    def done(self, request: Request, event: Event) -> None:
        answer: LineAnswer | None = request.context
        if answer is not None:
            if not event.room:
                # Delivery has shown no event, since it happened in no room.
                self._send_on(self.own(request, event))
            self._send_on(answer.settle())
        super().done(request, event)

    def not_said(self, request: Request, error: ChatError) -> None:
        answer: LineAnswer = request.context or LineAnswer()
        about = request.text if request.kind is Renamed else f"#{request.rooms[0]}" if request.rooms else ""
        self._send_on(answer.take(self._refusal(error, answer.command, about)))
        self._send_on(answer.settle())

    def joined(self, request: Request, event: Event) -> None:
        # Delivery has not shown them the event, since they did not hear the room yet.
        answer: LineAnswer = request.context
        self._send_on(answer.take_event(self.format.own_event(event), False))
        go_live(self, event.id, lambda: self._show_room(event.room))

    def _show_room(self, name: str) -> None:
        # They may have been put out in the meantime.
        room = self.chat.rooms.get(name) if name in self.rooms else None
        self.send_all(chain(self.topic_lines(room), self.names_lines(room)) if room is not None else (), self.go_on)

    def _begin_beside(self) -> None:
        """Tell them which rooms the member is in, by lines as if they came in."""
        if not self._has_come():
            return
        self.begin_view()
        member, rooms = self.member, list(self.rooms)
        for room in rooms:
            event = Joined(0, self.chat.now(), room, member.member_id, member.nickname, "")
            self._send_on(self.format.own_event(event))
        go_live(self, self.chat.delivery.published, lambda: self._show_rooms(rooms))

    def _show_rooms(self, names: Sequence[str]) -> None:
        rooms = [self.chat.rooms[name] for name in names if name in self.chat.rooms]
        lines = (chain(self.topic_lines(room), self.names_lines(room)) for room in rooms)
        self.send_all(chain.from_iterable(lines), self.go_on)

    def show_turn(self, turn: Turn) -> None:
        if turn.joined:
            self.when_idle(lambda: self._show_rooms(turn.joined))

    def show_away(self, event: Event) -> None:
        self.send_aside(self.line_of(Numeric.RPL_NOWAWAY if event.text else Numeric.RPL_UNAWAY))

    def left(self, request: Request, event: Event) -> None:
        go_live(self, event.id, self.go_on)

    def changed(self, request: Request, event: Event) -> None:
        if isinstance(event, Away):
            self.numeric(Numeric.RPL_NOWAWAY if event.text else Numeric.RPL_UNAWAY)
        self.go_on()

    def show_rename(self, event: Event) -> None:
        self._send_on(self.format.own_event(event))

    # The end.

    def send_last(self, line: str) -> None:
        """Send the line that ends the connection: the answer to QUIT, or the end of the answer to another line."""
        if self.answer.command == "QUIT":
            self.send(line)
            self.end_answer()
        else:
            self.end_answer()
            self.send_aside(line)

    def quit(self, reason: str, *, own_words: bool = False) -> None:
        self.parting = reason or "quit"
        super().quit(reason, own_words=own_words)

    def dismiss(self, error: ChatError) -> None:
        self._send_on(self._refusal(error, "", ""))
        self.quit(reason_for_others(error))

    def expel(self, by: str, reason: str) -> None:
        self.send_aside(f":{self.server.users.prefix(by)} KILL {self.nickname} :{reason}")
        self.quit(f"Killed ({by} ({reason}))")

    def replace(self, owner: bool = False) -> None:
        if owner:
            self.send_aside(f":{self.server.name} NOTICE {self.nickname} :{OWNER_HAS_COME}")
        self.quit("its owner has logged in" if owner else "came back by another connection")
