"""What can go wrong, as the person who caused it is told.

Two families: a :class:`PeerError` is somebody's mistake; they are answered and stay. A
:class:`ServerFault` is ours; it is logged. Each class has a stable ``code`` for programs (the ``code`` of
an ``error`` in docs/protocol.rst) and a sentence that says what to do. Adding an error is adding a class.
"""

from __future__ import annotations

from typing import ClassVar


class ChatError(Exception):
    """Something that a person is told, with a code that programs can rely on."""

    code: ClassVar[str] = "error"
    sentence: ClassVar[str] = "Something went wrong."

    def __init__(self, **details: object) -> None:
        """:param details: what the class's ``sentence`` names in braces."""
        self.details = details
        super().__init__(self.sentence.format(**details))


class PeerError(ChatError):
    """A peer's mistake: answer it, and the connection stays."""


class ServerFault(ChatError):
    """Our own: log it, and tell those whom it hits."""


class LineTooLong(PeerError):
    code = "line-too-long"
    sentence = "That line is longer than {limit} bytes and was thrown away: send it in pieces."


class NotUTF8(PeerError):
    code = "not-utf-8"
    sentence = "That line is not UTF-8 and was thrown away: set your terminal to UTF-8."


class BadHandshake(PeerError):
    code = "bad-handshake"
    sentence = "{what}: answer with a nickname, and options as key=value if you want any."


class NicknameRefused(PeerError):
    code = "nickname-refused"
    sentence = "That nickname will not do: {why}."


class NicknameTaken(PeerError):
    code = "nickname-taken"
    sentence = "The nickname {nickname} is taken: choose another."


class TooManyTries(PeerError):
    code = "too-many-tries"
    sentence = "None of {tries} nicknames would do: goodbye. Connect again to try others."


class HandshakeTimeout(PeerError):
    code = "handshake-timeout"
    sentence = "No nickname within {seconds:g} seconds: goodbye. Connect again when you have one."


class UnknownCommand(PeerError):
    code = "unknown-command"
    sentence = "There is no /{name}{hint}. /help lists the commands; //{name} says it as text."


class BadArgument(PeerError):
    code = "bad-argument"
    sentence = "{what}. Use it so: {usage}"


class NoSuchNickname(PeerError):
    code = "no-such-nickname"
    sentence = "Nobody here is called {nickname}: /who lists who is."


class RoomNameRefused(PeerError):
    code = "room-name-refused"
    sentence = "That name will not do for a room: {why}."


class NoSuchRoom(PeerError):
    code = "no-such-room"
    sentence = "There is no room {room}: /rooms lists those that there are, /join makes one."


class NotInRoom(PeerError):
    code = "not-in-room"
    sentence = "You are not in {room}: /join {room} first."


class InNoRoom(PeerError):
    code = "in-no-room"
    sentence = "You are in no room: /join one first; /rooms lists them."


class TooManyRooms(PeerError):
    code = "too-many-rooms"
    sentence = "{who} at most {limit} rooms: /leave one first."


class LooksLikeEvent(PeerError):
    code = "looks-like-event"
    sentence = "Others could take that for something that the server says: put it in other words."


class Stopping(PeerError):
    code = "stopping"
    sentence = "The server is stopping: come back in a moment."


class NothingToSearch(PeerError):
    code = "nothing-to-search"
    sentence = "There is no word to search for: give one that was said."


class TooManyClients(PeerError):
    code = "too-many-clients"
    sentence = "The server is full ({limit} connections): try again later."


class TooManyFromHost(PeerError):
    code = "too-many-from-host"
    sentence = "There are {limit} connections from your address already: close one, or try again later."


class NotKept(ServerFault):
    code = "not-kept"
    sentence = "not sent: {why}. Try again when that is mended."


class NoHistory(ServerFault):
    code = "no-history"
    sentence = "The history cannot be read: {why}."


class HistoryUnusable(ServerFault):
    code = "history-unusable"
    sentence = "{path}: {why}."


class HistoryBroken(ServerFault):
    code = "history-broken"
    sentence = "The history in {path} cannot be kept any more ({why}): the server is stopping."
