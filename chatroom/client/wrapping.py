"""Wrapping: lines cut between words, so that they fit into the rows of a terminal.

A row that continues a line is indented deeper than any line that stands by itself. So no part of a message can pass for
a message of somebody else, however its writer has counted the columns.

A web address that is longer than a row is left to the terminal, which knows it as one only while it is whole. The
module knows no terminal: the widths of characters are handed to it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from chatroom.client.theme import CONTINUED, Line

Cells = Callable[[str], int]
"""The columns that a text takes."""

_TOKEN = re.compile(r" +|[^ ]+")

_ADDRESS = re.compile(r"\W*https?://[!-~]+")

_JOINER = "\u200d"
# Punctuation of Chinese and Japanese that does not begin a row (JLREQ, 3.1.7).
_NOT_FIRST = frozenset("、。，．・：；？！）」』】〕〉》’”々ー…")


def rows_of(line: Line, width: int, cells: Cells) -> int:
    """The rows that a terminal takes for ``line`` as it is."""
    return max(1, -(-cells("".join(text for _, text in line)) // width))


def wrapped(line: Line, width: int, cells: Cells) -> list[Line]:
    """``line`` cut into rows of ``width`` columns."""
    if cells("".join(text for _, text in line)) <= width:
        return [line]
    rows = _Rows(_hanging(line, width), width)
    for token in _tokens(line, cells):
        rows.add(token, cells)
    return rows.rows


def _hanging(line: Line, width: int) -> int:
    """The indentation of the rows that continue ``line``."""
    first = line[0][1]
    blank = len(first) if not first.strip() else 0
    hanging = blank if blank >= len(CONTINUED) else blank + len(CONTINUED)
    return min(hanging, width // 2)


def _tokens(line: Line, cells: Cells) -> Iterator[Line]:
    """The words of ``line``, each of pieces with their styles, and the spaces between them.

    A word may go on from one style to the next. Each character of double width is a word of its own.
    """
    word: Line = []
    was_wide = False
    for style, text in line:
        for token in _TOKEN.findall(text):
            if token[0] == " ":
                if word:
                    yield word
                word = []
                yield [(style, token)]
                continue
            for part in _parts(token, cells):
                wide = cells(part[0]) == 2
                if word and (wide or was_wide) and part[0] not in _NOT_FIRST:
                    yield word
                    word = []
                word.append((style, part))
                was_wide = wide
    if word:
        yield word


def _parts(token: str, cells: Cells) -> list[str]:
    """``token`` cut in front of and behind each character of double width."""
    if cells(token) == len(token):
        return [token]
    parts: list[str] = []
    wide = True
    for unit in units(token, cells):
        if not wide and cells(unit[0]) != 2:
            parts[-1] += unit
        else:
            parts.append(unit)
        wide = cells(unit[0]) == 2
    return parts


def units(text: str, cells: Cells) -> list[str]:
    """``text`` in units that stay together: a character with the marks, joiners and modifiers behind it."""
    found: list[str] = []
    for character in text:
        joined = bool(found) and (
            cells(character) == 0 or found[-1].endswith(_JOINER) or "\U0001f3fb" <= character <= "\U0001f3ff"
        )
        if joined:
            found[-1] += character
        else:
            found.append(character)
    return found


class _Rows:
    """The rows so far."""

    def __init__(self, hanging: int, width: int) -> None:
        self._hanging = hanging
        self._width = width
        self._column = 0
        # Spaces behind the last word, which are dropped at the end of a row.
        self._spaces: Line = []
        self.rows: list[Line] = [[]]

    def add(self, token: Line, cells: Cells) -> None:
        if token[0][1][0] == " ":
            if self._column:
                self._spaces += token
            else:
                self._put(token, len(token[0][1]))
            return
        size = sum(cells(text) for _, text in token)
        before = sum(len(text) for _, text in self._spaces)
        if self._column + before + size <= self._width:
            self._put(self._spaces, before)
            self._put(token, size)
        elif size <= self._width - self._hanging:
            self._begin_row()
            self._put(token, size)
        else:
            if self._column + before < self._width:
                self._put(self._spaces, before)
            else:
                self._begin_row()
            self._put_long(token, size, cells)
        self._spaces = []

    def _put(self, pieces: Line, size: int) -> None:
        self.rows[-1] += pieces
        self._column += size

    def _put_long(self, token: Line, size: int, cells: Cells) -> None:
        """A word that fits into no row."""
        if _ADDRESS.fullmatch("".join(text for _, text in token)):
            self._put(token, size)
            # No word follows in its last row, which the terminal does not indent.
            self._column = self._width
            return
        for style, text in token:
            for unit in units(text, cells):
                # A unit that is wider than a row is cut, too.
                for part in [unit] if cells(unit) <= self._width - self._hanging else unit:
                    if self._column + cells(part) > self._width:
                        self._begin_row()
                    self._put([(style, part)], cells(part))

    def _begin_row(self) -> None:
        self.rows.append([("", " " * self._hanging)])
        self._column = self._hanging
        self._spaces = []
