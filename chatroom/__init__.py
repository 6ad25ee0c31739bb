"""One room, many doors: a chat server on Twisted.

The way of a line: a door (:mod:`chatroom.doors`) turns bytes into lines; a session (:mod:`chatroom.core.session`)
turns a line into a request; the room (:mod:`chatroom.core.chat`) decides whether it may happen and drafts an event;
the log (:mod:`chatroom.log`) orders and keeps it and hands it back to the room; delivery
(:mod:`chatroom.core.delivery`) shows it to everybody. :mod:`chatroom.core.commands` is the table of commands,
:mod:`chatroom.model.events` the kinds of events, :mod:`chatroom.wire.formats` what they look like,
:mod:`chatroom.server.service` the command line of the server and :mod:`chatroom.client` the client.
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
