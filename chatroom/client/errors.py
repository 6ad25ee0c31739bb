"""Errors of the client: requests that it does not send, and connections that it does not make or keep."""

from __future__ import annotations

from typing import ClassVar

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


class NotEncrypted(ChatError):
    """There is no encrypted connection to the server, and nothing was sent but the beginning of one."""

    code = "not-encrypted"
    final: ClassVar[bool] = False
    """Whether another try is of no use before somebody has changed something."""


class CertificateRefused(NotEncrypted):
    """The server does not prove that it is the one that was asked for."""

    code = "certificate-refused"
    sentence = "{where} cannot be trusted: its certificate is refused ({why}). Tell whoever runs the server."
    final = True


class UnknownAuthority(CertificateRefused):
    code = "unknown-authority"
    sentence = (
        "{where} cannot be trusted: the authority that signed its certificate is not {trusted}. Check the address; "
        "if the authority is one of your own, give its certificate with --ca FILE."
    )


class SelfSigned(CertificateRefused):
    code = "self-signed"
    sentence = (
        "{where} cannot be trusted: its certificate is signed by nobody else, and is not {trusted}. Check the address; "
        "if the server is your own, give a copy of that certificate with --ca FILE."
    )


class WrongHost(CertificateRefused):
    code = "wrong-host"
    sentence = (
        "{where} cannot be trusted: its certificate is for {names}, not for {host}. Check the address; "
        "if it is right, give --host a name that the certificate has."
    )


class Expired(CertificateRefused):
    code = "expired"
    sentence = (
        "{where} cannot be trusted: {whose} has expired ({date}). Check this machine's clock; "
        "if it is right, tell whoever runs the server."
    )


class NotYetValid(CertificateRefused):
    code = "not-yet-valid"
    sentence = (
        "{where} cannot be trusted: {whose} is not valid yet ({date}). Check this machine's clock; "
        "if it is right, tell whoever runs the server."
    )


class NameRefused(NotEncrypted):
    code = "name-refused"
    sentence = "No certificate can be for {host}: give --host another name of the server, or its address."
    final = True


class PlainText(NotEncrypted):
    """The answer of the server is not TLS."""

    code = "plain-text"
    sentence = (
        "{where} answers without encryption (TLS). Give --port the server's encrypted port, "
        "or leave --tls out if everybody on the way may read along."
    )
    final = True


class TLSTooOld(NotEncrypted):
    code = "tls-too-old"
    sentence = "{where} offers no TLS that is new enough, which is 1.2 or later. Tell whoever runs the server."
    final = True


class TLSFailed(NotEncrypted):
    code = "tls-failed"
    sentence = "{where} broke off the beginning of encryption (TLS): {why}. Check that --port is its encrypted port."


class TLSTimeout(NotEncrypted):
    code = "tls-timeout"
    sentence = (
        "{where} did not answer within {seconds:g} seconds to begin encryption (TLS). "
        "Check that --port is its encrypted port."
    )


class IsEncrypted(ChatError):
    """The server waits for TLS, and the client speaks plain text."""

    code = "encrypted"
    sentence = "{where} is an encrypted port: add --tls."


class AuthoritiesUnread(ChatError):
    """A file of certificates does not give any."""

    code = "authorities-unread"
    sentence = "{path}: {why}"
