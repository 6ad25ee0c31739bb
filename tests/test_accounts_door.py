"""Accounts at the doors: the password in its own step, telnet's echo, requests in JSON, and the way back in."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from lineroom import two
from support import Stage

from chatroom.client.protocol import ChatClientFactory, ChatClientProtocol
from chatroom.core.dialogue import MAY_BE_SEEN
from chatroom.core.session import OWNER_HAS_COME
from chatroom.doors.irc import IRCFactory
from chatroom.log.accounts import Terms
from chatroom.testing import MemoryRoom, Person
from chatroom.wire.handshake import MAX_TRIES

SECRET = "/etc * correct: horse"
"""A password that would be a command if it were taken for a line."""

REGISTERED = "! The nickname {} is registered: log in if it is yours, or choose another."
WRONG = "! There is no account of that name with that password: check both."
HIDE, SHOW = b"\xff\xfb\x01", b"\xff\xfc\x01"
DO_ECHO, DONT_ECHO = b"\xff\xfd\x01", b"\xff\xfe\x01"


@pytest.fixture
def room() -> MemoryRoom:
    return MemoryRoom(replay=0)


def registered(room: MemoryRoom, nickname: str, secret: str = SECRET) -> Person:
    """Somebody who has registered their nickname, with nothing unread."""
    person = room.enter(nickname)
    person.type("/register", secret, secret)
    assert person.lines()[2] == f"* you are logged in to the account {nickname}"
    return person


def objects(person: Person) -> list[dict[str, Any]]:
    return [json.loads(line) for line in person.lines() if line.startswith("{")]


# The line door.


def test_the_password_is_asked_for_in_its_own_step_and_reaches_nobody(room: MemoryRoom) -> None:
    alice, bob = two(room)
    alice.type("/register")
    assert alice.lines() == ["* password (a new one, for the nickname that is yours from now on):"]
    alice.type(SECRET)
    assert alice.lines() == ["* password (the same again):"]
    alice.type(SECRET)
    assert alice.lines() == [
        "* you are logged in to the account alice",
        "* alice is yours now: /login with your password when you come back.",
    ]
    alice.type("hello")
    assert bob.lines() == ["alice: hello"]


@pytest.mark.parametrize("line", ["", "\b\b"])
def test_an_empty_line_gives_no_password(room: MemoryRoom, line: str) -> None:
    alice = room.enter("alice")
    alice.type("/register", line, "hello")
    assert alice.lines()[1:] == ["* You gave no password, so nothing was done.", "alice: hello"]
    alice.type("/register", SECRET, line)
    assert alice.lines()[2:] == ["* You gave no password, so nothing was done."]
    assert not alice.protocol.session.member.account


def test_two_that_are_not_the_same_make_no_account(room: MemoryRoom) -> None:
    alice = room.enter("alice")
    alice.type("/register", SECRET, f"{SECRET}!")
    assert alice.lines()[2:] == [
        "! That password will not do: the two are not the same, so nothing was done: begin again."
    ]
    assert not alice.protocol.session.member.account


def test_a_nickname_that_is_registered_is_its_owner_s(room: MemoryRoom) -> None:
    alice = registered(room, "alice")
    alice.type("/quit")
    assert alice.closed
    stranger, owner = room.connect(), room.connect()
    stranger.type("Alice")
    assert stranger.lines() == ["NICK", REGISTERED.format("Alice"), "* password:"]
    stranger.type("no idea", "bob")
    assert stranger.lines()[:2] == [WRONG, "NICK"]
    assert stranger.protocol.session.nickname == "bob"
    stranger.type("/nick AIice")
    assert stranger.lines()[-1] == REGISTERED.format("AIice")

    owner.type("alice", SECRET)
    shown = owner.lines()
    assert shown[2:4] == ["* password:", "* you are logged in to the account alice"]
    assert shown[-1] == "* alice joined"


def test_a_newcomer_may_choose_another_nickname_instead(room: MemoryRoom) -> None:
    registered(room, "alice")
    bob = room.connect()
    bob.type("alice", "", "bob")
    shown = bob.lines()
    assert shown[:4] == ["NICK", REGISTERED.format("alice"), "* password:", "NICK"]
    assert shown[-1] == "* bob joined"


def test_passwords_at_the_entrance_are_tries(room: MemoryRoom) -> None:
    registered(room, "alice")
    stranger = room.connect()
    for _ in range(MAX_TRIES):
        stranger.type("alice", "no idea")
    assert stranger.lines()[-1].startswith("! None of 5 nicknames would do")
    assert stranger.closed


def test_who_does_not_answer_at_the_entrance_is_sent_away(room: MemoryRoom) -> None:
    registered(room, "alice")
    stranger = room.connect()
    stranger.type("alice")
    room.advance(30)
    assert stranger.closed


def test_the_owner_takes_the_place_of_their_own_ghost(room: MemoryRoom) -> None:
    ghost, bob = registered(room, "alice"), room.enter("bob")
    ghost.lines()
    again = room.connect()
    again.type("alice", SECRET)
    assert again.lines()[-1] == "* alice joined"
    assert ghost.lines()[-2] == "* You've come back by another connection: this one is closed."
    assert ghost.closed
    assert bob.lines() == ["* alice left (came back by another connection)", "* alice joined"]


def test_the_owner_takes_their_nickname_from_who_is_not_logged_in(room: MemoryRoom) -> None:
    other, bob = registered(room, "alice"), room.enter("bob")
    other.type("/logout")
    assert other.lines()[-1] == "* you are logged out"
    bob.type("/login alice", SECRET, "/nick alice")
    assert bob.lines()[-1] == "* bob is now alice"
    assert f"* {OWNER_HAS_COME}" in other.lines()
    assert other.closed


def test_another_account_does_not_take_it(room: MemoryRoom) -> None:
    registered(room, "alice")
    bob = registered(room, "bob", "another horse")
    bob.type("/nick alice")
    assert bob.lines() == [REGISTERED.format("alice")]


def test_several_nicknames_belong_to_an_account(room: MemoryRoom) -> None:
    alice = registered(room, "alice")
    alice.type("/nick al", "/register", "/account")
    shown = alice.lines()
    assert shown[1] == "* The nickname al belongs to your account alice."
    assert "Its nicknames: alice (last used on" in shown[-1]
    bob = room.enter("bob")
    bob.type("/nick alice", "/account al")
    assert bob.lines() == [
        REGISTERED.format("alice"),
        "* al is logged in to the account alice",
        "* al is registered to the account alice",
    ]
    assert alice.lines() == ["* bob joined"]
    alice.type("/unregister AL", "/unregister carol", "/nick alice")
    assert alice.lines()[:2] == [
        "* The nickname AL is no longer yours alone.",
        "! Yours are alice, not carol. Use it like this: /unregister [nickname]",
    ]
    bob.type("/nick al")
    assert bob.lines()[-1] == "* bob is now al"


def test_no_more_nicknames_belong_to_an_account_than_may() -> None:
    room = MemoryRoom(replay=0, max_nicknames=2)
    alice = registered(room, "alice")
    for nickname in ("al", "lissie"):
        alice.type(f"/nick {nickname}", "/register")
    assert alice.lines()[-1].startswith("! An account has at most 2 nicknames")


def test_a_password_in_the_line_of_a_command_is_taken_and_said_to_be_seen(room: MemoryRoom) -> None:
    alice, bob = two(room)
    alice.type("/register correct horse", "/logout", "/login alice correct horse")
    assert alice.lines() == [
        f"* {MAY_BE_SEEN}",
        "* you are logged in to the account alice",
        "* alice is yours now: /login with your password when you come back.",
        "* you are logged out",
        f"* {MAY_BE_SEEN}",
        "* you are logged in to the account alice",
    ]
    alice.type("/password correct")
    assert alice.lines() == [
        "! /password takes both passwords or none. Use it like this: /password [old] [new]",
    ]
    assert bob.lines() == []


def test_the_password_is_changed_and_the_account_given_up(room: MemoryRoom) -> None:
    alice, phone = registered(room, "alice"), room.enter("phone")
    phone.type("/login alice", SECRET)
    alice.type("/password", SECRET, "a new horse", "a new horse")
    assert alice.lines()[-1] == "* Your password is another one now."
    alice.type("/unregister", SECRET)
    assert alice.lines()[-1] == WRONG
    phone.lines()
    alice.type("/unregister", "a new horse")
    assert alice.lines()[-2:] == [
        "* you are logged out",
        "* The account alice is gone, and anybody may have its nicknames.",
    ]
    assert phone.lines() == ["* you are logged out"]
    for command in ("/logout", "/password", "/unregister"):
        phone.type(command)
        assert phone.lines() == ["! You're not logged in: /login first."]


def test_whois_says_who_is_logged_in(room: MemoryRoom) -> None:
    registered(room, "alice")
    bob = room.enter("bob")
    bob.type("/whois alice")
    assert "* alice is logged in to the account alice" in bob.lines()


def test_a_line_that_is_no_utf_8_is_no_password_and_is_not_said(room: MemoryRoom) -> None:
    alice, bob = two(room)
    alice.type("/register")
    alice.send(b"caf\xe9 latte\r\n" + b"x" * 5000 + b"\r\n")
    assert [line[:20] for line in alice.lines()[1:]] == ["! That line is not U", "! That line is longe"]
    alice.type(SECRET, SECRET)
    assert alice.lines()[1] == "* you are logged in to the account alice"
    assert bob.lines() == []


def test_nobody_can_pass_for_the_prompt(room: MemoryRoom) -> None:
    mallory = room.connect()
    mallory.type("password", "Passw0rd", "mallory")
    shown = mallory.lines()
    assert shown[1] == "! That nickname will not do: it could be mistaken for the server."


# Telnet's echo.


def test_a_terminal_that_speaks_telnet_does_not_show_the_password(room: MemoryRoom) -> None:
    alice = room.enter("alice")
    alice.send(b"\xff\xfb\x18")  # WILL TERMINAL-TYPE, which is refused.
    assert alice.data() == b"\xff\xfe\x18"
    alice.type("/login")
    assert alice.data() == b"* password:\r\n" + HIDE
    # It agrees, and is not contradicted.
    alice.send(DO_ECHO)
    assert alice.data() == b""
    alice.type("no idea")
    assert alice.data() == SHOW + f"{WRONG}\r\n".encode()
    alice.send(DONT_ECHO)
    # What was not offered is refused, as ever.
    alice.send(DO_ECHO)
    assert alice.data() == SHOW


def test_a_terminal_that_refuses_is_taken_at_its_word(room: MemoryRoom) -> None:
    alice = room.enter("alice")
    alice.send(b"\xff\xf1")  # NOP
    for _ in range(3):
        alice.type("/login")
        alice.send(DONT_ECHO)
        alice.type("")
    assert alice.data().count(HIDE) == 3
    alice.send(DO_ECHO)
    assert alice.data() == SHOW


def test_a_client_that_has_sent_no_telnet_is_sent_none(room: MemoryRoom) -> None:
    alice = registered(room, "alice")
    alice.type("/login", SECRET, "/password", SECRET, "a new horse", "a new horse", "/quit")
    stranger = room.connect()
    stranger.type("alice", "a new horse")
    assert b"\xff" not in alice.data() + stranger.data()


# Programs.


def test_a_program_is_told_and_asked_for_another_nickname_unless_it_names_the_account(room: MemoryRoom) -> None:
    registered(room, "alice")
    program = room.connect()
    program.type("alice format=json")
    assert program.lines()[-1] == "NICK"
    program.type("alice format=json account=alice")
    assert objects(program) == [{"kind": "password"}]
    program.type("no idea")
    error, *_ = objects(program)
    assert (error["kind"], error["code"]) == ("error", "wrong-password")
    program.type("alice format=json input=json account=Alice", SECRET)
    asked, account, welcome, *_ = objects(program)
    assert (asked, account) == ({"kind": "password"}, {"kind": "account", "account": "alice"})
    assert welcome["kind"] == "welcome"


def test_a_program_may_log_in_to_an_account_and_come_in_under_a_nickname_that_is_nobody_s(room: MemoryRoom) -> None:
    registered(room, "alice")
    bot = room.connect()
    bot.type("robot account=alice", SECRET)
    assert bot.lines()[-1] == "* robot joined"
    assert bot.protocol.session.member.account == "alice"


def test_a_program_sends_passwords_with_its_requests(room: MemoryRoom) -> None:
    bot = room.enter("bot", "format=json input=json")
    for request in (
        {"do": "/register", "ref": "1"},
        {"do": "register", "secret": SECRET, "ref": "2"},
        {"do": "/password", "secret": SECRET, "ref": "3"},
        {"do": "/password", "secret": SECRET, "new": "another horse", "ref": "4"},
        {"do": "/logout", "ref": "5"},
        {"do": "/login bot", "secret": SECRET, "ref": "6"},
        {"do": "/login bot", "secret": "another horse", "ref": "7"},
    ):
        bot.type(json.dumps(request))
    shown = [(one["ref"], one["kind"], one.get("code", one.get("account"))) for one in objects(bot)]
    assert shown == [
        ("1", "error", "password-missing"),
        ("2", "account", "bot"),
        ("2", "notice", None),
        ("3", "error", "password-missing"),
        ("4", "notice", None),
        ("5", "account", ""),
        ("6", "error", "wrong-password"),
        ("7", "account", "bot"),
    ]


@pytest.mark.parametrize(
    "request_",
    [
        '{"do":"/login","secret":"correct horse",}',
        '{"do":"/login","secret":["correct horse"]}',
        '{"do":"/login","secret":"correct horse","colour":"red"}',
        '{"say":"hello","secret":"correct horse"}',
        '{"secret":"correct horse"}',
        '{"do":"/nosuch","secret":"correct horse"}',
        '{"do":"/login","secret":"correct horse \\ud800"}',
        '{"do":"/register","secret":"correct horse\\u0007"}',
        '{"do":"/login alice correct horse"',
        '{"do":"/login","secret":"correct horse"}',
    ],
)
def test_no_error_repeats_a_password(room: MemoryRoom, request_: str) -> None:
    bot = room.enter("bot", "format=json input=json")
    bot.type(request_)
    (error,) = objects(bot)
    assert error["kind"] == "error"
    assert "horse" not in json.dumps(error)


CLIENT = "client=correct-horse-battery"


def lasting(room: MemoryRoom) -> Person:
    """Alice, logged in, by a client that can prove that it is the same."""
    alice = room.enter("alice", CLIENT)
    alice.type("/register", SECRET, SECRET)
    assert alice.lines()[2] == "* you are logged in to the account alice"
    return alice


@pytest.mark.parametrize("lost", [True, False])
def test_a_client_comes_back_to_its_account_by_its_secret(room: MemoryRoom, lost: bool) -> None:
    alice = lasting(room)
    if lost:
        alice.drop()
        room.advance(60 * 60)
    again = room.connect()
    again.type(f"alice {CLIENT}")
    shown = again.lines()
    assert shown[1] == "* you are logged in to the account alice"
    assert shown[-1] == "* alice joined"
    # And once more, after its ghost has gone.
    again.drop()
    once_more = room.connect()
    once_more.type(f"alice {CLIENT} account=alice")
    assert once_more.lines()[-1] == "* alice joined"


@pytest.mark.parametrize("ends", ["/logout", "/unregister", "/password", "a day"])
def test_it_does_not_once_it_has_logged_out_or_the_password_is_another_or_a_day_is_over(
    room: MemoryRoom, ends: str
) -> None:
    alice, phone = lasting(room), room.enter("phone")
    phone.type("/login alice", SECRET)
    if ends == "/logout":
        alice.type("/logout")
    alice.type("/quit")
    assert alice.closed
    if ends == "/unregister":
        phone.type("/unregister", SECRET, "/nick alice", "/register", SECRET, SECRET)
    elif ends == "/password":
        phone.type("/password", SECRET, "a new horse", "a new horse")
    elif ends == "a day":
        room.advance(25 * 60 * 60)
    phone.lines()
    again = room.connect()
    again.type(f"alice {CLIENT}")
    assert again.lines()[1:] == [REGISTERED.format("alice"), "* password:"]


def test_another_client_does_not(room: MemoryRoom) -> None:
    lasting(room).drop()
    stranger = room.connect()
    stranger.type("alice client=wrong-horse-battery")
    assert stranger.lines()[1:] == [REGISTERED.format("alice"), "* password:"]


def test_a_bot_logs_in_on_each_connection(room: MemoryRoom) -> None:
    registered(room, "alice").type("/nick robot", "/register", "/quit")
    factory = ChatClientFactory("robot", account="alice", password=SECRET)
    for _ in range(2):
        bot = room.bot(factory)
        assert bot.nickname == "robot"
        assert room.chat.find("robot").account == "alice"
        bot.transport.abortConnection()
        room.settle()


def test_a_bot_with_a_wrong_password_is_refused(room: MemoryRoom) -> None:
    registered(room, "alice")
    refusals: list[str] = []

    class Bot(ChatClientProtocol):
        def refused(self, code: str, text: str, ref: str) -> None:
            refusals.append(code)

    for password in ("no idea", ""):
        bot = room.bot(ChatClientFactory("alice", Bot, account="alice", password=password))
        assert not bot.nickname
    assert refusals == ["wrong-password"]
    with pytest.raises(ValueError, match="a password is one line"):
        ChatClientFactory("alice", password="two\nlines")


# IRC.


def test_an_irc_client_is_refused_a_nickname_that_is_registered() -> None:
    room = MemoryRoom(replay=0)
    registered(room, "alice").type("/quit")
    client = room.connect(IRCFactory(chat=room.chat, reactor=room.clock))
    client.type("NICK alice", "USER bob 0 * :Bob")
    words = (
        ":chatroom.localhost 433 * alice :The nickname alice is registered: log in if it is yours, or choose another."
    )
    refused, how = client.lines()
    assert refused == words
    assert how.startswith(":chatroom.localhost NOTICE * :If alice is yours, have your client log in: by SASL (PLAIN)")
    client.type("NICK bob")
    assert " 001 bob " in client.lines()[0]
    client.type("NICK alice")
    assert client.lines() == [
        words.replace("*", "bob", 1),
        ":chatroom.localhost NOTICE bob :If alice is yours: /msg NickServ IDENTIFY alice PASSWORD, then /nick alice",
    ]


def test_an_irc_client_makes_way_for_the_owner() -> None:
    room = MemoryRoom(replay=0)
    bob = registered(room, "bob")
    client = room.connect(IRCFactory(chat=room.chat, reactor=room.clock))
    client.type("NICK alice", "USER alice 0 * :Alice")
    assert client.lines()
    # As another server may do it, where the account is logged in as well.
    log: Any = room.chat.log
    terms = Terms(0.0, 10, 5)
    log.accounts.add_nickname("bob", "alice", 1e12, lambda: None, lambda error: None, terms=terms)
    bob.type("/nick alice")
    assert bob.lines()[-1] == "* bob is now alice"
    assert client.lines()[0] == f":chatroom.localhost NOTICE alice :{OWNER_HAS_COME}"
    assert client.closed


# Where there are no accounts.


def test_where_passwords_cannot_be_checked_it_is_said_and_registered_nicknames_stay_their_owners(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "argon2", None)
    room = MemoryRoom(replay=0)
    alice = room.enter("alice")
    for command in ("/register", "/login"):
        alice.type(command)
        assert alice.lines() == [
            "! There are no accounts here: whoever runs the server has to install argon2-cffi:"
            " pip install 'chatroom[accounts]'."
        ]
    bob = room.connect()
    bob.type("bob account=bob")
    assert [line[:24] for line in bob.lines()] == ["NICK", "! There are no accounts ", "NICK"]


# A server.


@pytest.mark.process
def test_no_file_and_no_line_of_a_log_has_a_password_in_it_and_an_account_outlives_the_server(stage: Stage) -> None:
    server = stage.serve()
    alice = stage.enter(server.port, "alice")
    alice.send("/register")
    alice.expect("password (a new one, for the nickname that is yours from now on):\r\n")
    alice.send("correct horse battery")
    alice.expect("* password (the same again):\r\n")
    alice.send("correct horse battery")
    alice.expect("* you are logged in to the account alice\r\n")
    alice.send("/logout")
    alice.expect("* you are logged out\r\n")
    alice.send("/login")
    alice.expect("* password:\r\n")
    alice.send("wrong horse battery")
    alice.expect("! There is no account")
    alice.send("/login alice wrong horse battery")
    alice.expect("! There is no account")
    alice.send("//etc")
    alice.expect("alice: /etc\r\n")
    assert server.stop() == 0
    said = server.to_the_end() + server.errors()
    for line in (
        "alice (127.0.0.1) has registered their nickname",
        "alice (127.0.0.1) has logged out",
        "127.0.0.1 gave a wrong password for an account",
    ):
        assert line in said
    assert "horse battery" not in said
    for file in stage.folder.iterdir():
        if file.is_file():
            assert b"horse battery" not in file.read_bytes(), file

    again = stage.serve()
    owner = stage.connect(again.port)
    owner.send("alice")
    owner.expect("* password:\r\n")
    owner.send("correct horse battery")
    owner.expect("* alice joined\r\n")
    assert again.stop() == 0
