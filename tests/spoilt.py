"""Files that are no history of ours, or none any more, and what is said of each."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from logs import opened, talk

from chatroom.log.schema import STEPS


def not_a_database(path: Path) -> None:
    path.write_bytes(b"Dear diary, " * 1000)


def too_short_for_a_database(path: Path) -> None:
    path.write_bytes(b"tea")


def of_another_program(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        file.execute("CREATE TABLE recipe (text)")


def of_another_program_that_marks_its_files(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        file.execute("PRAGMA application_id = 1")
        file.execute("PRAGMA user_version = 1")


def of_a_newer_schema(path: Path) -> None:
    a_log(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        file.execute(f"PRAGMA user_version = {len(STEPS) + 1}")


def damaged(path: Path) -> None:
    a_log(path)
    with path.open("r+b") as file:
        for page in range(2, path.stat().st_size // 4096):
            file.seek(page * 4096 + 100)
            file.write(b"\xa5" * 3000)


def damaged_at_the_beginning(path: Path) -> None:
    a_log(path)
    with path.open("r+b") as file:
        file.seek(100)
        file.write(b"\xa5" * 3000)


def truncated(path: Path) -> None:
    a_log(path)
    os.truncate(path, path.stat().st_size // 2 // 4096 * 4096)


def truncated_within_a_page(path: Path) -> None:
    a_log(path)
    os.truncate(path, path.stat().st_size - 1000)


def a_log(path: Path) -> None:
    """Make ``path`` the file of a log with something in it."""
    subject = opened(path.parent)
    talk(subject, 1000)
    subject.stop()
    (path.parent / "history-search").unlink()


REFUSED: dict[Callable[[Path], None], str] = {
    not_a_database: "it is not a chatroom's history: name another file",
    too_short_for_a_database: "it is not a chatroom's history: name another file",
    of_another_program: "it is the database of another program: name another file",
    of_another_program_that_marks_its_files: "it is the database of another program: name another file",
    of_a_newer_schema: f"a newer chatroom made it (schema {len(STEPS) + 1}): install that one",
    damaged: "it is damaged: restore a backup, or name another file",
    damaged_at_the_beginning: "it is damaged: restore a backup, or name another file",
    truncated: "it is damaged: restore a backup, or name another file",
    truncated_within_a_page: "it is damaged: restore a backup, or name another file",
}


def contents(folder: Path) -> dict[str, bytes]:
    """Everything in ``folder`` but for what says that somebody has looked."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if not path.name.endswith("-lock")}
