"""The terminal for people, by prompt_toolkit: the line that is typed stays below what others say.

No full screen and no second screen: what was shown belongs to the terminal, which scrolls it, searches it and
keeps it. Only the rows of the input line and of the status line are drawn anew. Whatever arrives in one turn of the
reactor is printed at once, so that a burst costs one drawing.

It runs on the reactor that goes by asyncio, since that is what prompt_toolkit reads the keys by.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

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
from chatroom.client.render_context import RenderContext
from chatroom.client.roster import Roster
from chatroom.client.theme import STYLES, Line, Theme
from chatroom.client.unacknowledged import Unacknowledged
from chatroom.model.constants import ENCODING
from chatroom.model.events import Answer, Event, Live, Notice, Refused
from chatroom.model.text import clean

if TYPE_CHECKING:
    from chatroom.client.terminal import Client

MAX_INPUT_ROWS = 8
"""Rows that the input line may take before it scrolls within them."""

NOT_CONNECTED = "Not sent: there is no connection. It stays here until you press Enter again."
NOT_ARRIVED = "What you said last has not arrived: it is in the input line again."


class RichTerminal:
    """What the person sees and types."""

    can_ask = True

    def __init__(self) -> None:
        self._theme = Theme()
        self._roster = Roster()
        self._unacknowledged = Unacknowledged()
        self._context = RenderContext("", "")
        self._unshown: list[Line] = []
        self._complaints: list[str] = []
        self._state = "connecting"
        self._in = False
        self._answer: Callable[[str], None] | None = None
        self._question = ""
        # Whether they were told that nothing is sent, since the connection was lost.
        self._told_to_wait = False
        self._leaving = False
        self._over = False
        self._gone: Deferred[None] = Deferred()

    def start(self, client: Client, reactor: Any) -> None:
        self._client = client
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
            # Where a signal tells of a new size, nobody needs to look for it.
            terminal_size_polling_interval=None if os.name == "posix" else 0.5,
        )
        self._countdown = LoopingCall(self._app.invalidate)
        self._countdown.clock = reactor
        # The terminal is given back before anything else goes, whatever it is that ends us.
        reactor.addSystemEventTrigger("before", "shutdown", self._leave_the_terminal)
        # In a turn of its own: there is no running loop before.
        reactor.callLater(0, self._run)

    def _run(self) -> None:
        if self._over:
            self._finished(None)
            return
        if sys.platform != "win32":
            # Its window was closed.
            asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._client.end)
        running = self._app.run_async(set_exception_handler=False, handle_sigint=False)
        Deferred.fromFuture(asyncio.ensure_future(running)).addBoth(self._finished)

    def _finished(self, result: object) -> None:
        self._over = True
        # Of these two, the terminal itself has gone.
        if isinstance(result, Failure) and not result.check(EOFError, OSError):
            self._client.end(result.getErrorMessage())
        for line in self._unacknowledged.take():
            self._complaints.append(f"this has perhaps not arrived: {line}")
        with suppress(OSError):
            for line in self._complaints:
                print(f"! {clean(line)}", file=sys.stderr, flush=True)
        self._gone.callback(None)
        self._client.ended()

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
        return [("class:status" if self._in else "class:status.warning", " | ".join(parts))]

    def _connection(self) -> str:
        if self._leaving:
            return "leaving"
        if not self._countdown.running:
            return self._state
        left = round(self._try_at - self._reactor.seconds())
        return f"no connection: trying again {f'in {left} s' if left > 0 else 'now'}"

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
        self._unacknowledged.note(thing, context)
        self._print(self._theme.lines(thing, context))
        if isinstance(thing, Live) and context.back and (lines := self._unacknowledged.take()):
            self._print(self._theme.lines(Refused("not-kept", NOT_ARRIVED), context))
            self._put_back(lines)
        self._app.invalidate()

    def _put_back(self, lines: list[str]) -> None:
        self._buffer.text = "\n".join([*lines, self._buffer.text]) if self._buffer.text else "\n".join(lines)
        self._buffer.cursor_position = len(self._buffer.text)

    def complain(self, line: str) -> None:
        # Once the terminal was given back: it is what ends us.
        self._complaints.append(line)

    # The connection to the server.

    def connecting(self) -> None:
        self._say_state("connecting")

    def trying_again(self, where: str, pause: float) -> None:
        if self._state != "lost":
            self._print(self._theme.lines(Notice(f"no connection to {where}: trying again"), self._context))
        self._try_at = self._reactor.seconds() + pause
        self._say_state("lost")
        self._countdown.start(1)

    def entered(self, transport: Any) -> None:
        self._in = True
        self._told_to_wait = False
        self._say_state("connected")

    def lost(self) -> None:
        self._in = False
        self._say_state("lost" if self._state == "lost" else "connecting")

    def _say_state(self, state: str) -> None:
        if self._countdown.running:
            self._countdown.stop()
        self._state = state
        self._app.invalidate()

    # What is typed.

    def ask(self, question: str, answer: Callable[[str], None]) -> None:
        self._question = question
        self._answer = answer
        self._say_state("not in the room yet")

    def _complete(self, line: str) -> Iterable[tuple[str, int]]:
        if self._answer is not None:
            return []
        others = [name for name in self._roster.nicknames() if name != self._context.nickname]
        return complete(line, others, self._roster.rooms())

    def _keys(self) -> KeyBindings:
        keys = KeyBindings()
        empty = Condition(lambda: not self._buffer.text)

        @keys.add(Keys.BracketedPaste)
        def _paste(event: KeyPressEvent) -> None:
            self._paste(event.data)

        @keys.add("c-c", filter=~is_searching)
        def _ctrl_c(event: KeyPressEvent) -> None:
            if self._leaving:
                self._client.end()
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
        self._client.no_more()

    def _accept(self, buffer: Buffer) -> bool:
        """Enter was pressed; whether what was typed stays in the input line."""
        self._shrink()
        lines = [_sendable(line) for line in buffer.text.split("\n")]
        if self._answer is not None:
            answer, self._answer, self._question = self._answer, None, ""
            answer(" ".join(lines))
            return False
        if self._in:
            for line in lines:
                self._send(line)
            return False
        if any(lines) and not self._told_to_wait:
            self._told_to_wait = True
            self._print(self._theme.lines(Refused("not-kept", NOT_CONNECTED), self._context))
        # What is pasted by a terminal that does not say so comes as lines with Enter behind each.
        if lines[-1]:
            buffer.cursor_position = len(buffer.text)
            buffer.insert_text("\n")
        return True

    def _send(self, line: str) -> None:
        if line.strip():
            self._unacknowledged.sent(line)
            self._client.typed(line.encode(ENCODING))

    def _paste(self, text: str) -> None:
        """Each whole line is sent, as if Enter had been pressed; the last waits for that."""
        first, *others = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        self._buffer.insert_text(clean(first))
        for line in others:
            self._buffer.validate_and_handle()
            self._buffer.insert_text(clean(line))

    def _shrink(self) -> None:
        """Have the input line take no more rows than it needs again."""
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
    """``line`` without what has no business in it, and without the halves of characters that keys may stand for."""
    return clean(line).encode(ENCODING, "replace").decode(ENCODING)


class _Completer(Completer):
    """What prompt_toolkit asks."""

    def __init__(self, find: Callable[[str], Iterable[tuple[str, int]]]) -> None:
        self._find = find

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        for text, length in self._find(document.current_line_before_cursor):
            yield Completion(text, -length, display=text.rstrip(" :"))


def _output() -> Output:
    if sys.platform == "win32":
        return create_output()
    output = Vt100_Output.from_pty(sys.stdout, term=os.environ.get("TERM"))
    # Asked where the cursor is, not every terminal answers, and nothing here depends on it.
    output.enable_cpr = False
    return output
