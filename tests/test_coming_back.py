"""Coming back: the bundled client, bots and bare sockets, after crashes and cuts, get what they missed, once.

Real processes on both sides. Every line that somebody printed is compared with the log.
"""

from __future__ import annotations

import re
import signal
import sys
import time
from collections.abc import Iterable, Sequence
from contextlib import closing
from itertools import count
from pathlib import Path

import pytest
from crowd import BY, Crowd, Heard, Talker, check, kept
from support import Person, Program, Server, Stage, memory, port_of
from wire import Wire

ROOMS = ("lobby", "garden")

LONG_PAST = 50_000
"""Lines that were said before somebody asks for all of them."""
MOST_GROWTH = 32 * 1024
"""KiB that a server may take for that."""
SLOWLY = 16 * 1024
"""Bytes that a slow reader takes in 10 ms."""
SMALL_BUFFER = 16 * 1024
"""Bytes that a slow reader's system takes for them; the server's takes close to 3 MB on loopback."""

BOT = """
import sys
from twisted.application.internet import ClientService
from twisted.internet import reactor
from twisted.internet.endpoints import TCP4ClientEndpoint
from chatroom import ChatClientFactory, ChatClientProtocol
from chatroom.model.events import Said

class Bot(ChatClientProtocol):
    def received(self, thing, ref):
        if isinstance(thing, Said):
            print(thing.room, thing.nickname, thing.text, flush=True)

factory = ChatClientFactory("bot", Bot, rooms=sys.argv[2].split(","))
endpoint = TCP4ClientEndpoint(reactor, "127.0.0.1", int(sys.argv[1]))
ClientService(endpoint, factory, retryPolicy=lambda attempt: 0.1).startService()
reactor.run()
"""


def talk_in(log: Iterable[Heard], rooms: Sequence[str]) -> list[str]:
    """What was said in ``rooms``, as :func:`printed_talk` has it."""
    return [
        f"{event.room} {event.nickname} {event.text}" for event in log if event.kind == "said" and event.room in rooms
    ]


def printed_talk(client: Program) -> list[str]:
    """The talk that the bundled client has printed: of another room than the one that it speaks in, it says so."""
    lines = (re.fullmatch(r"(?:\[\d\d:\d\d\] )?(?:\[(\w+)\] )?(\w+): (.*)", line) for line in client.lines_so_far())
    return [f"{line[1] or ROOMS[-1]} {line[2]} {line[3]}" for line in lines if line]


def serve(stage: Stage, path: Path, port: int = 0) -> Server:
    return stage.serve("--history", str(path), "--rate", "0", port=port, by=BY)


def enter_both(stage: Stage, port: int) -> tuple[Person, Person]:
    """Somebody in each of the rooms."""
    alice, gus = stage.connect(port), stage.connect(port)
    for person, nickname, room in ((alice, "alice", "lobby"), (gus, "gus", "garden")):
        person.expect("NICK\r\n")
        person.send(f"{nickname} room={room}")
        person.expect(f"* {nickname} joined\r\n")
    return alice, gus


def say(people: tuple[Person, Person], text: str) -> list[str]:
    """Have it said in both rooms, in turn; what the client prints of it."""
    for person, nickname in zip(people, ("alice", "gus"), strict=True):
        person.send(text)
        person.expect(f"{nickname}: {text}\r\n")
    return [f"lobby alice {text}", f"garden gus {text}"]


def join_both(stage: Stage, port: int, *options: str) -> Program:
    """The bundled client, in both rooms."""
    client = stage.client("bot", port, "--room", ",".join(ROOMS), *options)
    client.expect("[lobby] * bot joined\n* bot joined\n")
    return client


# The bundled client.


def test_after_a_crash_the_client_prints_what_was_said_before_it_and_after_it_once(stage: Stage) -> None:
    path, port = stage.folder / "history.sqlite", stage.port()
    server = serve(stage, path, port)
    client = join_both(stage, port)
    people = enter_both(stage, port)
    said = []
    for crash in range(2):
        said += say(people, f"seen before crash {crash}")
        client.expect(f"gus: seen before crash {crash}\n")
        # It can do nothing until it may go on, so what is said now is said before it comes back.
        client.signal(signal.SIGSTOP)
        said += say(people, f"said before crash {crash}")
        server.stop(signal.SIGKILL)
        server = serve(stage, path, port)
        people = enter_both(stage, port)
        said += say(people, f"said after crash {crash}")
        client.signal(signal.SIGCONT)
        for person in people:
            person.expect("* bot joined\r\n")
        said += say(people, f"seen after crash {crash}")
        client.expect(f"gus: seen after crash {crash}\n")
    assert printed_talk(client) == said
    assert [line for line in client.lines_so_far() if line.startswith("!")] == []


def test_what_the_client_never_read_before_the_crash_is_printed_once(stage: Stage) -> None:
    path, port = stage.folder / "history.sqlite", stage.port()
    server = serve(stage, path, port)
    client = join_both(stage, port)
    people = enter_both(stage, port)
    client.expect("* gus joined\n")
    client.signal(signal.SIGSTOP)
    said = []
    for number in range(1000):
        said += say(people, f"{number} {'x' * 4000}")
    # Whatever of it waits on its way to the client is gone with the connection.
    server.stop(signal.SIGKILL)
    serve(stage, path, port)
    client.signal(signal.SIGCONT)
    client.expect(f"gus: 999 {'x' * 4000}\n")
    assert printed_talk(client) == said
    assert re.search(r"^\[\d\d:\d\d\] \[lobby\] alice: ", client.heard.decode(), re.MULTILINE), "it had it all at once"


@pytest.mark.parametrize("noticed", [True, False])
def test_after_a_cut_of_the_connection_the_client_prints_what_it_missed_once(stage: Stage, noticed: bool) -> None:
    server = serve(stage, stage.folder / "history.sqlite")
    with closing(Wire(server.port)) as wire:
        client = join_both(stage, wire.port)
        people = enter_both(stage, server.port)
        said = []
        for cut in range(2):
            said += say(people, f"before cut {cut}")
            client.expect(f"gus: before cut {cut}\n")
            wire.cut(noticed=noticed)
            said += say(people, f"after cut {cut}")
            client.expect("trying again in")
            # Unless it was noticed, the connection that was cut still holds the nickname: the client takes it back.
            wire.mend()
            for person in people:
                person.expect("* bot joined\r\n")
            said += say(people, f"back from cut {cut}")
            client.expect(f"gus: back from cut {cut}\n")
        assert printed_talk(client) == said


def test_the_client_prints_all_of_a_busy_room_once_though_the_server_crashes(stage: Stage) -> None:
    path, port = stage.folder / "history.sqlite", stage.port()
    server = serve(stage, path, port)
    client = join_both(stage, port)
    with Crowd([Talker(f"member{number}", (room,)) for number, room in enumerate(ROOMS)]) as crowd:
        for _ in range(3):
            crowd.connect(port)
            talk_until(crowd, 2000)
            server.stop(signal.SIGKILL)
            crowd.until_the_end()
            server = serve(stage, path, port)
        people = enter_both(stage, port)
        say(people, "the end")
        client.expect("gus: the end\n")
    log = kept(path, stage.folder / "copy")
    assert printed_talk(client) == talk_in(log, ROOMS)


def talk_until(crowd: Crowd, lines: int) -> None:
    """Have so many more lines said."""
    enough = lines + sum(talker.said for talker in crowd.talkers)
    crowd.go_on_until(lambda: sum(talker.said for talker in crowd.talkers) >= enough)


def test_a_cut_before_the_client_is_back_in_all_of_its_rooms_forgets_none_of_them(stage: Stage) -> None:
    listening = stage.listen()
    stage.client("bot", port_of(listening), "--room", "lobby,garden")
    ids = count(1)
    for asked, joins in (
        ("room=lobby,garden", ROOMS[:1]),
        ("room=lobby,garden since=1", ROOMS),
        ("room=lobby,garden since=3", ROOMS[:1]),
    ):
        server = stage.receive(listening)
        server.send("NICK")
        assert re.fullmatch(rf"bot format=json input=json client=\S+ {asked}\n", server.expect("\n"))
        server.send('{"kind":"welcome","nick":"bot","room":"garden","topic":"","people":["bot"],"size":1}')
        for room in joins:
            server.send(f'{{"id":{next(ids)},"at":0,"kind":"joined","room":"{room}","nick":"bot","text":""}}')
        server.close()


# Bots.


def test_a_bot_with_a_client_service_hears_all_of_a_busy_room_once_though_the_server_crashes(stage: Stage) -> None:
    path, port = stage.folder / "history.sqlite", stage.port()
    server = serve(stage, path, port)
    alice = stage.enter(port, "alice")
    bot = stage.start(sys.executable, "-c", BOT, str(port), ",".join(ROOMS))
    alice.expect("* bot joined\r\n")
    with Crowd([Talker(f"member{number}", (room,)) for number, room in enumerate(ROOMS)]) as crowd:
        for _ in range(5):
            crowd.connect(port)
            talk_until(crowd, 1000)
            server.stop(signal.SIGKILL)
            crowd.until_the_end()
            server = serve(stage, path, port)
    people = enter_both(stage, port)
    say(people, "the end")
    bot.expect("garden gus the end\n")
    assert bot.lines_so_far() == talk_in(kept(path, stage.folder / "copy"), ROOMS)
    assert bot.errors() == ""


# A long past.


def test_a_long_past_meets_talk_at_full_rate_with_no_gap_and_no_repeat_in_bounded_memory(stage: Stage) -> None:
    path = stage.folder / "history.sqlite"
    server = serve(stage, path)
    with Crowd([Talker(f"member{number}", (room,)) for number, room in enumerate(ROOMS * 2)]) as crowd:
        crowd.connect(server.port)
        talk_until(crowd, LONG_PAST)
        # From here on the most that it ever takes is counted anew.
        Path(f"/proc/{server.process.pid}/clear_refs").write_text("5")
        before = memory(server.process.pid, "VmRSS")
        said = sum(talker.said for talker in crowd.talkers)
        late = Talker("late", ROOMS, talks=False, hears_all=True)
        crowd.bring(server.port, [late])
        assert sum(talker.said for talker in crowd.talkers) > said, "they all waited for it"
        talk_until(crowd, 1000)
        crowd.until_all_have_heard_all()
        assert memory(server.process.pid, "VmHWM") - before < MOST_GROWTH
        log = kept(path, stage.folder / "copy")
        check(crowd.talkers, log)
        assert [event.id for event in late.heard] == [event.id for event in log]


# Both are far less than the whole, the second less than what is otherwise sent of it at once.
@pytest.mark.parametrize("sendq", [128 * 1024, 16 * 1024])
def test_a_slow_reader_of_a_long_past_gets_all_of_it_and_is_not_let_go(stage: Stage, sendq: int) -> None:
    path = stage.folder / "history.sqlite"
    server = stage.serve("--history", str(path), "--rate", "0", "--sendq", str(sendq))
    slow = Talker("slow", ROOMS, talks=False, hears_all=True)
    known: dict[bytes, Heard | str] = {}
    ended = False
    with Crowd([Talker("member0", ("lobby",), longer="x" * 400)]) as crowd:
        crowd.connect(server.port)
        # 5 MB, so that most of it has to wait in the server.
        talk_until(crowd, 10_000)
        crowd.until_all_have_heard_all()
        alice = stage.enter(server.port, "alice")
        slow.connect(server.port, receive_buffer=SMALL_BUFFER)
        with closing(slow):
            for reads in count():
                assert slow.read(known, SLOWLY), f"let go after {len(slow.heard)} events"
                if slow.heard and slow.heard[-1].text == "the end":
                    break
                if slow.live and not ended:
                    alice.send("the end")
                    ended = True
                elif not slow.live and reads % 20 == 0:
                    alice.send(f"meanwhile {reads}")
                time.sleep(0.01)
            log = kept(path, stage.folder / "copy")
    check([slow], log)
    assert slow.heard[0].id == log[0].id
    assert sum(event.text.startswith("meanwhile") for event in log) > 10
    assert not [event for event in log if event.kind == "left" and event.nickname == "slow"]
