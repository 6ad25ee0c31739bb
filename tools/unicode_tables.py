"""Make chatroom/model/unicode_tables.py from files of Unicode.

The standard library knows a character's category and decompositions. It knows neither its script, nor the characters
that look like it, nor how it joins its neighbours. The folder has files of the Unicode Character Database
(https://www.unicode.org/Public/UCD/latest/ucd/), which are Scripts.txt, ScriptExtensions.txt, PropertyValueAliases.txt,
DerivedCoreProperties.txt, PropList.txt, GraphemeBreakProperty.txt and emoji-data.txt, and confusables.txt of UTS 39
(https://www.unicode.org/Public/security/latest/). All are of one version::

    python -m tools.unicode_tables FOLDER
"""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path
from unicodedata import normalize

TABLES = Path(__file__).parent.parent / "chatroom" / "model" / "unicode_tables.py"

MODULE = '''"""Properties of characters that the standard library lacks, as text.

Made by tools/unicode_tables.py from Unicode {version}; do not edit. {copyright}: the terms
are in LICENSE-UNICODE.
"""

from __future__ import annotations

VERSION = "{version}"

SCRIPTS = """
{scripts}
"""
"""Script_Extensions (UAX 24): the first and last character of a range in hex, and its scripts."""

IGNORABLE = """
{ignorable}
"""
"""Default_Ignorable_Code_Point: characters that nothing is drawn for, as ranges."""

TERMINAL = """
{terminal}
"""
"""Terminal_Punctuation beyond ASCII: signs that end a sentence or a part of one, as ranges."""

GRAPHEME_BREAKS = """
{breaks}
"""
"""Grapheme_Cluster_Break (UAX 29) without the syllables of Hangul, and Extended_Pictographic (UTS 51), as ranges."""

CONFUSABLES = """
{confusables}
"""
"""Confusables (UTS 39 section 4): a character, and those that it looks like, joined by +.

Characters that NFKC or NFD replaces are left out.
"""
'''


def rows(path: Path) -> Iterator[list[str]]:
    """The fields of each line of a file of Unicode."""
    for line in path.read_text(encoding="utf-8-sig").splitlines():
        content = line.partition("#")[0].strip()
        if content:
            yield [field.strip() for field in content.split(";")]


def codes(field: str) -> range:
    first, _, last = field.partition("..")
    return range(int(first, 16), int(last or first, 16) + 1)


def ranges(values: dict[int, str]) -> Iterator[str]:
    """Neighbours that have one value, as a range."""
    first = last = -2
    for code in [*sorted(values), -2]:
        if code != last + 1 or values[code] != values[last]:
            if last >= 0:
                span = f"{first:X}-{last:X}" if first < last else f"{first:X}"
                yield f"{span} {values[last]}".rstrip()
            first = code
        last = code


def scripts(folder: Path) -> dict[int, str]:
    short = {long: code for kind, code, long, *_ in rows(folder / "PropertyValueAliases.txt") if kind == "sc"}
    found = {code: short[script] for field, script in rows(folder / "Scripts.txt") for code in codes(field)}
    for field, extensions in rows(folder / "ScriptExtensions.txt"):
        found.update(dict.fromkeys(codes(field), extensions))
    return found


def those_of(path: Path, wanted: str, first: int = 0) -> dict[int, str]:
    """The characters from ``first`` on that have a property, each with nothing to tell beside."""
    return {code: "" for field, name, *_ in rows(path) if name == wanted for code in codes(field) if code >= first}


def breaks(folder: Path) -> dict[int, str]:
    pictographs = those_of(folder / "emoji-data.txt", "Extended_Pictographic")
    found = dict.fromkeys(pictographs, "Extended_Pictographic")
    for field, value in rows(folder / "GraphemeBreakProperty.txt"):
        if value not in ("LV", "LVT"):
            found.update(dict.fromkeys(codes(field), value))
    return found


def confusables(folder: Path) -> Iterator[str]:
    for source, target, *_ in rows(folder / "confusables.txt"):
        character = chr(int(source, 16))
        if normalize("NFD", normalize("NFKC", character)) == character:
            # The list has a stray tab in it.
            alike = [code.lstrip("0") for code in target.split() if code != "0009"]
            yield f"{source.lstrip('0')} {'+'.join(alike)}"


def filled(entries: Iterable[str]) -> str:
    return textwrap.fill("; ".join(entries), 118, break_on_hyphens=False)


def main(folder: Path) -> None:
    header = (folder / "confusables.txt").read_text(encoding="utf-8-sig")[:1000]
    version = re.search(r"Version: ([\d.]+)", header)
    notice = re.search(r"(\u00a9 \d+).*Unicode", header)
    assert version, "confusables.txt tells its version at its beginning"
    assert notice, "confusables.txt has a copyright notice at its beginning"
    module = MODULE.format(
        version=version[1],
        copyright=f"Copyright {notice[1]} Unicode, Inc",
        scripts=filled(ranges(scripts(folder))),
        ignorable=filled(ranges(those_of(folder / "DerivedCoreProperties.txt", "Default_Ignorable_Code_Point"))),
        terminal=filled(ranges(those_of(folder / "PropList.txt", "Terminal_Punctuation", first=0x80))),
        breaks=filled(ranges(breaks(folder))),
        confusables=filled(confusables(folder)),
    )
    TABLES.write_text(module, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
