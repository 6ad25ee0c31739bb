"""The first owner of a server, written into a history that no server has open.

Roles for the server are given by its owners, so the first of them is made where the files are::

    give_server_role("history.db", "alice", Role.OWNER)
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing

from chatroom.log.schema import FileLock, explain, open_log, read_history
from chatroom.log.sqlite import STATE_LIMIT
from chatroom.log.state import read_state
from chatroom.log.writer import Writer
from chatroom.model.errors import HistoryUnusable
from chatroom.model.events import Draft, RoleChanged
from chatroom.model.masks import THE_SERVER, account_key
from chatroom.model.roles import GIVEN, SERVER, Role
from chatroom.model.rules import Rules


def give_server_role(path: str, account: str, role: Role, now: Callable[[], float] = time.time) -> None:
    """Have ``account`` have ``role`` for the server from its next start on.

    :param path: the file of the history.
    :param role: a role that is given; a lower one takes away what the account has.
    :param now: the time, in seconds since 1970, UTC.
    :raises HistoryUnusable: a server is using the file, it cannot be used, or there is no such account in it.
    """
    if not os.path.exists(path):
        raise HistoryUnusable(path=path, why="it is not there: check the name, or start the server once")
    lock = FileLock(path)
    lock.take(path)
    try:
        with closing(open_log(path, "power")) as connection:
            lock.take_file(path)
            _give(connection, path, account, role, now)
    except sqlite3.Error as error:
        raise HistoryUnusable(path=path, why=explain(error, path)) from error
    finally:
        lock.release()


def _give(connection: sqlite3.Connection, path: str, account: str, role: Role, now: Callable[[], float]) -> None:
    found = connection.execute("SELECT name FROM account WHERE key = ?", (account_key(account),)).fetchone()
    if found is None:
        raise HistoryUnusable(path=path, why=f"there is no account {account} in it: have it registered first")
    history = read_history(connection)
    rules = Rules(can_undo=True)
    rules.start(read_state(connection))
    writer = Writer(connection, history.last_id, STATE_LIMIT, rules)
    word = role.word if role.word in GIVEN else ""
    draft = Draft(RoleChanged, SERVER, "", "", word, extras={"account": found[0]}, author=THE_SERVER)
    written = writer.write([([draft], max(now(), history.last_at))])
    if written.error is not None:
        raise HistoryUnusable(path=path, why=str(written.error))
