"""Coming in to the page, and coming back to it, in a real browser, against the real server."""

from __future__ import annotations

import json
import re
import signal

from browser import PLAYWRIGHT, Neighbourhood, Visitor, line_person, say_all

if PLAYWRIGHT:
    from playwright.sync_api import WebSocket, WebSocketRoute, expect


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


def test_a_nickname_that_was_refused_is_not_tried_again_by_itself(here: Neighbourhood) -> None:
    visitor = here.visit()
    visitor.page.clock.install()
    visitor.context.add_init_script(
        "window.opened = 0; window.WebSocket = class extends WebSocket { constructor(to) { super(to); opened += 1; } };"
    )
    visitor.open()
    with visitor.page.expect_websocket() as opened:
        visitor.page.fill("#nickname", "*a")
        visitor.page.press("#nickname", "Enter")
    for nickname in ("*b", "*c", "*d"):
        expect(visitor.part("#nickname-error")).to_have_text("That nickname will not do: it starts with *.")
        visitor.page.fill("#nickname", nickname)
        visitor.page.press("#nickname", "Enter")
    expect(visitor.part("#nickname-error")).to_have_text("That nickname will not do: it starts with *.")
    with opened.value.expect_event("close"):
        visitor.page.fill("#nickname", "*e")
        visitor.page.press("#nickname", "Enter")
    expect(visitor.part("#nickname-error")).to_have_text("That nickname will not do: it starts with *.")
    visitor.page.fill("#nickname", "half a na")
    for time_passes in ("00:20", "00:05", "00:40"):
        visitor.page.clock.fast_forward(time_passes)
    assert visitor.page.evaluate("opened") == 1
    expect(visitor.part("#nickname-error")).to_have_text("")
    visitor.page.fill("#nickname", "alice")
    visitor.page.press("#nickname", "Enter")
    expect(visitor.part("#list .joined", "alice")).to_be_visible()


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


def test_a_server_that_is_stopped_and_started_again_is_come_back_to(here: Neighbourhood) -> None:
    here.server_goes = True
    alice = here.enter("alice")
    alice.say("before")
    alice.sees("before")
    here.server.stop(signal.SIGTERM)
    expect(alice.part("#connection-text")).to_have_text("Offline. What you type is kept.")
    here.serve()
    alice.is_back()
    alice.say("after")
    alice.sees("after")
    assert alice.talk() == ["before", "after"]


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


def test_another_history_than_the_one_known_is_shown_and_one_is_told_so(here: Neighbourhood) -> None:
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
    expect(alice.part("#list .notice")).to_contain_text("you may have missed something")


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
    # The connection was gone when it was said, so it is said again.
    alice.sees("into the void")
    expect(alice.part("#composer-text")).to_have_value("")
    assert alice.talk() == ["before", "into the void"]


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
        with sockets[0].expect_event("framereceived", lambda frame: '"kind":"pong"' in frame):
            alice.page.clock.fast_forward("00:31")
        alice.say(f"still here {number}")
        alice.sees(f"still here {number}")
    assert len(sockets) == 1


def test_one_s_own_dead_connection_makes_way(here: Neighbourhood) -> None:
    bob = line_person(here, "bob")
    alice = here.visit()
    sockets: list[WebSocketRoute] = []

    def route(socket: WebSocketRoute) -> None:
        socket.connect_to_server()
        # The server does not hear of it when the page's end is closed.
        socket.on_close(lambda code, reason: None)
        sockets.append(socket)

    alice.page.route_web_socket("**/chat", route)
    alice.enter("alice")
    sockets[0].close(code=3001)
    alice.is_away()
    alice.is_back()
    bob.expect("* alice left (came back by another connection)\r\n* alice joined\r\n")
    expect(alice.part("#people-list .nick")).to_have_text(["alice", "bob"])


def test_a_nickname_that_somebody_else_has_by_now_is_given_up(here: Neighbourhood) -> None:
    alice, bob = here.enter("alice"), line_person(here, "bob")
    alice.join("tea")
    alice.page.goto("about:blank")
    bob.expect("* alice left (")
    line_person(here, "alice")
    alice.open()
    expect(alice.part("#nickname-error")).to_have_text("The nickname alice is taken: choose another.")
    alice.page.fill("#nickname", "alison")
    alice.page.press("#nickname", "Enter")
    expect(alice.part("#self-name")).to_have_text("alison")
    expect(alice.part("#list .joined", "alison")).to_be_visible()
    alice.sees_place("#tea")


def test_a_message_that_is_on_its_way_while_the_page_is_loaded_again_is_said_once(here: Neighbourhood) -> None:
    alice, bob = here.enter("alice"), here.enter("bob")
    here.server.signal(signal.SIGSTOP)
    alice.say("half way")
    alice.page.goto("about:blank")
    here.server.signal(signal.SIGCONT)
    alice.open()
    alice.sees("half way")
    alice.say("afterwards")
    bob.sees("afterwards")
    assert bob.talk() == ["half way", "afterwards"]
    assert alice.talk() == ["half way", "afterwards"]


def test_a_tab_that_was_closed_is_gone_on_with_in_a_new_one(here: Neighbourhood) -> None:
    alice, bob = here.enter("alice"), line_person(here, "bob")
    alice.join("tea")
    alice.go_to("lobby")
    say_all(bob, ["before"])
    alice.sees("before")
    alice.page.close()
    bob.expect("* alice left (")
    say_all(bob, ["missed", "missed, too"])
    again = Visitor(alice.context, here.address)
    again.open()
    again.sees("missed, too")
    again.sees_place("#lobby")
    expect(again.part("#list .row:has(.new) .text")).to_have_text(re.compile("missed$"))
    expect(again.part("#joined .name")).to_have_text(["lobby", "tea"])
    again.say("/quit")
    expect(again.part("#nickname")).to_be_focused()
    last = Visitor(alice.context, here.address)
    last.open()
    expect(last.part("#nickname")).to_be_focused()
    expect(last.part("#nickname")).to_have_value("alice")
    assert again.faults == last.faults == []


def test_two_tabs_are_two_members(here: Neighbourhood) -> None:
    alice = here.enter("alice")
    other = Visitor(alice.context, here.address)
    other.open()
    other.page.press("#nickname", "Enter")
    expect(other.part("#nickname-error")).to_have_text("The nickname alice is taken: choose another.")
    other.enter_here("alison")
    expect(alice.part("#people-list .nick")).to_have_text(["alice", "alison"])
    assert other.faults == []


def test_a_tab_whose_copy_has_taken_its_place_stays_away_until_it_is_asked_to_come_back(here: Neighbourhood) -> None:
    alice, bob = here.enter("alice"), here.enter("bob")
    alice.join("tea")
    # As browsers have it for a tab that is duplicated.
    memory = alice.page.evaluate("sessionStorage.getItem('chatroom')")
    copy = Visitor(alice.context, here.address)
    copy.open()
    copy.page.evaluate("memory => sessionStorage.setItem('chatroom', memory)", memory)
    copy.open()
    copy.sees_place("#tea")
    closed = "You've come back by another connection: this one is closed."
    expect(alice.part("#connection-text")).to_have_text(closed)
    expect(alice.part("#list .notice")).to_contain_text("You've come back by another connection")
    copy.go_to("lobby")
    copy.say("from the copy")
    bob.sees("from the copy")
    expect(alice.part("#connection")).to_be_visible()
    alice.page.click("#connection-now")
    alice.is_back()
    alice.sees_place("#tea")
    expect(copy.part("#connection-text")).to_have_text(closed)
    assert copy.faults == []


def test_who_is_expelled_is_told_why_and_stays_away_until_they_ask(here: Neighbourhood) -> None:
    here.server.stop()
    (here.stage.folder / "operators").write_text("root tea-and-cake\n")
    here.serve("--irc", "0", "--operators", "operators")
    alice, bob = here.visit(), line_person(here, "bob")
    sockets: list[WebSocketRoute] = []

    def route(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()
        # A proxy may close in its own way.
        server.on_close(lambda code, reason: socket.close(code=3001))
        sockets.append(socket)

    alice.page.route_web_socket("**/chat", route)
    alice.page.clock.install()
    alice.enter("alice")
    ivy = here.stage.connect(here.server.irc)
    ivy.send("NICK ivy\r\nUSER ivy 0 * :Ivy\r\nOPER root tea-and-cake\r\nKILL alice :spam\r")
    bob.expect("* alice left (Killed (ivy (spam)))\r\n")
    expect(alice.part("#connection-text")).to_have_text("ivy closes your connection: spam")
    alice.sees_place("#lobby")
    for _ in range(3):
        alice.page.clock.fast_forward("01:00")
    assert len(sockets) == 1
    alice.page.click("#connection-now")
    expect(alice.part("#nickname-error")).to_contain_text("An operator has closed your connection as alice")
    alice.page.fill("#nickname", "alice2")
    alice.page.press("#nickname", "Enter")
    bob.expect("* alice2 joined\r\n")


def test_a_browser_without_a_network_says_so_at_once_and_comes_back_when_it_has_one(here: Neighbourhood) -> None:
    here.server_goes = True
    alice, bob = here.enter("alice"), line_person(here, "bob")
    alice.say("before")
    alice.sees("before")
    alice.context.set_offline(True)
    alice.is_away()
    expect(alice.part("#connection-text")).to_have_text("Offline. What you type is kept.")
    bob.send("missed")
    alice.page.fill("#composer-text", "typed while offline")
    alice.context.set_offline(False)
    alice.is_back()
    alice.sees("missed")
    alice.page.press("#composer-text", "Enter")
    alice.sees("typed while offline")


def test_a_new_name_and_a_line_behind_it_that_a_stopped_server_takes_late_are_done_once(here: Neighbourhood) -> None:
    here.server_goes = True
    bob = line_person(here, "bob")
    alice = here.visit()
    alice.page.clock.install()
    alice.enter("alice")
    alice.say("before")
    alice.sees("before")
    here.server.signal(signal.SIGSTOP)
    alice.say("/nick other")
    alice.say("after the name")
    alice.page.clock.fast_forward("00:31")
    alice.page.clock.fast_forward("00:16")
    alice.is_away()
    alice.page.clock.fast_forward("00:02")
    here.server.signal(signal.SIGCONT)
    bob.expect("other: after the name\r\n")
    alice.page.clock.fast_forward("00:40")
    alice.is_back()
    expect(alice.part("#self-name")).to_have_text("other")
    alice.say("at last")
    alice.sees("at last")
    assert alice.talk() == ["before", "after the name", "at last"]
    expect(alice.part("#composer-text")).to_have_value("")
    assert alice.part("#list .error").count() == 0
