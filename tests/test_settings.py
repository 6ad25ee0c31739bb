"""The settings: each is explained, its default is what its own reader would read, and what is wrong is refused."""

from __future__ import annotations

from dataclasses import Field
from typing import Any

import pytest

from chatroom.model.settings import (
    NO_HISTORY,
    PRIVATE_NETWORKS,
    Settings,
    above_zero,
    durability,
    host_name,
    hosts,
    networks,
    number,
    proxies,
    settings_table,
    whole,
)
from chatroom.server.options import Options


@pytest.mark.parametrize("setting", settings_table(), ids=lambda setting: setting.name)
def test_every_setting_is_explained_and_has_a_default_that_could_have_been_given(setting: Field[Any]) -> None:
    parse, unit, explanation = (setting.metadata[key] for key in ("parse", "unit", "explanation"))

    assert parse(str(setting.default)) == setting.default
    assert unit.isupper() or isinstance(setting.default, bool)
    assert explanation
    assert not explanation.endswith(".")
    assert parse.__doc__


def test_the_defaults_are_those_that_were_promised() -> None:
    settings = Settings()

    assert (settings.history, settings.durability, settings.keep, settings.keep_events) == (NO_HISTORY, "power", 0, 0)
    assert (settings.sendq, settings.rate, settings.burst) == (4 * 1024 * 1024, 10, 100)
    assert (settings.replay, settings.max_line, settings.handshake_timeout) == (20, 4096, 30)
    assert settings.exempt == PRIVATE_NETWORKS


@pytest.mark.parametrize(
    ("parse", "text", "value"),
    [
        (whole, "0", 0),
        (whole, "12", 12),
        (above_zero, "1", 1),
        (number, "0", 0.0),
        (number, "0.5", 0.5),
        (durability, "power", "power"),
        (durability, "process", "process"),
        (networks, "", ""),
        (networks, "10.0.0.0/8,::1", "10.0.0.0/8,::1"),
        (networks, PRIVATE_NETWORKS, PRIVATE_NETWORKS),
        (proxies, "", ""),
        (proxies, "192.0.2.7,fd00:1::/64,unix", "192.0.2.7,fd00:1::/64,unix"),
        (host_name, "chat.example.org", "chat.example.org"),
        (host_name, "Chat-1.localhost", "Chat-1.localhost"),
        (host_name, "a.b", "a.b"),
        (host_name, "127.0.0.1", "127.0.0.1"),
        (host_name, f"{'a' * 59}.org", f"{'a' * 59}.org"),
    ],
)
def test_what_is_right_is_read(parse: Any, text: str, value: object) -> None:
    assert parse(text) == value


@pytest.mark.parametrize(
    ("parse", "text"),
    [
        *[(whole, text) for text in ("-1", "1.5", "many", "")],
        *[(above_zero, text) for text in ("0", "-1", "1.5", "")],
        *[(number, text) for text in ("-0.1", "nan", "inf", "-inf", "ten", "")],
        *[(durability, text) for text in ("", "Power", "none")],
        *[(networks, text) for text in ("here", "10.0.0.1/8", "10.0.0.0/33", "::1/129", "10.0.0.0/8;::1")],
        *[(proxies, text) for text in ("proxy.lan", "10.0.0.1/8", "unix:/run/chatroom", "192.0.2.7 unix", "Unix")],
        *[(host_name, text) for text in ("", "chat", ".", "chat.", ".org", "a..b", "-a.b", "a-.b", "a.b-", "a_b.c")],
        *[
            (host_name, text)
            for text in ("a b.c", "a.b\n", "a.b\r\n:x", "cafe\u0301.org", "caf\u00e9.org", "::1", ":a.b")
        ],
        (host_name, f"{'a' * 60}.org"),
    ],
)
def test_what_is_wrong_is_refused(parse: Any, text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the reasons are Python's own
        parse(text)


@pytest.mark.parametrize("text", ["", "chat.example.org", "desk,my_desk,b\u00fccher.example,", "192.0.2.1"])
def test_hosts_are_names_with_commas_between_them(text: str) -> None:
    assert hosts(text) == text


@pytest.mark.parametrize(
    "text", ["http://a", "a:80", "[::1]", "a b", "-a.example", ".a", "a..b", "*", "a/b", "x" * 64, "a\n"]
)
def test_what_is_no_name_of_a_host_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is none: leave out http:// and the port"):
        hosts(f"chat.lan,{text}")


@pytest.mark.parametrize(
    ("host", "names"), [("chat.lan", "www.lan,chat.lan"), ("0.0.0.0", "www.lan"), ("::", "www.lan")]
)
def test_a_name_that_the_server_listens_at_is_one_of_its_names(host: str, names: str) -> None:
    options = Options()
    options.parseOptions(["--port", "0", "--host", host, "--web-hosts", "www.lan"])

    assert options.settings.web_hosts == names
