"""``python -m chatroom.admin``: what whoever runs a server does to its history's file, beside the running server.

- :mod:`~chatroom.admin.commands`: the table of sub-commands;
- :mod:`~chatroom.admin.history`: the file, opened beside a server;
- :mod:`~chatroom.admin.passwords`: passwords, asked for at a terminal or read from a pipe.

Nothing here talks to the server. It reads invitations, tokens and passwords in the file whenever it needs them, and
looks every two seconds whether another program has changed an account or a token.
"""
