"""MONITOR: watching for nicknames that come and go, as https://ircv3.net/specs/extensions/monitor has it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import chain

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
    session.send_all(_adding(session, names))


def _adding(session: IRCSession, names: Sequence[str]) -> Iterator[str]:
    """Add ``names``, and then the lines that say who of them is here."""
    added: dict[str, str] = {}
    # A line may repeat names that are watched for already: no more are looked at than one may watch for.
    for index, name in enumerate(names[:MAX_MONITORED]):
        yield ""
        try:
            key = check_nickname(name)
        except NicknameRefused:
            continue  # A mask, most likely; nobody will ever be called that.
        if key not in session.monitored:
            if len(session.monitored) >= MAX_MONITORED:
                yield session.line_of(Numeric.ERR_MONLISTFULL, MAX_MONITORED, ",".join(names[index:]))
                break
            session.monitored[key] = name
            session.server.watch(key, session)
        added[key] = name
    else:
        if len(names) > MAX_MONITORED:
            yield session.line_of(Numeric.ERR_MONLISTFULL, MAX_MONITORED, ",".join(names[MAX_MONITORED:]))
    yield from _status_lines(session, added)


def _remove(session: IRCSession, names: Sequence[str]) -> None:
    for name in names[:MAX_MONITORED]:
        with suppress(ValueError):
            _forget(session, nickname_key(name))


def _forget(session: IRCSession, key: str) -> None:
    if session.monitored.pop(key, None) is not None:
        session.server.unwatch(key, session)


def _clear(session: IRCSession, names: Sequence[str]) -> None:
    for key in list(session.monitored):
        _forget(session, key)


def _list(session: IRCSession, names: Sequence[str]) -> None:
    rows = _rows(session, Numeric.RPL_MONLIST, list(session.monitored.values()))
    session.send_all(chain(rows, [session.line_of(Numeric.RPL_ENDOFMONLIST)]))


def _status(session: IRCSession, names: Sequence[str]) -> None:
    session.send_all(_status_lines(session, dict(session.monitored)))


def _status_lines(session: IRCSession, names: Mapping[str, str]) -> Iterator[str]:
    """The lines that say who of ``names`` is here, and who is not.

    :param names: by their keys.
    """
    members = session.chat.members
    here, gone = [], []
    for key, name in names.items():
        member = members.get(key)
        # Somebody who is about to be called that is not yet.
        if member is not None and member.key == key:
            here.append(session.server.users.prefix(member.nickname))
        else:
            gone.append(name)
    yield from _rows(session, Numeric.RPL_MONONLINE, here)
    yield from _rows(session, Numeric.RPL_MONOFFLINE, gone)


def _rows(session: IRCSession, numeric: Numeric, names: Iterable[str]) -> Iterator[str]:
    return session.words_in_lines(numeric, words=names, between=",")


_SUBCOMMANDS: Mapping[str, Callable[[IRCSession, Sequence[str]], None]] = {
    "+": _add,
    "-": _remove,
    "C": _clear,
    "L": _list,
    "S": _status,
}
