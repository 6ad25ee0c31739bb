"""A door for shell scripts: who connects is in at once, reads lines of JSON, and gives no commands."""

from itertools import count

from chatroom.core.session import Session
from chatroom.doors.connection import Connection
from chatroom.doors.factory import DoorFactory
from chatroom.doors.line import ChatFactory
from chatroom.model.errors import NicknameTaken, PeerError
from chatroom.model.text import clean
from chatroom.wire.formats import JSON
from chatroom.wire.lines import LineSplitter


class ScriptConnection(Connection):
    def new_session(self) -> Session:
        self.lines = LineSplitter(self.factory.settings.max_line)
        session = super().new_session()
        session.format, session.echo = JSON, False
        return session

    def greet(self) -> None:
        for number in count(1):
            try:
                self.session.enter(f"script{number}")
            except NicknameTaken:
                continue
            except PeerError as refusal:
                self.say_goodbye(refusal)
            return

    def not_entered(self) -> None:
        self.close()

    def dataReceived(self, data: bytes) -> None:
        self.take(self.lines.feed(data))

    def last_piece(self) -> bytes:
        return self.lines.end()

    def lineReceived(self, line: bytes) -> None:
        text = clean(line.decode(errors="replace"))
        self.session.line(f"/{text}" if text.startswith("/") else text)


class ScriptFactory(DoorFactory[ScriptConnection]):
    protocol = ScriptConnection


if __name__ == "__main__":
    from twisted.internet import endpoints, reactor

    people = ChatFactory(reactor=reactor)
    scripts = ScriptFactory(chat=people.chat)
    for door, port in ((people, 55555), (scripts, 55556)):
        endpoints.serverFromString(reactor, f"tcp:{port}:interface=127.0.0.1").listen(door)
    reactor.addSystemEventTrigger("before", "shutdown", people.stop)
    reactor.addSystemEventTrigger("before", "shutdown", scripts.close_all)
    reactor.run()
