"""Sessions of people: entering, leaving, one request after the other, and a log that breaks or cannot keep something.

A session here stands on a chat and a log in memory, with no door.
"""

from __future__ import annotations

import pytest
from stepped import NOT_SENT, House, Visitor

from chatroom.model.answers import Gone, Refused
from chatroom.model.errors import HistoryBroken, Stopping
from chatroom.model.events import Acted, Event, Joined, Left, Quit, Renamed, Said, TopicChanged
from chatroom.wire.jsonlines import JSON, JsonLines

# Entering.


def test_a_newcomer_to_several_rooms_speaks_in_the_last_and_is_told_of_the_others() -> None:
    house = House()
    visitor = Visitor(house.chat)
    visitor.session.enter("alice", ["garden", "lobby"])
    house.log.settle()

    assert visitor.lines() == [
        "* welcome to lobby, alice. In the room: alice. /help lists the commands.",
        "* 1 in garden: alice",
        "[garden] * alice joined",
        "* alice joined",
    ]


def test_a_newcomer_is_named_some_of_many() -> None:
    house = House()
    for number in range(25):
        house.enter(f"p{number}")
    visitor = Visitor(house.chat)
    visitor.session.enter("alice")
    house.log.settle()

    assert visitor.lines()[:2] == [
        f"* welcome to lobby, alice. In the room: {', '.join(f'p{number}' for number in range(20))}."
        " /help lists the commands.",
        "* and 6 more: /who names them all",
    ]


def test_a_nickname_is_held_from_the_moment_it_is_asked_for() -> None:
    house = House()
    first, second = Visitor(house.chat), Visitor(house.chat)
    first.session.enter("alice")

    second.session.enter("ＡＬＩＣＥ")
    assert second.lines() == ["! The nickname ＡＬＩＣＥ is taken: choose another."]


def test_a_nickname_is_free_again_when_there_is_no_room_for_its_holder() -> None:
    house = House(max_rooms=1)
    first, second = Visitor(house.chat), Visitor(house.chat)
    first.session.enter("alice", ["one", "two"])
    assert first.lines() == ["! There may be at most 1 rooms: /leave one first."]
    second.session.enter("alice", ["one"])
    house.log.settle()

    assert second.session.entered


# The log breaks.


def test_when_the_log_breaks_everybody_is_told_and_nothing_more_is_taken() -> None:
    house = House()
    alice, bob = house.enter("alice"), house.enter("bob")
    alice.lines()
    alice.type("never kept")
    error = HistoryBroken(path="history", why="the disk is on fire")
    house.log.break_down(error)
    alice.type("too late", "/join garden")

    assert bob.lines() == [f"! {error}"]
    assert alice.lines() == [f"! {error}", *["! The server is stopping: come back in a moment."] * 2]
    assert house.broken == [error]
    carol = Visitor(house.chat)
    carol.session.enter("carol")
    assert carol.lines() == [f"! {Stopping()}"]


@pytest.mark.parametrize("line", ["/join garden", "/nick al", "/leave"])
def test_whoever_waits_for_something_when_the_log_breaks_waits_no_longer(line: str) -> None:
    house = House()
    alice = house.enter("alice")
    alice.type(line, "next")
    house.log.break_down(HistoryBroken(path="history", why="the disk is on fire"))

    assert (
        alice.lines()[0]
        == "! The history in history cannot be kept any more (the disk is on fire): the server is stopping."
    )


# What the log cannot keep.


def test_an_entry_that_cannot_be_kept_is_refused_and_may_be_tried_again() -> None:
    house = House()
    alice = Visitor(house.chat)
    alice.session.enter("alice", ["lobby", "garden"])
    house.log.fail()

    assert alice.lines() == [NOT_SENT]
    assert alice.refused == 1
    assert not house.chat.members
    alice.session.enter("alice")
    house.log.settle()
    assert alice.session.entered
    assert house.chat.rooms["lobby"].people().people == ["alice"]


def test_talk_that_cannot_be_kept_is_answered_and_shown_to_nobody() -> None:
    house = House()
    alice, bob = house.enter("alice"), house.enter("bob")
    alice.lines()
    alice.type("hello")
    house.log.fail()
    bob.type("still here")
    house.log.settle()

    assert alice.lines() == [NOT_SENT, "bob: still here"]
    assert bob.lines() == ["bob: still here"]


def test_a_renaming_that_cannot_be_kept_leaves_the_old_name_and_frees_the_new() -> None:
    house = House()
    alice = house.enter("alice")
    alice.type("/nick bob", "still alice")
    house.log.fail()
    house.log.settle()

    assert alice.lines() == [NOT_SENT, "alice: still alice"]
    assert house.enter("bob").session.nickname == "bob"


def test_a_join_that_cannot_be_kept_leaves_things_as_they_were() -> None:
    house = House()
    alice = house.enter("alice")
    alice.type("/join garden", "where am I?")
    house.log.fail()
    house.log.settle()

    assert alice.lines() == [NOT_SENT, "alice: where am I?"]
    assert list(house.chat.rooms) == list(alice.session.rooms) == ["lobby"]


def test_a_leave_that_cannot_be_kept_leaves_things_as_they_were() -> None:
    house = House()
    alice = house.enter("alice")
    alice.type("/leave", "still here")
    house.log.fail()
    house.log.settle()

    assert alice.lines() == [NOT_SENT, "alice: still here"]


def test_whoever_goes_while_leaving_a_room_is_gone_though_neither_can_be_kept() -> None:
    house = House()
    alice, bob = house.enter("alice", "lobby", "garden"), house.enter("bob", "garden")
    alice.type("/leave garden")
    alice.lose()
    house.log.fail()
    house.log.fail()

    assert {name: room.people().people for name, room in house.chat.rooms.items()} == {"garden": ["bob"]}
    assert bob.lines() == ["* alice left (connection lost)"]


def test_a_program_is_told_who_has_gone_though_it_cannot_be_kept() -> None:
    house = House()
    alice, bob = house.enter("alice", "lobby", "garden"), house.enter("bob", "lobby", "garden", format_=JSON)
    alice.type("/quit tea")
    house.log.fail()

    assert bob.things() == [Gone("lobby", "alice", "tea"), Gone("garden", "alice", "tea")]


def test_whoever_goes_while_they_are_told_that_somebody_has_gone_upsets_nobody() -> None:
    house = House()
    alice, bob, carol = house.enter("alice"), house.enter("bob"), house.enter("carol")
    for person in (bob, carol):
        person.lines()
    alice.lose()
    house.chat.stopping = True
    # As one is let go who does not read.
    bob.session.write = lambda data: bob.lose()
    house.log.fail()

    assert carol.lines() == ["* alice left (connection lost)"]


@pytest.mark.parametrize("quits", [True, False])
def test_whoever_goes_is_gone_though_it_cannot_be_kept(quits: bool) -> None:
    house = House()
    alice = house.enter("alice", "lobby", "garden")
    if quits:
        alice.type("/quit")
    else:
        alice.lose()
    house.log.fail()

    assert alice.closed
    assert not house.chat.rooms
    assert not house.chat.members


# Leaving.


def test_whoever_quits_is_shown_their_leaving_of_each_room() -> None:
    house = House()
    alice = house.enter("alice", "lobby", "garden", format_=JSON)
    alice.type("/quit tea")
    house.log.settle()

    assert [(type(event), event.room, event.text) for event in alice.heard()] == [
        (Left, "lobby", "tea"),
        (Left, "garden", "tea"),
    ]
    assert alice.closed


@pytest.mark.parametrize("count", [1, None])
def test_whoever_quits_is_shown_it_however_the_log_commits(count: int | None) -> None:
    house = House()
    alice = house.enter("alice", "lobby", "garden", format_=JSON)
    alice.type("/quit")
    house.log.commit(count)
    house.log.commit(count)

    assert [event.room for event in alice.heard()] == ["lobby", "garden"]


def test_a_name_is_free_at_once_though_the_leaving_is_still_on_its_way() -> None:
    house = House()
    alice, bob = house.enter("alice"), house.enter("bob", format_=JSON)
    alice.lose()
    again = Visitor(house.chat)
    again.session.enter("alice")
    house.log.settle()

    assert again.session.entered
    assert [type(event) for event in bob.heard()] == [Left, Joined]


def test_whoever_goes_while_being_renamed_frees_both_names_and_leaves_under_the_new() -> None:
    house = House()
    alice, bob = house.enter("alice"), house.enter("bob", format_=JSON)
    alice.type("/nick carol")
    alice.lose()
    # Until the renaming has been answered nobody can say under which name she leaves.
    assert set(house.chat.members) == {"alice", "bob", "carol"}
    house.log.settle()

    assert [(type(event), event.nickname, event.text) for event in bob.heard()] == [
        (Renamed, "alice", "carol"),
        (Left, "carol", "connection lost"),
    ]
    assert set(house.chat.members) == {"bob"}


def test_whoever_goes_while_entering_joins_and_leaves() -> None:
    house = House()
    bob = house.enter("bob", format_=JSON)
    alice = Visitor(house.chat)
    alice.session.enter("alice")
    alice.lose()
    house.log.settle()

    assert [type(event) for event in bob.heard()] == [Joined, Left]
    assert house.chat.rooms["lobby"].people().people == ["bob"]


def test_whoever_goes_while_leaving_a_room_leaves_it_once() -> None:
    house = House()
    alice, bob = house.enter("alice", "lobby", "garden"), house.enter("bob", "lobby", "garden", format_=JSON)
    alice.type("/leave garden")
    alice.lose()
    house.log.settle()

    assert [(type(event), event.room) for event in bob.heard()] == [(Left, "garden"), (Left, "lobby")]


def test_whoever_is_sent_away_while_a_line_of_theirs_waits_does_no_more() -> None:
    house = House()
    alice, bob = house.enter("alice"), house.enter("bob")
    alice.type("hi", "/msg bob psst")
    alice.session.quit("told to go")
    house.log.commit(1)
    house.log.commit()

    assert bob.lines() == ["alice: hi", "* alice left (told to go)"]


def test_whoever_is_sent_away_while_they_read_does_no_more() -> None:
    house = House()
    alice = house.enter("alice")
    alice.stop_reading()
    alice.session.when_read(lambda: alice.session.join("garden"))
    alice.session.quit("told to go")
    alice.read_on()
    house.log.settle()

    assert not house.chat.rooms


# One request after the other.


def test_lines_wait_while_a_request_is_on_its_way() -> None:
    house = House()
    alice = house.enter("alice", format_=JSON)
    alice.type("one", "/join garden", "two", "/nick al", "three", "/leave", "four")
    assert alice.waiting == ["two", "/nick al", "three", "/leave", "four"]
    house.log.settle()

    assert [(type(event), event.room, event.nickname, event.text) for event in alice.heard()] == [
        (Said, "lobby", "alice", "one"),
        (Joined, "garden", "alice", ""),
        (Said, "garden", "alice", "two"),
        (Renamed, "lobby", "alice", "al"),
        (Renamed, "garden", "alice", "al"),
        (Said, "garden", "al", "three"),
        (Left, "garden", "al", ""),
        (Said, "lobby", "al", "four"),
    ]


def test_both_names_are_taken_while_a_renaming_is_on_its_way() -> None:
    house = House()
    alice = house.enter("alice")
    alice.type("/nick bob")

    for taken in ("alice", "bob"):
        visitor = Visitor(house.chat)
        visitor.session.enter(taken)
        assert visitor.lines() == [f"! The nickname {taken} is taken: choose another."]
    house.log.settle()
    assert house.enter("alice").session.entered


def test_a_change_of_case_is_a_renaming() -> None:
    house = House()
    alice = house.enter("alice")
    alice.type("/nick Alice")
    house.log.settle()

    assert alice.lines() == ["* alice is now Alice"]
    assert house.chat.find("ALICE") is alice.session.member


def test_an_error_goes_to_whoever_caused_it_alone() -> None:
    house = House()
    alice, bob = house.enter("alice", format_=JSON), house.enter("bob")
    alice.lines()
    alice.type("/nosuch")

    assert [type(thing) for thing in alice.things()] == [Refused]
    assert bob.lines() == []


def test_nothing_is_said_by_an_empty_line() -> None:
    house = House()
    alice = house.enter("alice")
    alice.type("", "   ", "\t", "\x1b[31m", "//", "// ", "hi")
    house.log.settle()

    assert alice.lines() == ["alice: /", "alice: / ", "alice: hi"]


# What goes to several in the same form.


class Counted(JsonLines):
    """JSON lines, and how many were rendered."""

    rendered = 0

    def event(self, event: Event, elsewhere: bool) -> bytes:
        self.rendered += 1
        return super().event(event, elsewhere)


def test_programs_share_one_rendering_whatever_rooms_they_speak_in() -> None:
    house, counted = House(), Counted()
    people = [
        house.enter("alice", "lobby", "garden", format_=counted),
        house.enter("bob", "garden", "lobby", format_=counted),
        house.enter("carol", "lobby", "garden", format_=counted),
    ]
    people[2].type("/join lobby")
    for person in people:
        person.lines()
    counted.rendered = 0
    for person in people:
        person.type(f"{person.session.nickname} in {person.session.active}")
    house.log.commit()

    said = ["alice in garden", "bob in lobby", "carol in lobby"]
    assert [[event.text for event in person.heard()] for person in people] == [said] * 3
    assert counted.rendered == 3


def test_every_kind_of_event_reaches_the_hook_after_it_was_shown() -> None:
    house = House()
    alice = house.enter("alice")
    alice.type("hi", "/me waves", "/topic tea", "/nick al", "/quit")
    house.log.settle()

    assert [type(event) for event in house.happened] == [Joined, Said, Acted, TopicChanged, Renamed, Quit]
