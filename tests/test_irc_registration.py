"""The way in to the IRC door: what has yet to come, and nicknames that are granted, or refused, later."""

from __future__ import annotations

import sys
from itertools import permutations

import pytest
from ircroom import SERVER, IRCRoom, LateIRCRoom, ask, bare, numbers, tags_of

from chatroom.doors.irc.registration import Registration, Step


def test_a_nickname_and_a_user_are_missing_at_first_and_the_end_of_cap_once_it_has_begun() -> None:
    registration = Registration()
    missing = [registration.missing]
    for step in (
        registration.begin_capabilities,
        lambda: registration.take_nickname("alice"),
        lambda: registration.take_user("al", "Alice"),
        registration.end_capabilities,
        registration.nickname_refused,
    ):
        step()
        missing.append(registration.missing)

    everything = Step.NICK | Step.USER | Step.CAP_END
    first = Step.NICK | Step.USER
    assert missing == [first, everything, Step.USER | Step.CAP_END, Step.CAP_END, Step(0), Step.NICK]
    assert (registration.nickname, registration.username) == ("", "al")


@pytest.mark.parametrize("lines", list(permutations(["NICK alice", "USER al 0 * :Alice", "CAP END", "PASS x"])))
def test_one_is_in_once_the_last_of_all_has_come(lines: tuple[str, ...]) -> None:
    room = IRCRoom()
    alice = room.knock("CAP LS 302")
    alice.lines()
    missing = {"NICK", "USER", "CAP"}
    for line in lines:
        alice.type(line)
        missing.discard(line.split(" ")[0])
        shown = numbers(alice.lines())
        if missing:
            assert shown == []
        elif line.startswith("PASS"):
            assert shown == ["462"]
        else:
            assert (shown[0], shown[-1]) == ("001", "422")


def test_one_who_negotiates_again_once_in_is_not_held_up(room: IRCRoom) -> None:
    alice = room.irc("alice")

    assert ask(alice, "CAP LS 302", "PING x")[-1] == f"PONG {SERVER} :x"
    assert ask(alice, "CAP END") == []


@pytest.fixture
def room() -> IRCRoom:
    return IRCRoom()


def kept_in_caches() -> int:
    """Things that are kept by what functions of the IRC door were called with."""
    modules = [module for name, module in sys.modules.items() if name.startswith("chatroom.doors.irc")]
    caches = {one for module in modules for one in vars(module).values() if hasattr(one, "cache_info")}
    return sum(cache.cache_info().currsize for cache in caches)


def test_no_cache_keeps_what_a_stranger_says_before_they_are_in(room: IRCRoom) -> None:
    room.knock("NICK alice", "USER alice 0 * :Alice").type("PING x")
    before = kept_in_caches()
    for number in range(50):
        room.knock(f"USER {number:04}{'x' * 400} 0 * :Alice", f"NICK {'y' * 400}{number}")

    assert kept_in_caches() == before


@pytest.fixture
def late() -> LateIRCRoom:
    return LateIRCRoom()


def test_a_nickname_may_be_granted_later_and_what_was_sent_since_waits_for_it(late: LateIRCRoom) -> None:
    alice = late.knock("NICK alice", "USER al 0 * :Alice", "JOIN #lobby", "PING x")
    assert alice.lines() == []
    assert late.door.nicknames == []

    assert late.names.answer() == 1
    shown = numbers(alice.lines())
    assert (shown[0], shown[-5:]) == ("001", ["422", "JOIN", "353", "366", "PONG"])
    assert late.door.nicknames == ["alice"]


def test_a_nickname_may_be_refused_later_and_another_is_taken(late: LateIRCRoom) -> None:
    late.named("alice")
    one, two = late.knock("NICK bob", "USER b 0 * :B"), late.knock("NICK bob", "USER b 0 * :B", "PING x")
    late.settle()
    assert late.names.answer() == 2

    assert numbers(one.lines())[0] == "001"
    assert bare(two.lines()) == ["433 * bob :Nickname is already in use", f"PONG {SERVER} :x"]
    # One that is visibly taken needs no asking.
    assert ask(two, "NICK ALICE") == ["433 * ALICE :Nickname is already in use"]
    assert late.names.answer() == 0
    two.type("NICK robert")
    late.settle()
    late.names.answer()
    assert numbers(two.lines())[0] == "001"


def test_whoever_is_lost_while_their_nickname_is_on_its_way_holds_none(late: LateIRCRoom) -> None:
    watcher = late.named("watcher")
    ask(watcher, "MONITOR + alice")
    alice = late.knock("NICK alice", "USER a 0 * :A")
    late.settle()
    alice.drop()
    late.settle()
    late.names.answer()

    assert watcher.lines() == []
    assert late.door.nicknames == ["watcher"]
    assert numbers(late.named("alice").lines()) == []
    assert late.door.nicknames == ["watcher", "alice"]


def test_a_rename_may_be_granted_later(late: LateIRCRoom) -> None:
    alice, bob = late.named("alice", rooms="#lobby"), late.named("bob", rooms="#lobby")
    alice.lines()
    alice.type("NICK ally", "PRIVMSG #lobby :hi", "PING x")
    assert alice.lines() == []
    assert bob.lines() == []

    late.names.answer()
    assert bare(alice.lines()) == ["alice NICK ally", f"PONG {SERVER} :x"]
    assert bare(bob.lines()) == ["alice NICK ally", "ally PRIVMSG #lobby :hi"]


@pytest.mark.parametrize("rooms", ["", "#lobby"])
def test_a_rename_may_be_refused_later(late: LateIRCRoom, rooms: str) -> None:
    alice, bob = late.named("alice", "batch labeled-response", rooms), late.named("bob", rooms=rooms)
    alice.lines()
    alice.type("@label=1 NICK bob", "@label=2 PING x")
    assert alice.lines() == []

    late.names.answer()
    refused, pong = alice.lines()
    assert (tags_of(refused), bare([refused])) == ({"label": "1"}, ["433 alice bob :Nickname is already in use"])
    assert (tags_of(pong), bare([pong])) == ({"label": "2"}, [f"PONG {SERVER} :x"])
    assert bob.lines() == []


def test_a_rename_in_no_room_is_answered_when_it_is_granted(late: LateIRCRoom) -> None:
    alice = late.named("alice", "batch labeled-response")
    alice.type("@label=1 NICK ally")
    assert alice.lines() == []

    late.names.answer()
    assert alice.lines() == [f"@label=1 :alice!alice@{SERVER} NICK ally"]


def test_whoever_is_killed_while_their_rename_is_on_its_way_leaves_as_what_they_were(late: LateIRCRoom) -> None:
    alice, bob = late.named("alice", rooms="#lobby"), late.named("bob", rooms="#lobby")
    alice.lines()
    bob.type("NICK robert")
    late.settle()
    alice.protocol.session.member.operator = True
    alice.type("KILL bob :x")
    late.settle()
    late.names.answer()

    assert bare(alice.lines()) == ["bob NICK robert", "robert QUIT :Killed (alice (x))"]
    assert late.door.nicknames == ["alice"]
    assert bob.closed
