"""Mentions: nicknames within messages, and the form of text in which they are compared.

The rules are in docs/client.rst, "Names in what others say". The page follows the same ones (``mentions.js`` and
``folding.js``), and tests/cases/ holds both to them. It knows nothing of styles and terminals.
"""

from __future__ import annotations

import re
from functools import lru_cache
from unicodedata import category, normalize

_APOSTROPHES = ("'", "\u2019")

# Scripts that are written without spaces between words, by their blocks: Thai and Lao; Myanmar and Hangul; Khmer;
# Han, kana, Bopomofo and Hangul; the extensions of Hangul and Myanmar; syllables of Hangul; compatibility ideographs;
# halfwidth kana and Hangul; more kana; the planes of Han.
_SPACELESS = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u2e80-\u318f\u31a0-\u31ff\u3400-\u9fff\ua960-\ua97f"
    "\ua9e0-\ua9ff\uaa60-\uaa7f\uac00-\ud7ff\uf900-\ufaff\uff65-\uffdc\U0001aff0-\U0001b16f\U00020000-\U0003ffff]"
)


def folded(text: str) -> str:
    """``text`` with each character in its own lower case: upper and lower case are the same, the length stays."""
    return text.lower() if text.isascii() else "".join(map(_folded, text))


@lru_cache(maxsize=4096)
def _folded(character: str) -> str:
    # By way of the upper case, since some letters have two lower ones: the sigma within a word and at its end.
    upper = character.upper()
    upper = upper if len(upper) == 1 else character
    lower = upper.lower()
    return lower if len(lower) == 1 else upper


def mentions(text: str, nickname: str) -> list[tuple[int, int]]:
    """Where ``nickname`` stands in ``text`` as a word of its own: start and end.

    The places are those in the NFC form of ``text``, which is therefore the form to show.
    """
    text, nickname = normalize("NFC", text), normalize("NFC", nickname)
    if not nickname:
        return []
    comparable, wanted = folded(text), folded(nickname)
    found = []
    start = comparable.find(wanted)
    while start >= 0:
        end = start + len(wanted)
        whole = _begins_a_word(text, start) and _ends_a_word(text, end)
        if whole:
            found.append((start, end))
        start = comparable.find(wanted, end if whole else start + 1)
    return found


def _begins_a_word(text: str, start: int) -> bool:
    first, before, beyond = text[start], text[start - 1 : start], text[max(0, start - 2) : start - 1]
    if before in _APOSTROPHES:
        return not (_in_word(beyond) and _in_word(first))
    return not _in_word(before) or _is_spaceless(first)


def _ends_a_word(text: str, end: int) -> bool:
    last, behind, beyond = text[end - 1], text[end : end + 1], text[end + 1 : end + 2]
    if behind in _APOSTROPHES:
        possessive = beyond in ("s", "S") and not _in_word(text[end + 2 : end + 3])
        return possessive or not (_in_word(beyond) and _in_word(last))
    if behind and category(behind).startswith("M"):
        return False
    return not _in_word(behind) or _is_spaceless(last)


def _in_word(character: str) -> bool:
    """Whether a character continues a word that spaces stand around; an empty one does not."""
    if not character or _is_spaceless(character):
        return False
    kind = category(character)
    return kind[0] in "LM" or kind in ("Nd", "Pc")


def _is_spaceless(character: str) -> bool:
    return _SPACELESS.match(character) is not None
