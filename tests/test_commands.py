"""Each command, with arguments that are right and arguments that are not."""

from __future__ import annotations

import pytest
from stepped import NOT_SENT, House, Visitor

from chatroom.core.command_table import Command
from chatroom.core.commands import COMMANDS
from chatroom.core.dialogue import Dialogue
from chatroom.core.operators import MAX_WRONG
from chatroom.model.answers import Pong
from chatroom.model.events import Away, Renamed, Said
from chatroom.wire.jsonlines import JSON


class Trio:
    """Alice and Bob in the lobby, Carol in the garden, with no more to be read."""

    def __init__(self) -> None:
        self.house = House(replay=20, max_ignored=2, operators={"root": "tea and cake"})
        self.alice = self.house.enter("alice")
        self.bob = self.house.enter("bob")
        self.carol = self.house.enter("carol", "garden")
        self.alice.lines()

    def type(self, *lines: str) -> list[str]:
        """What Alice is shown when she types ``lines``."""
        self.alice.type(*lines)
        self.house.log.settle()
        return self.alice.lines()

    def shown(self, visitor: Visitor) -> list[str]:
        self.house.log.settle()
        return visitor.lines()


@pytest.fixture
def trio() -> Trio:
    return Trio()


def test_the_commands_are_those_that_were_promised() -> None:
    assert [row.usage for row in COMMANDS.values()] == [
        "/help [command]",
        "/who [room] [after NICKNAME]",
        "/whois nickname",
        "/me text",
        "/msg nickname text",
        "/nick name",
        "/join room [key]",
        "/leave [room]",
        "/rooms [words] [after ROOM]",
        "/topic [text]",
        "/history [ids] [n] [before ID]",
        "/search words",
        "/remove ID|last [nickname] [reason]",
        "/purge nickname [minutes] [reason]",
        "/report ID|nickname why",
        "/reports [done N] [note]",
        "/audit [n] [before ID]",
        "/invite nickname [room]",
        "/invite-link [room] [uses] [time]",
        "/away [text]",
        "/register [password]",
        "/login [account] [password]",
        "/logout",
        "/password [old] [new]",
        "/unregister [nickname]",
        "/account [nickname]",
        "/token new|revoke NAME [scopes]",
        "/tokens",
        "/oper name password",
        "/kill nickname [reason]",
        "/room [room]",
        "/set [mode] [value]",
        "/rights",
        "/kick nickname [reason]",
        "/ban who [time] [everywhere] [reason]",
        "/unban who [everywhere]",
        "/bans [everywhere]",
        "/mute who [time] [reason]",
        "/unmute who",
        "/except who [time] [reason]",
        "/unexcept who",
        "/admit who [time] [reason]",
        "/unadmit who",
        "/shun who [time] [reason]",
        "/unshun who",
        "/op who [everywhere]",
        "/deop who [everywhere]",
        "/voice who [everywhere]",
        "/devoice who [everywhere]",
        "/owner who [everywhere]",
        "/deowner who [everywhere]",
        "/announce text",
        "/ignore nickname",
        "/unignore nickname",
        "/ping [text]",
        "/quit [reason]",
    ]


@pytest.mark.parametrize("row", [row for row in COMMANDS.values() if row.required], ids=lambda row: row.name)
def test_a_command_without_what_it_needs_is_refused_with_its_usage(trio: Trio, row: Command[Dialogue]) -> None:
    refusal = f"! /{row.name} needs more than that. Use it like this: {row.usage}"

    assert trio.type(f"/{row.name}", f"/{row.name}   ") == [refusal, refusal]


def test_an_unknown_command_suggests_the_nearest(trio: Trio) -> None:
    assert trio.type("/jion garden") == [
        "! There is no /jion (did you mean /join?). /help lists the commands; //jion says it as text."
    ]
    assert trio.type("/xyzzy") == ["! There is no /xyzzy. /help lists the commands; //xyzzy says it as text."]
    assert trio.type("/{0}") == ["! There is no /{0}. /help lists the commands; //{0} says it as text."]


def test_a_command_is_known_in_capitals(trio: Trio) -> None:
    assert trio.type("/ME waves") == ["* alice waves"]


def test_two_slashes_say_one(trio: Trio) -> None:
    assert trio.type("//me waves", "///") == ["alice: /me waves", "alice: //"]


def test_help_lists_every_command(trio: Trio) -> None:
    assert trio.type("/help") == [f"* {row.usage} - {row.help}" for row in COMMANDS.values()]


@pytest.mark.parametrize("argument", ["join", "/join", "JOIN"])
def test_help_explains_one_command(trio: Trio, argument: str) -> None:
    assert trio.type(f"/help {argument}") == [
        "* /join room [key] - enter a room, or speak in it if you are there already"
    ]


def test_help_with_what_is_no_command_says_so(trio: Trio) -> None:
    assert trio.type("/help jion") == ["! There is no /jion. /help lists the commands; //jion says it as text."]


def test_who_lists_this_room_or_the_one_named(trio: Trio) -> None:
    assert trio.type("/who") == ["* 2 in lobby: alice, bob"]
    assert trio.type("/who #GARDEN") == ["* 1 in garden: carol"]
    assert trio.type("/who cellar") == [
        "! There is no room cellar. /rooms lists the rooms, and /join cellar makes this one."
    ]
    assert trio.type("/who a b") == ["! That name will not do for a room: it has a space in it."]
    trio.type("/topic tea")
    assert trio.type("/who") == ["* 2 in lobby: alice, bob", "* the topic is: tea"]


def test_me_shows_what_one_does(trio: Trio) -> None:
    assert trio.type("/me waves to all") == ["* alice waves to all"] == trio.shown(trio.bob)
    assert trio.type("/me joined") == [
        "! Others could take that for something that the server says: put it in other words."
    ]


def test_msg_tells_one_person(trio: Trio) -> None:
    assert trio.type("/msg CAROL  hi  there") == ["alice (privately to carol): hi  there"]
    assert trio.shown(trio.carol) == ["alice (privately to carol): hi  there"]
    assert trio.shown(trio.bob) == []
    assert trio.type("/msg dave hi") == ["! Nobody here is called dave. /who lists the people here."]
    assert trio.type("/msg carol") == ["! /msg needs more than that. Use it like this: /msg nickname text"]


def test_whoever_is_let_go_for_what_they_are_told_was_told_it() -> None:
    house = House(sendq=100)
    alice, bob = house.enter("alice"), house.enter("bob")
    bob.stop_reading()
    alice.lines()
    shown: list[list[str]] = []
    while not bob.closed:
        alice.type(f"/msg bob {'x' * 60}")
        shown.append(alice.lines())

    assert len(shown) > 1
    assert shown == [[f"alice (privately to bob): {'x' * 60}"]] * len(shown)


def test_nick_changes_the_name(trio: Trio) -> None:
    assert trio.type("/nick Al", "hi") == ["* alice is now Al", "Al: hi"] == trio.shown(trio.bob)
    assert trio.type("/nick BOB") == ["! The nickname BOB is taken: choose another."]
    assert trio.type("/nick a b") == ["! That nickname will not do: it has a space in it."]
    assert trio.type("/nick server") == ["! That nickname will not do: it could be mistaken for the server."]


def test_nick_in_no_room_is_answered(trio: Trio) -> None:
    trio.type("/leave")

    assert trio.type("/nick Al") == ["* you are now called Al"]
    assert trio.type("/join lobby") == ["* 2 in lobby: bob, Al", "* Al joined"]


def test_join_enters_a_room_and_speaks_there(trio: Trio) -> None:
    assert trio.type("/join garden", "hello") == ["* 2 in garden: carol, alice", "* alice joined", "alice: hello"]
    assert trio.shown(trio.carol) == ["* alice joined", "alice: hello"]
    assert trio.shown(trio.bob) == []
    trio.bob.type("anybody?")
    assert trio.type() == ["[lobby] bob: anybody?"]


def test_join_shows_what_was_said_there_before(trio: Trio) -> None:
    trio.carol.type("roses")
    trio.house.log.settle()
    people, past, joined = trio.type("/join garden")

    assert (people, joined) == ("* 2 in garden: carol, alice", "* alice joined")
    assert past.endswith("] carol: roses")


def test_join_of_a_room_that_one_is_in_speaks_there(trio: Trio) -> None:
    trio.type("/join garden")

    assert trio.type("/join #Lobby", "hi") == ["* you now speak in lobby", "alice: hi"]
    assert trio.shown(trio.bob) == ["alice: hi"]
    trio.carol.type("and here?")
    assert trio.type() == ["[garden] carol: and here?"]


def test_join_of_what_cannot_be_a_room_is_refused(trio: Trio) -> None:
    assert trio.type("/join a]b") == ["! That name will not do for a room: it has ] in it."]
    assert trio.type("/join a,b") == ["! That name will not do for a room: it has , in it."]


def test_leave_goes_out_of_this_room_or_the_one_named(trio: Trio) -> None:
    trio.type("/join garden", "/join kitchen")
    assert trio.type("/leave garden") == ["[garden] * alice left"]
    assert trio.type("/leave") == ["* alice left", "* you now speak in lobby"]
    assert trio.shown(trio.carol) == ["* alice joined", "* alice left"]
    assert trio.type("/leave garden") == ["! You are not in garden: /join garden first."]
    assert trio.type("/leave") == ["* alice left", "* you are in no room: /join one"]
    assert (
        trio.type("/leave", "hello", "/me waves", "/topic", "/who", "/history", "/search tea")
        == ["! You are in no room. Join one first with /join; /rooms lists them."] * 7
    )
    assert trio.shown(trio.bob) == ["* alice left"]


def test_rooms_lists_them_with_how_many_and_the_topic(trio: Trio) -> None:
    trio.carol.type("/topic roses")
    trio.house.log.settle()

    assert trio.type("/rooms") == ["* garden (1 here): roses", "* lobby (2 here)"]


def test_topic_is_set_shown_and_taken_away(trio: Trio) -> None:
    assert trio.type("/topic") == ["* there is no topic in lobby"]
    assert trio.type("/topic tea, and cake") == ["* alice set the topic: tea, and cake"] == trio.shown(trio.bob)
    assert trio.type("/topic") == ["* the topic of lobby is: tea, and cake"]
    assert trio.type("/topic -") == ["* alice took away the topic"]
    assert trio.type("/topic") == ["* there is no topic in lobby"]


def test_history_shows_the_last_talk_of_this_room(trio: Trio) -> None:
    assert trio.type("/history") == ["* nothing was said in lobby"]
    trio.type("one", "two", "/me waves")
    trio.carol.type("elsewhere")
    shown = trio.type("/history 2")

    assert shown[0] == "* what was said in lobby:"
    assert [line.partition("] ")[2] for line in shown[2:]] == ["alice: two", "* alice waves"]
    assert len(trio.type("/history")) == 5


@pytest.mark.parametrize("argument", ["0", "-1", "1001", "ten", "٣", "1e3", "9" * 5000])
def test_history_takes_a_number_within_its_limits(trio: Trio, argument: str) -> None:
    assert trio.type(f"/history {argument}") == [
        f"! {argument} is not a number from 1 to 1000. Use it like this: /history [ids] [n] [before ID]"
    ]


def test_history_goes_back_from_an_event(trio: Trio) -> None:
    trio.type("one", "two", "three")
    ids = {event.text: event.id for event in trio.house.log.events}

    def said(line: str) -> list[str]:
        return [shown.partition("] ")[2] for shown in trio.type(line)[2:]]

    assert said(f"/history 1 before {ids['three']}") == ["alice: two"]
    assert said(f"/history before {ids['three']}") == ["alice: one", "alice: two"]
    assert said(f"/history before {2**62}") == ["alice: one", "alice: two", "alice: three"]
    assert trio.type("/history before 1") == ["* nothing was said in lobby"]


@pytest.mark.parametrize("id_", ["0", "-1", "ten", "٣", str(2**63), "9" * 5000])
def test_history_goes_back_from_what_can_be_an_id(trio: Trio, id_: str) -> None:
    refusal = f"! {id_} is not a number from 1 to {2**63 - 1}. Use it like this: /history [ids] [n] [before ID]"

    assert trio.type(f"/history 5 before {id_}") == [refusal]


@pytest.mark.parametrize("argument", ["1 2", "5 before 6 7", "before", "5 before", "1 2 before 3"])
def test_history_takes_no_more_and_no_less_than_it_says(trio: Trio, argument: str) -> None:
    [refusal] = trio.type(f"/history {argument}")

    assert refusal.endswith("Use it like this: /history [ids] [n] [before ID]")


def test_a_long_history_is_told_in_parts_no_faster_than_it_is_read(trio: Trio) -> None:
    trio.alice.type(*(f"{number} {'x' * 4000}" for number in range(200)))
    trio.shown(trio.alice)
    trio.alice.stop_reading()
    trio.alice.type("/history 200", "next")
    trio.house.log.settle()
    assert trio.alice.send_queue.waiting < 300_000, "it was all rendered at once"
    assert trio.alice.waiting == ["next"]
    trio.alice.read_on()
    shown = trio.shown(trio.alice)

    assert shown.count("* what was said in lobby:") == 1
    said = [line.partition("] ")[2].split()[1] for line in shown if line.startswith("[")]
    assert said == [str(number) for number in range(200)]
    assert shown[-1] == "alice: next"


def test_search_shows_the_last_talk_of_this_room_with_all_the_words(trio: Trio) -> None:
    trio.type("tea and cake", "just tea", "/me drinks tea with cake")
    trio.carol.type("tea and cake elsewhere")
    shown = trio.type("/search cake tea")

    assert shown[0] == "* what was found in lobby for: cake tea"
    assert [line.partition("] ")[2] for line in shown[2:]] == ["alice: tea and cake", "* alice drinks tea with cake"]
    assert trio.type("/search coffee") == ["* nothing was found in lobby for: coffee"]


@pytest.mark.parametrize("line", ["/history", "/search tea"])
def test_what_cannot_be_read_is_said_and_the_next_line_is_taken(trio: Trio, line: str) -> None:
    trio.house.log.prompt = False
    trio.alice.type(line, "after")
    trio.house.log.refuse()

    assert trio.type()[0] == "! The history cannot be read: the disk is on fire."
    assert trio.type("/rooms") == ["* garden (1 here)", "* lobby (2 here)"]
    assert [event.text for event in trio.house.log.events][-1] == "after"


def test_history_is_answered_before_the_next_line_is_taken(trio: Trio) -> None:
    trio.house.log.prompt = False
    trio.alice.type("/history", "after")
    assert trio.alice.waiting == ["after"]

    assert trio.type() == ["* nothing was said in lobby", "alice: after"]


def test_what_is_told_one_person_and_what_is_asked_for_comes_behind_what_was_said_before(trio: Trio) -> None:
    assert trio.type("hello", "/msg bob psst", "/topic tea", "/topic", "/topic cake", "/who", "there is") == [
        "alice: hello",
        "alice (privately to bob): psst",
        "* alice set the topic: tea",
        "* the topic of lobby is: tea",
        "* alice set the topic: cake",
        "* 2 in lobby: alice, bob",
        "* the topic is: cake",
        "alice: there is",
    ]
    assert trio.shown(trio.bob)[:2] == ["alice: hello", "alice (privately to bob): psst"]


def test_what_could_not_be_kept_holds_up_nothing_that_comes_behind_it(trio: Trio) -> None:
    trio.alice.type("hello", "/msg bob psst", "after")
    trio.house.log.fail()

    assert trio.type() == [NOT_SENT, "alice (privately to bob): psst", "alice: after"]


def test_invite_asks_one_person_into_this_room_or_the_one_named(trio: Trio) -> None:
    assert trio.type("/invite CAROL") == ["* You've invited carol to lobby."]
    assert trio.shown(trio.carol) == ["* alice invites you to lobby: /join lobby"]
    trio.type("/join kitchen")
    assert trio.type("/invite carol #Lobby") == ["* You've invited carol to lobby."]
    assert trio.shown(trio.carol) == ["* alice invites you to lobby: /join lobby"]
    assert trio.shown(trio.bob) == []


def test_whoever_cannot_be_invited_is_not_and_it_is_said_why(trio: Trio) -> None:
    assert trio.type("/invite dave") == ["! Nobody here is called dave. /who lists the people here."]
    assert trio.type("/invite bob") == ["! bob is in lobby already."]
    assert trio.type("/invite bob garden") == ["! You are not in garden: /join garden first."]
    assert trio.type("/invite bob a]b") == ["! That name will not do for a room: it has ] in it."]
    trio.type("/leave")
    assert trio.type("/invite carol") == ["! You are in no room. Join one first with /join; /rooms lists them."]
    assert trio.shown(trio.carol) == []


def test_the_ignored_invite_nobody(trio: Trio) -> None:
    trio.carol.type("/ignore alice")
    trio.shown(trio.carol)

    assert trio.type("/invite carol") == ["* You've invited carol to lobby."]
    assert trio.shown(trio.carol) == []


def test_away_is_told_to_whoever_writes_to_one_who_is(trio: Trio) -> None:
    assert trio.type("/away at lunch") == ["* You're away: at lunch"]
    assert trio.shown(trio.bob) == [], "a line for it would be too much"
    trio.bob.type("/msg alice tea?")
    assert trio.shown(trio.bob) == ["bob (privately to alice): tea?", "* alice is away: at lunch"]
    trio.carol.type("/invite alice")
    assert trio.shown(trio.carol) == ["* You've invited alice to garden.", "* alice is away: at lunch"]
    assert trio.type("/away") == [
        "bob (privately to alice): tea?",
        "* carol invites you to garden: /join garden",
        "* You're back.",
    ]
    trio.bob.type("/msg alice tea?")
    assert trio.shown(trio.bob) == ["bob (privately to alice): tea?"]


def test_away_comes_behind_what_was_said_before_and_is_not_kept(trio: Trio) -> None:
    dave = trio.house.enter("dave", format_=JSON)
    trio.alice.type("brb", "/away at lunch", "/nick al")
    trio.house.log.settle()

    assert [(type(event), event.nickname, event.text) for event in dave.heard()] == [
        (Said, "alice", "brb"),
        (Away, "alice", "at lunch"),
        (Renamed, "alice", "al"),
    ]
    assert Away not in {type(event) for event in trio.house.log.events}


def test_away_in_no_room_is_known_all_the_same(trio: Trio) -> None:
    assert trio.type("/leave", "/away at lunch")[-1] == "* You're away: at lunch"
    trio.bob.type("/msg alice tea?")
    assert trio.shown(trio.bob)[-1] == "* alice is away: at lunch"


def test_operators_are_those_who_know_a_password(trio: Trio) -> None:
    wrong = "! There is no operator of that name and password: check both."
    assert trio.type("/oper root cake", "/oper alice tea and cake", "/oper root tea and  cake") == [wrong] * 3
    assert trio.type("/kill bob") == ["! Only operators may do that: /oper makes you one, if you know a password."]
    assert trio.type("/oper root tea and cake") == ["* You're an operator now."]
    assert trio.shown(trio.bob) == []


def test_passwords_cannot_be_tried_by_the_thousand(trio: Trio) -> None:
    trio.type(*["/oper root cake"] * MAX_WRONG)

    assert trio.type("/oper root tea and cake") == [
        "! Too many wrong passwords came from your address: wait a minute, then try again."
    ]


def test_kill_closes_somebodys_connection(trio: Trio) -> None:
    trio.type("/oper root tea and cake")
    assert trio.type("one last word", "/kill BOB for  spam") == [
        "alice: one last word",
        "* bob's connection is closed.",
        "* bob left (Killed (alice (for  spam)))",
    ]
    assert trio.bob.lines() == [
        "alice: one last word",
        "* alice closes your connection: for  spam",
        "* bob left (Killed (alice (for  spam)))",
    ]
    assert trio.bob.closed
    assert trio.type("/kill carol") == ["* carol's connection is closed."]
    assert trio.carol.lines()[0] == "* alice closes your connection: no reason given"
    assert trio.type("/kill dave") == ["! Nobody here is called dave. /who lists the people here."]


def test_whois_says_where_somebody_is_and_tells_operators_their_address(trio: Trio) -> None:
    trio.bob.host = "203.0.113.9"
    trio.bob.type("/join garden", "/away lunch")
    trio.house.log.settle()
    trio.alice.lines()

    everybody = ["* bob is in garden, lobby", "* bob is away: lunch"]
    assert trio.type("/whois BOB") == everybody
    assert trio.type("/whois nobody") == ["! Nobody here is called nobody. /who lists the people here."]
    assert trio.type("/whois alice") == ["* alice is in lobby", "* alice comes from a Unix socket, on this machine"]
    trio.type("/oper root tea and cake")
    assert trio.type("/whois bob") == [*everybody, "* bob comes from 203.0.113.9, not encrypted"]
    trio.bob.type("/whois alice")
    assert trio.shown(trio.bob)[-2:] == ["* alice is in lobby", "* alice is an operator"]


def test_operators_may_close_their_own_connection(trio: Trio) -> None:
    trio.type("/oper root tea and cake", "/kill alice")

    assert trio.alice.closed
    assert trio.shown(trio.bob) == ["* alice left (Killed (alice (no reason given)))"]


def test_the_ignored_are_not_heard_until_they_are_again(trio: Trio) -> None:
    assert trio.type("/ignore BOB") == ["* you now ignore BOB"]
    trio.bob.type("hi", "/me waves", "/msg alice psst", "/topic cake")
    assert trio.type() == ["* bob set the topic: cake"]
    assert trio.type("/unignore bob") == ["* you no longer ignore bob"]
    trio.bob.type("hi again")
    assert trio.type() == ["bob: hi again"]


def test_what_the_ignored_said_is_not_shown_to_whoever_comes_later(trio: Trio) -> None:
    trio.carol.type("roses", "/topic thorns")
    trio.house.log.settle()
    trio.type("/ignore carol")

    assert not [line for line in trio.type("/join garden") if "roses" in line]


def test_ignoring_has_its_limits(trio: Trio) -> None:
    assert trio.type("/ignore bob", "/ignore carol") == ["* you now ignore bob", "* you now ignore carol"]
    assert trio.type("/ignore dave") == ["! You ignore as many people as you may. Use it like this: /unignore nickname"]
    assert trio.type("/unignore dave") == ["! You do not ignore dave. Use it like this: /ignore nickname"]
    assert trio.type("/unignore a\u200bb") == ["! Nobody can be called a\u200bb. Use it like this: /ignore nickname"]


def test_ping_is_answered_at_once_to_whoever_asked_alone(trio: Trio) -> None:
    assert trio.type("/ping", "/ping 17  tea") == ["* pong", "* pong 17  tea"]
    assert trio.shown(trio.bob) == []
    trio.alice.type("hello", "/ping")
    assert trio.alice.lines() == ["* pong"], "it does not wait for what is said to be kept"
    assert trio.type("/leave", "/ping")[-1] == "* pong"


def test_ping_is_answered_to_a_program_with_what_it_asked(trio: Trio) -> None:
    dave = trio.house.enter("dave", format_=JSON)
    dave.type("/ping", "/PING  17 tea ", "/ping \x1b[31m\u202ered\x07")
    assert dave.things() == [Pong(""), Pong("17 tea"), Pong("red")]


@pytest.mark.parametrize(("line", "left"), [("/quit", "* alice left"), ("/quit so  long", "* alice left (so  long)")])
def test_quit_leaves_and_tells_the_others_why(trio: Trio, line: str, left: str) -> None:
    assert trio.type(line, "not said any more") == [left]
    assert trio.shown(trio.bob) == [left]
    assert trio.alice.closed


def test_quit_from_no_room_ends_as_well(trio: Trio) -> None:
    trio.type("/leave", "/quit")

    assert trio.alice.closed


def test_history_and_search_leave_out_whom_one_ignores(trio: Trio) -> None:
    trio.bob.type("tea?", "/me waits for tea")
    trio.type("tea!", "/ignore bob")
    assert [line.partition("] ")[2] for line in trio.type("/history") if "tea" in line] == ["alice: tea!"]
    assert [line for line in trio.type("/search tea") if "bob" in line] == []
    trio.type("/unignore bob")
    assert len([line for line in trio.type("/history") if "bob" in line]) == 2
