"""Watchers are told of each nickname that is taken or given up, and of who is away."""

from __future__ import annotations

import pytest
from stepped import House, Visitor

from chatroom.core.members import Member


class Watch:
    """What a watcher was told."""

    def __init__(self, house: House) -> None:
        self.told: list[tuple[str, bool]] = []
        self.away: list[tuple[str, str | None]] = []
        house.chat.directory.watchers.append(self)

    def named(self, nickname: str, here: bool) -> None:
        self.told.append((nickname, here))

    def went_away(self, member: Member) -> None:
        self.away.append((member.nickname, member.away))

    def since_last(self) -> list[tuple[str, bool]]:
        told, self.told = self.told, []
        return told


def test_a_watcher_is_told_of_who_comes_and_goes() -> None:
    house = House()
    watch = Watch(house)
    alice = Visitor(house.chat)
    alice.session.enter("Alice")
    assert watch.since_last() == [("Alice", True)], "the nickname is held from the moment it is asked for"
    house.log.settle()
    alice.type("/leave", "/join garden")
    house.log.settle()
    assert watch.since_last() == []
    alice.type("/quit")
    assert watch.since_last() == [("Alice", False)]
    house.log.settle()
    assert watch.since_last() == []


def test_a_watcher_is_told_of_the_old_and_the_new_name_once_somebody_is_renamed() -> None:
    house = House()
    alice, watch = house.enter("alice"), Watch(house)
    alice.type("/nick al")
    assert watch.since_last() == []
    house.log.settle()
    assert watch.since_last() == [("alice", False), ("al", True)]
    alice.type("/nick AL")
    house.log.settle()
    assert watch.since_last() == [], "it is the same name"
    alice.type("/leave", "/nick zoe")
    house.log.settle()
    assert watch.since_last() == [("AL", False), ("zoe", True)]


def test_a_watcher_is_told_nothing_of_what_is_refused_or_not_kept() -> None:
    house = House()
    alice, bob = house.enter("alice"), house.enter("bob")
    watch = Watch(house)
    for refused in ("ALICE", "server", "a b"):
        visitor = Visitor(house.chat)
        visitor.session.enter(refused)
        assert visitor.refused == 1
    alice.type("/nick bob")
    bob.type("/nick robert")
    house.log.fail()
    assert watch.since_last() == []


def test_a_watcher_is_told_of_who_is_not_let_in_after_all() -> None:
    house = House(max_rooms=1)
    house.enter("alice")
    watch = Watch(house)
    visitor = Visitor(house.chat)
    visitor.session.enter("bob", ["garden"])
    assert visitor.lines() == ["! There may be at most 1 rooms: /leave one first."]
    assert watch.since_last() == [("bob", True), ("bob", False)]
    Visitor(house.chat).session.enter("bob")
    house.log.fail()
    assert watch.since_last() == [("bob", True), ("bob", False)]


@pytest.mark.parametrize(
    ("nickname", "told"),
    [("carol", [("alice", False), ("carol", True), ("carol", False)]), ("ALICE", [("ALICE", False)])],
)
def test_a_watcher_is_told_of_who_goes_while_being_renamed(nickname: str, told: list[tuple[str, bool]]) -> None:
    house = House()
    alice, watch = house.enter("alice"), Watch(house)
    alice.type(f"/nick {nickname}")
    alice.lose()
    assert watch.since_last() == [], "nobody can say yet under which name she leaves"
    house.log.settle()

    assert watch.since_last() == told


def test_a_watcher_is_told_of_who_goes_while_a_renaming_is_on_its_way_that_fails() -> None:
    house = House()
    alice, watch = house.enter("alice"), Watch(house)
    alice.type("/nick carol")
    alice.lose()
    house.log.fail(1)
    house.log.settle()

    assert watch.since_last() == [("alice", False)]


def test_a_watcher_is_told_of_who_is_away_and_who_is_back() -> None:
    house = House()
    alice, watch = house.enter("alice", "lobby", "garden"), Watch(house)
    alice.type("/away lunch")
    assert watch.away == [], "it is not put in order yet"
    house.log.settle()
    alice.type("/away lunch", "/away", "/away", "/leave", "/leave", "/away supper")
    house.log.settle()

    assert watch.away == [("alice", "lunch"), ("alice", None), ("alice", "supper")]
