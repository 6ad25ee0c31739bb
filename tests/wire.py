"""A way to a server that can be cut: a proxy on sockets, between clients and one port."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress

from support import port_of

from chatroom.model.constants import HOST_NAME


class _Connection:
    """The two halves of a connection that is carried."""

    def __init__(self, near: socket.socket, far: socket.socket) -> None:
        """
        :param near: to the client.
        :param far: to the server.
        """
        self.near = near
        self.far = far
        self.is_cut = False

    def cut(self, noticed: bool) -> None:
        self.is_cut = True
        _hang_up(self.near)
        if noticed:
            _hang_up(self.far)


class Wire:
    """A way to the server that can be cut."""

    def __init__(self, target: int) -> None:
        """:param target: the server's port."""
        self._target = target
        self._whole = True
        self._connections: list[_Connection] = []
        self._lock = threading.Lock()
        # Bytes that are let through before the next cut, and whether the server is to notice that.
        self._next_cut: tuple[int, bool] | None = None
        self.cuts = 0
        """How many of the cuts that :meth:`cut_after` has asked for have been made."""
        self._listening = socket.create_server((HOST_NAME, 0))
        self.port = port_of(self._listening)
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def cut(self, *, noticed: bool = True) -> None:
        """Cut it, and let nobody through.

        :param noticed: by the server, too; otherwise it takes the connections for whole.
        """
        self._whole = False
        for connection in self._connections:
            connection.cut(noticed)

    def mend(self) -> None:
        """Let connections through again."""
        self._whole = True

    def cut_after(self, count: int, *, noticed: bool) -> None:
        """Cut the connection that there is, or the next, once so many more bytes have gone either way.

        :param count: more than none; the rest of the piece in which the last of them is does not arrive.
        :param noticed: as in :meth:`cut`.
        """
        with self._lock:
            self._next_cut = (count, noticed)

    def close(self) -> None:
        self.cut()
        _hang_up(self._listening)
        for thread in self._threads:
            thread.join()
        self._listening.close()
        for connection in self._connections:
            connection.near.close()
            connection.far.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listening.accept()
                far = self._reach() if self._whole else None
                if far is None:
                    near.close()
                    continue
                connection = _Connection(near, far)
                self._connections.append(connection)
                for source, sink in ((near, far), (far, near)):
                    self._threads.append(threading.Thread(target=self._carry, args=(connection, source, sink)))
                    self._threads[-1].start()

    def _reach(self) -> socket.socket | None:
        try:
            return socket.create_connection((HOST_NAME, self._target))
        except ConnectionRefusedError:
            return None

    def _carry(self, connection: _Connection, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                piece, cut, noticed = self._let_through(data)
                sink.sendall(piece)
                if cut:
                    connection.cut(noticed)
        # Of a cut, the other end is told when it is made, if it is, however late this thread finds it.
        if not connection.is_cut:
            _hang_up(sink)

    def _let_through(self, data: bytes) -> tuple[bytes, bool, bool]:
        """What of ``data`` is let through, whether the connection is cut behind it, and whether that is noticed."""
        with self._lock:
            if self._next_cut is None:
                return data, False, False
            count, noticed = self._next_cut
            if len(data) < count:
                self._next_cut = (count - len(data), noticed)
                return data, False, False
            self._next_cut = None
            self.cuts += 1
            return data[:count], True, noticed


def _hang_up(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
