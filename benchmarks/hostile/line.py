"""Attacks by the line door: on what members may ask and say."""

from __future__ import annotations

from itertools import count

from benchmarks.hostile.script import (
    CLOSE,
    DEAF,
    FINISH,
    READY,
    RESET,
    SMALL_BUFFER,
    Connect,
    Door,
    Pause,
    Script,
    Send,
    attack,
    enter,
    named,
    repeat,
)

LONG = 4000
"""Bytes of a long line, somewhat below the limit (``--max-line``)."""

LIGATURE = "\ufdfa"
"""One letter that normalisation makes 18 of (NFKC)."""

ROOMS = 5000
"""Rooms that are made where rooms are what it is about."""

MEMORY_LINES = 49_000
"""Lines in a history in memory that is searched."""


def commands(*lines: str) -> bytes:
    """Lines to send at once."""
    return "".join(f"{line}\n" for line in lines).encode()


# Questions that are dear.

SEEDING = 98
"""Lines that a member may say at once, a few less than ``--burst``."""


@attack("search-memory", MEMORY_LINES // SEEDING + 1, options=("--history", "none"), start_rate=100)
def search_memory(number: int) -> Script:
    """1 member sends 100 /search of a word that nobody said, to a history of 49,000 lines in memory."""
    yield from enter(number, "room=seed")
    if number:
        said = "the quick brown fox jumps over the lazy dog and so on\n" * SEEDING
        yield Send(f"{said}/ping seeded\n".encode(), until=b'"text":"seeded"')
        yield CLOSE
        yield READY
        return
    yield READY
    yield Send(commands(*["/search zzz"] * 100))


@attack("search-ideographs", 30, history=200_000)
def search_ideographs(number: int) -> Script:
    """30 members search a history of 200,000 lines on disk for 1,300 ideographs, without end."""
    yield from enter(number, "room=garden")
    yield READY
    yield from repeat(commands("/search " + "日" * 1300), 3 * LONG)


@attack("search-words", 30, history=200_000)
def search_words(number: int) -> Script:
    """30 members search a history of 200,000 lines on disk for hundreds of the most common words at once."""
    yield from enter(number, "room=garden")
    yield READY
    vowels, consonants = "aeiou", "bdfghklmnprstvz"
    words = [f"{one}{a}{other}{b}" for one in consonants for a in vowels for other in consonants for b in vowels]
    yield from repeat(commands("/search " + " ".join(words[: LONG // 5])), 3 * LONG)


@attack("search-accents", 30, history=200_000)
def search_accents(number: int) -> Script:
    """30 members search a history of 200,000 lines on disk for single letters, and for letters with 1,000 accents."""
    yield from enter(number, "room=garden")
    yield READY
    yield from repeat(commands("/search a", "/search e" + "\u0301" * 1000, "/search " + LIGATURE * 1300), 3 * LONG)


@attack("past-unread", 100, history=200_000)
def past_unread(number: int) -> Script:
    """100 members ask for 100 lines of 4,000 bytes each with /history, again and again, and read nothing."""
    yield from enter(number, "room=kitchen", SMALL_BUFFER)
    yield READY
    yield DEAF
    yield from repeat(commands("/history 100"), 4096)


@attack("since-unread", 100, history=200_000)
def since_unread(number: int) -> Script:
    """100 newcomers ask for 40 MB of the past with since=0, and read nothing."""
    yield READY
    yield Connect(Door.LINE, SMALL_BUFFER)
    yield DEAF
    yield Send(f"{named(number)} format=json room=kitchen since=0\n".encode())


@attack("since-loop", 100, history=200_000)
def since_loop(number: int) -> Script:
    """100 clients come back with an old id, read until the past begins, and come back again."""
    yield READY
    for time in count():
        yield Connect(Door.LINE, SMALL_BUFFER)
        options = f"format=json room=kitchen since={1000 + number}"
        yield Send(f"{named(number, time)} {options}\n".encode(), until=b'"kind":"past"')


@attack("who", 1050)
def who(number: int) -> Script:
    """50 members ask for /who, without end, in a room of 1,000."""
    yield from enter(number)
    yield READY
    if number >= 1000:
        yield from repeat(commands("/who"), LONG)


def _make_rooms(number: int) -> Script:
    """Be in 50 rooms, with a long topic in each."""
    rooms = [f"r{number}x{room}" for room in range(50)]
    yield from enter(number, f"room={','.join(rooms)}")
    topics = "".join(f"/join {room}\n/topic {'T' * 3900}\n" for room in rooms)
    yield Send(f"{topics}/ping made\n".encode(), until=b'"text":"made"')


@attack("rooms-unread", ROOMS // 50 + 40, slow=(50,), start_rate=50)
def rooms_unread(number: int) -> Script:
    """40 members ask for /rooms of 5,000 rooms with topics of 3,900 bytes, and do not read."""
    if number < ROOMS // 50:
        yield from _make_rooms(number)
        yield READY
        return
    yield from enter(number, buffer=SMALL_BUFFER)
    yield READY
    yield DEAF
    yield from repeat(commands("/rooms"), LONG)


@attack("rooms-read", ROOMS // 50 + 40, start_rate=50)
def rooms_read(number: int) -> Script:
    """40 members ask for /rooms of 5,000 rooms with topics of 3,900 bytes, without end, and read it all."""
    if number < ROOMS // 50:
        yield from _make_rooms(number)
        yield READY
        return
    yield from enter(number)
    yield READY
    yield from repeat(commands("/rooms"), LONG)


# Names that are dear.


@attack("names-ligatures", 20)
def names_ligatures(number: int) -> Script:
    """20 members send 100 /msg each to a name of 1,300 letters, each of which is 18 when it is normalised."""
    yield from enter(number)
    yield READY
    yield Send(commands(*[f"/msg {number}x{one}{LIGATURE * 1300} x" for one in range(100)]))


@attack("names-ligatures-one", 1)
def names_ligatures_one(number: int) -> Script:
    """1 member sends /msg to names of 1,300 letters, each of which is 18 when it is normalised, without end."""
    yield from enter(number)
    yield READY
    yield from repeat(commands(*[f"/msg {one}{LIGATURE * 1300} x" for one in range(1000)]))


@attack("names-astral", 100)
def names_astral(number: int) -> Script:
    """100 members send /msg to names of 4,000 letters with astral ones among them, each another, and are gone then."""
    yield from enter(number)
    yield READY
    letters = "\U00020000" + "a" * 4060
    yield Send(commands(*[f"/msg {number:03}{one:04}{letters} x" for one in range(170)]))


@attack("names-before-nickname", 100)
def names_before_nickname(number: int) -> Script:
    """100 connections answer NICK with names of 4,000 bytes, five at a time, and come back."""
    yield READY
    yield Connect(Door.LINE)
    yield Send(commands(*[f"{one}{LIGATURE * 1300}" for one in range(5)]), until=b"goodbye")


@attack("ignore-long-names", 300)
def ignore_long_names(number: int) -> Script:
    """300 members ignore 95 names of 4,000 bytes each, and hear what is said."""
    yield from enter(number)
    yield READY
    yield Send(commands(*[f"/ignore {number}x{one}{'i' * LONG}" for one in range(95)]))


@attack("ignore-lists", 300)
def ignore_lists(number: int) -> Script:
    """300 members ignore as many names as they may, and hear what is said."""
    yield from enter(number)
    yield READY
    yield Send(commands(*[f"/ignore i{number}x{one}" for one in range(200)]))


# Talk.


@attack("long-lines", 20, slow=(1, 4, 10))
def long_lines(number: int) -> Script:
    """20 members say 100 lines of 4,000 bytes at once, where honest readers have 1, 4 and 10 Mbit/s."""
    yield from enter(number)
    yield READY
    yield Send(commands("x" * LONG) * 100)


@attack("talk", 100)
def talk(number: int) -> Script:
    """100 members say lines of 40 bytes in the lobby, as fast as they are taken."""
    yield from enter(number)
    yield READY
    yield from repeat(commands("x" * 40))


@attack("talk-long", 100)
def talk_long(number: int) -> Script:
    """100 members say lines of 4,000 bytes in the lobby, as fast as they are taken."""
    yield from enter(number)
    yield READY
    yield from repeat(commands("x" * LONG))


@attack("talk-marks", 50)
def talk_marks(number: int) -> Script:
    """50 members say lines of 2,000 combining marks, bidirectional controls and escape sequences in the lobby."""
    yield from enter(number)
    yield READY
    yield from repeat(commands("e" + "\u0301\u0323" * 900, "\u202e\u2066" * 600 + "x", "\x1b[31m" * 700 + "x"))


@attack("talk-links", 50)
def talk_links(number: int) -> Script:
    """50 members say lines that are made of links and mentions in the lobby."""
    yield from enter(number)
    yield READY
    yield from repeat(commands("http://a.b/(((" * 280, "@honest1 " * 440, "https://" * 480, "a@" * 1900))


@attack("act", 100)
def act(number: int) -> Script:
    """100 members send /me, without end."""
    yield from enter(number)
    yield READY
    yield from repeat(commands("/me waves"))


@attack("not-lines", 100)
def not_lines(number: int) -> Script:
    """100 members send lines that are not UTF-8, or are too long, without end."""
    yield from enter(number)
    yield READY
    yield from repeat(b"\xc3\x28\n" * 100 + b"x" * 5000 + b"\n")


@attack("empty-lines", 100)
def empty_lines(number: int) -> Script:
    """100 members send lines with nothing but white space and controls, without end."""
    yield from enter(number)
    yield READY
    yield from repeat(b" \n\x07\n\xe2\x80\xae\n")


# Commands.


@attack("ping-command", 100)
def ping_command(number: int) -> Script:
    """100 members send /ping with 4,000 bytes, without end."""
    yield from enter(number)
    yield READY
    yield from repeat(commands("/ping " + "p" * LONG))


@attack("help", 100)
def help_(number: int) -> Script:
    """100 members send /help, without end."""
    yield from enter(number)
    yield READY
    yield from repeat(commands("/help"))


@attack("unknown-commands", 100)
def unknown_commands(number: int) -> Script:
    """100 members send commands of 4,000 bytes that do not exist, without end."""
    yield from enter(number)
    yield READY
    yield from repeat(commands("/" + "histor" * 660, "/" + "helpwho" * 570))


@attack("nick", 100)
def nick(number: int) -> Script:
    """100 members rename themselves, without end."""
    yield from enter(number)
    yield READY
    yield from repeat(commands(f"/nick a{number}q", f"/nick b{number}q"))


@attack("nick-long", 100)
def nick_long(number: int) -> Script:
    """100 members ask for nicknames of 4,000 bytes in many scripts, without end."""
    yield from enter(number)
    yield READY
    letters = "aаα日あ한ا" * 230
    yield from repeat(commands(f"/nick {letters}", f"/nick {LIGATURE * 1300}", "/nick a" + "\u0301" * 1900))


@attack("away", 100)
def away(number: int) -> Script:
    """100 members go away and come back, without end."""
    yield from enter(number)
    yield READY
    yield from repeat(commands("/away " + "a" * 400, "/away"))


@attack("topic", 100)
def topic(number: int) -> Script:
    """100 members set the topic of the lobby, without end."""
    yield from enter(number)
    yield READY
    yield from repeat(commands("/topic " + "t" * 3900, "/topic -"))


@attack("join-leave", 100)
def join_leave(number: int) -> Script:
    """100 members join and leave rooms, each a new one, without end."""
    yield from enter(number)
    yield READY
    for time in count():
        rooms = [f"j{number}x{time}x{room}" for room in range(500)]
        yield Send("".join(f"/join {room}\n/leave {room}\n" for room in rooms).encode())


@attack("join-leave-lobby", 100)
def join_leave_lobby(number: int) -> Script:
    """100 members leave the lobby and join it, without end."""
    yield from enter(number)
    yield READY
    yield from repeat(commands("/leave lobby", "/join lobby"))


@attack("rooms-vanish", 200, start_rate=50)
def rooms_vanish(number: int) -> Script:
    """200 members make 50 rooms each, set topics of 3,900 bytes and leave, again and again under other names."""
    yield READY
    for time in count():
        rooms = [f"v{number}x{time}x{room}" for room in range(50)]
        yield from enter(number, f"room={','.join(rooms)}", time=time)
        topics = "".join(f"/join {room}\n/topic {'T' * 3900}\n" for room in rooms)
        yield Send(f"{topics}/ping made\n".encode(), until=b'"text":"made"')


@attack("private", 100)
def private(number: int) -> Script:
    """100 members send /msg with 3,900 bytes to honest members, and to nobody, without end."""
    yield from enter(number)
    yield READY
    yield from repeat(commands(*[f"/msg honest{one} {'m' * 3900}" for one in range(20)], "/msg nobody0 x"))


@attack("private-to-deaf", 100)
def private_to_deaf(number: int) -> Script:
    """50 members send /msg to 50 who do not read, without end."""
    deaf = number >= 50
    yield from enter(number, buffer=SMALL_BUFFER if deaf else 0)
    yield READY
    if deaf:
        yield DEAF
    else:
        yield from repeat(commands(*[f"/msg {named(50 + one)} {'m' * 3900}" for one in range(50)]))


@attack("invite", 100)
def invite(number: int) -> Script:
    """100 members invite honest members, without end."""
    yield from enter(number, f"room=inv{number}")
    yield READY
    yield from repeat(commands(*[f"/invite honest{one}" for one in range(20)]))


@attack("operator-passwords", 20)
def operator_passwords(number: int) -> Script:
    """20 members guess the passwords of operators, without end."""
    yield from enter(number)
    yield READY
    yield from repeat(commands("/oper root " + "p" * 3900))


@attack("mixed-questions", 100, history=200_000)
def mixed_questions(number: int) -> Script:
    """100 members ask everything that there is to ask, in turn, without end."""
    yield from enter(number, "room=kitchen,garden")
    yield READY
    asked = commands("/who", "/rooms", "/history 100 before 150000", "/search 日", "/topic", "/help", "/who garden")
    yield from repeat(asked, 4096)


# Requests in JSON.


@attack("json-nested", 100)
def json_nested(number: int) -> Script:
    """100 members send requests in JSON that are nested 2,000 deep, without end."""
    yield from enter(number, "input=json")
    yield READY
    yield from repeat(b'{"say":' + b"[" * 2000 + b"]" * 2000 + b"}\n" + b'{"a":' * 800 + b"1" + b"}" * 800 + b"\n")


@attack("json-junk", 100)
def json_junk(number: int) -> Script:
    """100 members send requests in JSON that are as long as they may be, and are junk."""
    yield from enter(number, "input=json")
    yield READY
    numbers = b'{"about":' + b"9" * 4000 + b"}\n"
    escapes = b'{"say":"' + b"\\u0001" * 4090 + b'"}\n'
    keys = b"{" + b",".join(b'"k%d":1' % one for one in range(2500)) + b"}\n"
    yield from repeat(numbers + escapes + keys)


@attack("json-lines", 100)
def json_lines(number: int) -> Script:
    """100 members say messages of 100 lines each with requests in JSON, without end."""
    yield from enter(number, "input=json")
    yield READY
    yield from repeat(b'{"say":"' + b"line\\n" * 99 + b'line"}\n')


@attack("json-refs", 100)
def json_refs(number: int) -> Script:
    """100 members send requests in JSON that were done before, and ones with new refs, without end."""
    yield from enter(number, "input=json client=" + "secret" * 5 + str(number))
    yield READY
    for time in count():
        new = "".join(f'{{"do":"msg honest1 x","ref":"{time} {one}"}}\n' for one in range(200))
        yield Send((new + '{"say":"x","ref":"same"}\n' * 50).encode())


# Coming in.


@attack("logins", 100)
def logins(number: int) -> Script:
    """100 clients come in under new names and leave, without end."""
    yield READY
    for time in count():
        yield from enter(number, time=time)


@attack("logins-rooms", 100)
def logins_rooms(number: int) -> Script:
    """100 clients come into 50 rooms each and leave, without end."""
    yield READY
    rooms = ",".join(f"l{number}x{room}" for room in range(50))
    for time in count():
        yield from enter(number, f"room={rooms}", time=time)


@attack("logins-together", 1000)
def logins_together(number: int) -> Script:
    """1,000 clients come into the lobby at once, and stay."""
    yield READY
    yield from enter(number)


@attack("logins-same", 100)
def logins_same(number: int) -> Script:
    """100 clients take the place of their own earlier connection, without end."""
    yield READY
    while True:
        yield from enter(number % 50, "client=" + "secret" * 5 + str(number % 50))


@attack("handshakes-refused", 100)
def handshakes_refused(number: int) -> Script:
    """100 connections give five nicknames that will not do, and come back."""
    yield READY
    while True:
        yield Connect(Door.LINE)
        yield Send(b"server format=json\n/a\n*\nhonest1\na b=c\n", until=b"goodbye")


@attack("handshakes-junk", 100)
def handshakes_junk(number: int) -> Script:
    """100 connections answer NICK with 4,000 bytes of options that do not exist, and come back."""
    yield READY
    while True:
        yield Connect(Door.LINE)
        yield Send(commands(f"{named(number)} " + "a=b " * 950) * 5, until=b"goodbye")


@attack("handshakes-silent", 2000)
def handshakes_silent(number: int) -> Script:
    """2,000 connections never give a nickname."""
    yield READY
    yield Connect(Door.LINE)


# Not reading.


@attack("deaf", 120)
def deaf(number: int) -> Script:
    """100 members read nothing in the lobby, where 20 others say 4,000 bytes at a time."""
    if number >= 100:
        yield from enter(number)
        yield READY
        yield from repeat(commands("x" * LONG))
    yield from enter(number, buffer=SMALL_BUFFER)
    yield READY
    yield DEAF


@attack("deaf-comes-back", 120)
def deaf_comes_back(number: int) -> Script:
    """100 members read nothing, reset their connection after a second and come back, where 20 others talk."""
    if number >= 100:
        yield from enter(number)
        yield READY
        yield from repeat(commands("x" * LONG))
    yield READY
    for time in count():
        yield from enter(number, buffer=SMALL_BUFFER, time=time)
        yield DEAF
        yield Pause(1)
        yield RESET


@attack("hit-and-run", 100)
def hit_and_run(number: int) -> Script:
    """100 members ask 90 questions and close the connection at once, again and again."""
    yield READY
    for time in count():
        yield Connect(Door.LINE, SMALL_BUFFER)
        yield Send(commands(f"{named(number, time)} format=json", *["/history 100", "/who", "/search a"] * 30))
        yield CLOSE


@attack("half-closed", 100, history=200_000)
def half_closed(number: int) -> Script:
    """100 members ask 90 times for the past, close their sending half, and read nothing."""
    yield READY
    yield Connect(Door.LINE, SMALL_BUFFER)
    yield DEAF
    yield Send(commands(f"{named(number)} format=json room=kitchen", *["/history 100"] * 90))
    yield FINISH
