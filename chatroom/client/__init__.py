"""The client's side: :mod:`~chatroom.client.protocol` for bots, :mod:`~chatroom.client.conversation` for people.

The package knows the wire and nothing of the server. A person's terminal is one of two, :mod:`~chatroom.client.plain`
or :mod:`~chatroom.client.rich`; :mod:`~chatroom.client.__main__` chooses. Both kinds of client may connect by
:mod:`~chatroom.client.encryption`.
"""
