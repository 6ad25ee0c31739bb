"""``python -m chatroom``: the server, for people who do not know twistd, with the options of ``twistd chatroom``."""

import sys

from twisted.logger import globalLogBeginner, textFileLogObserver
from twisted.python import usage

from chatroom.server.options import TRY_HELP, Options
from chatroom.server.reactor import global_reactor
from chatroom.server.service import makeService


def main() -> None:
    """Serve until SIGTERM or Ctrl-C."""
    options = Options()
    options.synopsis = "Usage: python -m chatroom [options]"
    try:
        options.parseOptions(sys.argv[1:])
    except usage.UsageError as error:
        sys.exit(f"chatroom: {error}\n{TRY_HELP}")
    globalLogBeginner.beginLoggingTo([textFileLogObserver(sys.stdout)], redirectStandardIO=False)
    reactor = global_reactor()
    service = makeService(options)
    service.privilegedStartService()
    service.startService()
    reactor.addSystemEventTrigger("before", "shutdown", service.stopService)
    reactor.run()


if __name__ == "__main__":
    main()
