"""The dialogue of the line, JSON and web doors: a nickname, a welcome, then lines that are talk or commands.

It turns a line of text, or a request in JSON, into what :class:`~chatroom.core.chat.Chat` is asked for, and shows the
person where they are. A request with a ``ref`` has that in every answer, error and event that comes of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import NamedTuple

from chatroom.core.accounts import Origin, check_moderate
from chatroom.core.catching_up import CatchingUp, go_live, within
from chatroom.core.chat import Chat
from chatroom.core.command_table import CommandTable
from chatroom.core.delivery import Subscription
from chatroom.core.gate import NO_KEYS, Keys, LogIn
from chatroom.core.members import Connection, Member, id_of_client
from chatroom.core.requests import Request
from chatroom.core.rooms import Room
from chatroom.core.session import NO_ADDRESS, OWNER_HAS_COME, Door, Phase, Session, Wait
from chatroom.core.sharing import Turn
from chatroom.log.accounts import Account, key_of
from chatroom.log.interface import NoAnswer
from chatroom.model.answers import (
    Done,
    History,
    Limits,
    LoggedIn,
    Notice,
    PasswordWanted,
    Past,
    Reset,
    Speaking,
    Welcome,
)
from chatroom.model.errors import (
    BadArgument,
    BannedFromServer,
    ChatError,
    InNoRoom,
    NicknameRegistered,
    NoAccounts,
    NothingSaid,
    NotInRoom,
    NotLoggedIn,
    PasswordMissing,
    PasswordRefused,
    PeerError,
    ServerClosed,
    TooManyRooms,
    WrongPassword,
)
from chatroom.model.events import Acted, Audience, Away, Event, Joined
from chatroom.model.names import MAX_NAME_LENGTH, nickname_key, room_name
from chatroom.model.passwords import Secret, typed
from chatroom.model.roles import SERVER, Right, Role
from chatroom.model.text import clean, clean_lines
from chatroom.wire.formats import Format, day_of
from chatroom.wire.handshake import Place
from chatroom.wire.requests import Do, Say

NAMED_AT_ONCE = 20
"""How many of those in a room a newcomer is told by name: for all, there is ``/who``."""

PART = 50
"""Events of a history that are told at once; fewer of long ones."""

OTHER_HISTORY = (
    "other-history",
    "The history is not the one that you were reading, so you may have missed something: here is the last of it.",
)
TRIMMED = (
    "trimmed",
    "The last message that you saw is no longer kept, so you may have missed something: here is the last of it.",
)
"""Why somebody who comes back is shown the last talk instead of what they missed: the code and the sentence."""

MAY_BE_SEEN = (
    "Your password may have been seen: it stands in the line that you typed. You're asked for it without that."
)
"""Told to somebody who gives a password as an argument of a command."""

BESIDE = "You're here with another of your clients, too."
ALONE = (
    "You're here with this client alone: others of yours can only be here beside it if you log in to your account as "
    "you come in."
)
"""Told to somebody who has asked to be there with several clients."""

ALSO_ON = "Clients that log in to your account are here at once from now on, as you."
ALSO_OFF = "A client that logs in to your account takes the place of the one before, unless both ask to share it."
"""Told to somebody who has chosen that for their account."""

_NOBODY: frozenset[str] = frozenset()


class Wanted(NamedTuple):
    """A password that they are asked for: their next line."""

    what: str
    """Which one; empty where it is simply theirs."""
    then: Callable[[Secret], None]
    """Called with it; may raise a PeerError."""


class Dialogue(Session):
    """Somebody who types lines, or a program that sends requests."""

    __slots__ = ("_commands", "_given", "_ignored", "_room", "_since", "active", "wanted")

    def __init__(self, chat: Chat, door: Door, format_: Format, commands: CommandTable[Dialogue]) -> None:
        super().__init__(chat, door, format_)
        self._commands = commands
        self.active = ""
        """The room that they speak in; empty when they are in none."""
        # The room of the request that is being done, where it names one.
        self._room = ""
        self._ignored = _NOBODY
        self._since: Place | None = None
        self.wanted: Wanted | None = None
        """The password that their next line is, whatever it begins with; None while they are asked for none."""
        # The passwords that came with the request of a program, by the fields that they stood in; None for a person,
        # who is asked for them.
        self._given: dict[str, Secret] | None = None

    @property
    def active_room(self) -> str:
        """The room that the request is about.

        :raises InNoRoom: they speak in none.
        """
        room = self._room or self.active
        if not room:
            raise InNoRoom()
        return room

    # Input from the door.

    def enter(
        self,
        nickname: str,
        rooms: Sequence[str] = (),
        since: Place | None = None,
        client: str = "",
        account: str = "",
        *,
        also: bool = False,
        keys: Keys = NO_KEYS,
    ) -> None:
        """Ask to come in; they are shown the welcome, or why not.

        A person whose nickname is registered is asked for the password of its account. A program is not, unless it has
        named the account: it might take no notice. The same holds for the password of a closed server.

        :param rooms: those to join, the one to speak in last; the server's own when there are none.
        :param since: the last event that they know of; then all that they missed is shown to them.
        :param client: a secret of their client's, by which they are the same member as before; empty for none.
        :param account: the account to log in to first; empty for none.
        :param also: whether they are there beside other clients of their account that ask for that.
        :param keys: what they bring along for a closed server.
        """
        if not self.is_there():
            return
        if client and self.member.shared is None:
            self.member.member_id = id_of_client(client, self.chat.log.identity)
            self.member.lasting = True
            if not self.member.account:
                self._come_back()
        again = partial(self.enter, nickname, rooms, since, client, also=also)
        if keys != NO_KEYS:
            self._offer_keys(keys, partial(again, account))
            return
        if account and not self._is_logged_in_to(account):
            self._given = None
            try:
                if not self.chat.accounts.on:
                    raise NoAccounts(why=self.chat.accounts.off)
                self._ask_password("", lambda secret: self._log_in_first(self._as(account, secret), again))
            except PeerError as error:
                self._not_granted(error)
            return
        if not self.chat.gate.lets_in(self.member):
            self._not_granted(self.chat.gate.refusal(), partial(self._offer_typed, nickname, again))
            return
        self.phase = Phase.ENTERING
        self.wait(Wait.NICKNAME)
        self._since = since
        try:
            if len(rooms) > self.chat.settings.max_joined:
                raise TooManyRooms(who="One person may be in", limit=self.chat.settings.max_joined)
            names = list(dict.fromkeys(room_name(room) for room in rooms)) or [self.chat.default_room]
            if invited_to := self.chat.gate.room_of(self.member):
                names = [*(name for name in names if rooms and name != invited_to), invited_to]
            self.chat.claim(
                self.member,
                nickname,
                lambda: self._granted(names, also),
                lambda error: self._not_granted(
                    error, lambda secret: self._log_in_first(self._as(nickname, secret), again)
                ),
                lambda member: self._beside(member, names if rooms else ()),
                also=also,
            )
        except PeerError as error:
            self._not_granted(error)

    def _offer_keys(self, keys: Keys, then: Callable[[], None]) -> None:
        """Show what they bring along in the handshake, and go on with ``then``."""
        let_in = self.chat.gate.has_let_in(self.member)
        if keys.token:
            self._log_in_by_token(keys.token, partial(self._offer_keys, keys._replace(token=Secret()), then))
        elif keys.invitation and not let_in:
            self._offer(keys.invitation, partial(self._offer_keys, keys._replace(invitation=Secret()), then))
        elif keys.password and self.chat.gate.closed and not let_in:
            self._offer(keys.password, then)
        else:
            then()

    def _log_in_by_token(self, token: Secret, then: Callable[[], None]) -> None:
        """Log in on the way in by a token, and go on with ``then``."""
        try:
            if not self.chat.accounts.on:
                raise NoAccounts(why=self.chat.accounts.off)
            self.check_encrypted()
        except PeerError as error:
            self._not_granted(error)
            return
        self._log_in_first(partial(self.chat.accounts.log_in_by_token, self.member, token), then)

    def _offer_typed(self, nickname: str, then: Callable[[], None], secret: Secret) -> None:
        """Show what they were asked for, which may be the password of the account that ``nickname`` belongs to."""

        def log_in(right: Callable[[], None], wrong: NoAnswer) -> None:
            def is_right() -> None:
                if self.phase is not Phase.GONE:
                    self.tell(LoggedIn(self.member.account))
                right()

            self.chat.accounts.log_in(self.member, nickname, secret, is_right, wrong, origin=self._origin)

        self._offer(secret, then, log_in if self.chat.accounts.on else None)

    def _offer(self, secret: Secret, then: Callable[[], None], log_in: LogIn | None = None) -> None:
        try:
            self.offer(secret, then, self._not_granted, log_in)
        except PeerError as insecure:
            self._not_granted(insecure)

    def _come_back(self) -> None:
        ghost = self.chat.directory.of_client(self.member.member_id)
        self.chat.gate.come_back(self.member, ghost, self.door.seconds())
        if self.chat.accounts.come_back(self.member, ghost, self.door.seconds()):
            self.tell(LoggedIn(self.member.account))

    def _is_logged_in_to(self, account: str) -> bool:
        mine = self.member.account
        return bool(mine) and (account == mine or key_of(account) == key_of(mine) != "")

    def _as(self, account: str, password: Secret) -> Callable[..., None]:
        """The login to ``account``."""
        return partial(self.chat.accounts.log_in, self.member, account, password)

    def _log_in_first(self, log_in: Callable[..., None], then: Callable[[], None]) -> None:
        """Log in on the way in, and go on with ``then``."""
        self.phase = Phase.ENTERING
        self.wait(Wait.ACCOUNT)

        def right() -> None:
            if self._has_come():
                self.tell(LoggedIn(self.member.account))
                then()

        def wrong(error: ChatError) -> None:
            self._note_wrong(error)
            if self._has_come():
                self._not_granted(error)

        log_in(right, wrong, origin=self._origin)

    @property
    def _origin(self) -> Origin:
        return Origin(self.door.host, self.door.seconds())

    def _note_wrong(self, error: ChatError) -> None:
        """Have the log of the server say that they gave a wrong password.

        It names no account: people give their password in the place of its name.
        """
        if isinstance(error, WrongPassword) and not self.chat.stopping:
            self.chat.journal(f"{self.address or NO_ADDRESS} gave a wrong password for an account")

    def _granted(self, rooms: Sequence[str], also: bool) -> None:
        self.waits_for = Wait.OUTCOME
        self.begin_view()
        self._join_first(rooms)
        if also and self.member.shared is None and self.phase is Phase.ENTERING:
            # Behind the welcome.
            self.chat.when_free(self.member, self._tell_not_shared)

    def _join_first(self, rooms: Sequence[str]) -> None:
        try:
            self._join_open(rooms)
        except PeerError as error:
            self.give_up()
            self._not_granted(error)

    def _join_open(self, rooms: Sequence[str]) -> None:
        """Come into those of ``rooms`` that are open to them, or into that for all; they are told which are closed.

        Whoever comes back is not kept out of all rooms since one of them is closed to them now.

        :raises PeerError: they may come into none.
        """
        refusal, everybodys = self.chat.moderation.refusal_to_enter, self.chat.default_room
        why_not = {room: refusal(self.member, room) for room in rooms}
        found = [room for room in rooms if why_not[room] is None]
        refusals = [error for error in why_not.values() if error is not None]
        if not found and (everybodys in why_not or refusal(self.member, everybodys) is not None):
            raise refusals[0]
        found = found or [everybodys]
        # Told behind the welcome: an error before that would say that they are not let in.
        self.chat.join(self.member, found, self, context=refusals)

    def _tell_not_shared(self) -> None:
        if self.entered:
            self.tell(Notice(ALONE))

    def _beside(self, member: Member, rooms: Sequence[str]) -> None:
        """Be there as one more connection of ``member``, who is there already.

        :param rooms: those that they have asked for, if any.
        """
        self.be(member)
        self.waits_for = Wait.OUTCOME
        self.chat.when_free(member, lambda: self._begin_beside(rooms))

    def _begin_beside(self, rooms: Sequence[str]) -> None:
        if self.phase is not Phase.ENTERING:
            return
        self.begin_view()
        further = [room for room in rooms if room not in self.rooms]
        if further or not self.rooms:
            self._join_first(further or [self.chat.default_room])
            return
        self.waits_for = Wait.NOTHING
        self.active = rooms[-1] if rooms else next(reversed(self.rooms))
        in_order = [*(room for room in self.rooms if room != self.active), self.active]
        self._enter_rooms(self.chat.delivery.published + 1, in_order, b"")

    def _not_granted(self, error: ChatError, proved: Callable[[Secret], None] | None = None) -> None:
        """Tell them why they may not come in under that nickname.

        :param proved: called with the password, if that is all that is missing.
        """
        self.phase = Phase.OUTSIDE
        self.waits_for = Wait.NOTHING
        self.refuse(error)
        if isinstance(error, BannedFromServer):
            self.door.close()
            return
        if proved is not None and self._may_be_asked(error):
            try:
                self.check_encrypted()
            except PeerError as insecure:
                self.refuse(insecure)
            else:
                # The door shows it, in the place of the nickname prompt.
                self.wanted = Wanted(self.chat.gate.wanted if isinstance(error, ServerClosed) else "", proved)
        self.go_on()

    def _may_be_asked(self, error: ChatError) -> bool:
        """Whether a password may be all that is missing, and a person is there to give it."""
        if isinstance(error, ServerClosed):
            return self.format.for_people
        return isinstance(error, NicknameRegistered) and self.chat.accounts.on and self.format.for_people

    # Passwords, each in a step of its own.

    def _ask_password(self, what: str, then: Callable[[Secret], None], field: str = "secret") -> None:
        """Have ``then`` called with a password: with their next line, or with what their request brought along.

        :param what: which one, for a person.
        :param field: of the request of a program.
        :raises NotEncrypted: others on the way could read it.
        :raises PasswordMissing: there is none in the request.
        """
        self.check_encrypted()
        if self._given is None:
            self.wanted = Wanted(what, then)
            self.show_wanted()
        elif given := self._given.get(field):
            then(given)
        else:
            raise PasswordMissing(field=field)

    def _ask_new_password(self, what: str, then: Callable[[Secret], None], field: str = "secret") -> None:
        """The same for one that is to be: a person, who does not see it, types it twice."""

        def again(first: Secret) -> None:
            def compare(second: Secret) -> None:
                if first != second:
                    raise PasswordRefused(why="the two are not the same, so nothing was done: begin again")
                then(first)

            if self._given is None:
                self._ask_password("the same again", compare)
            else:
                then(first)

        self._ask_password(what, again, field)

    def show_wanted(self) -> None:
        """Ask for the password that they are to give."""
        if self.wanted is not None:
            self.reply(PasswordWanted(self.wanted.what))
            self.door.hide_typing(True)

    def take_password(self, text: str) -> None:
        """Take the line that is the password; an empty one says that they give none."""
        wanted, self.wanted = self.wanted, None
        assert wanted is not None
        self.door.hide_typing(False)
        secret = typed(text)
        if secret:
            self._do(lambda: wanted.then(secret))
        elif self.phase is Phase.OUTSIDE:
            self.go_on()
        else:
            self.reply(Notice("You gave no password, so nothing was done."))

    def line(self, text: str) -> None:
        """Take one line that they typed, as it came in; it must not be ``busy``."""
        self.ref = self._room = ""
        self._given = None
        try:
            # As clean() does, which is not called for each line.
            if not text.isprintable():
                text = clean(text)
            if text.startswith("/"):
                if not text.startswith("//"):
                    self._commands.run(self, text[1:])
                    return
                text = text[1:]
            if text and not text.isspace():
                self.say(self.active, text)
        except PeerError as error:
            self.refuse(error)

    def take(self, request: Say | Do) -> None:
        """Take one request of a program; it must not be ``busy``."""
        self.ref = request.ref
        self._room = ""
        self._given = {}
        if isinstance(request, Do):
            self._given = {"secret": request.secret, "new": request.new}
        self._do(lambda: self._take(request))

    def _take(self, request: Say | Do) -> None:
        if request.room:
            self._room = room_name(request.room)
            if self._room not in self.rooms:
                raise NotInRoom(room=self._room)
        if isinstance(request, Do):
            self._commands.run(self, clean(request.command).removeprefix("/"))
            return
        text = clean_lines(request.text)
        if not text:
            raise NothingSaid()
        # Each line of it is a line to those who read lines.
        self.door.spend(text.count("\n"))
        self.say(self.active_room, text, about=request.about)

    # Requests of commands.

    def act(self, text: str) -> None:
        """Have it shown what they do."""
        self.say(self.active_room, text, Acted)

    def join(self, room: str, key: str = "") -> None:
        """Enter ``room``, or speak in it from now on.

        :param key: the room's key; empty for none.
        """
        self.alone(lambda: self._join(room, key))

    def _join(self, room: str, key: str) -> None:
        if room in self.rooms:
            self.speak_in(room)
            self.hear(self.chat.delivery.published)
        else:
            self.request(lambda: self.chat.join(self.member, (room,), self, self.ref, key))

    def leave(self, room: str) -> None:
        """Go out of ``room``."""

        def ask() -> None:
            self.chat.leave(self.member, (room,), "", self, self.ref, own_form=bool(self.ref))

        self.alone(lambda: self.request(ask))

    def rename(self, nickname: str) -> None:
        """Be called ``nickname``."""
        self.alone(lambda: self._rename(nickname))

    def _rename(self, nickname: str) -> None:
        if nickname == self.nickname:
            self.reply(Notice(f"You're called {nickname} already."))
        else:
            self.request(lambda: self.chat.rename(self.member, nickname, self, self.ref, own_form=bool(self.ref)))

    def moderate(self, ask: Callable[..., str]) -> None:
        """Ask for something as somebody who keeps order.

        :param ask: a request of :class:`~chatroom.core.moderation.Moderation`; it is handed who asks, and returns what
            they are told when it is done.
        """
        told: list[str] = []
        own = {"asker": self, "ref": self.ref, "own_form": bool(self.ref), "context": told}
        self.request(lambda: told.append(ask(**own)))

    def set_away(self, text: str) -> None:
        """Be away, or, without a text, be back."""

        def ask() -> None:
            self.chat.set_away(self.member, text, self, self.ref, own_form=bool(self.ref))

        self.alone(lambda: self.request(ask))

    @contextmanager
    def done_once(self) -> Iterator[bool]:
        """Do what no log keeps once for each ``ref``; it counts as done unless it raises.

        Yields whether it is to be done; if not, they have been told that it was.
        """
        if not self.ref:
            yield True
        elif self.chat.was_done(self.member, self.scoped(self.ref)):
            self.reply(Done(0))
            yield False
        else:
            yield True
            self.chat.note_done(self.member, self.scoped(self.ref))

    def private(self, nickname: str, text: str) -> None:
        """Tell one other person alone."""
        with self.done_once() as to_do:
            if to_do:
                # Looked up first: to be told it may be more than they can be behind, and then they are gone.
                to = self.chat.find(nickname)
                self.reply(self.chat.private(self.member, nickname, text, asker=self))
                self._say_if_away(to)

    def invite(self, nickname: str, room: str) -> None:
        """Ask somebody to come into a room."""
        with self.done_once() as to_do:
            if to_do:
                guest = self.chat.invite(self.member, nickname, room)
                self.reply(Notice(f"You've invited {guest.nickname} to {room}."))
                self._say_if_away(guest)

    def _say_if_away(self, member: Member) -> None:
        if member.away is not None:
            self.reply(Notice(f"{member.nickname} is away: {member.away}"))

    def become_operator(self, name: str, password: str) -> None:
        """Be an operator from now on, if the password is right.

        :raises NotEncrypted: others on the way could read it, so it is not looked at.
        :raises WrongPassword: it is not right.
        """
        check_moderate(self.member)
        self.check_encrypted()
        operators, now = self.chat.operators, self.door.seconds()
        if operators.is_one(self.door.host, name, password, now):
            self.member.operator = True
            self.journal(f"has become an operator as {name}")
            self.chat.audit(self.member, "oper", name)
            self.reply(Notice("You're an operator now."))
            return
        self.journal("gave a wrong password for an operator")
        self.chat.audit_log.note_rarely(self.member, "wrong oper password", self.address, now)
        if operators.passwords.too_many(self.door.host, now):
            raise WrongPassword(why="Too many wrong passwords came from your address: wait a minute, then try again")
        raise WrongPassword(why="There is no operator of that name and password: check both")

    # Accounts.

    def register(self, argument: str) -> None:
        """Have their nickname belong to them: to the account that they are logged in to, or to a new one.

        :param argument: a password, where they have typed it in the line.
        """
        accounts = self.chat.accounts
        if self.member.account:
            self._add_nickname()
            return
        accounts.check_registration(self.member)
        self._take_typed(argument)
        self._ask_new_password("a new one, for the nickname that is yours from now on", self._register)

    def _take_typed(self, *passwords: str) -> None:
        """Take the passwords that stand in the line of a command, if any do."""
        if any(passwords):
            self._given = dict(zip(("secret", "new"), map(Secret, passwords), strict=False))
            self.reply(Notice(MAY_BE_SEEN))

    def _register(self, password: Secret) -> None:
        def answered(_: None) -> None:
            self.journal("has registered their nickname")
            self._tell_login()
            self.reply(Notice(f"{self.member.account} is yours now: /login with your password when you come back."))

        def question(answer: Callable[[None], None], failed: NoAnswer) -> None:
            self.chat.accounts.register(self.member, password, lambda: answer(None), failed, origin=self._origin)

        self.ask_accounts(question, answered)

    def _add_nickname(self) -> None:
        def answered(_: None) -> None:
            self.reply(Notice(f"The nickname {self.nickname} belongs to your account {self.member.account}."))

        self.ask_accounts(
            lambda answer, failed: self.chat.accounts.add_nickname(self.member, lambda: answer(None), failed), answered
        )

    def log_in(self, argument: str) -> None:
        """Be logged in to an account.

        :param argument: its name, theirs where there is none; and perhaps the password.
        """
        accounts = self.chat.accounts
        if not accounts.on:
            raise NoAccounts(why=accounts.off)
        name, _, password = argument.partition(" ")
        if len(self.member.sessions) > 1 and not self._is_logged_in_to(name or self.nickname):
            # Whoever is at the others may not know the password of that account.
            what = "You're here with several clients, which would all be logged in: close the others first"
            raise BadArgument(what=what, usage="/login [account] [password]")
        self._take_typed(password.strip())
        self._ask_password("", lambda secret: self._log_in(name or self.nickname, secret))

    def _log_in(self, name: str, password: Secret) -> None:
        def answered(_: None) -> None:
            self.journal(f"has logged in to the account {self.member.account}")
            self._tell_login()

        def question(answer: Callable[[None], None], failed: NoAnswer) -> None:
            self.chat.accounts.log_in(
                self.member, name, password, lambda: answer(None), self._with_note(failed), origin=self._origin
            )

        self.ask_accounts(question, answered)

    def _tell_login(self) -> None:
        self.reply(LoggedIn(self.member.account))
        self.member.tell(LoggedIn(self.member.account), but=self)

    def _with_note(self, failed: NoAnswer) -> NoAnswer:
        def noted(error: ChatError) -> None:
            self._note_wrong(error)
            failed(error)

        return noted

    def log_out(self) -> None:
        """Be logged in to no account."""
        self._must_be_logged_in()
        self.chat.accounts.used(self.member)
        self.journal("has logged out")
        self.reply(LoggedIn(""))
        self.member.tell(LoggedIn(""), but=self)
        self.chat.accounts.log_out(self.member)

    def _must_be_logged_in(self) -> None:
        if not self.member.account:
            raise NotLoggedIn()

    def change_password(self, argument: str) -> None:
        """Have another password.

        :param argument: the old one and the new one, where they have typed them in the line.
        """
        self._must_be_logged_in()
        given = argument.split(maxsplit=1)
        if len(given) == 1:
            raise BadArgument(what="/password takes both passwords or none", usage="/password [old] [new]")
        self._take_typed(*given)
        self._ask_password(
            "the one that you have now",
            lambda old: self._ask_new_password("the new one", lambda new: self._change_password(old, new), "new"),
        )

    def _change_password(self, old: Secret, new: Secret) -> None:
        def answered(_: None) -> None:
            self.journal("has changed their password")
            self.reply(Notice("Your password is another one now."))

        def question(answer: Callable[[None], None], failed: NoAnswer) -> None:
            self.chat.accounts.change_password(
                self.member, old, new, lambda: answer(None), self._with_note(failed), origin=self._origin
            )

        self.ask_accounts(question, answered)

    def unregister(self, nickname: str) -> None:
        """Give up a nickname that belongs to their account, or, where none is named, the account.

        :param nickname: empty for none.
        """
        self._must_be_logged_in()
        if nickname and not self._is_logged_in_to(nickname):
            self._drop_nickname(nickname)
        else:
            self._ask_password("to remove your account", self._unregister)

    def _drop_nickname(self, nickname: str) -> None:
        key = _key(nickname, "/unregister [nickname]")

        def found(account: Account | None) -> None:
            nicknames = account.nicknames if account is not None else ()
            if key not in [owned.key for owned in nicknames]:
                listed = ", ".join(owned.nickname for owned in nicknames)
                raise BadArgument(what=f"Yours are {listed}, not {nickname}", usage="/unregister [nickname]")

        def answered(_: None) -> None:
            self.reply(Notice(f"The nickname {nickname} is no longer yours alone."))

        def question(answer: Callable[[None], None], failed: NoAnswer) -> None:
            accounts = self.chat.accounts

            def drop(account: Account | None) -> None:
                try:
                    found(account)
                except PeerError as error:
                    failed(error)
                else:
                    accounts.drop_nickname(self.member, nickname, lambda: answer(None), failed)

            accounts.find(self.member.account, drop, failed)

        self.ask_accounts(question, answered)

    def _unregister(self, password: Secret) -> None:
        name = self.member.account

        def answered(members: list[Member]) -> None:
            for member in members:
                member.tell(LoggedIn(""), but=self)
            self.journal(f"has removed the account {name}")
            self.chat.audit_log.note_rarely(self.member, "account removed", name, self.seconds())
            self.reply(LoggedIn(""))
            self.reply(Notice(f"The account {name} is gone, and anybody may have its nicknames."))

        def question(answer: Callable[[list[Member]], None], failed: NoAnswer) -> None:
            self.chat.accounts.unregister(self.member, password, answer, self._with_note(failed), origin=self._origin)

        self.ask_accounts(question, answered)

    def describe_account(self, argument: str) -> None:
        """Say what is known of an account: of one's own, and to operators, all but the password.

        :param argument: a nickname, theirs where there is none; or ``also on``, ``also off``.
        """
        word, _, also = argument.partition(" ")
        if word.lower() == "also" and also:
            self._set_also(also.strip().lower())
            return
        name = argument or self.member.account or self.nickname

        def answered(account: Account | None) -> None:
            for line in self._about(name, account):
                self.reply(Notice(line))

        self.ask_accounts(lambda answer, failed: self.chat.accounts.find(name, answer, failed), answered)

    def _set_also(self, word: str) -> None:
        self._must_be_logged_in()
        if word not in ("on", "off"):
            raise BadArgument(what=f"It is on or off, not {word}", usage="/account also on")

        def answered(_: None) -> None:
            self.reply(Notice(ALSO_ON if word == "on" else ALSO_OFF))

        self.ask_accounts(
            lambda answer, failed: self.chat.accounts.set_also(self.member, word == "on", lambda: answer(None), failed),
            answered,
        )

    def _about(self, name: str, account: Account | None) -> Iterator[str]:
        here = self.chat.members.get(key_of(name))
        if here is not None:
            name = here.nickname
            yield f"{name} is logged in to the account {here.account}" if here.account else f"{name} is not logged in"
        if account is None:
            yield f"{name} is not registered"
            return
        yield f"{name} is registered to the account {account.name}"
        if self.member.account == account.name or self.member.operator:
            nicknames = ", ".join(f"{one.nickname} (last used on {day_of(one.used)})" for one in account.nicknames)
            yield f"{account.name} was made on {day_of(account.made)}. Its nicknames: {nicknames}"
            if not account.password:
                yield f"The password of {account.name} is kept elsewhere"

    def expel_other(self, nickname: str, reason: str) -> None:
        """Close somebody's connection, as operators may."""
        victim = self.chat.expel(self.member, nickname, reason)
        self.reply(Notice(f"{victim.nickname}'s connection is closed."))

    def describe(self, nickname: str) -> None:
        """Say where somebody is; to operators, and of themselves, also which address they come from."""
        member = self.chat.find(nickname)
        name = member.nickname
        shown = self.chat.moderation.shows_room
        rooms = sorted(room for room in member.rooms if shown(self.member, room))
        self.reply(Notice(f"{name} is in {', '.join(rooms)}" if rooms else f"{name} is in no room"))
        if member.account:
            self.reply(Notice(f"{name} is logged in to the account {member.account}"))
        if self.chat.moderation.role(member, SERVER) >= Role.OPERATOR:
            self.reply(Notice(f"{name} is an operator"))
        self._say_if_away(member)
        if self.chat.moderation.may(self.member, Right.SEE_ADDRESSES) or member is self.member:
            for where in [_where_from(session) for session in member.sessions] or ["has no connection"]:
                self.reply(Notice(f"{name} {where}"))

    def ignore(self, nickname: str) -> None:
        """Hear no more of ``nickname``, whoever has it."""
        key = _key(nickname)
        if len(self._ignored) >= self.chat.settings.max_ignored:
            raise BadArgument(what="You ignore as many people as you may", usage="/unignore nickname")
        self._ignored |= {key}
        self.hear(self.chat.delivery.published)
        self.reply(Notice(f"you now ignore {nickname}"))

    def unignore(self, nickname: str) -> None:
        """Hear ``nickname`` again."""
        key = _key(nickname)
        if key not in self._ignored:
            raise BadArgument(what=f"You do not ignore {nickname}", usage="/ignore nickname")
        self._ignored -= {key}
        self.hear(self.chat.delivery.published)
        self.reply(Notice(f"you no longer ignore {nickname}"))

    def ignores(self, nickname: str) -> bool:
        return bool(self._ignored) and nickname_key(nickname) in self._ignored

    def show_history(self, room: str, count: int, before: int | None, numbered: bool = False) -> None:
        """Show the last ``count`` lines of talk in ``room``, page by page and no faster than they are read.

        :param before: only those with an id below; None: all of them.
        :param numbered: whether people are shown the ids, too.
        """
        log = self.chat.log
        if count <= PART:
            self.ask_log(
                partial(log.recent, room, count, before), lambda events: self._show_parts(room, events, "", numbered)
            )
        else:
            self.ask_log(
                partial(log.recent_ids, room, count, before), lambda ids: self._show_pages(room, ids, "", numbered)
            )

    def _show_pages(self, room: str, ids: Sequence[int], after: str, numbered: bool) -> None:
        page, rest = ids[:PART], ids[PART:]
        self.ask_log(
            partial(self.chat.log.with_ids, page),
            lambda events: self._show_parts(room, events, after, numbered, rest),
        )

    def _show_parts(
        self, room: str, events: Sequence[Event], after: str, numbered: bool, ids: Sequence[int] = ()
    ) -> None:
        """Show a page of history.

        :param after: the date of the last event that was shown already; empty for none.
        :param ids: those of the events behind this page.
        """
        # Some may have been removed while the page was on its way, or waited to be read.
        events = [event for event in self.chat.removals.current(events) if self.sees(event)]
        part = within(events, self.page_size)
        rest = events[len(part) :]
        # A program counts what it is shown, to know whether there is more, and hides by itself what its person ignores.
        shown = self.willing_to_hear(part) if self.format.for_people else part
        self.reply(History(room, shown, after, bool(rest or ids), numbered))
        after = day_of(part[-1].at) if part else after
        if rest:
            self.when_read(lambda: self._show_parts(room, rest, after, numbered, ids))
        elif ids:
            self.when_read(lambda: self._show_pages(room, ids, after, numbered))

    def willing_to_hear(self, events: Sequence[Event]) -> Sequence[Event]:
        """The events without those of people whom they ignore."""
        if not self._ignored:
            return events
        return [event for event in events if event.audience is Audience.ROOM or not self.ignores(event.nickname)]

    def subscription(self) -> Subscription:
        active = self.active if self.format.marks_elsewhere else ""
        return Subscription(self.format, frozenset(self.heard_rooms), active, self._ignored)

    # Outcomes.

    def not_done(self, request: Request, error: ChatError) -> None:
        if request.kind is Joined and self.phase is Phase.ENTERING and error.details.get("room") in request.rooms:
            # Whoever may not come into one room comes into the others, or into that for all.
            rest = [room for room in request.rooms if room != error.details["room"]]
            if not rest and self.chat.default_room not in request.rooms:
                rest = [self.chat.default_room]
            if rest and self._has_come():
                self.not_said(request, error)
                self.waits_for = Wait.OUTCOME
                self._join_first(rest)
                return
        super().not_done(request, error)

    def speak_in(self, room: str) -> None:
        """Have what they say go to ``room`` from now on; empty for no room."""
        self.active = room
        self.reply(Speaking(room))

    def joined(self, request: Request, event: Event) -> None:
        newcomer = self.phase is Phase.ENTERING
        self.active = event.room
        # The Joined event carries the ref of the request.
        own = self.own(request, event) if self.ref or self.chat.moderation.is_unseen(event) else b""
        rooms = request.rooms if not newcomer else [*(room for room in self.rooms if room != event.room), event.room]
        self._enter_rooms(request.first, rooms, own, request.rooms, request.context or ())

    def _enter_rooms(
        self,
        first: int,
        rooms: Sequence[str],
        own: bytes,
        joined: Sequence[str] = (),
        refusals: Sequence[ChatError] = (),
    ) -> None:
        """Show them the rooms that they are in from now on, and what was before.

        :param first: the id of the event from which on they hear everything.
        :param own: the lines for that event, where they have a form of their own for it.
        :param joined: those of ``rooms`` that they come into by events that follow; the member is in others already.
        :param refusals: why they are not let in to others that they have asked for on the way in.
        """
        others = rooms
        beside = len(self.member.sessions) > 1 and self.phase is Phase.ENTERING
        if self.phase is Phase.ENTERING:
            self.come_in()
            self._welcome()
            for error in refusals:
                self.refuse(error)
            others = [room for room in rooms if room != self.active]
        for room in others:
            self.reply(self._room_called(room).people(NAMED_AT_ONCE))
        already = [room for room in rooms if room not in joined]
        if beside and self.format.for_people:
            self.reply(Notice(BESIDE))
        catching_up = CatchingUp(self, first, own, self.go_on, b"".join(map(self._in_room, already)))
        since, self._since = self._since, None
        after = self._place(since, first) if since is not None else None
        self.reply(Past(self.active))
        if after is None:
            catching_up.show_recent(rooms)
        else:
            catching_up.show_missed(after)

    def _in_room(self, room: str) -> bytes:
        """The lines that tell a program that it is in a room already: those of somebody who comes in, without an id."""
        if self.format.for_people:
            return b""
        member = self.member
        return self.format.event(Joined(0, self.chat.now(), room, member.member_id, member.nickname, ""), True)

    def _place(self, since: Place, first: int) -> int | None:
        """The id behind which they missed everything; None when that cannot be told, and they were told so."""
        log = self.chat.log
        if (since.history and since.history != log.identity) or since.id >= first:
            self.reply(Reset(*OTHER_HISTORY))
        elif 0 < since.id < log.forgotten:
            self.reply(Reset(*TRIMMED))
        else:
            return since.id
        return None

    def _room_called(self, name: str) -> Room:
        """A room that they have come into, and may have been put out of in the same moment."""
        return self.chat.rooms.get(name) or Room(name, self.chat.now())

    def _welcome(self) -> None:
        chat = self.chat
        here = self._room_called(self.active).people(NAMED_AT_ONCE)
        limits = Limits(chat.settings.max_line, chat.settings.max_line, chat.settings.max_lines, MAX_NAME_LENGTH)
        self.reply(
            Welcome(
                *(self.nickname, here.room, here.topic, here.people, here.size),
                *(self.member.member_id, chat.log.identity, limits, self._commands.help()),
            )
        )
        for line in chat.motd:
            self.reply(Notice(line))

    def left(self, request: Request, event: Event) -> None:
        if self.active not in self.rooms:
            self.speak_in(next(reversed(self.rooms), ""))
        go_live(self, event.id, self.go_on)

    def changed(self, request: Request, event: Event) -> None:
        if request.context:
            for line in filter(None, request.context):
                self.reply(Notice(line))
        elif request.kind is Away:
            self.reply(Notice(f"You're away: {event.text}" if event.text else "You're back."))
        elif not event.room:
            # There is no room in which it could be seen.
            self.reply(Notice(f"you are now called {self.nickname}"))
        self.go_on()

    def show_rename(self, event: Event) -> None:
        self.tell(Notice(f"you are now called {event.text}"))

    def show_away(self, event: Event) -> None:
        # Programs are shown the event, where there is a room in which it can be seen.
        if not event.room or self.format.for_people:
            self.tell(Notice(f"You're away: {event.text}" if event.text else "You're back."))

    def turn(self, turn: Turn) -> None:
        super().turn(turn)
        rooms = self.heard_rooms
        if self.active not in rooms:
            self.active = next(reversed(list(rooms)), "")

    def show_turn(self, turn: Turn) -> None:
        for room in turn.joined:
            if room in self.chat.rooms:
                self.tell(self.chat.rooms[room].people(NAMED_AT_ONCE))
        # Programs take the room that they come into for the one that they speak in.
        if turn.left or not self.format.for_people:
            self.tell(Speaking(self.active))

    def was_put_out(self, event: Event) -> None:
        room = event.room
        if self.active == room:
            self.active = next(reversed(self.rooms), "")
            self.tell(Speaking(self.active))
        if ends := (event.extras or {}).get("banned"):
            self.tell(Notice(f"You're banned from {room} {ends}. Ask the people who run it to let you in."))
        else:
            self.tell(Notice(f"You're out of {room}: /join {room} if you want to come back."))

    # The end.

    def expel(self, by: str, reason: str) -> None:
        self.tell(Notice(f"{by} closes your connection: {reason}"))
        self.quit(f"Killed ({by} ({reason}))")

    def replace(self, owner: bool = False) -> None:
        if self.phase is not Phase.GONE:
            again = "You've come back by another connection: this one is closed."
            self.tell(Notice(OWNER_HAS_COME if owner else again))
        self.quit("its owner has logged in" if owner else "came back by another connection")


def _where_from(session: Connection) -> str:
    safety = "encrypted" if session.encrypted else "on this machine" if session.secure else "not encrypted"
    return f"comes from {session.address or NO_ADDRESS}, {safety}"


def _key(nickname: str, usage: str = "/ignore nickname") -> str:
    try:
        return nickname_key(nickname)
    except ValueError:
        raise BadArgument(what=f"Nobody can be called {nickname}", usage=usage) from None
