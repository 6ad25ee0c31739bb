"""The door for browsers: one page, and the WebSocket that it talks through.

- :mod:`~chatroom.doors.web.http`: HTTP, bounded in time and in unsent bytes;
- :mod:`~chatroom.doors.web.assets`: the files of the page, compressed, and named by a hash of their content;
- :mod:`~chatroom.doors.web.site`: the addresses that are served: the page, ``/healthz``, and the upgrade at ``/chat``;
- :mod:`~chatroom.doors.web.upgrade`: the handshake by which a connection becomes a WebSocket;
- :mod:`~chatroom.doors.web.websocket`: a connection that speaks in WebSocket messages;
- ``page/``: the files that the browser runs.
"""

from chatroom.doors.web.site import WebFactory

__all__ = ["WebFactory"]
