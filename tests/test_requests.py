"""Each request is known by its token, and what becomes of it is told to whoever asked, and to nobody else."""

from __future__ import annotations

import pytest
from kinds import new_kind
from stepped import NOT_SENT, House, Notes, SteppedLog, Visitor

from chatroom.core.members import Member
from chatroom.core.requests import Ledger, Request
from chatroom.model.answers import Gone, Refused, Speaking
from chatroom.model.errors import HistoryBroken, NicknameTaken, TooManyRooms
from chatroom.model.events import (
    Away,
    Event,
    Joined,
    Left,
    Membership,
    Quit,
    Renamed,
    Said,
    TopicChanged,
)
from chatroom.wire.jsonlines import JSON

REFUSAL = TooManyRooms(who="One person may be in", limit=3)
"""Why a log, which several servers may share, refuses a request of one of them."""


def request_of(kind: type[Event], *rooms: str) -> Request:
    return Request(Member(), kind, rooms, "", None)


# The ledger.


def test_each_request_has_a_token_of_its_own_and_none_is_nobodys() -> None:
    ledger = Ledger()
    requests = [request_of(Said, "lobby") for _ in range(5)]
    tokens = [ledger.open(request) for request in requests]

    assert len({0, *tokens}) == 6
    assert ledger.find(0) is None
    assert ledger.find(max(tokens) + 1) is None
    assert [ledger.find(token) for token in tokens] == requests


def test_a_request_that_is_struck_off_is_found_no_more_and_the_others_are() -> None:
    ledger = Ledger()
    request, other = request_of(Joined, "one", "two", "three"), request_of(Joined, "four")
    token, other_token = ledger.open(request, 3), ledger.open(other)
    assert request.awaited == 3
    ledger.strike_off(request)

    assert ledger.find(token) is None
    assert ledger.find(other_token) is other
    assert not request.token


def test_one_request_may_stand_for_much_that_is_said_each_with_an_outcome_of_its_own() -> None:
    ledger = Ledger()
    request = request_of(Said, "lobby")
    (token,) = {ledger.open(request) for _ in range(2)}
    assert ledger.close(token) is request
    assert request.awaited == 1
    assert ledger.find(token) is request
    assert ledger.close(token) is request

    assert not request.awaited
    assert ledger.find(token) is None
    assert ledger.open(request) != token


def test_a_request_of_several_events_fails_as_a_whole() -> None:
    ledger = Ledger()
    request = request_of(Quit, "lobby", "garden")
    token = ledger.open(request, 2)

    assert [ledger.close(token), ledger.close(token), ledger.close(0)] == [request, None, None]
    assert not request.awaited


def test_all_requests_are_struck_off_oldest_first_and_later_ones_have_new_tokens() -> None:
    ledger = Ledger()
    requests = [request_of(Said, "lobby") for _ in range(3)]
    tokens = [ledger.open(request) for request in requests]

    assert ledger.close_all() == requests
    assert ledger.close_all() == []
    assert [ledger.find(token) for token in tokens] == [None] * 3
    assert ledger.open(requests[0]) not in tokens


@pytest.mark.parametrize("kind", [Joined, Left, Quit, Renamed, Away])
def test_nothing_is_added_to_a_request_about_where_and_who_somebody_is(kind: type[Event]) -> None:
    assert not request_of(kind, "lobby").standing


# What becomes of each request, and who is told.

KEPT = {
    "hi": ["alice: hi"],
    "/me waves": ["* alice waves"],
    "/topic tea": ["* alice set the topic: tea"],
    "/leave": ["* alice left"],
    "/leave garden": ["[garden] * alice left"],
    "/nick al": ["* alice is now al"],
    "/quit tea": ["* alice left (tea)"],
    "/join garden": [],
    "/join kitchen": [],
}
"""What alice, who is in the garden and the lobby, may ask for, and what bob, who is there too, is shown of it."""


class Pair:
    """Alice and Bob, both in the garden and the lobby, and Carol in the lobby, who has asked for nothing."""

    def __init__(self) -> None:
        self.house = House()
        self.alice, self.bob = (self.house.enter(name, "garden", "lobby") for name in ("alice", "bob"))
        self.carol = self.house.enter("carol")
        self.known = self.state()
        for one in (self.alice, self.bob, self.carol):
            one.lines()

    def state(self) -> tuple[dict[str, list[str]], list[str], dict[str, str], list[str]]:
        """Who is where, who is called what, what the topics are, and where alice has asked to be."""
        rooms = self.house.chat.rooms
        return (
            {name: list(room.people().people) for name, room in rooms.items()},
            sorted(self.house.chat.members),
            {name: room.topic for name, room in rooms.items()},
            sorted(self.alice.session.rooms),
        )


@pytest.mark.parametrize("line", KEPT)
def test_what_happens_is_shown_to_all_in_the_room_and_changes_who_is_there(line: str) -> None:
    pair = Pair()
    pair.alice.type(line)
    assert pair.bob.lines() == []
    pair.house.log.settle()

    assert pair.bob.lines() == KEPT[line]
    assert pair.alice.closed is line.startswith("/quit")
    assert (pair.state() == pair.known) is (line in ("hi", "/me waves", "/join garden"))
    if not pair.alice.closed:
        pair.alice.type("next")
        pair.house.log.settle()
        assert pair.alice.lines()[-1].endswith(": next")


@pytest.mark.parametrize("why", ["not kept", "refused"])
@pytest.mark.parametrize("line", [line for line in KEPT if not line.startswith(("/quit", "/join garden"))])
def test_what_does_not_happen_is_told_to_whoever_asked_alone_and_changes_nothing(line: str, why: str) -> None:
    pair = Pair()
    pair.alice.type(line)
    if why == "refused":
        pair.house.log.commit(refusing={0: REFUSAL})
    else:
        pair.house.log.fail()

    assert pair.alice.lines() == [NOT_SENT if why == "not kept" else f"! {REFUSAL}"]
    assert pair.bob.lines() == pair.carol.lines() == []
    assert pair.state() == pair.known
    assert not pair.alice.session.busy
    pair.alice.type(line)
    pair.house.log.settle()
    assert pair.bob.lines() == KEPT[line], "it may be tried again"


@pytest.mark.parametrize("why", ["not kept", "refused"])
def test_whoever_quits_is_gone_though_that_does_not_happen_and_all_are_told_of_it(why: str) -> None:
    pair = Pair()
    pair.alice.type("/quit tea")
    if why == "refused":
        pair.house.log.commit(refusing={0: REFUSAL})
    else:
        pair.house.log.fail()

    assert pair.alice.closed
    assert pair.bob.lines() == ["* alice left (tea)", "* alice left (tea)"], "one for each room: it is no event"
    assert pair.carol.lines() == ["* alice left (tea)"]
    assert pair.state() == (
        {"garden": ["bob"], "lobby": ["bob", "carol"]},
        ["bob", "carol"],
        {"garden": "", "lobby": ""},
        [],
    )


def test_one_request_of_a_batch_is_refused_and_the_others_happen() -> None:
    house = House()
    people = alice, bob, carol = [house.enter(name) for name in ("alice", "bob", "carol")]
    for person in people:
        person.lines()
    alice.type("one")
    bob.type("two")
    carol.type("three", "/join garden")
    alice.type("/topic tea")
    house.log.commit(refusing={1: REFUSAL, 3: REFUSAL})

    shown = ["alice: one", "carol: three", "* alice set the topic: tea"]
    assert alice.lines() == shown
    assert bob.lines() == carol.lines() == [*shown, f"! {REFUSAL}"]
    assert list(house.chat.rooms) == list(carol.session.rooms) == ["lobby"]
    assert house.not_kept == [], "the log is well"


def test_a_renaming_that_is_refused_is_told_of_and_the_old_name_stays() -> None:
    house = House()
    alice, bob = house.enter("alice"), house.enter("bob")
    alice.lines()
    alice.type("/nick al", "hi")
    house.log.commit(refusing={0: NicknameTaken(nickname="al")})
    house.log.settle()

    assert alice.lines() == ["! The nickname al is taken: choose another.", "alice: hi"]
    assert bob.lines() == ["alice: hi"]
    assert set(house.chat.members) == {"alice", "bob"}


def test_an_entry_that_is_refused_may_be_tried_again() -> None:
    house = House()
    alice = Visitor(house.chat)
    alice.session.enter("alice", ["lobby", "garden"])
    house.log.commit(refusing={0: REFUSAL})
    assert alice.lines() == [f"! {REFUSAL}"]
    assert (alice.refused, dict(house.chat.members), dict(house.chat.rooms)) == (1, {}, {})
    alice.session.enter("alice")
    house.log.settle()

    assert alice.session.entered


def test_what_nobody_waits_for_is_told_to_nobody() -> None:
    house = House()
    bob, member = house.enter("bob"), Member()
    house.chat.claim(member, "alice", lambda: None, lambda error: None)
    house.chat.join(member, ["lobby"])
    house.log.settle()
    bob.lines()
    for _ in range(2):
        house.chat.say(member, "lobby", "hi")
    assert {draft.token for draft in house.log.drafts} == {0}
    house.log.fail(1)
    house.log.commit()
    for ask in (
        lambda: house.chat.join(member, ["garden"]),
        lambda: house.chat.rename(member, "al"),
        lambda: house.chat.set_away(member, "lunch"),
        lambda: house.chat.leave(member, ["lobby"], ""),
    ):
        ask()
        house.log.commit()
        assert not member.pending

    assert (member.nickname, member.away, list(member.rooms)) == ("al", "lunch", ["garden"])
    assert bob.lines() == ["alice: hi", "* alice is now al", "* al left"]


# The connection is lost, or closed, while something is on its way.


@pytest.mark.parametrize("quits", [True, False])
@pytest.mark.parametrize("rooms", [["lobby"], ["garden", "lobby", "kitchen"]])
def test_whoever_goes_while_a_renaming_is_on_its_way_that_fails_leaves_under_the_name_that_all_know(
    rooms: list[str], quits: bool
) -> None:
    house = House()
    alice, bob = house.enter("alice", *rooms), house.enter("bob", *rooms, format_=JSON)
    alice.type("/nick robert")
    if quits:
        alice.session.quit("connection lost")
    else:
        alice.lose()
    house.log.fail(1)
    house.log.settle()

    assert [(type(event), event.room, event.nickname, event.text) for event in bob.heard()] == [
        (Left, room, "alice", "connection lost") for room in rooms
    ]
    assert {room.name: room.people().people for room in house.chat.rooms.values()} == {room: ["bob"] for room in rooms}
    assert set(house.chat.members) == {"bob"}
    for name in ("alice", "robert"):
        assert house.enter(name).session.entered


def test_whoever_goes_while_a_renaming_is_on_its_way_that_is_refused_leaves_under_the_name_that_all_know() -> None:
    house = House()
    alice, bob = house.enter("alice"), house.enter("bob")
    alice.type("/nick robert")
    alice.lose()
    house.log.commit(refusing={0: NicknameTaken(nickname="robert")})
    house.log.settle()

    assert bob.lines() == ["* alice left (connection lost)"]
    assert set(house.chat.members) == {"bob"}


def test_whoever_goes_while_nothing_can_be_kept_is_told_of_by_the_name_that_all_know() -> None:
    house = House()
    alice, bob = house.enter("alice", "lobby", "garden"), house.enter("bob", "lobby", "garden", format_=JSON)
    alice.type("/nick robert")
    alice.lose()
    house.log.fail(1)
    house.log.fail()

    assert bob.things() == [Gone(room, "alice", "connection lost") for room in ("lobby", "garden")]
    assert {name: room.people().people for name, room in house.chat.rooms.items()} == {
        "lobby": ["bob"],
        "garden": ["bob"],
    }


@pytest.mark.parametrize("outcome", ["kept", "not kept", "refused"])
@pytest.mark.parametrize("line", ["/join kitchen", "/leave", "/leave garden", "/nick al", "/away lunch", "/topic tea"])
def test_whoever_goes_is_in_no_list_whatever_becomes_of_what_they_had_asked_for(line: str, outcome: str) -> None:
    pair = Pair()
    pair.alice.type(line)
    pair.alice.lose()
    if outcome == "not kept":
        pair.house.log.fail(1)
    else:
        pair.house.log.commit(1, {0: REFUSAL} if outcome == "refused" else None)
    pair.house.log.settle()

    called = "al" if (line, outcome) == ("/nick al", "kept") else "alice"
    assert pair.bob.lines()[-1].endswith(f"* {called} left (connection lost)")
    assert {name: room.people().people for name, room in pair.house.chat.rooms.items()} == {
        "garden": ["bob"],
        "lobby": ["bob", "carol"],
    }
    assert set(pair.house.chat.members) == {"bob", "carol"}


@pytest.mark.parametrize("answered", ["before", "after"])
def test_an_answer_of_the_log_does_not_undo_that_a_connection_is_closed(answered: str) -> None:
    house = House(SteppedLog(prompt=False), replay=1)
    alice, bob = house.enter("alice"), house.enter("bob")
    alice.type(*("x" * 4000 for _ in range(60)))
    house.log.settle()
    alice.stop_reading()
    bob.type("something that waits to be read")
    house.log.commit()
    alice.type("/history 60")
    if answered == "before":
        assert house.log.answer()
        assert alice.session.busy, "the rest is shown once this was read"
    # As a server does that stops.
    alice.close()
    if answered == "after":
        assert house.log.answer()
    assert not alice.closed
    alice.read_on()

    assert alice.closed
    assert alice.lines()[-1] == "bob: something that waits to be read" or answered == "before"


# What comes back and is nobody's here.


@pytest.mark.parametrize("kind", [None, Said, Joined, Left, Quit, Renamed, Away, TopicChanged])
@pytest.mark.parametrize("author", ["alice", "bob", "somebody at another server"])
def test_what_nobody_here_has_asked_for_touches_nobodys_request(kind: type[Event] | None, author: str) -> None:
    with new_kind("waved", Membership) as waved:
        kind = kind or waved
        house = House()
        alice, bob = house.enter("alice", format_=JSON), house.enter("bob", format_=JSON)
        alice.lines()
        ids = {"alice": alice.session.member.member_id, "bob": bob.session.member.member_id}
        bob.type("/leave", "next")
        id_ = house.log.last_committed + 1
        house.log.happen(kind(id_, float(id_), "lobby", ids.get(author, "id-of-another"), author, "tea"))
        assert bob.waiting == ["next"], "the request is still on its way"
        assert house.chat.rooms["lobby"].people().people == ["alice", "bob"]
        assert set(house.chat.members) == {"alice", "bob"}
        house.log.settle()

        shown = Left if kind is Quit else kind
        assert [type(event) for event in alice.heard()] == [shown, Left]
        assert [type(thing) for thing in bob.things()] == [shown, Left, Speaking, Refused]
        assert house.chat.rooms["lobby"].people().people == ["alice"]


def test_what_is_said_in_a_way_that_no_table_lists_is_its_speakers_request_and_nobody_elses() -> None:
    with new_kind("hummed", Event) as hummed:
        house = House()
        alice, bob = house.enter("alice", format_=JSON), house.enter("bob", format_=JSON)
        alice.session.say("lobby", "tea", hummed)
        bob.type("/leave")
        done: list[bool] = []
        alice.session.in_order(lambda: done.append(True))
        house.log.commit(1)
        assert done == [True]
        assert bob.session.busy
        assert house.chat.rooms["lobby"].people().people == ["alice", "bob"]
        house.log.settle()

        assert [type(event) for event in alice.heard()][-2:] == [hummed, Left]


def test_what_another_server_says_of_one_who_is_here_is_shown_to_them_with_its_ref() -> None:
    house = House()
    alice, bob = Visitor(house.chat), house.enter("bob", format_=JSON)
    alice.session.format = JSON
    alice.session.enter("alice", client="a-secret-of-alice's-client")
    house.log.settle()
    alice.lines()
    bob.lines()
    house.log.happen(Said(20, 20.0, "lobby", alice.session.member.member_id, "alice", "hi", ref="7"))

    assert [event.ref for event in alice.heard()] == ["7"]
    assert [event.ref for event in bob.heard()] == [""]


# All of a request, or none.


@pytest.mark.parametrize(
    ("line", "kind"), [("/nick al", Renamed), ("/quit tea", Quit), ("/away lunch", Away)], ids=["nick", "quit", "away"]
)
def test_what_happens_in_several_rooms_is_one_request(line: str, kind: type[Event]) -> None:
    house = House()
    rooms = ["garden", "kitchen", "lobby"]
    alice = house.enter("alice", *rooms)
    alice.type(line)

    (drafts,) = house.log.requests
    assert [(draft.kind, draft.room) for draft in drafts] == [(kind, room) for room in rooms]
    assert len({draft.token for draft in drafts}) == 1
    assert drafts[0].token != 0


@pytest.mark.parametrize(
    ("line", "kept"),
    [("/nick al", ["* alice is now al"] * 3), ("/quit tea", ["* alice left (tea)"] * 3)],
    ids=["nick", "quit"],
)
def test_what_happens_in_several_rooms_happens_in_all_or_in_none(line: str, kept: list[str]) -> None:
    rooms = ["garden", "kitchen", "lobby"]
    for fails in (True, False):
        house = House()
        alice = house.enter("alice", *rooms)
        others = [house.enter(f"in-{room}", room) for room in rooms]
        alice.type(line)
        if fails:
            house.log.fail(1)
        else:
            house.log.commit(1)
        shown = [one for other in others for one in other.lines()]

        if fails and not line.startswith("/quit"):
            assert shown == []
        else:
            assert shown == kept
        names = {tuple(room.people().people) for room in house.chat.rooms.values()}
        assert len({"alice" in room for room in names}) == len({"al" in room for room in names}) == 1
        assert not house.log.requests


def test_to_join_several_rooms_is_one_request() -> None:
    house = House()
    notes, member = Notes(), Member()
    house.chat.claim(member, "alice", lambda: None, notes.errors.append)
    house.chat.join(member, ["garden", "kitchen"], notes)
    assert len(house.log.requests) == 1
    house.log.fail()
    assert (list(member.rooms), dict(house.chat.rooms), len(notes.errors)) == ([], {}, 1)
    house.chat.join(member, ["garden", "kitchen"], notes)
    house.log.commit()

    assert notes.outcomes == [(Joined, "kitchen", "")]
    assert list(house.chat.rooms) == ["garden", "kitchen"]
    house.chat.leave(member, ["garden", "kitchen"], "tea", notes)
    assert len(house.log.requests) == 1
    house.log.fail()
    assert list(house.chat.rooms) == list(member.rooms) == ["garden", "kitchen"]


# The log breaks.


def test_everybody_is_told_once_that_the_log_is_broken_whatever_they_wait_for() -> None:
    house = House()
    people = [house.enter(name) for name in ("alice", "bob", "carol", "dave")]
    alice, bob, carol, _ = people
    alice.type("hi")
    bob.type("/join garden", "next")
    carol.type("/quit")
    house.log.break_down(HistoryBroken(path="history", why="the disk is on fire"))

    told = "! The history in history cannot be kept any more (the disk is on fire): the server is stopping."
    assert [person.lines().count(told) for person in people] == [1] * 4
    assert carol.closed
    assert not bob.session.busy
