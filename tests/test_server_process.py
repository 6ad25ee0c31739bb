"""The server as people run it: ``twistd chatroom`` and ``python -m chatroom``, joined by nc, telnet and the client.

Everything is real here: processes, sockets, signals, and Debian's nc and telnet.
"""

from __future__ import annotations

import os
import select
import shlex
import shutil
import signal
import socket
import sys
from contextlib import closing
from pathlib import Path

import pytest
from support import NO_WAITING_FOR_NAMES, TIMEOUT, TWISTD, Program, Stage, missing, program

from chatroom.model.constants import HOST_NAME, PORT
from chatroom.model.settings import settings_table
from chatroom.server.options import HISTORY

MODULE = (sys.executable, "-m", "chatroom")
STARTS = pytest.mark.parametrize("by", [(TWISTD, "-n", "chatroom"), MODULE], ids=["twistd", "module"])


HISTORY_FILES = {HISTORY, f"{HISTORY}-lock", f"{HISTORY}-search"}
"""What a server that has ended leaves behind."""


def files(stage: Stage) -> set[str]:
    return {path.name for path in stage.folder.iterdir()}


def printed_commands(server: Program) -> list[str]:
    """The commands that the server has said it can be joined with."""
    after = (line.partition(" or: ")[2] or line.partition("join it: ")[2] for line in server.lines_so_far())
    return [command.strip() for command in after if command]


# Starting.


@STARTS
def test_it_says_where_it_listens_and_each_command_it_prints_joins_it(stage: Stage, by: tuple[str, ...]) -> None:
    program("nc")
    program("telnet")
    server = stage.serve(by=by)
    server.expect("or: telnet")
    server.expect("\n")
    commands = printed_commands(server)
    # Where the environment was made by python3.13, that is its name.
    assert [Path(command.split()[0]).name.rstrip("0123456789.") for command in commands] == ["python", "nc", "telnet"]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    if shutil.which("python", path=path) is None:
        missing("there is no program called python")
    alice = stage.enter(server.port, "alice")
    for number, command in enumerate(commands):
        guest = f"guest{number}"
        words = shlex.split(command.replace("NICKNAME", guest))
        found = shutil.which(words[0], path=path)
        assert found is not None
        joined = stage.start(found, *words[1:], terminal=True, environment={"TERM": "dumb"})
        if "NICKNAME" not in command:
            joined.expect("NICK")
            joined.send(guest)
        joined.expect(f"* {guest} joined")
        joined.send(f"hello from {number}")
        alice.expect(f"{guest}: hello from {number}\r\n")


@STARTS
def test_a_host_can_be_chosen_and_the_commands_name_it(stage: Stage, by: tuple[str, ...]) -> None:
    server = stage.serve("--host", "127.0.0.2", port=stage.port(), by=by)
    server.expect("or: telnet")
    assert f"chatroom listens on 127.0.0.2:{server.port}\n" in server.heard.decode()
    assert printed_commands(server)[0].endswith(f" -m chatroom.client NICKNAME --host 127.0.0.2 --port {server.port}")
    with socket.create_connection(("127.0.0.2", server.port), TIMEOUT) as connection:
        assert connection.recv(100) == b"NICK\r\n"
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", server.port), TIMEOUT)


def test_an_ipv6_address_can_be_the_host(stage: Stage) -> None:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        missing("this machine has no IPv6")
    server = stage.serve("--host", "::1")
    server.expect(f" -m chatroom.client NICKNAME --host ::1 --port {server.port}\n")
    client = stage.client("alice", server.port, "--host", "::1")
    client.expect("* alice joined\n")


def test_a_port_may_be_an_endpoint_description(stage: Stage) -> None:
    server = stage.start(TWISTD, "-n", "chatroom", "--port", "tcp:0:interface=127.0.0.1")
    server.expect("chatroom listens on 127.0.0.1:")
    port = int(server.expect("\n"))
    stage.enter(port, "alice")


def test_it_serves_on_a_unix_socket_and_the_command_it_prints_joins_it(stage: Stage) -> None:
    program("nc")
    server = stage.start(TWISTD, "-n", "chatroom", "--port", "unix:room")
    server.expect("chatroom listens on room\n")
    server.expect("join it: nc -U ")
    alice = stage.enter(str(stage.folder / server.expect("\n").strip()), "alice")
    bob = stage.start(*shlex.split(printed_commands(server)[0]))
    bob.send("bob")
    bob.expect("* bob joined\r\n")
    bob.send("hi")
    alice.expect("bob: hi\r\n")
    server.signal(signal.SIGTERM)
    assert server.status() == 0
    assert files(stage) == HISTORY_FILES


def test_the_options_do_what_they_say(stage: Stage) -> None:
    (stage.folder / "motd").write_text("be kind\nand brief\n")
    server = stage.serve("--motd", "motd", "--room", "Lounge", "--replay", "2", "--max-line", "10")
    alice = stage.enter(server.port, "alice")
    for text in ("one", "two", "three", "ten bytes.", "eleven byte"):
        alice.send(text)
    alice.expect("! That line is longer than 10 bytes")
    alice.send("/who")
    alice.expect("* 1 in lounge: alice\r\n")
    welcome = stage.connect(server.port)
    welcome.expect("NICK\r\n")
    welcome.send("bob")
    shown = welcome.expect("* bob joined\r\n").splitlines()
    assert shown[0].startswith("* welcome to lounge, bob. ")
    assert shown[1:3] == ["* be kind", "* and brief"]
    assert [line.partition("] ")[2] for line in shown[3:-1]] == ["alice: three", "alice: ten bytes."]


@STARTS
def test_help_explains_every_option_with_its_default_and_unit(stage: Stage, by: tuple[str, ...]) -> None:
    shown = stage.start(*by, "--help")
    text = shown.to_the_end()
    assert shown.status() == 0
    assert text.startswith(("Usage: twistd [options] chatroom [options]", "Usage: python -m chatroom [options]"))
    # What is long is broken into lines anywhere.
    words = "".join(text.split())
    for setting in settings_table():
        value = HISTORY if setting.name == "history" else setting.default
        default = f" [default: {value}]" if value != "" else ""
        unit = setting.metadata["unit"]
        explained = f"={unit}: {setting.metadata['explanation']}{default}" if unit else setting.metadata["explanation"]
        assert "".join(f"--{setting.name.replace('_', '-')}{explained}".split()) in words
    assert f"--port=PORT:theTCPporttolistenon,oranendpointdescription[default:{PORT}]" in words
    assert f"[default:{HOST_NAME}]" in words


def test_twistd_lists_chatroom_among_its_commands(stage: Stage) -> None:
    assert "chatroom" in stage.start(TWISTD, "--help").to_the_end()


# Not starting.


@STARTS
@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--port", "banana"], "--port banana: neither a port number nor an endpoint description"),
        (["--port", "70000"], "--port 70000: a port is a number from 0 to 65535"),
        (["--port", "tcp:70000"], "--port tcp:70000: cannot listen there"),
        (["--port", "-1"], "--port -1: neither a port number nor an endpoint description"),
        (["--port", "unix:no/such/folder/room"], "--port unix:no/such/folder/room: cannot listen there: No such file"),
        (["--port", "tcp:0:interface=no.such.host.invalid"], "--port tcp:0:interface=no.such.host.invalid: cannot"),
        (["--host", "no.such.host.invalid"], "--host no.such.host.invalid: there is no such address"),
        (["--host", "192.0.2.1"], "--host 192.0.2.1: there is no such address on this machine"),
        (["--replay", "many"], "--replay many: it takes a whole number"),
        (["--replay", "-1"], "--replay -1: it takes a whole number that is not negative"),
        (["--max-line", "0"], "--max-line 0: it takes a whole number of at least one"),
        (["--handshake-timeout", "1.5"], "--handshake-timeout 1.5: it takes a whole number"),
        (["--motd", "no-such-file"], "--motd no-such-file: No such file or directory"),
        (["--motd", sys.executable], f"--motd {sys.executable}: it is not UTF-8"),
        (["--motd", "."], "--motd .: Is a directory"),
        (["--room", "a b"], "--room a b: That name will not do for a room: it has a space in it"),
        (["--room", "/"], "--room /: That name will not do for a room: it starts with /"),
        (["--colour"], "option --colour not recognized"),
        (["--port"], "option --port requires argument"),
        (["55555"], "Wrong number of arguments"),
    ],
)
def test_what_is_wrong_is_said_in_one_line_that_names_the_option(
    stage: Stage, by: tuple[str, ...], options: list[str], named: str
) -> None:
    # Whatever else is wrong, the port is never one that somebody uses.
    port = [] if "--port" in options else ["--port", "0"]
    server = stage.start(*by, *port, *options, environment=NO_WAITING_FOR_NAMES)
    said = server.to_the_end() + server.errors()
    assert server.status() == 1
    assert "Traceback" not in said
    assert [line for line in said.splitlines() if line.startswith(f"chatroom: {named}")], said
    assert len(server.errors().splitlines()) <= 2, "it is lost among other lines"
    assert files(stage) <= HISTORY_FILES


@STARTS
def test_a_port_in_use_is_said_in_one_line(stage: Stage, by: tuple[str, ...]) -> None:
    first = stage.serve(by=by)
    # twistd itself refuses to start beside another of the same pid file.
    second = stage.start(
        by[0],
        *(["--pidfile", "second.pid"] if by[0] == TWISTD else []),
        *by[1:],
        *("--port", str(first.port), "--history", "none"),
    )
    said = second.to_the_end() + second.errors()
    assert second.status() == 1
    assert second.errors() == (
        f"chatroom: --port {first.port}: something else is listening there already; choose another port\n"
    )
    assert "Traceback" not in said
    assert not (stage.folder / "second.pid").exists()
    stage.enter(first.port, "alice")


# Stopping.


@STARTS
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_tells_everyone_and_ends_it_with_status_0(
    stage: Stage, by: tuple[str, ...], number: signal.Signals
) -> None:
    server = stage.serve(by=by)
    alice, bob = stage.enter(server.port, "alice"), stage.enter(server.port, "bob")
    newcomer = stage.connect(server.port)
    newcomer.expect("NICK\r\n")
    alice.expect("* bob joined\r\n")
    assert server.stop(number) == 0
    for person in (alice, bob, newcomer):
        assert person.to_the_end() == "* the server is stopping\r\n"
    assert "Traceback" not in server.to_the_end() + server.errors()
    assert files(stage) == HISTORY_FILES


def test_what_was_said_before_a_signal_is_delivered_to_all(stage: Stage) -> None:
    server = stage.serve("--rate", "0")
    alice, bob = stage.enter(server.port, "alice"), stage.enter(server.port, "bob")
    alice.expect("* bob joined\r\n")
    for number in range(3000):
        alice.send(str(number))
    bob.expect("alice: 0\r\n")
    assert server.stop() == 0
    heard = []
    for person in (alice, bob):
        *talk, last = [line for line in person.to_the_end().splitlines() if not line.startswith("! ")]
        assert last == "* the server is stopping"
        heard.append(talk)
    assert heard[0][1:] == heard[1]
    assert heard[1] == [f"alice: {number}" for number in range(1, len(heard[0]))]


# As a daemon.


def test_it_runs_as_a_daemon(stage: Stage) -> None:
    port = stage.port()
    starter = stage.start(TWISTD, "chatroom", "--port", str(port))
    assert starter.status() == 0, starter.errors()
    daemon = int((stage.folder / "twistd.pid").read_text())
    with open(os.pidfd_open(daemon), "rb", buffering=0) as handle:
        try:
            alice = stage.enter(port, "alice")
            alice.send("hello")
            alice.expect("alice: hello\r\n")
        finally:
            signal.pidfd_send_signal(handle.fileno(), signal.SIGTERM)
        assert alice.to_the_end() == "* the server is stopping\r\n"
        ended = select.poll()
        ended.register(handle, select.POLLIN)
        assert ended.poll(TIMEOUT * 1000), "the daemon did not end"
    assert not (stage.folder / "twistd.pid").exists()
    log = (stage.folder / "twistd.log").read_text()
    assert f"chatroom listens on 127.0.0.1:{port}\n" in log
    assert "Traceback" not in log


def test_a_daemon_that_cannot_listen_says_so_with_its_status(stage: Stage) -> None:
    first = stage.serve()
    second = stage.start(TWISTD, "--pidfile", "second.pid", "chatroom", "--port", str(first.port), "--history", "none")
    assert second.status() == 1
    assert f"--port {first.port}: something else is listening there already" in second.errors()
    assert "Traceback" not in second.to_the_end() + second.errors()
    assert not (stage.folder / "second.pid").exists()


# Talking.


def test_four_people_talk_through_nc_telnet_and_two_clients(stage: Stage) -> None:
    server = stage.serve()
    by_nc = stage.start(program("nc"), "127.0.0.1", str(server.port))
    by_telnet = stage.start(program("telnet"), "127.0.0.1", str(server.port), terminal=True)
    for person, nickname in ((by_nc, "nora"), (by_telnet, "tom")):
        person.expect("NICK")
        person.send(nickname)
        person.expect(f"* {nickname} joined")
    on_pipe = stage.client("paula", server.port)
    on_pipe.expect("* paula joined\n")
    on_terminal = stage.client("zoë", server.port, "--plain", terminal=True)
    assert "In the room: nora, tom, paula, zoë." in on_terminal.expect("* zoë joined")
    people = {"nora": by_nc, "tom": by_telnet, "paula": on_pipe, "zoë": on_terminal}
    for person in (by_nc, by_telnet, on_pipe):
        person.expect("* zoë joined")
    for nickname, person in people.items():
        person.send(f"{nickname} says grüß dich 👋")
        for other in people.values():
            other.expect(f"{nickname}: {nickname} says grüß dich 👋")
    by_nc.send("/me waves")
    on_pipe.expect("* nora waves\n")
    by_telnet.send("/msg paula psst")
    on_pipe.expect("tom (privately to paula): psst\n")
    on_terminal.expect("* nora waves")

    by_telnet.send("/quit so long")
    by_telnet.expect("Connection closed by foreign host.")
    on_pipe.end_input()
    assert on_pipe.status() == 0
    for other in (by_nc, on_terminal):
        other.expect("* tom left (so long)")
        other.expect("* paula left")
    on_terminal.type("\x04")
    assert on_terminal.status() == 0
    by_nc.expect("* zoë left")
    by_nc.send("/who")
    by_nc.expect("* 1 in lobby: nora\r\n")
    assert "psst" not in by_nc.heard.decode() + on_terminal.heard.decode()


def test_what_is_piped_through_nc_is_said_and_comes_back(stage: Stage) -> None:
    server = stage.serve()
    alice = stage.enter(server.port, "alice")
    nc = stage.start(program("nc"), "-N", "127.0.0.1", str(server.port))
    nc.send("bob")
    nc.send("hi")
    nc.end_input()
    shown = nc.to_the_end()
    assert nc.status() == 0
    assert shown.startswith("NICK\r\n* welcome to lobby, bob. ")
    assert "* bob joined\r\nbob: hi\r\n" in shown
    alice.expect("* bob joined\r\nbob: hi\r\n* bob left (connection closed)\r\n")


def test_a_last_line_that_is_not_ended_is_said(stage: Stage) -> None:
    server = stage.serve()
    alice = stage.enter(server.port, "alice")
    nc = stage.start(program("nc"), "-N", "127.0.0.1", str(server.port))
    nc.type("bob\nwhole\nhalf")
    nc.end_input()
    alice.expect("* bob joined\r\nbob: whole\r\nbob: half\r\n* bob left (connection closed)\r\n")


def test_the_negotiation_of_telnet_does_not_reach_the_room(stage: Stage) -> None:
    server = stage.serve()
    alice = stage.enter(server.port, "alice")
    tom = stage.start(program("telnet"), "127.0.0.1", str(server.port), terminal=True)
    tom.expect("NICK")
    tom.send("tom")
    tom.expect("* tom joined")
    tom.type("\x03")  # telnet sends IAC IP IAC DO TIMING-MARK.
    tom.send("still here")
    alice.expect("* tom joined\r\ntom: still here\r\n")


# Going away.


def test_a_connection_that_vanishes_is_told_and_its_nickname_is_free(stage: Stage) -> None:
    server = stage.serve()
    alice, bob = stage.enter(server.port, "alice"), stage.enter(server.port, "bob")
    bob.vanish()
    alice.expect("* bob left (connection lost)\r\n")
    again = stage.enter(server.port, "bob")
    again.send("back")
    alice.expect("* bob joined\r\nbob: back\r\n")


def test_a_killed_client_is_told_and_its_nickname_is_free(stage: Stage) -> None:
    server = stage.serve()
    alice = stage.enter(server.port, "alice")
    bob = stage.client("bob", server.port)
    bob.expect("* bob joined\n")
    bob.signal(signal.SIGKILL)
    alice.expect("* bob left (connection closed)\r\n")
    stage.enter(server.port, "bob")


def test_a_peer_that_never_reads_does_not_stop_the_others_and_is_let_go(stage: Stage) -> None:
    server = stage.serve("--rate", "0")
    alice, bob = stage.enter(server.port, "alice"), stage.enter(server.port, "bob")
    # Never read from here on: the system takes less than 3 MB for it, the server 1 MiB, and 10 MB are said.
    stage.enter(server.port, "stuck")
    left = []
    text = "x" * 4000
    for number in range(50):
        for _ in range(50):
            alice.send(text)
        alice.send(f"round {number}")
        for person in (alice, bob):
            heard = person.expect(f"alice: round {number}\r\n").splitlines()
            left += [line for line in heard if line.startswith("* ")]
    assert left == ["* bob joined", *["* stuck joined"] * 2, *["* stuck left (reading too slowly)"] * 2]


def test_a_peer_that_never_reads_does_not_keep_the_server_from_stopping_nor_does_a_second_signal_hurry_it(
    stage: Stage,
) -> None:
    server = stage.serve("--rate", "0", "--sendq", "100000000")
    alice = stage.enter(server.port, "alice")
    stage.enter(server.port, "stuck")
    for number in range(1250):
        alice.send("x" * 4000)
        if number % 50 == 49:
            alice.send(f"line {number}")
            alice.expect(f"alice: line {number}\r\n")
    server.signal(signal.SIGINT)
    assert alice.to_the_end() == "* the server is stopping\r\n"
    assert server.stop(signal.SIGINT) == 0
    assert "Traceback" not in server.to_the_end() + server.errors()


def test_a_topic_survives_a_restart(stage: Stage) -> None:
    server = stage.serve()
    alice = stage.enter(server.port, "alice")
    alice.send("/topic tea")
    alice.expect("* alice set the topic: tea\r\n")
    server.signal(signal.SIGKILL)
    server.status()

    bob = stage.connect(stage.serve().port)
    bob.send("bob")
    bob.expect("* the topic is: tea\r\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--pidfile=nowhere/pid", "chatroom"], "nowhere cannot be written, where twistd keeps nowhere/pid"),
        (["--pidfile=", "chatroom", "--irc", "ssl:0:privateKey=no.pem"], "--irc ssl:0:privateKey=no.pem: there is no"),
    ],
)
def test_what_twistd_would_show_a_traceback_for_is_a_sentence(words: list[str], said: str, stage: Stage) -> None:
    server = stage.start(TWISTD, "-n", *words)
    assert server.status() == 1
    assert said in server.errors()
    assert "Traceback" not in server.errors() + server.to_the_end()


def test_a_server_whose_log_nobody_reads_goes_on(stage: Stage) -> None:
    """More than a pipe holds is to be written about those who come and go."""
    server = stage.serve("--rate", "0", "--replay", "0")
    olga = stage.enter(server.port, "olga")
    name = "x" * 30
    for number in range(700):
        with closing(stage.connect(server.port)) as person:
            person.send(f"{name}{number % 10}")
            olga.expect(f"* {name}{number % 10} joined\r\n")
        olga.expect(f"* {name}{number % 10} left (connection ")
    olga.send("still here")
    olga.expect("olga: still here\r\n")
