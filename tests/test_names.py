"""Which names are allowed, when two are the same, and that no name lets its holder forge a line."""

from __future__ import annotations

import re

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from precis_i18n import get_profile

from chatroom.model.answers import Notice, Private, Refused, Welcome
from chatroom.model.errors import NicknameRefused, PeerError, RoomNameRefused
from chatroom.model.events import Acted, Event, Joined, Left, Renamed, Said, TopicChanged
from chatroom.model.names import MAX_NAME_LENGTH, check_nickname, nickname_key, nickname_look, room_name
from chatroom.wire.plain import PLAIN

# Letters of several scripts, and the characters that the wire gives a meaning to.
NAMES = st.text(
    st.one_of(
        st.sampled_from([*"abXYZ019_-.()[]{}:*!/@#+=,?'\u0430\u0435\u043e\u03b1\uff21\uff1a\u05d0\u4e2d\u200b\u2800"]),
        st.characters(),
    ),
    min_size=1,
    max_size=34,
)


def accepted(name: str) -> bool:
    try:
        check_nickname(name)
    except PeerError:
        return False
    return True


NICKNAMES = st.one_of(
    st.text("abcXYZ019_-.()[]{}'", min_size=1, max_size=8),
    st.text("АБВгде", min_size=1, max_size=8),
    st.text(min_size=1, max_size=2),
).filter(accepted)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Alice", "alice"),
        ("alice", "ＡＬＩＣＥ"),
        ("Ångström", "A\u030angstro\u0308m"),
        ("ПРИВЕТ", "привет"),
        ("coco", "сосо"),  # the second in Cyrillic
        ("scope", "ѕсоре"),  # the second in Cyrillic
        ("ovo", "ονο"),  # the second in Greek
        ("TOM", "ТОМ"),  # the second in Cyrillic
        ("BEKHCT", "ВЕКНСТ"),  # the second in Cyrillic
    ],
)
def test_names_that_look_alike_are_one_name(one: str, other: str) -> None:
    assert check_nickname(one) == check_nickname(other)


@pytest.mark.parametrize("colon", ":\uff1a\u02f8\u0589\u05c3\u0703\u0704\u16ec\u1803\u1809\u2236\ua789")
def test_nothing_in_a_name_looks_like_the_colon_behind_it(colon: str) -> None:
    with pytest.raises(NicknameRefused):
        check_nickname(f"bob{colon}")


def test_names_that_look_different_are_different() -> None:
    assert len({check_nickname(name) for name in ("alice", "alicf", "привет", "你好", "al1ce", "alice_")}) == 6


@pytest.mark.parametrize(
    "name", ["a", "x" * 32, "Zoë", "王小明", "김철수", "田中さん", "אבי", "алиса", "bob-2", "o'neil"]
)
def test_ordinary_names_are_allowed(name: str) -> None:
    assert check_nickname(name)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("", "it is empty"),
        ("x" * 33, "it has more than 32 characters"),
        ("al ice", "it has a space in it"),
        ("al\u00a0ice", "it has a space in it"),
        *[(f"{start}alice", f"it starts with {start}") for start in "/*!@#:+-={["],
        *[(f"al{character}ice", f"it has {character} in it") for character in ":,!@*?"],
        ("alice：", "it would read as another name"),
        ("＊alice", "it would read as another name"),
        ("al\u200bice", "it has characters that names cannot have"),
        ("al\u202eice", "it has characters that names cannot have"),
        ("al\x1bice", "it has characters that names cannot have"),
        ("al\u2800ice", "it has characters that names cannot have"),
        ("\u0301alice", "it starts with a mark that belongs to a letter"),
        ("аlice", "it mixes letters of several scripts"),  # its first letter in Cyrillic
        ("αlice", "it mixes letters of several scripts"),  # its first letter in Greek
        ("server", "it could be mistaken for the server"),
        ("SERVER", "it could be mistaken for the server"),
        ("Тhe".replace("h", "н").replace("e", "е"), "it could be mistaken for the server"),  # all in Cyrillic
        ("Welcome", "it could be mistaken for the server"),
    ],
)
def test_names_that_will_not_do_are_refused_with_the_reason(name: str, why: str) -> None:
    with pytest.raises(NicknameRefused) as refusal:
        check_nickname(name)
    assert why in str(refusal.value)


@given(st.one_of(NICKNAMES, NAMES))
@example("\uac01")
def test_a_key_is_its_own_key(name: str) -> None:
    try:
        key = check_nickname(name)
    except NicknameRefused:
        assume(False)
    assert nickname_key(key) == key


@given(st.one_of(NICKNAMES, NAMES))
def test_a_room_is_known_by_one_name(name: str) -> None:
    try:
        room = room_name(name)
    except RoomNameRefused:
        assume(False)
    assert room_name(room) == room
    assert room_name(f"#{room}") == room
    assert not re.search(r"[\s\]]", room)


@pytest.mark.parametrize("name", ["", "#", "##garden", "gar den", "gar]den", "gar］den", "x" * 33, "a:b", "аlice"])
def test_rooms_cannot_be_called_everything(name: str) -> None:
    with pytest.raises(RoomNameRefused):
        room_name(name)


def test_rooms_are_case_folded_and_a_leading_hash_does_not_count() -> None:
    assert room_name("#Garden") == room_name("ｇａｒｄｅｎ") == "garden"


@given(NICKNAMES, NICKNAMES, st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp"))))
def test_no_line_can_be_taken_for_one_of_another_sort_or_speaker(nickname: str, other: str, text: str) -> None:
    event = (1, 0.0, "lobby", "", nickname, text)

    def shown(thing: Event) -> str:
        line, end = PLAIN.event(thing, False).decode().split("\r\n")
        assert not end
        return line

    # What a reader can rely on: the first character tells the sort, what stands before the first ": " the speaker.
    talk = shown(Said(*event))
    assert talk[0] not in "*!["
    assert talk.partition(": ")[0] == nickname
    private = PLAIN.answer(Private(0.0, nickname, other, text)).decode().removesuffix("\r\n")
    assert private.partition(": ")[0] == f"{nickname} (privately to {other})"
    assert " " not in nickname, "or a speaker could be called what a private line begins with"
    for kind in (Acted, Joined, Left, TopicChanged):
        assert shown(kind(*event)).split(" ")[:2] == ["*", nickname]
    assert shown(Renamed(1, 0.0, "lobby", "", nickname, other)) == f"* {nickname} is now {other}"
    for elsewhere in (Said(*event), Acted(*event)):
        assert PLAIN.event(elsewhere, True).decode() == f"[lobby] {shown(elsewhere)}\r\n"


@pytest.mark.parametrize(
    "word",
    ["server", "the", "you", "welcome", "notice", "nobody", "private", "and", "there", "what", "nothing", "chatroom"],
)
def test_nobody_has_a_name_that_a_line_of_the_servers_begins_with(word: str) -> None:
    with pytest.raises(NicknameRefused):
        check_nickname(word)


@pytest.mark.parametrize("name", ["You're", "you've", "You\u2019re", "the's", "you`re"])
def test_nobody_has_such_a_name_with_an_apostrophe_behind_it(name: str) -> None:
    with pytest.raises(NicknameRefused, match="mistaken for the server"):
        check_nickname(name)
    assert check_nickname("O'Brien") == "o'brien"


def test_the_servers_own_lines_begin_like_nobodys() -> None:
    welcome, more = PLAIN.answer(Welcome("alice", "lobby", "tea", ["alice"], 3)).decode().split("\r\n")[:2]

    notices = [PLAIN.answer(Notice(text)).decode() for text in ("you no longer ignore bob", "You're away: lunch")]
    for line in (welcome, more, *notices):
        with pytest.raises(NicknameRefused):
            check_nickname(line.split()[1])
    assert PLAIN.answer(Refused("some-code", "No.")) == b"! No.\r\n"


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=MAX_NAME_LENGTH))
def test_a_name_of_ascii_is_folded_as_the_profile_says(name: str) -> None:
    assert nickname_key(name) == get_profile("NicknameCaseMapped:ToLower").enforce(name)


# Scripts.


@pytest.mark.parametrize(
    "name",
    [
        *("Марʼяна", "Ольга-2", "O'Brien", "Oʼahu", "Nguyễn", "Trần_Thị", "Ἀλέξανδρος", "Đỗ", "İpek", "Łukasz"),
        *("สมชาย", "ສົມຊາຍ", "မောင်လျှော့", "សុខា", "རྡོ་རྗེ", "राम्", "नमः", "தமிழ்", "ബിജു", "ਸਿੰਘ"),
        *("مُحَمَّد", "علی‌رضا", "دَاوُود", "יוֹסֵף", "ܝܘܚܢܢ", "ꦗꦮ", "አበበ", "ᐃᓄᒃ", "ⵣⵉⵔⵉ", "ᏣᎳᎩ"),
        *("ノノ", "カー2", "東京タワー", "bob太郎", "ㄅㄆ漢", "한글bob", "😀", "naïve★", "x²"),
    ],
)
def test_names_of_every_script_are_allowed(name: str) -> None:
    assert check_nickname(name)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("ali\U00016fe4ce", "characters that names cannot have"),  # a filler of Khitan, which has no width
        ("ali\u2d7fce", "characters that names cannot have"),  # a joiner of Tifinagh, likewise
        ("al\u034fice", "characters that names cannot have"),
        ("al\u3164ice", "characters that names cannot have"),
        ("al\ufe0fice", "characters that names cannot have"),
        ("a\u05b0lice", "several scripts"),  # a point of Hebrew
        ("ali\u0e48ce", "several scripts"),  # a tone of Thai
        ("ali\u0483ce", "several scripts"),
        ("бοб", "several scripts"),  # an omicron
        ("かa한", "several scripts"),
        ("aliceа", "several scripts"),
        ("a" + "\u0301\u0302\u0303\u0304\u0305", "more than 4 marks"),
        ("a\u0323\u0323", "one twice"),
        ("ǃalice", "read as another name"),
        ("bobː", "read as another name"),
        ("bob⁎", "read as another name"),
        ("᐀bob", "read as another name"),
        ("\ufdfa" * 4, "read as another name"),
    ],
)
def test_names_that_play_with_scripts_are_refused(name: str, why: str) -> None:
    with pytest.raises(NicknameRefused, match=why):
        check_nickname(name)
    with pytest.raises(RoomNameRefused, match=why):
        room_name(name)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("alice", "\u0251lice"),
        ("alice", "al\u0131ce"),
        ("olo", "օӏօ"),
        ("O'Brien", "Oʼbrien"),
        ("二人", "ニ人"),
        ("hop", "нор"),
    ],
)
def test_every_confusable_of_unicode_is_the_letter_that_it_looks_like(one: str, other: str) -> None:
    assert nickname_key(one) == nickname_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Alice", "AIice"),
        ("Alice", "A1ice".replace("1", "|")),
        ("bob0", "bobO"),
        ("Mary", "Mary".replace("M", "\u041c")),
        ("modern", "modem"),
        ("Allo", "ΑΙΙΟ"),  # the second in Greek capitals
    ],
)
def test_names_that_can_be_taken_for_each_other_have_one_look(one: str, other: str) -> None:
    assert nickname_look(one) == nickname_look(other)


@pytest.mark.parametrize(("one", "other"), [("Kai", "Kal"), ("Neil", "Nell"), ("Ian", "lan"), ("user1", "useri")])
def test_letters_of_ascii_stay_apart_in_keys(one: str, other: str) -> None:
    assert nickname_key(one) != nickname_key(other)


@pytest.mark.parametrize("name", ["systern", "0perServ", "WeIcome"])
def test_nobody_is_called_what_looks_like_the_server(name: str) -> None:
    with pytest.raises(NicknameRefused, match="mistaken for the server"):
        check_nickname(name)


def test_nobody_is_called_what_looks_like_the_servers_own_name() -> None:
    with pytest.raises(NicknameRefused, match="mistaken for the server"):
        check_nickname("IRC.Example".replace("I", "l"), "IRC.Example")
    assert check_nickname("alice", "a-rather-long-name-of-a-server.example.org")


@pytest.mark.parametrize("name", ["a" * 33, "\ufdfa" * 1355, "\U00020000" * 1000, "\u200b" * 33, "\ufdfa" * 4])
def test_a_name_that_is_too_long_is_neither_normalised_nor_kept(name: str) -> None:
    kept = nickname_key.cache_info().currsize
    # The fourth is nothing that the profile allows, which shows only when it is applied.
    with pytest.raises(ValueError, match="too long"):
        nickname_key(name)
    with pytest.raises(NicknameRefused):
        check_nickname(name)
    assert nickname_key.cache_info().currsize == kept
