"""Bytes and text: lines, the handshake, requests, formats and the send queue. Nothing here knows rooms."""
