"""One room with three doors: lines on port 55555, the page on 8080, IRC on 6667."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.endpoints import serverFromString
from twisted.internet.task import react

from chatroom import ChatFactory
from chatroom.doors.irc import IRCFactory
from chatroom.doors.web import WebFactory


def main(reactor: Any, lines: str = "55555", page: str = "8080", irc: str = "6667") -> Deferred[None]:
    factory = ChatFactory(reactor=reactor)
    web = WebFactory(chat=factory.chat, reactor=reactor)
    relay = IRCFactory(chat=factory.chat, reactor=reactor)
    for door, port in ((factory, lines), (web, page), (relay, irc)):
        serverFromString(reactor, f"tcp:{port}:interface=127.0.0.1").listen(door)

    def stop() -> Deferred[Any]:
        return factory.stop().addCallback(lambda _: DeferredList([web.close_all(), relay.close_all()]))

    reactor.addSystemEventTrigger("before", "shutdown", stop)
    return Deferred()


if __name__ == "__main__":
    react(main)
