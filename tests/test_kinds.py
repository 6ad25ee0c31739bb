"""A kind of event is added by one class and one rendering in each form, and every table has every kind.

The kinds that tests add here are known while they run, and gone afterwards.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Queue
from typing import Any

import pytest
from ircroom import IRCRoom, ask, bare
from kinds import known, new_kind
from logs import LOGS
from stepped import House, Visitor
from support import TIMEOUT

from chatroom.client.render_context import RenderContext
from chatroom.client.theme import THEME_EVENTS, Theme
from chatroom.core.chat import Chat
from chatroom.core.delivery import Delivery
from chatroom.core.requests import Request
from chatroom.core.state import State
from chatroom.doors.irc.format import IRC_EVENTS, Rendering
from chatroom.model.answers import Found, History
from chatroom.model.events import KINDS, Audience, Event, Membership, Nature, Quit, Removed, Said
from chatroom.model.settings import Settings
from chatroom.wire.formats import Format
from chatroom.wire.jsonlines import JSON
from chatroom.wire.plain import PLAIN, PLAIN_EVENTS
from chatroom.wire.reading import read_json

TOP = Path(__file__).parent.parent
PROTOCOL = (TOP / "docs" / "protocol.rst").read_text(encoding="utf-8")
PAGE_KINDS = TOP / "chatroom" / "doors" / "web" / "page" / "kinds.js"

SHOWN_AS = list(dict.fromkeys(kind.shown_as for kind in KINDS.values() if kind.audience is not Audience.NOBODY))
"""The kinds as programs are told of them."""


# One class, and one rendering in each form.


@contextmanager
def reacted() -> Iterator[type[Event]]:
    """A kind of talk that is about another event, which everything is in that adding one takes."""

    class Reacted(Event):
        """``text`` is what they think of another event; the extras have how strongly."""

        __slots__ = ()
        kind = "reacted"

    with known(
        Reacted,
        (PLAIN_EVENTS, lambda event: f"* {event.nickname} finds {event.about} {event.text}"),
        (IRC_EVENTS, Rendering(lambda event: f"TAGMSG #{event.room}", lambda event: f"{event.about} {event.text}")),
        (
            THEME_EVENTS,
            lambda event, context: [("class:event", f"* {event.nickname} finds {event.about} {event.text}")],
        ),
    ):
        yield Reacted


class Loop:
    """The loop that the calls of a log are made in."""

    now = 1_000_000_000.0

    def __init__(self) -> None:
        self._calls: Queue[Callable[[], None]] = Queue()
        self.call = self._calls.put

    def until(self, done: Callable[[], bool]) -> None:
        while not done():
            self._calls.get(timeout=TIMEOUT)()


class Here:
    """A chat on one of the logs that there are."""

    def __init__(self, log: str, folder: Path) -> None:
        self.loop = Loop()
        self.log = LOGS[log](self.loop, folder)
        delivery = Delivery()
        delivery.start(self.log.last_committed)
        self.happened: list[Event] = []
        settings = Settings(replay=5)
        self.chat = Chat(self.log, delivery, now=lambda: self.loop.now, settings=settings, hook=self.happened.append)

    def enter(self, nickname: str, format_: Format) -> Visitor:
        visitor = Visitor(self.chat)
        visitor.session.format = format_
        visitor.session.enter(nickname)
        self.loop.until(lambda: visitor.session.entered and not visitor.session.busy)
        return visitor

    def happen(self, visitor: Visitor, kind: type[Event], text: str, ref: str = "", **fields: Any) -> Event:
        """Have somebody do something, and everybody be shown it."""
        before = len(self.happened)
        member, session = visitor.session.member, visitor.session
        request = Request(member, kind, ("lobby",), text, session, ref=ref, own_form=True) if ref else None
        self.chat.say(member, "lobby", text, kind, request, ref=ref, **fields)
        self.loop.until(lambda: len(self.happened) > before)
        return self.happened[-1]

    def ask(self, visitor: Visitor, line: str) -> list[str]:
        visitor.lines()
        visitor.type(line)
        self.loop.until(lambda: not visitor.session.busy)
        return visitor.lines()

    def stop(self) -> None:
        stopped: list[bool] = []
        self.chat.stop(lambda: stopped.append(True))
        self.loop.until(lambda: bool(stopped))


@pytest.mark.parametrize("log", LOGS)
def test_a_new_kind_goes_all_the_way_and_is_kept(log: str, tmp_path: Path) -> None:
    with reacted() as kind:
        here = Here(log, tmp_path)
        alice, bob = here.enter("alice", PLAIN), here.enter("bob", JSON)
        said = here.happen(alice, Said, "tea is ready")
        for one in (alice, bob):
            one.lines()
        event = here.happen(bob, kind, "lovely", about=said.id, extras={"strength": [3, None]}, ref="7")

        assert event == kind(
            *(event.id, event.at, "lobby", bob.session.member.member_id, "bob", "lovely"),
            *(said.id, {"strength": [3, None]}, "7"),
        )
        assert type(event) is kind
        assert alice.lines() == [f"* bob finds {said.id} lovely"]
        (shown,) = bob.heard()
        assert shown == event, "whose it is is shown the ref as well"
        assert type(shown) is kind

        carol = here.enter("carol", PLAIN)
        assert carol.lines()[-2].endswith(f"] * bob finds {said.id} lovely"), "it is counted: newcomers are shown it"
        assert event._replace(ref="") in here.enter("dave", JSON).heard()
        assert here.ask(alice, "/history 1")[-1].endswith(f"] * bob finds {said.id} lovely")
        # The index on disk may be a moment behind.
        deadline = time.monotonic() + TIMEOUT
        while len(found := here.ask(alice, "/search LOVELY")) < 2:
            assert time.monotonic() < deadline, found
        assert found[-1].endswith(f"] * bob finds {said.id} lovely")
        here.stop()


def test_a_new_kind_is_read_back_from_the_file_and_passed_over_where_it_is_not_known(tmp_path: Path) -> None:
    def recent() -> list[tuple[str, str]]:
        """What a newcomer is shown of the past by a server that starts with the file."""
        here = Here("sqlite", tmp_path)
        alice = here.enter("alice", JSON)
        here.stop()
        return [(type(event).__name__, event.text) for event in alice.heard() if event.counted]

    with reacted() as kind:
        here = Here("sqlite", tmp_path)
        alice = here.enter("alice", JSON)
        here.happen(alice, Said, "before")
        here.happen(alice, kind, "lovely", about=2)
        here.happen(alice, Said, "after")
        here.stop()
        assert recent() == [("Said", "before"), ("Reacted", "lovely"), ("Said", "after")]
    assert recent() == [("Said", "before"), ("Said", "after")]
    with reacted():
        assert recent() == [("Said", "before"), ("Reacted", "lovely"), ("Said", "after")]


def test_a_new_kind_is_shown_at_every_door() -> None:
    with reacted() as kind:
        room = IRCRoom(replay=5)
        alice, bob = room.enter("alice"), room.enter("bob", "format=json")
        carol = room.irc("carol", "server-time message-tags batch draft/chathistory", "#lobby")
        dave = room.irc("dave", "", "#lobby")
        for one in (alice, bob, carol):
            one.lines()
        room.chat.say(room.chat.find("alice"), "lobby", "lovely", kind, about=3, extras={"strength": 3})

        assert alice.lines() == ["* alice finds 3 lovely"]
        (shown,) = (json.loads(line) for line in bob.lines())
        assert (shown["kind"], shown["about"], shown["extras"]) == ("reacted", 3, {"strength": 3})
        assert bare(dave.lines()) == bare(carol.lines()) == ["alice TAGMSG #lobby :3 lovely"]
        assert ask(carol, "CHATHISTORY LATEST #lobby * 1")[1:-1] == ["alice TAGMSG #lobby :3 lovely"]


def test_a_new_kind_goes_over_the_wire_to_a_client_that_knows_it_and_past_one_that_does_not() -> None:
    with reacted() as kind:
        event = kind(7, 8.5, "lobby", "id-1", "alice", "lovely", 3, {"strength": [3, None]}, "r")
        line = JSON.event_with_ref(event, event.ref, False)
        answers = [JSON.answer(History("lobby", [event])), JSON.answer(Found("lobby", "tea", [event]))]
        again = read_json(line)
        assert again == event
        assert type(again) is kind
        for answer in map(read_json, answers):
            assert isinstance(answer, History | Found)
            assert [type(one) for one in answer.events] == [kind]

    assert read_json(line) is None


def test_a_new_kind_is_shown_at_the_terminal() -> None:
    with reacted() as kind:
        event = kind(7, 8.5, "lobby", "id-1", "alice", "lovely", 3)
        (*_, line) = Theme().lines(event, RenderContext("bob", "lobby"))

        assert "".join(text for _, text in line).endswith("* alice finds 3 lovely")


# What a kind says of itself.


def test_a_kind_has_the_traits_of_the_one_it_derives_from_and_its_own_name() -> None:
    with new_kind("hummed", Said, counted=False) as kind:
        assert (kind.kind, kind.shown_as, KINDS["hummed"]) == ("hummed", "hummed", kind)
        assert (kind.nature, kind.counted, kind.searched) == (Nature.TALK, False, True)
    with new_kind("vanished", Quit) as kind:
        assert (kind.shown_as, kind.once, kind.nature) == ("vanished", True, Nature.MEMBERSHIP)
    assert not {"hummed", "vanished"} & set(KINDS)


def test_no_two_kinds_have_one_name() -> None:
    with pytest.raises(TypeError, match="there is a kind 'said' already: Said"):
        type("Uttered", (Event,), {"kind": "said"})
    assert KINDS["said"] is Said


def test_what_has_no_name_is_no_kind() -> None:
    assert Membership not in KINDS.values()
    assert Event not in KINDS.values()
    assert "" not in KINDS


@pytest.mark.parametrize("log", LOGS)
def test_what_is_not_kept_is_shown_to_who_is_there_alone(log: str, tmp_path: Path) -> None:
    with new_kind("typing", Event, kept=False) as kind:
        here = Here(log, tmp_path)
        alice, bob = here.enter("alice", JSON), here.enter("bob", JSON)
        last = here.happen(alice, Said, "tea?")
        for one in (alice, bob):
            one.lines()
        event = here.happen(alice, kind, "...")
        assert event.id == last.id
        for one in (alice, bob):
            (line,) = map(json.loads, one.lines())
            assert line == {
                **{"at": event.at, "kind": "typing", "room": "lobby", "nick": "alice", "text": "..."},
                "member": alice.session.member.member_id,
            }
        carol = here.enter("carol", JSON)

        assert "typing" not in {event.kind for event in carol.heard()}
        assert not [line for line in here.ask(carol, "/history 5") if "typing" in line]
        here.stop()


@pytest.mark.parametrize("log", LOGS)
@pytest.mark.parametrize("counted", [True, False])
def test_what_is_not_counted_is_missed_and_is_not_shown_to_newcomers(log: str, counted: bool, tmp_path: Path) -> None:
    with new_kind("noted", Event, counted=counted) as kind:
        here = Here(log, tmp_path)
        alice = here.enter("alice", JSON)
        here.happen(alice, Said, "tea?")
        event = here.happen(alice, kind, "a note")
        newcomer = here.enter("bob", JSON)
        assert (event in newcomer.heard()) is counted

        asked: list[list[Event]] = []
        here.log.since(frozenset({"lobby"}), 0, 100, lambda events: asked.append(list(events)), lambda error: None)
        here.loop.until(lambda: bool(asked))
        assert event in asked[0]
        here.stop()


def test_who_ignores_its_author_is_shown_what_all_are_to_be_shown() -> None:
    row = (PLAIN_EVENTS, lambda event: f"* {event.text}")
    with new_kind("ruled", Event, row, audience=Audience.ROOM) as ruled, new_kind("sang", Event, row) as sang:
        house = House()
        alice, bob = house.enter("alice"), house.enter("bob")
        bob.type("/ignore alice")
        bob.lines()
        alice.session.say("lobby", "la la", sang)
        alice.session.say("lobby", "no singing", ruled)
        house.log.settle()

        assert bob.lines() == ["* no singing"]


@pytest.mark.parametrize("once", [True, False])
def test_what_happens_in_each_room_is_shown_once_or_in_each(once: bool) -> None:
    with new_kind("moved", Membership, (PLAIN_EVENTS, lambda event: f"* {event.nickname} moved"), once=once) as kind:
        house = House()
        bob = house.enter("bob", "garden", "lobby")
        rooms = ("garden", "lobby")
        house.log.happen(*(kind(20 + id_, 20.0, room, "id-9", "al", "") for id_, room in enumerate(rooms)))

        assert bob.lines() == (["* al moved"] if once else ["[garden] * al moved", "* al moved"])


# State.


@contextmanager
def granted() -> Iterator[type[Event]]:
    """A kind of state with a subject."""

    class Granted(Event):
        """``text`` is the role that somebody has from now on, empty for none; the extras say who."""

        __slots__ = ()
        kind = "granted"
        nature = Nature.STATE
        audience = Audience.ROOM

        @property
        def subject(self) -> str:
            return str((self.extras or {}).get("who", ""))

    with known(Granted):
        yield Granted


def test_the_last_of_each_room_and_subject_holds_until_it_is_cleared() -> None:
    with granted() as kind:

        def grant(id_: int, room: str, who: str, role: str) -> Event:
            return kind(id_, float(id_), room, "id-1", "alice", role, extras={"who": who})

        first = [grant(1, "lobby", "bob", "op"), grant(2, "lobby", "carol", "op"), grant(3, "garden", "bob", "voice")]
        state = State(10, first)
        assert [state.of("lobby", kind, who) for who in ("bob", "carol", "dave")] == [*first[:2], None]
        assert state.of("garden", kind, "bob") is first[2]
        assert state.of("lobby", kind) is None
        assert state.of("attic", kind, "bob") is None
        changed = grant(4, "lobby", "bob", "voice")
        for event in (changed, grant(5, "lobby", "carol", "")):
            state.note(event)

        assert [state.of("lobby", kind, who) for who in ("bob", "carol")] == [changed, None]
        assert state.of("garden", kind, "bob") is first[2]


def test_no_more_of_a_kind_of_state_is_remembered_than_may_be_and_the_oldest_goes() -> None:
    with granted() as kind, new_kind("mood", Event, nature=Nature.STATE) as mode:

        def grant(id_: int, who: str) -> Event:
            return kind(id_, float(id_), "lobby", "id-1", "alice", "op", extras={"who": who})

        state = State(2, [mode(1, 1.0, "lobby", "", "alice", "+m"), grant(2, "bob"), grant(3, "carol")])
        state.note(grant(4, "bob"))
        state.note(grant(5, "dave"))

        assert [state.of("lobby", kind, who) is not None for who in ("bob", "carol", "dave")] == [True, False, True]
        assert state.of("lobby", mode) is not None, "each kind has its own bound"


def test_what_holds_is_handed_over_when_a_server_starts_with_the_file(tmp_path: Path) -> None:
    with granted() as kind:
        here = Here("sqlite", tmp_path)
        alice = here.enter("alice", JSON)
        grants = [("bob", "op"), ("carol", "op"), ("bob", "voice"), ("carol", "")]
        events = [here.happen(alice, kind, role, extras={"who": who}) for who, role in grants]
        here.stop()
        again = Here("sqlite", tmp_path)
        again.stop()

        assert list(again.log.state) == [events[2]]
        assert [type(event) for event in again.log.state] == [kind]


# Every table has every kind.


def test_every_kind_says_what_its_text_means() -> None:
    for kind in KINDS.values():
        assert kind.__doc__, kind
        assert re.fullmatch("[a-z]+", kind.kind)
        assert kind.shown_as in KINDS


def test_every_kind_has_a_plain_form() -> None:
    assert set(PLAIN_EVENTS) == set(KINDS.values())


def test_every_kind_has_a_form_at_the_terminal() -> None:
    assert set(THEME_EVENTS) == set(KINDS.values())


def test_every_kind_has_a_form_for_irc_clients() -> None:
    assert set(IRC_EVENTS) == set(KINDS.values())


def test_a_kind_that_is_for_nobody_has_no_form_in_json() -> None:
    for kind in KINDS.values():
        event = kind(7, 8.5, "lobby", "id-1", "alice", "text")
        assert (JSON.event(event, False) == b"") is (kind.audience is Audience.NOBODY), kind


@pytest.mark.parametrize("name", [name for name, kind in KINDS.items() if kind.audience is not Audience.NOBODY])
def test_every_kind_has_a_form_in_json_that_is_read_back(name: str) -> None:
    kind = KINDS[name]
    event = kind(7, 8.5, "lobby", "id-1", "alice", "text", 3, {"a": 1}, "r")
    again = read_json(JSON.event_with_ref(event, event.ref, False))

    assert again == event._replace(id=7 if kind.kept else 0)
    assert type(again) is KINDS[kind.shown_as]


def test_the_schema_knows_every_kind() -> None:
    schema = json.loads((TOP / "docs" / "chatroom.schema.json").read_text(encoding="utf-8"))

    assert schema["$defs"]["event"]["properties"]["kind"]["enum"] == SHOWN_AS


def test_the_protocol_knows_every_kind_and_what_it_is_about() -> None:
    (table,) = re.findall(r"(?ms)^=+  =+  =+\nkind +nature +text\n=+  =+  =+\n(.*?)^=+  =+  =+$", PROTOCOL)

    assert re.findall(r"(?m)^``(\w+)`` +(\w+)", table) == [(name, KINDS[name].nature.value) for name in SHOWN_AS]


def test_the_natures_say_what_the_protocol_says_of_them() -> None:
    for kind in KINDS.values():
        is_counted = kind.nature in (Nature.TALK, Nature.STATE) and not kind.is_rule
        assert kind.counted is is_counted, kind
        assert kind.searched is (is_counted and kind is not Removed), kind
        assert (kind.audience is Audience.WILLING) is (kind.nature is Nature.TALK), kind


def test_the_page_knows_every_kind_and_what_it_is_about() -> None:
    (table,) = re.findall(r"(?ms)^export const KINDS = \{$(.*?)^\};$", PAGE_KINDS.read_text(encoding="utf-8"))
    rows = re.findall(r"""(?m)^  "?(\w+)"?: \{\s*nature: "(\w+)",""", table)

    assert rows == [(name, KINDS[name].nature.value) for name in SHOWN_AS]


def test_what_stands_among_what_was_said_is_what_is_counted() -> None:
    schema = json.loads((TOP / "docs" / "chatroom.schema.json").read_text(encoding="utf-8"))
    talk = schema["$defs"]["talk"]["items"]["allOf"][1]["properties"]["kind"]["enum"]

    assert talk == list(dict.fromkeys(kind.shown_as for kind in KINDS.values() if kind.counted))
