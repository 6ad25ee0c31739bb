"""Pasted text that is cut into messages."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chatroom.client.outgoing import Outgoing, messages
from chatroom.model.answers import Limits

LIMITS = Limits(line=20, message=20, lines=3, nickname=30)


def test_text_within_the_limits_is_one_message() -> None:
    assert list(messages("one\ntwo\nthree", LIMITS)) == ["one\ntwo\nthree"]
    assert list(messages("x\n" * 1000, None)) == ["x\n" * 1000]


def test_it_is_cut_between_lines() -> None:
    assert list(messages("1\n2\n3\n4", LIMITS)) == ["1\n2\n3", "4"]
    assert list(messages(f"{'a' * 12}\n{'b' * 12}", LIMITS)) == ["a" * 12, "b" * 12]


def test_a_line_that_is_too_long_alone_is_cut_as_well() -> None:
    assert list(messages("word " * 6, LIMITS)) == ["word " * 4, "word word "]


@given(st.text(st.sampled_from("aé \n")))
def test_every_message_is_within_the_limits_and_nothing_is_lost(text: str) -> None:
    parts = list(messages(text, LIMITS))
    assert all(len(part.encode()) <= LIMITS.message for part in parts)
    assert all(part.count("\n") < LIMITS.lines for part in parts)
    assert "".join(parts).replace("\n", "") == text.replace("\n", "")


def test_messages_without_text_are_left_out() -> None:
    outgoing = Outgoing()
    outgoing.start("one" + "\n" * 10 + "two", "lobby", LIMITS)
    said = []
    while outgoing:
        said.append(outgoing.first)
        outgoing.said()
    assert [message.strip() for message in said] == ["one", "two"]


def test_what_is_stopped_is_counted_and_forgotten() -> None:
    outgoing = Outgoing()
    outgoing.start("1\n2\n3\n4\n5", "lobby", LIMITS)
    outgoing.said()
    assert outgoing.stop() == 2
    assert list(outgoing) == []
