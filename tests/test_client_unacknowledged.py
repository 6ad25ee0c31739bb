"""What was sent and has not come back."""

from __future__ import annotations

from chatroom.client.render_context import RenderContext
from chatroom.client.unacknowledged import MAX_LINES, Unacknowledged
from chatroom.model.events import Acted, Event, Refused, Said

SCENE = RenderContext("bob", "lobby")


def sent(*lines: str) -> Unacknowledged:
    unsettled = Unacknowledged()
    for line in lines:
        unsettled.sent(line)
    return unsettled


def said(text: str, nickname: str = "bob", kind: type[Event] = Said) -> Event:
    return kind(1, 0.0, "lobby", nickname, text)


def test_what_came_back_is_settled() -> None:
    unsettled = sent("one", "/me  waves ", "//etc\t", "two")
    for event in (said("one"), said("waves", kind=Acted), said("/etc ")):
        unsettled.note(event, SCENE)
    assert unsettled.take() == ["two"]
    assert unsettled.take() == []


def test_what_others_say_settles_nothing() -> None:
    unsettled = sent("one")
    unsettled.note(said("one", "alice"), SCENE)
    unsettled.note(said("another"), SCENE)
    unsettled.note(said("one", kind=Acted), SCENE)
    assert unsettled.take() == ["one"]


def test_what_was_sent_before_what_came_back_was_answered() -> None:
    unsettled = sent("one", "two", "three")
    unsettled.note(said("two"), SCENE)
    assert unsettled.take() == ["three"]


def test_the_same_twice_comes_back_twice() -> None:
    unsettled = sent("one", "one")
    unsettled.note(said("one"), SCENE)
    assert unsettled.take() == ["one"]


def test_commands_are_not_waited_for() -> None:
    assert sent("/who", "/msg alice psst", "/quit", "/meow").take() == []


def test_what_was_refused_is_settled() -> None:
    unsettled = sent("one", "two", "x" * 5000)
    unsettled.note(Refused("line-too-long", "too long"), SCENE)
    unsettled.note(Refused("not-kept", "the disk is full"), SCENE)
    unsettled.note(Refused("no-such-nickname", "of a command"), SCENE)
    assert unsettled.take() == ["two"]


def test_refusals_of_nothing_are_fine() -> None:
    unsettled = sent()
    unsettled.note(Refused("line-too-long", "too long"), SCENE)
    unsettled.note(Refused("in-no-room", "in none"), SCENE)
    assert unsettled.take() == []


def test_it_remembers_no_more_than_it_says() -> None:
    assert sent(*map(str, range(MAX_LINES + 5))).take() == [str(number) for number in range(5, MAX_LINES + 5)]
