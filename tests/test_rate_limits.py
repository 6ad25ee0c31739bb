"""How fast somebody may speak and how many may come, as sums: nobody gets more than their due, and all of it."""

from __future__ import annotations

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatroom.core.admission import REMEMBERED, Admission
from chatroom.core.rate_limits import RateLimit
from chatroom.model.errors import TooManyClients, TooManyFromHost
from chatroom.model.settings import PRIVATE_NETWORKS

EXEMPT = [ip_network(network) for network in PRIVATE_NETWORKS.split(",")]

RATES = st.floats(0.1, 1000)
BURSTS = st.integers(1, 1000)
PAUSES = st.lists(st.one_of(st.just(0.0), st.floats(0, 10)), max_size=300)


@given(RATES, BURSTS, PAUSES)
def test_nobody_takes_more_than_the_burst_and_what_the_rate_gives(rate: float, burst: int, pauses: list[float]) -> None:
    now = 1000.0
    limit = RateLimit(rate, burst, now)
    taken: list[float] = []
    for pause in pauses:
        now += pause
        if not limit.take(now):
            taken.append(now)

    # Of any stretch of time, not only from the beginning.
    for start in range(len(taken)):
        for end in range(start, len(taken)):
            assert end - start + 1 <= burst + rate * (taken[end] - taken[start]) + 1e-6


@given(RATES, BURSTS, st.integers(1, 300))
def test_whoever_waits_as_long_as_they_are_told_gets_their_line(rate: float, burst: int, count: int) -> None:
    now = 1000.0
    limit = RateLimit(rate, burst, now)
    for number in range(count):
        wait = limit.take(now)
        assert 0 <= wait <= 1 / rate + 1e-6
        if number < burst:
            assert wait == 0
        elif wait:
            # What is told is a time, and times are rounded.
            now += wait + 1e-9
            assert limit.take(now) == 0

    assert now - 1000 <= max(0, count - burst) / rate + count * 1e-6


@given(RATES, BURSTS, st.floats(0, 1e9))
def test_nobody_is_told_to_wait_for_less_than_a_clock_can_count(rate: float, burst: int, now: float) -> None:
    limit = RateLimit(rate, burst, now)
    taken = 0
    while taken < burst + 100:
        wait = limit.take(now)
        assert wait == 0 or now + wait > now
        taken += wait == 0
        now += wait


def test_whoever_was_quiet_may_burst_again_but_no_more_than_before() -> None:
    limit = RateLimit(10, 5, 0)
    assert [limit.take(0) for _ in range(5)] == [0] * 5
    assert limit.take(0) == pytest.approx(0.1)
    assert [limit.take(1000) for _ in range(5)] == [0] * 5
    assert limit.take(1000) > 0


def test_asking_too_early_costs_nothing() -> None:
    limit = RateLimit(1, 1, 0)
    assert limit.take(0) == 0
    for now in (0.1, 0.2, 0.3):
        assert limit.take(now) == pytest.approx(1 - now)
    assert limit.take(1.001) == 0


def test_what_is_spent_beforehand_is_waited_for_as_well() -> None:
    limit = RateLimit(1, 5, 0)
    limit.spend(7)
    assert limit.take(0) == pytest.approx(3)
    assert limit.take(3) == 0
    limit.spend(0.5)
    assert limit.take(4) == pytest.approx(0.5)


def test_there_is_always_room_for_one_line() -> None:
    limit = RateLimit(10, 0, 0)
    assert limit.take(0) == 0
    assert limit.take(0) == pytest.approx(0.1)


# Who may come.


def test_there_are_so_many_connections_and_no_more_until_one_goes() -> None:
    admission = Admission(2, 0, EXEMPT)
    admission.admit("203.0.113.1")
    admission.admit("203.0.113.2")
    with pytest.raises(TooManyClients, match=r"The server is full \(2 connections\): try again later"):
        admission.admit("203.0.113.3")
    admission.release("203.0.113.1")
    admission.admit("203.0.113.3")
    with pytest.raises(TooManyClients):
        admission.admit("203.0.113.1")


def test_there_are_so_many_from_one_address_and_others_may_come() -> None:
    admission = Admission(0, 2, EXEMPT)
    for _ in range(2):
        admission.admit("203.0.113.1")
    with pytest.raises(TooManyFromHost, match="There are 2 connections from your address already: close one"):
        admission.admit("203.0.113.1")
    admission.admit("203.0.113.2")
    admission.release("203.0.113.1")
    admission.admit("203.0.113.1")


def test_whoever_was_refused_does_not_count() -> None:
    admission = Admission(3, 1, EXEMPT)
    admission.admit("203.0.113.1")
    for _ in range(5):
        with pytest.raises(TooManyFromHost):
            admission.admit("203.0.113.1")
    admission.admit("203.0.113.2")
    admission.release("203.0.113.1")
    admission.admit("203.0.113.1")


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "127.9.9.9", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.1.1"),
        *("::1", "fc00::1", "fd12:3456::1", "fe80::1", "fe80::1%eth0", "::ffff:127.0.0.1", "::ffff:10.1.2.3", ""),
    ],
)
def test_any_number_may_come_from_here_and_from_private_networks(host: str) -> None:
    admission = Admission(0, 1, EXEMPT)
    for _ in range(5):
        admission.admit(host)


@pytest.mark.parametrize(
    "host",
    [
        *("8.8.8.8", "172.15.0.1", "172.32.0.1", "192.169.0.1", "11.0.0.1"),
        *("2001:db8::1", "::ffff:8.8.8.8", "::2", "fe00::1"),
    ],
)
def test_not_from_others(host: str) -> None:
    admission = Admission(0, 1, EXEMPT)
    admission.admit(host)

    with pytest.raises(TooManyFromHost):
        admission.admit(host)


def test_the_exempt_count_altogether() -> None:
    admission = Admission(1, 1, EXEMPT)
    admission.admit("127.0.0.1")

    with pytest.raises(TooManyClients):
        admission.admit("127.0.0.1")


def test_nought_is_no_limit() -> None:
    admission = Admission(0, 0, ())
    for _ in range(1000):
        admission.admit("203.0.113.1")


def test_whoever_has_gone_does_not_count() -> None:
    admission = Admission(0, 1, ())
    for _ in range(3):
        admission.admit("203.0.113.1")
        admission.release("203.0.113.1")


def test_an_address_that_has_used_some_of_its_share_is_not_forgotten_with_its_last_connection() -> None:
    admission = Admission(0, 0, ())
    address = admission.admit("203.0.113.1", 0)
    assert address.limit is not None
    address.limit.spend(1500)
    admission.release("203.0.113.1", 0)
    assert admission.admit("203.0.113.1", 0) is address
    admission.release("203.0.113.1", 1000)

    assert admission.admit("203.0.113.1", 1000) is not address


def test_the_addresses_of_one_site_are_one() -> None:
    admission = Admission(0, 1, ())
    admission.admit("2001:db8::1")
    with pytest.raises(TooManyFromHost):
        admission.admit("2001:db8::2")
    admission.admit("2001:db8:0:1::1")
    admission.release("2001:db8::1")

    admission.admit("2001:db8::2")


def test_of_one_site_an_address_may_be_exempt_and_the_others_not() -> None:
    admission = Admission(0, 1, [ip_network("2001:db8::7"), ip_network("2001:db8::100/120")])
    admission.admit("2001:db8::1")
    for _ in range(3):
        assert admission.admit("2001:db8::7").exempt
        assert admission.admit("2001:db8::1ff").exempt
    with pytest.raises(TooManyFromHost):
        admission.admit("2001:db8::2")
    for _ in range(3):
        admission.release("2001:db8::7")
    admission.release("2001:db8::1")

    assert not admission.admit("2001:db8::3").exempt


def test_somebody_without_a_connection_has_a_limit_that_stays_and_is_that_of_their_connections() -> None:
    admission = Admission(1, 0, EXEMPT)
    address = admission.visit("203.0.113.1", 0)
    assert address.limit is not None
    address.limit.spend(1500)

    assert admission.visit("203.0.113.1", 0) is address
    assert admission.admit("203.0.113.1", 0) is address
    assert admission.visit("203.0.113.1", 0) is address
    admission.release("203.0.113.1", 0)
    assert admission.visit("203.0.113.1", 0) is address
    assert admission.visit("10.0.0.1", 0).limit is None


def test_not_every_visitor_is_remembered() -> None:
    admission = Admission(0, 0, ())
    first, second = admission.visit("203.0.113.1"), admission.visit("203.0.113.2")
    for number in range(REMEMBERED - 1):
        admission.visit(f"2001:db8:0:{number:x}::1")

    assert admission.visit("203.0.113.2") is second
    assert admission.visit("203.0.113.1") is not first
