"""Words, as a search knows them, in many scripts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatroom.model.errors import NothingToSearch, SearchTooLong
from chatroom.model.words import MAX_LENGTH, MAX_WORDS, folded, query_of, spaced_words, words_in

# The page marks the same words: tests/page/words.test.js goes through these cases, too.
CASES = json.loads((Path(__file__).parent / "cases" / "words.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: ascii(case["text"]))
def test_a_text_is_these_words(case: dict[str, Any]) -> None:
    assert words_in(case["text"]) == case["words"]


@given(st.text())
def test_words_are_the_words_of_themselves(text: str) -> None:
    assert spaced_words(spaced_words(text)) == spaced_words(text)


@given(st.text(max_size=MAX_WORDS))
def test_a_text_is_found_by_itself(text: str) -> None:
    if words_in(text):
        assert query_of(text).matches(text)


@given(st.text("aAéÉèжЖёЁй\u0301\u0300 日ｶﾞک", max_size=30))
def test_case_and_normalization_make_no_difference(text: str) -> None:
    for form in (text.upper(), text.lower(), normalize("NFC", text), normalize("NFD", text), folded(text)):
        assert words_in(form) == words_in(text)


@pytest.mark.parametrize(("said", "asked"), [("ЁЖИК", "ежик"), ("مُحَمَّد", "محمد"), ("ежик", "ЁЖИК"), ("محمد", "مُحَمَّد")])
def test_accents_and_points_make_no_difference(said: str, asked: str) -> None:
    assert query_of(asked).matches(said)


def test_a_vowel_sign_is_part_of_its_word() -> None:
    query = query_of("की")
    assert not any(query.matches(said) for said in ("यह का है", "यह के है", "किताब", "कामिल"))
    assert query.matches("यह की है")


def test_a_word_of_several_is_a_phrase() -> None:
    assert query_of("日本").matches("日本語")
    assert not query_of("日本").matches("本日")
    assert query_of("don't").matches("I DON’T know")
    assert not query_of("don't").matches("t, don")


@pytest.mark.parametrize("words", ["a " * (MAX_WORDS + 1), "a" * (MAX_LENGTH + 1), "日" * 1300])
def test_what_is_too_much_to_search_for_is_refused(words: str) -> None:
    with pytest.raises(SearchTooLong):
        query_of(words)
    assert query_of(words[:MAX_LENGTH].strip()[:MAX_WORDS])


@pytest.mark.parametrize("words", ["", " ", "_", "'", "\u0640", "\u0301", "👋"])
def test_where_there_is_no_word_there_is_nothing_to_search_for(words: str) -> None:
    with pytest.raises(NothingToSearch):
        query_of(words)
