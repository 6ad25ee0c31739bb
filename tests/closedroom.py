"""Closed servers in memory, and the keys to them."""

from __future__ import annotations

import time
from typing import Any

from ircroom import IRCRoom

from chatroom.core.chat import Chat
from chatroom.log.invitations import Invitation, Invitations
from chatroom.model.codes import code_of, digest_of, new_code
from chatroom.model.errors import ChatError
from chatroom.model.passwords import Secret
from chatroom.testing import Person

PASSWORD = "open sesame"
SECRET = "correct horse"
"""The password of each account."""

CLOSED = "This server is closed to strangers: bring an invitation"


def no_failure(error: ChatError) -> None:
    raise error


def invitations(chat: Chat) -> Invitations:
    found = chat.gate.invitations
    assert found is not None
    return found


def all_of(chat: Chat) -> list[Invitation]:
    """The invitations that there are; those of a room in memory answer at once."""
    found: list[Invitation] = []
    invitations(chat).all(found.extend, no_failure)
    return found


def invite(chat: Chat, uses: int = 1, seconds: float = 60, room: str = "") -> Secret:
    """The code of a new invitation."""
    code, now = new_code(), time.time()
    invitation = Invitation(0, room, uses, 0, now + seconds, now, "")
    invitations(chat).add(digest_of(code_of(code)), invitation, lambda one: None, no_failure)
    return code


class ClosedRoom(IRCRoom):
    """A server with a door for lines and one for IRC clients, at which nothing of the past is shown."""

    def __init__(self, **options: Any) -> None:
        super().__init__(replay=0, **options)

    def code(self, uses: int = 1, seconds: float = 60, room: str = "") -> Secret:
        """The code of a new invitation."""
        return invite(self.chat, uses, seconds, room)

    def invited(self, nickname: str, options: str = "") -> Person:
        """Somebody who is in by an invitation of their own, with nothing unread."""
        return self.enter(nickname, f"invite={self.code()} {options}".rstrip())

    def member(self, nickname: str) -> Person:
        """Somebody who is in, and has registered their nickname."""
        person = self.invited(nickname)
        person.type("/register", SECRET, SECRET)
        assert person.lines()[2] == f"* you are logged in to the account {nickname}"
        return person
