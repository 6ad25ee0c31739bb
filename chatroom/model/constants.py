"""The names that the server, the client and whoever embeds them agree on.

Nothing is imported here, so that anything may import this.
"""

MAGIC = "NICK"
"""What the server says when it wants to hear a nickname."""

ENCODING = "utf-8"
"""How text is carried, in both directions."""

HOST_NAME = "127.0.0.1"
"""Where the server listens and the client connects, unless told otherwise."""

PORT = 55555
"""The TCP port for both."""

LOBBY = "lobby"
"""The room that one enters, unless told otherwise."""
