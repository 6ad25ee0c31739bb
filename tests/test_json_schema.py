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

from chatroom.core.commands import FOUND
from chatroom.core.session import NAMED_AT_ONCE, PART
from chatroom.model.errors import ChatError
from chatroom.model.events import KINDS, Event, Gone, Noticed
from chatroom.model.names import MAX_NAME_LENGTH
from chatroom.model.text import clean
from chatroom.testing import MemoryRoom
from chatroom.wire.formats import JSON

DOCS = Path(__file__).parent.parent / "docs"
SCHEMA = json.loads((DOCS / "chatroom.schema.json").read_text(encoding="utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA)
PARTS = SCHEMA["$defs"]

Line = dict[str, Any]

EVENT: Line = {"id": 7, "at": 1795340461.5, "kind": "said", "room": "lobby", "nick": "alice", "text": "hi"}
HISTORY: Line = {"kind": "history", "room": "lobby", "events": [EVENT], "more": False}
PRIVATE: Line = {"kind": "private", "at": 1795340461.5, "nick": "alice", "to": "bob", "text": "psst"}

EVENT_KINDS = list(
    dict.fromkeys(json.loads(JSON.event(kind(1, 0.0, "", "", ""), False))["kind"] for kind in KINDS.values())
)
"""The kinds of events as JSON names them."""


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


def lively_session() -> list[Line]:
    """What alice is sent in a room in which everything happens."""
    room = MemoryRoom(max_ignored=1, motd=str(DOCS / "index.rst"))
    bob = room.enter("bob", "room=garden,lobby")
    bob.type("before she came", "/topic Deploys")
    room.settle()
    alice = room.connect()
    alice.type("server format=json", "bob format=json", "alice cooper", "alice format=json since=1 room=garden,lobby")
    seen = alice.lines()
    bob.type("hello \u202ealice\x1b[31m", "/me waves", "/topic -", "/nick Robert", "/msg alice psst", "//etc")
    for line in (
        'tea? \N{TEACUP WITHOUT HANDLE} 日本語 \\ "quoted" \t\'',
        "/help",
        "/who",
        "/who garden",
        "/rooms",
        "/history",
        "/history 1 before 3",
        "/search hello alice",
        "/search nothing of that kind",
        "/search ?",
        "/join cellar",
        "/leave cellar",
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
        "x" * 5000,
        "/nick Alice2",
    ):
        alice.type(line)
        seen += alice.lines()
    alice.send(b"\xff\xfe\xff\xff\n")
    bob.close()
    room.factory.broadcast("supper is ready")
    # What an IRC client may say beside what the line door has words for.
    carol = room.enter("carol").protocol.session
    room.factory.chat.say(carol, "lobby", "supper is getting cold", Noticed)
    room.factory.chat.private(carol, "Alice2", "so is yours", notice=True)
    # And what is told of somebody whose leaving a log cannot keep.
    alice.protocol.session.tell(Gone("lobby", "dave", "connection lost"))
    seen += alice.lines()
    alice.type("/leave garden", "/leave", "hello?", "/quit")
    return objects(seen + alice.lines())


@pytest.fixture(scope="module")
def lively() -> list[Line]:
    return lively_session()


def test_the_schema_is_one_itself() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == Draft202012Validator.META_SCHEMA["$id"]


def test_every_line_of_a_lively_session_fits_and_every_kind_occurs(lively: list[Line]) -> None:
    assert misfits(lively) == []
    assert {line["kind"] for line in lively} == kinds()


def test_only_events_have_an_id_and_each_has_one(lively: list[Line]) -> None:
    assert {line["kind"] for line in lively if "id" in line} == set(EVENT_KINDS)
    assert {line["kind"] for line in lively if "id" not in line} == kinds() - set(EVENT_KINDS)
    new = [line["id"] for line in lively if "id" in line]
    assert new == sorted(set(new)), "what was missed and what is new meet in the order of their ids"


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


def test_the_examples_in_the_protocol_fit() -> None:
    shown = re.findall(r"(?m)^ +S: (\{.*\})$", (DOCS / "protocol.rst").read_text(encoding="utf-8"))
    assert len(shown) > 15
    assert misfits([json.loads(line) for line in shown]) == []


@given(
    kind=st.sampled_from(list(KINDS)),
    text=st.text(min_size=1).map(clean).filter(bool),
    id_=st.integers(1, 2**63 - 1),
    at=st.floats(0, 2**33),
)
def test_whatever_is_said_or_done_fits(kind: str, text: str, id_: int, at: float) -> None:
    text = {"joined": "", "renamed": "Alice2"}.get(kind, text)
    event: Event = KINDS[kind](id_, at, "lobby", "alice", text)
    assert misfits(objects([JSON.event(event, False).decode("utf-8", "surrogatepass")])) == []


# What a server would never send.


@pytest.mark.parametrize("kind", sorted(kinds()))
def test_a_line_with_a_field_less_or_more_or_of_another_type_does_not_fit(kind: str, lively: list[Line]) -> None:
    line = max((line for line in lively if line["kind"] == kind), key=lambda line: len(json.dumps(line)))
    assert VALIDATOR.is_valid(line)
    for field, value in line.items():
        without = {name: other for name, other in line.items() if name != field}
        assert VALIDATOR.is_valid(without) == (field == "notice"), field
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
        {"kind": "kicked"},
        {**EVENT, "kind": "kicked"},
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
        {**EVENT, "text": "two\nlines"},
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
        {"kind": "pong"},
        {"kind": "pong", "text": "two\nlines"},
        {"kind": "live", "room": "lobby"},
        {"kind": "past"},
        {"kind": "past", "room": ""},
        {"kind": "speaking", "room": "#lobby"},
        {**HISTORY, "events": [{**EVENT, "kind": "joined", "text": ""}]},
        {**HISTORY, "events": [{**EVENT, "colour": "red"}]},
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


def test_each_kind_is_closed_and_has_all_of_its_fields() -> None:
    closed = [part for part in PARTS.values() if "properties" in part]
    assert len(closed) == len(SCHEMA["oneOf"])
    for part in closed:
        assert part["additionalProperties"] is False
        assert [*part["required"], *(["notice"] if "notice" in part["properties"] else [])] == list(part["properties"])


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
