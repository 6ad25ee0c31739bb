"""SASL at the IRC door: PLAIN in pieces, before and after one is in, and the nickname that it takes back."""

from __future__ import annotations

from base64 import b64encode

import pytest
from ircroom import SERVER, IRCRoom, ask, bare, numbers, plain

from chatroom.core.accounts import Accounts
from chatroom.core.session import OWNER_HAS_COME
from chatroom.doors.irc.plain import MAX_PIECES, PIECE, Credentials, SaslExchange, TooLong
from chatroom.log.accounts import Terms
from chatroom.model.passwords import Secret
from chatroom.testing import Person

LOGGED_IN = "900 {} {} alice :You are now logged in as alice"
SUCCESS = "903 {} :SASL authentication successful"
WRONG = "904 {} :There is no account of that name with that password: check both."


@pytest.fixture
def room() -> IRCRoom:
    room = IRCRoom(replay=0)
    room.with_account("alice")
    return room


def negotiating(room: IRCRoom) -> Person:
    """A newcomer who has asked for SASL."""
    person = room.knock("CAP LS 302", "CAP REQ :sasl")
    assert bare(person.lines())[-1] == "CAP * ACK :sasl"
    return person


# The exchange.


def message(*parts: str) -> str:
    return b64encode("\0".join(parts).encode()).decode()


def test_a_message_is_put_together_of_pieces() -> None:
    password = "ä" * 200
    whole = message("", "alice", password)
    exchange = SaslExchange()

    assert exchange.take(whole[:PIECE]) is None
    assert exchange.take(whole[PIECE:]) == Credentials("", "alice", Secret(password))


def test_one_that_fills_its_pieces_ends_with_an_empty_one() -> None:
    whole = message("a", "a", "x" * 296)
    assert len(whole) == PIECE
    exchange = SaslExchange()

    assert exchange.take(whole) is None
    assert exchange.take("+") == ("a", "a", "x" * 296)


@pytest.mark.parametrize(
    "piece",
    [
        *("+", "=", "%%%%", "YQ", message("alice"), message("a", "b"), message("", "", "secret")),
        *(message("", "alice", ""), message("a", "b", "c", "d"), b64encode(b"a\0b\0\xff").decode()),
    ],
)
def test_what_is_no_message_is_refused_without_a_word_of_it(piece: str) -> None:
    with pytest.raises(
        ValueError, match=r"^(this is no message of PLAIN|the name, or the password, is empty)$"
    ) as found:
        SaslExchange().take(piece)
    assert found.value.__suppress_context__ or found.value.__context__ is None


def test_a_message_and_its_pieces_are_bounded() -> None:
    with pytest.raises(TooLong):
        SaslExchange().take("a" * (PIECE + 1))
    exchange = SaslExchange()
    for _ in range(MAX_PIECES):
        assert exchange.take("a" * PIECE) is None
    with pytest.raises(TooLong):
        exchange.take("+")


# At the door.


def test_it_is_offered_with_its_mechanism_where_people_can_log_in(room: IRCRoom) -> None:
    assert " sasl=PLAIN " in f"{ask(room.knock(), 'CAP LS 302')[0]} "
    assert " sasl " in f"{ask(room.knock(), 'CAP LS')[0]} "


def test_it_is_not_offered_where_nobody_can_log_in(room: IRCRoom) -> None:
    room.chat.accounts = Accounts(room.chat.settings, now=room.chat.now)
    person = room.knock()
    assert "sasl" not in ask(person, "CAP LS 302")[0]
    assert ask(person, "CAP REQ :sasl") == ["CAP * NAK :sasl"]


def test_one_logs_in_before_one_is_in(room: IRCRoom) -> None:
    person = negotiating(room)

    assert ask(person, "AUTHENTICATE PLAIN") == ["AUTHENTICATE +"]
    assert ask(person, *plain("alice")) == [LOGGED_IN.format("*", f"*!*@{SERVER}"), SUCCESS.format("*")]
    shown = ask(person, "NICK alice", "USER al 0 * :Alice", "CAP END")
    assert numbers([f":x {line}" for line in shown])[0] == "001"
    assert room.chat.find("alice").account == "alice"


def test_the_nickname_that_was_given_is_told_with_it(room: IRCRoom) -> None:
    person = negotiating(room)

    assert ask(person, "NICK robin", "AUTHENTICATE plain", *plain("ALICE")) == [
        "AUTHENTICATE +",
        LOGGED_IN.format("*", f"robin!*@{SERVER}"),
        SUCCESS.format("*"),
    ]


def test_one_logs_in_once_one_is_in_and_to_another_account(room: IRCRoom) -> None:
    room.with_account("robin")
    person = room.irc("bob", "sasl")

    assert ask(person, "AUTHENTICATE PLAIN", *plain("robin")) == [
        "AUTHENTICATE +",
        f"900 bob bob!bob@{SERVER} robin :You are now logged in as robin",
        SUCCESS.format("bob"),
    ]
    assert ask(person, "AUTHENTICATE PLAIN", *plain("alice", act_as=""))[1:] == [
        LOGGED_IN.format("bob", f"bob!bob@{SERVER}"),
        SUCCESS.format("bob"),
    ]
    assert room.chat.find("bob").account == "alice"


def test_a_wrong_password_and_an_account_that_is_not_there_are_told_apart_by_nobody(room: IRCRoom) -> None:
    person = negotiating(room)

    for lines in (plain("alice", "millet"), plain("nobody")):
        assert ask(person, "AUTHENTICATE PLAIN", *lines) == ["AUTHENTICATE +", WRONG.format("*")]
    assert ask(person, "AUTHENTICATE PLAIN", *plain("alice"))[-1] == SUCCESS.format("*")


def test_another_account_is_not_acted_as(room: IRCRoom) -> None:
    room.with_account("robin")
    person = negotiating(room)

    assert ask(person, "AUTHENTICATE PLAIN", *plain("alice", act_as="robin"))[1:] == [
        "904 * :Nobody may act as another account"
    ]
    assert ask(person, "AUTHENTICATE PLAIN", *plain("alice", act_as="ALICE"))[-1] == SUCCESS.format("*")


def test_passwords_in_pieces_are_taken(room: IRCRoom) -> None:
    long = "bar" * 100
    room.with_account("carol", long)
    exact = "x" * (300 - len("dave\0dave\0"))
    room.with_account("dave", exact)
    person = room.irc("bob", "sasl")

    for name, password, count in (("carol", long, 2), ("dave", exact, 2)):
        lines = plain(name, password)
        assert len(lines) == count
        assert ask(person, "AUTHENTICATE PLAIN", *lines)[-1] == SUCCESS.format("bob")


def test_an_exchange_is_given_up_refused_and_begun_again(room: IRCRoom) -> None:
    person = negotiating(room)

    assert ask(person, "AUTHENTICATE PLAIN", "AUTHENTICATE *")[1:] == ["906 * :SASL authentication aborted"]
    assert ask(person, "AUTHENTICATE PLAIN", f"AUTHENTICATE {'a' * 401}")[1:] == ["905 * :SASL message too long"]
    assert ask(person, "AUTHENTICATE PLAIN", "AUTHENTICATE !!!")[1:] == ["904 * :SASL authentication failed"]
    assert ask(person, "AUTHENTICATE EXTERNAL") == [
        "908 * PLAIN :are available SASL mechanisms",
        "904 * :SASL authentication failed",
    ]
    assert ask(person, "AUTHENTICATE") == ["461 * AUTHENTICATE :Not enough parameters"]
    assert ask(person, "AUTHENTICATE PLAIN", *plain("alice"))[-1] == SUCCESS.format("*")


def test_the_end_of_cap_ends_an_exchange(room: IRCRoom) -> None:
    person = negotiating(room)
    shown = ask(person, "NICK bob", "USER b 0 * :B", "AUTHENTICATE PLAIN", "CAP END")

    assert shown[1] == "906 * :SASL authentication aborted"
    assert numbers([f":x {line}" for line in shown])[2] == "001"
    assert room.chat.find("bob").account == ""


def test_the_capability_is_asked_for_first(room: IRCRoom) -> None:
    assert ask(room.knock("CAP REQ :batch"), "AUTHENTICATE PLAIN")[1:] == [
        "904 * :Ask for the capability first: CAP REQ :sasl"
    ]


def test_a_password_that_others_can_read_is_refused_before_it_is_sent(room: IRCRoom) -> None:
    for address, encrypted, allowed in (("203.0.113.7", False, False), ("203.0.113.7", True, True)):
        person = room.connect(room.door, address, encrypted)
        person.type("CAP REQ :sasl", "AUTHENTICATE PLAIN")
        shown = bare(person.lines())[1:]
        if allowed:
            assert shown == ["AUTHENTICATE +"]
        else:
            assert shown[0].startswith("904 * :")
            assert "encrypt" in shown[0]
            assert ask(person, *plain("alice"))[-1] == "904 * :SASL authentication failed"


def test_many_wrong_passwords_have_to_wait_and_the_right_one_too(room: IRCRoom) -> None:
    person = negotiating(room)
    for _ in range(20):
        person.type("AUTHENTICATE PLAIN", *plain("alice", "millet"))
        person.lines()

    shown = ask(person, "AUTHENTICATE PLAIN", *plain("alice"))
    assert shown[1].startswith("904 * :Too many wrong passwords: wait")
    # The owner comes from elsewhere.
    owner = room.connect(room.door, "192.168.1.2", encrypted=True)
    owner.type("CAP REQ :sasl", "AUTHENTICATE PLAIN", *plain("alice"))
    owner.lines()
    room.advance(6)
    assert room.chat.accounts.logged_in("alice")
    assert [one.account for one in room.chat.accounts.logged_in("alice")] == ["alice"]


def test_the_owner_takes_the_nickname_from_a_ghost(room: IRCRoom) -> None:
    ghost = room.logged_in("alice", rooms="#lobby")
    bob = room.irc("bob", rooms="#lobby")
    alice = room.logged_in("alice", rooms="#lobby")

    assert ghost.closed
    assert bare(bob.lines()) == ["alice QUIT :came back by another connection", "alice JOIN #lobby"]
    assert ask(alice, "PRIVMSG #lobby :hi", "PING x") == [f"PONG {SERVER} :x"]


def test_the_owner_takes_the_nickname_from_whoever_had_it_before_it_was_theirs(room: IRCRoom) -> None:
    squatter = room.irc("carol")
    room.chat.log.accounts.add_nickname(  # type: ignore[attr-defined]
        "alice", "carol", 1e12, lambda: None, lambda error: None, terms=Terms(0.0, 10, 5)
    )
    room.logged_in("carol", account="alice")

    assert OWNER_HAS_COME in squatter.lines()[0]
    assert squatter.closed


def test_whoever_is_not_the_owner_is_told_so_at_the_end(room: IRCRoom) -> None:
    room.logged_in("alice")
    person = negotiating(room)

    assert ask(person, "NICK alice", "USER a 0 * :A") == []
    assert bare(ask(person, "CAP END"))[0].startswith("433 * alice :The nickname alice is registered")
    assert numbers([f":x {line}" for line in ask(person, "NICK bob")])[0] == "001"


def test_whoever_has_gone_before_the_answer_is_logged_in_to_nothing(room: IRCRoom) -> None:
    person = negotiating(room)
    person.type("AUTHENTICATE PLAIN", *plain("alice"))
    person.drop()
    room.settle()

    assert list(room.chat.accounts.logged_in("alice")) == []


def test_no_password_is_in_the_log_of_the_server_or_in_an_answer(room: IRCRoom) -> None:
    said: list[str] = []
    room.chat.journal = said.append
    person = room.irc("bob", "sasl")
    shown = ask(person, "AUTHENTICATE PLAIN", *plain("secret-name", "secret-word"))
    shown += ask(person, "AUTHENTICATE PLAIN", "AUTHENTICATE c2VjcmV0")

    assert any("gave a wrong password" in line for line in said)
    assert not any("secret" in line or "c2VjcmV0" in line for line in said + shown)
