"""Who was expelled, and may not come back at once, by plain calls."""

from __future__ import annotations

import pytest

from chatroom.core.expelled import EXPELLED_FOR, MAX_EXPELLED, Expelled


def test_somebody_may_not_come_back_for_a_while() -> None:
    expelled = Expelled()
    assert expelled.wait("203.0.113.1", "troll", 5) == 0
    expelled.note("203.0.113.1", "troll", 5)
    assert expelled.wait("203.0.113.1", "troll", 6) == EXPELLED_FOR - 1
    assert expelled.wait("203.0.113.1", "alice", 6) == 0
    assert expelled.wait("203.0.113.2", "troll", 6) == 0
    expelled.note("203.0.113.1", "troll", 10)
    assert expelled.wait("203.0.113.1", "troll", 9 + EXPELLED_FOR) == 1
    assert expelled.wait("203.0.113.1", "troll", 10 + EXPELLED_FOR) == 0
    assert expelled.wait("203.0.113.1", "troll", 10) == 0, "it is over"


@pytest.mark.parametrize(
    ("address", "other", "same"),
    [
        ("2001:db8::1", "2001:db8::ffff:2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:203.0.113.1", "203.0.113.1", True),
        ("::ffff:203.0.113.1", "::ffff:203.0.113.2", False),
        ("fe80::1%eth0", "fe80::1%eth0", True),
        ("", "", True),
        ("", "203.0.113.1", False),
    ],
)
def test_an_address_of_ipv6_is_that_of_its_network(address: str, other: str, same: bool) -> None:
    expelled = Expelled()
    expelled.note(address, "troll", 0)
    assert bool(expelled.wait(other, "troll", 1)) is same


def test_no_more_are_remembered_than_may_be() -> None:
    expelled = Expelled()
    for number in range(MAX_EXPELLED + 1):
        expelled.note("203.0.113.1", str(number), 0)
    assert [bool(expelled.wait("203.0.113.1", str(number), 1)) for number in (0, 1, MAX_EXPELLED)] == [
        False,
        True,
        True,
    ]
