"""Some do not read at all: the others hear everything, in order, and the server keeps its memory.

A real server, and a tenth of its members stuck: their connections stand, and nothing is ever read from them.
"""

from __future__ import annotations

import resource
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing

import pytest
from crowd import Crowd, Talker, check, kept
from support import Person, Stage, memory

from chatroom.model.constants import HOST_NAME

WHOLE_MEMORY = 100 * 1024
"""KiB that a server may take, with everything that it is."""

LONG = "x" * 2000
SMALL_BUFFER = 4096
"""What a stuck member's system takes for them, so that a test need not say as much as it would by itself."""
ENOUGH = 2000
"""Lines of talk after which nobody can be stuck and still there: 4 MB."""
SPEAKERS = 4
REASON = "reading too slowly"


@pytest.fixture
def many_files() -> Iterator[None]:
    """This process may have a few thousand connections."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def stand_still(port: int, nickname: str) -> Person:
    """Somebody who comes in, and reads nothing from there on."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER)
    connection.connect((HOST_NAME, port))
    person = Person(connection)
    person.enter(nickname)
    return person


def a_tenth_is_stuck(stage: Stage, members: int) -> None:
    path = stage.folder / "history.sqlite"
    server = stage.serve("--history", str(path), "--rate", "0", "--sendq", str(1024 * 1024))
    stuck = [f"stuck{number}" for number in range(members // 10)]
    readers = [Talker(f"reader{number}", ("lobby",), talks=False) for number in range(members - len(stuck) - SPEAKERS)]
    speakers = [Talker(f"speaker{number}", ("lobby",), longer=LONG) for number in range(SPEAKERS)]
    with ExitStack() as stack, Crowd([]) as crowd:
        crowd.bring(server.port, readers)
        for nickname in stuck:
            stack.enter_context(closing(stand_still(server.port, nickname)))
        crowd.bring(server.port, speakers)

        def let_go() -> set[str]:
            return {event.nickname for event in readers[0].heard if event.text == REASON}

        crowd.go_on_until(lambda: sum(speaker.said for speaker in speakers) >= ENOUGH and let_go() == {*stuck})
        crowd.until_all_have_heard_all()
        assert memory(server.process.pid, "VmHWM") < WHOLE_MEMORY
        log = kept(path, stage.folder / "copy")
        check(crowd.talkers, log)
        assert [event for event in log if event.kind == "left"] == [
            event for event in readers[0].heard if (event.kind, event.text) == ("left", REASON)
        ], "nobody else has left, nor for another reason"
        # Their nicknames are free.
        stage.enter(server.port, stuck[0])
    assert server.stop() == 0
    assert "Traceback" not in server.to_the_end() + server.errors()


def test_with_twenty_of_two_hundred_stuck_the_others_hear_everything(stage: Stage, many_files: None) -> None:
    a_tenth_is_stuck(stage, 200)


@pytest.mark.soak
def test_with_a_hundred_of_a_thousand_stuck_they_do_too(stage: Stage, many_files: None) -> None:
    a_tenth_is_stuck(stage, 1000)
