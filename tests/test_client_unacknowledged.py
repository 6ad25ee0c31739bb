"""Requests that the server has yet to answer: in which order they are sent, and when they are settled."""

from __future__ import annotations

import random

import pytest

from chatroom.client.errors import TooManyUnacknowledged
from chatroom.client.unacknowledged import Request, Unacknowledged
from chatroom.model.answers import Answer, Done, Live, Notice, Past, People, Pong, Refused, Speaking
from chatroom.model.events import Acted, Event, Joined, Said
from chatroom.wire.requests import Do, Say


def made(*requests: Request) -> Unacknowledged:
    """Those requests, with 1, 2 and so on for refs."""
    unacknowledged = Unacknowledged()
    for number, request in enumerate(requests, 1):
        unacknowledged.add(request._replace(ref=str(number)))
    return unacknowledged


def event(kind: type[Event] = Said) -> Event:
    return kind(1, 0.0, "lobby", "m-1", "bob", "text")


def refs(requests: Unacknowledged) -> list[str]:
    return [request.ref for request in requests]


def sent(requests: Unacknowledged, room: str = "lobby") -> list[str]:
    """The refs of those that may be sent now, with the rooms that they are about."""
    return [f"{request.ref} {request.room}".rstrip() for request in requests.next_to_send(room)]


# When one is settled.


@pytest.mark.parametrize(
    "thing", [event(), Done(7), Refused("not-kept", "The disk is full."), Notice("you are now called al")]
)
def test_what_comes_with_the_ref_settles_the_request(thing: Event | Answer) -> None:
    requests = made(Say("one"), Say("two"))
    assert requests.answered(thing, "1")
    assert refs(requests) == ["2"]
    assert not requests.answered(thing, "1")


def test_what_comes_with_another_ref_settles_nothing() -> None:
    requests = made(Say("one"))
    assert not requests.answered(event(), "7")
    assert refs(requests) == ["1"]


def test_a_server_that_is_stopping_has_not_refused_a_request() -> None:
    requests = made(Say("one"))
    assert not requests.answered(Refused("stopping", "The server is stopping: come back in a moment."), "1")
    assert refs(requests) == ["1"]


def test_joining_is_settled_once_one_is_in_the_room_and_knows_where_one_speaks() -> None:
    people = People("garden", "", ["bob"], 1)
    for last in (event(Joined), Speaking("garden"), Refused("too-many-rooms", "")):
        requests = made(Do("/join garden"))
        for thing in (people, Past("garden"), Live()):
            assert not requests.answered(thing, "1")
        assert requests.answered(last, "1")
    assert made(Do("/who garden")).answered(people, "1")


# What is sent, and in which order.


def test_each_is_sent_once_in_their_order_with_the_room_that_it_is_about() -> None:
    requests = made(Say("one"), Say("two", "garden"))
    assert sent(requests) == ["1 lobby", "2 garden"]
    assert sent(requests) == []
    requests.add(Do("/me waves", ref="3"))
    assert sent(requests) == ["3 lobby"]


def test_what_is_said_behind_a_command_waits_for_the_room_that_it_leads_to() -> None:
    requests = made(Say("one"), Do("/join garden"), Say("two"), Say("three", "lobby"))
    assert sent(requests) == ["1 lobby", "2 lobby"]
    assert requests.answered(event(), "1")
    assert sent(requests) == []
    assert requests.answered(event(Joined), "2")
    assert sent(requests, "garden") == ["3 garden", "4 lobby"]


def test_what_names_its_room_waits_for_no_command() -> None:
    requests = made(Do("/join garden"), Say("two", "lobby"), Say("three"))
    assert sent(requests) == ["1 lobby", "2 lobby"]


def test_somebody_who_is_in_no_room_names_none() -> None:
    assert sent(made(Do("/join garden")), "") == ["1"]


def test_after_a_reconnect_all_that_is_left_is_sent_again_for_the_same_rooms() -> None:
    requests = made(Say("one"), Say("two"), Do("/join garden"), Say("three"))
    assert sent(requests) == ["1 lobby", "2 lobby", "3 lobby"]
    assert requests.answered(event(), "1")
    assert requests.connected() == []
    assert sent(requests, "kitchen") == ["2 lobby", "3 lobby"]
    assert requests.answered(event(Joined), "3")
    assert sent(requests, "garden") == ["4 garden"]


def test_what_is_answered_before_it_is_sent_again_is_not_sent_again() -> None:
    requests = made(Say("one"), Say("two"), Say("three"))
    sent(requests)
    requests.connected()
    assert requests.answered(event(), "2")
    assert sent(requests) == ["1 lobby", "3 lobby"]


def test_to_quit_has_no_answer_and_is_not_asked_for_twice() -> None:
    requests = made(Say("one"), Do("/QUIT supper"))
    assert sent(requests) == ["1 lobby", "2 lobby"]
    assert refs(requests) == ["1"]
    requests.connected()
    assert sent(requests) == ["1 lobby"]


def test_what_would_hit_another_the_second_time_is_not_sent_again_and_that_is_told() -> None:
    requests = made(Do("/kill eve spam"), Do("/kill bob spam"))
    assert sent(requests) == ["1 lobby"]
    assert [request.command for request in requests.connected()] == ["/kill eve spam"]
    assert sent(requests) == ["2 lobby"]


# Its bounds.


def test_there_are_no_more_than_may_be() -> None:
    requests = Unacknowledged(max_requests=2)
    for ref in "12":
        requests.add(Say("x", ref=ref))
    with pytest.raises(TooManyUnacknowledged, match="has yet to answer 2 requests"):
        requests.add(Say("x", ref="3"))
    assert requests.answered(event(), "1")
    requests.add(Say("x", ref="3"))
    assert refs(requests) == ["2", "3"]


def test_they_have_no_more_bytes_than_they_may() -> None:
    requests = Unacknowledged(max_bytes=10)
    requests.add(Say("é" * 4, ref="1"))
    with pytest.raises(TooManyUnacknowledged):
        requests.add(Do("/me", ref="2"))
    requests.add(Do("/w", ref="2"))
    requests.forget("1")
    requests.forget("1")
    requests.add(Say("x" * 8, ref="3"))
    assert len(requests) == 2


def test_one_that_is_longer_than_all_may_be_has_its_turn() -> None:
    requests = Unacknowledged(max_bytes=10)
    requests.add(Say("x" * 100, ref="1"))
    assert sent(requests) == ["1 lobby"]


def test_whatever_is_answered_and_lost_each_is_sent_until_it_is_answered_and_in_order() -> None:
    chance = random.Random(8)
    requests = Unacknowledged()
    open_: list[int] = []
    answered: set[int] = set()
    for step in range(5000):
        if chance.random() < 0.5:
            request = Do("/me waves", "lobby", str(step)) if chance.random() < 0.3 else Say("x", ref=str(step))
            requests.add(request)
            open_.append(step)
        elif open_ and chance.random() < 0.7:
            number = chance.choice(open_)
            assert requests.answered(event(Acted), str(number))
            open_.remove(number)
            answered.add(number)
        elif chance.random() < 0.1:
            requests.connected()
        else:
            out = [int(request.ref) for request in requests.next_to_send("lobby")]
            assert out == sorted(out)
            assert not answered & {*out}
        assert refs(requests) == [str(number) for number in open_]
    for number in open_:
        assert not requests.answered(Past("lobby"), str(number))
        assert requests.answered(Pong(""), str(number))
    assert len(requests) == 0
    assert sent(requests) == []
