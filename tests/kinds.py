"""Kinds of event that a test adds, and that are gone when it is over."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

from chatroom.model.events import KINDS, Event

Form = tuple[MutableMapping[type[Event], Any], Any]
"""A table of renderings, and the row of a kind in it."""


@contextmanager
def known(kind: type[Event], *forms: Form) -> Iterator[None]:
    """Have a kind, which its class has put into the list of kinds, be known in the block and no longer."""
    assert KINDS[kind.kind] is kind
    for table, row in forms:
        table[kind] = row
    try:
        yield
    finally:
        del KINDS[kind.kind]
        for table, _ in forms:
            del table[kind]


@contextmanager
def new_kind(name: str, base: type[Event], *forms: Form, **traits: object) -> Iterator[type[Event]]:
    """Have there be a kind that differs from its ``base`` in ``traits``."""
    kind: type[Event] = type(name.title(), (base,), {"__slots__": (), "kind": name, **traits})
    with known(kind, *forms):
        yield kind
