"""Passwords: which are allowed, and the form in which they are compared.

They follow the OpaqueString profile of PRECIS (RFC 8265 section 4): a password that is typed on another keyboard, or
another system, is the same one. No error here repeats any of it.
"""

from __future__ import annotations

from precis_i18n import get_profile

from chatroom.model.constants import ENCODING
from chatroom.model.errors import PasswordRefused

MIN_PASSWORD, MAX_PASSWORD = 8, 512
"""Bytes in a password, in UTF-8."""

_ERASE = "\b\x7f"

_opaque = get_profile("OpaqueString")


class Secret(str):
    """A text that no log and no traceback shows."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "Secret()"


def typed(text: str) -> Secret:
    """A line as it was meant: a terminal that does not edit lines by itself sends each backspace."""
    if not any(sign in text for sign in _ERASE):
        return Secret(text)
    kept: list[str] = []
    for character in text:
        if character not in _ERASE:
            kept.append(character)
        elif kept:
            kept.pop()
    return Secret("".join(kept))


def prepared(password: str, least: int = 1) -> Secret:
    """``password`` in the one form in which it is hashed and compared.

    :param least: bytes that it must have.
    :raises PasswordRefused: no password may be like that.
    """
    if len(password) > MAX_PASSWORD:
        raise PasswordRefused(why=f"it has more than {MAX_PASSWORD} bytes")
    try:
        found: str = _opaque.enforce(password)
        size = len(found.encode(ENCODING))
    except ValueError:
        # The error of the profile has the password in it.
        why = "it has characters that passwords cannot have" if password else "it is empty"
        raise PasswordRefused(why=why) from None
    if size > MAX_PASSWORD:
        raise PasswordRefused(why=f"it has more than {MAX_PASSWORD} bytes")
    if size < least:
        raise PasswordRefused(why=f"it has fewer than {least} bytes")
    return Secret(found)
