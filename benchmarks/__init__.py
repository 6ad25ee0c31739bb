"""How fast chatroom is, beside its peers and beside what the machine can do: ``make bench`` runs it all.

scenarios.py has what is done and what is asked of it, servers.py who does it. A new scenario is a row there.
"""
