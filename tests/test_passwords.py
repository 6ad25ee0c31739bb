"""Passwords: which are allowed, in which form they are compared, and that no error repeats one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatroom.model.errors import PasswordRefused
from chatroom.model.passwords import MAX_PASSWORD, MIN_PASSWORD, Secret, prepared, typed


@pytest.mark.parametrize(
    ("one", "other"),
    [
        # RFC 8265 section 4.2: other spaces are a space, and nothing else is folded but the form of composition.
        ("correct horse", "correct\u3000horse"),
        ("Sch\u00f6ne Aussicht", "Scho\u0308ne Aussicht"),
    ],
)
def test_a_password_is_the_same_on_another_keyboard(one: str, other: str) -> None:
    assert prepared(one) == prepared(other) == one


@pytest.mark.parametrize("other", ["Correct Horse", "correct horse ", " correct horse", "correct  horse"])
def test_another_password_is_another(other: str) -> None:
    assert prepared(other) == other != prepared("correct horse")


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("", "it is empty"),
        ("1234567", f"it has fewer than {MIN_PASSWORD} bytes"),
        ("x" * (MAX_PASSWORD + 1), f"it has more than {MAX_PASSWORD} bytes"),
        ("\u00e9" * (MAX_PASSWORD // 2 + 1), f"it has more than {MAX_PASSWORD} bytes"),
        ("tab\there and there", "it has characters that passwords cannot have"),
        ("escape \x1b[2J and more", "it has characters that passwords cannot have"),
        ("half \ud800 a character", "it has characters that passwords cannot have"),
    ],
)
def test_what_will_not_do_is_refused_with_the_reason(password: str, why: str) -> None:
    with pytest.raises(PasswordRefused, match=why):
        prepared(password, MIN_PASSWORD)


@given(st.text())
def test_no_error_repeats_the_password(text: str) -> None:
    password = f"hunter22{text}\x07"
    with pytest.raises(PasswordRefused) as refused:
        prepared(password)
    error: BaseException | None = refused.value
    assert "hunter22" not in str(error)
    assert "hunter22" not in repr(error)
    assert error is not None
    assert error.__suppress_context__


def test_the_shortest_and_the_longest_will_do() -> None:
    assert prepared("x" * MIN_PASSWORD, MIN_PASSWORD)
    assert prepared("\u00e9" * (MAX_PASSWORD // 2), MIN_PASSWORD)


def test_a_secret_is_not_in_what_stands_for_it_in_logs() -> None:
    assert "tea" not in f"{Secret('tea')!r} {[Secret('tea')]}"
    assert Secret("tea") == "tea"


@pytest.mark.parametrize(
    ("line", "meant"),
    [("tea", "tea"), ("tex\ba", "tea"), ("tex\x7fa", "tea"), ("\b\btea", "tea"), ("tea\x7f\x7f\x7f\x7f", "")],
)
def test_a_terminal_that_edits_no_lines_sends_what_is_rubbed_out(line: str, meant: str) -> None:
    assert typed(line) == meant
