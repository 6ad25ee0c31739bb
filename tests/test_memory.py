"""What waits for all together is bounded, and whoever holds the most of it goes first."""

from __future__ import annotations

from chatroom.core.memory import Memory
from chatroom.testing import MemoryRoom


class Holder:
    """Somebody whom bytes wait for."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory
        self.held = 0
        self.gone = False

    def hold(self, more: int) -> None:
        self.held += more
        self.memory.change(self, more)

    def give_up(self) -> None:
        self.gone = True
        self.hold(-self.held)


def test_whoever_holds_the_most_goes_first() -> None:
    memory = Memory(100)
    one, two, three = (Holder(memory) for _ in range(3))
    for holder, size in ((one, 30), (two, 50), (three, 20)):
        holder.hold(size)
    assert (memory.held, memory.tight) == (100, True)
    three.hold(1)

    assert [holder.gone for holder in (one, two, three)] == [False, True, False]
    assert (memory.held, memory.tight) == (51, False)


def test_what_is_held_no_more_does_not_count() -> None:
    memory = Memory(100)
    one, two = Holder(memory), Holder(memory)
    for _ in range(10):
        one.hold(90)
        one.hold(-90)
        two.hold(90)
        two.hold(-90)

    assert (one.gone, two.gone, memory.held) == (False, False, 0)


def test_nought_is_no_limit() -> None:
    memory = Memory(0)
    one = Holder(memory)
    one.hold(1 << 40)

    assert not one.gone
    assert not memory.tight


def test_the_one_that_most_waits_for_is_let_go_and_the_others_are_told() -> None:
    room = MemoryRoom(memory=1, sendq=900_000, rate=0)
    speaker, early, late = room.enter("speaker"), room.enter("early"), room.enter("late")
    early.stop_reading()
    shown: list[str] = []
    for text in ("x", "y"):
        if text == "y":
            late.stop_reading()
        for _ in range(100):
            # Neither has as much as one may have waiting.
            speaker.type(text * 4000)
            shown += speaker.lines()
    room.advance(1)

    assert (early.closed, late.closed) == (True, False)
    assert "* early left (the server is short of memory)" in shown
    late.read_on()
    assert "speaker: " + "y" * 4000 in late.lines()


def test_what_would_take_more_is_begun_when_there_is_room() -> None:
    memory = Memory(100)
    one, begun = Holder(memory), list[str]()
    memory.when_roomy("first", lambda: begun.append("first"))
    one.hold(80)
    for name in ("second", "third", "gone"):
        memory.when_roomy(name, lambda name=name: begun.append(name))  # type: ignore[misc]
    memory.drop("gone")
    one.hold(-4)
    assert begun == ["first"]
    one.hold(-1)

    assert begun == ["first", "second", "third"]


def test_a_question_waits_while_memory_is_tight() -> None:
    room = MemoryRoom(memory=1, sendq=900_000, rate=0)
    speaker, deaf, asker = room.enter("speaker"), room.enter("deaf"), room.enter("asker")
    deaf.stop_reading()
    while not room.chat.memory.tight:
        speaker.type("x" * 4000)
        speaker.lines()
        asker.lines()
    asker.type("/history 1")
    speaker.type("still here")
    assert asker.lines() == ["speaker: still here"]
    deaf.read_on()
    room.settle()

    assert asker.lines()[-1].endswith("speaker: still here")
