"""How kinds of event look to IRC clients: one table, and what is in no row of it."""

from __future__ import annotations

from typing import Any

import pytest
from ircroom import SERVER, IRCRoom, SteppedIRCRoom, bare, tags_of

from chatroom.core.members import Member
from chatroom.doors.irc.batches import in_batch, is_one_message, tagged, within
from chatroom.doors.irc.format import IRC_EVENTS, SHAPING, IRCFormat, Rendering
from chatroom.model.answers import Done, Live
from chatroom.model.events import KINDS, Away, Event, Joined, Quit, Renamed, Said, TopicChanged


class Strangers:
    """People of whom nobody knows more than their nicknames."""

    def __init__(self, member: Member | None = None) -> None:
        self._member = member

    def prefix(self, nickname: str) -> str:
        return f"{nickname}!u@h"

    def realname(self, nickname: str) -> str:
        return nickname.title()

    def account(self, nickname: str) -> str:
        return ""

    def is_bot(self, nickname: str) -> bool:
        return False

    def author(self, event: Event) -> Member | None:
        return self._member


def format_with(*capabilities: str, member: Member | None = None) -> IRCFormat:
    return IRCFormat("server", "abc", Strangers(member), frozenset(capabilities))


def event(kind: type[Event], text: str = "x", **fields: Any) -> Event:
    return kind(**{"id": 7, "at": 0.0, "room": "lobby", "member": "m1", "nickname": "al", "text": text, **fields})


def shown(kind: type[Event], *capabilities: str, text: str = "x", member: Member | None = None, **fields: Any) -> str:
    return format_with(*capabilities, member=member).event(event(kind, text, **fields), False).decode()


@pytest.fixture
def waved() -> Any:
    """A kind of event that nobody knew before."""

    class Waved(Event):
        kind = "waved"

    yield Waved
    del KINDS["waved"]


def test_every_kind_has_a_rendering() -> None:
    assert set(KINDS.values()) == set(IRC_EVENTS)


@pytest.mark.parametrize("kind", IRC_EVENTS)
@pytest.mark.parametrize("text", ["", "x", "x" * 2000, "a\nQUIT", "a\r\nQUIT"])
def test_no_event_breaks_out_of_its_lines(kind: type[Event], text: str) -> None:
    for capabilities in ((), SHAPING):
        data = format_with(*capabilities).event(event(kind, text), False)
        for line in data.split(b"\r\n")[:-1]:
            by_server = IRC_EVENTS[kind].by_server and (b":server NOTICE #" in line or b":server BATCH +" in line)
            # In a batch, its beginning says who speaks.
            assert by_server or b":al!u@h " in line or line.startswith(b":server BATCH -")
            assert b"\n" not in line
            assert b"\r" not in line
        assert data.endswith(b"\r\n") or not data


def test_a_kind_without_a_rendering_is_not_shown(waved: type[Event]) -> None:
    assert shown(waved) == ""


def test_a_kind_is_added_by_one_rendering(waved: type[Event]) -> None:
    IRC_EVENTS[waved] = Rendering(lambda event: f"WAVE #{event.room}", lambda event: event.text)
    try:
        assert shown(waved, "message-tags") == "@msgid=abc-7 :al!u@h WAVE #lobby :x\r\n"
    finally:
        del IRC_EVENTS[waved]


def test_a_kind_without_a_rendering_upsets_neither_its_room_nor_its_author_nor_the_history(waved: type[Event]) -> None:
    room = SteppedIRCRoom(capabilities="batch labeled-response echo-message")
    session = room.alice.protocol.session
    session.say("lobby", "x", waved)
    room.alice.type("@label=1 PRIVMSG #lobby :hi", "CHATHISTORY LATEST #lobby * 5")
    room.settle()
    room.log.commit()

    said, _, again, _ = bare(room.alice.lines())
    assert said == again == "alice PRIVMSG #lobby :hi"


def test_going_away_is_for_those_who_have_asked_for_it() -> None:
    assert shown(Away) == ""
    assert shown(Away, "away-notify") == ":al!u@h AWAY :x\r\n"
    assert shown(Away, "away-notify", text="") == ":al!u@h AWAY\r\n"


def test_an_event_that_is_not_kept_has_no_id_and_none_has_one_that_is_in_no_log() -> None:
    assert shown(Away, *SHAPING).startswith("@time=1970-01-01T00:00:00.000Z :al")
    assert shown(Said, "message-tags") == "@msgid=abc-7 :al!u@h PRIVMSG #lobby :x\r\n"
    outside = event(Renamed, "ally", id=0, room="")
    assert format_with("message-tags").event(outside, False) == b":al!u@h NICK ally\r\n"


def test_a_newcomer_who_is_away_is_shown_to_be() -> None:
    member = Member("m1")
    assert shown(Joined, "away-notify", member=member) == ":al!u@h JOIN #lobby\r\n"
    member.away = "lunch"
    assert shown(Joined, "away-notify", member=member) == ":al!u@h JOIN #lobby\r\n:al!u@h AWAY :lunch\r\n"
    assert shown(Joined, member=member) == ":al!u@h JOIN #lobby\r\n"


def test_a_newcomers_account_is_shown_where_they_have_one() -> None:
    assert shown(Joined, "extended-join") == ":al!u@h JOIN #lobby * :Al\r\n"
    assert shown(Joined, "extended-join", extras={"account": "alan"}) == ":al!u@h JOIN #lobby alan :Al\r\n"
    assert shown(Joined, "extended-join", extras={"account": ": a b"}) == ":al!u@h JOIN #lobby _a_b :Al\r\n"


def test_a_line_is_tagged_with_the_account_that_its_author_had_then() -> None:
    # The server tells of removals, and of a role that an account is given.
    for kind in [kind for kind, row in IRC_EVENTS.items() if not kind.is_rule and not row.by_server]:
        line = shown(kind, "account-tag", "away-notify", extras={"account": "a; b"})
        assert line.startswith("@account=a\\:\\sb :al!u@h ")
        assert shown(kind, "account-tag", "away-notify").startswith(":al!u@h ")
        assert shown(kind, "away-notify", extras={"account": "alan"}).startswith(":al!u@h ")


def test_each_line_of_a_message_has_the_tag_of_its_author() -> None:
    extras = {"account": "alan", "bot": True}
    lines = shown(Said, "account-tag", "message-tags", text="a\nb", extras=extras).splitlines()
    assert lines == [
        "@account=alan;msgid=abc-7;bot :al!u@h PRIVMSG #lobby :a",
        "@account=alan;bot :al!u@h PRIVMSG #lobby :b",
    ]


def test_answers_that_irc_has_no_words_for_are_not_shown() -> None:
    assert format_with().answer(Live()) == format_with().answer(Done(7)) == b""


def test_a_quit_without_a_reason_has_one_and_a_topic_may_be_empty() -> None:
    assert shown(Quit, text="") == ":al!u@h QUIT :left\r\n"
    assert shown(TopicChanged, text="") == ":al!u@h TOPIC #lobby :\r\n"


def test_whoever_was_called_that_before_lends_nothing_to_whoever_is_now() -> None:
    room = IRCRoom()
    users = room.door.server.users
    alice = room.irc("alice").protocol.session.member

    assert users.author(event(Joined, nickname="alice", member=alice.member_id)) is alice
    assert users.author(event(Joined, nickname="alice", member="another")) is None
    assert users.author(event(Joined, nickname="nobody")) is None


# Batches.


def test_the_lines_of_a_batch_name_it_and_those_of_one_inside_name_that() -> None:
    inner = in_batch([b"one\r\n"], "x", "server")
    outer = [line.decode() for line in in_batch([b"@time=1 zero\r\n", b"".join(inner)], "y", SERVER)]
    opening, *_ = outer
    name = opening.split("+")[1].split(" ")[0]
    lines = "".join(outer[1:-1]).splitlines()

    assert [tags_of(line)["batch"] == name for line in lines] == [True, True, False, True]
    assert lines[0] == f"@batch={name};time=1 zero"


@pytest.mark.parametrize(
    ("lines", "is_one"),
    [
        (b":a PRIVMSG b :c\r\n", True),
        (b":a PRIVMSG b :c\r\n:a PRIVMSG b :c\r\n", False),
        (b":a BATCH +1 x\r\n@batch=1 :a P\r\n:s BATCH -1\r\n", True),
        (b"@time=1 :a BATCH +1 x\r\n@batch=1 :a P\r\n:s BATCH -1\r\n", True),
        (b":a BATCH +1 x\r\n@batch=1 :a P\r\n:s BATCH -11\r\n", False),
        (b":a BATCH +1 x\r\n:s BATCH -1\r\n:a P\r\n", False),
        (b":a PRIVMSG b :BATCH +1 x\r\n:a PRIVMSG b : BATCH -1\r\n", False),
    ],
)
def test_one_message_is_a_line_or_a_batch(lines: bytes, is_one: bool) -> None:
    assert is_one_message(lines) is is_one


def test_a_tag_stands_before_those_that_are_there() -> None:
    assert tagged(b":a P\r\n:a Q\r\n", "x=1") == b"@x=1 :a P\r\n:a Q\r\n"
    assert tagged(b"@y=2 :a P\r\n", "x=1") == b"@x=1;y=2 :a P\r\n"
    assert within(b":a P\r\n:a Q\r\n", "n") == b"@batch=n :a P\r\n@batch=n :a Q\r\n"
