"""Typing on the page, from anywhere, in a real browser: no letter is lost."""

from __future__ import annotations

import re
import signal

import pytest
from browser import PHONE, PLAYWRIGHT, Neighbourhood, Visitor, line_person, say_all

if PLAYWRIGHT:
    from playwright.sync_api import expect


def types_on(visitor: Visitor, text: str) -> None:
    """Type with whatever has the focus, and see that it is sent."""
    visitor.page.keyboard.type(text)
    visitor.page.keyboard.press("Enter")
    visitor.sees(text)
    expect(visitor.part("#composer-text")).to_have_value("")


def test_one_types_on_after_everything_that_is_pressed(here: Neighbourhood) -> None:
    alice = here.enter("alice")
    page = alice.page
    page.keyboard.type("by the button")
    page.click("#composer-send")
    alice.sees("by the button")
    expect(alice.part("#composer-text")).to_be_focused()
    types_on(alice, "after the button")
    page.click("#topic")
    page.keyboard.type("Tea")
    page.keyboard.press("Enter")
    expect(alice.part("#topic")).to_have_text("Tea")
    types_on(alice, "after the topic")
    page.click("#topic")
    page.keyboard.press("Escape")
    types_on(alice, "after no topic")
    page.click("#self")
    page.keyboard.press("Escape")
    expect(alice.part("#self-dialog")).to_be_hidden()
    types_on(alice, "after the dialog")
    page.click("#search-open")
    page.keyboard.type("button")
    page.keyboard.press("Enter")
    alice.part("#found button").first.click()
    expect(alice.part("#list .sought")).to_be_visible()
    types_on(alice, "after the search")
    page.keyboard.press("Escape")
    types_on(alice, "after its end")
    alice.sees("by the button").click()
    types_on(alice, "after a click into the messages")
    page.click("#people-close")
    types_on(alice, "after a list was closed")


def test_a_phone_keeps_its_keyboard_open(here: Neighbourhood) -> None:
    alice = here.visit(**PHONE)
    alice.open()
    alice.page.fill("#nickname", "alice")
    alice.page.tap("#enter")
    alice.page.tap("#composer-text")
    # Each loss of the focus, however short, closes it.
    lost = "() => { window.lost = 0; document.querySelector('#composer-text').onblur = () => { lost += 1; }; }"
    alice.page.evaluate(lost)
    alice.page.keyboard.type("hello")
    alice.page.tap("#composer-send")
    alice.sees("hello")
    types_on(alice, "again")
    assert alice.page.evaluate("lost") == 0


def test_text_is_pasted_from_anywhere(here: Neighbourhood) -> None:
    alice = here.enter("alice")
    alice.context.grant_permissions(["clipboard-read", "clipboard-write"])
    alice.page.evaluate("navigator.clipboard.writeText('/quit pasted')")
    alice.page.focus("#messages")
    alice.page.keyboard.press("Control+v")
    expect(alice.part("#composer-text")).to_have_value("/quit pasted")
    alice.page.keyboard.press("Enter")
    alice.sees("/quit pasted")


@pytest.mark.parametrize("focus", ["#composer-text", "#messages", "#topic"])
def test_the_messages_scroll_by_page_up_and_page_down_from_anywhere(here: Neighbourhood, focus: str) -> None:
    bob = line_person(here, "bob")
    say_all(bob, [f"line {number}" for number in range(100)])
    alice = here.enter("alice")
    last = alice.sees("line 99")
    expect(last).to_be_in_viewport()
    alice.page.focus(focus)
    alice.page.keyboard.press("PageUp")
    expect(last).not_to_be_in_viewport()
    alice.page.keyboard.press("PageDown")
    expect(last).to_be_in_viewport()


def test_tab_completes_names_and_commands_and_else_goes_on(here: Neighbourhood) -> None:
    alice, bob = here.enter("alice"), here.enter("bob")
    line_person(here, "bobby")
    expect(alice.part("#people-list .nick")).to_have_count(3)
    keyboard, field = alice.page.keyboard, alice.part("#composer-text")
    field.focus()
    keyboard.type("BO")
    keyboard.press("Tab")
    expect(field).to_have_value("bob: ")
    keyboard.press("Tab")
    expect(field).to_have_value("bobby: ")
    keyboard.press("Shift+Tab")
    keyboard.type("tea?")
    keyboard.press("Enter")
    bob.sees("bob: tea?")
    keyboard.type("/ms")
    keyboard.press("Tab")
    keyboard.type("bo")
    keyboard.press("Tab")
    expect(field).to_have_value("/msg bob ")
    keyboard.press("Tab")
    expect(field).to_have_value("/msg bobby ")
    keyboard.type("xyz")
    keyboard.press("Tab")
    expect(field).not_to_be_focused()


# What is on its way.


def test_what_is_said_is_shown_at_once_as_being_on_its_way(here: Neighbourhood) -> None:
    alice, bob = here.enter("alice"), here.enter("bob")
    alice.say("before")
    alice.sees("before")
    here.server.signal(signal.SIGSTOP)
    alice.say("into the silence")
    alice.say("/me waits")
    expect(alice.part("#waiting .text")).to_have_text(["alice: into the silence", "alice waits"])
    expect(alice.part("#waiting .on-its-way").first).to_be_visible()
    expect(alice.part("#waiting .text").last).to_be_in_viewport()
    alice.part("#people-list .go", "bob").click()
    alice.sees_place("bob")
    expect(alice.part("#waiting li")).to_have_count(0)
    here.server.signal(signal.SIGCONT)
    alice.go_to("lobby")
    alice.sees("into the silence")
    expect(alice.part("#waiting li")).to_have_count(0)
    bob.sees("into the silence")


def test_many_lines_are_asked_about_can_be_stopped_and_none_is_lost(here: Neighbourhood) -> None:
    here.server.stop()
    here.serve("--rate", "10", "--burst", "5")
    alice, bob = here.enter("alice"), here.enter("bob")
    lines = [f"line {number}" for number in range(200)]
    alice.part("#people-list .go", "bob").click()
    alice.say("\n".join(lines))
    expect(alice.part("#many-text")).to_have_text("These are 200 lines to bob. They go out as 200 messages.")
    alice.page.keyboard.press("Enter")
    expect(alice.part("#many-dialog")).to_be_hidden()
    expect(alice.part("#composer-text")).to_have_value("\n".join(lines))
    alice.page.keyboard.press("Enter")
    alice.page.click("#many-send")
    expect(alice.part("#composer-text")).to_have_value("")
    alice.sees("line 0")
    alice.page.keyboard.type("typed behind")
    alice.page.click("#stop")
    expect(alice.part("#composer-text")).to_have_value(re.compile(r"^line [\s\S]*line 199\ntyped behind$"))
    expect(alice.part("#waiting li")).to_have_count(0)
    rest = alice.page.input_value("#composer-text").split("\n")
    bob.part("#private .go", "alice").click()
    bob.sees(lines[200 - len(rest)])
    assert [*alice.talk(), *rest] == [*lines, "typed behind"]
    assert bob.talk() == alice.talk()


def test_a_reload_in_the_middle_of_many_lines_loses_none(here: Neighbourhood) -> None:
    here.server.stop()
    here.serve("--rate", "50", "--burst", "5")
    alice, bob = here.enter("alice"), here.enter("bob")
    lines = [f"line {number}" for number in range(150)]
    alice.part("#people-list .go", "bob").click()
    alice.say("\n".join(lines))
    alice.page.click("#many-send")
    alice.page.keyboard.type("typed behind")
    alice.sees("line 3")
    alice.open()
    bob.part("#private .go", "alice").click()
    bob.sees("line 149")
    assert bob.talk() == lines
    alice.part("#private .go", "bob").click()
    expect(alice.part("#composer-text")).to_have_value("typed behind")


def test_what_is_handed_back_stands_in_its_order(here: Neighbourhood) -> None:
    alice = here.enter("alice")
    here.server.signal(signal.SIGSTOP)
    for number in range(3):
        alice.say(f"/msg nobody text {number}")
    here.server.signal(signal.SIGCONT)
    expect(alice.part("#list .error")).to_have_count(3)
    expect(alice.part("#composer-text")).to_have_value("\n".join(f"/msg nobody text {number}" for number in range(3)))


# Errors beside their fields.


def test_why_a_room_is_not_joined_stands_beside_the_field(here: Neighbourhood) -> None:
    alice = here.visit(**PHONE)
    alice.enter("alice")
    alice.page.tap("#rooms-open")
    field, error = alice.part("#join-name"), alice.part("#join-error")
    for name, why in (("Coffee Talk", "try Coffee-Talk"), ("\u0441offee", "room"), ("", "Type the name")):
        field.fill(name)
        field.press("Enter")
        expect(error).to_contain_text(why)
        expect(field).to_have_value(name)
        expect(field).to_be_focused()
    assert alice.part("#list .error").count() == 0
    field.fill("Coffee-Talk")
    expect(error).to_be_empty()
    field.press("Enter")
    alice.sees_place("#coffee-talk")
    expect(field).to_have_value("")
    expect(alice.part("#rooms")).to_be_hidden()


def test_why_a_nickname_is_not_changed_stands_beside_the_field(here: Neighbourhood) -> None:
    alice = here.enter("alice")
    line_person(here, "bob")
    alice.page.click("#self")
    alice.page.fill("#self-nickname", "bob")
    alice.page.press("#self-nickname", "Enter")
    expect(alice.part("#self-error")).to_contain_text("bob is taken")
    expect(alice.part("#self-nickname")).to_have_value("bob")
    alice.page.fill("#self-nickname", "alison")
    alice.page.press("#self-nickname", "Enter")
    expect(alice.part("#self-dialog")).to_be_hidden()
    expect(alice.part("#self-name")).to_have_text("alison")
    assert alice.part("#list .error").count() == 0
