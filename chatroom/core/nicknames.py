"""Nicknames are claimed and given up here, and a claim is answered, perhaps later.

Which nicknames are allowed, and when two are the same, is for :mod:`chatroom.model.names`.
One process answers at once (:class:`LocalNicknames`). An engine that several servers share answers after a round trip,
so nothing may take a claim for granted within the call.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol

from chatroom.core.members import Member
from chatroom.model.errors import NicknameTaken, PeerError
from chatroom.model.names import nickname_key, nickname_look

Answer = Callable[[PeerError | None], None]
"""Told why a nickname was refused; None when it was granted."""


class Nicknames(Protocol):
    """The nicknames and their holders. A member may hold two while a change is on its way."""

    @property
    def holders(self) -> Mapping[str, Member]:
        """The holders of nicknames here, by key (:func:`chatroom.model.names.nickname_key`)."""

    def like(self, nickname: str) -> Sequence[Member]:
        """The members here who hold ``nickname``, or one that could be taken for it."""

    def in_the_way(self, member: Member, nickname: str) -> Member | None:
        """Another member here who holds ``nickname``, or one that could be taken for it; None for nobody."""

    def claim(self, member: Member, nickname: str, answer: Answer) -> None:
        """Have ``member`` hold ``nickname``, which is a valid one; ``answer`` is called once, perhaps later."""

    def give_up(self, member: Member, nickname: str) -> None:
        """Have ``member`` hold ``nickname`` no more, if they do."""


class LocalNicknames:
    """The nicknames of one process, which answers at once.

    A nickname has two forms, its key and its look (:func:`chatroom.model.names.nickname_look`), which for most are the
    same. It is taken when another member holds either. Two nicknames of one member, of which they hold both while they
    are renamed, may share a form; it is given up with the last of them.
    """

    def __init__(self) -> None:
        self.holders: dict[str, Member] = {}
        # Holders by the looks that are no keys.
        self._by_look: dict[str, Member] = {}
        # The nicknames of those who hold several, as they are written.
        self._several: dict[Member, tuple[str, ...]] = {}

    def like(self, nickname: str) -> Sequence[Member]:
        return list(dict.fromkeys(self._holders_like(nickname)))

    def in_the_way(self, member: Member, nickname: str) -> Member | None:
        return next((holder for holder in self._holders_like(nickname) if holder is not member), None)

    def _holders_like(self, nickname: str) -> Iterator[Member]:
        tables = (self.holders, self._by_look)
        found = (table.get(form) for form in _forms(nickname) for table in tables)
        return (holder for holder in found if holder is not None)

    def claim(self, member: Member, nickname: str, answer: Answer) -> None:
        if self.in_the_way(member, nickname) is not None:
            answer(NicknameTaken(nickname=nickname))
            return
        if self.holders.get(member.key) is member:
            held = self._several.get(member, (member.nickname,))
            if nickname not in held:
                self._several[member] = (*held, nickname)
        key, look = _forms(nickname)
        self.holders[key] = member
        if look != key:
            self._by_look[look] = member
        answer(None)

    def give_up(self, member: Member, nickname: str) -> None:
        key, look = _forms(nickname)
        if self.holders.get(key) is not member:
            return
        left = tuple(one for one in self._several.pop(member, ()) if one != nickname)
        if len(left) > 1:
            self._several[member] = left
        forms = [_forms(one) for one in left]
        if key not in [other for other, _ in forms]:
            del self.holders[key]
        if look != key and look not in [other for its_key, other in forms if other != its_key]:
            del self._by_look[look]


def _forms(nickname: str) -> tuple[str, str]:
    """The key and the look of ``nickname``."""
    return nickname_key(nickname), nickname_look(nickname)
