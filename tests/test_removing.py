"""Removing messages as people ask for it: who may, what everybody is shown, and the races with catching up."""

from __future__ import annotations

from typing import Any

from ircroom import IRCRoom, ask, bare
from stepped import House, Visitor, come

from chatroom.core.audit import REPORTS_OF_ONE
from chatroom.core.removing import PURGED_AT_ONCE
from chatroom.log.audit import Entry
from chatroom.model.answers import AuditLog, Reported, ReportList
from chatroom.model.events import Removal, Removed, Said

SECRET = "xyzzy"


class Yard(House):
    """Alice, bob who is an operator, and carol who reads JSON, in the lobby."""

    def __init__(self, **options: Any) -> None:
        super().__init__(operators={"root": "tea"}, **options)
        self.alice, self.bob = self.enter("alice"), self.enter("bob")
        self.bob.session.member.operator = True
        self.carol = come(self, "carol")
        self.log.settle()
        self.quiet()

    def quiet(self) -> None:
        for one in (self.alice, self.bob, self.carol):
            one.lines()

    def said(self, text: str, by: Visitor | None = None) -> int:
        (by or self.alice).type(text)
        self.log.settle()
        self.quiet()
        return self.happened[-1].id

    def asked(self, who: Visitor, line: str) -> list[str]:
        who.type(line)
        self.log.settle()
        return who.lines()

    def audited(self) -> list[Entry]:
        found: list[Entry] = []
        self.chat.audit_log.last(100, None, found.extend, lambda error: None)
        return found


def test_a_removal_is_told_to_everybody_and_noted() -> None:
    yard = Yard()
    id_ = yard.said(SECRET)
    assert yard.asked(yard.bob, f"/remove {id_} rude") == ["* bob removed a message of alice's (rude)"]
    assert yard.alice.lines() == ["* bob removed a message of alice's (rude)"]
    (heard,) = yard.carol.heard()
    assert isinstance(heard, Removal)
    assert (heard.about, heard.text, heard.extras) == (id_, "rude", {"nick": "alice"})
    (entry,) = yard.audited()
    assert (entry.nickname, entry.action, entry.target, entry.room, entry.about, entry.reason) == (
        *("bob", "remove", "alice", "lobby", id_, "rude"),
    )


def test_one_s_own_message_takes_no_right_and_is_not_audited() -> None:
    yard = Yard()
    yard.said("first")
    yard.said(SECRET)
    assert yard.asked(yard.alice, "/remove last alice") == ["* alice removed a message of their own"]
    assert yard.audited() == []


def test_another_s_message_takes_a_right() -> None:
    yard = Yard()
    id_ = yard.said("tea", yard.bob)
    assert yard.asked(yard.alice, f"/remove {id_}") == [
        "! That is bob's message: only bob and those who moderate the room may remove it."
    ]
    assert yard.asked(yard.alice, "/purge bob")[0].startswith("! That is bob's message")
    assert not [event for event in yard.happened if isinstance(event, Removal)]


def test_the_numbers_of_messages_are_shown_to_people() -> None:
    yard = Yard()
    id_ = yard.said("tea")
    assert yard.asked(yard.bob, "/history ids 1")[-1].endswith(f" {id_}] alice: tea")
    assert yard.asked(yard.bob, f"/remove {id_}x")[0].startswith(f"! {id_}x is not the number of a message")
    assert yard.asked(yard.bob, "/remove 999")[0].startswith("! There is no message 999 in lobby")


def test_whoever_comes_later_or_back_sees_a_mark_and_never_the_text() -> None:
    yard = Yard(replay=10)
    id_ = yard.said(SECRET)
    yard.asked(yard.bob, f"/remove {id_} rude")
    for since in (None, 0, id_ - 1):
        dave = come(yard, f"dave{since}", since=since)
        yard.log.settle()
        marks = [event for event in dave.heard() if isinstance(event, Removed)]
        assert [(mark.id, mark.nickname, mark.text, mark.extras) for mark in marks] == [
            (id_, "alice", "rude", {"by": "bob"})
        ]
    lines = yard.asked(yard.bob, "/history")
    assert lines[-1].endswith("] * bob removed this message of alice's (rude)")
    assert SECRET not in repr(lines)


def test_somebody_who_is_brought_up_to_date_from_the_replay_buffer_never_gets_the_text() -> None:
    yard = Yard()
    before = yard.delivery.published
    id_ = yard.said(SECRET)
    yard.asked(yard.bob, f"/remove {id_}")
    yard.carol.lines()
    # As after joining a room: everything behind that is written again.
    assert yard.carol.session.hear(before)
    shown = yard.carol.heard()
    assert [type(event) for event in shown] == [Removed, Removal]
    assert SECRET not in repr(shown)


def test_a_page_of_the_past_that_waits_to_be_read_has_the_mark_when_it_is_shown() -> None:
    yard = Yard()
    ids = [yard.said(f"{SECRET} {number} " + "x" * 900) for number in range(40)]
    events: list[Any] = []
    yard.chat.log.recent("lobby", 40, None, events.extend, lambda error: None)
    assert all(isinstance(event, Said) for event in events)
    yard.asked(yard.bob, f"/remove {ids[-1]}")
    assert type(yard.chat.removals.current(events)[-1]) is Removed
    assert [type(event) for event in yard.chat.removals.current(events)[:-1]] == [Said] * 39


def test_a_purge_removes_all_of_somebody_s_in_pieces_and_tells_people_once() -> None:
    yard = Yard()
    count = PURGED_AT_ONCE + 5
    for number in range(count):
        yard.alice.type(f"{SECRET} {number}")
    yard.log.settle()
    yard.said("bob's own", yard.bob)
    yard.quiet()
    shown = yard.asked(yard.bob, "/purge alice 5 flood")
    assert shown == [
        f"* bob removed {count} messages of alice's (flood)",
        f"* {count} messages are removed that alice had said in lobby.",
    ]
    assert yard.alice.lines() == shown[:1]
    parts = yard.carol.heard()
    assert [len(part.ids) for part in parts if isinstance(part, Removal)] == [PURGED_AT_ONCE, 5]
    found: list[Any] = []
    yard.chat.log.recent("lobby", 1000, None, found.extend, lambda error: None)
    assert [event.text for event in found if isinstance(event, Said)] == ["bob's own"]
    assert [entry.action for entry in yard.audited()] == ["purge"]
    assert yard.asked(yard.bob, "/purge alice")[0].startswith("! alice has said nothing in lobby in the last 10 min")


def test_nobody_can_write_a_line_that_looks_like_a_removal() -> None:
    yard = Yard()
    for text in ("removed a message of bob's", "removed 12 messages of bob's", "removed this message of bob's"):
        assert yard.asked(yard.alice, f"/me {text}")[0].startswith("! Others could take that")
    assert yard.asked(yard.alice, "/me removed the old cups") == ["* alice removed the old cups"]


# Reports, and the audit log.


def test_a_report_reaches_those_who_moderate_and_never_the_one_who_is_reported() -> None:
    yard = Yard()
    id_ = yard.said(SECRET, yard.bob)
    dave = yard.enter("dave")
    dave.session.member.operator = True
    yard.quiet()
    shown = yard.asked(yard.alice, f"/report {id_} rude")
    assert "number 1" in shown[0]
    assert dave.lines() == [
        f"* report 1: alice reports message {id_} of bob's in lobby: rude - the message: {SECRET}",
        "* /reports done 1 closes it",
    ]
    assert yard.bob.lines() == []
    assert yard.carol.lines() == []
    assert yard.asked(yard.bob, "/reports") == ["* no report is open"]
    assert yard.asked(yard.bob, "/reports done 1")[0].startswith("! There is no open report")
    assert yard.asked(yard.bob, "/audit") == ["* the audit log has nothing more"]
    assert "alice reports message" in yard.asked(dave, "/reports")[0]
    assert yard.asked(dave, "/reports done 1 talked to him") == ["* Report 1 is done."]
    assert yard.asked(dave, "/reports") == ["* no report is open"]
    assert [(entry.action, entry.about) for entry in yard.audited()] == [("report", id_), ("report done", 1)]
    assert yard.asked(yard.alice, "/reports")[0].startswith("! Only operators")
    assert yard.asked(yard.alice, "/audit")[0].startswith("! Only operators")


def test_programs_are_told_of_reports_in_a_form_of_their_own() -> None:
    yard = Yard()
    yard.carol.session.member.operator = True
    yard.asked(yard.alice, "/report bob noise")
    (report,) = yard.carol.things()
    assert isinstance(report, Reported)
    assert (report.nickname, report.target, report.text, report.room) == ("alice", "bob", "noise", "lobby")
    yard.carol.type("/reports")
    yard.carol.type("/audit")
    listed, audit = yard.carol.things()
    assert isinstance(listed, ReportList)
    assert listed.reports == [report]
    assert isinstance(audit, AuditLog)
    assert [entry.action for entry in audit.entries] == ["report"]


def test_one_person_may_not_report_without_end() -> None:
    yard = Yard()
    for _ in range(REPORTS_OF_ONE):
        yard.asked(yard.alice, "/report bob noise")
    assert yard.asked(yard.alice, "/report bob noise")[0].startswith("! You have reported as much")
    assert len(yard.audited()) == REPORTS_OF_ONE


def test_a_closed_connection_is_audited_and_wrong_passwords_once() -> None:
    yard = Yard()
    for _ in range(5):
        yard.asked(yard.alice, "/oper root wrong")
    yard.asked(yard.bob, "/kill alice spam")
    assert [(entry.nickname, entry.action, entry.target) for entry in yard.audited()] == [
        ("alice", "wrong oper password", yard.audited()[0].address),
        ("bob", "kill", "alice"),
    ]
    assert "wrong" not in [entry.reason for entry in yard.audited()]


# IRC.


def test_irc_clients_are_told_by_redact_or_by_a_notice_and_history_has_the_mark() -> None:
    room = IRCRoom(replay=5)
    knows = "message-tags echo-message draft/message-redaction"
    alice, bob = room.irc("alice", knows, "#lobby"), room.irc("bob", "message-tags draft/message-redaction", "#lobby")
    carol = room.irc("carol", "", "#lobby")
    for one in (alice, bob, carol):
        one.lines()
    alice.type(f"PRIVMSG #lobby :{SECRET}")
    (message,) = alice.lines()
    msgid = message.split("msgid=")[1].split(" ")[0].split(";")[0]
    bob.lines()
    carol.lines()
    (refused,) = bare(ask(bob, f"REDACT #lobby {msgid} :no"))
    assert refused.startswith(f"FAIL REDACT REDACT_FORBIDDEN #lobby {msgid} :")
    assert bare(ask(bob, "REDACT #lobby nothing-1"))[0].startswith("FAIL REDACT UNKNOWN_MSGID #lobby nothing-1 :")
    assert bare(ask(bob, f"REDACT #elsewhere {msgid}"))[0].startswith("FAIL REDACT INVALID_TARGET #elsewhere :")
    assert bare(ask(alice, f"REDACT #lobby {msgid} :typo")) == [f"alice REDACT #lobby {msgid} :typo"]
    assert bare(bob.lines()) == [f"alice REDACT #lobby {msgid} :typo"]
    assert bare(carol.lines()) == ["NOTICE #lobby :alice removed a message of their own (typo)"]
    past = ask(carol, "HISTORY #lobby 5")
    assert SECRET not in repr(past)
    assert "alice removed this message of their own" in past[-1]
