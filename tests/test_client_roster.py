"""What the client knows of the people and the rooms, from what arrives."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chatroom.client.protocol import ChatClientFactory, ChatClientProtocol
from chatroom.client.render_context import RenderContext
from chatroom.client.roster import Roster
from chatroom.model.events import (
    KINDS,
    Answer,
    Event,
    Gone,
    Joined,
    People,
    RoomList,
    RoomSummary,
    Said,
    Speaking,
    Welcome,
)
from chatroom.testing import MemoryRoom

SCENE = RenderContext("bob", "lobby")


class Watcher(ChatClientProtocol):
    """Keeps a company."""

    def connectionMade(self) -> None:
        super().connectionMade()
        self.company = Roster()

    def received(self, thing: Event | Answer) -> None:
        self.company.note(thing, RenderContext(self.nickname, self.speaks_in, not self.is_new(thing)))


def watcher_in(room: MemoryRoom, nickname: str = "bob") -> Watcher:
    protocol = room.bot(ChatClientFactory(nickname, Watcher))
    assert isinstance(protocol, Watcher)
    return protocol


def test_it_follows_who_comes_and_goes_and_is_renamed() -> None:
    room = MemoryRoom()
    alice = room.enter("alice")
    company = watcher_in(room).company
    assert (company.size("lobby"), company.nicknames()) == (2, ["alice", "bob"])
    carol = room.enter("carol")
    assert (company.size("lobby"), company.nicknames()) == (3, ["alice", "bob", "carol"])
    carol.type("/nick dora")
    room.settle()
    assert (company.size("lobby"), company.nicknames()) == (3, ["alice", "bob", "dora"])
    alice.type("/quit")
    room.settle()
    assert (company.size("lobby"), company.nicknames()) == (2, ["bob", "dora"])


def test_who_has_gone_is_gone_though_it_was_not_kept() -> None:
    company = Roster()
    for thing in (
        Welcome("bob", "lobby", "", ["alice", "bob"], 2),
        Joined(1, 0.0, "lobby", "bob", ""),
        Gone("garden", "alice", ""),
    ):
        company.note(thing, SCENE)
    assert (company.size("lobby"), company.nicknames()) == (2, ["alice", "bob"])
    company.note(Gone("lobby", "alice", "tea"), SCENE)
    assert (company.size("lobby"), company.nicknames()) == (1, ["bob"])


def test_of_a_big_room_it_knows_how_many_there_are() -> None:
    room = MemoryRoom(max_clients_per_host=0)
    people = [room.enter(f"nick{number}") for number in range(30)]
    company = watcher_in(room).company
    assert company.size("lobby") == 31
    people[29].type("hello")
    people[28].type("/quit")
    room.settle()
    assert company.size("lobby") == 30
    assert "nick29" in company.nicknames()
    assert "nick28" not in company.nicknames()


def test_whoever_spoke_last_comes_first() -> None:
    room = MemoryRoom()
    alice, carol = room.enter("alice"), room.enter("carol")
    company = watcher_in(room).company
    carol.type("hello")
    room.settle()
    alice.type("hello")
    room.settle()
    assert company.nicknames() == ["alice", "carol", "bob"]
    carol.type("/me waves")
    room.settle()
    assert company.nicknames() == ["carol", "alice", "bob"]


def test_it_knows_the_rooms_that_it_is_in_and_was_told_of() -> None:
    room = MemoryRoom()
    room.enter("alice", "room=garden")
    bob = watcher_in(room)
    assert bob.company.rooms() == ["lobby"]
    bob.say("/rooms")
    room.settle()
    assert bob.company.rooms() == ["garden", "lobby"]
    bob.say("/join garden")
    room.settle()
    assert (bob.company.size("garden"), bob.company.others("garden")) == (2, 1)
    bob.say("/leave lobby")
    room.settle()
    assert bob.company.others("garden") == 0
    assert bob.company.nicknames() == ["alice", "bob"]


def test_the_past_changes_nothing() -> None:
    company = Roster()
    company.note(Welcome("bob", "lobby", "", ["bob"], 1), SCENE)
    company.note(Joined(1, 0, "lobby", "alice", ""), SCENE._replace(past=True))
    company.note(Joined(2, 0, "lobby", "bob", ""), SCENE)
    assert (company.size("lobby"), company.nicknames()) == (1, ["bob"])


def test_what_it_remembers_has_a_bound() -> None:
    company = Roster(max_names=10)
    company.note(Welcome("bob", "lobby", "", ["bob"], 1), SCENE)
    company.note(Joined(1, 0, "lobby", "bob", ""), SCENE)
    for number in range(100):
        company.note(Said(number, 0, "lobby", f"nick{number}", ""), SCENE)
        company.note(People(f"room{number}", "", [f"nick{number}" for number in range(100)], 100), SCENE)
        company.note(Speaking(f"other{number}"), SCENE)
    assert len(company.nicknames()) <= 10
    assert len(company.rooms()) <= 10
    assert company.size("lobby") == 1
    assert [number for number in range(100) if company.size(f"room{number}")] == list(range(91, 100))
    company.note(RoomList([RoomSummary(f"more{number}", 1, "") for number in range(100)]), SCENE)
    assert len(company.rooms()) <= 10


NAMES = st.sampled_from(["alice", "bob", "carol", "\x1b[2J"])
ROOMS = st.sampled_from(["lobby", "garden"])
THINGS = (
    st.builds(
        lambda kind, room, name, text: kind(1, 0.0, room, name, text),
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
    company = Roster()
    for thing in things:
        company.note(thing, SCENE._replace(past=past))
        assert all(name.isprintable() for name in company.nicknames())
        for room in company.rooms():
            assert company.size(room) >= 0
            assert company.others(room) in (0, 1, 2)
