"""The process of the honest members: they speak, come in and ask, each by its door, and look at the clock.

Speech goes by the clock: a line's delay counts from when it was due, so a server that stalls cannot hide it.
"""

from __future__ import annotations

import re
import selectors
import socket
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import NamedTuple, TypedDict

from benchmarks.hostile.script import UPGRADE, Door, frame
from benchmarks.processes import HOST, NotMeasured

MEMBERS = 20
LINES_PER_SECOND = 5
NEWCOMER_EVERY = 1.0
QUESTION_EVERY = 1.0

PATIENCE = 30.0
"""Seconds that are waited for lines, welcomes and answers that are late; a later one counts as so late."""

KEPT = 512
"""Bytes that are kept of what was read: a mark may come in two parts, and a last line says why it is the last."""

SPOKEN = re.compile(rb"~(\d+) line~")


class Manner(NamedTuple):
    """How one comes in, and speaks."""

    door: Door
    options: str
    inside: bytes
    """What one is shown who is in."""


PLAIN = Manner(Door.LINE, "", b"welcome to ")
JSON = Manner(Door.LINE, " format=json", b'"kind":"welcome"')
WEB = Manner(Door.WEB, "", b'"kind":"welcome"')
IRC = Manner(Door.IRC, "", b" 001 ")
MANNERS = (PLAIN, JSON, WEB, IRC)

QUESTIONS = (
    (b"/who\n", b'"kind":"people"'),
    (b"/history 5\n", b'"kind":"history"'),
    (b"/search hello\n", b'"kind":"found"'),
    (b"/rooms\n", b'"kind":"rooms"'),
)
"""What is asked in turn, and how the answer begins."""


class Report(TypedDict):
    """What the honest members have seen."""

    delays: list[float]
    """Seconds from saying a line to its showing, for each line and each other member."""
    missing: int
    """Showings that did not come."""
    newcomers: list[float]
    """Seconds from connecting to the welcome."""
    answers: list[float]
    """Seconds from a question to its answer."""
    lost: list[str]
    """Who was let go, and the last that they were shown."""
    lines: int
    """How many were said while it was measured."""
    busy: float
    """The share of that time that this process had work to do: near to 1, the delays are its own."""


class Member:
    """An honest member, at one connection."""

    def __init__(self, manner: Manner, nickname: str, address: str, ports: Mapping[Door, int], rate: float = 0) -> None:
        """:param rate: bytes a second that are read; 0: whatever comes."""
        self.manner = manner
        self.nickname = nickname
        self.began = time.monotonic()
        self.entered: float | None = None
        self.end = ""
        """How the connection ended; empty while it has not."""
        self.rate = rate
        self.tail = b""
        self._outgoing = b""
        self._upgraded = manner.door is not Door.WEB
        self.socket = socket.socket()
        self.socket.setblocking(False)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if rate:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
        self.socket.bind((address, 0))
        with suppress(BlockingIOError):
            self.socket.connect((HOST, ports[manner.door]))
        match manner.door:
            case Door.LINE:
                self.send(f"{nickname}{manner.options}\n".encode())
            case Door.WEB:
                self.send(UPGRADE)
            case Door.IRC:
                self.send(f"NICK {nickname}\r\nUSER u 0 * :r\r\nJOIN #lobby\r\n".encode())

    def say(self, text: str) -> None:
        """Say it in the lobby."""
        match self.manner.door:
            case Door.LINE:
                self.send(f"{text}\n".encode())
            case Door.WEB:
                self.send(frame(text.encode()))
            case Door.IRC:
                self.send(f"PRIVMSG #lobby :{text}\r\n".encode())

    def send(self, data: bytes) -> None:
        """Send it, now or when it can be sent."""
        self._outgoing += data
        self.flush()

    def flush(self) -> None:
        """Send what waits."""
        if self._outgoing and not self.end:
            try:
                self._outgoing = self._outgoing[self.socket.send(self._outgoing) :]
            except (BlockingIOError, InterruptedError):
                pass
            except OSError as error:
                self._ended(error)

    @property
    def waits_to_send(self) -> bool:
        return bool(self._outgoing) and not self.end

    def read(self, size: int = 1 << 18) -> bytes:
        """What has come, behind the last bytes of what came before."""
        try:
            data = self.socket.recv(size)
        except (BlockingIOError, InterruptedError):
            return b""
        except OSError as error:
            self._ended(error)
            return b""
        if not data:
            self._ended(None)
            return b""
        data = self.tail + data
        self.tail = data[-KEPT:]
        if self.entered is None:
            self._look_whether_in(data)
        if self.manner is IRC and b"PING " in data:
            self._answer_pings(data)
        return data

    def _look_whether_in(self, data: bytes) -> None:
        if not self._upgraded and b"NICK" in data:
            self._upgraded = True
            self.send(frame(self.nickname.encode()))
        if self.manner.inside in data:
            self.entered = time.monotonic()

    def _answer_pings(self, data: bytes) -> None:
        for asked in re.findall(rb"(?m)^(?::\S+ )?PING (.*)\r$", data):
            self.send(b"PONG " + asked + b"\r\n")

    def _ended(self, error: OSError | None) -> None:
        if not self.end:
            last = self.tail.decode(errors="replace").strip().splitlines()[-1:] or [""]
            self.end = f"{self.nickname} ({self.manner.door.value}): {error or 'closed'}; last shown: {last[0][-60:]}"

    def close(self) -> None:
        """Leave."""
        self.socket.close()


class Society:
    """All honest members."""

    def __init__(self, ports: Mapping[Door, int], slow: Sequence[float]) -> None:
        """:param slow: how many Mbit/s each of those reads who read slowly."""
        self._ports = ports
        self._selector = selectors.DefaultSelector()
        self._members = [
            Member(MANNERS[number % len(MANNERS)], f"honest{number}", f"127.2.0.{1 + number}", ports)
            for number in range(MEMBERS)
        ]
        self._asker = Member(JSON, "asker", "127.2.1.1", ports)
        self._slow = [
            Member(JSON, f"slow{number}", f"127.2.2.{1 + number}", ports, rate * 1e6 / 8)
            for number, rate in enumerate(slow)
        ]
        self._newcomer: Member | None = None
        for member in (*self._members, self._asker):
            self._selector.register(member.socket, selectors.EVENT_READ, member)
        self._due: list[float] = []
        """When each line was due."""
        self._seen: list[set[str]] = []
        """Who has been shown each line."""
        self._delays: list[float] = []
        self._newcomers: list[float] = []
        self._answers: list[float] = []
        self._newcomers_so_far = 0
        self._questions_so_far = 0
        self._asked: float | None = None
        """When the question was asked that is not answered yet."""
        self._measured = 0
        """The first line that counts."""
        self._end: int | None = None
        """The first line that counts no more."""
        self._began = (time.monotonic(), time.process_time())
        self._busy = 0.0
        now = time.monotonic()
        self._next_line = self._next_newcomer = self._next_question = self._last_slow = now

    def enter(self) -> None:
        """Wait until all are in.

        :raises NotMeasured: it takes too long, with nobody in the way.
        """
        end = time.monotonic() + PATIENCE
        everybody = [*self._members, self._asker, *self._slow]
        while any(member.entered is None for member in everybody):
            if time.monotonic() > end:
                raise NotMeasured("the honest members did not come in")
            self._turn(0.05)
        self._next_line = self._next_newcomer = self._next_question = time.monotonic()

    def begin(self) -> None:
        """What happens from now on counts."""
        self._measured, self._end = len(self._due), None
        self._began = (time.monotonic(), time.process_time())
        self._delays.clear()
        self._newcomers.clear()
        self._answers.clear()

    def finish(self) -> None:
        """What is said, asked and begun from now on does not count."""
        self._end = len(self._due)
        began, worked = self._began
        self._busy = (time.process_time() - worked) / (time.monotonic() - began)
        end = time.monotonic() + PATIENCE
        newcomer, asked = self._newcomer, self._asked
        while time.monotonic() < end and (
            self._missing() or (newcomer and self._newcomer is newcomer) or (asked and self._asked == asked)
        ):
            self.live()

    def live(self) -> None:
        """Speak, come in and ask as the clock has it, and read."""
        now = time.monotonic()
        while self._next_line <= now:
            self._speak()
        if self._next_newcomer <= now and self._newcomer is None:
            self._come_in()
            self._next_newcomer = max(self._next_newcomer + NEWCOMER_EVERY, now)
        if self._next_question <= now and self._asked is None and not self._asker.end:
            self._ask()
            self._next_question = max(self._next_question + QUESTION_EVERY, now)
        self._turn(max(0.0, min(0.05, self._next_line - time.monotonic())))

    def report(self) -> Report:
        """What they have seen; whatever has not come yet is as late as it is by now."""
        now = time.monotonic()
        missing = self._missing()
        return {
            "delays": self._delays + [now - self._due[line] for line, _ in missing],
            "missing": len(missing),
            "newcomers": self._newcomers + ([now - self._newcomer.began] if self._newcomer else []),
            "answers": self._answers + ([now - self._asked] if self._asked else []),
            "lost": [member.end for member in (*self._members, self._asker, *self._slow) if member.end],
            "busy": self._busy,
            "lines": (len(self._due) if self._end is None else self._end) - self._measured,
        }

    def _counts(self, line: int) -> bool:
        return line >= self._measured and (self._end is None or line < self._end)

    def _missing(self) -> list[tuple[int, str]]:
        """Each line that counts, with each other member who is there and has not been shown it."""
        end = len(self._due) if self._end is None else self._end
        return [
            (line, member.nickname)
            for line in range(self._measured, end)
            for member in self._members
            if not member.end and member.nickname not in self._seen[line]
        ]

    # What they do.

    def _speak(self) -> None:
        line = len(self._due)
        speaker = self._members[line % MEMBERS]
        self._due.append(self._next_line)
        self._next_line += 1 / LINES_PER_SECOND
        if speaker.end:
            # Nobody is going to be shown it.
            self._seen.append({member.nickname for member in self._members})
        else:
            self._seen.append({speaker.nickname})
            speaker.say(f"hello ~{line} line~")
            self._watch(speaker)

    def _come_in(self) -> None:
        number = self._newcomers_so_far
        self._newcomers_so_far += 1
        manner = MANNERS[number % len(MANNERS)]
        self._newcomer = Member(manner, f"newcomer{number}", f"127.2.3.{1 + number % 250}", self._ports)
        self._selector.register(self._newcomer.socket, selectors.EVENT_READ, self._newcomer)
        self._watch(self._newcomer)

    def _ask(self) -> None:
        question, _ = QUESTIONS[self._questions_so_far % len(QUESTIONS)]
        self._asked = time.monotonic()
        self._asker.tail = b""
        self._asker.send(question)
        self._watch(self._asker)
        # They need not be answered as fast, but must not be let go for having asked.
        for member in self._slow:
            member.send(question)

    # What they are shown.

    def _turn(self, timeout: float) -> None:
        for key, events in self._selector.select(timeout):
            member: Member = key.data
            if events & selectors.EVENT_WRITE:
                member.flush()
            if events & selectors.EVENT_READ:
                self._read(member)
            self._watch(member)
        self._read_slowly()
        self._see_newcomer()

    def _watch(self, member: Member) -> None:
        if member.rate or member.socket not in self._selector.get_map():
            return
        if member.end:
            self._selector.unregister(member.socket)
            return
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if member.waits_to_send else 0)
        if self._selector.get_key(member.socket).events != wanted:
            self._selector.modify(member.socket, wanted, member)

    def _read(self, member: Member) -> None:
        data = member.read()
        now = time.monotonic()
        if member is self._asker:
            self._see_answer(data, now)
        elif member is not self._newcomer:
            self._see_lines(member, data, now)

    def _see_lines(self, member: Member, data: bytes, now: float) -> None:
        for found in SPOKEN.findall(data):
            line = int(found)
            if line < len(self._due) and member.nickname not in self._seen[line]:
                self._seen[line].add(member.nickname)
                if self._counts(line):
                    self._delays.append(now - self._due[line])

    def _see_answer(self, data: bytes, now: float) -> None:
        _, answer = QUESTIONS[self._questions_so_far % len(QUESTIONS)]
        if self._asked is not None and answer in data:
            self._answers.append(now - self._asked)
            self._asked = None
            self._questions_so_far += 1

    def _see_newcomer(self) -> None:
        newcomer = self._newcomer
        if newcomer is None:
            return
        took = (newcomer.entered or time.monotonic()) - newcomer.began
        if newcomer.end and newcomer.entered is None:
            # Turned away: as bad as if it had taken for ever.
            took = PATIENCE
        if newcomer.entered is not None or newcomer.end or took >= PATIENCE:
            self._newcomers.append(took)
            if newcomer.socket in self._selector.get_map():
                self._selector.unregister(newcomer.socket)
            newcomer.close()
            self._newcomer = None

    def _read_slowly(self) -> None:
        now = time.monotonic()
        passed = now - self._last_slow
        if passed < 0.02:
            return
        self._last_slow = now
        for member in self._slow:
            member.flush()
            left = int(member.rate * passed)
            while left > 0 and not member.end:
                before = len(member.tail)
                data = member.read(left)
                if not data:
                    break
                left -= len(data) - before


def run(ports: Mapping[Door, int], slow: Sequence[float], orders: Connection) -> None:
    """Live, and do what ``orders`` say: begin, finish, report."""
    try:
        society = Society(ports, slow)
        society.enter()
    except (NotMeasured, OSError) as failure:
        orders.send(str(failure))
        return
    orders.send("in")
    while True:
        society.live()
        if not orders.poll():
            continue
        match orders.recv():
            case "begin":
                society.begin()
            case "finish":
                society.finish()
                orders.send(society.report())
            case "lost":
                orders.send(society.report()["lost"])
            case _:
                return
