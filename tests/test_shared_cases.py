"""Decisions that the terminal client and the page share, by the cases that tests/page/cases.test.js uses, too."""

from __future__ import annotations

import colorsys
import json
import re
import unicodedata
from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from chatroom.client.errors import TooManyUnacknowledged
from chatroom.client.links import links
from chatroom.client.mentions import mentions
from chatroom.client.theme import PALETTE, colour_of
from chatroom.client.unacknowledged import Unacknowledged
from chatroom.model.answers import Refused
from chatroom.wire.reading import read_received
from chatroom.wire.requests import Do, Refusal, Say, parse_request

CASES = Path(__file__).parent / "cases"
STYLES = files("chatroom.doors.web") / "page" / "style.css"


def cases(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((CASES / f"{name}.json").read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize("case", cases("mentions"), ids=lambda case: case["why"])
def test_a_nickname_is_found_as_a_word_of_its_own(case: dict[str, Any]) -> None:
    shown = unicodedata.normalize("NFC", case["text"])
    assert [shown[start:end] for start, end in mentions(case["text"], case["nickname"])] == case["found"]


@pytest.mark.parametrize("case", cases("links"), ids=lambda case: case["why"])
def test_an_address_is_found_without_the_sentence_around_it(case: dict[str, Any]) -> None:
    assert [case["text"][start:end] for start, end in links(case["text"])] == case["found"]


@pytest.mark.parametrize("case", cases("colours"), ids=lambda case: case["why"])
def test_a_nickname_has_one_colour_everywhere(case: dict[str, Any]) -> None:
    assert PALETTE.index(colour_of(case["nickname"])) == case["colour"]


def hue(colour: str) -> float:
    """Where a colour stands on the circle, from 0 to 1."""
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return colorsys.rgb_to_hsv(red, green, blue)[0]


def test_a_colour_of_the_terminal_is_near_that_of_the_page() -> None:
    on_page = re.findall(r"\.hue-(\d+) \{ --hue: (#\w+); \}", STYLES.read_text(encoding="utf-8"))
    assert [int(number) for number, _ in on_page] == [*range(len(PALETTE))] * 2  # on light, and on dark
    for number, colour in on_page:
        apart = abs(hue(colour) - hue(PALETTE[int(number)]))
        assert min(apart, 1 - apart) < 1 / 9, (colour, PALETTE[int(number)])


def take(unacknowledged: Unacknowledged, step: dict[str, Any]) -> None:
    """Take one step of a case, and see that what comes of it is as expected; the page's test explains the steps."""

    def refs(several: Iterable[Say | Do]) -> list[str]:
        return [request.ref for request in several]

    def request(fields: dict[str, Any]) -> Say | Do:
        found = parse_request(json.dumps(fields).encode(), 4096, 100)
        assert not isinstance(found, Refusal)
        return found

    if "send" in step or "add" in step:
        unacknowledged.add(request(step.get("send") or step["add"]))
    if "send" in step:
        assert refs(unacknowledged.next_to_send("lobby")) == [step["send"]["ref"]]
    if "full" in step:
        with pytest.raises(TooManyUnacknowledged):
            unacknowledged.add(request(step["full"]))
    if "receive" in step:
        received = read_received(json.dumps(step["receive"]))
        assert received is not None
        settled = unacknowledged.answered(received.thing, received.ref)
        assert (settled and isinstance(received.thing, Refused)) == step.get("refused", False)
    if "lost" in step or "back" in step:
        assert refs(unacknowledged.connected()) == step.get("lost", [])
    if "live" in step or "back" in step:
        assert refs(unacknowledged.next_to_send("lobby")) == (step.get("live") or step.get("back", []))


@pytest.mark.parametrize("case", cases("unacknowledged"), ids=lambda case: case["why"])
def test_what_was_not_acknowledged_is_sent_again(case: dict[str, Any]) -> None:
    limits = case.get("limits")
    unacknowledged = Unacknowledged(limits["requests"], limits["bytes"]) if limits else Unacknowledged()
    for step in case["steps"]:
        take(unacknowledged, step)
    assert [request.ref for request in unacknowledged] == case["kept"]
