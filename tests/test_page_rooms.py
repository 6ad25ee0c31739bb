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


def test_every_way_to_name_a_room_in_an_address_leads_there(here: Neighbourhood) -> None:
    for number, address in enumerate(("#tea", "?room=tea")):
        visitor = here.visit()
        visitor.enter(f"visitor{number}", address)
        visitor.sees_place("#tea")
        expect(visitor.page).to_have_url(f"{here.address}#room=tea")


def test_the_address_names_the_place_and_back_goes_to_the_one_before(here: Neighbourhood) -> None:
    alice = here.enter("alice")
    line_person(here, "bob")
    expect(alice.page).to_have_url(f"{here.address}#room=lobby")
    alice.join("tea")
    alice.part("#joined .go", "lobby").click()
    alice.part("#people-list .go", "bob").click()
    alice.sees_place("bob")
    alice.page.go_back()
    alice.sees_place("#lobby")
    alice.page.go_back()
    alice.sees_place("#tea")
    expect(alice.page).to_have_url(f"{here.address}#room=tea")
    alice.page.go_forward()
    alice.page.go_forward()
    alice.sees_place("bob")
    alice.go_to("tea")
    alice.part("#joined .leave").nth(1).click()
    alice.sees_place("#lobby")
    alice.page.go_back()
    alice.sees_place("#lobby")
    expect(alice.part("#joined .name")).to_have_text(["lobby"])
    guest = here.visit()
    guest.enter("guest", alice.page.url.removeprefix(here.address))
    guest.sees_place("#lobby")


def test_the_first_of_many_unread_messages_and_the_mention_among_them_can_be_reached(here: Neighbourhood) -> None:
    alice, bob = here.enter("alice"), line_person(here, "bob")
    alice.join("tea")
    say_all(bob, [f"line {number}" for number in range(700)])
    say_all(bob, ["where is alice?"])
    say_all(bob, [f"later {number}" for number in range(900)])
    expect(alice.part("#joined .badge").first).to_have_text("99+")
    alice.go_to("lobby")
    alice.sees("later 899")
    expect(alice.part("#to-first")).to_contain_text("1,601 new messages")
    alice.page.click("#to-mention")
    expect(alice.sees("where is alice?")).to_be_in_viewport()
    expect(alice.part("#to-mention")).to_be_hidden()
    alice.page.click("#to-first")
    first = alice.part("#list .row:has(.new) .text")
    expect(first).to_have_text(re.compile("line 0$"))
    expect(first).to_be_in_viewport()
    expect(alice.part("#to-first")).to_be_hidden()
    alice.page.click("#to-newest")
    expect(alice.sees("later 899")).to_be_in_viewport()


def test_a_window_that_is_seen_but_not_in_front_does_not_count_as_read(here: Neighbourhood) -> None:
    alice, bob = here.enter("alice"), line_person(here, "bob")

    def front(is_front: bool) -> None:
        # A browser with no window believes that each page is in front.
        alice.page.evaluate(
            """isFront => {
                document.hasFocus = () => isFront;
                window.dispatchEvent(new Event(isFront ? "focus" : "blur"));
            }""",
            is_front,
        )

    front(False)
    say_all(bob, ["unseen", "unseen too"])
    expect(alice.page).to_have_title("(2) lobby · chatroom")
    front(True)
    expect(alice.page).to_have_title("lobby · chatroom")
    expect(alice.part("#list .row:has(.new) .text")).to_have_text(re.compile("unseen$"))


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


def test_among_many_rooms_one_is_found_by_a_part_of_its_name(here: Neighbourhood) -> None:
    names = [f"{number:03}-room" for number in range(130)] + ["teahouse"]
    for first in range(0, len(names), 10):
        line_person(here, f"host{first} room={','.join(names[first : first + 10])}")
    alice = here.visit()
    alice.enter("alice")
    alice.say("/rooms")
    expect(alice.part("#others-more")).to_have_text("and more: type a part of the name above")
    field = alice.part("#join-name")
    expect(field).to_be_in_viewport()
    field.fill("HOUSE")
    expect(alice.part("#others .name")).to_have_text(["teahouse"])
    expect(alice.part("#others-more")).to_be_empty()
    expect(alice.part("#joined .go")).to_have_count(0)
    field.press("Escape")
    expect(alice.part("#joined .go")).to_have_count(1)
    field.fill("129")
    alice.part("#others .go").click()
    alice.sees_place("#129-room")


def test_the_room_that_one_looks_at_is_on_the_screen_among_many(here: Neighbourhood) -> None:
    names = [f"room{number:02}" for number in range(45)]
    alice = here.visit(viewport={"width": 1000, "height": 500})
    alice.enter("alice")
    for name in names:
        alice.join(name)
    expect(alice.part("#joined .current")).to_be_in_viewport()
    alice.page.keyboard.press("Alt+ArrowDown")
    alice.sees_place("#lobby")
    expect(alice.part("#joined .current")).to_be_in_viewport()


def test_many_who_come_and_go_do_not_push_the_talk_away(here: Neighbourhood) -> None:
    alice, bob = here.enter("alice"), line_person(here, "bob")
    say_all(bob, ["before"])
    for number in range(12):
        guest = line_person(here, f"guest{number}")
        guest.send("/quit")
        bob.expect(f"* guest{number} left")
    say_all(bob, ["after"])
    alice.sees("after")
    expect(alice.sees("before")).to_be_in_viewport()
    # All but the last who left.
    expect(alice.part("#list .folded")).to_have_text("12 joined, 11 left")
    assert alice.part("#list .row:not(.folded-away) .text").all_text_contents()[-3:] == [
        "before",
        "guest11 left",
        "after",
    ]
    alice.page.click("#list .folded button")
    expect(alice.part("#list .folded-away")).to_have_count(0)
    expect(alice.part("#list .left .text").first).to_be_visible()


def test_messages_are_copied_as_a_transcript(here: Neighbourhood) -> None:
    alice, bob = here.enter("alice"), line_person(here, "bob")
    say_all(bob, ["first", "see https://example.org"])
    bob.send("/me waves")
    expect(alice.part("#list .acted")).to_be_visible()
    alice.context.grant_permissions(["clipboard-read", "clipboard-write"])

    def copied(first: str, last: str) -> str:
        """What is copied from the beginning of one element to the end of another."""
        alice.page.evaluate(
            """([first, last]) => {
                const range = document.createRange();
                range.setStartBefore(document.querySelector(first));
                range.setEndAfter(document.querySelector(last));
                getSelection().removeAllRanges();
                getSelection().addRange(range);
            }""",
            [first, last],
        )
        alice.page.keyboard.press("Control+c")
        text: str = alice.page.evaluate("navigator.clipboard.readText()")
        return re.sub(r"\[\d\d:\d\d\]", "[time]", text)

    whole = "[time] bob: first\n[time] bob: see https://example.org\n[time] * bob waves"
    assert copied("#list .said", "#list .acted") == whole
    assert copied("#list .said.first .head", "#list .said.first .text") == "[time] bob: first"
    assert copied("#list .said:not(.first) .text > *", "#list .said a") == "see https://example.org"


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
