"""The command line of the client for people."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from getpass import getpass
from typing import NoReturn

from chatroom.model.codes import code_of
from chatroom.model.constants import ENCODING, FILE_ENCODING, HOST_NAME, PORT
from chatroom.model.passwords import MAX_PASSWORD, Secret
from chatroom.model.text import whole_number


def parser() -> argparse.ArgumentParser:
    """What the client may be told."""
    parser = argparse.ArgumentParser(
        prog="python -m chatroom.client",
        description="Talk in a chatroom. What you type is said; /help lists the commands.",
        epilog="On a pipe, every line of standard input is said, and the end of it leaves.",
    )
    parser.add_argument("nickname", type=_filled, help="what you are called")
    parser.add_argument("--host", type=_filled, default=HOST_NAME, help="where the server is (default: %(default)s)")
    parser.add_argument("--port", default=PORT, type=_port, help="its TCP port (default: %(default)s)")
    parser.add_argument(
        "--tls",
        action="store_true",
        help="encrypt the connection, and check the server's certificate by the authorities that the system trusts",
    )
    parser.add_argument(
        "--ca",
        type=_filled,
        metavar="FILE",
        help="encrypt the connection, and trust only the authorities (certificates in PEM) in this file",
    )
    parser.add_argument(
        "--room",
        type=_filled,
        help="the room to enter; of several, with commas between, the last is spoken in (default: the server's)",
    )
    parser.add_argument(
        "--also",
        action="store_true",
        help="be there beside other clients of your account that ask for it, such as your phone, under one nickname",
    )
    parser.add_argument(
        "--invite",
        type=_invitation,
        metavar="CODE",
        help="come in by an invitation: its code, or the link with it",
    )
    key = parser.add_mutually_exclusive_group()
    key.add_argument(
        "--password", action="store_true", help="ask for the password of a closed server, and do not show what is typed"
    )
    key.add_argument(
        "--password-file", type=_filled, metavar="FILE", help="take the password of a closed server from this file"
    )
    parser.add_argument("--once", action="store_true", help="end when the server goes away, do not try again")
    parser.add_argument("--plain", action="store_true", help="plain lines on a terminal, too, as on a pipe")
    parser.add_argument(
        "--commands",
        action="store_true",
        help="on a pipe, do a line that starts with / as a command, and say one that starts with // (default: say all)",
    )
    parser.add_argument(
        "--past",
        action="store_true",
        help="on a pipe, print what was said before, too (default: what is said from now on)",
    )
    parser.add_argument(
        "--no-bell", action="store_true", help="no bell for a message to you, or one that has your nickname in it"
    )
    return parser


def read(arguments: Sequence[str]) -> argparse.Namespace:
    """The options in ``arguments``; ends the program where they are wrong.

    One sentence says that an argument is not text: the usage would say nothing of that.
    """
    ours = parser()
    texts = []
    for number, argument in enumerate(arguments, 1):
        try:
            texts.append(_text(argument))
        except UnicodeDecodeError:
            refuse(f"argument {number} is {argument!a}, which is not text: write it in UTF-8")
    options = ours.parse_args(texts)
    options.tls = options.tls or options.ca is not None
    return options


def refuse(why: str) -> NoReturn:
    """End the program: an option cannot be followed. The usage would say nothing of the reason."""
    ours = parser()
    ours.exit(2, f"{ours.prog}: error: {why}\n")


def _text(argument: str) -> str:
    """:raises UnicodeDecodeError: it is text neither in the encoding of the locale nor in ours."""
    try:
        argument.encode(ENCODING)
    except UnicodeEncodeError:
        # Python has put halves of characters for bytes that are no text in the locale (PEP 383).
        return os.fsencode(argument).decode(ENCODING)
    return argument


def _filled(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("it is empty")
    return text


def _invitation(text: str) -> Secret:
    code = code_of(text)
    if not code:
        raise argparse.ArgumentTypeError("it is no invitation: give its code or its link as a whole")
    return code


def server_password(options: argparse.Namespace) -> Secret:
    """The password of the server, asked for or read from a file; empty for none. Ends the program where it fails."""
    if options.password:
        if not sys.stdin.isatty():
            refuse("--password asks for it at a terminal: use --password-file")
        return Secret(getpass("password of the server: "))
    path = options.password_file
    if not path:
        return Secret()
    try:
        with open(path, encoding=FILE_ENCODING) as file:
            found = Secret(file.readline(MAX_PASSWORD + 2).rstrip("\r\n"))
    except OSError as error:
        refuse(f"--password-file {path}: {error.strerror}")
    except UnicodeDecodeError:
        refuse(f"--password-file {path}: it is not UTF-8")
    if not found:
        refuse(f"--password-file {path}: its first line is empty: write the password there")
    return found


def _port(text: str) -> int:
    port = whole_number(text, 65535)
    if not port:
        raise argparse.ArgumentTypeError(f"{text} is not a port: they go from 1 to 65535")
    return port
