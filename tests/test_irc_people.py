"""Who is here, who was, and who watches for them; and what operators may."""

from __future__ import annotations

from pathlib import Path

import pytest
from ircroom import SERVER, IRCRoom, SteppedIRCRoom, ask, bare, numbers

from chatroom.core.expelled import EXPELLED_FOR
from chatroom.core.operators import WRONG_FOR
from chatroom.doors.irc.information import MAX_MONITORED
from chatroom.doors.irc.users import MAX_WAS
from chatroom.testing import BUFFER, Person


@pytest.fixture
def room(tmp_path: Path) -> IRCRoom:
    (tmp_path / "operators").write_text("# who may\n\nroot open sesame\n", encoding="utf-8")
    return IRCRoom(operators=str(tmp_path / "operators"))


@pytest.fixture
def alice(room: IRCRoom) -> Person:
    return room.irc("alice", rooms="#lobby")


def test_who_lists_those_in_a_room(room: IRCRoom, alice: Person) -> None:
    bob = room.irc("bob", rooms="#lobby")
    room.enter("carol")
    ask(bob, "AWAY :lunch")
    alice.lines()

    assert ask(alice, "WHO #LOBBY") == [
        f"352 alice #lobby alice {SERVER} {SERVER} alice H :0 Alice",
        f"352 alice #lobby bob {SERVER} {SERVER} bob G :0 Bob",
        f"352 alice #lobby carol {SERVER} {SERVER} carol H :0 carol, at another door",
        "315 alice #LOBBY :End of WHO list",
    ]
    assert ask(alice, "WHO #none", "WHO #a:b") == [
        "315 alice #none :End of WHO list",
        "315 alice #a:b :End of WHO list",
    ]


def test_who_finds_by_name_and_mask(room: IRCRoom, alice: Person) -> None:
    room.irc("bob")

    def found(question: str) -> list[str]:
        return [line.split(" ")[6] for line in ask(alice, question)[:-1]]

    assert found("WHO bob") == found("WHO BOB") == found("WHO b*") == ["bob"]
    assert found("WHO *") == found("WHO") == found("WHO 0") == ["alice", "bob"]
    assert found("WHO nobody") == []
    assert found("WHO * o") == []


def test_the_invisible_are_shown_to_those_who_know_where_they_are(room: IRCRoom, alice: Person) -> None:
    bob, carol = room.irc("bob", rooms="#lobby,#cellar"), room.irc("carol", rooms="#attic")
    alice.lines()
    ask(bob, "MODE bob +i")
    room.knock("NICK dave")

    assert [line.split(" ")[6] for line in ask(alice, "WHO *")[:-1]] == ["alice", "bob", "carol"]
    assert [line.split(" ")[6] for line in ask(carol, "WHO *")[:-1]] == ["alice", "carol"]
    assert ask(carol, "NAMES #lobby")[0] == "353 carol = #lobby :alice"
    assert ask(alice, "NAMES #lobby")[0] == "353 alice = #lobby :alice bob"
    assert ask(carol, "NAMES #cellar", "WHO #cellar") == [
        "366 carol #cellar :End of NAMES list",
        "315 carol #cellar :End of WHO list",
    ]
    assert "319 alice bob :#lobby" in ask(alice, "WHOIS bob")
    assert not any(line.startswith("319") for line in ask(carol, "WHOIS bob"))
    assert "319 bob bob :@#cellar #lobby" in ask(bob, "WHOIS bob")
    assert ask(carol, "LUSERS")[0] == "251 carol :There are 2 users and 1 invisible on 1 servers"


def test_whox_answers_what_is_asked_in_its_own_order(room: IRCRoom, alice: Person) -> None:
    assert ask(alice, "WHO alice %tcuihsnfdlaor,123") == [
        f"354 alice 123 * alice 192.168.1.1 {SERVER} {SERVER} alice H 0 0 0 n/a :Alice",
        "315 alice alice :End of WHO list",
    ]
    assert ask(alice, "WHO #lobby %nct,7")[0] == "354 alice 7 #lobby alice"
    assert ask(alice, "WHO #lobby %tn")[0] == "354 alice 0 alice"


def test_whox_takes_flags_before_its_fields(room: IRCRoom, alice: Person) -> None:
    bob = room.irc("bob", rooms="#lobby")
    ask(bob, "OPER root :open sesame")
    alice.lines()

    assert ask(alice, "WHO alice c%chnufat,222")[0] == f"354 alice 222 * alice {SERVER} alice H 0"
    assert ask(alice, "WHO #lobby o%nt,7") == ["354 alice 7 bob", "315 alice #lobby :End of WHO list"]
    assert ask(alice, "WHO #lobby cao%n")[:-1] == ["354 alice bob"]
    assert ask(alice, "WHO #lobby ao")[0].startswith("352 alice #lobby bob")
    assert ask(alice, "WHO #lobby %")[0] == "354 alice"


def test_who_somebody_is_has_the_username_that_they_gave(room: IRCRoom, alice: Person) -> None:
    caps = "userhost-in-names echo-message"
    bob = room.knock("CAP REQ :" + caps, "NICK bob", "USER rob 0 * :Robert", "CAP END", "JOIN #lobby")
    assert bob.lines()[-2] == f":{SERVER} 353 bob = #lobby :alice!alice@{SERVER} bob!rob@{SERVER}"
    carol = room.enter("carol")
    bob.type("PRIVMSG #lobby :hi", "PRIVMSG alice :psst", "NICK robert", "QUIT :bye")
    bob.lines()
    carol.type("hi")

    assert alice.lines() == [
        f":bob!rob@{SERVER} JOIN #lobby",
        f":carol!carol@{SERVER} JOIN #lobby",
        f":bob!rob@{SERVER} PRIVMSG #lobby :hi",
        f":bob!rob@{SERVER} PRIVMSG alice :psst",
        f":bob!rob@{SERVER} NICK robert",
        f":robert!rob@{SERVER} QUIT :bye",
        f":carol!carol@{SERVER} PRIVMSG #lobby :hi",
    ]
    room.enter("bob")
    assert alice.lines() == [f":bob!bob@{SERVER} JOIN #lobby"]


def test_whoever_is_lost_while_they_are_renamed_has_their_username_to_the_end() -> None:
    room = SteppedIRCRoom()
    bob = room.knock("NICK bob", "USER rob 0 * :Robert")
    room.has_joined(bob, "#lobby")
    bob.type("NICK robert")
    room.settle()
    bob.drop()
    room.settle()
    for _ in range(2):
        room.log.commit()

    assert room.alice.lines() == [
        f":bob!rob@{SERVER} NICK robert",
        f":robert!rob@{SERVER} QUIT :connection lost",
    ]
    assert ask(room.alice, "WHOWAS robert")[0] == f"314 alice robert rob {SERVER} * :Robert"
    assert room.door.server.users.at_this_door(bob.protocol.session.member) is None


def test_a_nickname_of_the_past_that_nobody_could_have_now_has_a_prefix_all_the_same(room: IRCRoom) -> None:
    assert room.door.server.users.prefix("al\u0378ice") == f"al\u0378ice!alice@{SERVER}"


def test_usernames_of_those_who_have_gone_are_not_remembered_for_ever(room: IRCRoom, alice: Person) -> None:
    for number in range(2 * MAX_WAS + 10):
        room.knock(f"NICK gone{number}", f"USER was{number} 0 * :Gone", "QUIT").lines()

    assert room.door.server.users.prefix(f"gone{number}") == f"gone{number}!was{number}@{SERVER}"
    assert room.door.server.users.prefix("gone1") == f"gone1!gone1@{SERVER}"


def test_whois_tells_what_everybody_may_know(room: IRCRoom, alice: Person) -> None:
    bob = room.irc("bob", rooms="#lobby,#garden")
    ask(bob, "AWAY :lunch", "OPER root :open sesame")
    alice.lines()
    told = ask(alice, "WHOIS bob")

    assert told[:4] == [
        f"311 alice bob bob {SERVER} * :Bob",
        "319 alice bob :@#garden #lobby",
        f"312 alice bob {SERVER} :one room, many doors",
        "313 alice bob :is an IRC operator",
    ]
    assert told[4] == "301 alice bob :lunch"
    assert told[5].startswith("317 alice bob 0 ")
    assert told[6:] == ["318 alice bob :End of WHOIS list"]
    assert ask(alice, f"WHOIS {SERVER} bob") == ask(alice, "WHOIS bob BOB") == told
    carol = room.enter("carol")
    alice.lines()
    assert [line.split(" ")[0] for line in ask(alice, "WHOIS carol")] == ["311", "319", "312", "318"]
    carol.protocol.session.member.account = "caroline"
    assert "330 alice carol caroline :is logged in as" in ask(alice, "WHOIS carol")
    assert ask(alice, "WHO carol %na")[0] == "354 alice carol caroline"


def test_whois_nobody(alice: Person) -> None:
    assert ask(alice, "WHOIS", "WHOIS :", "WHOIS nobody", "WHOIS other.server alice") == [
        "431 alice :No nickname given",
        "431 alice :No nickname given",
        "401 alice nobody :No such nick/channel",
        "318 alice nobody :End of WHOIS list",
        "402 alice other.server :No such server",
    ]


def test_whowas_remembers_the_last_first(room: IRCRoom, alice: Person) -> None:
    for user in ("one", "two"):
        room.knock("NICK bob", f"USER {user} 0 * :Bob {user}", "QUIT").lines()
    carol = room.irc("carol")
    ask(carol, "NICK dave")

    assert [line.rsplit(" :", 1)[0] for line in ask(alice, "WHOWAS bob")] == [
        f"314 alice bob two {SERVER} *",
        f"312 alice bob {SERVER}",
        f"314 alice bob one {SERVER} *",
        f"312 alice bob {SERVER}",
        "369 alice bob",
    ]
    assert len(ask(alice, "WHOWAS bob 1")) == 3
    assert len(ask(alice, "WHOWAS b* -1")) == len(ask(alice, "WHOWAS bob 0")) == 5
    assert ask(alice, "WHOWAS carol")[0] == f"314 alice carol carol {SERVER} * :Carol"
    room.enter("eve").type("/quit")
    alice.lines()
    assert ask(alice, "WHOWAS eve")[0] == f"314 alice eve eve {SERVER} * :eve, at another door"
    assert ask(alice, "WHOWAS alice", "WHOWAS") == [
        "406 alice alice :There was no such nickname",
        "369 alice alice :End of WHOWAS",
        "431 alice :No nickname given",
    ]


def test_userhost_and_ison_tell_in_short(room: IRCRoom, alice: Person) -> None:
    bob = room.irc("bob")
    ask(bob, "AWAY :lunch", "OPER root :open sesame")

    assert ask(alice, "USERHOST alice BOB nobody", "ISON alice BOB nobody", "ISON :alice x", "USERHOST", "ISON") == [
        f"302 alice :alice=+alice@{SERVER} bob*=-bob@{SERVER}",
        "303 alice :alice bob",
        "303 alice :alice",
        "461 alice USERHOST :Not enough parameters",
        "461 alice ISON :Not enough parameters",
    ]


# MONITOR.


def test_watched_nicknames_are_told_as_they_come_and_go_at_any_door(room: IRCRoom, alice: Person) -> None:
    assert ask(alice, "MONITOR + bob,alice,*!x@y,alice") == [f"730 alice :alice!alice@{SERVER}", "731 alice :bob"]
    bob = room.enter("Bob", "room=garden")
    assert bare(alice.lines()) == [f"730 alice :Bob!Bob@{SERVER}"]
    bob.type("/nick bob")
    assert alice.lines() == []
    bob.type("/nick robert")
    assert bare(alice.lines()) == ["731 alice :bob"]
    bob.type("/nick bob")
    alice.lines()
    bob.type("/quit")
    assert bare(alice.lines()) == ["731 alice :bob"]
    irc = room.irc("bob")
    assert bare(alice.lines()) == [f"730 alice :bob!bob@{SERVER}"]
    irc.drop()
    assert bare(alice.lines()) == ["731 alice :bob"]


def test_who_has_asked_for_it_hears_more_of_those_they_watch_for(room: IRCRoom) -> None:
    carol = room.irc("carol", "extended-monitor away-notify setname", "#lobby")
    dave = room.irc("dave", "away-notify setname")
    bob = room.irc("bob", rooms="#garden")
    for watcher in (carol, dave):
        ask(watcher, "MONITOR + bob")
    ask(bob, "AWAY :lunch", "SETNAME :Robert", "JOIN #lobby", "AWAY")

    assert bare(carol.lines()) == [
        "bob AWAY :lunch",
        "bob SETNAME :Robert",
        "bob JOIN #lobby",
        "bob AWAY :lunch",
        "bob AWAY",
    ]
    assert dave.lines() == []


def test_the_list_of_those_watched_for(room: IRCRoom, alice: Person) -> None:
    assert ask(alice, "MONITOR L") == ["733 alice :End of MONITOR list"]
    ask(alice, "MONITOR + bob,carol,BOB")

    assert ask(alice, "MONITOR l") == ["732 alice :bob,carol", "733 alice :End of MONITOR list"]
    assert ask(alice, "MONITOR S") == ["731 alice :bob,carol"]
    assert ask(alice, "MONITOR - BOB,nobody,*", "MONITOR X", "MONITOR +") == []
    assert ask(alice, "MONITOR L")[0] == "732 alice :carol"
    ask(alice, "MONITOR C")
    assert ask(alice, "MONITOR L") == ["733 alice :End of MONITOR list"]
    room.irc("carol")
    assert alice.lines() == []


def test_the_list_of_those_watched_for_ends_with_its_end_however_slowly_it_is_read() -> None:
    room = IRCRoom(sendq=4000, rate=0)
    alice = room.irc("alice", rooms="#lobby")
    names = [f"somebody-with-a-long-name-{number}" for number in range(MAX_MONITORED)]
    for name in names:
        ask(alice, f"MONITOR + {name}")
    alice.stop_reading()
    bob = room.irc("bob", rooms="#lobby")
    # So many that something waits, and not so many that it is too much.
    for _ in range(BUFFER // 400):
        bob.type("PRIVMSG #lobby :" + "x" * 360)
        room.settle()
    alice.type("MONITOR L")
    room.settle()
    alice.read_on()
    answer = [line for line in alice.lines() if "PRIVMSG" not in line and "JOIN" not in line]

    assert ",".join(line.split(" :")[1] for line in answer[:-1]) == ",".join(names)
    assert numbers(answer)[-1] == "733"


def test_no_more_are_watched_for_than_may_be(alice: Person) -> None:
    names = [f"n{number}" for number in range(MAX_MONITORED + 2)]
    for start in range(0, MAX_MONITORED, 20):
        ask(alice, "MONITOR + " + ",".join(names[start : start + 20]))

    assert ask(alice, "MONITOR + n1," + ",".join(names[MAX_MONITORED:])) == [
        f"734 alice {MAX_MONITORED} n100,n101 :Monitor list is full",
        "731 alice :n1",
    ]


def test_whoever_has_gone_watches_no_more(room: IRCRoom, alice: Person) -> None:
    ask(alice, "MONITOR + bob")
    alice.drop()
    room.settle()

    assert room.door.server.watchers == {}
    room.irc("bob")


# Operators.


def test_a_name_and_a_password_make_an_operator(room: IRCRoom, alice: Person) -> None:
    assert ask(alice, "OPER root", "OPER root wrong", "OPER alice :open sesame", "OPER root :open sesame") == [
        "461 alice OPER :Not enough parameters",
        "464 alice :Password incorrect",
        "464 alice :Password incorrect",
        "381 alice :You are now an IRC operator",
        ":alice MODE alice :+o",
    ]
    assert ask(alice, "WHO alice")[0] == f"352 alice * alice {SERVER} {SERVER} alice H* :0 Alice"
    assert ask(alice, "LUSERS")[1] == "252 alice 1 :operator(s) online"
    assert ask(alice, "MODE alice -o") == [":alice MODE alice :-o"]
    assert ask(alice, "KILL alice") == ["481 alice :Permission Denied- You're not an IRC operator"]


def test_whoever_guesses_finds_nothing_by_the_thousand(room: IRCRoom) -> None:
    too_many = "Too many wrong passwords came from your address: wait a minute"
    for number in range(3):
        alice = room.irc(f"alice{number}")
        shown = ask(alice, *["OPER root x"] * 10)
        alice.type("QUIT")
        alice.lines()
    bob = room.irc("bob")

    assert shown == ["464 alice2 :Password incorrect"] * 9 + [f"464 alice2 :{too_many}"]
    assert ask(bob, "OPER root :open sesame") == [f"464 bob :{too_many}"]
    room.advance(WRONG_FOR)
    assert ask(bob, "OPER root :open sesame")[0] == "381 bob :You are now an IRC operator"


def test_where_there_are_none_nobody_becomes_one() -> None:
    alice = IRCRoom().irc("alice")

    assert ask(alice, "OPER root x") == ["491 alice :No O-lines for your host"]


def test_an_operator_closes_connections_at_any_door(room: IRCRoom, alice: Person) -> None:
    bob, carol = room.irc("bob", rooms="#lobby"), room.enter("carol")
    alice.lines()
    bob.lines()
    ask(alice, "OPER root :open sesame")

    assert ask(bob, "KILL alice :x") == ["481 bob :Permission Denied- You're not an IRC operator"]
    assert ask(alice, "KILL nobody :x") == ["401 alice nobody :No such nick/channel"]
    assert ask(alice, "KILL bob :spam") == ["bob QUIT :Killed (alice (spam))"]
    assert bare(bob.lines())[0] == "alice KILL bob :spam"
    assert bob.lines() == []
    assert bob.closed
    assert ask(alice, "KILL carol") == ["carol QUIT :Killed (alice (no reason given))"]
    assert "* alice closes your connection: no reason given" in carol.lines()
    assert carol.closed


def test_operators_are_operators_at_every_door(room: IRCRoom, alice: Person) -> None:
    carol = room.enter("carol")
    carol.type("/oper root open sesame")
    assert carol.lines() == ["* You're an operator now."]
    alice.lines()

    assert "313 alice carol :is an IRC operator" in ask(alice, "WHOIS carol")
    assert [line.split(" ")[6:8] for line in ask(alice, "WHO #lobby o")[:-1]] == [["carol", "H*"]]
    assert ask(alice, "LUSERS")[1] == "252 alice 1 :operator(s) online"
    carol.type("/kill alice enough")
    assert bare(alice.lines()) == [
        "carol KILL alice :enough",
        "alice QUIT :Killed (carol (enough))",
        "ERROR :Closing link: (Killed (carol (enough)))",
    ]
    assert alice.closed
    assert "* alice left (Killed (carol (enough)))" in carol.lines()


def test_an_operator_of_this_door_is_one_for_the_others(room: IRCRoom, alice: Person) -> None:
    carol, dave = room.enter("carol"), room.enter("dave")
    carol.type("/kill dave")
    assert carol.lines()[-1].startswith("! Only operators may do that")
    ask(alice, "OPER root :open sesame", "KILL dave :x")

    assert dave.closed
    assert ask(alice, "MODE alice -o", "KILL carol") == [
        ":alice MODE alice :-o",
        "481 alice :Permission Denied- You're not an IRC operator",
    ]


def test_operators_and_nobody_else_see_addresses(room: IRCRoom, alice: Person) -> None:
    bob = room.connect(room.door, "2001:db8::7")
    bob.type("NICK bob", "USER bob 0 * :Bob", "JOIN #lobby")
    carol = room.connect(address="203.0.113.9")
    carol.type("carol")
    room.settle()
    addresses = {"bob": "2001:db8::7", "carol": "203.0.113.9"}

    def shown() -> str:
        alice.lines()
        asked = [f"{command} {name}" for name in addresses for command in ("WHOIS", "WHOWAS", "USERHOST", "WHO")]
        return "\n".join(ask(alice, *asked, "WHO #lobby %tcuihsnfdlaor,1", "NAMES #lobby"))

    before = shown()
    assert not [address for address in addresses.values() if address in before]
    assert "378 alice alice :is connecting from 192.168.1.1" in ask(alice, "WHOIS alice")
    ask(alice, "OPER root :open sesame")
    for name, address in addresses.items():
        assert f"378 alice {name} :is connecting from {address}" in ask(alice, f"WHOIS {name}")
        assert ask(alice, f"WHO {name} %in")[0] == f"354 alice {address} {name}"
    ask(alice, "MODE alice -o")
    assert shown() == before


def test_an_address_that_begins_with_a_colon_is_one_parameter(room: IRCRoom) -> None:
    alice = room.connect(room.door, "::1")
    alice.type("NICK alice", "USER alice 0 * :Alice")
    alice.lines()

    assert ask(alice, "WHO alice %in")[0] == "354 alice 0::1 alice"


def test_who_was_killed_may_not_come_back_at_once_under_the_same_name(room: IRCRoom, alice: Person) -> None:
    ask(alice, "OPER root :open sesame")
    bob, carol = room.irc("bob", rooms="#lobby"), room.enter("carol")
    ask(alice, "KILL bob :spam", "KILL carol :spam")
    assert bob.closed
    assert carol.closed
    why = "An operator has closed your connection as {}: you may come back by that name in {}."

    again = room.knock("NICK Bob", "USER bob 0 * :Bob")
    assert bare(again.lines())[-1:] == [f"437 * Bob :{why.format('Bob', '5 minutes')}"]
    for name in ("bob", "carol"):
        person = room.connect()
        person.type(name)
        assert person.lines() == ["NICK", f"! {why.format(name, '5 minutes')}", "NICK"]
        person.type("dave")
        person.type(f"/nick {name}")
        assert person.lines()[-1] == f"! {why.format(name, '5 minutes')}"
        person.type("/quit")
    again.type("NICK erin")
    assert numbers(again.lines())[0] == "001"
    assert ask(again, "NICK carol") == [f"437 erin carol :{why.format('carol', '5 minutes')}"]

    elsewhere = room.connect(address="192.168.1.2")
    elsewhere.type("bob")
    assert elsewhere.lines()[-1] == "* bob joined", "somebody else is called that"
    elsewhere.type("/quit")
    room.advance(EXPELLED_FOR - 30)
    again.lines()
    assert ask(again, "NICK bob") == [f"437 erin bob :{why.format('bob', 'a minute')}"]
    room.advance(30)
    again.lines()
    assert ask(again, "NICK bob")[-1].startswith("erin NICK ")


def test_an_operator_may_take_the_name_of_a_dead_connection_of_their_own(room: IRCRoom, alice: Person) -> None:
    bob = room.irc("bob")

    assert ask(bob, "OPER root :open sesame", "KILL alice :dead", "NICK alice")[-1].startswith("bob NICK ")


# Being away, at whatever door.


def test_who_is_away_at_another_door_is_shown_to_be(room: IRCRoom, alice: Person) -> None:
    carol = room.enter("carol")
    alice.lines()
    carol.type("/away lunch")
    assert carol.lines() == ["* You're away: lunch"]

    assert ask(alice, "PRIVMSG carol :hi", "NOTICE carol :hi") == ["301 alice carol :lunch"]
    assert "301 alice carol :lunch" in ask(alice, "WHOIS carol")
    assert ask(alice, "WHO carol")[0].split(" ")[7] == "G"
    assert ask(alice, "USERHOST carol") == [f"302 alice :carol=-carol@{SERVER}"]
    assert ask(alice, "INVITE carol #lobby")[0].startswith("443")
    carol.type("/away")
    carol.lines()
    assert ask(alice, "WHO carol")[0].split(" ")[7] == "H"


def test_who_is_away_here_is_shown_to_be_at_other_doors(room: IRCRoom, alice: Person) -> None:
    carol, dave = room.enter("carol"), room.enter("dave", "format=json")
    ask(alice, "AWAY :lunch")
    assert '"kind":"away"' in "".join(dave.lines()).replace(" ", "")
    carol.lines()
    carol.type("/msg alice hi")

    assert carol.lines() == ["carol (privately to alice): hi", "* alice is away: lunch"]


def test_peers_who_have_asked_for_it_are_told_of_those_at_other_doors_once(room: IRCRoom) -> None:
    carol = room.irc("carol", "away-notify", "#lobby,#garden")
    dave = room.enter("dave", "room=garden,lobby")
    carol.lines()
    dave.type("/away lunch", "/leave garden", "/join garden", "/away", "/away")

    assert bare(carol.lines()) == [
        "dave AWAY :lunch",
        "dave PART #garden",
        "dave JOIN #garden",
        "dave AWAY :lunch",
        "dave AWAY",
    ]


def test_watchers_are_told_of_those_at_other_doors_with_whom_they_share_no_room(room: IRCRoom) -> None:
    wants = "extended-monitor away-notify"
    apart, together = room.irc("apart", wants), room.irc("together", wants, "#lobby")
    deaf = room.irc("deaf", "away-notify")
    dave = room.enter("dave")
    for watcher in (apart, together, deaf):
        ask(watcher, "MONITOR + dave")
    dave.type("/away lunch", "/away")
    dave.lines()
    wandering = room.irc("wandering")
    apart.type("MONITOR + wandering")
    ask(wandering, "AWAY :far")

    assert bare(apart.lines()) == [
        "dave AWAY :lunch",
        "dave AWAY",
        f"730 apart :wandering!wandering@{SERVER}",
        "wandering AWAY :far",
    ]
    assert bare(together.lines()) == ["dave AWAY :lunch", "dave AWAY"]
    assert deaf.lines() == []


def test_wallops_reach_those_who_want_them(room: IRCRoom, alice: Person) -> None:
    bob, carol = room.irc("bob"), room.irc("carol")
    ask(bob, "MODE bob +w")

    assert ask(alice, "WALLOPS :x") == ["481 alice :Permission Denied- You're not an IRC operator"]
    ask(alice, "OPER root :open sesame")
    assert ask(alice, "WALLOPS :") == ["461 alice WALLOPS :Not enough parameters"]
    assert ask(alice, "WALLOPS :fire drill") == []
    assert bare(bob.lines()) == ["alice WALLOPS :fire drill"]
    assert carol.lines() == []


# The server itself.


def test_the_server_is_asked_about_itself(room: IRCRoom, alice: Person) -> None:
    assert numbers(alice.lines()) == []
    assert ask(alice, "LUSERS") == [
        "251 alice :There are 1 users and 0 invisible on 1 servers",
        "252 alice 0 :operator(s) online",
        "253 alice 0 :unknown connection(s)",
        "254 alice 1 :channels formed",
        "255 alice :I have 1 clients and 0 servers",
        "265 alice 1 1 :Current local users 1, max 1",
        "266 alice 1 1 :Current global users 1, max 1",
    ]
    assert ask(alice, "MOTD") == ["422 alice :There is no message of the day"]
    assert ask(alice, "LINKS") == ["365 alice * :End of LINKS list"]
    assert ask(alice, "ADMIN") == [f"423 alice {SERVER} :No administrative info available"]
    assert ask(alice, "USERS", "SUMMON x") == [
        "446 alice :USERS has been disabled",
        "445 alice :SUMMON has been disabled",
    ]
    assert ask(alice, "STATS", "STATS x", "STATS :") == [
        "461 alice STATS :Not enough parameters",
        "219 alice x :End of STATS",
        "219 alice * :End of STATS",
    ]
    up, end = ask(alice, "STATS u")
    assert up.startswith("242 alice :Server up 0 days 0:00:")
    assert end == "219 alice u :End of STATS"
    assert ask(alice, "TIME")[0].startswith(f"391 alice {SERVER} :")
    assert ask(alice, "INFO")[-1] == "374 alice :End of INFO list"
    assert [line.split(" ")[0] for line in ask(alice, "VERSION")] == ["351", "005", "005"]
    assert ask(alice, "PING", "PING :") == ["461 alice PING :Not enough parameters", "409 alice :No origin specified"]


@pytest.mark.parametrize("command", ["MOTD", "VERSION", "TIME", "INFO", "ADMIN"])
def test_there_is_no_other_server(alice: Person, command: str) -> None:
    assert ask(alice, f"{command} other.server") == ["402 alice other.server :No such server"]
    here = [ask(alice, f"{command} {name}") for name in (SERVER.upper(), "*", "alice")]
    assert all(answer and not answer[0].startswith("402") for answer in here)


def test_help_lists_the_commands_and_explains_each(alice: Person) -> None:
    start, *lines, end = ask(alice, "HELP")

    assert start.startswith("704 alice * :")
    assert all(line.startswith("705 alice * :") for line in lines)
    assert "PRIVMSG" in " ".join(lines)
    assert end == "706 alice * :End of HELP"
    assert ask(alice, "HELPOP privmsg") == [
        "704 alice PRIVMSG :PRIVMSG #room|nickname[,...] text: say something.",
        "706 alice PRIVMSG :End of HELP",
    ]
    assert ask(alice, "HELP nonsense") == ["524 alice nonsense :No help available on this topic"]


@pytest.mark.parametrize("question", ["WHO x*", "LIST " + ",".join(f"#x{number}*" for number in range(10))])
def test_whoever_has_everybody_looked_through_is_read_more_slowly(question: str) -> None:
    room = IRCRoom(rate=1, burst=20)
    for number in range(100):
        person = room.irc(f"person{number}")
        person.type(*[f"JOIN #{number}-{count}" for count in range(10)])
        person.lines()
    asker = room.irc("asker")
    # The clock goes by hand here; the work is real.
    room.chat.scheduler.measures_work = True
    asker.type(*[question] * 16, "PING x")
    assert "PONG" not in numbers(asker.lines())

    for _ in range(200):
        room.advance(1)
    assert "PONG" in numbers(asker.lines())


@pytest.mark.parametrize(
    "nickname", ["chatroom.localhost", "Chatroom.Localhost", "chatroom\u2024localhost", "NickServ"]
)
def test_nobody_is_called_what_the_server_is_or_what_clients_tell_passwords(nickname: str) -> None:
    room = IRCRoom()
    person = room.knock(f"NICK {nickname}", "USER x 0 * :X")
    assert numbers(person.lines()) == ["432"]
    person.type("NICK bob")
    person.lines()
    person.type(f"NICK {nickname}")
    assert numbers(person.lines()) == ["432"]

    line = room.connect()
    line.type(nickname)
    refusal = "! That nickname will not do: it could be mistaken for the server."
    assert line.lines() == ["NICK", refusal, "NICK"]
