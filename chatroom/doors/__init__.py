"""The doors: a module or package for each protocol by which people come in. No door imports another."""
