"""A bot that answers whoever greets it, over TLS."""

from twisted.application.internet import ClientService
from twisted.internet import reactor

from chatroom import ChatClientFactory, ChatClientProtocol
from chatroom.client.encryption import EncryptedEndpoint, authorities_in


class Greeter(ChatClientProtocol):
    def said(self, nickname: str, text: str) -> None:
        if text == f"hello {self.nickname}":
            self.say(f"hello {nickname}")


endpoint = EncryptedEndpoint(reactor, "localhost", 55555, authorities_in("ca.pem"))
ClientService(endpoint, ChatClientFactory("greeter", Greeter)).startService()
reactor.run()
