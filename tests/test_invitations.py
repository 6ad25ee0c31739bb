"""Invitations and tokens as they are kept, held against each store that there is; and the file of one on disk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from logs import LOGS, Subject

from chatroom.log.accounts import Account, Terms
from chatroom.log.invitations import KEPT_FOR, MAX_OPEN, Invitation, Invitations
from chatroom.log.tokens import MAX_TOKENS, Token, Tokens
from chatroom.model.errors import InvitationRefused, NoSuchToken, TokenNameTaken, TooManyInvitations, TooManyTokens

NOW = 1_000_000.0
TERMS = Terms(lapsed_before=0.0, max_accounts=3, max_nicknames=3)


class Kept:
    """The store of a log, whose answers are waited for."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        tables = subject.log.tables  # type: ignore[attr-defined]
        self.invitations, self.tokens = Invitations(tables), Tokens(tables)
        self.accounts = subject.log.accounts  # type: ignore[attr-defined]

    def invite(self, digest: str, uses: int = 1, maker: str = "", made: float = NOW) -> Invitation:
        invitation = Invitation(0, "dev", uses, 0, made + 60, made, maker)
        new: Invitation = self.subject.ask(partial(self.invitations.add, digest, invitation))
        return new

    def find(self, digest: str, now: float = NOW) -> Invitation:
        found: Invitation = self.subject.ask(partial(self.invitations.find, digest, now))
        return found

    def use(self, id_: int, now: float = NOW) -> None:
        self.do(partial(self.invitations.use, id_, now))

    def do(self, change: Callable[..., None], **more: Any) -> None:
        """Have something changed; what the store says instead is raised."""
        done: list[bool] = self.subject.ask(lambda answer, failed: change(lambda: answer([True]), failed, **more))
        assert done == [True]

    def all(self) -> list[Invitation]:
        return list(self.subject.ask(self.invitations.all))

    def token(self, digest: str, account: str = "alice", name: str = "ci") -> Token:
        made: Token = self.subject.ask(partial(self.tokens.add, digest, Token(0, account, name, "read", NOW)))
        return made

    def found(self, digest: str) -> Token | None:
        found: Token | None = self.subject.ask(partial(self.tokens.find, digest))
        return found


@pytest.fixture(params=LOGS)
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Kept]:
    subject = Subject(lambda subject: LOGS[request.param](subject, tmp_path))
    yield Kept(subject)
    subject.stop()


def test_an_invitation_is_found_by_the_hash_of_its_code_until_it_ends(kept: Kept) -> None:
    made = kept.invite("a")
    assert made.id
    assert kept.find("a") == made
    for digest, now in (("b", NOW), ("a", NOW + 60)):
        with pytest.raises(InvitationRefused):
            kept.find(digest, now)


def test_it_is_used_as_often_as_it_may_be_and_what_is_given_back_may_be_used_again(kept: Kept) -> None:
    made = kept.invite("a", uses=2)
    for _ in range(2):
        kept.use(made.id)
    for again in (partial(kept.use, made.id), partial(kept.find, "a")):
        with pytest.raises(InvitationRefused):
            again()
    kept.invitations.give_back(made.id)
    kept.use(made.id)
    assert kept.all() == [made._replace(used=2)]


def test_a_use_behind_its_end_is_none(kept: Kept) -> None:
    made = kept.invite("a")
    with pytest.raises(InvitationRefused):
        kept.use(made.id, NOW + 60)
    assert kept.all() == [made]


def test_one_that_is_revoked_is_gone(kept: Kept) -> None:
    made = kept.invite("a")
    assert kept.subject.ask(partial(kept.invitations.revoke, made.id))
    assert not kept.subject.ask(partial(kept.invitations.revoke, made.id))
    with pytest.raises(InvitationRefused):
        kept.use(made.id)
    # Its number is not that of another.
    assert kept.invite("b").id > made.id


def test_an_account_has_so_many_open_ones_and_old_ones_are_forgotten(kept: Kept) -> None:
    for number in range(MAX_OPEN):
        kept.invite(str(number), maker="alice")
    with pytest.raises(TooManyInvitations):
        kept.invite("more", maker="alice")
    assert kept.invite("other", maker="bob")
    assert kept.invite("command line")
    kept.invite("late", maker="alice", made=NOW + KEPT_FOR + 61)
    assert [one.made for one in kept.all()] == [NOW + KEPT_FOR + 61]


def test_a_token_is_found_by_its_hash_and_listed_with_those_of_its_account(kept: Kept) -> None:
    first, second = kept.token("a"), kept.token("b", name="robot")
    other = kept.token("c", account="bob")
    assert [kept.found(digest) for digest in "abcd"] == [first, second, other, None]
    assert kept.subject.ask(partial(kept.tokens.of, "ALICE")) == [first, second]
    assert kept.subject.ask(kept.tokens.all) == [first, second, other]


def test_the_tokens_of_an_account_have_different_names_and_are_so_many_at_most(kept: Kept) -> None:
    kept.token("a")
    with pytest.raises(TokenNameTaken):
        kept.token("b", account="Alice")
    for number in range(1, MAX_TOKENS):
        kept.token(str(number), name=str(number))
    with pytest.raises(TooManyTokens):
        kept.token("c", name="c")
    assert kept.token("d", account="bob")


def test_a_token_that_is_revoked_is_gone(kept: Kept) -> None:
    token, other = kept.token("a"), kept.token("b", account="bob")
    with pytest.raises(NoSuchToken):
        kept.subject.ask(partial(kept.tokens.revoke, "alice", "robot"))
    assert kept.subject.ask(partial(kept.tokens.revoke, "Alice", "ci")) == token.id
    assert kept.found("a") is None
    assert kept.subject.ask(partial(kept.tokens.revoked, {token.id, other.id})) == [token.id]
    assert kept.token("c").id > other.id


def test_its_last_use_is_noted(kept: Kept) -> None:
    token = kept.token("a")
    kept.tokens.used(token.id, NOW + 5)
    kept.invite("behind that")
    assert kept.found("a") == token._replace(used=NOW + 5)


@pytest.mark.parametrize("taken_over", [False, True])
def test_tokens_go_with_their_account_whoever_removes_it(kept: Kept, taken_over: bool) -> None:
    def add(name: str, lapsed_before: float = 0.0) -> None:
        account, terms = Account(name, "hash", NOW, NOW), TERMS._replace(lapsed_before=lapsed_before)
        kept.do(partial(kept.accounts.add, account), terms=terms)

    add("alice")
    kept.token("a")
    kept.token("b", account="bob")
    if taken_over:
        add("alice", lapsed_before=NOW + 1)
    else:
        kept.do(partial(kept.accounts.remove, "alice"))
    assert kept.found("a") is None
    assert kept.found("b") is not None


def test_those_of_accounts_that_no_nickname_could_be_are_kept_apart(kept: Kept) -> None:
    kept.token("a", account="alice@example.org")
    kept.token("b", account="bob@example.org")
    found = kept.subject.ask(partial(kept.tokens.of, "bob@example.org"))
    assert [one.account for one in found] == ["bob@example.org"]
