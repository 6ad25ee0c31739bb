"""The IRC door: coming in, staying, going, and what it does with bytes that are no lines."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ircroom import SERVER, IRCRoom, SteppedIRCRoom, ask, bare, numbers, tags_of

from chatroom.core.operators import MAX_WRONG, WRONG_FOR
from chatroom.doors.connection import CLOSE_TIMEOUT
from chatroom.doors.irc import IRCFactory
from chatroom.doors.irc.capabilities import CAPABILITIES, WHERE_THERE_ARE_ACCOUNTS
from chatroom.doors.irc.protocol import PING_AFTER, PING_TIMEOUT
from chatroom.model.settings import Settings

BURST = ["001", "002", "003", "004", "005", "005", "251", "252", "253", "254", "255", "265", "266", "422"]


@pytest.fixture
def room() -> IRCRoom:
    return IRCRoom()


def test_nick_and_user_let_one_in(room: IRCRoom) -> None:
    alice = room.knock("NICK alice", "USER al 0 * :Alice Liddell")
    lines = alice.lines()

    assert numbers(lines) == BURST
    assert lines[0] == f":{SERVER} 001 alice :Welcome to the chatroom Network, alice"
    assert lines[3].startswith(f":{SERVER} 004 alice {SERVER} chatroom-")
    assert room.door.nicknames == ["alice"]


def test_the_order_does_not_matter(room: IRCRoom) -> None:
    alice = room.knock("USER al 0 * :Alice", "NICK alice")

    assert numbers(alice.lines()) == BURST


def test_what_the_server_can_do_is_told_in_lines_of_few_enough_tokens(room: IRCRoom) -> None:
    told = [line for line in room.knock("NICK alice", "USER al 0 * :Alice").lines() if " 005 " in line]
    tokens = [token for line in told for token in line.split(" :")[0].split(" ")[3:]]

    assert all(len(line.split(" :")[0].split(" ")[3:]) <= 13 for line in told)
    assert {"UTF8ONLY", "CASEMAPPING=ascii", "NICKLEN=32", "CHANTYPES=#", "WHOX"} <= set(tokens)
    assert not [token for token in tokens if token.startswith("CLIENTTAGDENY")], "every tag is handed on"
    assert "MSGREFTYPES=msgid,timestamp" in tokens
    assert all(line.isascii() and len(line) <= 510 for line in told)


def test_the_message_of_the_day_is_shown(tmp_path: Path) -> None:
    (tmp_path / "motd").write_text("be kind\nrun fast\n", encoding="utf-8")
    room = IRCRoom(motd=str(tmp_path / "motd"))
    alice = room.knock("NICK alice", "USER al 0 * :Alice")

    assert bare(alice.lines())[-4:] == [
        f"375 alice :- {SERVER} Message of the day -",
        "372 alice :- be kind",
        "372 alice :- run fast",
        "376 alice :End of MOTD command",
    ]


@pytest.mark.parametrize(
    ("lines", "answer"),
    [
        (["NICK"], "431 * :No nickname given"),
        (["NICK :"], "431 * :No nickname given"),
        (["NICK *"], "432 * * :That nickname will not do: it starts with *."),
        (["NICK 1:2"], "432 * 1:2 :That nickname will not do: it has : in it."),
        (["USER a 0 *"], "461 * USER :Not enough parameters"),
        (["USER a 0 * :"], "461 * USER :Not enough parameters"),
        (["PASS"], "461 * PASS :Not enough parameters"),
        (["JOIN :"], "451 * :You have not registered"),
        (["PRIVMSG #lobby :hi"], "451 * :You have not registered"),
        (["FOO"], "451 * FOO :You have not registered"),
        (["CAP"], "461 * CAP :Not enough parameters"),
        (["CAP FOO"], "410 * FOO :Invalid CAP command"),
        (["CAP LIST"], "CAP * LIST :"),
        (["PING x"], f"PONG {SERVER} :x"),
    ],
)
def test_before_one_is_in(room: IRCRoom, lines: list[str], answer: str) -> None:
    assert bare(room.knock(*lines).lines()) == [answer]


@pytest.mark.parametrize("lines", [["PONG x"], ["ERROR x"], [""], ["   "], [":x"]])
def test_what_needs_no_answer_gets_none(room: IRCRoom, lines: list[str]) -> None:
    assert room.knock(*lines).lines() == []


def test_a_nickname_that_is_taken_is_refused_and_another_is_taken(room: IRCRoom) -> None:
    room.enter("alice")
    other = room.knock("NICK ALICE", "USER al 0 * :Alice")

    assert bare(other.lines()) == ["433 * ALICE :Nickname is already in use"]
    other.type("NICK bob")
    assert numbers(other.lines()) == BURST


def test_of_two_who_want_the_same_nickname_the_first_to_finish_has_it(room: IRCRoom) -> None:
    one, two = room.knock("NICK alice"), room.knock("NICK alice")
    one.type("USER a 0 * :A")
    two.type("USER b 0 * :B")

    assert numbers(one.lines()) == BURST
    assert bare(two.lines()) == ["433 * alice :Nickname is already in use"]
    two.type("NICK bob")
    assert numbers(two.lines()) == BURST


def test_nobody_registers_twice(room: IRCRoom) -> None:
    alice = room.irc("alice")

    assert ask(alice, "USER a 0 * :A", "PASS x") == ["462 alice :You may not reregister"] * 2


def test_a_nickname_that_letters_outside_ascii_make_up_is_carried(room: IRCRoom) -> None:
    room.irc("日本", rooms="#lobby")
    bob = room.irc("bob", rooms="#lobby")
    bob.lines()
    carol = room.enter("carol")
    carol.type("/me bows to 日本")

    assert bare(bob.lines()) == ["carol JOIN #lobby", "carol PRIVMSG #lobby :\x01ACTION bows to 日本\x01"]
    assert ask(bob, "NAMES #lobby")[0] == "353 bob = #lobby :日本 bob carol"


# The password of the server.


@pytest.fixture
def locked(tmp_path: Path) -> IRCRoom:
    (tmp_path / "password").write_text("opensesame\n", encoding="utf-8")
    return IRCRoom(irc_password=str(tmp_path / "password"))


def test_who_gives_the_password_is_let_in(locked: IRCRoom) -> None:
    assert numbers(locked.knock("PASS opensesame", "NICK alice", "USER a 0 * :A").lines()) == BURST


@pytest.mark.parametrize("start", [[], ["PASS wrong"]])
def test_who_does_not_is_told_so_and_let_go(locked: IRCRoom, start: list[str]) -> None:
    alice = locked.knock(*start, "NICK alice", "USER a 0 * :A", "PASS opensesame")

    assert bare(alice.lines()) == ["464 * :Password incorrect", "ERROR :Closing link: (Password incorrect)"]
    assert alice.closed


def test_whoever_guesses_it_is_let_in_by_none_for_a_while(locked: IRCRoom) -> None:
    for _ in range(MAX_WRONG):
        locked.knock("PASS x", "NICK alice", "USER a 0 * :A").lines()
    alice = locked.knock("PASS opensesame", "NICK alice", "USER a 0 * :A")

    assert bare(alice.lines())[0] == "464 * :Too many wrong passwords came from your address: wait a minute"
    assert alice.closed
    locked.advance(WRONG_FOR)
    assert numbers(locked.knock("PASS opensesame", "NICK alice", "USER a 0 * :A").lines()) == BURST


def test_a_file_that_will_not_do_is_named(tmp_path: Path) -> None:
    empty, binary = tmp_path / "empty", tmp_path / "binary"
    empty.write_text("\n", encoding="utf-8")
    binary.write_bytes(b"\xff\xfe")

    for found, why in (
        (Settings(irc_password=str(empty)), f"--irc-password {empty}: its first line is empty"),
        (Settings(irc_password=str(tmp_path / "none")), f"--irc-password {tmp_path / 'none'}: No such file"),
        (Settings(irc_password=str(binary)), f"--irc-password {binary}: it is not UTF-8"),
    ):
        with pytest.raises(ValueError, match=re.escape(why)):
            IRCFactory.check(found)
    IRCFactory.check(Settings())


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_byte_order_mark_is_no_part_of_the_password(tmp_path: Path, end: str) -> None:
    (tmp_path / "password").write_bytes(f"\ufeffs3cret{end}".encode())
    room = IRCRoom(irc_password=str(tmp_path / "password"))
    alice = room.knock("PASS s3cret", "NICK alice", "USER a 0 * :a")

    assert "001" in numbers(alice.lines())


def test_a_byte_order_mark_is_no_part_of_other_files_of_settings(tmp_path: Path) -> None:
    (tmp_path / "operators").write_bytes("\ufeffroot open sesame\n".encode())
    (tmp_path / "motd").write_bytes("\ufeffbe kind\n".encode())
    room = IRCRoom(operators=str(tmp_path / "operators"), motd=str(tmp_path / "motd"))
    alice = room.irc("alice")

    assert ask(alice, "MOTD")[1] == "372 alice :- be kind"
    assert numbers(ask(alice, "OPER root :open sesame"))[0] == "381"


def test_the_server_says_how_to_come_in(room: IRCRoom) -> None:
    assert room.door.ways_in("127.0.0.1", 6667) == ["/connect 127.0.0.1 6667 in an IRC client, then /join #lobby"]
    assert room.door.ways_in_by_socket("/run/irc") == []


# Capabilities.


def test_capabilities_are_listed_asked_for_and_given_up(room: IRCRoom) -> None:
    alice = room.knock("CAP LS 302")
    everything = " ".join(sorted((*CAPABILITIES, *WHERE_THERE_ARE_ACCOUNTS)))
    for name, value in (
        ("account-registration", "before-connect"),
        ("multiline", "max-bytes=4096,max-lines=100"),
        ("sasl", "PLAIN"),
    ):
        everything = everything.replace(name, f"{name}={value}")

    assert bare(alice.lines()) == [f"CAP * LS :{everything}"]
    assert ask(alice, "CAP REQ :server-time echo-message") == ["CAP * ACK :server-time echo-message"]
    assert ask(alice, "CAP REQ :batch nonsense") == ["CAP * NAK :batch nonsense"]
    assert ask(alice, "CAP LIST") == ["CAP * LIST :cap-notify echo-message server-time"]
    assert ask(alice, "NICK alice", "USER a 0 * :A") == []
    alice.type("CAP END")
    assert numbers(alice.lines()) == BURST
    assert ask(alice, "CAP REQ :-server-time", "CAP LIST") == [
        "CAP alice ACK :-server-time",
        "CAP alice LIST :cap-notify echo-message",
    ]


def test_an_old_client_is_told_of_no_values_and_no_notification(room: IRCRoom) -> None:
    (listed,) = room.knock("CAP LS").lines()

    assert "=" not in listed
    assert room.knock("CAP LS x", "CAP LIST").lines()[1].endswith("LIST :")


def test_capabilities_hold_from_when_they_are_asked_for(room: IRCRoom) -> None:
    alice, bob = room.irc("alice", rooms="#lobby"), room.irc("bob", rooms="#lobby")
    alice.lines()
    bob.type("PRIVMSG #lobby :one")
    (one,) = alice.lines()
    ask(alice, "CAP REQ :server-time message-tags")
    bob.type("PRIVMSG #lobby :two")
    (two,) = alice.lines()

    assert tags_of(one) == {}
    assert tags_of(two).keys() == {"time", "msgid"}


# Staying.


def test_a_silent_client_is_asked_whether_it_lives_and_stays_if_it_does(room: IRCRoom) -> None:
    alice = room.irc("alice")
    for _ in range(3):
        room.advance(PING_AFTER)
        assert alice.lines() == [f"PING :{SERVER}"]
        alice.type("PONG x")
        assert alice.lines() == []
        room.advance(PING_TIMEOUT)
        assert alice.lines() == []
    assert not alice.closed


def test_a_client_that_talks_is_not_asked(room: IRCRoom) -> None:
    alice = room.irc("alice")
    for _ in range(10):
        room.advance(PING_AFTER / 2)
        assert ask(alice, "PING x") == [f"PONG {SERVER} :x"]


def test_a_client_that_does_not_answer_is_let_go(room: IRCRoom) -> None:
    alice, bob = room.irc("alice", rooms="#lobby"), room.enter("bob")
    alice.lines()
    room.advance(PING_AFTER)
    bob.lines()
    room.advance(PING_TIMEOUT)

    assert alice.lines()[-1] == "ERROR :Closing link: (ping timeout: 150 seconds)"
    assert alice.closed
    assert bob.lines() == ["* alice left (ping timeout: 150 seconds)"]


def test_whoever_does_not_come_in_is_let_go(room: IRCRoom) -> None:
    slow = room.knock("NICK slow", "CAP LS 302")
    slow.lines()
    room.advance(Settings().handshake_timeout)

    (error,) = slow.lines()
    assert error.startswith("ERROR :Closing link: (No nickname within 30 seconds")
    assert slow.closed


def test_one_too_many_is_told_why() -> None:
    room = IRCRoom(max_clients=1)
    room.irc("alice")
    late = room.knock()

    assert late.lines() == ["ERROR :Closing link: (The server is full (1 connections): try again later.)"]
    assert late.closed


# Going.


def test_quit_is_told_to_others_once_and_closes(room: IRCRoom) -> None:
    alice, bob = room.irc("alice", rooms="#lobby,#garden"), room.irc("bob", rooms="#lobby,#garden")
    alice.lines()
    bob.type("QUIT :so long")

    assert bob.lines()[-1] == "ERROR :Closing link: (so long)"
    assert bob.closed
    assert bare(alice.lines()) == ["bob QUIT :so long"]


def test_quit_before_one_is_in_closes(room: IRCRoom) -> None:
    alice = room.knock("NICK alice", "QUIT")

    assert alice.lines() == ["ERROR :Closing link: (quit)"]
    assert alice.closed
    assert room.irc("alice").lines() == []


def test_a_connection_that_is_lost_is_told_to_others(room: IRCRoom) -> None:
    alice, bob = room.irc("alice", rooms="#lobby"), room.irc("bob", rooms="#lobby")
    alice.lines()
    bob.drop()

    assert bare(alice.lines()) == ["bob QUIT :connection lost"]
    assert len(room.door.server.clients) == 1


def test_what_was_sent_before_the_end_is_still_said(room: IRCRoom) -> None:
    bob = room.enter("bob")
    alice = room.knock("NICK alice", "USER a 0 * :A", "JOIN #lobby", "PRIVMSG #lobby :hello")
    alice.send(b"PRIVMSG #lobby :and goodbye")
    alice.finish()

    assert bob.lines() == ["* alice joined", "alice: hello", "alice: and goodbye", "* alice left (connection closed)"]


def test_when_the_server_stops_everybody_is_told(room: IRCRoom) -> None:
    alice = room.irc("alice", rooms="#lobby")
    room.door.close_all()

    assert alice.lines() == [
        f":{SERVER} NOTICE alice :the server is stopping",
        "ERROR :Closing link: (connection closed)",
    ]
    assert alice.closed


def test_one_who_does_not_read_is_let_go_and_the_others_see_them_quit() -> None:
    room = IRCRoom(sendq=10_000, rate=0)
    slow, alice = room.irc("slow", rooms="#lobby"), room.irc("alice", rooms="#lobby")
    slow.stop_reading()
    for _ in range(400):
        alice.type("PRIVMSG #lobby :" + "x" * 400)
        room.settle()
    room.advance(CLOSE_TIMEOUT)

    assert "slow QUIT :reading too slowly" in bare(alice.lines())


# Bytes.


def test_a_line_comes_in_any_pieces(room: IRCRoom) -> None:
    alice, bob = room.irc("alice", rooms="#lobby"), room.irc("bob", rooms="#lobby")
    alice.lines()
    for byte in "PRIVMSG #lobby :größe 😃\r\n".encode():
        bob.send(bytes([byte]))

    assert bare(alice.lines()) == ["bob PRIVMSG #lobby :größe 😃"]


def test_a_line_that_is_too_long_is_refused_and_the_next_is_not(room: IRCRoom) -> None:
    alice = room.irc("alice")

    for line in ("PING " + "x" * 506, "x" * 10_000, "@a=" + "x" * 4096 + " PING x"):
        assert ask(alice, line, "PING y") == ["417 alice :Input line was too long", f"PONG {SERVER} :y"]
    assert ask(alice, "PING " + "x" * 505)[0].startswith(f"PONG {SERVER} :xxx")


def test_a_line_that_is_not_utf8_fails_by_its_name(room: IRCRoom) -> None:
    alice = room.irc("alice", rooms="#lobby")
    alice.send(b"PRIVMSG #lobby :\xaa\r\n\xff\r\nPING x\r\n")

    assert numbers(alice.lines()) == ["FAIL", "FAIL", "PONG"]
    alice.send(b"PRIVMSG #lobby :\xaa\r\n")
    assert bare(alice.lines())[0].startswith("FAIL PRIVMSG INVALID_UTF8 :")


def test_an_unknown_command_is_named(room: IRCRoom) -> None:
    assert ask(room.irc("alice"), "frobnicate x") == ["421 alice FROBNICATE :Unknown command"]


def test_whoever_sends_faster_than_may_be_is_read_more_slowly_and_loses_nothing() -> None:
    room = IRCRoom(rate=1, burst=10)
    alice = room.irc("alice")
    alice.type(*[f"PING {number}" for number in range(20)])
    first = alice.lines()
    for _ in range(30):
        room.advance(1)

    assert 0 < len(first) < 20
    assert [*first, *alice.lines()] == [f":{SERVER} PONG {SERVER} :{number}" for number in range(20)]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary(max_size=80), max_size=20), st.booleans())
def test_no_bytes_break_it_or_reach_others_unescaped(chunks: list[bytes], registered: bool) -> None:
    room = IRCRoom(rate=0)
    alice = room.enter("alice")
    bob = room.irc("bob", rooms="#lobby") if registered else room.knock()
    for chunk in chunks:
        bob.send(b"PRIVMSG #lobby :" + chunk if registered else chunk)
        bob.send(b"\r\n")
    room.settle()

    assert not any(byte < 0x20 for byte in alice.data().replace(b"\r\n", b""))
    if not bob.closed:
        bob.type("PING still")
        assert any("still" in line for line in bob.lines())


# What the log does.


def test_who_has_gone_is_shown_to_have_left_though_it_cannot_be_kept() -> None:
    room = SteppedIRCRoom()
    bob = room.irc("bob")
    bob.type("JOIN #lobby")
    room.settle()
    room.log.commit()
    room.alice.lines()
    bob.drop()
    room.settle()
    room.log.fail()

    assert bare(room.alice.lines()) == ["bob PART #lobby :connection lost"]
    assert ask(room.alice, "NAMES #lobby")[0] == "353 alice = #lobby :alice"


def test_what_cannot_be_kept_is_told() -> None:
    room = SteppedIRCRoom()
    alice = room.alice
    alice.type("PRIVMSG #lobby :hi", "PING x")
    room.settle()
    room.log.fail()

    assert bare(alice.lines()) == [
        "NOTICE alice :not sent: the disk is full. Try again when that is mended.",
        f"PONG {SERVER} :x",
    ]
    alice.type("JOIN #garden", "PING y")
    room.settle()
    room.log.fail()
    assert bare(alice.lines()) == [
        "NOTICE alice :not sent: the disk is full. Try again when that is mended.",
        f"PONG {SERVER} :y",
    ]


def test_an_answer_waits_until_what_was_said_before_is_kept() -> None:
    room = SteppedIRCRoom()
    alice = room.alice
    alice.type("TOPIC #lobby :new", "TOPIC #lobby", "PING x")
    room.settle()
    assert alice.lines() == []
    room.log.commit()

    assert [line.split(" ")[0] + " " + line.split(" ")[1] for line in bare(alice.lines())] == [
        "alice TOPIC",
        "332 alice",
        "333 alice",
        f"PONG {SERVER}",
    ]
