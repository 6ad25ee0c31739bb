"""What rings the bell."""

from __future__ import annotations

import pytest
from twisted.internet.task import Clock

from chatroom.client.bell import PAUSE, Bell
from chatroom.client.render_context import RenderContext
from chatroom.model.answers import Answer, Invited, Notice, Private
from chatroom.model.events import Acted, Event, Joined, Said

CONTEXT = RenderContext("bob", "lobby")


def rings(*things: Event | Answer, context: RenderContext = CONTEXT) -> int:
    clock = Clock()
    rung: list[float] = []
    bell = Bell(lambda: rung.append(clock.seconds()), clock.seconds)
    for thing in things:
        bell.heard(thing, context)
        clock.advance(PAUSE)
    return len(rung)


def said(nickname: str, text: str) -> Event:
    return Said(1, 0.0, "lobby", "", nickname, text)


@pytest.mark.parametrize(
    "thing",
    [
        said("alice", "hello Bob!"),
        Acted(1, 0.0, "lobby", "", "alice", "waves to bob"),
        Private(0.0, "alice", "bob", "psst"),
        Invited("alice", "tea"),
    ],
)
def test_what_is_meant_for_the_person_rings_it(thing: Event | Answer) -> None:
    assert rings(thing, thing) == 2
    # What was missed rings it as well, what was said before one came does not.
    assert rings(thing, context=CONTEXT._replace(past=True, back=True)) == 1
    if isinstance(thing, Event):
        assert rings(thing, context=CONTEXT._replace(past=True)) == 0


@pytest.mark.parametrize(
    "thing",
    [
        said("alice", "hello bobby"),
        said("bob", "I am bob"),
        Joined(1, 0.0, "lobby", "", "alice", "bob"),
        Private(0.0, "bob", "alice", "psst"),
        Notice("bob"),
    ],
)
def test_nothing_else_does(thing: Event | Answer) -> None:
    assert rings(thing) == 0


def test_it_does_not_ring_without_end() -> None:
    clock = Clock()
    rung: list[float] = []
    bell = Bell(lambda: rung.append(clock.seconds()), clock.seconds)
    for _ in range(100):
        bell.heard(said("alice", "bob"), CONTEXT)
        clock.advance(PAUSE / 10)
    assert len(rung) == 10
