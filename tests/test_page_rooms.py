"""Rooms, what is unread in them, and their past, on the page in a real browser."""

from __future__ import annotations

import json
import re
import signal

from browser import PLAYWRIGHT, Neighbourhood, line_person, say_all, top_of

if PLAYWRIGHT:
    from playwright.sync_api import expect


# Rooms, and what is unread.


def test_rooms_are_made_listed_joined_and_left(here: Neighbourhood) -> None:
    alice, bob = here.enter("alice"), here.enter("bob")
    alice.join("tea")
    expect(alice.part("#joined .name")).to_have_text(["lobby", "tea"])
    bob.say("/rooms")
    bob.part("#others .go", "tea").click()
    bob.sees_place("#tea")
    alice.say("milk?")
    bob.sees("milk?")
    bob.part("#joined .leave").nth(1).click()
    bob.sees_place("#lobby")
    expect(bob.part("#joined .name")).to_have_text(["lobby"])


def test_an_address_that_names_a_room_leads_there(here: Neighbourhood) -> None:
    alice = here.visit()
    alice.enter("alice", "#room=tea")
    alice.sees_place("#tea")
    alice.page.evaluate("location.hash = 'room=supper'")
    alice.sees_place("#supper")


def test_unread_is_counted_by_room_and_in_the_title(here: Neighbourhood) -> None:
    alice, bob = here.enter("alice"), line_person(here, "bob")
    alice.join("tea")
    expect(alice.page).to_have_title("tea · chatroom")
    say_all(bob, ["one", "two", "hello alice"])
    expect(alice.part("#joined .badge").first).to_have_text("3")
    expect(alice.part("#joined .badge").first).to_have_class(re.compile("mentioned"))
    expect(alice.page).to_have_title("(3) tea · chatroom")
    alice.go_to("lobby")
    alice.sees("one")
    expect(alice.page).to_have_title("lobby · chatroom")
    expect(alice.part("#list .row:has(.new) .text")).to_have_text("one")
    alice.say("hi")
    expect(alice.part("#list .new")).to_have_count(0)


def test_a_page_that_nobody_looks_at_counts_and_marks_what_is_new(here: Neighbourhood) -> None:
    alice, bob = here.enter("alice"), line_person(here, "bob")
    say_all(bob, ["seen"])
    alice.sees("seen")
    alice.hide()
    say_all(bob, ["new", "newer"])
    expect(alice.page).to_have_title("(2) lobby · chatroom")
    alice.hide(False)
    expect(alice.page).to_have_title("lobby · chatroom")
    expect(alice.part("#list .row:has(.new) .text")).to_have_text(re.compile("new$"))


def test_more_rooms_than_a_line_can_name_do_not_keep_one_out(here: Neighbourhood) -> None:
    alice = here.visit()
    alice.open()
    places = [{"name": f"{number:02}" + "\u6f22" * 30} for number in range(50)]
    memory = json.dumps({"nickname": "alice", "places": places, "looking": places[3]["name"]})
    alice.page.evaluate("memory => sessionStorage.setItem('chatroom', memory)", memory)
    alice.page.evaluate("memory => localStorage.setItem('chatroom', memory)", json.dumps({"line": 4096}))
    alice.open()
    alice.sees_place(f"#{places[3]['name']}")
    expect(alice.part("#list .joined", "alice")).to_be_visible()
    assert 30 < alice.part("#joined .go").count() < 50


# The past.


def test_history_comes_as_one_scrolls_up_and_what_one_reads_stays_where_it_is(here: Neighbourhood) -> None:
    bob = line_person(here, "bob")
    say_all(bob, [f"line {number}" for number in range(300)])
    alice = here.enter("alice")
    alice.sees("line 299")
    # What newcomers are shown does not fill the screen: the page has asked for more by itself.
    expect(alice.part("#list .row").first).to_contain_text("line 230")
    scroller = alice.part("#messages")
    while alice.part("#list .text", re.compile(r"line 0$")).count() == 0:
        first = alice.part("#list .row").first
        text = first.locator(".text").text_content() or ""
        scroller.evaluate("element => { element.scrollTop = 60; }")
        expect(alice.part("#list .row").first).not_to_contain_text(text)
        same = alice.part("#list .row").filter(has=alice.page.locator(".text", has_text=re.compile(f"{text}$")))
        # It stood at the beginning, and now stands where it was, with what is older above it.
        assert -100 < top_of(same) - top_of(scroller) < 100
    expect(alice.part("#beginning")).to_have_text("This is where lobby begins.")
    assert alice.talk() == [f"line {number}" for number in range(300)]


def test_the_list_stays_short_however_much_is_said(here: Neighbourhood) -> None:
    alice, bob = here.enter("alice"), line_person(here, "bob")
    say_all(bob, [f"line {number}" for number in range(3000)])
    alice.sees("line 2999")
    assert alice.part("#list .row").count() <= 1000
    scroller = alice.part("#messages")
    first = alice.part("#list .row").first.locator(".text")
    while (text := first.text_content() or "") != "alice joined":
        scroller.evaluate("element => { element.scrollTop = 0; }")
        expect(first).not_to_have_text(text)
        assert alice.part("#list .row").count() <= 1000
    alice.sees("line 0")
    assert alice.part("#list .row").count() <= 1000
    bob.send("the end")
    expect(alice.part("#to-newest")).to_contain_text("1 new message")
    alice.page.click("#to-newest")
    expect(alice.sees("the end")).to_be_in_viewport()
    expect(alice.part("#to-newest")).to_be_hidden()


def test_what_was_said_is_found(here: Neighbourhood) -> None:
    bob = line_person(here, "bob")
    say_all(bob, ["tea at five", "supper at eight", "more tea"])
    alice = here.enter("alice")
    alice.page.click("#search-open")
    expect(alice.part("#search-words")).to_be_focused()

    def look(words: str) -> None:
        alice.page.fill("#search-words", words)
        alice.page.press("#search-words", "Enter")

    look("TEA")
    expect(alice.part("#found .text")).to_have_text(["more tea", "tea at five"])
    expect(alice.part("#found mark")).to_have_text(["tea", "tea"])
    alice.part("#found button", "tea at five").click()
    expect(alice.part("#list .sought .text")).to_have_text("tea at five")
    look("coffee")
    expect(alice.part("#search-state")).to_have_text("Nothing was found in lobby.")
    look("???")
    expect(alice.part("#search-state")).to_contain_text("There is no word to search for")
    alice.page.keyboard.press("Escape")
    expect(alice.part("#search")).to_be_hidden()
    expect(alice.part("#search-open")).to_be_focused()


def test_what_was_found_is_shown_where_it_was_said(here: Neighbourhood) -> None:
    bob = line_person(here, "bob")
    say_all(bob, ["needle"])
    say_all(bob, [f"hay {number}" for number in range(1500)])
    alice = here.enter("alice")
    alice.say("/search needle")
    alice.part("#found button").click()
    expect(alice.part("#list .sought .text")).to_be_in_viewport()
    expect(alice.part("#list .sought .text")).to_have_text("needle")
    assert alice.part("#list .row").count() <= 1000
    alice.page.click("#to-newest")
    expect(alice.sees("hay 1499")).to_be_in_viewport()


def test_what_is_said_before_anything_was_drawn_is_sent_and_shown(here: Neighbourhood) -> None:
    alice = here.visit()
    alice.context.add_init_script(
        "window.held = []; window.frame = requestAnimationFrame; requestAnimationFrame = (draw) => held.push(draw)"
    )
    alice.open()
    alice.page.fill("#nickname", "alice")
    alice.page.press("#nickname", "Enter")
    expect(alice.part("#place-name")).to_have_text("#lobby")
    alice.say("at once")
    alice.page.evaluate("window.requestAnimationFrame = frame; held.forEach((draw) => draw())")
    alice.sees("at once")


def test_what_is_typed_while_one_goes_to_another_room_is_not_said_in_the_wrong_one(here: Neighbourhood) -> None:
    alice, bob = here.enter("alice"), line_person(here, "bob")
    here.server.signal(signal.SIGSTOP)
    alice.say("/join tea")
    alice.say("where am I?")
    expect(alice.part("#composer-text")).to_have_value("where am I?")
    here.server.signal(signal.SIGCONT)
    alice.sees_place("#tea")
    alice.go_to("lobby")
    bob.send("hello")
    alice.sees("hello")
    assert alice.talk() == ["hello"]
