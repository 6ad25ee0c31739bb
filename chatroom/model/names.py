"""Names: which are allowed, and when two are the same.

Nicknames follow the Nickname profile of PRECIS (RFC 8266). This module settles what the profile leaves open: the
length, a few characters that the wire needs, and look-alikes (Unicode TS 39). Names of rooms follow the same rules and
are kept in the form in which they are compared. The module knows nothing of who is here.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from precis_i18n import get_profile

from chatroom.model.errors import NicknameRefused, RoomNameRefused

MAX_NAME_LENGTH = 32
"""Characters in a name."""

_NO_START = "/*!@#:+-={["
# Characters that look like a colon are refused as well (Unicode TS 39, confusables.txt).
_NOWHERE = ":,!@*?\u02f8\u0589\u05c3\u0703\u0704\u16ec\u1803\u1809\u2236\ua789"
# BRAILLE PATTERN BLANK: a symbol to Unicode, a space to the eye.
_BLANK = "\u2800"
# A line of a member with one of these names would read as if the server had spoken: they are the first words, behind
# "* ", of lines from the server.
_RESERVED = (
    *("server", "chatroom", "system", "notice", "private"),
    *("the", "you", "welcome", "nobody", "and", "there", "what", "nothing"),
    # Services that IRC clients send passwords to by themselves.
    *("nickserv", "chanserv", "memoserv", "operserv", "hostserv", "botserv", "saslserv", "authserv"),
)

# "You're" and "You've" begin such lines, too.
_APOSTROPHE = re.compile("['`\u2018\u2019\u201b\u2032]")

_ASCII = re.compile("[!-~]+")

_compared = get_profile("NicknameCaseMapped:ToLower")

# Lower-case letters of Cyrillic, Greek and Armenian that look like Latin ones, or whose capitals do (Unicode TS 39,
# confusables.txt). A name is shown as it was written, but compared in lower case with these letters replaced. So a
# "сосо" of Cyrillic letters is the same name as a Latin "coco".
_LOOK_ALIKES = str.maketrans(
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u0501\u051b\u051d\u04bb\u04cf\u0475"  # Cyrillic
    "\u0432\u043a\u043c\u043d\u0442"  # Cyrillic, by their capitals
    "\u03bf\u03bd\u03c1\u03b1\u03b9\u03b3\u03c5"  # Greek
    "\u03b2\u03b5\u03b6\u03b7\u03ba\u03bc\u03c4\u03c7"  # Greek, by their capitals
    "\u0585\u057d\u0570\u0578",  # Armenian
    "aeopcyxijsdqwhlvbkmhtovpaiyubezhkmtxouhn",
)
# TS 39 section 5.2, "highly restrictive": Latin goes with these beside it, and nothing else mixes.
_MIXES = (
    {"LATIN", "CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "IDEOGRAPHIC"},
    {"LATIN", "CJK", "BOPOMOFO"},
    {"LATIN", "CJK", "HANGUL"},
)


@lru_cache(maxsize=1024)
def nickname_key(name: str) -> str:
    """The form in which ``name`` is compared: two names with one key are the same name.

    RFC 8266 section 2.4, with look-alikes of Latin letters replaced.

    :raises ValueError: the profile does not allow the name.
    """
    key = _folded(name).translate(_LOOK_ALIKES)
    # One string instead of two for each nickname that is its own key: most are.
    return name if key == name else key


def _folded(name: str) -> str:
    if _ASCII.fullmatch(name):
        # What the profile makes of it, in a thirtieth of the time: most names are such, and each is folded many times.
        return name.lower()
    folded: str = _compared.enforce(name)
    return folded


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
    try:
        compared = _folded(name)
    except (ValueError, UnicodeError):
        return "it has characters that names cannot have"
    if _BLANK in compared:
        return "it has characters that names cannot have"
    if unicodedata.category(compared[0]).startswith("M"):
        return "it starts with a mark that belongs to a letter"
    if len(compared) > MAX_NAME_LENGTH or compared[0] in _NO_START or any(c in _NOWHERE or c == " " for c in compared):
        return "it would read as another name"
    if not _of_one_script(name):
        return "it mixes letters of several scripts"
    return None


def _of_one_script(name: str) -> bool:
    # The first word of a letter's Unicode name is its script. The standard library has nothing better.
    scripts = {
        unicodedata.name(character, "?").split()[0]
        for character in unicodedata.normalize("NFKC", name)
        if character.isalpha()
    }
    return len(scripts) <= 1 or any(scripts <= mix for mix in _MIXES)


def check_nickname(nickname: str, server: str = "") -> str:
    """The key of ``nickname``, if it is allowed.

    :param server: the server's own name, which nobody may have; empty for none.
    :raises NicknameRefused: with the reason.
    """
    fault = _fault(nickname)
    if fault is None and (
        _APOSTROPHE.split(nickname_key(nickname))[0] in _RESERVED
        or (server and nickname_key(nickname) == nickname_key(server))
    ):
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
