"""Requests that have a ref: a request that is sent again happens once."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from stepped import House, SteppedLog, Visitor

from chatroom.core.chat import REMEMBERED_REFS
from chatroom.core.session import Phase
from chatroom.model.answers import Done
from chatroom.model.events import (
    Event,
    Said,
    TopicChanged,
)
from chatroom.testing import MemoryRoom
from chatroom.wire.handshake import Place
from chatroom.wire.jsonlines import JSON
from chatroom.wire.requests import Say


def test_a_repeated_request_is_answered_and_the_rest_of_its_batch_happens() -> None:
    house = House()
    alice, bob = house.enter("alice", format_=JSON), house.enter("bob")
    for ref, text in (("1", "one"), ("1", "one"), ("2", "two")):
        alice.session.ref = ref
        alice.session.say("lobby", text)
    bob.type("three")
    house.log.settle()

    heard = alice.things()
    (first,) = [thing for thing in heard if isinstance(thing, Event) and thing.ref == "1"]
    assert [thing for thing in heard if not isinstance(thing, Event)] == [Done(first.id)]
    assert bob.lines()[-3:] == ["alice: one", "alice: two", "bob: three"]


def test_a_topic_that_is_set_again_with_its_ref_is_set_once() -> None:
    house = House()
    alice, bob = house.enter("alice", format_=JSON), house.enter("bob")
    for text in ("tea", "cake", "tea"):
        alice.session.ref = text
        alice.session.say("lobby", text, TopicChanged)
        house.log.settle()

    assert house.chat.room("lobby").topic == "cake"
    assert bob.lines() == ["* alice set the topic: tea", "* alice set the topic: cake"]


def test_what_is_done_once_for_a_ref_and_is_not_kept_is_remembered_for_so_many() -> None:
    house = House()
    alice, bob = house.enter("alice").session.member, house.enter("bob").session.member
    assert not house.chat.was_done(alice, "first")
    house.chat.note_done(alice, "first")
    for number in range(REMEMBERED_REFS - 1):
        house.chat.note_done(bob, str(number))
    assert house.chat.was_done(alice, "first")
    assert not house.chat.was_done(bob, "first")
    house.chat.note_done(bob, "one more")

    assert not house.chat.was_done(alice, "first")
    assert house.chat.was_done(bob, "0")


def test_who_reads_lines_and_sends_requests_is_shown_once_what_happens_in_several_rooms() -> None:
    room = MemoryRoom(replay=0)
    alice = room.enter("alice", "input=json room=garden,kitchen,lobby")
    alice.type('{"do": "/nick al", "ref": "1"}', '{"say": "hi", "ref": "2"}', '{"do": "/leave garden", "ref": "3"}')

    assert alice.lines() == ["* alice is now al", "al: hi", "[garden] * al left"]


class Sender:
    """A program that sends again, when it has come back, what it does not know to have happened."""

    def __init__(self, house: House) -> None:
        self._house = house
        self.unanswered: dict[str, str] = {}
        """What was said, by the ref of its request."""
        self.heard: list[int] = []
        """The ids of the events that it was shown."""
        self._said = 0
        self.connect()

    def connect(self) -> None:
        self.visitor = Visitor(self._house.chat)
        self.visitor.session.format = JSON
        place = Place(self.heard[-1] if self.heard else 0)
        self.visitor.session.enter("alice", (), place, "a-secret-of-alice's-client")
        self._again = list(self.unanswered)

    @property
    def ready(self) -> bool:
        return self.visitor.session.entered and not self.visitor.session.busy

    def say(self) -> None:
        if self.ready:
            self._said += 1
            self.unanswered[str(self._said)] = f"message {self._said}"
            self._send(str(self._said))

    def _send(self, ref: str) -> None:
        self.visitor.session.take(Say(self.unanswered[ref], ref=ref))

    def read(self) -> None:
        """Send again what was not answered before the connection was lost, and take notice of what has come.

        In this order: what happened though it was not answered is among what has come, so some is sent in vain.
        """
        if self.ready:
            again, self._again = self._again, []
            for ref in again:
                self._send(ref)
        for line in self.visitor.lines():
            thing = json.loads(line)
            if "id" in thing:
                self.heard.append(thing["id"])
            if thing["kind"] in ("said", "done"):
                self.unanswered.pop(thing.get("ref", ""), None)
        if not self.visitor.closed and self.visitor.session.phase is Phase.OUTSIDE:
            # That they come in could not be kept.
            self.visitor.lose()
        if self.visitor.closed:
            self.connect()

    def send_again(self) -> None:
        """Send what was answered with an error, too."""
        self._again = list(self.unanswered)


@given(
    st.lists(
        st.one_of(
            st.just(("say",)),
            st.just(("read",)),
            st.just(("lose", True)),
            st.just(("lose", False)),
            st.just(("answer",)),
            st.tuples(st.just("commit"), st.integers(1, 5)),
            st.tuples(st.just("fail"), st.integers(1, 3)),
        ),
        min_size=10,
        max_size=60,
    ),
    st.booleans(),
)
def test_what_is_sent_with_a_ref_until_it_is_answered_happens_once_and_is_seen_once(
    steps: list[tuple[Any, ...]], prompt: bool
) -> None:
    house = House(SteppedLog(prompt))
    bob = house.enter("bob", format_=JSON)
    alice = Sender(house)
    house.log.settle()
    said = 0
    for name, *arguments in steps:
        if name == "say":
            said += alice.ready
            alice.say()
        elif name == "read":
            alice.read()
        elif name == "lose":
            if arguments[0]:
                alice.read()
            # What has come and was not read is lost as well.
            alice.visitor.lines()
            alice.visitor.lose()
        elif name == "answer":
            house.log.answer()
        elif name == "commit":
            house.log.commit(*arguments)
        elif name == "fail":
            house.log.fail(*arguments)
    for _ in range(4):
        house.log.settle()
        alice.read()
        if alice.ready:
            alice.send_again()
    house.log.settle()
    alice.read()

    assert alice.unanswered == {}
    kept = [event for event in house.log.events if isinstance(event, Said)]
    assert sorted(event.text for event in kept) == sorted(f"message {number + 1}" for number in range(said))
    assert [event.text for event in bob.heard() if isinstance(event, Said)] == [event.text for event in kept]
    assert [id_ for id_ in alice.heard if id_ in {event.id for event in kept}] == [event.id for event in kept]
