"""The log of the server says who came from where, who went and why, and who was turned away."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from ircroom import IRCRoom, ask
from pages import Page

from chatroom.doors.journal import MAX_LINE, MAX_LINES, Journal
from chatroom.doors.web import WebFactory
from chatroom.testing import MemoryRoom
from chatroom.wire.handshake import MAX_TRIES

Lines = Callable[[], list[str]]


@pytest.fixture
def room(tmp_path: Path) -> IRCRoom:
    (tmp_path / "operators").write_text("root open sesame\n", encoding="utf-8")
    return IRCRoom(operators=str(tmp_path / "operators"))


def test_it_says_who_came_in_from_where_at_each_door(room: IRCRoom, journal: Lines) -> None:
    person = room.connect(address="203.0.113.9")
    person.type("alice")
    room.settle()
    room.irc("bob")
    page = Page(room, WebFactory(chat=room.chat, reactor=room.clock))
    page.type("carol")
    page.texts()

    assert journal() == ["alice (203.0.113.9) came in", "bob (192.168.1.1) came in", "carol (192.168.1.1) came in"]


def test_it_says_who_went_and_why(room: IRCRoom, journal: Lines) -> None:
    alice, bob = room.irc("alice"), room.irc("bob")
    room.enter("carol")
    dave, erin = room.enter("dave"), room.enter("erin")
    journal()
    ask(alice, "OPER root :open sesame", "KILL carol :spam")
    bob.type("QUIT :good \x02night")
    room.settle()
    dave.type("/quit")
    erin.drop()
    room.settle()

    assert journal() == [
        "alice (192.168.1.1) has become an operator as root",
        "carol (192.168.1.1) left: Killed (alice (spam))",
        "bob (192.168.1.1) left: good night",
        "dave (192.168.1.1) left: no reason given",
        "erin (192.168.1.1) left: connection lost",
    ]


def test_it_says_who_was_let_go_for_not_reading(journal: Lines) -> None:
    room = MemoryRoom(sendq=10_000, rate=0)
    alice, bob = room.enter("alice"), room.enter("bob")
    bob.stop_reading()
    for _ in range(200):
        alice.type("x" * 1000)
        room.settle()

    assert "bob (192.168.1.1) left: reading too slowly" in journal()


def test_it_says_who_is_called_something_else(room: IRCRoom, journal: Lines) -> None:
    alice, bob = room.irc("alice"), room.enter("bob")
    journal()
    ask(alice, "NICK alicia")
    bob.type("/nick robert")
    room.settle()

    assert journal() == ["alice (192.168.1.1) is called alicia now", "bob (192.168.1.1) is called robert now"]


def test_it_says_who_gave_a_wrong_password(room: IRCRoom, journal: Lines) -> None:
    alice, bob = room.irc("alice"), room.enter("bob")
    journal()
    ask(alice, "OPER root x")
    bob.type("/oper root x", "/oper root open sesame")
    room.settle()

    assert journal() == [
        "alice (192.168.1.1) gave a wrong password for an operator",
        "bob (192.168.1.1) gave a wrong password for an operator",
        "bob (192.168.1.1) has become an operator as root",
    ]


def test_it_says_who_was_turned_away_and_why(tmp_path: Path, journal: Lines) -> None:
    (tmp_path / "password").write_text("tea", encoding="utf-8")
    room = IRCRoom(max_clients=1, irc_password=str(tmp_path / "password"))
    web = WebFactory(chat=room.chat, reactor=room.clock)

    def turned_away() -> list[str]:
        return [line.removeprefix("192.168.1.1 was turned away: ") for line in journal()]

    assert room.knock("NICK alice", "USER a 0 * :a").closed
    assert turned_away() == ["Password incorrect"]
    tries = room.connect()
    tries.type(*["* no *"] * MAX_TRIES)
    assert tries.closed
    assert turned_away()[0].startswith("None of 5 nicknames would do")
    browser = room.connect()
    browser.send(b"GET / HTTP/1.1\r\n\r\n")
    assert browser.closed
    assert turned_away()[0].startswith("HTTP is not spoken at this door")
    silent = room.connect()
    room.advance(30)
    assert silent.closed
    assert turned_away()[0].startswith("No nickname within 30 seconds")
    room.enter("alice")
    journal()
    for door in (room.factory, room.door, web):
        assert room.connect(door).closed
    assert [line.partition(" (")[0] for line in turned_away()] == ["The server is full"] * 3


def test_whoever_goes_before_they_were_in_leaves_no_trace(room: IRCRoom, journal: Lines) -> None:
    for door in (room.factory, room.door, WebFactory(chat=room.chat, reactor=room.clock)):
        room.connect(door).close()
        room.settle()

    assert journal() == []


def test_a_server_that_stops_does_not_say_that_everybody_goes(room: IRCRoom, journal: Lines) -> None:
    room.enter("alice")
    room.irc("bob")
    journal()
    room.factory.stop()
    room.door.close_all()
    room.advance(10)

    assert journal() == []


# The lines themselves.


def journal_of(calls: list[Callable[[], None]]) -> Journal:
    return Journal(lambda seconds, call: calls.append(call))


def test_lines_of_one_turn_are_one_entry_and_equal_ones_are_counted(journal: Lines) -> None:
    calls: list[Callable[[], None]] = []
    found = journal_of(calls)
    for line in ("one", "two", "one", "one"):
        found.note(line)
    assert (journal(), len(calls)) == ([], 1)
    calls.pop()()
    assert journal() == ["one (3 times)", "two"]
    found.note("one")
    calls.pop()()
    assert journal() == ["one"]


def test_no_line_is_long_and_no_more_wait_than_may(journal: Lines) -> None:
    found = journal_of([])
    found.note("x" * 10_000 + "\n")
    for number in range(MAX_LINES):
        found.note(f"{number}\x1b[2J\n {{number}}")
    written = journal()

    assert len(written) == MAX_LINES
    assert (written[0], written[1]) == ("x" * MAX_LINE, "0 {number}")
