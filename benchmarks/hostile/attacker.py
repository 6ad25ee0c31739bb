"""The process that attacks: it takes the steps of many scripts, with one selector and ready-made bytes."""

from __future__ import annotations

import os
import resource
import selectors
import socket
import struct
import time
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from heapq import heappop, heappush
from multiprocessing.connection import Connection

from benchmarks.hostile.attacks import ATTACKS
from benchmarks.hostile.figures import Effort
from benchmarks.hostile.script import (
    CLIENTS_PER_ADDRESS,
    Attack,
    Connect,
    Do,
    Door,
    Expect,
    Pause,
    Script,
    Send,
    Step,
)
from benchmarks.processes import HOST

NICENESS = 10
"""The attacker yields to the server and to the honest members: it must not be what the honest members wait for."""

COMING_BACK = 0.1
"""Seconds after which a client whose connection was closed begins again."""

READ = 1 << 18
"""Bytes that are read at once."""

KEPT = 64
"""Bytes that are kept of what was read, since a marker may come in two parts."""


class Client:
    """One client of an attack, and where it stands in its script."""

    def __init__(self, number: int, script: Script) -> None:
        self.number = number
        self.script = script
        self.socket: socket.socket | None = None
        self.connecting = False
        self.outgoing = memoryview(b"")
        self.marker = b""
        """The bytes for which it waits; empty when it does not."""
        self.tail = b""
        self.deaf = False
        self.waits_for_all = False
        self.life = 0
        """Counts its beginnings: a turn or a pause of an earlier one is nobody's."""


class Crowd:
    """All clients of an attack."""

    def __init__(self, attack: Attack, ports: Mapping[Door, int]) -> None:
        self.effort: Effort = {"connections": 0, "closed": 0, "refused": 0, "sent": 0, "received": 0, "ready": 0}
        self._attack = attack
        self._ports = ports
        self._begun = False
        """Whether the attack proper has begun."""
        self._clients = [Client(number, attack.script(number)) for number in range(attack.clients)]
        self._selector = selectors.DefaultSelector()
        self._runnable: deque[tuple[Client, int]] = deque()
        """Clients that can take their next step, and in which life."""
        self._asleep: list[tuple[float, int, int]] = []
        """A heap: when who wakes up, and in which life."""
        self._ready: set[int] = set()
        start = time.monotonic()
        for client in self._clients:
            heappush(self._asleep, (start + client.number / attack.start_rate, client.number, 0))

    @property
    def prepared(self) -> bool:
        """Whether all clients are ready."""
        return len(self._ready) == len(self._clients)

    def begin(self) -> None:
        """The attack proper begins."""
        self._begun = True
        for client in self._clients:
            if client.waits_for_all:
                client.waits_for_all = False
                self._go_on(client)

    def close(self) -> None:
        """The attack is over."""
        for client in self._clients:
            self._drop(client)
        self._selector.close()

    def turn(self) -> None:
        """Let each client that can do something do it once."""
        now = time.monotonic()
        while self._asleep and self._asleep[0][0] <= now:
            _, number, life = heappop(self._asleep)
            self._runnable.append((self._clients[number], life))
        for _ in range(len(self._runnable)):
            client, life = self._runnable.popleft()
            if client.life == life:
                self._advance(client)
        timeout = 0.0 if self._runnable else 0.05
        if self._asleep:
            timeout = min(timeout, max(0.0, self._asleep[0][0] - now))
        for key, events in self._selector.select(timeout):
            client = key.data
            if events & selectors.EVENT_WRITE and client.socket is key.fileobj:
                self._writable(client)
            if events & selectors.EVENT_READ and client.socket is key.fileobj:
                self._readable(client)

    def _go_on(self, client: Client) -> None:
        self._runnable.append((client, client.life))

    def _sleep(self, client: Client, seconds: float) -> None:
        heappush(self._asleep, (time.monotonic() + seconds, client.number, client.life))

    # Steps.

    def _advance(self, client: Client) -> None:
        """Take the next step; several where they take no time."""
        for step in client.script:
            if not self._take(client, step):
                return
        # The script has come to its end: the connection stays, and counts as ready.
        self._note_ready(client)

    def _take(self, client: Client, step: Step) -> bool:
        """:returns: whether the next step may follow at once."""
        match step:
            case Connect():
                self._connect(client, step)
            case Send():
                client.marker = step.until
                client.outgoing = memoryview(step.data)
                self._flush(client)
            case Expect():
                client.marker = step.marker
                self._look(client)
            case Pause():
                self._sleep(client, step.seconds)
            case Do.READY:
                self._note_ready(client)
                client.waits_for_all = not self._begun
                return self._begun
            case Do.DEAF:
                client.deaf = True
                self._watch(client)
                return True
            case Do.FINISH:
                if client.socket is not None:
                    with suppress(OSError):
                        client.socket.shutdown(socket.SHUT_WR)
                return True
            case Do.RESET | Do.CLOSE:
                self._drop(client, reset=step is Do.RESET)
                return True
        return False

    def _note_ready(self, client: Client) -> None:
        self._ready.add(client.number)
        self.effort["ready"] = len(self._ready)

    def _connect(self, client: Client, step: Connect) -> None:
        self._drop(client)
        made = socket.socket()
        made.setblocking(False)
        if step.buffer:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, step.buffer)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.socket, client.connecting, client.deaf = made, True, False
        try:
            # The port is chosen when connecting, so that there is one for each pair of ends.
            made.setsockopt(socket.SOL_IP, IP_BIND_ADDRESS_NO_PORT, 1)
            made.bind((f"127.1.0.{1 + client.number // CLIENTS_PER_ADDRESS}", 0))
            made.connect((HOST, self._ports[step.door]))
        except BlockingIOError:
            pass
        except OSError:
            self._refused(client)
            return
        self._selector.register(made, selectors.EVENT_WRITE, client)

    def _refused(self, client: Client) -> None:
        self.effort["refused"] += 1
        self._drop(client)
        self._begin_again(client)

    def _begin_again(self, client: Client) -> None:
        client.life += 1
        client.script = self._attack.script(client.number)
        client.marker, client.tail = b"", b""
        client.waits_for_all = False
        self._sleep(client, COMING_BACK)

    def _drop(self, client: Client, reset: bool = False) -> None:
        if client.socket is not None:
            if reset:
                client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            if client.socket in self._selector.get_map():
                self._selector.unregister(client.socket)
            client.socket.close()
        client.socket, client.outgoing = None, memoryview(b"")

    def _watch(self, client: Client) -> None:
        """Tell the selector what the client waits for."""
        wanted = 0 if client.deaf else selectors.EVENT_READ
        if client.connecting or client.outgoing:
            wanted |= selectors.EVENT_WRITE
        if client.socket is None:
            return
        known = self._selector.get_map().get(client.socket)
        if known is None and wanted:
            self._selector.register(client.socket, wanted, client)
        elif known is not None and not wanted:
            self._selector.unregister(client.socket)
        elif known is not None and known.events != wanted:
            self._selector.modify(client.socket, wanted, client)

    def _writable(self, client: Client) -> None:
        if client.socket is None:
            return
        if client.connecting:
            client.connecting = False
            if client.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                self._refused(client)
                return
            self.effort["connections"] += 1
            self._watch(client)
            self._go_on(client)
        elif client.outgoing:
            self._flush(client)

    def _flush(self, client: Client) -> None:
        """Send what can be sent; the next step comes when all is."""
        if client.socket is None:
            self._begin_again(client)
            return
        try:
            sent = client.socket.send(client.outgoing)
        except BlockingIOError:
            sent = 0
        except OSError:
            self._closed(client)
            return
        self.effort["sent"] += sent
        client.outgoing = client.outgoing[sent:]
        self._watch(client)
        if not client.outgoing and not client.marker:
            self._go_on(client)

    def _readable(self, client: Client) -> None:
        if client.socket is None:
            return
        try:
            data = client.socket.recv(READ)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._closed(client)
            return
        self.effort["received"] += len(data)
        if client.marker:
            client.tail += data
            self._look(client)
        else:
            client.tail = data[-KEPT:]

    def _look(self, client: Client) -> None:
        before, marker, after = client.tail.partition(client.marker)
        if marker:
            client.tail, client.marker = after, b""
            if not client.outgoing:
                self._go_on(client)
        else:
            client.tail = before[-KEPT:]

    def _closed(self, client: Client) -> None:
        """The server has closed the connection."""
        self.effort["closed"] += 1
        self._drop(client)
        self._begin_again(client)


IP_BIND_ADDRESS_NO_PORT = 24
"""The option of Linux, which Python knows by name from 3.12 on (ip(7))."""


def run(name: str, ports: Mapping[Door, int], processor: int, orders: Connection) -> None:
    """Prepare the attack of that name, say so, begin when told to, and end when told to."""
    os.nice(NICENESS)
    os.sched_setaffinity(0, {processor})
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    crowd = Crowd(ATTACKS[name], ports)
    told = False
    begun = False
    while True:
        crowd.turn()
        if crowd.prepared and not told:
            told = True
            orders.send("prepared")
        if orders.poll():
            if orders.recv() == "end":
                break
            if not begun:
                begun = True
                crowd.begin()
    crowd.close()
    orders.send(crowd.effort)
