"""The bundled client over TLS, as people run it, before real servers: pipes, terminals, and what is refused."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

import pytest
from client_certificates import NAMES, Authority, Certified, encrypted, self_signed
from screen import Desk
from support import CLIENT, TIMEOUT, Program, Server, Stage
from wire import Wire

from chatroom.client.conversation import PING_EVERY
from chatroom.client.liveness import ANSWER_WITHIN
from chatroom.model.constants import HOST_NAME

AUTHORITY = Authority()


@pytest.fixture
def ca(stage: Stage) -> str:
    """The file of the authority that is trusted."""
    return str(AUTHORITY.save(stage.folder))


def serve(stage: Stage, certified: Certified | None = None, port: int = 0) -> Server:
    if certified is None:
        certified = AUTHORITY.certify(*NAMES)
    return stage.serve("--rate", "0", port=encrypted(certified, stage.folder, port))


def run(stage: Stage, script: str, port: int, *options: str, environment: Mapping[str, str] | None = None) -> Program:
    """Run a script, in which ``$CLIENT`` stands for the client and its way to the server."""
    client = " ".join([*CLIENT, "--port", str(port), *options])
    return stage.start("bash", "-c", script, environment={"CLIENT": client, **(environment or {})})


def refused(stage: Stage, port: int, *options: str, environment: Mapping[str, str] | None = None) -> str:
    """What a client says that is not let in."""
    bot = run(stage, "echo hello | $CLIENT bot", port, *options, environment=environment)
    assert bot.to_the_end() == ""
    assert bot.status() == 1
    [line] = bot.errors().splitlines()
    return line


# On a pipe.


def test_two_thousand_lines_of_a_pipe_all_come_back_encrypted(stage: Stage, ca: str) -> None:
    server = serve(stage)
    bot = run(stage, "seq 2000 | $CLIENT bot", server.port, "--ca", ca)
    assert bot.to_the_end().splitlines()[1:] == ["* bot joined", *(f"bot: {number}" for number in range(1, 2001))]
    assert (bot.status(), bot.errors()) == (0, "")


def test_more_than_the_buffers_hold_is_said_to_the_end(stage: Stage, ca: str) -> None:
    server = serve(stage)
    lines = [f"{number} {'x' * 1000}" for number in range(2000)]
    (stage.folder / "talk").write_text("\n".join(lines) + "\n")
    bot = run(stage, "$CLIENT bot < talk", server.port, "--ca", ca)
    assert bot.to_the_end().splitlines()[2:] == [f"bot: {line}" for line in lines]
    assert (bot.status(), bot.errors()) == (0, "")


def test_the_authorities_of_the_system_are_asked_by_default(stage: Stage, ca: str) -> None:
    server = serve(stage)
    bot = run(stage, "echo hello | $CLIENT bot", server.port, "--tls", environment={"SSL_CERT_FILE": ca})
    assert bot.to_the_end().splitlines()[1:] == ["* bot joined", "bot: hello"]
    assert (bot.status(), bot.errors()) == (0, "")


def test_it_ends_when_nobody_reads_its_encrypted_output_any_more(stage: Stage, ca: str) -> None:
    server = serve(stage)
    alice = stage.client("alice", server.port, "--ca", ca)
    alice.expect("* alice joined\n")
    # What it reads comes from here, and does not end.
    bot = run(stage, '{ $CLIENT bot; echo "status $?" >&2; } | head -1', server.port, "--ca", ca)
    assert bot.expect("\n").startswith("* welcome to lobby, bot. ")
    alice.expect("* bot left (connection closed)\n")
    assert bot.status() == 0
    assert bot.errors() == "status 0\n"


def test_a_signal_closes_the_encrypted_connection_in_good_order(stage: Stage, ca: str) -> None:
    server = serve(stage)
    alice = stage.client("alice", server.port, "--ca", ca)
    alice.expect("* alice joined\n")
    bot = stage.client("bot", server.port, "--ca", ca)
    alice.expect("* bot joined\n")
    bot.signal(signal.SIGTERM)
    alice.expect("* bot left (connection closed)\n")
    assert (bot.status(), bot.errors()) == (0, "")


# What cannot be trusted.


@pytest.mark.parametrize(
    ("certified", "why"),
    [
        (Authority("nobody").certify(*NAMES), "the authority that signed its certificate is not in "),
        (self_signed(*NAMES), "its certificate is signed by nobody else, and is not in "),
        (AUTHORITY.certify(*NAMES, days=(-3, -1)), "its certificate has expired (until 2"),
        (AUTHORITY.certify("chat.example.org"), "its certificate is for chat.example.org, not for 127.0.0.1. "),
        (AUTHORITY.certify(), "its certificate is for no host, not for 127.0.0.1. "),
    ],
    ids=["unknown authority", "self-signed", "expired", "another host", "no host"],
)
def test_a_certificate_that_is_refused_is_said_in_one_line(
    stage: Stage, ca: str, certified: Certified, why: str
) -> None:
    server = serve(stage, certified)
    line = refused(stage, server.port, "--ca", ca)
    assert line.startswith(f"! {HOST_NAME}:{server.port} cannot be trusted: {why}")


def test_an_authority_that_the_system_does_not_know_is_said(stage: Stage) -> None:
    server = serve(stage)
    line = refused(stage, server.port, "--tls")
    assert "the authority that signed its certificate is not one that this system trusts. " in line
    assert "give its certificate with --ca FILE." in line


def test_a_port_that_is_not_encrypted_is_said(stage: Stage, ca: str) -> None:
    server = stage.serve()
    line = refused(stage, server.port, "--ca", ca)
    assert line.startswith(f"! {HOST_NAME}:{server.port} answers without encryption (TLS). ")


def test_no_encrypted_server_is_said_as_ever(stage: Stage, ca: str) -> None:
    port = stage.port()
    assert refused(stage, port, "--ca", ca) == f"! no server at {HOST_NAME}:{port}: nothing listens there"


def test_a_port_that_is_encrypted_is_said_to_a_client_that_is_not(stage: Stage) -> None:
    server = serve(stage)
    assert refused(stage, server.port) == f"! {HOST_NAME}:{server.port} is an encrypted port: add --tls."


def test_a_server_that_is_slow_to_speak_is_not_taken_for_an_encrypted_one(stage: Stage) -> None:
    listening = stage.listen()
    bot = stage.client("bot", listening.getsockname()[1])
    slow = stage.receive(listening)
    offer = stage.receive(listening)
    # The client offers TLS over a second connection, which closes when that is no answer.
    offer.socket.sendall(b"NICK\r\n")
    slow.send("NICK")
    assert slow.expect("\n").startswith("bot format=json ")
    bot.signal(signal.SIGTERM)
    assert bot.status() == 0


# Options.


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "ca.pem: it cannot be read: No such file or directory."),
        (
            "",
            "ca.pem: there is no certificate in it. It must be a file in PEM, with lines "
            '"-----BEGIN CERTIFICATE-----".',
        ),
    ],
)
def test_a_file_of_no_authorities_is_said(stage: Stage, content: str | None, why: str) -> None:
    if content is not None:
        (stage.folder / "ca.pem").write_text(content)
    bot = stage.start(*CLIENT, "bot", "--ca", "ca.pem")
    assert bot.to_the_end() == ""
    assert bot.status() == 2
    assert bot.errors() == f"python -m chatroom.client: error: --ca {why}\n"


@pytest.mark.parametrize("options", [("--tls",), ("--ca", "ca.pem")])
def test_a_package_that_is_missing_is_said(stage: Stage, options: Sequence[str]) -> None:
    # Twisted needs the others of the extra as soon as this one is there.
    hidden = stage.folder / "hidden"
    (hidden / "OpenSSL").mkdir(parents=True)
    (hidden / "OpenSSL" / "__init__.py").write_text("raise ModuleNotFoundError('it is not there', name='OpenSSL')\n")
    path = os.pathsep.join(filter(None, [str(hidden), os.environ.get("PYTHONPATH", "")]))
    bot = stage.start(*CLIENT, "bot", *options, environment={"PYTHONPATH": path})
    assert bot.to_the_end() == ""
    assert bot.status() == 2
    needs = f"{options[0]} needs OpenSSL: pip install 'chatroom[tls]'"
    assert bot.errors() == f"python -m chatroom.client: error: {needs}\n"


# The server goes away.


def test_it_comes_back_encrypted_and_says_what_was_not_said(stage: Stage, ca: str) -> None:
    port = stage.port()
    server = serve(stage, port=port)
    bot = stage.client("bot", port, "--ca", ca)
    bot.expect("* bot joined\n")
    server.stop(signal.SIGKILL)
    bot.expect("trying again in ")
    bot.send("last words")
    bot.end_input()
    serve(stage, port=port)
    assert (bot.status(), bot.errors()) == (0, "")
    assert bot.to_the_end().splitlines()[-1] == "bot: last words"


def test_lines_are_said_once_each_though_the_encrypted_connection_is_cut(stage: Stage, ca: str) -> None:
    server = serve(stage)
    listener = stage.client("listener", server.port, "--ca", ca)
    listener.expect("* listener joined\n")
    with closing(Wire(server.port)) as wire:
        for count, noticed in ((20_000, False), (30_000, True)):
            wire.cut_after(count, noticed=noticed)
            cuts = wire.cuts
            bot = run(stage, "seq 3000 | $CLIENT bot", wire.port, "--ca", ca)
            assert (bot.status(), bot.errors()) == (0, "")
            assert wire.cuts > cuts
            said = [line for line in listener.expect("bot: 3000\n").splitlines() if line.startswith("bot: ")]
            assert said == [f"bot: {number}" for number in range(1, 3001)]


@pytest.mark.parametrize("kind", ["another authority", "another host", "plain text"])
def test_it_does_not_come_back_to_a_server_that_cannot_be_trusted(stage: Stage, ca: str, kind: str) -> None:
    port = stage.port()
    server = serve(stage, port=port)
    bot = stage.client("bot", port, "--ca", ca)
    bot.expect("* bot joined\n")
    server.stop()
    bot.expect("trying again in ")
    bot.send("a secret")
    if kind == "plain text":
        again = stage.serve(port=port)
    else:
        names, authority = (NAMES, Authority("nobody")) if kind == "another authority" else (["a.example"], AUTHORITY)
        again = serve(stage, authority.certify(*names), port)
    assert bot.status() == 1
    first, *rest = bot.errors().splitlines()
    why = "answers without encryption (TLS)." if kind == "plain text" else "cannot be trusted: "
    assert first.startswith(f"! {HOST_NAME}:{port} {why}")
    # It was not read, or is told to be unsaid.
    assert set(rest) <= {"! not sent: a secret", "! not sent: the rest of the input"}
    assert again.stop() == 0
    assert b"a secret" not in b"".join(path.read_bytes() for path in sorted(Path(stage.folder).glob("*.sqlite*")))


# On a terminal.


def test_the_status_line_says_that_it_is_encrypted(stage: Stage, ca: str, desk: Desk) -> None:
    server = serve(stage)
    bob = desk.client("bob", server.port, "--ca", ca)
    bob.until(lambda rows: rows[-1:] == ["lobby | 1 here | connected, encrypted"])
    bob.type("hello\r")
    bob.shows("bob: hello")
    bob.type("\x04")
    assert bob.status() == 0


def test_it_can_be_left_while_a_server_does_not_begin_to_encrypt(stage: Stage, ca: str, desk: Desk) -> None:
    listening = stage.listen()
    bob = desk.client("bob", listening.getsockname()[1], "--ca", ca)
    guest = stage.receive(listening)
    bob.shows("connecting")
    bob.type("\x03")
    assert bob.status() == 0
    guest.to_the_end()


@pytest.mark.soak
def test_an_encrypted_connection_that_has_died_without_a_word_is_made_again(stage: Stage, ca: str, desk: Desk) -> None:
    server = serve(stage)
    bob = desk.client("bob", server.port, "--ca", ca)
    bob.shows("connected, encrypted")
    server.signal(signal.SIGSTOP)
    bob.type("hello\r")
    bob.shows("no connection to", timeout=PING_EVERY + ANSWER_WITHIN + TIMEOUT)
    bob.shows("1 to be sent again")
    server.signal(signal.SIGCONT)
    bob.shows("bob: hello", "connected, encrypted")
    assert sum("bob: hello" in row for row in bob.rows()) == 1


def test_a_second_ctrl_c_leaves_an_encrypted_server_that_does_not_answer(stage: Stage, ca: str, desk: Desk) -> None:
    server = serve(stage)
    bob = desk.client("bob", server.port, "--ca", ca)
    bob.shows("connected, encrypted")
    server.signal(signal.SIGSTOP)
    bob.type("\x03")
    bob.shows("| leaving")
    bob.type("\x03")
    assert bob.status() == 0


def test_a_refused_certificate_is_said_once_the_terminal_is_given_back(stage: Stage, ca: str, desk: Desk) -> None:
    server = serve(stage, AUTHORITY.certify("a.example"))
    bob = desk.client("bob", server.port, "--ca", ca)
    assert bob.status() == 1
    bob.to_the_end()
    shown = " ".join(bob.rows())
    assert shown.startswith(f"! {HOST_NAME}:{server.port} cannot be trusted: its certificate is for a.example, not for")


def test_plain_lines_on_a_terminal_are_encrypted_too(stage: Stage, ca: str) -> None:
    server = serve(stage)
    bob = stage.client("bob", server.port, "--ca", ca, "--plain", terminal=True)
    bob.expect("* bob joined\r\n")
    bob.send("hello")
    bob.expect("bob: hello\r\n")


def test_a_second_signal_does_not_wait_for_an_encrypted_server_that_does_not_answer(
    stage: Stage, ca: str, desk: Desk
) -> None:
    server = serve(stage)
    bob = desk.client("bob", server.port, "--ca", ca)
    bob.shows("connected, encrypted")
    server.signal(signal.SIGSTOP)
    bob.type("hello")
    bob.shows("> hello")
    bob.type("\r")
    bob.until(lambda rows: rows[-2] == ">")
    bob.signal(signal.SIGTERM)
    bob.shows("! this has perhaps not arrived: hello")
    bob.signal(signal.SIGTERM)
    assert bob.status() == 1
    bob.to_the_end()
    assert bob.rows()[-1] == "! this has perhaps not arrived: hello"
