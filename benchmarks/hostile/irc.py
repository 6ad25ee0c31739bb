"""Attacks by the IRC door."""

from __future__ import annotations

from itertools import count

from benchmarks.hostile.script import (
    DEAF,
    READY,
    SMALL_BUFFER,
    Connect,
    Door,
    Script,
    Send,
    attack,
    enter,
    join,
    named,
    register,
    repeat,
)

LINE = 510
"""Bytes in a line, its end not counted."""

CROWD = 1000
"""People in the room that is asked about."""


def names(number: int, separator: str, room: int) -> str:
    """As many names as there is room for."""
    found: list[str] = []
    size = 0
    while size < room:
        found.append(f"w{number}x{len(found)}")
        size += len(found[-1]) + len(separator)
    return separator.join(found[:-1])


@attack("irc-monitor", 100)
def irc_monitor(number: int) -> Script:
    """100 IRC clients watch names and unwatch them, without end."""
    yield from register(number)
    yield READY
    yield from repeat(f"MONITOR + {names(number, ',', LINE - 12)}\r\nMONITOR S\r\nMONITOR C\r\n".encode())


@attack("irc-ison", 100)
def irc_ison(number: int) -> Script:
    """100 IRC clients ask whether people are here, without end."""
    yield from register(number)
    yield READY
    yield from repeat(f"ISON {names(number, ' ', LINE - 6)}\r\n".encode())


@attack("irc-who", CROWD + 50)
def irc_who(number: int) -> Script:
    """50 IRC clients send WHO for a room of 1,000, without end."""
    if number < CROWD:
        yield from enter(number)
        yield READY
        return
    yield from register(number)
    yield READY
    yield from repeat(b"WHO #lobby\r\n", 4096)


@attack("irc-names", CROWD + 50)
def irc_names(number: int) -> Script:
    """50 IRC clients send NAMES for a room of 1,000, without end."""
    if number < CROWD:
        yield from enter(number)
        yield READY
        return
    yield from register(number)
    yield READY
    yield from repeat(b"NAMES #lobby\r\n", 4096)


@attack("irc-list", 200, start_rate=50)
def irc_list(number: int) -> Script:
    """100 IRC clients send LIST where there are 5,000 rooms, without end."""
    if number < 100:
        rooms = ",".join(f"r{number}x{room}" for room in range(50))
        yield from enter(number, f"room={rooms}")
        yield READY
        return
    yield from register(number)
    yield READY
    yield from repeat(b"LIST\r\n", 4096)


# Commands, each without end.


def _repeat(number: int, *lines: str, capabilities: tuple[str, ...] = (), inside: bool = True) -> Script:
    """Come in, and send those lines without end."""
    yield from register(number, *capabilities)
    if inside:
        yield from join()
    yield READY
    yield from repeat("".join(f"{line}\r\n" for line in lines).encode())


@attack("irc-ping", 100)
def irc_ping(number: int) -> Script:
    """100 IRC clients send PING, without end."""
    yield from _repeat(number, "PING " + "p" * 480)


@attack("irc-empty", 100)
def irc_empty(number: int) -> Script:
    """100 IRC clients send empty lines and PONGs, without end."""
    yield from _repeat(number, "", "PONG x", "")


@attack("irc-unknown", 100)
def irc_unknown(number: int) -> Script:
    """100 IRC clients send commands that do not exist, without end."""
    yield from _repeat(number, "X" * 500, ":prefix 999 a b c", "@a=b;c=d NOTHING")


@attack("irc-tags", 100)
def irc_tags(number: int) -> Script:
    """100 IRC clients send TAGMSG with 4,000 bytes of tags, without end."""
    tags = ";".join(f"+t{one}=\\:\\s" for one in range(300))
    yield from _repeat(number, f"@{tags} TAGMSG #lobby", capabilities=("message-tags",))


@attack("irc-labels", 100)
def irc_labels(number: int) -> Script:
    """100 IRC clients send lines with labels, without end."""
    capabilities = ("batch", "labeled-response", "message-tags")
    lines = [f"@label=l{one} WHOIS honest{one}" for one in range(20)]
    yield from _repeat(number, *lines, "@label=x WHO #lobby", "@label=y PING x", capabilities=capabilities)


@attack("irc-targets", 100)
def irc_targets(number: int) -> Script:
    """100 IRC clients send PRIVMSG to as many targets as fit, without end."""
    targets = ",".join(f"honest{one}" for one in range(20))
    yield from _repeat(number, f"PRIVMSG {targets} :{'m' * 200}", f"NOTICE {names(number, ',', 400)} :x")


@attack("irc-talk", 100)
def irc_talk(number: int) -> Script:
    """100 IRC clients talk in the lobby, as fast as they are taken."""
    yield from _repeat(number, f"PRIVMSG #lobby :{'x' * 400}")


@attack("irc-colours", 50)
def irc_colours(number: int) -> Script:
    """50 IRC clients send messages of colours and other controls, as fast as they are taken."""
    yield from _repeat(number, "PRIVMSG #lobby :" + "\x0304,05\x02\x1f" * 60 + "x")


@attack("irc-multiline", 100)
def irc_multiline(number: int) -> Script:
    """100 IRC clients send batches of 100 lines, as fast as they are taken."""
    lines = ["BATCH +b draft/multiline #lobby", *["@batch=b PRIVMSG #lobby :line"] * 100, "BATCH -b"]
    yield from _repeat(number, *lines, capabilities=("batch", "message-tags", "draft/multiline"))


@attack("irc-batches", 100)
def irc_batches(number: int) -> Script:
    """100 IRC clients open batches and never end them, without end."""
    capabilities = ("batch", "message-tags", "draft/multiline")
    lines = [f"BATCH +b{one} draft/multiline #lobby" for one in range(100)]
    yield from _repeat(number, *lines, "@batch=b1 PRIVMSG #lobby :" + "x" * 400, capabilities=capabilities)


@attack("irc-join-part", 100)
def irc_join_part(number: int) -> Script:
    """100 IRC clients join and leave 20 rooms at once, without end."""
    rooms = ",".join(f"#i{number}x{room}" for room in range(20))
    yield from _repeat(number, f"JOIN {rooms}", f"PART {rooms} :{'r' * 100}", inside=False)


@attack("irc-join-zero", 100)
def irc_join_zero(number: int) -> Script:
    """100 IRC clients join the lobby and leave all rooms with JOIN 0, without end."""
    yield from _repeat(number, "JOIN #lobby", "JOIN 0", inside=False)


@attack("irc-nick", 100)
def irc_nick(number: int) -> Script:
    """100 IRC clients rename themselves, without end."""
    yield from _repeat(number, f"NICK a{number}q", f"NICK b{number}q")


@attack("irc-cap", 100)
def irc_cap(number: int) -> Script:
    """100 IRC clients list, ask for and give back capabilities, without end."""
    yield from _repeat(number, "CAP LS 302", "CAP REQ :batch echo-message", "CAP REQ :-batch -echo-message", "CAP LIST")


@attack("irc-topic", 100)
def irc_topic(number: int) -> Script:
    """100 IRC clients set the topic of the lobby, without end."""
    yield from _repeat(number, f"TOPIC #lobby :{'t' * 380}", "TOPIC #lobby :", "TOPIC #lobby")


@attack("irc-away", 100)
def irc_away(number: int) -> Script:
    """100 IRC clients go away and come back, without end."""
    yield from _repeat(number, f"AWAY :{'a' * 400}", "AWAY")


@attack("irc-whois", 100)
def irc_whois(number: int) -> Script:
    """100 IRC clients send WHOIS and WHOWAS for as many people as fit, without end."""
    honest = ",".join(f"honest{one}" for one in range(20))
    yield from _repeat(
        number, f"WHOIS {honest}", f"WHOWAS {names(number, ',', 480)}", f"WHOIS {names(number, ',', 480)}"
    )


@attack("irc-userhost", 100)
def irc_userhost(number: int) -> Script:
    """100 IRC clients send USERHOST for as many people as fit, without end."""
    honest = " ".join(f"honest{one}" for one in range(5))
    yield from _repeat(number, f"USERHOST {honest}", f"USERHOST {names(number, ' ', 480)}")


@attack("irc-who-masks", CROWD + 50)
def irc_who_masks(number: int) -> Script:
    """50 IRC clients send WHO and LIST with masks of many stars, among 1,000 people, without end."""
    if number < CROWD:
        yield from enter(number)
        yield READY
        return
    mask = "*a" * 100
    yield from _repeat(number, f"WHO {mask}", f"LIST {mask}", "WHO * %tcuihsnfdlaor,1", "WHO *9*", inside=False)


@attack("irc-history", 100, history=200_000)
def irc_history(number: int) -> Script:
    """100 IRC clients ask for the past with CHATHISTORY and HISTORY, without end."""
    capabilities = ("batch", "draft/chathistory", "message-tags", "server-time")
    yield from register(number, *capabilities)
    yield from join("kitchen")
    yield READY
    asked = (
        "CHATHISTORY LATEST #kitchen * 200",
        "CHATHISTORY AFTER #kitchen timestamp=2020-01-01T00:00:00.000Z 200",
        "CHATHISTORY AROUND #kitchen timestamp=2026-01-01T00:00:00.000Z 200",
        "CHATHISTORY TARGETS timestamp=2020-01-01T00:00:00.000Z timestamp=2030-01-01T00:00:00.000Z 200",
        "HISTORY #kitchen 200",
    )
    yield from repeat("".join(f"{line}\r\n" for line in asked).encode(), 4096)


@attack("irc-history-unread", 100, history=200_000)
def irc_history_unread(number: int) -> Script:
    """100 IRC clients ask for 200 long lines with CHATHISTORY, again and again, and read nothing."""
    yield from register(number, "batch", "draft/chathistory", buffer=SMALL_BUFFER)
    yield from join("kitchen")
    yield READY
    yield DEAF
    yield from repeat(b"CHATHISTORY LATEST #kitchen * 200\r\n", 4096)


@attack("irc-information", 100)
def irc_information(number: int) -> Script:
    """100 IRC clients ask for MOTD, VERSION, HELP, INFO, LUSERS, STATS and the modes, without end."""
    lines = ("MOTD", "VERSION", "HELP", "INFO", "LUSERS", "STATS u", "MODE #lobby", "MODE #lobby b", "ADMIN", "TIME")
    yield from _repeat(number, *lines)


@attack("irc-invite", 100)
def irc_invite(number: int) -> Script:
    """100 IRC clients invite honest members, without end."""
    room = f"inv{number}"
    yield from register(number)
    yield from join(room)
    yield READY
    yield from repeat("".join(f"INVITE honest{one} #{room}\r\n" for one in range(20)).encode())


@attack("irc-deaf", 120)
def irc_deaf(number: int) -> Script:
    """100 IRC clients read nothing in the lobby, where 20 others talk."""
    yield from register(number, buffer=SMALL_BUFFER if number < 100 else 0)
    yield from join()
    yield READY
    if number < 100:
        yield DEAF
    else:
        yield from repeat(f"PRIVMSG #lobby :{'x' * 400}\r\n".encode())


@attack("irc-lists-unread", CROWD + 100)
def irc_lists_unread(number: int) -> Script:
    """100 IRC clients send WHO and NAMES for a room of 1,000, without end, and read nothing."""
    if number < CROWD:
        yield from enter(number)
        yield READY
        return
    yield from register(number, buffer=SMALL_BUFFER)
    yield READY
    yield DEAF
    yield from repeat(b"WHO #lobby\r\nNAMES #lobby\r\n", 4096)


# Before one is in.


@attack("irc-before-in", 100)
def irc_before_in(number: int) -> Script:
    """100 connections send PING, CAP, NICK and commands to the IRC door, and never come in."""
    yield Connect(Door.IRC)
    yield READY
    lines = ("PING x", "CAP LS 302", f"NICK a{number}q", f"NICK b{number}q", "WHO #lobby", "USER", "")
    yield from repeat("".join(f"{line}\r\n" for line in lines).encode())


@attack("irc-passwords", 100)
def irc_passwords(number: int) -> Script:
    """100 IRC clients send PASS and guess the passwords of operators, and come back."""
    yield from register(number)
    yield READY
    yield from repeat(b"OPER root wrong\r\nPASS x\r\n")


@attack("irc-logins", 100)
def irc_logins(number: int) -> Script:
    """100 IRC clients come into the lobby under new names and leave, without end."""
    yield READY
    for time in count():
        yield Connect(Door.IRC)
        yield Send(f"NICK {named(number, time)}\r\nUSER u 0 * :r\r\nJOIN #lobby\r\n".encode(), until=b" 366 ")


@attack("irc-half-logins", 1000)
def irc_half_logins(number: int) -> Script:
    """1,000 IRC clients ask for the capabilities, and never end that."""
    yield READY
    yield Connect(Door.IRC)
    yield Send(f"CAP LS 302\r\nNICK {named(number)}\r\nUSER {'u' * 200} 0 * :{'r' * 250}\r\n".encode())
