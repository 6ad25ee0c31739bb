"""What things look like on the rich terminal: pieces of text and their styles."""

from __future__ import annotations

from itertools import pairwise
from time import time

import pytest

from chatroom.client.render_context import RenderContext
from chatroom.client.theme import PALETTE, STYLES, THEME_EVENTS, Line, Theme, colour_of
from chatroom.model.answers import Answer, Done, Found, History, Invited, Live, Notice, Past, Private, Refused, Reset
from chatroom.model.events import KINDS, AccessChanged, Acted, Away, Event, Joined, Kicked, Quit, Renamed, Said
from chatroom.wire.formats import day_of
from chatroom.wire.plain import PLAIN

CONTEXT = RenderContext("bob", "lobby")
DAY = 24 * 60 * 60
LONG_AGO = 1_600_000_000.0


def text_of(line: Line) -> str:
    return "".join(text for _, text in line)


def texts(theme: Theme, *things: Event | Answer, context: RenderContext = CONTEXT) -> list[str]:
    """The lines for ``things``, with their times as ``HH:MM``."""
    lines = []
    for thing in things:
        for line in theme.lines(thing, context):
            pieces = [("", "HH:MM ") if style == "class:time" else (style, text) for style, text in line]
            lines.append(text_of(pieces))
    return lines


def luminance(colour: str) -> float:
    """WCAG 2.2, relative luminance."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """WCAG 2.2, contrast ratio."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


OTHERS = [word for style in STYLES.values() for word in style.split() if word.startswith("#")]


@pytest.mark.parametrize("colour", sorted({*PALETTE, *OTHERS}))
def test_every_colour_can_be_read_on_dark_and_on_light(colour: str) -> None:
    assert contrast(colour, "#000000") >= 4
    assert contrast(colour, "#ffffff") >= 4


@pytest.mark.parametrize("colour", sorted({*PALETTE, *OTHERS}))
def test_every_colour_is_one_of_the_256_that_terminals_share(colour: str) -> None:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    in_cube = {red, green, blue} <= {0, 95, 135, 175, 215, 255}
    is_grey = red == green == blue and (red - 8) % 10 == 0
    assert in_cube or is_grey


def test_a_nickname_has_one_colour_however_it_is_written() -> None:
    assert colour_of("Alice") == colour_of("ALICE") == colour_of("alice")
    assert len({colour_of(f"nick{number}") for number in range(200)}) == len(PALETTE) == len({*PALETTE})


def test_a_line_that_names_one_stands_out_and_the_name_in_it() -> None:
    (line,) = Theme().lines(Said(1, LONG_AGO, "lobby", "", "alice", "ask Bob now"), CONTEXT)[-1:]
    assert line[-3:] == [("class:mention", "ask "), ("class:me", "Bob"), ("class:mention", " now")]


def test_an_address_is_underlined_without_the_sentence_around_it() -> None:
    theme = Theme()
    (line,) = theme.lines(Said(1, LONG_AGO, "lobby", "", "alice", "（https://example.org/foo）。"), CONTEXT)[-1:]
    assert line[-3:] == [("", "（"), ("class:link", "https://example.org/foo"), ("", "）。")]
    (line,) = theme.lines(Said(1, LONG_AGO, "lobby", "", "alice", "http://a.example/bob/"), CONTEXT)[-1:]
    assert line[-3:] == [
        ("class:mention class:link", "http://a.example/"),
        ("class:me class:link", "bob"),
        ("class:mention class:link", "/"),
    ]


def test_what_one_says_oneself_does_not_stand_out() -> None:
    (line,) = Theme().lines(Said(1, LONG_AGO, "lobby", "", "bob", "I am bob"), CONTEXT)[-1:]
    assert line[-1] == ("", "I am bob")


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_every_kind_of_event_has_a_row_and_reads_as_it_does_in_plain_lines(kind: type[Event]) -> None:
    assert kind in THEME_EVENTS
    for text in ("tea", ""):
        extras = {"nick": "carol", "account": "carol", "mode": "limit"} if kind.is_rule or kind is Kicked else None
        event = kind(1, LONG_AGO, "lobby", "", "alice", text, 0, extras)
        shown = texts(Theme(), event)[-1]
        # Plain lines do not show who is away, and no server sends the lists of a room.
        assert [shown.removeprefix("HH:MM ")] == PLAIN.lines(event) or kind in (Away, AccessChanged)
        elsewhere = texts(Theme(), event._replace(room="garden"))[-1]
        assert elsewhere == shown.replace("HH:MM ", "HH:MM [garden] ").replace("lobby", "garden")


def test_who_is_away_is_shown_and_who_is_back() -> None:
    away = Away(0, time(), "lobby", "", "alice", "lunch")
    assert texts(Theme(), away, away._replace(text="")) == [
        "HH:MM * alice is away (lunch)",
        "HH:MM * alice is back",
    ]


def test_an_event_of_a_kind_that_has_no_row_is_shown_all_the_same() -> None:
    class Pondered(Event):
        kind = "pondered"

    try:
        event = Pondered(1, time(), "lobby", "", "alice", "tea\x1b[2J")
        assert texts(Theme(), event) == ["HH:MM * alice pondered tea"]
    finally:
        del KINDS["pondered"]


# Messages of several lines.


def test_no_line_of_a_message_can_be_taken_for_another_message() -> None:
    event = Said(1, time(), "lobby", "", "alice", "one\nHH:MM bob: two\n\n  HH:MM * carol joined")
    for context, indent in ((CONTEXT, ""), (CONTEXT._replace(past=True), "  ")):
        assert texts(Theme(), event, context=context) == [
            f"{indent}HH:MM alice: one",
            f"{indent}        HH:MM bob: two",
            f"{indent}        ",
            f"{indent}          HH:MM * carol joined",
        ]


def test_a_message_of_several_lines_in_another_room_names_it_once() -> None:
    event = Said(1, time(), "garden", "", "alice", "one\ntwo")
    assert texts(Theme(), event) == ["HH:MM [garden] alice: one", "        two"]


def test_a_name_in_a_further_line_stands_out_too() -> None:
    first, second = Theme().lines(Said(1, time(), "lobby", "", "alice", "ask\nbob or eve"), CONTEXT)
    assert first[-1] == ("class:mention", "ask")
    assert second[-2:] == [("class:me", "bob"), ("class:mention", " or eve")]


def test_what_was_found_and_a_private_message_may_have_several_lines() -> None:
    event = Said(1, time(), "lobby", "", "alice", "one\ntwo")
    assert texts(Theme(), Found("lobby", "one", [event])) == [
        "HH:MM * what was found in lobby for: one",
        "  HH:MM alice: one",
        "          two",
    ]
    assert texts(Theme(), Private(time(), "alice", "bob", "psst\nhey")) == [
        "HH:MM alice (privately to bob): psst",
        "        hey",
    ]


def test_a_new_day_is_said_once() -> None:
    theme = Theme()
    first, second = (
        Said(1, LONG_AGO, "lobby", "", "alice", "one"),
        Said(2, LONG_AGO + 2 * DAY, "lobby", "", "alice", "two"),
    )
    assert texts(theme, first, first._replace(text="more"), second) == [
        f"--- {day_of(LONG_AGO)} ---",
        "HH:MM alice: one",
        "HH:MM alice: more",
        f"--- {day_of(LONG_AGO + 2 * DAY)} ---",
        "HH:MM alice: two",
    ]


def test_the_past_stands_between_headings() -> None:
    past, back = CONTEXT._replace(past=True), CONTEXT._replace(past=True, back=True)
    event = Said(1, LONG_AGO, "lobby", "", "alice", "one")
    for context, heading in ((past, "--- what was said before ---"), (back, "--- what you missed ---")):
        theme = Theme()
        shown = texts(theme, Past("lobby"), event, event, Live(), context=context)
        assert shown == [heading, f"--- {day_of(LONG_AGO)} ---", *["  HH:MM alice: one"] * 2, "--- now ---"]


def test_after_a_reset_the_past_is_not_said_to_be_what_one_missed() -> None:
    back = CONTEXT._replace(past=True, back=True)
    theme, reset = Theme(), Reset("trimmed", "You may have missed something.")
    event = Said(1, time(), "lobby", "", "alice", "one")
    assert texts(theme, reset, Past("lobby"), event, Live(), context=back) == [
        "HH:MM * You may have missed something.",
        "--- what was said before ---",
        "  HH:MM alice: one",
        "--- now ---",
    ]
    assert texts(theme, Past("lobby"), event, context=back)[0] == "--- what you missed ---"


def test_no_past_has_no_heading() -> None:
    assert texts(Theme(), Past("lobby"), Live(), Joined(1, LONG_AGO, "lobby", "", "bob", ""))[1:] == [
        "HH:MM * bob joined"
    ]


def test_what_was_looked_for_has_a_heading_and_its_days() -> None:
    events = [Said(1, LONG_AGO, "lobby", "", "alice", "one"), Acted(2, LONG_AGO + DAY, "lobby", "", "bob", "waves")]
    told = [
        f"  {day_of(LONG_AGO)}:",
        "  HH:MM alice: one",
        f"  {day_of(LONG_AGO + DAY)}:",
        "  HH:MM * bob waves",
    ]
    assert texts(Theme(), Found("lobby", "tea", events)) == ["HH:MM * what was found in lobby for: tea", *told]
    assert texts(Theme(), History("lobby", events)) == ["HH:MM * what was said in lobby:", *told]
    assert texts(Theme(), Found("lobby", "tea", [])) == ["HH:MM * nothing was found in lobby for: tea"]
    assert texts(Theme(), History("lobby", [])) == ["HH:MM * nothing was said in lobby"]


def test_a_history_in_parts_has_one_heading_and_each_day_once() -> None:
    events = [Said(number, LONG_AGO, "lobby", "", "alice", str(number)) for number in range(4)]
    parts = [History("lobby", events[:2], more=True), History("lobby", events[2:])]
    shown = texts(Theme(), *parts, *parts)
    once = ["HH:MM * what was said in lobby:", f"  {day_of(LONG_AGO)}:", *(f"  HH:MM alice: {n}" for n in range(4))]
    assert shown == once * 2


def test_answers_read_as_they_do_in_plain_lines() -> None:
    private = Private(LONG_AGO, "alice", "bob", "psst")
    shown = texts(Theme(), Notice("tea is ready"), Refused("x", "no"), private)
    assert shown == ["HH:MM * tea is ready", "HH:MM ! no", "HH:MM alice (privately to bob): psst"]
    assert texts(Theme(), Invited("alice", "garden")) == ["HH:MM * alice invites you to garden: /join garden"]


def test_what_was_done_before_is_told_where_nothing_else_shows_it() -> None:
    assert texts(Theme(), Done(7), Done(0)) == ["HH:MM * that was done before"]


def test_nothing_that_a_terminal_acts_on_is_in_what_is_shown() -> None:
    evil = "\x1b[2J\x9b1m\x07\u202ex"
    several = f"{evil}\n{evil}"
    things: list[Event | Answer] = [
        *(Said(1, LONG_AGO, evil, "", evil, several), Private(LONG_AGO, evil, evil, several), Reset(evil, evil)),
        *(kind(1, LONG_AGO, evil, "", evil, evil) for kind in KINDS.values()),
        *(Notice(evil), Refused("x", evil), Private(LONG_AGO, evil, evil, evil), Past(evil)),
        *(
            Found(evil, evil, [Renamed(1, LONG_AGO, evil, "", evil, evil)]),
            History(evil, [Quit(1, LONG_AGO, evil, "", evil, evil)]),
        ),
    ]
    theme = Theme()
    for thing in things:
        for line in theme.lines(thing, CONTEXT):
            assert text_of(line).isprintable()


def test_every_style_is_one_that_is_known() -> None:
    theme = Theme()
    contexts = [CONTEXT, CONTEXT._replace(past=True), CONTEXT._replace(nickname="alice")]
    events: list[Event] = [kind(1, LONG_AGO, "garden", "", "carol", "for alice") for kind in KINDS.values()]
    things: list[Event | Answer] = [
        Past("lobby"),
        *events,
        Live(),
        Notice("x"),
        Refused("x", "y"),
        Private(LONG_AGO, "a", "b", "c"),
    ]
    used = {
        style for context in contexts for thing in things for line in theme.lines(thing, context) for style, _ in line
    }
    words = {word for style in used for word in style.split()}
    assert words <= {*(f"class:{name}" for name in STYLES), *PALETTE}
    assert "class:me" in words


def test_the_palette_has_no_two_that_are_all_but_the_same() -> None:
    def parts(colour: str) -> list[int]:
        return [int(colour[at : at + 2], 16) for at in (1, 3, 5)]

    ordered = sorted(PALETTE)
    assert all(max(abs(a - b) for a, b in zip(parts(x), parts(y), strict=True)) >= 40 for x, y in pairwise(ordered))
