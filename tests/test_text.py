"""Text is made safe to show, and what is ordinary in it stays as it was."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatroom.model.text import clean, clean_lines, whole_number

# What a terminal may act on, picked often enough that sequences of it come about.
HOSTILE = st.sampled_from([*"\x1b\x9b\x9d\x90\x9c\x07[]P\\;m0?\x00\x08\r\t\x7f\x85\u202e\u2066\u2069\u2028\ufeff"])

BIDI_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@pytest.mark.parametrize(
    ("hostile", "safe"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x9b31mred", "red"),
        ("\x1b]0;title\x07after", "after"),
        ("\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x9d0;title\x9cafter", "after"),
        ("\x1bP1$q\x1b\\after", "after"),
        ("\x1b]0;never closed", ""),
        ("before\x1b", "before"),
        ("\x1b(0lines\x1b(B", "lines"),
        ("\x1bcreset", "reset"),
        ("a\x08\x7fb\x00c", "abc"),
        ("one\rtwo", "onetwo"),
        ("one\ttwo", "one two"),
        ("a\u202eb\u202cc\u2066d\u2069", "abcd"),
        ("one\u2028two\u2029three\x85four", "onetwothreefour"),
        ("\ufeffhello", "hello"),
    ],
)
def test_what_a_terminal_would_act_on_is_taken_out(hostile: str, safe: str) -> None:
    assert clean(hostile) == safe


@pytest.mark.parametrize(
    "text",
    [
        "plain words, (punctuation) & [brackets]",
        "Zażółć gęślą jaźń",
        "привет, мир",
        "你好，世界 — 안녕 — こんにちは",
        "שלום עולם, مرحبا بالعالم",
        "नमस्ते क्\u200dष",
        "\U0001f469\u200d\U0001f469\u200d\U0001f467 \U0001f3f3\ufe0f\u200d\U0001f308 \U0001f44d\U0001f3fd",
        "e\u0301 stays decomposed",
        "a non-breaking\u00a0space",
        "",
    ],
)
def test_ordinary_text_stays_as_it_was(text: str) -> None:
    assert clean(text) == text


@given(st.text(st.characters(exclude_categories=("Cc", "Cf", "Cs", "Zl", "Zp"))))
def test_text_of_any_script_stays_as_it_was(text: str) -> None:
    assert clean(text) == text


@given(st.text(st.one_of(HOSTILE, st.characters())))
def test_what_is_clean_holds_nothing_that_a_terminal_acts_on(text: str) -> None:
    safe = clean(text)

    assert not any(unicodedata.category(character) in ("Cc", "Zl", "Zp") for character in safe)
    assert not BIDI_CONTROLS & set(safe)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        *(("0", 0), ("7", 7), ("099", 99), ("100", None), ("", None), ("-1", None), ("+1", None), ("1_0", None)),
        *((" 1", None), ("1.0", None), ("٣", None), ("²", None), ("9" * 10_000, None), ("0" * 10_000 + "5", 5)),
    ],
)
def test_a_number_is_ascii_digits_no_more_than_it_may_be(text: str, number: int | None) -> None:
    assert whole_number(text, 99) == number


@given(st.text(st.one_of(HOSTILE, st.characters())))
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    safe = clean(text)

    assert clean(safe) == safe


@given(
    st.text(st.characters(exclude_categories=("Cc", "Cs"))), st.lists(st.integers(0, 255), max_size=4), st.text("mHJK")
)
def test_no_half_of_a_colour_is_left_behind(text: str, numbers: list[int], final: str) -> None:
    sequence = f"\x1b[{';'.join(map(str, numbers))}{final[:1] or 'm'}"

    assert clean(f"before{sequence}{text}") == "before" + clean(text)


# Messages of several lines.


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("one", "one"),
        ("one\ntwo", "one\ntwo"),
        ("one\r\ntwo\rthree\n", "one\ntwo\nthree"),
        ("one\n\n\ntwo", "one\n\n\ntwo"),
        ("\n \n\t\none\n\x07\n\n", "one"),
        ("one  \n  two\t", "one\n  two"),
        ("\x1b[31mred\n\x1b]0;title\nafter\x07", "red\n\nafter"),
        ("a\u2028b\u0085c\x0bd\x0ce", "abcde"),
        ("\n\r\n \u00a0\x00", ""),
        ("", ""),
    ],
)
def test_a_message_of_several_lines_is_made_safe_line_by_line(text: str, shown: str) -> None:
    assert clean_lines(text) == shown


@given(st.text(st.one_of(HOSTILE, st.sampled_from("\n\n \r"), st.characters())))
def test_the_lines_of_a_message_are_clean_and_the_first_and_the_last_are_not_empty(text: str) -> None:
    safe = clean_lines(text)
    lines = safe.split("\n")

    assert all(clean(line) == line == line.rstrip() for line in lines)
    assert (lines[0] and lines[-1]) or not safe
    assert clean_lines(safe) == safe
    assert clean_lines("\n".join([safe, "end"])) == (f"{safe}\nend" if safe else "end")
