"""Grapheme clusters (UAX 29): what a reader takes for one character, and texts that are cut between two of them.

A letter with its accents, a flag and a family of emoji are one cluster each. Text that is shortened or split anywhere
else shows a letter that nobody wrote.
"""

from __future__ import annotations

import re
from functools import cache

from chatroom.model.constants import ENCODING
from chatroom.model.scripts import character_class
from chatroom.model.unicode_tables import GRAPHEME_BREAKS

# Syllables of Hangul with no final consonant.
_LV = "".join(chr(code) for code in range(0xAC00, 0xD7A4, 28))
MOST_MARKS = 40
"""Marks one after the other that are kept together; UAX 15 knows of no text with more than 30."""

# Viramas that join consonants, and letters of their scripts: Unicode has the rule (GB9c) since 15.1.
_LINKER = "\u094d\u09cd\u0acd\u0b4d\u0c4d\u0d4d"
_LINKED = "\u0904-\u0939\u0958-\u095f\u0995-\u09b9\u09dc-\u09df\u0a95-\u0ab9\u0b15-\u0b39\u0c15-\u0c39\u0d15-\u0d3a"


@cache
def _classes() -> dict[str, str]:
    """The characters with each value of Grapheme_Cluster_Break, for a regular expression."""
    kinds: dict[str, list[str]] = {}
    for entry in " ".join(GRAPHEME_BREAKS.split()).split("; "):
        codes, _, kind = entry.partition(" ")
        kinds.setdefault(kind, []).append(codes)
    return {kind: character_class("; ".join(codes)) for kind, codes in kinds.items()}


@cache
def _beginning() -> re.Pattern[str]:
    """A character that begins a cluster for certain, which is nearly every one."""
    of = _classes()
    joins_next = f"{of['Prepend']}{of['L']}{of['ZWJ']}{_LINKER}\r"
    may_belong_to_last = "".join(
        of[kind] for kind in ("Extend", "ZWJ", "SpacingMark", "L", "V", "T", "Regional_Indicator")
    )
    return re.compile(f"(?<![{joins_next}])[^{may_belong_to_last}\n]", re.DOTALL)


@cache
def _marks() -> re.Pattern[str]:
    """Marks, which belong to the letter before them."""
    of = _classes()
    return re.compile(f"[{of['Extend']}{of['SpacingMark']}]+")


@cache
def _cluster() -> re.Pattern[str]:
    """A cluster, by the expression of UAX 29, table 1c."""
    of = _classes()
    control, extend = f"{of['Control']}\r\n", f"{of['Extend']}{of['ZWJ']}{of['SpacingMark']}"
    first, vowel, final = (f"[{of[kind]}]" for kind in ("L", "V", "T"))
    syllable = f"{first}*(?:[{_LV}]{vowel}*|{vowel}+|[\uac00-\ud7a3]){final}*|{first}+|{final}+"
    flag = f"[{of['Regional_Indicator']}]{{2}}"
    picture = f"[{of['Extended_Pictographic']}]"
    pictures = f"{picture}(?:[{of['Extend']}]*[{of['ZWJ']}]{picture})*"
    conjunct = f"(?:(?<=[{_LINKER}{of['ZWJ']}])[{_LINKED}][{extend}]*)*"
    core = f"{syllable}|{flag}|{pictures}|[^{control}]"
    return re.compile(
        f"\r\n|[{of['Prepend']}]*(?:{core})[{extend}]*{conjunct}|[{of['Prepend']}]+|[{control}]", re.DOTALL
    )


def clusters(text: str) -> list[str]:
    """The grapheme clusters of ``text``."""
    return _cluster().findall(text)


def boundary_before(text: str, end: int) -> int:
    """The last place up to ``end`` at which ``text`` may be cut; 0 if there is none, or too many marks behind it."""
    if end >= len(text):
        return len(text)
    begins = _beginning().match
    if end > MOST_MARKS and _marks().fullmatch(text, end - MOST_MARKS, end):
        return 0
    place = start = next((place for place in range(end, 0, -1) if begins(text, place)), 0)
    for found in _cluster().finditer(text, start) if start < end else ():
        if found.end() > end:
            break
        place = found.end()
    return place


def cut(text: str, size: int) -> str:
    """As much of the beginning of ``text`` as goes into ``size`` bytes of UTF-8, in whole grapheme clusters.

    A cluster that alone has more bytes, as nobody writes one, is cut between two characters.
    """
    encoded = text.encode(ENCODING)
    if len(encoded) <= size:
        return text
    fitting = encoded[:size].decode(ENCODING, "ignore")
    return text[: boundary_before(text, len(fitting)) or len(fitting)]
