"""A person without echo is not shown their own messages, and is shown everything else."""

from __future__ import annotations

from typing import Any

import pytest
from stepped import NOT_SENT, House, Visitor

from chatroom.core.dialogue import Dialogue
from chatroom.core.requests import Request
from chatroom.model.events import Event, Noticed, Said, TopicChanged


class Echoing(Dialogue):
    """Somebody who is shown what they say themselves, or not: then their own form of it is empty."""

    __slots__ = ("echo",)

    def __init__(self, *of: Any) -> None:
        super().__init__(*of)
        self.echo = True

    def say(self, room: str, text: str, kind: type[Event] = Said, about: int = 0) -> None:
        hidden = not self.echo and kind is not TopicChanged
        self.say_apart(room, Request(self.member, kind, (room,), text, self, own_form=hidden), about)

    def own(self, request: Request, event: Event) -> bytes:
        return b""


def come(house: House, nickname: str, *rooms: str, echo: bool = True) -> tuple[Visitor, Echoing]:
    """Somebody who has asked to come in, and their session."""
    visitor = Visitor(house.chat, Echoing)
    session = visitor.session
    assert isinstance(session, Echoing)
    session.echo = echo
    session.enter(nickname, rooms)
    return visitor, session


def without_echo(house: House, nickname: str, *rooms: str) -> Visitor:
    """Somebody who is in, and has taken notice of what newcomers are shown."""
    visitor, session = come(house, nickname, *rooms, echo=False)
    house.log.settle()
    assert session.entered
    visitor.lines()
    return visitor


def test_who_is_not_to_be_echoed_hears_the_others_and_not_themselves() -> None:
    house = House()
    bob, alice, carol = house.enter("bob"), without_echo(house, "alice"), without_echo(house, "carol")
    for one in (bob, alice):
        one.lines()
    alice.type("one")
    bob.type("two")
    carol.type("three", "/me waves")
    alice.type("four", "/topic tea")
    alice.session.say("lobby", "five", Noticed)
    house.log.commit()

    assert alice.lines() == ["bob: two", "carol: three", "* carol waves", "* alice set the topic: tea"]
    assert carol.lines() == ["alice: one", "bob: two", "alice: four", "* alice set the topic: tea", "alice: five"]
    assert bob.lines() == [
        *("alice: one", "bob: two", "carol: three", "* carol waves"),
        *("alice: four", "* alice set the topic: tea", "alice: five"),
    ]


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize(
    ("line", "shown"), [("/leave", "* alice left"), ("/nick al", "* alice is now al"), ("/quit", "* alice left")]
)
def test_who_is_not_to_be_echoed_is_not_when_they_go_or_are_renamed_behind_it(
    line: str, shown: str, together: bool
) -> None:
    house = House()
    alice, bob = without_echo(house, "alice", "garden", "lobby"), house.enter("bob")
    alice.lines()
    alice.type("said before", line)
    house.log.commit(None if together else 1)
    house.log.settle()
    bob.type("what comes then")
    house.log.settle()

    assert bob.lines() == ["alice: said before", shown, "bob: what comes then"]
    seen = alice.lines()
    assert seen[0] == shown
    assert not [text for text in seen if "said before" in text]


def test_who_is_not_to_be_echoed_is_not_because_of_a_ref() -> None:
    house = House()
    alice, bob = without_echo(house, "alice"), house.enter("bob")
    alice.lines()
    session = alice.session
    session.say_apart("lobby", Request(session.member, Said, ("lobby",), "hi", session, ref="7", own_form=True))
    house.log.settle()

    assert (alice.lines(), bob.lines()) == ([], ["alice: hi"])


def test_talk_that_is_not_to_be_echoed_and_cannot_be_kept_is_answered_and_the_next_is_not_echoed() -> None:
    house = House()
    bob, alice = house.enter("bob"), without_echo(house, "alice")
    bob.lines()
    alice.type("one", "two")
    house.log.fail(1)
    house.log.commit()
    alice.type("three")
    house.log.settle()

    assert alice.lines() == [NOT_SENT]
    assert bob.lines() == ["alice: two", "alice: three"]


@pytest.mark.parametrize("echoes", [(True, False), (False, True)])
@pytest.mark.parametrize("fails", [0, 1])
def test_what_is_echoed_and_what_is_not_are_told_apart_where_one_says_both(
    echoes: tuple[bool, bool], fails: int
) -> None:
    house = House()
    alice, session = come(house, "alice")
    house.log.settle()
    alice.lines()
    for text, echo in zip(("one", "two"), echoes, strict=True):
        session.echo = echo
        alice.type(text)
    house.log.fail(fails)
    house.log.settle()

    said = [f"alice: {text}" for text, echo in zip(("one", "two"), echoes, strict=True) if echo]
    assert alice.lines() == [*[NOT_SENT] * fails, *(line for line in said if not fails or line != "alice: one")]


def test_a_topic_that_cannot_be_kept_changes_nothing_of_what_is_not_echoed() -> None:
    house = House()
    alice = without_echo(house, "alice")
    alice.type("/topic tea", "hi")
    house.log.fail(1)
    house.log.settle()

    assert alice.lines() == [NOT_SENT]
    assert house.happened[-1].text == "hi"


@pytest.mark.parametrize("echoes", [(True, False), (False, True), (False, False)])
@pytest.mark.parametrize("count", [1, 2, None])
def test_who_is_not_to_be_echoed_is_told_from_who_had_their_nickname_before(
    echoes: tuple[bool, bool], count: int | None
) -> None:
    house = House()
    bob = house.enter("bob")
    first, _ = come(house, "alice", echo=echoes[0])
    house.log.settle()
    bob.lines()
    first.type("one")
    first.lose()
    second, _ = come(house, "alice", echo=echoes[1])
    second.type("two")
    while house.log.drafts:
        house.log.commit(count)

    assert bob.lines() == ["alice: one", "* alice left (connection lost)", "* alice joined", "alice: two"]
    assert second.lines()[1:] == ["* alice joined", *(["alice: two"] if echoes[1] else [])]


@pytest.mark.parametrize("echo", [True, False])
def test_what_somebody_said_who_has_gone_and_is_not_kept_is_nobodys(echo: bool) -> None:
    house = House()
    bob = house.enter("bob")
    alice, _ = come(house, "alice", echo=echo)
    house.log.settle()
    bob.lines()
    alice.type("one", "two", "/msg bob psst")
    alice.lose()
    again, session = come(house, "alice", echo=echo)
    again.type("three")
    house.log.fail(2)
    house.log.settle()

    assert session.entered
    assert again.refused == 0
    assert again.lines()[1:] == ["* alice joined", *(["alice: three"] if echo else [])]
    assert bob.lines() == ["* alice left (connection lost)", "* alice joined", "alice: three"]


def test_whoever_comes_in_when_nothing_can_be_kept_is_told_that_of_their_own_alone() -> None:
    house = House()
    bob, alice = house.enter("bob"), house.enter("alice")
    bob.lines()
    alice.type("one", "two")
    alice.lose()
    again, session = come(house, "alice")
    house.log.fail()

    assert again.lines() == [NOT_SENT]
    assert again.refused == 1
    session.enter("alice")
    house.log.settle()
    assert session.entered
    assert bob.lines() == ["* alice left (connection lost)", "* alice joined"]
