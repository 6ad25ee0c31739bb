"""Every kind of event and answer has a look in each format, and JSON lines are read back as what they were."""

from __future__ import annotations

import json
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatroom.model.events import (
    KINDS,
    Acted,
    Answer,
    Event,
    Found,
    Gone,
    History,
    Joined,
    Left,
    Live,
    Notice,
    Noticed,
    Past,
    People,
    Pong,
    Private,
    Quit,
    Refused,
    Renamed,
    RoomList,
    RoomSummary,
    Said,
    Speaking,
    TopicChanged,
    Welcome,
)
from chatroom.wire.formats import FORMATS, JSON, NAMES_IN_A_LINE, PLAIN, day_of, read_json

NOON = datetime(2026, 11, 22, 12, 5).timestamp()

EVENTS: list[tuple[Event, str]] = [
    (Said(1, NOON, "lobby", "alice", "hi"), "alice: hi"),
    (Noticed(1, NOON, "lobby", "alice", "hi"), "alice: hi"),
    (Acted(2, NOON, "lobby", "alice", "waves"), "* alice waves"),
    (Joined(3, NOON, "lobby", "alice", ""), "* alice joined"),
    (Left(4, NOON, "lobby", "alice", ""), "* alice left"),
    (Left(4, NOON, "lobby", "alice", "tea"), "* alice left (tea)"),
    (Quit(4, NOON, "lobby", "alice", ""), "* alice left"),
    (Quit(4, NOON, "lobby", "alice", "tea"), "* alice left (tea)"),
    (Renamed(5, NOON, "lobby", "alice", "al"), "* alice is now al"),
    (TopicChanged(6, NOON, "lobby", "alice", "tea"), "* alice set the topic: tea"),
    (TopicChanged(6, NOON, "lobby", "alice", ""), "* alice took away the topic"),
]

ANSWERS: list[tuple[Answer, list[str], dict[str, object]]] = [
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
        Private(NOON, "alice", "bob", "psst", notice=True),
        ["alice (privately to bob): psst"],
        {"kind": "private", "at": NOON, "nick": "alice", "to": "bob", "text": "psst", "notice": True},
    ),
    (
        Welcome("bob", "lobby", "tea", ["alice", "bob"], 3),
        [
            "* welcome to lobby, bob. In the room: alice, bob. /help lists the commands.",
            "* and 1 more: /who names them all",
            "* the topic is: tea",
        ],
        {"kind": "welcome", "nick": "bob", "room": "lobby", "topic": "tea", "people": ["alice", "bob"], "size": 3},
    ),
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
        History("lobby", [Said(1, NOON, "lobby", "alice", "hi"), Said(2, NOON + 60, "lobby", "bob", "hello")]),
        ["* what was said in lobby:", "* 2026-11-22:", "[12:05] alice: hi", "[12:06] bob: hello"],
        {
            "kind": "history",
            "room": "lobby",
            "events": [
                {"id": 1, "at": NOON, "kind": "said", "room": "lobby", "nick": "alice", "text": "hi"},
                {"id": 2, "at": NOON + 60, "kind": "said", "room": "lobby", "nick": "bob", "text": "hello"},
            ],
            "more": False,
        },
    ),
    (
        History("lobby", [Said(1, NOON, "lobby", "alice", "hi")], more=True),
        ["* what was said in lobby:", "* 2026-11-22:", "[12:05] alice: hi"],
        {
            "kind": "history",
            "room": "lobby",
            "events": [{"id": 1, "at": NOON, "kind": "said", "room": "lobby", "nick": "alice", "text": "hi"}],
            "more": True,
        },
    ),
    (
        Found("lobby", "tea", []),
        ["* nothing was found in lobby for: tea"],
        {"kind": "found", "room": "lobby", "words": "tea", "events": []},
    ),
    (
        Found("lobby", "hi", [Said(1, NOON, "lobby", "alice", "hi")]),
        ["* what was found in lobby for: hi", "* 2026-11-22:", "[12:05] alice: hi"],
        {
            "kind": "found",
            "room": "lobby",
            "words": "hi",
            "events": [{"id": 1, "at": NOON, "kind": "said", "room": "lobby", "nick": "alice", "text": "hi"}],
        },
    ),
    (Past("lobby"), [], {"kind": "past", "room": "lobby"}),
    (Live(), [], {"kind": "live"}),
    (Speaking("garden"), ["* you now speak in garden"], {"kind": "speaking", "room": "garden"}),
    (Speaking(""), ["* you are in no room: /join one"], {"kind": "speaking", "room": ""}),
    (Pong(""), ["* pong"], {"kind": "pong", "text": ""}),
    (Pong("17 tea"), ["* pong 17 tea"], {"kind": "pong", "text": "17 tea"}),
]


def test_every_kind_is_shown_here() -> None:
    assert {type(event) for event, _ in EVENTS} == set(KINDS.values())
    assert {type(answer) for answer, *_ in ANSWERS} == set(Answer.__args__)


@pytest.mark.parametrize(("event", "line"), EVENTS)
def test_a_person_reads_an_event(event: Event, line: str) -> None:
    assert PLAIN.event(event, False) == f"{line}\r\n".encode()
    assert PLAIN.event(event, True) == f"[lobby] {line}\r\n".encode()
    assert PLAIN.lines(event) == [line]
    assert PLAIN.lines(event, elsewhere=True) == [f"[lobby] {line}"]


@pytest.mark.parametrize(("event", "line"), EVENTS)
def test_a_person_reads_when_it_was(event: Event, line: str) -> None:
    assert PLAIN.past_event(event, False, "2026-11-22") == f"[12:05] {line}\r\n".encode()
    assert PLAIN.past_event(event, True, "2026-11-21") == f"* 2026-11-22:\r\n[12:05] [lobby] {line}\r\n".encode()


@pytest.mark.parametrize(("answer", "lines", "_object"), ANSWERS)
def test_a_person_reads_an_answer(answer: Answer, lines: list[str], _object: dict[str, object]) -> None:
    assert PLAIN.answer(answer) == "".join(f"{line}\r\n" for line in lines).encode()
    assert PLAIN.lines(answer) == lines


@pytest.mark.parametrize(("event", "_line"), EVENTS)
def test_a_program_reads_an_event(event: Event, _line: str) -> None:
    # Whether somebody left one room or all of them makes no difference to those who stay in it.
    kind = "left" if isinstance(event, Quit) else next(name for name, type_ in KINDS.items() if type_ is type(event))
    expected = {"id": event.id, "at": NOON, "kind": kind, "room": "lobby", "nick": "alice", "text": event.text}

    for data in (JSON.event(event, False), JSON.event(event, True), JSON.past_event(event, True, "")):
        assert data.endswith(b"\r\n")
        assert json.loads(data) == expected


@pytest.mark.parametrize(("answer", "_lines", "expected"), ANSWERS)
def test_a_program_reads_an_answer(answer: Answer, _lines: list[str], expected: dict[str, object]) -> None:
    assert json.loads(JSON.answer(answer)) == expected


@pytest.mark.parametrize("thing", [event for event, _ in EVENTS] + [answer for answer, *_ in ANSWERS])
def test_a_line_of_json_is_read_back_as_what_it_was(thing: Event | Answer) -> None:
    line = JSON.event(thing, False) if isinstance(thing, Event) else JSON.answer(thing)
    again = read_json(line)

    assert again == thing
    assert type(again) is (Left if isinstance(thing, Quit) else type(thing))


@given(st.text(st.characters(codec="utf-8")))
def test_json_is_one_line_whatever_the_text(text: str) -> None:
    line = JSON.event(Said(1, NOON, "lobby", "alice", text), False)

    assert line.find(b"\n") == len(line) - 1
    assert read_json(line) == (1, NOON, "lobby", "alice", text)


def test_a_kind_that_is_not_known_is_none_of_ours() -> None:
    assert read_json('{"kind": "kicked", "nick": "alice"}') is None


@pytest.mark.parametrize("line", ["", "NICK", "[]", "1", "{}", '{"kind": "said"}', '{"kind": {}}', b"\xff", "* hi"])
def test_what_is_no_such_object_is_an_error(line: bytes | str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - json's own errors are of that class
        read_json(line)


def test_many_people_are_named_on_several_lines() -> None:
    names = [f"p{number}" for number in range(NAMES_IN_A_LINE + 2)]
    first, second, more = PLAIN.lines(People("lobby", "", names, NAMES_IN_A_LINE + 5))

    assert first == f"* {NAMES_IN_A_LINE + 5} in lobby: {', '.join(names[:NAMES_IN_A_LINE])}"
    assert second == f"* and {', '.join(names[NAMES_IN_A_LINE:])}"
    assert more == "* and 3 more: /who names them all"


def test_a_day_is_that_of_the_local_clock() -> None:
    assert day_of(NOON) == "2026-11-22"


def test_formats_are_found_by_name() -> None:
    assert FORMATS == {"plain": PLAIN, "json": JSON}
