"""Those who keep order, by plain calls: what each command does, and what each side is shown."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from stepped import Bot, House, SteppedLog, Visitor

from chatroom.core.session import Phase
from chatroom.log.accounts import key_of
from chatroom.log.audit import Entry
from chatroom.model.answers import Private
from chatroom.model.constants import LOBBY
from chatroom.model.events import AccessChanged, Draft, Kicked, Left, Quit, Renamed, RoleChanged, Said
from chatroom.model.masks import THE_SERVER
from chatroom.model.roles import Role
from chatroom.model.rules import BAN, MUTE, Rules

HOSTS = {"alice": "203.0.113.1", "bob": "203.0.113.2", "carol": "203.0.113.3", "oper": "203.0.113.4"}


class Place(House):
    """A house with a garden that Alice owns; people come from addresses of their own, and have accounts."""

    def __init__(self, *nicknames: str, **settings: object) -> None:
        super().__init__(SteppedLog(rules=Rules(LOBBY)), **settings)  # type: ignore[arg-type]
        self.people = {nickname: self.come(nickname) for nickname in ("alice", *nicknames)}
        self.give("alice", "owner", "garden")

    def come(self, nickname: str, host: str = "", account: str | None = None, rooms: Iterable[str] = ()) -> Visitor:
        visitor = self.knock(nickname, host, account, rooms or ("garden",))
        assert visitor.session.entered, visitor.lines()
        visitor.lines()
        return visitor

    def knock(
        self, nickname: str, host: str = "", account: str | None = None, rooms: Iterable[str] = ("garden",)
    ) -> Visitor:
        visitor = Visitor(self.chat)
        visitor.host = host or HOSTS.get(nickname, "198.51.100.9")
        visitor.session.member.account = nickname if account is None else account
        visitor.session.enter(nickname, tuple(rooms))
        self.log.settle()
        return visitor

    def give(self, account: str, role: str, room: str) -> None:
        draft = Draft(RoleChanged, room, "", "root", role, extras={"account": account}, author=THE_SERVER)
        self.log.append([draft])
        self.log.settle()
        self.quiet()

    def quiet(self) -> None:
        for one in self.people.values():
            one.lines()

    def do(self, nickname: str, *lines: str) -> list[str]:
        """What somebody is shown when they have typed ``lines``."""
        one = self.people[nickname]
        one.type(*lines)
        self.log.settle()
        return one.lines()

    def role(self, nickname: str, room: str = "garden") -> Role:
        return self.chat.moderation.role(self.people[nickname].session.member, room)


def test_who_is_put_out_is_told_and_is_in_another_room_or_in_none() -> None:
    place = Place("bob", "carol")
    place.do("bob", "/join attic")
    place.do("bob", "/join garden")
    place.quiet()
    shown = place.do("alice", "/kick bob spam")

    assert shown == ["* alice put bob out of garden (spam)"]
    assert place.people["carol"].lines() == shown
    assert place.people["bob"].lines() == [
        *shown,
        "* you now speak in attic",
        "* You're out of garden: /join garden if you want to come back.",
    ]
    assert place.do("bob", "still here")[0] == "bob: still here"
    assert place.do("alice", "and gone") == ["alice: and gone"]
    assert place.people["bob"].lines() == []
    place.do("bob", "/leave attic", "/join garden", "back")
    assert place.people["carol"].lines()[-1] == "bob: back"


def test_who_is_put_out_of_their_only_room_is_in_none() -> None:
    place = Place("bob")
    place.do("alice", "/kick bob")
    assert place.people["bob"].lines()[1] == "* you are in no room: /join one"
    assert place.do("bob", "hello?") == ["! You are in no room. Join one first with /join; /rooms lists them."]


@pytest.mark.parametrize("line", ["late", "/me waves", "/topic mine"])
def test_nothing_of_somebody_s_is_shown_behind_their_kick(line: str) -> None:
    place = Place("bob")
    place.people["alice"].type("/kick bob")
    place.people["bob"].type(line)
    place.log.commit()
    place.log.settle()

    assert place.people["alice"].lines() == ["* alice put bob out of garden"]
    assert place.people["bob"].lines()[-1].startswith("! You were put out of garden.")


def test_a_kick_and_what_is_behind_it_in_one_batch_are_shown_right_to_both_sides() -> None:
    place = Place("bob")
    place.do("bob", "/join attic")
    place.quiet()
    place.people["alice"].type("/kick bob", "secret")
    place.log.commit(1)
    place.log.settle()

    assert place.people["alice"].lines() == ["* alice put bob out of garden", "alice: secret"]
    assert "secret" not in "".join(place.people["bob"].lines())


@pytest.mark.parametrize("line", ["/leave", "/nick robert", "/away tea", "/quit you are all fools", "/join attic"])
def test_what_was_on_its_way_from_somebody_who_is_put_out_ends_well(line: str) -> None:
    place = Place("bob")
    bob = place.people["bob"]
    place.people["alice"].type("/kick bob")
    bob.type(line)
    place.log.commit()
    place.log.settle()

    shown = place.people["alice"].lines()
    assert shown == ["* alice put bob out of garden"], "nothing of theirs is shown behind it"
    assert not bob.session.busy
    assert not bob.session.member.pending
    assert "garden" not in bob.session.rooms
    if line.startswith("/nick"):
        assert bob.session.nickname == "robert"
    if line.startswith("/quit"):
        assert bob.session.phase is Phase.GONE
        assert key_of("bob") not in place.chat.members
    elif not line.startswith("/join"):
        assert place.do("bob", "/join garden")[-1] == f"* {bob.session.nickname} joined"


def test_a_request_about_several_rooms_goes_on_in_those_that_are_left() -> None:
    place = Place("bob", "carol")
    place.do("bob", "/join attic")
    place.do("carol", "/join attic")
    place.quiet()
    place.people["alice"].type("/kick bob")
    place.people["bob"].type("/quit bye")
    place.log.commit()
    place.log.settle()

    quits = [event.room for event in place.happened if isinstance(event, Quit)]
    assert quits == ["attic"]
    assert place.people["carol"].lines()[-1] == "* bob left (bye)"


def test_somebody_who_catches_up_is_told_that_they_were_put_out() -> None:
    place = Place()
    for number in range(3):
        place.do("alice", f"line {number}")
    place.log.prompt = False
    bob = Visitor(place.chat)
    bob.session.member.account = "bob"
    bob.session.enter("bob", ("garden",))
    place.log.commit()
    place.people["alice"].type("/kick bob")
    place.log.commit()
    place.log.prompt = True
    place.log.settle()

    lines = bob.lines()
    assert "* alice put bob out of garden" in lines
    assert bob.session.rooms == {}
    assert not bob.session.busy
    place.do("alice", "secret")
    assert bob.lines() == []


def test_somebody_who_is_put_out_in_the_moment_in_which_they_come_in_is_in_no_room() -> None:
    place = Place()
    bob = Visitor(place.chat)
    bob.session.member.account = "bob"
    bob.session.enter("bob", ("garden",))
    extras = {"member": bob.session.member.member_id, "nick": "bob"}
    place.chat.append_for_server(Draft(Kicked, "garden", "", "alice", "", extras=extras))
    place.log.commit()
    place.log.settle()

    assert bob.session.entered
    assert bob.session.rooms == {}
    assert "* alice put bob out of garden" in bob.lines()


def test_a_ban_of_somebody_who_is_here_is_about_their_account_and_their_address_and_puts_them_out() -> None:
    place = Place("bob", "carol")
    shown = place.do("alice", "/ban bob 10m spam")

    assert shown[0].startswith("* bob is banned from garden until ")
    assert shown[0].endswith("(this is about the nickname bob, the account bob and the address)")
    assert shown[1] == "* alice put bob out of garden (spam)"
    assert place.people["bob"].lines()[-1].startswith("* You're banned from garden until ")
    assert place.people["carol"].lines() == shown[1:], "nobody is shown an address"
    place.people["bob"].lose()
    place.log.settle()
    place.quiet()
    for nickname, host, account in (
        *(("bob", "198.51.100.1", ""), ("robert", HOSTS["bob"], ""), ("robert", "198.51.100.1", "bob")),
    ):
        visitor = place.knock(nickname, host, account)
        assert any("You're banned from garden" in line for line in visitor.lines()), (nickname, host, account)
        assert list(visitor.session.rooms) == [LOBBY], "they come in all the same, elsewhere"
        visitor.lose()
        place.log.settle()
    place.quiet()
    assert place.do("alice", "/unban bob") == ["* bob is banned from garden no more"]
    assert "garden" in place.knock("bobby", HOSTS["bob"], "bob").session.rooms


def test_an_address_that_many_share_is_not_banned_with_a_nickname() -> None:
    place = Place(exempt="203.0.113.0/24")
    place.people["bob"] = place.come("bob", account="")
    place.quiet()
    shown = place.do("alice", "/ban bob")

    assert shown[0].endswith("(this is about the nickname bob, but not the address, which others may share)")
    assert "garden" in place.knock("carol", HOSTS["bob"], "").session.rooms


def test_only_operators_of_the_server_ban_addresses_and_see_them() -> None:
    place = Place("bob", "oper")
    for target in ("203.0.113.2", "203.0.113.0/24", "*!*@203.*"):
        assert place.do("alice", f"/ban {target}")[0].startswith("! You may not see and ban addresses")
    place.people["oper"].session.member.operator = True
    place.do("oper", "/ban 203.0.113.2")
    assert place.people["bob"].lines()[-1] == (
        "* You're banned from garden for good. Ask the people who run it to let you in."
    )
    assert place.do("oper", "/bans")[-1] == "*   203.0.113.2, by oper"
    assert place.do("alice", "/bans")[-1] == "*   the address, by oper"


def test_a_mask_is_about_everybody_whom_it_fits_but_those_above() -> None:
    place = Place("bob", "carol")
    place.give("carol", "operator", "garden")
    place.do("carol", "/ban *!*@*")

    assert "garden" not in place.people["bob"].session.rooms
    assert "garden" in place.people["alice"].session.rooms
    assert "garden" in place.people["carol"].session.rooms or place.role("carol") is Role.OPERATOR


def test_who_is_muted_reads_on_and_says_nothing_until_it_is_over() -> None:
    place = Place("bob")
    place.do("alice", "/mute bob 10m spam")
    assert place.people["bob"].lines()[0].startswith("* alice has muted you in garden until ")
    assert place.do("bob", "hello?")[0].startswith("! You're muted in garden until ")
    assert place.do("bob", "/topic mine")[0].startswith("! You're muted")
    assert place.do("bob", "/nick robert")[0].startswith("! You're muted")
    place.do("alice", "hello")
    assert place.people["bob"].lines() == ["alice: hello"]
    place.do("bob", "/leave")
    place.do("bob", "/join garden")
    assert place.do("bob", "I'm back")[0].startswith("! You're muted")
    place.do("alice", "/unmute bob")
    assert place.do("bob", "hello") == ["bob: hello"]


def test_the_last_words_of_somebody_who_is_muted_are_not_shown() -> None:
    place = Place("bob")
    place.do("alice", "/mute bob")
    place.do("bob", "/quit you are all fools")

    assert [event.text for event in place.happened if isinstance(event, Left)] == [""]
    assert place.people["alice"].lines() == ["* bob left"]


def test_roles_are_given_and_taken_by_account_or_while_somebody_is_there() -> None:
    place = Place("bob")
    place.people["guest"] = place.come("guest", account="")
    assert place.do("alice", "/op bob", "/voice guest")[-2:] == [
        *("* alice made bob an operator of garden", "* alice gave guest a voice in garden"),
    ]
    assert (place.role("bob"), place.role("guest")) == (Role.OPERATOR, Role.VOICE)
    place.do("guest", "/leave", "/join garden")
    assert place.role("guest") is Role.GUEST
    place.do("bob", "/leave", "/join garden")
    assert place.role("bob") is Role.OPERATOR
    assert place.do("bob", "/kick alice") == ["! You may not do that to alice, who has a higher role than you."]
    assert place.do("bob", "/deop alice")[0].startswith("! ")
    assert place.do("bob", "/deop bob")[-1] == "* bob took the role operator from bob"
    assert place.do("bob", "/kick guest")[0].startswith("! You may not put somebody out of a room in garden:")
    place.do("alice", "/owner bob", "/deowner alice")
    assert (place.role("alice"), place.role("bob")) == (Role.MEMBER, Role.OWNER)


RIGHTS = {
    "kick": ("/kick carol", Kicked),
    "ban": ("/ban carol", AccessChanged),
    "mute": ("/mute carol", AccessChanged),
    "except": ("/except carol", AccessChanged),
    "admit": ("/admit carol", AccessChanged),
    "op": ("/op carol", RoleChanged),
    "voice": ("/voice carol", RoleChanged),
    "set": ("/set slow 5", None),
    "topic": ("/topic mine", None),
}
"""A command for each right of an operator, and the kind of its event."""


@pytest.mark.parametrize("right", RIGHTS)
def test_what_is_asked_for_behind_the_loss_of_a_right_is_refused(right: str) -> None:
    place = Place("bob", "carol")
    place.give("bob", "operator", "garden")
    place.do("alice", "/set topic-locked on")
    place.quiet()
    before = len(place.happened)
    place.people["alice"].type("/deop bob")
    # Bob has the right as far as he has been told.
    place.people["bob"].type(RIGHTS[right][0])
    place.log.commit()
    place.log.settle()

    assert [type(event) for event in place.happened[before:]] == [RoleChanged]
    assert place.people["bob"].lines()[-1].startswith("! You may not ")
    assert not place.people["bob"].session.busy
    # The other way round it is done.
    place.give("bob", "operator", "garden")
    before = len(place.happened)
    place.people["bob"].type(RIGHTS[right][0])
    place.people["alice"].type("/deop bob")
    place.log.commit()
    place.log.settle()
    assert len(place.happened) > before + 1


def test_somebody_off_the_server_is_told_why_and_does_not_come_back() -> None:
    place = Place("bob", "oper")
    place.people["oper"].session.member.operator = True
    place.do("oper", "/ban bob 3d everywhere spam")
    bob = place.people["bob"]

    assert bob.lines()[-2].startswith("! You're banned from this server until ")
    assert bob.closed
    for nickname, host, account in (
        *(("bob", "198.51.100.1", ""), ("robert", HOSTS["bob"], ""), ("robert", "198.51.100.1", "bob")),
    ):
        visitor = place.knock(nickname, host, account)
        assert visitor.closed
        assert visitor.lines()[-1].startswith("! You're banned from this server until ")
    place.do("oper", "/unban bob everywhere")
    assert place.knock("bob").session.entered


def test_who_is_shunned_reaches_nobody() -> None:
    place = Place("bob", "oper")
    place.people["oper"].session.member.operator = True
    place.do("oper", "/shun bob")
    for line in ("hello", "/msg alice psst", "/invite carol", "/nick robert", "/me waves"):
        assert place.do("bob", line)[-1].startswith(("! You're muted on this server", "! Nobody here")), line
    assert [event for event in place.happened if isinstance(event, Said | Renamed)] == []
    assert "psst" not in "".join(place.people["alice"].lines())
    place.do("oper", "/unshun bob")
    assert place.do("bob", "hello") == ["bob: hello"]


def test_a_bot_without_a_connection_is_put_out_like_anybody() -> None:
    place = Place()
    bot = Bot(place, "helper", "garden")
    place.log.settle()
    place.do("alice", "/kick helper")
    assert bot.member.rooms == {}
    place.do("alice", "/ban helper")
    place.chat.join(bot.member, ("garden",), bot.notes)
    place.log.settle()
    assert [error.code for error in bot.notes.errors] == ["banned"]


def test_an_announcement_reaches_everybody() -> None:
    place = Place("bob", "oper")
    assert place.do("alice", "/announce hi")[0].startswith("! You may not tell everybody something:")
    place.people["oper"].session.member.operator = True
    place.do("oper", "/announce tea is ready")
    assert place.people["bob"].lines() == ["* oper announces: tea is ready"]


def test_who_makes_a_room_owns_it_if_they_have_an_account() -> None:
    place = Place("bob")
    place.people["guest"] = place.come("guest", account="")
    assert place.do("bob", "/join attic")[-1] == "* bob owns attic now"
    place.do("guest", "/join shed")
    assert place.role("guest", "shed") is Role.OPERATOR
    place.do("bob", "/leave attic", "/join attic")
    assert place.role("bob", "attic") is Role.OWNER
    assert place.chat.rules.holders("attic") == {"bob": Role.OWNER}


@pytest.mark.parametrize(("makers", "role"), [("operators", Role.OPERATOR), ("nobody", Role.MEMBER)])
def test_what_makes_a_room_s_maker_may_be_set(makers: str, role: Role) -> None:
    house = House(SteppedLog(rules=Rules(LOBBY, makers)), room_makers=makers)
    bob = house.enter("bob")
    bob.session.member.account = "bob"
    bob.type("/join attic")
    house.log.settle()
    assert house.chat.moderation.role(bob.session.member, "attic") is role


# Modes.


def test_a_hidden_room_is_shown_to_those_who_are_in_it() -> None:
    place = Place("bob")
    place.people["carol"] = place.come("carol", rooms=("lobby",))
    place.do("alice", "/set hidden")
    assert "* garden (2 here)" in place.do("bob", "/rooms")
    assert "garden" not in "".join(place.do("carol", "/rooms", "/rooms gard", "/whois bob", "/who garden")[:-1])
    assert place.do("carol", "/room garden")[0].startswith("! There is no room garden.")
    assert place.do("carol", "/join garden")[-1] == "* carol joined"


def test_a_hidden_room_is_not_named_to_somebody_who_would_make_one_that_looks_like_it() -> None:
    place = Place("bob")
    place.people["carol"] = place.come("carol", rooms=("lobby",))
    place.do("bob", "/join \u0440\u0430\u0441\u0430", "/set hidden")
    place.quiet()
    (line,) = place.do("carol", "/join paca")
    assert line == "! That name will not do for a room: it looks like another room."


def test_an_invitation_lets_in_once_of_somebody_who_may() -> None:
    place = Place("bob")
    place.people["carol"] = place.come("carol", rooms=("lobby",))
    place.do("alice", "/set invite-only", "/set key tea", "/set limit 2")
    place.do("bob", "/invite carol garden")
    assert place.do("carol", "/join garden tea")[-1].startswith("! garden is for those who were invited")
    place.do("alice", "/invite carol garden")
    assert place.do("carol", "/join garden")[-1] == "* carol joined"
    place.do("carol", "/leave garden")
    assert place.do("carol", "/join garden tea")[-1].startswith("! garden is for those who were invited")
    place.do("alice", "/set invite-only off", "/set limit off")
    assert place.do("carol", "/join garden cake")[-1].startswith("! garden has a key")
    assert place.do("carol", "/join garden tea")[-1] == "* carol joined"


def test_nobody_is_shown_who_comes_and_goes_in_a_quiet_room_but_themselves() -> None:
    place = Place("bob")
    place.do("alice", "/set quiet")
    place.people["carol"] = place.knock("carol")
    assert place.people["carol"].lines()[-1] == "* carol joined"
    assert place.people["alice"].lines() == []
    assert place.do("carol", "/leave garden")[0] == "* carol left"
    place.do("carol", "/join garden")
    place.do("alice", "/kick bob")
    assert place.people["carol"].lines()[-1] == "* alice put bob out of garden"
    place.do("carol", "/quit")
    assert place.people["alice"].lines() == []
    assert place.do("alice", "/who")[0] == "* 1 in garden: alice"


@pytest.mark.parametrize(("value", "guest", "member"), [("none", 0, 0), ("members", 0, 1), ("members none", 0, 0)])
def test_the_history_of_a_room_may_be_for_some_or_for_nobody(value: str, guest: int, member: int) -> None:
    place = Place(replay=10)
    place.do("alice", "before", f"/set history {value}")
    for account, count in (("", guest), ("carol", member)):
        carol = place.knock("carol", account=account)
        shown = [line for line in carol.lines() if "before" in line]
        carol.type("/history 5", "/search before")
        place.log.settle()
        asked = [line for line in carol.lines() if "alice: before" in line]
        assert (len(shown), len(asked)) == (count, 2 * count)
        carol.lose()
        place.log.settle()
    assert any("alice: before" in line for line in place.do("alice", "/history 5"))


def test_modes_are_listed_and_shown() -> None:
    place = Place("bob")
    place.do("alice", "/set slow 30s", "/set key tea", "/topic Deploys")
    place.quiet()
    lines = place.do("bob", "/room")
    assert lines == [
        *("* garden: 2 here", "* the topic of garden is: Deploys", "* owner of garden: alice"),
        *("* modes of garden: slow 30, key tea", "* you are a member in garden"),
    ]
    assert any(
        line.startswith("* /set slow SECONDS - ") and line.endswith("; it is 30") for line in place.do("bob", "/set")
    )
    assert place.do("alice", "/set tea")[0].startswith("! There is no mode tea.")
    assert place.do("alice", "/set slow never")[0].startswith("! slow has no such value.")
    assert place.do("bob", "/set slow off")[0].startswith("! You may not set the modes of a room in garden:")
    assert len(place.do("bob", "/rights")) > 20


def test_a_list_has_what_was_made_and_what_is_lifted_is_gone() -> None:
    place = Place("bob")
    place.do("alice", "/ban bad*!*@* 10m spam", "/mute worse", "/except account:bob", "/admit account:carol")
    lines = place.do("alice", "/bans")
    assert [line for line in lines if line.endswith(":")] == [
        *("* banned from garden:", "* muted in garden:", "* excepted from bans and mutes in garden:"),
        "* may come into garden without an invitation:",
    ]
    assert place.do("alice", "/unban bad*")[0] == "* bad* is banned from garden no more"
    assert place.do("alice", "/unban bad*")[0].startswith("! There is no ban for bad*.")
    assert place.do("bob", "/bans")[0].startswith("! You may not")
    assert list(place.chat.moderation.entries("garden", BAN)) == []
    assert len(list(place.chat.moderation.entries("garden", MUTE))) == 1


def test_a_private_message_needs_no_right() -> None:
    place = Place("bob")
    assert isinstance(place.chat.private(place.people["alice"].session.member, "bob", "psst"), Private)


def test_what_is_done_stands_in_the_audit_log_without_addresses_and_keys() -> None:
    place = Place("bob", "carol")
    place.do("alice", "/kick bob spam", "/ban bob 1h more spam", "/unban bob", "/set key sesame", "/set slow 10s")
    place.do("alice", "/voice carol")
    found: list[Entry] = []
    place.chat.audit_log.last(100, None, found.extend, lambda error: None)
    assert {(entry.nickname, entry.room) for entry in found} == {("alice", "garden")}
    done = dict.fromkeys((entry.action, entry.target, entry.reason) for entry in found)
    assert set(done) == {
        ("kick", "bob", "spam"),
        ("ban", "bob", "more spam"),
        ("unban", "bob", ""),
        ("set key", "", ""),
        ("set slow", "", "10"),
        ("give voice", "carol", ""),
    }
