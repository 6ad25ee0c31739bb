"""The rich terminal, for people, by prompt_toolkit: the typed message stays below those of others.

There is no full screen and no second screen: shown messages belong to the terminal, which scrolls, searches and keeps
them. Only the rows of the input line and of the status line are drawn anew. Events that arrive in one turn of the
reactor are printed together, so that a burst costs one drawing.

The input line holds one message, perhaps of several lines, or a command; Enter sends it. Line ends that are pasted are
part of the message. A message that cannot be sent stays in the input line.

This terminal needs the reactor that runs on asyncio, since prompt_toolkit reads the keys by asyncio.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from enum import Enum
from typing import Any

from prompt_toolkit.application import Application
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.filters import Condition, is_searching
from prompt_toolkit.formatted_text import FormattedText
from prompt_toolkit.history import InMemoryHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.keys import Keys
from prompt_toolkit.layout import BufferControl, Dimension, FormattedTextControl, HSplit, Layout, VerticalAlign, Window
from prompt_toolkit.layout.processors import BeforeInput
from prompt_toolkit.output import ColorDepth, Output, create_output
from prompt_toolkit.output.vt100 import Vt100_Output
from prompt_toolkit.renderer import print_formatted_text
from prompt_toolkit.styles import Style
from prompt_toolkit.widgets import CompletionsToolbar, SearchToolbar
from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall
from twisted.python.failure import Failure

from chatroom.client.completion import complete
from chatroom.client.errors import NotConnected
from chatroom.client.render_context import RenderContext
from chatroom.client.roster import Roster
from chatroom.client.terminal import Speaker, is_command, spoken
from chatroom.client.theme import STYLES, Line, Theme
from chatroom.model.answers import Answer, CommandHelp, Notice, Refused, Welcome
from chatroom.model.constants import ENCODING
from chatroom.model.errors import ChatError
from chatroom.model.events import Event
from chatroom.model.text import clean, clean_lines

MAX_INPUT_ROWS = 8
"""Rows that the input line may take before it scrolls within them."""


class Link(Enum):
    """The state of the connection to the server, as the status line says it."""

    CONNECTING = "connecting"
    ASKED = "not in the room yet"
    """The person is asked for another nickname."""
    IN = "connected"
    LOST = "no connection"
    """There is none, and the next is tried in a while."""


class RichTerminal:
    """The person's screen and keyboard."""

    can_ask = True

    def __init__(self) -> None:
        self._theme = Theme()
        self._roster = Roster()
        self._commands: Sequence[CommandHelp] = ()
        self._context = RenderContext("", "")
        self._unshown: list[Line] = []
        self._complaints: list[str] = []
        self._link = Link.CONNECTING
        # When the next connection is tried, by the reactor's clock.
        self._try_at = 0.0
        self._answer: Callable[[str], None] | None = None
        self._question = ""
        # The content of the input line while a question takes its place.
        self._put_aside = Document()
        # Whether the person was told, since the connection was lost, that nothing is sent.
        self._told_to_wait = False
        self._leaving = False
        self._over = False
        self._gone: Deferred[None] = Deferred()

    def start(self, speaker: Speaker, reactor: Any) -> None:
        self._speaker = speaker
        self._reactor = reactor
        self._buffer = Buffer(
            completer=_Completer(self._complete),
            history=InMemoryHistory(),
            multiline=False,
            accept_handler=self._accept,
        )
        self._style = Style.from_dict(dict(STYLES))
        self._app: Application[None] = Application(
            layout=self._layout(),
            key_bindings=self._keys(),
            style=self._style,
            output=_output(),
            color_depth=ColorDepth.DEPTH_1_BIT if os.environ.get("NO_COLOR") else None,
            erase_when_done=True,
            # Elsewhere, a signal tells of a new size.
            terminal_size_polling_interval=None if os.name == "posix" else 0.5,
        )
        self._countdown = LoopingCall(self._app.invalidate)
        self._countdown.clock = reactor
        # However the program ends, the terminal is given back first.
        reactor.addSystemEventTrigger("before", "shutdown", self._leave_the_terminal)
        # In a turn of its own: the loop does not run before.
        reactor.callLater(0, self._run)

    def _run(self) -> None:
        if self._over:
            self._finished(None)
            return
        if sys.platform != "win32":
            # The signal says that the window was closed.
            asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._speaker.end)
        running = self._app.run_async(set_exception_handler=False, handle_sigint=False)
        Deferred.fromFuture(asyncio.ensure_future(running)).addBoth(self._finished)

    def _finished(self, result: object) -> None:
        self._over = True
        # Of these two errors, the cause is a terminal that has gone.
        if isinstance(result, Failure) and not result.check(EOFError, OSError):
            self._speaker.end(result.getErrorMessage())
        with suppress(OSError):
            for line in self._complaints:
                print(f"! {clean(line)}", file=sys.stderr, flush=True)
        self._gone.callback(None)
        self._speaker.ended()

    def _leave_the_terminal(self) -> Deferred[None]:
        self.close()
        return self._gone

    # What is drawn.

    def _layout(self) -> Layout:
        search = SearchToolbar()
        line = BufferControl(
            self._buffer,
            search_buffer_control=search.control,
            preview_search=True,
            input_processors=[BeforeInput(self._prompt, style="class:prompt")],
        )
        window = Window(line, height=Dimension(min=1, max=MAX_INPUT_ROWS), wrap_lines=True, dont_extend_height=True)
        status = Window(FormattedTextControl(lambda: FormattedText(self._status())), height=1, dont_extend_height=True)
        return Layout(HSplit([window, search, CompletionsToolbar(), status], align=VerticalAlign.TOP), window)

    def _prompt(self) -> str:
        return self._question or "> "

    def _status(self) -> Line:
        parts = []
        if self._context.room:
            room = clean(self._context.room)
            others = self._roster.others(room)
            parts = [room + (f" +{others}" if others else "")]
            if size := self._roster.size(room):
                parts.append(f"{size} here")
        parts.append(self._connection())
        if self._link is not Link.IN and (waiting := self._speaker.unacknowledged):
            parts.append(f"{waiting} to be sent again")
        return [("class:status" if self._link is Link.IN else "class:status.warning", " | ".join(parts))]

    def _connection(self) -> str:
        if self._leaving:
            return "leaving"
        state: str = self._link.value
        if self._link is not Link.LOST:
            return state
        left = round(self._try_at - self._reactor.seconds())
        return f"{state}: trying again {f'in {left} s' if left > 0 else 'now'}"

    def _print(self, lines: Iterable[Line]) -> None:
        """Print whole lines above the input line, in the next turn."""
        if not self._unshown:
            self._reactor.callLater(0, self._print_now)
        self._unshown.extend(lines)

    def _print_now(self) -> None:
        lines, self._unshown = self._unshown, []
        if not lines:
            return
        drawn = self._app.is_running
        if drawn:
            self._app.renderer.erase()
        pieces = FormattedText([piece for line in lines for piece in (*line, ("", "\n"))])
        print_formatted_text(self._app.output, pieces, self._style, None, self._app.color_depth)
        if drawn:
            self._app.invalidate()

    def show(self, thing: Event | Answer, context: RenderContext) -> None:
        self._context = context
        self._roster.note(thing, context)
        if isinstance(thing, Welcome):
            self._commands = thing.commands
        self._print(self._theme.lines(thing, context))
        self._app.invalidate()

    def complain(self, line: str) -> None:
        # Errors are written once the terminal is given back.
        self._complaints.append(line)

    # The connection to the server.

    def connecting(self) -> None:
        self._set_link(Link.CONNECTING)

    def trying_again(self, where: str, pause: float) -> None:
        if self._link is not Link.LOST:
            self._print(self._theme.lines(Notice(f"no connection to {where}: trying again"), self._context))
        self._try_at = self._reactor.seconds() + pause
        self._set_link(Link.LOST)

    def entered(self, transport: Any) -> None:
        self._told_to_wait = False
        self._set_link(Link.IN)

    def lost(self) -> None:
        self._end_question()
        self._set_link(Link.CONNECTING)

    def _set_link(self, link: Link) -> None:
        if link is Link.LOST and not self._countdown.running:
            self._countdown.start(1)
        elif link is not Link.LOST and self._countdown.running:
            self._countdown.stop()
        self._link = link
        self._app.invalidate()

    # What is typed.

    def ask(self, question: str, answer: Callable[[str], None]) -> None:
        if self._answer is None:
            self._put_aside = self._buffer.document
            self._buffer.reset()
        self._question = question
        self._answer = answer
        self._set_link(Link.ASKED)

    def _end_question(self) -> None:
        """Withdraw the question, and restore the input line."""
        if self._answer is not None:
            self._answer, self._question = None, ""
            self._buffer.document = self._put_aside

    def answered(self) -> None:
        self._app.invalidate()

    def unsaid(self) -> Sequence[str]:
        return ()

    def _complete(self, line: str) -> Iterable[tuple[str, int]]:
        if self._answer is not None:
            return []
        others = [name for name in self._roster.nicknames() if name != self._context.nickname]
        return complete(line, others, self._roster.rooms(), self._commands)

    def _keys(self) -> KeyBindings:
        keys = KeyBindings()
        empty = Condition(lambda: not self._buffer.text)

        @keys.add(Keys.BracketedPaste)
        def _paste(event: KeyPressEvent) -> None:
            self._paste(event.data)

        @keys.add(Keys.Escape, Keys.Enter, filter=~is_searching)
        def _alt_enter(event: KeyPressEvent) -> None:
            self._buffer.insert_text("\n")

        @keys.add("c-c", filter=~is_searching)
        def _ctrl_c(event: KeyPressEvent) -> None:
            if self._leaving:
                self._speaker.end()
            elif self._buffer.text:
                self._buffer.reset()
                self._shrink()
            else:
                self._leave()

        @keys.add("c-d", filter=empty)
        def _ctrl_d(event: KeyPressEvent) -> None:
            self._leave()

        @keys.add("c-z")
        def _ctrl_z(event: KeyPressEvent) -> None:
            event.app.suspend_to_background()

        return keys

    def _leave(self) -> None:
        self._leaving = True
        self._app.invalidate()
        if self._link is Link.IN:
            self._speaker.no_more()
        else:
            self._speaker.end()

    def _accept(self, buffer: Buffer) -> bool:
        """Send the content of the input line, since Enter was pressed; whether it stays there."""
        self._shrink()
        text = "\n".join(_sendable(line) for line in buffer.text.rstrip("\n").split("\n"))
        if (answer := self._answer) is not None:
            self._end_question()
            answer(text.replace("\n", " "))
            # The message from before the question stands in place of the answer.
            return True
        if not clean_lines(text).strip():
            return False
        try:
            if is_command(text):
                self._speaker.do(text)
            else:
                self._speaker.say(spoken(text))
        except NotConnected as error:
            if not self._told_to_wait:
                self._told_to_wait = True
                self._refuse(error)
            # A paste without bracketed paste comes as lines with Enter behind each.
            if not buffer.text.endswith("\n"):
                buffer.cursor_position = len(buffer.text)
                buffer.insert_text("\n")
            return True
        except ChatError as error:
            self._refuse(error)
            return True
        return False

    def _refuse(self, error: ChatError) -> None:
        self._print(self._theme.lines(Refused(error.code, str(error)), self._context))

    def _paste(self, text: str) -> None:
        """Insert pasted text into the input line, where it waits for Enter."""
        lines = text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n").split("\n")
        self._buffer.insert_text("\n".join(map(clean, lines)))

    def _shrink(self) -> None:
        """Have the input line take no more rows than it needs."""
        self._app.renderer.erase()
        self._app.invalidate()

    # The end.

    def close(self) -> None:
        self._over = True
        with suppress(OSError):
            self._print_now()
        if self._app.is_running and not self._app.is_done:
            self._app.exit()


def _sendable(line: str) -> str:
    """``line`` without control characters, and without halves of characters, which some keys stand for."""
    return clean(line).encode(ENCODING, "replace").decode(ENCODING)


class _Completer(Completer):
    """The completions, as prompt_toolkit asks for them."""

    def __init__(self, find: Callable[[str], Iterable[tuple[str, int]]]) -> None:
        self._find = find

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        for text, length in self._find(document.current_line_before_cursor):
            yield Completion(text, -length, display=text.rstrip(" :"))


def _output() -> Output:
    if sys.platform == "win32":
        return create_output()
    output = Vt100_Output.from_pty(sys.stdout, term=os.environ.get("TERM"))
    # Not every terminal answers the question where the cursor is, and nothing here depends on it.
    output.enable_cpr = False
    return output
