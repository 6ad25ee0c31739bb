"""A few have a slot at once; the others wait for one, in order."""

from __future__ import annotations

from chatroom.core.slots import Slots


def take(slots: Slots, begun: list[str], *holders: str) -> None:
    for holder in holders:
        slots.take(holder, lambda holder=holder: begun.append(holder))  # type: ignore[misc]


def test_those_who_wait_have_their_turn_in_order() -> None:
    slots, begun = Slots(2), list[str]()
    take(slots, begun, "alice", "bob", "carol", "dave")
    assert begun == ["alice", "bob"]
    slots.give_back("bob")
    assert begun == ["alice", "bob", "carol"]
    slots.give_back("bob")
    assert begun == ["alice", "bob", "carol"]
    slots.give_back("alice")
    assert begun == ["alice", "bob", "carol", "dave"]


def test_who_wants_more_goes_on_while_nobody_waits_and_else_to_the_end() -> None:
    slots, begun = Slots(1), list[str]()
    take(slots, begun, "alice", "alice")
    assert begun == ["alice", "alice"]
    take(slots, begun, "bob", "alice")
    assert begun == ["alice", "alice", "bob"]
    slots.give_back("bob")
    assert begun == ["alice", "alice", "bob", "alice"]


def test_who_has_gone_begins_nothing_and_has_no_slot() -> None:
    slots, begun = Slots(1), list[str]()
    take(slots, begun, "alice", "bob", "carol")
    slots.drop("bob")
    slots.drop("alice")
    slots.drop("nobody")

    assert begun == ["alice", "carol"]


def test_any_number_may_have_waited_who_end_as_soon_as_they_begin() -> None:
    slots, begun = Slots(1), list[int]()

    def begin(number: int) -> None:
        begun.append(number)
        slots.give_back(number)

    slots.take("alice", lambda: None)
    for number in range(5000):
        slots.take(number, lambda number=number: begin(number))  # type: ignore[misc]
    slots.give_back("alice")

    assert begun == list(range(5000))
