"""What docs/irc.rst says of the IRC door is so."""

from __future__ import annotations

import re
from pathlib import Path

from ircroom import IRCRoom, ask

from chatroom.core.operators import MAX_WRONG, WRONG_FOR
from chatroom.doors.irc.capabilities import CAPABILITIES, WHERE_THERE_ARE_ACCOUNTS
from chatroom.doors.irc.commands import COMMANDS
from chatroom.doors.irc.information import MAX_HISTORY
from chatroom.doors.irc.message import MAX_LINE, MAX_TAGS
from chatroom.doors.irc.numerics import Numeric
from chatroom.doors.irc.protocol import PING_AFTER, PING_TIMEOUT
from chatroom.model.names import MAX_NAME_LENGTH
from chatroom.model.settings import Settings

ROOT = Path(__file__).parent.parent
PAGE = re.sub(r"\s+", " ", (ROOT / "docs/irc.rst").read_text(encoding="utf-8"))


def test_every_capability_is_named_and_no_other() -> None:
    listed = PAGE.split("Capabilities (``CAP``):")[1].split(". There are also ``MONITOR``")[0]

    assert [name for name in re.findall(r"``([a-z/-]+)``", listed) if name != "msgid"] == sorted(
        (*CAPABILITIES, *WHERE_THERE_ARE_ACCOUNTS)
    )


def test_the_limits_are_those_that_hold() -> None:
    assert f"up to {MAX_HISTORY} lines at once" in PAGE
    assert f"nothing for {PING_AFTER} seconds" in PAGE
    assert f"does not answer in {PING_TIMEOUT} more" in PAGE
    assert f"A line may have {MAX_LINE + 2} bytes, and {MAX_TAGS} more for tags" in PAGE
    assert f"up to {MAX_NAME_LENGTH} characters" in PAGE
    assert (MAX_WRONG, WRONG_FOR) == (30, 60)
    assert "After thirty wrong passwords in a minute from one address" in PAGE
    assert f"Default: ``{Settings().server_name}``" in PAGE


def test_what_there_is_not_is_said_to_clients_as_well() -> None:
    alice = IRCRoom().irc("alice", rooms="#lobby")

    assert (
        ask(alice, "KICK #lobby alice", "MODE #lobby +b x!*@*") == ["482 alice #lobby :You're not channel operator"] * 2
    )
    for token in re.findall(r"``([A-Z0-9]+(?:=\S+)?)``", PAGE):
        if token.startswith(("UTF8ONLY", "ELIST")):
            assert token in " ".join(ask(alice, "VERSION"))


def test_no_numeric_has_two_names() -> None:
    numbers = [numeric.number for numeric in Numeric]

    assert len(numbers) == len(set(numbers))
    assert all(re.fullmatch(r"\d{3}", number) for number in numbers)


def test_every_numeric_is_used() -> None:
    package = ROOT / "chatroom/doors/irc"
    code = "".join(path.read_text(encoding="utf-8") for path in package.glob("*.py") if path.name != "numerics.py")

    assert [numeric.name for numeric in Numeric if f"Numeric.{numeric.name}" not in code] == []


def test_every_command_says_what_it_is_for() -> None:
    alice = IRCRoom(rate=0).irc("alice")
    for name in COMMANDS:
        start, end = ask(alice, f"HELP {name}")
        assert re.fullmatch(rf"704 alice {name} :\S.{{10,}}", start), start
        assert end == f"706 alice {name} :End of HELP"
