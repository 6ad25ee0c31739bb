"""The gate of a closed server: who has shown that they may come in.

Any one of these lets somebody in: the password that everybody has to give (``--password``), an account that they are
logged in to, and an invitation. With ``--members-only``, the password counts as an invitation that everybody shares.

:meth:`Chat.claim <chatroom.core.chat.Chat.claim>` asks the gate before anything else, so a stranger at whatever door is
told nothing of who is here, not even that a nickname is taken. What a newcomer brings along is looked at before that
(:meth:`Gate.offer`), and kept for their member until they have gone. An invitation is counted at the moment at which
its member takes a nickname, and the use is given back if they go without having come in.

Who was let in by the password or an invitation may come back for a day by the secret of their client, as those who are
logged in may: an invitation for one person is for that person, not for one connection. It knows no files and no clock.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from hmac import compare_digest
from math import ceil
from typing import NamedTuple

from chatroom.core.accounts import COMING_BACK, REMEMBERED, Origin
from chatroom.core.guessing import Pauses
from chatroom.core.members import Member, Standing
from chatroom.log.interface import NoAnswer
from chatroom.log.invitations import Invitation, Invitations
from chatroom.model.codes import code_of, digest_of
from chatroom.model.constants import ENCODING
from chatroom.model.errors import ChatError, InvitationRefused, PasswordRefused, ServerClosed, WrongPassword
from chatroom.model.passwords import Secret, prepared
from chatroom.model.settings import Settings

Answer = Callable[[], None]
LogIn = Callable[[Answer, NoAnswer], None]
"""Tries what was given as the password of an account; one of the two is called, perhaps later."""

WRONG = "That is neither the password of this server nor an invitation: check it"


class Keys(NamedTuple):
    """What a newcomer brings along in the handshake."""

    password: Secret = Secret()
    """The password of the server; empty for none."""
    invitation: Secret = Secret()
    """The code of an invitation, or the link with it."""
    token: Secret = Secret()
    """A token of an account."""


NO_KEYS = Keys()


class _Pass(NamedTuple):
    """What a member was let in by."""

    password: str = ""
    """The password of the server as it was then; empty where it was another thing."""
    invitation: Invitation | None = None
    counted: bool = False
    """Whether the invitation was counted as used."""
    kept: bool = False
    """Whether they have come in, so that the use stays counted."""


class Gate:
    """Lets in whom the server was meant for; an open server's lets in everybody."""

    def __init__(
        self,
        settings: Settings,
        *,
        now: Callable[[], float],
        password: Callable[[], str] = str,
        invitations: Invitations | None = None,
    ) -> None:
        """
        :param now: the time, in seconds since 1970, UTC.
        :param password: the one that everybody has to give, as it is at the moment; empty for none.
        :param invitations: those that there are; without them, there is no other way in.
        """
        self._password = password
        self._now = now
        self.invitations = invitations
        self.closed = settings.members_only or bool(settings.password)
        """Whether strangers have to show something."""
        self._passes: dict[Member, _Pass] = {}
        # The passes of members who have gone and may come back, and when they went; by id, oldest first.
        self._left: OrderedDict[str, tuple[_Pass, float]] = OrderedDict()
        self._by_address = Pauses(10, 60, 10 * 60, REMEMBERED)

    # Questions.

    @property
    def wanted(self) -> str:
        """What a person is asked for, behind the word password."""
        return "of this server, of your account, or an invitation" if self._password() else "or an invitation"

    def lets_in(self, member: Member) -> bool:
        """Whether ``member`` may come in."""
        if not self.closed or member.account or member.session is None:
            return True
        return self._holds(self._passes.get(member))

    def has_let_in(self, member: Member) -> bool:
        """Whether ``member`` has shown what they have to, or has come back; an open server asks nobody for anything."""
        return self._holds(self._passes.get(member)) or (self.closed and self.lets_in(member))

    def _holds(self, one: _Pass | None) -> bool:
        # Whoever has given a password that is another one now has to give that.
        return one is not None and (one.invitation is not None or one.password == self._password())

    def check(self, member: Member) -> None:
        """:raises ServerClosed: ``member`` has yet to show that they may come in."""
        if not self.lets_in(member):
            raise self.refusal()

    def refusal(self) -> ServerClosed:
        """The error for a stranger."""
        ways = ["bring an invitation", "log in to an account"]
        if self._password():
            ways.append("give its password")
        return ServerClosed(what=f"{', '.join(ways[:-1])} or {ways[-1]}")

    def may_register(self, member: Member) -> bool:
        """Whether ``member`` may make an account, as far as the gate has a say: a stranger, or who has one, may not."""
        if not self.closed:
            return True
        return self._holds(self._passes.get(member))

    def is_invited(self, member: Member) -> bool:
        """Whether an invitation has let ``member`` in, which lets them make an account."""
        one = self._passes.get(member)
        return one is not None and one.invitation is not None

    def room_of(self, member: Member) -> str:
        """The room that ``member``, who comes in by an invitation, is led to by it; empty for none."""
        one = self._passes.get(member)
        return one.invitation.room if one is not None and one.invitation is not None and not one.kept else ""

    # What a newcomer shows.

    def offer(
        self,
        member: Member,
        given: Secret,
        right: Answer,
        wrong: NoAnswer,
        *,
        origin: Origin,
        log_in: LogIn | None = None,
    ) -> None:
        """Take what ``member`` gives: the password of the server, the code of an invitation, or their own password.

        One of the two is called, perhaps later.

        :param log_in: tries the last of the three; None where it is not that.
        """
        place, now = origin.place, origin.now
        if wait := self._by_address.wait(place, now):
            wrong(WrongPassword(why=f"Too many wrong passwords: wait {_seconds(wait)}, then try again"))
            return
        # Counted before it is looked at: a thousand at once are no way around the pauses.
        self._by_address.wrong(place, now)

        def is_right() -> None:
            self._by_address.take_back(place)
            right()

        def is_none(error: ChatError) -> None:
            if log_in is not None and isinstance(error, (InvitationRefused, WrongPassword)):
                log_in(is_right, wrong)
                return
            if not isinstance(error, (InvitationRefused, WrongPassword)):
                self._by_address.take_back(place)
            wrong(error)

        def found(invitation: Invitation) -> None:
            if member.standing not in (Standing.LEAVING, Standing.GONE):
                self._passes[member] = _Pass(invitation=invitation)
            is_right()

        if self._is_password(given):
            self._passes[member] = _Pass(password=self._password())
            is_right()
        elif (code := code_of(given)) and self.invitations is not None:
            self.invitations.find(digest_of(code), self._now(), found, is_none)
        else:
            is_none(WrongPassword(why=WRONG))

    def _is_password(self, given: Secret) -> bool:
        known = self._password()
        try:
            secret = prepared(given)
        except PasswordRefused:
            secret = Secret()
        same = compare_digest(secret.encode(ENCODING, "replace"), known.encode(ENCODING, "replace"))
        return same and bool(known)

    def come_back(self, member: Member, ghost: Member | None, now: float) -> None:
        """Have ``member``, whose client has proved by its secret that it is the same, be let in as it was.

        :param ghost: the same member by a connection that may be dead; None where there is none.
        :param now: seconds, by a clock that only goes forward.
        """
        one, left_at = self._left.pop(member.member_id, (None, now))
        if now - left_at > COMING_BACK:
            one = None
        if ghost is not None and ghost is not member:
            one = self._passes.get(ghost, one)
        if one is not None:
            # Two connections must not both give the use back.
            self._passes[member] = one._replace(kept=one.counted)

    # The way in.

    def enter(self, member: Member, granted: Answer, refused: NoAnswer) -> None:
        """Count the invitation of ``member``, who has just been granted a nickname; one of the two is called.

        :param refused: told that somebody else has used it up in the meantime.
        """
        one = self._passes.get(member)
        if one is None or one.invitation is None or one.counted or self.invitations is None:
            granted()
            return

        def used() -> None:
            self._passes[member] = one._replace(counted=True)
            granted()

        def not_used(error: ChatError) -> None:
            self._passes.pop(member, None)
            refused(error)

        self.invitations.use(one.invitation.id, self._now(), used, not_used)

    def came_in(self, member: Member) -> None:
        """Take notice that ``member`` is in."""
        if (one := self._passes.get(member)) is not None:
            self._passes[member] = one._replace(kept=one.counted)

    def registered(self, member: Member) -> None:
        """Take notice that ``member`` has made an account, which lets them in from now on."""
        self._passes.pop(member, None)

    def logged_out(self, member: Member) -> None:
        """Take notice that the account that ``member`` was logged in to is gone; it may have let them in."""
        if not self.lets_in(member) and member.session is not None:
            member.session.dismiss(self.refusal())

    def gone(self, member: Member) -> None:
        """Take notice that ``member`` leaves; they may come back for a while."""
        one = self._passes.pop(member, None)
        if one is None:
            return
        if one.invitation is not None and one.counted and not one.kept and self.invitations is not None:
            self.invitations.give_back(one.invitation.id)
        elif member.lasting and member.session is not None and (one.kept or one.invitation is None):
            self._left[member.member_id] = one, member.session.seconds()
            if len(self._left) > REMEMBERED:
                self._left.popitem(last=False)


def _seconds(wait: float) -> str:
    count = ceil(wait)
    return "a second" if count == 1 else f"{count} seconds"
