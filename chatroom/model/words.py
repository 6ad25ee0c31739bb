"""Words, as a search knows them: one definition for every log.

A word is a run of letters, digits and the marks on them, in any script; vowel signs and viramas are such marks. In
scripts that are written without spaces around their words, each letter with its marks is a word, and a word of a query
is a phrase of them. Words are compared in the form of :func:`folded`: without case, compatibility forms, accents and
points.

The log in memory asks :meth:`Query.matches`. The index on disk is given :func:`words_in` and asked for
:attr:`Query.phrases`, so both find the same.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import chain
from unicodedata import normalize

from chatroom.model.errors import NothingToSearch, SearchTooLong
from chatroom.model.scripts import IGNORABLE_CLASS, is_spaceless, ranges
from chatroom.model.unicode_tables import SCRIPTS

MAX_LENGTH = 100
"""Characters in a query."""

MAX_WORDS = 10
"""Words in a query."""

_MARKS = frozenset(("Mn", "Mc", "Me"))
# Ranges with all marks: there are none among ideographs, syllables of Hangul and private characters.
_WITH_MARKS = (
    *(range(0x80, 0x3400), range(0xA000, 0xAC00), range(0xFB00, 0x17000), range(0x1B000, 0x1F000)),
    range(0xE0000, 0xE0200),
)
_ASCII_WORD = re.compile("[a-z0-9]+")
# Canonical_Combining_Class of marks that people leave out (UAX 44): overlays, points of Hebrew, Arabic and Syriac, and
# accents. Voicing marks of kana (8), viramas (9), and vowels and tones of Thai, Lao and Tibetan (103 to 132) stay.
_LEFT_OUT = frozenset((1, *range(10, 37), *range(200, 241)))
# The letter that Arabic is stretched with. And of what has no width, the one character that parts words.
_TATWEEL, _PARTS_WORDS = "\u0640", "\u200b"
# Letters whose stroke Unicode does not take for a mark, and the i without its dot.
_STROKES = str.maketrans("łøđħŧƀɨɍɉᵽⱥȼɇǥꝁɏƶʉı", "lodhtbirjpacegkyzui")


def _class(characters: Iterable[str]) -> str:
    """``characters``, which are in order, as they stand between the brackets of a regular expression."""
    found: list[list[int]] = []
    for code in map(ord, characters):
        if found and found[-1][1] == code - 1:
            found[-1][1] = code
        else:
            found.append([code, code])
    return "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in found)


def _is_accent(character: str) -> bool:
    """Whether ``character``, which is a mark, is one that people leave out."""
    if unicodedata.category(character) == "Me":
        return True
    if is_spaceless(character):
        return False
    name = unicodedata.name(character, "")
    return "NUKTA" in name or (unicodedata.combining(character) in _LEFT_OUT and "VOWEL SIGN" not in name)


def _spaceless() -> Iterator[str]:
    """Letters of scripts without spaces, for a regular expression."""
    for first, last, _ in ranges(SCRIPTS):
        if is_spaceless(chr(first)):
            # A thousand of a kind are ideographs or syllables, each of them a letter.
            if last - first > 1000:
                yield f"\\U{first:08x}-\\U{last:08x}"
            else:
                yield _class(filter(str.isalnum, map(chr, range(first, last + 1))))


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """What is left out of a text; and a word, in a text that is folded."""
    marks = [one for one in map(chr, chain.from_iterable(_WITH_MARKS)) if unicodedata.category(one) in _MARKS]
    accents = filter(_is_accent, marks)
    left_out = f"(?!{_PARTS_WORDS})[{IGNORABLE_CLASS}{_TATWEEL}{_class(accents)}]"
    spaceless = "".join(_spaceless())
    letter, mark = rf"[^\W_{spaceless}]", f"[{_class(marks)}]"
    word = f"[{spaceless}]{mark}*|{letter}+(?:{mark}+{letter}*)*"
    return re.compile(f"(?:{left_out})+"), re.compile(word)


def folded(text: str) -> str:
    """``text`` in the form in which words are compared."""
    if text.isascii():
        return text.lower()
    left_out = _patterns()[0]
    bare = left_out.sub("", normalize("NFKD", text))
    bare = left_out.sub("", normalize("NFKD", bare.casefold()))
    return normalize("NFC", bare.translate(_STROKES))


def words_in(text: str) -> list[str]:
    """The words of ``text``, in the form in which they are compared."""
    if text.isascii():
        return _ASCII_WORD.findall(text.lower())
    return _patterns()[1].findall(folded(text))


def spaced_words(text: str) -> str:
    """The words of ``text``, with a space between each two."""
    return " ".join(words_in(text))


@dataclass(frozen=True, slots=True)
class Query:
    """Words that are searched for: a text has them all, wherever they stand."""

    phrases: tuple[str, ...]
    """One for each word of the query: perhaps several words, with a space between each two, that follow each other."""
    words: tuple[str, ...]
    """The words of all phrases, each once."""

    def matches(self, text: str) -> bool:
        """Whether ``text`` is to be found."""
        if text.isascii():
            # Most texts lack a word, which is told in a tenth of the time that it takes to part words.
            lower = text.lower()
            for word in self.words:
                if word not in lower:
                    return False
        said = f" {spaced_words(text)} "
        return all(f" {phrase} " in said for phrase in self.phrases)


def query_of(words: str) -> Query:
    """The query for ``words``, as somebody typed them.

    :raises SearchTooLong: it is more than is searched for at once.
    :raises NothingToSearch: there is no word among them.
    """
    if len(words) > MAX_LENGTH or len(words.split()) > MAX_WORDS:
        raise SearchTooLong(length=MAX_LENGTH, words=MAX_WORDS)
    phrases = tuple(dict.fromkeys(phrase for word in words.split() if (phrase := spaced_words(word))))
    if not phrases:
        raise NothingToSearch()
    return Query(phrases, tuple(dict.fromkeys(" ".join(phrases).split())))
