"""The names that the server, the client and programs that embed them agree on.

This module imports nothing, so that any module may import it.
"""

MAGIC = "NICK"
"""The nickname prompt: the line by which the server asks for a nickname."""

ENCODING = "utf-8"
"""The encoding of text on the wire, in both directions."""

FILE_ENCODING = "utf-8-sig"
"""The encoding of files that settings name: UTF-8, with or without the byte order mark that some editors begin with."""

HISTORY = "chatroom.sqlite"
"""The default file of the history of a server."""

HOST_NAME = "127.0.0.1"
"""The address on which the server listens and to which the client connects, unless told otherwise."""

PORT = 55555
"""The TCP port for both."""

LOBBY = "lobby"
"""The room that a newcomer enters, unless told otherwise."""

MAX_TOPIC = 390
"""Bytes of a topic: with the names beside it, it goes into a line of IRC."""
