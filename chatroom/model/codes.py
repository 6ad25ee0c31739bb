"""Codes of invitations and tokens of programs: how they are made, read and kept. No I/O but for chance.

Both are random enough that nobody guesses them, so a plain hash keeps them: there is nothing that could be tried out
word by word, as with a password.
"""

from __future__ import annotations

import re
import secrets
import string
from hashlib import sha256

from chatroom.model.constants import ENCODING
from chatroom.model.passwords import Secret

LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"
"""The letters of a code, 5 bits each (Crockford's Base32): none is taken for another when it is read out."""

CODE_LENGTH, GROUP = 16, 4
"""Letters of a code, which are 80 bits, and those between two hyphens."""

_MISREAD = str.maketrans("oil", "011", "- ")
_CODE = re.compile(f"[{LETTERS}]{{{CODE_LENGTH}}}")

INVITE = "invite="
"""Stands before a code in a link, in the handshake and in PASS."""

PREFIX = "chatroom_"
"""The beginning of each token, by which programs that look for secrets in files know it."""

_TOKEN_LETTERS = string.ascii_letters + string.digits
TOKEN_LENGTH = 40
"""Letters and digits behind the prefix, which are 238 bits."""

_TOKEN = re.compile(f"{PREFIX}[A-Za-z0-9]{{{TOKEN_LENGTH}}}")


def new_code() -> Secret:
    """A code of an invitation that nobody has had, as it is shown."""
    letters = "".join(secrets.choice(LETTERS) for _ in range(CODE_LENGTH))
    return Secret("-".join(letters[start : start + GROUP] for start in range(0, CODE_LENGTH, GROUP)))


def code_of(text: str) -> Secret:
    """The code that somebody has given, by itself or in a link, in the one form in which codes are compared.

    Empty where ``text`` is none.
    """
    found = text.rpartition(INVITE)[2].strip().lower().translate(_MISREAD)
    return Secret(found) if _CODE.fullmatch(found) else Secret()


def new_token() -> Secret:
    """A token that nobody has had."""
    return Secret(PREFIX + "".join(secrets.choice(_TOKEN_LETTERS) for _ in range(TOKEN_LENGTH)))


def is_token(text: str) -> bool:
    """Whether ``text`` has the form of a token."""
    return _TOKEN.fullmatch(text) is not None


def digest_of(secret: str) -> str:
    """The hash of a code, in the form in which codes are compared, or of a token."""
    return sha256(secret.encode(ENCODING, "replace")).hexdigest()
