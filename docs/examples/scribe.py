"""A bot that writes down everything that happens in a room, each event once, and goes on where it was."""

from pathlib import Path

from twisted.application.internet import ClientService
from twisted.internet import reactor
from twisted.internet.endpoints import clientFromString

from chatroom import ChatClientFactory, ChatClientProtocol
from chatroom.model.answers import Answer
from chatroom.model.events import Event

MINUTES = Path("minutes.txt")


class Scribe(ChatClientProtocol):
    def received(self, thing: Event | Answer, ref: str) -> None:
        if isinstance(thing, Event) and thing.kept:
            place = f"{thing.id}@{self.factory.history}"
            with MINUTES.open("a", encoding="utf-8") as file:
                print(place, thing.kind, thing.room, thing.nickname, thing.text.replace("\n", " / "), file=file)


factory = ChatClientFactory("scribe", Scribe)
if MINUTES.exists():
    place = MINUTES.read_text(encoding="utf-8").splitlines()[-1].split()[0]
    last_id, _, factory.history = place.partition("@")
    factory.last_id = int(last_id)
ClientService(clientFromString(reactor, "tcp:127.0.0.1:55555"), factory).startService()
reactor.run()
