"""Whose turn it is: everybody has theirs, and those who ask for little do not stand behind those who ask for much."""

from __future__ import annotations

from collections.abc import Callable, Hashable

from hypothesis import given
from hypothesis import strategies as st

from chatroom.core.scheduling import AT_ONCE, FIRST_SLICE, SERVICE, SLICE, Scheduler


class Reactor:
    """A clock that goes on by what is done, and the turns of a reactor."""

    def __init__(self) -> None:
        self.now = 0.0
        self.on_its_way = 0.0
        """Times what may be on its way through the log."""
        self.scheduler = Scheduler(lambda times: self.on_its_way > times)
        self.scheduler.begin(lambda: self.now, self._soon)
        self._calls: list[Callable[[], None]] = []

    def _soon(self, call: Callable[[], None]) -> None:
        self._calls.append(call)

    def turn(self) -> float:
        """Do what is to be done in this turn; the seconds that it took."""
        began = self.now
        calls, self._calls = self._calls, []
        for call in calls:
            call()
        return self.now - began

    @property
    def idle(self) -> bool:
        return not self._calls


class Sender:
    """Somebody with pieces of work, each of which takes so long."""

    def __init__(self, reactor: Reactor, address: str = "", piece: float = 0.0001, is_in: bool = True) -> None:
        self.reactor = reactor
        self.is_in = is_in
        self.address = address
        self.piece = piece
        self.left = 0
        self.done_at: list[float] = []

    def send(self, pieces: int) -> None:
        self.left += pieces
        self.reactor.scheduler.offer(self)

    def run(self, now: float, until: float) -> bool:
        assert now == self.reactor.now
        while self.left:
            self.left -= 1
            self.reactor.now += self.piece
            self.done_at.append(self.reactor.now)
            if self.reactor.now >= until:
                break
        return bool(self.left)

    @property
    def is_little(self) -> bool:
        return self.left * self.piece <= FIRST_SLICE

    def flow(self) -> Hashable:
        return self.address or self


def busy(reactor: Reactor, count: int, address: str = "", piece: float = 0.0001) -> list[Sender]:
    """So many who have more to do than there is time, and have done some of it."""
    senders = [Sender(reactor, address, piece) for _ in range(count)]
    for sender in senders:
        sender.send(10**6)
    for _ in range(3 * count):
        reactor.turn()
    return senders


def test_what_is_little_is_done_at_once() -> None:
    reactor = Reactor()
    sender = Sender(reactor)
    sender.send(3)

    assert len(sender.done_at) == 3
    assert reactor.idle


def test_a_turn_is_short_however_many_send() -> None:
    reactor = Reactor()
    senders = [Sender(reactor) for _ in range(100)]
    began = reactor.now
    for sender in senders:
        sender.send(1000)
    assert reactor.now - began <= AT_ONCE + SLICE
    while not reactor.idle:
        assert reactor.turn() <= SERVICE + SLICE

    assert [len(sender.done_at) for sender in senders] == [1000] * 100


def test_who_comes_anew_is_served_in_the_next_turn() -> None:
    reactor = Reactor()
    busy(reactor, 100)
    sender = Sender(reactor)
    for _ in range(20):
        sender.send(1)
        began = reactor.now
        while len(sender.done_at) < 1:
            reactor.turn()
        assert sender.done_at.pop() - began <= SERVICE + SLICE
        for _ in range(100):
            reactor.turn()


def test_who_comes_with_little_does_not_stand_behind_those_who_come_with_much() -> None:
    reactor = Reactor()
    for sender in [Sender(reactor) for _ in range(1000)]:
        sender.send(100)
    sender = Sender(reactor)
    sender.send(1)
    began = reactor.now
    while not sender.done_at:
        reactor.turn()

    assert reactor.now - began <= SERVICE + SLICE


def test_who_is_in_does_not_stand_behind_a_flood_at_the_door() -> None:
    reactor = Reactor()
    busy(reactor, 1)
    flood = [Sender(reactor, is_in=False) for _ in range(1000)]
    for sender in flood:
        sender.send(1)
    member = Sender(reactor)
    member.send(1)
    began = reactor.now
    while not member.done_at:
        reactor.turn()

    assert reactor.now - began <= SERVICE + SLICE
    while not all(sender.done_at for sender in flood):
        reactor.turn()


def test_a_flood_at_the_door_does_not_keep_those_waiting_who_have_been_served() -> None:
    reactor = Reactor()
    members = busy(reactor, 3)
    served = [len(member.done_at) for member in members]
    for _ in range(300):
        for _ in range(40):
            Sender(reactor, is_in=False).send(1)
        reactor.turn()
    half = reactor.now / 2 / len(members)
    for member, before in zip(members, served, strict=True):
        assert (len(member.done_at) - before) * member.piece > half / 2


def test_while_the_log_has_enough_only_those_who_are_in_and_come_anew_are_served() -> None:
    reactor = Reactor()
    talker = Sender(reactor)
    reactor.on_its_way = 1.5
    talker.send(1000)
    assert talker.left
    left = talker.left
    newcomer, member = Sender(reactor, is_in=False), Sender(reactor)
    newcomer.send(1)
    member.send(1)
    while not reactor.idle:
        reactor.turn()
    assert (talker.left, newcomer.left, member.left) == (left, 1, 0)

    reactor.on_its_way = 2.5
    late = Sender(reactor)
    late.send(1)
    assert reactor.idle
    assert late.left

    reactor.on_its_way = 0.5
    reactor.scheduler.release()
    while not reactor.idle:
        reactor.turn()
    assert not any(one.left for one in (talker, newcomer, late))


def test_one_whose_pieces_are_dear_gets_no_more_time_than_others() -> None:
    reactor = Reactor()
    cheap = busy(reactor, 1)[0]
    (dear,) = busy(reactor, 1, piece=0.02)
    counts = len(cheap.done_at), len(dear.done_at)
    began = reactor.now
    while reactor.now < began + 10:
        reactor.turn()

    for sender, before in zip((cheap, dear), counts, strict=True):
        assert 4.5 <= (len(sender.done_at) - before) * sender.piece <= 5.5


def test_an_address_gets_no_more_time_than_another_with_fewer_connections() -> None:
    reactor = Reactor()
    many, one = busy(reactor, 50, "203.0.113.1"), busy(reactor, 1, "203.0.113.2")[0]
    before = sum(len(sender.done_at) for sender in many), len(one.done_at)
    began = reactor.now
    while reactor.now < began + 10:
        reactor.turn()

    assert 0.9 <= (sum(len(sender.done_at) for sender in many) - before[0]) / (len(one.done_at) - before[1]) <= 1.1
    assert all(sender.done_at for sender in many)


def test_what_is_withdrawn_is_not_done() -> None:
    reactor = Reactor()
    one, two = busy(reactor, 2)
    done = len(one.done_at)
    reactor.scheduler.withdraw(one)
    one.left = 0
    for _ in range(10):
        reactor.turn()
    assert len(one.done_at) == done
    two.left = 0
    while not reactor.idle:
        reactor.turn()

    assert len(reactor.scheduler) == 0


def test_others_are_served_though_the_work_of_one_raises_an_exception() -> None:
    reactor = Reactor()
    (one, two) = busy(reactor, 2)
    broken = Sender(reactor)

    def run(now: float, until: float) -> bool:
        raise ValueError("broken")

    broken.run = run  # type: ignore[method-assign]
    broken.send(1)
    raised = 0
    for _ in range(20):
        try:
            reactor.turn()
        except ValueError:
            raised += 1
    assert raised == 1
    for sender in (one, two):
        sender.left = 3
    while not reactor.idle:
        reactor.turn()

    assert (one.left, two.left) == (0, 0)
    newcomer = Sender(reactor)
    newcomer.send(1)
    assert len(newcomer.done_at) == 1, "what is little is done at once again"


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 30), st.integers(0, 3)), max_size=40))
def test_whatever_comes_all_of_it_is_done(steps: list[tuple[int, int, int]]) -> None:
    reactor = Reactor()
    senders = [Sender(reactor, address, piece) for address, piece in zip("aab", (0.001, 0.01, 0.0001), strict=True)]
    senders += [Sender(reactor) for _ in range(3)]
    sent = [0] * 6
    for number, pieces, turns in steps:
        sent[number] += pieces
        senders[number].send(pieces)
        for _ in range(turns):
            reactor.turn()
    while not reactor.idle:
        reactor.turn()

    assert [len(sender.done_at) for sender in senders] == sent
