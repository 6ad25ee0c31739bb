"""A bot that answers whoever greets it."""

from twisted.application.internet import ClientService
from twisted.internet import reactor
from twisted.internet.endpoints import clientFromString

from chatroom import ChatClientFactory, ChatClientProtocol


class Greeter(ChatClientProtocol):
    def said(self, nickname: str, text: str) -> None:
        if text == f"hello {self.nickname}":
            self.say(f"hello {nickname}")


endpoint = clientFromString(reactor, "tcp:127.0.0.1:55555")
ClientService(endpoint, ChatClientFactory("greeter", Greeter)).startService()
reactor.run()
