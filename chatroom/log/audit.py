"""What an audit log promises: who did what to whom, when and why, and nothing of it changes.

Entries are kept beside the events, in a table of their own: trimming (``--keep``) does not reach it, no question to the
log has an entry in its answer, and the database itself refuses to change or delete a row. As at the log, each addition
and each question is answered once, by ``answer`` or by ``failed``, perhaps before the call returns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, Protocol

from chatroom.log.interface import NoAnswer

REPORT, REPORT_DONE = "report", "report done"
"""Actions that the store knows: somebody has reported something, and somebody has dealt with the report."""


class Entry(NamedTuple):
    """One thing that somebody did."""

    id: int
    """Grows with each entry; 0 for one that is not kept yet."""
    at: float
    """Seconds since 1970, UTC."""
    nickname: str
    """Of the person who did it."""
    account: str
    """Their account; empty for none."""
    member: str
    """Their id; empty where nobody is known."""
    address: str
    """The address that they came from; empty where there is none."""
    action: str
    target: str
    """The nickname, address or name that it was done to; empty for none."""
    target_account: str
    """The account of that person; empty for none."""
    target_member: str
    """The id of that person; empty where nobody was here by that name."""
    room: str
    """Empty where it is about no room."""
    about: int
    """The id of the event or the entry that it is about; 0 for none."""
    reason: str


Entries = Callable[[Sequence[Entry]], None]
"""Told the answer to a question, oldest first."""


class AuditStore(Protocol):
    """Keeps entries for good."""

    @property
    def reports(self) -> Sequence[Entry]:
        """The reports that were open at the start, oldest first."""

    def add(self, entry: Entry, answer: Callable[[Entry], None], failed: NoAnswer) -> None:
        """Keep an entry; ``answer`` is told it with its id.

        It fails with :class:`~chatroom.model.errors.AuditNotKept`.
        """

    def last(self, count: int, before: int | None, answer: Entries, failed: NoAnswer) -> None:
        """Ask for the last ``count`` entries.

        :param before: only those with an id below; None: all of them.
        """


def still_open(entries: Iterable[Entry]) -> Sequence[Entry]:
    """The reports among ``entries`` that nobody has dealt with.

    :param entries: reports, and what was done about them, oldest first.
    """
    found: dict[int, Entry] = {}
    for entry in entries:
        if entry.action == REPORT:
            found[entry.id] = entry
        elif entry.action == REPORT_DONE:
            found.pop(entry.about, None)
    return list(found.values())
