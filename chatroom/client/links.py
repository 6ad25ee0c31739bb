"""Addresses of the web within text. The rules are in docs/client.rst, "Addresses in what others say".

The page follows the same ones (``links.js``), and tests/cases/links.json holds both to them. An address is taken as it
is written; nothing is fetched, and no name is looked up.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from unicodedata import category

from chatroom.model.scripts import is_spaceless, ranges
from chatroom.model.unicode_tables import TERMINAL

_ADDRESS = re.compile(r"https?://[^\s<>\"`\u200b\u2025\u2026]+", re.IGNORECASE)
# Brackets and quotation marks, by their categories; but for the apostrophe among them, which stands within addresses.
_BRACKETS = frozenset(("Ps", "Pe", "Pi", "Pf"))
_APOSTROPHE = "\u2019"
_ENDS_A_SENTENCE = frozenset(f".,;:!?'{_APOSTROPHE}*_~")
_OPENS = {")": "(", "]": "[", "}": "{"}
_LABEL = r"(?:[\w-]|[^\x00-\x7f])+"
_AUTHORITY = re.compile(
    rf"(?:(?:[.~%!$&'()*+,;=:]|{_LABEL})*@)?(?:{_LABEL}(?:\.{_LABEL})*\.?|\[[0-9a-f:.]+\])(?::(\d{{0,5}}))?",
    re.IGNORECASE | re.ASCII,
)


@cache
def _terminal() -> frozenset[str]:
    return frozenset(chr(code) for first, last, _ in ranges(TERMINAL) for code in range(first, last + 1))


def _ends_an_address(character: str) -> bool:
    """Whether ``character``, which is not of ASCII, belongs to the sentence around an address."""
    return character in _terminal() or (category(character) in _BRACKETS and character != _APOSTROPHE)


def links(text: str) -> list[tuple[int, int]]:
    """Where addresses stand in ``text``: start and end."""
    found: list[tuple[int, int]] = []
    place = 0
    while match := _ADDRESS.search(text, place):
        start, end = match.span()
        place = next((at for at in range(start, end) if text[at] > "\x7f" and _ends_an_address(text[at])), end)
        before = text[start - 1 : start]
        if before.isalnum() and not is_spaceless(before):
            continue
        address = _trimmed(text[start:place])
        if _leads_somewhere(address):
            found.append((start, start + len(address)))
    return found


def _trimmed(text: str) -> str:
    """``text`` without what belongs to the sentence around an address rather than to the address."""
    counts = Counter(text)
    end = len(text)
    while end:
        last = text[end - 1]
        opener = _OPENS.get(last)
        if last not in _ENDS_A_SENTENCE and (opener is None or counts[last] <= counts[opener]):
            break
        counts[last] -= 1
        end -= 1
    return text[:end]


def _leads_somewhere(address: str) -> bool:
    authority = re.split("[/?#\\\\]", address.partition("://")[2], maxsplit=1)[0]
    valid = _AUTHORITY.fullmatch(authority)
    return valid is not None and int(valid[1] or 0) < 1 << 16
