"""Nicknames are claimed and given up here, and a claim is answered, perhaps later.

Which nicknames are allowed, and when two are the same, is for :mod:`chatroom.model.names`.
One process answers at once (:class:`LocalNicknames`). An engine that several servers share answers after a round trip,
so nothing may take a claim for granted within the call.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from chatroom.core.members import Member
from chatroom.model.errors import NicknameTaken, PeerError
from chatroom.model.names import nickname_key

Answer = Callable[[PeerError | None], None]
"""Told why a nickname was refused; None when it was granted."""


class Nicknames(Protocol):
    """The nicknames and their holders. A member may hold two while a change is on its way."""

    @property
    def holders(self) -> Mapping[str, Member]:
        """The holders of nicknames here, by key (:func:`chatroom.model.names.nickname_key`)."""

    def claim(self, member: Member, nickname: str, answer: Answer) -> None:
        """Have ``member`` hold ``nickname``, which is a valid one; ``answer`` is called once, perhaps later."""

    def give_up(self, member: Member, nickname: str) -> None:
        """Have ``member`` hold ``nickname`` no more, if they do."""


class LocalNicknames:
    """The nicknames of one process, which answers at once."""

    def __init__(self) -> None:
        self.holders: dict[str, Member] = {}

    def claim(self, member: Member, nickname: str, answer: Answer) -> None:
        if self.holders.setdefault(nickname_key(nickname), member) is member:
            answer(None)
        else:
            answer(NicknameTaken(nickname=nickname))

    def give_up(self, member: Member, nickname: str) -> None:
        key = nickname_key(nickname)
        if self.holders.get(key) is member:
            del self.holders[key]
