"""Who may do what, by plain calls: roles, rights, lists, modes, and how changes are undone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatroom.model.errors import (
    Banned,
    BannedFromServer,
    InviteOnly,
    KeyNeeded,
    ListFull,
    Moderated,
    Muted,
    NotAllowed,
    NotThere,
    Outranked,
    PeerError,
    PutOut,
    RoomForMembers,
    RoomFull,
    TooSoon,
)
from chatroom.model.events import (
    AccessChanged,
    Draft,
    Event,
    Joined,
    Kicked,
    Left,
    ModeSet,
    Quit,
    RankChanged,
    Renamed,
    RoleChanged,
    Said,
    TopicChanged,
)
from chatroom.model.masks import THE_SERVER, Author, Person
from chatroom.model.roles import SERVER, Right, Role
from chatroom.model.rules import BAN, EXCEPTION, INVITED, MAX_ENTRIES, MAX_OWNED, MUTE, Rules

ALICE = Author("alice", "203.0.113.1")
BOB = Author("bob", "203.0.113.2")
GUEST = Author("", "203.0.113.3")
OPER = Author("", "203.0.113.4", operator=True)

AUTHORS = {"alice": ALICE, "bob": BOB, "guest": GUEST, "oper": OPER}


class Court:
    """Rules, and the events that they let happen."""

    def __init__(self, *, can_undo: bool = False) -> None:
        self.rules = Rules("lobby", can_undo=can_undo)
        self.at = 1000.0

    def draft(self, kind: type[Event], who: str, room: str = "garden", text: str = "", **extras: object) -> Draft:
        author = AUTHORS.get(who, Author())
        return Draft(kind, room, f"id-{who}", who, text, extras=extras or None, author=author)

    def try_(self, draft: Draft) -> PeerError | None:
        error = self.rules.refusal(draft, self.at)
        if error is None:
            self.rules.note(draft.event(1, self.at))
        return error

    def do(self, kind: type[Event], who: str, room: str = "garden", text: str = "", **extras: object) -> None:
        error = self.try_(self.draft(kind, who, room, text, **extras))
        assert error is None, error

    def given(self, account: str, role: str, room: str = "garden") -> None:
        draft = Draft(RoleChanged, room, "", "root", role, extras={"account": account}, author=THE_SERVER)
        assert self.try_(draft) is None

    def entry(self, who: str, list_: str, mask: str, room: str = "garden", **more: object) -> PeerError | None:
        rank = int(self.rules.power(room, f"id-{who}", AUTHORS[who]))
        draft = self.draft(AccessChanged, who, room)
        return self.try_(draft._replace(extras={"list": list_, "mask": mask, "rank": rank, **more}))


@pytest.fixture
def court() -> Court:
    """A garden that Alice owns, with Bob and a guest in it."""
    found = Court()
    found.given("alice", "owner")
    for who in ("alice", "bob", "guest"):
        found.do(Joined, who)
    return found


def test_everybody_is_a_guest_or_a_member_and_may_have_more_in_a_room_or_for_the_server(court: Court) -> None:
    role = court.rules.role
    court.given("bob", "operator", SERVER)

    assert role("garden", "id-guest", GUEST) is Role.GUEST
    assert role("lobby", "id-alice", ALICE) is Role.MEMBER
    assert role("garden", "id-alice", ALICE) is Role.OWNER
    assert [role(room, "id-bob", BOB) for room in ("garden", "lobby", SERVER)] == [Role.OPERATOR] * 3
    assert role("lobby", "id-oper", OPER) is Role.OPERATOR


def test_who_makes_a_room_is_its_operator_while_they_are_there() -> None:
    court = Court()
    court.do(Joined, "guest")
    court.do(Joined, "bob")
    assert court.rules.role("garden", "id-guest", GUEST) is Role.OPERATOR
    assert court.rules.role("garden", "id-bob", BOB) is Role.MEMBER
    court.do(Left, "guest")
    court.do(Joined, "guest")

    assert court.rules.role("garden", "id-guest", GUEST) is Role.GUEST
    court.do(Joined, "guest", "lobby")
    assert court.rules.role("lobby", "id-guest", GUEST) is Role.GUEST, "nobody makes the room that newcomers enter"


def test_nobody_becomes_an_operator_of_a_room_that_somebody_owns() -> None:
    court = Court()
    court.given("alice", "owner")
    court.do(Joined, "guest")

    assert court.rules.role("garden", "id-guest", GUEST) is Role.GUEST


ACTS: dict[str, Callable[[Court, str], Draft]] = {
    "kick": lambda court, who: court.draft(Kicked, who, member="id-bob", nick="bob"),
    "ban": lambda court, who: court.draft(AccessChanged, who, list=BAN, mask="x!*@*", rank=0),
    "mute": lambda court, who: court.draft(AccessChanged, who, list=MUTE, mask="x!*@*", rank=0),
    "except": lambda court, who: court.draft(AccessChanged, who, list=EXCEPTION, mask="x!*@*", rank=0),
    "admit": lambda court, who: court.draft(AccessChanged, who, list=INVITED, mask="x!*@*", rank=0),
    "lift": lambda court, who: court.draft(AccessChanged, who, list=BAN, mask="x!*@*", lifted=True),
    "op": lambda court, who: court.draft(RoleChanged, who, text="operator", account="carol"),
    "voice": lambda court, who: court.draft(RoleChanged, who, text="voice", account="carol"),
    "rank": lambda court, who: court.draft(RankChanged, who, text="voice", member="id-bob", nick="bob"),
    "set": lambda court, who: court.draft(ModeSet, who, text="on", mode="moderated"),
}


@pytest.mark.parametrize("act", ACTS)
def test_it_takes_an_operator_to_keep_order(court: Court, act: str) -> None:
    draft = ACTS[act](court, "guest")
    for role, allowed in (("", False), ("voice", False), ("operator", True)):
        court.rules.note(court.draft(RankChanged, "alice", text=role, member="id-guest", nick="guest").event(1, 1.0))
        error = court.rules.refusal(draft, court.at)
        assert (error is None) is allowed, (role, error)
        assert error is None or isinstance(error, NotAllowed)


@pytest.mark.parametrize("list_", [BAN, MUTE])
def test_it_takes_an_operator_of_the_server_to_keep_somebody_off_it(court: Court, list_: str) -> None:
    assert isinstance(court.entry("alice", list_, "x!*@*", SERVER), NotAllowed), "an owner of a room is nobody there"
    assert court.entry("oper", list_, "x!*@*", SERVER) is None


def test_only_an_owner_makes_owners(court: Court) -> None:
    court.given("bob", "operator")
    assert isinstance(court.try_(court.draft(RoleChanged, "bob", text="owner", account="bob")), NotAllowed)
    court.do(RoleChanged, "alice", text="owner", account="bob")


def test_nobody_acts_on_somebody_of_a_higher_role(court: Court) -> None:
    court.given("bob", "operator")
    kick = court.draft(Kicked, "bob", member="id-alice", nick="alice")
    assert isinstance(court.try_(kick._replace(author=BOB._replace(target=ALICE))), Outranked)
    assert isinstance(court.try_(court.draft(RoleChanged, "bob", text="", account="alice")), NotAllowed)
    assert court.entry("bob", BAN, "*!*@*") is None

    assert court.rules.ban("garden", Person("id-alice", "alice", ALICE), court.at) is None, (
        "a mask is about those below"
    )
    assert court.rules.ban("garden", Person("id-guest", "guest", GUEST), court.at) is not None


def test_a_role_is_not_inherited_with_the_name_of_an_account(court: Court) -> None:
    later = ALICE._replace(since=court.at + 5)
    assert court.rules.role("garden", "id-alice", ALICE._replace(since=court.at)) is Role.OWNER
    assert court.rules.role("garden", "id-other", later) is Role.MEMBER, "the account was made after the role was given"
    court.at += 10
    court.given("alice", "operator")
    assert court.rules.role("garden", "id-other", later) is Role.OPERATOR
    court.given("alice", "")
    assert court.rules.role("garden", "id-other", later) is Role.MEMBER


def test_who_keeps_order_on_the_server_stands_above_the_owner_of_a_room(court: Court) -> None:
    kick = court.draft(Kicked, "alice", member="id-oper", nick="oper")
    court.do(Joined, "oper")
    assert isinstance(court.try_(kick._replace(author=ALICE._replace(target=OPER))), Outranked)
    assert court.entry("alice", BAN, "*!*@*") is None
    assert court.rules.ban("garden", Person("id-oper", "oper", OPER), court.at) is None
    assert court.entry("oper", BAN, "*!*@*") is None
    assert court.rules.ban("garden", Person("id-alice", "alice", ALICE), court.at) is not None
    kick = court.draft(Kicked, "oper", member="id-alice", nick="alice")
    assert court.try_(kick._replace(author=OPER._replace(target=ALICE))) is None
    court.given("bob", "owner", SERVER)
    assert isinstance(court.try_(court.draft(RoleChanged, "oper", text="", account="bob")), Outranked)


def test_everybody_may_give_up_what_they_have(court: Court) -> None:
    court.given("bob", "voice")
    court.do(RoleChanged, "bob", text="", account="bob")
    court.do(RoleChanged, "alice", text="operator", account="alice")
    assert court.rules.role("garden", "id-alice", ALICE) is Role.OPERATOR


def test_who_is_put_out_says_nothing_more_until_they_have_come_back(court: Court) -> None:
    assert court.try_(court.draft(Said, "bob")) is None
    court.do(Kicked, "alice", member="id-bob", nick="bob")
    for kind in (Said, TopicChanged, Left, Quit, Renamed):
        assert isinstance(court.try_(court.draft(kind, "bob")), PutOut), kind
    assert isinstance(court.try_(court.draft(Kicked, "alice", member="id-bob", nick="bob")), NotThere)
    court.do(Joined, "bob")

    court.do(Said, "bob")


@pytest.mark.parametrize(
    ("mask", "is_about_bob"),
    [
        *(("bob!*@*", True), ("BOB!*@*", True), ("b?b!*@*", True), ("alice!*@*", False), ("*!*@203.0.113.*", True)),
        *(("account:Bob", True), ("account:bobby", False), ("address:203.0.113.2", True), ("203.0.113.9", False)),
        *(("network:203.0.113.0/24", True), ("id:id-bob", True), ("*!ident@*", False)),
    ],
)
def test_an_entry_is_about_a_name_an_account_an_address_a_network_or_a_member(
    court: Court, mask: str, is_about_bob: bool
) -> None:
    assert court.entry("alice", BAN, mask) is None
    error = court.try_(court.draft(Said, "bob"))
    assert isinstance(error, Banned) if is_about_bob else error is None


def test_an_address_of_ipv6_stands_for_its_site(court: Court) -> None:
    assert court.entry("alice", BAN, "2001:db8:1:2::3") is None
    there, elsewhere = Author(address="2001:db8:1:2:ffff::1"), Author(address="2001:db8:1:3::3")
    assert court.rules.ban("garden", Person("x", "x", there), court.at)
    assert not court.rules.ban("garden", Person("x", "x", elsewhere), court.at)


def test_a_ban_ends_when_it_says_and_an_exception_takes_it_back(court: Court) -> None:
    assert court.entry("alice", BAN, "account:bob", until=court.at + 10) is None
    assert isinstance(court.try_(court.draft(Joined, "bob")), Banned)
    court.at += 10
    assert court.try_(court.draft(Joined, "bob")) is None
    assert court.entry("alice", MUTE, "*!*@*") is None
    assert isinstance(court.try_(court.draft(Said, "bob")), Muted)
    assert court.entry("alice", EXCEPTION, "account:bob") is None
    assert court.try_(court.draft(Said, "bob")) is None


def test_an_exception_for_a_time_ends_for_those_who_were_heard_by_it(court: Court) -> None:
    assert court.entry("alice", MUTE, "*!*@*") is None
    assert court.entry("alice", EXCEPTION, "account:bob", until=court.at + 10) is None
    assert court.try_(court.draft(Said, "bob")) is None
    court.at += 10
    assert isinstance(court.try_(court.draft(Said, "bob")), Muted)


WHO = st.sampled_from(list(AUTHORS))

HAPPENINGS = st.one_of(
    st.tuples(st.just(Joined), WHO, st.just(""), st.just({})),
    st.tuples(st.just(Left), WHO, st.just(""), st.just({})),
    st.tuples(st.just(Said), WHO, st.just(""), st.just({})),
    st.tuples(st.just(Kicked), WHO, st.just(""), WHO.map(lambda who: {"member": f"id-{who}", "nick": who})),
    st.tuples(
        st.just(RankChanged),
        WHO,
        st.sampled_from(["", "voice", "operator"]),
        WHO.map(lambda who: {"member": f"id-{who}"}),
    ),
    st.tuples(
        st.just(RoleChanged),
        WHO,
        st.sampled_from(["", "voice", "operator"]),
        st.sampled_from([{"account": "alice"}, {"account": "bob"}]),
    ),
    st.tuples(
        st.just(ModeSet), WHO, st.sampled_from(["", "on"]), st.sampled_from([{"mode": "moderated"}, {"mode": "hidden"}])
    ),
    st.tuples(
        st.just(AccessChanged),
        WHO,
        st.just(""),
        st.fixed_dictionaries(
            {
                "list": st.sampled_from([BAN, MUTE, EXCEPTION]),
                "mask": st.sampled_from(["bob!*@*", "account:alice", "*!*@*"]),
                "rank": st.sampled_from([0, 3, 7]),
                "until": st.sampled_from([0, 1003, 1005]),
                "lifted": st.booleans(),
            }
        ),
    ),
)


@given(happenings=st.lists(st.tuples(HAPPENINGS, st.sampled_from(["garden", SERVER])), max_size=25))
def test_nobody_is_heard_longer_for_having_been_heard_before(
    happenings: list[tuple[tuple[type[Event], str, str, dict[str, object]], str]],
) -> None:
    """Rules that have judged each line all the time say what rules say that are asked for the first time."""
    court = Court()
    events: list[Event] = []
    for (kind, who, text, extras), room in happenings:
        court.at += 1
        where = room if kind in (AccessChanged, RoleChanged) else "garden"
        event = court.draft(kind, who, where, text, **extras).event(1, court.at)
        court.rules.note(event)
        events.append(event)
        fresh = Rules("lobby")
        for one in events:
            fresh.note(one)
        for somebody in AUTHORS:
            line = court.draft(Said, somebody)
            assert type(court.rules.refusal(line, court.at)) is type(fresh.refusal(line, court.at)), (event, somebody)


def test_who_is_silenced_takes_no_other_name_and_leaves_without_a_word(court: Court) -> None:
    assert court.entry("alice", MUTE, "bob!*@*") is None
    assert isinstance(court.try_(court.draft(Renamed, "bob", text="bobby")), Muted)
    assert isinstance(court.try_(court.draft(Quit, "bob", text="you are all fools")), Muted)
    assert court.try_(court.draft(Quit, "bob")) is None
    assert isinstance(court.try_(court.draft(Renamed, "guest", text="bob")), Muted), "nor is a banned name taken"


def test_who_is_banned_from_the_server_comes_into_no_room_and_says_nothing(court: Court) -> None:
    assert court.entry("oper", BAN, "account:bob", SERVER) is None
    for kind in (Joined, Said):
        for room in ("garden", "attic"):
            assert isinstance(court.try_(court.draft(kind, "bob", room)), BannedFromServer)
    assert court.try_(court.draft(Said, "guest")) is None


MODES: dict[str, tuple[str, type[PeerError], type[Event]]] = {
    "moderated": ("on", Moderated, Said),
    "invite-only": ("on", InviteOnly, Joined),
    "members-only": ("on", RoomForMembers, Joined),
    "key": ("tea", KeyNeeded, Joined),
    "limit": ("3", RoomFull, Joined),
    "topic-locked": ("on", NotAllowed, TopicChanged),
}


@pytest.mark.parametrize("mode", MODES)
def test_a_mode_is_for_all_but_operators(court: Court, mode: str) -> None:
    value, refused, kind = MODES[mode]
    court.do(ModeSet, "alice", text=value, mode=mode)
    draft = Draft(kind, "garden", "id-new", "new", author=Author())
    assert isinstance(court.rules.refusal(draft, court.at), refused)
    assert court.rules.refusal(draft._replace(member="id-alice", author=ALICE), court.at) is None
    court.do(ModeSet, "alice", text="", mode=mode)
    assert court.rules.refusal(draft, court.at) is None


def test_a_key_an_invitation_and_a_place_on_the_list_let_in(court: Court) -> None:
    draft = Draft(Joined, "garden", "id-new", "new", author=Author())
    court.do(ModeSet, "alice", text="tea", mode="key")
    assert isinstance(court.rules.refusal(draft._replace(author=Author(key="cake")), court.at), KeyNeeded)
    assert court.rules.refusal(draft._replace(author=Author(key="tea")), court.at) is None
    court.do(ModeSet, "alice", text="on", mode="invite-only")
    assert isinstance(court.rules.refusal(draft._replace(author=Author(key="tea")), court.at), InviteOnly)
    assert court.rules.refusal(draft._replace(author=Author(invited=True)), court.at) is None
    assert court.entry("alice", INVITED, "new!*@*") is None
    assert court.rules.refusal(draft._replace(author=Author(key="tea")), court.at) is None
    assert court.entry("alice", BAN, "new!*@*") is None
    assert isinstance(court.rules.refusal(draft._replace(author=Author(invited=True)), court.at), Banned)


def test_slow_is_one_line_in_so_many_seconds_for_all_without_a_voice(court: Court) -> None:
    court.do(ModeSet, "alice", text="30", mode="slow")
    court.do(Said, "bob")
    court.at += 29
    error = court.try_(court.draft(Said, "bob"))
    assert isinstance(error, TooSoon)
    assert "wait 1 more" in str(error)
    court.do(Said, "guest")
    court.at += 1
    court.do(Said, "bob")
    for _ in range(2):
        court.do(Said, "alice")


def test_a_list_has_a_bound_and_the_oldest_holds_on(court: Court) -> None:
    for number in range(MAX_ENTRIES):
        assert court.entry("alice", BAN, f"n{number}!*@*") is None
    assert isinstance(court.entry("alice", BAN, "more!*@*"), ListFull)
    assert court.entry("alice", BAN, "n7!*@*") is None, "one that is there may be made anew"
    assert court.entry("alice", MUTE, "more!*@*") is None, "each list has its own"
    assert court.rules.ban("garden", Person("x", "n0", Author()), court.at) is not None


def test_the_rules_of_a_room_that_is_nobody_s_end_with_the_last_who_is_in_it() -> None:
    court = Court()
    court.do(Joined, "guest")
    court.do(ModeSet, "guest", text="on", mode="invite-only")
    assert court.entry("guest", BAN, "account:bob") is None
    court.do(Left, "guest")

    assert court.rules.lapsed == ["garden"]
    court.do(Joined, "bob")
    assert not court.rules.modes("garden")


def test_the_rules_of_a_room_that_somebody_owns_hold_on(court: Court) -> None:
    court.do(ModeSet, "alice", text="on", mode="invite-only")
    for who in ("alice", "bob", "guest"):
        court.do(Left, who)

    assert isinstance(court.try_(court.draft(Joined, "guest")), InviteOnly)
    assert court.rules.lapsed == []


def test_what_a_batch_has_changed_is_undone() -> None:
    court = Court(can_undo=True)
    rules = court.rules
    court.given("alice", "owner")
    court.do(Joined, "alice")
    court.do(Joined, "bob")
    court.do(ModeSet, "alice", text="on", mode="moderated")
    assert court.entry("alice", MUTE, "account:bob") is None
    rules.begin()

    def facts() -> object:
        return (
            *(
                set(rules.judged),
                dict(rules.modes("garden")),
                dict(rules.holders("garden")),
                dict(rules.ranks("attic")),
            ),
            [entry.mask.text for entry in rules.entries("garden", MUTE, court.at)],
            [rules.is_in(room, f"id-{who}") for room in ("garden", "attic") for who in ("alice", "bob", "guest")],
            rules.mute("garden", Person("id-bob", "bob", BOB), court.at) is None,
        )

    before = facts()
    court.do(Joined, "guest", "attic")
    court.do(Kicked, "alice", member="id-bob", nick="bob")
    court.do(ModeSet, "alice", text="", mode="moderated")
    court.do(ModeSet, "alice", text="5", mode="slow")
    court.do(Said, "alice")
    court.do(AccessChanged, "alice", list=MUTE, mask="account:bob", lifted=True)
    court.do(RoleChanged, "alice", text="voice", account="guest")
    assert facts() != before
    rules.undo()

    assert facts() == before


def test_talk_is_judged_only_where_there_is_something_to_judge(court: Court) -> None:
    assert not court.rules.judged
    court.do(ModeSet, "alice", text="on", mode="moderated")
    assert court.rules.judged == {"garden"}
    court.do(ModeSet, "alice", text="", mode="moderated")
    assert not court.rules.judged
    assert court.entry("oper", MUTE, "x!*@*", SERVER) is None
    assert court.rules.judged == {SERVER}


def test_every_right_says_who_has_it() -> None:
    assert len({right.key for right in Right}) == len(Right)
    assert Right.KICK.holders == "an operator or more of a room"
    assert Right.SPEAK.holders == "everybody"


def test_an_account_owns_so_many_rooms_for_having_made_them() -> None:
    rules = Court(can_undo=True)
    for number in range(MAX_OWNED):
        assert rules.rules.may_own_more("alice")
        rules.given("alice", "owner", f"room{number}")
    assert not rules.rules.may_own_more("alice")
    assert rules.rules.may_own_more("bob")
    rules.rules.begin()
    rules.given("alice", "operator", "room1")
    assert rules.rules.may_own_more("alice")
    rules.rules.undo()
    assert not rules.rules.may_own_more("alice")


def test_no_more_is_remembered_of_those_who_were_put_out_or_were_slow_than_may_be(
    court: Court, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chatroom.model.rules.MAX_STRICT", 2)
    monkeypatch.setattr("chatroom.model.rules.MAX_SAID", 2)
    court.do(ModeSet, "alice", text="30", mode="slow")
    for who in ("bob", "guest"):
        court.do(Said, who)
    for room in ("attic", "shed", "cellar"):
        for who in ("alice", "bob"):
            court.do(Joined, who, room)
        court.do(Kicked, "alice", room, member="id-bob", nick="bob")
    assert court.rules.judged == {"garden", "shed", "cellar"}
    court.do(Joined, "oper")
    assert court.try_(court.draft(Said, "oper")) is None
    assert isinstance(court.try_(court.draft(Said, "guest")), TooSoon)
