"""The servers that are measured: how each is started, with its limits off, and which version it is.

chatroom keeps its history on disk, and shows nothing before the disk has it; the others keep nothing.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.scenarios import CHATROOM, INSPIRCD, IRC, LIMIT, NGIRCD, WEBSOCKET
from chatroom.version import __version__

BUILD = Path(__file__).parent.parent / "build"
"""Where the Makefile puts the C programs."""

_SYSTEM = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"))

_INSPIRCD_CONFIGURATION = """\
<server name="irc.peer.local" description="peer" network="Peers">
<admin name="admin" nick="admin" email="admin@peer.local">
<bind address="127.0.0.1" port="{port}" type="clients">
<connect name="all" allow="*" timeout="120" pingfreq="3600" hardsendq="16777216" softsendq="16777216"
 recvq="16777216" threshold="2000000000" commandrate="2000000000" fakelag="no" localmax="100000" globalmax="100000"
 limit="100000" maxchans="100" maxconnwarn="no" resolvehostnames="no" useident="no">
<dns server="127.0.0.1" timeout="1">
<options defaultmodes="n" announcets="no" defaultbind="ipv4" casemapping="ascii">
<performance netbuffersize="65534" somaxconn="4096" softlimit="65000" clonesonconnect="no" timeskipwarn="0"
 quietbursts="yes">
<path configdir="{folder}" datadir="{folder}" logdir="{folder}" runtimedir="{folder}"
 moduledir="/usr/lib/inspircd/modules">
"""

_NGIRCD_CONFIGURATION = """\
[Global]
Name = irc.peer.local
Info = peer
AdminEMail = admin@peer.local
Listen = 127.0.0.1
Ports = {port}
MotdPhrase = peer
ServerUID = irc
ServerGID = irc
[Limits]
MaxConnections = 0
MaxConnectionsIP = 0
MaxJoins = 0
MaxNickLength = 31
MaxPenaltyTime = 0
PingTimeout = 3600
[Options]
DNS = no
Ident = no
PAM = no
"""

# ngircd listens with a backlog of 10, which would make a crowd wait for packets to be sent again. So it is handed a
# socket that listens already, as systemd would do it (sd_listen_fds(3)).
_HAND_OVER = """\
import os, socket, sys
listening = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=4096)
os.dup2(listening.fileno(), 3)
os.set_inheritable(3, True)
os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
os.execv(sys.argv[2], sys.argv[2:])
"""


@dataclass(frozen=True, slots=True)
class Server:
    """One that may be measured."""

    protocol: str
    """Which chatload is to speak."""
    command: Callable[[int, Path], list[str]]
    """How to start it in the foreground: given a port, and a folder for what it needs."""
    version: Callable[[], str | None]
    """None when it is not installed."""


def _chatroom(door: str) -> Callable[[int, Path], list[str]]:
    """chatroom with one door open.

    :param door: the option that opens it.
    """

    def command(port: int, folder: Path) -> list[str]:
        options = f"--history {folder}/chat.sqlite --durability power --rate 0 --max-clients 0"
        # The line door is open unless it is told to be nowhere; what comes last counts.
        return [sys.executable, "-m", "chatroom", "--port=", f"--{door}={port}", *options.split()]

    return command


def _inspircd(port: int, folder: Path) -> list[str]:
    configuration = folder / "inspircd.conf"
    configuration.write_text(_INSPIRCD_CONFIGURATION.format(port=port, folder=folder), encoding="utf-8")
    as_root = ["--runasroot"] if os.geteuid() == 0 else []
    return [_path("inspircd"), "--nofork", "--nopid", *as_root, f"--config={configuration}"]


def _ngircd(port: int, folder: Path) -> list[str]:
    configuration = folder / "ngircd.conf"
    configuration.write_text(_NGIRCD_CONFIGURATION.format(port=port), encoding="utf-8")
    return [sys.executable, "-c", _HAND_OVER, str(port), _path("ngircd"), "-n", "-f", str(configuration)]


def _path(program: str) -> str:
    return shutil.which(program, path=_SYSTEM) or program


def _version_of(program: str) -> str | None:
    if shutil.which(program, path=_SYSTEM) is None:
        return None
    shown = subprocess.run([_path(program), "--version"], capture_output=True, check=False, text=True).stdout
    found = re.search(r"[0-9]+(\.[0-9]+)+", shown)
    return found[0] if found else "unknown"


SERVERS: Mapping[str, Server] = {
    CHATROOM: Server("line", _chatroom("port"), lambda: __version__),
    WEBSOCKET: Server("ws", _chatroom("web"), lambda: __version__),
    IRC: Server("irc", _chatroom("irc"), lambda: __version__),
    INSPIRCD: Server("irc", _inspircd, lambda: _version_of("inspircd")),
    NGIRCD: Server("irc", _ngircd, lambda: _version_of("ngircd")),
    LIMIT: Server(
        "line",
        lambda port, folder: [str(BUILD / "climit"), str(port)],
        lambda: "climit.c" if (BUILD / "climit").exists() else None,
    ),
}
