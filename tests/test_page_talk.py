"""What people say on the page, in a real browser, against the real server."""

from __future__ import annotations

import json
import re
import signal

import pytest
from browser import PLAYWRIGHT, Neighbourhood, line_person, say_all

if PLAYWRIGHT:
    from playwright.sync_api import Error, WebSocketRoute, expect


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


def test_addresses_end_where_the_script_around_them_has_it(here: Neighbourhood) -> None:
    alice, bob = here.enter("alice"), line_person(here, "bob")
    say_all(
        bob,
        [
            "詳細は https://example.com/foo。次の文。",
            "全角（https://example.com/baz）です",
            "你好https://example.com/a",
        ],
    )
    alice.sees("你好https://example.com/a")
    links = alice.part("#list a")
    expect(links).to_have_text(["https://example.com/foo", "https://example.com/baz", "https://example.com/a"])
    for link in links.all():
        assert link.get_attribute("href") == link.text_content()


def test_names_are_found_in_texts_of_any_script(here: Neighbourhood) -> None:
    taro, bob = here.enter("太郎"), line_person(here, "bob")
    say_all(bob, ["太郎さん、こんにちは", "今日は太郎が来た", "郎さん"])
    taro.sees("郎さん")
    # A reader hears who speaks in each row but the first.
    expect(taro.part("#list .mention .text")).to_have_text(["太郎さん、こんにちは", "bob: 今日は太郎が来た"])


def test_what_was_found_is_marked_as_it_was_written(here: Neighbourhood) -> None:
    alice = here.enter("alice")
    alice.say("ЁЖИК и ёлка")
    alice.sees("ЁЖИК и ёлка")
    alice.page.click("#search-open")
    alice.page.fill("#search-words", "ежик")
    alice.page.press("#search-words", "Enter")
    expect(alice.part("#found mark")).to_have_text("ЁЖИК")


def test_several_lines_are_one_message(here: Neighbourhood) -> None:
    alice, bob, carol = here.enter("alice"), here.enter("bob"), line_person(here, "carol")
    lines = ["first", "/quit", "  //x", "", "last"]
    alice.say("\n".join(lines))
    expect(bob.part("#list .said")).to_have_count(1)
    assert bob.part("#list .said .text").inner_text() == "\n".join(lines)
    carol.expect("alice: first\r\nalice: /quit\r\nalice:   //x\r\nalice: \r\nalice: last\r\n")
    alice.say("//etc")
    bob.sees("/etc")
    bob.page.click("#search-open")
    bob.page.fill("#search-words", "quit")
    bob.page.press("#search-words", "Enter")
    expect(bob.part("#found mark")).to_have_text("quit")
    assert bob.part("#found .text").inner_text() == "\n".join(lines)


def test_a_line_that_is_pasted_is_no_command_and_one_that_is_typed_is(here: Neighbourhood) -> None:
    alice, bob = here.enter("alice"), here.enter("bob")
    alice.context.grant_permissions(["clipboard-read", "clipboard-write"])
    keyboard = alice.page.keyboard

    def paste(text: str) -> None:
        alice.page.evaluate("text => navigator.clipboard.writeText(text)", text)
        keyboard.press("Control+v")

    alice.page.focus("#composer-text")
    paste("/quit now")
    keyboard.press("Enter")
    bob.sees("/quit now")
    keyboard.type("/me ")
    paste("waves")
    keyboard.press("Enter")
    expect(bob.part("#list .acted .text")).to_have_text("alice waves")
    paste("x")
    keyboard.press("Backspace")
    keyboard.type("/me sighs")
    keyboard.press("Enter")
    expect(bob.part("#list .acted .text").nth(1)).to_have_text("alice sighs")


def test_shift_and_enter_begin_another_line(here: Neighbourhood) -> None:
    alice, bob = here.enter("alice"), here.enter("bob")
    alice.page.focus("#composer-text")
    for key in ("o", "Shift+Enter", "t", "Enter"):
        alice.page.keyboard.press(key)
    bob.sees("o\nt")


def test_a_message_that_is_not_kept_goes_back_where_it_was_typed(here: Neighbourhood) -> None:
    alice = here.visit()
    refused: list[str] = []

    def route(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()

        def forward(message: str | bytes) -> None:
            request = json.loads(message) if str(message).startswith("{") else {}
            if request.get("say") == "too much":
                refused.append(request["ref"])
            else:
                server.send(message)
            if request.get("do") == "/topic refuse":
                # What a server whose disk is full says, in its own time.
                error = {"kind": "error", "code": "not-kept", "text": "not sent: the disk is full", "ref": refused[0]}
                socket.send(json.dumps(error))

        socket.on_message(forward)

    alice.page.route_web_socket("**/chat", route)
    alice.enter("alice")
    alice.say("too much")
    alice.join("tea")
    alice.page.fill("#composer-text", "half")
    alice.page.click("#topic")
    alice.page.fill("#topic-text", "refuse")
    alice.page.press("#topic-text", "Enter")
    alice.sees("Error: #lobby: not sent: the disk is full")
    expect(alice.part("#composer-text")).to_have_value("half")
    alice.go_to("lobby")
    alice.sees("Error: not sent: the disk is full")
    expect(alice.part("#composer-text")).to_have_value("too much")


def test_who_is_away_is_shown_among_the_people(here: Neighbourhood) -> None:
    alice, bob = here.enter("alice"), line_person(here, "bob")
    bob.send("/away lunch")
    expect(alice.part("#people-list .away")).to_have_text(re.compile("bob.*away: lunch"))
    bob.send("/away")
    expect(alice.part("#people-list .away")).to_have_count(0)


def test_an_invitation_leads_into_the_room(here: Neighbourhood) -> None:
    alice, bob = here.enter("alice"), line_person(here, "bob room=t\u00e9a")
    bob.send("/invite alice")
    expect(alice.part("#list .invited .text")).to_have_text("bob invites you to t\u00e9a. Join t\u00e9a")
    alice.part("#list .invited a").click()
    alice.sees_place("#t\u00e9a")
    bob.expect("* alice joined\r\n")
    alice.go_to("lobby")
    alice.part("#list .invited a").click()
    alice.sees_place("#t\u00e9a")


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


def test_a_private_message_to_nobody_has_no_later_one_looked_at(here: Neighbourhood) -> None:
    alice, bob = here.enter("alice"), here.enter("bob")
    alice.say("/msg nobody psst")
    expect(alice.part("#list .error")).to_be_visible()
    alice.part("#people-list .go", "bob").click()
    alice.sees_place("bob")
    here.server.signal(signal.SIGSTOP)
    alice.say("psst")
    alice.go_to("lobby")
    here.server.signal(signal.SIGCONT)
    expect(bob.part("#private .badge")).to_have_text("1")
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
    expect(alice.part("#composer-text")).to_be_focused()


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


def test_a_reason_for_leaving_is_told(here: Neighbourhood) -> None:
    alice, bob = here.enter("alice"), line_person(here, "bob")
    alice.say("/quit supper")
    bob.expect("* alice left (supper)\r\n")
    expect(alice.part("#nickname")).to_be_focused()


def test_an_action_that_names_one_is_marked(here: Neighbourhood) -> None:
    alice, bob = here.enter("alice"), line_person(here, "bob")
    bob.send("/me waves to alice")
    bob.send("/me waves to all")
    expect(alice.part("#list .acted")).to_have_count(2)
    expect(alice.part("#list .mention .text")).to_have_text("bob waves to alice")
    alice.say("/me is alice")
    alice.sees("alice is alice")
    assert alice.part("#list .mention").count() == 1


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


def test_whoever_is_ignored_stays_so_over_a_reload_and_a_reconnect(here: Neighbourhood) -> None:
    here.server_goes = True
    alice, bob = here.enter("alice"), here.enter("bob")
    alice.say("/ignore bob")
    expect(alice.part("#list .notice .text")).to_have_text("you now ignore bob")
    expect(alice.part("#people-list .person", "bob").locator(".you")).to_have_text("ignored")
    alice.page.goto("about:blank")
    bob.say("one")
    bob.sees("one")
    alice.open()
    expect(alice.part("#list .joined", "alice").last).to_be_visible()
    bob.say("two")
    bob.sees("two")
    here.server.stop(signal.SIGKILL)
    alice.is_away()
    here.serve()
    alice.is_back()
    bob.is_back()
    bob.say("/msg alice psst")
    bob.go_to("lobby")
    bob.say("three")
    bob.sees("three")
    alice.say("/unignore bob")
    expect(alice.part("#list .notice .text", "you no longer ignore bob")).to_be_visible()
    bob.say("four")
    alice.sees("four")
    assert alice.talk() == ["four"]
    assert alice.part("#private .go").count() == 0


def test_a_conversation_says_that_the_other_person_has_left(here: Neighbourhood) -> None:
    alice, bob = here.enter("alice"), line_person(here, "bob")
    bob.send("/msg alice psst")
    alice.part("#private .go", "bob").click()
    expect(alice.part("#list .row:has(.new) .text")).to_have_text(re.compile("psst$"))
    expect(alice.part("#people-count")).to_have_text("2")
    bob.send("/quit")
    expect(alice.part("#topic")).to_have_text("Private conversation. bob has left.")
    expect(alice.part("#people-count")).to_have_text("1")
    expect(alice.part("#list .left .text")).to_have_text("bob left")
