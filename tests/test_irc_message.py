"""Lines of IRC: taken apart, put together, cut and compared."""

from __future__ import annotations

from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatroom.doors.irc.message import (
    MAX_LINE,
    MAX_TAGS,
    Message,
    encode,
    middle,
    parse,
    pieces,
    user_of,
)
from chatroom.model.errors import LineTooLong
from chatroom.model.graphemes import clusters, cut
from chatroom.model.masks import matches

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
WORD = st.text(st.characters(min_codepoint=33, max_codepoint=0x2FF, categories=["L", "N"]), min_size=1, max_size=20)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"PING", Message("PING", [])),
        (b"ping x", Message("PING", ["x"])),
        (b"  PING   x  y  ", Message("PING", ["x", "y"])),
        (b"PRIVMSG #a :b c", Message("PRIVMSG", ["#a", "b c"])),
        (b"PRIVMSG #a :b :c", Message("PRIVMSG", ["#a", "b :c"])),
        (b"PRIVMSG #a ::)", Message("PRIVMSG", ["#a", ":)"])),
        (b"PRIVMSG #a b:c", Message("PRIVMSG", ["#a", "b:c"])),
        (b"TOPIC #a :", Message("TOPIC", ["#a", ""])),
        (b":alice!a@b PING x", Message("PING", ["x"])),
        (b":alice", Message("", [])),
        (b"", Message("", [])),
        (b"   ", Message("", [])),
        (b" :x", Message("", [])),
        (b"@a=b;label=12;c PING x", Message("PING", ["x"], "12")),
        (b"@label=a\\sb PING x", Message("PING", ["x"], "a\\sb")),
        (b"@label=1;label=2 PING x", Message("PING", ["x"], "2")),
        (b"@label=\xaa PING x", Message("PING", ["x"])),
        (b"@a=b PING x", Message("PING", ["x"])),
        (b"@label=1", Message("", [])),
    ],
)
def test_a_line_is_taken_apart(line: bytes, message: Message) -> None:
    assert parse(line) == message


def test_what_is_not_utf8_still_has_a_command_to_say_so_of() -> None:
    found = parse(b"@label=x PRIVMSG #a \xaa")
    assert (found.command, found.label) == ("PRIVMSG", "x")
    assert not parse(b"PRIVMSG #a \xaa").valid


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("a\x02bold\x02 b", "abold b"),
        ("\x0304,01red\x03 and \x03blue", "red and blue"),
        ("\x04ff0000red", "red"),
        ("a\x1b[31mb", "ab"),
        ("a\x00b\rc", "abc"),
        ("a\tb", "a b"),
        ("\u202eevil", "evil"),
        ("\x01VERSION\x01", "\x01VERSION\x01"),
        ("\x01\x1b[2JVERSION\x01", "\x01VERSION\x01"),
    ],
)
def test_control_characters_and_colours_do_not_pass(said: str, shown: str) -> None:
    assert parse(f"PRIVMSG bob :{said}".encode()).parameters == ["bob", shown]


def test_a_line_may_be_as_long_as_it_may_be_and_no_longer() -> None:
    line = b"PING " + b"x" * (MAX_LINE - 5)

    assert parse(line).parameters == ["x" * (MAX_LINE - 5)]
    with pytest.raises(LineTooLong):
        parse(line + b"x")


def test_tags_may_be_as_long_as_they_may_be_and_no_longer() -> None:
    tags = b"@a=" + b"x" * (MAX_TAGS - 4)
    line = b"PING " + b"x" * (MAX_LINE - 5)

    assert parse(tags + b" " + line).command == "PING"
    with pytest.raises(LineTooLong):
        parse(tags + b"x PING x")
    with pytest.raises(LineTooLong):
        parse(tags + b" " + line + b"x")


@given(st.binary(max_size=600))
def test_any_bytes_are_taken_apart_and_hold_nothing_that_moves_a_cursor(line: bytes) -> None:
    try:
        message = parse(line)
    except LineTooLong:
        return
    for part in (message.command, message.label, *message.parameters):
        assert not any(character < " " and character != "\x01" for character in part)


@given(WORD, st.lists(WORD, max_size=5), TEXT)
def test_what_was_put_together_is_taken_apart_again(command: str, words: list[str], last: str) -> None:
    last = "".join(character for character in last if character.isprintable())
    line = " ".join([command, *words, f":{last}"]).encode()

    if len(line) <= MAX_LINE:
        assert parse(line) == Message(command.upper(), [*words, last])


@given(TEXT, st.integers(4, 50))
def test_pieces_are_short_enough_and_lose_nothing_but_the_spaces_between_them(text: str, size: int) -> None:
    found = pieces(text, size)

    assert all(len(piece.encode()) <= size for piece in found)
    assert "".join(found).replace(" ", "") == text.replace(" ", "")


def test_pieces_end_at_spaces_where_they_can() -> None:
    assert pieces("one two three", 8) == ["one two", "three"]
    assert pieces("onetwothree", 8) == ["onetwoth", "ree"]


@given(TEXT, st.integers(0, 50))
def test_what_is_cut_is_the_beginning_and_as_long_as_it_may_be(text: str, size: int) -> None:
    found = cut(text, size)

    assert text.startswith(found)
    assert len(found.encode()) <= size
    if found != text:
        more = clusters(text[len(found) :])[0]
        # A cluster is cut only where it is alone.
        assert len((found + more).encode()) > size or len(clusters(text)[0].encode()) > size


@pytest.mark.parametrize("cluster", ["👩\u200d👩\u200d👧\u200d👦", "e\u0301", "🇻🇳", "क्षि"])
def test_a_line_is_cut_between_what_a_reader_takes_for_characters(cluster: str) -> None:
    found = pieces(cluster * 100, 390)

    assert "".join(found) == cluster * 100
    assert all(set(clusters(piece)) == {cluster} for piece in found)
    for line in (encode(f"PRIVMSG #x :{cluster * 300}"), encode(f":a!b@c TOPIC #x :{cut(cluster * 300, 390)}")):
        text = line.decode().removesuffix("\r\n").partition(" :")[2]
        assert set(clusters(text)) == {cluster}
    assert pieces("xxx \u0301y", 6) == ["xxx \u0301", "y"], "a mark belongs to the space before it"


@given(TEXT)
def test_a_line_that_goes_out_is_never_too_long(text: str) -> None:
    encoded = encode("x" * 500 + text)

    assert len(encoded) <= MAX_LINE + 2
    assert encoded.endswith(b"\r\n")
    encoded.decode()


@pytest.mark.parametrize(("given_", "shown"), [("a", "a"), ("", "*"), (":a", "*"), ("a b", "*"), ("#ü", "#ü")])
def test_a_parameter_between_others_is_one(given_: str, shown: str) -> None:
    assert middle(given_) == shown


@pytest.mark.parametrize(
    ("name", "user"), [("alice", "alice"), ("Ünal", "nal"), ("日本", "chat"), ("a" * 20, "a" * 10), ("a!b@c", "abc")]
)
def test_the_user_in_a_prefix_is_short_and_ascii(name: str, user: str) -> None:
    assert user_of(name) == user


@given(st.text("ab*?", max_size=8), st.text("ab", max_size=8))
def test_masks_mean_what_they_mean_elsewhere(mask: str, text: str) -> None:
    assert matches(mask, text) == fnmatchcase(text, mask)


def test_a_mask_of_many_stars_is_no_trouble() -> None:
    assert not matches("*a" * 200 + "b", "a" * 500)
