"""One room, many doors: a chat server on Twisted.

The way of a line: a door (:mod:`chatroom.doors`) turns bytes into lines. A session (:mod:`chatroom.core.session`) turns
a line into a request. The room (:mod:`chatroom.core.chat`) decides whether the request may happen, and drafts an event
with a token. The log (:mod:`chatroom.log`) orders and keeps the event, and hands it back to the room with its token.
Delivery (:mod:`chatroom.core.delivery`) shows it to everybody.

:mod:`chatroom.core.commands` has the table of commands, :mod:`chatroom.model.events` the kinds of event,
:mod:`chatroom.wire.formats` the forms in which they are shown. :mod:`chatroom.server.options` is the command line of
the server, and :mod:`chatroom.client` the client. docs/architecture.rst has the whole map.
"""

from chatroom.client.protocol import ChatClientFactory, ChatClientProtocol
from chatroom.doors.line import ChatFactory, ChatProtocol
from chatroom.model.constants import ENCODING, HOST_NAME, MAGIC, PORT
from chatroom.version import __version__

__all__ = [
    "ENCODING",
    "HOST_NAME",
    "MAGIC",
    "PORT",
    "ChatClientFactory",
    "ChatClientProtocol",
    "ChatFactory",
    "ChatProtocol",
    "__version__",
]
