"""Errors, as the person whom they concern is told of them.

There are two families. A :class:`PeerError` is a mistake of the peer, which is answered and stays connected. A
:class:`ServerFault` is a fault of the server, which is logged. Each class has a stable ``code`` for programs (the
``code`` of an ``error`` in docs/protocol.rst) and a sentence for people, which says what to do. Adding an error is
adding a class.
"""

from __future__ import annotations

from typing import ClassVar


class ChatError(Exception):
    """An error with a sentence for people and a code that programs can rely on."""

    code: ClassVar[str] = "error"
    sentence: ClassVar[str] = "Something went wrong."

    def __init__(self, **details: object) -> None:
        """:param details: values for the names in braces in the class's ``sentence``."""
        self.details = details
        super().__init__(self.sentence.format(**details))


class PeerError(ChatError):
    """A mistake of the peer: it is answered, and the connection stays."""


class ServerFault(ChatError):
    """A fault of the server: it is logged, and the people whom it concerns are told."""


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


class NicknameRegistered(PeerError):
    """The nickname, or one that looks like it, belongs to an account that the peer is not logged in to."""

    code = "nickname-registered"
    sentence = "The nickname {nickname} is registered: log in if it is yours, or choose another."


class TooManySessions(PeerError):
    code = "too-many-sessions"
    sentence = "You're here as {nickname} with {limit} clients already: close one of them first."


class ServerClosed(PeerError):
    """The server lets in whom it was meant for, and the peer has yet to show that they are."""

    code = "server-closed"
    sentence = "This server is closed to strangers: {what}."


class InvitationRefused(PeerError):
    """There is no such invitation, or it lets nobody in any more; the sentence does not tell which."""

    code = "invitation-refused"
    sentence = "That invitation lets nobody in, or nobody more: ask for another."


class TooManyInvitations(PeerError):
    code = "too-many-invitations"
    sentence = "{why}."


class NoSuchInvitation(PeerError):
    code = "no-such-invitation"
    sentence = "There is no invitation {named}: list them with the sub-command invitations."


class ExpelledLately(PeerError):
    """An operator has closed the connection of somebody of this name from this address a moment ago."""

    code = "expelled"
    sentence = "An operator has closed your connection as {nickname}: you may come back by that name in {wait}."


class TooManyTries(PeerError):
    code = "too-many-tries"
    sentence = "None of {tries} nicknames would do: goodbye. Connect again to try others."


class HandshakeTimeout(PeerError):
    code = "handshake-timeout"
    sentence = "No nickname within {seconds:g} seconds: goodbye. Connect again when you have one."


class OtherProtocol(PeerError):
    """The peer speaks HTTP or TLS: a browser, perhaps one that a page of another site has sent."""

    code = "other-protocol"
    sentence = "{protocol} is not spoken at this door: use a chat client, or open the server's page in your browser."


class ProxyHeader(PeerError):
    """A named proxy has sent no PROXY header, or a broken one; or another peer has sent one."""

    code = "proxy-header"
    sentence = "You came by a proxy that is not set up for this server: {why}. Tell whoever runs it."


class UnknownCommand(PeerError):
    code = "unknown-command"
    sentence = "There is no /{name}{hint}. /help lists the commands; //{name} says it as text."


class BadArgument(PeerError):
    code = "bad-argument"
    sentence = "{what}. Use it like this: {usage}"


class NoSuchNickname(PeerError):
    code = "no-such-nickname"
    sentence = "Nobody here is called {nickname}. /who lists the people here."


class RoomNameRefused(PeerError):
    code = "room-name-refused"
    sentence = "That name will not do for a room: {why}."


class NoSuchRoom(PeerError):
    code = "no-such-room"
    sentence = "There is no room {room}. /rooms lists the rooms, and /join {room} makes this one."


class NotInRoom(PeerError):
    code = "not-in-room"
    sentence = "You are not in {room}: /join {room} first."


class NotThere(PeerError):
    code = "not-there"
    sentence = "{nickname} is not in {room}. /who {room} lists who is."


class InNoRoom(PeerError):
    code = "in-no-room"
    sentence = "You are in no room. Join one first with /join; /rooms lists them."


class TooManyRooms(PeerError):
    code = "too-many-rooms"
    sentence = "{who} at most {limit} rooms: /leave one first."


class LooksLikeEvent(PeerError):
    code = "looks-like-event"
    sentence = "Others could take that for something that the server says: put it in other words."


class Stopping(PeerError):
    code = "stopping"
    sentence = "The server is stopping: come back in a moment."


class RequestPending(PeerError):
    """A member may have one request to join, leave, quit, be renamed or be away on its way at a time."""

    code = "request-pending"
    sentence = "Your last request is not done yet. Wait for it, then try again."


class BadRequest(PeerError):
    code = "bad-request"
    sentence = "That is not a request: {why}."


class NothingSaid(PeerError):
    code = "nothing-said"
    sentence = "That message is empty. Write something."


class TooManyLines(PeerError):
    code = "too-many-lines"
    sentence = "That message has more than {limit} lines and was thrown away: send it in pieces."


class AlreadyHere(PeerError):
    code = "already-here"
    sentence = "{nickname} is in {room} already."


class NotOperator(PeerError):
    code = "not-operator"
    sentence = "Only operators may do that: /oper makes you one, if you know a password."


class NotAllowed(PeerError):
    """The peer lacks a right; the details have the ``right`` and the ``role`` that it takes."""

    code = "not-allowed"
    sentence = "You may not {what}{where}: it takes {role}. /rights lists who may do what."


class Outranked(PeerError):
    """Nobody acts on somebody who has a higher role."""

    code = "outranked"
    sentence = "You may not do that to {nickname}, who has a higher role than you."


class PutOut(PeerError):
    """An operator has put the peer out of the room, before what they said."""

    code = "put-out"
    sentence = "You were put out of {room}. /join {room} brings you back, unless you're banned."


class Banned(PeerError):
    code = "banned"
    sentence = "You're banned from {room}{until}{why}. Ask the people who run it to let you in."


class BannedFromServer(PeerError):
    code = "banned-from-server"
    sentence = "You're banned from this server{until}{why}. Ask whoever runs it to let you in."


class Muted(PeerError):
    code = "muted"
    sentence = "You're muted {where}{until}{why}: you may read, and nothing else."


class Moderated(PeerError):
    code = "moderated"
    sentence = "{room} is moderated: only those with a voice are heard. Ask an operator of the room for one."


class InviteOnly(PeerError):
    code = "invite-only"
    sentence = "{room} is for those who were invited: ask somebody who is in it."


class RoomForMembers(PeerError):
    code = "room-for-members"
    sentence = "{room} is for those who have an account: /login, or /register one, then try again."


class KeyNeeded(PeerError):
    code = "key-needed"
    sentence = "{room} has a key: give it behind the name, as in /join {room} KEY."


class RoomFull(PeerError):
    code = "room-full"
    sentence = "{room} has as many people as it may have ({limit}): try again later."


class TooSoon(PeerError):
    """The room is in slow mode."""

    code = "too-soon"
    sentence = "In {room}, one line in {seconds} seconds is enough: wait {wait:.0f} more."


class ListFull(PeerError):
    code = "list-full"
    sentence = "The list has {limit} entries, and that is as many as it may have: take some away first."


class NoSuchEntry(PeerError):
    code = "no-such-entry"
    sentence = "There is no {what} for {target}. /bans lists what there is."


class WrongPassword(PeerError):
    code = "wrong-password"
    sentence = "{why}."


class NotEncrypted(PeerError):
    """A password over a connection that others can read: it was not looked at."""

    code = "not-encrypted"
    sentence = (
        "Your connection is not encrypted, so no password is taken from it: connect with encryption (TLS). If you sent "
        "a password, take another one: others may have read it."
    )


class NoAccounts(PeerError):
    code = "no-accounts"
    sentence = "There are no accounts here: {why}."


class NoSuchAccount(PeerError):
    code = "no-such-account"
    sentence = "There is no account {account}: list them with the sub-command accounts list."


class RegistrationClosed(PeerError):
    code = "registration-closed"
    sentence = "Accounts cannot be made here: ask whoever runs the server for one."


class NotLoggedIn(PeerError):
    code = "not-logged-in"
    sentence = "You're not logged in: /login first."


class PasswordRefused(PeerError):
    """No password may be like that; the sentence never repeats it."""

    code = "password-refused"
    sentence = "That password will not do: {why}."


class PasswordMissing(PeerError):
    code = "password-missing"
    sentence = 'That needs a password: type it behind the command, or send it with the request as "{field}".'


class PasswordElsewhere(PeerError):
    code = "password-elsewhere"
    sentence = "The password of {account} is kept elsewhere: ask whoever runs the server to change it."


class TooManyAccounts(PeerError):
    code = "too-many-accounts"
    sentence = "{why}."


class TooManyNicknames(PeerError):
    code = "too-many-nicknames"
    sentence = "An account has at most {limit} nicknames: give one up first, with /unregister and its name."


class ScopeMissing(PeerError):
    """The peer has logged in by a token, which does not allow that."""

    code = "scope-missing"
    sentence = "Your token does not allow that: {why}."


class TokenRevoked(PeerError):
    code = "token-revoked"
    sentence = "The token that you have logged in by was revoked: your connection is closed."


class NoSuchToken(PeerError):
    code = "no-such-token"
    sentence = "There is no token {name}. /tokens lists yours."


class TokenNameTaken(PeerError):
    code = "token-name-taken"
    sentence = "There is a token {name} already: choose another name, or /token revoke {name} first."


class TooManyTokens(PeerError):
    code = "too-many-tokens"
    sentence = "An account has at most {limit} tokens: revoke one first, with /token revoke and its name."


class LoginsBusy(PeerError):
    """More passwords wait to be looked at than may."""

    code = "logins-busy"
    sentence = "Too many people log in at this moment: try again in a few seconds."


class NothingToSearch(PeerError):
    code = "nothing-to-search"
    sentence = "There is no word to search for: give one that was said."


class SearchTooLong(PeerError):
    code = "search-too-long"
    sentence = "That is too much to search for: give at most {words} words, of {length} characters together."


class TakesTooLong(PeerError):
    """A question was given up at a bound in time."""

    code = "takes-too-long"
    sentence = "That takes too long. Ask for less, or try again in a minute."


class TopicTooLong(PeerError):
    code = "topic-too-long"
    sentence = "A topic has at most {limit} bytes: make it shorter, and say the rest in the room."


class NoSuchMessage(PeerError):
    """There is no message of talk with this id in the room, or it was removed already."""

    code = "no-such-message"
    sentence = "There is no message {id} in {room} that could be removed. /history ids shows the messages' numbers."


class NotYourMessage(PeerError):
    """The message is another's, and the peer may not remove others' messages."""

    code = "not-your-message"
    sentence = "That is {nickname}'s message: only {nickname} and those who moderate the room may remove it."


class NothingToRemove(PeerError):
    code = "nothing-to-remove"
    sentence = "{nickname} has said nothing in {room} {when}. Check the name; /history ids shows who said what."


class NoSuchReport(PeerError):
    code = "no-such-report"
    sentence = "There is no open report {number}: /reports lists those that are open."


class TooManyReports(PeerError):
    code = "too-many-reports"
    sentence = "You have reported as much as one may for now, and all of it is being looked at: wait {minutes} minutes."


class AuditNotKept(ServerFault):
    code = "audit-not-kept"
    sentence = "That cannot be kept in the audit log: {why}. Try again when that is mended."


class TooManyClients(PeerError):
    code = "too-many-clients"
    sentence = "The server is full ({limit} connections): try again later."


class TooManyFromHost(PeerError):
    code = "too-many-from-host"
    sentence = "There are {limit} connections from your address already: close one, or try again later."


class AlreadyKept(PeerError):
    """The log has an event of this member with this ``ref``: the request was done before."""

    code = "already-kept"
    sentence = "That was sent before and is kept as {id}: nothing was done again."

    @property
    def id(self) -> int:
        """The id of the event that came of it."""
        return int(str(self.details["id"]))


class NotKept(ServerFault):
    code = "not-kept"
    sentence = "not sent: {why}. Try again when that is mended."


class AccountNotKept(ServerFault):
    code = "account-not-kept"
    sentence = "Nothing was changed: {why}. Try again when that is mended."


class NoHistory(ServerFault):
    code = "no-history"
    sentence = "The history cannot be read: {why}."


class Unforeseen(ServerFault):
    """An exception that nobody foresaw, in the work on a question."""

    code = "unforeseen"
    sentence = "The server has a fault and cannot answer that: tell whoever runs it, who finds more in its log."


class HistoryUnusable(ServerFault):
    code = "history-unusable"
    sentence = "{path}: {why}."


class CertificateUnusable(ServerFault):
    code = "bad-certificate"
    sentence = "{path}: {why}."


class HistoryBroken(ServerFault):
    code = "history-broken"
    sentence = "The history in {path} cannot be kept any more ({why}): the server is stopping."
