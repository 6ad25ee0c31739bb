"""Moderation: REDACT and PURGE remove messages, REPORT tells those who moderate, REPORTS and AUDIT show what there is.

https://ircv3.net/specs/extensions/message-redaction. The other commands are those of the other doors.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from chatroom.core import removing, reporting
from chatroom.doors.irc.numerics import Numeric
from chatroom.doors.irc.session import IRCSession
from chatroom.model.errors import PeerError
from chatroom.model.events import MAX_ID
from chatroom.model.names import room_name
from chatroom.model.text import whole_number

_MSGID = re.compile(r"([a-z0-9]+)-([0-9]+)")


def redact(session: IRCSession, parameters: Sequence[str]) -> None:
    """REDACT #room msgid [reason]: remove a message of yours, or, if you moderate, another's."""
    target, msgid, *rest = parameters
    room = _room(session, target)
    if room is None:
        session.fail("INVALID_TARGET", target, text="You are in no such room, and only rooms keep what is said")
        return
    found = _MSGID.fullmatch(msgid)
    id_ = whole_number(found[2], MAX_ID) if found is not None and found[1] == session.chat.log.identity else None
    if not id_:
        session.fail("UNKNOWN_MSGID", target, msgid, text="There is no such message in this history")
        return
    removing.remove(session, room, id_, rest[0] if rest else "")


def _room(session: IRCSession, target: str) -> str | None:
    """The room that they name; None when they are not in it."""
    try:
        room = room_name(target) if target.startswith("#") else ""
    except PeerError:
        return None
    return room if room in session.rooms else None


def purge(session: IRCSession, parameters: Sequence[str]) -> None:
    """PURGE #room nickname [minutes] [reason]: remove what somebody has said there; for those who moderate."""
    target, nickname, *rest = parameters
    room = _room(session, target)
    if room is None:
        session.numeric(Numeric.ERR_NOTONCHANNEL, target)
        return
    minutes, reason = removing.minutes_of(" ".join(rest))
    removing.purge(session, room, nickname, minutes, reason)


def report(session: IRCSession, parameters: Sequence[str]) -> None:
    """REPORT msgid|nickname why: tell those who moderate; the person is not told."""
    what, *why = parameters
    found = _MSGID.fullmatch(what)
    if found is not None and found[1] == session.chat.log.identity:
        what = found[2]
    reporting.report(session, what, " ".join(why))


def reports(session: IRCSession, parameters: Sequence[str]) -> None:
    """REPORTS [DONE number [note]]: list the reports that are open, or close one; for those who moderate."""
    if not parameters:
        reporting.list_reports(session)
        return
    number = whole_number(parameters[1], MAX_ID) if len(parameters) > 1 else None
    if parameters[0].upper() != "DONE" or not number:
        session.numeric(Numeric.ERR_NEEDMOREPARAMS, "REPORTS")
        return
    reporting.close_report(session, number, " ".join(parameters[2:]))


def audit(session: IRCSession, parameters: Sequence[str]) -> None:
    """AUDIT [n [BEFORE id]]: show the last entries of the audit log; for operators."""
    count = whole_number(parameters[0], reporting.MAX_AUDIT) if parameters else reporting.AUDIT_SHOWN
    before = whole_number(parameters[2], MAX_ID) if len(parameters) > 2 and parameters[1].upper() == "BEFORE" else None
    if not count or (len(parameters) > 1 and not before):
        session.numeric(Numeric.ERR_NEEDMOREPARAMS, "AUDIT")
        return
    reporting.show_audit(session, count, before)
