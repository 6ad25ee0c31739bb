"""What was said before, as IRC clients ask for it: CHATHISTORY, and HISTORY for those that do not know it."""

from __future__ import annotations

import re
from itertools import count

import pytest
from ircroom import IRCRoom, SteppedIRCRoom, ask, bare, numbers, tags_of
from stepped import SteppedLog

from chatroom.core.chat import Chat
from chatroom.core.delivery import Delivery
from chatroom.doors.irc.format import milliseconds, time_of
from chatroom.doors.irc.history import PAGE
from chatroom.doors.irc.information import MAX_HISTORY
from chatroom.log.memory import MemoryLog
from chatroom.model.events import Said
from chatroom.model.settings import Settings

WANTS = "server-time message-tags echo-message batch draft/chathistory"


class Reader:
    """Somebody who asks what was said in #lobby, and knows what they said themselves."""

    def __init__(self, room: IRCRoom, capabilities: str = WANTS) -> None:
        self.room = room
        self.person = room.irc("alice", capabilities, "#lobby")
        self.said: list[dict[str, str]] = []
        """The tags of each."""

    def say(self, *texts: str, command: str = "PRIVMSG") -> None:
        for text in texts:
            self.person.type(f"{command} #lobby :{text}")
            (line,) = self.person.lines()
            self.said.append(tags_of(line))

    def ask(self, question: str) -> list[str]:
        """What is in the batch that answers ``question``."""
        self.person.type(f"CHATHISTORY {question}")
        start, *lines, end = self.person.lines()
        name = re.fullmatch(r":\S+ BATCH \+(\S+) chathistory #lobby", start)
        assert name is not None, start
        assert end.endswith(f" BATCH -{name[1]}")
        assert all(tags_of(line)["batch"] == name[1] for line in lines)
        assert all({"time", "msgid"} <= tags_of(line).keys() for line in lines)
        return [line.split(" :")[-1] for line in lines]

    def id(self, index: int) -> str:
        return f"msgid={self.said[index]['msgid']}"

    def time(self, index: int) -> str:
        return f"timestamp={self.said[index]['time']}"


@pytest.fixture
def reader() -> Reader:
    # Each is said in a millisecond of its own.
    ticks = count()

    def now() -> float:
        return 1_800_000_000 + next(ticks) / 200

    log = MemoryLog(lambda call: room.clock.callLater(0, call), now)
    room = IRCRoom(chat=Chat(log, Delivery(), now=now, settings=Settings(rate=0)))
    found = Reader(room)
    found.say(*"0123456789")
    return found


@pytest.mark.parametrize("refer", [Reader.id, Reader.time])
@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("LATEST #lobby * 20", "0123456789"),
        ("LATEST #LOBBY * 3", "789"),
        ("latest #lobby {4} 20", "56789"),
        ("LATEST #lobby {4} 2", "89"),
        ("BEFORE #lobby {6} 20", "012345"),
        ("BEFORE #lobby {6} 2", "45"),
        ("BEFORE #lobby {0} 2", ""),
        ("AFTER #lobby {3} 20", "456789"),
        ("AFTER #lobby {3} 3", "456"),
        ("AFTER #lobby {9} 3", ""),
        ("BETWEEN #lobby {0} {9} 20", "12345678"),
        ("BETWEEN #lobby {9} {0} 20", "12345678"),
        ("BETWEEN #lobby {0} {9} 3", "123"),
        ("BETWEEN #lobby {9} {0} 3", "678"),
        ("BETWEEN #lobby {4} {5} 3", ""),
        ("AROUND #lobby {7} 1", "7"),
        ("AROUND #lobby {7} 3", "678"),
        ("AROUND #lobby {0} 3", "01"),
    ],
)
def test_what_is_asked_for_is_answered(reader: Reader, refer: str, question: str, answer: str) -> None:
    asked = re.sub(r"\{(\d)\}", lambda found: refer(reader, int(found[1])), question)  # type: ignore[operator]

    assert "".join(reader.ask(asked)) == answer


def test_no_more_is_answered_than_may_be(reader: Reader) -> None:
    reader.say(*["x"] * MAX_HISTORY)

    assert len(reader.ask("LATEST #lobby * 9999")) == MAX_HISTORY


def test_what_came_and_went_in_between_does_not_hide_what_was_said(reader: Reader) -> None:
    for _ in range(PAGE // 2 + 5):
        bob = reader.room.irc("bob", rooms="#lobby")
        bob.type("QUIT")
        bob.lines()
    reader.person.lines()
    reader.say("late")

    assert reader.ask(f"AFTER #lobby {reader.id(9)} 5") == ["late"]
    assert reader.ask(f"AROUND #lobby {reader.id(9)} 3") == ["8", "9", "late"]


def test_topics_are_for_those_who_have_asked_for_more_than_messages(reader: Reader) -> None:
    for _ in range(5):
        reader.say("tea", command="TOPIC")
    assert reader.ask("LATEST #lobby * 2") == ["8", "9"]
    assert reader.ask(f"AFTER #lobby {reader.id(8)} 5") == ["9"]

    ask(reader.person, "CAP REQ draft/event-playback")
    assert reader.ask("LATEST #lobby * 6") == ["9", *["tea"] * 5]


def test_notices_and_actions_are_played_back_as_such(reader: Reader) -> None:
    reader.say("beep", command="NOTICE")
    reader.person.type("PRIVMSG #lobby :\x01ACTION waves\x01")
    reader.person.lines()
    reader.person.type("CHATHISTORY LATEST #lobby * 2")

    assert bare(reader.person.lines())[1:-1] == [
        "alice NOTICE #lobby :beep",
        "alice PRIVMSG #lobby :\x01ACTION waves\x01",
    ]


@pytest.mark.parametrize(
    ("question", "failure"),
    [
        ("", "NEED_MORE_PARAMS * :Missing parameters"),
        ("LATEST", "NEED_MORE_PARAMS LATEST :Missing parameters"),
        ("LATEST #lobby *", "NEED_MORE_PARAMS LATEST :Missing parameters"),
        ("BETWEEN #lobby msgid=1 5", "NEED_MORE_PARAMS BETWEEN :Missing parameters"),
        ("FROB #lobby * 5", "INVALID_PARAMS FROB :Unknown command"),
        ("LATEST #lobby * 0", "INVALID_PARAMS LATEST 0 :Invalid limit"),
        ("LATEST #lobby * -5", "INVALID_PARAMS LATEST -5 :Invalid limit"),
        ("LATEST #lobby * x", "INVALID_PARAMS LATEST x :Invalid limit"),
        ("BEFORE #lobby msgid=x 5", "INVALID_PARAMS BEFORE msgid=x :Invalid msgid"),
        ("BEFORE #lobby timestamp=x 5", "INVALID_PARAMS BEFORE timestamp=x :Invalid timestamp"),
        (
            "BEFORE #lobby timestamp=2026-13-01T00:00:00.000Z 5",
            "INVALID_PARAMS BEFORE timestamp=2026-13-01T00:00:00.000Z :Invalid timestamp",
        ),
        ("BEFORE #lobby * 5", "INVALID_MSGREFTYPE BEFORE #lobby * :Refer by msgid or timestamp"),
        ("BEFORE #lobby row=5 5", "INVALID_MSGREFTYPE BEFORE #lobby row=5 :Refer by msgid or timestamp"),
        ("TARGETS msgid=1 msgid=2 5", "INVALID_PARAMS TARGETS msgid=1 msgid=2 :Give two timestamps"),
        *(
            (
                f"LATEST {target} * 5",
                f"INVALID_TARGET LATEST {target} :Messages could not be retrieved: you are not there",
            )
            for target in ("#garden", "#none", "bob", "#a:b")
        ),
    ],
)
def test_what_cannot_be_answered_fails_with_a_code(reader: Reader, question: str, failure: str) -> None:
    reader.room.irc("bob", rooms="#garden")

    assert ask(reader.person, f"CHATHISTORY {question}") == [f"FAIL CHATHISTORY {failure}"]


def test_a_message_of_another_history_is_no_reference_here(reader: Reader) -> None:
    history, _, id_ = reader.said[5]["msgid"].partition("-")
    assert reader.ask(f"AFTER #lobby msgid={history}-{id_} 2") == ["6", "7"]

    for other in (f"0{history}", "abc"):
        assert ask(reader.person, f"CHATHISTORY AFTER #lobby msgid={other}-{id_} 2") == [
            f"FAIL CHATHISTORY MESSAGE_ERROR AFTER #lobby msgid={other}-{id_}"
            " :Messages could not be retrieved: that message is of another history than this server's"
        ]


@pytest.mark.parametrize(
    "msgid", ["", "-", "-5", "5", "{}", "{}-", "{}-x", "{}--5", "{}-5-2", "{}-٥", "{}-" + "9" * 400, "p{}5"]
)
def test_what_is_no_id_of_a_message_is_said_to_be_none(reader: Reader, msgid: str) -> None:
    text = f"msgid={msgid.format(reader.room.chat.log.identity)}"

    (failed,) = ask(reader.person, f"CHATHISTORY AFTER #lobby {text} 2")
    assert re.match(r"FAIL CHATHISTORY (INVALID_PARAMS AFTER|MESSAGE_ERROR AFTER #lobby) msgid=", failed)
    assert "INVALID_PARAMS" in failed or msgid == "p{}5"


def test_a_topic_is_nothing_that_was_said_to_whoever_has_not_asked_for_it() -> None:
    room = IRCRoom()
    asked = "CHATHISTORY TARGETS timestamp=2020-01-01T00:00:00.000Z timestamp=2100-01-01T00:00:00.000Z 10"
    wants = "batch server-time draft/chathistory"
    alice, bob = room.irc("alice", wants, "#said,#set"), room.irc("bob", f"{wants} draft/event-playback", "#said,#set")
    alice.type("PRIVMSG #said :hi", "TOPIC #said :x", "TOPIC #set :y")
    said, topic = (tags_of(line)["time"] for line in bob.lines() if "#said" in line and "JOIN" not in line)

    assert ask(alice, asked)[-2:-1] == [f"CHATHISTORY TARGETS #said {said}"]
    assert len(ask(alice, asked)) == 3
    assert f"CHATHISTORY TARGETS #said {topic}" in ask(bob, asked)
    assert len(ask(bob, asked)) == 4


def test_rooms_where_something_was_said_are_named(reader: Reader) -> None:
    ask(reader.person, "JOIN #garden,#quiet", "PRIVMSG #garden :hi")
    start, *lines, end = ask(
        reader.person, "CHATHISTORY TARGETS timestamp=2020-01-01T00:00:00.000Z timestamp=2100-01-01T00:00:00Z 10"
    )

    assert "draft/chathistory-targets" in start
    assert end.startswith("BATCH -")
    assert [line.rsplit(" ", 1)[0] for line in lines] == ["CHATHISTORY TARGETS #lobby", "CHATHISTORY TARGETS #garden"]
    assert lines[0].endswith(reader.said[9]["time"])
    asked = f"CHATHISTORY TARGETS {reader.time(9)} timestamp=2020-01-01T00:00:00.000Z 10"
    assert len(ask(reader.person, asked)) == 2


def test_without_batches_the_lines_come_bare(reader: Reader) -> None:
    bob = reader.room.irc("bob", rooms="#lobby")

    assert ask(bob, "CHATHISTORY LATEST #lobby * 2") == ["alice PRIVMSG #lobby :8", "alice PRIVMSG #lobby :9"]
    ends = "timestamp=2020-01-01T00:00:00.000Z timestamp=2100-01-01T00:00:00.000Z"
    assert ask(bob, f"CHATHISTORY TARGETS {ends} 5") == [f"CHATHISTORY TARGETS #lobby {reader.said[9]['time']}"]


def test_history_is_for_those_whose_clients_know_no_other_way(reader: Reader) -> None:
    bob = reader.room.irc("bob", rooms="#lobby")
    lines = ask(bob, "HISTORY #lobby 2")

    assert [re.sub(r"\[\d{4}-\d\d-\d\d \d\d:\d\d\]", "[time]", line) for line in lines] == [
        "alice PRIVMSG #lobby :[time] 8",
        "alice PRIVMSG #lobby :[time] 9",
    ]
    assert len(ask(bob, "HISTORY #lobby")) == 10
    assert ask(bob, "HISTORY #lobby 0") == []
    assert ask(bob, "HISTORY", "HISTORY #none", "HISTORY #lobby x") == [
        "461 bob HISTORY :Not enough parameters",
        "403 bob #none :No such channel",
        f"400 bob HISTORY :HISTORY #room [n]: n is a number up to {MAX_HISTORY}",
    ]
    timed = reader.room.irc("timed", "server-time", "#lobby")
    assert ask(timed, "HISTORY #lobby 1") == ["alice PRIVMSG #lobby :9"]


STAMPS = [*range(1000, 1010), *range(400, 410), *range(1010, 1020), *range(5000, 5003), *range(1020, 1030)]
"""Seconds that a history of an older version may have: its clock was ten years back, then right, then far ahead."""

MOMENTS = [0, 400, 405, 409, 410, 999, 1000, 1005, 1009, 1010, 1019, 1025, 1029, 2000, 5000, 5002, 6000]


@pytest.mark.parametrize("limit", [1, 4, 100])
@pytest.mark.parametrize("moment", MOMENTS)
def test_where_times_have_gone_back_each_message_is_told_by_its_own(moment: int, limit: int) -> None:
    room = SteppedIRCRoom(capabilities="batch server-time")
    alice = room.alice
    first = room.log.last_committed + 1
    room.log.happen(*[Said(first + n, at, "lobby", "x", "bob", str(at)) for n, at in enumerate(STAMPS)])
    alice.lines()

    def ask_for(subcommand: str, *times: int) -> list[int]:
        references = " ".join(f"timestamp={time_of(float(time))}" for time in times)
        alice.type(f"CHATHISTORY {subcommand} #lobby {references} {limit}")
        return [int(line.split(" :")[-1]) for line in alice.lines()[1:-1]]

    before, after = [at for at in STAMPS if at < moment], [at for at in STAMPS if at > moment]
    assert ask_for("BEFORE", moment) == before[-limit:]
    assert ask_for("AFTER", moment) == after[:limit]
    assert ask_for("LATEST", moment) == after[-limit:]
    half = limit // 2
    since = [at for at in STAMPS if at >= moment]
    assert ask_for("AROUND", moment) == [*(before[-half:] if half else []), *since[: limit - half]]
    for other in MOMENTS:
        low, high = sorted((moment, other))
        between = [at for at in STAMPS if low < at < high]
        assert ask_for("BETWEEN", low, high) == between[:limit]
        assert ask_for("BETWEEN", high, low) == (between[-limit:] if low < high else [])


def test_any_log_is_asked_by_time() -> None:
    room = SteppedIRCRoom(capabilities="batch server-time")
    alice = room.alice
    alice.type("PRIVMSG #lobby :one", "PRIVMSG #lobby :two", "PING x")
    room.settle()
    room.log.commit()
    alice.lines()
    one = next(event for event in room.log.events if event.text == "one")
    alice.type(f"CHATHISTORY AFTER #lobby timestamp={time_of(one.at)} 5")

    assert bare(alice.lines())[1:-1] == ["alice PRIVMSG #lobby :two"]


def test_a_question_that_the_log_cannot_answer_is_answered_all_the_same() -> None:
    room = SteppedIRCRoom(SteppedLog(prompt=False))
    alice = room.alice
    alice.type("CHATHISTORY LATEST #lobby * 5", "PING x")
    room.settle()
    assert alice.lines() == []
    room.log.refuse()

    lines = bare(alice.lines())
    assert lines[0] == "NOTICE alice :The history cannot be read: the disk is on fire."
    assert numbers(lines)[-1] == "PONG"


@pytest.mark.parametrize("at", [1_800_000_000.001, 1_800_000_000.345, 1_700_000_000.999, 0.0, 1.5])
def test_a_time_is_shown_as_what_it_is(at: float) -> None:
    assert milliseconds(at) == round(at * 1000)
    assert time_of(at).endswith(f".{round(at * 1000) % 1000:03}Z")
