"""The answer to MAGIC is read: a nickname, and options."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatroom.model.errors import BadHandshake
from chatroom.wire.formats import FORMATS, JSON, PLAIN
from chatroom.wire.handshake import OPTIONS, Handshake, parse

OPTION_NAMES, FORMAT_NAMES = ", ".join(OPTIONS), ", ".join(FORMATS)


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("alice", Handshake("alice", PLAIN, ())),
        ("  alice  ", Handshake("alice")),
        ("alice format=json", Handshake("alice", JSON)),
        ("alice format=plain", Handshake("alice", PLAIN)),
        ("alice room=garden", Handshake("alice", PLAIN, ("garden",))),
        ("alice room=garden,kitchen format=json", Handshake("alice", JSON, ("garden", "kitchen"))),
        ("alice room=", Handshake("alice")),
        ("alice since=0", Handshake("alice", since=0)),
        (f"alice since={2**63 - 1} format=json", Handshake("alice", JSON, since=2**63 - 1)),
        ("alice format=json format=plain", Handshake("alice", PLAIN)),
        ("al\x1b[31mice\tformat=json", Handshake("alice", JSON)),
    ],
)
def test_a_nickname_and_its_options_are_read(line: str, wanted: Handshake) -> None:
    assert parse(line) == wanted


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("", "That is an empty line"),
        (" \t ", "That is an empty line"),
        ("\x1b[31m", "That is an empty line"),
        ("alice smith", "A nickname has no spaces in it"),
        ("alice colour=red", f"There is no option colour ({OPTION_NAMES})"),
        ("alice =json", f"There is no option  ({OPTION_NAMES})"),
        ("alice format=xml", f"There is no format xml ({FORMAT_NAMES})"),
        ("alice format=", f"There is no format  ({FORMAT_NAMES})"),
        ("alice since=", "since= is not the id of an event"),
        ("alice since=-1", "since=-1 is not the id of an event"),
        ("alice since=1.5", "since=1.5 is not the id of an event"),
        ("alice since=٣", "since=٣ is not the id of an event"),
        ("alice since=yesterday", "since=yesterday is not the id of an event"),
        (f"alice since={'9' * 5000}", f"since={'9' * 5000} is not the id of an event"),
    ],
)
def test_what_is_not_of_that_form_is_refused_with_the_reason(line: str, what: str) -> None:
    with pytest.raises(BadHandshake) as refusal:
        parse(line)
    assert str(refusal.value).startswith(f"{what}: ")
    assert refusal.value.code == "bad-handshake"


@given(st.text())
def test_any_line_is_read_or_refused(line: str) -> None:
    try:
        wanted = parse(line)
    except BadHandshake:
        return
    assert wanted.nickname
    assert wanted.nickname.split() == [wanted.nickname]
