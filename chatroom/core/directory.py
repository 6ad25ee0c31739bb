"""Who is here, by nickname and by id, and who is told when that changes.

Nicknames are held through the seam of :mod:`chatroom.core.nicknames`, whose answers may come late. A claim of a
nickname whose holder is leaving waits for the holder to have gone, so that a person who comes back at once finds it
free. It knows no rooms.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Protocol

from chatroom.core.members import Member, Standing
from chatroom.core.nicknames import Nicknames
from chatroom.core.sharing import MAX_SESSIONS, View
from chatroom.model.errors import NoSuchNickname, PeerError, TooManySessions
from chatroom.model.names import nickname_key


class Watcher(Protocol):
    """An observer of the people here, whatever rooms they are in."""

    def named(self, nickname: str, here: bool) -> None:
        """Take notice that somebody holds ``nickname`` from now on, or that nobody does."""

    def went_away(self, member: Member) -> None:
        """Take notice that ``member`` is away from now on, or is back."""


class Directory:
    """The members who hold a nickname."""

    def __init__(self, nicknames: Nicknames) -> None:
        self.watchers: list[Watcher] = []
        self._nicknames = nicknames
        self._by_id: dict[str, Member] = {}
        # Members with several connections, by the scopes of those whose clients have a secret.
        self._by_client: dict[str, Member] = {}
        # Claims that wait for the holder of a nickname to have given it up.
        self._when_released: dict[Member, list[Callable[[], None]]] = {}
        self.make_way: Callable[[Member], None] | None = None
        """Has a member who is not logged in be called something else, since the owner of their nickname claims it;
        None where their connection is closed instead."""

    @property
    def holders(self) -> Mapping[str, Member]:
        """The holders of nicknames, by key; a member who is being renamed holds two."""
        return self._nicknames.holders

    def everybody(self) -> Iterator[Member]:
        """Each member once, in the order in which they came."""
        return iter(dict.fromkeys(self.holders.values()))

    def find(self, nickname: str) -> Member:
        """:raises NoSuchNickname: nobody is called that."""
        try:
            return self.holders[nickname_key(nickname)]
        except (KeyError, ValueError):
            raise NoSuchNickname(nickname=nickname) from None

    def like(self, nickname: str) -> Sequence[Member]:
        """The members who hold ``nickname``, or one that could be taken for it."""
        return self._nicknames.like(nickname)

    def by_id(self, member_id: str) -> Member | None:
        """The member with this id, if it is one that outlives connections; None when they are not here."""
        return self._by_id.get(member_id)

    def of_client(self, member_id: str) -> Member | None:
        """The member whose client is the one that has this id where it is alone; None when it is not here."""
        return self._by_id.get(member_id) or self._by_client.get(member_id)

    def note_client(self, view: View, member: Member) -> None:
        """Know whose client one of several is."""
        if view.lasting:
            self._by_client[view.scope] = member

    def forget_client(self, view: View, member: Member) -> None:
        """Know it no more, unless it has come back by another connection."""
        shared = member.shared
        if self._by_client.get(view.scope) is member and (shared is None or shared.of_client(view.scope) is None):
            del self._by_client[view.scope]

    def claim(
        self,
        member: Member,
        nickname: str,
        answer: Callable[[PeerError | None], None],
        *,
        own: bool = False,
        beside: Callable[[Member], None] | None = None,
    ) -> None:
        """Claim a valid nickname for ``member``.

        A holder of it, or of one that could be taken for it, makes way if they have the same id: their connection is
        dead, which was not noticed. Any holder makes way for the owner: a stranger is called something else from then
        on, where there is enforcement.

        :param answer: told why not, or None; perhaps later.
        :param own: whether the nickname belongs to the account that ``member`` is logged in to.
        :param beside: told of the member with the same id who is here already, in place of an answer, where ``member``
            is to be one more connection of them.
        """
        again = partial(self.claim, member, nickname, answer, own=own, beside=beside)
        here = self._by_id.get(member.member_id) if beside is not None else None
        if here is not None and beside is not None:
            # Whatever they are called by now.
            if here.standing is Standing.LEAVING:
                self._when_released.setdefault(here, []).append(again)
            elif _is_full(member, here):
                answer(TooManySessions(nickname=here.nickname, limit=MAX_SESSIONS))
            else:
                beside(here)
            return
        holder = self._nicknames.in_the_way(member, nickname)
        if holder is not None:
            if holder.session is not None and (own or holder.member_id == member.member_id):
                stranger = holder.member_id != member.member_id and holder.account != member.account
                if stranger and self.make_way is not None and holder.standing is Standing.HERE:
                    # It may be done before the call returns.
                    self._when_released.setdefault(holder, []).append(again)
                    self.make_way(holder)
                    return
                for session in holder.sessions:
                    session.replace(owner=stranger)
            # A member who is leaving gives the nickname up in a moment.
            if holder.standing is Standing.LEAVING and holder.key:
                self._when_released.setdefault(holder, []).append(again)
                return
        self._nicknames.claim(member, nickname, answer)

    def enter(self, member: Member, nickname: str) -> None:
        """Have ``member``, who was granted their first nickname, be called that."""
        member.take_nickname(nickname)
        if member.lasting:
            self._by_id[member.member_id] = member
        if member.shared is not None:
            for view in member.shared.views.values():
                self.note_client(view, member)
        self._tell(nickname, True)

    def rename(self, member: Member, nickname: str) -> None:
        """Have ``member``, who was granted ``nickname``, be called that; they give up the old one."""
        old, old_key = member.nickname, member.key
        member.take_nickname(nickname)
        if old_key and old != nickname:
            self._nicknames.give_up(member, old)
        if old_key and member.key != old_key:
            self._tell(old, False)
            self._tell(nickname, True)
        if old_key and old != nickname and member.standing is Standing.HERE:
            self._call_waiting(member)

    def give_up_claim(self, member: Member) -> None:
        """Have ``member`` not be renamed: they give up the nickname that they have claimed."""
        claimed, member.next_nickname = member.next_nickname, ""
        if claimed and claimed != member.nickname:
            self._nicknames.give_up(member, claimed)

    def give_up(self, member: Member, nickname: str) -> None:
        """Have ``member``, who has gone before they were granted ``nickname``, not hold it."""
        self._nicknames.give_up(member, nickname)

    def release(self, member: Member) -> None:
        """Have ``member`` hold no nickname any more; whoever waits for it gets it."""
        for nickname in filter(None, (member.nickname, member.next_nickname)):
            self._nicknames.give_up(member, nickname)
        if self._by_id.get(member.member_id) is member:
            del self._by_id[member.member_id]
        if member.shared is not None:
            for view in member.shared.views.values():
                if self._by_client.get(view.scope) is member:
                    del self._by_client[view.scope]
        if member.key:
            old, member.key = member.nickname, ""
            self._tell(old, False)
        self._call_waiting(member)

    def is_waited_for(self, member: Member) -> bool:
        """Whether somebody waits for a nickname that ``member`` holds."""
        return member in self._when_released

    def _call_waiting(self, member: Member) -> None:
        """Have those who wait for a nickname of ``member`` claim it again."""
        for claim in self._when_released.pop(member, ()):
            claim()

    def _tell(self, nickname: str, here: bool) -> None:
        for watcher in self.watchers:
            watcher.named(nickname, here)


def _is_full(member: Member, here: Member) -> bool:
    """Whether ``here`` has as many connections as one may, but for one that the client of ``member`` has left."""
    assert member.shared is not None
    assert here.shared is not None
    scopes = {view.scope for view in member.shared.views.values() if view.lasting}
    return sum(view.scope not in scopes for view in here.shared.views.values()) >= MAX_SESSIONS
