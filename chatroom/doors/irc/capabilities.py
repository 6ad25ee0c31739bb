"""Capabilities: what a client can do and wants done, as it negotiates that by CAP.

https://ircv3.net/specs/extensions/capability-negotiation. A client that begins to negotiate before it is in comes in
only when it has ended that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from chatroom.core.session import Phase
from chatroom.doors.irc.accounts import BEFORE_CONNECT, REGISTRATION, SASL, abandon, may_register
from chatroom.doors.irc.format import MULTILINE, REDACTION
from chatroom.doors.irc.message import MAX_NUMBER
from chatroom.doors.irc.multiline import limits_of
from chatroom.doors.irc.numerics import Numeric
from chatroom.doors.irc.plain import MECHANISM
from chatroom.doors.irc.session import IRCSession
from chatroom.doors.irc.welcome import proceed
from chatroom.model.text import whole_number

CAPABILITIES = (
    *("account-notify", "account-tag", "away-notify", "batch", "cap-notify", "draft/chathistory"),
    *("draft/event-playback", "draft/extended-monitor", REDACTION, "draft/multiline", "echo-message"),
    *("extended-join", "extended-monitor", "labeled-response", "message-tags"),
    *("multi-prefix", "server-time", "setname", "standard-replies", "userhost-in-names"),
)
"""The capabilities that every client may ask for."""

WHERE_THERE_ARE_ACCOUNTS: Mapping[str, Callable[[IRCSession], bool]] = {
    REGISTRATION: may_register,
    SASL: lambda session: session.chat.accounts.on,
}
"""Those that it may ask for where people can make accounts, or log in."""

VALUES: Mapping[str, Callable[[IRCSession], str]] = {
    MULTILINE: lambda session: limits_of(session.chat.settings.max_line, session.chat.settings.max_lines),
    REGISTRATION: lambda session: BEFORE_CONNECT if session.chat.settings.registration == "open" else "",
    SASL: lambda session: MECHANISM,
}
"""The values of those that have one; empty for none."""

STS = "sts"
"""https://ircv3.net/specs/extensions/sts: it tells clients something, and cannot be asked for."""

CAP_VERSION = 302
"""The version of CAP from which on a client is told values, and of new capabilities without asking for that."""


def offered(session: IRCSession) -> tuple[str, ...]:
    """The capabilities that the client may ask for, in alphabetical order."""
    more = (name for name, there in WHERE_THERE_ARE_ACCOUNTS.items() if there(session))
    return tuple(sorted((*CAPABILITIES, *more)))


def cap(session: IRCSession, parameters: Sequence[str]) -> None:
    """CAP LS|LIST|REQ|END: say what the client can do, and wants done."""
    handler = _SUBCOMMANDS.get(parameters[0].upper())
    if handler is None:
        session.numeric(Numeric.ERR_INVALIDCAPCMD, parameters[0])
    else:
        handler(session, parameters[1:])


def _answer(session: IRCSession, subcommand: str, capabilities: str) -> None:
    session.send(f":{session.server.name} CAP {session.nickname or '*'} {subcommand} :{capabilities}")


def _begin(session: IRCSession) -> None:
    if session.phase is Phase.OUTSIDE:
        session.registration.begin_capabilities()


def _ls(session: IRCSession, parameters: Sequence[str]) -> None:
    _begin(session)
    version = whole_number(parameters[0], MAX_NUMBER) if parameters else None
    if version is None or version < CAP_VERSION:
        _answer(session, "LS", " ".join(offered(session)))
        return
    session.take_capabilities(session.capabilities | {"cap-notify"})
    values = {name: value(session) for name, value in VALUES.items()}
    words = [f"{name}={values[name]}" if values.get(name) else name for name in offered(session)]
    if policy := _transport_policy(session):
        words.append(f"{STS}={policy}")
    _answer(session, "LS", " ".join(words))


def _transport_policy(session: IRCSession) -> str:
    """The value of STS: where to come encrypted, or, to those who have, for how long to do so; empty for nothing."""
    seconds, port = session.chat.settings.irc_sts, session.server.encrypted_port
    if not seconds:
        return ""
    if session.encrypted:
        return f"duration={seconds}"
    # Those who are to forget it are told so where they come: nobody is sent there for that.
    return f"port={port}" if int(seconds) and port else ""


def _list(session: IRCSession, parameters: Sequence[str]) -> None:
    _answer(session, "LIST", " ".join(sorted(session.capabilities)))


def _req(session: IRCSession, parameters: Sequence[str]) -> None:
    _begin(session)
    wanted = parameters[0] if parameters else ""
    taken = set(session.capabilities)
    for word in wanted.split():
        name = word.removeprefix("-")
        if name not in offered(session):
            # All of them, or none.
            _answer(session, "NAK", wanted)
            return
        if word == name:
            taken.add(name)
        else:
            taken.discard(name)
    session.take_capabilities(frozenset(taken))
    _answer(session, "ACK", wanted)


def _end(session: IRCSession, parameters: Sequence[str]) -> None:
    if session.phase is Phase.OUTSIDE:
        abandon(session)
    session.registration.end_capabilities()
    proceed(session)


_SUBCOMMANDS: Mapping[str, Callable[[IRCSession, Sequence[str]], None]] = {
    "LS": _ls,
    "LIST": _list,
    "REQ": _req,
    "END": _end,
}
