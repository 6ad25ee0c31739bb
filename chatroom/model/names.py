"""Names: which are allowed, and when two are the same.

Nicknames follow the Nickname profile of PRECIS (RFC 8266). This module settles what the profile leaves open: the
length, a few characters that the wire needs, and look-alikes (UTS 39). Names of rooms follow the same rules and
are kept in the form in which they are compared. The module knows nothing of who is here.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache

from precis_i18n import get_profile

from chatroom.model.errors import NicknameRefused, RoomNameRefused
from chatroom.model.lookalikes import merged, skeleton, without_invisible
from chatroom.model.scripts import keeps_to_one_script

MAX_NAME_LENGTH = 32
"""Characters in a name."""

MAX_MARKS = 4
"""Marks that may stand above or below one letter (UTS 39 section 5.4)."""

_NO_START = "/*!@#:+-={["
_NOWHERE = ":,!@*?"
# What the first character tells the sort of a line by; not even a letter that looks like one of them may stand there.
_SORTS = "*!["
# A letter to Unicode, a colon to the eye.
_COLON = "\u02d0"
# A line of a member with one of these names would read as if the server had spoken: they are the first words, behind
# "* ", of lines from the server.
SERVICES = frozenset({"nickserv", "chanserv", "memoserv", "operserv", "hostserv", "botserv", "saslserv", "authserv"})
"""Services, by the keys of their names, that IRC clients send passwords to by themselves: nobody is called that."""

_RESERVED = (
    *("server", "chatroom", "system", "notice", "private"),
    *("the", "you", "welcome", "nobody", "and", "there", "what", "nothing", "password"),
    *sorted(SERVICES),
)

# "You're" and "You've" begin such lines, too.
_APOSTROPHE = re.compile("['`\u2018\u2019\u201b\u2032]")

_ASCII = re.compile("[!-~]+")

_compared = get_profile("NicknameCaseMapped:ToLower")

# The profile lets them stand where they are needed: between letters of Persian, for instance (RFC 5892 appendix A).
_JOINERS = str.maketrans("", "", "\u200c\u200d")


@lru_cache(maxsize=1024)
def nickname_key(name: str) -> str:
    """The form in which ``name`` is compared: two names with one key are the same name.

    RFC 8266 section 2.4, with characters beyond ASCII as those that they look like.

    :raises ValueError: the profile does not allow the name, or it is too long.
    """
    # What is too long is no work, and the cache keeps no error.
    if len(name) > MAX_NAME_LENGTH:
        raise ValueError("too long")
    folded = _folded(name)
    # A compatibility form may stand for 18 letters.
    if len(folded) > MAX_NAME_LENGTH:
        raise ValueError("too long")
    key = folded if folded.isascii() else merged(folded)
    # One string instead of two for each nickname that is its own key: most are.
    return name if key == name else key


def nickname_look(name: str) -> str:
    """The form in which names are the same that can be taken for each other as they are written.

    ``AIice``, with a capital I, is another name than ``Alice``, but nobody has it while Alice is here.
    """
    return skeleton(name).lower()


def _folded(name: str) -> str:
    if _ASCII.fullmatch(name):
        # What the profile makes of it, in a thirtieth of the time: most names are such, and each is folded many times.
        return name.lower()
    return _enforced(name)


@lru_cache(maxsize=128)
def _enforced(name: str) -> str:
    # Checking a name asks for it twice, and each time is a hundred calls. Names are short here: see nickname_key.
    folded: str = _compared.enforce(name)
    return folded


def _has_sign(text: str) -> bool:
    """Whether ``text`` has a character that is, or looks like, one that no name has."""
    return any(not _is_letter(one) and any(sign in skeleton(one) for sign in _NOWHERE) for one in text)


def _starts_a_line(text: str) -> bool:
    """Whether the first character of ``text`` is, or looks like, one that no name starts with."""
    alike = skeleton(text[0])[:1]
    return alike in _SORTS or (alike in _NO_START and not _is_letter(text[0]))


def _is_letter(character: str) -> bool:
    return unicodedata.category(character)[0] in "LM" and character != _COLON


def _fault(name: str) -> str | None:
    """Why ``name`` is refused; None when it is not."""
    if not name:
        return "it is empty"
    if len(name) > MAX_NAME_LENGTH:
        return f"it has more than {MAX_NAME_LENGTH} characters"
    if any(character.isspace() for character in name):
        return "it has a space in it"
    if name[0] in _NO_START:
        return f"it starts with {name[0]}"
    if found := next((character for character in name if character in _NOWHERE), None):
        return f"it has {found} in it"
    return None if _ASCII.fullmatch(name) else _fault_beyond_ascii(name)


def _fault_beyond_ascii(name: str) -> str | None:
    try:
        compared = _folded(name)
    except (ValueError, UnicodeError):
        return "it has characters that names cannot have"
    if without_invisible(seen := compared.translate(_JOINERS)) != seen:
        return "it has characters that names cannot have"
    if unicodedata.category(compared[0]).startswith("M"):
        return "it starts with a mark that belongs to a letter"
    if max(len(compared), len(merged(compared))) > MAX_NAME_LENGTH or " " in compared:
        return "it would read as another name"
    if _starts_a_line(compared) or _has_sign(compared):
        return "it would read as another name"
    if not keeps_to_one_script(compared):
        return "it mixes letters of several scripts"
    if _piles_up_marks(compared):
        return f"it has more than {MAX_MARKS} marks on a letter, or one twice"
    return None


def _piles_up_marks(text: str) -> bool:
    last, marks = "", 0
    for character in unicodedata.normalize("NFD", text):
        marks = marks + 1 if unicodedata.category(character) in ("Mn", "Me") else 0
        if marks > MAX_MARKS or (marks > 1 and character == last):
            return True
        last = character
    return False


def _is_the_servers(nickname: str, server: str) -> bool:
    """Whether ``nickname``, which is a valid one, could be taken for the server or for a word of its lines."""
    if _APOSTROPHE.split(nickname_key(nickname))[0] in _RESERVED:
        return True
    if nickname_look(_APOSTROPHE.split(nickname)[0]) in _looks_of_reserved():
        return True
    if not server or len(server) > MAX_NAME_LENGTH:
        return False
    return nickname_key(nickname) == nickname_key(server) or nickname_look(nickname) == nickname_look(server)


@cache
def _looks_of_reserved() -> frozenset[str]:
    return frozenset(nickname_look(form) for word in _RESERVED for form in (word, word.title(), word.upper()))


def check_nickname(nickname: str, server: str = "") -> str:
    """The key of ``nickname``, if it is allowed.

    :param server: the server's own name, which nobody may have; empty for none.
    :raises NicknameRefused: with the reason.
    """
    fault = _fault(nickname)
    if fault is None and _is_the_servers(nickname, server):
        fault = "it could be mistaken for the server"
    if fault is not None:
        raise NicknameRefused(why=fault)
    return nickname_key(nickname)


def room_name(name: str) -> str:
    """``name`` in the one form by which a room is known; a leading ``#`` does not count.

    :raises RoomNameRefused: with the reason.
    """
    name = name.removeprefix("#")
    fault = _fault(name)
    if fault is None and "]" in _folded(name):
        fault = "it has ] in it"
    if fault is not None:
        raise RoomNameRefused(why=fault)
    return _folded(name)
