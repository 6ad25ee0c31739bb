"""The room is the same whatever door one came in by: one scenario, for every door and every pair of doors."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from itertools import count
from pathlib import Path

import pytest
from guests import GUESTS, Guest
from support import TWISTD, Server, Stage

pytestmark = pytest.mark.process

PAIRS = [(first, second) for first in GUESTS for second in GUESTS]

EVERY_DOOR = ("--web", "0", "--irc", "0")

# The server as it is, but for nicknames that are granted, or refused, a moment after they are claimed.
LATE_NAMES = """
from chatroom import __main__
from chatroom.core.nicknames import LocalNicknames
from chatroom.server import service
from chatroom.server.reactor import global_reactor

class LateNicknames(LocalNicknames):
    def claim(self, member, nickname, answer):
        super().claim(member, nickname, lambda error: global_reactor().callLater(0.02, answer, error))

opened = service.open_chat
service.open_chat = lambda *arguments, **rest: opened(*arguments, nicknames=LateNicknames(), **rest)
__main__.main()
"""

NAMES = {"at once": (TWISTD, "-n", "chatroom"), "late": (sys.executable, "-c", LATE_NAMES)}
"""What to start a server by whose nicknames are granted at once, or a moment later."""

_numbers = count(1)


@pytest.fixture(scope="module", params=NAMES)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server with every door open; what a test says there is its own by its names."""
    with Stage(tmp_path_factory.mktemp("server")) as stage:
        yield stage.serve(*EVERY_DOOR, by=NAMES[request.param])


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


class Party:
    """The people of one test: each name is used once, since the server goes on."""

    def __init__(self, server: Server, stack: ExitStack) -> None:
        self.server = server
        self._stack = stack
        self._number = next(_numbers)

    def named(self, name: str) -> str:
        return f"{name}{self._number}"

    def knocks(self, door: str, nickname: str) -> Guest:
        """Somebody who asks to come in."""
        guest = self._stack.enter_context(closing(GUESTS[door](self.server, nickname)))
        guest.knock()
        return guest

    def enters(self, door: str, name: str) -> Guest:
        """Somebody who is in."""
        guest = self._stack.enter_context(closing(GUESTS[door](self.server, self.named(name))))
        guest.enter()
        return guest


@pytest.fixture
def party(server: Server, stack: ExitStack) -> Party:
    return Party(server, stack)


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_two_people_do_all_that_people_do(first: str, second: str, party: Party) -> None:
    anna = party.enters(first, "anna")
    ben = party.enters(second, "ben")
    anna.expect("joined", ben.nickname)

    anna.say("hello ben", "/ is a slash", "two  spaces: and a colon")
    for text in ("hello ben", "/ is a slash", "two  spaces: and a colon"):
        ben.expect("said", anna.nickname, text)
    ben.act("waves")
    anna.expect("acted", ben.nickname, "waves")
    anna.set_topic("tea at five")
    for guest in (anna, ben):
        guest.expect("topic", anna.nickname, "tea at five")
    ben.tell(anna.nickname, "between us")
    anna.expect("private", ben.nickname, "between us")
    anna.tell(ben.nickname, "yes?")
    ben.expect("private", anna.nickname, "yes?")

    benno = party.named("benno")
    ben.be_called(benno)
    for guest in (anna, ben):
        guest.expect("renamed", ben.nickname, benno)
    ben.say("it is still me")
    anna.expect("said", benno, "it is still me")
    anna.tell(ben.nickname, "who hears this?")
    anna.expect_error()

    ben.quit("supper")
    anna.expect("left", benno, "supper")
    ben.expect_the_end()


@pytest.mark.parametrize("speaker", ["program", "irc"])
@pytest.mark.parametrize("door", GUESTS)
def test_a_message_of_several_lines_is_one_where_such_are_known(speaker: str, door: str, party: Party) -> None:
    anna, ben = party.enters(speaker, "anna"), party.enters(door, "ben")
    anna.say("one\n\ntwo")
    shown = ["one", "", "two"] if door == "line" else ["one\n\ntwo"]
    for text in shown:
        ben.expect("said", anna.nickname, text)

    ben.ask_for_history(1)
    for text in shown:
        ben.expect_past("said", anna.nickname, text)


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_a_nickname_is_one_persons_at_all_doors(first: str, second: str, party: Party) -> None:
    anna = party.enters(first, "anna")

    party.knocks(second, anna.nickname.upper()).expect_error()

    anna.quit("")
    anna.expect_the_end()
    party.knocks(second, anna.nickname).expect("joined", anna.nickname)


@pytest.mark.parametrize("door", GUESTS)
def test_nobody_comes_in_as_what_looks_like_somebody(door: str, party: Party) -> None:
    ilse = party.enters("json", "Ilse").nickname

    # A small l, a letter that only looks like e, an e of Cyrillic, a mark of Tifinagh without width.
    for nickname in (f"l{ilse[1:]}", ilse.replace("e", "\u212e"), ilse.replace("e", "\u0435"), f"{ilse}\u2d7f"):
        party.knocks(door, nickname).expect_error()
    party.enters(door, "Else")


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_everybody_hears_the_same_in_the_same_order(first: str, second: str, party: Party) -> None:
    watcher = party.enters("json", "watcher")
    anna, ben = party.enters(first, "anna"), party.enters(second, "ben")
    said = {guest: [f"{guest.nickname} {number}" for number in range(30)] for guest in (anna, ben)}
    for start in range(0, 30, 10):
        for guest in said:
            guest.say(*said[guest][start : start + 10])

    for guest, texts in said.items():
        for hearer in (anna, ben, watcher):
            if hearer is not guest or hearer.hears_self:
                hearer.expect_sometime("said", guest.nickname, texts[-1])

    order = [one for one in watcher.heard if one.kind == "said"]
    assert {guest.nickname: [one.text for one in order if one.nickname == guest.nickname] for guest in said} == {
        guest.nickname: texts for guest, texts in said.items()
    }
    for guest in said:
        heard = [one for one in guest.heard if one.kind == "said"]
        assert heard == [one for one in order if guest.hears_self or one.nickname != guest.nickname]


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_nothing_that_a_terminal_or_a_page_acts_on_gets_through(first: str, second: str, party: Party) -> None:
    anna, ben = party.enters(first, "anna"), party.enters(second, "ben")
    plain = "<b>not bold</b> \\e[0m & all"
    anna.say(f"\x1b[2J\x1b]0;title\x07\x9b1m{plain}\u202e\u2066\x00\x08\x7f", "done")

    ben.expect("said", anna.nickname, plain)
    ben.expect("said", anna.nickname, "done")
    for sign in ("\x1b", "\x07", "\x08", "\x00", "\x7f", "\x9b", "\u202e", "\u2066"):
        assert sign.encode() not in ben.raw
        assert f"\\u{ord(sign):04x}".encode() not in ben.raw


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_what_was_said_before_one_came_is_there_to_be_asked_for(first: str, second: str, party: Party) -> None:
    witness = party.enters("json", "witness")
    anna = party.enters(first, "anna")
    anna.say("before", "and again")
    anna.act("yawns")
    witness.expect("acted", anna.nickname, "yawns")

    ben = party.enters(second, "ben")
    ben.ask_for_history(5)

    ben.expect_past("said", anna.nickname, "before")
    ben.expect_past("acted", anna.nickname, "yawns")


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_whoever_is_lost_has_left(first: str, second: str, party: Party) -> None:
    anna, ben = party.enters(first, "anna"), party.enters(second, "ben")

    ben.vanish()

    anna.expect_gone(ben.nickname)
    party.knocks("line", ben.nickname).expect("joined", ben.nickname)


@pytest.mark.parametrize("door", GUESTS)
def test_what_was_seen_at_any_door_survives_a_crash(door: str, tmp_path: Path, stack: ExitStack) -> None:
    stage = stack.enter_context(Stage(tmp_path))
    server = stage.serve(*EVERY_DOOR)
    party = Party(server, stack)
    anna, ben = party.enters(door, "anna"), party.enters(door, "ben")
    anna.say("kept")
    ben.expect("said", anna.nickname, "kept")
    server.signal(signal.SIGKILL)
    server.status()

    party = Party(stage.serve(*EVERY_DOOR), stack)
    for other in GUESTS:
        guest = party.enters(other, f"guest-{other}-")
        guest.ask_for_history(10)
        guest.expect_past("said", anna.nickname, "kept")


@pytest.mark.parametrize("door", GUESTS)
def test_everybody_is_told_that_the_server_stops(door: str, tmp_path: Path, stack: ExitStack) -> None:
    stage = stack.enter_context(Stage(tmp_path))
    server = stage.serve(*EVERY_DOOR)
    anna = Party(server, stack).enters(door, "anna")

    assert server.stop(signal.SIGTERM) == 0

    anna.expect_the_end()
    assert b"the server is stopping" in anna.raw
