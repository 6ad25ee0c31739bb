"""Texts that look alike (UTS 39 section 4): every confusable character, whatever the script.

A text has two forms. :func:`skeleton` is the standard's: two texts with one skeleton look alike as they are written, so
``AIice`` with a capital I is like ``Alice``. :func:`merged` is for text in lower case, and replaces no character of
ASCII: ``kai`` is another name than ``kal``, though ``I`` and ``l`` could be mixed up.
"""

from __future__ import annotations

import re
from functools import cache
from unicodedata import normalize

from chatroom.model.scripts import IGNORABLE_CLASS
from chatroom.model.unicode_tables import CONFUSABLES

# Beside what Unicode ignores by default: the blank of Braille, a note without a head, and letters and marks that join
# others without being seen (Tifinagh, Brahmi, Khitan).
_INVISIBLE = re.compile(f"[{IGNORABLE_CLASS}\u2800\U0001d159\u2d7f\U0001107f\U00016fe4]")
# Each replacement is already replaced itself, but for letters that compose anew.
_PASSES = 4


@cache
def _skeletons() -> dict[int, str]:
    found = {}
    for entry in " ".join(CONFUSABLES.split()).split("; "):
        source, _, target = entry.partition(" ")
        found[int(source, 16)] = "".join(chr(int(code, 16)) for code in target.split("+"))
    return found


@cache
def _skeletons_of_ascii() -> dict[int, str]:
    return {code: target for code, target in _skeletons().items() if code < 128}


_JAMO = re.compile("[\u1100-\u11ff\ua960-\ua97f\ud7b0-\ud7ff]")


@cache
def _merges() -> dict[int, str]:
    # A letter is like what it looks like, and else like what its capital does: the Cyrillic "в" like "b".
    skeletons, found = _skeletons(), {}
    for code in {*skeletons, *[ord(lower) for one in map(chr, skeletons) if len(lower := one.lower()) == 1]}:
        letter = chr(code)
        if letter.isascii() or letter.lower() != letter:
            continue
        # The parts of a Korean syllable look alike, and the syllables that they make do not.
        if _JAMO.match(letter):
            continue
        alike = skeletons.get(code, letter).lower()
        if not alike.isascii() and len(letter.upper()) == 1:
            capital = skeletons.get(ord(letter.upper()), "").lower()
            alike = capital if capital.isascii() and capital else alike
        found[code] = alike
    # Unicode has the small palochka like an i; in most fonts it is an l, as its capital is.
    found[0x04CF] = "l"
    return found


def without_invisible(text: str) -> str:
    """``text`` without the characters that leave no trace on a screen."""
    return text if text.isascii() else _INVISIBLE.sub("", text)


def skeleton(text: str) -> str:
    """The form in which texts that look alike are the same; for comparing, never for showing.

    Compatibility forms count as the letters that they are made of.
    """
    if text.isascii():
        return text.translate(_skeletons_of_ascii())
    bare = without_invisible(normalize("NFD", normalize("NFKC", text)))
    return normalize("NFD", bare.translate(_skeletons()))


def merged(text: str) -> str:
    """``text``, which is in lower case and NFKC, with characters beyond ASCII as those that they look like."""
    merges = _merges()
    for _ in range(_PASSES):
        was, text = text, normalize("NFKC", normalize("NFD", text).translate(merges)).lower()
        if text == was:
            break
    return text
