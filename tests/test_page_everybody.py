"""The page for everybody: on a phone, by keyboard, with a screen reader, in every colour."""

from __future__ import annotations

import re
from importlib import import_module
from importlib.util import find_spec

import pytest
from browser import CHROMIUM, PAGE, PHONE, PLAYWRIGHT, Neighbourhood, Visitor, line_person, say_all
from support import missing

if PLAYWRIGHT:
    from playwright.sync_api import expect


def test_a_phone_needs_no_sideways_scrolling(here: Neighbourhood) -> None:
    bob = line_person(here, "bob")
    say_all(bob, [f"{'a' * 300} https://example.org/{'b' * 300}"])
    bob.send("/topic " + "c" * 200)
    alice = here.visit(**PHONE)
    alice.open()
    narrow = "document.scrollingElement.scrollWidth <= innerWidth"
    assert alice.page.evaluate(narrow)
    alice.page.fill("#nickname", "alice")
    alice.page.tap("#enter")
    expect(alice.part("#list .joined", "alice")).to_be_visible()
    expect(alice.part("#list .said a")).to_be_visible()
    expect(alice.part("#topic")).to_have_text("c" * 200)
    assert alice.page.evaluate(narrow)
    assert alice.part("#messages").evaluate("element => element.scrollWidth <= element.clientWidth")
    for side in ("rooms", "people", "search"):
        expect(alice.part(f"#{side}")).to_be_hidden()
        alice.page.tap(f"#{side}-open")
        expect(alice.part(f"#{side}")).to_be_in_viewport(ratio=1)
        assert alice.page.evaluate(narrow)
        alice.page.tap(f"#{side}-close")
        expect(alice.part(f"#{side}")).to_be_hidden()
    alice.page.tap("#rooms-open")
    alice.page.fill("#join-name", "tea")
    alice.page.tap("#join-form button")
    alice.sees_place("#tea")
    alice.page.fill("#composer-text", "hello")
    alice.page.tap("#composer .send")
    alice.sees("hello")
    assert alice.page.evaluate(narrow)


def test_the_keyboard_alone_enters_talks_and_goes_to_another_room(here: Neighbourhood) -> None:
    alice = here.visit()
    alice.open()
    keyboard = alice.page.keyboard
    keyboard.type("alice")
    keyboard.press("Enter")
    expect(alice.part("#composer-text")).to_be_focused()
    keyboard.type("by keys")
    keyboard.press("Enter")
    alice.sees("by keys")
    keyboard.type("/join tea")
    keyboard.press("Enter")
    alice.sees_place("#tea")

    def tab_to(selector: str) -> None:
        for _ in range(40):
            if alice.page.evaluate("selector => document.activeElement.matches(selector)", selector):
                return
            keyboard.press("Tab")
        pytest.fail(f"no way to {selector} by Tab")

    tab_to("#joined .go")
    keyboard.press("Enter")
    alice.sees_place("#lobby")
    expect(alice.part("#composer-text")).to_be_focused()
    keyboard.press("Alt+ArrowDown")
    alice.sees_place("#tea")
    keyboard.press("Alt+ArrowUp")
    alice.sees_place("#lobby")
    keyboard.press("ArrowUp")
    expect(alice.part("#composer-text")).to_have_value("/join tea")
    keyboard.press("Control+a")
    keyboard.press("Delete")
    tab_to("#people-open")
    tab_to("#search-open")
    keyboard.press("Enter")
    expect(alice.part("#search-words")).to_be_focused()
    keyboard.press("Escape")
    expect(alice.part("#search-open")).to_be_focused()
    tab_to("#skip")
    keyboard.press("Enter")
    expect(alice.part("#composer-text")).to_be_focused()


def test_what_stands_at_the_side_is_shown_and_put_away(here: Neighbourhood) -> None:
    alice = here.enter("alice")
    people, search = alice.part("#people"), alice.part("#search")
    expect(people).to_be_visible()
    alice.page.click("#people-close")
    expect(people).to_be_hidden()
    expect(alice.part("#people-open")).to_be_focused()
    alice.say("/who")
    expect(people).to_be_visible()
    alice.page.click("#search-open")
    expect(people).to_be_hidden()
    alice.page.click("#people-open")
    expect(search).to_be_hidden()
    expect(people).to_be_visible()
    alice.page.click("#people-close")
    expect(people).to_be_hidden()
    # With less room, it comes over the messages, and goes when one presses beside it.
    alice.page.set_viewport_size({"width": 900, "height": 600})
    alice.say("/who")
    expect(people).to_be_visible()
    expect(alice.part("#main")).to_have_attribute("inert", "")
    alice.page.mouse.click(300, 300)
    expect(people).to_be_hidden()
    # It was typed that it should open.
    expect(alice.part("#composer-text")).to_be_focused()
    alice.page.click("#people-open")
    alice.page.keyboard.press("Escape")
    expect(alice.part("#people-open")).to_be_focused()


def test_who_asks_who_is_here_goes_on_typing(here: Neighbourhood) -> None:
    alice = here.enter("alice")
    alice.page.fill("#composer-text", "/who")
    alice.page.keyboard.press("Enter")
    expect(alice.part("#people")).to_be_visible()
    alice.page.keyboard.type("still here")
    alice.page.keyboard.press("Enter")
    alice.sees("still here")
    expect(alice.part("#people")).to_be_visible()
    alice.page.keyboard.type("/search still")
    alice.page.keyboard.press("Enter")
    expect(alice.part("#found .text")).to_have_count(1)
    alice.page.keyboard.press("Escape")
    expect(alice.part("#composer-text")).to_be_focused()


def test_a_screen_reader_is_told_what_is_new_and_not_the_past(here: Neighbourhood) -> None:
    bob = line_person(here, "bob")
    say_all(bob, [f"past {number}" for number in range(100)])
    alice = here.visit()
    alice.open()
    alice.take_down()
    alice.enter_here("alice")
    alice.sees("past 99")
    say_all(bob, ["news"])
    alice.was_told("bob: news")
    alice.join("tea")
    bob.send("not for her")
    bob.send("but this, alice")
    alice.was_told("bob: news", "in lobby, bob: but this, alice")
    alice.go_to("lobby")
    alice.say("mine")
    alice.sees("mine")
    say_all(bob, ["later"])
    alice.was_told("bob: news", "in lobby, bob: but this, alice", "bob: later")


@pytest.mark.parametrize("colors", ["light", "dark"])
def test_nothing_stands_in_anybody_s_way(here: Neighbourhood, colors: str) -> None:
    if find_spec("axe_playwright_python") is None:
        missing("axe-playwright-python is not installed")
    axe = import_module("axe_playwright_python.sync_playwright").Axe()
    # The policy keeps axe itself out. With reduced motion, no colour is on its way to another.
    alice = here.visit(color_scheme=colors, bypass_csp=True, reduced_motion="reduce")

    def check() -> None:
        found = axe.run(alice.page)
        assert not found.response["violations"], found.generate_report()

    alice.open()
    alice.page.press("#nickname", "Enter")
    check()
    alice.enter("alice")
    crowd = [line_person(here, f"{name} room=lobby,tea") for name in ("bob", "eve", "dan", "zoë", "mo", "kim")]
    for person in crowd:
        person.send("hello in tea, alice")
        person.send("/msg alice psst")
        person.send("/join lobby")
        person.send("hello https://example.org alice")
        person.send("/me waves")
    alice.say("/search hello")
    alice.say("/nonsense")
    expect(alice.part("#list .error")).to_be_visible()
    expect(alice.part("#list .acted")).to_have_count(6)
    check()
    alice.page.keyboard.press("Escape")
    alice.page.click("#self")
    check()


def test_what_is_touched_is_large_enough(here: Neighbourhood) -> None:
    bob = line_person(here, "bob")
    say_all(bob, ["one", "two"])
    alice = here.visit(**PHONE)
    alice.enter("alice")
    # The time of a message that goes on under a name can be seen, since nobody can point at it.
    assert alice.part("#list .beside").first.evaluate("element => getComputedStyle(element).opacity") == "1"

    def small() -> list[str]:
        found: list[str] = alice.page.evaluate(
            """() => [...document.querySelectorAll("button, input, textarea")].filter((element) => {
                const { width, height } = element.getBoundingClientRect();
                return width > 0 && (width < 44 || height < 44);
            }).map(({ id, className }) => id || className)"""
        )
        return found

    assert small() == []
    alice.page.tap("#topic")
    assert small() == []
    for side in ("rooms", "people", "search"):
        alice.page.tap(f"#{side}-open")
        expect(alice.part(f"#{side}")).to_be_in_viewport(ratio=1)
        assert small() == []
        alice.page.tap(f"#{side}-close")


def test_large_letters_leave_room_for_the_talk(here: Neighbourhood) -> None:
    # The letters that a reader has chosen in the browser count for the queries of the style sheet, too.
    arguments = ["--no-sandbox", "--blink-settings=defaultFontSize=32"]
    browser = here.browser.browser_type.launch(executable_path=CHROMIUM, args=arguments)
    try:
        reader = Visitor(browser.new_context(viewport={"width": 1280, "height": 800}), here.address)
        reader.enter("alice")
        assert reader.part("#main").evaluate("element => element.clientWidth") > 700
    finally:
        browser.close()


def test_what_is_marked_is_marked_in_forced_colours_too(here: Neighbourhood) -> None:
    bob = line_person(here, "bob")
    say_all(bob, ["hello alice", "bye"])
    alice = here.visit(forced_colors="active")
    alice.enter("alice")
    line = alice.part("#list .mention > .line")
    assert line.evaluate("element => getComputedStyle(element).borderInlineStartWidth") == "4px"
    alice.say("/search hello")
    alice.part("#found button").click()
    expect(alice.part("#list .sought.mention")).to_be_visible()
    assert line.evaluate("element => getComputedStyle(element).outlineStyle") == "dashed"


def test_what_was_found_is_marked_where_it_names_one(here: Neighbourhood) -> None:
    bob = line_person(here, "bob")
    say_all(bob, ["hello alice", "bye"])
    alice = here.enter("alice")
    line = alice.part("#list .mention > .line")
    before = line.evaluate("element => getComputedStyle(element).backgroundColor")
    alice.say("/search hello")
    alice.part("#found button").click()
    expect(alice.part("#list .sought.mention")).to_be_visible()
    assert line.evaluate("element => getComputedStyle(element).backgroundColor") != before


def test_every_colour_of_a_nickname_can_be_read_on_every_ground() -> None:
    css = (PAGE / "style.css").read_text()
    schemes = css.split("@media (prefers-color-scheme: dark) {")
    assert len(schemes) == 3
    for values, hues in ((schemes[0], schemes[1]), (schemes[1], schemes[2])):
        grounds = [re.search(rf"--{name}: (#\w+);", values) for name in ("ground", "side", "hover", "mention")]
        shown = re.findall(r"\.hue-\d+ \{ --hue: (#\w+); \}", hues)
        assert len(shown) == 12
        for ground in grounds:
            assert ground is not None
            assert min(contrast(hue, ground[1]) for hue in shown) >= 4.5


def contrast(one: str, other: str) -> float:
    """How far two colours are apart (WCAG 2.2, contrast ratio)."""
    darker, lighter = sorted(map(luminance, (one, other)))
    return (lighter + 0.05) / (darker + 0.05)


def luminance(color: str) -> float:
    parts = [int(color[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
