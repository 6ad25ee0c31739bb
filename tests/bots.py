"""Bots that write down what they are called with, in rooms in memory and before a server that a test plays."""

from __future__ import annotations

from collections.abc import Sequence

from twisted.internet.testing import StringTransport

from chatroom import ChatClientFactory, ChatClientProtocol
from chatroom.model.answers import Answer
from chatroom.model.events import Event
from chatroom.testing import MemoryRoom


class Bot(ChatClientProtocol):
    """Writes down what it is called with."""

    def connectionMade(self) -> None:
        self.calls: list[tuple[str, ...]] = []
        self.things: list[Event | Answer] = []
        # What came of each request, by its ref: the id of an event, or the code of a refusal.
        self.outcomes: dict[str, int | str] = {}
        super().connectionMade()

    def news(self) -> list[tuple[str, ...]]:
        """The calls since the last time."""
        news, self.calls = self.calls, []
        return news

    def entered(self) -> None:
        self.calls.append(("entered",))

    def said(self, nickname: str, text: str) -> None:
        self.calls.append(("said", nickname, text))

    def acted(self, nickname: str, text: str) -> None:
        self.calls.append(("acted", nickname, text))

    def told(self, nickname: str, text: str) -> None:
        self.calls.append(("told", nickname, text))

    def joined(self, nickname: str) -> None:
        self.calls.append(("joined", nickname))

    def left(self, nickname: str, reason: str) -> None:
        self.calls.append(("left", nickname, reason))

    def renamed(self, nickname: str, new: str) -> None:
        self.calls.append(("renamed", nickname, new))

    def topic_changed(self, nickname: str, topic: str) -> None:
        self.calls.append(("topic_changed", nickname, topic))

    def noticed(self, text: str) -> None:
        self.calls.append(("noticed", text))

    def invited(self, nickname: str, room: str) -> None:
        self.calls.append(("invited", nickname, room))

    def reset(self, code: str, text: str) -> None:
        self.calls.append(("reset", code, text))

    def acknowledged(self, id: int, ref: str) -> None:
        self.outcomes[ref] = id

    def refused(self, code: str, text: str, ref: str) -> None:
        self.calls.append(("refused", code, text))
        if ref:
            self.outcomes[ref] = code

    def received(self, thing: Event | Answer, ref: str) -> None:
        self.things.append(thing)
        super().received(thing, ref)


def bot_in(room: MemoryRoom, nickname: str = "bot", rooms: Sequence[str] = ()) -> Bot:
    """One that is in, or was refused."""
    protocol = room.bot(ChatClientFactory(nickname, Bot, rooms))
    assert isinstance(protocol, Bot)
    return protocol


def news_of(room: MemoryRoom, bot: Bot) -> list[tuple[str, ...]]:
    room.settle()
    return bot.news()


def alone() -> tuple[Bot, StringTransport]:
    """A bot, and the transport that it writes to."""
    bot = ChatClientFactory("bot", Bot).buildProtocol(None)
    assert isinstance(bot, Bot)
    transport = StringTransport()
    bot.makeConnection(transport)
    return bot, transport
