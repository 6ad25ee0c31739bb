"""The door for IRC clients: irssi, WeeChat, HexChat and bots join with nothing to set.

Rooms are channels (``lobby`` is ``#lobby``) and nicknames are the room's own, both carried as UTF-8. What goes over
the wire is RFC 1459 and RFC 2812 as https://modern.ircdocs.horse describes them, and what of IRCv3 a room without
accounts has a use for; docs/irc.rst says what maps to what. The way of a line through the package::

    protocol.py     bytes -> lines; pings
    message.py      a line -> a command and its parameters
    commands.py     the table of commands -> a handler in registration.py, channels.py, talk.py, people.py, ...
    session.py      the person: what they are answered, in the numerics of numerics.py
    labels.py       what one line is answered, put together under its label
    format.py       what happens in the rooms -> lines, once for all who have asked for the same
"""

from chatroom.doors.irc.protocol import IRCConnection, IRCFactory

__all__ = ["IRCConnection", "IRCFactory"]
