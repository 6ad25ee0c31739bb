"""twisted.cred: checkers of all sorts, a portal of somebody's own, and argon2 in a few threads."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest
from support import TIMEOUT
from twisted.cred.checkers import FilePasswordDB, ICredentialsChecker, InMemoryUsernamePasswordDatabaseDontUse
from twisted.cred.credentials import IUsernamePassword, UsernamePassword
from twisted.cred.error import UnauthorizedLogin
from twisted.cred.portal import IRealm, Portal
from twisted.internet.defer import Deferred, fail, succeed
from twisted.logger import ILogObserver, LogEvent, globalLogPublisher
from twisted.python import usage
from zope.interface import implementer

from chatroom.doors.credentials import AvatarId, IAccount, StoreChecker
from chatroom.doors.hashing import MAX_WAITING, THREADS, Hasher
from chatroom.log.accounts import Account, Terms
from chatroom.log.memory_accounts import MemoryAccounts
from chatroom.model.errors import ChatError
from chatroom.server.options import Options
from chatroom.testing import MemoryRoom, Person

WRONG = "! There is no account of that name with that password: check both."
LOGGED_IN = "* you are logged in to the account alice"


def log_in(room: MemoryRoom, name: str, password: str) -> Person:
    """Somebody who tries to log in."""
    person = room.enter("somebody")
    person.type(f"/login {name}")
    assert person.lines() == ["* password:"]
    person.type(password)
    return person


# argon2.


class Loop:
    """The thread that a hasher tells its answers in: this one."""

    def __init__(self) -> None:
        self.calls: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self.answers: list[Any] = []
        self.errors: list[ChatError] = []
        self.threads = 0
        """Those that were started."""
        self.hasher = Hasher(self.start, self.calls.put)

    def start(self, work: Callable[[], None]) -> None:
        self.threads += 1
        threading.Thread(target=work, daemon=True).start()

    def settle(self, count: int) -> None:
        """Wait for so many answers."""
        while len(self.answers) + len(self.errors) < count:
            self.calls.get(timeout=TIMEOUT)()

    def hash(self, password: str) -> str:
        before = len(self.answers)
        self.hasher.hash(password, self.answers.append, self.errors.append)
        self.settle(before + 1)
        found: str = self.answers.pop()
        return found

    def verify(self, hash_: str, password: str, rank: int = 0) -> None:
        self.hasher.verify(hash_, password, rank, self.answers.append, self.errors.append)


@pytest.fixture
def loop() -> Loop:
    return Loop()


def test_a_hash_is_argon2id_of_that_password_alone_and_each_is_another(loop: Loop) -> None:
    one, other = loop.hash("correct horse"), loop.hash("correct horse")
    assert one.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert one != other
    for hash_, password in (
        (one, "correct horse"),
        (one, "wrong horse"),
        (other, "correct horse"),
        ("", ""),
        ("x", "x"),
    ):
        loop.verify(hash_, password)
        loop.settle(1)
        assert loop.answers.pop() is (password == "correct horse")
    assert not loop.errors


def test_no_more_threads_hash_at_once_than_may_and_none_is_left(loop: Loop) -> None:
    for _ in range(20):
        loop.verify("", "wrong horse")
    assert loop.threads == THREADS
    loop.settle(20)
    assert loop.answers == [False] * 20


class Stuck:
    """Threads that begin when a test says so."""

    def __init__(self) -> None:
        self.work: list[Callable[[], None]] = []
        self.hasher = Hasher(self.work.append, lambda call: call())
        self.outcomes: list[str] = []

    def verify(self, name: str, rank: int) -> None:
        self.hasher.verify(
            "x",
            name,
            rank,
            lambda same: self.outcomes.append(name),
            lambda error: self.outcomes.append(f"{name}: {type(error).__name__}"),
        )


def test_who_has_guessed_least_goes_first_and_who_has_most_is_sent_away() -> None:
    stuck = Stuck()
    for number in range(MAX_WAITING):
        stuck.verify(f"guess {number}", 10 + number)
    assert not stuck.outcomes
    stuck.verify("honest", 0)
    assert stuck.outcomes == [f"guess {MAX_WAITING - 1}: LoginsBusy"]
    stuck.verify("worst", 1000)
    assert stuck.outcomes.pop() == "worst: LoginsBusy"
    stuck.work[0]()

    assert stuck.outcomes[1:3] == ["honest", "guess 0"]
    assert len(stuck.outcomes) == MAX_WAITING + 1


@pytest.mark.parametrize(
    ("name", "password", "expected"),
    [
        *((b"alice", b"correct horse", "alice"), (b"ALICE", b"correct horse", "alice"), (b"alice", b"x", None)),
        *((b"carol", b"", None), (b"bob", b"x", None), (b"\xff", b"x", None), (b"", b"", None)),
    ],
)
def test_an_account_that_is_not_there_is_hashed_for_as_well(
    loop: Loop, name: bytes, password: bytes, expected: str | None
) -> None:
    store, terms = MemoryAccounts(), Terms(0.0, 10, 5)
    for account in (Account("alice", loop.hash("correct horse"), 1.0, 1.0), Account("carol", "", 1.0, 1.0)):
        store.add(account, lambda: None, loop.errors.append, terms=terms)
    before = loop.threads
    found: list[Any] = []
    StoreChecker(store, loop.hasher).requestAvatarId(UsernamePassword(name, password)).addBoth(found.append)
    # It is not answered before a thread has hashed.
    assert not found
    assert loop.threads == before + 1
    loop.calls.get(timeout=TIMEOUT)()

    if expected is None:
        assert found[0].check(UnauthorizedLogin)
    else:
        assert found == [expected.encode()]


# Checkers.


def memory(**passwords: str) -> InMemoryUsernamePasswordDatabaseDontUse:
    return InMemoryUsernamePasswordDatabaseDontUse(**{name: password.encode() for name, password in passwords.items()})


@implementer(ICredentialsChecker)
class Late:
    """A checker that answers when a test says so."""

    credentialInterfaces = (IUsernamePassword,)

    def __init__(self) -> None:
        self.asked: list[tuple[bytes, bytes, Deferred[AvatarId]]] = []

    def requestAvatarId(self, credentials: Any) -> Deferred[AvatarId]:
        answer: Deferred[AvatarId] = Deferred()
        self.asked.append((credentials.username, credentials.password, answer))
        return answer


def test_people_log_in_by_a_checker_that_is_handed_in(tmp_path: Path) -> None:
    passwords = tmp_path / "passwd"
    passwords.write_text("alice:correct horse\n", encoding="utf-8")
    room = MemoryRoom(checkers=[FilePasswordDB(str(passwords))])
    assert log_in(room, "alice", "correct horse").lines() == [LOGGED_IN]
    assert room.connect().protocol.session.member.account == ""
    stranger = room.connect()
    stranger.type("alice", "no idea")
    assert stranger.lines()[-2:] == [WRONG, "NICK"]


def test_an_answer_may_come_late_and_lines_wait_for_it() -> None:
    checker = Late()
    room = MemoryRoom(checkers=[checker], replay=0)
    alice = log_in(room, "alice", "correct horse")
    alice.type("hello")
    assert alice.lines() == []
    ((name, password, answer),) = checker.asked
    assert (name, password) == (b"alice", b"correct horse")
    answer.callback(b"alice")
    assert alice.lines() == [LOGGED_IN, "somebody: hello"]


def test_several_are_asked_one_after_the_other_the_own_store_among_them() -> None:
    room = MemoryRoom(checkers=["accounts", memory(alice="a password"), memory(bob="another one")], replay=0)
    for name, password in (("bob", "another one"), ("alice", "a password")):
        person = room.enter("somebody")
        person.type(f"/login {name}", password)
        assert person.lines()[-1] == f"* you are logged in to the account {name}"
        person.type("/quit")
        assert person.closed
    carol = room.enter("carol")
    carol.type("/register", "correct horse", "correct horse", "/logout", "/login", "correct horse")
    assert carol.lines()[-1] == "* you are logged in to the account carol"


def test_an_account_of_the_own_store_is_not_another_s() -> None:
    late = Late()
    room = MemoryRoom(checkers=["accounts", late], replay=0)
    alice = room.enter("alice")
    alice.type("/register", "correct horse", "correct horse", "/logout", "/login", "a password")
    assert alice.lines()[-1] == WRONG
    assert late.asked == []


def test_where_passwords_are_kept_elsewhere_nobody_registers_and_a_nickname_is_its_owner_s_from_their_login_on() -> (
    None
):
    room = MemoryRoom(checkers=[memory(alice="a password")], replay=0)
    alice, bob = room.enter("alice"), room.enter("bob")
    bob.type("/register")
    assert bob.lines() == ["! Accounts cannot be made here: ask whoever runs the server for one."]
    alice.type("/login", "a password", "/password", "a password", "a new horse", "a new horse")
    assert alice.lines()[-1].startswith("! The password of alice is kept elsewhere")
    alice.type("/quit")
    assert alice.closed
    bob.type("/nick alice")
    assert bob.lines()[-1].startswith("! The nickname alice is registered")


@pytest.mark.parametrize("raised", [RuntimeError("correct horse"), UnicodeError("correct horse"), KeyError("alice")])
def test_a_checker_that_fails_is_a_fault_of_the_server_and_no_log_has_the_password(raised: Exception) -> None:
    @implementer(ICredentialsChecker)
    class Broken:
        credentialInterfaces = (IUsernamePassword,)

        def requestAvatarId(self, credentials: Any) -> Deferred[AvatarId]:
            raise raised

    logged: list[LogEvent] = []

    @implementer(ILogObserver)
    def note(event: LogEvent) -> None:
        logged.append(event)

    globalLogPublisher.addObserver(note)
    try:
        alice = log_in(MemoryRoom(checkers=[Broken()], replay=0), "alice", "correct horse")
        assert alice.lines() == [
            "! The server has a fault and cannot answer that: tell whoever runs it, who finds more in its log."
        ]
    finally:
        globalLogPublisher.removeObserver(note)
    kinds = [event["kind"] for event in logged if "a checker of passwords" in str(event.get("log_format"))]
    assert kinds == [type(raised).__name__]
    assert "horse" not in str(logged)


# A portal of somebody's own.


class Somebody:
    """Their avatar."""

    def __init__(self, name: str) -> None:
        self.name = name


@implementer(IRealm)
class House:
    """Their realm, which knows people by other names."""

    def __init__(self) -> None:
        self.here: list[bytes] = []

    def requestAvatar(self, avatarId: Any, mind: object, *interfaces: object) -> Any:  # noqa: N803
        assert IAccount in interfaces
        self.here.append(avatarId)
        return succeed((IAccount, Somebody(f"{avatarId.decode()}@example.org"), lambda: self.here.remove(avatarId)))


def test_people_log_in_through_a_portal_that_is_handed_in_which_is_told_when_they_go() -> None:
    realm = House()
    room = MemoryRoom(portal=Portal(realm, [memory(alice="a password")]), replay=0)
    alice = log_in(room, "alice", "a password")
    assert alice.lines() == ["* you are logged in to the account alice@example.org"]
    assert realm.here == [b"alice"]
    alice.drop()
    room.settle()
    assert realm.here == []
    assert log_in(room, "alice", "no idea").lines() == [WRONG]
    assert realm.here == []


def test_a_chat_that_is_handed_in_has_its_checkers_already() -> None:
    room = MemoryRoom()
    with pytest.raises(TypeError, match="has its hook, its checkers and its settings already"):
        MemoryRoom(chat=room.chat, checkers=[memory(alice="a password")])


def test_a_portal_that_refuses_late_is_answered() -> None:
    @implementer(ICredentialsChecker)
    class Refusing:
        credentialInterfaces = (IUsernamePassword,)

        def requestAvatarId(self, credentials: Any) -> Deferred[AvatarId]:
            return fail(UnauthorizedLogin())

    assert log_in(MemoryRoom(checkers=[Refusing()], replay=0), "alice", "no idea").lines() == [WRONG]


# The command line.


def test_a_description_names_a_checker(tmp_path: Path) -> None:
    passwords = tmp_path / "passwd"
    passwords.write_text("alice:correct horse\n", encoding="utf-8")
    options = Options()
    options.parseOptions(["--auth", "accounts", "--auth", f"file:{passwords}", "--auth", "memory:bob:another one"])
    assert len(options.checkers) == 3
    room = MemoryRoom(checkers=options.checkers, replay=0)
    for name, password in (("alice", "correct horse"), ("bob", "another one")):
        person = room.enter(f"{name}2")
        person.type(f"/login {name}", password)
        assert person.lines()[-1] == f"* you are logged in to the account {name}"


@pytest.mark.parametrize(
    ("description", "why"),
    [
        ("nosuch:hunter22", "there is no such check of passwords: choose one of"),
        ("memory:hunter22", "it takes something else behind the colon"),
    ],
)
def test_a_description_that_is_none_is_refused_without_what_may_be_a_password(description: str, why: str) -> None:
    with pytest.raises(usage.UsageError, match=why) as refused:
        Options().parseOptions(["--auth", description])
    assert "hunter22" not in str(refused.value)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(usage.UsageError, match="passwd: No such file or directory"):
        Options().parseOptions(["--auth", f"file:{tmp_path / 'passwd'}"])


def test_what_needs_argon2_is_refused_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chatroom.server.options.find_spec", lambda name: None)
    with pytest.raises(usage.UsageError, match=r"needs argon2-cffi: pip install 'chatroom\[accounts\]'"):
        Options().parseOptions(["--auth", "accounts"])


def test_without_a_description_people_make_their_own_accounts() -> None:
    options = Options()
    options.parseOptions([])
    assert options.checkers == []
