"""The doors: one module for each protocol that people come in by. No door imports another."""
