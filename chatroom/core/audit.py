"""The audit log and the reports, as the chat has them. No I/O.

Entries are made only by people who have a right, and by the few others whose number is limited here: people who report
something, and people who give wrong passwords for an operator. So nobody without a right makes the audit log grow
without bound.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from chatroom.core.admission import place_of
from chatroom.core.members import Member
from chatroom.core.operators import Guesses
from chatroom.log.audit import REPORT, AuditStore, Entry
from chatroom.model.errors import ChatError, NoSuchReport, TooManyReports
from chatroom.model.names import nickname_key

REPORTS_OF_ONE, REPORTS_FROM_PLACE, REPORTS_FOR = 5, 20, 10 * 60
"""Reports of one person, and from one address, in so many seconds."""

MAX_OPEN = 1000
"""Reports that may be open at once."""

MAX_REPORTERS = 10_000
"""People, and addresses, whose reports are counted."""

RARE_FOR = 10 * 60
"""Seconds in which a deed from one address that takes no right is noted once."""

MAX_RARE, ALL_RARE_FOR = 60, 60 * 60
"""Such deeds from all addresses together that are noted in so many seconds."""


def entry_of(
    member: Member, action: str, target: str, whom: Member | None, *, room: str = "", reason: str = "", about: int = 0
) -> Entry:
    """An entry that says what ``member`` does.

    :param target: a nickname, an account, or an address.
    :param whom: the member who is called that, if somebody is.
    """
    address = member.session.address if member.session is not None else ""
    account, member_id = (whom.account, whom.member_id) if whom is not None else ("", "")
    who = (member.nickname, member.account, member.member_id, address)
    return Entry(0, 0.0, *who, action, target, account, member_id, room, about, reason)


class Audit:
    """The audit log."""

    def __init__(self, store: AuditStore, now: Callable[[], float], journal: Callable[[str], None]) -> None:
        """
        :param now: the time, in seconds since 1970, UTC.
        :param journal: told of an entry that cannot be kept.
        """
        self._store = store
        self._now = now
        self._journal = journal
        self.open_reports = store.reports
        """The reports that were open at the start."""
        self.last = store.last
        """Asks for entries; the store's own method."""
        self._rare = Guesses(1, RARE_FOR, MAX_REPORTERS)
        self._all_rare = Guesses(MAX_RARE, ALL_RARE_FOR, 1)

    def add(self, entry: Entry, answer: Callable[[Entry], None], failed: Callable[[ChatError], None]) -> None:
        """Keep an entry, of now; one of the two is told what comes of it."""
        self._store.add(entry._replace(at=self._now()), answer, failed)

    def note(self, entry: Entry) -> None:
        """Keep an entry whose maker waits for nothing."""

        def failed(error: ChatError) -> None:
            self._journal(
                f"the audit log lacks that {entry.nickname} did this: {entry.action} {entry.target} ({error})"
            )

        self.add(entry, lambda kept: None, failed)

    def note_rarely(self, member: Member, action: str, target: str, now: float) -> None:
        """Note something that takes no right: the first time in a while from their address.

        :param target: never what they typed in the place of a name, which may be a password.
        :param now: seconds, by a clock that only goes forward.
        """
        entry = entry_of(member, action, target, None)
        key = f"{action} {place_of(entry.address)}"
        if self._rare.too_many(key, now) or self._all_rare.too_many("", now):
            return
        self._rare.wrong(key, now)
        self._all_rare.wrong("", now)
        self.note(entry)


class Reports:
    """The reports that are open, and how many each may make."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        """:param entries: those that were open at the start, oldest first."""
        self._open = {entry.id: entry for entry in entries}
        self._of_one = Guesses(REPORTS_OF_ONE, REPORTS_FOR, MAX_REPORTERS)
        self._from_place = Guesses(REPORTS_FROM_PLACE, REPORTS_FOR, MAX_REPORTERS)

    def count(self, member: Member, address: str, now: float) -> None:
        """Count a report that is about to be made.

        :param now: seconds, by a clock that only goes forward.
        :raises TooManyReports: they may make none for now.
        """
        who, place = member.account or member.member_id, place_of(address)
        too_many = self._of_one.too_many(who, now) or (bool(address) and self._from_place.too_many(place, now))
        if too_many or len(self._open) >= MAX_OPEN:
            raise TooManyReports(minutes=REPORTS_FOR // 60)
        self._of_one.wrong(who, now)
        if address:
            self._from_place.wrong(place, now)

    def opened(self, entry: Entry) -> None:
        """Take notice of a report that is kept."""
        self._open[entry.id] = entry

    def get(self, number: int) -> Entry:
        """:raises NoSuchReport: there is no open report of that number."""
        if number not in self._open:
            raise NoSuchReport(number=number)
        return self._open[number]

    def close(self, number: int) -> None:
        """Take notice that somebody has dealt with a report."""
        self._open.pop(number, None)

    def __iter__(self) -> Iterator[Entry]:
        """Those that are open, oldest first."""
        return iter(list(self._open.values()))


def is_about(entry: Entry, member: Member) -> bool:
    """Whether somebody has reported ``member``, from whom the entry is to be kept."""
    if not entry.action.startswith(REPORT):
        return False
    if entry.target_member and entry.target_member == member.member_id:
        return True
    if entry.target_account and entry.target_account == member.account:
        return True
    return bool(entry.target) and nickname_key(entry.target) == member.key
