"""Accounts at the IRC door, but for SASL: PASS, REGISTER, NickServ, and who is told of whose account."""

from __future__ import annotations

import pytest
from ircroom import PASSWORD, SERVER, IRCRoom, SteppedIRCRoom, ask, bare, numbers, plain, tags_of, texts

from chatroom.core.accounts import Accounts
from chatroom.doors.irc.services import COMMANDS
from chatroom.testing import Person

WRONG = "There is no account of that name with that password: check both."
SUCCESS = "REGISTER SUCCESS {0} :{0} is your account from now on"


@pytest.fixture
def room() -> IRCRoom:
    return IRCRoom(replay=0)


def welcomed(lines: list[str]) -> bool:
    return "001" in numbers(lines)


# PASS.


def test_an_account_and_its_password_are_taken_by_pass(room: IRCRoom) -> None:
    room.with_account("alice", "a:b c:d efgh")
    alice = room.knock("PASS :alice:a:b c:d efgh", "NICK alice", "USER al 0 * :Alice")

    shown = bare(alice.lines())
    assert shown[0] == f"900 * alice!*@{SERVER} alice :You are now logged in as alice"
    assert shown[1].startswith("001 alice ")
    assert room.chat.find("alice").account == "alice"


def test_it_takes_the_nickname_from_a_ghost(room: IRCRoom) -> None:
    room.with_account("alice")
    ghost = room.logged_in("alice")
    alice = room.knock(f"PASS alice:{PASSWORD}", "NICK alice", "USER al 0 * :Alice")

    assert welcomed(alice.lines())
    assert ghost.closed


@pytest.mark.parametrize("login", ["alice:wrong", "nobody:wrong", ":", "alice:"])
def test_a_wrong_one_is_turned_away(room: IRCRoom, login: str) -> None:
    room.with_account("alice")
    alice = room.knock(f"PASS :{login}", "NICK alice", "USER al 0 * :Alice")

    assert bare(alice.lines())[0] == f"464 * :{WRONG}"
    assert alice.closed


def test_wrong_ones_by_pass_are_guesses_like_others(room: IRCRoom) -> None:
    room.with_account("alice")
    for _ in range(12):
        room.knock("PASS alice:wrong", "NICK a", "USER al 0 * :Alice").lines()

    shown = bare(room.knock(f"PASS alice:{PASSWORD}", "NICK a", "USER al 0 * :Alice").lines())
    assert shown[0].startswith("464 * :Too many wrong passwords: wait")


def test_the_password_of_the_server_stays_what_it_is(tmp_path: object) -> None:
    path = f"{tmp_path}/password"
    with open(path, "w", encoding="utf-8") as file:
        file.write("open:sesame")
    room = IRCRoom(replay=0, irc_password=path)
    room.with_account("alice")

    assert welcomed(room.knock("PASS open:sesame", "NICK bob", "USER b 0 * :B").lines())
    both = room.knock("PASS open:sesame", f"PASS alice:{PASSWORD}", "NICK alice", "USER b 0 * :B")
    assert welcomed(both.lines())
    assert room.chat.find("alice").account == "alice"
    for given in ("open:says me", f"alice:{PASSWORD}"):
        person = room.knock(f"PASS :{given}", "NICK carol", "USER b 0 * :B")
        assert bare(person.lines())[0] == "464 * :Password incorrect"


def test_without_accounts_a_colon_in_pass_means_nothing(room: IRCRoom) -> None:
    room.chat.accounts = Accounts(room.chat.settings, now=room.chat.now)

    assert welcomed(room.knock("PASS a:b", "NICK bob", "USER b 0 * :B").lines())


def test_a_password_that_others_can_read_is_refused(room: IRCRoom) -> None:
    room.with_account("alice")
    far = room.connect(room.door, "203.0.113.7")
    far.type(f"PASS alice:{PASSWORD}", "NICK alice", "USER b 0 * :B")
    shown = bare(far.lines())
    assert shown[0].startswith("464 * :")
    assert "encrypt" in shown[0]
    assert far.closed

    safe = room.connect(room.door, "203.0.113.7", encrypted=True)
    safe.type(f"PASS alice:{PASSWORD}", "NICK alice", "USER b 0 * :B")
    assert welcomed(safe.lines())


# A nickname that is registered.


def test_whoever_claims_it_without_its_account_is_told_how_to_log_in(room: IRCRoom) -> None:
    room.with_account("alice")
    bob = room.knock("NICK alice", "USER b 0 * :B")
    refused, how = bare(bob.lines())
    assert refused.startswith("433 * alice :The nickname alice is registered")
    assert "SASL" in how
    assert "alice:PASSWORD" in how

    bob.type("NICK bob")
    assert welcomed(bob.lines())
    refused, how = ask(bob, "NICK alice")
    assert refused.startswith("433 bob alice :The nickname alice is registered")
    assert how.endswith("/msg NickServ IDENTIFY alice PASSWORD, then /nick alice")
    ask(bob, f"PRIVMSG NickServ :IDENTIFY alice {PASSWORD}")
    assert ask(bob, "NICK alice") == ["bob NICK alice"]


# REGISTER.


def test_an_account_is_made_before_one_is_in(room: IRCRoom) -> None:
    bar = room.knock("CAP REQ :draft/account-registration", "NICK bar")
    bar.lines()

    assert ask(bar, "REGISTER * * shivarampassphrase") == [
        SUCCESS.format("bar"),
        f"900 * bar!*@{SERVER} bar :You are now logged in as bar",
    ]
    bar.type("USER b 0 * :B", "CAP END")
    assert welcomed(bar.lines())
    assert room.chat.find("bar").account == "bar"


def test_an_account_is_made_by_somebody_who_is_in(room: IRCRoom) -> None:
    bar = room.irc("bar")

    assert ask(bar, "REGISTER BAR bar@example.org shivarampassphrase") == [
        SUCCESS.format("bar"),
        f"900 bar bar!bar@{SERVER} bar :You are now logged in as bar",
    ]
    assert ask(bar, "REGISTER * * shivarampassphrase") == [
        "FAIL REGISTER ALREADY_AUTHENTICATED bar :You are logged in to the account bar"
    ]
    assert ask(bar, "VERIFY bar 1234") == [
        "FAIL VERIFY ALREADY_AUTHENTICATED bar :You are logged in, and have nothing to verify"
    ]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("REGISTER * * short", "WEAK_PASSWORD bar"),
        ("REGISTER * * :\u0378\u0378\u0378\u0378\u0378", "UNACCEPTABLE_PASSWORD bar"),
        ("REGISTER somebody * shivarampassphrase", "ACCOUNT_NAME_MUST_BE_NICK somebody"),
        ("REGISTER * *", ""),
        ("VERIFY bar 1234", "INVALID_CODE bar"),
    ],
)
def test_registrations_are_refused_with_their_codes(room: IRCRoom, line: str, code: str) -> None:
    for person in (room.irc("bar"), room.knock("NICK baz")):
        person.lines()
        if not code:
            assert ask(person, line)[0].startswith("461 ")
            continue
        (shown,) = ask(person, line)
        expected = code if person.protocol.session.entered else code.replace("_PASSWORD bar", "_PASSWORD baz")
        assert shown.startswith(f"FAIL {line.split(' ', maxsplit=1)[0]} {expected} :")
        assert "shivaram" not in shown


def test_a_nickname_of_somebody_s_is_not_registered_from_under_them(room: IRCRoom) -> None:
    room.irc("root")
    bar = room.knock("NICK root")
    bar.lines()

    (shown,) = ask(bar, "REGISTER * * shivarampassphrase")
    assert shown.startswith("FAIL REGISTER USERNAME_EXISTS root :")
    assert room.knock("REGISTER * * shivarampassphrase").lines()[0].startswith(f":{SERVER} FAIL REGISTER NEED_NICK * :")


def test_nor_is_one_that_somebody_takes_while_the_password_is_hashed(room: IRCRoom) -> None:
    bar = room.knock("NICK bar")
    bar.lines()
    bar.type("REGISTER * * shivarampassphrase")
    other = room.knock("NICK bar", "USER b 0 * :B")
    shown = bare(bar.lines())

    assert welcomed(other.lines())
    assert shown[0].startswith("FAIL REGISTER ACCOUNT_EXISTS bar :")
    assert room.chat.find("bar").account == ""


def test_a_registered_nickname_is_not_registered_again(room: IRCRoom) -> None:
    room.with_account("alice")
    (shown,) = ask(room.knock("NICK alice"), "REGISTER * * shivarampassphrase")

    assert shown.startswith("FAIL REGISTER ACCOUNT_EXISTS alice :")


def test_it_may_be_for_those_who_are_in_alone() -> None:
    room = IRCRoom(replay=0, registration="inside")
    bar = room.knock("CAP LS 302", "NICK bar")
    assert " draft/account-registration " in bar.lines()[0]

    (shown,) = ask(bar, "REGISTER * * shivarampassphrase")
    assert shown.startswith("FAIL REGISTER COMPLETE_CONNECTION_REQUIRED * :")
    ask(bar, "USER b 0 * :B", "CAP END")
    assert ask(bar, "REGISTER * * shivarampassphrase")[0] == SUCCESS.format("bar")


def test_or_for_nobody() -> None:
    room = IRCRoom(replay=0, registration="closed")
    bar = room.knock("CAP LS 302", "NICK bar")

    assert "account-registration" not in bar.lines()[0]
    assert ask(bar, "REGISTER * * shivarampassphrase")[0].startswith("FAIL REGISTER TEMPORARILY_UNAVAILABLE * :")


# NickServ.


def nickserv(person: Person, text: str) -> list[str]:
    """What is answered to a message to NickServ."""
    return ask(person, f"PRIVMSG NickServ :{text}")


def said(text: str, nickname: str = "alice") -> str:
    return f"NickServ NOTICE {nickname} :{text}"


def test_one_registers_logs_out_and_in_by_nickserv(room: IRCRoom) -> None:
    alice = room.irc("alice")
    logged_in = f"900 alice alice!alice@{SERVER} alice :You are now logged in as alice"

    assert nickserv(alice, f"register {PASSWORD} alice@example.org") == [
        said("alice is yours now: log in with your password when you come back (SASL PLAIN)"),
        logged_in,
    ]
    assert nickserv(alice, "LOGOUT") == [
        f"901 alice alice!alice@{SERVER} :You are now logged out",
        said("You are logged out"),
    ]
    assert nickserv(alice, "LOGOUT") == [said("You are not logged in: /msg NickServ IDENTIFY password")]
    assert nickserv(alice, "IDENTIFY wrong") == [said(WRONG)]
    assert nickserv(alice, f"IDENTIFY {PASSWORD}") == [logged_in, said("You are logged in as alice")]
    assert ask(alice, f"NS IDENTIFY alice {PASSWORD}") == [
        logged_in,
        said("You are logged in as alice"),
    ]
    assert ask(alice, f"NICKSERV :IDENTIFY ALICE {PASSWORD}")[0] == logged_in


def test_the_rest_of_an_account_is_looked_after_there(room: IRCRoom) -> None:
    alice = room.irc("alice")
    other = room.enter("watcher")
    nickserv(alice, "REGISTER first-password")
    ask(alice, "NICK ally")

    assert nickserv(alice, "GROUP") == [said("The nickname ally belongs to your account alice", "ally")]
    assert nickserv(alice, "INFO ALLY")[0] == said("ALLY is registered to the account alice", "ally")
    assert nickserv(alice, "INFO ally")[1].endswith("Its nicknames: alice, ally")
    assert nickserv(alice, "PASSWORD wrong second-password") == [said(WRONG, "ally")]
    assert nickserv(alice, "PASSWORD first-password second-password") == [
        said("Your password is changed: have your client know the new one", "ally")
    ]
    assert nickserv(alice, "IDENTIFY alice first-password") == [said(WRONG, "ally")]
    assert nickserv(alice, "UNREGISTER second-password") == [
        f"901 ally ally!alice@{SERVER} :You are now logged out",
        said("The account alice is gone, and anybody may have its nicknames", "ally"),
    ]
    assert nickserv(alice, "INFO alice") == [said("alice is not registered", "ally")]
    assert other.lines() == []


def test_it_helps(room: IRCRoom) -> None:
    alice = room.irc("alice")

    everything = nickserv(alice, "HELP")
    assert all(any(f":{command.usage} - " in line for line in everything) for command in COMMANDS.values())
    assert nickserv(alice, "help identify") == [
        said("IDENTIFY [account] password - log in; without a name, to that of your nickname")
    ]
    assert nickserv(alice, "IDENTIFY") == [said("Say it like this: /msg NickServ IDENTIFY [account] password")]
    assert nickserv(alice, "GHOST x") == [
        said("There is no such command: /msg NickServ HELP lists those that there are")
    ]
    assert ask(alice, "NS") == ["461 alice NS :Not enough parameters"]


@pytest.mark.parametrize(
    "line",
    [
        "PRIVMSG NickServ :IDENTIFY hunter2",
        "PRIVMSG nickserv :hunter2",
        "PRIVMSG NickServ@services.example.org :IDENTIFY hunter2",
        "NOTICE NickServ :IDENTIFY hunter2",
        "PRIVMSG NickServ,bob,#lobby :IDENTIFY hunter2",
        "PRIVMSG bob,ChanServ :IDENTIFY hunter2",
        "NOTICE bob,NickServ :IDENTIFY hunter2",
        "PRIVMSG ChanServ :IDENTIFY hunter2",
        "PRIVMSG NickServ :\x01IDENTIFY hunter2\x01",
        "NS IDENTIFY hunter2",
        "NICKSERV IDENTIFY hunter2",
        "NS :set hunter2",
    ],
)
def test_what_is_said_to_it_reaches_nobody_and_is_not_kept(room: IRCRoom, line: str) -> None:
    journal: list[str] = []
    room.chat.journal = journal.append
    alice, bob = room.irc("alice", "echo-message", "#lobby"), room.irc("bob", rooms="#lobby")
    alice.lines()
    shown = ask(alice, line)

    assert bob.lines() == []
    assert not any("hunter2" in line for line in shown + journal)
    assert "hunter2" not in "".join(ask(alice, "HISTORY #lobby 50"))


@pytest.mark.parametrize(
    "name", ["NickServ", "nickserv", "ChanServ", "MEMOSERV", "OperServ", "SaslServ", "N\u0456ckServ"]
)
def test_nobody_is_called_like_a_service(room: IRCRoom, name: str) -> None:
    assert numbers([f":x {line}" for line in ask(room.knock("USER b 0 * :B"), f"NICK {name}")]) == ["432"]
    assert numbers([f":x {line}" for line in ask(room.irc("bob"), f"NICK {name}")]) == ["432"]


def test_nickserv_takes_no_password_that_others_can_read(room: IRCRoom) -> None:
    room.with_account("alice")
    far = room.connect(room.door, "203.0.113.7")
    far.type("NICK bob", "USER b 0 * :B")
    far.lines()
    for text in (f"IDENTIFY alice {PASSWORD}", "REGISTER some-password", "PASSWORD a b", "UNREGISTER a"):
        (shown,) = nickserv(far, text)
        assert "encrypt" in shown, text
    assert room.chat.find("bob").account == ""
    assert ask(far, "REGISTER * * shivarampassphrase")[0].startswith("FAIL REGISTER TEMPORARILY_UNAVAILABLE * :")


# Who is told.


def test_logins_and_logouts_at_any_door_are_told_to_those_in_the_same_rooms(room: IRCRoom) -> None:
    room.with_account("alice")
    watcher = room.irc("watcher", "account-notify", "#lobby")
    plain_ = room.irc("plain", rooms="#lobby")
    elsewhere = room.irc("elsewhere", "account-notify", "#garden")
    line = room.enter("bob")
    irc = room.irc("carol", "account-notify", "#lobby")
    for person in (watcher, plain_, elsewhere):
        person.lines()

    line.type("/login alice", PASSWORD)
    line.lines()
    assert bare(watcher.lines()) == ["bob ACCOUNT alice"]
    irc.lines()
    nickserv(irc, f"IDENTIFY alice {PASSWORD}")
    irc.type("CAP REQ :sasl", "AUTHENTICATE PLAIN", *plain("alice"))
    assert "ACCOUNT" not in numbers(irc.lines())
    assert bare(watcher.lines()) == ["carol ACCOUNT alice"]
    line.type("/logout")
    line.lines()
    assert bare(watcher.lines()) == ["bob ACCOUNT *"]
    line.type("/login alice", PASSWORD, "/unregister", PASSWORD)
    line.lines()
    assert bare(watcher.lines()) == ["bob ACCOUNT alice", "carol ACCOUNT *", "bob ACCOUNT *"]
    assert plain_.lines() == []
    assert elsewhere.lines() == []


def test_whoever_is_logged_out_by_another_client_is_told(room: IRCRoom) -> None:
    room.with_account("alice")
    irc = room.logged_in("carol", account="alice")
    other = room.enter("bob")
    other.type("/login alice", PASSWORD, "/unregister", PASSWORD)

    other.lines()
    assert bare(irc.lines()) == [f"901 carol carol!carol@{SERVER} :You are now logged out"]


def test_each_line_of_a_member_has_the_account_as_a_tag(room: IRCRoom) -> None:
    room.with_account("alice")
    watcher = room.irc("watcher", "account-tag setname away-notify", "#lobby")
    bob = room.irc("bob", rooms="#lobby")
    carol = room.logged_in("carol", "setname", account="alice")
    watcher.lines()
    lines = ["JOIN #lobby", "PRIVMSG #lobby :hi", "PRIVMSG watcher :psst", "NOTICE watcher :psst", "JOIN #garden"]
    lines += ["INVITE watcher #garden", "TOPIC #lobby :x", "AWAY :x", "SETNAME :Other", "NICK carolyn", "PART #lobby"]
    carol.type(*lines, "JOIN #lobby", "QUIT :bye")

    shown = watcher.lines()
    assert [tags_of(line) for line in shown] == [{"account": "alice"}] * len(shown)
    assert numbers(shown) == [
        *("JOIN", "PRIVMSG", "PRIVMSG", "NOTICE", "INVITE", "TOPIC", "AWAY", "SETNAME", "NICK", "PART", "JOIN"),
        *("AWAY", "QUIT"),
    ]
    assert all("account=" not in line for line in bob.lines())
    bob.type("PRIVMSG #lobby :hi")
    assert tags_of(watcher.lines()[0]) == {}


def test_the_tag_is_that_of_the_moment_at_which_it_was_said_in_the_history_too() -> None:
    room = SteppedIRCRoom(capabilities="account-tag batch")
    member = room.chat.find("alice")
    bob = room.irc("bob")
    room.has_joined(bob, "#lobby")
    session = bob.protocol.session
    # As another server, or another client of theirs, may log them in and out between two lines of one batch.
    for account, text in (("", "one"), ("robin", "two"), ("", "three"), ("carol", "four")):
        session.member.account = account
        session.say("lobby", text)
    session.member.account = ""
    room.settle()
    room.log.commit()

    said_ = room.alice.lines()
    accounts = [("one", None), ("two", "robin"), ("three", None), ("four", "carol")]
    assert [(texts([line])[0], tags_of(line).get("account")) for line in said_] == accounts
    room.alice.type("CHATHISTORY LATEST #lobby * 4")
    room.settle()
    again = room.alice.lines()[1:-1]
    assert [(texts([line])[0], tags_of(line).get("account")) for line in again] == accounts
    assert member.account == ""


def test_the_account_is_in_a_join_in_whox_and_in_whois(room: IRCRoom) -> None:
    room.with_account("alice")
    watcher = room.irc("watcher", "extended-join", "#lobby")
    room.logged_in("carol", account="alice", rooms="#lobby")
    room.irc("bob", rooms="#lobby")

    assert bare(watcher.lines()) == ["carol JOIN #lobby alice :Carol", "bob JOIN #lobby * :Bob"]
    assert ask(watcher, "WHO #lobby %na")[:-1] == [
        "354 watcher watcher 0",
        "354 watcher carol alice",
        "354 watcher bob 0",
    ]
    assert "330 watcher carol alice :is logged in as" in ask(watcher, "WHOIS carol")
    assert not any(line.startswith("330 ") for line in ask(watcher, "WHOIS bob"))


def test_programs_at_other_doors_are_told_the_account_of_whoever_said_it(room: IRCRoom) -> None:
    room.with_account("alice")
    program = room.enter("program", "format=json")
    carol = room.logged_in("carol", account="alice", rooms="#lobby")
    program.lines()
    carol.type("PRIVMSG #lobby :hi")

    (line,) = program.lines()
    assert '"extras":{"account":"alice"}' in line.replace(" ", "")


def test_a_message_of_somebody_who_is_not_logged_in_carries_nothing(room: IRCRoom) -> None:
    program = room.enter("program", "format=json")
    bob = room.irc("bob", rooms="#lobby")
    program.lines()
    bob.type("PRIVMSG #lobby :hi")

    assert "extras" not in program.lines()[0]


# Lists of several rooms.


def test_the_people_of_several_rooms_are_listed_with_one_end(room: IRCRoom) -> None:
    alice = room.irc("alice", rooms="#lobby,#garden")
    room.irc("bob", rooms="#garden")
    alice.lines()

    assert ask(alice, "NAMES #lobby,#garden,#nowhere") == [
        "353 alice = #lobby :alice",
        "353 alice = #garden :@alice bob",
        "366 alice #lobby,#garden,#nowhere :End of NAMES list",
    ]
    assert ask(alice, "NAMES #lobby") == ["353 alice = #lobby :alice", "366 alice #lobby :End of NAMES list"]
    assert ask(alice, "NAMES #nowhere") == ["366 alice #nowhere :End of NAMES list"]
    assert ask(alice, "NAMES #a,#b,#c,#d,#lobby") == ["366 alice #a,#b,#c,#d :End of NAMES list"]


# Bots.


def test_a_bot_says_that_it_is_one(room: IRCRoom) -> None:
    user = room.irc("user", "message-tags", "#lobby")
    bot = room.irc("robot", rooms="#lobby")
    user.lines()

    assert "BOT=B" in " ".join(ask(room.knock("NICK x"), "USER b 0 * :B")).split()

    def bot_mode(person: Person, change: str) -> str:
        (line,) = ask(person, f"MODE robot {change}")
        return line.split(" :")[1]

    assert bot_mode(bot, "+B") == "+B"
    assert ask(bot, "MODE robot") == ["221 robot +B"]
    bot.type("PRIVMSG #lobby :beep", "PRIVMSG user :boop", "TAGMSG #lobby", "NOTICE #lobby :b")
    assert ["bot" in tags_of(line) for line in user.lines()] == [True, True, True]
    assert ask(user, "WHOIS robot").count("335 user robot :is a bot") == 1
    assert [line.split(" ")[7] for line in ask(user, "WHO robot")[:1]] == ["HB"]
    assert bot_mode(bot, "-B") == "-B"
    bot.type("PRIVMSG #lobby :beep")
    assert "bot" not in tags_of(user.lines()[0])
    assert not any(line.startswith("335") for line in ask(user, "WHOIS robot"))
