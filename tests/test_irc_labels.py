"""Answers with a label (labeled-response): which lines are part of one, and which are not."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ircroom import SERVER, IRCRoom, SteppedIRCRoom, bare, numbers, tags_of
from stepped import SteppedLog

from chatroom.doors.connection import CLOSE_TIMEOUT
from chatroom.model.errors import LooksLikeEvent, Stopping
from chatroom.testing import BUFFER, Person

WANTS = "batch labeled-response echo-message"


@pytest.fixture
def room() -> IRCRoom:
    return IRCRoom()


@pytest.fixture
def alice(room: IRCRoom) -> Person:
    return room.irc("alice", rooms="#lobby")


@pytest.fixture
def bob(room: IRCRoom, alice: Person) -> Person:
    person = room.irc("bob", rooms="#lobby")
    alice.lines()
    return person


def test_one_line_of_an_answer_has_the_label(room: IRCRoom) -> None:
    carol = room.irc("carol", WANTS)
    carol.type("@label=a\\sb PING x")

    assert carol.lines() == [f"@label=a\\sb :{SERVER} PONG {SERVER} :x"]


def test_several_lines_are_a_batch(room: IRCRoom) -> None:
    carol = room.irc("carol", WANTS)
    carol.type("@label=1 JOIN #lobby")
    start, *lines, end = carol.lines()

    assert tags_of(start) == {"label": "1"}
    name = start.split(" BATCH +")[1].split(" ")[0]
    assert start.endswith(f"+{name} labeled-response")
    assert end == f":{SERVER} BATCH -{name}"
    assert numbers(lines) == ["JOIN", "353", "366"]
    assert all(tags_of(line) == {"batch": name} for line in lines)
    room.enter("dave")
    assert bare(carol.lines()) == ["dave JOIN #lobby"]


def test_no_answer_is_an_ack(room: IRCRoom) -> None:
    carol = room.irc("carol", WANTS)
    carol.type("@label=1 PONG x")

    assert carol.lines() == [f"@label=1 :{SERVER} ACK"]


def test_an_answer_with_a_label_that_is_not_read_is_held_to_the_same_limit() -> None:
    room = IRCRoom(sendq=10_000, rate=0)
    for number in range(100):
        room.irc(f"somebody-with-a-long-name-{number}", rooms="#crowd")
    slow, alice = room.irc("slow", f"{WANTS} userhost-in-names", "#lobby"), room.irc("alice", rooms="#lobby")
    slow.stop_reading()
    line = "PRIVMSG #lobby :" + "x" * 400
    # So many that something waits, and not so many that it is too much.
    for _ in range(BUFFER // len(line)):
        alice.type(line)
        room.settle()
    slow.type("@label=1 JOIN #crowd")
    for _ in range(400):
        alice.type(line)
        room.settle()
    room.advance(CLOSE_TIMEOUT)

    assert "slow QUIT :reading too slowly" in bare(alice.lines())


def test_an_answer_with_a_label_is_whole_however_long_it_is() -> None:
    room = IRCRoom(sendq=4000, rate=0)
    for number in range(100):
        room.irc(f"somebody-with-a-long-name-{number}", rooms="#crowd")
    carol = room.irc("carol", WANTS)
    carol.type("@label=1 NAMES #crowd", "@label=2 WHO #crowd", "@label=3 PING x")
    heard = carol.lines()

    assert [tags_of(line)["label"] for line in heard if "label" in tags_of(line)] == ["1", "2", "3"]
    assert numbers(heard)[-3:] == ["315", "BATCH", "PONG"]
    assert numbers(heard).count("352") == 100


def test_the_echo_has_the_label_and_stands_in_its_place(room: IRCRoom, alice: Person, bob: Person) -> None:
    carol = room.irc("carol", WANTS, "#lobby")
    alice.lines()
    bob.lines()
    alice.type("PRIVMSG #lobby :one")
    carol.type("@label=1 PRIVMSG #lobby :two", "PRIVMSG #lobby :three")
    alice.type("PRIVMSG #lobby :four")

    heard = carol.lines()
    said = [line.split(" :")[-1] for line in heard]
    assert said == [line.split(" :")[-1] for line in bob.lines()]
    assert sorted(said) == ["four", "one", "three", "two"]
    assert [tags_of(line) for line in heard] == [{"label": "1"} if text == "two" else {} for text in said]
    assert [line.split(" :")[-1] for line in alice.lines()] == ["two", "three"]


def test_an_echo_to_one_person_has_the_label_and_to_oneself_one_of_two(room: IRCRoom, alice: Person) -> None:
    carol = room.irc("carol", WANTS)
    carol.type("@label=1 PRIVMSG alice :hi")
    assert carol.lines() == [f"@label=1 :carol!carol@{SERVER} PRIVMSG alice :hi"]
    assert alice.lines() == [f":carol!carol@{SERVER} PRIVMSG alice :hi"]

    carol.type("@label=2 PRIVMSG carol :hi")
    lines = carol.lines()
    assert [bare([line]) for line in lines] == [["carol PRIVMSG carol :hi"]] * 2
    assert sorted(tags_of(line).get("label", "") for line in lines) == ["", "2"]


def test_an_error_has_the_label(room: IRCRoom) -> None:
    carol = room.irc("carol", WANTS)
    carol.type("@label=1 PRIVMSG #none :hi", "@label=2 FOO")
    carol.send(b"@label=3 PRIVMSG #lobby \xaa\r\n")

    lines = carol.lines()
    assert numbers(lines) == ["404", "421", "FAIL"]
    assert [tags_of(line)["label"] for line in lines] == ["1", "2", "3"]


def test_an_answer_that_waits_has_its_label(room: IRCRoom) -> None:
    carol = room.irc("carol", WANTS, "#lobby")
    carol.type("PRIVMSG #lobby :x", "@label=7 PING y", "PING z")

    assert [(tags_of(line), line.split(" :")[-1]) for line in carol.lines()] == [
        ({}, "x"),
        ({"label": "7"}, "y"),
        ({}, "z"),
    ]


def test_without_an_echo_the_answer_is_an_ack_once_it_is_kept_or_why_it_is_not() -> None:
    room = SteppedIRCRoom(capabilities="batch labeled-response")
    alice = room.alice
    alice.type("@label=1 PRIVMSG #lobby :one", "PRIVMSG #lobby :two", "@label=3 PRIVMSG #lobby :three")
    assert alice.lines() == []

    room.log.commit(2)
    assert alice.lines() == [f"@label=1 :{SERVER} ACK"]
    room.log.fail()
    (failed,) = alice.lines()
    assert (tags_of(failed), numbers([failed])) == ({"label": "3"}, ["NOTICE"])


def test_of_several_that_are_on_their_way_each_has_its_own_outcome() -> None:
    room = SteppedIRCRoom(capabilities=WANTS)
    alice, wrong = room.alice, LooksLikeEvent()
    alice.type("@label=1 PRIVMSG #lobby :one", "@label=2 PRIVMSG #lobby :two", "@label=3 NOTICE #lobby :three")
    room.settle()
    room.log.commit(1, {0: wrong})
    room.log.commit(1)
    room.log.commit(1, {0: wrong})

    shown = [(tags_of(line).get("label"), bare([line])[0]) for line in alice.lines()]
    assert shown == [
        ("1", f"404 alice #lobby :{wrong}"),
        ("2", "alice PRIVMSG #lobby :two"),
        ("3", f"404 alice #lobby :{wrong}"),
    ]


def test_an_error_that_comes_late_is_of_the_command_that_it_came_of() -> None:
    room = SteppedIRCRoom()
    room.alice.type("PRIVMSG #lobby :one", "NOTICE #lobby :two")
    room.settle()
    room.log.commit(1, {0: Stopping()})
    room.log.commit(1, {0: Stopping()})

    assert bare(room.alice.lines()) == [f"400 alice {command} :{Stopping()}" for command in ("PRIVMSG", "NOTICE")]


def test_leaving_several_rooms_is_one_answer_of_all_or_nothing() -> None:
    room = SteppedIRCRoom(capabilities=WANTS)
    alice = room.alice
    room.has_joined(alice, "#tea")
    alice.type("@label=1 PART #lobby,#none,#tea :bye")
    room.settle()
    room.log.fail()
    assert numbers(alice.lines()) == ["BATCH", "403", "NOTICE", "BATCH"]

    alice.type("@label=2 PART #lobby,#tea :bye")
    room.settle()
    room.log.commit()
    opening, *parts, ending = alice.lines()
    assert tags_of(opening) == {"label": "2"}
    assert bare(parts) == ["alice PART #lobby :bye", "alice PART #tea :bye"]
    assert numbers([opening, ending]) == ["BATCH", "BATCH"]


@pytest.mark.parametrize("rooms", ["", "#lobby", "#lobby,#garden"])
def test_being_away_is_answered_by_a_numeric_alone(room: IRCRoom, rooms: str) -> None:
    carol = room.irc("carol", f"{WANTS} away-notify", rooms)
    for text in (":lunch", ":lunch", ""):
        carol.type(f"@label=1 AWAY {text}")
        (line,) = carol.lines()
        assert (tags_of(line), numbers([line])) == ({"label": "1"}, ["306" if text else "305"])


@pytest.mark.parametrize("rooms", ["", "#lobby"])
def test_the_error_that_ends_the_connection_answers_quit(room: IRCRoom, rooms: str) -> None:
    carol = room.irc("carol", WANTS, rooms)
    carol.type("@label=1 QUIT :bye")

    last = carol.lines()[-1]
    assert (tags_of(last), bare([last])) == ({"label": "1"}, ["ERROR :Closing link: (bye)"])


def test_what_closes_the_connection_beside_it_ends_an_answer() -> None:
    room = SteppedIRCRoom(capabilities=WANTS)
    operator = room.irc("operator")
    operator.protocol.session.member.operator = True
    room.alice.type("@label=1 JOIN #tea")
    room.settle()
    operator.type("KILL alice")
    room.settle()
    room.log.settle()

    shown = room.alice.lines()
    assert numbers(shown)[-2:] == ["ACK", "ERROR"]
    assert [tags_of(line) for line in shown[-2:]] == [{"label": "1"}, {}]


def test_what_others_do_meanwhile_is_no_part_of_an_answer() -> None:
    room = SteppedIRCRoom(capabilities=WANTS)
    bob = room.irc("bob")
    room.alice.type("MONITOR + carol", "@label=1 JOIN #tea")
    room.alice.lines()
    bob.type("PRIVMSG alice :hi")
    room.irc("carol")

    assert bare(room.alice.lines()) == ["bob PRIVMSG alice :hi", f"730 alice :carol!carol@{SERVER}"]
    room.log.commit()
    assert numbers(room.alice.lines()) == ["BATCH", "JOIN", "353", "366", "BATCH"]


def test_an_echo_that_never_comes_is_answered_with_its_label_all_the_same() -> None:
    room = SteppedIRCRoom(capabilities=WANTS)
    alice = room.alice
    alice.type("@label=1 PRIVMSG #lobby :hi")
    room.settle()
    room.log.fail()

    not_sent = f":{SERVER} NOTICE alice :not sent: the disk is full. Try again when that is mended."
    assert alice.lines() == [f"@label=1 {not_sent}"]

    alice.type("PRIVMSG #lobby :one", "@label=2 PRIVMSG #lobby :two")
    room.settle()
    room.log.fail(1)
    assert alice.lines() == [not_sent]
    room.log.commit()
    assert [(tags_of(line)["label"], bare([line])) for line in alice.lines()] == [("2", ["alice PRIVMSG #lobby :two"])]


@pytest.mark.parametrize(
    ("line", "answer"),
    [("PING x", ["PONG"]), ("PONG x", ["ACK"]), ("WHO alice", ["BATCH", "352", "315", "BATCH"])],
)
def test_what_one_has_said_before_is_no_part_of_an_answer(line: str, answer: list[str]) -> None:
    room = SteppedIRCRoom(capabilities=WANTS)
    room.alice.type("@label=1 PRIVMSG #lobby :one", "PRIVMSG #lobby :two", f"@label=2 {line}")
    assert room.alice.lines() == []
    room.log.commit()

    one, two, *answered = room.alice.lines()
    assert (tags_of(one)["label"], bare([one])) == ("1", ["alice PRIVMSG #lobby :one"])
    assert ("label" in tags_of(two), bare([two])) == (False, ["alice PRIVMSG #lobby :two"])
    assert tags_of(answered[0])["label"] == "2"
    assert numbers(answered) == answer


@pytest.mark.parametrize("line", ["NICK ally", "TOPIC #lobby :tea", "PART #lobby :bye", "JOIN 0"])
@pytest.mark.parametrize("echo", ["", " echo-message"])
def test_what_one_does_is_the_answer(line: str, echo: str) -> None:
    room = SteppedIRCRoom(capabilities="labeled-response batch message-tags" + echo)
    bob = room.irc("bob")
    bob.type("JOIN #lobby")
    room.settle()
    room.log.commit()
    room.alice.lines()
    bob.type("PRIVMSG #lobby :before")
    room.settle()
    room.alice.type(f"@label=1 {line}")
    room.settle()
    bob.type("PRIVMSG #lobby :after")
    room.settle()
    room.log.commit()
    room.settle()

    before, did, *after = room.alice.lines()
    assert bare([before]) == ["bob PRIVMSG #lobby :before"]
    assert tags_of(did)["label"] == "1"
    assert bare([did])[0].startswith(f"alice {line.partition(' ')[0].replace('JOIN', 'PART')}")
    assert not any("label" in tags_of(line) or "batch" in tags_of(line) for line in after)


def test_who_is_in_several_rooms_is_told_once_that_they_are_renamed(room: IRCRoom) -> None:
    carol = room.irc("carol", WANTS, "#lobby,#garden,#tea")
    carol.type("@label=1 NICK cora")

    (line,) = carol.lines()
    assert tags_of(line)["label"] == "1"
    assert bare([line]) == ["carol NICK cora"]


def test_what_others_say_is_no_part_of_ones_joining() -> None:
    room = SteppedIRCRoom(capabilities=WANTS)
    bob = room.irc("bob")
    bob.type("JOIN #lobby,#tea")
    for _ in range(2):
        room.settle()
        room.log.commit()
    room.settle()
    room.alice.lines()
    room.alice.type("@label=1 JOIN #tea,#no:ne")
    room.settle()
    bob.type("PRIVMSG #lobby :one", "PRIVMSG #tea :two")
    room.settle()
    room.log.commit()

    shown = room.alice.lines()
    assert bare([line for line in shown if "batch" not in tags_of(line)])[1:-1] == [
        "bob PRIVMSG #lobby :one",
        "bob PRIVMSG #tea :two",
    ]
    assert numbers(shown)[0] == numbers(shown)[-1] == "BATCH"
    assert numbers([line for line in shown if "batch" in tags_of(line)]) == ["JOIN", "353", "366", "403"]


def test_what_is_said_to_several_is_answered_by_all_of_it(room: IRCRoom) -> None:
    carol, dave = room.irc("carol", WANTS, "#lobby,#tea"), room.enter("dave")
    carol.lines()
    carol.type("@label=1 PRIVMSG #lobby,dave,#none,#tea :hi")

    lines = carol.lines()
    assert numbers(lines) == ["BATCH", "PRIVMSG", "404", "PRIVMSG", "PRIVMSG", "BATCH"]
    assert tags_of(lines[0])["label"] == "1"
    assert all("batch" in tags_of(line) for line in lines[1:-1])
    assert sorted(dave.lines()) == ["carol (privately to dave): hi", "carol: hi"]


@pytest.mark.parametrize("line", ["JOIN #tea", "PART #lobby", "NICK ally"])
def test_what_could_not_be_kept_takes_no_label_from_what_follows(line: str) -> None:
    room = SteppedIRCRoom(capabilities=WANTS)
    room.alice.type(f"@label=1 {line}")
    room.settle()
    room.log.fail()
    assert [(tags_of(line), numbers([line])) for line in room.alice.lines()] == [({"label": "1"}, ["NOTICE"])]

    room.alice.type("@label=2 PRIVMSG #lobby :hi")
    room.settle()
    room.log.commit()
    assert [(tags_of(line), bare([line])) for line in room.alice.lines()] == [
        ({"label": "2"}, ["alice PRIVMSG #lobby :hi"])
    ]


def test_whoever_is_turned_away_is_answered_before_the_end(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("secret\n")
    room = IRCRoom(irc_password=str(tmp_path / "password"))
    carol = room.knock("CAP REQ :batch labeled-response", "NICK carol", "USER carol 0 * :Carol", "@label=1 CAP END")

    *_, refused, end = carol.lines()
    assert (tags_of(refused), numbers([refused])) == ({"label": "1"}, ["464"])
    assert end == "ERROR :Closing link: (Password incorrect)"


@pytest.mark.parametrize("label", ["a\tb", "a\x1b[1mb"])
def test_a_label_that_could_not_be_sent_back_as_it_came_is_none(room: IRCRoom, label: str) -> None:
    carol = room.irc("carol", WANTS)
    carol.type(f"@label={label} PING x")

    assert carol.lines() == [f":{SERVER} PONG {SERVER} :x"]


def test_no_nickname_is_taken_for_a_tag(room: IRCRoom) -> None:
    carol = room.irc("batch=carol", WANTS, "#lobby,#tea")
    carol.type("@label=1 PRIVMSG #lobby,#tea :hi")

    _, *lines, _ = carol.lines()
    assert [(list(tags_of(line)), numbers([line])) for line in lines] == [(["batch"], ["PRIVMSG"])] * 2


def test_labels_of_those_who_have_not_asked_for_them_are_no_labels(room: IRCRoom, alice: Person) -> None:
    alice.type("@label=1 PING x")

    assert alice.lines() == [f":{SERVER} PONG {SERVER} :x"]


LINES = (
    *("PING x", "PONG x", "FOO", "WHO *", "NAMES #lobby", "LIST", "TOPIC #lobby", "MODE alice +i", "WHOWAS x"),
    *("PRIVMSG #lobby :hi", "NOTICE #lobby :hi", "PRIVMSG #lobby,bob,#tea,#none :hi", "PRIVMSG alice :hi", "PRIVMSG x"),
    *("PRIVMSG #lobby :\x01ACTION waves\x01", "PRIVMSG #lobby :" + "x" * 480, "TOPIC #lobby :tea", "TOPIC #tea :x"),
    *("JOIN #tea", "JOIN #tea,#garden", "JOIN #no:ne,#tea", "PART #lobby", "PART #lobby,#tea,#none", "JOIN 0"),
    *("NICK ally", "NICK alice", "NICK bob", "AWAY :lunch", "AWAY", "SETNAME :Al", "INVITE bob #lobby"),
    *("CHATHISTORY LATEST #lobby * 5", "CHATHISTORY AFTER #lobby msgid=other-1 5", "HISTORY #lobby", "MONITOR + bob"),
)


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("type"), st.sampled_from([*LINES, "batch"])),
            st.tuples(st.just("other"), st.sampled_from(["PRIVMSG #lobby :hi", "NICK robert", "JOIN #tea", "AWAY :x"])),
            st.tuples(st.sampled_from(["commit", "fail"]), st.integers(1, 3)),
            st.just(("refuse", 0)),
            st.just(("answer", 0)),
        ),
        max_size=40,
    ),
    st.booleans(),
    st.booleans(),
)
def test_each_line_with_a_label_has_one_answer_whatever_becomes_of_it(
    steps: list[tuple[str, Any]], echo: bool, prompt: bool
) -> None:
    wants = "batch labeled-response away-notify message-tags draft/multiline" + " echo-message" * echo
    room = SteppedIRCRoom(SteppedLog(prompt), wants)
    bob = room.irc("bob")
    room.has_joined(bob, "#lobby")
    labels: list[str] = []
    for what, detail in steps:
        if what == "type":
            labels.append(str(len(labels)))
            line = f"@label={labels[-1]} {detail}"
            said = ["BATCH +1 draft/multiline #lobby", "@batch=1 PRIVMSG #lobby :a", "@batch=1 PRIVMSG #lobby :b"]
            batch = [f"@label={labels[-1]} {said[0]}", *said[1:], "BATCH -1"]
            room.alice.type(*(batch if detail == "batch" else [line]))
        elif what == "other":
            bob.type(detail)
        room.settle()
        if what == "commit":
            room.log.commit(detail)
        elif what == "fail":
            room.log.fail(detail)
        elif what == "refuse" and room.log.requests:
            room.log.commit(1, {0: Stopping()})
        elif what == "answer":
            room.log.answer()
    for _ in range(3 * len(steps) + 3):
        room.settle()
        room.log.settle()

    shown = room.alice.lines()
    # "Servers MUST include the tag in exactly one logical message" (labeled-response).
    assert sorted(label for line in shown if (label := tags_of(line).get("label"))) == sorted(labels)
    open_: set[str] = set()
    for line in shown:
        batch_of = tags_of(line).get("batch")
        assert batch_of is None or batch_of in open_
        if numbers([line]) == ["BATCH"]:
            sign, name = re.search(r" BATCH ([+-])(\S+)", line).groups()  # type: ignore[union-attr]
            (open_.add if sign == "+" else open_.remove)(name)
    assert not open_
