"""Requests of programs: one object of JSON a line (``input=json`` in the handshake), read and written.

docs/requests.schema.json describes the objects. No I/O. The module does not decide who may ask for what.
"""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

from chatroom.model.constants import ENCODING
from chatroom.model.errors import BadRequest, ChatError, LineTooLong, TooManyLines
from chatroom.model.events import MAX_ID
from chatroom.model.passwords import Secret

OVERHEAD = 6
"""Bytes of JSON that one byte of a text may take: ``\\u001f``."""

ENVELOPE = 1024
"""Bytes that the rest of the object may take."""

_FURTHER = ("room", "about", "ref", "secret", "new")
"""The fields that may be left out."""

_LINE_END = re.compile(r"\r\n|[\r\n]")

_REF = re.compile(r"[\x20-\x7e]{1,64}")


class Say(NamedTuple):
    """Say something: ``{"say": "two\\nlines", "room": "dev", "about": 41, "ref": "7"}``."""

    text: str
    """The message; it may have several lines."""
    room: str = ""
    """The room to say it in; empty for the room that they speak in."""
    about: int = 0
    """The id of the event that it is about; 0 for none."""
    ref: str = ""
    """The id that the program gives to the request; empty for none."""


class Do(NamedTuple):
    """Do a command: ``{"do": "/topic tea", "ref": "8"}``."""

    command: str
    room: str = ""
    ref: str = ""
    secret: Secret = Secret()
    """The password that the command asks for; empty for none."""
    new: Secret = Secret()
    """The new one, where it asks for two."""


def request_line(request: Say | Do) -> bytes:
    """The line that asks for ``request``, without its end; :func:`parse_request` reads it."""
    fields: dict[str, object] = {"say": request.text} if isinstance(request, Say) else {"do": request.command}
    # The rest may be left out where it is empty.
    fields |= {name: value for name, value in request._asdict().items() if name in _FURTHER and value}
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode(ENCODING)


def lines_in(text: str) -> int:
    """The number of lines in a message; line ends at its end begin no further line."""
    return len(_LINE_END.split(text.rstrip("\r\n")))


def max_line(max_message: int) -> int:
    """Bytes in a line that holds a message of ``max_message`` bytes, however it is escaped."""
    return max_message * OVERHEAD + ENVELOPE


class Refusal(NamedTuple):
    """A line that is not a request, and its ref if that could be read."""

    error: ChatError
    ref: str = ""


def parse_request(line: bytes, max_message: int, max_lines: int) -> Say | Do | Refusal:
    """Read one line.

    :param max_message: bytes in the text of a message.
    :param max_lines: lines in it.
    """
    ref = ""
    try:
        found = json.loads(line.decode(ENCODING))
        if not isinstance(found, dict):
            raise BadRequest(why="it is not an object")
        ref = _ref(found)
        request: Say | Do
        if "say" in found:
            _only(found, "say", "room", "about", "ref")
            request = Say(_text(found, "say"), _text(found, "room"), _about(found), ref)
            _check_size(request.text, max_message, max_lines)
        elif "do" in found:
            _only(found, "do", "room", "ref", "secret", "new")
            secrets = Secret(_text(found, "secret")), Secret(_text(found, "new"))
            request = Do(_text(found, "do"), _text(found, "room"), ref, *secrets)
            if "\n" in request.command or "\r" in request.command:
                raise BadRequest(why="a command is one line")
            _check_size(request.command, max_message, max_lines)
        else:
            raise BadRequest(why='it has neither "say" nor "do"')
    except ChatError as error:
        return Refusal(error, ref)
    except UnicodeError:
        return Refusal(BadRequest(why="it is not UTF-8"), ref)
    except (ValueError, RecursionError):
        return Refusal(BadRequest(why="it is not JSON"), ref)
    return request


def _only(found: dict[str, Any], *names: str) -> None:
    for name in found:
        if name not in names:
            raise BadRequest(why=f"there is no {json.dumps(name[:32])} in it ({', '.join(names)})")


def _text(found: dict[str, Any], name: str) -> str:
    value = found.get(name, "")
    if not isinstance(value, str):
        raise BadRequest(why=f'"{name}" is no text')
    # JSON can name half of a surrogate pair, and text with one cannot be encoded.
    if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
        raise BadRequest(why=f'"{name}" has half a character in it')
    return value


def _ref(found: dict[str, Any]) -> str:
    if "ref" not in found:
        return ""
    value = found["ref"]
    if not isinstance(value, str) or not _REF.fullmatch(value):
        raise BadRequest(why='"ref" is a text of 1 to 64 characters of ASCII')
    return value


def _about(found: dict[str, Any]) -> int:
    value = found.get("about", 0)
    if type(value) is not int or not 0 <= value <= MAX_ID:
        raise BadRequest(why='"about" is the id of an event')
    return value


def _check_size(text: str, max_message: int, max_lines: int) -> None:
    if len(text.encode(ENCODING)) > max_message:
        raise LineTooLong(limit=max_message)
    if lines_in(text) > max_lines:
        raise TooManyLines(limit=max_lines)
