"""The layers of the design, read off the modules' own imports."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import chatroom

ROOT = Path(chatroom.__file__).parent
FILES = sorted(path for path in ROOT.rglob("*.py"))

CORE = {
    *(
        "constants",
        "errors",
        "text",
        "events",
        "nicknames",
        "settings",
        "member",
        "room",
        "topics",
        "commands",
        "session",
    ),
    *("delivery", "outbox", "pace", "formats", "lines", "handshake", "log.interface"),
}
"""The modules that do no I/O."""

# What an outbox is given may be a socket, and it has to know one when it sees it.
MAY_KNOW = {"outbox": {"socket"}}

MAX_LINES = 400


def name_of(path: Path) -> str:
    """``chatroom/doors/line.py`` is ``doors.line``."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


MODULES = {name_of(path): path for path in FILES}


def imports_of(path: Path) -> Iterator[tuple[str, str]]:
    """Each (module, name) that is imported; the name is empty where the module is."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            yield from ((node.module or "", alias.name) for alias in node.names)


def modules_used_by(path: Path) -> set[str]:
    """The modules of ours, without ``chatroom.``, and the whole names of others."""
    used = set()
    for module, name in imports_of(path):
        # ``from chatroom import nicknames`` is of a module.
        whole = f"{module}.{name}" if f"{module}.{name}".removeprefix("chatroom.") in MODULES else module
        used.add(whole.removeprefix("chatroom."))
    return used


def within(module: str, *packages: str) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def test_the_core_is_all_there() -> None:
    assert set(MODULES) > CORE


@pytest.mark.parametrize("name", sorted(CORE))
def test_the_core_knows_neither_twisted_nor_a_door(name: str) -> None:
    used = modules_used_by(MODULES[name]) - MAY_KNOW.get(name, set())

    assert not [module for module in used if within(module, "twisted", "socket", "asyncio", "threading", "sqlite3")]
    assert not [module for module in used if module in MODULES and module not in CORE]


@pytest.mark.parametrize("name", sorted(name for name in MODULES if within(name, "doors")))
def test_doors_do_not_import_each_other(name: str) -> None:
    # A door that is a package is made of modules of its own.
    own = ".".join(name.split(".")[:2])

    used = [module for module in modules_used_by(MODULES[name]) if within(module, "doors")]
    assert not [module for module in used if not within(module, own)]


@pytest.mark.parametrize("name", sorted(name for name in MODULES if within(name, "log")))
def test_logs_know_neither_rooms_nor_doors(name: str) -> None:
    known = ("room", "session", "commands", "delivery", "doors", "service", "assembly", "client")

    assert not [module for module in modules_used_by(MODULES[name]) if within(module, *known)]


@pytest.mark.parametrize("name", sorted(name for name in MODULES if within(name, "client")))
def test_the_client_knows_nothing_of_the_server(name: str) -> None:
    server = ("room", "session", "commands", "delivery", "doors", "log", "service", "assembly", "handshake")

    assert not [module for module in modules_used_by(MODULES[name]) if within(module, *server)]


def test_only_the_service_sees_every_layer() -> None:
    seeing = {name for name in MODULES if within("service", *modules_used_by(MODULES[name]))}

    assert seeing <= {"__main__"}


@pytest.mark.parametrize("name", sorted(set(MODULES) - {"service", "__main__"}))
def test_only_the_command_line_uses_the_global_reactor(name: str) -> None:
    found = set(imports_of(MODULES[name]))

    assert ("twisted.internet", "reactor") not in found
    assert ("twisted.internet.reactor", "") not in found


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_nothing_private_is_imported(path: Path) -> None:
    private = [
        (module, name)
        for module, name in imports_of(path)
        for part in (*module.split("."), name)
        if part.startswith("_") and not part.startswith("__")
    ]

    assert not private


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_nothing_private_of_another_module_is_used(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    # It has an underscore, and is documented, as what ends a process with a status and nothing else.
    public = {"os._exit"}
    modules = {name or module for module, name in imports_of(path)}
    used = [
        f"{node.value.id}.{node.attr}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules
        if node.attr.startswith("_") and not node.attr.startswith("__")
    ]

    assert not set(used) - public


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_every_module_says_first_what_it_is_for(path: Path) -> None:
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))

    assert docstring
    assert docstring.splitlines()[0].endswith((".", ":"))


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_no_module_is_too_long_to_read(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MAX_LINES
