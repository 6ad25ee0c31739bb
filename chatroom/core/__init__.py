"""Who is here and what may happen: the rooms, their members and sessions, the commands, and delivery. No Twisted."""
