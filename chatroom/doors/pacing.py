"""Pacing: the part of a connection that its intake needs, whatever its protocol.

:class:`chatroom.doors.connection.Connection` derives from it, and so does a connection that is still HTTP.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.interfaces import IDelayedCall

from chatroom.core.admission import Address
from chatroom.doors.intake import Intake


class Paced:
    """A connection whose input may have to wait."""

    factory: Any
    transport: Any
    intake: Intake
    _address: Address | None = None
    """Where it comes from; None while it is not admitted."""
    _pause: IDelayedCall | None = None

    def flow(self) -> Address | None:
        """The address, unless it is many people's."""
        return None if self._address is None or self._address.exempt else self._address

    def pause(self, seconds: float) -> None:
        """Go on with the intake after so long."""
        self._pause = self.factory.clock.callLater(seconds, self._pause_over)

    def _pause_over(self) -> None:
        self._pause = None
        self.intake.pause_over()

    def stop_reading(self) -> None:
        """Read nothing for now."""
        self.transport.pauseProducing()

    def read_on(self) -> None:
        """Read again."""
        self.transport.resumeProducing()

    def holds(self, more: int) -> None:
        """Count so many bytes more, or less, as waiting here."""
        self.factory.chat.memory.change(self, more)

    def abort(self) -> None:
        """Abort the connection: its input cannot be taken."""
        self.transport.abortConnection()

    def give_up(self) -> None:
        """Let the peer go: it is the one that most waits for, and more waits for all than the server may keep."""
        raise NotImplementedError

    def close_intake(self) -> None:
        """Take nothing any more."""
        self.intake.close()
        if self._pause is not None:
            self._pause.cancel()
            self._pause = None
