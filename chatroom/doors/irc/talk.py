"""Talk: PRIVMSG and NOTICE to rooms and to people, each alone or, as a message of several lines, in a BATCH.

AWAY and SETNAME, which say something of oneself, are here as well.
"""

from __future__ import annotations

from collections.abc import Sequence

from chatroom.doors.irc.format import MULTILINE, Tagging
from chatroom.doors.irc.information import MAX_AWAY, MAX_TARGETS
from chatroom.doors.irc.message import CTCP, MAX_LINE, Message
from chatroom.doors.irc.multiline import Incoming, Invalid, State
from chatroom.doors.irc.numerics import Numeric
from chatroom.doors.irc.services import NICKSERV, is_service, told
from chatroom.doors.irc.session import IRCSession
from chatroom.model.constants import ENCODING
from chatroom.model.errors import ChatError, NotInRoom, PeerError, RoomNameRefused
from chatroom.model.events import Acted, Noticed, Said
from chatroom.model.graphemes import cut
from chatroom.model.names import room_name

MAX_REALNAME = 150
"""Bytes."""


def privmsg(session: IRCSession, parameters: Sequence[str]) -> None:
    """PRIVMSG #room|nickname[,...] text: say something."""
    targets = _targets(parameters[0]) if parameters else []
    text = parameters[1] if len(parameters) > 1 else ""
    if not targets:
        session.numeric(Numeric.ERR_NORECIPIENT, command="PRIVMSG")
    elif not text or text.isspace():
        session.numeric(Numeric.ERR_NOTEXTTOSEND)
    elif len(targets) > MAX_TARGETS:
        session.numeric(Numeric.ERR_TOOMANYTARGETS, targets[MAX_TARGETS])
    elif len(targets) > 1 and any(map(is_service, targets)):
        # There may be a password in it.
        why = f"A message to {NICKSERV} is for nobody else: none was sent it"
        session.numeric(Numeric.ERR_TOOMANYTARGETS, next(filter(is_service, targets)), text=why)
    else:
        session.several(len(targets))
        for target in targets:
            try:
                _say(session, target, text, False)
            except PeerError as error:
                _refuse(session, error, target)


def notice(session: IRCSession, parameters: Sequence[str]) -> None:
    """NOTICE #room|nickname[,...] text: say something that nobody's program answers."""
    if len(parameters) < 2 or not parameters[1] or parameters[1].isspace():
        return
    targets = _targets(parameters[0])
    if any(map(is_service, targets)):
        return
    session.several(len(targets[:MAX_TARGETS]))
    for target in targets[:MAX_TARGETS]:
        try:
            _say(session, target, parameters[1], True)
        except PeerError:
            # RFC 2812 section 3.3.2: "automatic replies MUST NEVER be sent in response to a NOTICE message".
            continue


def is_for_rooms(command: str, parameters: Sequence[str]) -> bool:
    """Whether a line says something to rooms alone, where the log keeps it behind the messages before it.

    The ends of a batch say nothing by themselves.
    """
    return command == "BATCH" or (bool(parameters) and all(one.startswith("#") for one in _targets(parameters[0])))


def _targets(parameter: str) -> list[str]:
    if "," in parameter:
        return list(dict.fromkeys(target for target in parameter.split(",") if target))
    return [parameter] if parameter else []


def _refuse(session: IRCSession, error: ChatError, target: str) -> None:
    if isinstance(error, (NotInRoom, RoomNameRefused)):
        session.numeric(Numeric.ERR_CANNOTSENDTOCHAN, target)
    else:
        session.refuse(error, target)


def _say(session: IRCSession, target: str, text: str, is_notice: bool) -> None:
    if target[0] == "#":
        _say_in_room(session, target, text, is_notice)
    else:
        _say_to_person(session, target, text, is_notice)
    session.user.seen_at = session.chat.now()


def _say_in_room(session: IRCSession, target: str, text: str, is_notice: bool) -> None:
    room = target[1:]
    if room not in session.rooms:
        room = room_name(target)
    if text[0] == CTCP:
        action = _action(text)
        if action is not None:
            session.say(room, action, Acted)
        elif not is_notice:
            session.numeric(Numeric.ERR_CANNOTSENDTOCHAN, target, text="Rooms take no CTCP but ACTION")
        return
    session.say(room, text.replace(CTCP, ""), Noticed if is_notice else Said)


def _action(text: str) -> str | None:
    """The words of an ACTION; None for any other CTCP, and for one without words."""
    command, _, action = text.strip(CTCP).partition(" ")
    action = action.replace(CTCP, "")
    return action if command.upper() == "ACTION" and action and not action.isspace() else None


def _say_to_person(session: IRCSession, target: str, text: str, is_notice: bool) -> None:
    if is_service(target):
        if not is_notice:
            told(session, target, text.replace(CTCP, ""))
        return
    person = session.chat.find(target)
    bare = text.replace(CTCP, "")
    if text[0] != CTCP:
        text = bare
    elif session.server.clients_of(person):
        # CTCP goes from client to client, with nothing but its two marks around it.
        text = f"{CTCP}{bare}{CTCP}"
        line = f":{session.source} PRIVMSG {person.nickname} :{text}"
        if len(line.encode(ENCODING)) > MAX_LINE and _action(text) is None:
            if not is_notice:
                session.numeric(Numeric.ERR_INPUTTOOLONG)
            return
    else:
        action = _action(text)
        if action is None:
            if not is_notice:
                why = f"{person.nickname} is not at an IRC client, and takes no CTCP but ACTION"
                session.numeric(Numeric.ERR_UNKNOWNERROR, session.answer.command, person.nickname, text=why)
            return
        text = f"* {session.nickname} {action}"
    tags = session.answer.client_tags or None
    message = session.chat.private(session.member, target, text, is_notice, tags, asker=session)
    if person is session.member:
        session.tell(message)
    if session.echo:
        # Somebody who writes to themselves sees it twice: this one answers their line.
        session.reply(message)
    if person.away is not None and not is_notice:
        session.numeric(Numeric.RPL_AWAY, person.nickname, text=person.away)


# Messages of several lines. The answer to the line that opens the batch is the answer to the whole message.


def batch(session: IRCSession, parameters: Sequence[str]) -> None:
    """BATCH +name draft/multiline #room|nickname, BATCH -name: say something of several lines, which stand between."""
    if not session.has_multiline:
        session.numeric(Numeric.ERR_UNKNOWNCOMMAND, "BATCH")
        return
    sign, name = parameters[0][:1], parameters[0][1:]
    incoming = session.incoming
    if sign == "+":
        _begin(session, name, parameters[1:])
    elif sign == "-" and incoming is not None and incoming.name == name:
        session.incoming = None
        if incoming.state is State.OPEN:
            _end(session, incoming)
    else:
        session.fail("MULTILINE_INVALID", text="There is no such batch")


def _begin(session: IRCSession, name: str, parameters: Sequence[str]) -> None:
    answer = session.postpone_answer()
    if session.incoming is not None and session.incoming.state is State.OPEN:
        _spoil(session, session.incoming, Invalid("The batch before was not ended, and was thrown away"))
    settings = session.chat.settings
    kind, target = (*parameters, "", "")[:2]
    incoming = session.incoming = Incoming(name, target, answer, settings.max_line, settings.max_lines)
    if not name or kind != MULTILINE:
        _spoil(session, incoming, Invalid(f"A batch of yours has a name, and is one of {MULTILINE}"))
    elif not target or "," in target:
        _spoil(session, incoming, Invalid("A batch is for one room, or for one person"))


def add_to_batch(session: IRCSession, message: Message) -> None:
    """Take a line that says which batch it is part of."""
    incoming = session.incoming
    if incoming is None or incoming.name != message.batch:
        why = Invalid("There is no such batch")
        if incoming is None or incoming.state is State.SPOILT:
            incoming = Incoming(message.batch, "", session.new_answer("BATCH", message.label), 0, 0)
        _spoil(session, incoming, why)
    elif incoming.state is State.OPEN:
        try:
            incoming.add(message)
        except Invalid as why:
            _spoil(session, incoming, why)


def lose_line(session: IRCSession) -> None:
    """Take notice that a line was thrown away: it may have been one of a message."""
    if session.incoming is not None and session.incoming.state is State.OPEN:
        _spoil(session, session.incoming, Invalid("A line of the message was too long"))


def _spoil(session: IRCSession, incoming: Incoming, why: Invalid) -> None:
    """Throw a message away, and say why."""
    incoming.spoil()
    session.do_line(incoming.answer, lambda: session.fail(why.code, *why.context, text=why.text))


def _end(session: IRCSession, incoming: Incoming) -> None:
    try:
        text = incoming.text()
    except Invalid as why:
        _spoil(session, incoming, why)
        return

    def say() -> None:
        try:
            _say(session, incoming.target, text, incoming.command == "NOTICE")
        except PeerError as error:
            if incoming.command != "NOTICE":
                _refuse(session, error, incoming.target)

    if is_for_rooms(incoming.command, [incoming.target]):
        session.do_line(incoming.answer, say)
    else:
        session.in_order(lambda: session.do_line(incoming.answer, say))


def tagmsg(session: IRCSession, parameters: Sequence[str]) -> None:
    """TAGMSG #room|nickname[,...]: send client-only tags alone, such as that one is typing."""
    targets = _targets(parameters[0])
    if not targets:
        session.numeric(Numeric.ERR_NORECIPIENT, command="TAGMSG")
    elif len(targets) > MAX_TARGETS:
        session.numeric(Numeric.ERR_TOOMANYTARGETS, targets[MAX_TARGETS])
    else:
        session.several(len(targets))
        for target in targets:
            try:
                _tag(session, target)
            except PeerError as error:
                _refuse(session, error, target)


def _tag(session: IRCSession, target: str) -> None:
    """Hand on the tags of the line that is being done to one target; they are not kept."""
    if target[0] == "#":
        name = target[1:] if target[1:] in session.rooms else room_name(target)
        if name not in session.rooms:
            raise NotInRoom(room=name)
        session.chat.check_say(session.member, name)
        target, told = f"#{name}", list(session.chat.rooms[name].members)
        session.scanned(len(told))
    else:
        if is_service(target):
            return
        session.chat.check_say(session.member, "")
        person = session.chat.find(target)
        target, told = person.nickname, [person]
    tags = session.answer.client_tags
    if tags:
        tagging = Tagging(session.chat.now(), session.nickname, target, dict(tags))
        session.server.tell_tags(session.member, tagging, told)
        if session.member in told and not target.startswith("#"):
            session.write(session.format.tagging(tagging))
        if session.echo:
            session.respond(session.format.tagging(tagging))


def away(session: IRCSession, parameters: Sequence[str]) -> None:
    """AWAY [text]: say that one is away, or, without a text, that one is back."""
    text = cut(parameters[0], MAX_AWAY) if parameters else ""
    session.several(len(session.rooms))
    session.request_of_line(session.chat.set_away, text)


def setname(session: IRCSession, parameters: Sequence[str]) -> None:
    """SETNAME realname: be shown with another realname."""
    realname = cut(parameters[0].strip(), MAX_REALNAME)
    if not realname:
        session.fail("INVALID_REALNAME", text="Give a realname that is not empty")
        return
    session.user.realname = realname
    session.scanned(sum(len(session.chat.rooms[room].members) for room in session.rooms if room in session.chat.rooms))
    session.server.tell_peers(session.member, "setname", f"SETNAME :{realname}")
    if session.has("setname"):
        session.send(f":{session.source} SETNAME :{realname}")
