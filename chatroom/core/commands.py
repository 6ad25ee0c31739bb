"""The commands of the line, JSON and web doors: one table of name, arguments, help and handler.

``/help``, the welcome and docs/commands.rst are made from :data:`COMMANDS`; adding a command is adding one function
here. A handler gets the dialogue of the person who typed it, and what stood behind the command's name. It asks the
dialogue for what should happen, or raises a :class:`~chatroom.model.errors.PeerError`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import islice

from chatroom.core import removing, reporting
from chatroom.core.command_table import CommandTable
from chatroom.core.dialogue import Dialogue
from chatroom.core.issuing import change_tokens, list_tokens, make_link
from chatroom.core.moderating import (
    add_entry,
    change_role,
    kick,
    lift_entry,
    list_entries,
    set_mode,
    show_rights,
    show_room,
)
from chatroom.core.rooms import Room
from chatroom.log.turns import Work
from chatroom.model.answers import Found, Notice, Pong, RoomList, RoomSummary
from chatroom.model.constants import MAX_TOPIC
from chatroom.model.errors import BadArgument, SearchTooLong, UnknownCommand
from chatroom.model.events import MAX_ID, Event, TopicChanged
from chatroom.model.names import room_name
from chatroom.model.roles import SERVER, Role
from chatroom.model.rules import BAN, EXCEPTION, INVITED, MUTE
from chatroom.model.text import whole_number
from chatroom.model.words import MAX_LENGTH, MAX_WORDS

MAX_HISTORY = 1000
"""Lines that ``/history`` shows at most."""

FOUND = 20
"""Lines that ``/search`` shows at most."""

PEOPLE_LISTED = 500
"""People that one answer names at most."""

ROOMS_LISTED = 100
"""Rooms that one answer lists at most."""

SEARCHED_IN_A_PIECE = 200
"""Rooms that are looked at in one piece of work: a few tenths of a millisecond."""

COMMANDS: CommandTable[Dialogue] = CommandTable()
"""Every command by its name, in the order in which help lists them."""


@COMMANDS.command("help", "[command]", "list the commands, or explain one")
def _help(session: Dialogue, argument: str) -> None:
    name = argument.removeprefix("/").lower()
    if name and name not in COMMANDS:
        raise UnknownCommand(name=name, hint="")
    for row in [COMMANDS[name]] if name else COMMANDS.values():
        session.reply(Notice(f"{row.usage} - {row.help}"))


@COMMANDS.command(
    "who",
    "[room] [after NICKNAME]",
    f"list who is in a room, this one or the one named: {PEOPLE_LISTED} people, from the first or from one of them on",
    waits=True,
    in_room=True,
)
def _who(session: Dialogue, argument: str) -> None:
    argument, after = _split_after(argument)
    room = session.chat.shown_room(session.member, room_name(argument) if argument else session.active_room)
    session.reply(room.people(PEOPLE_LISTED, session.chat.find(after) if after else None))


def _split_after(argument: str) -> tuple[str, str]:
    """What stands before ``after NAME`` at the end of an argument, and the name; empty where there is none."""
    words = argument.split()
    return (" ".join(words[:-2]), words[-1]) if words[-2:-1] == ["after"] else (argument, "")


@COMMANDS.command(
    "whois",
    "nickname",
    "show which rooms somebody is in; operators see their address, and whether it is encrypted",
    waits=True,
)
def _whois(session: Dialogue, argument: str) -> None:
    session.describe(argument)


@COMMANDS.command("me", "text", "say what you do: /me waves shows * alice waves", in_room=True)
def _me(session: Dialogue, argument: str) -> None:
    session.act(argument)


@COMMANDS.command("msg", "nickname text", "send a private message; it is not kept", waits=True)
def _msg(session: Dialogue, argument: str) -> None:
    nickname, text = argument.split(maxsplit=1)
    session.private(nickname, text)


@COMMANDS.command("nick", "name", "change your nickname")
def _nick(session: Dialogue, argument: str) -> None:
    session.rename(argument)


@COMMANDS.command("join", "room [key]", "enter a room, or speak in it if you are there already")
def _join(session: Dialogue, argument: str) -> None:
    room, _, key = argument.partition(" ")
    session.join(room_name(room), key.strip())


@COMMANDS.command("leave", "[room]", "leave a room: this one, or the one named", in_room=True)
def _leave(session: Dialogue, argument: str) -> None:
    room = room_name(argument) if argument else session.active_room
    session.leave(room)


@COMMANDS.command(
    "rooms",
    "[words] [after ROOM]",
    f"list rooms, how many are in each, and their topics: the first {ROOMS_LISTED} that have all these words in their"
    " name or topic",
    waits=True,
)
def _rooms(session: Dialogue, argument: str) -> None:
    text, after = _split_after(argument)
    after = room_name(after) if after else ""
    rooms = session.chat.rooms.by_name(after)
    words = text.casefold().split()
    if words:
        _check_words(words)
        session.in_turn(_find_rooms(session, rooms, words), lambda found: _list_rooms(session, text, after, found))
    else:
        shown = (room for room in rooms if session.chat.moderation.shows_room(session.member, room.name))
        _list_rooms(session, "", after, list(islice(shown, ROOMS_LISTED + 1)))


def _find_rooms(session: Dialogue, rooms: Iterator[Room], words: Sequence[str]) -> Work[list[Room]]:
    """The first rooms that have all ``words``: as many as are listed, and one more where there is one."""
    found: list[Room] = []
    for number, room in enumerate(rooms, 1):
        text = f"{room.name} {room.topic.casefold()}"
        if all(word in text for word in words) and session.chat.moderation.shows_room(session.member, room.name):
            found.append(room)
            if len(found) > ROOMS_LISTED:
                break
        if number % SEARCHED_IN_A_PIECE == 0:
            yield
    return found


def _list_rooms(session: Dialogue, words: str, after: str, rooms: Sequence[Room]) -> None:
    listed = rooms[:ROOMS_LISTED]
    # An old history may have longer topics than are taken now.
    summaries = [RoomSummary(room.name, len(room.members), room.topic[:MAX_TOPIC]) for room in listed]
    session.reply(RoomList(summaries, words, after, len(rooms) > len(listed)))


def _check_words(words: Sequence[str]) -> None:
    """:raises SearchTooLong: there are too many words to search for, or too long ones."""
    if len(words) > MAX_WORDS or sum(map(len, words)) > MAX_LENGTH:
        raise SearchTooLong(words=MAX_WORDS, length=MAX_LENGTH)


@COMMANDS.command("topic", "[text]", "show the room's topic, or set it; /topic - takes it away", in_room=True)
def _topic(session: Dialogue, argument: str) -> None:
    room = session.active_room
    if argument:
        session.say(room, "" if argument == "-" else argument, TopicChanged)
    else:
        session.in_order(lambda: _tell_topic(session, room))


def _tell_topic(session: Dialogue, room: str) -> None:
    topic = session.chat.shown_room(session.member, room).topic
    session.reply(Notice(f"the topic of {room} is: {topic}" if topic else f"there is no topic in {room}"))


@COMMANDS.command(
    "history",
    "[ids] [n] [before ID]",
    f"show the last n lines of talk in this room, at most {MAX_HISTORY}; with ids, each with its number",
    waits=True,
    in_room=True,
)
def _history(session: Dialogue, argument: str) -> None:
    words = argument.split()
    ids = words[:1] == ["ids"]
    if ids:
        words.pop(0)
    before = _number(words.pop(), MAX_ID, "history") if words[-2:-1] == ["before"] else None
    if before is not None:
        words.pop()
    count = _number(words.pop(), MAX_HISTORY, "history") if words else session.chat.settings.replay
    if words:
        raise BadArgument(what="/history takes less than that", usage=COMMANDS["history"].usage)
    room = session.active_room
    session.show_history(room, count, before, ids)


def _number(text: str, most: int, name: str) -> int:
    number = whole_number(text, most)
    if not number:
        raise BadArgument(what=f"{text} is not a number from 1 to {most}", usage=COMMANDS[name].usage)
    return number


@COMMANDS.command(
    "search",
    "words",
    f"show the last lines of talk in this room that have all these words, at most {FOUND}",
    waits=True,
    in_room=True,
)
def _search(session: Dialogue, argument: str) -> None:
    room = session.active_room

    def answer(events: Sequence[Event]) -> None:
        seen = list(filter(session.sees, session.chat.removals.current(events)))
        session.reply(Found(room, argument, session.willing_to_hear(seen)))

    session.ask_log(partial(session.chat.log.search, room, argument, FOUND), answer)


@COMMANDS.command(
    "remove",
    "ID|last [nickname] [reason]",
    "remove a message from the history and from everybody's view: your own, or, if you moderate, others'; a mark stays."
    " By its number, which /history ids shows, or the last of somebody",
    waits=True,
    in_room=True,
)
def _remove(session: Dialogue, argument: str) -> None:
    first, _, rest = argument.partition(" ")
    room = session.active_room
    id_ = whole_number(first, MAX_ID)
    if id_:
        removing.remove(session, room, id_, rest.strip())
        return
    nickname, _, reason = rest.strip().partition(" ")
    if first != "last" or not nickname:
        raise BadArgument(what=f"{first} is not the number of a message", usage=COMMANDS["remove"].usage)
    removing.remove_last(session, room, nickname, reason.strip())


@COMMANDS.command(
    "purge",
    "nickname [minutes] [reason]",
    f"remove all that somebody has said in this room in the last {removing.PURGE_MINUTES} minutes, or as many as you"
    " name; for those who moderate",
    waits=True,
    in_room=True,
)
def _purge(session: Dialogue, argument: str) -> None:
    nickname, _, rest = argument.partition(" ")
    minutes, reason = removing.minutes_of(rest.strip())
    removing.purge(session, session.active_room, nickname, minutes, reason)


@COMMANDS.command(
    "report",
    "ID|nickname why",
    "tell those who moderate about a message, by its number, or about somebody; the person is not told",
    waits=True,
)
def _report(session: Dialogue, argument: str) -> None:
    what, _, why = argument.partition(" ")
    with session.done_once() as to_do:
        if to_do:
            reporting.report(session, what, why)


@COMMANDS.command(
    "reports", "[done N] [note]", "list the reports that are open, or close one; for those who moderate", waits=True
)
def _reports(session: Dialogue, argument: str) -> None:
    if not argument:
        reporting.list_reports(session)
        return
    words = argument.split(maxsplit=2)
    number = whole_number(words[1], MAX_ID) if len(words) > 1 else None
    if words[0] != "done" or not number:
        raise BadArgument(what="That closes no report", usage="/reports done N [note]")
    reporting.close_report(session, number, words[2] if len(words) > 2 else "")


@COMMANDS.command(
    "audit",
    "[n] [before ID]",
    f"show the last n entries of the audit log, at most {reporting.MAX_AUDIT}: who did what to whom; for operators",
    waits=True,
)
def _audit(session: Dialogue, argument: str) -> None:
    words = argument.split()
    before = _number(words.pop(), MAX_ID, "audit") if words[-2:-1] == ["before"] else None
    if before is not None:
        words.pop()
    count = reporting.AUDIT_SHOWN
    if words:
        number = whole_number(words.pop(), reporting.MAX_AUDIT)
        if not number or words:
            raise BadArgument(what=f"That is no number from 1 to {reporting.MAX_AUDIT}", usage=COMMANDS["audit"].usage)
        count = number
    reporting.show_audit(session, count, before)


@COMMANDS.command(
    "invite",
    "nickname [room]",
    "ask somebody to come into a room: this one, or the one named",
    waits=True,
    in_room=True,
)
def _invite(session: Dialogue, argument: str) -> None:
    nickname, *rest = argument.split()
    session.invite(nickname, room_name(rest[0]) if rest else session.active_room)


@COMMANDS.command(
    "invite-link",
    "[room] [uses] [time]",
    "make an invitation to this room, or the one named: a code and a link, for one person and a week unless you say"
    " otherwise, such as /invite-link dev 5 3d; for those who are logged in",
    waits=True,
    in_room=True,
)
def _invite_link(session: Dialogue, argument: str) -> None:
    make_link(session, argument)


@COMMANDS.command("away", "[text]", "say that you are away, or, without a text, that you are back")
def _away(session: Dialogue, argument: str) -> None:
    session.set_away(argument)


@COMMANDS.command(
    "register", "[password]", "have your nickname be yours alone; you are asked for a password", waits=True
)
def _register(session: Dialogue, argument: str) -> None:
    session.register(argument)


@COMMANDS.command("login", "[account] [password]", "log in to your account; you are asked for its password", waits=True)
def _login(session: Dialogue, argument: str) -> None:
    session.log_in(argument)


@COMMANDS.command("logout", "", "log out of your account", waits=True)
def _logout(session: Dialogue, argument: str) -> None:
    session.log_out()


@COMMANDS.command("password", "[old] [new]", "change your password; you are asked for both", waits=True)
def _password(session: Dialogue, argument: str) -> None:
    session.change_password(argument)


@COMMANDS.command(
    "unregister",
    "[nickname]",
    "give up your account and all its nicknames; or, if you name it, one of its other nicknames alone",
    waits=True,
)
def _unregister(session: Dialogue, argument: str) -> None:
    session.unregister(argument)


@COMMANDS.command(
    "account",
    "[nickname]",
    "show whether a nickname is registered, and more of your own; /account also on lets all your clients be here at"
    " once",
    waits=True,
)
def _account(session: Dialogue, argument: str) -> None:
    session.describe_account(argument)


@COMMANDS.command(
    "token",
    "new|revoke NAME [scopes]",
    "make a token by which a program logs in to your account, or revoke one; the scopes are read, say, say:ROOM and"
    " moderate",
    waits=True,
)
def _token(session: Dialogue, argument: str) -> None:
    change_tokens(session, argument)


@COMMANDS.command("tokens", "", "list the tokens of your account, and when each was last used", waits=True)
def _tokens(session: Dialogue, argument: str) -> None:
    list_tokens(session)


@COMMANDS.command("oper", "name password", "become an operator, who may close others' connections", waits=True)
def _oper(session: Dialogue, argument: str) -> None:
    name, password = argument.split(maxsplit=1)
    session.become_operator(name, password)


@COMMANDS.command("kill", "nickname [reason]", "close somebody's connection; for operators", waits=True)
def _kill(session: Dialogue, argument: str) -> None:
    nickname, _, reason = argument.partition(" ")
    session.expel_other(nickname, reason.strip() or "no reason given")


@COMMANDS.command("room", "[room]", "show what holds in a room: its owner, modes, roles and topic", waits=True)
def _room(session: Dialogue, argument: str) -> None:
    show_room(session, room_name(argument) if argument else session.active_room)


@COMMANDS.command("set", "[mode] [value]", "show the modes of this room, or set one; off takes it away", in_room=True)
def _set(session: Dialogue, argument: str) -> None:
    set_mode(session, argument)


@COMMANDS.command("rights", "", "list who may do what", waits=True)
def _rights(session: Dialogue, argument: str) -> None:
    show_rights(session)


@COMMANDS.command("kick", "nickname [reason]", "put somebody out of this room; they may come back", in_room=True)
def _kick(session: Dialogue, argument: str) -> None:
    kick(session, argument)


@COMMANDS.command(
    "ban",
    "who [time] [everywhere] [reason]",
    "keep somebody out of this room, or off the server: a nickname, account:NAME, an address, a network or a mask such"
    " as bad*!*@*; for a time such as 10m or 3d, or for good",
    in_room=True,
)
def _ban(session: Dialogue, argument: str) -> None:
    add_entry(session, BAN, argument)


@COMMANDS.command("unban", "who [everywhere]", "let somebody in again", in_room=True)
def _unban(session: Dialogue, argument: str) -> None:
    lift_entry(session, BAN, argument)


@COMMANDS.command("bans", "[everywhere]", "list who is banned or muted in this room, or on the server", waits=True)
def _bans(session: Dialogue, argument: str) -> None:
    list_entries(session, argument)


@COMMANDS.command(
    "mute", "who [time] [reason]", "silence somebody in this room: they may read, and say nothing", in_room=True
)
def _mute(session: Dialogue, argument: str) -> None:
    add_entry(session, MUTE, argument)


@COMMANDS.command("unmute", "who", "let somebody speak in this room again", in_room=True)
def _unmute(session: Dialogue, argument: str) -> None:
    lift_entry(session, MUTE, argument)


@COMMANDS.command(
    "except", "who [time] [reason]", "have no ban and no mute of this room be about somebody", in_room=True
)
def _except(session: Dialogue, argument: str) -> None:
    add_entry(session, EXCEPTION, argument)


@COMMANDS.command("unexcept", "who", "have them be about somebody again", in_room=True)
def _unexcept(session: Dialogue, argument: str) -> None:
    lift_entry(session, EXCEPTION, argument)


@COMMANDS.command("admit", "who [time] [reason]", "let somebody in without an invitation, for good", in_room=True)
def _admit(session: Dialogue, argument: str) -> None:
    add_entry(session, INVITED, argument)


@COMMANDS.command("unadmit", "who", "let somebody in by invitation alone again", in_room=True)
def _unadmit(session: Dialogue, argument: str) -> None:
    lift_entry(session, INVITED, argument)


@COMMANDS.command(
    "shun",
    "who [time] [reason]",
    "silence somebody on the whole server, private messages included; for operators of the server",
)
def _shun(session: Dialogue, argument: str) -> None:
    add_entry(session, MUTE, argument, SERVER)


@COMMANDS.command("unshun", "who", "let somebody speak on the server again; for operators of the server")
def _unshun(session: Dialogue, argument: str) -> None:
    lift_entry(session, MUTE, argument, SERVER)


@COMMANDS.command("op", "who [everywhere]", "make somebody an operator of this room, or of the server", in_room=True)
def _op(session: Dialogue, argument: str) -> None:
    change_role(session, argument, Role.OPERATOR, given=True)


@COMMANDS.command("deop", "who [everywhere]", "take that away", in_room=True)
def _deop(session: Dialogue, argument: str) -> None:
    change_role(session, argument, Role.OPERATOR, given=False)


@COMMANDS.command("voice", "who [everywhere]", "have somebody be heard in this room when it is moderated", in_room=True)
def _voice(session: Dialogue, argument: str) -> None:
    change_role(session, argument, Role.VOICE, given=True)


@COMMANDS.command("devoice", "who [everywhere]", "take that away", in_room=True)
def _devoice(session: Dialogue, argument: str) -> None:
    change_role(session, argument, Role.VOICE, given=False)


@COMMANDS.command("owner", "who [everywhere]", "make somebody an owner of this room, or of the server", in_room=True)
def _owner(session: Dialogue, argument: str) -> None:
    change_role(session, argument, Role.OWNER, given=True)


@COMMANDS.command("deowner", "who [everywhere]", "take that away", in_room=True)
def _deowner(session: Dialogue, argument: str) -> None:
    change_role(session, argument, Role.OWNER, given=False)


@COMMANDS.command("announce", "text", "tell everybody on the server something; for its operators", waits=True)
def _announce(session: Dialogue, argument: str) -> None:
    session.chat.moderation.announce(session.member, argument)


@COMMANDS.command("ignore", "nickname", "hide what somebody says and does")
def _ignore(session: Dialogue, argument: str) -> None:
    session.ignore(argument)


@COMMANDS.command("unignore", "nickname", "show it again")
def _unignore(session: Dialogue, argument: str) -> None:
    session.unignore(argument)


@COMMANDS.command("ping", "[text]", "get an answer: for programs that check whether the connection works")
def _ping(session: Dialogue, argument: str) -> None:
    session.reply(Pong(argument))


@COMMANDS.command("quit", "[reason]", "leave, and tell the others why")
def _quit(session: Dialogue, argument: str) -> None:
    session.quit(argument, own_words=True)
