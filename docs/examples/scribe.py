"""A bot that writes down everything that happens in a room, each event once, and goes on where it was."""

from pathlib import Path

from twisted.application.internet import ClientService
from twisted.internet import reactor
from twisted.internet.endpoints import clientFromString

from chatroom import ChatClientFactory, ChatClientProtocol
from chatroom.model.events import Answer, Event

MINUTES = Path("minutes.txt")


class Scribe(ChatClientProtocol):
    def received(self, thing: Event | Answer) -> None:
        if isinstance(thing, Event):
            with MINUTES.open("a", encoding="utf-8") as file:
                print(thing.id, type(thing).__name__, thing.room, thing.nickname, thing.text, file=file)


factory = ChatClientFactory("scribe", Scribe)
if MINUTES.exists():
    factory.last_id = int(MINUTES.read_text(encoding="utf-8").splitlines()[-1].split()[0])
ClientService(clientFromString(reactor, "tcp:127.0.0.1:55555"), factory).startService()
reactor.run()
