"""What a program sends is kept once and seen once, in order, by all who listen, whatever happens to the connections.

Real processes: a server, a program that sends, and one that listens, each behind a wire of its own. While the one
sends, the wires are cut at random bytes, noticed by the server or not, and the server is killed and started again. In
the end the log, and what each of the two has seen, are the same: every message, once, in the order of sending.
"""

from __future__ import annotations

import json
import random
import signal
import sys
from contextlib import ExitStack, closing
from typing import Any, NamedTuple

import pytest
from client_certificates import Authority, encrypted
from crowd import BY, kept, new_seed
from support import Program, Stage
from wire import Wire

from chatroom.model.constants import HOST_NAME

WINDOW = 50
"""Messages that the program has on their way at once."""

LONGEST_WAY = 3000
"""Bytes that go over a wire before a cut that is due is made, at most: those of a few messages."""

PROGRAM = """
import json, sys
from twisted.application.internet import ClientService
from twisted.internet import reactor
from twisted.internet.endpoints import TCP4ClientEndpoint
from chatroom import ChatClientFactory, ChatClientProtocol
from chatroom.client.encryption import EncryptedEndpoint, authorities_in
from chatroom.model.events import Acted, Said

nickname, ca, port, total, window = *sys.argv[1:3], *map(int, sys.argv[3:])
made, outcomes, seen = 0, {}, []

class Program(ChatClientProtocol):
    def entered(self):
        print("in", flush=True)
        self.go_on()

    def go_on(self):
        global made
        while made < total and len(self.factory.unacknowledged) < window:
            made += 1
            if made % 10 == 0:
                ref = self.do(f"/me {made}", "lobby")
            else:
                ref = self.say(f"{made}" if made % 3 else f"{made}\\nand another line")
            outcomes[ref] = []

    def acknowledged(self, id, ref):
        outcomes[ref].append(id)
        print("acknowledged", sum(map(bool, outcomes.values())), flush=True)
        self.go_on()

    def refused(self, code, text, ref):
        print("refused", code, text, ref, flush=True)

    def reset(self, code, text):
        print("reset", code, flush=True)

    def received(self, thing, ref):
        if isinstance(thing, Said | Acted):
            seen.append((thing.id, thing.text))
            if thing.text == "the end":
                print(json.dumps({"seen": seen, "outcomes": outcomes}), flush=True)
        super().received(thing, ref)

if ca:
    endpoint = EncryptedEndpoint(reactor, "127.0.0.1", port, authorities_in(ca))
else:
    endpoint = TCP4ClientEndpoint(reactor, "127.0.0.1", port)
factory = ChatClientFactory(nickname, Program)
ClientService(endpoint, factory, retryPolicy=lambda attempt: 0.05).startService()
reactor.run()
"""


class Disturbance(NamedTuple):
    """Something that happens while the program sends."""

    after: int
    """How many messages are acknowledged before."""
    what: str
    """``kill``: of the server; ``sender``, ``listener``: a cut of the wire of that one."""


def plan(chance: random.Random, messages: int, disturbances: int) -> list[Disturbance]:
    """At random moments, three kills to seven cuts."""
    kinds = [("kill", "kill", "kill", "sender", "sender", "sender", "sender", "listener", "listener", "listener")]
    kinds *= -(-disturbances // len(kinds[0]))
    whats = [what for ten in kinds for what in ten][:disturbances]
    chance.shuffle(whats)
    # The last is early enough for a cut of every kind to be made before all is sent.
    moments = sorted(chance.sample(range(1, messages - WINDOW), disturbances))
    return [Disturbance(*both) for both in zip(moments, whats, strict=True)]


def send_and_listen(
    stage: Stage, messages: int, disturbances: int, seed: int, authority: Authority | None = None
) -> None:
    """:param authority: whose certificate the server has, where the connections are encrypted."""
    chance = random.Random(seed)
    path, port = stage.folder / "history.sqlite", stage.port()
    options = ("--history", str(path), "--rate", "0")
    ca, door = "", str(port)
    if authority is not None:
        ca, door = str(authority.save(stage.folder)), encrypted(authority.certify(HOST_NAME), stage.folder, port)
    server = stage.serve(*options, port=door, by=BY)
    with ExitStack() as stack:
        wires = {name: stack.enter_context(closing(Wire(port))) for name in ("sender", "listener")}
        programs = {}
        for name, total in (("listener", 0), ("sender", messages)):
            arguments = (name, ca, *map(str, (wires[name].port, total, WINDOW)))
            programs[name] = stage.start(sys.executable, "-c", PROGRAM, *arguments)
            programs[name].expect("in\n")
        expected = dict.fromkeys(wires, 0)
        for disturbance in plan(chance, messages, disturbances):
            programs["sender"].expect(f"acknowledged {disturbance.after}\n")
            if disturbance.what == "kill":
                server.stop(signal.SIGKILL)
                server = stage.serve(*options, port=door, by=BY)
            else:
                wire = wires[disturbance.what]
                # One that has yet to be made is made by the next.
                expected[disturbance.what] = wire.cuts + 1
                wire.cut_after(chance.randrange(1, LONGEST_WAY), noticed=chance.random() < 0.5)
        programs["sender"].expect(f"acknowledged {messages}\n")
        alice = stage.client("alice", port, *(("--ca", ca) if ca else ()))
        alice.expect("* alice joined\n")
        alice.send("the end")
        found = {name: summary(program) for name, program in programs.items()}
        log = kept(path, stage.folder / "copy")

    said = [(event.id, event.text) for event in log if event.kind in ("said", "acted")]
    assert [text.partition("\n")[0] for _, text in said] == [*map(str, range(1, messages + 1)), "the end"]
    for name, summary_ in found.items():
        assert [tuple(both) for both in summary_["seen"]] == said, name
        assert wires[name].cuts >= expected[name], name
    # Each was answered once, with the event that came of it.
    assert list(found["sender"]["outcomes"].values()) == [[id_] for id_, _ in said[:-1]]
    for program in programs.values():
        assert not [line for line in program.lines_so_far() if line.startswith(("refused", "reset"))]
        assert program.errors() == ""


def summary(program: Program) -> dict[str, Any]:
    """What a program says that it has seen, and what came of what it sent."""
    program.expect('{"seen": ')
    found: dict[str, Any] = json.loads('{"seen": ' + program.expect("\n"))
    return found


def test_what_is_sent_while_everything_fails_is_kept_once_and_seen_once_in_order(stage: Stage) -> None:
    send_and_listen(stage, 1_000, 10, new_seed())


def test_that_is_so_over_encrypted_connections_too(stage: Stage) -> None:
    send_and_listen(stage, 500, 10, new_seed(), Authority())


@pytest.mark.soak
def test_ten_times_as_much_is_so_too(stage: Stage) -> None:
    send_and_listen(stage, 10_000, 100, new_seed())
