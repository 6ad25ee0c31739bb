"""The commands: one table of name, arguments, help and handler.

``/help`` and docs/commands.rst are printed from :data:`COMMANDS`; adding a command is adding one function here.
A handler gets the session of the person who typed it, and what stood behind the command's name. It asks the
session for what should happen, or raises a :class:`~chatroom.model.errors.PeerError`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from chatroom.model.errors import BadArgument, UnknownCommand
from chatroom.model.events import MAX_ID, Found, Notice, Pong, RoomList, RoomSummary
from chatroom.model.names import room_name
from chatroom.model.text import whole_number

if TYPE_CHECKING:
    from chatroom.core.session import Session

MAX_HISTORY = 1000
"""Lines that ``/history`` shows at most."""

FOUND = 20
"""Lines that ``/search`` shows at most."""

Handler = Callable[["Session", str], None]


@dataclass(frozen=True, slots=True)
class Command:
    """One row of the table."""

    name: str
    arguments: str
    """As a person reads them; those in brackets may be left out."""
    help: str
    handler: Handler
    waits: bool = False
    """Whether it is done only once what they said before has happened: no log puts it behind that by itself."""

    @property
    def usage(self) -> str:
        return f"/{self.name} {self.arguments}".rstrip()

    @property
    def required(self) -> int:
        """How many arguments must be there."""
        return len(re.sub(r"\[[^]]*\]", "", self.arguments).split())


COMMANDS: dict[str, Command] = {}
"""Every command by its name, in the order in which help lists them."""


def command(name: str, arguments: str, help_: str, *, waits: bool = False) -> Callable[[Handler], Handler]:
    """Put the decorated handler into :data:`COMMANDS`."""

    def add(handler: Handler) -> Handler:
        COMMANDS[name] = Command(name, arguments, help_, handler, waits)
        return handler

    return add


def run(session: Session, line: str) -> None:
    """Do what ``line`` asks for.

    :param line: the command's name, without its slash, and its arguments.
    :raises PeerError: it cannot be done.
    """
    name, _, argument = line.partition(" ")
    argument = argument.strip()
    found = COMMANDS.get(name.lower())
    if found is None:
        near = get_close_matches(name.lower(), COMMANDS, 1)
        raise UnknownCommand(name=name, hint=f" (did you mean /{near[0]}?)" if near else "")
    if len(argument.split()) < found.required:
        raise BadArgument(what=f"/{found.name} needs more than that", usage=found.usage)
    if found.waits:
        session.in_order(lambda: found.handler(session, argument))
    else:
        found.handler(session, argument)


@command("help", "[command]", "list the commands, or explain one")
def _help(session: Session, argument: str) -> None:
    name = argument.removeprefix("/").lower()
    if name and name not in COMMANDS:
        raise UnknownCommand(name=name, hint="")
    for row in [COMMANDS[name]] if name else COMMANDS.values():
        session.tell(Notice(f"{row.usage} - {row.help}"))


@command("who", "[room]", "list who is in a room: this one, or the one named", waits=True)
def _who(session: Session, argument: str) -> None:
    room = room_name(argument) if argument else session.active_room
    session.tell(session.chat.room(room).people())


@command("me", "text", "say what you do: /me waves shows * alice waves")
def _me(session: Session, argument: str) -> None:
    session.chat.act(session, session.active_room, argument)


@command("msg", "nickname text", "tell one person alone; it is not kept", waits=True)
def _msg(session: Session, argument: str) -> None:
    nickname, text = argument.split(maxsplit=1)
    session.chat.private(session, nickname, text)


@command("nick", "name", "be called something else")
def _nick(session: Session, argument: str) -> None:
    session.chat.rename(session, argument)
    if not session.rooms:
        # There is no room in which it could be seen.
        session.tell(Notice(f"you are now called {argument}"))


@command("join", "room", "enter a room, or speak in it if you are there already")
def _join(session: Session, argument: str) -> None:
    session.join(room_name(argument))


@command("leave", "[room]", "leave a room: this one, or the one named")
def _leave(session: Session, argument: str) -> None:
    room = room_name(argument) if argument else session.active_room
    session.chat.leave(session, room, "")


@command("rooms", "", "list the rooms, how many are in each, and their topics", waits=True)
def _rooms(session: Session, argument: str) -> None:
    rooms = sorted(session.chat.rooms.values(), key=lambda room: room.name)
    session.tell(RoomList([RoomSummary(room.name, len(room.members), room.topic) for room in rooms]))


@command("topic", "[text]", "show the room's topic, or set it; /topic - takes it away")
def _topic(session: Session, argument: str) -> None:
    room = session.active_room
    if argument:
        session.chat.set_topic(session, room, "" if argument == "-" else argument)
    else:
        session.in_order(lambda: _tell_topic(session, room))


def _tell_topic(session: Session, room: str) -> None:
    topic = session.chat.room(room).topic
    session.tell(Notice(f"the topic of {room} is: {topic}" if topic else f"there is no topic in {room}"))


@command("history", "[n] [before ID]", f"show the last n lines of talk in this room, at most {MAX_HISTORY}", waits=True)
def _history(session: Session, argument: str) -> None:
    words = argument.split()
    before = _number(words.pop(), MAX_ID, "history") if words[-2:-1] == ["before"] else None
    if before is not None:
        words.pop()
    count = _number(words.pop(), MAX_HISTORY, "history") if words else session.chat.settings.replay
    if words:
        raise BadArgument(what="/history takes less than that", usage=COMMANDS["history"].usage)
    room = session.active_room
    session.ask(
        lambda answer, failed: session.chat.log.recent(room, count, before, answer, failed),
        lambda events: session.tell_history(room, events),
    )


def _number(text: str, most: int, name: str) -> int:
    number = whole_number(text, most)
    if not number:
        raise BadArgument(what=f"{text} is not a number from 1 to {most}", usage=COMMANDS[name].usage)
    return number


@command(
    "search",
    "words",
    f"show the last lines of talk in this room that have all these words, at most {FOUND}",
    waits=True,
)
def _search(session: Session, argument: str) -> None:
    room = session.active_room
    session.ask(
        lambda answer, failed: session.chat.log.search(room, argument, FOUND, answer, failed),
        lambda events: session.tell(Found(room, argument, events)),
    )


@command("ignore", "nickname", "hear no more of somebody")
def _ignore(session: Session, argument: str) -> None:
    session.ignore(argument)


@command("unignore", "nickname", "hear somebody again")
def _unignore(session: Session, argument: str) -> None:
    session.unignore(argument)


@command("ping", "[text]", "be answered: for programs that want to know whether the connection lives")
def _ping(session: Session, argument: str) -> None:
    session.tell(Pong(argument))


@command("quit", "[reason]", "leave, and tell the others why")
def _quit(session: Session, argument: str) -> None:
    session.quit(argument)
