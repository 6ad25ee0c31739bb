"""Somebody at each kind of door, for tests that must not care which: what they do, and what they hear, is the same.

Adding a door is adding a class here and a row to :data:`GUESTS`.
"""

from __future__ import annotations

import json
import re
import socket
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from typing import NamedTuple

import pytest
from support import TIMEOUT, Server
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, CloseConnection, Ping, Request, TextMessage

from chatroom.model.constants import HOST_NAME


class Heard(NamedTuple):
    """Something that a guest was shown, whatever it looked like."""

    kind: str
    """``said``, ``acted``, ``joined``, ``left``, ``kicked``, ``renamed``, ``topic``, ``private`` or ``error``."""
    nickname: str
    text: str = ""


class Guest(ABC):
    """One person at one door, on a socket of their own."""

    hears_self = True
    """Whether what they say comes back to them."""

    def __init__(self, server: Server, nickname: str, address: str = "") -> None:
        """:param address: where a proxy says that they come from; empty where there is no proxy."""
        self.nickname = nickname
        self.heard: list[Heard] = []
        """All that is new, in the order in which it came."""
        self.past: list[Heard] = []
        """What was said before they came, as far as they were shown it."""
        self.raw = b""
        """Every byte of text that came."""
        self._next = 0
        self._unread = b""
        self._over = False
        self._socket = socket.create_connection((HOST_NAME, self.port(server)), TIMEOUT)
        if address:
            self._socket.sendall(f"PROXY TCP4 {address} {HOST_NAME} 56324 443\r\n".encode())

    @staticmethod
    def port(server: Server) -> int:
        """That of their door."""
        return server.port

    # What they do.

    def enter(self) -> None:
        """Come in, into the lobby; return once they are there."""
        self.knock()
        self.expect("joined", self.nickname)

    @abstractmethod
    def knock(self) -> None:
        """Ask to come in, into the lobby."""

    def say(self, *texts: str) -> None:
        """Say one thing after the other, in one go."""
        self.send(*[f"/{text}" if text.startswith("/") else text for text in texts])

    def act(self, text: str) -> None:
        self.send(f"/me {text}")

    def tell(self, nickname: str, text: str) -> None:
        """Say something to one person alone."""
        self.send(f"/msg {nickname} {text}")

    def be_called(self, nickname: str) -> None:
        self.send(f"/nick {nickname}")

    def set_topic(self, text: str) -> None:
        self.send(f"/topic {text}")

    def ask_for_history(self, count: int) -> None:
        """Ask for the last talk in the lobby; it comes into :attr:`past`."""
        self.send(f"/history {count}")

    def join_again(self) -> None:
        """Come into the lobby, out of which they were put."""
        self.send("/join lobby")

    def quit(self, reason: str) -> None:
        self.send(f"/quit {reason}")

    def vanish(self) -> None:
        """Be gone without a word."""
        self._socket.close()

    # What they hear.

    def expect(self, kind: str, nickname: str, text: str = "") -> None:
        """Wait until that is heard; what came before it is not waited for any more."""
        wanted = Heard(kind, nickname, text)
        self._wait(lambda: wanted in self.heard[self._next :], f"{wanted}")
        self._next = self.heard.index(wanted, self._next) + 1

    def expect_sometime(self, kind: str, nickname: str, text: str = "") -> None:
        """Wait until that has been heard, whatever has been since."""
        wanted = Heard(kind, nickname, text)
        self._wait(lambda: wanted in self.heard, f"{wanted}")

    def expect_gone(self, nickname: str) -> None:
        """Wait until they are told that somebody has left, for whatever reason."""
        self._wait(lambda: any(one[:2] == ("left", nickname) for one in self.heard), f"that {nickname} left")

    def expect_past(self, kind: str, nickname: str, text: str) -> None:
        """Wait until they are shown that this was said before."""
        wanted = Heard(kind, nickname, text)
        self._wait(lambda: wanted in self.past, f"{wanted} of the past")

    def expect_raw(self, text: str) -> None:
        """Wait until that has come, as it stands on the wire."""
        self._wait(lambda: text.encode() in self.raw, text)

    def expect_error(self) -> None:
        """Wait until something is refused."""
        self._wait(lambda: any(one.kind == "error" for one in self.heard[self._next :]), "an error")
        self._next = len(self.heard)

    def expect_the_end(self) -> None:
        """Wait until the server has closed the connection."""
        while not self._over:
            self._read("the end of the connection")

    def _wait(self, heard: Callable[[], bool], what: str) -> None:
        while not heard():
            if self._over:
                pytest.fail(f"{self} was disconnected and heard no {what}; heard {self.heard}, {self.past}")
            self._read(what)

    def _read(self, what: str) -> None:
        self._socket.settimeout(TIMEOUT)
        try:
            data = self._socket.recv(65536)
        except TimeoutError:
            pytest.fail(f"{self} heard no {what}; heard {self.heard}, {self.past}; unread {self._unread!r}")
        except ConnectionResetError:
            data = b""
        self._over = not data
        self._take(data)

    def _take(self, data: bytes) -> None:
        self.raw += data
        *lines, self._unread = (self._unread + data).split(b"\r\n")
        for line in lines:
            self.take_line(line.decode())

    def send(self, *lines: str) -> None:
        self._send("".join(f"{line}\r\n" for line in lines).encode())

    def _send(self, data: bytes) -> None:
        self._socket.settimeout(TIMEOUT)
        self._socket.sendall(data)

    @abstractmethod
    def take_line(self, line: str) -> None:
        """Understand one line, or message, of the server's."""

    def close(self) -> None:
        with suppress(OSError):
            self._socket.close()

    def __str__(self) -> str:
        return f"{self.nickname} ({type(self).__name__})"


_PLAIN = (
    (re.compile(r"\* (\S+) joined$"), "joined"),
    (re.compile(r"\* (\S+) left(?: \((.*)\))?$"), "left"),
    (re.compile(r"\* (\S+) is now (\S+)$"), "renamed"),
    (re.compile(r"\* (\S+) set the topic: (.*)$"), "topic"),
    (re.compile(r"\* (\S+) put \S+ out of \S+(?: \((.*)\))?$"), "kicked"),
    (re.compile(r"(\S+) \(privately to \S+\): (.*)$"), "private"),
    (re.compile(r"([^\s*!\[][^\s:]*): (.*)$"), "said"),
    (re.compile(r"(!) (.*)$"), "error"),
    (re.compile(r"\* (\S+) (.*)$"), "acted"),
)


class LineGuest(Guest):
    """At the door for lines, as with ``nc``."""

    def knock(self) -> None:
        self.send(self.nickname)

    def take_line(self, line: str) -> None:
        past = re.match(r"\[\d\d:\d\d\] ", line)
        for pattern, kind in _PLAIN:
            if found := pattern.match(line[past.end() :] if past else line):
                (self.past if past else self.heard).append(Heard(kind, *(group or "" for group in found.groups())))
                return


class JsonGuest(Guest):
    """At the door for lines, as a bot: lines of JSON."""

    _is_past = False

    def knock(self) -> None:
        self.send(f"{self.nickname} format=json")

    def take_line(self, line: str) -> None:
        if not line.startswith("{"):
            return
        thing = json.loads(line)
        kind = thing["kind"]
        if kind in ("past", "live"):
            self._is_past = kind == "past"
        elif kind in ("history", "found"):
            self.past += [self._heard(event) for event in thing["events"]]
        elif "text" in thing:
            (self.past if self._is_past and "id" in thing else self.heard).append(self._heard(thing))

    def _heard(self, thing: dict[str, str]) -> Heard:
        kind = "said" if thing["kind"] == "noticed" else thing["kind"]
        return Heard(kind, thing.get("nick", "!"), thing["text"])


class ProgramGuest(JsonGuest):
    """At the door for lines, as a program that speaks JSON as well: each request has a ref."""

    def __init__(self, server: Server, nickname: str, address: str = "") -> None:
        super().__init__(server, nickname, address)
        self._refs = count(1)

    def knock(self) -> None:
        self._send(f"{self.nickname} format=json input=json\r\n".encode())

    def say(self, *texts: str) -> None:
        self._ask(*[{"say": text} for text in texts])

    def send(self, *lines: str) -> None:
        self._ask(*[{"do": line} for line in lines])

    def ask(self, **request: str) -> None:
        """Send one request, whatever its fields are."""
        self._ask(request)

    def expect_answer(self, kind: str) -> None:
        """Wait until an answer of that kind has come."""
        self._wait(lambda: f'"kind":"{kind}"'.encode() in self.raw, f"answer {kind}")

    def _ask(self, *requests: dict[str, str]) -> None:
        lines = [json.dumps({**request, "ref": str(next(self._refs))}) for request in requests]
        self._send("".join(f"{line}\r\n" for line in lines).encode())


class WebGuest(JsonGuest):
    """At the page's WebSocket."""

    _accepted = False

    def __init__(self, server: Server, nickname: str, address: str = "") -> None:
        super().__init__(server, nickname, address)
        self._wire = WSConnection(ConnectionType.CLIENT)
        origin = f"http://{HOST_NAME}:{server.web}"
        headers = [(b"Origin", origin.encode())]
        self._send(self._wire.send(Request(host=f"{HOST_NAME}:{server.web}", target="/chat", extra_headers=headers)))

    @staticmethod
    def port(server: Server) -> int:
        return server.web

    def knock(self) -> None:
        self._wait(lambda: self._accepted, "upgrade")
        self.send(self.nickname)

    def send(self, *lines: str) -> None:
        self._send(b"".join(self._wire.send(TextMessage(data=line)) for line in lines))

    def _take(self, data: bytes) -> None:
        if not data:
            return
        self._wire.receive_data(data)
        for event in self._wire.events():
            if isinstance(event, AcceptConnection):
                self._accepted = True
            elif isinstance(event, TextMessage):
                self._unread += event.data.encode()
                self.raw += event.data.encode()
                if event.message_finished:
                    line, self._unread = self._unread.decode(), b""
                    self.take_line(line)
            elif isinstance(event, (Ping, CloseConnection)):
                with suppress(OSError):
                    self._send(self._wire.send(event.response()))


class IRCGuest(Guest):
    """At the door for IRC clients, with one that knows messages of several lines."""

    hears_self = False

    def __init__(self, server: Server, nickname: str, address: str = "") -> None:
        super().__init__(server, nickname, address)
        # The batches that are open, by their names: whether they are of the past, and what of a message has come.
        self._batches: dict[str, _Batch] = {}

    @staticmethod
    def port(server: Server) -> int:
        return server.irc

    def knock(self) -> None:
        self.send("CAP LS 302", f"NICK {self.nickname}", f"USER {self.nickname} 0 * :{self.nickname}")
        self.send("CAP REQ :batch server-time message-tags draft/chathistory draft/multiline", "CAP END", "JOIN #lobby")

    def say(self, *texts: str) -> None:
        for text in texts:
            lines = text.split("\n")
            if len(lines) == 1:
                self.send(f"PRIVMSG #lobby :{text}")
            else:
                said = [f"@batch=1 PRIVMSG #lobby :{line}" for line in lines]
                self.send("BATCH +1 draft/multiline #lobby", *said, "BATCH -1")

    def act(self, text: str) -> None:
        self.send(f"PRIVMSG #lobby :\x01ACTION {text}\x01")

    def tell(self, nickname: str, text: str) -> None:
        self.send(f"PRIVMSG {nickname} :{text}")

    def be_called(self, nickname: str) -> None:
        self.send(f"NICK {nickname}")

    def set_topic(self, text: str) -> None:
        self.send(f"TOPIC #lobby :{text}")

    def ask_for_history(self, count: int) -> None:
        self.send(f"CHATHISTORY LATEST #lobby * {count}")

    def join_again(self) -> None:
        self.send("JOIN #lobby")

    def quit(self, reason: str) -> None:
        self.send(f"QUIT :{reason}")

    def take_line(self, line: str) -> None:
        tags, line = line.split(" ", 1) if line.startswith("@") else ("", line)
        source, line = line.split(" ", 1) if line.startswith(":") else ("", line)
        head, _, trailing = line.partition(" :")
        command, *parameters = head.split()
        if " :" in line:
            parameters.append(trailing)
        nickname = source[1:].partition("!")[0]
        name = re.search(r"[@;]batch=([^;]+)", tags)
        batch = self._batches[name[1]] if name is not None else None
        if command == "PING":
            self.send(f"PONG :{parameters[-1]}")
        elif command == "BATCH":
            self._take_batch(batch, nickname, *parameters)
        elif command.isdigit() and int(command) >= 400:
            self.heard.append(Heard("error", "!", parameters[-1]))
        elif command == "PRIVMSG" and "!" in source:
            if batch is not None and batch.is_message:
                batch.lines.append(("" if "multiline-concat" in tags else "\n") + parameters[1])
            else:
                self._hear(batch, nickname, *parameters)
        elif command in _IRC:
            self.heard.append(Heard(_IRC[command], nickname, "" if command == "JOIN" else parameters[-1]))

    def _take_batch(self, outer: _Batch | None, nickname: str, name: str, kind: str = "", target: str = "") -> None:
        if name.startswith("+"):
            is_past = kind == "chathistory" or (outer is not None and outer.is_past)
            self._batches[name[1:]] = _Batch(is_past, kind == "draft/multiline", nickname, target, [])
        else:
            batch = self._batches.pop(name[1:])
            if batch.is_message:
                self._hear(batch, batch.nickname, batch.target, "".join(batch.lines)[1:])

    def _hear(self, batch: _Batch | None, nickname: str, target: str, text: str) -> None:
        kind = "said" if target.startswith("#") else "private"
        if text.startswith("\x01ACTION "):
            kind, text = "acted", text[8:-1]
        is_past = batch is not None and batch.is_past
        (self.past if is_past else self.heard).append(Heard(kind, nickname, text))


class _Batch(NamedTuple):
    """A batch that is open."""

    is_past: bool
    is_message: bool
    nickname: str
    target: str
    lines: list[str]


_IRC = {"JOIN": "joined", "QUIT": "left", "NICK": "renamed", "TOPIC": "topic", "KICK": "kicked"}

GUESTS: dict[str, type[Guest]] = {
    "line": LineGuest,
    "json": JsonGuest,
    "program": ProgramGuest,
    "web": WebGuest,
    "irc": IRCGuest,
}
"""A guest for each door, and for each form that it has."""
