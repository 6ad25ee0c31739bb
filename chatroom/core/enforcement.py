"""Enforcement: a registered nickname that somebody holds without being logged in is taken from them after a while.

With ``--enforce SECONDS``, a nickname that belongs to an account is not refused at the claim. Its holder is told to log
in, and is renamed to a guest's name, ``guest-xxxx``, when they have not done so in time. Without it, the claim is
refused at once, and nothing here does anything.

Rules:

- It does not matter how somebody has come to hold the nickname: they came in under it, were renamed to it, have logged
  out, or held it, or one that looks like it, when it was registered.
- The seconds run once. To take another registered nickname meanwhile does not begin them anew.
- From one address, a claim for the nicknames of one account is let in once in :data:`GRACE_EVERY` seconds; others are
  refused at once. So nobody squats by leaving and coming back.
- The owner need not wait: as they claim the nickname, its holder is renamed.

It knows no sockets and no Twisted, and goes by the clock that only goes forward.
"""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Callable, Iterable
from functools import partial
from typing import Protocol

from chatroom.core.accounts import Accounts
from chatroom.core.admission import place_of
from chatroom.core.members import Member, Standing
from chatroom.core.requests import Asker, Request
from chatroom.model.answers import Notice
from chatroom.model.errors import ChatError, NicknameRegistered, NicknameTaken, PeerError
from chatroom.model.events import Event

GUEST = "guest-"
"""The beginning of a guest's name."""

LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""The letters of the rest of it: no two of them look alike."""

LENGTHS = (4, 4, 4, 6, 6, 8, 8, 12)
"""The number of these letters, at each try."""

GRACE_EVERY = 10 * 60
"""Seconds between two times that somebody at one address is let in under the nicknames of one account."""

REMEMBERED = 10_000
"""Pairs of an address and an account that are remembered for that."""

TRY_AGAIN = 5
"""Seconds until a rename that could not be kept is tried again."""


class Rename(Protocol):
    """Asks for a rename, as :meth:`chatroom.core.chat.Chat.rename` does."""

    def __call__(self, member: Member, nickname: str, asker: Asker) -> None: ...


class Enforcement:
    """The holders of registered nicknames who have yet to log in."""

    def __init__(
        self,
        seconds: float,
        accounts: Accounts,
        *,
        rename: Rename,
        when_free: Callable[[Member, Callable[[], None]], None],
        like: Callable[[str], Iterable[Member]],
    ) -> None:
        """
        :param seconds: how long they have; 0 for no enforcement.
        :param when_free: calls a function once no request of a member to be renamed, join or leave is on its way.
        :param like: the holders of a nickname, and of those that could be taken for it.
        """
        self.seconds = seconds
        self._accounts = accounts
        self._rename = rename
        self._when_free = when_free
        self._like = like
        # The number of each one's deadline, and whose each is: a timer refers to nobody who may have gone.
        self._deadlines: dict[Member, int] = {}
        self._due: dict[int, Member] = {}
        self._last = 0
        self._renaming: set[Member] = set()
        # When somebody at an address was last let in under a nickname of an account; oldest first.
        self._graces: OrderedDict[tuple[str, str], float] = OrderedDict()
        if seconds:
            accounts.watch(self.look_at, self.look_at_holders)

    @property
    def on(self) -> bool:
        """Whether there is any."""
        return bool(self.seconds)

    def lets_in(self, member: Member, error: PeerError) -> bool:
        """Whether ``member`` may hold a nickname for a while, though they were refused it by ``error``."""
        if not self.on or not isinstance(error, NicknameRegistered):
            return False
        if member.session is None or member in self._renaming:
            return False
        address, now = member.session.address, member.session.seconds()
        last = self._graces.get((place_of(address), str(error.details["account"])))
        return last is None or now - last >= GRACE_EVERY

    def look_at(self, member: Member) -> None:
        """Find out whether ``member`` may be called what they are called, and begin or end their time accordingly."""
        if not self.on or member.standing is not Standing.HERE:
            return
        nickname = member.nickname

        def answered(error: PeerError | None, own: bool) -> None:
            if member.standing is not Standing.HERE or member.nickname != nickname:
                return
            if isinstance(error, NicknameRegistered):
                self._note_grace(member, str(error.details["account"]))
                if member not in self._deadlines and member not in self._renaming:
                    self._begin(member)
                    self._warn(member)
            elif error is None:
                self.drop(member)

        self._accounts.claim(member, nickname, answered)

    def look_at_holders(self, nickname: str) -> None:
        """The same for everybody who holds ``nickname``, which belongs to an account now, or one that looks like it."""
        for member in list(self._like(nickname)):
            self.look_at(member)

    def _note_grace(self, member: Member, account: str) -> None:
        if member.session is None:
            return
        key, now = (place_of(member.session.address), account), member.session.seconds()
        if now - self._graces.get(key, -GRACE_EVERY) >= GRACE_EVERY:
            self._graces.pop(key, None)
            self._graces[key] = now
            if len(self._graces) > REMEMBERED:
                self._graces.popitem(last=False)

    def _begin(self, member: Member, seconds: float | None = None) -> None:
        self._last += 1
        self._deadlines[member] = self._last
        self._due[self._last] = member
        self._accounts.later(self.seconds if seconds is None else seconds, partial(self._is_due, self._last))

    def _warn(self, member: Member) -> None:
        seconds = f"{self.seconds:g} second{'s' if self.seconds != 1 else ''}"
        member.tell(
            Notice(
                f"The nickname {member.nickname} is registered: log in within {seconds} if it is yours, or choose "
                "another. After that you are given a guest's name."
            )
        )

    def drop(self, member: Member) -> None:
        """Have ``member`` be called what they are called: it is theirs, or nobody's, or they have gone."""
        self._due.pop(self._deadlines.pop(member, 0), None)

    def _is_due(self, number: int) -> None:
        member = self._due.pop(number, None)
        if member is None:
            return
        del self._deadlines[member]
        why = f"You did not log in to the account that {member.nickname} belongs to"
        self.make_guest(member, why, partial(self._try_again, member))

    def _try_again(self, member: Member) -> None:
        if member.standing is Standing.HERE and member not in self._deadlines:
            self._begin(member, TRY_AGAIN)

    def make_guest(self, member: Member, why: str, failed: Callable[[], None]) -> None:
        """Have ``member`` be called by a guest's name.

        :param why: told to them.
        :param failed: called when that cannot be done now, or need not be any more.
        """
        if member not in self._renaming:
            self._renaming.add(member)
            guest = _Guest(self._rename, member, why, failed, self._renaming.discard)
            self._when_free(member, lambda: self._if_registered(member, guest.try_one, guest.give_up))

    def _if_registered(self, member: Member, then: Callable[[], None], otherwise: Callable[[], None]) -> None:
        """Call ``then`` if ``member`` is called by a nickname of an account that they are not logged in to."""

        def answered(error: PeerError | None, own: bool) -> None:
            (then if isinstance(error, NicknameRegistered) else otherwise)()

        self._accounts.claim(member, member.nickname, answered)


class _Guest:
    """Renames one member to a guest's name, at as many tries as there are lengths of such names."""

    def __init__(
        self,
        rename: Rename,
        member: Member,
        why: str,
        failed: Callable[[], None],
        over: Callable[[Member], None],
    ) -> None:
        self._rename = rename
        self._member = member
        self._why = why
        self._failed = failed
        self._over = over
        self._lengths = list(reversed(LENGTHS))

    def try_one(self) -> None:
        """Ask for one more name."""
        if self._member.standing is not Standing.HERE or not self._lengths:
            self.give_up()
            return
        length = self._lengths.pop()
        nickname = GUEST + "".join(secrets.choice(LETTERS) for _ in range(length))
        try:
            self._rename(self._member, nickname, self)
        except PeerError:
            self.give_up()

    def give_up(self) -> None:
        """Leave the member's nickname as it is."""
        self._over(self._member)
        self._failed()

    # As the asker of the rename.

    def own(self, request: Request, event: Event) -> bytes:
        raise AssertionError("a guest is shown what everybody is")

    def said(self, request: Request) -> None:
        raise AssertionError("nothing is said here")

    def done(self, request: Request, event: Event) -> None:
        self._over(self._member)
        if self._member.shared is None and self._member.session is not None:
            self._member.session.affected(event)
        self._member.tell(Notice(f"{self._why}, so you're called {event.text} now."))

    def not_done(self, request: Request, error: ChatError) -> None:
        if isinstance(error, (NicknameTaken, NicknameRegistered)):
            self.try_one()
        else:
            self.give_up()
