"""The way back in: somebody who was put out comes back by every way there is, on real sockets; each is tried.

People come from addresses of their own, which a proxy names.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing
from itertools import count

import pytest
from guests import GUESTS, Guest, ProgramGuest
from support import Server, Stage

pytestmark = pytest.mark.process

ELSEWHERE, BOSS = "203.0.113.200", "203.0.113.99"

_numbers = count(1)
_hosts = count(1)


@pytest.fixture
def theirs() -> str:
    """An address that nobody has come from."""
    return f"203.0.113.{next(_hosts)}"


class Town:
    """One server, which may be started again, and the people at it: each name is used once."""

    def __init__(self, stage: Stage, stack: ExitStack) -> None:
        self._stage = stage
        self._stack = stack
        (stage.folder / "operators").write_text("boss secret\n", encoding="utf-8")
        self.server = self._serve()

    def _serve(self) -> Server:
        return self._stage.serve(
            *("--web", "0", "--irc", "0", "--history", "history.db", "--durability", "process"),
            *("--operators", "operators", "--proxies", "127.0.0.1", "--clear-passwords", "203.0.113.0/24"),
        )

    def restart(self) -> None:
        """Have the server be another process with the same history."""
        self.server.stop()
        self.server = self._serve()

    def knock(self, door: str, nickname: str, address: str) -> Guest:
        guest = self._stack.enter_context(closing(GUESTS[door](self.server, nickname, address)))
        guest.knock()
        return guest

    def enter(self, door: str, nickname: str, address: str) -> Guest:
        guest = self.knock(door, nickname, address)
        guest.expect("joined", nickname)
        return guest

    def boss(self) -> ProgramGuest:
        """An operator of the server."""
        guest = self.enter("program", f"boss{next(_numbers)}", BOSS)
        assert isinstance(guest, ProgramGuest)
        guest.send("/oper boss secret")
        guest.expect("notice", "!", "You're an operator now.")
        return guest

    def expect_closed(self, door: str, nickname: str, address: str) -> None:
        """Wait until somebody is told that they may not come in, and their connection is closed."""
        guest = self.knock(door, nickname, address)
        guest.expect_error()
        guest.expect_the_end()
        assert not any(one.kind == "joined" for one in guest.heard), guest.heard


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with ExitStack() as stack, Stage(tmp_path_factory.mktemp("server")) as stage:
        yield Town(stage, stack)


def test_who_is_banned_from_the_server_does_not_come_back_by_any_door(town: Town, theirs: str) -> None:
    boss = town.boss()
    victims = {door: town.enter(door, f"mallory{next(_numbers)}", theirs) for door in GUESTS}
    first, *others = victims.values()
    boss.send(f"/ban {first.nickname} everywhere be gone")
    # The same address is banned with the nickname: all of them are put out.
    for guest in (first, *others):
        guest.expect_error()
        guest.expect_the_end()
        boss.expect_gone(guest.nickname)

    def try_all() -> None:
        for door in GUESTS:
            town.expect_closed(door, first.nickname, theirs)
            town.expect_closed(door, f"other{next(_numbers)}", theirs)
            town.expect_closed(door, first.nickname, ELSEWHERE)
            town.enter(door, f"honest{next(_numbers)}", ELSEWHERE)

    try_all()
    town.restart()
    try_all()
    boss = town.boss()
    boss.send(f"/unban {first.nickname} everywhere")
    boss.expect("notice", "!", f"{first.nickname} is banned from the server no more")
    for door in GUESTS:
        town.enter(door, f"{first.nickname}{next(_numbers)}", theirs)


def test_who_is_banned_with_their_account_does_not_come_back_by_it_from_elsewhere(town: Town, theirs: str) -> None:
    boss = town.boss()
    name = f"eve{next(_numbers)}"
    eve = town.enter("program", name, theirs)
    assert isinstance(eve, ProgramGuest)
    eve.ask(do="/register", secret="correct horse")
    eve.expect_answer("account")
    boss.send(f"/ban {name} everywhere")
    eve.expect_the_end()

    def try_account() -> None:
        # Another name, from another address: the account alone says who they are.
        again = town.enter("program", f"nobody{next(_numbers)}", ELSEWHERE)
        assert isinstance(again, ProgramGuest)
        again.ask(do=f"/login {name}", secret="correct horse")
        again.expect_error()
        again.expect_the_end()

    try_account()
    town.restart()
    try_account()


@pytest.mark.parametrize("door", GUESTS)
def test_who_is_banned_from_a_room_does_not_come_back_into_it(town: Town, theirs: str, door: str) -> None:
    boss = town.boss()
    name = f"oscar{next(_numbers)}"
    oscar = town.enter(door, name, theirs)
    boss.expect("joined", name)
    boss.send(f"/ban {name} be gone")
    boss.expect("kicked", boss.nickname, "be gone")
    oscar.expect_sometime("kicked", boss.nickname, "be gone")
    oscar.say("am I heard?")
    oscar.expect_error()
    for again in (name, f"other{next(_numbers)}"):
        for other in GUESTS:
            guest = town.knock(other, again, theirs)
            guest.expect_error()
            assert not any(one.kind == "joined" for one in guest.heard), guest.heard
            guest.close()
    boss.send(f"/unban {name}")
    boss.expect("notice", "!", f"{name} is banned from lobby no more")
    town.enter(door, f"back{next(_numbers)}", theirs)


def test_who_was_kicked_may_come_back(town: Town, theirs: str) -> None:
    boss = town.boss()
    for door in GUESTS:
        name = f"trudy{next(_numbers)}"
        trudy = town.enter(door, name, theirs)
        boss.expect("joined", name)
        boss.send(f"/kick {name} shout less")
        trudy.expect("kicked", boss.nickname, "shout less")
        trudy.say("am I heard?")
        trudy.expect_error()
        trudy.join_again()
        boss.expect("joined", name)
        trudy.say("I shout less")
        boss.expect("said", name, "I shout less")
        assert "am I heard?" not in [one.text for one in boss.heard]
        trudy.quit("")
        boss.expect_gone(name)
