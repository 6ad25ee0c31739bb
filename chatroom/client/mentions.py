"""Mentions: nicknames within messages, and the form of text in which they are compared.

The rules are in docs/client.rst, "Names in what others say". The page follows the same ones (``mentions.js`` and
``folding.js``), and tests/cases/ holds both to them. It knows nothing of styles and terminals.
"""

from __future__ import annotations

from functools import lru_cache
from unicodedata import category, normalize

from chatroom.model.scripts import is_spaceless

_APOSTROPHES = ("'", "\u2019")
# Between two letters they continue a word, as an apostrophe does (UAX 29, MidLetter): middle dots, and gershayim.
_WITHIN = (*_APOSTROPHES, "\u00b7", "\u2027", "\u05f4")
# It has no width, and parts words all the same.
_PARTS_WORDS = "\u200b"


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
    first = text[start]
    if is_spaceless(first):
        return True
    place = _place_before(text, start)
    before = _at(text, place)
    if before not in _WITHIN:
        return not _in_word(before)
    return not (_in_word(_at(text, _place_before(text, place))) and _in_word(first))


def _ends_a_word(text: str, end: int) -> bool:
    last, place = text[end - 1], _place_behind(text, end)
    behind = _at(text, place)
    if behind in _WITHIN:
        next_place = _place_behind(text, place + 1)
        beyond, after = _at(text, next_place), _at(text, _place_behind(text, next_place + 1))
        if behind in _APOSTROPHES and beyond in ("s", "S") and not _in_word(after):
            return True
        return not (_in_word(beyond) and _in_word(last))
    if behind and category(behind).startswith("M"):
        return False
    return not _in_word(behind) or is_spaceless(last)


def _at(text: str, place: int) -> str:
    """The character there; empty outside of ``text``."""
    return text[place] if 0 <= place < len(text) else ""


# Characters without width are passed over (UAX 29, rule WB4): soft hyphens, joiners.


def _place_before(text: str, place: int) -> int:
    place -= 1
    while place >= 0 and _is_without_width(text[place]):
        place -= 1
    return place


def _place_behind(text: str, place: int) -> int:
    while place < len(text) and _is_without_width(text[place]):
        place += 1
    return place


def _is_without_width(character: str) -> bool:
    return category(character) == "Cf" and character != _PARTS_WORDS


def _in_word(character: str) -> bool:
    """Whether a character continues a word that spaces stand around; an empty one does not."""
    if not character or is_spaceless(character):
        return False
    kind = category(character)
    return kind[0] in "LM" or kind in ("Nd", "Pc")
