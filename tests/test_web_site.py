"""What the door for browsers answers over HTTP: files, errors, limits, and whether the server is well.

Both ends of each connection are in memory, and time passes when a test says so.
"""

from __future__ import annotations

import gzip
import re
import socket
from collections.abc import Callable
from importlib.resources import files

import pytest
from pages import KEY, UPGRADE, Answer, frame, opened, read_answer, request, upgrade
from stepped import House, SteppedLog
from wsproto.utilities import generate_accept_token

from chatroom.doors.connection import CLOSE_TIMEOUT
from chatroom.doors.web import WebFactory
from chatroom.doors.web.assets import TYPES, page_answers, takes_gzip
from chatroom.doors.web.http import HEADERS, IDLE
from chatroom.model.errors import NotKept
from chatroom.testing import MemoryRoom, Person

PAGE = {file.name: file.read_bytes() for file in files("chatroom.doors.web").joinpath("page").iterdir()}


@pytest.fixture
def room() -> MemoryRoom:
    return MemoryRoom()


@pytest.fixture
def door(room: MemoryRoom) -> WebFactory:
    return WebFactory(chat=room.chat, reactor=room.clock)


def ask(room: MemoryRoom, door: WebFactory, data: bytes) -> Answer:
    """The answer to what a new connection asks; there must be one, and one alone."""
    browser = room.connect(door)
    browser.send(data)
    answer, rest = read_answer(browser.data(), bodiless=data.startswith(b"HEAD "))
    assert rest == b""
    return answer


# Files.


def without_folder(index: bytes) -> bytes:
    """The page with its modules where they stand in the package."""
    return re.sub(rb'"[0-9a-f]{16}/', b'"', index)


def test_every_file_of_the_page_is_served_with_its_type(room: MemoryRoom, door: WebFactory) -> None:
    assert {f".{name.rpartition('.')[2]}" for name in PAGE} <= set(TYPES)
    for name, content in PAGE.items():
        answer = ask(room, door, request("/" if name == "index.html" else f"/{name}"))
        assert (answer.status, without_folder(answer.body)) == (200, content)
        assert answer.headers["content-type"] == TYPES[f".{name.rpartition('.')[2]}"].decode()


def test_what_follows_a_question_mark_changes_nothing(room: MemoryRoom, door: WebFactory) -> None:
    assert ask(room, door, request("/?room=garden&x=%ff")).body == ask(room, door, request("/")).body


def test_a_file_that_has_not_changed_is_not_sent_again(room: MemoryRoom, door: WebFactory) -> None:
    tag = ask(room, door, request("/app.js")).headers["etag"]
    for header in (tag, f"W/{tag}", f'"other", {tag}'):
        answer = ask(room, door, request("/app.js", If_None_Match=header))
        assert (answer.status, answer.headers["etag"]) == (304, tag)
        assert "content-length" not in answer.headers
    assert ask(room, door, request("/style.css", If_None_Match=tag)).status == 200
    assert ask(room, door, request("/app.js", If_None_Match='"other"')).status == 200


def test_what_the_page_names_is_kept_for_good_and_its_address_tells_its_content(
    room: MemoryRoom, door: WebFactory
) -> None:
    index = ask(room, door, request("/"))
    assert index.headers["cache-control"] == "no-cache"
    named = re.findall(rb'(?:href|src)="(([0-9a-f]{16})/([^"]+))"', index.body)
    assert {name.decode() for _, _, name in named} == {name for name in PAGE if name.endswith((".js", ".css"))}
    assert len({folder for _, folder, _ in named}) == 1
    for path, _, name in named:
        answer = ask(room, door, request(f"/{path.decode()}"))
        assert (answer.status, answer.body) == (200, PAGE[name.decode()])
        assert "immutable" in answer.headers["cache-control"]
    assert ask(room, door, request("/0123456789abcdef/app.js")).status == 404


def test_the_name_of_the_folder_changes_with_every_file_in_it() -> None:
    files = {"index.html": b'<script src="a.js">', "a.js": b"1", "b.js": b"2", "style.css": b"3"}
    folders = set()
    for changed in (None, "a.js", "b.js", "style.css"):
        now = {**files, changed: b"4"} if changed else files
        folders |= {path.split(b"/")[1] for path in page_answers(now.items()) if path.count(b"/") == 2}
    assert len(folders) == 4


def test_a_file_is_compressed_for_those_who_take_that(room: MemoryRoom, door: WebFactory) -> None:
    plain = ask(room, door, request("/app.js", Accept_Encoding="br, gzip;q=0"))
    assert "content-encoding" not in plain.headers
    assert plain.body == PAGE["app.js"]
    small = ask(room, door, request("/app.js", Accept_Encoding="br, gzip"))
    assert small.headers["content-encoding"] == "gzip"
    assert gzip.decompress(small.body) == PAGE["app.js"]
    assert len(small.body) < len(plain.body) / 2
    assert {answer.headers["vary"] for answer in (plain, small)} == {"Accept-Encoding"}
    assert small.headers["etag"] != plain.headers["etag"]
    same = request("/app.js", Accept_Encoding="gzip", If_None_Match=small.headers["etag"])
    assert ask(room, door, same).status == 304
    everything = [request(f"/{name}", Accept_Encoding="gzip") for name in PAGE if name != "index.html"]
    assert sum(len(ask(room, door, data).body) for data in everything) < 80_000


@pytest.mark.parametrize(
    ("header", "takes"),
    [
        *(("gzip", True), ("GZIP", True), ("br;q=1.0, gzip;q=0.5", True), ("*", True), ("x-gzip", True)),
        *(("", False), ("identity", False), ("gzip;q=0", False), ("gzip; q=0.000, *", False), ("*;q=0", False)),
    ],
)
def test_whether_a_browser_takes_what_is_compressed_is_read_from_its_header(header: str, takes: bool) -> None:
    assert takes_gzip(header) is takes


def test_head_is_answered_as_get_is_without_the_body(room: MemoryRoom, door: WebFactory) -> None:
    for path in ("/", "/app.js", "/healthz", "/nothing"):
        got, headed = ask(room, door, request(path)), ask(room, door, request(path, "HEAD"))
        assert headed.status == got.status
        assert {**headed.headers, "date": ""} == {**got.headers, "date": ""}


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/index.html",
        "/../site.py",
        "/page/",
        "/%2e%2e/",
        "/%2e%2e/site.py",
        "/..%2fsite.py",
        "//",
        "//app.js",
        "/app.js/",
        "/app.js/more",
        "/healthz/more",
        "/chat/",
        "/%00",
        "app.js",
        "*",
        "http://other.example/../../etc/passwd",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_is_not_there_is_not_found(room: MemoryRoom, door: WebFactory, path: str, method: str) -> None:
    answer = ask(room, door, request(path, method))
    assert (answer.status, answer.headers["content-type"]) == (404, "text/plain; charset=utf-8")
    # What was asked for is not said back.
    assert answer.body == b"There is nothing here.\n"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "BREW", "get"])
def test_nothing_can_be_done_but_to_get(room: MemoryRoom, door: WebFactory, method: str) -> None:
    for path in ("/", "/app.js", "/healthz", "/chat"):
        answer = ask(room, door, request(path, method))
        assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD")


def test_every_answer_has_the_headers_that_keep_the_page_to_itself() -> None:
    # One connection at most, so that another is turned away.
    room = MemoryRoom(max_clients=1)
    door = WebFactory(chat=room.chat, reactor=room.clock)
    first = room.connect(door)
    room.settle()
    turned_away, _ = read_answer(room.connect(door).data())
    first.close()
    room.settle()
    asked = [
        request("/"),
        request("/", "HEAD"),
        request("/nothing"),
        request("/", "POST"),
        request("/", "POST", Content_Length="1"),
        request("/healthz"),
        request("/chat"),
        upgrade(Origin="https://other.example"),
        upgrade(Sec_WebSocket_Version="8"),
    ]
    answers = [turned_away]
    for data in asked:
        browser = room.connect(door)
        browser.send(data)
        answers.append(read_answer(browser.data())[0])
        browser.close()
        room.settle()
    assert [answer.status for answer in answers] == [503, 200, 200, 404, 405, 413, 200, 426, 403, 426]
    for answer in answers:
        for name, value in HEADERS.items():
            assert answer.headers[name.decode().lower()] == value.decode()
    assert "default-src 'none'" in answers[0].headers["content-security-policy"]
    assert "unsafe" not in answers[0].headers["content-security-policy"]


def test_one_connection_may_ask_for_one_thing_after_the_other(room: MemoryRoom, door: WebFactory) -> None:
    browser = room.connect(door)
    for name in ("app.js", "style.css", "icon.svg"):
        browser.send(request(f"/{name}"))
        assert read_answer(browser.data())[0].body == PAGE[name]
    assert not browser.closed


@pytest.mark.parametrize("data", [request("/", version="1.0"), request("/", Connection="close")])
def test_whoever_wants_one_thing_alone_is_closed_behind_it(room: MemoryRoom, door: WebFactory, data: bytes) -> None:
    browser = room.connect(door)
    browser.send(data)
    assert without_folder(read_answer(browser.data())[0].body) == PAGE["index.html"]
    assert browser.closed


# What does not keep to the rules, or to the limits.


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"Content-Length": "5"}, b"hello"),
        ({"Content-Length": str(1 << 62)}, b"x" * 100_000),
        ({"Transfer-Encoding": "chunked"}, b"5\r\nhello\r\n0\r\n\r\n"),
        ({"Content-Length": "5", "Expect": "100-continue"}, b"hello"),
        ({"Content-Length": "5", **UPGRADE}, b"hello"),
    ],
)
@pytest.mark.parametrize("at_once", [True, False])
def test_a_body_is_refused_and_not_read(
    room: MemoryRoom, door: WebFactory, headers: dict[str, str], body: bytes, at_once: bool
) -> None:
    for method in ("GET", "POST"):
        browser = room.connect(door)
        data = request("/chat", method, **headers)
        for piece in [data + body] if at_once else [data, body]:
            browser.send(piece)
        # One answer, whatever the body looks like.
        answer, rest = read_answer(browser.data())
        assert (answer.status, answer.headers["connection"], rest) == (413, "close", b"")
        assert browser.closed


def test_an_empty_body_is_none(room: MemoryRoom, door: WebFactory) -> None:
    assert ask(room, door, request("/", Content_Length="0", Expect="100-continue")).status == 200


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n",
        b"\0\1\2\3\r\n\r\n",
        b"GET /\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 501 + b"\r\n",
        b"GET / HTTP/1.1\r\n" + b"a: %s\r\n" % (b"b" * 10_000) * 2 + b"\r\n",
        b"GET /%s HTTP/1.1\r\n\r\n" % (b"x" * 17_000),
        b"GET /\xff HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n",
    ],
)
def test_what_is_no_request_is_closed(room: MemoryRoom, door: WebFactory, data: bytes) -> None:
    browser = room.connect(door)
    browser.send(data)
    assert browser.data() in (b"HTTP/1.1 400 Bad Request\r\n\r\n", b"")
    assert browser.closed
    assert not room.clock.getDelayedCalls()


def test_a_line_without_end_is_not_kept(room: MemoryRoom, door: WebFactory) -> None:
    browser = room.connect(door)
    for _ in range(20):
        browser.send(b"x" * 1000)
    assert browser.closed


@pytest.mark.parametrize("first", [b"", request("/app.js")])
def test_who_does_not_ask_in_time_is_let_go_however_they_trickle(
    room: MemoryRoom, door: WebFactory, first: bytes
) -> None:
    browser = room.connect(door)
    browser.send(first)
    room.settle()
    browser.data()
    browser.send(b"GET / HTTP/1.1\r\n")
    for second in range(IDLE - 1):
        room.advance(1)
        browser.send(b"x%d: 1\r\n" % second)
    assert not browser.closed
    room.advance(1)
    assert browser.closed
    assert not room.clock.getDelayedCalls()


def test_who_does_not_read_the_answer_is_closed_all_the_same(room: MemoryRoom, door: WebFactory) -> None:
    browser = room.connect(door)
    browser.stop_reading()
    browser.send(request("/", Connection="close"))
    room.advance(CLOSE_TIMEOUT - 1)
    assert not browser.closed
    room.advance(1)
    assert browser.closed
    assert not room.clock.getDelayedCalls()


def test_who_asks_for_ever_more_and_reads_nothing_is_let_go(room: MemoryRoom, door: WebFactory) -> None:
    browser = room.connect(door)
    browser.stop_reading()
    browser.send(request("/style.css") * 1000)
    room.settle()
    assert all(channel.transport.disconnecting for channel in door.channels)
    browser.read_on()
    read = browser.data()
    # What a transport keeps, and the answer that went over it.
    assert len(read) < 200_000
    assert browser.closed


def test_who_reads_what_they_asked_for_may_ask_for_more(room: MemoryRoom, door: WebFactory) -> None:
    browser = room.connect(door)
    for _ in range(3):
        browser.stop_reading()
        # The last of them is more than the transport likes to keep.
        while not any(channel.behind for channel in door.channels):
            browser.send(request("/style.css"))
            room.settle()
        browser.read_on()
        rest = browser.data()
        while rest:
            answer, rest = read_answer(rest)
            assert answer.body == PAGE["style.css"]
    assert not browser.closed


# Connections are counted.


def connected(door: WebFactory, limit: int, room: MemoryRoom) -> list[Person]:
    """As many as there may be."""
    found = [room.connect(door) for _ in range(limit)]
    room.settle()
    return found


@pytest.mark.parametrize("limits", [{"max_clients": 3}, {"max_clients_per_host": 3, "exempt": ""}])
def test_there_are_no_more_connections_than_may_be(limits: dict[str, int]) -> None:
    room = MemoryRoom(**limits)
    door = WebFactory(chat=room.chat, reactor=room.clock)
    browsers = connected(door, 3, room)
    assert all(browser.data() == b"" for browser in browsers)
    more = room.connect(door)
    # What they ask for is not answered, be it sent already.
    more.send(request("/"))
    answer, rest = read_answer(more.data())
    assert (answer.status, rest) == (503, b"")
    assert more.closed
    assert room.connect().lines()[0].startswith("! "), "the doors do not count together"


@pytest.mark.parametrize(
    "end",
    [
        lambda browser: browser.close(),
        lambda browser: browser.drop(),
        lambda browser: browser.send(b"no request\r\n\r\n"),
        lambda browser: browser.send(request("/", "POST", Content_Length="1")),
        lambda browser: (browser.send(b"GET / HT"), browser.drop()),
        lambda browser: (browser.send(upgrade(Origin="null")), browser.close()),
        lambda browser: (browser.send(upgrade()), browser.drop()),
        lambda browser: (browser.send(upgrade()), browser.close()),
        lambda browser: (browser.send(upgrade() + frame(b"\xff")),),
        lambda browser: (browser.send(upgrade() + frame("alice") + frame("/quit")),),
    ],
)
def test_a_connection_that_ends_makes_room_for_one_and_no_more(end: Callable[[Person], object]) -> None:
    room = MemoryRoom(max_clients=2)
    door = WebFactory(chat=room.chat, reactor=room.clock)
    for _ in range(3):
        first, second = connected(door, 2, room)
        end(first)
        room.settle()
        assert first.closed
        third = connected(door, 1, room)[0]
        assert third.data() == b""
        assert b" 503 " in room.connect(door).data()
        for browser in (second, third):
            browser.drop()
        room.settle()
    assert not door.channels
    assert not door.clients
    assert not room.clock.getDelayedCalls()


def test_a_connection_that_is_upgraded_is_counted_once() -> None:
    room = MemoryRoom(max_clients=2)
    door = WebFactory(chat=room.chat, reactor=room.clock)
    page, browser = room.connect(door), room.connect(door)
    page.send(upgrade())
    room.settle()
    assert b"101 Switching Protocols" in page.data()
    assert b" 503 " in room.connect(door).data()
    browser.drop()
    room.settle()
    assert room.connect(door).data() == b""
    assert b" 503 " in room.connect(door).data()


# Whether the server is well.


def test_a_server_that_is_well_says_so(room: MemoryRoom, door: WebFactory) -> None:
    answer = ask(room, door, request("/healthz"))
    assert (answer.status, answer.body, answer.headers["cache-control"]) == (200, b"ok\n", "no-store")


def test_a_server_that_cannot_keep_what_is_said_says_so_until_it_can() -> None:
    house = House(SteppedLog(prompt=False))
    room = MemoryRoom(chat=house.chat)
    door = WebFactory(chat=house.chat, reactor=room.clock)
    alice = room.connect()
    alice.type("alice")
    room.settle()
    house.log.fail()
    answer = ask(room, door, request("/healthz"))
    assert answer.status == 503
    assert b"the disk is full" in answer.body
    alice.type("alice")
    room.settle()
    house.log.settle()
    assert ask(room, door, request("/healthz")).status == 200
    house.log.break_down(NotKept(why="the disk is gone"))
    browser = door.buildProtocol(None)
    assert browser is None, "it takes connections though it ends"


def test_a_server_that_is_stopping_says_so_to_whoever_is_still_there() -> None:
    house = House(SteppedLog(prompt=False))
    room = MemoryRoom(chat=house.chat)
    door = WebFactory(chat=house.chat, reactor=room.clock)
    asker, page = room.connect(door), room.connect(door)
    house.chat.stop(lambda: None)
    asker.send(request("/healthz"))
    page.send(upgrade())
    assert read_answer(asker.data())[0][::2] == (503, b"stopping\n")
    assert read_answer(page.data())[0].status == 503
    gone: list[None] = []
    door.close_all().addCallback(gone.append)
    assert asker.closed
    assert page.closed
    assert gone == [None]


# The upgrade.


def test_the_answer_to_an_upgrade_goes_before_anything_else(room: MemoryRoom, door: WebFactory) -> None:
    browser = room.connect(door)
    browser.send(upgrade())
    answer, rest = read_answer(browser.data())
    assert answer.status == 101
    assert answer.headers["upgrade"] == "websocket"
    assert answer.headers["sec-websocket-accept"] == generate_accept_token(KEY.encode()).decode()
    assert "sec-websocket-extensions" not in answer.headers
    assert rest == b"\x81\x04NICK"


def test_what_comes_in_one_piece_with_the_upgrade_is_taken(room: MemoryRoom, door: WebFactory) -> None:
    browser = room.connect(door)
    browser.send(request("/healthz") + upgrade(Expect="100-continue") + frame("alice") + frame("hello"))
    first, rest = read_answer(browser.data())
    second, rest = read_answer(rest)
    assert (first.status, second.status) == (200, 101)
    assert rest.startswith(b"\x81\x04NICK")
    assert b'"text":"hello"' in rest
    assert door.nicknames == ["alice"]


@pytest.mark.parametrize(
    ("asked", "status", "headers"),
    [
        (request("/chat"), 426, {"upgrade": "websocket"}),
        (upgrade(Upgrade="h2c"), 426, {"upgrade": "websocket"}),
        (upgrade(Connection="keep-alive"), 426, {"upgrade": "websocket"}),
        (upgrade(Sec_WebSocket_Version="8"), 426, {"sec-websocket-version": "13"}),
        (upgrade(Sec_WebSocket_Version=None), 426, {"sec-websocket-version": "13"}),
        (upgrade(Sec_WebSocket_Key=None), 400, {}),
        (upgrade(Sec_WebSocket_Key="c2hvcnQ="), 400, {}),
        (upgrade(Sec_WebSocket_Key="not base64, but long enough"), 400, {}),
        (upgrade(Sec_WebSocket_Key=f"{KEY}\r\nSec-WebSocket-Key: {KEY}"), 400, {}),
        (upgrade(Sec_WebSocket_Key="\xff" * 24), 400, {}),
        (upgrade(Host=None), 400, {}),
        (upgrade(Host="a\r\nHost: b"), 400, {}),
        (upgrade(method="HEAD"), 400, {}),
        (upgrade(version="1.0"), 400, {}),
        (upgrade(method="POST"), 405, {"allow": "GET, HEAD"}),
        (upgrade(path="/"), 200, {}),
    ],
)
def test_what_is_no_websocket_handshake_is_answered_as_what_it_is(
    room: MemoryRoom, door: WebFactory, asked: bytes, status: int, headers: dict[str, str]
) -> None:
    answer = ask(room, door, asked)
    assert answer.status == status
    assert {name: answer.headers[name] for name in headers} == headers
    assert not door.nicknames


@pytest.mark.parametrize("case", [str.upper, str.lower])
def test_a_handshake_is_read_without_regard_to_case(room: MemoryRoom, door: WebFactory, case: type[str]) -> None:
    named = {case(name): value if "KEY" in name.upper() else case(value) for name, value in UPGRADE.items()}
    assert ask_for_upgrade(room, door, request("/chat", **named)) == 101


def test_extensions_and_subprotocols_are_not_agreed_to(room: MemoryRoom, door: WebFactory) -> None:
    offered = {"Sec-WebSocket-Extensions": "permessage-deflate", "Sec-WebSocket-Protocol": "chat, \xff"}
    browser = room.connect(door)
    browser.send(upgrade(**offered))
    answer, _ = read_answer(browser.data())
    assert answer.status == 101
    assert not set(answer.headers) & {name.lower() for name in offered}


def ask_for_upgrade(room: MemoryRoom, door: WebFactory, data: bytes) -> int:
    """The status that is answered."""
    browser = room.connect(door)
    browser.send(data)
    return read_answer(browser.data())[0].status


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        (None, 101),
        ("http://chat.example", 101),
        ("https://chat.example", 101),
        ("HTTPS://Chat.Example", 101),
        ("https://named.example", 101),
        ("https://NAMED.example", 101),
        ("https://also.example:8443", 101),
        ("https://named.example:443", 101),
        ("http://port.example", 101),
        ("http://named.example", 403),
        ("https://also.example", 403),
        ("https://other.example", 403),
        ("https://chat.example.other.example", 403),
        ("https://chat.example:81", 403),
        ("https://x@chat.example", 403),
        ("ftp://chat.example", 403),
        ("chat.example", 403),
        ("null", 403),
        ("", 403),
        ("\xff\xfe", 403),
        ("https://chat.example\r\nOrigin: https://other.example", 403),
    ],
)
def test_a_page_of_another_site_may_not_connect_unless_it_is_named(origin: str | None, status: int) -> None:
    origins = "https://Named.example,https://also.example:8443,http://port.example:80,"
    room, door = opened(web_origins=origins, web_hosts="chat.example")
    assert ask_for_upgrade(room, door, upgrade(Host="chat.example", Origin=origin)) == status


def test_without_a_host_no_page_is_ours(room: MemoryRoom, door: WebFactory) -> None:
    assert ask_for_upgrade(room, door, upgrade(Host="", Origin="http://")) == 400


# Names of the server. A page of another site can have its name stand for an address here (DNS rebinding).

OURS = [
    "127.0.0.1",
    "127.0.0.1:8080",
    "192.0.2.7:8080",
    "[::1]",
    "[::1]:8080",
    "[2001:DB8::7]:8080",
    "localhost",
    "LocalHost:8080",
    "localhost.:8080",
    "chat.localhost",
    "chat.example.org",
    "Chat.Example.org:8080",
    "chat.example.org.",
    "xn--bcher-kva.example",
    "irc.example.org",
    socket.gethostname(),
    f"{socket.gethostname()}.local:8080",
]

NOT_OURS = [
    "evil.example",
    "evil.example:8080",
    "127.0.0.1.evil.example",
    "chat.example.org.evil.example",
    "evilchat.example.org",
    "localhost.evil.example",
    "notlocalhost",
    "2130706433",
    "::1",
    "[127.0.0.1]",
    "chat.example.org@evil.example",
    "chat.example.org, evil.example",
    "chat.example.org evil.example",
    "chat.example.org:8080:80",
    "\xff",
    ".",
]


def of_example_org() -> tuple[MemoryRoom, WebFactory]:
    return opened(web_hosts="Chat.example.org,b\u00fccher.example,", server_name="irc.example.org")


@pytest.mark.parametrize("host", OURS)
def test_the_page_and_its_websocket_are_there_by_each_name_of_the_server(host: str) -> None:
    room, door = of_example_org()
    assert ask(room, door, request("/", Host=host)).status == 200
    assert ask_for_upgrade(room, door, upgrade(Host=host, Origin=f"http://{host}")) == 101


@pytest.mark.parametrize("host", NOT_OURS)
def test_a_page_whose_name_was_made_to_stand_for_an_address_here_is_refused(host: str) -> None:
    room, door = of_example_org()
    answer = ask(room, door, request("/", Host=host))
    assert (answer.status, answer.body) == (
        421,
        b"This server is not known by that name. If it is yours, start the server with --web-hosts and the name.\n",
    )
    assert ask_for_upgrade(room, door, upgrade(Host=host, Origin=f"http://{host}")) == 403
    assert ask(room, door, request("/", Host=f"chat.example.org\r\nHost: {host}")).status == 421
    # Programs, which name no origin, and what checks whether the server is well, ask by any name.
    assert ask(room, door, request("/healthz", Host=host)).status == 200
    assert ask_for_upgrade(room, door, upgrade(Host=host)) == 101


def test_a_proxy_with_a_certificate_vouches_for_the_name(room: MemoryRoom, door: WebFactory) -> None:
    host = "chat.example.org"
    assert ask(room, door, request("/", Host=host)).status == 421
    # Browsers send this over TLS, and to their own machine.
    assert ask(room, door, request("/", Host=host, Sec_Fetch_Site="none")).status == 200
    assert ask_for_upgrade(room, door, upgrade(Host=host, Origin=f"https://{host}")) == 101
    assert ask_for_upgrade(room, door, upgrade(Host=f"{host}:8080", Origin=f"https://{host}")) == 403
    assert ask_for_upgrade(room, door, upgrade(Host=host, Origin=f"http://{host}")) == 403


def test_who_names_no_host_is_no_browser(room: MemoryRoom, door: WebFactory) -> None:
    assert ask(room, door, request("/", version="1.0", Host=None)).status == 200


@pytest.mark.parametrize(
    ("host", "origin", "status"),
    [
        ("chat.example.org:443", "https://chat.example.org", 101),
        ("chat.example.org", "https://chat.example.org:443", 101),
        ("chat.example.org:80", "http://chat.example.org", 101),
        ("chat.example.org", "http://chat.example.org:80", 101),
        ("chat.example.org:", "http://chat.example.org", 101),
        ("[::1]:80", "http://[::1]", 101),
        ("chat.example.org:80", "https://chat.example.org", 403),
        ("chat.example.org:443", "http://chat.example.org", 403),
        ("chat.example.org:8080", "http://chat.example.org:8081", 403),
        ("chat.example.org:99999999", "http://chat.example.org:99999999", 403),
    ],
)
def test_a_port_that_goes_without_saying_may_be_said(host: str, origin: str, status: int) -> None:
    room, door = of_example_org()
    assert ask_for_upgrade(room, door, upgrade(Host=host, Origin=origin)) == status


@pytest.mark.parametrize(
    ("target", "host", "status"),
    [
        ("http://chat.example.org/healthz", "chat.example.org", 200),
        ("http://chat.example.org/app.js?x=1", "evil.example", 200),
        ("https://chat.example.org:8443", "chat.example.org", 200),
        ("HTTP://127.0.0.1:8080/", "127.0.0.1:8080", 200),
        ("http://evil.example/", "chat.example.org", 421),
        ("http://x@chat.example.org/", "chat.example.org", 421),
        ("http:///", "chat.example.org", 421),
        ("http://chat.example.org/nothing", "chat.example.org", 404),
        ("ftp://chat.example.org/", "chat.example.org", 404),
    ],
)
def test_a_target_may_be_a_whole_url_and_its_host_is_the_one_that_counts(target: str, host: str, status: int) -> None:
    room, door = of_example_org()
    assert ask(room, door, request(target, Host=host)).status == status


def test_a_websocket_may_be_asked_for_by_a_whole_url(room: MemoryRoom, door: WebFactory) -> None:
    ours = upgrade("http://127.0.0.1:8080/chat", Host="evil.example", Origin="http://127.0.0.1:8080")
    assert ask_for_upgrade(room, door, ours) == 101
    other = upgrade("http://evil.example/chat", Host="127.0.0.1", Origin="http://evil.example")
    assert ask_for_upgrade(room, door, other) == 403


# The log.


@pytest.mark.parametrize(
    ("asked", "line"),
    [
        (
            upgrade(Host="evil.example", Origin="http://evil.example"),
            "refused a WebSocket (403, Host evil.example, Origin http://evil.example): A page of another site",
        ),
        (upgrade(Origin="null"), "refused a WebSocket (403, Host chat.localhost:8080, Origin null): "),
        (upgrade(Upgrade=None), "refused a WebSocket (426, Host chat.localhost:8080): The request has no Upgrade"),
        (upgrade(Sec_WebSocket_Version="8"), "(426, Host chat.localhost:8080): Only version 13"),
        (upgrade(method="POST"), "(405, Host chat.localhost:8080): "),
        (upgrade(version="1.0"), "(400, Host chat.localhost:8080): "),
        (upgrade(Host=None), "(400): That is no WebSocket handshake: it has no Host."),
        (request("/", Host="evil.example"), "refused the page (421, Host evil.example): "),
        (upgrade(Origin="x\x1b[31m\x9b" + "y" * 1000), f", Origin x{'y' * 92}): "),
    ],
)
def test_the_log_says_what_was_refused_and_why(
    room: MemoryRoom, door: WebFactory, journal: Callable[[], list[str]], asked: bytes, line: str
) -> None:
    ask(room, door, asked)
    (written,) = journal()
    assert written.startswith("192.168.1.1 was refused ")
    assert line in written


def test_a_flood_of_refusals_is_one_entry_of_the_log(
    room: MemoryRoom, door: WebFactory, journal: Callable[[], list[str]]
) -> None:
    browser = room.connect(door)
    browser.send(upgrade(Origin="null") * 50)
    room.settle()
    (written,) = journal()
    assert written.endswith("(50 times)")
