"""What the tests with real processes share: programs that are started, people on sockets, and the server.

Everything here waits for what a test expects, never for a time: :data:`TIMEOUT` is what only a failure reaches.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import resource
import select
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import IO

import pytest

from chatroom.model.constants import HOST_NAME

TIMEOUT = 60.0
"""Seconds that a test waits for what it expects before it fails."""

NO_WAITING_FOR_NAMES = {"RES_OPTIONS": "attempts:1 timeout:1"}
"""The environment in which a name that nobody has is soon known to be none (resolv.conf(5))."""

TWISTD = str(Path(sys.executable).parent / "twistd")
CLIENT = (sys.executable, "-m", "chatroom.client")

# How the program says that it is the one that is wanted: there are several of that name.
_SAYS = {"nc": ("-h", "OpenBSD netcat")}


def missing(reason: str) -> None:
    """Skip the test, or fail it where everything is said to be there (``CHATROOM_TEST_ALL=1``)."""
    if os.environ.get("CHATROOM_TEST_ALL") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


def program(name: str) -> str:
    """The path of an outside program; without it, the test is skipped."""
    found = shutil.which(name)
    if found is None:
        missing(f"{name} is not installed")
    elif name in _SAYS:
        option, says = _SAYS[name]
        shown = subprocess.run([found, option], capture_output=True, check=False, timeout=TIMEOUT)
        if says.encode() not in shown.stdout + shown.stderr:
            missing(f"{found} is another {name} than {says}")
    return str(found)


def without_rights() -> list[str]:
    """What runs a program for which the permissions of files count, though it is root's."""
    if os.geteuid():
        return []
    return [program("setpriv"), "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all"]


@contextmanager
def no_file_longer_than(size: int) -> Iterator[None]:
    """What the disk has room for, as far as this process is concerned."""
    before, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, most))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (before, most))


class Hearing:
    """Somebody or something that is listened to."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._unread = b""
        self._over = False
        self.heard = b""
        """Everything that has come."""

    def expect(self, text: str, timeout: float = TIMEOUT) -> str:
        """Wait until ``text`` has come; what came until then, ``text`` included, is read and returned."""
        wanted = text.encode()
        end = time.monotonic() + timeout
        while wanted not in self._unread:
            if self._over or not self._read(end):
                why = "ended" if self._over else f"said no such thing in {timeout:g} seconds"
                pytest.fail(f"{self} {why}.\nExpected: {text!r}\nUnread: {self._unread.decode(errors='replace')!r}")
        found = self._unread.index(wanted) + len(wanted)
        read, self._unread = self._unread[:found], self._unread[found:]
        return read.decode(errors="replace")

    def lines_so_far(self) -> list[str]:
        """All that has come, read or not; the last line may not be whole."""
        return self.heard.decode(errors="replace").splitlines()

    def to_the_end(self, timeout: float = TIMEOUT) -> str:
        """Wait for the end, and return what has come and was not yet read."""
        end = time.monotonic() + timeout
        while not self._over:
            if not self._read(end):
                pytest.fail(f"{self} did not end in {timeout:g} seconds; unread: {self._unread!r}")
        read, self._unread = self._unread, b""
        return read.decode(errors="replace")

    def _read(self, end: float) -> bool:
        """Take in what comes next; False when nothing has come until ``end``."""
        if not _is_readable(self._descriptor, end):
            return False
        try:
            data = os.read(self._descriptor, 65536)
        except OSError:
            data = b""  # A terminal whose other side is closed says EIO, a connection that was reset ECONNRESET.
        self._take(data)
        return True

    def _take(self, data: bytes) -> None:
        self._over = not data
        self._unread += data
        self.heard += data


def _is_readable(descriptor: int, end: float) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(max(0.0, end - time.monotonic()) * 1000))


class Person(Hearing):
    """Somebody at one end of a connection, who talks in lines."""

    def __init__(self, connection: socket.socket) -> None:
        connection.settimeout(TIMEOUT)
        self.socket = connection
        super().__init__(connection.fileno())

    def send(self, line: str) -> None:
        self.socket.sendall(line.encode() + b"\n")

    def enter(self, nickname: str) -> None:
        """Give a nickname, and wait until all have been told that we are here."""
        self.expect("NICK\r\n")
        self.send(nickname)
        self.expect(f"* {nickname.split(maxsplit=1)[0]} joined\r\n")

    def vanish(self) -> None:
        """Close the connection hard: the other end is sent a reset, not an end."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.socket.close()

    def close(self) -> None:
        self.socket.close()


class EncryptedPerson(Person):
    """Somebody whose connection is encrypted."""

    socket: ssl.SSLSocket

    def _read(self, end: float) -> bool:
        if not self.socket.pending() and not _is_readable(self.socket.fileno(), end):
            return False
        try:
            data = self.socket.recv(65536)
        except ConnectionResetError:
            data = b""
        self._take(data)
        return True


class Program(Hearing):
    """A program that runs beside the test, on pipes or on a terminal of its own."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        cwd: Path,
        terminal: bool = False,
        stdin: int | IO[bytes] = subprocess.PIPE,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """
        :param terminal: run it on a pseudo-terminal, which is where its errors go, too.
        :param stdin: where it reads from, unless it is on a terminal; a pipe by default.
        """
        self.command = command
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - close() closes it
        self._input = -1
        self.terminal = -1
        """The program's side of its terminal; -1 when it is on pipes."""
        env = {**os.environ, **(environment or {})}
        if terminal:
            outer, self.terminal = pty.openpty()
            self.process = subprocess.Popen(
                command,
                cwd=cwd,
                env=env,
                stdin=self.terminal,
                stdout=self.terminal,
                stderr=self.terminal,
                start_new_session=True,
                preexec_fn=_take_the_terminal,  # noqa: PLW1509 - there are no threads, and Ctrl-C needs it
            )
            self._input = outer
        else:
            self.process = subprocess.Popen(
                command, cwd=cwd, env=env, stdin=stdin, stdout=subprocess.PIPE, stderr=self._errors
            )
            assert self.process.stdout is not None
            outer = self.process.stdout.fileno()
            if self.process.stdin is not None:
                self._input = self.process.stdin.fileno()
        super().__init__(outer)

    def __str__(self) -> str:
        return f"{' '.join(self.command)} (status {self.process.poll()}, errors {self.errors()!r})"

    def send(self, line: str) -> None:
        """Type a line."""
        self.type(line + "\n")

    def type(self, text: str) -> None:
        """Type what need not be a whole line."""
        data = text.encode()
        while data:
            data = data[os.write(self._input, data) :]

    def end_input(self) -> None:
        """Close its standard input."""
        assert self.process.stdin is not None
        self.process.stdin.close()

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def close_window(self) -> None:
        """Close the window that its terminal is in."""
        assert self.terminal >= 0
        os.close(self._input)
        self._input = -1

    def status(self) -> int:
        """Wait for its end; the exit status, or the negative number of the signal that ended it."""
        try:
            return self.process.wait(TIMEOUT)
        except subprocess.TimeoutExpired:
            pytest.fail(f"{self} did not end; unread: {self._unread!r}")

    def to_the_end(self, timeout: float = TIMEOUT) -> str:
        if self.terminal >= 0:
            self.status()
            self._leave_the_terminal()
        return super().to_the_end(timeout)

    def errors(self) -> str:
        """What it has written to standard error so far."""
        self._errors.seek(0)
        return self._errors.read().decode(errors="replace")

    def close(self) -> None:
        """End it, whatever it is doing."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout, self._errors):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()
        if self._input >= 0 and self.process.stdin is None:
            os.close(self._input)
        self._leave_the_terminal()

    def _leave_the_terminal(self) -> None:
        descriptor, self.terminal = self.terminal, -1
        if descriptor >= 0:
            os.close(descriptor)


def _take_the_terminal() -> None:
    # Whoever started the tests in the background had this ignored.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


class Stage:
    """Everything and everybody that a test has brought on, and that goes with it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        """Where programs run; it is empty at the beginning."""
        self._stack = ExitStack()

    def __enter__(self) -> Stage:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def start(
        self,
        *command: str,
        terminal: bool = False,
        stdin: int | IO[bytes] = subprocess.PIPE,
        environment: Mapping[str, str] | None = None,
    ) -> Program:
        """Run a program."""
        started = Program(command, cwd=self.folder, terminal=terminal, stdin=stdin, environment=environment)
        return self._stack.enter_context(closing(started))

    def serve(self, *options: str, port: int | str = 0, by: Sequence[str] = (TWISTD, "-n", "chatroom")) -> Server:
        """Start a server, and wait until it listens.

        :param port: where the door for lines is; by default at a port that the system chooses. Empty: it is shut.
        :param options: those that open other doors have what they take behind them: ``"--web", "0"``.
        """
        server = Server([*by, "--port", str(port), *options], cwd=self.folder)
        self._stack.enter_context(closing(server))
        server.wait_until_it_listens()
        return server

    def connect_encrypted(self, port: int, tls: ssl.SSLContext, name: str = "localhost") -> EncryptedPerson:
        """Somebody who has not given a nickname yet, at an encrypted port.

        :param name: the name that the certificate is to be for.
        :raises ssl.SSLError: they and the server do not agree on TLS.
        """
        connection = self._stack.enter_context(closing(socket.create_connection((HOST_NAME, port), TIMEOUT)))
        encrypted = tls.wrap_socket(connection, server_hostname=name)
        return self._stack.enter_context(closing(EncryptedPerson(encrypted)))

    def connect(self, address: int | str) -> Person:
        """Somebody who has not given a nickname yet.

        :param address: a port of this machine, or the path of a Unix socket.
        """
        if isinstance(address, int):
            connection = socket.create_connection((HOST_NAME, address), TIMEOUT)
        else:
            connection = socket.socket(socket.AF_UNIX)
            connection.connect(address)
        return self._stack.enter_context(closing(Person(connection)))

    def connect_from(self, address: str, port: int) -> Person:
        """Somebody at another address of this machine, who comes as soon as something listens at ``port``."""
        end = time.monotonic() + TIMEOUT
        while True:
            try:
                connection = socket.create_connection((HOST_NAME, port), TIMEOUT, (address, 0))
            except ConnectionRefusedError:
                if time.monotonic() > end:
                    pytest.fail(f"nothing listens on {port}")
                continue
            return self._stack.enter_context(closing(Person(connection)))

    def port(self) -> int:
        """A port at which nothing listens, unless it is told to, as long as the test goes on.

        It is bound, so that the system gives it to nobody else who asks for any. A server may listen there all the
        same, as often as it is started, since both allow that (``SO_REUSEADDR``, socket(7)).
        """
        held = self._stack.enter_context(socket.socket())
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind((HOST_NAME, 0))
        port = port_of(held)
        if sys.platform != "linux":
            held.close()  # Elsewhere, it would keep others from listening.
        return port

    def listen(self) -> socket.socket:
        """Where a test plays a server."""
        listening = self._stack.enter_context(socket.create_server((HOST_NAME, 0)))
        listening.settimeout(TIMEOUT)
        return listening

    def receive(self, listening: socket.socket) -> Person:
        """Wait for a client; the server's end of its connection."""
        connection, _ = listening.accept()
        return self._stack.enter_context(closing(Person(connection)))

    def enter(self, address: int | str, nickname: str) -> Person:
        """Somebody who is in."""
        person = self.connect(address)
        person.enter(nickname)
        return person

    def client(self, nickname: str, port: int, *options: str, terminal: bool = False) -> Program:
        """The bundled client."""
        return self.start(*CLIENT, nickname, "--port", str(port), *options, terminal=terminal)


class Server(Program):
    """The server in a process of its own."""

    port = 0
    """Where the door for lines listens; 0 when it is shut, or not at a TCP port. So it is with the others."""
    tls_port = 0
    web = 0
    irc = 0
    irc_tls = 0

    def wait_until_it_listens(self) -> None:
        options = dict(zip(self.command, self.command[1:], strict=False))
        # They say where they listen in the order in which the options are listed.
        for option in ("port", "tls-port", "web", "irc", "irc-tls"):
            if options.get(f"--{option}"):
                self.expect("chatroom listens on ")
                found = re.search(r":(\d+)$", self.expect("\n").strip())
                setattr(self, option.replace("-", "_"), int(found[1]) if found else 0)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """End it by a signal; its exit status."""
        self.signal(number)
        return self.status()


def port_of(listening: socket.socket) -> int:
    port: int = listening.getsockname()[1]
    return port


def memory(process: int, field: str) -> int:
    """KiB that a process takes: ``VmRSS``, now, or ``VmHWM``, the most that it ever did (proc(5))."""
    status = Path(f"/proc/{process}/status")
    if not status.exists():
        missing("there is no /proc/PID/status")
    [line] = [line for line in status.read_text().splitlines() if line.startswith(f"{field}:")]
    return int(line.split()[1])
