"""People at the door for lines, in memory."""

from __future__ import annotations

from stepped import House

from chatroom.testing import MemoryRoom, Person


def two(room: MemoryRoom) -> tuple[Person, Person]:
    """Alice and Bob, with nothing unread."""
    alice, bob = room.enter("alice"), room.enter("bob")
    alice.lines()
    return alice, bob


def entered(house: House, room: MemoryRoom, nickname: str) -> Person:
    """Somebody who is in, and has taken notice of what newcomers are shown."""
    person = room.connect()
    person.type(nickname)
    room.settle()
    house.log.settle()
    assert person.lines()[-1] == f"* {nickname} joined"
    return person
