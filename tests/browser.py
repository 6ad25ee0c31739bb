"""What the tests of the page share: a real browser, and people who look at the page in it.

Everything waits for what a test expects, as in :mod:`support`. Whatever the browser complains about is a fault, and
fails the test: errors and warnings of the console, exceptions that nothing caught, violations of the policy.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from support import TIMEOUT, Person, Server, Stage, missing

from chatroom.model.constants import HOST_NAME

PLAYWRIGHT = find_spec("playwright") is not None
if PLAYWRIGHT:
    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, expect, sync_playwright

    expect.set_options(timeout=TIMEOUT * 1000)

PAGE = files("chatroom.doors.web") / "page"
CHROMIUM = "/usr/bin/chromium"
PHONE = {"viewport": {"width": 375, "height": 667}, "has_touch": True, "is_mobile": True}
LONGEST_PAUSE = 36.0
"""Seconds that the page waits at most before its next try to come back: LONGEST_WAIT in connection.js, and a fifth."""
NO_SERVER = re.compile("WebSocket connection to .* failed")
"""What Chromium says of each try to reach a server that is away: no page can prevent that."""


@contextmanager
def running_browser() -> Iterator[Browser]:
    """Chromium, with no window; without it, the test is skipped."""
    if not PLAYWRIGHT:
        missing("playwright is not installed")
    if not Path(CHROMIUM).exists():
        missing(f"{CHROMIUM} is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


class Visitor:
    """Somebody who looks at the page, in a browser that knows nothing of the others'."""

    def __init__(self, context: BrowserContext, address: str) -> None:
        self.context = context
        self.address = address
        self.faults: list[str] = []
        """What the browser has complained about."""
        self.page: Page = context.new_page()
        self.page.set_default_timeout(TIMEOUT * 1000)
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.faults.append(message.text)

    def part(self, selector: str, text: str | re.Pattern[str] | None = None) -> Locator:
        """What of the page is found by a selector of CSS, and has ``text`` in it."""
        return self.page.locator(selector, has_text=text)

    def open(self, fragment: str = "") -> None:
        self.page.goto(self.address + fragment)

    def enter(self, nickname: str, fragment: str = "") -> None:
        """Open the page and come in."""
        self.open(fragment)
        self.enter_here(nickname)

    def enter_here(self, nickname: str) -> None:
        """Come in by the page that is open."""
        self.page.fill("#nickname", nickname)
        self.page.press("#nickname", "Enter")
        expect(self.part("#list .joined", nickname)).to_be_visible()

    def say(self, text: str) -> None:
        """Type into the field, and send it."""
        self.page.fill("#composer-text", text)
        self.page.press("#composer-text", "Enter")

    def sees(self, text: str, times: int = 1) -> Locator:
        """Wait until so many messages are exactly ``text``; those."""
        found = self.page.locator("#list .text", has_text=re.compile(rf"^(\S+: )?{re.escape(text)}$"))
        expect(found).to_have_count(times)
        return found

    def talk(self) -> list[str]:
        """What was said, as far as it is in the list."""
        return [text.rpartition(": ")[2] for text in self.page.locator("#list .said .text").all_text_contents()]

    def go_to(self, room: str) -> None:
        """Theme at a room that one is in."""
        self.part("#joined .go", room).click()
        self.sees_place(f"#{room}")

    def join(self, room: str) -> None:
        """Enter another room."""
        self.page.fill("#join-name", room)
        self.page.press("#join-name", "Enter")
        self.sees_place(f"#{room}")

    def sees_place(self, title: str) -> None:
        """Wait until one may type to a place, and its messages are those in the list, which are drawn later."""
        expect(self.part("#place-name")).to_have_text(title)
        expect(self.part("#messages-title")).to_have_text(f"Messages: {title}")

    def is_away(self) -> None:
        """Wait until the page says that the connection is lost."""
        expect(self.part("#connection")).to_be_visible()

    def is_back(self) -> None:
        """Wait until the page, which was away, has come back; it may have begun a pause just now."""
        expect(self.part("#connection")).to_be_hidden(timeout=(LONGEST_PAUSE + TIMEOUT) * 1000)

    def take_down(self) -> None:
        """Take down what a screen reader is told from now on, which the page takes away again after a while."""
        self.page.evaluate(
            """() => {
                const told = document.createElement("ol");
                told.id = "told";
                told.hidden = true;
                document.body.append(told);
                new MutationObserver((changes) => {
                    for (const line of changes.flatMap(({ addedNodes }) => [...addedNodes])) {
                        told.append(Object.assign(document.createElement("li"), { textContent: line.textContent }));
                    }
                }).observe(document.querySelector("#announcer"), { childList: true });
            }"""
        )

    def was_told(self, *lines: str) -> None:
        """Wait until that is all that a screen reader was told, in this order."""
        expect(self.part("#told li")).to_have_text(list(lines))

    def hide(self, hidden: bool = True) -> None:
        """Have the page believe that another one is in front of it, which a browser with no window has no way to do."""
        self.page.evaluate(
            """hidden => {
                Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
                document.dispatchEvent(new Event("visibilitychange"));
            }""",
            hidden,
        )


class Neighbourhood:
    """A server with a page, and everybody who looks at it."""

    def __init__(self, browser: Browser, stage: Stage) -> None:
        self.browser = browser
        self.stage = stage
        self.visitors: list[Visitor] = []
        self.server_goes = False
        """Whether the server is taken away in the course of the test."""
        self._port, self._web = stage.port(), stage.port()
        self.serve()

    def serve(self, *options: str) -> None:
        """Start the server, each time in the same place."""
        self.server: Server = self.stage.serve("--rate", "0", "--web", str(self._web), *options, port=self._port)
        self.address = f"http://{HOST_NAME}:{self.server.web}/"

    def visit(self, **context: Any) -> Visitor:
        """Somebody who has not opened the page yet.

        :param context: what Playwright's ``new_context`` takes.
        """
        made = Visitor(self.browser.new_context(**{"locale": "en-GB", **context}), self.address)
        self.visitors.append(made)
        return made

    def enter(self, nickname: str, **context: Any) -> Visitor:
        """Somebody who is in."""
        made = self.visit(**context)
        made.enter(nickname)
        return made

    def leave(self) -> None:
        """Close everybody's browser, and see that none had anything to complain about."""
        faults = [fault for visitor in self.visitors for fault in visitor.faults]
        for visitor in self.visitors:
            visitor.context.close()
        if self.server_goes:
            faults = [fault for fault in faults if not NO_SERVER.search(fault)]
        if faults:
            pytest.fail(f"the browser complained: {faults}")


def line_person(here: Neighbourhood, nickname: str) -> Person:
    """Somebody at the door for lines."""
    return here.stage.enter(here.server.port, nickname)


def say_all(person: Person, lines: list[str]) -> None:
    """Say many lines, and wait until they are kept."""
    person.socket.sendall("".join(f"{line}\n" for line in lines).encode())
    person.expect(f": {lines[-1]}\r\n")


def top_of(row: Locator) -> float:
    """The upper edge of something on the screen."""
    box = row.bounding_box()
    assert box is not None
    return box["y"]
