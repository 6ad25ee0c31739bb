"""Every line of JSON that a server sends fits docs/chatroom.schema.json, and what it would never send does not."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from support import Person, Stage

from chatroom.core.commands import COMMANDS, FOUND
from chatroom.core.dialogue import NAMED_AT_ONCE, OTHER_HISTORY, PART, TRIMMED
from chatroom.core.members import new_id
from chatroom.model.answers import AuditLog, CommandHelp, Gone, Limits, Reported, ReportList
from chatroom.model.errors import ChatError
from chatroom.model.events import KINDS, MAX_ID, Audience, Event, Kicked, Noticed
from chatroom.model.names import MAX_NAME_LENGTH
from chatroom.model.text import clean, clean_lines
from chatroom.testing import MemoryRoom
from chatroom.wire.jsonlines import JSON

DOCS = Path(__file__).parent.parent / "docs"
SCHEMA = json.loads((DOCS / "chatroom.schema.json").read_text(encoding="utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA)
PARTS = SCHEMA["$defs"]

Line = dict[str, Any]

EVENT: Line = {"id": 7, "at": 1795340461.5, "kind": "said", "room": "lobby", "nick": "alice", "text": "hi"}
AWAY: Line = {"at": 1795340461.5, "kind": "away", "room": "lobby", "nick": "alice", "text": "lunch"}
HISTORY: Line = {"kind": "history", "room": "lobby", "events": [EVENT], "more": False}
PRIVATE: Line = {"kind": "private", "at": 1795340461.5, "nick": "alice", "to": "bob", "text": "psst"}

SHOWN = [kind for kind in KINDS.values() if kind.audience is not Audience.NOBODY]
"""The kinds of events that anybody is shown."""

EVENT_KINDS = list(dict.fromkeys(kind.shown_as for kind in SHOWN))
"""Their names in JSON."""

KEPT_KINDS = list(dict.fromkeys(kind.shown_as for kind in SHOWN if kind.kept))

OPTIONAL = {
    **dict.fromkeys(EVENT_KINDS, ("member", "about", "extras", "ref")),
    # These say of whom, or of what mode, they are in the extras.
    **dict.fromkeys(("kicked", "role", "rank", "mode"), ("member", "about", "ref")),
    # One client of several is told of the rooms that its member is in.
    "joined": ("id", "member", "about", "extras", "ref"),
    "private": ("notice", "ref"),
    "done": ("event",),
    "people": ("after", "more", "ref"),
    "rooms": ("words", "after", "more", "ref"),
    "password": ("what",),
    "history": ("ids", "ref"),
    "report": ("about", "message"),
    "reports": ("more", "ref"),
    "audit": ("more", "ref"),
    **dict.fromkeys(("welcome", "reset", "invited", "gone"), ()),
}
"""The fields that a line may do without, by its kind; of every other kind, the ref alone."""


def kinds() -> set[str]:
    """Every kind that the schema knows."""
    (*answers,) = (part["$ref"].rpartition("/")[2] for part in SCHEMA["oneOf"])
    answers.remove("event")
    return {*answers, *PARTS["event"]["properties"]["kind"]["enum"]}


def objects(lines: list[str]) -> list[Line]:
    """The lines that are JSON; NICK is not."""
    return [json.loads(line) for line in lines if line.startswith("{")]


def misfits(lines: list[Line]) -> list[tuple[Line, str]]:
    """Those that do not fit, and why."""
    return [(line, error.message) for line in lines for error in VALIDATOR.iter_errors(line)]


def lively_session() -> tuple[list[Line], list[Line]]:
    """What alice is sent in a room in which everything happens, and what programs are sent who send JSON as well."""
    room = MemoryRoom(max_ignored=1, motd=str(DOCS / "index.rst"), max_lines=5)
    bob = room.enter("bob", "room=garden,lobby")
    bob.type("before she came", "/topic Deploys", "oops")
    room.settle()
    bob.type("/remove last bob typo")
    room.settle()
    alice = room.connect()
    alice.type("server format=json", "bob format=json", "alice cooper", "alice format=json since=1 room=garden,lobby")
    seen = alice.lines()
    bob.type("hello \u202ealice\x1b[31m", "/me waves", "/topic -", "/nick Robert", "/msg alice psst", "//etc")
    bob.type("/away at lunch", "/away")
    for line in (
        'tea? \N{TEACUP WITHOUT HANDLE} 日本語 \\ "quoted" \t\'',
        "/help",
        "/who",
        "/who garden",
        "/rooms",
        "/history",
        "/history 1 before 3",
        "/history ids 2",
        "/search hello alice",
        "/search nothing of that kind",
        "/search ?",
        "/join cellar",
        "/invite robert",
        "/leave cellar",
        "/invite robert",
        "/msg robert psst",
        "/msg carol psst",
        "/ping 17",
        "/ignore robert",
        "/ignore carol",
        "/leave nowhere",
        "/join [nowhere]",
        "/who nowhere",
        "/me joined",
        "/halp",
        "/history 0",
        *("/register", "", "/login", ""),
        "/oper root tea",
        "/kill robert",
        "x" * 5000,
        "/nick Alice2",
    ):
        alice.type(line)
        seen += alice.lines()
    alice.send(b"\xff\xfe\xff\xff\n")
    bob.close()
    room.factory.broadcast("supper is ready")
    others = programs(room)
    # What an IRC client may say beside what the line door has words for, and a bot beside both.
    carol = room.enter("carol").protocol.session.member
    room.chat.say(carol, "lobby", "supper is getting cold", Noticed)
    room.chat.say(carol, "lobby", "tea?", about=3, extras={"kettle": {"litres": [1.5, None]}})
    room.chat.private(carol, "Alice2", "so is\nyours", notice=True)
    keep_order(room)
    # And what is told of somebody whose leaving a log cannot keep.
    alice.protocol.session.tell(Gone("lobby", "dave", "connection lost"))
    # And of more reports, and a longer audit log, than there can be in a moment.
    alice.protocol.session.tell(Reported(7, 0.0, "lobby", "bob", "dave", "rude", 2, "boo"))
    alice.protocol.session.tell(ReportList([], more=True))
    alice.protocol.session.tell(AuditLog([], more=True))
    seen += alice.lines()
    alice.type("/leave garden", "/leave", "hello?", "/quit")
    return objects(seen + alice.lines()), others


def keep_order(room: MemoryRoom) -> None:
    """Somebody gives roles, sets a mode and puts somebody out."""
    root, dora, fred = (room.enter(name) for name in ("root", "dora", "fred"))
    root.protocol.session.member.operator = True
    room.chat.accounts.log_in_as(dora.protocol.session.member, "dora", 0.0)
    for line in ("/op dora", "/voice fred", "/set limit 100", "/kick dora rude"):
        root.type(line)
    fred.lines()


def programs(room: MemoryRoom) -> list[Line]:
    """What programs are sent, one of which comes back from another history."""
    dave = room.connect()
    dave.type("dave format=json input=json since=99999")
    erin = room.enter("erin", "format=json input=json room=attic")
    erin.protocol.session.member.operator = True
    requests: list[Line] = [
        *({"do": f"/{line}"} for line in ("report 2 rude", "report dave rude", "reports", "audit")),
        {"say": "two\n\nlines"},
        *[{"say": "yes", "about": 2, "ref": "sent twice"}] * 2,
        {"say": "here", "room": "attic"},
        {"say": "here", "room": "lobby"},
        {"say": ""},
        {"say": "\n".join("123456")},
        {"say": 7},
        {"do": "/register", "secret": "correct horse"},
        {"do": "/away lunch"},
        *({"do": f"/{name}"} for name in COMMANDS if name not in ("quit", "away", "leave")),
        *({"do": f"/{line}"} for line in ("me waves", "nick Erin2", "join loft", "msg nobody psst")),
        *[{"do": "/msg dave psst", "ref": "told twice"}] * 2,
        *({"do": f"/{line}"} for line in ("invite dave", "topic Attic", "history 5", "search yes", "ping", "who")),
        *({"do": f"/{line}"} for line in ("ignore dave", "unignore dave", "join attic", "leave loft", "leave")),
    ]
    for number, request in enumerate(requests):
        erin.type(json.dumps({"ref": f"~ {number}", **request}))
        room.settle()
    erin.type('{"do": "/invite dave", "ref": "in no room"}')
    return objects(dave.lines() + erin.lines())


def crowded_session() -> list[Line]:
    """What somebody is sent of many rooms, and of many people."""
    room = MemoryRoom()
    for number in range(3):
        many = room.enter(f"many{number}", f"room={','.join(f'room{number}x{one}' for one in range(40))}")
        many.type("/topic Tea")
    for number in range(25):
        room.enter(f"guest{number}")
    alice = room.enter("alice", "format=json room=attic")
    for line in ("/join lobby", "/who after guest3", "/rooms", "/rooms tea after room0x3", "/who lobby after many0"):
        alice.type(line)
    return objects(alice.lines())


@pytest.fixture(scope="module")
def sessions() -> tuple[list[Line], list[Line]]:
    return lively_session()


@pytest.fixture
def lively(sessions: tuple[list[Line], list[Line]]) -> list[Line]:
    """What alice is sent, who sends lines of text."""
    return sessions[0]


@pytest.fixture
def everything(sessions: tuple[list[Line], list[Line]]) -> list[Line]:
    """The same, and what the programs are sent."""
    return sessions[0] + sessions[1] + crowded_session()


def test_the_schema_is_one_itself() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == Draft202012Validator.META_SCHEMA["$id"]


def test_every_line_of_a_lively_session_fits_and_every_kind_occurs(everything: list[Line]) -> None:
    assert misfits(everything) == []
    assert {line["kind"] for line in everything} == kinds()


def test_every_field_occurs(everything: list[Line]) -> None:
    for kind in kinds():
        part = PARTS["event" if kind in EVENT_KINDS else kind]
        found = {name for line in everything if line["kind"] == kind for name in line}
        if kind in EVENT_KINDS:
            assert found >= set(part["required"]) | {"member"}
        else:
            assert found == set(part["properties"]), kind
    seen = {name for line in everything if line["kind"] in EVENT_KINDS for name in line}
    assert seen == set(PARTS["event"]["properties"])


def test_only_what_is_kept_has_an_id_and_each_has_one(lively: list[Line]) -> None:
    answers = kinds() - set(EVENT_KINDS)
    assert {line["kind"] for line in lively if "id" in line} == set(KEPT_KINDS)
    assert {line["kind"] for line in lively if "id" not in line} <= answers | set(EVENT_KINDS) - set(KEPT_KINDS)
    new = [line["id"] for line in lively if "id" in line]
    assert new == sorted(set(new)), "what was missed and what is new meet in the order of their ids"


def test_only_what_comes_of_a_request_with_a_ref_carries_one(sessions: tuple[list[Line], list[Line]]) -> None:
    lines, requests = sessions
    assert not [line for line in lines if "ref" in line]
    assert {line["kind"] for line in requests if "ref" in line} >= {"said", "error", "private", "done", "left", "away"}
    assert not [
        line for line in requests if "ref" in line and line.get("nick", "erin").casefold() not in ("erin", "erin2")
    ]


def test_past_and_live_come_in_pairs_and_enclose_events_alone(lively: list[Line]) -> None:
    order = "".join({"past": "(", "live": ")"}.get(line["kind"], "e" if "id" in line else "a") for line in lively)
    assert re.fullmatch(r"(?:[ae]*\(e*\))+[ae]*", order)


def test_every_kind_and_every_code_that_there_is_stands_in_the_schema() -> None:
    assert PARTS["event"]["properties"]["kind"]["enum"] == EVENT_KINDS
    codes = PARTS["error"]["properties"]["code"]["enum"]
    assert len(codes) == len(set(codes))
    # Tests may have made errors of their own.
    assert set(codes) == {error.code for error in kin(ChatError) if error.__module__ == ChatError.__module__}


def kin(family: type[ChatError]) -> Iterator[type[ChatError]]:
    yield family
    for child in family.__subclasses__():
        yield from kin(child)


def test_the_limits_in_the_schema_are_those_of_the_program() -> None:
    assert PARTS["welcome"]["properties"]["people"]["maxItems"] == NAMED_AT_ONCE
    assert PARTS["history"]["properties"]["events"]["maxItems"] == PART
    assert PARTS["found"]["properties"]["events"]["maxItems"] == FOUND
    assert PARTS["nickname"]["maxLength"] == PARTS["roomName"]["maxLength"] == MAX_NAME_LENGTH
    assert PARTS["id"]["maximum"] == MAX_ID
    assert PARTS["reset"]["properties"]["code"]["enum"] == [OTHER_HISTORY[0], TRIMMED[0]]
    assert list(PARTS["welcome"]["properties"]["limits"]["properties"]) == list(Limits._fields)
    assert list(PARTS["welcome"]["properties"]["commands"]["items"]["properties"]) == list(CommandHelp._fields)


def test_the_examples_in_the_protocol_fit() -> None:
    shown = re.findall(r"(?m)^ +S: (\{.*\})$", (DOCS / "protocol.rst").read_text(encoding="utf-8"))
    assert len(shown) > 15
    assert misfits([json.loads(line) for line in shown]) == []


@given(
    # Those that tell of somebody else, or of a mode, have extras of their own.
    kind=st.sampled_from([kind.kind for kind in SHOWN if not kind.is_rule and kind is not Kicked]),
    text=st.text().map(clean_lines).filter(bool),
    id_=st.integers(1, MAX_ID),
    at=st.floats(0, 2**33),
    member=st.sampled_from(["", new_id()]),
    about=st.integers(0, MAX_ID),
    extras=st.dictionaries(st.text(), st.one_of(st.none(), st.integers(), st.text()), max_size=2),
    ref=st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=64),
)
def test_whatever_is_said_or_done_fits(
    *, kind: str, text: str, id_: int, at: float, member: str, about: int, extras: dict[str, object], ref: str
) -> None:
    text = {"joined": "", "renamed": "Alice2", "said": text, "noticed": text}.get(kind, clean(text) or "?")
    event: Event = KINDS[kind](id_, at, "lobby", member, "alice", text, about, extras)
    lines = [JSON.event(event, False), JSON.event_with_ref(event, ref, False), JSON.past_event(event, False, "", ref)]
    assert misfits(objects([line.decode("utf-8", "surrogatepass") for line in lines])) == []


# What a server would never send.


@pytest.mark.parametrize("kind", sorted(kinds()))
def test_a_line_with_a_field_less_or_more_or_of_another_type_does_not_fit(kind: str, everything: list[Line]) -> None:
    # The one with the most fields.
    line = max(
        (line for line in everything if line["kind"] == kind), key=lambda line: (len(line), len(json.dumps(line)))
    )
    assert VALIDATOR.is_valid(line)
    for field, value in line.items():
        without = {name: other for name, other in line.items() if name != field}
        assert VALIDATOR.is_valid(without) == (field in OPTIONAL.get(kind, ("ref",))), field
        others: list[object] = [None, [None], {}, "1" if not isinstance(value, str) else 1]
        for wrong in [*others, True] if value not in (True, False) else others:
            assert not VALIDATOR.is_valid({**line, field: wrong}), (field, wrong)
    assert not VALIDATOR.is_valid({**line, "colour": "red"})
    if "id" not in line:
        assert not VALIDATOR.is_valid({**line, "id": 7})


@pytest.mark.parametrize(
    "wrong",
    [
        [],
        "said",
        {},
        {"kind": "knocked"},
        {**EVENT, "kind": "knocked"},
        {**EVENT, "id": 0},
        {**EVENT, "id": 1.5},
        {**EVENT, "id": "7"},
        {**EVENT, "id": 2**63},
        {**EVENT, "at": -1},
        {**EVENT, "at": "2026-11-22"},
        {**EVENT, "nick": ""},
        {**EVENT, "nick": "alice cooper"},
        {**EVENT, "nick": "*"},
        {**EVENT, "nick": "alice:"},
        {**EVENT, "nick": "alice\u2236"},
        {**EVENT, "nick": "a" * 33},
        {**EVENT, "room": "#lobby"},
        {**EVENT, "room": "lob]by"},
        {**EVENT, "text": ""},
        {**EVENT, "text": "\ntwo lines"},
        {**EVENT, "text": "two lines\n"},
        {**EVENT, "text": "two\r\nlines"},
        *[{**EVENT, "kind": kind, "text": "two\nlines"} for kind in EVENT_KINDS if kind not in ("said", "noticed")],
        {name: value for name, value in EVENT.items() if name != "id"},
        {**AWAY, "id": 7},
        *[{**EVENT, "member": wrong} for wrong in ("", "x" * 11, "x" * 13, "x" * 11 + "+")],
        *[{**EVENT, "about": wrong} for wrong in (0, -1, 2**63, "7")],
        {**EVENT, "extras": {}},
        *[{**EVENT, "ref": wrong} for wrong in ("", "x" * 65, "caf\u00e9", "\n")],
        {**EVENT, "text": "\x1b[31mred"},
        {**EVENT, "text": "\u202etxet"},
        {**EVENT, "kind": "noticed", "text": ""},
        {**EVENT, "kind": "quit", "text": ""},
        {**EVENT, "notice": True},
        {**EVENT, "kind": "joined", "text": "hi"},
        {**EVENT, "kind": "renamed", "text": ""},
        {**EVENT, "kind": "renamed", "text": "alice cooper"},
        {"kind": "error", "code": "no-such-code", "text": "No."},
        {"kind": "error", "code": "error", "text": ""},
        {**PRIVATE, "notice": False},
        {**PRIVATE, "text": "\n"},
        {"kind": "done"},
        {"kind": "done", "event": 7},
        {"kind": "done", "ref": "7", "event": 0},
        {"kind": "reset", "code": "other-history", "text": ""},
        {"kind": "reset", "code": "no-such-code", "text": "No."},
        {"kind": "invited", "nick": "alice", "room": ""},
        {"kind": "live", "ref": ""},
        {"kind": "pong"},
        {"kind": "pong", "text": "two\nlines"},
        {"kind": "live", "room": "lobby"},
        {"kind": "past"},
        {"kind": "past", "room": ""},
        {"kind": "speaking", "room": "#lobby"},
        {**HISTORY, "events": [{**EVENT, "kind": "joined", "text": ""}]},
        {**HISTORY, "events": [{**EVENT, "colour": "red"}]},
        {**HISTORY, "events": [{**EVENT, "ref": "7"}]},
        {**HISTORY, "events": [AWAY]},
        {**HISTORY, "events": [EVENT] * 51},
        {"kind": "found", "room": "lobby", "words": "", "events": []},
        {"kind": "found", "room": "lobby", "words": "hi", "events": [EVENT] * 21},
        {"kind": "people", "room": "lobby", "topic": "", "people": [], "size": 0},
        {"kind": "rooms", "rooms": [{"room": "lobby", "size": 1}]},
        {"kind": "rooms", "rooms": [{"room": "lobby", "size": 1, "topic": "", "id": 7}]},
    ],
    ids=repr,
)
def test_what_a_server_would_never_send_does_not_fit(wrong: object) -> None:
    assert not VALIDATOR.is_valid(wrong)


def test_what_a_server_of_this_version_sends_now_and_then_fits() -> None:
    for line in (
        *(EVENT, AWAY, HISTORY, PRIVATE, {**EVENT, "text": "two\n\nlines"}, {**PRIVATE, "text": "two\nlines"}),
        *(
            {**EVENT, "kind": "left", "text": ""},
            {**EVENT, "ref": "~" * 64, "about": MAX_ID},
            {"kind": "live", "ref": " "},
        ),
        {"kind": "done", "ref": "7"},
    ):
        assert VALIDATOR.is_valid(line), line


def test_each_kind_is_closed_and_has_all_of_its_fields() -> None:
    answers = [part["$ref"].rpartition("/")[2] for part in SCHEMA["oneOf"]]
    assert len(answers) == len(set(answers))
    for kind in answers:
        part = PARTS[kind]
        optional = ("member", "about", "extras", "ref") if kind == "event" else OPTIONAL.get(kind, ("ref",))
        assert part["additionalProperties"] is False
        fields = [*(["id"] if kind == "event" else []), *part["required"], *optional]
        assert sorted(fields) == sorted(part["properties"])
        assert list(part["properties"])[: len(part["required"])] == fields[: len(part["required"])] or kind == "done"


# The server in a process of its own, with its history on disk.


def read_until(person: Person, wanted: Callable[[Line], bool]) -> list[Line]:
    """The lines up to the one that is wanted."""
    lines: list[Line] = []
    while not lines or not wanted(lines[-1]):
        lines += objects([person.expect("\n")])
    return lines


def said(text: str) -> Callable[[Line], bool]:
    return lambda line: line["kind"] == "said" and line["text"] == text


def test_lines_from_the_history_on_disk_fit_and_go_on_after_the_server_was_killed(stage: Stage) -> None:
    server = stage.serve()
    alice = stage.connect(server.port)
    alice.expect("NICK\r\n")
    alice.send("alice format=json")
    for number in range(10):
        alice.send(f"line {number}")
    before = read_until(alice, said("line 9"))
    server.signal(signal.SIGKILL)
    server.status()

    server = stage.serve()
    bob = stage.connect(server.port)
    bob.expect("NICK\r\n")
    known = next(line["id"] for line in before if said("line 3")(line))
    bob.send(f"bob format=json since={known}")
    bob.send("/history 5 before 9")
    bob.send("hello")
    after = read_until(bob, said("hello"))

    assert misfits(before + after) == []
    texts = [line["text"] for line in after if line["kind"] == "said"]
    assert texts == [*(f"line {number}" for number in range(4, 10)), "hello"]
    ids = [line["id"] for line in before if "id" in line and line["id"] <= known]
    ids += [line["id"] for line in after if "id" in line]
    assert ids == sorted(set(ids))
    (history,) = (line for line in after if line["kind"] == "history")
    assert [event["id"] for event in history["events"]] == [4, 5, 6, 7, 8]
