"""Codes and tokens: what they look like, and how a code may be written; spans of time and scopes beside them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatroom.model.codes import CODE_LENGTH, LETTERS, code_of, digest_of, is_token, new_code, new_token
from chatroom.model.durations import is_span, seconds_of
from chatroom.model.errors import BadArgument, ScopeMissing
from chatroom.model.scopes import MAX_ROOMS, Scopes, scopes_of


def test_a_code_is_eighty_bits_in_letters_that_are_easily_read_out() -> None:
    assert len(LETTERS) ** CODE_LENGTH == 2**80
    code = new_code()
    assert re.fullmatch("([0-9a-hjkmnp-tv-z]{4}-){3}[0-9a-hjkmnp-tv-z]{4}", code)
    assert new_code() != code
    assert repr(code) == "Secret()"


@given(st.text(LETTERS, min_size=CODE_LENGTH, max_size=CODE_LENGTH))
def test_a_code_is_the_same_however_it_is_written(code: str) -> None:
    misread = code.replace("0", "O").replace("1", "l")
    spaced = " ".join(re.findall("....", code))
    for written in (code, code.upper(), misread, spaced, f"invite={code}", f"https://a.example/#invite={code}"):
        assert code_of(written) == code


@pytest.mark.parametrize("text", ["", "abcd", "u" * 16, "a" * 17, "invite=", "correct horse battery"])
def test_what_is_no_code_is_none(text: str) -> None:
    assert code_of(text) == ""


def test_a_token_begins_as_scanners_know_it_and_has_more_than_two_hundred_bits() -> None:
    token = new_token()
    assert re.fullmatch("chatroom_[A-Za-z0-9]{40}", token)
    assert is_token(token)
    assert not is_token(f"{token}x")
    assert digest_of(token) != digest_of(new_token())


@pytest.mark.parametrize(("text", "seconds"), [("10m", 600), ("12h", 43200), ("3d", 259200), ("2w", 1209600)])
def test_a_span_of_time_is_read(text: str, seconds: int) -> None:
    assert seconds_of(text) == seconds
    assert is_span(text)


@pytest.mark.parametrize("text", ["", "3", "d", "0d", "-1d", "3 d", "3y", "1.5h", "9999999999s", "\u0663d"])
def test_what_is_no_span_of_time_is_refused(text: str) -> None:
    assert not is_span(text)


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("", "read"),
        ("read", "read"),
        ("say", "read say"),
        ("say:Dev,#garden", "read say:dev say:garden"),
        ("say say:dev", "read say"),
        ("moderate", "read moderate"),
    ],
)
def test_scopes_are_read_as_they_are_shown(words: str, shown: str) -> None:
    scopes = scopes_of(words.split())
    assert str(scopes) == shown
    assert scopes_of(shown.split()) == scopes


@pytest.mark.parametrize("word", ["write", "saydev", "moderate:dev", f"say:{','.join(map(str, range(MAX_ROOMS + 1)))}"])
def test_what_is_no_scope_is_refused(word: str) -> None:
    with pytest.raises(BadArgument):
        scopes_of([word])


def test_a_scope_allows_what_it_says_and_no_more() -> None:
    for scopes, room, allowed in [
        (Scopes(), "dev", False),
        (Scopes(everywhere=True), "dev", True),
        (Scopes(everywhere=True), "", True),
        (Scopes(rooms=frozenset({"dev"})), "dev", True),
        (Scopes(rooms=frozenset({"dev"})), "garden", False),
        (Scopes(rooms=frozenset({"dev"})), "", False),
        (Scopes(moderate=True), "dev", False),
    ]:
        if allowed:
            scopes.check_say(room)
        else:
            with pytest.raises(ScopeMissing):
                scopes.check_say(room)
