"""Text is cut between grapheme clusters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatroom.model.graphemes import boundary_before, clusters, cut

FAMILY, FLAG = "👩\u200d👩\u200d👧\u200d👦", "🇻🇳"
PARTS = [
    *("a", " ", "é", "e\u0301", "\u0301", "\u200d", "日", "한", "\u1112", "\u1161", "\u11ab", "가", "👩", "👍🏽"),
    FAMILY,
]
PARTS += [
    *("🇻", FLAG, "क्षि", "क", "\u094d", "ก", "ำ", "\u0600", "\r", "\n", "\u200b", "\ufe0f", "❤️", "நி", "\U00011357")
]
TEXTS = st.lists(st.sampled_from(PARTS), max_size=20).map("".join) | st.text(max_size=20)


@pytest.mark.parametrize(
    "found",
    [
        ["a", "b"],
        ["e\u0301", "x"],
        ["\u0301", "a\u0301\u0302"],
        [FAMILY, FAMILY, "👍🏽", "❤️", "x"],
        [FLAG, FLAG, "🇻"],
        ["\u1112\u1161\u11ab", "가\u11a8", "각\u11a8", "각", "\u1161"],
        ["क्षि", "क", "नि"],
        ["নি", "ক্ষ", "க்", "ஷ"],
        ["กำ", "ก่", "ม"],
        ["\r\n", "\n", "\u0600a", "\u200b", "\u0301"],
        ["日", "本", "が"],
        ["1\ufe0f\u20e3", "x"],
        ["🏴\U000e0067\U000e0062\U000e007f", "👩\u200d", "a"],
    ],
)
def test_a_text_is_these_clusters(found: list[str]) -> None:
    assert clusters("".join(found)) == found


@given(TEXTS)
def test_no_character_is_lost(text: str) -> None:
    assert "".join(clusters(text)) == text


@given(TEXTS, st.integers(0, 40))
def test_a_boundary_is_the_last_between_clusters(text: str, end: int) -> None:
    places = [0]
    for one in clusters(text):
        places.append(places[-1] + len(one))
    assert boundary_before(text, end) == max(place for place in places if place <= end)


@given(TEXTS, st.integers(1, 60))
def test_what_is_cut_fits_and_is_whole_clusters(text: str, size: int) -> None:
    piece = cut(text, size)
    assert text.startswith(piece)
    assert len(piece.encode()) <= size
    found = clusters(text)
    if found and len(found[0].encode()) <= size:
        assert piece == "".join(found[: len(clusters(piece))])


def test_a_cluster_that_is_longer_than_what_it_is_cut_to_is_cut_between_characters() -> None:
    assert cut("e" + "\u0301" * 100, 6) == "e\u0301\u0301"
    assert cut(FAMILY, 10) == "👩\u200d"


def test_what_nobody_writes_is_cut_anywhere() -> None:
    marks = "e" + "\u0301" * 1000
    assert cut(marks, 401) == marks[:201]
    # As many marks as UAX 15 allows stay on their letter.
    assert cut("aa" + "e" + "\u0301" * 30, 60) == "aa"
