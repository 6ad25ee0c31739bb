"""A chatroom and a web site in one process: the site shows who is in the room, and speaks in it."""

from twisted.internet import reactor
from twisted.internet.endpoints import serverFromString
from twisted.web.resource import Resource
from twisted.web.server import Request, Site

from chatroom import ChatFactory
from chatroom.model.events import Event


def log(event: Event) -> None:
    print(type(event).__name__, event.room, event.nickname, event.text, flush=True)


class WhoIsHere(Resource):
    isLeaf = True

    def render_GET(self, request: Request) -> bytes:
        request.setHeader("content-type", "text/plain; charset=utf-8")
        return "".join(f"{nickname}\n" for nickname in room.nicknames).encode()

    def render_POST(self, request: Request) -> bytes:
        text = request.content.read() if request.content else b""
        room.broadcast(text.decode(errors="replace"))
        return b"told\n"


room = ChatFactory(hook=log, replay=5)
serverFromString(reactor, "tcp:55555:interface=127.0.0.1").listen(room)
serverFromString(reactor, "tcp:8080:interface=127.0.0.1").listen(Site(WhoIsHere()))
reactor.addSystemEventTrigger("before", "shutdown", room.stop)
reactor.run()
