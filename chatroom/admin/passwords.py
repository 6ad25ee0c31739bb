"""Passwords for ``chatroom.admin``: asked for at a terminal, without showing them, or read from a pipe."""

from __future__ import annotations

import sys
from functools import partial
from getpass import getpass

from chatroom.admin.history import answer_of
from chatroom.doors.hashing import MISSING, Hasher
from chatroom.model.errors import NoAccounts, PasswordRefused
from chatroom.model.passwords import MIN_PASSWORD, Secret, prepared


def new_password() -> Secret:
    """A new password: typed twice at a terminal, or the first line of the standard input.

    :raises PasswordRefused: it will not do.
    """
    if sys.stdin is not None and sys.stdin.isatty():
        first = getpass("new password: ")
        if first != getpass("the same again: "):
            raise PasswordRefused(why="the two are not the same, so nothing was done")
    else:
        first = sys.stdin.readline().rstrip("\r\n") if sys.stdin is not None else ""
    return prepared(first, MIN_PASSWORD)


def hash_of(password: Secret) -> str:
    """The hash of a password, as it is kept.

    :raises NoAccounts: argon2 is not installed.
    """
    try:
        hasher = Hasher(lambda work: work(), lambda call: call())
    except ImportError:
        raise NoAccounts(why=MISSING) from None
    found: str = answer_of(partial(hasher.hash, password))
    return found
