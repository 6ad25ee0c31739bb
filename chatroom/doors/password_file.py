"""The file with the password that everybody has to give, which is read again when it changes."""

from __future__ import annotations

import os

from twisted.logger import Logger

from chatroom.model.constants import FILE_ENCODING
from chatroom.model.errors import PasswordRefused
from chatroom.model.passwords import Secret, prepared

MAX_FILE = 4096
"""Bytes that are read of the file."""

_log = Logger()


def read_first_line(path: str) -> Secret:
    """The first line of the file at ``path``, in the form in which passwords are compared; empty where it is empty.

    :raises OSError: the file cannot be read.
    :raises ValueError: there is no password in it, or it is not UTF-8.
    """
    if not path:
        return Secret()
    with open(path, "rb") as file:
        data = file.read(MAX_FILE)
    first = data.partition(b"\n")[0].decode(FILE_ENCODING).rstrip("\r")
    if not first:
        raise ValueError("its first line is empty: write the password there")
    try:
        return prepared(first)
    except PasswordRefused as refusal:
        raise ValueError(f"its first line will not do: {refusal.details['why']}") from None


class PasswordFile:
    """The password in a file, as it is at the moment.

    A file that has become unusable leaves the password as it was: it would let everybody in, or nobody.
    """

    def __init__(self, path: str) -> None:
        """
        :param path: empty for no password.
        :raises OSError, ValueError: as :func:`read_first_line`.
        """
        self._path = path
        self._seen = self._look() if path else None
        self._password = read_first_line(path)

    def _look(self) -> tuple[int, int, int, int]:
        """The state of the file, which is another one when somebody writes it."""
        found = os.stat(self._path)
        return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns

    def __call__(self) -> Secret:
        """The password; empty where none is wanted."""
        if self._path:
            self._read_if_changed()
        return self._password

    def _read_if_changed(self) -> None:
        try:
            seen = self._look()
            if seen == self._seen:
                return
            password = read_first_line(self._path)
        except (OSError, ValueError) as error:
            if self._seen is not None:
                self._seen = None
                why = (error.strerror or "") if isinstance(error, OSError) else str(error)
                # The text of an error of decoding has a part of the file in it.
                why = "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else why
                _log.warn("--password {path}: {why}; the password stays as it was", path=self._path, why=why)
            return
        self._seen, self._password = seen, password
        _log.info("--password {path}: the password is another one now", path=self._path)
