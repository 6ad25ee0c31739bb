"""Roles and rights: the one table of which right needs which role. No I/O.

A role is held for the server or for a room, by account; somebody without an account may hold one in a room while they
are there. A role for the server holds in each room. Who holds which is folded from events
(:mod:`chatroom.model.rules`).
"""

from __future__ import annotations

from enum import Enum, IntEnum

SERVER = ""
"""Stands for the server where a room is named: no room has this name."""


class Role(IntEnum):
    """The roles, the lowest first."""

    GUEST = 0
    """Everybody: they need no account."""
    MEMBER = 1
    """Those who are logged in to an account."""
    VOICE = 2
    """Those who are heard in a moderated room."""
    OPERATOR = 3
    """Those who keep order."""
    OWNER = 4
    """Those whom the room, or the server, belongs to."""

    @property
    def word(self) -> str:
        """The role in lower case, as it stands in events."""
        return self.name.lower()

    @property
    def phrase(self) -> str:
        """The role with its article."""
        return f"an {self.word}" if self in (Role.OPERATOR, Role.OWNER) else f"a {self.word}"


GIVEN: dict[str, Role] = {role.word: role for role in (Role.VOICE, Role.OPERATOR, Role.OWNER)}
"""The roles that are given and taken, by their words; the others follow from having an account or none."""


class Right(Enum):
    """The rights: each with the role that it takes, whether that must be held for the server, and what it allows."""

    SPEAK = ("speak", Role.GUEST, False, "speak in a room")
    SPEAK_MODERATED = ("speak-moderated", Role.VOICE, False, "be heard in a moderated room, and not be slowed down")
    INVITE = ("invite", Role.GUEST, False, "invite somebody into a room")
    TOPIC = ("topic", Role.GUEST, False, "set the topic of a room")
    TOPIC_LOCKED = ("topic-locked", Role.OPERATOR, False, "set a topic that is locked")
    INVITE_PAST = ("invite-past", Role.OPERATOR, False, "invite somebody past the key, the limit and invite-only")
    ENTER_ANYWAY = ("enter-anyway", Role.OPERATOR, False, "enter a room whatever its modes are")
    SEE_HISTORY = ("see-history", Role.OPERATOR, False, "read the history of a room whatever its modes are")
    KICK = ("kick", Role.OPERATOR, False, "put somebody out of a room")
    BAN = ("ban", Role.OPERATOR, False, "keep somebody out of a room")
    MUTE = ("mute", Role.OPERATOR, False, "silence somebody in a room")
    VOICE = ("voice", Role.OPERATOR, False, "give and take the role voice")
    OP = ("op", Role.OPERATOR, False, "give and take the role operator")
    SET = ("set", Role.OPERATOR, False, "set the modes of a room")
    REMOVE = ("remove", Role.OPERATOR, False, "remove somebody's message")
    PURGE = ("purge", Role.OPERATOR, False, "remove all that somebody has said")
    REPORTS = ("reports", Role.OPERATOR, False, "be told of reports")
    AUDIT = ("audit", Role.OPERATOR, False, "read the audit log of a room")
    OWN = ("own", Role.OWNER, False, "give and take the role owner")
    SERVER_KICK = ("kill", Role.OPERATOR, True, "close somebody's connection")
    SERVER_BAN = ("server-ban", Role.OPERATOR, True, "keep somebody out of the server")
    SHUN = ("shun", Role.OPERATOR, True, "silence somebody everywhere")
    ANNOUNCE = ("announce", Role.OPERATOR, True, "tell everybody something")
    SEE_ADDRESSES = ("see-addresses", Role.OPERATOR, True, "see and ban addresses and networks")
    SEE_HIDDEN = ("see-hidden", Role.OPERATOR, True, "see hidden rooms")
    SERVER_AUDIT = ("server-audit", Role.OPERATOR, True, "read the audit log of the server")
    LOCKDOWN = ("lockdown", Role.OPERATOR, True, "close the server to newcomers")
    SERVER_ROLES = ("server-roles", Role.OWNER, True, "give and take roles for the server")

    def __init__(self, key: str, role: Role, of_server: bool, allows: str) -> None:
        self.key = key
        """The word by which programs know it."""
        self.role = role
        """The lowest role that has it."""
        self.of_server = of_server
        """Whether the role must be held for the server."""
        self.allows = allows
        """The words behind ``may``."""

    @property
    def holders(self) -> str:
        """The people who have it, for a sentence."""
        if self.role is Role.GUEST:
            return "everybody"
        where = "the server" if self.of_server else "a room"
        others = "" if self.role is Role.OWNER else " or more"
        return f"{self.role.phrase}{others} of {where}"


TO_GIVE: dict[Role, Right] = {Role.VOICE: Right.VOICE, Role.OPERATOR: Right.OP, Role.OWNER: Right.OWN}
"""The right that it takes to give or take each role in a room."""
