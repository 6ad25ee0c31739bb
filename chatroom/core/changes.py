"""The changes that a batch of events makes for those who hear it: collected while it is gone through, then told.

An event changes who is where at once; what its people hear of the batch depends on all of it. So the chat notes here
who turns to other rooms, who is put out, and which events some are shown in another form, and hands that to delivery
when it has been through the batch.
"""

from __future__ import annotations

from typing import Any

from chatroom.core.members import Member
from chatroom.model.events import Event


class Changes:
    """The changes of one batch."""

    __slots__ = ("hidden", "own", "put_out", "rules", "turned")

    def __init__(self, own: dict[Any, dict[int, bytes]]) -> None:
        """:param own: own forms of events, by session and index in the batch."""
        self.turned: dict[Any, int] = {}
        """The sessions whose subscription changes, each with the id of the event at which it does."""
        self.own = own
        self.hidden: set[int] = set()
        """The ids of events that are shown to nobody but as an own form."""
        self.rules: list[Event] = []
        """The events that change a rule."""
        self.put_out: list[tuple[Member, Event, bool]] = []
        """Who is put out of a room, by which event, and whether they are shown it together with the others."""

    def put_out_of_room(self, victim: Member, event: Event) -> None:
        """Take notice that somebody is put out of a room."""
        session: Any = victim.session
        # Whoever catches up, or has come into another room in this batch, hears nothing at this moment.
        shown = victim.shared is not None or (
            session is not None
            and session not in self.turned
            and session.group is not None
            and not self.is_put_out(victim)
        )
        # Of several connections, each turns by itself.
        if shown and victim.shared is None:
            self.turned[session] = event.id
        self.put_out.append((victim, event, shown))

    def is_put_out(self, member: Member) -> bool:
        """True when ``member`` was put out of a room in this batch."""
        return any(victim is member for victim, _, _ in self.put_out)

    def tell_put_out(self, *, shown: bool) -> None:
        """Tell those who were put out where they are.

        :param shown: whether it is those who were shown the event together with the others.
        """
        for victim, event, was_shown in self.put_out:
            if was_shown is shown:
                for session in victim.sessions:
                    session.put_out(event, None if victim.shared is not None else shown)


NO_CHANGES = Changes({})
"""Those of a batch of talk; nothing is added to them."""
