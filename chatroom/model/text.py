"""Text made safe to show, and numbers safe to read.

Every door passes its lines through :func:`clean` before anything else sees them. The terminal client passes everything
that arrives through it once more. The module knows nothing of rooms.
"""

from __future__ import annotations

import re
import unicodedata

# ECMA-48 sections 5.4 and 5.6: a control sequence (CSI ... final byte), a command string (OSC, DCS, SOS, PM
# or APC up to ST, or BEL as xterm allows, or the end of a line that never closes it), and any other
# two-character escape. Each is taken out whole, so that no "[31m" is left behind.
_ESCAPE_SEQUENCE = (
    "(?:\x1b\\[|\x9b)[0-?]*[ -/]*[@-~]?"
    "|(?:\x1b[\\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\\\|\x9c|$)"
    "|\x1b[ -/]*[0-~]?"
)
# C0, DEL and C1; the line and paragraph separators, at which some terminals break lines; the bidirectional
# embeddings, overrides and isolates of UAX #9, which reorder the text around them; the byte order mark.
_CONTROL = "[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]"

_UNSAFE = re.compile(f"{_ESCAPE_SEQUENCE}|{_CONTROL}")


def clean(text: str) -> str:
    """Take control characters, escape sequences and bidi overrides out of ``text``.

    A tab becomes a space, so that pasted columns stay apart.
    """
    # Printable text has none of these, and isprintable() costs a tenth of a search.
    if text.isprintable():
        return text
    return _UNSAFE.sub("", text.replace("\t", " "))


def clean_lines(text: str) -> str:
    """A message of several lines with each line cleaned, and without empty lines at the beginning and the end."""
    lines = [clean(line).rstrip() for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    return "\n".join(lines).strip("\n")


def whole_number(text: str, most: int) -> int | None:
    """The number in ``text``, in digits of ASCII alone; None when it is no number, or above ``most``."""
    if not (text.isascii() and text.isdigit()):
        return None
    # Python refuses to read numbers with thousands of digits.
    digits = text.lstrip("0") or "0"
    return int(digits) if len(digits) <= len(str(most)) and int(digits) <= most else None


def visible(text: str) -> str:
    """The form of ``text`` that a hasty reader sees: for comparing, not for showing.

    Compatibility forms and case are folded, spaces become one space, and characters without width are taken out.
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join("".join(one for one in folded if unicodedata.category(one) != "Cf").split())


# Beginnings that an action may not have. "* alice joined" looks like an event. When somebody is called 3 or lobby,
# "* 3 in lobby: bob" and "* lobby (3 here)" look like lines from the server.
_LIKE_EVENT = re.compile(r"(joined|left|is now|set the topic|took away the topic|in \S+:|\(\d+ here\))")


def looks_like_event(action: str) -> bool:
    """Whether ``action``, behind somebody's nickname, could be taken for a line from the server."""
    return _LIKE_EVENT.match(visible(action)) is not None


# Han, kana, Bopomofo, Hangul and their extensions: scripts whose words have no spaces between them, or carry endings
# that people do not type when they search.
_UNSPACED = re.compile(
    "([\u1100-\u11ff\u2e80-\u30ff\u3100-\u318f\u31a0-\u31ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff])"
)

_WORD = re.compile(r"[^\W_]+")


def apart(text: str) -> str:
    """``text`` with a space on each side of every character of a script that has none between its words."""
    return _UNSPACED.sub(r" \1 ", text)


def words_of(text: str) -> str:
    """The words of ``text`` as they are compared, in lower case and without accents, each between two spaces."""
    decomposed = unicodedata.normalize("NFKD", apart(text)).casefold()
    bare = "".join([character for character in decomposed if not unicodedata.combining(character)])
    return "".join([f" {word} " for word in _WORD.findall(bare)])
