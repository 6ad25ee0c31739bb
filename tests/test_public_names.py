"""The names that others build on, each explained."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import chatroom
from chatroom import testing


def test_the_public_names_are_these() -> None:
    assert chatroom.__all__ == [
        "ENCODING",
        "HOST_NAME",
        "MAGIC",
        "PORT",
        "ChatClientFactory",
        "ChatClientProtocol",
        "ChatFactory",
        "ChatProtocol",
        "__version__",
    ]
    assert all(hasattr(chatroom, name) for name in chatroom.__all__)


def test_the_constants_are_what_was_agreed() -> None:
    agreed = ("NICK", "utf-8", "127.0.0.1", 55555)

    assert agreed == (chatroom.MAGIC, chatroom.ENCODING, chatroom.HOST_NAME, chatroom.PORT)


def test_a_bot_may_override_and_call_these() -> None:
    promised = {
        *("entered", "said", "acted", "told", "joined", "left", "renamed", "topic_changed", "noticed", "refused"),
        *("nickname_wanted", "received", "say", "do", "acknowledged", "invited", "reset", "give_nickname"),
        *("nickname", "member", "live", "limits", "commands"),
    }

    assert promised <= set(vars(chatroom.ChatClientProtocol))


def explained() -> Iterator[tuple[str, Any]]:
    """Every class and function of the public surface, and every method that is ours."""
    classes = [getattr(chatroom, name) for name in chatroom.__all__] + [testing.MemoryRoom, testing.Person]
    for class_ in classes:
        if not inspect.isclass(class_):
            continue
        yield class_.__name__, class_
        for name, member in vars(class_).items():
            function: Callable[..., Any] | None = member.fget if isinstance(member, property) else member
            # What Twisted calls is explained by Twisted's interfaces.
            if inspect.isfunction(function) and not name.startswith("_") and name.islower():
                yield f"{class_.__name__}.{name}", function


EXPLAINED = list(explained())


@pytest.mark.parametrize(("name", "thing"), EXPLAINED, ids=[name for name, _ in EXPLAINED])
def test_everything_public_is_explained(name: str, thing: Any) -> None:
    # Not by inspect.getdoc(), which would take a parent's.
    assert thing.__doc__, f"{name} has no docstring"
