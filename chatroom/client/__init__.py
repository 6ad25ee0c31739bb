"""The client's side: :mod:`~chatroom.client.protocol` for bots, :mod:`~chatroom.client.terminal` for people.

It knows the wire and nothing of the server.
"""
