"""Nicknames are claimed, granted or refused a while later, and held until requests under them are answered."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stepped import NOT_SENT, Bot, House, Visitor, people

from chatroom.core.members import Member, Standing
from chatroom.core.nicknames import Answer, LocalNicknames
from chatroom.model.errors import NoSuchNickname
from chatroom.model.events import Quit
from chatroom.model.names import nickname_key, nickname_look

# Nicknames that are granted, or refused, a while after they were claimed.


class LateNicknames(LocalNicknames):
    """Answers when a test says so, in the order of the claims."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: list[Callable[[], None]] = []

    def claim(self, member: Member, nickname: str, answer: Answer) -> None:
        super().claim(member, nickname, lambda error: self.answers.append(lambda: answer(error)))

    def answer(self, count: int | None = None) -> None:
        for _ in range(len(self.answers) if count is None else count):
            self.answers.pop(0)()


@pytest.fixture
def late() -> LateNicknames:
    return LateNicknames()


@pytest.fixture
def house(late: LateNicknames) -> House:
    """One where nicknames are granted late."""
    return House(nicknames=late)


def entered(house: House, late: LateNicknames, nickname: str, *rooms: str) -> Visitor:
    """Somebody who is in, and has taken notice of what newcomers are shown."""
    visitor = Visitor(house.chat)
    visitor.session.enter(nickname, rooms)
    late.answer()
    house.log.settle()
    assert visitor.session.entered
    visitor.lines()
    return visitor


def test_whoever_claims_a_nickname_waits_for_the_answer_and_then_comes_in(house: House, late: LateNicknames) -> None:
    alice = Visitor(house.chat)
    alice.session.enter("alice")
    alice.type("hello")
    assert alice.session.busy
    assert alice.session.nickname == ""
    assert not house.log.drafts
    late.answer()
    assert alice.session.nickname == "alice"
    house.log.settle()

    assert alice.lines()[-2:] == ["* alice joined", "alice: hello"]


def test_whoever_claims_what_another_has_claimed_is_refused_when_it_is_known(house: House, late: LateNicknames) -> None:
    first, second = Visitor(house.chat), Visitor(house.chat)
    first.session.enter("alice")
    second.session.enter("ＡＬＩＣＥ")
    assert second.lines() == []
    late.answer()
    assert second.lines() == ["! The nickname ＡＬＩＣＥ is taken: choose another."]
    assert second.refused == 1
    second.session.enter("bob")
    late.answer()
    house.log.settle()

    assert people(house) == {"lobby": ["alice", "bob"]}


@pytest.mark.parametrize("ends", ["lose", "quit"])
def test_whoever_goes_while_they_claim_a_nickname_holds_none(house: House, late: LateNicknames, ends: str) -> None:
    alice, bob = Visitor(house.chat), entered(house, late, "bob")
    alice.session.enter("alice")
    if ends == "lose":
        alice.lose()
    else:
        alice.session.quit("never mind")
    assert alice.closed
    late.answer()
    house.log.settle()

    assert set(house.chat.members) == {"bob"}
    assert alice.session.member.standing is Standing.GONE
    assert bob.lines() == []
    assert entered(house, late, "alice").session.entered


def test_a_bot_that_quits_while_it_claims_a_nickname_is_told_that_it_has(house: House, late: LateNicknames) -> None:
    bot = Bot(house, "robot", "lobby")
    house.chat.quit(bot.member, "never mind", bot.notes)
    assert bot.notes.outcomes == []
    late.answer()

    assert bot.granted == 0
    assert bot.notes.outcomes == [(Quit, "", "never mind")]
    assert not house.chat.members


def test_a_renaming_waits_for_the_nickname_and_lines_wait_for_the_renaming(house: House, late: LateNicknames) -> None:
    alice, bob = entered(house, late, "alice"), entered(house, late, "bob")
    alice.lines()
    alice.type("before", "/nick al", "after")
    house.log.settle()
    assert alice.lines() == ["alice: before"]
    assert not house.log.drafts
    late.answer()
    house.log.settle()
    assert alice.lines() == bob.lines()[1:] == ["* alice is now al", "al: after"]
    alice.type("/nick bob", "still al")
    late.answer()
    house.log.settle()

    assert alice.lines() == ["! The nickname bob is taken: choose another.", "al: still al"]
    assert set(house.chat.members) == {"al", "bob"}


@pytest.mark.parametrize("rooms", [["lobby"], ["garden", "lobby"]])
@pytest.mark.parametrize("answered", ["granted", "refused"])
@pytest.mark.parametrize("kept", [True, False])
def test_whoever_goes_while_a_new_nickname_is_claimed_leaves_once_that_is_answered(
    house: House, late: LateNicknames, rooms: list[str], answered: str, kept: bool
) -> None:
    alice, bob = entered(house, late, "alice", *rooms), entered(house, late, "bob", *rooms)
    alice.type("/nick bob" if answered == "refused" else "/nick al")
    alice.lose()
    house.log.settle()
    assert bob.lines() == []
    late.answer()
    if answered == "granted":
        if kept:
            house.log.commit(1)
        else:
            house.log.fail(1)
    house.log.settle()

    renamed = answered == "granted" and kept
    name = "al" if renamed else "alice"
    assert bob.lines() == [*(["* alice is now al"] if renamed else []), f"* {name} left (connection lost)"]
    assert set(house.chat.members) == {"bob"}
    assert people(house) == {room: ["bob"] for room in rooms}


def test_whoever_is_in_no_room_is_renamed_when_it_is_granted(house: House, late: LateNicknames) -> None:
    alice = entered(house, late, "alice")
    alice.type("/leave", "/nick al", "/rooms")
    house.log.settle()
    alice.lines()
    late.answer()

    assert alice.lines() == ["* you are now called al", "* there are no rooms: /join makes one"]
    assert set(house.chat.members) == {"al"}


def test_nobody_comes_in_whose_nickname_is_granted_when_the_chat_is_stopping(house: House, late: LateNicknames) -> None:
    alice = Visitor(house.chat)
    alice.session.enter("alice")
    house.chat.stop(lambda: None)
    late.answer()

    assert alice.lines() == ["! The server is stopping: come back in a moment."]
    assert not house.chat.members
    assert alice.refused == 1


# A nickname is held until what is on its way is answered.


@pytest.mark.parametrize("claimed", ["alice", "al"])
@pytest.mark.parametrize("outcome", ["kept", "not kept"])
def test_a_claim_waits_for_whoever_is_about_to_give_the_nickname_up(claimed: str, outcome: str) -> None:
    house = House()
    alice, bob = house.enter("alice"), house.enter("bob")
    alice.type("/nick al")
    alice.lose()
    again = Visitor(house.chat)
    again.session.enter(claimed)
    again.type("hello")
    assert again.lines() == []
    if outcome == "kept":
        house.log.commit(1)
    else:
        house.log.fail(1)
    house.log.settle()

    assert again.session.entered
    renamed = ["* alice is now al"] if outcome == "kept" else []
    left = "* al left (connection lost)" if outcome == "kept" else "* alice left (connection lost)"
    assert bob.lines() == [*renamed, left, f"* {claimed} joined", f"{claimed}: hello"]
    assert set(house.chat.members) == {"bob", claimed}


def test_of_several_claims_that_wait_the_first_is_granted() -> None:
    house = House()
    alice = house.enter("alice")
    alice.type("/join garden")
    alice.lose()
    visitors = [Visitor(house.chat) for _ in range(3)]
    for visitor in visitors:
        visitor.session.enter("alice")
    visitors[0].lose()
    house.log.settle()

    assert [visitor.session.entered for visitor in visitors] == [False, True, False]
    assert visitors[2].lines() == ["! The nickname alice is taken: choose another."]


def test_a_renaming_waits_for_whoever_is_about_to_give_the_nickname_up() -> None:
    house = House()
    alice, bob = house.enter("alice"), house.enter("bob")
    alice.type("/join garden")
    alice.lose()
    bob.type("/nick alice", "hello")
    assert bob.lines() == []
    house.log.settle()

    assert bob.lines() == ["* alice left (connection lost)", "* bob is now alice", "alice: hello"]


def test_a_nickname_that_could_not_be_used_after_all_is_free() -> None:
    house = House()
    alice = house.enter("alice")
    alice.type("/nick al")
    house.log.fail()
    assert alice.lines() == [NOT_SENT]

    assert house.enter("al").session.entered
    assert set(house.chat.members) == {"alice", "al"}


# Nicknames that can be taken for another's.


def test_nobody_takes_a_nickname_that_looks_like_another_s(house: House, late: LateNicknames) -> None:
    alice, bob = entered(house, late, "Alice"), entered(house, late, "bob")
    alice.lines()
    impostor = Visitor(house.chat)
    impostor.session.enter("AIice")
    late.answer()
    assert impostor.lines() == ["! The nickname AIice is taken: choose another."]
    bob.type("/nick A|ice", "/nick AIice")
    late.answer()
    house.log.settle()

    assert people(house) == {"lobby": ["Alice", "bob"]}
    with pytest.raises(NoSuchNickname):
        house.chat.find("AIice")


def test_a_nickname_is_free_for_what_looks_like_it_once_its_holder_has_gone(house: House, late: LateNicknames) -> None:
    alice = entered(house, late, "Alice")
    alice.session.quit("bye")
    house.log.settle()

    assert entered(house, late, "AIice").session.entered


def test_a_member_may_change_between_nicknames_that_look_alike(house: House, late: LateNicknames) -> None:
    alice = entered(house, late, "Alice")
    for nickname in ("AIice", "aiice", "Alice", "ALICE", "ALICE", "AIice", "alice", "ALICE", "alice"):
        alice.type(f"/nick {nickname}")
        late.answer()
        house.log.settle()
        assert people(house) == {"lobby": [nickname]}
    assert set(house.chat.members) == {"alice"}
    # Nothing is left of the others: "ALICE" is written like "allce".
    for nickname in ("aiice", "allce"):
        assert entered(house, late, nickname).session.entered
    alice.session.quit("bye")
    house.log.settle()
    assert set(house.chat.members) == {"aiice", "allce"}
    assert entered(house, late, "Alice").session.entered


def test_who_is_renamed_to_what_looks_like_their_own_holds_both_until_it_is_done(
    house: House, late: LateNicknames
) -> None:
    alice = entered(house, late, "Alice")
    alice.type("/nick ALICE")
    late.answer()
    alice.lose()
    house.log.settle()

    assert not house.chat.members
    assert entered(house, late, "ALICE").session.entered


@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.sampled_from(["Alice", "alice", "ALICE", "AIice", "aiice", "allce", "Bob"]))
    )
)
def test_a_nickname_is_taken_while_another_holds_one_like_it_and_no_longer(steps: list[tuple[int, str]]) -> None:
    nicknames = LocalNicknames()
    members = [Member() for _ in range(3)]
    held: dict[int, str] = {}
    for number, nickname in steps:
        member = members[number]
        forms = {nickname_key(nickname), nickname_look(nickname)}
        others = [one for other, one in held.items() if other != number]
        taken = any(forms & {nickname_key(one), nickname_look(one)} for one in others)
        answers: list[object] = []
        nicknames.claim(member, nickname, answers.append)
        assert (answers == [None]) is not taken
        if taken:
            continue
        # As the directory does it: what is held from now on, then what is not any more.
        old, held[number] = held.get(number), nickname
        member.take_nickname(nickname)
        if old is not None and old != nickname:
            nicknames.give_up(member, old)
        assert nicknames.holders == {nickname_key(one): members[other] for other, one in held.items()}
