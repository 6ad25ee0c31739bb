"""Every kind of event and answer has a look in each format, and JSON lines are read back as what they were."""

from __future__ import annotations

import json
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatroom.model.answers import (
    Answer,
    AuditEntry,
    AuditLog,
    CommandHelp,
    Done,
    Found,
    Gone,
    History,
    Invited,
    Limits,
    Live,
    LoggedIn,
    Notice,
    PasswordWanted,
    Past,
    People,
    Pong,
    Private,
    Refused,
    Reported,
    ReportList,
    Reset,
    RoomList,
    RoomSummary,
    Speaking,
    Welcome,
)
from chatroom.model.events import (
    KINDS,
    Acted,
    Audience,
    Away,
    Event,
    Joined,
    Kicked,
    Left,
    ModeSet,
    Noticed,
    Quit,
    RankChanged,
    Removal,
    Removed,
    Renamed,
    RoleChanged,
    Said,
    TopicChanged,
)
from chatroom.wire.formats import day_of
from chatroom.wire.handshake import FORMATS
from chatroom.wire.jsonlines import JSON
from chatroom.wire.plain import NAMES_IN_A_LINE, PLAIN
from chatroom.wire.reading import read_json

NOON = datetime(2026, 11, 22, 12, 5).timestamp()


def kicked(reason: str) -> Event:
    return Kicked(7, NOON, "lobby", "id-1", "alice", reason, 0, {"member": "id-2", "nick": "bob"})


def role(kind: type[Event], word: str) -> Event:
    extras = {"account": "Bob", "member": "id-2", "nick": "bob", **({} if word else {"was": "operator"})}
    return kind(8, NOON, "lobby", "id-1", "alice", word, 0, extras)


EVENTS: list[tuple[Event, list[str]]] = [
    (Said(1, NOON, "lobby", "id-1", "alice", "hi"), ["alice: hi"]),
    (
        Said(1, NOON, "lobby", "id-1", "alice", "one\n* two\n\nthree"),
        ["alice: one", "alice: * two", "alice: ", "alice: three"],
    ),
    (Said(1, NOON, "lobby", "", "alice", "hi", 7, {"tea": [1, None]}), ["alice: hi"]),
    (Noticed(1, NOON, "lobby", "id-1", "alice", "hi"), ["alice: hi"]),
    (Noticed(1, NOON, "lobby", "id-1", "alice", "hi\nyou"), ["alice: hi", "alice: you"]),
    (Acted(2, NOON, "lobby", "id-1", "alice", "waves"), ["* alice waves"]),
    (Joined(3, NOON, "lobby", "id-1", "alice", ""), ["* alice joined"]),
    (Left(4, NOON, "lobby", "id-1", "alice", ""), ["* alice left"]),
    (Left(4, NOON, "lobby", "id-1", "alice", "tea"), ["* alice left (tea)"]),
    (Quit(4, NOON, "lobby", "id-1", "alice", ""), ["* alice left"]),
    (Quit(4, NOON, "lobby", "id-1", "alice", "tea"), ["* alice left (tea)"]),
    (Renamed(5, NOON, "lobby", "id-1", "alice", "al"), ["* alice is now al"]),
    # Whoever wants to know it asks.
    (Away(5, NOON, "lobby", "id-1", "alice", "lunch"), []),
    (Away(5, NOON, "lobby", "id-1", "alice", ""), []),
    (TopicChanged(6, NOON, "lobby", "id-1", "alice", "tea"), ["* alice set the topic: tea"]),
    (TopicChanged(6, NOON, "lobby", "id-1", "alice", ""), ["* alice took away the topic"]),
    (
        Removal(7, NOON, "lobby", "id-1", "bob", "spam", 1, {"nick": "alice"}),
        ["* bob removed a message of alice's (spam)"],
    ),
    (Removal(7, NOON, "lobby", "id-1", "bob", "", 1, {"nick": "bob"}), ["* bob removed a message of their own"]),
    (
        Removal(7, NOON, "lobby", "id-1", "bob", "", 0, {"nick": "alice", "ids": [1, 2], "count": 3}),
        ["* bob removed 3 messages of alice's"],
    ),
    (Removal(8, NOON, "lobby", "id-1", "bob", "", 0, {"nick": "alice", "ids": [3], "more": True}), []),
    (
        Removed(1, NOON, "lobby", "id-1", "alice", "spam", 7, {"by": "bob"}),
        ["* bob removed this message of alice's (spam)"],
    ),
    (
        Kicked(9, NOON, "lobby", "id-1", "alice", "rude", 0, {"member": "id-2", "nick": "bob"}),
        ["* alice put bob out of lobby (rude)"],
    ),
    (
        RoleChanged(10, NOON, "lobby", "id-1", "alice", "operator", 0, {"account": "bob", "nick": "bob"}),
        ["* alice made bob an operator of lobby"],
    ),
    (
        RankChanged(10, NOON, "lobby", "id-1", "alice", "voice", 0, {"member": "id-2", "nick": "bob"}),
        ["* alice gave bob a voice in lobby"],
    ),
    (ModeSet(11, NOON, "lobby", "id-1", "alice", "30", 0, {"mode": "slow"}), ["* alice set the mode slow: 30"]),
    (ModeSet(11, NOON, "lobby", "id-1", "alice", "", 0, {"mode": "slow"}), ["* alice took away the mode slow"]),
]
"""What each kind looks like to a person."""

REPORT: dict[str, object] = {
    **{"number": 3, "at": NOON, "room": "lobby", "nick": "alice", "target": "bob", "text": "rude"},
    **{"about": 7, "message": "boo"},
}

ANSWERS: list[tuple[Answer, list[str], dict[str, object]]] = [
    (
        Reported(3, NOON, "lobby", "alice", "bob", "rude", 7, "boo"),
        [
            "* report 3: alice reports message 7 of bob's in lobby: rude - the message: boo",
            "* /reports done 3 closes it",
        ],
        {"kind": "report", **REPORT},
    ),
    (
        ReportList([Reported(3, NOON, "lobby", "alice", "bob", "rude", 7, "boo")], more=True),
        [
            "* 2026-11-22 12:05 report 3: alice reports message 7 of bob's in lobby: rude - the message: boo",
            "* and more, which are shown once some of these are done",
        ],
        {"kind": "reports", "reports": [REPORT], "more": True},
    ),
    (ReportList([]), ["* no report is open"], {"kind": "reports", "reports": []}),
    (
        AuditLog([AuditEntry(5, NOON, "bob", "remove", "alice", "lobby", "spam", "rob", 7)], more=True),
        [
            "* 5 2026-11-22 12:05 bob (rob): remove 7 alice in lobby: spam",
            "* /audit 1 before 5 shows what was before",
        ],
        {
            "kind": "audit",
            "entries": [
                {
                    **{"number": 5, "at": NOON, "nick": "bob", "action": "remove", "target": "alice"},
                    **{"room": "lobby", "text": "spam", "account": "rob", "about": 7},
                }
            ],
            "more": True,
        },
    ),
    (AuditLog([]), ["* the audit log has nothing more"], {"kind": "audit", "entries": []}),
    (Notice("tea is ready"), ["* tea is ready"], {"kind": "notice", "text": "tea is ready"}),
    (
        Gone("lobby", "alice", "tea"),
        ["* alice left (tea)"],
        {"kind": "gone", "room": "lobby", "nick": "alice", "text": "tea"},
    ),
    (Refused("a-code", "No."), ["! No."], {"kind": "error", "code": "a-code", "text": "No."}),
    (
        Private(NOON, "alice", "bob", "psst"),
        ["alice (privately to bob): psst"],
        {"kind": "private", "at": NOON, "nick": "alice", "to": "bob", "text": "psst"},
    ),
    (
        Private(NOON, "alice", "bob", "psst\n\n* hush"),
        ["alice (privately to bob): psst", "alice (privately to bob): ", "alice (privately to bob): * hush"],
        {"kind": "private", "at": NOON, "nick": "alice", "to": "bob", "text": "psst\n\n* hush"},
    ),
    (
        Private(NOON, "alice", "bob", "psst", notice=True),
        ["alice (privately to bob): psst"],
        {"kind": "private", "at": NOON, "nick": "alice", "to": "bob", "text": "psst", "notice": True},
    ),
    (
        Welcome("bob", "lobby", "tea", ["alice", "bob"], 3, commands=[]),
        [
            "* welcome to lobby, bob. In the room: alice, bob. /help lists the commands.",
            "* and 1 more: /who names them all",
            "* the topic is: tea",
        ],
        {
            **{
                "kind": "welcome",
                "nick": "bob",
                "room": "lobby",
                "topic": "tea",
                "people": ["alice", "bob"],
                "size": 3,
            },
            **{"member": "", "history": "", "limits": None, "commands": []},
        },
    ),
    (
        Welcome(
            *("bob", "lobby", "", ["bob"], 1, "id-2", "0a1b2c", Limits(4096, 8192, 100, 32)),
            [CommandHelp("me", "text", "say what you do"), CommandHelp("quit", "[reason]", "leave")],
        ),
        ["* welcome to lobby, bob. In the room: bob. /help lists the commands."],
        {
            **{"kind": "welcome", "nick": "bob", "room": "lobby", "topic": "", "people": ["bob"], "size": 1},
            **{"member": "id-2", "history": "0a1b2c"},
            "limits": {"line": 4096, "message": 8192, "lines": 100, "nickname": 32},
            "commands": [
                {"name": "me", "arguments": "text", "help": "say what you do", "in_room": False},
                {"name": "quit", "arguments": "[reason]", "help": "leave", "in_room": False},
            ],
        },
    ),
    (
        Invited("alice", "garden"),
        ["* alice invites you to garden: /join garden"],
        {"kind": "invited", "nick": "alice", "room": "garden"},
    ),
    (
        Reset("trimmed", "Too long ago."),
        ["* Too long ago."],
        {"kind": "reset", "code": "trimmed", "text": "Too long ago."},
    ),
    (Done(7), ["* that was done before"], {"kind": "done", "event": 7}),
    (Done(0), ["* that was done before"], {"kind": "done"}),
    (
        People("lobby", "", ["alice", "bob"], 2),
        ["* 2 in lobby: alice, bob"],
        {"kind": "people", "room": "lobby", "topic": "", "people": ["alice", "bob"], "size": 2},
    ),
    (RoomList([]), ["* there are no rooms: /join makes one"], {"kind": "rooms", "rooms": []}),
    (
        RoomList([RoomSummary("garden", 2, "roses"), RoomSummary("lobby", 1, "")]),
        ["* garden (2 here): roses", "* lobby (1 here)"],
        {
            "kind": "rooms",
            "rooms": [{"room": "garden", "size": 2, "topic": "roses"}, {"room": "lobby", "size": 1, "topic": ""}],
        },
    ),
    (
        History("lobby", []),
        ["* nothing was said in lobby"],
        {"kind": "history", "room": "lobby", "events": [], "more": False},
    ),
    (
        History(
            "lobby",
            [Said(1, NOON, "lobby", "id-1", "alice", "hi"), Said(2, NOON + 60, "lobby", "id-1", "bob", "hello")],
        ),
        ["* what was said in lobby:", "* 2026-11-22:", "[12:05] alice: hi", "[12:06] bob: hello"],
        {
            "kind": "history",
            "room": "lobby",
            "events": [
                {"id": 1, "at": NOON, "kind": "said", "room": "lobby", "nick": "alice", "text": "hi", "member": "id-1"},
                {
                    "id": 2,
                    "at": NOON + 60,
                    "kind": "said",
                    "room": "lobby",
                    "nick": "bob",
                    "text": "hello",
                    "member": "id-1",
                },
            ],
            "more": False,
        },
    ),
    (
        History("lobby", [Said(1, NOON, "lobby", "id-1", "alice", "hi")], more=True),
        ["* what was said in lobby:", "* 2026-11-22:", "[12:05] alice: hi"],
        {
            "kind": "history",
            "room": "lobby",
            "events": [
                {"id": 1, "at": NOON, "kind": "said", "room": "lobby", "nick": "alice", "text": "hi", "member": "id-1"}
            ],
            "more": True,
        },
    ),
    (
        Found("lobby", "tea", []),
        ["* nothing was found in lobby for: tea"],
        {"kind": "found", "room": "lobby", "words": "tea", "events": []},
    ),
    (
        Found("lobby", "hi", [Said(1, NOON, "lobby", "id-1", "alice", "hi")]),
        ["* what was found in lobby for: hi", "* 2026-11-22:", "[12:05] alice: hi"],
        {
            "kind": "found",
            "room": "lobby",
            "words": "hi",
            "events": [
                {"id": 1, "at": NOON, "kind": "said", "room": "lobby", "nick": "alice", "text": "hi", "member": "id-1"}
            ],
        },
    ),
    (Past("lobby"), [], {"kind": "past", "room": "lobby"}),
    (Live(), [], {"kind": "live"}),
    (Speaking("garden"), ["* you now speak in garden"], {"kind": "speaking", "room": "garden"}),
    (Speaking(""), ["* you are in no room: /join one"], {"kind": "speaking", "room": ""}),
    (Pong(""), ["* pong"], {"kind": "pong", "text": ""}),
    (Pong("17 tea"), ["* pong 17 tea"], {"kind": "pong", "text": "17 tea"}),
    (PasswordWanted(), ["* password:"], {"kind": "password"}),
    (PasswordWanted("again"), ["* password (again):"], {"kind": "password", "what": "again"}),
    (LoggedIn("alice"), ["* you are logged in to the account alice"], {"kind": "account", "account": "alice"}),
    (LoggedIn(""), ["* you are logged out"], {"kind": "account", "account": ""}),
]


def test_every_kind_is_shown_here() -> None:
    assert {type(event) for event, _ in EVENTS} == {
        kind for kind in KINDS.values() if kind.audience is not Audience.NOBODY
    }
    assert {type(answer) for answer, *_ in ANSWERS} == set(Answer.__args__)


@pytest.mark.parametrize(("event", "lines"), EVENTS)
def test_a_person_reads_an_event(event: Event, lines: list[str]) -> None:
    assert PLAIN.event(event, False) == "".join(f"{line}\r\n" for line in lines).encode()
    assert PLAIN.event(event, True) == "".join(f"[lobby] {line}\r\n" for line in lines).encode()
    assert PLAIN.event_with_ref(event, "7", False) == PLAIN.event(event, False)
    assert PLAIN.event_with_ref(event, "7", True) == PLAIN.event(event, True)
    assert PLAIN.lines(event) == lines
    assert PLAIN.lines(event, elsewhere=True) == [f"[lobby] {line}" for line in lines]


@pytest.mark.parametrize(("event", "lines"), [(event, lines) for event, lines in EVENTS if event.kept])
@pytest.mark.parametrize("ref", ["", "7"])
def test_a_person_reads_when_it_was(event: Event, lines: list[str], ref: str) -> None:
    timed = [f"[12:05] {line}" for line in lines]
    elsewhere = ["* 2026-11-22:", *(f"[12:05] [lobby] {line}" for line in lines)]

    assert PLAIN.past_event(event, False, "2026-11-22", ref).decode().splitlines() == timed
    assert PLAIN.past_event(event, True, "2026-11-21", ref).decode().splitlines() == elsewhere


@pytest.mark.parametrize(("answer", "lines", "_object"), ANSWERS)
def test_a_person_reads_an_answer(answer: Answer, lines: list[str], _object: dict[str, object]) -> None:
    assert PLAIN.answer(answer) == PLAIN.answer(answer, "7") == "".join(f"{line}\r\n" for line in lines).encode()
    assert PLAIN.lines(answer) == lines


@pytest.mark.parametrize(("event", "_lines"), EVENTS)
def test_a_program_reads_an_event(event: Event, _lines: list[str]) -> None:
    # Whether somebody left one room or all of them makes no difference to those who stay in it.
    kind = "left" if isinstance(event, Quit) else next(name for name, type_ in KINDS.items() if type_ is type(event))
    expected = {"at": NOON, "kind": kind, "room": "lobby", "nick": event.nickname, "text": event.text}
    if event.kept:
        # What the log does not keep has no id by which one could come back.
        expected["id"] = event.id
    for name, value in (("member", event.member), ("about", event.about), ("extras", event.extras)):
        if value:
            expected[name] = value

    for data in (JSON.event(event, False), JSON.event(event, True), JSON.past_event(event, True, "")):
        assert data.endswith(b"\r\n")
        assert json.loads(data) == expected
    for data in (JSON.event_with_ref(event, "7", True), JSON.past_event(event, True, "", "7")):
        assert data.endswith(b"\r\n")
        assert json.loads(data) == {**expected, "ref": "7"}


def test_nobody_is_shown_the_ref_of_an_event_who_is_not_to_be() -> None:
    event = Said(1, NOON, "lobby", "id-1", "alice", "hi", ref="7")

    assert b"ref" not in JSON.event(event, False) + JSON.past_event(event, False, "")


@pytest.mark.parametrize(("answer", "_lines", "expected"), ANSWERS)
def test_a_program_reads_an_answer(answer: Answer, _lines: list[str], expected: dict[str, object]) -> None:
    assert json.loads(JSON.answer(answer)) == expected
    assert json.loads(JSON.answer(answer, "7")) == {**expected, "ref": "7"}


@pytest.mark.parametrize("thing", [event for event, _ in EVENTS] + [answer for answer, *_ in ANSWERS])
def test_a_line_of_json_is_read_back_as_what_it_was(thing: Event | Answer) -> None:
    line = JSON.event(thing, False) if isinstance(thing, Event) else JSON.answer(thing)
    again = read_json(line)
    # What is not kept has no id there.
    expected = thing._replace(id=0) if isinstance(thing, Event) and not thing.kept else thing

    assert again == expected
    assert type(again) is (Left if isinstance(thing, Quit) else type(thing))


@pytest.mark.parametrize("event", [event for event, _ in EVENTS])
def test_a_ref_is_read_back(event: Event) -> None:
    again = read_json(JSON.event_with_ref(event, "7 of 7", False))

    assert isinstance(again, Event)
    assert again == event._replace(id=event.id if event.kept else 0, ref="7 of 7")


@given(st.text(st.characters(codec="utf-8")))
def test_json_is_one_line_whatever_the_text(text: str) -> None:
    event = Said(1, NOON, "lobby", "id-1", "alice", text, 7, {text: [text]})
    line = JSON.event(event, False)

    assert line.find(b"\n") == len(line) - 1
    assert read_json(line) == event


def test_a_kind_that_is_not_known_is_none_of_ours() -> None:
    assert read_json('{"kind": "knocked", "nick": "alice"}') is None


EVENT = {"id": 7, "at": NOON, "kind": "said", "room": "lobby", "nick": "alice", "text": "hi"}
WELCOME = {"kind": "welcome", "nick": "bob", "room": "lobby", "topic": "", "people": ["bob"], "size": 1}


@pytest.mark.parametrize(
    "line",
    [
        *("", "NICK", "[]", "1", "{}", '{"kind": "said"}', '{"kind": {}}', b"\xff", "* hi"),
        *(json.dumps({**EVENT, name: value}) for name, value in [("member", 1), ("about", "7"), ("about", None)]),
        *(json.dumps({**EVENT, name: value}) for name, value in [("extras", []), ("ref", 7), ("member", "\ud800")]),
        *(json.dumps({**WELCOME, name: value}) for name, value in [("limits", {}), ("commands", {}), ("member", 1)]),
        json.dumps({**WELCOME, "commands": [{"name": "me"}]}),
        json.dumps({"kind": "done", "event": "7"}),
        json.dumps({"kind": "reset", "code": "trimmed"}),
        json.dumps({"kind": "invited", "nick": "alice"}),
        json.dumps({name: value for name, value in EVENT.items() if name != "id"}),
    ],
)
def test_what_is_no_such_object_is_an_error(line: bytes | str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - json's own errors are of that class
        read_json(line)


def test_many_people_are_named_on_several_lines() -> None:
    names = [f"p{number}" for number in range(NAMES_IN_A_LINE + 2)]
    first, second, more = PLAIN.lines(People("lobby", "", names, NAMES_IN_A_LINE + 5, more=True))

    assert first == f"* {NAMES_IN_A_LINE + 5} in lobby: {', '.join(names[:NAMES_IN_A_LINE])}"
    assert second == f"* and {', '.join(names[NAMES_IN_A_LINE:])}"
    assert more == f"* and 3 more: /who lobby after {names[-1]} names the next"


def test_the_next_page_of_people_goes_on_behind_the_first() -> None:
    assert PLAIN.lines(People("lobby", "tea", ["carol", "dave"], 9, "bob", more=True)) == [
        "* and carol, dave",
        "* and more: /who lobby after dave names the next",
    ]
    assert PLAIN.lines(People("lobby", "tea", [], 9, "bob")) == ["* nobody came into lobby after bob"]


def test_a_list_of_rooms_says_how_to_go_on() -> None:
    garden = RoomSummary("garden", 1, "roses")

    assert PLAIN.lines(RoomList([garden], "rose", more=True))[1:] == [
        "* and more: /rooms rose after garden goes on, /rooms and some words finds others"
    ]
    assert PLAIN.lines(RoomList([], "rose")) == ["* there is no room with: rose"]
    assert PLAIN.lines(RoomList([], after="zoo")) == ["* there are no rooms after zoo"]


def test_a_day_is_that_of_the_local_clock() -> None:
    assert day_of(NOON) == "2026-11-22"


def test_formats_are_found_by_name() -> None:
    assert FORMATS == {"plain": PLAIN, "json": JSON}
