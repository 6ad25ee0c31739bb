"""What things look like on the rich terminal: lines of pieces of text, each with its style.

No prompt_toolkit here, and no escape sequence: a style is the name of a row in :data:`STYLES`, or a colour of
:data:`PALETTE`, and the text is only ever text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from time import time
from zlib import crc32

from chatroom.client.render_context import RenderContext
from chatroom.model.events import (
    Acted,
    Answer,
    Event,
    Found,
    History,
    Joined,
    Left,
    Live,
    Past,
    Private,
    Refused,
    Renamed,
    Said,
    TopicChanged,
)
from chatroom.model.text import apart, clean
from chatroom.wire.formats import PLAIN, day_of

Line = list[tuple[str, str]]
"""Pieces of a line: the style, and the text."""

# Each is a colour of the 256 that terminals share, which themes leave alone, and of middling luminance: its contrast
# (WCAG 2.2) is at least 4 on white and on black, and so at least 3 on what themes use as light and dark.
PALETTE = (
    *("#008700", "#0087af", "#5f5fff", "#5f8700", "#875fd7", "#af00ff"),
    *("#af5f00", "#af5f5f", "#af5faf", "#008787", "#d700af", "#005fff"),
)
"""The colours of nicknames."""

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
    "status": "#767676",
    "status.warning": "bold #d7005f",
    "prompt": "bold",
    "completion-toolbar": "fg:default bg:default",
    "completion-toolbar.arrow": "fg:default bg:default bold",
    "completion-toolbar.completion": "fg:default bg:default",
    "completion-toolbar.completion.current": "fg:default bg:default bold reverse",
}
"""The styles by name; the words are prompt_toolkit's."""

INDENT = "  "
"""Stands before what was said before: answers, and the past."""


def colour_of(nickname: str) -> str:
    """The same for the same name, wherever and whenever it is shown, and however it is written."""
    return PALETTE[crc32(nickname.casefold().encode()) % len(PALETTE)]


def name(nickname: str) -> tuple[str, str]:
    """A nickname in its colour."""
    return f"class:nickname {colour_of(nickname)}", nickname


def mentions(text: str, nickname: str) -> list[tuple[int, int]]:
    """Where ``nickname`` stands in ``text`` as a word of its own, whatever its case: start and end."""
    if not nickname:
        return []
    # Scripts that put no spaces between words do not end a name.
    before = r"(?<!\w)" if apart(nickname[0]) == nickname[0] else ""
    behind = r"(?!\w)" if apart(nickname[-1]) == nickname[-1] else ""
    return [found.span() for found in re.finditer(before + re.escape(nickname) + behind, text, re.IGNORECASE)]


def _text(event: Event | Private, context: RenderContext) -> Line:
    """What somebody said; one's own nickname stands out in what others say."""
    text = clean(event.text)
    found = mentions(text, context.nickname) if event.nickname != context.nickname else []
    line: Line = []
    end = 0
    rest = "class:mention" if found else ""
    for start, stop in found:
        line += [(rest, text[end:start]), ("class:me", text[start:stop])]
        end = stop
    return [*line, (rest, text[end:])]


def _happened(event: Event, words: str) -> Line:
    return [("class:event", "* "), name(clean(event.nickname)), ("class:event", f" {words}")]


def _left(event: Event, context: RenderContext) -> Line:
    return _happened(event, f"left ({clean(event.text)})" if event.text else "left")


def _topic(event: Event, context: RenderContext) -> Line:
    return _happened(event, f"set the topic: {clean(event.text)}" if event.text else "took away the topic")


_EVENTS: Mapping[type[Event], Callable[[Event, RenderContext], Line]] = {
    Said: lambda event, context: [name(clean(event.nickname)), ("", ": "), *_text(event, context)],
    Acted: lambda event, context: [("", "* "), name(clean(event.nickname)), ("", " "), *_text(event, context)],
    Joined: lambda event, context: _happened(event, "joined"),
    Left: _left,
    Renamed: lambda event, context: [*_happened(event, "is now "), name(clean(event.text))],
    TopicChanged: _topic,
}


class Theme:
    """Turns what arrives into lines, one thing after the other."""

    def __init__(self) -> None:
        self._day = day_of(time())
        # What is to stand above the first line of the past, and whether it does.
        self._heading = ""
        self._in_past = False
        # Whether the history that is being told goes on, and the date it has come to.
        self._more = False
        self._told_day = ""

    def lines(self, thing: Event | Answer, context: RenderContext) -> list[Line]:
        """The lines to show."""
        if isinstance(thing, Event):
            return self._show(thing, context)
        if isinstance(thing, Past):
            self._heading = "what you missed" if context.back else "what was said before"
            self._in_past = False
            return []
        if isinstance(thing, Live):
            self._heading = ""
            return [_heading("now")] if self._in_past else []
        if isinstance(thing, History | Found):
            return self._told(thing, context)
        if isinstance(thing, Private):
            names = [name(clean(thing.nickname)), ("class:private", " (privately to "), name(clean(thing.to))]
            return [[_at(thing.at), *names, ("class:private", "): "), *_text(thing, context)]]
        style = "class:error" if isinstance(thing, Refused) else "class:notice"
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
        line = _line(event, context)
        return [*lines, [("", INDENT), *line] if context.past else line]

    def _told(self, answer: History | Found, context: RenderContext) -> list[Line]:
        """What somebody looked for."""
        # As plain lines have it: what it is, or that there is nothing.
        title = clean(PLAIN.lines(answer._replace(events=answer.events[:1]))[0])
        lines: list[Line] = [] if self._more else [[_at(time()), ("class:heading", title)]]
        day = self._told_day if self._more else self._day
        for event in answer.events:
            if day_of(event.at) != day:
                day = day_of(event.at)
                lines.append([("", INDENT), ("class:heading", f"{day}:")])
            lines.append([("", INDENT), *_line(event, context._replace(room=event.room))])
        self._more = isinstance(answer, History) and answer.more
        self._told_day = day
        return lines


def _heading(text: str) -> Line:
    return [("class:heading", f"--- {text} ---")]


def _at(at: float) -> tuple[str, str]:
    return "class:time", f"{datetime.fromtimestamp(at):%H:%M} "


def _line(event: Event, context: RenderContext) -> Line:
    """An event with its time, and its room if that is another than one's own."""
    kind = next(kind for kind in type(event).__mro__ if kind in _EVENTS)
    elsewhere = [] if event.room == context.room else [("class:room", f"[{clean(event.room)}] ")]
    return [_at(event.at), *elsewhere, *_EVENTS[kind](event, context)]
