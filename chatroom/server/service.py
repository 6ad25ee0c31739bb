"""The command line of the server: its options, and the service that ``twistd chatroom`` runs.

The only module that sees everything: here the doors, the rooms and the reactor are put together.
"""

from __future__ import annotations

import atexit
import contextlib
import errno
import os
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from twisted.application.service import MultiService, Service
from twisted.internet.defer import Deferred, DeferredList, maybeDeferred, succeed
from twisted.internet.endpoints import serverFromString
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IAddress, IListeningPort, IStreamServerEndpoint
from twisted.logger import Logger
from twisted.python import usage
from twisted.python.reflect import namedAny

from chatroom.core.chat import Chat
from chatroom.doors.assembly import open_chat, read_motd
from chatroom.doors.factory import DoorFactory, host_and_port
from chatroom.model.constants import HOST_NAME, PORT
from chatroom.model.errors import ChatError
from chatroom.model.names import room_name
from chatroom.model.settings import Settings, settings_table
from chatroom.version import __version__

HISTORY = "chatroom.sqlite"
"""Where the history is kept unless told otherwise: a server keeps one, a room in another program need not."""

BACKLOG = 4096
"""Connections that the system holds for us until we take them: with Twisted's 50, a class that comes in at once waits
for its packets to be sent again."""


class DoorRow(NamedTuple):
    """One way in."""

    option: str
    """Which takes where it listens."""
    default: str
    """Empty: it stays shut unless the option is given."""
    help: str
    factory: str
    """The :class:`~chatroom.doors.factory.DoorFactory`, by its whole name: its module is imported when it is used."""
    extra: str = ""
    """What has to be installed for it; empty where a plain install will do."""

    def load(self) -> type[DoorFactory[Any]]:
        """:raises ImportError: something that it needs is not installed."""
        found: type[DoorFactory[Any]] = namedAny(self.factory)
        return found


DOORS = (
    DoorRow("port", str(PORT), "the TCP port to listen on", "chatroom.doors.line.ChatFactory"),
    DoorRow("web", "", "the TCP port to serve the page on", "chatroom.doors.web.WebFactory", "web"),
    DoorRow("irc", "", "the TCP port to listen on for IRC clients", "chatroom.doors.irc.IRCFactory"),
)
"""The doors that there are; adding one is adding a row."""

TRY_HELP = "chatroom: try --help for the options."


class Options(usage.Options):
    """What ``twistd chatroom`` and ``python -m chatroom`` take."""

    synopsis = "[options]"
    longdesc = (
        "Serve a chatroom. Join it with nc, telnet or python -m chatroom.client; "
        "with --web, by a browser; with --irc, by an IRC client. "
        "Wherever an option takes a port, it takes a Twisted endpoint description too (tcp:..., unix:..., systemd:...)."
    )
    optParameters = [
        *(
            [
                door.option,
                "p" if door.option == "port" else None,
                door.default,
                f"PORT: {door.help}, or an endpoint description",
            ]
            for door in DOORS
        ),
        ["host", "H", HOST_NAME, "HOST: the address to listen on; 0.0.0.0 or :: for all"],
        *(
            [
                setting.name.replace("_", "-"),
                None,
                HISTORY if setting.name == "history" else setting.default,
                f"{setting.metadata['unit']}: {setting.metadata['explanation']}",
            ]
            for setting in settings_table()
        ),
    ]

    def getUsage(self, width: int | None = None) -> str:
        # usage.Options adds "[default: ]" to what has an empty default.
        return str(super().getUsage(width)).replace(" [default: ]", "")

    def parseOptions(self, options: Sequence[str] | None = None) -> None:
        """:raises usage.UsageError: with what is wrong, by the name of the option.
        :raises CannotStart: the same under twistd, which would print the whole of the help around it.
        """
        try:
            super().parseOptions(options)
            if self.parent is not None:
                _check_pidfile(self.parent.get("pidfile"))
        except usage.UsageError as error:
            if self.parent is None:
                raise
            raise CannotStart(f"{error}\n{TRY_HELP}") from None

    def opt_version(self) -> None:
        """Print the version, and end."""
        print(f"chatroom {__version__}")
        sys.exit(0)

    def postOptions(self) -> None:
        """Check everything that can be checked before the server starts."""
        self.settings = self._read_settings()
        try:
            room_name(self.settings.room)
        except ChatError as error:
            raise usage.UsageError(f"--room {self.settings.room}: {error}") from None
        try:
            read_motd(self.settings.motd)
        except OSError as error:
            raise usage.UsageError(f"--motd {self.settings.motd}: {error.strerror}") from None
        except UnicodeDecodeError:
            raise usage.UsageError(f"--motd {self.settings.motd}: it is not UTF-8") from None
        self.doors = [self._open(door) for door in DOORS if self[door.option]]
        """Where to listen, and what with: the row, the endpoint, the factory."""
        if not self.doors:
            raise usage.UsageError(f"no door is open: give one of --{', --'.join(door.option for door in DOORS)}")

    def _open(self, door: DoorRow) -> tuple[DoorRow, IStreamServerEndpoint, type[DoorFactory[Any]]]:
        try:
            factory = door.load()
        except ImportError as error:
            if not door.extra:
                raise
            raise usage.UsageError(
                f"--{door.option} needs {error.name}: pip install 'chatroom[{door.extra}]'"
            ) from None
        try:
            factory.check(self.settings)
        except ValueError as error:
            raise usage.UsageError(str(error)) from None
        return door, self._endpoint(door.option), factory

    def _read_settings(self) -> Settings:
        read = {}
        for setting in settings_table():
            option = setting.name.replace("_", "-")
            try:
                read[setting.name] = setting.metadata["parse"](str(self[option]))
            except ValueError as error:
                parse: Callable[[str], Any] = setting.metadata["parse"]
                wanted = (parse.__doc__ or "").splitlines()[0].rstrip(".").lower()
                raise usage.UsageError(f"--{option} {self[option]}: it takes {wanted} ({error})") from None
        return Settings(**read)

    def _endpoint(self, option: str) -> IStreamServerEndpoint:
        description = self[option]
        if description.isascii() and description.isdigit():
            if not int(description) < 65536:
                raise usage.UsageError(f"--{option} {description}: a port is a number from 0 to 65535")
            description = f"tcp:{description}:interface={_quoted(self['host'])}:backlog={BACKLOG}"
        try:
            endpoint: IStreamServerEndpoint = serverFromString(_global_reactor(), description)
        except ImportError as error:
            raise usage.UsageError(
                f"--{option} {description}: it needs {error.name}: pip install 'twisted[tls]'"
            ) from None
        except FileNotFoundError as error:
            raise usage.UsageError(f"--{option} {description}: there is no file {error.filename}") from None
        except (ValueError, TypeError, LookupError, AttributeError, OSError) as error:
            raise usage.UsageError(
                f"--{option} {description}: neither a port number nor an endpoint description ({error})"
            ) from None
        return endpoint


def _check_pidfile(path: str | None) -> None:
    """:raises usage.UsageError: twistd could not write its file ``path``, and would say so in a traceback."""
    folder = os.path.dirname(os.path.abspath(path)) if path else ""
    if path and not os.access(path if os.path.exists(path) else folder, os.W_OK):
        raise usage.UsageError(f"{folder} cannot be written, where twistd keeps {path}: add --pidfile= before chatroom")


def _quoted(host: str) -> str:
    return host.replace("\\", "\\\\").replace(":", "\\:")


def _global_reactor() -> Any:
    from twisted.internet import reactor  # noqa: PLC0415 - importing it installs it

    return reactor


class CannotStart(Exception, SystemExit):
    """Ends the program with status 1 and no traceback.

    Both, because twistd tidies up behind an Exception only, and only a SystemExit ends it without a traceback.
    """

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.code = 1
        print(f"chatroom: {why}", file=sys.__stderr__, flush=True)


class ChatService(Service):
    """Listens, says how to join, and stops without losing what was said."""

    _log = Logger()

    def __init__(self, options: Options) -> None:
        self._options = options
        self._chat: Chat | None = None
        self._doors: list[DoorFactory[Any]] = []
        self._ports: list[IListeningPort] = []

    def privilegedStartService(self) -> None:
        """Open the history and listen: in the process that stays, and before it gives up any rights."""
        _raise_file_limit()
        try:
            self._chat = open_chat(self._options.settings, _global_reactor, on_broken=self._end)
        except (ChatError, OSError) as error:
            raise CannotStart(f"--history {error}") from None
        for row, endpoint, factory in self._options.doors:
            door = factory(chat=self._chat, reactor=_global_reactor())
            self._doors.append(door)
            failures: list[BaseException] = []
            listening = endpoint.listen(door)
            listening.addCallbacks(self._ports.append, lambda failure, to=failures: to.append(failure.value))
            if failures:
                # Closes the history, which has begun.
                self._chat.stop(lambda: None)
                for port in self._ports:
                    port.stopListening()
                # Takes away the files of Unix sockets, which happens in a turn of the reactor; there will be no other.
                _global_reactor().iterate()
                raise CannotStart(_why_not(failures[0], row.option, self._options))
        for (row, *_), door, port in zip(self._options.doors, self._doors, self._ports, strict=True):
            tls = self._options[row.option].startswith(("ssl:", "tls:"))
            for line in how_to_join(door, port.getHost(), tls):
                self._log.info("{line}", line=line)

    def _end(self, error: ChatError) -> None:
        # The program's own last word, behind twistd's, which knows no other status than 0.
        atexit.register(os._exit, 1)
        if _global_reactor().running:
            _global_reactor().stop()

    def stopService(self) -> Deferred[None]:
        """Have what was said shown, say goodbye to everybody, and close; fires when that is done."""
        super().stopService()
        ports, self._ports = self._ports, []
        # The file of a Unix socket is taken away only when the port has closed.
        closed = DeferredList([maybeDeferred(port.stopListening) for port in ports])
        stopped: Deferred[None] = Deferred()
        if self._chat is not None:
            self._chat.stop(lambda: stopped.callback(None))
        else:
            stopped = succeed(None)
        gone = stopped.addCallback(lambda _: DeferredList([door.close_all() for door in self._doors]))
        return gone.addCallback(lambda _: closed).addCallback(lambda _: None)


def _raise_file_limit() -> None:
    """Allow as many open files, and so connections, as the system lets us."""
    try:
        import resource  # noqa: PLC0415 - not on Windows
    except ImportError:
        return
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _why_not(error: BaseException, option: str, options: Options) -> str:
    """Why the server cannot listen, by the option that can change it."""
    cause = error.socketError if isinstance(error, CannotListenError) else error
    number = getattr(cause, "errno", None)
    port, host = options[option], options["host"]
    if number == errno.EADDRINUSE:
        return f"--{option} {port}: something else is listening there already; choose another port"
    if port.isdigit() and (isinstance(cause, socket.gaierror) or number == errno.EADDRNOTAVAIL):
        return f"--host {host}: there is no such address on this machine; try {HOST_NAME} or 0.0.0.0"
    if number in (errno.EACCES, errno.EPERM):
        return f"--{option} {port}: not allowed to listen there; choose a port above 1023"
    return f"--{option} {port}: cannot listen there: {getattr(cause, 'strerror', None) or cause}"


def how_to_join(door: DoorFactory[Any], address: IAddress, tls: bool = False) -> list[str]:
    """What to tell whoever starts the server.

    :param address: where ``door`` listens.
    :param tls: whether connections there are encrypted.
    """
    host, port = getattr(address, "host", None), getattr(address, "port", None)
    if host is None or port is None:
        path = getattr(address, "name", address)
        path = path.decode(errors="replace") if isinstance(path, bytes) else str(path)
        where, ways = path, door.ways_in_by_socket(path)
    else:
        where = host_and_port(host, port)
        ways = door.ways_in({"0.0.0.0": HOST_NAME, "::": "::1"}.get(host, host), port, tls)
    starts = ["join it", *["     or"] * (len(ways) - 1)]
    return [f"chatroom listens on {where}", *(f"{start}: {way}" for start, way in zip(starts, ways, strict=False))]


class StopSignals(Service):
    """Makes SIGTERM and Ctrl-C ends like any other, with exit status 0; twistd's own ends by the signal itself."""

    _stopping = False

    def startService(self) -> None:
        super().startService()
        _global_reactor().callWhenRunning(self._install)

    def _install(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)

    def _stop(self, number: int, frame: object) -> None:
        # A second signal while the first is being followed has nothing to add.
        if self.running and not self._stopping:
            self._stopping = True
            reactor = _global_reactor()
            reactor.callFromThread(reactor.stop)


def makeService(options: Options) -> MultiService:
    """What twistd runs."""
    services = MultiService()
    ChatService(options).setServiceParent(services)
    StopSignals().setServiceParent(services)
    return services
