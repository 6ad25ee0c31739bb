"""The command line of the client for people."""

from __future__ import annotations

import argparse

from chatroom.model.constants import ENCODING, HOST_NAME, PORT
from chatroom.model.text import whole_number


def parser() -> argparse.ArgumentParser:
    """What the client may be told."""
    parser = argparse.ArgumentParser(
        prog="python -m chatroom.client",
        description="Talk in a chatroom. What you type is said; /help lists the commands.",
        epilog="On a pipe, every line of standard input is said, and the end of it leaves.",
    )
    parser.add_argument("nickname", type=_text, help="what you are called")
    parser.add_argument("--host", type=_text, default=HOST_NAME, help="where the server is (default: %(default)s)")
    parser.add_argument("--port", default=PORT, type=_port, help="its TCP port (default: %(default)s)")
    parser.add_argument(
        "--room",
        type=_text,
        help="the room to enter; of several, with commas between, the last is spoken in (default: the server's)",
    )
    parser.add_argument("--once", action="store_true", help="end when the server goes away, do not try again")
    parser.add_argument("--plain", action="store_true", help="plain lines on a terminal, too, as on a pipe")
    return parser


def _text(text: str) -> str:
    try:
        text.encode(ENCODING)
    except UnicodeEncodeError:
        # Bytes that are no text in the encoding of the locale: Python has put halves of characters in their place.
        raise argparse.ArgumentTypeError(f"{text!a} is not written as your locale has it: type it anew") from None
    if not text.strip():
        raise argparse.ArgumentTypeError("it is empty")
    return text


def _port(text: str) -> int:
    port = whole_number(text, 65535)
    if not port:
        raise argparse.ArgumentTypeError(f"{text} is not a port: they go from 1 to 65535")
    return port
