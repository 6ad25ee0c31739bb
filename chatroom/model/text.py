"""Text made safe to show, and numbers safe to read.

Every door passes its lines through :func:`clean` before anything else sees them. The terminal client passes everything
that arrives through it once more. The module knows nothing of rooms.
"""

from __future__ import annotations

import re

from chatroom.model.lookalikes import skeleton, without_invisible

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

    Look-alikes and case are folded, what has no width is taken out, and white space becomes one space.
    """
    # The blank of Braille parts words for the eye.
    return " ".join(skeleton(text.replace("\u2800", " ")).casefold().split())


# Beginnings that an action may not have. "* alice joined" looks like an event. When somebody is called 3 or lobby,
# "* 3 in lobby: bob" and "* lobby (3 here)" look like lines from the server. The letters are those of visible(), in
# which a digit may have become one.
_NAMED = (("put", "out of"), ("made", "an operator"), ("made", "an owner"), ("gave", "a voice in"), ("owns", "now"))
_LIKE_EVENT = re.compile(
    "|".join(
        map(
            visible,
            (
                *("joined", "left", "is now", "set the topic", "took away the topic", "invites you to"),
                *("set the mode", "took away the mode", "took the role", "announces"),
            ),
        )
    )
    + "|"
    + "|".join(rf"{visible(verb)} \S+ {visible(rest)}" for verb, rest in _NAMED)
    + rf"|{visible('removed')} \S+ {visible('message')}"
    + r"|in \S+:|\([\dlo]+ here\)"
)
# Characters of an action that are looked at, without those that have no width: the longest beginning is shorter.
_BEGINNING = 64


def looks_like_event(action: str) -> bool:
    """Whether ``action``, behind somebody's nickname, could be taken for a line from the server."""
    seen = action if action.isascii() else without_invisible(action.replace("\u2800", " "))
    beginning = seen.lstrip()[:_BEGINNING]
    # A capital I looks like a small l, and is an i all the same.
    return any(_LIKE_EVENT.match(visible(form)) for form in (beginning, beginning.casefold()))
