"""An audit log in the file of a log on disk, in a table of its own.

An entry is a transaction of its own in the writer's thread, between two batches of events. Triggers of the table refuse
every change of a row, every deletion and every replacement (:mod:`chatroom.log.schema`), so nothing in this program can
change the past, by mistake or on purpose.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence

from chatroom.log.audit import REPORT, REPORT_DONE, Entries, Entry, still_open
from chatroom.log.interface import NoAnswer
from chatroom.log.questions import reading_errors
from chatroom.log.schema import explain
from chatroom.log.sqlite_accounts import Reader
from chatroom.log.turns import Work
from chatroom.model.errors import AuditNotKept, ChatError

COLUMNS = (
    "id, at, nickname, account, member, address, action, target, target_account, target_member, room, about, reason"
)
"""The columns of an entry, in the order of its fields."""


class SQLiteAudit:
    """Keeps entries as :class:`chatroom.log.audit.AuditStore` promises."""

    def __init__(
        self,
        reading: sqlite3.Connection,
        writing: sqlite3.Connection,
        *,
        submit: Callable[[Callable[[], None]], None],
        ask: Reader,
        look_at_files: Callable[[], ChatError | None],
        from_thread: Callable[[Callable[[], None]], object],
    ) -> None:
        """The parameters are those of :class:`chatroom.log.sqlite_accounts.SQLiteAccounts`."""
        self._reading = reading
        self._writing = writing
        self._submit = submit
        self._ask = ask
        self._look_at_files = look_at_files
        self._from_thread = from_thread
        rows = reading.execute(
            f"SELECT {COLUMNS} FROM audit WHERE action LIKE 'report%' AND action IN (?, ?) ORDER BY id",
            (REPORT, REPORT_DONE),
        )
        self.reports: Sequence[Entry] = still_open(Entry(*row) for row in rows)
        """The reports that were open at the start, oldest first."""

    def add(self, entry: Entry, answer: Callable[[Entry], None], failed: NoAnswer) -> None:
        def work() -> None:
            try:
                lost = self._look_at_files()
                if lost is not None:
                    raise AuditNotKept(why=lost.details.get("why", lost))
                added = self._writing.execute(
                    f"INSERT INTO audit ({COLUMNS}) VALUES (NULL{',?' * (len(entry) - 1)})", entry[1:]
                )
                kept = entry._replace(id=added.lastrowid or 0)
            except sqlite3.Error as error:
                failure = AuditNotKept(why=explain(error))
                self._from_thread(lambda: failed(failure))
            except ChatError as error:
                refusal = error
                self._from_thread(lambda: failed(refusal))
            else:
                self._from_thread(lambda: answer(kept))

        self._submit(work)

    def last(self, count: int, before: int | None, answer: Entries, failed: NoAnswer) -> None:
        self._ask(self._last(count, before), answer, failed)

    def _last(self, count: int, before: int | None) -> Work[Sequence[Entry]]:
        """In the reader's thread."""
        with reading_errors(lambda: False):
            rows = self._reading.execute(
                f"SELECT {COLUMNS} FROM audit WHERE id < coalesce(?, id + 1) ORDER BY id DESC LIMIT ?", (before, count)
            )
            return [Entry(*row) for row in rows][::-1]
        yield
