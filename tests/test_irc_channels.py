"""Channels of IRC: joining, leaving, topics, names, lists and modes."""

from __future__ import annotations

import pytest
from ircroom import SERVER, IRCRoom, SteppedIRCRoom, ask, bare, numbers

from chatroom.testing import Person


@pytest.fixture
def room() -> IRCRoom:
    return IRCRoom()


@pytest.fixture
def alice(room: IRCRoom) -> Person:
    return room.irc("alice", rooms="#lobby")


def test_whoever_joins_is_shown_it_and_who_is_there(room: IRCRoom, alice: Person) -> None:
    bob = room.irc("bob")

    assert ask(bob, "JOIN #Lobby") == [
        "bob JOIN #lobby",
        "353 bob = #lobby :alice bob",
        "366 bob #lobby :End of NAMES list",
    ]
    assert bare(alice.lines()) == ["bob JOIN #lobby"]


def test_several_are_joined_at_once_and_those_that_will_not_do_are_named(room: IRCRoom) -> None:
    alice = room.irc("alice")

    assert ask(alice, "JOIN #a,,#b:c,x,#d key") == [
        "alice JOIN #a",
        "353 alice = #a :@alice",
        "366 alice #a :End of NAMES list",
        "403 alice #b:c :That name will not do for a room: it has : in it.",
        "403 alice x :No such channel",
        "alice JOIN #d",
        "353 alice = #d :@alice",
        "366 alice #d :End of NAMES list",
    ]
    assert ask(alice, "JOIN #a", "JOIN #A") == []
    assert ask(alice, "JOIN", "JOIN :", "JOIN ,") == ["461 alice JOIN :Not enough parameters"] * 3
    assert ask(alice, "JOIN :#a b") == ["403 alice * :That name will not do for a room: it has a space in it."]


def test_nobody_is_in_more_rooms_than_may_be() -> None:
    room = IRCRoom(max_joined=2)
    alice = room.irc("alice")

    assert "405 alice #c :You have joined too many channels" in ask(alice, "JOIN #a,#b,#c")
    assert ask(alice, "PART #a") == ["alice PART #a"]
    assert "366 alice #c :End of NAMES list" in ask(alice, "JOIN #c")


def test_a_room_that_could_not_be_joined_keeps_nobody_from_the_next() -> None:
    room = SteppedIRCRoom()
    room.alice.type("JOIN #a,#b,#c", "PING x")
    room.settle()
    room.log.commit()
    room.log.fail()
    room.log.commit()

    assert bare([line for line in room.alice.lines() if numbers([line])[0] in ("JOIN", "NOTICE", "PONG")]) == [
        "alice JOIN #a",
        "NOTICE alice :not sent: the disk is full. Try again when that is mended.",
        "alice JOIN #c",
        f"PONG {SERVER} :x",
    ]


def test_whoever_is_killed_while_their_joining_waits_is_in_no_room() -> None:
    room = SteppedIRCRoom()
    operator = room.irc("operator")
    operator.protocol.session.member.operator = True
    room.alice.type("PRIVMSG #lobby :hi", "JOIN #tea")
    room.settle()
    operator.type("KILL alice")
    room.settle()
    room.log.settle()

    assert room.alice.closed
    assert not room.chat.rooms


def test_many_names_are_told_in_several_lines(room: IRCRoom) -> None:
    for number in range(60):
        room.irc(f"somebody-with-a-name-{number}", rooms="#lobby")
    alice = room.irc("alice")
    alice.type("JOIN #lobby")
    lines = alice.lines()
    named = [name for line in lines if " 353 " in line for name in line.split(" :")[1].split(" ")]

    assert len(named) == 61
    assert numbers(lines).count("353") > 1
    assert all(len(line.encode()) <= 510 for line in lines)


def test_who_asks_for_it_is_told_whole_names(room: IRCRoom) -> None:
    bob = room.irc("bob", "userhost-in-names")

    assert f"353 bob = #lobby :bob!bob@{SERVER}" in ask(bob, "JOIN #lobby")


def test_who_asks_for_it_is_told_who_comes_in_by_their_realname(room: IRCRoom, alice: Person) -> None:
    bob = room.irc("bob", "extended-join")

    assert ask(bob, "JOIN #lobby")[0] == "bob JOIN #lobby * :Bob"
    room.enter("carol")
    assert bare(bob.lines()) == ["carol JOIN #lobby * :carol, at another door"]
    assert bare(alice.lines()) == ["bob JOIN #lobby", "carol JOIN #lobby"]


def test_parting_is_told_with_its_reason(room: IRCRoom, alice: Person) -> None:
    bob = room.irc("bob", rooms="#lobby,#garden")
    alice.lines()

    assert ask(bob, "PART #lobby,#garden,#none :so long") == [
        "403 bob #none :No such channel",
        "bob PART #lobby :so long",
        "bob PART #garden :so long",
    ]
    assert bare(alice.lines()) == ["bob PART #lobby :so long"]
    assert ask(bob, "PART #lobby") == ["442 bob #lobby :You're not on that channel"]


def test_join_0_leaves_everything(room: IRCRoom) -> None:
    alice = room.irc("alice", rooms="#a,#b")

    assert ask(alice, "JOIN 0") == ["alice PART #a", "alice PART #b"]
    assert ask(alice, "JOIN 0", "PING x") == [f"PONG {SERVER} :x"]


@pytest.mark.parametrize("line", ["PART #a,#b,#c :bye", "JOIN 0"])
def test_several_rooms_are_left_all_of_them_or_none(line: str) -> None:
    room = SteppedIRCRoom()
    bob = room.irc("bob")
    room.has_joined(bob, "#a", "#b", "#c")
    bob.type(line)
    room.settle()
    assert len({draft.token for draft in room.log.drafts}) == 1
    room.log.fail()

    assert numbers(bob.lines()) == ["NOTICE"]
    assert "319 bob bob :@#a @#b @#c" in ask(bob, "WHOIS bob")
    bob.type(line)
    room.settle()
    room.log.commit()
    assert numbers(bob.lines()) == ["PART"] * 3
    assert room.chat.rooms.keys() == {"lobby"}


def test_a_room_is_named_once_however_often_it_is_left(room: IRCRoom) -> None:
    alice = room.irc("alice", rooms="#a,#b")

    assert ask(alice, "PART #a,#A,#b,#a") == ["alice PART #a", "alice PART #b"]


def test_a_topic_is_set_shown_and_taken_away(room: IRCRoom, alice: Person) -> None:
    bob = room.irc("bob", rooms="#lobby")
    alice.lines()

    assert ask(alice, "TOPIC #lobby") == ["331 alice #lobby :No topic is set"]
    assert ask(alice, "TOPIC #lobby :tea at five") == ["alice TOPIC #lobby :tea at five"]
    assert bare(bob.lines()) == ["alice TOPIC #lobby :tea at five"]
    shown = ask(bob, "TOPIC #lobby")
    assert shown[0] == "332 bob #lobby :tea at five"
    assert shown[1].startswith("333 bob #lobby alice ")
    carol = room.irc("carol")
    assert numbers(carol.lines()) == []
    carol.type("JOIN #lobby")
    assert numbers(carol.lines()) == ["JOIN", "332", "333", "353", "366"]
    assert ask(carol, "TOPIC #lobby :") == ["carol TOPIC #lobby :"]
    assert ask(carol, "TOPIC #lobby") == ["331 carol #lobby :No topic is set"]


def test_only_who_is_in_a_room_sets_its_topic(room: IRCRoom, alice: Person) -> None:
    bob = room.irc("bob")

    assert ask(bob, "TOPIC #lobby :x") == ["442 bob #lobby :You're not on that channel"]
    assert ask(bob, "TOPIC #none") == ["403 bob #none :No such channel"]
    assert ask(bob, "TOPIC none") == ["403 bob none :No such channel"]
    assert ask(bob, "TOPIC #lobby") == ["331 bob #lobby :No topic is set"]


def test_a_topic_from_another_door_is_cut_to_what_is_shown(room: IRCRoom, alice: Person) -> None:
    bob = room.enter("bob")
    bob.type("/topic " + "ü" * 1000)
    alice.type("TOPIC #lobby")

    assert all(len(line.encode()) <= 510 for line in alice.lines())


def test_names_of_nothing_end_at_once(room: IRCRoom, alice: Person) -> None:
    assert ask(alice, "NAMES #none", "NAMES none", "NAMES", "NAMES #a:b") == [
        "366 alice #none :End of NAMES list",
        "366 alice none :End of NAMES list",
        "366 alice * :End of NAMES list",
        "366 alice #a:b :End of NAMES list",
    ]
    assert ask(alice, "NAMES #LOBBY")[0] == "353 alice = #lobby :alice"


def listed(person: Person, condition: str = "") -> list[str]:
    """The channels that LIST names."""
    lines = ask(person, f"LIST {condition}")
    assert lines[0] == "321 alice Channel :Users  Name"
    assert lines[-1] == "323 alice :End of LIST"
    return [line.split(" ")[2] for line in lines[1:-1]]


def test_rooms_are_listed_as_far_as_they_are_asked_for(room: IRCRoom, alice: Person) -> None:
    room.irc("bob", rooms="#garden,#lobby")
    ask(alice, "TOPIC #lobby :tea")

    assert ask(alice, "LIST")[1:-1] == ["322 alice #garden 1 :", "322 alice #lobby 2 :tea"]
    assert listed(alice, "#lobby") == ["#lobby"]
    assert listed(alice, "#LOBBY,#garden,#none") == ["#garden", "#lobby"]
    assert listed(alice, "*den") == ["#garden"]
    assert listed(alice, "!*den") == ["#lobby"]
    assert listed(alice, ">1") == ["#lobby"]
    assert listed(alice, "<2") == ["#garden"]
    assert listed(alice, ">0,*den") == ["#garden"]
    assert listed(alice, "C<5") == ["#garden", "#lobby"]
    assert listed(alice, "C>5") == []
    assert listed(alice, "T<5") == ["#lobby"]
    assert listed(alice, "T>5") == []


def test_a_long_list_is_told_no_faster_than_it_is_read() -> None:
    room = IRCRoom(sendq=20_000, rate=0, max_joined=1000)
    alice = room.irc("alice")
    for start in range(0, 600, 20):
        ask(alice, "JOIN " + ",".join(f"#room-number-{number}" for number in range(start, start + 20)))
    alice.stop_reading()
    alice.type("LIST", "PING x")
    room.settle()
    alice.read_on()
    lines = bare(alice.lines())

    assert len(lines) == 603
    assert lines[-1] == f"PONG {SERVER} :x"
    assert not alice.closed


def test_a_room_has_the_mode_that_all_have(room: IRCRoom, alice: Person) -> None:
    lines = ask(alice, "MODE #lobby")

    assert lines[0] == "324 alice #lobby +n"
    assert lines[1].startswith("329 alice #lobby ")


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        ("MODE #lobby b", "368 alice #lobby :End of channel ban list"),
        ("MODE #lobby +b", "368 alice #lobby :End of channel ban list"),
        ("MODE #lobby +e", "482 alice #lobby :You're not channel operator"),
        ("MODE #lobby I", "482 alice #lobby :You're not channel operator"),
        ("MODE #lobby +t", "482 alice #lobby :You're not channel operator"),
        ("MODE #lobby +i", "482 alice #lobby :You're not channel operator"),
        ("MODE #lobby +k key", "482 alice #lobby :You're not channel operator"),
        ("MODE #lobby -n", "482 alice #lobby :You're not channel operator"),
        ("MODE #lobby +b x!*@*", "482 alice #lobby :You're not channel operator"),
        ("MODE #lobby +o alice", "482 alice #lobby :You're not channel operator"),
        ("MODE #lobby +v bob", "482 alice #lobby :You're not channel operator"),
        ("MODE #lobby +o carol", "441 alice carol #lobby :They aren't on that channel"),
        ("MODE #lobby +o nobody", "401 alice nobody :No such nick/channel"),
        ("MODE #lobby +Z", "472 alice Z :is unknown mode char to me"),
        ("MODE #none", "403 alice #none :No such channel"),
        ("MODE", "461 alice MODE :Not enough parameters"),
        ("MODE alice", "221 alice +"),
        ("MODE nobody", "401 alice nobody :No such nick/channel"),
        ("MODE bob +i", "502 alice :Cannot change mode for other users"),
        ("MODE alice +x", "501 alice :Unknown MODE flag"),
        ("MODE alice +i", ":alice MODE alice :+i"),
        ("MODE alice +iw-i", ":alice MODE alice :+w"),
        ("KICK #lobby bob", "482 alice #lobby :You're not channel operator"),
        ("KICK #lobby carol", "441 alice carol #lobby :They aren't on that channel"),
        ("KICK #lobby nobody", "401 alice nobody :No such nick/channel"),
        ("KICK #lobby,#none bob", "482 alice #lobby :You're not channel operator"),
        ("KICK #none bob", "403 alice #none :No such channel"),
        ("KICK #garden bob", "442 alice #garden :You're not on that channel"),
        ("KICK #lobby", "461 alice KICK :Not enough parameters"),
        ("INVITE", "337 alice :End of invite list"),
        ("INVITE bob", "461 alice INVITE :Not enough parameters"),
        ("INVITE nobody #lobby", "401 alice nobody :No such nick/channel"),
        ("INVITE bob #lobby", "443 alice bob #lobby :is already on channel"),
        ("INVITE carol #none", "403 alice #none :No such channel"),
        ("INVITE carol #garden", "442 alice #garden :You're not on that channel"),
    ],
)
def test_what_may_be_and_what_may_not(room: IRCRoom, alice: Person, asked: str, answer: str) -> None:
    room.irc("bob", rooms="#lobby")
    room.irc("carol", rooms="#garden")
    alice.lines()

    assert ask(alice, asked) == [answer]


def test_modes_of_ones_own_are_set_and_taken_away_again(room: IRCRoom, alice: Person) -> None:
    assert ask(alice, "MODE alice +wi", "MODE alice", "MODE alice +o", "MODE alice -w", "MODE alice -w") == [
        ":alice MODE alice :+iw",
        "221 alice +iw",
        ":alice MODE alice :-w",
    ]


def test_somebody_is_asked_to_come_in(room: IRCRoom, alice: Person) -> None:
    bob, carol, dave = room.irc("bob"), room.enter("carol", "room=garden"), room.enter("dave", "room=garden")
    carol.lines()
    dave.type("/ignore alice")
    dave.lines()
    ask(bob, "AWAY :lunch")

    assert ask(alice, "INVITE bob #lobby") == ["341 alice bob #lobby", "301 alice bob :lunch"]
    assert bare(bob.lines()) == ["alice INVITE bob #lobby"]
    assert ask(alice, "INVITE carol #lobby", "INVITE dave #lobby") == [
        "341 alice carol #lobby",
        "341 alice dave #lobby",
    ]
    assert carol.lines() == ["* alice invites you to lobby: /join lobby"]
    assert dave.lines() == []


def test_somebody_is_asked_to_come_in_from_another_door(room: IRCRoom, alice: Person) -> None:
    bob, carol = room.enter("bob", "room=garden"), room.irc("carol")
    ask(carol, "AWAY :lunch")
    bob.type("/invite alice garden", "/invite carol")

    assert bare(alice.lines()) == ["bob INVITE alice #garden"]
    assert bare(carol.lines()) == ["bob INVITE carol #garden"]
    assert "* carol is away: lunch" in bob.lines()
    assert ask(alice, "INVITE alice #lobby") == ["443 alice alice #lobby :is already on channel"]


def test_being_called_something_else_is_shown_once_to_all(room: IRCRoom, alice: Person) -> None:
    bob, carol = room.irc("bob", rooms="#lobby,#garden"), room.irc("carol", rooms="#lobby,#garden")
    dave = room.enter("dave")
    for person in (alice, bob, carol):
        person.lines()

    assert ask(bob, "NICK Bob") == ["bob NICK Bob"]
    assert ask(bob, "NICK Bob", "PING x") == [f"PONG {SERVER} :x"]
    assert ask(bob, "NICK robert") == ["Bob NICK robert"]
    assert bare(carol.lines()) == ["bob NICK Bob", "Bob NICK robert"]
    assert bare(alice.lines()) == ["bob NICK Bob", "Bob NICK robert"]
    assert dave.lines() == ["* bob is now Bob", "* Bob is now robert"]
    assert ask(bob, "NICK alice") == ["433 robert alice :Nickname is already in use"]
    assert ask(bob, "NICK") == ["431 robert :No nickname given"]


def test_whoever_is_in_no_room_is_called_something_else_too(room: IRCRoom) -> None:
    alice = room.irc("alice")

    assert ask(alice, "NICK liddell", "NICK alice") == ["alice NICK liddell", "liddell NICK alice"]


TEN = ",".join(f"#{number}" for number in range(10))


@pytest.mark.parametrize(
    "lines",
    [
        [f"JOIN {TEN}", f"PART {TEN}"] * 2,
        [f"JOIN {TEN}", "JOIN 0"] * 2,
        [f"JOIN {TEN}", "NICK one", "NICK two", "NICK three"],
        ["PRIVMSG #a,#b,#c,#d :x"] * 8,
        ["NOTICE #a,#b,#c,#d :x"] * 8,
    ],
)
def test_what_one_line_asks_for_many_times_over_counts_as_many_lines(lines: list[str]) -> None:
    room = IRCRoom(rate=1, burst=25)
    asker = room.irc("asker")
    asker.type(*lines, "PING x")
    assert "PONG" not in numbers(asker.lines())

    for _ in range(60):
        room.advance(1)
    assert "PONG" in numbers(asker.lines())
