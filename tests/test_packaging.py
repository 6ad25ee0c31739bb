"""What is installed works: from a wheel, an sdist, a checkout, editable, and by ``make run`` in a fresh copy.

Each is installed in a clean environment outside the checkout, and serves a room there. What pip needs is fetched
once; from then on it has no index.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tarfile
import zipfile
from email import message_from_bytes
from email.message import Message
from pathlib import Path
from urllib.request import ProxyHandler, build_opener

import pytest
from support import Stage, program

from chatroom import __version__

pytestmark = pytest.mark.process

TOP = Path(__file__).parent.parent
BUILT = shutil.ignore_patterns(
    ".git", ".venv", "node_modules", ".tox", "build", "dist", "_build", "*.egg-info", "__pycache__", ".*_cache",
    ".hypothesis", ".coverage*", "*dropin.cache*", "twistd.log", "twistd.pid", "*.sqlite", "*.sqlite-*"
)  # fmt: skip
TIMEOUT = 300
"""Seconds for one run of pip, which may have to fetch what it needs."""


def run(*command: object, environment: dict[str, str] | None = None) -> str:
    """Run a program that must succeed, somewhere else than in the checkout; what it printed."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("COVERAGE_", "PYTHON"))}
    done = subprocess.run(
        [str(word) for word in command],
        cwd="/",
        env={**env, "PIP_DISABLE_PIP_VERSION_CHECK": "1", **(environment or {})},
        capture_output=True,
        check=False,
        timeout=TIMEOUT,
        text=True,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def copy_of_the_source(folder: Path) -> Path:
    """A copy of the checkout without what was built in it."""
    return Path(shutil.copytree(TOP, folder / "chatroom-source", ignore=BUILT))


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_of_the_source(tmp_path_factory.mktemp("source"))


@pytest.fixture(scope="session")
def built(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the sdist, and the wheel that was built from it."""
    target = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--outdir", target, source)
    return target


@pytest.fixture(scope="session")
def wheel(built: Path) -> Path:
    (wheel,) = built.glob("*.whl")
    return wheel


@pytest.fixture(scope="session")
def sdist(built: Path) -> Path:
    (sdist,) = built.glob("*.tar.gz")
    return sdist


@pytest.fixture(scope="session")
def offline(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment for a pip that has all it needs in one folder, and no index."""
    folder = tmp_path_factory.mktemp("wheels")
    everything = f"{wheel}[accounts,web,client]"
    run(sys.executable, "-m", "pip", "wheel", "--quiet", "--wheel-dir", folder, everything, "setuptools", "wheel")
    for ours in folder.glob("chatroom-*"):
        ours.unlink()
    return {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(folder)}


@pytest.fixture(scope="session")
def metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return message_from_bytes(archive.read(name))


# What is in them.


def test_the_wheel_holds_the_package_and_the_plugin_and_nothing_else(wheel: Path, source: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    package = {str(path.relative_to(source)) for path in (source / "chatroom").rglob("*") if path.is_file()}
    # An __init__.py in either folder of twisted's would overwrite Twisted's own.
    assert names == package | {"twisted/plugins/chatroom_plugin.py"}
    assert {"chatroom/py.typed", "chatroom/doors/web/page/index.html"} <= names


def test_the_sdist_holds_the_whole_source(sdist: Path, source: Path) -> None:
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    wanted = {str(path.relative_to(source)) for path in source.rglob("*") if path.is_file()} - {".gitignore"}
    assert {name for name in wanted - names if ".egg-info/" not in name} == set()


def test_the_metadata_says_what_it_is(metadata: Message) -> None:
    assert metadata["Name"] == "chatroom"
    assert metadata["Version"] == __version__
    assert metadata["Requires-Python"] == ">=3.10"
    assert "MIT" in (metadata["License-Expression"], metadata["License"])
    assert metadata["License-File"] == "LICENSE"


def test_a_plain_install_needs_two_libraries(metadata: Message) -> None:
    needed = [line for line in metadata.get_all("Requires-Dist", []) if "extra ==" not in line]
    assert sorted(line.partition(">")[0].strip() for line in needed) == ["precis-i18n", "twisted"]


def test_the_long_description_renders_without_a_warning(metadata: Message, tmp_path: Path) -> None:
    assert metadata["Description-Content-Type"] == "text/x-rst"
    description = metadata.get_payload(decode=True)
    assert isinstance(description, bytes)
    (tmp_path / "README.rst").write_bytes(description)
    page = run(sys.executable, "-m", "docutils", "--halt=warning", tmp_path / "README.rst")
    assert "Write a bot" in page


# What they do.


def exchange_a_message(stage: Stage, port: int) -> None:
    alice, bob = stage.enter(port, "alice"), stage.enter(port, "bob")
    alice.send("hello bob")
    for person in (alice, bob):
        person.expect("alice: hello bob\r\n")


@pytest.mark.parametrize("kind", ["wheel", "sdist", "checkout", "editable"])
def test_an_install_serves_a_room_and_leaves_twistd_as_it_was(
    kind: str, tmp_path: Path, stage: Stage, offline: dict[str, str], request: pytest.FixtureRequest
) -> None:
    if kind in ("wheel", "sdist"):
        what = [request.getfixturevalue(kind)]
    else:
        what = ["--editable"] * (kind == "editable") + [copy_of_the_source(tmp_path)]
    run(sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv")
    twistd = tmp_path / "venv" / "bin" / "twistd"
    pip = (sys.executable, "-m", "pip", "--python", tmp_path / "venv" / "bin" / "python")
    run(*pip, "install", "--quiet", *what, environment=offline)

    offered = [line.split()[0] for line in run(twistd, "--help").splitlines() if line.strip()]
    assert "chatroom" in offered
    server = stage.serve(by=(str(twistd), "-n", "--pidfile=", "chatroom"))
    exchange_a_message(stage, server.port)
    assert server.stop(signal.SIGTERM) == 0

    shut = stage.start(str(twistd), "-n", "--pidfile=", "chatroom", "--web", "0")
    assert shut.status() == 1
    assert "--web needs wsproto: pip install 'chatroom[web]'" in shut.errors()
    run(*pip, "install", "--quiet", "wsproto", environment=offline)
    web = stage.serve("--web", "0", by=(str(twistd), "-n", "--pidfile=", "chatroom"))
    web.expect("join it: open ")
    address = web.expect(" in a browser").split()[0]
    with build_opener(ProxyHandler({})).open(address, timeout=TIMEOUT) as page:
        assert b"<title>chatroom</title>" in page.read()

    run(*pip, "uninstall", "--quiet", "--yes", "chatroom")
    left = [line.split()[0] for line in run(twistd, "--help").splitlines() if line.strip()]
    assert [name for name in offered if name != "chatroom"] == left
    assert "web" in left


def test_make_run_serves_a_room_in_a_fresh_copy(tmp_path: Path, stage: Stage, offline: dict[str, str]) -> None:
    source = copy_of_the_source(tmp_path)
    command = (program("make"), "-C", str(source), f"PYTHON={sys.executable}", "run", "ARGS=--port 0 --web 0 --irc 0")
    make = stage.start(*command, terminal=True, environment={**offline, "MAKEFLAGS": ""})
    make.expect("or: telnet", TIMEOUT)
    port = int(make.expect("\n").split()[-1])
    make.expect("join it: open http://127.0.0.1:")
    make.expect("in an IRC client")
    exchange_a_message(stage, port)
    carol = stage.enter(port, "carol")
    make.type("\x03")
    carol.expect("* the server is stopping\r\n")
    make.to_the_end()
    assert not list(source.glob("twistd*")), "twistd left its files behind"
