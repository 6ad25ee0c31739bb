"""What a message costs, counted in calls: a guard that does not depend on how busy the machine is.

Counted are all calls, of Python's functions and of those in C, that the server makes for a fixed piece of work in
memory. The same work makes the same calls every time, so a failure is never noise: something on the way of a line
does more than it did. ``make profile`` shows what. Where that is worth it, raise the bound, which is a little above
what the work costs now with the Python that makes the most of it; where it is less now by far, lower it.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any

import pytest
from twisted.internet.address import IPv4Address
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import Clock
from twisted.protocols.basic import LineReceiver

from chatroom import ChatFactory

TEXT = b"x" * 64

LINES_TO_A_READ = 8
"""What a connection that is busy finds at once."""


@dataclass
class Cost:
    """Calls so far."""

    calls: int = 0


@contextmanager
def counting() -> Iterator[Cost]:
    """Count what is called within the block, in this thread."""
    cost = Cost()

    def count(frame: FrameType, event: str, argument: object) -> None:
        if event in ("call", "c_call"):
            cost.calls += 1

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        yield cost
    finally:
        sys.setprofile(before)


class Handle(socket.socket):
    """A socket that takes everything, and counts it."""

    def __init__(self) -> None:
        super().__init__(socket.AF_UNIX)
        self.taken = 0

    def send(self, data: Any, flags: int = 0) -> int:
        self.taken += len(data)
        return len(data)


class Wire:
    """The transport of such a socket; it costs next to nothing itself."""

    disconnecting = False

    def __init__(self) -> None:
        self.handle = Handle()

    def getHandle(self) -> Handle:
        return self.handle

    def write(self, data: bytes) -> None:
        self.handle.send(data)

    def getPeer(self) -> IPv4Address:
        return IPv4Address("TCP", "127.0.0.1", 1)

    def loseConnection(self) -> None:
        pass

    def pauseProducing(self) -> None:
        pass

    def resumeProducing(self) -> None:
        pass


class Naive(LineReceiver):
    """What one would write first: each line to everybody, at once. It checks nothing and keeps nothing."""

    factory: NaiveFactory
    nickname = b""

    def lineReceived(self, line: bytes) -> None:
        if not self.nickname:
            self.nickname = line
            self.factory.members.append(self)
        else:
            for member in self.factory.members:
                member.sendLine(b"%s: %s" % (self.nickname, line))


class NaiveFactory(Factory):
    protocol: Callable[..., Naive] | None = Naive  # type: ignore[assignment]

    def __init__(self) -> None:
        self.members: list[Naive] = []


class Crowd:
    """A server in memory, with everybody in."""

    def __init__(self, factory: Factory, clock: Clock, size: int, options: Sequence[bytes]) -> None:
        """:param options: what stands behind the nicknames, in turn."""
        self._clock = clock
        self.wires = [Wire() for _ in range(size)]
        self.connections: list[Protocol] = []
        for number, wire in enumerate(self.wires):
            connection = factory.buildProtocol(IPv4Address("TCP", "127.0.0.1", number + 1))
            assert isinstance(connection, Protocol)
            connection.makeConnection(wire)
            connection.dataReceived(b"user%d%s\r\n" % (number, options[number % len(options)]))
            self.settle()
            self.connections.append(connection)

    def close(self) -> None:
        for wire in self.wires:
            wire.handle.close()

    def settle(self) -> None:
        """Do what is due now."""
        while any(call.getTime() <= self._clock.seconds() for call in self._clock.getDelayedCalls()):
            self._clock.advance(0)

    def least_cost(self) -> int:
        """The calls for one message; a few more go to gathering the next one where delivery is slow."""
        return min(self.cost_of_talk(1, 1) for _ in range(5))

    def cost_of_talk(self, speakers: int, lines: int) -> int:
        """The calls that it takes when each of so many say so many lines, and the event loop turns once for each read.

        The clock's own calls are in it, a few to a turn.
        """
        data = (TEXT + b"\r\n") * min(lines, LINES_TO_A_READ)
        before = [wire.handle.taken for wire in self.wires]
        with counting() as cost:
            for _ in range(lines // min(lines, LINES_TO_A_READ)):
                for connection in self.connections[:speakers]:
                    connection.dataReceived(data)
                self.settle()
        shown = {wire.handle.taken - taken for wire, taken in zip(self.wires, before, strict=True)}
        # Everybody was shown everything; a nickname, a colon and a space come with each line.
        (size,) = shown
        assert size >= speakers * lines * (len(TEXT) + len("user0: \r\n"))
        return cost.calls


Make = Callable[..., Crowd]


@pytest.fixture
def crowd() -> Iterator[Make]:
    """Makes a crowd of so many, at what it is given, who enter with those options in turn."""
    made: list[Crowd] = []

    def make(factory: Callable[[Clock], Factory], size: int, options: Sequence[bytes] = (b"",)) -> Crowd:
        clock = Clock()
        made.append(Crowd(factory(clock), clock, size, options))
        return made[-1]

    yield make
    for one in made:
        one.close()


def chatroom(clock: Clock) -> Factory:
    return ChatFactory(reactor=clock, rate=0)


def naive(clock: Clock) -> Factory:
    return NaiveFactory()


def test_the_same_work_makes_the_same_calls(crowd: Make) -> None:
    first, second = (crowd(chatroom, 20).cost_of_talk(19, 80) for _ in range(2))
    # Not to the call: what an earlier test has left in a cache costs nothing again.
    assert abs(first - second) < first / 1000


def test_a_message_among_many_makes_few_calls(crowd: Make) -> None:
    """What a busy room pays for a message, whoever hears it: split, checked, ordered, rendered once."""
    messages = 19 * 80
    assert crowd(chatroom, 20).cost_of_talk(19, 80) / messages <= 30


def test_a_message_alone_makes_few_calls(crowd: Make) -> None:
    """What a quiet room pays for a message: a turn of the event loop and a batch of its own. Nobody else is there."""
    room = crowd(chatroom, 1)
    assert room.least_cost() <= 148


def test_a_delivery_makes_hardly_a_call(crowd: Make) -> None:
    """What each more who hears a message adds: the queue's write, the socket's send, and the counting of what went."""
    few, many = crowd(chatroom, 50), crowd(chatroom, 250)
    assert (many.least_cost() - few.least_cost()) / 200 <= 5


def test_a_message_costs_programs_no_more_where_they_speak_in_different_rooms(crowd: Make) -> None:
    """What they are sent is the same bytes, rendered once; people are shown which room it is of."""

    def cost(*rooms: bytes) -> int:
        room = crowd(chatroom, 20, [b" format=json room=" + names for names in rooms])
        return room.least_cost()

    assert cost(b"lobby,garden", b"garden,lobby") == cost(b"lobby,garden")


def test_a_busy_room_costs_a_fraction_of_what_one_would_write_first(crowd: Make) -> None:
    """A message is rendered once, and a batch written once to each: not each message to each."""
    ours, theirs = (crowd(factory, 200).cost_of_talk(50, 40) for factory in (chatroom, naive))
    assert ours / theirs <= 0.032


def test_a_small_room_costs_less_than_what_one_would_write_first(crowd: Make) -> None:
    """Where few hear a message, what is done once for each message weighs most."""
    ours, theirs = (crowd(factory, 20).cost_of_talk(19, 80) for factory in (chatroom, naive))
    assert ours / theirs <= 0.29
