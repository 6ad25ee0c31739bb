"""A closed server at its doors: who is let in, by what, and what strangers are shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from closedroom import CLOSED, PASSWORD, SECRET, ClosedRoom, all_of
from ircroom import numbers, texts
from pages import Page

from chatroom.doors.web import WebFactory
from chatroom.model.errors import RegistrationClosed
from chatroom.testing import MemoryRoom, Person

PROMPT = "* password (of this server, of your account, or an invitation):"
ELSEWHERE = "198.51.100.7"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "password"
    path.write_text(f"{PASSWORD}\n", encoding="utf-8")
    return path


@pytest.fixture
def room(file: Path) -> ClosedRoom:
    return ClosedRoom(password=str(file))


@pytest.fixture
def members() -> ClosedRoom:
    return ClosedRoom(members_only=True)


# The door for lines.


def test_a_person_is_asked_for_the_password_in_its_own_step(room: ClosedRoom) -> None:
    alice = room.connect()
    alice.type("alice")
    assert alice.lines() == ["NICK", f"! {CLOSED}, log in to an account or give its password.", PROMPT]
    alice.type("wrong", "alice", PASSWORD, "hello")
    shown = alice.lines()
    assert shown[:2] == ["! There is no account of that name with that password: check both.", "NICK"]
    assert shown[-2:] == ["* alice joined", "alice: hello"]


def test_an_empty_line_gives_none_and_asks_for_a_nickname_again(room: ClosedRoom) -> None:
    alice = room.connect()
    alice.type("alice", "")
    assert alice.lines()[-2:] == [PROMPT, "NICK"]


def test_a_program_is_told_a_code_and_is_not_asked(room: ClosedRoom) -> None:
    bot = room.connect()
    bot.type("bot format=json")
    refused, again = bot.lines()[1:]
    assert (json.loads(refused)["code"], again) == ("server-closed", "NICK")
    bot.type("bot format=json password=nothing")
    assert json.loads(bot.lines()[0])["code"] == "wrong-password"
    bot.type("bot format=json password=open%20sesame")
    assert [json.loads(line)["kind"] for line in bot.lines()] == ["welcome", "past", "live", "joined"]


def test_the_password_of_an_account_lets_in_as_well(room: ClosedRoom) -> None:
    room.member("alice").type("/quit")
    again, bot = room.connect(), room.connect()
    again.type("alice", SECRET)
    assert again.lines()[-1] == "* alice joined"
    bot.type("al account=alice", SECRET)
    assert "* you are logged in to the account alice" in bot.lines()


def test_too_many_wrong_ones_have_to_wait_however_they_come(room: ClosedRoom) -> None:
    for _ in range(3):
        stranger = room.connect()
        for _ in range(4):
            stranger.type("bot format=json password=nothing")
        stranger.close()
    late = room.connect()
    late.type(f"bot password={PASSWORD.replace(' ', '%20')}")
    assert late.lines()[1].startswith("! Too many wrong passwords: wait ")
    room.advance(60)
    assert room.enter("bot", f"password={PASSWORD.replace(' ', '%20')}")


def test_no_password_is_taken_from_a_connection_that_others_can_read(room: ClosedRoom) -> None:
    alice = room.connect(address=ELSEWHERE)
    alice.type("alice password=open%20sesame", f"alice invite={room.code()}")
    shown = alice.lines()
    assert [line.partition(",")[0] for line in shown if line.startswith("! ")] == [
        "! Your connection is not encrypted"
    ] * 2
    assert all_of(room.chat)[0].used == 0
    assert room.connect(address=ELSEWHERE, encrypted=True).lines() == ["NICK"]


def test_the_file_is_read_again_when_it_changes_and_may_begin_with_a_mark(room: ClosedRoom, file: Path) -> None:
    room.enter("alice", "password=open%20sesame")
    file.write_bytes(b"\xef\xbb\xbfanother one\r\nmore\r\n")
    bob = room.connect()
    bob.type("bob format=json password=open%20sesame", "bob format=json password=another%20one")
    assert [json.loads(line)["kind"] for line in bob.lines() if line != "NICK"][:2] == ["error", "welcome"]


def test_a_file_that_will_not_do_any_more_leaves_the_password_as_it_was(room: ClosedRoom, file: Path) -> None:
    for data in (b"", b"\xff\xfe", None):
        file.unlink() if data is None else file.write_bytes(data)
        room.enter("alice", "password=open%20sesame").type("/quit")
    assert room.connect().lines() == ["NICK"]


def test_who_was_let_in_comes_back_by_the_secret_of_their_client(room: ClosedRoom, file: Path) -> None:
    secret = "client=0123456789abcdef"
    room.enter("alice", f"password=open%20sesame {secret}").drop()
    room.enter("alice", secret).drop()
    file.write_text("another one")
    alice = room.connect()
    alice.type(f"alice {secret}")
    assert alice.lines()[1].startswith(f"! {CLOSED}")


def test_an_open_server_takes_no_notice_of_a_password(tmp_path: Path) -> None:
    assert MemoryRoom().enter("alice", "password=whatever")


# Members alone.


def test_members_alone_are_let_in(members: ClosedRoom) -> None:
    members.member("alice").type("/quit")
    stranger = members.connect()
    stranger.type("bob")
    assert stranger.lines()[1:] == [f"! {CLOSED} or log in to an account.", "* password (or an invitation):"]
    owner = members.connect()
    owner.type("alice", SECRET)
    assert owner.lines()[-1] == "* alice joined"


def test_a_stranger_is_not_told_that_a_nickname_is_taken_or_registered_or_not_allowed(members: ClosedRoom) -> None:
    members.member("alice")
    for nickname in ("alice", "bob", "server"):
        stranger = members.connect()
        stranger.type(f"{nickname} format=json")
        assert json.loads(stranger.lines()[1])["code"] == "server-closed"


def test_a_stranger_makes_no_account_and_a_member_no_second_one(members: ClosedRoom) -> None:
    alice = members.member("alice")
    alice.type("/logout", "/nick al", "/register")
    assert alice.lines()[-1] == f"! {RegistrationClosed()}"


# Invitations.


def test_an_invitation_lets_one_in_once(members: ClosedRoom) -> None:
    code = members.code()
    alice = members.connect()
    alice.type("alice", code.upper().replace("-", " "))
    assert alice.lines()[-1] == "* alice joined"
    bob = members.connect()
    bob.type(f"bob format=json invite={code}")
    assert json.loads(bob.lines()[1])["code"] == "invitation-refused"


def test_a_link_is_as_good_as_its_code(members: ClosedRoom) -> None:
    assert members.enter("alice", f"invite=https://chat.example/#invite={members.code()}")
    bob = members.connect()
    bob.type("bob", f"https://chat.example/#invite={members.code()}")
    assert bob.lines()[-1] == "* bob joined"


@pytest.mark.parametrize("claim", ["alice", "server"])
def test_a_claim_that_fails_does_not_use_it_up(members: ClosedRoom, claim: str) -> None:
    members.invited("alice")
    code = members.code()
    bob = members.connect()
    bob.type(f"{claim} invite={code}")
    assert bob.lines()[-1] == "NICK"
    assert all_of(members.chat)[-1].used == 0
    bob.type("bob")
    assert bob.lines()[-1] == "* bob joined"
    assert all_of(members.chat)[-1].used == 1


def test_of_two_who_race_one_comes_in(members: ClosedRoom) -> None:
    code = members.code()
    racers = [members.connect() for _ in range(2)]
    for racer in racers:
        # The invitation is found to hold for both, and neither gets this nickname.
        racer.type(f"server invite={code}")
        racer.lines()
    racers[0].type("alice")
    racers[1].type("bob")
    assert [racer.lines()[0].startswith("* welcome") for racer in racers] == [True, False]
    assert list(members.chat.members) == ["alice"]
    assert all_of(members.chat)[-1].used == 1


def test_one_that_has_ended_or_was_revoked_lets_nobody_in(members: ClosedRoom) -> None:
    late = members.connect()
    late.type(f"late invite={members.code(seconds=0)}")
    assert late.lines()[1].startswith("! That invitation lets nobody in")


def test_who_came_by_one_comes_back_without_another(members: ClosedRoom) -> None:
    options = f"client=0123456789abcdef invite={members.code()}"
    members.enter("alice", options).drop()
    members.enter("alice", options).drop()
    members.advance(2 * 24 * 60 * 60)
    alice = members.connect()
    alice.type(f"alice {options}")
    assert alice.lines()[1].startswith("! That invitation lets nobody in")


def test_it_leads_to_its_room(members: ClosedRoom) -> None:
    alice = members.enter("alice", f"invite={members.code(room='dev')}")
    assert list(alice.protocol.session.rooms) == ["dev"]
    bob = members.enter("bob", f"invite={members.code(room='dev')} room=garden")
    assert list(bob.protocol.session.rooms) == ["garden", "dev"]


def test_it_lets_one_register_where_that_is_closed() -> None:
    room = ClosedRoom(registration="closed")
    bob = room.enter("bob")
    bob.type("/register")
    assert bob.lines() == [f"! {RegistrationClosed()}"]
    assert room.member("alice")


def test_an_open_server_counts_one_and_refuses_one_that_holds_no_more() -> None:
    room = ClosedRoom()
    code = room.code()
    room.enter("alice", f"invite={code}")
    bob = room.connect()
    bob.type(f"bob invite={code}", "bob")
    assert [line for line in bob.lines() if line.startswith(("!", "* bob"))] == [
        "! That invitation lets nobody in, or nobody more: ask for another.",
        "* bob joined",
    ]


# IRC.


def irc(room: ClosedRoom, *lines: str, nickname: str = "alice") -> Person:
    return room.knock(*lines, f"NICK {nickname}", f"USER {nickname} 0 * :{nickname}")


def test_an_irc_client_gives_the_password_by_pass(room: ClosedRoom) -> None:
    for lines in ((), ("PASS wrong",)):
        stranger = irc(room, *lines)
        shown = stranger.lines()
        assert numbers(shown) == ["464", "ERROR"]
        assert stranger.closed
    assert numbers(irc(room, f"PASS :{PASSWORD}").lines())[0] == "001"


def test_an_irc_client_gives_an_invitation_by_pass(members: ClosedRoom) -> None:
    code = members.code(room="dev")
    shown = irc(members, f"PASS invite={code}").lines()
    assert (numbers(shown)[0], shown[-1].split(" ", 1)[1]) == ("001", "INVITE alice #dev")
    assert numbers(irc(members, f"PASS {code}", nickname="bob").lines()) == ["464", "ERROR"]


def test_an_irc_client_that_is_let_in_chooses_another_nickname_where_one_is_taken(members: ClosedRoom) -> None:
    members.invited("alice")
    bob = irc(members, f"PASS {members.code()}")
    assert numbers(bob.lines()) == ["433"]
    assert all_of(members.chat)[-1].used == 0
    bob.type("NICK bob")
    assert numbers(bob.lines())[0] == "001"
    assert all_of(members.chat)[-1].used == 1


def test_a_code_that_holds_no_more_is_no_hindrance_to_an_irc_client_at_an_open_server() -> None:
    room = ClosedRoom()
    assert numbers(irc(room, f"PASS {room.code(seconds=0)}").lines())[0] == "001"


def test_an_irc_client_is_told_why_it_is_not_let_in(members: ClosedRoom) -> None:
    assert texts(irc(members).lines())[0] == f"{CLOSED} or log in to an account."


# Nothing is shown.

SHOWN = ("alice", "orchard", "apples", "pears")
"""The nickname, the room, its topic and the talk that strangers must not see."""


@pytest.fixture(params=["password", "members_only"])
def busy(request: pytest.FixtureRequest, file: Path) -> ClosedRoom:
    value = str(file) if request.param == "password" else True
    room = ClosedRoom(**{request.param: value})
    alice = room.member("alice")
    alice.type("/join orchard", "/topic apples", "pears")
    assert alice.lines()[-1].endswith("pears")
    return room


def seen(stranger: Person | Page) -> str:
    return stranger.data().decode(errors="replace") if isinstance(stranger, Person) else "".join(stranger.texts())


def test_a_stranger_at_the_door_for_lines_is_shown_nothing(busy: ClosedRoom) -> None:
    lines = ("/who", "/rooms", "alice", "", "alice since=0 room=orchard", "", "bob room=orchard format=json", "/list")
    stranger = busy.connect()
    stranger.type(*lines)
    shown = seen(stranger)
    assert shown.count("NICK") >= 4
    assert [word for word in SHOWN if word in shown] == []


def test_a_stranger_at_the_door_for_irc_is_shown_nothing(busy: ClosedRoom) -> None:
    commands = ("LIST", "WHO *", "WHO alice", "WHOIS alice", "NAMES #orchard", "LUSERS", "TOPIC #orchard", "ISON alice")
    more = ("CHATHISTORY LATEST #orchard * 10", "MONITOR + alice", "USERHOST alice", "JOIN #orchard", "STATS u", "MOTD")
    for begin in ("", "CAP LS 302", "CAP REQ :message-tags"):
        stranger = busy.knock(*filter(None, [begin]), *commands, *more, "PING x", "NICK alice", "USER a 0 * :a")
        stranger.type("CAP END")
        shown = seen(stranger)
        assert "464" in shown
        assert [word for word in SHOWN if word in shown] == []


def test_a_stranger_at_the_door_for_browsers_is_shown_nothing(busy: ClosedRoom) -> None:
    door = WebFactory(chat=busy.chat, reactor=busy.clock)
    page = Page(busy, door)
    page.type("alice since=0", "bob room=orchard")
    assert [word for word in SHOWN if word in seen(page)] == []
    for path in ("/healthz", "/", "/manifest.webmanifest", "/chat"):
        visitor = busy.connect(door)
        visitor.send(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        shown = seen(visitor)
        assert shown.startswith("HTTP/1.1 ")
        assert [word for word in SHOWN if word in shown] == []


def test_no_secret_is_in_the_log_of_the_server(room: ClosedRoom) -> None:
    lines: list[str] = []
    room.chat.journal = lines.append
    code = room.code(seconds=0)
    for given in ("open%20sesame", "wrong"):
        room.connect().type(f"alice password={given} invite={code}", f"alice password={given}")
        room.settle()
    assert any("was not let in" in line for line in lines)
    assert not [line for line in lines if code in line or "sesame" in line or "wrong" in line.split()]
