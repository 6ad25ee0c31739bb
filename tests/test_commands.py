"""Each command, with arguments that are right and arguments that are not."""

from __future__ import annotations

import pytest
from stepped import NOT_SENT, House, Visitor

from chatroom.core.commands import COMMANDS, Command
from chatroom.model.events import Pong
from chatroom.wire.formats import JSON


class RenderContext:
    """Alice and Bob in the lobby, Carol in the garden, with no more to be read."""

    def __init__(self) -> None:
        self.house = House(replay=20, max_ignored=2)
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
def scene() -> RenderContext:
    return RenderContext()


def test_the_commands_are_those_that_were_promised() -> None:
    assert [row.usage for row in COMMANDS.values()] == [
        "/help [command]",
        "/who [room]",
        "/me text",
        "/msg nickname text",
        "/nick name",
        "/join room",
        "/leave [room]",
        "/rooms",
        "/topic [text]",
        "/history [n] [before ID]",
        "/search words",
        "/ignore nickname",
        "/unignore nickname",
        "/ping [text]",
        "/quit [reason]",
    ]


@pytest.mark.parametrize("row", [row for row in COMMANDS.values() if row.required], ids=lambda row: row.name)
def test_a_command_without_what_it_needs_is_refused_with_its_usage(scene: RenderContext, row: Command) -> None:
    refusal = f"! /{row.name} needs more than that. Use it so: {row.usage}"

    assert scene.type(f"/{row.name}", f"/{row.name}   ") == [refusal, refusal]


def test_an_unknown_command_suggests_the_nearest(scene: RenderContext) -> None:
    assert scene.type("/jion garden") == [
        "! There is no /jion (did you mean /join?). /help lists the commands; //jion says it as text."
    ]
    assert scene.type("/xyzzy") == ["! There is no /xyzzy. /help lists the commands; //xyzzy says it as text."]
    assert scene.type("/{0}") == ["! There is no /{0}. /help lists the commands; //{0} says it as text."]


def test_a_command_is_known_in_capitals(scene: RenderContext) -> None:
    assert scene.type("/ME waves") == ["* alice waves"]


def test_two_slashes_say_one(scene: RenderContext) -> None:
    assert scene.type("//me waves", "///") == ["alice: /me waves", "alice: //"]


def test_help_lists_every_command(scene: RenderContext) -> None:
    assert scene.type("/help") == [f"* {row.usage} - {row.help}" for row in COMMANDS.values()]


@pytest.mark.parametrize("argument", ["join", "/join", "JOIN"])
def test_help_explains_one_command(scene: RenderContext, argument: str) -> None:
    assert scene.type(f"/help {argument}") == ["* /join room - enter a room, or speak in it if you are there already"]


def test_help_with_what_is_no_command_says_so(scene: RenderContext) -> None:
    assert scene.type("/help jion") == ["! There is no /jion. /help lists the commands; //jion says it as text."]


def test_who_lists_this_room_or_the_one_named(scene: RenderContext) -> None:
    assert scene.type("/who") == ["* 2 in lobby: alice, bob"]
    assert scene.type("/who #GARDEN") == ["* 1 in garden: carol"]
    assert scene.type("/who cellar") == [
        "! There is no room cellar: /rooms lists those that there are, /join makes one."
    ]
    assert scene.type("/who a b") == ["! That name will not do for a room: it has a space in it."]
    scene.type("/topic tea")
    assert scene.type("/who") == ["* 2 in lobby: alice, bob", "* the topic is: tea"]


def test_me_shows_what_one_does(scene: RenderContext) -> None:
    assert scene.type("/me waves to all") == ["* alice waves to all"] == scene.shown(scene.bob)
    assert scene.type("/me joined") == [
        "! Others could take that for something that the server says: put it in other words."
    ]


def test_msg_tells_one_person(scene: RenderContext) -> None:
    assert scene.type("/msg CAROL  hi  there") == ["alice (privately to carol): hi  there"]
    assert scene.shown(scene.carol) == ["alice (privately to carol): hi  there"]
    assert scene.shown(scene.bob) == []
    assert scene.type("/msg dave hi") == ["! Nobody here is called dave: /who lists who is."]
    assert scene.type("/msg carol") == ["! /msg needs more than that. Use it so: /msg nickname text"]


def test_nick_changes_the_name(scene: RenderContext) -> None:
    assert scene.type("/nick Al", "hi") == ["* alice is now Al", "Al: hi"] == scene.shown(scene.bob)
    assert scene.type("/nick BOB") == ["! The nickname BOB is taken: choose another."]
    assert scene.type("/nick a b") == ["! That nickname will not do: it has a space in it."]
    assert scene.type("/nick server") == ["! That nickname will not do: it could be mistaken for the server."]


def test_nick_in_no_room_is_answered(scene: RenderContext) -> None:
    scene.type("/leave")

    assert scene.type("/nick Al") == ["* you are now called Al"]
    assert scene.type("/join lobby") == ["* 2 in lobby: bob, Al", "* Al joined"]


def test_join_enters_a_room_and_speaks_there(scene: RenderContext) -> None:
    assert scene.type("/join garden", "hello") == ["* 2 in garden: carol, alice", "* alice joined", "alice: hello"]
    assert scene.shown(scene.carol) == ["* alice joined", "alice: hello"]
    assert scene.shown(scene.bob) == []
    scene.bob.type("anybody?")
    assert scene.type() == ["[lobby] bob: anybody?"]


def test_join_shows_what_was_said_there_before(scene: RenderContext) -> None:
    scene.carol.type("roses")
    scene.house.log.settle()
    people, past, joined = scene.type("/join garden")

    assert (people, joined) == ("* 2 in garden: carol, alice", "* alice joined")
    assert past.endswith("] carol: roses")


def test_join_of_a_room_that_one_is_in_speaks_there(scene: RenderContext) -> None:
    scene.type("/join garden")

    assert scene.type("/join #Lobby", "hi") == ["* you now speak in lobby", "alice: hi"]
    assert scene.shown(scene.bob) == ["alice: hi"]
    scene.carol.type("and here?")
    assert scene.type() == ["[garden] carol: and here?"]


def test_join_of_what_cannot_be_a_room_is_refused(scene: RenderContext) -> None:
    assert scene.type("/join a]b") == ["! That name will not do for a room: it has ] in it."]
    assert scene.type("/join a b") == ["! That name will not do for a room: it has a space in it."]


def test_leave_goes_out_of_this_room_or_the_one_named(scene: RenderContext) -> None:
    scene.type("/join garden", "/join kitchen")
    assert scene.type("/leave garden") == ["[garden] * alice left"]
    assert scene.type("/leave") == ["* alice left", "* you now speak in lobby"]
    assert scene.shown(scene.carol) == ["* alice joined", "* alice left"]
    assert scene.type("/leave garden") == ["! You are not in garden: /join garden first."]
    assert scene.type("/leave") == ["* alice left", "* you are in no room: /join one"]
    assert (
        scene.type("/leave", "hello", "/me waves", "/topic", "/who", "/history", "/search tea")
        == ["! You are in no room: /join one first; /rooms lists them."] * 7
    )
    assert scene.shown(scene.bob) == ["* alice left"]


def test_rooms_lists_them_with_how_many_and_the_topic(scene: RenderContext) -> None:
    scene.carol.type("/topic roses")
    scene.house.log.settle()

    assert scene.type("/rooms") == ["* garden (1 here): roses", "* lobby (2 here)"]


def test_topic_is_set_shown_and_taken_away(scene: RenderContext) -> None:
    assert scene.type("/topic") == ["* there is no topic in lobby"]
    assert scene.type("/topic tea, and cake") == ["* alice set the topic: tea, and cake"] == scene.shown(scene.bob)
    assert scene.type("/topic") == ["* the topic of lobby is: tea, and cake"]
    assert scene.type("/topic -") == ["* alice took away the topic"]
    assert scene.type("/topic") == ["* there is no topic in lobby"]


def test_history_shows_the_last_talk_of_this_room(scene: RenderContext) -> None:
    assert scene.type("/history") == ["* nothing was said in lobby"]
    scene.type("one", "two", "/me waves")
    scene.carol.type("elsewhere")
    shown = scene.type("/history 2")

    assert shown[0] == "* what was said in lobby:"
    assert [line.partition("] ")[2] for line in shown[2:]] == ["alice: two", "* alice waves"]
    assert len(scene.type("/history")) == 5


@pytest.mark.parametrize("argument", ["0", "-1", "1001", "ten", "٣", "1e3", "9" * 5000])
def test_history_takes_a_number_within_its_limits(scene: RenderContext, argument: str) -> None:
    assert scene.type(f"/history {argument}") == [
        f"! {argument} is not a number from 1 to 1000. Use it so: /history [n] [before ID]"
    ]


def test_history_goes_back_from_an_event(scene: RenderContext) -> None:
    scene.type("one", "two", "three")
    ids = {event.text: event.id for event in scene.house.log.events}

    def said(line: str) -> list[str]:
        return [shown.partition("] ")[2] for shown in scene.type(line)[2:]]

    assert said(f"/history 1 before {ids['three']}") == ["alice: two"]
    assert said(f"/history before {ids['three']}") == ["alice: one", "alice: two"]
    assert said(f"/history before {2**62}") == ["alice: one", "alice: two", "alice: three"]
    assert scene.type("/history before 1") == ["* nothing was said in lobby"]


@pytest.mark.parametrize("id_", ["0", "-1", "ten", "٣", str(2**63), "9" * 5000])
def test_history_goes_back_from_what_can_be_an_id(scene: RenderContext, id_: str) -> None:
    refusal = f"! {id_} is not a number from 1 to {2**63 - 1}. Use it so: /history [n] [before ID]"

    assert scene.type(f"/history 5 before {id_}") == [refusal]


@pytest.mark.parametrize("argument", ["1 2", "5 before 6 7", "before", "5 before", "1 2 before 3"])
def test_history_takes_no_more_and_no_less_than_it_says(scene: RenderContext, argument: str) -> None:
    [refusal] = scene.type(f"/history {argument}")

    assert refusal.endswith("Use it so: /history [n] [before ID]")


def test_a_long_history_is_told_in_parts_no_faster_than_it_is_read(scene: RenderContext) -> None:
    scene.alice.type(*(f"{number} {'x' * 4000}" for number in range(200)))
    scene.shown(scene.alice)
    scene.alice.stop_reading()
    scene.alice.type("/history 200", "next")
    scene.house.log.settle()
    assert scene.alice.send_queue.waiting < 300_000, "it was all rendered at once"
    assert scene.alice.waiting == ["next"]
    scene.alice.read_on()
    shown = scene.shown(scene.alice)

    assert shown.count("* what was said in lobby:") == 1
    said = [line.partition("] ")[2].split()[1] for line in shown if line.startswith("[")]
    assert said == [str(number) for number in range(200)]
    assert shown[-1] == "alice: next"


def test_search_shows_the_last_talk_of_this_room_with_all_the_words(scene: RenderContext) -> None:
    scene.type("tea and cake", "just tea", "/me drinks tea with cake")
    scene.carol.type("tea and cake elsewhere")
    shown = scene.type("/search cake tea")

    assert shown[0] == "* what was found in lobby for: cake tea"
    assert [line.partition("] ")[2] for line in shown[2:]] == ["alice: tea and cake", "* alice drinks tea with cake"]
    assert scene.type("/search coffee") == ["* nothing was found in lobby for: coffee"]


@pytest.mark.parametrize("line", ["/history", "/search tea"])
def test_what_cannot_be_read_is_said_and_the_next_line_is_taken(scene: RenderContext, line: str) -> None:
    scene.house.log.prompt = False
    scene.alice.type(line, "after")
    scene.house.log.refuse()

    assert scene.type()[0] == "! The history cannot be read: the disk is on fire."
    assert scene.type("/rooms") == ["* garden (1 here)", "* lobby (2 here)"]
    assert [event.text for event in scene.house.log.events][-1] == "after"


def test_history_is_answered_before_the_next_line_is_taken(scene: RenderContext) -> None:
    scene.house.log.prompt = False
    scene.alice.type("/history", "after")
    assert scene.alice.waiting == ["after"]

    assert scene.type() == ["* nothing was said in lobby", "alice: after"]


def test_what_is_told_one_person_and_what_is_asked_for_comes_behind_what_was_said_before(scene: RenderContext) -> None:
    assert scene.type("hello", "/msg bob psst", "/topic tea", "/topic", "/topic cake", "/who", "there is") == [
        "alice: hello",
        "alice (privately to bob): psst",
        "* alice set the topic: tea",
        "* the topic of lobby is: tea",
        "* alice set the topic: cake",
        "* 2 in lobby: alice, bob",
        "* the topic is: cake",
        "alice: there is",
    ]
    assert scene.shown(scene.bob)[:2] == ["alice: hello", "alice (privately to bob): psst"]


def test_what_could_not_be_kept_holds_up_nothing_that_comes_behind_it(scene: RenderContext) -> None:
    scene.alice.type("hello", "/msg bob psst", "after")
    scene.house.log.fail()

    assert scene.type() == [NOT_SENT, "alice (privately to bob): psst", "alice: after"]


def test_the_ignored_are_not_heard_until_they_are_again(scene: RenderContext) -> None:
    assert scene.type("/ignore BOB") == ["* you hear no more of BOB"]
    scene.bob.type("hi", "/me waves", "/msg alice psst", "/topic cake")
    assert scene.type() == ["* bob set the topic: cake"]
    assert scene.type("/unignore bob") == ["* you hear bob again"]
    scene.bob.type("hi again")
    assert scene.type() == ["bob: hi again"]


def test_what_the_ignored_said_is_not_shown_to_whoever_comes_later(scene: RenderContext) -> None:
    scene.carol.type("roses", "/topic thorns")
    scene.house.log.settle()
    scene.type("/ignore carol")

    assert not [line for line in scene.type("/join garden") if "roses" in line]


def test_ignoring_has_its_limits(scene: RenderContext) -> None:
    assert scene.type("/ignore bob", "/ignore carol") == ["* you hear no more of bob", "* you hear no more of carol"]
    assert scene.type("/ignore dave") == ["! You ignore as many as one can. Use it so: /unignore nickname"]
    assert scene.type("/unignore dave") == ["! You do not ignore dave. Use it so: /ignore nickname"]
    assert scene.type("/unignore a\u200bb") == ["! Nobody can be called a\u200bb. Use it so: /ignore nickname"]


def test_ping_is_answered_at_once_to_whoever_asked_alone(scene: RenderContext) -> None:
    assert scene.type("/ping", "/ping 17  tea") == ["* pong", "* pong 17  tea"]
    assert scene.shown(scene.bob) == []
    scene.alice.type("hello", "/ping")
    assert scene.alice.lines() == ["* pong"], "it does not wait for what is said to be kept"
    assert scene.type("/leave", "/ping")[-1] == "* pong"


def test_ping_is_answered_to_a_program_with_what_it_asked(scene: RenderContext) -> None:
    dave = scene.house.enter("dave", format_=JSON)
    dave.type("/ping", "/PING  17 tea ", "/ping \x1b[31m\u202ered\x07")
    assert dave.things() == [Pong(""), Pong("17 tea"), Pong("red")]


@pytest.mark.parametrize(("line", "left"), [("/quit", "* alice left"), ("/quit so  long", "* alice left (so  long)")])
def test_quit_leaves_and_tells_the_others_why(scene: RenderContext, line: str, left: str) -> None:
    assert scene.type(line, "not said any more") == [left]
    assert scene.shown(scene.bob) == [left]
    assert scene.alice.closed


def test_quit_from_no_room_ends_as_well(scene: RenderContext) -> None:
    scene.type("/leave", "/quit")

    assert scene.alice.closed
