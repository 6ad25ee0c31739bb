"""Those whom operators have expelled, and who may not come back at once. No I/O, no clock.

They are known by nickname and address together: others at the address, which may be that of a whole school, may come
in, and so may somebody of that name from elsewhere.
"""

from __future__ import annotations

from chatroom.core.admission import place_of

EXPELLED_FOR = 5 * 60
"""Seconds for which somebody may not come back under the same name from the same address."""

MAX_EXPELLED = 1000
"""People who are remembered; the oldest is forgotten first."""


class Expelled:
    """Who was expelled, and when."""

    def __init__(self) -> None:
        # The time at which each may come back, by place and key of the nickname; in the order of these times.
        self._until: dict[tuple[str, str], float] = {}

    def note(self, address: str, key: str, now: float) -> None:
        """Remember somebody who is being expelled.

        :param address: empty where there is none.
        :param key: of their nickname (:func:`chatroom.model.names.nickname_key`).
        :param now: seconds, by a clock that only goes forward.
        """
        who = place_of(address), key
        self._until.pop(who, None)
        if len(self._until) >= MAX_EXPELLED:
            del self._until[next(iter(self._until))]
        self._until[who] = now + EXPELLED_FOR

    def wait(self, address: str, key: str, now: float) -> float:
        """Seconds until somebody from ``address`` may be called that; 0 for those who may now."""
        if not self._until:
            return 0
        who = place_of(address), key
        left = self._until.get(who, now) - now
        if left <= 0:
            self._until.pop(who, None)
        return max(left, 0)
