"""Messages of several lines (draft/multiline): how clients send them, and how they are shown."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ircroom import SERVER, IRCRoom, SteppedIRCRoom, ask, bare, numbers, tags_of, texts

from chatroom.doors.irc.message import CONCAT
from chatroom.testing import Person

WANTS = "batch draft/multiline"
ALL = f"{WANTS} labeled-response echo-message message-tags server-time"


@pytest.fixture
def room() -> IRCRoom:
    return IRCRoom()


@pytest.fixture
def alice(room: IRCRoom) -> Person:
    return room.irc("alice", WANTS, "#lobby")


@pytest.fixture
def bob(room: IRCRoom, alice: Person) -> Person:
    """Somebody who knows no messages of several lines."""
    person = room.irc("bob", "message-tags", "#lobby")
    alice.lines()
    return person


def batch(*lines: str, target: str = "#lobby", label: str = "", command: str = "PRIVMSG") -> list[str]:
    """What a client sends to say ``lines``; one that starts with + goes on where the one before it ends."""
    opening = (f"@label={label} " if label else "") + f"BATCH +1 draft/multiline {target}"
    said = [
        f"@batch=1{';' + CONCAT if line.startswith('+') else ''} {command} {target} :{line.removeprefix('+')}"
        for line in lines
    ]
    return [opening, *said, "BATCH -1"]


def whole(lines: list[str]) -> str:
    """The message that the lines of a batch are."""
    opening, *said, ending = lines
    name = re.search(r" BATCH \+(\S+) draft/multiline \S+$", opening)
    assert name is not None, opening
    assert ending == f":{SERVER} BATCH -{name[1]}"
    assert all(tags_of(line)["batch"] == name[1] for line in said)
    return "".join(
        ("" if CONCAT in tags_of(line) else "\n") + text for line, text in zip(said, texts(said), strict=True)
    )[1:]


# Saying something.


def test_what_a_batch_says_is_one_message_at_every_door(room: IRCRoom, alice: Person, bob: Person) -> None:
    carol, dave, eve = room.irc("carol", WANTS, "#lobby"), room.enter("dave"), room.enter("eve", "format=json")
    for person in (alice, bob, carol, dave):
        person.lines()

    assert ask(alice, *batch("hello", "", "how is ", "+everyone?")) == []
    assert whole(carol.lines()) == "hello\n\nhow is everyone?"
    assert bare(bob.lines()) == ["alice PRIVMSG #lobby :hello", "alice PRIVMSG #lobby :how is everyone?"]
    assert dave.lines() == ["alice: hello", "alice: ", "alice: how is everyone?"]
    assert [json.loads(line)["text"] for line in eve.lines()] == ["hello\n\nhow is everyone?"]


def test_a_notice_of_several_lines_is_a_notice(room: IRCRoom, alice: Person, bob: Person) -> None:
    ask(alice, *batch("one", "two", command="NOTICE"))

    assert bare(bob.lines()) == ["alice NOTICE #lobby :one", "alice NOTICE #lobby :two"]


def test_a_batch_of_one_line_is_a_line(room: IRCRoom, alice: Person, bob: Person) -> None:
    carol = room.irc("carol", WANTS, "#lobby")
    bob.lines()
    ask(alice, *batch("", "one", ""))

    assert bare(carol.lines()) == bare(bob.lines()) == ["alice PRIVMSG #lobby :one"]


def test_one_person_is_told_several_lines(room: IRCRoom, alice: Person, bob: Person) -> None:
    carol, dave = room.irc("carol", WANTS), room.enter("dave", "room=garden")
    ask(bob, "AWAY :lunch")
    for name in ("carol", "bob", "dave"):
        assert ask(alice, *batch("one", "two", target=name)) == (["301 alice bob :lunch"] if name == "bob" else [])

    assert whole(carol.lines()) == "one\ntwo"
    assert bare(bob.lines()) == ["alice PRIVMSG bob :one", "alice PRIVMSG bob :two"]
    # No line of it can pass for one that somebody else, or the server, has said.
    assert dave.lines() == ["alice (privately to dave): one", "alice (privately to dave): two"]
    assert ask(alice, *batch("one", "two", target="nobody")) == ["401 alice nobody :No such nick/channel"]
    assert ask(alice, *batch("one", "two", target="nobody", command="NOTICE")) == []


def test_what_is_said_to_one_person_waits_for_what_was_said_before() -> None:
    room = SteppedIRCRoom(capabilities=WANTS)
    bob = room.irc("bob")
    room.has_joined(bob, "#lobby")
    room.alice.type("PRIVMSG #lobby :first", *batch("one", "two", target="bob"))
    assert bob.lines() == []

    room.log.commit()
    assert texts(bob.lines()) == ["first", "one", "two"]


@pytest.mark.parametrize(
    ("lines", "failure"),
    [
        (["@batch=1 PRIVMSG #garden :x"], "_INVALID_TARGET #lobby #garden"),
        (["@batch=2 PRIVMSG #lobby :x"], "_INVALID"),
        (["@batch=1 PRIVMSG #lobby"], "_INVALID"),
        (["@batch=1 TOPIC #lobby :x"], "_INVALID"),
        (["@batch=1 BATCH +2 draft/multiline #lobby"], "_INVALID"),
        (["@batch=1 PRIVMSG #lobby :\x01ACTION x\x01"], "_INVALID"),
        (["@batch=1 PRIVMSG #lobby :x"] * 4, "_MAX_LINES 3"),
        (["@batch=1 PRIVMSG #lobby :" + "x" * 20] * 2, "_MAX_BYTES 40"),
        (["@batch=1 PRIVMSG #lobby :x", f"@batch=1;{CONCAT} PRIVMSG #lobby :"], "_INVALID"),
        (["@batch=1 PRIVMSG #lobby :x", "@batch=1 NOTICE #lobby :x"], "_INVALID"),
    ],
)
def test_a_line_that_will_not_do_spoils_its_message_which_is_told_once(lines: list[str], failure: str) -> None:
    room = IRCRoom(max_line=40, max_lines=3)
    alice, bob = room.irc("alice", WANTS, "#lobby,#garden"), room.irc("bob", rooms="#lobby,#garden")
    alice.lines()

    (failed,) = ask(alice, "BATCH +1 draft/multiline #lobby", *lines)
    assert failed.startswith(f"FAIL BATCH MULTILINE{failure} :")
    assert ask(alice, "@batch=1 PRIVMSG #lobby :more", "BATCH -1") == []
    ask(alice, *batch("a", "b"), "PRIVMSG #lobby :c")
    assert texts(bob.lines()) == ["a", "b", "c"]


@pytest.mark.parametrize("line", ["PRIVMSG #lobby :" + "x" * 600, "@a=" + "x" * 5000 + " PRIVMSG #lobby :x"])
def test_a_line_that_is_too_long_spoils_the_message_that_it_may_be_part_of(
    alice: Person, bob: Person, line: str
) -> None:
    opening, one, ending = batch("one")

    too_long, failed = ask(alice, opening, one, f"@batch=1 {line}".replace("@batch=1 @", "@batch=1;"), ending)
    assert too_long == "417 alice :Input line was too long"
    assert failed.startswith("FAIL BATCH MULTILINE_INVALID :")
    assert bob.lines() == []


@pytest.mark.parametrize(
    "lines",
    [
        ["BATCH +1 draft/multiline #lobby", "@batch=1 PRIVMSG #lobby :", "BATCH -1"],
        ["BATCH +1 draft/multiline #lobby", "BATCH -1"],
        ["BATCH +1 draft/multiline #lobby,#garden"],
        ["BATCH +1 draft/multiline"],
        ["BATCH +1 netjoin #lobby"],
        ["BATCH + draft/multiline #lobby"],
        ["BATCH +1"],
        ["BATCH -1"],
        ["BATCH 1"],
        ["@batch=1 PRIVMSG #lobby :x"],
    ],
)
def test_a_batch_that_will_not_do_is_refused(alice: Person, bob: Person, lines: list[str]) -> None:
    (failed,) = ask(alice, *lines)

    assert failed.startswith("FAIL BATCH MULTILINE_INVALID :")
    assert bob.lines() == []
    ask(alice, *batch("a", "b"))
    assert texts(bob.lines()) == ["a", "b"]


def test_a_line_of_a_batch_that_is_not_utf8_spoils_it(room: IRCRoom, alice: Person, bob: Person) -> None:
    alice.send(b"BATCH +1 draft/multiline #lobby\r\n@batch=1 PRIVMSG #lobby :\xff\r\nBATCH -1\r\nPING x\r\n")

    failure, pong = bare(alice.lines())
    assert failure.startswith("FAIL BATCH MULTILINE_INVALID :")
    assert pong == f"PONG {SERVER} :x"
    assert bob.lines() == []


def test_a_batch_that_was_not_ended_is_thrown_away_and_the_next_is_taken(
    room: IRCRoom, alice: Person, bob: Person
) -> None:
    opening, *rest = batch("one", "two")
    (failure,) = ask(alice, opening, "@batch=1 PRIVMSG #lobby :lost", opening, *rest)

    assert failure.startswith("FAIL BATCH MULTILINE_INVALID :")
    assert texts(bob.lines()) == ["one", "two"]


def test_lines_that_are_no_part_of_a_batch_are_done_as_ever(room: IRCRoom, alice: Person, bob: Person) -> None:
    opening, one, two, ending = batch("one", "two")

    assert ask(alice, opening, one, "PING x", "PRIVMSG #lobby :apart", two, ending) == [f"PONG {SERVER} :x"]
    assert texts(bob.lines()) == ["apart", "one", "two"]


def test_the_limits_are_told_by_their_value() -> None:
    room = IRCRoom(max_line=500, max_lines=7)

    assert "draft/multiline=max-bytes=500,max-lines=7" in room.knock("CAP LS 302").lines()[0].split(" ")
    assert "draft/multiline" in room.knock("CAP LS").lines()[0].split(" ")


def test_as_much_as_may_be_said_is_said() -> None:
    room = IRCRoom(max_line=11, max_lines=3)
    alice, bob = room.irc("alice", WANTS, "#lobby"), room.irc("bob", WANTS, "#lobby")
    alice.lines()
    # Four, a line end, three, a line end, two: eleven bytes.
    assert ask(alice, *batch("über", "abc", "")) == []
    assert whole(bob.lines()) == "über\nabc"


@pytest.mark.parametrize("capabilities", ["", "batch", "draft/multiline"])
def test_without_the_capability_there_are_no_batches(room: IRCRoom, bob: Person, capabilities: str) -> None:
    carol = room.irc("carol", capabilities, "#lobby")
    bob.lines()

    assert ask(carol, *batch("one")) == ["421 carol BATCH :Unknown command"] * 2
    assert texts(bob.lines()) == ["one"]


def test_whoever_gives_the_capability_up_in_the_middle_has_no_batch_any_more(alice: Person, bob: Person) -> None:
    opening, one, ending = batch("one")
    ask(alice, opening, one, "CAP REQ -draft/multiline", "CAP REQ draft/multiline")

    assert ask(alice, ending)[0].startswith("FAIL BATCH MULTILINE_INVALID :")
    assert bob.lines() == []


def test_before_one_is_in_there_are_no_batches(room: IRCRoom) -> None:
    newcomer = room.knock("CAP REQ :batch draft/multiline")
    newcomer.lines()

    assert numbers(ask(newcomer, *batch("one"))) == ["451"] * 3


def test_each_line_of_a_message_counts() -> None:
    room = IRCRoom(rate=1, burst=20)
    alice = room.irc("alice", WANTS, "#lobby")
    for _ in range(60):
        room.advance(1)
    alice.lines()
    alice.type(*batch(*["x"] * 30), "PING x")
    assert alice.lines() == []

    for _ in range(20):
        room.advance(1)
    assert bare(alice.lines()) == [f"PONG {SERVER} :x"]


# Labels.


def test_the_label_of_the_line_that_opens_a_batch_is_that_of_the_message(room: IRCRoom, bob: Person) -> None:
    carol = room.irc("carol", ALL, "#lobby")
    bob.lines()
    carol.type(*batch("one", "two", label="7"))
    opening, *lines = carol.lines()

    assert tags_of(opening).keys() == {"label", "msgid", "time"}
    assert tags_of(opening)["label"] == "7"
    assert whole([opening, *lines]) == "one\ntwo"
    assert all("label" not in tags_of(line) and "msgid" not in tags_of(line) for line in lines)
    assert [tags_of(line) for line in bob.lines()] == [{"msgid": tags_of(opening)["msgid"]}, {}]


def test_a_message_that_fails_is_answered_with_its_label(room: IRCRoom) -> None:
    carol = room.irc("carol", ALL, "#lobby")
    opening, *rest = batch("one", label="7")
    carol.type(opening, "@batch=1 TOPIC #lobby :x", *rest, *batch("one", "two", label="8", target="#none"))

    assert [(tags_of(line), numbers([line])) for line in carol.lines()] == [
        ({"label": "7"}, ["FAIL"]),
        ({"label": "8"}, ["404"]),
    ]


def test_a_label_of_the_end_of_a_batch_is_answered_too(room: IRCRoom, bob: Person) -> None:
    carol = room.irc("carol", ALL, "#lobby")
    *lines, ending = batch("one", label="7")
    carol.type(*lines, f"@label=8 {ending}")

    assert [(tags_of(line)["label"], numbers([line])) for line in carol.lines()] == [("8", ["ACK"]), ("7", ["PRIVMSG"])]


def test_a_message_to_several_is_a_batch_in_the_batch_of_its_answer() -> None:
    room = SteppedIRCRoom(capabilities=ALL)
    room.alice.type(*batch("one", "two", label="7"), "@label=8 PRIVMSG #lobby :three")
    assert room.alice.lines() == []
    room.log.commit()

    *message, three = room.alice.lines()
    assert whole(message) == "one\ntwo"
    assert (tags_of(three)["label"], texts([three])) == ("8", ["three"])


# Being shown something.


def say(room: IRCRoom, text: str) -> None:
    """A program says ``text`` in the lobby, and goes."""
    program = room.enter("program", "format=json input=json")
    program.type(json.dumps({"say": text}), json.dumps({"do": "/quit"}))
    program.lines()


def test_a_message_of_several_lines_has_one_time_and_one_id(room: IRCRoom) -> None:
    alice, bob = room.irc("alice", ALL, "#lobby"), room.irc("bob", "message-tags server-time", "#lobby")
    alice.lines()
    say(room, "one\n\n \ntwo")
    opening, *lines = [line for line in alice.lines() if "JOIN" not in line and "QUIT" not in line]

    assert tags_of(opening).keys() == {"time", "msgid"}
    assert whole([opening, *lines]) == "one\n\n\ntwo"
    assert all(tags_of(line).keys() <= {"batch"} for line in lines)
    first, second = [line for line in bob.lines() if "PRIVMSG" in line]
    assert tags_of(first) == tags_of(opening)
    assert tags_of(second) == {"time": tags_of(opening)["time"]}
    assert texts([first, second]) == ["one", "two"]


def test_a_long_line_is_put_together_again_to_the_last_space(room: IRCRoom, alice: Person) -> None:
    text = "word " * 300 + "end\n" + "ü" * 700
    say(room, text)

    assert whole([line for line in alice.lines() if "BATCH" in line or "PRIVMSG" in line]) == text


@given(st.text(st.sampled_from("aü \n😃"), max_size=1500))
def test_any_text_is_put_together_again(text: str) -> None:
    room = IRCRoom(max_line=10_000, max_lines=2000)
    alice, bob = room.irc("alice", WANTS, "#lobby"), room.irc("bob", rooms="#lobby")
    alice.lines()
    said = "\n".join(line.rstrip() for line in text.split("\n")).strip("\n")
    if said:
        say(room, text)
    shown = [line for line in alice.lines() if "BATCH" in line or "PRIVMSG" in line]
    fallback = [line for line in bob.lines() if "PRIVMSG" in line]

    assert all(len(re.sub(r"^@\S+ ", "", line).encode()) <= 510 for line in [*shown, *fallback])
    assert all(texts(fallback)), "a line with nothing in it"
    if len(shown) == 1:
        assert texts(shown) == [said]
    elif said:
        assert whole(shown) == said
    assert "".join(texts(fallback)).replace(" ", "") == said.replace(" ", "").replace("\n", "")


def test_the_history_shows_it_as_what_it_was(room: IRCRoom, alice: Person, bob: Person) -> None:
    say(room, "one\ntwo")
    say(room, "three")
    bob.lines()
    alice.lines()
    outer, *lines, end = ask_raw(alice, "CHATHISTORY LATEST #lobby * 5")

    name = re.search(r"BATCH \+(\S+) chathistory #lobby$", outer)
    assert name is not None
    assert end.endswith(f"BATCH -{name[1]}")
    *message, three = lines
    assert tags_of(message[0])["batch"] == tags_of(message[-1])["batch"] == tags_of(three)["batch"] == name[1]
    assert whole([message[0], *message[1:-1], message[-1].partition(" ")[2]]) == "one\ntwo"
    dated = [re.fullmatch(r"\[\d{4}-\d\d-\d\d \d\d:\d\d\] (.*)", text) for text in texts(ask(bob, "HISTORY #lobby 5"))]
    assert [line and line[1] for line in dated] == ["one", "two", "three"]


def ask_raw(person: Person, *lines: str) -> list[str]:
    person.type(*lines)
    return person.lines()
