"""A long answer goes at its reader's pace, lets others in between, and ends when its reader has gone."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from ircroom import IRCRoom, numbers
from stepped import House, SteppedLog, Visitor, come

from chatroom.core import commands, session
from chatroom.core.chat import Chat
from chatroom.core.rate_limits import LINE_SECONDS
from chatroom.doors.irc.information import MAX_MONITORED
from chatroom.doors.irc.people import MAX_ISON
from chatroom.log import turns
from chatroom.log.turns import Work
from chatroom.model.answers import Refused
from chatroom.model.constants import MAX_TOPIC
from chatroom.model.events import Draft, Said
from chatroom.model.words import MAX_LENGTH, MAX_WORDS
from chatroom.testing import MemoryRoom, Person
from chatroom.wire.send_queue import PIECE


def said_before(chat: Chat, lines: int, text: str = "the quick brown fox") -> None:
    """Have so many lines in the history of the lobby."""
    for number in range(lines):
        chat.log.append([Draft(Said, "lobby", "m", "ghost", f"{number} {text}")])


def waits(person: Person) -> int:
    """Bytes that wait at the server for somebody who does not read."""
    waiting: int = person.unread + person.protocol.send_queue.waiting
    return waiting


@pytest.fixture
def short_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """One piece of work in each turn of the loop, so that no test depends on the machine."""
    monkeypatch.setattr(turns, "PART_OF_A_TURN", 0.0)


# Others are let in between.


@pytest.mark.usefixtures("short_turns")
def test_a_search_in_memory_lets_others_speak_before_it_is_done() -> None:
    room = MemoryRoom(replay=0, rate=0)
    said_before(room.chat, 10_000)
    alice, bob = room.enter("alice"), room.enter("bob")
    bob.type("/search nobody")
    alice.type("hello")

    assert bob.lines() == ["alice: hello", "* nothing was found in lobby for: nobody"]


def test_a_search_finds_the_last_in_the_order_of_the_lines() -> None:
    room = MemoryRoom(replay=0)
    said_before(room.chat, 1000)
    alice = room.enter("alice")
    for words, found in (("fox 99", [99]), ("fox", range(980, 1000))):
        alice.type(f"/search {words}")
        assert [int(line.split()[2]) for line in alice.lines() if line.startswith("[")] == [*found]


@pytest.mark.usefixtures("short_turns")
def test_a_list_of_people_lets_others_speak_before_it_is_done() -> None:
    room = IRCRoom(replay=0, rate=0)
    for number in range(400):
        room.enter(f"guest{number}")
    alice, bob = room.enter("alice"), room.irc("bob", rooms="#lobby")
    bob.data()
    bob.type("WHO #lobby")
    alice.type("hello")
    lines = bob.lines()

    assert 0 < numbers(lines).index("PRIVMSG") < 400
    assert [number for number in numbers(lines) if number != "PRIVMSG"] == ["352"] * 402 + ["315"]


# At the reader's pace.


def crowded() -> IRCRoom:
    """A server with many rooms that have long topics."""
    room = IRCRoom(replay=0, rate=0, burst=10_000)
    for number in range(12):
        rooms = [f"room{number}x{one}" for one in range(50)]
        person = room.enter(f"owner{number}", f"room={','.join(rooms)}")
        for name in rooms:
            person.type(f"/join {name}", f"/topic {'t' * MAX_TOPIC}")
        person.data()
    return room


def test_somebody_who_does_not_read_a_list_holds_one_page_of_it() -> None:
    room = crowded()
    bob = room.irc("bob")
    bob.stop_reading()
    bob.type("LIST")
    room.settle()

    assert 0 < waits(bob) <= 3 * PIECE
    bob.read_on()
    lines = bob.lines()
    assert (lines[0].split()[1], lines[-1].split()[1], numbers(lines).count("322")) == ("321", "323", 600)
    names = [line.split()[3] for line in lines if line.split()[1] == "322"]
    assert names == sorted(names)


def test_rooms_that_come_and_go_while_a_list_is_read_do_not_end_it() -> None:
    room = crowded()
    bob = room.irc("bob")
    bob.stop_reading()
    bob.type("LIST")
    room.settle()
    owner = room.enter("zed", "room=zoo")
    owner.type("/leave zoo", "/join aviary", "/join zebras")
    owner.lines()
    bob.read_on()
    names = [line.split()[3] for line in bob.lines() if line.split()[1] == "322"]

    assert "#zebras" in names
    assert "#zoo" not in names
    assert len(names) == len(set(names)) == 601


@pytest.mark.parametrize("asked", ["/history 1000", "since=0"])
def test_somebody_who_does_not_read_the_past_holds_one_page_of_it(asked: str) -> None:
    room = MemoryRoom(replay=0, rate=0)
    said_before(room.chat, 600, "x" * 2000)
    if asked.startswith("/"):
        bob = room.enter("bob", "format=json")
        bob.stop_reading()
        bob.type(asked)
    else:
        bob = room.connect()
        room.settle()
        bob.stop_reading()
        bob.type(f"bob format=json {asked}")
    room.settle()

    assert 0 < waits(bob) <= 3 * PIECE
    bob.read_on()
    objects = [json.loads(line) for line in bob.lines() if line.startswith("{")]
    events = [event for one in objects for event in one.get("events", [one])]
    texts = [event["text"] for event in events if event["kind"] == "said"]
    assert [int(text.split()[0]) for text in texts] == list(range(600))
    parts = [one["more"] for one in objects if one["kind"] == "history"]
    assert parts == [True] * (len(parts) - 1) + [False] * bool(parts)


def test_the_log_is_asked_for_a_long_history_page_by_page_as_it_is_read() -> None:
    house = House()
    alice = house.enter("alice")
    alice.type(*(f"{number} {'x' * 1500}" for number in range(400)))
    house.log.settle()
    alice.lines()
    bob = house.enter("bob")
    house.log.asked.clear()
    bob.stop_reading()
    bob.type("/history 400")
    unread = list(house.log.asked)
    bob.read_on()
    lines = bob.lines()

    assert unread == ["recent_ids", "with_ids"]
    assert house.log.asked.count("with_ids") == 8
    assert [int(found[1]) for line in lines if (found := re.search(r"alice: (\d+) x", line))] == list(range(400))


def test_a_history_whose_end_is_trimmed_while_it_is_read_ends_all_the_same() -> None:
    house = House()
    alice = house.enter("alice")
    alice.type(*(f"{number} {'x' * 1500}" for number in range(100)))
    house.log.settle()
    bob = house.enter("bob", format_=None)
    bob.stop_reading()
    bob.type("/history 100", "after")
    house.log.events.clear()
    bob.read_on()
    house.log.settle()

    assert bob.lines()[-1] == "bob: after"
    assert bob.waiting == []


@pytest.mark.parametrize("capabilities", ["", "batch", "server-time", "batch labeled-response"])
def test_an_irc_client_that_does_not_read_holds_one_page_of_a_history(capabilities: str) -> None:
    room = IRCRoom(replay=0, rate=0)
    said_before(room.chat, 200, "x" * 3000)
    bob = room.irc("bob", capabilities, rooms="#lobby")
    bob.stop_reading()
    bob.type("HISTORY #lobby 200", "PING after")
    room.settle()

    assert 0 < waits(bob) <= 3 * PIECE
    bob.read_on()
    lines = bob.lines()
    said = [found[1] for line in lines if (found := re.search(r"PRIVMSG #lobby :(?:\[[^]]*\] )?(\d+) x", line))]
    assert list(map(int, said)) == list(range(200))
    assert lines[-1].endswith(":after")
    if "batch" in capabilities:
        assert sum(" BATCH +" in line for line in lines) == sum(" BATCH -" in line for line in lines) == 1


# Pages of lists.


def test_rooms_are_listed_a_page_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "ROOMS_LISTED", 3)
    room = MemoryRoom(replay=0)
    alice = room.enter("alice", "room=a,b,c,d,e,f,g")
    alice.type("/rooms", "/rooms after c", "/rooms after f", "/rooms after g")

    assert alice.lines() == [
        *("* a (1 here)", "* b (1 here)", "* c (1 here)"),
        "* and more: /rooms after c goes on, /rooms and some words finds others",
        *("* d (1 here)", "* e (1 here)", "* f (1 here)"),
        "* and more: /rooms after f goes on, /rooms and some words finds others",
        "* g (1 here)",
        "* there are no rooms after g",
    ]


def test_rooms_are_found_by_words_of_their_names_and_topics(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "ROOMS_LISTED", 2)
    room = MemoryRoom(replay=0)
    alice = room.enter("alice", "room=tea-house,teapots,garden,kitchen")
    alice.type("/topic Tea and roses", "/join garden", "/topic Roses")
    alice.lines()
    alice.type("/rooms TEA", "/rooms tea after tea-house", "/rooms tea roses", "/rooms cake")

    assert alice.lines() == [
        *("* kitchen (1 here): Tea and roses", "* tea-house (1 here)"),
        "* and more: /rooms TEA after tea-house goes on, /rooms and some words finds others",
        "* teapots (1 here)",
        "* kitchen (1 here): Tea and roses",
        "* there is no room with: cake",
    ]


def test_people_are_named_a_page_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "PEOPLE_LISTED", 3)
    room = MemoryRoom(replay=0)
    people = [room.enter(name) for name in ("alice", "bob", "carol", "dave")]
    room.enter("erin", "room=attic")
    alice = people[0]
    alice.lines()
    alice.type("/who", "/who after carol", "/who lobby after dave", "/who after erin", "/who after frank")

    assert alice.lines() == [
        "* 4 in lobby: alice, bob, carol",
        "* and 1 more: /who lobby after carol names the next",
        "* and dave",
        "* nobody came into lobby after dave",
        "! erin is not in lobby. /who lobby lists who is.",
        "! Nobody here is called frank. /who lists the people here.",
    ]


# Input is bounded before work is done on it.


@pytest.mark.parametrize("command", ["/search", "/rooms"])
def test_what_is_searched_for_has_a_bound(command: str) -> None:
    room = MemoryRoom(replay=0)
    alice = room.enter("alice")
    most = f"{MAX_WORDS} words, of {MAX_LENGTH} characters together."
    refusal = f"! That is too much to search for: give at most {most}"
    alice.type(f"{command} {'a ' * (MAX_WORDS + 1)}", f"{command} {'日' * (MAX_LENGTH + 1)}")
    assert alice.lines() == [refusal, refusal]

    alice.type(f"{command} {'b ' * MAX_WORDS}", f"{command} {'日' * MAX_LENGTH}")
    assert [line[:2] for line in alice.lines()] == ["* ", "* "]


def test_a_topic_that_is_too_long_is_refused_at_the_line_door_and_cut_at_that_for_irc() -> None:
    room = IRCRoom(replay=0)
    alice, bob = room.enter("alice"), room.irc("bob", rooms="#lobby")
    alice.lines()
    alice.type(f"/topic {'é' * (MAX_TOPIC // 2)}x", f"/topic {'é' * (MAX_TOPIC // 2)}")

    assert alice.lines() == [
        f"! A topic has at most {MAX_TOPIC} bytes: make it shorter, and say the rest in the room.",
        f"* alice set the topic: {'é' * (MAX_TOPIC // 2)}",
    ]
    bob.data()
    bob.type(f"TOPIC #lobby :{'t' * 460}")
    assert alice.lines() == [f"* bob set the topic: {'t' * MAX_TOPIC}"]


def test_a_newcomer_who_names_too_many_rooms_is_refused_before_the_names_are_looked_at() -> None:
    room = MemoryRoom(max_joined=3)
    alice = room.connect()
    alice.type("alice room=a,b,c,[no,name]")

    assert "! One person may be in at most 3 rooms: /leave one first." in alice.lines()
    alice.type("alice room=a,b,c")
    assert alice.lines()[0].startswith("* welcome to c, alice.")


def test_an_irc_client_asks_about_a_hundred_names_in_a_line_at_most() -> None:
    room = IRCRoom(replay=0)
    room.enter("z")
    bob = room.irc("bob")
    names = [f"{letter}{digit}" for letter in "acdefghijk" for digit in range(10)]
    assert len(names) == MAX_ISON == MAX_MONITORED
    bob.type(f"ISON {' '.join(names[1:])} z", f"ISON {' '.join(names)} z")
    first, second = bob.lines()
    bob.type(f"MONITOR + {','.join(names)},z", "MONITOR L")
    lines = bob.lines()

    assert first.endswith(":z")
    assert second.endswith(" :")
    listed = [name for line in lines if " 732 " in line for name in line.rpartition(":")[2].split(",")]
    assert listed == names
    assert f" {MAX_MONITORED} z " in next(line for line in lines if " 734 " in line)


# Who asks, pays, and what they asked for ends with them.


def test_who_has_gone_is_not_answered_any_more() -> None:
    for leave in ("lose", "quit"):
        house = House(SteppedLog(prompt=False))
        alice = house.enter("alice")
        alice.type("/search tea")
        if leave == "lose":
            alice.lose()
        else:
            alice.session.quit("bye")

        assert house.log.dropped == [alice.session]


def test_work_is_paid_for_as_lines_up_to_a_burst_for_each_line() -> None:
    house = House(burst=50)
    alice = house.enter("alice")
    alice.spent = 0.0
    alice.session.charge(10 * LINE_SECONDS)
    assert alice.spent == pytest.approx(10)
    alice.session.charge(1000 * LINE_SECONDS)
    alice.session.charge(1000 * LINE_SECONDS)
    assert alice.spent == pytest.approx(50)

    alice.type("/history 1")
    house.log.settle()
    alice.session.charge(3 * LINE_SECONDS)
    assert alice.spent == pytest.approx(53)


def test_what_takes_too_long_is_said_and_the_next_line_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "LONGEST_WORK", 0.01)
    house = House()
    alice = house.enter("alice")

    def work() -> Work[Any]:
        while True:
            yield

    alice.session.in_turn(work(), lambda found: None)
    alice.type("/ping after")

    assert alice.lines() == ["! That takes too long. Ask for less, or try again in a minute.", "* pong after"]


def test_who_comes_back_and_cannot_be_shown_all_that_they_missed_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    house = House()
    alice = house.enter("alice")
    alice.type(*map(str, range(100)))
    house.log.settle()
    monkeypatch.setattr(turns, "LONGEST_WAIT", -1.0)
    bob = come(house, "bob", since=0)
    house.log.settle()

    assert [thing.code for thing in bob.things() if isinstance(thing, Refused)] == ["takes-too-long"]
    assert bob.closed


@pytest.mark.usefixtures("short_turns")
def test_the_end_of_the_server_ends_what_is_being_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "SHOWN_AT_ONCE", 1)
    room = IRCRoom(replay=0, rate=0)
    for number in range(50):
        room.enter(f"guest{number}")
    bob = room.irc("bob", rooms="#lobby")
    bob.lines()
    bob.type("WHO #lobby")
    stopped: list[bool] = []
    room.clock.callLater(0, room.chat.stop, lambda: stopped.append(True))

    assert numbers(bob.lines()) == ["352"]
    assert stopped


def test_a_visitor_who_reads_again_is_shown_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "SHOWN_AT_ONCE", 2)
    house = House()
    alice: Visitor = house.enter("alice")
    alice.stop_reading()
    done: list[bool] = []
    made: list[int] = []

    def lines() -> Any:
        for number in range(100):
            made.append(number)
            yield b"%d\r\n" % number

    alice.session.show_all(lines(), lambda: done.append(True))
    assert 0 < len(made) <= 2
    assert done == []
    alice.read_on()

    assert (done, alice.lines()) == ([True], [str(number) for number in range(100)])
