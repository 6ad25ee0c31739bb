"""SASL's PLAIN as IRC carries it: pieces of base64, put together within a bound, and the name and password in them.

https://ircv3.net/specs/extensions/sasl-3.1 and RFC 4616. No I/O, and nothing of accounts.
"""

from __future__ import annotations

from base64 import b64decode
from typing import NamedTuple

from chatroom.model.constants import ENCODING
from chatroom.model.passwords import Secret

MECHANISM = "PLAIN"
"""The one mechanism: the server keeps hashes that no other could use."""

PIECE = 400
"""Bytes of a piece; a piece of so many is followed by another."""

MAX_PIECES = 5
"""Pieces of one message: two names and a password of the greatest length fit into them."""

EMPTY, ABORT = "+", "*"
"""The parameters that stand for a piece with nothing in it, and for the end of the exchange."""


class TooLong(ValueError):
    """A piece, or the message, has more bytes than it may have."""


class Credentials(NamedTuple):
    """The message of PLAIN."""

    act_as: str
    """The account that they want to act as (``authzid``); empty for the one of ``name``."""
    name: str
    password: Secret


class SaslExchange:
    """The pieces of one message, as they come."""

    __slots__ = ("_pieces",)

    def __init__(self) -> None:
        self._pieces: list[str] = []

    def take(self, piece: str) -> Credentials | None:
        """Take the parameter of an AUTHENTICATE.

        :returns: the whole message, or None while more of it is to come.
        :raises TooLong: the exchange is over.
        :raises ValueError: it is no message of PLAIN; the exchange is over. The error has nothing of it.
        """
        if len(piece) > PIECE or len(self._pieces) == MAX_PIECES:
            raise TooLong("the message is too long")
        if piece != EMPTY:
            self._pieces.append(piece)
            if len(piece) == PIECE:
                return None
        return _credentials("".join(self._pieces))


def _credentials(message: str) -> Credentials:
    try:
        # Neither binascii's error nor that of the codec, which has the bytes in it, is to be seen.
        act_as, name, password = b64decode(message, validate=True).decode(ENCODING).split("\0")
    except ValueError:
        raise ValueError("this is no message of PLAIN") from None
    if not name or not password:
        raise ValueError("the name, or the password, is empty")
    return Credentials(act_as, name, Secret(password))
