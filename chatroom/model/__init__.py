"""Values and rules: events, errors, names, text, settings. No I/O, no Twisted, nothing of the other packages."""
