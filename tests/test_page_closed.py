"""The page of a closed server, in a real browser: the field on the entrance, and the link of an invitation."""

from __future__ import annotations

import subprocess
import sys

import pytest
from browser import PLAYWRIGHT, Neighbourhood

from chatroom.server.options import HISTORY

if PLAYWRIGHT:
    from playwright.sync_api import expect

PASSWORD = "open sesame & more"


@pytest.fixture
def closed(here: Neighbourhood) -> Neighbourhood:
    """A server that wants a password."""
    (here.stage.folder / "password").write_text(f"{PASSWORD}\n", encoding="utf-8")
    here.server.stop()
    here.serve("--password", "password")
    return here


def invitation(here: Neighbourhood, *options: str) -> str:
    """The code of a new invitation."""
    command = [
        sys.executable,
        "-m",
        "chatroom.admin",
        "--history",
        str(here.stage.folder / HISTORY),
        "invite",
        *options,
    ]
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout.splitlines()[0]


def test_a_stranger_is_asked_for_the_password_and_comes_in_with_it(closed: Neighbourhood) -> None:
    visitor = closed.visit()
    visitor.open()
    expect(visitor.part("#pass")).to_be_hidden()
    visitor.page.fill("#nickname", "alice")
    visitor.page.press("#nickname", "Enter")
    expect(visitor.part("#nickname-error")).to_contain_text("This server is closed to strangers")
    expect(visitor.part("#pass")).to_be_focused()
    visitor.page.fill("#pass", "wrong")
    visitor.page.press("#pass", "Enter")
    expect(visitor.part("#nickname-error")).to_contain_text("neither the password of this server nor an invitation")
    visitor.page.fill("#pass", PASSWORD)
    visitor.page.press("#pass", "Enter")
    expect(visitor.part("#list .joined", "alice")).to_be_visible()
    # Who was let in comes back without it.
    visitor.page.reload()
    visitor.sees_place("#lobby")


def test_a_code_will_do_in_the_field_as_well(closed: Neighbourhood) -> None:
    visitor = closed.visit()
    visitor.open()
    visitor.page.fill("#nickname", "alice")
    visitor.page.press("#nickname", "Enter")
    visitor.page.fill("#pass", invitation(closed))
    visitor.page.press("#pass", "Enter")
    expect(visitor.part("#list .joined", "alice")).to_be_visible()


def test_the_link_of_an_invitation_leads_in_once_and_is_taken_out_of_the_address(closed: Neighbourhood) -> None:
    code = invitation(closed, "--room", "dev")
    guest, late = closed.visit(), closed.visit()
    guest.open(f"#invite={code}")
    assert guest.page.evaluate("location.hash") == ""
    guest.enter_here("alice")
    guest.sees_place("#dev")
    late.open(f"#invite={code}")
    late.page.fill("#nickname", "bob")
    late.page.press("#nickname", "Enter")
    expect(late.part("#nickname-error")).to_contain_text("That invitation lets nobody in, or nobody more")
    expect(late.part("#pass")).to_be_visible()
