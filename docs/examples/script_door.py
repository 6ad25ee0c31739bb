"""A door for shell scripts: a connection is in at once, reads lines of JSON, and gives no commands."""

from itertools import count

from chatroom.core.commands import COMMANDS
from chatroom.core.dialogue import Dialogue
from chatroom.core.requests import Request
from chatroom.doors.connection import Connection
from chatroom.doors.factory import DoorFactory
from chatroom.doors.line import ChatFactory
from chatroom.model.errors import LineTooLong
from chatroom.model.events import Event
from chatroom.model.text import clean
from chatroom.wire.jsonlines import JSON
from chatroom.wire.lines import LineSplitter
from chatroom.wire.requests import Say


class ScriptSession(Dialogue):
    def own(self, request: Request, event: Event) -> bytes:
        return b""


class ScriptConnection(Connection):
    def new_session(self) -> ScriptSession:
        self.lines, self.numbers = LineSplitter(self.factory.settings.max_line), count(1)
        self.script = ScriptSession(self.factory.chat, self, JSON, COMMANDS)
        return self.script

    def greet(self) -> None:
        taken = self.factory.chat.members
        self.script.enter(next(name for number in count(1) if (name := f"script{number}") not in taken))

    def not_entered(self) -> None:
        self.close()

    def decode(self, data: bytes) -> list[bytes | LineTooLong]:
        return self.lines.feed(data)

    def last_piece(self) -> bytes:
        return self.lines.end()

    def lineReceived(self, line: bytes) -> None:
        if text := clean(line.decode(errors="replace")).rstrip():
            self.script.take(Say(text, ref=str(next(self.numbers))))


class ScriptFactory(DoorFactory[ScriptConnection]):
    protocol = ScriptConnection


if __name__ == "__main__":
    from twisted.internet import endpoints, reactor

    people = ChatFactory(reactor=reactor)
    scripts = ScriptFactory(chat=people.chat)
    for door, port, stop in ((people, 55555, people.stop), (scripts, 55556, scripts.close_all)):
        endpoints.serverFromString(reactor, f"tcp:{port}:interface=127.0.0.1").listen(door)
        reactor.addSystemEventTrigger("before", "shutdown", stop)
    reactor.run()
