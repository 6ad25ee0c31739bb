"""Registration: how a connection becomes a member, as a machine of three phases.

A client sends NICK and USER, and perhaps PASS before them and CAP around them, in any order
(https://modern.ircdocs.horse/#connection-registration). The phases are those of every session
(:class:`chatroom.core.session.Phase`); what is added here is what each newcomer has yet to send::

                  NICK, USER and CAP END                        the nickname
                  have come, as far as                          is granted
                  they are missing                              (001 to 422)
    OUTSIDE ---------------------------------> ENTERING ----------------------> IN
    missing:                                   claims the
    NICK, USER <------------------------------ nickname
    and, after CAP LS or REQ,    it is refused (433):
    CAP END                      NICK is missing again

    OUTSIDE ----the password of PASS is wrong (464)----> closed
            ----an invitation is looked at (ENTERING)--> OUTSIDE, or closed

PASS is never missing: whether it was needed, and right, is found out when nothing else is missing. It gives the
password of the server, or that of an account. A session that waits for its nickname, or for a password to be looked at,
takes no line, so nothing is sent in ENTERING. No I/O.
"""

from __future__ import annotations

from enum import Flag, auto

from chatroom.model.passwords import Secret


class Step(Flag):
    """A command that has yet to come before the nickname is claimed."""

    NICK = auto()
    USER = auto()
    CAP_END = auto()
    """Once the client has begun to negotiate capabilities."""


class Registration:
    """The commands of one newcomer: those that have come, and those that have yet to."""

    __slots__ = ("login", "missing", "nickname", "password", "realname", "taken", "username")

    def __init__(self) -> None:
        self.missing = Step.NICK | Step.USER
        self.nickname = ""
        """The nickname that they want; empty while NICK is missing."""
        self.username = self.realname = ""
        self.password = Secret()
        """The one of PASS, or an invitation; empty for none, and once it has let them in."""
        self.login = Secret()
        """An account and its password, with a colon between them, of PASS; empty for none."""
        self.taken = ""
        """The nickname that they wanted last and that is somebody's; empty for none."""

    @property
    def complete(self) -> bool:
        """Whether the nickname may be claimed."""
        return not self.missing

    @property
    def negotiates(self) -> bool:
        """Whether the client has not ended to negotiate capabilities: it may still log in."""
        return Step.CAP_END in self.missing

    def take_nickname(self, nickname: str) -> None:
        """NICK has come, with a nickname that they may perhaps have."""
        self.nickname, self.taken = nickname, ""
        self.missing &= ~Step.NICK

    def take_user(self, username: str, realname: str) -> None:
        """USER has come."""
        self.username, self.realname = username, realname
        self.missing &= ~Step.USER

    def begin_capabilities(self) -> None:
        """CAP LS or CAP REQ has come: the client wants to negotiate before it is let in."""
        self.missing |= Step.CAP_END

    def end_capabilities(self) -> None:
        """CAP END has come."""
        self.missing &= ~Step.CAP_END

    def nickname_refused(self) -> None:
        """The nickname that they claimed is another's."""
        self.taken, self.nickname = self.nickname, ""
        self.missing |= Step.NICK
