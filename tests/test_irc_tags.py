"""Client-only tags: what one client says to another with a message, or alone (TAGMSG).

https://ircv3.net/specs/extensions/message-tags
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ircroom import SERVER, IRCRoom, SteppedIRCRoom, bare, tags_of

from chatroom.doors.irc.message import MAX_LINE, MAX_TAGS, parse, written_tags
from chatroom.testing import Person

KNOWS = "message-tags echo-message labeled-response batch"


@pytest.fixture
def room() -> IRCRoom:
    return IRCRoom(rate=0)


@pytest.fixture
def foo(room: IRCRoom) -> Person:
    return room.irc("foo", "message-tags", rooms="#lobby")


@pytest.fixture
def bar(room: IRCRoom, foo: Person) -> Person:
    person = room.irc("bar", KNOWS, rooms="#lobby")
    foo.lines()
    return person


def test_a_person_is_sent_tags_alone_and_they_are_echoed(foo: Person, bar: Person) -> None:
    bar.type("@label=1;+draft/react=x TAGMSG foo")

    (line,) = foo.lines()
    tags = tags_of(line)
    assert (line.split(" ", 1)[1], tags["+draft/react"]) == (f":bar!bar@{SERVER} TAGMSG foo", "x")
    (echo,) = bar.lines()
    # All who are shown it know it by the same id.
    assert tags_of(echo) == {"label": "1", "msgid": tags["msgid"], "+draft/react": "x"}
    assert bare([echo]) == ["bar TAGMSG foo"]


def test_a_room_is_sent_tags_alone_and_those_who_know_none_are_not(room: IRCRoom, foo: Person, bar: Person) -> None:
    plain, timed = room.irc("old", rooms="#lobby"), room.irc("timed", "server-time message-tags", rooms="#lobby")
    alice = room.enter("alice", "format=json")
    for person in (foo, bar, plain, timed):
        person.lines()
    bar.type("@+typing=active;time=never;account=root;msgid=1;+a.example/b;label=2 TAGMSG #Lobby")

    (line,) = foo.lines()
    assert re.sub("msgid=p[0-9a-f]{16};", "", line) == f"@+typing=active;+a.example/b :bar!bar@{SERVER} TAGMSG #lobby"
    assert set(tags_of(timed.lines()[0])) == {"time", "msgid", "+typing", "+a.example/b"}
    assert bare(bar.lines()) == ["bar TAGMSG #lobby"]
    assert plain.lines() == alice.lines() == []


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("@+a=b TAGMSG nobody", "401 bar nobody :No such nick/channel"),
        ("@+a=b TAGMSG #nochan", "404 bar #nochan :Cannot send to channel"),
        ("TAGMSG nobody", "401 bar nobody :No such nick/channel"),
        ("TAGMSG #nochan", "404 bar #nochan :Cannot send to channel"),
        ("@+a=b TAGMSG #a:b", "404 bar #a:b :Cannot send to channel"),
        ("@+a=b TAGMSG", "461 bar TAGMSG :Not enough parameters"),
        ("@+a=b TAGMSG ,", "411 bar :No recipient given (TAGMSG)"),
        ("@+a=b TAGMSG a,b,c,d,e", "407 bar e :Too many targets: none was sent it"),
    ],
)
@pytest.mark.parametrize("label", ["", "6"])
def test_who_cannot_be_sent_tags_is_answered_as_for_a_message(
    foo: Person, bar: Person, said: str, answer: str, label: str
) -> None:
    if label:
        said = f"@label=6;{said[1:]}" if said.startswith("@") else f"@label=6 {said}"
    bar.type(said)
    (line,) = bar.lines()

    assert bare([line]) == [answer]
    assert tags_of(line).get("label", "") == label
    assert foo.lines() == []


@pytest.mark.parametrize("said", ["TAGMSG foo", "@a=b TAGMSG foo", "@+=x;+ä=x;+a/b/c=x;++a=x TAGMSG #lobby"])
def test_without_a_tag_of_a_clients_there_is_nothing_to_send(foo: Person, bar: Person, said: str) -> None:
    bar.type(said)

    assert bar.lines() == []
    assert foo.lines() == []


def test_who_has_not_asked_for_tags_sends_none(room: IRCRoom, foo: Person) -> None:
    old = room.irc("old", rooms="#lobby")
    foo.lines()
    old.type("@+a=b TAGMSG foo", "@+a=b PRIVMSG foo :hi")

    assert [set(tags_of(line)) for line in foo.lines()] == [{"msgid"}]


@pytest.mark.parametrize("command", ["PRIVMSG", "NOTICE"])
@pytest.mark.parametrize("target", ["#lobby", "foo"])
def test_tags_go_with_a_message(room: IRCRoom, foo: Person, bar: Person, command: str, target: str) -> None:
    bar.type(f"@+draft/reply=a-1;+x=1;+x=2;+empty=;label=9 {command} {target} :yes")
    heard, shown = foo.lines()[0], bar.lines()[0]

    for line in (heard, shown):
        tags = tags_of(line)
        assert tags.pop("msgid")
        assert tags.pop("label", "9") == "9"
        assert tags == {"+draft/reply": "a-1", "+x": "2", "+empty": ""}
        assert bare([line]) == [f"bar {command} {target} :yes"]


def test_an_action_has_them_as_well(foo: Person, bar: Person) -> None:
    bar.type("@+x=1 PRIVMSG #lobby :\x01ACTION waves\x01")

    assert tags_of(foo.lines()[0])["+x"] == "1"


def test_topics_and_others_of_ones_deeds_have_none(foo: Person, bar: Person) -> None:
    bar.type("@+x=1 TOPIC #lobby :tea", "@+x=1 AWAY :lunch", "@+x=1 NICK baz", "@+x=1 PART #lobby")

    assert [line for line in foo.lines() if "+x" in line] == []


def test_they_are_kept_with_the_message_and_programs_are_told(tmp_path: Path) -> None:
    room = IRCRoom()
    bar = room.irc("bar", f"{KNOWS} draft/chathistory", rooms="#lobby")
    carol = room.enter("carol", "format=json")
    bar.type("@+draft/reply=a-1;+s=a\\sb\\:c\\\\d PRIVMSG #lobby :yes", "CHATHISTORY LATEST #lobby * 1")
    echo, _, past, _ = [line for line in bar.lines() if " JOIN " not in line]

    assert tags_of(past)["+s"] == tags_of(echo)["+s"] == "a\\sb\\:c\\\\d"
    told = [json.loads(line) for line in carol.lines()][-1]
    assert told["extras"] == {"tags": {"+draft/reply": "a-1", "+s": "a b;c\\d"}}


def test_those_of_the_line_that_opens_a_message_of_several_lines_are_those_of_the_message(
    room: IRCRoom, foo: Person
) -> None:
    bar = room.irc("bar", "message-tags batch draft/multiline", rooms="#lobby")
    baz = room.irc("baz", "message-tags batch draft/multiline", rooms="#lobby")
    foo.lines()
    bar.type(
        "@+x=1 BATCH +1 draft/multiline #lobby",
        "@batch=1;+y=2 PRIVMSG #lobby :one",
        "@batch=1 PRIVMSG #lobby :two",
        "BATCH -1",
    )

    assert [tags_of(line).get("+x") for line in foo.lines()] == ["1", None]
    assert [tags_of(line).get("+x") for line in baz.lines()] == ["1", None, None, None]


def test_they_are_sent_behind_what_their_sender_has_said_before() -> None:
    room = SteppedIRCRoom(capabilities="message-tags")
    bob = room.irc("bob", "message-tags")
    room.has_joined(bob, "#lobby")
    bob.type("PRIVMSG #lobby :first", "@+typing=done TAGMSG #lobby", "@+typing=done TAGMSG alice")
    assert room.alice.lines() == []
    room.log.settle()

    assert bare(room.alice.lines()) == ["bob PRIVMSG #lobby :first", "bob TAGMSG #lobby", "bob TAGMSG alice"]


def test_as_many_bytes_are_handed_on_as_may_be_sent(room: IRCRoom, foo: Person, bar: Person) -> None:
    tag = "+x=" + "y" * (MAX_TAGS - len("@+x= "))
    bar.type(f"@{tag} PRIVMSG #lobby :" + "z" * 400, f"@{tag}y TAGMSG #lobby")
    heard = foo.lines()

    assert tag in heard[0].split(" ")[0]
    assert len(heard) == 1
    assert "417 bar :Input line was too long" in bare(bar.lines())


def test_no_tag_has_anything_in_it_that_begins_a_line_or_that_a_terminal_acts_on(foo: Person, bar: Person) -> None:
    bar.send("@+a=x\\r\\nQUIT;+b=\x1b[31m;+c=\u202e;+d=\x00 TAGMSG #lobby\r\n".encode())
    bar.send(b"@+e=\xff;+f=f\\ TAGMSG #lobby\r\n")

    shown = [tags_of(line) for line in foo.lines()]
    assert [{name: value for name, value in tags.items() if name != "msgid"} for tags in shown] == [
        {"+a": "xQUIT", "+b": "", "+c": "", "+d": ""},
        {"+e": "", "+f": "f"},
    ]


@given(st.dictionaries(st.from_regex(r"\+([a-z.]+/)?[a-z-]+", fullmatch=True), st.text(max_size=20), max_size=5))
def test_a_tag_that_is_written_is_read_as_it_was(tags: dict[str, str]) -> None:
    printable = {name: "".join(one for one in value if one.isprintable()) for name, value in tags.items()}
    line = f"@{';'.join(written_tags(printable))} TAGMSG x" if printable else "TAGMSG x"

    assert dict(parse(line.encode()).client_tags) == printable
    assert len(line) <= MAX_LINE + MAX_TAGS
