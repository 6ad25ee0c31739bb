"""Bytes and text: how lines are split, what events and answers look like, what waits to be sent. It knows no rooms."""
