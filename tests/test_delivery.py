"""Events are shown once to everybody who hears them, in one write for each batch."""

from __future__ import annotations

from chatroom.core.delivery import MAX_MISSED, TAIL, Delivery, View
from chatroom.model.events import Acted, Event, Joined, Left, Quit, Renamed, Said
from chatroom.wire.formats import JSON, PLAIN, Format

NOBODY: frozenset[str] = frozenset()


class Ear:
    """Somebody who is written to."""

    def __init__(self) -> None:
        self.writes: list[bytes] = []

    def write(self, data: bytes) -> None:
        self.writes.append(data)

    def lines(self) -> list[str]:
        heard, self.writes = b"".join(self.writes), []
        return heard.decode().split("\r\n")[:-1]


def view(*rooms: str, format_: Format = PLAIN, ignored: frozenset[str] = NOBODY) -> View:
    """One who speaks in the last of ``rooms``."""
    return View(format_, frozenset(rooms), rooms[-1] if rooms else "", ignored)


def said(id_: int, text: str, room: str = "lobby", nickname: str = "alice") -> Event:
    return Said(id_, 0.0, room, nickname, text)


def attached(delivery: Delivery, seen: View) -> Ear:
    ear = Ear()
    assert delivery.attach(ear, seen, delivery.published)
    return ear


def test_a_batch_is_one_write_to_each_who_hears_it() -> None:
    delivery = Delivery()
    one, two, elsewhere = (attached(delivery, view(room)) for room in ("lobby", "lobby", "garden"))
    delivery.publish([said(1, "one"), said(2, "two")], {})

    assert one.writes == two.writes == [b"alice: one\r\nalice: two\r\n"]
    assert elsewhere.writes == []


def test_everybody_is_shown_it_in_their_own_form() -> None:
    delivery = Delivery()
    plain, json = attached(delivery, view("lobby")), attached(delivery, view("lobby", format_=JSON))
    delivery.publish([said(1, "hi")], {})

    assert plain.lines() == ["alice: hi"]
    assert json.lines() == ['{"id":1,"at":0.0,"kind":"said","room":"lobby","nick":"alice","text":"hi"}']


def test_what_is_of_another_room_than_the_one_they_speak_in_is_marked() -> None:
    delivery = Delivery()
    ear = attached(delivery, view("garden", "lobby"))
    delivery.publish([said(1, "one"), said(2, "two", "garden"), said(3, "three", "kitchen")], {})

    assert ear.lines() == ["alice: one", "[garden] alice: two"]


def test_what_the_ignored_say_and_do_is_not_heard_but_where_they_are_is() -> None:
    delivery = Delivery()
    ear = attached(delivery, view("lobby", ignored=frozenset({"alice"})))
    delivery.publish(
        [
            said(1, "one", nickname="ALICE"),
            Acted(2, 0.0, "lobby", "alice", "waves"),
            said(3, "two", nickname="bob"),
            Left(4, 0.0, "lobby", "alice", ""),
        ],
        {},
    )

    assert ear.lines() == ["bob: two", "* alice left"]


def test_whoever_comes_is_brought_up_to_date_from_the_tail() -> None:
    delivery = Delivery()
    delivery.publish([said(1, "one"), said(2, "two", "garden"), said(3, "three")], {})
    ear = Ear()

    assert delivery.attach(ear, view("lobby"), 1)
    assert ear.lines() == ["alice: three"]
    delivery.publish([said(4, "four")], {})
    assert ear.lines() == ["alice: four"]


def test_whoever_wants_more_than_the_tail_holds_is_told_so() -> None:
    delivery = Delivery(tail=2)
    for number in range(1, 5):
        delivery.publish([said(number, str(number))], {})
    ear = Ear()

    assert not delivery.attach(ear, view("lobby"), 1)
    delivery.publish([said(5, "5")], {})
    assert ear.lines() == []
    assert delivery.attach(ear, view("lobby"), 3)
    assert ear.lines() == ["alice: 4", "alice: 5"]


def test_the_tail_is_bounded_and_holds_whole_batches() -> None:
    delivery = Delivery()
    for first in range(1, TAIL + 20, 20):
        delivery.publish([said(number, "x") for number in range(first, first + 20)], {})
    forgotten = delivery.published - TAIL // 20 * 20

    assert not delivery.attach(Ear(), view("lobby"), forgotten - 1)
    assert delivery.attach(Ear(), view("lobby"), forgotten)


def test_a_batch_that_is_longer_than_the_tail_is_shown_and_not_kept() -> None:
    delivery = Delivery(tail=2)
    ear = attached(delivery, view("lobby"))
    delivery.publish([said(number, str(number)) for number in range(1, 4)], {})

    assert len(ear.lines()) == 3
    assert not delivery.attach(Ear(), view("lobby"), 2)
    assert delivery.attach(Ear(), view("lobby"), 3)


def test_whoever_missed_more_than_one_should_be_sent_at_once_is_told_so() -> None:
    delivery = Delivery()
    for number in range(1, 4):
        delivery.publish([said(number, "x" * (MAX_MISSED // 2))], {})
    ear, elsewhere = Ear(), Ear()

    assert not delivery.attach(ear, view("lobby"), 1)
    assert ear.lines() == []
    assert delivery.attach(ear, view("lobby"), 2)
    assert len(ear.lines()) == 1
    assert delivery.attach(elsewhere, view("garden"), 0)


def test_a_delivery_that_begins_behind_an_older_log_has_nothing_of_it() -> None:
    delivery = Delivery()
    delivery.start(7)
    ear = Ear()

    assert delivery.published == 7
    assert not delivery.attach(ear, view("lobby"), 6)
    assert delivery.attach(ear, view("lobby"), 7)
    delivery.publish([said(8, "eight")], {})
    assert ear.lines() == ["alice: eight"]


def test_everybody_is_written_the_very_same_bytes() -> None:
    delivery = Delivery()
    ears = [attached(delivery, view("lobby")) for _ in range(3)]
    delivery.publish([said(1, "one"), said(2, "two")], {})

    first, *others = (ear.writes[0] for ear in ears)
    assert all(other is first for other in others)


def test_a_new_view_takes_the_place_of_the_old() -> None:
    delivery = Delivery()
    ear = attached(delivery, view("lobby"))
    assert delivery.attach(ear, view("garden"), delivery.published)
    delivery.publish([said(1, "one"), said(2, "two", "garden")], {})

    assert ear.lines() == ["alice: two"]


def test_whoever_was_detached_hears_no_more() -> None:
    delivery = Delivery()
    ear, other = attached(delivery, view("lobby")), attached(delivery, view("lobby"))
    delivery.detach(ear)
    delivery.detach(ear)
    delivery.publish([said(1, "one")], {})

    assert ear.lines() == []
    assert other.lines() == ["alice: one"]


def test_whose_view_changes_within_a_batch_hears_the_old_one_up_to_there_and_nothing_after() -> None:
    delivery = Delivery()
    ear, never_attached = attached(delivery, view("lobby")), Ear()
    delivery.publish([said(1, "one"), Left(2, 0.0, "lobby", "bob", ""), said(3, "two")], {ear: 2, never_attached: 2})

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
    assert delivery.attach(leaver, view("lobby"), 0)
    ear = attached(delivery, view("lobby"))
    delivery.publish([said(1, "one")], {})
    delivery.publish([said(2, "two")], {})

    assert leaver.lines() == ["alice: one"]
    assert ear.lines() == ["alice: one", "alice: two"]


def test_what_happens_in_several_rooms_at_once_is_shown_once_to_people_and_for_each_room_to_programs() -> None:
    delivery = Delivery()
    plain = attached(delivery, view("garden", "lobby"))
    json = attached(delivery, view("garden", "lobby", format_=JSON))
    delivery.publish(
        [
            Renamed(1, 0.0, "lobby", "alice", "al"),
            Renamed(2, 0.0, "garden", "alice", "al"),
            Quit(3, 0.0, "lobby", "al", "tea"),
            Quit(4, 0.0, "kitchen", "al", "tea"),
            Quit(5, 0.0, "garden", "al", "tea"),
        ],
        {},
    )

    assert plain.lines() == ["* alice is now al", "* al left (tea)"]
    assert len(json.lines()) == 4


def test_what_happens_in_several_rooms_is_shown_as_of_the_one_that_they_speak_in() -> None:
    delivery = Delivery()
    ear = attached(delivery, view("cellar", "garden", "lobby"))
    delivery.publish([Quit(id_, 0.0, room, "al", "") for id_, room in ((1, "garden"), (2, "lobby"), (3, "cellar"))], {})

    assert ear.lines() == ["* al left"]


def test_whoever_leaves_one_room_and_then_another_is_shown_to_leave_each() -> None:
    delivery = Delivery()
    ear = attached(delivery, view("garden", "lobby"))
    delivery.publish([Left(1, 0.0, "lobby", "al", "tea"), Left(2, 0.0, "garden", "al", "tea")], {})

    assert ear.lines() == ["* al left (tea)", "[garden] * al left (tea)"]


def test_whoever_leaves_one_room_and_then_them_all_is_shown_to_do_both() -> None:
    delivery = Delivery()
    ear = attached(delivery, view("garden", "lobby"))
    delivery.publish([Left(1, 0.0, "garden", "al", ""), Quit(2, 0.0, "lobby", "al", "")], {})

    assert ear.lines() == ["[garden] * al left", "* al left"]


def test_two_different_people_who_leave_are_both_shown() -> None:
    delivery = Delivery()
    ear = attached(delivery, view("garden", "lobby"))
    delivery.publish(
        [
            Quit(1, 0.0, "lobby", "alice", ""),
            Quit(2, 0.0, "garden", "bob", ""),
            Joined(3, 0.0, "garden", "bob", ""),
            Joined(4, 0.0, "lobby", "bob", ""),
        ],
        {},
    )

    assert ear.lines() == ["* alice left", "[garden] * bob left", "[garden] * bob joined", "* bob joined"]


# What somebody is shown in another way, or not at all, because they said it themselves.


def left_out(*ids: int) -> dict[int, bytes]:
    return dict.fromkeys(ids, b"")


def test_whoever_said_it_is_left_out_and_nobody_else_is() -> None:
    delivery = Delivery()
    alice, bob = attached(delivery, view("lobby")), attached(delivery, view("lobby"))
    delivery.publish([said(1, "one"), said(2, "two", nickname="bob"), said(3, "three")], {}, {alice: {1: b"", 3: b""}})

    assert alice.writes == [b"bob: two\r\n"]
    assert bob.writes == [b"alice: one\r\nbob: two\r\nalice: three\r\n"]


def test_whoever_said_all_of_it_is_not_written_to() -> None:
    delivery = Delivery()
    alice, bob = attached(delivery, view("lobby")), attached(delivery, view("lobby"))
    delivery.publish([said(1, "one"), said(2, "two")], {}, {alice: {1: b"", 2: b""}})

    assert alice.writes == []
    assert bob.lines() == ["alice: one", "alice: two"]


def test_two_who_are_each_left_out_hear_each_other() -> None:
    delivery = Delivery()
    alice, bob, carol = (attached(delivery, view("lobby")) for _ in range(3))
    batch = [said(1, "one"), said(2, "two", nickname="bob"), said(3, "three"), said(4, "four", nickname="bob")]
    delivery.publish(batch, {}, {alice: {1: b"", 3: b""}, bob: {2: b"", 4: b""}})

    assert alice.lines() == ["bob: two", "bob: four"]
    assert bob.lines() == ["alice: one", "alice: three"]
    assert carol.lines() == ["alice: one", "bob: two", "alice: three", "bob: four"]


def test_whoever_is_left_out_in_one_room_hears_the_others_as_ever() -> None:
    delivery = Delivery()
    alice = attached(delivery, view("garden", "lobby", ignored=frozenset({"carol"})))
    batch = [said(1, "one"), said(2, "two", "garden", "bob"), said(3, "three", "lobby", "carol"), said(4, "4", "attic")]
    delivery.publish(batch, {}, {alice: {1: b""}})

    assert alice.lines() == ["[garden] bob: two"]


def test_whoever_is_left_out_and_hears_something_else_from_there_on_is_left_out_still() -> None:
    delivery = Delivery()
    alice, bob = attached(delivery, view("lobby")), attached(delivery, view("lobby"))
    delivery.publish(
        [said(1, "one"), said(2, "two", nickname="bob"), Left(3, 0.0, "lobby", "alice", "")],
        {alice: 3},
        {alice: {1: b""}},
    )

    assert alice.lines() == ["bob: two", "* alice left"]
    assert bob.lines() == ["alice: one", "bob: two", "* alice left"]


def test_everybody_else_is_written_the_very_same_bytes_though_somebody_is_left_out() -> None:
    delivery = Delivery()
    alice, *others = (attached(delivery, view("lobby")) for _ in range(4))
    delivery.publish([said(1, "one"), said(2, "two")], {}, {alice: {1: b""}})

    first, *rest = (ear.writes[0] for ear in others)
    assert all(other is first for other in rest)


def test_whoever_is_shown_what_they_said_in_another_way_is_shown_it_where_it_stands() -> None:
    delivery = Delivery()
    alice, bob = attached(delivery, view("lobby")), attached(delivery, view("lobby"))
    batch = [said(1, "one", nickname="bob"), said(2, "two"), said(3, "three", nickname="bob")]
    delivery.publish(batch, {}, {alice: {2: b"you: two\r\n"}})

    assert alice.lines() == ["bob: one", "you: two", "bob: three"]
    assert bob.lines() == ["bob: one", "alice: two", "bob: three"]


def test_whoever_is_shown_their_own_in_another_way_is_shown_it_in_its_place() -> None:
    delivery = Delivery()
    alice, bob = attached(delivery, view("garden", "lobby")), attached(delivery, view("lobby"))
    own = {2: b"you: two\r\n", 3: b"", 4: b"you: four\r\n"}
    batch = [said(1, "one", nickname="bob"), said(2, "two"), said(3, "three"), said(4, "four", "garden")]
    delivery.publish(batch, {}, {alice: own})

    assert alice.writes == [b"bob: one\r\nyou: two\r\nyou: four\r\n"]
    assert bob.lines() == ["bob: one", "alice: two", "alice: three"]
