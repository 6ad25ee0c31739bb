"""The command line of the server: its options, and the checks before anything starts."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib.util import find_spec
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, NamedTuple

from twisted.cred.checkers import FilePasswordDB, ICredentialsChecker, InMemoryUsernamePasswordDatabaseDontUse
from twisted.cred.credentials import IUsernamePassword
from twisted.cred.strcred import findCheckerFactories, makeChecker
from twisted.internet.endpoints import serverFromString
from twisted.internet.interfaces import IReactorFDSet, IStreamServerEndpoint
from twisted.python import usage

from chatroom.core.proxies import Proxies
from chatroom.doors.assembly import BUILT_IN, Checker, read_motd, read_operators
from chatroom.doors.factory import DoorFactory
from chatroom.doors.password_file import read_first_line
from chatroom.model.constants import ENCODING, HOST_NAME
from chatroom.model.constants import HISTORY as DEFAULT_HISTORY
from chatroom.model.errors import CertificateUnusable, ChatError
from chatroom.model.names import room_name
from chatroom.model.settings import Settings, settings_table
from chatroom.server.accepting import FairEndpoint
from chatroom.server.door_table import DOORS, ENCRYPTS_ITSELF, PORTS, DoorRow, Encryption, PortRow
from chatroom.server.reactor import global_reactor
from chatroom.version import __version__

if TYPE_CHECKING:
    from chatroom.doors.encryption import Certificate

HISTORY = DEFAULT_HISTORY
"""The default file of the history of a server; a room in another program keeps none on disk unless it is told to."""

BACKLOG = 4096
"""Connections that the system holds until the server takes them. With Twisted's 50, people who come in at once would
wait until their packets are sent again."""

TRY_HELP = "chatroom: try --help for the options."

_PACKAGES = {"OpenSSL": "pyOpenSSL"}
"""The packages whose modules have another name."""


class OpenPort(NamedTuple):
    """A place to listen at."""

    row: PortRow
    endpoint: IStreamServerEndpoint
    certificate: Certificate | None
    """The certificate that connections are encrypted with there; None where the endpoint sees to that, or nobody."""
    encrypted: bool
    """Whether connections there are encrypted."""


class OpenDoor(NamedTuple):
    """A door that is to be opened."""

    factory: type[DoorFactory[Any]]
    ports: list[OpenPort]


class Options(usage.Options):
    """The options of ``twistd chatroom`` and ``python -m chatroom``."""

    synopsis = "[options]"
    longdesc = (
        "Serve a chatroom. Join it with nc, telnet or python -m chatroom.client; "
        "with --web, by a browser; with --irc, by an IRC client; with --tls-cert, by encrypted connections. "
        "Wherever an option takes a port, it takes a Twisted endpoint description too (tcp:..., unix:..., systemd:...)."
    )
    optParameters = [
        *(
            [
                port.option,
                "p" if port.option == "port" else None,
                port.default,
                f"PORT: {port.help}, or an endpoint description",
            ]
            for port in PORTS
        ),
        ["host", "H", HOST_NAME, "HOST: the address to listen on; 0.0.0.0 or :: for all"],
        ["tls-cert", None, "", "FILE: the certificate for encrypted connections, with its chain (PEM)"],
        ["tls-key", None, "", "FILE: its private key, without a passphrase, unless that is in the file of --tls-cert"],
        *(
            [
                setting.name.replace("_", "-"),
                None,
                HISTORY if setting.name == "history" else setting.default,
                f"{setting.metadata['unit']}: {setting.metadata['explanation']}",
            ]
            for setting in settings_table()
            if setting.metadata["unit"]
        ),
    ]
    optFlags = [
        [setting.name.replace("_", "-"), None, setting.metadata["explanation"]]
        for setting in settings_table()
        if not setting.metadata["unit"]
    ]

    def getUsage(self, width: int | None = None) -> str:
        # usage.Options adds "[default: ]" to options with an empty default.
        return str(super().getUsage(width)).replace(" [default: ]", "")

    def parseOptions(self, options: Sequence[str] | None = None) -> None:
        """:raises usage.UsageError: an option has a wrong value; it names the option and says what is wrong.
        :raises CannotStart: the same under twistd, which would print all of the help around the error.
        """
        try:
            super().parseOptions(options)
            if self.parent is not None:
                _check_pidfile(self.parent.get("pidfile"))
        except usage.UsageError as error:
            if self.parent is None:
                raise
            raise CannotStart(f"{error}\n{TRY_HELP}") from None

    def __init__(self) -> None:
        super().__init__()
        self.checkers: list[Checker] = []
        """The checkers of passwords, in the order in which they are asked; that of the built-in store where empty."""

    def opt_auth(self, description: str) -> None:
        """DESCRIPTION: check passwords by this, such as file:/etc/chat/passwd; give it again to ask one after the
        other; accounts: the accounts that people make for themselves, which is the default
        """
        if description == BUILT_IN and find_spec("argon2") is None:
            raise usage.UsageError(f"--auth {BUILT_IN} needs argon2-cffi: pip install 'chatroom[accounts]'")
        self.checkers.append(BUILT_IN if description == BUILT_IN else _checker(description))

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
        try:
            read_operators(self.settings.operators)
        except OSError as error:
            raise usage.UsageError(f"--operators {self.settings.operators}: {error.strerror}") from None
        except UnicodeDecodeError:
            raise usage.UsageError(f"--operators {self.settings.operators}: it is not UTF-8") from None
        except ValueError as error:
            raise usage.UsageError(f"--operators {self.settings.operators}: {error}") from None
        self._check_password()
        self.certificate = self._read_certificate()
        """The certificate for encrypted connections; None where there is none."""
        self.doors = [self._open(door) for door in DOORS if any(self[port.option] for port in door.ports)]
        """The doors to open."""
        self._check_ports()

    def _check_password(self) -> None:
        """:raises usage.UsageError: the file with the password for everybody will not do."""
        path = self.settings.password
        if path and self.settings.irc_password:
            raise usage.UsageError(
                f"--irc-password {self.settings.irc_password}: IRC clients give one password, that of --password: "
                "leave this one out"
            )
        try:
            read_first_line(path)
        except OSError as error:
            raise usage.UsageError(f"--password {path}: {error.strerror}") from None
        except UnicodeDecodeError:
            raise usage.UsageError(f"--password {path}: it is not UTF-8") from None
        except ValueError as error:
            raise usage.UsageError(f"--password {path}: {error}") from None

    def _check_ports(self) -> None:
        """:raises usage.UsageError: no port is open, or another option needs one that is not."""
        if not self.doors:
            raise usage.UsageError(f"no door is open: give one of --{', --'.join(port.option for port in PORTS)}")
        for port in PORTS:
            for name in port.settings:
                if getattr(self.settings, name) and not self[port.option]:
                    option = name.replace("_", "-")
                    raise usage.UsageError(f"--{option} {self[option]} needs --{port.option} PORT")
        if self.certificate is not None and not any(port.certificate for door in self.doors for port in door.ports):
            takers = [f"--{port.option} PORT" for port in PORTS if port.encryption is not Encryption.NEVER]
            raise usage.UsageError(
                f"--tls-cert {self['tls-cert']}: no port is encrypted with it: give one of {', '.join(takers)}"
            )

    def _read_certificate(self) -> Certificate | None:
        path, key_path = self["tls-cert"], self["tls-key"]
        if not path:
            if key_path:
                raise usage.UsageError(f"--tls-key {key_path} needs --tls-cert FILE: the certificate that it is of")
            return None
        try:
            from chatroom.doors.encryption import Certificate  # noqa: PLC0415 - it needs an extra
        except ImportError as error:
            raise usage.UsageError(f"--tls-cert needs {_package_of(error)}: pip install 'chatroom[tls]'") from None
        try:
            return Certificate(path, key_path)
        except CertificateUnusable as error:
            found = error.details["path"]
            option = "tls-cert" if found == path else "tls-key"
            raise usage.UsageError(f"--{option} {found}: {error.details['why']}") from None

    def _open(self, door: DoorRow) -> OpenDoor:
        ports = [port for port in door.ports if self[port.option]]
        try:
            factory = door.load()
        except ImportError as error:
            if not door.extra:
                raise
            raise usage.UsageError(
                f"--{ports[0].option} needs {_package_of(error)}: pip install 'chatroom[{door.extra}]'"
            ) from None
        try:
            factory.check(self.settings)
        except ValueError as error:
            raise usage.UsageError(str(error)) from None
        return OpenDoor(factory, [self._open_port(port) for port in ports])

    def _open_port(self, port: PortRow) -> OpenPort:
        description = self[port.option]
        endpoint = self._endpoint(port.option)
        if description.startswith(ENCRYPTS_ITSELF):
            return OpenPort(port, endpoint, None, encrypted=True)
        encrypts = port.encryption is Encryption.ALWAYS or (
            port.encryption is Encryption.WITH_CERTIFICATE
            and self.certificate is not None
            and _is_port_number(description)
        )
        if encrypts and self.certificate is None:
            raise usage.UsageError(f"--{port.option} {description} needs --tls-cert FILE: a certificate")
        return OpenPort(port, endpoint, self.certificate if encrypts else None, encrypts)

    def _read_settings(self) -> Settings:
        read: dict[str, Any] = {}
        for setting in settings_table():
            option = setting.name.replace("_", "-")
            if not setting.metadata["unit"]:
                read[setting.name] = bool(self[option])
                continue
            try:
                read[setting.name] = setting.metadata["parse"](str(self[option]))
            except ValueError as error:
                parse: Callable[[str], Any] = setting.metadata["parse"]
                wanted = (parse.__doc__ or "").splitlines()[0].rstrip(".").lower()
                raise usage.UsageError(f"--{option} {self[option]}: it takes {wanted} ({error})") from None
        settings = Settings(**read)
        if _is_name(self["host"]):
            # A browser may know the server by the name that it listens at.
            settings = replace(settings, web_hosts=f"{settings.web_hosts},{self['host']}")
        return settings

    def _endpoint(self, option: str) -> IStreamServerEndpoint:
        description = self[option]
        if _is_port_number(description):
            if not int(description) < 65536:
                raise usage.UsageError(f"--{option} {description}: a port is a number from 0 to 65535")
            if IReactorFDSet.providedBy(global_reactor()):
                proxies = Proxies(self.settings.proxies)
                return FairEndpoint(global_reactor(), int(description), BACKLOG, self["host"], proxies)
            description = f"tcp:{description}:interface={_quoted(self['host'])}:backlog={BACKLOG}"
        try:
            endpoint: IStreamServerEndpoint = serverFromString(global_reactor(), description)
        except ImportError as error:
            raise usage.UsageError(
                f"--{option} {description}: it needs {_package_of(error)}: pip install 'chatroom[tls]'"
            ) from None
        except FileNotFoundError as error:
            raise usage.UsageError(f"--{option} {description}: there is no file {error.filename}") from None
        except (ValueError, TypeError, LookupError, AttributeError, OSError) as error:
            raise usage.UsageError(
                f"--{option} {description}: neither a port number nor an endpoint description ({error})"
            ) from None
        return endpoint


def _is_port_number(description: str) -> bool:
    return description.isascii() and description.isdigit()


def _package_of(error: ImportError) -> str:
    """The package that is not installed."""
    module = (error.name or "").partition(".")[0]
    return _PACKAGES.get(module, module)


def _checker(description: str) -> ICredentialsChecker:
    """The checker that ``description`` describes (:mod:`twisted.cred.strcred`).

    :raises usage.UsageError: there is none, or it takes no names and passwords.
    """
    # What stands behind the colon may be a password.
    kind = description.partition(":")[0]
    usable = sorted({one.authType for one in findCheckerFactories() if IUsernamePassword in one.credentialInterfaces})
    if kind not in usable:
        raise usage.UsageError(f"--auth {kind}: there is no such check of passwords: choose one of {', '.join(usable)}")
    try:
        checker: ICredentialsChecker = makeChecker(description)
    except Exception as error:
        raise usage.UsageError(f"--auth {kind}: it takes something else behind the colon ({error})") from None
    if isinstance(checker, FilePasswordDB):
        # Without its file, it would take every password for a wrong one.
        try:
            with open(checker.filename, "rb"):
                pass
        except OSError as error:
            raise usage.UsageError(f"--auth {kind}: {checker.filename}: {error.strerror}") from None
    if isinstance(checker, InMemoryUsernamePasswordDatabaseDontUse):
        # Its factory has them as text, and it compares bytes.
        checker.users = {_as_bytes(name): _as_bytes(password) for name, password in checker.users.items()}
    return checker


def _as_bytes(text: str | bytes) -> bytes:
    return text.encode(ENCODING) if isinstance(text, str) else text


def _is_name(host: str) -> bool:
    """Whether ``host`` is a name, and no address."""
    try:
        ip_address(host)
    except ValueError:
        return bool(host)
    return False


def _check_pidfile(path: str | None) -> None:
    """:raises usage.UsageError: twistd cannot write its file ``path``, and would report that with a traceback."""
    folder = os.path.dirname(os.path.abspath(path)) if path else ""
    if path and not os.access(path if os.path.exists(path) else folder, os.W_OK):
        raise usage.UsageError(f"{folder} cannot be written, where twistd keeps {path}: add --pidfile= before chatroom")


def _quoted(host: str) -> str:
    return host.replace("\\", "\\\\").replace(":", "\\:")


class CannotStart(Exception, SystemExit):
    """Ends the program with status 1 and no traceback.

    It has both base classes because twistd tidies up behind an Exception only, and only a SystemExit ends it without a
    traceback.
    """

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.code = 1
        print(f"chatroom: {why}", file=sys.__stderr__, flush=True)
