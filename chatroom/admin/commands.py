"""The sub-commands of ``python -m chatroom.admin``: one table of names, arguments, help and handlers.

A handler is given the file and the options, and yields the lines to print; what cannot be done is a
:class:`~chatroom.model.errors.ChatError`. Adding a sub-command is adding a row to :data:`COMMANDS`.
"""

from __future__ import annotations

import sys
import time
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

from chatroom.admin.history import HistoryFile, answer_of, done
from chatroom.admin.passwords import hash_of, new_password
from chatroom.core.issuing import DAY, HOLDS_FOR, LONGEST, check_token_name, described, new_invitation
from chatroom.log.accounts import Account, Terms
from chatroom.log.invitations import MAX_USES, Invitation
from chatroom.log.owners import give_server_role
from chatroom.log.tokens import Token
from chatroom.model.codes import INVITE, code_of, digest_of, new_token
from chatroom.model.durations import seconds_of
from chatroom.model.errors import InvitationRefused, NoSuchAccount, NoSuchInvitation
from chatroom.model.names import check_nickname, room_name
from chatroom.model.roles import Role
from chatroom.model.scopes import scopes_of
from chatroom.model.settings import url as parse_url
from chatroom.model.text import whole_number
from chatroom.wire.formats import day_of

Lines = Iterator[str]

NO_BOUNDS = Terms(lapsed_before=float("-inf"), max_accounts=sys.maxsize, max_nicknames=sys.maxsize)
"""Whoever runs the server is bound by no limit, and takes nobody's nickname without removing their account."""


class Command(NamedTuple):
    """One sub-command."""

    name: str
    help: str
    """Part of a sentence, for the list."""
    arguments: Callable[[ArgumentParser], None]
    """Adds its arguments to its parser."""
    run: Callable[[HistoryFile, Namespace], Lines]

    @property
    def description(self) -> str:
        """The same as a sentence, without its end."""
        return self.help[:1].upper() + self.help[1:]


# Arguments.


def _uses(text: str) -> int:
    found = whole_number(text, MAX_USES)
    if not found:
        raise ArgumentTypeError(f"{text} is no number from 1 to {MAX_USES}")
    return found


def _span(text: str) -> int:
    try:
        found = seconds_of(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text}: {error}") from None
    if found > LONGEST:
        raise ArgumentTypeError(f"{text} is more than {LONGEST // DAY} days")
    return found


def _url(text: str) -> str:
    try:
        return parse_url(text.partition("#")[0])
    except ValueError:
        raise ArgumentTypeError(f"{text} is no address such as https://chat.example.org/") from None


# Invitations.


def _invite_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--uses", metavar="N", type=_uses, default=1, help="how many people it lets in (default: 1)")
    parser.add_argument(
        "--for",
        metavar="TIME",
        type=_span,
        default=HOLDS_FOR,
        dest="seconds",
        help=f"how long it holds, such as 12h or 3d (default: {HOLDS_FOR // DAY}d)",
    )
    parser.add_argument("--room", metavar="ROOM", default="", help="the room that it leads to (default: the server's)")
    parser.add_argument("--url", type=_url, default="", help="the address of the page, to print a link to it as well")


def _invite(history: HistoryFile, options: Namespace) -> Lines:
    room = room_name(options.room) if options.room else ""
    code, invitation = new_invitation(room, options.uses, options.seconds, "", time.time())
    digest = digest_of(code_of(code))
    made: Invitation = answer_of(partial(history.invitations.add, digest, invitation))
    yield code
    if options.url:
        yield f"{options.url}#{INVITE}{code}"
    yield _described(made, time.time())


def _described(one: Invitation, now: float) -> str:
    to = f" to {one.room}" if one.room else ""
    by = f", made by {one.maker}" if one.maker else ""
    state = "" if one.holds(now) else ", lets nobody in any more"
    return f"invitation {one.id}{to}: used {one.used} of {one.uses}, until {day_of(one.ends)}{by}{state}"


def _list_invitations(history: HistoryFile, options: Namespace) -> Lines:
    found: Sequence[Invitation] = answer_of(history.invitations.all)
    now = time.time()
    for one in found:
        yield _described(one, now)


def _revoke_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("invitation", metavar="NUMBER", help="its number in the list, or its code or link")


def _revoke(history: HistoryFile, options: Namespace) -> Lines:
    named = options.invitation
    code, number = code_of(named), whole_number(named, 10**18)
    if code:
        try:
            invitation: Invitation = answer_of(partial(history.invitations.find, digest_of(code), time.time()))
        except InvitationRefused:
            raise NoSuchInvitation(named="of that code that lets anybody in") from None
        number = invitation.id
    if number is None or not answer_of(partial(history.invitations.revoke, number)):
        raise NoSuchInvitation(named=named)
    yield f"invitation {number} is revoked"


# Tokens.


def _token_arguments(parser: ArgumentParser) -> None:
    what = parser.add_subparsers(metavar="new|list|revoke", required=True, dest="what")
    new = what.add_parser("new", help="make a token, and print it", description="Make a token, and print it once.")
    new.add_argument("account", metavar="ACCOUNT")
    new.add_argument("name", metavar="NAME", help="what it is called in lists")
    new.add_argument("scopes", metavar="SCOPE", nargs="*", help="read, say, say:ROOM or moderate (default: read)")
    listing = what.add_parser("list", help="list tokens", description="List the tokens of an account, or of all.")
    listing.add_argument("account", metavar="ACCOUNT", nargs="?", default="")
    revoke = what.add_parser("revoke", help="revoke a token", description="Revoke a token; who uses it is put out.")
    revoke.add_argument("account", metavar="ACCOUNT")
    revoke.add_argument("name", metavar="NAME")


def _token(history: HistoryFile, options: Namespace) -> Lines:
    if options.what == "new":
        check_token_name(options.name)
        account, scopes = _account(history, options.account), scopes_of(options.scopes)
        secret, token = new_token(), Token(0, account.name, options.name, str(scopes), time.time())
        answer_of(partial(history.tokens.add, digest_of(secret), token))
        yield secret
    elif options.what == "revoke":
        answer_of(partial(history.tokens.revoke, options.account, options.name))
        yield f"the token {options.name} of {options.account} is revoked"
    else:
        ask = partial(history.tokens.of, options.account) if options.account else history.tokens.all
        found: Sequence[Token] = answer_of(ask)
        for one in found:
            yield f"{one.account}: {described(one)}"


# Accounts.


def _account(history: HistoryFile, name: str) -> Account:
    """:raises NoSuchAccount: there is none of that name."""
    found: Account | None = answer_of(partial(history.accounts.find, name))
    if found is None:
        raise NoSuchAccount(account=name)
    return found


def _accounts_arguments(parser: ArgumentParser) -> None:
    what = parser.add_subparsers(metavar="list|add|remove|password", required=True, dest="what")
    what.add_parser("list", help="list all accounts", description="List all accounts.")
    asked = "The password is asked for, or is the first line of the standard input."
    for name, help_, more in (
        ("add", "make an account", asked),
        ("remove", "remove an account, its nicknames and its tokens", "Who is logged in to it is logged out."),
        ("password", "give an account another password", asked),
    ):
        added = what.add_parser(name, help=help_, description=f"{help_[:1].upper()}{help_[1:]}. {more}")
        added.add_argument("account", metavar="NAME")


def _accounts(history: HistoryFile, options: Namespace) -> Lines:
    return _OF_ACCOUNTS[options.what](history, options)


def _list_accounts(history: HistoryFile, options: Namespace) -> Lines:
    for name, made, used in history.names():
        yield f"{name}: made on {day_of(made)}, last used on {day_of(used)}"


def _add_account(history: HistoryFile, options: Namespace) -> Lines:
    check_nickname(options.account)
    now = time.time()
    account = Account(options.account, hash_of(new_password()), now, now)
    done(partial(history.accounts.add, account, terms=NO_BOUNDS))
    yield f"the account {options.account} is made"


def _remove_account(history: HistoryFile, options: Namespace) -> Lines:
    account = _account(history, options.account)
    done(partial(history.accounts.remove, account.name))
    yield f"the account {account.name} is removed"


def _change_password(history: HistoryFile, options: Namespace) -> Lines:
    account = _account(history, options.account)
    done(partial(history.accounts.set_password, account.name, hash_of(new_password())))
    yield f"the account {account.name} has another password"


_OF_ACCOUNTS = {
    "list": _list_accounts,
    "add": _add_account,
    "remove": _remove_account,
    "password": _change_password,
}


def _no_arguments(parser: ArgumentParser) -> None:
    """Add none."""


# Roles.


def _owner_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("account", metavar="ACCOUNT", help="one that is there already")


def _owner(history: HistoryFile, options: Namespace) -> Lines:
    give_server_role(options.history, options.account, Role.OWNER)
    yield f"{options.account} owns the server from its next start on"


COMMANDS = (
    Command("invite", "make an invitation, and print its code", _invite_arguments, _invite),
    Command("invitations", "list the invitations", _no_arguments, _list_invitations),
    Command("revoke", "have an invitation let nobody in any more", _revoke_arguments, _revoke),
    Command("token", "make, list and revoke tokens of programs", _token_arguments, _token),
    Command("accounts", "list, add and remove accounts, or change a password", _accounts_arguments, _accounts),
    Command("owner", "have an account own a server that is not running", _owner_arguments, _owner),
)
"""Every sub-command, in the order in which help lists them."""
