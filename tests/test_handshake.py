"""The answer to the nickname prompt is read: a nickname, and options."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatroom.model.errors import BadHandshake
from chatroom.wire.handshake import FORMATS, INPUTS, OPTIONS, Handshake, Place, parse
from chatroom.wire.jsonlines import JSON
from chatroom.wire.plain import PLAIN

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
        ("alice since=0", Handshake("alice", since=Place(0))),
        (f"alice since={2**63 - 1} format=json", Handshake("alice", JSON, since=Place(2**63 - 1))),
        ("alice since=9999999999999999999", Handshake("alice", since=Place(10**19 - 1))),
        ("alice since=7@0a1b2c", Handshake("alice", since=Place(7, "0a1b2c"))),
        ("alice since=7@", Handshake("alice", since=Place(7))),
        ("alice input=json", Handshake("alice", json_input=True)),
        ("alice input=json input=line", Handshake("alice")),
        (f"alice client={'s' * 16}", Handshake("alice", client="s" * 16)),
        (f"alice client=!{'~' * 63} input=json", Handshake("alice", json_input=True, client="!" + "~" * 63)),
        ("alice client=sixteen=and=more", Handshake("alice", client="sixteen=and=more")),
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
        ("alice since=@abc", "since=@abc is not the id of an event"),
        ("alice since=7@a-b", "since=7@a-b is not the id of an event"),
        ("alice since=7@a@b", "since=7@a@b is not the id of an event"),
        ("alice since=7@\u00e9", "since=7@\u00e9 is not the id of an event"),
        ("alice input=xml", f"There is no input xml ({', '.join(INPUTS)})"),
        ("alice input=", f"There is no input  ({', '.join(INPUTS)})"),
        *[
            (f"alice client={secret}", "client= takes 16 to 64 letters, digits and signs of ASCII")
            for secret in ("", "s" * 15, "s" * 65, "\u00e9" * 16)
        ],
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
