"""What every log promises of rules: it holds each draft against what stands before it, and keeps what holds."""

from __future__ import annotations

from pathlib import Path

import pytest
from logs import Subject, opened
from support import no_file_longer_than

from chatroom.model.errors import Banned, Moderated, Muted, NotAllowed, PutOut
from chatroom.model.events import AccessChanged, Away, Draft, Event, Joined, Kicked, Left, ModeSet, RoleChanged, Said
from chatroom.model.masks import THE_SERVER, Author
from chatroom.model.rules import BAN, MUTE

ALICE, BOB = Author("alice", "203.0.113.1"), Author("bob", "203.0.113.2")


def by(author: Author, kind: type[Event], text: str = "", room: str = "garden", **extras: object) -> Draft:
    account = author.account
    return Draft(kind, room, f"id-{account}", account, text, extras=extras or None, author=author)


OWNED = Draft(RoleChanged, "garden", "", "root", "owner", extras={"account": "alice"}, author=THE_SERVER)

KICK = by(ALICE, Kicked, member="id-bob", nick="bob")
MUTED = by(ALICE, AccessChanged, list=MUTE, mask="account:bob", rank=4)
BANNED = by(ALICE, AccessChanged, list=BAN, mask="account:bob", rank=4)
MODERATED = by(ALICE, ModeSet, "on", mode="moderated")


@pytest.fixture
def garden(subject: Subject) -> Subject:
    """A garden that Alice owns, with both in it."""
    subject.say(OWNED, by(ALICE, Joined), by(BOB, Joined))
    return subject


@pytest.mark.parametrize(("rule", "error"), [(KICK, PutOut), (MUTED, Muted), (BANNED, Banned), (MODERATED, Moderated)])
def test_what_stands_behind_a_rule_in_one_batch_is_refused_alone(
    garden: Subject, rule: Draft, error: type[Exception]
) -> None:
    before = garden.append(by(BOB, Said, "before"))
    garden.append(rule)
    behind = garden.append(by(BOB, Said, "behind"))
    garden.append(by(ALICE, Said, "and on"))
    garden.settle()

    assert len(garden.batches) == 2
    assert [event.text for event in garden.events if isinstance(event, Said)] == ["before", "and on"]
    assert isinstance(garden.refusals[behind], error)
    assert before not in garden.refusals
    assert garden.recent("garden", 1)[0].text == "and on"


def test_what_stands_behind_the_loss_of_a_right_is_refused(garden: Subject) -> None:
    garden.say(by(ALICE, RoleChanged, "operator", account="bob"))
    first = garden.append(by(BOB, ModeSet, "5", mode="slow"))
    garden.append(by(ALICE, RoleChanged, "", account="bob", was="operator"))
    second = garden.append(by(BOB, ModeSet, "", mode="slow"))
    garden.settle()

    assert first not in garden.refusals
    assert isinstance(garden.refusals[second], NotAllowed)


def test_a_request_is_refused_whole(garden: Subject) -> None:
    garden.say(MUTED)
    token = garden.append(by(BOB, Left, "bye", "attic"), by(BOB, Left, "bye"))
    garden.settle()

    assert isinstance(garden.refusals[token], Muted)
    assert garden.since({"attic"}, 0) == []


def test_a_kind_that_is_not_kept_is_held_against_the_rules_too(garden: Subject) -> None:
    garden.append(KICK)
    token = garden.append(by(BOB, Away, "tea"))
    garden.settle()

    assert isinstance(garden.refusals[token], PutOut)


def test_rules_hold_when_the_log_is_opened_again(tmp_path: Path) -> None:
    first = opened(tmp_path, state_limit=1)
    first.say(OWNED, by(ALICE, Joined), BANNED, MUTED, MODERATED, by(ALICE, ModeSet, "5", mode="slow"))
    first.stop()
    again = opened(tmp_path, state_limit=1)
    token = again.append(by(BOB, Joined))
    again.settle()

    assert isinstance(again.refusals[token], Banned), "no bound of states has it forgotten"
    assert len(again.log.state) == 5
    again.stop()


def test_rules_of_a_room_that_is_nobody_s_are_forgotten_with_the_last_who_is_in_it(tmp_path: Path) -> None:
    first = opened(tmp_path)
    rules = [by(ALICE, ModeSet, "on", mode="moderated"), BANNED._replace(extras={**(BANNED.extras or {}), "rank": 3})]
    first.say(by(ALICE, Joined), *rules)
    first.say(by(ALICE, Left), by(BOB, Joined), by(BOB, ModeSet, "7", mode="slow"))
    first.stop()
    again = opened(tmp_path)

    assert list(again.log.state) == [], "nobody is in it when the server begins"
    again.stop()
    assert list(opened(tmp_path).log.state) == []


def test_what_could_not_be_kept_changes_no_rule(tmp_path: Path) -> None:
    subject = opened(tmp_path)
    subject.say(OWNED, by(ALICE, Joined), by(BOB, Joined))
    with no_file_longer_than(400_000):
        # What fails is the whole batch, of which a line is longer than the disk has room for.
        token = subject.append(MUTED)
        subject.append(by(BOB, Left))
        subject.append(by(ALICE, Said, "x" * 600_000))
        subject.settle()
    assert token in subject.failures
    (said,) = subject.say(by(BOB, Said, "still here"))

    assert said.text == "still here"
    subject.stop()
