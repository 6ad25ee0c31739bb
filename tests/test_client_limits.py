"""What the server takes in one request, as the client keeps to it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatroom.client.errors import MessageTooLong, TooManyLines
from chatroom.client.limits import check_size, pieces
from chatroom.model.answers import Limits
from chatroom.model.errors import ChatError
from chatroom.model.graphemes import clusters
from chatroom.wire.requests import Do, Refusal, Say, parse_request, request_line

LIMITS = Limits(line=20, message=20, lines=3, nickname=32)


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        (Say("x" * 20), None),
        (Say("x" * 21), MessageTooLong),
        (Say("é" * 10), None),
        (Say("é" * 11), MessageTooLong),
        (Say("1\n2\n3"), None),
        (Say("1\r2\r\n3\n"), None),
        (Say("1\n2\n3\n4"), TooManyLines),
        (Do("/me " + "x" * 16), None),
        (Do("/me " + "x" * 17), MessageTooLong),
    ],
)
def test_the_client_refuses_what_the_server_would(request_: Say | Do, error: type[ChatError] | None) -> None:
    answer = parse_request(request_line(request_), LIMITS.message, LIMITS.lines)
    if error is None:
        check_size(request_, LIMITS)
        assert answer == request_
    else:
        with pytest.raises(error, match="Send it in pieces"):
            check_size(request_, LIMITS)
        assert isinstance(answer, Refusal)
        assert answer.error.code == error.code


def test_a_long_line_is_cut_behind_spaces() -> None:
    assert pieces("one two three four", 9) == ["one two ", "three ", "four"]
    assert pieces("one two", 9) == ["one two"]
    assert pieces("onetwothree", 5) == ["onetw", "othre", "e"]


@pytest.mark.parametrize("cluster", ["👩\u200d👩\u200d👧\u200d👦", "e\u0301", "🇻🇳", "क्षि"])
def test_a_line_is_cut_between_what_a_reader_takes_for_characters(cluster: str) -> None:
    found = pieces(cluster * 300, 512)

    assert "".join(found) == cluster * 300
    assert all(set(clusters(piece)) == {cluster} for piece in found)
    assert pieces("x \u0301y", 4) == ["x \u0301", "y"], "a mark belongs to the space before it"


@given(line=st.text(), limit=st.integers(4, 40))
def test_the_pieces_of_a_line_are_all_of_it_and_each_is_short_enough(line: str, limit: int) -> None:
    found = pieces(line, limit)
    assert "".join(found) == line
    assert all(len(piece.encode()) <= limit for piece in found)
    assert len(found) == 1 or all(found)


@given(request=st.builds(Say, st.text(), st.text(), st.integers(0, 2**63 - 1)) | st.builds(Do, st.text(), st.text()))
def test_the_server_reads_what_the_client_asks_for(request: Say | Do) -> None:
    line = request_line(request._replace(ref="7"))
    assert b"\n" not in line
    read = parse_request(line, 10_000, 10_000)
    if isinstance(request, Do) and {"\n", "\r"} & {*request.command}:
        assert isinstance(read, Refusal)
    else:
        assert read == request._replace(ref="7")
