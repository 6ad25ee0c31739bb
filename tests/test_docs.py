"""What README and docs/ show is what happens: transcripts, examples, commands, lists and tables."""

from __future__ import annotations

import inspect
import json
import os
import re
import shlex
import shutil
import sqlite3
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, get_args

import pytest
from certificates import Authority
from support import TIMEOUT, Person, Program, Stage, program
from twisted.python import usage

from chatroom import HOST_NAME, PORT, ChatClientProtocol
from chatroom.client.conversation import PING_EVERY
from chatroom.client.liveness import ANSWER_WITHIN
from chatroom.client.options import parser
from chatroom.core.chat import REMEMBERED_REFS, Chat
from chatroom.core.commands import COMMANDS
from chatroom.core.delivery import Delivery
from chatroom.core.dialogue import OTHER_HISTORY, TRIMMED
from chatroom.doors.assembly import open_accounts
from chatroom.log import restore, schema
from chatroom.log.memory import MemoryLog
from chatroom.model import names
from chatroom.model.answers import Answer, CommandHelp, Limits
from chatroom.model.errors import ChatError, NicknameRefused, NotKept
from chatroom.model.events import KINDS, Audience
from chatroom.model.names import check_nickname
from chatroom.model.settings import Settings
from chatroom.server.options import HISTORY, Options
from chatroom.testing import MemoryRoom
from chatroom.testing import Person as Visitor
from chatroom.wire.handshake import FORMATS, INPUTS, OPTIONS
from chatroom.wire.requests import Do, Say

TOP = Path(__file__).parent.parent
DOCS = TOP / "docs"
README = (TOP / "README.rst").read_text(encoding="utf-8")
PROTOCOL = (DOCS / "protocol.rst").read_text(encoding="utf-8")
PROSE = {page.name: page.read_text(encoding="utf-8") for page in [*TOP.glob("*.rst"), *DOCS.glob("*.rst")]}


def blocks(text: str) -> Iterator[list[str]]:
    """The indented blocks of ``text``, each as lines with the indent taken off."""
    for block in re.findall(r"(?m)(?:^   .*\n|^\n(?=   ))+", text):
        yield textwrap.dedent(block).strip("\n").splitlines()


# The transcripts of protocol.rst.

TRANSCRIPTS = [lines for lines in blocks(PROTOCOL) if lines and re.match("[SCB]: ", lines[0])]
AT = 1795340461.5
"""When everything in them happens: 09:41 on 2026-11-22, UTC."""
OPERATORS = {"root": "tea"}
HISTORY_IDENTITY = "0f6c27d19a"
"""That of the history in all of them."""
MEMBER_ID = re.compile(r'(?<="member":")[^"]+')


@pytest.fixture
def in_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "UTC")
        time.tzset()
        yield
    time.tzset()


class Transcript:
    """One transcript, and the room in which it is played."""

    def __init__(self) -> None:
        log = MemoryLog(lambda call: self.room.clock.callLater(0, call), lambda: AT)
        log.identity = HISTORY_IDENTITY
        # Their connections are encrypted, or do not leave the machine.
        settings = Settings(clear_passwords="0.0.0.0/0")
        accounts = open_accounts(log.accounts, settings, lambda: self.room.clock)
        chat = Chat(log, Delivery(), now=lambda: AT, settings=settings, accounts=accounts, operators=OPERATORS)
        self.room = MemoryRoom(chat=chat)
        self._clients: dict[str, Visitor] = {}
        self._unread: list[str] = []
        # What the transcript shows for each id of a member.
        self._shown_ids: dict[str, str] = {}

    def play(self, lines: list[str]) -> None:
        for line in lines:
            side, text = line[0], line[3:]
            if side != "S":
                self._nothing_more_came(line)
                self._send(side, text)
            elif text == "(closes)":
                self._nothing_more_came(line)
                assert self._client("C").closed, "the server did not close"
            elif kinds := re.fullmatch(r"\(([a-z]+(?:, [a-z]+)*)\)", text):
                self._read()
                named = kinds[1].split(", ")
                assert [json.loads(came)["kind"] for came in self._unread[: len(named)]] == named
                del self._unread[: len(named)]
            else:
                self._read()
                assert [self._as_shown(came, text) for came in self._unread[:1]] == [text]
                del self._unread[0]
        self._nothing_more_came("the end")

    def _as_shown(self, came: str, shown: str) -> str:
        """A line as the page has it: with its ids of members, and of all commands with the first alone."""
        if not came.startswith("{"):
            return came
        thing = json.loads(came)
        if "commands" in thing:
            thing["commands"] = thing["commands"][:1]
        for id_, shown_id in zip(MEMBER_ID.findall(came), MEMBER_ID.findall(shown), strict=True):
            self._shown_ids.setdefault(id_, shown_id)
        assert len(set(self._shown_ids.values())) == len(self._shown_ids), "two members have one id"
        text = json.dumps(thing, ensure_ascii=False, separators=(",", ":"))
        return MEMBER_ID.sub(lambda id_: self._shown_ids[id_[0]], text)

    def _client(self, side: str) -> Visitor:
        if side not in self._clients:
            self._clients[side] = self.room.connect()
        return self._clients[side]

    def _send(self, side: str, text: str) -> None:
        if silence := re.fullmatch(r"\(says nothing for (\d+) seconds\)", text):
            self.room.advance(float(silence[1]))
        else:
            self._client(side).type(text)
            self.room.settle()

    def _read(self) -> None:
        self._unread += self._client("C").lines()

    def _nothing_more_came(self, before: str) -> None:
        if "C" in self._clients:
            self._read()
        assert self._unread == [], f"came before {before}, and is not shown"


@pytest.mark.parametrize("lines", TRANSCRIPTS, ids=range(len(TRANSCRIPTS)))
def test_what_a_transcript_shows_is_what_comes(lines: list[str], in_utc: None) -> None:
    Transcript().play(lines)


def test_every_transcript_is_found() -> None:
    assert sum(map(len, TRANSCRIPTS)) == len(re.findall("(?m)^ +[SCB]: ", PROTOCOL)) > 100


# Lists and tables.

SHOWN = [kind for kind in KINDS.values() if kind.audience is not Audience.NOBODY]
EVENT_KINDS = list(dict.fromkeys(kind.shown_as for kind in SHOWN))
"""The kinds of events as JSON names them."""
EVENT_FIELDS = ["id", "at", "kind", "room", "nick", "text", "[member]", "[about]", "[extras]", "[ref]"]
"""The fields of an event; those in brackets may be missing."""


def first_column(title: str) -> list[str]:
    """What stands in double quotes in the first column of the tables below ``title`` in protocol.rst."""
    section = re.split(rf"(?m)^{title}\n[-~]+\n", PROTOCOL)[1]
    return re.findall(r"(?m)^``(\[?[a-z0-9-]+\]?)``(?: |$)", re.split(r"(?m)^[-~]{3,}$", section)[0])


def kin(family: type[ChatError]) -> set[type[ChatError]]:
    return {family}.union(*(kin(child) for child in family.__subclasses__()))


def test_every_code_of_an_error_is_explained_and_no_other() -> None:
    codes = first_column("Errors")
    assert len(codes) == len(set(codes))
    # Tests may have made errors of their own.
    assert set(codes) == {error.code for error in kin(ChatError) if error.__module__ == ChatError.__module__}


def test_every_kind_of_event_is_explained_and_no_other() -> None:
    assert [kind for kind in first_column("Events") if kind not in EVENT_FIELDS] == EVENT_KINDS


def test_every_kind_of_event_has_the_nature_that_is_listed() -> None:
    listed = re.findall(r"(?m)^``([a-z]+)`` +(talk|membership|state|moderation) ", PROTOCOL)
    shown = [kind for kind in KINDS.values() if kind.audience is not Audience.NOBODY]
    assert listed == list(dict.fromkeys((kind.shown_as, kind.nature.value) for kind in shown))


def test_every_option_of_the_handshake_is_explained_and_no_other() -> None:
    assert first_column("The handshake") == list(OPTIONS)


@pytest.mark.parametrize(("option", "values"), [("format", FORMATS), ("input", INPUTS)])
def test_the_values_of_an_option_of_the_handshake_are_those_that_are_shown(option: str, values: Iterable[str]) -> None:
    assert re.findall(rf"(?m)^``{option}`` +(.*?)  ", PROTOCOL) == [" or ".join(f"``{value}``" for value in values)]


def test_every_kind_of_answer_is_explained_and_every_object_has_the_fields_that_are_listed() -> None:
    fields = {kind.shown_as: [*EVENT_FIELDS[not kind.kept :], "kind"] for kind in SHOWN}
    for row in re.split("\n(?=``)", re.split(r"(?m)^Answers\n~+\n", PROTOCOL)[1].split("\n\nThe past")[0])[1:]:
        kind, *listed = re.findall(r"``(\[?[a-z]+\]?)``", "".join(line[:47] for line in row.splitlines()))
        fields[kind] = ["kind", *listed, "[ref]"]
    assert len(fields) == len(EVENT_KINDS) + len(get_args(Answer))
    objects = [json.loads(line[3:]) for lines in TRANSCRIPTS for line in lines if line.startswith("S: {")]
    # No line from a client of this door is a notice, and no log fails in an example.
    assert {thing["kind"] for thing in objects} == set(fields) - {"noticed", "gone"}, "each other has an example"
    for thing in objects:
        optional = {field.strip("[]") for field in fields[thing["kind"]] if field.startswith("[")}
        assert set(thing) | optional == {field.strip("[]") for field in fields[thing["kind"]]}, thing


def test_the_objects_in_the_welcome_have_the_fields_that_are_listed() -> None:
    (welcome,) = (json.loads(line[3:]) for lines in TRANSCRIPTS for line in lines if '"kind":"welcome"' in line)
    (listed,) = re.findall(r"(?s)\n(``limits`` has four .*?)\n\n", PROTOCOL)
    names = ["limits", *Limits._fields, "commands", *CommandHelp._fields]
    assert [name for name in re.findall(r"``([a-z_]+)``", listed) if name in names] == names
    assert tuple(welcome["limits"]) == Limits._fields
    assert tuple(welcome["commands"][0]) == CommandHelp._fields


def test_every_field_of_a_request_is_explained_and_no_other() -> None:
    listed = [field.strip("[]") for field in first_column("Requests in JSON")]
    assert listed == list(dict.fromkeys(["say", "do", *Say._fields[1:], *Do._fields[1:]]))


def test_every_code_of_a_reset_is_explained_and_no_other() -> None:
    assert first_column("Coming back") == [OTHER_HISTORY[0], TRIMMED[0]]


def test_as_many_requests_are_remembered_as_is_said() -> None:
    assert f"the last {REMEMBERED_REFS:,} such requests" in re.sub(r"\s+", " ", PROTOCOL)


def test_the_client_asks_whether_the_connection_lives_when_it_is_said_to() -> None:
    shown = re.sub(r"\s+", " ", PROTOCOL)
    assert f"after {PING_EVERY:g} seconds, and takes the connection for lost when {ANSWER_WITHIN:g} more" in shown


def test_every_nickname_that_could_be_the_servers_is_listed_and_no_other() -> None:
    (listed,) = re.findall(r"mistaken for the server: ([^.]*)\.", PROTOCOL)
    # The names are words of the module that refuses them.
    tried = set(re.findall("[a-z]+", Path(names.__file__).read_text(encoding="utf-8")))
    assert {name for name in tried if is_the_servers(name)} == set(re.findall("``([a-z]+)``", listed))


def is_the_servers(name: str) -> bool:
    try:
        check_nickname(name)
    except NicknameRefused as refusal:
        return "mistaken for the server" in str(refusal)
    return False


def test_every_method_that_a_bot_is_said_to_have_is_there_with_those_arguments() -> None:
    listed = re.findall(r"(?m)^``(\w+)\((.*?)\)``  ", PROSE["bots.rst"])
    assert len(listed) > 10
    for name, arguments in listed:
        parameters = list(inspect.signature(getattr(ChatClientProtocol, name)).parameters)
        assert parameters == ["self", *filter(None, arguments.split(", "))], name


# Commands and options in prose.


def shown_commands() -> list[tuple[str, str]]:
    """Each command line behind a ``$`` in README and docs, and the page it stands on."""
    return [(line, name) for name, text in PROSE.items() for line in re.findall(r"(?m)^   \$ (.*)$", text)]


@pytest.mark.parametrize(
    "command", sorted({line for line, _ in shown_commands() if re.match(r"\S*twistd .*\bchatroom\b", line)})
)
def test_a_command_that_starts_the_server_as_shown_is_understood(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    if "--tls-cert" in command:
        for file, name in zip(Authority(tmp_path).issue(), ("cert", "key"), strict=True):
            shown = re.findall(rf"--tls-{name} (\S+)", command)[0]
            file.rename(tmp_path / shown)
    (tmp_path / "passwd").write_text("alice:secret\n")
    (tmp_path / "password.txt").write_text("open sesame\n")
    arguments = shlex.split(command)
    options = arguments[arguments.index("chatroom") + 1 :]
    if "systemd:" not in command:
        Options().parseOptions(options)
        return
    with pytest.raises(usage.UsageError, match="--port systemd:"):  # It is systemd that hands the port over.
        Options().parseOptions(options)


@pytest.mark.parametrize("command", sorted({line for line, _ in shown_commands() if "chatroom.client" in line}))
def test_a_command_that_starts_the_client_as_shown_is_understood(command: str) -> None:
    arguments = shlex.split(command.rpartition("|")[2])
    assert arguments[:3] == ["python", "-m", "chatroom.client"]
    parser().parse_args(arguments[3:])


def make(*arguments: str) -> str:
    """Run make in the checkout as from a shell, though it may have been make that started the tests."""
    env = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
    command = [program("make"), *arguments]
    done = subprocess.run(command, cwd=TOP, env=env, capture_output=True, check=False, timeout=TIMEOUT, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.process
@pytest.mark.parametrize("target", sorted(set(re.findall(r"(?:``|\$ )make ([a-z]+)", "".join(PROSE.values())))))
def test_a_target_of_make_that_is_named_is_there(target: str) -> None:
    make("-n", target)


@pytest.mark.process
def test_make_alone_lists_every_target() -> None:
    phony = re.findall(r"(?m)^\.PHONY: (.*)$", (TOP / "Makefile").read_text(encoding="utf-8"))[0].split()
    assert [line.split()[0] for line in make().splitlines()] == phony


@pytest.mark.parametrize("page", sorted(PROSE))
def test_every_file_that_a_page_names_is_there(page: str) -> None:
    named = re.findall(r"(?<![/\w])(?:docs|chatroom)/[\w/.-]*\w", PROSE[page])
    assert [path for path in named if not (TOP / path).exists()] == []


PACKAGES = sorted(path.parent.name for path in (TOP / "chatroom").glob("*/__init__.py"))


def test_the_map_in_the_readme_shows_every_package() -> None:
    shown = re.findall(r"(?m)^([a-z]+(?:/|\.py))  ", README)
    packages = {f"{package}/" for package in PACKAGES}
    assert sorted(shown) == sorted({*packages, "testing.py", "chatroom/"})


def test_the_map_of_the_architecture_shows_every_module() -> None:
    text = PROSE["architecture.rst"]
    shown = re.findall(r"(?m)^([a-z._]+)  +\w", re.split(r"(?m)^The modules\n-+\n", text)[1].split("Two rules")[0])
    paths = [path.relative_to(TOP / "chatroom").with_suffix("") for path in (TOP / "chatroom").rglob("[a-z]*.py")]
    # A door of several modules is shown as one.
    modules = {".".join(path.parts[:2]) for path in paths} - {"version"}
    assert sorted(shown) == sorted({"module", *modules})


def test_the_glossary_is_in_alphabetical_order_and_names_modules_that_are_there() -> None:
    terms = re.findall(r"(?m)^   (\S.*)$", PROSE["glossary.rst"].split(".. glossary::")[1])
    assert terms == sorted(terms, key=str.lower)
    named = re.findall(rf"``((?:{'|'.join(PACKAGES)})\.[a-z_.]+)``", PROSE["glossary.rst"])
    paths = [TOP / "chatroom" / name.replace(".", "/") for name in named]
    assert [path for path in paths if not (path.is_dir() or path.with_suffix(".py").is_file())] == []


# Running it for good.


def shell(stage: Stage, command: str) -> None:
    """Run a command line as shown, where the server runs, in its environment."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        [program("bash"), "-c", command],
        cwd=stage.folder,
        env={**os.environ, "PATH": path},
        capture_output=True,
        check=False,
        timeout=TIMEOUT,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, ""), command


def test_a_history_in_use_is_backed_up_and_then_restored_by_the_commands_that_are_shown(stage: Stage) -> None:
    program("sqlite3")
    shown = re.findall(r"(?m)^   \$ (.*chatroom\.sqlite.*)$", PROSE["operations.rst"])
    backup, *restoring, vacuum = shown
    server = stage.serve()
    alice = stage.enter(server.port, "alice")
    alice.send("before the backup")
    alice.expect("alice: before the backup\r\n")
    shell(stage, backup)
    alice.send("after the backup")
    alice.expect("alice: after the backup\r\n")
    # What is taken away below, the index included, is there.
    search_until_found(alice, "after")
    assert server.stop() == 0
    before = identity_of(stage.folder / HISTORY)

    for command in [*restoring, vacuum]:
        shell(stage, command)
    server = stage.serve()
    bob = stage.connect(server.port)
    bob.send("bob since=0")
    past = bob.expect("* bob joined\r\n")
    assert "alice: before the backup" in past
    assert "alice: after the backup" not in past
    search_until_found(bob, "before")
    assert identity_of(stage.folder / HISTORY) != before


def identity_of(history: Path) -> str:
    with closing(sqlite3.connect(history)) as file:
        found: str = file.execute("SELECT identity FROM history").fetchone()[0]
    return found


def test_an_index_that_is_ahead_of_the_history_is_made_again(stage: Stage) -> None:
    # An older copy was put back without taking the index away, or a power cut took back what process does not promise.
    server = stage.serve()
    alice = stage.enter(server.port, "alice")
    alice.send("the backup")
    alice.expect("alice: the backup\r\n")
    shutil.copy(stage.folder / HISTORY, stage.folder / "older")
    shutil.copy(stage.folder / f"{HISTORY}-wal", stage.folder / "older-wal")
    for number in range(10):
        alice.send(f"{number} the backup")
    search_until_found(alice, "9")
    assert server.stop() == 0
    for suffix in ("", "-wal"):
        shutil.move(stage.folder / f"older{suffix}", stage.folder / f"{HISTORY}{suffix}")
    server = stage.serve()
    alice = stage.enter(server.port, "alice")
    alice.send("new the backup")
    alice.expect("alice: new the backup\r\n")
    search_until_found(alice, "new")


def search_until_found(person: Person, word: str) -> None:
    """The index follows behind."""
    end = time.monotonic() + TIMEOUT
    while True:
        person.send(f"/search {word}")
        person.expect(" found in lobby for: ")
        person.send("/who")
        if f"alice: {word} the backup" in person.expect(" in lobby: "):
            return
        assert time.monotonic() < end, f"{word} is not found"


def test_every_reason_for_which_a_history_is_refused_is_explained_and_no_other() -> None:
    source = Path(schema.__file__).read_text(encoding="utf-8")
    reasons = {reason.replace("{version}", "9") for reason in re.findall(r'why=f?"([^"]+)"', source)}
    reasons |= {reason for _, reason in re.findall(r'(?m)^        "([^"]+)": "([^"]+)",$', source)}
    section = PROSE["operations.rst"].split("When the file is refused\n~")[1].split("Limits\n---")[0]
    assert set(re.findall(r"(?m)^``(.*)``$", section)) == reasons


def test_every_reason_for_which_a_backup_is_not_restored_is_explained_and_no_other() -> None:
    source = Path(restore.__file__).read_text(encoding="utf-8")
    reasons = {*re.findall(r'why=f?"([^"]+)"', source), *restore.REASONS.values()}
    text = PROSE["operations.rst"]
    section = text.split("Restoring and moving\n~")[1].split("Trimming\n~")[0]
    # A server has these, too, and they are explained there.
    shared = set(re.findall(r"(?m)^``(.*)``$", text.split("When the file is refused\n~")[1]))
    assert set(re.findall(r"(?m)^``(.*)``$", section)) == reasons - shared


def test_what_a_speaker_is_told_when_the_disk_is_full_is_what_is_shown() -> None:
    told = f"! {NotKept(why=schema.explain(sqlite3.OperationalError('database or disk is full')))}"
    for page in ("operations.rst", "protocol.rst"):
        assert f"``{told}``" in re.sub(r"\s+", " ", PROSE[page])


def test_what_systemd_is_to_start_is_understood() -> None:
    (command,) = re.findall(r"(?m)^   ExecStart=(.*)$", PROSE["operations.rst"])
    words, options = shlex.split(command), Options()
    options.parseOptions(words[words.index("chatroom") + 1 :])
    # It keeps its history where systemd lets it write.
    assert options.settings.history == HISTORY
    assert "\n   WorkingDirectory=%S/chatroom\n" in PROSE["operations.rst"]


# The documentation as it is built.


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The documentation as plain text."""
    target = tmp_path_factory.mktemp("docs")
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "text", "-d", str(target / "work")]
    # Without the coverage of the process that builds it: it has none of chatroom to show.
    env = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    build = subprocess.run(
        [*command, str(DOCS), str(target)], env=env, capture_output=True, check=False, timeout=10 * TIMEOUT, text=True
    )
    assert build.returncode == 0, build.stderr
    return target


def words(text: str) -> str:
    """``text`` with its spaces, line breaks and quotation marks evened out."""
    return re.sub(r"\s+", " ", re.sub('["`“”]', "", text))


@pytest.mark.process
def test_the_documentation_lists_every_command_as_help_does(built: Path) -> None:
    shown = words((built / "commands.txt").read_text(encoding="utf-8"))
    for row in COMMANDS.values():
        assert f" {row.usage} {row.help} " in shown


@pytest.mark.process
def test_the_documentation_lists_every_option_with_its_unit_and_default(built: Path) -> None:
    # Long defaults are broken where they can be.
    shown = words((built / "options.txt").read_text(encoding="utf-8")).replace(" ", "")
    parameters: Any = Options.optParameters
    of_factory = Settings()
    for name, _, default, description in parameters:
        unit, _, explanation = description.partition(": ")
        default_shown = "none" if default == "" else str(default)
        if (other := getattr(of_factory, name.replace("-", "_"), default)) != default:
            default_shown += f"; of ChatFactory: {other}"
        assert f"--{name} {unit} {explanation}. Default: {default_shown}.".replace(" ", "") in shown
    flags: Any = Options.optFlags
    for name, _, explanation in flags:
        assert f"--{name} {explanation}.".replace(" ", "") in shown


# The examples that stand in the text; tests/test_examples.py runs the others.


def test_the_bot_of_the_readme_is_that_of_the_documentation() -> None:
    (bot,) = (lines for lines in blocks(README) if "class Greeter(ChatClientProtocol):" in lines)
    example = (DOCS / "examples" / "greeter.py").read_text(encoding="utf-8")
    assert "\n".join(bot[bot.index("class Greeter(ChatClientProtocol):") :]).strip() in example


def test_the_test_in_the_documentation_passes() -> None:
    (shown,) = (lines for lines in blocks(PROSE["embedding.rst"]) if "from chatroom.testing import MemoryRoom" in lines)
    namespace: dict[str, Any] = {}
    exec("\n".join(shown), namespace)
    namespace["test_what_alice_says_reaches_bob"]()


# The transcript of the README.


def conversation(command: str) -> list[str]:
    """What stands below ``$ command`` in README.rst."""
    (block,) = (lines for lines in blocks(README) if lines[0] == f"$ {command}" and len(lines) > 1)
    return [line for line in block[1:] if line]


def from_server(line: str) -> bool:
    return re.match(r"NICK$|\* |! |\[|\w+: ", line) is not None


def without_time(line: str) -> str:
    """A line of the past looks the same whenever it was said."""
    return re.sub(r"^\[\d\d:\d\d\] ", "[09:14] ", line)


def test_the_transcript_of_the_readme_is_what_happens(stage: Stage) -> None:
    server = stage.serve()
    alice_sees = conversation(f"nc {HOST_NAME} {PORT}")
    bob_sees = conversation("python -m chatroom.client --plain bob")
    alice = Reader(stage.start(program("nc"), HOST_NAME, str(server.port), terminal=True), alice_sees)
    alice.read_and_type()
    alice.read_and_type()
    alice.read(until="* bob joined")
    bob = Reader(stage.client("bob", server.port, "--plain", terminal=True), bob_sees)
    for someone in (bob, alice, bob):
        someone.read_and_type()
    bob.program.to_the_end()
    alice.read()
    assert (alice.shown(), bob.shown()) == (alice_sees, bob_sees)
    assert bob.program.status() == 0


class Reader:
    """Somebody at a terminal who goes by a script: what they see, and what they type."""

    def __init__(self, program: Program, script: list[str]) -> None:
        self.program = program
        self._script = list(script)

    def read(self, until: str = "") -> None:
        """See what comes next, up to what they type, or to the line ``until``."""
        while self._script and from_server(self._script[0]) and self._script[0] != until:
            self.program.expect(f"{self._script.pop(0).removeprefix('[09:14] ')}\r")

    def read_and_type(self) -> None:
        self.read()
        self.program.send(self._script.pop(0))

    def shown(self) -> list[str]:
        return [without_time(line) for line in self.program.lines_so_far() if line]
