"""The layers of the design, read off the modules' own imports."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import chatroom

ROOT = Path(chatroom.__file__).parent
FILES = sorted(path for path in ROOT.rglob("*.py"))

LAYERS = ("model", "log", "wire", "core", "doors", "client", "admin", "server")
"""The packages, in the order in which each may import those before it."""

BESIDE = {("admin", "client"), ("client", "doors"), ("client", "core"), ("client", "log"), ("wire", "log")}
"""What does not import, though it stands behind: (importing, imported)."""

SHARED_BY_DOORS = tuple(
    f"doors.{name}"
    for name in (
        *("assembly", "connection", "credentials", "deadlines", "dialogue", "factory", "hashing", "intake", "journal"),
        *("pacing", "password_file", "proxied", "sources"),
    )
)
"""What all doors are made of."""

PURE = ("model", "wire", "core", "log.interface")
"""Packages and modules that do no I/O."""

# What a send queue is given may be a socket, and it has to know one when it sees it.
MAY_KNOW = {"wire.send_queue": {"socket"}}


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


def test_every_module_is_in_a_package_of_the_layers() -> None:
    outside = {name for name in MODULES if not within(name, *LAYERS)}

    assert outside == {"", "__main__", "testing", "version"}
    assert {package for package in LAYERS if package in MODULES} == set(LAYERS)


@pytest.mark.parametrize("name", sorted(name for name in MODULES if within(name, *LAYERS)))
def test_nothing_imports_upwards(name: str) -> None:
    package = name.partition(".")[0]
    allowed = ["version", *LAYERS[: LAYERS.index(package) + 1]]

    used = {module for module in modules_used_by(MODULES[name]) if module in MODULES}
    beside = [layer for importing, layer in BESIDE if importing == package]
    assert not [module for module in used if not within(module, *allowed) or within(module, *beside)]


def test_no_module_imports_itself_by_way_of_others() -> None:
    # An import for types alone counts: two modules that need each other's are one.
    graph = {name: {used for used in modules_used_by(path) if used in MODULES} for name, path in MODULES.items()}

    TopologicalSorter(graph).prepare()


@pytest.mark.parametrize("name", sorted(name for name in MODULES if within(name, *PURE)))
def test_the_core_knows_neither_twisted_nor_any_io(name: str) -> None:
    used = modules_used_by(MODULES[name]) - MAY_KNOW.get(name, set())

    assert not [module for module in used if within(module, "twisted", "socket", "asyncio", "threading", "sqlite3")]


@pytest.mark.parametrize("name", sorted(name for name in MODULES if within(name, "doors")))
def test_doors_do_not_import_each_other(name: str) -> None:
    # A door that is a package is made of modules of its own.
    own = ".".join(name.split(".")[:2])

    used = [module for module in modules_used_by(MODULES[name]) if within(module, "doors")]
    assert not [module for module in used if not within(module, own, *SHARED_BY_DOORS)]


def test_only_the_program_sees_the_server() -> None:
    seeing = {name for name in MODULES if any(within(used, "server") for used in modules_used_by(MODULES[name]))}

    assert {name for name in seeing if not within(name, "server")} <= {"__main__"}


@pytest.mark.parametrize("name", sorted(set(MODULES) - {"server.reactor", "__main__"}))
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
    # The first has an underscore, and is documented, as what ends a process with a status and nothing else. Twisted has
    # no other way to bound what a turn of its reactor does; where it is not there, turns are as long as Twisted's.
    public = {"os._exit", "reactor._poller"}
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
