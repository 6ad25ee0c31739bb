"""Any chunking of the same bytes gives the same lines."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatroom.model.errors import LineTooLong
from chatroom.wire.lines import LineSplitter
from chatroom.wire.telnet import TelnetFilter

LIMIT = 8

# Line ends, telnet's commands and short runs of text, so that examples hold many of each.
PIECES = st.lists(
    st.one_of(
        st.sampled_from([b"\n", b"\r\n", b"\r", b"\xff", b"\xff\xfd\x01", b"\xff\xfa\x18x\xff\xf0", b"\xc3\xa9"]),
        st.binary(max_size=12),
        st.text("ab", max_size=12).map(str.encode),
    ),
    max_size=12,
).map(b"".join)


@st.composite
def chunked(draw: st.DrawFn) -> tuple[bytes, list[bytes]]:
    """Bytes, and the same bytes in pieces."""
    whole = draw(PIECES)
    cuts = sorted(draw(st.lists(st.integers(0, len(whole)), max_size=8)))
    return whole, [whole[start:end] for start, end in zip([0, *cuts], [*cuts, len(whole)], strict=True)]


def split(chunks: list[bytes], limit: int = LIMIT) -> tuple[list[bytes | str], bytes]:
    """The lines of ``chunks``, errors by their code; and what is left at the end."""
    splitter = LineSplitter(limit)
    lines = [line for chunk in chunks for line in splitter.feed(chunk)]
    return [line.code if isinstance(line, LineTooLong) else line for line in lines], splitter.end()


def reference(whole: bytes) -> list[bytes | str]:
    """The finished lines of ``whole``, by the plain reading of the rule."""
    lines = [line.removesuffix(b"\r") for line in whole.split(b"\n")[:-1]]
    return [LineTooLong.code if len(line) > LIMIT else line for line in lines]


@given(chunked())
def test_any_chunking_gives_the_same_lines(example: tuple[bytes, list[bytes]]) -> None:
    whole, chunks = example

    assert split(chunks) == split([whole])


@given(chunked())
def test_lines_end_with_lf_or_crlf_and_too_long_ones_are_errors_in_their_place(
    example: tuple[bytes, list[bytes]],
) -> None:
    whole, chunks = example
    lines, _ = split(chunks)
    unfinished = len(whole.rpartition(b"\n")[2].removesuffix(b"\r")) > LIMIT

    assert lines == reference(whole) + [LineTooLong.code] * unfinished


@given(chunked())
def test_what_is_kept_of_an_unfinished_line_is_bounded(example: tuple[bytes, list[bytes]]) -> None:
    splitter = LineSplitter(LIMIT)
    for chunk in example[1]:
        splitter.feed(chunk)

    assert len(splitter.end()) <= LIMIT


def test_a_line_of_just_the_limit_passes_and_one_byte_more_does_not() -> None:
    assert split([b"x" * LIMIT + b"\r\n" + b"x" * (LIMIT + 1) + b"\r\n"]) == ([b"x" * LIMIT, "line-too-long"], b"")


def test_a_long_line_is_thrown_away_to_its_end_and_the_next_is_whole() -> None:
    assert split([b"x" * 100, b"x" * 100, b"x\nnext\n"]) == (["line-too-long", b"next"], b"")


def test_the_end_of_the_stream_ends_a_line() -> None:
    assert split([b"one\r\ntw", b"o\r"]) == ([b"one"], b"two")


def filtered(chunks: list[bytes]) -> tuple[bytes, bytes]:
    """What is text of ``chunks``, and what telnet is answered."""
    telnet = TelnetFilter()
    fed = [telnet.feed(chunk) for chunk in chunks]
    return b"".join(text for text, _ in fed), b"".join(answers for _, answers in fed)


@given(chunked())
def test_any_chunking_gives_the_same_text_and_the_same_answers(example: tuple[bytes, list[bytes]]) -> None:
    whole, chunks = example

    assert filtered(chunks) == filtered([whole])


@given(st.text())
def test_what_is_not_telnet_passes_as_it_is(text: str) -> None:
    assert filtered([text.encode("utf-8", "surrogatepass")]) == (text.encode("utf-8", "surrogatepass"), b"")


@pytest.mark.parametrize(
    ("sent", "text", "answer"),
    [
        (b"a\xff\xfd\x01b", b"ab", b"\xff\xfc\x01"),  # DO ECHO: WONT
        (b"a\xff\xfb\x1fb", b"ab", b"\xff\xfe\x1f"),  # WILL NAWS: DONT
        (b"a\xff\xfe\x01\xff\xfc\x01b", b"ab", b""),  # what is refused is not refused back
        (b"a\xff\xfa\x1f\x00\x50\x00\x18\xff\xf0b", b"ab", b""),  # a subnegotiation
        (b"a\xff\xfa\x18\x00\xff\xff\xfd\x01\xff\xf0b", b"ab", b""),  # with an escaped byte 255 in it
        (b"a\xff\xf4\xff\xf1b", b"ab", b""),  # IP, NOP
        (b"a\xff\xffb", b"a\xffb", b""),  # an escaped byte 255
    ],
)
def test_telnet_is_answered_with_refusals_and_does_not_pass(sent: bytes, text: bytes, answer: bytes) -> None:
    assert filtered([sent]) == (text, answer)
