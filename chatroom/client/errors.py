"""Errors for requests that the client does not send, as the person or the program that makes them is told."""

from __future__ import annotations

from chatroom.model.errors import ChatError


class NotSent(ChatError):
    """A request was not sent, and the client keeps nothing of it: the caller still has it."""


class MessageTooLong(NotSent):
    code = "line-too-long"
    sentence = "not sent: that is {size} bytes long, and the server takes {limit}. Send it in pieces."


class TooManyLines(NotSent):
    code = "too-many-lines"
    sentence = "not sent: that has {lines} lines, and the server takes {limit} in a message. Send it in pieces."


class TooManyUnacknowledged(NotSent):
    code = "too-many-unacknowledged"
    sentence = "not sent: the server has yet to answer {count} requests. Try again when it has answered some."


class NotConnected(NotSent):
    code = "not-connected"
    sentence = "not sent: there is no connection. Try again when there is one."


class NotSentAgain(ChatError):
    """A command was lost with its connection, and is not repeated: the second time, it could do something else."""

    code = "not-sent-again"
    sentence = "The connection was lost before the server answered {command}: see whether it is done."
