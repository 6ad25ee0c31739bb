"""The table of IRC's commands: what each takes, when it may be used, and what does it.

A message to a room is said at once. Every other line waits until the messages that its sender has said before are kept:
so its answer, a PONG too, says that all before it is done and shown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from chatroom.doors.irc import (
    accounts,
    capabilities,
    channels,
    history,
    information,
    moderation,
    modes,
    monitor,
    operators,
    people,
    services,
    talk,
    welcome,
)
from chatroom.doors.irc.message import CTCP, Message
from chatroom.doors.irc.numerics import Numeric
from chatroom.doors.irc.session import IRCSession
from chatroom.model.errors import ChatError

Handler = Callable[[IRCSession, Sequence[str]], None]


class Command(NamedTuple):
    """One command; its handler's docstring is its help."""

    handler: Handler
    minimum: int = 0
    """How many parameters it needs."""
    outside: bool = False
    """Whether it may be used before one is in."""
    speaks: bool = False
    """Whether it says something: to rooms alone, it need not wait for the messages before it."""


def run(session: IRCSession, message: Message) -> None:
    """Do a line; the session is not busy."""
    name, parameters = message.command, message.parameters
    if not name:
        return
    if message.batch and session.entered and session.has_multiline:
        talk.add_to_batch(session, message)
        return
    label = message.label if session.has("labeled-response") and session.has("batch") else ""
    command = COMMANDS.get(name)
    if command is not None and not command.speaks:
        parameters = [parameter.replace(CTCP, "") for parameter in parameters]

    def do() -> None:
        if not message.valid:
            why = "That line is not UTF-8 and was thrown away: set your client to UTF-8"
            session.fail("INVALID_UTF8", text=why)
        elif command is None:
            session.numeric(Numeric.ERR_UNKNOWNCOMMAND if session.entered else Numeric.ERR_NOTREGISTERED, name)
        elif not command.outside and not session.entered:
            session.numeric(Numeric.ERR_NOTREGISTERED)
        elif len(parameters) < command.minimum:
            session.numeric(Numeric.ERR_NEEDMOREPARAMS, name)
        else:
            command.handler(session, parameters)

    answer = session.new_answer(name, label)
    if message.client_tags and session.has("message-tags"):
        answer.client_tags = message.client_tags
    if command is not None and command.speaks and talk.is_for_rooms(name, parameters):
        session.alone(lambda: session.do_line(answer, do))
    else:
        session.in_order(lambda: session.alone(lambda: session.do_line(answer, do)))


def refuse_line(session: IRCSession, error: ChatError) -> None:
    """Refuse a line that was thrown away as it came in."""
    session.do_line(session.new_answer("", ""), lambda: session.refuse(error))
    talk.lose_line(session)


def help_(session: IRCSession, parameters: Sequence[str]) -> None:
    """HELP [command]: list the commands, or explain one."""
    asked = parameters[0] if parameters else ""
    subject = asked.upper() or "*"
    command = COMMANDS.get(subject)
    if command is not None:
        lines = [(command.handler.__doc__ or "").strip()]
    elif asked:
        session.numeric(Numeric.ERR_HELPNOTFOUND, asked)
        return
    else:
        lines = ["The commands; HELP and one of them explains it:", " ".join(sorted(COMMANDS))]
    session.numeric(Numeric.RPL_HELPSTART, subject, text=lines[0])
    for line in lines[1:]:
        for row in session.words_in_lines(Numeric.RPL_HELPTXT, subject, words=line.split()):
            if row:
                session.send(row)
    session.numeric(Numeric.RPL_ENDOFHELP, subject)


COMMANDS: Mapping[str, Command] = {
    "ADMIN": Command(information.admin),
    "AUDIT": Command(moderation.audit),
    "AUTHENTICATE": Command(accounts.authenticate, 1, outside=True),
    "AWAY": Command(talk.away),
    "BATCH": Command(talk.batch, 1, speaks=True),
    "CAP": Command(capabilities.cap, 1, outside=True),
    "CHATHISTORY": Command(history.chathistory),
    "ERROR": Command(information.nothing, outside=True),
    "HELP": Command(help_),
    "HELPOP": Command(help_),
    "HISTORY": Command(history.history, 1),
    "INFO": Command(information.info),
    "INVITE": Command(channels.invite),
    "ISON": Command(people.ison, 1),
    "JOIN": Command(channels.join, 1),
    "KICK": Command(modes.kick, 2),
    "KILL": Command(operators.kill, 1),
    "LINKS": Command(information.links),
    "LIST": Command(channels.list_),
    "LUSERS": Command(information.lusers),
    "MODE": Command(modes.mode, 1),
    "MONITOR": Command(monitor.monitor, 1),
    "MOTD": Command(information.motd),
    "NAMES": Command(channels.names),
    "NICK": Command(welcome.nick, outside=True),
    "NICKSERV": Command(services.nickserv, 1),
    "NOTICE": Command(talk.notice, speaks=True),
    "NS": Command(services.nickserv, 1),
    "OPER": Command(operators.oper, 2),
    "PART": Command(channels.part, 1),
    "PASS": Command(welcome.pass_, 1, outside=True),
    "PING": Command(information.ping, 1, outside=True),
    "PONG": Command(information.nothing, outside=True),
    "PRIVMSG": Command(talk.privmsg, speaks=True),
    "PURGE": Command(moderation.purge, 2),
    "QUIT": Command(information.quit_, outside=True),
    "REDACT": Command(moderation.redact, 2),
    "REGISTER": Command(accounts.register, 3, outside=True),
    "REPORT": Command(moderation.report, 2),
    "REPORTS": Command(moderation.reports),
    "SETNAME": Command(talk.setname, 1),
    "STATS": Command(information.stats, 1),
    "SUMMON": Command(information.summon),
    "TAGMSG": Command(talk.tagmsg, 1),
    "TIME": Command(information.time_),
    "TOPIC": Command(channels.topic, 1),
    "USER": Command(welcome.user, 4, outside=True),
    "USERHOST": Command(people.userhost, 1),
    "USERS": Command(information.users),
    "VERIFY": Command(accounts.verify, 2, outside=True),
    "VERSION": Command(information.version),
    "WALLOPS": Command(operators.wallops, 1),
    "WHO": Command(people.who),
    "WHOIS": Command(people.whois),
    "WHOWAS": Command(people.whowas),
}
"""The commands; adding one is adding a row, and its handler."""
