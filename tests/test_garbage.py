"""A connection that has gone leaves nothing to the garbage collector: thousands come and go in a second."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from support import TIMEOUT

COME_AND_GO = """
import gc
import socket
import sys
import threading

from twisted.internet import reactor
from twisted.python.reflect import namedAny

door, said, shown = sys.argv[1:]
factory = namedAny(door)(proxies="127.0.0.1" if "PROXY" in said else "")
listening = reactor.listenTCP(0, factory, interface="127.0.0.1")


def come_and_go():
    for number in range(10):
        with socket.create_connection(("127.0.0.1", listening.getHost().port)) as one:
            if said:
                one.sendall(said.replace("NAME", f"guest{number}").encode())
                data = b""
                while shown.encode() not in data:
                    data += one.recv(1 << 16)
        # The next one comes when this one has gone.
        gone = threading.Event()
        reactor.callFromThread(wait_until_gone, gone)
        gone.wait()
    reactor.callFromThread(look)


def wait_until_gone(gone):
    if len(reactor.getReaders()) <= without_guests:
        gone.set()
    else:
        reactor.callLater(0.01, wait_until_gone, gone)


def look():
    gc.set_debug(gc.DEBUG_SAVEALL)
    gc.collect()
    print(sorted(type(found).__name__ for found in gc.garbage))
    reactor.stop()


def begin():
    global without_guests
    without_guests = len(reactor.getReaders())
    gc.collect()
    gc.disable()
    threading.Thread(target=come_and_go, daemon=True).start()


reactor.callLater(0, begin)
reactor.run()
"""


@pytest.mark.process
@pytest.mark.parametrize(
    ("door", "said", "shown"),
    [
        ("chatroom.ChatFactory", "", ""),
        ("chatroom.ChatFactory", "NAME\n", "welcome"),
        ("chatroom.ChatFactory", "NAME format=json\nhello\n", '"text":"hello"'),
        ("chatroom.doors.irc.IRCFactory", "", ""),
        ("chatroom.doors.irc.IRCFactory", "NICK NAME\nUSER u 0 * :r\nJOIN #lobby\n", " 366 "),
        ("chatroom.doors.web.WebFactory", "", ""),
        ("chatroom.doors.web.WebFactory", "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "</html>"),
        ("chatroom.ChatFactory", "PROXY UNKNOWN\r\nNAME\n", "welcome"),
        ("chatroom.doors.irc.IRCFactory", "PROXY nonsense\r\n", "ERROR"),
        ("chatroom.doors.web.WebFactory", "GET /PROXY HTTP/1.1\r\nForwarded: for=192.0.2.1\r\n\r\n", "404"),
    ],
    ids=["line", "line-in", "json-talk", "irc", "irc-in", "web", "page", "proxied", "refused", "forwarded"],
)
def test_nothing_of_those_who_have_gone_waits_for_a_collection(
    tmp_path: Path, door: str, said: str, shown: str
) -> None:
    found = subprocess.run(
        [sys.executable, "-c", COME_AND_GO, door, said, shown],
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
        cwd=tmp_path,
    )

    assert (found.stdout, found.stderr) == ("[]\n", "")
