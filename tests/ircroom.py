"""A room in memory with an IRC door, for those who come in by it."""

from __future__ import annotations

import re
from base64 import b64encode
from typing import Any

from stepped import House, SteppedLog

from chatroom.core.chat import Chat
from chatroom.core.delivery import Delivery
from chatroom.core.members import Member
from chatroom.core.nicknames import Answer, LocalNicknames
from chatroom.doors.irc import IRCFactory
from chatroom.log.memory import MemoryLog
from chatroom.model.settings import Settings
from chatroom.testing import MemoryRoom, Person

SERVER = "chatroom.localhost"

PASSWORD = "correct-horse-battery"


class IRCRoom(MemoryRoom):
    """A server with two doors: that for lines, and one for IRC clients."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.door = IRCFactory(chat=self.chat, reactor=self.clock)

    def knock(self, *lines: str) -> Person:
        """Somebody who has connected to the IRC door and sent ``lines``."""
        person = self.connect(self.door)
        if lines:
            person.type(*lines)
        return person

    def with_account(self, nickname: str, password: str = PASSWORD) -> None:
        """Have there be an account, with nobody logged in to it."""
        person = self.enter(nickname)
        person.type("/register", password, password)
        assert f"* you are logged in to the account {nickname}" in person.lines()
        person.type("/quit")
        self.settle()

    def logged_in(self, nickname: str, capabilities: str = "", rooms: str = "", account: str = "") -> Person:
        """The same as :meth:`irc`, logged in to ``account``, or else to that of the nickname, which there is."""
        person = self.irc(nickname, f"sasl {capabilities}".rstrip(), account=account or nickname)
        if rooms:
            person.type(f"JOIN {rooms}")
            person.lines()
        return person

    def irc(self, nickname: str, capabilities: str = "", rooms: str = "", account: str = "") -> Person:
        """Somebody who is registered, is in ``rooms``, and has taken notice of what they were told.

        :param account: logs them in to it; with the capability sasl.
        """
        wants = ["CAP LS 302", f"CAP REQ :{capabilities}"] if capabilities else []
        sasl = ["AUTHENTICATE PLAIN", *plain(account)] if account else []
        end = ["CAP END"] if capabilities else []
        person = self.knock(*wants, f"NICK {nickname}", f"USER {nickname} 0 * :{nickname.title()}", *sasl, *end)
        shown = person.lines()
        assert numbers(shown)[-1:] in (["422"], ["376"]), f"{nickname} was not let in: {shown}"
        if rooms:
            person.type(f"JOIN {rooms}")
            shown = person.lines()
            assert "366" in numbers(shown), f"{nickname} did not get into {rooms}: {shown}"
        return person


class LateNicknames(LocalNicknames):
    """Nicknames whose claims are answered when a test says so."""

    def __init__(self) -> None:
        super().__init__()
        self._waiting: list[tuple[Member, str, Answer]] = []

    def claim(self, member: Member, nickname: str, answer: Answer) -> None:
        self._waiting.append((member, nickname, answer))

    def answer(self) -> int:
        """Answer all claims that wait; how many did."""
        waiting, self._waiting = self._waiting, []
        for claim in waiting:
            super().claim(*claim)
        return len(waiting)


class LateIRCRoom(IRCRoom):
    """The same where nobody is called anything before ``names`` has answered."""

    def __init__(self) -> None:
        self.names = LateNicknames()
        log = MemoryLog(lambda call: self.clock.callLater(0, call), lambda: 0.0)
        chat = Chat(log, Delivery(), now=lambda: 0.0, settings=Settings(replay=0), nicknames=self.names)
        super().__init__(chat=chat)

    def named(self, nickname: str, capabilities: str = "", rooms: str = "") -> Person:
        """Somebody who is registered, is in ``rooms``, and has taken notice of what they were told."""
        wants = [f"CAP REQ :{capabilities}", "CAP END"] if capabilities else []
        person = self.knock(*wants[:1], f"NICK {nickname}", f"USER {nickname} 0 * :{nickname.title()}", *wants[1:])
        self.settle()
        assert self.names.answer() == 1
        if rooms:
            person.type(f"JOIN {rooms}")
        person.lines()
        return person


class SteppedIRCRoom(IRCRoom):
    """The same on a log that does nothing by itself; Alice is in its lobby, and has taken notice of that."""

    def __init__(self, log: SteppedLog | None = None, capabilities: str = "") -> None:
        house = House(log)
        super().__init__(chat=house.chat)
        self.log = house.log
        self.alice = self.irc("alice", capabilities)
        self.has_joined(self.alice, "#lobby")

    def has_joined(self, person: Person, *rooms: str) -> None:
        """Have ``person`` be in ``rooms``, and everybody have taken notice of that."""
        person.type(f"JOIN {','.join(rooms)}")
        for _ in rooms:
            self.settle()
            self.log.commit()
        person.lines()
        self.alice.lines()


def numbers(lines: list[str]) -> list[str]:
    """The command or numeric of each line."""
    words = [re.sub(r"^@\S+ ", "", line).split(" ") for line in lines]
    return [found[1] if found[0].startswith(":") else found[0] for found in words]


def bare(lines: list[str]) -> list[str]:
    """``lines`` without their tags, and of who they are from the nickname alone, or nothing where it is the server."""
    without = [re.sub(r"^@\S+ ", "", line) for line in lines]
    without = [re.sub(rf"^:{re.escape(SERVER)} ", "", line) for line in without]
    return [re.sub(r"^:([^! ]+)![^ ]+ ", r"\1 ", line) for line in without]


def texts(lines: list[str]) -> list[str]:
    """The last words of each line."""
    return [line.split(" :")[-1] for line in lines]


def ask(person: Person, *lines: str) -> list[str]:
    """Send ``lines``; what is answered, :func:`bare`."""
    person.type(*lines)
    return bare(person.lines())


def plain(name: str, password: str = PASSWORD, act_as: str | None = None) -> list[str]:
    """The lines that give a name and a password by SASL's PLAIN."""
    message = b64encode("\0".join((name if act_as is None else act_as, name, password)).encode()).decode()
    pieces = [message[start : start + 400] for start in range(0, len(message), 400)]
    if len(pieces[-1]) == 400:
        pieces.append("+")
    return [f"AUTHENTICATE {piece}" for piece in pieces]


def tags_of(line: str) -> dict[str, str]:
    """The tags of a line, by their names."""
    if not line.startswith("@"):
        return {}
    tags = line[1:].partition(" ")[0].split(";")
    return {name: value for name, _, value in (tag.partition("=") for tag in tags)}
