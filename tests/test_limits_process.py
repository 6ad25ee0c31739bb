"""The limits on who may come, on a server of its own: each refusal is said in a line, and the server goes on."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from support import TIMEOUT, TWISTD, Person, Stage, missing

from chatroom.model.constants import HOST_NAME

ELSEWHERE = "127.0.0.2"
FromElsewhere = Callable[[int, str], Person]


@pytest.fixture
def enter_from_elsewhere() -> Iterator[FromElsewhere]:
    """Lets somebody in from another address of this machine."""
    with ExitStack() as stack:

        def enter(port: int, nickname: str) -> Person:
            connection = socket.create_connection((HOST_NAME, port), TIMEOUT, (ELSEWHERE, 0))
            person = stack.enter_context(closing(Person(connection)))
            person.enter(nickname)
            return person

        yield enter


def limited(soft: int, hard: int) -> tuple[str, ...]:
    """What starts a server that may have so many files open: a shell that sets the limits, and becomes the server."""
    script = f'ulimit -S -n {soft} && ulimit -H -n {hard} && exec "$@"'
    return ("bash", "-c", script, "bash", TWISTD, "-n", "chatroom")


def assert_refused(person: Person, line: str) -> None:
    """They are told why in one line, and nothing else, and the connection is closed."""
    assert person.to_the_end() == f"{line}\r\n"


def assert_they_talk(*people: Person) -> None:
    for number, speaker in enumerate(people):
        speaker.send(f"can you hear me? {number}")
        for person in people:
            person.expect(f"can you hear me? {number}\r\n")


def test_max_clients_refuses_who_is_one_too_many_until_somebody_leaves(stage: Stage) -> None:
    server = stage.serve("--history", "none", "--max-clients", "3")
    alice, bob = stage.enter(server.port, "alice"), stage.enter(server.port, "bob")
    # Who has yet to give a nickname counts.
    carol = stage.connect(server.port)
    carol.expect("NICK\r\n")
    for _ in range(5):
        assert_refused(stage.connect(server.port), "! The server is full (3 connections): try again later.")
    carol.send("carol")
    carol.expect("* carol joined\r\n")
    assert_they_talk(alice, bob, carol)
    bob.send("/quit")
    bob.to_the_end()
    dave = stage.enter(server.port, "dave")
    assert_refused(stage.connect(server.port), "! The server is full (3 connections): try again later.")
    assert_they_talk(alice, carol, dave)
    carol.vanish()
    alice.expect("* carol left (connection lost)\r\n")
    assert_they_talk(alice, dave, stage.enter(server.port, "erin"))
    assert server.stop() == 0
    assert "Traceback" not in server.to_the_end() + server.errors()


def test_max_clients_per_host_refuses_who_is_one_too_many_from_an_address(
    stage: Stage, enter_from_elsewhere: FromElsewhere
) -> None:
    server = stage.serve("--history", "none", "--max-clients-per-host", "2", "--exempt", "", "--host", "0.0.0.0")
    alice, bob = stage.enter(server.port, "alice"), stage.enter(server.port, "bob")
    why = "! There are 2 connections from your address already: close one, or try again later."
    for _ in range(5):
        assert_refused(stage.connect(server.port), why)
    # Others may still come from elsewhere.
    elsewhere = enter_from_elsewhere(server.port, "erin")
    assert_they_talk(alice, bob, elsewhere)
    alice.vanish()
    bob.expect("* alice left (connection lost)\r\n")
    assert_they_talk(bob, elsewhere, stage.enter(server.port, "alice"))
    assert_refused(stage.connect(server.port), why)


def test_an_exempt_network_may_have_as_many_as_come(stage: Stage, enter_from_elsewhere: FromElsewhere) -> None:
    server = stage.serve(
        "--history", "none", "--max-clients-per-host", "2", "--exempt", f"{ELSEWHERE}/32", "--host", "0.0.0.0"
    )
    exempt = [enter_from_elsewhere(server.port, f"guest{number}") for number in range(5)]
    for number in range(2):
        stage.enter(server.port, f"other{number}")
    assert_refused(
        stage.connect(server.port),
        "! There are 2 connections from your address already: close one, or try again later.",
    )
    assert_they_talk(*exempt)


def test_loopback_is_exempt_by_default(stage: Stage) -> None:
    server = stage.serve("--history", "none", "--max-clients-per-host", "1")
    assert_they_talk(*(stage.enter(server.port, f"guest{number}") for number in range(5)))


@pytest.mark.parametrize("sent", ["", "half a nick", "*\n", "alice since=x\n"])
def test_handshake_timeout_ends_who_gives_no_nickname(stage: Stage, sent: str) -> None:
    server = stage.serve("--history", "none", "--handshake-timeout", "1")
    alice = enter_in_time(stage, server.port, "alice")
    newcomer = stage.connect(server.port)
    newcomer.socket.sendall(sent.encode())
    *_, last = newcomer.to_the_end().splitlines()
    assert last == "! No nickname within 1 seconds: goodbye. Connect again when you have one."
    # Whoever has come in by now stays as long as they like.
    assert_they_talk(alice, enter_in_time(stage, server.port, "bob"))


def enter_in_time(stage: Stage, port: int, nickname: str) -> Person:
    """Somebody who is in; whoever is too slow for the second that there is, where the machine is, tries again."""
    while True:
        person = stage.connect(port)
        person.send(nickname)
        line = ""
        while not line.startswith((f"* {nickname} joined", "! No nickname within 1 seconds")):
            line = person.expect("\r\n")
        if line.startswith("* "):
            return person


def test_no_more_open_files_refuses_newcomers_and_the_others_talk_on(stage: Stage) -> None:
    server = stage.serve("--rate", "0", by=limited(60, 60))
    people: list[Person] = []
    # What the server itself has open differs from system to system: come until nobody is let in any more.
    while (newcomer := came_in(stage, server.port, f"guest{len(people)}")) is not None:
        people.append(newcomer)
        assert len(people) < 60
    assert len(people) >= 20, "it needs most of them for itself"
    for _ in range(10):
        assert came_in(stage, server.port, "late") is None
    assert_they_talk(*people)
    # The history is kept and read as before.
    people[0].send("/history 1000")
    people[0].expect("can you hear me? 0\r\n")
    for number in range(2):
        gone = people.pop()
        gone.send("/quit")
        gone.to_the_end()
        newcomer = came_in(stage, server.port, f"late{number}")
        assert newcomer is not None
        people.append(newcomer)
        assert_they_talk(*people)
    assert server.stop() == 0
    assert "Traceback" not in server.errors()


def came_in(stage: Stage, port: int, nickname: str) -> Person | None:
    """Somebody who tries to come in; None when the connection was closed on them."""
    person = stage.connect(port)
    try:
        greeted = person.socket.recv(1, socket.MSG_PEEK)
    except ConnectionResetError:
        greeted = b""
    if not greeted:
        return None
    person.enter(nickname)
    return person


def test_the_soft_limit_on_open_files_is_raised_to_the_hard_one(stage: Stage) -> None:
    if not Path("/proc/self/limits").exists():
        missing("there is no /proc/PID/limits")
    server = stage.serve("--history", "none", by=limited(70, 90))
    [line] = [
        line
        for line in Path(f"/proc/{server.process.pid}/limits").read_text().splitlines()
        if line.startswith("Max open files")
    ]
    assert line.split()[3:5] == ["90", "90"]
