"""Invitations and tokens that people make for others, and for their programs: what the commands for them do.

Each is shown once, to the person who has made it. Who has logged in by a token makes none: it must not lead to more
than it allows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from chatroom.core.accounts import check_owner
from chatroom.core.dialogue import Dialogue
from chatroom.log.interface import NoAnswer
from chatroom.log.invitations import MAX_USES, Invitation
from chatroom.log.tokens import Token
from chatroom.model.answers import Notice
from chatroom.model.codes import INVITE, code_of, digest_of, new_code
from chatroom.model.durations import is_span, seconds_of
from chatroom.model.errors import BadArgument, NoAccounts, NotInRoom
from chatroom.model.names import room_name
from chatroom.model.passwords import Secret
from chatroom.model.scopes import USAGE, scopes_of
from chatroom.model.text import whole_number
from chatroom.wire.formats import day_of

DAY = 24 * 60 * 60

HOLDS_FOR, LONGEST = 7 * DAY, 365 * DAY
"""Seconds for which an invitation holds unless it is told otherwise, and at most."""

INVITE_USAGE = "/invite-link [room] [uses] [time]"

_TOKEN_NAME = re.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,31}")


def new_invitation(room: str, uses: int, seconds: float, maker: str, now: float) -> tuple[Secret, Invitation]:
    """A code, and the invitation that is to be kept under its hash."""
    return new_code(), Invitation(0, room, uses, 0, now + seconds, now, maker)


def check_token_name(name: str) -> None:
    """:raises BadArgument: no token may be called that."""
    if not _TOKEN_NAME.fullmatch(name):
        what = "The name of a token has 1 to 32 letters, digits, dots, hyphens or underscores"
        raise BadArgument(what=what, usage=USAGE)


def make_link(session: Dialogue, argument: str) -> None:
    """Make an invitation to a room, and show it.

    :param argument: the room, the number of people, and the time, of which each may be left out.
    """
    check_owner(session.member)
    room, uses, seconds = _wishes(argument)
    if not room:
        room = session.active_room
    elif room not in session.rooms:
        raise NotInRoom(room=room)
    invitations, now = session.chat.gate.invitations, session.chat.now()
    code, invitation = new_invitation(room, uses, seconds, session.member.account, now)

    def answered(made: Invitation) -> None:
        session.journal(f"has made the invitation {made.id}")
        url = session.chat.settings.web_url
        link = f"{url.partition('#')[0]}#{INVITE}{code}" if url else ""
        session.reply(Notice(f"{_description(made)} The code: {code}"))
        how = f"The link: {link}" if link else f"Behind the address of the page, #{INVITE}{code} makes a link of it."
        session.reply(Notice(how))

    def question(answer: Callable[[Invitation], None], failed: NoAnswer) -> None:
        if invitations is not None:
            invitations.add(digest_of(code_of(code)), invitation, answer, failed)
        else:
            failed(NoAccounts(why="nobody has set invitations up"))

    session.ask_accounts(question, answered)


def _wishes(argument: str) -> tuple[str, int, int]:
    room, uses, seconds = "", 1, HOLDS_FOR
    for word in argument.split():
        if is_span(word):
            seconds = seconds_of(word)
        elif word.isascii() and word.isdigit():
            uses = whole_number(word, MAX_USES) or 0
        elif room:
            raise BadArgument(what=f"{word} is neither a number nor a time such as 3d", usage=INVITE_USAGE)
        else:
            room = room_name(word)
    if not uses:
        raise BadArgument(what=f"An invitation is for 1 to {MAX_USES} people", usage=INVITE_USAGE)
    if seconds > LONGEST:
        raise BadArgument(what=f"An invitation holds for at most {LONGEST // DAY} days", usage=INVITE_USAGE)
    return room, uses, seconds


def _description(made: Invitation) -> str:
    people = "one person" if made.uses == 1 else f"{made.uses} people"
    to = f" to {made.room}" if made.room else ""
    return f"An invitation{to}, for {people}, until {day_of(made.ends)}. It is shown this once."


def list_tokens(session: Dialogue) -> None:
    """Show the tokens of the account that they are logged in to."""
    check_owner(session.member)

    def answered(tokens: Sequence[Token]) -> None:
        for token in tokens:
            session.reply(Notice(described(token)))
        if not tokens:
            session.reply(Notice(f"Your account has no tokens. A new one: {USAGE}"))

    accounts = session.chat.accounts
    session.ask_accounts(lambda answer, failed: accounts.tokens_of(session.member, answer, failed), answered)


def described(token: Token) -> str:
    """A token in a list."""
    used = f"last used on {day_of(token.used)}" if token.used else "never used"
    return f"token {token.name}: {token.scopes}, made on {day_of(token.made)}, {used}"


def change_tokens(session: Dialogue, argument: str) -> None:
    """Make a token, or revoke one.

    :param argument: ``new`` or ``revoke``, the name, and the scopes.
    """
    check_owner(session.member)
    what, name, *scopes = argument.split()
    if what == "new":
        _make_token(session, name, scopes)
    elif what == "revoke" and not scopes:
        _revoke_token(session, name)
    else:
        raise BadArgument(what=f"/token {what} is not known", usage=f"{USAGE}; /token revoke NAME")


def _make_token(session: Dialogue, name: str, words: Sequence[str]) -> None:
    check_token_name(name)
    scopes = scopes_of(words)

    def answered(secret: Secret) -> None:
        session.journal(f"has made the token {name} of the account {session.member.account}")
        session.reply(Notice(f"The token {name} ({scopes}) of your account. It is shown this once: {secret}"))

    def question(answer: Callable[[Secret], None], failed: NoAnswer) -> None:
        session.chat.accounts.add_token(session.member, name, scopes, answer, failed)

    session.ask_accounts(question, answered)


def _revoke_token(session: Dialogue, name: str) -> None:
    def answered(_: None) -> None:
        session.journal(f"has revoked the token {name} of the account {session.member.account}")
        session.reply(Notice(f"The token {name} is revoked, and who has logged in by it is gone."))

    def question(answer: Callable[[None], None], failed: NoAnswer) -> None:
        session.chat.accounts.revoke_token(session.member, name, lambda: answer(None), failed)

    session.ask_accounts(question, answered)
