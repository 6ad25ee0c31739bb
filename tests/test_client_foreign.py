"""The client for programs before servers of another kind, and before any bytes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from bots import alone
from hypothesis import given
from hypothesis import strategies as st

from chatroom.model.events import KINDS, Event, Joined
from chatroom.wire.plain import PLAIN
from chatroom.wire.reading import JSON_READERS


def test_a_server_that_speaks_only_plain_text_is_understood_as_notices() -> None:
    bot, transport = alone()
    bot.dataReceived("NICK\r\n* welcome, bot\r\nalice: grüß dich\r\n! not so fast\r\nNICK".encode())
    assert transport.value() == f"bot format=json input=json client={bot.factory.secret}\n".encode()
    assert bot.news() == [
        ("noticed", "welcome, bot"),
        ("noticed", "alice: grüß dich"),
        ("refused", "error", "not so fast"),
    ]
    bot.dataReceived(b"\n")
    assert transport.disconnecting


WRONG = [
    "",
    "{",
    "[]",
    "null",
    "5",
    '"said"',
    "{}",
    '{"kind":5}',
    '{"kind":[]}',
    '{"kind":null}',
    '{"kind":"said"}',
    '{"kind":"said","id":"1","at":0,"room":"lobby","nick":"a","text":"b"}',
    '{"kind":"said","id":1,"at":"now","room":"lobby","nick":"a","text":"b"}',
    '{"kind":"said","id":1,"at":1e999,"room":"lobby","nick":"a","text":"b"}',
    '{"kind":"said","id":1,"at":NaN,"room":"lobby","nick":"a","text":"b"}',
    '{"kind":"said","id":1,"at":1e17,"room":"lobby","nick":"a","text":"b"}',
    '{"kind":"notice","text":"a","ref":7}',
    '{"kind":"done","event":"7"}',
    '{"kind":"invited","nick":"a","room":5}',
    '{"kind":"reset","code":"x","text":null}',
    '{"kind":"said","id":1,"at":0,"room":["lobby"],"nick":"a","text":"b"}',
    '{"kind":"said","id":1,"at":0,"room":"lobby","nick":null,"text":"b"}',
    '{"kind":"said","id":1,"at":0,"room":"lobby","nick":"a","text":{}}',
    '{"kind":"said","id":1,"at":0,"room":"lobby","nick":"a","text":"\\ud800"}',
    '{"kind":"said","id":true,"at":0,"room":"lobby","nick":"a","text":"b"}',
    '{"kind":"joined","id":1,"at":0,"room":{},"nick":"bot","text":""}',
    '{"kind":"notice","text":5}',
    '{"kind":"notice","text":"\\udfff"}',
    '{"kind":"error","code":[],"text":"x"}',
    '{"kind":"private","at":0,"nick":"a","to":5,"text":"b"}',
    '{"kind":"welcome","nick":{},"room":"lobby","topic":"","people":["a"],"size":1}',
    '{"kind":"welcome","nick":"bot","room":"lobby","topic":"","people":5,"size":1}',
    '{"kind":"welcome","nick":"bot","room":"lobby","topic":"","people":[5],"size":1}',
    '{"kind":"welcome","nick":"bot","room":"lobby","topic":"","people":"abc","size":1}',
    '{"kind":"welcome","nick":"bot","room":"lobby","topic":"","people":["a"],"size":"many"}',
    '{"kind":"people","room":"lobby","topic":5,"people":["a"],"size":1}',
    '{"kind":"rooms","rooms":5}',
    '{"kind":"rooms","rooms":[5]}',
    '{"kind":"rooms","rooms":[{"room":"a"}]}',
    '{"kind":"rooms","rooms":[{"room":"a","size":"b","topic":"c"}]}',
    '{"kind":"rooms","rooms":[{"room":"a","size":1,"topic":5}]}',
    '{"kind":"history","room":"lobby","events":5}',
    '{"kind":"history","room":"lobby","events":[5]}',
    '{"kind":"history","room":"lobby","events":[{"kind":"notice","text":"a"}]}',
    '{"kind":"history","room":"lobby","events":[{"kind":"said","id":1,"at":1e99,"room":"a","nick":"a","text":"b"}]}',
    "[" * 100_000,
    "1" * 10_000,
    '{"kind":"notice","text":"' + "\x00" + '"}',
]


@pytest.mark.parametrize("line", WRONG, ids=range(len(WRONG)))
def test_a_line_that_is_no_object_of_a_server_is_taken_as_a_notice(line: str) -> None:
    bot, _ = alone()
    bot.dataReceived(line.encode() + b"\r\n")
    assert bot.news() == [("noticed", line)]


def test_a_kind_that_is_not_known_is_passed_over() -> None:
    bot, _ = alone()
    bot.dataReceived(b'{"kind":"weather","text":"rain"}\r\n{"kind":"notice","text":"dry","more":"rain"}\r\n')
    assert bot.news() == [("noticed", "dry")]


def test_a_line_that_is_not_utf_8_is_taken_as_a_notice() -> None:
    bot, _ = alone()
    bot.dataReceived(b'\xff\xfe\r\n{"kind":"notice","text":"\xff"}\r\n')
    assert bot.news() == [("noticed", "\ufffd\ufffd"), ("noticed", '{"kind":"notice","text":"\ufffd"}')]


def test_somebody_elses_joining_does_not_bring_it_in() -> None:
    bot, _ = alone()
    bot.dataReceived(b'{"kind":"joined","id":1,"at":0,"room":"lobby","nick":"eve","text":""}\r\n')
    assert not bot.live
    assert ("entered",) not in bot.news()
    assert [type(thing) for thing in bot.things] == [Joined]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just("bot"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
KIND_NAMES = (*KINDS, *JSON_READERS)
FIELDS = (
    *("id", "at", "room", "member", "nick", "text", "about", "extras", "ref", "to", "code", "topic", "people", "size"),
    *("rooms", "events", "more", "words", "event", "history", "limits", "commands", "notice"),
)


@given(
    objects=st.lists(
        st.builds(
            lambda kind, fields: {"kind": kind, **fields},
            st.sampled_from(KIND_NAMES) | VALUES,
            st.dictionaries(st.sampled_from(FIELDS), VALUES) | st.fixed_dictionaries(dict.fromkeys(FIELDS, VALUES)),
        ),
        max_size=5,
    )
)
def test_whatever_a_server_sends_nothing_raises_and_everything_can_be_shown(objects: list[dict[str, Any]]) -> None:
    bot, _ = alone()
    for thing in objects:
        bot.dataReceived(json.dumps(thing).encode() + b"\r\n")
    for received in bot.things:
        PLAIN.lines(received)
        if isinstance(received, Event):
            PLAIN.past_event(received, True, "")
