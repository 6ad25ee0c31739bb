"""MONITOR: watching for nicknames that come and go, as https://ircv3.net/specs/extensions/monitor has it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from chatroom.doors.irc.information import MAX_MONITORED
from chatroom.doors.irc.numerics import Numeric
from chatroom.doors.irc.session import IRCSession
from chatroom.model.errors import NicknameRefused
from chatroom.model.names import check_nickname, nickname_key


def monitor(session: IRCSession, parameters: Sequence[str]) -> None:
    """MONITOR +|- nickname[,...], or C, L or S: watch for nicknames, clear or list them, or ask which are here."""
    subcommand = _SUBCOMMANDS.get(parameters[0].upper())
    if subcommand is not None:
        subcommand(session, parameters[1].split(",") if len(parameters) > 1 else [])


def _add(session: IRCSession, names: Sequence[str]) -> None:
    added: dict[str, str] = {}
    for index, name in enumerate(names):
        try:
            key = check_nickname(name)
        except NicknameRefused:
            continue  # A mask, most likely; nobody will ever be called that.
        if key not in session.monitored:
            if len(session.monitored) >= MAX_MONITORED:
                session.numeric(Numeric.ERR_MONLISTFULL, MAX_MONITORED, ",".join(names[index:]))
                break
            session.monitored[key] = name
            session.server.watch(key, session)
        added[key] = name
    _tell_status(session, added.values())


def _remove(session: IRCSession, names: Iterable[str]) -> None:
    for name in names:
        try:
            key = nickname_key(name)
        except ValueError:
            continue
        if session.monitored.pop(key, None) is not None:
            session.server.unwatch(key, session)


def _clear(session: IRCSession, names: Iterable[str]) -> None:
    _remove(session, list(session.monitored.values()))


def _list(session: IRCSession, names: Iterable[str]) -> None:
    rows = _rows(session, Numeric.RPL_MONLIST, session.monitored.values())
    session.send_all([*rows, session.line_of(Numeric.RPL_ENDOFMONLIST)])


def _status(session: IRCSession, names: Iterable[str]) -> None:
    _tell_status(session, session.monitored.values())


def _tell_status(session: IRCSession, names: Iterable[str]) -> None:
    """Say who of ``names`` is here, and who is not."""
    members = session.chat.members
    here, gone = [], []
    for name in names:
        member = members.get(nickname_key(name))
        # Somebody who is about to be called that is not yet.
        if member is not None and member.key == nickname_key(name):
            here.append(session.server.users.prefix(member.nickname))
        else:
            gone.append(name)
    session.send_all([*_rows(session, Numeric.RPL_MONONLINE, here), *_rows(session, Numeric.RPL_MONOFFLINE, gone)])


def _rows(session: IRCSession, numeric: Numeric, names: Iterable[str]) -> list[str]:
    return session.words_in_lines(numeric, words=names, between=",")


_SUBCOMMANDS: Mapping[str, Callable[[IRCSession, Sequence[str]], None]] = {
    "+": _add,
    "-": _remove,
    "C": _clear,
    "L": _list,
    "S": _status,
}
