"""The state table of a log on disk: what holds in each room, where trimming does not reach it.

A row is a copy of the last event of one room, kind and subject. It is written in the transaction of the event, and
goes when an event clears it. Anybody may make rooms, so the rows of each kind have a limit, beyond which the oldest go.
Rules have none: else somebody could have a ban forgotten by making others. :mod:`chatroom.model.rules` bounds them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from chatroom.log.rows import COLUMNS, as_json, events_of
from chatroom.model.events import KINDS, Event


def read_state(connection: sqlite3.Connection) -> list[Event]:
    """All that holds, oldest first."""
    rows = connection.execute(
        f"SELECT {COLUMNS} FROM state AS event JOIN room ON room.id = event.room ORDER BY event.id"
    )
    return list(events_of(rows))


def write_state(connection: sqlite3.Connection, changes: Iterable[tuple[int, Event]], limit: int) -> None:
    """Keep what holds after ``changes``, within the transaction that keeps their events.

    :param changes: the number of the room and the event of each, oldest first.
    :param limit: rows of each kind.
    """
    last = {(room, event.kind, event.subject): event for room, event in changes}
    for key, event in last.items():
        if event.clears:
            connection.execute("DELETE FROM state WHERE room = ? AND kind = ? AND subject = ?", key)
        else:
            id_, at, _, member, nickname, text, about, extras, ref = event
            connection.execute(
                "INSERT OR REPLACE INTO state VALUES (?,?,?,?,?,?,?,?,?,?,?)",
                (*key, id_, at, member, nickname, text, about, as_json(extras), ref),
            )
    for kind in {event.kind for event in last.values() if not event.is_rule}:
        connection.execute(
            "DELETE FROM state WHERE kind = ? AND id <="
            " (SELECT id FROM state WHERE kind = ? ORDER BY id DESC LIMIT 1 OFFSET ?)",
            (kind, kind, limit),
        )


def forget_rules(connection: sqlite3.Connection, rooms: Iterable[str]) -> None:
    """Have the rules of ``rooms`` hold no more, within a transaction."""
    kinds = [kind.kind for kind in KINDS.values() if kind.is_rule]
    for room in rooms:
        connection.execute(
            "DELETE FROM state WHERE room = (SELECT id FROM room WHERE name = ?)"
            f" AND kind IN ({','.join('?' * len(kinds))})",
            (room, *kinds),
        )
