"""The page, in a real browser, against the real server."""

from __future__ import annotations

import json
import re
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

import pytest
from browser import PLAYWRIGHT, Neighbourhood, running_browser
from support import TIMEOUT, Person, Stage, missing, program

from chatroom.model.constants import HOST_NAME

if PLAYWRIGHT:
    from playwright.sync_api import Browser, Error, Locator, WebSocket, WebSocketRoute, expect

PAGE = files("chatroom.doors.web") / "page"
PHONE = {"viewport": {"width": 375, "height": 667}, "has_touch": True, "is_mobile": True}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with running_browser() as found:
        yield found


@pytest.fixture
def here(browser: Browser, stage: Stage) -> Iterator[Neighbourhood]:
    made = Neighbourhood(browser, stage)
    yield made
    made.leave()


def line_person(here: Neighbourhood, nickname: str) -> Person:
    """Somebody at the door for lines."""
    return here.stage.enter(here.server.port, nickname)


def say_all(person: Person, lines: list[str]) -> None:
    """Say many lines, and wait until they are kept."""
    person.socket.sendall("".join(f"{line}\n" for line in lines).encode())
    person.expect(f": {lines[-1]}\r\n")


def top_of(row: Locator) -> float:
    """Where on the screen something begins."""
    box = row.bounding_box()
    assert box is not None
    return box["y"]


# Talking.


def test_two_people_talk(here: Neighbourhood) -> None:
    alice, bob = here.enter("alice"), here.enter("bob")
    alice.say("is anybody here?")
    bob.sees("is anybody here?")
    bob.say("I am")
    bob.say("/me waves")
    alice.sees("I am")
    expect(alice.part("#list .acted .text")).to_have_text("bob waves")
    expect(alice.part("#people-list .nick")).to_have_text(["alice", "bob"])
    expect(alice.part("#list .head .nick")).to_have_text(["alice", "bob"])


def test_the_page_and_the_line_door_are_one_room(here: Neighbourhood) -> None:
    alice, bob = here.enter("alice"), line_person(here, "bob")
    bob.send("hello from a terminal")
    alice.sees("hello from a terminal")
    alice.say("hello from a page")
    bob.expect("alice: hello from a page\r\n")
    alice.page.close()
    bob.expect("* alice left (")


def test_what_programs_say_is_shown_apart(here: Neighbourhood) -> None:
    here.server.stop()
    here.serve("--irc", "0")
    alice, ivy = here.enter("alice"), here.stage.connect(here.server.irc)
    ivy.send("NICK ivy\r\nUSER ivy 0 * :Ivy\r\nJOIN #lobby\r\nNOTICE #lobby :beep <b>\r")
    expect(alice.part("#list .noticed .text")).to_have_text("beep <b>")
    expect(alice.part("#list .noticed .nick")).to_have_text("ivy")


def test_markup_stays_text(here: Neighbourhood) -> None:
    alice, bob = here.enter("alice"), line_person(here, "bob")
    said = ["<img src=x onerror=alert(1)>", "<script>alert(1)</script>", "&lt;b&gt; <b>bold</b> <!--"]
    for text in said:
        bob.send(text)
    bob.send(f"/topic {said[0]}")
    bob.send(f"/msg alice {said[1]}")
    for text in said:
        alice.sees(text)
    expect(alice.part("#topic")).to_have_text(said[0])
    assert alice.part("#list :is(img, script, b)").count() == 0
    alice.part("#private .go", "bob").click()
    alice.sees_place("bob")
    alice.sees(said[1])
    assert alice.part("#list script").count() == 0


def test_the_policy_keeps_markup_out_even_of_a_page_that_lets_it_in(here: Neighbourhood) -> None:
    alice = here.enter("alice")
    complains = alice.page.expect_console_message(lambda message: "TrustedHTML" in message.text)
    with complains, pytest.raises(Error, match="TrustedHTML"):
        alice.page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=x>')")
    alice.faults.clear()


def test_addresses_become_links_and_nothing_else_does(here: Neighbourhood) -> None:
    alice, bob = here.enter("alice"), line_person(here, "bob")
    say_all(
        bob,
        [
            "see https://example.org/a_(b)?c=d#e, or (http://example.org/x).",
            "javascript:alert(1) data:text/html,x ftp://example.org file:///etc xhttps://example.org https://",
        ],
    )
    alice.sees("javascript:alert(1) data:text/html,x ftp://example.org file:///etc xhttps://example.org https://")
    links = alice.part("#list a")
    expect(links).to_have_text(["https://example.org/a_(b)?c=d#e", "http://example.org/x"])
    for link in links.all():
        assert link.get_attribute("href") == link.text_content()
        assert link.get_attribute("target") == "_blank"
        assert link.get_attribute("rel") == "noopener noreferrer nofollow"


def test_pasted_lines_are_said_in_order_and_none_is_a_command(here: Neighbourhood) -> None:
    alice, bob = here.enter("alice"), here.enter("bob")
    lines = ["first", "/quit", "//x", "", "last"]
    alice.say("\n".join(lines))
    bob.sees("last")
    assert bob.talk() == ["first", "/quit", "//x", "last"]
    alice.say("//etc")
    bob.sees("/etc")


def test_a_text_longer_than_a_line_is_said_in_pieces(here: Neighbourhood) -> None:
    alice, bob = here.enter("alice"), here.enter("bob")
    words = " ".join(f"wört{number}" for number in range(1200))
    alice.say(words)
    expect(bob.part("#list .said")).to_have_count(len(words.encode()) // 4096 + 1)
    assert " ".join(bob.talk()) == words


def test_private_talk_has_a_place_of_its_own(here: Neighbourhood) -> None:
    alice, bob, eve = here.enter("alice"), here.enter("bob"), here.enter("eve")
    alice.part("#people-list .go", "bob").click()
    alice.say("psst")
    alice.sees("psst")
    expect(bob.part("#private .badge")).to_have_text("1")
    bob.part("#private .go", "alice").click()
    bob.sees("psst")
    bob.say("/me leaks")
    expect(bob.part("#list .error")).to_contain_text("/me is for rooms")
    bob.say("yes?")
    alice.sees("yes?")
    alice.go_to("lobby")
    alice.say("public")
    eve.sees("public")
    assert eve.talk() == ["public"]
    assert eve.part("#list .acted").count() == 0


def test_a_conversation_follows_a_new_name_and_keeps_what_is_half_typed(here: Neighbourhood) -> None:
    alice, bob = here.enter("alice"), line_person(here, "bob")
    alice.part("#people-list .go", "bob").click()
    alice.page.fill("#composer-text", "half")
    bob.send("/nick robert")
    alice.sees_place("robert")
    expect(alice.part("#people-list .nick")).to_have_text(["alice", "robert"])
    expect(alice.part("#composer-text")).to_have_value("half")
    alice.page.press("#composer-text", "Enter")
    bob.expect("alice (privately to robert): half\r\n")


def test_whoever_writes_by_many_names_does_not_fill_the_page(here: Neighbourhood) -> None:
    # In a room together, a conversation would follow the names.
    alice, bob = here.enter("alice"), line_person(here, "bob room=tea")
    bob.socket.sendall("".join(f"/nick bob{number}\n/msg alice hi\n" for number in range(130)).encode())
    expect(alice.part("#private .name", "bob129")).to_be_visible()
    assert alice.part("#private .go").count() == 100


def test_what_is_typed_at_once_goes_where_one_has_gone(here: Neighbourhood) -> None:
    alice, bob = here.enter("alice"), here.enter("bob")
    expect(alice.part("#people-list .go .nick")).to_have_text(["alice", "bob"])
    # Everything before the next frame.
    alice.page.evaluate(
        """() => {
            const [, bob] = document.querySelectorAll("#people-list .go");
            bob.click();
            const field = document.querySelector("#composer-text");
            field.value = "psst";
            field.dispatchEvent(new Event("input"));
        }"""
    )
    alice.sees_place("bob")
    alice.page.press("#composer-text", "Enter")
    alice.sees("psst")
    expect(bob.part("#private .badge")).to_have_text("1")


def test_a_conversation_is_opened_by_a_command_and_not_by_what_comes_late(here: Neighbourhood) -> None:
    alice, bob = here.enter("alice"), here.enter("bob")
    alice.say("/msg bob psst")
    alice.sees_place("bob")
    alice.say("still there?")
    alice.go_to("lobby")
    expect(bob.part("#private .badge")).to_have_text("2")
    bob.say("to all")
    alice.sees("to all")
    alice.sees_place("#lobby")


def test_a_topic_is_set_where_it_stands(here: Neighbourhood) -> None:
    alice, bob = here.enter("alice"), here.enter("bob")
    alice.page.click("#topic")
    alice.page.fill("#topic-text", "Deploys")
    alice.page.press("#topic-text", "Enter")
    expect(bob.part("#topic")).to_have_text("Deploys")
    expect(bob.part("#list .row.topic .text")).to_have_text("alice set the topic: Deploys")
    expect(alice.part("#topic")).to_be_focused()


def test_a_nickname_is_changed_and_one_leaves(here: Neighbourhood) -> None:
    alice, bob = here.enter("alice"), here.enter("bob")
    alice.page.click("#self")
    alice.page.fill("#self-nickname", "Alison")
    alice.page.press("#self-nickname", "Enter")
    expect(alice.part("#self-name")).to_have_text("Alison")
    expect(bob.part("#list .renamed .text")).to_have_text("alice is now Alison")
    expect(bob.part("#people-list .nick")).to_have_text(["Alison", "bob"])
    alice.page.click("#self")
    alice.page.click("#self-leave")
    expect(alice.part("#nickname")).to_be_focused()
    expect(bob.part("#people-list .nick")).to_have_text(["bob"])


def test_a_name_with_signs_in_it_is_a_name_like_others(here: Neighbourhood) -> None:
    alice, bob = here.enter("an-na.b(c)$[|"), line_person(here, "bob")
    bob.send("hello an-na.b(c)$[|")
    expect(alice.part("#list .mention .text")).to_have_text("hello an-na.b(c)$[|")
    bob.send("hello an-na.b(c)$[|x")
    alice.sees("hello an-na.b(c)$[|x")
    assert alice.part("#list .mention").count() == 1


def test_a_text_is_written_in_its_own_direction(here: Neighbourhood) -> None:
    alice, bob = here.enter("alice"), line_person(here, "bob")
    bob.send("hello")
    bob.send("\u05e9\u05dc\u05d5\u05dd")
    said = alice.sees("\u05e9\u05dc\u05d5\u05dd")
    assert said.evaluate("element => getComputedStyle(element).direction") == "rtl"
    assert alice.sees("hello").evaluate("element => getComputedStyle(element).direction") == "ltr"


# Nicknames that will not do.


def test_a_nickname_that_will_not_do_is_refused_beside_the_field(here: Neighbourhood) -> None:
    here.enter("alice")
    visitor = here.visit()
    visitor.open()
    for nickname, why in (
        ("", "Choose a nickname first."),
        ("alice cooper", "A nickname has no spaces in it."),
        ("Alice", "The nickname Alice is taken: choose another."),
        ("/x", "That nickname will not do: it starts with /."),
    ):
        visitor.page.fill("#nickname", nickname)
        visitor.page.press("#nickname", "Enter")
        expect(visitor.part("#nickname-error")).to_have_text(why)
        expect(visitor.part("#nickname")).to_be_focused()
        expect(visitor.part("#nickname")).to_have_attribute("aria-invalid", "true")
    visitor.enter("bob")


def test_more_nicknames_may_be_tried_than_a_connection_allows(here: Neighbourhood) -> None:
    visitor = here.visit()
    visitor.open()
    for nickname in ("*a", "*b", "*c", "*d", "*e", "*f", "*g"):
        visitor.page.fill("#nickname", nickname)
        visitor.page.press("#nickname", "Enter")
        expect(visitor.part("#nickname-error")).to_have_text("That nickname will not do: it starts with *.")
    visitor.page.fill("#nickname", "alice")
    visitor.page.press("#nickname", "Enter")
    expect(visitor.part("#list .joined", "alice")).to_be_visible()


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


# Coming back.


def test_a_killed_server_comes_back_and_what_was_missed_is_shown_once(here: Neighbourhood) -> None:
    here.server_goes = True
    alice, bob = here.enter("alice"), line_person(here, "bob")
    alice.join("tea")
    alice.go_to("lobby")
    alice.take_down()
    say_all(bob, ["before"])
    alice.sees("before")
    here.server.stop(signal.SIGKILL)
    expect(alice.part("#connection-text")).to_have_text("Offline. What you type is kept.")
    alice.was_told("bob: before", "Offline. What you type is kept.")
    alice.say("typed while offline")
    expect(alice.part("#composer-text")).to_have_value("typed while offline")
    # While there is no page yet, somebody else is back.
    interim = here.stage.serve("--rate", "0", port=here.server.port)
    bob = here.stage.enter(interim.port, "bob room=lobby,tea")
    say_all(bob, ["missed in tea"])
    bob.send("/join lobby")
    say_all(bob, ["missed"])
    interim.stop(signal.SIGKILL)
    here.serve()
    alice.is_back()
    alice.sees("missed")
    alice.page.press("#composer-text", "Enter")
    alice.sees("typed while offline")
    assert alice.talk() == ["before", "missed", "typed while offline"]
    expect(alice.part("#joined .badge").nth(1)).to_have_text("1")
    alice.go_to("tea")
    assert alice.talk() == ["missed in tea"]


def test_who_has_gone_is_shown_to_have_left_though_it_could_not_be_kept(here: Neighbourhood) -> None:
    gone = {"kind": "gone", "room": "lobby", "nick": "bob", "text": "connection lost"}
    line_person(here, "bob")
    alice = here.visit()
    sockets: list[WebSocketRoute] = []

    def route(socket: WebSocketRoute) -> None:
        socket.connect_to_server()
        sockets.append(socket)

    alice.page.route_web_socket("**/chat", route)
    alice.enter("alice")
    expect(alice.part("#people-list .nick")).to_have_text(["alice", "bob"])
    # What a server whose disk is full says.
    sockets[0].send(json.dumps(gone))
    expect(alice.part("#people-list .nick")).to_have_text(["alice"])
    expect(alice.part("#list .left .text")).to_have_text("bob left (connection lost)")


def test_a_reload_comes_back_with_what_was_missed(here: Neighbourhood) -> None:
    alice, bob = here.enter("alice"), line_person(here, "bob")
    say_all(bob, ["before"])
    alice.sees("before")
    alice.page.goto("about:blank")
    bob.expect("* alice left (")
    say_all(bob, [f"missed {number}" for number in range(30)])
    alice.open()
    alice.sees("missed 29")
    expect(alice.part("#self-name")).to_have_text("alice")
    alice.sees("before")
    assert alice.talk() == ["before"] + [f"missed {number}" for number in range(30)]
    expect(alice.part("#list .row:has(.new) .text")).to_have_text("missed 0")


def test_another_history_than_the_one_known_is_shown_from_its_beginning(here: Neighbourhood) -> None:
    here.server_goes = True
    alice = here.enter("alice")
    for number in range(10):
        alice.say(f"old {number}")
    alice.sees("old 9")
    here.server.stop(signal.SIGKILL)
    alice.is_away()
    here.serve("--history", "another.sqlite")
    bob = line_person(here, "bob")
    alice.is_back()
    say_all(bob, ["new"])
    alice.sees("new")
    assert alice.talk() == ["new"]


def test_a_server_that_does_not_answer_any_more_is_given_up(here: Neighbourhood) -> None:
    here.server_goes = True
    alice = here.visit()
    alice.page.clock.install()
    alice.enter("alice")
    alice.say("before")
    alice.sees("before")
    here.server.signal(signal.SIGSTOP)
    alice.page.clock.fast_forward("00:31")
    alice.say("into the void")
    alice.page.clock.fast_forward("00:16")
    alice.is_away()
    here.server.stop(signal.SIGKILL)
    here.serve()
    alice.page.clock.fast_forward("00:40")
    alice.is_back()
    # What was sent and never kept is handed back.
    expect(alice.part("#composer-text")).to_have_value("into the void")
    assert alice.talk() == ["before"]


def test_only_what_was_sent_over_a_lost_connection_is_handed_back(here: Neighbourhood) -> None:
    alice = here.visit()
    alice.open()
    back = alice.page.evaluate(
        """async () => {
            const { Outgoing } = await import("./outgoing.js");
            const outgoing = new Outgoing();
            for (const text of ["kept", "lost", "lost too"]) outgoing.sent("room:lobby", text);
            outgoing.echoed("room:lobby", "kept");
            outgoing.lost();
            outgoing.sent("room:lobby", "on its way");
            return [[...outgoing.takeBack()], [...outgoing.takeBack()]];
        }"""
    )
    assert back == [[["room:lobby", "lost\nlost too"]], []]


def test_what_is_typed_before_one_is_in_is_not_lost(here: Neighbourhood) -> None:
    alice = here.visit()
    # Nothing is drawn while the clock stands still.
    alice.page.clock.install(time=0)
    alice.page.clock.pause_at(1000)
    alice.open()
    alice.page.fill("#nickname", "alice")
    alice.page.press("#nickname", "Enter")
    alice.page.fill("#composer-text", "typed early")
    alice.page.clock.resume()
    expect(alice.part("#list .joined", "alice")).to_be_visible()
    expect(alice.part("#composer-text")).to_have_value("typed early")
    alice.page.press("#composer-text", "Enter")
    alice.sees("typed early")


def test_a_connection_that_lives_is_left_alone(here: Neighbourhood) -> None:
    alice = here.visit()
    alice.page.clock.install()
    sockets: list[WebSocket] = []
    # Playwright marks what it calls, which a method of a list does not let it do.
    alice.page.on("websocket", lambda socket: sockets.append(socket))  # noqa: PLW0108
    alice.enter("alice")
    for number in range(3):
        with sockets[0].expect_event("framereceived", lambda frame: frame == '{"kind":"pong","text":""}'):
            alice.page.clock.fast_forward("00:31")
        alice.say(f"still here {number}")
        alice.sees(f"still here {number}")
    assert len(sockets) == 1


def test_one_s_own_lost_connection_gives_the_nickname_back(here: Neighbourhood) -> None:
    alice, bob = here.enter("alice"), line_person(here, "bob")
    alice.page.goto("about:blank")
    bob.expect("* alice left (")
    ghost = line_person(here, "alice")
    alice.open()
    expect(alice.part("#connection-text")).to_contain_text("Your nickname is still taken")
    ghost.send("/quit")
    alice.is_back()
    expect(alice.part("#self-name")).to_have_text("alice")


def test_another_name_may_be_taken_when_one_s_own_is_gone(here: Neighbourhood) -> None:
    alice, bob = here.enter("alice"), line_person(here, "bob")
    alice.page.goto("about:blank")
    bob.expect("* alice left (")
    line_person(here, "alice")
    alice.open()
    alice.page.click("#connection-rename")
    alice.page.fill("#nickname", "alison")
    alice.page.press("#nickname", "Enter")
    expect(alice.part("#self-name")).to_have_text("alison")
    expect(alice.part("#list .joined", "alison")).to_be_visible()


# Behind a proxy.


def test_the_page_works_behind_nginx_as_it_is_shown(here: Neighbourhood) -> None:
    nginx = program("nginx")
    shown = (Path(__file__).parent.parent / "docs/web.rst").read_text().partition("code-block:: nginx")[2]
    block = shown[: shown.index("\nA whole")].replace("http://127.0.0.1:8080/", here.address)
    folder, port = here.stage.folder, here.stage.port()
    block = re.sub(r"ssl_certificate.*", "", block).replace("listen 443 ssl", f"listen 127.0.0.1:{port}")
    paths = [f"{name}_temp_path {folder}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")]
    # One process, so that it ends when it is killed.
    process = f"daemon off; master_process off; pid {folder}/nginx.pid; error_log stderr; events {{}}"
    (folder / "nginx.conf").write_text(f"{process} http {{ access_log off; {' '.join(paths)} {block} }}")
    here.stage.start(nginx, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", "stderr")
    wait_until_it_listens(port)
    here.address = f"http://{HOST_NAME}:{port}/room/"
    alice, bob = here.enter("alice"), line_person(here, "bob")
    bob.send("hello behind there")
    alice.sees("hello behind there")
    alice.say("hello out there")
    bob.expect("alice: hello out there\r\n")


def wait_until_it_listens(port: int) -> None:
    end = time.monotonic() + TIMEOUT
    while time.monotonic() < end:
        with suppress(ConnectionRefusedError), socket.create_connection((HOST_NAME, port)):
            return
    pytest.fail(f"nothing listens on {port}")


# Everybody.


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


def test_no_module_makes_markup_or_code_from_text() -> None:
    ways = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|createContextualFragment|DOMParser|srcdoc"
    code = r"\beval\b|new Function|\.style\b|[\"']style[\"']|import\("
    # Types in comments name modules in that way.
    said = {file.name: re.sub(r"/\*.*?\*/", "", file.read_text(), flags=re.S) for file in PAGE.iterdir()}
    assert [name for name, text in said.items() if name.endswith(".js") and re.search(f"{ways}|{code}", text)] == []
    assert not re.search(r"<script(?![^>]*src=)|<style|\sstyle=|\son\w+=|https?://", said["index.html"])


def test_the_page_needs_nobody_but_its_own_server(here: Neighbourhood) -> None:
    alice = here.visit()
    asked: list[str] = []
    alice.page.on("request", lambda request: asked.append(request.url))
    alice.enter("alice")
    assert asked
    assert [url for url in asked if not url.startswith(here.address)] == []
    named = {url.removeprefix(here.address) for url in asked}
    # Everything that stands in the package is used, and is loaded at once rather than import after import.
    modules = {file.name for file in PAGE.iterdir() if file.name.endswith(".js")}
    assert modules <= named
    index = (PAGE / "index.html").read_text()
    assert set(re.findall(r'rel="modulepreload" href="([^"]+)"', index)) == modules - {"app.js"}
    assert json.loads((PAGE / "manifest.webmanifest").read_text())["icons"][0]["src"] == "icon.svg"
