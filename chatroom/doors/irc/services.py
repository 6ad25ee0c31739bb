"""NickServ, as habit expects it: a name for the server, which takes passwords in messages of one's own.

Clients send their password to NickServ by themselves, on networks that have it and on others. So no message to a
service is ever handed on, whatever stands in it, and no nickname is that of one (:mod:`chatroom.model.names`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from chatroom.core.members import Member
from chatroom.doors.irc.accounts import check_password_may_come, log_in, make_account, note_wrong, origin_of
from chatroom.doors.irc.format import said_in_lines
from chatroom.doors.irc.numerics import Numeric
from chatroom.doors.irc.session import IRCSession
from chatroom.log.accounts import Account, key_of
from chatroom.model.answers import LoggedIn
from chatroom.model.errors import ChatError, NotLoggedIn, PeerError
from chatroom.model.names import SERVICES
from chatroom.model.passwords import Secret
from chatroom.wire.formats import day_of

NICKSERV = "NickServ"


def is_service(target: str) -> bool:
    """Whether a message to ``target`` is for a service: ``NickServ``, or ``NickServ@services.example.org``."""
    return key_of(target.partition("@")[0]) in SERVICES


def nickserv(session: IRCSession, parameters: Sequence[str]) -> None:
    """NICKSERV command, NS command: the same as a message to NickServ."""
    told(session, NICKSERV, " ".join(parameters))


def told(session: IRCSession, target: str, text: str) -> None:
    """Do what a message to a service asks for."""
    if key_of(target.partition("@")[0]) != key_of(NICKSERV):
        session.numeric(Numeric.ERR_NOSUCHNICK, target)
        return
    word, _, rest = text.strip().partition(" ")
    command = COMMANDS.get(word.upper())
    if command is None:
        _say(session, "There is no such command: /msg NickServ HELP lists those that there are")
        return
    words = rest.split()
    if len(words) < command.minimum:
        _say(session, f"Say it like this: /msg NickServ {command.usage}")
        return
    try:
        command.handler(session, words)
    except PeerError as error:
        _refuse(session, error)


def _say(session: IRCSession, text: str) -> None:
    """Answer as NickServ."""
    server = session.server.name
    head = f":{NICKSERV}!{NICKSERV}@{server} NOTICE {session.nickname} :"
    for line in said_in_lines(head, text):
        session.send(line)


def _refuse(session: IRCSession, error: ChatError) -> None:
    # The error's own sentence names a command of other doors.
    logged_out = "You are not logged in: /msg NickServ IDENTIFY password"
    _say(session, logged_out if isinstance(error, NotLoggedIn) else str(error))


def _identify(session: IRCSession, words: Sequence[str]) -> None:
    check_password_may_come(session)
    # A password of several words is given with the name.
    name, password = (session.nickname, words[0]) if len(words) == 1 else (words[0], " ".join(words[1:]))

    def right() -> None:
        account = session.member.account
        _say(session, f"You are logged in as {account}" + _what_next(session, name))

    log_in(session, name, Secret(password), right, lambda error: _refuse(session, error))


def _what_next(session: IRCSession, name: str) -> str:
    """The end of a sentence, for somebody who is called something else than the account they logged in to."""
    if key_of(name) == key_of(session.nickname) or key_of(session.member.account) == key_of(session.nickname):
        return ""
    return f"; /nick {session.member.account} takes your nickname"


def _register(session: IRCSession, words: Sequence[str]) -> None:
    if session.member.account:
        _group(session, ())
        return
    session.chat.accounts.check_registration(session.member)
    session.check_encrypted()

    def made() -> None:
        account = session.member.account
        _say(session, f"{account} is yours now: log in with your password when you come back (SASL PLAIN)")

    make_account(session, Secret(words[0]), made, lambda error: _refuse(session, error))


def _group(session: IRCSession, words: Sequence[str]) -> None:
    accounts = session.chat.accounts

    def answered(error: ChatError | None) -> None:
        if error is not None:
            _refuse(session, error)
        else:
            _say(session, f"The nickname {session.nickname} belongs to your account {session.member.account}")

    session.ask_accounts(
        lambda answer, failed: accounts.add_nickname(session.member, lambda: answer(None), answer), answered
    )


def _log_out(session: IRCSession, words: Sequence[str]) -> None:
    if not session.member.account:
        raise NotLoggedIn()
    accounts = session.chat.accounts
    accounts.used(session.member)
    accounts.log_out(session.member)
    session.journal("has logged out")
    session.respond(session.format.logged_in(session.nickname, ""))
    _say(session, "You are logged out")


def _password(session: IRCSession, words: Sequence[str]) -> None:
    check_password_may_come(session)
    old, new = Secret(words[0]), Secret(words[1])
    accounts = session.chat.accounts

    def answered(error: ChatError | None) -> None:
        if error is not None:
            note_wrong(session, error)
            _refuse(session, error)
        else:
            session.journal("has changed their password")
            _say(session, "Your password is changed: have your client know the new one")

    session.ask_accounts(
        lambda answer, failed: accounts.change_password(
            session.member, old, new, lambda: answer(None), answer, origin=origin_of(session)
        ),
        answered,
    )


def _unregister(session: IRCSession, words: Sequence[str]) -> None:
    check_password_may_come(session)
    accounts, name = session.chat.accounts, session.member.account

    def answered(found: ChatError | list[Member]) -> None:
        if isinstance(found, ChatError):
            note_wrong(session, found)
            _refuse(session, found)
            return
        session.journal(f"has removed the account {name}")
        for member in found:
            if member is not session.member:
                member.tell(LoggedIn(""))
        session.respond(session.format.logged_in(session.nickname, ""))
        _say(session, f"The account {name} is gone, and anybody may have its nicknames")

    session.ask_accounts(
        lambda answer, failed: accounts.unregister(
            session.member, Secret(words[0]), answer, answer, origin=origin_of(session)
        ),
        answered,
    )


def _info(session: IRCSession, words: Sequence[str]) -> None:
    asked = words[0] if words else session.nickname

    def answered(account: Account | None) -> None:
        if account is None:
            _say(session, f"{asked} is not registered")
            return
        _say(session, f"{asked} is registered to the account {account.name}")
        if session.member.account == account.name or session.member.operator:
            nicknames = ", ".join(one.nickname for one in account.nicknames)
            _say(session, f"{account.name} was made on {day_of(account.made)}. Its nicknames: {nicknames}")

    session.ask_accounts(lambda answer, failed: session.chat.accounts.find(asked, answer, failed), answered)


def _help(session: IRCSession, words: Sequence[str]) -> None:
    asked = words[0].upper() if words else ""
    found = {asked: COMMANDS[asked]} if asked in COMMANDS else COMMANDS
    if found is COMMANDS:
        _say(session, "NickServ is the server: nobody reads what you send to it. Its commands:")
    for command in dict.fromkeys(found.values()):
        _say(session, f"{command.usage} - {command.help}")


class Command(NamedTuple):
    """One command of NickServ's."""

    handler: Callable[[IRCSession, Sequence[str]], None]
    usage: str
    help: str
    minimum: int = 0
    """How many words it needs."""


_IDENTIFY = Command(_identify, "IDENTIFY [account] password", "log in; without a name, to that of your nickname", 1)

COMMANDS: Mapping[str, Command] = {
    "IDENTIFY": _IDENTIFY,
    "ID": _IDENTIFY,
    "LOGIN": _IDENTIFY,
    "REGISTER": Command(
        _register, "REGISTER password [email]", "make an account of your nickname; nothing is done with the address", 1
    ),
    "GROUP": Command(_group, "GROUP", "have your nickname belong to the account that you are logged in to"),
    "PASSWORD": Command(_password, "PASSWORD old new", "change the password of your account", 2),
    "UNREGISTER": Command(_unregister, "UNREGISTER password", "remove your account", 1),
    "LOGOUT": Command(_log_out, "LOGOUT", "log out"),
    "INFO": Command(_info, "INFO [nickname]", "tell whose nickname it is"),
    "HELP": Command(_help, "HELP [command]", "list the commands, or explain one"),
}
"""The commands; adding one is adding a row."""
