"""The interface between a terminal, where a person reads and types, and the conversation behind it.

There are two terminals, :mod:`~chatroom.client.plain` for pipes and :mod:`~chatroom.client.rich` for people. Each knows
its :class:`Speaker` alone, which is the :class:`~chatroom.client.conversation.Conversation`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from chatroom.client.render_context import RenderContext
from chatroom.model.answers import Answer
from chatroom.model.events import Event


class Speaker(Protocol):
    """The other side of a terminal: it is told of typed messages and commands, and of the end."""

    @property
    def unacknowledged(self) -> int:
        """The number of requests that the server has yet to answer."""

    def say(self, text: str, room: str = "") -> None:
        """Say one message, perhaps of several lines.

        :param room: empty for the one that the person speaks in.
        :raises ChatError: the message was not sent, and stays with the terminal.
        """

    def do(self, command: str) -> None:
        """Give one command, which is one line.

        :raises ChatError: the command was not sent, and stays with the terminal.
        """

    def look_up(self, command: str) -> bool:
        """Give a command whose answer goes to ``looked_up`` and not to the person; whether there is a connection."""

    def not_said(self, line: str, why: str) -> None:
        """Take notice of a line of the input that will not be said."""

    def no_more(self) -> None:
        """Leave once every request is answered: nothing more will be typed."""

    def end(self, error: str = "") -> None:
        """End now, perhaps because of an ``error``."""

    def ended(self) -> None:
        """Take notice that the terminal is given back, or gone."""


class Terminal(Protocol):
    """A place where a person, or a program on a pipe, reads and types."""

    can_ask: bool
    """Whether a person is there who could answer a question."""

    def start(self, speaker: Speaker, reactor: Any) -> None:
        """Begin to show things, and to tell ``speaker`` of input while there is a connection."""

    def show(self, thing: Event | Answer, context: RenderContext) -> None:
        """Show an event or an answer, without anything that a terminal would act on."""

    def looked_up(self, answer: Event | Answer) -> None:
        """Take in the answer to a command of :meth:`Speaker.look_up`; nobody is to see it."""

    def complain(self, line: str) -> None:
        """Write an error to standard error."""

    def connecting(self) -> None:
        """Take notice of a connection by which we are not in yet."""

    def trying_again(self, where: str, pause: float) -> None:
        """Take notice that the next connection is tried in ``pause`` seconds."""

    def entered(self, transport: Any) -> None:
        """Take input: the server has let us in by this connection."""

    def lost(self) -> None:
        """Take no input, and withdraw a question: the connection is lost."""

    def answered(self) -> None:
        """Take notice that a request was answered, so that there is room for another."""

    def ask(self, question: str, answer: Callable[[str], None]) -> None:
        """Have ``answer`` called with the next line."""

    def unsaid(self) -> Sequence[str]:
        """Lines of the input that were read and not handed on."""

    def left_unread(self) -> bool:
        """Whether input of a pipe waits that was not read; for the end, since looking may take some of it."""

    def close(self) -> None:
        """Show everything, give the terminal back, and tell the speaker so."""


def is_command(text: str) -> bool:
    """Whether typed text is a command: one line that starts with ``/``, and not with ``//``."""
    return text.startswith("/") and not text.startswith("//") and "\n" not in text


def spoken(text: str) -> str:
    """The message in typed text that is no command: ``//`` stands for a ``/`` at the beginning of one line."""
    return text.removeprefix("/") if text.startswith("//") and "\n" not in text else text
