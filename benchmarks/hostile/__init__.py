"""Whether a hostile client can harm the others: ``make hostile`` runs one attack after the other on a real server.

Each attack has the server to itself, with its default settings and both processors. Three processes take part:

- the server;
- the honest members (honest.py), who speak, come in and ask, and look at the clock;
- the attacker (attacker.py), which plays the scripts of the attack. It has the lower priority, so that the figures are
  the server's.

script.py has the words in which attacks are written; line.py, web.py, irc.py and connections.py have the attacks. A new
attack is a function there. trial.py runs one, and figures.py says what is asked of the server.
"""
