"""Reports to those who moderate, and the audit log, as people ask for them. No I/O, no clock.

A report is an entry of the audit log, and open until another entry says that somebody has dealt with it. The person who
is reported is never told, even one who moderates: not of the report, nor in a list, nor by the audit log.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import islice

from chatroom.core.audit import entry_of, is_about
from chatroom.core.chat import Chat
from chatroom.core.members import Member
from chatroom.core.session import Session
from chatroom.log.audit import REPORT, REPORT_DONE, Entry
from chatroom.log.interface import NoAnswer
from chatroom.model.answers import AuditEntry, AuditLog, Notice, Reported, ReportList
from chatroom.model.errors import BadArgument, NoSuchMessage, NotOperator, PeerError
from chatroom.model.events import MAX_ID, Event, may_be_removed
from chatroom.model.text import whole_number

MAX_REASON = 500
"""Characters of a reason that are kept in the audit log."""

QUOTED = 200
"""Characters of a message that moderators are shown with a report."""

REPORTS_LISTED = 50
"""Reports that one answer lists at most."""

MAX_AUDIT = 200
"""Entries of the audit log that one answer shows at most."""

AUDIT_SHOWN = 20
"""Entries that it shows unless it is asked for another number."""

REPORT_USAGE = "/report ID why, or /report nickname why"


def report(session: Session, what: str, why: str) -> None:
    """Report a message, by its id, or a person, by their nickname, to those who moderate."""
    why = why.strip()[:MAX_REASON]
    if not why:
        raise BadArgument(what="Say why, for those who look at it", usage=REPORT_USAGE)
    id_ = whole_number(what, MAX_ID)
    if id_:
        _report_message(session, id_, why)
        return
    whom = session.chat.find(what)
    shared = [room for room in session.rooms if room in whom.rooms]
    _make(
        session, entry_of(session.member, REPORT, whom.nickname, whom, room=shared[0] if shared else "", reason=why), ""
    )


def _report_message(session: Session, id_: int, why: str) -> None:
    chat = session.chat

    def found(events: Sequence[Event]) -> None:
        events = chat.removals.current(events)
        event = events[0] if events else None
        # A room that they are not in is none of theirs, nor is it theirs to know what is there.
        if event is None or event.room not in session.rooms or not may_be_removed(type(event)):
            session.refuse(NoSuchMessage(id=id_, room="your rooms"))
            return
        entry = entry_of(session.member, REPORT, event.nickname, None, room=event.room, reason=why, about=event.id)
        author = next((one for one in chat.directory.everybody() if one.member_id == event.member), None)
        entry = entry._replace(target_member=event.member, target_account=author.account if author else "")
        try:
            _make(session, entry, event.text[:QUOTED])
        except PeerError as error:
            session.refuse(error)

    session.ask_log(partial(chat.log.with_ids, (id_,)), found)


def _make(session: Session, entry: Entry, message: str) -> None:
    chat = session.chat
    chat.reports.count(session.member, session.address, session.seconds())

    def question(answer: Callable[[Entry], None], failed: NoAnswer) -> None:
        def kept(entry: Entry) -> None:
            # It is kept even if they have left by now.
            chat.reports.opened(entry)
            _tell_moderators(chat, entry, message)
            answer(entry)

        chat.audit_log.add(entry, kept, failed)

    def answered(entry: Entry) -> None:
        where = f"moderate {entry.room}" if entry.room else "run the server"
        session.reply(
            Notice(
                f"Your report has the number {entry.id}. Those who {where} see it at once if they are here, and else "
                f"when they come. {entry.target} is not told. To see and hear no more of them: /ignore {entry.target}"
            )
        )

    session.ask_accounts(question, answered)


def _tell_moderators(chat: Chat, entry: Entry, message: str) -> None:
    for member in list(chat.directory.everybody()):
        if _may_see(chat, member, entry):
            member.tell(_as_report(entry, message))


def _may_see(chat: Chat, member: Member, entry: Entry) -> bool:
    return chat.may_moderate(member, entry.room) and not is_about(entry, member)


def _as_report(entry: Entry, message: str = "") -> Reported:
    return Reported(entry.id, entry.at, entry.room, entry.nickname, entry.target, entry.reason, entry.about, message)


def list_reports(session: Session) -> None:
    """Show the reports that are open in the rooms that they moderate."""
    chat, member = session.chat, session.member
    if not any(chat.may_moderate(member, room) for room in ("", *session.rooms)):
        raise NotOperator()
    seen = (entry for entry in chat.reports if _may_see(chat, member, entry))
    found = list(islice(seen, REPORTS_LISTED + 1))
    session.reply(ReportList([_as_report(one) for one in found[:REPORTS_LISTED]], len(found) > REPORTS_LISTED))


def close_report(session: Session, number: int, note: str) -> None:
    """Note that a report was dealt with.

    :raises NoSuchReport: none of that number is open, or none that they may see.
    """
    chat, member = session.chat, session.member
    entry = chat.reports.get(number)
    if not chat.may_moderate(member, entry.room):
        raise NotOperator()
    if is_about(entry, member):
        # As if there were none.
        chat.reports.get(0)
    closing = entry_of(member, REPORT_DONE, entry.target, None, room=entry.room, reason=note[:MAX_REASON], about=number)
    closing = closing._replace(target_member=entry.target_member, target_account=entry.target_account)

    def answered(kept: Entry) -> None:
        session.reply(Notice(f"Report {number} is done."))

    def question(answer: Callable[[Entry], None], failed: NoAnswer) -> None:
        def kept(entry: Entry) -> None:
            chat.reports.close(number)
            answer(entry)

        chat.audit_log.add(closing, kept, failed)

    session.ask_accounts(question, answered)


def show_audit(session: Session, count: int, before: int | None) -> None:
    """Show the last ``count`` entries of the audit log.

    :param before: only those with an id below; None: all of them.
    :raises NotOperator: they may not read it.
    """
    chat, member = session.chat, session.member
    if not chat.may_moderate(member, ""):
        raise NotOperator()

    def answered(entries: Sequence[Entry]) -> None:
        shown = [_as_entry(entry) for entry in entries if not is_about(entry, member)]
        session.reply(AuditLog(shown, len(entries) == count and entries[0].id > 1))

    session.ask_accounts(lambda answer, failed: chat.audit_log.last(count, before, answer, failed), answered)


def _as_entry(entry: Entry) -> AuditEntry:
    who = (entry.id, entry.at, entry.nickname, entry.action, entry.target, entry.room, entry.reason)
    return AuditEntry(*who, entry.account, entry.about)
