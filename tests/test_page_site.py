"""The page's files: what they may hold, and where they may stand."""

from __future__ import annotations

import json
import re
import socket
import time
from contextlib import suppress
from pathlib import Path

import pytest
from browser import PAGE, Neighbourhood, line_person
from support import TIMEOUT, program

from chatroom.model.constants import HOST_NAME


def test_the_page_works_behind_nginx_as_it_is_shown(here: Neighbourhood) -> None:
    nginx = program("nginx")
    shown = (Path(__file__).parent.parent / "docs/web.rst").read_text().partition("code-block:: nginx")[2]
    # The block ends where a line is not indented any more.
    block = re.split(r"\n(?=\S)", shown)[0].replace("http://127.0.0.1:8080/", here.address)
    folder, port = here.stage.folder, here.stage.port()
    block = re.sub(r"ssl_certificate.*", "", block).replace("listen 443 ssl", f"listen 127.0.0.1:{port}")
    paths = [f"{name}_temp_path {folder}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")]
    # One process, so that it ends when it is killed.
    process = f"daemon off; master_process off; pid {folder}/nginx.pid; error_log stderr; events {{}}"
    (folder / "nginx.conf").write_text(f"{process} http {{ access_log off; {' '.join(paths)} {block} }}")
    here.stage.start(nginx, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", "stderr")
    wait_until_it_listens(port)
    here.address = f"http://{HOST_NAME}:{port}/room/"
    alice, bob = here.enter("alice"), line_person(here, "bob")
    bob.send("hello behind there")
    alice.sees("hello behind there")
    alice.say("hello out there")
    bob.expect("alice: hello out there\r\n")


def wait_until_it_listens(port: int) -> None:
    end = time.monotonic() + TIMEOUT
    while time.monotonic() < end:
        with suppress(ConnectionRefusedError), socket.create_connection((HOST_NAME, port)):
            return
    pytest.fail(f"nothing listens on {port}")


def test_no_module_makes_markup_or_code_from_text() -> None:
    ways = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|createContextualFragment|DOMParser|srcdoc"
    code = r"\beval\b|new Function|\.style\b|[\"']style[\"']|import\("
    # Types in comments name modules in that way.
    said = {file.name: re.sub(r"/\*.*?\*/", "", file.read_text(), flags=re.S) for file in PAGE.iterdir()}
    assert [name for name, text in said.items() if name.endswith(".js") and re.search(f"{ways}|{code}", text)] == []
    assert not re.search(r"<script(?![^>]*src=)|<style|\sstyle=|\son\w+=|https?://", said["index.html"])


def test_the_page_needs_nobody_but_its_own_server(here: Neighbourhood) -> None:
    alice = here.visit()
    asked: list[str] = []
    alice.page.on("request", lambda request: asked.append(request.url))
    alice.enter("alice")
    assert asked
    assert [url for url in asked if not url.startswith(here.address)] == []
    named = {url.rpartition("/")[2] for url in asked}
    # Everything that stands in the package is used, and is loaded at once rather than import after import.
    modules = {file.name for file in PAGE.iterdir() if file.name.endswith(".js")}
    assert modules <= named
    index = (PAGE / "index.html").read_text()
    assert set(re.findall(r'rel="modulepreload" href="([^"]+)"', index)) == modules - {"app.js"}
    assert json.loads((PAGE / "manifest.webmanifest").read_text())["icons"][0]["src"] == "icon.svg"
