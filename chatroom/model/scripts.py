"""The scripts of characters, and whether a name keeps to one of them (UAX 24, UTS 39 section 5).

The data of :mod:`chatroom.model.unicode_tables` are read when the first text that is not ASCII needs them. The module
knows nothing of which names are allowed.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from functools import cache

from chatroom.model.unicode_tables import IGNORABLE, SCRIPTS

_COMMON = frozenset({"Zyyy", "Zinh"})
_UNKNOWN = frozenset({"Zzzz"})
# UTS 39 section 5.1: writing systems that use several scripts together.
_SYSTEMS = {
    "Hani": frozenset({"Hanb", "Jpan", "Kore"}),
    "Hira": frozenset({"Jpan"}),
    "Kana": frozenset({"Jpan"}),
    "Hang": frozenset({"Kore"}),
    "Bopo": frozenset({"Hanb"}),
}
# UTS 39 section 5.2, "highly restrictive": Latin goes with one of these beside it, and nothing else mixes.
_BESIDE_LATIN = frozenset({"Jpan", "Hanb", "Kore"})

# Scripts that are written without spaces between words, or in which words carry endings without a space (UAX 14,
# classes SA and ID; UAX 29 section 4 leaves their words to dictionaries).
_SPACELESS = frozenset(
    ("Hani", "Hira", "Kana", "Bopo", "Hang", "Yiii", "Thai", "Laoo", "Khmr", "Mymr", "Tale", "Talu", "Lana", "Tavt")
)


def ranges(table: str) -> Iterator[tuple[int, int, str]]:
    """First, last and value of each range in one of the tables."""
    for entry in " ".join(table.split()).split("; "):
        codes, _, value = entry.partition(" ")
        first, _, last = codes.partition("-")
        yield int(first, 16), int(last or first, 16), value


def character_class(table: str) -> str:
    """The characters of a table, as they stand between the brackets of a regular expression."""
    return "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last, _ in ranges(table))


IGNORABLE_CLASS = character_class(IGNORABLE)
"""Characters that nothing is drawn for (Default_Ignorable_Code_Point), for a regular expression."""


@cache
def _table() -> tuple[list[int], list[int], list[frozenset[str]]]:
    rows = [(first, last, frozenset(value.split())) for first, last, value in ranges(SCRIPTS)]
    return [first for first, _, _ in rows], [last for _, last, _ in rows], [scripts for _, _, scripts in rows]


def scripts_of(character: str) -> frozenset[str]:
    """The scripts that ``character`` is used in (Script_Extensions), by their four letters of ISO 15924.

    ``Zyyy`` (Common) and ``Zinh`` (Inherited) stand for any, ``Zzzz`` for unknown.
    """
    firsts, lasts, scripts = _table()
    code = ord(character)
    index = bisect_right(firsts, code) - 1
    return scripts[index] if index >= 0 and code <= lasts[index] else _UNKNOWN


def is_spaceless(character: str) -> bool:
    """Whether ``character`` is of a script that is written without spaces around each word."""
    return character > "\u0e00" and not _SPACELESS.isdisjoint(scripts_of(character))


def keeps_to_one_script(text: str) -> bool:
    """Whether ``text`` is "highly restrictive" (UTS 39 section 5.2).

    It is of one script, or of Latin beside Japanese, Chinese or Korean. Each character counts, marks too; Common and
    Inherited ones go with any script.
    """
    alone: frozenset[str] | None = None
    beside_latin = _BESIDE_LATIN
    for character in set(text):
        scripts = scripts_of(character)
        if not scripts.isdisjoint(_COMMON):
            continue
        systems = scripts.union(*[_SYSTEMS.get(script, ()) for script in scripts])
        alone = systems if alone is None else alone & systems
        if "Latn" not in scripts:
            beside_latin &= systems
    return alone is None or (bool(alone) and "Zzzz" not in alone) or bool(beside_latin)
