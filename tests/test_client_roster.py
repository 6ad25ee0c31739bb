"""What the client knows of the people and the rooms, from what arrives."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chatroom.client.protocol import ChatClientFactory, ChatClientProtocol
from chatroom.client.render_context import RenderContext
from chatroom.client.roster import Roster
from chatroom.model.answers import Answer, Gone, People, RoomList, RoomSummary, Speaking, Welcome
from chatroom.model.events import KINDS, Event, Joined, Said
from chatroom.testing import MemoryRoom

CONTEXT = RenderContext("bob", "lobby")


class Watcher(ChatClientProtocol):
    """Keeps a roster of who is where."""

    def connectionMade(self) -> None:
        super().connectionMade()
        self.roster = Roster()

    def received(self, thing: Event | Answer, ref: str) -> None:
        self.roster.note(thing, RenderContext(self.nickname, self.speaks_in, not self.is_new(thing)))


def watcher_in(room: MemoryRoom, nickname: str = "bob") -> Watcher:
    protocol = room.bot(ChatClientFactory(nickname, Watcher))
    assert isinstance(protocol, Watcher)
    return protocol


def test_it_follows_who_comes_and_goes_and_is_renamed() -> None:
    room = MemoryRoom()
    alice = room.enter("alice")
    roster = watcher_in(room).roster
    assert (roster.size("lobby"), roster.nicknames()) == (2, ["alice", "bob"])
    carol = room.enter("carol")
    assert (roster.size("lobby"), roster.nicknames()) == (3, ["alice", "bob", "carol"])
    carol.type("/nick dora")
    room.settle()
    assert (roster.size("lobby"), roster.nicknames()) == (3, ["alice", "bob", "dora"])
    alice.type("/quit")
    room.settle()
    assert (roster.size("lobby"), roster.nicknames()) == (2, ["bob", "dora"])


def test_who_has_gone_is_gone_though_it_was_not_kept() -> None:
    roster = Roster()
    for thing in (
        Welcome("bob", "lobby", "", ["alice", "bob"], 2),
        Joined(1, 0.0, "lobby", "", "bob", ""),
        Gone("garden", "alice", ""),
    ):
        roster.note(thing, CONTEXT)
    assert (roster.size("lobby"), roster.nicknames()) == (2, ["alice", "bob"])
    roster.note(Gone("lobby", "alice", "tea"), CONTEXT)
    assert (roster.size("lobby"), roster.nicknames()) == (1, ["bob"])


def test_of_a_big_room_it_knows_how_many_there_are() -> None:
    room = MemoryRoom(max_clients_per_host=0)
    people = [room.enter(f"nick{number}") for number in range(30)]
    roster = watcher_in(room).roster
    assert roster.size("lobby") == 31
    people[29].type("hello")
    people[28].type("/quit")
    room.settle()
    assert roster.size("lobby") == 30
    assert "nick29" in roster.nicknames()
    assert "nick28" not in roster.nicknames()


def test_whoever_spoke_last_comes_first() -> None:
    room = MemoryRoom()
    alice, carol = room.enter("alice"), room.enter("carol")
    roster = watcher_in(room).roster
    carol.type("hello")
    room.settle()
    alice.type("hello")
    room.settle()
    assert roster.nicknames() == ["alice", "carol", "bob"]
    carol.type("/me waves")
    room.settle()
    assert roster.nicknames() == ["carol", "alice", "bob"]


def test_it_knows_the_rooms_that_it_is_in_and_was_told_of() -> None:
    room = MemoryRoom()
    room.enter("alice", "room=garden")
    bob = watcher_in(room)
    assert bob.roster.rooms() == ["lobby"]
    bob.do("/rooms")
    room.settle()
    assert bob.roster.rooms() == ["garden", "lobby"]
    bob.do("/join garden")
    room.settle()
    assert (bob.roster.size("garden"), bob.roster.others("garden")) == (2, 1)
    bob.do("/leave lobby")
    room.settle()
    assert bob.roster.others("garden") == 0
    assert bob.roster.nicknames() == ["alice", "bob"]


def test_the_past_changes_nothing() -> None:
    roster = Roster()
    roster.note(Welcome("bob", "lobby", "", ["bob"], 1), CONTEXT)
    roster.note(Joined(1, 0, "lobby", "", "alice", ""), CONTEXT._replace(past=True))
    roster.note(Joined(2, 0, "lobby", "", "bob", ""), CONTEXT)
    assert (roster.size("lobby"), roster.nicknames()) == (1, ["bob"])


def test_what_it_remembers_has_a_bound() -> None:
    roster = Roster(max_names=10)
    roster.note(Welcome("bob", "lobby", "", ["bob"], 1), CONTEXT)
    roster.note(Joined(1, 0, "lobby", "", "bob", ""), CONTEXT)
    for number in range(100):
        roster.note(Said(number, 0, "lobby", "", f"nick{number}", ""), CONTEXT)
        roster.note(People(f"room{number}", "", [f"nick{number}" for number in range(100)], 100), CONTEXT)
        roster.note(Speaking(f"other{number}"), CONTEXT)
    assert len(roster.nicknames()) <= 10
    assert len(roster.rooms()) <= 10
    assert roster.size("lobby") == 1
    assert [number for number in range(100) if roster.size(f"room{number}")] == list(range(91, 100))
    roster.note(RoomList([RoomSummary(f"more{number}", 1, "") for number in range(100)]), CONTEXT)
    assert len(roster.rooms()) <= 10


def test_pages_of_people_and_of_rooms_are_put_together() -> None:
    roster = Roster()
    roster.note(Welcome("bob", "lobby", "", ["bob"], 1), CONTEXT)
    roster.note(Joined(1, 0, "lobby", "", "bob", ""), CONTEXT)
    roster.note(People("lobby", "", ["bob", "alice"], 3, more=True), CONTEXT)
    roster.note(People("lobby", "", ["carol"], 3, "alice"), CONTEXT)
    assert (roster.nicknames(), roster.size("lobby")) == (["alice", "bob", "carol"], 3)

    garden, kitchen = (RoomSummary(name, 1, "") for name in ("garden", "kitchen"))
    roster.note(RoomList([garden], more=True), CONTEXT)
    roster.note(RoomList([kitchen], after="garden"), CONTEXT)
    roster.note(RoomList([], "roses"), CONTEXT)
    assert roster.rooms() == ["garden", "kitchen", "lobby"]
    roster.note(RoomList([kitchen]), CONTEXT)
    assert roster.rooms() == ["kitchen"]


NAMES = st.sampled_from(["alice", "bob", "carol", "\x1b[2J"])
ROOMS = st.sampled_from(["lobby", "garden"])
THINGS = (
    st.builds(
        lambda kind, room, name, text: kind(1, 0.0, room, "", name, text),
        st.sampled_from([*KINDS.values()]),
        ROOMS,
        NAMES,
        NAMES,
    )
    | st.builds(Welcome, NAMES, ROOMS, st.just(""), st.lists(NAMES, unique=True), st.integers(0, 9))
    | st.builds(People, ROOMS, st.just(""), st.lists(NAMES, unique=True), st.integers(0, 9))
    | st.builds(Speaking, ROOMS)
)


@given(things=st.lists(THINGS), past=st.booleans())
def test_whatever_arrives_it_can_be_asked(things: list[Event | Answer], past: bool) -> None:
    roster = Roster()
    for thing in things:
        roster.note(thing, CONTEXT._replace(past=past))
        assert all(name.isprintable() for name in roster.nicknames())
        for room in roster.rooms():
            assert roster.size(room) >= 0
            assert roster.others(room) in (0, 1, 2)
