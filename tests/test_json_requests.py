"""What a program asks for in JSON is read or refused, whatever comes; docs/requests.schema.json describes it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from chatroom.model.events import MAX_ID
from chatroom.testing import MemoryRoom
from chatroom.wire.requests import Do, Refusal, Say, max_line, parse_request

DOCS = Path(__file__).parent.parent / "docs"
SCHEMA = json.loads((DOCS / "requests.schema.json").read_text(encoding="utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA)

BYTES, LINES = 4096, 100
"""What a message may have."""


def parse(request: object) -> Say | Do | Refusal:
    """What becomes of an object, or of a line as it stands."""
    line = request if isinstance(request, str) else json.dumps(request)
    return parse_request(line.encode("utf-8"), BYTES, LINES)


@pytest.mark.parametrize(
    ("request_", "wanted"),
    [
        ({"say": "hi"}, Say("hi")),
        ({"say": ""}, Say("")),
        ({"say": "/quit"}, Say("/quit")),
        ({"say": "two\nlines\r\nand \u2028 \x1b[31m"}, Say("two\nlines\r\nand \u2028 \x1b[31m")),
        ({"say": "\U0001f375"}, Say("\U0001f375")),
        ({"say": "hi", "room": "#Dev", "about": 41, "ref": "7"}, Say("hi", "#Dev", 41, "7")),
        ({"say": "hi", "about": 0, "room": ""}, Say("hi")),
        ({"say": "hi", "about": MAX_ID}, Say("hi", about=MAX_ID)),
        ({"say": "hi", "ref": " "}, Say("hi", ref=" ")),
        ({"say": "hi", "ref": "~" * 64}, Say("hi", ref="~" * 64)),
        ({"do": "/topic tea"}, Do("/topic tea")),
        ({"do": "topic tea", "room": "dev", "ref": "8"}, Do("topic tea", "dev", "8")),
        ({"do": ""}, Do("")),
        (' \t{ "say" : "hi" } \r', Say("hi")),
        ('{"say": "caf\u00e9 \\u00e9 \\ud83c\\udf75"}', Say("caf\u00e9 \u00e9 \U0001f375")),
        ('{"say": "no", "say": "yes"}', Say("yes")),
    ],
)
def test_a_request_is_read(request_: object, wanted: Say | Do) -> None:
    assert parse(request_) == wanted
    assert type(parse(request_)) is type(wanted)


@pytest.mark.parametrize(
    ("request_", "why", "ref"),
    [
        ("", "it is not JSON", ""),
        ("hello", "it is not JSON", ""),
        ('{"say": "hi"', "it is not JSON", ""),
        ('{"say": "two\nlines"}', "it is not JSON", ""),
        ('{"say": "hi"} {"say": "hi"}', "it is not JSON", ""),
        ('\ufeff{"say": "hi"}', "it is not JSON", ""),
        ("[" * 100_000, "it is not JSON", ""),
        ('{"say": 1' + "0" * 5000 + "}", "it is not JSON", ""),
        ([], "it is not an object", ""),
        ("null", "it is not an object", ""),
        ('"say"', "it is not an object", ""),
        ("NaN", "it is not an object", ""),
        ({}, 'it has neither "say" nor "do"', ""),
        ({"ref": "7"}, 'it has neither "say" nor "do"', "7"),
        ({"Say": "hi", "ref": "7"}, 'it has neither "say" nor "do"', "7"),
        ({"say": 1, "ref": "7"}, '"say" is no text', "7"),
        ({"say": None}, '"say" is no text', ""),
        ({"say": ["hi"]}, '"say" is no text', ""),
        ({"do": {}}, '"do" is no text', ""),
        ({"say": "hi", "room": None}, '"room" is no text', ""),
        ({"say": "\ud83c"}, '"say" has half a character in it', ""),
        ({"do": "/me \udf75"}, '"do" has half a character in it', ""),
        ({"say": "hi", "room": "\ud800"}, '"room" has half a character in it', ""),
        ({"say": "hi", "do": "/quit"}, 'there is no "do" in it (say, room, about, ref)', ""),
        ({"do": "/me x", "about": 1}, 'there is no "about" in it (do, room, ref, secret, new)', ""),
        ({"say": "hi", "colour": "red"}, 'there is no "colour" in it (say, room, about, ref)', ""),
        ({"say": "hi", "\x1b\ud800" * 40: 1}, "there is no", ""),
        *[({"say": "hi", "about": wrong}, '"about" is the id of an event', "") for wrong in (-1, MAX_ID + 1, 1.5, 7.0)],
        *[({"say": "hi", "about": wrong}, '"about" is the id of an event', "") for wrong in ("7", None, True, [7])],
        *[
            ({"say": "hi", "ref": wrong}, '"ref" is a text of 1 to 64 characters of ASCII', "")
            for wrong in (7, None, "", "r" * 65, "caf\u00e9", "\n", "7\n", "\x7f", ["7"])
        ],
        ({"do": "/me waves\n/quit", "ref": "7"}, "a command is one line", "7"),
        ({"do": "/me waves\r"}, "a command is one line", ""),
    ],
)
def test_what_is_no_request_is_refused_with_the_reason(request_: object, why: str, ref: str) -> None:
    refusal = parse(request_)

    assert isinstance(refusal, Refusal)
    assert refusal.error.code == "bad-request"
    assert str(refusal.error).startswith(f"That is not a request: {why}")
    assert str(refusal.error).isprintable()
    assert len(str(refusal.error)) < 1000
    assert refusal.ref == ref


def test_what_is_not_utf_8_is_no_request() -> None:
    refusal = parse_request(b'{"say": "\xff"}', BYTES, LINES)

    assert isinstance(refusal, Refusal)
    assert str(refusal.error) == "That is not a request: it is not UTF-8."


@pytest.mark.parametrize("name", ["say", "do"])
@pytest.mark.parametrize("character", ["x", "\u00e9", "\u4e2d", "\U0001f375"])
def test_a_message_has_so_many_bytes_however_it_is_written(name: str, character: str) -> None:
    most = character * (120 // len(character.encode()))
    for escaped in (True, False):

        def outcome(text: str, ascii_: bool = escaped) -> Say | Do | Refusal:
            line = json.dumps({name: text, "ref": "7"}, ensure_ascii=ascii_).encode()
            assert len(line) <= max_line(121)
            return parse_request(line, 120, LINES)

        assert outcome(most)[0] == most
        refusal = outcome(most + "x")
        assert isinstance(refusal, Refusal)
        assert (refusal.error.code, refusal.ref) == ("line-too-long", "7")
        assert "longer than 120 bytes" in str(refusal.error)


def test_the_longest_request_fits_into_a_line() -> None:
    request = {"say": "\x1f" * BYTES, "room": "\U0001f375" * 33, "about": MAX_ID, "ref": "~" * 64}
    line = json.dumps(request, indent=1, ensure_ascii=True).replace("~", "\\u007e").encode()

    assert len(line) <= max_line(BYTES)
    assert parse_request(line, BYTES, LINES) == Say(*request.values())  # type: ignore[arg-type]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("last", [True, False])
def test_a_message_has_so_many_lines_however_they_end(end: str, last: bool) -> None:
    def message(lines: int) -> str:
        return end.join("x" * lines) + end * last

    assert parse_request(json.dumps({"say": message(3)}).encode(), BYTES, 3) == Say(message(3))
    refusal = parse_request(json.dumps({"say": message(4), "ref": "7"}).encode(), BYTES, 3)
    assert isinstance(refusal, Refusal)
    assert (refusal.error.code, refusal.ref) == ("too-many-lines", "7")
    assert "more than 3 lines" in str(refusal.error)


# Whatever comes.

TEXTS = st.one_of(
    st.text(st.characters(codec="utf-8"), max_size=20),
    st.sampled_from(["", "hi", "two\nlines", "/me waves", "#Dev", "7", "~" * 64, "~" * 65]),
)
VALUES = st.one_of(
    TEXTS,
    st.none(),
    st.booleans(),
    st.integers(-2, MAX_ID + 2),
    st.sampled_from([0, 7, MAX_ID, 1.5]),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.sampled_from(["say", "ref"]), st.text(max_size=2), max_size=2),
)
REQUESTS = st.dictionaries(
    st.one_of(st.sampled_from(["say", "do", "room", "about", "ref"]), st.text(max_size=4)), VALUES, max_size=6
)
LIKELY = st.fixed_dictionaries(
    {},
    optional={
        "say": TEXTS,
        "do": TEXTS,
        "room": TEXTS,
        "about": st.integers(-1, MAX_ID + 1),
        "ref": st.text(st.characters(max_codepoint=0x80), max_size=4),
    },
)


def refs_of(found: Any) -> set[str]:
    return {found["ref"]} if isinstance(found, dict) and isinstance(found.get("ref"), str) else set()


@given(st.one_of(st.binary(), st.text().map(lambda text: text.encode("utf-8", "surrogatepass"))))
@example(b'{"say": "\xed\xa0\x80"}')
@example(b"\x00")
def test_any_bytes_are_read_or_refused(line: bytes) -> None:
    outcome = parse_request(line, BYTES, LINES)

    if isinstance(outcome, Refusal):
        assert outcome.error.code in ("bad-request", "line-too-long", "too-many-lines")
        assert str(outcome.error)
    else:
        assert VALIDATOR.is_valid(json.loads(line))


@given(st.one_of(REQUESTS, LIKELY))
def test_what_is_read_is_what_the_schema_describes(request_: dict[str, Any]) -> None:
    outcome = parse(request_)

    assert VALIDATOR.is_valid(request_) is not isinstance(outcome, Refusal)
    if isinstance(outcome, Refusal):
        assert {outcome.ref} <= {"", *refs_of(request_)}
    else:
        fields = {**outcome._asdict(), "say" if isinstance(outcome, Say) else "do": outcome[0]}
        assert request_.items() <= fields.items()
        for name, value in fields.items():
            assert name in request_ or not value or name in ("text", "command")


@given(st.recursive(VALUES, lambda values: st.lists(values) | st.dictionaries(st.text(max_size=5), values)))
def test_any_json_is_read_or_refused(value: object) -> None:
    outcome = parse_request(json.dumps(value).encode(), BYTES, LINES)

    assert VALIDATOR.is_valid(value) is not isinstance(outcome, Refusal)


# The schema.


def test_the_schema_is_one_itself() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == Draft202012Validator.META_SCHEMA["$id"]


def test_each_request_is_closed_and_has_the_fields_that_it_is_read_into() -> None:
    parts = SCHEMA["$defs"]
    assert [part["$ref"] for part in SCHEMA["oneOf"]] == ["#/$defs/say", "#/$defs/do"]
    for name, kind in (("say", Say), ("do", Do)):
        assert parts[name]["required"] == [name]
        assert parts[name]["additionalProperties"] is False
        assert list(parts[name]["properties"]) == [name, *kind._fields[1:]]
    assert parts["say"]["properties"]["about"]["maximum"] == MAX_ID


# At a connection.


def test_whoever_tries_again_without_asking_for_it_sends_lines() -> None:
    room = MemoryRoom(replay=0, max_line=50)
    bob = room.enter("bob")
    alice = room.connect()
    alice.type("bob input=json", "alice")
    assert alice.lines()[-1] == "* alice joined"
    alice.type('{"say": "hi"}', "x" * 51)

    assert bob.lines()[-1] == 'alice: {"say": "hi"}'
    assert [line[:35] for line in alice.lines() if line[0] == "!"] == ["! That line is longer than 50 bytes"]


def test_whoever_tries_again_and_asks_for_it_sends_requests() -> None:
    room = MemoryRoom(replay=0, max_line=50)
    bob = room.enter("bob")
    alice = room.connect()
    alice.type("bob", "alice input=json")
    alice.lines()
    alice.type("", "  ", '{"say": "' + "\\u0078" * 50 + '"}')

    assert bob.lines()[1:] == ["alice: " + "x" * 50]
    assert alice.lines() == ["alice: " + "x" * 50]


def test_what_is_wrong_with_a_line_has_nothing_to_do_with_the_request_before_it() -> None:
    room = MemoryRoom(replay=0, max_line=50)
    alice = room.enter("alice", "format=json input=json")
    alice.type('{"do": "/ping", "ref": "7"}', "x" * 5000, '{"do": "/ping", "ref": "8"}', "x")
    alice.send(b"\xfe\r\n")

    shown = [json.loads(line) for line in alice.lines()]
    assert [(thing["kind"], thing.get("code"), thing.get("ref")) for thing in shown] == [
        ("pong", None, "7"),
        ("error", "line-too-long", None),
        ("pong", None, "8"),
        ("error", "bad-request", None),
        ("error", "bad-request", None),
    ]
