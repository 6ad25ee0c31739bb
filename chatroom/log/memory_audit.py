"""An audit log that lives as long as its process, beside a log in memory."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence

from chatroom.log.audit import Entries, Entry
from chatroom.log.interface import NoAnswer


class MemoryAudit:
    """Keeps entries in a list, and answers at once."""

    reports: Sequence[Entry] = ()
    """None: it begins with no entries."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []

    def add(self, entry: Entry, answer: Callable[[Entry], None], failed: NoAnswer) -> None:
        kept = entry._replace(id=len(self._entries) + 1)
        self._entries.append(kept)
        answer(kept)

    def last(self, count: int, before: int | None, answer: Entries, failed: NoAnswer) -> None:
        end = len(self._entries)
        if before is not None:
            end = bisect_left(self._entries, before, key=lambda entry: entry.id)
        answer(self._entries[max(0, end - count) : end])
