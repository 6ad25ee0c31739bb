"""The examples in docs/examples/ do what their pages say, run as they are but for their ports."""

from __future__ import annotations

import http.client
import json
import re
import signal
import socket
import sys
import time
from pathlib import Path

import pytest
from client_certificates import NAMES, Authority, encrypted
from support import TIMEOUT, Person, Program, Stage

from chatroom import HOST_NAME, PORT

EXAMPLES = Path(__file__).parent.parent / "docs" / "examples"
SCRIPT_PORT = 55556


def at_other_ports(page: str, ports: dict[int, int]) -> str:
    """The text of an example with its ports replaced by those that are free here."""
    text = (EXAMPLES / page).read_text(encoding="utf-8")
    for shown in ports:
        assert str(shown) in text
    # All at once: the digits of one may stand in another.
    return re.sub("|".join(map(str, ports)), lambda shown: str(ports[int(shown[0])]), text)


def run_example(stage: Stage, page: str, ports: dict[int, int]) -> Program:
    copy = stage.folder / page
    copy.write_text(at_other_ports(page, ports), encoding="utf-8")
    return stage.start(sys.executable, str(copy))


def test_the_bot_of_the_documentation_answers_who_greets_it(stage: Stage) -> None:
    server = stage.serve()
    alice = stage.enter(server.port, "alice")
    run_example(stage, "greeter.py", {PORT: server.port})
    alice.expect("* greeter joined\r\n")
    alice.send("hello everybody")
    alice.send("hello greeter")
    alice.expect("alice: hello greeter\r\n")
    alice.expect("greeter: hello alice\r\n")
    assert "greeter: hello everybody" not in alice.lines_so_far()


def test_the_encrypted_bot_of_the_documentation_answers_who_greets_it(stage: Stage) -> None:
    authority = Authority()
    ca = str(authority.save(stage.folder))
    server = stage.serve(port=encrypted(authority.certify(*NAMES), stage.folder))
    alice = stage.client("alice", server.port, "--ca", ca)
    alice.expect("* alice joined\n")
    run_example(stage, "encrypted_greeter.py", {PORT: server.port})
    alice.expect("* greeter joined\n")
    alice.send("hello greeter")
    alice.expect("greeter: hello alice\n")


def test_the_scribe_of_the_documentation_writes_everything_down_once_whoever_is_killed(stage: Stage) -> None:
    port = stage.port()
    server = stage.serve(port=port)
    scribe = run_example(stage, "scribe.py", {PORT: port})
    minutes = Minutes(stage.folder / "minutes.txt")
    minutes.wait_for("joined lobby scribe")
    for number, killed in enumerate(["scribe", "server", "scribe"]):
        alice = stage.enter(port, "alice")
        alice.send(f"before {number}")
        minutes.wait_for(f"said lobby alice before {number}")
        if killed == "server":
            server.signal(signal.SIGKILL)
            server.status()
            server = stage.serve(port=port)
            alice = stage.enter(port, "alice")
        else:
            scribe.signal(signal.SIGKILL)
            scribe.status()
            alice.expect("* scribe left")
        alice.send(f"while it was away {number}")
        alice.expect(f"alice: while it was away {number}\r\n")
        if killed == "scribe":
            scribe = run_example(stage, "scribe.py", {PORT: port})
        minutes.wait_for(f"said lobby alice while it was away {number}")
        alice.send("/quit")
        minutes.wait_for_lines("left lobby alice", number + 1)
    assert minutes.ids() == list(range(1, len(minutes.ids()) + 1)), "each event, once, in their order"


class Minutes:
    """What the scribe has written."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def wait_for(self, text: str) -> None:
        self.wait_for_lines(text, 1)

    def wait_for_lines(self, text: str, count: int) -> None:
        """Wait until ``count`` lines have ``text`` in them."""
        end = time.monotonic() + TIMEOUT
        while sum(text in line for line in self._lines()) < count:
            assert time.monotonic() < end, f"{text} does not stand in {self._lines()}"
            time.sleep(0.02)

    def ids(self) -> list[int]:
        return [int(line.partition("@")[0]) for line in self._lines()]

    def _lines(self) -> list[str]:
        return self._path.read_text(encoding="utf-8").splitlines() if self._path.exists() else []


def fetch(port: int, request: str) -> str:
    """Ask a web site on this machine; its answer."""
    connection = http.client.HTTPConnection(HOST_NAME, port, timeout=TIMEOUT)
    try:
        connection.request("POST" if request else "GET", "/", body=request or None)
        return connection.getresponse().read().decode()
    finally:
        connection.close()


def test_the_embedded_room_of_the_documentation_serves_beside_its_web_site(stage: Stage) -> None:
    chat, web = stage.port(), stage.port()
    process = run_example(stage, "embedding.py", {PORT: chat, 8080: web})
    wait_for(stage, web)
    alice = stage.enter(chat, "alice")
    process.expect("Joined lobby alice \n")
    bob = stage.enter(chat, "bob")
    assert fetch(web, "") == "alice\nbob\n"
    assert fetch(web, "supper is ready") == "told\n"
    for person in (alice, bob):
        person.expect("* supper is ready\r\n")
    alice.send("coming")
    process.expect("Said lobby alice coming\n")
    process.signal(15)
    assert alice.to_the_end().endswith("alice: coming\r\n* the server is stopping\r\n")
    assert process.status() == 0


def wait_for(stage: Stage, port: int) -> None:
    """Wait until something listens on ``port``."""
    end = time.monotonic() + TIMEOUT
    while True:
        try:
            stage.connect(port)
        except ConnectionRefusedError:
            if time.monotonic() > end:
                pytest.fail(f"nothing listens on {port}")
            time.sleep(0.05)
        else:
            return


class Script:
    """A script at the door of the example."""

    def __init__(self, person: Person) -> None:
        self._person = person

    def say(self, line: str) -> None:
        self._person.send(line)

    def finish(self) -> None:
        """Send no more, as ``nc -N`` does at the end of its input."""
        self._person.socket.shutdown(socket.SHUT_WR)

    def read_until(self, text: str) -> list[tuple[str, str, str]]:
        """Of each line up to the one with ``text``: what kind it is, whose, and what it says."""
        read: list[tuple[str, str, str]] = []
        while not read or read[-1][2] != text:
            line = json.loads(self._person.expect("\n"))
            read.append((line["kind"], line.get("nick", ""), line.get("text", "")))
        return read

    def at_end(self) -> str:
        return self._person.to_the_end()


def test_the_door_of_the_documentation_leads_to_the_same_room(stage: Stage) -> None:
    people, scripts = stage.port(), stage.port()
    process = run_example(stage, "script_door.py", {PORT: people, SCRIPT_PORT: scripts})
    wait_for(stage, people)
    wait_for(stage, scripts)
    alice = stage.enter(people, "alice")
    # The first is who has knocked, to see whether anything listens there.
    script = Script(stage.connect(scripts))
    script.say("/var is full")
    alice.expect("* script2 joined\r\nscript2: /var is full\r\n")

    alice.send("thank you")
    assert ("said", "alice", "thank you") in (read := script.read_until("thank you"))
    assert not [line for line in read if line[:2] == ("said", "script2")], "it was echoed"
    script.say("\x1b[31m/quit now")
    alice.expect("script2: /quit now\r\n")
    alice.send("/msg script2 psst")
    assert script.read_until("psst")[-1] == ("private", "alice", "psst")
    script.say("x" * 5000)
    assert (
        script.read_until("That line is longer than 4096 bytes and was thrown away: send it in pieces.")[-1][0]
        == "error"
    )

    browser = stage.connect(scripts)
    browser.socket.sendall(b"POST / HTTP/1.1\r\n\r\nfrom a page of another site\r\n")
    alice.expect("* script3 joined\r\n* script3 left (connection closed)\r\n")
    assert "other-protocol" in browser.to_the_end()

    process.signal(signal.SIGTERM)
    assert '"the server is stopping"' in script.at_end()
    assert alice.to_the_end().endswith("* the server is stopping\r\n")
    assert process.status() == 0


def test_a_script_at_the_door_of_the_documentation_may_say_one_line_and_go(stage: Stage) -> None:
    people, scripts = stage.port(), stage.port()
    run_example(stage, "script_door.py", {PORT: people, SCRIPT_PORT: scripts})
    wait_for(stage, people)
    alice = stage.enter(people, "alice")
    bob = stage.enter(people, "script1")
    script = Script(stage.connect(scripts))
    script.say("the build is done")
    script.finish()

    for person in (alice, bob):
        person.expect("* script2 joined\r\nscript2: the build is done\r\n* script2 left (connection closed)\r\n")
    assert '"nick":"script2","text":"connection closed"' in script.at_end()


def test_the_door_of_the_documentation_is_as_short_as_it_is_said_to_be() -> None:
    assert len((EXAMPLES / "script_door.py").read_text(encoding="utf-8").splitlines()) <= 60


def test_three_doors_of_the_documentation_lead_to_one_room(stage: Stage) -> None:
    lines, page, relay = stage.port(), stage.port(), stage.port()
    process = run_example(stage, "doors.py", {PORT: lines, 8080: page, 6667: relay})
    for port in (lines, page, relay):
        wait_for(stage, port)
    alice = stage.enter(lines, "alice")
    irma = stage.connect(relay)
    irma.send("NICK irma\r\nUSER irma 0 * :Irma\r\nJOIN #lobby\r")
    alice.expect("* irma joined\r\n")
    irma.send("PRIVMSG #lobby :hello alice\r")
    alice.expect("irma: hello alice\r\n")
    alice.send("hello irma")
    irma.expect("PRIVMSG #lobby :hello irma\r\n")
    assert "<title>chatroom</title>" in fetch(page, "")

    process.signal(signal.SIGTERM)

    for person in (alice, irma):
        assert "the server is stopping" in person.to_the_end()
    assert process.status() == 0
