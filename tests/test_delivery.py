"""Events are shown once to everybody who hears them, in one write for each batch."""

from __future__ import annotations

import re
from collections.abc import Sequence

from chatroom.core.delivery import (
    COUNTED_AT_ONCE,
    MAX_MISSED,
    REPLAY_BUFFER,
    REPLAY_CHARACTERS,
    Delivery,
    Group,
    Subscription,
    rendered,
)
from chatroom.model.events import Acted, Away, Event, Joined, Left, Quit, Renamed, Said, TopicChanged
from chatroom.wire.formats import Format
from chatroom.wire.jsonlines import JSON
from chatroom.wire.plain import PLAIN, Plain

NOBODY: frozenset[str] = frozenset()


class Ear:
    """Somebody who is written to."""

    def __init__(self) -> None:
        self.writes: list[bytes] = []
        self.group: Group | None = None

    def write(self, data: bytes) -> None:
        self.writes.append(data)

    def lines(self) -> list[str]:
        heard, self.writes = b"".join(self.writes), []
        return heard.decode().split("\r\n")[:-1]


def hears(*rooms: str, format_: Format = PLAIN, ignored: frozenset[str] = NOBODY) -> Subscription:
    """That of one who speaks in the last of ``rooms``."""
    return Subscription(format_, frozenset(rooms), rooms[-1] if rooms else "", ignored)


def happened(kind: type[Event], id_: int, nickname: str, text: str = "", room: str = "lobby") -> Event:
    return kind(id_, 0.0, room, f"id-of-{nickname}", nickname, text)


def said(id_: int, text: str, room: str = "lobby", nickname: str = "alice") -> Event:
    return happened(Said, id_, nickname, text, room)


def attached(delivery: Delivery, subscription: Subscription) -> Ear:
    ear = Ear()
    assert delivery.attach(ear, subscription, delivery.published)
    return ear


def test_a_batch_is_one_write_to_each_who_hears_it() -> None:
    delivery = Delivery()
    one, two, elsewhere = (attached(delivery, hears(room)) for room in ("lobby", "lobby", "garden"))
    delivery.publish([said(1, "one"), said(2, "two")], {})

    assert one.writes == two.writes == [b"alice: one\r\nalice: two\r\n"]
    assert elsewhere.writes == []


def test_everybody_is_shown_it_in_their_own_form() -> None:
    delivery = Delivery()
    plain, json = attached(delivery, hears("lobby")), attached(delivery, hears("lobby", format_=JSON))
    delivery.publish([said(1, "hi")], {})

    assert plain.lines() == ["alice: hi"]
    assert json.lines() == [
        '{"id":1,"at":0.0,"kind":"said","room":"lobby","nick":"alice","text":"hi","member":"id-of-alice"}'
    ]


def test_what_is_of_another_room_than_the_one_they_speak_in_is_marked() -> None:
    delivery = Delivery()
    ear = attached(delivery, hears("garden", "lobby"))
    delivery.publish([said(1, "one"), said(2, "two", "garden"), said(3, "three", "kitchen")], {})

    assert ear.lines() == ["alice: one", "[garden] alice: two"]


def test_what_the_ignored_say_and_do_is_not_heard_but_where_they_are_is() -> None:
    delivery = Delivery()
    ear = attached(delivery, hears("lobby", ignored=frozenset({"alice"})))
    delivery.publish(
        [
            said(1, "one", nickname="ALICE"),
            happened(Acted, 2, "alice", "waves"),
            said(3, "two", nickname="bob"),
            happened(Left, 4, "alice"),
            happened(TopicChanged, 5, "alice", "tea"),
        ],
        {},
    )

    assert ear.lines() == ["bob: two", "* alice left", "* alice set the topic: tea"]


def test_whoever_comes_is_brought_up_to_date_from_the_replay_buffer() -> None:
    delivery = Delivery()
    delivery.publish([said(1, "one"), said(2, "two", "garden"), said(3, "three")], {})
    ear = Ear()

    assert delivery.attach(ear, hears("lobby"), 1)
    assert ear.lines() == ["alice: three"]
    delivery.publish([said(4, "four")], {})
    assert ear.lines() == ["alice: four"]


def test_whoever_wants_more_than_the_replay_buffer_holds_is_told_so() -> None:
    delivery = Delivery(replay_buffer=2)
    for number in range(1, 5):
        delivery.publish([said(number, str(number))], {})
    ear = Ear()

    assert not delivery.attach(ear, hears("lobby"), 1)
    delivery.publish([said(5, "5")], {})
    assert ear.lines() == []
    assert delivery.attach(ear, hears("lobby"), 3)
    assert ear.lines() == ["alice: 4", "alice: 5"]


def test_the_replay_buffer_is_bounded_and_holds_whole_batches() -> None:
    delivery = Delivery()
    for first in range(1, REPLAY_BUFFER + 20, 20):
        delivery.publish([said(number, "x") for number in range(first, first + 20)], {})
    forgotten = delivery.published - REPLAY_BUFFER // 20 * 20

    assert not delivery.attach(Ear(), hears("lobby"), forgotten - 1)
    assert delivery.attach(Ear(), hears("lobby"), forgotten)


def test_a_batch_that_is_longer_than_the_replay_buffer_is_shown_and_not_kept() -> None:
    delivery = Delivery(replay_buffer=2)
    ear = attached(delivery, hears("lobby"))
    delivery.publish([said(number, str(number)) for number in range(1, 4)], {})

    assert len(ear.lines()) == 3
    assert not delivery.attach(Ear(), hears("lobby"), 2)
    assert delivery.attach(Ear(), hears("lobby"), 3)


def test_whoever_missed_more_than_one_should_be_sent_at_once_is_told_so() -> None:
    delivery = Delivery()
    for number in range(1, 4):
        delivery.publish([said(number, "x" * (MAX_MISSED // 2))], {})
    ear, elsewhere = Ear(), Ear()

    assert not delivery.attach(ear, hears("lobby"), 1)
    assert ear.lines() == []
    assert delivery.attach(ear, hears("lobby"), 2)
    assert len(ear.lines()) == 1
    assert delivery.attach(elsewhere, hears("garden"), 0)


def test_a_delivery_that_begins_behind_an_older_log_has_nothing_of_it() -> None:
    delivery = Delivery()
    delivery.start(7)
    ear = Ear()

    assert delivery.published == 7
    assert not delivery.attach(ear, hears("lobby"), 6)
    assert delivery.attach(ear, hears("lobby"), 7)
    delivery.publish([said(8, "eight")], {})
    assert ear.lines() == ["alice: eight"]


def test_everybody_is_written_the_very_same_bytes() -> None:
    delivery = Delivery()
    ears = [attached(delivery, hears("lobby")) for _ in range(3)]
    delivery.publish([said(1, "one"), said(2, "two")], {})

    first, *others = (ear.writes[0] for ear in ears)
    assert all(other is first for other in others)


def test_a_new_subscription_takes_the_place_of_the_old() -> None:
    delivery = Delivery()
    ear = attached(delivery, hears("lobby"))
    assert delivery.attach(ear, hears("garden"), delivery.published)
    delivery.publish([said(1, "one"), said(2, "two", "garden")], {})

    assert ear.lines() == ["alice: two"]


def test_whoever_was_detached_hears_no_more() -> None:
    delivery = Delivery()
    ear, other = attached(delivery, hears("lobby")), attached(delivery, hears("lobby"))
    delivery.detach(ear)
    delivery.detach(ear)
    delivery.publish([said(1, "one")], {})

    assert ear.lines() == []
    assert other.lines() == ["alice: one"]


def test_whose_subscription_changes_within_a_batch_hears_the_old_one_up_to_there_and_nothing_after() -> None:
    delivery = Delivery()
    ear, never_attached = attached(delivery, hears("lobby")), Ear()
    delivery.publish([said(1, "one"), happened(Left, 2, "bob"), said(3, "two")], {ear: 2, never_attached: 2})

    assert ear.lines() == ["alice: one", "* bob left"]
    assert never_attached.lines() == []
    delivery.publish([said(4, "three")], {})
    assert ear.lines() == []


def test_whoever_is_let_go_while_a_batch_is_written_does_not_disturb_the_others() -> None:
    delivery = Delivery()

    class Leaver(Ear):
        def write(self, data: bytes) -> None:
            super().write(data)
            delivery.detach(self)

    leaver = Leaver()
    assert delivery.attach(leaver, hears("lobby"), 0)
    ear = attached(delivery, hears("lobby"))
    delivery.publish([said(1, "one")], {})
    delivery.publish([said(2, "two")], {})

    assert leaver.lines() == ["alice: one"]
    assert ear.lines() == ["alice: one", "alice: two"]


def test_what_happens_in_several_rooms_at_once_is_shown_once_to_people_and_for_each_room_to_programs() -> None:
    delivery = Delivery()
    plain = attached(delivery, hears("garden", "lobby"))
    json = attached(delivery, hears("garden", "lobby", format_=JSON))
    delivery.publish(
        [
            happened(Renamed, 1, "alice", "al"),
            happened(Renamed, 2, "alice", "al", "garden"),
            happened(Quit, 3, "al", "tea"),
            happened(Quit, 4, "al", "tea", "kitchen"),
            happened(Quit, 5, "al", "tea", "garden"),
        ],
        {},
    )

    assert plain.lines() == ["* alice is now al", "* al left (tea)"]
    assert len(json.lines()) == 4


def test_what_happens_in_several_rooms_is_shown_as_of_the_one_that_they_speak_in() -> None:
    delivery = Delivery()
    ear = attached(delivery, hears("cellar", "garden", "lobby"))
    delivery.publish(
        [happened(Quit, id_, "al", "", room) for id_, room in ((1, "garden"), (2, "lobby"), (3, "cellar"))], {}
    )

    assert ear.lines() == ["* al left"]


def test_whoever_leaves_one_room_and_then_another_is_shown_to_leave_each() -> None:
    delivery = Delivery()
    ear = attached(delivery, hears("garden", "lobby"))
    delivery.publish([happened(Left, 1, "al", "tea"), happened(Left, 2, "al", "tea", "garden")], {})

    assert ear.lines() == ["* al left (tea)", "[garden] * al left (tea)"]


def test_whoever_leaves_one_room_and_then_them_all_is_shown_to_do_both() -> None:
    delivery = Delivery()
    ear = attached(delivery, hears("garden", "lobby"))
    delivery.publish([happened(Left, 1, "al", "", "garden"), happened(Quit, 2, "al")], {})

    assert ear.lines() == ["[garden] * al left", "* al left"]


def test_two_different_people_who_leave_are_both_shown() -> None:
    delivery = Delivery()
    ear = attached(delivery, hears("garden", "lobby"))
    delivery.publish(
        [
            happened(Quit, 1, "alice"),
            happened(Quit, 2, "bob", "", "garden"),
            happened(Joined, 3, "bob", "", "garden"),
            happened(Joined, 4, "bob"),
        ],
        {},
    )

    assert ear.lines() == ["* alice left", "[garden] * bob left", "[garden] * bob joined", "* bob joined"]


def test_whoever_is_called_the_same_and_is_another_is_shown_as_well() -> None:
    delivery = Delivery()
    ear = attached(delivery, hears("garden", "lobby"))
    delivery.publish([Quit(1, 0.0, "garden", "one", "al", "tea"), Quit(2, 0.0, "lobby", "other", "al", "tea")], {})

    assert ear.lines() == ["[garden] * al left (tea)", "* al left (tea)"]


def test_what_is_rendered_for_one_is_what_they_would_be_shown_of_it() -> None:
    delivery = Delivery()
    subscription = hears("garden", "lobby", ignored=frozenset({"carol"}))
    ear = attached(delivery, subscription)
    batch = [
        *(said(1, "one"), said(2, "two", "garden"), said(3, "three", "kitchen"), said(4, "four", nickname="carol")),
        *(happened(Quit, 5, "al"), happened(Quit, 6, "al", "", "garden"), happened(Quit, 7, "al", "", "kitchen")),
    ]
    delivery.publish(batch, {})

    assert [rendered(batch, subscription)] == ear.writes == [b"alice: one\r\n[garden] alice: two\r\n* al left\r\n"]


# What the log does not keep.


def test_what_is_not_kept_is_shown_to_who_is_there_and_not_to_who_comes_later() -> None:
    delivery = Delivery()
    ear, late, later = attached(delivery, hears("lobby", format_=JSON)), Ear(), Ear()
    delivery.publish([said(3, "one"), happened(Away, 3, "alice", "lunch"), said(4, "two")], {})
    delivery.publish([happened(Away, 4, "alice")], {})

    kinds = [re.findall('"kind":"([a-z]+)"', line)[0] for line in ear.lines()]
    assert kinds == ["said", "away", "said", "away"]
    assert delivery.published == 4
    assert delivery.attach(late, hears("lobby", format_=JSON), 0)
    assert [line.startswith('{"id":') for line in late.lines()] == [True, True]
    assert delivery.attach(later, hears("lobby", format_=JSON), 3)
    assert len(later.lines()) == 1


def test_what_is_not_kept_takes_no_place_in_the_replay_buffer() -> None:
    delivery = Delivery(replay_buffer=2)
    delivery.publish([said(1, "one"), said(2, "two")], {})
    for _ in range(10):
        delivery.publish([happened(Away, 2, "alice", "lunch")] * 3, {})
    ear = Ear()

    assert delivery.attach(ear, hears("lobby"), 0)
    assert ear.lines() == ["alice: one", "alice: two"]


def test_what_is_not_kept_is_heard_up_to_where_the_subscription_changes() -> None:
    delivery = Delivery()
    ear = attached(delivery, hears("lobby", format_=JSON))
    batch = [happened(Left, 1, "bob"), happened(Away, 1, "alice", "lunch"), said(2, "two")]
    delivery.publish(batch, {ear: 1})

    assert len(ear.lines()) == 2
    assert delivery.attach(ear, hears("lobby"), 1)
    assert ear.lines() == ["alice: two"]


# What somebody is shown in another way, or not at all, because they said it themselves.


def test_whoever_said_it_is_left_out_and_nobody_else_is() -> None:
    delivery = Delivery()
    alice, bob = attached(delivery, hears("lobby")), attached(delivery, hears("lobby"))
    delivery.publish([said(1, "one"), said(2, "two", nickname="bob"), said(3, "three")], {}, {alice: {0: b"", 2: b""}})

    assert alice.writes == [b"bob: two\r\n"]
    assert bob.writes == [b"alice: one\r\nbob: two\r\nalice: three\r\n"]


def test_whoever_said_all_of_it_is_not_written_to() -> None:
    delivery = Delivery()
    alice, bob = attached(delivery, hears("lobby")), attached(delivery, hears("lobby"))
    delivery.publish([said(1, "one"), said(2, "two")], {}, {alice: {0: b"", 1: b""}})

    assert alice.writes == []
    assert bob.lines() == ["alice: one", "alice: two"]


def test_two_who_are_each_left_out_hear_each_other() -> None:
    delivery = Delivery()
    alice, bob, carol = (attached(delivery, hears("lobby")) for _ in range(3))
    batch = [said(1, "one"), said(2, "two", nickname="bob"), said(3, "three"), said(4, "four", nickname="bob")]
    delivery.publish(batch, {}, {alice: {0: b"", 2: b""}, bob: {1: b"", 3: b""}})

    assert alice.lines() == ["bob: two", "bob: four"]
    assert bob.lines() == ["alice: one", "alice: three"]
    assert carol.lines() == ["alice: one", "bob: two", "alice: three", "bob: four"]


def test_whoever_is_left_out_in_one_room_hears_the_others_as_ever() -> None:
    delivery = Delivery()
    alice = attached(delivery, hears("garden", "lobby", ignored=frozenset({"carol"})))
    batch = [said(1, "one"), said(2, "two", "garden", "bob"), said(3, "three", "lobby", "carol"), said(4, "4", "attic")]
    delivery.publish(batch, {}, {alice: {0: b""}})

    assert alice.lines() == ["[garden] bob: two"]


def test_whoever_is_left_out_and_hears_something_else_from_there_on_is_left_out_still() -> None:
    delivery = Delivery()
    alice, bob = attached(delivery, hears("lobby")), attached(delivery, hears("lobby"))
    delivery.publish(
        [said(1, "one"), said(2, "two", nickname="bob"), happened(Left, 3, "alice")],
        {alice: 3},
        {alice: {0: b""}},
    )

    assert alice.lines() == ["bob: two", "* alice left"]
    assert bob.lines() == ["alice: one", "bob: two", "* alice left"]


def test_everybody_else_is_written_the_very_same_bytes_though_somebody_is_left_out() -> None:
    delivery = Delivery()
    alice, *others = (attached(delivery, hears("lobby")) for _ in range(4))
    delivery.publish([said(1, "one"), said(2, "two")], {}, {alice: {0: b""}})

    first, *rest = (ear.writes[0] for ear in others)
    assert all(other is first for other in rest)


def test_whoever_is_shown_what_they_said_in_another_way_is_shown_it_where_it_stands() -> None:
    delivery = Delivery()
    alice, bob = attached(delivery, hears("lobby")), attached(delivery, hears("lobby"))
    batch = [said(1, "one", nickname="bob"), said(2, "two"), said(3, "three", nickname="bob")]
    delivery.publish(batch, {}, {alice: {1: b"you: two\r\n"}})

    assert alice.lines() == ["bob: one", "you: two", "bob: three"]
    assert bob.lines() == ["bob: one", "alice: two", "bob: three"]


def test_whoever_is_shown_their_own_in_another_way_is_shown_it_in_its_place() -> None:
    delivery = Delivery()
    alice, bob = attached(delivery, hears("garden", "lobby")), attached(delivery, hears("lobby"))
    own = {1: b"you: two\r\n", 2: b"", 3: b"you: four\r\n"}
    batch = [said(1, "one", nickname="bob"), said(2, "two"), said(3, "three"), said(4, "four", "garden")]
    delivery.publish(batch, {}, {alice: own})

    assert alice.writes == [b"bob: one\r\nyou: two\r\nyou: four\r\n"]
    assert bob.lines() == ["bob: one", "alice: two", "alice: three"]


def test_whoever_is_shown_their_own_in_another_way_is_shown_it_though_others_are_shown_nothing() -> None:
    delivery = Delivery()
    alice, bob = attached(delivery, hears("lobby")), attached(delivery, hears("lobby"))
    batch = [happened(Away, 0, "alice", "lunch")]
    assert PLAIN.event(batch[0], False) == b""
    delivery.publish(batch, {}, {alice: {0: b"you're away\r\n"}})

    assert alice.lines() == ["you're away"]
    assert bob.writes == []


def test_what_happens_in_several_rooms_is_shown_to_its_author_in_each_of_their_own_ways() -> None:
    delivery = Delivery()
    alice = attached(delivery, hears("garden", "lobby"))
    batch = [happened(Renamed, 1, "alice", "al"), happened(Renamed, 2, "alice", "al", "garden"), said(3, "hi")]
    delivery.publish(batch, {}, {alice: {0: b"", 1: b"you: al\r\n"}})

    assert alice.lines() == ["you: al", "alice: hi"]


class Counting(Plain):
    """Counts the events that it makes lines of."""

    def __init__(self) -> None:
        self.made = 0

    def event(self, event: Event, elsewhere: bool) -> bytes:
        self.made += 1
        return super().event(event, elsewhere)

    def events(self, events: Sequence[Event], elsewhere: bool) -> bytes:
        return b"".join(self.event(event, elsewhere) for event in events)


def test_a_message_is_made_once_however_many_ignore_others() -> None:
    delivery, form = Delivery(), Counting()
    ears = [
        attached(
            delivery, hears("lobby", format_=form, ignored=frozenset(f"nobody{number}x{one}" for one in range(50)))
        )
        for number in range(20)
    ]
    delivery.publish([said(1, "hello")], {})

    assert form.made == 1
    assert {ear.lines()[0] for ear in ears} == {"alice: hello"}
    assert len({id(ear.group) for ear in ears}) == 1


def test_who_ignores_one_of_several_is_shown_the_others_in_the_same_batch() -> None:
    delivery = Delivery()
    one = attached(delivery, hears("lobby", ignored=frozenset({"alice", "carol"})))
    two = attached(delivery, hears("lobby", ignored=frozenset({"bob"})))
    three = attached(delivery, hears("lobby"))
    delivery.publish([said(1, "a"), said(2, "b", nickname="bob"), said(3, "c", nickname="carol")], {})

    assert one.lines() == ["bob: b"]
    assert two.lines() == ["alice: a", "carol: c"]
    assert three.lines() == ["alice: a", "bob: b", "carol: c"]


def test_who_ignores_nobody_any_more_and_who_has_gone_is_shown_and_written_as_before() -> None:
    delivery = Delivery()
    ear = attached(delivery, hears("lobby", ignored=frozenset({"alice", "bob"})))
    gone = attached(delivery, hears("lobby", ignored=frozenset({"alice"})))
    assert delivery.attach(ear, hears("lobby", ignored=frozenset({"bob"})), delivery.published)
    delivery.detach(gone)
    delivery.publish([said(1, "one")], {})
    assert (ear.lines(), gone.lines()) == (["alice: one"], [])

    assert delivery.attach(ear, hears("lobby"), delivery.published)
    assert delivery.attach(gone, hears("lobby"), delivery.published)
    delivery.publish([said(2, "two"), said(3, "three", nickname="bob")], {})
    assert ear.lines() == gone.lines() == ["alice: two", "bob: three"]


def test_who_turns_within_a_batch_is_not_shown_the_ignored_up_to_there() -> None:
    delivery = Delivery()
    ear = attached(delivery, hears("lobby", ignored=frozenset({"alice"})))
    delivery.publish([said(1, "a"), said(2, "b", nickname="bob"), said(3, "after", nickname="bob")], {ear: 2})

    assert ear.lines() == ["bob: b"]


def test_the_replay_buffer_is_bounded_by_characters() -> None:
    delivery = Delivery()
    for number in range(1, 1001):
        delivery.publish([said(number, "x" * 1000)], {})
    ear = Ear()
    # So few characters would do, and so many would not.
    assert delivery.attach(ear, hears("lobby"), 1000 - 100)
    assert len(ear.lines()) == 100
    assert not delivery.attach(ear, hears("lobby"), 1000 - REPLAY_CHARACTERS // 1000 - COUNTED_AT_ONCE)
