"""Who may do what at each door: the same for each role, whichever door they are at, and shown at every door."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing
from itertools import count

import pytest
from guests import GUESTS, Guest, IRCGuest
from support import Stage

pytestmark = pytest.mark.process

ROLES = {"nobody": (), "voice": ("say",), "operator": ("say", "topic", "kick")}
"""What each role may do in a room that is moderated and whose topic is locked."""

GIVEN = {"voice": ("/voice", "gave {} a voice"), "operator": ("/op", "made {} an operator")}
"""The command that gives each role, and how those who read plain lines are told."""

_numbers = count(1)


class Hall:
    """A server with a moderated lobby, an operator of the server, and somebody who listens at each door."""

    def __init__(self, stage: Stage, stack: ExitStack) -> None:
        self._stack = stack
        (stage.folder / "operators").write_text("boss secret\n", encoding="utf-8")
        self.server = stage.serve("--web", "0", "--irc", "0", "--operators", "operators")
        self.listeners = {door: self.enter(door, f"{door}-ear") for door in GUESTS}
        self.boss = self.enter("line", "boss")
        self.boss.send("/oper boss secret", "/set moderated", "/set topic-locked")
        self.boss.expect_raw("boss set the mode topic-locked")

    def enter(self, door: str, nickname: str = "") -> Guest:
        guest = self._stack.enter_context(closing(GUESTS[door](self.server, nickname or f"n{next(_numbers)}")))
        guest.enter()
        return guest

    def give(self, guest: Guest, role: str) -> None:
        if role in GIVEN:
            command, told = GIVEN[role]
            self.boss.send(f"{command} {guest.nickname}")
            self.boss.expect_raw(told.format(guest.nickname))


@pytest.fixture(scope="module")
def hall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hall]:
    with ExitStack() as stack, Stage(tmp_path_factory.mktemp("server")) as stage:
        yield Hall(stage, stack)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("door", GUESTS)
def test_a_role_allows_the_same_at_every_door_and_all_are_shown_what_it_does(door: str, role: str, hall: Hall) -> None:
    guest, victim = hall.enter(door), hall.enter("line")
    hall.give(guest, role)
    acts = ["say", "topic"] + ([] if isinstance(guest, IRCGuest) else ["kick"])
    for act in acts:
        text = f"{act} of {guest.nickname}"
        if act == "say":
            guest.say(text)
        elif act == "topic":
            guest.set_topic(text)
        else:
            guest.send(f"/kick {victim.nickname} {text}")
        if act in ROLES[role]:
            for listener in hall.listeners.values():
                listener.expect({"say": "said", "topic": "topic", "kick": "kicked"}[act], guest.nickname, text)
        else:
            guest.expect_error()
    # What was refused was shown to nobody.
    hall.boss.say("and on")
    for listener in hall.listeners.values():
        listener.expect("said", "boss", "and on")
        shown = {one.kind for one in listener.heard if one.nickname == guest.nickname}
        assert ("said" in shown, "topic" in shown) == ("say" in ROLES[role], "topic" in ROLES[role])


@pytest.mark.parametrize("door", GUESTS)
def test_who_is_put_out_at_any_door_is_heard_again_once_they_have_come_back(door: str, hall: Hall) -> None:
    guest = hall.enter(door)
    hall.give(guest, "voice")
    hall.boss.send(f"/kick {guest.nickname} enough")
    for listener in (guest, *hall.listeners.values()):
        listener.expect("kicked", "boss", "enough")
    guest.say("out of here")
    guest.expect_error()
    guest.join_again()
    guest.expect("joined", guest.nickname)
    hall.give(guest, "voice")
    guest.say("back again")
    for listener in hall.listeners.values():
        listener.expect("said", guest.nickname, "back again")
        assert not any(one.text == "out of here" for one in listener.heard)


@pytest.mark.parametrize("door", GUESTS)
def test_who_is_muted_at_any_door_reads_on_and_says_nothing(door: str, hall: Hall) -> None:
    guest = hall.enter(door)
    hall.give(guest, "voice")
    hall.boss.send(f"/mute {guest.nickname} 10m enough")
    hall.boss.expect_raw(f"{guest.nickname} is muted in lobby until ")
    guest.say("but why")
    guest.expect_error()
    hall.boss.say(f"read on {guest.nickname}")
    guest.expect("said", "boss", f"read on {guest.nickname}")
    hall.boss.send(f"/unmute {guest.nickname}")
    hall.boss.expect_raw(f"{guest.nickname} is muted in lobby no more")
    guest.say("thank you")
    for listener in hall.listeners.values():
        listener.expect("said", guest.nickname, "thank you")
        assert not any(one.text == "but why" for one in listener.heard)
