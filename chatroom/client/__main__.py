"""``python -m chatroom.client alice``."""

import sys

from twisted.internet.task import react

from chatroom.client.terminal import main, open_closed_descriptors

if __name__ == "__main__":
    open_closed_descriptors()
    react(main, (sys.argv[1:],))
