"""The identity of a history: the name by which a client that comes back knows whether it is still the same one."""

from __future__ import annotations

import secrets

BYTES = 5
"""Random bytes in an identity, which is twice as many hexadecimal digits."""


def new_identity() -> str:
    """An identity that no other history has."""
    return secrets.token_hex(BYTES)
