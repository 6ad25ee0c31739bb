"""The door for browsers: one page, and the WebSocket that it talks through.

- :mod:`~chatroom.doors.web.site`: what is answered over HTTP: the page, ``/healthz``, and the upgrade at ``/chat``;
- :mod:`~chatroom.doors.web.upgrade`: the handshake by which a connection becomes a WebSocket;
- :mod:`~chatroom.doors.web.websocket`: a connection that speaks in WebSocket messages;
- ``page/``: what the browser runs.
"""

from chatroom.doors.web.site import WebFactory

__all__ = ["WebFactory"]
