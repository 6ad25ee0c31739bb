"""What every log promises of requests: order, outcomes, refs, kinds, times. Held against each log that there is.

A log may answer at once or from another thread: :class:`~logs.Subject` waits for what a test expects, and holds the
log to what can be seen in every test.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kinds import new_kind
from logs import LOGS, Subject, draft, said, sqlite
from zope.interface.verify import verifyObject

from chatroom.log.interface import ILog
from chatroom.log.memory import MemoryLog
from chatroom.log.trimming import TRIM_EVERY
from chatroom.model.errors import AlreadyKept
from chatroom.model.events import (
    KINDS,
    Away,
    Draft,
    Event,
    Joined,
    Kicked,
    Left,
    Noticed,
    Quit,
    Removal,
    Renamed,
    Said,
    TopicChanged,
)


def as_draft(event: Event) -> Draft:
    """What was appended for ``event`` to become of it."""
    return Draft(type(event), *event[2:])


def is_refused(subject: Subject, token: int, original: Event) -> bool:
    """Whether the request was refused since ``original`` is kept already."""
    error = subject.refusals.get(token)
    return isinstance(error, AlreadyKept) and error.details == {"id": original.id}


def test_it_is_a_log(subject: Subject) -> None:
    assert verifyObject(ILog, subject.log)


def test_every_history_has_an_identity_of_its_own(subject: Subject, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = Subject(lambda subject: sqlite(subject, tmp_path / "other"))

    assert re.fullmatch("[a-z0-9]{10}", subject.log.identity)
    assert subject.log.identity != other.log.identity
    other.stop()


def test_a_log_that_was_just_made_holds_and_has_forgotten_nothing(subject: Subject) -> None:
    assert (list(subject.log.state), subject.log.forgotten, subject.log.last_committed) == ([], 0, 0)


# Order.


def test_drafts_come_back_in_order_as_events(subject: Subject) -> None:
    drafts = [
        draft(Joined, "lobby", "alice"),
        draft(Said, "lobby", "alice", "hi"),
        draft(TopicChanged, "garden", "bob"),
        draft(Renamed, "lobby", "alice", "al"),
        draft(Left, "lobby", "al", "tea \U0001f375"),
    ]
    events = subject.say(*drafts)

    assert [as_draft(event) for event in events] == drafts
    assert {event.at for event in events} == {subject.now}


def test_every_field_comes_back_and_is_kept(subject: Subject) -> None:
    drafts = [
        Draft(Said, "lobby", "m1", "alice", "two\nlines", 7, {"a": [1, None, "ü\ud7ff"], "b": {}}, "ref 1"),
        Draft(Said, "lobby", "", "alice", "", 2**63 - 1),
        Draft(Said, "lobby", "m1", "alice", extras={}),
        Draft(Said, "lobby", "m2", "bob", ref="'"),
        Draft(Said, "lobby", "m2", "bob"),
    ]
    events = subject.say(*drafts)

    assert [as_draft(event) for event in events] == drafts
    assert subject.since({"lobby"}, 0) == events
    assert subject.recent("lobby", 10) == events


def test_kinds_that_are_nearly_the_same_stay_apart(subject: Subject) -> None:
    subject.say(*[draft(kind, "lobby", "alice", "tea") for kind in (Left, Quit, Said, Noticed)])

    assert [type(event) for event in subject.since({"lobby"}, 0)] == [Left, Quit, Said, Noticed]
    assert [type(event) for event in subject.recent("lobby", 10)] == [Said, Noticed]
    found = subject.search_until("tea", lambda found: len(found) == 2)
    assert [type(event) for event in found] == [Said, Noticed]


def test_ids_are_above_zero_and_grow(subject: Subject) -> None:
    events = [event for _ in range(3) for event in subject.say(said("hi"), draft(Joined, "x", "b"))]
    ids = [event.id for event in events]

    assert ids[0] > 0
    assert ids == sorted(set(ids))


def test_times_never_go_back(subject: Subject) -> None:
    start = subject.now
    times = []
    for now in (start, start + 10, start - 3600, start + 9, start + 11):
        subject.now = now
        times += [event.at for event in subject.say(said("tick"), said("tock"))]

    assert times == [start] * 2 + [start + 10] * 6 + [start + 11] * 2


def test_the_time_is_that_of_the_append(subject: Subject) -> None:
    start = subject.now
    for second in range(3):
        subject.now = start + second
        subject.append(said("tick"))
    subject.now = start + 60
    subject.settle()

    assert [event.at for event in subject.events] == [start, start + 1, start + 2]


def test_requests_that_are_appended_together_are_one_batch(subject: Subject) -> None:
    subject.say(*[said(str(number)) for number in range(10)])

    assert len(subject.batches) == 1


def test_requests_that_are_appended_while_a_batch_is_handed_back_come_after_it(subject: Subject) -> None:
    answered: list[str] = []

    def answer(batch: Sequence[Event]) -> None:
        for event in batch:
            if event.nickname == "alice":
                answered.append(event.text)
                subject.append(said(event.text, nickname="echo"))

    subject.then = answer
    subject.append(said("one"))
    subject.append(said("two"))
    subject.settle()

    assert [event.text for event in subject.events] == ["one", "two", "one", "two"]
    assert answered == ["one", "two"]


def test_the_last_event_that_was_committed_is_known(subject: Subject) -> None:
    assert subject.log.last_committed == 0
    subject.append(said("one"))
    assert subject.log.last_committed == 0
    subject.settle()

    assert subject.log.last_committed == subject.events[-1].id


def test_stopping_keeps_and_hands_back_what_was_appended_first(subject: Subject) -> None:
    subject.append(said("first"))
    # Some of it is on its way by now.
    subject.calls.popleft()()
    for number in range(100):
        subject.append(said(str(number)))
    seen_before_done: list[str] = []
    subject.log.stop(lambda: seen_before_done.extend(event.text for event in subject.events))
    subject.pump_until(lambda: bool(seen_before_done))

    assert seen_before_done == ["first", *map(str, range(100))]


# Requests and their outcomes.


def test_each_event_comes_back_with_the_token_of_its_request(subject: Subject) -> None:
    tokens = [subject.append(said("one")), subject.append(said("two"), said("too")), subject.append(said("three"))]
    subject.settle()

    assert subject.tokens == [tokens[0], tokens[1], tokens[1], tokens[2]]


def test_a_request_that_nobody_waits_for_is_kept_like_any_other(subject: Subject) -> None:
    subject.log.append([said("for nobody")])
    token = subject.append(said("for alice"))
    subject.settle()

    assert [event.text for event in subject.events] == ["for nobody", "for alice"]
    assert subject.tokens == [0, token]


def test_a_request_of_several_drafts_is_handed_back_whole(subject: Subject) -> None:
    rooms = [f"room{number}" for number in range(5000)]
    subject.append(said("before"))
    subject.append(*[draft(Quit, room, "alice", "so long") for room in rooms])
    subject.append(said("after"))
    subject.settle()

    assert [event.room for event in subject.events] == ["lobby", *rooms, "lobby"]
    assert subject.since(set(rooms), 0, 5001) == subject.events[1:-1]


# The same ref again.


def test_a_request_with_the_same_ref_is_refused_and_disturbs_no_other(subject: Subject) -> None:
    [original] = subject.say(said("one", ref="7"))
    subject.append(said("before"))
    again = subject.append(said("one", ref="7"))
    subject.append(said("after"))
    subject.settle()

    assert is_refused(subject, again, original)
    assert [event.text for event in subject.events] == ["one", "before", "after"]
    assert subject.since({"lobby"}, 0) == subject.events


def test_a_ref_is_refused_again_within_one_batch(subject: Subject) -> None:
    subject.append(said("before"))
    subject.append(said("one", ref="7"))
    again = [subject.append(said("one", ref="7")) for _ in range(3)]
    subject.append(said("after"))
    subject.settle()

    assert len(subject.batches) == 1
    assert [event.text for event in subject.events] == ["before", "one", "after"]
    assert all(is_refused(subject, token, subject.events[1]) for token in again)


def test_a_refusal_is_told_behind_the_rest_of_its_batch(subject: Subject) -> None:
    subject.say(said("one", ref="7"))
    told_before: list[int] = []
    subject.then = lambda batch: told_before.extend(subject.refusals)
    subject.append(said("one", ref="7"))
    subject.append(said("after"))
    subject.settle()

    assert (told_before, len(subject.refusals)) == ([], 1)


def test_a_batch_of_nothing_but_refusals_hands_nothing_back(subject: Subject) -> None:
    [original] = subject.say(said("one", ref="7"))
    again = subject.append(said("one", ref="7"))
    subject.settle()

    assert is_refused(subject, again, original)
    assert subject.log.last_committed == original.id
    assert subject.say(said("two", ref="8"))


def test_a_ref_is_a_member_s_own_and_another_ref_is_another_request(subject: Subject) -> None:
    drafts = [
        Draft(Said, "lobby", "m1", "alice", "one", ref="7"),
        Draft(Said, "lobby", "m2", "alice", "one", ref="7"),
        Draft(Said, "lobby", "m1", "alice", "one", ref="07"),
        Draft(Said, "lobby", "m", "alice", "one", ref="17"),
        Draft(Said, "lobby", "m1", "alice", "one"),
        Draft(Said, "lobby", "m1", "alice", "one"),
    ]
    events = subject.say(*drafts)
    again = subject.append(Draft(Said, "garden", "m1", "al", "another text", ref="7"))
    subject.settle()

    assert [as_draft(event) for event in events] == drafts
    assert is_refused(subject, again, events[0])


def test_the_drafts_of_one_request_may_share_a_ref(subject: Subject) -> None:
    rename = [draft(Renamed, room, "alice", "al", ref="7") for room in ("lobby", "garden")]
    subject.append(*rename)
    again = subject.append(*rename)
    subject.settle()
    later = subject.append(*rename)
    subject.settle()

    assert [event.room for event in subject.events] == ["lobby", "garden"]
    assert is_refused(subject, again, subject.events[0])
    assert is_refused(subject, later, subject.events[0])


def test_a_request_of_which_one_draft_was_kept_already_is_refused_whole(subject: Subject) -> None:
    [original] = subject.say(said("one", ref="7"))
    token = subject.append(said("new", ref="8"), said("one", ref="7"))
    subject.settle()
    assert is_refused(subject, token, original)

    [new] = subject.say(said("new", ref="8"))
    assert subject.since({"lobby"}, 0) == [original, new]


def test_hundreds_of_refs_are_looked_up_together(subject: Subject) -> None:
    drafts = [said(str(number), ref=str(number)) for number in range(3000)]
    events = subject.say(*drafts[::2])
    before = len(subject.batches)
    tokens = [subject.append(draft) for draft in drafts]
    subject.settle()

    assert len(subject.batches) == before + 1
    assert [event.ref for event in subject.batches[-1]] == [draft.ref for draft in drafts[1::2]]
    assert all(is_refused(subject, token, event) for token, event in zip(tokens[::2], events, strict=True))


# Kinds that are not kept.


def test_a_kind_that_is_not_kept_is_handed_back_in_order_with_the_id_of_the_last_event_that_is(
    subject: Subject,
) -> None:
    away = draft(Away, "lobby", "alice", "tea")
    first, one, between, two, last = subject.say(away, said("one"), away, said("two"), away)

    assert [as_draft(event) for event in (first, between, last)] == [away] * 3
    assert [first.id, between.id, last.id] == [0, one.id, two.id]
    assert subject.log.last_committed == two.id
    [alone] = subject.say(away)
    assert alone.id == two.id


def test_a_kind_that_is_not_kept_is_in_no_answer(subject: Subject) -> None:
    assert subject.recent("lobby", 10) == []
    with new_kind("waved", Event, kept=False) as waved:
        [_, one, _, _] = subject.say(
            draft(Away, "lobby", "alice", "tea"),
            said("tea"),
            draft(Away, "lobby", "alice", "tea"),
            draft(waved, "lobby", "alice", "tea"),
        )

    assert subject.since({"lobby"}, 0) == [one]
    assert subject.recent("lobby", 10) == [one]
    assert subject.search_until("tea", bool) == [one]


def test_a_ref_of_a_kind_that_is_not_kept_counts_for_nothing(subject: Subject) -> None:
    away = draft(Away, "lobby", "alice", "tea", ref="7")
    events = subject.say(away, away, said("one", ref="7"), away)

    assert [as_draft(event) for event in events] == [away, away, said("one", ref="7"), away]
    assert not subject.refusals


def test_a_request_may_have_drafts_of_both_sorts(subject: Subject) -> None:
    subject.append(draft(Away, "lobby", "alice", "tea"), said("away for tea"))
    subject.settle()

    away, one = subject.events
    assert (away.id, subject.since({"lobby"}, 0)) == (0, [one])


# Forgetting.


@pytest.mark.parametrize("make", LOGS.values(), ids=LOGS.keys())
def test_no_more_events_are_kept_than_may_be(make: Callable[..., ILog], tmp_path: Path) -> None:
    subject = Subject(lambda subject: make(subject, tmp_path, keep_events=1000))
    for start in range(0, 3000, 100):
        subject.say(*[said(str(number), ref=str(number)) for number in range(start, start + 100)])
    subject.now += TRIM_EVERY
    subject.say(draft(Joined, "lobby", "bob"))
    kept = subject.events[-1000:]
    subject.wait_until(lambda: subject.since({"lobby"}, 0, 5000) == kept)
    assert subject.log.forgotten == kept[0].id - 1
    last = subject.log.last_committed
    (event,) = subject.say(said("goes on"))
    assert event.id > last

    # The ref goes with the event.
    again = [said(str(number), ref=str(number)) for number in (1500, 2500)]
    assert [as_draft(event) for event in subject.say(*again)] == again[:1]
    subject.stop()


@pytest.mark.parametrize("make", LOGS.values(), ids=LOGS.keys())
def test_an_event_that_is_missing_from_an_answer_is_known_to_be_forgotten(
    make: Callable[..., ILog], tmp_path: Path
) -> None:
    subject = Subject(lambda subject: make(subject, tmp_path, keep_events=10))
    for _ in range(30):
        subject.say(*[said(str(number)) for number in range(200)])
        subject.now += TRIM_EVERY
        for _ in range(5):
            there = {event.id for event in subject.since({"lobby"}, 0, 10_000)}
            missing = {event.id for event in subject.events} - there
            assert max(missing, default=0) <= subject.log.forgotten
    assert subject.log.forgotten
    subject.stop()


@pytest.mark.parametrize("make", [sqlite])
def test_no_event_is_kept_longer_than_it_may_be(make: Callable[..., ILog], tmp_path: Path) -> None:
    subject = Subject(lambda subject: make(subject, tmp_path, keep_seconds=3600))
    assert subject.recent("lobby", 10) == []
    for _ in range(12):
        subject.say(*[said(f"at {subject.now} {number}") for number in range(100)])
        subject.now += 600
    subject.say(said("now"))
    young = [event for event in subject.events if event.at >= subject.now - 3600]
    subject.wait_until(lambda: subject.since({"lobby"}, 0, 5000) == young)
    assert len(young) < len(subject.events)
    subject.stop()


@pytest.mark.parametrize("make", [sqlite])
def test_the_last_event_is_kept_however_old_so_that_ids_go_on(make: Callable[..., ILog], tmp_path: Path) -> None:
    subject = Subject(lambda subject: make(subject, tmp_path, keep_seconds=1))
    subject.say(*[said(str(number)) for number in range(10)])
    assert len(subject.recent("lobby", 10)) == 10
    subject.now += 1_000_000
    (last,) = subject.say(said("last"))
    subject.wait_until(lambda: subject.since({"lobby"}, 0) == [last])
    assert subject.recent("lobby", 10) == [last]
    subject.stop()
    again = Subject(lambda subject: make(subject, tmp_path, keep_seconds=1))
    assert again.log.last_committed == last.id
    assert again.log.forgotten == last.id - 1
    (event,) = again.say(said("again"))
    again.stop()

    assert event.id > last.id


def test_a_log_in_memory_forgets_the_oldest_beyond_its_capacity() -> None:
    subject = Subject(lambda subject: MemoryLog(subject.call, time.time, capacity=3))
    events = subject.say(
        said("one", room="garden"),
        draft(Joined, "lobby", "alice"),
        *[said(str(number)) for number in range(3)],
    )

    assert subject.since({"lobby", "garden"}, 0) == events[2:]
    assert subject.recent("lobby", 10) == events[2:]
    assert subject.recent("garden", 10) == []
    assert subject.log.forgotten == events[1].id


# As a whole.

REQUESTS = st.lists(
    st.lists(
        st.builds(
            Draft,
            # A removal changes what stands before it: test_removals_log.py has those.
            st.sampled_from(
                [kind for kind in KINDS.values() if not kind.is_rule and kind is not Kicked and kind is not Removal]
            ),
            st.sampled_from(["lobby", "garden", "kitchen"]),
            st.sampled_from(["m1", "m2"]),
            st.sampled_from(["alice", "bob"]),
            st.text(st.characters(codec="utf-8"), max_size=5),
            st.sampled_from([0, 0, 1, 2**63 - 1]),
            st.sampled_from([None, None, {}, {"key": ["value", 1]}]),
            st.sampled_from(["", "", "r1", "r2", "r3"]),
            st.just(0),
            st.none(),
        ),
        min_size=1,
        max_size=3,
    ),
    max_size=20,
)


class Model:
    """What a log is: the list of what was appended, without what is refused."""

    def __init__(self) -> None:
        self.handed_back: list[Draft] = []
        self.kept: list[Draft] = []
        self.refused: list[list[Draft]] = []

    def append(self, request: list[Draft]) -> None:
        refs = {(draft.member, draft.ref) for draft in self.kept if draft.ref}
        if any(draft.kind.kept and (draft.member, draft.ref) in refs for draft in request):
            self.refused.append(request)
        else:
            self.handed_back += request
            self.kept += [draft for draft in request if draft.kind.kept]


@pytest.mark.parametrize("make", LOGS.values(), ids=LOGS.keys())
@settings(deadline=None)
@given(requests=REQUESTS, cuts=st.sets(st.integers(0, 20)), count=st.integers(0, 5), pivot=st.integers(0, 35))
def test_a_log_is_the_list_of_what_was_appended(
    make: Callable[..., ILog], requests: list[list[Draft]], cuts: set[int], count: int, pivot: int
) -> None:
    model = Model()
    with TemporaryDirectory() as folder:
        subject = Subject(lambda subject: make(subject, Path(folder)))
        tokens = []
        for number, request in enumerate(requests):
            if number in cuts:
                subject.settle()
            tokens.append(subject.append(*request))
            model.append(request)
        subject.settle()
        events = [event for event in subject.events if event.kept]
        counted = [event for event in events if event.counted and event.room == "lobby"]
        shared = [event for event in events if event.room in ("garden", "lobby")]

        assert [as_draft(event) for event in subject.events] == model.handed_back
        assert [as_draft(event) for event in events] == model.kept
        assert [request for request, token in zip(requests, tokens, strict=True) if token in subject.refusals] == (
            model.refused
        )
        assert not subject.failures
        assert subject.recent("lobby", count) == counted[max(len(counted) - count, 0) :]
        older = [event for event in counted if event.id < pivot]
        assert subject.recent("lobby", count, pivot) == older[max(len(older) - count, 0) :]
        newer = [event for event in shared if event.id > pivot]
        assert subject.since({"garden", "lobby"}, pivot, count) == newer[:count]
        subject.stop()
