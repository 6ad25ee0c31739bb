"""The bundled client as people run it: ``python -m chatroom.client`` on a pipe, and what becomes of its server."""

from __future__ import annotations

import json
import signal

import pytest
from clients import asked, be_silent, let_in, play_server
from support import CLIENT, NO_WAITING_FOR_NAMES, Program, Server, Stage, port_of

from chatroom.client.unacknowledged import MAX_REQUESTS
from chatroom.model.constants import HOST_NAME, PORT


@pytest.fixture
def server(stage: Stage) -> Server:
    return stage.serve("--rate", "0", port=stage.port())


def shell(stage: Stage, server: Server, script: str) -> Program:
    """Run a script, in which ``$CLIENT`` stands for the client and its way to the server."""
    return shell_at(stage, server.port, script)


def shell_at(stage: Stage, port: int, script: str) -> Program:
    """The same for a server that a test plays."""
    client = " ".join([*CLIENT, "--port", str(port)])
    return stage.start("bash", "-c", script, environment={"CLIENT": client})


# On a pipe.


def test_each_line_of_a_pipe_is_said_and_comes_back(stage: Stage, server: Server) -> None:
    alice = stage.enter(server.port, "alice")
    bot = shell(stage, server, "printf 'hello\\nbye\\n' | $CLIENT bot")
    shown = bot.to_the_end().splitlines()
    assert bot.status() == 0
    assert bot.errors() == ""
    assert shown[0].startswith("* welcome to lobby, bot. ")
    assert shown[1:] == ["* bot joined", "bot: hello", "bot: bye"]
    alice.expect("* bot joined\r\nbot: hello\r\nbot: bye\r\n* bot left\r\n")


def test_two_thousand_lines_of_a_pipe_all_come_back(stage: Stage, server: Server) -> None:
    alice = stage.enter(server.port, "alice")
    bot = shell(stage, server, "seq 2000 | $CLIENT bot")
    talk = [f"bot: {number}" for number in range(1, 2001)]
    assert bot.to_the_end().splitlines()[2:] == talk
    assert bot.status() == 0
    heard = alice.expect("* bot left\r\n").splitlines()
    assert [line for line in heard if line.startswith("bot: ")] == talk


def test_a_big_file_as_standard_input_all_comes_back(stage: Stage, server: Server) -> None:
    lines = [f"{number} {'x' * 1000}" for number in range(2000)]
    file = stage.folder / "talk"
    file.write_text("\n".join(lines) + "\n")
    bot = shell(stage, server, "$CLIENT bot < talk")
    assert bot.to_the_end().splitlines()[2:] == [f"bot: {line}" for line in lines]
    assert bot.status() == 0


def test_the_last_line_of_a_pipe_needs_no_newline(stage: Stage, server: Server) -> None:
    bot = shell(stage, server, "printf 'hello\\nbye' | $CLIENT bot")
    assert bot.to_the_end().splitlines()[-2:] == ["bot: hello", "bot: bye"]
    assert bot.status() == 0


def test_each_line_of_a_pipe_is_said_as_it_is_and_none_is_a_command(stage: Stage, server: Server) -> None:
    lines = ["/quit", "//etc", "/nosuch", "/me waves", "* eve joined"]
    alice = stage.enter(server.port, "alice")
    bot = stage.client("bot", server.port)
    for line in lines:
        bot.send(line)
    bot.send("")
    bot.send(" \t")
    bot.end_input()
    assert bot.to_the_end().splitlines()[2:] == [f"bot: {line}" for line in lines]
    assert (bot.status(), bot.errors()) == (0, "")
    heard = alice.expect("* bot left\r\n").splitlines()
    assert heard == ["* bot joined", *(f"bot: {line}" for line in lines), "* bot left"]


def test_lines_of_a_pipe_are_commands_where_that_is_asked_for(stage: Stage, server: Server) -> None:
    alice = stage.enter(server.port, "alice")
    bot = shell(stage, server, "printf '/me waves\n//etc\n/nick robot\nhello\n' | $CLIENT bot --commands")
    assert (bot.status(), bot.errors()) == (0, "")
    heard = alice.expect("left\r\n").splitlines()
    assert heard == [
        "* bot joined", "* bot waves", "bot: /etc", "* bot is now robot", "robot: hello", "* robot left"
    ]  # fmt: skip


def test_a_command_of_a_pipe_that_is_refused_fails(stage: Stage, server: Server) -> None:
    bot = shell(stage, server, "printf '/nosuch\nhello\n' | $CLIENT bot --commands")
    assert bot.to_the_end().splitlines()[-1] == "bot: hello"
    assert bot.status() == 1
    assert bot.errors().startswith("! not done: /nosuch (There is no /nosuch")


def test_lines_behind_a_quit_are_not_said_and_that_is_told(stage: Stage, server: Server) -> None:
    bot = shell(stage, server, "(echo /quit; seq 50000) | $CLIENT bot --commands")
    assert bot.status() == 1
    assert bot.errors().splitlines()[-1].startswith("! not sent: ")


def test_a_part_of_a_line_that_is_only_spaces_is_not_waited_for(stage: Stage) -> None:
    server = stage.serve("--rate", "0", "--max-line", "100")
    bot = shell(stage, server, "printf 'one%500stwo\n' '' | $CLIENT bot")
    assert (bot.status(), bot.errors()) == (0, "")
    assert bot.to_the_end().splitlines()[-1].endswith("two")


def test_input_that_cannot_be_read_is_no_success(stage: Stage, server: Server) -> None:
    bot = shell(stage, server, "$CLIENT bot 0> only-to-write")
    assert bot.status() == 1
    assert bot.errors() == "! not kept: the input (it cannot be read: Bad file descriptor)\n"


def test_a_signal_in_the_middle_of_the_input_is_no_success(stage: Stage) -> None:
    listening = stage.listen()
    bot = shell_at(stage, port_of(listening), f"seq {MAX_REQUESTS * 3} > lines; exec $CLIENT bot < lines")
    guest = play_server(stage, listening, "bot")
    with guest.socket.makefile("rb") as requests:
        for _ in range(MAX_REQUESTS):
            request = json.loads(requests.readline())
            guest.send(json.dumps({"kind": "done", "event": 1, "ref": request["ref"]}))
        bot.signal(signal.SIGTERM)
        assert bot.status() == 1
    assert bot.errors().splitlines()[-1] == "! not sent: the rest of the input"


def test_half_a_line_that_is_not_said_before_a_signal_is_no_success(stage: Stage, server: Server) -> None:
    bot = stage.client("bot", server.port)
    bot.type("hello\nhalf a")
    bot.expect("bot: hello\n")
    bot.signal(signal.SIGTERM)
    assert bot.status() == 1
    assert bot.errors() == "! not sent: the rest of the input\n"


def test_a_line_that_is_too_long_for_the_server_is_said_in_pieces(stage: Stage) -> None:
    server = stage.serve("--rate", "0", "--max-line", "100")
    line = " ".join(["Grüße"] * 100)
    bot = stage.client("bot", server.port)
    bot.send(line)
    bot.end_input()
    said = [shown.removeprefix("bot: ") for shown in bot.to_the_end().splitlines()[2:]]
    assert " ".join(said) == line
    assert len(said) > 5
    assert (bot.status(), bot.errors()) == (0, "")


def test_a_line_that_is_not_in_the_encoding_of_the_locale_is_not_said_and_that_is_told(
    stage: Stage, server: Server
) -> None:
    bot = shell(stage, server, "printf 'one\\ntw\\xf6\\nthree\\n' | $CLIENT bot")
    assert bot.to_the_end().splitlines()[2:] == ["bot: one", "bot: three"]
    assert bot.status() == 1
    assert bot.errors() == "! not kept: tw\ufffd (it is not utf-8)\n"


def test_a_locale_with_another_encoding_is_understood(stage: Stage, server: Server) -> None:
    alice = stage.enter(server.port, "alice")
    client = " ".join([*CLIENT, "--port", str(server.port)])
    script = f"printf 'f\\xfcnf\\n' | {client} bot"
    bot = stage.start("bash", "-c", script, environment={"PYTHONIOENCODING": "latin-1"})
    assert bot.status() == 0
    bot.to_the_end()
    alice.expect("bot: fünf\r\n")
    assert b"bot: f\xfcnf\n" in bot.heard


def test_what_the_server_does_not_keep_is_said_and_the_exit_status_says_so(stage: Stage) -> None:
    listening = stage.listen()
    bot = stage.client("bot", port_of(listening))
    bot.send("one")
    bot.send("two")
    bot.end_input()
    guest = play_server(stage, listening, "bot")
    one, two = asked(guest), asked(guest)
    assert (one["say"], two["say"]) == ("one", "two")
    event = {"id": 2, "at": 0, "kind": "said", "room": "lobby", "nick": "bot", "text": "two", "ref": two["ref"]}
    guest.send(json.dumps({"kind": "error", "code": "not-kept", "text": "The disk is full.", "ref": one["ref"]}))
    guest.send(json.dumps(event))
    assert asked(guest)["do"] == "/quit"
    guest.close()
    assert bot.to_the_end().splitlines()[-2:] == ["! The disk is full.", "bot: two"]
    assert bot.status() == 1
    assert bot.errors() == "! not kept: one (The disk is full.)\n"


def test_no_more_lines_are_on_their_way_than_may_be_and_the_others_wait(stage: Stage) -> None:
    count = MAX_REQUESTS + 2000
    listening = stage.listen()
    bot = shell_at(stage, port_of(listening), f"seq {count} | $CLIENT bot")
    guest = play_server(stage, listening, "bot")
    with guest.socket.makefile("rb") as requests:
        for number in range(1, count + 1):
            request = json.loads(requests.readline())
            assert request["say"] == str(number)
            guest.send(json.dumps({"kind": "done", "event": number, "ref": request["ref"]}))
        assert json.loads(requests.readline())["do"] == "/quit"
    guest.close()
    assert (bot.status(), bot.errors()) == (0, "")


def test_lines_that_wait_when_it_ends_are_told_like_those_on_their_way(stage: Stage) -> None:
    listening = stage.listen()
    bot = stage.client("bot", port_of(listening))
    numbers = [str(number) for number in range(MAX_REQUESTS + 1)]
    guest = play_server(stage, listening, "bot")
    bot.send("\n".join(numbers))
    with guest.socket.makefile("rb") as requests:
        for _ in numbers[1:]:
            requests.readline()
    bot.signal(signal.SIGTERM)
    assert bot.status() == 1
    told = [line.rpartition(": ")[::2] for line in bot.errors().splitlines()]
    assert [number for _, number in told] == numbers[: len(told)]
    assert {why for why, _ in told[:MAX_REQUESTS]} == {"! this has perhaps not arrived"}
    # The last may have waited in the pipe.
    assert {why for why, _ in told[MAX_REQUESTS:]} <= {"! not sent"}


def test_it_does_not_leave_before_everything_is_answered(stage: Stage) -> None:
    listening = stage.listen()
    bot = stage.client("bot", port_of(listening))
    bot.send("one")
    bot.end_input()
    guest = play_server(stage, listening, "bot")
    one = asked(guest)
    # It comes back by itself, and asks for the same again.
    guest.vanish()
    guest = play_server(stage, listening, "bot", " room=lobby since=1")
    assert asked(guest) == {**one, "room": "lobby"}
    guest.send(json.dumps({"kind": "done", "event": 2, "ref": one["ref"]}))
    assert asked(guest)["do"] == "/quit"
    guest.close()
    assert (bot.status(), bot.errors()) == (0, "")
    assert "done before" not in bot.to_the_end()


@pytest.mark.parametrize("nothing", ["</dev/null", "<&-"])
def test_with_no_standard_input_it_ends_cleanly(stage: Stage, server: Server, nothing: str) -> None:
    alice = stage.enter(server.port, "alice")
    watcher = shell(stage, server, f"$CLIENT watcher {nothing}")
    assert watcher.to_the_end().splitlines()[1:] == ["* watcher joined"]
    assert watcher.status() == 0
    assert watcher.errors() == ""
    alice.expect("* watcher joined\r\n* watcher left\r\n")


def test_with_standard_output_closed_it_says_what_it_is_given(stage: Stage, server: Server) -> None:
    alice = stage.enter(server.port, "alice")
    bot = shell(stage, server, "echo hello | $CLIENT bot >&-")
    assert bot.status() == 0
    assert bot.errors() == ""
    alice.expect("* bot joined\r\nbot: hello\r\n* bot left\r\n")


def test_with_all_of_its_descriptors_closed_it_ends_cleanly(stage: Stage, server: Server) -> None:
    alice = stage.enter(server.port, "alice")
    bot = shell(stage, server, "$CLIENT bot <&- >&- 2>&-")
    assert bot.status() == 0
    alice.expect("* bot joined\r\n* bot left\r\n")


def test_it_ends_when_nobody_reads_its_output_any_more(stage: Stage, server: Server) -> None:
    alice = stage.enter(server.port, "alice")
    # What it reads comes from here, and does not end.
    bot = shell(stage, server, '{ $CLIENT bot; echo "status $?" >&2; } | head -1')
    assert bot.expect("\n").startswith("* welcome to lobby, bot. ")
    alice.expect("* bot left")
    assert bot.status() == 0
    assert bot.errors() == "status 0\n"


def test_the_first_line_can_be_cut_off_with_head(stage: Stage, server: Server) -> None:
    bot = shell(stage, server, "set -o pipefail; seq 2000 | $CLIENT bot | head -1")
    shown = bot.to_the_end()
    assert shown.startswith("* welcome to lobby, bot. ")
    assert shown.count("\n") == 1
    # Standard input may be closed before it was all read, which seq is told by a signal.
    assert bot.status() in (0, 1, 128 + signal.SIGPIPE)
    assert {line.rpartition(" ")[0] for line in bot.errors().splitlines()} <= {
        "! this has perhaps not arrived:",
        "! not sent:",
        "! not sent: the rest of the",
    }


def test_output_is_flushed_line_by_line_and_input_sent_at_once(stage: Stage, server: Server) -> None:
    alice = stage.enter(server.port, "alice")
    bot = stage.client("bot", server.port)
    bot.expect("* bot joined\n")
    for number in range(3):
        alice.send(f"ping {number}")
        bot.expect(f"alice: ping {number}\n")
        bot.send(f"pong {number}")
        alice.expect(f"bot: pong {number}\r\n")


def test_it_enters_the_room_that_it_is_told(stage: Stage, server: Server) -> None:
    bot = shell(stage, server, "echo hello | $CLIENT bot --room Kitchen")
    shown = bot.to_the_end().splitlines()
    assert shown[0].startswith("* welcome to kitchen, bot. ")
    assert shown[1:] == ["* bot joined", "bot: hello"]
    assert bot.status() == 0


def test_talk_of_another_room_is_marked(stage: Stage, server: Server) -> None:
    alice = stage.enter(server.port, "alice")
    bob = stage.client("bob", server.port, "--plain", terminal=True)
    bob.expect("* bob joined\r\n")
    be_silent(bob)
    bob.send("/join kitchen")
    bob.expect("* bob joined\r\n")
    alice.send("anybody?")
    bob.expect("[lobby] alice: anybody?\r\n")
    bob.send("here")
    assert bob.expect("here\r\n") == "bob: here\r\n"
    bob.send("/join lobby")
    bob.expect("* you now speak in lobby\r\n")
    alice.send("and now?")
    assert bob.expect("now?\r\n") == "alice: and now?\r\n"
    bob.send("/join kitchen")
    bob.expect("* you now speak in kitchen\r\n")
    bob.send("/leave")
    bob.expect("* you now speak in lobby\r\n")
    alice.send("welcome back")
    assert bob.expect("welcome back\r\n") == "alice: welcome back\r\n"
    bob.type("\x04")
    assert bob.status() == 0


def test_it_enters_several_rooms_and_speaks_in_the_last(stage: Stage, server: Server) -> None:
    alice = stage.enter(server.port, "alice room=garden")
    bot = shell(stage, server, "echo hello | $CLIENT bot --room lobby,garden")
    assert bot.to_the_end().splitlines()[-3:] == ["[lobby] * bot joined", "* bot joined", "bot: hello"]
    alice.expect("* bot joined\r\nbot: hello\r\n* bot left\r\n")


def test_a_message_of_several_lines_is_shown_as_nc_shows_it(stage: Stage, server: Server) -> None:
    program = stage.connect(server.port)
    program.expect("NICK\r\n")
    program.send("alice format=json input=json")
    program.send('{"say":"one\\n* bob left\\nthree"}')
    program.expect("three")
    bot = stage.client("bot", server.port, "--past")
    past = bot.expect("* bot joined\n").splitlines()[-4:-1]
    assert [line[8:] for line in past] == ["alice: one", "alice: * bob left", "alice: three"]
    program.send('{"say":"four\\nfive"}')
    assert bot.expect("five\n") == "alice: four\nalice: five\n"


def test_a_pipe_is_shown_what_is_said_from_then_on(stage: Stage, server: Server) -> None:
    alice = stage.enter(server.port, "alice")
    alice.send("before")
    alice.expect("alice: before\r\n")
    bot = shell(stage, server, "echo hello | $CLIENT bot")
    assert bot.to_the_end().splitlines()[1:] == ["* bot joined", "bot: hello"]
    assert bot.status() == 0


def test_a_pipe_that_comes_back_is_shown_what_it_missed(stage: Stage) -> None:
    listening = stage.listen()
    bot = stage.client("bot", port_of(listening))
    guest = play_server(stage, listening, "bot")
    bot.expect("* bot joined\n")
    guest.vanish()
    guest = stage.receive(listening)
    missed = [{"say": "while you were gone", "ref": ""}]
    let_in(guest, "bot", missed, last_id=2)
    bot.expect("bot: while you were gone\n")


def test_the_past_is_shown_with_its_time_where_it_is_asked_for(stage: Stage, server: Server) -> None:
    alice = stage.enter(server.port, "alice")
    alice.send("before")
    alice.expect("alice: before\r\n")
    bot = shell(stage, server, "$CLIENT bot --past </dev/null")
    shown = bot.to_the_end().splitlines()
    assert shown[1][0] == "["
    assert shown[1].endswith("] alice: before")
    assert shown[2:] == ["* bot joined"]


# What cannot be.


def test_no_server_is_said_in_one_line(stage: Stage) -> None:
    port = stage.port()
    bot = shell_at(stage, port, "echo hello | $CLIENT bot")
    assert bot.to_the_end() == ""
    assert bot.status() == 1
    assert bot.errors() == f"! no server at {HOST_NAME}:{port}: nothing listens there\n"


def test_an_unknown_host_is_said_in_one_line(stage: Stage) -> None:
    bot = stage.start(*CLIENT, "bot", "--host", "no.such.host.invalid", environment=NO_WAITING_FOR_NAMES)
    assert bot.to_the_end() == ""
    assert bot.status() == 1
    [line] = bot.errors().splitlines()
    assert line.startswith(f"! no server at no.such.host.invalid:{PORT}: ")


@pytest.mark.parametrize(
    ("nickname", "why"),
    [
        ("alice", "! The nickname alice is taken: choose another.\n"),
        ("*bot*", "! That nickname will not do: it starts with *.\n"),
        ("two words", "! A nickname has no spaces in it"),
    ],
)
def test_a_refused_nickname_is_said_on_a_pipe(stage: Stage, server: Server, nickname: str, why: str) -> None:
    stage.enter(server.port, "alice")
    bot = stage.client(nickname, server.port)
    assert bot.to_the_end().startswith(why)
    assert bot.status() == 1


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ([], "the following arguments are required: nickname"),
        (["bot", "--port", "many"], "argument --port: many is not a port: they go from 1 to 65535"),
        (["bot", "--port", "70000"], "argument --port: 70000 is not a port: they go from 1 to 65535"),
        (["bot", "--colour"], "unrecognized arguments: --colour"),
        ([""], "argument nickname: it is empty"),
    ],
)
def test_wrong_options_are_said(stage: Stage, options: list[str], why: str) -> None:
    bot = stage.start(*CLIENT, *options)
    assert bot.to_the_end() == ""
    assert bot.status() == 2
    assert bot.errors().splitlines()[-1] == f"python -m chatroom.client: error: {why}"


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["b\udcf6t"], "argument 1 is 'b\\udcf6t', which is not text: write it in UTF-8"),
        (["bot", "--room", "\udcff"], "argument 3 is '\\udcff', which is not text: write it in UTF-8"),
        (["bot", "--port", "\udcff"], "argument 3 is '\\udcff', which is not text: write it in UTF-8"),
        (["bot", "--\udcff"], "argument 2 is '--\\udcff', which is not text: write it in UTF-8"),
    ],
)
@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
def test_an_argument_that_is_not_text_is_said_in_one_sentence(
    stage: Stage, options: list[str], why: str, locale: str
) -> None:
    bot = stage.start(*CLIENT, *options, environment={"LC_ALL": locale})
    assert bot.status() == 2
    assert bot.to_the_end() == ""
    assert bot.errors() == f"python -m chatroom.client: error: {why}\n"


def test_an_argument_in_utf_8_is_understood_in_any_locale(stage: Stage, server: Server) -> None:
    alice = stage.enter(server.port, "alice")
    client = " ".join([*CLIENT, "--port", str(server.port)])
    ascii_only = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    bot = stage.start("bash", "-c", f"{client} café </dev/null", environment=ascii_only)
    assert (bot.status(), bot.errors()) == (0, "")
    alice.expect("* café joined\r\n")


def test_help_explains_every_option_with_its_default(stage: Stage) -> None:
    shown = stage.start(*CLIENT, "--help")
    text = " ".join(shown.to_the_end().split())
    assert shown.status() == 0
    for said in (
        "nickname what you are called",
        f"(default: {HOST_NAME})",
        f"(default: {PORT})",
        "--room",
        "--once",
        "--plain",
        "--commands",
        "--past",
        "--no-bell",
        "--tls",
        "--ca FILE",
    ):
        assert said in text


# The server goes away.


def test_it_comes_back_under_the_same_nickname_when_there_is_a_server_again(stage: Stage, server: Server) -> None:
    bot = stage.client("bot", server.port, "--plain", terminal=True)
    bot.expect("* bot joined\r\n")
    be_silent(bot)
    bot.send("/nick robot")
    bot.expect("* bot is now robot\r\n")
    server.signal(signal.SIGKILL)
    server.status()
    bot.expect(f"* no connection to {HOST_NAME}:{server.port}: trying again in ")
    bot.send("typed while there is no server")
    again = stage.serve(port=server.port)
    bot.expect("* robot joined\r\n")
    bot.expect("robot: typed while there is no server\r\n")
    alice = stage.enter(again.port, "alice")
    alice.send("hello again")
    bot.expect("alice: hello again\r\n")
    bot.type("\x04")
    assert bot.status() == 0


def test_the_pauses_between_tries_grow(stage: Stage, server: Server) -> None:
    bot = stage.client("bot", server.port)
    bot.expect("* bot joined\n")
    server.stop()
    pauses = []
    for _ in range(3):
        bot.expect("trying again in ")
        pauses.append(int(bot.expect(" s\n").removesuffix(" s\n")))
    assert pauses[-1] > pauses[0]


def test_a_pipe_that_ends_while_there_is_no_server_is_said_when_there_is_one(stage: Stage, server: Server) -> None:
    bot = stage.client("bot", server.port)
    bot.expect("* bot joined\n")
    server.stop()
    bot.expect("trying again in ")
    bot.send("last words")
    bot.end_input()
    again = stage.serve(port=server.port)
    assert bot.status() == 0
    assert bot.to_the_end().splitlines()[-2:] == ["* bot joined", "bot: last words"]
    alice = stage.enter(again.port, "alice")
    assert "bot: last words" in alice.heard.decode()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_once_ends_when_the_server_goes_away(stage: Stage, server: Server, number: signal.Signals) -> None:
    bot = stage.client("bot", server.port, "--once")
    bot.expect("* bot joined\n")
    server.stop(number)
    assert bot.to_the_end() in ("", "* the server is stopping\n")
    assert bot.status() == 1
    assert bot.errors() == f"! {HOST_NAME}:{server.port} closed the connection\n"


def test_what_a_server_has_not_answered_when_it_goes_is_said_by_one_that_does_not_come_back(stage: Stage) -> None:
    listening = stage.listen()
    bot = stage.client("bot", port_of(listening), "--once")
    bot.send("hello")
    bot.end_input()
    guest = play_server(stage, listening, "bot")
    assert asked(guest)["say"] == "hello"
    guest.close()
    assert bot.status() == 1
    assert bot.errors().splitlines() == [
        f"! {HOST_NAME}:{port_of(listening)} closed the connection before everything had come back",
        "! this has perhaps not arrived: hello",
    ]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_what_has_not_been_answered_is_said_when_a_signal_ends_it(stage: Stage, number: signal.Signals) -> None:
    listening = stage.listen()
    bot = stage.client("bot", port_of(listening))
    bot.send("hello")
    guest = play_server(stage, listening, "bot")
    assert asked(guest)["say"] == "hello"
    bot.signal(number)
    assert bot.status() == 1
    assert bot.errors() == "! this has perhaps not arrived: hello\n"


def test_what_it_was_refused_by_somebody_who_took_its_nickname_it_says_later(stage: Stage) -> None:
    listening = stage.listen()
    bot = stage.client("bot", port_of(listening))
    bot.send("hello")
    guest = play_server(stage, listening, "bot")
    request = asked(guest)
    guest.vanish()
    guest = stage.receive(listening)
    guest.send("NICK")
    guest.expect("\n")
    guest.send('{"kind":"error","code":"nickname-taken","text":"The nickname bot is taken: choose another."}')
    guest.send("NICK")
    assert guest.to_the_end() == ""
    guest = play_server(stage, listening, "bot", " room=lobby since=1")
    assert asked(guest)["ref"] == request["ref"]
