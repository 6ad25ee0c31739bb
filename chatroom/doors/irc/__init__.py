"""The door for IRC clients: irssi, WeeChat, HexChat and bots join with nothing to set.

Rooms are channels (``lobby`` is ``#lobby``) and nicknames are the room's own, both carried as UTF-8. The wire is RFC
1459 and RFC 2812 as https://modern.ircdocs.horse describes them, and what of IRCv3 rooms have a use for;
docs/irc.rst says what maps to what. The way of a line through the package::

    protocol.py       bytes -> lines; pings
    message.py        a line -> a command and its parameters
    commands.py       the table of commands -> the function that does each:
      welcome.py        PASS, NICK, USER, on the way in (registration.py draws its phases)
      capabilities.py   CAP
      accounts.py       AUTHENTICATE (plain.py puts its pieces together), REGISTER, VERIFY
      services.py       NICKSERV, NS, and messages to NickServ
      channels.py       JOIN, PART, TOPIC, NAMES, LIST, MODE, KICK, INVITE
      talk.py           PRIVMSG, NOTICE, BATCH (multiline.py puts its lines together), AWAY, SETNAME
      people.py         WHO, WHOIS, WHOWAS, USERHOST, ISON
      monitor.py        MONITOR
      history.py        CHATHISTORY, HISTORY
      information.py    LUSERS, MOTD, VERSION and other questions to the server
      operators.py      OPER, KILL, WALLOPS
    session.py        the person: requests to the room, and answers in the numerics of numerics.py
    labels.py         the answer to one line, known by the line's label
    format.py         what happens in the rooms -> lines, once for all who have asked for the same
    batches.py        lines that belong together

and beside it ``server.py``, what all sessions share, and ``users.py``, who people are.
"""

from chatroom.doors.irc.protocol import IRCConnection, IRCFactory

__all__ = ["IRCConnection", "IRCFactory"]
