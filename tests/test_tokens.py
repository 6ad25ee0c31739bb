"""Tokens of programs: how they are made and shown, what they allow at each door, and how they end."""

from __future__ import annotations

import json
import re

import pytest
from closedroom import SECRET, ClosedRoom
from ircroom import numbers

from chatroom.client.protocol import ChatClientFactory, ChatClientProtocol
from chatroom.core.accounts import WRONG, Origin
from chatroom.log.tokens import MAX_TOKENS
from chatroom.model.codes import new_token
from chatroom.model.errors import NotLoggedIn, ScopeMissing, TokenRevoked
from chatroom.model.passwords import Secret
from chatroom.testing import Person

MISSING = "! Your token does not allow that: it lacks the scope {}."
OWNER = "! Your token does not allow that: log in by the password of your account for that."


@pytest.fixture
def room() -> ClosedRoom:
    return ClosedRoom()


@pytest.fixture
def owner(room: ClosedRoom) -> Person:
    owner = room.enter("owner")
    owner.type("/register", SECRET, SECRET, "/join dev")
    owner.lines()
    return owner


def made(owner: Person, name: str = "ci", scopes: str = "") -> str:
    owner.type(f"/token new {name} {scopes}")
    (shown,) = owner.lines()
    token: str = re.findall("It is shown this once: (chatroom_[A-Za-z0-9]{40})$", shown)[0]
    return token


def robot(room: ClosedRoom, token: str, options: str = "") -> Person:
    bot = room.enter("robot", f"token={token} {options}".rstrip())
    assert bot.protocol.session.member.account == "owner"
    return bot


def test_a_token_is_shown_once_and_listed_without_itself(owner: Person) -> None:
    token = made(owner, scopes="say:dev moderate")
    owner.type("/tokens")
    (listed,) = owner.lines()
    assert re.fullmatch(r"\* token ci: read say:dev moderate, made on \d{4}-\d\d-\d\d, never used", listed)
    assert token not in listed


def test_who_is_not_logged_in_has_none(room: ClosedRoom) -> None:
    bob = room.enter("bob")
    bob.type("/token new ci", "/tokens", "/token revoke ci", "/invite-link")
    assert bob.lines() == [f"! {NotLoggedIn()}"] * 4


def test_a_name_is_given_once_and_so_many_are_made_as_may_be(owner: Person) -> None:
    made(owner, "t0")
    owner.type("/token new t0", "/token new .x", "/token burn t0", "/token new t1 write", "/token revoke nothing")
    assert [line.partition(":")[0].partition(",")[0] for line in owner.lines()] == [
        "! There is a token t0 already",
        "! The name of a token has 1 to 32 letters",
        "! /token burn is not known. Use it like this",
        "! There is no scope write. Use it like this",
        "! There is no token nothing. /tokens lists yours.",
    ]
    for number in range(1, MAX_TOKENS):
        made(owner, f"t{number}")
    owner.type("/token new more")
    assert owner.lines()[0].startswith(f"! An account has at most {MAX_TOKENS} tokens")


# Logging in.


def test_it_is_as_good_as_the_password_at_each_door(room: ClosedRoom, owner: Person) -> None:
    token = made(owner)
    asked, typed = room.connect(), room.enter("typed")
    asked.type("asked account=owner", token)
    typed.type("/login owner", token)
    bot = robot(room, token)
    client = room.bot(ChatClientFactory("client", ChatClientProtocol, account="owner", password=token))
    for lines in (asked.lines(), typed.lines()):
        assert "* you are logged in to the account owner" in lines
    assert bot.protocol.session.member.account == "owner"
    assert client.nickname == "client"
    owner.lines()
    owner.type("/tokens")
    assert re.search(r", last used on \d{4}-\d\d-\d\d$", owner.lines()[0])


def test_it_lets_in_to_a_closed_server() -> None:
    room = ClosedRoom(members_only=True)
    token = made(room.member("owner"))
    assert robot(room, token)


@pytest.mark.parametrize("given", ["chatroom_x", new_token()], ids=["short", "unknown"])
def test_what_is_no_token_is_a_wrong_password(room: ClosedRoom, owner: Person, given: str) -> None:
    bot = room.connect()
    bot.type(f"robot token={given}")
    assert bot.lines() == ["NICK", f"! {WRONG}.", "NICK"]
    bot.type("robot account=owner", given)
    assert f"! {WRONG}." in bot.lines()


def test_it_is_that_of_one_account(room: ClosedRoom, owner: Person) -> None:
    token = made(owner)
    other = room.enter("other")
    other.type("/register", SECRET, SECRET, "/logout", "/login other", token)
    assert other.lines()[-1] == f"! {WRONG}."


def test_who_comes_back_without_it_is_not_logged_in(room: ClosedRoom, owner: Person) -> None:
    client = "client=0123456789abcdef"
    token = made(owner)
    bot = robot(room, token, client)
    ghosted = room.enter("robot", client)
    assert bot.closed
    assert not ghosted.protocol.session.member.account
    ghosted.drop()
    assert not room.enter("robot", client).protocol.session.member.account


# What it allows.


def test_it_reads_and_says_nothing_without_a_scope(room: ClosedRoom, owner: Person) -> None:
    bot = robot(room, made(owner, scopes="read"), "room=dev")
    owner.lines()
    owner.type("hello")
    assert bot.lines()[-1] == "owner: hello"
    bot.type("hello", "/me waves", "/topic tea", "/msg owner hello", "/invite owner")
    assert bot.lines() == [*[MISSING.format("say:dev")] * 3, MISSING.format("say"), MISSING.format("say:dev")]
    bot.type("/who", "/history 5")
    assert not [line for line in bot.lines() if line.startswith("!")]
    assert owner.lines() == ["owner: hello"]


def test_it_says_something_in_the_rooms_that_it_names(room: ClosedRoom, owner: Person) -> None:
    bot = robot(room, made(owner, scopes="say:dev"), "room=dev,lobby format=json input=json")
    for where in ("lobby", "dev"):
        bot.type(json.dumps({"say": "hello", "room": where, "ref": where}))
    answers = {one["ref"]: one for one in map(json.loads, bot.lines()) if "ref" in one}
    assert (answers["lobby"]["code"], answers["dev"]["kind"]) == (ScopeMissing.code, "said")


def test_it_does_to_others_what_it_names(room: ClosedRoom, owner: Person) -> None:
    bot = robot(room, made(owner, scopes="say"))
    bot.protocol.session.member.operator = True
    bot.type("/kill owner", "/oper a b")
    assert bot.lines() == [MISSING.format("moderate")] * 2


def test_it_changes_nothing_of_the_account(room: ClosedRoom, owner: Person) -> None:
    token = made(owner, scopes="say moderate")
    owner.type("/nick second", "/register", "/nick owner")
    bot = robot(room, token)
    bot.lines()
    for lines in [
        ("/register",),
        ("/unregister second",),
        ("/unregister", token),
        ("/password", token, "another horse", "another horse"),
        ("/token new more say",),
        ("/token revoke ci",),
        ("/tokens",),
        ("/invite-link",),
    ]:
        bot.type(*lines)
        shown = bot.lines()
        assert shown[-1] == OWNER, lines
    bot.type("/logout", "/register")
    assert bot.lines() == ["* you are logged out", OWNER]
    # By the password, it may do everything again.
    bot.type("/login owner", SECRET, "/tokens")
    assert bot.lines()[-1].startswith("* token ci: ")


def test_an_irc_client_is_bounded_by_it_as_well(room: ClosedRoom, owner: Person) -> None:
    token = made(owner)
    client = room.irc("ircer", "message-tags", rooms="#dev")
    member = client.protocol.session.member
    answers: list[str] = []
    right, wrong = lambda: answers.append("right"), lambda error: answers.append(str(error))
    room.chat.accounts.log_in(member, "owner", Secret(token), right, wrong, origin=Origin("192.0.2.1", 0.0))
    room.settle()
    assert answers == ["right"]
    owner.lines()
    client.type("PRIVMSG #dev :hello", "TOPIC #dev :tea", "PRIVMSG owner :hello", "@+a=b TAGMSG #dev", "OPER a b")
    shown = client.lines()
    assert len([line for line in shown if "Your token does not allow that" in line]) == 5, numbers(shown)
    assert owner.lines() == []


# The end.


def test_who_has_logged_in_by_a_token_that_is_revoked_is_put_out(room: ClosedRoom, owner: Person) -> None:
    ended, goes_on = made(owner, "ended"), made(owner, "goes-on")
    bot, other = robot(room, ended), room.enter("other", f"token={goes_on}")
    owner.type("/token revoke ended")
    assert "* The token ended is revoked, and who has logged in by it is gone." in owner.lines()
    assert f"! {TokenRevoked()}" in bot.lines()
    assert bot.closed
    assert not other.closed
    again = room.connect()
    again.type(f"robot token={ended}")
    assert f"! {WRONG}." in again.lines()


def test_tokens_go_with_their_account(room: ClosedRoom, owner: Person) -> None:
    token = made(owner)
    owner.type("/unregister", SECRET)
    assert owner.lines()[-1] == "* The account owner is gone, and anybody may have its nicknames."
    owner.type("/register", SECRET, SECRET, "/tokens")
    assert owner.lines()[-1].startswith("* Your account has no tokens.")
    bot = room.connect()
    bot.type(f"robot token={token}")
    assert f"! {WRONG}." in bot.lines()


def test_who_has_logged_in_by_a_token_is_put_out_with_the_account(room: ClosedRoom, owner: Person) -> None:
    bot = robot(room, made(owner))
    owner.type("/unregister", SECRET)
    assert f"! {TokenRevoked()}" in bot.lines()
    assert bot.closed


def test_no_token_is_in_the_log_of_the_server(room: ClosedRoom) -> None:
    lines: list[str] = []
    room.chat.journal = lines.append
    owner = room.enter("owner")
    owner.type("/register", SECRET, SECRET)
    owner.lines()
    token = made(owner)
    robot(room, token)
    assert any("has made the token ci" in line for line in lines)
    assert not [line for line in lines if token in line]


# Links.


def test_a_link_is_made_for_the_room_where_one_is_or_another(room: ClosedRoom, owner: Person) -> None:
    owner.type("/invite-link", "/invite-link #lobby 5 3d", "/invite-link garden", "/invite-link 0", "/invite-link 90w")
    shown = owner.lines()
    described = r"\* An invitation to dev, for one person, until \S+\. It is shown this once\. The code: (.*)"
    code = re.findall(described, shown[0])
    assert shown[1] == f"* Behind the address of the page, #invite={code[0]} makes a link of it."
    assert shown[2].startswith("* An invitation to lobby, for 5 people, until ")
    assert [line.partition(".")[0] for line in shown[4:]] == [
        "! You are not in garden: /join garden first",
        "! An invitation is for 1 to 100000 people",
        "! An invitation holds for at most 365 days",
    ]
    assert list(room.enter("bob", f"invite={code[0]}").protocol.session.rooms) == ["dev"]


def test_a_link_has_the_address_of_the_page_where_that_is_known() -> None:
    room = ClosedRoom(web_url="https://chat.example.org/")
    owner = room.member("owner")
    owner.type("/invite-link")
    assert re.fullmatch(r"\* The link: https://chat\.example\.org/#invite=[0-9a-z-]{19}", owner.lines()[1])
