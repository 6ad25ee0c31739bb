"""How lines are cut into the rows of a terminal."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

pytest.importorskip("prompt_toolkit")

from prompt_toolkit.utils import get_cwidth

from chatroom.client.theme import INDENT, Line
from chatroom.client.wrapping import rows_of, units, wrapped

HEAD = "09:15 alice: "


def cut(text: str, width: int = 30, indent: str = "") -> list[str]:
    line: Line = [("class:time", HEAD[:6]), ("", HEAD[6:]), ("", text)]
    rows = wrapped([("", indent), *line] if indent else line, width, get_cwidth)
    return ["".join(text for _, text in row) for row in rows]


def test_a_line_that_fits_stays_as_it_is() -> None:
    assert cut("x" * 17) == [HEAD + "x" * 17]


def test_words_stay_whole_and_the_spaces_between_two_rows_go() -> None:
    assert cut("one two   three four five") == [f"{HEAD}one two   three", "        four five"]


def test_the_past_is_indented_deeper() -> None:
    assert cut("one two three four five", indent=INDENT) == [f"  {HEAD}one two three", "          four five"]


def test_a_further_line_of_a_message_goes_on_below_itself() -> None:
    line: Line = [("", " " * 8), ("", "one two three four five six")]
    rows = ["".join(text for _, text in row) for row in wrapped(line, 30, get_cwidth)]
    assert rows == ["        one two three four", "        five six"]


def test_a_word_longer_than_a_row_is_cut() -> None:
    assert cut("x" * 50) == [HEAD + "x" * 17, " " * 8 + "x" * 22, " " * 8 + "x" * 11]


def test_a_long_address_is_left_whole_to_the_terminal() -> None:
    address = "https://example.org/" + "a" * 60
    # What follows could pass for a message where the terminal has begun a row.
    assert cut(f"see {address} and say") == [f"{HEAD}see {address}", "        and say"]
    # One that fits into a row has one of its own.
    assert cut("see http://example.org") == [f"{HEAD}see", "        http://example.org"]


def test_no_space_that_does_not_break_makes_an_address() -> None:
    rows = cut("https://example.org/\u00a0" + "a" * 60)
    assert all(get_cwidth(row) <= 30 for row in rows)


def test_text_without_spaces_is_cut_between_wide_characters() -> None:
    assert cut("日本語のテキストです。") == [f"{HEAD}日本語のテキスト", "        です。"]
    # A full stop does not begin a row.
    assert cut("日本語のテキスト。") == [f"{HEAD}日本語のテキス", "        ト。"]
    assert cut("bobさんとaliceさん", 20) == [f"{HEAD}bobさん", "        とaliceさん"]


def test_styles_stay_with_their_words() -> None:
    line: Line = [("class:time", HEAD), ("class:mention", "hello "), ("class:me", "bob"), ("class:mention", "by, hi")]
    assert wrapped(line, 20, get_cwidth) == [
        [("class:time", "09:15"), ("class:time", " "), ("class:time", "alice:"), ("class:time", " "),
         ("class:mention", "hello")],
        [("", " " * 8), ("class:me", "bob"), ("class:mention", "by,"), ("class:mention", " "), ("class:mention", "hi")],
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["e\u0301", "👩\u200d👩\u200d👧", "👍🏽", "❤\ufe0f"])
def test_marks_stay_with_their_letter(text: str) -> None:
    assert units(text + "x", get_cwidth) == [text, "x"]


TEXTS = st.text(st.sampled_from("ab  日é\u0301👍🏽\u200d\u00a0:/。"), max_size=80)


@given(TEXTS, st.integers(10, 60))
@example("。\u200d。🏽", 10)
def test_nothing_is_lost_and_every_row_fits(text: str, width: int) -> None:
    rows = cut(text, width)
    assert "".join("".join(rows).split(" ")) == "".join((HEAD + text).split(" "))
    hanging = min(8, width // 2)
    for row in rows[1:]:
        assert row.startswith(" " * hanging)
        assert get_cwidth(row) <= width
        assert row.strip(" ")


@given(TEXTS, st.integers(10, 60))
def test_rows_are_counted_as_a_terminal_makes_them(text: str, width: int) -> None:
    assert rows_of([("", text)], width, get_cwidth) == max(1, -(-get_cwidth(text) // width))
