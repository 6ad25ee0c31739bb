"""The theme of the rich terminal: events and answers as lines of pieces of text, each with its style.

There is no prompt_toolkit here, and no escape sequence: a style is the name of a row in :data:`STYLES`, or a colour of
:data:`PALETTE`, and text is cleaned of everything that a terminal would act on.

A message may have several lines. The second and each further one is indented more than any line that stands by itself,
so that nobody can write a line that passes for another message.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from itertools import chain, pairwise
from operator import itemgetter
from time import time
from unicodedata import normalize

from chatroom.client.links import links
from chatroom.client.mentions import folded, mentions
from chatroom.client.render_context import RenderContext
from chatroom.model.answers import Answer, Done, Found, History, Live, Past, Private, Refused, Reset
from chatroom.model.events import (
    AccessChanged,
    Acted,
    Away,
    Event,
    Joined,
    Kicked,
    Left,
    ModeSet,
    Noticed,
    Quit,
    RankChanged,
    Removal,
    Removed,
    Renamed,
    RoleChanged,
    Said,
    TopicChanged,
)
from chatroom.model.text import clean
from chatroom.wire.formats import day_of
from chatroom.wire.plain import PLAIN, deed_of, mark_in_words, removal_in_words

Line = list[tuple[str, str]]
"""Pieces of a line: the style, and the text."""

# Each is a colour of the 256 that terminals share, which themes leave alone, and of middling luminance: its contrast
# (WCAG 2.2) is at least 4 on white and on black, and so at least 3 on what themes use as light and dark.
PALETTE = (
    *("#d70087", "#af5f5f", "#af5f00", "#5f8700", "#008700", "#00875f"),
    *("#008787", "#0087af", "#005fff", "#875fd7", "#af00ff", "#af5faf"),
)
"""The colours of nicknames: much the same hues as those of the page (style.css), in the same order."""

STYLES: Mapping[str, str] = {
    "time": "#767676",
    "nickname": "bold",
    "room": "#767676",
    "heading": "bold",
    "event": "#767676",
    "notice": "",
    "error": "bold #d7005f",
    "private": "italic",
    "mention": "bold",
    "me": "bold reverse",
    "link": "underline",
    "status": "#767676",
    "status.warning": "bold #d7005f",
    "prompt": "bold",
    "completion-menu": "fg:default bg:default",
    "completion-menu.completion": "fg:default bg:default",
    "completion-menu.completion.current": "fg:default bg:default bold reverse",
    "completion-menu.meta.completion": "fg:default bg:default",
    "completion-menu.meta.completion.current": "fg:default bg:default bold reverse",
    "completion-toolbar": "fg:default bg:default",
    "completion-toolbar.arrow": "fg:default bg:default bold",
    "completion-toolbar.completion": "fg:default bg:default",
    "completion-toolbar.completion.current": "fg:default bg:default bold reverse",
}
"""The styles by name; the words are prompt_toolkit's."""

INDENT = "  "
"""The indentation of the past, and of events in answers."""

CONTINUED = "        "
"""The indentation of the second and each further line of a message."""


def colour_of(nickname: str) -> str:
    """The colour of a nickname, the same wherever and whenever it is shown; the rule is in docs/client.rst."""
    digest = 0x811C9DC5  # FNV-1a of 32 bits, whose upper bits are the better mixed ones.
    for byte in folded(normalize("NFC", nickname)).encode():
        digest = (digest ^ byte) * 0x01000193 & 0xFFFFFFFF
    return PALETTE[(digest >> 8) % len(PALETTE)]


def name(nickname: str) -> tuple[str, str]:
    """A nickname in its colour."""
    return f"class:nickname {colour_of(nickname)}", nickname


def _text(event: Event | Private, context: RenderContext) -> Line:
    """The text of a message, with its line ends; the reader's nickname stands out in messages of others."""
    text = "\n".join(normalize("NFC", clean(line)) for line in event.text.split("\n"))
    found = mentions(text, context.nickname) if event.nickname != context.nickname else []
    addresses = links(text)
    line: Line = []
    rest = "class:mention" if found else ""
    ends = sorted({0, len(text), *chain.from_iterable(found), *chain.from_iterable(addresses)})
    for start, stop in pairwise(ends):
        style = "class:me" if _is_in(start, found) else rest
        line.append((f"{style} class:link".lstrip() if _is_in(start, addresses) else style, text[start:stop]))
    return line


def _is_in(place: int, spans: Sequence[tuple[int, int]]) -> bool:
    index = bisect_right(spans, place, key=itemgetter(0)) - 1
    return index >= 0 and place < spans[index][1]


def _said(event: Event, context: RenderContext) -> Line:
    return [name(clean(event.nickname)), ("", ": "), *_text(event, context)]


def _happened(event: Event, words: str) -> Line:
    return [("class:event", "* "), name(clean(event.nickname)), ("class:event", f" {clean(words)}".rstrip())]


def _left(event: Event, context: RenderContext) -> Line:
    return _happened(event, f"left ({event.text})" if event.text else "left")


def _renamed(event: Event, context: RenderContext) -> Line:
    return [*_happened(event, "is now"), ("", " "), name(clean(event.text))]


def _away(event: Event, context: RenderContext) -> Line:
    return _happened(event, f"is away ({event.text})" if event.text else "is back")


def _topic(event: Event, context: RenderContext) -> Line:
    return _happened(event, f"set the topic: {event.text}" if event.text else "took away the topic")


def _removal(event: Event, context: RenderContext) -> Line:
    words = removal_in_words(event)
    # A further part of a purge, which the first has announced.
    return _happened(event, words) if words else []


def _removed(event: Event, context: RenderContext) -> Line:
    by, words = mark_in_words(event)
    return [("class:event", "* "), name(clean(by)), ("class:event", f" {clean(words)}")]


def _deed(event: Event, context: RenderContext) -> Line:
    return _happened(event, deed_of(event))


THEME_EVENTS: dict[type[Event], Callable[[Event, RenderContext], Line]] = {
    Said: _said,
    Noticed: _said,
    Acted: lambda event, context: [("", "* "), name(clean(event.nickname)), ("", " "), *_text(event, context)],
    Joined: lambda event, context: _happened(event, "joined"),
    Left: _left,
    Quit: _left,
    Renamed: _renamed,
    Away: _away,
    TopicChanged: _topic,
    Removal: _removal,
    Removed: _removed,
    Kicked: _deed,
    RoleChanged: _deed,
    RankChanged: _deed,
    ModeSet: _deed,
    # A server sends none.
    AccessChanged: lambda event, context: _happened(event, "changed a list"),
}
"""The rendering of each kind of event, without time and room."""


class Theme:
    """Turns events and answers into lines, in the order in which they come."""

    def __init__(self) -> None:
        self._day = day_of(time())
        # The heading for the first event of the past, while none has come, and whether one has.
        self._heading = ""
        self._in_past = False
        # Whether a reset has come, so that the past is only the last of it.
        self._was_reset = False
        # Whether another part of the same answer to /history follows, and the date of the last event of this one.
        self._more = False
        self._told_day = ""

    def lines(self, thing: Event | Answer, context: RenderContext) -> list[Line]:
        """The lines to show."""
        if isinstance(thing, Event):
            return self._show(thing, context)
        if isinstance(thing, Past):
            self._heading = "what you missed" if context.back and not self._was_reset else "what was said before"
            self._in_past = self._was_reset = False
            return []
        if isinstance(thing, Live):
            self._heading = ""
            return [_heading("now")] if self._in_past else []
        if isinstance(thing, Done) and thing.event:
            return []  # The event itself is shown, among those that were missed.
        if isinstance(thing, History | Found):
            return self._told(thing, context)
        if isinstance(thing, Private):
            names = [name(clean(thing.nickname)), ("class:private", " (privately to "), name(clean(thing.to))]
            return _lines_of([_at(thing.at), *names, ("class:private", "): "), *_text(thing, context)])
        self._was_reset = self._was_reset or isinstance(thing, Reset)
        style = "class:error" if isinstance(thing, Refused | Reset) else "class:notice"
        return [[_at(time()), (style, clean(line))] for line in PLAIN.lines(thing)]

    def _show(self, event: Event, context: RenderContext) -> list[Line]:
        lines = []
        if context.past and self._heading:
            lines.append(_heading(self._heading))
            self._heading = ""
            self._in_past = True
        day = day_of(event.at)
        if day != self._day:
            lines.append(_heading(day))
            self._day = day
        indent = INDENT if context.past else ""
        return [*lines, *_event_lines(event, context, indent)]

    def _told(self, answer: History | Found, context: RenderContext) -> list[Line]:
        """Lines for the answer to /history or /search."""
        # The first of its plain lines is a title, or says that there is nothing.
        title = clean(PLAIN.lines(answer._replace(events=answer.events[:1]))[0])
        lines: list[Line] = [] if self._more else [[_at(time()), ("class:heading", title)]]
        day = self._told_day if self._more else self._day
        for event in answer.events:
            if day_of(event.at) != day:
                day = day_of(event.at)
                lines.append([("", INDENT), ("class:heading", f"{day}:")])
            number = event.id if isinstance(answer, History) and answer.ids else 0
            lines += _event_lines(event, context._replace(room=event.room), INDENT, number)
        self._more = isinstance(answer, History) and answer.more
        self._told_day = day
        return lines


def _heading(text: str) -> Line:
    return [("class:heading", f"--- {text} ---")]


def _at(at: float) -> tuple[str, str]:
    return "class:time", f"{datetime.fromtimestamp(at):%H:%M} "


def _event_lines(event: Event, context: RenderContext, indent: str, number: int = 0) -> list[Line]:
    """Lines for an event, with its time, and its room where the reader speaks in another.

    :param number: the id of the event, where it is to be shown.
    """
    shown = THEME_EVENTS.get(type(event), _of_no_known_kind)(event, context)
    if not shown:
        return []
    id_ = [("class:time", f"{number} ")] if number else []
    elsewhere = [] if event.room == context.room else [("class:room", f"[{clean(event.room)}] ")]
    return _lines_of([_at(event.at), *id_, *elsewhere, *shown], indent)


def _of_no_known_kind(event: Event, context: RenderContext) -> Line:
    return _happened(event, f"{event.kind} {event.text}")


def _lines_of(pieces: Line, indent: str = "") -> list[Line]:
    """Cut ``pieces`` at line ends, and indent all lines but the first."""
    lines: list[Line] = [[("", indent)] if indent else []]
    for style, text in pieces:
        first, *others = text.split("\n")
        lines[-1].append((style, first))
        for other in others:
            lines.append([("", f"{indent}{CONTINUED}"), (style, other)])
    return lines
