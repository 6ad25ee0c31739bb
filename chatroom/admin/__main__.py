"""The command line of ``python -m chatroom.admin``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from chatroom.admin.commands import COMMANDS
from chatroom.admin.history import opened
from chatroom.model.constants import HISTORY
from chatroom.model.errors import ChatError

PROGRAM = "chatroom.admin"


def parser() -> argparse.ArgumentParser:
    """The options, and the sub-commands of the table."""
    found = argparse.ArgumentParser(
        prog=f"python -m {PROGRAM}",
        description="Change the accounts, invitations and tokens of a server, which may go on running.",
    )
    found.add_argument(
        "--history", metavar="FILE", default=HISTORY, help="the file of the server's history (default: %(default)s)"
    )
    commands = found.add_subparsers(metavar="COMMAND", required=True)
    for command in COMMANDS:
        added = commands.add_parser(command.name, help=command.help, description=f"{command.description}.")
        command.arguments(added)
        added.set_defaults(run=command.run)
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one sub-command; the exit status."""
    options = parser().parse_args(arguments)
    try:
        with opened(options.history) as history:
            for line in options.run(history, options):
                print(line)
    except ChatError as error:
        print(f"{PROGRAM}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
