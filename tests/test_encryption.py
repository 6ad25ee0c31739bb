"""Encrypted connections at each door, in memory: what they are told, and which passwords are taken from which."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from ircroom import IRCRoom, ask, bare, numbers
from pages import read_answer, request, upgrade

from chatroom.doors.web import WebFactory
from chatroom.testing import ADDRESS, MemoryRoom, Person

FAR = "203.0.113.9"

REFUSED = (
    "Your connection is not encrypted, so no password is taken from it: connect with encryption (TLS). If you sent a "
    "password, take another one: others may have read it."
)


@pytest.fixture
def operators(tmp_path: Path) -> str:
    (tmp_path / "operators").write_text("root open sesame\n", encoding="utf-8")
    return str(tmp_path / "operators")


@pytest.fixture
def password(tmp_path: Path) -> str:
    (tmp_path / "password").write_text("opensesame\n", encoding="utf-8")
    return str(tmp_path / "password")


def line(room: MemoryRoom, address: str, encrypted: bool = False) -> Person:
    """Alice, by the door for lines, who has read what newcomers are shown."""
    alice = room.connect(address=address, encrypted=encrypted)
    alice.type("alice")
    assert alice.lines()[-1] == "* alice joined"
    return alice


def irc(room: IRCRoom, address: str, encrypted: bool = False) -> Person:
    """Alice, by the IRC door, who has read what newcomers are shown."""
    alice = room.connect(room.door, address, encrypted)
    alice.type("NICK alice", "USER a 0 * :A")
    assert numbers(alice.lines())[-1] == "422"
    return alice


# Passwords.

TAKEN = [
    pytest.param(FAR, True, "", id="encrypted"),
    pytest.param("127.0.0.1", False, "", id="loopback"),
    pytest.param("127.8.9.10", False, "", id="all of loopback"),
    pytest.param("::1", False, "", id="loopback of IPv6"),
    pytest.param("::ffff:127.0.0.1", False, "", id="loopback of IPv4 in IPv6"),
    pytest.param(FAR, False, "198.51.100.0/24,203.0.113.0/24", id="named"),
]
NOT_TAKEN = [
    pytest.param(FAR, False, "", id="far"),
    pytest.param(FAR, False, "198.51.100.0/24", id="another named"),
    pytest.param("192.168.1.1", False, "", id="private"),
    pytest.param("2001:db8::1", False, "203.0.113.0/24", id="IPv6"),
]


@pytest.mark.parametrize(("address", "encrypted", "named"), TAKEN)
def test_passwords_are_taken_where_nobody_else_can_read_them_or_where_it_was_allowed(
    operators: str, password: str, address: str, encrypted: bool, named: str
) -> None:
    room = IRCRoom(operators=operators, irc_password=password, clear_passwords=named)
    alice = line(room, address, encrypted)
    alice.type("/oper root open sesame")
    assert alice.lines() == ["* You're an operator now."]
    bob = room.connect(room.door, address, encrypted)
    bob.type("PASS opensesame", "NICK bob", "USER b 0 * :B")
    assert numbers(bob.lines())[0] == "001"
    assert numbers(ask(bob, "OPER root :open sesame"))[0] == "381"


@pytest.mark.parametrize(("address", "encrypted", "named"), NOT_TAKEN)
def test_passwords_in_the_clear_are_refused_right_or_wrong(
    operators: str, password: str, address: str, encrypted: bool, named: str
) -> None:
    room = IRCRoom(operators=operators, clear_passwords=named)
    alice = line(room, address, encrypted)
    alice.type("/oper root open sesame", "/oper root wrong", "/oper root open sesame")
    assert alice.lines() == [f"! {REFUSED}"] * 3
    assert not alice.protocol.session.member.operator
    alice.type("/quit")
    alice.lines()
    bob = irc(room, address, encrypted)
    assert ask(bob, "OPER root :open sesame", "OPER root x") == [f"464 alice :{REFUSED}"] * 2
    locked = IRCRoom(irc_password=password, clear_passwords=named)
    for given in (["PASS opensesame"], ["PASS wrong"], []):
        carol = locked.connect(locked.door, address, encrypted)
        carol.type(*given, "NICK carol", "USER c 0 * :C")
        assert bare(carol.lines()) == [f"464 * :{REFUSED}", "ERROR :Closing link: (no encryption)"]
        assert carol.closed


def test_a_program_is_told_the_code_and_its_ref(operators: str) -> None:
    room = MemoryRoom(operators=operators, clear_passwords="")
    alice = room.connect(address=FAR)
    alice.type("alice format=json input=json", '{"do":"/oper root open sesame","ref":"1"}')

    assert alice.lines()[-1] == f'{{"kind":"error","code":"not-encrypted","text":"{REFUSED}","ref":"1"}}'


def test_refused_passwords_are_no_guesses(operators: str) -> None:
    room = MemoryRoom(operators=operators, clear_passwords="")
    alice = line(room, FAR)
    alice.type(*["/oper root wrong"] * 40)
    alice.lines()
    room.advance(60)
    bob = room.connect(address=FAR, encrypted=True)
    bob.type("bob", "/oper root open sesame")

    assert bob.lines()[-1] == "* You're an operator now."


def test_the_log_says_who_gave_a_password_in_the_clear(
    operators: str, password: str, journal: Callable[[], list[str]]
) -> None:
    room = IRCRoom(operators=operators, irc_password=password, clear_passwords="")
    alice = line(room, FAR)
    journal()
    alice.type("/oper root open sesame")
    carol = room.connect(room.door, FAR)
    carol.type("PASS opensesame", "NICK carol", "USER c 0 * :C")
    room.settle()
    written = journal()

    assert written == [
        f"alice ({FAR}) gave a password without encryption, which was not looked at",
        f"{FAR} was turned away: {REFUSED}",
    ]
    assert "sesame" not in "".join(written)


def test_a_password_that_nobody_wants_is_passed_over_as_before(operators: str) -> None:
    room = IRCRoom(operators=operators, clear_passwords="")
    alice = room.connect(room.door, FAR)
    alice.type("PASS whatever", "NICK alice", "USER a 0 * :A")

    assert numbers(alice.lines())[0] == "001"


def test_the_room_of_tests_takes_passwords_from_where_people_come_from() -> None:
    assert MemoryRoom().factory.settings.clear_passwords == ADDRESS


# Who is encrypted.


def test_whois_says_to_oneself_and_to_operators_whether_a_connection_is_encrypted(operators: str) -> None:
    room = MemoryRoom(operators=operators, clear_passwords="")
    root = room.connect(address="127.0.0.1")
    root.type("root", "/oper root open sesame")
    for name, address, encrypted, said in (
        ("alice", FAR, True, f"{FAR}, encrypted"),
        ("bob", FAR, False, f"{FAR}, not encrypted"),
        ("carol", "::1", False, "::1, on this machine"),
        ("dave", "127.0.0.1", True, "127.0.0.1, encrypted"),
    ):
        person = room.connect(address=address, encrypted=encrypted)
        person.type(name)
        person.lines()
        root.lines()
        for asking in (person, root):
            asking.type(f"/whois {name}")
            assert asking.lines() == [f"* {name} is in lobby", f"* {name} comes from {said}"]
        person.type("/whois root")
        assert person.lines() == ["* root is in lobby", "* root is an operator"]


def test_whois_of_irc_shows_everybody_who_is_encrypted_at_whatever_door() -> None:
    room = IRCRoom()
    alice = irc(room, FAR)
    for name, door, encrypted in (
        ("bob", room.door, True),
        ("carol", room.door, False),
        ("dave", room.factory, True),
        ("erin", room.factory, False),
    ):
        person = room.connect(door, FAR, encrypted)
        person.type(f"NICK {name}", "USER x 0 * :X") if door is room.door else person.type(name)
        person.lines()
        shown = ask(alice, f"WHOIS {name}")
        assert (f"671 alice {name} :is using a secure connection" in shown) == encrypted, shown


# Strict transport security of IRC.


def policies(room: IRCRoom, *lines: str, encrypted: bool = False) -> list[str]:
    """The words about it in what somebody is answered who asks for capabilities."""
    person = room.connect(room.door, FAR, encrypted)
    person.type(*(lines or ("CAP LS 302",)))
    return [word for shown in person.lines() for word in shown.replace(":", " ").split() if word.startswith("sts")]


class Address:
    """Where the encrypted port of a door is."""

    port = 6697


def test_irc_clients_are_told_where_to_come_encrypted_and_for_how_long() -> None:
    room = IRCRoom(irc_sts="86400")
    assert policies(room) == []
    room.door.listens_at(Address(), encrypted=False)  # type: ignore[arg-type]
    assert policies(room) == []
    room.door.listens_at(Address(), encrypted=True)  # type: ignore[arg-type]

    assert policies(room) == ["sts=port=6697"]
    assert policies(room, encrypted=True) == ["sts=duration=86400"]


@pytest.mark.parametrize("encrypted", [False, True])
def test_they_are_told_so_in_values_alone_and_cannot_ask_for_it(encrypted: bool) -> None:
    room = IRCRoom(irc_sts="86400")
    room.door.listens_at(Address(), encrypted=True)  # type: ignore[arg-type]

    assert policies(room, "CAP LS", encrypted=encrypted) == []
    assert policies(room, "CAP LS 301", encrypted=encrypted) == []
    alice = room.connect(room.door, FAR, encrypted)
    alice.type("CAP REQ :sts", "CAP REQ :batch sts", "CAP LIST")
    assert bare(alice.lines()) == ["CAP * NAK :sts", "CAP * NAK :batch sts", "CAP * LIST :"]


def test_no_time_ends_it_where_clients_come_encrypted_and_sends_nobody_there() -> None:
    room = IRCRoom(irc_sts="0")
    room.door.listens_at(Address(), encrypted=True)  # type: ignore[arg-type]

    assert policies(room) == []
    assert policies(room, encrypted=True) == ["sts=duration=0"]


@pytest.mark.parametrize("encrypted", [False, True])
def test_unless_it_is_asked_for_clients_are_told_nothing(encrypted: bool) -> None:
    room = IRCRoom()
    room.door.listens_at(Address(), encrypted=True)  # type: ignore[arg-type]

    assert policies(room, encrypted=encrypted) == []


# The page.


def status(room: MemoryRoom, door: WebFactory, data: bytes, encrypted: bool) -> tuple[int, dict[str, str]]:
    browser = room.connect(door, encrypted=encrypted)
    browser.send(data)
    answer, _ = read_answer(browser.data())
    return answer.status, answer.headers


@pytest.mark.parametrize("path", ["/", "/chat", "/healthz", "/nothing"])
def test_every_answer_over_https_and_no_other_has_browsers_come_back_by_it(path: str) -> None:
    room = MemoryRoom()
    door = WebFactory(chat=room.chat, reactor=room.clock)

    assert status(room, door, request(path), True)[1]["strict-transport-security"] == "max-age=31536000"
    assert "strict-transport-security" not in status(room, door, request(path), False)[1]


def test_that_goes_for_refusals_too_and_may_be_set_or_ended() -> None:
    room = MemoryRoom(hsts=60)
    door = WebFactory(chat=room.chat, reactor=room.clock)
    refused, headers = status(room, door, request("/", Content_Length="5"), True)
    assert (refused, headers["strict-transport-security"]) == (413, "max-age=60")
    room = MemoryRoom(hsts=0)
    door = WebFactory(chat=room.chat, reactor=room.clock)
    assert status(room, door, request("/"), True)[1]["strict-transport-security"] == "max-age=0"


@pytest.mark.parametrize(
    ("host", "origin", "over_tls", "in_the_clear"),
    [
        ("chat.example.org", "https://chat.example.org", 101, 101),
        ("chat.example.org:8443", "https://chat.example.org:8443", 101, 101),
        ("chat.example.org:8443", "https://chat.example.org", 403, 403),
        ("chat.example.org", "https://evil.example", 403, 403),
        # A page that was not encrypted may be anybody's who is on the way.
        ("127.0.0.1:8443", "http://127.0.0.1:8443", 403, 101),
        ("chat.example.org", "http://chat.example.org", 403, 403),
        # A proxy in front may have the certificate; here, the server would know.
        ("127.0.0.1:8443", "http://other.example", 101, 101),
    ],
)
def test_a_page_opens_a_websocket_from_the_origin_that_it_was_loaded_from(
    host: str, origin: str, over_tls: int, in_the_clear: int
) -> None:
    room = MemoryRoom(web_origins="http://other.example")
    door = WebFactory(chat=room.chat, reactor=room.clock)

    assert status(room, door, upgrade(Host=host, Origin=origin), True)[0] == over_tls
    assert status(room, door, upgrade(Host=host, Origin=origin), False)[0] == in_the_clear


def test_over_tls_the_page_is_there_by_any_name_that_the_certificate_was_taken_for() -> None:
    room = MemoryRoom()
    door = WebFactory(chat=room.chat, reactor=room.clock)

    assert status(room, door, request("/", Host="chat.example.org"), True)[0] == 200
    assert status(room, door, request("/", Host="chat.example.org"), False)[0] == 421


def test_whoever_does_not_get_to_the_end_of_tls_has_the_time_of_a_handshake_and_no_more() -> None:
    room = MemoryRoom(handshake_timeout=5)
    door = WebFactory(chat=room.chat, reactor=room.clock)
    browser = room.connect(door, encrypted=True)
    room.advance(4)
    assert not browser.closed
    room.advance(1)
    assert browser.closed


def test_whoever_does_has_the_time_of_a_request() -> None:
    room = MemoryRoom(handshake_timeout=5)
    door = WebFactory(chat=room.chat, reactor=room.clock)
    browser = room.connect(door, encrypted=True)
    room.settle()
    browser.protocol.handshakeCompleted()
    room.advance(59)
    assert not browser.closed
    room.advance(1)
    assert browser.closed


def test_passwords_of_accounts_are_not_asked_for_where_others_can_read_them() -> None:
    room = MemoryRoom(replay=0, clear_passwords="")
    bob = room.connect(address=FAR, encrypted=True)
    bob.type("bob", "/register", "correct horse", "correct horse", "/quit")
    assert "* you are logged in to the account bob" in bob.lines()
    alice = line(room, FAR)
    alice.type("/register", "/login bob correct horse", "hello")

    assert [shown for shown in alice.lines() if shown[0] == "!"] == [f"! {REFUSED}"] * 2
    assert not alice.protocol.session.member.account
    for answer, refusals in (
        ("bob", ["! The nickname bob is registered: log in if it is yours, or choose another.", f"! {REFUSED}"]),
        ("bob account=bob", [f"! {REFUSED}"]),
    ):
        stranger = room.connect(address=FAR)
        stranger.type(answer)
        assert stranger.lines() == ["NICK", *refusals, "NICK"]
