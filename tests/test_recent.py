"""The last events of busy rooms are kept in memory, within a bound in bytes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from chatroom.log.interface import Events, NoAnswer
from chatroom.log.recent import KEPT, MAX_BYTES, RecentEvents
from chatroom.log.turns import Asker
from chatroom.model.errors import ChatError, NoHistory
from chatroom.model.events import Event, Said


class File:
    """Answers when a test says so, with what is there then."""

    def __init__(self) -> None:
        self.rooms: dict[str, list[Event]] = {}
        self.asked: list[str] = []
        self._waiting: list[tuple[Callable[[], Sequence[Event]], Events, NoAnswer]] = []
        self.recent = RecentEvents(self.load)

    def load(
        self, room: str, count: int, before: int | None, answer: Events, failed: NoAnswer, *, asker: Asker | None
    ) -> None:
        self.asked.append(room)
        self._waiting.append((lambda: self.rooms.get(room, [])[-count:], answer, failed))

    def answer(self) -> None:
        found, answer, _ = self._waiting.pop(0)
        answer(found())

    def fail(self) -> None:
        self._waiting.pop(0)[2](NoHistory(why="the disk is on fire"))

    def ask(self, room: str, count: int = 1) -> list[Event]:
        """What is known of a room, loaded if it must be."""
        found: list[Event] = []
        self.recent.ask(room, count, None, found.extend, never, asker=None)
        while self._waiting:
            self.answer()
        return found


def never(error: ChatError) -> None:
    """Nothing fails here."""
    raise AssertionError(str(error))


def said(id_: int, room: str, text: str = "tea") -> Event:
    return Said(id_, 0.0, room, "m", "alice", text)


def test_a_room_is_asked_for_once() -> None:
    file = File()
    file.rooms["lobby"] = [said(1, "lobby"), said(2, "lobby")]

    assert file.ask("lobby", 2) == file.rooms["lobby"]
    file.recent.committed([said(3, "lobby")])
    assert [event.id for event in file.ask("lobby", 3)] == [1, 2, 3]
    assert file.asked == ["lobby"]


def test_everybody_who_waits_for_a_room_is_answered_or_told_why_not() -> None:
    file = File()
    told: list[object] = []
    for _ in range(3):
        file.recent.ask("lobby", 1, None, told.append, told.append, asker=None)
    file.fail()
    assert [type(one) for one in told] == [NoHistory] * 3

    told.clear()
    for _ in range(3):
        file.recent.ask("lobby", 1, None, told.append, told.append, asker=None)
    file.answer()
    assert told == [[]] * 3


def test_rooms_that_were_asked_for_first_are_let_go_when_all_take_too_much() -> None:
    file = File()
    size = MAX_BYTES // 10 // KEPT
    names = [f"room{number}" for number in range(12)]
    for number, name in enumerate(names):
        file.rooms[name] = [said(number * KEPT + one + 1, name, "x" * size) for one in range(KEPT)]
        file.ask(name)
    file.asked.clear()
    for name in reversed(names):
        file.ask(name)

    assert 0 < len(file.asked) < 6, file.asked
    assert names[-1] not in file.asked


def test_what_is_said_in_rooms_that_are_kept_counts_and_what_is_trimmed_does_not() -> None:
    file = File()
    file.ask("lobby")
    text = "x" * (MAX_BYTES // 150)
    file.recent.committed([said(number, "lobby", text) for number in range(1, 101)])
    file.recent.forget(100)
    file.recent.committed([said(number, "lobby", text) for number in range(101, 200)])
    file.asked.clear()
    assert len(file.ask("lobby", 50)) == 50
    assert file.asked == []

    file.ask("garden")
    file.recent.committed([said(number, "garden", text) for number in range(200, 300)])
    file.asked.clear()
    file.ask("garden")
    file.ask("lobby")
    assert file.asked == ["lobby"]
